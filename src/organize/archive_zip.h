/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_ARCHIVE_ZIP_H
#define ALICE_ORGANIZE_ARCHIVE_ZIP_H

/*
 * The list of files at the end of a zip, held against what was met on the way through it. A
 * stream looks for the next file where one is damaged, and would pass over it without a word.
 * Only how many there are and a sum over where they begin is kept: memory does not grow with
 * them.
 */

#include "organize/archive_input.h"

typedef struct alice__zip_files {
    uint64_t count, sum;
} alice__zip_files;

/* One more, that begins at this offset. */
void alice__zip_file(alice__zip_files *files, uint64_t offset);

/* NULL: those are the files that the list names. Else what is wrong with it. Uses the input's
 * buffer. `should_stop` (or NULL) is asked for each block: then it is NULL as well. */
const char *alice__zip_compare(alice__archive_input *in, const alice__zip_files *met,
                               bool (*should_stop)(void *ctx), void *ctx);

#endif
