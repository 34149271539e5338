/* SPDX-License-Identifier: MIT */
/* The budget: sums, caps, exact refusals, peaks, reclaim, levels, faults. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include <alice/budget.h>
#include <alice/reclaim.h>

#include "faulty.h"
#include "sweep.h"

static alice_budget *open_budget(size_t limit)
{
    alice_budget *b = NULL;
    assert_ok(alice_budget_open(&b, &(alice_budget_options){.limit = limit}));
    return b;
}

static alice_account *open_account(alice_account *parent, const char *name, size_t cap)
{
    alice_account *a = NULL;
    assert_ok(alice_account_open(&a, parent, name, cap));
    return a;
}

static void assert_sound(const alice_budget *b)
{
    alice_error e = {0};
    alice_status st = alice_budget_check(b, &e);
    if (st)
        fail_msg("%s", e.text);
}

/* Close with what is still charged. */
static void drop(alice_budget *b)
{
    alice_account_write_off(alice_budget_root(b));
    assert_ok(alice_budget_close(&b, NULL));
}

static void sums_go_up_the_tree(void **state)
{
    (void)state;
    alice_budget *b = open_budget(64 * ALICE_MB);
    alice_account *cache = open_account(alice_budget_root(b), "cache", 0);
    alice_account *hash = open_account(cache, "cache.hash", 0);
    assert_ok(alice_account_charge(hash, 100));
    assert_ok(alice_account_charge(cache, 7 * ALICE_MB));
    assert_ok(alice_account_charge(NULL, 7));
    assert_int_equal(alice_account_used(hash), 100);
    assert_int_equal(alice_account_used(cache), 7 * ALICE_MB + 100);
    assert_int_equal(alice_budget_used(b), 7 * ALICE_MB + 100);
    assert_int_equal(alice_account_free(hash), 57 * ALICE_MB - 100);
    assert_sound(b);
    alice_account_release(cache, 7 * ALICE_MB);
    assert_int_equal(alice_budget_used(b), 100);
    assert_int_equal(alice_budget_peak(b), 7 * ALICE_MB + 100);
    assert_int_equal(alice_account_peak(hash), 100);

    size_t leaked = 0;
    assert_status(alice_budget_close(&b, &leaked), ALICE_E_BUSY);
    assert_int_equal(leaked, 100);
    assert_int_equal(alice_account_used(hash), 100); /* it is as it was */
    alice_account_release(hash, 100);
    assert_ok(alice_budget_close(&b, &leaked));
    assert_int_equal(leaked, 0);
    assert_null(b);
}

/* Every byte can be used, however much credit lies about, and not one more. */
static void refusals_are_exact(void **state)
{
    (void)state;
    const size_t limits[] = {1, 100, 4096, ALICE_MB + 1, 16 * ALICE_MB - 3};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        alice_budget *b = open_budget(limits[i]);
        alice_account *accounts[5];
        for (size_t k = 0; k < 5; k++)
            accounts[k] = open_account(alice_budget_root(b), "part", 0);
        size_t left = limits[i];
        for (size_t k = 0; left > 0; k++) {
            size_t bytes = k * 37 % 1111 + 1;
            alice_account *a = accounts[k % 5];
            if (bytes > left) {
                assert_status(alice_account_charge(a, left + 1), ALICE_E_BUDGET);
                bytes = left;
            }
            assert_ok(alice_account_try_charge(a, bytes));
            left -= bytes;
        }
        assert_int_equal(alice_budget_used(b), limits[i]);
        assert_int_equal(alice_budget_peak(b), limits[i]);
        for (size_t k = 0; k < 5; k++) {
            assert_status(alice_account_try_charge(accounts[k], 1), ALICE_E_BUDGET);
            alice_account_release(accounts[0], 1);
            assert_ok(alice_account_try_charge(accounts[k], 1));
            assert_ok(alice_account_transfer(accounts[k], accounts[0], 1));
        }
        assert_sound(b);
        drop(b);
    }
}

