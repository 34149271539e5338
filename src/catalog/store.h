/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CATALOG_STORE_H
#define ALICE_CATALOG_STORE_H

/*
 * One SQLite database file with the catalog's tables: all SQL is here, and
 * nothing but SQL. catalog.c decides when batches begin and end, what is buffered, and which of
 * two databases is asked.
 *
 * Memory: SQLite allocates by itself, and its limits are process-global, which
 * is not for a library to set. So the store charges its account when it is
 * opened: the page cache it allows SQLite plus ALICE__STORE_OVERHEAD, which
 * was measured and is held by a test.
 *
 * One thread at a time.
 */

#include <alice/env.h>
#include <alice/library.h>

#include "catalog/organized.h"
#include "catalog/row.h"

/* Connection, schema, statements, log index and the caches of words and numbers. */
#define ALICE__STORE_OVERHEAD ((size_t)256 * 1024)

typedef enum alice__store_mode {
    ALICE__STORE_WRITE,  /* the catalog itself: durable commits */
    ALICE__STORE_READ,   /* nothing is written, no file is made beside it */
    ALICE__STORE_SCRATCH /* new, for this process only: commits are not flushed */
} alice__store_mode;

typedef struct alice__store alice__store;

typedef struct alice__store_options {
    alice_env env;
    const char *path;
    alice__store_mode mode;
    size_t cache_bytes;
    bool log_works; /* the write-ahead log works in this folder */
    /* The way to the schema, one text a version; NULL: the catalog's own. */
    const char *const *steps;
    int step_count;
} alice__store_options;

/*
 * Opens, makes the tables, migrates. ALICE_E_DAMAGED, ALICE_E_UNSUPPORTED (a
 * newer schema), ALICE_E_INVAL (another program's database), ALICE_E_BUSY.
 */
alice_status alice__store_open(alice__store **out, const alice__store_options *o,
                               alice_error *error);
/* What is not committed is lost. */
void alice__store_close(alice__store **s);

/* Whether a database with a write-ahead log can be made, read and removed at `path`, which must
 * not stand. */
bool alice__store_log_works(const char *path);

/* Whether it is a database that stands, only read. */
bool alice__store_reads(const alice__store *s);

/* Whose database it is, by the first bytes of its file. */
enum { ALICE__STORE_HEAD = 100 };
typedef enum alice__store_owner {
    ALICE__STORE_OURS,
    ALICE__STORE_NOT_SAID, /* a database without an application id */
    ALICE__STORE_OTHERS,
    ALICE__STORE_NO_DATABASE
} alice__store_owner;
alice__store_owner alice__store_whose(const uint8_t *head, size_t n);

/* Whether this user_version, as it stands in a header, is of an older schema than ours. */
bool alice__store_older(const uint8_t version[4]);

/* The text of the last failure; "" when there was none. */
const char *alice__store_why(const alice__store *s);
/* For damage that SQLite did not notice: ALICE_E_DAMAGED, with the same advice. */
alice_status alice__store_damaged(alice__store *s, const char *how);

/* ---- transactions ---- */

/* What the catalog knows about its batches: one row, written with every commit. */
typedef struct alice__store_batch {
    int64_t open_from, open_to; /* rows in doubt: [from, to) */
    int64_t next_file;          /* ids are never used twice */
    int64_t placed;             /* rows of placed files */
    int64_t merged;             /* fingerprints of rows up to this one are in the index */
} alice__store_batch;

alice_status alice__store_batch_get(alice__store *s, alice__store_batch *out);

/* Which state of the organized tree the catalog knows: one row. */
typedef struct alice__store_tree {
    int64_t id; /* of this catalog, made up with it; never 0 */
    int64_t generation;
    bool incomplete; /* a rebuild has begun and is not at its end */
} alice__store_tree;

alice_status alice__store_tree_get(alice__store *s, alice__store_tree *out);
/* All but the id. Part of the transaction. */
alice_status alice__store_tree_set(alice__store *s, const alice__store_tree *tree);

/* Begin unless begun. */
alice_status alice__store_begin(alice__store *s);
bool alice__store_begun(const alice__store *s);
/* Write the batch row and commit. */
alice_status alice__store_commit(alice__store *s, const alice__store_batch *b);
/*
 * Whether commits from now on are flushed (they are, at first). Those that are
 * not become durable with the next that is. Where no log works each is flushed.
 * Between transactions only.
 */
