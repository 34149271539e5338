/* SPDX-License-Identifier: MIT */
/*
 * The catalog on real SQLite files: rows, batches and kills, windows,
 * fingerprints, numbers, dry runs, damage, full disks and failing memory.
 */
#include "test.h"
#include "faulty.h"
#include "tree.h"

#include <alice/budget.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "catalog/catalog.h"
#include "catalog/fingerprints.h"
#include "catalog/store.h"

/* ---- a folder, and short words ---- */

static char folder[64];
static char db_path[96];
static int folder_fd = -1;
static pid_t parent; /* a child in which an assertion failed ends in its teardown */

static int make_folder(void **state)
{
    (void)state;
    folder_fd = tree_make(folder);
    snprintf(db_path, sizeof db_path, "%s/catalog.db", folder);
    return folder_fd < 0;
}

static int remove_folder(void **state)
{
    (void)state;
    if (getpid() != parent)
        _exit(1);
    close(folder_fd);
    tree_remove(folder);
    return 0;
}

static alice__catalog *opened_with(alice__catalog_options o)
{
    alice__catalog *c = NULL;
    alice_error e = {0};
    o.path = db_path;
    alice_status st = alice__catalog_open(&c, &o, &e);
    if (st != ALICE_OK)
        fail_msg("open: %s: %s", alice_status_name(st), e.text);
    return c;
}

static alice__catalog *opened(void)
{
    return opened_with((alice__catalog_options){0});
}

static alice__hash head_of(uint64_t n)
{
    n = (n + 1) * 0x9e3779b97f4a7c15u;
    return (alice__hash){.low = n ^ n >> 29, .high = ~n};
}

/* A placed row of the nth file: everything about it follows from n. */
static alice_status try_place(alice__catalog *c, int64_t dir, const char *name, uint64_t n,
                              int64_t *id)
{
    char dest[64];
    alice_media_info info = {.type = ALICE_MEDIA_JPEG,
                             .width = 40,
                             .height = 30,
                             .date = {.year = 2024, .month = 3, .day = 15},
                             .date_source = ALICE_DATE_EXIF_ORIGINAL,
                             .generator = ALICE_GEN_COMFYUI};
    info.fact[ALICE_FACT_MODEL] = (alice_text){"Pixel 8", 7};
    info.fact[ALICE_FACT_PROMPT] = (alice_text){"a cat\nin a hat", 14};
    snprintf(dest, sizeof dest, "2024-03-15/p/camera/p-%05llu.jpg", (unsigned long long)n);
    alice__row row = {.dir_id = dir,
                      .file.name = name,
                      .file.stamp = {1000 + n, 5, 6, 7},
                      .state = ALICE__PLACED,
                      .dest = dest,
                      .file.head = head_of(n),
                      .info = &info,
                      .run_id = 1};
    return alice__catalog_add(c, &row, id, NULL);
}

static int64_t place(alice__catalog *c, int64_t dir, const char *name, uint64_t n)
{
    int64_t id = 0;
    assert_ok(try_place(c, dir, name, n, &id));
    return id;
}

static int64_t dir_of(alice__catalog *c, const char *path)
{
    int64_t id = 0;
    assert_ok(alice__catalog_dir(c, path, true, &id));
    assert_true(id > 0);
    return id;
}

static int64_t known(alice__catalog *c, int64_t dir, const char *name)
{
    alice__known k;
    assert_ok(alice__catalog_known(c, dir, name, &k));
    return k.id;
}

/* The first row with the fingerprint of the nth file. */
static int64_t same(alice__catalog *c, uint64_t n)
{
    char buf[128];
    int64_t after = 0;
    alice__candidate found;
    assert_ok(alice__catalog_same(c, 1000 + n, head_of(n), &after, buf, sizeof buf, &found));
    return found.id;
}

static int64_t begun_run(alice__catalog *c)
{
    const alice__run run = {
        .mode = "copy", .inbox = "/in", .organized = "/out", .started_s = 1700000000};
    int64_t id = 0;
    assert_ok(alice__catalog_run_begin(c, &run, &id, NULL));
    return id;
}

static void end_run(alice__catalog *c, int64_t run)
{
    const alice__run_totals totals = {.tally.files = 1, .finished = true};
    assert_ok(alice__catalog_run_end(c, run, &totals, NULL));
}

static unsigned doubts(alice__catalog *c)
{
    unsigned n = 0;
    int64_t after = 0;
    for (alice__doubt d;; n++) {
        assert_ok(alice__catalog_doubt(c, &after, &d));
        if (d.id == 0)
            return n;
    }
}

