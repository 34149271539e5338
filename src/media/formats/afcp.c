/* SPDX-License-Identifier: MIT */
/*
 * AFCP, a trailer of the 1990s:
 *
 *     AXS! version count 0 │ {kind, length, at}… │ data … │ AXS! at 0
 *
 * "AXS!" counts big-endian, "AXS*" little-endian.
 */
#include "media/formats/afcp.h"

#include <string.h>

#include "media/blocks/blocks.h"

enum { PART = 12, ENTRIES_MOST = 32 };

alice_status alice__afcp(const alice__parse *parse)
{
    const alice__input *in = parse->in;
    alice_status st = ALICE_OK;
    uint8_t room[PART];
    const uint8_t *p =
        in->size > 2 * PART ? alice__input_at(in, in->size - PART, PART, room, &st) : NULL;
    if (!p || memcmp(p, "AXS", 3) != 0 || (p[3] != '!' && p[3] != '*'))
        return st;
    bool little = p[3] == '*';
    uint64_t at = little ? alice__le32(p + 4) : alice__be32(p + 4);
    p = alice__input_at(in, at, PART, room, &st);
    if (!p || memcmp(p, little ? "AXS*" : "AXS!", 4) != 0)
        return st;
    unsigned count = little ? alice__le16(p + 6) : alice__be16(p + 6);
    for (unsigned i = 0; i < count && i < ENTRIES_MOST; i++) {
        at += PART;
        p = alice__input_at(in, at, PART, room, &st);
        if (!p)
            break;
        uint64_t n = little ? alice__le32(p + 4) : alice__be32(p + 4);
        uint64_t from = little ? alice__le32(p + 8) : alice__be32(p + 8);
        if (memcmp(p, "IPTC", 4) != 0 || n == 0)
            continue;
        size_t got = alice__input_copy(in, from, in->size, parse->scratch,
                                       n < ALICE__SCRATCH ? (size_t)n : ALICE__SCRATCH, &st);
        if (got > 0)
            alice__iptc_block(parse->facts, (alice_bytes){parse->scratch, got});
        break;
    }
    return st;
}
