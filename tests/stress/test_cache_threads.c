/* SPDX-License-Identifier: MIT */
/*
 * Sixteen threads do everything with one cache, one weak cache, one pool and their
 * budget at once: set, get, pin, remove, load, resize, clear, acquire, release, trim,
 * expire, reclaim, check. Made for the thread sanitizer; without it, it still proves
 * that no value is ever read wrong, that no hold dangles, that no object is lent
 * twice, and that everything is given back.
 *
 *     test_cache_threads [rounds of each thread]
 */
#include "test.h"
#include "random.h"

#include <pthread.h>
#include <stdatomic.h>

#include <alice/cache.h>
#include <alice/pool.h>
#include <alice/reclaim.h>
#include <alice/weak_cache.h>

#define THREADS 16
#define KEYS 500

static unsigned long rounds = 6000;

struct ground {
    alice_budget *budget;
    alice_account *account;
    alice_cache *cache;
    alice_weak_cache *weak;
    alice_pool *pool;
    atomic_ulong wrong; /* what must never happen */
    atomic_long refs;   /* handed to the cache and not yet destroyed */
    atomic_long weaks;
    atomic_long things; /* that the pool made and has not destroyed */
    atomic_ulong told;
};

struct worker {
    struct ground *g;
    uint64_t seed;
};

/* A value says whose it is and how long it is; the rest follows from both. */
struct stamp {
    uint32_t key, size;
};

static alice_cache_stats stats_of(alice_cache *cache)
{
    alice_cache_stats stats;
    alice_cache_get_stats(cache, &stats);
    return stats;
}

static void make(uint8_t *p, size_t size, uint32_t key)
{
    memset(p, (int)(key & 0xff), size);
    memcpy(p, &(struct stamp){key, (uint32_t)size}, sizeof(struct stamp));
}

static bool right(const void *p, size_t n, uint32_t key)
{
    struct stamp s;
    const uint8_t *bytes = p;
    if (n < sizeof s)
        return false;
    memcpy(&s, p, sizeof s);
    return s.key == key && s.size == n && (n == sizeof s || bytes[n - 1] == (key & 0xff));
}

static alice_bytes key_of(const uint32_t *key)
{
    return (alice_bytes){(const uint8_t *)key, sizeof *key};
}

static void expect(struct ground *g, bool good)
{
    if (!good)
        atomic_fetch_add(&g->wrong, 1);
}

static void on_evict(void *ctx, alice_bytes key, alice_bytes value, alice_cache_reason reason)
{
    struct ground *g = ctx;
    uint32_t k;
    (void)reason;
    memcpy(&k, key.p, sizeof k);
    expect(g, key.n == sizeof k && right(value.p, value.n, k));
    atomic_fetch_add(&g->told, 1);
}

static void destroy_ref(void *ctx, void *value, size_t size)
{
    struct ground *g = ctx;
    memset(value, 0xee, size);
    free(value);
    atomic_fetch_sub(&g->refs, 1);
}

static void destroy_weak(void *ctx, void *value, size_t size)
{
    struct ground *g = ctx;
    memset(value, 0xee, size);
    free(value);
    atomic_fetch_sub(&g->weaks, 1);
}

static size_t size_of(struct random *r)
{
    return sizeof(struct stamp) + random_below(r, random_below(r, 30) ? 200 : 9000);
}

static bool stored_or_refused(alice_status st)
{
    return st == ALICE_OK || st == ALICE_E_BUSY || st == ALICE_E_BUDGET || st == ALICE_E_TOOBIG;
}

static void do_set(struct ground *g, struct random *r, uint32_t k)
{
    size_t n = size_of(r);
    uint8_t *value = malloc(n);
    uint32_t ttl = random_below(r, 4) ? ALICE_TTL_DEFAULT : 1 + random_below(r, 20);
    make(value, n, k);
    if (random_below(r, 8) == 0) {
        atomic_fetch_add(&g->refs, 1);
        alice_status st =
            alice_cache_set_ref(g->cache, key_of(&k), value, n, destroy_ref, g, ttl);
        expect(g, stored_or_refused(st));
        if (st == ALICE_OK)
            return;
        atomic_fetch_sub(&g->refs, 1);
    } else {
        expect(g, stored_or_refused(
                      alice_cache_set(g->cache, key_of(&k), (alice_bytes){value, n}, ttl)));
    }
    free(value);
}

