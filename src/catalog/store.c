/* SPDX-License-Identifier: MIT */
/*
 * The catalog's tables in one SQLite file: its schema, opening, closing and transactions.
 * store_rows.c and store_runs.c say what is written there and asked.
 *
 *   files ── rowid ascending in walk order, so that rows are appended
 *     │  └── files_by_name: (dir, name) of the rows that stand for a source now
 *     ├── ai            prompt, model, seed …, only where there are any
 *     ├── dirs, runs    what `dir` and `run` mean
 *     └── words         texts that many rows share
 *   fingerprints ────── (key, id), filled in sorted merges
 *   alike, chains ───── (print, id): files with equal heads, told apart by more than that
 *   places ──────────── where a picture was taken, only where that is known
 *   albums, in_albums ─ their titles, and (file, album)
 *   changes ─────────── rows that came before and are not what they were, by triggers
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
#include "catalog/store_int.h"

#include <stdio.h>
#include <string.h>

#include <alice/budget.h>

#include "base/error.h"
#include "port/fs.h"

enum {
    PAGE = 4096,
    FRAME = PAGE + 24,        /* a page in the log */
    LOG_PAGES = 1000,         /* then the log is emptied into the database */
    READER_MS = 3000,         /* for a search that reads what is new: it goes part by part */
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

/* Decisions that rested on the clock: few or none. */
static const char schema_3[] = "CREATE INDEX files_doubted ON files(dest)"
                               " WHERE other < 0 AND state = 1 AND replaced IS NULL;";

/* Few or none: files that were told apart by more than their heads. */
static const char schema_4[] =
    "CREATE TABLE alike(print INTEGER, id INTEGER, PRIMARY KEY(print, id)) WITHOUT ROWID;"
    "CREATE TABLE chains(print INTEGER PRIMARY KEY, upto INTEGER NOT NULL);";

/* Where pictures were taken, in ten-thousandths of a degree; and which rows have changed since,
 * for an index over the catalog: a row that comes is seen by its id, so that only the few that
 * change later cost something. */
static const char schema_5[] =
    "CREATE TABLE places(file INTEGER PRIMARY KEY, latitude INTEGER NOT NULL,"
    " longitude INTEGER NOT NULL);"
    "CREATE TABLE changes(at INTEGER PRIMARY KEY, file INTEGER NOT NULL, date INTEGER,"
    " time INTEGER);"
    "CREATE TRIGGER file_changes AFTER UPDATE OF dest, state, date, time, date_source ON files"
    " WHEN old.state = 1 OR new.state = 1 BEGIN"
    " INSERT INTO changes(file, date, time) VALUES(old.id, old.date, old.time); END;"
    "CREATE TRIGGER file_goes AFTER DELETE ON files WHEN old.state = 1 BEGIN"
    " INSERT INTO changes(file, date, time) VALUES(old.id, old.date, old.time); END;";

/* Which albums an organized file is in, wherever the copies of it that were met stood. */
static const char schema_6[] =
    "CREATE TABLE albums(id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE);"
    "CREATE TABLE in_albums(file INTEGER NOT NULL, album INTEGER NOT NULL,"
    " PRIMARY KEY(file, album)) WITHOUT ROWID;";

/* Zones, in minutes, that moments were lent by pictures near them: few or none. */
static const char schema_7[] =
    "CREATE TABLE lent(file INTEGER PRIMARY KEY, zone INTEGER NOT NULL);"
    "CREATE TRIGGER file_lent_goes AFTER DELETE ON files BEGIN"
    " DELETE FROM lent WHERE file = old.id; END;";

static const char *const steps[] = {schema_1, schema_2, schema_3, schema_4,
                                    schema_5, schema_6, schema_7};
enum { SCHEMA = sizeof steps / sizeof *steps };

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
    alice_status st =
        alice__sql_exec(s, on ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    if (st == ALICE_OK)
        s->flushing = on;
    return st;
}

/* Pragmas that must come before the first page is read. */
static alice_status configure(alice__store *s, const alice__store_options *o)
{
    char sql[320], mode[16];
    snprintf(sql, sizeof sql,
             "PRAGMA page_size = %d; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -%zu;"
             "PRAGMA temp_store = FILE; PRAGMA mmap_size = 0; PRAGMA secure_delete = OFF;"
             "PRAGMA automatic_index = OFF; PRAGMA trusted_schema = OFF;"
             "PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = %d;",
             PAGE, o->cache_bytes / 1024, 8 * 1024 * 1024);
    alice_status st = alice__sql_exec(s, sql);
    if (st != ALICE_OK || s->mode == ALICE__STORE_READ)
        return st;
    /* The application id is in the file itself from the start, not only in its log. */
    int64_t pages = 0;
    if (s->mode == ALICE__STORE_WRITE)
        st = alice__sql_ask_number(s, "PRAGMA page_count", &pages);
    if (st == ALICE_OK && s->mode == ALICE__STORE_WRITE && pages == 0) {
        snprintf(sql, sizeof sql, "PRAGMA application_id = %d", APPLICATION);
        st = alice__sql_exec(s, sql);
    }
    if (st != ALICE_OK)
        return st;
    st = alice__sql_ask(
        s, o->log_works ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = TRUNCATE", mode,
        sizeof mode);
    if (st != ALICE_OK)
        return st;
    s->log = strcmp(mode, "wal") == 0;
    if (s->log)
        sqlite3_wal_hook(s->db, on_commit, s);
    if (s->mode == ALICE__STORE_SCRATCH)
        return alice__sql_exec(s, "PRAGMA synchronous = OFF");
    s->flushing = true;
    /* From here on nobody else reads it: in the log's mode the lock is taken by the first
       reader, else by the first writer. */
    sqlite3_busy_timeout(s->db, READER_MS);
    st = alice__sql_exec(s, "PRAGMA synchronous = FULL; BEGIN EXCLUSIVE; COMMIT");
    sqlite3_busy_timeout(s->db, 0);
    return st;
}

