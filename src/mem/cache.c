/* SPDX-License-Identifier: MIT */
/*
 * The cache: its calls, and how an entry comes and goes. The picture of what it
 * is made of, the life of an entry and the locks stand in cache_impl.h.
 *
 * The bound is kept at every moment because bytes are charged before they are
 * taken, under the shard's lock, and are given back after they were freed: what
 * is dead but not yet buried still counts. Where nothing fits, the expired go
 * first, then whom the policy chooses, until it does; what the slab has too many
 * free slots of is packed, so that its pages serve another size.
 */
#include "mem/cache_impl.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "mem/profile_hook.h"
#include "port/entropy.h"

#define SHARDS_MAX 64
#define SHARDS_AUTO_MAX 16
#define SHARD_AUTO_BYTES (8 * ALICE_MB)
#define PAGES_WANTED 256    /* to a shard: half full ones must not matter */
#define SEGMENT_SLOTS 2048  /* of the index, at most */
#define CLEAR_AT_ONCE 1024  /* entries cleared under one hold of the lock */
#define CALLS_DEEP 3        /* callbacks that are called from callbacks */
#define ITEMS_OF_SHARD 1024 /* of a bound by number: fewer are not divided */
#define KEY_ALLOWED 256     /* of a key beside the largest value */

const char *alice_cache_reason_name(alice_cache_reason reason)
{
    static const char *const names[] = {"evicted", "expired", "replaced", "removed", "cleared"};
    _Static_assert(sizeof names / sizeof *names == ALICE_CACHE_CLEARED + 1,
                   "names[] follows alice_cache_reason");
    return (unsigned)reason <= ALICE_CACHE_CLEARED ? names[reason] : "unknown";
}

/* --- an entry's parts ------------------------------------------------------ */

static inline const uint8_t *key_of(const alice_cache *c, struct entry *e)
{
    unsigned flags = flags_of(e);
    const uint8_t *at = (const uint8_t *)e + key_offset(c, flags);
    if (flags & ENTRY_KEY_OUT) {
        const uint8_t *out;
        memcpy(&out, at, sizeof out);
        return out;
    }
    return at;
}

alice_bytes alice__entry_key(const alice_cache *c, struct entry *e)
{
    return (alice_bytes){key_of(c, e), e->klen};
}

static inline alice_bytes value_of(const alice_cache *c, struct entry *e)
{
    unsigned flags = flags_of(e);
    if (flags & (ENTRY_BLOCK | ENTRY_REF)) {
        const struct outside *o = outside_of(c, e);
        return (alice_bytes){o->p, o->n};
    }
    size_t at = align8(head_size(c, flags) + e->klen);
    return (alice_bytes){(const uint8_t *)e + at, e->vlen};
}

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

/* --- finding ----------------------------------------------------------------- */

static inline struct shard *shard_of(alice_cache *c, alice_bytes key, uint32_t *tag)
{
    uint64_t hash = alice__hash64(key.p, key.n, c->seed);
    *tag = (uint32_t)hash;
    return &c->shards[(hash >> 32) & (c->shard_count - 1)];
}

struct shard *alice__cache_shard(alice_cache *c, alice_bytes key, uint32_t *tag)
{
    return shard_of(c, key, tag);
}

static inline bool is_key(const struct shard *s, struct entry *e, alice_bytes key)
{
    /* The value is most likely wanted next: let it come while the key is compared. */
    __builtin_prefetch((const uint8_t *)e + 64);
    __builtin_prefetch((const uint8_t *)e + 128);
    return e->klen == key.n && (key.n == 0 || memcmp(key_of(s->cache, e), key.p, key.n) == 0);
}

static inline uint32_t find(struct shard *s, alice_bytes key, uint32_t tag)
{
    if (!s->index.dir)
        return 0;
    const struct alice__index_group *groups =
        alice__index_groups(alice__index_segment(&s->index, tag));
    for (uint32_t at = alice__index_home(&s->index, tag);; at = (at + 1) & s->index.mask) {
        const struct alice__index_group *g = &groups[at];
        for (unsigned found = alice__index_match(g, tag); found; found &= found - 1) {
            uint32_t handle = g->handles[__builtin_ctz(found)];
            if (handle && is_key(s, entry_at(s, handle), key))
                return handle;
        }
        if (!alice__index_full(g))
            return 0;
    }
}

uint32_t alice__cache_find(struct shard *s, alice_bytes key, uint32_t tag)
{
    return find(s, key, tag);
}

static bool is_expired(struct shard *s, struct entry *e)
{
    return (e->flags & ENTRY_TIMED) && expired_at(e, alice__cache_now(s));
}

