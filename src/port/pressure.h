/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_PRESSURE_H
#define ALICE_PORT_PRESSURE_H

/*
 * Sleeping until the kernel tells of pressure: a PSI trigger (of the group under
 * v2, else of the machine), memory.events of a v2 group, a usage threshold of a
 * v1 group; and a descriptor to be woken by.
 */

#include "port/meminfo.h"

enum { ALICE__PRESSURE_PSI = 1, ALICE__PRESSURE_CGROUP = 2, ALICE__PRESSURE_WOKEN = 4 };

typedef struct alice__pressure {
    int psi;       /* POLLPRI on a trigger */
    int events;    /* POLLPRI on memory.events */
    int threshold; /* eventfd of a v1 threshold */
    int wake;      /* eventfd */
} alice__pressure;

/* 0, or -errno of the last try where the kernel offers nothing (nothing is open then). */
int alice__pressure_open(alice__pressure *p, const char *root, const alice__cgroup *group,
                         uint64_t stall_us, uint64_t window_us);

/* Wait; `timeout_ms` below 0: for ever. A mask of what happened, 0 on time-out. */
int alice__pressure_wait(alice__pressure *p, int timeout_ms);

/* Wait for the wake-up only. True: woken. */
bool alice__pressure_pause(alice__pressure *p, int timeout_ms);

void alice__pressure_wake(alice__pressure *p);
void alice__pressure_close(alice__pressure *p);

#endif
