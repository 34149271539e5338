/* SPDX-License-Identifier: MIT */
/* Fuzz target: an XMP packet to alice__xmp(), in one window and in windows of seven bytes. */
#include "fuzz.h"

typedef struct drops {
    alice__text_stream stream;
    alice_bytes rest;
} drops;

static alice_status next_drop(alice__text_stream *s, alice_bytes *window)
{
    drops *d = s->ctx;
    size_t n = d->rest.n < 7 ? d->rest.n : 7;
    *window = (alice_bytes){d->rest.p, n};
    d->rest.p += n;
    d->rest.n -= n;
    return ALICE_OK;
}

static void whole(alice__facts *f, const alice_env *env, alice_bytes b)
{
    alice__text_memory m;
    alice__xmp(f, env, alice__text_of(&m, b));
}

static void dropwise(alice__facts *f, const alice_env *env, alice_bytes b)
{
    drops d = {.rest = b};
    d.stream = (alice__text_stream){next_drop, &d};
    alice__xmp(f, env, &d.stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_block(data, n, whole);
    if (n <= 65536)
        fuzz_block(data, n, dropwise);
    return 0;
}
