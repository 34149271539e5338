/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_CHECK_SOURCE_H
#define ALICE_ORGANIZE_CHECK_SOURCE_H

/* What the two ways of alice_check_source() share: a folder, by a dry run; archives, as
 * streams. */

#include "organize/organizer.h"

#define ALICE__NOT_READ_AS_MEDIA \
    "it has the name of a media file but cannot be read as one: it is not organized"

typedef struct alice__checker {
    void (*on_file)(void *ctx, const alice_checked_file *file); /* or NULL */
    void *ctx;
    alice_check_result *result;
} alice__checker;

/* Counts the file, and tells whoever asked. */
void alice__check_told(alice__checker *c, const alice_checked_file *file);

/* Why a file that is no medium is not safe all the same: it is an archive, in which there may
 * be some. NULL: it is called otherwise. */
const char *alice__check_why_unopened(const char *name);

/* All archives of the options. ALICE_E_CANCELLED, ALICE_E_BUDGET, or what the catalog said. */
alice_status alice__check_archives(alice_organizer *o, bool full, alice__checker *to);

#endif
