/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_INSIDE_H
#define ALICE_MEDIA_INSIDE_H

#include "media/parse.h"

/* Read the whole JPEG at [at, at + n) of the file, or what is there of it, as of the file's
 * own. The type stays what it is. */
alice_status alice__jpeg_inside(const alice__parse *parse, uint64_t at, uint64_t n);

#endif
