/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_CHOICE_H
#define ALICE_CLI_CHOICE_H

/* Which files of the inbox a run is for: --exclude, --since, --until, --only. */

#include <alice/media.h>

#include "command.h"

typedef enum cli_only {
    ONLY_ANY,
    ONLY_PHOTO, /* pictures and RAW that no generator made */
    ONLY_VIDEO,
    ONLY_AI /* what a generator made */
} cli_only;

typedef struct cli_choice {
    const cli_args *args; /* of which the globs are; borrowed */
    cli_only only;
    uint32_t since, until; /* yyyymmdd, both inside; 0: none */
} cli_choice;

/* `since`, `until`, `only`: the values given, or NULL. Answers CLI_DONE or CLI_USAGE. */
int choice_read(cli_choice *c, const cli_args *args, const char *since, const char *until,
                const char *only);

/* Why a file is left where it is; NULL: it is chosen. `path` is below the inbox, `info` NULL
 * before it was read. Static text. */
const char *choice_leaves(const cli_choice *c, const char *path, const alice_media_info *info);

#endif
