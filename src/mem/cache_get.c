/* SPDX-License-Identifier: MIT */
/*
 * How an entry is found: by who only looks, inside the gate and without the lock, and,
 * where that needs a change, under it; one key or many at once.
 *
 * All that a look needs stands here together, so that the compiler may join it.
 */
#include "mem/cache_impl.h"

#include "base/hash.h"

/* What is seldom needed stands apart, so that a hit needs few registers. */
#define APART __attribute__((noinline))

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

/* Keys are short: by words, the last one overlapping. */
static inline bool same_bytes(const uint8_t *a, const uint8_t *b, size_t n)
{
    uint64_t x, y, different = 0;
    if (n - 8 > 24) /* fewer than 8, or more than 32 */
        return n == 0 || memcmp(a, b, n) == 0;
    for (size_t at = 0; at + 8 < n; at += 8) {
        memcpy(&x, a + at, sizeof x);
        memcpy(&y, b + at, sizeof y);
        different |= x ^ y;
    }
    memcpy(&x, a + n - 8, sizeof x);
    memcpy(&y, b + n - 8, sizeof y);
    return (different | (x ^ y)) == 0;
}

static inline bool is_key(const alice_cache *c, struct entry *e, alice_bytes key)
{
    /* The value is most likely wanted next: let it come while the key is compared. */
    __builtin_prefetch((const uint8_t *)e + ALICE__LINE);
    __builtin_prefetch((const uint8_t *)e + 2 * ALICE__LINE);
    return e->klen == key.n && same_bytes(key_of(c, e), key.p, key.n);
}

/* Find by key; NULL: not there. */
static inline struct entry *find(struct shard *s, alice_bytes key, uint32_t tag,
                                 uint32_t *handle)
{
    const alice_cache *c = s->cache;
    if (!s->index.dir)
        return NULL;
    const struct alice__index_group *groups =
        alice__index_groups(alice__index_segment(&s->index, tag));
    for (uint32_t at = alice__index_home(&s->index, tag);; at = (at + 1) & s->index.mask) {
        const struct alice__index_group *g = &groups[at];
        for (unsigned found = alice__index_match(g, tag); found; found &= found - 1) {
            *handle = g->handles[__builtin_ctz(found)];
            if (*handle) {
                struct entry *e = entry_at(s, *handle);
                if (is_key(c, e, key))
                    return e;
            }
        }
        if (!alice__index_full(g))
            return NULL;
    }
}

uint32_t alice__cache_find(struct shard *s, alice_bytes key, uint32_t tag)
{
    uint32_t handle;
    return find(s, key, tag, &handle) ? handle : 0;
}

