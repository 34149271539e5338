/* SPDX-License-Identifier: MIT */
/* Loaders: one load for all who ask at once, values built from others, a knot that is refused.
 */
#include <stdio.h>
#include <string.h>

#include <alice/cache.h>

#define TEXT(s) ((alice_bytes){(const uint8_t *)(s), strlen(s)})

/* A name is the name of the one with a letter less, and its last letter in brackets. */
static alice_status load(void *ctx, alice_bytes key, alice_load *into)
{
    alice_cache *cache = (alice_cache *)ctx;
    alice_pin shorter ALICE_PIN_SCOPED = {0};
    char *room;
    void *p;
    bool knot = key.p[0] == '!'; /* made from itself */
    alice_status st = ALICE_OK;
    if (key.n > 1)
        st = alice_cache_get_or_load(cache, (alice_bytes){key.p, knot ? key.n : key.n - 1},
                                     load, cache, &shorter);
    if (st == ALICE_OK)
        st = alice_load_take(into, shorter.n + 3, &p); /* charged from here on */
    if (st != ALICE_OK)
        return st;
    room = (char *)p;
    if (shorter.n > 0)
        memcpy(room, shorter.p, shorter.n);
    room[shorter.n] = '(';
    room[shorter.n + 1] = (char)key.p[key.n - 1];
    room[shorter.n + 2] = ')';
    return ALICE_OK;
}

int main(void)
{
    alice_cache *cache ALICE_CACHE_SCOPED = NULL;
    alice_pin pin ALICE_PIN_SCOPED = {0};
    alice_cache_options options = alice_cache_defaults(NULL);
    options.max_bytes = ALICE_MB;
    options.refresh_ms = 30 * 1000; /* older ones are loaded anew, by one of who asks */
    if (alice_cache_open(&cache, &options) != ALICE_OK ||
        alice_cache_get_or_load(cache, TEXT("abc"), load, cache, &pin) != ALICE_OK)
        return 1;
    printf("%.*s\n", (int)pin.n, (const char *)pin.p);
    bool right = pin.n == 9 && memcmp(pin.p, "(a)(b)(c)", 9) == 0;
    alice_cache_unpin(&pin);
    alice_status st = alice_cache_get_or_load(cache, TEXT("!knot"), load, cache, &pin);
    printf("made from itself: %s\n", alice_status_name(st));
    return right && st == ALICE_E_DEADLOCK && alice_cache_has(cache, TEXT("ab")) ? 0 : 1;
}
