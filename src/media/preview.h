/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_PREVIEW_H
#define ALICE_MEDIA_PREVIEW_H

/* The small JPEG beside the large picture: the directories of EXIF and of TIFF point to it. */

#include <alice/preview.h>

#include "media/input.h"

enum { ALICE__PREVIEW_SCRATCH = 4096 };

/*
 * Find the largest of at most `most` bytes; `scratch` has ALICE__PREVIEW_SCRATCH bytes. False:
 * there is none, or reading failed, which `*status` then says.
 */
bool alice__preview_find(const alice__input *in, void *scratch, uint64_t most,
                         alice_preview *out, alice_status *status);

#endif
