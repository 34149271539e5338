/* SPDX-License-Identifier: MIT */
/* The content hash of a file: read, hash, drop behind. */
#include "mem/reader_hash.h"

#include <alice/reader.h>

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/hash_wide.h"
#include "mem/drop_behind.h"
#include "port/file_read.h"

/* What is read is hashed while it is still in the processor's cache, whatever the buffer. */
enum { READ = 128 * 1024 };

alice_status alice__reader_hash(int fd, uint64_t offset, uint64_t size, void *buffer,
                                size_t buffer_bytes, bool (*stop)(void *ctx), void *stop_ctx,
                                alice__hash128 *out, uint64_t *hashed, alice_error *error)
{
    alice__hasher hasher;
    alice__file_about about;
    uint64_t done = 0;
    alice_status st = ALICE_OK;
    if (!buffer || buffer_bytes == 0 || !out)
        return ALICE_E_INVAL;
    if (buffer_bytes > READ)
        buffer_bytes = READ;
    int e = alice__file_look(fd, &about);
    alice__drop_behind drop = {
        .fd = fd, .on = e == 0 && about.regular && about.size > 0, .size = about.size};

    alice__hasher_init(&hasher);
    while (e == 0 && done < size) {
        uint64_t left = size - done;
        size_t n = left < buffer_bytes ? (size_t)left : buffer_bytes;
        size_t got = 0;
        if (stop && stop(stop_ctx)) {
            st = alice__fail(error, ALICE_E_CANCELLED, 0, "stopped while hashing");
            break;
        }
        alice__drop_behind_reading(&drop, offset + done, n);
        e = alice__file_read_at(fd, offset + done, buffer, n, &got);
        alice__hasher_update_wide(&hasher, buffer, got);
        done += got;
        if (got < n)
            break;
    }
    alice__drop_behind_end(&drop, offset + done);
    if (st != ALICE_OK)
        return st;
    if (e != 0) {
        st = alice__status_of_errno(-e);
        return alice__fail(error, st == ALICE_E_SYSTEM ? ALICE_E_IO : st, -e,
                           "reading failed at byte %" PRIu64 ": %s", offset + done,
                           strerror(-e));
    }
    if (size != UINT64_MAX && done < size)
        return alice__fail(error, ALICE_E_CHANGED, 0,
                           "the file ends after %" PRIu64 " bytes instead of %" PRIu64,
                           offset + done, offset + size);
    *out = alice__hasher_final(&hasher);
    if (hashed)
        *hashed = done;
    return ALICE_OK;
}

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
