/* SPDX-License-Identifier: MIT */
/* Organize a folder of pictures below a ceiling of memory: what would be done, then the work.
 */
#include <stdio.h>

#include <alice/organize.h>

static void on_file(void *ctx, const alice_file_report *file)
{
    (void)ctx;
    printf("%s: %s\n", file->source_path, alice_outcome_name(file->outcome));
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: organizer INBOX ORGANIZED\n");
        return argc == 1 ? 0 : 2;
    }
    for (int dry_run = 1; dry_run >= 0; dry_run--) {
        alice_organizer_options o = {.inbox = argv[1], .organized = argv[2]};
        alice_organizer *organizer = NULL;
        alice_organize_result result;
        alice_error error = {.text = ""};
        o.dry_run = dry_run;
        o.config.max_memory_mb = 64;
        o.on_file = on_file;
        alice_status st = alice_organizer_open(&organizer, &o, &error);
        if (st == ALICE_OK)
            st = alice_organizer_organize(organizer, &result, &error);
        alice_organizer_close(&organizer);
        if (st != ALICE_OK) {
            fprintf(stderr, "%s\n", error.text);
            return 1;
        }
        printf("%d organized, %d duplicates, %d errors%s\n", (int)result.tally.organized,
               (int)result.tally.duplicates, (int)result.tally.errors,
               dry_run ? " (dry run)" : "");
    }
    return 0;
}
