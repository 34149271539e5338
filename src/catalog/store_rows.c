/* SPDX-License-Identifier: MIT */
/*
 * What the store knows of files: their directories, words that many share, their rows, the
 * index of fingerprints and the next numbers.
 */
#include "base/place.h"
#include "catalog/store_int.h"

#include <stdio.h>
#include <string.h>

/* ---- directories ---- */

alice_status alice__store_dir_find(alice__store *s, const char *path, int64_t *id)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take(s, Q_DIR_FIND, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_text(q, 1, path);
    return alice__sql_run_number(s, q, id);
}

alice_status alice__store_dir_add(alice__store *s, int64_t id, const char *path)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_DIR_ADD, id, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_text(q, 2, path);
    return alice__sql_run(s, q);
}

alice_status alice__store_dir_last(alice__store *s, int64_t *id)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take(s, Q_DIR_LAST, &q);
    return st == ALICE_OK ? alice__sql_run_number(s, q, id) : st;
}

/* ---- words ---- */

/* The id of a text that many rows share; 0 for none. */
static alice_status word_id(alice__store *s, alice_text t, int64_t *id)
{
    sqlite3_stmt *q;
    uint32_t hash = 2166136261u;
    *id = 0;
    if (t.n == 0)
        return ALICE_OK;
    for (size_t i = 0; i < t.n; i++)
        hash = (hash ^ (uint8_t)t.p[i]) * 16777619u;
    alice__word *w = &s->words[(hash ^ hash >> 16) % ALICE__WORDS];
    if (w->id && w->n == t.n && !memcmp(w->text, t.p, t.n)) {
        *id = w->id;
        return ALICE_OK;
    }
    alice_status st = alice__sql_take(s, Q_WORD_FIND, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_fact(q, 1, t);
    st = alice__sql_run_number(s, q, id);
    if (st == ALICE_OK && *id == 0) {
        st = alice__sql_take(s, Q_WORD_ADD, &q);
        if (st != ALICE_OK)
            return st;
        alice__sql_bind_fact(q, 1, t);
        st = alice__sql_run(s, q);
        *id = sqlite3_last_insert_rowid(s->db);
    }
    if (st == ALICE_OK && t.n <= ALICE__WORD_MAX) {
        w->id = *id;
        w->n = (uint8_t)t.n;
        memcpy(w->text, t.p, t.n);
    }
    return st;
}

/* ---- rows ---- */

alice_status alice__store_scan(alice__store *s, int64_t dir, const char *name, int limit)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_SCAN, dir, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_text(q, 2, name);
    sqlite3_bind_int(q, 3, limit);
    return ALICE_OK;
}

alice_status alice__store_scan_next(alice__store *s, alice__known *out, const char **name)
{
    sqlite3_stmt *q = s->q[Q_SCAN];
    alice_status st = alice__sql_row(s, q, ALICE_E_END);
    if (st != ALICE_OK)
        return st;
    out->id = sqlite3_column_int64(q, 0);
    *name = alice__sql_text(q, 1);
    out->stamp = alice__sql_stamp(q, 2);
    out->state = (alice__state)sqlite3_column_int(q, 6);
    out->other = sqlite3_column_int64(q, 7);
    out->dest = alice__sql_text(q, 8);
    return ALICE_OK;
}

void alice__store_scan_end(alice__store *s)
{
    alice__sql_let_go(s->q[Q_SCAN]);
}

