/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_BUDGET_INT_H
#define ALICE_MEM_BUDGET_INT_H

/*
 * What budget.c and reclaim.c share. Lock order: reclaim_lock before lock.
 * Nothing of another module is called under `lock`; under `reclaim_lock` only
 * the reclaimers are.
 */

#include <alice/reclaim.h>

#include <pthread.h>
#include <stdatomic.h>

struct alice_reclaimer {
    struct alice_reclaimer *next;
    alice_budget *budget;
    char name[32];
    int order;
    bool removed; /* by its own run: unlinked and freed after it */
    alice_reclaim_fn fn;
    void *ctx;
    alice_account *account; /* bound to, or NULL */
};

struct alice_budget {
    alice_env env; /* without its account */
    alice_account *root;
    alice_level_fn on_level;
    void *on_level_ctx;
    size_t stripes; /* of each account, a power of two */
    unsigned stripe_shift;

    pthread_mutex_t lock; /* every plain field of every account */
    size_t batch;         /* credit that a stripe takes at once */
    alice_level level;    /* as last told */

    pthread_mutex_t reclaim_lock; /* one run at a time */
    _Atomic uintptr_t reclaimer;  /* the thread that runs, or 0 */
    alice_reclaimer *reclaimers;  /* by order, then age */
};

/* This thread, as a number that is never 0. */
static inline uintptr_t alice__self(void)
{
    return (uintptr_t)pthread_self() | 1;
}

/* How many bytes are missing for a charge of `bytes` to `account`; 0: it would fit. */
size_t alice__account_short(alice_account *account, size_t bytes);

/*
 * Whether bytes given back below `part` could help a charge to `account` that
 * does not fit: whether `part` stands below a cap that is in the way.
 */
bool alice__account_helps(alice_account *account, size_t bytes, const alice_account *part);

/*
 * Run reclaimers until a charge of `bytes` to `account` fits; false where this
 * thread is already reclaiming, or nothing helped.
 */
bool alice__reclaim_for(alice_account *account, size_t bytes);

/* Whether this thread is within a run of the budget's reclaimers. */
bool alice__reclaiming_here(alice_budget *budget);

/* Run all reclaimers of orders up to `order`. Answers the bytes given back. */
size_t alice__reclaim_upto(alice_budget *budget, int order);

/*
 * Bytes charged to accounts that a reclaimer is bound to, each counted once.
 * False while another thread reclaims: the answer would have to wait for it.
 */
bool alice__reclaimable(alice_budget *budget, size_t *bytes);

/* Whether `a` stands at or below `top`. */
bool alice__account_below(const alice_account *a, const alice_account *top);

/* Whether reclaimers are registered: any, or, where `account` is not NULL, one bound to it. */
bool alice__has_reclaimers(alice_budget *budget, const alice_account *account);

#endif
