/* SPDX-License-Identifier: MIT */
/*
 * Sigma X3F: a header with the size, sections, and at the end the directory that names them.
 *
 *     FOVb version … width height │ sections … │ SECd version count {at, length, kind}… │ at
 *
 *     PROP: SECp … count format … length {name, value}… then their texts, UTF-16
 *     IMA2: SECi … kind format …, then a JPEG with EXIF (later cameras)
 */
#include <stdlib.h>
#include <string.h>

#include "media/formats/format.h"
#include "media/formats/inside.h"

enum {
    HEADER = 48,
    ENTRIES_MOST = 64,
    PROPERTIES_MOST = 256,
    SECTION = 28, /* bytes before an image */
    TEXT_MOST = 64
};

typedef struct x3f {
    alice__parse *parse;
    bool jpeg; /* was read: one has all */
    alice_status status;
} x3f;

static const uint8_t *at(x3f *x, uint64_t offset, size_t n, void *room)
{
    return x->status == ALICE_OK ? alice__input_at(x->parse->in, offset, n, room, &x->status)
                                 : NULL;
}

/* A text of the properties, as far as it is ASCII. */
static bool text_of(x3f *x, uint64_t offset, uint64_t end, char *to)
{
    uint8_t room[2 * TEXT_MOST];
    size_t n = offset < end
                   ? alice__input_copy(x->parse->in, offset, end, room, sizeof room, &x->status)
                   : 0;
    size_t i = 0;
    while (i + 1 < TEXT_MOST && 2 * i + 1 < n && alice__le16(room + 2 * i) != 0) {
        unsigned c = alice__le16(room + 2 * i);
        to[i++] = c < 0x80 ? (char)c : '?';
    }
    to[i] = 0;
    return i > 0;
}

static void see_property(alice__facts *f, const char *name, const char *value)
{
    if (strcmp(name, "CAMMANUF") == 0) {
        alice__facts_text(f, ALICE_FACT_MAKE, ALICE__RANK_CONTAINER, "x3f:CAMMANUF", value,
                          strlen(value));
    } else if (strcmp(name, "CAMMODEL") == 0) {
        alice__facts_text(f, ALICE_FACT_MODEL, ALICE__RANK_CONTAINER, "x3f:CAMMODEL", value,
                          strlen(value));
    } else if (strcmp(name, "TIME") == 0) {
        char *end = NULL;
        long long seconds = strtoll(value, &end, 10);
        if (end != value && *end == 0)
            alice__facts_date_clock(f, ALICE_DATE_X3F, seconds);
    }
}

static void read_properties(x3f *x, uint64_t start, uint64_t end)
{
    uint8_t room[24];
    char name[TEXT_MOST], value[TEXT_MOST];
    const uint8_t *p = at(x, start, 24, room);
    if (!p || memcmp(p, "SECp", 4) != 0 || alice__le32(p + 12) != 0)
        return;
    uint64_t count = alice__le32(p + 8), texts = start + 24 + 8 * count;
    for (uint64_t i = 0; i < count && i < PROPERTIES_MOST; i++) {
        p = at(x, start + 24 + 8 * i, 8, room);
        if (!p)
            return;
        uint64_t key = texts + 2 * (uint64_t)alice__le32(p);
        uint64_t of = texts + 2 * (uint64_t)alice__le32(p + 4);
        if (text_of(x, key, end, name) && text_of(x, of, end, value))
            see_property(x->parse->facts, name, value);
    }
}

/* Only a picture that is a JPEG, and one with EXIF, says more than the properties. */
static void read_image(x3f *x, uint64_t start, uint64_t end)
{
    uint8_t room[SECTION + 4];
    const uint8_t *p =
        !x->jpeg && end - start > sizeof room ? at(x, start, sizeof room, room) : NULL;
    if (!p || memcmp(p, "SECi", 4) != 0 || alice__le32(p + 12) != 18 ||
        memcmp(p + SECTION, "\xff\xd8\xff\xe1", 4) != 0)
        return;
    x->jpeg = true;
    alice_status st = alice__jpeg_inside(x->parse, start + SECTION, end - start - SECTION);
    if (x->status == ALICE_OK && st != ALICE_E_DAMAGED)
        x->status = st;
}

static bool read_directory(x3f *x)
{
    uint8_t room[12];
    uint64_t size = x->parse->in->size;
    const uint8_t *p = size > HEADER ? at(x, size - 4, 4, room) : NULL;
    uint64_t dir = p ? alice__le32(p) : 0;
    p = dir >= HEADER && dir < size ? at(x, dir, 12, room) : NULL;
    if (!p || memcmp(p, "SECd", 4) != 0)
        return false;
    uint32_t count = alice__le32(p + 8);
    for (uint32_t i = 0; i < count && i < ENTRIES_MOST; i++) {
        p = at(x, dir + 12 + 12 * (uint64_t)i, 12, room);
        if (!p)
            return x->status != ALICE_OK;
        uint64_t start = alice__le32(p), n = alice__le32(p + 4);
        if (start >= size || n > size - start)
            return false;
        if (memcmp(p + 8, "PROP", 4) == 0)
            read_properties(x, start, start + n);
        else if (memcmp(p + 8, "IMA2", 4) == 0 || memcmp(p + 8, "IMAG", 4) == 0)
            read_image(x, start, start + n);
    }
    return true;
}

static alice_status x3f_read(alice__parse *parse)
{
    const uint8_t *p = parse->in->head.p;
    x3f x = {.parse = parse};
    size_t sizes = alice__le32(p + 4) >> 16 < 4 ? 28 : 40;
    alice__facts_size(parse->facts, alice__le32(p + sizes), alice__le32(p + sizes + 4));
    bool whole = read_directory(&x);
    if (x.status == ALICE_OK && !whole)
        alice__facts_damaged(parse->facts, "X3F: cut before its directory");
    return x.status;
}

static alice_media_type x3f_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    bool is = head.n >= HEADER && memcmp(head.p, "FOVb", 4) == 0;
    return is ? ALICE_MEDIA_RAW : ALICE_MEDIA_NONE;
}

const alice__format alice__format_x3f = {"x3f", x3f_sniff, x3f_read};
