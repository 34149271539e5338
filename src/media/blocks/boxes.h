/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_BOXES_H
#define ALICE_MEDIA_BOXES_H

/*
 * Boxes of ISO BMFF (MP4, MOV, HEIF, AVIF, CR3, JPEG XL, JUMBF) where they lie
 * in an input, and numbers in them:
 *
 *     │size u32│type│ content … │      size 1: a u64 follows the type
 *     │size 0  │type│ content … to the end of the region
 *
 * Nothing is read but headers and the fields asked for, so the size of a box
 * costs nothing. A walk shares one count of the boxes it may still look at with
 * the walks inside it: a file made of a billion empty boxes ends there.
 */

#include "media/input.h"

/* A box type as the number that be32 reads. */
#define ALICE__BOX(a, b, c, d)                                     \
    ((uint32_t)(uint8_t)(a) << 24 | (uint32_t)(uint8_t)(b) << 16 | \
     (uint32_t)(uint8_t)(c) << 8 | (uint32_t)(uint8_t)(d))

typedef struct alice__box {
    uint32_t type;
    uint64_t at;   /* of its header */
    uint64_t body; /* of its content */
    uint64_t end;  /* one past its content, never past its region */
    bool cut;      /* it claims more than its region has */
} alice__box;

/* The boxes of the region [at, end), one after the other. */
typedef struct alice__boxes {
    const alice__input *in;
    uint64_t at, end;
    uint32_t *left;      /* boxes that may still be looked at, shared */
    alice_status status; /* what kept from reading; ALICE_OK: nothing */
    bool damaged;        /* ended on bytes that are no box */
} alice__boxes;

alice__boxes alice__boxes_in(const alice__input *in, uint64_t at, uint64_t end, uint32_t *left);

/* The next box. False at the end of the region, of what may be looked at, and at what is no
 * box. */
bool alice__boxes_next(alice__boxes *w, alice__box *box);

/* The first box of `type` in [at, end). */
bool alice__box_find(const alice__input *in, uint64_t at, uint64_t end, uint32_t type,
                     uint32_t *left, alice__box *box);

/*
 * Copy up to `n` bytes at `at`, but none from `end` on; the answer is how many
 * there were. The rest of `to` is zeroed.
 */
size_t alice__peek(const alice__input *in, uint64_t at, uint64_t end, void *to, size_t n);

/* Numbers of [at, end) in order, through a small window. A read past the end gives 0 and sets
 * bad. */
typedef struct alice__scan {
    const alice__input *in;
    uint64_t at, end; /* of what follows the window */
    const uint8_t *p; /* the window's rest */
    size_t left;
    bool bad;
    uint8_t window[256];
} alice__scan;

void alice__scan_open(alice__scan *s, const alice__input *in, uint64_t at, uint64_t end);
/* A big-endian number of `n` bytes, 0 to 8. */
uint64_t alice__scan_be(alice__scan *s, unsigned n);

#endif
