/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_ARCHIVE_UNPACK_H
#define ALICE_ORGANIZE_ARCHIVE_UNPACK_H

/* What archives.c and archive_unpack.c share: exports, and the room that they are unpacked
 * into. */

#include "organize/organizer.h"

enum { ALICE__EXPORTS_MOST = 24 };

/* How many exports there are, and how many come before the one of an archive: each is a tree of
 * its own, or a sidecar of one would be taken for that of another one's picture of the same
 * name. */
unsigned alice__exports(const alice_organizer_options *p);
unsigned alice__exports_before(const alice_organizer_options *p, size_t which);

/* In the folder that is unpacked into: a name for each head of a file there. Hidden, so that it
 * is passed over. */
#define ALICE__ARCHIVE_HEADS ".heads"

/* That folder goes. */
alice_status alice__archives_forget_heads(alice_organizer *o, alice_error *error);

/* Make the folder for the beginnings of files that a dry run looks at: o->inbox_fd. */
alice_status alice__archives_make_scratch(alice_organizer *o, alice_error *error);

#endif