static void do_get(struct ground *g, struct random *r, uint32_t k, alice_pin *kept,
                   uint32_t *kept_key)
{
    uint8_t buf[256];
    size_t n;
    alice_pin pin;
    if (random_below(r, 4) == 0) {
        uint32_t keys[20];
        uint8_t bufs[20][256];
        alice_cache_lookup lookups[20];
        for (unsigned i = 0; i < 20; i++) {
            keys[i] = (k + i) % KEYS;
            lookups[i] =
                (alice_cache_lookup){.key = key_of(&keys[i]), .buf = bufs[i], .size = 256};
        }
        (void)alice_cache_get_many(g->cache, lookups, 20);
        for (unsigned i = 0; i < 20; i++)
            expect(g, lookups[i].status != ALICE_OK || right(bufs[i], lookups[i].n, keys[i]));
        return;
    }
    if (random_below(r, 2)) {
        alice_status st = alice_cache_get_copy(g->cache, key_of(&k), buf, sizeof buf, &n);
        if (st == ALICE_OK)
            expect(g, right(buf, n, k));
        return;
    }
    alice_status found = alice_cache_get(g->cache, key_of(&k), &pin);
    expect(g, found == ALICE_OK ? right(pin.p, pin.n, k) : found == ALICE_E_NOENT && !pin.p);
    if (random_below(r, 4)) {
        alice_cache_unpin(&pin);
        return;
    }
    /* One is kept for longer; when it is let go of it must be as it was. */
    expect(g, !kept->p || right(kept->p, kept->n, *kept_key));
    alice_cache_unpin(kept);
    *kept = pin;
    *kept_key = k;
}

struct loading {
    struct random *r;
    uint32_t key;
};

static alice_status load(void *ctx, alice_bytes key, alice_load *into)
{
    struct loading *l = ctx;
    size_t n = size_of(l->r);
    void *p = NULL;
    (void)key;
    if (random_below(l->r, 10) == 0)
        return ALICE_E_IO;
    alice_status st = alice_load_take(into, n, &p);
    if (st == ALICE_OK)
        make(p, n, l->key);
    return st;
}

static void do_load(struct ground *g, struct random *r, uint32_t k)
{
    struct loading l = {r, k};
    alice_pin pin = {0};
    alice_status st = alice_cache_get_or_load(g->cache, key_of(&k), load, &l, &pin);
    expect(g, stored_or_refused(st) || st == ALICE_E_IO);
    if (st == ALICE_OK)
        expect(g, pin.p && right(pin.p, pin.n, k));
    alice_cache_unpin(&pin);
}

static void do_weak(struct ground *g, struct random *r, uint32_t k, alice_strong *kept,
                    uint32_t *kept_key)
{
    alice_strong s = {0};
    alice_status found = alice_weak_cache_get(g->weak, key_of(&k), &s);
    expect(g, found == (s.p ? ALICE_OK : ALICE_E_NOENT));
    if (!s.p) {
        uint8_t *p = malloc(64);
        make(p, 64, k);
        atomic_fetch_add(&g->weaks, 1);
        alice_status st = alice_weak_cache_set(g->weak, key_of(&k), p, 64, &s);
        expect(g, st == ALICE_OK || st == ALICE_E_BUDGET);
        if (st != ALICE_OK) {
            free(p);
            atomic_fetch_sub(&g->weaks, 1);
            return;
        }
    }
    expect(g, right(s.p, s.n, k));
    if (random_below(r, 3) == 0) {
        expect(g, !kept->p || right(kept->p, kept->n, *kept_key));
        alice_strong_release(kept);
        *kept = alice_strong_dup(&s);
        *kept_key = k;
    }
    alice_strong_release(&s);
    if (random_below(r, 10) == 0)
        (void)alice_weak_cache_remove(g->weak, key_of(&k));
}

