/* SPDX-License-Identifier: MIT */
/*
 * Values that live while somebody holds them.
 *
 *     weak cache ─▶ core ─┬ table    key → node        finds, does not hold
 *                         └ recent   the latest N nodes, one hold each
 *     strong ──────────────────────▶ node ─▶ value
 *
 * A node counts its holds under the lock of the core. When the last one goes, the
 * node leaves the table under the same lock, so that nobody finds what is about to
 * be destroyed; the value is destroyed after unlocking. A node whose key was taken by
 * another, or removed, is out of the table (`found` false) and lives on its holds.
 *
 * The core counts the handle and every node. It goes with the last of them, so holds
 * may outlive the cache.
 *
 * Lock: one, the core's; nothing but the account and the allocator's below it. No
 * destroy runs under it.
 */
#include <alice/reclaim.h>
#include <alice/weak_cache.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/options.h"
#include "mem/calls.h"
#include "mem/profile_hook.h"
#include "port/entropy.h"

#define BUCKETS_MIN 16

struct core;

struct node {
    struct core *core;
    struct node *chain;         /* in its bucket; when dead: the next dead */
    struct node *newer, *older; /* among the latest */
    void *value;
    size_t size;
    uint32_t hash;
    uint32_t holds;
    uint32_t klen;
    bool found;
    bool recent;
    uint8_t key[];
};

struct core {
    pthread_mutex_t lock;
    alice_env env;
    size_t references; /* the handle, and each node */
    alice_weak_destroy_fn destroy;
    void *destroy_ctx;
    bool charge_values;
    uint64_t seed;
    struct node **buckets;
    size_t bucket_count; /* a power of two */
    size_t items;
    bool closing;
    struct node *newest, *oldest;
    struct node *deferred; /* whom destroy() made go: buried when it has returned */
    size_t recent;
    size_t max_recent;
    size_t bytes;
    uint64_t hits, misses, sets, gone;
    size_t changes; /* since the last check, in builds that check */
};

struct alice_weak_cache {
    struct core *core;
    alice_reclaimer *reclaimer;
};

static alice_weak_cache_options usual(void)
{
    return (alice_weak_cache_options){.recent = 100};
}

void alice_weak_cache_defaults_into(alice_weak_cache_options *out, size_t size)
{
    if (!out)
        return;
    alice_weak_cache_options o = usual();
    o.size = size;
    alice__figures_give(out, size, &o, sizeof o);
}

size_t alice_weak_cache_footprint(const alice_weak_cache_options *options)
{
    (void)options;
    return sizeof(alice_weak_cache) + sizeof(struct core) + BUCKETS_MIN * sizeof(struct node *);
}

static size_t node_size(size_t klen)
{
    return sizeof(struct node) + klen;
}

/* --- the parts, under the lock --------------------------------------------- */

static struct node **bucket_of(struct core *core, uint32_t hash)
{
    return &core->buckets[hash & (core->bucket_count - 1)];
}

static struct node *find_locked(struct core *core, alice_bytes key, uint32_t hash)
{
    struct node *n = *bucket_of(core, hash);
    while (n && (n->hash != hash || n->klen != key.n ||
                 (key.n > 0 && memcmp(n->key, key.p, key.n) != 0)))
        n = n->chain;
    return n;
}

static void unlink_locked(struct core *core, struct node *node)
{
    struct node **at = bucket_of(core, node->hash);
    while (*at != node)
        at = &(*at)->chain;
    *at = node->chain;
    node->found = false;
    core->items--;
}

static void recent_unlink_locked(struct core *core, struct node *n)
{
    *(n->newer ? &n->newer->older : &core->newest) = n->older;
    *(n->older ? &n->older->newer : &core->oldest) = n->newer;
    n->recent = false;
    core->recent--;
}

static void recent_push_locked(struct core *core, struct node *n)
{
    n->newer = NULL;
    n->older = core->newest;
    *(core->newest ? &core->newest->newer : &core->oldest) = n;
    core->newest = n;
    n->recent = true;
    core->recent++;
}

/* One hold less. With the last the node joins the dead, whom the caller buries unlocked. */
static void drop_locked(struct core *core, struct node *n, struct node **dead)
{
    ALICE__CHECKED(n->holds > 0);
    if (--n->holds > 0)
        return;
    ALICE__CHECKED(!n->recent);
    if (n->found)
        unlink_locked(core, n);
    core->gone++;
    n->chain = *dead;
    *dead = n;
}

