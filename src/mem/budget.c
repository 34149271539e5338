/* SPDX-License-Identifier: MIT */
/*
 * The budget: a tree of accounts under one ceiling. Here is how they are charged, opened
 * and closed; budget_tree.c keeps the sums, budget_look.c tells them.
 *
 *     root            held = own + children's held  <= cap, unless observed
 *      ├─ cache       own  = used by itself + credit in its stripes
 *      │   └─ hash
 *      └─ buffers     stripe: | closed | charges | low | credit |
 *                              1 bit     15        24    24
 *
 * A small charge takes its bytes out of the credit of this thread's stripe, a
 * small release puts them back: one compare-and-swap on a cache line of its
 * own. Only when a stripe runs dry or over does the slow path, under the
 * budget's lock, take credit from all accounts up to the root, or return it.
 *
 * Refusals are exact: before one, every stripe below the cap that is in the
 * way is *closed* and its credit drawn in. While a stripe is closed, charges
 * and releases on it go to the slow path and wait for the lock, so that what is
 * held then is what is used, and bytes cannot wander from a stripe not yet
 * seen to one already seen.
 *
 * Peaks: between two changes of `held`, what is used is held less the credit,
 * at most held less each stripe's lowest credit since (`low`). The peak is
 * brought up to that before a low mark is set anew. The lows of several stripes
 * need not have been at one moment, so it may say too much, never too little.
 *
 * Invariants, under the lock: held = own + sum of the children's held; credit
 * in an account's stripes <= own; alice_budget_check() proves them.
 *
 * Lock order: budget->reclaim_lock before budget->lock.
 */
#include <alice/budget.h>

#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "mem/budget_int.h"
#include "mem/profile_hook.h"
#include "port/cpu.h"

/* Credit that a stripe takes at once, and the share of the limit it may be. */
#define BATCH_MAX ((size_t)16 << 10)
#define BATCH_MIN ((size_t)512)
#define BATCH_SHARE 2048

_Static_assert(2 * BATCH_MAX < CREDIT_MASK, "a stripe's credit has to fit into its bits");

/* Bytes that fit below one cap, by what is held. */
static size_t room_locked(const alice_account *a)
{
    size_t cap = cap_of(a);
    return cap == 0 ? SIZE_MAX : a->held < cap ? cap - a->held : 0;
}

/*
 * Whether `bytes` fit into `a` and its parents below `end`. Draws credit in
 * where they do not at first, so that "no" is exact; `*closed` is then the
 * highest account whose stripes have to be reopened.
 */
static bool fits_locked(alice_account *a, const alice_account *end, size_t bytes,
                        alice_account **closed)
{
    for (; a != end; a = a->parent) {
        if (room_locked(a) >= bytes)
            continue;
        alice__draw_in_locked(a);
        *closed = a;
        if (room_locked(a) < bytes)
            return false;
    }
    return true;
}

/* Credit to give a stripe: less where a cap comes near, so that it need not be drawn in again.
 */
static size_t extra_credit_locked(const alice_account *a)
{
    size_t extra = a->budget->batch;
    for (; a; a = a->parent) {
        size_t room = room_locked(a);
        size_t share = room == SIZE_MAX ? SIZE_MAX : room / 8;
        if (share < extra)
            extra = share;
    }
    return extra < BATCH_MIN / 4 ? 0 : extra;
}

/* A crossing of a level edge, to be told once the lock is free. */
struct crossing {
    alice_level from, to;
    size_t used, limit;
};

static alice_level level_at(size_t used, size_t limit)
{
    return limit == 0 ? ALICE_LEVEL_NORMAL : alice_level_of((double)used / (double)limit);
}

static void see_level_locked(alice_budget *b, struct crossing *c)
{
    size_t limit = cap_of(b->root);
    *c = (struct crossing){.from = b->level, .to = b->level};
    if (!b->on_level || level_at(b->root->held, limit) == b->level)
        return;
    /* By what is held it changed; by what is used it need not have. */
    c->used = alice__used_locked(b->root);
    c->limit = limit;
    c->to = b->level = level_at(c->used, limit);
}

static void unlock_and_tell(alice_budget *b, const struct crossing *c)
{
    pthread_mutex_unlock(&b->lock);
    if (c->from != c->to)
        b->on_level(b->on_level_ctx, c->from, c->to, c->used, c->limit);
}

/* Give a closed stripe `credit` and open it. */
static void refill_stripe_locked(alice_account *a, stripe *s, size_t credit)
{
    alice__hold_locked(a, credit);
    alice__unhold_locked(a, alice__set_stripe_locked(a, s, word_of(credit, credit)));
}