static inline struct entry *use(struct shard *s, alice_bytes key, uint32_t tag,
                                struct graves *graves)
{
    uint32_t handle = find(s, key, tag);
    if (!handle) {
        s->misses++;
        return NULL;
    }
    struct entry *e = entry_at(s, handle);
    if (is_expired(s, e)) {
        alice__cache_leave(s, e, handle, ALICE_CACHE_EXPIRED, graves);
        s->misses++;
        return NULL;
    }
    if (s->cache->renew && (e->flags & ENTRY_TIMED))
        renew(e, s->now);
    s->hits++;
    policy_hit(s, e, handle);
    return e;
}

struct entry *alice__cache_use(struct shard *s, alice_bytes key, uint32_t tag,
                               struct graves *graves)
{
    return use(s, key, tag, graves);
}

/* --- leaving ----------------------------------------------------------------- */

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
    else if (s->slab.spare[cls] > per_page &&
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
    assert((e->flags & ENTRY_DEAD) && alice__pins(&e->pins) == 0);
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
    uint32_t handle = find(s, key, tag);
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

/* --- looking up ------------------------------------------------------------------ */

bool alice__cache_pin(struct shard *s, struct entry *e)
{
    bool taken = alice__pins_take(&e->pins);
    s->given += taken;
    return taken;
}

uint64_t alice__cache_pinned(const struct shard *s)
{
    uint64_t n = s->given;
    for (unsigned i = 0; i < ALICE__GATE_LANES; i++) {
        struct alice__lane *l = &s->gate.lanes[i];
        /* In this order: a pin released meanwhile is not missed. */
        n -= atomic_load_explicit(&l->unpins, memory_order_acquire);
        n += atomic_load_explicit(&l->pins, memory_order_acquire) / ALICE__LANE_ONE;
    }
    return n;
}

alice_pin alice__cache_pin_of(struct shard *s, struct entry *e)
{
    alice_bytes v = value_of(s->cache, e);
    return (alice_pin){v.p, v.n, s, e};
}

/* Count on a lane; where one thread uses the cache, without the price of an atomic change. */
static inline void count(const alice_cache *c, _Atomic uint64_t *n, uint64_t more)
{
    if (c->locking)
        atomic_fetch_add_explicit(n, more, memory_order_release);
    else
        atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + more,
                              memory_order_relaxed);
}

static inline struct alice__lane *lane_of(struct shard *s)
{
    return alice__gate_lane(&s->gate, s->cache->locking ? (uintptr_t)pthread_self() : 0);
}

/* To look: inside the gate, or, where that is closed, under the lock. */
static inline bool begin_look(struct shard *s, _Atomic uint64_t *lane)
{
    if (!s->cache->locking)
        return false;
    if (alice__gate_enter(&s->gate, lane))
        return true;
    pthread_mutex_lock(&s->lock);
    return false;
}

static inline void end_look(struct shard *s, _Atomic uint64_t *lane, bool inside, uint64_t hits)
{
    if (inside) {
        alice__gate_leave(lane, hits);
        return;
    }
    count(s->cache, lane, hits * ALICE__LANE_ONE);
    unlock_quietly(s);
}

/* Find for use, changing nothing but marks. NULL: it is not there, or `*change` is needed. */
static inline struct entry *look(struct shard *s, alice_bytes key, uint32_t tag, bool *change)
{
    const alice_cache *c = s->cache;
    uint32_t handle = find(s, key, tag);
    if (!handle)
        return NULL;
    struct entry *e = entry_at(s, handle);
    if (flags_of(e) & ENTRY_TIMED) {
        uint64_t now = ticks_of(c);
        *change = expired_at(e, now) || (now > s->now && now - s->now > TTL_MAX_TICKS);
        if (*change)
            return NULL;
        if (c->renew)
            renew(e, now);
    }
    policy_mark(c, e);
    return e;
}

alice_status alice__cache_look(struct shard *s, alice_bytes key, uint32_t tag, bool count_miss,
                               alice_pin *out)
{
    struct alice__lane *lane = lane_of(s);
    bool change = false;
    if (!s->cache->s3fifo)
        return ALICE_E_CHANGED; /* a hit moves the entry */
    bool inside = begin_look(s, &lane->pins);
    struct entry *e = look(s, key, tag, &change);
    bool pinned = e && alice__pins_take(&e->pins);
    if (pinned)
        *out = alice__cache_pin_of(s, e);
    end_look(s, &lane->pins, inside, pinned);
    if (change)
        return ALICE_E_CHANGED;
    if (!e && count_miss)
        count(s->cache, &lane->misses, 1);
    return pinned ? ALICE_OK : e ? ALICE_E_BUSY : ALICE_E_NOENT;
}

