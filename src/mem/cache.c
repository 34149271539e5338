/* SPDX-License-Identifier: MIT */
/*
 * The cache: opening and closing, removing, what the budget asks, sizes and numbers.
 * The picture of what it is made of, the life of an entry and the locks stand in
 * cache_impl.h.
 *
 * The bound is kept at every moment because bytes are charged before they are
 * taken, under the shard's lock, and are given back after they were freed: what
 * is dead but not yet buried still counts. Where nothing fits, the expired go
 * first, then whom the policy chooses, until it does; what the slab has too many
 * free slots of is packed, so that its pages serve another size.
 */
#include "base/check.h"
#include "mem/cache_impl.h"

#include <stdio.h>

#include "base/options.h"
#include "mem/profile_hook.h"
#include "port/entropy.h"

#define LOCK_PAUSES 512 /* at most between two attempts to take a lock */
#define SHARDS_AUTO_MAX 16
#define SHARD_AUTO_BYTES (8 * ALICE_MB)
#define PAGES_WANTED 256    /* to a shard: half full ones must not matter */
#define SEGMENT_SLOTS 2048  /* of the index, at most */
#define CLEAR_AT_ONCE 1024  /* entries cleared under one hold of the lock */
#define ITEMS_OF_SHARD 1024 /* of a bound by number: fewer are not divided */
#define KEY_ALLOWED 256     /* of a key beside the largest value */

const char *alice_cache_reason_name(alice_cache_reason reason)
{
    static const char *const names[] = {"evicted", "expired", "replaced", "removed", "cleared"};
    _Static_assert(sizeof names / sizeof *names == ALICE_CACHE_CLEARED + 1,
                   "names[] follows alice_cache_reason");
    return (unsigned)reason <= ALICE_CACHE_CLEARED ? names[reason] : "unknown";
}

/* --- locking ------------------------------------------------------------------------ */

/*
 * A set takes less time than to sleep and be woken, so wait awake for a while, longer each
 * time: who has the lock goes on with what is in his core's cache, and nobody has to wake
 * anybody. Who holds it for longer, or does not run, is waited for asleep.
 */
