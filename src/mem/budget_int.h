/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_BUDGET_INT_H
#define ALICE_MEM_BUDGET_INT_H

/*
 * What the parts of the budget share: budget.c (charges and life), budget_tree.c (the
 * accounts and their stripes), budget_look.c (what is told of them), reclaim.c. Lock
 * order: reclaim_lock before lock. Nothing of another module is called under `lock`;
 * under `reclaim_lock` only the reclaimers are.
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

/* --- the tree of accounts and their stripes: budget_tree.c ----------------- */

enum { LINE = 64 };

#define CREDIT_BITS 24
#define CREDIT_MASK (((uint64_t)1 << CREDIT_BITS) - 1)
#define COUNT_SHIFT (2 * CREDIT_BITS)
#define COUNT_ONE ((uint64_t)1 << COUNT_SHIFT)
#define COUNT_MASK ((uint64_t)0x7fff)
#define CLOSED ((uint64_t)1 << 63)

typedef struct stripe {
    _Alignas(LINE) _Atomic uint64_t word;
} stripe;

struct alice_account {
    /* Read by every charge, seldom written. */
    alice_budget *budget;
    stripe *stripes;
    _Atomic size_t high; /* a stripe with more credit gives some back */

    /* Under the lock. */
    _Alignas(LINE) alice_account *parent;
    alice_account *first_child;
    alice_account *next; /* sibling, younger */
    size_t held;
    size_t own;
    size_t peak;
    size_t overdrawn; /* released, but never charged */
    uint64_t charges;
    uint64_t refusals;
    _Atomic size_t cap; /* written under the lock */
    char name[32];
    void *block; /* as allocated, before alignment */
};

static inline uint64_t word_of(uint64_t credit, uint64_t low)
{
    return credit | low << CREDIT_BITS;
}

static inline size_t credit_of(uint64_t word)
{
    return (size_t)(word & CREDIT_MASK);
}

static inline size_t low_of(uint64_t word)
{
    return (size_t)(word >> CREDIT_BITS & CREDIT_MASK);
}

static inline uint64_t count_of(uint64_t word)
{
    return word >> COUNT_SHIFT & COUNT_MASK;
}

/*
 * This thread's stripe. Thread handles are addresses of thread descriptors, at
 * like offsets in their stacks' mappings: the multiplication spreads them.
 */
static inline stripe *stripe_here(const alice_account *a)
{
    uint64_t self = (uint64_t)(uintptr_t)pthread_self() >> 6;
    return &a->stripes[self * UINT64_C(0x9e3779b97f4a7c15) >> a->budget->stripe_shift];
}

static inline uint64_t load_word(const stripe *s)
{
    return atomic_load_explicit(&s->word, memory_order_relaxed);
}

static inline size_t cap_of(const alice_account *a)
{
    return atomic_load_explicit(&a->cap, memory_order_relaxed);
}

/* The next account in the tree below `top`, parents first; NULL after the last. */
static inline alice_account *next_below(const alice_account *top, alice_account *a)
{
    if (a->first_child)
        return a->first_child;
    while (a != top && !a->next)
        a = a->parent;
    return a == top ? NULL : a->next;
}

#define FOR_TREE(a, top) for (alice_account *a = (top); a; a = next_below((top), a))

/* From here on nobody but the lock's holder changes the stripe. */
static inline void close_stripe(stripe *s)
{
    atomic_fetch_or_explicit(&s->word, CLOSED, memory_order_relaxed);
}

/* Credit may be counted twice while it wanders between stripes: never below 0. */
size_t alice__used_locked(alice_account *a);

/*
 * Bring the peaks of an account and its parents up to what may have been used since the
 * last time: before `held` sinks or a low mark is set anew, with no unlocking between.
 */
void alice__raise_peaks_locked(alice_account *a);

void alice__hold_locked(alice_account *a, size_t bytes);

/* Give up `bytes`. More than the account has itself is a mistake of the caller's, kept for the
 * checker. */
void alice__unhold_locked(alice_account *a, size_t bytes);

/*
 * Set a closed stripe anew; its count goes to the account. The peaks have to be
 * up to date: its low mark is forgotten. Answers what credit it had.
 */
size_t alice__set_stripe_locked(alice_account *a, stripe *s, uint64_t word);

void alice__close_stripes(alice_account *a);
void alice__reopen_stripes(alice_account *a);

/* Draw the credit in of stripes that are closed, and stay so. */
void alice__empty_stripes_locked(alice_account *a);

/* Close every stripe below `top` and draw its credit in: held is then used. */
void alice__draw_in_locked(alice_account *top);
void alice__reopen_below_locked(alice_account *top);

/* Whether `a` stands at or below `top`. */
bool alice__stands_below_locked(const alice_account *a, const alice_account *top);

#endif