static void caps_bound_a_branch(void **state)
{
    (void)state;
    alice_budget *b = open_budget(0);
    alice_account *cache = open_account(alice_budget_root(b), "cache", 1000);
    alice_account *x = open_account(cache, "x", 0);
    alice_account *y = open_account(cache, "y", 10);
    assert_ok(alice_account_charge(x, 995));
    assert_status(alice_account_charge(y, 6), ALICE_E_BUDGET);
    assert_status(alice_account_charge(y, 11), ALICE_E_BUDGET);
    assert_int_equal(alice_account_free(y), 5);
    assert_ok(alice_account_charge(y, 5));
    assert_ok(alice_account_charge(alice_budget_root(b), 1 << 20));
    assert_int_equal(alice_account_cap(y), 10);
    alice_account_release(alice_budget_root(b), 1 << 20);
    alice_account_release(x, 995);
    alice_account_release(y, 5);
    assert_ok(alice_budget_close(&b, NULL));
}

static void one_thread_has_exact_peaks(void **state)
{
    (void)state;
    alice_budget *b = open_budget(64 * ALICE_MB);
    alice_account *a = open_account(alice_budget_root(b), "a", 0);
    size_t used = 0, peak = 0;
    unsigned seed = 7;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1103515245u + 12345u;
        size_t bytes = seed >> 8 & 0x1fff;
        if (seed >> 30 != 0 || used < bytes) {
            assert_ok(alice_account_charge(a, bytes));
            used += bytes;
        } else {
            alice_account_release(a, used);
            used = 0;
        }
        peak = used > peak ? used : peak;
        if (used > 40 * ALICE_MB) {
            alice_account_release(a, used);
            used = 0;
        }
        if (i % 97 == 0) {
            assert_int_equal(alice_account_peak(a), peak);
            assert_int_equal(alice_account_used(a), used);
        }
    }
    assert_sound(b);
    alice_account_release(a, used);
    assert_ok(alice_budget_close(&b, NULL));
}

static void transfers_move_what_is_charged(void **state)
{
    (void)state;
    alice_budget *b = open_budget(1000);
    alice_budget *other = open_budget(1000);
    alice_account *in = open_account(alice_budget_root(b), "in", 0);
    alice_account *out = open_account(alice_budget_root(b), "out", 300);
    assert_ok(alice_account_charge(in, 1000));
    /* The root is full, and yet nothing new is taken from it. */
    assert_ok(alice_account_transfer(in, out, 300));
    assert_status(alice_account_transfer(in, out, 1), ALICE_E_BUDGET);
    assert_int_equal(alice_account_used(in), 700);
    assert_int_equal(alice_account_used(out), 300);
    assert_int_equal(alice_budget_peak(b), 1000);
    assert_status(alice_account_transfer(in, alice_budget_root(other), 1), ALICE_E_INVAL);
    assert_ok(alice_account_transfer(in, alice_budget_root(b), 1));
    assert_ok(alice_account_transfer(in, in, 5));
    assert_ok(alice_account_transfer(out, NULL, 300));
    assert_ok(alice_account_transfer(NULL, out, 2));
    assert_int_equal(alice_budget_used(b), 702);
    /* More than it holds: nothing moves, whatever stands below it or lies about as credit. */
    alice_account *below = open_account(in, "below", 0);
    assert_status(alice_account_transfer(in, out, 700), ALICE_E_INVAL);
    assert_ok(alice_account_charge(below, 100));
    assert_status(alice_account_transfer(in, out, 750), ALICE_E_INVAL);
    assert_status(alice_account_transfer(out, in, 3), ALICE_E_INVAL);
    assert_status(alice_account_transfer(out, in, SIZE_MAX), ALICE_E_INVAL);
    assert_int_equal(alice_account_used(in), 799);
    assert_int_equal(alice_account_used(out), 2);
    assert_ok(alice_account_transfer(out, in, 2));
    assert_sound(b);
    drop(b);
    assert_ok(alice_budget_close(&other, NULL));
}

