/* SPDX-License-Identifier: MIT */
/* The index: its file, its schema, and what is written to it. search_ask.c asks it. */
#include "catalog/search_index_int.h"

#include <stdio.h>
#include <string.h>

#include <alice/budget.h>

#include "base/error.h"
#include "catalog/store_int.h"
#include "port/fs.h"

enum {
    VERSION = 2,              /* of the schema, and of what is in tokens */
    APPLICATION = 0x616c6978, /* "alix" */
    WAIT_MS = 4000,           /* for a part that another process writes */
    TIDY_PAGES = 500,
    STATE = sizeof(alice__index_state) / sizeof(int64_t),
    YEAR_FIRST = 1900,
    YEARS = 512 /* more than can be: the id has room for so many */
};

/* Connection, schema, statements, and what FTS5 holds to read a page of each segment. */
#define OVERHEAD ((size_t)1024 * 1024)

static const char schema[] =
    "CREATE TABLE files(id INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, day INTEGER,"
    " time INTEGER, type INTEGER, date_source INTEGER, make INTEGER, model INTEGER,"
    " generator INTEGER, latitude INTEGER, longitude INTEGER, path TEXT NOT NULL,"
    " ai_model TEXT, seed TEXT, prompt TEXT, negative_prompt TEXT, albums TEXT);"
    "CREATE TABLE dates(id INTEGER PRIMARY KEY);"
    "CREATE TABLE words(id INTEGER PRIMARY KEY, text TEXT NOT NULL);"
    "CREATE TABLE days(day INTEGER PRIMARY KEY, files INTEGER NOT NULL);"
    "CREATE TABLE state(slot INTEGER PRIMARY KEY, value INTEGER NOT NULL);";

/* Segments are merged eight at a time: less is written than with the usual four. */
static const char schema_tokens[] =
    "CREATE VIRTUAL TABLE tokens USING fts5(text, content = '', columnsize = 0, detail = none,"
    " tokenize = 'alice');"
    "INSERT INTO tokens(tokens, rank) VALUES('automerge', 8);"
    "INSERT INTO tokens(tokens, rank) VALUES('crisismerge', 32);";

static const char *const statements[] = {
#define INDEX_SQL(id, sql) sql,
    INDEX_STATEMENTS(INDEX_SQL)
#undef INDEX_SQL
};

/* ---- small words over SQLite ---- */

alice_status alice__index_failed(alice__index *x, int rc)
{
    alice_status st = alice__sql_status(x->db, rc);
    if (st != ALICE_OK)
        snprintf(x->why, sizeof x->why, "the index of the search failed: %s",
                 x->db ? sqlite3_errmsg(x->db) : sqlite3_errstr(rc));
    return st;
}

const char *alice__index_why(const alice__index *x)
{
    return x->why;
}

alice_status alice__index_take(alice__index *x, int which, sqlite3_stmt **q)
{
    *q = x->q[which];
    if (*q)
        return ALICE_OK;
    int rc = sqlite3_prepare_v3(x->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT,
                                &x->q[which], NULL);
    *q = x->q[which];
    return alice__index_failed(x, rc);
}

void alice__index_let_go(sqlite3_stmt *q)
{
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
}

alice_status alice__index_run(alice__index *x, sqlite3_stmt *q)
{
    int rc = sqlite3_step(q);
    alice_status st = rc == SQLITE_DONE ? ALICE_OK : alice__index_failed(x, rc);
    alice__index_let_go(q);
    return st;
}

alice_status alice__index_run_with(alice__index *x, int which, const int64_t *numbers,
                                   int count)
{
    sqlite3_stmt *q;
    alice_status st = alice__index_take(x, which, &q);
    if (st != ALICE_OK)
        return st;
    for (int i = 0; i < count; i++)
        sqlite3_bind_int64(q, i + 1, numbers[i]);
    return alice__index_run(x, q);
}

static alice_status execute(alice__index *x, const char *sql)
{
    return alice__index_failed(x, sqlite3_exec(x->db, sql, NULL, NULL, NULL));
}

static alice_status number(alice__index *x, const char *sql, int64_t *out)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(x->db, sql, -1, &q, NULL);
    *out = 0;
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(q, 0);
    alice_status st = alice__index_failed(x, rc);
    sqlite3_finalize(q);
    return st;
}

static void finalize(alice__index *x)
{
    for (int i = 0; i < I_COUNT; i++) {
        sqlite3_finalize(x->q[i]);
        x->q[i] = NULL;
    }
}

/* ---- the file ---- */

/* What stands at its path may be somebody else's: a link leads to any file, and a file with a
 * second name is one of those that have it. Through a link nothing is written, and what has a
 * second name is not emptied. */
