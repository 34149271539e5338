/* SPDX-License-Identifier: MIT */
/* Threads: small stacks, no signals, names, and waits by the monotonic clock. */
#define _GNU_SOURCE
#include "port/thread.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

int alice__cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    int e = pthread_condattr_init(&attr);
    if (e)
        return -e;
    e = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (e == 0)
        e = pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
    return -e;
}

struct timespec alice__deadline(uint64_t ms)
{
    /* A century is forever, and safe to add to any clock. */
    const uint64_t most_ms = UINT64_C(100) * 365 * 24 * 3600 * 1000;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    if (ms > most_ms)
        ms = most_ms;
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

int alice__thread_start(pthread_t *thread, size_t stack_bytes, const char *name,
                        void *(*fn)(void *), void *arg)
{
    pthread_attr_t attr;
    int e = pthread_attr_init(&attr);
    if (e)
        return -e;
    e = pthread_attr_setstacksize(&attr, stack_bytes);
    if (e == 0) {
        /* The new thread inherits the mask: signals stay with the program's own threads. */
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        e = pthread_create(thread, &attr, fn, arg);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attr);
    if (e == 0 && name) {
        char cut[16];
        size_t n = strnlen(name, sizeof cut - 1);
        memcpy(cut, name, n);
        cut[n] = 0;
        pthread_setname_np(*thread, cut);
    }
    return -e;
}

size_t alice__thread_min_stack(void)
{
    long least = sysconf(_SC_THREAD_STACK_MIN);
    return least > 0 ? (size_t)least : 16384;
}
