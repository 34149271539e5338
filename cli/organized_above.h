/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_ORGANIZED_ABOVE_H
#define ALICE_CLI_ORGANIZED_ABOVE_H

/* The folder above `path` that has a catalog's folder; NULL: none has. Static. */
const char *organized_above(const char *path);

#endif
