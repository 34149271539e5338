/* SPDX-License-Identifier: MIT */
/* Fuzz target: JUMBF boxes to alice__c2pa(). */
#include "fuzz.h"

#include <string.h>

static alice_status span_read(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    const alice_bytes *b = ctx;
    size_t left = offset < b->n ? b->n - (size_t)offset : 0;
    *got = left < n ? left : n;
    if (*got)
        memcpy(to, b->p + offset, *got);
    return ALICE_OK;
}

static void c2pa(alice__facts *f, const alice_env *env, alice_bytes b)
{
    alice__span_reader reader = {.read = span_read, .ctx = &b, .size = b.n};
    alice__c2pa(f, env, &reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_block(data, n, c2pa);
    return 0;
}
