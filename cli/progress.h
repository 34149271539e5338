/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_PROGRESS_H
#define ALICE_CLI_PROGRESS_H

/* One line on a terminal's standard error that shows how far a run is; silent in a pipe. */

#include <alice/organize.h>

typedef struct cli_progress {
    bool on;        /* standard error is a terminal */
    bool shown;     /* a line stands there */
    uint64_t total; /* files there are, as far as was counted; 0: not known */
} cli_progress;

void progress_begin(cli_progress *p, bool quiet);
void progress_show(cli_progress *p, const alice_progress *now);
/* A line of one's own, cut where the terminal ends. */
void progress_say(cli_progress *p, const char *format, ...) ALICE_PRINTF(2, 3);
/* How long, for people: "3 min", "2 h 10 min". Answers buf. */
const char *duration_text(double seconds, char *buf, size_t size);
/* Take the line away, before anything else is printed and at the end. */
void progress_clear(cli_progress *p);

/* "12.3 MB", "1.2 GB": for people. Answers buf. */
const char *bytes_text(uint64_t bytes, char *buf, size_t size);

/* Memory, to compare: in MB, as limits are said, and from 4 GB on in GB. `whole` MB are told
 * without a decimal. Answers buf. */
const char *memory_text(double bytes, bool whole, char *buf, size_t size);

#endif
