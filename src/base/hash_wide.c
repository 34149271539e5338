/* SPDX-License-Identifier: MIT */
/*
 * XXH3 with the widest registers of the processor that this runs on. hash.h is
 * compiled for every processor of the architecture, which on x86-64 means 16 bytes
 * at a time; most have 32. The hash and its state are the same.
 */
#include "base/hash_wide.h"

#include "base/hash_avx2.h"

void alice__hasher_update_wide(alice__hasher *h, const void *p, size_t n)
{
#ifdef ALICE__AVX2
    if (n > 0 && __builtin_cpu_supports("avx2")) {
        alice__xxh3_update_avx2(&h->state, p, n);
        return;
    }
#endif
    alice__hasher_update(h, p, n);
}

alice__hash128 alice__hash128_bytes_wide(const void *p, size_t n)
{
#ifdef ALICE__AVX2
    if (__builtin_cpu_supports("avx2")) {
        XXH128_hash_t h;
        alice__xxh3_avx2(p, n, &h);
        return alice__hash128_of(h);
    }
#endif
    return alice__hash128_bytes(p, n);
}
