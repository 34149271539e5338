/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_BATCH_ITEMS_H
#define ALICE_ORGANIZE_BATCH_ITEMS_H

/*
 * The files of the transaction under way: what is kept of each between its plan
 * and its report. One array and one block of text, both taken at open, so that
 * a transaction can never grow: it is full instead.
 */

#include <alice/organize.h>

#include "base/fingerprint.h"
#include "organize/probe.h"
#include "organize/walk.h"

typedef struct alice__item {
    alice_file_report report; /* what becomes of it; its paths and medium are filled in last */
    int64_t id;               /* row in the catalog; 0: none */
    int64_t other;            /* of a duplicate: the row that has the same bytes */
    int64_t twin; /* row of a placed file that has the same bytes, as far as the catalog says */
    alice__folder *folder; /* a reference */
    alice__file file;      /* its name stands in the block of text */
    const char *dest;      /* below organized; NULL: none */
    const char *project;   /* its counter's, folded; NULL: none of its own */
    int64_t leader;        /* row of the file beside which it goes; 0: none */
    int64_t group;         /* one number for all of the batch that belong together; 0: none */
    uint16_t base;         /* of one that follows: bytes of `dest` that are its leader's stem */
    uint16_t suffix;       /* of one that follows: bytes of `dest` behind the leader's stem */
    alice_medium medium;
    bool read;        /* the medium is known */
    bool place;       /* to be transferred */
    bool retry;       /* its destination was taken meanwhile: it gets another number */
    bool left;        /* the run had to stop before it: as if it had not been met */
    alice__copy copy; /* why it is organized again */
    bool damaged;
    bool busy;   /* being written: the next run takes it */
    bool packed; /* a duplicate in an archive: it stands nowhere else but in organized */
    bool remove, removed; /* a duplicate: to be taken out of the inbox; done */
} alice__item;

typedef struct alice__items {
    alice_env env;
    alice__item *all;
    size_t count, most, room; /* `most` is fewer in tests */
    char *text;
    size_t text_size, text_used;
    size_t folders; /* distinct ones in a row: each is an open descriptor */
    size_t folders_most;
    uint64_t last_folder;
} alice__items;

alice_status alice__items_open(alice__items *items, const alice_env *env, size_t most,
                               size_t text_size, size_t folders_most);
void alice__items_close(alice__items *items);

/* Whether one more file surely fits. */
bool alice__items_full(const alice__items *items);

/* A new item with a reference to `folder` and a copy of the file's name. There must be room. */
alice__item *alice__items_add(alice__items *items, alice__folder *folder,
                              const alice__file *file);

/* A copy of a text that is only reported; it is cut where the block ends. */
const char *alice__items_text(alice__items *items, const char *text, size_t n);
/* Another text in the place of `old`, a whole one: NULL where there is no room for it. */
const char *alice__items_replace(alice__items *items, const char *old, const char *text);

/* Release everything. */
void alice__items_clear(alice__items *items);

#endif
