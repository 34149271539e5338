/* SPDX-License-Identifier: MIT */
/*
 * Whether the same bytes are organized already. Files of one size with the same head, where
 * that is not the whole, are told apart by samples of the rest, and those with the same samples
 * by their whole contents: each is known of a file once, kept in the catalog, and looked up
 * there. What is left is compared, byte for byte.
 *
 *   size, head ─▶ rows ─▶ listed by samples ─▶ rows ─▶ listed by contents ─▶ rows ─▶ compare
 */
#include "organize/run.h"

#include <errno.h>

#include "organize/compare.h"
#include "organize/plan.h"
#include "port/fs.h"

/* It may have the same bytes, and nobody can know: both are kept, and the user is told. */
static void pass_over(alice__twin_search *t, const alice__candidate *c)
{
    const alice_organizer *o = t->x->o;
    if (!t->unread)
        alice_env_log(&o->env, ALICE_LOG_WARNING,
                      "%s/%s cannot be read: whether it has the bytes of %s is not known, and "
                      "both are kept; `alice verify` names all that is damaged",
                      o->organized, c->dest, t->p->file.name);
    t->unread = true;
}

/* Whether reading a candidate failed on it, and not because it is another file by now. */
static bool is_unread(alice_status st)
{
    return st == ALICE_E_IO || st == ALICE_E_ACCESS || st == ALICE_E_SYSTEM;
}

/* Open the file that a candidate row speaks of: in organized, or, while it is not there yet,
 * its source. */
static int open_candidate(alice__twin_search *t, const alice__candidate *c)
{
    alice__flow *x = t->x;
    alice_organizer *o = x->o;
    const alice__fs_ops *fs = t->how.fs;
    bool waits = x->first_row != 0 && c->id >= x->first_row;
    char path[ALICE__PATH_MAX];
    int fd = -1;
    if (o->organized_fd >= 0 && fs->open_read(fs, o->organized_fd, c->dest, &fd) == 0)
        return fd;
    alice__fs_stat s;
    if (waits && alice__catalog_source(o->catalog, c->id, path, sizeof path) == ALICE_OK &&
        alice__organizer_open_source(o, path, &fd) == 0)
        return fd;
    /* It went between the two looks. */
    if (waits && o->organized_fd >= 0 && fs->open_read(fs, o->organized_fd, c->dest, &fd) == 0)
        return fd;
    int bad = o->organized_fd >= 0 ? fs->stat_at(fs, o->organized_fd, c->dest, &s) : -ENOENT;
    t->gone |= o->organized_fd >= 0 && bad == -ENOENT;
    if (bad != -ENOENT && bad != -ENOTDIR)
        pass_over(t, c);
    return -1;
}

static alice_status open_own(alice__twin_search *t)
{
    const alice__fs_ops *fs = t->how.fs;
    return t->fd >= 0 || fs->open_read(fs, alice__folder_fd(t->p->folder), t->p->file.name,
                                       &t->fd) == 0
               ? ALICE_OK
               : ALICE_E_CHANGED;
}

/* What the files with one print are told apart by. */
typedef enum depth { BY_SAMPLES, BY_CONTENT } depth;

/* Of the file itself: the print that says more than `print`. */
static alice_status own_print(alice__twin_search *t, depth by, uint64_t print, uint64_t *out)
{
    alice__hash h = t->content;
    alice_status st = open_own(t);
    if (st == ALICE_OK && by == BY_SAMPLES) {
        st = alice__sample_hash(&t->how, t->fd, t->p->file.stamp.size, &h);
    } else if (st == ALICE_OK && !t->has_content) {
        st = alice__content_hash(&t->how, t->fd, t->p->file.stamp.size, &t->content);
        t->has_content = st == ALICE_OK;
        t->x->o->streamed++;
        h = t->content;
    }
    *out = alice__print_next(print, h);
    return st;
}

/* The same hash of a candidate, from the row, the cache or the file. `*had` false: it cannot be
   read. Fails only where the run has to stop. */
