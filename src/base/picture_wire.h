/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_PICTURE_WIRE_H
#define ALICE_BASE_PICTURE_WIRE_H

/*
 * What the library and the decoder, a program of its own, say to each other over a socket. Both
 * are of one build and one machine, so that structures go as they stand.
 *
 *   library ──▶ ask, and an open file with it ──▶ decoder
 *   library ◀── answer, then its `bytes` of pixels ◀── decoder
 *
 * A decoder that has given up its rights and is ready says so with a first answer. Whoever
 * reads an answer believes nothing of it before alice__picture_answer_holds() said yes.
 */

#include <alice/base.h>

enum {
    ALICE__PICTURE_MAGIC = 0x31504c41, /* "ALP1" */
    ALICE__PICTURE_LUMA_SIDE = 512,    /* longest side of what is told in gray, */
    ALICE__PICTURE_RGB_SIDE = 256,     /* and in color */
    ALICE__PICTURE_BYTES = 512 * 512   /* of pixels, at most */
};

typedef enum alice__picture_state {
    ALICE__PICTURE_READY,      /* the first answer, of no picture */
    ALICE__PICTURE_OK,         /* pixels follow */
    ALICE__PICTURE_NONE,       /* no picture by its first bytes */
    ALICE__PICTURE_NO_DECODER, /* a picture of a type that this decoder does not read */
    ALICE__PICTURE_DAMAGED,
    ALICE__PICTURE_TOO_LARGE, /* it needs more memory or work than it may have */
    ALICE__PICTURE_UNREADABLE /* the disk fails */
} alice__picture_state;

typedef struct alice__picture_ask {
    uint32_t magic;
    uint16_t channels; /* 1: luma, 3: red, green, blue */
    uint16_t side;     /* longest side of the answer; smaller pictures stay as they are */
} alice__picture_ask;

typedef struct alice__picture_answer {
    uint32_t magic;
    uint32_t state;         /* alice__picture_state */
    uint32_t format;        /* alice_media_type, as far as the decoder tells types apart */
    uint32_t width, height; /* of the picture, as it is looked at */
    uint32_t out_width, out_height, channels;
    uint32_t bytes; /* of pixels that follow, rows from the top without gaps */
    uint32_t fast;  /* 1: read at a lower resolution, where the format offers that */
} alice__picture_answer;

static inline uint32_t alice__picture_longest(uint16_t channels)
{
    return channels == 1 ? ALICE__PICTURE_LUMA_SIDE : ALICE__PICTURE_RGB_SIDE;
}

static inline bool alice__picture_ask_holds(const alice__picture_ask *a)
{
    return a->magic == ALICE__PICTURE_MAGIC && (a->channels == 1 || a->channels == 3) &&
           a->side > 0 && a->side <= alice__picture_longest(a->channels);
}

/* Whether an answer is one that `ask` can have: what follows fits ALICE__PICTURE_BYTES. */
static inline bool alice__picture_answer_holds(const alice__picture_answer *a,
                                               const alice__picture_ask *ask)
{
    if (a->magic != ALICE__PICTURE_MAGIC || a->state > ALICE__PICTURE_UNREADABLE)
        return false;
    if (a->state != ALICE__PICTURE_OK)
        return a->bytes == 0;
    return a->channels == ask->channels && a->width > 0 && a->height > 0 && a->out_width > 0 &&
           a->out_height > 0 && a->out_width <= ask->side && a->out_height <= ask->side &&
           a->bytes == a->out_width * a->out_height * a->channels;
}

#endif
