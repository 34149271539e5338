/* SPDX-License-Identifier: MIT */
/* The cache: each sentence of its contract. */
#include "test.h"
#include "faulty.h"

#include <pthread.h>
#include <setjmp.h>

#include <alice/cache.h>
#include <alice/reclaim.h>

#include "base/hash.h"

#define MS UINT64_C(1000000)
#define TOLD_MAX 4096

struct told {
    char key[24];
    size_t value_size;
    alice_cache_reason reason;
};

struct fixture {
    struct faulty faulty;
    alice_alloc alloc;
    struct fake_clock clock;
    alice_clock time;
    alice_cache_options options;
    alice_cache *cache;
    struct told told[TOLD_MAX];
    unsigned told_count;
    unsigned destroyed;
    uintptr_t deepest, shallowest;
    jmp_buf way_out;
};

static alice_cache_stats stats_of(alice_cache *cache)
{
    alice_cache_stats stats;
    alice_cache_get_stats(cache, &stats);
    return stats;
}

static alice_bytes text(const char *s)
{
    return (alice_bytes){(const uint8_t *)s, strlen(s)};
}

static void on_evict(void *ctx, alice_bytes key, alice_bytes value, alice_cache_reason reason)
{
    struct fixture *f = ctx;
    assert_true(f->told_count < TOLD_MAX);
    struct told *t = &f->told[f->told_count++];
    size_t n = key.n < sizeof t->key - 1 ? key.n : sizeof t->key - 1;
    memcpy(t->key, key.p, n);
    t->key[n] = 0;
    t->value_size = value.n;
    t->reason = reason;
}

static void destroy(void *ctx, void *value, size_t size)
{
    struct fixture *f = ctx;
    (void)size;
    f->destroyed++;
    free(value);
}

static struct fixture *fixture(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->faulty.nth = FAULTY_NEVER;
    f->alloc = faulty_alloc(&f->faulty);
    f->time = fake_clock_of(&f->clock);
    f->clock.now_ns = 5000 * MS;
    f->options = alice_cache_defaults(NULL);
    f->options.env.alloc = &f->alloc;
    f->options.env.clock = &f->time;
    f->options.max_bytes = 64 * ALICE_KB;
    f->options.ttl_ms = 0;
    f->options.seed = 1;
    return f;
}

static void start(struct fixture *f)
{
    assert_ok(alice_cache_open(&f->cache, &f->options));
}

static struct fixture *started(void)
{
    struct fixture *f = fixture();
    start(f);
    return f;
}

static void check(struct fixture *f)
{
    alice_error e;
    if (alice_cache_check(f->cache, &e) != ALICE_OK)
        fail_msg("%s", e.text);
    assert_true(f->faulty.live_bytes <= alice_cache_bytes(f->cache));
    assert_true(alice_cache_bytes(f->cache) <= alice_cache_footprint(&f->options));
}

static void stop(struct fixture *f)
{
    if (f->cache)
        check(f);
    assert_ok(alice_cache_close(&f->cache));
    assert_null(f->cache);
    assert_true(f->faulty.live_bytes == 0);
    free(f);
}

static void set(struct fixture *f, const char *key, const char *value)
{
    assert_ok(alice_cache_set(f->cache, text(key), text(value), ALICE_TTL_DEFAULT));
}

static bool has(struct fixture *f, const char *key, const char *value)
{
    char buf[256];
    size_t n;
    alice_status st = alice_cache_get_copy(f->cache, text(key), buf, sizeof buf, &n);
    if (st == ALICE_E_NOENT) {
        assert_int_equal(n, 0);
        return false;
    }
    assert_ok(st);
    assert_int_equal(n, strlen(value));
    assert_memory_equal(buf, value, n);
    return true;
}

/* Set numbered keys until one of them was evicted; how many. */
static unsigned fill(struct fixture *f, unsigned from, size_t size)
{
    uint8_t value[600] = {0};
    char key[16];
    uint64_t before = stats_of(f->cache).evictions;
    unsigned i = from;
    while (stats_of(f->cache).evictions == before) {
        snprintf(key, sizeof key, "%u", i++);
        assert_ok(alice_cache_set(f->cache, text(key), (alice_bytes){value, size},
                                  ALICE_TTL_DEFAULT));
        assert_true(i - from < 100000);
    }
    return i - from;
}

static void sets_and_gets(void **state)
{
    (void)state;
    struct fixture *f = started();
    set(f, "key", "value");
    assert_true(has(f, "key", "value"));
    assert_false(has(f, "other", ""));
    set(f, "key", "something else, and longer");
    assert_true(has(f, "key", "something else, and longer"));
    set(f, "", "a key of no bytes");
    assert_true(has(f, "", "a key of no bytes"));
    set(f, "nothing", "");
    assert_true(has(f, "nothing", ""));
    alice_pin pin;
    assert_ok(alice_cache_get(f->cache, text("nothing"), &pin));
    assert_non_null(pin.p);
    assert_int_equal(pin.n, 0);
    alice_cache_unpin(&pin);
    alice_cache_stats st = stats_of(f->cache);
    assert_int_equal(st.items, 3);
    assert_int_equal(st.hits, 5);
    assert_int_equal(st.misses, 1);
    assert_true(st.hit_rate > 0.83 && st.hit_rate < 0.84);
    assert_int_equal(st.sets, 4);
    assert_int_equal(st.max_size_bytes, 64 * ALICE_KB);
    assert_true(st.max_size_mb == 0.0625);
    assert_true(st.size_mb > 0 && st.size_bytes <= st.peak_bytes);
    stop(f);
}

static void copies_only_what_fits(void **state)
{
    (void)state;
    struct fixture *f = started();
    char buf[4] = "xyz";
    size_t n = 0;
    set(f, "k", "12345");
    assert_status(alice_cache_get_copy(f->cache, text("k"), buf, 4, &n), ALICE_E_TOOBIG);
    assert_int_equal(n, 5);
    assert_string_equal(buf, "xyz");
    assert_status(alice_cache_get_copy(f->cache, text("k"), NULL, 0, &n), ALICE_E_TOOBIG);
    assert_status(alice_cache_get_copy(f->cache, text("k"), NULL, 4, &n), ALICE_E_INVAL);
    stop(f);
}

/* The same answers as one by one, over several shards, with misses and what has expired. */
static void many_are_looked_up_at_once(void **state)
{
    (void)state;
    enum { N = 100 };
    for (unsigned policy = 0; policy <= ALICE_CACHE_S3FIFO; policy++) {
        struct fixture *f = fixture();
        f->options.max_bytes = ALICE_MB;
        f->options.shards = 8;
        f->options.policy = (alice_cache_policy)policy;
        start(f);
        char keys[N][8], bufs[N][8];
        alice_cache_lookup lookups[N];
        for (unsigned i = 0; i < N; i++) {
            snprintf(keys[i], sizeof keys[i], "%u", i);
            alice_bytes value = {(const uint8_t *)keys[i], i == 50 ? 9 : strlen(keys[i])};
            if (i % 3)
                assert_ok(alice_cache_set(f->cache, text(keys[i]), value, i % 3 == 2 ? 8 : 0));
            lookups[i] = (alice_cache_lookup){text(keys[i]), bufs[i], 8, 1, ALICE_OK};
        }
        size_t found = 0;
        for (unsigned late = 0; late < 2; late++) {
            for (unsigned i = 0; i < N; i++)
                found += i % 3 == 1 || (i % 3 == 2 && !late && i != 50);
            assert_int_equal(alice_cache_get_many(f->cache, lookups, N), found);
            for (unsigned i = 0; i < N; i++) {
                bool there = i % 3 == 1 || (i % 3 == 2 && !late);
                assert_int_equal(lookups[i].status, !there    ? ALICE_E_NOENT
                                                    : i == 50 ? ALICE_E_TOOBIG
                                                              : ALICE_OK);
                assert_int_equal(lookups[i].n, !there ? 0 : i == 50 ? 9 : strlen(keys[i]));
                if (there && i != 50)
                    assert_memory_equal(bufs[i], keys[i], lookups[i].n);
            }
            f->clock.now_ns += 8 * MS;
            found = 0;
        }
        alice_cache_stats st = stats_of(f->cache);
        assert_int_equal(st.hits, 99);
        assert_int_equal(st.misses, 101);
        assert_int_equal(st.expirations, 33);
        lookups[7].key = (alice_bytes){NULL, 1};
        assert_int_equal(alice_cache_get_many(f->cache, lookups, N), 0);
        assert_int_equal(lookups[0].status, ALICE_E_INVAL);
        assert_int_equal(alice_cache_get_many(NULL, lookups, 2), 0);
        assert_int_equal(alice_cache_get_many(f->cache, NULL, 0), 0);
        stop(f);
    }
}

