/* SPDX-License-Identifier: MIT */
/*
 * Where a preview stands:
 *
 *     JPEG  SOI │APP1 Exif: IFD0 (orientation) → IFD1 (0x201 offset, 0x202 length) … ▒▒▒│ …
 *     TIFF  and the RAWs made of it: any directory, by the same two tags, or one strip of JPEG
 *     RAF   a header that points to a whole JPEG, which has one of its own
 *     PNG   │IHDR│…│eXIf: as a TIFF│…        WebP  RIFF │VP8X│…│EXIF: as a TIFF│…
 *
 * What a directory claims is looked at: the bytes have to lie inside and to begin as a JPEG.
 */
#include "media/preview.h"

#include <string.h>

#include "media/blocks/ifd.h"

enum {
    SEGMENTS_MOST = 64,
    CHUNKS_MOST = 4096, /* a PNG has one for each few KB of its picture */
    DIRECTORIES = ALICE__IFD_MOST,
    TAG_COMPRESSION = 0x103,
    TAG_STRIPS = 0x111,
    TAG_ORIENTATION = 0x112,
    TAG_STRIP_BYTES = 0x117,
    TAG_JPEG = 0x201,
    TAG_JPEG_BYTES = 0x202,
    COMPRESSION_OLD_JPEG = 6,
    COMPRESSION_JPEG = 7,
    RAF_POINTER = 84
};

/* What one directory says of a JPEG. */
typedef struct claim {
    uint64_t jpeg, jpeg_bytes, strip, strip_bytes, compression;
} claim;

typedef struct finding {
    claim of[DIRECTORIES];
    unsigned orientation;
} finding;

static void see(alice__ifd *t, const alice__ifd_entry *e, void *ctx)
{
    finding *f = ctx;
    if (e->index >= DIRECTORIES || e->kind == ALICE__IFD_GPS || e->kind == ALICE__IFD_EXIF)
        return;
    claim *c = &f->of[e->index];
    uint64_t *to = e->tag == TAG_COMPRESSION                    ? &c->compression
                   : e->tag == TAG_JPEG                         ? &c->jpeg
                   : e->tag == TAG_JPEG_BYTES                   ? &c->jpeg_bytes
                   : e->tag == TAG_STRIPS && e->count == 1      ? &c->strip
                   : e->tag == TAG_STRIP_BYTES && e->count == 1 ? &c->strip_bytes
                                                                : NULL;
    if (to)
        *to = alice__ifd_number(t, e, 0, 0);
    if (e->tag == TAG_ORIENTATION && e->kind == ALICE__IFD_MAIN && e->chain == 0) {
        uint64_t way = alice__ifd_number(t, e, 0, 1);
        f->orientation = way >= 1 && way <= 8 ? (unsigned)way : 1;
    }
}

static bool begins_as_jpeg(const alice__input *in, uint64_t at, alice_status *status)
{
    uint8_t room[4];
    const uint8_t *p = alice__input_at(in, at, 3, room, status);
    return p && p[0] == 0xff && p[1] == 0xd8 && p[2] == 0xff;
}

/* Take it where it is better than what there is, and true. */
static void consider(const alice__input *in, uint64_t base, uint64_t at, uint64_t n,
                     uint64_t most, alice_preview *out, alice_status *status)
{
    if (n <= out->bytes || n > most || n < 4 || at == 0 || at > in->size - base ||
        n > in->size - base - at || !begins_as_jpeg(in, base + at, status))
        return;
    out->offset = base + at;
    out->bytes = n;
}

static void look_in_tiff(const alice__input *in, uint64_t base, uint64_t size, void *scratch,
                         uint64_t most, alice_preview *out, alice_status *status)
{
    finding f = {.orientation = 0};
    alice__ifd t = {.in = in,
                    .base = base,
                    .size = size,
                    .work = in->work,
                    .scratch = scratch,
                    .room = ALICE__PREVIEW_SCRATCH};
    if (!alice__ifd_open(&t)) {
        *status = t.status;
        return;
    }
    alice__ifd_walk(&t, see, &f);
    *status = t.status;
    if (f.orientation && !out->orientation)
        out->orientation = f.orientation;
    for (unsigned i = 0; i < DIRECTORIES && *status == ALICE_OK; i++) {
        const claim *c = &f.of[i];
        consider(in, base, c->jpeg, c->jpeg_bytes, most, out, status);
        if (c->compression == COMPRESSION_OLD_JPEG || c->compression == COMPRESSION_JPEG)
            consider(in, base, c->strip, c->strip_bytes, most, out, status);
    }
}

