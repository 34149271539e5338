/* SPDX-License-Identifier: MIT */
/*
 * ISO BMFF: the type by its brands, and the walk over the boxes at the top.
 *
 *     ftyp │ meta (items)  │ mdat …                     HEIF, AVIF
 *     ftyp │ moov │ mdat …      or      mdat … │ moov   MP4, MOV, CR3
 *     moov or mdat first, without any ftyp              old MOV
 *
 * Only headers are read on the way: a 40-GB `mdat` is one step. What lies below
 * the top is read by functions of a fixed depth, none of which recurses.
 */
#include "media/formats/bmff_file.h"

#include <string.h>

#include "media/readahead.h"
#include "media/blocks/block_at.h"
#include "media/formats/format.h"
#include "media/formats/heif.h"
#include "media/formats/movie.h"
#include "media/formats/movie_tags.h"

enum {
    BOXES_IN_ALL = 20000, /* a long movie has some hundred */
    BOXES_BEFORE_MOOV = 2000,
    BOXES_AFTER_MOOV = 64 /* a fragmented movie goes on for thousands, each a seek */
};

/* ---- the type ---- */

static alice_media_type brand_type(uint32_t brand)
{
    static const struct {
        char brand[5];
        uint8_t type;
    } brands[] = {
        {"heic", ALICE_MEDIA_HEIC}, {"heix", ALICE_MEDIA_HEIC}, {"heim", ALICE_MEDIA_HEIC},
        {"heis", ALICE_MEDIA_HEIC}, {"hevc", ALICE_MEDIA_HEIC}, {"hevx", ALICE_MEDIA_HEIC},
        {"hevm", ALICE_MEDIA_HEIC}, {"hevs", ALICE_MEDIA_HEIC}, {"avif", ALICE_MEDIA_AVIF},
        {"avis", ALICE_MEDIA_AVIF}, {"mif1", ALICE_MEDIA_HEIF}, {"mif2", ALICE_MEDIA_HEIF},
        {"msf1", ALICE_MEDIA_HEIF}, {"miaf", ALICE_MEDIA_HEIF}, {"avci", ALICE_MEDIA_HEIF},
        {"avcs", ALICE_MEDIA_HEIF}, {"crx ", ALICE_MEDIA_CR3},  {"qt  ", ALICE_MEDIA_MOV},
        {"mqt ", ALICE_MEDIA_MOV},  {"M4V ", ALICE_MEDIA_M4V},  {"M4VH", ALICE_MEDIA_M4V},
        {"M4VP", ALICE_MEDIA_M4V},  {"isom", ALICE_MEDIA_MP4},  {"avc1", ALICE_MEDIA_MP4},
        {"MSNV", ALICE_MEDIA_MP4},  {"XAVC", ALICE_MEDIA_MP4},  {"dash", ALICE_MEDIA_MP4},
        {"f4v ", ALICE_MEDIA_MP4},  {"mmp4", ALICE_MEDIA_MP4},  {"hvc1", ALICE_MEDIA_MP4},
        {"FACE", ALICE_MEDIA_MP4},  {"cmfc", ALICE_MEDIA_MP4},  {"piff", ALICE_MEDIA_MP4},
    };
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++) {
        if (alice__be32((const uint8_t *)brands[i].brand) == brand)
            return (alice_media_type)brands[i].type;
    }
    uint32_t three = brand >> 8;
    if (three == ('i' << 16 | 's' << 8 | 'o') || three == ('m' << 16 | 'p' << 8 | '4'))
        return ALICE_MEDIA_MP4; /* iso2 to isoc, mp41, mp42 */
    if (three == ('3' << 16 | 'g' << 8 | 'p') || three == ('3' << 16 | 'g' << 8 | '2') ||
        three == ('3' << 16 | 'g' << 8 | 'g'))
        return ALICE_MEDIA_3GP;
    return ALICE_MEDIA_NONE;
}

