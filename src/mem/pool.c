/* SPDX-License-Identifier: MIT */
/*
 * The pool: its life, its housekeeping, and what it tells. Lending is pool_lend.c.
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
#include "mem/pool_int.h"

#include <stdio.h>

#include "base/error.h"
#include "base/options.h"
#include "mem/profile_hook.h"

/* ---- what has to hold ---- */

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

const char *alice__pool_wrong_locked(const alice_pool *p)
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
        alice__pool_drop(p, s, reason);
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
        alice__pool_grant_locked(p, NULL);
    }
    pool_unlock(p);
    while (dead.first) {
        slot *s = dead.first;
        list_remove(&dead, s);
        alice__pool_drop(p, s, NULL);
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
        alice__pool_drop(p, s, &p->n.expired);
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
        st = alice__pool_make(p, &s);
        if (st != ALICE_OK)
            break;
        uint64_t now = now_ns(p);
        pool_lock(p);
        bool kept = alice__pool_keep_locked(p, s, now);
        pool_unlock(p);
        if (!kept) { /* meanwhile so many came back that this one is not needed */
            alice__pool_drop(p, s, NULL);
            break;
        }
    }
    return st;
}

/* Tell what is held too long (`all`: whatever is held), each object once. */
static void report_leaks(alice_pool *p, uint64_t now, bool all)
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
        report_leaks(p, now, false);
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

alice_status alice_pool_open(alice_pool **out, const alice_pool_options *given)
{
    alice_pool *p = NULL;
    alice_pool_options own;
    const alice_pool_options *options = &own;
    alice_status st = alice__options_take(&own, sizeof own, given);
    if (st != ALICE_OK)
        return st;
    if (!out || !valid(options))
        return ALICE_E_INVAL;
    st = alice_env_calloc(&options->env, 1, sizeof *p, ALICE_HERE, (void **)&p);
    if (st != ALICE_OK)
        return st;
    p->o = own;
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
        report_leaks(p, now_ns(p), true);
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
    alice__pool_unref_and_unlock(p, 1);
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

static void take_stats(const alice_pool *pool, alice_pool_stats *out)
{
    alice_pool *p = (alice_pool *)pool;
    pool_lock(p);
    *out = p->n;
    out->pool_size = p->idle.count;
    out->in_use = p->out.count;
    out->bytes =
        sizeof *p + p->total * (sizeof(slot) + p->o.object_bytes) + p->spares * sizeof(slot);
    pool_unlock(p);
    out->mb = (double)out->bytes / (double)ALICE_MB;
    uint64_t served = out->created + out->reused;
    out->reuse_rate = served ? (double)out->reused / (double)served : 0.0;
}

void alice_pool_stats_into(const alice_pool *pool, alice_pool_stats *out, size_t size)
{
    alice_pool_stats s = {0};
    if (!out || !pool)
        return;
    take_stats(pool, &s);
    alice__figures_give(out, size, &s, sizeof s);
}

alice_status alice_pool_check(const alice_pool *pool, alice_error *error)
{
    alice_pool *p = (alice_pool *)pool;
    if (!p)
        return ALICE_E_INVAL;
    pool_lock(p);
    const char *wrong = alice__pool_wrong_locked(p);
    pool_unlock(p);
    return wrong ? alice__fail(error, ALICE_E_DAMAGED, 0, "pool %s: %s", p->name, wrong)
                 : ALICE_OK;
}
