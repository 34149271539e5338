/* SPDX-License-Identifier: MIT */
/* BMP: a size, and nothing else that a file says about itself. */
#include <string.h>

#include "media/formats/format.h"

static alice_media_type bmp_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    if (head.n < 26 || memcmp(head.p, "BM", 2) != 0 || alice__le32(head.p + 6) != 0)
        return ALICE_MEDIA_NONE;
    switch (alice__le32(head.p + 14)) { /* of the headers that there are */
    case 12:
    case 40:
    case 52:
    case 56:
    case 64:
    case 108:
    case 124:
        return ALICE_MEDIA_BMP;
    default:
        return ALICE_MEDIA_NONE;
    }
}

static alice_status bmp_read(alice__parse *parse)
{
    const uint8_t *p = parse->in->head.p;
    /* Some writers leave the size of the file out, none the place of the pixels. */
    if (alice__le32(p + 2) > parse->in->size || alice__le32(p + 10) > parse->in->size)
        alice__facts_damaged(parse->facts, "BMP: cut before its end");
    if (alice__le32(p + 14) == 12) {
        alice__facts_size(parse->facts, alice__le16(p + 18), alice__le16(p + 20));
    } else {
        uint32_t height = alice__le32(p + 22); /* negative: from the top down */
        alice__facts_size(parse->facts, alice__le32(p + 18),
                          height > INT32_MAX ? 0u - height : height);
    }
    return ALICE_OK;
}

const alice__format alice__format_bmp = {"bmp", bmp_sniff, bmp_read};
