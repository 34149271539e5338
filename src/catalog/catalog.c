/* SPDX-License-Identifier: MIT */
/*
 * The catalog over its databases: here batches, directories, numbers and rows. catalog_open.c
 * opens it, catalog_known.c has the windows, catalog_same.c the fingerprints, catalog_runs.c
 * the runs.
 *
 *              known()     same()                  number()    add() …
 *                │           │                       │           │
 *           windows  fingerprints (memory) ─merge▶   cache       │
 *                │           │                       │           │
 *                └───────────┴── top (written) ◀─────┴───────────┘
 *                                base (a dry run's: read only)
 *
 * In a dry run the catalog that stands is `base` and everything new goes to
 * `top`, a scratch database whose ids continue those of base, so that an id
 * tells which of the two has the row.
 *
 * Invariants:
 *  - `now` is what the next commit will write, `saved` what the last one wrote.
 *  - fingerprints holds exactly the placed rows above now.merged, unless `stale`.
 *  - A window tells the truth about the names in [lo, last row], or [lo, end of
 *    the directory) when it is whole.
 */
#include "catalog/catalog_int.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* ---- what all parts use ---- */

alice__store *alice__catalog_store_of(const alice__catalog *c, int64_t id)
{
    return c->base && id < c->base_files ? c->base : c->top;
}

alice__store *alice__catalog_before(const alice__catalog *c)
{
    return c->base ? c->base : c->top;
}

const char *alice__catalog_why(const alice__catalog *c)
{
    const char *why = alice__store_why(c->top);
    return why[0] || !c->base ? why : alice__store_why(c->base);
}

alice_status alice__catalog_told(const alice__catalog *c, alice_status st, alice_error *error)
{
    if (st != ALICE_OK)
        alice__fail(error, st, 0, "%s", alice__catalog_why(c));
    return st;
}

void alice__catalog_forget_all(alice__catalog *c)
{
    alice__catalog_forget_windows(c);
    memset(c->numbers, 0, sizeof c->numbers);
    c->stale = true;
}

/* ---- directories ---- */

alice_status alice__catalog_dir(alice__catalog *c, const char *path, bool create,
                                int64_t *dir_id)
{
    int64_t id = 0;
    alice_status st = c->base ? alice__store_dir_find(c->base, path, &id) : ALICE_OK;
    if (st == ALICE_OK && id == 0)
        st = alice__store_dir_find(c->top, path, &id);
    if (st == ALICE_OK && id == 0 && create) {
        st = alice__store_begin(c->top);
        if (st == ALICE_OK)
            st = alice__store_dir_add(c->top, c->next_dir, path);
        if (st == ALICE_OK)
            id = c->next_dir++;
    }
    if (st == ALICE_OK)
        *dir_id = id;
    return st;
}

/* ---- numbers ---- */

static alice_status number_write(alice__catalog *c, alice__number *slot)
{
    alice_status st = alice__store_begin(c->top);
    if (st == ALICE_OK)
        st = alice__store_number_set(c->top, slot->key, slot->key + strlen(slot->key) + 1,
                                     slot->next);
    if (st == ALICE_OK)
        slot->dirty = false;
    return st;
}

static alice_status number_read(alice__catalog *c, const char *project, const char *source,
                                uint64_t *next)
{
    *next = 0;
    alice_status st = alice__store_number_get(c->top, project, source, next);
    if (st == ALICE_OK && *next == 0 && c->base)
        st = alice__store_number_get(c->base, project, source, next);
    if (st == ALICE_OK && *next == 0)
        *next = 1;
    return st;
}

/* Answers the next number, and makes the one after it `past` + 1, or, where `past` is 0, the
   following. */