static void forget_oldest_locked(struct core *core, size_t keep, struct node **dead)
{
    while (core->recent > keep) {
        struct node *n = core->oldest;
        recent_unlink_locked(core, n);
        drop_locked(core, n, dead);
    }
}

/* It was used: it is the latest. */
static void touch_locked(struct core *core, struct node *n, struct node **dead)
{
    if (core->max_recent == 0)
        return;
    if (n->recent) {
        recent_unlink_locked(core, n);
    } else {
        n->holds++;
    }
    recent_push_locked(core, n);
    forget_oldest_locked(core, core->max_recent, dead);
}

/* Twice the buckets, where there is memory for them; otherwise chains just get longer. */
static void grow_locked(struct core *core, struct node **buckets, size_t count)
{
    struct node **old = core->buckets;
    size_t old_count = core->bucket_count;
    core->buckets = buckets;
    core->bucket_count = count;
    for (size_t i = 0; i < old_count; i++) {
        while (old[i]) {
            struct node *n = old[i];
            old[i] = n->chain;
            struct node **at = bucket_of(core, n->hash);
            n->chain = *at;
            *at = n;
        }
    }
    core->bytes += (count - old_count) * sizeof *buckets;
}

/* --- the checker ------------------------------------------------------------------- */

static const char *check_locked(struct core *core)
{
    size_t items = 0;
    size_t recent = 0;
    for (size_t i = 0; i < core->bucket_count; i++) {
        for (struct node *n = core->buckets[i]; n; n = n->chain) {
            alice_bytes key = {n->key, n->klen};
            if (items++ >= core->items)
                return "a chain is too long";
            if (!n->found || n->holds == 0 || n->core != core)
                return "a value is found that nobody holds";
            if (find_locked(core, key, n->hash) != n)
                return "a value is not found by its key";
        }
    }
    struct node *newer = NULL;
    for (struct node *n = core->newest; n; newer = n, n = n->older) {
        if (recent++ >= core->recent || n->newer != newer || !n->recent || !n->found ||
            n->holds == 0)
            return "the latest are linked wrongly";
    }
    if (items != core->items || recent != core->recent || core->oldest != newer)
        return "counts are wrong";
    if (core->recent > core->max_recent || core->references < core->items + !core->closing)
        return "more is kept than agreed";
    return NULL;
}

static void unlock_core(struct core *core)
{
    ALICE__CHECKED(core->references == 0 || !alice__check_due(&core->changes, core->items) ||
                   !check_locked(core));
    pthread_mutex_unlock(&core->lock);
}

/* --- the end of things, unlocked --------------------------------------------- */

static void free_core(struct core *core)
{
    alice_env env = core->env;
    alice_env_free(&env, core->buckets, core->bucket_count * sizeof *core->buckets);
    pthread_mutex_destroy(&core->lock);
    alice_env_free(&env, core, sizeof *core);
}

static void drop_core(struct core *core, size_t count, size_t bytes)
{
    pthread_mutex_lock(&core->lock);
    core->bytes -= bytes;
    core->references -= count;
    bool last = core->references == 0;
    unlock_core(core);
    if (last)
        free_core(core);
}

static void bury_now(struct core *core, struct node *dead)
{
    size_t count = 0;
    size_t bytes = 0;
    while (dead) {
        struct node *n = dead;
        dead = n->chain;
        if (core->destroy)
            core->destroy(core->destroy_ctx, n->value, n->size);
        if (core->charge_values) {
            alice_account_release(core->env.account, n->size);
            bytes += n->size;
        }
        bytes += node_size(n->klen);
        alice_env_free(&core->env, n, node_size(n->klen));
        count++;
    }
    drop_core(core, count, bytes);
}

/* What the destroy() of this thread made go while it ran, until it makes nothing go. */
static void bury_deferred(struct core *core, struct alice__call *call)
{
    while (call->deferred) {
        call->deferred = false;
        pthread_mutex_lock(&core->lock);
        struct node *dead = core->deferred;
        core->deferred = NULL;
        unlock_core(core);
        if (dead)
            bury_now(core, dead);
    }
}