alice_status alice__store_siblings(alice__store *s, int64_t dir, const char *from,
                                   const char *to, alice__sibling_fn each, void *ctx,
                                   bool *enough)
{
    sqlite3_stmt *q;
    int rc = SQLITE_DONE;
    alice_status st = alice__sql_take_id(s, Q_SIBLINGS, dir, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_text(q, 2, from);
    alice__sql_bind_text(q, 3, to);
    while (!*enough && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(q, 0), other = sqlite3_column_int64(q, 1);
        const alice__sibling sibling = {
            .id = id,
            .placed = other > 0 ? other : id,
            .name = alice__sql_text(q, 2),
            .mtime_ns = sqlite3_column_int64(q, 3),
            .date = sqlite3_column_int(q, 4),
            .time = sqlite3_column_type(q, 5) == SQLITE_NULL ? -1 : sqlite3_column_int(q, 5),
            .content_id = alice__sql_text(q, 6),
            .generated = sqlite3_column_int64(q, 7) != 0};
        *enough = each(ctx, &sibling);
    }
    if (!*enough && rc != SQLITE_DONE)
        st = alice__sql_failed(s, rc);
    alice__sql_let_go(q);
    return st;
}

alice_status alice__store_row_get(alice__store *s, int64_t id, alice__store_row *out)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_ROW_GET, id, &q);
    if (st != ALICE_OK)
        return st;
    st = alice__sql_row(s, q, ALICE_E_NOENT);
    if (st != ALICE_OK)
        return st;
    out->stamp = alice__sql_stamp(q, 0);
    out->state = (alice__state)sqlite3_column_int(q, 4);
    alice__sql_hash(q, 5, &out->head);
    out->has_content = alice__sql_hash(q, 6, &out->content);
    out->dest = alice__sql_text(q, 7);
    out->other = sqlite3_column_int64(q, 8);
    return ALICE_OK;
}

/* One row by its id: the text of `column`, copied, and the number of the first where it is
 * asked for. */
static alice_status text_of_id(alice__store *s, int which, int64_t id, int column,
                               int64_t *first, char *text, size_t size)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, which, id, &q);
    if (st != ALICE_OK)
        return st;
    st = alice__sql_row(s, q, ALICE_E_NOENT);
    if (st != ALICE_OK)
        return st;
    if (first)
        *first = sqlite3_column_int64(q, 0);
    bool whole = alice__sql_copy_text(q, column, text, size);
    alice__sql_let_go(q);
    return whole ? ALICE_OK : ALICE_E_TOOBIG;
}

alice_status alice__store_row_place(alice__store *s, int64_t id, int64_t *dir, char *name,
                                    size_t size)
{
    return text_of_id(s, Q_ROW_PLACE, id, 1, dir, name, size);
}

alice_status alice__store_dir_path(alice__store *s, int64_t dir, char *path, size_t size)
{
    return text_of_id(s, Q_DIR_PATH, dir, 0, NULL, path, size);
}

void alice__store_row_end(alice__store *s)
{
    if (s->q[Q_ROW_GET])
        alice__sql_let_go(s->q[Q_ROW_GET]);
}

static alice_text text_of(const char *p)
{
    return (alice_text){.p = p, .n = p ? strlen(p) : 0};
}

enum { INFO_WORDS = 7 }; /* words of a row, in the order of word_columns */
static const int word_columns[INFO_WORDS] = {14, 18, 19, 20, 21, 22, 23};

static alice_status info_words(alice__store *s, const alice_media_info *info,
                               int64_t ids[INFO_WORDS])
{
    const alice_text texts[INFO_WORDS] = {
        text_of(alice_media_name(info->type)),
        text_of(info->date.year ? alice_date_source_name(info->date_source) : NULL),
        info->fact[ALICE_FACT_MAKE],
        info->fact[ALICE_FACT_MODEL],
        info->fact[ALICE_FACT_SOFTWARE],
        text_of(alice_generator_name(info->generator)),
        text_of(info->generator_source),
    };
    alice_status st = ALICE_OK;
    for (int i = 0; i < INFO_WORDS && st == ALICE_OK; i++)
        st = word_id(s, texts[i], &ids[i]);
    return st;
}

static void bind_date(sqlite3_stmt *q, const alice_date *d)
{
    if (d->year)
        sqlite3_bind_int(q, 15, d->year * 10000 + d->month * 100 + d->day);
    if (d->year && d->has_time)
        sqlite3_bind_int(q, 16, d->hour * 10000 + d->minute * 100 + d->second);
    if (d->year && d->has_zone)
        sqlite3_bind_int(q, 17, d->zone_minutes);
}

