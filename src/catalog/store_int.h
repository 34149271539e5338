/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CATALOG_STORE_INT_H
#define ALICE_CATALOG_STORE_INT_H

/*
 * What the parts of the store share: the statements, the store, and small words over SQLite.
 *
 *   store.c       the schema; opening, closing, transactions
 *   store_sql.c   the small words
 *   store_rows.c  directories, rows, fingerprints, numbers
 *   store_runs.c  runs and their files: written, in doubt, read back, taken back
 *   store_library.c  the organized files, told
 */

#include <sqlite3.h>

#include "catalog/store.h"

enum { ALICE__WORDS = 256, ALICE__WORD_MAX = 39 };

/* What is asked of a file of a run. */
#define RUN_FILE_COLUMNS                                                                   \
    "SELECT f.id, f.run, d.path, f.name, f.dest, f.size, f.mtime_ns, f.ctime_ns, f.inode," \
    " f.head, f.state, f.replaced IS NOT NULL, "                                           \
    " r.mode IN ('move', 'redate', 'remove'),"                                             \
    " (SELECT p.dest FROM files p WHERE f.state = 2 AND p.id = f.other),"                  \
    " (SELECT w.text FROM words w WHERE w.id = f.date_source), f.other,"                   \
    " r.mode = 'remove'"
#define RUN_FILE_JOINS " LEFT JOIN dirs d ON d.id = f.dir LEFT JOIN runs r ON r.id = f.run"

/* A line for each album of a file: of one that is in more, the first. */
#define ALBUMS_OF_F                                                               \
    "(SELECT group_concat(title, char(10)) FROM (SELECT b.title FROM in_albums i" \
    " JOIN albums b ON b.id = i.album WHERE i.file = f.id ORDER BY i.album LIMIT 100))"

/* What is told of an organized file. */
#define LIBRARY_FILES                                                                    \
    "SELECT f.dest, f.size, f.date, f.time, t.text, d.text, m.text, o.text, g.text,"     \
    " a.model, a.seed, a.prompt, a.negative_prompt, p.latitude, p.longitude, f.id,"      \
    " f.type, f.date_source, f.make, f.model, f.generator, " ALBUMS_OF_F " FROM files f" \
    " LEFT JOIN words t ON t.id = f.type LEFT JOIN words d ON d.id = f.date_source"      \
    " LEFT JOIN words m ON m.id = f.make LEFT JOIN words o ON o.id = f.model"            \
    " LEFT JOIN words g ON g.id = f.generator LEFT JOIN ai a ON a.file = f.id"           \
    " LEFT JOIN places p ON p.file = f.id"                                               \
    " WHERE f.state = 1 AND f.dest > ''"
/* No time comes before midnight. */
#define BY_DATE " ORDER BY coalesce(f.date, 0), coalesce(f.time, -1), f.id"

/* Longest text of a counter that is made by us, with its NUL. */
enum { ALICE__COUNTER_MAX = 1024 };

