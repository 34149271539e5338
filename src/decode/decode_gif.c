/* SPDX-License-Identifier: MIT */
/* The first frame of a GIF, on white. Its packing is small enough to be read by our own code.
 */
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"

enum {
    BUFFER = 4096,
    CODES = 4096,
    COLORS = 256,
    EXTENSION = 0x21,
    CONTROL = 0xf9,
    IMAGE = 0x2c
};

typedef struct reader {
    alice__decoding *d;
    uint64_t at;
    size_t pos, fill;
    bool bad, disk;
    uint32_t width, height; /* of the canvas */
    uint32_t left, top, frame_width, frame_height;
    int transparent; /* index; -1: none */
    uint8_t colors[COLORS * 3];
    uint8_t *frame; /* indices */
    /* LZW */
    unsigned block_left, bits, bit_count;
    uint16_t prefix[CODES];
    uint8_t suffix[CODES], stack[CODES + 1];
    uint8_t buffer[BUFFER];
} reader;

static uint8_t next(reader *r)
{
    if (r->pos == r->fill) {
        size_t got = 0;
        r->disk = r->disk || !alice__decode_read_at(r->d, r->at, r->buffer, BUFFER, &got);
        r->at += got;
        r->pos = 0;
        r->fill = got;
        if (got == 0) {
            r->bad = true;
            return 0;
        }
    }
    return r->buffer[r->pos++];
}

static uint32_t next16(reader *r)
{
    uint32_t low = next(r);
    return low | (uint32_t)next(r) << 8;
}

static void read_colors(reader *r, unsigned flags)
{
    if (flags & 0x80)
        for (unsigned i = 0; i < 3U << ((flags & 7) + 1); i++)
            r->colors[i] = next(r);
}

static void skip_blocks(reader *r)
{
    for (unsigned n; !r->bad && (n = next(r)) > 0;)
        while (n-- && !r->bad)
            (void)next(r);
}

/* Whether the frame that follows has a color that is none. */
static void read_control(reader *r)
{
    if (next(r) != 4) {
        r->bad = true;
        return;
    }
    unsigned flags = next(r);
    (void)next16(r);
    uint8_t index = next(r);
    r->transparent = flags & 1 ? index : -1;
    skip_blocks(r);
}

/* Up to the first image. */
static void read_head(reader *r)
{
    for (unsigned i = 0; i < 6; i++)
        (void)next(r);
    r->width = next16(r);
    r->height = next16(r);
    unsigned flags = next(r);
    (void)next16(r);
    read_colors(r, flags);
    while (!r->bad) {
        uint8_t what = next(r);
        if (what == IMAGE)
            break;
        if (what != EXTENSION)
            r->bad = true;
        else if (next(r) == CONTROL)
            read_control(r);
        else
            skip_blocks(r);
    }
}

/* -1: the data end. */
static int next_code(reader *r, unsigned width)
{
    while (r->bit_count < width) {
        if (r->block_left == 0) {
            r->block_left = next(r);
            if (r->block_left == 0 || r->bad)
                return -1;
        }
        r->bits |= (unsigned)next(r) << r->bit_count;
        r->bit_count += 8;
        r->block_left--;
    }
    unsigned code = r->bits & ((1U << width) - 1);
    r->bits >>= width;
    r->bit_count -= width;
    return r->bad ? -1 : (int)code;
}

/* Answers how many of the frame's pixels came. */
static size_t unpack(reader *r)
{
    const unsigned least = next(r);
    if (least < 1 || least > 8)
        return 0;
    const unsigned clear = 1U << least;
    const size_t all = (size_t)r->frame_width * r->frame_height;
    unsigned free_code = clear + 2, width = least + 1;
    size_t done = 0;
    int was = -1, code;
    uint8_t first = 0;
    while (done < all && (code = next_code(r, width)) >= 0 && (unsigned)code != clear + 1) {
        size_t n = 0;
        unsigned c = (unsigned)code;
        if (c == clear) {
            free_code = clear + 2;
            width = least + 1;
            was = -1;
            continue;
        }
        if (c > free_code || (c == free_code && was < 0))
            return done;
        if (c == free_code) {
            r->stack[n++] = first;
            c = (unsigned)was;
        }
        while (c >= clear + 2 && n < CODES) {
            r->stack[n++] = r->suffix[c];
            c = r->prefix[c];
        }
        first = (uint8_t)c;
        r->stack[n++] = first;
        if (was >= 0 && free_code < CODES) {
            r->prefix[free_code] = (uint16_t)was;
            r->suffix[free_code++] = first;
            if (free_code == 1U << width && width < 12)
                width++;
        }
        was = code;
        while (n > 0 && done < all)
            r->frame[done++] = r->stack[--n];
    }
    return done;
}

