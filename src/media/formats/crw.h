/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_CRW_H
#define ALICE_MEDIA_CRW_H

#include "media/parse.h"

/* A heap of CIFF, also where early cameras put one into a JPEG. Facts of EXIF outrank its own.
 */
alice_status alice__crw_heap(alice__parse *parse, uint64_t at, uint64_t end);

#endif
