/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_HEIF_H
#define ALICE_MEDIA_HEIF_H

#include "media/formats/bmff_file.h"

/* A HEIF `meta` box: items with their properties. */
alice_status alice__heif_meta(alice__bmff *b, const alice__box *meta);

#endif