/* What the pool makes: it is lent to one at a time. */
struct thing {
    atomic_int users;
    unsigned work;
};

static alice_status make_thing(void *ctx, void **object)
{
    struct ground *g = ctx;
    struct thing *t = calloc(1, sizeof *t);
    if (!t)
        return ALICE_E_NOMEM;
    atomic_fetch_add(&g->things, 1);
    *object = t;
    return ALICE_OK;
}

static alice_status reset_thing(void *ctx, void *object)
{
    struct thing *t = object;
    expect(ctx, atomic_load(&t->users) == 0);
    return t->work % 8 == 7 ? ALICE_E_DAMAGED : ALICE_OK;
}

static void destroy_thing(void *ctx, void *object)
{
    struct ground *g = ctx;
    expect(g, atomic_load(&((struct thing *)object)->users) == 0);
    free(object);
    atomic_fetch_sub(&g->things, 1);
}

/* Borrow, and give back now or the next time: sixteen who hold one each share three. */
static void do_pool(struct ground *g, struct random *r, alice_lease *lease)
{
    if (lease->object) {
        struct thing *t = lease->object;
        t->work++; /* nobody else does: a race, were the object lent twice */
        atomic_fetch_sub(&t->users, 1);
        if (random_below(r, 20))
            alice_pool_release(lease);
        else
            alice_pool_discard(lease);
        return;
    }
    alice_status st = alice_pool_acquire(g->pool, random_below(r, 3), lease);
    expect(g, st == ALICE_OK || st == ALICE_E_TIMEOUT || st == ALICE_E_BUDGET);
    if (st != ALICE_OK)
        return;
    expect(g, atomic_fetch_add(&((struct thing *)lease->object)->users, 1) == 0);
    if (random_below(r, 2))
        do_pool(g, r, lease);
}

static bool is_right(void *ctx, alice_bytes key, alice_bytes value)
{
    uint32_t k;
    memcpy(&k, key.p, sizeof k);
    expect(ctx, key.n == sizeof k && right(value.p, value.n, k));
    return k % 64 != 0;
}

static void do_seldom(struct ground *g, struct random *r)
{
    switch (random_below(r, 12)) {
    case 10:
        (void)alice_cache_each(g->cache, is_right, g);
        break;
    case 11:
        if (random_below(r, 4) == 0)
            (void)alice_cache_remove_if(g->cache, is_right, g);
        break;
    case 0:
        (void)alice_cache_resize(g->cache, 64 * ALICE_KB + random_below(r, 512 * 1024));
        break;
    case 1:
        if (random_below(r, 4) == 0)
            alice_cache_clear(g->cache);
        break;
    case 2:
        alice_cache_expire(g->cache, random_below(r, 100));
        break;
    case 3:
        alice_reclaim_run(g->budget, random_below(r, 200000), NULL, 0, NULL);
        break;
    case 4:
        if (alice_account_charge(g->account, 100000) == ALICE_OK)
            alice_account_release(g->account, 100000);
        break;
    case 5:
        expect(g, alice_cache_check(g->cache, NULL) == ALICE_OK);
        break;
    case 6:
        expect(g, alice_weak_cache_check(g->weak, NULL) == ALICE_OK);
        break;
    case 7:
        expect(g, alice_pool_check(g->pool, NULL) == ALICE_OK);
        break;
    case 8:
        if (random_below(r, 2))
            (void)alice_pool_trim(g->pool, 2);
        else
            (void)alice_pool_maintain(g->pool); /* may be refused, too */
        break;
    default:
        (void)stats_of(g->cache);
        (void)alice_weak_cache_trim(g->weak);
        break;
    }
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct ground *g = w->g;
    struct random r = {w->seed};
    alice_pin pin = {0};
    alice_strong strong = {0};
    alice_lease lease = {0};
    uint32_t pin_key = 0;
    uint32_t strong_key = 0;
    for (unsigned long i = 0; i < rounds; i++) {
        uint32_t k = random_below(&r, KEYS);
        uint32_t what = random_below(&r, 100);
        if (what < 30)
            do_set(g, &r, k);
        else if (what < 60)
            do_get(g, &r, k, &pin, &pin_key);
        else if (what < 70)
            do_load(g, &r, k % 20);
        else if (what < 80)
            (void)alice_cache_remove(g->cache, key_of(&k));
        else if (what < 88)
            do_pool(g, &r, &lease);
        else if (what < 97)
            do_weak(g, &r, k, &strong, &strong_key);
        else
            do_seldom(g, &r);
    }
    if (lease.object)
        do_pool(g, &r, &lease);
    alice_cache_unpin(&pin);
    alice_strong_release(&strong);
    return NULL;
}

