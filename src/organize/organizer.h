/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_ORGANIZER_H
#define ALICE_ORGANIZE_ORGANIZER_H

/*
 * What one organizer is made of; shared by organizer.c (open, close, numbers),
 * paths.c (its folders), recover.c (what a killed run left) and the steps of a
 * run (run.h). The rest of src/ does not see this.
 */

#include <stdatomic.h>

#include <alice/batch.h>
#include <alice/budget.h>
#include <alice/cache.h>
#include <alice/executor.h>
#include <alice/limit.h>
#include <alice/monitor.h>
#include <alice/organize.h>

#include "catalog/catalog.h"
#include "organize/batch_items.h"
#include "organize/compare.h"
#include "organize/layout.h"
#include "organize/probe.h"
#include "organize/status.h"
#include "organize/transfer.h"
#include "organize/walk.h"

enum { ALICE__PATH_MAX = 4096, ALICE__SOURCES_MAX = 1024 };

/* How the working memory is divided: every number a function of the limit alone. */
typedef struct alice__sizes {
    size_t limit; /* of the process */
    size_t floor; /* what the program weighs before it works */
    size_t work;  /* what is left for the accounts */
    size_t page_cache, fingerprints, names, arena, chunk, texts;
    size_t batch; /* files of a transaction */
    unsigned threads, window, ahead;
    /* Descriptors: levels of the walk, source folders in each of two places, folders below
       organized. */
    unsigned open_levels, folders, dest_folders;
} alice__sizes;

typedef struct alice__source_count {
    char name[80];
    uint64_t count;
} alice__source_count;

enum { ALICE__SECONDS_MAX = 2048 };

/* The modification times of a folder's media files, in seconds: see undated.c. */
typedef struct alice__seconds {
    uint64_t folder; /* its serial; 0: none yet */
    size_t n;
    int64_t at[ALICE__SECONDS_MAX];
} alice__seconds;

struct alice_organizer {
    alice_organizer_options options;
    alice_config config;
    const alice__fs_ops *fs; /* that files are placed through */
    alice_env env;           /* the caller's, without an account */
    alice__sizes sizes;

    alice_budget *budget;
    alice_account *program, *acc_catalog, *acc_walk, *acc_probe, *acc_batch, *acc_transfer,
        *acc_stream, *acc_cache;
    alice_monitor *monitor;
    alice_level_source level; /* the pressure that steers: of the process, or the accounts */
    void *level_ctx;
    alice_batch *batch;
    alice_limit *backstop;

    alice_cache
        *projects; /* metadata: first folder below the inbox → its safe and its folded name */
    alice_cache *verdicts; /* result: fingerprint → the row last found to have the same bytes;
                              print → the rows with it that were passed over in this run */
    alice_cache *folders; /* directory: destination folder → whether it stood before this run */
    alice_cache *hashes; /* hash: row → content hash */

    alice__catalog *catalog;
    alice__transfer *transfer;
    alice__prober *prober;
    alice__items items;  /* of the batch that is decided */
    alice__items moving; /* of the one whose files are on their way */
    bool overlaps;       /* both have their own room: one is decided while the other goes */
    alice_executor *mover;
    unsigned mover_threads; /* 0: it goes at once, in the run's own thread */
    bool apart;             /* a worker transfers: it does not call back, but looks at `halt` */
    atomic_bool halt;       /* the caller asked to stop */
    alice__run_status status;

    int inbox_fd, organized_fd;
    char *inbox, *organized, *catalog_path, *scratch, *home; /* absolute */
    char *paths;                                             /* the block they stand in */

    struct alice__archives *archives; /* NULL: a folder is organized */
    alice__seconds *seconds;
    bool reads;      /* nothing is organized: folders and memory are all it has */
    bool own_layout; /* not the usual one: then `layout` says where files go */
    alice__layout layout;
    alice__source_count *sources;
    size_t source_count, source_last;
    uint64_t streamed, recovered;
    uint64_t settled;   /* files of an undo that was killed */
    bool compare_known; /* known files are compared with their copies, byte by byte */
    bool forgets;       /* something was forgotten: forget.h */
    bool reconciled;    /* in this run, the tree was searched for what was moved */
};

/* alice_organizer_open(), with a file system for tests; NULL: the real one. The inbox may be
   NULL: then nothing can be organized. */
alice_status alice__organizer_open_on(alice_organizer **out,
                                      const alice_organizer_options *options,
                                      const alice__fs_ops *fs, alice_error *error);

