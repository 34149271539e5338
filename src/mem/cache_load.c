/* SPDX-License-Identifier: MIT */
/*
 * One load for many: who asks for a key that is being loaded waits for it.
 *
 * A flight stands on the stack of the thread that loads, in the list of its
 * shard, and under the shard's lock. It leaves the list before the result is
 * handed out; the loading thread stays until the last who waits has seen it. A
 * key that is set or removed meanwhile makes the flight stale: nobody joins it any
 * more, and what it loads goes to those who wait, not into the cache.
 *
 * What a loader takes is charged when it takes it, so that a large value is never
 * beside the bound while it is being made.
 */
#include "mem/cache_impl.h"

#include <string.h>

#define WAITERS_MAX (ALICE__PINS_MAX / 2) /* each of them needs a pin */

/*
 * Who waits for whom, over all caches: a thread that loads may wait for another's load,
 * and that one's thread for a third. Were the last to wait for the first, all would for
 * ever. `waits_for` is the thread's own and is read by others, under the lock.
 */
struct loader {
    struct flight *waits_for;
};

static _Thread_local struct loader loading;

static struct waits {
    pthread_mutex_t lock;
} waits = {PTHREAD_MUTEX_INITIALIZER};

struct alice_load {
    struct shard *shard;
    struct goods goods;
    bool given; /* there is a value */
};

void alice__flights_stale(struct shard *s, alice_bytes key, uint32_t tag)
{
    for (struct flight *f = s->flights; f; f = f->next) {
        if (f->tag == tag && f->key.n == key.n &&
            (key.n == 0 || memcmp(f->key.p, key.p, key.n) == 0))
            f->stale = true;
    }
}

static struct flight *find_flight(struct shard *s, alice_bytes key, uint32_t tag)
{
    for (struct flight *f = s->flights; f; f = f->next) {
        if (!f->stale && f->tag == tag && f->key.n == key.n &&
            (key.n == 0 || memcmp(f->key.p, key.p, key.n) == 0))
            return f;
    }
    return NULL;
}

static void unlink_flight(struct shard *s, struct flight *flight)
{
    struct flight **at = &s->flights;
    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
}

/* Under the lock: give back what was taken, and a value that was handed over. */
static void forget_block(struct alice_load *load)
{
    struct goods *g = &load->goods;
    struct shard *s = load->shard;
    if (g->block) {
        alice_env_free(&s->allowance.env, g->block, block_size(g->size));
        alice__allowance_release(&s->allowance, alice__block_cost(block_size(g->size)));
        g->block = NULL;
    }
}

alice_status alice_load_take(alice_load *load, size_t size, void **p)
{
    struct graves graves = {0};
    void *block = NULL;
    if (!load || !p || (load->goods.flags & ENTRY_REF))
        return ALICE_E_INVAL;
    struct shard *s = load->shard;
    struct goods *g = &load->goods;
    size_t cost = alice__block_cost(block_size(size));
    lock_shard(s);
    alice_status st = alice__cache_make_room(s, cost, &graves);
    unlock_shard(s);
    alice__cache_bury(s, &graves);
    if (st != ALICE_OK)
        return st;
    st = alice_env_alloc(&s->allowance.env, block_size(size), ALICE_HERE, &block);
    lock_shard(s);
    if (st == ALICE_OK) {
        if (g->block)
            memcpy(block, g->block, size < g->size ? size : g->size);
        forget_block(load);
        g->block = block;
        g->value = block;
        g->size = size;
        load->given = true;
        *p = block;
    } else {
        alice__allowance_release(&s->allowance, cost);
    }
    unlock_shard(s);
    return st;
}

alice_status alice_load_ref(alice_load *load, void *value, size_t size,
                            alice_cache_destroy_fn destroy, void *destroy_ctx)
{
    if (!load || !value || (load->goods.flags & ENTRY_REF))
        return ALICE_E_INVAL;
    if (destroy)
        atomic_store_explicit(&load->shard->cache->calls_out, true, memory_order_relaxed);
    lock_shard(load->shard);
    forget_block(load);
    unlock_shard(load->shard);
    load->goods.flags = ENTRY_REF;
    load->goods.value = value;
    load->goods.size = size;
    load->goods.destroy = destroy;
    load->goods.destroy_ctx = destroy_ctx;
    load->given = true;
    return ALICE_OK;
}

void alice_load_ttl(alice_load *load, uint32_t ttl_ms)
{
    if (load)
        load->goods.ttl_ms = ttl_ms;
}

/* Say that this thread waits for a load; false: that load waits for this thread. */
static bool may_wait(struct flight *flight)
{
    pthread_mutex_lock(&waits.lock);
    const struct flight *f = flight;
    while (f && f->loader != &loading)
        f = f->loader->waits_for;
    if (!f)
        loading.waits_for = flight;
    pthread_mutex_unlock(&waits.lock);
    return !f;
}

static void waited(void)
{
    pthread_mutex_lock(&waits.lock);
    loading.waits_for = NULL;
    pthread_mutex_unlock(&waits.lock);
}

/* Wait for somebody else's load. Under the lock. */
static alice_status join(struct shard *s, struct flight *flight, struct entry **out)
{
    if (flight->waiters == WAITERS_MAX)
        return ALICE_E_BUSY;
    if (!may_wait(flight))
        return ALICE_E_DEADLOCK;
    flight->waiters++;
    s->load_waits++;
    while (!flight->done)
        wait_in_shard(s, &flight->changed);
    waited();
    *out = flight->entry;
    alice_status st = flight->status;
    if (--flight->waiters == 0)
        pthread_cond_broadcast(&flight->changed);
    return st;
}

