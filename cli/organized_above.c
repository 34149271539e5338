/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* realpath() */
#include "organized_above.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *organized_above(const char *path)
{
    static char folder[PATH_MAX];
    char parent[PATH_MAX], home[PATH_MAX + 8];
    struct stat st;
    const char *slash = strrchr(path, '/');
    snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    if (!realpath(parent, folder))
        return NULL;
    for (char *end; *folder; *end = 0) {
        snprintf(home, sizeof home, "%s/.alice", folder);
        if (stat(home, &st) == 0 && S_ISDIR(st.st_mode))
            return folder;
        end = strrchr(folder, '/');
    }
    return NULL;
}
