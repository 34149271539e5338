/* SPDX-License-Identifier: MIT */
/* The system's clocks. Neither call can fail on Linux with these clock ids. */
#include "port/clock.h"

#include <time.h>

uint64_t alice__clock_now_ns(void)
{
    struct timespec ts = {0};
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t alice__clock_coarse_ns(void)
{
    struct timespec ts = {0};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int64_t alice__clock_wall_s(void)
{
    struct timespec ts = {0};
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec;
}
