/* SPDX-License-Identifier: MIT */
/*
 * Media files made in code. The pictures are the smallest that decoders accept:
 * all grey, whatever their size in pixels. See make_media.h.
 */
#include "make_media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- blobs ---- */

static void out_of_memory(void)
{
    fputs("make_media: out of memory\n", stderr);
    abort();
}

static uint8_t *blob_more(blob *b, size_t n)
{
    if (b->room - b->n < n) {
        size_t room = (b->n + n) * 2;
        uint8_t *p = realloc(b->p, room);
        if (!p)
            out_of_memory();
        b->p = p;
        b->room = room;
    }
    b->n += n;
    return b->p + b->n - n;
}

void blob_add(blob *b, const void *bytes, size_t n)
{
    if (n)
        memcpy(blob_more(b, n), bytes, n);
}

void blob_zeros(blob *b, size_t n)
{
    if (n)
        memset(blob_more(b, n), 0, n);
}

void blob_text(blob *b, const char *text)
{
    blob_add(b, text, strlen(text));
}

void blob_u8(blob *b, unsigned v)
{
    *blob_more(b, 1) = (uint8_t)v;
}

void blob_be16(blob *b, unsigned v)
{
    blob_u8(b, v >> 8);
    blob_u8(b, v);
}

void blob_be32(blob *b, uint32_t v)
{
    blob_be16(b, v >> 16);
    blob_be16(b, v);
}

void blob_be64(blob *b, uint64_t v)
{
    blob_be32(b, (uint32_t)(v >> 32));
    blob_be32(b, (uint32_t)v);
}

void blob_le16(blob *b, unsigned v)
{
    blob_u8(b, v);
    blob_u8(b, v >> 8);
}

void blob_le32(blob *b, uint32_t v)
{
    blob_le16(b, v);
    blob_le16(b, v >> 16);
}

void blob_le64(blob *b, uint64_t v)
{
    blob_le32(b, (uint32_t)v);
    blob_le32(b, (uint32_t)(v >> 32));
}

void blob_put_be32(blob *b, size_t at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        b->p[at + (size_t)i] = (uint8_t)(v >> (24 - 8 * i));
}

void blob_put_le32(blob *b, size_t at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        b->p[at + (size_t)i] = (uint8_t)(v >> (8 * i));
}

blob blob_of(const char *text)
{
    blob b = {0};
    blob_text(&b, text);
    return b;
}

void blob_free(blob *b)
{
    free(b->p);
    *b = (blob){0};
}

/* ---- TIFF and EXIF ---- */

typedef struct tiff_writer {
    blob *b;
    size_t base;
    bool big_endian, big_tiff;
} tiff_writer;

static void tw_u16(tiff_writer *w, unsigned v)
{
    w->big_endian ? blob_be16(w->b, v) : blob_le16(w->b, v);
}

static void tw_u32(tiff_writer *w, uint32_t v)
{
    w->big_endian ? blob_be32(w->b, v) : blob_le32(w->b, v);
}

/* An offset or a count: 4 bytes, in a BigTIFF 8. */
static void tw_word(tiff_writer *w, uint64_t v)
{
    if (!w->big_tiff)
        tw_u32(w, (uint32_t)v);
    else if (w->big_endian)
        blob_be64(w->b, v);
    else
        blob_le64(w->b, v);
}

/* Point the slot at `at` to here: a LONG, but for the chain's, which is a word. */
static void tw_point(tiff_writer *w, size_t at, bool word)
{
    size_t n = w->b->n;
    w->b->n = at;
    if (word)
        tw_word(w, n - w->base);
    else
        tw_u32(w, (uint32_t)(n - w->base));
    w->b->n = n;
}

enum { MAKE_TAGS_MOST = 96 };

typedef struct tag_list {
    make_tag tags[MAKE_TAGS_MOST];
    size_t n;
} tag_list;

static void list_tag(tag_list *l, make_tag t)
{
    if (l->n == MAKE_TAGS_MOST)
        abort();
    l->tags[l->n++] = t;
}

static void list_text(tag_list *l, make_ifd ifd, unsigned tag, const char *text)
{
    if (text)
        list_tag(l, (make_tag){.ifd = ifd, .tag = (uint16_t)tag, .text = text});
}

