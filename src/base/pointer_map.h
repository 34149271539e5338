/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_POINTER_MAP_H
#define ALICE_BASE_POINTER_MAP_H

/*
 * A hash table by address, over memory that the caller brings: open addressing,
 * linear probing, deletion by moving entries back, so that nothing is left behind
 * by what was removed. Entries are structures that begin with their key, which is
 * never 0; an empty place is all zeros. At most three quarters of the places are
 * used. No locks.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct alice__pmap {
    uint8_t *entries;
    size_t entry_bytes; /* a multiple of the key's size */
    size_t cap;         /* a power of two, or 0 */
    size_t count;
} alice__pmap;

/* A good spread of addresses. */
static inline uint64_t alice__pointer_hash(uintptr_t key)
{
    uint64_t h = (uint64_t)key * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 32;
}

/* Whether another entry would have to wait for more memory. */
static inline bool alice__pmap_full(const alice__pmap *m)
{
    return m->count >= m->cap / 4 * 3;
}

static inline void *alice__pmap_at(const alice__pmap *m, size_t i)
{
    return m->entries + i * m->entry_bytes;
}

/* The entry of `key`, or NULL. */
void *alice__pmap_find(const alice__pmap *m, uintptr_t key);
/* A new entry, zeros but for its key; the key must not be there, and the map not full. */
void *alice__pmap_add(alice__pmap *m, uintptr_t key);
/* Remove an entry that find() gave. Other entries may move. */
void alice__pmap_remove(alice__pmap *m, void *entry);
/* Use `memory` (zeros, of cap * entry_bytes, cap a larger power of two) instead; answers the
 * old memory. */
void *alice__pmap_rehash(alice__pmap *m, void *memory, size_t cap);

#endif