static alice_status look_at_file(alice__index *x, bool to_empty)
{
    alice__fs_stat file;
    if (alice__fs_stat_at(ALICE__FS_CWD, x->path, &file) != 0)
        return ALICE_OK; /* it is made */
    const char *what = file.kind != ALICE__FS_FILE   ? "what stands there is no file"
                       : to_empty && file.links != 1 ? "what stands there is no index, and has "
                                                       "a second name"
                                                     : NULL;
    if (!what)
        return ALICE_OK;
    snprintf(x->why, sizeof x->why,
             "%s: it is left as it is; take it away, and the index is made", what);
    return ALICE_E_ACCESS;
}

static alice_status make(alice__index *x)
{
    char sql[160];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
             APPLICATION, VERSION);
    alice_status st = execute(x, "BEGIN IMMEDIATE");
    int64_t tables = 0; /* somebody else may have made them just now */
    if (st == ALICE_OK)
        st = number(x, "SELECT count(*) FROM sqlite_schema", &tables);
    if (st == ALICE_OK && tables == 0)
        st = execute(x, schema);
    if (st == ALICE_OK && tables == 0 && x->has_fts)
        st = execute(x, schema_tokens);
    const alice__index_state fresh = {.tokens = x->has_fts};
    for (int i = 0; st == ALICE_OK && tables == 0 && i < STATE; i++) {
        const int64_t numbers[] = {i, ((const int64_t *)(const void *)&fresh)[i]};
        st = alice__index_run_with(x, I_STATE_SET, numbers, 2);
    }
    if (st == ALICE_OK)
        st = execute(x, sql);
    if (st != ALICE_OK)
        sqlite3_exec(x->db, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

alice_status alice__index_empty(alice__index *x)
{
    finalize(x);
    alice_status st = look_at_file(x, true);
    if (st != ALICE_OK)
        return st;
    /* In place, under SQLite's own locks: a file that were replaced would have its journal
       taken for that of the one it was. */
    sqlite3_db_config(x->db, SQLITE_DBCONFIG_RESET_DATABASE, 1, 0);
    st = execute(x, "VACUUM");
    sqlite3_db_config(x->db, SQLITE_DBCONFIG_RESET_DATABASE, 0, 0);
    return st == ALICE_OK ? make(x) : st;
}

/* What is there, or what has to be made. */
static alice_status settle(alice__index *x)
{
    int64_t application = 0, version = 0, tables = 0;
    alice__index_state state = {0};
    alice_status st = number(x, "PRAGMA application_id", &application);
    if (st == ALICE_OK)
        st = number(x, "PRAGMA user_version", &version);
    if (st == ALICE_OK)
        st = number(x, "SELECT count(*) FROM sqlite_schema", &tables);
    if (st == ALICE_OK && tables == 0)
        st = look_at_file(x, true);
    if (st == ALICE_OK && tables == 0)
        st = make(x);
    else if (st == ALICE_OK && (application != APPLICATION || version != VERSION))
        st = ALICE_E_DAMAGED;
    if (st == ALICE_OK)
        st = alice__index_state_get(x, &state);
    if (st == ALICE_OK && state.tokens && !x->has_fts)
        st = ALICE_E_DAMAGED; /* by a SQLite that knew FTS5: this one cannot go on with it */
    if (st == ALICE_E_DAMAGED)
        st = alice__index_empty(x);
    return st;
}

static alice_status configure(alice__index *x, size_t cache_bytes)
{
    char sql[320];
    snprintf(sql, sizeof sql,
             "PRAGMA page_size = 4096; PRAGMA cache_size = -%zu; PRAGMA temp_store = FILE;"
             "PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF; PRAGMA secure_delete = OFF;"
             "PRAGMA cell_size_check = ON; PRAGMA synchronous = NORMAL;",
             cache_bytes / 1024);
    return execute(x, sql);
}

alice_status alice__index_open(alice__index **out, const alice__index_options *o,
                               alice_error *error)
{
    alice__index *x = NULL;
    size_t n = strlen(o->path) + 1;
    size_t charge = o->cache_bytes + OVERHEAD + 2 * o->write_bytes;
    alice_status st = alice_account_charge(o->env.account, charge);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "no room for the pages of the index (%zu KB)",
                           charge / 1024);
    st = alice_env_calloc(&o->env, 1, sizeof *x + n, ALICE_HERE, (void **)&x);
    if (st != ALICE_OK) {
        alice_account_release(o->env.account, charge);
        return alice__fail(error, st, 0, "no memory for the index");
    }
    x->env = x->document.env = o->env;
    x->charged = charge;
    x->write_bytes = o->write_bytes;
    memcpy(x->path, o->path, n);
    st = look_at_file(x, false);
    if (st == ALICE_OK)
        st = alice__index_failed(
            x, sqlite3_open_v2(x->path, &x->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                               NULL));
    if (st == ALICE_OK) {
        sqlite3_extended_result_codes(x->db, 1);
        sqlite3_db_config(x->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_busy_timeout(x->db, WAIT_MS);
        x->has_fts = alice__search_tokens_known(x->db);
        st = configure(x, o->cache_bytes);
    }
    if (st == ALICE_E_DAMAGED) { /* so much that not even its pragmas can be set */
        st = alice__index_empty(x);
        if (st == ALICE_OK)
            st = configure(x, o->cache_bytes);
    }
    if (st == ALICE_OK)
        st = settle(x);
    alice__fs_stat file = {.inode = 0};
    if (st == ALICE_OK && alice__fs_stat_path(x->path, &file) != 0)
        st = ALICE_E_IO;
    x->dev = file.dev;
    x->inode = file.inode;
    if (st == ALICE_OK) {
        *out = x;
        return ALICE_OK;
    }
    alice__fail(error, st, 0, "%s: %s", x->why, x->path);
    alice__index_close(&x);
    return st;
}

void alice__index_close(alice__index **index)
{
    alice__index *x = index ? *index : NULL;
    if (!x)
        return;
    *index = NULL;
    finalize(x);
    if (x->db) {
        alice__index_rollback(x);
        sqlite3_close(x->db);
    }
    alice__room_free(&x->document);
    alice_account_release(x->env.account, x->charged);
    alice_env env = x->env;
    alice_env_free(&env, x, sizeof *x + strlen(x->path) + 1);
}

bool alice__index_is_replaced(const alice__index *x)
{
    alice__fs_stat now;
    return alice__fs_stat_path(x->path, &now) != 0 || now.dev != x->dev ||
           now.inode != x->inode;
}

bool alice__index_can_have_tokens(const alice__index *x)
{
    return x->has_fts;
}

/* ---- its state ---- */

alice_status alice__index_state_get(alice__index *x, alice__index_state *out)
{
    sqlite3_stmt *q;
    int64_t *values = (int64_t *)(void *)out;
    int n = 0, rc;
    alice_status st = alice__index_take(x, I_STATE_GET, &q);
    if (st != ALICE_OK)
        return st;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW && n < STATE)
        values[n++] = sqlite3_column_int64(q, 0);
    st = alice__index_failed(x, rc);
    alice__index_let_go(q);
    if (st == ALICE_OK && n != STATE) {
        snprintf(x->why, sizeof x->why, "the index of the search is not whole");
        st = ALICE_E_DAMAGED;
    }
    x->tokens = st == ALICE_OK && out->tokens && x->has_fts;
    return st;
}

