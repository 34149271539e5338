/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_NEWLINES_H
#define ALICE_BASE_NEWLINES_H

/* Where the line ends are in 64 bytes, all at once. */

#include <stddef.h>
#include <stdint.h>

/* Bit i is set where p[i] is '\n'; `*count` is how many are. */
static inline uint64_t alice__newlines64(const uint8_t *p, unsigned *count);

#ifdef __SSE2__
#include <emmintrin.h>

static inline uint64_t alice__newlines64(const uint8_t *p, unsigned *count)
{
    const __m128i nl = _mm_set1_epi8('\n');
    __m128i sum = _mm_setzero_si128();
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
        __m128i hit = _mm_cmpeq_epi8(v, nl); /* -1 where it is one */
        sum = _mm_sub_epi8(sum, hit);
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(hit) << (16 * i);
    }
    /* Not every x86-64 counts bits in one instruction; adding up bytes all do. */
    sum = _mm_sad_epu8(sum, _mm_setzero_si128());
    *count = (unsigned)(_mm_cvtsi128_si32(sum) + _mm_extract_epi16(sum, 4));
    return mask;
}

#else

static inline uint64_t alice__newlines64(const uint8_t *p, unsigned *count)
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
    *count = (unsigned)__builtin_popcountll(mask);
    return mask;
}

#endif

/*
 * Offsets of the line ends in the first bytes of p[0, n), at most `cap` of them;
 * `*seen` is how many bytes were looked at: all but the last (fewer than 64) unless
 * `cap` was too small. `to` has room for cap + 64. Finding them all first, without a
 * branch a line, is what makes it fast: where the next line ends cannot be guessed.
 */
static inline unsigned alice__newlines(const uint8_t *p, size_t n, uint32_t *to, unsigned cap,
                                       size_t *seen)
{
    unsigned found = 0;
    size_t i = 0;
    for (; i + 64 <= n && found < cap; i += 64) {
        unsigned count;
        uint64_t mask = alice__newlines64(p + i, &count);
        uint32_t *end = to + found;
        for (unsigned k = 0; k < 4;
             k++) { /* nearly always enough; what is too much is overwritten */
            end[k] = (uint32_t)i + (uint32_t)__builtin_ctzll(mask | UINT64_C(1) << 63);
            mask &= mask - 1;
        }
        for (unsigned k = 4; k < count; k++) {
            end[k] = (uint32_t)i + (uint32_t)__builtin_ctzll(mask);
            mask &= mask - 1;
        }
        found += count;
    }
    *seen = i;
    return found;
}

#endif
