/* SPDX-License-Identifier: MIT */
#ifndef ALICE_DECODE_DECODE_H
#define ALICE_DECODE_DECODE_H

/*
 * The decoder's inside: one picture at a time, from an open file to a few pixels. This runs in
 * a process that has given up everything; it may be taken over or end at any time, and nobody
 * believes it. So it is plain: memory comes from malloc() and is bounded by the kernel, and
 * what goes wrong in a library is left with longjmp().
 *
 *   head ─▶ format by its first bytes ─▶ rows ─▶ shrink ─▶ turn as EXIF says ─▶ pixels
 */

#include <alice/media.h>

#include "base/picture_wire.h"

enum {
    ALICE__DECODE_HEAD = 64,
    ALICE__DECODE_LONGEST = 1 << 20 /* a side of a picture, in pixels */
};
/* Above this a picture is work that nobody asked for. */
#ifndef ALICE__DECODE_PIXELS_MOST
#define ALICE__DECODE_PIXELS_MOST (UINT64_C(1) << 30)
#endif

typedef struct alice__decoding {
    int fd;
    uint64_t size;
    uint8_t head[ALICE__DECODE_HEAD]; /* with zeros behind a shorter file */
    size_t head_n;
    alice__picture_ask ask;
    alice__picture_answer answer;
    unsigned orientation; /* of EXIF, 1 to 8; 0: not told */
    uint8_t *pixels;      /* ALICE__PICTURE_BYTES */
    /* Of the rows under way, in shrink.c. */
    uint32_t from_width, from_height, rows, cell_rows, cell;
    uint32_t *sums;
} alice__decoding;

typedef struct alice__decode_format {
    bool (*is)(const alice__decoding *d);
    alice__picture_state (*read)(alice__decoding *d);
} alice__decode_format;

extern const alice__decode_format alice__decode_jpeg, alice__decode_png, alice__decode_gif,
    alice__decode_webp, alice__decode_heif, alice__decode_preview;

/* Read `d->fd`: fills the answer, and the pixels where its state is OK. */
void alice__decode(alice__decoding *d);

/* Read `n` bytes at `at`; fewer at the end of the file. False: the disk fails. */
bool alice__decode_read_at(const alice__decoding *d, uint64_t at, void *to, size_t n,
                           size_t *got);

/* A JPEG that stands inside of the file. */
alice__picture_state alice__decode_jpeg_at(alice__decoding *d, uint64_t at, uint64_t n);

/* ---- rows to pixels (shrink.c) ---- */

/* Whether a picture of that size may be read at all; its size goes into the answer. */
alice__picture_state alice__shrink_accept(alice__decoding *d, uint64_t width, uint64_t height);
/* Rows of width × height pixels will come, which is the picture or a smaller form of it. */
alice__picture_state alice__shrink_begin(alice__decoding *d, uint32_t width, uint32_t height);
/* The next row, of `channels` bytes a pixel as they were asked for. */
void alice__shrink_row(alice__decoding *d, const uint8_t *row);
/* The next row, of red, green, blue and alpha, which stands on white. `scratch` has room for
 * `channels` bytes a pixel; it may be `row`. */
void alice__shrink_rgba(alice__decoding *d, const uint8_t *row, uint8_t *scratch);
/* All rows came: OK; else the picture is damaged. */
alice__picture_state alice__shrink_end(alice__decoding *d);

/* ---- turning (turn.c) ---- */

/* The orientation that a TIFF structure, as EXIF has, tells in its first directory; 0: none. */
unsigned alice__turn_of_exif(const uint8_t *p, size_t n);
/* Turn the pixels, and the sizes of the answer, as `orientation` says. */
alice__picture_state alice__turn(alice__decoding *d);

#endif
