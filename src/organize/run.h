/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_RUN_H
#define ALICE_ORGANIZE_RUN_H

/*
 * The steps of a run, and what they share. One thread, the run's own, calls them; the transfer
 * of a batch is a worker's while the next one is decided:
 *
 *   feed.c    walk ─▶ stat ─▶ known? ─▶ prober
 *   decide.c  prober ─▶ identify (twins.c) ─▶ plan ─▶ row, item
 *   settle.c  commit rows ─▶ transfer ─▶ make durable ─▶ report (report.c)
 *   remove.c  settle: duplicates leave the inbox
 *   run.c     the loop around them, and what they all ask for
 *   stands.c  known: does the organized copy stand?
 *   check_source.c  known: has the organized copy the same bytes?
 *   albums.c  decide: which album is its folder?
 *   redate.c  before the first file: dates that are no future any more
 *   space.c   before the first file: do the copies fit?
 */

#include <alice/executor.h>

#include "organize/group_names.h"
#include "organize/organizer.h"
#include "organize/plan.h"

enum { ALICE__ALBUM_MAX = 256 }; /* bytes of an album's title, with its NUL */

/* The transfer of the batch of o->moving: a worker's, from alice__settle() to
 * alice__settle_end(). */
typedef struct alice__moving {
    bool on;    /* there is such a batch */
    bool keeps; /* of the batch being decided rows were committed: they stay in doubt */
    alice_task task;
    alice_status status; /* what kept it from going on, or from being durable */
    alice_error error;
    bool retry; /* some names were taken meanwhile */
} alice__moving;

typedef struct alice__flow {
    alice_organizer *o;
    alice_organize_result *r;
    alice_error *error;
    alice__walk *walk;
    bool walked; /* the walk is at its end */
    bool stop;   /* somebody asked */
    int64_t id;
    int64_t present_s; /* the newest that clock, release and catalog know of */
    int64_t newest_s;  /* the same and the files met so far */
    uint64_t began_ns, transaction_ns, progress_ns;
    uint32_t window, fed;
    uint64_t looked_at, bytes_looked_at; /* of the first files: their mean size sets the base */
    uint64_t dev;                        /* the file system looked at last */
    bool inodes;                         /* inode numbers tell files of it apart */
    uint64_t folder_serial;              /* of folder_id */
    int64_t folder_id;
    int64_t
        first_row; /* rows from here on may not be transferred yet, and in a dry run never */
    int64_t batch_row; /* the first of the batch that is being decided; 0: none yet */
    alice__moving moving;
    int64_t run_first;     /* row: the first that this run added; 0: none yet */
    bool unsure;           /* what was transferred could not be flushed */
    uint64_t album_folder; /* of which `album` is the title; "": it is no album */
    char album[ALICE__ALBUM_MAX];
    /* Of the folder in which the last transaction ended: what was not placed of it, each a
       status and a name. Those that belong to it may be in the next one. */
    uint64_t held_folder;
    size_t held_bytes;
    char held[4096];
} alice__flow;

/* ---- run.c ---- */

bool alice__flow_asked_to_stop(alice__flow *x);
/* Between two files: collect if somebody asks for it, and tell how far the run is, ten times a
   second. */
void alice__flow_between_files(alice__flow *x, alice__folder *folder, const char *name);
/* Whether the absolute path can be named, kept and opened again. */
bool alice__flow_path_fits(const alice_organizer *o, const alice__folder *folder,
                           const char *name);
/* Why the caller leaves this file where it is; NULL: it does not. `info` NULL: not read yet. */
const char *alice__flow_leave(const alice_organizer *o, const alice__folder *folder,
                              const char *name, const alice_media_info *info);
/* The catalog's row of a folder, whose path has to fit; `create` makes it, else 0 where there
   is none. */
alice_status alice__flow_folder_row(alice__flow *x, alice__folder *folder, bool create,
                                    int64_t *id);
/* How the inbox is walked. */
alice__walk_options alice__flow_walk_options(const alice_organizer *o);
/* base/folders/name; folders may be "". */
void alice__join(char *out, size_t size, const char *base, const char *folders,
                 const char *name);

/* ---- stands.c ---- */

/*
 * A source is as it was when it was organized: is its copy (or, of a duplicate, the copy of the
 * same bytes), of row `*row`? `*os_error`: why it cannot be looked at, then the answer is none.
 */
alice_status alice__copy_look(alice__flow *x, const alice__known *known, alice__copy *copy,
                              int64_t *row, int *os_error);

/* ---- check_source.c ---- */

/* Whether a known file has the bytes of its organized copy, p->copy_row. False also where one
   of them cannot be read; fails only where the run has to stop. */
alice_status alice__check_copy(alice__flow *x, const alice__probe *p, bool *same);

/* ---- redate.c ---- */

/* Place again what the clock refused a date, where that is no future any more. */
alice_status alice__redate(alice__flow *x);

/* ---- feed.c ---- */

/* Hand out files until a batch is on its way, or the walk is at its end. */
alice_status alice__feed(alice__flow *x);

/* The counters of paths that a layout gives more than once: no origin is named so. */
#define ALICE__LAYOUT_COUNTER "/"

/* ---- decide.c ---- */

