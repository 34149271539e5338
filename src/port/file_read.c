/* SPDX-License-Identifier: MIT */
/* Reading files: the system calls, repeated where signals and short reads ask for it. */
#define _GNU_SOURCE
#include "port/file_read.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
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
#ifndef SYS_cachestat
#define SYS_cachestat 451 /* on each processor; younger than many headers */
#endif

/* Pages of the range in the page cache; below 0: the kernel does not say (before Linux 6.5, or
 * a file that the caller may not write). */
static int64_t counted(int fd, uint64_t offset, uint64_t n)
{
    uint64_t range[2] = {offset, n};
    struct {
        uint64_t cached, dirty, writeback, evicted, recently_evicted;
    } told;
    return syscall(SYS_cachestat, fd, range, &told, 0) == 0 ? (int64_t)told.cached : -1;
}

/* The same by mapping it. To any but its owner the kernel answers that all of it is there. */
static int64_t counted_by_map(int fd, uint64_t offset, uint64_t n, uint64_t page)
{
    enum { PAGES = 1024 };
    unsigned char there[PAGES];
    struct stat s;
    int64_t pages = 0;
    if (fstat(fd, &s) != 0 || s.st_uid != geteuid())
        return -1;
    for (uint64_t at = offset - offset % page; at < offset + n; at += PAGES * page) {
        uint64_t left = (offset + n - at + page - 1) / page;
        size_t look = left < PAGES ? (size_t)left : PAGES;
        void *p = mmap(NULL, look * page, PROT_READ, MAP_SHARED, fd, (off_t)at);
        bool told = p != MAP_FAILED && mincore(p, look * page, there) == 0;
        if (p != MAP_FAILED)
            munmap(p, look * page);
        if (!told)
            return -1;
        for (size_t i = 0; i < look; i++)
            pages += there[i] & 1;
    }
    return pages;
}

/* By reading without waiting. It can be wrong: the kernel fetches what is looked at, and a fast
 * disk has it there at once. */
static bool probed(int fd, uint64_t offset, uint64_t n)
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

bool alice__file_cached(int fd, uint64_t offset, uint64_t n)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    if (n == 0)
        return true;
    uint64_t pages = (offset + n - 1) / page - offset / page + 1;
    int64_t have = counted(fd, offset, n);
    if (have < 0)
        have = counted_by_map(fd, offset, n, page);
    if (have < 0)
        return probed(fd, offset, n);
    return (uint64_t)have >= pages - pages / 8;
}

void alice__file_read_ahead(int fd, alice__read_ahead how)
{
    static const int advice[] = {[ALICE__READ_AHEAD_USUAL] = POSIX_FADV_NORMAL,
                                 [ALICE__READ_AHEAD_MORE] = POSIX_FADV_SEQUENTIAL,
                                 [ALICE__READ_AHEAD_OFF] = POSIX_FADV_RANDOM};
    posix_fadvise(fd, 0, 0, advice[how]);
}

void alice__file_ahead(int fd, uint64_t offset, uint64_t n)
{
    posix_fadvise(fd, (off_t)offset, (off_t)n, POSIX_FADV_WILLNEED);
}

void alice__file_drop(int fd, uint64_t offset, uint64_t n)
{
    posix_fadvise(fd, (off_t)offset, (off_t)n, POSIX_FADV_DONTNEED);
}
