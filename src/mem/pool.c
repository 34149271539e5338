/* SPDX-License-Identifier: MIT */
/*
 * The pool.
 *
 *            ┌────────── idle (newest first) ──────────┐
 *  acquire ──┤ slot ⇄ slot ⇄ slot                      │◀── release
 *            └─────────────────────────────────────────┘      │
 *            ┌────────── out (newest first) ───────────┐      │
 *            │ slot ⇄ slot            lease.slot ──────┼──────┘
 *            └─────────────────────────────────────────┘
 *
 * A slot is one object's record and stands in exactly one list, or in none while
 * its object is made or destroyed. `total` counts slots and the places reserved
 * for objects under way; it never exceeds max_total. A place that becomes free
 * goes to the first waiter directly, with an object in it or not: `granted`.
 *
 * `refs` is total + waiters + 1 while the pool is open; who takes it to 0 frees
 * the pool. One lock, `lock`; under it nothing is called back, allocated or
 * charged.
 */
#include <alice/pool.h>
#include <alice/reclaim.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "mem/profile_hook.h"
#include "port/thread.h"

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

static void list_push(list *l, slot *s)
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

static void list_remove(list *l, slot *s)
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

static size_t list_length(const list *l)
{
    size_t n = 0;
    const slot *prev = NULL;
    for (const slot *s = l->first; s; prev = s, s = s->next) {
        if (s->prev != prev || n++ > l->count)
            return SIZE_MAX;
    }
    return l->last == prev ? n : SIZE_MAX;
}

static const char *check_locked(const alice_pool *p)
{
    if (list_length(&p->idle) != p->idle.count)
        return "the idle list is broken";
    if (list_length(&p->out) != p->out.count)
        return "the list of what is out is broken";
    if (p->idle.count + p->out.count > p->total)
        return "more objects are listed than counted";
    if (p->o.max_total && p->total > p->o.max_total && p->total > p->ceiling)
        return "there are more than max_total objects";
    if (p->idle.count > p->o.max_size)
        return "more than max_size objects are idle";
    if (p->waiters && p->idle.count > 0)
        return "somebody waits beside an idle object";
    if (p->refs < p->total)
        return "fewer references than objects";
    return NULL;
}

static void pool_lock(alice_pool *p)
{
    pthread_mutex_lock(&p->lock);
}

static void pool_unlock(alice_pool *p)
{
#ifdef ALICE_CHECK
    if (check_locked(p))
        __builtin_trap();
#endif
    pthread_mutex_unlock(&p->lock);
}

static uint64_t now_ns(const alice_pool *p)
{
    return p->timed ? alice_env_now_ns(&p->o.env) : 0;
}

/* Nanoseconds in its list. The time may have been read before another thread put it there. */
static uint64_t since(const slot *s, uint64_t now)
{
    return now > s->since_ns ? now - s->since_ns : 0;
}

static bool too_old(const slot *s, uint64_t now)
{
    return s->dies_ns != 0 && now >= s->dies_ns;
}

static bool idle_too_long(const alice_pool *p, const slot *s, uint64_t now)
{
    return p->o.idle_timeout_ms != 0 && since(s, now) >= p->o.idle_timeout_ms * 1000000;
}

/* ---- places and waiters ---- */

static void out_locked(alice_pool *p, slot *s, const alice_site *site, uint64_t now)
{
    s->site = site;
    s->since_ns = now;
    s->told = false;
    list_push(&p->out, s);
    if (p->out.count > p->n.peak_in_use)
        p->n.peak_in_use = p->out.count;
}

/* Hand a place (with an object or not) to the first waiter. False: nobody waits. */
static bool grant_locked(alice_pool *p, slot *s)
{
    waiter *w = p->waiters;
    if (!w || p->closed)
        return false;
    p->waiters = w->next;
    if (!p->waiters)
        p->waiters_end = &p->waiters;
    w->given = s;
    w->granted = true;
    pthread_cond_signal(&w->cond);
    return true;
}

/* More objects than max_total, since that was lowered: a place that becomes free is none. */
static bool over_locked(const alice_pool *p)
{
    return p->o.max_total != 0 && p->total > p->o.max_total;
}

