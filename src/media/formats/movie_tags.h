/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_MOVIE_TAGS_H
#define ALICE_MEDIA_MOVIE_TAGS_H

#include "media/formats/bmff_file.h"

/* `udta` of a movie, a track or a file; `meta` in it or beside it. */
void alice__movie_udta(alice__bmff *b, const alice__box *udta);
void alice__movie_meta(alice__bmff *b, const alice__box *meta);

/* What was kept back until the walk's end. */
void alice__movie_tags_end(alice__bmff *b);

#endif
