/* SPDX-License-Identifier: MIT */
/*
 * JPEG 2000: boxes as in ISO BMFF with the size in `jp2h`, EXIF and XMP in `uuid`;
 * or the bare codestream, which has a size only.
 */
#include <string.h>

#include "media/blocks/block_at.h"
#include "media/blocks/blocks.h"
#include "media/blocks/boxes.h"
#include "media/formats/format.h"
#include "media/readahead.h"

enum { BOXES_MOST = 2000, TAIL = 1024 };

static const uint8_t signature[12] = {0, 0, 0, 12, 'j', 'P', ' ', ' ', 13, 10, 0x87, 10};
static const uint8_t uuid_xmp[16] = {0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8,
                                     0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac};

static alice_status see_uuid(alice__parse *parse, const alice__box *box)
{
    uint8_t id[16];
    uint64_t at = box->body + sizeof id;
    if (alice__peek(parse->in, box->body, box->end, id, sizeof id) < sizeof id)
        return ALICE_OK;
    if (memcmp(id, uuid_xmp, sizeof id) == 0)
        alice__xmp_in(parse, at, box->end);
    else if (memcmp(id, "JpgTiffExif->JP2", sizeof id) == 0)
        return alice__exif_range(parse, at, box->end - at);
    return ALICE_OK;
}

/* Whether a codestream that goes to the end of the file has its end marker, which stands
 * nowhere else in it. */
static alice_status read_end(alice__parse *parse)
{
    const alice__input *in = parse->in;
    alice_status st = ALICE_OK;
    uint8_t p[TAIL];
    size_t n = alice__input_copy(in, in->size > TAIL ? in->size - TAIL : 0, in->size, p,
                                 sizeof p, &st);
    for (size_t i = 0; i + 1 < n; i++)
        if (p[i] == 0xff && p[i + 1] == 0xd9)
            return st;
    if (st == ALICE_OK)
        alice__facts_damaged(parse->facts, "JPEG 2000: cut before its end");
    return st;
}

static alice_status read_boxes(alice__parse *parse)
{
    uint32_t left = BOXES_MOST;
    alice__box box, inner;
    alice_status st = ALICE_OK;
    bool picture = false;
    alice__boxes w = alice__boxes_in(parse->in, 0, parse->in->size, &left);
    while (st == ALICE_OK && alice__boxes_next(&w, &box)) {
        uint8_t p[8];
        picture |= box.type == ALICE__BOX('j', 'p', '2', 'c') ||
                   box.type == ALICE__BOX('f', 't', 'b', 'l'); /* it stands in fragments */
        if (box.type == ALICE__BOX('u', 'u', 'i', 'd'))
            st = see_uuid(parse, &box);
        else if (box.type == ALICE__BOX('j', 'p', '2', 'c') && box.end == parse->in->size)
            st = read_end(parse);
        else if (box.type == ALICE__BOX('j', 'p', '2', 'h') &&
                 alice__box_find(parse->in, box.body, box.end, ALICE__BOX('i', 'h', 'd', 'r'),
                                 &left, &inner) &&
                 alice__peek(parse->in, inner.body, inner.end, p, sizeof p) == sizeof p)
            alice__facts_size(parse->facts, alice__be32(p + 4), alice__be32(p));
        if (box.cut)
            alice__facts_damaged(parse->facts, "JPEG 2000: cut before its end");
    }
    if (st == ALICE_OK && w.status == ALICE_OK && !picture && left > 0)
        alice__facts_damaged(parse->facts, "JPEG 2000: cut before its picture");
    return st == ALICE_OK ? w.status : st;
}

static alice_status jp2_read(alice__parse *parse)
{
    alice_bytes head = parse->in->head;
    if (head.p[0] == 0xff) {
        uint32_t right = alice__be32(head.p + 8), bottom = alice__be32(head.p + 12);
        uint32_t x = alice__be32(head.p + 16), y = alice__be32(head.p + 20);
        alice__facts_size(parse->facts, right > x ? right - x : 0, bottom > y ? bottom - y : 0);
        return read_end(parse);
    }
    alice__readahead ahead;
    alice__parse through = *parse;
    alice__readahead_open(&ahead, parse->in);
    through.in = &ahead.input;
    return alice__readahead_end(&ahead, read_boxes(&through));
}

static alice_media_type jp2_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    bool boxed = head.n >= 12 && memcmp(head.p, signature, sizeof signature) == 0;
    bool bare = head.n >= 24 && memcmp(head.p, "\xff\x4f\xff\x51", 4) == 0;
    return boxed || bare ? ALICE_MEDIA_JP2 : ALICE_MEDIA_NONE;
}

const alice__format alice__format_jp2 = {"jp2", jp2_sniff, jp2_read};
