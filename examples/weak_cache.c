/* SPDX-License-Identifier: MIT */
/* Large objects: shared while somebody uses them, and gone with the last. */
#include <stdio.h>
#include <stdlib.h>

#include <alice/weak_cache.h>

static void free_image(void *ctx, void *image, size_t size)
{
    (void)ctx;
    printf("an image of %zu MB is freed\n", size / ALICE_MB);
    free(image);
}

int main(void)
{
    alice_bytes key = {(const uint8_t *)"sunset.png", 10};
    alice_weak_cache *cache = NULL;
    alice_strong mine = {0};
    alice_strong yours = {0};
    alice_weak_cache_options options = alice_weak_cache_defaults();
    options.recent = 0; /* keep nothing that nobody uses; by default, the latest 100 */
    options.destroy = free_image;
    void *image = malloc(8 * ALICE_MB);
    if (!image || alice_weak_cache_open(&cache, &options) != ALICE_OK ||
        alice_weak_cache_set(cache, key, image, 8 * ALICE_MB, &mine) != ALICE_OK)
        return 1;
    if (alice_weak_cache_get(cache, key, &yours) == ALICE_OK)
        printf("two hold %s\n", mine.p == yours.p ? "the same image" : "different images");
    alice_strong_release(&mine);
    alice_strong_release(&yours);
    alice_status st = alice_weak_cache_get(cache, key, &yours);
    printf("it is %s\n", st == ALICE_E_NOENT ? "gone" : "still there");
    return alice_weak_cache_close(&cache) == ALICE_OK && st == ALICE_E_NOENT ? 0 : 1;
}
