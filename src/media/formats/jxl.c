/* SPDX-License-Identifier: MIT */
/*
 * JPEG XL, in both forms:
 *
 *     FF 0A codestream                              bare
 *     JXL ␣, ftyp, jxlc │ jxlp jxlp …, Exif, xml ␣, jumb     boxes
 *                  brob: any of the last three, compressed with brotli
 *
 * The codestream begins with its size, bit by bit, lowest bit first.
 */
#include <string.h>

#include "media/blocks/boxes.h"
#include "media/blocks/brotli_stream.h"
#include "media/readahead.h"
#include "media/blocks/block_at.h"
#include "media/blocks/blocks.h"
#include "media/formats/format.h"

enum {
    BOXES_MOST = 4000,
    XMP_MOST = 8 << 20 /* bytes a compressed packet may become */
};

/* ---- the codestream ---- */

typedef struct bits {
    const uint8_t *p;
    size_t n; /* bits */
    size_t at;
    bool bad;
} bits;

static uint32_t take_bits(bits *b, unsigned n)
{
    uint32_t v = 0;
    if (b->bad || n > b->n - b->at) {
        b->bad = true;
        return 0;
    }
    for (unsigned i = 0; i < n; i++, b->at++)
        v |= (uint32_t)(b->p[b->at / 8] >> (b->at % 8) & 1) << i;
    return v;
}

/* A side: of 9, 13, 18 or 30 bits, or a multiple of 8 in 5. */
static uint32_t take_side(bits *b, bool small)
{
    static const uint8_t width[4] = {9, 13, 18, 30};
    if (small)
        return (take_bits(b, 5) + 1) * 8;
    return take_bits(b, width[take_bits(b, 2)]) + 1;
}

/* False: these bytes are no codestream. */
static bool codestream_size(alice_bytes head, uint64_t *width, uint64_t *height)
{
    static const uint8_t ratio[8][2] = {{1, 1}, {1, 1},  {12, 10}, {4, 3},
                                        {3, 2}, {16, 9}, {5, 4},   {2, 1}};
    if (head.n < 4 || head.p[0] != 0xff || head.p[1] != 0x0a)
        return false;
    bits b = {.p = head.p + 2, .n = (head.n - 2) * 8};
    bool small = take_bits(&b, 1);
    uint64_t h = take_side(&b, small);
    uint32_t r = take_bits(&b, 3);
    uint64_t w = r ? h * ratio[r][0] / ratio[r][1] : take_side(&b, small);
    if (b.bad)
        return false;

    /* then, unless all is default: extra fields, whose first says how it is turned */
    bool turned = false;
    if (!take_bits(&b, 1) && take_bits(&b, 1))
        turned = take_bits(&b, 3) >= 4;
    *width = turned ? h : w;
    *height = turned ? w : h;
    return true;
}

static const uint8_t signature[12] = {0, 0, 0, 12, 'J', 'X', 'L', ' ', 0x0d, 0x0a, 0x87, 0x0a};

static alice_media_type jxl_sniff(alice_bytes head, uint64_t file_size)
{
    uint64_t width, height;
    (void)file_size;
    if (head.n >= sizeof signature && memcmp(head.p, signature, sizeof signature) == 0)
        return ALICE_MEDIA_JXL;
    /* two bytes prove little: at least a size has to follow, and more than it */
    if (head.n >= 12 && codestream_size(head, &width, &height) && width && height)
        return ALICE_MEDIA_JXL;
    return ALICE_MEDIA_NONE;
}

static void read_codestream(alice__parse *parse, uint64_t at, uint64_t end)
{
    uint8_t p[16];
    uint64_t width, height;
    size_t n = alice__peek(parse->in, at, end, p, sizeof p);
    if (codestream_size((alice_bytes){p, n}, &width, &height))
        alice__facts_size(parse->facts, width, height);
}

/* ---- compressed boxes ---- */

/* EXIF has to be whole in memory: what comes out is collected in the stream's own window. */
static void packed_exif(alice__parse *parse, alice__brotli *s)
{
    uint8_t *to = s->out;
    size_t have = 0, room = s->room;
    while (have < room) {
        alice_bytes window;
        s->out = to + have;
        s->room = room - have;
        if (s->stream.next(&s->stream, &window) != ALICE_OK || window.n == 0)
            break;
        have += window.n;
    }
    uint64_t tiff = have >= 8 ? (uint64_t)alice__be32(to) + 4 : 0;
    if (tiff && tiff < have)
        alice__exif_block(parse->facts, (alice_bytes){to + tiff, have - (size_t)tiff});
}

