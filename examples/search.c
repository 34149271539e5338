/* SPDX-License-Identifier: MIT */
/* The latest pictures of some words, at once however many are organized. */
#include <stdio.h>

#include <alice/search.h>

static bool on_file(void *ctx, uint64_t id, const alice_library_file *file)
{
    (void)ctx;
    (void)id;
    printf("%08u %s\n", (unsigned)file->day, file->path);
    return true;
}

int main(int argc, char **argv)
{
    alice_search_options o = {.organized = argc > 1 ? argv[1] : NULL};
    alice_search_query query = {.newest_first = true};
    alice_search *search = NULL;
    alice_error error;
    uint64_t all = 0;
    int failed = 1;
    if (argc < 3) {
        fprintf(stderr, "usage: search ORGANIZED WORD...\n");
        return 2;
    }
    o.config.max_memory_mb = 32;
    query.words = (const char *const *)(argv + 2);
    query.word_count = (size_t)argc - 2;
    if (alice_search_open(&search, &o, &error) == ALICE_OK &&
        alice_search_count(search, &query, &all, &error) == ALICE_OK &&
        alice_search_each(search, &query, 0, 10, on_file, NULL, &error) == ALICE_OK) {
        printf("%u in all\n", (unsigned)all);
        failed = 0;
    } else {
        fprintf(stderr, "%s\n", error.text);
    }
    alice_search_close(&search);
    return failed;
}