alice_status alice__store_flushing(alice__store *s, bool on);
void alice__store_rollback(alice__store *s);
bool alice__store_has_log(const alice__store *s);

/*
 * Make do with a smaller page cache, give its pages back to the allocator and
 * their charge to the account; answers that. Commits let it grow again step by
 * step, where the account allows.
 */
size_t alice__store_shrink(alice__store *s, size_t wanted);

/* Estimated from pages, a little too high; and commits that were flushed. */
void alice__store_written(const alice__store *s, uint64_t *bytes, uint64_t *flushes);

/* ---- rows ---- */

/* The organized folder of the last run; "" where there was none. ALICE_E_TOOBIG. */
alice_status alice__store_run_last(alice__store *s, char *organized, size_t size);
alice_status alice__store_run_newest(alice__store *s, int64_t most, int64_t *started_s);
/* `first`: the id that the first row of the run gets. */
alice_status alice__store_run_add(alice__store *s, const alice__run *run, int64_t first,
                                  int64_t *id);
alice_status alice__store_run_end(alice__store *s, int64_t id, const alice__run_totals *t);

/* *id 0: unknown. */
alice_status alice__store_dir_find(alice__store *s, const char *path, int64_t *id);
alice_status alice__store_dir_add(alice__store *s, int64_t id, const char *path);
alice_status alice__store_dir_last(alice__store *s, int64_t *id);

/* Rows of `dir` from `name` on, by name, at most `limit`. Ends with ALICE_E_END. Texts are
   borrowed until the next row. */
alice_status alice__store_scan(alice__store *s, int64_t dir, const char *name, int limit);
alice_status alice__store_scan_next(alice__store *s, alice__known *out, const char **name);
void alice__store_scan_end(alice__store *s);

/* Go through the siblings in [from, to) until `each` has enough: see alice__catalog_siblings().
 */
alice_status alice__store_siblings(alice__store *s, int64_t dir, const char *from,
                                   const char *to, alice__sibling_fn each, void *ctx,
                                   bool *enough);

/* A row as far as the catalog itself needs it. Texts are borrowed until alice__store_row_end().
 */
typedef struct alice__store_row {
    alice__stamp stamp;
    alice__state state;
    alice__hash head, content;
    bool has_content;
    const char *dest; /* "" when there is none */
    int64_t other;
} alice__store_row;
/* As alice__catalog_library(). */
alice_status alice__store_library(alice__store *s, bool by_date,
                                  bool (*each)(void *ctx, const alice_library_file *file),
                                  void *ctx);
/* As of the catalog. changed(): of the rows below `before` that changed after that change. */
alice_status alice__store_organized(alice__store *s, const alice__organized_part *part,
                                    alice__organized_fn each, void *ctx);
alice_status alice__store_changed(alice__store *s, int64_t after, int64_t before,
                                  alice__organized_fn each, void *ctx);
alice_status alice__store_changes(alice__store *s, int64_t after,
                                  alice_status (*each)(void *ctx, const alice__change *change),
                                  void *ctx);
alice_status alice__store_words(alice__store *s, int64_t after,
                                alice_status (*each)(void *ctx, int64_t id, const char *text),
                                void *ctx);
alice_status alice__store_point(alice__store *s, alice__catalog_point *out);
alice_status alice__store_goes_on(alice__store *s, const alice__catalog_point *then,
                                  const alice__catalog_point *now, bool *out);
/* As alice__catalog_next_doubted(), and alice__catalog_redated(). */
alice_status alice__store_doubted(alice__store *s, int64_t today, char *dest, size_t size,
                                  int64_t *id, alice__stamp *stamp);
alice_status alice__store_redate(alice__store *s, int64_t id, const char *dest,
                                 const alice_media_info *info);
/* ALICE_E_NOENT: no such row. */
alice_status alice__store_row_get(alice__store *s, int64_t id, alice__store_row *out);
void alice__store_row_end(alice__store *s);
/* Where the source of a row is (was): its directory's id and its name. ALICE_E_NOENT,
 * ALICE_E_TOOBIG. */
alice_status alice__store_row_place(alice__store *s, int64_t id, int64_t *dir, char *name,
                                    size_t size);
/* See alice__catalog_near() and alice__catalog_lent(). */
alice_status alice__store_near(alice__store *s, int64_t dir, const char *name,
                               void (*each)(void *ctx, const alice_date *date), void *ctx);