static void pins_hold_through_everything(void **state)
{
    (void)state;
    struct fixture *f = started();
    alice_pin old, removed, evicted, none = {"anything", 1, NULL, NULL};
    set(f, "k", "first");
    assert_ok(alice_cache_get(f->cache, text("k"), &old));
    set(f, "k", "second");
    assert_ok(alice_cache_get(f->cache, text("k"), &removed));
    assert_ok(alice_cache_remove(f->cache, text("k")));
    set(f, "e", "third");
    assert_ok(alice_cache_get(f->cache, text("e"), &evicted));
    for (unsigned i = 0; i < 3; i++)
        fill(f, i * 10000, 200);
    check(f);
    assert_int_equal(stats_of(f->cache).pinned, 3);
    assert_memory_equal(old.p, "first", 5);
    assert_memory_equal(removed.p, "second", 6);
    assert_memory_equal(evicted.p, "third", 5);
    assert_true(has(f, "e", "third")); /* pinned values are not evicted */
    alice_cache_clear(f->cache);
    assert_memory_equal(evicted.p, "third", 5);
    check(f);
    alice_cache_unpin(&old);
    alice_cache_unpin(&removed);
    alice_cache_unpin(&evicted);
    assert_null(evicted.p);
    alice_cache_unpin(&evicted);
    alice_cache_unpin(NULL);
    assert_status(alice_cache_get(f->cache, text("k"), &none), ALICE_E_NOENT);
    assert_null(none.p); /* whatever was there before */
    alice_cache_unpin(&none);
    assert_int_equal(stats_of(f->cache).pinned, 0);
    assert_int_equal(stats_of(f->cache).size_bytes, 0);
    stop(f);
}

static void a_pinned_one_can_be_evicted_afterwards(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    f->options.policy = ALICE_CACHE_LRU;
    start(f);
    alice_pin pin;
    set(f, "p", "value");
    assert_ok(alice_cache_get(f->cache, text("p"), &pin));
    fill(f, 0, 200);
    fill(f, 10000, 200);
    alice_cache_unpin(&pin);
    for (unsigned i = 2; i < 400; i++)
        fill(f, i * 1000, 200);
    assert_false(has(f, "p", ""));
    stop(f);
}

static void no_room_where_all_is_pinned(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    f->options.single_thread = true; /* so that the checker is exact */
    start(f);
    alice_pin pins[300];
    alice_pin refs_pins[300];
    uint8_t value[400] = {0};
    char key[16];
    unsigned n = 0;
    alice_status st = ALICE_OK;
    while (st == ALICE_OK) {
        snprintf(key, sizeof key, "%u", n);
        st = alice_cache_set(f->cache, text(key), (alice_bytes){value, sizeof value}, 0);
        if (st == ALICE_OK)
            assert_ok(alice_cache_get(f->cache, text(key), &pins[n++]));
        assert_true(n < 300);
    }
    assert_int_equal(st, ALICE_E_BUSY);
    assert_int_equal(stats_of(f->cache).rejections, 1);
    assert_int_equal(stats_of(f->cache).evictions, 0);
    check(f);
    /* Not even for a ref, whose bytes would fit, but not its entry. */
    f->options.max_bytes += 500;
    assert_ok(alice_cache_resize(f->cache, f->options.max_bytes));
    unsigned refs = 0;
    do {
        snprintf(key, sizeof key, "ref %u", refs);
        st = alice_cache_set_ref(f->cache, text(key), value, 1, NULL, NULL, 0);
        if (st == ALICE_OK)
            assert_ok(alice_cache_get(f->cache, text(key), &refs_pins[refs++]));
        assert_true(refs < 300);
    } while (st == ALICE_OK);
    assert_int_equal(st, ALICE_E_BUSY);
    check(f);
    while (refs > 0)
        alice_cache_unpin(&refs_pins[--refs]);
    while (n > 0)
        alice_cache_unpin(&pins[--n]);
    set(f, "now", "there is room");
    stop(f);
}

static void bounded_by_bytes(void **state)
{
    (void)state;
    for (unsigned policy = 0; policy <= ALICE_CACHE_S3FIFO; policy++) {
        struct fixture *f = fixture();
        f->options.policy = (alice_cache_policy)policy;
        f->options.max_bytes = 256 * ALICE_KB;
        start(f);
        size_t sizes[] = {10, 3000, 100, 20000, 500, 1, 70000};
        uint8_t *value = calloc(1, 71000);
        for (unsigned i = 0; i < 4000; i++) {
            char key[16];
            snprintf(key, sizeof key, "%u", i);
            assert_ok(alice_cache_set(f->cache, text(key),
                                      (alice_bytes){value, sizes[i / 50 % 7] + i % 50}, 0));
            alice_cache_stats st = stats_of(f->cache);
            assert_true(st.size_bytes <= f->options.max_bytes);
            assert_true(f->faulty.live_bytes <= alice_cache_footprint(&f->options));
            if (i % 16 == 0)
                check(f);
        }
        assert_true(stats_of(f->cache).peak_bytes <= f->options.max_bytes);
        free(value);
        stop(f);
    }
}

static void too_big_is_refused_and_counted(void **state)
{
    (void)state;
    struct fixture *f = started();
    uint8_t *value = calloc(1, 70 * ALICE_KB);
    set(f, "other", "stays");
    set(f, "big", "small yet");
    assert_status(
        alice_cache_set(f->cache, text("big"), (alice_bytes){value, 64 * ALICE_KB}, 0),
        ALICE_E_TOOBIG);
    assert_status(alice_cache_set(f->cache, (alice_bytes){value, 66 * ALICE_KB}, text("v"), 0),
                  ALICE_E_TOOBIG);
    assert_status(alice_cache_set_ref(f->cache, text("big"), value, SIZE_MAX, NULL, NULL, 0),
                  ALICE_E_TOOBIG);
    assert_int_equal(stats_of(f->cache).rejections, 3);
    assert_true(has(f, "other", "stays"));
    assert_false(has(f, "big", "")); /* out of date, so gone */
    assert_ok(alice_cache_set(f->cache, text("big"), (alice_bytes){value, 55 * ALICE_KB}, 0));
    free(value);
    stop(f);
}

static void lru_order(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    f->options.policy = ALICE_CACHE_LRU;
    f->options.on_evict = on_evict;
    f->options.on_evict_ctx = f;
    start(f);
    set(f, "a", "1");
    set(f, "b", "2");
    set(f, "c", "3");
    assert_true(has(f, "a", "1"));
    fill(f, 0, 300);
    assert_string_equal(f->told[0].key, "b");
    assert_int_equal(f->told[0].reason, ALICE_CACHE_EVICTED);
    stop(f);
}

/* A walk over many keys does not flush what is in use, by the default; by LRU it does. */
static void a_scan_does_not_flush(void **state)
{
    (void)state;
    for (unsigned policy = 0; policy <= ALICE_CACHE_S3FIFO; policy++) {
        struct fixture *f = fixture();
        f->options.policy = (alice_cache_policy)policy;
        start(f);
        set(f, "wanted", "again and again");
        for (unsigned i = 0; i < 3; i++)
            assert_true(has(f, "wanted", "again and again"));
        for (unsigned i = 0; i < 2000; i++) {
            char key[16];
            snprintf(key, sizeof key, "scan %u", i);
            set(f, key, "seen once, and never again, by nobody at all");
        }
        assert_int_equal(has(f, "wanted", "again and again"), policy != ALICE_CACHE_LRU);
        stop(f);
    }
}

static void expires_by_the_clock(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    f->options.ttl_ms = 60000;
    start(f);
    set(f, "default", "v");
    assert_ok(alice_cache_set(f->cache, text("short"), text("v"), 100));
    assert_ok(alice_cache_set(f->cache, text("never"), text("v"), ALICE_TTL_NEVER));
    f->clock.now_ns += 99 * MS;
    assert_true(has(f, "short", "v"));
    f->clock.now_ns += MS;
    assert_false(has(f, "short", "v"));
    assert_int_equal(stats_of(f->cache).expirations, 1);
    f->clock.now_ns += 59896 * MS;
    assert_true(has(f, "default", "v"));
    f->clock.now_ns += 4 * MS;
    assert_false(alice_cache_has(f->cache, text("default")));
    assert_status(alice_cache_remove(f->cache, text("default")), ALICE_E_NOENT);
    f->clock.now_ns += UINT64_C(4000000000) * MS;
    assert_true(has(f, "never", "v"));
    stop(f);
}

static void a_hit_renews_where_asked(void **state)
{
    (void)state;
    for (unsigned renew = 0; renew < 2; renew++) {
        struct fixture *f = fixture();
        f->options.ttl_ms = 1000;
        f->options.ttl_after_access = renew;
        start(f);
        set(f, "k", "v");
        for (unsigned i = 0; i < 10; i++) {
            f->clock.now_ns += 900 * MS;
            assert_int_equal(has(f, "k", "v"), renew || i == 0);
            alice_cache_expire(f->cache, 0);
            check(f);
        }
        f->clock.now_ns += 1000 * MS;
        assert_false(has(f, "k", "v"));
        stop(f);
    }
}

