/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: sequences of operations on a cache, held against a plain model: what was
 * stored last under each key, and until when. The first bytes choose the options; then an
 * operation is a byte, its key a byte, its argument a byte. The cache may forget, but answers
 * nothing else, keeps its bound, and its checker agrees.
 */
#include "fuzz.h"

#include <string.h>

#include <alice/cache.h>

#define KEYS 32
#define VALUE_MAX 4096

typedef struct known {
    bool there;
    uint8_t stamp;
    size_t size;
    uint64_t deadline_ms; /* 0: none */
} known;

typedef struct model {
    alice_cache *cache;
    uint64_t now_ns;
    known known[KEYS];
    alice_pin pin;
    known pinned;
    bool small; /* memory may run out */
} model;

static uint64_t now(void *time_ns)
{
    return *(uint64_t *)time_ns;
}

static bool alive(const model *m, const known *k)
{
    return k->there && (k->deadline_ms == 0 || m->now_ns / 1000000 < k->deadline_ms);
}

static void check_value(const known *k, const uint8_t *p, size_t n)
{
    FUZZ_CHECK(n == k->size);
    for (size_t i = 0; i < n; i++)
        FUZZ_CHECK(p[i] == k->stamp);
}

static known *known_of(model *m, alice_bytes key)
{
    FUZZ_CHECK(key.n > 0 && key.p[0] < KEYS);
    return &m->known[key.p[0]];
}

static bool each(void *ctx, alice_bytes key, alice_bytes value)
{
    model *m = ctx;
    FUZZ_CHECK(alive(m, known_of(m, key)));
    check_value(known_of(m, key), value.p, value.n);
    return true;
}

static bool odd(void *ctx, alice_bytes key, alice_bytes value)
{
    known *k = known_of(ctx, key);
    check_value(k, value.p, value.n);
    if (k->stamp % 2)
        k->there = false;
    return k->stamp % 2;
}

typedef struct loading {
    known what;
    bool ran;
} loading;

static alice_status load(void *ctx, alice_bytes key, alice_load *into)
{
    loading *l = ctx;
    known *k = &l->what;
    void *p = NULL;
    (void)key;
    l->ran = true;
    if (k->size % 7 == 3)
        return ALICE_E_IO;
    alice_status st = alice_load_take(into, k->size, &p);
    if (st == ALICE_OK)
        memset(p, k->stamp, k->size);
    return st;
}

static bool refused(const model *m, alice_status st)
{
    return st == ALICE_E_TOOBIG || st == ALICE_E_BUSY || (m->small && st == ALICE_E_NOMEM);
}

static void store(model *m, alice_bytes key, uint8_t arg, unsigned how)
{
    uint8_t value[VALUE_MAX];
    known *k = known_of(m, key);
    uint32_t ttl = how == 1 ? 4u * (1 + arg) : ALICE_TTL_NEVER;
    size_t n = (size_t)arg * arg % VALUE_MAX;
    bool was = alive(m, k);
    memset(value, arg, n);
    alice_status st = how == 2 ? alice_cache_add(m->cache, key, (alice_bytes){value, n}, ttl)
                               : alice_cache_set(m->cache, key, (alice_bytes){value, n}, ttl);
    if (st == ALICE_E_EXISTS) {
        FUZZ_CHECK(how == 2 && was);
        return;
    }
    FUZZ_CHECK(st == ALICE_OK || refused(m, st));
    *k = (known){st == ALICE_OK, arg, n, how == 1 ? m->now_ns / 1000000 + ttl : 0};
}

static void look_up(model *m, alice_bytes key, uint8_t arg)
{
    uint8_t value[VALUE_MAX];
    alice_cache_lookup l = {key, value, arg < 32 ? arg : sizeof value, 0, ALICE_OK};
    if (arg % 2)
        l.status = alice_cache_get_copy(m->cache, key, l.buf, l.size, &l.n);
    else
        (void)alice_cache_get_many(m->cache, &l, 1);
    FUZZ_CHECK(l.status == ALICE_OK || l.status == ALICE_E_NOENT || l.status == ALICE_E_TOOBIG);
    if (l.status == ALICE_E_NOENT)
        return;
    FUZZ_CHECK(alive(m, known_of(m, key)) && l.n == known_of(m, key)->size);
    if (l.status == ALICE_OK)
        check_value(known_of(m, key), value, l.n);
}