static alice_status read_brob(alice__parse *parse, const alice__box *box)
{
    uint8_t p[4];
    if (alice__peek(parse->in, box->body, box->end, p, sizeof p) < sizeof p)
        return ALICE_OK;
    uint32_t type = alice__be32(p);
    if (type != ALICE__BOX('E', 'x', 'i', 'f') && type != ALICE__BOX('x', 'm', 'l', ' '))
        return ALICE_OK;

    alice__brotli s;
    alice_status st =
        alice__brotli_open(&s, parse, box->body + 4, box->end - box->body - 4, XMP_MOST);
    if (st == ALICE_OK) {
        if (type == ALICE__BOX('E', 'x', 'i', 'f'))
            packed_exif(parse, &s);
        else
            alice__xmp(parse->facts, &parse->env, &s.stream);
        st = s.status;
    }
    alice__brotli_close(&s);
    return st == ALICE_E_DAMAGED || st == ALICE_E_TOOBIG ? ALICE_OK
                                                         : st; /* the picture is well */
}

/* ---- the container ---- */

/* Two passes: the picture's own size has to be told before what EXIF claims. */
static void read_codestream_box(alice__parse *parse, const alice__box *box)
{
    uint8_t part[4];
    if (box->type == ALICE__BOX('j', 'x', 'l', 'c'))
        read_codestream(parse, box->body, box->end);
    else if (box->type == ALICE__BOX('j', 'x', 'l', 'p') &&
             alice__peek(parse->in, box->body, box->end, part, sizeof part) == sizeof part &&
             (alice__be32(part) & 0x7fffffff) ==
                 0) /* parts are numbered; the first has the size */
        read_codestream(parse, box->body + sizeof part, box->end);
}

static alice_status read_box(alice__parse *parse, const alice__box *box)
{
    switch (box->type) {
    case ALICE__BOX('E', 'x', 'i', 'f'):
        return alice__exif_in(parse, box->body, box->end);
    case ALICE__BOX('x', 'm', 'l', ' '):
        alice__xmp_in(parse, box->body, box->end);
        return ALICE_OK;
    case ALICE__BOX('j', 'u', 'm', 'b'):
        alice__c2pa_in(parse, box->at, box->end);
        return ALICE_OK;
    case ALICE__BOX('b', 'r', 'o', 'b'):
        return read_brob(parse, box);
    default:
        return ALICE_OK;
    }
}

static alice_status jxl_read_ahead(alice__parse *parse)
{
    uint32_t left = BOXES_MOST;
    alice_status st = ALICE_OK;
    bool sized = false;
    alice__box box;
    if (parse->in->head.n >= 2 && parse->in->head.p[0] == 0xff) {
        read_codestream(parse, 0, parse->in->size);
        return ALICE_OK;
    }
    for (unsigned pass = 0; pass < 2 && st == ALICE_OK; pass++) {
        alice__boxes w = alice__boxes_in(parse->in, 0, parse->in->size, &left);
        while (st == ALICE_OK && alice__boxes_next(&w, &box)) {
            if (pass == 0)
                read_codestream_box(parse, &box);
            else
                st = read_box(parse, &box);
            if (box.cut)
                alice__facts_damaged(parse->facts,
                                     "cut short: a box claims more than the file has");
        }
        if (st == ALICE_OK)
            st = w.status;
        if (pass == 0)
            sized = parse->facts->info->width != 0;
    }
    if (st == ALICE_OK && !sized) {
        alice__facts_warn(parse->facts, "no codestream");
        return ALICE_E_DAMAGED;
    }
    return st;
}

static alice_status jxl_read(alice__parse *parse)
{
    alice__readahead ahead;
    alice__parse ahead_parse = *parse;
    alice__readahead_open(&ahead, parse->in);
    ahead_parse.in = &ahead.input;
    return alice__readahead_end(&ahead, jxl_read_ahead(&ahead_parse));
}

const alice__format alice__format_jxl = {.name = "jxl", .sniff = jxl_sniff, .read = jxl_read};
