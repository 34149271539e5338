/* SPDX-License-Identifier: MIT */
/*
 * Runs: their beginning and end with the mark that the tree keeps, what a killed one left in
 * doubt, runs read back and taken back.
 */
#include "catalog/catalog_int.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "catalog/tree_mark.h"

/* ---- runs written ---- */

alice_status alice__catalog_home(alice__catalog *c, char *organized, size_t size)
{
    return alice__store_run_last(alice__catalog_before(c), organized, size);
}

alice_status alice__catalog_newest_run(alice__catalog *c, int64_t most, int64_t *started_s)
{
    return alice__store_run_newest(alice__catalog_before(c), most, started_s);
}

/* Part of the transaction: the next state of the tree is this catalog's. */
static alice_status raise_generation(alice__catalog *c)
{
    c->tree.generation++;
    return alice__store_tree_set(c->top, &c->tree);
}

/* After the commit: the tree says so too. A kill in between leaves a catalog that knows more
   than the mark, which does no harm. */
static alice_status mark_tree(alice__catalog *c, alice_error *error)
{
    const alice__tree_mark mark = {c->tree.id, c->tree.generation};
    alice_status st =
        c->home && !c->dry_run ? alice__tree_mark_write(c->home, &mark) : ALICE_OK;
    if (st == ALICE_OK) {
        c->standing = ALICE__STANDING_CURRENT;
        return st;
    }
    return alice__fail(error, st, 0, "%s/generation cannot be written: %s", c->home,
                       alice_status_text(st));
}

alice_status alice__catalog_run_begin(alice__catalog *c, const alice__run *run, int64_t *run_id,
                                      alice_error *error)
{
    alice_status st = alice__lock_still(&c->lock, &c->env, error);
    if (st != ALICE_OK)
        return st;
    st = alice__store_begin(c->top);
    c->rebuilds = run->rebuilds;
    c->tree.incomplete = c->rebuilds;
    if (st == ALICE_OK)
        st = c->rebuilds ? alice__store_tree_set(c->top, &c->tree) : raise_generation(c);
    if (st == ALICE_OK)
        st = alice__store_run_add(c->top, run, c->now.next_file, run_id);
    if (st == ALICE_OK)
        st = alice__store_commit(c->top, &c->now);
    if (st != ALICE_OK)
        return alice__catalog_told(c, st, error);
    c->saved = c->now;
    return c->rebuilds ? ALICE_OK : mark_tree(c, error);
}

alice_status alice__catalog_run_end(alice__catalog *c, int64_t run_id,
                                    const alice__run_totals *totals, alice_error *error)
{
    alice_status st = alice__store_begin(c->top);
    if (st == ALICE_OK)
        st = alice__store_run_end(c->top, run_id, totals);
    bool raise = totals->tally.organized > 0 || (c->rebuilds && totals->finished);
    if (c->rebuilds && totals->finished)
        c->tree.incomplete = false;
    if (st == ALICE_OK && raise)
        st = raise_generation(c);
    if (st == ALICE_OK)
        st = alice__catalog_refresh(c);
    if (st != ALICE_OK)
        return alice__catalog_told(c, st, error);
    st = alice__catalog_commit(c, false, error);
    if (st == ALICE_OK && raise && !c->tree.incomplete)
        st = mark_tree(c, error);
    if (st == ALICE_OK && c->fingerprints.count > 0 && !c->dry_run)
        st = alice__catalog_told(c, alice__catalog_merge_between(c), error);
    return st;
}

alice_status alice__catalog_doubt(alice__catalog *c, int64_t *after, alice__doubt *out)
{
    alice__store_doubt d;
    int64_t from = c->saved.open_from - 1;
    *out = (alice__doubt){0};
    if (c->dry_run || c->saved.open_from >= c->saved.open_to)
        return ALICE_OK;
    alice_status st =
        alice__store_doubt_get(c->top, *after > from ? *after : from, c->saved.open_to, &d);
    if (st != ALICE_OK)
        return st == ALICE_E_END ? ALICE_OK : st;
    size_t ns = strlen(d.dir) + 1 + strlen(d.name) + 1, nd = strlen(d.dest) + 1;
    if (ns + nd > c->doubt_size) {
        st = alice_env_resize(&c->env, (void **)&c->doubt, c->doubt_size, ns + nd, ALICE_HERE);
        if (st == ALICE_OK)
            c->doubt_size = ns + nd;
    }
    if (st == ALICE_OK) {
        snprintf(c->doubt, ns, "%s/%s", d.dir, d.name);
        memcpy(c->doubt + ns, d.dest, nd);
        *out = (alice__doubt){.id = d.id,
                              .source = c->doubt,
                              .dest = c->doubt + ns,
                              .stamp = d.stamp,
                              .head = d.head,
                              .move = d.move,
                              .removed = d.removed,
                              .of = d.of};
        *after = d.id;
    }
    alice__store_doubt_end(c->top);
    return st;
}

