/* SPDX-License-Identifier: MIT */
/*
 * The cache against a plain slow model: an array of what was stored last under each
 * key. The cache may forget, but never answer anything else, never answer what is
 * expired or removed, never exceed its bound, and its checker agrees all along.
 *
 *     test_cache_model [operations [seeds]]
 */
#include "test.h"
#include "faulty.h"
#include "random.h"

#include <alice/cache.h>

#define KEYS 600
#define VALUE_MAX 9000

static unsigned long operations = 1000000;
static unsigned seeds = 3;

struct known {
    bool there;
    uint32_t stamp; /* what the value is made of */
    size_t size;
    uint64_t deadline_ms; /* 0: none */
    uint32_t ttl_ms;
};

struct model {
    alice_cache *cache;
    struct fake_clock clock;
    struct faulty faulty;
    alice_cache_options options;
    struct known known[KEYS];
    alice_pin pins[8];
    struct known pinned[8];
    unsigned told;      /* callbacks */
    unsigned destroyed; /* refs given back */
    unsigned refs;
    uint64_t hits, misses;
};

static alice_cache_stats stats_of(alice_cache *cache)
{
    alice_cache_stats stats;
    alice_cache_get_stats(cache, &stats);
    return stats;
}

static uint64_t now_ms(const struct model *m)
{
    return m->clock.now_ns / 1000000;
}

static alice_bytes key_of(unsigned k, char buf[400])
{
    /* A few keys are too long for a slot of the smallest pages. */
    int n = snprintf(buf, 400, "key-%u-%0*u", k, k % 37 == 0 ? 300 : 1, k);
    return (alice_bytes){(const uint8_t *)buf, (size_t)n};
}

static void fill(uint8_t *p, size_t n, uint32_t stamp)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(stamp + i * 7);
}

static void assert_value(const void *p, size_t n, const struct known *k)
{
    const uint8_t *bytes = p;
    assert_int_equal(n, k->size);
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != (uint8_t)(k->stamp + i * 7))
            fail_msg("byte %zu of a value of %zu is wrong", i, n);
    }
}

static void on_evict(void *ctx, alice_bytes key, alice_bytes value, alice_cache_reason reason)
{
    struct model *m = ctx;
    (void)value;
    assert_true(key.n > 4 && memcmp(key.p, "key-", 4) == 0);
    assert_true((unsigned)reason <= ALICE_CACHE_CLEARED);
    m->told++;
}

static void destroy(void *ctx, void *value, size_t size)
{
    struct model *m = ctx;
    m->destroyed++;
    memset(value, 0xdd, size); /* whoever still reads it reads wrong bytes */
    free(value);
}

static bool alive(const struct model *m, const struct known *k)
{
    return k->there && (k->deadline_ms == 0 || now_ms(m) < k->deadline_ms);
}

/* A hit: the model must know it, with the same bytes; renewal as in the cache. */
static void saw(struct model *m, struct known *k, const void *p, size_t n)
{
    if (!alive(m, k))
        fail_msg("found what was never stored, removed or expired");
    assert_value(p, n, k);
    if (m->options.ttl_after_access && k->deadline_ms)
        k->deadline_ms = now_ms(m) + k->ttl_ms;
    m->hits++;
}

static void do_set(struct model *m, struct random *r)
{
    char buf[400];
    uint8_t value[VALUE_MAX];
    unsigned k = random_below(r, KEYS);
    bool large = random_below(r, 20) == 0;
    size_t n = random_below(r, large ? VALUE_MAX : 200);
    uint32_t stamp = (uint32_t)random_next(r);
    /* Multiples of the cache's tick, so that the model can be exact. */
    uint32_t ttl = random_below(r, 3) == 0 ? 4 + 4 * random_below(r, 5000) : ALICE_TTL_DEFAULT;
    alice_status st;
    fill(value, n, stamp);
    if (random_below(r, 10) == 0) {
        uint8_t *p = malloc(n ? n : 1);
        fill(p, n, stamp);
        st = alice_cache_set_ref(m->cache, key_of(k, buf), p, n, destroy, m, ttl);
        if (st == ALICE_OK)
            m->refs++;
        else
            free(p);
    } else {
        st = alice_cache_set(m->cache, key_of(k, buf), (alice_bytes){value, n}, ttl);
    }
    m->known[k] = (struct known){.there = st == ALICE_OK, .stamp = stamp, .size = n};
    if (st == ALICE_OK) {
        uint32_t lives = ttl ? ttl : m->options.ttl_ms;
        m->known[k].ttl_ms = lives;
        m->known[k].deadline_ms = lives ? now_ms(m) + lives : 0;
    } else {
        assert_true(st == ALICE_E_TOOBIG || st == ALICE_E_BUSY);
    }
}