static alice_status candidate_hash(alice__twin_search *t, const alice__candidate *c, depth by,
                                   alice__hash *out, bool *had)
{
    alice_organizer *o = t->x->o;
    alice_bytes key = {(const uint8_t *)&c->id, sizeof c->id};
    size_t n = 0;
    *had = true;
    if (by == BY_CONTENT && c->has_content) {
        *out = c->content;
        return ALICE_OK;
    }
    if (by == BY_CONTENT &&
        alice_cache_get_copy(o->hashes, key, out, sizeof *out, &n) == ALICE_OK &&
        n == sizeof *out)
        return ALICE_OK;
    int fd = open_candidate(t, c);
    alice_status st = fd < 0             ? ALICE_E_NOENT
                      : by == BY_SAMPLES ? alice__sample_hash(&t->how, fd, c->size, out)
                                         : alice__content_hash(&t->how, fd, c->size, out);
    alice__fs_close(fd);
    t->x->r->comparisons++;
    if (fd >= 0 && is_unread(st))
        pass_over(t, c);
    *had = st == ALICE_OK;
    if (!*had)
        return st == ALICE_E_CANCELLED ? st : ALICE_OK;
    if (by == BY_SAMPLES)
        return ALICE_OK;
    o->streamed++;
    alice_cache_set(o->hashes, key, (alice_bytes){(const uint8_t *)out, sizeof *out},
                    ALICE_TTL_NEVER);
    return alice__catalog_set_content(o->catalog, c->id, *out);
}

static alice_status next_candidate(alice__twin_search *t, depth by, uint64_t print, int64_t *id,
                                   char *dest, alice__candidate *c)
{
    const alice__probe *p = t->p;
    return by == BY_SAMPLES ? alice__catalog_same(t->x->o->catalog, p->file.stamp.size,
                                                  p->file.head, id, dest, ALICE__DEST_MAX, c)
                            : alice__catalog_alike(t->x->o->catalog, print, p->file.stamp.size,
                                                   p->file.head, id, dest, ALICE__DEST_MAX, c);
}

/* Up to which row a chain was gone through in this run, whatever could not be read. */
typedef struct passed {
    uint64_t began_ns; /* of the run */
    int64_t upto;
    int64_t unread; /* 1: one of them stands, and could not be read */
} passed;

/*
 * List each row with `print` that is not listed yet under the print that says more of it. What
 * cannot be read is passed over in this run, and tried again in the next: the catalog's chain
 * ends before it. `*any`: there is a row with `print`.
 */
static alice_status list_alike(alice__twin_search *t, depth by, uint64_t print, bool *any)
{
    alice_organizer *o = t->x->o;
    const struct {
        uint64_t print, tag; /* tells it from a verdict, which is longer */
    } name = {print, 1};
    const alice_bytes key = {(const uint8_t *)&name, sizeof name};
    passed now = {.began_ns = t->x->began_ns}, old;
    alice__candidate c;
    char dest[ALICE__DEST_MAX];
    int64_t upto = 0, first;
    size_t n = 0;
    alice_status st = alice__catalog_chain(o->catalog, print, &upto);
    bool whole = true, unread_before = t->unread;
    t->unread = false;
    if (alice_cache_get_copy(o->verdicts, key, &old, sizeof old, &n) == ALICE_OK &&
        n == sizeof old && old.began_ns == now.began_ns && old.upto > upto) {
        whole = false;
        now.upto = old.upto;
        now.unread = old.unread;
    } else {
        now.upto = upto;
    }
    first = now.upto;
    *any = now.upto > 0;
    while (st == ALICE_OK) {
        alice__hash h;
        bool had = false;
        st = next_candidate(t, by, print, &now.upto, dest, &c);
        if (st != ALICE_OK || c.id == 0)
            break;
        *any = true;
        st = candidate_hash(t, &c, by, &h, &had);
        if (st == ALICE_OK && had)
            st = alice__catalog_list(o->catalog, alice__print_next(print, h), c.id);
        whole = whole && had;
        if (whole)
            upto = c.id;
    }
    now.unread |= t->unread;
    t->unread = unread_before || now.unread;
    if (st == ALICE_OK && whole && upto != first)
        st = alice__catalog_set_chain(o->catalog, print, upto);
    else if (st == ALICE_OK && !whole && now.upto != first)
        alice_cache_set(o->verdicts, key, (alice_bytes){(const uint8_t *)&now, sizeof now},
                        ALICE_TTL_DEFAULT);
    t->holes |= !whole;
    return st;
}

/* Compare with one row's file. ALICE_OK and the answer; a failure is one of the file itself, or
 * of the run, not of the candidate. */
static alice_status try_candidate(alice__twin_search *t, const alice__candidate *c, bool *same)
{
    *same = false;
    alice_status st = open_own(t);
    if (st != ALICE_OK)
        return st;
    t->x->r->comparisons++;
    int other = open_candidate(t, c);
    if (other < 0)
        return ALICE_OK;
    st = alice__same_bytes(&t->how, t->fd, other, t->p->file.stamp.size, same);
    *same = *same && st == ALICE_OK;
    alice__fs_close(other);
    if (is_unread(st))
        pass_over(t, c);
    return st == ALICE_E_CANCELLED ? st : ALICE_OK;
}

/* Copies often follow each other: try the last result first. One that is no more
 * is no twin. */
