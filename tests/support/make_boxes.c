/* SPDX-License-Identifier: MIT */
/* Containers made in code. See make_boxes.h. */
#include "make_boxes.h"

#include <assert.h>
#include <string.h>

/* ---- boxes ---- */

size_t make_box(blob *b, const char *type)
{
    size_t at = b->n;
    blob_be32(b, 0);
    blob_add(b, type, 4);
    return at;
}

size_t make_full_box(blob *b, const char *type, unsigned version, unsigned flags)
{
    size_t at = make_box(b, type);
    blob_be32(b, version << 24 | flags);
    return at;
}

void make_box_end(blob *b, size_t at)
{
    blob_put_be32(b, at, (uint32_t)(b->n - at));
}

void make_ftyp(blob *b, const char *major, const char *compatible)
{
    size_t at = make_box(b, "ftyp");
    blob_add(b, major, 4);
    blob_be32(b, 0);
    blob_text(b, compatible ? compatible : major);
    make_box_end(b, at);
}

void make_uuid_xmp(blob *b, const char *packet)
{
    static const uint8_t id[16] = {0xbe, 0x7a, 0xcf, 0xcb, 0x97, 0xa9, 0x42, 0xe8,
                                   0x9c, 0x71, 0x99, 0x94, 0x91, 0xe3, 0xaf, 0xac};
    size_t at = make_box(b, "uuid");
    blob_add(b, id, sizeof id);
    blob_text(b, packet);
    make_box_end(b, at);
}

void make_uuid_c2pa(blob *b, blob jumbf)
{
    static const uint8_t id[16] = {0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c,
                                   0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81};
    size_t at = make_box(b, "uuid");
    blob_add(b, id, sizeof id);
    blob_be32(b, 0);
    blob_add(b, "manifest", 9);
    blob_be64(b, 0);
    blob_add(b, jumbf.p, jumbf.n);
    make_box_end(b, at);
}

/* ---- movies ---- */

void make_udta_text(blob *b, const char *type, const char *text)
{
    size_t at = make_box(b, type);
    blob_be16(b, (unsigned)strlen(text));
    blob_be16(b, 0x15c7);
    blob_text(b, text);
    make_box_end(b, at);
}

void make_udta_3gpp(blob *b, const char *type, const char *text)
{
    size_t at = make_full_box(b, type, 0, 0);
    blob_be16(b, 0x15c7);
    blob_add(b, text, strlen(text) + 1);
    make_box_end(b, at);
}

static void make_hdlr(blob *b, const char *kind)
{
    size_t at = make_full_box(b, "hdlr", 0, 0);
    blob_be32(b, 0);
    blob_add(b, kind, 4);
    blob_zeros(b, 13);
    make_box_end(b, at);
}

static void make_data(blob *b, const char *text)
{
    size_t at = make_box(b, "data");
    blob_be32(b, 1);
    blob_be32(b, 0);
    blob_text(b, text);
    make_box_end(b, at);
}

void make_meta_keys(blob *b, bool full, const make_pair *pairs, size_t n)
{
    size_t at = make_box(b, "meta");
    if (full)
        blob_be32(b, 0);
    make_hdlr(b, "mdta");
    size_t keys = make_full_box(b, "keys", 0, 0);
    blob_be32(b, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        blob_be32(b, (uint32_t)(8 + strlen(pairs[i].key)));
        blob_add(b, "mdta", 4);
        blob_text(b, pairs[i].key);
    }
    make_box_end(b, keys);
    size_t ilst = make_box(b, "ilst");
    for (size_t i = 0; i < n; i++) {
        const uint8_t number[4] = {0, 0, (uint8_t)((i + 1) >> 8), (uint8_t)(i + 1)};
        size_t item = make_box(b, (const char *)number);
        make_data(b, pairs[i].text);
        make_box_end(b, item);
    }
    make_box_end(b, ilst);
    make_box_end(b, at);
}