static void defer(struct core *core, struct node *dead, struct alice__call *call)
{
    struct node *last = dead;
    while (last->chain)
        last = last->chain;
    pthread_mutex_lock(&core->lock);
    last->chain = core->deferred;
    core->deferred = dead;
    unlock_core(core);
    call->deferred = true;
}

static void bury(struct core *core, struct node *dead)
{
    struct alice__call call;
    if (!dead)
        return;
    (void)alice__call_escaped(core, ALICE__FRAME);
    struct alice__call *outer = alice__call_of(core);
    if (outer) {
        defer(core, dead, outer);
        return;
    }
    /* So that the core stays until the deferred are buried, too. */
    pthread_mutex_lock(&core->lock);
    core->references++;
    unlock_core(core);
    alice__call_begin(&call, core, 0);
    bury_now(core, dead);
    bury_deferred(core, &call);
    alice__call_end(&call);
    drop_core(core, 1, 0);
}

/* --- opening and closing ------------------------------------------------------- */

static alice_status open_core(struct core **out, const alice_weak_cache_options *o)
{
    void *p = NULL;
    void *buckets = NULL;
    alice_status st = alice_env_calloc(&o->env, 1, sizeof(struct core), ALICE_HERE, &p);
    if (st != ALICE_OK)
        return st;
    struct core *core = p;
    st = alice_env_calloc(&o->env, BUCKETS_MIN, sizeof *core->buckets, ALICE_HERE, &buckets);
    if (st == ALICE_OK && pthread_mutex_init(&core->lock, NULL) != 0) {
        alice_env_free(&o->env, buckets, BUCKETS_MIN * sizeof *core->buckets);
        st = ALICE_E_SYSTEM;
    }
    if (st != ALICE_OK) {
        alice_env_free(&o->env, core, sizeof *core);
        return st;
    }
    core->env = o->env;
    core->references = 1;
    core->destroy = o->destroy;
    core->destroy_ctx = o->destroy_ctx;
    core->charge_values = !o->values_uncharged;
    core->seed = alice__random64();
    core->buckets = buckets;
    core->bucket_count = BUCKETS_MIN;
    core->max_recent = o->recent;
    core->bytes = alice_weak_cache_footprint(o);
    *out = core;
    return ALICE_OK;
}

static alice_reclaimed reclaim(void *ctx, size_t wanted)
{
    alice_weak_cache *cache = ctx;
    alice_reclaimed got = {0};
    size_t before = alice_weak_cache_bytes(cache);
    (void)wanted;
    got.items = alice_weak_cache_trim(cache);
    size_t after = alice_weak_cache_bytes(cache);
    got.bytes = before > after ? before - after : 0;
    return got;
}

static void take_down(alice_weak_cache *c)
{
    struct core *core = c->core;
    core->closing = true;
    alice_env env = core->env;
    ALICE__CENSUS_REMOVE(&env, c);
    alice_reclaimer_remove(&c->reclaimer);
    alice_weak_cache_trim(c);
    alice_env_free(&env, c, sizeof *c);
    drop_core(core, 1, sizeof *c);
}

alice_status alice_weak_cache_open(alice_weak_cache **out,
                                   const alice_weak_cache_options *options)
{
    void *p = NULL;
    char name[32];
    alice_weak_cache_options own;
    const alice_weak_cache_options *o = &own;
    if (!out || !options)
        return ALICE_E_INVAL;
    alice_status st = alice__options_take(&own, sizeof own, options);
    if (st != ALICE_OK)
        return st;
    st = alice_env_calloc(&o->env, 1, sizeof(alice_weak_cache), ALICE_HERE, &p);
    if (st != ALICE_OK)
        return st;
    alice_weak_cache *cache = p;
    st = open_core(&cache->core, o);
    if (st != ALICE_OK) {
        alice_env_free(&o->env, cache, sizeof *cache);
        return st;
    }
    snprintf(name, sizeof name, "%.23s.recent", o->name ? o->name : "weak");
    if (o->budget)
        st = alice_reclaimer_add(&cache->reclaimer, o->budget, name, ALICE_RECLAIM_COLD,
                                 reclaim, cache);
    if (st == ALICE_OK) {
        *out = cache;
        ALICE__CENSUS_ADD(&o->env, cache, "alice_weak_cache");
    } else {
        take_down(cache);
    }
    return st;
}