static inline struct entry *use(struct shard *s, alice_bytes key, uint32_t tag,
                                struct graves *graves)
{
    uint32_t handle;
    struct entry *e = find(s, key, tag, &handle);
    if (!e) {
        s->misses++;
        return NULL;
    }
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
    lock_quietly(s);
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

/*
 * Find for use, changing nothing but marks. NULL: it is not there, or `*change` is needed.
 * The time is read when it is first wanted, while `*clock` is 0.
 */
static inline struct entry *look_at(struct shard *s, alice_bytes key, uint32_t tag,
                                    uint64_t *clock, bool *change)
{
    const alice_cache *c = s->cache;
    uint32_t handle;
    struct entry *e = find(s, key, tag, &handle);
    if (!e)
        return NULL;
    if (flags_of(e) & ENTRY_TIMED) {
        if (*clock == 0)
            *clock = ticks_of(c);
        uint64_t now = *clock;
        *change = expired_at(e, now) || (now > s->now && now - s->now > TTL_MAX_TICKS);
        if (*change)
            return NULL;
        if (c->renew)
            renew(e, now);
    }
    policy_mark(c, e);
    return e;
}

static inline struct entry *look(struct shard *s, alice_bytes key, uint32_t tag, bool *change)
{
    uint64_t clock = 0;
    return look_at(s, key, tag, &clock, change);
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

/* Under the lock. */
static APART alice_status get_changing(struct shard *s, alice_bytes key, uint32_t tag,
                                       alice_pin *out)
{
    struct graves graves = {0};
    alice_status st = ALICE_E_NOENT;
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

alice_status alice_cache_get(alice_cache *c, alice_bytes key, alice_pin *out)
{
    uint32_t tag;
    if (!out)
        return ALICE_E_INVAL;
    *out = (alice_pin){0};
    if (!c || bad_bytes(key))
        return ALICE_E_INVAL;
    if (c->closing)
        return ALICE_E_CLOSED;
    struct shard *s = shard_of(c, key, &tag);
    alice_status st = alice__cache_look(s, key, tag, true, out);
    return st != ALICE_E_CHANGED ? st : get_changing(s, key, tag, out);
}

/* The last pin of a watched entry. */
static APART void unpin_watched(struct shard *s, struct entry *e)
{
    struct graves graves = {0};
    lock_shard(s);
    alice__cache_let_go(s, e, &graves);
    unlock_shard(s);
    alice__cache_bury(s, &graves);
}

void alice_cache_unpin(alice_pin *pin)
{
    if (!pin)
        return;
    if (pin->entry_) {
        struct shard *s = pin->shard_;
        struct entry *e = pin->entry_;
        if (!alice__pins_drop(&e->pins))
            unpin_watched(s, e);
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

#define AT_ONCE 64 /* keys that are on their way from memory together */

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

/* `at`: where in `visits` each shard stands, from 1 on. */
static inline struct visit *visit_shard(struct visit *visits, unsigned *count, uint8_t *at,
                                        struct shard *s)
{
    size_t number = (size_t)(s - s->cache->shards);
    if (at[number])
        return &visits[at[number] - 1];
    struct visit *v = &visits[(*count)++];
    at[number] = (uint8_t)*count;
    struct alice__lane *lane = lane_of(s);
    bool inside = s->cache->locking && alice__gate_enter(&s->gate, &lane->looks);
    *v = (struct visit){s, lane, inside, 0};
    return v;
}

static void leave_shards(alice_cache *c, const struct visit *visits, unsigned visited)
{
    for (unsigned i = 0; i < visited; i++) {
        if (visits[i].inside)
            alice__gate_leave(&visits[i].lane->looks, visits[i].hits);
        else
            count(c, &visits[i].lane->looks, visits[i].hits * ALICE__LANE_ONE);
    }
}

/* Up to AT_ONCE, in steps, so that what one waits for comes while the others are asked for. */
static size_t get_some(alice_cache *c, alice_cache_lookup *l, unsigned n)
{
    struct visit visits[AT_ONCE];
    struct asked asked[AT_ONCE];
    uint8_t at[SHARDS_MAX] = {0};
    bool left[AT_ONCE];
    unsigned visited = 0, remain = 0;
    uint64_t clock = 0;
    size_t found = 0;
    for (unsigned i = 0; i < n; i++) {
        struct asked *a = &asked[i];
        struct shard *s = shard_of(c, l[i].key, &a->tag);
        a->visit = visit_shard(visits, &visited, at, s);
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
            __builtin_prefetch(e + 2 * ALICE__LINE);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        struct asked *a = &asked[i];
        bool change = false;
        left[i] = c->locking && !a->visit->inside;
        if (left[i]) {
            remain++;
            continue;
        }
        struct entry *e = look_at(a->visit->shard, l[i].key, a->tag, &clock, &change);
        left[i] = change;
        remain += change;
        l[i].n = 0;
        l[i].status = e ? copy_value(c, e, l[i].buf, l[i].size, &l[i].n) : ALICE_E_NOENT;
        a->visit->hits += e != NULL;
        found += l[i].status == ALICE_OK;
        if (!e && !change)
            count(c, &a->visit->lane->misses, 1);
    }
    leave_shards(c, visits, visited);
    /* What needs a change, or met one: one by one. */
    for (unsigned i = 0; remain > 0 && i < n; i++) {
        if (!left[i])
            continue;
        remain--;
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

/* Under the lock. */
static APART alice_status copy_changing(struct shard *s, alice_bytes key, uint32_t tag,
                                        void *buf, size_t size, size_t *n)
{
    struct graves graves = {0};
    alice_status st = ALICE_E_NOENT;
    lock_shard(s);
    struct entry *e = use(s, key, tag, &graves);
    if (e)
        st = copy_value(s->cache, e, buf, size, n);
    unlock_shard(s);
    if (graves.first)
        alice__cache_bury(s, &graves);
    return st;
}

alice_status alice_cache_get_copy(alice_cache *c, alice_bytes key, void *buf, size_t size,
                                  size_t *n)
{
    uint32_t tag;
    alice_status st = ALICE_E_NOENT;
    if (!n)
        return ALICE_E_INVAL;
    *n = 0;
    if (!c || (!buf && size > 0) || bad_bytes(key))
        return ALICE_E_INVAL;
    struct shard *s = shard_of(c, key, &tag);
    if (!c->s3fifo)
        return copy_changing(s, key, tag, buf, size, n);
    struct alice__lane *lane = lane_of(s);
    bool change = false;
    bool inside = begin_look(s, &lane->looks);
    struct entry *e = look(s, key, tag, &change);
    if (e)
        st = copy_value(c, e, buf, size, n);
    end_look(s, &lane->looks, inside, e != NULL);
    if (change)
        return copy_changing(s, key, tag, buf, size, n);
    if (!e)
        count(c, &lane->misses, 1);
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
    uint32_t handle;
    struct entry *e = find(s, key, tag, &handle);
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
    uint32_t handle;
    struct entry *e = find(s, key, tag, &handle);
    if (e && !(e->flags & ENTRY_TIMED)) {
        *ms = ALICE_TTL_NEVER;
    } else if (e && !is_expired(s, e)) {
        uint64_t left = timing_of(e)->deadline - (uint32_t)s->now;
        *ms = (uint32_t)(left * (TICK_NS / 1000000));
    }
    unlock_shard(s);
    return *ms > 0 ? ALICE_OK : ALICE_E_NOENT;
}
