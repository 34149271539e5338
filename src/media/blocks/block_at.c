/* SPDX-License-Identifier: MIT */
/* Blocks where they lie in an input. */
#include "media/blocks/block_at.h"

#include <string.h>

#include "media/blocks/blocks.h"
#include "media/blocks/boxes.h"

void alice__c2pa_in(alice__parse *parse, uint64_t at, uint64_t end)
{
    if (end > parse->in->size)
        end = parse->in->size;
    if (at >= end)
        return;
    alice__span_range range;
    alice__c2pa(parse->facts, &parse->env, alice__span_in(&range, parse->in, at, end - at));
}

void alice__xmp_in(alice__parse *parse, uint64_t at, uint64_t end)
{
    if (at >= end)
        return;
    alice__text_range range;
    alice__xmp(parse->facts, &parse->env,
               alice__text_in(&range, parse->in, at, end - at, parse->scratch, ALICE__SCRATCH));
}

static bool is_tiff(const uint8_t *p)
{
    return memcmp(p, "II*\0", 4) == 0 || memcmp(p, "MM\0*", 4) == 0;
}

alice_status alice__exif_in(alice__parse *parse, uint64_t at, uint64_t end)
{
    enum { NEAR = 64 };
    uint8_t head[NEAR];
    size_t have = alice__peek(parse->in, at, end, head, sizeof head);
    if (have < 8) {
        alice__facts_warn(parse->facts, "EXIF block of %zu bytes", have);
        return ALICE_OK;
    }

    uint64_t told = (uint64_t)alice__be32(head) + 4;
    uint8_t there[4];
    if (told < end - at && alice__peek(parse->in, at + told, end, there, 4) == 4 &&
        is_tiff(there))
        return alice__exif_range(parse, at + told, end - at - told);
    for (size_t i = 0; i + 4 <= have; i++) {
        if (is_tiff(head + i))
            return alice__exif_range(parse, at + i, end - at - i);
    }
    alice__facts_warn(parse->facts, "EXIF block without a TIFF header");
    return ALICE_OK;
}
