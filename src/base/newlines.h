/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_NEWLINES_H
#define ALICE_BASE_NEWLINES_H

/* Where the line ends are in 64 bytes, all at once: bit i is set where p[i] is '\n'. */

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>

static inline uint64_t alice__newlines64(const uint8_t *p)
{
    const __m128i nl = _mm_set1_epi8('\n');
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
        uint64_t bits = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, nl));
        mask |= bits << (16 * i);
    }
    return mask;
}

#else

static inline uint64_t alice__newlines64(const uint8_t *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), low = ones * 0x7f;
    uint64_t mask = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t v = 0;
        for (int k = 0; k < 8; k++) /* in the order of the bytes, whatever the machine's */
            v |= (uint64_t)p[8 * i + k] << (8 * k);
        v ^= ones * '\n';
        uint64_t zero = ~(((v & low) + low) | v | low); /* 0x80 in each byte that was '\n' */
        mask |= (zero >> 7) * UINT64_C(0x0102040810204080) >> 56 << (8 * i);
    }
    return mask;
}

#endif

#endif