/* One number out of the closed database, by SQLite itself. */
static long long sql_number(const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    long long n = -1;
    if (sqlite3_open_v2(db_path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK) {
        int rc = sqlite3_step(q);
        n = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : rc == SQLITE_DONE ? 0 : -1;
    }
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

/* ---- rows ---- */

static void rows_are_kept(void **state)
{
    (void)state;
    char buf[128];
    alice__catalog *c = opened();
    int64_t run = begun_run(c);
    int64_t dir = dir_of(c, "/in/a");
    assert_int_equal(dir_of(c, "/in/a"), dir);
    int64_t none = -1;
    assert_ok(alice__catalog_dir(c, "/in/b", false, &none));
    assert_int_equal(none, 0);

    assert_int_equal(known(c, dir, "x.jpg"), 0);
    int64_t x = place(c, dir, "x.jpg", 1);
    assert_int_equal(known(c, dir, "x.jpg"), x);
    alice__row not_media = {.dir_id = dir, .file.name = "y.txt", .state = ALICE__NOT_MEDIA};
    int64_t y = 0;
    assert_ok(alice__catalog_add(c, &not_media, &y, NULL));
    assert_true(y > x);
    assert_ok(alice__catalog_commit(c, true, NULL));
    end_run(c, run);
    alice__catalog_close(&c);
    assert_null(c);

    c = opened();
    assert_int_equal(doubts(c), 0);
    alice__known k;
    assert_ok(alice__catalog_known(c, dir, "x.jpg", &k));
    assert_int_equal(k.id, x);
    assert_int_equal(k.state, ALICE__PLACED);
    assert_true(k.stamp.size == 1001 && k.stamp.mtime_ns == 5 && k.stamp.ctime_ns == 6 &&
                k.stamp.inode == 7);
    assert_ok(alice__catalog_known(c, dir, "y.txt", &k));
    assert_int_equal(k.state, ALICE__NOT_MEDIA);
    assert_int_equal(same(c, 1), x);
    assert_ok(alice__catalog_dest(c, x, buf, sizeof buf));
    assert_string_equal(buf, "2024-03-15/p/camera/p-00001.jpg");
    assert_ok(alice__catalog_dest(c, y, buf, sizeof buf));
    assert_string_equal(buf, "");
    assert_status(alice__catalog_dest(c, x, buf, 5), ALICE_E_TOOBIG);
    alice__catalog_stats stats;
    alice__catalog_stats_get(c, &stats);
    assert_int_equal(stats.rows, 1);
    alice__catalog_close(&c);

    assert_int_equal(sql_number("SELECT count(*) FROM files f JOIN words w ON w.id = f.model"
                                " WHERE w.text = 'Pixel 8' AND f.date = 20240315"),
                     1);
    assert_int_equal(sql_number("SELECT count(*) FROM ai WHERE prompt = 'a cat' || char(10)"
                                " || 'in a hat' AND seed IS NULL"),
                     1);
    assert_int_equal(sql_number("SELECT finished FROM runs WHERE id = 1"), 1);
    assert_false(tree_has(folder_fd, "catalog.db-wal"));
    assert_false(tree_has(folder_fd, "catalog.db-shm"));
    assert_false(tree_has(folder_fd, "catalog.probe"));
}

static void rows_change(void **state)
{
    (void)state;
    char buf[128];
    alice__catalog *c = opened();
    int64_t dir = dir_of(c, "/in"), after = 0;
    int64_t a = place(c, dir, "a.jpg", 1), b = place(c, dir, "b.jpg", 2);
    assert_ok(alice__catalog_commit(c, true, NULL));
    assert_ok(alice__catalog_forget(c, a));
    assert_ok(alice__catalog_forget(c, a));
    assert_int_equal(known(c, dir, "a.jpg"), 0);
    assert_int_equal(same(c, 1), 0);
    assert_ok(alice__catalog_moved(c, b, "elsewhere/b.jpg"));
    const alice__hash content = {77, 88};
    assert_ok(alice__catalog_set_content(c, b, content));
    assert_ok(alice__catalog_commit(c, false, NULL));
    alice__catalog_close(&c);

    c = opened();
    alice__candidate found;
    assert_ok(alice__catalog_same(c, 1002, head_of(2), &after, buf, sizeof buf, &found));
    assert_int_equal(found.id, b);
    assert_true(found.has_content && found.content.low == 77 && found.content.high == 88);
    assert_string_equal(found.dest, "elsewhere/b.jpg");
    assert_ok(alice__catalog_same(c, 1002, head_of(2), &after, buf, sizeof buf, &found));
    assert_int_equal(found.id, 0);
    assert_true(place(c, dir, "c.jpg", 3) > b); /* ids do not come again */
    alice__catalog_close(&c);
    assert_int_equal(sql_number("SELECT count(*) FROM ai"), 1);
}

/* A camera counts its pictures anew: the name comes again with another picture. */
static void a_replaced_row_stays_a_candidate(void **state)
{
    (void)state;
    alice__catalog *c = opened();
    int64_t dir = dir_of(c, "/in");
    int64_t old = place(c, dir, "IMG_0001.JPG", 1);
    assert_ok(alice__catalog_commit(c, false, NULL));
    int64_t new = place(c, dir, "IMG_0001.JPG", 2);
    assert_ok(alice__catalog_commit(c, false, NULL));
    assert_int_equal(known(c, dir, "IMG_0001.JPG"), new);
    assert_int_equal(same(c, 1), old);
    assert_int_equal(same(c, 2), new);

    alice__row text = {.dir_id = dir, .file.name = "t", .state = ALICE__NOT_MEDIA};
    int64_t first = 0, second = 0;
    assert_ok(alice__catalog_add(c, &text, &first, NULL));
    assert_ok(alice__catalog_add(c, &text, &second, NULL));
    assert_int_equal(known(c, dir, "t"), second);
    assert_ok(alice__catalog_commit(c, false, NULL));
    alice__catalog_close(&c);
    assert_int_equal(sql_number("SELECT count(*) FROM files"), 3);
}

/* Several rows with one fingerprint come one by one, wherever they stand. */
static void candidates_are_iterated(void **state)
{
    (void)state;
    char name[16], buf[128];
    alice__catalog *c = opened_with((alice__catalog_options){.fingerprint_buffer_bytes = 512});
    int64_t dir = dir_of(c, "/in"), ids[100], after = 0;
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "%03d", i);
        ids[i] = place(c, dir, name, 9);
    }
    assert_ok(alice__catalog_forget(c, ids[50]));
    for (int i = 0; i < 100; i++) {
        alice__candidate found;
        if (i == 50)
            continue;
        assert_ok(alice__catalog_same(c, 1009, head_of(9), &after, buf, sizeof buf, &found));
        assert_int_equal(found.id, ids[i]);
    }
    alice__candidate found;
    assert_ok(alice__catalog_same(c, 1009, head_of(9), &after, buf, sizeof buf, &found));
    assert_int_equal(found.id, 0);
    /* The same head, another size. */
    after = 0;
    assert_ok(alice__catalog_same(c, 1010, head_of(9), &after, buf, sizeof buf, &found));
    assert_int_equal(found.id, 0);
    alice__catalog_close(&c);
}

/* The first row that is listed under a print, of those with the fingerprint of the nth file. */
static int64_t alike(alice__catalog *c, uint64_t print, uint64_t n)
{
    char buf[128];
    int64_t after = 0;
    alice__candidate found;
    assert_ok(
        alice__catalog_alike(c, print, 1000 + n, head_of(n), &after, buf, sizeof buf, &found));
    return found.id;
}

static int64_t chain(alice__catalog *c, uint64_t print)
{
    int64_t upto = 0;
    assert_ok(alice__catalog_chain(c, print, &upto));
    return upto;
}

/* More than the head: lists and chains are as durable as their batch, and a row that is listed
 * late is not passed over by what lies deeper. */
static void rows_are_listed_by_more_than_their_heads(void **state)
{
    (void)state;
    const uint64_t print = UINT64_MAX - 5; /* as any 64 bits may be */
    alice__catalog *c = opened();
    int64_t dir = dir_of(c, "/in"), a = place(c, dir, "a", 9), b = place(c, dir, "b", 9),
            other = place(c, dir, "c", 8);
    assert_int_equal(chain(c, print), 0);
    assert_ok(alice__catalog_list(c, print, b));
    assert_ok(alice__catalog_list(c, print, other)); /* a hash that collides */
    assert_ok(alice__catalog_set_chain(c, print, b));
    assert_int_equal(alike(c, print, 9), b);
    assert_int_equal(alike(c, print, 8), other);
    assert_int_equal(alike(c, 1, 9), 0);
    assert_ok(alice__catalog_list(c, print, b)); /* known: nothing changes */
    assert_int_equal(chain(c, print), b);
    assert_ok(alice__catalog_commit(c, false, NULL));
    assert_ok(alice__catalog_list(c, print, a));
    assert_int_equal(chain(c, print), a - 1);
    alice__catalog_rollback(c);
    assert_int_equal(alike(c, print, 9), b);
    assert_int_equal(chain(c, print), b);
    alice__catalog_close(&c);

    /* A dry run adds lists of its own. */
    c = opened_with((alice__catalog_options){.dry_run = true});
    assert_int_equal(chain(c, print), b);
    assert_ok(alice__catalog_list(c, print, a));
    assert_ok(alice__catalog_set_chain(c, 7, a));
    assert_int_equal(alike(c, print, 9), a);
    assert_int_equal(chain(c, 7), a);
    alice__catalog_close(&c);

    c = opened();
    assert_int_equal(alike(c, print, 9), b);
    assert_int_equal(chain(c, 7), 0);
    assert_ok(alice__catalog_forget(c, b));
    assert_int_equal(alike(c, print, 9), 0);
    assert_ok(alice__catalog_list(c, print, a));
    assert_int_equal(alike(c, print, 9), a);
    assert_int_equal(chain(c, print), a - 1);
    alice__catalog_close(&c);
}

/* What is placed again after an undo has been passed over meanwhile. */
static void a_row_that_comes_back_is_listed_anew(void **state)
{
    (void)state;
    const uint64_t print = alice__print_next(1009, head_of(9));
    alice__catalog *c = opened();
    int64_t run = begun_run(c), dir = dir_of(c, "/in"), a = place(c, dir, "a", 9);
    place(c, dir, "b", 9);
    assert_ok(alice__catalog_undo(c, run, a, ALICE__UNDO_DONE, ALICE__UNDONE));
    assert_ok(alice__catalog_set_chain(c, print, a + 1));
    assert_ok(alice__catalog_undo(c, run, a, ALICE__UNDO_DONE, ALICE__PLACED));
    assert_int_equal(chain(c, print), a - 1);
    alice__catalog_close(&c);
}

/* ---- batches ---- */

/* Steps of a run; a kill after each leaves so many rows in doubt. */
static void step(alice__catalog **c, int n, int64_t *dir)
{
    switch (n) {
    case 0:
        *c = opened();
        break;
    case 1:
        begun_run(*c);
        break;
    case 2:
        *dir = dir_of(*c, "/in");
        for (int i = 0; i < 3; i++)
            place(*c, *dir, (const char *[]){"a", "b", "c"}[i], (uint64_t)i);
        break;
    case 3:
        assert_ok(alice__catalog_commit(*c, true, NULL));
        break;
    case 4:
        assert_ok(alice__catalog_forget(*c, 1));
        assert_ok(alice__catalog_moved(*c, 2, "moved"));
        break;
    case 5:
        place(*c, *dir, "d", 3);
        place(*c, *dir, "e", 4);
        break;
    case 6:
        assert_ok(alice__catalog_commit(*c, true, NULL));
        break;
    case 7:
        assert_ok(alice__catalog_commit(*c, false, NULL));
        break;
    default:
        end_run(*c, 1);
        alice__catalog_close(c);
    }
}

