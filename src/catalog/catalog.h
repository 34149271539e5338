/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CATALOG_CATALOG_H
#define ALICE_CATALOG_CATALOG_H

/*
 * What is known about each file, on disk. One process at a time holds a
 * catalog; one thread at a time uses it (shrink() included).
 *
 * A batch is the unit of truth:
 *
 *   add() add() … ──▶ commit(open) ──▶ the transfer happens ──▶ amend() … ──▶ (next) commit
 *
 * The rows of a batch are committed *before* its files are touched and the
 * batch is marked open in the same transaction; the next commit, made only
 * after everything of the batch is durable, closes it. So one flush a batch is
 * enough, and after a kill exactly the rows of the open batch are in doubt:
 * recovery looks at each on the file system.
 */

#include <alice/env.h>
#include <alice/library.h>
#include <alice/media.h>
#include <alice/organize.h>

#include "catalog/organized.h"
#include "catalog/row.h"

typedef struct alice__catalog alice__catalog;

typedef struct alice__catalog_options {
    alice_env env;           /* its account pays the page cache, statements and buffers */
    const char *path;        /* <organized>/.alice/catalog.db */
    bool dry_run;            /* nothing is written there: what is new goes to an unlinked
                                file under scratch_dir; an existing catalog is read only, and
                                one that a killed run left is first copied to scratch_dir */
    const char *scratch_dir; /* for dry_run; NULL: /var/tmp */
    const char *home; /* <organized>/.alice, where the generation stands; NULL: nowhere. What
                         is there need not be there yet */
    size_t page_cache_bytes;         /* 0: 2 MB */
    size_t fingerprint_buffer_bytes; /* 0: 512 KB; charged */
} alice__catalog_options;

/* Opens or makes; migrates an older schema. ALICE_E_BUSY: held (error says by whom);
   ALICE_E_DAMAGED; ALICE_E_UNSUPPORTED: a newer schema. */
alice_status alice__catalog_open(alice__catalog **out, const alice__catalog_options *o,
                                 alice_error *error);
void alice__catalog_close(alice__catalog **c);

/*
 * Whether the catalog knows the organized tree as it is. A number that each run
 * raises stands in both; a catalog from before the latest run has a smaller one,
 * or, where another catalog made that run, another id.
 */
typedef enum alice__standing {
    ALICE__STANDING_CURRENT,
    ALICE__STANDING_NEW,  /* it was made just now */
    ALICE__STANDING_OLDER /* than the tree; or its rebuilding was cut off */
} alice__standing;
alice__standing alice__catalog_standing(const alice__catalog *c);

/* The organized folder that the last run filled; "" where there was none. ALICE_E_TOOBIG. */
alice_status alice__catalog_home(alice__catalog *c, char *organized, size_t size);
/* When the newest run before `most` began; 0: there was none. */
alice_status alice__catalog_newest_run(alice__catalog *c, int64_t most, int64_t *started_s);
alice_status alice__catalog_run_begin(alice__catalog *c, const alice__run *run, int64_t *run_id,
                                      alice_error *error);
/* Both raise the generation. The end also closes the last batch (unless a rollback() left it
 * open) and merges the fingerprint buffer. */
alice_status alice__catalog_run_end(alice__catalog *c, int64_t run_id,
                                    const alice__run_totals *totals, alice_error *error);

/* The id of a source directory (absolute path); `create` adds it, else 0 where unknown. */
alice_status alice__catalog_dir(alice__catalog *c, const char *path, bool create,
                                int64_t *dir_id);

/*
 * Whether (dir, name) is known. Names of one directory are asked in ascending
 * byte order, directories in any order: the answer comes from a window of rows
 * that moves along, not from a look-up a name. `known->id` 0: not known.
 */
alice_status alice__catalog_known(alice__catalog *c, int64_t dir_id, const char *name,
                                  alice__known *known);

/* Tell, in byte order, the files of a directory with names in [from, to) that are placed, this
 * batch and earlier ones. */
alice_status alice__catalog_siblings(alice__catalog *c, int64_t dir_id, const char *from,
                                     const char *to, alice__sibling_fn each, void *ctx);

/*
 * The placed files with this fingerprint (size and hash of the head), this run
 * and earlier ones, one by one: start with `*after` 0, pass it on; out->id 0:
 * no more. `dest` is the path below `organized`, copied into `buf`.
 */
typedef struct alice__candidate {
    int64_t id;
    uint64_t size;
    bool has_content;
    alice__hash content; /* of the whole file, where it is known */
    const char *dest;
} alice__candidate;
alice_status alice__catalog_same(alice__catalog *c, uint64_t size, alice__hash head,
                                 int64_t *after, char *buf, size_t buf_size,
                                 alice__candidate *out);
/*
 * Files of one size with the same head, and of those the ones with the same samples, are a
 * chain: so that the n-th of them is not held against all n - 1 before it, each is listed
 * under the print that tells more of it. chain(): up to which row that is done; 0: there is no
 * such chain. alike(): as same(), those listed under a print. Lists and chains are part of the
 * current batch. A row that is listed late takes the chain of its print back to before it.
 */
