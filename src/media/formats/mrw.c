/* SPDX-License-Identifier: MIT */
/*
 * Minolta MRW: blocks before the sensor's data, one of which is a TIFF.
 *
 *     "\0MRM" n │"\0PRD" n  sizes│"\0TTW" n  TIFF with EXIF│…
 */
#include <string.h>

#include "media/blocks/blocks.h"
#include "media/formats/format.h"

enum { BLOCKS_MOST = 64 };

static alice_status mrw_read(alice__parse *parse)
{
    const alice__input *in = parse->in;
    alice_status st = ALICE_OK;
    uint64_t at = 8, end = at + alice__be32(in->head.p + 4);
    uint64_t least = 0; /* bytes of the sensor's data; 12 bits a pixel are the fewest */
    bool exif = false;
    uint8_t room[16];
    end = end < in->size ? end : in->size;
    for (unsigned i = 0; i < BLOCKS_MOST && st == ALICE_OK && at + 8 <= end; i++) {
        const uint8_t *p = alice__input_at(in, at, 8, room, &st);
        if (!p || p[0] != 0)
            break;
        uint64_t n = alice__be32(p + 4);
        bool sizes = memcmp(p + 1, "PRD", 3) == 0, tiff = memcmp(p + 1, "TTW", 3) == 0;
        at += 8;
        if (sizes && (p = alice__input_at(in, at, 16, room, &st))) {
            alice__facts_size(parse->facts, alice__be16(p + 14), alice__be16(p + 12));
            least = alice__be16(p + 8) * (uint64_t)alice__be16(p + 10) * 3 / 2;
        }
        if (tiff) {
            st = alice__exif_range(parse, at, n < end - at ? n : end - at);
            exif = true;
        }
        at += n;
    }
    if (least > in->size - end)
        alice__facts_damaged(parse->facts, "MRW: cut before its end");
    if (st == ALICE_OK && !exif) {
        alice__facts_warn(parse->facts, "MRW: cut before its EXIF");
        st = ALICE_E_DAMAGED;
    }
    return st;
}

static alice_media_type mrw_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    return head.n >= 16 && memcmp(head.p, "\0MRM", 4) == 0 ? ALICE_MEDIA_MRW : ALICE_MEDIA_NONE;
}

const alice__format alice__format_mrw = {"mrw", mrw_sniff, mrw_read};
