/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "port/pressure.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void close_if(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* A trigger on a pressure file; a plain file (a made-up tree) takes the text and never tells.
 */
static int open_trigger(const char *path, uint64_t stall_us, uint64_t window_us)
{
    char text[64];
    int n = snprintf(text, sizeof text, "some %llu %llu", (unsigned long long)stall_us,
                     (unsigned long long)window_us);
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (write(fd, text, (size_t)n + 1) < 0) { /* the kernel wants the terminator too */
        int bad = -errno;
        close(fd);
        return bad;
    }
    return fd;
}

/* Register an eventfd for the group's usage passing 90 % of its limit. */
static int open_threshold(const alice__cgroup *group)
{
    char path[ALICE__MEMINFO_PATH + 32], text[64];
    int bad = 0;
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int usage = open(group->current_file, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "%s/cgroup.event_control", group->dir);
    int control = open(path, O_WRONLY | O_CLOEXEC);
    if (event < 0 || usage < 0 || control < 0) {
        bad = -errno;
    } else {
        int n = snprintf(text, sizeof text, "%d %d %llu", event, usage,
                         (unsigned long long)(group->limit / 10 * 9));
        if (write(control, text, (size_t)n) < 0)
            bad = -errno;
    }
    close_if(&control);
    close_if(&usage);
    if (bad)
        close_if(&event);
    return bad ? bad : event;
}

int alice__pressure_open(alice__pressure *p, const char *root, const alice__cgroup *group,
                         uint64_t stall_us, uint64_t window_us)
{
    char path[ALICE__MEMINFO_PATH + 32];
    *p = (alice__pressure){.psi = -1, .events = -1, .threshold = -1, .wake = -1};
    if (group->version == 2) {
        snprintf(path, sizeof path, "%s/memory.pressure", group->dir);
        p->psi = open_trigger(path, stall_us, window_us);
        snprintf(path, sizeof path, "%s/memory.events", group->dir);
        p->events = open(path, O_RDONLY | O_CLOEXEC);
    } else if (group->version == 1) {
        p->threshold = open_threshold(group);
    }
    if (p->psi < 0) {
        snprintf(path, sizeof path, "%s/proc/pressure/memory", root);
        p->psi = open_trigger(path, stall_us, window_us);
    }
    int bad = p->psi;
    if (p->psi >= 0 || p->events >= 0 || p->threshold >= 0) {
        p->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (p->wake >= 0)
            return 0;
        bad = -errno;
    }
    alice__pressure_close(p);
    return bad;
}

/* Read what a descriptor has, so that poll() waits for the next. */
static void drain(int fd)
{
    char buf[512];
    if (lseek(fd, 0, SEEK_SET) < 0)
        errno = 0; /* an eventfd has no position */
    while (read(fd, buf, sizeof buf) == (ssize_t)sizeof buf)
        ;
}

int alice__pressure_wait(alice__pressure *p, int timeout_ms)
{
    struct pollfd fds[4] = {
        {.fd = p->wake, .events = POLLIN},
        {.fd = p->psi, .events = POLLPRI},
        {.fd = p->events, .events = POLLPRI},
        {.fd = p->threshold, .events = POLLIN},
    };
    if (p->events >= 0)
        drain(p->events);
    int n;
    do
        n = poll(fds, 4, timeout_ms);
    while (n < 0 && errno == EINTR);
    int mask = 0;
    if (fds[0].revents)
        mask |= ALICE__PRESSURE_WOKEN;
    if (fds[1].revents & POLLPRI)
        mask |= ALICE__PRESSURE_PSI;
    if (fds[1].revents & POLLERR && !(fds[1].revents & POLLPRI))
        close_if(&p->psi); /* the group is gone: without this, poll() would spin */
    if (fds[2].revents & POLLPRI)
        mask |= ALICE__PRESSURE_CGROUP;
    if (fds[3].revents & POLLIN) {
        drain(p->threshold);
        mask |= ALICE__PRESSURE_CGROUP;
    }
    return mask;
}

bool alice__pressure_pause(alice__pressure *p, int timeout_ms)
{
    struct pollfd fd = {.fd = p->wake, .events = POLLIN};
    int n;
    do
        n = poll(&fd, 1, timeout_ms);
    while (n < 0 && errno == EINTR);
    return n > 0;
}

void alice__pressure_wake(alice__pressure *p)
{
    uint64_t one = 1;
    ssize_t n = write(p->wake, &one, sizeof one);
    (void)n; /* full means woken already */
}

void alice__pressure_close(alice__pressure *p)
{
    close_if(&p->psi);
    close_if(&p->events);
    close_if(&p->threshold);
    close_if(&p->wake);
}
