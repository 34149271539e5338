/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_CACHE_IMPL_H
#define ALICE_MEM_CACHE_IMPL_H

/*
 * What the parts of the cache share: cache.c (the calls), cache_get.c (how an entry is
 * found), cache_store.c (how it comes), cache_leave.c (how it goes), cache_policy.c (who goes
 * first), cache_expiry.c (whose time is over), cache_load.c (one load for many), cache_walk.c
 * (through all of it), cache_check.c (the checker).
 *
 *     handle ─ shard ┬ index   tag of the hash → entry
 *                    ├ slab    the entries
 *                    ├ queue   their order for the policy
 *                    ├ wheel   their order in time, where they have a time to live
 *                    ├ ghost   who left lately (S3-FIFO)
 *                    └ allowance   what all of these may hold: the shard's share
 *
 * An entry, in its slot:
 *
 *     entry | links of the wheel and deadline, if it has one | key | value
 *     entry | ...                       | block or ref | key or a pointer to it
 *
 * A value too large for a slot has a block of its own; a key too large too.
 *
 * The life of an entry: it is INDEXED, and in a queue, or PARKED out of it when
 * the policy met it pinned. When it leaves the index it is DEAD: its memory goes
 * at once where that is a slot alone and nobody is told; else it is put on a list
 * that the caller buries when it has unlocked (callbacks, destructors, blocks),
 * and when it is pinned, by the last to let go. Until then it counts as held.
 *
 * Locks: one for each shard, never two at once; below it only the account and
 * the allocator. No callback runs under it. Who only looks takes none: see gate.h.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <alice/cache.h>
#include <alice/reclaim.h>

#include "mem/calls.h"
#include "mem/gate.h"
#include "mem/ghost.h"
#include "mem/index.h"
#include "mem/allowance.h"
#include "mem/slab.h"
#include "port/clock.h"

#define SHARDS_MAX 64

enum {
    ENTRY_LIVE = 1 << 0, /* always set: what the slab wants */
    ENTRY_FREQ_SHIFT = 1,
    ENTRY_FREQ = 3 << ENTRY_FREQ_SHIFT, /* uses since it stands where it does, up to 3 */
    ENTRY_MAIN = 1 << 3,                /* in the main queue, else in the small one */
    ENTRY_PARKED = 1 << 4,              /* in the queue of those that were met pinned */
    ENTRY_INDEXED = 1 << 5,
    ENTRY_TIMED = 1 << 6, /* has a deadline */
    ENTRY_BLOCK = 1 << 7,
    ENTRY_REF = 1 << 8,
    ENTRY_KEY_OUT = 1 << 9,
    ENTRY_DEAD = 1 << 10,
    ENTRY_REASON_SHIFT = 11,
    ENTRY_REASON = 7 << ENTRY_REASON_SHIFT
};

struct entry {
    uint16_t flags;
    uint16_t klen;
    uint16_t vlen; /* of a value in the slot */
    uint16_t pins; /* of gate.h; flags (uses) and deadlines are written by who looks, too */
    uint32_t tag;  /* when dead: its handle */
    uint32_t next, prev; /* in its queue; when dead: the address of the next dead */
};

/* Behind the entry, where it has a deadline. Times are ticks of 4 ms, modulo 2^32. */
struct timing {
    uint32_t next, prev; /* in the slot of the wheel; prev of the first: WHEEL_HEAD | slot */
    uint32_t deadline;
};

/* A value outside the slot; a ref has all of it, a block the first two. */
struct outside {
    void *p;
    size_t n;
    alice_cache_destroy_fn destroy;
    void *destroy_ctx;
};

struct queue {
    uint32_t head, tail;
    size_t items;
    size_t bytes;
};

enum { QUEUE_SMALL, QUEUE_MAIN, QUEUE_PARKED, QUEUES };

#define WHEEL_HEAD UINT32_C(0x80000000)
#define WHEEL_LEVELS 4
#define WHEEL_SLOTS 64
#define WHEEL_UNIT_SHIFT 4 /* ticks to a unit of the wheel: 16 */

struct wheel {
    uint64_t now; /* in units of 16 ticks; what is due before it was freed */
    uint64_t full[WHEEL_LEVELS];
    uint32_t slots[WHEEL_LEVELS][WHEEL_SLOTS];
};

/* A load under way. Its memory is the loading thread's, which is the last to leave. */
struct flight {
    struct flight *next;
    alice_bytes key;
    uint32_t tag;
    bool stale; /* the key was set or removed meanwhile */
    bool done;
    unsigned waiters;
    struct loader *loader; /* the thread that loads */
    pthread_cond_t changed;
    alice_status status;
    struct entry *entry; /* pinned once for each waiter; NULL: nothing was loaded */
};