static void a_write_off_gives_all_back(void **state)
{
    (void)state;
    alice_budget *b = open_budget(16 * ALICE_MB);
    alice_account *a = open_account(alice_budget_root(b), "a", 0);
    alice_account *child = open_account(a, "child", 0);
    assert_ok(alice_account_charge(alice_budget_root(b), 1));
    assert_ok(alice_account_charge(a, 10));
    assert_ok(alice_account_charge(child, 5 * ALICE_MB));
    assert_int_equal(alice_account_write_off(a), 10 + 5 * ALICE_MB);
    assert_int_equal(alice_budget_used(b), 1);
    assert_int_equal(alice_account_write_off(NULL), 0);
    assert_sound(b);
    alice_account_release(alice_budget_root(b), 1);
    assert_ok(alice_budget_close(&b, NULL));
}

/* What comes back too much shows when the budget is closed, be it little or much. */
static void closing_reports_damage(void **state)
{
    (void)state;
    const size_t more[] = {1, 100, 20000, 2 * ALICE_MB};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        alice_budget *b = open_budget(16 * ALICE_MB);
        alice_account *a = open_account(alice_budget_root(b), "a", 0);
        assert_ok(alice_account_charge(a, ALICE_MB));
        alice_account_release(a, ALICE_MB + more[i]);
        assert_int_equal(alice_account_used(a), 0);
        if (i % 2)
            assert_ok(alice_account_close(&a));
        assert_status(alice_budget_close(&b, NULL), ALICE_E_DAMAGED);
        assert_null(b);
    }
}

static void the_ledger_counts(void **state)
{
    (void)state;
    alice_budget *b = open_budget(16 * ALICE_MB);
    alice_account *a =
        open_account(alice_budget_root(b), "a name that is far too long for a row", 0);
    for (int i = 0; i < 70000; i++) {
        assert_ok(alice_account_charge(a, 3));
        alice_account_release(a, 3);
    }
    assert_status(alice_account_charge(a, 17 * ALICE_MB), ALICE_E_BUDGET);
    alice_ledger_row rows[2];
    size_t n = 0;
    assert_ok(alice_budget_ledger(b, rows, 1, &n));
    assert_int_equal(n, 2);
    assert_ok(alice_budget_ledger(b, rows, 2, &n));
    assert_int_equal(rows[0].charges, 70000);
    assert_int_equal(rows[0].refusals, 1);
    assert_int_equal(rows[1].charges, 70000);
    assert_int_equal(rows[1].peak, 3);
    assert_int_equal(rows[1].current, 0);
    assert_int_equal(strlen(rows[1].name), 31);
    assert_ok(alice_budget_close(&b, NULL));
}

static void a_refusal_says_why(void **state)
{
    (void)state;
    alice_budget *b = open_budget(64 * ALICE_MB);
    alice_account *meta = open_account(alice_budget_root(b), "cache.metadata", 0);
    alice_account *catalog = open_account(alice_budget_root(b), "catalog", 9 * ALICE_MB);
    assert_ok(alice_account_charge(meta, 34 * ALICE_MB));
    assert_ok(alice_account_charge(catalog, 9 * ALICE_MB - 512 * ALICE_KB));
    char text[200], tiny[9];
    assert_string_equal(alice_account_explain(meta, 48 * ALICE_MB, text, sizeof text),
                        "needs 48 MB, 21.5 MB are free of the 64 MB budget; most is held by "
                        "cache.metadata (34 MB) and catalog (8.5 MB)");
    assert_string_equal(
        alice_account_explain(catalog, ALICE_MB, text, sizeof text),
        "needs 1 MB, 512 KB are free of the 9 MB of account catalog; most is held "
        "by catalog (8.5 MB)");
    assert_string_equal(alice_account_explain(meta, 48 * ALICE_MB, tiny, sizeof tiny),
                        "needs 48");
    drop(b);
}

