/* SPDX-License-Identifier: MIT */
/* Reading ahead by one window. See near.h. */
#include "media/near.h"

#include <string.h>

static alice_status fetch(alice__near *near, uint64_t offset, void *to, size_t n, size_t *got)
{
    *got = 0;
    if (!alice__work_on(near->in->work, ALICE__WORK_READ, ALICE__WORK_FETCH))
        return ALICE_OK;
    alice_status st = near->in->fetch(near->in->ctx, offset, to, n, got);
    if (st != ALICE_OK && near->status == ALICE_OK)
        near->status = st;
    return st;
}

static alice_status near_fetch(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    alice__near *near = ctx;
    if (n > ALICE__NEAR / 4)
        return fetch(near, offset, to, n, got);

    bool inside = offset >= near->at && offset - near->at <= near->n &&
                  n <= near->n - (size_t)(offset - near->at);
    if (!inside) {
        near->at = offset;
        near->n = 0;
        alice_status st = fetch(near, offset, near->window, sizeof near->window, &near->n);
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
    near->status = ALICE_OK;
    near->input = *in;
    near->input.fetch = in->fetch ? near_fetch : NULL;
    near->input.ctx = near;
    near->input.ahead = true;
}

alice_status alice__near_end(const alice__near *near, alice_status st)
{
    return near->status != ALICE_OK && (st == ALICE_OK || st == ALICE_E_DAMAGED) ? near->status
                                                                                 : st;
}
