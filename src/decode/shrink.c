/* SPDX-License-Identifier: MIT */
/* Rows of a picture become a smaller one, each pixel of which is the mean of those it stands
 * for: so that no more than a row of sums is held. */
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"

alice__picture_state alice__shrink_accept(alice__decoding *d, uint64_t width, uint64_t height)
{
    if (width == 0 || height == 0)
        return ALICE__PICTURE_DAMAGED;
    if (width > ALICE__DECODE_LONGEST || height > ALICE__DECODE_LONGEST ||
        width * height > ALICE__DECODE_PIXELS_MOST)
        return ALICE__PICTURE_TOO_LARGE;
    d->answer.width = (uint32_t)width;
    d->answer.height = (uint32_t)height;
    return ALICE__PICTURE_OK;
}

static uint32_t scaled(uint32_t n, uint32_t longest, uint32_t side)
{
    uint32_t to = longest <= side ? n : (uint32_t)((uint64_t)n * side / longest);
    return to ? to : 1;
}

alice__picture_state alice__shrink_begin(alice__decoding *d, uint32_t width, uint32_t height)
{
    uint32_t longest = width > height ? width : height, side = d->ask.side;
    d->from_width = width;
    d->from_height = height;
    d->rows = d->cell_rows = d->cell = 0;
    d->answer.out_width = scaled(width, longest, side);
    d->answer.out_height = scaled(height, longest, side);
    d->answer.channels = d->ask.channels;
    free(d->sums);
    d->sums = calloc((size_t)d->answer.out_width * d->ask.channels, sizeof *d->sums);
    return d->sums ? ALICE__PICTURE_OK : ALICE__PICTURE_TOO_LARGE;
}

static uint32_t begin_of(uint32_t cell, uint32_t from, uint32_t cells)
{
    return (uint32_t)((uint64_t)cell * from / cells);
}

static void end_cells(alice__decoding *d, uint32_t y)
{
    const uint32_t w = d->answer.out_width, c = d->ask.channels;
    uint8_t *to = d->pixels + (size_t)y * w * c;
    for (uint32_t x = 0; x < w; x++) {
        uint32_t n = begin_of(x + 1, d->from_width, w) - begin_of(x, d->from_width, w);
        n *= d->cell_rows;
        for (uint32_t k = 0; k < c; k++)
            to[x * c + k] = (uint8_t)((d->sums[x * c + k] + n / 2) / n);
    }
    memset(d->sums, 0, (size_t)w * c * sizeof *d->sums);
    d->cell_rows = 0;
}

void alice__shrink_row(alice__decoding *d, const uint8_t *row)
{
    const uint32_t w = d->answer.out_width, h = d->answer.out_height, c = d->ask.channels;
    if (d->rows >= d->from_height)
        return;
    if (w == d->from_width && h == d->from_height) {
        memcpy(d->pixels + (size_t)d->rows++ * w * c, row, (size_t)w * c);
        return;
    }
    for (uint32_t x = 0, from = 0; x < w; x++)
        for (uint32_t end = begin_of(x + 1, d->from_width, w); from < end; from++)
            for (uint32_t k = 0; k < c; k++)
                d->sums[x * c + k] += row[from * c + k];
    d->cell_rows++;
    if (++d->rows == begin_of(d->cell + 1, d->from_height, h))
        end_cells(d, d->cell++);
}

void alice__shrink_rgba(alice__decoding *d, const uint8_t *row, uint8_t *scratch)
{
    const uint32_t c = d->ask.channels;
    for (uint32_t x = 0; x < d->from_width; x++) {
        const uint8_t *p = row + (size_t)x * 4;
        uint32_t a = p[3], v[3] = {0};
        for (uint32_t k = 0; k < 3; k++)
            v[k] = a == 255 ? p[k] : (p[k] * a + 255 * (255 - a) + 127) / 255;
        if (c == 1) {
            scratch[x] = (uint8_t)((77 * v[0] + 150 * v[1] + 29 * v[2] + 128) >> 8);
        } else {
            for (uint32_t k = 0; k < 3; k++)
                scratch[x * 3 + k] = (uint8_t)v[k];
        }
    }
    alice__shrink_row(d, scratch);
}

alice__picture_state alice__shrink_end(alice__decoding *d)
{
    free(d->sums);
    d->sums = NULL;
    return d->rows == d->from_height && d->rows ? ALICE__PICTURE_OK : ALICE__PICTURE_DAMAGED;
}
