/* SPDX-License-Identifier: MIT */
/*
 * The items of a HEIF or AVIF picture. What is wanted lies behind three tables:
 *
 *     meta ─┬─ pitm   which item is the picture
 *           ├─ iinf   what each item is:  infe 1 hvc1, … infe 50 Exif, infe 51 mime (XMP)
 *           ├─ iloc   where each item lies, as extents of the file or of idat
 *           ├─ idat   small items
 *           └─ iprp ─┬─ ipco  properties 1, 2, … : ispe (size), irot (turn)
 *                    └─ ipma  which properties an item has
 *
 * The tables are read in order through a small window; of what they list only
 * three items are remembered, so their length costs time, which is bounded, and
 * no memory.
 */
#include "media/formats/bmff_file.h"
#include "media/blocks/block_at.h"
#include "media/formats/heif.h"

#include <string.h>

enum {
    TABLE_MOST = 1 << 20, /* bytes of a table that are looked at */
    PROPERTIES_MOST = 32, /* of the picture */
    EXTENTS_MOST = 64     /* of one item: those that adjoin are one */
};

typedef struct item {
    uint32_t id; /* 0: none */
    uint64_t at, n;
    bool found;
    bool scattered; /* more follows elsewhere */
} item;

typedef struct heif {
    alice__bmff *b;
    alice__box iinf, iloc, iprp, idat; /* type 0: absent */
    item primary, exif, xmp;
    uint32_t primary_type;
} heif;

static uint64_t table_end(const alice__box *box)
{
    return box->end - box->body > TABLE_MOST ? box->body + TABLE_MOST : box->end;
}

/* ---- which items ---- */

static void read_pitm(heif *h, const alice__box *box)
{
    alice__scan s;
    alice__scan_open(&s, h->b->parse->in, box->body, box->end);
    unsigned version = (unsigned)alice__scan_be(&s, 1);
    alice__scan_be(&s, 3);
    uint32_t id = (uint32_t)alice__scan_be(&s, version == 0 ? 2 : 4);
    if (!s.bad)
        h->primary.id = id;
}

static void read_infe(heif *h, const alice__box *box)
{
    uint8_t p[128];
    size_t n = alice__peek(h->b->parse->in, box->body, box->end, p, sizeof p);
    alice__cur c = alice__cur_of(p, n);
    unsigned version = alice__cur_u8(&c);
    alice__cur_skip(&c, 3);
    if (version < 2)
        return;
    uint32_t id = version == 2 ? alice__cur_be16(&c) : alice__cur_be32(&c);
    alice__cur_skip(&c, 2);
    uint32_t type = alice__cur_be32(&c);
    if (c.bad || id == 0)
        return;

    if (id == h->primary.id)
        h->primary_type = type;
    if (type == ALICE__BOX('E', 'x', 'i', 'f') && !h->exif.id) {
        h->exif.id = id;
    } else if (type == ALICE__BOX('m', 'i', 'm', 'e') && !h->xmp.id) {
        static const char rdf[] = "application/rdf+xml";
        while (c.left && alice__cur_u8(&c) != 0) /* its name */
            continue;
        if (c.left >= sizeof rdf - 1 && memcmp(c.p, rdf, sizeof rdf - 1) == 0)
            h->xmp.id = id;
    }
}

static alice_status read_iinf(heif *h)
{
    uint8_t version;
    if (alice__peek(h->b->parse->in, h->iinf.body, h->iinf.end, &version, 1) == 0)
        return ALICE_OK;
    /* the count is not needed: the boxes are there or not */
    uint64_t at = h->iinf.body + (version == 0 ? 6 : 8);
    alice__boxes w = alice__boxes_in(h->b->parse->in, at, table_end(&h->iinf), &h->b->left);
    alice__box box;
    while (alice__boxes_next(&w, &box)) {
        if (box.type == ALICE__BOX('i', 'n', 'f', 'e'))
            read_infe(h, &box);
    }
    return w.status;
}

/* ---- where they lie ---- */

static item *wanted(heif *h, uint32_t id)
{
    if (id == 0)
        return NULL;
    return id == h->exif.id      ? &h->exif
           : id == h->xmp.id     ? &h->xmp
           : id == h->primary.id ? &h->primary
                                 : NULL;
}

/* An extent, in the order they come: the first begins the item, those that adjoin make it
 * longer. */