/* The folders and the memory alone, for what only reads; and the catalog of that, which is
 * closed by alice__catalog_close(), or with the organizer. */
alice_status alice__organizer_open_reader(alice_organizer **out,
                                          const alice_organizer_options *options,
                                          alice_error *error);
alice_status alice__organizer_open_catalog(alice_organizer *o, alice_error *error);

/* How what moves files below `fd`, at most `batch` at a time, transfers them. */
alice__transfer_options alice__organizer_transfer(alice_organizer *o, int fd, bool move,
                                                  size_t batch);
/* The catalog notes that a run is over. Answers `st`, with which it ended; where that is
   ALICE_OK, what the catalog said. */
alice_status alice__organizer_run_over(alice_organizer *o, int64_t run,
                                       const alice_tally *tally, bool finished, alice_status st,
                                       alice_error *error);
/* Whether the run has to stop, asked by whoever transfers. */
bool alice__organizer_stops(void *organizer);

/* The env of the part that `account` pays for. */
alice_env alice__organizer_env(const alice_organizer *o, alice_account *account);

/* Find, tell apart, make and open the folders that were asked for: sets the paths and
   descriptors. */
alice_status alice__organizer_open_folders(alice_organizer *o, alice_error *error);

/* Open a file of this run's inbox by its path in the catalog: one of an archive stands
 * elsewhere. */
int alice__organizer_open_source(const alice_organizer *o, const char *path, int *fd);

/* ---- archives.c ---- */

/* Load the library and find the archives of the options; sets o->inbox, how their files are
   named (`at`, of ALICE__PATH_MAX). Before the process is confined. */
alice_status alice__archives_open(alice_organizer *o, char *at, alice_error *error);
void alice__archives_close(alice_organizer *o);

/* The folders that have to be in reach to read them: at most `most`; their number, or `most` +
   1 where that is too little. */
size_t alice__archives_reach(alice_organizer *o, alice_confine_path *paths, size_t most);

/* Make the folder that they are unpacked into, empty: o->inbox_fd. The catalog is locked. */
alice_status alice__archives_make_room(alice_organizer *o, alice_error *error);

/* Unpack all of them. Entries that cannot be taken are reported as errors, each by its name. */
alice_status alice__archives_unpack(alice_organizer *o, alice_organize_result *r,
                                    alice_error *error);

/* Whether a symbolic link of what was unpacked stands for a file that is organized: the row and
 * the modification time of that, and what the file in the archive is. */
bool alice__archives_stand_in(const alice_organizer *o, int dir, const char *name, int64_t *row,
                              alice__stamp *stamp, int64_t *twin_ns);

#define ALICE__TWIN_LOST \
    "its organized twin changed or went while the archives were unpacked; run again"

/* Remove what an archive run left in .alice/incoming, or a dry run in its scratch folder, and
 * the folder. */
alice_status alice__archives_sweep(alice_organizer *o);

/* Where scratch files go: a dry run writes nothing in the organized folder. */
const char *alice__organizer_scratch(const alice_organizer *o);

/* How it reads whole files. */
alice__reading_whole alice__organizer_reading(const alice_organizer *o);

/* rebuild.c: read the organized tree into the catalog. */
alice_status alice__organizer_rebuild(alice_organizer *o, alice_rebuild_result *result,
                                      alice_error *error);
/* Whether it holds media files, by their names. */
bool alice__tree_has_media(const alice_organizer *o);
/* Find organized files that were renamed or moved, of rows before `before` (0: all); they get
   rows in the current batch. */
alice_status alice__organizer_reconcile(alice_organizer *o, int64_t before, int64_t run,
                                        uint64_t *found, alice_error *error);

/* undo.c: alice_undo(), with a file system for tests; NULL: the real one. */
alice_status alice__undo_on(const alice_organizer_options *options, const alice__fs_ops *fs,
                            int64_t run, alice_undo_result *result, alice_error *error);
/* Settle what a killed undo left. */
/* The folders, below organized, of a file that left them, as far as nothing is in them. */
void alice__remove_empty(const alice_organizer *o, const char *file);

alice_status alice__redate_on(const alice_organizer_options *options, const alice__fs_ops *fs,
                              alice_redate_result *result, alice_error *error);
alice_status alice__organizer_settle_undo(alice_organizer *o, uint64_t *settled);

/* Settle what a killed run left. */
alice_status alice__organizer_recover(alice_organizer *o, alice_error *error);

/* Fill the numbers of memory. */
void alice__organizer_memory(const alice_organizer *o, alice_memory_stats *out);

#endif
