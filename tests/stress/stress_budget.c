/* SPDX-License-Identifier: MIT */
/*
 * The budget under 16 threads: charges, releases by other threads, transfers,
 * accounts opened and closed, reclaim, limit changes, observation, looking; for
 * as many rounds as the first argument says (200 by default). What is out is
 * counted beside the budget; at no moment may more be out than the highest limit
 * of the run, and at the end all sums have to be right. Built to be run under
 * the thread sanitizer too.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <alice/budget.h>
#include <alice/reclaim.h>

enum { THREADS = 16, ACCOUNTS = 5, OPS = 400, SHELF = 64 };

#define LIMIT_MOST (4 * ALICE_MB)

/* Charged bytes that lie about, to be released by whoever finds them. */
struct shelf {
    _Atomic size_t bytes[SHELF];
};

struct world {
    alice_budget *budget;
    alice_account *accounts[ACCOUNTS];
    struct shelf shelves[ACCOUNTS];
    _Atomic size_t out, most, refused, reclaimed;
    unsigned rounds;
};

struct worker {
    struct world *world;
    unsigned seed;
};

static unsigned draw(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void took(struct world *w, size_t bytes)
{
    size_t now = atomic_fetch_add(&w->out, bytes) + bytes;
    size_t most = atomic_load(&w->most);
    while (now > most && !atomic_compare_exchange_weak(&w->most, &most, now))
        ;
}

static void gave(struct world *w, unsigned account, size_t bytes)
{
    atomic_fetch_sub(&w->out, bytes);
    alice_account_release(w->accounts[account], bytes);
}

/* Put bytes on a shelf, and give back what lay there. */
static void shelve(struct world *w, unsigned account, unsigned at, size_t bytes)
{
    size_t old = atomic_exchange(&w->shelves[account].bytes[at % SHELF], bytes);
    if (old)
        gave(w, account, old);
}

static alice_reclaimed reclaim(void *ctx, size_t wanted)
{
    struct world *w = ctx;
    alice_reclaimed got = {0};
    for (unsigned i = 0; i < SHELF && got.bytes < wanted; i++) {
        size_t old = atomic_exchange(&w->shelves[0].bytes[i], 0);
        if (old)
            gave(w, 0, old);
        got.bytes += old;
        got.items += old > 0;
    }
    atomic_fetch_add(&w->reclaimed, got.bytes);
    return got;
}

static void charge(struct world *w, unsigned account, unsigned r)
{
    size_t bytes = r % 16 == 0 ? (r >> 4) % 400000 + 1 : (r >> 4) % 5000 + 1;
    alice_status st = r & 1 ? alice_account_charge(w->accounts[account], bytes)
                            : alice_account_try_charge(w->accounts[account], bytes);
    if (st) {
        atomic_fetch_add(&w->refused, 1);
        return;
    }
    took(w, bytes);
    shelve(w, account, r >> 12, bytes);
}

static void transfer(struct world *w, unsigned from, unsigned to, unsigned r)
{
    size_t bytes = atomic_exchange(&w->shelves[from].bytes[r % SHELF], 0);
    if (bytes == 0)
        return;
    if (alice_account_transfer(w->accounts[from], w->accounts[to], bytes) == ALICE_OK)
        shelve(w, to, r, bytes);
    else
        shelve(w, from, r, bytes);
}

/* An account with a short life below one that others use. */
static void short_life(struct world *w, unsigned parent, unsigned r)
{
    alice_account *a, *child;
    if (alice_account_open(&a, w->accounts[parent], "short", 5000))
        abort();
    if (alice_account_open(&child, a, "shorter", 0))
        abort();
    for (unsigned i = 0; i < 10; i++) {
        if (alice_account_charge(child, r % 700 + 1) == ALICE_OK)
            alice_account_release(child, r % 700 + 1);
    }
    if (alice_account_close(&child) != ALICE_OK || alice_account_close(&a) != ALICE_OK)
        abort();
}

static void look(struct world *w, unsigned account)
{
    alice_ledger_row rows[8];
    size_t n;
    char text[200];
    alice_account_used(w->accounts[account]);
    alice_account_peak(w->accounts[account]);
    alice_account_free(w->accounts[account]);
    alice_budget_ledger(w->budget, rows, 8, &n);
    alice_account_explain(w->accounts[account], 1 << 20, text, sizeof text);
}

static void step(struct world *w, unsigned *seed)
{
    unsigned r = draw(seed);
    unsigned account = draw(seed) % ACCOUNTS;
    switch (draw(seed) % 64) {
    case 0:
        alice_budget_set_limit(w->budget, LIMIT_MOST / 2 + r % (LIMIT_MOST / 2));
        break;
    case 1:
        alice_reclaim_run(w->budget, r % 10000, NULL, 0, NULL);
        break;
    case 2:
        short_life(w, account, r);
        break;
    case 3:
        look(w, account);
        break;
    case 4:
    case 5:
    case 6:
        transfer(w, account, r % ACCOUNTS, r >> 4);
        break;
    case 7:
        shelve(w, account, r, 0);
        break;
    default:
        charge(w, account, r);
    }
}

static void *work(void *arg)
{
    struct worker *me = arg;
    for (unsigned i = 0; i < me->world->rounds * OPS; i++)
        step(me->world, &me->seed);
    return NULL;
}

static int fail(const char *what)
{
    fprintf(stderr, "stress_budget: %s\n", what);
    return 1;
}

static int judge(struct world *w)
{
    alice_error e;
    for (unsigned a = 0; a < ACCOUNTS; a++)
        for (unsigned i = 0; i < SHELF; i++)
            shelve(w, a, i, 0);
    if (alice_budget_check(w->budget, &e))
        return fail(e.text);
    if (atomic_load(&w->most) > LIMIT_MOST)
        return fail("more was out than the limit");
    if (alice_budget_peak(w->budget) < atomic_load(&w->most))
        return fail("the peak is too low");
    if (atomic_load(&w->refused) == 0 || atomic_load(&w->reclaimed) == 0)
        return fail("nothing was refused or reclaimed: the stress is none");
    if (alice_budget_used(w->budget) != 0 || atomic_load(&w->out) != 0)
        return fail("something is left");
    printf("ok: %zu bytes out at most, peak %zu, %zu refusals, %zu bytes reclaimed\n",
           atomic_load(&w->most), alice_budget_peak(w->budget), atomic_load(&w->refused),
           atomic_load(&w->reclaimed));
    return 0;
}

int main(int argc, char **argv)
{
    static struct world w;
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    alice_reclaimer *r;
    w.rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 200;
    if (alice_budget_open(&w.budget, &(alice_budget_options){.limit = LIMIT_MOST}))
        return fail("no budget");
    for (unsigned a = 0; a < ACCOUNTS; a++)
        if (alice_account_open(&w.accounts[a],
                               a > 2 ? w.accounts[a - 1] : alice_budget_root(w.budget), "part",
                               a == 1 ? LIMIT_MOST / 4 : 0))
            return fail("no account");
    if (alice_reclaimer_add(&r, w.budget, "shelf", ALICE_RECLAIM_COLD, reclaim, &w))
        return fail("no reclaimer");
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.world = &w, .seed = i * 2654435761u};
        if (pthread_create(&threads[i], NULL, work, &workers[i]))
            return fail("no thread");
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    int bad = judge(&w);
    alice_reclaimer_remove(&r);
    alice_budget_close(&w.budget, NULL);
    return bad;
}
