/* SPDX-License-Identifier: MIT */
/*
 * Photoshop: a header, then image resources, among them whole blocks.
 *
 *     8BPS version … height width depth mode │n colours│n 8BIM id name n bytes …│…
 */
#include <string.h>

#include "media/blocks/block_at.h"
#include "media/blocks/blocks.h"
#include "media/blocks/boxes.h"
#include "media/formats/format.h"

enum { HEADER = 26, RESOURCE_IPTC = 0x0404, RESOURCE_EXIF = 0x0422, RESOURCE_XMP = 0x0424 };

static alice_status see_resource(alice__parse *parse, unsigned id, uint64_t at, uint64_t n)
{
    alice_status st = ALICE_OK;
    if (id == RESOURCE_EXIF)
        return alice__exif_range(parse, at, n);
    if (id == RESOURCE_XMP)
        alice__xmp_in(parse, at, at + n);
    if (id == RESOURCE_IPTC && n > 0) {
        size_t most = n < ALICE__SCRATCH ? (size_t)n : ALICE__SCRATCH;
        const uint8_t *p = alice__input_at(parse->in, at, most, parse->scratch, &st);
        if (p)
            alice__iptc_block(parse->facts, (alice_bytes){p, most});
    }
    return st;
}

static alice_status read_resources(alice__parse *parse, uint64_t at, uint64_t end)
{
    alice_status st = ALICE_OK;
    uint8_t room[12];
    while (st == ALICE_OK && at + 12 <= end &&
           alice__work_on(&parse->facts->work, ALICE__WORK_ENTRIES, 1)) {
        const uint8_t *p = alice__input_at(parse->in, at, 7, room, &st);
        if (!p || !alice__photoshop_signs(p))
            break;
        unsigned id = alice__be16(p + 4), name = p[6];
        at += 6 + ((name + 2) & ~1u); /* with its length, even */
        p = alice__input_at(parse->in, at, 4, room, &st);
        if (!p)
            break;
        uint64_t n = alice__be32(p);
        at += 4;
        if (n > end - at)
            n = end - at;
        st = see_resource(parse, id, at, n);
        at += n + n % 2;
    }
    return st;
}

static alice_status psd_read(alice__parse *parse)
{
    const alice__input *in = parse->in;
    alice_status st = ALICE_OK;
    uint8_t room[8];
    alice__facts_size(parse->facts, alice__be32(in->head.p + 18), alice__be32(in->head.p + 14));
    const uint8_t *p = alice__input_at(in, HEADER, 4, room, &st);
    uint64_t at = HEADER + 4 + (p ? alice__be32(p) : 0);
    p = p ? alice__input_at(in, at, 4, room, &st) : NULL;
    if (!p) {
        alice__facts_warn(parse->facts, "PSD: cut before its resources");
        return st != ALICE_OK ? st : ALICE_E_DAMAGED;
    }
    uint64_t n = alice__be32(p), left = in->size - at - 4;
    at += 4;
    st = read_resources(parse, at, n < left ? at + n : in->size);
    /* Layers, whose length has eight bytes in the large form, and the picture in one. */
    size_t wide = in->head.p[5] == 2 ? 8 : 4;
    p = n < left ? alice__input_at(in, at + n, wide, room, &st) : NULL;
    if (st == ALICE_OK &&
        (!p || (wide == 8 ? alice__be64(p) : alice__be32(p)) >= left - n - wide))
        alice__facts_damaged(parse->facts, "PSD: cut before its end");
    return st;
}

static alice_media_type psd_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    bool is = head.n >= HEADER && memcmp(head.p, "8BPS\0", 5) == 0 &&
              (head.p[5] == 1 || head.p[5] == 2);
    return is ? ALICE_MEDIA_PSD : ALICE_MEDIA_NONE;
}

const alice__format alice__format_psd = {"psd", psd_sniff, psd_read};
