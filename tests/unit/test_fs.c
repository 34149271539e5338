/* SPDX-License-Identifier: MIT */
/* The wrappers of the system's file calls, each on a real directory. */
#define _GNU_SOURCE
#include "test.h"
#include "no_calls.h"
#include "tree.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "port/fs.h"

static int top = -1;
static char top_path[64];

static int set_up(void **state)
{
    (void)state;
    top = tree_make(top_path);
    return top < 0;
}

static int tear_down(void **state)
{
    (void)state;
    alice__fs_close(top);
    tree_remove(top_path);
    return 0;
}

static void reads_stop_at_the_end(void **state)
{
    (void)state;
    char buf[16];
    size_t got = 99;
    int fd = -1;
    tree_file(top, "ten", "0123456789", 10);
    assert_int_equal(alice__fs_open_read(top, "ten", &fd), 0);
    assert_int_equal(alice__fs_read_at(fd, 4, buf, sizeof buf, &got), 0);
    assert_int_equal(got, 6);
    assert_memory_equal(buf, "456789", 6);
    assert_int_equal(alice__fs_read_at(fd, 10, buf, sizeof buf, &got), 0);
    assert_int_equal(got, 0);
    assert_int_equal(alice__fs_read_at(fd, UINT64_MAX - 3, buf, sizeof buf, &got), -EOVERFLOW);
    alice__fs_close(fd);
}

static void opening_never_follows_nor_hangs(void **state)
{
    (void)state;
    int fd = -1;
    alice__fs_stat st;
    assert_int_equal(symlinkat("ten", top, "link"), 0);
    assert_int_equal(symlinkat(".", top, "linkdir"), 0);
    assert_int_equal(mkfifoat(top, "fifo", 0600), 0);
    assert_int_equal(alice__fs_open_read(top, "link", &fd), -ELOOP);
    assert_true(alice__fs_open_dir(top, "linkdir", &fd) < 0);
    assert_true(alice__fs_open_dir(top, "ten", &fd) < 0);
    assert_int_equal(alice__fs_open_read(top, "fifo", &fd), 0);
    assert_int_equal(alice__fs_stat_fd(fd, &st), 0);
    assert_int_equal(st.kind, ALICE__FS_SPECIAL);
    alice__fs_close(fd);
    assert_int_equal(alice__fs_stat_at(top, "link", &st), 0);
    assert_int_equal(st.kind, ALICE__FS_LINK);
    assert_int_equal(alice__fs_open_read(top, "nothing", &fd), -ENOENT);
}

/* The paths that are tried; 0, or the line of the first that is not as it should be. */
static int beneath(void)
{
    static const struct {
        const char *path;
        int answer; /* 1: one of -ELOOP and -ENOTDIR */
    } tries[] = {
        {"in/deep/file", 0},        {"in//deep/file", 0},         {"in/./deep/file", 0},
        {"in/out/file", 1},         {"in/deep/link", 1},          {"in/up/deep/file", 1},
        {"in/../in/none", -ENOENT}, {"../outside/file", -EXDEV},  {"/etc/passwd", -EXDEV},
        {"in/none/file", -ENOENT},  {"in/deep/file/x", -ENOTDIR},
    };
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        int fd = -1, r = alice__fs_open_read(top, tries[i].path, &fd);
        bool inside = i == 6 && r == -EXDEV; /* a part ".." may be refused whole */
        if (r == 0)
            alice__fs_close(fd);
        if (!(r == tries[i].answer || inside ||
              (tries[i].answer == 1 && (r == -ELOOP || r == -ENOTDIR))))
            return (int)i + 1;
    }
    int fd = -1;
    if (alice__fs_open_dir(top, "in/deep", &fd) != 0)
        return 100;
    alice__fs_close(fd);
    alice__fs_stat s;
    if (alice__fs_stat_at(top, "in/deep/file", &s) != 0 || s.kind != ALICE__FS_FILE ||
        alice__fs_stat_at(top, "in/deep/link", &s) != 0 || s.kind != ALICE__FS_LINK ||
        alice__fs_stat_at(top, "in/none/file", &s) != -ENOENT)
        return 102;
    if (alice__fs_stat_at(top, "in/up/deep/file", &s) == 0 ||
        alice__fs_stat_at(top, "in/out/passwd", &s) == 0)
        return 103;
    return alice__fs_open_dir(top, "in/up/deep", &fd) < 0 ? 0 : 101;
}

