/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "port/limits.h"

#include <errno.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "port/fs.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#ifndef __has_feature
#define __has_feature(x) 0
#endif

bool alice__limits_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||       \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
    return true;
#else
    return false;
#endif
}

unsigned alice__limits_descriptors(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return 256;
    return r.rlim_cur > 1048576 ? 1048576 : (unsigned)r.rlim_cur;
}

unsigned alice__limits_descriptors_open(void)
{
    enum { GUESS = 8 };
    char buf[1024];
    int fd = -1;
    unsigned n = 0;
    alice__fs_dir d;
    alice__fs_name name = {.name = NULL};
    if (alice__fs_open_dir_path("/proc/self/fd", &fd) != 0)
        return GUESS;
    alice__fs_dir_start(&d, fd, buf, sizeof buf);
    while (alice__fs_dir_next(&d, &name) == 0 && name.name)
        n++;
    alice__fs_close(fd);
    return n > 0 ? n - 1 : GUESS; /* but for this one */
}

int alice__limits_get_data(uint64_t *bytes)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_DATA, &r))
        return -errno;
    *bytes = r.rlim_cur == RLIM_INFINITY ? ALICE__NO_LIMIT : r.rlim_cur;
    return 0;
}

int alice__limits_set_data(uint64_t bytes)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_DATA, &r))
        return -errno;
    r.rlim_cur = bytes == ALICE__NO_LIMIT ? RLIM_INFINITY : (rlim_t)bytes;
    return setrlimit(RLIMIT_DATA, &r) ? -errno : 0;
}

int alice__limits_get_thp_off(void)
{
    int off = prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0);
    return off < 0 ? -errno : off != 0;
}

int alice__limits_set_thp_off(int off)
{
    return prctl(PR_SET_THP_DISABLE, off, 0, 0, 0) ? -errno : 0;
}

int alice__limits_get_stack(size_t *bytes)
{
    pthread_attr_t attr;
    int bad = pthread_getattr_default_np(&attr);
    if (bad)
        return -bad;
    bad = pthread_attr_getstacksize(&attr, bytes);
    pthread_attr_destroy(&attr);
    return -bad;
}

int alice__limits_set_stack(size_t bytes)
{
    pthread_attr_t attr;
    int bad = pthread_getattr_default_np(&attr);
    if (bad)
        return -bad;
    bad = pthread_attr_setstacksize(&attr, bytes);
    if (!bad)
        bad = pthread_setattr_default_np(&attr);
    pthread_attr_destroy(&attr);
    return -bad;
}

void alice__limits_tighten_allocator(void)
{
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    mallopt(M_TRIM_THRESHOLD, 256 * 1024);
#endif
}

void alice__limits_trim_allocator(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
