/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TESTS_MAKE_MEDIA_H
#define ALICE_TESTS_MAKE_MEDIA_H

/*
 * Media files made in code: small, valid, of any size in pixels, with the
 * metadata a test wants. Everything is appended to a `blob`; a failed malloc
 * aborts (this is test support).
 *
 *     blob tiff = {0}, b = {0};
 *     make_exif(&tiff, &(make_exif_options){.date_time_original = "2024:03:15 10:20:30"});
 *     make_jpeg_begin(&b);
 *     make_jpeg_exif(&b, tiff);
 *     make_jpeg_end(&b, 64, 48);
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct blob {
    uint8_t *p;
    size_t n, room;
} blob;

void blob_add(blob *b, const void *bytes, size_t n);
void blob_zeros(blob *b, size_t n);
void blob_text(blob *b, const char *text); /* without its NUL */
void blob_u8(blob *b, unsigned v);
void blob_be16(blob *b, unsigned v);
void blob_be32(blob *b, uint32_t v);
void blob_be64(blob *b, uint64_t v);
void blob_le16(blob *b, unsigned v);
void blob_le32(blob *b, uint32_t v);
void blob_le64(blob *b, uint64_t v);
void blob_put_be32(blob *b, size_t at, uint32_t v); /* overwrite */
void blob_put_le32(blob *b, size_t at, uint32_t v);
blob blob_of(const char *text); /* a new one */
void blob_free(blob *b);

/* ---- TIFF and EXIF ---- */

typedef enum make_ifd {
    MAKE_IFD0,
    MAKE_EXIF,
    MAKE_GPS,
    MAKE_SUB,
    MAKE_IFD1,
    MAKE_IFD_COUNT
} make_ifd;

/* An entry of one's own. `text`: its bytes with a NUL (type 2), else `bytes`, else `number`. */
typedef struct make_tag {
    make_ifd ifd;
    uint16_t tag, type; /* type 0: 2 with text, 7 with bytes, 4 with a number */
    const char *text;
    const void *bytes;
    size_t n; /* bytes of `bytes` */
    uint32_t number;
    uint32_t count; /* 0: follows from the above; else what the entry claims */
} make_tag;

typedef struct make_exif_options {
    bool big_endian;
    bool big_tiff;
    uint16_t magic; /* 0: 42 or 43 */
    /* NULL: absent */
    const char *make, *model, *software, *artist, *description;
    const char *date_time, *date_time_original, *date_time_digitized;
    const char *offset_time, *offset_time_original, *offset_time_digitized;
    const char *user_comment; /* with an "ASCII\0\0\0" prefix */
    uint32_t width, height;   /* EXIF PixelX/YDimension; 0: absent */
    const make_tag *tags;
    size_t tag_count;
} make_exif_options;

/* A TIFF block, as it stands after "Exif\0\0"; entries sorted by tag. */
void make_exif(blob *b, const make_exif_options *o);

/* A whole TIFF file: the same with a picture of one grey strip in IFD0. */
void make_tiff(blob *b, const make_exif_options *o, uint32_t width, uint32_t height);

/* ---- JPEG: begin, segments, end ---- */

void make_jpeg_begin(blob *b);
void make_jpeg_segment(blob *b, unsigned marker, const void *prefix, size_t prefix_n,
                       const void *bytes, size_t n);
void make_jpeg_exif(blob *b, blob tiff);
void make_jpeg_xmp(blob *b, const char *packet);
/* Extended XMP: the full packet in pieces of `piece` bytes, and the note that names it. */
void make_jpeg_xmp_extended(blob *b, const char *packet, size_t piece);
void make_jpeg_iptc(blob *b, blob iptc);
/* APP11 segments, as many as it takes with `piece` bytes of content in each. */
void make_jpeg_jumbf(blob *b, blob jumbf, size_t piece);
void make_jpeg_comment(blob *b, const char *text);
/* A grey picture: DQT, SOF0, DHT, SOS, scan, EOI. */
void make_jpeg_end(blob *b, unsigned width, unsigned height);

/* ---- PNG: begin, chunks, end ---- */

void make_png_begin(blob *b, uint32_t width, uint32_t height);
void make_png_chunk(blob *b, const char *type, const void *bytes, size_t n);
void make_png_text(blob *b, const char *key, const char *text);              /* tEXt */
void make_png_ztxt(blob *b, const char *key, const char *text);              /* zTXt */
void make_png_itxt(blob *b, const char *key, const char *text, bool packed); /* iTXt */
/* "Raw profile type <type>", hex, in a zTXt. */
void make_png_profile(blob *b, const char *type, const void *bytes, size_t n);
void make_png_image(blob *b, uint32_t width, uint32_t height); /* IDAT, grey */
void make_png_end(blob *b);                                    /* IEND */

/* ---- WebP: begin, chunks, end (which mends the size) ---- */

void make_webp_begin(blob *b, uint32_t width, uint32_t height); /* RIFF, VP8X, VP8L */
void make_webp_chunk(blob *b, const char *type, const void *bytes, size_t n);
void make_webp_end(blob *b);

/* ---- GIF ---- */

void make_gif_begin(blob *b, unsigned width, unsigned height);
void make_gif_comment(blob *b, const char *text);
void make_gif_xmp(blob *b, const char *packet);
void make_gif_end(blob *b, unsigned width, unsigned height); /* one frame, trailer */

/* ---- blocks ---- */

/* Append an IPTC dataset, such as (2, 55, "20240315"). */
void make_iptc(blob *b, unsigned record, unsigned dataset, const char *text);
/* Photoshop resources that hold an IPTC block. */
void make_photoshop(blob *b, blob iptc);
/* An XMP packet: `fields` are attributes of the rdf:Description, `inside` its elements; either
 * may be NULL. */
void make_xmp(blob *b, const char *fields, const char *inside);

#endif
