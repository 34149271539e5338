/* SPDX-License-Identifier: MIT */
/*
 * Whether the same bytes are organized already: by size and head (the catalog's
 * answer), by the whole content where the head is not the whole, and at last by
 * comparing.
 */
#include "organize/run.h"

#include <errno.h>

#include "organize/compare.h"
#include "organize/plan.h"
#include "port/fs.h"

/* Open the file that a candidate row speaks of: in organized, or, while it is not there yet,
 * its source. */
static int open_candidate(alice__twin_search *t, const alice__candidate *c)
{
    alice__flow *x = t->x;
    alice_organizer *o = x->o;
    bool waits = x->first_row != 0 && c->id >= x->first_row;
    char path[ALICE__PATH_MAX];
    int fd = -1;
    if (o->organized_fd >= 0 && alice__fs_open_read(o->organized_fd, c->dest, &fd) == 0)
        return fd;
    alice__fs_stat s;
    if (waits && alice__catalog_source(o->catalog, c->id, path, sizeof path) == ALICE_OK &&
        alice__fs_open_read(ALICE__FS_CWD, path, &fd) == 0)
        return fd;
    t->gone |=
        o->organized_fd >= 0 && alice__fs_stat_at(o->organized_fd, c->dest, &s) == -ENOENT;
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
   `*had` false: it cannot be read. Fails only where the run has to stop. */
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

/*
 * Files of one size with the same head are told apart by their contents. So that the n-th of
 * them is not held against all n - 1 before it, the hash cache also maps a content to its row,
 * and the verdicts say up to which row of such a chain that is so. A cache may forget: then
 * the chain is gone through again.
 */
typedef struct chain {
    int64_t upto;      /* the rows up to this one are in the cache */
    uint64_t departed; /* from the cache, when the first of them came */
} chain;

typedef struct content_key {
    uint64_t size;
    alice__hash content;
} content_key;

static uint64_t departed(alice_cache *cache)
{
    alice_cache_stats s;
    alice_cache_get_stats(cache, &s);
    return s.evictions + s.expirations + s.rejections;
}

static content_key key_of(const alice__twin_search *t, const alice__hash *content)
{
    return (content_key){t->p->stamp.size, *content};
}

static void remember_content(alice__twin_search *t, const alice__candidate *c,
                             const alice__hash *content)
{
    const content_key key = key_of(t, content);
    alice_cache_set(t->x->o->hashes, (alice_bytes){(const uint8_t *)&key, sizeof key},
                    (alice_bytes){(const uint8_t *)&c->id, sizeof c->id}, ALICE_TTL_NEVER);
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
    t->x->r->comparisons++;
    if (t->fd < 0 &&
        alice__fs_open_read(alice__folder_fd(t->p->folder), t->p->name, &t->fd) != 0)
        return ALICE_E_CHANGED;
    if (!whole && t->has_content) {
        st = candidate_content(t, c, -1, &theirs, &had);
        if (had)
            remember_content(t, c, &theirs);
        if (st != ALICE_OK || (had && differs(&theirs, &t->content)))
            return st;
    }
    int other = open_candidate(t, c);
    if (other < 0)
        return ALICE_OK;
    bool maybe = whole;
    if (!whole) {
        st = own_content(t);
        if (st == ALICE_OK)
            st = candidate_content(t, c, other, &theirs, &had);
        if (had)
            remember_content(t, c, &theirs);
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

/* Try the row that a cache speaks of; one that is no more is no twin. */
static alice_status try_row(alice__twin_search *t, int64_t id, bool *same)
{
    char dest[ALICE__DEST_MAX];
    alice__candidate c = {.id = id, .size = t->p->stamp.size, .dest = dest};
    *same = false;
    alice_status st = alice__catalog_dest(t->x->o->catalog, id, dest, sizeof dest);
    return st == ALICE_OK && *dest ? try_candidate(t, &c, same) : st;
}

/* The row with the same content, of those that the cache has; 0: none. */
static alice_status row_of_content(alice__twin_search *t, int64_t *id)
{
    size_t n = 0;
    alice_status st = ALICE_OK;
    *id = 0;
    if (t->fd < 0 &&
        alice__fs_open_read(alice__folder_fd(t->p->folder), t->p->name, &t->fd) != 0)
        return ALICE_E_CHANGED;
    st = own_content(t);
    if (st != ALICE_OK)
        return st;
    const content_key key = key_of(t, &t->content);
    if (alice_cache_get_copy(t->x->o->hashes, (alice_bytes){(const uint8_t *)&key, sizeof key},
                             id, sizeof *id, &n) != ALICE_OK ||
        n != sizeof *id)
        *id = 0;
    return ALICE_OK;
}

alice_status alice__twin_find(alice__twin_search *t, int64_t *twin)
{
    alice_organizer *o = t->x->o;
    const alice__probe *p = t->p;
    /* The last word tells the verdict on a fingerprint from its chain. */
    const uint64_t print[3] = {p->stamp.size, p->head.low, p->head.high};
    const uint64_t print_chain[4] = {print[0], print[1], print[2], 1};
    alice_bytes key = {(const uint8_t *)print, sizeof print};
    alice_bytes chain_key = {(const uint8_t *)print_chain, sizeof print_chain};
    const bool whole = p->stamp.size <= ALICE__HEAD_BYTES;
    chain now = {.departed = departed(o->hashes)}, old;
    alice__candidate c = {.id = 0};
    char dest[ALICE__DEST_MAX];
    int64_t id = 0;
    size_t n = 0;
    bool same = false;
    alice_status st = ALICE_OK;
    *twin = 0;
    if (!whole &&
        alice_cache_get_copy(o->verdicts, chain_key, &old, sizeof old, &n) == ALICE_OK &&
        n == sizeof old && old.departed == now.departed) {
        st = row_of_content(t, &id);
        if (st == ALICE_OK && id)
            st = try_row(t, id, &same);
        /* Where the one with this content stands no more another may. */
        if (st == ALICE_OK && id == 0)
            now = old;
    } else if (alice_cache_get_copy(o->verdicts, key, &id, sizeof id, &n) == ALICE_OK &&
               n == sizeof id) {
        /* Copies come in threes: what the last one was found to be is tried first. */
        st = try_row(t, id, &same);
    }
    while (st == ALICE_OK && !same) {
        id = now.upto;
        st =
            alice__catalog_same(o->catalog, p->stamp.size, p->head, &id, dest, sizeof dest, &c);
        if (st == ALICE_OK && c.id == 0 && t->gone && !o->reconciled) {
            /* Somebody may have renamed or moved it: what is found has a row of its own. */
            uint64_t found = 0;
            st = alice__organizer_reconcile(o, t->x->first_row, t->x->id, &found, t->x->error);
            if (st == ALICE_OK && found > 0)
                continue;
        }
        if (st != ALICE_OK || c.id == 0)
            break;
        now.upto = id = c.id;
        st = try_candidate(t, &c, &same);
    }
    if (st != ALICE_OK)
        return st;
    if (same) {
        *twin = id;
        alice_cache_set(o->verdicts, key, (alice_bytes){(const uint8_t *)&id, sizeof id},
                        ALICE_TTL_DEFAULT);
    }
    if (!whole && now.upto) {
        alice_cache_set(o->verdicts, chain_key,
                        (alice_bytes){(const uint8_t *)&now, sizeof now}, ALICE_TTL_DEFAULT);
    }
    return ALICE_OK;
}