/* Everything due is freed, nothing else, for times to live on every level of the wheel. */
static void expiry_frees_what_is_due(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    f->options.max_bytes = ALICE_MB;
    start(f);
    static const uint32_t ttls[] = {4,       1000,     5000,      100000,     400000,
                                    9000000, 40000000, 900000000, 2000000000, 4294967290};
    uint64_t start_ns = f->clock.now_ns;
    for (unsigned i = 0; i < 10; i++) {
        for (unsigned j = 0; j < 20; j++) {
            char key[16];
            snprintf(key, sizeof key, "%u %u", i, j);
            assert_ok(alice_cache_set(f->cache, text(key), text("v"), ttls[i]));
        }
    }
    for (unsigned i = 0; i < 10; i++) {
        uint64_t due = start_ns + ttls[i] * MS;
        f->clock.now_ns = due - MS;
        assert_int_equal(alice_cache_expire(f->cache, 0), 0);
        f->clock.now_ns = due + 64 * MS + 4 * MS;
        assert_int_equal(alice_cache_expire(f->cache, 0), 20);
        assert_int_equal(stats_of(f->cache).items, 180 - 20 * i);
        check(f);
    }
    stop(f);
}

/* What is set again in its place has its new time to live, be it longer or shorter. */
static void a_set_again_begins_its_time_anew(void **state)
{
    (void)state;
    for (unsigned renew = 0; renew < 2; renew++) {
        struct fixture *f = fixture();
        f->options.max_bytes = ALICE_MB;
        f->options.ttl_after_access = renew;
        start(f);
        assert_ok(alice_cache_set(f->cache, text("longer"), text("1"), 1000));
        assert_ok(alice_cache_set(f->cache, text("shorter"), text("1"), 100000));
        f->clock.now_ns += 800 * MS;
        assert_ok(alice_cache_set(f->cache, text("longer"), text("2"), 5000));
        assert_ok(alice_cache_set(f->cache, text("shorter"), text("2"), 1000));
        check(f);
        f->clock.now_ns += 996 * MS; /* the old time of the first is over */
        assert_int_equal(alice_cache_expire(f->cache, 0), 0);
        f->clock.now_ns += (64 + 4) * MS;
        assert_int_equal(alice_cache_expire(f->cache, 0), 1);
        assert_false(has(f, "shorter", "2"));
        assert_int_equal(stats_of(f->cache).items, 1);
        f->clock.now_ns += (3000 - 64) * MS;
        assert_int_equal(alice_cache_expire(f->cache, 0), 0);
        check(f);
        f->clock.now_ns += (1000 + 64) * MS;
        assert_int_equal(alice_cache_expire(f->cache, 0), 1);
        assert_int_equal(stats_of(f->cache).items, 0);
        check(f);
        stop(f);
    }
}

/* Two keys of `n` bytes that differ in the 4 from `at` on, and have the same tag. */
static void find_collision(uint8_t *one, uint8_t *other, size_t n, size_t at, uint64_t seed)
{
    enum { SLOTS = 1 << 19 };
    uint32_t *seen = calloc(SLOTS, 2 * sizeof *seen); /* tags, and numbers that have them */
    bool found = false;
    assert_non_null(seen);
    for (uint32_t i = 1; i <= SLOTS / 2 && !found; i++) {
        memcpy(one + at, &i, sizeof i);
        uint32_t tag = (uint32_t)alice__hash64(one, n, seed);
        uint32_t slot = tag % SLOTS;
        while (seen[2 * slot + 1] && seen[2 * slot] != tag)
            slot = (slot + 1) % SLOTS;
        found = seen[2 * slot + 1] != 0;
        if (found)
            memcpy(other + at, &seen[2 * slot + 1], sizeof *seen);
        seen[2 * slot] = tag;
        seen[2 * slot + 1] = i;
    }
    assert_true(found);
    free(seen);
}

/* Of keys with the same tag the bytes decide, wherever in the key they stand. */
static void keys_of_one_tag_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        size_t n, at;
    } cases[] = {{4, 0},  {7, 3},   {8, 4},   {9, 5},  {13, 0},  {16, 0},   {16, 12},
                 {20, 8}, {32, 16}, {32, 28}, {33, 0}, {33, 29}, {200, 100}};
    struct fixture *f = started();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t one[200] = {0}, other[200] = {0};
        size_t n = cases[i].n;
        find_collision(one, other, n, cases[i].at, f->options.seed);
        assert_ok(alice_cache_set(f->cache, (alice_bytes){one, n}, text("1"), ALICE_TTL_NEVER));
        assert_true(alice_cache_has(f->cache, (alice_bytes){one, n}));
        assert_false(alice_cache_has(f->cache, (alice_bytes){other, n}));
        assert_ok(
            alice_cache_set(f->cache, (alice_bytes){other, n}, text("2"), ALICE_TTL_NEVER));
        assert_ok(alice_cache_remove(f->cache, (alice_bytes){one, n}));
        assert_true(alice_cache_has(f->cache, (alice_bytes){other, n}));
        assert_false(alice_cache_has(f->cache, (alice_bytes){one, n}));
    }
    stop(f);
}

static void expiry_is_bounded_work(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    f->options.max_bytes = ALICE_MB;
    f->options.ttl_ms = 1000;
    start(f);
    for (unsigned i = 0; i < 1000; i++) {
        char key[16];
        snprintf(key, sizeof key, "%u", i);
        set(f, key, "v");
    }
    f->clock.now_ns += 10000 * MS;
    assert_int_equal(alice_cache_expire(f->cache, 100), 100);
    check(f);
    /* Each set frees a few of them, so that they go without anybody asking. */
    for (unsigned i = 0; i < 113; i++) {
        size_t before = stats_of(f->cache).items;
        set(f, "new", "v");
        assert_true(before - stats_of(f->cache).items <= 8);
    }
    assert_int_equal(stats_of(f->cache).items, 1);
    assert_int_equal(stats_of(f->cache).expirations, 1000);
    stop(f);
}

/* Nobody looked for so long that 32-bit ticks went round: nothing comes back to life. */
static void a_long_sleep(void **state)
{
    (void)state;
    struct fixture *f = started();
    assert_ok(alice_cache_set(f->cache, text("k"), text("v"), 1000));
    f->clock.now_ns += (UINT64_C(1) << 32) * 4 * MS + 500 * MS - (UINT64_C(1) << 28) * 4 * MS;
    set(f, "other", "v");
    assert_int_equal(stats_of(f->cache).items, 1);
    assert_int_equal(stats_of(f->cache).expirations, 1);
    assert_false(has(f, "k", "v"));
    stop(f);
}

static void tells_why(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    f->options.on_evict = on_evict;
    f->options.on_evict_ctx = f;
    start(f);
    set(f, "replaced", "1");
    set(f, "replaced", "22");
    set(f, "removed", "333");
    assert_ok(alice_cache_remove(f->cache, text("removed")));
    assert_ok(alice_cache_set(f->cache, text("expired"), text("4444"), 4));
    f->clock.now_ns += 5 * MS;
    assert_false(has(f, "expired", ""));
    alice_cache_clear(f->cache);
    static const struct told want[] = {{"replaced", 1, ALICE_CACHE_REPLACED},
                                       {"removed", 3, ALICE_CACHE_REMOVED},
                                       {"expired", 4, ALICE_CACHE_EXPIRED},
                                       {"replaced", 2, ALICE_CACHE_CLEARED}};
    assert_int_equal(f->told_count, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_string_equal(f->told[i].key, want[i].key);
        assert_int_equal(f->told[i].value_size, want[i].value_size);
        assert_int_equal(f->told[i].reason, want[i].reason);
    }
    /* Somebody who is pinned is told of when he is let go of. */
    alice_pin pin;
    set(f, "pinned", "55555");
    assert_ok(alice_cache_get(f->cache, text("pinned"), &pin));
    assert_ok(alice_cache_remove(f->cache, text("pinned")));
    assert_int_equal(f->told_count, 4);
    alice_cache_unpin(&pin);
    assert_int_equal(f->told_count, 5);
    set(f, "last", "666666");
    assert_ok(alice_cache_close(&f->cache));
    assert_int_equal(f->told_count, 6);
    assert_string_equal(alice_cache_reason_name(f->told[5].reason), "cleared");
    assert_string_equal(alice_cache_reason_name((alice_cache_reason)99), "unknown");
    stop(f);
}

