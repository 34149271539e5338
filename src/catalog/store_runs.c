/* SPDX-License-Identifier: MIT */
/*
 * What the store knows of runs: written as they begin and end, the files of theirs that are in
 * doubt, and runs with their files read back and taken back.
 */
#include "catalog/store_int.h"

#include <string.h>

/* ---- runs written ---- */

alice_status alice__store_run_last(alice__store *s, char *organized, size_t size)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take(s, Q_RUN_LAST, &q);
    if (st != ALICE_OK)
        return st;
    *organized = 0;
    st = alice__sql_row(s, q, ALICE_E_END);
    if (st != ALICE_OK)
        return st == ALICE_E_END ? ALICE_OK : st;
    bool whole = alice__sql_copy_text(q, 0, organized, size);
    alice__sql_let_go(q);
    return whole ? ALICE_OK : ALICE_E_TOOBIG;
}

alice_status alice__store_run_newest(alice__store *s, int64_t most, int64_t *started_s)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_RUN_NEWEST, most, &q);
    if (st != ALICE_OK)
        return st;
    *started_s = 0;
    return alice__sql_run_number(s, q, started_s);
}

alice_status alice__store_run_add(alice__store *s, const alice__run *r, int64_t first,
                                  int64_t *id)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take(s, Q_RUN_ADD, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_text(q, 1, r->mode);
    alice__sql_bind_text(q, 2, r->inbox);
    alice__sql_bind_text(q, 3, r->organized);
    sqlite3_bind_int64(q, 4, r->started_s);
    sqlite3_bind_int64(q, 5, first);
    if (r->undoes)
        sqlite3_bind_int64(q, 6, r->undoes);
    st = alice__sql_run(s, q);
    if (st == ALICE_OK)
        *id = sqlite3_last_insert_rowid(s->db);
    return st;
}

alice_status alice__store_run_end(alice__store *s, int64_t id, const alice__run_totals *t)
{
    const int64_t numbers[] = {id,
                               t->ended_s,
                               t->finished,
                               (int64_t)t->tally.files,
                               (int64_t)t->tally.organized,
                               (int64_t)t->tally.skipped,
                               (int64_t)t->tally.duplicates,
                               (int64_t)t->tally.errors,
                               (int64_t)t->tally.bytes};
    return alice__sql_run_with(s, Q_RUN_END, numbers, sizeof numbers / sizeof *numbers);
}

/* ---- runs read back ---- */

/* Copy a column into what is left of `room`. */
static const char *keep_text(sqlite3_stmt *q, int at, char *room, size_t size, size_t *used,
                             alice_status *st)
{
    const char *text = alice__sql_text(q, at);
    size_t n = strlen(text) + 1;
    char *kept = room + *used;
    if (n > size - *used) {
        *st = ALICE_E_TOOBIG;
        return "";
    }
    memcpy(kept, text, n);
    *used += n;
    return kept;
}

alice_status alice__store_run_before(alice__store *s, int64_t before, char *room, size_t size,
                                     alice__run_row *out)
{
    sqlite3_stmt *q;
    size_t used = 0;
    alice_status st = alice__sql_take_id(s, Q_RUN_BEFORE, before, &q);
    if (st != ALICE_OK)
        return st;
    st = alice__sql_row(s, q, ALICE_E_END);
    if (st != ALICE_OK)
        return st;
    *out = (alice__run_row){.id = sqlite3_column_int64(q, 0),
                            .started_s = sqlite3_column_int64(q, 4),
                            .ended_s = sqlite3_column_int64(q, 5),
                            .finished = sqlite3_column_int(q, 6) != 0,
                            .tally = {.files = (uint64_t)sqlite3_column_int64(q, 7),
                                      .organized = (uint64_t)sqlite3_column_int64(q, 8),
                                      .skipped = (uint64_t)sqlite3_column_int64(q, 9),
                                      .duplicates = (uint64_t)sqlite3_column_int64(q, 10),
                                      .errors = (uint64_t)sqlite3_column_int64(q, 11),
                                      .bytes = (uint64_t)sqlite3_column_int64(q, 12)},
                            .undoes = sqlite3_column_int64(q, 13),
                            .first = sqlite3_column_int64(q, 14),
                            .end = sqlite3_column_int64(q, 15)};
    if (out->end == 0)
        out->end = INT64_MAX;
    out->mode = keep_text(q, 1, room, size, &used, &st);
    out->inbox = keep_text(q, 2, room, size, &used, &st);
    out->organized = keep_text(q, 3, room, size, &used, &st);
    alice__sql_let_go(q);
    return st;
}

