/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_TYPES_H
#define ALICE_MEDIA_TYPES_H

/*
 * What a file's extension promises: the one table that the analyzer (does the
 * name agree with the content?), the space check and the survey (is it media?)
 * and the grouping of partners ask. Whatever is in the file is told by its
 * content alone.
 */

#include <alice/media.h>

/* What a file is to other files of its stem. From ALICE__PARTNER_XMP on it is a
 * sidecar: it belongs to `stem.ext` both as `stem.xmp` and as `stem.ext.xmp`. */
typedef enum alice__partner {
    ALICE__PARTNER_NONE,
    ALICE__PARTNER_PHOTO, /* JPEG and its like: beside a RAW or a video */
    ALICE__PARTNER_RAW,
    ALICE__PARTNER_VIDEO,
    ALICE__PARTNER_XMP,
    ALICE__PARTNER_JSON,      /* Takeout and others */
    ALICE__PARTNER_AAE,       /* Apple's edits */
    ALICE__PARTNER_THUMBNAIL, /* THM: a small JPEG of a video or RAW */
    ALICE__PARTNER_LOW_RES,   /* LRV: a small film of a film */
    ALICE__PARTNER_AUDIO,     /* a camera's voice memo */
    ALICE__PARTNER_SUBTITLES, /* SRT, of drones */
    ALICE__PARTNER_XML,       /* Sony's, Canon's */
    ALICE__PARTNER_TEXT,      /* a prompt, a caption */
    ALICE__PARTNER_SETTINGS   /* of a RAW developer */
} alice__partner;

enum { ALICE__EXTENSION = 8 }; /* bytes of the longest, with its NUL */

typedef struct alice__name_kind {
    char extension[ALICE__EXTENSION]; /* lower case, without its dot */
    alice_media_type type;            /* NONE: no media, or a kind without a type of its own */
    alice_media_class kind;
    const char *carrier; /* the format that reads it, "": none does */
    alice__partner partner;
} alice__name_kind;

/* What a name's extension promises; case does not count. Never NULL: an unknown
 * extension, or none, is a row of NONEs. */
const alice__name_kind *alice__name_kind_of(const char *name);

/* Columns of it. */
alice_media_type alice__name_type(const char *name);
alice_media_class alice__name_class(const char *name);

static inline bool alice__partner_is_sidecar(alice__partner p)
{
    return p >= ALICE__PARTNER_XMP;
}

/* Whether files of both types go by the same extensions in the world as it is. */
bool alice__types_share_names(alice_media_type a, alice_media_type b);

/* All rows, sorted by extension; for tests. */
const alice__name_kind *alice__name_kinds(size_t *count);

#endif
