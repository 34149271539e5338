/* SPDX-License-Identifier: MIT */
/*
 * XXH3, 32 bytes at a time. The whole of xxhash.h is compiled for AVX2 here, whatever
 * the rest is compiled for; headers that it uses are included before, so that nothing
 * else is.
 */
#include "base/hash_avx2.h"

#ifdef ALICE__AVX2
#include <immintrin.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

#define XXH_INLINE_ALL
#define XXH_VECTOR 2 /* AVX2 */
#include <xxhash.h>

void alice__xxh3_update_avx2(void *state, const void *p, size_t n)
{
    XXH3_128bits_update(state, p, n);
}

void alice__xxh3_avx2(const void *p, size_t n, void *hash)
{
    *(XXH128_hash_t *)hash = XXH3_128bits(p, n);
}

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#else
typedef int alice__nothing_here; /* a source must not be empty */
#endif
