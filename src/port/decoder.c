/* SPDX-License-Identifier: MIT */
/* The library's side of the decoder: start it, send it a file, read what it says. */
#define _GNU_SOURCE
#include "port/decoder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOCKETS_MOST = 64 };

/* ---- where it is ---- */

static int try_path(char *path, size_t size, const char *folder, const char *below)
{
    int n = snprintf(path, size, "%s%s", folder, below);
    if (n < 0 || (size_t)n >= size)
        return -ENAMETOOLONG;
    return access(path, X_OK) ? -errno : 0;
}

int alice__decoder_find(char *path, size_t size)
{
    char own[4096];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    own[n > 0 ? n : 0] = 0;
    char *slash = strrchr(own, '/');
    if (slash && slash != own) {
        *slash = 0;
        /* A build folder has its build.ninja; elsewhere nothing is taken from a "src". */
        if (try_path(path, size, own, "/../meson-info/meson-info.json") != -ENOENT &&
            try_path(path, size, own, "/../src/decode/alice-decode") == 0)
            return 0;
        if (try_path(path, size, own, "/../" ALICE_LIBEXEC_BELOW "/alice-decode") == 0)
            return 0;
    }
    return try_path(path, size, ALICE_LIBEXEC, "/alice-decode");
}

/* ---- its life ---- */

static int prepare(posix_spawn_file_actions_t *files, posix_spawnattr_t *how, int socket)
{
    sigset_t none, usual;
    sigemptyset(&none);
    sigfillset(&usual);
    sigdelset(&usual, SIGKILL);
    sigdelset(&usual, SIGSTOP);
    int e = posix_spawn_file_actions_adddup2(files, socket, 0);
    if (e == 0)
        e = posix_spawn_file_actions_addopen(files, 1, "/dev/null", O_WRONLY, 0);
    if (e == 0)
        e = posix_spawn_file_actions_addopen(files, 2, "/dev/null", O_WRONLY, 0);
    if (e == 0)
        e = posix_spawnattr_setsigmask(how, &none);
    if (e == 0)
        e = posix_spawnattr_setsigdefault(how, &usual);
    if (e == 0)
        e = posix_spawnattr_setpgroup(how, 0);
    if (e == 0)
        e = posix_spawnattr_setflags(how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    return e;
}

int alice__decoder_start(alice__decoder *d, const char *program, uint64_t allowance)
{
    char name[] = "alice-decode", bytes[24];
    char *const words[] = {name, bytes, NULL}, *const nothing[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    int ends[2], e;
    pid_t pid = 0;
    *d = (alice__decoder){.socket = -1};
    snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)allowance);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    e = posix_spawn_file_actions_init(&files);
    if (e == 0) {
        e = posix_spawnattr_init(&how);
        if (e == 0) {
            e = prepare(&files, &how, ends[1]);
            if (e == 0)
                e = posix_spawn(&pid, program, &files, &how, words, nothing);
            posix_spawnattr_destroy(&how);
        }
        posix_spawn_file_actions_destroy(&files);
    }
    close(ends[1]);
    if (e != 0) {
        close(ends[0]);
        return -e;
    }
    *d = (alice__decoder){.pid = (long)pid, .socket = ends[0]};
    return 0;
}

void alice__decoder_end(alice__decoder *d, int *how)
{
    int status = 0;
    if (how)
        *how = 0;
    if (d->pid == 0)
        return;
    close(d->socket);
    /* One that is ending by a signal of its own keeps that; one that is taken over ends now. */
    kill((pid_t)d->pid, SIGKILL);
    while (waitpid((pid_t)d->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (how && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
        *how = WTERMSIG(status);
    *d = (alice__decoder){.socket = -1};
}

/* ---- what is said ---- */

int alice__decoder_ask(const alice__decoder *d, const alice__picture_ask *ask, int file)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    alice__picture_ask sent = *ask;
    struct iovec part = {.iov_base = &sent, .iov_len = sizeof sent};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    memset(&control, 0, sizeof control);
    control.head = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof file), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), &file, sizeof file);
    ssize_t n;
    do
        n = sendmsg(d->socket, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET ? -EPIPE : -errno;
    return n == (ssize_t)sizeof sent ? 0 : -EPIPE;
}

int alice__decoder_read(const alice__decoder *d, void *to, size_t n, size_t *got)
{
    ssize_t r;
    *got = 0;
    do
        r = recv(d->socket, to, n, MSG_DONTWAIT);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return errno == ECONNRESET ? -EPIPE : errno == EWOULDBLOCK ? -EAGAIN : -errno;
    *got = (size_t)r;
    return r == 0 ? -EPIPE : 0;
}

bool alice__decoder_has_more(const alice__decoder *d)
{
    uint8_t byte;
    ssize_t r;
    do
        r = recv(d->socket, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    while (r < 0 && errno == EINTR);
    return r >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

int alice__decoder_wait(const int *sockets, size_t count, int ms)
{
    struct pollfd fds[SOCKETS_MOST];
    if (count > SOCKETS_MOST)
        return -EINVAL;
    for (size_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = sockets[i], .events = POLLIN};
    return poll(fds, (nfds_t)count, ms) < 0 && errno != EINTR ? -errno : 0;
}
