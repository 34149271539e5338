/* SPDX-License-Identifier: MIT */
/*
 * The budget: a tree of accounts under one ceiling.
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

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "mem/budget_int.h"
#include "mem/profile_hook.h"
#include "port/cpu.h"

enum { LINE = 64 };

#define CREDIT_BITS 24
#define CREDIT_MASK (((uint64_t)1 << CREDIT_BITS) - 1)
#define COUNT_SHIFT (2 * CREDIT_BITS)
#define COUNT_ONE ((uint64_t)1 << COUNT_SHIFT)
#define COUNT_MASK ((uint64_t)0x7fff)
#define CLOSED ((uint64_t)1 << 63)

/* Credit that a stripe takes at once, and the share of the limit it may be. */
#define BATCH_MAX ((size_t)16 << 10)
#define BATCH_MIN ((size_t)512)
#define BATCH_SHARE 2048

_Static_assert(2 * BATCH_MAX < CREDIT_MASK, "a stripe's credit has to fit into its bits");

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

static uint64_t word_of(uint64_t credit, uint64_t low)
{
    return credit | low << CREDIT_BITS;
}

static size_t credit_of(uint64_t word)
{
    return (size_t)(word & CREDIT_MASK);
}

static size_t low_of(uint64_t word)
{
    return (size_t)(word >> CREDIT_BITS & CREDIT_MASK);
}

static uint64_t count_of(uint64_t word)
{
    return word >> COUNT_SHIFT & COUNT_MASK;
}

/*
 * This thread's stripe. Thread handles are addresses of thread descriptors, at
 * like offsets in their stacks' mappings: the multiplication spreads them.
 */
static stripe *stripe_here(const alice_account *a)
{
    uint64_t self = (uint64_t)(uintptr_t)pthread_self() >> 6;
    return &a->stripes[self * UINT64_C(0x9e3779b97f4a7c15) >> a->budget->stripe_shift];
}

static uint64_t load(const stripe *s)
{
    return atomic_load_explicit(&s->word, memory_order_relaxed);
}

static size_t cap_of(const alice_account *a)
{
    return atomic_load_explicit(&a->cap, memory_order_relaxed);
}

/* The next account in the tree below `top`, parents first; NULL after the last. */
static alice_account *next_below(const alice_account *top, alice_account *a)
{
    if (a->first_child)
        return a->first_child;
    while (a != top && !a->next)
        a = a->parent;
    return a == top ? NULL : a->next;
}

#define FOR_TREE(a, top) for (alice_account *a = (top); a; a = next_below((top), a))

/* Credit, or low marks, in all stripes below `top`. */
static size_t sum_below_locked(alice_account *top, size_t (*part)(uint64_t word))
{
    size_t sum = 0;
    FOR_TREE(a, top)
    for (size_t i = 0; i < a->budget->stripes; i++)
        sum += part(load(&a->stripes[i]));
    return sum;
}

/* Credit may be counted twice while it wanders between stripes: never below 0. */
static size_t used_locked(alice_account *a)
{
    size_t credit = sum_below_locked(a, credit_of);
    return credit < a->held ? a->held - credit : 0;
}

/* Bring an account's peak up to what may have been used since the last time. */
static void raise_peak_locked(alice_account *a)
{
    if (a->held <= a->peak)
        return; /* used <= held */
    size_t low = sum_below_locked(a, low_of);
    size_t most = low < a->held ? a->held - low : 0;
    if (most > a->peak)
        a->peak = most;
}

/*
 * The same for its parents too: before `held` sinks or a low mark is set anew,
 * with no unlocking between.
 */
static void raise_peaks_locked(alice_account *a)
{
    for (; a; a = a->parent)
        raise_peak_locked(a);
}

static void hold_locked(alice_account *a, size_t bytes)
{
    a->own += bytes;
    for (; a; a = a->parent)
        a->held += bytes;
}

/* Give up `bytes`. More than the account has itself is a mistake of the caller's, kept for the
 * checker. */