static void set_again(void *ctx, alice_bytes key, alice_bytes value, alice_cache_reason reason)
{
    struct fixture *f = ctx;
    (void)key;
    (void)value;
    if (reason != ALICE_CACHE_EVICTED || f->told_count++ >= 50)
        return;
    alice_status st = alice_cache_set(f->cache, text("from the callback"), text("works"), 0);
    assert_true(st == ALICE_OK || st == ALICE_E_BUSY); /* in a callback of a callback of … */
}

static void callbacks_may_use_the_cache(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    f->options.on_evict = set_again;
    f->options.on_evict_ctx = f;
    start(f);
    fill(f, 0, 300);
    assert_true(has(f, "from the callback", "works"));
    for (unsigned i = 1; i < 50; i++)
        fill(f, i * 1000, 300);
    stop(f);
}

/* Whatever leaves is put back, for whatever reason it left. */
static void put_back(void *ctx, alice_bytes key, alice_bytes value, alice_cache_reason reason)
{
    struct fixture *f = ctx;
    uint8_t copy[600];
    alice_pin pin;
    memcpy(copy, value.p, value.n);
    alice_status st =
        alice_cache_set(f->cache, key, (alice_bytes){copy, value.n}, ALICE_TTL_DEFAULT);
    f->told_count++;
    if (reason == ALICE_CACHE_CLEARED) {
        assert_status(st, ALICE_E_CLOSED);
        assert_status(alice_cache_remove(f->cache, key), ALICE_E_CLOSED);
        assert_status(alice_cache_resize(f->cache, ALICE_MB), ALICE_E_CLOSED);
        assert_status(alice_cache_get(f->cache, key, &pin), ALICE_E_CLOSED);
    } else {
        assert_true(st == ALICE_OK || st == ALICE_E_BUSY);
    }
    assert_status(alice_cache_close(&f->cache), ALICE_E_BUSY);
    assert_non_null(f->cache);
}

/* Who puts back what goes is refused in the end: each set returns, and so does close. */
static void what_is_put_back_ends(void **state)
{
    (void)state;
    for (unsigned policy = 0; policy <= ALICE_CACHE_S3FIFO; policy++) {
        struct fixture *f = fixture();
        f->options.policy = (alice_cache_policy)policy;
        f->options.on_evict = put_back;
        f->options.on_evict_ctx = f;
        start(f);
        uint8_t value[600] = {0};
        unsigned stored = 0;
        for (unsigned i = 0; i < 3000; i++) {
            char key[16];
            snprintf(key, sizeof key, "%u", i);
            alice_status st =
                alice_cache_set(f->cache, text(key), (alice_bytes){value, 50 + i % 540}, 0);
            assert_true(st == ALICE_OK || st == ALICE_E_BUSY);
            stored += st == ALICE_OK;
            if (i % 100 == 0)
                check(f);
        }
        assert_true(stored > 100 && f->told_count > 0);
        check(f);
        assert_ok(alice_cache_close(&f->cache));
        stop(f);
    }
}

/* Removes the next of a chain of keys. */
static void remove_next(void *ctx, alice_bytes key, alice_bytes value,
                        alice_cache_reason reason)
{
    struct fixture *f = ctx;
    char next[16];
    unsigned n = 0;
    uintptr_t here = (uintptr_t)&n;
    (void)value;
    if (reason != ALICE_CACHE_REMOVED)
        return;
    if (f->told_count++ == 0)
        f->deepest = f->shallowest = here;
    f->deepest = here < f->deepest ? here : f->deepest;
    memcpy(next, key.p, key.n);
    next[key.n] = 0;
    snprintf(next, sizeof next, "%u", (unsigned)strtoul(next, NULL, 10) + 1);
    alice_status st = alice_cache_remove(f->cache, text(next));
    assert_true(st == ALICE_OK || st == ALICE_E_NOENT);
}

/* A chain of callbacks, each of which makes the next leave, does not grow the stack. */
static void callbacks_do_not_recurse(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    f->options.max_bytes = 4 * ALICE_MB;
    f->options.on_evict = remove_next;
    f->options.on_evict_ctx = f;
    start(f);
    for (unsigned i = 0; i < 2000; i++) {
        char key[16];
        snprintf(key, sizeof key, "%u", i);
        set(f, key, "v");
    }
    assert_ok(alice_cache_remove(f->cache, text("0")));
    assert_int_equal(f->told_count, 2000);
    assert_int_equal(stats_of(f->cache).items, 0);
    assert_true(f->shallowest - f->deepest < 32768);
    stop(f);
}

static void jump_out(void *ctx, alice_bytes key, alice_bytes value, alice_cache_reason reason)
{
    struct fixture *f = ctx;
    (void)key;
    (void)value;
    if (reason == ALICE_CACHE_REMOVED)
        longjmp(f->way_out, 1);
}

/* Forbidden, and noticed: the cache goes on, and says so when it is closed. */
static void a_callback_that_jumps_is_noticed(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    f->options.on_evict = jump_out;
    f->options.on_evict_ctx = f;
    start(f);
    set(f, "k", "v");
    set(f, "other", "v");
    if (setjmp(f->way_out) == 0)
        (void)alice_cache_remove(f->cache, text("k"));
    assert_true(has(f, "other", "v"));
    assert_status(alice_cache_close(&f->cache), ALICE_E_DAMAGED);
    assert_null(f->cache);
    stop(f);
}

static void close_waits_for_nobody(void **state)
{
    (void)state;
    struct fixture *f = started();
    alice_pin pin;
    set(f, "k", "v");
    assert_ok(alice_cache_get(f->cache, text("k"), &pin));
    assert_status(alice_cache_close(&f->cache), ALICE_E_BUSY);
    assert_true(has(f, "k", "v")); /* as it was */
    alice_cache_unpin(&pin);
    assert_ok(alice_cache_close(&f->cache));
    stop(f);
}

static void a_pin_too_many_is_refused(void **state)
{
    (void)state;
    struct fixture *f = started();
    alice_pin *pins = calloc(40000, sizeof *pins);
    unsigned n = 0;
    alice_status st = ALICE_OK;
    set(f, "k", "v");
    while (st == ALICE_OK && n < 40000) {
        pins[n] = (alice_pin){"anything", 1, NULL, NULL};
        st = alice_cache_get(f->cache, text("k"), &pins[n++]);
    }
    assert_status(st, ALICE_E_BUSY);
    assert_int_equal(n, 32001);
    assert_null(pins[--n].p);
    while (n > 0)
        alice_cache_unpin(&pins[--n]);
    free(pins);
    stop(f);
}

static void the_largest_can_be_asked_for(void **state)
{
    (void)state;
    static const size_t bounds[] = {64 * 1024, 1 << 20, 16 << 20, 100 << 20};
    for (unsigned i = 0; i < 4; i++) {
        struct fixture *f = fixture();
        f->options.max_bytes = bounds[i];
        f->options.largest_value = bounds[i] / 2;
        start(f);
        size_t largest = alice_cache_largest(f->cache);
        assert_true(largest >= bounds[i] / 2);
        uint8_t *value = calloc(1, largest);
        char key[257] = {0};
        memset(key, 'k', 256);
        assert_ok(alice_cache_set(f->cache, text(key), (alice_bytes){value, largest}, 1000));
        check(f);
        assert_ok(alice_cache_remove(f->cache, text(key)));
        assert_ok(alice_cache_set(f->cache, text("k"), (alice_bytes){value, bounds[i] / 2}, 0));
        free(value);
        stop(f);
    }
    struct fixture *f = fixture();
    f->options.max_bytes = 16 * ALICE_MB;
    f->options.largest_value = 8 * ALICE_MB;
    f->options.shards = 4;
    assert_status(alice_cache_open(&f->cache, &f->options), ALICE_E_INVAL);
    assert_int_equal(alice_cache_largest(NULL), 0);
    stop(f);
}

static void follows_the_settings(void **state)
{
    (void)state;
    alice_config config = {.cache_size_mb = 64, .cache_ttl_seconds = 4294968};
    alice_cache_options o = alice_cache_defaults(&config);
    assert_int_equal(o.max_bytes, 64 * ALICE_MB);
    assert_int_equal(o.ttl_ms, UINT32_MAX - 1); /* not 704 ms */
    config.cache_ttl_seconds = ALICE_CONFIG_NONE;
    assert_int_equal(alice_cache_defaults(&config).ttl_ms, ALICE_TTL_NEVER);
}

