/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_TARGETS_H
#define ALICE_CLI_TARGETS_H

/* What --pid and --all mean, for the commands that look at or ask running processes. */

#include "command.h"
#include "control_client.h"

enum { TARGETS_MAX = 64 };

typedef struct cli_targets {
    bool self; /* neither was given */
    bool all;
    control_found found; /* of --pid */
    size_t count;
    control_target at[TARGETS_MAX];
} cli_targets;

/* CLI_DONE, or the exit status after saying in one line what is wrong and what to do. */
int targets_find(cli_targets *t, const cli_args *args);

/* A time in seconds, "2" or "0.5"; false: it is none, or not above 0. */
bool seconds_read(const char *text, double *out);

#endif
