/* SPDX-License-Identifier: MIT */
/* WebP by libwebp, which needs all of the file and makes it as small as asked for itself. */
#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>

#include "base/cursor.h"
#include "decode/decode.h"

enum { BYTES_MOST = 64 * 1024 * 1024, RIFF = 12, CHUNKS_MOST = 1024 };

/* The chunk EXIF, of a file that is whole in memory. */
static void read_orientation(alice__decoding *d, const uint8_t *p, size_t n)
{
    alice__cur c = alice__cur_of(p, n);
    alice__cur_skip(&c, RIFF);
    for (unsigned i = 0; i < CHUNKS_MOST && !c.bad && c.left; i++) {
        const uint8_t *name = alice__cur_take(&c, 4);
        uint32_t bytes = alice__cur_le32(&c);
        const uint8_t *data = alice__cur_take(&c, bytes);
        alice__cur_skip(&c, bytes & 1);
        if (!name || !data || memcmp(name, "EXIF", 4) != 0)
            continue;
        size_t head = bytes > 6 && memcmp(data, "Exif\0", 6) == 0 ? 6 : 0;
        d->orientation = alice__turn_of_exif(data + head, bytes - head);
        return;
    }
}

static alice__picture_state show(alice__decoding *d, const WebPDecBuffer *b)
{
    uint8_t *shown = malloc((size_t)b->width * 3);
    alice__picture_state state =
        alice__shrink_begin(d, (uint32_t)b->width, (uint32_t)b->height);
    if (!shown || state != ALICE__PICTURE_OK) {
        free(shown);
        return ALICE__PICTURE_TOO_LARGE;
    }
    for (int y = 0; y < b->height; y++)
        alice__shrink_rgba(d, b->u.RGBA.rgba + (ptrdiff_t)y * b->u.RGBA.stride, shown);
    free(shown);
    return alice__shrink_end(d);
}

static alice__picture_state read_bytes(alice__decoding *d, const uint8_t *p, size_t n)
{
    WebPDecoderConfig c;
    if (!WebPInitDecoderConfig(&c) || WebPGetFeatures(p, n, &c.input) != VP8_STATUS_OK ||
        c.input.width <= 0 || c.input.height <= 0)
        return ALICE__PICTURE_DAMAGED;
    uint32_t w = (uint32_t)c.input.width, h = (uint32_t)c.input.height;
    alice__picture_state state = alice__shrink_accept(d, w, h);
    if (state != ALICE__PICTURE_OK)
        return state;
    if (c.input.has_animation)
        return ALICE__PICTURE_NO_DECODER;
    const uint32_t longest = w > h ? w : h, side = d->ask.side;
    if (longest > side) {
        c.options.use_scaling = 1;
        c.options.scaled_width = (int)((uint64_t)w * side / longest);
        c.options.scaled_height = (int)((uint64_t)h * side / longest);
        c.options.scaled_width += c.options.scaled_width == 0;
        c.options.scaled_height += c.options.scaled_height == 0;
    }
    c.options.no_fancy_upsampling = 1;
    c.output.colorspace = MODE_RGBA;
    VP8StatusCode got = WebPDecode(p, n, &c);
    if (got == VP8_STATUS_OK)
        state = show(d, &c.output);
    else
        state =
            got == VP8_STATUS_OUT_OF_MEMORY ? ALICE__PICTURE_TOO_LARGE : ALICE__PICTURE_DAMAGED;
    WebPFreeDecBuffer(&c.output);
    return state;
}

static alice__picture_state read_whole(alice__decoding *d)
{
    size_t n = d->size < BYTES_MOST ? (size_t)d->size : 0, got = 0;
    uint8_t *p = n ? malloc(n) : NULL;
    alice__picture_state state = ALICE__PICTURE_TOO_LARGE;
    if (p && !alice__decode_read_at(d, 0, p, n, &got)) {
        state = ALICE__PICTURE_UNREADABLE;
    } else if (p) {
        state = read_bytes(d, p, got);
        if (state == ALICE__PICTURE_OK)
            read_orientation(d, p, got);
    }
    free(p);
    return state;
}

static bool is_webp(const alice__decoding *d)
{
    return memcmp(d->head, "RIFF", 4) == 0 && memcmp(d->head + 8, "WEBPVP8", 7) == 0;
}

const alice__decode_format alice__decode_webp = {.is = is_webp, .read = read_whole};
