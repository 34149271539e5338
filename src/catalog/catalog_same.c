/* SPDX-License-Identifier: MIT */
/*
 * Which placed rows may have the same content: fingerprints, gathered in memory, merged into
 * the index of the database, and asked of both.
 */
#include "catalog/catalog_int.h"

#include <stdio.h>

enum { SLICE = 2048 }; /* fingerprints merged in one transaction */

static uint32_t fingerprint_key(uint64_t size, alice__hash head)
{
    uint64_t h = (head.low ^ size * 0x9e3779b97f4a7c15u) + head.high;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    return (uint32_t)(h >> 32);
}

/* Put fingerprints [from, to) of the sorted buffer into the index. */
static alice_status merge_part(alice__catalog *c, size_t from, size_t to)
{
    alice_status st = alice__store_begin(c->top);
    for (size_t i = from; i < to && st == ALICE_OK; i++) {
        uint32_t key;
        int64_t id = alice__fingerprints_at(&c->fingerprints, i, &key);
        st = alice__store_fingerprint_add(c->top, key, id);
    }
    return st;
}

/* All of them, as part of the transaction that is under way. */
static alice_status merge_within(alice__catalog *c)
{
    alice__fingerprints_sort(&c->fingerprints);
    alice_status st = merge_part(c, 0, c->fingerprints.count);
    if (st == ALICE_OK) {
        c->now.merged = c->fingerprints.last;
        alice__fingerprints_clear(&c->fingerprints, c->now.merged);
    } else {
        c->stale = true;
    }
    return st;
}

/*
 * All of them, between transactions: in slices, so that the log stays short,
 * and not flushed: a slice that is lost is merged again, since only the last
 * one says that it is done.
 */
alice_status alice__catalog_merge_between(alice__catalog *c)
{
    size_t n = c->fingerprints.count;
    alice_status st = alice__store_flushing(c->top, false);
    bool log = alice__store_has_log(c->top);
    alice__fingerprints_sort(&c->fingerprints);
    for (size_t from = 0; from < n && st == ALICE_OK;) {
        size_t to = log && n - from > SLICE ? from + SLICE : n;
        st = merge_part(c, from, to);
        if (to == n)
            c->now.merged = c->fingerprints.last;
        if (st == ALICE_OK)
            st = alice__store_commit(c->top, &c->now);
        from = to;
    }
    if (st == ALICE_OK) {
        c->saved = c->now;
        alice__fingerprints_clear(&c->fingerprints, c->now.merged);
    } else {
        alice__catalog_rollback(c);
    }
    alice_status back = alice__store_flushing(c->top, true);
    return st != ALICE_OK ? st : back;
}

alice_status alice__catalog_remember(alice__catalog *c, uint64_t size, alice__hash head,
                                     int64_t id)
{
    uint32_t key = fingerprint_key(size, head);
    alice_status st = ALICE_OK;
    if (alice__fingerprints_add(&c->fingerprints, key, id))
        return ALICE_OK;
    st = merge_within(c);
    if (st == ALICE_OK && !alice__fingerprints_add(&c->fingerprints, key, id)) {
        /* So far above the floor that the difference does not fit: lift the floor. */
        alice__fingerprints_clear(&c->fingerprints, id - 1);
        /* Fits: the table is empty, and its floor is one below. */
        (void)alice__fingerprints_add(&c->fingerprints, key, id);
    }
    return st;
}

static alice_status rebuild_from(alice__catalog *c, alice__store *s)
{
    int64_t id;
    uint64_t size;
    alice__hash head;
    alice_status st = alice__store_pending(s, c->now.merged);
    if (st != ALICE_OK)
        return st;
    while ((st = alice__store_pending_next(s, &id, &size, &head)) == ALICE_OK) {
        st = alice__catalog_remember(c, size, head, id);
        if (st != ALICE_OK)
            break;
    }
    alice__store_pending_end(s);
    return st == ALICE_E_END ? ALICE_OK : st;
}

alice_status alice__catalog_refresh(alice__catalog *c)
{
    alice_status st = ALICE_OK;
    if (!c->stale)
        return ALICE_OK;
    c->stale = false;
    alice__fingerprints_clear(&c->fingerprints, c->now.merged);
    if (c->base && c->now.merged < c->base_files)
        st = rebuild_from(c, c->base);
    if (st == ALICE_OK)
        st = rebuild_from(c, c->top);
    if (st != ALICE_OK)
        c->stale = true;
    return st;
}