static void unref_and_unlock(alice_pool *p, size_t refs)
{
    p->refs -= refs;
    bool last = p->refs == 0;
    pool_unlock(p);
    if (last) {
        alice_env env = p->o.env;
        for (slot *s = p->spare, *next; s; s = next) {
            next = s->next;
            alice_env_free(&env, s, sizeof *s);
        }
        pthread_mutex_destroy(&p->lock);
        alice_env_free(&env, p, sizeof *p);
    }
}

/* A place is not needed any more: the next waiter's, or nobody's. */
static void give_up_place(alice_pool *p)
{
    pool_lock(p);
    size_t refs = 0;
    if (over_locked(p) || !grant_locked(p, NULL)) {
        p->total--;
        refs = 1;
    }
    if (p->ceiling > p->total)
        p->ceiling = p->total;
    unref_and_unlock(p, refs);
}

/* Take the waiter out of the queue; it gave up. */
static void forget_locked(alice_pool *p, waiter *gone)
{
    waiter **at = &p->waiters;
    while (*at && *at != gone)
        at = &(*at)->next;
    if (*at) {
        *at = gone->next;
        if (!*at)
            p->waiters_end = at;
    }
}

/* Wait for a place, `deadline` NULL: for ever; `*got` NULL is one without an object. Takes a
 * reference, which the caller drops. */
static alice_status wait_locked(alice_pool *p, const struct timespec *deadline, slot **got,
                                size_t *refs)
{
    waiter w = {0};
    alice_status st = ALICE_OK;
    struct timespec end = deadline ? *deadline : alice__deadline(ALICE_POOL_FOREVER);

    if (alice__cond_init(&w.cond) != 0)
        return ALICE_E_SYSTEM;
    *p->waiters_end = &w;
    p->waiters_end = &w.next;
    p->refs++;
    ++*refs;
    p->n.waits++;
    while (!w.granted && !p->closed && st == ALICE_OK) {
        if (pthread_cond_timedwait(&w.cond, &p->lock, &end) != 0)
            st = ALICE_E_TIMEOUT;
    }
    if (w.granted) {
        *got = w.given;
        st = ALICE_OK;
    } else {
        forget_locked(p, &w);
        if (p->closed)
            st = ALICE_E_CLOSED;
        else
            p->n.timeouts++;
    }
    pthread_cond_destroy(&w.cond);
    return st;
}

/* ---- objects ---- */

static size_t charged_bytes(const alice_pool *p)
{
    return p->o.charge_objects ? p->o.object_bytes : 0;
}

static uint64_t death_locked(alice_pool *p, uint64_t made)
{
    if (p->o.max_lifetime_ms == 0)
        return 0;
    /* splitmix64 */
    uint64_t z = p->chance += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    double share = (double)((z ^ z >> 31) >> 11) * 0x1p-53 * p->o.lifetime_jitter / 100.0;
    uint64_t life = p->o.max_lifetime_ms * 1000000;
    uint64_t dies = made + life - (uint64_t)((double)life * share);
    return dies ? dies : 1;
}

static void spare_locked(alice_pool *p, slot *s)
{
    s->object = NULL;
    s->next = p->spare;
    p->spare = s;
    p->spares++;
}

/* A slot without an object: one that had one before, or a new one. */
static alice_status take_slot(alice_pool *p, slot **out)
{
    pool_lock(p);
    slot *s = p->spare;
    if (s) {
        p->spare = s->next;
        p->spares--;
    }
    pool_unlock(p);
    if (!s)
        return alice_env_calloc(&p->o.env, 1, sizeof *s, ALICE_HERE, (void **)out);
    s->prev = s->next = NULL;
    s->site = NULL;
    s->since_ns = s->dies_ns = 0;
    s->told = false;
    *out = s;
    return ALICE_OK;
}

/* Make an object in a place that is reserved. On failure the place is given up. */
static alice_status make(alice_pool *p, slot **out)
{
    slot *s = NULL;
    size_t charged = charged_bytes(p);
    alice_status st = take_slot(p, &s);
    if (st != ALICE_OK)
        goto no_place;
    st = alice_account_charge(p->o.env.account, charged);
    if (st != ALICE_OK)
        goto no_slot;
    /* One that is on its way when all are evicted may be of the old kind. */
    uint64_t evictions = atomic_load(&p->evictions);
    st = p->o.factory(p->o.ctx, &s->object);
    if (st != ALICE_OK)
        goto no_charge;
    uint64_t now = now_ns(p);
    s->made = evictions;
    pool_lock(p);
    p->n.made++;
    s->dies_ns = death_locked(p, now);
    pool_unlock(p);
    *out = s;
    return ALICE_OK;

no_charge:
    alice_account_release(p->o.env.account, charged);
no_slot:
    pool_lock(p);
    spare_locked(p, s);
    pool_unlock(p);
no_place:
    give_up_place(p);
    return st;
}

