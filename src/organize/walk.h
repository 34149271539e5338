/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_WALK_H
#define ALICE_ORGANIZE_WALK_H

/*
 * The walk: every file below a folder, in a stable order, without a list of the
 * tree. In each directory first its files, sorted by bytes, then its
 * subdirectories, sorted by bytes, each walked the same way. A directory whose
 * names do not fit the walk's account is sorted on disk (runs in an unlinked
 * scratch file, merged). Symbolic links are never followed: they are handed out
 * as such. One thread walks; a folder that was handed out may be used by others
 * while a reference is held.
 */

#include <alice/env.h>

/* An open source directory, shared by its files. Reference counts are atomic. */
typedef struct alice__folder alice__folder;
alice__folder *alice__folder_ref(alice__folder *f);
void alice__folder_unref(alice__folder *f);
int alice__folder_fd(const alice__folder *f);
const char *alice__folder_path(const alice__folder *f); /* below the root; "" at the top */
uint64_t alice__folder_serial(const alice__folder *f);  /* counts folders, from 1 */

typedef enum alice__entry_kind {
    ALICE__ENTRY_FILE,    /* a regular file (by d_type, or by a stat where that is unknown) */
    ALICE__ENTRY_LINK,    /* a symbolic link */
    ALICE__ENTRY_SPECIAL, /* socket, fifo, device */
    ALICE__ENTRY_ERROR    /* a directory that could not be read: `status`, `os_error` */
} alice__entry_kind;

typedef struct alice__entry {
    alice__entry_kind kind;
    alice__folder *folder; /* borrowed until the next call; take a reference to keep it */
    const char *name;      /* borrowed until the next call */
    bool partner;          /* a file of the same stem stands beside it (MOV, XMP, AAE, JSON, RAW, …) */
    alice_status status;
    int os_error;
} alice__entry;

typedef struct alice__walk alice__walk;

typedef struct alice__walk_options {
    alice_env env;          /* its account bounds and pays the names */
    int root_fd;            /* an open directory; stays the caller's */
    const char *scratch_dir; /* where sorting spills, never a tmpfs; NULL: /var/tmp */
    size_t names_bytes;     /* room for names before spilling; 0: 1 MB */
    /* Directories to pass over besides hidden ones and @eaDir: by device and inode (the
       organized tree, when it lies below the inbox). */
    uint64_t skip_dev, skip_ino;
} alice__walk_options;

alice_status alice__walk_open(alice__walk **out, const alice__walk_options *o, alice_error *error);
void alice__walk_close(alice__walk **w);

/* The next entry; ALICE_E_END after the last. Other failures end the walk. */
alice_status alice__walk_next(alice__walk *w, alice__entry *entry);

typedef struct alice__walk_stats {
    uint64_t folders, files, passed_over, spilled_names;
} alice__walk_stats;
void alice__walk_stats_get(const alice__walk *w, alice__walk_stats *out);

#endif