static void add_extent(item *i, uint64_t at, uint64_t n)
{
    if (!i->found) {
        i->at = at;
        i->n = n;
        i->found = true;
    } else if (at == i->at + i->n && !i->scattered && n <= UINT64_MAX - i->at - i->n) {
        i->n += n;
    } else {
        i->scattered = true;
    }
}

static void read_iloc(heif *h)
{
    const alice__input *in = h->b->parse->in;
    alice__scan s;
    alice__scan_open(&s, in, h->iloc.body, table_end(&h->iloc));
    unsigned version = (unsigned)alice__scan_be(&s, 1);
    alice__scan_be(&s, 3);
    unsigned sizes = (unsigned)alice__scan_be(&s, 1), more = (unsigned)alice__scan_be(&s, 1);
    unsigned offset_n = sizes >> 4, length_n = sizes & 15;
    unsigned base_n = more >> 4, index_n = version == 0 ? 0 : more & 15;
    uint64_t count = alice__scan_be(&s, version < 2 ? 2 : 4);
    if (version > 2 || offset_n > 8 || length_n > 8 || base_n > 8 || index_n > 8)
        return;

    for (uint64_t k = 0; k < count && !s.bad; k++) {
        item *i = wanted(h, (uint32_t)alice__scan_be(&s, version < 2 ? 2 : 4));
        unsigned method = version == 0 ? 0 : (unsigned)alice__scan_be(&s, 2) & 15;
        unsigned elsewhere = (unsigned)alice__scan_be(&s, 2); /* another file */
        uint64_t base = alice__scan_be(&s, base_n);
        unsigned extents = (unsigned)alice__scan_be(&s, 2);
        if (index_n + offset_n + length_n == 0 && extents > 1)
            extents = 1; /* those that follow would say the same, without an end */
        if (!alice__work_on(&h->b->parse->facts->work, ALICE__WORK_EXTENTS, extents))
            return;
        for (unsigned e = 0; e < extents && !s.bad; e++) {
            alice__scan_be(&s, index_n);
            uint64_t offset = alice__scan_be(&s, offset_n);
            uint64_t n = alice__scan_be(&s, length_n);
            bool here = !s.bad && method == 0 && !elsewhere;
            if (here &&
                (base > in->size || offset > in->size - base || n > in->size - base - offset))
                alice__facts_damaged(h->b->parse->facts,
                                     "cut short: an item lies behind its end");
            if (s.bad || !i || method > 1 || elsewhere || e >= EXTENTS_MOST)
                continue;
            uint64_t start = method == 1 ? h->idat.body : 0;
            uint64_t end = method == 1 ? h->idat.end : in->size;
            if (base > end - start || offset > end - start - base)
                continue;
            uint64_t at = start + base + offset;
            add_extent(i, at, length_n == 0 || n > end - at ? end - at : n);
        }
    }
}

/* ---- how big ---- */

typedef struct properties {
    uint16_t index[PROPERTIES_MOST];
    unsigned count;
} properties;

static void read_ipma(heif *h, const alice__box *box, properties *mine)
{
    alice__scan s;
    alice__scan_open(&s, h->b->parse->in, box->body, table_end(box));
    unsigned version = (unsigned)alice__scan_be(&s, 1);
    unsigned flags = (unsigned)alice__scan_be(&s, 3);
    uint64_t count = alice__scan_be(&s, 4);
    for (uint64_t k = 0; k < count && !s.bad; k++) {
        uint32_t id = (uint32_t)alice__scan_be(&s, version == 0 ? 2 : 4);
        unsigned n = (unsigned)alice__scan_be(&s, 1);
        for (unsigned i = 0; i < n && !s.bad; i++) {
            unsigned index = (unsigned)alice__scan_be(&s, flags & 1 ? 2 : 1);
            index &= flags & 1 ? 0x7fff : 0x7f; /* the top bit: essential */
            if (id == h->primary.id && !s.bad && mine->count < PROPERTIES_MOST)
                mine->index[mine->count++] = (uint16_t)index;
        }
    }
}

static bool has_property(const properties *mine, unsigned index)
{
    for (unsigned i = 0; i < mine->count; i++) {
        if (mine->index[i] == index)
            return true;
    }
    return false;
}

/* A picture put together of tiles says its size in its own data, should it have no property for
 * it. */
