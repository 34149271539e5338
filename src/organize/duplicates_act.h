/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_DUPLICATES_ACT_H
#define ALICE_ORGANIZE_DUPLICATES_ACT_H

/* What the ways to act on superfluous files share. */

#include "organize/duplicates_int.h"
#include "port/fs_ops.h"

/* One of the two files, held open, with its name. */
typedef struct alice__held {
    int dir, fd;
    const char *leaf; /* in `path` */
    alice__fs_stat s; /* when it was opened */
    char path[ALICE__SAME_PATH];
} alice__held;

typedef struct alice__acting {
    const alice_act_options *o;
    alice_act_result *r;
    alice_error *error;
    finder *f;
    const alice__fs_ops *fs;
    alice__reading_whole whole;
    char organized[4096]; /* of what is removed: absolute, without links */
    int todo;             /* scratch file of alice__superfluous, in the order of the walk */
    uint64_t count;       /* of these */
    /* The pair at hand. */
    alice__superfluous at;
    alice__held kept, file;
    char why[256]; /* it is left; "": it is not */
    char to[4096]; /* where it was removed to; "": nowhere */
    /* By links and reflinks. */
    uint8_t *room; /* for extended attributes */
    int touched;   /* a folder that has to be flushed; -1 */
    uint64_t touched_dev, touched_inode;
} alice__acting;

/* alice_duplicates_act(), with a file system for tests; NULL: the real one. */
alice_status alice__duplicates_act_on(const alice_act_options *options, const alice__fs_ops *fs,
                                      alice_act_result *out, alice_error *error);

/* Read the i-th superfluous file and the one that is kept into `at`. */
alice_status alice__act_read(alice__acting *a, uint64_t i);
/* Open both, as they were found; else `why` says what is the matter. */
void alice__act_open(alice__acting *a);
void alice__act_close(alice__acting *a);
/* Whether both names lead to the open files still, and these are as they were opened. */
bool alice__act_still(alice__acting *a);
/* Compare them, and look once more; else `why`. Fails where the act has to stop. */
alice_status alice__act_compare(alice__acting *a);
/* Say why the file is left, and the first reason stays. */
void alice__act_leave(alice__acting *a, const char *why, const char *more);
/* Count and tell what became of it. */
void alice__act_tell(alice__acting *a, bool done);
/* Its folder, absolute and without links. 0 or -errno. */
int alice__act_folder(const alice__acting *a, const record *r, char *out, size_t size);
/* Bytes of the path of the organized folder that a folder is or lies in; 0: in none. */
size_t alice__organized_above(const char *folder);

/* Put a link to the kept file in the place of the other. */
alice_status alice__act_link(alice__acting *a);
alice_status alice__act_reflink(alice__acting *a);
/* Flush what links changed. */
alice_status alice__act_flush(alice__acting *a);

/* ---- duplicates_units.c ---- */

enum { ALICE__UNIT = 16 };

/* What goes together or not at all: indexes of the list, in ascending order. */
typedef struct alice__unit {
    uint64_t all[ALICE__UNIT];
    size_t count;
} alice__unit;

/* The unit of the pair at hand, which is the i-th of the list; `why` says what holds it back.
 */
alice_status alice__act_unit(alice__acting *a, uint64_t i, alice__unit *out);

/* ---- duplicates_remove.c ---- */

/* Find the organized folder that keeps what is removed. */
alice_status alice__act_find_organized(alice__acting *a);
/* Before anything is looked for: settle what a killed run left in it. */
alice_status alice__act_settle(alice__acting *a);
/* Remove each of the list, as a run of its catalog. */
alice_status alice__act_remove(alice__acting *a);

#endif