alice_status alice_cache_get(alice_cache *c, alice_bytes key, alice_pin *out)
{
    struct graves graves = {0};
    uint32_t tag;
    alice_status st = ALICE_E_NOENT;
    if (!out)
        return ALICE_E_INVAL;
    *out = (alice_pin){0};
    if (!c || bad_bytes(key))
        return ALICE_E_INVAL;
    if (c->closing)
        return ALICE_E_CLOSED;
    struct shard *s = shard_of(c, key, &tag);
    st = alice__cache_look(s, key, tag, true, out);
    if (st != ALICE_E_CHANGED)
        return st;
    st = ALICE_E_NOENT;
    lock_shard(s);
    struct entry *e = use(s, key, tag, &graves);
    if (e && alice__cache_pin(s, e)) {
        *out = alice__cache_pin_of(s, e);
        st = ALICE_OK;
    } else if (e) {
        st = ALICE_E_BUSY;
    }
    unlock_shard(s);
    if (graves.first)
        alice__cache_bury(s, &graves);
    return st;
}

/* The bound was lowered below what is held: let go until it is kept, or nothing can go. */
static void shrink(struct shard *s, struct graves *graves)
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

/* Under the lock: release the last pin of a watched entry, and do what waited for that. */
static void let_go(struct shard *s, struct entry *e, struct graves *graves)
{
    assert(alice__pins(&e->pins) > 0);
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
        shrink(s, graves);
}

void alice_cache_unpin(alice_pin *pin)
{
    struct graves graves = {0};
    if (!pin)
        return;
    if (pin->entry_) {
        struct shard *s = pin->shard_;
        struct entry *e = pin->entry_;
        if (!alice__pins_drop(&e->pins)) {
            lock_shard(s);
            let_go(s, e, &graves);
            unlock_shard(s);
            alice__cache_bury(s, &graves);
        }
        count(s->cache, &lane_of(s)->unpins, 1); /* the last that is touched: see in_use() */
    }
    *pin = (alice_pin){0};
}

static inline alice_status copy_value(const alice_cache *c, struct entry *e, void *buf,
                                      size_t size, size_t *n)
{
    alice_bytes v = value_of(c, e);
    *n = v.n;
    if (v.n > size)
        return ALICE_E_TOOBIG;
    if (v.n > 0)
        memcpy(buf, v.p, v.n);
    return ALICE_OK;
}

/* --- many at once ------------------------------------------------------------------ */

#define AT_ONCE 16 /* keys that are on their way from memory together */

/* A shard that a batch is inside of. */
struct visit {
    struct shard *shard;
    struct alice__lane *lane;
    bool inside;
    uint64_t hits;
};

struct asked {
    struct visit *visit;
    const struct alice__index_group *group;
    uint32_t tag;
};

static struct visit *visit_shard(struct visit *visits, unsigned *count, struct shard *s)
{
    for (unsigned i = 0; i < *count; i++) {
        if (visits[i].shard == s)
            return &visits[i];
    }
    struct visit *v = &visits[(*count)++];
    struct alice__lane *lane = lane_of(s);
    bool inside = s->cache->locking && alice__gate_enter(&s->gate, &lane->looks);
    *v = (struct visit){s, lane, inside, 0};
    return v;
}

