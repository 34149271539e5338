/* SPDX-License-Identifier: MIT */
/* Pictures lie as the camera was held; EXIF tells how to turn them. */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "decode/decode.h"

unsigned alice__turn_of_exif(const uint8_t *p, size_t n)
{
    enum { TAG = 0x0112, SHORT = 3, ENTRIES_MOST = 512 };
    alice__cur c = alice__cur_of(p, n);
    uint16_t order = alice__cur_be16(&c);
    if (order != 0x4949 && order != 0x4d4d)
        return 0;
    c.little = order == 0x4949;
    alice__cur_skip(&c, 2);
    uint32_t at = alice__cur_u32(&c);
    bool little = c.little;
    if (c.bad || at >= n)
        return 0;
    c = alice__cur_of(p + at, n - at);
    c.little = little;
    unsigned count = alice__cur_u16(&c);
    for (unsigned i = 0; i < count && i < ENTRIES_MOST && !c.bad; i++) {
        uint16_t tag = alice__cur_u16(&c), type = alice__cur_u16(&c);
        uint32_t values = alice__cur_u32(&c);
        uint16_t value = alice__cur_u16(&c);
        alice__cur_skip(&c, 2);
        if (!c.bad && tag == TAG && type == SHORT && values == 1)
            return value >= 1 && value <= 8 ? value : 0;
    }
    return 0;
}

alice__picture_state alice__turn(alice__decoding *d)
{
    alice__picture_answer *a = &d->answer;
    const uint32_t w = a->out_width, h = a->out_height, c = a->channels;
    const bool across = d->orientation >= 5; /* rows become columns */
    /* By orientation: whether columns, rows of the stored picture are told from their end. */
    static const bool from_right[] = {0, 0, 1, 1, 0, 0, 0, 1, 1};
    static const bool from_below[] = {0, 0, 0, 1, 1, 0, 1, 1, 0};
    const bool right = from_right[d->orientation], below = from_below[d->orientation];
    if (d->orientation < 2)
        return ALICE__PICTURE_OK;
    uint8_t *was = malloc(a->bytes), *to = d->pixels;
    if (!was)
        return ALICE__PICTURE_TOO_LARGE;
    memcpy(was, d->pixels, a->bytes);
    const uint32_t rows = across ? w : h, columns = across ? h : w;
    for (uint32_t y = 0; y < rows; y++) {
        for (uint32_t x = 0; x < columns; x++, to += c) {
            uint32_t sx = across ? y : x, sy = across ? x : y;
            sx = right ? w - 1 - sx : sx;
            sy = below ? h - 1 - sy : sy;
            memcpy(to, was + ((size_t)sy * w + sx) * c, c);
        }
    }
    free(was);
    if (across) {
        uint32_t t = a->width;
        a->width = a->height;
        a->height = t;
        a->out_width = h;
        a->out_height = w;
    }
    return ALICE__PICTURE_OK;
}