/* End a slot that is in no list, but for its place. */
static void unmake(alice_pool *p, slot *s, uint64_t *reason)
{
    if (p->o.destroy)
        p->o.destroy(p->o.ctx, s->object);
    alice_account_release(p->o.env.account, charged_bytes(p));
    pool_lock(p);
    spare_locked(p, s);
    p->n.destroyed++;
    if (reason)
        ++*reason;
    pool_unlock(p);
}

/* End a slot and its place. May free a pool that is closed. */
static void drop(alice_pool *p, slot *s, uint64_t *reason)
{
    unmake(p, s, reason);
    give_up_place(p);
}

/* ---- acquire and release ---- */

/* A slot out of the idle ones, in `out` already; NULL: a place was reserved for a new one. */
static alice_status take_locked(alice_pool *p, uint64_t timeout_ms,
                                const struct timespec *deadline, const alice_site *site,
                                uint64_t now, slot **got, size_t *refs)
{
    if (p->closed)
        return ALICE_E_CLOSED;
    if (p->idle.first) {
        *got = p->idle.first;
        list_remove(&p->idle, *got);
    } else if (p->o.max_total == 0 || p->total < p->o.max_total) {
        p->total++;
        p->refs++;
        return ALICE_OK;
    } else {
        if (timeout_ms == 0) {
            p->n.timeouts++;
            return ALICE_E_TIMEOUT;
        }
        alice_status st = wait_locked(p, deadline, got, refs);
        if (st != ALICE_OK || !*got)
            return st;
    }
    out_locked(p, *got, site, now);
    return ALICE_OK;
}

/*
 * Replace an object that turned out to be unusable: its place goes to another
 * idle one (then the place that was that one's is free), or stays for a new one.
 */
static slot *replace(alice_pool *p, slot *bad, const alice_site *site, uint64_t now,
                     uint64_t *reason)
{
    pool_lock(p);
    list_remove(&p->out, bad);
    slot *other = p->idle.first;
    if (other) {
        list_remove(&p->idle, other);
        out_locked(p, other, site, now);
    }
    pool_unlock(p);
    if (other)
        drop(p, bad, reason);
    else
        unmake(p, bad, reason);
    return other;
}

/* The first usable of `s` and the idle ones, in `out`; NULL: the place is there for a new one.
 */
static slot *usable(alice_pool *p, slot *s, const alice_site *site, uint64_t now)
{
    while (s) {
        if (too_old(s, now))
            s = replace(p, s, site, now, &p->n.expired);
        else if (p->o.validate && !p->o.validate(p->o.ctx, s->object))
            s = replace(p, s, site, now, &p->n.invalid);
        else
            break;
    }
    return s;
}

/* Keep an object that is in no list: for a waiter, or idle. False: it is not needed. */
static bool keep_locked(alice_pool *p, slot *s, uint64_t now)
{
    if (p->closed || over_locked(p))
        return false;
    if (grant_locked(p, s))
        return true;
    if (p->idle.count >= p->o.max_size)
        return false;
    s->since_ns = now;
    list_push(&p->idle, s);
    return true;
}

static bool passed(const struct timespec *deadline)
{
    struct timespec now = alice__deadline(0);
    return now.tv_sec > deadline->tv_sec ||
           (now.tv_sec == deadline->tv_sec && now.tv_nsec > deadline->tv_nsec);
}

/* An object that was made too late for who wanted it. */
static alice_status too_late(alice_pool *p, slot *s)
{
    uint64_t now = now_ns(p);
    pool_lock(p);
    p->n.timeouts++;
    bool kept = keep_locked(p, s, now);
    pool_unlock(p);
    if (!kept)
        drop(p, s, NULL);
    return ALICE_E_TIMEOUT;
}

/* Tell that an object is on loan now: it took time to make or to wait for. */
static void lend(alice_pool *p, slot *s, const alice_site *site, bool made)
{
    uint64_t now = now_ns(p);
    pool_lock(p);
    if (made) {
        out_locked(p, s, site, now);
        p->n.created++;
    } else {
        s->since_ns = now;
        p->n.reused++;
    }
    pool_unlock(p);
}

