/* SPDX-License-Identifier: MIT */
/*
 * The walker of TIFF structures. See ifd.h.
 *
 * Directories that are found wait in `found`, which also remembers those already
 * walked: an offset is walked once, so chains that bite their tail end. Entries
 * are read a window at a time; an entry whose value does not lie inside the
 * structure is told with n = 0 and the walk goes on, as cameras and editors leave
 * such entries behind.
 */
#include "media/blocks/ifd.h"

#include <string.h>

enum { WORD_BIG = 8, WORD = 4, HEADER_BIG = 16, HEADER = 8 };

enum { TAG_SUB_IFDS = 0x014a, TAG_EXIF_IFD = 0x8769, TAG_GPS_IFD = 0x8825 };

static const uint8_t *at(alice__ifd *t, uint64_t offset, size_t n, void *room)
{
    if (offset > t->size || n > t->size - offset)
        return NULL;
    return alice__input_at(t->in, t->base + offset, n, room, &t->status);
}

static alice__cur cursor(const alice__ifd *t, const void *p, size_t n)
{
    alice__cur c = alice__cur_of(p, n);
    c.little = t->little;
    return c;
}

static uint64_t word(const alice__ifd *t, alice__cur *c)
{
    return t->big ? alice__cur_u64(c) : alice__cur_u32(c);
}

/* A directory to walk, unless it is known or there are too many. */
static void found(alice__ifd *t, uint64_t offset, alice__ifd_kind kind, unsigned chain)
{
    if (offset < HEADER || offset >= t->size) {
        t->damaged |= offset != 0;
        return;
    }
    for (unsigned i = 0; i < t->count; i++)
        if (t->found[i].offset == offset)
            return;
    if (t->count == ALICE__IFD_MOST)
        return;
    t->found[t->count].offset = offset;
    t->found[t->count].kind = (uint8_t)kind;
    t->found[t->count].chain = (uint8_t)chain;
    t->count++;
}

bool alice__ifd_open(alice__ifd *t)
{
    uint8_t room[HEADER_BIG];
    if (t->base > t->in->size)
        return false;
    if (t->size > t->in->size - t->base)
        t->size = t->in->size - t->base;

    const uint8_t *p = at(t, 0, HEADER, room);
    if (!p || p[0] != p[1] || (p[0] != 'I' && p[0] != 'M'))
        return false;
    t->little = p[0] == 'I';
    alice__cur c = cursor(t, p + 2, HEADER - 2);
    t->magic = alice__cur_u16(&c);
    uint64_t first = alice__cur_u32(&c);
    switch (t->magic) {
    case 42:
    case ALICE__IFD_ORF:
    case ALICE__IFD_ORF_OLD:
    case ALICE__IFD_RW2:
        break;
    case 43:
        p = at(t, 0, HEADER_BIG, room);
        if (!p)
            return false;
        c = cursor(t, p + 4, HEADER_BIG - 4);
        if (alice__cur_u16(&c) != WORD_BIG)
            return false;
        alice__cur_skip(&c, 2);
        first = alice__cur_u64(&c);
        t->big = true;
        break;
    default:
        return false;
    }
    t->count = t->done = 0;
    found(t, first, ALICE__IFD_MAIN, 0);
    return true;
}

