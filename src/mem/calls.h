/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_CALLS_H
#define ALICE_MEM_CALLS_H

/*
 * Callbacks under way in this thread. A structure that calls out says so, to know when it
 * is called again from there: it recurses a few times, and puts off what would go on. See
 * calls.c.
 */

#include <stdbool.h>
#include <stddef.h>

/* One call of callbacks. On the stack of who calls. */
struct alice__call {
    const void *owner;
    struct alice__call *outer;
    const void *frame;
    unsigned depth; /* calls of the same owner that it is within */
    size_t left;    /* the outermost's: what all of them together may still do */
    bool deferred;  /* something was put off until it ends */
};

/* `left`: how much the calls may do, together; counts where it is the outermost. */
void alice__call_begin(struct alice__call *call, const void *owner, size_t left);
void alice__call_end(struct alice__call *call);

/* The innermost call of the owner's callbacks in this thread; NULL: there is none. */
struct alice__call *alice__call_of(const void *owner);

/* Take one of what is left. False: nothing is. */
bool alice__call_spend(struct alice__call *call);

/*
 * Whether a callback of the owner was left by longjmp() or an exception, and not by its end:
 * its call stands below `frame`, where no live one can. What is found is forgotten.
 */
bool alice__call_escaped(const void *owner, const void *frame);

#define ALICE__FRAME __builtin_frame_address(0)

#endif
