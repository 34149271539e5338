/* SPDX-License-Identifier: MIT */
/*
 * TIFF, BigTIFF and the RAWs that are TIFFs, read where they lie: directories and
 * values anywhere in the file, each a small fetch.
 *
 * What it is, is told by content: a magic of its own (ORF, RW2), CR2's marker
 * behind the header, DNGVersion; else a picture of sensor data together with its
 * maker (NEF, ARW, PEF, SRW). A TIFF without sensor data is a TIFF, whoever made
 * it. The size is that of the largest picture which is not a reduced one.
 */
#include "media/blocks/exif.h"
#include "media/blocks/blocks.h"
#include "media/formats/afcp.h"
#include "media/formats/format.h"

#include <string.h>

enum {
    TAG_SUBFILE = 0x00fe,
    TAG_WIDTH = 0x0100,
    TAG_HEIGHT = 0x0101,
    TAG_COMPRESSION = 0x0103,
    TAG_PHOTOMETRIC = 0x0106,
    TAG_MAKE = 0x010f,
    TAG_XMP = 0x02bc,
    TAG_IPTC = 0x83bb,
    TAG_PHOTOSHOP = 0x8649,
    TAG_DNG_VERSION = 0xc612,
    TAG_C2PA = 0xcd41
};

/* Of Panasonic, in an RW2's first directory. */
enum {
    RW2_TOP = 0x0004,
    RW2_LEFT = 0x0005,
    RW2_BOTTOM = 0x0006,
    RW2_RIGHT = 0x0007,
    RW2_PREVIEW = 0x002e
};

enum { PHOTOMETRIC_CFA = 32803, PHOTOMETRIC_LINEAR_RAW = 34892 };

typedef struct picture {
    unsigned index; /* of its directory */
    uint64_t width, height;
    bool reduced;
} picture;

typedef struct tiff {
    alice__exif exif; /* first: the walk's context is one for both */
    alice__parse *parse;
    bool rw2, sensor, dng;
    char make[8]; /* its beginning, in capitals */
    picture now, best;
    uint64_t edge[4]; /* RW2: top, left, bottom, right */
    uint64_t preview, preview_n;
    uint64_t c2pa, c2pa_n;
} tiff;

/* The directory in hand is finished: is its picture better than the best so far? */
static void settle_picture(tiff *x)
{
    const picture *p = &x->now, *best = &x->best;
    bool first = best->width == 0;
    if (p->width == 0 || p->height == 0 || p->width > UINT32_MAX || p->height > UINT32_MAX)
        return;
    if (first || (best->reduced && !p->reduced) ||
        (best->reduced == p->reduced && p->width * p->height > best->width * best->height))
        x->best = *p;
}

static void see_picture(tiff *x, alice__ifd *t, const alice__ifd_entry *e)
{
    if (e->index != x->now.index) {
        settle_picture(x);
        x->now = (picture){.index = e->index};
    }
    uint64_t v = alice__ifd_number(t, e, 0, 0);
    switch (e->tag) {
    case TAG_SUBFILE:
        x->now.reduced = v & 1;
        break;
    case TAG_WIDTH:
        x->now.width = v;
        break;
    case TAG_HEIGHT:
        x->now.height = v;
        break;
    case TAG_PHOTOMETRIC:
        x->sensor |= v == PHOTOMETRIC_CFA || v == PHOTOMETRIC_LINEAR_RAW;
        break;
    case TAG_COMPRESSION: /* Sony, Nikon, Samsung, Pentax */
        x->sensor |=
            v == 32767 || v == 34713 || v == 32769 || v == 32770 || v == 32772 || v == 65535;
        break;
    default:
        break;
    }
}

