/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_INDEX_H
#define ALICE_MEM_INDEX_H

/*
 * From a 32-bit tag (a part of a hash) to 31-bit handles. See index.c.
 */

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "mem/allowance.h"

#define ALICE__INDEX_WAYS 8

/*
 * Eight tags and their handles, one cache line: all eight are compared at once, so
 * that finding a tag costs one line and hardly a branch that can be guessed wrong.
 */
struct alice__index_group {
    uint32_t tags[ALICE__INDEX_WAYS];
    uint32_t handles[ALICE__INDEX_WAYS]; /* 0: empty */
};

struct alice__index_segment {
    uint32_t used;
    uint32_t depth; /* how many top bits of the tag led here */
    uint8_t room[]; /* for the groups, to start at a cache line */
};

struct alice__index {
    struct alice__allowance *allowance;
    struct alice__index_segment **dir; /* 1 << depth pointers; NULL: nothing is stored */
    uint32_t depth;
    uint32_t mask; /* groups of a segment, less one */
};

/* Segments of `slots`, a power of two from 8 on. Takes nothing yet. */
void alice__index_init(struct alice__index *index, struct alice__allowance *allowance,
                       uint32_t slots);
void alice__index_clear(struct alice__index *index);

/* Make sure that one handle with this tag can be added. */
alice_status alice__index_reserve(struct alice__index *index, uint32_t tag);

/* Add a handle; its place was reserved, and nothing else was added since. */
void alice__index_add(struct alice__index *index, uint32_t tag, uint32_t handle);

/* A handle that is in the index becomes another. */
void alice__index_change(struct alice__index *index, uint32_t tag, uint32_t from, uint32_t to);

/* Bytes that a segment takes. */
size_t alice__index_segment_size(const struct alice__index *index);

/* Remove a handle that is in the index. */
void alice__index_remove(struct alice__index *index, uint32_t tag, uint32_t handle);

/*
 * The least tags from `*from` on, in order, and their handles: up to `n` of those in the first
 * segment that has any. `*from` becomes the first that was not looked at, UINT32_MAX + 1 at
 * the end.
 */
unsigned alice__index_after(const struct alice__index *index, uint64_t *from, uint32_t *tags,
                            uint32_t *handles, unsigned n);

/* Every handle can be found; `*used` is how many there are. */
bool alice__index_check(const struct alice__index *index, size_t *used);

static inline struct alice__index_segment *
alice__index_segment(const struct alice__index *index, uint32_t tag)
{
    return index->dir[(uint64_t)tag << index->depth >> 32];
}

static inline struct alice__index_group *
alice__index_groups(const struct alice__index_segment *segment)
{
    const uintptr_t line = sizeof(struct alice__index_group);
    return (void *)(((uintptr_t)segment->room + line - 1) & ~(line - 1));
}

/* The group where a tag is looked for first. */
static inline uint32_t alice__index_home(const struct alice__index *index, uint32_t tag)
{
    return tag & index->mask;
}

/* One bit for each of the eight that is `tag`. */
static inline unsigned alice__index_match(const struct alice__index_group *group, uint32_t tag)
{
#if defined(__SSE2__)
    const __m128i *tags = (const void *)group->tags;
    __m128i wanted = _mm_set1_epi32((int)tag);
    __m128i low = _mm_cmpeq_epi32(_mm_load_si128(tags), wanted);
    __m128i high = _mm_cmpeq_epi32(_mm_load_si128(tags + 1), wanted);
    __m128i words = _mm_packs_epi32(low, high);
    return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(words, words)) & 0xff;
#else
    unsigned found = 0;
    for (unsigned i = 0; i < ALICE__INDEX_WAYS; i++)
        found |= (unsigned)(group->tags[i] == tag) << i;
    return found;
#endif
}

/* The last of a full group is never empty: groups fill from the front. */
static inline bool alice__index_full(const struct alice__index_group *group)
{
    return group->handles[ALICE__INDEX_WAYS - 1] != 0;
}

#endif