alice_status alice__store_lent(alice__store *s, int64_t id, int *minutes, bool *lent);
/* The date of a row; `year` 0: it has none. ALICE_E_NOENT. */
alice_status alice__store_row_date(alice__store *s, int64_t id, alice_date *out);
alice_status alice__store_dir_path(alice__store *s, int64_t dir, char *path, size_t size);

/* ALICE_E_EXISTS: (dir, name) has a row already. */
alice_status alice__store_row_add(alice__store *s, int64_t id, const alice__row *row);
/* Make room for a new row `id` of (dir, name): a placed one stays known as `replaced`, others
 * go. */
alice_status alice__store_row_replace(alice__store *s, int64_t id, int64_t dir,
                                      const char *name);
alice_status alice__store_row_delete(alice__store *s, int64_t id);
/* Duplicates with ids in [from, to) of rows that are no more. */
alice_status alice__store_orphans_delete(alice__store *s, int64_t from, int64_t to);
/* As alice__catalog_tell_as(); the twin's row is in the store `of`. */
alice_status alice__store_tell_as(alice__store *s, int64_t id, alice__store *of, int64_t twin);
/* The first album of a file, cut where it is longer; empty: it is in none. */
alice_status alice__store_album(alice__store *s, int64_t id, char *buf, size_t size);
/* The file of the row is in an album, too. `earlier`: the row stood before this batch, and an
 * index may know it without. */
alice_status alice__store_in_album(alice__store *s, int64_t id, const char *title,
                                   bool earlier);
alice_status alice__store_set_content(alice__store *s, int64_t id, alice__hash content);
alice_status alice__store_set_dest(alice__store *s, int64_t id, const char *dest);

/* Placed rows after `after`, by id: for rebuilding. ALICE_E_END. */
alice_status alice__store_pending(alice__store *s, int64_t after);
alice_status alice__store_pending_next(alice__store *s, int64_t *id, uint64_t *size,
                                       alice__hash *head);
void alice__store_pending_end(alice__store *s);

/* The next placed row after `*after` and below `before`. ALICE_E_END, ALICE_E_TOOBIG. */
alice_status alice__store_placed(alice__store *s, int64_t before, int64_t *after,
                                 alice__placed *out, char *dest, size_t dest_size);

/* Runs and their files read back; texts are copied into `room`. ALICE_E_END, ALICE_E_TOOBIG. */
alice_status alice__store_run_before(alice__store *s, int64_t before, char *room, size_t size,
                                     alice__run_row *out);
alice_status alice__store_run_file(alice__store *s, const alice__run_row *of, int64_t after,
                                   char *room, size_t size, alice__run_file *out);
alice_status alice__store_undo_set(alice__store *s, int64_t run, int64_t file,
                                   alice__undo_state undo);
alice_status alice__store_set_state(alice__store *s, int64_t id, alice__state state);

/* Placed rows in [from, to) after `after`. ALICE_E_END. Texts until alice__store_doubt_end().
 */
typedef struct alice__store_doubt {
    int64_t id;
    const char *dir, *name, *dest;
    alice__stamp stamp;
    alice__hash head;
    bool move, removed;
    int64_t of;
} alice__store_doubt;
alice_status alice__store_doubt_get(alice__store *s, int64_t after, int64_t to,
                                    alice__store_doubt *out);
void alice__store_doubt_end(alice__store *s);

/* ---- the index of fingerprints ---- */

alice_status alice__store_fingerprint_add(alice__store *s, uint32_t key, int64_t id);
/* The smallest id above `after` with this key; 0: none. */
alice_status alice__store_fingerprint_next(alice__store *s, uint32_t key, int64_t after,
                                           int64_t *id);

/* ---- files that are told apart by more than their heads ---- */

alice_status alice__store_alike_add(alice__store *s, uint64_t print, int64_t id);
/* The smallest id above `after` with this print; 0: none. */
alice_status alice__store_alike_next(alice__store *s, uint64_t print, int64_t after,
                                     int64_t *id);
/* *upto 0: no such chain. */
alice_status alice__store_chain_get(alice__store *s, uint64_t print, int64_t *upto);
alice_status alice__store_chain_set(alice__store *s, uint64_t print, int64_t upto);

/* ---- numbers ---- */

/* *next 0: never used. */
alice_status alice__store_number_get(alice__store *s, const char *project, const char *source,
                                     uint64_t *next);
/* Forget the numbers of all sources that begin so. */
alice_status alice__store_numbers_drop(alice__store *s, const char *sources);
alice_status alice__store_number_set(alice__store *s, const char *project, const char *source,
                                     uint64_t next);

#endif
