/* SPDX-License-Identifier: MIT */
/* Which files below some folders have the same bytes, in 32 MB whatever their number. */
#include <stdio.h>

#include <alice/duplicates.h>

static void on_file(void *ctx, const alice_same_file *file)
{
    (void)ctx;
    printf("%s %s\n", file->first ? "keep" : file->link ? "link" : "same", file->path);
}

static void on_unread(void *ctx, const alice_unread_file *file)
{
    (void)ctx;
    fprintf(stderr, "%s: %s\n", file->path, file->why);
}

int main(int argc, char **argv)
{
    const alice_keep_rule keep[] = {{ALICE_KEEP_SHORTEST, NULL}, {ALICE_KEEP_OLDEST, NULL}};
    alice_duplicates_options o = {.keep = keep, .keep_count = 2};
    alice_duplicates_result found;
    alice_error error;
    if (argc < 2) {
        fprintf(stderr, "usage: duplicates FOLDER...\n");
        return 2;
    }
    o.config.max_memory_mb = 32;
    o.paths = (const char *const *)(argv + 1);
    o.path_count = (size_t)argc - 1;
    o.on_file = on_file;
    o.on_unread = on_unread;
    if (alice_duplicates(&o, &found, &error) != ALICE_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    printf("%d of %d files are superfluous\n", (int)found.duplicates, (int)found.files);
    return found.unread ? 1 : 0;
}