/* The row that got another name in step 4 is in doubt again, with what stands behind it. */
static const unsigned in_doubt[] = {0, 0, 0, 3, 3, 3, 4, 0, 0};
static const unsigned placed[] = {0, 0, 0, 3, 3, 3, 4, 4, 4};

static void killed_after(int last)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alice__catalog *c = NULL;
        int64_t dir = 0;
        for (int n = 0; n <= last; n++)
            step(&c, n, &dir);
        raise(SIGKILL);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
}

static void a_kill_leaves_the_open_batch_in_doubt(void **state)
{
    (void)state;
    for (int last = 0; last <= 8; last++) {
        killed_after(last);
        alice__catalog *c = opened();
        alice__catalog_stats stats;
        alice__catalog_stats_get(c, &stats);
        if (doubts(c) != in_doubt[last] || stats.rows != placed[last])
            fail_msg("killed after step %d: %u in doubt of %u", last, doubts(c),
                     (unsigned)stats.rows);
        int64_t after = 0;
        alice__doubt d;
        assert_ok(alice__catalog_doubt(c, &after, &d));
        if (last == 3 || last == 4 || last == 5) {
            assert_string_equal(d.source, "/in/a");
            assert_string_equal(d.dest, "2024-03-15/p/camera/p-00000.jpg");
            assert_false(d.move);
            assert_true(d.head.low == head_of(0).low && d.stamp.size == 1000);
        }
        if (last == 6)
            assert_string_equal(d.source, "/in/b");
        /* Settle it: the doubt is over for good. */
        if (d.id)
            assert_ok(alice__catalog_forget(c, d.id));
        assert_ok(alice__catalog_commit(c, false, NULL));
        assert_int_equal(doubts(c), 0);
        /* The fingerprints of the killed run are known. */
        assert_true(placed[last] < 3 || same(c, 2) > 0);
        alice__catalog_close(&c);
        assert_int_equal(sql_number("SELECT count(*) FROM files"),
                         placed[last] - (in_doubt[last] > 0));
        unlinkat(folder_fd, "catalog.db", 0);
    }
}

static void a_rollback_takes_all_back(void **state)
{
    (void)state;
    uint64_t number = 0;
    alice__catalog *c = opened();
    int64_t dir = dir_of(c, "/in");
    int64_t a = place(c, dir, "a", 1);
    assert_ok(alice__catalog_number(c, "p", "camera", &number));
    assert_int_equal(number, 1);
    assert_ok(alice__catalog_commit(c, true, NULL));

    int64_t other = dir_of(c, "/other");
    place(c, dir, "b", 2);
    assert_ok(alice__catalog_number(c, "p", "camera", &number));
    assert_ok(alice__catalog_number(c, "q", "camera", &number));
    assert_ok(alice__catalog_forget(c, a));
    alice__catalog_rollback(c);

    assert_int_equal(doubts(c), 1);
    assert_int_equal(known(c, dir, "a"), a);
    assert_int_equal(known(c, dir, "b"), 0);
    assert_int_equal(same(c, 1), a);
    assert_int_equal(same(c, 2), 0);
    assert_ok(alice__catalog_number(c, "p", "camera", &number));
    assert_int_equal(number, 2);
    assert_ok(alice__catalog_number(c, "q", "camera", &number));
    assert_int_equal(number, 1);
    assert_int_equal(dir_of(c, "/another"), other); /* its id is free again */
    alice__catalog_rollback(c);
    alice__catalog_close(&c);
}

/* The word that a file of the open batch failed is taken back with the next batch: whatever
   is committed after that, recovery has to look at the open one. */
static void a_rollback_leaves_the_open_batch_in_doubt(void **state)
{
    (void)state;
    alice__catalog *c = opened();
    int64_t run = begun_run(c), dir = dir_of(c, "/in");
    int64_t a = place(c, dir, "a", 1);
    assert_ok(alice__catalog_commit(c, true, NULL));
    assert_ok(alice__catalog_forget(c, a));
    alice__catalog_rollback(c);
    end_run(c, run);
    assert_int_equal(doubts(c), 1);
    alice__catalog_close(&c);

    c = opened();
    assert_int_equal(doubts(c), 1);
    assert_ok(alice__catalog_forget(c, a));
    assert_ok(alice__catalog_settled(c, NULL));
    assert_int_equal(doubts(c), 0);
    /* From here on batches close as ever. */
    place(c, dir, "a", 1);
    assert_ok(alice__catalog_commit(c, true, NULL));
    assert_ok(alice__catalog_commit(c, false, NULL));
    assert_int_equal(doubts(c), 0);
    alice__catalog_close(&c);
}

static int64_t duplicate(alice__catalog *c, int64_t dir, const char *name, int64_t other)
{
    alice__row row = {.dir_id = dir,
                      .file.name = name,
                      .state = ALICE__DUPLICATE,
                      .other = other,
                      .run_id = 1};
    int64_t id = 0;
    assert_ok(alice__catalog_add(c, &row, &id, NULL));
    return id;
}

/* What was the same as a file that never came to stand is not organized either. */
static void duplicates_of_what_does_not_stand_are_forgotten(void **state)
{
    (void)state;
    alice__catalog *c = opened();
    int64_t dir = dir_of(c, "/in");
    int64_t a = place(c, dir, "a", 1), b = place(c, dir, "b", 2);
    duplicate(c, dir, "like-a", a);
    int64_t like_b = duplicate(c, dir, "like-b", b);
    assert_ok(alice__catalog_commit(c, true, NULL));
    alice__catalog_close(&c);

    c = opened();
    assert_int_equal(doubts(c), 2);
    assert_ok(alice__catalog_forget(c, a));
    assert_ok(alice__catalog_settled(c, NULL));
    assert_int_equal(known(c, dir, "a"), 0);
    assert_int_equal(known(c, dir, "like-a"), 0);
    assert_int_equal(known(c, dir, "b"), b);
    assert_int_equal(known(c, dir, "like-b"), like_b);
    alice__catalog_close(&c);
    assert_int_equal(sql_number("SELECT count(*) FROM files"), 2);
}

/* Words that a rollback took away are written again. */
static void words_come_back_after_a_rollback(void **state)
{
    (void)state;
    alice__catalog *c = opened();
    place(c, dir_of(c, "/in"), "a", 1);
    alice__catalog_rollback(c);
    place(c, dir_of(c, "/in"), "a", 1);
    assert_ok(alice__catalog_commit(c, false, NULL));
    alice__catalog_close(&c);
    assert_int_equal(sql_number("SELECT count(*) FROM files f JOIN words t ON t.id = f.type"
                                " JOIN words m ON m.id = f.model JOIN words g"
                                " ON g.id = f.generator JOIN words d ON d.id = f.date_source"
                                " WHERE t.text = 'jpeg' AND g.text = 'comfyui'"
                                " AND d.text = 'exif:DateTimeOriginal'"),
                     1);
}

static void an_empty_commit_is_free(void **state)
{
    (void)state;
    alice__catalog *c = opened();
    alice__catalog_stats before, after;
    alice__catalog_stats_get(c, &before);
    assert_ok(alice__catalog_commit(c, true, NULL));
    assert_ok(alice__catalog_commit(c, false, NULL));
    alice__catalog_stats_get(c, &after);
    assert_int_equal(before.flushes, after.flushes);
    place(c, dir_of(c, "/in"), "a", 1);
    assert_ok(alice__catalog_commit(c, true, NULL));
    alice__catalog_stats_get(c, &after);
    assert_int_equal(before.flushes + 1, after.flushes);
    assert_true(after.bytes_written > before.bytes_written);
    alice__catalog_close(&c);
}