static void list_number(tag_list *l, make_ifd ifd, unsigned tag, uint32_t number)
{
    list_tag(l, (make_tag){.ifd = ifd, .tag = (uint16_t)tag, .number = number});
}

static bool list_has(const tag_list *l, make_ifd ifd)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->tags[i].ifd == ifd)
            return true;
    return false;
}

static int by_tag(const void *a, const void *b)
{
    return (int)((const make_tag *)a)->tag - (int)((const make_tag *)b)->tag;
}

static void write_value(tiff_writer *w, const make_tag *t)
{
    if (t->text)
        blob_add(w->b, t->text, strlen(t->text) + 1);
    else if (t->bytes)
        blob_add(w->b, t->bytes, t->n);
    else if (t->type == 3)
        tw_u16(w, t->number);
    else
        tw_u32(w, t->number);
}

static size_t value_size(const make_tag *t)
{
    return t->text ? strlen(t->text) + 1 : t->bytes ? t->n : t->type == 3 ? 2 : 4;
}

static uint64_t value_count(const make_tag *t, unsigned type)
{
    static const uint8_t width[] = {1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};
    size_t one = type < sizeof width ? width[type] : type >= 16 && type <= 18 ? 8 : 1;
    return t->count ? t->count : value_size(t) / one;
}

/*
 * One directory, its values after it. `fix[ifd]` receives where the value of a
 * pointer to that directory stands; `strip` where that of StripOffsets does.
 */
static void write_ifd(tiff_writer *w, const tag_list *all, make_ifd ifd, size_t *next,
                      size_t fix[MAKE_IFD_COUNT], size_t *strip)
{
    make_tag tags[MAKE_TAGS_MOST];
    size_t n = 0, word = w->big_tiff ? 8 : 4;
    for (size_t i = 0; i < all->n; i++)
        if (all->tags[i].ifd == ifd)
            tags[n++] = all->tags[i];
    qsort(tags, n, sizeof *tags, by_tag);

    if (w->big_tiff)
        tw_word(w, n);
    else
        tw_u16(w, (unsigned)n);
    size_t entries = w->b->n, entry = 4 + 2 * word;
    blob_zeros(w->b, n * entry);
    *next = w->b->n;
    tw_word(w, 0);

    for (size_t i = 0; i < n; i++) {
        const make_tag *t = &tags[i];
        unsigned type = t->type ? t->type : t->text ? 2 : t->bytes ? 7 : 4;
        size_t end = w->b->n, at = entries + i * entry;
        w->b->n = at;
        tw_u16(w, t->tag);
        tw_u16(w, type);
        tw_word(w, value_count(t, type));
        size_t slot = w->b->n;
        if (value_size(t) <= word)
            write_value(w, t);
        else
            tw_word(w, end - w->base);
        w->b->n = end;
        if (value_size(t) > word) {
            write_value(w, t);
            if ((w->b->n - w->base) % 2)
                blob_u8(w->b, 0);
        }
        if (ifd == MAKE_IFD0 && t->tag == 0x8769)
            fix[MAKE_EXIF] = slot;
        if (ifd == MAKE_IFD0 && t->tag == 0x8825)
            fix[MAKE_GPS] = slot;
        if (ifd == MAKE_IFD0 && t->tag == 0x014a)
            fix[MAKE_SUB] = slot;
        if (ifd == MAKE_IFD0 && t->tag == 0x0111)
            *strip = slot;
    }
}