/* Up to AT_ONCE, in steps, so that what one waits for comes while the others are asked for. */
static size_t get_some(alice_cache *c, alice_cache_lookup *l, unsigned n)
{
    struct visit visits[AT_ONCE];
    struct asked asked[AT_ONCE];
    bool left[AT_ONCE] = {false};
    unsigned visited = 0;
    size_t found = 0;
    for (unsigned i = 0; i < n; i++) {
        struct asked *a = &asked[i];
        struct shard *s = shard_of(c, l[i].key, &a->tag);
        a->visit = visit_shard(visits, &visited, s);
        a->group = NULL;
        if ((c->locking && !a->visit->inside) || !s->index.dir)
            continue;
        a->group = alice__index_groups(alice__index_segment(&s->index, a->tag)) +
                   alice__index_home(&s->index, a->tag);
        __builtin_prefetch(a->group);
    }
    for (unsigned i = 0; i < n; i++) {
        struct asked *a = &asked[i];
        unsigned match = a->group ? alice__index_match(a->group, a->tag) : 0;
        uint32_t handle = match ? a->group->handles[__builtin_ctz(match)] : 0;
        if (handle) { /* most often the one; what is there, is compared in the next step */
            const uint8_t *e = (const void *)entry_at(a->visit->shard, handle);
            __builtin_prefetch(e);
            __builtin_prefetch(e + ALICE__LINE);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        struct asked *a = &asked[i];
        bool change = false;
        left[i] = c->locking && !a->visit->inside;
        if (left[i])
            continue;
        struct entry *e = look(a->visit->shard, l[i].key, a->tag, &change);
        left[i] = change;
        l[i].n = 0;
        l[i].status = e ? copy_value(c, e, l[i].buf, l[i].size, &l[i].n) : ALICE_E_NOENT;
        a->visit->hits += e != NULL;
        found += l[i].status == ALICE_OK;
        if (!e && !change)
            count(c, &a->visit->lane->misses, 1);
    }
    for (unsigned i = 0; i < visited; i++) {
        if (visits[i].inside)
            alice__gate_leave(&visits[i].lane->looks, visits[i].hits);
        else
            count(c, &visits[i].lane->looks, visits[i].hits * ALICE__LANE_ONE);
    }
    /* What needs a change, or met one: one by one. */
    for (unsigned i = 0; i < n; i++) {
        if (!left[i])
            continue;
        l[i].status = alice_cache_get_copy(c, l[i].key, l[i].buf, l[i].size, &l[i].n);
        found += l[i].status == ALICE_OK;
    }
    return found;
}

size_t alice_cache_get_many(alice_cache *c, alice_cache_lookup *lookups, size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < n && lookups; i++) {
        alice_cache_lookup *l = &lookups[i];
        if (!c || bad_bytes(l->key) || (!l->buf && l->size > 0)) {
            for (size_t k = 0; k < n; k++) {
                lookups[k].n = 0;
                lookups[k].status = ALICE_E_INVAL;
            }
            return 0;
        }
    }
    for (size_t i = 0; lookups && i < n && c->s3fifo; i += AT_ONCE)
        found += get_some(c, lookups + i, n - i < AT_ONCE ? (unsigned)(n - i) : AT_ONCE);
    for (size_t i = 0; lookups && i < n && !c->s3fifo; i++) {
        alice_cache_lookup *l = &lookups[i];
        l->status = alice_cache_get_copy(c, l->key, l->buf, l->size, &l->n);
        found += l->status == ALICE_OK;
    }
    return found;
}

alice_status alice_cache_get_copy(alice_cache *c, alice_bytes key, void *buf, size_t size,
                                  size_t *n)
{
    struct graves graves = {0};
    uint32_t tag;
    alice_status st = ALICE_E_NOENT;
    if (!n)
        return ALICE_E_INVAL;
    *n = 0;
    if (!c || (!buf && size > 0) || bad_bytes(key))
        return ALICE_E_INVAL;
    struct shard *s = shard_of(c, key, &tag);
    if (c->s3fifo) {
        struct alice__lane *lane = lane_of(s);
        bool change = false;
        bool inside = begin_look(s, &lane->looks);
        struct entry *e = look(s, key, tag, &change);
        if (e)
            st = copy_value(c, e, buf, size, n);
        end_look(s, &lane->looks, inside, e != NULL);
        if (!change) {
            if (!e)
                count(c, &lane->misses, 1);
            return st;
        }
    }
    lock_shard(s);
    struct entry *e = use(s, key, tag, &graves);
    if (e)
        st = copy_value(c, e, buf, size, n);
    unlock_shard(s);
    if (graves.first)
        alice__cache_bury(s, &graves);
    return st;
}

bool alice_cache_has(alice_cache *c, alice_bytes key)
{
    uint32_t tag;
    if (!c || bad_bytes(key))
        return false;
    struct shard *s = shard_of(c, key, &tag);
    struct alice__lane *lane = lane_of(s);
    bool inside = begin_look(s, &lane->looks);
    uint32_t handle = find(s, key, tag);
    struct entry *e = handle ? entry_at(s, handle) : NULL;
    uint64_t now = e && (flags_of(e) & ENTRY_TIMED) ? ticks_of(c) : 0;
    bool there =
        e &&
        (now == 0 || (!expired_at(e, now) && (now < s->now || now - s->now <= TTL_MAX_TICKS)));
    end_look(s, &lane->looks, inside, 0);
    return there;
}

