/* SPDX-License-Identifier: MIT */
/* Which pictures below some folders look alike, in 128 MB whatever their number. */
#include <stdio.h>

#include <alice/similar.h>

static void on_file(void *ctx, const alice_similar_file *file)
{
    (void)ctx;
    printf("%s %u x %u %s\n", file->first ? "keep" : "like", file->width, file->height,
           file->path);
}

static void on_unread(void *ctx, const alice_unread_file *file)
{
    (void)ctx;
    fprintf(stderr, "%s: %s\n", file->path, file->why);
}

int main(int argc, char **argv)
{
    const alice_keep_rule keep[] = {{ALICE_KEEP_FORMAT, "raw>heic>jpeg"},
                                    {ALICE_KEEP_LARGEST, NULL}};
    alice_similar_options o = {.keep = keep, .keep_count = 2};
    alice_similar_result found;
    alice_error error;
    if (argc < 2) {
        fprintf(stderr, "usage: similar FOLDER...\n");
        return 2;
    }
    o.config.max_memory_mb = 128;
    o.paths = (const char *const *)(argv + 1);
    o.path_count = (size_t)argc - 1;
    o.on_file = on_file;
    o.on_unread = on_unread;
    if (alice_similar(&o, &found, &error) != ALICE_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    printf("%d of %d pictures look like another\n", (int)found.similar, (int)found.pictures);
    return found.unread ? 1 : 0;
}
