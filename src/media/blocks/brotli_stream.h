/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_BROTLI_STREAM_H
#define ALICE_MEDIA_BROTLI_STREAM_H

/*
 * Brotli-compressed bytes of an input as a text stream. The decoder's memory is
 * charged to the env and bounded, and so is what comes out: a bomb of some
 * bytes ends at `most`.
 */

#include <brotli/decode.h>

#include "media/parse.h"

typedef struct alice__brotli {
    alice__text_stream stream;
    const alice__parse *parse;
    BrotliDecoderState *decoder;
    alice__text_range source;
    alice_bytes rest; /* of the compressed window at hand */
    uint8_t *out;
    size_t room;
    uint64_t left; /* bytes that may still come out */
    size_t held;   /* bytes the decoder has taken */
    bool done;
    alice_status status; /* what ended it early: damaged, too big, over budget */
} alice__brotli;

/*
 * Over [offset, offset + n) of the parse's input. The parse's scratch belongs to the
 * stream until it is closed, which it has to be also after a failure.
 */
alice_status alice__brotli_open(alice__brotli *s, const alice__parse *parse, uint64_t offset,
                                uint64_t n, uint64_t most);
void alice__brotli_close(alice__brotli *s);

#endif