void make_meta_itunes(blob *b, const make_pair *pairs, size_t n)
{
    size_t at = make_full_box(b, "meta", 0, 0);
    make_hdlr(b, "mdir");
    size_t ilst = make_box(b, "ilst");
    for (size_t i = 0; i < n; i++) {
        bool typed = strlen(pairs[i].key) == 4;
        size_t item = make_box(b, typed ? pairs[i].key : "----");
        if (!typed) {
            size_t mean = make_full_box(b, "mean", 0, 0);
            blob_text(b, "com.apple.iTunes");
            make_box_end(b, mean);
            size_t name = make_full_box(b, "name", 0, 0);
            blob_text(b, pairs[i].key);
            make_box_end(b, name);
        }
        make_data(b, pairs[i].text);
        make_box_end(b, item);
    }
    make_box_end(b, ilst);
    make_box_end(b, at);
}

static void make_time(blob *b, unsigned version, uint64_t v)
{
    if (version == 1)
        blob_be64(b, v);
    else
        blob_be32(b, (uint32_t)v);
}

static void make_matrix(blob *b, unsigned turns)
{
    static const int32_t way[4][4] = {
        {1, 0, 0, 1}, {0, 1, -1, 0}, {-1, 0, 0, -1}, {0, -1, 1, 0}};
    const int32_t *w = way[turns & 3];
    const int32_t cells[9] = {
        w[0] * 65536, w[1] * 65536, 0, w[2] * 65536, w[3] * 65536, 0, 0, 0, 0x40000000};
    for (size_t i = 0; i < 9; i++)
        blob_be32(b, (uint32_t)cells[i]);
}

static void make_trak(blob *b, const char *kind, const make_movie_options *o, uint32_t width,
                      uint32_t height)
{
    size_t trak = make_box(b, "trak");
    size_t at = make_full_box(b, "tkhd", o->version, 7);
    make_time(b, o->version, o->created);
    make_time(b, o->version, o->created);
    blob_be32(b, 1);
    blob_be32(b, 0);
    make_time(b, o->version, 1000);
    blob_zeros(b, 16);
    make_matrix(b, o->turns);
    blob_be32(b, o->coded_only ? 0 : width << 16);
    blob_be32(b, o->coded_only ? 0 : height << 16);
    make_box_end(b, at);

    size_t mdia = make_box(b, "mdia");
    make_hdlr(b, kind);
    size_t minf = make_box(b, "minf"), stbl = make_box(b, "stbl");
    size_t stsd = make_full_box(b, "stsd", 0, 0);
    blob_be32(b, 1);
    size_t entry = make_box(b, "avc1");
    blob_zeros(b, 8 + 16);
    blob_be16(b, width);
    blob_be16(b, height);
    blob_zeros(b, 50);
    make_box_end(b, entry);
    make_box_end(b, stsd);
    make_box_end(b, stbl);
    make_box_end(b, minf);
    make_box_end(b, mdia);
    make_box_end(b, trak);
}

static void make_moov(blob *b, const make_movie_options *o)
{
    size_t moov = make_box(b, "moov");
    size_t at = make_full_box(b, "mvhd", o->version, 0);
    make_time(b, o->version, o->created);
    make_time(b, o->version, o->created);
    blob_be32(b, 1000);
    make_time(b, o->version, 1000);
    blob_zeros(b, 16);
    make_matrix(b, 0);
    blob_zeros(b, 28);
    make_box_end(b, at);
    if (o->width) {
        make_trak(b, "soun", o, 0, 0);
        make_trak(b, "vide", o, o->width / 4, o->height / 4);
        make_trak(b, "vide", o, o->width, o->height);
    }
    if (o->udta.n) {
        at = make_box(b, "udta");
        blob_add(b, o->udta.p, o->udta.n);
        make_box_end(b, at);
    }
    blob_add(b, o->boxes.p, o->boxes.n);
    make_box_end(b, moov);
}

static void make_mdat(blob *b, const make_movie_options *o)
{
    size_t n = o->mdat_bytes;
    if (o->mdat_large) {
        blob_be32(b, 1);
        blob_add(b, "mdat", 4);
        blob_be64(b, 16 + n);
    } else {
        blob_be32(b, o->mdat_open ? 0 : (uint32_t)(8 + n));
        blob_add(b, "mdat", 4);
    }
    blob_zeros(b, n);
}

