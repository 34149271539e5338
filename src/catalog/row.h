/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CATALOG_ROW_H
#define ALICE_CATALOG_ROW_H

/* What a row says of a file and what a run is: what the catalog and its store talk about. */

#include <alice/media.h>
#include <alice/organize.h>

#include "base/fingerprint.h"

typedef enum alice__state {
    ALICE__PLACED = 1,    /* organized, at `dest` */
    ALICE__DUPLICATE = 2, /* same bytes as row `other` */
    ALICE__NOT_MEDIA = 3,
    ALICE__UNDONE = 4 /* was placed at `dest`, and taken back since: known() does not know it */
} alice__state;

typedef struct alice__row {
    int64_t dir_id;
    alice__file file;
    alice__state state;
    int64_t other;    /* of a duplicate: the row with the same bytes; of what is no media:
                         the version of the reader that said so; of a placed one: minus the
                         day (since 1970) that was the future then, or 0 */
    const char *dest; /* below organized; NULL unless placed */
    bool has_content;
    alice__hash content;
    uint64_t print; /* of a placed one: it is listed as alike; 0: its head says enough */
    bool chained;   /* so are all before it with its head */
    const alice_media_info *info; /* NULL: not media; texts are stored with it */
    int64_t run_id;
} alice__row;

typedef struct alice__known {
    int64_t id;
    alice__stamp stamp;
    alice__state state;
    int64_t
        other; /* of a duplicate: the row that has the same bytes; of no media: the reader */
    const char
        *dest; /* below organized, until the next question; "" where placed() has to say */
} alice__known;

/* A placed file: what its copy has to be. */
typedef struct alice__placed {
    int64_t id, run;
    alice__stamp stamp; /* size and mtime alone */
    bool has_head, has_content;
    alice__hash head, content;
    bool replaced; /* its source was looked at again since: another row may have its bytes */
    bool in_doubt; /* its run is at it, or was killed at it */
} alice__placed;

/* A placed file, or a duplicate of one, of a source directory. Texts live during the call. */
typedef struct alice__sibling {
    int64_t id;
    int64_t placed; /* the row that has the destination: its own, or that of its twin */
    const char *name, *content_id;
    int64_t mtime_ns;
    int date, time; /* of its content, as decimal digits: 20240131, 235959; 0 and -1: unknown */
    bool generated; /* by an AI */
} alice__sibling;

/* True: that was enough. It must not use the catalog. */
typedef bool (*alice__sibling_fn)(void *ctx, const alice__sibling *sibling);

/* ---- runs ---- */

/* A run: one invocation that changes files. */
typedef struct alice__run {
    const char *mode; /* "copy", "move", "redate", "remove", "rebuild", "undo", "redo" */
    const char *inbox, *organized;
    int64_t started_s;
    int64_t undoes; /* the run that this one takes back; 0: none */
    bool rebuilds; /* it reads the tree: unless it ends as finished, the catalog counts as older
                      than the tree */
} alice__run;
typedef struct alice__run_totals {
    alice_tally tally;
    int64_t ended_s;
    bool finished; /* false: interrupted */
} alice__run_totals;

/* Texts stand in the catalog's buffer until the next call for a run or a file of one. */
typedef struct alice__run_row {
    int64_t id, started_s, ended_s, undoes;
    const char *mode, *inbox, *organized;
    bool finished;
    alice_tally tally;
    int64_t first, end; /* its rows have ids in [first, end) */
} alice__run_row;

typedef enum alice__undo_state {
    ALICE__UNDO_OPEN = 0, /* it may have been done: a kill */
    ALICE__UNDO_DONE = 1,
    ALICE__UNDO_LEFT = 2
} alice__undo_state;

typedef struct alice__run_file {
    int64_t id, run; /* the run that organized it */
    int64_t of;      /* of what has a place but is no organized file of its own (a duplicate
                        that was taken out of the inbox, an organized file that went to another
                        date): the row of what is; 0: it is one. Of what was removed: the row
                        that it had while it was organized; 0: it had none */
    const char *folder, *dest, *other, *why;
    alice__file file;
    alice__state state;
    bool removed;           /* its run took it away, for another has its bytes */
    bool move, replaced;    /* replaced: its source was looked at again since */
    alice__undo_state undo; /* of a file that an undo took back */
} alice__run_file;

#endif
