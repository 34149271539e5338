/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CATALOG_SEARCH_INDEX_H
#define ALICE_CATALOG_SEARCH_INDEX_H

/*
 * The index over the organized files: one SQLite file that is derived from the catalog.
 *
 *   files    what is told of each, by its row in the catalog, so that new ones are appended
 *   dates    their ids: the date, then that row
 *   tokens   FTS5, contentless: which files may have a token; see search_text.h
 *   days     how many files a day has
 *   words    texts that many files share, as in the catalog
 *   state    which state of the catalog it was made of, and how far
 *
 * As ids are in the order of dates, whatever is found comes sorted and the first answer need
 * not wait for the last. In `tokens` up to BINS ids stand for a second, which keeps lists
 * short. Nothing is ever taken out of it: a file that went is found there and not in `files`.
 * When too many are, the index is made anew.
 *
 * Many processes read it, and one of them writes, by SQLite's own locks: a transaction for each
 * part, so that a killed one loses that part alone. Memory is charged when it is opened, as the
 * catalog's store does it. One thread at a time.
 */

#include "catalog/organized.h"
#include "catalog/search_match.h"

typedef struct alice__index alice__index;

typedef struct alice__index_options {
    alice_env env; /* its account pays pages, statements, and what is written */
    const char *path;
    size_t cache_bytes;
    size_t write_bytes; /* for words that are sorted before they are written */
} alice__index_options;

/* Which catalog file it is, so that one that nobody touched need not be opened. */
enum { ALICE__SEEN = 7 };
typedef struct alice__index_state {
    alice__catalog_point made_of; /* rows below its next_file are in it */
    int64_t files, gone;          /* in it; and found in `tokens` alone */
    int64_t words;                /* the last of the catalog's that is there */
    int64_t tokens;               /* it has them: made where FTS5 was there */
    int64_t seen[ALICE__SEEN];
} alice__index_state;

/* Opens what stands, or makes an empty one. What is no index of this version, or damaged, is
 * emptied. ALICE_E_ACCESS: it cannot be written; ALICE_E_BUSY, ALICE_E_NOSPC, ALICE_E_IO. */
alice_status alice__index_open(alice__index **out, const alice__index_options *o,
                               alice_error *error);
void alice__index_close(alice__index **x);
/* The file that stands at its path is another by now, or none. */
bool alice__index_is_replaced(const alice__index *x);

/* What failed last, in words. */
const char *alice__index_why(const alice__index *x);

alice_status alice__index_state_get(alice__index *x, alice__index_state *out);
/* Whether this SQLite has FTS5. */
bool alice__index_can_have_tokens(const alice__index *x);
/* Forget everything, whatever state it is in. */
alice_status alice__index_empty(alice__index *x);

/* Writing: between begin() and commit(), which takes all of it or nothing. */
alice_status alice__index_begin(alice__index *x);
alice_status alice__index_commit(alice__index *x, const alice__index_state *state);
void alice__index_rollback(alice__index *x);
/* Faster and shorter lists after much was written: a step. *done: it is as good as it gets. */
alice_status alice__index_tidy(alice__index *x, bool *done);

alice_status alice__index_word(alice__index *x, int64_t id, const char *text);
/* A file comes, at best in the order of dates; `state` counts it. It may be there already. */
alice_status alice__index_put(alice__index *x, alice__index_state *state,
                              const alice__organized *file);
/* A file goes that had this date. It need not be there. */
alice_status alice__index_drop(alice__index *x, alice__index_state *state,
                               const alice__change *change);

/* ---- asking: search_ask.c ---- */

/* The id of a file: its date, then its row. */
uint64_t alice__index_id(const alice__organized *file);
int64_t alice__index_row(uint64_t id);

/* ALICE_OK: go on; ALICE_E_END: enough. */
typedef alice_status (*alice__index_fn)(void *ctx, uint64_t id, const alice_library_file *file);

/* Files that match, by date. */
alice_status alice__index_each(alice__index *x, alice__match *match, alice__index_fn each,
                               void *ctx);
/* Days of all files, where the query asks for dates alone. */
alice_status alice__index_days(alice__index *x, const alice_search_query *query,
                               alice_status (*each)(void *ctx, uint32_t day, uint64_t files),
                               void *ctx);
/* ALICE_E_NOENT. */
alice_status alice__index_file(alice__index *x, uint64_t id, alice__index_fn each, void *ctx);

#endif