static void a_path_stays_below_its_folder(void **state)
{
    (void)state;
    assert_int_equal(mkdirat(top, "in", 0755), 0);
    assert_int_equal(mkdirat(top, "in/deep", 0755), 0);
    tree_file(top, "in/deep/file", "x", 1);
    assert_int_equal(symlinkat("/etc", top, "in/out"), 0);
    assert_int_equal(symlinkat("file", top, "in/deep/link"), 0);
    assert_int_equal(symlinkat("../in", top, "in/up"), 0);
    assert_int_equal(beneath(), 0);

    /* The same on a kernel that has no openat2. */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!without_calls(CALL_OPENAT2, CALL_OPENAT2))
            _exit(200);
        _exit(syscall(CALL_OPENAT2, -1, NULL, NULL, 0) == -1 && errno == ENOSYS ? beneath()
                                                                                : 201);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void making_and_renaming_never_replace(void **state)
{
    (void)state;
    int fd = -1;
    tree_file(top, "a", "A", 1);
    tree_file(top, "b", "B", 1);
    assert_int_equal(alice__fs_create(top, "a", 0600, &fd), -EEXIST);
    assert_int_equal(alice__fs_rename_new(top, "a", top, "b"), -EEXIST);
    assert_int_equal(alice__fs_link(top, "a", top, "b"), -EEXIST);
    assert_int_equal(alice__fs_rename_new(top, "a", top, "c"), 0);
    assert_true(tree_is(top, "b", "B", 1));
    assert_true(tree_is(top, "c", "A", 1));
    assert_int_equal(alice__fs_rename_over(top, "c", top, "b"), 0);
    assert_true(tree_is(top, "b", "A", 1));
    assert_int_equal(alice__fs_unlink(top, "b"), 0);
    assert_int_equal(alice__fs_unlink(top, "b"), -ENOENT);
}

static void a_directory_is_read_through_any_buffer(void **state)
{
    (void)state;
    int fd = -1;
    assert_int_equal(alice__fs_mkdir(top, "many", 0700), 0);
    assert_int_equal(alice__fs_open_dir(top, "many", &fd), 0);
    for (int i = 0; i < 200; i++) {
        char name[32];
        snprintf(name, sizeof name, "file-%03d", i);
        tree_file(fd, name, "", 0);
    }
    assert_int_equal(alice__fs_mkdir(fd, "sub", 0700), 0);
    char buf[1024];
    alice__fs_dir d;
    alice__fs_dir_start(&d, fd, buf, sizeof buf);
    bool seen[200] = {false};
    int files = 0, dirs = 0;
    for (;;) {
        alice__fs_name n;
        assert_int_equal(alice__fs_dir_next(&d, &n), 0);
        if (!n.name)
            break;
        if (n.kind == ALICE__FS_DIR) {
            assert_string_equal(n.name, "sub");
            dirs++;
            continue;
        }
        int i = atoi(n.name + 5);
        assert_false(seen[i]);
        seen[i] = true;
        files++;
    }
    assert_int_equal(files, 200);
    assert_int_equal(dirs, 1);
    alice__fs_close(fd);
}

static void times_modes_and_attributes_stay(void **state)
{
    (void)state;
    int fd = -1;
    alice__fs_stat st;
    assert_int_equal(alice__fs_create(top, "attributes", 0600, &fd), 0);
    assert_int_equal(alice__fs_set_times(fd, -1500000000, 1234567890123456789), 0);
    assert_int_equal(alice__fs_set_mode(fd, 0640), 0);
    assert_int_equal(alice__fs_stat_fd(fd, &st), 0);
    assert_true(st.mtime_ns == 1234567890123456789);
    assert_true(st.atime_ns == -1500000000);
    assert_int_equal(st.mode, 0640);
    int r = alice__fs_xattr_set(fd, "user.alice", "value", 5);
    if (r != -EOPNOTSUPP) {
        char buf[64];
        size_t got = 0;
        assert_int_equal(r, 0);
        assert_int_equal(alice__fs_xattr_get(fd, "user.alice", buf, sizeof buf, &got), 0);
        assert_int_equal(got, 5);
        assert_int_equal(alice__fs_xattr_names(fd, buf, sizeof buf, &got), 0);
        assert_memory_equal(buf, "user.alice", 11);
    }
    alice__fs_close(fd);
}