static void do_get(struct model *m, struct random *r)
{
    char buf[400];
    unsigned k = random_below(r, KEYS);
    unsigned slot = random_below(r, 8);
    alice_cache_unpin(&m->pins[slot]);
    alice_status st = alice_cache_get(m->cache, key_of(k, buf), &m->pins[slot]);
    assert_true(st == ALICE_OK || st == ALICE_E_NOENT);
    assert_int_equal(st == ALICE_OK, m->pins[slot].p != NULL);
    if (st == ALICE_OK) {
        saw(m, &m->known[k], m->pins[slot].p, m->pins[slot].n);
        m->pinned[slot] = m->known[k];
    } else {
        m->misses++;
    }
}

static void do_copy(struct model *m, struct random *r)
{
    char buf[400];
    uint8_t value[VALUE_MAX];
    size_t n = 0;
    unsigned k = random_below(r, KEYS);
    size_t size = random_below(r, 4) == 0 ? 20 : sizeof value;
    alice_status st = alice_cache_get_copy(m->cache, key_of(k, buf), value, size, &n);
    if (st == ALICE_E_TOOBIG) {
        assert_int_equal(n, m->known[k].size);
        assert_true(n > size);
        if (m->options.ttl_after_access && m->known[k].deadline_ms)
            m->known[k].deadline_ms = now_ms(m) + m->known[k].ttl_ms;
        m->hits++;
        return;
    }
    if (st == ALICE_E_NOENT) {
        m->misses++;
        return;
    }
    assert_int_equal(st, ALICE_OK);
    saw(m, &m->known[k], value, n);
}

/* Several at once, each as by do_copy(). */
static void do_many(struct model *m, struct random *r)
{
    char keys[24][400];
    static uint8_t values[24][VALUE_MAX];
    unsigned k[24];
    alice_cache_lookup l[24];
    for (unsigned i = 0; i < 24; i++) {
        k[i] = random_below(r, KEYS);
        l[i] = (alice_cache_lookup){
            .key = key_of(k[i], keys[i]), .buf = values[i], .size = VALUE_MAX};
    }
    (void)alice_cache_get_many(m->cache, l, 24);
    for (unsigned i = 0; i < 24; i++) {
        if (l[i].status == ALICE_OK)
            saw(m, &m->known[k[i]], values[i], l[i].n);
        else
            assert_status(l[i].status, ALICE_E_NOENT);
        m->misses += l[i].status == ALICE_E_NOENT;
    }
}

struct loading {
    struct model *m;
    struct known *known;
    uint32_t stamp;
    size_t size;
    bool ran, fails, none;
};

static alice_status load(void *ctx, alice_bytes key, alice_load *load)
{
    struct loading *l = ctx;
    void *p = NULL;
    (void)key;
    l->ran = true;
    if (l->fails)
        return ALICE_E_IO;
    if (l->none)
        return ALICE_OK;
    alice_status st = alice_load_take(load, l->size / 2, &p);
    if (st != ALICE_OK)
        return st;
    fill(p, l->size / 2, l->stamp);
    st = alice_load_take(load, l->size, &p);
    if (st == ALICE_OK)
        fill(p, l->size, l->stamp);
    return st;
}