/* Where a row of the frame stands among those that came. */
static uint32_t stored_row(uint32_t y, uint32_t height, bool interlaced)
{
    static const struct {
        uint32_t first, step;
    } passes[] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};
    uint32_t before = 0;
    for (unsigned i = 0; interlaced && i < 4; i++) {
        if (y >= passes[i].first && (y - passes[i].first) % passes[i].step == 0)
            return before + (y - passes[i].first) / passes[i].step;
        if (height > passes[i].first)
            before += (height - passes[i].first + passes[i].step - 1) / passes[i].step;
    }
    return y;
}

static alice__picture_state show(reader *r, bool interlaced)
{
    uint8_t *row = malloc((size_t)r->width * 4), *shown = malloc((size_t)r->width * 3);
    alice__picture_state state = alice__shrink_begin(r->d, r->width, r->height);
    if (!row || !shown)
        state = ALICE__PICTURE_TOO_LARGE;
    for (uint32_t y = 0; state == ALICE__PICTURE_OK && y < r->height; y++) {
        memset(row, 0, (size_t)r->width * 4);
        if (y >= r->top && y - r->top < r->frame_height) {
            const uint8_t *from =
                r->frame +
                (size_t)r->frame_width * stored_row(y - r->top, r->frame_height, interlaced);
            for (uint32_t x = 0; x < r->frame_width && r->left + x < r->width; x++) {
                uint8_t *to = row + (size_t)(r->left + x) * 4;
                memcpy(to, r->colors + (size_t)from[x] * 3, 3);
                to[3] = from[x] == r->transparent ? 0 : 255;
            }
        }
        alice__shrink_rgba(r->d, row, shown);
    }
    free(row);
    free(shown);
    return state == ALICE__PICTURE_OK ? alice__shrink_end(r->d) : state;
}

static alice__picture_state read_frame(reader *r)
{
    read_head(r);
    r->left = next16(r);
    r->top = next16(r);
    r->frame_width = next16(r);
    r->frame_height = next16(r);
    unsigned flags = next(r);
    read_colors(r, flags);
    if (r->bad || r->frame_width == 0 || r->frame_height == 0)
        return r->disk ? ALICE__PICTURE_UNREADABLE : ALICE__PICTURE_DAMAGED;
    alice__picture_state state = alice__shrink_accept(r->d, r->width, r->height);
    if (state != ALICE__PICTURE_OK)
        return state;
    size_t all = (size_t)r->frame_width * r->frame_height;
    if (all > ALICE__DECODE_PIXELS_MOST) /* a frame may be larger than the picture */
        return ALICE__PICTURE_TOO_LARGE;
    r->frame = malloc(all);
    if (!r->frame)
        return ALICE__PICTURE_TOO_LARGE;
    if (unpack(r) < all)
        return r->disk ? ALICE__PICTURE_UNREADABLE : ALICE__PICTURE_DAMAGED;
    return show(r, (flags & 0x40) != 0);
}

static alice__picture_state read_whole(alice__decoding *d)
{
    reader *r = calloc(1, sizeof *r);
    if (!r)
        return ALICE__PICTURE_TOO_LARGE;
    r->d = d;
    r->transparent = -1;
    alice__picture_state state = read_frame(r);
    free(r->frame);
    free(r);
    return state;
}

static bool is_gif(const alice__decoding *d)
{
    return memcmp(d->head, "GIF87a", 6) == 0 || memcmp(d->head, "GIF89a", 6) == 0;
}

const alice__decode_format alice__decode_gif = {.is = is_gif, .read = read_whole};