/* Charge, under the lock; false: refused, exactly. */
static bool charge_locked(alice_account *a, size_t bytes)
{
    alice_account *closed = NULL;
    stripe *refill = bytes <= a->budget->batch ? stripe_here(a) : NULL;
    if (refill)
        close_stripe(refill);
    alice__raise_peaks_locked(a);
    bool fits = fits_locked(a, NULL, bytes, &closed);
    if (fits) {
        alice__hold_locked(a, bytes);
        a->charges++;
    }
    if (refill) {
        size_t extra = fits ? extra_credit_locked(a) : 0;
        size_t has = credit_of(load_word(refill));
        refill_stripe_locked(a, refill, extra > has ? extra : has);
    }
    alice__reopen_below_locked(closed);
    return fits;
}

static bool charge_slow(alice_account *a, size_t bytes)
{
    alice_budget *b = a->budget;
    struct crossing crossing;
    pthread_mutex_lock(&b->lock);
    bool ok = charge_locked(a, bytes);
    see_level_locked(b, &crossing);
    unlock_and_tell(b, &crossing);
    return ok;
}

/* The fast path: out of the credit of this thread's stripe. */
static bool charge_from_credit(alice_account *a, size_t bytes)
{
    stripe *s = stripe_here(a);
    uint64_t word = load_word(s);
    for (;;) {
        size_t credit = credit_of(word);
        if (credit < bytes || word & CLOSED || count_of(word) == COUNT_MASK)
            return false;
        size_t left = credit - bytes;
        size_t low = low_of(word);
        uint64_t next = (word & ~(COUNT_ONE - 1)) + COUNT_ONE;
        next |= word_of(left, left < low ? left : low);
        if (atomic_compare_exchange_weak_explicit(&s->word, &word, next, memory_order_relaxed,
                                                  memory_order_relaxed))
            return true;
    }
}

static void count_refusal(alice_account *a)
{
    pthread_mutex_lock(&a->budget->lock);
    a->refusals++;
    pthread_mutex_unlock(&a->budget->lock);
}

alice_status alice_account_try_charge(alice_account *account, size_t bytes)
{
    if (!account || bytes == 0 || charge_from_credit(account, bytes) ||
        charge_slow(account, bytes))
        return ALICE_OK;
    count_refusal(account);
    return ALICE_E_BUDGET;
}

alice_status alice_account_charge(alice_account *account, size_t bytes)
{
    if (!account || bytes == 0 || charge_from_credit(account, bytes) ||
        charge_slow(account, bytes))
        return ALICE_OK;
    if (alice__reclaim_for(account, bytes) && charge_slow(account, bytes))
        return ALICE_OK;
    count_refusal(account);
    return ALICE_E_BUDGET;
}

static bool release_to_credit(alice_account *a, size_t bytes)
{
    size_t high = atomic_load_explicit(&a->high, memory_order_relaxed);
    if (bytes > high)
        return false;
    stripe *s = stripe_here(a);
    uint64_t word = load_word(s);
    do {
        if (word & CLOSED || credit_of(word) + bytes > high)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(
        &s->word, &word, word + bytes, memory_order_relaxed, memory_order_relaxed));
    return true;
}

void alice_account_release(alice_account *account, size_t bytes)
{
    if (!account || bytes == 0 || release_to_credit(account, bytes))
        return;
    alice_budget *b = account->budget;
    struct crossing crossing;
    pthread_mutex_lock(&b->lock);
    stripe *s = stripe_here(account);
    close_stripe(s);
    alice__raise_peaks_locked(account);
    size_t has = credit_of(load_word(s));
    refill_stripe_locked(account, s, has < b->batch ? has : b->batch); /* it ran over */
    alice__unhold_locked(account, bytes);
    see_level_locked(b, &crossing);
    unlock_and_tell(b, &crossing);
}

alice_status alice_account_transfer(alice_account *from, alice_account *to, size_t bytes)
{
    if (!from)
        return alice_account_try_charge(to, bytes);
    if (!to) {
        alice_account_release(from, bytes);
        return ALICE_OK;
    }
    if (from->budget != to->budget)
        return ALICE_E_INVAL;
    if (from == to || bytes == 0)
        return ALICE_OK;

    alice_budget *b = from->budget;
    alice_account *closed = NULL;
    pthread_mutex_lock(&b->lock);
    /* What both stand below is charged as before. */
    const alice_account *common = to;
    while (!alice__stands_below_locked(from, common))
        common = common->parent;
    alice__close_stripes(from);
    alice__raise_peaks_locked(from);
    alice__raise_peaks_locked(to);
    alice__empty_stripes_locked(from); /* what it holds itself is now what it uses */
    bool has = from->own >= bytes;
    bool fits = has && fits_locked(to, common, bytes, &closed);
    if (!has) {
        /* nothing moves */
    } else if (fits) {
        /* First give, then take: a common parent's peak must not see both. */
        alice__unhold_locked(from, bytes);
        alice__hold_locked(to, bytes);
        to->charges++;
    } else {
        to->refusals++;
    }
    alice__reopen_stripes(from);
    alice__reopen_below_locked(closed);
    pthread_mutex_unlock(&b->lock);
    return fits ? ALICE_OK : has ? ALICE_E_BUDGET : ALICE_E_INVAL;
}

