/* SPDX-License-Identifier: MIT */
/* Asking the index: what its tokens name, or all of a time, held against the query. */
#include "catalog/search_index_int.h"
#include "catalog/store_int.h"

/* The ids of a query's dates, behind what it begins after: the files in [first, last] are
 * those, and some more. */
typedef struct span {
    int64_t first, last;
} span;

enum { ROWS = 1 << ALICE__ROW_BITS }; /* ids of a second */

static span span_of(const alice_search_query *query)
{
    span s = {0, INT64_MAX};
    if (query->since || query->until)
        s.first = (query->since ? alice__index_second(query->since, 0, false) : 1) * ROWS;
    if (query->until)
        s.last = alice__index_second(query->until, 235959, true) * ROWS + (ROWS - 1);
    const int64_t after = query->after < INT64_MAX ? (int64_t)query->after : INT64_MAX;
    if (after && query->newest_first && after <= s.last)
        s.last = after - 1;
    else if (after && !query->newest_first && after >= s.first)
        s.first = after < INT64_MAX ? after + 1 : after;
    return s;
}

static alice_status begin(alice__index *x)
{
    alice__index_state state;
    alice_status st = alice__index_run_with(x, I_BEGIN_READ, NULL, 0);
    if (st != ALICE_OK)
        return st;
    st = alice__index_state_get(x, &state);
    if (st == ALICE_OK && state.made_of.next_file == 0)
        st = ALICE_E_BUSY; /* somebody makes it anew since it was opened */
    if (st != ALICE_OK)
        sqlite3_exec(x->db, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

/* What was read is one state of the index, whoever writes. */
static alice_status end(alice__index *x, alice_status st)
{
    alice_status over = alice__index_run_with(x, I_COMMIT, NULL, 0);
    if (over != ALICE_OK)
        sqlite3_exec(x->db, "ROLLBACK", NULL, NULL, NULL);
    return st == ALICE_OK ? over : st;
}

typedef struct asking {
    alice__index *x;
    alice__match *match;
    alice__index_fn each;
    void *ctx;
} asking;

/* The files of [first, last]; `bins`: only those whose bit is set. */
static alice_status tell(const asking *a, int64_t first, int64_t last, uint32_t bins)
{
    sqlite3_stmt *q;
    alice__organized file;
    int rc = SQLITE_DONE;
    bool back = a->match && a->match->query->newest_first;
    alice_status st = alice__index_take(a->x, back ? I_FILES_BACK : I_FILES, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, first);
    sqlite3_bind_int64(q, 2, last);
    while (st == ALICE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        bool wanted = bins >> (sqlite3_column_int64(q, 15) & (ALICE__BINS - 1)) & 1;
        if (!wanted)
            continue;
        alice__sql_organized(q, &file);
        if (a->match)
            st = alice__match_file(a->match, &file.file, &wanted);
        if (st == ALICE_OK && wanted)
            st = a->each(a->ctx, (uint64_t)file.id, &file.file);
        if (a->match && (st == ALICE_OK || st == ALICE_E_END))
            alice__match_done(a->match, (uint64_t)file.id);
    }
    if (st == ALICE_OK)
        st = alice__index_failed(a->x, rc);
    alice__index_let_go(q);
    return st;
}

enum { ALL_BINS = (1 << ALICE__BINS) - 1 };

/* Of a second those that are in the span. */
static alice_status tell_second(const asking *a, int64_t second, span s, uint32_t bins)
{
    const int64_t first = second * ROWS, last = first + (ROWS - 1);
    return tell(a, first > s.first ? first : s.first, last < s.last ? last : s.last, bins);
}

/* The seconds that the tokens name, one after the other. */
static alice_status tell_found(const asking *a, const char *expression, span s)
{
    sqlite3_stmt *q;
    int64_t second = -1;
    uint32_t bins = 0;
    int rc = SQLITE_DONE;
    bool back = a->match->query->newest_first;
    alice_status st = alice__index_take(a->x, back ? I_MAYBE_BACK : I_MAYBE, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_text(q, 1, expression, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 2, s.first / ROWS * ALICE__BINS);
    sqlite3_bind_int64(q, 3, s.last / ROWS * ALICE__BINS + (ALICE__BINS - 1));
    while (st == ALICE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(q, 0);
        if (id >> ALICE__BIN_BITS != second) {
            if (bins)
                st = tell_second(a, second, s, bins);
            second = id >> ALICE__BIN_BITS;
            bins = 0;
        }
        bins |= 1u << (id & (ALICE__BINS - 1));
    }
    if (st == ALICE_OK)
        st = alice__index_failed(a->x, rc);
    alice__index_let_go(q);
    return st == ALICE_OK && bins ? tell_second(a, second, s, bins) : st;
}

alice_status alice__index_each(alice__index *x, alice__match *match, alice__index_fn each,
                               void *ctx)
{
    const asking a = {.x = x, .match = match, .each = each, .ctx = ctx};
    const span s = span_of(match->query);
    alice__room expression = {.env = x->env};
    alice_status st = alice__search_expression(&expression, match->query);
    if (st == ALICE_OK)
        st = begin(x);
    if (st == ALICE_OK && x->tokens && *expression.p)
        st = end(x, tell_found(&a, expression.p, s));
    else if (st == ALICE_OK)
        st = end(x, tell(&a, s.first, s.last, ALL_BINS));
    alice__room_free(&expression);
    return st == ALICE_E_END ? ALICE_OK : st;
}

alice_status alice__index_days(alice__index *x, const alice_search_query *query,
                               alice_status (*each)(void *ctx, uint32_t day, uint64_t files),
                               void *ctx)
{
    sqlite3_stmt *q;
    int rc = SQLITE_DONE;
    alice_status st = alice__index_take(x, query->newest_first ? I_DAYS_BACK : I_DAYS, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, query->since ? query->since : query->until ? 1 : 0);
    sqlite3_bind_int64(q, 2, query->until ? query->until : INT64_MAX);
    while (st == ALICE_OK && (rc = sqlite3_step(q)) == SQLITE_ROW)
        st = each(ctx, (uint32_t)sqlite3_column_int64(q, 0),
                  (uint64_t)sqlite3_column_int64(q, 1));
    if (st == ALICE_OK)
        st = alice__index_failed(x, rc);
    alice__index_let_go(q);
    return st == ALICE_E_END ? ALICE_OK : st;
}

typedef struct once {
    alice__index_fn each;
    void *ctx;
    bool told;
} once;

static alice_status tell_once(void *ctx, uint64_t id, const alice_library_file *file)
{
    once *o = ctx;
    o->told = true;
    return o->each(o->ctx, id, file);
}

alice_status alice__index_file(alice__index *x, uint64_t id, alice__index_fn each, void *ctx)
{
    once o = {.each = each, .ctx = ctx};
    const asking a = {.x = x, .each = tell_once, .ctx = &o};
    if (id > INT64_MAX)
        return ALICE_E_NOENT;
    alice_status st = tell(&a, (int64_t)id, (int64_t)id, ALL_BINS);
    if (st == ALICE_OK && !o.told)
        return ALICE_E_NOENT;
    return st == ALICE_E_END ? ALICE_OK : st;
}