static void refs_are_destroyed_once(void **state)
{
    (void)state;
    struct fixture *f = started();
    for (unsigned i = 0; i < 100; i++) {
        char key[16];
        char *p = malloc(1000);
        snprintf(key, sizeof key, "%u", i % 80);
        assert_ok(alice_cache_set_ref(f->cache, text(key), p, 1000, destroy, f, 0));
        check(f);
    }
    alice_pin pin;
    assert_ok(alice_cache_get(f->cache, text("19"), &pin));
    assert_int_equal(pin.n, 1000);
    alice_cache_unpin(&pin);
    assert_int_equal(f->destroyed + stats_of(f->cache).items, 100);
    assert_true(stats_of(f->cache).items < 62);
    assert_status(alice_cache_set_ref(f->cache, text("null"), NULL, 0, NULL, NULL, 0),
                  ALICE_E_INVAL);
    alice_cache_clear(f->cache);
    assert_int_equal(f->destroyed, 100);
    stop(f);
}

static void clear_gives_everything_back(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    f->options.max_bytes = 4 * ALICE_MB;
    f->options.ttl_ms = 1000;
    start(f);
    size_t empty = f->faulty.live_bytes;
    assert_true(empty <= 2048); /* what a cache costs beside its bound */
    fill(f, 0, 100);
    alice_cache_clear(f->cache);
    assert_int_equal(stats_of(f->cache).items, 0);
    assert_int_equal(f->faulty.live_bytes, empty);
    assert_int_equal(alice_cache_bytes(f->cache), empty);
    stop(f);
}

static void resizes(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    f->options.max_bytes = 512 * ALICE_KB;
    start(f);
    unsigned n = fill(f, 0, 100);
    assert_ok(alice_cache_resize(f->cache, 64 * ALICE_KB));
    alice_cache_stats st = stats_of(f->cache);
    assert_true(st.size_bytes <= 64 * ALICE_KB);
    assert_true(f->faulty.live_bytes <= 64 * ALICE_KB + 2048);
    assert_int_equal(st.max_size_bytes, 64 * ALICE_KB);
    assert_true(st.items > n / 16 && st.items < n / 6);
    check(f);
    assert_ok(alice_cache_resize(f->cache, 512 * ALICE_KB));
    fill(f, 0, 100);
    assert_true(stats_of(f->cache).items > n - n / 20);
    assert_status(alice_cache_resize(f->cache, 100), ALICE_E_INVAL);
    alice_pin pin;
    uint8_t *big = calloc(1, 100000);
    assert_ok(alice_cache_set(f->cache, text("big"), (alice_bytes){big, 100000}, 0));
    assert_ok(alice_cache_get(f->cache, text("big"), &pin));
    assert_status(alice_cache_resize(f->cache, 64 * ALICE_KB), ALICE_E_BUSY);
    alice_cache_unpin(&pin);
    assert_true(stats_of(f->cache).size_bytes <= 64 * ALICE_KB);
    f->options.max_bytes = 64 * ALICE_KB;
    free(big);
    stop(f);
}

/* --- going through it ------------------------------------------------------------- */

struct seen {
    alice_cache *cache;
    unsigned count[3000];
    unsigned told, stop_at;
    bool meddles; /* sets, replaces and removes others on the way */
};

static bool see(void *ctx, alice_bytes key, alice_bytes value)
{
    struct seen *seen = ctx;
    uint32_t n;
    assert_int_equal(key.n, 4);
    memcpy(&n, key.p, 4);
    assert_true(n < 3000 && value.n == n % 200);
    seen->count[n]++;
    if (seen->meddles) {
        uint32_t other = (n * 7 + 1) % 3000 | 1; /* the even are left alone */
        uint8_t v[200] = {0};
        alice_bytes k = {(const uint8_t *)&other, 4};
        if (other % 3)
            (void)alice_cache_remove(seen->cache, k);
        else
            assert_ok(alice_cache_set(seen->cache, k, (alice_bytes){v, other % 200}, 0));
    }
    return ++seen->told != seen->stop_at;
}

static bool is_third(void *ctx, alice_bytes key, alice_bytes value)
{
    uint32_t n;
    (void)ctx;
    (void)value;
    memcpy(&n, key.p, 4);
    return n % 3 == 0;
}

static struct fixture *three_thousand(unsigned shards)
{
    struct fixture *f = fixture();
    uint8_t value[200] = {0};
    f->options.max_bytes = 4 * ALICE_MB;
    f->options.shards = shards;
    start(f);
    for (uint32_t i = 0; i < 3000; i++)
        assert_ok(alice_cache_set(f->cache, (alice_bytes){(const uint8_t *)&i, 4},
                                  (alice_bytes){value, i % 200}, i == 1 ? 4 : 0));
    f->clock.now_ns += 4 * MS; /* 1 has expired, and is nowhere to be seen */
    return f;
}

static void each_is_told_of_once(void **state)
{
    (void)state;
    for (unsigned meddles = 0; meddles < 2; meddles++) {
        struct fixture *f = three_thousand(1 + meddles);
        struct seen seen = {.cache = f->cache, .meddles = meddles};
        size_t n = alice_cache_each(f->cache, see, &seen);
        assert_int_equal(n, seen.told);
        for (unsigned i = 0; i < 3000; i++) {
            if (i % 2 == 0 || (!meddles && i != 1))
                assert_int_equal(seen.count[i], 1);
            else
                assert_true(seen.count[i] <= 1 + meddles);
        }
        seen.stop_at = seen.told + 5;
        seen.meddles = false;
        assert_int_equal(alice_cache_each(f->cache, see, &seen), 5);
        assert_int_equal(stats_of(f->cache).pinned, 0);
        assert_int_equal(stats_of(f->cache).hits, 0);
        assert_int_equal(alice_cache_each(f->cache, NULL, NULL), 0);
        stop(f);
    }
}

static void removes_what_is_said(void **state)
{
    (void)state;
    struct fixture *f = three_thousand(4);
    assert_int_equal(alice_cache_remove_if(f->cache, is_third, NULL), 1000);
    assert_int_equal(alice_cache_remove_if(f->cache, is_third, NULL), 0);
    check(f);
    set(f, "photo/1", "a");
    set(f, "photo/2", "b");
    set(f, "photos", "c");
    assert_int_equal(alice_cache_remove_prefix(f->cache, text("photo/")), 2);
    assert_true(has(f, "photos", "c"));
    assert_int_equal(alice_cache_remove_prefix(f->cache, (alice_bytes){NULL, 1}), 0);
    assert_int_equal(alice_cache_remove_prefix(f->cache, text("")), 2000);
    assert_int_equal(alice_cache_remove_if(NULL, is_third, NULL), 0);
    stop(f);
}

static void adds_only_what_is_missing(void **state)
{
    (void)state;
    struct fixture *f = started();
    assert_ok(alice_cache_add(f->cache, text("k"), text("first"), 8));
    assert_status(alice_cache_add(f->cache, text("k"), text("second"), 8), ALICE_E_EXISTS);
    assert_true(has(f, "k", "first"));
    f->clock.now_ns += 8 * MS;
    assert_ok(alice_cache_add(f->cache, text("k"), text("third"), 0));
    assert_true(has(f, "k", "third"));
    assert_int_equal(stats_of(f->cache).expirations, 1);
    assert_status(alice_cache_add(NULL, text("k"), text("v"), 0), ALICE_E_INVAL);
    stop(f);
}

static void tells_how_long_it_lives(void **state)
{
    (void)state;
    struct fixture *f = started();
    uint32_t ms = 1;
    assert_status(alice_cache_ttl(f->cache, text("k"), &ms), ALICE_E_NOENT);
    assert_int_equal(ms, 0);
    set(f, "k", "v");
    assert_ok(alice_cache_ttl(f->cache, text("k"), &ms));
    assert_int_equal(ms, ALICE_TTL_NEVER);
    assert_ok(alice_cache_set(f->cache, text("k"), text("v"), 100));
    f->clock.now_ns += 40 * MS;
    assert_ok(alice_cache_ttl(f->cache, text("k"), &ms));
    assert_int_equal(ms, 60);
    f->clock.now_ns += 60 * MS;
    assert_status(alice_cache_ttl(f->cache, text("k"), &ms), ALICE_E_NOENT);
    assert_status(alice_cache_ttl(f->cache, text("k"), NULL), ALICE_E_INVAL);
    stop(f);
}

static void bounded_by_number(void **state)
{
    (void)state;
    for (unsigned policy = 0; policy <= ALICE_CACHE_S3FIFO; policy++) {
        struct fixture *f = fixture();
        f->options.policy = (alice_cache_policy)policy;
        f->options.max_bytes = 16 * ALICE_MB;
        f->options.max_items = 100;
        start(f);
        for (unsigned i = 0; i < 500; i++) {
            char key[16];
            snprintf(key, sizeof key, "%u", i);
            set(f, key, "v");
            assert_true(stats_of(f->cache).items <= 100);
        }
        assert_int_equal(stats_of(f->cache).items, 100);
        assert_int_equal(stats_of(f->cache).evictions, 400);
        alice_pin pins[100];
        unsigned n = 0;
        for (unsigned i = 0; i < 500 && n < 100; i++) {
            char key[16];
            snprintf(key, sizeof key, "%u", i);
            n += alice_cache_get(f->cache, text(key), &pins[n]) == ALICE_OK;
        }
        assert_status(alice_cache_set(f->cache, text("one more"), text("v"), 0), ALICE_E_BUSY);
        while (n > 0)
            alice_cache_unpin(&pins[--n]);
        set(f, "one more", "v");
        stop(f);
    }
    struct fixture *f = fixture();
    f->options.shards = 2;
    f->options.max_items = 1;
    assert_status(alice_cache_open(&f->cache, &f->options), ALICE_E_INVAL);
    stop(f);
}

