/* SPDX-License-Identifier: MIT */
/*
 * Small words over SQLite for the parts of the store: what a failure means, statements that are
 * prepared once, what is bound to them and read from their rows.
 */
#include "catalog/store_int.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

static const char *const statements[] = {
#define STATEMENT_SQL(id, sql) sql,
    STATEMENTS(STATEMENT_SQL)
#undef STATEMENT_SQL
};

/* ---- failures ---- */

alice_status alice__sql_status(sqlite3 *db, int rc)
{
    int os = db ? sqlite3_system_errno(db) : 0;
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ALICE_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return ALICE_E_BUSY;
    case SQLITE_NOMEM:
        return ALICE_E_NOMEM;
    case SQLITE_FULL:
        return ALICE_E_NOSPC;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return ALICE_E_ACCESS;
    case SQLITE_CANTOPEN: {
        alice_status st = alice__status_of_errno(os);
        return st == ALICE_OK || st == ALICE_E_SYSTEM ? ALICE_E_ACCESS : st;
    }
    case SQLITE_IOERR:
        if (rc == SQLITE_IOERR_NOMEM)
            return ALICE_E_NOMEM;
        return alice__status_of_errno(os) == ALICE_E_NOSPC ? ALICE_E_NOSPC : ALICE_E_IO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* a table or column that has to be there is not */
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return ALICE_E_DAMAGED;
    case SQLITE_TOOBIG:
        return ALICE_E_TOOBIG;
    default:
        return ALICE_E_SYSTEM;
    }
}

alice_status alice__store_damaged(alice__store *s, const char *how)
{
    snprintf(
        s->why, sizeof s->why,
        "the catalog is damaged (%.80s); move it aside and run again: it is made anew from "
        "the organized files",
        how);
    return ALICE_E_DAMAGED;
}

alice_status alice__sql_failed(alice__store *s, int rc)
{
    alice_status st = alice__sql_status(s->db, rc);
    if (st == ALICE_OK)
        return st;
    const char *text = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
    if (st == ALICE_E_DAMAGED)
        alice__store_damaged(s, text);
    else
        snprintf(s->why, sizeof s->why, "the catalog failed: %s", text);
    /* A full disk or a lack of memory may have ended the transaction: what follows must not be
       written outside of one. */
    if (s->begun && s->lost == ALICE_OK && sqlite3_get_autocommit(s->db))
        s->lost = st;
    return st;
}

const char *alice__store_why(const alice__store *s)
{
    return s->why;
}

/* ---- small words over SQLite ---- */

alice_status alice__sql_take(alice__store *s, int which, sqlite3_stmt **q)
{
    *q = NULL;
    if (!s->q[which]) {
        int rc = sqlite3_prepare_v3(s->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT,
                                    &s->q[which], NULL);
        if (rc != SQLITE_OK)
            return alice__sql_failed(s, rc);
    }
    *q = s->q[which];
    return ALICE_OK;
}

alice_status alice__sql_take_id(alice__store *s, int which, int64_t id, sqlite3_stmt **q)
{
    alice_status st = alice__sql_take(s, which, q);
    if (st == ALICE_OK)
        sqlite3_bind_int64(*q, 1, id);
    return st;
}

void alice__sql_let_go(sqlite3_stmt *q)
{
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
}

alice_status alice__sql_run(alice__store *s, sqlite3_stmt *q)
{
    int rc = sqlite3_step(q);
    alice_status st = rc == SQLITE_DONE ? ALICE_OK : alice__sql_failed(s, rc);
    alice__sql_let_go(q);
    return st;
}

alice_status alice__sql_run_with(alice__store *s, int which, const int64_t *numbers, int count)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take(s, which, &q);
    if (st != ALICE_OK)
        return st;
    for (int i = 0; i < count; i++)
        sqlite3_bind_int64(q, i + 1, numbers[i]);
    return alice__sql_run(s, q);
}

