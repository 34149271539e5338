/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "port/entropy.h"

#include <sys/random.h>
#include <time.h>

uint64_t alice__random64(void)
{
    uint64_t out = 0;
    if (getrandom(&out, sizeof out, GRND_NONBLOCK) == (ssize_t)sizeof out)
        return out;
    /* Early in boot, or under a filter: where we were loaded, and when. */
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    out = (uint64_t)now.tv_nsec * UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)now.tv_sec;
    return out ^ (uint64_t)(uintptr_t)&out ^ (uint64_t)(uintptr_t)&alice__random64 << 20;
}