alice_status alice__catalog_settled(alice__catalog *c, alice_error *error)
{
    int64_t from = c->saved.open_from, to = c->saved.open_to;
    if (c->dry_run)
        return ALICE_OK;
    alice_status st = from < to ? alice__store_begin(c->top) : ALICE_OK;
    if (st == ALICE_OK && from < to)
        st = alice__store_orphans_delete(c->top, from, to);
    c->windows[0]->dir = 0;
    if (st != ALICE_OK)
        return alice__catalog_told(c, st, error);
    c->doubtful = false;
    return alice__catalog_commit(c, false, error);
}

/* ---- runs read back ---- */

/* Room for the texts of one answer. */
static alice_status room_for_texts(alice__catalog *c)
{
    return c->texts
               ? ALICE_OK
               : alice_env_alloc(&c->env, ALICE__TEXTS_ROOM, ALICE_HERE, (void **)&c->texts);
}

alice_status alice__catalog_run_before(alice__catalog *c, int64_t before, alice__run_row *out)
{
    alice_status st = room_for_texts(c);
    if (st == ALICE_OK)
        st = alice__store_run_before(alice__catalog_before(c), before ? before : INT64_MAX,
                                     c->texts, ALICE__TEXTS_ROOM, out);
    return st;
}

alice_status alice__catalog_run_file(alice__catalog *c, const alice__run_row *run,
                                     int64_t *after, alice__run_file *out)
{
    alice_status st = room_for_texts(c);
    if (st == ALICE_OK)
        st = alice__store_run_file(alice__catalog_before(c), run, *after, c->texts,
                                   ALICE__TEXTS_ROOM, out);
    if (st == ALICE_OK)
        *after = out->id;
    return st;
}

/* A row gets another state; part of the transaction. */
static alice_status set_state(alice__catalog *c, int64_t id, const alice__store_row *row,
                              alice__state state)
{
    alice_status st = alice__store_set_state(c->top, id, state);
    c->now.placed += state == ALICE__PLACED ? 1 : row->state == ALICE__PLACED ? -1 : 0;
    c->windows[0]->dir = 0;
    /* While it was not placed its print may have been passed over. */
    if (st == ALICE_OK && state == ALICE__PLACED) {
        uint64_t print = alice__print_next(row->stamp.size, row->head);
        int64_t upto = 0;
        st = alice__catalog_chain(c, print, &upto);
        if (st == ALICE_OK && upto >= id)
            st = alice__catalog_set_chain(c, print, id - 1);
    }
    return st;
}

alice_status alice__catalog_undo(alice__catalog *c, int64_t run, int64_t id,
                                 alice__undo_state undo, alice__state state)
{
    alice__store_row row;
    alice_status st = alice__store_row_get(c->top, id, &row);
    if (st != ALICE_OK)
        return st;
    alice__store_row_end(c->top);
    st = alice__store_begin(c->top);
    if (st == ALICE_OK)
        st = alice__store_undo_set(c->top, run, id, undo);
    if (st == ALICE_OK && row.state != state)
        st = set_state(c, id, &row, state);
    return st;
}

alice_status alice__catalog_taken(alice__catalog *c, int64_t id, bool away)
{
    alice__store_row row;
    alice_status st = alice__store_row_get(c->top, id, &row);
    if (st != ALICE_OK)
        return st == ALICE_E_NOENT ? ALICE_OK : st;
    alice__store_row_end(c->top);
    if (row.state != (away ? ALICE__PLACED : ALICE__UNDONE))
        return ALICE_OK;
    st = alice__store_begin(c->top);
    return st == ALICE_OK ? set_state(c, id, &row, away ? ALICE__UNDONE : ALICE__PLACED) : st;
}
