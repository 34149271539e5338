/* SPDX-License-Identifier: MIT */
/*
 * Hit ratios: which policy finds more, and whether S3-FIFO is S3-FIFO.
 *
 * Traces of a million requests over 100,000 keys: Zipf with three exponents, Zipf mixed
 * with long scans, and Zipf whose favourites change. Caches of 1, 10 and 25 % of the
 * keys. A miss stores the key. Compared are the cache with each policy (the default: never
 * more than a point below LRU, above it where there are scans) and two slow
 * references written here from the descriptions of the algorithms, as large in entries
 * as the cache came to be.
 *
 *     test_hit_ratio          prints one line for each trace and size
 */
#include "test.h"
#include "random.h"

#include <math.h>

#include <alice/cache.h>

#define KEYS 100000u
#define SCANNED 2000000u /* keys from here on are met once */
#define REQUESTS 1000000u

/* --- the traces ------------------------------------------------------------ */

struct trace {
    const char *name;
    double alpha;
    bool scans;
    bool shifts;
};

static const struct trace traces[] = {
    {"zipf 0.7", 0.7, false, false},       {"zipf 0.9", 0.9, false, false},
    {"zipf 1.1", 1.1, false, false},       {"zipf 0.9, scans", 0.9, true, false},
    {"zipf 1.1, scans", 1.1, true, false}, {"zipf 0.9, shifting", 0.9, false, true},
};

static alice_cache_stats stats_of(alice_cache *cache)
{
    alice_cache_stats stats;
    alice_cache_get_stats(cache, &stats);
    return stats;
}

static void make_trace(const struct trace *t, uint32_t *out)
{
    struct random r = {42};
    struct zipf z = zipf_make(KEYS, t->alpha);
    uint32_t fresh = SCANNED;
    uint32_t scan_left = 0;
    for (uint32_t i = 0; i < REQUESTS; i++) {
        /* Every 50,000 requests somebody walks over 20,000 files that nobody asks for again. */
        if (t->scans && i % 50000 == 25000)
            scan_left = 20000;
        if (scan_left > 0 && i % 2 == 0) {
            out[i] = fresh++;
            scan_left--;
            continue;
        }
        uint32_t rank = zipf_next(&z, &r);
        uint32_t shift = t->shifts ? i / 100000 * 5000 : 0;
        out[i] = (uint32_t)((rank + shift) * UINT64_C(2654435761) % KEYS);
    }
    free(z.sums);
}

/* --- the references: plain arrays and lists, nothing clever ------------------ */

#define NOWHERE UINT32_MAX

struct list {
    uint32_t *next, *prev; /* by key */
    uint32_t head, tail;
    size_t count;
};

static uint32_t *numbers(uint32_t n)
{
    uint32_t *p = malloc(n * sizeof *p);
    assert_non_null(p);
    for (uint32_t i = 0; i < n; i++)
        p[i] = NOWHERE;
    return p;
}

static struct list list_make(uint32_t n)
{
    return (struct list){numbers(n), numbers(n), NOWHERE, NOWHERE, 0};
}

static void list_free(struct list *l)
{
    free(l->next);
    free(l->prev);
}

static void list_push(struct list *l, uint32_t k)
{
    l->prev[k] = NOWHERE;
    l->next[k] = l->head;
    if (l->head != NOWHERE)
        l->prev[l->head] = k;
    else
        l->tail = k;
    l->head = k;
    l->count++;
}

static void list_remove(struct list *l, uint32_t k)
{
    if (l->prev[k] != NOWHERE)
        l->next[l->prev[k]] = l->next[k];
    else
        l->head = l->next[k];
    if (l->next[k] != NOWHERE)
        l->prev[l->next[k]] = l->prev[k];
    else
        l->tail = l->prev[k];
    l->count--;
}

static uint32_t list_pop(struct list *l)
{
    uint32_t k = l->tail;
    list_remove(l, k);
    return k;
}

#define KEY_SPACE (SCANNED + REQUESTS)

static double reference_lru(const uint32_t *trace, size_t capacity)
{
    struct list l = list_make(KEY_SPACE);
    bool *in = calloc(KEY_SPACE, sizeof *in);
    size_t hits = 0;
    for (uint32_t i = 0; i < REQUESTS; i++) {
        uint32_t k = trace[i];
        if (in[k]) {
            hits++;
            list_remove(&l, k);
        } else if (l.count == capacity) {
            in[list_pop(&l)] = false;
        }
        in[k] = true;
        list_push(&l, k);
    }
    free(in);
    list_free(&l);
    return (double)hits / REQUESTS;
}

enum { OUT, SMALL, MAIN };

struct s3 {
    struct list small, main, ghost;
    uint8_t *where, *freq;
    bool *in_ghost;
    size_t capacity, small_capacity;
};

static void s3_evict_main(struct s3 *s)
{
    for (;;) {
        uint32_t k = list_pop(&s->main);
        if (s->freq[k] == 0) {
            s->where[k] = OUT;
            return;
        }
        s->freq[k]--;
        list_push(&s->main, k);
    }
}