void make_movie(blob *b, const make_movie_options *o)
{
    if (o->major)
        make_ftyp(b, o->major, o->compatible);
    if (o->mdat_first)
        make_mdat(b, o);
    make_moov(b, o);
    if (!o->mdat_first)
        make_mdat(b, o);
    blob_add(b, o->tail.p, o->tail.n);
}

/* ---- pictures ---- */

enum { ITEM_PICTURE = 1, ITEM_EXIF = 200, ITEM_XMP = 201 };

static void make_infe(blob *b, unsigned id, const char *type, const char *content_type)
{
    size_t at = make_full_box(b, "infe", 2, 0);
    blob_be16(b, id);
    blob_be16(b, 0);
    blob_add(b, type, 4);
    blob_u8(b, 0);
    if (content_type)
        blob_add(b, content_type, strlen(content_type) + 1);
    make_box_end(b, at);
}

/* An entry of iloc; where its offsets stand is answered, to be mended when the place is known.
 */
static size_t make_iloc_entry(blob *b, const make_heif_options *o, unsigned id, size_t n)
{
    unsigned extents = o->split ? 2 : 1;
    if (o->iloc_version == 2)
        blob_be32(b, id);
    else
        blob_be16(b, id);
    if (o->iloc_version)
        blob_be16(b, o->in_idat ? 1 : 0);
    blob_be16(b, 0);
    blob_be16(b, extents);
    size_t at = b->n;
    for (unsigned e = 0; e < extents; e++) {
        size_t half = e == 0 && o->split ? n / 2 : o->split ? n - n / 2 : n;
        blob_be32(b, 0);
        blob_be32(b, (uint32_t)half);
    }
    return at;
}

static void mend_iloc(blob *b, const make_heif_options *o, size_t at, size_t place, size_t n)
{
    blob_put_be32(b, at, (uint32_t)place);
    if (o->split)
        blob_put_be32(b, at + 8, (uint32_t)(place + n / 2));
}

static void make_iprp(blob *b, const make_heif_options *o)
{
    size_t iprp = make_box(b, "iprp"), ipco = make_box(b, "ipco");
    size_t at = make_full_box(b, "ispe", 0, 0); /* 1: that of a tile */
    blob_be32(b, 512);
    blob_be32(b, 512);
    make_box_end(b, at);
    if (!o->grid) {
        at = make_full_box(b, "ispe", 0, 0); /* 2 */
        blob_be32(b, o->width);
        blob_be32(b, o->height);
        make_box_end(b, at);
    } else {
        make_box_end(b, make_box(b, "free"));
    }
    at = make_box(b, "irot"); /* 3 */
    blob_u8(b, o->turns);
    make_box_end(b, at);
    make_box_end(b, ipco);

    at = make_full_box(b, "ipma", 0, 0);
    blob_be32(b, 2);
    blob_be16(b, 100); /* a tile */
    blob_u8(b, 1);
    blob_u8(b, 0x81);
    blob_be16(b, ITEM_PICTURE);
    blob_u8(b, 2);
    blob_u8(b, 0x82);
    blob_u8(b, 0x83);
    make_box_end(b, at);
    make_box_end(b, iprp);
}

