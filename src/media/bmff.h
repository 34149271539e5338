/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_BMFF_H
#define ALICE_MEDIA_BMFF_H

/*
 * One ISO BMFF file while it is read, shared by its readers: bmff.c walks the
 * top, heif.c reads the items of a picture, movie.c the movie, and movie_tags.c
 * what it says about itself.
 */

#include "media/boxes.h"

typedef struct alice__bmff {
    alice__lab *lab;
    uint32_t left; /* boxes that may still be looked at */
    bool picture;  /* HEIF, AVIF: sizes come from the items */
    bool moov, meta;

    uint64_t width, height; /* of the largest video track so far */
    uint32_t second_date;   /* a track's creation time, for where the movie has none */
    /* "©day": told after the walk, since a creation date with its zone is better */
    char day[40];
    size_t day_n;
} alice__bmff;

/* A HEIF `meta` box: items with their properties. */
alice_status alice__heif_meta(alice__bmff *b, const alice__box *meta);

alice_status alice__movie_moov(alice__bmff *b, const alice__box *moov);

/* `udta` of a movie, a track or a file; `meta` in it or beside it. */
void alice__movie_udta(alice__bmff *b, const alice__box *udta);
void alice__movie_meta(alice__bmff *b, const alice__box *meta);

/* What was kept back until the walk's end. */
void alice__movie_tags_end(alice__bmff *b);

/* A `uuid` box: XMP, content credentials, Canon's. */
alice_status alice__bmff_uuid(alice__bmff *b, const alice__box *uuid);

#endif
