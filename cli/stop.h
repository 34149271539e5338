/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_STOP_H
#define ALICE_CLI_STOP_H

/* Ctrl-C and its like: the first asks a run to stop tidily, a second ends the program at once.
 */

#include <stdbool.h>

void stop_catch(void);

/* Whether somebody asked; of the shape that alice_organizer_options wants. */
bool stop_asked(void *ctx);

#endif
