/* SPDX-License-Identifier: MIT */
/* Runs in settings of their own: a clock that is wrong, a disk that fails, an older alice. */
#include "faulty_fs.h"
#include "tree.h"

#include <signal.h>
#include <sys/wait.h>

#include <alice/organize.h>

#include "make_media.h"
#include "media/analyze.h"
#include "organize/organizer.h"

#define DAY_S INT64_C(86400)
#define Y2024 INT64_C(1704067200)
#define Y2028 INT64_C(1830297600)

typedef struct scene {
    char top[64], inbox[96], organized[96];
    int top_fd, inbox_fd;
    int64_t clock_s;
    bool move, remove;
    const alice__fs_ops *fs;
    alice_organize_result r;
} scene;

static int64_t wall(void *ctx)
{
    return ((scene *)ctx)->clock_s;
}

static int setup(void **state)
{
    scene *s = calloc(1, sizeof *s);
    s->top_fd = tree_make_fast(s->top);
    if (s->top_fd < 0)
        return -1;
    snprintf(s->inbox, sizeof s->inbox, "%s/inbox", s->top);
    snprintf(s->organized, sizeof s->organized, "%s/organized", s->top);
    mkdirat(s->top_fd, "inbox", 0755);
    s->inbox_fd = openat(s->top_fd, "inbox", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    s->clock_s = Y2024;
    *state = s;
    return s->inbox_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    scene *s = *state;
    close(s->inbox_fd);
    close(s->top_fd);
    tree_remove(s->top);
    free(s);
    return 0;
}

/* A picture with a date inside; its modification time is `mtime_s`. */
static void picture(const scene *s, const char *name, const char *date, int64_t mtime_s)
{
    blob exif = {0}, b = {0};
    make_exif(&exif, &(make_exif_options){.date_time_original = date});
    make_jpeg_begin(&b);
    make_jpeg_exif(&b, exif);
    make_jpeg_comment(&b, name);
    make_jpeg_end(&b, 8, 8);
    tree_file(s->inbox_fd, name, b.p, b.n);
    blob_free(&exif);
    blob_free(&b);
    const struct timespec t[2] = {{.tv_sec = mtime_s}, {.tv_sec = mtime_s}};
    assert_int_equal(utimensat(s->inbox_fd, name, t, 0), 0);
}

static alice_organizer_options options_of(scene *s, const alice_clock *clock)
{
    return (alice_organizer_options){.env = {.clock = clock},
                                     .inbox = s->inbox,
                                     .organized = s->organized,
                                     .move = s->move,
                                     .remove_duplicates = s->remove};
}

static alice_status run(scene *s)
{
    const alice_clock clock = {.wall_s = wall, .ctx = s};
    alice_error error = {.text = ""};
    alice_organizer *o = NULL;
    const alice_organizer_options options = options_of(s, &clock);
    assert_ok(alice__organizer_open_on(&o, &options, s->fs, &error));
    alice_status st = alice_organizer_organize(o, &s->r, &error);
    alice_organizer_close(&o);
    return st;
}

/* How many files stand in the folder of a day (all pictures here are of no project). */
static unsigned in_day(const scene *s, const char *day)
{
    char path[160];
    unsigned n = 0;
    snprintf(path, sizeof path, "%s/%s/uncategorized/unknown", s->organized, day);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

/* ---- a clock that is behind ---- */

static void the_release_is_no_future(void **state)
{
    scene *s = *state;
    s->clock_s = 1000;
    picture(s, "a.jpg", "2024:05:06 10:00:00", 0);
    assert_ok(run(s));
    assert_int_equal(in_day(s, "2024-05-06"), 1);
}

static void the_newest_run_is_no_future(void **state)
{
    scene *s = *state;
    s->clock_s = Y2028 + 9 * DAY_S;
    picture(s, "a.jpg", "2024:05:06 10:00:00", Y2024);
    assert_ok(run(s));
    s->clock_s = 1000;
    picture(s, "b.jpg", "2028:01:09 10:00:00", Y2024);
    picture(s, "c.jpg", "2029:01:09 10:00:00", Y2024);
    assert_ok(run(s));
    assert_int_equal(in_day(s, "2028-01-09"), 1);
    assert_int_equal(in_day(s, "2029-01-09"), 0);
}

static void the_newest_file_is_no_future(void **state)
{
    scene *s = *state;
    s->clock_s = 1000;
    /* Met first, and so from beyond what is known by then. */
    picture(s, "a.jpg", "2028:01:03 10:00:00", Y2024);
    picture(s, "b.jpg", "2028:01:05 10:00:00", Y2028 + 5 * DAY_S);
    picture(s, "c.jpg", "2028:01:04 10:00:00", Y2024);
    /* One bogus time makes no present. */
    picture(s, "d.jpg", "2097:01:05 10:00:00", INT64_C(4070908800));
    picture(s, "e.jpg", "2096:01:05 10:00:00", Y2024);
    assert_ok(run(s));
    assert_int_equal(in_day(s, "2028-01-03"), 0);
    assert_int_equal(in_day(s, "2028-01-05"), 1);
    assert_int_equal(in_day(s, "2028-01-04"), 1);
    assert_int_equal(in_day(s, "2097-01-05") + in_day(s, "2096-01-05"), 0);
}

static bool stands(const scene *s, const char *path)
{
    char whole[160];
    struct stat st;
    snprintf(whole, sizeof whole, "%s/%s", s->organized, path);
    return stat(whole, &st) == 0;
}

/* What rested on the clock is decided again, once the clock is right. */
static void is_dated_by_a_right_clock(scene *s)
{
    s->clock_s = 1000;
    picture(s, "a.jpg", "2028:01:09 10:00:00", 5000000000);
    tree_file(s->inbox_fd, "a.xmp", "<x/>", 4);
    picture(s, "b.jpg", "2028:01:10 10:00:00", 5000000000);
    picture(s, "c.jpg", "2029:01:10 10:00:00", 5000000000);
    picture(s, "d.jpg", "2024:05:06 10:00:00", 5000000000);
    assert_ok(run(s));
    assert_int_equal(s->r.tally.organized, 5);
    assert_int_equal(in_day(s, "undated"), 4);

    s->clock_s = 2000; /* still wrong */
    assert_ok(run(s));
    assert_int_equal(s->r.tally.organized, 0);
    assert_int_equal(in_day(s, "undated"), 4);

    s->clock_s = Y2028 + 20 * DAY_S;
    assert_ok(run(s));
    assert_int_equal(s->r.tally.organized, 0);
    assert_int_equal(in_day(s, "undated"), 1);
    assert_true(stands(s, "2028-01-09/uncategorized/unknown/uncategorized-00001.jpg"));
    assert_true(stands(s, "2028-01-09/uncategorized/unknown/uncategorized-00001.xmp"));
    assert_int_equal(in_day(s, "2028-01-10"), 1);
    assert_int_equal(in_day(s, "2024-05-06"), 1);

    assert_ok(run(s)); /* known where they stand now */
    assert_int_equal(s->r.tally.organized, 0);
    assert_int_equal(s->r.already_known, s->move ? 0 : 5);

    s->clock_s = Y2028 + 500 * DAY_S;
    assert_ok(run(s));
    assert_int_equal(in_day(s, "2029-01-10"), 1);
    assert_false(stands(s, "undated"));
}

static void a_copy_is_dated_by_a_right_clock(void **state)
{
    is_dated_by_a_right_clock(*state);
}

static void what_was_moved_is_dated_by_a_right_clock(void **state)
{
    ((scene *)*state)->move = true;
    is_dated_by_a_right_clock(*state);
}

/* What was edited since, or stands in the way, stays as it is. */
static void what_was_changed_since_is_left(void **state)
{
    scene *s = *state;
    char path[160];
    s->clock_s = 1000;
    picture(s, "a.jpg", "2028:01:09 10:00:00", 5000000000);
    picture(s, "b.jpg", "2028:01:10 10:00:00", 5000000000);
    assert_ok(run(s));
    assert_int_equal(in_day(s, "undated"), 2);
    snprintf(path, sizeof path, "%s/undated/uncategorized/unknown", s->organized);
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(unlinkat(dir, "uncategorized-00001.jpg", 0), 0);
    tree_file(dir, "uncategorized-00001.jpg", "edited", 6);
    close(dir);
    snprintf(path, sizeof path, "%s/2028-01-10/uncategorized/unknown", s->organized);
    for (char *p = path + strlen(s->organized) + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        mkdir(path, 0755);
        *p = '/';
    }
    mkdir(path, 0755);
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    tree_file(dir, "uncategorized-00002.jpg", "mine", 4);
    close(dir);
    picture(s, "a.jpg", "2028:01:09 10:00:00", 5000000000);
    s->clock_s = Y2028 + 20 * DAY_S;
    assert_ok(run(s));
    struct stat st;
    assert_int_equal(in_day(s, "undated"), 2);
    snprintf(path, sizeof path, "%s/2028-01-10/uncategorized/unknown/uncategorized-00002.jpg",
             s->organized);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 4);
}

/* The organized file is gone, and on its day stands another of its size and time: that is no
 * sign of a kill, and the source is organized again beside it. */
static void anothers_file_on_the_day_is_not_taken_for_ours(void **state)
{
    scene *s = *state;
    char day[160], old[200];
    struct stat other;
    const struct timespec t[2] = {{.tv_sec = 5000000000}, {.tv_sec = 5000000000}};
    s->clock_s = 1000;
    picture(s, "a.jpg", "2028:01:09 10:00:00", 5000000000);
    assert_ok(run(s));
    assert_int_equal(in_day(s, "undated"), 1);
    snprintf(old, sizeof old, "%s/undated/uncategorized/unknown/uncategorized-00001.jpg",
             s->organized);
    assert_int_equal(unlink(old), 0);
    snprintf(day, sizeof day, "%s/2028-01-09/uncategorized/unknown", s->organized);
    for (char *p = day + strlen(s->organized) + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        mkdir(day, 0755);
        *p = '/';
    }
    assert_int_equal(mkdir(day, 0755), 0);
    picture(s, "b.jpg", "2028:01:09 10:00:00", 5000000000);
    int dir = open(day, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(renameat(s->inbox_fd, "b.jpg", dir, "uncategorized-00001.jpg"), 0);
    assert_int_equal(utimensat(dir, "uncategorized-00001.jpg", t, 0), 0);
    assert_int_equal(fstatat(dir, "uncategorized-00001.jpg", &other, 0), 0);
    s->clock_s = Y2028 + 20 * DAY_S;
    assert_ok(run(s));
    assert_int_equal(s->r.tally.organized, 1);
    assert_int_equal(in_day(s, "2028-01-09"), 2);
    struct stat now;
    assert_int_equal(fstatat(dir, "uncategorized-00001.jpg", &now, 0), 0);
    assert_true(now.st_ino == other.st_ino);
    close(dir);
}

/* Killed at any of its renames: the next run ends it, whole groups, and an undo finds all. */
static void a_kill_while_files_are_dated_anew_loses_none(void **state)
{
    static const char *const names[] = {"a.jpg", "a-edited.jpg", "a.xmp", "b.jpg"};
    enum { FILES = sizeof names / sizeof *names };
    scene *s = *state;
    int status = 0;
    bool killed = true;
    s->move = true;
    for (unsigned at = 0; killed; at++) {
        struct faulty_fs f;
        alice_error error = {.text = ""};
        alice_undo_result undone;
        const alice_clock clock = {.wall_s = wall, .ctx = s};
        tree_remove(s->organized);
        for (size_t i = 0; i < FILES; i++)
            unlinkat(s->inbox_fd, names[i], 0);
        picture(s, "a.jpg", "2028:01:09 10:00:00", 5000000000);
        picture(s, "a-edited.jpg", "2028:01:09 10:00:00", 5000000000);
        tree_file(s->inbox_fd, "a.xmp", "<x/>", 4);
        picture(s, "b.jpg", "2028:01:10 10:00:00", 5000000000);
        s->clock_s = 1000;
        assert_ok(run(s));
        assert_int_equal(in_day(s, "undated"), FILES);

        s->clock_s = Y2028 + 20 * DAY_S;
        faulty_fs_init(&f);
        f.fail_op = FAULTY_rename_new;
        f.fail_at = at + 1; /* the first only asks whether renaming works */
        pid_t child = fork();
        if (child == 0) {
            s->fs = &f.ops;
            _exit(run(s) == ALICE_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        killed = WIFEXITED(status) && WEXITSTATUS(status) == 99;
        assert_true(killed || at >= FILES);
        assert_ok(run(s));
        assert_int_equal(in_day(s, "2028-01-09"), 3);
        assert_int_equal(in_day(s, "2028-01-10"), 1);
        assert_false(stands(s, "undated"));

        alice_organizer_options o = options_of(s, &clock);
        assert_ok(alice_undo(&o, 1, &undone, &error));
        assert_int_equal(undone.done, FILES);
        assert_int_equal(undone.left, 0);
    }
}

/* One that follows is not parted from its leader, edited or not, moved or not. */
static void a_group_is_dated_anew_together(void **state)
{
    scene *s = *state;
    char path[160];
    s->clock_s = 1000;
    s->move = true;
    for (int i = 0; i < 2; i++) {
        picture(s, i ? "b.jpg" : "a.jpg", "2028:01:09 10:00:00", 5000000000);
        picture(s, i ? "b-edited.jpg" : "a-edited.jpg", "2028:01:09 10:00:00", 5000000000);
        tree_file(s->inbox_fd, i ? "b.xmp" : "a.xmp", "<x/>", 4);
    }
    assert_ok(run(s));
    assert_int_equal(in_day(s, "undated"), 6);
    snprintf(path, sizeof path, "%s/undated/uncategorized/unknown", s->organized);
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int leader = openat(dir, "uncategorized-00001.jpg", O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(leader, "edited", 6), 6);
    close(leader);
    tree_file(dir, "uncategorized-00002.xmp", "edited", 6);
    close(dir);
    s->clock_s = Y2028 + 20 * DAY_S;
    assert_ok(run(s));
    assert_true(stands(s, "undated/uncategorized/unknown/uncategorized-00001.jpg"));
    assert_true(stands(s, "undated/uncategorized/unknown/uncategorized-00001-edited.jpg"));
    assert_true(stands(s, "undated/uncategorized/unknown/uncategorized-00001.xmp"));
    assert_true(stands(s, "2028-01-09/uncategorized/unknown/uncategorized-00002.jpg"));
    assert_true(stands(s, "2028-01-09/uncategorized/unknown/uncategorized-00002-edited.jpg"));
    assert_true(stands(s, "2028-01-09/uncategorized/unknown/uncategorized-00002.xmp"));
}

/* ---- a disk that fails ---- */

static void a_flush_that_fails_leaves_the_batch_in_doubt(void **state)
{
    scene *s = *state;
    struct faulty_fs f;
    char name[16];
    assert_ok(run(s)); /* makes its folders: that they cannot be flushed is not meant here */
    for (unsigned i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "%u.jpg", i);
        picture(s, name, "2024:05:06 10:00:00", Y2024);
    }
    faulty_fs_init(&f);
    f.refuse[FAULTY_sync_all] = f.sync_files = f.sync_folders = -EIO;
    s->fs = &f.ops;
    assert_int_equal(run(s), ALICE_E_IO);
    assert_true(f.calls[FAULTY_sync_all] + f.calls[FAULTY_sync] > 0);

    /* The files of the batch are gone, as after a power cut: nobody may call them organized. */
    char lost[128];
    snprintf(lost, sizeof lost, "%s/2024-05-06", s->organized);
    tree_remove(lost);
    s->fs = NULL;
    assert_ok(run(s));
    assert_int_equal(s->r.recovered, 8);
    assert_int_equal(s->r.tally.organized, 8);
    assert_int_equal(s->r.already_known, 0);
    assert_int_equal(in_day(s, "2024-05-06"), 8);
}

/* ---- an older alice ---- */

/* The catalog knows files as they are by their stamps, as no media. */
static void know(scene *s, const char *name, const alice__row *as)
{
    const alice_clock clock = {.wall_s = wall, .ctx = s};
    const alice_organizer_options options = options_of(s, &clock);
    alice_error error = {.text = ""};
    alice_organizer *o = NULL;
    struct stat f;
    int64_t id = 0;
    alice__row row = *as;
    assert_int_equal(fstatat(s->inbox_fd, name, &f, 0), 0);
    assert_ok(alice__organizer_open_on(&o, &options, NULL, &error));
    assert_ok(alice__catalog_dir(o->catalog, o->inbox, true, &row.dir_id));
    row.file.name = name;
    row.state = ALICE__NOT_MEDIA;
    row.file.stamp =
        (alice__stamp){.size = (uint64_t)f.st_size,
                       .mtime_ns = f.st_mtim.tv_sec * INT64_C(1000000000) + f.st_mtim.tv_nsec,
                       .ctime_ns = f.st_ctim.tv_sec * INT64_C(1000000000) + f.st_ctim.tv_nsec,
                       .inode = f.st_ino + as->file.stamp.inode};
    assert_ok(alice__catalog_add(o->catalog, &row, &id, &error));
    assert_ok(alice__catalog_commit(o->catalog, false, &error));
    alice_organizer_close(&o);
}

static void what_an_older_reader_passed_over_is_looked_at_again(void **state)
{
    scene *s = *state;
    picture(s, "old.jpg", "2024:05:06 10:00:00", Y2024);
    picture(s, "same.jpg", "2024:05:07 10:00:00", Y2024);
    know(s, "old.jpg", &(alice__row){.other = ALICE__READER - 1});
    know(s, "same.jpg", &(alice__row){.other = ALICE__READER});
    assert_ok(run(s));
    assert_int_equal(s->r.tally.organized, 1);
    assert_int_equal(s->r.already_known, 1);
    assert_int_equal(in_day(s, "2024-05-06"), 1);
}

/* ---- file systems whose times tell too little ---- */

/* A file whose change time is its modification time, as on FAT. */
static void fresh(const scene *s, const char *name)
{
    struct stat f;
    do {
        unlinkat(s->inbox_fd, name, 0);
        tree_file(s->inbox_fd, name, "just text", 9);
        assert_int_equal(fstatat(s->inbox_fd, name, &f, 0), 0);
    } while (f.st_mtim.tv_nsec != f.st_ctim.tv_nsec);
}

static void times_that_follow_each_other_are_not_believed(void **state)
{
    scene *s = *state;
    struct faulty_fs f;
    const alice__hash right = alice__hash_of_bytes("just text", 9);
    faulty_fs_init(&f);
    s->fs = &f.ops;
    fresh(s, "1.txt");
    fresh(s, "2.txt");
    fresh(s, "3.txt");
    know(s, "1.txt", &(alice__row){.other = ALICE__READER}); /* of other bytes */
    know(s, "2.txt", &(alice__row){.other = ALICE__READER, .file.head = right});
    know(s, "3.txt", &(alice__row){.other = ALICE__READER, .file.stamp.inode = 1});

    /* Where inodes tell files apart, what has the same one is the same. */
    assert_ok(run(s));
    assert_int_equal(s->r.already_known, 2);
    assert_int_equal(s->r.not_media, 1);

    /* Else the head decides. */
    know(s, "3.txt",
         &(alice__row){.other = ALICE__READER, .file.head = right, .file.stamp.inode = 1});
    f.no_inodes = true;
    assert_ok(run(s));
    assert_int_equal(s->r.already_known, 2);
    assert_int_equal(s->r.not_media, 1);
    assert_ok(run(s));
    assert_int_equal(s->r.already_known, 3);

    /* A change time of its own is believed. */
    picture(s, "4.jpg", "2024:05:06 10:00:00", Y2024);
    know(s, "4.jpg", &(alice__row){.other = ALICE__READER});
    assert_ok(run(s));
    assert_int_equal(s->r.already_known, 4);
}

/* A card that was copied, on a file system whose times tell too little, is freed by a move. */
static void what_only_its_head_tells_leaves_too(void **state)
{
    scene *s = *state;
    struct faulty_fs f;
    struct stat made;
    faulty_fs_init(&f);
    f.no_inodes = true;
    s->fs = &f.ops;
    do { /* its change time is its modification time */
        unlinkat(s->inbox_fd, "1.jpg", 0);
        picture(s, "2.jpg", "2024:05:06 10:00:00", Y2024);
        int from = openat(s->inbox_fd, "2.jpg", O_RDONLY | O_CLOEXEC);
        char bytes[4096];
        ssize_t n = read(from, bytes, sizeof bytes);
        assert_true(n > 0 && n < (ssize_t)sizeof bytes);
        close(from);
        unlinkat(s->inbox_fd, "2.jpg", 0);
        tree_file(s->inbox_fd, "1.jpg", bytes, (size_t)n);
        assert_int_equal(fstatat(s->inbox_fd, "1.jpg", &made, 0), 0);
    } while (made.st_mtim.tv_nsec != made.st_ctim.tv_nsec);
    assert_ok(run(s));
    assert_int_equal(s->r.tally.organized, 1);
    s->move = s->remove = true;
    assert_ok(run(s));
    assert_int_equal(s->r.already_known, 1);
    assert_int_equal(s->r.duplicates_removed, 1);
    assert_int_equal(faccessat(s->inbox_fd, "1.jpg", F_OK, 0), -1);
    assert_int_equal(in_day(s, "2024-05-06"), 1);
}

/* Across file systems, killed at each change: no second copy in .alice/removed, no leftover. */
static void a_kill_while_duplicates_leave_doubles_none(void **state)
{
    scene *s = *state;
    int status = 0;
    bool killed = true;
    unsigned kills = 0;
    s->move = s->remove = true;
    for (unsigned at = 0; killed; at++) {
        struct faulty_fs f;
        char path[160];
        unsigned files = 0, runs = 0;
        tree_remove(s->organized);
        unlinkat(s->inbox_fd, "a.jpg", 0);
        picture(s, "a.jpg", "2024:05:06 10:00:00", Y2024);
        assert_ok(run(s));
        picture(s, "a.jpg", "2024:05:06 10:00:00", Y2024 + 60); /* the same bytes */

        faulty_fs_init(&f);
        f.apart = true;
        f.fail_op = FAULTY_CHANGE;
        f.fail_at = at;
        pid_t child = fork();
        if (child == 0) {
            s->fs = &f.ops;
            _exit(run(s) == ALICE_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        killed = WIFEXITED(status) && WEXITSTATUS(status) == 99;
        kills += killed;
        assert_ok(run(s));
        assert_int_equal(faccessat(s->inbox_fd, "a.jpg", F_OK, 0), -1);
        assert_int_equal(in_day(s, "2024-05-06"), 1);
        for (unsigned id = 1; id < 9; id++) {
            snprintf(path, sizeof path, "%s/.alice/removed/%u", s->organized, id);
            DIR *d = opendir(path);
            for (struct dirent *e; d && (e = readdir(d));)
                files += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
            runs += d != NULL;
            if (d)
                closedir(d);
        }
        assert_int_equal(files, 1);
        assert_true(runs <= 2);
    }
    assert_true(kills > 10);
}

/* ---- mapped or read ---- */

typedef struct mapping {
    char inbox[96];
    unsigned asked, mapped;
    void (*handler)(int); /* of SIGBUS, as it was before */
    bool handled;
} mapping;

/* Asked between files, and in the middle of one that is hashed. */
static bool looks_for_mappings(void *ctx)
{
    mapping *m = ctx;
    char line[512];
    struct sigaction now;
    FILE *f = fopen("/proc/self/maps", "r");
    while (f && fgets(line, sizeof line, f))
        m->mapped += strstr(line, m->inbox) != NULL;
    if (f)
        fclose(f);
    assert_int_equal(sigaction(SIGBUS, NULL, &now), 0);
    m->handled |= now.sa_handler != m->handler;
    m->asked++;
    return false;
}

/* In a process of its own a run obeys `use_mmap`; in another's it neither maps what may be cut
 * off nor takes that program's signals. */
static void what_is_hashed_is_mapped_where_it_may_be(void **state)
{
    scene *s = *state;
    const char *const names[] = {"a.jpg", "b.jpg"};
    for (unsigned i = 0; i < 2; i++) {
        picture(s, "x.jpg", "2024:05:06 10:00:00", Y2024);
        assert_int_equal(renameat(s->inbox_fd, "x.jpg", s->inbox_fd, names[i]), 0);
        int fd = openat(s->inbox_fd, names[i], O_WRONLY | O_CLOEXEC);
        /* Where no sample is taken: only the whole tells them apart. */
        assert_int_equal(pwrite(fd, names[i], 5, 5000000), 5);
        assert_int_equal(ftruncate(fd, 20000000), 0);
        close(fd);
    }
    struct sigaction before;
    assert_int_equal(sigaction(SIGBUS, NULL, &before), 0);
    for (unsigned i = 0; i < 4; i++) {
        const bool own = i & 1, no_mmap = i & 2;
        char organized[128];
        mapping m = {.handler = before.sa_handler};
        snprintf(m.inbox, sizeof m.inbox, "%s", s->inbox);
        snprintf(organized, sizeof organized, "%s-%u", s->organized, i);
        const alice_organizer_options options = {.inbox = s->inbox,
                                                 .organized = organized,
                                                 .config.no_mmap = no_mmap,
                                                 .kernel_backstop = own,
                                                 .should_stop = looks_for_mappings,
                                                 .ctx = &m};
        alice_error error = {.text = ""};
        alice_organizer *o = NULL;
        assert_ok(alice_organizer_open(&o, &options, &error));
        assert_ok(alice_organizer_organize(o, &s->r, &error));
        alice_organizer_close(&o);
        assert_int_equal(s->r.tally.organized, 2);
        assert_true(m.asked >= 4);
        assert_int_equal(m.mapped > 0, own && !no_mmap);
        assert_int_equal(m.handled, own && !no_mmap);
        assert_int_equal(sigaction(SIGBUS, NULL, &before), 0);
        assert_ptr_equal(before.sa_handler, m.handler);
    }
}

/* ---- pressure ---- */

typedef struct pressing {
    alice_organizer *o;
    size_t bytes; /* charged, once the first file is told */
    size_t least; /* of the catalog, since */
    bool press;
} pressing;

static void press(void *ctx, const alice_file_report *f)
{
    pressing *p = ctx;
    const size_t catalog = alice_account_used(p->o->acc_catalog);
    (void)f;
    if (p->least == 0 || catalog < p->least)
        p->least = catalog;
    if (!p->press || p->bytes)
        return;
    const size_t limit = p->o->sizes.limit,
                 used = alice_account_used(alice_budget_root(p->o->budget));
    p->bytes = limit / 100 * 72 - used;
    assert_ok(alice_account_charge(p->o->acc_stream, p->bytes));
    assert_int_equal(p->o->level(p->o->level_ctx), ALICE_LEVEL_HIGH);
}

/* Others take memory while a run is at it: its batches get smaller, and the catalog gives pages
 * back. */
static void pressure_shrinks_batches_and_pages(void **state)
{
    scene *s = *state;
    uint64_t adjusted[2];
    size_t pages[2];
    char name[32];
    enum { FILES = 1500 };
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "%04u.jpg", i);
        picture(s, name, "2020:01:02 03:04:05", Y2024);
    }
    for (unsigned i = 0; i < 2; i++) {
        char to[128];
        snprintf(to, sizeof to, "%s/organized-%u", s->top, i);
        pressing p = {.press = i == 1};
        const alice_clock clock = {.wall_s = wall, .ctx = s};
        alice_organizer_options options = options_of(s, &clock);
        options.organized = to;
        options.on_file = press;
        options.ctx = &p;
        options.config.max_memory_mb = 256;
        options.config.batch_size = 100;
        assert_ok(alice__organizer_open_on(&p.o, &options, NULL, NULL));
        p.o->items.most = p.o->moving.most = 50;
        assert_ok(alice_organizer_organize(p.o, &s->r, NULL));
        assert_int_equal(s->r.tally.organized, FILES);
        adjusted[i] = s->r.memory.batch_size_adjustments;
        pages[i] = p.least;
        alice_account_release(p.o->acc_stream, p.bytes);
        alice_organizer_close(&p.o);
    }
    print_message("# sizes changed %u and %u times, %zu and %zu bytes of catalog\n",
                  (unsigned)adjusted[0], (unsigned)adjusted[1], pages[0], pages[1]);
    assert_int_equal(adjusted[0], 0);
    assert_true(adjusted[1] > 0);
    assert_true(pages[1] < pages[0]);
}

/* ---- transactions by the clock ---- */

enum { IN_FOLDER = 60 };

/* The clock jumps once: when so many files were asked for. */
typedef struct jump {
    unsigned asked, at;
    uint64_t by_ns;
    unsigned reported, first; /* files asked for when the first was reported */
} jump;

static uint64_t jumping(void *ctx)
{
    const jump *j = ctx;
    return UINT64_C(1000000000) + (j->asked >= j->at ? j->by_ns : 0);
}

static int64_t present(void *ctx)
{
    (void)ctx;
    return Y2024;
}

static bool asks(void *ctx)
{
    ((jump *)ctx)->asked++;
    return false;
}

static void reports(void *ctx, const alice_file_report *f)
{
    jump *j = ctx;
    (void)f;
    if (j->reported++ == 0)
        j->first = j->asked;
}

/* Files of two folders; answers how many of them were done when the first was reported, which
 * is at the end of the first transaction. */
static unsigned first_transaction(scene *s, unsigned at, uint64_t by_ns, uint32_t seconds)
{
    jump j = {.at = at, .by_ns = by_ns};
    const alice_clock clock = {.now_ns = jumping, .wall_s = present, .ctx = &j};
    alice_organizer *o = NULL;
    alice_organizer_options options = options_of(s, &clock);
    options.config.max_memory_mb = 15; /* one transaction at a time */
    options.config.workers = 1;
    options.fresh = true;
    options.flush_seconds = seconds;
    options.on_file = reports;
    options.should_stop = asks;
    options.ctx = &j;
    assert_ok(alice_organizer_open(&o, &options, NULL));
    assert_false(o->overlaps);
    assert_ok(alice_organizer_organize(o, &s->r, NULL));
    alice_organizer_close(&o);
    assert_int_equal(j.reported, 2 * IN_FOLDER);
    assert_true(j.asked >= 2 * IN_FOLDER);
    return j.first;
}

static void transactions_end_by_the_clock(void **state)
{
    scene *s = *state;
    char name[64];
    for (unsigned f = 0; f < 2; f++) {
        snprintf(name, sizeof name, "%c", 'a' + (int)f);
        assert_int_equal(mkdirat(s->inbox_fd, name, 0755), 0);
        for (unsigned i = 0; i < IN_FOLDER; i++) {
            snprintf(name, sizeof name, "%c/%03u.jpg", 'a' + (int)f, i);
            picture(s, name, "2023:05:06 07:08:09", Y2024 - DAY_S);
        }
    }
    const unsigned half = IN_FOLDER / 2, slack = 5; /* it is asked at other places too */
    assert_true(first_transaction(s, UINT_MAX, 0, 0) >= 2 * IN_FOLDER);
    /* After a second, but what belongs together is not torn. */
    assert_in_range(first_transaction(s, half, UINT64_C(1500000000), 0), IN_FOLDER,
                    IN_FOLDER + slack);
    /* After four, whatever belongs together. */
    assert_in_range(first_transaction(s, half, UINT64_C(5000000000), 0), half, half + slack);
    /* Or what somebody would rather have undone by a power cut than waited for. */
    assert_true(first_transaction(s, half, UINT64_C(5000000000), 6) >= 2 * IN_FOLDER);
}

/* ---- archives ---- */

/* A tar of one picture, beside the inbox, which is longer than what is read of it at once. */
static void tar_of(const scene *s, const char *to, const char *name)
{
    enum { BLOCK = 512, LONG = 70000 };
    static uint8_t picture_bytes[LONG];
    uint8_t block[BLOCK] = {0};
    blob b = {0};
    unsigned sum = 8 * ' ';
    picture(s, name, "2023:05:06 07:08:09", Y2024 - DAY_S);
    int fd = openat(s->inbox_fd, name, O_RDONLY | O_CLOEXEC);
    memset(picture_bytes, 1, sizeof picture_bytes);
    const ssize_t whole = read(fd, picture_bytes, sizeof picture_bytes), n = LONG;
    close(fd);
    assert_in_range(whole, 1, LONG - 1);
    assert_int_equal(unlinkat(s->inbox_fd, name, 0), 0);
    snprintf((char *)block, 100, "%s", name);
    snprintf((char *)block + 100, 8, "0000644");
    snprintf((char *)block + 124, 12, "%011o", (unsigned)n);
    snprintf((char *)block + 136, 12, "%011o", (unsigned)(Y2024 - DAY_S));
    block[156] = '0';
    memcpy(block + 257, "ustar\00000", 8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= 148 && i < 156 ? 0 : block[i];
    snprintf((char *)block + 148, 8, "%06o", sum);
    blob_add(&b, block, BLOCK);
    blob_add(&b, picture_bytes, (size_t)n);
    memset(block, 0, BLOCK);
    blob_add(&b, block, BLOCK - (size_t)n % BLOCK);
    blob_add(&b, block, BLOCK);
    blob_add(&b, block, BLOCK);
    tree_file(s->top_fd, to, b.p, b.n);
    blob_free(&b);
}

typedef struct told {
    unsigned errors;
    alice_status status;
} told;

static void note_failure(void *ctx, const alice_file_report *f)
{
    told *t = ctx;
    if (f->outcome == ALICE_FAILED) {
        t->errors++;
        t->status = f->status;
    }
}

static alice_status run_archives(scene *s, const struct faulty_fs *f, told *t)
{
    char one[128], two[128], three[128];
    struct stat st_three;
    alice_error error = {.text = ""};
    alice_organizer *o = NULL;
    const alice_clock clock = {.wall_s = wall, .ctx = s};
    snprintf(one, sizeof one, "%s/one.tar", s->top);
    snprintf(two, sizeof two, "%s/two.tar", s->top);
    snprintf(three, sizeof three, "%s/three.tar", s->top);
    const char *const archives[] = {one, two, three};
    const alice_organizer_options options = {.env = {.clock = &clock},
                                             .config = {.max_memory_mb = 24, .workers = 1},
                                             .archives = archives,
                                             .archive_count =
                                                 stat(three, &st_three) == 0 ? 3 : 2,
                                             .organized = s->organized,
                                             .on_file = note_failure,
                                             .ctx = t};
    alice_status st = alice__organizer_open_on(&o, &options, &f->ops, &error);
    if (st == ALICE_OK)
        st = alice_organizer_organize(o, &s->r, &error);
    alice_organizer_close(&o);
    return st;
}

/* Names of one file, which some file systems have not, are none of what an archive has. */
static void without_second_names_nothing_more_is_passed_over(void **state)
{
    scene *s = *state;
    struct faulty_fs f;
    told t = {.errors = 0};
    tar_of(s, "one.tar", "a.jpg");
    tar_of(s, "two.tar", "a.jpg");
    faulty_fs_init(&f);
    f.refuse[FAULTY_link] = -EPERM;
    assert_ok(run_archives(s, &f, &t));
    assert_int_equal(s->r.tally.organized, 1);
    assert_int_equal(s->r.tally.duplicates, 1);
    assert_int_equal(s->r.passed_over, 0);
}

static void an_archive_that_cannot_be_read_stops_no_other(void **state)
{
    scene *s = *state;
    enum { READS = 4 }; /* of the first: what it is, half of it, the rest, its end */
    struct faulty_fs f;
    tar_of(s, "one.tar", "a.jpg");
    tar_of(s, "two.tar", "b.jpg");
    for (unsigned i = 0; i <= READS; i++) {
        told t = {.errors = 0};
        tree_remove(s->organized);
        faulty_fs_init(&f);
        f.fail_op = FAULTY_read_at;
        f.fail_at = i;
        f.fail_with = -EIO;
        assert_ok(run_archives(s, &f, &t));
        assert_true(f.fired);
        assert_int_equal(s->r.tally.errors, 1);
        assert_int_equal(t.status, ALICE_E_IO);
        /* What came before the end of the first is whole. */
        assert_int_equal(in_day(s, "2023-05-06"), i < 3 ? 1 : 2);
    }
    /* A full disk does stop them all, and is told as that. */
    told t = {.errors = 0};
    tree_remove(s->organized);
    faulty_fs_init(&f);
    f.refuse[FAULTY_write_at] = -ENOSPC;
    assert_int_equal(run_archives(s, &f, &t), ALICE_E_NOSPC);
    assert_int_equal(t.errors, 1);
    assert_int_equal(in_day(s, "2023-05-06"), 0);
    /* So does one that fails, which is not full. */
    tree_remove(s->organized);
    f.refuse[FAULTY_write_at] = -EIO;
    assert_int_equal(run_archives(s, &f, &t), ALICE_E_IO);
    assert_int_equal(in_day(s, "2023-05-06"), 0);
}

/* Each picture of the day, as somebody else may find it while archives are unpacked. */
static void with_each_of_the_day(const scene *s, void (*with)(int dir, const char *name))
{
    char path[160];
    snprintf(path, sizeof path, "%s/2023-05-06/uncategorized/unknown", s->organized);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.')
            with(dirfd(d), e->d_name);
    if (d)
        closedir(d);
}

static void remove_it(int dir, const char *name)
{
    unlinkat(dir, name, 0);
}

static void write_into_it(int dir, const char *name)
{
    int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "other", 5, 69000), 5);
    close(fd);
}

static void remove_the_day(void *ctx)
{
    with_each_of_the_day(ctx, remove_it);
}

static void write_into_the_day(void *ctx)
{
    with_each_of_the_day(ctx, write_into_it);
}

/* What is organized goes, or gets other bytes, when a file of an archive was held against it:
 * that one is no duplicate then, and nothing that has half of its bytes is organized. */
static void a_twin_that_changes_while_archives_are_unpacked_is_none(void **state)
{
    scene *s = *state;
    for (unsigned how = 0; how < 3; how++) {
        struct faulty_fs f;
        told t = {.errors = 0};
        tree_remove(s->organized);
        tar_of(s, "one.tar", "a.jpg");
        tar_of(s, "two.tar", "b.jpg");
        faulty_fs_init(&f);
        assert_ok(run_archives(s, &f, &t));
        assert_int_equal(in_day(s, "2023-05-06"), 2);
        faulty_fs_init(&f);
        f.act_op = how == 2 ? FAULTY_create : FAULTY_symlink;
        f.act_at = how == 2 ? 0 : 1;
        f.act_after = true;
        f.act = how == 0 ? remove_the_day : write_into_the_day;
        f.act_ctx = s;
        if (how == 2) /* no links there: it is written from what was compared */
            f.refuse[FAULTY_symlink] = -EPERM;
        assert_ok(run_archives(s, &f, &t));
        assert_true(f.acted);
        assert_int_equal(s->r.tally.duplicates, 0);
        assert_int_equal(t.status, ALICE_E_CHANGED);
        assert_int_equal(s->r.tally.errors + s->r.tally.organized, 2);
        faulty_fs_init(&f);
        assert_ok(run_archives(s, &f, &t));
        assert_int_equal(s->r.tally.errors, 0);
        assert_int_equal(in_day(s, "2023-05-06"), how == 0 ? 2 : 4);
    }
}

/* What was told of the copy. */
typedef struct copy_told {
    alice_outcome outcome;
    bool why;
} copy_told;

static void note_copy(void *ctx, const alice_file_report *f)
{
    copy_told *t = ctx;
    if (strstr(f->source_path, "/b.jpg"))
        *t = (copy_told){f->outcome, f->reason != NULL};
}

/* a.jpg and b.jpg have the same bytes, `more` of them behind the picture. */
static void two_of_one(const scene *s, size_t more)
{
    static char bytes[200 * 1024];
    picture(s, "a.jpg", "2023:05:06 10:00:00", Y2024 - 2 * DAY_S);
    int fd = openat(s->inbox_fd, "a.jpg", O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, bytes, sizeof bytes - more);
    close(fd);
    assert_true(n > 0);
    memset(bytes + n, 7, more);
    tree_file(s->inbox_fd, "a.jpg", bytes, (size_t)n + more);
    assert_ok(run((scene *)s));
    tree_file(s->inbox_fd, "b.jpg", bytes, (size_t)n + more);
}

/* Whatever cannot be read while a copy is compared: it is a duplicate, or fails, or is kept and
 * that is said. */
static void a_copy_that_cannot_be_compared_is_told(void **state)
{
    scene *s = *state;
    const alice_clock clock = {.wall_s = wall, .ctx = s};
    struct faulty_fs f;
    for (size_t more = 0; more <= 100 * 1024; more += 100 * 1024) {
        unsigned kept = 0;
        bool fired = true;
        for (unsigned at = 0; fired; at++) {
            copy_told t = {.why = false};
            alice_organizer *o = NULL;
            tree_remove(s->organized);
            unlinkat(s->inbox_fd, "b.jpg", 0);
            two_of_one(s, more);
            alice_organizer_options options = options_of(s, &clock);
            options.on_file = note_copy;
            options.ctx = &t;
            faulty_fs_init(&f);
            f.fail_op = FAULTY_read_at;
            f.fail_at = at;
            f.fail_with = -EIO;
            assert_ok(alice__organizer_open_on(&o, &options, &f.ops, NULL));
            assert_ok(alice_organizer_organize(o, &s->r, NULL));
            alice_organizer_close(&o);
            fired = f.fired;
            assert_true(t.outcome != ALICE_ORGANIZED || t.why);
            assert_int_equal(in_day(s, "2023-05-06"), t.outcome == ALICE_ORGANIZED ? 2 : 1);
            kept += t.outcome == ALICE_ORGANIZED;
        }
        assert_true(kept > 0);
    }
}

/* Sanitizers make each run slow: not every call then. */
#ifdef __SANITIZE_ADDRESS__
enum { EVERY = 3 };
#else
enum { EVERY = 1 };
#endif

/* Both pictures once, whole, on their day, and nothing left of the unpacking. */
static void assert_both_stand(const scene *s, unsigned at)
{
    char path[128];
    struct stat st;
    if (in_day(s, "2023-05-06") != 2)
        fail_msg("after fault %u: %u of 2 stand", at, in_day(s, "2023-05-06"));
    snprintf(path, sizeof path, "%s/.alice/incoming", s->organized);
    assert_int_equal(stat(path, &st), -1);
}

/* Whatever call of a run over archives is the last one, or fails: the next run ends it. */
static void any_call_of_a_run_over_archives_may_be_the_last(void **state)
{
    scene *s = *state;
    struct faulty_fs f;
    unsigned kills = 0, failures = 0;
    tar_of(s, "one.tar", "a.jpg");
    tar_of(s, "two.tar", "b.jpg");
    tar_of(s, "three.tar", "a.jpg"); /* a twin */
    for (unsigned kill = 0; kill < 2; kill++) {
        bool fired = true;
        for (unsigned at = 0; fired; at += kill ? EVERY : 3 * EVERY) {
            told t = {.errors = 0};
            int status = 0;
            tree_remove(s->organized);
            faulty_fs_init(&f);
            f.fail_op = kill ? FAULTY_CHANGE : FAULTY_ANY;
            f.fail_at = at;
            f.fail_with = kill ? 0 : at % 2 ? -EIO : -ENOSPC;
            pid_t child = fork();
            if (child == 0) {
                const alice_status st = run_archives(s, &f, &t);
                const unsigned stand = in_day(s, "2023-05-06");
                _exit(!f.fired ? 0 : st == ALICE_OK && t.errors == 0 && stand != 2 ? 2 : 1);
            }
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_true(WIFEXITED(status));
            fired = WEXITSTATUS(status) != 0;
            if (WEXITSTATUS(status) == 2)
                fail_msg("that call %u failed was not told", at);
            kills += WEXITSTATUS(status) == 99;
            failures += WEXITSTATUS(status) == 1;
            faulty_fs_init(&f);
            assert_ok(run_archives(s, &f, &t));
            assert_both_stand(s, at);
        }
    }
    print_message("# %u points\n", kills + failures);
    assert_true(kills > 20 / EVERY && failures > 10 / EVERY);
}

/* Nothing of what is organized is unpacked again; whatever fails then, it stands as it did. */
static void any_call_of_a_second_run_over_archives_may_be_the_last(void **state)
{
    scene *s = *state;
    struct faulty_fs f;
    unsigned kills = 0, points = 0;
    tar_of(s, "one.tar", "a.jpg");
    tar_of(s, "two.tar", "b.jpg");
    tar_of(s, "three.tar", "a.jpg");
    told t = {.errors = 0};
    faulty_fs_init(&f);
    assert_ok(run_archives(s, &f, &t));
    assert_int_equal(s->r.tally.duplicates, 1);
    assert_int_equal(f.calls[FAULTY_symlink], 0);
    for (unsigned kill = 0; kill < 2; kill++) {
        bool fired = true;
        for (unsigned at = 0; fired; at += kill ? EVERY : 3 * EVERY) {
            int status = 0;
            faulty_fs_init(&f);
            f.fail_op = kill ? FAULTY_CHANGE : FAULTY_ANY;
            f.fail_at = at;
            f.fail_with = kill ? 0 : -EIO;
            pid_t child = fork();
            if (child == 0) {
                (void)run_archives(s, &f, &t);
                _exit(f.fired);
            }
            assert_int_equal(waitpid(child, &status, 0), child);
            fired = WEXITSTATUS(status) != 0;
            kills += WEXITSTATUS(status) == 99;
            points += fired;
            faulty_fs_init(&f);
            assert_ok(run_archives(s, &f, &t));
            assert_int_equal(s->r.tally.organized, 0);
            assert_int_equal(f.calls[FAULTY_symlink], 4); /* one name is taken */
            assert_int_equal(f.calls[FAULTY_create], 0);
            assert_both_stand(s, at);
        }
    }
    print_message("# %u points\n", points);
    assert_true(kills > 3 / EVERY);
}

/* Where the file system knows no second names, or no symbolic links. */
static void twins_are_written_where_no_link_can_be_made(void **state)
{
    scene *s = *state;
    static const int refusals[] = {-EPERM, -EOPNOTSUPP, -EMLINK, -ENOSYS};
    tar_of(s, "one.tar", "a.jpg");
    tar_of(s, "two.tar", "b.jpg");
    tar_of(s, "three.tar", "a.jpg");
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct faulty_fs f;
        told t = {.errors = 0};
        tree_remove(s->organized);
        for (unsigned run = 0; run < 2; run++) {
            faulty_fs_init(&f);
            f.refuse[FAULTY_link] = f.refuse[FAULTY_symlink] = refusals[i];
            assert_ok(run_archives(s, &f, &t));
            assert_int_equal(s->r.tally.organized, run ? 0 : 2);
            assert_int_equal(s->r.tally.errors, 0);
            assert_both_stand(s, run);
        }
    }
}

/* The same of an undo, which deletes what the archives have; an archive that was read wrong by
 * then keeps its files where they are. */
static void any_call_of_an_undo_of_archives_may_be_the_last(void **state)
{
    scene *s = *state;
    struct faulty_fs f;
    const alice_clock clock = {.wall_s = wall, .ctx = s};
    unsigned kills = 0, failures = 0;
    tar_of(s, "one.tar", "a.jpg");
    tar_of(s, "two.tar", "b.jpg");
    for (unsigned kill = 0; kill < 2; kill++) {
        bool fired = true;
        for (unsigned at = 0; fired; at += kill ? EVERY : 3 * EVERY) {
            alice_organizer_options options = options_of(s, &clock);
            alice_undo_result undone = {0};
            alice_error error;
            told t = {.errors = 0};
            int status = 0;
            tree_remove(s->organized);
            faulty_fs_init(&f);
            assert_ok(run_archives(s, &f, &t));
            options.inbox = NULL;
            options.config.max_memory_mb = 24;
            f.fail_op = kill ? FAULTY_CHANGE : FAULTY_ANY;
            f.fail_at = at + (kill ? f.changes : f.total);
            f.fail_with = kill ? 0 : -EIO;
            pid_t child = fork();
            if (child == 0) {
                const alice_status st = alice__undo_on(&options, &f.ops, 1, &undone, &error);
                const bool told_of = st != ALICE_OK || undone.left == in_day(s, "2023-05-06");
                _exit(!f.fired ? 0 : told_of ? 1 : 2);
            }
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_true(WIFEXITED(status));
            fired = WEXITSTATUS(status) != 0;
            if (WEXITSTATUS(status) == 2)
                fail_msg("that call %u failed was not told", at);
            kills += WEXITSTATUS(status) == 99;
            failures += WEXITSTATUS(status) == 1;
            assert_ok(alice__undo_on(&options, NULL, 1, &undone, &error));
            assert_int_equal(undone.left, 0);
            assert_int_equal(in_day(s, "2023-05-06"), 0);
            faulty_fs_init(&f);
            assert_ok(run_archives(s, &f, &t));
            assert_both_stand(s, at);
        }
    }
    assert_true(kills > 10 / EVERY && failures > 10 / EVERY);
}

/* The archive goes aside. */
static void take_away(void *ctx)
{
    const scene *s = ctx;
    assert_int_equal(renameat(s->top_fd, "one.tar", s->top_fd, "away"), 0);
}

/* Whenever an archive goes while a run is taken back, what it had stays organized. */
static void what_an_archive_has_no_more_stays(void **state)
{
    scene *s = *state;
    const alice_clock clock = {.wall_s = wall, .ctx = s};
    unsigned times = 0;
    struct faulty_fs f;
    tar_of(s, "one.tar", "a.jpg");
    tar_of(s, "two.tar", "b.jpg");
    do {
        alice_organizer_options options = options_of(s, &clock);
        alice_undo_result undone = {0};
        told t = {.errors = 0};
        tree_remove(s->organized);
        faulty_fs_init(&f);
        assert_ok(run_archives(s, &f, &t));
        faulty_fs_init(&f);
        f.act_op = FAULTY_open_read;
        f.act_at = times++;
        f.act = take_away;
        f.act_ctx = s;
        options.inbox = NULL;
        assert_ok(alice__undo_on(&options, &f.ops, 1, &undone, NULL));
        assert_int_equal(in_day(s, "2023-05-06"), undone.left);
        assert_true(!f.acted || undone.left > 0);
        if (f.acted)
            assert_int_equal(renameat(s->top_fd, "away", s->top_fd, "one.tar"), 0);
    } while (f.acted);
    assert_true(times > 5);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_release_is_no_future),
        TEST(the_newest_run_is_no_future),
        TEST(the_newest_file_is_no_future),
        TEST(a_copy_is_dated_by_a_right_clock),
        TEST(what_was_moved_is_dated_by_a_right_clock),
        TEST(what_was_changed_since_is_left),
        TEST(anothers_file_on_the_day_is_not_taken_for_ours),
        TEST(a_kill_while_files_are_dated_anew_loses_none),
        TEST(a_group_is_dated_anew_together),
        TEST(a_flush_that_fails_leaves_the_batch_in_doubt),
        TEST(what_an_older_reader_passed_over_is_looked_at_again),
        TEST(times_that_follow_each_other_are_not_believed),
        TEST(what_only_its_head_tells_leaves_too),
        TEST(a_kill_while_duplicates_leave_doubles_none),
        TEST(what_is_hashed_is_mapped_where_it_may_be),
        TEST(pressure_shrinks_batches_and_pages),
        TEST(transactions_end_by_the_clock),
        TEST(a_copy_that_cannot_be_compared_is_told),
        TEST(a_twin_that_changes_while_archives_are_unpacked_is_none),
        TEST(without_second_names_nothing_more_is_passed_over),
        TEST(an_archive_that_cannot_be_read_stops_no_other),
        TEST(any_call_of_a_run_over_archives_may_be_the_last),
        TEST(any_call_of_a_second_run_over_archives_may_be_the_last),
        TEST(twins_are_written_where_no_link_can_be_made),
        TEST(any_call_of_an_undo_of_archives_may_be_the_last),
        TEST(what_an_archive_has_no_more_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