alice_status alice_pool_acquire_at(alice_pool *p, uint64_t timeout_ms, const alice_site *site,
                                   alice_lease *lease)
{
    slot *s = NULL;
    size_t refs = 0;
    if (!p || !lease || lease->slot)
        return ALICE_E_INVAL;
    uint64_t now = now_ns(p);
    struct timespec deadline = {0};
    bool limited = timeout_ms != 0 && timeout_ms != ALICE_POOL_FOREVER;
    if (limited)
        deadline = alice__deadline(timeout_ms);
    pool_lock(p);
    alice_status st =
        take_locked(p, timeout_ms, limited ? &deadline : NULL, site, now, &s, &refs);
    bool ready = s && refs == 0 && !p->o.validate && !too_old(s, now);
    if (ready)
        p->n.reused++;
    unref_and_unlock(p, refs);
    if (st != ALICE_OK)
        return st;
    if (!ready) {
        s = usable(p, s, site, now);
        bool fresh = !s;
        if (fresh)
            st = make(p, &s);
        if (st == ALICE_OK && fresh && limited && passed(&deadline))
            st = too_late(p, s);
        if (st != ALICE_OK)
            return st;
        lend(p, s, site, fresh);
    }
    *lease = (alice_lease){.object = s->object, .pool = p, .slot = s, .loan = ++s->loans};
    atomic_store_explicit(&s->lent, s->loans, memory_order_release);
    return ALICE_OK;
}

static void give_back(alice_lease *lease, bool discard)
{
    if (!lease || !lease->slot)
        return;
    alice_pool *p = lease->pool;
    slot *s = lease->slot;
    slot *stale = NULL;
    uint64_t *reason = NULL;
    uint64_t loan = lease->loan;
    *lease = (alice_lease){0};
    if (!atomic_compare_exchange_strong(&s->lent, &loan, 0))
        return; /* a copy of this lease gave it back already */

    discard = discard || s->made != atomic_load(&p->evictions);
    /* The object is still out while it is reset, so that nobody gets it half reset. */
    if (!discard && p->o.reset && p->o.reset(p->o.ctx, s->object) != ALICE_OK) {
        discard = true;
        reason = &p->n.reset_failures;
    }
    uint64_t now = now_ns(p);
    if (!discard && too_old(s, now)) {
        discard = true;
        reason = &p->n.expired;
    }
    pool_lock(p);
    list_remove(&p->out, s);
    if (!discard && s->made == atomic_load(&p->evictions) && keep_locked(p, s, now))
        s = NULL;
    if (!p->closed && p->idle.count > p->o.min_idle && idle_too_long(p, p->idle.last, now)) {
        stale = p->idle.last;
        list_remove(&p->idle, stale);
    }
    pool_unlock(p);
    if (stale) /* before s: the last drop may free a closed pool */
        drop(p, stale, &p->n.expired);
    if (s)
        drop(p, s, reason);
}

void alice_pool_release(alice_lease *lease)
{
    give_back(lease, false);
}

void alice_pool_discard(alice_lease *lease)
{
    give_back(lease, true);
}

/* ---- housekeeping ---- */

/* End idle objects, the longest idle first, while more than `keep` are left. */
static size_t trim(alice_pool *p, size_t keep, size_t enough, size_t *freed, uint64_t *reason)
{
    size_t n = 0;
    while (!freed || *freed < enough) {
        pool_lock(p);
        slot *s = p->idle.count > keep ? p->idle.last : NULL;
        if (s)
            list_remove(&p->idle, s);
        pool_unlock(p);
        if (!s)
            break;
        drop(p, s, reason);
        n++;
        if (freed)
            *freed += p->o.object_bytes;
    }
    return n;
}

size_t alice_pool_trim(alice_pool *p, size_t keep)
{
    return p ? trim(p, keep, 0, NULL, NULL) : 0;
}

size_t alice_pool_evict_all(alice_pool *p)
{
    if (!p)
        return 0;
    pool_lock(p);
    atomic_fetch_add(&p->evictions, 1);
    pool_unlock(p);
    return trim(p, 0, 0, NULL, NULL);
}