static void unhold_locked(alice_account *a, size_t bytes)
{
    if (bytes > a->own) {
        a->overdrawn += bytes - a->own;
        bytes = a->own;
    }
    a->own -= bytes;
    for (; a; a = a->parent)
        a->held -= bytes;
}

/* From here on nobody but the lock's holder changes the stripe. */
static void close_stripe(stripe *s)
{
    atomic_fetch_or_explicit(&s->word, CLOSED, memory_order_relaxed);
}

/*
 * Set a closed stripe anew; its count goes to the account. The peaks have to be
 * up to date: its low mark is forgotten. Answers what credit it had.
 */
static size_t set_stripe_locked(alice_account *a, stripe *s, uint64_t word)
{
    uint64_t was = load(s);
    assert(was & CLOSED);
    atomic_store_explicit(&s->word, word, memory_order_relaxed);
    a->charges += count_of(was);
    return credit_of(was);
}

static void close_stripes(alice_account *a)
{
    for (size_t i = 0; i < a->budget->stripes; i++)
        close_stripe(&a->stripes[i]);
}

/* Draw the credit in of stripes that are closed, and stay so. */
static void empty_stripes_locked(alice_account *a)
{
    size_t credit = 0;
    for (size_t i = 0; i < a->budget->stripes; i++)
        credit += set_stripe_locked(a, &a->stripes[i], CLOSED);
    unhold_locked(a, credit);
}

/* Close every stripe below `top` and draw its credit in: held is then used. */
static void draw_in_locked(alice_account *top)
{
    FOR_TREE(a, top)
    close_stripes(a);
    FOR_TREE(a, top)
    raise_peak_locked(a);
    raise_peaks_locked(top->parent);
    FOR_TREE(a, top)
    empty_stripes_locked(a);
}

static void reopen_stripes(alice_account *a)
{
    for (size_t i = 0; i < a->budget->stripes; i++)
        atomic_fetch_and_explicit(&a->stripes[i].word, ~CLOSED, memory_order_relaxed);
}

static void reopen_below_locked(alice_account *top)
{
    if (top)
        FOR_TREE(a, top)
    reopen_stripes(a);
}

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
        draw_in_locked(a);
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
    c->used = used_locked(b->root);
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
    hold_locked(a, credit);
    unhold_locked(a, set_stripe_locked(a, s, word_of(credit, credit)));
}

/* Charge, under the lock; false: refused, exactly. */
static bool charge_locked(alice_account *a, size_t bytes)
{
    alice_account *closed = NULL;
    stripe *refill = bytes <= a->budget->batch ? stripe_here(a) : NULL;
    if (refill)
        close_stripe(refill);
    raise_peaks_locked(a);
    bool fits = fits_locked(a, NULL, bytes, &closed);
    if (fits) {
        hold_locked(a, bytes);
        a->charges++;
    }
    if (refill) {
        size_t extra = fits ? extra_credit_locked(a) : 0;
        size_t has = credit_of(load(refill));
        refill_stripe_locked(a, refill, extra > has ? extra : has);
    }
    reopen_below_locked(closed);
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
    uint64_t word = load(s);
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
    uint64_t word = load(s);
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
    raise_peaks_locked(account);
    size_t has = credit_of(load(s));
    refill_stripe_locked(account, s, has < b->batch ? has : b->batch); /* it ran over */
    unhold_locked(account, bytes);
    see_level_locked(b, &crossing);
    unlock_and_tell(b, &crossing);
}

