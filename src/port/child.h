/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_CHILD_H
#define ALICE_PORT_CHILD_H

/* Another program, whose output is read. */

#include <stddef.h>

typedef struct alice__child {
    long pid;
    int out; /* what it prints */
} alice__child;

/* Start argv[0], a path, with no environment and no input; what it complains of is not heard.
 * The list ends with NULL. 0 or -errno. */
int alice__child_start(alice__child *child, const char *const *argv);

/* Read what it prints, up to `n` bytes; `*got` 0: the end. 0 or -errno. */
int alice__child_read(const alice__child *child, void *to, size_t n, size_t *got);

/* Read no more, and wait until it has ended. 0: with success; -ECHILD: with failure, or nobody
 * can tell, since the process does not care for its children. */
int alice__child_end(alice__child *child);

#endif
