/* SPDX-License-Identifier: MIT */
/*
 * How an entry comes into the cache: room is made and charged, what does not fit
 * into a slot gets its block outside the lock, and only when all of it is there, the
 * key's old entry leaves and the new one enters, under one hold of the lock.
 *
 * The order of what has to go when nothing fits: an expired entry, whom the policy
 * chooses, what is dead and not yet buried, and last the ghost.
 */
#include "mem/cache_impl.h"

#include <string.h>

#define EXPIRE_AT_SET 8 /* entries of the wheel looked at by each set */

/* --- room ---------------------------------------------------------------------- */

size_t alice__cache_beside(size_t page_size, uint32_t segment_slots)
{
    struct alice__index index = {.mask = segment_slots / ALICE__INDEX_WAYS - 1};
    return 2 * alice__block_cost(page_size) +
           alice__block_cost(alice__index_segment_size(&index)) +
           alice__block_cost(16 * sizeof(struct alice__page)) +
           alice__block_cost(sizeof(struct wheel)) + 64;
}

/* The largest charge beside which an empty shard still works. */
static size_t largest_charge(const struct shard *s)
{
    size_t beside =
        alice__cache_beside(s->slab.page_size, (s->index.mask + 1) * ALICE__INDEX_WAYS);
    return s->allowance.limit > beside ? s->allowance.limit - beside : 0;
}

void alice__cache_bury_unlocked(struct shard *s, struct graves *graves)
{
    unlock_shard(s);
    alice__cache_bury(s, graves);
    lock_shard(s);
}

void alice__cache_drop_ghost(struct shard *s)
{
    (void)alice__ghost_size(&s->ghost, &s->allowance, 0);
}

/*
 * So many entries may go for one charge: all that were there. Who comes meanwhile, set by
 * other threads or by callbacks that put back what goes, is not waited for. All that the
 * callbacks of one burial do counts together.
 */
static size_t patience(const struct shard *s)
{
    return s->items + 16;
}

/*
 * Something did not fit, for the reason `why`. Make it more likely: ALICE_OK, and it
 * should be tried again; or what the caller has to be told. Each step lets an entry
 * go, of `*left`, or frees what is left besides, so that it ends. May release the lock
 * meanwhile.
 */
static alice_status make_way(struct shard *s, alice_status why, size_t need, size_t *left,
                             struct graves *graves)
{
    struct alice__call *call = alice__cache_called_out(s->cache);
    if (*left == 0 || !alice__cache_may_evict(s->cache) || !alice__call_spend(call))
        return why;
    --*left;
    if (s->allowance.account) {
        size_t room = alice_account_free(s->allowance.account);
        if (room < need && need - room > s->allowance.held)
            return ALICE_E_BUDGET; /* evicting everything would not help */
    }
    if (alice__wheel_advance(s, s->now, 1, graves) > 0 || alice__policy_evict(s, graves)) {
        if (graves->bytes >= need)
            alice__cache_bury_unlocked(s, graves);
        return ALICE_OK;
    }
    if (graves->first) {
        alice__cache_bury_unlocked(s, graves);
        return ALICE_OK;
    }
    if (s->ghost.tags) {
        alice__cache_drop_ghost(s);
        return ALICE_OK;
    }
    return why;
}

alice_status alice__cache_make_room(struct shard *s, size_t cost, struct graves *graves)
{
    alice_status st = cost > largest_charge(s) ? ALICE_E_TOOBIG : ALICE_OK;
    size_t left = patience(s);
    while (st == ALICE_OK) {
        st = alice__allowance_charge(&s->allowance, cost);
        if (st == ALICE_OK)
            break;
        st = make_way(s, st, cost, &left, graves);
    }
    return st;
}

/* Give the ghost the size that it should have. Best effort. */
static void fit_ghost(struct shard *s, struct graves *graves)
{
    uint32_t buckets = alice__ghost_buckets(alice__ghost_wanted(s));
    size_t cost = alice__block_cost((size_t)buckets * ALICE__GHOST_WAYS * sizeof(uint16_t));
    if (!alice__cache_may_evict(s->cache))
        return;
    s->ghost_unfit = false;
    alice__cache_drop_ghost(s);
    while (s->allowance.held - graves->bytes > s->allowance.limit - cost) {
        if (!alice__policy_evict(s, graves))
            return;
    }
    s->ghost_unfit = false;
    if (graves->first)
        alice__cache_bury_unlocked(s, graves);
    (void)alice__ghost_size(&s->ghost, &s->allowance, buckets);
}

