/* SPDX-License-Identifier: MIT */
/*
 * Groups: a file that belongs to another goes where that one went, with its number.
 *
 * The catalog is the index: each file that is decided looks there, among the names of its
 * folder that a partner can have, for one that is placed already, in this batch or in an
 * earlier run. So a partner that arrives years later still joins, and nothing has to be
 * kept in memory. Those that only follow (sidecars, edited copies) come last in their
 * folder, when all that they can follow is decided.
 */
#include "organize/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fingerprint.h"
#include "media/types.h"
#include "organize/group_names.h"
#include "port/fs.h"

/* Pictures and films of one moment are not further apart. */
enum { NEAR_S = 10, QUARTER_S = 15 * 60, ZONES_S = 15 * 3600 };

typedef struct search {
    alice__flow *x;
    const alice__probe *p;
    alice__group *found;
    bool behind; /* the one found follows this file, not the other way round */
} search;

static int64_t seconds_of(int date, int time)
{
    /* Days need only be apart from one another: months of 31 days will do. */
    int64_t days = ((int64_t)(date / 10000) * 12 + date / 100 % 100) * 31 + date % 100;
    return days * 86400 + (int64_t)(time / 10000) * 3600 + time / 100 % 100 * 60 + time % 100;
}

/*
 * Whether a picture and a film that share a name are of one moment. Identifiers decide where
 * both have one. Else the times of their content, which may be in two zones (a picture's is
 * local, a film's UTC), or those of the files.
 */
static bool of_one_moment(const alice__probe *p, const alice__sibling *s)
{
    const alice_text *id = &p->info.fact[ALICE_FACT_CONTENT_ID];
    const alice_date *d = &p->info.date;
    if (id->n && *s->content_id)
        return strlen(s->content_id) == id->n && memcmp(s->content_id, id->p, id->n) == 0;
    if (s->generated || p->info.generator != ALICE_GEN_NONE)
        return true; /* a preview: made when its maker had the time */
    if (llabs(p->file.stamp.mtime_ns - s->mtime_ns) <= NEAR_S * INT64_C(1000000000))
        return true;
    if (d->year == 0 || !d->has_time || s->date == 0 || s->time < 0)
        return false;
    int64_t apart = llabs(seconds_of(d->year * 10000 + d->month * 100 + d->day,
                                     d->hour * 10000 + d->minute * 100 + d->second) -
                          seconds_of(s->date, s->time));
    int64_t off = apart % QUARTER_S;
    return apart <= ZONES_S && (off <= NEAR_S || off >= QUARTER_S - NEAR_S);
}

/* Whether the two are still and film of one Live Photo, whatever their names: "IMG_1.HEIC"
 * may have "IMG_1(2).MOV". */
static bool of_one_live_photo(const alice__probe *p, const alice__sibling *s)
{
    const alice_text *id = &p->info.fact[ALICE_FACT_CONTENT_ID];
    return id->n && strlen(s->content_id) == id->n &&
           memcmp(s->content_id, id->p, id->n) == 0 &&
           (alice__name_kind_of(p->file.name)->partner == ALICE__PARTNER_VIDEO) !=
               (alice__name_kind_of(s->name)->partner == ALICE__PARTNER_VIDEO);
}

/* Whether the two stand or stood in their folder together, as far as is known. */
static bool of_one_time(const search *t, const alice__sibling *s)
{
    alice__fs_stat there;
    return (t->x->run_first && s->id >= t->x->run_first) ||
           (alice__fs_stat_at(alice__folder_fd(t->p->folder), s->name, &there) == 0 &&
            there.mtime_ns == s->mtime_ns);
}

