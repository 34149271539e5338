/* SPDX-License-Identifier: MIT */
/* MPEG program streams (MPG, VOB), and bare video streams of MPEG 1 and 2 (M1V, M2V, and MPG of
 * old programs): the size of the first picture; no date stands in them. */
#include <string.h>

#include "media/formats/format.h"

static const uint8_t sequence[] = {0, 0, 1, 0xb3};

static alice_status mpegps_read(alice__parse *parse)
{
    alice_bytes head = parse->in->head;
    for (size_t i = 0; i + 7 <= head.n; i++) {
        const uint8_t *p = head.p + i;
        if (memcmp(p, sequence, sizeof sequence) == 0) {
            alice__facts_size(parse->facts, (unsigned)p[4] << 4 | p[5] >> 4,
                              (p[5] & 15u) << 8 | p[6]);
            break;
        }
    }
    return ALICE_OK;
}

static bool is_sequence(alice_bytes head)
{
    enum { MATRIX = 64 };
    const uint8_t *p = head.p;
    unsigned width = (unsigned)p[4] << 4 | p[5] >> 4, height = (p[5] & 15u) << 8 | p[6];
    unsigned ratio = p[7] >> 4, rate = p[7] & 15u;
    if (width == 0 || height == 0 || ratio == 0 || ratio == 15 || rate == 0 || rate > 8 ||
        !(p[10] & 0x20))
        return false;
    /* Either table of weights may stand in it; the second begins at the last bit. */
    size_t at = 12;
    if (p[11] & 2)
        at += MATRIX;
    if (at <= head.n && head.p[at - 1] & 1)
        at += MATRIX;
    return at + 4 <= head.n && memcmp(head.p + at, "\0\0\1", 3) == 0;
}

static alice_media_type mpegps_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    /* A pack, of MPEG 2 or 1 by the bits behind its start code. */
    bool is = head.n >= 16 && memcmp(head.p, "\0\0\1\xba", 4) == 0 &&
              ((head.p[4] & 0xc4) == 0x44 || (head.p[4] & 0xf1) == 0x21);
    /* Or a sequence: a size, a ratio and a rate that there are, the bit that is always set, and
     * the start code of what follows it. */
    if (!is && head.n >= 16 && memcmp(head.p, sequence, sizeof sequence) == 0)
        is = is_sequence(head);
    return is ? ALICE_MEDIA_MPG : ALICE_MEDIA_NONE;
}

const alice__format alice__format_mpegps = {"mpegps", mpegps_sniff, mpegps_read};