static void scopes_let_go(void **state)
{
    (void)state;
    struct fixture *f = started();
    set(f, "k", "v");
    {
        alice_pin pin ALICE_PIN_SCOPED = {0};
        assert_ok(alice_cache_get(f->cache, text("k"), &pin));
        assert_int_equal(stats_of(f->cache).pinned, 1);
    }
    assert_int_equal(stats_of(f->cache).pinned, 0);
    {
        alice_cache *cache ALICE_CACHE_SCOPED = f->cache;
        f->cache = NULL;
        assert_true(alice_cache_has(cache, text("k")));
    }
    stop(f); /* all is given back */
}

/* --- loading ------------------------------------------------------------------- */

struct loader {
    struct fixture *f;
    unsigned runs;
    alice_status fail;
    const char *value;     /* NULL: none */
    const char *meanwhile; /* set the key to this while loading */
    bool nested;
    bool ref;
    bool evicts; /* room is made for it */
};

static alice_status load(void *ctx, alice_bytes key, alice_load *into)
{
    struct loader *l = ctx;
    void *p = NULL;
    l->runs++;
    if (l->meanwhile)
        assert_ok(alice_cache_set(l->f->cache, key, text(l->meanwhile), 0));
    if (l->nested) {
        alice_pin pin;
        assert_status(alice_cache_get_or_load(l->f->cache, key, load, l, &pin),
                      ALICE_E_DEADLOCK);
        l->nested = false;
        assert_ok(alice_cache_get_or_load(l->f->cache, text("another"), load, l, &pin));
        alice_cache_unpin(&pin);
    }
    if (l->ref) {
        size_t n = strlen(l->value);
        char *copy = malloc(n);
        memcpy(copy, l->value, n);
        assert_ok(alice_load_take(into, 10, &p));
        assert_ok(alice_load_ref(into, copy, n, destroy, l->f));
        assert_status(alice_load_ref(into, copy, n, destroy, l->f), ALICE_E_INVAL);
        assert_status(alice_load_take(into, n, &p), ALICE_E_INVAL);
    } else if (l->value) {
        size_t n = strlen(l->value);
        size_t before = stats_of(l->f->cache).size_bytes;
        alice_status st = alice_load_take(into, n + 1000, &p);
        if (st != ALICE_OK)
            return st;
        assert_true(l->evicts || stats_of(l->f->cache).size_bytes >= before + n + 1000);
        memcpy(p, l->value, n);
        st = alice_load_take(into, n, &p);
        if (st != ALICE_OK)
            return st;
        assert_memory_equal(p, l->value, n);
    }
    alice_load_ttl(into, 1000);
    return l->fail;
}

static void loads_what_is_missing(void **state)
{
    (void)state;
    struct fixture *f = started();
    struct loader l = {.f = f, .value = "loaded"};
    alice_pin pin;
    for (unsigned i = 0; i < 2; i++) {
        assert_ok(alice_cache_get_or_load(f->cache, text("k"), load, &l, &pin));
        assert_int_equal(pin.n, 6);
        assert_memory_equal(pin.p, "loaded", 6);
        alice_cache_unpin(&pin);
    }
    assert_int_equal(l.runs, 1);
    assert_int_equal(stats_of(f->cache).loads, 1);
    f->clock.now_ns += 1001 * MS; /* by alice_load_ttl() */
    assert_false(has(f, "k", ""));
    check(f);
    l.fail = ALICE_E_IO;
    assert_status(alice_cache_get_or_load(f->cache, text("k"), load, &l, &pin), ALICE_E_IO);
    assert_false(has(f, "k", ""));
    l = (struct loader){.f = f};
    assert_status(alice_cache_get_or_load(f->cache, text("k"), load, &l, &pin), ALICE_E_NOENT);
    assert_null(pin.p);
    l = (struct loader){.f = f, .value = "nested", .nested = true};
    assert_ok(alice_cache_get_or_load(f->cache, text("k"), load, &l, &pin));
    alice_cache_unpin(&pin);
    assert_true(has(f, "another", "nested"));
    l = (struct loader){.f = f, .value = "a ref", .ref = true};
    assert_ok(alice_cache_get_or_load(f->cache, text("ref"), load, &l, &pin));
    assert_memory_equal(pin.p, "a ref", 5);
    alice_cache_unpin(&pin);
    l.fail = ALICE_E_IO;
    assert_status(alice_cache_get_or_load(f->cache, text("no"), load, &l, &pin), ALICE_E_IO);
    assert_int_equal(f->destroyed, 1);
    alice_cache_clear(f->cache);
    assert_int_equal(f->destroyed, 2);
    stop(f);
}

static void a_set_during_a_load_wins(void **state)
{
    (void)state;
    struct fixture *f = started();
    struct loader l = {.f = f, .value = "old", .meanwhile = "new"};
    alice_pin pin;
    assert_ok(alice_cache_get_or_load(f->cache, text("k"), load, &l, &pin));
    assert_memory_equal(pin.p, "old", 3);
    assert_true(has(f, "k", "new"));
    check(f);
    alice_cache_unpin(&pin);
    stop(f);
}

/* What was set long ago is loaded anew by who asks first; failing, it stays as it was. */
static void refreshes_what_was_set_long_ago(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    f->options.ttl_ms = 1000;
    f->options.refresh_ms = 600;
    start(f);
    set(f, "k", "old");
    struct loader l = {.f = f, .value = "new"};
    alice_pin pin;
    f->clock.now_ns += 596 * MS;
    assert_ok(alice_cache_get_or_load(f->cache, text("k"), load, &l, &pin));
    assert_memory_equal(pin.p, "old", 3);
    alice_cache_unpin(&pin);
    assert_int_equal(l.runs, 0);
    f->clock.now_ns += 4 * MS;
    l.fail = ALICE_E_IO;
    assert_ok(alice_cache_get_or_load(f->cache, text("k"), load, &l, &pin));
    assert_memory_equal(pin.p, "old", 3);
    alice_cache_unpin(&pin);
    l.fail = ALICE_OK;
    assert_ok(alice_cache_get_or_load(f->cache, text("k"), load, &l, &pin));
    assert_memory_equal(pin.p, "new", 3);
    alice_cache_unpin(&pin);
    assert_int_equal(l.runs, 2);
    assert_true(has(f, "k", "new"));
    assert_ok(alice_cache_get_or_load(f->cache, text("k"), load, &l, &pin));
    alice_cache_unpin(&pin);
    assert_int_equal(l.runs, 2);
    alice_cache_stats st = stats_of(f->cache);
    assert_int_equal(st.refreshes, 2);
    assert_int_equal(st.loads, 2);
    assert_int_equal(st.pinned, 0);
    stop(f);
}

static void a_load_too_big_is_refused(void **state)
{
    (void)state;
    struct fixture *f = started();
    char *big = malloc(70000);
    alice_pin pin;
    memset(big, 'x', 69999);
    big[69999] = 0;
    struct loader l = {.f = f, .value = big};
    assert_status(alice_cache_get_or_load(f->cache, text("k"), load, &l, &pin), ALICE_E_TOOBIG);
    free(big);
    stop(f);
}

enum { WAITERS = 8 };

struct gate {
    struct fixture *f;
    pthread_mutex_t lock;
    unsigned runs;
};

/* The loader does not return before all others wait for it. */
static alice_status slow_load(void *ctx, alice_bytes key, alice_load *into)
{
    struct gate *g = ctx;
    void *p;
    (void)key;
    pthread_mutex_lock(&g->lock);
    g->runs++;
    pthread_mutex_unlock(&g->lock);
    while (stats_of(g->f->cache).load_waits < WAITERS - 1)
        continue;
    assert_ok(alice_load_take(into, 4, &p));
    memcpy(p, "once", 4);
    return ALICE_OK;
}

static void *ask(void *arg)
{
    struct gate *g = arg;
    alice_pin pin;
    alice_status st = alice_cache_get_or_load(g->f->cache, text("k"), slow_load, g, &pin);
    bool good = st == ALICE_OK && pin.n == 4 && memcmp(pin.p, "once", 4) == 0;
    alice_cache_unpin(&pin);
    return good ? g : NULL;
}

