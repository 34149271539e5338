/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_SORTED_NAMES_INT_H
#define ALICE_ORGANIZE_SORTED_NAMES_INT_H

/* What the block (sorted_names.c), its sorting (sorted_names_sort.c) and the runs on disk
 * (sorted_names_runs.c) share. */

#include <string.h>

#include "organize/sorted_names.h"

enum {
    ALICE__NAMES_BUFFER = 8 * 1024, /* the least of a run: holds the longest record */
    ALICE__NAMES_FAN = 16,          /* runs merged at once, at most */
    ALICE__NAMES_RUNS = 256 /* ranks × fan, never reached: see alice__names_add_run() */
};

typedef struct alice__names_region {
    uint64_t at, end;
    uint64_t file_begin; /* where the scratch file is cut when this one is popped */
    bool in_file;
} alice__names_region;

typedef struct alice__names_run {
    uint64_t at, end; /* in the scratch file */
    unsigned rank;
} alice__names_run;

typedef struct alice__names_reader {
    uint64_t at, end; /* what is not yet read */
    char *buf;
    size_t size, pos, fill;
    const char *record; /* the next one; NULL: the run is at its end */
} alice__names_reader;

struct alice__names {
    alice_env env;
    char *scratch_dir;
    size_t scratch_dir_size;
    size_t limit;

    char *block;
    size_t size;
    size_t base, used, count;

    /* Handing out. */
    size_t at;        /* the next index */
    size_t page_size; /* where the index ends: size, or that of the page */
    bool streaming, ended;
    uint32_t random;

    alice__names_region *stack;
    size_t depth, stack_cap;

    int scratch;
    uint64_t file_end;
    uint64_t dir_file_begin; /* file_end when the directory began */
    alice__names_run *runs;  /* ALICE__NAMES_RUNS, taken with the first */
    size_t run_count;
    alice__names_reader *readers; /* ALICE__NAMES_FAN, taken with the first run */
    size_t reader_count;

    uint64_t spilled;
    size_t changes; /* since the last check, in builds that check */
};

/* The lowest entry: the index grows downwards from the end of the block or page. */
static inline uint32_t *alice__names_index(const alice__names *n)
{
    return (uint32_t *)(void *)(n->block + n->page_size) - n->count;
}

/* Group, name, NUL, kind. */
static inline size_t alice__record_length(const char *record)
{
    return strlen(record) + 2;
}

/* ---- sorted_names_sort.c ---- */

void alice__names_sort_block(alice__names *n);

/* ---- sorted_names_runs.c ---- */

alice_status alice__names_scratch_failed(const alice__names *n, int r, alice_error *error);
/* At the file's end; the first makes the file. */
alice_status alice__names_scratch_write(alice__names *n, const void *p, size_t size,
                                        alice_error *error);
/* Cut the file back to `end`. */
void alice__names_scratch_cut(alice__names *n, uint64_t end);

/* The part of the block that collects what is merged. */
size_t alice__names_page_bytes(const alice__names *n);
/* How many runs can be merged at once in a block of this size. */
size_t alice__names_fan(const alice__names *n);
/* Write the records as a sorted run. */
alice_status alice__names_add_run(alice__names *n, alice_error *error);
/* Merge the last `count` runs into one. The block is free: its first part collects. */
alice_status alice__names_merge(alice__names *n, size_t count, alice_error *error);

/* Divide [from, size) of the block among the last `count` runs; read their first records. */
alice_status alice__names_start(alice__names *n, size_t from, size_t count, alice_error *error);
/* The run whose next record is the least; NULL: all are at their ends. */
alice__names_reader *alice__names_least(alice__names *n);
/* Make the next record of a run current. */
alice_status alice__names_advance(alice__names *n, alice__names_reader *r, alice_error *error);

#endif
