/* SPDX-License-Identifier: MIT */
/* The decoder's side: what it gives up before it sees the first byte, and the answers. */
#define _GNU_SOURCE
#include "port/decoder.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port/limits.h"
#include "port/sandbox.h"

enum { SOCKET = 0, STACK = 1024 * 1024, FILES = 4 };

static int set(int what, rlim_t to)
{
    struct rlimit r;
    if (getrlimit((__rlimit_resource_t)what, &r))
        return -errno;
    to = r.rlim_max < to ? r.rlim_max : to;
    r = (struct rlimit){.rlim_cur = to, .rlim_max = to};
    return setrlimit((__rlimit_resource_t)what, &r) ? -errno : 0;
}

/* A host that forgot to close a file at the start of a program gives it to nobody. */
static void close_the_rest(void)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3U, ~0U, 0U) == 0)
        return;
#endif
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
}

int alice__decoder_give_up(uint64_t allowance)
{
    int r = 0;
    close_the_rest();
    if (alice__limits_sanitized()) /* which map terabytes, and start programs */
        return 0;
    alice__limits_set_thp_off(1);
    alice__limits_tighten_allocator();
    const struct {
        int what;
        rlim_t to;
    } limits[] = {{RLIMIT_DATA, (rlim_t)allowance},
                  {RLIMIT_STACK, STACK},
                  {RLIMIT_NOFILE, FILES},
                  {RLIMIT_FSIZE, 0},
                  {RLIMIT_CORE, 0},
                  {RLIMIT_MEMLOCK, 0},
                  {RLIMIT_MSGQUEUE, 0}};
    for (size_t i = 0; r == 0 && i < sizeof limits / sizeof *limits; i++)
        r = set(limits[i].what, limits[i].to);
    if (r == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        r = -errno;
    if (r)
        return r;
    r = alice__confine_files(NULL, 0);
    if (r && r != -ENOSYS && r != -EOPNOTSUPP)
        return r;
    r = alice__confine_decoder();
    return r == -ENOSYS ? 0 : r;
}

/* Only the soft limit: the decoder may move it for each file, and a taken one is left to the
   library's own clock. */
int alice__decoder_time(unsigned seconds)
{
    struct rusage used;
    struct rlimit r;
    if (getrusage(RUSAGE_SELF, &used) || getrlimit(RLIMIT_CPU, &r))
        return -errno;
    r.rlim_cur = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 1 + seconds;
    return setrlimit(RLIMIT_CPU, &r) ? -errno : 0;
}

int alice__decoder_next(alice__picture_ask *ask, int *file)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = ask, .iov_len = sizeof *ask};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    ssize_t n;
    *file = -1;
    do
        n = recvmsg(SOCKET, &m, MSG_WAITALL | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    const struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
        memcpy(file, CMSG_DATA(c), sizeof *file);
    return n == (ssize_t)sizeof *ask && *file >= 0 ? 0 : -EPIPE;
}

static int send_all(const void *from, size_t n)
{
    const uint8_t *p = from;
    while (n > 0) {
        ssize_t sent = send(SOCKET, p, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return -EPIPE;
        p += sent;
        n -= (size_t)sent;
    }
    return 0;
}

int alice__decoder_answer(const alice__picture_answer *answer, const uint8_t *pixels)
{
    int r = send_all(answer, sizeof *answer);
    return r == 0 && answer->bytes ? send_all(pixels, answer->bytes) : r;
}
