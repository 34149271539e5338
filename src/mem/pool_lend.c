/* SPDX-License-Identifier: MIT */
/*
 * How a pool lends: places and who waits for one, objects made and ended, acquire and
 * release. The picture of slots, lists and places stands in pool.c.
 */
#include "mem/pool_int.h"

#include <alice/budget.h>

#include "port/thread.h"

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

bool alice__pool_grant_locked(alice_pool *p, slot *s)
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

void alice__pool_unref_and_unlock(alice_pool *p, size_t refs)
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
    if (over_locked(p) || !alice__pool_grant_locked(p, NULL)) {
        p->total--;
        refs = 1;
    }
    if (p->ceiling > p->total)
        p->ceiling = p->total;
    alice__pool_unref_and_unlock(p, refs);
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

alice_status alice__pool_make(alice_pool *p, slot **out)
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

void alice__pool_drop(alice_pool *p, slot *s, uint64_t *reason)
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
        alice__pool_drop(p, bad, reason);
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

bool alice__pool_keep_locked(alice_pool *p, slot *s, uint64_t now)
{
    if (p->closed || over_locked(p))
        return false;
    if (alice__pool_grant_locked(p, s))
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
    bool kept = alice__pool_keep_locked(p, s, now);
    pool_unlock(p);
    if (!kept)
        alice__pool_drop(p, s, NULL);
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
    alice__pool_unref_and_unlock(p, refs);
    if (st != ALICE_OK)
        return st;
    if (!ready) {
        s = usable(p, s, site, now);
        bool fresh = !s;
        if (fresh)
            st = alice__pool_make(p, &s);
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
    if (!discard && s->made == atomic_load(&p->evictions) && alice__pool_keep_locked(p, s, now))
        s = NULL;
    if (!p->closed && p->idle.count > p->o.min_idle && idle_too_long(p, p->idle.last, now)) {
        stale = p->idle.last;
        list_remove(&p->idle, stale);
    }
    pool_unlock(p);
    if (stale) /* before s: the last drop may free a closed pool */
        alice__pool_drop(p, stale, &p->n.expired);
    if (s)
        alice__pool_drop(p, s, reason);
}

void alice_pool_release(alice_lease *lease)
{
    give_back(lease, false);
}

void alice_pool_discard(alice_lease *lease)
{
    give_back(lease, true);
}
