/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_PARTS_H
#define ALICE_PORT_PARTS_H

/* The versions of the libraries that are linked or loaded, and what the running kernel offers.
 */

#include <stdbool.h>
#include <stddef.h>

typedef struct alice__part {
    const char *name, *without;
    bool kernel;
    bool (*look)(char *version, size_t size); /* false: it is not there */
} alice__part;

/* NULL behind the last. */
const alice__part *alice__part_at(size_t index);

#endif
