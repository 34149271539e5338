/* SPDX-License-Identifier: MIT */
/* Weak cache: values live on holds, the latest N besides, and are never found dead. */
#include "test.h"
#include "faulty.h"

#include <pthread.h>

#include <alice/reclaim.h>
#include <alice/weak_cache.h>

struct fixture {
    struct faulty faulty;
    alice_alloc alloc;
    alice_weak_cache *cache;
    unsigned destroyed;
    uintptr_t last;
};

static alice_weak_cache_stats weak_stats_of(alice_weak_cache *cache)
{
    alice_weak_cache_stats stats;
    alice_weak_cache_get_stats(cache, &stats);
    return stats;
}

static alice_bytes text(const char *s)
{
    return (alice_bytes){(const uint8_t *)s, strlen(s)};
}

static void *value(uintptr_t n)
{
    return (void *)n;
}

static void destroy(void *ctx, void *p, size_t size)
{
    struct fixture *f = ctx;
    assert_int_equal(size, (uintptr_t)p * 10);
    f->destroyed++;
    f->last = (uintptr_t)p;
}

static void start(struct fixture *f, size_t recent)
{
    *f = (struct fixture){.faulty = {.nth = FAULTY_NEVER}};
    f->alloc = faulty_alloc(&f->faulty);
    alice_weak_cache_options o = alice_weak_cache_defaults();
    assert_int_equal(o.recent, 100);
    assert_false(o.values_uncharged);
    o.values_uncharged = true; /* the sizes are made up */
    o.env.alloc = &f->alloc;
    o.recent = recent;
    o.destroy = destroy;
    o.destroy_ctx = f;
    assert_ok(alice_weak_cache_open(&f->cache, &o));
    assert_true(f->faulty.live_bytes <= alice_weak_cache_footprint(&o));
}

static void stop(struct fixture *f)
{
    assert_ok(alice_weak_cache_close(&f->cache));
    assert_null(f->cache);
    assert_true(f->faulty.live_bytes == 0);
}

static void check(struct fixture *f)
{
    alice_error e;
    if (alice_weak_cache_check(f->cache, &e) != ALICE_OK)
        fail_msg("%s", e.text);
}

static void set(struct fixture *f, const char *key, uintptr_t n, alice_strong *out)
{
    assert_ok(alice_weak_cache_set(f->cache, text(key), value(n), n * 10, out));
    check(f);
}

static alice_strong get(struct fixture *f, const char *key)
{
    alice_strong s = {f, 1, NULL};
    alice_status st = alice_weak_cache_get(f->cache, text(key), &s);
    assert_int_equal(st, s.p ? ALICE_OK : ALICE_E_NOENT);
    check(f);
    return s;
}

static void lives_while_held(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 0);
    alice_strong a, b, c;
    set(&f, "one", 1, &a);
    b = get(&f, "one");
    assert_ptr_equal(b.p, value(1));
    assert_int_equal(b.n, 10);
    c = alice_strong_dup(&b);
    alice_strong_release(&a);
    alice_strong_release(&b);
    assert_null(b.p);
    assert_int_equal(f.destroyed, 0);
    alice_strong_release(&c);
    assert_int_equal(f.destroyed, 1);
    assert_null(get(&f, "one").p);
    alice_strong_release(&c);
    alice_strong_release(NULL);
    alice_weak_cache_stats st = weak_stats_of(f.cache);
    assert_int_equal(st.hits, 1);
    assert_int_equal(st.misses, 1);
    assert_true(st.hit_rate == 0.5);
    assert_int_equal(st.items, 0);
    assert_int_equal(st.gone, 1);
    stop(&f);
}

static void keeps_the_latest(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 2);
    set(&f, "1", 1, NULL);
    set(&f, "2", 2, NULL);
    assert_int_equal(f.destroyed, 0);
    alice_strong one = get(&f, "1"); /* now 2 is the oldest */
    set(&f, "3", 3, NULL);
    assert_int_equal(f.destroyed, 1);
    assert_int_equal(f.last, 2);
    assert_null(get(&f, "2").p);
    set(&f, "4", 4, NULL);
    assert_int_equal(f.destroyed, 1); /* 1 left the latest, but is held */
    alice_strong again = get(&f, "1");
    assert_ptr_equal(again.p, value(1));
    alice_strong_release(&again);
    alice_strong_release(&one);
    assert_int_equal(weak_stats_of(f.cache).recent, 2);
    assert_int_equal(alice_weak_cache_trim(f.cache), 2);
    assert_int_equal(f.destroyed, 4);
    assert_int_equal(weak_stats_of(f.cache).items, 0);
    check(&f);
    stop(&f);
}

