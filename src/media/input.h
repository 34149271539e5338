/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_INPUT_H
#define ALICE_MEDIA_INPUT_H

/* Where a parser's bytes come from: the head, fetched ranges, streams. */

#include <alice/env.h>
#include "base/cursor.h"
#include "media/work.h"

typedef struct alice__input {
    uint64_t size;    /* of the whole file */
    alice_bytes head; /* its first bytes, already read (64 KB, or all of it) */

    /* Read up to `n` bytes at `offset`; `*got` is less only at the end of the file. */
    alice_status (*fetch)(void *ctx, uint64_t offset, void *to, size_t n, size_t *got);
    void *ctx;
    bool ahead;        /* fetch() is served from what was read ahead (readahead.h) */
    alice__work *work; /* counts what is fetched; NULL: nobody does */
} alice__input;

/*
 * Borrow `n` bytes at `offset`: out of the head where they lie in it, else
 * fetched into `scratch` (at least `n` bytes). NULL: they are not all there
 * (or reading failed, which `*status` then says; it is left alone otherwise).
 */
const uint8_t *alice__input_at(const alice__input *in, uint64_t offset, size_t n, void *scratch,
                               alice_status *status);
/*
 * Copy what there is of `n` bytes at `at`, before `end` and before the end of the
 * file; how many. 0: none, or reading failed, which `*status` then says.
 */
size_t alice__input_copy(const alice__input *in, uint64_t at, uint64_t end, void *to, size_t n,
                         alice_status *status);

/*
 * A pull stream of text: the next window of bytes, borrowed until the next
 * call; empty at the end. For texts that may be longer than memory is wide:
 * inflated chunks, tag values of a video.
 */
typedef struct alice__text_stream {
    alice_status (*next)(struct alice__text_stream *s, alice_bytes *window);
    void *ctx;
} alice__text_stream;

/* A stream over bytes that are in memory. `state` holds its position. */
typedef struct alice__text_memory {
    alice__text_stream stream;
    alice_bytes rest;
} alice__text_memory;
alice__text_stream *alice__text_of(alice__text_memory *m, alice_bytes all);

/*
 * A stream over bytes `[offset, offset + n)` of the input, or what is there of
 * them. Fetched pieces go through `window` (of `room` bytes, 1 KB or more),
 * which belongs to the stream until it ends. `status` says what stopped it.
 */
typedef struct alice__text_range {
    alice__text_stream stream;
    const alice__input *in;
    uint64_t at, end;
    void *window;
    size_t room;
    alice_status status;
} alice__text_range;
alice__text_stream *alice__text_in(alice__text_range *r, const alice__input *in,
                                   uint64_t offset, uint64_t n, void *window, size_t room);

/* An input over bytes that are in memory: all of it is head. Lives as long as they. */
alice__input alice__input_of(alice_bytes all);

/* Bytes that are read anywhere in them, in pieces: a JUMBF box that lies in many segments. */
typedef struct alice__span_reader {
    alice_status (*read)(void *ctx, uint64_t offset, void *to, size_t n, size_t *got);
    void *ctx;
    uint64_t size;
} alice__span_reader;
/* A reader of bytes [offset, offset + n) of an input, where they lie in one piece. */
typedef struct alice__span_range {
    alice__span_reader reader;
    const alice__input *in;
    uint64_t offset;
} alice__span_range;
const alice__span_reader *alice__span_in(alice__span_range *r, const alice__input *in,
                                         uint64_t offset, uint64_t n);

#endif
