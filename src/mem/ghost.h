/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_GHOST_H
#define ALICE_MEM_GHOST_H

/*
 * Which keys left lately: two bytes a key.
 *
 * A first-in first-out of the last `buckets * 32` tags, cut into buckets that
 * are one cache line each, newest first. It forgets in nearly the order of one
 * long queue, because tags spread evenly; and takes a stranger for a key that
 * left once in about 2000 lookups, which costs the stranger a place in the main
 * queue and nothing else. An exact queue with its own index would cost ten times
 * the memory.
 */

#include "mem/allowance.h"

#define ALICE__GHOST_WAYS 32

struct alice__ghost {
    uint16_t *tags; /* NULL: nothing is remembered */
    uint32_t buckets;
};

/* Bytes for a memory of about `count` keys, and how many buckets that are. */
uint32_t alice__ghost_buckets(size_t count);

/* Change the size (0: none) and forget. On failure nothing is remembered. */
alice_status alice__ghost_size(struct alice__ghost *ghost, struct alice__allowance *allowance,
                               uint32_t buckets);

void alice__ghost_add(struct alice__ghost *ghost, uint32_t tag);

/* Whether the tag is remembered; forgets it. */
bool alice__ghost_take(struct alice__ghost *ghost, uint32_t tag);

#endif
