/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_BLOCK_AT_H
#define ALICE_MEDIA_BLOCK_AT_H

/* Blocks of metadata at [at, end) of the input. */

#include "media/parse.h"

/* Read the JUMBF superboxes at [at, end) as content credentials. */
void alice__c2pa_in(alice__parse *parse, uint64_t at, uint64_t end);

/* Read the XMP packet at [at, end). */
void alice__xmp_in(alice__parse *parse, uint64_t at, uint64_t end);

/*
 * EXIF as HEIF and JPEG XL keep it: an offset (u32), then at that offset the
 * TIFF header. Offsets that point elsewhere are common, so it is looked for.
 */
alice_status alice__exif_in(alice__parse *parse, uint64_t at, uint64_t end);

#endif
