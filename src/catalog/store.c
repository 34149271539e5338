/* SPDX-License-Identifier: MIT */
/*
 * The catalog's tables in one SQLite file.
 *
 *   files ── rowid ascending in walk order, so that rows are appended
 *     │  └── files_by_name: (dir, name) of the rows that stand for a source now
 *     ├── ai            prompt, model, seed …, only where there are any
 *     ├── dirs, runs    what `dir` and `run` mean
 *     └── words         texts that many rows share
 *   fingerprints ────── (key, id), filled in sorted merges
 *   counters ────────── (project, source) → next number
 *   batch ───────────── one row, written with each commit
 *   tree ────────────── one row: which state of the organized tree is known
 *   undos ───────────── (run, file): what a run that takes another back did
 *
 * The write-ahead log is used without shared memory: the lock is exclusive and
 * taken before the log is. It is emptied into the database every LOG_PAGES, and
 * given up when the catalog is closed, so that a reader of a closed catalog
 * needs to make no file beside it.
 *
 * Invariant: outside the functions named *_scan, *_row_get, *_pending and
 * *_doubt_get no statement is left in the middle, or the log could not restart.
 */
#include "catalog/store.h"

#include <stdio.h>
#include <string.h>

#include <alice/budget.h>
#include <sqlite3.h>

#include "base/error.h"
#include "port/fs.h"

enum {
    PAGE = 4096,
    FRAME = PAGE + 24, /* a page in the log */
    LOG_PAGES = 1000,  /* then the log is emptied into the database */
    WORDS = 256,
    WORD_MAX = 39,
    CACHE_LEAST = 128 * 1024, /* what a batch can be written with */
    APPLICATION = 0x616c6963  /* "alic" */
};

/* ---- schema ---- */

