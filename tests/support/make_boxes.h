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

/* ---- AVI ---- */

size_t make_riff_list(blob *b, const char *id, const char *kind); /* "LIST" or "RIFF" */
void make_riff_chunk(blob *b, const char *id, const void *bytes, size_t n);
void make_riff_end(blob *b, size_t at);

typedef struct make_avi_options {
    uint32_t width, height;
    const char *idit;
    const make_pair *info; /* "ISFT", "ICMT", … */
    size_t info_count;
    bool info_last;  /* behind the pictures */
    bool coded_only; /* the size stands in the stream only, from top to bottom */
    const char *nikon_make, *nikon_date;
    size_t movi_bytes;
} make_avi_options;
void make_avi(blob *b, const make_avi_options *o);

/* ---- JPEG XL ---- */

/* A codestream's beginning. `ratio` 0: the width is told; `orientation` 1 to 8. */
void make_jxl_codestream(blob *b, uint32_t width, uint32_t height, unsigned ratio,
                         unsigned orientation);
void make_jxl_begin(blob *b); /* the container's first boxes */
void make_jxl_exif(blob *b, blob tiff);
/* A box packed with brotli (stored, at most 64 KB). */
void make_jxl_packed(blob *b, const char *type, blob content);

/* ---- CBOR and content credentials ---- */

void make_cbor_text(blob *b, const char *text);
void make_cbor_head(blob *b, unsigned major, uint64_t n); /* 4: array, 5: map, … */
size_t make_jumb(blob *b, const char *uuid,
                 const char *label); /* "c2pa", "cbor": the uuid's first four */

typedef struct make_action {
    const char *action, *source_type, *agent, *description; /* NULL: absent */
    bool agent_map;                                         /* {"name": agent} */
} make_action;

typedef struct make_manifest {
    const char *label;
    const char *generator, *generator_info;
    const make_action *actions;
    size_t action_count;
    const char *parent, *component; /* labels of their manifests; "": without one */
    const char *component_source_type;
    bool open; /* containers of indefinite length */
} make_manifest;

/* A store; the last manifest is the active one. */
void make_c2pa(blob *b, const make_manifest *manifests, size_t n);

#endif