alice_status alice_cache_ttl(alice_cache *c, alice_bytes key, uint32_t *ms)
{
    uint32_t tag;
    if (!ms)
        return ALICE_E_INVAL;
    *ms = 0;
    if (!c || bad_bytes(key))
        return ALICE_E_INVAL;
    struct shard *s = shard_of(c, key, &tag);
    lock_shard(s);
    uint32_t handle = find(s, key, tag);
    struct entry *e = handle ? entry_at(s, handle) : NULL;
    if (e && !(e->flags & ENTRY_TIMED)) {
        *ms = ALICE_TTL_NEVER;
    } else if (e && !is_expired(s, e)) {
        uint64_t left = timing_of(e)->deadline - (uint32_t)s->now;
        *ms = (uint32_t)(left * (TICK_NS / 1000000));
    }
    unlock_shard(s);
    return *ms > 0 ? ALICE_OK : ALICE_E_NOENT;
}

/* --- removing ---------------------------------------------------------------------- */

alice_status alice_cache_remove(alice_cache *c, alice_bytes key)
{
    struct graves graves = {0};
    uint32_t tag;
    if (!c || bad_bytes(key))
        return ALICE_E_INVAL;
    if (c->closing)
        return ALICE_E_CLOSED;
    struct shard *s = shard_of(c, key, &tag);
    lock_shard(s);
    if (s->flights)
        alice__flights_stale(s, key, tag);
    unsigned was = alice__cache_erase(s, key, tag, ALICE_CACHE_REMOVED, &graves);
    unlock_shard(s);
    alice__cache_bury(s, &graves);
    return was ? ALICE_OK : ALICE_E_NOENT;
}

/* Some of the entries. False: none was left. */
static bool clear_some(struct shard *s, struct graves *graves)
{
    unsigned left = CLEAR_AT_ONCE;
    for (unsigned i = 0; i < QUEUES; i++) {
        uint32_t handle;
        while (left > 0 && (handle = s->queues[i].tail) != 0) {
            alice__cache_leave(s, entry_at(s, handle), handle, ALICE_CACHE_CLEARED, graves);
            left--;
        }
    }
    return left == 0;
}

/* With no entry left: what the shard keeps besides. */
static void drop_structures(struct shard *s)
{
    alice__cache_drop_ghost(s);
    if (s->items == 0) {
        alice__index_clear(&s->index);
        alice__allowance_give(&s->allowance, s->wheel, sizeof *s->wheel);
        s->wheel = NULL;
    }
}

static void clear_shard(struct shard *s)
{
    struct graves graves = {0};
    lock_shard(s);
    for (struct flight *f = s->flights; f; f = f->next)
        f->stale = true;
    for (size_t rounds = s->items / CLEAR_AT_ONCE + 1; rounds > 0; rounds--) {
        if (!clear_some(s, &graves))
            break;
        alice__cache_bury_unlocked(s, &graves);
    }
    drop_structures(s);
    unlock_shard(s);
    alice__cache_bury(s, &graves);
}

void alice_cache_clear(alice_cache *c)
{
    if (!c || c->closing)
        return;
    for (uint32_t i = 0; i < c->shard_count; i++)
        clear_shard(&c->shards[i]);
}

size_t alice_cache_expire(alice_cache *c, size_t work)
{
    size_t freed = 0;
    if (!c || c->closing)
        return 0;
    for (uint32_t i = 0; i < c->shard_count; i++) {
        struct graves graves = {0};
        struct shard *s = &c->shards[i];
        size_t share = work ? work / c->shard_count + (i < work % c->shard_count) : SIZE_MAX;
        lock_shard(s);
        if (s->wheel)
            freed += alice__wheel_advance(s, alice__cache_now(s), share, &graves);
        unlock_shard(s);
        alice__cache_bury(s, &graves);
    }
    return freed;
}

/* --- the budget asks ------------------------------------------------------------------ */

static alice_reclaimed reclaim_expired(void *ctx, size_t wanted)
{
    alice_cache *c = ctx;
    (void)wanted;
    if (!alice__cache_may_evict(c))
        return (alice_reclaimed){0};
    size_t before = alice_cache_bytes(c);
    alice_reclaimed got = {.items = alice_cache_expire(c, 0)};
    size_t after = alice_cache_bytes(c);
    got.bytes = before > after ? before - after : 0;
    return got;
}

/* Let entries go until about `wanted` bytes came back from this shard. */
static alice_reclaimed reclaim_shard(struct shard *s, size_t wanted)
{
    alice_reclaimed got = {0};
    struct graves graves = {0};
    lock_shard(s);
    size_t before = s->allowance.held;
    size_t aim = before > wanted ? before - wanted : 0;
    size_t items = s->items;
    while (s->allowance.held > aim) {
        if (s->allowance.held - graves.bytes > aim && alice__policy_evict(s, &graves))
            continue;
        if (!graves.first)
            break;
        alice__cache_bury_unlocked(s, &graves);
    }
    if (s->allowance.held > aim)
        drop_structures(s);
    got.items = items > s->items ? items - s->items : 0;
    unlock_shard(s);
    alice__cache_bury(s, &graves);
    lock_shard(s);
    got.bytes = before > s->allowance.held ? before - s->allowance.held : 0;
    unlock_shard(s);
    return got;
}

