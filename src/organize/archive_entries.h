/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_ARCHIVE_ENTRIES_H
#define ALICE_ORGANIZE_ARCHIVE_ENTRIES_H

/*
 * The files of an archive, one after another, as a stream: names that lead nowhere, links,
 * devices, what is encrypted or grows beyond measure are refused by name; everything else is
 * handed to `take`, which asks for its bytes block by block.
 */

#include <alice/base.h>

#include "organize/archive_zip.h"
#include "organize/run.h"
#include "port/archive_lib.h"

#if ALICE_ARCHIVES

enum {
    /* What the library allocates while it reads a zip or a tar: measured. */
    ALICE__ARCHIVE_LIBRARY = 1024 * 1024,
    ALICE__ARCHIVE_NAME_SPARE = 512 /* what may be put before a name */
};

typedef struct alice__archive_entries {
    const alice__archive_lib *lib;
    const alice__fs_ops *fs;
    alice_env env; /* pays for what is read */
    /* The file at hand; *fatal: nothing behind it can be read. Fails where all has to stop. */
    alice_status (*take)(void *ctx, struct archive_entry *e, bool *fatal);
    /* What is not read, and why; "": the rest of the archive itself. */
    void (*refuse)(void *ctx, const char *name, alice_status status, const char *why);
    void *ctx;
    bool (*should_stop)(void *ctx); /* or NULL */
    void *stop_ctx;
    bool enough; /* set by `take`: what follows is not read */

    struct archive *a;
    const char *path; /* of the archive, as given by the caller */
    alice__archive_input in;
    alice__zip_files met;
    uint64_t made;              /* bytes unpacked from it */
    char name[ALICE__PATH_MAX]; /* of the entry at hand, made plain */
} alice__archive_entries;

/* The library of an organizer that was opened for archives. */
const alice__archive_lib *alice__archives_lib(const alice_organizer *o);

/* Read one archive. ALICE_E_CANCELLED, ALICE_E_NOMEM, or what `take` said. */
alice_status alice__archive_entries_read(alice__archive_entries *u, const char *path);

typedef struct alice__archive_data {
    const void *block;
    size_t n;
    uint64_t at, hole;   /* where it stands in the file, and how many zeros are before it */
    int64_t end;         /* of what came so far: the size, in the end; it may end in a hole */
    const char *why;     /* it ended too early */
    alice_status status; /* of that: CANCELLED, IO, DAMAGED */
    bool fatal;
} alice__archive_data;

/* The next block of the file at hand `e`; `d` is zero before the first. False: there is none,
 * and d->why says whether that is its end. */
bool alice__archive_block(alice__archive_entries *u, struct archive_entry *e,
                          alice__archive_data *d);

#endif

#endif