static bool look(void *ctx, const alice__sibling *s)
{
    search *t = ctx;
    alice__group *g = t->found;
    alice__bond bond = alice__group_bond(t->p->file.name, s->name, g->suffix);
    t->behind = false;
    if (bond == ALICE__BOND_NONE &&
        alice__group_bond(s->name, t->p->file.name, g->suffix) != 0) {
        bond = alice__group_follows(s->name) ? ALICE__BOND_NAME : ALICE__BOND_NONE;
        t->behind = true;
    }
    if (bond == ALICE__BOND_NONE && of_one_live_photo(t->p, s)) {
        bond = ALICE__BOND_NAME;
        t->behind = false;
        snprintf(g->suffix, sizeof g->suffix, "%s", strrchr(t->p->file.name, '.'));
    }
    if (bond == ALICE__BOND_NONE)
        return false;
    /* A camera counts to 9,999 and begins again, and a folder that was emptied is filled again:
       with a file of an earlier run that is gone a medium has to share more than a name. */
    bool medium = t->p->info.type != ALICE_MEDIA_NONE && !alice__group_follows(s->name);
    if ((bond == ALICE__BOND_SHOTS || (medium && !of_one_time(t, s))) &&
        !of_one_moment(t->p, s))
        return false;
    g->leader = s->id;
    g->placed = s->placed;
    return true;
}

alice_status alice__group_find(alice__flow *x, const alice__probe *p, int64_t dir,
                               alice__group *out)
{
    char from[ALICE__GROUP_NAME], to[ALICE__GROUP_NAME];
    search t = {.x = x, .p = p, .found = out};
    out->leader = 0;
    for (unsigned i = 0; out->leader == 0 && alice__group_range(p->file.name, i, from, to);
         i++) {
        alice_status st = alice__catalog_siblings(x->o->catalog, dir, from, to, look, &t);
        if (st != ALICE_OK)
            return st;
    }
    if (out->leader == 0)
        return ALICE_OK;
    /* One that is on its way may get another name, or none; and beside one that was placed
     * before, others may be on their way. */
    if (x->moving.on &&
        (x->batch_row == 0 || out->leader < x->batch_row || out->placed < x->batch_row)) {
        alice_status ended = alice__settle_now(x);
        return ended == ALICE_OK ? alice__group_find(x, p, dir, out) : ended;
    }
    alice_status st =
        alice__catalog_dest(x->o->catalog, out->placed, out->base, sizeof out->base);
    if (st != ALICE_OK)
        return st;
    size_t n = strlen(out->base), tail = 0;
    if (t.behind) {
        /* It stands there without the one that it follows: here that comes. */
        tail = strlen(out->suffix);
        if (tail < n && strcmp(out->base + n - tail, out->suffix) != 0)
            tail = n;
        snprintf(out->suffix, sizeof out->suffix, "%s", strrchr(p->file.name, '.'));
    } else {
        const char *dot = strrchr(out->base, '.');
        tail = dot ? strlen(dot) : n;
    }
    if (tail >= n) { /* no place to join: the twin is gone, or was renamed by hand */
        out->leader = 0;
        return ALICE_OK;
    }
    out->base[n - tail] = 0;
    if (t.behind) {
        char dest[ALICE__DEST_MAX];
        unsigned number = 1;
        st = alice__group_place(x, out, NULL, &number, dest, sizeof dest, &(bool){false});
        if (st == ALICE_OK && number > 1)
            out->leader = 0; /* the one that it follows is there: another of this name */
        st = st == ALICE_E_TOOBIG ? ALICE_OK : st;
    }
    return st;
}

/* Who is to get the place `dest`, and is not there yet: the row, or 0. */
static int64_t planned_at(const alice__flow *x, const char *dest)
{
    const alice__items *items = &x->o->items;
    char there[ALICE__DEST_MAX];
    int64_t id = 0;
    size_t n = 0;
    for (size_t i = items->count; i-- > 0;)
        if (items->all[i].dest && items->all[i].place && strcmp(items->all[i].dest, dest) == 0)
            return items->all[i].id;
    /* What a dry run would have placed before: a cache, so that it stays small. */
    if (x->o->options.dry_run &&
        (alice_cache_get_copy(x->o->folders, (alice_bytes){(const uint8_t *)dest, strlen(dest)},
                              &id, sizeof id, &n) != ALICE_OK ||
         n != sizeof id ||
         alice__catalog_dest(x->o->catalog, id, there, sizeof there) != ALICE_OK ||
         strcmp(there, dest) != 0)) /* it was left in the end */
        id = 0;
    return id;
}