static alice_reclaimed reclaim_cold(void *ctx, size_t wanted)
{
    alice_cache *c = ctx;
    alice_reclaimed got = {0};
    if (!alice__cache_may_evict(c)) /* who goes now is freed when the callback has returned */
        return got;
    /* First an even part from each shard, then what is still missing from any. */
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < c->shard_count && got.bytes < wanted; i++) {
            size_t left = wanted - got.bytes;
            size_t part = round == 0 && wanted != SIZE_MAX ? left / (c->shard_count - i) : left;
            alice_reclaimed r = reclaim_shard(&c->shards[i], part);
            got.bytes += r.bytes;
            got.items += r.items;
        }
    }
    return got;
}

/* --- opening and closing ---------------------------------------------------------------- */

alice_cache_options alice_cache_defaults(const alice_config *config)
{
    alice_config c = config ? *config : (alice_config){0};
    alice_config_resolve(&c);
    return (alice_cache_options){.max_bytes = (size_t)c.cache_size_mb * ALICE_MB,
                                 .ttl_ms = alice_seconds_to_ms(c.cache_ttl_seconds)};
}

static size_t page_size_for(size_t share)
{
    size_t size = ALICE__SLAB_PAGE_MIN;
    while (size < ALICE__SLAB_PAGE_MAX && size * 2 <= share / PAGES_WANTED)
        size *= 2;
    return size;
}

static uint32_t segment_slots_for(size_t page)
{
    size_t slots = page / sizeof(struct alice__index_group) * ALICE__INDEX_WAYS;
    return (uint32_t)(slots > SEGMENT_SLOTS ? SEGMENT_SLOTS : slots);
}

/* What certainly fits into an empty shard with this share of the bound. */
static size_t largest_value(size_t share)
{
    size_t page = page_size_for(share);
    size_t beside = alice__cache_beside(page, segment_slots_for(page)) +
                    alice__block_cost(KEY_ALLOWED) + alice__block_cost(0) + 4096;
    return share > beside ? share - beside : 0;
}

size_t alice_cache_largest(alice_cache *c)
{
    if (!c)
        return 0;
    struct shard *s = &c->shards[0]; /* all have the same share */
    lock_quietly(s);
    size_t share = s->allowance.limit;
    unlock_quietly(s);
    return largest_value(share);
}

static bool power_of_two(unsigned n)
{
    return n > 0 && (n & (n - 1)) == 0;
}

/* How many shards; 0 where the options are invalid. */
static uint32_t shards_of(const alice_cache_options *o)
{
    uint32_t n = o->shards;
    if (n == 0 && o->single_thread)
        n = 1;
    if (n == 0) {
        n = 1;
        while (n < SHARDS_AUTO_MAX && o->max_bytes / SHARD_AUTO_BYTES >= 2 * n &&
               (o->max_items == 0 || o->max_items >= ITEMS_OF_SHARD * 2 * n) &&
               largest_value(o->max_bytes / (2 * n)) >= o->largest_value)
            n *= 2;
    }
    if (!power_of_two(n) || n > SHARDS_MAX || (o->single_thread && n != 1) ||
        o->max_bytes / n < ALICE_CACHE_MIN_BYTES || (unsigned)o->policy > ALICE_CACHE_S3FIFO ||
        largest_value(o->max_bytes / n) < o->largest_value ||
        (o->max_items > 0 && o->max_items < n))
        return 0;
    return n;
}

static size_t lanes_bytes(uint32_t shards)
{
    return shards * ALICE__GATE_LANES * sizeof(struct alice__lane);
}

static size_t handle_bytes(uint32_t shards)
{
    return sizeof(alice_cache) + shards * sizeof(struct shard) + lanes_bytes(shards) +
           ALICE__LINE;
}

size_t alice_cache_footprint(const alice_cache_options *options)
{
    uint32_t shards = options ? shards_of(options) : 0;
    if (shards == 0 || options->max_bytes > SIZE_MAX - handle_bytes(shards))
        return SIZE_MAX;
    return options->max_bytes + handle_bytes(shards);
}

