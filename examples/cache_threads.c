/* SPDX-License-Identifier: MIT */
/* Four threads share a cache whose entries live for a while: who looks up takes no lock. */
#include <pthread.h>
#include <stdio.h>

#include <alice/cache.h>

enum { THREADS = 4, ROUNDS = 50000, KEYS = 2000 };

static void *serve(void *arg)
{
    alice_cache *cache = (alice_cache *)arg;
    uint32_t at = 1;
    for (int i = 0; i < ROUNDS; i++) {
        at = at * 1664525u + 1013904223u;
        uint32_t number = (at >> 16) % KEYS, square = 0;
        size_t n;
        alice_bytes key = {(const uint8_t *)&number, sizeof number};
        alice_status st = alice_cache_get_copy(cache, key, &square, sizeof square, &n);
        if (st == ALICE_OK && square == number * number)
            continue;
        if (st != ALICE_E_NOENT)
            return arg;           /* a wrong answer */
        square = number * number; /* what takes long, in a real program */
        alice_bytes value = {(const uint8_t *)&square, sizeof square};
        if (alice_cache_set(cache, key, value, ALICE_TTL_DEFAULT) != ALICE_OK)
            return arg;
    }
    return NULL;
}

int main(void)
{
    alice_cache *cache ALICE_CACHE_SCOPED = NULL;
    alice_cache_options options = alice_cache_defaults(NULL);
    options.max_bytes = 4 * ALICE_MB;
    options.ttl_ms = 60 * 1000;
    pthread_t threads[THREADS];
    void *wrong = NULL, *bad = NULL;
    if (alice_cache_open(&cache, &options) != ALICE_OK)
        return 1;
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, serve, cache) != 0)
            return 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &wrong);
        bad = wrong ? wrong : bad;
    }
    alice_cache_stats s;
    alice_cache_get_stats(cache, &s);
    printf("%zu items, hit rate %.2f, %.2f of %.0f MB\n", s.items, s.hit_rate, s.size_mb,
           s.max_size_mb);
    return bad || s.items != KEYS ? 1 : 0;
}
