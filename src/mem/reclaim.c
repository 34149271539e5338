/* SPDX-License-Identifier: MIT */
/*
 * The reclaimers of a budget: a list by order, run by one thread at a time.
 *
 * `reclaim_lock` is held through a run, so that remove() can wait for its end;
 * `budget->reclaimer` names the running thread, so that what a reclaimer calls
 * (a charge, a remove, an add) neither recurses nor waits for itself.
 */
#include <alice/reclaim.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "mem/budget_int.h"

bool alice__reclaiming_here(alice_budget *budget)
{
    return atomic_load_explicit(&budget->reclaimer, memory_order_relaxed) == alice__self();
}

/* The list's lock, unless this thread's run holds it. Answers what leave() wants. */
static bool enter(alice_budget *budget)
{
    if (alice__reclaiming_here(budget))
        return false;
    pthread_mutex_lock(&budget->reclaim_lock);
    return true;
}

static void leave(alice_budget *budget, bool entered)
{
    if (entered)
        pthread_mutex_unlock(&budget->reclaim_lock);
}

alice_status alice_reclaimer_add(alice_reclaimer **out, alice_budget *budget, const char *name,
                                 int order, alice_reclaim_fn fn, void *ctx)
{
    if (!out || !budget || !fn)
        return ALICE_E_INVAL;
    void *mem;
    alice_status st = alice_env_alloc(&budget->env, sizeof(alice_reclaimer), ALICE_HERE, &mem);
    if (st)
        return st;
    alice_reclaimer *r = mem;
    *r = (alice_reclaimer){.budget = budget, .order = order, .fn = fn, .ctx = ctx};
    snprintf(r->name, sizeof r->name, "%s", name ? name : "");

    bool entered = enter(budget);
    alice_reclaimer **at = &budget->reclaimers;
    while (*at && (*at)->order <= order)
        at = &(*at)->next;
    r->next = *at;
    *at = r;
    leave(budget, entered);
    *out = r;
    return ALICE_OK;
}

void alice_reclaimer_bind(alice_reclaimer *reclaimer, alice_account *account)
{
    if (!reclaimer)
        return;
    bool entered = enter(reclaimer->budget);
    reclaimer->account = account;
    leave(reclaimer->budget, entered);
}

static void unlink_and_free(alice_reclaimer *r)
{
    alice_reclaimer **at = &r->budget->reclaimers;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    alice_env_free(&r->budget->env, r, sizeof *r);
}

void alice_reclaimer_remove(alice_reclaimer **reclaimer)
{
    if (!reclaimer || !*reclaimer)
        return;
    alice_reclaimer *r = *reclaimer;
    alice_budget *budget = r->budget;
    *reclaimer = NULL;
    bool entered = enter(budget);
    if (entered)
        unlink_and_free(r);
    else
        r->removed = true; /* the run holds a pointer into the list */
    leave(budget, entered);
}

/* The rows a caller wants filled. */
struct report {
    alice_reclaim_row *rows;
    size_t cap;
    size_t count;
};

static void report_add(struct report *report, const alice_reclaimer *r, alice_reclaimed got)
{
    if (report->count < report->cap) {
        alice_reclaim_row *row = &report->rows[report->count];
        memcpy(row->name, r->name, sizeof row->name);
        row->order = r->order;
        row->got = got;
    }
    report->count++;
}

static void sweep_removed(alice_budget *budget)
{
    for (alice_reclaimer *r = budget->reclaimers, *next; r; r = next) {
        next = r->next;
        if (r->removed)
            unlink_and_free(r);
    }
}

/*
 * One run, under the reclaim lock, of the orders up to `order`. With an account:
 * until `wanted` bytes fit into it; without: until so many came back.
 */
static size_t run_locked(alice_budget *budget, alice_account *account, size_t wanted, int order,
                         struct report *report)
{
    size_t total = 0;
    atomic_store_explicit(&budget->reclaimer, alice__self(), memory_order_relaxed);
    for (alice_reclaimer *r = budget->reclaimers; r && r->order <= order; r = r->next) {
        if (r->removed)
            continue;
        size_t missing = account          ? alice__account_short(account, wanted)
                         : total < wanted ? wanted - total
                                          : 0;
        if (missing == 0)
            break;
        if (account && r->account && !alice__account_helps(account, wanted, r->account))
            continue;
        alice_reclaimed got = r->fn(r->ctx, missing);
        total = got.bytes > SIZE_MAX - total ? SIZE_MAX : total + got.bytes;
        report_add(report, r, got);
    }
    atomic_store_explicit(&budget->reclaimer, 0, memory_order_relaxed);
    sweep_removed(budget);
    return total;
}

size_t alice_reclaim_run(alice_budget *budget, size_t wanted, alice_reclaim_row *rows,
                         size_t cap, size_t *count)
{
    struct report report = {.rows = rows, .cap = rows ? cap : 0};
    size_t total = 0;
    if (budget && !alice__reclaiming_here(budget)) {
        pthread_mutex_lock(&budget->reclaim_lock);
        total = run_locked(budget, NULL, wanted, INT_MAX, &report);
        pthread_mutex_unlock(&budget->reclaim_lock);
    }
    if (count)
        *count = report.count;
    return total;
}

bool alice__reclaim_for(alice_account *account, size_t bytes)
{
    alice_budget *budget = alice_account_budget(account);
    if (alice__reclaiming_here(budget))
        return false;
    struct report report = {0};
    pthread_mutex_lock(&budget->reclaim_lock);
    run_locked(budget, account, bytes, INT_MAX, &report);
    pthread_mutex_unlock(&budget->reclaim_lock);
    return true;
}

size_t alice__reclaim_upto(alice_budget *budget, int order)
{
    if (alice__reclaiming_here(budget))
        return 0;
    struct report report = {0};
    pthread_mutex_lock(&budget->reclaim_lock);
    size_t total = run_locked(budget, NULL, SIZE_MAX, order, &report);
    pthread_mutex_unlock(&budget->reclaim_lock);
    return total;
}

/* Whether an earlier reclaimer's account, or one above, counts what this one's has. */
static bool counted_elsewhere(const alice_budget *budget, const alice_reclaimer *r)
{
    bool before = true;
    for (const alice_reclaimer *other = budget->reclaimers; other; other = other->next) {
        if (other == r)
            before = false;
        else if (other->account && (before || other->account != r->account) &&
                 alice__account_below(r->account, other->account))
            return true;
    }
    return false;
}

bool alice__reclaimable(alice_budget *budget, size_t *bytes)
{
    bool here = alice__reclaiming_here(budget);
    if (!here && pthread_mutex_trylock(&budget->reclaim_lock) != 0)
        return false;
    size_t sum = 0;
    for (const alice_reclaimer *r = budget->reclaimers; r; r = r->next)
        if (r->account && !r->removed && !counted_elsewhere(budget, r))
            sum += alice_account_used(r->account);
    leave(budget, !here);
    *bytes = sum;
    return true;
}

bool alice__has_reclaimers(alice_budget *budget, const alice_account *account)
{
    bool entered = enter(budget);
    const alice_reclaimer *r = budget->reclaimers;
    while (r && (r->removed || (account && r->account != account)))
        r = r->next;
    leave(budget, entered);
    return r != NULL;
}
