/* SPDX-License-Identifier: MIT */
/* Another program, whose output is read. */
#define _GNU_SOURCE
#include "port/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port/file_read.h"

static int spawn(pid_t *pid, int out, char *const *argv)
{
    char *const nothing[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none;
    sigemptyset(&none);
    int e = posix_spawn_file_actions_init(&files);
    if (e != 0)
        return -e;
    e = posix_spawnattr_init(&how);
    if (e != 0) {
        posix_spawn_file_actions_destroy(&files);
        return -e;
    }
    e = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    if (e == 0)
        e = posix_spawn_file_actions_adddup2(&files, out, 1);
    if (e == 0)
        e = posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    if (e == 0)
        e = posix_spawnattr_setsigmask(&how, &none);
    if (e == 0)
        e = posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
    if (e == 0)
        e = posix_spawn(pid, argv[0], &files, &how, argv, nothing);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    return -e;
}

int alice__child_start(alice__child *child, const char *const *argv)
{
    int ends[2];
    pid_t pid = -1;
    union {
        const char *const *given;
        char *const *taken; /* which are not written to */
    } list = {.given = argv};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    int e = spawn(&pid, ends[1], list.taken);
    alice__file_close(ends[1]);
    if (e != 0)
        alice__file_close(ends[0]);
    else
        *child = (alice__child){.pid = (long)pid, .out = ends[0]};
    return e;
}

int alice__child_read(const alice__child *child, void *to, size_t n, size_t *got)
{
    return alice__file_read(child->out, to, n, got);
}

int alice__child_end(alice__child *child)
{
    int status = 0;
    pid_t r;
    alice__file_close(child->out);
    do
        r = waitpid((pid_t)child->pid, &status, 0);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return -errno;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}
