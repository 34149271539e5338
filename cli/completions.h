/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_COMPLETIONS_H
#define ALICE_CLI_COMPLETIONS_H

/* What makes a shell complete alice's commands, options and settings. */

#include <alice/base.h>

/* Print it; false: there is none for this shell. */
bool completions_write(const char *shell);

/* The names of the profiles, also for the manual. */
void completions_put_profiles(const char *between);

#endif
