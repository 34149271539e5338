/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target's corpus as a test: every file of the folder given, whole,
 * cut at many lengths, and with bytes changed; always the same ones.
 *
 *     replay_png fuzz/corpus/png [--more N]
 *
 * N multiplies the changes (1). A folder without files is a failure.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILES_MOST = 4096,
    SIZE_MOST = 1024 * 1024,
    EVERY_CUT = 1024,
    CUTS = 256,
    CHANGES = 200
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* xorshift: the same sequence everywhere. */
static uint32_t roll(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

static void change(uint8_t *p, size_t n, uint32_t *state)
{
    static const uint8_t odd[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0xfe};
    unsigned times = 1 + roll(state) % 4;
    for (unsigned i = 0; i < times; i++) {
        size_t at = roll(state) % n;
        if (roll(state) % 2)
            p[at] = (uint8_t)(p[at] ^ 1u << roll(state) % 8);
        else
            p[at] = odd[roll(state) % sizeof odd];
    }
}

static unsigned run(const uint8_t *seed, size_t n, unsigned more)
{
    unsigned runs = 0;
    (void)LLVMFuzzerTestOneInput(seed, n);
    size_t step = n <= EVERY_CUT ? 1 : n / CUTS;
    for (size_t cut = 0; cut < n; cut += step, runs++)
        (void)LLVMFuzzerTestOneInput(seed, cut);
    uint8_t *copy = malloc(n ? n : 1);
    FUZZ_CHECK(copy != NULL);
    uint32_t state = 0x9e3779b9;
    for (unsigned i = 0; n > 0 && i < CHANGES * more; i++, runs++) {
        memcpy(copy, seed, n);
        change(copy, n, &state);
        (void)LLVMFuzzerTestOneInput(copy, n);
    }
    free(copy);
    return runs + 1;
}

static unsigned run_file(const char *folder, const char *name, unsigned more)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc(SIZE_MOST);
    FUZZ_CHECK(f != NULL && bytes != NULL);
    size_t n = fread(bytes, 1, SIZE_MOST, f);
    fclose(f);
    unsigned runs = run(bytes, n, more);
    free(bytes);
    return runs;
}

int main(int argc, char **argv)
{
    static char *names[FILES_MOST];
    size_t n = 0;
    unsigned runs = 0;
    unsigned more = argc > 3 && strcmp(argv[2], "--more") == 0 ? (unsigned)atoi(argv[3]) : 1;
    DIR *folder = argc > 1 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "usage: %s FOLDER [--more N]\n", argv[0]);
        return 2;
    }
    for (struct dirent *e; n < FILES_MOST && (e = readdir(folder));)
        if (e->d_name[0] != '.')
            names[n++] = strdup(e->d_name);
    closedir(folder);
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        runs += run_file(argv[1], names[i], more);
        free(names[i]);
    }
    printf("%zu files, %u runs\n", n, runs);
    return n > 0 ? 0 : 1;
}
