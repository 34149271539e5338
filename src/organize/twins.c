/* SPDX-License-Identifier: MIT */
/*
 * Whether the same bytes are organized already: by size and head (the catalog's
 * answer), by the whole content where the head is not the whole, and at last by
 * comparing.
 */
#include "organize/run.h"

#include "organize/compare.h"
#include "organize/plan.h"
#include "port/fs.h"

/* Open the file that a candidate row speaks of: in organized, or, while it is not there yet,
 * its source. */
static int open_candidate(alice__flow *x, const alice__candidate *c)
{
    alice_organizer *o = x->o;
    bool waits = x->first_row != 0 && c->id >= x->first_row;
    char path[ALICE__PATH_MAX];
    int fd = -1;
    if (o->organized_fd >= 0 && alice__fs_open_read(o->organized_fd, c->dest, &fd) == 0)
        return fd;
    if (waits && alice__catalog_source(o->catalog, c->id, path, sizeof path) == ALICE_OK &&
        alice__fs_open_read(ALICE__FS_CWD, path, &fd) == 0)
        return fd;
    return -1;
}

static alice_status own_content(alice__twin_search *t)
{
    if (t->has_content)
        return ALICE_OK;
    alice_status st = alice__content_hash(&t->how, t->fd, t->p->stamp.size, &t->content);
    t->has_content = st == ALICE_OK;
    t->x->o->streamed++;
    return st;
}

/* The content hash of a candidate, from the row, the cache, or the file `other` (-1: not from
   there).
   `*had` false: it is not to be had. Fails only where the run has to stop. */
static alice_status candidate_content(alice__twin_search *t, const alice__candidate *c,
                                      int other, alice__hash *out, bool *had)
{
    alice_organizer *o = t->x->o;
    alice_bytes key = {(const uint8_t *)&c->id, sizeof c->id};
    size_t n = 0;
    *had = true;
    if (c->has_content) {
        *out = c->content;
        return ALICE_OK;
    }
    if (alice_cache_get_copy(o->hashes, key, out, sizeof *out, &n) == ALICE_OK &&
        n == sizeof *out)
        return ALICE_OK;
    alice_status st = ALICE_E_NOENT;
    if (other >= 0)
        st = alice__content_hash(&t->how, other, c->size, out);
    *had = st == ALICE_OK;
    if (!*had)
        return st == ALICE_E_CANCELLED ? st : ALICE_OK;
    o->streamed++;
    alice_cache_set(o->hashes, key, (alice_bytes){(const uint8_t *)out, sizeof *out},
                    ALICE_TTL_NEVER);
    return alice__catalog_set_content(o->catalog, c->id, *out);
}

static bool differs(const alice__hash *a, const alice__hash *b)
{
    return a->low != b->low || a->high != b->high;
}

/* ALICE_OK and the answer; a failure is one of the file itself, or of the run, not of the
 * candidate. */
static alice_status try_candidate(alice__twin_search *t, const alice__candidate *c, bool *same)
{
    uint64_t size = t->p->stamp.size;
    bool whole = size <= ALICE__HEAD_BYTES; /* then the head was all there is */
    bool had = false;
    alice__hash theirs;
    alice_status st = ALICE_OK;
    *same = false;
    if (t->fd < 0 &&
        alice__fs_open_read(alice__folder_fd(t->p->folder), t->p->name, &t->fd) != 0)
        return ALICE_E_CHANGED;
    if (!whole && t->has_content) {
        st = candidate_content(t, c, -1, &theirs, &had);
        if (st != ALICE_OK || (had && differs(&theirs, &t->content)))
            return st;
    }
    int other = open_candidate(t->x, c);
    if (other < 0)
        return ALICE_OK;
    bool maybe = whole;
    if (!whole) {
        st = own_content(t);
        if (st == ALICE_OK)
            st = candidate_content(t, c, other, &theirs, &had);
        maybe = st == ALICE_OK && had && !differs(&theirs, &t->content);
    }
    if (maybe) {
        st = alice__same_bytes(&t->how, t->fd, other, size, same);
        *same = *same && st == ALICE_OK;
        if (st != ALICE_E_CANCELLED)
            st = ALICE_OK;
    }
    alice__fs_close(other);
    return st;
}

alice_status alice__twin_find(alice__twin_search *t, int64_t *twin)
{
    alice_organizer *o = t->x->o;
    const alice__probe *p = t->p;
    const uint64_t print[3] = {p->stamp.size, p->head.low, p->head.high};
    alice_bytes key = {(const uint8_t *)print, sizeof print};
    alice__candidate c = {.id = 0};
    char dest[ALICE__DEST_MAX];
    int64_t after = 0;
    size_t n = 0;
    bool same = false;
    *twin = 0;
    /* Copies come in threes: what the last one was found to be is tried first. */
    if (alice_cache_get_copy(o->verdicts, key, &c.id, sizeof c.id, &n) == ALICE_OK &&
        n == sizeof c.id &&
        alice__catalog_dest(o->catalog, c.id, dest, sizeof dest) == ALICE_OK && *dest) {
        c.size = p->stamp.size;
        c.dest = dest;
        alice_status st = try_candidate(t, &c, &same);
        if (st != ALICE_OK || same) {
            *twin = same ? c.id : 0;
            return st;
        }
    }
    for (;;) {
        alice_status st = alice__catalog_same(o->catalog, p->stamp.size, p->head, &after, dest,
                                              sizeof dest, &c);
        if (st != ALICE_OK || c.id == 0)
            return st;
        st = try_candidate(t, &c, &same);
        if (st != ALICE_OK)
            return st;
        if (same) {
            *twin = c.id;
            alice_cache_set(o->verdicts, key,
                            (alice_bytes){(const uint8_t *)&c.id, sizeof c.id},
                            ALICE_TTL_DEFAULT);
            return ALICE_OK;
        }
    }
}
