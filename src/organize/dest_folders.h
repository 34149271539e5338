/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_DEST_FOLDERS_H
#define ALICE_ORGANIZE_DEST_FOLDERS_H

/*
 * The folders below the organized one that files are put into: made as needed,
 * held open (the latest ones), flushed once a batch. No part of a path is followed
 * when it is a symbolic link.
 */

#include <alice/env.h>

#include "port/fs_ops.h"

typedef struct alice__dests alice__dests;

typedef struct alice__dest {
    int fd;     /* borrowed until the next call */
    size_t id;  /* for touch(); until the next call */
    bool apart; /* on another file system than the organized folder */
    bool met;   /* it stood before, and is entered for the first time, as far as remembered */
} alice__dest;

/* `all_at_once`: a flush of the whole file system of `organized_fd` is reliable. `most`:
   folders held open, from 4 to 64; 0: 64. */
alice_status alice__dests_open(alice__dests **out, const alice_env *env,
                               const alice__fs_ops *fs, int organized_fd, bool all_at_once,
                               size_t most);
void alice__dests_close(alice__dests **d);

/*
 * The folder of the file `dest`, and the file's own name in `*leaf` (points into
 * `dest`). `make`: make what is missing. ALICE_E_NOENT: it is not there (without
 * `make`); ALICE_E_INVAL: no path below the organized folder; ALICE_E_ACCESS: a
 * part is a link, or not a folder.
 */
alice_status alice__dests_get(alice__dests *d, const char *dest, bool make, alice__dest *out,
                              const char **leaf, int *os_error);
/* A name in it changed: it has to be flushed. */
void alice__dests_touch(alice__dests *d, size_t id);
/* It does not stand any more: forget the handles, so that the next get() looks anew. */
void alice__dests_forget(alice__dests *d);
/*
 * Flush every folder that was touched since the last time: one by one, or, where that
 * is reliable and they are many, all at once. 0 or -errno; they stay touched where it
 * failed. `*everything` (may be NULL): the whole file system of the organized folder
 * was flushed.
 */
int alice__dests_flush(alice__dests *d, bool *everything);
/* Flush one open folder; a file system that cannot flush folders has done its best. */
int alice__flush_folder(const alice__fs_ops *fs, int fd);

typedef struct alice__dests_stats {
    uint64_t made, flushes;
} alice__dests_stats;
void alice__dests_stats_get(const alice__dests *d, alice__dests_stats *out);
/* Handles that are held, and that none of them is held twice. */
alice_status alice__dests_check(const alice__dests *d, size_t *held);

#endif