static alice_status take_number(alice__catalog *c, const char *project, const char *source,
                                uint64_t past, uint64_t *out)
{
    size_t np = strlen(project) + 1, ns = strlen(source) + 1;
    uint32_t hash = 2166136261u;
    uint64_t next;
    alice_status st;
    if (np + ns > ALICE__NUMBER_KEY) { /* too long to be remembered */
        st = number_read(c, project, source, &next);
        if (st == ALICE_OK)
            st = alice__store_begin(c->top);
        if (st == ALICE_OK)
            st = alice__store_number_set(c->top, project, source,
                                         past == 0      ? next + 1
                                         : past >= next ? past + 1
                                                        : next);
        if (st == ALICE_OK)
            *out = next;
        return st;
    }
    char key[ALICE__NUMBER_KEY];
    memcpy(key, project, np);
    memcpy(key + np, source, ns);
    for (size_t i = 0; i < np + ns; i++)
        hash = (hash ^ (uint8_t)key[i]) * 16777619u;
    alice__number *slot = &c->numbers[(hash ^ hash >> 16) % ALICE__NUMBERS];
    if (slot->next == 0 || slot->n != np + ns || memcmp(slot->key, key, np + ns) != 0) {
        st = slot->dirty ? number_write(c, slot) : ALICE_OK;
        if (st == ALICE_OK)
            st = number_read(c, project, source, &next);
        if (st != ALICE_OK)
            return st;
        slot->next = next;
        slot->n = (uint8_t)(np + ns);
        memcpy(slot->key, key, np + ns);
    }
    *out = slot->next;
    if (past == 0)
        slot->next++;
    else if (past >= slot->next)
        slot->next = past + 1;
    slot->dirty |= slot->next != *out;
    return ALICE_OK;
}

alice_status alice__catalog_number(alice__catalog *c, const char *project, const char *source,
                                   uint64_t *number)
{
    return take_number(c, project, source, 0, number);
}

alice_status alice__catalog_number_past(alice__catalog *c, const char *project,
                                        const char *source, uint64_t past)
{
    uint64_t next;
    return past > 0 && past < INT64_MAX ? take_number(c, project, source, past, &next)
                                        : ALICE_OK;
}

static alice_status numbers_write(alice__catalog *c)
{
    alice_status st = ALICE_OK;
    for (int i = 0; i < ALICE__NUMBERS && st == ALICE_OK; i++)
        if (c->numbers[i].dirty)
            st = number_write(c, &c->numbers[i]);
    return st;
}

alice_status alice__catalog_drop_numbers(alice__catalog *c, const char *sources)
{
    alice_status st = numbers_write(c);
    if (st == ALICE_OK)
        st = alice__store_begin(c->top);
    if (st == ALICE_OK)
        st = alice__store_numbers_drop(c->top, sources);
    if (st == ALICE_OK)
        memset(c->numbers, 0, sizeof c->numbers);
    return st;
}

/* ---- rows ---- */

alice_status alice__catalog_add(alice__catalog *c, const alice__row *row, int64_t *id,
                                alice_error *error)
{
    int64_t new_id = c->now.next_file;
    alice_status st = alice__catalog_refresh(c);
    if (st == ALICE_OK)
        st = alice__store_begin(c->top);
    if (st == ALICE_OK)
        st = alice__store_row_add(c->top, new_id, row);
    if (st == ALICE_E_EXISTS) {
        st = alice__store_row_replace(c->top, new_id, row->dir_id, row->file.name);
        if (st == ALICE_OK)
            st = alice__store_row_add(c->top, new_id, row);
        if (st == ALICE_E_EXISTS)
            st = alice__store_damaged(c->top, "an index names a row that is not there");
    }
    if (st == ALICE_OK && row->state == ALICE__PLACED) {
        st = alice__catalog_remember(c, row->file.stamp.size, row->file.head, new_id);
        if (st == ALICE_OK && row->print)
            st = alice__catalog_list(c, row->print, new_id);
        if (st == ALICE_OK && row->print && row->chained)
            st = alice__catalog_set_chain(
                c, alice__print_next(row->file.stamp.size, row->file.head), new_id);
        c->now.placed++;
    }
    if (st != ALICE_OK)
        return alice__catalog_told(c, st, error);
    c->now.next_file++;
    alice__catalog_row_came(c, row->dir_id, row->file.name);
    *id = new_id;
    return ALICE_OK;
}

alice_status alice__catalog_forget(alice__catalog *c, int64_t id)
{
    alice__store_row row;
    if (alice__catalog_store_of(c, id) != c->top)
        return ALICE_OK;
    alice_status st = alice__store_row_get(c->top, id, &row);
    if (st != ALICE_OK)
        return st == ALICE_E_NOENT ? ALICE_OK : st;
    alice__store_row_end(c->top);
    st = alice__store_begin(c->top);
    if (st == ALICE_OK)
        st = alice__store_row_delete(c->top, id);
    if (st == ALICE_OK && row.state == ALICE__PLACED)
        c->now.placed--;
    c->windows[0]->dir = 0;
    return st;
}

