/* SPDX-License-Identifier: MIT */
/* The organized files as the store tells them: to people, and to an index over the catalog. */
#include "base/place.h"
#include "catalog/store_int.h"

void alice__sql_organized(sqlite3_stmt *q, alice__organized *out)
{
    *out = (alice__organized){.id = sqlite3_column_int64(q, 15),
                              .latitude = sqlite3_column_int(q, 13),
                              .longitude = sqlite3_column_int(q, 14),
                              .has_time = sqlite3_column_type(q, 3) != SQLITE_NULL,
                              .file = {.path = alice__sql_text(q, 0),
                                       .bytes = (uint64_t)sqlite3_column_int64(q, 1),
                                       .day = (uint32_t)sqlite3_column_int64(q, 2),
                                       .time = (uint32_t)sqlite3_column_int64(q, 3),
                                       .type = alice__sql_text(q, 4),
                                       .date_source = alice__sql_text(q, 5),
                                       .make = alice__sql_text(q, 6),
                                       .model = alice__sql_text(q, 7),
                                       .generator = alice__sql_text(q, 8),
                                       .ai_model = alice__sql_text(q, 9),
                                       .seed = alice__sql_text(q, 10),
                                       .prompt = alice__sql_text(q, 11),
                                       .negative_prompt = alice__sql_text(q, 12),
                                       .placed = sqlite3_column_type(q, 13) != SQLITE_NULL,
                                       .albums = alice__sql_text(q, 16 + ALICE__SAID)}};
    out->file.latitude = (double)out->latitude / ALICE__DEGREE;
    out->file.longitude = (double)out->longitude / ALICE__DEGREE;
    for (int i = 0; i < ALICE__SAID; i++)
        out->word[i] = sqlite3_column_int64(q, 16 + i);
}

/* The rows of a statement that is bound. */
static alice_status tell(alice__store *s, sqlite3_stmt *q, alice__organized_fn each, void *ctx)
{
    alice__organized file;
    alice_status st;
    while ((st = alice__sql_row(s, q, ALICE_E_END)) == ALICE_OK) {
        alice__sql_organized(q, &file);
        st = each(ctx, &file);
        if (st != ALICE_OK) {
            alice__sql_let_go(q);
            break;
        }
    }
    return st == ALICE_E_END ? ALICE_OK : st;
}

typedef struct for_people {
    bool (*each)(void *ctx, const alice_library_file *file);
    void *ctx;
} for_people;

static alice_status tell_people(void *ctx, const alice__organized *file)
{
    for_people *p = ctx;
    return p->each(p->ctx, &file->file) ? ALICE_OK : ALICE_E_END;
}

alice_status alice__store_library(alice__store *s, bool by_date,
                                  bool (*each)(void *ctx, const alice_library_file *file),
                                  void *ctx)
{
    sqlite3_stmt *q;
    for_people people = {.each = each, .ctx = ctx};
    alice_status st = alice__sql_take(s, by_date ? Q_LIBRARY_BY_DATE : Q_LIBRARY, &q);
    return st == ALICE_OK ? tell(s, q, tell_people, &people) : st;
}

alice_status alice__store_organized(alice__store *s, const alice__organized_part *part,
                                    alice__organized_fn each, void *ctx)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take(s, part->back ? Q_LIBRARY_BACK : Q_LIBRARY_PART, &q);
    if (st != ALICE_OK)
        return st;
    if (!part->back) {
        sqlite3_bind_int64(q, 1, part->from);
        sqlite3_bind_int64(q, 2, part->to);
    }
    return tell(s, q, each, ctx);
}

alice_status alice__store_changed(alice__store *s, int64_t after, int64_t before,
                                  alice__organized_fn each, void *ctx)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_LIBRARY_CHANGED, after, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 2, before);
    return tell(s, q, each, ctx);
}

alice_status alice__store_changes(alice__store *s, int64_t after,
                                  alice_status (*each)(void *ctx, const alice__change *change),
                                  void *ctx)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_CHANGES, after, &q);
    if (st != ALICE_OK)
        return st;
    while ((st = alice__sql_row(s, q, ALICE_E_END)) == ALICE_OK) {
        const alice__change change = {.at = sqlite3_column_int64(q, 0),
                                      .file = sqlite3_column_int64(q, 1),
                                      .day = (uint32_t)sqlite3_column_int64(q, 2),
                                      .time = (uint32_t)sqlite3_column_int64(q, 3),
                                      .has_time = sqlite3_column_type(q, 3) != SQLITE_NULL};
        st = each(ctx, &change);
        if (st != ALICE_OK) {
            alice__sql_let_go(q);
            return st;
        }
    }
    return st == ALICE_E_END ? ALICE_OK : st;
}

alice_status alice__store_words(alice__store *s, int64_t after,
                                alice_status (*each)(void *ctx, int64_t id, const char *text),
                                void *ctx)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_WORDS, after, &q);
    if (st != ALICE_OK)
        return st;
    while ((st = alice__sql_row(s, q, ALICE_E_END)) == ALICE_OK) {
        st = each(ctx, sqlite3_column_int64(q, 0), alice__sql_text(q, 1));
        if (st != ALICE_OK) {
            alice__sql_let_go(q);
            return st;
        }
    }
    return st == ALICE_E_END ? ALICE_OK : st;
}

alice_status alice__store_point(alice__store *s, alice__catalog_point *out)
{
    sqlite3_stmt *q;
    alice__store_batch batch;
    alice__store_tree tree;
    *out = (alice__catalog_point){0};
    alice_status st = alice__store_batch_get(s, &batch);
    if (st == ALICE_OK)
        st = alice__store_tree_get(s, &tree);
    if (st == ALICE_OK)
        st = alice__sql_take(s, Q_CHANGE_LAST, &q);
    if (st == ALICE_OK)
        st = alice__sql_run_number(s, q, &out->change);
    if (st == ALICE_OK)
        st = alice__sql_take(s, Q_RUN_LATEST, &q);
    if (st != ALICE_OK)
        return st;
    out->tree = tree.id;
    out->next_file = batch.next_file;
    st = alice__sql_row(s, q, ALICE_E_END);
    if (st != ALICE_OK)
        return st == ALICE_E_END ? ALICE_OK : st;
    out->run = sqlite3_column_int64(q, 0);
    out->started_s = sqlite3_column_int64(q, 1);
    alice__sql_let_go(q);
    return ALICE_OK;
}

alice_status alice__store_goes_on(alice__store *s, const alice__catalog_point *then,
                                  const alice__catalog_point *now, bool *out)
{
    sqlite3_stmt *q;
    int64_t started = 0, first = 0;
    *out = false;
    if (then->tree != now->tree || then->next_file > now->next_file ||
        then->change > now->change || then->run > now->run)
        return ALICE_OK;
    alice_status st = alice__sql_take_id(s, Q_RUN_STARTED, then->run, &q);
    if (st == ALICE_OK)
        st = alice__sql_run_number(s, q, &started);
    if (st == ALICE_OK)
        st = alice__sql_take_id(s, Q_RUN_FIRST, then->run, &q);
    if (st == ALICE_OK)
        st = alice__sql_run_number(s, q, &first);
    *out = st == ALICE_OK && started == then->started_s &&
           (then->run == now->run || first >= then->next_file);
    return st;
}
