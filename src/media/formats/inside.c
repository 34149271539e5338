/* SPDX-License-Identifier: MIT */
/* A JPEG inside another file, through an input that begins where it begins and ends with it. */
#include "media/formats/inside.h"

#include "media/formats/format.h"

/* An input inside another. */
typedef struct inner {
    const alice__input *in;
    uint64_t base;
} inner;

static alice_status inner_fetch(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    const inner *i = ctx;
    *got = 0;
    if (!i->in->fetch || offset > i->in->size - i->base)
        return ALICE_OK;
    return i->in->fetch(i->in->ctx, i->base + offset, to, n, got);
}

alice_status alice__jpeg_inside(const alice__parse *parse, uint64_t at, uint64_t n)
{
    const alice__input *in = parse->in;
    alice_media_type type = parse->facts->info->type;
    if (at >= in->size)
        return ALICE_E_DAMAGED;
    n = n < in->size - at ? n : in->size - at;
    inner base = {.in = in, .base = at};
    alice__input jpeg = {.size = n, .fetch = inner_fetch, .ctx = &base, .work = in->work};
    if (at < in->head.n) {
        jpeg.head.p = in->head.p + at;
        jpeg.head.n = in->head.n - (size_t)at < n ? in->head.n - (size_t)at : (size_t)n;
    }
    alice__parse of_jpeg = *parse;
    of_jpeg.in = &jpeg;
    alice_status st = alice__format_jpeg.read(&of_jpeg);
    parse->facts->info->type = type;
    return st;
}
