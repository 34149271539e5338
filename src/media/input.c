/* SPDX-License-Identifier: MIT */
/*
 * Where a parser's bytes come from. The head of the file was read once and is
 * lent out in place; only what lies outside is fetched, into the caller's room:
 *
 *     0        head.n                                  size
 *     |■■■■■■■■■|──────────────────────────────────────|
 *      borrowed     fetched into scratch or a window
 *
 * Nothing here allocates.
 */
#include "media/input.h"

#include <string.h>

static bool looked(const alice__input *in)
{
    return alice__work_on(in->work, ALICE__WORK_READ, ALICE__WORK_LOOK);
}

const uint8_t *alice__input_at(const alice__input *in, uint64_t offset, size_t n, void *scratch,
                               alice_status *status)
{
    if (offset > in->size || n > in->size - offset)
        return NULL;
    if (offset <= in->head.n && n <= in->head.n - (size_t)offset)
        return n == 0 ? scratch : looked(in) ? in->head.p + offset : NULL;
    if (!in->fetch)
        return NULL;

    if (!alice__work_on(in->work, ALICE__WORK_READ,
                        n + (in->ahead ? ALICE__WORK_LOOK : ALICE__WORK_FETCH)))
        return NULL;
    size_t got = 0;
    alice_status st = in->fetch(in->ctx, offset, scratch, n, &got);
    if (st != ALICE_OK) {
        *status = st;
        return NULL;
    }
    return got == n ? scratch : NULL;
}

alice__input alice__input_of(alice_bytes all)
{
    return (alice__input){.size = all.n, .head = all};
}

static alice_status memory_next(alice__text_stream *s, alice_bytes *window)
{
    alice__text_memory *m = s->ctx;
    *window = m->rest;
    m->rest = (alice_bytes){0};
    return ALICE_OK;
}

alice__text_stream *alice__text_of(alice__text_memory *m, alice_bytes all)
{
    m->stream = (alice__text_stream){memory_next, m};
    m->rest = all;
    return &m->stream;
}

static alice_status range_next(alice__text_stream *s, alice_bytes *window)
{
    alice__text_range *r = s->ctx;
    *window = (alice_bytes){0};
    if (r->status != ALICE_OK || r->at >= r->end)
        return r->status;

    uint64_t left = r->end - r->at;
    if (r->at < r->in->head.n) {
        size_t here = r->in->head.n - (size_t)r->at;
        *window = (alice_bytes){r->in->head.p + r->at, left < here ? (size_t)left : here};
    } else {
        size_t n = left < r->room ? (size_t)left : r->room;
        const uint8_t *p = alice__input_at(r->in, r->at, n, r->window, &r->status);
        if (!p) {
            r->at = r->end;
            return r->status;
        }
        *window = (alice_bytes){p, n};
    }
    r->at += window->n;
    return ALICE_OK;
}

alice__text_stream *alice__text_in(alice__text_range *r, const alice__input *in,
                                   uint64_t offset, uint64_t n, void *window, size_t room)
{
    if (offset > in->size)
        offset = in->size;
    if (n > in->size - offset)
        n = in->size - offset;
    *r = (alice__text_range){
        .stream = {range_next, r},
        .in = in,
        .at = offset,
        .end = offset + n,
        .window = window,
        .room = room,
    };
    return &r->stream;
}

size_t alice__input_copy(const alice__input *in, uint64_t at, uint64_t end, void *to, size_t n,
                         alice_status *status)
{
    if (end > in->size)
        end = in->size;
    if (at >= end)
        return 0;
    if (n > end - at)
        n = (size_t)(end - at);
    const uint8_t *p = alice__input_at(in, at, n, to, status);
    if (!p)
        return 0;
    if (p != to)
        memcpy(to, p, n);
    return n;
}

static alice_status span_read(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    alice__span_range *r = ctx;
    *got = 0;
    if (offset >= r->reader.size)
        return ALICE_OK;
    if (n > r->reader.size - offset)
        n = (size_t)(r->reader.size - offset);
    alice_status st = ALICE_OK;
    const uint8_t *p = alice__input_at(r->in, r->offset + offset, n, to, &st);
    if (!p)
        return st;
    if (p != to)
        memcpy(to, p, n);
    *got = n;
    return ALICE_OK;
}

const alice__span_reader *alice__span_in(alice__span_range *r, const alice__input *in,
                                         uint64_t offset, uint64_t n)
{
    if (offset > in->size)
        offset = in->size;
    if (n > in->size - offset)
        n = in->size - offset;
    *r = (alice__span_range){.reader = {span_read, r, n}, .in = in, .offset = offset};
    return &r->reader;
}
