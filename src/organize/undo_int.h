/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_UNDO_INT_H
#define ALICE_ORGANIZE_UNDO_INT_H

/* What the parts of an undo share: see undo.c. */

#include "organize/organizer.h"
#include "organize/undo_archives.h"

enum { ALICE__UNDO_BATCH = 64 };

typedef struct moving {
    int64_t id;
    alice__state placed; /* its row's, while it is where the run put it */
    int64_t redated;     /* the row whose file it is, and follows; 0: its own */
    int64_t organized;   /* the row that it had before it was removed; 0: none */
    bool several;        /* it has other names, whose move changes it */
    bool remove_from;    /* `to` stands with the same bytes */
    bool transfer;
    bool packed; /* an archive has the same bytes: there is no `to` */
    bool done;
    const char *why;    /* it is left; static text */
    alice__stamp stamp; /* of `from`, now */
    alice__stamp other; /* of `to`, where it stands */
    int folder;         /* of `from`, open */
    const char *leaf;   /* in `from` */
    char from[ALICE__PATH_MAX], to[ALICE__PATH_MAX];
} moving;

typedef struct undoing {
    alice_organizer *o;
    alice_undo_result *r;
    alice_error *error;
    bool again;   /* redo */
    bool move;    /* what the run did */
    bool archive; /* what it organized was no folder */
    alice__in_archives in_archives;
    int root; /* that `to` is below */
    alice__transfer *transfer;
    moving *batch;
    size_t count;
} undoing;

/* The folder of a whole path. */
int alice__undo_folder_of(const alice__fs_ops *fs, const char *path, int *fd);
/* That of `from`, which stays open with the file. */
int alice__undo_folder(const alice__fs_ops *fs, moving *m);

/* Remove what stands at its other place, or in an archive: each is done, or `why` is said.
 * Fails only where some went and that may not last. */
alice_status alice__undo_remove(undoing *x);

#endif