static void do_load(struct model *m, struct random *r)
{
    char buf[400];
    unsigned k = random_below(r, KEYS);
    struct loading l = {.m = m,
                        .known = &m->known[k],
                        .stamp = (uint32_t)random_next(r),
                        .size = random_below(r, random_below(r, 8) ? 150 : VALUE_MAX),
                        .fails = random_below(r, 10) == 0,
                        .none = random_below(r, 10) == 0};
    alice_pin pin = {0};
    alice_status st = alice_cache_get_or_load(m->cache, key_of(k, buf), load, &l, &pin);
    if (!l.ran) {
        assert_int_equal(st, ALICE_OK);
        saw(m, &m->known[k], pin.p, pin.n);
    } else {
        m->misses++;
        m->known[k].there = false;
    }
    if (l.ran && st == ALICE_OK && pin.p) {
        m->known[k] = (struct known){.there = true, .stamp = l.stamp, .size = l.size};
        m->known[k].ttl_ms = m->options.ttl_ms;
        m->known[k].deadline_ms = m->options.ttl_ms ? now_ms(m) + m->options.ttl_ms : 0;
        assert_value(pin.p, pin.n, &m->known[k]);
    } else if (l.fails && l.ran) {
        assert_int_equal(st, ALICE_E_IO);
    }
    alice_cache_unpin(&pin);
}

static void do_remove(struct model *m, struct random *r)
{
    char buf[400];
    unsigned k = random_below(r, KEYS);
    alice_status st = alice_cache_remove(m->cache, key_of(k, buf));
    if (st == ALICE_OK && !alive(m, &m->known[k]))
        fail_msg("removed what was not there");
    assert_true(st == ALICE_OK || st == ALICE_E_NOENT);
    m->known[k].there = false;
    assert_false(alice_cache_has(m->cache, key_of(k, buf)));
}

static bool known_of(struct model *m, alice_bytes key, struct known **k)
{
    char text[400];
    assert_true(key.n < sizeof text);
    memcpy(text, key.p, key.n);
    text[key.n] = 0;
    unsigned long n = strtoul(text + 4, NULL, 10);
    *k = &m->known[n];
    return n < KEYS;
}

static bool each(void *ctx, alice_bytes key, alice_bytes value)
{
    struct known *k;
    assert_true(known_of(ctx, key, &k) && alive(ctx, k));
    assert_value(value.p, value.n, k);
    return true;
}

static bool every_fifth(void *ctx, alice_bytes key, alice_bytes value)
{
    struct known *k;
    struct model *m = ctx;
    assert_true(known_of(m, key, &k));
    assert_value(value.p, value.n, k);
    if ((k - m->known) % 5)
        return false;
    k->there = false;
    return true;
}

static void do_add(struct model *m, struct random *r)
{
    char buf[400];
    uint8_t value[100];
    uint32_t ms = 0;
    unsigned k = random_below(r, KEYS);
    uint32_t stamp = (uint32_t)random_next(r);
    bool there = alice_cache_ttl(m->cache, key_of(k, buf), &ms) == ALICE_OK;
    fill(value, sizeof value, stamp);
    if (there) {
        assert_true(alive(m, &m->known[k]));
        uint64_t end = m->known[k].deadline_ms;
        assert_true(end ? ms == end - now_ms(m) : ms == ALICE_TTL_NEVER);
    }
    alice_status st = alice_cache_add(m->cache, key_of(k, buf),
                                      (alice_bytes){value, sizeof value}, ALICE_TTL_NEVER);
    assert_int_equal(st == ALICE_E_EXISTS, there);
    if (!there)
        m->known[k] =
            (struct known){.there = st == ALICE_OK, .stamp = stamp, .size = sizeof value};
}

static void do_seldom(struct model *m, struct random *r)
{
    size_t base = 64 * ALICE_KB;
    switch (random_below(r, 8)) {
    case 0:
        if (random_below(r, 20) == 0) {
            alice_cache_clear(m->cache);
            memset(m->known, 0, sizeof m->known);
        }
        break;
    case 1: {
        alice_status st =
            alice_cache_resize(m->cache, base / 2 + random_below(r, (uint32_t)base));
        assert_true(st == ALICE_OK || st == ALICE_E_BUSY);
        break;
    }
    case 5:
        assert_true(alice_cache_each(m->cache, each, m) <= KEYS);
        break;
    case 6:
        if (random_below(r, 8) == 0)
            (void)alice_cache_remove_if(m->cache, every_fifth, m);
        break;
    case 7:
        do_add(m, r);
        break;
    case 2:
        alice_cache_expire(m->cache, random_below(r, 50));
        break;
    default:
        m->clock.now_ns += (uint64_t)4000000 * random_below(r, 600);
        break;
    }
}

