/* SPDX-License-Identifier: MIT */
/* MPEG program streams (MPG, VOB): the size of the first picture; no date stands in them. */
#include <string.h>

#include "media/formats/format.h"

static alice_status mpegps_read(alice__parse *parse)
{
    static const uint8_t sequence[] = {0, 0, 1, 0xb3};
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

static alice_media_type mpegps_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    /* A pack, of MPEG 2 or 1 by the bits behind its start code. */
    bool is = head.n >= 16 && memcmp(head.p, "\0\0\1\xba", 4) == 0 &&
              ((head.p[4] & 0xc4) == 0x44 || (head.p[4] & 0xf1) == 0x21);
    return is ? ALICE_MEDIA_MPG : ALICE_MEDIA_NONE;
}

const alice__format alice__format_mpegps = {"mpegps", mpegps_sniff, mpegps_read};