void alice__cache_lock_wait(struct shard *s)
{
    for (unsigned pauses = 1; pauses <= LOCK_PAUSES; pauses *= 2) {
        for (unsigned i = 0; i < pauses; i++)
            alice__pause();
        if (pthread_mutex_trylock(&s->lock) == 0)
            return;
    }
    pthread_mutex_lock(&s->lock);
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
    struct shard *s = alice__cache_shard(c, key, &tag);
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

static alice_cache_options usual(const alice_config *config)
{
    alice_config c = config ? *config : (alice_config){0};
    alice_config_resolve(&c);
    return (alice_cache_options){.max_bytes = (size_t)c.cache_size_mb * ALICE_MB,
                                 .ttl_ms = alice_seconds_to_ms(c.cache_ttl_seconds)};
}

void alice_cache_defaults_into(alice_cache_options *out, size_t size,
                               const alice_config *config)
{
    if (!out)
        return;
    alice_cache_options o = usual(config);
    o.size = size;
    alice__figures_give(out, size, &o, sizeof o);
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

/* Of one shard. */
static size_t classes_bytes(size_t share)
{
    return alice__slab_classes(page_size_for(share)) * sizeof(struct alice__class);
}

/* The handle, the shards, the size classes of each, and the lanes of each at the end. */
static size_t handle_bytes(uint32_t shards, size_t max_bytes)
{
    return sizeof(alice_cache) +
           shards * (sizeof(struct shard) + classes_bytes(max_bytes / shards)) +
           lanes_bytes(shards) + ALICE__LINE;
}

size_t alice_cache_footprint(const alice_cache_options *options)
{
    uint32_t shards = options ? shards_of(options) : 0;
    size_t handle = shards > 0 ? handle_bytes(shards, options->max_bytes) : 0;
    if (shards == 0 || options->max_bytes > SIZE_MAX - handle)
        return SIZE_MAX;
    return options->max_bytes + handle;
}

static alice_status init_shard(alice_cache *c, struct shard *s, uint32_t shards, size_t share)
{
    struct alice__class *classes = (void *)((uint8_t *)(c->shards + shards) +
                                            (size_t)(s - c->shards) * classes_bytes(share));
    size_t page = page_size_for(share);
    uintptr_t end = ((uintptr_t)c + c->handle_bytes) & ~(uintptr_t)(ALICE__LINE - 1);
    s->gate.lanes =
        (struct alice__lane *)end - ALICE__GATE_LANES * (1 + (size_t)(s - c->shards));
    s->cache = c;
    if (pthread_mutex_init(&s->lock, NULL) != 0)
        return ALICE_E_SYSTEM;
    alice__allowance_init(&s->allowance, &c->env, share);
    alice__slab_init(&s->slab, &s->allowance, page, classes);
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

/* Of a cache that nobody uses, or that nobody has got yet. Whether a callback did not return.
 */
static bool take_down(alice_cache *c)
{
    c->closing = true;
    ALICE__CENSUS_REMOVE(&c->env, c);
    alice_reclaimer_remove(&c->reclaimers[0]);
    alice_reclaimer_remove(&c->reclaimers[1]);
    for (uint32_t i = 0; i < c->shard_count; i++) {
        struct shard *s = &c->shards[i];
        clear_shard(s);
        alice__slab_clear(&s->slab);
        drop_structures(s);
        ALICE__CHECKED(c->escaped || s->allowance.held == 0);
        pthread_mutex_destroy(&s->lock);
    }
    const bool escaped = c->escaped;
    alice_env env = c->env;
    alice_env_free(&env, c, c->handle_bytes);
    return escaped;
}

alice_status alice_cache_open(alice_cache **out, const alice_cache_options *options)
{
    void *p = NULL;
    alice_cache_options own;
    const alice_cache_options *o = &own;
    alice_status st = alice__options_take(&own, sizeof own, options);
    if (st != ALICE_OK)
        return st;
    uint32_t shards = shards_of(o);
    if (!out || shards == 0)
        return ALICE_E_INVAL;
    st = alice_env_calloc(&o->env, 1, handle_bytes(shards, o->max_bytes), ALICE_HERE, &p);
    if (st != ALICE_OK)
        return st;
    alice_cache *c = p;
    c->env = o->env;
    c->handle_bytes = handle_bytes(shards, o->max_bytes);
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
        st = init_shard(c, &c->shards[c->shard_count], shards, o->max_bytes / shards);
        c->shard_count += st == ALICE_OK;
    }
    if (st == ALICE_OK)
        st = add_reclaimers(c, o);
    if (st == ALICE_OK) {
        *out = c;
        ALICE__CENSUS_ADD(&c->env, c, "alice_cache");
    } else {
        take_down(c); /* there was nothing in it to call back for */
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
    if (in_use(*cache))
        return ALICE_E_BUSY;
    const bool escaped = take_down(*cache);
    *cache = NULL;
    return escaped ? ALICE_E_DAMAGED : ALICE_OK;
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
        alice__cache_shrink(s, &graves);
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

static void take_stats(alice_cache *c, alice_cache_stats *out)
{
    *out = (alice_cache_stats){0};
    for (uint32_t i = 0; c && i < c->shard_count; i++) {
        struct shard *s = &c->shards[i];
        lock_quietly(s);
        alice_cache_stats st = stats_of(s);
        unlock_quietly(s);
        alice_cache_stats_add(out, &st);
    }
}

void alice_cache_stats_into(alice_cache *c, alice_cache_stats *out, size_t size)
{
    alice_cache_stats s = {0};
    if (!out)
        return;
    take_stats(c, &s);
    alice__figures_give(out, size, &s, sizeof s);
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
