/* SPDX-License-Identifier: MIT */
/*
 * The checker: what the structures of the cache say of each other has to agree.
 */
#include "base/check.h"
#include "mem/cache_impl.h"

#include "base/error.h"

struct tally {
    size_t indexed, dead, pinned, timed, outside;
    size_t queued[QUEUES], bytes[QUEUES];
};

static unsigned queue_index(const struct entry *e)
{
    if (e->flags & ENTRY_PARKED)
        return QUEUE_PARKED;
    return e->flags & ENTRY_MAIN ? QUEUE_MAIN : QUEUE_SMALL;
}

static const char *check_entry(struct shard *s, struct entry *e, uint32_t handle,
                               struct tally *t)
{
    t->outside += alice__entry_outside(s->cache, e);
    unsigned mark = __atomic_load_n(&e->pins, __ATOMIC_ACQUIRE);
    unsigned pins = mark & ~(unsigned)ALICE__PINS_WATCHED;
    t->pinned += pins;
    if ((mark & ALICE__PINS_WATCHED) ? pins == 0 : (e->flags & ENTRY_PARKED) != 0)
        return "an entry is in the way and nobody will say when it is let go of";
    if (e->flags & ENTRY_DEAD) {
        t->dead++;
        if (e->tag != handle || (e->flags & ENTRY_INDEXED))
            return "a dead entry does not know its handle";
        return NULL;
    }
    if (!(e->flags & ENTRY_INDEXED))
        return "an entry is neither indexed nor dead";
    t->indexed++;
    t->timed += (e->flags & ENTRY_TIMED) != 0;
    t->queued[queue_index(e)]++;
    t->bytes[queue_index(e)] += alice__entry_cost(s, e, handle);
    if (alice__cache_find(s, alice__entry_key(s->cache, e), e->tag) != handle)
        return "an entry is not found by its key";
    return NULL;
}

static const char *check_entries(struct shard *s, struct tally *t)
{
    for (uint32_t p = 1; p < s->slab.page_count; p++) {
        const struct alice__page *page = &s->slab.pages[p];
        if (!page->mem)
            continue;
        size_t grains = alice__slab_class_size(page->cls) / ALICE__SLAB_GRAIN;
        for (unsigned i = 0; i < page->fresh; i++) {
            uint32_t handle = p << s->slab.shift | (uint32_t)(i * grains);
            struct entry *e = entry_at(s, handle);
            const char *bad = e->flags ? check_entry(s, e, handle, t) : NULL;
            if (bad)
                return bad;
        }
    }
    return NULL;
}

static const char *check_queue(struct shard *s, unsigned i, const struct tally *t)
{
    const struct queue *q = &s->queues[i];
    size_t items = 0;
    uint32_t before = 0;
    for (uint32_t h = q->head; h; h = entry_at(s, h)->next) {
        const struct entry *e = entry_at(s, h);
        if (e->prev != before || queue_index(e) != i || items++ > s->items)
            return "a queue is linked wrongly";
        before = h;
    }
    if (q->tail != before || items != q->items || items != t->queued[i] ||
        q->bytes != t->bytes[i])
        return "a queue counts wrongly";
    return NULL;
}

static const char *check_wheel(struct shard *s, const struct tally *t)
{
    size_t timed = 0;
    for (unsigned l = 0; s->wheel && l < WHEEL_LEVELS; l++) {
        for (unsigned i = 0; i < WHEEL_SLOTS; i++) {
            uint32_t before = WHEEL_HEAD | l * WHEEL_SLOTS | i;
            uint32_t first = s->wheel->slots[l][i];
            if ((first != 0) != (s->wheel->full[l] >> i & 1))
                return "the wheel's map is wrong";
            for (uint32_t h = first; h; h = timing_of(entry_at(s, h))->next) {
                struct entry *e = entry_at(s, h);
                if (!(e->flags & ENTRY_TIMED) || timing_of(e)->prev != before ||
                    timed++ > s->items)
                    return "the wheel is linked wrongly";
                before = h;
            }
        }
    }
    return timed == t->timed ? NULL : "the wheel counts wrongly";
}

/* All that is held, but for what is charged by loads and sets under way. */
static size_t known_bytes(const struct shard *s, const struct tally *t)
{
    const struct alice__index *x = &s->index;
    size_t sum = t->outside + alice__slab_pages_cost(&s->slab);
    if (s->slab.pages)
        sum += alice__block_cost(s->slab.page_room * sizeof *s->slab.pages);
    if (s->ghost.tags)
        sum +=
            alice__block_cost((size_t)s->ghost.buckets * ALICE__GHOST_WAYS * sizeof(uint16_t));
    if (s->wheel)
        sum += alice__block_cost(sizeof *s->wheel);
    size_t count = x->dir ? (size_t)1 << x->depth : 0;
    if (count)
        sum += alice__block_cost(count * sizeof *x->dir);
    for (size_t i = 0; i < count; i += (size_t)1 << (x->depth - x->dir[i]->depth))
        sum += alice__block_cost(alice__index_segment_size(x));
    return sum;
}

static const char *check_shard(struct shard *s, bool quiet)
{
    struct tally t = {0};
    size_t live = 0;
    size_t used = 0;
    const char *bad = NULL;
    if (!alice__index_check(&s->index, &used))
        return "the index is damaged";
    if (!alice__slab_check(&s->slab, &live))
        return "the slab is damaged";
    bad = check_entries(s, &t);
    for (unsigned i = 0; !bad && i < QUEUES; i++)
        bad = check_queue(s, i, &t);
    if (!bad)
        bad = check_wheel(s, &t);
    if (bad)
        return bad;
    if (used != t.indexed || used != s->items || live != t.indexed + t.dead)
        return "index, slab and count do not agree";
    if (quiet && t.pinned != alice__cache_pinned(s))
        return "pins are miscounted";
    size_t known = known_bytes(s, &t);
    if (known > s->allowance.held || (quiet && known != s->allowance.held))
        return "the bytes held are miscounted";
    if (s->allowance.held > s->allowance.limit && t.pinned == 0 && quiet)
        return "it holds more than its bound";
    return NULL;
}

void alice__cache_self_check(struct shard *s)
{
    /* In a large shard not each time: the checker reads all of it. */
    if (s->items > 64 && ++s->changes % s->items != 0)
        return;
    const char *bad = check_shard(s, false);
    if (bad) {
        alice_env_log(&s->cache->env, ALICE_LOG_ERROR, "a cache is damaged: %s", bad);
        ALICE__CHECKED(!bad);
    }
}

alice_status alice_cache_check(alice_cache *c, alice_error *error)
{
    if (!c)
        return ALICE_E_INVAL;
    for (uint32_t i = 0; i < c->shard_count; i++) {
        struct shard *s = &c->shards[i];
        lock_shard(s);
        const char *bad = check_shard(s, !c->locking);
        unlock_shard(s);
        if (bad)
            return alice__fail(error, ALICE_E_DAMAGED, 0, "shard %u: %s", i, bad);
    }
    return ALICE_OK;
}
