/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_INDEX_H
#define ALICE_MEM_INDEX_H

/*
 * From a 32-bit tag (a part of a hash) to 31-bit handles. See index.c.
 */

#include "mem/purse.h"

struct alice__index_slot {
    uint32_t tag;
    uint32_t handle; /* 0: empty */
};

struct alice__index_segment {
    uint32_t used;
    uint32_t depth; /* how many top bits of the tag led here */
    struct alice__index_slot slots[];
};

struct alice__index {
    struct alice__purse *purse;
    struct alice__index_segment **dir; /* 1 << depth pointers; NULL: nothing is stored */
    uint32_t depth;
    uint32_t mask; /* slots of a segment, less one */
};

/* Segments of `slots`, a power of two. Takes nothing yet. */
void alice__index_init(struct alice__index *index, struct alice__purse *purse, uint32_t slots);
void alice__index_clear(struct alice__index *index);

/* Make sure that one handle with this tag can be added. */
alice_status alice__index_reserve(struct alice__index *index, uint32_t tag);

/* Add a handle; its place was reserved, and nothing else was added since. */
void alice__index_add(struct alice__index *index, uint32_t tag, uint32_t handle);

/* The slot of a handle that is in the index. */
struct alice__index_slot *alice__index_slot_of(const struct alice__index *index, uint32_t tag,
                                               uint32_t handle);

/* Remove a handle that is in the index. */
void alice__index_remove(struct alice__index *index, uint32_t tag, uint32_t handle);

/* Every handle can be found; `*used` is how many there are. */
bool alice__index_check(const struct alice__index *index, size_t *used);

static inline struct alice__index_segment *
alice__index_segment(const struct alice__index *index, uint32_t tag)
{
    return index->dir[(uint64_t)tag << index->depth >> 32];
}

#endif
