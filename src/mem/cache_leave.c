/* SPDX-License-Identifier: MIT */
/*
 * How an entry goes: out of the index, its queue and the wheel at once, out of memory
 * when nobody pins it and, where somebody is told or a block is freed, when the lock is
 * released. From within callbacks of callbacks that is put off.
 */
#include "base/check.h"
#include "mem/cache_impl.h"

#define CALLS_DEEP 3 /* callbacks that are called from callbacks */

size_t alice__entry_outside(const alice_cache *c, struct entry *e)
{
    size_t cost = 0;
    if (e->flags & ENTRY_BLOCK)
        cost = alice__block_cost(block_size(outside_of(c, e)->n));
    else if (e->flags & ENTRY_REF)
        cost = outside_of(c, e)->n;
    if (e->flags & ENTRY_KEY_OUT)
        cost += alice__block_cost(block_size(e->klen));
    return cost;
}

size_t alice__entry_cost(const struct shard *s, struct entry *e, uint32_t handle)
{
    size_t cost = alice__slab_class_size(alice__slab_class_of(&s->slab, handle));
    if (e->flags & (ENTRY_BLOCK | ENTRY_REF | ENTRY_KEY_OUT))
        cost += alice__entry_outside(s->cache, e);
    return cost;
}

static bool move_entry(void *ctx, uint32_t from, uint32_t to, size_t size)
{
    struct shard *s = ctx;
    struct entry *e = entry_at(s, from);
    struct entry *moved = entry_at(s, to);
    if (alice__pins(&e->pins) > 0 || !(e->flags & ENTRY_INDEXED))
        return false;
    memcpy(moved, e, size);
    alice__index_change(&s->index, e->tag, from, to);
    alice__queue_moved(s, moved, to);
    if (moved->flags & ENTRY_TIMED)
        alice__wheel_moved(s, moved, to);
    return true;
}

/* Give a slot back, and a page when the class has one too many. Entries may move. */
static void give_slot(struct shard *s, uint32_t handle)
{
    unsigned cls = alice__slab_class_of(&s->slab, handle);
    unsigned per_page = alice__slab_per_page(&s->slab, cls);
    alice__slab_give(&s->slab, handle);
    if (s->no_pack > 0)
        s->no_pack--;
    else if (s->slab.classes[cls].spare > per_page &&
             !alice__slab_compact(&s->slab, cls, move_entry, s))
        s->no_pack = per_page / 4 + 1; /* something is pinned there */
}

/* What has to be done outside the lock for this entry. */
static bool needs_burial(const struct shard *s, const struct entry *e)
{
    return s->cache->on_evict || (e->flags & (ENTRY_BLOCK | ENTRY_REF | ENTRY_KEY_OUT));
}

static struct entry *next_grave(const struct entry *e)
{
    struct entry *next;
    _Static_assert(sizeof next <= sizeof e->next + sizeof e->prev, "a pointer fits the links");
    memcpy(&next, &e->next, sizeof next);
    return next;
}

static void set_next_grave(struct entry *e, struct entry *next)
{
    memcpy(&e->next, &next, sizeof next);
}

/* Locked: put a dead entry, which nobody pins, with the others. */
static void graves_add(struct shard *s, struct graves *graves, struct entry *e)
{
    ALICE__CHECKED((e->flags & ENTRY_DEAD) && alice__pins(&e->pins) == 0);
    set_next_grave(e, NULL);
    if (graves->last)
        set_next_grave(graves->last, e);
    else
        graves->first = e;
    graves->last = e;
    graves->bytes += alice__entry_cost(s, e, e->tag);
}

void alice__cache_leave(struct shard *s, struct entry *e, uint32_t handle,
                        alice_cache_reason reason, struct graves *graves)
{
    alice__index_remove(&s->index, e->tag, handle);
    alice__queue_unlink(s, e, handle);
    if (e->flags & ENTRY_TIMED)
        alice__wheel_unlink(s, e);
    e->flags = (uint16_t)((e->flags & ~(unsigned)(ENTRY_INDEXED | ENTRY_PARKED)) | ENTRY_DEAD |
                          (unsigned)reason << ENTRY_REASON_SHIFT);
    e->tag = handle;
    s->items--;
    s->evictions += reason == ALICE_CACHE_EVICTED;
    s->expirations += reason == ALICE_CACHE_EXPIRED;
    if (alice__pins_watch(&e->pins))
        return;
    if (needs_burial(s, e))
        graves_add(s, graves, e);
    else
        give_slot(s, handle);
}