/* Metadata blocks of the first directory. */
static void see_block(tiff *x, alice__ifd *t, const alice__ifd_entry *e)
{
    alice__text_range range;
    alice__text_memory memory;
    alice_bytes b;
    if ((e->tag == TAG_XMP || e->tag == TAG_IPTC || e->tag == TAG_PHOTOSHOP) &&
        !alice__ifd_first_time(t, e))
        return;
    switch (e->tag) {
    case TAG_XMP:
        if (e->inlined) {
            alice__xmp(x->parse->facts, &x->parse->env,
                       alice__text_of(&memory, (alice_bytes){e->here, (size_t)e->n}));
            break;
        }
        alice__xmp(
            x->parse->facts, &x->parse->env,
            alice__text_in(&range, t->in, t->base + e->offset, e->n, t->scratch, t->room));
        if (range.status != ALICE_OK)
            t->status = range.status;
        break;
    case TAG_IPTC:
        b = alice__ifd_bytes(t, e, ALICE__SCRATCH);
        alice__iptc_block(x->parse->facts, b);
        break;
    case TAG_PHOTOSHOP:
        b = alice__ifd_bytes(t, e, ALICE__SCRATCH);
        alice__photoshop_block(x->parse->facts, b);
        break;
    case TAG_C2PA:
        if (!e->inlined) {
            x->c2pa = t->base + e->offset;
            x->c2pa_n = e->n;
        }
        break;
    default:
        break;
    }
}

static void see_maker(tiff *x, alice__ifd *t, const alice__ifd_entry *e)
{
    if (e->tag == TAG_MAKE && !x->make[0]) {
        alice_bytes b = alice__ifd_bytes(t, e, sizeof x->make - 1);
        for (size_t i = 0; i < b.n; i++)
            x->make[i] = (char)(b.p[i] >= 'a' && b.p[i] <= 'z' ? b.p[i] - 32 : b.p[i]);
    }
    if (e->tag == TAG_DNG_VERSION)
        x->dng = true;
    if (x->rw2 && e->tag >= RW2_TOP && e->tag <= RW2_RIGHT)
        x->edge[e->tag - RW2_TOP] = alice__ifd_number(t, e, 0, 0);
    if (x->rw2 && e->tag == RW2_PREVIEW && !e->inlined) {
        x->preview = t->base + e->offset;
        x->preview_n = e->n;
    }
}

static void see_entry(alice__ifd *t, const alice__ifd_entry *e, void *ctx)
{
    tiff *x = ctx;
    alice__exif_seen(t, e, &x->exif);
    if (e->n == 0 || e->kind == ALICE__IFD_EXIF || e->kind == ALICE__IFD_GPS)
        return;
    see_picture(x, t, e);
    if (e->kind == ALICE__IFD_MAIN && e->chain == 0) {
        see_maker(x, t, e);
        see_block(x, t, e);
    }
}

/* Which RAW it is, or TIFF. */
static alice_media_type type_of(const tiff *x)
{
    static const struct {
        const char *make;
        alice_media_type type;
    } makers[] = {
        {"NIKON", ALICE_MEDIA_NEF},   {"SONY", ALICE_MEDIA_ARW},
        {"PENTAX", ALICE_MEDIA_PEF},  {"RICOH", ALICE_MEDIA_PEF},
        {"SAMSUNG", ALICE_MEDIA_SRW}, {"KODAK", ALICE_MEDIA_RAW},
        {"EASTMAN", ALICE_MEDIA_RAW}, {"HASSELB", ALICE_MEDIA_RAW},
        {"PHASE O", ALICE_MEDIA_RAW}, {"LEAF", ALICE_MEDIA_RAW},
        {"SEIKO E", ALICE_MEDIA_RAW}, {"EPSON", ALICE_MEDIA_RAW},
        {"MAMIYA", ALICE_MEDIA_RAW},
    };
    if (x->dng)
        return ALICE_MEDIA_DNG;
    for (size_t i = 0; x->sensor && i < sizeof makers / sizeof *makers; i++)
        if (strncmp(x->make, makers[i].make, strlen(makers[i].make)) == 0)
            return makers[i].type;
    return ALICE_MEDIA_TIFF;
}