/* The next id with this key: base's rows, then top's, then the buffer's; each by id. */
static alice_status next_fingerprint(alice__catalog *c, uint32_t key, int64_t after,
                                     int64_t *id)
{
    alice_status st = ALICE_OK;
    *id = 0;
    if (c->base && after < c->base_files)
        st = alice__store_fingerprint_next(c->base, key, after, id);
    if (st == ALICE_OK && *id == 0 && after < c->now.merged)
        st = alice__store_fingerprint_next(c->top, key, after, id);
    if (st == ALICE_OK && *id == 0)
        *id = alice__fingerprints_next(&c->fingerprints, key, after);
    return st;
}

/* Row `id`, when it is a placed file with this fingerprint; else out->id is 0. */
static alice_status candidate_of(alice__catalog *c, int64_t id, uint64_t size, alice__hash head,
                                 char *buf, size_t buf_size, alice__candidate *out)
{
    alice__store *s = alice__catalog_store_of(c, id);
    alice__store_row row;
    alice_status st = alice__store_row_get(s, id, &row);
    if (st != ALICE_OK)
        return st == ALICE_E_NOENT ? ALICE_OK : st; /* forgotten since */
    if (row.state == ALICE__PLACED && row.stamp.size == size &&
        alice__same_hash(row.head, head)) {
        int n = snprintf(buf, buf_size, "%s", row.dest);
        if (n < 0 || (size_t)n >= buf_size)
            st = ALICE_E_TOOBIG;
        *out = (alice__candidate){.id = id,
                                  .size = size,
                                  .has_content = row.has_content,
                                  .content = row.content,
                                  .dest = buf};
    }
    alice__store_row_end(s);
    return st;
}

alice_status alice__catalog_same(alice__catalog *c, uint64_t size, alice__hash head,
                                 int64_t *after, char *buf, size_t buf_size,
                                 alice__candidate *out)
{
    uint32_t key = fingerprint_key(size, head);
    int64_t id = *after;
    alice_status st = alice__catalog_refresh(c);
    *out = (alice__candidate){0};
    while (st == ALICE_OK && out->id == 0) {
        st = next_fingerprint(c, key, id, &id);
        if (st != ALICE_OK || id == 0)
            break;
        st = candidate_of(c, id, size, head, buf, buf_size, out);
    }
    if (st == ALICE_OK && id != 0)
        *after = id;
    return st;
}

/* ---- more than the head ---- */

alice_status alice__catalog_chain(alice__catalog *c, uint64_t print, int64_t *upto)
{
    *upto = 0;
    alice_status st = alice__store_chain_get(c->top, print, upto);
    if (st == ALICE_OK && *upto == 0 && c->base)
        st = alice__store_chain_get(c->base, print, upto);
    return st;
}

alice_status alice__catalog_set_chain(alice__catalog *c, uint64_t print, int64_t upto)
{
    alice_status st = alice__store_begin(c->top);
    return st == ALICE_OK ? alice__store_chain_set(c->top, print, upto) : st;
}

alice_status alice__catalog_list(alice__catalog *c, uint64_t print, int64_t id)
{
    int64_t there = 0, upto = 0;
    alice_status st = alice__store_alike_next(c->top, print, id - 1, &there);
    if (st == ALICE_OK && there != id)
        st = alice__catalog_chain(c, print, &upto);
    if (st != ALICE_OK || there == id)
        return st;
    st = alice__store_begin(c->top);
    if (st == ALICE_OK)
        st = alice__store_alike_add(c->top, print, id);
    return st == ALICE_OK && upto >= id ? alice__store_chain_set(c->top, print, id - 1) : st;
}

alice_status alice__catalog_alike(alice__catalog *c, uint64_t print, uint64_t size,
                                  alice__hash head, int64_t *after, char *buf, size_t buf_size,
                                  alice__candidate *out)
{
    int64_t id = *after;
    *out = (alice__candidate){0};
    for (;;) {
        /* A dry run lists rows of either database in its own. */
        int64_t in_top = 0, in_base = 0;
        alice_status st = alice__store_alike_next(c->top, print, id, &in_top);
        if (st == ALICE_OK && c->base)
            st = alice__store_alike_next(c->base, print, id, &in_base);
        id = in_base && (in_top == 0 || in_base < in_top) ? in_base : in_top;
        if (st == ALICE_OK && id)
            st = candidate_of(c, id, size, head, buf, buf_size, out);
        if (st != ALICE_OK || id == 0)
            return st;
        *after = id;
        if (out->id)
            return ALICE_OK;
    }
}
