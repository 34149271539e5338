/* SPDX-License-Identifier: MIT */
#include "dry_run.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "stop.h"

int dry_run_check(const char *path)
{
    DIR *folder = opendir(path);
    if (folder) {
        closedir(folder);
        return CLI_DONE;
    }
    switch (errno) {
    case ENOENT:
        cli_error("%s: there is no such folder; give one with media files", path);
        break;
    case ENOTDIR:
        cli_error("%s is no folder; give the one that it is in", path);
        break;
    case EACCES:
        cli_error("%s: you may not read this folder; ask its owner, or run this as its owner",
                  path);
        break;
    default:
        cli_error("%s: %s", path, strerror(errno));
    }
    return CLI_STOPPED;
}

void dry_run_options(alice_organizer_options *o, const char *path, const cli_settings *settings)
{
    *o = (alice_organizer_options){
        .config = settings->config,
        .inbox = path,
        /* It is never made; and what is not there knows no file. */
        .organized = "/.alice-dry-run/organized",
        .dry_run = true,
        .kernel_backstop = true,
        .should_stop = stop_asked,
    };
}
