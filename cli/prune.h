/* SPDX-License-Identifier: MIT */
#ifndef CLI_PRUNE_H
#define CLI_PRUNE_H

#include <stdbool.h>

/* Remove the empty folders below `inbox`, but for hidden ones, for the inbox itself and for
 * `organized` where it is mounted there. False: they could not be looked for, and it was said.
 * One call at a time. */
bool cli_prune_empty(const char *inbox, const char *organized);

#endif