alice_status alice__index_begin(alice__index *x)
{
    alice_status st = ALICE_OK;
    if (x->has_fts && x->write_bytes) { /* kept in the file, and not by it: memory is ours */
        char sql[96];
        snprintf(sql, sizeof sql, "INSERT INTO tokens(tokens, rank) VALUES('hashsize', %zu)",
                 x->write_bytes);
        st = execute(x, sql);
        x->write_bytes = st == ALICE_OK ? 0 : x->write_bytes;
    }
    if (st == ALICE_OK)
        st = alice__index_run_with(x, I_BEGIN, NULL, 0);
    x->writing = st == ALICE_OK;
    return st;
}

alice_status alice__index_commit(alice__index *x, const alice__index_state *state)
{
    alice_status st = ALICE_OK;
    for (int i = 0; st == ALICE_OK && i < STATE; i++) {
        const int64_t numbers[] = {i, ((const int64_t *)(const void *)state)[i]};
        st = alice__index_run_with(x, I_STATE_SET, numbers, 2);
    }
    if (st == ALICE_OK)
        st = alice__index_run_with(x, I_COMMIT, NULL, 0);
    if (st == ALICE_OK)
        x->writing = false;
    return st;
}

void alice__index_rollback(alice__index *x)
{
    if (x->writing)
        sqlite3_exec(x->db, "ROLLBACK", NULL, NULL, NULL);
    x->writing = false;
}

alice_status alice__index_tidy(alice__index *x, bool *done)
{
    const int64_t pages = -TIDY_PAGES;
    *done = true;
    if (!x->has_fts)
        return ALICE_OK;
    int before = sqlite3_total_changes(x->db);
    alice_status st = alice__index_run_with(x, I_MERGE, &pages, 1);
    *done = sqlite3_total_changes(x->db) - before < 2;
    return st;
}

/* ---- files ---- */

static int64_t at_most(int64_t v, int64_t most)
{
    return v < 0 ? 0 : v > most ? most : v;
}

