/* SPDX-License-Identifier: MIT */
/* A RAW is shown by the largest JPEG that stands in it: directories of TIFF name them, the
 * head of a RAF does. */
#include <string.h>

#include "base/cursor.h"
#include "decode/decode.h"

enum { DIRECTORIES_MOST = 32, ENTRIES_MOST = 256, ENTRY = 12 };
enum {
    COMPRESSION = 0x103,
    STRIP_AT = 0x111,
    ORIENTATION = 0x112,
    STRIP_BYTES = 0x117,
    SUB_DIRECTORIES = 0x14a,
    JPEG_AT = 0x201,
    JPEG_BYTES = 0x202,
    PANASONIC_JPEG = 0x2e,
    MAKER = 0x8769 /* the directory of EXIF, in which some keep theirs */
};

typedef struct search {
    alice__decoding *d;
    bool little;
    uint64_t todo[DIRECTORIES_MOST]; /* directories, met once each */
    unsigned count;
    uint64_t at, bytes; /* the largest so far */
    unsigned orientation;
} search;

static void add_directory(search *s, uint64_t at)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->todo[i] == at)
            return;
    if (at && s->count < DIRECTORIES_MOST)
        s->todo[s->count++] = at;
}

static void add_jpeg(search *s, uint64_t at, uint64_t bytes)
{
    uint8_t head[3];
    size_t got;
    if (bytes <= s->bytes || at >= s->d->size || bytes > s->d->size - at ||
        !alice__decode_read_at(s->d, at, head, sizeof head, &got) || got != sizeof head ||
        memcmp(head, "\xff\xd8\xff", 3) != 0)
        return;
    s->at = at;
    s->bytes = bytes;
}

/* Directories that an entry lists elsewhere, or the one that it holds. */
static void add_listed(search *s, uint32_t count, uint32_t value)
{
    uint8_t list[4 * DIRECTORIES_MOST];
    size_t got = 0;
    if (count == 1) {
        add_directory(s, value);
        return;
    }
    if (count > DIRECTORIES_MOST ||
        !alice__decode_read_at(s->d, value, list, (size_t)count * 4, &got))
        return;
    alice__cur c = alice__cur_of(list, got);
    c.little = s->little;
    while (c.left >= 4)
        add_directory(s, alice__cur_u32(&c));
}

static void read_directory(search *s, uint64_t at, bool first)
{
    uint8_t bytes[2 + ENTRIES_MOST * ENTRY + 4];
    uint32_t compression = 0, strip = 0, strip_bytes = 0, jpeg = 0, jpeg_bytes = 0;
    size_t got = 0;
    if (!alice__decode_read_at(s->d, at, bytes, sizeof bytes, &got))
        return;
    alice__cur c = alice__cur_of(bytes, got);
    c.little = s->little;
    unsigned count = alice__cur_u16(&c);
    if (count > ENTRIES_MOST)
        return;
    for (unsigned i = 0; i < count && !c.bad; i++) {
        uint16_t tag = alice__cur_u16(&c), type = alice__cur_u16(&c);
        uint32_t values = alice__cur_u32(&c);
        alice__cur short_one = c;
        uint32_t value = alice__cur_u32(&c);
        if (type == 3)
            value = alice__cur_u16(&short_one);
        if (tag == COMPRESSION)
            compression = value;
        else if (tag == STRIP_AT && values == 1)
            strip = value;
        else if (tag == STRIP_BYTES && values == 1)
            strip_bytes = value;
        else if (tag == JPEG_AT)
            jpeg = value;
        else if (tag == JPEG_BYTES)
            jpeg_bytes = value;
        else if (tag == ORIENTATION && first && value <= 8)
            s->orientation = value;
        else if (tag == PANASONIC_JPEG && type == 7)
            add_jpeg(s, value, values);
        else if (tag == SUB_DIRECTORIES || tag == MAKER)
            add_listed(s, values, value);
    }
    if (!c.bad)
        add_directory(s, alice__cur_u32(&c));
    add_jpeg(s, jpeg, jpeg_bytes);
    if (compression == 6 || compression == 7)
        add_jpeg(s, strip, strip_bytes);
}

static alice__picture_state read_largest(alice__decoding *d)
{
    search s = {.d = d, .little = d->head[0] == 'I'};
    alice__cur c = alice__cur_of(d->head, d->head_n);
    if (d->answer.format == ALICE_MEDIA_RAF) {
        uint8_t where[8];
        size_t got = 0;
        if (alice__decode_read_at(d, 84, where, sizeof where, &got) && got == sizeof where)
            add_jpeg(&s, alice__be32(where), alice__be32(where + 4));
    } else {
        c.little = s.little;
        alice__cur_skip(&c, 4);
        add_directory(&s, alice__cur_u32(&c));
        for (unsigned i = 0; i < s.count; i++)
            read_directory(&s, s.todo[i], i == 0);
    }
    if (s.bytes == 0)
        return ALICE__PICTURE_NO_DECODER;
    alice__picture_state state = alice__decode_jpeg_at(d, s.at, s.bytes);
    if (state == ALICE__PICTURE_DAMAGED && d->answer.width == 0)
        return ALICE__PICTURE_NO_DECODER; /* lossless JPEG: the sensor's own data */
    if (d->orientation == 0)
        d->orientation = s.orientation;
    return state;
}

static bool is_raw(const alice__decoding *d)
{
    return d->answer.format == ALICE_MEDIA_TIFF || d->answer.format == ALICE_MEDIA_RAF ||
           d->answer.format == ALICE_MEDIA_ORF || d->answer.format == ALICE_MEDIA_RW2;
}

const alice__decode_format alice__decode_preview = {.is = is_raw, .read = read_largest};