static void the_checker_sees_a_false_release(void **state)
{
    (void)state;
    alice_error e;
    alice_budget *b = open_budget(16 * ALICE_MB);
    alice_account *a = open_account(alice_budget_root(b), "a", 0);
    assert_ok(alice_account_charge(a, 100));
    alice_account_release(a, 200);
    assert_status(alice_budget_check(b, &e), ALICE_E_DAMAGED);
    assert_non_null(strstr(e.text, "account a"));
    assert_status(alice_budget_close(&b, NULL), ALICE_E_DAMAGED);
    b = open_budget(1000);
    assert_ok(alice_account_charge(alice_budget_root(b), 100));
    alice_account_release(alice_budget_root(b), 101);
    assert_status(alice_budget_check(b, &e), ALICE_E_DAMAGED);
    assert_non_null(strstr(e.text, "1 bytes came back"));
    assert_status(alice_budget_close(&b, NULL), ALICE_E_DAMAGED);
}

static void observing_neither_refuses_nor_waits(void **state)
{
    (void)state;
    alice_budget *b = open_budget(1000);
    alice_account *u = open_account(alice_budget_root(b), "untracked", 0);
    alice_account_observe(u, 1500);
    assert_int_equal(alice_budget_used(b), 1500);
    assert_status(alice_account_charge(alice_budget_root(b), 1), ALICE_E_BUDGET);
    alice_account_observe(u, 400);
    assert_ok(alice_account_charge(alice_budget_root(b), 600));
    alice_account_release(alice_budget_root(b), 600);
    alice_account_observe(u, 0);
    assert_int_equal(alice_account_peak(u), 1500);
    assert_ok(alice_budget_close(&b, NULL));
}

struct told {
    int calls;
    alice_level from, to;
    alice_budget *budget;
};

static void on_level(void *ctx, alice_level from, alice_level to, size_t used, size_t limit)
{
    struct told *t = ctx;
    t->calls++;
    t->from = from;
    t->to = to;
    assert_int_equal(limit, 1000);
    assert_int_equal(used, alice_budget_used(t->budget)); /* not under a lock */
}

static void edges_are_told(void **state)
{
    (void)state;
    struct told t = {0};
    alice_budget *b;
    assert_ok(alice_budget_open(
        &b, &(alice_budget_options){.limit = 1000, .on_level = on_level, .on_level_ctx = &t}));
    t.budget = b;
    alice_account *root = alice_budget_root(b);
    assert_ok(alice_account_charge(root, 399));
    assert_int_equal(t.calls, 0);
    assert_ok(alice_account_charge(root, 1)); /* exactly 40 % is medium */
    assert_int_equal(t.calls, 1);
    assert_ok(alice_account_charge(root, 1));
    assert_int_equal(t.to, ALICE_LEVEL_MEDIUM);
    assert_ok(alice_account_charge(root, 500));
    assert_int_equal(t.calls, 2);
    assert_int_equal(t.to, ALICE_LEVEL_CRITICAL);
    alice_account_release(root, 801);
    assert_int_equal(t.calls, 3);
    assert_int_equal(t.from, ALICE_LEVEL_CRITICAL);
    assert_int_equal(t.to, ALICE_LEVEL_NORMAL);
    /* Each edge belongs to the level below it, upwards and downwards. */
    static const struct {
        size_t edge;
        alice_level below;
    } edges[] = {{399, ALICE_LEVEL_NORMAL}, /* exactly 40 % is medium */
                 {600, ALICE_LEVEL_MEDIUM},
                 {800, ALICE_LEVEL_HIGH}};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        int calls = t.calls;
        size_t used = alice_budget_used(b);
        assert_ok(alice_account_charge(root, edges[i].edge - used));
        assert_int_equal(t.calls, calls);
        assert_ok(alice_account_charge(root, 1));
        assert_int_equal(t.calls, calls + 1);
        assert_int_equal(t.from, edges[i].below);
        assert_int_equal(t.to, edges[i].below + 1);
        alice_account_release(root, 1);
        assert_int_equal(t.calls, calls + 2);
        assert_int_equal(t.to, edges[i].below);
        assert_ok(alice_account_charge(root, 1));
    }
    alice_account_release(root, 801);
    assert_ok(alice_budget_close(&b, NULL));
    assert_string_equal(alice_level_name(ALICE_LEVEL_HIGH), "high");
    assert_string_equal(alice_level_name((alice_level)9), "unknown");
}