void make_heif(blob *b, const make_heif_options *o)
{
    blob picture = {0}, exif = {0}, xmp = {0};
    if (o->grid) {
        blob_be16(&picture, 0); /* version, flags */
        blob_be16(&picture, 0x0101);
        blob_be16(&picture, o->width);
        blob_be16(&picture, o->height);
    } else {
        blob_zeros(&picture, 16);
    }
    if (o->exif.n) {
        blob_be32(&exif, 6);
        blob_add(&exif, "Exif\0", 6);
        blob_add(&exif, o->exif.p, o->exif.n);
    }
    if (o->xmp)
        blob_text(&xmp, o->xmp);

    make_ftyp(b, o->major ? o->major : "heic", o->compatible ? o->compatible : "mif1heic");
    size_t meta = make_full_box(b, "meta", 0, 0);
    make_hdlr(b, "pict");
    size_t at = make_full_box(b, "pitm", 0, 0);
    blob_be16(b, ITEM_PICTURE);
    make_box_end(b, at);

    at = make_full_box(b, "iinf", 0, 0);
    blob_be16(b, o->others + 1 + (exif.n != 0) + (xmp.n != 0));
    for (unsigned i = 0; i < o->others; i++)
        make_infe(b, 1000 + i, "hvc1", NULL);
    make_infe(b, ITEM_PICTURE, o->grid ? "grid" : "hvc1", NULL);
    if (exif.n)
        make_infe(b, ITEM_EXIF, "Exif", NULL);
    if (xmp.n)
        make_infe(b, ITEM_XMP, "mime", "application/rdf+xml");
    make_box_end(b, at);

    at = make_full_box(b, "iloc", o->iloc_version, 0);
    blob_be16(b, 0x4400);
    unsigned count = o->others + 3;
    if (o->iloc_version == 2)
        blob_be32(b, count);
    else
        blob_be16(b, count);
    for (unsigned i = 0; i < o->others; i++)
        make_iloc_entry(b, o, 1000 + i, 4);
    size_t to_picture = make_iloc_entry(b, o, ITEM_PICTURE, picture.n);
    size_t to_exif = make_iloc_entry(b, o, ITEM_EXIF, exif.n);
    size_t to_xmp = make_iloc_entry(b, o, ITEM_XMP, xmp.n);
    make_box_end(b, at);
    make_iprp(b, o);

    size_t place = 0, box;
    if (o->in_idat) {
        box = make_box(b, "idat");
    } else {
        make_box_end(b, meta);
        if (o->c2pa.n)
            make_uuid_c2pa(b, o->c2pa);
        box = make_box(b, "mdat");
        place = b->n;
    }
    mend_iloc(b, o, to_picture, place, picture.n);
    mend_iloc(b, o, to_exif, place + picture.n, exif.n);
    mend_iloc(b, o, to_xmp, place + picture.n + exif.n, xmp.n);
    blob_add(b, picture.p, picture.n);
    blob_add(b, exif.p, exif.n);
    blob_add(b, xmp.p, xmp.n);
    make_box_end(b, box);
    if (o->in_idat)
        make_box_end(b, meta);
    blob_free(&picture);
    blob_free(&exif);
    blob_free(&xmp);
}

void make_cr3(blob *b, blob ifd0, blob exif, const char *xmp)
{
    static const uint8_t canon[16] = {0x85, 0xc0, 0xb6, 0x87, 0x82, 0x0f, 0x11, 0xe0,
                                      0x81, 0x11, 0xf4, 0xce, 0x46, 0x2b, 0x6a, 0x48};
    blob uuid = {0}, tail = {0};
    size_t at = make_box(&uuid, "uuid");
    blob_add(&uuid, canon, sizeof canon);
    size_t inner = make_box(&uuid, "CNCV");
    blob_text(&uuid, "CanonCR3_001/00.09.00/00.00.00");
    make_box_end(&uuid, inner);
    inner = make_box(&uuid, "CMT1");
    blob_add(&uuid, ifd0.p, ifd0.n);
    make_box_end(&uuid, inner);
    inner = make_box(&uuid, "CMT2");
    blob_add(&uuid, exif.p, exif.n);
    make_box_end(&uuid, inner);
    make_box_end(&uuid, at);
    if (xmp)
        make_uuid_xmp(&tail, xmp);
    make_movie(b, &(make_movie_options){.major = "crx ",
                                        .compatible = "crx isom",
                                        .width = 1620,
                                        .height = 1080,
                                        .boxes = uuid,
                                        .mdat_bytes = 64,
                                        .tail = tail});
    blob_free(&uuid);
    blob_free(&tail);
}

void make_raf(blob *b, const char *model, size_t offset, blob jpeg, unsigned width,
              unsigned height)
{
    assert(offset >= 160);
    size_t start = b->n;
    blob_text(b, "FUJIFILMCCD-RAW 0201FF392101");
    blob_text(b, model);
    blob_zeros(b, start + 60 - b->n);
    blob_text(b, "0100");
    blob_zeros(b, 20);
    size_t cfa = offset + jpeg.n;
    blob_be32(b, (uint32_t)offset);
    blob_be32(b, (uint32_t)jpeg.n);
    blob_be32(b, (uint32_t)cfa);
    blob_be32(b, 4 + 2 * 8);
    blob_be32(b, (uint32_t)cfa + 4 + 2 * 8);
    blob_be32(b, 500); /* the sensor's data */
    blob_zeros(b, start + offset - b->n);
    blob_add(b, jpeg.p, jpeg.n);
    blob_be32(b, 2);
    blob_be16(b, 0x100); /* the whole sensor */
    blob_be16(b, 4);
    blob_be16(b, height + 32);
    blob_be16(b, width + 64);
    blob_be16(b, 0x111); /* the picture */
    blob_be16(b, 4);
    blob_be16(b, height);
    blob_be16(b, width);
    blob_zeros(b, 500);
}