/* Where no write-ahead log works, a journal does the same; also over what a log left. */
static void a_journal_does_where_no_log_works(void **state)
{
    (void)state;
    const alice__store_options o = {
        .path = db_path, .mode = ALICE__STORE_WRITE, .cache_bytes = 256 * 1024};
    killed_after(3); /* three rows, in a log */
    for (int killed = 1; killed >= 0; killed--) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            alice__store *s = NULL;
            alice__store_batch b;
            assert_ok(alice__store_open(&s, &o, NULL));
            assert_false(alice__store_has_log(s));
            assert_ok(alice__store_batch_get(s, &b));
            for (int part = 0; part < 2; part++) {
                char name[16];
                snprintf(name, sizeof name, "%d-%d", killed, part);
                alice__row row = {.dir_id = 1, .file.name = name, .state = ALICE__NOT_MEDIA};
                assert_ok(alice__store_begin(s));
                assert_ok(alice__store_row_add(s, b.next_file++, &row));
                if (part == 0)
                    assert_ok(alice__store_commit(s, &b));
            }
            if (!killed)
                alice__store_close(&s);
            raise(SIGKILL);
        }
        int how = 0;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how));
    }
    assert_false(tree_has(folder_fd, "catalog.db-journal"));
    assert_false(tree_has(folder_fd, "catalog.db-wal"));
    assert_int_equal(sql_number("SELECT count(*) FROM files"), 5);
    alice__catalog *c = opened();
    assert_int_not_equal(known(c, 1, "a"), 0);
    assert_int_not_equal(known(c, 1, "1-0"), 0);
    assert_int_equal(known(c, 1, "1-1"), 0);
    alice__catalog_close(&c);
}

/* ---- who holds it ---- */

static void two_processes_exclude_each_other(void **state)
{
    (void)state;
    char who[64];
    alice__catalog *c = opened();
    place(c, dir_of(c, "/in"), "a", 1);
    assert_ok(alice__catalog_commit(c, false, NULL));
    snprintf(who, sizeof who, "process %ld on ", (long)getpid());
    for (int dry = 0; dry < 2; dry++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            alice__catalog *second = NULL;
            alice_error e = {0};
            alice__catalog_options o = {.path = db_path, .dry_run = dry};
            alice_status st = alice__catalog_open(&second, &o, &e);
            _exit(st == ALICE_E_BUSY && strstr(e.text, who) && strstr(e.text, " UTC") ? 0 : 1);
        }
        int how = 0;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFEXITED(how));
        assert_int_equal(WEXITSTATUS(how), 0);
    }
    assert_int_equal(place(c, 1, "b", 2), 2); /* unharmed */
    alice__catalog_close(&c);
    c = opened();
    alice__catalog_close(&c);
}

static void another_program_on_it_is_busy(void **state)
{
    (void)state;
    alice__catalog *c = opened();
    alice__catalog_close(&c);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    alice__catalog_options o = {.path = db_path};
    alice_error e = {0};
    /* The same process: SQLite itself keeps the two apart. */
    assert_status(alice__catalog_open(&c, &o, &e), ALICE_E_BUSY);
    assert_true(e.text[0]);
    sqlite3_close(db);
}

static void a_read_only_folder_is_said(void **state)
{
    (void)state;
    assert_int_equal(fchmod(folder_fd, 0555), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alice__catalog *c = NULL;
        alice_error e = {0};
        alice__catalog_options o = {.path = db_path};
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(0);
        _exit(alice__catalog_open(&c, &o, &e) == ALICE_E_ACCESS && e.os_error ? 0 : 1);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
    fchmod(folder_fd, 0755);
}

/* ---- damage ---- */

static alice_status open_status(alice_error *e)
{
    alice__catalog *c = NULL;
    alice__catalog_options o = {.path = db_path};
    alice_status st = alice__catalog_open(&c, &o, e);
    alice__catalog_close(&c);
    return st;
}

static void no_database_is_damaged(void **state)
{
    (void)state;
    alice_error e = {0};
    char junk[8192];
    memset(junk, 'j', sizeof junk);
    tree_file(folder_fd, "catalog.db", junk, sizeof junk);
    assert_status(open_status(&e), ALICE_E_DAMAGED);
    assert_non_null(strstr(e.text, "move it aside"));
    assert_non_null(strstr(e.text, db_path));
    assert_true(tree_is(folder_fd, "catalog.db", junk, sizeof junk));
}

static void damaged_pages_are_noticed(void **state)
{
    (void)state;
    char name[24], junk[4096];
    alice__catalog *c = opened();
    int64_t dir = dir_of(c, "/in");
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof name, "%06d.jpg", i);
        place(c, dir, name, (uint64_t)i);
    }
    assert_ok(alice__catalog_commit(c, false, NULL));
    alice__catalog_close(&c);
    struct stat st;
    assert_int_equal(stat(db_path, &st), 0);
    memset(junk, 0x5a, sizeof junk);
    int fd = open(db_path, O_WRONLY | O_CLOEXEC);
    for (off_t at = 16 * 4096; at < st.st_size; at += 4096)
        assert_int_equal(pwrite(fd, junk, sizeof junk, at), sizeof junk);
    close(fd);

    c = opened();
    alice__known k;
    alice_status first = ALICE_OK;
    for (int i = 0; i < 2000 && first == ALICE_OK; i++) {
        snprintf(name, sizeof name, "%06d.jpg", i);
        first = alice__catalog_known(c, dir, name, &k);
    }
    assert_int_equal(first, ALICE_E_DAMAGED);
    assert_non_null(strstr(alice__catalog_why(c), "damaged"));
    alice__catalog_close(&c);
}

static void other_schemas_are_refused(void **state)
{
    (void)state;
    alice_error e = {0};
    alice__catalog *c = opened();
    alice__catalog_close(&c);
    assert_true(sql_number("PRAGMA user_version = 99") >= 0);
    assert_status(open_status(&e), ALICE_E_UNSUPPORTED);
    assert_non_null(strstr(e.text, "99"));
    unlinkat(folder_fd, "catalog.db", 0);
    tree_file(folder_fd, "catalog.db", "", 0);
    assert_int_equal(sql_number("CREATE TABLE theirs(x)"), 0);
    assert_status(open_status(&e), ALICE_E_INVAL);
    assert_int_equal(sql_number("SELECT count(*) FROM theirs"), 0);
}

/* From schema 1 to a made-up 2 and 3: each once, and what stood before still stands. */
static void schemas_migrate(void **state)
{
    (void)state;
    const char *const way[] = {"CREATE TABLE t(x); INSERT INTO t VALUES(1)",
                               "ALTER TABLE t ADD y; UPDATE t SET y = 2",
                               "INSERT INTO t VALUES(3, 3)"};
    const char *const broken[] = {way[0], way[1], way[2],
                                  "INSERT INTO t VALUES(4, 4); NONSENSE"};
    alice__store_options o = {.path = db_path,
                              .mode = ALICE__STORE_WRITE,
                              .cache_bytes = 256 * 1024,
                              .log_works = true,
                              .steps = way};
    for (o.step_count = 1; o.step_count <= 3; o.step_count += 2) {
        alice__store *s = NULL;
        assert_ok(alice__store_open(&s, &o, NULL));
        alice__store_close(&s);
        assert_int_equal(sql_number("PRAGMA user_version"), o.step_count);
    }
    assert_int_equal(sql_number("SELECT sum(x) * 10 + sum(y) FROM t"), 45);
    alice__store *s = NULL;
    alice_error e;
    o.steps = broken;
    o.step_count = 4;
    assert_status(alice__store_open(&s, &o, &e), ALICE_E_DAMAGED);
    assert_int_equal(sql_number("PRAGMA user_version"), 3);
    assert_int_equal(sql_number("SELECT count(*) FROM t"), 2);
}

/* ---- a holder on another machine, whose locks are not seen here ---- */

static const char foreign[] = "process 12 on nas since 2026-01-02 03:04:05 UTC\n"
                              "boot 00000000-0000-0000-0000-000000000000 beat %d\n";