static void replaced_and_removed_live_with_their_holders(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 10);
    alice_strong old, removed;
    set(&f, "k", 1, &old);
    set(&f, "k", 2, &removed);
    assert_ptr_equal(old.p, value(1));
    assert_int_equal(f.destroyed, 0);
    alice_strong now = get(&f, "k");
    assert_ptr_equal(now.p, value(2));
    alice_strong_release(&now);
    assert_ok(alice_weak_cache_remove(f.cache, text("k")));
    assert_status(alice_weak_cache_remove(f.cache, text("k")), ALICE_E_NOENT);
    assert_null(get(&f, "k").p);
    alice_strong_release(&old);
    assert_int_equal(f.last, 1);
    alice_strong_release(&removed);
    assert_int_equal(f.last, 2);
    stop(&f);
}

static void holds_outlive_the_cache(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 10);
    alice_strong a, b;
    set(&f, "a", 1, &a);
    set(&f, "b", 2, &b);
    set(&f, "c", 3, NULL);
    alice_weak_cache_close(&f.cache);
    assert_int_equal(f.destroyed, 1);
    assert_ptr_equal(a.p, value(1));
    alice_strong c = alice_strong_dup(&a);
    alice_strong_release(&a);
    alice_strong_release(&c);
    alice_strong_release(&b);
    assert_int_equal(f.destroyed, 3);
    assert_true(f.faulty.live_bytes == 0);
}

static void bad_arguments(void **state)
{
    struct fixture f;
    alice_strong s;
    (void)state;
    start(&f, 1);
    assert_status(alice_weak_cache_set(f.cache, text("k"), NULL, 0, &s), ALICE_E_INVAL);
    assert_status(alice_weak_cache_set(NULL, text("k"), value(1), 10, &s), ALICE_E_INVAL);
    assert_status(alice_weak_cache_get(f.cache, text("k"), NULL), ALICE_E_INVAL);
    assert_status(alice_weak_cache_get(f.cache, (alice_bytes){NULL, 3}, &s), ALICE_E_INVAL);
    assert_status(alice_weak_cache_open(NULL, NULL), ALICE_E_INVAL);
    alice_weak_cache_close(NULL);
    stop(&f);
}

static void many_keys(void **state)
{
    struct fixture f;
    enum { N = 3000 };
    static alice_strong held[N];
    char key[16];
    (void)state;
    start(&f, 100);
    for (uintptr_t i = 1; i < N; i++) {
        snprintf(key, sizeof key, "%zu", (size_t)i);
        assert_ok(alice_weak_cache_set(f.cache, text(key), value(i), i * 10, &held[i]));
    }
    check(&f);
    assert_int_equal(weak_stats_of(f.cache).items, N - 1);
    for (uintptr_t i = 1; i < N; i++) {
        snprintf(key, sizeof key, "%zu", (size_t)i);
        alice_strong s;
        assert_ok(alice_weak_cache_get(f.cache, text(key), &s));
        assert_ptr_equal(s.p, value(i));
        alice_strong_release(&s);
    }
    assert_true(alice_weak_cache_bytes(f.cache) / N < 96 + 4);
    assert_true(alice_weak_cache_bytes(f.cache) == f.faulty.live_bytes);
    for (unsigned i = 1; i < N; i++)
        alice_strong_release(&held[i]);
    assert_int_equal(weak_stats_of(f.cache).items, 100);
    stop(&f);
}

