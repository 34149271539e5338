/* SPDX-License-Identifier: MIT */
/* What is organized of a year? */
#include <stdio.h>
#include <stdlib.h>

#include <alice/library.h>

typedef struct wanted {
    unsigned year, found;
} wanted;

static bool on_file(void *ctx, const alice_library_file *file)
{
    wanted *w = (wanted *)ctx;
    if (file->day / 10000 == w->year) {
        printf("%s\n", file->path);
        w->found++;
    }
    return true;
}

int main(int argc, char **argv)
{
    alice_organizer_options o = {.organized = argc > 1 ? argv[1] : NULL};
    wanted w = {.year = argc > 2 ? (unsigned)atoi(argv[2]) : 0};
    alice_error error;
    if (argc < 3) {
        fprintf(stderr, "usage: year ORGANIZED YEAR\n");
        return 2;
    }
    o.config.max_memory_mb = 32;
    if (alice_library(&o, true, on_file, &w, &error) != ALICE_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    printf("%u of %u\n", w.found, w.year);
    return 0;
}