static const char schema_1[] =
    "CREATE TABLE runs(id INTEGER PRIMARY KEY, mode TEXT, inbox TEXT, organized TEXT,"
    " started INTEGER, ended INTEGER, finished INTEGER NOT NULL DEFAULT 0, files INTEGER,"
    " placed INTEGER, skipped INTEGER, duplicates INTEGER, errors INTEGER, bytes INTEGER);"
    "CREATE TABLE dirs(id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);"
    "CREATE TABLE words(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    "CREATE TABLE files(id INTEGER PRIMARY KEY, dir INTEGER NOT NULL, name TEXT NOT NULL,"
    " size INTEGER NOT NULL, mtime_ns INTEGER, ctime_ns INTEGER, inode INTEGER,"
    " state INTEGER NOT NULL, run INTEGER, dest TEXT, head BLOB, content BLOB, other INTEGER,"
    " type INTEGER, date INTEGER, time INTEGER, zone INTEGER, date_source INTEGER,"
    " make INTEGER, model INTEGER, software INTEGER, generator INTEGER,"
    " generator_source INTEGER, ai_edited INTEGER, width INTEGER, height INTEGER,"
    " content_id TEXT, replaced INTEGER);"
    "CREATE UNIQUE INDEX files_by_name ON files(dir, name) WHERE replaced IS NULL;"
    "CREATE TABLE ai(file INTEGER PRIMARY KEY, prompt TEXT, negative_prompt TEXT, model TEXT,"
    " seed TEXT, sampler TEXT);"
    "CREATE TABLE fingerprints(key INTEGER, id INTEGER, PRIMARY KEY(key, id)) WITHOUT ROWID;"
    "CREATE TABLE counters(project TEXT, source TEXT, next INTEGER NOT NULL,"
    " PRIMARY KEY(project, source)) WITHOUT ROWID;"
    "CREATE TABLE batch(one INTEGER PRIMARY KEY CHECK(one = 1), open_from INTEGER NOT NULL,"
    " open_to INTEGER NOT NULL, next_file INTEGER NOT NULL, placed INTEGER NOT NULL,"
    " merged INTEGER NOT NULL);"
    "INSERT INTO batch VALUES(1, 0, 0, 1, 0, 0);";

/* steps[n] leads from schema n to n + 1: never change one, add to the end. */
static const char schema_2[] =
    "CREATE TABLE tree(one INTEGER PRIMARY KEY CHECK(one = 1), id INTEGER NOT NULL,"
    " generation INTEGER NOT NULL, incomplete INTEGER NOT NULL);"
    "INSERT INTO tree VALUES(1, random() | 1, 0, 0);"
    "ALTER TABLE runs ADD COLUMN first INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE runs ADD COLUMN undoes INTEGER;"
    "CREATE TABLE undos(run INTEGER, file INTEGER, state INTEGER NOT NULL,"
    " PRIMARY KEY(run, file)) WITHOUT ROWID;";

/* Few or none: decisions that rested on the clock. */
static const char schema_3[] = "CREATE INDEX files_doubted ON files(dest)"
                               " WHERE other < 0 AND state = 1 AND replaced IS NULL;";

static const char *const steps[] = {schema_1, schema_2, schema_3};
enum { SCHEMA = sizeof steps / sizeof *steps };

/* ---- statements ---- */

/* What is asked of a file of a run. */
#define RUN_FILE_COLUMNS                                                                   \
    "SELECT f.id, f.run, d.path, f.name, f.dest, f.size, f.mtime_ns, f.ctime_ns, f.inode," \
    " f.head, f.state, f.replaced IS NOT NULL, r.mode = 'move',"                           \
    " (SELECT p.dest FROM files p WHERE f.state = 2 AND p.id = f.other),"                  \
    " (SELECT w.text FROM words w WHERE w.id = f.date_source)"
#define RUN_FILE_JOINS " LEFT JOIN dirs d ON d.id = f.dir LEFT JOIN runs r ON r.id = f.run"

#define STATEMENTS(X)                                                                          \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                \
    X(COMMIT, "COMMIT")                                                                        \
    X(BATCH_GET, "SELECT open_from, open_to, next_file, placed, merged FROM batch")            \
    X(BATCH_SET, "UPDATE batch SET open_from = ?1, open_to = ?2, next_file = ?3,"              \
                 " placed = ?4, merged = ?5 WHERE one = 1")                                    \
    X(TREE_GET, "SELECT id, generation, incomplete FROM tree")                                 \
    X(TREE_SET, "UPDATE tree SET generation = ?1, incomplete = ?2 WHERE one = 1")              \
    X(RUN_ADD, "INSERT INTO runs(mode, inbox, organized, started, first, undoes)"              \
               " VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                                              \
    X(RUN_LAST, "SELECT organized FROM runs ORDER BY id DESC LIMIT 1")                         \
    X(RUN_NEWEST, "SELECT max(started) FROM runs WHERE started <= ?1")                         \
    X(RUN_END, "UPDATE runs SET ended = ?2, finished = ?3, files = ?4, placed = ?5,"           \
               " skipped = ?6, duplicates = ?7, errors = ?8, bytes = ?9 WHERE id = ?1")        \
    X(DIR_FIND, "SELECT id FROM dirs WHERE path = ?1")                                         \
    X(DIR_ADD, "INSERT INTO dirs(id, path) VALUES(?1, ?2)")                                    \
    X(DIR_PATH, "SELECT path FROM dirs WHERE id = ?1")                                         \
    X(ROW_PLACE, "SELECT dir, name FROM files WHERE id = ?1")                                  \
    X(DIR_LAST, "SELECT max(id) FROM dirs")                                                    \
    X(WORD_FIND, "SELECT id FROM words WHERE text = ?1")                                       \
    X(WORD_ADD, "INSERT INTO words(text) VALUES(?1)")                                          \
    X(SCAN, "SELECT id, name, size, mtime_ns, ctime_ns, inode, state, other, dest"             \
            " FROM files WHERE dir = ?1 AND name >= ?2 AND replaced IS NULL AND state <> 4"    \
            " ORDER BY name LIMIT ?3")                                                         \
    X(SIBLINGS, "SELECT id, other, name, mtime_ns, date, time, content_id, generator"          \
                " FROM files WHERE dir = ?1 AND name >= ?2 AND name < ?3 AND replaced IS NULL" \
                " AND state IN (1, 2) ORDER BY name")                                          \
    X(ROW_GET, "SELECT size, mtime_ns, ctime_ns, inode, state, head, content, dest, other"     \
               " FROM files WHERE id = ?1")                                                    \
    X(ROW_FIND, "SELECT id, state FROM files"                                                  \
                " WHERE dir = ?1 AND name = ?2 AND replaced IS NULL")                          \
    X(ROW_ADD, "INSERT INTO files VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"        \
               " ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25,"        \
               " ?26, ?27, NULL)")                                                             \
    X(AI_ADD, "INSERT INTO ai VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                                 \
    X(ROW_REPLACED, "UPDATE files SET replaced = ?2 WHERE id = ?1")                            \
    X(ROW_DELETE, "DELETE FROM files WHERE id = ?1")                                           \
    X(AI_DELETE, "DELETE FROM ai WHERE file = ?1")                                             \
    X(ORPHAN_AI_DELETE, "DELETE FROM ai WHERE file IN (SELECT id FROM files"                   \
                        " WHERE id >= ?1 AND id < ?2 AND state = 2 AND NOT EXISTS"             \
                        " (SELECT 1 FROM files p WHERE p.id = files.other))")                  \
    X(ORPHANS_DELETE, "DELETE FROM files WHERE id >= ?1 AND id < ?2 AND state = 2"             \
                      " AND NOT EXISTS (SELECT 1 FROM files p WHERE p.id = files.other)")      \
    X(SET_CONTENT, "UPDATE files SET content = ?2 WHERE id = ?1")                              \
    X(SET_DEST, "UPDATE files SET dest = ?2 WHERE id = ?1")                                    \
    X(DOUBTED, "SELECT id, size, mtime_ns, ctime_ns, inode, dest FROM files"                   \
               " WHERE other < 0 AND state = 1 AND replaced IS NULL AND other >= ?1"           \
               " AND dest > ?2 ORDER BY dest LIMIT 1")                                         \
    X(REDATE, "UPDATE files SET dest = ?2, other = NULL,"                                      \
              " time = iif(?15 IS NULL, time, ?16), zone = iif(?15 IS NULL, zone, ?17),"       \
              " date = coalesce(?15, date), date_source = coalesce(?18, date_source)"          \
              " WHERE id = ?1")                                                                \
    X(PENDING, "SELECT id, size, head FROM files WHERE id > ?1 AND state IN (1, 4)"            \
               " ORDER BY id")                                                                 \
    X(PLACED, "SELECT id, size, dest FROM files WHERE id > ?1 AND id < ?2 AND state = 1"       \
              " ORDER BY id LIMIT 1")                                                          \
    X(RUN_BEFORE,                                                                              \
      "SELECT id, mode, inbox, organized, started, ended, finished, files, placed,"            \
      " skipped, duplicates, errors, bytes, undoes, first,"                                    \
      " (SELECT min(n.first) FROM runs n WHERE n.id > r.id AND n.first > r.first)"             \
      " FROM runs r WHERE id < ?1 ORDER BY id DESC LIMIT 1")                                   \
    X(RUN_FILE, RUN_FILE_COLUMNS ", NULL FROM files f" RUN_FILE_JOINS                          \
                                 " WHERE f.id > ?2 AND f.id < ?3 AND f.run = ?1"               \
                                 " AND substr(d.path, 1, 1) = '/' ORDER BY f.id LIMIT 1")      \
    X(UNDO_FILE,                                                                               \
      RUN_FILE_COLUMNS ", u.state FROM undos u JOIN files f ON f.id = u.file" RUN_FILE_JOINS   \
                       " WHERE u.run = ?1 AND u.file > ?2 ORDER BY u.file LIMIT 1")            \
    X(UNDO_SET, "INSERT INTO undos VALUES(?1, ?2, ?3)"                                         \
                " ON CONFLICT(run, file) DO UPDATE SET state = excluded.state")                \
    X(SET_STATE, "UPDATE files SET state = ?2 WHERE id = ?1")                                  \
    X(DOUBT, "SELECT f.id, d.path, f.name, f.dest, f.size, f.mtime_ns, f.ctime_ns,"            \
             " f.inode, f.head, r.mode FROM files f LEFT JOIN dirs d ON d.id = f.dir"          \
             " LEFT JOIN runs r ON r.id = f.run"                                               \
             " WHERE f.id > ?1 AND f.id < ?2 AND f.state = 1 ORDER BY f.id LIMIT 1")           \
    X(PRINT_ADD, "INSERT OR IGNORE INTO fingerprints VALUES(?1, ?2)")                          \
    X(PRINT_NEXT, "SELECT id FROM fingerprints WHERE key = ?1 AND id > ?2"                     \
                  " ORDER BY id LIMIT 1")                                                      \
    X(NUMBER_GET, "SELECT next FROM counters WHERE project = ?1 AND source = ?2")              \
    X(NUMBER_SET, "INSERT INTO counters VALUES(?1, ?2, ?3)"                                    \
                  " ON CONFLICT(project, source) DO UPDATE SET next = excluded.next")

enum {
#define STATEMENT_ID(id, sql) Q_##id,
    STATEMENTS(STATEMENT_ID)
#undef STATEMENT_ID
        Q_COUNT
};

static const char *const statements[] = {
#define STATEMENT_SQL(id, sql) sql,
    STATEMENTS(STATEMENT_SQL)
#undef STATEMENT_SQL
};

/* A word whose id was asked lately. */
typedef struct word {
    int64_t id; /* 0: empty */
    uint8_t n;
    char text[WORD_MAX];
} word;

struct alice__store {
    alice_env env;
    sqlite3 *db;
    sqlite3_stmt *q[Q_COUNT];
    size_t cache, cache_full; /* bytes of pages allowed now, and when nobody needs them */
    const char *const *steps;
    int schema;
    alice__store_mode mode;
    bool log; /* the write-ahead log is in use */
    bool begun;
    alice_status
        lost;      /* why SQLite took the transaction back by itself; ALICE_OK: it did not */
    bool flushing; /* synchronous=FULL is set */
    unsigned log_pages;
    uint64_t flushes, pages_moved;
    word words[WORDS];
    uint8_t hashes[2][16]; /* bound to the statement at hand */
    char why[192];
    char path[]; /* as it was given */
};

/* ---- failures ---- */

static alice_status status_of(sqlite3 *db, int rc)
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

/* Note why, and answer the status. */
static alice_status failed(alice__store *s, int rc)
{
    alice_status st = status_of(s->db, rc);
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

/* The statement, ready to be bound. */
static alice_status take(alice__store *s, int id, sqlite3_stmt **q)
{
    *q = NULL;
    if (!s->q[id]) {
        int rc = sqlite3_prepare_v3(s->db, statements[id], -1, SQLITE_PREPARE_PERSISTENT,
                                    &s->q[id], NULL);
        if (rc != SQLITE_OK)
            return failed(s, rc);
    }
    *q = s->q[id];
    return ALICE_OK;
}

static void let_go(sqlite3_stmt *q)
{
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
}

/* Run a statement that answers no row. */
static alice_status run(alice__store *s, sqlite3_stmt *q)
{
    int rc = sqlite3_step(q);
    alice_status st = rc == SQLITE_DONE ? ALICE_OK : failed(s, rc);
    let_go(q);
    return st;
}

/* Run one that answers at most one number. */
static alice_status run_number(alice__store *s, sqlite3_stmt *q, int64_t *out)
{
    int rc = sqlite3_step(q);
    alice_status st = ALICE_OK;
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(q, 0);
    else if (rc == SQLITE_DONE)
        *out = 0;
    else
        st = failed(s, rc);
    let_go(q);
    return st;
}

static alice_status exec(alice__store *s, const char *sql)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ALICE_OK : failed(s, rc);
}

/* Ask a pragma; the first column of its first row. */
static alice_status ask(alice__store *s, const char *sql, char *buf, size_t size)
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
    alice_status st = failed(s, rc);
    sqlite3_finalize(q);
    return st;
}

