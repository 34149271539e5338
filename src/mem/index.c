/* SPDX-License-Identifier: MIT */
/*
 * A hash table that grows and shrinks in small steps.
 *
 *     directory   [ 00 ][ 01 ][ 10 ][ 11 ]      by the top bits of the tag
 *                    |     |      \   /
 *     segments     16 KB  16 KB   16 KB         linear probing, from the low bits
 *
 * A segment that gets full splits in two, and only the directory (8 bytes to a
 * segment) ever doubles. A table that doubles as a whole would hold both copies
 * while it does, within the bound of a cache that is full, and would stop
 * everybody for as long. Segments that get empty are merged again, so that a
 * cache that was told to shrink gives its index back too.
 *
 * Invariants: a segment always has an empty slot, so that probing ends; the
 * directory entries that share the segment's top `depth` bits all point to it.
 */
#include "mem/index.h"

#include <assert.h>
#include <string.h>

#define DEPTH_MAX 22

typedef struct alice__index_segment segment;
typedef struct alice__index_slot slot;

static size_t segment_size(const struct alice__index *index)
{
    return sizeof(segment) + ((size_t)index->mask + 1) * sizeof(slot);
}

static uint32_t full_at(const struct alice__index *index)
{
    return index->mask - index->mask / 8;
}

static uint32_t merge_at(const struct alice__index *index)
{
    return index->mask / 8;
}

void alice__index_init(struct alice__index *index, struct alice__purse *purse, uint32_t slots)
{
    index->purse = purse;
    index->dir = NULL;
    index->depth = 0;
    index->mask = slots - 1;
}

/* The directory entries that point to the segment of `tag`. */
static size_t first_of(const struct alice__index *index, uint32_t tag, uint32_t depth,
                       size_t *count)
{
    *count = (size_t)1 << (index->depth - depth);
    return (size_t)((uint64_t)tag << index->depth >> 32) & ~(*count - 1);
}

void alice__index_clear(struct alice__index *index)
{
    if (!index->dir)
        return;
    size_t count = (size_t)1 << index->depth;
    for (size_t i = 0; i < count;) {
        segment *seg = index->dir[i];
        i += (size_t)1 << (index->depth - seg->depth);
        alice__purse_give(index->purse, seg, segment_size(index));
    }
    alice__purse_give(index->purse, index->dir, count * sizeof *index->dir);
    index->dir = NULL;
    index->depth = 0;
}

static alice_status new_segment(struct alice__index *index, uint32_t depth, segment **out)
{
    void *p = NULL;
    alice_status st = alice__purse_take(index->purse, segment_size(index), ALICE_HERE, &p);
    if (st != ALICE_OK)
        return st;
    memset(p, 0, segment_size(index));
    *out = p;
    (*out)->depth = depth;
    return ALICE_OK;
}

static void put(struct alice__index *index, segment *seg, uint32_t tag, uint32_t handle)
{
    uint32_t i = tag & index->mask;
    while (seg->slots[i].handle)
        i = (i + 1) & index->mask;
    seg->slots[i] = (slot){tag, handle};
    seg->used++;
}

/* Empty slot `i`, and move back what probing would not find behind it any more. */
static void take_out(struct alice__index *index, segment *seg, uint32_t i)
{
    uint32_t mask = index->mask;
    for (uint32_t j = (i + 1) & mask; seg->slots[j].handle; j = (j + 1) & mask) {
        uint32_t home = seg->slots[j].tag & mask;
        if (((j - home) & mask) >= ((j - i) & mask)) {
            seg->slots[i] = seg->slots[j];
            i = j;
        }
    }
    seg->slots[i] = (slot){0, 0};
    seg->used--;
}

static alice_status double_directory(struct alice__index *index)
{
    size_t count = (size_t)1 << index->depth;
    void *p = NULL;
    if (index->depth == DEPTH_MAX)
        return ALICE__PURSE_FULL;
    alice_status st =
        alice__purse_take(index->purse, 2 * count * sizeof *index->dir, ALICE_HERE, &p);
    if (st != ALICE_OK)
        return st;
    segment **dir = p;
    for (size_t i = 0; i < count; i++)
        dir[2 * i] = dir[2 * i + 1] = index->dir[i];
    alice__purse_give(index->purse, index->dir, count * sizeof *index->dir);
    index->dir = dir;
    index->depth++;
    return ALICE_OK;
}

