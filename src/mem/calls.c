/* SPDX-License-Identifier: MIT */
/*
 * Callbacks under way, the innermost first. The list is the thread's own and stands on
 * its stack: a thread that is in no callback has an empty one. Stacks grow downwards, so
 * a call that lies below who looks belongs to a function that is gone.
 */
#include "mem/calls.h"

#include <stdint.h>

static _Thread_local struct {
    struct alice__call *innermost;
    const void *frame; /* of the innermost: readable when that is gone */
    const void *owner;
} calling;

static void remember(struct alice__call *call)
{
    calling.innermost = call;
    calling.frame = call ? call->frame : NULL;
    calling.owner = call ? call->owner : NULL;
}

void alice__call_begin(struct alice__call *call, const void *owner, size_t left)
{
    const struct alice__call *within = alice__call_of(owner);
    *call = (struct alice__call){.owner = owner,
                                 .outer = calling.innermost,
                                 .frame = ALICE__FRAME,
                                 .depth = within ? within->depth + 1 : 0,
                                 .left = left};
    remember(call);
}

void alice__call_end(struct alice__call *call)
{
    remember(call->outer);
}

struct alice__call *alice__call_of(const void *owner)
{
    struct alice__call *call = calling.innermost;
    while (call && call->owner != owner)
        call = call->outer;
    return call;
}

bool alice__call_spend(struct alice__call *call)
{
    struct alice__call *outermost = call;
    for (struct alice__call *c = call; c; c = c->outer) {
        if (c->owner == call->owner)
            outermost = c;
    }
    if (outermost && outermost->left == 0)
        return false;
    if (outermost)
        outermost->left--;
    return true;
}

bool alice__call_escaped(const void *owner, const void *frame)
{
    if (!calling.innermost || (uintptr_t)calling.frame >= (uintptr_t)frame)
        return false;
    bool ours = calling.owner == owner;
    remember(NULL);
    return ours;
}
