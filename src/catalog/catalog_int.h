/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CATALOG_CATALOG_INT_H
#define ALICE_CATALOG_CATALOG_INT_H

/* What the parts of the catalog share; catalog.c says how they stand to each other. */

#include "catalog/catalog.h"
#include "catalog/fingerprints.h"
#include "catalog/lock.h"
#include "catalog/store.h"

enum {
    ALICE__WINDOW_ROWS = 256,
    ALICE__WINDOW_NAMES = 24 * 1024, /* of destinations too */
    ALICE__NAME_ROOM = 768, /* 255 characters of a file system that counts them in UTF-16 */
    ALICE__NUMBERS = 128,
    ALICE__NUMBER_KEY = 110,
    ALICE__TEXTS_ROOM = 4 * 4096,
    ALICE__PATH_ROOM = 4096
};

typedef struct alice__window_row {
    alice__known known;
    uint32_t name; /* where it begins in `names`; its destination follows */
} alice__window_row;

typedef struct alice__window {
    int64_t dir; /* 0: nothing is known */
    bool whole;  /* no row of the directory follows the last */
    bool above;  /* lo itself is not covered */
    unsigned count;
    char lo[ALICE__NAME_ROOM];
    char asked[ALICE__NAME_ROOM]; /* the latest question */
    alice__window_row rows[ALICE__WINDOW_ROWS];
    char names[ALICE__WINDOW_NAMES];
} alice__window;

/* A counter that was used lately. */
typedef struct alice__number {
    uint64_t next; /* 0: the slot is free */
    bool dirty;
    uint8_t n;
    char key[ALICE__NUMBER_KEY]; /* project, 0, source, 0 */
} alice__number;

struct alice__catalog {
    alice_env env;
    bool dry_run;
    alice__store *top, *base;
    int64_t base_files, base_dirs; /* ids from here on are in top */
    alice__store_batch saved, now;
    int64_t next_dir, saved_next_dir;
    int64_t moved_from; /* the first row that got another name in this batch; 0: none */
    bool doubtful; /* what a batch taken back had to say of the open one is lost: it stays open
                    */
    alice__fingerprints fingerprints;
    bool stale;
    alice__window *windows[2]; /* of top and base */
    alice__number numbers[ALICE__NUMBERS];
    char *texts; /* ALICE__TEXTS_ROOM bytes, when a run is read back */
    char *doubt; /* the source path of a doubt, and its destination */
    size_t doubt_size;
    alice__store_tree tree;
    alice__standing standing;
    bool rebuilds;    /* the run under way does */
    const char *home; /* where the mark is kept, in the options' text copied; NULL: nowhere */
    alice__lock lock;
    char *path; /* ALICE__PATH_ROOM bytes of names; as many for home, and for the lock's */
    char scratch[ALICE__PATH_ROOM / 4];
};

/* ---- catalog.c ---- */

/* The database that has a row. */
alice__store *alice__catalog_store_of(const alice__catalog *c, int64_t id);
/* Fill `error` with the database's words. */
alice_status alice__catalog_told(const alice__catalog *c, alice_status st, alice_error *error);
/* What is remembered of the databases is past. */
void alice__catalog_forget_all(alice__catalog *c);

/* What stood before a dry run; else what stands. */
alice__store *alice__catalog_before(const alice__catalog *c);

/* ---- catalog_known.c ---- */

/* Empty the windows. */
void alice__catalog_forget_windows(alice__catalog *c);
/* A row of (dir, name) came: what the windows say about the names asked before is past. */
void alice__catalog_row_came(alice__catalog *c, int64_t dir, const char *name);

/* ---- catalog_same.c ---- */

/* Fill the buffer from the rows that are not yet in the index, after a kill or a rollback. */
alice_status alice__catalog_refresh(alice__catalog *c);
/* The fingerprint of a row, into the buffer; where that is full, all of it into the index. */
alice_status alice__catalog_remember(alice__catalog *c, uint64_t size, alice__hash head,
                                     int64_t id);
/* The buffer into the index, between transactions. */
alice_status alice__catalog_merge_between(alice__catalog *c);

#endif