/* Split the segment of `tag`: what has the next bit set moves to a new one. */
static alice_status split(struct alice__index *index, uint32_t tag)
{
    segment *old = alice__index_segment(index, tag);
    segment *new = NULL;
    alice_status st = ALICE_OK;
    if (old->depth == index->depth)
        st = double_directory(index);
    if (st == ALICE_OK)
        st = new_segment(index, old->depth + 1, &new);
    if (st != ALICE_OK)
        return st;
    size_t count;
    size_t first = first_of(index, tag, old->depth, &count);
    uint32_t bit = 1U << (31 - old->depth);
    old->depth++;
    for (size_t i = first + count / 2; i < first + count; i++)
        index->dir[i] = new;
    /* From behind an empty slot on, so that no run of slots is met in its middle. */
    uint32_t start = 0;
    while (old->slots[start].handle)
        start++;
    for (uint32_t k = 0; k <= index->mask;) {
        uint32_t i = (start + k) & index->mask;
        if (old->slots[i].handle && (old->slots[i].tag & bit)) {
            put(index, new, old->slots[i].tag, old->slots[i].handle);
            take_out(index, old, i); /* may bring another to i: look again */
        } else {
            k++;
        }
    }
    return ALICE_OK;
}

/* Where the segment of `tag` and its neighbour fit into one, let them. */
static bool merge(struct alice__index *index, uint32_t tag)
{
    segment *keep = alice__index_segment(index, tag);
    if (keep->depth == 0)
        return false;
    uint32_t bit = 1U << (32 - keep->depth);
    segment *gone = alice__index_segment(index, tag ^ bit);
    if (gone->depth != keep->depth || gone->used + keep->used > full_at(index) / 2)
        return false;
    for (uint32_t i = 0; i <= index->mask; i++) {
        if (gone->slots[i].handle)
            put(index, keep, gone->slots[i].tag, gone->slots[i].handle);
    }
    size_t count;
    size_t first = first_of(index, tag, keep->depth - 1, &count);
    keep->depth--;
    for (size_t i = first; i < first + count; i++)
        index->dir[i] = keep;
    alice__purse_give(index->purse, gone, segment_size(index));
    return true;
}

alice_status alice__index_reserve(struct alice__index *index, uint32_t tag)
{
    alice_status st = ALICE_OK;
    if (!index->dir) {
        void *p = NULL;
        segment *seg = NULL;
        st = alice__purse_take(index->purse, sizeof *index->dir, ALICE_HERE, &p);
        if (st == ALICE_OK)
            st = new_segment(index, 0, &seg);
        if (st != ALICE_OK) {
            alice__purse_give(index->purse, p, sizeof *index->dir);
            return st;
        }
        index->dir = p;
        index->dir[0] = seg;
    }
    while (st == ALICE_OK && alice__index_segment(index, tag)->used >= full_at(index))
        st = split(index, tag);
    return st;
}

void alice__index_add(struct alice__index *index, uint32_t tag, uint32_t handle)
{
    put(index, alice__index_segment(index, tag), tag, handle);
}

slot *alice__index_slot_of(const struct alice__index *index, uint32_t tag, uint32_t handle)
{
    segment *seg = alice__index_segment(index, tag);
    uint32_t i = tag & index->mask;
    while (seg->slots[i].handle != handle) {
        assert(seg->slots[i].handle);
        i = (i + 1) & index->mask;
    }
    return &seg->slots[i];
}

void alice__index_remove(struct alice__index *index, uint32_t tag, uint32_t handle)
{
    segment *seg = alice__index_segment(index, tag);
    const slot *at = alice__index_slot_of(index, tag, handle);
    take_out(index, seg, (uint32_t)(at - seg->slots));
    if (seg->used < merge_at(index)) {
        while (merge(index, tag))
            continue;
    }
}

bool alice__index_check(const struct alice__index *index, size_t *used)
{
    *used = 0;
    if (!index->dir)
        return true;
    size_t count = (size_t)1 << index->depth;
    for (size_t d = 0; d < count;) {
        const segment *seg = index->dir[d];
        uint32_t here = 0;
        if (seg->depth > index->depth)
            return false;
        size_t span = (size_t)1 << (index->depth - seg->depth);
        if (d % span != 0)
            return false;
        for (size_t i = d; i < d + span; i++) {
            if (index->dir[i] != seg)
                return false;
        }
        for (uint32_t i = 0; i <= index->mask; i++) {
            const slot *s = &seg->slots[i];
            if (!s->handle)
                continue;
            here++;
            if (alice__index_segment(index, s->tag) != seg)
                return false;
            for (uint32_t j = s->tag & index->mask; j != i; j = (j + 1) & index->mask) {
                if (!seg->slots[j].handle)
                    return false;
            }
        }
        if (here != seg->used || here > index->mask)
            return false;
        *used += here;
        d += span;
    }
    return true;
}