alice_status alice__store_run_file(alice__store *s, const alice__run_row *of, int64_t after,
                                   char *room, size_t size, alice__run_file *out)
{
    sqlite3_stmt *q;
    size_t used = 0;
    alice_status st = alice__sql_take_id(s, of->undoes ? Q_UNDO_FILE : Q_RUN_FILE, of->id, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 2, of->undoes || after >= of->first ? after : of->first - 1);
    if (!of->undoes)
        sqlite3_bind_int64(q, 3, of->end);
    st = alice__sql_row(s, q, ALICE_E_END);
    if (st != ALICE_OK)
        return st;
    *out = (alice__run_file){.id = sqlite3_column_int64(q, 0),
                             .run = sqlite3_column_int64(q, 1),
                             .file.stamp = alice__sql_stamp(q, 5),
                             .state = (alice__state)sqlite3_column_int(q, 10),
                             .replaced = sqlite3_column_int(q, 11) != 0,
                             .move = sqlite3_column_int(q, 12) != 0,
                             .undo = (alice__undo_state)sqlite3_column_int(q, 17)};
    out->removed = sqlite3_column_int(q, 16) != 0;
    alice__sql_hash(q, 9, &out->file.head);
    if (sqlite3_column_int64(q, 15) > 0 && *(const char *)alice__sql_text(q, 4))
        out->of = sqlite3_column_int64(q, 15);
    out->folder = keep_text(q, 2, room, size, &used, &st);
    out->file.name = keep_text(q, 3, room, size, &used, &st);
    out->dest = keep_text(q, 4, room, size, &used, &st);
    out->other = keep_text(q, 13, room, size, &used, &st);
    out->why = keep_text(q, 14, room, size, &used, &st);
    alice__sql_let_go(q);
    return st;
}

alice_status alice__store_undo_set(alice__store *s, int64_t run_id, int64_t file,
                                   alice__undo_state undo)
{
    const int64_t numbers[] = {run_id, file, (int64_t)undo};
    return alice__sql_run_with(s, Q_UNDO_SET, numbers, 3);
}

alice_status alice__store_set_state(alice__store *s, int64_t id, alice__state state)
{
    const int64_t numbers[] = {id, (int64_t)state};
    return alice__sql_run_with(s, Q_SET_STATE, numbers, 2);
}

/* ---- files in doubt ---- */

alice_status alice__store_doubt_get(alice__store *s, int64_t after, int64_t to,
                                    alice__store_doubt *out)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_DOUBT, after, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 2, to);
    st = alice__sql_row(s, q, ALICE_E_END);
    if (st != ALICE_OK)
        return st;
    out->id = sqlite3_column_int64(q, 0);
    out->dir = alice__sql_text(q, 1);
    out->name = alice__sql_text(q, 2);
    out->dest = alice__sql_text(q, 3);
    out->stamp = alice__sql_stamp(q, 4);
    alice__sql_hash(q, 8, &out->head);
    const char *mode = alice__sql_text(q, 9);
    out->removed = !strcmp(mode, "remove");
    out->move = out->removed || !strcmp(mode, "move") || !strcmp(mode, "redate");
    out->of = sqlite3_column_int64(q, 10);
    return ALICE_OK;
}

void alice__store_doubt_end(alice__store *s)
{
    alice__sql_let_go(s->q[Q_DOUBT]);
}
