/* SPDX-License-Identifier: MIT */
/* Is every organized file what it was? */
#include <stdio.h>

#include <alice/verify.h>

static void on_file(void *ctx, const alice_verified_file *file)
{
    (void)ctx;
    if (file->verdict >= ALICE_VERDICT_CHANGED)
        printf("%s %s\n", alice_verdict_name(file->verdict), file->path);
}

int main(int argc, char **argv)
{
    alice_organizer_options library = {.config = {.max_memory_mb = 32}};
    alice_verify_options o = {.organizer = &library, .sample_percent = 100};
    alice_verify_result found;
    alice_error error;
    if (argc < 2) {
        fprintf(stderr, "usage: verify ORGANIZED\n");
        return 2;
    }
    library.organized = argv[1];
    o.on_file = on_file;
    if (alice_verify(&o, &found, &error) != ALICE_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    printf("%d sound, %d missing, %d damaged\n", (int)found.by[ALICE_VERDICT_SOUND],
           (int)found.by[ALICE_VERDICT_MISSING], (int)found.by[ALICE_VERDICT_DAMAGED]);
    return found.by[ALICE_VERDICT_MISSING] || found.by[ALICE_VERDICT_DAMAGED] ? 1 : 0;
}
