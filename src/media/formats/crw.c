/* SPDX-License-Identifier: MIT */
/*
 * Canon CRW, a CIFF heap: values, then a directory that points back at them, and
 * at the heap's end where its directory is.
 *
 *     "II" header-n "HEAPCCDR" … │values … │n {tag size offset}…│directory at│
 *
 * Directories inside are heaps of their own. They wait in a queue; nothing recurses.
 */
#include <string.h>

#include "media/formats/crw.h"
#include "media/formats/format.h"

enum { HEAPS_MOST = 16, ENTRIES_MOST = 256, ENTRY = 10, TEXT_MOST = 96 };

enum { TAG_MAKE_MODEL = 0x080a, TAG_TIME = 0x180e, TAG_IMAGE = 0x1810 };

typedef struct crw {
    alice__parse *parse;
    alice_status status;
    struct {
        uint64_t at, end;
    } heap[HEAPS_MOST];
    unsigned heaps;
} crw;

static void add_heap(crw *c, uint64_t at, uint64_t end)
{
    if (c->heaps == HEAPS_MOST || end < at || end - at < 6)
        return;
    for (unsigned i = 0; i < c->heaps; i++)
        if (c->heap[i].at == at && c->heap[i].end == end)
            return;
    c->heap[c->heaps].at = at;
    c->heap[c->heaps++].end = end;
}

static void see_value(crw *c, unsigned tag, uint64_t at, uint64_t n)
{
    uint8_t room[TEXT_MOST];
    size_t most = n < sizeof room ? (size_t)n : sizeof room;
    const uint8_t *p =
        most >= 8 ? alice__input_at(c->parse->in, at, most, room, &c->status) : NULL;
    if (!p)
        return;
    if (tag == TAG_TIME) {
        alice__facts_date_clock(c->parse->facts, ALICE_DATE_CIFF, alice__le32(p));
    } else if (tag == TAG_IMAGE) {
        alice__facts_size(c->parse->facts, alice__le32(p), alice__le32(p + 4));
    } else { /* make, NUL, model, NUL */
        const uint8_t *nul = memchr(p, 0, most);
        size_t make = nul ? (size_t)(nul - p) : most;
        alice__facts_text(c->parse->facts, ALICE_FACT_MAKE, ALICE__RANK_CONTAINER, "ciff:Make",
                          (const char *)p, make);
        if (nul && make + 1 < most)
            alice__facts_text(c->parse->facts, ALICE_FACT_MODEL, ALICE__RANK_CONTAINER,
                              "ciff:Model", (const char *)nul + 1,
                              strnlen((const char *)nul + 1, most - make - 1));
    }
}

static void read_heap(crw *c, uint64_t start, uint64_t end)
{
    const alice__input *in = c->parse->in;
    uint8_t room[ENTRY];
    const uint8_t *p = alice__input_at(in, end - 4, 4, room, &c->status);
    uint64_t at = p ? start + alice__le32(p) : end;
    p = at + 2 <= end ? alice__input_at(in, at, 2, room, &c->status) : NULL;
    unsigned count = p ? alice__le16(p) : 0;
    at += 2;
    for (unsigned i = 0; i < count && i < ENTRIES_MOST && at + ENTRY <= end; i++, at += ENTRY) {
        p = alice__input_at(in, at, ENTRY, room, &c->status);
        if (!p)
            return;
        unsigned tag = alice__le16(p);
        uint64_t n = alice__le32(p + 2), from = start + alice__le32(p + 6);
        if ((tag & 0xc000) != 0 || from > end || n > end - from)
            continue; /* its value stands in the entry, or lies outside */
        unsigned kind = tag & 0x3800;
        if (kind == 0x2800 || kind == 0x3000)
            add_heap(c, from, from + n);
        else if (tag == TAG_MAKE_MODEL || tag == TAG_TIME || tag == TAG_IMAGE)
            see_value(c, tag, from, n);
    }
}

alice_status alice__crw_heap(alice__parse *parse, uint64_t at, uint64_t end)
{
    crw c = {.parse = parse};
    add_heap(&c, at, end);
    for (unsigned i = 0; i < c.heaps && c.status == ALICE_OK; i++)
        read_heap(&c, c.heap[i].at, c.heap[i].end);
    return c.status;
}

static alice_status crw_read(alice__parse *parse)
{
    alice_status st =
        alice__crw_heap(parse, alice__le32(parse->in->head.p + 2), parse->in->size);
    if (st == ALICE_OK && parse->facts->info->fact[ALICE_FACT_MAKE].n == 0) {
        alice__facts_warn(parse->facts, "CRW: no camera, or cut before its directory");
        return ALICE_E_DAMAGED;
    }
    return st;
}

static alice_media_type crw_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    bool is =
        head.n >= 26 && memcmp(head.p, "II", 2) == 0 && memcmp(head.p + 6, "HEAPCCDR", 8) == 0;
    return is ? ALICE_MEDIA_CRW : ALICE_MEDIA_NONE;
}

const alice__format alice__format_crw = {"crw", crw_sniff, crw_read};