static void write_lock(int beat)
{
    char text[160];
    int n = snprintf(text, sizeof text, foreign, beat);
    int fd = openat(folder_fd, ".alice/catalog.db.lock", O_WRONLY | O_CREAT, 0644);
    if (fd < 0 || pwrite(fd, text, (size_t)n, 0) != n || ftruncate(fd, n) != 0)
        _exit(1);
    close(fd);
}

static void a_holder_on_another_machine_is_noticed(void **state)
{
    (void)state;
    alice__catalog *c = opened();
    alice_error e = {0};
    const alice__run run = {.mode = "copy", .inbox = "/in", .organized = "/out"};
    alice__run_totals totals = {.tally.files = 1};
    int64_t id = 0, dir = dir_of(c, "/in");
    place(c, dir, "a", 1);
    assert_ok(alice__catalog_commit(c, true, NULL));

    /* It takes what is held here: nothing more is written, and its lock is left to it. */
    write_lock(1);
    place(c, dir, "b", 2);
    assert_status(alice__catalog_commit(c, true, &e), ALICE_E_BUSY);
    assert_non_null(strstr(e.text, "process 12 on nas"));
    assert_status(alice__catalog_run_begin(c, &run, &id, &e), ALICE_E_BUSY);
    assert_status(alice__catalog_run_end(c, 1, &totals, &e), ALICE_E_BUSY);
    alice__catalog_close(&c);
    assert_int_equal(sql_number("SELECT count(*) FROM files"), 1);
    char text[160], expected[160];
    int fd = openat(folder_fd, ".alice/catalog.db.lock", O_RDONLY);
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    snprintf(expected, sizeof expected, foreign, 1);
    assert_int_equal(n, strlen(expected));
    assert_memory_equal(text, expected, (size_t)n);

    /* It works: its beats are seen. */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        for (int beat = 2;; beat++) {
            write_lock(beat);
            poll(NULL, 0, 20);
        }
    alice_status st = open_status(&e);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_status(st, ALICE_E_BUSY);
    assert_non_null(strstr(e.text, "process 12 on nas"));

    /* It was killed there: silent, and so free. */
    write_lock(7);
    c = opened();
    assert_int_equal(known(c, dir, "a"), 1);
    place(c, dir, "b", 2);
    assert_ok(alice__catalog_commit(c, false, NULL));
    alice__catalog_close(&c);
}

static void a_lock_that_cannot_be_written_is_said(void **state)
{
    (void)state;
    alice__catalog *c = opened();
    alice_error e = {0};
    alice__catalog_close(&c);
    struct rlimit was, none = {0, 0};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    none.rlim_max = was.rlim_max;
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    alice_status st = open_status(&e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    signal(SIGXFSZ, before);
    assert_int_not_equal(st, ALICE_OK);
    assert_non_null(strstr(e.text, "cannot write the catalog's lock"));
}

/* ---- flushes ---- */

static int flushes;

long syscall(long number, ...); /* POSIX does not know it */

/* In place of the C library's, for SQLite too. */
int fsync(int fd)
{
    flushes++;
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    flushes++;
    return (int)syscall(SYS_fdatasync, fd);
}

/* Also after the buffer of fingerprints was merged, which flushes nothing itself. */
static void each_commit_is_flushed(void **state)
{
    (void)state;
    char name[24];
    alice__catalog *c = opened_with((alice__catalog_options){.fingerprint_buffer_bytes = 1});
    int64_t dir = dir_of(c, "/in");
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "%03d", i);
        place(c, dir, name, (uint64_t)i);
        int before = flushes;
        assert_ok(alice__catalog_commit(c, true, NULL));
        assert_true(flushes > before);
    }
    alice__catalog_close(&c);
}

/* ---- the first schema ---- */

/* As alice made it before there was a history; never change it. */
static const char first_schema[] =
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
    "INSERT INTO batch VALUES(1, 0, 0, 4, 2, 0);"
    "INSERT INTO runs VALUES(1, 'move', '/in', '/out', 10, 20, 1, 1, 1, 0, 0, 0, 1001);"
    "INSERT INTO runs VALUES(2, 'copy', '/in', '/out', 30, 40, 1, 2, 1, 1, 0, 0, 1002);"
    "INSERT INTO dirs VALUES(1, '/in');"
    "INSERT INTO files(id, dir, name, size, mtime_ns, ctime_ns, inode, state, run, dest, head)"
    " VALUES(1, 1, 'a.jpg', 1001, 5, 6, 7, 1, 1, 'day/p/s/p-00001.jpg', zeroblob(16)),"
    " (2, 1, 'b.jpg', 1002, 5, 6, 7, 1, 2, 'day/p/s/p-00002.jpg', zeroblob(16)),"
    " (3, 1, 'c.txt', 9, 5, 6, 7, 3, 2, NULL, NULL);"
    "INSERT INTO counters VALUES('p', 's', 3);"
    "PRAGMA application_id = 1634494819; PRAGMA user_version = 1";

static void the_first_schema_migrates(void **state)
{
    (void)state;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(db_path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, first_schema, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    /* Once dry, which changes nothing, and twice for good. */
    for (int i = 0; i < 3; i++) {
        alice__catalog *c = opened_with((alice__catalog_options){.dry_run = i == 0});
        alice__run_row run;
        alice__run_file f;
        int64_t after = 0;
        uint64_t next = 0;
        assert_int_equal(known(c, 1, "a.jpg"), 1);
        assert_int_equal(known(c, 1, "c.txt"), 3);
        assert_int_equal(alice__catalog_standing(c), ALICE__STANDING_CURRENT);
        assert_int_equal(chain(c, 77), i == 2 ? 2 : 0);
        assert_ok(alice__catalog_list(c, 77, 2));
        assert_ok(alice__catalog_set_chain(c, 77, 2));
        assert_ok(alice__catalog_commit(c, false, NULL));
        assert_ok(alice__catalog_number(c, "p", "s", &next));
        assert_int_equal(next, 3);
        assert_ok(alice__catalog_run_before(c, 2, &run));
        assert_int_equal(run.id, 1);
        assert_int_equal(run.undoes, 0);
        assert_ok(alice__catalog_run_file(c, &run, &after, &f));
        assert_int_equal(f.id, 1);
        assert_string_equal(f.dest, "day/p/s/p-00001.jpg");
        assert_true(f.move);
        assert_status(alice__catalog_run_file(c, &run, &after, &f), ALICE_E_END);
        assert_ok(alice__catalog_run_before(c, 0, &run));
        after = 0;
        assert_ok(alice__catalog_run_file(c, &run, &after, &f));
        assert_int_equal(f.id, 2);
        assert_false(f.move);
        alice__catalog_close(&c);
        assert_true((sql_number("PRAGMA user_version") == 1) == (i == 0));
        if (i > 0)
            assert_true(sql_number("SELECT id <> 0 FROM tree") == 1);
    }
}

static void a_full_disk_stops_a_batch(void **state)
{
    (void)state;
    char name[24];
    if (mount("tmpfs", folder, "tmpfs", 0, "size=1500k") != 0)
        skip_test("what it needs is not here");
    alice__catalog *c = opened();
    int64_t dir = dir_of(c, "/in");
    alice_status st = ALICE_OK;
    uint64_t committed = 0, n = 0;
    while (st == ALICE_OK && n < 100000) {
        int64_t id;
        snprintf(name, sizeof name, "%06llu", (unsigned long long)n);
        st = try_place(c, dir, name, n, &id);
        if (st == ALICE_OK && ++n % 100 == 0) {
            st = alice__catalog_commit(c, false, NULL);
            if (st == ALICE_OK)
                committed = n;
        }
    }
    alice_status full = st;
    alice__catalog_rollback(c);
    bool held = committed == 0 || same(c, committed - 1) > 0;
    bool gone = same(c, committed) == 0;
    alice__catalog_close(&c);
    /* With room again, what was committed is there. */
    bool room = mount("tmpfs", folder, "tmpfs", MS_REMOUNT, "size=8m") == 0;
    long long rows = sql_number("SELECT count(*) FROM files");
    long long sound = sql_number("SELECT integrity_check = 'ok' FROM pragma_integrity_check");
    umount2(folder, MNT_DETACH);
    assert_int_equal(full, ALICE_E_NOSPC);
    assert_true(room && committed > 0 && held && gone);
    assert_int_equal(sound, 1);
    assert_int_equal(rows, committed);
}

/* ---- windows ---- */

static void windows_follow_ten_thousand_names(void **state)
{
    (void)state;
    enum { NAMES = 10000 };
    char name[24];
    alice__catalog *c = opened();
    int64_t dir = dir_of(c, "/in"), other = dir_of(c, "/in/other");
    int64_t *ids = calloc(NAMES, sizeof *ids);
    /* Every name but each third. */
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "f%06d", i);
        if (i % 3)
            ids[i] = place(c, dir, name, (uint64_t)i);
    }
    place(c, other, "f000000", 1);
    assert_ok(alice__catalog_commit(c, false, NULL));
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < NAMES; i++) {
            snprintf(name, sizeof name, "f%06d", i);
            if (known(c, dir, name) != ids[i])
                fail_msg("%s", name);
        }
    /* Fill the gaps, thirty names behind the questions and now and then ahead; look aside. */
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "f%06d", i);
        assert_int_equal(known(c, dir, name), ids[i]);
        int behind = i - 30;
        if (behind >= 0 && behind % 3 == 0) {
            snprintf(name, sizeof name, "f%06d", behind);
            ids[behind] = place(c, dir, name, (uint64_t)behind);
        }
        int ahead = i + 7;
        if (i % 900 == 2 && ahead < NAMES && ahead % 3 == 0) {
            snprintf(name, sizeof name, "f%06d", ahead);
            ids[ahead] = place(c, dir, name, (uint64_t)ahead);
        }
        if (i % 1000 == 0)
            assert_int_not_equal(known(c, other, "f000000"), 0);
        if (i % 777 == 1) { /* asked again: no longer what it was */
            int again = i - 30 - (i - 30) % 3;
            snprintf(name, sizeof name, "f%06d", again < 0 ? 0 : again);
            assert_int_equal(known(c, dir, name), ids[again < 0 ? 0 : again]);
        }
        if (i % 5000 == 4500 && ids[i + 1]) { /* forgotten ahead */
            assert_ok(alice__catalog_forget(c, ids[i + 1]));
            ids[i + 1] = 0;
        }
    }
    alice__catalog_close(&c);
    free(ids);
}

