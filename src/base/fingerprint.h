/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_FINGERPRINT_H
#define ALICE_BASE_FINGERPRINT_H

/*
 * How a file is known again: its stamp (what the file system says), the hash of
 * its head, the hash of its whole content. Walk, probe, transfer and catalog
 * speak of files in these words.
 */

#include "base/hash_wide.h"

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

/*
 * A file as it was met. It is described here once; each stage of a run has this description in
 * its own and adds what it found out: the prober the medium, the batch the plan, the catalog
 * the row, the transfer the destination.
 */
typedef struct alice__file {
    const char *name; /* in its folder; who keeps the description says how long it lives */
    alice__stamp stamp;
    alice__hash head; /* of its first ALICE__HEAD_BYTES, or of all of it; 0: it was not read */
} alice__file;

static inline alice__hash alice__hash_words(alice__hash128 h)
{
    alice__hash words = {0, 0};
    for (int i = 0; i < 8; i++) {
        words.high = words.high << 8 | h.b[i];
        words.low = words.low << 8 | h.b[8 + i];
    }
    return words;
}

static inline bool alice__same_hash(alice__hash a, alice__hash b)
{
    return a.high == b.high && a.low == b.low;
}

/* Of a head, or of any range at once. */
static inline alice__hash alice__hash_of_bytes(const void *p, size_t n)
{
    enum { LONG = 1024 };
    return alice__hash_words(n < LONG ? alice__hash128_bytes(p, n)
                                      : alice__hash128_bytes_wide(p, n));
}

/*
 * A print names what is known of a content so far, and what comes next goes into it: the size
 * and the hash of the head, then that of its samples, then that of all. Files with different
 * prints are different; those with the same one have to be compared.
 */
static inline uint64_t alice__print_next(uint64_t print, alice__hash h)
{
    const uint64_t words[] = {print, h.low, h.high};
    return alice__hash_of_bytes(words, sizeof words).low;
}

#endif
