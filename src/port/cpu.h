/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_CPU_H
#define ALICE_PORT_CPU_H

/* How many processors this process may use; at least 1. */
unsigned alice__cpu_count(void);

#endif