/* Hand the result to everybody who waits, and wait until they have it. Under the lock. */
static void land(struct shard *s, struct flight *flight, struct entry *e, alice_status st)
{
    unlink_flight(s, flight);
    flight->entry = e;
    flight->status = st;
    flight->done = true;
    if (e)
        __atomic_fetch_add(&e->pins, (uint16_t)flight->waiters, __ATOMIC_RELAXED);
    if (e)
        s->given += flight->waiters;
    if (flight->waiters > 0)
        pthread_cond_broadcast(&flight->changed);
    while (flight->waiters > 0)
        wait_in_shard(s, &flight->changed);
    pthread_cond_destroy(&flight->changed);
}

/* Run the loader and store what it made. Takes and lets go of the lock. */
static alice_status fly(struct alice_load *load, alice_load_fn fn, void *ctx,
                        struct flight *flight, struct graves *graves, struct entry **out)
{
    struct shard *s = load->shard;
    struct goods *g = &load->goods;
    flight->next = s->flights;
    s->flights = flight;
    s->loads++;
    unlock_shard(s);
    alice_status st = fn(ctx, flight->key, load);
    void *unwanted = NULL;
    lock_shard(s);
    if (st == ALICE_OK && load->given) {
        alice__cache_now(s);
        st = alice__cache_store(s, g, 1, &flight->stale, graves, out);
    }
    if (st != ALICE_OK && (g->flags & ENTRY_REF) && g->destroy)
        unwanted = (void *)(uintptr_t)g->value;
    forget_block(load);
    land(s, flight, *out, st);
    if (unwanted) {
        unlock_shard(s);
        g->destroy(g->destroy_ctx, unwanted, g->size);
        lock_shard(s);
    }
    return st;
}

/* Load what is missing, or, with `old` pinned, what is there anew. Under the lock. */
static alice_status load_under(struct shard *s, alice_bytes key, uint32_t tag, alice_load_fn fn,
                               void *ctx, struct graves *graves, struct entry **out)
{
    struct flight flight = {.key = key, .tag = tag, .loader = &loading};
    alice_load load = {.shard = s, .goods = {.key = key, .tag = tag}};
    if (pthread_cond_init(&flight.changed, NULL) != 0)
        return ALICE_E_SYSTEM;
    return fly(&load, fn, ctx, &flight, graves, out);
}

/* Whether the time has come to load again what is pinned, and nobody does. Under the lock. */
static bool is_due(struct shard *s, alice_bytes key, uint32_t tag, struct entry *e)
{
    if (!(e->flags & ENTRY_TIMED) || !(e->flags & ENTRY_INDEXED) || find_flight(s, key, tag))
        return false;
    uint32_t left = timing_of(e)->deadline - (uint32_t)alice__cache_now(s);
    return left <= s->cache->refresh_left;
}

/* A hit is pinned: where it is due, one loads it again and gets the new one; else, or when
 * that fails, it is the old. */
static void refresh(struct shard *s, alice_bytes key, uint32_t tag, alice_load_fn fn, void *ctx,
                    alice_pin *pin)
{
    struct graves graves = {0};
    struct entry *e = NULL;
    alice_pin fresh = {0};
    lock_shard(s);
    if (is_due(s, key, tag, pin->entry_)) {
        s->refreshes++;
        (void)load_under(s, key, tag, fn, ctx, &graves, &e); /* a failure leaves the old */
    }
    if (e)
        fresh = alice__cache_pin_of(s, e);
    unlock_shard(s);
    alice__cache_bury(s, &graves);
    if (e) {
        alice_cache_unpin(pin);
        *pin = fresh;
    }
}

alice_status alice_cache_get_or_load(alice_cache *c, alice_bytes key, alice_load_fn fn,
                                     void *ctx, alice_pin *out)
{
    struct graves graves = {0};
    struct entry *e = NULL;
    uint32_t tag;
    alice_status st = ALICE_OK;
    if (!out)
        return ALICE_E_INVAL;
    *out = (alice_pin){0};
    if (!c || !fn || bad_bytes(key))
        return ALICE_E_INVAL;
    if (c->closing)
        return ALICE_E_CLOSED;
    struct shard *s = alice__cache_shard(c, key, &tag);
    st = alice__cache_look(s, key, tag, false, out);
    if (st == ALICE_OK && c->refresh_left > 0)
        refresh(s, key, tag, fn, ctx, out);
    if (st == ALICE_OK || st == ALICE_E_BUSY)
        return st;
    lock_shard(s);
    e = alice__cache_use(s, key, tag, &graves);
    struct flight *other = e ? NULL : find_flight(s, key, tag);
    if (e) {
        st = alice__cache_pin(s, e) ? ALICE_OK : ALICE_E_BUSY;
    } else if (other) {
        st = join(s, other, &e);
    } else {
        st = load_under(s, key, tag, fn, ctx, &graves, &e);
    }
    if (st == ALICE_OK && e)
        *out = alice__cache_pin_of(s, e);
    else if (st == ALICE_OK)
        st = ALICE_E_NOENT;
    unlock_shard(s);
    alice__cache_bury(s, &graves);
    return st;
}
