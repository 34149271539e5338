/* SPDX-License-Identifier: MIT */
/*
 * A hash table that grows and shrinks in small steps.
 *
 *     directory   [ 00 ][ 01 ][ 10 ][ 11 ]      by the top bits of the tag
 *                    |     |      \   /
 *     segments     16 KB  16 KB   16 KB         groups of eight, from the low bits;
 *                                               where one is full, in the next
 *
 * A segment that gets full splits in two, and only the directory (8 bytes to a
 * segment) ever doubles. A table that doubles as a whole would hold both copies
 * while it does, within the bound of a cache that is full, and would stop
 * everybody for as long. Segments that get empty are merged again, so that a
 * cache that was told to shrink gives its index back too.
 *
 * Invariants: a group fills from the front; what is not in its home group has only
 * full groups before it; a segment always has a group that is not full, so that
 * looking ends; the directory entries that share the segment's top `depth` bits all
 * point to it.
 */
#include "mem/index.h"
#include "base/check.h"

#include <string.h>

#define DEPTH_MAX 22

typedef struct alice__index_segment segment;
typedef struct alice__index_group group;

#define WAYS ALICE__INDEX_WAYS

size_t alice__index_segment_size(const struct alice__index *index)
{
    return sizeof(segment) + sizeof(group) + ((size_t)index->mask + 1) * sizeof(group);
}

static size_t segment_size(const struct alice__index *index)
{
    return alice__index_segment_size(index);
}

static uint32_t slots_of(const struct alice__index *index)
{
    return (index->mask + 1) * WAYS;
}

static uint32_t full_at(const struct alice__index *index)
{
    return slots_of(index) - slots_of(index) / 8;
}

static uint32_t merge_at(const struct alice__index *index)
{
    return slots_of(index) / 8;
}

void alice__index_init(struct alice__index *index, struct alice__allowance *allowance,
                       uint32_t slots)
{
    index->allowance = allowance;
    index->dir = NULL;
    index->depth = 0;
    index->mask = slots / WAYS - 1;
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
        alice__allowance_give(index->allowance, seg, segment_size(index));
    }
    alice__allowance_give(index->allowance, index->dir, count * sizeof *index->dir);
    index->dir = NULL;
    index->depth = 0;
}

static alice_status new_segment(struct alice__index *index, uint32_t depth, segment **out)
{
    void *p = NULL;
    alice_status st =
        alice__allowance_take(index->allowance, segment_size(index), ALICE_HERE, &p);
    if (st != ALICE_OK)
        return st;
    memset(p, 0, segment_size(index));
    *out = p;
    (*out)->depth = depth;
    return ALICE_OK;
}

static unsigned count_of(const group *g)
{
    unsigned n = 0;
    while (n < WAYS && g->handles[n])
        n++;
    return n;
}

static void put(struct alice__index *index, segment *seg, uint32_t tag, uint32_t handle)
{
    group *groups = alice__index_groups(seg);
    uint32_t at = alice__index_home(index, tag);
    while (alice__index_full(&groups[at]))
        at = (at + 1) & index->mask;
    unsigned n = count_of(&groups[at]);
    groups[at].tags[n] = tag;
    groups[at].handles[n] = handle;
    seg->used++;
}

/* Fill a hole with the last of its group. */
static void close_hole(group *g, unsigned way)
{
    unsigned last = count_of(g) - 1;
    g->tags[way] = g->tags[last];
    g->handles[way] = g->handles[last];
    g->tags[last] = 0;
    g->handles[last] = 0;
}

/* Which of a group may stand in group `at`, before it: not yet at home. WAYS: none. */
static unsigned displaced(const struct alice__index *index, const group *g, uint32_t here,
                          uint32_t at)
{
    for (unsigned i = 0; i < WAYS && g->handles[i]; i++) {
        uint32_t home = alice__index_home(index, g->tags[i]);
        if (((here - home) & index->mask) >= ((here - at) & index->mask))
            return i;
    }
    return WAYS;
}

/*
 * Take one out. Where its group was full, what passed it by may not be found any more
 * behind a group that is not: bring one back, and so on from where that one stood.
 */
static void take_out(struct alice__index *index, segment *seg, uint32_t at, unsigned way)
{
    group *groups = alice__index_groups(seg);
    bool was_full = alice__index_full(&groups[at]);
    close_hole(&groups[at], way);
    seg->used--;
    for (uint32_t here = (at + 1) & index->mask; was_full && here != at;
         here = (here + 1) & index->mask) {
        bool full = alice__index_full(&groups[here]);
        unsigned i = displaced(index, &groups[here], here, at);
        if (i < WAYS) {
            groups[at].tags[WAYS - 1] = groups[here].tags[i];
            groups[at].handles[WAYS - 1] = groups[here].handles[i];
            close_hole(&groups[here], i);
            at = here;
        }
        was_full = full;
    }
}

/* Where a handle is that is in the index. */
static uint32_t place_of(const struct alice__index *index, const segment *seg, uint32_t tag,
                         uint32_t handle, unsigned *way)
{
    const group *groups = alice__index_groups(seg);
    for (uint32_t at = alice__index_home(index, tag);; at = (at + 1) & index->mask) {
        for (*way = 0; *way < WAYS; ++*way) {
            if (groups[at].handles[*way] == handle)
                return at;
        }
        ALICE__CHECKED(alice__index_full(&groups[at]));
    }
}

