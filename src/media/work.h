/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_WORK_H
#define ALICE_MEDIA_WORK_H

/*
 * The work that one file may cost, as its memory is bounded: a file of 70 KB can
 * point at the same text thousands of times. Readers say what they are about to
 * do before they do it, and end where it is refused: at the allowance of that
 * kind, or when the run was asked to stop. What was cut short is said at the end
 * (alice__facts_end).
 *
 * The allowances are far above what real files need, and all of them together take
 * about a tenth of a second.
 */

#include <alice/base.h>

typedef enum alice__work_kind {
    ALICE__WORK_EVIDENCE, /* bytes of texts judged as evidence */
    ALICE__WORK_XMP,      /* bytes of XMP parsed */
    ALICE__WORK_IPTC,     /* bytes of IPTC read */
    ALICE__WORK_ENTRIES,  /* tags, properties, datasets, chunks, … */
    ALICE__WORK_EXTENTS,  /* of HEIF items */
    ALICE__WORK_READ,     /* bytes fetched; each fetch counts for some more */
    ALICE__WORK_KINDS
} alice__work_kind;

enum {
    /* What a fetch costs beside its bytes, and where it is served from what was read ahead. */
    ALICE__WORK_FETCH = 1024,
    ALICE__WORK_LOOK = 64
};

typedef struct alice__work {
    uint64_t done[ALICE__WORK_KINDS];
    bool cut[ALICE__WORK_KINDS];    /* the allowance was used up */
    bool (*should_stop)(void *ctx); /* NULL: never */
    void *ctx;
    bool stopped; /* it said so */
} alice__work;

/* Count `n` of a kind. False: not to be done. `w` NULL: nobody counts. */
bool alice__work_on(alice__work *w, alice__work_kind kind, uint64_t n);

/* What of a kind may be done in all. */
uint64_t alice__work_most(alice__work_kind kind);

/* What was cut short, in words: "XMP beyond 8 MB is not read". False: nothing was. */
bool alice__work_text(const alice__work *w, char *to, size_t size);

#endif