void alice_account_observe(alice_account *account, size_t bytes)
{
    if (!account)
        return;
    alice_budget *b = account->budget;
    struct crossing crossing;
    pthread_mutex_lock(&b->lock);
    alice__close_stripes(account);
    alice__raise_peaks_locked(account);
    alice__empty_stripes_locked(account);
    alice__unhold_locked(account, account->own);
    alice__hold_locked(account, bytes);
    alice__reopen_stripes(account);
    see_level_locked(b, &crossing);
    unlock_and_tell(b, &crossing);
}

/* ---- opening and closing ------------------------------------------------ */

static size_t high_of_batch(const alice_budget *b)
{
    return 2 * b->batch;
}

/* One block: room to align, the account, its stripes. */
static size_t account_block_size(const alice_budget *b)
{
    return LINE + sizeof(alice_account) + b->stripes * sizeof(stripe);
}

static alice_status account_new(alice_budget *b, const char *name, size_t cap,
                                alice_account **out)
{
    void *block;
    size_t size = account_block_size(b);
    alice_status st = alice_env_alloc(&b->env, size, ALICE_HERE, &block);
    if (st)
        return st;
    memset(block, 0, size);
    uintptr_t at = ((uintptr_t)block + LINE - 1) & ~(uintptr_t)(LINE - 1);
    alice_account *a = (alice_account *)at;
    a->budget = b;
    a->stripes = (stripe *)(a + 1);
    a->block = block;
    atomic_store_explicit(&a->cap, cap, memory_order_relaxed);
    snprintf(a->name, sizeof a->name, "%s", name ? name : "");
    *out = a;
    return ALICE_OK;
}

static void account_delete(alice_account *a)
{
    alice_budget *b = a->budget;
    ALICE__CENSUS_REMOVE(&b->env, a);
    alice_env_free(&b->env, a->block, account_block_size(b));
}

static size_t batch_for(size_t limit)
{
    size_t batch = limit == 0 ? BATCH_MAX : limit / BATCH_SHARE;
    return batch < BATCH_MIN ? 0 : batch < BATCH_MAX ? batch : BATCH_MAX;
}

/* Some more stripes than threads can run at once, so that few of them meet. */
static unsigned stripe_bits(void)
{
    unsigned cpus = alice__cpu_count();
    unsigned bits = 3;
    while (bits < 5 && 1u << bits < 4 * cpus)
        bits++;
    return bits;
}

alice_status alice_budget_open(alice_budget **out, const alice_budget_options *options)
{
    alice_budget_options own;
    if (!out)
        return ALICE_E_INVAL;
    alice_status st = alice__options_take(&own, sizeof own, options);
    if (st)
        return st;
    alice_env env = own.env;
    env.account = NULL;
    void *mem;
    st = alice_env_calloc(&env, 1, sizeof(alice_budget), ALICE_HERE, &mem);
    if (st)
        return st;
    alice_budget *b = mem;
    size_t limit = own.limit;
    unsigned bits = stripe_bits();
    b->env = env;
    b->on_level = own.on_level;
    b->on_level_ctx = own.on_level_ctx;
    b->stripes = (size_t)1 << bits;
    b->stripe_shift = 64 - bits;
    b->batch = batch_for(limit);
    st = account_new(b, "budget", limit, &b->root);
    if (st) {
        alice_env_free(&env, b, sizeof *b);
        return st;
    }
    atomic_store_explicit(&b->root->high, high_of_batch(b), memory_order_relaxed);
    pthread_mutex_init(&b->lock, NULL);
    pthread_mutex_init(&b->reclaim_lock, NULL);
    *out = b;
    ALICE__CENSUS_ADD(&b->env, b, "alice_budget");
    return ALICE_OK;
}

static void accounts_delete(alice_budget *b)
{
    alice_account *a = b->root;
    while (a) { /* leaves first */
        if (a->first_child) {
            a = a->first_child;
            continue;
        }
        alice_account *parent = a->parent;
        if (parent)
            parent->first_child = a->next;
        account_delete(a);
        a = parent;
    }
}