static alice_status double_directory(struct alice__index *index)
{
    size_t count = (size_t)1 << index->depth;
    void *p = NULL;
    if (index->depth == DEPTH_MAX)
        return ALICE__ALLOWANCE_FULL;
    alice_status st =
        alice__allowance_take(index->allowance, 2 * count * sizeof *index->dir, ALICE_HERE, &p);
    if (st != ALICE_OK)
        return st;
    segment **dir = p;
    for (size_t i = 0; i < count; i++)
        dir[2 * i] = dir[2 * i + 1] = index->dir[i];
    alice__allowance_give(index->allowance, index->dir, count * sizeof *index->dir);
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
    /* From behind a group with room on, so that what is brought back was not passed. */
    group *groups = alice__index_groups(old);
    uint32_t start = 0;
    while (alice__index_full(&groups[start]))
        start++;
    for (uint32_t k = 1; k <= index->mask + 1; k++) {
        uint32_t at = (start + k) & index->mask;
        for (unsigned i = 0; i < WAYS && groups[at].handles[i];) {
            if (groups[at].tags[i] & bit) {
                put(index, new, groups[at].tags[i], groups[at].handles[i]);
                take_out(index, old, at, i); /* brings another to its place: look again */
            } else {
                i++;
            }
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
    const group *groups = alice__index_groups(gone);
    for (uint32_t at = 0; at <= index->mask; at++) {
        for (unsigned i = 0; i < WAYS && groups[at].handles[i]; i++)
            put(index, keep, groups[at].tags[i], groups[at].handles[i]);
    }
    size_t count;
    size_t first = first_of(index, tag, keep->depth - 1, &count);
    keep->depth--;
    for (size_t i = first; i < first + count; i++)
        index->dir[i] = keep;
    alice__allowance_give(index->allowance, gone, segment_size(index));
    return true;
}

alice_status alice__index_reserve(struct alice__index *index, uint32_t tag)
{
    alice_status st = ALICE_OK;
    if (!index->dir) {
        void *p = NULL;
        segment *seg = NULL;
        st = alice__allowance_take(index->allowance, sizeof *index->dir, ALICE_HERE, &p);
        if (st == ALICE_OK)
            st = new_segment(index, 0, &seg);
        if (st != ALICE_OK) {
            alice__allowance_give(index->allowance, p, sizeof *index->dir);
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

void alice__index_change(struct alice__index *index, uint32_t tag, uint32_t from, uint32_t to)
{
    segment *seg = alice__index_segment(index, tag);
    unsigned way;
    uint32_t at = place_of(index, seg, tag, from, &way);
    alice__index_groups(seg)[at].handles[way] = to;
}

void alice__index_remove(struct alice__index *index, uint32_t tag, uint32_t handle)
{
    segment *seg = alice__index_segment(index, tag);
    unsigned way;
    uint32_t at = place_of(index, seg, tag, handle, &way);
    take_out(index, seg, at, way);
    if (seg->used < merge_at(index)) {
        while (merge(index, tag))
            continue;
    }
}

/* Keep the `n` least in order; how many there are. One that is dropped is above all of them. */
static unsigned insert_sorted(uint32_t *tags, uint32_t *handles, unsigned have, unsigned n,
                              uint32_t tag, uint32_t handle)
{
    unsigned at = have;
    if (have == n && tag >= tags[n - 1])
        return have;
    if (have == n)
        at = --have;
    for (; at > 0 && tags[at - 1] > tag; at--) {
        tags[at] = tags[at - 1];
        handles[at] = handles[at - 1];
    }
    tags[at] = tag;
    handles[at] = handle;
    return have + 1;
}

unsigned alice__index_after(const struct alice__index *index, uint64_t *from, uint32_t *tags,
                            uint32_t *handles, unsigned n)
{
    unsigned have = 0;
    while (index->dir && have == 0 && *from <= UINT32_MAX) {
        const segment *seg = alice__index_segment(index, (uint32_t)*from);
        const group *groups = alice__index_groups(seg);
        uint64_t span = UINT64_C(1) << (32 - seg->depth);
        for (uint32_t at = 0; at <= index->mask; at++) {
            for (unsigned i = 0; i < WAYS && groups[at].handles[i]; i++) {
                if (groups[at].tags[i] >= *from)
                    have = insert_sorted(tags, handles, have, n, groups[at].tags[i],
                                         groups[at].handles[i]);
            }
        }
        if (have < n) {
            *from = (*from & ~(span - 1)) + span;
            continue;
        }
        /* There may be more of the last tag: those come together, the next time. */
        uint32_t last = tags[n - 1];
        while (have > 1 && tags[have - 1] == last)
            have--;
        *from = tags[have - 1] == last ? (uint64_t)last + 1 : last;
    }
    if (!index->dir)
        *from = (uint64_t)UINT32_MAX + 1;
    return have;
}

/* The group at `at`: in its segment, from the front, with full groups on the way to it. */
static bool check_group(const struct alice__index *index, const segment *seg, uint32_t at)
{
    const group *groups = alice__index_groups(seg);
    unsigned n = count_of(&groups[at]);
    for (unsigned i = n; i < WAYS; i++) {
        if (groups[at].handles[i])
            return false;
    }
    for (unsigned i = 0; i < n; i++) {
        uint32_t tag = groups[at].tags[i];
        if (alice__index_segment(index, tag) != seg)
            return false;
        for (uint32_t h = alice__index_home(index, tag); h != at; h = (h + 1) & index->mask) {
            if (!alice__index_full(&groups[h]))
                return false;
        }
    }
    return true;
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
        for (uint32_t at = 0; at <= index->mask; at++) {
            if (!check_group(index, seg, at))
                return false;
            here += count_of(&alice__index_groups(seg)[at]);
        }
        if (here != seg->used || here >= slots_of(index))
            return false;
        *used += here;
        d += span;
    }
    return true;
}
