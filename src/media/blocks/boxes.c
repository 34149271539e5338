/* SPDX-License-Identifier: MIT */
/*
 * Box headers and small numbers out of an input. Nothing allocates, nothing
 * recurses; whoever walks keeps its own place, so the depth is the caller's.
 */
#include "media/blocks/boxes.h"

#include <string.h>

size_t alice__peek(const alice__input *in, uint64_t at, uint64_t end, void *to, size_t n)
{
    memset(to, 0, n);
    if (end > in->size)
        end = in->size;
    if (at >= end)
        return 0;

    size_t take = n < end - at ? n : (size_t)(end - at);
    alice_status unreadable = ALICE_OK;
    const uint8_t *p = alice__input_at(in, at, take, to, &unreadable);
    if (!p) {
        memset(to, 0, n);
        return 0;
    }
    if (p != to)
        memcpy(to, p, take);
    return take;
}

alice__boxes alice__boxes_in(const alice__input *in, uint64_t at, uint64_t end, uint32_t *left)
{
    return (alice__boxes){
        .in = in, .at = at, .end = end < in->size ? end : in->size, .left = left};
}

bool alice__boxes_next(alice__boxes *w, alice__box *box)
{
    if (w->status != ALICE_OK || w->at >= w->end || w->end - w->at < 8 || *w->left == 0)
        return false;
    --*w->left;

    uint8_t room[16];
    uint64_t region = w->end - w->at;
    size_t have = region < sizeof room ? (size_t)region : sizeof room;
    const uint8_t *p = alice__input_at(w->in, w->at, have, room, &w->status);
    if (!p) {
        w->damaged = true;
        return false;
    }

    uint64_t size = alice__be32(p);
    unsigned header = 8;
    if (size == 1) {
        size = have == 16 ? alice__be64(p + 8) : 0;
        header = 16;
    } else if (size == 0) {
        size = region;
    }
    if (size < header) {
        w->damaged = true;
        return false;
    }

    *box = (alice__box){
        .type = alice__be32(p + 4),
        .at = w->at,
        .body = w->at + header,
        .end = w->at + (size < region ? size : region),
        .cut = size > region,
    };
    w->at = box->end;
    return true;
}

bool alice__box_find(const alice__input *in, uint64_t at, uint64_t end, uint32_t type,
                     uint32_t *left, alice__box *box)
{
    alice__boxes w = alice__boxes_in(in, at, end, left);
    while (alice__boxes_next(&w, box)) {
        if (box->type == type)
            return true;
    }
    return false;
}

void alice__scan_open(alice__scan *s, const alice__input *in, uint64_t at, uint64_t end)
{
    s->in = in;
    s->end = end < in->size ? end : in->size;
    s->at = at < s->end ? at : s->end;
    s->p = s->window;
    s->left = 0;
    s->bad = false;
}

static bool scan_refill(alice__scan *s)
{
    uint64_t rest = s->end - s->at;
    size_t n = rest < sizeof s->window ? (size_t)rest : sizeof s->window;
    alice_status unreadable = ALICE_OK;
    const uint8_t *p = n ? alice__input_at(s->in, s->at, n, s->window, &unreadable) : NULL;
    if (!p) {
        s->bad = true;
        return false;
    }
    s->p = p;
    s->left = n;
    s->at += n;
    return true;
}

uint64_t alice__scan_be(alice__scan *s, unsigned n)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++) {
        if (s->bad || (s->left == 0 && !scan_refill(s)))
            return 0;
        v = v << 8 | *s->p++;
        s->left--;
    }
    return v;
}