/* --- storing ------------------------------------------------------------------- */

/* How the goods will stand in a slot. */
static alice_status shape(const struct shard *s, struct goods *g)
{
    const alice_cache *c = s->cache;
    size_t max = s->slab.max_size;
    if (g->key.n > UINT16_MAX)
        return ALICE_E_TOOBIG;
    g->ttl_ticks = 0;
    if (g->ttl_ms == ALICE_TTL_DEFAULT)
        g->ttl_ticks = c->ttl_ticks;
    else if (g->ttl_ms != ALICE_TTL_NEVER)
        g->ttl_ticks = alice__ttl_ticks(g->ttl_ms);
    g->flags |= ENTRY_LIVE | (g->ttl_ticks ? ENTRY_TIMED : 0);
    if (!(g->flags & ENTRY_REF)) {
        size_t size = align8(head_size(c, g->flags) + g->key.n);
        if (size <= max && g->size <= max - size) {
            g->slot_size = size + g->size;
            return ALICE_OK;
        }
        g->flags |= ENTRY_BLOCK;
    }
    g->slot_size = key_offset(c, g->flags) + g->key.n;
    if (g->slot_size > max) {
        g->flags |= ENTRY_KEY_OUT;
        g->slot_size = key_offset(c, g->flags) + sizeof(void *);
    }
    return ALICE_OK;
}

static void free_block(struct shard *s, void **block, size_t size)
{
    if (*block) {
        alice_env_free(&s->allowance.env, *block, block_size(size));
        alice__allowance_release(&s->allowance, alice__block_cost(block_size(size)));
        *block = NULL;
    }
}

/* Charge for a block under the lock, fill it outside. */
static alice_status make_block(struct shard *s, const void *from, size_t size,
                               struct graves *graves, void **out)
{
    void *p = NULL;
    size_t cost = alice__block_cost(block_size(size));
    alice_status st = alice__cache_make_room(s, cost, graves);
    if (st != ALICE_OK)
        return st;
    unlock_shard(s);
    alice__cache_bury(s, graves);
    st = alice_env_alloc(&s->allowance.env, block_size(size), ALICE_HERE, &p);
    if (st == ALICE_OK && size > 0)
        memcpy(p, from, size);
    lock_shard(s);
    if (st != ALICE_OK)
        alice__allowance_release(&s->allowance, cost);
    else
        *out = p;
    return st;
}

static alice_status make_outside(struct shard *s, struct goods *g, struct graves *graves)
{
    alice_status st = ALICE_OK;
    if (g->flags & ENTRY_KEY_OUT)
        st = make_block(s, g->key.p, g->key.n, graves, &g->key_block);
    if (st == ALICE_OK && (g->flags & ENTRY_BLOCK) && !g->block)
        st = make_block(s, g->value, g->size, graves, &g->block);
    if (st == ALICE_OK && (g->flags & ENTRY_REF)) {
        st = alice__cache_make_room(s, g->size, graves);
        g->charged = st == ALICE_OK;
    }
    return st;
}

/* Undo make_outside(); but a block that came with the goods is its maker's. */
static void drop_outside(struct shard *s, struct goods *g)
{
    free_block(s, &g->key_block, g->key.n);
    if (g->charged)
        alice__allowance_release(&s->allowance, g->size);
    g->charged = false;
}

static uint16_t initial_flags(const alice_cache *c, const struct goods *g)
{
    unsigned inherit = g->inherit & (ENTRY_MAIN | ENTRY_FREQ);
    if (g->inherit && (inherit & ENTRY_FREQ) >> ENTRY_FREQ_SHIFT < c->freq_max)
        inherit += 1U << ENTRY_FREQ_SHIFT;
    return (uint16_t)(g->flags | inherit);
}

static void postpone(struct shard *s, struct entry *e, uint32_t ttl)
{
    timing_of(e)->deadline = (uint32_t)s->now + ttl;
    if (s->cache->renew)
        *ttl_of(e) = ttl;
}

static void set_deadline(struct shard *s, struct entry *e, uint32_t handle, uint32_t ttl)
{
    postpone(s, e, ttl);
    alice__wheel_add(s, e, handle, s->now);
}

