/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TESTS_MAKE_OLD_H
#define ALICE_TESTS_MAKE_OLD_H

/* Files of older programs, cameras and camcorders, made in code; see make_media.h. The date in
 * all of them is 2024-03-15 10:20:30. */

#include "make_media.h"

void make_bmp(blob *b, uint32_t width, uint32_t height);
/* Each block may be empty. */
void make_psd(blob *b, uint32_t width, uint32_t height, blob exif, blob iptc, const char *xmp);
void make_mrw(blob *b, unsigned width, unsigned height, blob exif);
void make_crw(blob *b, const char *make, const char *model, uint32_t width, uint32_t height);
/* `packet`: 188 or 192; `make`: its number; `others`: packets before the video's. */
void make_mts(blob *b, unsigned packet, unsigned make, unsigned zone, unsigned others);
void make_mpg(blob *b, unsigned width, unsigned height);
/* The video of one alone; `tables` of weights, 0 to 2, stand in its first header. */
void make_m2v(blob *b, unsigned width, unsigned height, unsigned tables);
void make_asf(blob *b, uint32_t width, uint32_t height, bool video);
void make_flv(blob *b, unsigned width, unsigned height, const char *date);
/* Without a JPEG: what its properties say. */
void make_x3f(blob *b, uint32_t width, uint32_t height, const char *make, const char *model,
              blob jpeg);
void make_kyocera(blob *b, const char *model);
/* Hang an IPTC block on what is there. */
void make_afcp(blob *b, bool little, blob iptc);
/* Either may be absent. */
void make_jp2(blob *b, uint32_t width, uint32_t height, blob exif, const char *xmp);

#endif
