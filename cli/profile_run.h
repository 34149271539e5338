/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_PROFILE_RUN_H
#define ALICE_CLI_PROFILE_RUN_H

/* What `alice memory profile` learned: filled by its run, printed as text, JSON or a page. */

#include <stdio.h>

#include <alice/organize.h>
#include <alice/profile.h>

#include "samples.h"

typedef struct profile_run {
    const char *path;
    size_t top; /* how many sites are shown */
    alice_organize_result result;
    cli_samples samples;
    cli_status at_peak;            /* when the most memory was in use, */
    uint32_t peak_ms;              /* that was */
    cli_status end;                /* after the run, nothing closed yet */
    alice_profile_snapshot *live;  /* at the peak, sorted by live bytes */
    alice_profile_snapshot *total; /* at the end, sorted by bytes in all */
    alice_profile_stats stats;
} profile_run;

/* "mem/cache.c": a site's file as people look for it. Static text, or that of the row. */
const char *profile_file(const alice_profile_row *row);
/* "function", or what else is known of it, into buf; answers buf. */
const char *profile_function(const alice_profile_row *row, char *buf, size_t size);
/* The share of the caches' lookups that found something. */
double profile_hit_rate(const cli_status *s);

/* How each page begins: it is known again by that. */
#define PROFILE_PAGE_BEGINS                              \
    "<!DOCTYPE html>\n"                                  \
    "<html lang=\"en\"><head><meta charset=\"utf-8\">\n" \
    "<meta name=\"generator\" content=\"alice memory profile\">\n"

/* One page in HTML that needs nothing besides; false: writing failed. */
bool profile_page(FILE *to, const profile_run *run);

/* ---- the page's charts, see page_charts.c ---- */

void page_text(FILE *to, const char *text);
/* "12.3 MB" */
void page_bytes(FILE *to, double bytes);
void page_resident(FILE *to, const profile_run *run);
void page_batches(FILE *to, const profile_run *run);
void page_accounts(FILE *to, const profile_run *run);
void page_caches(FILE *to, const profile_run *run);
/* The sites of a snapshot, by folder, file and function; `live`: by live bytes, else by all. */
void page_sites(FILE *to, const alice_profile_snapshot *snapshot, bool live);

#endif
