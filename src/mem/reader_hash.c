/* SPDX-License-Identifier: MIT */
/* The content hash of what a reader has left. */
#include <alice/reader.h>

#include <string.h>

#include "base/hash_wide.h"

/* What is read is hashed while it is still in the processor's cache, whatever the buffer. */
enum { READ = 128 * 1024 };

alice_status alice_reader_hash(alice_reader *reader, uint8_t hash[16], alice_error *error)
{
    alice__hasher hasher;
    alice_bytes piece;
    alice_status st;
    alice_reader_stats stats = {0};
    if (!reader || !hash)
        return ALICE_E_INVAL;
    alice_reader_get_stats(reader, &stats);
    size_t n = stats.chunk_bytes < READ ? stats.chunk_bytes : READ;
    alice__hasher_init(&hasher);
    while ((st = alice_reader_peek(reader, n, &piece, error)) == ALICE_OK && piece.n > 0) {
        alice__hasher_update_wide(&hasher, piece.p, piece.n);
        st = alice_reader_skip(reader, piece.n, error);
        if (st != ALICE_OK)
            break;
    }
    if (st != ALICE_OK)
        return st;
    alice__hash128 h = alice__hasher_final(&hasher);
    memcpy(hash, h.b, sizeof h.b);
    return ALICE_OK;
}