static void list_options(tag_list *l, const make_exif_options *o, blob *comment)
{
    list_text(l, MAKE_IFD0, 0x010e, o->description);
    list_text(l, MAKE_IFD0, 0x010f, o->make);
    list_text(l, MAKE_IFD0, 0x0110, o->model);
    list_text(l, MAKE_IFD0, 0x0131, o->software);
    list_text(l, MAKE_IFD0, 0x0132, o->date_time);
    list_text(l, MAKE_IFD0, 0x013b, o->artist);
    list_text(l, MAKE_EXIF, 0x9003, o->date_time_original);
    list_text(l, MAKE_EXIF, 0x9004, o->date_time_digitized);
    list_text(l, MAKE_EXIF, 0x9010, o->offset_time);
    list_text(l, MAKE_EXIF, 0x9011, o->offset_time_original);
    list_text(l, MAKE_EXIF, 0x9012, o->offset_time_digitized);
    if (o->user_comment) {
        blob_add(comment, "ASCII\0\0\0", 8);
        blob_text(comment, o->user_comment);
        list_tag(l, (make_tag){
                        .ifd = MAKE_EXIF, .tag = 0x9286, .bytes = comment->p, .n = comment->n});
    }
    if (o->width)
        list_number(l, MAKE_EXIF, 0xa002, o->width);
    if (o->height)
        list_number(l, MAKE_EXIF, 0xa003, o->height);
    for (size_t i = 0; i < o->tag_count; i++)
        list_tag(l, o->tags[i]);
    if (list_has(l, MAKE_EXIF))
        list_number(l, MAKE_IFD0, 0x8769, 0);
    if (list_has(l, MAKE_GPS))
        list_number(l, MAKE_IFD0, 0x8825, 0);
    if (list_has(l, MAKE_SUB))
        list_number(l, MAKE_IFD0, 0x014a, 0);
}

static void write_tiff(blob *b, const make_exif_options *o, tag_list *l, size_t *strip)
{
    tiff_writer w = {b, b->n, o->big_endian, o->big_tiff};
    size_t fix[MAKE_IFD_COUNT] = {0};
    blob comment = {0};
    list_options(l, o, &comment);

    blob_text(b, o->big_endian ? "MM" : "II");
    tw_u16(&w, o->magic ? o->magic : o->big_tiff ? 43 : 42);
    if (o->big_tiff) {
        tw_u16(&w, 8);
        tw_u16(&w, 0);
    }
    tw_word(&w, o->big_tiff ? 16 : 8);

    size_t next = 0, ignored = 0, chain = 0;
    write_ifd(&w, l, MAKE_IFD0, &chain, fix, strip);
    for (make_ifd i = MAKE_EXIF; i < MAKE_IFD_COUNT; i++) {
        if (!list_has(l, i))
            continue;
        tw_point(&w, i == MAKE_IFD1 ? chain : fix[i], i == MAKE_IFD1);
        write_ifd(&w, l, i, &next, fix, &ignored);
    }
    if (*strip)
        tw_point(&w, *strip, false);
    blob_free(&comment);
}

void make_exif(blob *b, const make_exif_options *o)
{
    tag_list l = {.n = 0};
    size_t strip = 0;
    write_tiff(b, o, &l, &strip);
}

void make_tiff(blob *b, const make_exif_options *o, uint32_t width, uint32_t height)
{
    tag_list l = {.n = 0};
    size_t strip = 0;
    list_number(&l, MAKE_IFD0, 0x0100, width);
    list_number(&l, MAKE_IFD0, 0x0101, height);
    list_tag(&l, (make_tag){.tag = 0x0102, .type = 3, .number = 8});
    list_tag(&l, (make_tag){.tag = 0x0103, .type = 3, .number = 1});
    list_tag(&l, (make_tag){.tag = 0x0106, .type = 3, .number = 1});
    list_number(&l, MAKE_IFD0, 0x0111, 1);
    list_tag(&l, (make_tag){.tag = 0x0115, .type = 3, .number = 1});
    list_number(&l, MAKE_IFD0, 0x0116, height);
    list_number(&l, MAKE_IFD0, 0x0117, width * height);
    write_tiff(b, o, &l, &strip);
    blob_zeros(b, (size_t)width * height);
}

/* ---- JPEG ---- */

void make_jpeg_begin(blob *b)
{
    blob_be16(b, 0xffd8);
}

void make_jpeg_segment(blob *b, unsigned marker, const void *prefix, size_t prefix_n,
                       const void *bytes, size_t n)
{
    if (2 + prefix_n + n > 0xffff)
        abort();
    blob_u8(b, 0xff);
    blob_u8(b, marker);
    blob_be16(b, (unsigned)(2 + prefix_n + n));
    blob_add(b, prefix, prefix_n);
    blob_add(b, bytes, n);
}

void make_jpeg_exif(blob *b, blob tiff)
{
    make_jpeg_segment(b, 0xe1, "Exif\0\0", 6, tiff.p, tiff.n);
}

