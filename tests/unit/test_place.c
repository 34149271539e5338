/* SPDX-License-Identifier: MIT */
/*
 * What stands between a file and its loss, one guard at a time: each of these tests fails
 * where one condition of place.c, copy.c, transfer_finish.c or dest_folders.c is left out
 * (tests/mutants/placing.txt).
 */
#include "test.h"
#include "faulty_fs.h"
#include "tree.h"

#include <errno.h>

#include "organize/transfer_int.h"

static char path[64];
static int top, in, out;
static struct faulty_fs f;

static int set_up(void **state)
{
    (void)state;
    top = tree_make(path); /* on a disk, mostly: extended attributes */
    if (top < 0 || mkdirat(top, "in", 0755) || mkdirat(top, "out", 0755))
        return 1;
    in = openat(top, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    out = openat(top, "out", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    faulty_fs_init(&f);
    f.refuse[FAULTY_clone] = -EOPNOTSUPP;
    return in < 0 || out < 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(in);
    close(out);
    close(top);
    tree_remove(path);
    return 0;
}

static void make(int dir, const char *name, const char *text)
{
    const struct timespec old[2] = {{1500000000, 0}, {1500000000, 0}};
    tree_file(dir, name, text, strlen(text));
    assert_int_equal(utimensat(dir, name, old, 0), 0);
}

static bool holds(int dir, const char *name, const char *text)
{
    return tree_is(dir, name, text, strlen(text));
}

static alice__stamp stamp_of(int dir, const char *name)
{
    alice__fs_stat s;
    assert_int_equal(alice__fs_stat_at(dir, name, &s), 0);
    return (alice__stamp){s.size, s.mtime_ns, s.ctime_ns, s.inode};
}

/* ---- a name ---- */

static int place(const alice__stamp *stamp)
{
    const alice__naming n = {in, out, "a", "b", stamp};
    return alice__place(&f.ops, &n);
}

static void a_stamp_is_all_of_it(void **state)
{
    (void)state;
    const alice__fs_stat s = {
        .kind = ALICE__FS_FILE, .size = 5, .mtime_ns = 7, .ctime_ns = 9, .inode = 3};
    assert_true(alice__is_stamped(&s, &(alice__stamp){5, 7, 9, 3}));
    assert_false(alice__is_stamped(&s, &(alice__stamp){4, 7, 9, 3}));
    assert_false(alice__is_stamped(&s, &(alice__stamp){5, 8, 9, 3}));
    assert_false(alice__is_stamped(&s, &(alice__stamp){5, 7, 8, 3}));
}

/* The name is gone, and what stands under the new one has another size: it is another's. */
static void a_lost_reply_is_believed_by_size_too(void **state)
{
    (void)state;
    make(in, "a", "0123456789");
    const alice__stamp stamp = stamp_of(in, "a");
    assert_int_equal(unlinkat(in, "a", 0), 0);
    make(out, "b", "other");
    f.refuse[FAULTY_rename_new] = -EIO;
    assert_int_equal(place(&stamp), -EIO);
}

static void take_the_old_name(void *ctx)
{
    (void)ctx;
    assert_int_equal(unlinkat(in, "a", 0), 0);
    make(in, "a", "another");
}

/* The old name became another's meanwhile: the new one is the only one left. */
static void the_last_name_stays(void **state)
{
    (void)state;
    make(in, "a", "mine");
    const alice__stamp stamp = stamp_of(in, "a");
    faulty_fs_no_replace_flag(&f);
    f.act = take_the_old_name;
    f.act_op = FAULTY_link;
    f.act_after = true;
    f.fail_op = FAULTY_unlink;
    f.fail_at = 0;
    f.fail_with = -EIO;
    assert_int_equal(place(&stamp), -EIO);
    assert_true(f.acted && f.fired);
    assert_true(holds(out, "b", "mine"));
    assert_true(holds(in, "a", "another"));
}

static void write_into_the_reservation(void *ctx)
{
    (void)ctx;
    int fd = openat(out, "b", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0 && write(fd, "x", 1) == 1);
    close(fd);
}

/* Somebody wrote into the empty file that kept the name. */
static void a_reservation_that_was_filled_stays(void **state)
{
    (void)state;
    make(in, "a", "mine");
    const alice__stamp stamp = stamp_of(in, "a");
    faulty_fs_no_replace_flag(&f);
    faulty_fs_no_links(&f);
    f.act = write_into_the_reservation;
    f.act_op = FAULTY_rename_over;
    f.fail_op = FAULTY_rename_over;
    f.fail_at = 0;
    f.fail_with = -EIO;
    assert_int_equal(place(&stamp), -EIO);
    assert_true(f.acted && f.fired);
    assert_true(holds(out, "b", "x"));
    assert_true(holds(in, "a", "mine"));
}

/* Whatever says that there can be no second name: the name is reserved instead. */
static void no_links_is_no_end(void **state)
{
    (void)state;
    static const int answers[] = {-EPERM, -EOPNOTSUPP, -ENOSYS, -EMLINK};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        make(in, "a", "mine");
        const alice__stamp stamp = stamp_of(in, "a");
        faulty_fs_no_replace_flag(&f);
        f.refuse[FAULTY_link] = answers[i];
        assert_int_equal(place(&stamp), 0);
        assert_true(holds(out, "b", "mine"));
        assert_false(tree_has(in, "a"));
        assert_int_equal(unlinkat(out, "b", 0), 0);
    }
}

/* ---- a file ---- */

static alice_status told_status;

static void note(void *ctx, uint64_t tag, alice_status st, const alice_error *e)
{
    (void)ctx;
    (void)tag;
    (void)e;
    told_status = st;
}

static alice__transfer *open_transfer(bool move)
{
    alice__transfer *t = NULL;
    alice__transfer_options o = {
        .organized_fd = out, .move = move, .run_id = 7, .fs = &f.ops, .max_folders = 32};
    assert_ok(alice__transfer_open(&t, &o, NULL));
    return t;
}

static alice_status put(alice__transfer *t, const char *name, const char *dest)
{
    const alice__job job = {.head_unknown = true,
                            .source_dir_fd = in,
                            .source.name = name,
                            .source.stamp = stamp_of(in, name),
                            .dest = dest};
    return alice__transfer_put(t, &job, NULL);
}

/* put() and finish(): what came of it, whoever told it. */
static alice_status transfer(bool move, const char *name, const char *dest)
{
    alice__transfer *t = open_transfer(move);
    alice_status st = put(t, name, dest);
    told_status = ALICE_OK;
    if (st == ALICE_OK)
        st = alice__transfer_finish(t, note, NULL, NULL);
    alice__transfer_close(&t);
    return st != ALICE_OK ? st : told_status;
}

static int read_nothing(const alice__fs_ops *fs, int fd, uint64_t offset, void *buf, size_t n,
                        size_t *got)
{
    (void)fs;
    (void)fd;
    (void)offset;
    (void)buf;
    (void)n;
    *got = 0;
    return 0;
}

/* A disk that gives no bytes, and says that the file is as long as ever. */
static void bytes_that_do_not_come_are_no_copy(void **state)
{
    (void)state;
    make(in, "a.jpg", "0123456789");
    f.refuse[FAULTY_copy_range] = -EXDEV;
    f.ops.read_at = read_nothing;
    assert_status(transfer(false, "a.jpg", "d/a.jpg"), ALICE_E_CHANGED);
    assert_false(tree_has(out, "d/a.jpg"));
}

static void a_full_disk_is_not_tried_again(void **state)
{
    (void)state;
    static const int answers[] = {-ENOSPC, -EDQUOT, -EFBIG};
    make(in, "a.jpg", "0123456789");
    for (size_t i = 0; i < 3; i++) {
        f.refuse[FAULTY_copy_range] = answers[i];
        f.calls[FAULTY_write_at] = 0;
        assert_true(transfer(false, "a.jpg", "d/a.jpg") != ALICE_OK);
        assert_int_equal(f.calls[FAULTY_write_at], 0);
    }
}

/* A hole at the end has no bytes to write, and is as much of the file as they are. */
static void a_hole_at_the_end_is_kept(void **state)
{
    (void)state;
    f.refuse[FAULTY_copy_range] = -EXDEV;
    for (unsigned move = 0; move < 2; move++) {
        alice__fs_stat s;
        make(in, "a.jpg", "begin");
        int fd = openat(in, "a.jpg", O_RDWR | O_CLOEXEC);
        assert_int_equal(ftruncate(fd, 3 << 20), 0);
        close(fd);
        f.apart = move;
        const char *dest = move ? "d/b.jpg" : "d/a.jpg";
        assert_ok(transfer(move, "a.jpg", dest));
        assert_int_equal(alice__fs_stat_at(out, dest, &s), 0);
        assert_int_equal(s.size, 3 << 20);
    }
}

static void an_attribute_that_is_lost_keeps_the_source(void **state)
{
    (void)state;
    make(in, "a.jpg", "0123456789");
    int fd = openat(in, "a.jpg", O_RDWR | O_CLOEXEC);
    int r = alice__fs_xattr_set(fd, "user.rating", "5", 1);
    close(fd);
    if (r)
        skip_test("no extended attributes here");
    f.apart = true;
    f.refuse[FAULTY_xattr_set] = -EPERM;
    assert_status(transfer(true, "a.jpg", "d/a.jpg"), ALICE_E_UNSUPPORTED);
    assert_true(holds(in, "a.jpg", "0123456789"));
    assert_false(tree_has(out, "d/a.jpg"));
}

static int somebody_elses(const alice__fs_ops *fs, int fd, alice__fs_stat *s)
{
    int r = faulty_do_stat_fd(fs, fd, s);
    if (!r && s->size == 10)
        s->uid += faulty_inode(fd) == *(const uint64_t *)f.act_ctx;
    return r;
}

/* Of another's file the copy is ours: it must not run with our power. */
static void power_of_another_is_not_kept(void **state)
{
    (void)state;
    alice__fs_stat s;
    make(in, "a.jpg", "0123456789");
    assert_int_equal(fchmodat(in, "a.jpg", 06755, 0), 0);
    uint64_t source = stamp_of(in, "a.jpg").inode;
    f.act_ctx = &source;
    f.ops.stat_fd = somebody_elses;
    f.refuse[FAULTY_set_owner] = -EPERM;
    assert_ok(transfer(false, "a.jpg", "d/a.jpg"));
    assert_int_equal(alice__fs_stat_at(out, "d/a.jpg", &s), 0);
    assert_int_equal(s.mode, 0755);
}

static void swap_the_copy(void *ctx)
{
    (void)ctx;
    /* Its number may not come back: the copy's file stays, under another name. */
    assert_int_equal(renameat(out, "d/a.jpg", out, "kept"), 0);
    make(out, "d/a.jpg", "another's!");
}

/* Of the same size and time, and another file: it is not taken back. */
static void what_is_taken_back_is_the_very_file(void **state)
{
    (void)state;
    make(in, "a.jpg", "0123456789");
    f.apart = true;
    f.sync_folders = -EIO;
    f.act = swap_the_copy;
    f.act_op = FAULTY_rename_new;
    f.act_after = true;
    f.act_at = 1; /* the first is refused */
    assert_status(transfer(true, "a.jpg", "d/a.jpg"), ALICE_E_IO);
    assert_true(f.acted);
    assert_true(holds(out, "d/a.jpg", "another's!"));
    assert_true(holds(in, "a.jpg", "0123456789"));
}

/* ---- folders ---- */

/* A folder that had to make room could not be flushed: what is in it is not known to be there.
 */
static void a_folder_that_had_to_go_is_not_forgotten(void **state)
{
    (void)state;
    alice__transfer *t = NULL;
    f.not_local = true;
    f.fail_op = FAULTY_sync;
    f.fail_at = 0;
    f.fail_with = -EIO;
    alice__transfer_options o = {
        .organized_fd = out, .move = true, .run_id = 7, .fs = &f.ops, .max_folders = 4};
    assert_ok(alice__transfer_open(&t, &o, NULL));
    for (unsigned i = 0; i < 12; i++) {
        char name[16], dest[32];
        snprintf(name, sizeof name, "%u.jpg", i);
        snprintf(dest, sizeof dest, "d%u/a.jpg", i);
        make(in, name, "0123456789");
        assert_ok(put(t, name, dest));
    }
    assert_true(f.fired); /* before the end: some had to go */
    assert_status(alice__transfer_finish(t, NULL, NULL, NULL), ALICE_E_IO);
    alice__transfer_close(&t);
}

/* One folder below organized is a file system of its own. */
static uint64_t mounted;

static int mounted_elsewhere(const alice__fs_ops *fs, int fd, alice__fs_stat *s)
{
    int r = faulty_do_stat_fd(fs, fd, s);
    if (!r && s->kind == ALICE__FS_DIR && s->inode == mounted)
        s->dev++;
    return r;
}

static int synced(uint64_t inode)
{
    int n = 0;
    for (unsigned i = 0; i < f.total && i < FAULTY_RECORDS; i++)
        n += f.record[i].op == FAULTY_sync && f.record[i].inode == inode;
    return n;
}

/* The flush of all does not reach it, nor the inbox, which may be on it. */
static void a_mounted_folder_is_flushed_by_itself(void **state)
{
    (void)state;
    assert_int_equal(mkdirat(out, "mounted", 0755), 0);
    mounted = stamp_of(out, "mounted").inode;
    f.ops.stat_fd = mounted_elsewhere;
    alice__transfer *t = open_transfer(true);
    for (unsigned i = 0; i < 24; i++) {
        char name[16], dest[32];
        snprintf(name, sizeof name, "%u.jpg", i);
        snprintf(dest, sizeof dest, i ? "d%u/a.jpg" : "mounted/a%u.jpg", i);
        make(in, name, "0123456789");
        assert_ok(put(t, name, dest));
    }
    assert_ok(alice__transfer_finish(t, NULL, NULL, NULL));
    alice__transfer_close(&t);
    if (f.calls[FAULTY_sync_all] == 0)
        skip_test("no flush of all here");
    assert_true(synced(mounted) > 0);
    assert_true(synced(stamp_of(top, "in").inode) > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_stamp_is_all_of_it),
        TEST(a_lost_reply_is_believed_by_size_too),
        TEST(the_last_name_stays),
        TEST(a_reservation_that_was_filled_stays),
        TEST(no_links_is_no_end),
        TEST(bytes_that_do_not_come_are_no_copy),
        TEST(a_full_disk_is_not_tried_again),
        TEST(a_hole_at_the_end_is_kept),
        TEST(an_attribute_that_is_lost_keeps_the_source),
        TEST(power_of_another_is_not_kept),
        TEST(what_is_taken_back_is_the_very_file),
        TEST(a_folder_that_had_to_go_is_not_forgotten),
        TEST(a_mounted_folder_is_flushed_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