/* ---- Matroska ---- */

static void make_ebml_id(blob *b, uint32_t id)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        if (id >> shift)
            blob_u8(b, id >> shift & 0xff);
    }
}

size_t make_ebml(blob *b, uint32_t id)
{
    make_ebml_id(b, id);
    blob_u8(b, 1);
    blob_zeros(b, 7);
    return b->n;
}

void make_ebml_end(blob *b, size_t at)
{
    blob_put_be32(b, at - 4, (uint32_t)(b->n - at));
}

void make_ebml_text(blob *b, uint32_t id, const char *text)
{
    size_t at = make_ebml(b, id);
    blob_text(b, text);
    make_ebml_end(b, at);
}

void make_ebml_number(blob *b, uint32_t id, uint64_t v, unsigned bytes)
{
    make_ebml_id(b, id);
    blob_u8(b, 0x80 | bytes);
    while (bytes-- > 0)
        blob_u8(b, (unsigned)(v >> (8 * bytes)) & 0xff);
}

static void make_tags(blob *b, const make_matroska_options *o)
{
    size_t tags = make_ebml(b, 0x1254C367), tag = make_ebml(b, 0x7373);
    make_ebml_end(b, make_ebml(b, 0x63C0));
    for (size_t i = 0; i < o->tag_count; i++) {
        size_t outer = 0;
        if (o->nested) {
            outer = make_ebml(b, 0x67C8);
            make_ebml_text(b, 0x45A3, "ORIGINAL");
        }
        size_t simple = make_ebml(b, 0x67C8);
        if (!o->value_first)
            make_ebml_text(b, 0x45A3, o->tags[i].key);
        make_ebml_text(b, 0x4487, o->tags[i].text);
        if (o->value_first)
            make_ebml_text(b, 0x45A3, o->tags[i].key);
        make_ebml_end(b, simple);
        if (o->nested)
            make_ebml_end(b, outer);
    }
    make_ebml_end(b, tag);
    make_ebml_end(b, tags);
}

void make_matroska(blob *b, const make_matroska_options *o)
{
    size_t at = make_ebml(b, 0x1A45DFA3);
    make_ebml_number(b, 0x4286, 1, 1);
    make_ebml_text(b, 0x4282, o->doctype ? o->doctype : "matroska");
    make_ebml_end(b, at);

    size_t segment = make_ebml(b, 0x18538067), place = 0;
    if (o->seek_head) {
        size_t head = make_ebml(b, 0x114D9B74), seek = make_ebml(b, 0x4DBB);
        make_ebml_number(b, 0x53AB, 0x1254C367, 4);
        make_ebml_number(b, 0x53AC, 0, 4);
        place = b->n - 4;
        make_ebml_end(b, seek);
        make_ebml_end(b, head);
    }
    at = make_ebml(b, 0x1549A966);
    if (o->date_ns)
        make_ebml_number(b, 0x4461, (uint64_t)o->date_ns, 8);
    make_ebml_text(b, 0x4D80, "maker 1.0");
    if (o->writing_app)
        make_ebml_text(b, 0x5741, o->writing_app);
    make_ebml_end(b, at);

    at = make_ebml(b, 0x1654AE6B);
    size_t track = make_ebml(b, 0xAE), video = make_ebml(b, 0xE0);
    make_ebml_number(b, 0xB0, o->width, 4);
    make_ebml_number(b, 0xBA, o->height, 2);
    make_ebml_end(b, video);
    make_ebml_end(b, track);
    make_ebml_end(b, at);

    if (o->tag_count && !o->tags_last)
        make_tags(b, o);
    for (unsigned i = 0; i < o->clusters; i++) {
        at = make_ebml(b, 0x1F43B675);
        blob_zeros(b, o->cluster_bytes);
        make_ebml_end(b, at);
    }
    if (o->seek_head)
        blob_put_be32(b, place, (uint32_t)(b->n - segment));
    if (o->tag_count && o->tags_last)
        make_tags(b, o);
    if (o->open) {
        blob_put_be32(b, segment - 8, 0x01ffffff);
        blob_put_be32(b, segment - 4, 0xffffffff);
    } else {
        make_ebml_end(b, segment);
    }
}

