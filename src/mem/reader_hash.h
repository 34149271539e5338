/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_READER_HASH_H
#define ALICE_MEM_READER_HASH_H

/* The content hash of a file, XXH3-128, streamed through the caller's buffer. */

#include "base/hash.h"

/*
 * Hash `size` bytes of `fd` from `offset` (UINT64_MAX: to the end) through
 * `buffer`, which may be of any size; 64 KB to 256 KB are fastest. `*hashed` (may be
 * NULL) is how many there were. Drops behind itself what was not cached before.
 * ALICE_E_CHANGED: fewer than `size` bytes; ALICE_E_IO; ALICE_E_CANCELLED when
 * `stop` (may be NULL, asked once a buffer) says so. Thread-safe.
 */
alice_status alice__reader_hash(int fd, uint64_t offset, uint64_t size, void *buffer,
                                size_t buffer_bytes, bool (*stop)(void *ctx), void *stop_ctx,
                                alice__hash128 *out, uint64_t *hashed, alice_error *error);

#endif