static const char xmp_name[] = "http://ns.adobe.com/xap/1.0/";            /* with its NUL */
static const char xmp_more_name[] = "http://ns.adobe.com/xmp/extension/"; /* with its NUL */

void make_jpeg_xmp(blob *b, const char *packet)
{
    make_jpeg_segment(b, 0xe1, xmp_name, sizeof xmp_name, packet, strlen(packet));
}

void make_jpeg_xmp_extended(blob *b, const char *packet, size_t piece)
{
    static const char guid[] = "0123456789ABCDEF0123456789ABCDEF";
    size_t n = strlen(packet);
    blob note = {0};
    make_xmp(&note,
             "xmlns:xmpNote=\"http://ns.adobe.com/xmp/note/\" "
             "xmpNote:HasExtendedXMP=\"0123456789ABCDEF0123456789ABCDEF\"",
             NULL);
    make_jpeg_segment(b, 0xe1, xmp_name, sizeof xmp_name, note.p, note.n);
    blob_free(&note);
    for (size_t at = 0; at < n; at += piece) {
        size_t now = n - at < piece ? n - at : piece;
        blob prefix = {0};
        blob_add(&prefix, xmp_more_name, sizeof xmp_more_name);
        blob_text(&prefix, guid);
        blob_be32(&prefix, (uint32_t)n);
        blob_be32(&prefix, (uint32_t)at);
        make_jpeg_segment(b, 0xe1, prefix.p, prefix.n, packet + at, now);
        blob_free(&prefix);
    }
}

void make_jpeg_iptc(blob *b, blob iptc)
{
    blob photoshop = {0};
    make_photoshop(&photoshop, iptc);
    make_jpeg_segment(b, 0xed, "Photoshop 3.0", 14, photoshop.p, photoshop.n);
    blob_free(&photoshop);
}

void make_jpeg_jumbf(blob *b, blob jumbf, size_t piece)
{
    uint32_t sequence = 0;
    for (size_t at = 0; at < jumbf.n;) {
        size_t now = jumbf.n - at < piece ? jumbf.n - at : piece;
        blob prefix = {0};
        blob_text(&prefix, "JP");
        blob_be16(&prefix, 1);
        blob_be32(&prefix, ++sequence);
        if (at > 0) /* the box's own header stands in each */
            blob_add(&prefix, jumbf.p, 8);
        make_jpeg_segment(b, 0xeb, prefix.p, prefix.n, jumbf.p + at, now);
        blob_free(&prefix);
        at += now;
    }
}

void make_jpeg_comment(blob *b, const char *text)
{
    make_jpeg_segment(b, 0xfe, NULL, 0, text, strlen(text));
}

void make_jpeg_end(blob *b, unsigned width, unsigned height)
{
    uint8_t table[64];
    memset(table, 1, sizeof table);
    make_jpeg_segment(b, 0xdb, "", 1, table, sizeof table);

    blob sof = {0};
    blob_u8(&sof, 8);
    blob_be16(&sof, height);
    blob_be16(&sof, width);
    blob_add(&sof, "\1\1\x11\0", 4);
    make_jpeg_segment(b, 0xc0, NULL, 0, sof.p, sof.n);
    blob_free(&sof);

    /* One code of one bit in each table: "no difference" and "end of block". */
    uint8_t codes[17] = {1};
    make_jpeg_segment(b, 0xc4, "\0", 1, codes, sizeof codes);
    make_jpeg_segment(b, 0xc4, "\x10", 1, codes, sizeof codes);
    make_jpeg_segment(b, 0xda, NULL, 0, "\1\1\0\0\x3f\0", 6);
    size_t bits = (size_t)((width + 7) / 8) * ((height + 7) / 8) * 2;
    blob_zeros(b, bits / 8);
    if (bits % 8)
        blob_u8(b, 0xff >> (bits % 8));
    blob_be16(b, 0xffd9);
}

/* ---- PNG ---- */

static blob deflated(const void *bytes, size_t n)
{
    uLongf room = compressBound((uLong)n);
    blob out = {0};
    (void)blob_more(&out, room);
    if (compress2(out.p, &room, bytes, (uLong)n, 9) != Z_OK)
        abort();
    out.n = room;
    return out;
}

