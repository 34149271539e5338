/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* realpath() */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

static int refuse(const cli_output *o, int status, const char *why)
{
    cli_error("the %s %s cannot be written: %s", o->what, o->path, why);
    return status;
}

static bool begins_with(const char *path, const char *begins)
{
    char head[256];
    size_t n = strlen(begins), have = 0;
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    if (n <= sizeof head)
        have = fread(head, 1, n, f);
    fclose(f);
    return have == n && memcmp(head, begins, n) == 0;
}

/* What stands at the target, and whether it may go. */
static int look_at_place(cli_output *o, const char *begins, bool force)
{
    if (lstat(o->path, &o->stood) != 0) {
        if (errno != ENOENT)
            return refuse(o, CLI_STOPPED, strerror(errno));
        if (snprintf(o->target, sizeof o->target, "%s", o->path) >= (int)sizeof o->target)
            return refuse(o, CLI_STOPPED, strerror(ENAMETOOLONG));
        return CLI_DONE;
    }
    if (!realpath(o->path, o->target) || stat(o->target, &o->stood) != 0)
        return refuse(o, CLI_STOPPED,
                      errno == ENOENT ? "it is a link that leads nowhere" : strerror(errno));
    o->direct = !S_ISREG(o->stood.st_mode) && !S_ISDIR(o->stood.st_mode);
    o->replaces = !o->direct;
    if (S_ISDIR(o->stood.st_mode))
        return refuse(o, CLI_STOPPED, strerror(EISDIR));
    if (o->replaces && !force && o->stood.st_size > 0 && !begins_with(o->target, begins)) {
        cli_error("the %s %s is not written: what stands there is not an earlier %s (--force "
                  "replaces it)",
                  o->what, o->path, o->what);
        return CLI_USAGE;
    }
    return CLI_DONE;
}

int output_open(cli_output *o, const char *what, const char *path, const char *begins,
                bool force)
{
    *o = (cli_output){.what = what, .path = path};
    if (strcmp(path, "-") == 0) {
        o->direct = true;
        o->to = stdout;
        return CLI_DONE;
    }
    int bad = look_at_place(o, begins, force);
    if (bad)
        return bad;
    if (o->direct) {
        o->to = fopen(o->target, "we");
        return o->to ? CLI_DONE : refuse(o, CLI_STOPPED, strerror(errno));
    }
    if (snprintf(o->temporary, sizeof o->temporary, "%s.%ld.part", o->target, (long)getpid()) >=
        (int)sizeof o->temporary)
        return refuse(o, CLI_STOPPED, strerror(ENAMETOOLONG));
    char *slash = strrchr(strcpy(o->folder, o->target), '/');
    strcpy(slash == o->folder ? o->folder + 1 : slash ? slash : o->folder, slash ? "" : ".");
    int fd = open(o->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return refuse(o, CLI_STOPPED, strerror(errno));
    if (o->replaces)
        (void)fchmod(fd, o->stood.st_mode & 0777); /* as far as it is possible */
    o->to = fdopen(fd, "w");
    if (!o->to) {
        close(fd);
        unlink(o->temporary);
        return refuse(o, CLI_STOPPED, strerror(ENOMEM));
    }
    return CLI_DONE;
}

/* Name the finished file; 0 or the error. */
static int put_in_place(const cli_output *o)
{
    struct stat now;
    if (o->replaces) {
        if (lstat(o->target, &now) != 0 || now.st_dev != o->stood.st_dev ||
            now.st_ino != o->stood.st_ino || now.st_size != o->stood.st_size)
            return EEXIST;
        return rename(o->temporary, o->target) == 0 ? 0 : errno;
    }
    if (link(o->temporary, o->target) == 0)
        return unlink(o->temporary) == 0 ? 0 : errno;
    if (errno == EEXIST)
        return EEXIST;
    /* A file system without links: take the name first, then fill it. */
    int fd = open(o->target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno;
    close(fd);
    return rename(o->temporary, o->target) == 0 ? 0 : errno;
}

int output_close(cli_output *o, bool good)
{
    FILE *to = o->to;
    bool written;
    o->to = NULL;
    if (!to)
        return CLI_DONE;
    if (to == stdout) {
        written = fflush(stdout) == 0 && !ferror(stdout);
    } else {
        written = fflush(to) == 0 && !ferror(to) && (o->direct || fsync(fileno(to)) == 0);
        written = (fclose(to) == 0) && written;
    }
    if (!good && !o->direct)
        unlink(o->temporary);
    if (!good)
        return CLI_DONE;
    if (!written) {
        cli_error("the %s %s is not complete: writing it failed", o->what, o->path);
        if (!o->direct)
            cli_error("what there is of it is %s", o->temporary);
        return CLI_STOPPED;
    }
    int error = o->direct ? 0 : put_in_place(o);
    if (error == 0)
        return CLI_DONE;
    cli_error("the %s %s cannot be put in its place (%s): it is %s", o->what, o->path,
              error == EEXIST ? "something else came to stand there" : strerror(error),
              o->temporary);
    return CLI_STOPPED;
}