/* Whether the very bytes of the file stand at `dest` already, or are to go there from the
 * source of the row `planned`. */
static alice_status has_bytes(alice__flow *x, const alice__probe *p, const char *dest,
                              int64_t planned, bool *same)
{
    const alice__reading_whole how = alice__organizer_reading(x->o);
    char path[ALICE__PATH_MAX];
    int from = -1, to = -1, r = -1;
    alice__fs_stat s;
    alice_status st = ALICE_OK;
    *same = false;
    if (!planned)
        r = alice__fs_open_read(x->o->organized_fd, dest, &to);
    else if (alice__catalog_source(x->o->catalog, planned, path, sizeof path) == ALICE_OK)
        r = alice__organizer_open_source(x->o, path, &to);
    if (r == 0 && alice__fs_stat_fd(to, &s) == 0 && s.size == p->file.stamp.size &&
        alice__fs_open_read(alice__folder_fd(p->folder), p->file.name, &from) == 0)
        st = alice__same_bytes(&how, from, to, s.size, same);
    alice__fs_close(from);
    alice__fs_close(to);
    return st;
}

alice_status alice__group_place(alice__flow *x, const alice__group *g, const alice__probe *p,
                                unsigned *number, char *dest, size_t size, bool *stands)
{
    alice_organizer *o = x->o;
    alice__fs_stat there;
    enum { MOST = 1000 };
    *stands = false;
    for (;; (*number)++) {
        char n[16] = "";
        if (*number > 1)
            snprintf(n, sizeof n, "-%u", *number);
        int made = snprintf(dest, size, "%s%s%s", g->base, n, g->suffix);
        if (made <= 0 || (size_t)made >= size || *number > MOST)
            return ALICE_E_TOOBIG;
        int64_t planned = planned_at(x, dest);
        if (!planned &&
            (o->organized_fd < 0 || alice__fs_stat_at(o->organized_fd, dest, &there) != 0))
            return ALICE_OK;
        alice_status st = p ? has_bytes(x, p, dest, planned, stands) : ALICE_OK;
        if (st != ALICE_OK || *stands)
            return st;
    }
}

alice_status alice__group_row_at(alice__flow *x, const alice__probe *p, const char *dest,
                                 int64_t *row)
{
    char there[ALICE__DEST_MAX];
    alice__candidate c;
    int64_t after = 0;
    *row = planned_at(x, dest);
    while (*row == 0) {
        alice_status st = alice__catalog_same(x->o->catalog, p->file.stamp.size, p->file.head,
                                              &after, there, sizeof there, &c);
        if (st != ALICE_OK || c.id == 0)
            return st;
        if (strcmp(there, dest) == 0)
            *row = c.id;
    }
    return ALICE_OK;
}

alice_status alice__group_head(alice__flow *x, alice__probe *p)
{
    alice_env env = alice__organizer_env(x->o, x->o->acc_batch);
    void *room = NULL;
    size_t want =
        p->file.stamp.size < ALICE__HEAD_BYTES ? (size_t)p->file.stamp.size : ALICE__HEAD_BYTES;
    size_t got = 0;
    int fd = -1;
    alice_status st = alice_env_alloc(&env, ALICE__HEAD_BYTES, ALICE_HERE, &room);
    if (st != ALICE_OK)
        return st;
    p->os_error = -alice__fs_open_read(alice__folder_fd(p->folder), p->file.name, &fd);
    if (p->os_error == 0)
        p->os_error = -alice__fs_read_at(fd, 0, room, want, &got);
    alice__fs_close(fd);
    if (p->os_error == 0 && got == want)
        p->file.head = alice__hash_of_bytes(room, got);
    else
        p->status = p->os_error ? alice__status_of_errno(p->os_error) : ALICE_E_CHANGED;
    alice_env_free(&env, room, ALICE__HEAD_BYTES);
    return ALICE_OK;
}