/* What more came back than was charged, in all accounts. */
static size_t overdrawn_locked(alice_budget *b)
{
    size_t sum = 0;
    FOR_TREE(a, b->root)
    sum += a->overdrawn;
    return sum;
}

alice_status alice_budget_close(alice_budget **budget, size_t *leaked)
{
    if (leaked)
        *leaked = 0;
    if (!budget || !*budget)
        return ALICE_OK;
    alice_budget *b = *budget;
    if (alice__has_reclaimers(b, NULL))
        return ALICE_E_BUSY;
    pthread_mutex_lock(&b->lock);
    alice__draw_in_locked(b->root);
    size_t left = b->root->held;
    bool damaged = overdrawn_locked(b) > 0;
    alice__reopen_below_locked(b->root);
    pthread_mutex_unlock(&b->lock);
    if (leaked)
        *leaked = left;
    if (left > 0)
        return ALICE_E_BUSY;
    *budget = NULL;
    ALICE__CENSUS_REMOVE(&b->env, b);
    accounts_delete(b);
    pthread_mutex_destroy(&b->lock);
    pthread_mutex_destroy(&b->reclaim_lock);
    alice_env env = b->env;
    alice_env_free(&env, b, sizeof *b);
    return damaged ? ALICE_E_DAMAGED : ALICE_OK;
}

alice_status alice_account_open(alice_account **out, alice_account *parent, const char *name,
                                size_t cap)
{
    if (!out || !parent)
        return ALICE_E_INVAL;
    alice_budget *b = parent->budget;
    alice_account *a;
    alice_status st = account_new(b, name, cap, &a);
    if (st)
        return st;
    pthread_mutex_lock(&b->lock);
    atomic_store_explicit(&a->high, high_of_batch(b), memory_order_relaxed);
    a->parent = parent;
    alice_account **at = &parent->first_child;
    while (*at)
        at = &(*at)->next;
    *at = a;
    pthread_mutex_unlock(&b->lock);
    *out = a;
    ALICE__CENSUS_ADD(&b->env, a, "alice_account");
    return ALICE_OK;
}

/* Take an account without charge and children out of the tree. */
static void unlink_locked(alice_account *a)
{
    alice_account *parent = a->parent;
    alice_account **at = &parent->first_child;
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    parent->charges += a->charges;
    parent->refusals += a->refusals;
    parent->overdrawn += a->overdrawn;
}

alice_status alice_account_close(alice_account **account)
{
    if (!account || !*account)
        return ALICE_OK;
    alice_account *a = *account;
    alice_budget *b = a->budget;
    if (a == b->root)
        return ALICE_E_INVAL;
    if (alice__has_reclaimers(b, a))
        return ALICE_E_BUSY;
    pthread_mutex_lock(&b->lock);
    alice__close_stripes(a);
    alice__raise_peaks_locked(a);
    alice__empty_stripes_locked(a);
    bool busy = a->own > 0 || a->first_child;
    if (busy)
        alice__reopen_stripes(a);
    else
        unlink_locked(a);
    pthread_mutex_unlock(&b->lock);
    if (busy)
        return ALICE_E_BUSY;
    *account = NULL;
    account_delete(a);
    return ALICE_OK;
}

size_t alice_account_write_off(alice_account *account)
{
    if (!account)
        return 0;
    alice_budget *b = account->budget;
    struct crossing crossing;
    pthread_mutex_lock(&b->lock);
    alice__draw_in_locked(account);
    size_t bytes = account->held;
    FOR_TREE(a, account)
    alice__unhold_locked(a, a->own);
    alice__reopen_below_locked(account);
    see_level_locked(b, &crossing);
    unlock_and_tell(b, &crossing);
    return bytes;
}

alice_status alice_budget_set_limit(alice_budget *budget, size_t limit)
{
    if (!budget)
        return ALICE_E_INVAL;
    struct crossing crossing;
    pthread_mutex_lock(&budget->lock);
    alice__draw_in_locked(budget->root);
    atomic_store_explicit(&budget->root->cap, limit, memory_order_relaxed);
    budget->batch = batch_for(limit);
    FOR_TREE(a, budget->root)
    atomic_store_explicit(&a->high, high_of_batch(budget), memory_order_relaxed);
    size_t used = budget->root->held;
    alice__reopen_below_locked(budget->root);
    see_level_locked(budget, &crossing);
    unlock_and_tell(budget, &crossing);
    if (limit != 0 && used > limit)
        alice_reclaim_run(budget, used - limit, NULL, 0, NULL);
    return ALICE_OK;
}