int64_t alice__index_second(uint32_t day, uint32_t time, bool has_time)
{
    if (day == 0)
        return 0;
    int64_t year = at_most((int64_t)day / 10000 - YEAR_FIRST, YEARS - 1);
    int64_t month = at_most(day / 100 % 100, 12), of_month = at_most(day % 100, 31);
    int64_t second = (int64_t)(time / 10000) * 3600 + time / 100 % 100 * 60 + time % 100;
    second = has_time ? 1 + at_most(second, 86399) : 0;
    return 1 + ((year * 13 + month) * 32 + of_month) * 86401 + second;
}

static int64_t id_of(uint32_t day, uint32_t time, bool has_time, int64_t row)
{
    return alice__index_second(day, time, has_time) << ALICE__ROW_BITS | row;
}

uint64_t alice__index_id(const alice__organized *file)
{
    return (uint64_t)id_of(file->file.day, file->file.time, file->has_time, file->id);
}

int64_t alice__index_row(uint64_t id)
{
    return (int64_t)(id & ((UINT64_C(1) << ALICE__ROW_BITS) - 1));
}

alice_status alice__index_word(alice__index *x, int64_t id, const char *text)
{
    sqlite3_stmt *q;
    alice_status st = alice__index_take(x, I_WORD, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, id);
    sqlite3_bind_text(q, 2, text, -1, SQLITE_STATIC);
    return alice__index_run(x, q);
}

static void bind_text(sqlite3_stmt *q, int at, const char *text)
{
    if (*text)
        sqlite3_bind_text(q, at, text, -1, SQLITE_STATIC);
}

static alice_status put_file(alice__index *x, const alice__organized *file)
{
    sqlite3_stmt *q;
    const alice_library_file *f = &file->file;
    alice_status st = alice__index_take(x, I_PUT, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, file->id);
    sqlite3_bind_int64(q, 2, (int64_t)f->bytes);
    if (f->day)
        sqlite3_bind_int64(q, 3, f->day);
    if (file->has_time)
        sqlite3_bind_int64(q, 4, f->time);
    for (int i = 0; i < ALICE__SAID; i++)
        if (file->word[i])
            sqlite3_bind_int64(q, 5 + i, file->word[i]);
    if (f->placed) {
        sqlite3_bind_int(q, 10, file->latitude);
        sqlite3_bind_int(q, 11, file->longitude);
    }
    bind_text(q, 12, f->path);
    bind_text(q, 13, f->ai_model);
    bind_text(q, 14, f->seed);
    bind_text(q, 15, f->prompt);
    bind_text(q, 16, f->negative_prompt);
    bind_text(q, 17, f->albums);
    return alice__index_run(x, q);
}

static alice_status put_tokens(alice__index *x, int64_t id, const alice__organized *file)
{
    sqlite3_stmt *q;
    alice_status st = alice__search_document(&x->document, file);
    if (st == ALICE_OK)
        st = alice__index_take(x, I_TOKENS, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1,
                       id >> ALICE__ROW_BITS << ALICE__BIN_BITS | (id & (ALICE__BINS - 1)));
    sqlite3_bind_text64(q, 2, x->document.p, x->document.n, SQLITE_STATIC, SQLITE_UTF8);
    return alice__index_run(x, q);
}

alice_status alice__index_put(alice__index *x, alice__index_state *state,
                              const alice__organized *file)
{
    const int64_t id = (int64_t)alice__index_id(file), day = file->file.day;
    if (file->id < 0 || file->id >> ALICE__ROW_BITS) {
        snprintf(x->why, sizeof x->why, "the index has no room for more than %d rows",
                 1 << ALICE__ROW_BITS);
        return ALICE_E_TOOBIG;
    }
    alice_status st = put_file(x, file);
    if (st != ALICE_OK || sqlite3_changes(x->db) == 0)
        return st;
    st = alice__index_run_with(x, I_DATE, &id, 1);
    if (st == ALICE_OK && x->has_fts)
        st = put_tokens(x, id, file);
    if (st == ALICE_OK)
        st = alice__index_run_with(x, I_DAY_MORE, &day, 1);
    state->files++;
    return st;
}

alice_status alice__index_drop(alice__index *x, alice__index_state *state,
                               const alice__change *change)
{
    const int64_t id = id_of(change->day, change->time, change->has_time, change->file);
    const int64_t day = change->day;
    alice_status st = alice__index_run_with(x, I_DATE_DROP, &id, 1);
    if (st != ALICE_OK || sqlite3_changes(x->db) == 0)
        return st;
    st = alice__index_run_with(x, I_DROP, &change->file, 1);
    if (st == ALICE_OK)
        st = alice__index_run_with(x, I_DAY_LESS, &day, 1);
    if (st == ALICE_OK)
        st = alice__index_run_with(x, I_DAY_NONE, &day, 1);
    state->files--;
    state->gone++;
    return st;
}
