/* SPDX-License-Identifier: MIT */
/* The dates of rows, and what they rest on. */
#include <string.h>

#include "catalog/store_int.h"

/* A day, a time and a zone of the row at hand, from column 0 on. */
static alice_date date_of(sqlite3_stmt *q)
{
    int day = sqlite3_column_int(q, 0), time = sqlite3_column_int(q, 1);
    return (alice_date){.year = (int16_t)(day / 10000),
                        .month = (uint8_t)(day / 100 % 100),
                        .day = (uint8_t)(day % 100),
                        .hour = (uint8_t)(time / 10000),
                        .minute = (uint8_t)(time / 100 % 100),
                        .second = (uint8_t)(time % 100),
                        .has_time = sqlite3_column_type(q, 1) != SQLITE_NULL,
                        .has_zone = sqlite3_column_type(q, 2) != SQLITE_NULL,
                        .zone_minutes = (int16_t)sqlite3_column_int(q, 2)};
}

alice_status alice__store_row_date(alice__store *s, int64_t id, alice_date *out)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_ROW_DATE, id, &q);
    if (st == ALICE_OK)
        st = alice__sql_row(s, q, ALICE_E_NOENT);
    if (st != ALICE_OK)
        return st;
    *out = date_of(q);
    alice__sql_let_go(q);
    return ALICE_OK;
}

alice_status alice__store_near(alice__store *s, int64_t dir, const char *name,
                               void (*each)(void *ctx, const alice_date *date), void *ctx)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take_id(s, Q_NEAR, dir, &q);
    if (st != ALICE_OK)
        return st;
    alice__sql_bind_text(q, 2, name);
    while ((st = alice__sql_row(s, q, ALICE_E_END)) == ALICE_OK) {
        const alice_date date = date_of(q);
        each(ctx, &date);
    }
    return st == ALICE_E_END ? ALICE_OK : st;
}

alice_status alice__store_lent(alice__store *s, int64_t id, int *minutes, bool *lent)
{
    sqlite3_stmt *q;
    *lent = false;
    alice_status st = alice__sql_take_id(s, Q_LENT, id, &q);
    if (st == ALICE_OK)
        st = alice__sql_row(s, q, ALICE_E_END);
    if (st != ALICE_OK)
        return st == ALICE_E_END ? ALICE_OK : st;
    *minutes = sqlite3_column_int(q, 0);
    *lent = true;
    alice__sql_let_go(q);
    return ALICE_OK;
}
