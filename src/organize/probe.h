/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_PROBE_H
#define ALICE_ORGANIZE_PROBE_H

/*
 * Probing: open a file, read its head once, say what it is and hash the head.
 * The only part of a run that many threads do.
 *
 *   main: add, add, … ──▶ group of 32 ──▶ executor ──▶ analyzer (pooled)
 *   main: ◀── next, in the order of add() ◀──────────────┘
 *
 * Groups stand in a ring: what was added first comes out first, whatever the
 * number of threads. All memory is taken at open, but for texts that do not fit
 * a group's own room.
 */

#include <alice/media.h>
#include <alice/pool.h>

#include "base/fingerprint.h"
#include "media/analyze.h"
#include "organize/walk.h"

enum { ALICE__GROUP = 32 };

/* The organized copy of a known file, held against what is known. */
typedef enum alice__copy {
    ALICE__COPY_STANDS,
    ALICE__COPY_GONE,
    ALICE__COPY_CHANGED /* another size or time; its bytes may be the same */
} alice__copy;

/* One file on its way. */
typedef struct alice__probe {
    alice__folder *folder; /* a reference, held until the probe is released */
    alice__file file;      /* its name lives as long */

    /* Settled before probing: nothing is read, and `outcome` stands. */
    bool settled;
    bool known;       /* the catalog has it as it is, */
    bool not_media;   /* and as no media */
    bool again;       /* the same, but it may follow one that came since */
    bool compare;     /* known: its bytes are to be held against its copy's */
    bool busy;        /* settled: being written */
    bool folder_ends; /* the file added next, if any, is of another folder */
    /* Known, but its organized copy (of `copy_row`) is not as it was. */
    alice__copy copy;
    int64_t copy_row;
    int64_t packed;     /* settled: in an archive; the row of what has its bytes, compared */
    int64_t known_row;  /* known, if its head is that of this row: its times tell too little */
    int64_t now_s;      /* what lies after it lies in the future */
    const char *reason; /* static text, of what was settled */

    /* What reading it gave. status: why it could not be read at all. */
    alice_status status;
    int os_error;
    alice_media_info info;
    char source[80];

    void *texts; /* where the info's texts stand, when not in the group's room */
    size_t texts_bytes;
} alice__probe;

typedef struct alice__prober alice__prober;

typedef struct alice__prober_options {
    alice_env env;
    alice_budget *budget;
    unsigned threads; /* 0: the caller's own */
    unsigned window;  /* most files on their way */
    unsigned ahead;   /* files that a thread holds open, to be read one after the other; 0: 1 */
    size_t text_bytes; /* of one file's texts */
    const char *const *date_patterns;
    /* Asked by the thread that calls next(), while it waits: then what is being read ends as
     * ALICE_E_CANCELLED. NULL: never. */
    bool (*should_stop)(void *ctx);
    void *stop_ctx;
} alice__prober_options;

alice_status alice__prober_open(alice__prober **out, const alice__prober_options *o);
/* Waits for what is under way, and lets go of it. */
void alice__prober_close(alice__prober **out);

/* How many files are on their way. */
size_t alice__prober_count(const alice__prober *p);
/* How many folders they hold open; one that was left and came back to counts twice. */
size_t alice__prober_folders(const alice__prober *p);
/* Whether one more can be added. add() without room is an error of the caller. */
bool alice__prober_has_room(const alice__prober *p);

/*
 * Add a file, taking a reference to its folder and a copy of its name: the slot
 * is the caller's to mark as settled until the next add() or submit().
 */
alice__probe *alice__prober_add(alice__prober *p, alice__folder *folder, const char *name);
/* Start on what was added but not yet handed out, as a group fills by itself. */
void alice__prober_submit(alice__prober *p);

/* The file that was added first, waiting for it; NULL: none is on its way. Valid until release.
 */
alice__probe *alice__prober_next(alice__prober *p);
/* Done with what next() gave. */
void alice__prober_release(alice__prober *p);

void alice__prober_pool_stats(const alice__prober *p, alice_pool_stats *out);

/* How far the clock may be behind what is said by files and earlier runs, before those are
   not believed: five years. */
#define ALICE__CLOCK_BEHIND_S (INT64_C(5) * 31556952)
/* The clock; the day of this program's release where it is behind that. */
int64_t alice__present(const alice_env *env);

/* Read one open file: what a worker does for each, also used by alice_info_read(). Of `file`
 * the name is given, the rest is found out. */

typedef struct alice__reading {
    int fd;
    const char *folders;
    int64_t now_s;
    /* Where its sidecars are looked for, by an open folder or a path; neither: nowhere. */
    const int *beside_fd;
    const char *beside;
    const char *sidecars_of;          /* whose they are by name; NULL: the file's own */
    const char *const *date_patterns; /* see alice_organizer_options; NULL: none */
    bool all_dates;                   /* also where it has a better date itself */
} alice__reading;
alice_status alice__probe_file(alice__analyzer *analyzer, uint8_t *head_buffer,
                               const alice__reading *r, alice__file *file,
                               alice_media_info *info, int *os_error);
#endif
