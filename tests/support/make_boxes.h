/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TESTS_MAKE_BOXES_H
#define ALICE_TESTS_MAKE_BOXES_H

/*
 * Containers made in code: MP4, MOV, HEIF, AVIF, CR3, JPEG XL, Matroska, AVI,
 * RAF and content credentials, byte by byte, with the metadata a test wants.
 * None has a picture that could be shown; all have what a reader of metadata
 * looks at. See make_media.h for the blob.
 */

#include "make_media.h"

/* A key and its text. */
typedef struct make_pair {
    const char *key, *text;
} make_pair;

/* ---- boxes: begin answers where, end mends the size ---- */

size_t make_box(blob *b, const char *type);
size_t make_full_box(blob *b, const char *type, unsigned version, unsigned flags);
void make_box_end(blob *b, size_t at);
void make_ftyp(blob *b, const char *major, const char *compatible); /* "mif1heic": each four */
void make_uuid_xmp(blob *b, const char *packet);
void make_uuid_c2pa(blob *b, blob jumbf);

/* ---- movies ---- */

/* "©cmt" and its like: length, language, text. */
void make_udta_text(blob *b, const char *type, const char *text);
/* "auth" and its like: version, language, text. */
void make_udta_3gpp(blob *b, const char *type, const char *text);
/* meta with keys and ilst (QuickTime). `full`: with version and flags, as in MP4. */
void make_meta_keys(blob *b, bool full, const make_pair *pairs, size_t n);
/* meta with ilst by box types; a key that has not four bytes becomes a "----" item. */
void make_meta_itunes(blob *b, const make_pair *pairs, size_t n);

typedef struct make_movie_options {
    const char *major; /* NULL: no ftyp */
    const char *compatible;
    uint64_t created; /* seconds since 1904 */
    unsigned version; /* of mvhd and tkhd */
    uint32_t width, height;
    unsigned turns;  /* quarter turns */
    bool coded_only; /* no size in tkhd, only in stsd */
    bool mdat_first, mdat_large,
        mdat_open; /* before moov; with a 64-bit size; with size 0 (then last) */
    size_t mdat_bytes;
    blob udta;  /* content of moov/udta; empty: none */
    blob boxes; /* whole boxes in moov */
    blob tail;  /* whole boxes at the end */
} make_movie_options;
void make_movie(blob *b, const make_movie_options *o);

/* ---- pictures ---- */

typedef struct make_heif_options {
    const char *major, *compatible; /* NULL: "heic" and "mif1heic" */
    uint32_t width, height;
    unsigned turns;
    unsigned iloc_version; /* 0 to 2 */
    bool in_idat;          /* the items lie in idat (needs iloc version 1 or 2) */
    bool grid;             /* the size stands in a grid item only */
    bool split;            /* each item in two extents that adjoin */
    unsigned others;       /* further items, before those that matter */
    blob exif;             /* a TIFF block */
    const char *xmp;
    blob c2pa;
} make_heif_options;
void make_heif(blob *b, const make_heif_options *o);

void make_cr3(blob *b, blob ifd0, blob exif, const char *xmp);

/* A RAF around a JPEG; `offset` of the JPEG, at least 160. */
void make_raf(blob *b, const char *model, size_t offset, blob jpeg, unsigned width,
              unsigned height);

/* ---- Matroska ---- */

size_t make_ebml(blob *b, uint32_t id); /* begin: an 8-byte size */
void make_ebml_end(blob *b, size_t at);
void make_ebml_text(blob *b, uint32_t id, const char *text);
void make_ebml_number(blob *b, uint32_t id, uint64_t v, unsigned bytes);

typedef struct make_matroska_options {
    const char *doctype; /* NULL: "matroska" */
    int64_t date_ns;     /* since 2001; 0: absent */
    const char *writing_app;
    uint32_t width, height;
    const make_pair *tags;
    size_t tag_count;
    bool nested; /* the tags lie in another one */
    bool value_first;
    bool tags_last; /* behind the clusters */
    bool seek_head; /* which says where Tags are */
    bool open;      /* the segment's size is unknown */
    unsigned clusters;
    size_t cluster_bytes;
} make_matroska_options;
void make_matroska(blob *b, const make_matroska_options *o);

#endif