/* ---- AVI ---- */

size_t make_riff_list(blob *b, const char *id, const char *kind)
{
    size_t at = b->n;
    blob_add(b, id, 4);
    blob_le32(b, 0);
    blob_add(b, kind, 4);
    return at;
}

void make_riff_end(blob *b, size_t at)
{
    blob_put_le32(b, at + 4, (uint32_t)(b->n - at - 8));
    if ((b->n - at) & 1)
        blob_u8(b, 0);
}

void make_riff_chunk(blob *b, const char *id, const void *bytes, size_t n)
{
    size_t at = b->n;
    blob_add(b, id, 4);
    blob_le32(b, 0);
    blob_add(b, bytes, n);
    make_riff_end(b, at);
}

static void make_avi_stream(blob *b, const make_avi_options *o)
{
    blob format = {0};
    size_t list = make_riff_list(b, "LIST", "strl");
    make_riff_chunk(b, "strh", "vidsMJPG", 8);
    blob_le32(&format, 40);
    blob_le32(&format, o->width);
    blob_le32(&format, o->coded_only ? ~o->height + 1 : o->height);
    blob_zeros(&format, 28);
    make_riff_chunk(b, "strf", format.p, format.n);
    make_riff_end(b, list);
    blob_free(&format);
}

static void make_avi_info(blob *b, const make_avi_options *o)
{
    if (!o->info_count)
        return;
    size_t list = make_riff_list(b, "LIST", "INFO");
    for (size_t i = 0; i < o->info_count; i++)
        make_riff_chunk(b, o->info[i].key, o->info[i].text, strlen(o->info[i].text) + 1);
    make_riff_end(b, list);
}

static void make_avi_nikon(blob *b, const make_avi_options *o)
{
    blob tags = {0};
    size_t list = make_riff_list(b, "LIST", "ncdt");
    blob_le16(&tags, 0x03);
    blob_le16(&tags, (unsigned)strlen(o->nikon_make));
    blob_text(&tags, o->nikon_make);
    blob_le16(&tags, 0x13);
    blob_le16(&tags, (unsigned)strlen(o->nikon_date));
    blob_text(&tags, o->nikon_date);
    make_riff_chunk(b, "nctg", tags.p, tags.n);
    make_riff_end(b, list);
    blob_free(&tags);
}

void make_avi(blob *b, const make_avi_options *o)
{
    blob header = {0}, movi = {0};
    size_t riff = make_riff_list(b, "RIFF", "AVI ");
    size_t list = make_riff_list(b, "LIST", "hdrl");
    blob_zeros(&header, 32);
    blob_le32(&header, o->coded_only ? 0 : o->width);
    blob_le32(&header, o->coded_only ? 0 : o->height);
    blob_zeros(&header, 16);
    make_riff_chunk(b, "avih", header.p, header.n);
    make_avi_stream(b, o);
    if (o->idit)
        make_riff_chunk(b, "IDIT", o->idit, strlen(o->idit) + 1);
    make_riff_end(b, list);
    if (o->nikon_make)
        make_avi_nikon(b, o);
    if (!o->info_last)
        make_avi_info(b, o);
    list = make_riff_list(b, "LIST", "movi");
    blob_zeros(&movi, o->movi_bytes);
    make_riff_chunk(b, "00dc", movi.p, movi.n);
    make_riff_end(b, list);
    if (o->info_last)
        make_avi_info(b, o);
    make_riff_end(b, riff);
    blob_free(&header);
    blob_free(&movi);
}

/* ---- JPEG XL ---- */

typedef struct bit_writer {
    blob *b;
    unsigned used; /* bits of the last byte */
} bit_writer;