/* ---- reclaimers --------------------------------------------------------- */

struct giver {
    alice_account *account;
    size_t has;
    size_t step; /* gives at most this in a run */
    int runs;
    int *clock; /* who ran when */
    int at;
    alice_reclaimer **remove; /* itself, from within */
};

static alice_reclaimed give(void *ctx, size_t wanted)
{
    struct giver *g = ctx;
    size_t bytes = wanted < g->has ? wanted : g->has;
    if (g->step && bytes > g->step)
        bytes = g->step;
    g->runs++;
    if (g->clock)
        g->at = ++*g->clock;
    g->has -= bytes;
    alice_account_release(g->account, bytes);
    /* A charge from within is answered, without another run. */
    assert_status(alice_account_charge(g->account, SIZE_MAX / 2), ALICE_E_BUDGET);
    assert_int_equal(
        alice_reclaim_run(alice_account_budget(g->account), SIZE_MAX, NULL, 0, NULL), 0);
    if (g->remove)
        alice_reclaimer_remove(g->remove);
    return (alice_reclaimed){.bytes = bytes, .items = 1};
}

static void what_is_in_use_is_not_closed(void **state)
{
    (void)state;
    size_t leaked;
    alice_budget *b = open_budget(16 * ALICE_MB);
    alice_account *root = alice_budget_root(b);
    alice_account *a = open_account(root, "a", 0);
    alice_account *child = open_account(a, "child", 0);
    alice_account *last = open_account(root, "last", 0);
    struct giver g = {.account = last};
    alice_reclaimer *r;
    assert_ok(alice_account_charge(child, 32));
    assert_status(alice_account_close(&a), ALICE_E_BUSY); /* an account stands below it */
    assert_status(alice_account_close(&child), ALICE_E_BUSY);
    assert_non_null(child);
    assert_int_equal(alice_budget_used(b), 32);
    assert_sound(b);
    alice_account_release(child, 32);
    assert_ok(alice_account_close(&child));
    assert_null(child);
    assert_ok(alice_account_close(&child));
    assert_ok(alice_account_close(&a));
    assert_status(alice_account_close(&root), ALICE_E_INVAL);
    assert_non_null(root);
    assert_ok(alice_reclaimer_add(&r, b, "r", ALICE_RECLAIM_COLD, give, &g));
    assert_status(alice_budget_close(&b, &leaked), ALICE_E_BUSY);
    assert_int_equal(leaked, 0);
    alice_reclaimer_bind(r, last);
    assert_status(alice_account_close(&last), ALICE_E_BUSY);
    alice_reclaimer_remove(&r);
    assert_ok(alice_account_close(&last));
    assert_sound(b);
    assert_ok(alice_budget_close(&b, NULL));
}

