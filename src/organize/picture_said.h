/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_PICTURE_SAID_H
#define ALICE_ORGANIZE_PICTURE_SAID_H

/* What a decoder says, of which nothing is believed: read as it comes, without waiting. */

#include "port/decoder.h"

typedef struct alice__picture_said {
    alice__picture_ask ask; /* what it was asked; without the magic: only whether it is ready */
    alice__picture_answer answer;
    size_t got;      /* bytes of the answer and its pixels; 0 before the first */
    uint8_t *pixels; /* ALICE__PICTURE_BYTES, the caller's */
} alice__picture_said;

/*
 * Read on. 0: the answer is whole, and one that the ask can have. -EAGAIN: that was all for
 * now. Else the decoder is to be ended: -EPIPE, it has; -EPROTO, it makes no sense.
 */
int alice__picture_read_on(alice__picture_said *s, const alice__decoder *d);

#endif
