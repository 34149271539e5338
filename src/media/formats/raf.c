/* SPDX-License-Identifier: MIT */
/*
 * Fujifilm RAF: a header of fixed places, a whole JPEG with the EXIF, and a
 * directory of Fujifilm's own that knows the size of the picture.
 *
 *     0 "FUJIFILMCCD-RAW " │ 28 model │ 84 JPEG, 92 directory, 100 sensor: at, length
 *
 * The JPEG is read by its own reader, through an input that begins where it
 * begins and ends where it ends.
 */
#include <string.h>

#include "media/formats/format.h"
#include "media/formats/inside.h"

enum { HEADER = 108, ENTRIES_MOST = 200 };

/* The directory: count, then tag, length, value. 0x111 is the picture, 0x100 the whole sensor.
 */
static void read_size(alice__parse *parse, uint64_t at, uint64_t end, alice_status *st)
{
    uint64_t width = 0, height = 0;
    uint8_t room[8];
    const uint8_t *p = alice__input_at(parse->in, at, 4, room, st);
    uint32_t count = p ? alice__be32(p) : 0;
    at += 4;
    for (uint32_t i = 0; i < count && i < ENTRIES_MOST && at + 8 <= end; i++) {
        p = alice__input_at(parse->in, at, 8, room, st);
        if (!p)
            break;
        unsigned tag = alice__be16(p), n = alice__be16(p + 2);
        if (n >= 4 && (tag == 0x111 || (tag == 0x100 && !width))) {
            height = alice__be16(p + 4);
            width = alice__be16(p + 6);
        }
        at += 4 + n;
    }
    alice__facts_size(parse->facts, width, height);
}

static alice_media_type raf_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    if (head.n >= 16 && memcmp(head.p, "FUJIFILMCCD-RAW ", 16) == 0)
        return ALICE_MEDIA_RAF;
    return ALICE_MEDIA_NONE;
}

static alice_status raf_read(alice__parse *parse)
{
    const alice__input *in = parse->in;
    alice_status st = ALICE_OK;
    uint8_t room[HEADER];
    const uint8_t *p = alice__input_at(in, 0, HEADER, room, &st);
    if (!p) {
        alice__facts_warn(parse->facts, "cut short in the header");
        return st != ALICE_OK ? st : ALICE_E_DAMAGED;
    }
    uint64_t jpeg = alice__be32(p + 84), jpeg_n = alice__be32(p + 88);
    uint64_t dir = alice__be32(p + 92), dir_n = alice__be32(p + 96);
    alice__facts_text(parse->facts, ALICE_FACT_MAKE, ALICE__RANK_CONTAINER, "raf:header",
                      "FUJIFILM", 8);
    alice__facts_text(parse->facts, ALICE_FACT_MODEL, ALICE__RANK_CONTAINER, "raf:header",
                      (const char *)p + 28, 32);

    if (dir >= HEADER && dir < in->size)
        read_size(parse, dir, dir + dir_n < in->size ? dir + dir_n : in->size, &st);
    if (st != ALICE_OK)
        return st;
    if (jpeg < HEADER || jpeg >= in->size || jpeg_n < 4) {
        alice__facts_warn(parse->facts, "cut short before the JPEG with its EXIF");
        return ALICE_E_DAMAGED;
    }
    uint64_t sensor = alice__be32(p + 100), sensor_n = alice__be32(p + 104);
    if (jpeg_n > in->size - jpeg || sensor + sensor_n > in->size)
        alice__facts_damaged(parse->facts, "RAF: cut before its end");
    return alice__jpeg_inside(parse, jpeg, jpeg_n);
}

const alice__format alice__format_raf = {.name = "raf", .sniff = raf_sniff, .read = raf_read};