static void reclaim_runs_in_order_until_it_fits(void **state)
{
    (void)state;
    alice_budget *b = open_budget(1000);
    alice_account *root = alice_budget_root(b);
    int clock = 0;
    struct giver cold = {.account = root, .has = 300, .clock = &clock};
    struct giver expired = {.account = root, .has = 50, .clock = &clock};
    struct giver idle = {.account = root, .has = 650, .clock = &clock};
    alice_reclaimer *r[3];
    assert_ok(alice_reclaimer_add(&r[0], b, "cold", ALICE_RECLAIM_COLD, give, &cold));
    assert_ok(alice_reclaimer_add(&r[1], b, "idle", ALICE_RECLAIM_IDLE, give, &idle));
    assert_ok(alice_reclaimer_add(&r[2], b, "expired", ALICE_RECLAIM_EXPIRED, give, &expired));
    assert_ok(alice_account_charge(root, 1000));
    assert_status(alice_account_try_charge(root, 1), ALICE_E_BUDGET);
    assert_int_equal(clock, 0);

    assert_ok(alice_account_charge(root, 120)); /* 50 expired, 70 cold, idle untouched */
    assert_int_equal(expired.at, 1);
    assert_int_equal(cold.at, 2);
    assert_int_equal(idle.runs, 0);
    assert_int_equal(cold.has, 230);
    assert_int_equal(alice_budget_used(b), 1000);

    /* More than all of them have: each is asked once, then it is refused. */
    assert_status(alice_account_charge(root, 1001), ALICE_E_BUDGET);
    assert_int_equal(idle.runs, 1);
    assert_int_equal(alice_budget_used(b), 120);

    alice_reclaim_row rows[2];
    size_t n;
    cold.has = 10;
    assert_ok(alice_account_charge(root, 10));
    assert_int_equal(alice_reclaim_run(b, SIZE_MAX, rows, 2, &n), 10);
    assert_int_equal(n, 3);
    assert_string_equal(rows[1].name, "cold");
    assert_int_equal(rows[1].got.bytes, 10);
    assert_int_equal(rows[0].order, ALICE_RECLAIM_EXPIRED);

    for (int i = 0; i < 3; i++)
        alice_reclaimer_remove(&r[i]);
    alice_reclaimer_remove(&r[0]);
    alice_reclaimer_remove(NULL);
    assert_int_equal(alice_reclaim_run(b, SIZE_MAX, NULL, 0, &n), 0);
    assert_int_equal(n, 0);
    alice_account_release(root, 120);
    assert_ok(alice_budget_close(&b, NULL));
}

static void a_bound_reclaimer_is_spared_where_it_cannot_help(void **state)
{
    (void)state;
    alice_budget *b = open_budget(10000);
    alice_account *x = open_account(alice_budget_root(b), "x", 100);
    alice_account *y = open_account(alice_budget_root(b), "y", 0);
    struct giver gx = {.account = x, .has = 100}, gy = {.account = y, .has = 100};
    alice_reclaimer *rx, *ry;
    assert_ok(alice_reclaimer_add(&ry, b, "y", ALICE_RECLAIM_COLD, give, &gy));
    assert_ok(alice_reclaimer_add(&rx, b, "x", ALICE_RECLAIM_IDLE, give, &gx));
    alice_reclaimer_bind(rx, x);
    alice_reclaimer_bind(ry, y);
    assert_ok(alice_account_charge(x, 100));
    assert_ok(alice_account_charge(y, 100));
    assert_ok(alice_account_charge(x, 40));
    assert_int_equal(gy.runs, 0);
    assert_int_equal(gx.runs, 1);
    assert_ok(alice_account_charge(y, 9900)); /* the root is full: both may help */
    assert_int_equal(gy.runs, 1);
    alice_reclaimer_remove(&rx);
    alice_reclaimer_remove(&ry);
    drop(b);
}

static void a_reclaimer_may_remove_itself(void **state)
{
    (void)state;
    alice_budget *b = open_budget(1000);
    alice_reclaimer *r;
    struct giver g = {.account = alice_budget_root(b), .has = 10, .remove = &r};
    assert_ok(alice_reclaimer_add(&r, b, "once", 0, give, &g));
    assert_ok(alice_account_charge(g.account, 10));
    assert_int_equal(alice_reclaim_run(b, SIZE_MAX, NULL, 0, NULL), 10);
    assert_null(r);
    assert_int_equal(alice_reclaim_run(b, SIZE_MAX, NULL, 0, NULL), 0);
    assert_int_equal(g.runs, 1);
    assert_ok(alice_budget_close(&b, NULL));
}