/* Write the goods into a slot; what they had outside is the entry's now. */
static struct entry *fill(struct shard *s, struct goods *g, uint32_t handle, uint16_t pins)
{
    const alice_cache *c = s->cache;
    struct entry *e = entry_at(s, handle);
    e->flags = initial_flags(c, g);
    e->klen = (uint16_t)g->key.n;
    e->vlen = 0;
    __atomic_store_n(&e->pins, pins, __ATOMIC_RELAXED);
    e->tag = g->tag;
    uint8_t *key = (uint8_t *)e + key_offset(c, e->flags);
    if (e->flags & ENTRY_KEY_OUT)
        memcpy(key, &g->key_block, sizeof g->key_block);
    else if (g->key.n > 0)
        memcpy(key, g->key.p, g->key.n);
    if (e->flags & ENTRY_REF) {
        *outside_of(c, e) =
            (struct outside){(void *)(uintptr_t)g->value, g->size, g->destroy, g->destroy_ctx};
    } else if (e->flags & ENTRY_BLOCK) {
        outside_of(c, e)->p = g->block;
        outside_of(c, e)->n = g->size;
        g->block = NULL;
    } else {
        e->vlen = (uint16_t)g->size;
        if (g->size > 0)
            memcpy((uint8_t *)e + align8(head_size(c, e->flags) + g->key.n), g->value, g->size);
    }
    g->key_block = NULL;
    return e;
}

/* A slot, with place in the index and a wheel where it needs one. 0: `*st` says why. */
static uint32_t take_slot(struct shard *s, const struct goods *g, struct graves *graves,
                          alice_status *st)
{
    unsigned cls = alice__slab_class(g->slot_size);
    uint32_t handle = 0;
    size_t left = patience(s);
    for (*st = ALICE_OK; *st == ALICE_OK;) {
        size_t need = alice__slab_class_size(cls);
        *st = alice__index_reserve(&s->index, g->tag);
        if (*st == ALICE_OK && g->ttl_ticks)
            *st = alice__wheel_need(s, s->now);
        if (*st == ALICE_OK)
            handle = alice__slab_take(&s->slab, cls, st);
        if (handle)
            break;
        *st = make_way(s, *st, need, &left, graves);
    }
    return handle;
}

/* Of a bound by number: let others go until one more may come. May release the lock meanwhile.
 */
static alice_status make_number(struct shard *s, struct graves *graves)
{
    size_t left = patience(s);
    while (s->max_items > 0 && s->items >= s->max_items) {
        struct alice__call *call = alice__cache_called_out(s->cache);
        if (left-- == 0 || !alice__cache_may_evict(s->cache) || !alice__call_spend(call) ||
            (alice__wheel_advance(s, s->now, 1, graves) == 0 &&
             !alice__policy_evict(s, graves)))
            return ALICE_E_BUSY;
    }
    return ALICE_OK;
}

alice_status alice__cache_store(struct shard *s, struct goods *g, uint16_t pins,
                                const bool *detached, struct graves *graves, struct entry **out)
{
    uint32_t handle = 0;
    alice_status st = shape(s, g);
    if (st == ALICE_OK)
        st = make_outside(s, g, graves);
    if (st == ALICE_OK)
        st = make_number(s, graves);
    if (st == ALICE_OK)
        handle = take_slot(s, g, graves, &st);
    if (!handle) {
        drop_outside(s, g);
        s->rejections++;
        return st;
    }
    bool apart = detached && *detached;
    if (!apart) {
        unsigned before = alice__cache_erase(s, g->key, g->tag, ALICE_CACHE_REPLACED, graves);
        if (before)
            g->inherit = before;
    }
    struct entry *e = fill(s, g, handle, pins);
    s->given += pins;
    if (apart) {
        e->flags =
            (uint16_t)(e->flags | ENTRY_DEAD | ALICE_CACHE_REPLACED << ENTRY_REASON_SHIFT);
        e->tag = handle;
        (void)alice__pins_watch(&e->pins); /* it has pins: it goes with the last */
    } else {
        if (!g->inherit)
            alice__policy_admit(s, e);
        e->flags |= ENTRY_INDEXED;
        alice__index_add(&s->index, g->tag, handle);
        alice__queue_push(s, e, handle);
        if (g->ttl_ticks)
            set_deadline(s, e, handle, g->ttl_ticks);
        s->items++;
        s->sets++;
    }
    *out = e;
    return ALICE_OK;
}

/*
 * Write over a small value in its place, where that is all there is to do: nobody
 * looks at the old one, or has to be told.
 */