static void check(struct model *m)
{
    alice_error error;
    alice_cache_stats stats = stats_of(m->cache);
    if (alice_cache_check(m->cache, &error) != ALICE_OK)
        fail_msg("%s", error.text);
    if (stats.pinned == 0)
        assert_true(stats.size_bytes <= stats.max_size_bytes);
    assert_int_equal(stats.hits, m->hits);
    assert_int_equal(stats.misses, m->misses);
    for (unsigned i = 0; i < 8; i++) {
        if (m->pins[i].p)
            assert_value(m->pins[i].p, m->pins[i].n, &m->pinned[i]);
    }
}

static void run(struct model *m, uint64_t seed)
{
    struct random r = {seed};
    for (unsigned long i = 0; i < operations; i++) {
        uint32_t what = random_below(&r, 1000);
        if (what < 350)
            do_set(m, &r);
        else if (what < 600)
            do_get(m, &r);
        else if (what < 850)
            what % 16 ? do_copy(m, &r) : do_many(m, &r);
        else if (what < 920)
            do_load(m, &r);
        else if (what < 990)
            do_remove(m, &r);
        else
            do_seldom(m, &r);
        if (i % 64 == 0 || i < 2000)
            check(m);
    }
}

static void run_with(alice_cache_options o, bool told)
{
    for (unsigned seed = 1; seed <= seeds; seed++) {
        struct model *m = calloc(1, sizeof *m);
        m->faulty.nth = FAULTY_NEVER;
        m->clock.now_ns = UINT64_C(1000000000) * seed;
        alice_alloc alloc = faulty_alloc(&m->faulty);
        alice_clock clock = fake_clock_of(&m->clock);
        m->options = o;
        m->options.env.alloc = &alloc;
        m->options.env.clock = &clock;
        m->options.seed = seed;
        m->options.on_evict = told ? on_evict : NULL;
        m->options.on_evict_ctx = m;
        assert_ok(alice_cache_open(&m->cache, &m->options));
        run(m, seed * 7919);
        for (unsigned i = 0; i < 8; i++)
            alice_cache_unpin(&m->pins[i]);
        check(m);
        alice_cache_stats stats = stats_of(m->cache);
        assert_ok(alice_cache_close(&m->cache));
        assert_true(m->faulty.live_bytes == 0);
        assert_int_equal(m->destroyed, m->refs);
        if (told)
            assert_true(m->told >= stats.evictions + stats.expirations);
        assert_true(stats.evictions > 0);
        free(m);
    }
}

static void lru(void **state)
{
    (void)state;
    run_with((alice_cache_options){.max_bytes = 64 * ALICE_KB,
                                   .policy = ALICE_CACHE_LRU,
                                   .single_thread = true},
             false);
}

static void s3fifo_with_everything(void **state)
{
    (void)state;
    run_with((alice_cache_options){.max_bytes = 64 * ALICE_KB,
                                   .policy = ALICE_CACHE_S3FIFO,
                                   .ttl_ms = 8000,
                                   .ttl_after_access = true,
                                   .shards = 2},
             true);
}

static void s3fifo_with_ttl(void **state)
{
    (void)state;
    run_with((alice_cache_options){.max_bytes = 64 * ALICE_KB,
                                   .ttl_ms = 4000,
                                   .single_thread = true},
             false);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lru),
        cmocka_unit_test(s3fifo_with_everything),
        cmocka_unit_test(s3fifo_with_ttl),
    };
    if (argc > 1)
        operations = strtoul(argv[1], NULL, 10);
    if (argc > 2)
        seeds = (unsigned)strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