alice_status alice__catalog_chain(alice__catalog *c, uint64_t print, int64_t *upto);
alice_status alice__catalog_set_chain(alice__catalog *c, uint64_t print, int64_t upto);
alice_status alice__catalog_list(alice__catalog *c, uint64_t print, int64_t id);
alice_status alice__catalog_alike(alice__catalog *c, uint64_t print, uint64_t size,
                                  alice__hash head, int64_t *after, char *buf, size_t buf_size,
                                  alice__candidate *out);
/* Remember a content hash that had to be computed. Part of the current batch. */
alice_status alice__catalog_set_content(alice__catalog *c, int64_t id, alice__hash content);
/* Path (below organized) of a row; for reports. "" when it has none. */
alice_status alice__catalog_dest(alice__catalog *c, int64_t id, char *buf, size_t size);
/* The same, and how its source was, which is how its copy was made. */
alice_status alice__catalog_placed(alice__catalog *c, int64_t id, alice__stamp *stamp,
                                   char *buf, size_t size);
/* The hash of the head that a row was added with; zero: none. */
alice_status alice__catalog_head(alice__catalog *c, int64_t id, alice__hash *head);
/* The day that was the future when a placed row was decided, and that it rests on; 0: none. */
alice_status alice__catalog_refused_day(alice__catalog *c, int64_t id, int64_t *day);
/* The first placed file after `dest` (in bytes; below organized, replaced) whose decision
   rests on a day that was the future then and is not later than `today`. ALICE_E_END. */
alice_status alice__catalog_next_doubted(alice__catalog *c, int64_t today, char *dest,
                                         size_t dest_size, int64_t *id, alice__stamp *stamp);
/* It stands at `dest` now, for its date of `info` (NULL: of the file that it follows). Part of
   the current batch, and not in doubt. */
alice_status alice__catalog_redated(alice__catalog *c, int64_t id, const char *dest,
                                    const alice_media_info *info);
/* The directory of a row's source and its name there. ALICE_E_NOENT, ALICE_E_TOOBIG. */
alice_status alice__catalog_place(alice__catalog *c, int64_t id, int64_t *dir, char *name,
                                  size_t size);
/* The date that a row has; `year` 0: none. ALICE_E_NOENT. */
alice_status alice__catalog_date(alice__catalog *c, int64_t id, alice_date *out);
/* The dates of the placed files beside (dir, name), 64 names before it and as many behind it,
 * that know the time and wrote its zone themselves. `each` must not use the catalog. */
alice_status alice__catalog_near(alice__catalog *c, int64_t dir, const char *name,
                                 void (*each)(void *ctx, const alice_date *date), void *ctx);
/* The zone that the date of a row was lent, see alice_date. */
alice_status alice__catalog_lent(alice__catalog *c, int64_t id, int *minutes, bool *lent);
/* Absolute path where the source of a row was when it was added. ALICE_E_NOENT, ALICE_E_TOOBIG.
 */
alice_status alice__catalog_source(alice__catalog *c, int64_t id, char *buf, size_t size);

/*
 * The placed files below row `before` (0: all), one by one, by id: ALICE_E_END after the last.
 * `*after` 0 first. In a dry run, those that were placed before it.
 */
alice_status alice__catalog_next_placed(alice__catalog *c, int64_t before, int64_t *after,
                                        alice__placed *out, char *dest, size_t dest_size);

/*
 * The next number of (project, source), which never comes again: committed with
 * the batch. `project` is already safe and case-folded.
 */
alice_status alice__catalog_number(alice__catalog *c, const char *project, const char *source,
                                   uint64_t *number);

/* Numbers of (project, source) from here on are above `past`. */
alice_status alice__catalog_number_past(alice__catalog *c, const char *project,
                                        const char *source, uint64_t past);

/* Forget the numbers of all sources that begin with `sources`. Part of the current batch. */
alice_status alice__catalog_drop_numbers(alice__catalog *c, const char *sources);

/*
 * Insert the row of (dir, name), or replace it: a placed file that the old row
 * stood for stays known to same(). Part of the current batch. After a failure
 * the batch has to be rolled back. Ids are never used twice.
 */
alice_status alice__catalog_add(alice__catalog *c, const alice__row *row, int64_t *id,
                                alice_error *error);

/* The row, of a duplicate that was not read, tells the date and the identifier that its twin
 * has. Part of the current batch. */
alice_status alice__catalog_tell_as(alice__catalog *c, int64_t id, int64_t twin);
/* The first album that an organized file was noted for; empty: none. */
alice_status alice__catalog_album(alice__catalog *c, int64_t id, char *buf, size_t size);
/* An organized file is in the album of this title, too. Part of the current batch. */
alice_status alice__catalog_in_album(alice__catalog *c, int64_t id, const char *title);

/* A file of the batch did not go as planned: forget its row. */
alice_status alice__catalog_forget(alice__catalog *c, int64_t id);
/* It goes to another name (the planned one was taken): with the next commit(open) the row is in
 * doubt again. */