static alice_status ask_number(alice__store *s, const char *sql, int64_t *out)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);
    if (rc != SQLITE_OK) {
        alice_status st = failed(s, rc);
        sqlite3_finalize(q);
        return st;
    }
    alice_status st = run_number(s, q, out);
    sqlite3_finalize(q);
    return st;
}

static void bind_text(sqlite3_stmt *q, int at, const char *text)
{
    sqlite3_bind_text(q, at, text, -1, SQLITE_STATIC);
}

/* Empty is NULL: it takes no room. */
static void bind_fact(sqlite3_stmt *q, int at, alice_text t)
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

/* In bytes of the store: binding what SQLite has to copy could fail, and be missed. */
static void bind_hash(alice__store *s, sqlite3_stmt *q, int at, int which, alice__hash h)
{
    pack_hash(s->hashes[which], h);
    sqlite3_bind_blob(q, at, s->hashes[which], 16, SQLITE_STATIC);
}

/* False: there is none. */
static bool column_hash(sqlite3_stmt *q, int at, alice__hash *h)
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

static const char *column_text(sqlite3_stmt *q, int at)
{
    const char *text = (const char *)sqlite3_column_text(q, at);
    return text ? text : "";
}

/* size, mtime, ctime and inode stand side by side wherever they are asked. */
static alice__stamp column_stamp(sqlite3_stmt *q, int at)
{
    return (alice__stamp){
        .size = (uint64_t)sqlite3_column_int64(q, at),
        .mtime_ns = sqlite3_column_int64(q, at + 1),
        .ctime_ns = sqlite3_column_int64(q, at + 2),
        .inode = (uint64_t)sqlite3_column_int64(q, at + 3),
    };
}

/* ---- opening ---- */

static int on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
    alice__store *s = ctx;
    (void)db;
    (void)name;
    s->log_pages = (unsigned)pages;
    return SQLITE_OK;
}

