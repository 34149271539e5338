/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_DISK_SORT_H
#define ALICE_ORGANIZE_DISK_SORT_H

/*
 * Sorting any number of records of one size in a bounded block of memory: what does not fit
 * becomes sorted runs in a file without a name, which are merged while they are read.
 *
 *   add, add, add … ─▶ start ─▶ next, next, next … ALICE_E_END
 *
 * One thread uses a sort.
 */

#include <alice/env.h>

typedef struct alice__disk_sort alice__disk_sort;

enum { ALICE__DISK_SORT_RECORD = 128 }; /* largest record, in bytes */

typedef struct alice__disk_sort_options {
    alice_env env;           /* its account pays the block */
    const char *scratch_dir; /* where runs go, never a tmpfs; NULL: /var/tmp */
    size_t record_bytes;
    size_t block_bytes; /* at least 64 KB; 0: 1 MB */
    /* As of qsort. Records that are equal come in any order. */
    int (*order)(const void *a, const void *b);
} alice__disk_sort_options;

alice_status alice__disk_sort_open(alice__disk_sort **out, const alice__disk_sort_options *o,
                                   alice_error *error);
void alice__disk_sort_close(alice__disk_sort **s);

/* Copies the record. ALICE_E_NOSPC, ALICE_E_IO: the scratch file could not take it. */
alice_status alice__disk_sort_add(alice__disk_sort *s, const void *record, alice_error *error);

/* All are added: begin to read, from the first. */
alice_status alice__disk_sort_start(alice__disk_sort *s, alice_error *error);

/* The next record, borrowed until the next call; ALICE_E_END after the last. */
alice_status alice__disk_sort_next(alice__disk_sort *s, const void **record,
                                   alice_error *error);

uint64_t alice__disk_sort_count(const alice__disk_sort *s);

#endif
