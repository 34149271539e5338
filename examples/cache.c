/* SPDX-License-Identifier: MIT */
/* A cache that keeps its bound: set, get, expire, load what is missing, look at the numbers. */
#include <stdio.h>
#include <string.h>

#include <alice/cache.h>

#define TEXT(s) ((alice_bytes){(const uint8_t *)(s), sizeof(s) - 1})
static alice_status load(void *ctx, alice_bytes key, alice_load *into)
{
    void *room;
    alice_status st = alice_load_take(into, key.n, &room); /* charged from here on */
    if (st == ALICE_OK)
        memcpy(room, key.p, key.n);
    ++*(int *)ctx;
    return st;
}

int main(void)
{
    int loads = 0;
    alice_cache *cache = NULL;
    alice_pin pin = {0};
    alice_cache_options options = alice_cache_defaults(NULL); /* five minutes to live */
    options.max_bytes = 2 * ALICE_MB;
    if (alice_cache_open(&cache, &options) != ALICE_OK ||
        alice_cache_set(cache, TEXT("IMG_0001.JPG"), TEXT("2024-03-15"), 1000) != ALICE_OK)
        return 1;
    if (alice_cache_get(cache, TEXT("IMG_0001.JPG"), &pin) == ALICE_OK)
        printf("found %.*s\n", (int)pin.n, (const char *)pin.p);
    alice_cache_unpin(&pin);
    for (int i = 0; i < 2; i++, alice_cache_unpin(&pin))
        if (alice_cache_get_or_load(cache, TEXT("IMG_0002.JPG"), load, &loads, &pin) !=
            ALICE_OK)
            return 1;
    alice_cache_stats s;
    alice_cache_get_stats(cache, &s);
    printf("%zu items, %d load, hit rate %.2f, %.2f of %.0f MB\n", s.items, loads, s.hit_rate,
           s.size_mb, s.max_size_mb);
    return alice_cache_close(&cache) == ALICE_OK && loads == 1 ? 0 : 1;
}
