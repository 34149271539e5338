/* SPDX-License-Identifier: MIT */
/*
 * WebP: RIFF chunks, walked from header to header.
 *
 *     RIFF size WEBP │VP8X│ICCP│ANIM│ANMF…│VP8 or VP8L│EXIF│XMP │C2PA│
 *
 * The RIFF's own size is not believed: chunks are read as far as the file goes.
 */
#include "media/blocks/blocks.h"
#include "media/formats/format.h"

#include <string.h>

enum { CHUNKS_MOST = 20000 };

#define TYPE(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

static uint32_t le24(const uint8_t *p)
{
    return (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* The size as the extended header, the lossy or the lossless frame tell it. */
static void read_size(alice__facts *f, uint32_t type, alice_bytes b)
{
    if (type == TYPE('V', 'P', '8', 'X') && b.n >= 10) {
        alice__facts_size(f, (uint64_t)le24(b.p + 4) + 1, (uint64_t)le24(b.p + 7) + 1);
    } else if (type == TYPE('V', 'P', '8', ' ') && b.n >= 10 &&
               memcmp(b.p + 3, "\x9d\x01\x2a", 3) == 0) {
        alice__facts_size(f, alice__le16(b.p + 6) & 0x3fff, alice__le16(b.p + 8) & 0x3fff);
    } else if (type == TYPE('V', 'P', '8', 'L') && b.n >= 5 && b.p[0] == 0x2f) {
        uint32_t bits = alice__le32(b.p + 1);
        alice__facts_size(f, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
    }
}

static alice_status see_chunk(alice__parse *parse, uint32_t type, uint64_t offset, uint64_t n)
{
    alice_status st = ALICE_OK;
    alice__text_range text;
    alice__span_range span;
    uint8_t room[10];
    switch (type) {
    case TYPE('V', 'P', '8', 'X'):
    case TYPE('V', 'P', '8', ' '):
    case TYPE('V', 'P', '8', 'L'): {
        size_t want = n < sizeof room ? (size_t)n : sizeof room;
        const uint8_t *p = alice__input_at(parse->in, offset, want, room, &st);
        if (p)
            read_size(parse->facts, type, (alice_bytes){p, want});
        break;
    }
    case TYPE('E', 'X', 'I', 'F'):
        st = alice__exif_range(parse, offset, n);
        break;
    case TYPE('X', 'M', 'P', ' '):
    case TYPE('X', 'M', 'P', 0): /* as some writers spell it */
        alice__xmp(parse->facts, &parse->env,
                   alice__text_in(&text, parse->in, offset, n, parse->scratch, ALICE__SCRATCH));
        st = text.status;
        break;
    case TYPE('C', '2', 'P', 'A'):
        alice__c2pa(parse->facts, &parse->env, alice__span_in(&span, parse->in, offset, n));
        break;
    default:
        break;
    }
    return st;
}

static alice_status webp_read(alice__parse *parse)
{
    alice_status st = ALICE_OK;
    uint64_t at = 12;
    bool cut = false;
    bool whole = alice__le32(parse->in->head.p + 4) <= parse->in->size, image = false;
    for (unsigned i = 0; i < CHUNKS_MOST && !cut && st == ALICE_OK; i++) {
        uint8_t room[8];
        const uint8_t *p = alice__input_at(parse->in, at, 8, room, &st);
        if (!p)
            break;
        uint64_t n = alice__le32(p + 4), left = parse->in->size - at - 8;
        uint32_t type = alice__be32(p);
        cut = n > left;
        whole = whole && !cut;
        image |= type >> 8 == TYPE(0, 'V', 'P', '8') || type == TYPE('A', 'N', 'M', 'F');
        st = see_chunk(parse, type, at + 8, cut ? left : n);
        at += 8 + n + (n & 1);
    }
    if (st == ALICE_OK && (!whole || !image)) {
        alice__facts_warn(parse->facts, "WebP: %s",
                          whole ? "no picture" : "cut before its end");
        st = ALICE_E_DAMAGED;
    }
    return st;
}

static alice_media_type webp_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    return head.n >= 12 && memcmp(head.p, "RIFF", 4) == 0 && memcmp(head.p + 8, "WEBP", 4) == 0
               ? ALICE_MEDIA_WEBP
               : ALICE_MEDIA_NONE;
}

const alice__format alice__format_webp = {"webp", webp_sniff, webp_read};