/* On one side of a name, the nearest in byte order. */
#define NEAR_NAMES(side, order)                                                          \
    "SELECT * FROM (SELECT date, time, zone, date_source FROM files WHERE dir = ?1"      \
    " AND name " side " ?2 AND replaced IS NULL AND state IN (1, 2) ORDER BY name" order \
    " LIMIT 64)"

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
    X(NEAR,                                                                                    \
      "SELECT date, time, zone FROM (" NEAR_NAMES("<", " DESC") " UNION ALL " NEAR_NAMES(      \
          ">", "") ") JOIN words w ON w.id = date_source WHERE zone IS NOT NULL AND time"      \
                   " IS NOT NULL AND (w.text LIKE 'exif:DateTime%' OR w.text LIKE 'xmp:%' OR"  \
                   " w.text = 'quicktime:creationdate')")                                      \
    X(LENT, "SELECT zone FROM lent WHERE file = ?1")                                           \
    X(LENT_SET, "INSERT INTO lent VALUES(?1, ?2)"                                              \
                " ON CONFLICT(file) DO UPDATE SET zone = excluded.zone")                       \
    X(LENT_DELETE, "DELETE FROM lent WHERE file = ?1")                                         \
    X(ROW_DATE, "SELECT date, time, zone FROM files WHERE id = ?1")                            \
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
    X(PLACE_ADD, "INSERT INTO places VALUES(?1, ?2, ?3)")                                      \
    X(PLACE_DELETE, "DELETE FROM places WHERE file = ?1")                                      \
    X(ORPHAN_PLACES_DELETE, "DELETE FROM places WHERE file IN (SELECT id FROM files"           \
                            " WHERE id >= ?1 AND id < ?2 AND state = 2 AND NOT EXISTS"         \
                            " (SELECT 1 FROM files p WHERE p.id = files.other))")              \
    X(TOLD, "SELECT date, time, zone, content_id, head FROM files WHERE id = ?1")              \
    X(TELL, "UPDATE files SET date = ?2, time = ?3, zone = ?4, content_id = ?5, head = ?6"     \
            " WHERE id = ?1")                                                                  \
    X(ALBUM_FIND, "SELECT id FROM albums WHERE title = ?1")                                    \
    X(ALBUM_ADD, "INSERT INTO albums(title) VALUES(?1)")                                       \
    X(IN_ALBUM, "SELECT 1 FROM in_albums WHERE file = ?1 AND album = ?2")                      \
    X(ALBUM_OF, "SELECT b.title FROM in_albums i JOIN albums b ON b.id = i.album"              \
                " WHERE i.file = ?1 ORDER BY i.album LIMIT 1")                                 \
    X(IN_ALBUM_ADD, "INSERT INTO in_albums VALUES(?1, ?2)")                                    \
    X(IN_ALBUM_DELETE, "DELETE FROM in_albums WHERE file = ?1")                                \
    X(CHANGE_ADD, "INSERT INTO changes(file, date, time)"                                      \
                  " SELECT id, date, time FROM files WHERE id = ?1 AND state = 1")             \
    X(ROW_REPLACED, "UPDATE files SET replaced = ?2 WHERE id = ?1")                            \
    X(ROW_DELETE, "DELETE FROM files WHERE id = ?1")                                           \
    X(AI_DELETE, "DELETE FROM ai WHERE file = ?1")                                             \
    /* What `alice duplicates --remove` took away is the duplicate of no row: its `other` is   \
     * 0. */                                                                                   \
    X(ORPHAN_AI_DELETE, "DELETE FROM ai WHERE file IN (SELECT id FROM files"                   \
                        " WHERE id >= ?1 AND id < ?2 AND state = 2 AND other > 0"              \
                        " AND NOT EXISTS"                                                      \
                        " (SELECT 1 FROM files p WHERE p.id = files.other))")                  \
    X(ORPHANS_DELETE,                                                                          \
      "DELETE FROM files WHERE id >= ?1 AND id < ?2 AND state = 2"                             \
      " AND other > 0 AND NOT EXISTS (SELECT 1 FROM files p WHERE p.id = files.other)")        \
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
    X(PLACED,                                                                                  \
      "SELECT id, size, mtime_ns, head, content, replaced IS NOT NULL, dest, run FROM files"   \
      " WHERE id > ?1 AND id < ?2 AND state = 1 ORDER BY id LIMIT 1")                          \
    X(LIBRARY, LIBRARY_FILES " ORDER BY f.id")                                                 \
    X(LIBRARY_BY_DATE, LIBRARY_FILES BY_DATE)                                                  \
    X(LIBRARY_BACK, LIBRARY_FILES " ORDER BY coalesce(f.date, 0) DESC,"                        \
                                  " coalesce(f.time, -1) DESC, f.id DESC")                     \
    X(LIBRARY_PART, LIBRARY_FILES " AND f.id >= ?1 AND f.id < ?2" BY_DATE)                     \
    X(LIBRARY_CHANGED, LIBRARY_FILES                                                           \
      " AND f.id < ?2 AND f.id IN (SELECT file FROM changes WHERE at > ?1)" BY_DATE)           \
    X(CHANGES, "SELECT at, file, date, time FROM changes WHERE at > ?1 ORDER BY at")           \
    X(CHANGE_LAST, "SELECT max(at) FROM changes")                                              \
    X(WORDS, "SELECT id, text FROM words WHERE id > ?1 ORDER BY id")                           \
    X(RUN_LATEST, "SELECT id, started FROM runs ORDER BY id DESC LIMIT 1")                     \
    X(RUN_STARTED, "SELECT started FROM runs WHERE id = ?1")                                   \
    X(RUN_FIRST, "SELECT min(first) FROM runs WHERE id > ?1")                                  \
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
    X(DOUBT,                                                                                   \
      "SELECT f.id, d.path, f.name, f.dest, f.size, f.mtime_ns, f.ctime_ns,"                   \
      " f.inode, f.head, r.mode, f.other FROM files f LEFT JOIN dirs d ON d.id = f.dir"        \
      " LEFT JOIN runs r ON r.id = f.run"                                                      \
      " WHERE f.id > ?1 AND f.id < ?2 AND (f.state = 1 OR (f.state = 2 AND f.dest > ''))"      \
      " ORDER BY f.id LIMIT 1")                                                                \
    X(PRINT_ADD, "INSERT OR IGNORE INTO fingerprints VALUES(?1, ?2)")                          \
    X(PRINT_NEXT, "SELECT id FROM fingerprints WHERE key = ?1 AND id > ?2"                     \
                  " ORDER BY id LIMIT 1")                                                      \
    X(ALIKE_ADD, "INSERT OR IGNORE INTO alike VALUES(?1, ?2)")                                 \
    X(ALIKE_NEXT, "SELECT id FROM alike WHERE print = ?1 AND id > ?2 ORDER BY id LIMIT 1")     \
    X(CHAIN_GET, "SELECT upto FROM chains WHERE print = ?1")                                   \
    X(CHAIN_SET, "INSERT INTO chains VALUES(?1, ?2)"                                           \
                 " ON CONFLICT(print) DO UPDATE SET upto = excluded.upto")                     \
    X(NUMBER_GET, "SELECT next FROM counters WHERE project = ?1 AND source = ?2")              \
    X(NUMBERS_NEXT,                                                                            \
      "SELECT project, source FROM counters WHERE (project, source) > (?1, ?2)"                \
      " AND substr(source, 1, length(?3)) = ?3 ORDER BY project, source LIMIT 1")              \
    X(NUMBER_DROP, "DELETE FROM counters WHERE project = ?1 AND source = ?2")                  \
    X(NUMBER_SET, "INSERT INTO counters VALUES(?1, ?2, ?3)"                                    \
                  " ON CONFLICT(project, source) DO UPDATE SET next = excluded.next")

