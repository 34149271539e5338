/* SPDX-License-Identifier: MIT */
/* The empty folders of an inbox, after a move. */
#define _XOPEN_SOURCE 700 /* nftw() */
#include "prune.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

/* For nftw(), which carries no context. */
static struct {
    const char *inbox;
    struct stat organized;  /* which may be mounted somewhere below the inbox, once more */
    char mounted[PATH_MAX]; /* where; "": nowhere */
    bool twice;
} pruning;

static int find_organized(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)at;
    if (kind != FTW_D || st->st_dev != pruning.organized.st_dev ||
        st->st_ino != pruning.organized.st_ino)
        return 0;
    pruning.twice = pruning.mounted[0] != 0;
    snprintf(pruning.mounted, sizeof pruning.mounted, "%s", path);
    return pruning.twice;
}

static int prune(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)at;
    size_t n = strlen(pruning.mounted);
    if (n && strncmp(path, pruning.mounted, n) == 0 && (path[n] == '/' || path[n] == 0))
        return 0;
    /* rmdir() takes an empty folder alone: what is in use, or of others, stays. Hidden folders
     * are other programs', which may need theirs empty. */
    if (kind == FTW_DP && strcmp(path, pruning.inbox) != 0 &&
        !strstr(path + strlen(pruning.inbox), "/.") && rmdir(path) != 0 && errno != ENOTEMPTY &&
        errno != EEXIST && errno != ENOENT)
        cli_error("the empty folder %s cannot be removed: %s", path, strerror(errno));
    return 0;
}

bool cli_prune_empty(const char *inbox, const char *organized)
{
    enum { OPEN_FOLDERS = 16, HOW = FTW_PHYS | FTW_MOUNT };
    pruning.inbox = inbox;
    pruning.mounted[0] = 0;
    pruning.twice = false;
    int bad = stat(organized, &pruning.organized);
    if (bad == 0)
        bad = nftw(inbox, find_organized, OPEN_FOLDERS, HOW);
    if (pruning.twice) {
        cli_error("the organized folder is mounted in the inbox more than once: "
                  "no empty folder is removed");
        return false;
    }
    if (bad == 0 && nftw(inbox, prune, OPEN_FOLDERS, HOW | FTW_DEPTH) == 0)
        return true;
    cli_error("the empty folders of %s cannot be looked for: %s", inbox, strerror(errno));
    return false;
}
