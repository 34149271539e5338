/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_LIMITS_H
#define ALICE_PORT_LIMITS_H

/*
 * What a process can be held to, and how the C library's allocator is kept
 * small. Functions that answer int give 0 or -errno.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No limit. */
#define ALICE__NO_LIMIT UINT64_MAX

/* Whether this code was compiled with a sanitizer that maps more than any limit. */
bool alice__limits_sanitized(void);

/* The soft RLIMIT_DATA. */
int alice__limits_get_data(uint64_t *bytes);
int alice__limits_set_data(uint64_t bytes);

/* Transparent huge pages of this process: 1 off, 0 as the machine has them. */
int alice__limits_get_thp_off(void);
int alice__limits_set_thp_off(int off);

/* The stack of threads that name none. -ENOSYS where the C library cannot say. */
int alice__limits_get_stack(size_t *bytes);
int alice__limits_set_stack(size_t bytes);

/* How many descriptors this process may have open at once. */
unsigned alice__limits_descriptors(void);
/* How many it has open; a guess where /proc is not to be read. */
unsigned alice__limits_descriptors_open(void);

/*
 * Two arenas at most, and fixed thresholds. glibc's own float: freeing a mapped
 * block of n bytes raises the size from which blocks are mapped to n (up to 32
 * MB) and what is kept at the heap's end to 2n, so that later such blocks come
 * from the heap and stay resident after they are freed.
 */
void alice__limits_tighten_allocator(void);

/* Give the allocator's free pages back to the system, where it can be asked to. */
void alice__limits_trim_allocator(void);

#endif
