/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_ORGANIZED_FILE_H
#define ALICE_CLI_ORGANIZED_FILE_H

/* An organized file that is handed on, to a browser or into an album. */

#include <stdbool.h>
#include <sys/stat.h>

#include <alice/media.h>

/* What a browser makes of a type. */
typedef struct browser_type {
    const char *type; /* as alice_media_name() */
    const char *mime;
    bool picture; /* it can be shown small, as it is */
} browser_type;

/* As alice_media_name() says it; ALICE_MEDIA_NONE: it is no name of a type. */
alice_media_type media_type_of(const char *name);

/* NULL: a browser does not show it. */
const browser_type *browser_type_of(const char *type);

/*
 * Open `path` below an open folder, folder by folder and through no link; -1: it is not there,
 * or no regular file. `*st` is what was opened.
 */
int organized_open(int folder, const char *path, struct stat *st);

#endif