static alice_status try_verdict(alice__twin_search *t, alice_bytes key, int64_t *id, bool *same)
{
    alice_organizer *o = t->x->o;
    char dest[ALICE__DEST_MAX];
    size_t n = 0;
    *same = false;
    if (alice_cache_get_copy(o->verdicts, key, id, sizeof *id, &n) != ALICE_OK ||
        n != sizeof *id)
        return ALICE_OK;
    alice__candidate c = {.id = *id, .size = t->p->file.stamp.size, .dest = dest};
    alice_status st = alice__catalog_dest(o->catalog, *id, dest, sizeof dest);
    return st == ALICE_OK && *dest ? try_candidate(t, &c, same) : st;
}

/* Compare with each row that may have the same bytes: `print` says how that is known. */
static alice_status try_each(alice__twin_search *t, depth by, uint64_t print, int64_t *id,
                             bool *same)
{
    alice__candidate c;
    char dest[ALICE__DEST_MAX];
    alice_status st = ALICE_OK;
    *id = 0;
    *same = false;
    while (st == ALICE_OK && !*same) {
        st = next_candidate(t, by, print, id, dest, &c);
        if (st != ALICE_OK || c.id == 0)
            break;
        st = try_candidate(t, &c, same);
    }
    return st;
}

/* Twins of archives are written once and have two names: then nothing has to be read. */
static alice_status try_second_name(alice__twin_search *t, int64_t *id, bool *same)
{
    alice__candidate c;
    alice__fs_stat own, s;
    char dest[ALICE__DEST_MAX];
    *same = false;
    *id = 0;
    alice_status st = open_own(t);
    if (st != ALICE_OK || t->how.fs->stat_fd(t->how.fs, t->fd, &own) != 0)
        return st;
    for (unsigned tries = 8; tries > 0 && !*same; tries--) {
        st = next_candidate(t, BY_SAMPLES, 0, id, dest, &c);
        if (st != ALICE_OK || c.id == 0)
            return st;
        const int fd = open_candidate(t, &c);
        *same = fd >= 0 && t->how.fs->stat_fd(t->how.fs, fd, &s) == 0 && s.inode == own.inode &&
                s.dev == own.dev;
        alice__fs_close(fd);
    }
    return ALICE_OK;
}

/* A file that is longer than its head. */
static alice_status find_longer(alice__twin_search *t, int64_t *id, bool *same)
{
    uint64_t by_head = alice__print_next(t->p->file.stamp.size, t->p->file.head),
             by_content = 0;
    bool any = false;
    *same = false;
    t->holes = false;
    alice_status st = list_alike(t, BY_SAMPLES, by_head, &any);
    if (st != ALICE_OK || !any)
        return st;
    t->chained = !t->holes;
    st = own_print(t, BY_SAMPLES, by_head, &t->print);
    if (st == ALICE_OK)
        st = list_alike(t, BY_CONTENT, t->print, &any);
    if (st != ALICE_OK || !any)
        return st;
    st = own_print(t, BY_CONTENT, t->print, &by_content);
    return st == ALICE_OK ? try_each(t, BY_CONTENT, by_content, id, same) : st;
}

alice_status alice__twin_find(alice__twin_search *t, int64_t *twin)
{
    alice_organizer *o = t->x->o;
    const alice__probe *p = t->p;
    const uint64_t fingerprint[3] = {p->file.stamp.size, p->file.head.low, p->file.head.high};
    const alice_bytes key = {(const uint8_t *)fingerprint, sizeof fingerprint};
    const bool whole = p->file.stamp.size <= ALICE__HEAD_BYTES; /* the head was all there is */
    int64_t id = 0;
    bool same = false;
    *twin = 0;
    alice_status st = whole ? try_verdict(t, key, &id, &same) : ALICE_OK;
    if (!whole && o->archives)
        st = try_second_name(t, &id, &same);
    for (bool again = true; st == ALICE_OK && !same && again;) {
        again = false;
        st = whole ? try_each(t, BY_SAMPLES, 0, &id, &same) : find_longer(t, &id, &same);
        if (st == ALICE_OK && !same && t->gone && !o->reconciled) {
            /* Somebody may have renamed or moved it: what is found has a row of its own. */
            uint64_t found = 0;
            st = alice__settle_now(t->x); /* a file on its way would look lost */
            if (st == ALICE_OK)
                st = alice__organizer_reconcile(o, t->x->first_row, t->x->id, &found,
                                                t->x->error);
            again = found > 0;
        }
    }
    if (st == ALICE_OK && same) {
        *twin = id;
        if (whole)
            alice_cache_set(o->verdicts, key, (alice_bytes){(const uint8_t *)&id, sizeof id},
                            ALICE_TTL_DEFAULT);
    }
    return st;
}
