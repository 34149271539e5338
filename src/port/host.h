/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_HOST_H
#define ALICE_PORT_HOST_H

/*
 * Which process this is, and on which machine: for texts that name the holder of a lock, and
 * for handles to know whether they were inherited by a child.
 */

#include <stddef.h>

long alice__host_pid(void);
/* The machine's name, terminated, maybe cut; "localhost" where it has none. */
void alice__host_name(char *buf, size_t size);

/* Names this machine since it was started: the same in all its containers. "unknown" where the
   kernel does not say. */
void alice__host_boot(char *buf, size_t size);

void alice__host_pause(int ms);

#endif