alice_status alice_weak_cache_close(alice_weak_cache **cache)
{
    if (!cache || !*cache)
        return ALICE_OK;
    if (alice__call_of((*cache)->core))
        return ALICE_E_BUSY;
    take_down(*cache);
    *cache = NULL;
    return ALICE_OK;
}

/* --- the calls -------------------------------------------------------------------- */

static uint32_t hash_of(const struct core *core, alice_bytes key)
{
    return (uint32_t)alice__hash64(key.p, key.n, core->seed);
}

static bool bad_bytes(alice_bytes b)
{
    return (!b.p && b.n > 0) || b.n > UINT32_MAX;
}

/* Before the lock is taken, because taking memory may reclaim. */
static void grow(struct core *core)
{
    void *buckets = NULL;
    pthread_mutex_lock(&core->lock);
    size_t old_count = core->bucket_count;
    bool full = core->items >= old_count;
    unlock_core(core);
    if (!full || old_count > SIZE_MAX / 4 / sizeof *core->buckets)
        return;
    if (alice_env_calloc(&core->env, old_count * 2, sizeof *core->buckets, ALICE_HERE,
                         &buckets) != ALICE_OK)
        return;
    size_t unused = old_count * 2;
    pthread_mutex_lock(&core->lock);
    if (core->bucket_count == old_count) {
        struct node **old = core->buckets;
        grow_locked(core, buckets, old_count * 2);
        buckets = old;
        unused = old_count;
    }
    unlock_core(core);
    alice_env_free(&core->env, buckets, unused * sizeof *core->buckets);
}

static alice_status make_node(struct core *core, alice_bytes key, void *value, size_t size,
                              struct node **out)
{
    void *p = NULL;
    alice_status st = ALICE_OK;
    if (core->charge_values)
        st = alice_account_charge(core->env.account, size);
    if (st != ALICE_OK)
        return st;
    st = alice_env_alloc(&core->env, node_size(key.n), ALICE_HERE, &p);
    if (st != ALICE_OK) {
        if (core->charge_values)
            alice_account_release(core->env.account, size);
        return st;
    }
    struct node *n = p;
    memset(n, 0, sizeof *n);
    n->core = core;
    n->value = value;
    n->size = size;
    n->hash = hash_of(core, key);
    n->holds = 1;
    n->klen = (uint32_t)key.n;
    if (key.n > 0)
        memcpy(n->key, key.p, key.n);
    *out = n;
    return ALICE_OK;
}

/* From within destroy() nobody goes for another: who puts back what goes would never end. */
static bool may_displace(struct core *core)
{
    if (!alice__call_of(core))
        return true;
    pthread_mutex_lock(&core->lock);
    bool room = core->recent < core->max_recent;
    unlock_core(core);
    return room;
}

alice_status alice_weak_cache_set(alice_weak_cache *cache, alice_bytes key, void *value,
                                  size_t size, alice_strong *out)
{
    struct node *n = NULL;
    struct node *dead = NULL;
    if (out)
        *out = (alice_strong){0};
    if (!cache || !value || bad_bytes(key))
        return ALICE_E_INVAL;
    struct core *core = cache->core;
    if (core->closing)
        return ALICE_E_CLOSED;
    if (!may_displace(core))
        return ALICE_E_BUSY;
    alice_status st = make_node(core, key, value, size, &n);
    if (st != ALICE_OK)
        return st;
    grow(core);
    pthread_mutex_lock(&core->lock);
    struct node *old = find_locked(core, key, n->hash);
    if (old) {
        unlink_locked(core, old);
        if (old->recent) {
            recent_unlink_locked(core, old);
            drop_locked(core, old, &dead);
        }
    }
    n->chain = *bucket_of(core, n->hash);
    *bucket_of(core, n->hash) = n;
    n->found = true;
    core->items++;
    core->references++;
    core->bytes += node_size(key.n) + (core->charge_values ? size : 0);
    core->sets++;
    touch_locked(core, n, &dead);
    if (out)
        *out = (alice_strong){value, size, n};
    else
        drop_locked(core, n, &dead);
    unlock_core(core);
    bury(core, dead);
    return ALICE_OK;
}

