/* SPDX-License-Identifier: MIT */
/*
 * Who goes first.
 *
 * LRU: one queue; a hit moves to its head, the tail goes.
 *
 * S3-FIFO: hits only count, nothing moves on a hit.
 *
 *     new ──▶ [small, 10 %] ───used──▶ [main, 90 %] ──▶ not used: gone
 *                   └─ not: gone, remembered by the ghost        └▶ used: again, one less
 *     new, and the ghost remembers ────────▶
 *
 * As published, two uses lead to the main queue and three are counted there. The
 * default is one and one: what is wanted now replaces what was wanted once sooner. On
 * the traces of test_hit_ratio the published one is up to 2 points below LRU where the
 * favourites change; the default is nowhere a tenth of a point below it, and up to 10 above.
 *
 * What is seen once passes through the small queue and never touches the main
 * one, so that a walk over a million files does not flush what is in use.
 *
 * An entry that is met pinned is parked in a queue of its own until it is released,
 * so that a search never meets it twice: each step is amortized over an eviction.
 */
#include "base/check.h"
#include "mem/cache_impl.h"

#define SMALL_SHARE 10 /* the small queue: one part of so many */

static struct queue *queue_of(struct shard *s, const struct entry *e)
{
    if (e->flags & ENTRY_PARKED)
        return &s->queues[QUEUE_PARKED];
    return &s->queues[e->flags & ENTRY_MAIN ? QUEUE_MAIN : QUEUE_SMALL];
}

static void link_head(struct shard *s, struct queue *q, struct entry *e, uint32_t handle)
{
    e->prev = 0;
    e->next = q->head;
    if (q->head)
        entry_at(s, q->head)->prev = handle;
    else
        q->tail = handle;
    q->head = handle;
}

static void unlink_from(struct shard *s, struct queue *q, const struct entry *e)
{
    if (e->next)
        entry_at(s, e->next)->prev = e->prev;
    else
        q->tail = e->prev;
    if (e->prev)
        entry_at(s, e->prev)->next = e->next;
    else
        q->head = e->next;
}

void alice__queue_push(struct shard *s, struct entry *e, uint32_t handle)
{
    struct queue *q = queue_of(s, e);
    link_head(s, q, e, handle);
    q->items++;
    q->bytes += alice__entry_cost(s, e, handle);
}

void alice__queue_unlink(struct shard *s, struct entry *e, uint32_t handle)
{
    struct queue *q = queue_of(s, e);
    unlink_from(s, q, e);
    ALICE__CHECKED(q->items > 0);
    q->items--;
    q->bytes -= alice__entry_cost(s, e, handle);
}

void alice__queue_front(struct shard *s, struct entry *e, uint32_t handle)
{
    struct queue *q = queue_of(s, e);
    unlink_from(s, q, e);
    link_head(s, q, e, handle);
}

void alice__queue_unpark(struct shard *s, struct entry *e)
{
    uint32_t handle = e->prev ? entry_at(s, e->prev)->next : s->queues[QUEUE_PARKED].head;
    alice__queue_unlink(s, e, handle);
    e->flags = (uint16_t)(e->flags & ~ENTRY_PARKED);
    alice__queue_push(s, e, handle);
}

void alice__queue_moved(struct shard *s, struct entry *e, uint32_t handle)
{
    struct queue *q = queue_of(s, e);
    if (e->next)
        entry_at(s, e->next)->prev = handle;
    else
        q->tail = handle;
    if (e->prev)
        entry_at(s, e->prev)->next = handle;
    else
        q->head = handle;
}

static void set_freq(struct entry *e, unsigned freq)
{
    e->flags = (uint16_t)((e->flags & ~(unsigned)ENTRY_FREQ) | freq << ENTRY_FREQ_SHIFT);
}

static unsigned freq_of(const struct entry *e)
{
    return (e->flags & ENTRY_FREQ) >> ENTRY_FREQ_SHIFT;
}

void alice__policy_admit(struct shard *s, struct entry *e)
{
    if (!s->cache->s3fifo || alice__ghost_take(&s->ghost, e->tag))
        e->flags |= ENTRY_MAIN;
}

/* The tail of a queue, with what is pinned taken out of the way. */
static struct entry *tail_of(struct shard *s, struct queue *q, uint32_t *handle)
{
    while (q->tail) {
        struct entry *e = entry_at(s, q->tail);
        *handle = q->tail;
        if (!alice__pins_watch(&e->pins))
            return e;
        alice__queue_unlink(s, e, *handle);
        e->flags |= ENTRY_PARKED;
        alice__queue_push(s, e, *handle);
    }
    return NULL;
}

static bool evict_small(struct shard *s, struct graves *graves)
{
    struct entry *e;
    uint32_t handle = 0;
    while ((e = tail_of(s, &s->queues[QUEUE_SMALL], &handle)) != NULL) {
        if (freq_of(e) < s->cache->promote_at) {
            alice__ghost_add(&s->ghost, e->tag);
            alice__cache_leave(s, e, handle, ALICE_CACHE_EVICTED, graves);
            return true;
        }
        alice__queue_unlink(s, e, handle);
        set_freq(e, 0);
        e->flags |= ENTRY_MAIN;
        alice__queue_push(s, e, handle);
    }
    return false;
}

static bool evict_main(struct shard *s, struct graves *graves)
{
    struct entry *e;
    uint32_t handle = 0;
    while ((e = tail_of(s, &s->queues[QUEUE_MAIN], &handle)) != NULL) {
        if (freq_of(e) == 0) {
            alice__cache_leave(s, e, handle, ALICE_CACHE_EVICTED, graves);
            return true;
        }
        alice__queue_unlink(s, e, handle);
        set_freq(e, freq_of(e) - 1);
        alice__queue_push(s, e, handle);
    }
    return false;
}

size_t alice__ghost_wanted(const struct shard *s)
{
    return s->items - s->items / SMALL_SHARE;
}

bool alice__policy_evict(struct shard *s, struct graves *graves)
{
    const struct queue *small = &s->queues[QUEUE_SMALL];
    const struct queue *main = &s->queues[QUEUE_MAIN];
    if (!s->cache->s3fifo)
        return evict_main(s, graves);
    size_t fit = alice__ghost_wanted(s);
    size_t has = (size_t)s->ghost.buckets * ALICE__GHOST_WAYS;
    if (fit > has + has / 4 + ALICE__GHOST_WAYS || fit + ALICE__GHOST_WAYS < has - has / 4)
        s->ghost_unfit = true;
    if (small->bytes >= (small->bytes + main->bytes) / SMALL_SHARE)
        return evict_small(s, graves) || evict_main(s, graves);
    return evict_main(s, graves) || evict_small(s, graves);
}
