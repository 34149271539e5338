/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_HASH_H
#define ALICE_BASE_HASH_H

/*
 * Hashing: XXH3, compiled in. alice__hash64 for tables in memory (seeded),
 * alice__hash128 for what is written down (fingerprints, content hashes; never
 * seeded, so that it stays the same from run to run and machine to machine).
 */

#include <stddef.h>
#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <alice/base.h>

static inline uint64_t alice__hash64(const void *p, size_t n, uint64_t seed)
{
    return XXH3_64bits_withSeed(p, n, seed);
}

/* A 128-bit hash in canonical (big-endian) byte order: the same everywhere. */
typedef struct alice__hash128 {
    uint8_t b[16];
} alice__hash128;

static inline alice__hash128 alice__hash128_of(XXH128_hash_t h)
{
    XXH128_canonical_t canonical;
    alice__hash128 out;
    XXH128_canonicalFromHash(&canonical, h);
    for (size_t i = 0; i < sizeof out.b; i++)
        out.b[i] = canonical.digest[i];
    return out;
}

/* Of a whole range at once. */
static inline alice__hash128 alice__hash128_bytes(const void *p, size_t n)
{
    return alice__hash128_of(XXH3_128bits(p, n));
}

/* Streaming: init, update as often as needed, final. About 600 bytes, 64-byte aligned. */
typedef struct alice__hasher {
    XXH3_state_t state;
} alice__hasher;

static inline void alice__hasher_init(alice__hasher *h)
{
    XXH3_INITSTATE(&h->state);
    XXH3_128bits_reset(&h->state);
}

static inline void alice__hasher_update(alice__hasher *h, const void *p, size_t n)
{
    if (n > 0)
        XXH3_128bits_update(&h->state, p, n);
}

static inline alice__hash128 alice__hasher_final(const alice__hasher *h)
{
    return alice__hash128_of(XXH3_128bits_digest(&h->state));
}

#endif