/* True when it made room; false when all it had moved on. */
static bool s3_evict_small(struct s3 *s)
{
    while (s->small.count > 0) {
        uint32_t k = list_pop(&s->small);
        if (s->freq[k] > 1) {
            s->freq[k] = 0;
            s->where[k] = MAIN;
            list_push(&s->main, k);
            continue;
        }
        s->where[k] = OUT;
        if (s->ghost.count >= s->capacity - s->small_capacity)
            s->in_ghost[list_pop(&s->ghost)] = false;
        s->in_ghost[k] = true;
        list_push(&s->ghost, k);
        return true;
    }
    return false;
}

static double reference_s3fifo(const uint32_t *trace, size_t capacity)
{
    struct s3 s = {.small = list_make(KEY_SPACE),
                   .main = list_make(KEY_SPACE),
                   .ghost = list_make(KEY_SPACE),
                   .where = calloc(KEY_SPACE, 1),
                   .freq = calloc(KEY_SPACE, 1),
                   .in_ghost = calloc(KEY_SPACE, sizeof(bool)),
                   .capacity = capacity,
                   .small_capacity = capacity / 10};
    size_t hits = 0;
    for (uint32_t i = 0; i < REQUESTS; i++) {
        uint32_t k = trace[i];
        if (s.where[k] != OUT) {
            hits++;
            if (s.freq[k] < 3)
                s.freq[k]++;
            continue;
        }
        if (s.small.count + s.main.count == capacity) {
            if (s.small.count < s.small_capacity || !s3_evict_small(&s))
                s3_evict_main(&s);
        }
        s.freq[k] = 0;
        if (s.in_ghost[k]) {
            s.in_ghost[k] = false;
            list_remove(&s.ghost, k);
            s.where[k] = MAIN;
            list_push(&s.main, k);
        } else {
            s.where[k] = SMALL;
            list_push(&s.small, k);
        }
    }
    free(s.where);
    free(s.freq);
    free(s.in_ghost);
    list_free(&s.small);
    list_free(&s.main);
    list_free(&s.ghost);
    return (double)hits / REQUESTS;
}

/* --- the cache ----------------------------------------------------------------- */

static double run_cache(const uint32_t *trace, alice_cache_policy policy, size_t bytes,
                        size_t *items)
{
    uint8_t value[40] = {0};
    alice_cache *c = NULL;
    alice_cache_options o = alice_cache_defaults(NULL);
    o.max_bytes = bytes;
    o.policy = policy;
    o.ttl_ms = 0;
    o.seed = 1;
    o.single_thread = true;
    assert_ok(alice_cache_open(&c, &o));
    for (uint32_t i = 0; i < REQUESTS; i++) {
        alice_bytes key = {(const uint8_t *)&trace[i], sizeof trace[i]};
        size_t n;
        alice_status found = alice_cache_get_copy(c, key, value, sizeof value, &n);
        if (found == ALICE_E_NOENT)
            assert_ok(alice_cache_set(c, key, (alice_bytes){value, sizeof value}, 0));
    }
    alice_cache_stats st = stats_of(c);
    assert_int_equal(st.hits + st.misses, REQUESTS);
    assert_ok(alice_cache_check(c, NULL));
    *items = st.items;
    assert_ok(alice_cache_close(&c));
    return st.hit_rate;
}

static void compare(const struct trace *t, const uint32_t *trace, unsigned percent)
{
    /* An entry costs about 80 bytes; what it came to, both references get. */
    size_t bytes = (size_t)KEYS / 100 * percent * 84 + 4096;
    size_t items_lru, items_s3, items_default;
    double lru = run_cache(trace, ALICE_CACHE_LRU, bytes, &items_lru);
    double s3 = run_cache(trace, ALICE_CACHE_S3FIFO, bytes, &items_s3);
    double chosen = run_cache(trace, ALICE_CACHE_DEFAULT, bytes, &items_default);
    double lru_slow = reference_lru(trace, items_lru);
    double s3_slow = reference_s3fifo(trace, items_s3);
    double plain = reference_lru(trace, items_default);
    print_message("%-18s %2u %%  entries %6zu  LRU %.4f (slow %.4f)  S3-FIFO %.4f (slow %.4f)  "
                  "default %.4f (LRU of its size %.4f)\n",
                  t->name, percent, items_s3, lru, lru_slow, s3, s3_slow, chosen, plain);
    assert_true(fabs(lru - lru_slow) < 0.005);
    assert_true(fabs(s3 - s3_slow) < 0.01);
    assert_true(chosen > lru - 0.01);
    assert_true(chosen > plain - 0.01);
    if (t->scans)
        assert_true(chosen > lru);
}

static void hit_ratios(void **state)
{
    (void)state;
    uint32_t *trace = malloc(REQUESTS * sizeof *trace);
    assert_non_null(trace);
    for (size_t i = 0; i < sizeof traces / sizeof *traces; i++) {
        make_trace(&traces[i], trace);
        compare(&traces[i], trace, 1);
        compare(&traces[i], trace, 10);
        compare(&traces[i], trace, 25);
    }
    free(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hit_ratios),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