static void copies_inside_the_kernel(void **state)
{
    (void)state;
    int from = -1, to = -1;
    size_t done = 0;
    tree_file(top, "from", "hello, world", 12);
    assert_int_equal(alice__fs_open_read(top, "from", &from), 0);
    assert_int_equal(alice__fs_create(top, "to", 0600, &to), 0);
    assert_int_equal(alice__fs_copy_range(from, 7, to, 0, 100, &done), 0);
    assert_int_equal(done, 5);
    assert_true(tree_is(top, "to", "world", 5));
    assert_int_equal(alice__fs_copy_range(from, 12, to, 5, 100, &done), 0);
    assert_int_equal(done, 0);
    assert_int_equal(alice__fs_sync(to), 0);
    assert_int_equal(alice__fs_sync_all(to), 0);
    alice__fs_close(from);
    alice__fs_close(to);
}

static void scratch_has_no_name(void **state)
{
    (void)state;
    int fd = -1;
    alice__fs_stat st;
    assert_int_equal(alice__fs_scratch(top_path, &fd), 0);
    assert_int_equal(alice__fs_stat_fd(fd, &st), 0);
    assert_int_equal(st.links, 0);
    alice__fs_close(fd);
    assert_true(alice__fs_scratch("/nowhere/at/all", &fd) < 0);
}

static void space_and_locks(void **state)
{
    (void)state;
    int one = -1, two = -1;
    alice__fs_space space;
    assert_int_equal(alice__fs_space_of(top, &space), 0);
    assert_true(space.total > 0 && space.free <= space.total);
    assert_int_equal(alice__fs_open_write(top, "lock", true, 0600, &one), 0);
    assert_int_equal(alice__fs_open_write(top, "lock", false, 0, &two), 0);
    assert_int_equal(alice__fs_lock(one), 0);
    assert_int_equal(alice__fs_lock(two), -EAGAIN);
    alice__fs_close(one);
    assert_int_equal(alice__fs_lock(two), 0);
    alice__fs_close(two);
}

static void zones_follow_the_season(void **state)
{
    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    assert_int_equal(alice__fs_local_zone_minutes(1705320000), 60);  /* January 2024 */
    assert_int_equal(alice__fs_local_zone_minutes(1721044800), 120); /* July 2024 */
    setenv("TZ", "UTC0", 1);
    tzset();
    assert_int_equal(alice__fs_local_zone_minutes(1705320000), 0);
}

static void real_paths_are_bounded(void **state)
{
    (void)state;
    char buf[256];
    assert_int_equal(alice__fs_real_path("/", buf, sizeof buf), 0);
    assert_string_equal(buf, "/");
    assert_int_equal(alice__fs_real_path("/usr", buf, 3), -ERANGE);
    assert_int_equal(alice__fs_real_path("/nowhere/at/all", buf, sizeof buf), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_stop_at_the_end),
        cmocka_unit_test(opening_never_follows_nor_hangs),
        cmocka_unit_test(a_path_stays_below_its_folder),
        cmocka_unit_test(making_and_renaming_never_replace),
        cmocka_unit_test(a_directory_is_read_through_any_buffer),
        cmocka_unit_test(times_modes_and_attributes_stay),
        cmocka_unit_test(copies_inside_the_kernel),
        cmocka_unit_test(scratch_has_no_name),
        cmocka_unit_test(space_and_locks),
        cmocka_unit_test(zones_follow_the_season),
        cmocka_unit_test(real_paths_are_bounded),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