alice_status alice__sql_row(alice__store *s, sqlite3_stmt *q, alice_status none)
{
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        return ALICE_OK;
    if (rc == SQLITE_DONE && none == ALICE_E_DAMAGED)
        rc = SQLITE_CORRUPT; /* required */
    alice_status st = rc == SQLITE_DONE ? none : alice__sql_failed(s, rc);
    alice__sql_let_go(q);
    return st;
}

alice_status alice__sql_run_number(alice__store *s, sqlite3_stmt *q, int64_t *out)
{
    alice_status st = alice__sql_row(s, q, ALICE_E_END);
    if (st == ALICE_OK) {
        *out = sqlite3_column_int64(q, 0);
        alice__sql_let_go(q);
    } else if (st == ALICE_E_END) {
        *out = 0;
        st = ALICE_OK;
    }
    return st;
}

alice_status alice__sql_exec(alice__store *s, const char *sql)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ALICE_OK : alice__sql_failed(s, rc);
}

alice_status alice__sql_ask(alice__store *s, const char *sql, char *buf, size_t size)
{
    sqlite3_stmt *q = NULL;
    buf[0] = 0;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(q, 0);
        snprintf(buf, size, "%s", text ? text : "");
    }
    alice_status st = alice__sql_failed(s, rc);
    sqlite3_finalize(q);
    return st;
}

alice_status alice__sql_ask_number(alice__store *s, const char *sql, int64_t *out)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);
    if (rc != SQLITE_OK) {
        alice_status st = alice__sql_failed(s, rc);
        sqlite3_finalize(q);
        return st;
    }
    alice_status st = alice__sql_run_number(s, q, out);
    sqlite3_finalize(q);
    return st;
}

void alice__sql_bind_text(sqlite3_stmt *q, int at, const char *text)
{
    sqlite3_bind_text(q, at, text, -1, SQLITE_STATIC);
}

void alice__sql_bind_fact(sqlite3_stmt *q, int at, alice_text t)
{
    if (t.n > 0)
        sqlite3_bind_text64(q, at, t.p, t.n, SQLITE_STATIC, SQLITE_UTF8);
}

static void pack_hash(uint8_t to[16], alice__hash h)
{
    for (int i = 0; i < 8; i++) {
        to[i] = (uint8_t)(h.high >> (56 - 8 * i));
        to[8 + i] = (uint8_t)(h.low >> (56 - 8 * i));
    }
}

void alice__sql_bind_hash(alice__store *s, sqlite3_stmt *q, int at, int which, alice__hash h)
{
    pack_hash(s->hashes[which], h);
    sqlite3_bind_blob(q, at, s->hashes[which], 16, SQLITE_STATIC);
}

bool alice__sql_hash(sqlite3_stmt *q, int at, alice__hash *h)
{
    const uint8_t *p = sqlite3_column_blob(q, at);
    *h = (alice__hash){0};
    if (!p || sqlite3_column_bytes(q, at) != 16)
        return false;
    for (int i = 0; i < 8; i++) {
        h->high = h->high << 8 | p[i];
        h->low = h->low << 8 | p[8 + i];
    }
    return true;
}

const char *alice__sql_text(sqlite3_stmt *q, int at)
{
    const char *text = (const char *)sqlite3_column_text(q, at);
    return text ? text : "";
}

bool alice__sql_copy_text(sqlite3_stmt *q, int at, char *buf, size_t size)
{
    int n = snprintf(buf, size, "%s", alice__sql_text(q, at));
    return n >= 0 && (size_t)n < size;
}

alice__stamp alice__sql_stamp(sqlite3_stmt *q, int at)
{
    return (alice__stamp){
        .size = (uint64_t)sqlite3_column_int64(q, at),
        .mtime_ns = sqlite3_column_int64(q, at + 1),
        .ctime_ns = sqlite3_column_int64(q, at + 2),
        .inode = (uint64_t)sqlite3_column_int64(q, at + 3),
    };
}
