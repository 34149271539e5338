/* SPDX-License-Identifier: MIT */
/* Fuzz target: a TIFF block to alice__exif_block(), and the same where it lies in a file. */
#include "fuzz.h"

#include <string.h>

static void block(alice__facts *f, const alice_env *env, alice_bytes b)
{
    (void)env;
    alice__exif_block(f, b);
}

static alice_status fetch(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    const alice_bytes *b = ctx;
    size_t left = offset < b->n ? b->n - (size_t)offset : 0;
    *got = left < n ? left : n;
    if (*got)
        memcpy(to, b->p + offset, *got);
    return ALICE_OK;
}

/* All of it outside the head. */
static void range(alice__facts *f, const alice_env *env, alice_bytes b)
{
    static uint8_t scratch[ALICE__SCRATCH];
    alice__input in = {.size = b.n, .fetch = fetch, .ctx = &b};
    alice__parse parse = {.env = *env, .scratch = scratch, .in = &in, .facts = f};
    (void)alice__exif_range(&parse, 0, b.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_block(data, n, block);
    fuzz_block(data, n, range);
    return 0;
}
