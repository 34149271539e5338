/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_OUTPUT_H
#define ALICE_CLI_OUTPUT_H

/*
 * A file that the program writes for its user: a report, a page. It is written
 * under a name of its own beside its place and gets its name when it is whole.
 * What stands there is replaced only if it is an earlier output of the same kind,
 * known by how it begins, or empty, or if the user forces it. "-" is standard
 * output; a pipe or a device is written to as it is.
 */

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include <alice/base.h>

typedef struct cli_output {
    FILE *to;         /* NULL: closed */
    const char *what; /* "report" */
    const char *path; /* as given by the caller; borrowed */
    bool direct;      /* standard output, a pipe, a device: nothing gets a name */
    bool replaces;    /* `stood` is replaced */
    struct stat stood;
    char target[PATH_MAX], temporary[PATH_MAX], folder[PATH_MAX];
} cli_output;

/* `begins` is how each earlier output of this kind begins. Answers CLI_DONE, or the exit status
 * after it told why not. */
int output_open(cli_output *o, const char *what, const char *path, const char *begins,
                bool force);

/* Give it its name. `good` false: what was written is not worth it, drop it. Answers CLI_DONE,
 * or CLI_STOPPED after it told what failed. */
int output_close(cli_output *o, bool good);

#endif
