/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_COMPARE_H
#define ALICE_ORGANIZE_COMPARE_H

/* Whole files: their hash, and whether two are the same, byte for byte. Constant memory,
 * drop-behind. */

#include <alice/env.h>

#include "base/fingerprint.h"
#include "port/fs_ops.h"

/* How whole files are read. */
typedef struct alice__reading_whole {
    alice_env env;           /* its account pays the chunks */
    const alice__fs_ops *fs; /* NULL: the real one */
    size_t chunk_bytes;
    bool use_mmap; /* a hash sees the file through mapped windows, which takes a
                      chunk more and, in this process, a SIGBUS handler */
    bool (*should_stop)(void *ctx); /* asked every few MB: then ALICE_E_CANCELLED; or NULL */
    void *stop_ctx;
} alice__reading_whole;

/* XXH3-128 of a whole file, which has to have `size` bytes: else ALICE_E_CHANGED. */
alice_status alice__content_hash(const alice__reading_whole *how, int fd, uint64_t size,
                                 alice__hash *out);

/* The same of two short stretches behind the head, in the middle and at the end: what is read
 * of a long file before all of it. */
alice_status alice__sample_hash(const alice__reading_whole *how, int fd, uint64_t size,
                                alice__hash *out);

/* Compare two open files of `size` bytes each. A file of another size by now is not the same.
 */
alice_status alice__same_bytes(const alice__reading_whole *how, int a, int b, uint64_t size,
                               bool *same);

#endif
