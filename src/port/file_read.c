/* SPDX-License-Identifier: MIT */
/* Reading files: the system calls, repeated where signals and short reads ask for it. */
#define _GNU_SOURCE
#include "port/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

int alice__file_open(const char *path, int *fd)
{
    int got;
    do {
        got = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    *fd = got;
    return 0;
}

void alice__file_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

static int64_t nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int alice__file_look(int fd, alice__file_about *out)
{
    struct stat s;
    if (fstat(fd, &s) != 0)
        return -errno;
    *out = (alice__file_about){.size = s.st_size > 0 ? (uint64_t)s.st_size : 0,
                               .mtime_ns = nanoseconds(s.st_mtim),
                               .ctime_ns = nanoseconds(s.st_ctim),
                               .regular = S_ISREG(s.st_mode),
                               .directory = S_ISDIR(s.st_mode)};
    if (S_ISREG(s.st_mode) || S_ISBLK(s.st_mode)) {
        off_t at = lseek(fd, 0, SEEK_CUR);
        out->seekable = at >= 0;
        out->position = at >= 0 ? (uint64_t)at : 0;
    }
    return 0;
}

/* What one call may ask for: the kernel gives no more, and sizes stay far from overflow. */
static size_t bounded(size_t n)
{
    return n < (size_t)1 << 30 ? n : (size_t)1 << 30;
}

int alice__file_read(int fd, void *to, size_t n, size_t *got)
{
    for (;;) {
        ssize_t r = read(fd, to, bounded(n));
        if (r >= 0) {
            *got = (size_t)r;
            return 0;
        }
        if (errno == EAGAIN) {
            struct pollfd p = {.fd = fd, .events = POLLIN};
            poll(&p, 1, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
}

int alice__file_read_at(int fd, uint64_t offset, void *to, size_t n, size_t *got)
{
    size_t have = 0;
    int e = 0;
    while (have < n) {
        if (offset + have > INT64_MAX) {
            e = -EOVERFLOW;
            break;
        }
        ssize_t r = pread(fd, (char *)to + have, bounded(n - have), (off_t)(offset + have));
        if (r == 0)
            break;
        if (r > 0)
            have += (size_t)r;
        else if (errno != EINTR) {
            e = -errno;
            break;
        }
    }
    *got = have;
    return e;
}

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 0x00000008
#endif

bool alice__file_cached(int fd, uint64_t offset, uint64_t n)
{
    enum { PROBES = 8 };
    char byte;
    struct iovec one = {.iov_base = &byte, .iov_len = 1};
    for (unsigned i = 1; i <= PROBES; i++) {
        uint64_t at = offset + n * i / PROBES - (n >= PROBES || i == PROBES);
        /* By number, because not every libc has the call; the offset's high half is 0 on 64
         * bits. */
        long r = syscall(SYS_preadv2, fd, &one, 1L, (unsigned long)at,
                         sizeof(long) == 8 ? 0UL : (unsigned long)(at >> 32), RWF_NOWAIT);
        if (r < 0)
            return false;
    }
    return true;
}

void alice__file_sequential(int fd)
{
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
}

void alice__file_ahead(int fd, uint64_t offset, uint64_t n)
{
    posix_fadvise(fd, (off_t)offset, (off_t)n, POSIX_FADV_WILLNEED);
}

void alice__file_drop(int fd, uint64_t offset, uint64_t n)
{
    posix_fadvise(fd, (off_t)offset, (off_t)n, POSIX_FADV_DONTNEED);
}
