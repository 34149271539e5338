/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_SORTED_NAMES_H
#define ALICE_ORGANIZE_SORTED_NAMES_H

/*
 * The names of one directory after the other, sorted by bytes inside a bounded
 * block of memory: files first, then those files that come later, then subdirectories. What
 * does not fit is sorted on disk. The subdirectories that are still to be walked wait on a
 * stack, in the same block or in the same scratch file.
 *
 *   begin ─▶ add … add ─▶ sort ─▶ next … next (files) ─▶ push ─▶ waiting (a subdirectory) … ─▶ pop
 *                                                                └─▶ begin … (of that one) … pop ─┘
 */

#include <alice/env.h>

typedef struct alice__names alice__names;

typedef struct alice__names_options {
    alice_env env;           /* pays */
    size_t bytes;            /* the most the block takes; at least 128 KB; 0: 1 MB */
    const char *scratch_dir; /* NULL: /var/tmp */
} alice__names_options;

enum {
    ALICE__NAMES_DIR = 255,   /* the kind of a subdirectory; the others are the caller's */
    ALICE__NAMES_LATER = 256, /* or'ed to the kind of a file that comes after those without, */
    ALICE__NAMES_LAST = 512   /* and of one that comes after those */
};

/* Longest name that is taken, in bytes. File systems have 255 to 1,530. */
enum { ALICE__NAME_LONGEST = 4000 };

alice_status alice__names_open(alice__names **out, const alice__names_options *o);
void alice__names_close(alice__names **n);

/* Begin a directory. */
void alice__names_begin(alice__names *n);
/* Add a name. `error` says why the names cannot be held: then call drop(). */
alice_status alice__names_add(alice__names *n, unsigned kind, const char *name,
                              alice_error *error);
/* All are there. */
alice_status alice__names_sort(alice__names *n, alice_error *error);

typedef struct alice__names_item {
    unsigned kind;
    const char *name; /* borrowed until the next call */
} alice__names_item;

/*
 * The next file's name; ALICE_E_END after the last one.
 */
alice_status alice__names_next(alice__names *n, alice__names_item *item, alice_error *error);

/* After the last file: put the subdirectories on the stack. */
alice_status alice__names_push(alice__names *n, alice_error *error);
/* The next one of the top of the stack, copied; ALICE_E_END: pop it. `cap` ≥
 * ALICE__NAME_LONGEST + 1. */
alice_status alice__names_waiting(alice__names *n, char *name, size_t cap, alice_error *error);
void alice__names_pop(alice__names *n);
/* Forget the directory that was begun, or is handed out: instead of push(). */
void alice__names_drop(alice__names *n);

/* Names that went through the scratch file. */
uint64_t alice__names_spilled(const alice__names *n);
/* Prove the invariants; ALICE_E_DAMAGED where they do not hold. */
alice_status alice__names_check(const alice__names *n);

#endif
