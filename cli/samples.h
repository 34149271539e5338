/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_SAMPLES_H
#define ALICE_CLI_SAMPLES_H

/*
 * A run's memory over time, in a fixed amount of memory: when the room is full,
 * of each two neighbours the one with the higher resident memory stays, and from
 * then on samples are taken half as often. So a run of any length fits, and its
 * highest point is never lost.
 */

#include <alice/organize.h>

enum { SAMPLES_MAX = 512, SAMPLES_ACCOUNTS = 12 };

typedef struct cli_sample {
    uint32_t ms; /* since the beginning */
    uint32_t resident_kb;
    uint32_t batch;
    uint32_t cache_kb;                     /* all caches */
    uint32_t account_kb[SAMPLES_ACCOUNTS]; /* by the index of cli_samples.account */
    float hit_rate;                        /* all caches, so far */
} cli_sample;

typedef struct cli_samples {
    cli_sample *at;
    size_t count;
    char account[SAMPLES_ACCOUNTS][32]; /* those directly below the root */
    size_t account_count;
    uint64_t began_ns, next_ns, interval_ns;
} cli_samples;

/* 40 KB. False: there is no memory for it. */
bool samples_open(cli_samples *s);
void samples_close(cli_samples *s);

/* Whether it is time for another: costs a look at the clock. */
bool samples_due(const cli_samples *s);

/* An organizer at a moment. */
typedef struct cli_status {
    alice_run_status run;
    alice_memory_status memory;
} cli_status;

/* False: it cannot be told. */
bool status_get(cli_status *s, const alice_organizer *organizer);

/* Take one; answers its milliseconds. */
uint32_t samples_add(cli_samples *s, const cli_status *now);

#endif