static void bind_info(sqlite3_stmt *q, const alice_media_info *info,
                      const int64_t ids[INFO_WORDS])
{
    for (int i = 0; i < INFO_WORDS; i++)
        if (ids[i])
            sqlite3_bind_int64(q, word_columns[i], ids[i]);
    bind_date(q, &info->date);
    if (info->ai_edited)
        sqlite3_bind_int(q, 24, 1);
    if (info->width)
        sqlite3_bind_int64(q, 25, info->width);
    if (info->height)
        sqlite3_bind_int64(q, 26, info->height);
    alice__sql_bind_fact(q, 27, info->fact[ALICE_FACT_CONTENT_ID]);
}

static const alice_fact ai_facts[] = {ALICE_FACT_PROMPT, ALICE_FACT_NEGATIVE_PROMPT,
                                      ALICE_FACT_AI_MODEL, ALICE_FACT_SEED, ALICE_FACT_SAMPLER};
enum { AI_FACTS = sizeof ai_facts / sizeof *ai_facts };

static alice_status add_ai(alice__store *s, int64_t id, const alice_media_info *info)
{
    sqlite3_stmt *q;
    bool any = false;
    for (int i = 0; i < AI_FACTS; i++)
        any = any || info->fact[ai_facts[i]].n > 0;
    if (!any)
        return ALICE_OK;
    alice_status st = alice__sql_take_id(s, Q_AI_ADD, id, &q);
    if (st != ALICE_OK)
        return st;
    for (int i = 0; i < AI_FACTS; i++)
        alice__sql_bind_fact(q, 2 + i, info->fact[ai_facts[i]]);
    return alice__sql_run(s, q);
}

static alice_status add_place(alice__store *s, int64_t id, const alice_media_info *info)
{
    const int64_t numbers[] = {id, alice__place_number(info->latitude),
                               alice__place_number(info->longitude)};
    return alice__sql_run_with(s, Q_PLACE_ADD, numbers, 3);
}

/* What the date of a row was lent, or that it was lent nothing. */
static alice_status note_lent(alice__store *s, int64_t id, const alice_date *date)
{
    const int64_t numbers[] = {id, date->zone_minutes};
    return date->zone_borrowed ? alice__sql_run_with(s, Q_LENT_SET, numbers, 2)
                               : alice__sql_run_with(s, Q_LENT_DELETE, numbers, 1);
}

alice_status alice__store_row_add(alice__store *s, int64_t id, const alice__row *row)
{
    sqlite3_stmt *q;
    int64_t ids[INFO_WORDS] = {0};
    alice_status st = row->info ? info_words(s, row->info, ids) : ALICE_OK;
    if (st == ALICE_OK)
        st = alice__sql_take_id(s, Q_ROW_ADD, id, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 2, row->dir_id);
    alice__sql_bind_text(q, 3, row->file.name);
    sqlite3_bind_int64(q, 4, (int64_t)row->file.stamp.size);
    sqlite3_bind_int64(q, 5, row->file.stamp.mtime_ns);
    sqlite3_bind_int64(q, 6, row->file.stamp.ctime_ns);
    sqlite3_bind_int64(q, 7, (int64_t)row->file.stamp.inode);
    sqlite3_bind_int(q, 8, (int)row->state);
    sqlite3_bind_int64(q, 9, row->run_id);
    if (row->dest)
        alice__sql_bind_text(q, 10, row->dest);
    if (row->file.head.low | row->file.head.high)
        alice__sql_bind_hash(s, q, 11, 0, row->file.head);
    if (row->has_content)
        alice__sql_bind_hash(s, q, 12, 1, row->content);
    if (row->other)
        sqlite3_bind_int64(q, 13, row->other);
    if (row->info)
        bind_info(q, row->info, ids);

    int rc = sqlite3_step(q);
    if (rc == SQLITE_CONSTRAINT_UNIQUE)
        st = ALICE_E_EXISTS;
    else if (rc != SQLITE_DONE)
        st = alice__sql_failed(s, rc);
    alice__sql_let_go(q);
    if (st == ALICE_OK && row->info)
        st = add_ai(s, id, row->info);
    if (st == ALICE_OK && row->info && row->info->placed)
        st = add_place(s, id, row->info);
    if (st == ALICE_OK && row->info && row->info->date.zone_borrowed)
        st = note_lent(s, id, &row->info->date);
    return st;
}