enum {
#define STATEMENT_ID(id, sql) Q_##id,
    STATEMENTS(STATEMENT_ID)
#undef STATEMENT_ID
        Q_COUNT
};

/* A word whose id was asked lately. */
typedef struct alice__word {
    int64_t id; /* 0: empty */
    uint8_t n;
    char text[ALICE__WORD_MAX];
} alice__word;

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
    alice__word words[ALICE__WORDS];
    uint8_t hashes[2][16]; /* bound to the statement at hand */
    char why[192];
    char path[]; /* as given by the caller */
};

/* ---- store_sql.c ---- */

/* What an answer of SQLite means. */
alice_status alice__sql_status(sqlite3 *db, int rc);
/* Note why, and answer the status. */
alice_status alice__sql_failed(alice__store *s, int rc);

/* The statement, ready to be bound; of the second, its first number is. */
alice_status alice__sql_take(alice__store *s, int which, sqlite3_stmt **q);
alice_status alice__sql_take_id(alice__store *s, int which, int64_t id, sqlite3_stmt **q);
/* Needed where a row was answered; it does no harm where none was. */
void alice__sql_let_go(sqlite3_stmt *q);

/* Run a statement that answers no row. */
alice_status alice__sql_run(alice__store *s, sqlite3_stmt *q);
/* Take one, bind `count` numbers, run it. */
alice_status alice__sql_run_with(alice__store *s, int which, const int64_t *numbers, int count);
/* Run one that answers at most one number; 0 where it answers none. */
alice_status alice__sql_run_number(alice__store *s, sqlite3_stmt *q, int64_t *out);
/* To the next row; `none` where there is no more. On any other status the statement is reset.
 */
alice_status alice__sql_row(alice__store *s, sqlite3_stmt *q, alice_status none);

alice_status alice__sql_exec(alice__store *s, const char *sql);
/* Ask a pragma; the first column of its first row. */
alice_status alice__sql_ask(alice__store *s, const char *sql, char *buf, size_t size);
alice_status alice__sql_ask_number(alice__store *s, const char *sql, int64_t *out);

void alice__sql_bind_text(sqlite3_stmt *q, int at, const char *text);
/* Empty is NULL: it takes no room. */
void alice__sql_bind_fact(sqlite3_stmt *q, int at, alice_text t);
/* Bound as bytes of the store, which has room for two: a copy made by SQLite could fail
 * unnoticed. */
void alice__sql_bind_hash(alice__store *s, sqlite3_stmt *q, int at, int which, alice__hash h);

/* False: there is none. */
bool alice__sql_hash(sqlite3_stmt *q, int at, alice__hash *h);
/* "" where there is none; borrowed. */
const char *alice__sql_text(sqlite3_stmt *q, int at);
/* Copied; false where there is no room for all of it. */
bool alice__sql_copy_text(sqlite3_stmt *q, int at, char *buf, size_t size);
/* The columns of LIBRARY_FILES; borrowed. */
void alice__sql_organized(sqlite3_stmt *q, alice__organized *out);
/* size, mtime, ctime and inode stand side by side wherever they are asked. */
alice__stamp alice__sql_stamp(sqlite3_stmt *q, int at);

#endif
