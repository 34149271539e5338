/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CATALOG_SEARCH_INDEX_INT_H
#define ALICE_CATALOG_SEARCH_INDEX_INT_H

/* What search_index.c, which writes, and search_ask.c share. */

#include <sqlite3.h>

#include "catalog/search_index.h"

/* Columns as the catalog tells them: see alice__sql_organized(). */
#define INDEX_FILES                                                                    \
    "SELECT f.path, f.bytes, f.day, f.time, t.text, d.text, m.text, o.text, g.text,"   \
    " f.ai_model, f.seed, f.prompt, f.negative_prompt, f.latitude, f.longitude, k.id," \
    " f.type, f.date_source, f.make, f.model, f.generator, f.albums FROM dates k"      \
    " CROSS JOIN files f ON f.id = (k.id & 268435455)"                                 \
    " LEFT JOIN words t ON t.id = f.type LEFT JOIN words d ON d.id = f.date_source"    \
    " LEFT JOIN words m ON m.id = f.make LEFT JOIN words o ON o.id = f.model"          \
    " LEFT JOIN words g ON g.id = f.generator WHERE k.id BETWEEN ?1 AND ?2 ORDER BY k.id"

#define INDEX_STATEMENTS(X)                                                              \
    X(BEGIN_READ, "BEGIN")                                                               \
    X(BEGIN, "BEGIN IMMEDIATE")                                                          \
    X(COMMIT, "COMMIT")                                                                  \
    X(STATE_GET, "SELECT value FROM state ORDER BY slot")                                \
    X(STATE_SET, "INSERT OR REPLACE INTO state VALUES(?1, ?2)")                          \
    X(WORD, "INSERT OR REPLACE INTO words VALUES(?1, ?2)")                               \
    X(PUT, "INSERT OR IGNORE INTO files VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10," \
           " ?11, ?12, ?13, ?14, ?15, ?16, ?17)")                                        \
    X(TOKENS, "INSERT INTO tokens(rowid, text) VALUES(?1, ?2)")                          \
    X(MERGE, "INSERT INTO tokens(tokens, rank) VALUES('merge', ?1)")                     \
    X(DAY_MORE, "INSERT INTO days VALUES(?1, 1)"                                         \
                " ON CONFLICT(day) DO UPDATE SET files = files + 1")                     \
    X(DAY_LESS, "UPDATE days SET files = files - 1 WHERE day = ?1")                      \
    X(DAY_NONE, "DELETE FROM days WHERE day = ?1 AND files < 1")                         \
    X(DATE, "INSERT INTO dates VALUES(?1)")                                              \
    X(DATE_DROP, "DELETE FROM dates WHERE id = ?1")                                      \
    X(DROP, "DELETE FROM files WHERE id = ?1")                                           \
    X(FILES, INDEX_FILES)                                                                \
    X(FILES_BACK, INDEX_FILES " DESC")                                                   \
    X(MAYBE, "SELECT rowid FROM tokens WHERE tokens MATCH ?1"                            \
             " AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid")                              \
    X(MAYBE_BACK, "SELECT rowid FROM tokens WHERE tokens MATCH ?1"                       \
                  " AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid DESC")                    \
    X(DAYS, "SELECT day, files FROM days WHERE day BETWEEN ?1 AND ?2 ORDER BY day")      \
    X(DAYS_BACK, "SELECT day, files FROM days WHERE day BETWEEN ?1 AND ?2 ORDER BY day DESC")

enum {
#define INDEX_ID(id, sql) I_##id,
    INDEX_STATEMENTS(INDEX_ID)
#undef INDEX_ID
        I_COUNT
};

/* In dates: id = second << ROW_BITS | row; of tokens: second << BIN_BITS | row % BINS. */
enum { ALICE__ROW_BITS = 28, ALICE__BIN_BITS = 4, ALICE__BINS = 1 << ALICE__BIN_BITS };

struct alice__index {
    alice_env env;
    sqlite3 *db;
    sqlite3_stmt *q[I_COUNT];
    size_t charged;
    size_t write_bytes;
    bool has_fts; /* this SQLite */
    bool writing; /* a transaction is open */
    bool tokens;  /* the file has them, and they can be asked */
    uint64_t dev, inode;
    alice__room document;
    char why[192];
    char path[];
};

alice_status alice__index_failed(alice__index *x, int rc);
/* A statement, ready to be bound. */
alice_status alice__index_take(alice__index *x, int which, sqlite3_stmt **q);
void alice__index_let_go(sqlite3_stmt *q);
/* Run one that answers nothing, and reset it. */
alice_status alice__index_run(alice__index *x, sqlite3_stmt *q);
alice_status alice__index_run_with(alice__index *x, int which, const int64_t *numbers,
                                   int count);

/* A second of the calendar, in order; what is not known of a date comes before what is. */
int64_t alice__index_second(uint32_t day, uint32_t time, bool has_time);

#endif
