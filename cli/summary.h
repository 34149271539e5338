/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_SUMMARY_H
#define ALICE_CLI_SUMMARY_H

/* What a run did, for people: the photos first, then what needs a look, time and memory last.
 */

#include <stdio.h>

#include <alice/organize.h>

enum {
    SUMMARY_FIRST_YEAR = 1900,
    SUMMARY_YEARS = 256,
    SUMMARY_EXTENSIONS = 16 /* of what is not media; the rest is counted together */
};

/* What files add up to that the result does not count. */
typedef struct cli_tally {
    uint64_t generated; /* of the organized: by an AI generator */
    uint64_t not_media; /* also those that were known as such */
    uint64_t known;     /* media that an earlier run knows */
    uint64_t other_extensions;
    size_t extension_count;
    struct {
        char name[12]; /* ".txt", or "without" */
        uint64_t count;
    } extensions[SUMMARY_EXTENSIONS];
    uint64_t days; /* that organized files are of */
    alice_date first, last;
    uint8_t day_seen[SUMMARY_YEARS * 372 / 8]; /* a bit a day, months of 31 */
} cli_tally;

void tally_add(cli_tally *t, const alice_file_report *f);

typedef struct cli_summary {
    const cli_tally *tally;
    const alice_organizer *organizer;
    const alice_organize_result *result;
    const char *organized; /* the folder */
    const char *undated;   /* where what has no date is, in words */
    const char *report;    /* its path; NULL: none was kept */
    bool dry_run, archives, move, verbose;
    bool remove; /* duplicates */
} cli_summary;

/* Within `width` columns, but for paths, which are never broken. */
void summary_print(const cli_summary *s, FILE *to, int width);

#endif