/* Whether `a` stands at or below `top`. */
static bool stands_below_locked(const alice_account *a, const alice_account *top)
{
    while (a && a != top)
        a = a->parent;
    return a == top;
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
    while (!stands_below_locked(from, common))
        common = common->parent;
    close_stripes(from);
    raise_peaks_locked(from);
    raise_peaks_locked(to);
    empty_stripes_locked(from); /* what it holds itself is now what it uses */
    bool has = from->own >= bytes;
    bool fits = has && fits_locked(to, common, bytes, &closed);
    if (!has) {
        /* nothing moves */
    } else if (fits) {
        /* First give, then take: a common parent's peak must not see both. */
        unhold_locked(from, bytes);
        hold_locked(to, bytes);
        to->charges++;
    } else {
        to->refusals++;
    }
    reopen_stripes(from);
    reopen_below_locked(closed);
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
    close_stripes(account);
    raise_peaks_locked(account);
    empty_stripes_locked(account);
    unhold_locked(account, account->own);
    hold_locked(account, bytes);
    reopen_stripes(account);
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
    if (!out)
        return ALICE_E_INVAL;
    alice_env env = options ? options->env : (alice_env){0};
    env.account = NULL;
    void *mem;
    alice_status st = alice_env_calloc(&env, 1, sizeof(alice_budget), ALICE_HERE, &mem);
    if (st)
        return st;
    alice_budget *b = mem;
    size_t limit = options ? options->limit : 0;
    unsigned bits = stripe_bits();
    b->env = env;
    b->on_level = options ? options->on_level : NULL;
    b->on_level_ctx = options ? options->on_level_ctx : NULL;
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
    draw_in_locked(b->root);
    size_t left = b->root->held;
    bool damaged = overdrawn_locked(b) > 0;
    reopen_below_locked(b->root);
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
    close_stripes(a);
    raise_peaks_locked(a);
    empty_stripes_locked(a);
    bool busy = a->own > 0 || a->first_child;
    if (busy)
        reopen_stripes(a);
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
    draw_in_locked(account);
    size_t bytes = account->held;
    FOR_TREE(a, account)
    unhold_locked(a, a->own);
    reopen_below_locked(account);
    see_level_locked(b, &crossing);
    unlock_and_tell(b, &crossing);
    return bytes;
}

/* ---- looking ------------------------------------------------------------ */

alice_account *alice_budget_root(alice_budget *budget)
{
    return budget ? budget->root : NULL;
}

size_t alice_budget_limit(const alice_budget *budget)
{
    return budget ? cap_of(budget->root) : 0;
}

alice_status alice_budget_set_limit(alice_budget *budget, size_t limit)
{
    if (!budget)
        return ALICE_E_INVAL;
    struct crossing crossing;
    pthread_mutex_lock(&budget->lock);
    draw_in_locked(budget->root);
    atomic_store_explicit(&budget->root->cap, limit, memory_order_relaxed);
    budget->batch = batch_for(limit);
    FOR_TREE(a, budget->root)
    atomic_store_explicit(&a->high, high_of_batch(budget), memory_order_relaxed);
    size_t used = budget->root->held;
    reopen_below_locked(budget->root);
    see_level_locked(budget, &crossing);
    unlock_and_tell(budget, &crossing);
    if (limit != 0 && used > limit)
        alice_reclaim_run(budget, used - limit, NULL, 0, NULL);
    return ALICE_OK;
}

size_t alice_account_used(const alice_account *account)
{
    if (!account)
        return 0;
    pthread_mutex_lock(&account->budget->lock);
    size_t used = used_locked((alice_account *)account);
    pthread_mutex_unlock(&account->budget->lock);
    return used;
}

/* Raising the peak only brings it up to date: const to the caller. */
size_t alice_account_peak(const alice_account *account)
{
    if (!account)
        return 0;
    pthread_mutex_lock(&account->budget->lock);
    raise_peaks_locked((alice_account *)account);
    size_t peak = account->peak;
    pthread_mutex_unlock(&account->budget->lock);
    return peak;
}

size_t alice_budget_used(const alice_budget *budget)
{
    return budget ? alice_account_used(budget->root) : 0;
}

size_t alice_budget_peak(const alice_budget *budget)
{
    return budget ? alice_account_peak(budget->root) : 0;
}

const char *alice_account_name(const alice_account *account)
{
    return account ? account->name : "";
}

alice_budget *alice_account_budget(const alice_account *account)
{
    return account ? account->budget : NULL;
}

size_t alice_account_cap(const alice_account *account)
{
    return account ? cap_of(account) : 0;
}