static void write_bits(bit_writer *w, uint32_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (w->used % 8 == 0)
            blob_u8(w->b, 0);
        w->b->p[w->b->n - 1] |= (uint8_t)((v >> i & 1) << w->used % 8);
        w->used++;
    }
}

static void write_side(bit_writer *w, uint32_t side, bool small)
{
    static const unsigned width[4] = {9, 13, 18, 30};
    if (small) {
        write_bits(w, side / 8 - 1, 5);
        return;
    }
    unsigned i = 0;
    while (i < 3 && side - 1 >= 1u << width[i])
        i++;
    write_bits(w, i, 2);
    write_bits(w, side - 1, width[i]);
}

void make_jxl_codestream(blob *b, uint32_t width, uint32_t height, unsigned ratio,
                         unsigned orientation)
{
    bool small = width % 8 == 0 && height % 8 == 0 && width <= 256 && height <= 256;
    blob_be16(b, 0xff0a);
    bit_writer w = {.b = b};
    write_bits(&w, small, 1);
    write_side(&w, height, small);
    write_bits(&w, ratio, 3);
    if (ratio == 0)
        write_side(&w, width, small);
    write_bits(&w, orientation == 1, 1); /* all default */
    if (orientation != 1) {
        write_bits(&w, 1, 1); /* extra fields */
        write_bits(&w, orientation - 1, 3);
    }
    blob_zeros(b, 16);
}

void make_jxl_begin(blob *b)
{
    size_t at = make_box(b, "JXL ");
    blob_be32(b, 0x0d0a870a);
    make_box_end(b, at);
    make_ftyp(b, "jxl ", "jxl ");
}

void make_jxl_exif(blob *b, blob tiff)
{
    size_t at = make_box(b, "Exif");
    blob_be32(b, 0);
    blob_add(b, tiff.p, tiff.n);
    make_box_end(b, at);
}

void make_jxl_packed(blob *b, const char *type, blob content)
{
    assert(content.n > 0 && content.n <= 65536);
    size_t at = make_box(b, "brob");
    blob_add(b, type, 4);
    /* window 16; not the last; 16 bits of length; not compressed */
    uint32_t head = (uint32_t)(content.n - 1) << 4 | 1u << 20;
    blob_u8(b, head & 0xff);
    blob_u8(b, head >> 8 & 0xff);
    blob_u8(b, head >> 16);
    blob_add(b, content.p, content.n);
    blob_u8(b, 3); /* the last, and empty */
    make_box_end(b, at);
}

/* ---- CBOR and content credentials ---- */

void make_cbor_head(blob *b, unsigned major, uint64_t n)
{
    if (n < 24) {
        blob_u8(b, major << 5 | (unsigned)n);
    } else if (n < 256) {
        blob_u8(b, major << 5 | 24);
        blob_u8(b, (unsigned)n);
    } else if (n < 65536) {
        blob_u8(b, major << 5 | 25);
        blob_be16(b, (unsigned)n);
    } else {
        blob_u8(b, major << 5 | 27);
        blob_be64(b, n);
    }
}

void make_cbor_text(blob *b, const char *text)
{
    make_cbor_head(b, 3, strlen(text));
    blob_text(b, text);
}

/* An array or map of `n` that may be of indefinite length; then a break ends it. */
static void cbor_begin(blob *b, unsigned major, size_t n, bool open)
{
    if (open)
        blob_u8(b, major << 5 | 31);
    else
        make_cbor_head(b, major, n);
}

static void cbor_end(blob *b, bool open)
{
    if (open)
        blob_u8(b, 0xff);
}

static void cbor_pair(blob *b, const char *key, const char *text)
{
    make_cbor_text(b, key);
    make_cbor_text(b, text);
}

size_t make_jumb(blob *b, const char *uuid, const char *label)
{
    static const uint8_t rest[12] = {0x00, 0x11, 0x00, 0x10, 0x80, 0x00,
                                     0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71};
    size_t at = make_box(b, "jumb"), inner = make_box(b, "jumd");
    blob_add(b, uuid, 4);
    blob_add(b, rest, sizeof rest);
    blob_u8(b, 3);
    blob_add(b, label, strlen(label) + 1);
    make_box_end(b, inner);
    return at;
}

