/* SPDX-License-Identifier: MIT */
/*
 * The pool under threads: acquire, release, discard, trim, maintain, reclaim and
 * looking, all mixed, with objects that fail by chance. Every object is held by
 * one thread at a time, max_total is never exceeded, and all of it comes back.
 * To be run under the thread sanitizer.
 */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include <alice/pool.h>
#include <alice/reclaim.h>

enum { THREADS = 16, ROUNDS = 10000, TOTAL = 6 };

struct object {
    atomic_int users;
    unsigned n; /* plain: only the holder touches it */
};

struct world {
    alice_budget *budget;
    alice_pool *pool;
    atomic_int alive, peak;
    atomic_uint acquired;
};

static unsigned chance(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

static alice_status make(void *ctx, void **out)
{
    struct world *w = ctx;
    struct object *o = calloc(1, sizeof *o);
    if (!o)
        return ALICE_E_NOMEM;
    int alive = ++w->alive;
    int peak = w->peak;
    while (alive > peak && !atomic_compare_exchange_weak(&w->peak, &peak, alive))
        ;
    *out = o;
    return ALICE_OK;
}

static alice_status reset(void *ctx, void *object)
{
    struct object *o = object;
    (void)ctx;
    return ++o->n % 101 == 0 ? ALICE_E_DAMAGED : ALICE_OK;
}

static bool validate(void *ctx, void *object)
{
    struct object *o = object;
    (void)ctx;
    return ++o->n % 37 != 0;
}

static void destroy(void *ctx, void *object)
{
    struct world *w = ctx;
    struct object *o = object;
    if (o->users != 0)
        abort();
    w->alive--;
    free(o);
}

static void *run(void *arg)
{
    struct world *w = arg;
    unsigned seed = (unsigned)(uintptr_t)&seed;
    for (int i = 0; i < ROUNDS; i++) {
        alice_lease l = {0};
        unsigned what = chance(&seed) % 100;
        if (what == 0) {
            alice_pool_trim(w->pool, 2);
        } else if (what == 1) {
            if (alice_pool_maintain(w->pool) != ALICE_OK)
                abort();
        } else if (what == 2) {
            alice_reclaim_run(w->budget, 1, NULL, 0, NULL);
        } else if (what == 3) {
            alice_pool_holder rows[4];
            size_t n;
            if (alice_pool_holders(w->pool, rows, 4, &n) != ALICE_OK || n > TOTAL)
                abort();
        } else if (what == 4) {
            alice_pool_stats s;
            alice_pool_get_stats(w->pool, &s);
            if (s.in_use > TOTAL || alice_pool_check(w->pool, NULL) != ALICE_OK)
                abort();
        }
        alice_status st =
            alice_pool_acquire(w->pool, what < 50 ? ALICE_POOL_FOREVER : what % 2, &l);
        if (st == ALICE_E_TIMEOUT)
            continue;
        if (st != ALICE_OK)
            abort();
        struct object *o = l.object;
        if (o->users++ != 0)
            abort();
        o->n++;
        w->acquired++;
        o->users--;
        if (chance(&seed) % 50 == 0)
            alice_pool_discard(&l);
        else
            alice_pool_release(&l);
    }
    return NULL;
}

static void many_threads(void **state)
{
    (void)state;
    struct world w = {0};
    alice_budget_options bo = {.limit = 16 * ALICE_MB};
    assert_ok(alice_budget_open(&w.budget, &bo));
    alice_pool_options o = {.env = {.account = alice_budget_root(w.budget)},
                            .budget = w.budget,
                            .factory = make,
                            .reset = reset,
                            .validate = validate,
                            .destroy = destroy,
                            .ctx = &w,
                            .max_size = 4,
                            .max_total = TOTAL,
                            .min_idle = 1,
                            .object_bytes = 1000,
                            .charge_objects = true,
                            .idle_timeout_ms = 1,
                            .max_lifetime_ms = 20,
                            .lifetime_jitter = 50};
    assert_ok(alice_pool_open(&w.pool, &o));
    pthread_t t[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, run, &w), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    alice_pool_stats s;
    alice_pool_get_stats(w.pool, &s);
    assert_int_equal(s.created + s.reused, w.acquired);
    assert_int_equal(s.in_use, 0);
    assert_int_equal(s.made - s.destroyed, s.pool_size);
    assert_true(w.peak <= TOTAL);
    assert_ok(alice_pool_close(&w.pool));
    assert_int_equal(w.alive, 0);
    size_t leaked = 1;
    assert_ok(alice_budget_close(&w.budget, &leaked));
    assert_int_equal(leaked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(many_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