static void many_wait_for_one_load(void **state)
{
    (void)state;
    struct fixture *f = started();
    struct gate g = {.f = f};
    pthread_t ids[WAITERS];
    pthread_mutex_init(&g.lock, NULL);
    for (unsigned i = 0; i < WAITERS; i++)
        assert_int_equal(pthread_create(&ids[i], NULL, ask, &g), 0);
    for (unsigned i = 0; i < WAITERS; i++) {
        void *good = NULL;
        pthread_join(ids[i], &good);
        assert_non_null(good);
    }
    assert_int_equal(g.runs, 1);
    assert_int_equal(stats_of(f->cache).pinned, 0);
    pthread_mutex_destroy(&g.lock);
    stop(f);
}

/* Two loaders, each of which asks for the other's key when both are on their way. */
struct crossing {
    alice_cache *caches[2];
    pthread_barrier_t both;
    alice_status inner[2], outer[2];
};

struct crosser {
    struct crossing *c;
    unsigned me;
};

static alice_status one_byte(void *ctx, alice_bytes key, alice_load *into)
{
    void *p;
    (void)ctx;
    (void)key;
    return alice_load_take(into, 1, &p);
}

static alice_status ask_the_other(void *ctx, alice_bytes key, alice_load *into)
{
    struct crosser *me = ctx;
    alice_pin pin;
    pthread_barrier_wait(&me->c->both);
    alice_status st = alice_cache_get_or_load(
        me->c->caches[!me->me], text(me->me ? "key 0" : "key 1"), one_byte, NULL, &pin);
    alice_cache_unpin(&pin);
    me->c->inner[me->me] = st;
    return st == ALICE_OK ? one_byte(NULL, key, into) : st;
}

static void *cross(void *arg)
{
    struct crosser *me = arg;
    alice_pin pin;
    me->c->outer[me->me] = alice_cache_get_or_load(
        me->c->caches[me->me], text(me->me ? "key 1" : "key 0"), ask_the_other, me, &pin);
    alice_cache_unpin(&pin);
    return NULL;
}

static void cross_in(alice_cache *first, alice_cache *second)
{
    for (unsigned round = 0; round < 20; round++) {
        struct crossing c = {.caches = {first, second}};
        struct crosser crossers[2] = {{&c, 0}, {&c, 1}};
        pthread_t ids[2];
        pthread_barrier_init(&c.both, NULL, 2);
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(pthread_create(&ids[i], NULL, cross, &crossers[i]), 0);
        for (unsigned i = 0; i < 2; i++)
            pthread_join(ids[i], NULL);
        pthread_barrier_destroy(&c.both);
        /* Who asks last is told; the other gets that answer, as everybody who waits does. */
        assert_true(c.inner[0] == ALICE_E_DEADLOCK || c.inner[1] == ALICE_E_DEADLOCK);
        assert_status(c.outer[0], ALICE_E_DEADLOCK);
        assert_status(c.outer[1], ALICE_E_DEADLOCK);
    }
}

static void loaders_that_need_each_other_are_refused(void **state)
{
    (void)state;
    struct fixture *f = started();
    cross_in(f->cache, f->cache);
    stop(f);
}

static void loaders_of_two_caches_too(void **state)
{
    (void)state;
    struct fixture *f = started();
    struct fixture *g = started();
    cross_in(f->cache, g->cache);
    stop(f);
    stop(g);
}

/* --- budgets ------------------------------------------------------------------------ */

struct allowance {
    alice_budget *budget;
    alice_account *account;
};

static struct allowance allowance(size_t limit)
{
    struct allowance p = {0};
    alice_budget_options o = {.limit = limit};
    assert_ok(alice_budget_open(&p.budget, &o));
    assert_ok(alice_account_open(&p.account, alice_budget_root(p.budget), "cache", 0));
    return p;
}

static void allowance_close(struct allowance *p)
{
    assert_ok(alice_account_close(&p->account));
    assert_ok(alice_budget_close(&p->budget, NULL));
}

static void charges_what_it_holds(void **state)
{
    (void)state;
    struct allowance p = allowance(ALICE_MB);
    struct fixture *f = fixture();
    f->options.env.account = p.account;
    start(f);
    for (unsigned i = 0; i < 5; i++) {
        fill(f, i * 5000, 50 + 100 * i);
        assert_int_equal(alice_account_used(p.account), alice_cache_bytes(f->cache));
        assert_true(alice_account_used(p.account) >= f->faulty.live_bytes);
    }
    alice_cache_clear(f->cache);
    assert_int_equal(alice_account_used(p.account), alice_cache_bytes(f->cache));
    stop(f);
    allowance_close(&p);
}

static void evicts_from_itself_before_it_is_refused(void **state)
{
    (void)state;
    struct allowance p = allowance(40 * ALICE_KB);
    struct fixture *f = fixture();
    f->options.env.account = p.account;
    start(f);
    fill(f, 0, 100); /* the budget is full long before the cache is */
    assert_true(stats_of(f->cache).size_bytes < 40 * ALICE_KB);
    assert_int_equal(stats_of(f->cache).rejections, 0);
    size_t items = stats_of(f->cache).items;
    uint8_t *value = calloc(1, 50000);
    assert_status(alice_cache_set(f->cache, text("k"), (alice_bytes){value, 50000}, 0),
                  ALICE_E_BUDGET);
    assert_int_equal(stats_of(f->cache).items, items); /* nothing went in vain */
    assert_int_equal(stats_of(f->cache).rejections, 1);
    free(value);
    stop(f);
    allowance_close(&p);
}

static void gives_expired_then_cold_back(void **state)
{
    (void)state;
    struct allowance p = allowance(ALICE_MB);
    struct fixture *f = fixture();
    f->options.env.account = p.account;
    f->options.budget = p.budget;
    f->options.max_bytes = 512 * ALICE_KB;
    f->options.name = "results";
    start(f);
    uint8_t value[1000] = {0};
    char key[16];
    for (unsigned i = 0; i < 400; i++) {
        snprintf(key, sizeof key, "%u", i);
        assert_ok(alice_cache_set(f->cache, text(key), (alice_bytes){value, sizeof value},
                                  i < 100 ? 100 : ALICE_TTL_NEVER));
    }
    size_t held = alice_cache_bytes(f->cache);
    f->clock.now_ns += 1000 * MS;
    size_t free_bytes = alice_account_free(p.account);
    assert_ok(alice_account_charge(alice_budget_root(p.budget), free_bytes + 50000));
    alice_cache_stats st = stats_of(f->cache);
    assert_int_equal(st.expirations, 100);
    assert_int_equal(st.evictions, 0);
    check(f);
    assert_ok(alice_account_charge(alice_budget_root(p.budget), 200000));
    st = stats_of(f->cache);
    assert_true(st.evictions > 50 && st.evictions < 250);
    assert_true(alice_cache_bytes(f->cache) + 200000 < held);
    check(f);
    alice_reclaim_row rows[4];
    size_t count = 0;
    alice_reclaim_run(p.budget, SIZE_MAX, rows, 4, &count);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].name, "results.expired");
    assert_int_equal(rows[0].order, ALICE_RECLAIM_EXPIRED);
    assert_string_equal(rows[1].name, "results.cold");
    assert_int_equal(rows[1].order, ALICE_RECLAIM_COLD);
    assert_true(rows[1].got.bytes > 0 && rows[1].got.items > 0);
    assert_int_equal(stats_of(f->cache).size_bytes, 0);
    alice_account_release(alice_budget_root(p.budget), free_bytes + 250000);
    stop(f);
    allowance_close(&p);
}

/* --- the rest ------------------------------------------------------------------------ */

/* Sizes that change over time do not leave the memory bound to the old ones. */
static void memory_follows_the_sizes(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    f->options.max_bytes = ALICE_MB;
    f->options.policy = ALICE_CACHE_LRU;
    start(f);
    uint8_t value[500] = {0};
    char key[24];
    for (unsigned phase = 0; phase < 4; phase++) {
        size_t size = phase % 2 ? 60 : 400;
        for (unsigned i = 0; i < 20000; i++) {
            snprintf(key, sizeof key, "%u/%u", phase, i);
            assert_ok(
                alice_cache_set(f->cache, text(key), (alice_bytes){value, size + i % 9}, 0));
        }
        size_t items = stats_of(f->cache).items;
        size_t payload = items * (size + 4 + 7);
        /* Payload, and 64 bytes of overhead: most of the bound. */
        if (payload + items * 64 < ALICE_MB * 9 / 10)
            fail_msg("%zu entries of %zu bytes are all that fits", items, size);
        check(f);
    }
    stop(f);
}

/* Beside key and value 64 bytes or 3 % of the value, whichever is more, with a time to live,
 * too. */
