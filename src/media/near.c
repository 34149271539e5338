/* SPDX-License-Identifier: MIT */
/* Reading ahead by one window. See near.h. */
#include "media/near.h"

#include <string.h>

static alice_status near_fetch(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    alice__near *near = ctx;
    const alice__input *in = near->in;
    if (n > ALICE__NEAR / 4)
        return in->fetch(in->ctx, offset, to, n, got);

    bool inside = offset >= near->at && offset - near->at <= near->n &&
                  n <= near->n - (size_t)(offset - near->at);
    if (!inside) {
        near->at = offset;
        near->n = 0;
        alice_status st =
            in->fetch(in->ctx, offset, near->window, sizeof near->window, &near->n);
        if (st != ALICE_OK) {
            near->n = 0;
            return st;
        }
    }
    size_t from = (size_t)(offset - near->at);
    *got = n < near->n - from ? n : near->n - from;
    memcpy(to, near->window + from, *got);
    return ALICE_OK;
}

void alice__near_open(alice__near *near, const alice__input *in)
{
    near->in = in;
    near->at = 0;
    near->n = 0;
    near->input = *in;
    near->input.fetch = in->fetch ? near_fetch : NULL;
    near->input.ctx = near;
}