alice_status alice__catalog_set_content(alice__catalog *c, int64_t id, alice__hash content)
{
    if (alice__catalog_store_of(c, id) != c->top)
        return ALICE_OK;
    alice_status st = alice__store_begin(c->top);
    return st == ALICE_OK ? alice__store_set_content(c->top, id, content) : st;
}

alice_status alice__catalog_tell_as(alice__catalog *c, int64_t id, int64_t twin)
{
    return alice__store_tell_as(c->top, id, alice__catalog_store_of(c, twin), twin);
}

alice_status alice__catalog_in_album(alice__catalog *c, int64_t id, const char *title)
{
    if (alice__catalog_store_of(c, id) != c->top)
        return ALICE_OK;
    return alice__store_in_album(c->top, id, title, id < c->saved.next_file);
}

alice_status alice__catalog_album(alice__catalog *c, int64_t id, char *buf, size_t size)
{
    return alice__store_album(alice__catalog_store_of(c, id), id, buf, size);
}

alice_status alice__catalog_moved(alice__catalog *c, int64_t id, const char *dest)
{
    if (alice__catalog_store_of(c, id) != c->top)
        return ALICE_OK;
    alice_status st = alice__store_begin(c->top);
    if (st == ALICE_OK)
        st = alice__store_set_dest(c->top, id, dest);
    if (st == ALICE_OK && (c->moved_from == 0 || id < c->moved_from))
        c->moved_from = id;
    return st;
}

alice_status alice__catalog_dest(alice__catalog *c, int64_t id, char *buf, size_t size)
{
    alice__stamp stamp;
    return alice__catalog_placed(c, id, &stamp, buf, size);
}

/* A row, nothing where there is none; its text until alice__store_row_end(). */
static alice_status row_if_any(alice__catalog *c, int64_t id, alice__store_row *row)
{
    *row = (alice__store_row){.dest = ""};
    alice_status st = alice__store_row_get(alice__catalog_store_of(c, id), id, row);
    return st == ALICE_E_NOENT ? ALICE_OK : st;
}

alice_status alice__catalog_placed(alice__catalog *c, int64_t id, alice__stamp *stamp,
                                   char *buf, size_t size)
{
    alice__store_row row;
    alice_status st = row_if_any(c, id, &row);
    int n = snprintf(buf, size, "%s", row.dest);
    *stamp = row.stamp;
    alice__store_row_end(alice__catalog_store_of(c, id));
    if (st != ALICE_OK)
        return st;
    return n >= 0 && (size_t)n < size ? ALICE_OK : ALICE_E_TOOBIG;
}

alice_status alice__catalog_head(alice__catalog *c, int64_t id, alice__hash *head)
{
    alice__store_row row;
    alice_status st = row_if_any(c, id, &row);
    *head = row.head;
    alice__store_row_end(alice__catalog_store_of(c, id));
    return st;
}

alice_status alice__catalog_refused_day(alice__catalog *c, int64_t id, int64_t *day)
{
    alice__store_row row;
    alice_status st = row_if_any(c, id, &row);
    *day = row.state == ALICE__PLACED && row.other < 0 ? -row.other : 0;
    alice__store_row_end(alice__catalog_store_of(c, id));
    return st;
}

alice_status alice__catalog_next_doubted(alice__catalog *c, int64_t today, char *dest,
                                         size_t dest_size, int64_t *id, alice__stamp *stamp)
{
    return alice__store_doubted(c->top, today, dest, dest_size, id, stamp);
}

alice_status alice__catalog_redated(alice__catalog *c, int64_t id, const char *dest,
                                    const alice_media_info *info)
{
    alice_status st = alice__store_begin(c->top);
    alice__catalog_forget_windows(c);
    return st == ALICE_OK ? alice__store_redate(c->top, id, dest, info) : st;
}

alice_status alice__catalog_next_placed(alice__catalog *c, int64_t before, int64_t *after,
                                        alice__placed *out, char *dest, size_t dest_size)
{
    if (c->dry_run && !c->base)
        return ALICE_E_END;
    if (before == 0 || (c->base && before > c->base_files))
        before = c->base ? c->base_files : c->now.next_file;
    alice_status st =
        alice__store_placed(c->base ? c->base : c->top, before, after, out, dest, dest_size);
    if (st == ALICE_OK)
        out->in_doubt = out->id >= c->saved.open_from && out->id < c->saved.open_to;
    return st;
}

