/* SPDX-License-Identifier: MIT */
/*
 * Motion photos: a still with a short film behind it. Where it begins is told by
 * XMP (Google), or by Samsung's trailer:
 *
 *     JPEG … │block│block│SEFH version count {0 type back n}…│size│SEFT
 *
 * `back` counts from SEFH to the block: 0, type, length of its name, name, film.
 * What is no film at that place is none.
 */
#include "media/facts.h"
#include "media/formats/motion.h"

#include <string.h>
#include <strings.h>

enum {
    FOOTER = 8,
    SEF_HEAD = 12,
    SEF_ENTRY = 12,
    SEF_ENTRIES_MOST = 64,
    SEF_NAME_MOST = 64,
    SEF_FILM = 0x0a30
};

static bool is_film(const alice__parse *parse, uint64_t at, uint64_t n)
{
    uint8_t room[8];
    alice_status st = ALICE_OK;
    const uint8_t *p = n > 8 ? alice__input_at(parse->in, at, 8, room, &st) : NULL;
    return p && memcmp(p + 4, "ftyp", 4) == 0;
}

static void keep(alice__parse *parse, uint64_t at, uint64_t n, const char *from)
{
    alice_media_info *info = parse->facts->info;
    if (!is_film(parse, at, n))
        return;
    info->motion_at = at;
    info->motion_bytes = n;
    info->motion_source = from;
}

/* One entry of the trailer whose directory begins at `sefh`. */
static void see_block(alice__parse *parse, uint64_t sefh, const uint8_t *entry)
{
    uint8_t room[8];
    alice_status st = ALICE_OK;
    uint64_t back = alice__le32(entry + 4), n = alice__le32(entry + 8);
    if (back > sefh || n > back || n < sizeof room)
        return;
    uint64_t at = sefh - back;
    const uint8_t *p = alice__input_at(parse->in, at, sizeof room, room, &st);
    uint32_t name = p ? alice__le32(p + 4) : 0;
    if (p && name <= SEF_NAME_MOST && name <= n - sizeof room)
        keep(parse, at + sizeof room + name, n - sizeof room - name,
             "samsung:MotionPhoto_Data");
}

static void read_trailer(alice__parse *parse)
{
    uint8_t room[SEF_HEAD];
    alice_status st = ALICE_OK;
    uint64_t size = parse->in->size;
    if (size < FOOTER + SEF_HEAD)
        return;
    const uint8_t *p = alice__input_at(parse->in, size - FOOTER, FOOTER, room, &st);
    if (!p || memcmp(p + 4, "SEFT", 4) != 0)
        return;
    uint64_t n = alice__le32(p);
    if (n < SEF_HEAD || n > size - FOOTER)
        return;
    uint64_t sefh = size - FOOTER - n;
    p = alice__input_at(parse->in, sefh, SEF_HEAD, room, &st);
    if (!p || memcmp(p, "SEFH", 4) != 0)
        return;
    uint32_t count = alice__le32(p + 8);
    for (uint32_t i = 0; i < count && i < SEF_ENTRIES_MOST; i++) {
        uint64_t at = SEF_HEAD + (uint64_t)i * SEF_ENTRY;
        if (at + SEF_ENTRY > n)
            return;
        p = alice__input_at(parse->in, sefh + at, SEF_ENTRY, room, &st);
        if (!p)
            return;
        if (alice__le16(p + 2) == SEF_FILM) {
            see_block(parse, sefh, p);
            return;
        }
    }
}

void alice__motion(alice__parse *parse)
{
    const alice__facts *f = parse->facts;
    const alice_text make = f->info->fact[ALICE_FACT_MAKE];
    uint64_t size = parse->in->size;
    if (alice_media_class_of(f->info->type) != ALICE_CLASS_IMAGE)
        return;
    if (f->motion_length > 0 && f->motion_padding < size &&
        f->motion_length < size - f->motion_padding)
        keep(parse, size - f->motion_padding - f->motion_length, f->motion_length,
             f->motion_from);
    /* A look at the end of each file would be a seek: only where the maker writes it. */
    if (f->info->motion_at == 0 && f->info->type == ALICE_MEDIA_JPEG && make.n >= 7 &&
        strncasecmp(make.p, "samsung", 7) == 0)
        read_trailer(parse);
}