/* Bytes of one value of a type; 0: no such type. */
static unsigned type_width(unsigned type)
{
    static const uint8_t width[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
    if (type == 129) /* UTF-8, of EXIF 3 */
        return 1;
    return type < sizeof width ? width[type] : 0;
}

static void read_entry(alice__ifd *t, alice__cur *c, alice__ifd_entry *e)
{
    unsigned room = t->big ? WORD_BIG : WORD;
    e->tag = alice__cur_u16(c);
    e->type = alice__cur_u16(c);
    e->count = word(t, c);
    const uint8_t *slot = c->p;
    e->offset = word(t, c);
    e->inlined = false;
    e->n = 0;

    unsigned width = type_width(e->type);
    if (c->bad || width == 0 || e->count > t->size / width) {
        t->damaged = true;
        return;
    }
    uint64_t n = e->count * width;
    if (n <= room) {
        memcpy(e->here, slot, room);
        e->inlined = true;
        e->n = n;
    } else if (e->offset <= t->size && n <= t->size - e->offset) {
        e->n = n;
    } else {
        t->damaged = true;
    }
}

static void follow(alice__ifd *t, const alice__ifd_entry *e)
{
    if (e->tag == TAG_EXIF_IFD && e->kind != ALICE__IFD_EXIF) {
        found(t, alice__ifd_number(t, e, 0, 0), ALICE__IFD_EXIF, e->chain);
    } else if (e->tag == TAG_GPS_IFD && e->kind == ALICE__IFD_MAIN) {
        found(t, alice__ifd_number(t, e, 0, 0), ALICE__IFD_GPS, e->chain);
    } else if (e->tag == TAG_SUB_IFDS && e->kind != ALICE__IFD_GPS) {
        for (uint64_t i = 0; i < e->count && i < ALICE__IFD_MOST && t->count < ALICE__IFD_MOST;
             i++)
            found(t, alice__ifd_number(t, e, i, 0), ALICE__IFD_SUB, e->chain);
    }
}

static void walk_one(alice__ifd *t,
                     void (*seen)(alice__ifd *, const alice__ifd_entry *, void *), void *ctx)
{
    uint8_t room[ALICE__IFD_WINDOW];
    unsigned entry_size = t->big ? 20 : 12, count_size = t->big ? 8 : 2;
    uint64_t offset = t->found[t->done].offset;
    alice__ifd_entry e = {
        .kind = (alice__ifd_kind)t->found[t->done].kind,
        .chain = t->found[t->done].chain,
        .index = t->done,
    };

    const uint8_t *p = at(t, offset, count_size, room);
    if (!p) {
        t->damaged = true;
        return;
    }
    alice__cur c = cursor(t, p, count_size);
    uint64_t all = t->big ? alice__cur_u64(&c) : alice__cur_u16(&c), count = all;
    if (count > ALICE__IFD_ENTRIES) {
        t->damaged = true;
        count = ALICE__IFD_ENTRIES;
    }
    offset += count_size;

    while (count > 0 && t->status == ALICE_OK) {
        uint64_t now = ALICE__IFD_WINDOW / entry_size, fit = (t->size - offset) / entry_size;
        now = now < count ? now : count;
        now = now < fit ? now : fit;
        p = now > 0 ? at(t, offset, (size_t)now * entry_size, room) : NULL;
        if (!p) {
            t->damaged = true;
            return;
        }
        c = cursor(t, p, (size_t)now * entry_size);
        if (!alice__work_on(t->work, ALICE__WORK_ENTRIES, now))
            return;
        for (uint64_t i = 0; i < now; i++) {
            read_entry(t, &c, &e);
            follow(t, &e);
            seen(t, &e, ctx);
        }
        offset += now * entry_size;
        count -= now;
    }

    if (e.kind != ALICE__IFD_MAIN || all > ALICE__IFD_ENTRIES)
        return;
    size_t next_size = t->big ? WORD_BIG : WORD;
    p = at(t, offset, next_size, room);
    if (p) {
        c = cursor(t, p, next_size);
        found(t, word(t, &c), ALICE__IFD_MAIN, e.chain + 1);
    }
}

void alice__ifd_walk(alice__ifd *t,
                     void (*seen)(alice__ifd *t, const alice__ifd_entry *e, void *ctx),
                     void *ctx)
{
    for (; t->done < t->count && t->status == ALICE_OK; t->done++)
        walk_one(t, seen, ctx);
}

alice_bytes alice__ifd_bytes(alice__ifd *t, const alice__ifd_entry *e, size_t most)
{
    size_t n = e->n < most ? (size_t)e->n : most;
    if (e->inlined)
        return (alice_bytes){e->here, n};
    if (n == 0)
        return (alice_bytes){0};
    uint64_t from = t->base + e->offset;
    bool in_head = from <= t->in->head.n && n <= t->in->head.n - (size_t)from;
    if (!in_head && n > t->room)
        n = t->room;
    const uint8_t *p = n > 0 ? at(t, e->offset, n, t->scratch) : NULL;
    return (alice_bytes){p, p ? n : 0};
}

bool alice__ifd_first_time(alice__ifd *t, const alice__ifd_entry *e)
{
    if (e->inlined)
        return true;
    for (unsigned i = 0; i < t->reads; i++)
        if (t->read[i].offset == e->offset && t->read[i].tag == e->tag)
            return false;
    if (t->reads < ALICE__IFD_VALUES) {
        t->read[t->reads].offset = e->offset;
        t->read[t->reads].tag = e->tag;
        t->reads++;
    }
    return true;
}

uint64_t alice__ifd_number(alice__ifd *t, const alice__ifd_entry *e, uint64_t i,
                           uint64_t otherwise)
{
    uint8_t room[8];
    unsigned width = type_width(e->type);
    const uint8_t *p;
    if (width == 0 || width > sizeof room || i >= e->n / width)
        return otherwise;
    if (e->inlined)
        p = e->here + i * width;
    else
        p = at(t, e->offset + i * width, width, room);
    if (!p)
        return otherwise;

    alice__cur c = cursor(t, p, width);
    switch (e->type) {
    case 1: /* BYTE */
    case 7:
        return alice__cur_u8(&c);
    case 3: /* SHORT */
        return alice__cur_u16(&c);
    case 4: /* LONG, IFD */
    case 13:
        return alice__cur_u32(&c);
    case 16: /* LONG8, IFD8 */
    case 18:
        return alice__cur_u64(&c);
    default:
        return otherwise;
    }
}
