/* SPDX-License-Identifier: MIT */
/*
 * Box headers and small numbers out of an input. Nothing allocates, nothing
 * recurses; whoever walks keeps its own place, so the depth is the caller's.
 */
#include "media/boxes.h"

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

/* ---- the blocks that several containers carry ---- */

typedef struct span {
    const alice__input *in;
    uint64_t at;
    uint64_t size;
} span;

static alice_status span_read(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    const span *s = ctx;
    alice_status st = ALICE_OK;
    *got = 0;
    if (offset >= s->size)
        return ALICE_OK;
    if (n > s->size - offset)
        n = (size_t)(s->size - offset);
    const uint8_t *p = alice__input_at(s->in, s->at + offset, n, to, &st);
    if (!p)
        return st;
    if (p != to)
        memcpy(to, p, n);
    *got = n;
    return ALICE_OK;
}

void alice__c2pa_in(alice__lab *lab, uint64_t at, uint64_t end)
{
    if (end > lab->in->size)
        end = lab->in->size;
    if (at >= end)
        return;
    span s = {.in = lab->in, .at = at, .size = end - at};
    alice__span_reader reader = {.read = span_read, .ctx = &s, .size = s.size};
    alice__c2pa(lab->facts, &lab->env, &reader);
}

void alice__xmp_in(alice__lab *lab, uint64_t at, uint64_t end)
{
    if (at >= end)
        return;
    alice__text_range range;
    alice__xmp(lab->facts, &lab->env,
               alice__text_in(&range, lab->in, at, end - at, lab->scratch, ALICE__SCRATCH));
}

static bool is_tiff(const uint8_t *p)
{
    return memcmp(p, "II*\0", 4) == 0 || memcmp(p, "MM\0*", 4) == 0;
}

alice_status alice__exif_in(alice__lab *lab, uint64_t at, uint64_t end)
{
    enum { NEAR = 64 };
    uint8_t head[NEAR];
    size_t have = alice__peek(lab->in, at, end, head, sizeof head);
    if (have < 8) {
        alice__facts_warn(lab->facts, "EXIF block of %zu bytes", have);
        return ALICE_OK;
    }

    uint64_t told = (uint64_t)alice__be32(head) + 4;
    uint8_t there[4];
    if (told < end - at && alice__peek(lab->in, at + told, end, there, 4) == 4 &&
        is_tiff(there))
        return alice__exif_range(lab, at + told, end - at - told);
    for (size_t i = 0; i + 4 <= have; i++) {
        if (is_tiff(head + i))
            return alice__exif_range(lab, at + i, end - at - i);
    }
    alice__facts_warn(lab->facts, "EXIF block without a TIFF header");
    return ALICE_OK;
}
