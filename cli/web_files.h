/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_WEB_FILES_H
#define ALICE_CLI_WEB_FILES_H

/* The files of cli/web, as cli/web/embed.py puts them into the program. */

#include <stddef.h>

typedef struct web_file {
    const char *name, *type;
    const unsigned char *bytes;
    size_t n;
} web_file;

/* The end has a NULL name. */
extern const web_file web_files[];

#endif
