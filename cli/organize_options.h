/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_ORGANIZE_OPTIONS_H
#define ALICE_CLI_ORGANIZE_OPTIONS_H

/* The options of organizing, for the commands that do it: `organize`, and `watch`. */

#include <alice/organize.h>

#include "command.h"

enum {
    OPT_COPY = OPT_OWN,
    OPT_MOVE,
    OPT_KEEP_NAMES,
    OPT_FRESH,
    OPT_REPORT,
    OPT_RECEIPT,
    OPT_SINCE,
    OPT_UNTIL,
    OPT_ONLY,
    OPT_PRUNE_EMPTY,
    OPT_LOSSY,
    OPT_SETTLE,
    OPT_FLUSH_FILES,
    OPT_FLUSH_SECONDS,
    OPT_UNDATED,
    OPT_LAYOUT,
    OPT_ALBUMS,
    OPT_DUPLICATES,
    OPT_EVERY
};

/* By cli_opt. */
extern const cli_option organize_options[];

/* By its name, of a file that stands: the library looks into it. */
bool cli_is_archive(const char *path);

/* The inbox, or the archives, and the organized folder. CLI_DONE, or CLI_USAGE after saying
 * what is wrong. */
int organize_paths(const cli_args *args, alice_organizer_options *o);

/* --settle; the same answers. */
int organize_settle(const cli_args *args, unsigned *seconds);

/* --flush-files and --flush-seconds; 0 where they are not given. */
int organize_flushes(const cli_args *args, uint32_t *files, uint32_t *seconds);

#endif