void make_png_chunk(blob *b, const char *type, const void *bytes, size_t n)
{
    blob_be32(b, (uint32_t)n);
    size_t at = b->n;
    blob_add(b, type, 4);
    blob_add(b, bytes, n);
    blob_be32(b, (uint32_t)crc32(0, b->p + at, (uInt)(b->n - at)));
}

void make_png_begin(blob *b, uint32_t width, uint32_t height)
{
    blob header = {0};
    blob_add(b, "\x89PNG\r\n\x1a\n", 8);
    blob_be32(&header, width);
    blob_be32(&header, height);
    blob_add(&header, "\x8\0\0\0\0", 5);
    make_png_chunk(b, "IHDR", header.p, header.n);
    blob_free(&header);
}

void make_png_text(blob *b, const char *key, const char *text)
{
    blob c = {0};
    blob_add(&c, key, strlen(key) + 1);
    blob_text(&c, text);
    make_png_chunk(b, "tEXt", c.p, c.n);
    blob_free(&c);
}

void make_png_ztxt(blob *b, const char *key, const char *text)
{
    blob c = {0}, packed = deflated(text, strlen(text));
    blob_add(&c, key, strlen(key) + 1);
    blob_u8(&c, 0);
    blob_add(&c, packed.p, packed.n);
    make_png_chunk(b, "zTXt", c.p, c.n);
    blob_free(&packed);
    blob_free(&c);
}

void make_png_itxt(blob *b, const char *key, const char *text, bool packed)
{
    blob c = {0}, body = packed ? deflated(text, strlen(text)) : blob_of(text);
    blob_add(&c, key, strlen(key) + 1);
    blob_u8(&c, packed);
    blob_u8(&c, 0);
    blob_add(&c, "en\0\0", 4); /* language, no translated key */
    blob_add(&c, body.p, body.n);
    make_png_chunk(b, "iTXt", c.p, c.n);
    blob_free(&body);
    blob_free(&c);
}

void make_png_profile(blob *b, const char *type, const void *bytes, size_t n)
{
    char line[64];
    blob text = {0};
    snprintf(line, sizeof line, "\n%s\n%8zu", type, n);
    blob_text(&text, line);
    for (size_t i = 0; i < n; i++) {
        if (i % 36 == 0)
            blob_u8(&text, '\n');
        snprintf(line, sizeof line, "%02x", ((const uint8_t *)bytes)[i]);
        blob_text(&text, line);
    }
    blob_add(&text, "\n", 2);
    snprintf(line, sizeof line, "Raw profile type %s", type);
    make_png_ztxt(b, line, (const char *)text.p);
    blob_free(&text);
}

void make_png_image(blob *b, uint32_t width, uint32_t height)
{
    blob rows = {0};
    blob_zeros(&rows, ((size_t)width + 1) * height);
    blob packed = deflated(rows.p, rows.n);
    make_png_chunk(b, "IDAT", packed.p, packed.n);
    blob_free(&packed);
    blob_free(&rows);
}

void make_png_end(blob *b)
{
    make_png_chunk(b, "IEND", NULL, 0);
}

/* ---- WebP ---- */

void make_webp_chunk(blob *b, const char *type, const void *bytes, size_t n)
{
    blob_add(b, type, 4);
    blob_le32(b, (uint32_t)n);
    blob_add(b, bytes, n);
    if (n % 2)
        blob_u8(b, 0);
}

void make_webp_begin(blob *b, uint32_t width, uint32_t height)
{
    blob c = {0};
    blob_add(b, "RIFF\0\0\0\0WEBP", 12);
    blob_le32(&c, 0x0c); /* EXIF and XMP may follow */
    blob_le16(&c, (width - 1) & 0xffff);
    blob_u8(&c, (width - 1) >> 16);
    blob_le16(&c, (height - 1) & 0xffff);
    blob_u8(&c, (height - 1) >> 16);
    make_webp_chunk(b, "VP8X", c.p, c.n);
    blob_free(&c);

    /* Lossless, five prefix codes of one symbol each: pixels take no bits at all. */
    blob_u8(&c, 0x2f);
    blob_le32(&c, (uint32_t)((width - 1) & 0x3fff) | ((height - 1) & 0x3fff) << 14);
    /* Bits, lowest first: no transform, no cache, no groups; per code: simple, one symbol, 1
     * bit, 0. */
    uint32_t bits = 0;
    for (int i = 0; i < 5; i++)
        bits |= 1u << (3 + 4 * i);
    blob_le32(&c, bits);
    make_webp_chunk(b, "VP8L", c.p, c.n);
    blob_free(&c);
}