/* The Exif segment of the JPEG that begins at `at`: it comes before the scan. */
static void look_in_jpeg(const alice__input *in, uint64_t at, void *scratch, uint64_t most,
                         alice_preview *out, alice_status *status)
{
    uint8_t room[16];
    at += 2;
    for (unsigned i = 0; i < SEGMENTS_MOST; i++) {
        const uint8_t *p = alice__input_at(in, at, 4, room, status);
        if (!p || p[0] != 0xff || p[1] < 0xc0 || p[1] == 0xda || p[1] == 0xd9)
            return;
        uint8_t marker = p[1];
        uint64_t n = alice__be16(p + 2);
        if (n < 2)
            return;
        p = marker == 0xe1 && n > 8 ? alice__input_at(in, at + 4, 6, room, status) : NULL;
        if (p && memcmp(p, "Exif\0", 6) == 0) {
            look_in_tiff(in, at + 10, n - 8, scratch, most, out, status);
            return;
        }
        at += 2 + n;
    }
}

/* How one container says where its chunks are. */
typedef struct chunks {
    uint64_t first;
    const char *exif;
    bool png; /* the length comes first, big endian, and a checksum follows */
} chunks;

/* The chunk that has what an Exif segment has; it may stand behind the picture. */
static void look_in_chunks(const alice__input *in, const chunks *c, void *scratch,
                           uint64_t most, alice_preview *out, alice_status *status)
{
    uint8_t room[16];
    uint64_t at = c->first;
    for (unsigned i = 0; i < CHUNKS_MOST; i++) {
        const uint8_t *p = alice__input_at(in, at, 8, room, status);
        if (!p)
            return;
        uint64_t n = c->png ? alice__be32(p) : alice__le32(p + 4);
        bool here = memcmp(c->png ? p + 4 : p, c->exif, 4) == 0;
        at += 8;
        if (here) {
            p = alice__input_at(in, at, 6, room, status);
            uint64_t head = p && memcmp(p, "Exif\0", 6) == 0 ? 6 : 0; /* some write that, too */
            if (p && n > head)
                look_in_tiff(in, at + head, n - head, scratch, most, out, status);
            return;
        }
        at += c->png ? n + 4 : n + (n & 1);
    }
}

bool alice__preview_find(const alice__input *in, void *scratch, uint64_t most,
                         alice_preview *out, alice_status *status)
{
    uint8_t room[RAF_POINTER + 8];
    *out = (alice_preview){.offset = 0};
    *status = ALICE_OK;
    const uint8_t *p =
        in->size > sizeof room ? alice__input_at(in, 0, sizeof room, room, status) : NULL;
    if (!p)
        return false;
    if (memcmp(p, "FUJIFILM", 8) == 0) {
        uint64_t at = alice__be32(p + RAF_POINTER), n = alice__be32(p + RAF_POINTER + 4);
        consider(in, 0, at, n, most, out, status);
        if (*status == ALICE_OK && begins_as_jpeg(in, at, status))
            look_in_jpeg(in, at, scratch, most, out, status);
    } else if (p[0] == 0xff && p[1] == 0xd8) {
        look_in_jpeg(in, 0, scratch, most, out, status);
    } else if (memcmp(p, "\x89PNG", 4) == 0) {
        static const chunks png = {8, "eXIf", true};
        look_in_chunks(in, &png, scratch, most, out, status);
    } else if (memcmp(p, "RIFF", 4) == 0 && memcmp(p + 8, "WEBP", 4) == 0) {
        static const chunks webp = {12, "EXIF", false};
        look_in_chunks(in, &webp, scratch, most, out, status);
    } else if (memcmp(p, "II", 2) == 0 || memcmp(p, "MM", 2) == 0) {
        look_in_tiff(in, 0, in->size, scratch, most, out, status);
    }
    if (out->orientation == 0)
        out->orientation = 1;
    return out->bytes > 0 && *status == ALICE_OK;
}
