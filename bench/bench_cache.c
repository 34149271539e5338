/* SPDX-License-Identifier: MIT */
/*
 * How fast the cache is, and what it costs. This file uses only the official API.
 *
 *     bench_cache [MAX_ENTRIES [MIN_ENTRIES]]       default 1000000 10000; up to 10000000
 *
 * One JSON object a line: the median of RUNS runs and the best. Keys are 16 bytes,
 * asked for by Zipf (0.99) over all that is stored, in an order made beforehand, so
 * that only the cache is measured. `get` is alice_cache_get_copy(), `pin` is
 * alice_cache_get() and alice_cache_unpin(), `set` replaces, `insert` fills the
 * empty cache, `churn` sets keys of a space ten times as large as the cache. `many` is
 * alice_cache_get_many(). `yard_get` and `yard_set` are the same by yardsticks.h. `cpu_ns` is
 * processor time an operation, the best run's: it says more where others compute. `memory` is
 * what bounds them: reading one record of a plain array of the same size, by the same
 * keys, each read waiting for the one before; a lookup needs two, index and entry.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <alice/cache.h>

#include "random.h"
#include "yardsticks.h"

#define RUNS 5
#define OPS 2000000u
#define THREADS_MAX 4

enum kind { INSERT, GET, PIN, SET, CHURN, MANY, MEMORY, YARD_GET, YARD_SET };

static const char *const kind_names[] = {"insert", "get",    "pin",      "set",     "churn",
                                         "many",   "memory", "yard_get", "yard_set"};

struct plan {
    alice_cache *cache;
    const char *policy;
    uint32_t entries;
    size_t value_size;
    bool locked;
    uint32_t ttl_ms;
    uint32_t *order; /* OPS numbers of keys for each thread */
    size_t overhead;
    struct yardstick *yard;
};

#define MANY_AT_ONCE 64

struct worker {
    const struct plan *plan;
    enum kind kind;
    unsigned index;
    uint64_t found;
};

struct key {
    uint64_t words[2];
};

static alice_cache_stats stats_of(alice_cache *cache)
{
    alice_cache_stats stats;
    alice_cache_get_stats(cache, &stats);
    return stats;
}

static double now_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct key key_of(uint32_t number)
{
    return (struct key){{number * UINT64_C(0x9E3779B97F4A7C15), number}};
}

static alice_bytes bytes_of(const struct key *key)
{
    return (alice_bytes){(const uint8_t *)key, sizeof *key};
}

/* MANY_AT_ONCE keys in one call, into one buffer: nobody looks at the values. */
static uint64_t ask_many(const struct plan *p, const uint32_t *order, uint8_t *value)
{
    struct key keys[MANY_AT_ONCE];
    alice_cache_lookup lookups[MANY_AT_ONCE];
    for (unsigned i = 0; i < MANY_AT_ONCE; i++) {
        keys[i] = key_of(order[i]);
        lookups[i] = (alice_cache_lookup){
            .key = bytes_of(&keys[i]), .buf = value, .size = p->value_size};
    }
    return alice_cache_get_many(p->cache, lookups, MANY_AT_ONCE);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    const struct plan *p = w->plan;
    const uint32_t *order = p->order + (size_t)w->index * OPS;
    uint8_t *value = calloc(1, p->value_size);
    uint32_t ops = w->kind == INSERT ? p->entries : OPS;
    for (uint32_t i = 0; value && i < ops; i++) {
        struct key key = key_of(w->kind == INSERT ? i : order[i]);
        size_t n = 0;
        alice_pin pin;
        switch (w->kind) {
        case GET:
            w->found += alice_cache_get_copy(p->cache, bytes_of(&key), value, p->value_size,
                                             &n) == ALICE_OK;
            break;
        case MANY:
            w->found += ask_many(p, order + i, value);
            i += MANY_AT_ONCE - 1;
            break;
        case YARD_GET:
            w->found += yard_get(p->yard, &key, sizeof key, value);
            break;
        case YARD_SET:
            w->found += yard_set(p->yard, &key, sizeof key, value, p->value_size);
            break;
        case PIN:
            w->found += alice_cache_get(p->cache, bytes_of(&key), &pin) == ALICE_OK;
            alice_cache_unpin(&pin);
            break;
        default:
            if (w->kind == CHURN)
                key = key_of((uint32_t)((uint64_t)order[i] * 10 + i % 10));
            alice_cache_set(p->cache, bytes_of(&key), (alice_bytes){value, p->value_size},
                            ALICE_TTL_DEFAULT);
            break;
        }
    }
    free(value);
    return NULL;
}