alice_status alice__store_doubted(alice__store *s, int64_t today, char *dest, size_t size,
                                  int64_t *id, alice__stamp *stamp)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_DOUBTED, -today, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_text(q, 2, dest);
    st = alice__sql_row(s, q, ALICE_E_END);
    if (st != ALICE_OK)
        return st;
    *id = sqlite3_column_int64(q, 0);
    *stamp = alice__sql_stamp(q, 1);
    bool whole = alice__sql_copy_text(q, 5, dest, size);
    alice__sql_let_go(q);
    return whole ? ALICE_OK : ALICE_E_DAMAGED;
}

alice_status alice__store_redate(alice__store *s, int64_t id, const char *dest,
                                 const alice_media_info *info)
{
    sqlite3_stmt *q;
    int64_t ids[INFO_WORDS] = {0};
    alice_status st = info ? info_words(s, info, ids) : ALICE_OK;
    if (st == ALICE_OK)
        st = alice__sql_take_id(s, Q_REDATE, id, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_text(q, 2, dest);
    if (info) {
        bind_date(q, &info->date);
        sqlite3_bind_int64(q, 18, ids[1]);
    }
    st = alice__sql_run(s, q);
    return st == ALICE_OK && info ? note_lent(s, id, &info->date) : st;
}

alice_status alice__store_row_replace(alice__store *s, int64_t id, int64_t dir,
                                      const char *name)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_ROW_FIND, dir, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_text(q, 2, name);
    st = alice__sql_row(s, q, ALICE_E_END);
    if (st != ALICE_OK)
        return st == ALICE_E_END ? ALICE_OK : st;
    int64_t old = sqlite3_column_int64(q, 0);
    int state = sqlite3_column_int(q, 1);
    alice__sql_let_go(q);
    if (state != ALICE__PLACED && state != ALICE__UNDONE)
        return alice__store_row_delete(s, old);
    const int64_t numbers[] = {old, id};
    return alice__sql_run_with(s, Q_ROW_REPLACED, numbers, 2);
}

alice_status alice__store_tell_as(alice__store *s, int64_t id, alice__store *of, int64_t twin)
{
    enum { TOLD = 5 };
    sqlite3_stmt *from, *to;
    alice_status st = alice__sql_take_id(s, Q_TELL, id, &to);
    if (st == ALICE_OK)
        st = alice__sql_take_id(of, Q_TOLD, twin, &from);
    if (st == ALICE_OK)
        st = alice__sql_row(of, from, ALICE_E_END);
    if (st != ALICE_OK)
        return st == ALICE_E_END ? ALICE_OK : st;
    for (int i = 0; i < TOLD; i++)
        sqlite3_bind_value(to, 2 + i, sqlite3_column_value(from, i));
    alice__sql_let_go(from);
    return alice__sql_run(s, to);
}

