/* SPDX-License-Identifier: MIT */
/* `uuid` boxes of ISO BMFF: XMP, content credentials, Canon's EXIF. */
#include "media/formats/bmff_file.h"

#include <string.h>

#include "media/blocks/block_at.h"
#include "media/blocks/blocks.h"

static const uint8_t uuid_xmp[16] = {0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8,
                                     0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac};
static const uint8_t uuid_c2pa[16] = {0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c,
                                      0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81};
static const uint8_t uuid_canon[16] = {0x85, 0xc0, 0xb6, 0x87, 0x82, 0x0f, 0x11, 0xe0,
                                       0x81, 0x11, 0xf4, 0xce, 0x46, 0x2b, 0x6a, 0x48};

/* version and flags, "manifest" and NUL, the offset of a Merkle box; then JUMBF. */
static void c2pa_box(alice__bmff *b, uint64_t at, uint64_t end)
{
    uint8_t p[4 + 9];
    if (alice__peek(b->parse->in, at, end, p, sizeof p) == sizeof p &&
        memcmp(p + 4, "manifest", 9) == 0)
        alice__c2pa_in(b->parse, at + sizeof p + 8, end);
}

/* Canon's own: CMT1 is IFD0, CMT2 the EXIF directory, each a TIFF block of its own. */
static alice_status canon_box(alice__bmff *b, uint64_t at, uint64_t end)
{
    alice_status st = ALICE_OK;
    alice__box box;
    alice__boxes w = alice__boxes_in(b->parse->in, at, end, &b->left);
    while (st == ALICE_OK && alice__boxes_next(&w, &box)) {
        if (box.type == ALICE__BOX('C', 'M', 'T', '1') ||
            box.type == ALICE__BOX('C', 'M', 'T', '2'))
            st = alice__exif_range(b->parse, box.body, box.end - box.body);
    }
    return st != ALICE_OK ? st : w.status;
}

alice_status alice__bmff_uuid(alice__bmff *b, const alice__box *uuid)
{
    uint8_t id[16];
    if (alice__peek(b->parse->in, uuid->body, uuid->end, id, sizeof id) < sizeof id)
        return ALICE_OK;
    uint64_t at = uuid->body + sizeof id;
    if (memcmp(id, uuid_xmp, sizeof id) == 0)
        alice__xmp_in(b->parse, at, uuid->end);
    else if (memcmp(id, uuid_c2pa, sizeof id) == 0)
        c2pa_box(b, at, uuid->end);
    else if (memcmp(id, uuid_canon, sizeof id) == 0)
        return canon_box(b, at, uuid->end);
    return ALICE_OK;
}