static void read_grid(heif *h, uint64_t *width, uint64_t *height)
{
    uint8_t p[12];
    const item *i = &h->primary;
    if (h->primary_type != ALICE__BOX('g', 'r', 'i', 'd') || !i->found || i->n < 8)
        return;
    size_t n = alice__peek(h->b->parse->in, i->at, i->at + i->n, p, sizeof p);
    if (n >= 12 && (p[1] & 1)) {
        *width = alice__be32(p + 4);
        *height = alice__be32(p + 8);
    } else if (n >= 8 && !(p[1] & 1)) {
        *width = alice__be16(p + 4);
        *height = alice__be16(p + 6);
    }
}

static alice_status read_size(heif *h)
{
    const alice__input *in = h->b->parse->in;
    properties mine = {0};
    uint64_t width = 0, height = 0;
    bool turned = false;
    alice_status st = ALICE_OK;
    if (h->iprp.type) {
        alice__box box, ipco = {0};
        alice__boxes w = alice__boxes_in(in, h->iprp.body, h->iprp.end, &h->b->left);
        while (alice__boxes_next(&w, &box)) {
            if (box.type == ALICE__BOX('i', 'p', 'm', 'a'))
                read_ipma(h, &box, &mine);
            else if (box.type == ALICE__BOX('i', 'p', 'c', 'o'))
                ipco = box;
        }
        st = w.status;
        w = alice__boxes_in(in, ipco.body, ipco.end, &h->b->left);
        for (unsigned index = 1; st == ALICE_OK && alice__boxes_next(&w, &box); index++) {
            uint8_t p[12];
            if (!has_property(&mine, index))
                continue;
            size_t n = alice__peek(in, box.body, box.end, p, sizeof p);
            if (box.type == ALICE__BOX('i', 's', 'p', 'e') && n == 12) {
                width = alice__be32(p + 4);
                height = alice__be32(p + 8);
            } else if (box.type == ALICE__BOX('i', 'r', 'o', 't') && n >= 1) {
                turned = p[0] & 1; /* quarter turns */
            }
        }
    }
    if (!width || !height)
        read_grid(h, &width, &height);
    if (width && height)
        alice__facts_size(h->b->parse->facts, turned ? height : width, turned ? width : height);
    return st;
}

/* ---- all of it ---- */

static void find_tables(heif *h, const alice__box *meta, alice_status *st)
{
    alice__box box;
    alice__boxes w = alice__boxes_in(h->b->parse->in, meta->body + 4, meta->end, &h->b->left);
    while (alice__boxes_next(&w, &box)) {
        if (box.type == ALICE__BOX('p', 'i', 't', 'm'))
            read_pitm(h, &box);
        else if (box.type == ALICE__BOX('i', 'i', 'n', 'f'))
            h->iinf = box;
        else if (box.type == ALICE__BOX('i', 'l', 'o', 'c'))
            h->iloc = box;
        else if (box.type == ALICE__BOX('i', 'p', 'r', 'p'))
            h->iprp = box;
        else if (box.type == ALICE__BOX('i', 'd', 'a', 't'))
            h->idat = box;
        else if (box.type == ALICE__BOX('u', 'u', 'i', 'd'))
            *st = alice__bmff_uuid(h->b, &box);
        if (box.cut)
            alice__facts_damaged(h->b->parse->facts, "cut short in the item description");
    }
    if (*st == ALICE_OK)
        *st = w.status;
}

alice_status alice__heif_meta(alice__bmff *b, const alice__box *meta)
{
    alice_status st = ALICE_OK;
    heif h = {.b = b};
    find_tables(&h, meta, &st);
    if (st == ALICE_OK && h.iinf.type)
        st = read_iinf(&h);
    if (st == ALICE_OK && h.iloc.type)
        read_iloc(&h);
    if (st == ALICE_OK)
        st = read_size(&h);
    if (h.exif.scattered || h.xmp.scattered)
        alice__facts_warn(b->parse->facts, "an item is scattered: only its first part is read");
    if (st == ALICE_OK && h.exif.found)
        st = alice__exif_in(b->parse, h.exif.at, h.exif.at + h.exif.n);
    if (st == ALICE_OK && h.xmp.found)
        alice__xmp_in(b->parse, h.xmp.at, h.xmp.at + h.xmp.n);
    return st;
}
