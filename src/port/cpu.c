/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "port/cpu.h"

#include <sched.h>
#include <unistd.h>

unsigned alice__cpu_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
    /* More processors than a cpu_set_t holds: ask the plain way. */
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}