static void pin(model *m, alice_bytes key, uint8_t arg, bool loads)
{
    loading l = {.what = {true, arg, (size_t)arg * 5, 0}};
    if (m->pin.p)
        check_value(&m->pinned, m->pin.p, m->pin.n);
    alice_cache_unpin(&m->pin);
    alice_status st = loads ? alice_cache_get_or_load(m->cache, key, load, &l, &m->pin)
                            : alice_cache_get(m->cache, key, &m->pin);
    FUZZ_CHECK((st == ALICE_OK) == (m->pin.p != NULL));
    if (st == ALICE_OK) {
        FUZZ_CHECK(l.ran || alive(m, known_of(m, key)));
        if (l.ran)
            *known_of(m, key) = l.what;
        m->pinned = *known_of(m, key);
        check_value(&m->pinned, m->pin.p, m->pin.n);
    } else if (loads) {
        FUZZ_CHECK(st == ALICE_E_IO || refused(m, st));
        known_of(m, key)->there = false;
    }
}

static void seldom(model *m, alice_bytes key, uint8_t arg)
{
    uint32_t ms;
    switch (arg % 8) {
    case 0:
        FUZZ_CHECK(alice_cache_each(m->cache, each, m) <= KEYS);
        break;
    case 1:
        (void)alice_cache_remove_if(m->cache, odd, m);
        break;
    case 2:
        (void)alice_cache_remove_prefix(m->cache, (alice_bytes){key.p, 1});
        known_of(m, key)->there = false;
        break;
    case 3:
        alice_cache_clear(m->cache);
        memset(m->known, 0, sizeof m->known);
        break;
    case 4:
        (void)alice_cache_resize(m->cache, (size_t)(2 + arg / 8) * ALICE_CACHE_MIN_BYTES);
        break;
    case 5:
        (void)alice_cache_expire(m->cache, arg);
        break;
    case 6:
        if (alice_cache_ttl(m->cache, key, &ms) == ALICE_OK)
            FUZZ_CHECK(alive(m, known_of(m, key)) &&
                       (known_of(m, key)->deadline_ms == 0) == (ms == ALICE_TTL_NEVER));
        break;
    default:
        alice_cache_unpin(&m->pin);
        break;
    }
}

static void run(const uint8_t *data, size_t n, size_t limit)
{
    fuzz_memory memory;
    model m = {.small = limit < SIZE_MAX, .now_ns = 1000000000};
    alice_clock clock = {.now_ns = now, .ctx = &m.now_ns};
    alice_cache_options o = {.env = fuzz_env(&memory, limit), .seed = 1};
    o.env.clock = &clock;
    o.policy = (alice_cache_policy)(data[0] % 3);
    o.shards = data[0] & 4 ? 2 : 1;
    o.max_items = data[0] & 8 ? 10 : 0;
    o.max_bytes = (size_t)(2 + data[1] % 8) * ALICE_CACHE_MIN_BYTES;
    if (alice_cache_open(&m.cache, &o) != ALICE_OK)
        return;
    for (size_t at = 2; at + 3 <= n; at += 3) {
        uint8_t text[300] = {data[at + 1] % KEYS};
        alice_bytes key = {text, text[0] % 5 == 4 ? sizeof text : 1u + text[0] % 9};
        uint8_t arg = data[at + 2];
        switch (data[at] % 8) {
        case 0:
        case 1:
        case 2:
            store(&m, key, arg, data[at] % 8);
            break;
        case 3:
            look_up(&m, key, arg);
            break;
        case 4:
        case 5:
            pin(&m, key, arg, data[at] % 8 == 5);
            break;
        case 6:
            (void)alice_cache_remove(m.cache, key);
            known_of(&m, key)->there = false;
            m.now_ns += (uint64_t)arg * 4000000;
            break;
        default:
            seldom(&m, key, arg);
            break;
        }
        FUZZ_CHECK(alice_cache_check(m.cache, NULL) == ALICE_OK);
    }
    alice_cache_unpin(&m.pin);
    FUZZ_CHECK(alice_cache_close(&m.cache) == ALICE_OK);
    fuzz_env_end(&memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2)
        return 0;
    run(data, n, SIZE_MAX);
    run(data, n, 16000);
    return 0;
}