static void a_lower_limit_reclaims(void **state)
{
    (void)state;
    alice_budget *b = open_budget(16 * ALICE_MB);
    alice_account *a = open_account(alice_budget_root(b), "a", 0);
    struct giver g = {.account = a, .has = 1000};
    alice_reclaimer *r;
    assert_ok(alice_reclaimer_add(&r, b, "a", 0, give, &g));
    for (int i = 0; i < 500; i++)
        assert_ok(alice_account_charge(a, 10));
    assert_ok(alice_budget_set_limit(b, 4500));
    assert_int_equal(alice_budget_limit(b), 4500);
    assert_int_equal(alice_budget_used(b), 4500);
    assert_ok(alice_budget_set_limit(b, 100));
    assert_int_equal(alice_budget_used(b), 4000);
    assert_status(alice_account_charge(a, 1), ALICE_E_BUDGET);
    assert_ok(alice_budget_set_limit(b, 0));
    assert_ok(alice_account_charge(a, 1));
    alice_account_release(a, 4001);
    assert_sound(b);
    alice_reclaimer_remove(&r);
    assert_ok(alice_budget_close(&b, NULL));
}

/* ---- threads ------------------------------------------------------------ */

struct worker {
    alice_account *account;
    atomic_size_t *used, *most;
    unsigned seed;
    size_t refused;
};

static void *charge_and_release(void *arg)
{
    struct worker *w = arg;
    size_t mine = 0;
    for (int i = 0; i < 30000; i++) {
        w->seed = w->seed * 1103515245u + 12345u;
        size_t bytes = (w->seed >> 8 & 0x3ff) + 1;
        if (w->seed >> 31 && mine >= bytes) {
            mine -= bytes;
            atomic_fetch_sub(w->used, bytes);
            alice_account_release(w->account, bytes);
        } else if (alice_account_charge(w->account, bytes) == ALICE_OK) {
            mine += bytes;
            size_t now = atomic_fetch_add(w->used, bytes) + bytes;
            size_t most = atomic_load(w->most);
            while (now > most && !atomic_compare_exchange_weak(w->most, &most, now))
                ;
        } else {
            w->refused++;
        }
    }
    alice_account_release(w->account, mine);
    atomic_fetch_sub(w->used, mine);
    return NULL;
}

