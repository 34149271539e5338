/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_ACT_ON_SAME_H
#define ALICE_CLI_ACT_ON_SAME_H

/* alice duplicates --link, --reflink, --remove: superfluous files are acted on. */

#include <alice/duplicates.h>

#include "command.h"

typedef struct cli_act {
    alice_same_act act; /* 0: none */
    bool yes;           /* do it; false: say what would be done */
} cli_act;

/* Find, act, tell. `where` is complete but for its callbacks. Answers the exit status. */
int act_on_same(const cli_args *args, const cli_act *act,
                const alice_duplicates_options *where);

#endif