/* Tell, destroy and free. */
static void bury_now(struct shard *s, struct entry *first)
{
    alice_cache *c = s->cache;
    size_t outside = 0;
    for (struct entry *e = first; e; e = next_grave(e)) {
        alice_bytes key = alice__entry_key(c, e);
        alice_bytes value = value_of(c, e);
        unsigned reason = (unsigned)(e->flags & ENTRY_REASON) >> ENTRY_REASON_SHIFT;
        if (c->on_evict)
            c->on_evict(c->on_evict_ctx, key, value, (alice_cache_reason)reason);
        outside += alice__entry_outside(c, e);
        struct outside *o = outside_of(c, e);
        if ((e->flags & ENTRY_REF) && o->destroy)
            o->destroy(o->destroy_ctx, o->p, o->n);
        if (e->flags & ENTRY_BLOCK)
            alice_env_free(&s->allowance.env, o->p, block_size(o->n));
        if (e->flags & ENTRY_KEY_OUT)
            alice_env_free(&s->allowance.env, (void *)(uintptr_t)key.p, block_size(key.n));
    }
    lock_shard(s);
    alice__allowance_release(&s->allowance, outside);
    for (struct entry *e = first; e;) {
        uint32_t handle = e->tag;
        e = next_grave(e);
        give_slot(s, handle);
    }
    unlock_shard(s);
}

struct alice__call *alice__cache_called_out(alice_cache *c)
{
    if (!atomic_load_explicit(&c->calls_out, memory_order_relaxed))
        return NULL;
    if (alice__call_escaped(c, ALICE__FRAME))
        atomic_store_explicit(&c->escaped, true, memory_order_relaxed);
    return alice__call_of(c);
}

bool alice__cache_may_evict(alice_cache *c)
{
    const struct alice__call *call = alice__cache_called_out(c);
    return !call || call->depth < CALLS_DEEP;
}

/* Too deep in callbacks: who called the last one buries them when it has returned. */
static void defer(struct shard *s, struct graves *graves)
{
    lock_shard(s);
    if (s->deferred.last)
        set_next_grave(s->deferred.last, graves->first);
    else
        s->deferred.first = graves->first;
    s->deferred.last = graves->last;
    s->deferred.bytes += graves->bytes;
    unlock_shard(s);
    alice__call_of(s->cache)->deferred = true;
}

static void bury_deferred(alice_cache *c, struct alice__call *call)
{
    while (call->deferred) {
        call->deferred = false;
        for (uint32_t i = 0; i < c->shard_count; i++) {
            struct shard *s = &c->shards[i];
            lock_shard(s);
            struct graves graves = s->deferred;
            s->deferred = (struct graves){0};
            unlock_shard(s);
            if (graves.first)
                bury_now(s, graves.first);
        }
    }
}

void alice__cache_bury(struct shard *s, struct graves *graves)
{
    alice_cache *c = s->cache;
    if (!graves->first)
        return;
    if (!alice__cache_may_evict(c)) {
        defer(s, graves);
    } else if (atomic_load_explicit(&c->calls_out, memory_order_relaxed)) {
        struct alice__call call;
        lock_shard(s);
        size_t left = s->items + 16; /* all who are here may go, and not who comes meanwhile */
        unlock_shard(s);
        alice__call_begin(&call, c, left);
        bury_now(s, graves->first);
        bury_deferred(c, &call);
        alice__call_end(&call);
    } else {
        bury_now(s, graves->first);
    }
    *graves = (struct graves){0};
}

unsigned alice__cache_erase(struct shard *s, alice_bytes key, uint32_t tag,
                            alice_cache_reason reason, struct graves *graves)
{
    uint32_t handle = alice__cache_find(s, key, tag);
    if (!handle)
        return 0;
    struct entry *e = entry_at(s, handle);
    unsigned flags = e->flags;
    if (is_expired(s, e)) {
        reason = ALICE_CACHE_EXPIRED;
        flags = 0;
    }
    alice__cache_leave(s, e, handle, reason, graves);
    return flags;
}

void alice__cache_shrink(struct shard *s, struct graves *graves)
{
    while (s->allowance.held > s->allowance.limit) {
        size_t dead = graves->bytes + s->deferred.bytes;
        if (s->allowance.held - dead > s->allowance.limit && alice__policy_evict(s, graves))
            continue;
        if (graves->first)
            alice__cache_bury_unlocked(s, graves);
        else if (s->ghost.tags)
            alice__cache_drop_ghost(s);
        else
            break;
    }
}

void alice__cache_let_go(struct shard *s, struct entry *e, struct graves *graves)
{
    ALICE__CHECKED(alice__pins(&e->pins) > 0);
    if (!alice__pins_drop_closed(&e->pins))
        return;
    alice__pins_unwatch(&e->pins);
    if (e->flags & ENTRY_DEAD) {
        if (needs_burial(s, e))
            graves_add(s, graves, e);
        else
            give_slot(s, e->tag);
    } else if (e->flags & ENTRY_PARKED) {
        alice__queue_unpark(s, e);
    }
    if (s->allowance.held > s->allowance.limit)
        alice__cache_shrink(s, graves);
}
