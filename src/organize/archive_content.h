/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_ARCHIVE_CONTENT_H
#define ALICE_ORGANIZE_ARCHIVE_CONTENT_H

/*
 * What a file in an archive holds, and which organized file has the same content. Nothing is
 * unpacked: it goes by once, its head and all of it are hashed.
 */

#include "organize/archive_entries.h"
#include "organize/organizer.h"

#if ALICE_ARCHIVES

typedef struct alice__packed_file {
    uint64_t size;
    alice__hash head, content;
    uint8_t bytes[ALICE__HEAD_BYTES]; /* how it begins */
} alice__packed_file;

/* Read the file at hand to its end, or until d->why says why not. */
void alice__packed_read(alice__archive_entries *in, struct archive_entry *e,
                        alice__packed_file *out, alice__archive_data *d);

/*
 * The next organized file after `*after` (0: the first) that stands and has this content;
 * c->id 0: there is none. The hash of a file of organized is the catalog's, where it has one
 * and the file is as it was then; else, and with `full`, the file is read. `dest` holds its
 * path.
 */
alice_status alice__packed_find(alice_organizer *o, const alice__packed_file *e, bool full,
                                int64_t *after, alice__candidate *c, char *dest, size_t size);

#endif

#endif