/* The tightest account from `a` up, and what is free there; NULL: nothing bounds it. */
static alice_account *tightest_locked(alice_account *a, size_t *free_bytes)
{
    alice_account *tightest = NULL;
    *free_bytes = SIZE_MAX;
    for (; a; a = a->parent) {
        size_t cap = cap_of(a);
        if (cap == 0)
            continue;
        size_t used = used_locked(a);
        size_t left = used < cap ? cap - used : 0;
        if (!tightest || left < *free_bytes) {
            tightest = a;
            *free_bytes = left;
        }
    }
    return tightest;
}

size_t alice_account_free(const alice_account *account)
{
    if (!account)
        return SIZE_MAX;
    size_t left;
    pthread_mutex_lock(&account->budget->lock);
    tightest_locked((alice_account *)account, &left);
    pthread_mutex_unlock(&account->budget->lock);
    return left;
}

size_t alice__account_short(alice_account *account, size_t bytes)
{
    size_t left = alice_account_free(account);
    return left < bytes ? bytes - left : 0;
}

bool alice__account_below(const alice_account *a, const alice_account *top)
{
    pthread_mutex_lock(&top->budget->lock);
    bool below = stands_below_locked(a, top);
    pthread_mutex_unlock(&top->budget->lock);
    return below;
}

bool alice__account_helps(alice_account *account, size_t bytes, const alice_account *part)
{
    bool helps = false;
    pthread_mutex_lock(&account->budget->lock);
    for (alice_account *a = account; a && !helps; a = a->parent) {
        size_t cap = cap_of(a);
        size_t used = cap == 0 ? 0 : used_locked(a);
        bool full = cap != 0 && (used > cap || cap - used < bytes);
        helps = full && stands_below_locked(part, a);
    }
    pthread_mutex_unlock(&account->budget->lock);
    return helps;
}

/* What an account uses itself, without its children. */
static size_t own_used_locked(const alice_account *a)
{
    size_t credit = 0;
    for (size_t i = 0; i < a->budget->stripes; i++)
        credit += credit_of(load(&a->stripes[i]));
    return credit < a->own ? a->own - credit : 0;
}

/* The account below `top`, `not` excepted, that uses most itself. */
static alice_account *biggest_locked(alice_account *top, const alice_account * not,
                                     size_t *bytes)
{
    alice_account *biggest = NULL;
    *bytes = 0;
    FOR_TREE(a, top)
    {
        size_t own = own_used_locked(a);
        if (a != not &&own > *bytes) {
            biggest = a;
            *bytes = own;
        }
    }
    return biggest;
}

/* Append to a text that is cut where the buffer ends. */
static void append(char *buf, size_t size, const char *format, ...) ALICE_PRINTF(3, 4);

static void append(char *buf, size_t size, const char *format, ...)
{
    size_t at = strlen(buf);
    va_list args;
    va_start(args, format);
    vsnprintf(buf + at, size - at, format, args);
    va_end(args);
}

static void explain_locked(alice_account *a, size_t bytes, char *buf, size_t size)
{
    char t1[ALICE__SIZE_TEXT], t2[ALICE__SIZE_TEXT], t3[ALICE__SIZE_TEXT];
    size_t left;
    alice_account *tight = tightest_locked(a, &left);
    if (!tight) {
        append(buf, size, "needs %s, and nothing bounds it", alice__size_text(bytes, t1));
        return;
    }
    append(buf, size, "needs %s, %s %s free of the %s ", alice__size_text(bytes, t1),
           alice__size_text(left, t2), left == 1 ? "is" : "are",
           alice__size_text(cap_of(tight), t3));
    if (tight->parent)
        append(buf, size, "of account %s", tight->name);
    else
        append(buf, size, "budget");

    size_t most, second;
    alice_account *first = biggest_locked(tight, NULL, &most);
    if (!first)
        return;
    append(buf, size, "; most is held by %s (%s)",
           first->parent ? first->name : "the budget itself", alice__size_text(most, t1));
    alice_account *next = biggest_locked(tight, first, &second);
    if (next)
        append(buf, size, " and %s (%s)", next->parent ? next->name : "the budget itself",
               alice__size_text(second, t1));
}

char *alice_account_explain(const alice_account *account, size_t bytes, char *buf, size_t size)
{
    if (!buf || size == 0)
        return buf;
    buf[0] = 0;
    if (!account)
        return buf;
    pthread_mutex_lock(&account->budget->lock);
    explain_locked((alice_account *)account, bytes, buf, size);
    pthread_mutex_unlock(&account->budget->lock);
    return buf;
}