alice_status alice_pool_resize(alice_pool *p, size_t max_size, size_t max_total)
{
    list dead = {0};
    if (!p)
        return ALICE_E_INVAL;
    max_size = max_size ? max_size : ALICE_POOL_MAX_SIZE;
    if (p->o.min_idle > max_size || (max_total && p->o.min_idle > max_total))
        return ALICE_E_INVAL;
    pool_lock(p);
    p->o.max_size = max_size;
    p->o.max_total = max_total;
    p->ceiling = p->total;
    size_t over = over_locked(p) ? p->total - max_total : 0;
    while (p->idle.last && (p->idle.count > max_size || dead.count < over)) {
        slot *s = p->idle.last;
        list_remove(&p->idle, s);
        list_push(&dead, s);
    }
    while (p->waiters && !p->closed && (max_total == 0 || p->total < max_total)) {
        p->total++;
        p->refs++;
        grant_locked(p, NULL);
    }
    pool_unlock(p);
    while (dead.first) {
        slot *s = dead.first;
        list_remove(&dead, s);
        drop(p, s, NULL);
    }
    return ALICE_OK;
}

static alice_reclaimed reclaim(void *ctx, size_t wanted)
{
    alice_pool *p = ctx;
    alice_reclaimed got = {0};
    got.items = trim(p, 0, wanted, &got.bytes, &p->n.reclaimed);
    return got;
}

/* End what is idle or alive too long. */
static void expire(alice_pool *p, uint64_t now)
{
    list dead = {0};
    pool_lock(p);
    for (slot *s = p->idle.last, *prev; s; s = prev) {
        prev = s->prev;
        if (too_old(s, now) || (p->idle.count > p->o.min_idle && idle_too_long(p, s, now))) {
            list_remove(&p->idle, s);
            list_push(&dead, s);
        }
    }
    pool_unlock(p);
    while (dead.first) {
        slot *s = dead.first;
        list_remove(&dead, s);
        drop(p, s, &p->n.expired);
    }
}

/* Make objects until min_idle wait. */
static alice_status refill(alice_pool *p)
{
    alice_status st = ALICE_OK;
    while (st == ALICE_OK) {
        slot *s = NULL;
        pool_lock(p);
        bool wanted =
            p->idle.count < p->o.min_idle && (p->o.max_total == 0 || p->total < p->o.max_total);
        if (wanted) {
            p->total++;
            p->refs++;
        }
        pool_unlock(p);
        if (!wanted)
            break;
        st = make(p, &s);
        if (st != ALICE_OK)
            break;
        uint64_t now = now_ns(p);
        pool_lock(p);
        bool kept = keep_locked(p, s, now);
        pool_unlock(p);
        if (!kept) { /* meanwhile so many came back that this one is not needed */
            drop(p, s, NULL);
            break;
        }
    }
    return st;
}

/* Tell what is held too long (`all`: whatever is held), each object once. */
static void tell_leaks(alice_pool *p, uint64_t now, bool all)
{
    for (;;) {
        const alice_site *site = NULL;
        pool_lock(p);
        slot *s = p->out.last;
        while (s && (s->told || !(all || since(s, now) >= p->o.leak_after_ms * 1000000)))
            s = s->prev;
        if (s) {
            s->told = true;
            site = s->site;
            p->n.leaks++;
        }
        pool_unlock(p);
        if (!s)
            return;
        alice_env_log(&p->o.env, ALICE_LOG_WARNING,
                      "pool %s: an object is %s; it was acquired by %s (%s:%d)", p->name,
                      all ? "still out at close" : "held for long",
                      site ? site->function : "an unnamed caller", site ? site->file : "?",
                      site ? site->line : 0);
    }
}

alice_status alice_pool_maintain(alice_pool *p)
{
    if (!p)
        return ALICE_E_INVAL;
    uint64_t now = now_ns(p);
    expire(p, now);
    alice_status st = refill(p);
    if (p->o.leak_after_ms)
        tell_leaks(p, now, false);
    return st;
}

/* ---- life ---- */

static bool valid(const alice_pool_options *o)
{
    size_t max_size = o->max_size ? o->max_size : ALICE_POOL_MAX_SIZE;
    return o->factory && o->min_idle <= max_size &&
           (o->max_total == 0 || o->min_idle <= o->max_total) && o->lifetime_jitter <= 100 &&
           o->idle_timeout_ms <= UINT64_MAX / 1000000 &&
           o->max_lifetime_ms <= UINT64_MAX / 4000000 &&
           o->leak_after_ms <= UINT64_MAX / 1000000;
}