static void odd_names_are_found(void **state)
{
    (void)state;
    char longest[256], longer[1200];
    memset(longest, 0xff, 255);
    longest[255] = 0;
    memset(longer, 'l', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    const char *const names[] = {"\x01\x02", " ",    "%s",           "a'b\"c",
                                 "l",        longer, "\xc3\xa9.jpg", longest};
    enum { N = sizeof names / sizeof *names };
    int64_t ids[N];
    alice__catalog *c = opened();
    int64_t dir = dir_of(c, "/in/\xff\xfe");
    for (int i = 0; i < N; i++)
        ids[i] = place(c, dir, names[i], (uint64_t)i);
    for (int i = 0; i < N; i++)
        assert_int_equal(known(c, dir, names[i]), ids[i]);
    assert_int_equal(known(c, dir, ""), 0);
    longer[1000] = 'm';
    assert_int_equal(known(c, dir, longer), 0);
    assert_int_equal(known(c, 0, "l"), 0);
    alice__catalog_close(&c);
}

/* Names so long that few fit a window. */
static void long_names_move_the_window(void **state)
{
    (void)state;
    char name[256];
    int64_t ids[200];
    alice__catalog *c = opened();
    int64_t dir = dir_of(c, "/in");
    memset(name, 'x', 255);
    name[255] = 0;
    for (int i = 0; i < 200; i++) {
        snprintf(name + 245, 11, "%010d", i);
        ids[i] = place(c, dir, name, (uint64_t)i);
    }
    for (int i = 0; i < 200; i++) {
        snprintf(name + 245, 11, "%010d", i);
        assert_int_equal(known(c, dir, name), ids[i]);
    }
    alice__catalog_close(&c);
}

/* ---- fingerprints ---- */

static void fingerprints_are_a_sorted_table(void **state)
{
    (void)state;
    alice__fingerprints p;
    alice_env env = {0};
    assert_ok(alice__fingerprints_open(&p, &env, 4096));
    assert_int_equal(p.size, 512);
    alice__fingerprints_clear(&p, 1000);
    int64_t id = 1000;
    uint32_t seed = 1;
    while (
        alice__fingerprints_add(&p, (seed = seed * 1664525u + 1013904223u) & 0x8000000fu, ++id))
        assert_true(alice__fingerprints_check(&p));
    assert_int_equal(p.count, p.limit);
    assert_false(alice__fingerprints_add(&p, 1, 999));
    assert_int_equal(p.last, id - 1);
    seed = 1;
    for (int64_t i = 1001; i < id; i++) {
        uint32_t key = (seed = seed * 1664525u + 1013904223u) & 0x8000000fu;
        assert_int_equal(alice__fingerprints_next(&p, key, i - 1), i);
    }
    assert_int_equal(alice__fingerprints_next(&p, 77, 0), 0);
    alice__fingerprints_sort(&p);
    alice__fingerprints_sort(&p);
    uint32_t last_key = 0;
    int64_t last_id = 0;
    for (size_t i = 0; i < p.count; i++) {
        uint32_t key;
        id = alice__fingerprints_at(&p, i, &key);
        if (i > 0)
            assert_true((int32_t)key > (int32_t)last_key || (key == last_key && id > last_id));
        last_key = key;
        last_id = id;
    }
    alice__fingerprints_clear(&p, 0);
    assert_true(alice__fingerprints_check(&p));
    assert_false(alice__fingerprints_add(&p, 1, (int64_t)UINT32_MAX + 1));
    alice__fingerprints_close(&p);
}

/* A buffer of 48: overflows within batches, between them, and after a kill. */
static void the_buffer_overflows_and_is_rebuilt(void **state)
{
    (void)state;
    const alice__catalog_options tiny = {.fingerprint_buffer_bytes = 1};
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char name[24];
        alice__catalog *c = opened_with(tiny);
        int64_t dir = dir_of(c, "/in");
        for (int i = 0; i < 1000; i++) {
            snprintf(name, sizeof name, "%06d", i);
            place(c, dir, name, (uint64_t)i);
            if (same(c, (uint64_t)i) == 0 || same(c, (uint64_t)(i / 2)) == 0)
                _exit(1);
            if (i % 45 == 44 || i == 900)
                assert_ok(alice__catalog_commit(c, true, NULL));
            if (i % 300 == 299) { /* merged, and taken back */
                for (int j = 0; j < 100; j++) {
                    snprintf(name, sizeof name, "gone-%06d", j);
                    place(c, dir, name, (uint64_t)(5000 + j));
                }
                assert_ok(alice__catalog_commit(c, true, NULL));
                for (int j = 0; j < 100; j++) {
                    snprintf(name, sizeof name, "back-%06d", j);
                    place(c, dir, name, (uint64_t)(6000 + j));
                }
                alice__catalog_rollback(c);
            }
        }
        assert_ok(alice__catalog_commit(c, true, NULL));
        raise(SIGKILL);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    for (int big = 0; big < 2; big++) {
        alice__catalog *c = opened_with(big ? (alice__catalog_options){0} : tiny);
        for (uint64_t i = 0; i < 1000; i++)
            if (same(c, i) == 0)
                fail_msg("%llu is not found", (unsigned long long)i);
        assert_int_not_equal(same(c, 5050), 0);
        assert_int_equal(same(c, 6050), 0);
        assert_int_equal(same(c, 1234), 0);
        alice__catalog_close(&c); /* what was merged meanwhile is lost again */
    }
    alice__catalog *c = opened();
    end_run(c, begun_run(c));
    alice__catalog_close(&c);
    assert_int_equal(sql_number("SELECT count(*) FROM fingerprints"), 1300);
    assert_int_equal(sql_number("SELECT merged = next_file - 1 FROM batch"), 1);
}

/* ---- numbers ---- */

static void numbers_never_come_again(void **state)
{
    (void)state;
    enum { PAIRS = 3000 };
    char project[160];
    uint64_t n;
    for (int round = 0; round < 3; round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            alice__catalog *c = opened();
            int bad = 0;
            for (int i = 0; i < PAIRS; i++) {
                /* A few too long to be cached. */
                snprintf(project, sizeof project, "%0*d", i % 50 ? 6 : 130, i);
                for (uint64_t k = 1; k <= 2; k++) {
                    assert_ok(alice__catalog_number(c, project, "camera", &n));
                    bad |= n != (uint64_t)round * 2 + k;
                }
            }
            assert_ok(alice__catalog_commit(c, true, NULL));
            /* Taken, and not committed: the kill gives them back. */
            assert_ok(alice__catalog_number(c, "000001", "camera", &n));
            if (bad)
                _exit(1);
            raise(SIGKILL);
        }
        int how = 0;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how));
    }
    alice__catalog *c = opened();
    assert_ok(alice__catalog_number(c, "000001", "camera", &n));
    assert_int_equal(n, 7);
    assert_ok(alice__catalog_number(c, "000001", "other", &n));
    assert_int_equal(n, 1);
    alice__catalog_close(&c);
}