static alice_status init_shard(alice_cache *c, struct shard *s, size_t share)
{
    size_t page = page_size_for(share);
    uintptr_t end = ((uintptr_t)c + c->handle_bytes) & ~(uintptr_t)(ALICE__LINE - 1);
    s->gate.lanes =
        (struct alice__lane *)end - ALICE__GATE_LANES * (1 + (size_t)(s - c->shards));
    s->cache = c;
    if (pthread_mutex_init(&s->lock, NULL) != 0)
        return ALICE_E_SYSTEM;
    alice__allowance_init(&s->allowance, &c->env, share);
    alice__slab_init(&s->slab, &s->allowance, page);
    alice__index_init(&s->index, &s->allowance, segment_slots_for(page));
    return ALICE_OK;
}

static alice_status add_reclaimers(alice_cache *c, const alice_cache_options *o)
{
    char name[32];
    const char *base = o->name ? o->name : "cache";
    if (!o->budget)
        return ALICE_OK;
    snprintf(name, sizeof name, "%.23s.expired", base);
    alice_status st = alice_reclaimer_add(&c->reclaimers[0], o->budget, name,
                                          ALICE_RECLAIM_EXPIRED, reclaim_expired, c);
    if (st != ALICE_OK)
        return st;
    snprintf(name, sizeof name, "%.23s.cold", base);
    st = alice_reclaimer_add(&c->reclaimers[1], o->budget, name, ALICE_RECLAIM_COLD,
                             reclaim_cold, c);
    /* What the cache is charged gives way on demand: the monitor does not count it as pressure.
     */
    if (st == ALICE_OK && alice_account_budget(o->env.account) == o->budget) {
        alice_reclaimer_bind(c->reclaimers[0], o->env.account);
        alice_reclaimer_bind(c->reclaimers[1], o->env.account);
    }
    return st;
}

alice_status alice_cache_open(alice_cache **out, const alice_cache_options *o)
{
    void *p = NULL;
    uint32_t shards = o ? shards_of(o) : 0;
    if (!out || shards == 0)
        return ALICE_E_INVAL;
    alice_status st = alice_env_calloc(&o->env, 1, handle_bytes(shards), ALICE_HERE, &p);
    if (st != ALICE_OK)
        return st;
    alice_cache *c = p;
    c->env = o->env;
    c->handle_bytes = handle_bytes(shards);
    c->max_bytes = o->max_bytes;
    c->seed = o->seed ? o->seed : alice__random64();
    c->ttl_ticks = o->ttl_ms == ALICE_TTL_NEVER ? 0 : alice__ttl_ticks(o->ttl_ms);
    uint32_t refresh = o->refresh_ms ? alice__ttl_ticks(o->refresh_ms) : c->ttl_ticks;
    c->refresh_left = refresh < c->ttl_ticks ? c->ttl_ticks - refresh : 0;
    c->locking = !o->single_thread;
    c->renew = o->ttl_after_access;
    c->s3fifo = o->policy != ALICE_CACHE_LRU;
    c->promote_at = o->policy == ALICE_CACHE_S3FIFO ? 2 : 1;
    c->freq_max = o->policy == ALICE_CACHE_S3FIFO ? 3 : 1;
    c->on_evict = o->on_evict;
    c->on_evict_ctx = o->on_evict_ctx;
    atomic_init(&c->calls_out, o->on_evict != NULL);
    while (st == ALICE_OK && c->shard_count < shards) {
        c->shards[c->shard_count].max_items = o->max_items / shards;
        st = init_shard(c, &c->shards[c->shard_count], o->max_bytes / shards);
        c->shard_count += st == ALICE_OK;
    }
    if (st == ALICE_OK)
        st = add_reclaimers(c, o);
    if (st == ALICE_OK) {
        *out = c;
        ALICE__CENSUS_ADD(&c->env, c, "alice_cache");
    } else {
        /* Refused only while somebody holds a value or is in a callback: nobody has it yet. */
        (void)alice_cache_close(&c);
    }
    return st;
}

static bool in_use(alice_cache *c)
{
    bool used = alice__cache_called_out(c) != NULL;
    for (uint32_t i = 0; i < c->shard_count; i++) {
        struct shard *s = &c->shards[i];
        lock_quietly(s);
        used = used || alice__cache_pinned(s) > 0 || s->flights;
        unlock_quietly(s);
    }
    return used;
}

