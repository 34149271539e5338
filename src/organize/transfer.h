/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_TRANSFER_H
#define ALICE_ORGANIZE_TRANSFER_H

/*
 * The only writer of user files. Nothing is ever overwritten, and a source goes
 * only after its copy is durable and verified.
 *
 *   begin ─▶ put, put, put … ─▶ finish: flush, link into place, flush folders,
 *                                       verify and remove moved sources
 *
 * A move on one file system is a rename that refuses to replace. Everything
 * else is a copy under a temporary name (".alice-tmp-<run>-<n>") in the
 * destination's folder, made durable with the batch, then named. Between put()
 * and finish() a file may stand under its temporary name only.
 */

#include <alice/env.h>
#include "catalog/catalog.h" /* alice__hash, alice__stamp */

typedef struct alice__transfer alice__transfer;

typedef struct alice__transfer_options {
    alice_env env;
    int organized_fd;     /* the organized folder, open; stays the caller's */
    bool move;
    int64_t run_id;
    size_t buffer_bytes;  /* for read-write copies; 0: 256 KB */
    size_t max_batch;     /* files between begin and finish */
} alice__transfer_options;

alice_status alice__transfer_open(alice__transfer **out, const alice__transfer_options *o,
                                  alice_error *error);
void alice__transfer_close(alice__transfer **t);

typedef struct alice__job {
    uint64_t tag;             /* the caller's, given back */
    int source_dir_fd;
    const char *source_name;
    alice__stamp stamp;       /* as it was probed: a file that differs now is ALICE_E_CHANGED */
    const char *dest;         /* below organized: folders are made as needed */
} alice__job;

/*
 * Do one file of the batch. ALICE_OK: under way or done, settled by finish();
 * ALICE_E_EXISTS: the destination is taken (nothing happened: choose another);
 * ALICE_E_CHANGED, ALICE_E_NOENT, ALICE_E_ACCESS, ALICE_E_IO: this file fails,
 * as it was; ALICE_E_NOSPC: the batch has to stop here. `dest` and
 * `source_name` are copied; source_dir_fd must stay open until finish().
 */
alice_status alice__transfer_put(alice__transfer *t, const alice__job *job, alice_error *error);

/* What became of one file that put() accepted, told by finish() in the order of put(). */
typedef void (*alice__transfer_done)(void *ctx, uint64_t tag, alice_status status,
                                     const alice_error *error);

/* Settle the batch: afterwards every file of it stands whole at exactly one place (or, copied, two), durable. */
alice_status alice__transfer_finish(alice__transfer *t, alice__transfer_done done, void *ctx,
                                    alice_error *error);

/* Take back what is under way: temporary names are removed. */
void alice__transfer_abandon(alice__transfer *t);

/* After a kill: whether `dest` stands and is the file of `stamp` (and head hash, of min(size, 64 KB)). */
alice_status alice__transfer_recover(alice__transfer *t, const char *dest,
                                     const alice__stamp *stamp, alice__hash head,
                                     bool *stands);
/* Remove leftovers of a kill in the folder of `dest`: files named as ours only. */
void alice__transfer_sweep(alice__transfer *t, const char *dest);

/* Whether both are one file system as far as renaming goes (tried, not guessed). */
bool alice__transfer_renames(alice__transfer *t, int source_dir_fd);
/* Bytes free there for us. */
alice_status alice__transfer_space(alice__transfer *t, uint64_t *bytes);

typedef struct alice__transfer_stats {
    uint64_t renamed, reflinked, copied, bytes_copied, flushes, folders_made;
} alice__transfer_stats;
void alice__transfer_stats_get(const alice__transfer *t, alice__transfer_stats *out);

#endif