static double cpu_s; /* of the last run, of all threads */

/* Seconds for one run. */
static double run_once(const struct plan *p, enum kind kind, unsigned threads, uint64_t *found)
{
    struct worker workers[THREADS_MAX];
    pthread_t ids[THREADS_MAX];
    double start = now_s(CLOCK_MONOTONIC);
    double cpu_start = now_s(CLOCK_PROCESS_CPUTIME_ID);
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (struct worker){.plan = p, .kind = kind, .index = i};
        if (i > 0)
            pthread_create(&ids[i], NULL, work, &workers[i]);
    }
    work(&workers[0]);
    for (unsigned i = 1; i < threads; i++)
        pthread_join(ids[i], NULL);
    double seconds = now_s(CLOCK_MONOTONIC) - start;
    cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
    for (unsigned i = 0; i < threads; i++)
        *found += workers[i].found;
    return seconds;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const struct plan *p, enum kind kind, unsigned threads, double *rates,
                   unsigned runs, double cpu_ns)
{
    alice_cache_stats s = stats_of(p->cache);
    qsort(rates, runs, sizeof *rates, by_size);
    printf("{\"bench\":\"cache\",\"op\":\"%s\",\"policy\":\"%s\",\"threads\":%u,\"locks\":%s,"
           "\"ttl\":%s,\"entries\":%u,\"value_bytes\":%zu,\"median_mops\":%.2f,"
           "\"best_mops\":%.2f,\"cpu_ns\":%.1f,\"items\":%zu,\"size_mb\":%.1f,\"overhead_"
           "bytes\":%zu}\n",
           kind_names[kind], p->policy, threads, p->locked ? "true" : "false",
           p->ttl_ms ? "true" : "false", p->entries, p->value_size, rates[runs / 2] / 1e6,
           rates[runs - 1] / 1e6, cpu_ns, s.items, s.size_mb, p->overhead);
    fflush(stdout);
}

static void measure(const struct plan *p, enum kind kind, unsigned threads)
{
    double rates[RUNS];
    uint64_t found = 0;
    double least = 1e9;
    for (unsigned i = 0; i < RUNS; i++) {
        rates[i] = (double)OPS * threads / run_once(p, kind, threads, &found);
        least = cpu_s < least ? cpu_s : least;
    }
    report(p, kind, threads, rates, RUNS, least * 1e9 / OPS / threads);
}

/* One dependent access of memory for each key. */
static int measure_memory(const struct plan *p)
{
    size_t step = (p->value_size + 16 + 63) / 64 * 64 / sizeof(uint32_t);
    uint32_t *records = calloc(p->entries, step * sizeof *records);
    double rates[RUNS];
    uint32_t zero = 0;
    if (!records)
        return 1;
    for (size_t i = 0; i < p->entries; i++)
        records[i * step] = (uint32_t)(p->entries == 0); /* always 0: pages that exist */
    for (unsigned run = 0; run < RUNS; run++) {
        double start = now_s(CLOCK_MONOTONIC);
        for (uint32_t i = 0; i < OPS; i++)
            zero = ((volatile uint32_t *)records)[(p->order[i] + zero) * step];
        rates[run] = OPS / (now_s(CLOCK_MONOTONIC) - start);
    }
    report(p, MEMORY, 1, rates, RUNS, 0);
    free(records);
    return 0;
}

static alice_status open_cache(struct plan *p, alice_cache_policy policy, size_t max_bytes)
{
    alice_cache_options o = alice_cache_defaults(NULL);
    o.policy = policy;
    o.max_bytes = max_bytes;
    o.ttl_ms = p->ttl_ms;
    o.single_thread = !p->locked;
    p->policy = policy == ALICE_CACHE_LRU ? "lru" : "s3fifo";
    return alice_cache_open(&p->cache, &o);
}