/* Older RW2 keep their EXIF only in the JPEG preview: in its first segments. */
static alice_status read_preview(tiff *x)
{
    uint8_t room[10];
    alice_status st = ALICE_OK;
    uint64_t at = x->preview + 2, end = x->preview + x->preview_n;
    for (int i = 0; i < 4 && at + 10 <= end; i++) {
        const uint8_t *p = alice__input_at(x->parse->in, at, 10, room, &st);
        if (!p || p[0] != 0xff || alice__be16(p + 2) < 2)
            break;
        uint64_t n = alice__be16(p + 2) - 2u;
        if (p[1] == 0xe1 && memcmp(p + 4, "Exif\0\0", 6) == 0)
            return alice__exif_range(x->parse, at + 4, n < end - at - 4 ? n : end - at - 4);
        at += 4 + n;
    }
    return st;
}

static void read_size(tiff *x)
{
    settle_picture(x);
    if (x->rw2 && x->edge[2] > x->edge[0] && x->edge[3] > x->edge[1])
        alice__facts_size(x->parse->facts, x->edge[3] - x->edge[1], x->edge[2] - x->edge[0]);
    alice__facts_size(x->parse->facts, x->best.width, x->best.height);
}

static alice_status tiff_read(alice__parse *parse)
{
    alice__span_range span;
    alice__ifd t = {.in = parse->in,
                    .size = parse->in->size,
                    .work = &parse->facts->work,
                    .scratch = parse->scratch,
                    .room = ALICE__SCRATCH};
    tiff x = {.exif = {.facts = parse->facts}, .parse = parse};
    if (!alice__ifd_open(&t))
        return t.status != ALICE_OK ? t.status : ALICE_E_DAMAGED;
    x.rw2 = t.magic == ALICE__IFD_RW2;
    alice__ifd_walk(&t, see_entry, &x);
    alice__exif_end(&x.exif);
    read_size(&x);
    if (parse->facts->info->type == ALICE_MEDIA_TIFF)
        parse->facts->info->type = type_of(&x);
    if (t.status == ALICE_OK && x.preview_n > 0 &&
        parse->facts->info->dates[ALICE_DATE_EXIF_ORIGINAL].verdict == ALICE_DATE_ABSENT)
        t.status = read_preview(&x);
    if (t.status == ALICE_OK && x.c2pa_n > 0)
        alice__c2pa(parse->facts, &parse->env,
                    alice__span_in(&span, parse->in, x.c2pa, x.c2pa_n));

    if (t.status == ALICE_OK &&
        parse->facts->info->dates[ALICE_DATE_EXIF_ORIGINAL].verdict == ALICE_DATE_ABSENT)
        t.status = alice__afcp(parse);
    if (t.status != ALICE_OK)
        return t.status;
    if (!parse->facts->info->width) {
        alice__facts_warn(parse->facts, "TIFF: no picture, or cut before its directories");
        return ALICE_E_DAMAGED;
    }
    if (t.damaged)
        alice__facts_damaged(parse->facts, "TIFF: damaged, parts of it lie outside");
    return ALICE_OK;
}

static alice_media_type tiff_sniff(alice_bytes head, uint64_t file_size)
{
    alice__cur c = alice__cur_of(head.p, head.n);
    (void)file_size;
    const uint8_t *order = alice__cur_take(&c, 2);
    if (!order || order[0] != order[1] || (order[0] != 'I' && order[0] != 'M'))
        return ALICE_MEDIA_NONE;
    c.little = order[0] == 'I';
    switch (alice__cur_u16(&c)) {
    case 42:
        break;
    case 43:
        return alice__cur_u16(&c) == 8 ? ALICE_MEDIA_TIFF : ALICE_MEDIA_NONE;
    case ALICE__IFD_ORF:
    case ALICE__IFD_ORF_OLD:
        return ALICE_MEDIA_ORF;
    case ALICE__IFD_RW2:
        return c.little ? ALICE_MEDIA_RW2 : ALICE_MEDIA_NONE;
    default:
        return ALICE_MEDIA_NONE;
    }
    alice__cur_skip(&c, 4);
    const uint8_t *marker = alice__cur_take(&c, 2);
    return marker && memcmp(marker, "CR", 2) == 0 ? ALICE_MEDIA_CR2 : ALICE_MEDIA_TIFF;
}

const alice__format alice__format_tiff = {"tiff", tiff_sniff, tiff_read};