/* What a layout takes from the facts of a file: the plan borrows the texts. */
typedef struct alice__plan_texts {
    char camera[128], model[128], seed[128];
} alice__plan_texts;
void alice__plan_facts(alice__plan *plan, alice__plan_texts *t, const alice_media_info *info);
/* What becomes of the file that came back: its item, and its row in the current batch. */
alice_status alice__decide(alice__flow *x, alice__probe *p);

/* ---- undated.c ---- */

/* Whether alice__undated() looks at the files of its folder now, which are to be where they
   were met. */
bool alice__undated_looks(const alice__flow *x, const alice__probe *p);
/* Why a medium has no date that counts, which its facts then say too; NULL: it has one. */
const char *alice__undated(alice__flow *x, alice__probe *p);

/* ---- borrow.c ---- */

/* Take the zone of a near picture for a date that has none of its own; `dir` and `name` are
 * where it came from in the catalog, `row` its own (0: it has none yet), which may know what it
 * was lent. */
alice_status alice__borrow_zone(alice_organizer *o, int64_t dir, const char *name, int64_t row,
                                alice_media_info *info);

/* ---- twins.c ---- */

/* The search for files with the same bytes as `p`. Opens what it needs, and reads whole files
   last. */
typedef struct alice__twin_search {
    alice__flow *x;
    const alice__probe *p;
    alice__reading_whole how;
    int fd;         /* of the file itself; -1: not opened yet; the caller closes it */
    bool gone;      /* a candidate is not where the catalog has it */
    bool unread;    /* one that may have the same bytes stands, and cannot be read */
    bool holes;     /* one could not be read, */
    bool chained;   /* none of those with its head: they are all listed by their samples */
    uint64_t print; /* of size, head and samples; 0: nothing has the same head */
    bool has_content;
    alice__hash content; /* of the file itself */
} alice__twin_search;

/* `*twin` is the row of a file with the same bytes, or 0. A candidate that cannot be read is
   passed over, and told: a spare copy is better than a missing one. */
alice_status alice__twin_find(alice__twin_search *t, int64_t *twin);

/* ---- groups.c ---- */

/* Where a file goes that belongs to another. */
typedef struct alice__group {
    int64_t leader;                 /* row of that one; 0: it belongs to none that is placed */
    int64_t placed;                 /* row of what stands there: its own, or its twin's */
    char base[ALICE__DEST_MAX];     /* its destination without the extension */
    char suffix[ALICE__GROUP_NAME]; /* what this one has behind it */
} alice__group;

/* The group of `p`, whose folder has the catalog's row `dir`. */
alice_status alice__group_find(alice__flow *x, const alice__probe *p, int64_t dir,
                               alice__group *out);
/* Its place: base and suffix, with "-2" and so on between them where that is taken, or is to be
   by what is planned: `*number`, from 1, is the first to try, and the one it got. `*stands`:
   the very bytes of `p` (NULL: do not ask) stand there already, or will. */
alice_status alice__group_place(alice__flow *x, const alice__group *g, const alice__probe *p,
                                unsigned *number, char *dest, size_t size, bool *stands);
/* The row of what has the bytes of `p` and stands at `dest`, or is to: 0: there is none. */
alice_status alice__group_row_at(alice__flow *x, const alice__probe *p, const char *dest,
                                 int64_t *row);
/* Read the head's fingerprint of a known file; p->status says how that went. */
alice_status alice__group_head(alice__flow *x, alice__probe *p);

/* ---- albums.c ---- */

/* Whether the album of a file says where it goes: then that of any of its copies does, */
bool alice__album_names_place(const alice_organizer *o);
/* and folders are walked in the order in which albums come before the years: see walk.h. */
unsigned alice__album_folder_rank(const char *name);
/* The album that a folder is: its title, until the next call; NULL: it is none. Fails for want
 * of memory alone: what cannot be read names nothing. */
alice_status alice__album_of(alice__flow *x, alice__folder *folder, const char **title);
/* The file of row `id`, or the twin of one in this folder, is in its album, if it is one. */
alice_status alice__album_note(alice__flow *x, alice__folder *folder, int64_t id);

/* ---- settle.c ---- */

/* Begin to do what was planned: the files of the batch go while the next is decided. The batch
 * before it is ended first. */
alice_status alice__settle(alice__flow *x);
/* End the batch that is on its way, if there is one: afterwards its files are where they
 * belong, and reported. Where the run has to stop, what was decided since is taken back. */
alice_status alice__settle_end(alice__flow *x);
/* The same while a file is decided. ALICE_E_CANCELLED: it was taken back, too. */
alice_status alice__settle_now(alice__flow *x);
/* The same after `why` ended the run; answers that. */
alice_status alice__settle_broken(alice__flow *x, alice_status why);
void alice__item_fail(alice__item *item, alice_status status, const char *reason);
/* It is being written: the next run takes it. `status`: ALICE_E_BUSY, ALICE_E_CHANGED. False:
 * that is not it, or nobody asked. */
bool alice__item_is_busy(const alice__flow *x, alice__item *item, alice_status status);
/* The run has to stop before this one: the next one will meet it. */
void alice__item_leave(alice__item *item);

/* ---- remove.c ---- */

/* Take the batch's duplicates out of the inbox, where that is asked for. */
alice_status alice__remove_duplicates(alice__flow *x);

/* ---- report.c ---- */

void alice__report_item(alice__flow *x, const alice__item *item);

/* ---- space.c ---- */

/* Refuse before the first file what cannot fit. */
alice_status alice__check_space(alice__flow *x);

#endif