/* Brands of what is not a picture or a film: sound, JPEG 2000, JPEG XL. */
static bool brand_foreign(uint32_t brand)
{
    static const char foreign[][5] = {"M4A ", "M4B ", "M4P ", "F4A ", "F4B ", "aax ", "aaxc",
                                      "jp2 ", "jpm ", "jpx ", "jxl ", "jxs ", "caqv"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        if (alice__be32((const uint8_t *)foreign[i]) == brand)
            return true;
    }
    return false;
}

/* How much a compatible brand tells, for files whose major brand is a general one. */
static unsigned brand_weight(alice_media_type type)
{
    switch (type) {
    case ALICE_MEDIA_CR3:
        return 6;
    case ALICE_MEDIA_AVIF:
        return 5;
    case ALICE_MEDIA_HEIC:
        return 4;
    case ALICE_MEDIA_HEIF:
        return 3;
    case ALICE_MEDIA_MP4:
        return 2;
    case ALICE_MEDIA_NONE:
        return 0;
    default:
        return 1;
    }
}

static alice_media_type ftyp_type(alice__cur c)
{
    uint32_t major = alice__cur_be32(&c);
    alice__cur_skip(&c, 4);
    if (c.bad || brand_foreign(major))
        return ALICE_MEDIA_NONE;

    alice_media_type best = brand_type(major);
    if (best != ALICE_MEDIA_NONE && best != ALICE_MEDIA_HEIF)
        return best;
    while (c.left >= 4) {
        alice_media_type t = brand_type(alice__cur_be32(&c));
        if (brand_weight(t) > brand_weight(best))
            best = t;
    }
    return best != ALICE_MEDIA_NONE ? best : ALICE_MEDIA_MP4;
}

/* A film without `ftyp` begins with one of these; each has to be followed by another, as far as
 * one sees. */
static bool opens_old_movie(uint32_t type)
{
    switch (type) {
    case ALICE__BOX('m', 'o', 'o', 'v'):
    case ALICE__BOX('m', 'd', 'a', 't'):
    case ALICE__BOX('w', 'i', 'd', 'e'):
    case ALICE__BOX('f', 'r', 'e', 'e'):
    case ALICE__BOX('s', 'k', 'i', 'p'):
    case ALICE__BOX('p', 'n', 'o', 't'):
    case ALICE__BOX('P', 'I', 'C', 'T'):
        return true;
    default:
        return false;
    }
}

static alice_media_type bmff_sniff(alice_bytes head, uint64_t file_size)
{
    bool strong = false;
    size_t at = 0;
    for (unsigned i = 0; i < 8 && head.n >= 8 && at <= head.n - 8; i++) {
        const uint8_t *p = head.p + at;
        uint64_t size = alice__be32(p);
        uint32_t type = alice__be32(p + 4);
        if (size == 1 && head.n - at >= 16)
            size = alice__be64(p + 8);
        else if (size == 0)
            size = file_size - at;
        if (size < 8)
            return ALICE_MEDIA_NONE;

        size_t have = size < head.n - at ? (size_t)size : head.n - at;
        if (type == ALICE__BOX('f', 't', 'y', 'p') && size >= 16)
            return ftyp_type(alice__cur_of(p + 8, have - 8));
        if (!opens_old_movie(type))
            return ALICE_MEDIA_NONE;
        /* padding alone proves nothing */
        strong |=
            type == ALICE__BOX('m', 'o', 'o', 'v') || type == ALICE__BOX('m', 'd', 'a', 't');
        if (strong)
            return ALICE_MEDIA_MOV;
        if (size > head.n - at)
            break;
        at += (size_t)size;
    }
    return ALICE_MEDIA_NONE;
}

/* ---- the top ---- */

