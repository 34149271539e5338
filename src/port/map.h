/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_MAP_H
#define ALICE_PORT_MAP_H

/*
 * Mapping a range of a file to read, under a guard: a SIGBUS inside a guarded range
 * puts a page of zeros where it happened and marks the guard.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t alice__page_bytes(void);

/* A guarded range, known to the handler while it is armed. Stays where it is. */
typedef struct alice__guard {
    _Atomic uintptr_t begin, end;
    atomic_bool hit;
    int slot; /* the registry's; -1: none */
} alice__guard;

/* Take part in the handler, which is installed with the first guard. -EAGAIN: too many guards
 * at once. */
int alice__guard_enter(alice__guard *g);
/* Leave; with the last the handler that was there before is put back. */
void alice__guard_leave(alice__guard *g);

/* Map `n` bytes at `offset` (of whole pages) and arm the guard for them. 0 or -errno. */
int alice__map(int fd, uint64_t offset, size_t n, alice__guard *g, void **out);
void alice__unmap(void *p, size_t n, alice__guard *g);

#endif
