/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_STRIP_H
#define ALICE_CLI_STRIP_H

/*
 * A copy of a picture without what it tells beside the picture: positions, cameras, prompts,
 * names, previews, and whatever hangs behind its end. What is needed to show it stays: colours
 * and the way it lies.
 */

#include <stdbool.h>
#include <stdio.h>

typedef enum strip_end {
    STRIP_DONE,
    STRIP_NOT_KNOWN, /* the type is none that can be stripped */
    STRIP_DAMAGED,   /* it does not hold together, so that it cannot be told what is left */
    STRIP_FAILED     /* reading or writing: errno */
} strip_end;

/* Whether a type, as alice_media_name(), can be stripped. */
bool strip_knows(const char *type);

/* From where `from` stands to where `to` stands. `orientation` as EXIF counts, 1: upright; a
 * GIF has none. */
strip_end strip_copy(FILE *from, FILE *to, const char *type, unsigned orientation);

#endif