static alice_status top_box(alice__bmff *b, const alice__box *box)
{
    switch (box->type) {
    case ALICE__BOX('m', 'e', 't', 'a'):
        if (b->picture && !b->meta) {
            b->meta = true;
            return alice__heif_meta(b, box);
        }
        alice__movie_meta(b, box);
        return ALICE_OK;
    case ALICE__BOX('m', 'o', 'o', 'v'):
        if (b->moov)
            return ALICE_OK;
        b->moov = true;
        return alice__movie_moov(b, box);
    case ALICE__BOX('m', 'p', 'v', 'd'): /* Samsung: the film of a motion photo */
        if (b->picture && box->end == b->parse->in->size) {
            b->parse->facts->motion_length = box->end - box->body;
            b->parse->facts->motion_from = "samsung:mpvd";
        }
        return ALICE_OK;
    case ALICE__BOX('u', 'd', 't', 'a'):
        alice__movie_udta(b, box);
        return ALICE_OK;
    case ALICE__BOX('j', 'u', 'm', 'b'):
        alice__c2pa_in(b->parse, box->at, box->end);
        return ALICE_OK;
    case ALICE__BOX('u', 'u', 'i', 'd'):
        return alice__bmff_uuid(b, box);
    default:
        return ALICE_OK;
    }
}

/*
 * Whether a box at the top that claims more than the file has means that the file was cut.
 * What cameras and messengers hang on behind the last box is often no box at all.
 */
static bool is_cut(const alice__box *box)
{
    switch (box->type) {
    case ALICE__BOX('m', 'd', 'a', 't'):
    case ALICE__BOX('m', 'o', 'o', 'v'):
    case ALICE__BOX('m', 'o', 'o', 'f'):
    case ALICE__BOX('m', 'e', 't', 'a'):
    case ALICE__BOX('m', 'f', 'r', 'a'):
    case ALICE__BOX('m', 'p', 'v', 'd'):
    case ALICE__BOX('u', 'u', 'i', 'd'):
    case ALICE__BOX('f', 'r', 'e', 'e'):
    case ALICE__BOX('s', 'k', 'i', 'p'):
        return box->cut;
    default:
        return false;
    }
}

static alice_status bmff_read_ahead(alice__parse *parse)
{
    alice_media_type type = bmff_sniff(parse->in->head, parse->in->size);
    alice__bmff b = {.parse = parse, .left = BOXES_IN_ALL};
    b.picture =
        type == ALICE_MEDIA_HEIC || type == ALICE_MEDIA_HEIF || type == ALICE_MEDIA_AVIF;

    alice_status st = ALICE_OK;
    unsigned allowed = BOXES_BEFORE_MOOV;
    alice__box box;
    alice__boxes w = alice__boxes_in(parse->in, 0, parse->in->size, &b.left);
    while (st == ALICE_OK && allowed-- > 0 && alice__boxes_next(&w, &box)) {
        bool seen = b.moov || b.meta;
        st = top_box(&b, &box);
        if (!seen && (b.moov || b.meta))
            allowed = BOXES_AFTER_MOOV;
        if (is_cut(&box))
            alice__facts_damaged(parse->facts,
                                 "cut short: a box claims more than the file has");
    }
    if (st == ALICE_OK)
        st = w.status;
    alice__movie_tags_end(&b);
    if (!parse->facts->info->width && b.width && b.height)
        alice__facts_size(parse->facts, b.width, b.height);
    if (st == ALICE_OK && !b.moov && !b.meta) {
        alice__facts_warn(parse->facts,
                          b.picture ? "no item description (meta)" : "no movie header (moov)");
        st = ALICE_E_DAMAGED;
    }
    return st;
}

static alice_status bmff_read(alice__parse *parse)
{
    alice__readahead ahead;
    alice__parse ahead_parse = *parse;
    alice__readahead_open(&ahead, parse->in);
    ahead_parse.in = &ahead.input;
    return alice__readahead_end(&ahead, bmff_read_ahead(&ahead_parse));
}

const alice__format alice__format_bmff = {
    .name = "bmff", .sniff = bmff_sniff, .read = bmff_read};
