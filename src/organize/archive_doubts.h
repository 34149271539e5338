/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_ARCHIVE_DOUBTS_H
#define ALICE_ORGANIZE_ARCHIVE_DOUBTS_H

/*
 * Files of an export that are something only beside a picture: a caption, a workflow, a voice
 * memo. Whether there is one of that name is known when all of the export went by. What
 * pictures there are is kept as marks in a table of one size: it may take a text for a caption
 * that is none, and then asks for one file too many, but never for one too few.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct alice__doubts {
    uint8_t marks[128 * 1024]; /* a bit for each folder and name of a medium, or three */
    size_t used;
    char names[64 * 1024]; /* archive, NUL, name, NUL, again and again */
} alice__doubts;

/* A medium of this name, in an archive, went by. */
void alice__doubts_medium(alice__doubts *d, const char *name);

/* This file may belong to one. False: there is no room to remember it. */
bool alice__doubts_note(alice__doubts *d, const char *archive, const char *name);

/* At the end: one after the other; *at begins as 0. `belongs`: there is a medium of its name.
 * False: there are no more. */
bool alice__doubts_next(const alice__doubts *d, size_t *at, const char **archive,
                        const char **name, bool *belongs);

#endif