/* From the schema that is there to ours, each step a transaction. */
static alice_status migrate(alice__store *s, alice_error *error)
{
    int64_t version = 0, application = 0, tables = 0;
    alice_status st = alice__sql_ask_number(s, "PRAGMA user_version", &version);
    if (st == ALICE_OK)
        st = alice__sql_ask_number(s, "PRAGMA application_id", &application);
    if (st == ALICE_OK)
        st = alice__sql_ask_number(s, "SELECT count(*) FROM sqlite_schema", &tables);
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
        st = alice__sql_exec(s, "BEGIN IMMEDIATE");
        if (st == ALICE_OK)
            st = alice__sql_exec(s, s->steps[version]);
        if (st == ALICE_OK)
            st = alice__sql_exec(s, end);
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
        st = alice__sql_failed(s, rc);
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
    if (!error || error->status == ALICE_OK) /* migrate() may have given a better reason */
        alice__fail(error, st, s->db ? sqlite3_system_errno(s->db) : 0, "%s: %s", s->why,
                    s->path);
    alice__store_close(&s);
    /* An empty file left here would belong to nobody. */
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
 * journal is used then, which is slower and as safe. So none of the answers matters. */
static void remove_all(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char name[4200];
        int n = snprintf(name, sizeof name, "%s%s", path, ends[i]);
        if (n > 0 && (size_t)n < sizeof name)
            (void)alice__fs_unlink(ALICE__FS_CWD,
                                   name); /* what stays makes the next trial careful */
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
        sqlite3_step(q) == SQLITE_ROW && !strcmp(alice__sql_text(q, 0), "wal");
    sqlite3_finalize(q);
    sqlite3_close(db);
    remove_all(path);
    return works;
}

bool alice__store_reads(const alice__store *s)
{
    return s->mode == ALICE__STORE_READ;
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
    alice_status st = alice__sql_take(s, Q_BATCH_GET, &q);
    if (st != ALICE_OK)
        return st;
    st = alice__sql_row(s, q, ALICE_E_DAMAGED);
    if (st != ALICE_OK)
        return st;
    *out = (alice__store_batch){
        .open_from = sqlite3_column_int64(q, 0),
        .open_to = sqlite3_column_int64(q, 1),
        .next_file = sqlite3_column_int64(q, 2),
        .placed = sqlite3_column_int64(q, 3),
        .merged = sqlite3_column_int64(q, 4),
    };
    alice__sql_let_go(q);
    return ALICE_OK;
}

alice_status alice__store_tree_get(alice__store *s, alice__store_tree *out)
{
    sqlite3_stmt *q;
    alice_status st = alice__sql_take(s, Q_TREE_GET, &q);
    if (st != ALICE_OK)
        return st;
    st = alice__sql_row(s, q, ALICE_E_DAMAGED);
    if (st != ALICE_OK)
        return st;
    *out = (alice__store_tree){.id = sqlite3_column_int64(q, 0),
                               .generation = sqlite3_column_int64(q, 1),
                               .incomplete = sqlite3_column_int(q, 2) != 0};
    alice__sql_let_go(q);
    return ALICE_OK;
}

alice_status alice__store_tree_set(alice__store *s, const alice__store_tree *tree)
{
    const int64_t numbers[] = {tree->generation, tree->incomplete};
    return alice__sql_run_with(s, Q_TREE_SET, numbers, 2);
}

/* Empty the log into the database where it has become long. */
static alice_status tidy_log(alice__store *s)
{
    int in_log = 0, moved = 0;
    if (!s->log || s->log_pages < LOG_PAGES)
        return ALICE_OK;
    int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
    if (rc != SQLITE_OK)
        return alice__sql_failed(s, rc);
    s->log_pages = 0;
    s->pages_moved += moved > 0 ? (uint64_t)moved : 0;
    return ALICE_OK;
}

alice_status alice__store_begin(alice__store *s)
{
    if (s->begun)
        return s->lost;
    /* Here, not after a commit, a failure is one of a batch that has not begun. */
    alice_status st = tidy_log(s);
    if (st == ALICE_OK)
        st = alice__sql_run_with(s, Q_BEGIN, NULL, 0);
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
    const int64_t numbers[] = {b->open_from, b->open_to, b->next_file, b->placed, b->merged};
    alice_status st = alice__store_begin(s);
    if (st == ALICE_OK)
        st = alice__sql_run_with(s, Q_BATCH_SET, numbers, 5);
    if (st == ALICE_OK)
        st = alice__sql_run_with(s, Q_COMMIT, NULL, 0);
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
