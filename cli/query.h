/* SPDX-License-Identifier: MIT */
#ifndef CLI_QUERY_H
#define CLI_QUERY_H

/* What is looked for among the organized files, as a person says it: words, and these options.
 * The command's own ones begin behind them. */

#include <alice/search.h>

#include "command.h"

enum {
    OPT_CAMERA = OPT_OWN,
    OPT_GENERATOR,
    OPT_MODEL,
    OPT_SEED,
    OPT_SINCE,
    OPT_UNTIL,
    OPT_PROJECT,
    OPT_TYPE,
    OPT_ALBUM,
    OPT_BEHIND_QUERY
};

/* Rows of a command's `own_options`. */
#define QUERY_OPTIONS                                                                          \
    [OPT_CAMERA] = {"camera", 0, "TEXT", NULL, "only of a camera whose make or model has it"}, \
    [OPT_GENERATOR] = {"generator", 0, "NAME", NULL, "only what this generator made"},         \
    [OPT_MODEL] = {"model", 0, "TEXT", NULL, "only what a model with this in its name made"},  \
    [OPT_SEED] = {"seed", 0, "N", NULL, "only what was made from this seed"},                  \
    [OPT_SINCE] = {"since", 0, "DATE", NULL, "only of that day, month or year, and later"},    \
    [OPT_UNTIL] = {"until", 0, "DATE", NULL, "only of that day, month or year, and earlier"},  \
    [OPT_PROJECT] = {"project", 0, "NAME", NULL, "only of this project"},                      \
    [OPT_TYPE] = {"type", 0, "NAME", NULL, "only of this type: jpeg, heic, png, mp4, …"},      \
    [OPT_ALBUM] = {"album", 0, "TITLE", NULL, "only of the album with this title"}

/* The exit status, told where it is none of CLI_DONE. The query points into `args`. */
int query_read(const cli_args *args, alice_search_query *q);

#endif