alice_status alice__store_flushing(alice__store *s, bool on)
{
    if (s->flushing == on || !s->log || s->mode != ALICE__STORE_WRITE)
        return ALICE_OK;
    alice_status st = exec(s, on ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    if (st == ALICE_OK)
        s->flushing = on;
    return st;
}

/* How this connection works; before the first page is read. */
static alice_status configure(alice__store *s, const alice__store_options *o)
{
    char sql[320], mode[16];
    snprintf(sql, sizeof sql,
             "PRAGMA page_size = %d; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -%zu;"
             "PRAGMA temp_store = FILE; PRAGMA mmap_size = 0; PRAGMA secure_delete = OFF;"
             "PRAGMA automatic_index = OFF; PRAGMA trusted_schema = OFF;"
             "PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = %d;",
             PAGE, o->cache_bytes / 1024, 8 * 1024 * 1024);
    alice_status st = exec(s, sql);
    if (st != ALICE_OK || s->mode == ALICE__STORE_READ)
        return st;
    /* Whose it is stands in the file from its first byte on, not only in its log. */
    int64_t pages = 0;
    if (s->mode == ALICE__STORE_WRITE)
        st = ask_number(s, "PRAGMA page_count", &pages);
    if (st == ALICE_OK && s->mode == ALICE__STORE_WRITE && pages == 0) {
        snprintf(sql, sizeof sql, "PRAGMA application_id = %d", APPLICATION);
        st = exec(s, sql);
    }
    if (st != ALICE_OK)
        return st;
    st = ask(s, o->log_works ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = TRUNCATE",
             mode, sizeof mode);
    if (st != ALICE_OK)
        return st;
    s->log = strcmp(mode, "wal") == 0;
    if (s->log)
        sqlite3_wal_hook(s->db, on_commit, s);
    if (s->mode == ALICE__STORE_SCRATCH)
        return exec(s, "PRAGMA synchronous = OFF");
    s->flushing = true;
    /* From here on nobody else reads it: in the log's mode the lock is taken by the first
       reader, else by the first writer. */
    return exec(s, "PRAGMA synchronous = FULL; BEGIN EXCLUSIVE; COMMIT");
}

/* From the schema that is there to ours, each step a transaction. */
static alice_status migrate(alice__store *s, alice_error *error)
{
    int64_t version = 0, application = 0, tables = 0;
    alice_status st = ask_number(s, "PRAGMA user_version", &version);
    if (st == ALICE_OK)
        st = ask_number(s, "PRAGMA application_id", &application);
    if (st == ALICE_OK)
        st = ask_number(s, "SELECT count(*) FROM sqlite_schema", &tables);
    if (st != ALICE_OK)
        return st;
    if (tables > 0 && application != APPLICATION)
        return alice__fail(error, ALICE_E_INVAL, 0, "a database of another program: %s",
                           s->path);
    if (version < 0 || version > s->schema)
        return alice__fail(error, ALICE_E_UNSUPPORTED, 0,
                           "the catalog was written by a newer alice (schema %lld, this one "
                           "knows %d): %s",
                           (long long)version, s->schema, s->path);
    if (s->mode == ALICE__STORE_READ && version < s->schema)
        return alice__fail(error, ALICE_E_UNSUPPORTED, 0,
                           "the catalog has an older schema; a run that is not dry renews it");
    for (; st == ALICE_OK && version < s->schema; version++) {
        char end[96];
        snprintf(end, sizeof end,
                 "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", APPLICATION,
                 (int)version + 1);
        st = exec(s, "BEGIN IMMEDIATE");
        if (st == ALICE_OK)
            st = exec(s, s->steps[version]);
        if (st == ALICE_OK)
            st = exec(s, end);
        if (st == ALICE_OK)
            s->flushes++;
    }
    return st;
}

alice_status alice__store_open(alice__store **out, const alice__store_options *o,
                               alice_error *error)
{
    alice__store *s = NULL;
    size_t n = strlen(o->path) + 1;
    size_t charge = o->cache_bytes + ALICE__STORE_OVERHEAD;
    alice_status st = alice_account_charge(o->env.account, charge);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "no room for the catalog's pages (%zu KB)",
                           charge / 1024);
    st = alice_env_calloc(&o->env, 1, sizeof *s + n, ALICE_HERE, (void **)&s);
    if (st != ALICE_OK) {
        alice_account_release(o->env.account, charge);
        return alice__fail(error, st, 0, "no memory for the catalog");
    }
    s->env = o->env;
    s->cache = s->cache_full = o->cache_bytes;
    s->steps = o->steps ? o->steps : steps;
    s->schema = o->steps ? o->step_count : SCHEMA;
    s->mode = o->mode;
    memcpy(s->path, o->path, n);

    alice__fs_stat file;
    bool stood = alice__fs_stat_path(s->path, &file) == 0;
    int flags = o->mode == ALICE__STORE_READ ? SQLITE_OPEN_READONLY
                                             : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int rc = sqlite3_open_v2(s->path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (error)
        *error = (alice_error){0};
    if (rc != SQLITE_OK) {
        st = failed(s, rc);
    } else {
        sqlite3_extended_result_codes(s->db, 1);
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        st = configure(s, o);
        if (st == ALICE_OK)
            st = migrate(s, error);
    }
    if (st == ALICE_OK) {
        *out = s;
        return ALICE_OK;
    }
    if (!error || error->status == ALICE_OK) /* migrate() may have said it better */
        alice__fail(error, st, s->db ? sqlite3_system_errno(s->db) : 0, "%s: %s", s->why,
                    s->path);
    alice__store_close(&s);
    /* An empty file that was made on the way would be nobody's. */
    if (!stood && alice__fs_stat_path(o->path, &file) == 0 && file.size == 0) {
        int r = alice__fs_unlink(ALICE__FS_CWD, o->path);
        if (r) /* the next run would call it a damaged catalog */
            alice_env_log(&o->env, ALICE_LOG_WARNING, "remove the empty file %s: %s", o->path,
                          strerror(-r));
    }
    return st;
}

void alice__store_close(alice__store **store)
{
    alice__store *s = store ? *store : NULL;
    if (!s)
        return;
    *store = NULL;
    for (int i = 0; i < Q_COUNT; i++)
        sqlite3_finalize(s->q[i]);
    if (s->db) {
        if (s->begun)
            sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        /* A closed catalog has no log or journal beside it and says so in its header. */
        if (s->mode == ALICE__STORE_WRITE)
            sqlite3_exec(s->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
        sqlite3_close(s->db);
    }
    alice_account_release(s->env.account, s->cache + ALICE__STORE_OVERHEAD);
    alice_env env = s->env;
    alice_env_free(&env, s, sizeof *s + strlen(s->path) + 1);
}

/* A trial's files. Names that were never made are the usual answer. Where one that was made
 * stays, the next trial cannot make its table and says that a log does not work: a rollback
 * journal is used then, which is slower and as safe. So no answer has to be looked at. */
static void remove_all(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char name[4200];
        int n = snprintf(name, sizeof name, "%s%s", path, ends[i]);
        if (n > 0 && (size_t)n < sizeof name)
            (void)alice__fs_unlink(ALICE__FS_CWD, name);
    }
}

bool alice__store_log_works(const char *path)
{
    static const char *const sql =
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
        "PRAGMA synchronous = OFF; CREATE TABLE t(x); INSERT INTO t VALUES(1);"
        "PRAGMA wal_checkpoint; INSERT INTO t VALUES(2)";
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    remove_all(path);
    bool works =
        sqlite3_open_v2(path, &db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) == SQLITE_OK &&
        sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &q, NULL) == SQLITE_OK &&
        sqlite3_step(q) == SQLITE_ROW && !strcmp(column_text(q, 0), "wal");
    sqlite3_finalize(q);
    sqlite3_close(db);
    remove_all(path);
    return works;
}