/* ---- dry runs ---- */

/* All names, sizes, times and contents of the folder as one number. */
static uint64_t folder_print(void)
{
    uint64_t sum = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        struct stat st;
        uint64_t h = 1469598103934665603u;
        unsigned char buf[4096];
        if (e->d_name[0] == '.')
            continue;
        for (const char *p = e->d_name; *p; p++)
            h = (h ^ (unsigned char)*p) * 1099511628211u;
        int fd = openat(folder_fd, e->d_name, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0 && fstat(fd, &st) == 0);
        h = (h ^ (uint64_t)st.st_mtim.tv_nsec) * 1099511628211u;
        h = (h ^ (uint64_t)st.st_ino) * 1099511628211u;
        for (ssize_t r; (r = read(fd, buf, sizeof buf)) > 0;)
            for (ssize_t i = 0; i < r; i++)
                h = (h ^ buf[i]) * 1099511628211u;
        close(fd);
        sum += h;
    }
    closedir(d);
    return sum;
}

static void dry_run_over(int64_t dir, bool there)
{
    char name[24], scratch[64], buf[64];
    uint64_t n = 0, before = folder_print();
    int scratch_fd = tree_make(scratch);
    alice__catalog *c = opened_with((alice__catalog_options){
        .dry_run = true, .scratch_dir = scratch, .fingerprint_buffer_bytes = 1});
    /* What is open there has no name any more. */
    DIR *d = opendir(scratch);
    unsigned entries = 0;
    while (readdir(d))
        entries++;
    closedir(d);
    assert_int_equal(entries, 2);

    int64_t run = begun_run(c);
    if (there) {
        assert_int_equal(dir_of(c, "/in"), dir);
        assert_int_not_equal(known(c, dir, "000007"), 0);
        assert_int_not_equal(same(c, 7), 0);
        assert_ok(alice__catalog_dest(c, same(c, 7), buf, sizeof buf));
        assert_string_equal(buf, "2024-03-15/p/camera/p-00007.jpg");
        assert_ok(alice__catalog_forget(c, same(c, 7))); /* not really */
        assert_int_not_equal(same(c, 7), 0);
    }
    int64_t fresh = dir_of(c, "/fresh");
    assert_true(fresh != dir);
    assert_ok(alice__catalog_number(c, "p", "camera", &n));
    assert_int_equal(n, there ? 4 : 1);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "%06d", i);
        assert_int_equal(known(c, fresh, name), 0);
        int64_t id = place(c, fresh, name, (uint64_t)(10000 + i));
        assert_int_equal(known(c, fresh, name), id);
        if (i % 100 == 0)
            assert_ok(alice__catalog_commit(c, true, NULL));
    }
    alice__catalog_rollback(c);
    assert_int_not_equal(same(c, 10000 + 200), 0);
    assert_int_equal(same(c, 10000 + 201), 0);
    assert_int_equal(doubts(c), 0);
    if (there)
        for (uint64_t i = 0; i < 100; i++)
            assert_int_not_equal(same(c, i), 0);
    end_run(c, run);
    alice__catalog_close(&c);
    assert_true(folder_print() == before);
    close(scratch_fd);
    assert_int_equal(rmdir(scratch), 0);
}

static void dry_runs_change_nothing(void **state)
{
    (void)state;
    char name[24];
    uint64_t n;
    dry_run_over(0, false); /* no catalog at all */
    for (int killed = 0; killed < 2; killed++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            alice__catalog *c = opened();
            int64_t dir = dir_of(c, "/in");
            for (int i = 0; i < 100; i++) {
                snprintf(name, sizeof name, "%06d", i);
                place(c, dir, name, (uint64_t)i);
            }
            for (int i = 0; i < 3; i++)
                assert_ok(alice__catalog_number(c, "p", "camera", &n));
            assert_ok(alice__catalog_commit(c, true, NULL));
            if (!killed) { /* its fingerprints are in the index, else they are pending */
                end_run(c, begun_run(c));
                alice__catalog_close(&c);
            }
            raise(SIGKILL);
        }
        int how = 0;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how));
        assert_true(tree_has(folder_fd, "catalog.db-wal") == (killed == 1));
        dry_run_over(1, true);
        tree_empty(folder_fd);
    }
}

/* Two dry runs at once are fine, and a real one waits for neither to harm it. */
static void dry_runs_stand_side_by_side(void **state)
{
    (void)state;
    alice__catalog *c = opened();
    place(c, dir_of(c, "/in"), "a", 1);
    assert_ok(alice__catalog_commit(c, false, NULL));
    alice__catalog_close(&c);
    alice__catalog *one = opened_with((alice__catalog_options){.dry_run = true});
    alice__catalog *two = opened_with((alice__catalog_options){.dry_run = true});
    assert_int_not_equal(same(one, 1), 0);
    assert_int_not_equal(same(two, 1), 0);
    alice_error e = {0};
    assert_status(open_status(&e), ALICE_E_BUSY);
    assert_int_not_equal(same(one, 1), 0);
    alice__catalog_close(&one);
    alice__catalog_close(&two);
    assert_ok(open_status(&e));
}

/* ---- memory ---- */

/* SQLite's allocator, counting and failing on demand. */
static struct {
    sqlite3_mem_methods real;
    long fail_at, seen; /* fail_at < 0: never */
} lite = {.fail_at = -1};

static bool lite_fails(void)
{
    return lite.fail_at >= 0 && lite.seen++ >= lite.fail_at;
}

static void *lite_malloc(int n)
{
    return lite_fails() ? NULL : lite.real.xMalloc(n);
}

static void *lite_realloc(void *p, int n)
{
    return lite_fails() ? NULL : lite.real.xRealloc(p, n);
}

static void hook_sqlite(void)
{
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &lite.real);
    sqlite3_mem_methods hooked = lite.real;
    hooked.xMalloc = lite_malloc;
    hooked.xRealloc = lite_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &hooked);
}

