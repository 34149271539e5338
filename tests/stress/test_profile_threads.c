/* SPDX-License-Identifier: MIT */
/*
 * The profile and the census under threads: blocks are taken in one thread and given
 * back in another, snapshots are taken meanwhile, tables grow. In the end nothing is
 * live. To be run under the thread sanitizer.
 */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include <alice/profile.h>

enum { THREADS = 8, ROUNDS = 20000, SHELF = 64 };

struct world {
    alice_env env;
    _Atomic(void *) shelf[SHELF]; /* blocks that anybody may take away; 100 bytes each */
};

static void *run(void *arg)
{
    struct world *w = arg;
    unsigned seed = (unsigned)(uintptr_t)&seed;
    for (int i = 0; i < ROUNDS; i++) {
        void *p = NULL;
        seed = seed * 1664525u + 1013904223u;
        if (alice_env_alloc(&w->env, 100, ALICE_HERE, &p) != ALICE_OK)
            abort();
        alice_census_add(w->env.census, p, "block", ALICE_HERE, "shelf");
        p = atomic_exchange(&w->shelf[(seed >> 8) % SHELF], p);
        alice_census_remove(w->env.census, p);
        alice_env_free(&w->env, p, 100);
        if (i % 4000 == 0) {
            alice_profile_snapshot *s = NULL;
            alice_census_row rows[8];
            size_t n;
            if (alice_profile_snapshot_take(w->env.profile, &s) != ALICE_OK ||
                alice_census_list(w->env.census, 0, rows, 8, &n) != ALICE_OK)
                abort();
            alice_profile_snapshot_close(&s);
        }
    }
    return NULL;
}

static void with_rate(size_t sample_bytes)
{
    struct world w = {0};
    alice_profile_options o = {.sample_bytes = sample_bytes};
    assert_ok(alice_profile_open(&w.env.profile, &o));
    assert_ok(alice_census_open(&w.env.census, NULL));
    pthread_t t[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, run, &w), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    assert_true(alice_census_live(w.env.census) <= SHELF);
    for (int i = 0; i < SHELF; i++) {
        alice_census_remove(w.env.census, w.shelf[i]);
        alice_env_free(&w.env, w.shelf[i], 100);
    }
    alice_profile_snapshot *s = NULL;
    assert_ok(alice_profile_snapshot_take(w.env.profile, &s));
    alice_profile_row sum = alice_profile_snapshot_sum(s);
    assert_int_equal(sum.live_bytes, 0);
    assert_int_equal(sum.live_blocks, 0);
    double want = (double)THREADS * ROUNDS * 100;
    double ratio = (double)sum.total_bytes / want;
    double off = sample_bytes > 1 ? 0.05 : 0.0;
    assert_true(ratio >= 1.0 - off && ratio <= 1.0 + off);
    alice_profile_snapshot_close(&s);
    assert_ok(alice_census_close(&w.env.census));
    alice_profile_close(&w.env.profile);
}

static void exact(void **state)
{
    (void)state;
    with_rate(1);
}

static void sampled(void **state)
{
    (void)state;
    with_rate(10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(exact), cmocka_unit_test(sampled)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
