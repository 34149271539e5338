/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_MOVIE_H
#define ALICE_MEDIA_MOVIE_H

#include "media/formats/bmff_file.h"

/* The movie header and its tracks. */
alice_status alice__movie_moov(alice__bmff *b, const alice__box *moov);

#endif
