/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CATALOG_FINGERPRINTS_H
#define ALICE_CATALOG_FINGERPRINTS_H

/*
 * The fingerprints that are not yet in the index on disk: a bounded hash table
 * of (key, row id) in one charged block. It is sorted in place when it is
 * merged into the index, and empty afterwards.
 */

#include <alice/env.h>

typedef struct alice__fingerprints {
    alice_env env;
    uint64_t *slot; /* key (its sign flipped, to sort as the index does) << 32 | id - floor; 0:
                       free */
    size_t size;    /* slots, a power of two */
    size_t count, limit;
    int64_t floor;  /* every id is above it */
    int64_t last;   /* the highest id; floor when empty */
    bool sorted;    /* slot[0..count) are in order, nothing can be looked up */
    size_t changes; /* since the last check, in builds that check */
} alice__fingerprints;

/* At most `bytes`, at least room for 48. */
alice_status alice__fingerprints_open(alice__fingerprints *p, const alice_env *env,
                                      size_t bytes);
void alice__fingerprints_close(alice__fingerprints *p);
/* Forget all; ids to come are above `floor`. */
void alice__fingerprints_clear(alice__fingerprints *p, int64_t floor);

/* False: full (or `id` too far from the floor); nothing changed. */
bool alice__fingerprints_add(alice__fingerprints *p, uint32_t key, int64_t id);
/* The smallest id above `after` with this key; 0: none. */
int64_t alice__fingerprints_next(const alice__fingerprints *p, uint32_t key, int64_t after);

/* Sort; afterwards only alice__fingerprints_at() and alice__fingerprints_clear() are allowed.
 */
void alice__fingerprints_sort(alice__fingerprints *p);
int64_t alice__fingerprints_at(const alice__fingerprints *p, size_t i, uint32_t *key);

/* Prove the table: each entry is found from its home slot on. For tests. */
bool alice__fingerprints_check(const alice__fingerprints *p);

#endif