/* The id of a title, made where there is none. */
static alice_status album_id(alice__store *s, const char *title, int64_t *id)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take(s, Q_ALBUM_FIND, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_text(q, 1, title);
    st = alice__sql_run_number(s, q, id);
    if (st != ALICE_OK || *id)
        return st;
    st = alice__store_begin(s);
    if (st == ALICE_OK)
        st = alice__sql_take(s, Q_ALBUM_ADD, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_text(q, 1, title);
    st = alice__sql_run(s, q);
    *id = sqlite3_last_insert_rowid(s->db);
    return st;
}

alice_status alice__store_album(alice__store *s, int64_t id, char *buf, size_t size)
{
    sqlite3_stmt *q;
    *buf = 0;
    alice_status st = alice__sql_take_id(s, Q_ALBUM_OF, id, &q);
    if (st == ALICE_OK)
        st = alice__sql_row(s, q, ALICE_E_END);
    if (st != ALICE_OK)
        return st == ALICE_E_END ? ALICE_OK : st;
    snprintf(buf, size, "%s", alice__sql_text(q, 0));
    alice__sql_let_go(q);
    return ALICE_OK;
}

alice_status alice__store_in_album(alice__store *s, int64_t id, const char *title, bool earlier)
{
    sqlite3_stmt *q;
    int64_t numbers[] = {id, 0}, there = 0;
    alice_status st = album_id(s, title, &numbers[1]);
    if (st == ALICE_OK)
        st = alice__sql_take_id(s, Q_IN_ALBUM, id, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 2, numbers[1]);
    st = alice__sql_run_number(s, q, &there);
    if (st != ALICE_OK || there)
        return st;
    st = alice__store_begin(s);
    if (st == ALICE_OK)
        st = alice__sql_run_with(s, Q_IN_ALBUM_ADD, numbers, 2);
    return st == ALICE_OK && earlier ? alice__sql_run_with(s, Q_CHANGE_ADD, &id, 1) : st;
}

alice_status alice__store_row_delete(alice__store *s, int64_t id)
{
    alice_status st = alice__sql_run_with(s, Q_ROW_DELETE, &id, 1);
    if (st == ALICE_OK)
        st = alice__sql_run_with(s, Q_IN_ALBUM_DELETE, &id, 1);
    if (st == ALICE_OK)
        st = alice__sql_run_with(s, Q_AI_DELETE, &id, 1);
    return st == ALICE_OK ? alice__sql_run_with(s, Q_PLACE_DELETE, &id, 1) : st;
}

alice_status alice__store_orphans_delete(alice__store *s, int64_t from, int64_t to)
{
    const int64_t ids[] = {from, to};
    alice_status st = alice__sql_run_with(s, Q_ORPHAN_AI_DELETE, ids, 2);
    if (st == ALICE_OK)
        st = alice__sql_run_with(s, Q_ORPHAN_PLACES_DELETE, ids, 2);
    return st == ALICE_OK ? alice__sql_run_with(s, Q_ORPHANS_DELETE, ids, 2) : st;
}

alice_status alice__store_set_content(alice__store *s, int64_t id, alice__hash content)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_SET_CONTENT, id, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_hash(s, q, 2, 0, content);
    return alice__sql_run(s, q);
}

alice_status alice__store_set_dest(alice__store *s, int64_t id, const char *dest)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_SET_DEST, id, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_text(q, 2, dest);
    return alice__sql_run(s, q);
}

alice_status alice__store_pending(alice__store *s, int64_t after)
{
    sqlite3_stmt *q;
    return alice__sql_take_id(s, Q_PENDING, after, &q);
}

alice_status alice__store_pending_next(alice__store *s, int64_t *id, uint64_t *size,
                                       alice__hash *head)
{
    sqlite3_stmt *q = s->q[Q_PENDING];
    alice_status st = alice__sql_row(s, q, ALICE_E_END);
    if (st != ALICE_OK)
        return st;
    *id = sqlite3_column_int64(q, 0);
    *size = (uint64_t)sqlite3_column_int64(q, 1);
    alice__sql_hash(q, 2, head);
    return ALICE_OK;
}

void alice__store_pending_end(alice__store *s)
{
    alice__sql_let_go(s->q[Q_PENDING]);
}

alice_status alice__store_placed(alice__store *s, int64_t before, int64_t *after,
                                 alice__placed *out, char *dest, size_t dest_size)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_PLACED, *after, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 2, before);
    st = alice__sql_row(s, q, ALICE_E_END);
    if (st != ALICE_OK)
        return st;
    *out = (alice__placed){.id = sqlite3_column_int64(q, 0),
                           .stamp = {.size = (uint64_t)sqlite3_column_int64(q, 1),
                                     .mtime_ns = sqlite3_column_int64(q, 2)},
                           .replaced = sqlite3_column_int(q, 5) != 0,
                           .run = sqlite3_column_int64(q, 7)};
    out->has_head = alice__sql_hash(q, 3, &out->head);
    out->has_content = alice__sql_hash(q, 4, &out->content);
    *after = out->id;
    bool whole = alice__sql_copy_text(q, 6, dest, dest_size);
    alice__sql_let_go(q);
    return whole ? ALICE_OK : ALICE_E_TOOBIG;
}