alice_status alice__catalog_moved(alice__catalog *c, int64_t id, const char *dest);

/*
 * Make the batch durable. `open`: its transfers are still to come, recovery has
 * to look at them; false: nothing is under way. Closes the batch before it.
 */
alice_status alice__catalog_commit(alice__catalog *c, bool open, alice_error *error);
/*
 * Take the current, uncommitted batch back (also the numbers it took). What it had to say about
 * the open batch (files that failed) goes with it, so that one stays open, whatever is
 * committed from here on, and the next process's recovery looks at it.
 */
void alice__catalog_rollback(alice__catalog *c);
/* The same where it had nothing to say about the open batch, which the next commit closes. */
void alice__catalog_withdraw(alice__catalog *c);
/* The rows in doubt stay so with the next commit, too: some of them belong to its batch. */
void alice__catalog_keep_open(alice__catalog *c);

/* A row that was in doubt when the last run died: of a file that was to be placed, or of a
 * duplicate that was to leave the inbox. */
typedef struct alice__doubt {
    int64_t id;
    const char *source; /* absolute path, in the catalog's buffer until the next call */
    const char *dest;   /* below organized */
    alice__stamp stamp;
    alice__hash head;
    bool move, removed; /* as of alice__run_file */
    int64_t of;         /* the same, where that is not 0 or less */
} alice__doubt;
/* Iterate them: `*after` 0 first; out->id 0: no more. Then forget() the ones not done, and
 * settled(). */
alice_status alice__catalog_doubt(alice__catalog *c, int64_t *after, alice__doubt *out);
/*
 * All doubts are settled: what was called a duplicate of a row that was forgotten
 * is forgotten too, and the batch is closed.
 */
alice_status alice__catalog_settled(alice__catalog *c, alice_error *error);

/* Each organized file, as alice_library() tells it. Of a dry run, what stood before it.
   ALICE_E_NOENT: there was no catalog. */
alice_status alice__catalog_library(alice__catalog *c, bool by_date,
                                    bool (*each)(void *ctx, const alice_library_file *file),
                                    void *ctx);

/* ---- for an index over the organized files ---- */

/* The state that the catalog is in, and whether it goes on from an earlier one. ALICE_E_NOENT:
 * there was no catalog. */
alice_status alice__catalog_point_get(alice__catalog *c, alice__catalog_point *out);
alice_status alice__catalog_goes_on(alice__catalog *c, const alice__catalog_point *then,
                                    const alice__catalog_point *now, bool *out);
/* Whether an index over it may be kept: what stands on the disk is read as it is. Not where a
 * killed run left it, or an older alice made it: then a copy is read, and the next run changes
 * what stands. */
bool alice__catalog_is_settled(const alice__catalog *c);
/* Organized files, those that changed after a change (and whose rows have ids below `before`),
 * the changes, and the texts that files share, with ids above `after`. ALICE_E_NOENT. What
 * `each` answers is handed on, but for ALICE_E_END of files. */
alice_status alice__catalog_organized(alice__catalog *c, const alice__organized_part *part,
                                      alice__organized_fn each, void *ctx);
alice_status alice__catalog_changed(alice__catalog *c, int64_t after, int64_t before,
                                    alice__organized_fn each, void *ctx);
alice_status
alice__catalog_changes(alice__catalog *c, int64_t after,
                       alice_status (*each)(void *ctx, const alice__change *change), void *ctx);
alice_status alice__catalog_words(alice__catalog *c, int64_t after,
                                  alice_status (*each)(void *ctx, int64_t id, const char *text),
                                  void *ctx);

/* ---- runs read back ---- */

/* The latest run before `before` (0: of all). ALICE_E_END. */
alice_status alice__catalog_run_before(alice__catalog *c, int64_t before, alice__run_row *out);

/* The files of a run after row `*after`; of one that takes another back, those it looked at.
   ALICE_E_END. */
alice_status alice__catalog_run_file(alice__catalog *c, const alice__run_row *run,
                                     int64_t *after, alice__run_file *out);
/* What an undo does, or did, with a file; `state` is the row's. Part of the current batch. */
alice_status alice__catalog_undo(alice__catalog *c, int64_t run, int64_t id,
                                 alice__undo_state undo, alice__state state);

/* A placed file was taken away from its place, or is there again. Part of the current batch. */
alice_status alice__catalog_taken(alice__catalog *c, int64_t id, bool away);

/* Why the last call failed, in words; "" when none has. For those that take no alice_error. */
const char *alice__catalog_why(const alice__catalog *c);

/*
 * Give about `wanted` bytes of SQLite's page cache back, and their charge to the
 * account; answers that. The cache grows again step by step with the commits,
 * where the account allows.
 */
size_t alice__catalog_shrink(alice__catalog *c, size_t wanted);

typedef struct alice__catalog_stats {
    uint64_t rows;          /* placed files in all, this run's included */
    uint64_t flushes;       /* commits that reached the disk */
    uint64_t bytes_written; /* by the catalog, log included */
} alice__catalog_stats;
void alice__catalog_stats_get(const alice__catalog *c, alice__catalog_stats *out);

#endif
