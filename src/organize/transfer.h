/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_TRANSFER_H
#define ALICE_ORGANIZE_TRANSFER_H

/*
 * The only writer of user files. Nothing is ever overwritten, and a source goes
 * only after its copy is durable and verified.
 *
 *   put, put, put … ─▶ finish: flush the copies, name them, flush the folders,
 *                              remove the sources of moves across file systems
 *
 * A move on one file system is a rename that refuses to replace. Everything
 * else is a copy under a temporary name (".alice-tmp-<run>-<n>") in the
 * destination's folder, made durable with the batch, then named. Between put()
 * and finish() a file may stand under its temporary name only.
 *
 * Where the file system cannot rename without replacing: a hard link and an
 * unlink; where it has no links either, an empty file made with O_EXCL keeps the
 * name, and the file is renamed over that. Such a reservation that a kill left
 * behind is known by its mode or its time (and by being empty), and recover() removes it.
 *
 * One thread at a time uses a transfer.
 */

#include <alice/env.h>

#include "base/fingerprint.h"
#include "port/fs_ops.h"

typedef struct alice__transfer alice__transfer;

typedef struct alice__transfer_options {
    alice_env env;
    int organized_fd; /* the organized folder, open; stays the caller's */
    bool move;
    int64_t run_id;                 /* in temporary names; not negative */
    size_t buffer_bytes;            /* for read-write copies, at least 64 KB; 0: 256 KB */
    size_t max_batch;               /* files between two finishes; 0: 1,000 */
    size_t max_folders;             /* held open; 0: 64, the most */
    bool (*should_stop)(void *ctx); /* asked while a large file is copied; or NULL */
    void *stop_ctx;
    bool lossy;              /* a move across file systems may lose attributes of a file */
    bool leave_busy;         /* a file that somebody has open to write is ALICE_E_BUSY */
    const alice__fs_ops *fs; /* NULL: the real one */
} alice__transfer_options;

/*
 * Memory: some 100 bytes and the two names for each file of a batch, 64 folder
 * handles with their paths, and the buffer when something has to be read.
 * Descriptors: up to max_folders, 4 of copies that are to be flushed, and 2 while copying.
 */
alice_status alice__transfer_open(alice__transfer **out, const alice__transfer_options *o,
                                  alice_error *error);
/* Abandons what is under way. */
void alice__transfer_close(alice__transfer **t);

typedef struct alice__job {
    uint64_t tag;   /* the caller's, given back */
    uint64_t group; /* those of one number are placed together or not at all; 0: of none */
    int source_dir_fd;
    alice__file source; /* as it was probed: one that differs now is ALICE_E_CHANGED */
    bool head_unknown;  /* its head was not read, and is not compared */
    const char *dest;   /* below organized: folders are made as needed */
} alice__job;

/*
 * Do one file of the batch. ALICE_OK: under way or done, settled by finish();
 * ALICE_E_EXISTS: the destination is taken (nothing happened: choose another);
 * ALICE_E_BUSY: somebody is writing it; ALICE_E_UNSUPPORTED: a move would lose attributes;
 * ALICE_E_CHANGED, ALICE_E_NOENT (the source is gone), ALICE_E_ACCESS,
 * ALICE_E_IO, ALICE_E_CANCELLED, …: this file fails, as it was; ALICE_E_NOSPC:
 * the batch has to stop here; ALICE_E_INVAL: `dest` is no path below organized
 * (empty parts, "." and ".." are none), or more than max_batch files.
 * `dest` and `source_name` are copied; source_dir_fd must stay open until
 * finish(). Symbolic links in the folders of `dest` are not followed:
 * ALICE_E_ACCESS.
 */
alice_status alice__transfer_put(alice__transfer *t, const alice__job *job, alice_error *error);

/*
 * A file of the group was not placed: those of it that were put before are taken back, and
 * finish() tells each that it failed with `why`.
 */
void alice__transfer_take_back(alice__transfer *t, uint64_t group, alice_status why);

/*
 * What became of one file that put() accepted, told by finish() in the order of
 * put(). ALICE_E_EXISTS: its name, or that of one of its group, was taken meanwhile; it is as
 * it was. ALICE_OK and a text: it is placed, but its source could not be removed.
 */
typedef void (*alice__transfer_done)(void *ctx, uint64_t tag, alice_status status,
                                     const alice_error *error);

/*
 * Settle the batch: afterwards every file of it stands whole at exactly one place
 * (or, copied, two), durable. Each file's own fate is told through `done` (may be
 * NULL). ALICE_OK, or what keeps the batch from being durable (then the caller
 * must not take it for settled): the flush of a folder or of the file system failed.
 */
alice_status alice__transfer_finish(alice__transfer *t, alice__transfer_done done, void *ctx,
                                    alice_error *error);

/*
 * Take back what is under way: temporary files are removed, what was renamed is
 * renamed back (where its old name is still free; else it stays). Folders that were
 * made stay.
 */
void alice__transfer_abandon(alice__transfer *t);

/*
 * After a kill: whether `dest` stands and is the file of `stamp` (size) and head
 * hash (of min(size, 64 KB)). Whatever stands under a final name is whole. A
 * reservation of ours is removed. Between two batches. Call before sweep().
 */
alice_status alice__transfer_recover(alice__transfer *t, const char *dest,
                                     const alice__stamp *stamp, alice__hash head, bool *stands);
/* Remove leftovers of a kill in the folder of `dest`: files named as ours only. Between two
 * batches. */
void alice__transfer_sweep(alice__transfer *t, const char *dest);

/* Whether both are one file system as far as renaming goes (tried, not guessed). */
bool alice__transfer_renames(alice__transfer *t, int source_dir_fd);

typedef struct alice__transfer_stats {
    uint64_t renamed, reflinked, copied, bytes_copied, flushes, folders_made;
    uint64_t attributes_lost; /* owners and extended attributes that the destination refused */
} alice__transfer_stats;
void alice__transfer_stats_get(const alice__transfer *t, alice__transfer_stats *out);

/* Prove the invariants; ALICE_E_DAMAGED where they do not hold. */
alice_status alice__transfer_check(const alice__transfer *t);

#endif