alice_status alice_weak_cache_get(alice_weak_cache *cache, alice_bytes key, alice_strong *out)
{
    struct node *dead = NULL;
    if (!out)
        return ALICE_E_INVAL;
    *out = (alice_strong){0};
    if (!cache || bad_bytes(key))
        return ALICE_E_INVAL;
    struct core *core = cache->core;
    uint32_t hash = hash_of(core, key);
    pthread_mutex_lock(&core->lock);
    struct node *n = find_locked(core, key, hash);
    if (n) {
        n->holds++;
        core->hits++;
        touch_locked(core, n, &dead);
        *out = (alice_strong){n->value, n->size, n};
    } else {
        core->misses++;
    }
    unlock_core(core);
    bury(core, dead);
    return n ? ALICE_OK : ALICE_E_NOENT;
}

alice_strong alice_strong_dup(const alice_strong *strong)
{
    if (!strong || !strong->entry_)
        return (alice_strong){0};
    struct node *n = strong->entry_;
    pthread_mutex_lock(&n->core->lock);
    n->holds++;
    unlock_core(n->core);
    return *strong;
}

void alice_strong_release(alice_strong *strong)
{
    struct node *dead = NULL;
    if (!strong)
        return;
    if (strong->entry_) {
        struct node *n = strong->entry_;
        struct core *core = n->core;
        pthread_mutex_lock(&core->lock);
        drop_locked(core, n, &dead);
        unlock_core(core);
        bury(core, dead);
    }
    *strong = (alice_strong){0};
}

alice_status alice_weak_cache_remove(alice_weak_cache *cache, alice_bytes key)
{
    struct node *dead = NULL;
    if (!cache || bad_bytes(key))
        return ALICE_E_INVAL;
    struct core *core = cache->core;
    uint32_t hash = hash_of(core, key);
    pthread_mutex_lock(&core->lock);
    struct node *n = find_locked(core, key, hash);
    if (n) {
        unlink_locked(core, n);
        if (n->recent) {
            recent_unlink_locked(core, n);
            drop_locked(core, n, &dead);
        }
    }
    unlock_core(core);
    bury(core, dead);
    return n ? ALICE_OK : ALICE_E_NOENT;
}

size_t alice_weak_cache_trim(alice_weak_cache *cache)
{
    struct node *dead = NULL;
    if (!cache)
        return 0;
    struct core *core = cache->core;
    pthread_mutex_lock(&core->lock);
    size_t count = core->recent;
    forget_oldest_locked(core, 0, &dead);
    unlock_core(core);
    bury(core, dead);
    return count;
}

static void take_stats(alice_weak_cache *cache, alice_weak_cache_stats *out)
{
    alice_weak_cache_stats st = {0};
    *out = st;
    if (!cache)
        return;
    struct core *core = cache->core;
    pthread_mutex_lock(&core->lock);
    st.hits = core->hits;
    st.misses = core->misses;
    st.items = core->items;
    st.recent = core->recent;
    st.max_recent = core->max_recent;
    st.sets = core->sets;
    st.gone = core->gone;
    st.size_bytes = core->bytes;
    unlock_core(core);
    if (st.hits + st.misses > 0)
        st.hit_rate = (double)st.hits / (double)(st.hits + st.misses);
    st.size_mb = (double)st.size_bytes / (double)ALICE_MB;
    *out = st;
}

void alice_weak_cache_stats_into(alice_weak_cache *cache, alice_weak_cache_stats *out,
                                 size_t size)
{
    alice_weak_cache_stats s = {0};
    if (!out)
        return;
    take_stats(cache, &s);
    alice__figures_give(out, size, &s, sizeof s);
}

size_t alice_weak_cache_bytes(alice_weak_cache *cache)
{
    if (!cache)
        return 0;
    pthread_mutex_lock(&cache->core->lock);
    size_t bytes = cache->core->bytes;
    unlock_core(cache->core);
    return bytes;
}

alice_status alice_weak_cache_check(alice_weak_cache *cache, alice_error *error)
{
    if (!cache)
        return ALICE_E_INVAL;
    pthread_mutex_lock(&cache->core->lock);
    const char *bad = check_locked(cache->core);
    unlock_core(cache->core);
    return bad ? alice__fail(error, ALICE_E_DAMAGED, 0, "%s", bad) : ALICE_OK;
}
