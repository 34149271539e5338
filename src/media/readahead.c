/* SPDX-License-Identifier: MIT */
/* Reading ahead by one window. See ahead.h. */
#include "media/readahead.h"

#include <string.h>

static alice_status fetch(alice__readahead *ahead, uint64_t offset, void *to, size_t n,
                          size_t *got)
{
    *got = 0;
    if (!alice__work_on(ahead->in->work, ALICE__WORK_READ, ALICE__WORK_FETCH))
        return ALICE_OK;
    alice_status st = ahead->in->fetch(ahead->in->ctx, offset, to, n, got);
    if (st != ALICE_OK && ahead->status == ALICE_OK)
        ahead->status = st;
    return st;
}

static alice_status ahead_fetch(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    alice__readahead *ahead = ctx;
    if (n > ALICE__READAHEAD / 4)
        return fetch(ahead, offset, to, n, got);

    bool inside = offset >= ahead->at && offset - ahead->at <= ahead->n &&
                  n <= ahead->n - (size_t)(offset - ahead->at);
    if (!inside) {
        ahead->at = offset;
        ahead->n = 0;
        alice_status st = fetch(ahead, offset, ahead->window, sizeof ahead->window, &ahead->n);
        if (st != ALICE_OK) {
            ahead->n = 0;
            return st;
        }
    }
    size_t from = (size_t)(offset - ahead->at);
    *got = n < ahead->n - from ? n : ahead->n - from;
    memcpy(to, ahead->window + from, *got);
    return ALICE_OK;
}

void alice__readahead_open(alice__readahead *ahead, const alice__input *in)
{
    ahead->in = in;
    ahead->at = 0;
    ahead->n = 0;
    ahead->status = ALICE_OK;
    ahead->input = *in;
    ahead->input.fetch = in->fetch ? ahead_fetch : NULL;
    ahead->input.ctx = ahead;
    ahead->input.ahead = true;
}

alice_status alice__readahead_end(const alice__readahead *ahead, alice_status st)
{
    return ahead->status != ALICE_OK && (st == ALICE_OK || st == ALICE_E_DAMAGED)
               ? ahead->status
               : st;
}
