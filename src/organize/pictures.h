/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_PICTURES_H
#define ALICE_ORGANIZE_PICTURES_H

/*
 * Pixels of pictures, read by decoders: processes of their own that have given up everything.
 *
 *   ask(file, tag), ask, … while one is idle ──▶ next ──▶ pixels, or why there are none
 *
 * A decoder that ends, or works too long, fails the picture that it had, and another is
 * started. What it may take is charged before it is. One thread uses a pool.
 */

#include <alice/env.h>

#include "base/picture_wire.h"

enum {
    ALICE__DECODERS_MOST = 32,
    /* What a decoder takes beside its allowance: pages of libraries, its stack. */
    ALICE__DECODER_BASE = 5 * 1024 * 1024,
    ALICE__DECODER_LEAST = 3 * 1024 * 1024 /* the smallest allowance that is of use */
};

typedef struct alice__pictures alice__pictures;

typedef struct alice__pictures_options {
    alice_env env;       /* its account pays for the decoders in full; its clock is asked */
    const char *program; /* NULL: it is looked for */
    unsigned count;      /* decoders, 1 to ALICE__DECODERS_MOST */
    uint64_t allowance;  /* bytes of memory that each may take */
    uint64_t file_ms;    /* that a picture may take; 0: 30,000 */
    /* Asked while next() waits: then it answers ALICE_E_CANCELLED. NULL: never. */
    bool (*should_stop)(void *ctx);
    void *stop_ctx;
} alice__pictures_options;

/* What became of a picture. */
typedef struct alice__picture {
    uint64_t tag;
    alice_status status; /* UNSUPPORTED: see the answer's state; DAMAGED, TOOBIG, IO, TIMEOUT */
    const char *why;     /* in words; borrowed until the next call */
    alice__picture_answer answer;
    const uint8_t *pixels; /* of status OK; borrowed until the next call */
} alice__picture;

/* Starts them. ALICE_E_BUDGET: their memory does not fit; ALICE_E_SYSTEM: there is no
 * decoder, or it does not start. */
alice_status alice__pictures_open(alice__pictures **out, const alice__pictures_options *o,
                                  alice_error *error);
void alice__pictures_close(alice__pictures **p);

bool alice__pictures_has_idle(const alice__pictures *p);
/* Hand a picture to an idle decoder, which there is; `file` stays the caller's and may be
 * closed. Whatever is wrong with it is told by next(); a failure is that of the pool. */
alice_status alice__pictures_ask(alice__pictures *p, const alice__picture_ask *ask, int file,
                                 uint64_t tag, alice_error *error);
/* The next one that is done, waiting for it. ALICE_E_END: none is under way. */
alice_status alice__pictures_next(alice__pictures *p, alice__picture *out, alice_error *error);
/* How many decoders ended over a picture, or were ended. */
uint64_t alice__pictures_lost(const alice__pictures *p);

#endif