/* A small life: everything once. */
static alice_status life(const alice_alloc *alloc, alice_account *account, bool dry)
{
    char name[24], buf[64];
    alice__catalog *c = NULL;
    alice_error e = {0};
    alice__catalog_options o = {.env = {.alloc = alloc, .account = account},
                                .path = db_path,
                                .dry_run = dry,
                                .page_cache_bytes = 256 * 1024,
                                .fingerprint_buffer_bytes = 1};
    const alice__run run = {
        .mode = "move", .inbox = "/in", .organized = "/out", .started_s = 1};
    const alice__run_totals totals = {.finished = true};
    int64_t run_id = 0, dir = 0, id = 0, after = 0;
    uint64_t n;
    alice__known k;
    alice__candidate found;
    alice__doubt doubt;
    alice_status st = alice__catalog_open(&c, &o, &e);
    if (st == ALICE_OK)
        st = alice__catalog_doubt(c, &after, &doubt);
    if (st == ALICE_OK)
        st = alice__catalog_run_begin(c, &run, &run_id, &e);
    if (st == ALICE_OK)
        st = alice__catalog_dir(c, "/in", true, &dir);
    for (int i = 0; i < 60 && st == ALICE_OK; i++) {
        snprintf(name, sizeof name, "%d", i);
        st = alice__catalog_known(c, dir, name, &k);
        after = 0;
        if (st == ALICE_OK)
            st = alice__catalog_same(c, 1000 + (uint64_t)i, head_of((uint64_t)i), &after, buf,
                                     sizeof buf, &found);
        if (st == ALICE_OK)
            st = alice__catalog_number(c, "p", "camera", &n);
        if (st == ALICE_OK)
            st = try_place(c, dir, name, (uint64_t)i, &id);
        if (st == ALICE_OK && i == 30)
            st = alice__catalog_commit(c, true, &e);
        if (st == ALICE_OK && i == 31)
            st = alice__catalog_forget(c, 1);
    }
    if (st != ALICE_OK && c)
        alice__catalog_rollback(c);
    else if (st == ALICE_OK)
        st = alice__catalog_run_end(c, run_id, &totals, &e);
    alice__catalog_close(&c);
    return st;
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    for (int dry = 0; dry < 2; dry++)
        for (unsigned nth = 0;; nth++) {
            struct faulty f = {.nth = nth};
            alice_alloc alloc = faulty_alloc(&f);
            alice_status st = life(&alloc, NULL, dry);
            assert_int_equal(f.live_bytes, 0);
            if (!f.fired) {
                assert_int_equal(st, ALICE_OK);
                break;
            }
            assert_true(st == ALICE_OK || st == ALICE_E_NOMEM);
        }
}

static void failing_sqlite_is_survived(void **state)
{
    (void)state;
    sqlite3_int64 before = sqlite3_memory_used();
    for (int dry = 0; dry < 2; dry++) {
        long step_by = 1;
        for (long nth = 0;; nth += step_by) {
            lite.seen = 0;
            lite.fail_at = nth;
            alice_status st = life(NULL, NULL, dry);
            bool fired = lite.seen > nth;
            lite.fail_at = -1;
            if (sqlite3_memory_used() != before)
                fail_msg("%lld bytes are left after fault %ld",
                         (long long)(sqlite3_memory_used() - before), nth);
            if (!fired) {
                assert_int_equal(st, ALICE_OK);
                break;
            }
            /* The journal of SQLite may fail to open for want of memory: that is said as I/O.
             */
            if (st != ALICE_OK && st != ALICE_E_NOMEM && st != ALICE_E_IO &&
                st != ALICE_E_ACCESS)
                fail_msg("fault %ld: %s", nth, alice_status_name(st));
            step_by = nth < 100 ? 1 : nth < 400 ? 7 : 61;
        }
    }
    assert_ok(life(NULL, NULL, false));
    /* A life that failed may have committed its first rows: each name has one that counts. */
    assert_int_equal(sql_number("SELECT count(*) FROM files WHERE replaced IS NULL"), 60);
}

/* What SQLite takes for a long run is not more than what was charged for it. */
static void memory_is_what_was_charged(void **state)
{
    (void)state;
    char name[24];
    alice_budget *budget = NULL;
    alice_account *account = NULL;
    alice_budget_options bo = {.limit = 64 * ALICE_MB};
    assert_ok(alice_budget_open(&budget, &bo));
    assert_ok(alice_account_open(&account, alice_budget_root(budget), "catalog", 0));
    sqlite3_int64 before = sqlite3_memory_used();
    sqlite3_memory_highwater(1);
    alice__catalog *c =
        opened_with((alice__catalog_options){.env = {.account = account},
                                             .page_cache_bytes = ALICE_MB,
                                             .fingerprint_buffer_bytes = 32 * 1024});
    int64_t dir = dir_of(c, "/in");
    for (int i = 0; i < 30000; i++) {
        snprintf(name, sizeof name, "%06d.jpg", i);
        (void)known(c, dir, name);
        (void)same(c, (uint64_t)i);
        place(c, dir, name, (uint64_t)i);
        if (i % 1000 == 999)
            assert_ok(alice__catalog_commit(c, true, NULL));
    }
    sqlite3_int64 most = sqlite3_memory_highwater(0) - before;
    struct stat log;
    assert_int_equal(fstatat(folder_fd, "catalog.db-wal", &log, 0), 0);
    assert_in_range(log.st_size, 1, 8 * 1024 * 1024); /* emptied now and then */
    print_message("# SQLite took %lld KB at most, %zu KB are charged for it\n", most / 1024,
                  (ALICE_MB + ALICE__STORE_OVERHEAD) / 1024);
    assert_true(most <= (sqlite3_int64)(ALICE_MB + ALICE__STORE_OVERHEAD));

    size_t used = alice_account_used(account);
    assert_true(used > ALICE_MB + ALICE__STORE_OVERHEAD);
    sqlite3_int64 full = sqlite3_memory_used();
    size_t got = alice__catalog_shrink(c, 512 * 1024);
    assert_int_equal(got, 512 * 1024);
    assert_int_equal(alice_account_used(account), used - got);
    assert_true(sqlite3_memory_used() <= full - 256 * 1024);
    got = alice__catalog_shrink(c, SIZE_MAX);
    assert_int_equal(got, 512 * 1024 - 128 * 1024);
    assert_int_equal(alice__catalog_shrink(c, SIZE_MAX), 0);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "again-%d", i);
        place(c, dir, name, (uint64_t)i);
        assert_ok(alice__catalog_commit(c, true, NULL));
    }
    assert_int_equal(alice_account_used(account), used);
    alice__catalog_close(&c);
    assert_int_equal(alice_account_used(account), 0);
    assert_ok(alice_account_close(&account));

    /* Too small a budget is said, and leaves nothing behind. */
    assert_ok(alice_account_open(&account, alice_budget_root(budget), "small", ALICE_MB));
    alice_error e = {0};
    alice__catalog_options o = {.env = {.account = account}, .path = db_path};
    assert_status(alice__catalog_open(&c, &o, &e), ALICE_E_BUDGET);
    assert_ok(alice_account_close(&account));
    assert_ok(alice_budget_close(&budget, NULL));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_are_kept),
        TEST(rows_change),
        TEST(a_replaced_row_stays_a_candidate),
        TEST(candidates_are_iterated),
        TEST(rows_are_listed_by_more_than_their_heads),
        TEST(a_row_that_comes_back_is_listed_anew),
        TEST(a_kill_leaves_the_open_batch_in_doubt),
        TEST(a_rollback_takes_all_back),
        TEST(a_rollback_leaves_the_open_batch_in_doubt),
        TEST(duplicates_of_what_does_not_stand_are_forgotten),
        TEST(words_come_back_after_a_rollback),
        TEST(an_empty_commit_is_free),
        TEST(a_journal_does_where_no_log_works),
        TEST(two_processes_exclude_each_other),
        TEST(another_program_on_it_is_busy),
        TEST(a_read_only_folder_is_said),
        TEST(no_database_is_damaged),
        TEST(damaged_pages_are_noticed),
        TEST(other_schemas_are_refused),
        TEST(schemas_migrate),
        TEST(the_first_schema_migrates),
        TEST(each_commit_is_flushed),
        TEST(a_holder_on_another_machine_is_noticed),
        TEST(a_lock_that_cannot_be_written_is_said),
        TEST(a_full_disk_stops_a_batch),
        TEST(windows_follow_ten_thousand_names),
        TEST(odd_names_are_found),
        TEST(long_names_move_the_window),
        cmocka_unit_test(fingerprints_are_a_sorted_table),
        TEST(the_buffer_overflows_and_is_rebuilt),
        TEST(numbers_never_come_again),
        TEST(dry_runs_change_nothing),
        TEST(dry_runs_stand_side_by_side),
        TEST(failing_allocations_are_survived),
        TEST(failing_sqlite_is_survived),
        TEST(memory_is_what_was_charged),
    };
    parent = getpid();
    hook_sqlite();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
