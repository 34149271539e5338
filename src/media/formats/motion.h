/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_MOTION_H
#define ALICE_MEDIA_MOTION_H

#include "media/parse.h"

/* Where the video of a motion photo stands, once the file was read (motion.c). */
void alice__motion(alice__parse *parse);

#endif
