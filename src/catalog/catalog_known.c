/* SPDX-License-Identifier: MIT */
/*
 * What is known of a source: rows of its directory in name order, looked at through a window of
 * each database, and the siblings of a name.
 */
#include "catalog/catalog_int.h"

#include <string.h>

static bool covers(const alice__window *w, int64_t dir, const char *name)
{
    if (w->dir != dir)
        return false;
    int lo = strcmp(name, w->lo);
    if (lo < 0 || (lo == 0 && w->above))
        return false;
    return w->whole ||
           (w->count > 0 && strcmp(name, w->names + w->rows[w->count - 1].name) <= 0);
}

/* Rows of the directory from `name` on, as many as there is room for. */
static alice_status fill(alice__window *w, alice__store *s, int64_t dir, const char *name)
{
    const char *found;
    size_t used = 0;
    w->dir = 0;
    w->count = 0;
    alice_status st = alice__store_scan(s, dir, name, ALICE__WINDOW_ROWS);
    if (st != ALICE_OK)
        return st;
    while (w->count < ALICE__WINDOW_ROWS) {
        alice__window_row *r = &w->rows[w->count];
        st = alice__store_scan_next(s, &r->known, &found);
        if (st != ALICE_OK)
            break;
        size_t n = strlen(found) + 1, m = strlen(r->known.dest) + 1;
        if (n + m > sizeof w->names - used)
            break;
        memcpy(w->names + used, found, n);
        memcpy(w->names + used + n, r->known.dest, m);
        r->known.dest = w->names + used + n;
        r->name = (uint32_t)used;
        used += n + m;
        w->count++;
    }
    alice__store_scan_end(s);
    if (st != ALICE_OK && st != ALICE_E_END)
        return st;
    w->dir = dir;
    w->whole = st == ALICE_E_END && w->count < ALICE__WINDOW_ROWS;
    w->above = false;
    strcpy(w->lo, name); /* shorter than ALICE__NAME_ROOM: the caller looked */
    return ALICE_OK;
}

static void search(const alice__window *w, const char *name, alice__known *known)
{
    unsigned lo = 0, hi = w->count;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        int d = strcmp(w->names + w->rows[mid].name, name);
        if (d == 0) {
            *known = w->rows[mid].known;
            return;
        }
        if (d < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
}

/* A name that is too long for any window. */
static alice_status known_alone(alice__store *s, int64_t dir, const char *name,
                                alice__known *known)
{
    const char *found;
    alice__known row;
    alice_status st = alice__store_scan(s, dir, name, 1);
    if (st != ALICE_OK)
        return st;
    st = alice__store_scan_next(s, &row, &found);
    if (st == ALICE_OK && !strcmp(found, name)) {
        *known = row;
        known->dest = "";
    }
    alice__store_scan_end(s);
    return st == ALICE_E_END ? ALICE_OK : st;
}

alice_status alice__catalog_known(alice__catalog *c, int64_t dir_id, const char *name,
                                  alice__known *known)
{
    alice__store *stores[2] = {c->top, c->base};
    size_t n = strlen(name) + 1;
    /* A run over what is known commits nothing, and beats here. */
    alice_status st = alice__lock_beat(&c->lock, &c->env);
    *known = (alice__known){0};
    for (int i = 0; i < 2 && st == ALICE_OK && known->id == 0; i++) {
        alice__window *w = c->windows[i];
        if (!stores[i] || dir_id == 0)
            continue;
        if (n > ALICE__NAME_ROOM) {
            st = known_alone(stores[i], dir_id, name, known);
            continue;
        }
        if (!covers(w, dir_id, name))
            st = fill(w, stores[i], dir_id, name);
        if (st == ALICE_OK) {
            memcpy(w->asked, name, n);
            search(w, name, known);
        }
    }
    return st;
}

alice_status alice__catalog_siblings(alice__catalog *c, int64_t dir_id, const char *from,
                                     const char *to, alice__sibling_fn each, void *ctx)
{
    alice__store *stores[2] = {c->top, c->base};
    alice_status st = ALICE_OK;
    bool enough = false;
    for (int i = 0; i < 2 && st == ALICE_OK && !enough && dir_id; i++)
        if (stores[i])
            st = alice__store_siblings(stores[i], dir_id, from, to, each, ctx, &enough);
    return st;
}

alice_status alice__catalog_near(alice__catalog *c, int64_t dir, const char *name,
                                 void (*each)(void *ctx, const alice_date *date), void *ctx)
{
    alice__store *stores[2] = {c->top, c->base};
    alice_status st = ALICE_OK;
    for (int i = 0; i < 2 && st == ALICE_OK; i++)
        if (stores[i])
            st = alice__store_near(stores[i], dir, name, each, ctx);
    return st;
}

void alice__catalog_forget_windows(alice__catalog *c)
{
    for (int i = 0; i < 2; i++)
        if (c->windows[i])
            c->windows[i]->dir = 0;
}

static void window_passes(alice__window *w, int64_t dir, const char *name)
{
    if (w->dir != dir)
        return;
    if (strcmp(name, w->asked) > 0) {
        w->dir = 0;
    } else if (strcmp(w->asked, w->lo) > 0 || !w->above) {
        strcpy(w->lo, w->asked);
        w->above = true;
    }
}

void alice__catalog_row_came(alice__catalog *c, int64_t dir, const char *name)
{
    for (int i = 0; i < 2; i++)
        if (c->windows[i])
            window_passes(c->windows[i], dir, name);
}