static void fill_row_locked(alice_account *a, alice_ledger_row *row)
{
    *row = (alice_ledger_row){.current = used_locked(a), .peak = a->peak, .cap = cap_of(a)};
    memcpy(row->name, a->name, sizeof row->name);
    for (const alice_account *up = a->parent; up; up = up->parent)
        row->depth++;
    FOR_TREE(part, a)
    {
        row->charges += part->charges;
        row->refusals += part->refusals;
        for (size_t i = 0; i < part->budget->stripes; i++)
            row->charges += count_of(load(&part->stripes[i]));
    }
}

alice_status alice_budget_ledger(const alice_budget *budget, alice_ledger_row *rows, size_t cap,
                                 size_t *count)
{
    if (!budget || (!rows && cap > 0))
        return ALICE_E_INVAL;
    size_t n = 0;
    pthread_mutex_t *lock = (pthread_mutex_t *)&budget->lock;
    pthread_mutex_lock(lock);
    FOR_TREE(a, budget->root)
    {
        if (n < cap) {
            raise_peaks_locked(a);
            fill_row_locked(a, &rows[n]);
        }
        n++;
    }
    pthread_mutex_unlock(lock);
    if (count)
        *count = n;
    return ALICE_OK;
}

static alice_status check_account_locked(alice_account *a, alice_error *error)
{
    size_t children = 0, credit = 0;
    for (const alice_account *c = a->first_child; c; c = c->next) {
        if (c->parent != a || c->budget != a->budget)
            return alice__fail(error, ALICE_E_DAMAGED, 0,
                               "account %s is not linked to its parent %s", c->name, a->name);
        children += c->held;
    }
    for (size_t i = 0; i < a->budget->stripes; i++) {
        uint64_t word = load(&a->stripes[i]);
        if (word & CLOSED || low_of(word) > credit_of(word))
            return alice__fail(error, ALICE_E_DAMAGED, 0, "account %s: stripe %zu is broken",
                               a->name, i);
        credit += credit_of(word);
    }
    if (a->overdrawn > 0)
        return alice__fail(error, ALICE_E_DAMAGED, 0,
                           "account %s: %zu bytes came back that were never charged", a->name,
                           a->overdrawn);
    if (a->held != a->own + children)
        return alice__fail(error, ALICE_E_DAMAGED, 0,
                           "account %s holds %zu bytes, but %zu itself and %zu in its children",
                           a->name, a->held, a->own, children);
    if (credit > a->own)
        return alice__fail(
            error, ALICE_E_DAMAGED, 0,
            "account %s: %zu bytes of credit, but only %zu held (more came back than "
            "was charged)",
            a->name, credit, a->own);
    raise_peaks_locked(a);
    if (used_locked(a) > a->peak)
        return alice__fail(error, ALICE_E_DAMAGED, 0, "account %s uses more than its peak",
                           a->name);
    return ALICE_OK;
}

alice_status alice_budget_check(const alice_budget *budget, alice_error *error)
{
    if (!budget)
        return ALICE_E_INVAL;
    alice_status st = ALICE_OK;
    pthread_mutex_t *lock = (pthread_mutex_t *)&budget->lock;
    pthread_mutex_lock(lock);
    FOR_TREE(a, budget->root)
    if (st == ALICE_OK)
        st = check_account_locked(a, error);
    pthread_mutex_unlock(lock);
    return st;
}

const char *alice_level_name(alice_level level)
{
    static const char names[][9] = {"normal", "medium", "high", "critical"};
    return (unsigned)level < sizeof names / sizeof *names ? names[level] : "unknown";
}

alice_level alice_level_of(double ratio)
{
    return ratio > 0.8    ? ALICE_LEVEL_CRITICAL
           : ratio > 0.6  ? ALICE_LEVEL_HIGH
           : ratio >= 0.4 ? ALICE_LEVEL_MEDIUM
                          : ALICE_LEVEL_NORMAL;
}
