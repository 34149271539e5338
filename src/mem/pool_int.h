/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_POOL_INT_H
#define ALICE_MEM_POOL_INT_H

/*
 * What the parts of the pool share: pool.c (life, housekeeping, looking) and pool_lend.c
 * (places, objects, acquire and release).
 */

#include <alice/pool.h>
#include <alice/reclaim.h>

#include <pthread.h>
#include <stdatomic.h>

typedef struct slot {
    struct slot *prev, *next;
    void *object;
    const alice_site *site; /* who has it */
    uint64_t since_ns;      /* in its list; 0 unless the pool is timed */
    uint64_t dies_ns;       /* 0: never */
    uint64_t made;          /* evictions before it was made */
    bool told;              /* as a leak */
    uint64_t loans;         /* how often it was lent; written by its holder */
    _Atomic uint64_t lent;  /* the number of the loan that is out; 0: none is */
} slot;

typedef struct list {
    slot *first, *last;
    size_t count;
} list;

typedef struct waiter {
    struct waiter *next;
    pthread_cond_t cond;
    slot *given;  /* with an object, in no list */
    bool granted; /* a place of `total` is this waiter's */
} waiter;

struct alice_pool {
    alice_pool_options o;
    char name[32];
    alice_reclaimer *reclaimer;
    bool timed; /* whether any setting needs the clock */

    pthread_mutex_t lock;
    list idle, out;
    slot *spare; /* without an object; a slot is kept as long as the pool, so that a stale lease
                    may be looked at */
    size_t spares;
    waiter *waiters, **waiters_end;
    size_t total;
    size_t
        ceiling; /* total was above max_total when that was lowered: how far it still may be */
    size_t refs;
    uint64_t chance;
    _Atomic uint64_t evictions; /* changed under the lock */
    bool closed;
    alice_pool_stats n; /* the counters; sizes are filled in when asked */
};

/* ---- lists ---- */

static inline void list_push(list *l, slot *s)
{
    s->prev = NULL;
    s->next = l->first;
    if (l->first)
        l->first->prev = s;
    else
        l->last = s;
    l->first = s;
    l->count++;
}

static inline void list_remove(list *l, slot *s)
{
    if (s->prev)
        s->prev->next = s->next;
    else
        l->first = s->next;
    if (s->next)
        s->next->prev = s->prev;
    else
        l->last = s->prev;
    s->prev = s->next = NULL;
    l->count--;
}

/* What is wrong with the pool; NULL: nothing. */
const char *alice__pool_wrong_locked(const alice_pool *p);

static inline void pool_lock(alice_pool *p)
{
    pthread_mutex_lock(&p->lock);
}

static inline void pool_unlock(alice_pool *p)
{
#ifdef ALICE_CHECK
    if (alice__pool_wrong_locked(p))
        __builtin_trap();
#endif
    pthread_mutex_unlock(&p->lock);
}

static inline uint64_t now_ns(const alice_pool *p)
{
    return p->timed ? alice_env_now_ns(&p->o.env) : 0;
}

/* Nanoseconds in its list. The time may have been read before another thread put it there. */
static inline uint64_t since(const slot *s, uint64_t now)
{
    return now > s->since_ns ? now - s->since_ns : 0;
}

static inline bool too_old(const slot *s, uint64_t now)
{
    return s->dies_ns != 0 && now >= s->dies_ns;
}

static inline bool idle_too_long(const alice_pool *p, const slot *s, uint64_t now)
{
    return p->o.idle_timeout_ms != 0 && since(s, now) >= p->o.idle_timeout_ms * 1000000;
}

/* More objects than max_total, since that was lowered: a place that becomes free is none. */
static inline bool over_locked(const alice_pool *p)
{
    return p->o.max_total != 0 && p->total > p->o.max_total;
}

/* ---- pool_lend.c ---- */

/* Hand a place (with an object or not) to the first waiter. False: nobody waits. */
bool alice__pool_grant_locked(alice_pool *p, slot *s);

/* Drop references, and the lock; without any left, the pool is freed. */
void alice__pool_unref_and_unlock(alice_pool *p, size_t refs);

/* Make an object in a place that is reserved. On failure the place is given up. */
alice_status alice__pool_make(alice_pool *p, slot **out);

/* End a slot and its place. May free a pool that is closed. */
void alice__pool_drop(alice_pool *p, slot *s, uint64_t *reason);

/* Keep an object that is in no list: for a waiter, or idle. False: it is not needed. */
bool alice__pool_keep_locked(alice_pool *p, slot *s, uint64_t now);

#endif
