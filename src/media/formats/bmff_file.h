/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_BMFF_FILE_H
#define ALICE_MEDIA_BMFF_FILE_H

/*
 * One ISO BMFF file while it is read, shared by its readers: bmff.c walks the
 * top, heif.c reads the items of a picture, movie.c the movie, and movie_tags.c
 * what it says about itself.
 */

#include "media/blocks/boxes.h"
#include "media/parse.h"

typedef struct alice__bmff {
    alice__parse *parse;
    uint32_t left; /* boxes that may still be looked at */
    bool picture;  /* HEIF, AVIF: sizes come from the items */
    bool moov, meta;

    uint64_t width, height; /* of the largest video track so far */
    uint32_t second_date;   /* a track's creation time, for where the movie has none */
    /* "©day": told after the walk, since a creation date with its zone is better */
    char day[40];
    size_t day_n;
} alice__bmff;

/* A `uuid` box: XMP, content credentials, Canon's. */
alice_status alice__bmff_uuid(alice__bmff *b, const alice__box *uuid);

#endif