static bool set_in_place(struct shard *s, struct goods *g)
{
    const unsigned outside = ENTRY_BLOCK | ENTRY_REF | ENTRY_KEY_OUT;
    uint32_t handle = alice__cache_find(s, g->key, g->tag);
    if (!handle || s->cache->on_evict || shape(s, g) != ALICE_OK)
        return false;
    struct entry *e = entry_at(s, handle);
    if (alice__pins(&e->pins) > 0 || ((e->flags | g->flags) & outside) ||
        (e->flags & ENTRY_TIMED) != (g->flags & ENTRY_TIMED) ||
        !alice__slab_suits(alice__slab_class_of(&s->slab, handle), g->slot_size))
        return false;
    if (e->flags & ENTRY_TIMED) {
        if (expired_at(e, s->now))
            return false;
        uint32_t deadline = (uint32_t)s->now + g->ttl_ticks;
        if ((int32_t)(deadline - timing_of(e)->deadline) >= 0) {
            postpone(s, e, g->ttl_ticks); /* the wheel finds out when the old one comes */
        } else {
            alice__wheel_unlink(s, e);
            set_deadline(s, e, handle, g->ttl_ticks);
        }
    }
    e->vlen = (uint16_t)g->size;
    if (g->size > 0)
        memcpy((uint8_t *)e + align8(head_size(s->cache, e->flags) + e->klen), g->value,
               g->size);
    policy_hit(s, e, handle);
    s->sets++;
    return true;
}

static alice_status store_goods(alice_cache *c, struct goods *g)
{
    struct graves graves = {0};
    struct entry *e = NULL;
    alice_status st = ALICE_OK;
    if (c->closing)
        return ALICE_E_CLOSED;
    if (g->destroy)
        atomic_store_explicit(&c->calls_out, true, memory_order_relaxed);
    struct shard *s = alice__cache_shard(c, g->key, &g->tag);
    lock_shard(s);
    if (s->wheel || c->ttl_ticks ||
        (g->ttl_ms != ALICE_TTL_DEFAULT && g->ttl_ms != ALICE_TTL_NEVER))
        alice__cache_now(s);
    if (s->flights && !g->only_new)
        alice__flights_stale(s, g->key, g->tag);
    if (s->wheel && alice__wheel_due(s->wheel, s->now))
        alice__wheel_advance(s, s->now, EXPIRE_AT_SET, &graves);
    uint32_t there = g->only_new ? alice__cache_find(s, g->key, g->tag) : 0;
    struct entry *old = there ? entry_at(s, there) : NULL;
    if (old && (!(old->flags & ENTRY_TIMED) || !expired_at(old, s->now))) {
        st = ALICE_E_EXISTS;
    } else if (!set_in_place(s, g)) {
        g->flags &= ENTRY_REF;
        g->inherit = alice__cache_erase(s, g->key, g->tag, ALICE_CACHE_REPLACED, &graves);
        st = alice__cache_store(s, g, 0, NULL, &graves, &e);
        free_block(s, &g->block, g->size);
        if (st == ALICE_OK && s->flights)
            alice__flights_stale(s, g->key, g->tag);
    }
    if (s->ghost_unfit)
        fit_ghost(s, &graves);
    unlock_shard(s);
    if (graves.first)
        alice__cache_bury(s, &graves);
    return st;
}

alice_status alice_cache_set(alice_cache *c, alice_bytes key, alice_bytes value,
                             uint32_t ttl_ms)
{
    if (!c || bad_bytes(key) || bad_bytes(value))
        return ALICE_E_INVAL;
    struct goods g = {.key = key, .value = value.p, .size = value.n, .ttl_ms = ttl_ms};
    return store_goods(c, &g);
}

alice_status alice_cache_add(alice_cache *c, alice_bytes key, alice_bytes value,
                             uint32_t ttl_ms)
{
    if (!c || bad_bytes(key) || bad_bytes(value))
        return ALICE_E_INVAL;
    struct goods g = {
        .key = key, .value = value.p, .size = value.n, .ttl_ms = ttl_ms, .only_new = true};
    return store_goods(c, &g);
}

alice_status alice_cache_set_ref(alice_cache *c, alice_bytes key, void *value, size_t size,
                                 alice_cache_destroy_fn destroy, void *destroy_ctx,
                                 uint32_t ttl_ms)
{
    if (!c || !value || bad_bytes(key))
        return ALICE_E_INVAL;
    struct goods g = {.key = key,
                      .flags = ENTRY_REF,
                      .value = value,
                      .size = size,
                      .destroy = destroy,
                      .destroy_ctx = destroy_ctx,
                      .ttl_ms = ttl_ms};
    return store_goods(c, &g);
}
