/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "port/notify.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
    FILES = IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_ATTRIB,
    WANTED = FILES | IN_MOVED_FROM | IN_ONLYDIR | IN_EXCL_UNLINK
};

int alice__notify_open(int *out)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0)
        return -errno;
    *out = fd;
    return 0;
}

int alice__notify_add(int set, int folder)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", folder);
    return inotify_add_watch(set, path, WANTED) < 0 ? -errno : 0;
}

/* Have something in the room, or nothing where nothing was told. */
static int fill(int set, alice__notices *n)
{
    n->at = n->end = 0;
    for (;;) {
        ssize_t got = read(set, n->room, sizeof n->room);
        if (got >= 0) {
            n->end = (size_t)got;
            return 0;
        }
        if (errno == EAGAIN)
            return 0;
        if (errno != EINTR)
            return -errno;
    }
}

int alice__notify_next(int set, alice__notices *n, alice__notified *out, bool *got)
{
    const char *room = (const char *)n->room;
    struct inotify_event e;
    *got = false;
    if (n->at >= n->end) {
        int bad = fill(set, n);
        if (bad || n->end == 0)
            return bad;
    }
    if (n->end - n->at < sizeof e) { /* never: the kernel gives whole ones */
        n->at = n->end;
        return -EBADMSG;
    }
    memcpy(&e, room + n->at, sizeof e);
    n->at += sizeof e;
    if (e.len > n->end - n->at) {
        n->at = n->end;
        return -EBADMSG;
    }
    const bool folder = e.mask & IN_ISDIR;
    *out = (alice__notified){.arrived = !folder && e.mask & FILES,
                             .folder_in = folder && e.mask & (IN_CREATE | IN_MOVED_TO),
                             .moved_out = folder && e.mask & IN_MOVED_FROM,
                             .lost = e.mask & IN_Q_OVERFLOW,
                             .unmounted = e.mask & IN_UNMOUNT,
                             .hidden = e.len > 0 && room[n->at] == '.'};
    n->at += e.len;
    *got = true;
    return 0;
}

void alice__notify_wait(int set, uint64_t ms)
{
    struct pollfd p = {.fd = set, .events = POLLIN};
    /* A signal, or nothing to wait for: the caller looks again. */
    (void)poll(&p, set >= 0, ms > 3600000 ? 3600000 : (int)ms);
}
