/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_READAHEAD_H
#define ALICE_MEDIA_READAHEAD_H

/*
 * An input over another that reads ahead a little: walkers ask for the next
 * dozen bytes hundreds of times, and each would be a read of its own, over a
 * network a slow one. What is asked for in bigger pieces goes straight through.
 */

#include "media/facts.h"

enum { ALICE__READAHEAD = 4096 };

typedef struct alice__readahead {
    alice__input input; /* what to read from */
    const alice__input *in;
    uint64_t at; /* of the window */
    size_t n;
    alice_status status; /* the first read that failed; those who only peek do not say */
    uint8_t window[ALICE__READAHEAD];
} alice__readahead;

/* Stays at its place: `input` points back to it. */
void alice__readahead_open(alice__readahead *ahead, const alice__input *in);

/* The outcome of a reader that ended in `st`: a read that failed explains it better than
 * damage. */
alice_status alice__readahead_end(const alice__readahead *ahead, alice_status st);

#endif
