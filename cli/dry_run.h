/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_DRY_RUN_H
#define ALICE_CLI_DRY_RUN_H

/* A dry run of the organizer over a folder, for commands that look at its memory. */

#include <alice/organize.h>

#include "command.h"
#include "settings.h"

/* Whether `path` is a folder that can be read. CLI_DONE, or the exit status after saying why
 * not. */
int dry_run_check(const char *path);

/*
 * Options of a dry run over `path` that takes every file for new: nothing is organized
 * yet at the place it would go to. The callbacks are left to the caller.
 */
void dry_run_options(alice_organizer_options *o, const char *path,
                     const cli_settings *settings);

#endif