/* Values are charged while they live, and the latest go when the budget asks. */
static void pays_and_gives_back(void **state)
{
    struct fixture f = {0};
    alice_budget *budget = NULL;
    alice_account *account = NULL;
    (void)state;
    alice_budget_options bo = {.limit = 64 * ALICE_KB};
    assert_ok(alice_budget_open(&budget, &bo));
    assert_ok(alice_account_open(&account, alice_budget_root(budget), "weak", 0));
    alice_weak_cache_options o = alice_weak_cache_defaults();
    o.env.account = account;
    o.budget = budget;
    o.destroy = destroy;
    o.destroy_ctx = &f;
    assert_ok(alice_weak_cache_open(&f.cache, &o));
    alice_strong held;
    set(&f, "held", 1000, &held);
    set(&f, "latest", 4000, NULL);
    assert_int_equal(alice_account_used(account), alice_weak_cache_bytes(f.cache));
    assert_true(alice_account_used(account) >= 50000);
    assert_ok(alice_account_charge(alice_budget_root(budget), 50000));
    assert_int_equal(f.destroyed, 1);
    assert_int_equal(f.last, 4000);
    assert_status(alice_weak_cache_set(f.cache, text("more"), value(5000), 50000, NULL),
                  ALICE_E_BUDGET);
    assert_int_equal(f.destroyed, 1);
    alice_account_release(alice_budget_root(budget), 50000);
    alice_strong_release(&held);
    assert_ok(alice_weak_cache_close(&f.cache));
    assert_int_equal(alice_account_used(account), 0);
    alice_account_close(&account);
    assert_ok(alice_budget_close(&budget, NULL));
}

/* Puts back what goes, and asks for the end of the cache. */
static void put_back(void *ctx, void *p, size_t size)
{
    struct fixture *f = ctx;
    f->destroyed++;
    alice_status st = f->destroyed % 2
                          ? alice_weak_cache_set(f->cache, text("back"), p, size, NULL)
                          : alice_weak_cache_remove(f->cache, text("back"));
    assert_true(st == ALICE_OK || st == ALICE_E_BUSY || st == ALICE_E_NOENT ||
                st == ALICE_E_CLOSED);
    alice_weak_cache *cache = f->cache;
    assert_status(alice_weak_cache_close(&cache), ALICE_E_BUSY);
}

static void what_is_put_back_ends(void **state)
{
    struct fixture f = {0};
    (void)state;
    for (size_t recent = 0; recent < 3; recent++) {
        alice_weak_cache_options o = alice_weak_cache_defaults();
        o.recent = recent;
        o.destroy = put_back;
        o.destroy_ctx = &f;
        assert_ok(alice_weak_cache_open(&f.cache, &o));
        for (unsigned i = 0; i < 20; i++) {
            char key[8];
            snprintf(key, sizeof key, "%u", i);
            set(&f, key, 1, NULL);
        }
        assert_true(f.destroyed >= 18);
        alice_weak_cache_trim(f.cache);
        check(&f);
        assert_ok(alice_weak_cache_close(&f.cache));
        f.destroyed = 0;
    }
}

static alice_status scenario(struct fixture *f)
{
    alice_strong s = {0};
    char key[8];
    alice_weak_cache_options o = alice_weak_cache_defaults();
    o.env.alloc = &f->alloc;
    o.recent = 3;
    o.destroy = destroy;
    o.destroy_ctx = f;
    alice_status st = alice_weak_cache_open(&f->cache, &o);
    for (uintptr_t i = 1; i < 40 && st == ALICE_OK; i++) {
        snprintf(key, sizeof key, "%zu", (size_t)i);
        st = alice_weak_cache_set(f->cache, text(key), value(i), i * 10, i == 5 ? &s : NULL);
        if (st == ALICE_OK)
            st = alice_weak_cache_check(f->cache, NULL);
    }
    alice_weak_cache_close(&f->cache);
    alice_strong_release(&s);
    return st;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    for (unsigned nth = 0;; nth++) {
        struct fixture f = {.faulty = {.nth = nth}};
        f.alloc = faulty_alloc(&f.faulty);
        alice_status st = scenario(&f);
        assert_true(f.faulty.live_bytes == 0);
        if (!f.faulty.fired) {
            assert_int_equal(st, ALICE_OK);
            assert_true(nth > 10);
            break;
        }
        assert_true(st == ALICE_OK || st == ALICE_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lives_while_held),
        cmocka_unit_test(keeps_the_latest),
        cmocka_unit_test(replaced_and_removed_live_with_their_holders),
        cmocka_unit_test(holds_outlive_the_cache),
        cmocka_unit_test(bad_arguments),
        cmocka_unit_test(many_keys),
        cmocka_unit_test(pays_and_gives_back),
        cmocka_unit_test(what_is_put_back_ends),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
