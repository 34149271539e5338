/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CATALOG_ORGANIZED_H
#define ALICE_CATALOG_ORGANIZED_H

/* Organized files as the catalog tells them to an index over it, and the state of the catalog
 * that the index was made of. */

#include <alice/library.h>

enum {
    ALICE__SAID_TYPE,
    ALICE__SAID_DATE_SOURCE,
    ALICE__SAID_MAKE,
    ALICE__SAID_MODEL,
    ALICE__SAID_GENERATOR,
    ALICE__SAID
};

/* An organized file. Borrowed during the call. */
typedef struct alice__organized {
    int64_t id;                  /* of its row */
    int64_t word[ALICE__SAID];   /* ids of the texts that many files share; 0: none */
    int32_t latitude, longitude; /* where file.placed, in units of ALICE__DEGREE */
    bool has_time;
    alice_library_file file;
} alice__organized;

/* ALICE_OK: go on; ALICE_E_END: that was enough; all else is handed on. */
typedef alice_status (*alice__organized_fn)(void *ctx, const alice__organized *file);

/* Which files: all of them, by date. */
typedef struct alice__organized_part {
    int64_t from, to; /* rows with ids in [from, to) */
    bool back;        /* the newest first: of all */
} alice__organized_part;

/* A row that was there before and is not what it was: it had this date. */
typedef struct alice__change {
    int64_t at; /* changes are numbered, upwards */
    int64_t file;
    uint32_t day, time;
    bool has_time;
} alice__change;

/* A state of the catalog. It goes on from an earlier one where nothing that was there then was
 * lost: the catalog was not made anew, nor taken back by a power cut or from a copy. */
typedef struct alice__catalog_point {
    int64_t tree;      /* of the catalog, made up with it */
    int64_t next_file; /* all rows have smaller ids */
    int64_t change;    /* the last */
    int64_t run;       /* the latest */
    int64_t started_s; /* when it began */
} alice__catalog_point;

#endif
