/* SPDX-License-Identifier: MIT */
#include "organize/archive_content.h"

#if ALICE_ARCHIVES

#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "organize/compare.h"
#include "organize/stamp.h"

/* Bytes of the file at hand, of which `at` came before. */
static void add(alice__packed_file *out, alice__hasher *h, uint64_t at, const uint8_t *p,
                size_t n)
{
    if (n == 0) /* of the end of a file that ends in a hole */
        return;
    if (at < sizeof out->bytes) {
        size_t part = sizeof out->bytes - (size_t)at < n ? sizeof out->bytes - (size_t)at : n;
        memcpy(out->bytes + at, p, part);
    }
    alice__hasher_update(h, p, n);
}

static void add_block(alice__packed_file *out, alice__hasher *h, const alice__archive_data *d)
{
    static const uint8_t zeros[4096];
    uint64_t at = d->at - d->hole;
    for (uint64_t left = d->hole; left > 0;) {
        size_t n = left < sizeof zeros ? (size_t)left : sizeof zeros;
        add(out, h, at, zeros, n);
        at += n;
        left -= n;
    }
    add(out, h, d->at, d->block, d->n);
}

void alice__packed_read(alice__archive_entries *in, struct archive_entry *e,
                        alice__packed_file *out, alice__archive_data *d)
{
    alice__hasher h;
    *d = (alice__archive_data){.end = 0};
    alice__hasher_init(&h);
    while (alice__archive_block(in, e, d))
        add_block(out, &h, d);
    out->size = (uint64_t)d->end;
    out->content = alice__hash_words(alice__hasher_final(&h));
    out->head = alice__hash_of_bytes(
        out->bytes, out->size < sizeof out->bytes ? (size_t)out->size : sizeof out->bytes);
}

/* Whether the candidate's file stands, and has this content. */
static alice_status is_same(alice_organizer *o, const alice__candidate *c, alice__hash content,
                            bool full, bool *same)
{
    const alice__reading_whole how = alice__organizer_reading(o);
    char buf[ALICE__DEST_MAX];
    alice__stamp placed;
    alice__fs_stat s;
    alice__hash has = c->content;
    int fd = -1;
    *same = false;
    alice_status st = alice__catalog_placed(o->catalog, c->id, &placed, buf, sizeof buf);
    if (st != ALICE_OK)
        return st;
    int bad = alice__fs_open_read(o->organized_fd, c->dest, &fd);
    if (!bad)
        bad = alice__fs_stat_fd(fd, &s);
    if (!bad && s.kind == ALICE__FS_FILE && s.size == c->size) {
        if (full || !c->has_content || !alice__as_placed(&s, &placed))
            st = alice__content_hash(&how, fd, c->size, &has);
        *same = st == ALICE_OK && alice__same_hash(has, content);
        o->streamed++;
    }
    alice__fs_close(fd);
    /* A candidate that cannot be read makes nothing safe; another one may. */
    return st == ALICE_E_CANCELLED || st == ALICE_E_BUDGET || st == ALICE_E_NOMEM ? st
                                                                                  : ALICE_OK;
}

alice_status alice__packed_find(alice_organizer *o, const alice__packed_file *e, bool full,
                                int64_t *after, alice__candidate *c, char *dest, size_t size)
{
    bool same = false;
    alice_status st = ALICE_OK;
    *c = (alice__candidate){.id = 0};
    if (e->size == 0)
        return ALICE_OK;
    do {
        st = alice__catalog_same(o->catalog, e->size, e->head, after, dest, size, c);
        if (st == ALICE_OK && c->id != 0)
            st = is_same(o, c, e->content, full, &same);
    } while (st == ALICE_OK && c->id != 0 && !same);
    return st;
}

#endif