void make_webp_end(blob *b)
{
    blob_put_le32(b, 4, (uint32_t)(b->n - 8));
}

/* ---- GIF ---- */

void make_gif_begin(blob *b, unsigned width, unsigned height)
{
    blob_text(b, "GIF89a");
    blob_le16(b, width);
    blob_le16(b, height);
    blob_add(b, "\x80\0\0\x80\x80\x80\0\0\0", 9); /* two colours */
}

static void gif_blocks(blob *b, const uint8_t *p, size_t n)
{
    while (n > 0) {
        size_t now = n < 255 ? n : 255;
        blob_u8(b, (unsigned)now);
        blob_add(b, p, now);
        p += now;
        n -= now;
    }
    blob_u8(b, 0);
}

void make_gif_comment(blob *b, const char *text)
{
    blob_add(b, "\x21\xfe", 2);
    gif_blocks(b, (const uint8_t *)text, strlen(text));
}

void make_gif_xmp(blob *b, const char *packet)
{
    blob_add(b, "\x21\xff\x0bXMP DataXMP", 14);
    blob_text(
        b,
        packet); /* unpacked: its bytes are the lengths of blocks, to which the trailer ends */
    blob_u8(b, 1);
    for (int i = 255; i >= 0; i--)
        blob_u8(b, (unsigned)i);
    blob_u8(b, 0);
}

void make_gif_end(blob *b, unsigned width, unsigned height)
{
    blob codes = {0};
    unsigned held = 0, bits = 0;
    blob_add(b, ",\0\0\0\0", 5);
    blob_le16(b, width);
    blob_le16(b, height);
    blob_add(b, "\0\2", 2); /* codes of three bits: 4 clears, 5 ends */
    for (size_t i = 0; i < (size_t)width * height; i++) {
        held |=
            (4u | 0u << 3) << bits; /* clear, then the pixel: the width of codes never grows */
        for (bits += 6; bits >= 8; bits -= 8, held >>= 8)
            blob_u8(&codes, held & 0xff);
    }
    held |= 5u << bits;
    for (bits += 3; bits > 0; bits = bits > 8 ? bits - 8 : 0, held >>= 8)
        blob_u8(&codes, held & 0xff);
    gif_blocks(b, codes.p, codes.n);
    blob_free(&codes);
    blob_u8(b, 0x3b);
}

/* ---- blocks ---- */

void make_iptc(blob *b, unsigned record, unsigned dataset, const char *text)
{
    blob_u8(b, 0x1c);
    blob_u8(b, record);
    blob_u8(b, dataset);
    blob_be16(b, (unsigned)strlen(text));
    blob_text(b, text);
}

void make_photoshop(blob *b, blob iptc)
{
    blob_text(b, "8BIM");
    blob_be16(b, 0x0404);
    blob_be16(b, 0);
    blob_be32(b, (uint32_t)iptc.n);
    blob_add(b, iptc.p, iptc.n);
    if (iptc.n % 2)
        blob_u8(b, 0);
}

void make_xmp(blob *b, const char *fields, const char *inside)
{
    blob_text(b, "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
                 "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n"
                 "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
                 "<rdf:Description rdf:about=\"\"\n"
                 " xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n"
                 " xmlns:exif=\"http://ns.adobe.com/exif/1.0/\"\n"
                 " xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\"\n"
                 " xmlns:dc=\"http://purl.org/dc/elements/1.1/\"\n"
                 " xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\"\n"
                 " xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"\n ");
    blob_text(b, fields ? fields : "");
    blob_text(b, ">\n");
    blob_text(b, inside ? inside : "");
    blob_text(b, "</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n");
    for (int i = 0; i < 4; i++)
        blob_text(b, "                                                                \n");
    blob_text(b, "<?xpacket end=\"w\"?>");
}