static void make_document(blob *b, const char *label, blob cbor)
{
    size_t at = make_jumb(b, "cbor", label), inner = make_box(b, "cbor");
    blob_add(b, cbor.p, cbor.n);
    make_box_end(b, inner);
    make_box_end(b, at);
}

static void make_actions(blob *b, const make_manifest *m)
{
    blob c = {0};
    cbor_begin(&c, 5, 1, m->open);
    make_cbor_text(&c, "actions");
    cbor_begin(&c, 4, m->action_count, m->open);
    for (size_t i = 0; i < m->action_count; i++) {
        const make_action *a = &m->actions[i];
        size_t n = 2u + !!a->source_type + !!a->agent + !!a->description;
        cbor_begin(&c, 5, n, m->open);
        cbor_pair(&c, "action", a->action);
        make_cbor_text(&c, "changes"); /* something else: a tagged number */
        make_cbor_head(&c, 6, 1);
        make_cbor_head(&c, 0, 1710498030);
        if (a->source_type)
            cbor_pair(&c, "digitalSourceType", a->source_type);
        if (a->agent) {
            make_cbor_text(&c, "softwareAgent");
            if (a->agent_map) {
                make_cbor_head(&c, 5, 1);
                make_cbor_text(&c, "name");
            }
            make_cbor_text(&c, a->agent);
        }
        if (a->description)
            cbor_pair(&c, "description", a->description);
        cbor_end(&c, m->open);
    }
    cbor_end(&c, m->open);
    cbor_end(&c, m->open);
    make_document(b, "c2pa.actions.v2", c);
    blob_free(&c);
}

static void make_ingredient(blob *b, const char *name, const char *relationship,
                            const char *label, const char *source_type)
{
    blob c = {0};
    make_cbor_head(&c, 5, 2u + (*label != 0) + !!source_type);
    cbor_pair(&c, "dc:title", "a picture");
    cbor_pair(&c, "relationship", relationship);
    if (*label) {
        blob url = blob_of("self#jumbf=/c2pa/");
        blob_add(&url, label, strlen(label) + 1);
        make_cbor_text(&c, "c2pa_manifest");
        make_cbor_head(&c, 5, 2);
        cbor_pair(&c, "url", (const char *)url.p);
        make_cbor_text(&c, "hash");
        make_cbor_head(&c, 2, 32);
        blob_zeros(&c, 32);
        blob_free(&url);
    }
    if (source_type)
        cbor_pair(&c, "digitalSourceType", source_type);
    make_document(b, name, c);
    blob_free(&c);
}

static void make_claim(blob *b, const make_manifest *m)
{
    blob c = {0};
    make_cbor_head(&c, 5, 2u + !!m->generator + !!m->generator_info);
    make_cbor_text(&c, "padding"); /* longer than a reader's window is wide */
    make_cbor_head(&c, 2, 3000);
    blob_zeros(&c, 3000);
    if (m->generator)
        cbor_pair(&c, "claim_generator", m->generator);
    if (m->generator_info) {
        make_cbor_text(&c, "claim_generator_info");
        make_cbor_head(&c, 4, 1);
        make_cbor_head(&c, 5, 2);
        cbor_pair(&c, "name", m->generator_info);
        cbor_pair(&c, "version", "1.0");
    }
    make_cbor_text(&c, "signature");
    make_cbor_text(&c, "self#jumbf=c2pa.signature");
    make_document(b, "c2pa.claim", c);
    blob_free(&c);
}

void make_c2pa(blob *b, const make_manifest *manifests, size_t n)
{
    size_t store = make_jumb(b, "c2pa", "c2pa");
    for (size_t i = 0; i < n; i++) {
        const make_manifest *m = &manifests[i];
        size_t at = make_jumb(b, "c2ma", m->label);
        size_t assertions = make_jumb(b, "c2as", "c2pa.assertions");
        if (m->action_count)
            make_actions(b, m);
        if (m->parent)
            make_ingredient(b, "c2pa.ingredient", "parentOf", m->parent, NULL);
        if (m->component)
            make_ingredient(b, "c2pa.ingredient__1", "componentOf", m->component,
                            m->component_source_type);
        make_box_end(b, assertions);
        make_claim(b, m);
        make_box_end(b, at);
    }
    make_box_end(b, store);
}
