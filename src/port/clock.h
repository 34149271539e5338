/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_CLOCK_H
#define ALICE_PORT_CLOCK_H

/* The system's clocks. */

#include <stdint.h>

/* Monotonic nanoseconds. */
uint64_t alice__clock_now_ns(void);

/* The same to within a tick of the system, 1 to 10 ms, at a quarter of the price. */
uint64_t alice__clock_coarse_ns(void);

/* Seconds since 1970-01-01 UTC. */
int64_t alice__clock_wall_s(void);

#endif
