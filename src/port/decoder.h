/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_DECODER_H
#define ALICE_PORT_DECODER_H

/*
 * The system's side of decoding pictures in a process of its own: starting it and talking to
 * it, and, on its side, giving everything up. What is said is in base/picture_wire.h. Functions
 * answer 0 or -errno, unless they say otherwise.
 */

#include "base/picture_wire.h"

/* ---- the library's side ---- */

typedef struct alice__decoder {
    long pid; /* 0: none runs */
    int socket;
} alice__decoder;

/*
 * Find the program: in the build folder that this process runs from, beside where it is
 * installed, or where it was to be installed. -ENOENT: nowhere.
 */
int alice__decoder_find(char *path, size_t size);

/* Start `program`, which may take `allowance` bytes of memory; it has no environment, a group
 * of its own, and nothing open but its end of the socket. */
int alice__decoder_start(alice__decoder *d, const char *program, uint64_t allowance);
/* End it, whatever it does. `*how` (may be NULL): the signal that it had ended by, or 0. */
void alice__decoder_end(alice__decoder *d, int *how);

/* Ask for the picture in the open file. -EPIPE: it has ended. */
int alice__decoder_ask(const alice__decoder *d, const alice__picture_ask *ask, int file);
/* Read what it has answered by now, without waiting: -EAGAIN where there is nothing, -EPIPE
 * where it has ended. */
int alice__decoder_read(const alice__decoder *d, void *to, size_t n, size_t *got);
/* Whether something of it waits to be read, or it has ended. */
bool alice__decoder_has_more(const alice__decoder *d);

/* Wait until one of `count` sockets has something to read, or `ms` milliseconds at most. */
int alice__decoder_wait(const int *sockets, size_t count, int ms);

/* ---- the decoder's side ---- */

/*
 * Give up for good: memory beyond `allowance`, files, the network, programs, processes. What
 * the kernel does not know is left out; -errno: it knows it and refused.
 */
int alice__decoder_give_up(uint64_t allowance);
/* The next ask, with its file. -EPIPE: there are no more. */
int alice__decoder_next(alice__picture_ask *ask, int *file);
int alice__decoder_answer(const alice__picture_answer *answer, const uint8_t *pixels);
/* From now on so many seconds of the processor's time: then it is killed. */
int alice__decoder_time(unsigned seconds);

#endif