alice__store_owner alice__store_whose(const uint8_t *head, size_t n)
{
    uint32_t id = 0;
    if (n < ALICE__STORE_HEAD || memcmp(head, "SQLite format 3", 16) != 0)
        return ALICE__STORE_NO_DATABASE;
    for (int i = 0; i < 4; i++)
        id = id << 8 | head[68 + i];
    return id == APPLICATION ? ALICE__STORE_OURS
           : id == 0         ? ALICE__STORE_NOT_SAID
                             : ALICE__STORE_OTHERS;
}

bool alice__store_older(const uint8_t version[4])
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++)
        v = v << 8 | version[i];
    return v < SCHEMA;
}

/* ---- transactions ---- */

alice_status alice__store_batch_get(alice__store *s, alice__store_batch *out)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_BATCH_GET, &q);
    if (st != ALICE_OK)
        return st;
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        *out = (alice__store_batch){
            .open_from = sqlite3_column_int64(q, 0),
            .open_to = sqlite3_column_int64(q, 1),
            .next_file = sqlite3_column_int64(q, 2),
            .placed = sqlite3_column_int64(q, 3),
            .merged = sqlite3_column_int64(q, 4),
        };
    } else {
        st = failed(s, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc);
    }
    let_go(q);
    return st;
}

alice_status alice__store_tree_get(alice__store *s, alice__store_tree *out)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_TREE_GET, &q);
    if (st != ALICE_OK)
        return st;
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        *out = (alice__store_tree){.id = sqlite3_column_int64(q, 0),
                                   .generation = sqlite3_column_int64(q, 1),
                                   .incomplete = sqlite3_column_int(q, 2) != 0};
    else
        st = failed(s, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc);
    let_go(q);
    return st;
}

alice_status alice__store_tree_set(alice__store *s, const alice__store_tree *tree)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_TREE_SET, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, tree->generation);
    sqlite3_bind_int(q, 2, tree->incomplete);
    return run(s, q);
}

/* Empty the log into the database where it has become long. */
static alice_status tidy_log(alice__store *s)
{
    int in_log = 0, moved = 0;
    if (!s->log || s->log_pages < LOG_PAGES)
        return ALICE_OK;
    int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
    if (rc != SQLITE_OK)
        return failed(s, rc);
    s->log_pages = 0;
    s->pages_moved += moved > 0 ? (uint64_t)moved : 0;
    return ALICE_OK;
}

alice_status alice__store_begin(alice__store *s)
{
    sqlite3_stmt *q;
    if (s->begun)
        return s->lost;
    /* Here, not after a commit, a failure is one of a batch that has not begun. */
    alice_status st = tidy_log(s);
    if (st == ALICE_OK)
        st = take(s, Q_BEGIN, &q);
    if (st == ALICE_OK)
        st = run(s, q);
    if (st == ALICE_OK)
        s->begun = true;
    return st;
}

bool alice__store_begun(const alice__store *s)
{
    return s->begun;
}

bool alice__store_has_log(const alice__store *s)
{
    return s->log;
}

/* Allow so many bytes of pages; the account was charged for them. */
static void set_cache(alice__store *s, size_t bytes)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA cache_size = -%zu", bytes / 1024);
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        s->cache = bytes;
}

size_t alice__store_shrink(alice__store *s, size_t wanted)
{
    size_t before = s->cache;
    if (before <= CACHE_LEAST)
        return 0;
    set_cache(s, wanted < before - CACHE_LEAST ? before - wanted : CACHE_LEAST);
    sqlite3_db_release_memory(s->db);
    alice_account_release(s->env.account, before - s->cache);
    return before - s->cache;
}

static void regrow(alice__store *s)
{
    size_t step = s->cache_full / 8 + 1, before = s->cache;
    if (before >= s->cache_full)
        return;
    if (step > s->cache_full - before)
        step = s->cache_full - before;
    if (alice_account_try_charge(s->env.account, step) != ALICE_OK)
        return;
    set_cache(s, before + step);
    if (s->cache == before)
        alice_account_release(s->env.account, step);
}

alice_status alice__store_commit(alice__store *s, const alice__store_batch *b)
{
    sqlite3_stmt *q;
    alice_status st = alice__store_begin(s);
    if (st == ALICE_OK)
        st = take(s, Q_BATCH_SET, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, b->open_from);
    sqlite3_bind_int64(q, 2, b->open_to);
    sqlite3_bind_int64(q, 3, b->next_file);
    sqlite3_bind_int64(q, 4, b->placed);
    sqlite3_bind_int64(q, 5, b->merged);
    st = run(s, q);
    if (st == ALICE_OK)
        st = take(s, Q_COMMIT, &q);
    if (st == ALICE_OK)
        st = run(s, q);
    if (st != ALICE_OK)
        return st;
    s->begun = false;
    s->flushes += s->flushing;
    regrow(s);
    return ALICE_OK;
}

void alice__store_rollback(alice__store *s)
{
    if (s->begun)
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    s->begun = false;
    s->lost = ALICE_OK;
    memset(s->words, 0, sizeof s->words); /* some of them may be gone */
}

void alice__store_written(const alice__store *s, uint64_t *bytes, uint64_t *flushes)
{
    int pages = 0, high = 0;
    sqlite3_db_status(s->db, SQLITE_DBSTATUS_CACHE_WRITE, &pages, &high, 0);
    *bytes = (uint64_t)pages * (s->log ? FRAME : 2 * PAGE) + s->pages_moved * PAGE;
    *flushes = s->flushes;
}

/* ---- runs ---- */

alice_status alice__store_run_last(alice__store *s, char *organized, size_t size)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_RUN_LAST, &q);
    if (st != ALICE_OK)
        return st;
    int rc = sqlite3_step(q);
    *organized = 0;
    if (rc == SQLITE_ROW) {
        int n = snprintf(organized, size, "%s", column_text(q, 0));
        st = n >= 0 && (size_t)n < size ? ALICE_OK : ALICE_E_TOOBIG;
    } else if (rc != SQLITE_DONE) {
        st = failed(s, rc);
    }
    let_go(q);
    return st;
}

