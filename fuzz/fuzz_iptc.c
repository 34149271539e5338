/* SPDX-License-Identifier: MIT */
/* Fuzz target: alice__photoshop_block() and alice__iptc_block(). */
#include "fuzz.h"

static void photoshop(alice__facts *f, const alice_env *env, alice_bytes b)
{
    (void)env;
    alice__photoshop_block(f, b);
}

static void iptc(alice__facts *f, const alice_env *env, alice_bytes b)
{
    (void)env;
    alice__iptc_block(f, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_block(data, n, photoshop);
    fuzz_block(data, n, iptc);
    return 0;
}
