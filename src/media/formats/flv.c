/* SPDX-License-Identifier: MIT */
/*
 * Flash video: the first tag, `onMetaData`, holds keys with their values (AMF). Keys
 * are looked for as they stand: a length, the key, the kind of its value.
 */
#include <string.h>

#include "media/formats/format.h"

enum { LOOK = 16384, NUMBER = 0, TEXT = 2 };

/* What stands behind a key of a kind; NULL: nowhere. */
static const uint8_t *value_of(alice_bytes b, const char *key, unsigned kind, size_t *n)
{
    size_t m = strlen(key);
    for (size_t i = 0; i + m + 3 <= b.n; i++) {
        const uint8_t *p = b.p + i;
        if (p[0] != 0 || p[1] != m || memcmp(p + 2, key, m) != 0 || p[2 + m] != kind)
            continue;
        *n = b.n - i - m - 3;
        return p + m + 3;
    }
    return NULL;
}

/* A whole number out of a big-endian double; 0: none. */
static uint32_t number_of(alice_bytes b, const char *key)
{
    size_t n = 0;
    const uint8_t *p = value_of(b, key, NUMBER, &n);
    if (!p || n < 8)
        return 0;
    uint64_t bits = alice__be64(p);
    int exponent = (int)(bits >> 52) - 1023;
    if (exponent < 0 || exponent > 31)
        return 0;
    return (uint32_t)(((bits & 0xfffffffffffffu) | UINT64_C(1) << 52) >> (52 - exponent));
}

static alice_status flv_read(alice__parse *parse)
{
    alice_bytes b = parse->in->head;
    size_t n = 0;
    b.n = b.n < LOOK ? b.n : LOOK;
    alice__facts_size(parse->facts, number_of(b, "width"), number_of(b, "height"));
    if (number_of(b, "filesize") > parse->in->size)
        alice__facts_damaged(parse->facts, "FLV: cut before its end");
    const uint8_t *p = value_of(b, "creationdate", TEXT, &n);
    if (p && n > 2 && alice__be16(p) <= n - 2)
        alice__facts_date_text(parse->facts, ALICE_DATE_FLV, (const char *)p + 2,
                               alice__be16(p));
    return ALICE_OK;
}

static alice_media_type flv_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    bool is = head.n >= 13 && memcmp(head.p, "FLV\1", 4) == 0 && (head.p[4] & 0xfa) == 0 &&
              alice__be32(head.p + 5) == 9;
    return is ? ALICE_MEDIA_FLV : ALICE_MEDIA_NONE;
}

const alice__format alice__format_flv = {"flv", flv_sniff, flv_read};