alice_status alice__store_run_newest(alice__store *s, int64_t most, int64_t *started_s)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_RUN_NEWEST, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, most);
    int rc = sqlite3_step(q);
    *started_s = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    if (rc != SQLITE_ROW)
        st = failed(s, rc);
    let_go(q);
    return st;
}

alice_status alice__store_run_add(alice__store *s, const alice__run *r, int64_t first,
                                  int64_t *id)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_RUN_ADD, &q);
    if (st != ALICE_OK)
        return st;
    bind_text(q, 1, r->mode);
    bind_text(q, 2, r->inbox);
    bind_text(q, 3, r->organized);
    sqlite3_bind_int64(q, 4, r->started_s);
    sqlite3_bind_int64(q, 5, first);
    if (r->undoes)
        sqlite3_bind_int64(q, 6, r->undoes);
    st = run(s, q);
    if (st == ALICE_OK)
        *id = sqlite3_last_insert_rowid(s->db);
    return st;
}

alice_status alice__store_run_end(alice__store *s, int64_t id, const alice__run_totals *t)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_RUN_END, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, id);
    sqlite3_bind_int64(q, 2, t->ended_s);
    sqlite3_bind_int(q, 3, t->finished);
    sqlite3_bind_int64(q, 4, (int64_t)t->tally.files);
    sqlite3_bind_int64(q, 5, (int64_t)t->tally.organized);
    sqlite3_bind_int64(q, 6, (int64_t)t->tally.skipped);
    sqlite3_bind_int64(q, 7, (int64_t)t->tally.duplicates);
    sqlite3_bind_int64(q, 8, (int64_t)t->tally.errors);
    sqlite3_bind_int64(q, 9, (int64_t)t->tally.bytes);
    return run(s, q);
}

/* ---- directories ---- */

alice_status alice__store_dir_find(alice__store *s, const char *path, int64_t *id)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_DIR_FIND, &q);
    if (st != ALICE_OK)
        return st;
    bind_text(q, 1, path);
    return run_number(s, q, id);
}

alice_status alice__store_dir_add(alice__store *s, int64_t id, const char *path)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_DIR_ADD, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, id);
    bind_text(q, 2, path);
    return run(s, q);
}

alice_status alice__store_dir_last(alice__store *s, int64_t *id)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_DIR_LAST, &q);
    return st == ALICE_OK ? run_number(s, q, id) : st;
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
    word *w = &s->words[(hash ^ hash >> 16) % WORDS];
    if (w->id && w->n == t.n && !memcmp(w->text, t.p, t.n)) {
        *id = w->id;
        return ALICE_OK;
    }
    alice_status st = take(s, Q_WORD_FIND, &q);
    if (st != ALICE_OK)
        return st;
    bind_fact(q, 1, t);
    st = run_number(s, q, id);
    if (st == ALICE_OK && *id == 0) {
        st = take(s, Q_WORD_ADD, &q);
        if (st != ALICE_OK)
            return st;
        bind_fact(q, 1, t);
        st = run(s, q);
        *id = sqlite3_last_insert_rowid(s->db);
    }
    if (st == ALICE_OK && t.n <= WORD_MAX) {
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
    alice_status st = take(s, Q_SCAN, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, dir);
    bind_text(q, 2, name);
    sqlite3_bind_int(q, 3, limit);
    return ALICE_OK;
}

alice_status alice__store_scan_next(alice__store *s, alice__known *out, const char **name)
{
    sqlite3_stmt *q = s->q[Q_SCAN];
    int rc = sqlite3_step(q);
    if (rc == SQLITE_DONE)
        return ALICE_E_END;
    if (rc != SQLITE_ROW)
        return failed(s, rc);
    out->id = sqlite3_column_int64(q, 0);
    *name = column_text(q, 1);
    out->stamp = column_stamp(q, 2);
    out->state = (alice__state)sqlite3_column_int(q, 6);
    out->other = sqlite3_column_int64(q, 7);
    out->dest = column_text(q, 8);
    return ALICE_OK;
}

void alice__store_scan_end(alice__store *s)
{
    let_go(s->q[Q_SCAN]);
}

alice_status alice__store_siblings(alice__store *s, int64_t dir, const char *from,
                                   const char *to, alice__sibling_fn each, void *ctx,
                                   bool *enough)
{
    sqlite3_stmt *q;
    int rc = SQLITE_DONE;
    alice_status st = take(s, Q_SIBLINGS, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, dir);
    bind_text(q, 2, from);
    bind_text(q, 3, to);
    while (!*enough && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(q, 0), other = sqlite3_column_int64(q, 1);
        const alice__sibling sibling = {
            .id = id,
            .placed = other > 0 ? other : id,
            .name = column_text(q, 2),
            .mtime_ns = sqlite3_column_int64(q, 3),
            .date = sqlite3_column_int(q, 4),
            .time = sqlite3_column_type(q, 5) == SQLITE_NULL ? -1 : sqlite3_column_int(q, 5),
            .content_id = column_text(q, 6),
            .generated = sqlite3_column_int64(q, 7) != 0};
        *enough = each(ctx, &sibling);
    }
    if (!*enough && rc != SQLITE_DONE)
        st = failed(s, rc);
    let_go(q);
    return st;
}

alice_status alice__store_row_get(alice__store *s, int64_t id, alice__store_row *out)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_ROW_GET, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, id);
    int rc = sqlite3_step(q);
    if (rc != SQLITE_ROW) {
        st = rc == SQLITE_DONE ? ALICE_E_NOENT : failed(s, rc);
        let_go(q);
        return st;
    }
    out->stamp = column_stamp(q, 0);
    out->state = (alice__state)sqlite3_column_int(q, 4);
    column_hash(q, 5, &out->head);
    out->has_content = column_hash(q, 6, &out->content);
    out->dest = column_text(q, 7);
    out->other = sqlite3_column_int64(q, 8);
    return ALICE_OK;
}

/* One row by its id: the text of `column`, copied, and the number of the first where it is
 * asked for. */
