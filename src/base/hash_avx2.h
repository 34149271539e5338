/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_HASH_AVX2_H
#define ALICE_BASE_HASH_AVX2_H

/* XXH3, 32 bytes at a time, on x86-64. To be called only where the processor has AVX2. */

#include <stddef.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define ALICE__AVX2 1

/* `state` is an XXH3_state_t. */
void alice__xxh3_update_avx2(void *state, const void *p, size_t n);
/* Of a whole range; `hash` is an XXH128_hash_t. */
void alice__xxh3_avx2(const void *p, size_t n, void *hash);
#endif

#endif