/* The dead whom the caller has to bury when it has unlocked. */
struct graves {
    struct entry *first, *last;
    size_t bytes;
};

struct shard {
    struct alice__gate gate;
    pthread_mutex_t lock;
    alice_cache *cache;
    struct alice__allowance allowance;
    struct alice__index index;
    struct alice__slab slab;
    struct alice__ghost ghost;
    struct queue queues[QUEUES];
    struct wheel *wheel;
    struct flight *flights;
    struct graves deferred; /* whom callbacks made leave: buried when these have returned */
    size_t items;
    size_t max_items; /* 0: as many as fit */
    uint64_t changes; /* since the checker ran */
    uint64_t given;   /* pins that were given under the lock, loads' */
    uint64_t now;     /* ticks, as last read */
    unsigned no_pack; /* slots to be given back until packing is tried again */
    bool ghost_unfit; /* its size should follow the number of entries */
    uint64_t hits, misses, sets, evictions, expirations, rejections, loads, load_waits,
        refreshes;
};

struct alice_cache {
    alice_env env;
    size_t handle_bytes;
    size_t max_bytes;
    uint64_t seed;
    uint32_t ttl_ticks; /* 0: none */
    uint32_t
        refresh_left; /* who asks for what has so few ticks left loads it anew; 0: nobody */
    uint32_t shard_count;
    bool locking;
    bool renew;  /* ttl after access */
    bool s3fifo; /* else LRU */
    bool closing;
    atomic_bool calls_out; /* what leaves is reported or destroyed */
    atomic_bool escaped;   /* a callback did not return */
    uint8_t promote_at;    /* uses in the small queue that lead to the main one */
    uint8_t freq_max;      /* uses that are counted, at most 3 */
    alice_cache_evict_fn on_evict;
    void *on_evict_ctx;
    alice_reclaimer *reclaimers[2];
    struct shard shards[];
};

/* Where faults are sought (ALICE_CHECK): the checker, after changes. */
void alice__cache_self_check(struct shard *s);

/* The lock is taken: wait for it. */
void alice__cache_lock_wait(struct shard *s);

/* To read what is changed under the lock: others may look meanwhile. */
static inline void lock_quietly(struct shard *s)
{
    if (s->cache->locking && pthread_mutex_trylock(&s->lock) != 0)
        alice__cache_lock_wait(s);
}

/* To change: nobody looks, and nobody else changes. */
static inline void lock_shard(struct shard *s)
{
    lock_quietly(s);
    if (s->cache->locking)
        alice__gate_close(&s->gate);
}

static inline void unlock_shard(struct shard *s)
{
#ifdef ALICE_CHECK
    alice__cache_self_check(s);
#endif
    if (s->cache->locking) {
        alice__gate_open(&s->gate);
        pthread_mutex_unlock(&s->lock);
    }
}

static inline void unlock_quietly(struct shard *s)
{
    if (s->cache->locking)
        pthread_mutex_unlock(&s->lock);
}

/* Under the lock: wait for a condition, and let others in meanwhile. */
static inline void wait_in_shard(struct shard *s, pthread_cond_t *changed)
{
    alice__gate_open(&s->gate);
    pthread_cond_wait(changed, &s->lock);
    alice__gate_close(&s->gate);
}

static inline unsigned flags_of(const struct entry *e)
{
    return __atomic_load_n(&e->flags, __ATOMIC_RELAXED);
}

static inline struct entry *entry_at(const struct shard *s, uint32_t handle)
{
    return alice__slab_at(&s->slab, handle);
}

static inline bool bad_bytes(alice_bytes b)
{
    return !b.p && b.n > 0;
}

/* A block is never of no bytes, even where the value is. */
static inline size_t block_size(size_t n)
{
    return n ? n : 1;
}

/* Where the key stands: the header's end. With renewal the time to live stands before it. */
static inline size_t head_size(const alice_cache *c, unsigned flags)
{
    if (!(flags & ENTRY_TIMED))
        return sizeof(struct entry);
    return sizeof(struct entry) + sizeof(struct timing) + (c->renew ? sizeof(uint32_t) : 0);
}

