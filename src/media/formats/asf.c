/* SPDX-License-Identifier: MIT */
/*
 * ASF with a film in it (WMV): objects of a GUID and a length.
 *
 *     header │file: … creation date …│stream: video, size│…│ data …
 *
 * Sound alone (WMA) is no film, and is left alone.
 */
#include <string.h>

#include "media/formats/format.h"

enum { HEADER = 30, OBJECT = 24, OBJECTS_MOST = 256 };

static const uint8_t asf_header[16] = {0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11,
                                       0xa6, 0xd9, 0x00, 0xaa, 0x00, 0x62, 0xce, 0x6c};
static const uint8_t asf_file[16] = {0xa1, 0xdc, 0xab, 0x8c, 0x47, 0xa9, 0xcf, 0x11,
                                     0x8e, 0xe4, 0x00, 0xc0, 0x0c, 0x20, 0x53, 0x65};
static const uint8_t asf_stream[16] = {0x91, 0x07, 0xdc, 0xb7, 0xb7, 0xa9, 0xcf, 0x11,
                                       0x8e, 0xe6, 0x00, 0xc0, 0x0c, 0x20, 0x53, 0x65};
static const uint8_t asf_video[16] = {0xc0, 0xef, 0x19, 0xbc, 0x4d, 0x5b, 0xcf, 0x11,
                                      0xa8, 0xfd, 0x00, 0x80, 0x5f, 0x5c, 0x44, 0x2b};

/* 100 ns since 1601, UTC. */
static void see_file(alice__parse *parse, const uint8_t *p)
{
    uint64_t since = alice__le64(p + 24);
    if (since > 0)
        alice__facts_date_unix(parse->facts, ALICE_DATE_ASF,
                               (int64_t)(since / 10000000) - INT64_C(11644473600), NULL);
}

static alice_status asf_read(alice__parse *parse)
{
    const alice__input *in = parse->in;
    alice_status st = ALICE_OK;
    uint8_t room[96];
    uint64_t at = HEADER, end = alice__le64(in->head.p + 16);
    bool file = false;
    end = end < in->size ? end : in->size;
    for (unsigned i = 0; i < OBJECTS_MOST && at < end && end - at >= OBJECT; i++) {
        size_t n = end - at < sizeof room ? (size_t)(end - at) : sizeof room;
        const uint8_t *p = alice__input_at(in, at, n, room, &st);
        uint64_t size = p ? alice__le64(p + 16) : 0;
        if (size < OBJECT)
            break;
        if (memcmp(p, asf_file, 16) == 0 && n >= OBJECT + 32) {
            see_file(parse, p + OBJECT);
            /* A broadcast (bit 0 of its flags) does not know its size. */
            if (n >= OBJECT + 68 && !(p[OBJECT + 64] & 1) &&
                alice__le64(p + OBJECT + 16) > in->size)
                alice__facts_damaged(parse->facts, "ASF: cut before its end");
            file = true;
        } else if (memcmp(p, asf_stream, 16) == 0 && n >= 86 &&
                   memcmp(p + OBJECT, asf_video, 16) == 0) {
            alice__facts_size(parse->facts, alice__le32(p + 78), alice__le32(p + 82));
        }
        if (size > end - at)
            break;
        at += size;
    }
    if (st == ALICE_OK && !file) {
        alice__facts_warn(parse->facts, "ASF: damaged, or cut in its header");
        st = ALICE_E_DAMAGED;
    }
    return st;
}

static alice_media_type asf_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    if (head.n < HEADER || memcmp(head.p, asf_header, 16) != 0)
        return ALICE_MEDIA_NONE;
    for (size_t i = HEADER; i + 16 <= head.n; i++)
        if (head.p[i] == asf_video[0] && memcmp(head.p + i, asf_video, 16) == 0)
            return ALICE_MEDIA_WMV;
    return ALICE_MEDIA_NONE;
}

const alice__format alice__format_asf = {"asf", asf_sniff, asf_read};