static alice_status text_of_id(alice__store *s, int which, int64_t id, int column,
                               int64_t *first, char *text, size_t size)
{
    sqlite3_stmt *q;
    alice_status st = take(s, which, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, id);
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        if (first)
            *first = sqlite3_column_int64(q, 0);
        int n = snprintf(text, size, "%s", column_text(q, column));
        st = n >= 0 && (size_t)n < size ? ALICE_OK : ALICE_E_TOOBIG;
    } else {
        st = rc == SQLITE_DONE ? ALICE_E_NOENT : failed(s, rc);
    }
    let_go(q);
    return st;
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
        let_go(s->q[Q_ROW_GET]);
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
    bind_fact(q, 27, info->fact[ALICE_FACT_CONTENT_ID]);
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
    alice_status st = take(s, Q_AI_ADD, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, id);
    for (int i = 0; i < AI_FACTS; i++)
        bind_fact(q, 2 + i, info->fact[ai_facts[i]]);
    return run(s, q);
}

alice_status alice__store_row_add(alice__store *s, int64_t id, const alice__row *row)
{
    sqlite3_stmt *q;
    int64_t ids[INFO_WORDS] = {0};
    alice_status st = row->info ? info_words(s, row->info, ids) : ALICE_OK;
    if (st == ALICE_OK)
        st = take(s, Q_ROW_ADD, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, id);
    sqlite3_bind_int64(q, 2, row->dir_id);
    bind_text(q, 3, row->name);
    sqlite3_bind_int64(q, 4, (int64_t)row->stamp.size);
    sqlite3_bind_int64(q, 5, row->stamp.mtime_ns);
    sqlite3_bind_int64(q, 6, row->stamp.ctime_ns);
    sqlite3_bind_int64(q, 7, (int64_t)row->stamp.inode);
    sqlite3_bind_int(q, 8, (int)row->state);
    sqlite3_bind_int64(q, 9, row->run_id);
    if (row->dest)
        bind_text(q, 10, row->dest);
    if (row->head.low | row->head.high)
        bind_hash(s, q, 11, 0, row->head);
    if (row->has_content)
        bind_hash(s, q, 12, 1, row->content);
    if (row->other)
        sqlite3_bind_int64(q, 13, row->other);
    if (row->info)
        bind_info(q, row->info, ids);

    int rc = sqlite3_step(q);
    if (rc == SQLITE_CONSTRAINT_UNIQUE)
        st = ALICE_E_EXISTS;
    else if (rc != SQLITE_DONE)
        st = failed(s, rc);
    let_go(q);
    return st == ALICE_OK && row->info ? add_ai(s, id, row->info) : st;
}

alice_status alice__store_doubted(alice__store *s, int64_t today, char *dest, size_t size,
                                  int64_t *id, alice__stamp *stamp)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_DOUBTED, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, -today);
    bind_text(q, 2, dest);
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        *id = sqlite3_column_int64(q, 0);
        *stamp = column_stamp(q, 1);
        int n = snprintf(dest, size, "%s", column_text(q, 5));
        st = n >= 0 && (size_t)n < size ? ALICE_OK : ALICE_E_DAMAGED;
    } else {
        st = rc == SQLITE_DONE ? ALICE_E_END : failed(s, rc);
    }
    let_go(q);
    return st;
}

alice_status alice__store_redate(alice__store *s, int64_t id, const char *dest,
                                 const alice_media_info *info)
{
    sqlite3_stmt *q;
    int64_t ids[INFO_WORDS] = {0};
    alice_status st = info ? info_words(s, info, ids) : ALICE_OK;
    if (st == ALICE_OK)
        st = take(s, Q_REDATE, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, id);
    bind_text(q, 2, dest);
    if (info) {
        bind_date(q, &info->date);
        sqlite3_bind_int64(q, 18, ids[1]);
    }
    return run(s, q);
}

alice_status alice__store_row_replace(alice__store *s, int64_t id, int64_t dir,
                                      const char *name)
{
    sqlite3_stmt *q;
    int64_t old = 0;
    bool placed = false;
    alice_status st = take(s, Q_ROW_FIND, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, dir);
    bind_text(q, 2, name);
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        old = sqlite3_column_int64(q, 0);
        placed = sqlite3_column_int(q, 1) == ALICE__PLACED ||
                 sqlite3_column_int(q, 1) == ALICE__UNDONE;
    } else if (rc != SQLITE_DONE) {
        st = failed(s, rc);
    }
    let_go(q);
    if (st != ALICE_OK || old == 0)
        return st;
    if (!placed)
        return alice__store_row_delete(s, old);
    st = take(s, Q_ROW_REPLACED, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, old);
    sqlite3_bind_int64(q, 2, id);
    return run(s, q);
}

alice_status alice__store_row_delete(alice__store *s, int64_t id)
{
    static const int both[] = {Q_ROW_DELETE, Q_AI_DELETE};
    alice_status st = ALICE_OK;
    for (int i = 0; i < 2 && st == ALICE_OK; i++) {
        sqlite3_stmt *q;
        st = take(s, both[i], &q);
        if (st != ALICE_OK)
            return st;
        sqlite3_bind_int64(q, 1, id);
        st = run(s, q);
    }
    return st;
}

alice_status alice__store_orphans_delete(alice__store *s, int64_t from, int64_t to)
{
    static const int both[] = {Q_ORPHAN_AI_DELETE, Q_ORPHANS_DELETE};
    alice_status st = ALICE_OK;
    for (int i = 0; i < 2 && st == ALICE_OK; i++) {
        sqlite3_stmt *q;
        st = take(s, both[i], &q);
        if (st != ALICE_OK)
            return st;
        sqlite3_bind_int64(q, 1, from);
        sqlite3_bind_int64(q, 2, to);
        st = run(s, q);
    }
    return st;
}

alice_status alice__store_set_content(alice__store *s, int64_t id, alice__hash content)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_SET_CONTENT, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, id);
    bind_hash(s, q, 2, 0, content);
    return run(s, q);
}

alice_status alice__store_set_dest(alice__store *s, int64_t id, const char *dest)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_SET_DEST, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, id);
    bind_text(q, 2, dest);
    return run(s, q);
}

alice_status alice__store_pending(alice__store *s, int64_t after)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_PENDING, &q);
    if (st == ALICE_OK)
        sqlite3_bind_int64(q, 1, after);
    return st;
}