static inline size_t align8(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static inline struct timing *timing_of(struct entry *e)
{
    return (void *)(e + 1);
}

/* The time to live of a timed entry, in ticks; only where the cache renews. */
static inline uint32_t *ttl_of(struct entry *e)
{
    return (void *)(timing_of(e) + 1);
}

static inline struct outside *outside_of(const alice_cache *c, struct entry *e)
{
    return (void *)((uint8_t *)e + align8(head_size(c, flags_of(e))));
}

/* What stands in the slot before the key. */
static inline size_t key_offset(const alice_cache *c, unsigned flags)
{
    size_t at = head_size(c, flags);
    if (flags & ENTRY_BLOCK)
        return align8(at) + offsetof(struct outside, destroy);
    if (flags & ENTRY_REF)
        return align8(at) + sizeof(struct outside);
    return at;
}

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

static inline alice_bytes alice__entry_key(const alice_cache *c, struct entry *e)
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

/* --- cache_leave.c -------------------------------------------------------- */

/* Bytes of an entry that are outside its slot, as they are charged; and in all. */
size_t alice__entry_outside(const alice_cache *c, struct entry *e);
size_t alice__entry_cost(const struct shard *s, struct entry *e, uint32_t handle);

/* Take an entry out of everything, and free it or put it with the dead. */
void alice__cache_leave(struct shard *s, struct entry *e, uint32_t handle,
                        alice_cache_reason reason, struct graves *graves);

/* Unlocked: tell, destroy and free the dead; from within a callback: put that off. */
void alice__cache_bury(struct shard *s, struct graves *graves);

/* The callback of the cache that this thread is in; NULL: none. */
struct alice__call *alice__cache_called_out(alice_cache *c);

/* Whether entries may go: not in callbacks within callbacks within callbacks. */
bool alice__cache_may_evict(alice_cache *c);

/* Remove a key; its flags, or 0 where nothing was there. */
unsigned alice__cache_erase(struct shard *s, alice_bytes key, uint32_t tag,
                            alice_cache_reason reason, struct graves *graves);

/* The bound was lowered below what is held: let go until it is kept, or nothing can go. */
void alice__cache_shrink(struct shard *s, struct graves *graves);

/* Under the lock: release the last pin of a watched entry, and do what waited for that. */
void alice__cache_let_go(struct shard *s, struct entry *e, struct graves *graves);

/* --- cache_policy.c ------------------------------------------------------ */

/* Put in at the head of the queue that its flags say. */
void alice__queue_push(struct shard *s, struct entry *e, uint32_t handle);
void alice__queue_unlink(struct shard *s, struct entry *e, uint32_t handle);

/* To the head of the queue where it is. */
void alice__queue_front(struct shard *s, struct entry *e, uint32_t handle);

/* Back from the parked, when its pins are released. */
void alice__queue_unpark(struct shard *s, struct entry *e);

/* The entry moved to another handle. */
void alice__queue_moved(struct shard *s, struct entry *e, uint32_t handle);

/* Let one entry go. False: nothing is left that may go. */
bool alice__policy_evict(struct shard *s, struct graves *graves);

/* How many keys the ghost should remember: as many as fit into the main queue. */
size_t alice__ghost_wanted(const struct shard *s);

/* Choose the queue for a new entry. */
void alice__policy_admit(struct shard *s, struct entry *e);

/*
 * Mark it as used. Also by who only looks: the other bits are not changed meanwhile, and
 * of two marks at once one may be lost.
 */
static inline void policy_mark(const alice_cache *c, struct entry *e)
{
    unsigned flags = flags_of(e);
    if ((flags & ENTRY_FREQ) >> ENTRY_FREQ_SHIFT < c->freq_max)
        __atomic_store_n(&e->flags, (uint16_t)(flags + (1 << ENTRY_FREQ_SHIFT)),
                         __ATOMIC_RELAXED);
}

/* It was used. */
static inline void policy_hit(struct shard *s, struct entry *e, uint32_t handle)
{
    if (s->cache->s3fifo) {
        policy_mark(s->cache, e);
    } else if (s->queues[QUEUE_MAIN].head != handle && !(e->flags & ENTRY_PARKED)) {
        alice__queue_front(s, e, handle);
    }
}

/* --- cache_expiry.c ------------------------------------------------------ */

#define TICK_NS UINT64_C(4000000)

/* Nothing lives longer, so that ticks modulo 2^32 are not mistaken. */
#define TTL_MAX_TICKS (UINT64_C(1) << 30)

/* The time in ticks, as exact as they are. */
static inline uint64_t ticks_of(const alice_cache *c)
{
    const alice_clock *clock = c->env.clock;
    uint64_t ns = clock && clock->now_ns ? clock->now_ns(clock->ctx) : alice__clock_coarse_ns();
    return ns / TICK_NS;
}

/* Read the clock into s->now. */
uint64_t alice__cache_now(struct shard *s);

/* Ticks of a time to live, rounded up. */
uint32_t alice__ttl_ticks(uint32_t ttl_ms);

alice_status alice__wheel_need(struct shard *s, uint64_t now);
void alice__wheel_add(struct shard *s, struct entry *e, uint32_t handle, uint64_t now);
void alice__wheel_unlink(struct shard *s, struct entry *e);
/* The entry moved to another handle. */
void alice__wheel_moved(struct shard *s, struct entry *e, uint32_t handle);

/* Whether there may be something to free. */
static inline bool alice__wheel_due(const struct wheel *w, uint64_t now)
{
    unsigned slot = (unsigned)w->now % WHEEL_SLOTS;
    return now >> WHEEL_UNIT_SHIFT != w->now || slot == 0 || (w->full[0] >> slot & 1);
}

/* Free what is due, looking at no more than `work` entries. Answers how many. */
size_t alice__wheel_advance(struct shard *s, uint64_t now, size_t work, struct graves *graves);

static inline bool expired_at(struct entry *e, uint64_t now)
{
    uint32_t deadline = __atomic_load_n(&timing_of(e)->deadline, __ATOMIC_RELAXED);
    return (int32_t)((uint32_t)now - deadline) >= 0;
}

/* Under the lock: whether its time is over by now. */
static inline bool is_expired(struct shard *s, struct entry *e)
{
    return (e->flags & ENTRY_TIMED) && expired_at(e, alice__cache_now(s));
}

static inline void renew(struct entry *e, uint64_t now)
{
    __atomic_store_n(&timing_of(e)->deadline, (uint32_t)now + *ttl_of(e), __ATOMIC_RELAXED);
}

/* --- cache_get.c ----------------------------------------------------------- */

struct shard *alice__cache_shard(alice_cache *c, alice_bytes key, uint32_t *tag);

/* Find by key, whether expired or not. 0: not there. */
uint32_t alice__cache_find(struct shard *s, alice_bytes key, uint32_t tag);

/* Find for use: frees it when it is expired; counts the hit or miss. */
struct entry *alice__cache_use(struct shard *s, alice_bytes key, uint32_t tag,
                               struct graves *graves);

/* Pin under the lock; false where it has too many already. */
bool alice__cache_pin(struct shard *s, struct entry *e);
alice_pin alice__cache_pin_of(struct shard *s, struct entry *e);

/*
 * Look up and pin without the lock, unless it is held. ALICE_OK; ALICE_E_NOENT: it is not
 * there; ALICE_E_BUSY: it has too many pins; ALICE_E_CHANGED: that needs a change, the lock.
 */
alice_status alice__cache_look(struct shard *s, alice_bytes key, uint32_t tag, bool count_miss,
                               alice_pin *out);

/* Pins now: those given and not yet released. Under the lock. */
uint64_t alice__cache_pinned(const struct shard *s);

/* --- cache_store.c ------------------------------------------------------- */

/* Let go of the lock, bury, and take it again. */
void alice__cache_bury_unlocked(struct shard *s, struct graves *graves);

void alice__cache_drop_ghost(struct shard *s);

/* What is to be stored. */
struct goods {
    alice_bytes key;
    uint32_t tag;
    unsigned flags; /* ENTRY_REF, or 0 */
    const void *value;
    size_t size;
    alice_cache_destroy_fn destroy;
    void *destroy_ctx;
    uint32_t ttl_ms;
    /* Made by alice__cache_store() */
    uint32_t ttl_ticks;
    size_t slot_size;
    unsigned inherit; /* flags of the entry that it replaces, or 0 */
    void *block;      /* may come charged and filled: a load's */
    void *key_block;
    bool charged;  /* the size of a ref is */
    bool only_new; /* not in place of what is there */
};

/*
 * Store, under the lock, which may be released and taken again meanwhile.
 * `pins` is what the entry starts with; `detached` (may be NULL): read when all
 * room is there; where true the entry is not indexed, but dead with its pins.
 */
alice_status alice__cache_store(struct shard *s, struct goods *goods, uint16_t pins,
                                const bool *detached, struct graves *graves,
                                struct entry **out);

/*
 * Charge, letting entries go until it fits. The lock may be released and taken
 * again. Fails with the statuses of alice_cache_set().
 */
alice_status alice__cache_make_room(struct shard *s, size_t cost, struct graves *graves);

/* What an empty shard needs beside its largest entry, with such pages and segments. */
size_t alice__cache_beside(size_t page_size, uint32_t segment_slots);

/* --- cache_load.c -------------------------------------------------------- */

/* Mark what is being loaded under this key as out of date. */
void alice__flights_stale(struct shard *s, alice_bytes key, uint32_t tag);

#endif
