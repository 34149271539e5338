/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_TRANSFER_INT_H
#define ALICE_ORGANIZE_TRANSFER_INT_H

/* What the batch (transfer.c), its end (transfer_finish.c), the placing (place.c) and the
 * copying (copy.c) share. */

#include "base/hash.h"
#include "organize/dest_folders.h"
#include "organize/transfer.h"
#include "organize/stamp.h"
#include "port/fs_ops.h"

enum {
    ALICE__STRETCH = 8 * 1024 * 1024, /* between two looks at should_stop, and of pages held */
    ALICE__TEMP_NAME = 64,
    ALICE__FLUSH_TOGETHER = 4 /* more copies than this: one flush of all costs less */
};

typedef enum alice__place_state { RENAMED, COPIED, PLACED, FAILED } alice__place_state;

typedef struct alice__batch_file {
    uint64_t tag, group;
    alice__stamp stamp;
    alice__hash128 hash; /* of the content, where `verify` */
    size_t source, dest; /* in the texts */
    int source_dir;
    uint32_t temp;
    alice__place_state state;
    bool remove_source;             /* a move by copy */
    bool source_went, source_stays; /* its outcome, once all is durable */
    bool verify;                    /* the copy has to be read again (shared blocks need not) */
    bool apart;                     /* on another file system than the organized folder */
    bool flushed;                   /* the copy's content is durable */
    int fd;                         /* that wrote the copy, until it is flushed; -1: closed */
    uint64_t dev, inode;            /* of the copy */
    int64_t mtime_ns;               /* the same; an inode's number may come to another file */
    alice_status status;
    int os_error;
    const char *what; /* of a failure: what was being done */
} alice__batch_file;

struct alice__transfer {
    alice_env env;
    alice__transfer_options o;
    const alice__fs_ops *fs;
    alice__dests *dests;
    bool all_at_once;
    unsigned kept_open; /* copies of the batch that hold their descriptor */

    alice__batch_file *items;
    size_t count, item_cap;
    char *texts; /* names of the batch, terminated */
    size_t text_fill, text_cap;
    int *sources; /* distinct source directories of the batch */
    size_t source_count, source_cap;

    uint8_t *buffer;
    size_t buffer_size;
    uint32_t next_temp;
    uint64_t no_clone_dev; /* sources of this device cannot share blocks */
    bool no_clone_known;

    uint64_t flushes;
    alice__transfer_stats stats;
    size_t changes; /* since the last check, in builds that check */
};

/* ---- transfer.c ---- */

/* The buffer, made when it is first needed; a smaller one where the budget refuses. */
alice_status alice__transfer_buffer(alice__transfer *t);
/* The name of a temporary file. */
void alice__temp_name(const alice__transfer *t, uint32_t number, char name[ALICE__TEMP_NAME]);
/* A name of the source directory `fd` goes: it has to be flushed. */
void alice__touch_source(alice__transfer *t, int fd);
/* Say in words why a file failed. */
alice_status alice__transfer_tell(alice_error *error, const char *dest,
                                  const alice__batch_file *i, alice_status st);

/* ---- place.c ---- */

/* Whether it is an empty file of ours that keeps a name. */
bool alice__is_reservation(const alice__fs_stat *s);
/* Whether it surely is: an error is no answer. */
bool alice__name_is_gone(const alice__fs_ops *fs, int dir, const char *name);

/* A file `from`, whose stamp is known, gets the name `to`. */
typedef struct alice__naming {
    int from_dir, to_dir;
    const char *from, *to;
    const alice__stamp *stamp;
} alice__naming;
/* Give it the name where nothing stands; its old name goes. 0 or -errno. */
int alice__place(const alice__fs_ops *fs, const alice__naming *n);

/* ---- copy.c ---- */

/* Copy the source to a temporary file in `dest`. The batch has room for the file. */
alice_status alice__copy_to_temp(alice__transfer *t, const alice__job *job,
                                 const alice__dest *dest, alice__batch_file *i);

/* ALICE_OK; ALICE_E_CHANGED: it is not the file of `stamp` any more; ALICE_E_BUSY: somebody has
 * it open to write. */
alice_status alice__still_there(alice__transfer *t, int fd, const alice__stamp *stamp);

#endif