/* ---- the index of fingerprints ---- */

alice_status alice__store_fingerprint_add(alice__store *s, uint32_t key, int64_t id)
{
    const int64_t numbers[] = {(int32_t)key, id}; /* the key is four bytes on disk */
    return alice__sql_run_with(s, Q_PRINT_ADD, numbers, 2);
}

/* A statement of a number and an id, which answers one number at most. */
static alice_status ask_two(alice__store *s, int which, int64_t first, int64_t second,
                            int64_t *out)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, which, first, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 2, second);
    return alice__sql_run_number(s, q, out);
}

alice_status alice__store_fingerprint_next(alice__store *s, uint32_t key, int64_t after,
                                           int64_t *id)
{
    return ask_two(s, Q_PRINT_NEXT, (int32_t)key, after, id);
}

/* ---- files that are told apart by more than their heads ---- */

alice_status alice__store_alike_add(alice__store *s, uint64_t print, int64_t id)
{
    const int64_t numbers[] = {(int64_t)print, id};
    return alice__sql_run_with(s, Q_ALIKE_ADD, numbers, 2);
}

alice_status alice__store_alike_next(alice__store *s, uint64_t print, int64_t after,
                                     int64_t *id)
{
    return ask_two(s, Q_ALIKE_NEXT, (int64_t)print, after, id);
}

alice_status alice__store_chain_get(alice__store *s, uint64_t print, int64_t *upto)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_CHAIN_GET, (int64_t)print, &q);
    return st == ALICE_OK ? alice__sql_run_number(s, q, upto) : st;
}

alice_status alice__store_chain_set(alice__store *s, uint64_t print, int64_t upto)
{
    const int64_t numbers[] = {(int64_t)print, upto};
    return alice__sql_run_with(s, Q_CHAIN_SET, numbers, 2);
}

/* ---- numbers ---- */

alice_status alice__store_number_get(alice__store *s, const char *project, const char *source,
                                     uint64_t *next)
{
    sqlite3_stmt *q;
    int64_t n = 0;
    alice_status st = alice__sql_take(s, Q_NUMBER_GET, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_text(q, 1, project);
    alice__sql_bind_text(q, 2, source);
    st = alice__sql_run_number(s, q, &n);
    if (st == ALICE_OK)
        *next = (uint64_t)n;
    return st;
}

alice_status alice__store_number_set(alice__store *s, const char *project, const char *source,
                                     uint64_t next)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take(s, Q_NUMBER_SET, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_text(q, 1, project);
    alice__sql_bind_text(q, 2, source);
    sqlite3_bind_int64(q, 3, (int64_t)next);
    return alice__sql_run(s, q);
}

/* One by one: what SQLite would note of many it writes to a file of its own. */
alice_status alice__store_numbers_drop(alice__store *s, const char *sources)
{
    char project[ALICE__COUNTER_MAX] = "", source[ALICE__COUNTER_MAX] = "";
    sqlite3_stmt *q;
    alice_status st;
    while ((st = alice__sql_take(s, Q_NUMBERS_NEXT, &q)) == ALICE_OK) {
        alice__sql_bind_text(q, 1, project);
        alice__sql_bind_text(q, 2, source);
        alice__sql_bind_text(q, 3, sources);
        st = alice__sql_row(s, q, ALICE_E_END);
        if (st != ALICE_OK)
            break;
        bool whole = alice__sql_copy_text(q, 0, project, sizeof project) &&
                     alice__sql_copy_text(q, 1, source, sizeof source);
        alice__sql_let_go(q);
        st = whole ? alice__sql_take(s, Q_NUMBER_DROP, &q) : ALICE_E_DAMAGED;
        if (st != ALICE_OK)
            break;
        alice__sql_bind_text(q, 1, project);
        alice__sql_bind_text(q, 2, source);
        st = alice__sql_run(s, q);
        if (st != ALICE_OK)
            break;
    }
    return st == ALICE_E_END ? ALICE_OK : st;
}