alice_status alice_cache_close(alice_cache **cache)
{
    if (!cache || !*cache)
        return ALICE_OK;
    alice_cache *c = *cache;
    if (in_use(c))
        return ALICE_E_BUSY;
    c->closing = true;
    ALICE__CENSUS_REMOVE(&c->env, c);
    alice_reclaimer_remove(&c->reclaimers[0]);
    alice_reclaimer_remove(&c->reclaimers[1]);
    for (uint32_t i = 0; i < c->shard_count; i++) {
        struct shard *s = &c->shards[i];
        clear_shard(s);
        alice__slab_clear(&s->slab);
        drop_structures(s);
        assert(c->escaped || s->allowance.held == 0);
        pthread_mutex_destroy(&s->lock);
    }
    alice_status st = c->escaped ? ALICE_E_DAMAGED : ALICE_OK;
    alice_env env = c->env;
    alice_env_free(&env, c, c->handle_bytes);
    *cache = NULL;
    return st;
}

/* --- size and numbers -------------------------------------------------------------------- */

alice_status alice_cache_resize(alice_cache *c, size_t max_bytes)
{
    alice_status st = ALICE_OK;
    if (!c || max_bytes / c->shard_count < ALICE_CACHE_MIN_BYTES)
        return ALICE_E_INVAL;
    if (c->closing)
        return ALICE_E_CLOSED;
    for (uint32_t i = 0; i < c->shard_count; i++) {
        struct graves graves = {0};
        struct shard *s = &c->shards[i];
        lock_shard(s);
        s->allowance.limit = max_bytes / c->shard_count;
        shrink(s, &graves);
        if (s->allowance.held > s->allowance.limit)
            st = ALICE_E_BUSY;
        unlock_shard(s);
        alice__cache_bury(s, &graves);
    }
    return st;
}

/* What follows from the sums. */
static void derive(alice_cache_stats *st)
{
    uint64_t asked = st->hits + st->misses;
    st->hit_rate = asked > 0 ? (double)st->hits / (double)asked : 0;
    st->size_mb = (double)st->size_bytes / (double)ALICE_MB;
    st->peak_mb = (double)st->peak_bytes / (double)ALICE_MB;
    st->max_size_mb = (double)st->max_size_bytes / (double)ALICE_MB;
}

void alice_cache_stats_add(alice_cache_stats *sum, const alice_cache_stats *more)
{
    if (!sum || !more)
        return;
    sum->hits += more->hits;
    sum->misses += more->misses;
    sum->size_bytes += more->size_bytes;
    sum->max_size_bytes += more->max_size_bytes;
    sum->peak_bytes += more->peak_bytes;
    sum->items += more->items;
    sum->sets += more->sets;
    sum->evictions += more->evictions;
    sum->expirations += more->expirations;
    sum->rejections += more->rejections;
    sum->loads += more->loads;
    sum->load_waits += more->load_waits;
    sum->refreshes += more->refreshes;
    sum->pinned += more->pinned;
    derive(sum);
}

/* Of one shard. Under the lock. */
static alice_cache_stats stats_of(const struct shard *s)
{
    alice_cache_stats st = {.hits = s->hits,
                            .misses = s->misses,
                            .size_bytes = s->allowance.held,
                            .max_size_bytes = s->allowance.limit,
                            .peak_bytes = s->allowance.peak,
                            .items = s->items,
                            .sets = s->sets,
                            .evictions = s->evictions,
                            .expirations = s->expirations,
                            .rejections = s->rejections,
                            .loads = s->loads,
                            .load_waits = s->load_waits,
                            .refreshes = s->refreshes,
                            .pinned = (size_t)alice__cache_pinned(s)};
    for (unsigned k = 0; k < ALICE__GATE_LANES; k++) {
        struct alice__lane *l = &s->gate.lanes[k];
        st.hits += atomic_load_explicit(&l->looks, memory_order_relaxed) / ALICE__LANE_ONE;
        st.hits += atomic_load_explicit(&l->pins, memory_order_relaxed) / ALICE__LANE_ONE;
        st.misses += atomic_load_explicit(&l->misses, memory_order_relaxed);
    }
    return st;
}

void alice_cache_get_stats(alice_cache *c, alice_cache_stats *out)
{
    if (!out)
        return;
    *out = (alice_cache_stats){0};
    for (uint32_t i = 0; c && i < c->shard_count; i++) {
        struct shard *s = &c->shards[i];
        lock_quietly(s);
        alice_cache_stats st = stats_of(s);
        unlock_quietly(s);
        alice_cache_stats_add(out, &st);
    }
}

size_t alice_cache_bytes(alice_cache *c)
{
    size_t bytes = c ? c->handle_bytes : 0;
    for (uint32_t i = 0; c && i < c->shard_count; i++) {
        lock_quietly(&c->shards[i]);
        bytes += c->shards[i].allowance.held;
        unlock_quietly(&c->shards[i]);
    }
    return bytes;
}
