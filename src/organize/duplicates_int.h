/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_DUPLICATES_INT_H
#define ALICE_ORGANIZE_DUPLICATES_INT_H

/* What the parts of alice_duplicates() share: which files may be the same (duplicates.c), which
 * of these are (duplicates_groups.c), and what is done with them (duplicates_act.c). */

#include <alice/budget.h>
#include <alice/duplicates.h>
#include <alice/executor.h>
#include <alice/limit.h>

#include "organize/compare.h"
#include "organize/disk_sort.h"
#include "organize/path_list.h"

enum {
    ALICE__SAME_PATHS = 256, /* folders that are looked through */
    ALICE__SAME_WAITING = 128,
    ALICE__SAME_MEMBERS = 512, /* of a group, in memory; more of them stand in a scratch file */
    ALICE__SAME_PATH = ALICE__LISTED_PATH
};

/* What became of a member of a group while it was compared. */
enum { OTHER, SAME, LEADER };

typedef struct record {
    uint64_t size, dev, inode;
    uint64_t path; /* where it stands in the file of paths; in the order of the walk */
    int64_t mtime_ns;
    alice__hash key;
    uint32_t length; /* of its path below its root */
    uint16_t root;
    uint8_t state;
    bool spare; /* a name that a run which was cut off left: alice__same_spare() */
} record;

_Static_assert(sizeof(record) == 64, "docs and memory count on it");

/* A superfluous file, and the one that is kept. */
typedef struct alice__superfluous {
    record file, kept;
} alice__superfluous;

/* A file of any size that was met, in the order of the walk: those of one folder stand
 * together, by name. */
typedef struct alice__met {
    uint64_t path, first; /* first: the index of the first of its folder */
    uint32_t length;      /* of its path */
    uint16_t root;
} alice__met;

typedef struct job job;

typedef struct finder {
    const alice_duplicates_options *o;
    alice_duplicates_result *out;
    alice_error *error;
    alice_budget *budget;
    alice_account *account;
    alice_limit *limit;
    alice_env env;
    alice_executor *executor;
    alice__reading_whole whole;
    size_t block;
    const char *scratch_dir;
    int roots[ALICE__SAME_PATHS];
    alice__path_list paths;
    int spilled; /* scratch file of a group's members */
    record *members;
    uint64_t member_count, inodes; /* of the group; distinct files among them */
    job *jobs;
    uint64_t looks;
    /* Where something is to be done: */
    bool acts, links;       /* by links: what a killed run left of these goes */
    alice__disk_sort *todo; /* of alice__superfluous, in the order of the walk */
    /* Where it matters what belongs together: */
    bool partners;
    int met; /* scratch file of alice__met; -1: none yet */
    uint64_t met_count, met_first, met_folder;
    uint16_t met_root;
    size_t met_waiting;
    alice__met waiting[ALICE__SAME_WAITING]; /* not yet written */
} finder;

#define ALICE__ORDER(a, b) ((a) > (b)) - ((a) < (b))

static inline bool same_file(const record *a, const record *b)
{
    return a->dev == b->dev && a->inode == b->inode;
}

/* Of the group at hand: read or write its member `i`. */
alice_status alice__same_member(finder *f, uint64_t i, record *r, bool write);
/* The path below its root. Thread-safe once all are written; 0 or -errno. */
int alice__same_path(const finder *f, const record *r, char below[ALICE__SAME_PATH]);
/* As a person knows it: the folder as it was given, and what is below it. */
void alice__same_shown(const finder *f, uint16_t root, const char *below, char *out,
                       size_t size);
int alice__same_open(const finder *f, const record *r, int *fd);
/* Whether an open file is as it was when it was met; `*os_error`, where that cannot be said. */
bool alice__same_as_seen(int fd, const record *r, int *os_error);
void alice__same_unread(finder *f, const record *r, alice_status status, int os_error);
alice_status alice__same_scratch_failed(const finder *f, int r);

/* ---- duplicates_partners.c ---- */

/* A file was met, whose path is noted, in the folder that the walk gave this number. */
alice_status alice__same_met(finder *f, uint16_t root, uint64_t folder, uint64_t path,
                             uint32_t length);
/* All were. */
alice_status alice__same_met_all(finder *f);
/* Tell those that belong to the file with this path: each, until it answers false. */
typedef bool (*alice__partner_fn)(void *ctx, const alice__met *m, const char *name);
alice_status alice__same_partners(finder *f, uint64_t path, alice__partner_fn each, void *ctx);
/* Whether a sidecar stands beside it. */
alice_status alice__same_has_sidecar(finder *f, const record *r, bool *has);

/* ---- duplicates_groups.c ---- */

/* Compare the members of the group at hand, and tell those that are the same. */
alice_status alice__same_settle(finder *f);

/* The options of a caller of any version. */
alice_status alice__same_take(alice_duplicates_options *own,
                              const alice_duplicates_options *given, alice_error *error);
/* Open what finding takes: memory, and the folders. `f` is zero but
 * for what is to be done. */
alice_status alice__same_begin(finder *f, const alice_duplicates_options *own,
                               alice_duplicates_result *out, alice_error *error);
alice_status alice__same_find(finder *f);
/* Give the memory back; the folders and the paths stay open. */
alice_status alice__same_end(finder *f);
void alice__same_close(finder *f);
/* Whether the caller asked to stop. */
bool alice__same_stops(void *finder);

/* Whether a file has the name that a link gets for a moment, in the place of another. */
bool alice__same_spare(const char *name);

#endif