static void overhead_is_small(void **state)
{
    (void)state;
    static uint8_t value[4096];
    static const size_t sizes[] = {100, 1024, 2000, 4096};
    for (unsigned i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i / 2];
        size_t most = size * 3 / 100 > 64 ? size * 3 / 100 : 64;
        struct fixture *f = fixture();
        f->options.max_bytes = 64 * ALICE_MB;
        f->options.shards = 8;
        f->options.ttl_ms = i % 2 ? 1000 : 0;
        start(f);
        uint64_t items = 48 * ALICE_MB / size < 100000 ? 48 * ALICE_MB / size : 100000;
        for (uint64_t k = 0; k < items; k++) {
            uint64_t key[2] = {k, 0};
            assert_ok(alice_cache_set(f->cache, (alice_bytes){(uint8_t *)key, sizeof key},
                                      (alice_bytes){value, size}, ALICE_TTL_DEFAULT));
        }
        assert_int_equal(stats_of(f->cache).items, items);
        size_t each = alice_cache_bytes(f->cache) / items - size - 16;
        if (each > most)
            fail_msg("%zu bytes beside a value of %zu", each, size);
        stop(f);
    }
}

static void footprints(void **state)
{
    (void)state;
    alice_cache_options o = alice_cache_defaults(NULL);
    assert_int_equal(o.max_bytes, 256 * ALICE_MB);
    assert_int_equal(o.ttl_ms, 300000);
    assert_true(alice_cache_footprint(&o) < 256 * ALICE_MB + 16 * 2560 + 2048);
    o.max_bytes = 64 * ALICE_KB;
    assert_true(alice_cache_footprint(&o) <= 66 * ALICE_KB);
    o.max_bytes = 100;
    assert_true(alice_cache_footprint(&o) == SIZE_MAX);
    assert_true(alice_cache_footprint(NULL) == SIZE_MAX);
}

static void bad_arguments(void **state)
{
    (void)state;
    struct fixture *f = fixture();
    alice_cache_options o = f->options;
    o.max_bytes = ALICE_CACHE_MIN_BYTES - 1;
    assert_status(alice_cache_open(&f->cache, &o), ALICE_E_INVAL);
    o = f->options;
    o.shards = 3;
    assert_status(alice_cache_open(&f->cache, &o), ALICE_E_INVAL);
    o.shards = 16;
    assert_status(alice_cache_open(&f->cache, &o), ALICE_E_INVAL); /* 4 KB each */
    o.shards = 2;
    o.single_thread = true;
    assert_status(alice_cache_open(&f->cache, &o), ALICE_E_INVAL);
    o = f->options;
    o.policy = (alice_cache_policy)7;
    assert_status(alice_cache_open(&f->cache, &o), ALICE_E_INVAL);
    assert_status(alice_cache_open(NULL, &o), ALICE_E_INVAL);
    assert_status(alice_cache_open(&f->cache, NULL), ALICE_E_INVAL);
    assert_ok(alice_cache_close(NULL));
    assert_ok(alice_cache_close(&f->cache));
    start(f);
    alice_bytes bad = {NULL, 1};
    alice_pin pin;
    size_t n;
    assert_status(alice_cache_set(f->cache, bad, text("v"), 0), ALICE_E_INVAL);
    assert_status(alice_cache_set(f->cache, text("k"), bad, 0), ALICE_E_INVAL);
    assert_status(alice_cache_set(NULL, text("k"), text("v"), 0), ALICE_E_INVAL);
    pin = (alice_pin){"anything", 1, NULL, NULL};
    assert_status(alice_cache_get(f->cache, bad, &pin), ALICE_E_INVAL);
    assert_null(pin.p);
    assert_status(alice_cache_get(f->cache, text("k"), NULL), ALICE_E_INVAL);
    assert_status(alice_cache_get_copy(f->cache, text("k"), &n, 1, NULL), ALICE_E_INVAL);
    assert_status(alice_cache_remove(f->cache, bad), ALICE_E_INVAL);
    assert_status(alice_cache_get_or_load(f->cache, text("k"), NULL, NULL, &pin),
                  ALICE_E_INVAL);
    assert_status(alice_load_take(NULL, 1, NULL), ALICE_E_INVAL);
    assert_status(alice_cache_resize(NULL, ALICE_MB), ALICE_E_INVAL);
    stop(f);
}

static alice_status scenario(struct fixture *f)
{
    struct loader l = {.f = f, .value = "loaded", .evicts = true};
    uint8_t value[3000] = {0};
    char key[400];
    alice_pin pin = {0};
    alice_status st = alice_cache_open(&f->cache, &f->options);
    if (st != ALICE_OK)
        return st;
    alice_status bad = ALICE_OK;
    for (unsigned i = 0; i < 120; i++) {
        snprintf(key, sizeof key, "%0*u", i % 11 == 0 ? 390 : 3, i);
        st = alice_cache_set(f->cache, text(key), (alice_bytes){value, i % 7 == 0 ? 3000 : 90},
                             i % 2 ? 1000 : 0);
        if (st == ALICE_E_NOMEM)
            bad = st;
        check(f);
    }
    for (unsigned i = 0; i < 5; i++) {
        key[0] = (char)('a' + i);
        st = alice_cache_get_or_load(f->cache, text(key), load, &l, &pin);
        if (st != ALICE_OK)
            bad = st;
        else
            alice_cache_unpin(&pin);
    }
    check(f);
    assert_ok(alice_cache_close(&f->cache));
    return bad;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    for (unsigned sticky = 0; sticky < 2; sticky++) {
        for (unsigned nth = 0;; nth++) {
            struct fixture *f = fixture();
            f->faulty.nth = nth;
            f->faulty.sticky = sticky;
            alice_status st = scenario(f);
            bool fired = f->faulty.fired;
            assert_true(f->faulty.live_bytes == 0);
            assert_true(st == ALICE_OK || st == ALICE_E_NOMEM);
            stop(f);
            if (!fired) {
                assert_int_equal(st, ALICE_OK);
                assert_true(nth > 50);
                break;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_and_gets),
        cmocka_unit_test(copies_only_what_fits),
        cmocka_unit_test(many_are_looked_up_at_once),
        cmocka_unit_test(pins_hold_through_everything),
        cmocka_unit_test(a_pinned_one_can_be_evicted_afterwards),
        cmocka_unit_test(no_room_where_all_is_pinned),
        cmocka_unit_test(bounded_by_bytes),
        cmocka_unit_test(too_big_is_refused_and_counted),
        cmocka_unit_test(lru_order),
        cmocka_unit_test(a_scan_does_not_flush),
        cmocka_unit_test(expires_by_the_clock),
        cmocka_unit_test(a_set_again_begins_its_time_anew),
        cmocka_unit_test(keys_of_one_tag_are_told_apart),
        cmocka_unit_test(a_hit_renews_where_asked),
        cmocka_unit_test(expiry_frees_what_is_due),
        cmocka_unit_test(expiry_is_bounded_work),
        cmocka_unit_test(a_long_sleep),
        cmocka_unit_test(tells_why),
        cmocka_unit_test(callbacks_may_use_the_cache),
        cmocka_unit_test(what_is_put_back_ends),
        cmocka_unit_test(callbacks_do_not_recurse),
        cmocka_unit_test(a_callback_that_jumps_is_noticed),
        cmocka_unit_test(close_waits_for_nobody),
        cmocka_unit_test(a_pin_too_many_is_refused),
        cmocka_unit_test(the_largest_can_be_asked_for),
        cmocka_unit_test(follows_the_settings),
        cmocka_unit_test(refs_are_destroyed_once),
        cmocka_unit_test(clear_gives_everything_back),
        cmocka_unit_test(resizes),
        cmocka_unit_test(loads_what_is_missing),
        cmocka_unit_test(a_set_during_a_load_wins),
        cmocka_unit_test(refreshes_what_was_set_long_ago),
        cmocka_unit_test(each_is_told_of_once),
        cmocka_unit_test(removes_what_is_said),
        cmocka_unit_test(adds_only_what_is_missing),
        cmocka_unit_test(tells_how_long_it_lives),
        cmocka_unit_test(bounded_by_number),
        cmocka_unit_test(scopes_let_go),
        cmocka_unit_test(a_load_too_big_is_refused),
        cmocka_unit_test(many_wait_for_one_load),
        cmocka_unit_test(loaders_that_need_each_other_are_refused),
        cmocka_unit_test(loaders_of_two_caches_too),
        cmocka_unit_test(charges_what_it_holds),
        cmocka_unit_test(evicts_from_itself_before_it_is_refused),
        cmocka_unit_test(gives_expired_then_cold_back),
        cmocka_unit_test(memory_follows_the_sizes),
        cmocka_unit_test(overhead_is_small),
        cmocka_unit_test(footprints),
        cmocka_unit_test(bad_arguments),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