alice_status alice__catalog_place(alice__catalog *c, int64_t id, int64_t *dir, char *name,
                                  size_t size)
{
    return alice__store_row_place(alice__catalog_store_of(c, id), id, dir, name, size);
}

alice_status alice__catalog_date(alice__catalog *c, int64_t id, alice_date *out)
{
    return alice__store_row_date(alice__catalog_store_of(c, id), id, out);
}

alice_status alice__catalog_lent(alice__catalog *c, int64_t id, int *minutes, bool *lent)
{
    return alice__store_lent(alice__catalog_store_of(c, id), id, minutes, lent);
}

alice_status alice__catalog_source(alice__catalog *c, int64_t id, char *buf, size_t size)
{
    char name[ALICE__NAME_ROOM];
    int64_t dir = 0;
    alice_status st =
        alice__store_row_place(alice__catalog_store_of(c, id), id, &dir, name, sizeof name);
    if (st != ALICE_OK)
        return st;
    alice__store *s = c->base && dir < c->base_dirs ? c->base : c->top;
    st = alice__store_dir_path(s, dir, buf, size);
    if (st != ALICE_OK)
        return st;
    size_t n = strlen(buf);
    int m = snprintf(buf + n, size - n, "/%s", name);
    return m > 0 && (size_t)m < size - n ? ALICE_OK : ALICE_E_TOOBIG;
}

/* ---- batches ---- */

alice_status alice__catalog_commit(alice__catalog *c, bool open, alice_error *error)
{
    /* Rows that get another name are in doubt again, and so are those in between: looking at
     * one too many does no harm. */
    int64_t from = c->moved_from ? c->moved_from : c->saved.next_file;
    bool closes = c->saved.open_from < c->saved.open_to;
    if (c->doubtful && c->saved.open_from < from)
        from = c->saved.open_from;
    alice_status st = numbers_write(c);
    /* Nothing happened: nothing to flush. */
    if (st == ALICE_OK && !alice__store_begun(c->top) && !closes)
        return ALICE_OK;
    if (st == ALICE_OK) {
        st = alice__lock_still(&c->lock, &c->env, error);
        if (st != ALICE_OK)
            return st;
    }
    open |= c->doubtful;
    c->now.open_from = open ? from : 0;
    c->now.open_to = open ? c->now.next_file : 0;
    if (st == ALICE_OK)
        st = alice__store_commit(c->top, &c->now);
    if (st != ALICE_OK)
        return alice__catalog_told(c, st, error);
    c->saved = c->now;
    c->moved_from = 0;
    c->saved_next_dir = c->next_dir;
    /* The batch is durable whatever happens here. What fails now fails again in the next batch,
     * which can still be rolled back. */
    if (!c->stale && c->fingerprints.count > c->fingerprints.limit - c->fingerprints.limit / 8)
        (void)alice__catalog_merge_between(c);
    return ALICE_OK;
}

void alice__catalog_keep_open(alice__catalog *c)
{
    int64_t from = c->saved.open_from;
    if (from < c->saved.open_to && (c->moved_from == 0 || from < c->moved_from))
        c->moved_from = from;
}

void alice__catalog_withdraw(alice__catalog *c)
{
    bool doubtful = c->doubtful;
    alice__catalog_rollback(c);
    c->doubtful = doubtful;
}

void alice__catalog_rollback(alice__catalog *c)
{
    alice__store_rollback(c->top);
    c->now = c->saved;
    c->moved_from = 0;
    c->doubtful = c->saved.open_from < c->saved.open_to;
    c->next_dir = c->saved_next_dir;
    alice__catalog_forget_all(c);
}

/* ---- the rest ---- */

alice__standing alice__catalog_standing(const alice__catalog *c)
{
    return c->standing;
}

size_t alice__catalog_shrink(alice__catalog *c, size_t wanted)
{
    size_t got = alice__store_shrink(c->top, wanted);
    if (got < wanted && c->base)
        got += alice__store_shrink(c->base, wanted - got);
    return got;
}

void alice__catalog_stats_get(const alice__catalog *c, alice__catalog_stats *out)
{
    out->rows = (uint64_t)c->now.placed;
    alice__store_written(c->top, &out->bytes_written, &out->flushes);
}