static int bench(alice_cache_policy policy, uint32_t entries, size_t value_size, bool locked,
                 uint32_t ttl_ms)
{
    struct plan p = {
        .entries = entries, .value_size = value_size, .locked = locked, .ttl_ms = ttl_ms};
    struct random r = {entries};
    struct zipf z = zipf_make(entries, 0.99);
    p.order = malloc(THREADS_MAX * (size_t)OPS * sizeof *p.order);
    if (!z.sums || !p.order)
        return 1;
    /* What is wanted most must not lie side by side: spread the ranks over the numbers. */
    for (size_t i = 0; i < THREADS_MAX * (size_t)OPS; i++)
        p.order[i] = (uint32_t)(zipf_next(&z, &r) * UINT64_C(2654435761) % entries);
    free(z.sums);
    size_t room = (size_t)entries * (value_size + 16 + 96) * 9 / 8 + 4 * ALICE_MB;
    double rates[RUNS];
    uint64_t found = 0;
    for (unsigned i = 0; i < RUNS; i++) {
        (void)alice_cache_close(&p.cache);
        if (open_cache(&p, policy, room) != ALICE_OK)
            return 1;
        rates[i] = entries / run_once(&p, INSERT, 1, &found);
    }
    alice_cache_stats s = stats_of(p.cache);
    p.overhead = s.items ? alice_cache_bytes(p.cache) / s.items - value_size - 16 : 0;
    report(&p, INSERT, 1, rates, RUNS, cpu_s * 1e9 / entries);
    for (unsigned threads = 1; threads <= (locked ? 2u : 1u); threads++) {
        measure(&p, GET, threads);
        measure(&p, MANY, threads);
        measure(&p, PIN, threads);
        measure(&p, SET, threads);
    }
    if (locked)
        measure(&p, GET, THREADS_MAX);
    if (measure_memory(&p) != 0)
        return 1;
    size_t held = s.size_bytes;
    (void)alice_cache_close(&p.cache);
    if (open_cache(&p, policy, held + ALICE_MB) != ALICE_OK)
        return 1;
    measure(&p, CHURN, 1);
    (void)alice_cache_close(&p.cache);
    free(p.order);
    return 0;
}

/* What a program would write instead, over the same keys in the same order. */
static int bench_yardstick(enum yardstick_kind kind, uint32_t entries, size_t value_size)
{
    struct yardstick y;
    struct plan p = {.policy = kind == GLIB_LIKE ? "glib-like" : "uthash-like",
                     .entries = entries,
                     .value_size = value_size,
                     .locked = true,
                     .yard = &y};
    struct random r = {entries};
    struct zipf z = zipf_make(entries, 0.99);
    uint8_t *value = calloc(1, value_size);
    p.order = malloc(THREADS_MAX * (size_t)OPS * sizeof *p.order);
    if (!z.sums || !p.order || !value || !yard_open(&y, kind, entries))
        return 1;
    for (size_t i = 0; i < THREADS_MAX * (size_t)OPS; i++)
        p.order[i] = (uint32_t)(zipf_next(&z, &r) * UINT64_C(2654435761) % entries);
    free(z.sums);
    for (uint32_t i = 0; i < entries; i++) {
        struct key key = key_of(i);
        if (!yard_set(&y, &key, sizeof key, value, value_size))
            return 1;
    }
    measure(&p, YARD_GET, 1);
    measure(&p, YARD_SET, 1);
    yard_close(&y);
    free(p.order);
    free(value);
    return 0;
}

int main(int argc, char **argv)
{
    uint32_t most = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
    uint32_t least = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 10000;
    int bad = 0;
    for (uint32_t entries = least; entries <= most && entries <= 10000000; entries *= 10) {
        bad |= bench(ALICE_CACHE_S3FIFO, entries, 100, true, 0);
        if (entries > 1000000)
            continue;
        bad |= bench_yardstick(GLIB_LIKE, entries, 100);
        bad |= bench_yardstick(UTHASH_LIKE, entries, 100);
        bad |= bench(ALICE_CACHE_S3FIFO, entries, 100, false, 0);
        bad |= bench(ALICE_CACHE_S3FIFO, entries, 100, true, 300000);
        bad |= bench(ALICE_CACHE_LRU, entries, 100, true, 0);
        bad |= bench(ALICE_CACHE_S3FIFO, entries, 1024, true, 0);
        bad |= bench(ALICE_CACHE_S3FIFO, entries, 4096, true, 0);
    }
    return bad;
}