static void threads_never_pass_the_limit(void **state)
{
    (void)state;
    alice_budget *b = open_budget(2 * ALICE_MB);
    alice_account *a[2] = {open_account(alice_budget_root(b), "a", 0),
                           open_account(alice_budget_root(b), "b", 0)};
    atomic_size_t used = 0, most = 0;
    struct worker w[4];
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++) {
        w[i] = (struct worker){.account = a[i % 2], .used = &used, .most = &most, .seed = i};
        assert_int_equal(pthread_create(&threads[i], NULL, charge_and_release, &w[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_true(atomic_load(&most) <= 2 * ALICE_MB);
    assert_true(alice_budget_peak(b) >= atomic_load(&most));
    assert_true(alice_budget_peak(b) <= 2 * ALICE_MB);
    assert_int_equal(alice_budget_used(b), 0);
    assert_sound(b);
    assert_ok(alice_budget_close(&b, NULL));
}

/* ---- allocation faults -------------------------------------------------- */

static alice_status scenario(const alice_alloc *alloc)
{
    alice_budget *b = NULL;
    alice_account *a = NULL;
    alice_reclaimer *r = NULL;
    struct giver g = {0};
    alice_status st =
        alice_budget_open(&b, &(alice_budget_options){.env.alloc = alloc, .limit = ALICE_MB});
    if (st)
        return st;
    st = alice_account_open(&a, alice_budget_root(b), "a", 0);
    if (st == ALICE_OK)
        st = alice_reclaimer_add(&r, b, "g", 0, give, &g);
    alice_env env = {.account = a, .alloc = alloc};
    void *p = NULL, *q = NULL;
    size_t np = 0;
    if (st == ALICE_OK) {
        g.account = a;
        st = alice_env_calloc(&env, 100, 3, ALICE_HERE, &p);
    }
    if (st == ALICE_OK) {
        np = 300;
        st = alice_env_resize(&env, &p, np, 5000, ALICE_HERE);
    }
    if (st == ALICE_OK) {
        np = 5000;
        st = alice_env_resize(&env, &p, np, 10, ALICE_HERE);
    }
    if (st == ALICE_OK) {
        np = 10;
        st = alice_env_try_alloc(&env, 77, NULL, &q);
    }
    if (a)
        assert_int_equal(alice_account_used(a), np + (q ? 77 : 0));
    alice_env_free(&env, p, np);
    alice_env_free(&env, q, 77);
    assert_ok(alice_budget_check(b, NULL));
    alice_reclaimer_remove(&r);
    assert_ok(alice_budget_close(&b, NULL));
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(sweep(scenario, false) >= 7);
}

/* The allocator refuses, a reclaimer gives something back: it is asked once more. */
static void an_allocator_is_asked_again_after_reclaim(void **state)
{
    (void)state;
    alice_budget *b = open_budget(ALICE_MB);
    struct faulty f = {.nth = 0};
    alice_alloc alloc = faulty_alloc(&f);
    alice_env env = {.account = alice_budget_root(b), .alloc = &alloc};
    struct giver g = {.account = env.account, .has = 10};
    alice_reclaimer *r;
    void *p = NULL;
    assert_ok(alice_account_charge(env.account, 10));
    assert_ok(alice_reclaimer_add(&r, b, "g", 0, give, &g));
    assert_ok(alice_env_alloc(&env, 100, ALICE_HERE, &p));
    assert_true(f.fired);
    assert_int_equal(alice_budget_used(b), 100);
    alice_env_free(&env, p, 100);
    f = (struct faulty){.sticky = true};
    assert_status(alice_env_alloc(&env, 100, ALICE_HERE, &p), ALICE_E_NOMEM);
    assert_int_equal(alice_budget_used(b), 0);
    alice_reclaimer_remove(&r);
    assert_ok(alice_budget_close(&b, NULL));
}

static void an_env_may_be_empty(void **state)
{
    (void)state;
    void *p = NULL;
    assert_ok(alice_env_alloc(NULL, 10, NULL, &p));
    assert_ok(alice_env_resize(NULL, &p, 10, 20, NULL));
    assert_ok(alice_env_resize(NULL, &p, 20, 0, NULL));
    assert_null(p);
    assert_status(alice_env_alloc(NULL, 0, NULL, &p), ALICE_E_INVAL);
    assert_status(alice_env_calloc(NULL, SIZE_MAX, 2, NULL, &p), ALICE_E_TOOBIG);
    assert_status(alice_env_resize(NULL, &p, 5, 6, NULL), ALICE_E_INVAL);
    assert_true(alice_env_now_ns(NULL) > 0);
    assert_true(alice_env_wall_s(NULL) > 1600000000);
    alice_env_free(NULL, NULL, 0);
    alice_env_log(NULL, ALICE_LOG_ERROR, "nobody listens to %d", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_go_up_the_tree),
        cmocka_unit_test(refusals_are_exact),
        cmocka_unit_test(caps_bound_a_branch),
        cmocka_unit_test(one_thread_has_exact_peaks),
        cmocka_unit_test(transfers_move_what_is_charged),
        cmocka_unit_test(what_is_in_use_is_not_closed),
        cmocka_unit_test(a_write_off_gives_all_back),
        cmocka_unit_test(closing_reports_damage),
        cmocka_unit_test(the_ledger_counts),
        cmocka_unit_test(a_refusal_says_why),
        cmocka_unit_test(the_checker_sees_a_false_release),
        cmocka_unit_test(observing_neither_refuses_nor_waits),
        cmocka_unit_test(edges_are_told),
        cmocka_unit_test(reclaim_runs_in_order_until_it_fits),
        cmocka_unit_test(a_bound_reclaimer_is_spared_where_it_cannot_help),
        cmocka_unit_test(a_reclaimer_may_remove_itself),
        cmocka_unit_test(a_lower_limit_reclaims),
        cmocka_unit_test(threads_never_pass_the_limit),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(an_allocator_is_asked_again_after_reclaim),
        cmocka_unit_test(an_env_may_be_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
