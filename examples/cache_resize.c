/* SPDX-License-Identifier: MIT */
/* A cache that is resized while another thread fills it, and then looked through. */
#include <pthread.h>
#include <stdio.h>

#include <alice/cache.h>

static void *fill(void *arg)
{
    static const uint8_t photo[2000] = {0};
    char name[16];
    for (int i = 0; i < 20000; i++) {
        int n = snprintf(name, sizeof name, "%s/%d", i % 2 ? "odd" : "even", i);
        alice_bytes key = {(const uint8_t *)name, (size_t)n}, value = {photo, sizeof photo};
        if (alice_cache_set((alice_cache *)arg, key, value, ALICE_TTL_DEFAULT) != ALICE_OK)
            return arg;
    }
    return NULL;
}

static bool add_bytes(void *sum, alice_bytes key, alice_bytes value)
{
    *(size_t *)sum += key.n + value.n;
    return true; /* go on */
}

int main(void)
{
    alice_cache *cache ALICE_CACHE_SCOPED = NULL;
    alice_cache_options options = alice_cache_defaults(NULL);
    alice_cache_stats s;
    pthread_t filler;
    void *bad = NULL;
    size_t payload = 0;
    options.max_bytes = 16 * ALICE_MB;
    options.largest_value = 256 * ALICE_KB; /* must fit, also when it is small: few shards */
    if (alice_cache_open(&cache, &options) != ALICE_OK ||
        pthread_create(&filler, NULL, fill, cache) != 0)
        return 1;
    for (size_t mb = 16; mb >= 2; mb /= 2) {
        if (alice_cache_resize(cache, mb * ALICE_MB) != ALICE_OK) /* kept when it returns */
            return 1;
        alice_cache_get_stats(cache, &s);
        printf("%s its bound\n", s.size_bytes <= s.max_size_bytes ? "within" : "above");
    }
    pthread_join(filler, &bad);
    size_t items = alice_cache_each(cache, add_bytes, &payload);
    size_t odd = alice_cache_remove_prefix(cache, (alice_bytes){(const uint8_t *)"odd/", 4});
    alice_cache_get_stats(cache, &s);
    printf("%s, and half of them went by their name\n", items > 700 ? "many" : "few");
    return !bad && s.items == items - odd && odd > 0 && payload < 2 * ALICE_MB ? 0 : 1;
}
