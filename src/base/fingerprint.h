/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_FINGERPRINT_H
#define ALICE_BASE_FINGERPRINT_H

/*
 * How a file is known again: its stamp (what the file system says), the hash of
 * its head, the hash of its whole content. Walk, probe, transfer and catalog
 * speak of files in these words.
 */

#include "base/hash.h"

enum { ALICE__HEAD_BYTES = 65536 /* what is read of every file, and hashed */ };

/* XXH3-128, of a head or of a whole content. */
typedef struct alice__hash {
    uint64_t low, high;
} alice__hash;

/* How a source file was when it was last looked at. */
typedef struct alice__stamp {
    uint64_t size;
    int64_t mtime_ns, ctime_ns;
    uint64_t inode; /* a hint only */
} alice__stamp;

static inline alice__hash alice__hash_words(alice__hash128 h)
{
    alice__hash words = {0, 0};
    for (int i = 0; i < 8; i++) {
        words.high = words.high << 8 | h.b[i];
        words.low = words.low << 8 | h.b[8 + i];
    }
    return words;
}

/* Of a head, or of any range at once. */
static inline alice__hash alice__hash_of_bytes(const void *p, size_t n)
{
    return alice__hash_words(alice__hash128_bytes(p, n));
}

static inline bool alice__hash_same(alice__hash a, alice__hash b)
{
    return a.low == b.low && a.high == b.high;
}

#endif