alice_status alice__store_pending_next(alice__store *s, int64_t *id, uint64_t *size,
                                       alice__hash *head)
{
    sqlite3_stmt *q = s->q[Q_PENDING];
    int rc = sqlite3_step(q);
    if (rc == SQLITE_DONE)
        return ALICE_E_END;
    if (rc != SQLITE_ROW)
        return failed(s, rc);
    *id = sqlite3_column_int64(q, 0);
    *size = (uint64_t)sqlite3_column_int64(q, 1);
    column_hash(q, 2, head);
    return ALICE_OK;
}

void alice__store_pending_end(alice__store *s)
{
    let_go(s->q[Q_PENDING]);
}

alice_status alice__store_placed(alice__store *s, int64_t before, int64_t *after,
                                 uint64_t *size, char *dest, size_t dest_size)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_PLACED, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, *after);
    sqlite3_bind_int64(q, 2, before);
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        *after = sqlite3_column_int64(q, 0);
        *size = (uint64_t)sqlite3_column_int64(q, 1);
        int n = snprintf(dest, dest_size, "%s", column_text(q, 2));
        st = n >= 0 && (size_t)n < dest_size ? ALICE_OK : ALICE_E_TOOBIG;
    } else {
        st = rc == SQLITE_DONE ? ALICE_E_END : failed(s, rc);
    }
    let_go(q);
    return st;
}

/* ---- runs read back ---- */

/* Copy a column into what is left of `room`. */
static const char *keep_text(sqlite3_stmt *q, int at, char *room, size_t size, size_t *used,
                             alice_status *st)
{
    const char *text = column_text(q, at);
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
    alice_status st = take(s, Q_RUN_BEFORE, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, before);
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
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
    } else {
        st = rc == SQLITE_DONE ? ALICE_E_END : failed(s, rc);
    }
    let_go(q);
    return st;
}

alice_status alice__store_run_file(alice__store *s, const alice__run_row *of, int64_t after,
                                   char *room, size_t size, alice__run_file *out)
{
    sqlite3_stmt *q;
    size_t used = 0;
    alice_status st = take(s, of->undoes ? Q_UNDO_FILE : Q_RUN_FILE, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, of->id);
    sqlite3_bind_int64(q, 2, of->undoes || after >= of->first ? after : of->first - 1);
    if (!of->undoes)
        sqlite3_bind_int64(q, 3, of->end);
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        *out = (alice__run_file){.id = sqlite3_column_int64(q, 0),
                                 .run = sqlite3_column_int64(q, 1),
                                 .stamp = column_stamp(q, 5),
                                 .state = (alice__state)sqlite3_column_int(q, 10),
                                 .replaced = sqlite3_column_int(q, 11) != 0,
                                 .move = sqlite3_column_int(q, 12) != 0,
                                 .undo = (alice__undo_state)sqlite3_column_int(q, 15)};
        column_hash(q, 9, &out->head);
        out->folder = keep_text(q, 2, room, size, &used, &st);
        out->name = keep_text(q, 3, room, size, &used, &st);
        out->dest = keep_text(q, 4, room, size, &used, &st);
        out->other = keep_text(q, 13, room, size, &used, &st);
        out->why = keep_text(q, 14, room, size, &used, &st);
    } else {
        st = rc == SQLITE_DONE ? ALICE_E_END : failed(s, rc);
    }
    let_go(q);
    return st;
}

alice_status alice__store_undo_set(alice__store *s, int64_t run_id, int64_t file,
                                   alice__undo_state undo)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_UNDO_SET, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, run_id);
    sqlite3_bind_int64(q, 2, file);
    sqlite3_bind_int(q, 3, (int)undo);
    return run(s, q);
}

alice_status alice__store_set_state(alice__store *s, int64_t id, alice__state state)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_SET_STATE, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, id);
    sqlite3_bind_int(q, 2, (int)state);
    return run(s, q);
}

alice_status alice__store_doubt_get(alice__store *s, int64_t after, int64_t to,
                                    alice__store_doubt *out)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_DOUBT, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int64(q, 1, after);
    sqlite3_bind_int64(q, 2, to);
    int rc = sqlite3_step(q);
    if (rc != SQLITE_ROW) {
        st = rc == SQLITE_DONE ? ALICE_E_END : failed(s, rc);
        let_go(q);
        return st;
    }
    out->id = sqlite3_column_int64(q, 0);
    out->dir = column_text(q, 1);
    out->name = column_text(q, 2);
    out->dest = column_text(q, 3);
    out->stamp = column_stamp(q, 4);
    column_hash(q, 8, &out->head);
    out->move = !strcmp(column_text(q, 9), "move");
    return ALICE_OK;
}

void alice__store_doubt_end(alice__store *s)
{
    let_go(s->q[Q_DOUBT]);
}

/* ---- the index of fingerprints ---- */

alice_status alice__store_fingerprint_add(alice__store *s, uint32_t key, int64_t id)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_PRINT_ADD, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int(q, 1, (int32_t)key); /* four bytes on disk */
    sqlite3_bind_int64(q, 2, id);
    return run(s, q);
}

alice_status alice__store_fingerprint_next(alice__store *s, uint32_t key, int64_t after,
                                           int64_t *id)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_PRINT_NEXT, &q);
    if (st != ALICE_OK)
        return st;
    sqlite3_bind_int(q, 1, (int32_t)key);
    sqlite3_bind_int64(q, 2, after);
    return run_number(s, q, id);
}

/* ---- numbers ---- */

alice_status alice__store_number_get(alice__store *s, const char *project, const char *source,
                                     uint64_t *next)
{
    sqlite3_stmt *q;
    int64_t n = 0;
    alice_status st = take(s, Q_NUMBER_GET, &q);
    if (st != ALICE_OK)
        return st;
    bind_text(q, 1, project);
    bind_text(q, 2, source);
    st = run_number(s, q, &n);
    if (st == ALICE_OK)
        *next = (uint64_t)n;
    return st;
}

alice_status alice__store_number_set(alice__store *s, const char *project, const char *source,
                                     uint64_t next)
{
    sqlite3_stmt *q;
    alice_status st = take(s, Q_NUMBER_SET, &q);
    if (st != ALICE_OK)
        return st;
    bind_text(q, 1, project);
    bind_text(q, 2, source);
    sqlite3_bind_int64(q, 3, (int64_t)next);
    return run(s, q);
}