static void everything_at_once(alice_cache_policy policy, bool told)
{
    struct ground g = {0};
    struct worker workers[THREADS];
    pthread_t ids[THREADS];
    alice_budget_options bo = {.limit = 900 * ALICE_KB};
    assert_ok(alice_budget_open(&g.budget, &bo));
    assert_ok(alice_account_open(&g.account, alice_budget_root(g.budget), "caches", 0));
    alice_cache_options o = alice_cache_defaults(NULL);
    o.env.account = g.account;
    o.budget = g.budget;
    o.max_bytes = 512 * ALICE_KB;
    o.ttl_ms = 50;
    o.ttl_after_access = told;
    o.policy = policy;
    o.shards = 4;
    o.on_evict = told ? on_evict : NULL;
    o.on_evict_ctx = &g;
    assert_ok(alice_cache_open(&g.cache, &o));
    alice_weak_cache_options w = alice_weak_cache_defaults();
    w.env.account = g.account;
    w.budget = g.budget;
    w.recent = 20;
    w.destroy = destroy_weak;
    w.destroy_ctx = &g;
    assert_ok(alice_weak_cache_open(&g.weak, &w));
    assert_ok(alice_pool_open(&g.pool, &(alice_pool_options){.env.account = g.account,
                                                             .budget = g.budget,
                                                             .factory = make_thing,
                                                             .reset = reset_thing,
                                                             .destroy = destroy_thing,
                                                             .ctx = &g,
                                                             .max_size = 3,
                                                             .max_total = 3,
                                                             .object_bytes = 5000,
                                                             .charge_objects = true,
                                                             .idle_timeout_ms = 5}));
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){&g, i + 1};
        assert_int_equal(pthread_create(&ids[i], NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(ids[i], NULL);
    alice_error e;
    if (alice_cache_check(g.cache, &e) != ALICE_OK)
        fail_msg("%s", e.text);
    alice_cache_stats st = stats_of(g.cache);
    assert_int_equal(st.pinned, 0);
    assert_true(st.hits > 0 && st.evictions > 0 && st.expirations > 0 && st.loads > 0);
    alice_pool_stats ps;
    alice_pool_get_stats(g.pool, &ps);
    assert_true(ps.in_use == 0 && ps.reused > 0 && ps.reset_failures > 0);
    assert_ok(alice_pool_check(g.pool, NULL));
    assert_int_equal(alice_account_used(g.account),
                     alice_cache_bytes(g.cache) + alice_weak_cache_bytes(g.weak) + ps.bytes);
    assert_ok(alice_pool_close(&g.pool));
    assert_int_equal(g.things, 0);
    assert_ok(alice_cache_close(&g.cache));
    assert_ok(alice_weak_cache_close(&g.weak));
    assert_int_equal(g.wrong, 0);
    assert_int_equal(g.refs, 0);
    assert_int_equal(g.weaks, 0);
    assert_ok(alice_account_close(&g.account));
    assert_ok(alice_budget_close(&g.budget, NULL));
}

static void with_the_default(void **state)
{
    (void)state;
    everything_at_once(ALICE_CACHE_DEFAULT, false);
}

static void with_lru_and_callbacks(void **state)
{
    (void)state;
    everything_at_once(ALICE_CACHE_LRU, true);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_the_default),
        cmocka_unit_test(with_lru_and_callbacks),
    };
    if (argc > 1)
        rounds = strtoul(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