alice_status alice_pool_open(alice_pool **out, const alice_pool_options *options)
{
    alice_pool *p = NULL;
    if (!out || !options || !valid(options))
        return ALICE_E_INVAL;
    alice_status st = alice_env_calloc(&options->env, 1, sizeof *p, ALICE_HERE, (void **)&p);
    if (st != ALICE_OK)
        return st;
    p->o = *options;
    if (p->o.max_size == 0)
        p->o.max_size = ALICE_POOL_MAX_SIZE;
    snprintf(p->name, sizeof p->name, "%s", options->name ? options->name : "pool");
    p->o.name = p->name;
    p->timed = p->o.idle_timeout_ms || p->o.max_lifetime_ms || p->o.leak_after_ms;
    p->chance = p->o.seed;
    p->waiters_end = &p->waiters;
    p->refs = 1;
    if (pthread_mutex_init(&p->lock, NULL) != 0) {
        alice_env_free(&options->env, p, sizeof *p);
        return ALICE_E_SYSTEM;
    }
    st = refill(p);
    if (st == ALICE_OK && p->o.budget)
        st = alice_reclaimer_add(&p->reclaimer, p->o.budget, p->name, ALICE_RECLAIM_IDLE,
                                 reclaim, p);
    if (st != ALICE_OK) {
        alice_pool_close(&p);
        return st;
    }
    ALICE__CENSUS_ADD(&p->o.env, p, "alice_pool");
    *out = p;
    return ALICE_OK;
}

alice_status alice_pool_close(alice_pool **pool)
{
    if (!pool || !*pool)
        return ALICE_OK;
    alice_pool *p = *pool;
    pool_lock(p);
    bool busy = p->out.count > 0 || p->waiters;
    pool_unlock(p);
    if (busy) {
        tell_leaks(p, now_ns(p), true);
        return ALICE_E_BUSY;
    }
    *pool = NULL;
    ALICE__CENSUS_REMOVE(&p->o.env, p);
    alice_reclaimer_remove(&p->reclaimer); /* waits for a run of it that is under way */

    pool_lock(p);
    p->closed = true;
    pool_unlock(p);
    trim(p, 0, 0, NULL, NULL);

    pool_lock(p);
    unref_and_unlock(p, 1);
    return ALICE_OK;
}

/* ---- looking ---- */

alice_status alice_pool_holders(const alice_pool *pool, alice_pool_holder *rows, size_t cap,
                                size_t *count)
{
    alice_pool *p = (alice_pool *)pool; /* its lock only */
    if (!p || !count || (cap && !rows))
        return ALICE_E_INVAL;
    uint64_t now = p->o.leak_after_ms ? now_ns(p) : 0;
    size_t n = 0;
    pool_lock(p);
    for (const slot *s = p->out.last; s; s = s->prev, n++) {
        if (n < cap)
            rows[n] = (alice_pool_holder){.site = s->site,
                                          .object = s->object,
                                          .held_ms =
                                              p->o.leak_after_ms ? since(s, now) / 1000000 : 0};
    }
    pool_unlock(p);
    *count = n;
    return ALICE_OK;
}

void alice_pool_get_stats(const alice_pool *pool, alice_pool_stats *out)
{
    alice_pool *p = (alice_pool *)pool;
    if (!p || !out)
        return;
    pool_lock(p);
    *out = p->n;
    out->pool_size = p->idle.count;
    out->in_use = p->out.count;
    out->bytes =
        sizeof *p + p->total * (sizeof(slot) + p->o.object_bytes) + p->spares * sizeof(slot);
    pool_unlock(p);
    uint64_t served = out->created + out->reused;
    out->reuse_rate = served ? (double)out->reused / (double)served : 0.0;
}

alice_status alice_pool_check(const alice_pool *pool, alice_error *error)
{
    alice_pool *p = (alice_pool *)pool;
    if (!p)
        return ALICE_E_INVAL;
    pool_lock(p);
    const char *wrong = check_locked(p);
    pool_unlock(p);
    return wrong ? alice__fail(error, ALICE_E_DAMAGED, 0, "pool %s: %s", p->name, wrong)
                 : ALICE_OK;
}
