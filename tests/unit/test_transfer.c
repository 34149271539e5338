/* SPDX-License-Identifier: MIT */
/*
 * The transfer on real file systems: nothing is overwritten, nothing is lost,
 * whatever the file system refuses and wherever the process is killed.
 */
#include "test.h"
#include "faulty.h"
#include "faulty_fs.h"
#include "mounts.h"
#include "tree.h"

#include <errno.h>
#include <limits.h>
#include <sys/wait.h>
#include <time.h>

#include <alice/budget.h>

#include "base/hash.h"
#include "organize/transfer.h"
#include "port/fs.h"

/* Where a batch goes from and to; `in` may be on another file system than `out`. */
typedef struct place {
    char in_path[64], out_path[64];
    int in, out;
} place;

static int set_up_in(place *p, const char *in, const char *out)
{
    p->in = in ? tree_make_in(in, p->in_path) : tree_make(p->in_path);
    p->out = out ? tree_make_in(out, p->out_path) : tree_make(p->out_path);
    return p->in < 0 || p->out < 0;
}

static int set_up(void **state)
{
    static place p;
    *state = &p;
    return set_up_in(&p, NULL, NULL);
}

/* In memory: for many steps, and each flushed. */
static int set_up_fast(void **state)
{
    static place p;
    *state = &p;
    p.in = tree_make_fast(p.in_path);
    p.out = tree_make_fast(p.out_path);
    return p.in < 0 || p.out < 0;
}

static void leave(place *p)
{
    close(p->in);
    close(p->out);
    tree_remove(p->in_path);
    tree_remove(p->out_path);
}

static int tear_down(void **state)
{
    leave(*state);
    return 0;
}

/* ---- files with content that says which they are ---- */

enum { FILES = 7 };

/* Sizes at the edges of buffers, and an empty one. */
static const size_t sizes[FILES] = {10, 0, 65536, 65537, 300000, 1, 4096};

static void *content(unsigned i, size_t size)
{
    uint8_t *p = malloc(size + 1);
    assert_non_null(p);
    for (size_t k = 0; k < size; k++)
        p[k] = (uint8_t)((k * 31 + k / 251 + i * 97 + 1) & 0xff);
    return p;
}

static void make_file(int dir, const char *name, unsigned i, size_t size)
{
    void *p = content(i, size);
    tree_file(dir, name, p, size);
    free(p);
}

static bool is_file(int dir, const char *name, unsigned i, size_t size)
{
    void *p = content(i, size);
    bool same = tree_is(dir, name, p, size);
    free(p);
    return same;
}

static alice__stamp stamp_of(int dir, const char *name)
{
    alice__fs_stat s;
    assert_int_equal(alice__fs_stat_at(dir, name, &s), 0);
    return (alice__stamp){
        .size = s.size, .mtime_ns = s.mtime_ns, .ctime_ns = s.ctime_ns, .inode = s.inode};
}

static alice__hash head_of(unsigned i, size_t size)
{
    void *p = content(i, size);
    XXH128_hash_t h = XXH3_128bits(p, size < 65536 ? size : 65536);
    free(p);
    return (alice__hash){.low = h.low64, .high = h.high64};
}

static alice_status put(alice__transfer *t, int dir, const char *name, const char *dest,
                        uint64_t tag, alice_error *error)
{
    alice__job job = {.head_unknown = true,
                      .tag = tag,
                      .source_dir_fd = dir,
                      .source.name = name,
                      .source.stamp = stamp_of(dir, name),
                      .dest = dest};
    alice_status st = alice__transfer_put(t, &job, error);
    assert_ok(alice__transfer_check(t));
    return st;
}

/* What finish() told. */
typedef struct told {
    unsigned count;
    alice_status status[64];
    uint64_t tag[64];
} told;

static void note(void *ctx, uint64_t tag, alice_status status, const alice_error *error)
{
    told *n = ctx;
    assert_true(n->count < 64);
    assert_int_equal(error->status, status);
    assert_true(status == ALICE_OK || error->text[0]);
    n->tag[n->count] = tag;
    n->status[n->count++] = status;
}

static alice__transfer *open_transfer(const place *p, bool move, struct faulty_fs *f)
{
    alice__transfer *t = NULL;
    alice__transfer_options o = {
        .organized_fd = p->out, .move = move, .run_id = 7, .fs = f ? &f->ops : NULL};
    assert_ok(alice__transfer_open(&t, &o, NULL));
    return t;
}

/* How many names below `dir` contain `part`. */
static unsigned names_with(int dir, const char *part)
{
    unsigned count = 0;
    int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fdopendir(copy);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        struct stat s;
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        count += strstr(e->d_name, part) != NULL;
        if (fstatat(dir, e->d_name, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(s.st_mode)) {
            int sub = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            count += names_with(sub, part);
            close(sub);
        }
    }
    closedir(d);
    return count;
}

/* ---- every way a file can go ---- */

/* What a file system cannot do. */
struct limits {
    bool no_replace_flag, no_links, apart, no_clone, no_kernel_copy, not_local;
};

static struct faulty_fs *limited(struct faulty_fs *f, struct limits l)
{
    faulty_fs_init(f);
    if (l.no_replace_flag)
        faulty_fs_no_replace_flag(f);
    if (l.no_links)
        faulty_fs_no_links(f);
    f->refuse[FAULTY_clone] = l.no_clone ? -EOPNOTSUPP : 0;
    f->refuse[FAULTY_copy_range] = l.no_kernel_copy ? -EXDEV : 0;
    f->apart = l.apart;
    f->not_local = l.not_local;
    return f;
}

static const struct way {
    const char *name;
    struct limits limits;
} ways[] = {
    {"plain", {0}},
    {"links", {.no_replace_flag = true}},
    {"reservations", {.no_replace_flag = true, .no_links = true}},
    {"read and write", {.no_clone = true, .no_kernel_copy = true}},
    {"each flushed", {.not_local = true}},
    {"across", {.apart = true}},
    {"across, each flushed", {.apart = true, .not_local = true, .no_clone = true}},
    {"across, links", {.apart = true, .no_replace_flag = true, .no_clone = true}},
    {"across, reservations",
     {.apart = true, .no_replace_flag = true, .no_links = true, .no_clone = true}},
};
enum { WAYS = sizeof ways / sizeof *ways };

/* Large, and used by one test at a time. */
static struct faulty_fs faults;

static void name_in(char *to, size_t size, unsigned i)
{
    snprintf(to, size, "in-%u.jpg", i);
}

static void name_out(char *to, size_t size, unsigned i)
{
    snprintf(to, size, "2024-03-%02u/project/camera/project-%05u.jpg", 1 + i % 3, i);
}

static void make_sources(const place *p)
{
    for (unsigned i = 0; i < FILES; i++) {
        char name[64];
        name_in(name, sizeof name, i);
        make_file(p->in, name, i, sizes[i]);
    }
}

/* A batch of files in three folders, one way; then what stands where. */
static void one_way(place *p, const struct way *way, bool move)
{
    told n = {0};
    alice__transfer *t = open_transfer(p, move, limited(&faults, way->limits));
    make_sources(p);
    for (unsigned i = 0; i < FILES; i++) {
        char from[64], to[128];
        name_in(from, sizeof from, i);
        name_out(to, sizeof to, i);
        alice_error e = {.text = ""};
        alice_status st = put(t, p->in, from, to, i, &e);
        if (st != ALICE_OK)
            fail_msg("%s, %s: %s", way->name, move ? "move" : "copy", e.text);
    }
    assert_ok(alice__transfer_finish(t, note, &n, NULL));
    assert_int_equal(n.count, FILES);
    for (unsigned i = 0; i < FILES; i++) {
        char from[64], to[128];
        name_in(from, sizeof from, i);
        name_out(to, sizeof to, i);
        assert_int_equal(n.tag[i], i);
        assert_status(n.status[i], ALICE_OK);
        assert_true(is_file(p->out, to, i, sizes[i]));
        assert_int_equal(tree_has(p->in, from), !move);
        if (!move)
            assert_true(is_file(p->in, from, i, sizes[i]));
    }
    assert_int_equal(names_with(p->out, ".alice-tmp-"), 0);
    alice__transfer_stats s;
    alice__transfer_stats_get(t, &s);
    assert_int_equal(s.renamed + s.reflinked + s.copied, FILES);
    assert_int_equal(s.folders_made, 9);
    assert_true(s.flushes > 0);

    /* A second batch to the same names: all are taken, and nothing happens. */
    make_sources(p);
    for (unsigned i = 0; i < FILES; i++) {
        char from[64], to[128];
        name_in(from, sizeof from, (i + 1) % FILES);
        name_out(to, sizeof to, i);
        assert_status(put(t, p->in, from, to, i, NULL), ALICE_E_EXISTS);
        assert_true(is_file(p->out, to, i, sizes[i]));
        assert_true(is_file(p->in, from, (i + 1) % FILES, sizes[(i + 1) % FILES]));
    }
    n.count = 0;
    assert_ok(alice__transfer_finish(t, note, &n, NULL));
    assert_int_equal(n.count, 0);
    assert_int_equal(names_with(p->out, ".alice-tmp-"), 0);
    alice__transfer_close(&t);
    tree_empty(p->in);
    tree_empty(p->out);
}

static void every_way_places_every_file(void **state)
{
    for (unsigned w = 0; w < WAYS; w++) {
        one_way(*state, &ways[w], true);
        one_way(*state, &ways[w], false);
    }
}

static void across_real_file_systems(void **state)
{
    (void)state;
    place p;
    if (access("/dev/shm", W_OK) != 0) {
        print_message("skipped: no second file system\n");
        skip_test("what it needs is not here");
    }
    assert_int_equal(set_up_in(&p, "/dev/shm", NULL), 0);
    alice__transfer *t = open_transfer(&p, true, NULL);
    bool other = !alice__transfer_renames(t, p.in);
    assert_true(alice__transfer_renames(t, p.out));
    alice__transfer_close(&t);
    if (other) {
        one_way(&p, &ways[0], true);
        one_way(&p, &ways[0], false);
    }
    leave(&p);
}

/* ---- what is kept ---- */

static void a_copy_keeps_mode_times_and_attributes(void **state)
{
    place *p = *state;
    for (unsigned way = 0; way < 2; way++) {
        struct limits l = {.no_clone = way, .no_kernel_copy = way};
        alice__transfer *t = open_transfer(p, false, limited(&faults, l));
        make_file(p->in, "a.jpg", 1, 5000);
        int fd = openat(p->in, "a.jpg", O_RDWR | O_CLOEXEC);
        bool xattrs = alice__fs_xattr_set(fd, "user.rating", "5", 1) == 0;
        assert_int_equal(alice__fs_set_mode(fd, 0640), 0);
        if (geteuid() == 0)
            assert_int_equal(alice__fs_set_owner(fd, 1234, 4321), 0);
        assert_int_equal(alice__fs_set_times(fd, 1000000001, 1234567890987654321), 0);
        close(fd);
        assert_ok(put(t, p->in, "a.jpg", "d/b.jpg", 0, NULL));
        assert_ok(alice__transfer_finish(t, NULL, NULL, NULL));
        alice__fs_stat from, to;
        assert_int_equal(alice__fs_stat_at(p->in, "a.jpg", &from), 0);
        assert_int_equal(alice__fs_stat_at(p->out, "d/b.jpg", &to), 0);
        assert_true(to.mtime_ns == from.mtime_ns && to.mode == 0640);
        assert_true(to.uid == from.uid && to.gid == from.gid);
        if (xattrs) {
            char value[8];
            size_t got = 0;
            fd = openat(p->out, "d/b.jpg", O_RDONLY | O_CLOEXEC);
            assert_int_equal(alice__fs_xattr_get(fd, "user.rating", value, 8, &got), 0);
            assert_int_equal(got, 1);
            close(fd);
        }
        alice__transfer_close(&t);
        tree_empty(p->in);
        tree_empty(p->out);
    }
}

static void holes_stay_holes(void **state)
{
    place *p = *state;
    enum { GB = 1 << 30 };
    for (unsigned way = 0; way < 3; way++) {
        struct limits l = {.no_clone = way > 0, .no_kernel_copy = way > 0, .apart = way == 2};
        alice__transfer *t = open_transfer(p, way == 2, limited(&faults, l));
        int fd = openat(p->in, "big", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(alice__fs_truncate(fd, GB), 0);
        assert_int_equal(alice__fs_write_at(fd, 5000000, "middle", 6), 0);
        assert_int_equal(alice__fs_write_at(fd, GB - 1, "e", 1), 0);
        close(fd);
        assert_ok(put(t, p->in, "big", "d/big", 0, NULL));
        told n = {0};
        assert_ok(alice__transfer_finish(t, note, &n, NULL));
        assert_status(n.status[0], ALICE_OK);
        alice__fs_stat s;
        char middle[6], end = 0;
        size_t got = 0;
        fd = openat(p->out, "d/big", O_RDONLY | O_CLOEXEC);
        assert_int_equal(alice__fs_stat_fd(fd, &s), 0);
        assert_int_equal(s.size, GB);
        assert_true(s.blocks < 1 << 20);
        assert_int_equal(alice__fs_read_at(fd, 5000000, middle, 6, &got), 0);
        assert_memory_equal(middle, "middle", 6);
        assert_int_equal(alice__fs_read_at(fd, GB - 1, &end, 1, &got), 0);
        assert_int_equal(end, 'e');
        close(fd);
        alice__transfer_close(&t);
        tree_empty(p->in);
        tree_empty(p->out);
    }
}

static void links_and_odd_names_go(void **state)
{
    place *p = *state;
    char longest[NAME_MAX + 8], longer[NAME_MAX + 8];
    snprintf(longest, sizeof longest, "d/%0*d", NAME_MAX, 7);
    snprintf(longer, sizeof longer, "d/%0*d", NAME_MAX + 1, 7);
    for (unsigned move = 0; move < 2; move++) {
        alice__transfer *t = open_transfer(p, move, NULL);
        make_file(p->in, "\xff\xfe bytes\n.jpg", 1, 100);
        make_file(p->in, "two", 2, 200);
        assert_int_equal(linkat(p->in, "two", p->in, "names", 0), 0);
        assert_ok(put(t, p->in, "\xff\xfe bytes\n.jpg", "d/\xc3\x28.jpg", 0, NULL));
        assert_status(put(t, p->in, "two", longer, 0, NULL), ALICE_E_INVAL);
        assert_ok(put(t, p->in, "two", longest, 0, NULL));
        assert_ok(alice__transfer_finish(t, NULL, NULL, NULL));
        assert_true(is_file(p->out, "d/\xc3\x28.jpg", 1, 100));
        assert_true(is_file(p->out, longest, 2, 200));
        assert_true(is_file(p->in, "names", 2, 200));
        alice__transfer_close(&t);
        tree_empty(p->in);
        tree_empty(p->out);
    }
}

/* ---- what is refused ---- */

static void no_path_leads_out(void **state)
{
    place *p = *state;
    static const char *const bad[] = {"",     ".",     "..",   "../x", "/x", "a/../../x",
                                      "a//x", "a/./x", "a/..", "a/",   "./x"};
    alice__transfer *t = open_transfer(p, true, NULL);
    make_file(p->in, "a.jpg", 1, 10);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_status(put(t, p->in, "a.jpg", bad[i], 0, NULL), ALICE_E_INVAL);
    assert_int_equal(symlinkat(p->in_path, p->out, "link"), 0);
    tree_file(p->out, "file", "", 0);
    assert_status(put(t, p->in, "a.jpg", "link/b.jpg", 0, NULL), ALICE_E_ACCESS);
    assert_status(put(t, p->in, "a.jpg", "file/b.jpg", 0, NULL), ALICE_E_ACCESS);
    /* A link that stands where the file should go stands. */
    assert_status(put(t, p->in, "a.jpg", "link", 0, NULL), ALICE_E_EXISTS);
    assert_true(is_file(p->in, "a.jpg", 1, 10));
    assert_false(tree_has(p->in, "b.jpg"));
    alice__transfer_close(&t);
}

/* One look before a rename tells it all: as it was probed, nobody writes it; and only then is a
 * folder made. */
static void a_source_is_looked_at_before_anything_is_made(void **state)
{
    place *p = *state;
    alice__transfer_options o = {
        .organized_fd = p->out, .move = true, .leave_busy = true, .run_id = 7};
    alice__transfer *t = NULL;
    alice_error e;
    assert_ok(alice__transfer_open(&t, &o, NULL));
    make_file(p->in, "a.jpg", 1, 10);
    alice__job job = {.head_unknown = true,
                      .source_dir_fd = p->in,
                      .source.name = "a.jpg",
                      .source.stamp = stamp_of(p->in, "a.jpg"),
                      .dest = "d/a.jpg"};
    job.source.stamp.mtime_ns++;
    assert_status(alice__transfer_put(t, &job, &e), ALICE_E_CHANGED);
    job.source.stamp.mtime_ns--;
    int writer = openat(p->in, "a.jpg", O_WRONLY | O_CLOEXEC);
    assert_true(writer >= 0);
    assert_status(alice__transfer_put(t, &job, &e), ALICE_E_BUSY);
    close(writer);
    assert_true(is_file(p->in, "a.jpg", 1, 10));
    job.source.name = "gone.jpg";
    assert_status(alice__transfer_put(t, &job, &e), ALICE_E_NOENT);
    assert_int_equal(symlinkat("a.jpg", p->in, "link.jpg"), 0);
    job.source.name = "link.jpg";
    assert_status(alice__transfer_put(t, &job, &e), ALICE_E_CHANGED);
    assert_false(tree_has(p->out, "d"));
    job.source.name = "a.jpg";
    assert_ok(alice__transfer_put(t, &job, &e));
    assert_ok(alice__transfer_finish(t, NULL, NULL, NULL));
    assert_true(is_file(p->out, "d/a.jpg", 1, 10));
    alice__transfer_close(&t);
    tree_empty(p->in);
    tree_empty(p->out);
}

static void a_source_that_changed_stays(void **state)
{
    place *p = *state;
    for (unsigned move = 0; move < 2; move++) {
        alice__transfer *t = open_transfer(p, move, NULL);
        alice_error e;
        make_file(p->in, "a.jpg", 1, 10);
        alice__job job = {.head_unknown = true,
                          .source_dir_fd = p->in,
                          .source.name = "a.jpg",
                          .source.stamp = stamp_of(p->in, "a.jpg"),
                          .dest = "d/a.jpg"};
        job.source.stamp.mtime_ns++;
        assert_status(alice__transfer_put(t, &job, &e), ALICE_E_CHANGED);
        job.source.stamp.mtime_ns--;
        job.source.stamp.size++;
        assert_status(alice__transfer_put(t, &job, &e), ALICE_E_CHANGED);
        job.source.stamp.size--;
        job.source.stamp.inode++; /* a hint only */
        assert_int_equal(unlinkat(p->in, "a.jpg", 0), 0);
        assert_status(alice__transfer_put(t, &job, &e), ALICE_E_NOENT);
        assert_int_equal(e.os_error, ENOENT);
        assert_int_equal(symlinkat("other", p->in, "a.jpg"), 0);
        assert_status(alice__transfer_put(t, &job, &e), ALICE_E_CHANGED);
        assert_int_equal(unlinkat(p->in, "a.jpg", 0), 0);
        make_file(p->in, "a.jpg", 1, 10);
        job.source.stamp = stamp_of(p->in, "a.jpg");
        job.source.stamp.inode++;
        assert_ok(alice__transfer_put(t, &job, &e));
        assert_ok(alice__transfer_finish(t, NULL, NULL, NULL));
        assert_true(is_file(p->out, "d/a.jpg", 1, 10));
        alice__transfer_close(&t);
        tree_empty(p->in);
        tree_empty(p->out);
    }
}

/* Somebody else acts before or after the first call of an operation. */
typedef struct moment {
    enum faulty_op op;
    bool after;
} moment;

static void take_the_name(void *ctx)
{
    const place *p = ctx;
    make_file(p->out, "d/a.jpg", 9, 99);
}

static void change_the_source(void *ctx)
{
    const place *p = ctx;
    make_file(p->in, "a.jpg", 5, 55);
}

static void remove_the_source(void *ctx)
{
    const place *p = ctx;
    assert_int_equal(unlinkat(p->in, "a.jpg", 0), 0);
}

static void spoil_the_copy(void *ctx)
{
    const place *p = ctx;
    int fd = openat(p->out, "d/.alice-tmp-7-0", O_RDWR | O_CLOEXEC);
    assert_int_equal(alice__fs_write_at(fd, 7, "!", 1), 0);
    assert_int_equal(alice__fs_sync(fd), 0);
    close(fd);
}

static void remove_the_folder(void *ctx)
{
    const place *p = ctx;
    assert_int_equal(unlinkat(p->out, "d", AT_REMOVEDIR), 0);
}

/* One file, somebody between the steps, and what came of it. */
static alice_status meddled(place *p, bool move, struct limits l, moment when,
                            void (*act)(void *))
{
    struct faulty_fs *f = limited(&faults, l);
    f->act = act;
    f->act_ctx = p;
    f->act_op = when.op;
    f->act_after = when.after;
    told n = {0};
    alice__transfer *t = open_transfer(p, move, f);
    make_file(p->in, "a.jpg", 1, 1000);
    alice_status st = put(t, p->in, "a.jpg", "d/a.jpg", 0, NULL);
    if (st == ALICE_OK) {
        assert_ok(alice__transfer_finish(t, note, &n, NULL));
        st = n.status[0];
    }
    assert_true(f->acted);
    alice__transfer_close(&t);
    return st;
}

static void clean(const place *p)
{
    assert_int_equal(names_with(p->out, ".alice-tmp-"), 0);
    tree_empty(p->in);
    tree_empty(p->out);
}

static void races_end_well(void **state)
{
    place *p = *state;
    struct limits plain = {0}, across = {.apart = true, .no_clone = true};
    struct limits reserve = {.no_replace_flag = true, .no_links = true};

    const moment copied = {FAULTY_set_mode, false}, flushed = {FAULTY_sync, true},
                 naming = {FAULTY_rename_new, false}, reserved = {FAULTY_set_times, true},
                 making = {FAULTY_create, false};

    /* The name is taken between the copy and its naming: the other's file stays. */
    for (unsigned w = 0; w < WAYS; w++) {
        assert_status(meddled(p, false, ways[w].limits, naming, take_the_name), ALICE_E_EXISTS);
        assert_true(is_file(p->out, "d/a.jpg", 9, 99));
        assert_true(is_file(p->in, "a.jpg", 1, 1000));
        clean(p);
    }
    assert_status(meddled(p, true, plain, naming, take_the_name), ALICE_E_EXISTS);
    assert_true(is_file(p->out, "d/a.jpg", 9, 99) && is_file(p->in, "a.jpg", 1, 1000));
    clean(p);
    /* Over our own reservation, even. */
    assert_status(meddled(p, true, reserve, reserved, take_the_name), ALICE_E_EXISTS);
    assert_true(is_file(p->out, "d/a.jpg", 9, 99) && is_file(p->in, "a.jpg", 1, 1000));
    clean(p);

    /* The source changes after it was copied: the new one stays, and no old one stands. */
    assert_status(meddled(p, true, across, flushed, change_the_source), ALICE_E_CHANGED);
    assert_true(is_file(p->in, "a.jpg", 5, 55));
    assert_false(tree_has(p->out, "d/a.jpg"));
    clean(p);
    /* While it is copied. */
    assert_status(meddled(p, false, across, copied, change_the_source), ALICE_E_CHANGED);
    assert_false(tree_has(p->out, "d/a.jpg"));
    clean(p);
    /* It vanishes after it was copied: the copy is what is left. */
    assert_ok(meddled(p, true, across, flushed, remove_the_source));
    assert_true(is_file(p->out, "d/a.jpg", 1, 1000));
    clean(p);
    /* The copy goes bad on its way to the disk: found, and the source stays. */
    assert_status(meddled(p, true, across, flushed, spoil_the_copy), ALICE_E_IO);
    assert_true(is_file(p->in, "a.jpg", 1, 1000));
    assert_false(tree_has(p->out, "d/a.jpg"));
    clean(p);
    /* The folder is removed while it is held open: made again. */
    assert_ok(meddled(p, true, plain, naming, remove_the_folder));
    assert_true(is_file(p->out, "d/a.jpg", 1, 1000));
    clean(p);
    assert_ok(meddled(p, false, plain, making, remove_the_folder));
    assert_true(is_file(p->out, "d/a.jpg", 1, 1000));
    clean(p);
}

/* A server did what it was asked, and its answer got lost: the file is at its new place, once.
 */
static void lost_replies_lose_no_file(void **state)
{
    place *p = *state;
    static const int replies[] = {-ENOENT, -EIO, -EEXIST};
    for (unsigned w = 0; w < WAYS; w++) {
        for (unsigned k = 0; k < 3; k++) {
            struct faulty_fs *f = limited(&faults, ways[w].limits);
            f->reply[FAULTY_unlink] = f->reply[FAULTY_rename_over] = replies[k];
            f->reply[FAULTY_rename_new] = f->reply[FAULTY_link] = replies[k];
            told n = {0};
            alice__transfer *t = open_transfer(p, true, f);
            make_file(p->in, "a.jpg", 1, 1000);
            assert_ok(put(t, p->in, "a.jpg", "d/a.jpg", 0, NULL));
            assert_ok(alice__transfer_finish(t, note, &n, NULL));
            assert_status(n.status[0], ALICE_OK);
            alice__transfer_close(&t);
            assert_true(is_file(p->out, "d/a.jpg", 1, 1000));
            assert_false(tree_has(p->in, "a.jpg"));
            assert_int_equal(names_with(p->out, "a.jpg"), 1);
            clean(p);
        }
    }
}

static bool stop_soon(void *ctx)
{
    return --*(int *)ctx < 0;
}

static void put_another_in_its_place(void *ctx)
{
    const place *p = ctx;
    assert_int_equal(unlinkat(p->out, "d/a.jpg", 0), 0);
    make_file(p->out, "d/a.jpg", 9, 1000);
}

/* The copy of a move is taken back where its source has to stay; another's file is not, though
 * it may have got the number of the copy's inode. */
static void only_our_copy_is_taken_back(void **state)
{
    place *p = *state;
    for (unsigned another = 0; another < 2; another++) {
        struct faulty_fs *f = limited(&faults, (struct limits){.apart = true});
        f->sync_folders = -EIO;
        f->act = another ? put_another_in_its_place : NULL;
        f->act_ctx = p;
        f->act_op = FAULTY_rename_new;
        f->act_after = true;
        f->act_at = 1; /* the first is refused: the folders are apart */
        told n = {0};
        alice__transfer *t = open_transfer(p, true, f);
        make_file(p->in, "a.jpg", 1, 1000);
        const struct timespec old[2] = {{1500000000, 0}, {1500000000, 0}};
        assert_int_equal(utimensat(p->in, "a.jpg", old, 0), 0);
        assert_ok(put(t, p->in, "a.jpg", "d/a.jpg", 0, NULL));
        assert_status(alice__transfer_finish(t, note, &n, NULL), ALICE_E_IO);
        assert_int_equal(n.status[0], ALICE_E_IO);
        assert_int_equal(f->acted, another);
        assert_true(is_file(p->in, "a.jpg", 1, 1000));
        assert_int_equal(tree_has(p->out, "d/a.jpg"), another);
        if (another)
            assert_true(is_file(p->out, "d/a.jpg", 9, 1000));
        alice__transfer_close(&t);
        clean(p);
    }
}

/* Reading a long copy again can be stopped, too: then the source stays. */
static void a_long_verification_can_be_stopped(void **state)
{
    place *p = *state;
    int looks = 3; /* at copying 24 MB: one between two stretches, and one more */
    struct faulty_fs *f = limited(&faults, (struct limits){.apart = true, .no_clone = true});
    alice__transfer_options o = {.organized_fd = p->out,
                                 .move = true,
                                 .run_id = 7,
                                 .should_stop = stop_soon,
                                 .stop_ctx = &looks,
                                 .fs = &f->ops};
    told n = {0};
    alice__transfer *t = NULL;
    make_file(p->in, "big", 1, 24 << 20);
    assert_ok(alice__transfer_open(&t, &o, NULL));
    assert_ok(put(t, p->in, "big", "d/big", 0, NULL));
    assert_ok(alice__transfer_finish(t, note, &n, NULL));
    assert_status(n.status[0], ALICE_E_CANCELLED);
    alice__transfer_close(&t);
    assert_true(is_file(p->in, "big", 1, 24 << 20));
    assert_false(tree_has(p->out, "d/big"));
    clean(p);
}

/* What is not known to be on the disk costs no source. */
static void failed_flushes_lose_nothing(void **state)
{
    place *p = *state;
    for (unsigned which = 0; which < 2; which++) {
        for (unsigned move = 0; move < 2; move++) {
            struct faulty_fs *f = limited(&faults, (struct limits){.apart = true});
            f->fail_op = FAULTY_sync_all;
            f->fail_at = which; /* of the copies, of the folders */
            f->fail_with = -EIO;
            f->sync_files = -EIO;
            alice__transfer *t = open_transfer(p, move, f);
            alice_error e;
            told n = {0};
            make_sources(p);
            for (unsigned i = 0; i < FILES; i++) {
                char from[64], to[128];
                name_in(from, sizeof from, i);
                name_out(to, sizeof to, i);
                assert_ok(put(t, p->in, from, to, i, NULL));
            }
            assert_status(alice__transfer_finish(t, note, &n, &e),
                          which == 0 ? ALICE_OK : ALICE_E_IO);
            assert_int_equal(n.count, FILES);
            for (unsigned i = 0; i < FILES; i++) {
                char from[64], to[128];
                name_in(from, sizeof from, i);
                name_out(to, sizeof to, i);
                bool stays = which == 1 && !move; /* a copy more does no harm */
                assert_status(n.status[i], stays ? ALICE_OK : ALICE_E_IO);
                assert_true(is_file(p->in, from, i, sizes[i]));
                assert_int_equal(tree_has(p->out, to), stays);
            }
            alice__transfer_close(&t);
            clean(p);
        }
    }
}

static void what_is_not_permitted_fails_alone(void **state)
{
    place *p = *state;
    if (geteuid() != 0) {
        print_message("skipped: needs root to become another user\n");
        skip_test("what it needs is not here");
    }
    assert_int_equal(mkdirat(p->out, "closed", 0755), 0);
    assert_int_equal(mkdirat(p->out, "open", 0777), 0);
    assert_int_equal(fchmodat(p->out, "open", 0777, 0), 0);
    assert_int_equal(fchmod(p->out, 0755), 0);
    assert_int_equal(fchmod(p->in, 0755), 0);
    make_file(p->in, "a.jpg", 1, 10);
    make_file(p->in, "b.jpg", 2, 10);
    assert_int_equal(fchmodat(p->in, "b.jpg", 0, 0), 0);
    alice__transfer *move = open_transfer(p, true, NULL), *copy = open_transfer(p, false, NULL);
    told n = {0};
    alice_error e;
    assert_int_equal(seteuid(65534), 0);
    alice_status st[4] = {
        put(move, p->in, "a.jpg", "open/a.jpg", 0, &e), /* the inbox cannot be written */
        put(copy, p->in, "a.jpg", "closed/a.jpg", 0, &e),
        put(copy, p->in, "b.jpg", "open/b.jpg", 0, &e), /* unreadable */
        put(copy, p->in, "a.jpg", "open/a.jpg", 3, &e),
    };
    alice_status end = alice__transfer_finish(copy, note, &n, NULL);
    assert_int_equal(seteuid(0), 0);
    assert_status(st[0], ALICE_E_ACCESS);
    assert_status(st[1], ALICE_E_ACCESS);
    assert_status(st[2], ALICE_E_ACCESS);
    assert_ok(st[3]);
    assert_ok(end);
    assert_int_equal(n.count, 1);
    assert_true(is_file(p->out, "open/a.jpg", 1, 10));
    assert_true(is_file(p->in, "a.jpg", 1, 10));
    assert_int_equal(names_with(p->out, ".alice-tmp-"), 0);
    alice__transfer_close(&move);
    alice__transfer_close(&copy);
}

static bool stop_now(void *ctx)
{
    ++*(unsigned *)ctx;
    return true;
}

static void a_long_copy_can_be_stopped(void **state)
{
    place *p = *state;
    for (unsigned way = 0; way < 2; way++) {
        unsigned asked = 0;
        struct faulty_fs *f =
            limited(&faults, (struct limits){.no_clone = true, .no_kernel_copy = way});
        alice__transfer_options o = {.organized_fd = p->out,
                                     .run_id = 7,
                                     .should_stop = stop_now,
                                     .stop_ctx = &asked,
                                     .fs = &f->ops};
        alice__transfer *t = NULL;
        make_file(p->in, "big", 1, 20 << 20);
        assert_ok(alice__transfer_open(&t, &o, NULL));
        assert_status(put(t, p->in, "big", "d/big", 0, NULL), ALICE_E_CANCELLED);
        assert_int_equal(asked, 1);
        alice__transfer_close(&t);
        clean(p);
    }
}

/* ---- many folders, taking back, sweeping ---- */

static void many_folders_are_made_and_flushed(void **state)
{
    place *p = *state;
    enum { MANY = 200 };
    for (unsigned w = 0; w < 3; w++) {
        struct limits l = {.not_local = w == 1};
        alice__transfer *t = open_transfer(p, true, limited(&faults, l));
        if (w == 2) { /* hardly any descriptors */
            alice__transfer_options few = {
                .organized_fd = p->out, .move = true, .run_id = 7, .max_folders = 4};
            alice__transfer_close(&t);
            assert_ok(alice__transfer_open(&t, &few, NULL));
        }
        for (unsigned i = 0; i < MANY; i++) {
            char name[32], dest[64];
            snprintf(name, sizeof name, "%u", i);
            snprintf(dest, sizeof dest, "%u/%u/%u.jpg", i % 20, i % 100, i);
            make_file(p->in, name, i, 10);
            assert_ok(put(t, p->in, name, dest, i, NULL));
        }
        assert_ok(alice__transfer_finish(t, NULL, NULL, NULL));
        alice__transfer_stats s;
        alice__transfer_stats_get(t, &s);
        assert_int_equal(s.folders_made, 120);
        assert_true(w == 1 ? s.flushes >= 120 : s.flushes <= 3);
        for (unsigned i = 0; i < MANY; i++) {
            char dest[64];
            snprintf(dest, sizeof dest, "%u/%u/%u.jpg", i % 20, i % 100, i);
            assert_true(is_file(p->out, dest, i, 10));
        }
        alice__transfer_close(&t);
        clean(p);
    }
}

static void a_batch_can_be_taken_back(void **state)
{
    place *p = *state;
    for (unsigned w = 0; w < WAYS; w++) {
        for (unsigned move = 0; move < 2; move++) {
            alice__transfer *t = open_transfer(p, move, limited(&faults, ways[w].limits));
            make_sources(p);
            for (unsigned i = 0; i < FILES; i++) {
                char from[64], to[128];
                name_in(from, sizeof from, i);
                name_out(to, sizeof to, i);
                assert_ok(put(t, p->in, from, to, i, NULL));
            }
            if (w % 2)
                alice__transfer_abandon(t);
            alice__transfer_close(&t);
            for (unsigned i = 0; i < FILES; i++) {
                char from[64], to[128];
                name_in(from, sizeof from, i);
                name_out(to, sizeof to, i);
                assert_true(is_file(p->in, from, i, sizes[i]));
                assert_false(tree_has(p->out, to));
            }
            clean(p);
        }
    }
}

static void a_batch_has_its_end(void **state)
{
    place *p = *state;
    alice__transfer *t = NULL;
    alice__transfer_options o = {.organized_fd = p->out, .run_id = 7, .max_batch = 2};
    assert_ok(alice__transfer_open(&t, &o, NULL));
    make_file(p->in, "a.jpg", 1, 10);
    assert_ok(put(t, p->in, "a.jpg", "1.jpg", 0, NULL));
    assert_ok(put(t, p->in, "a.jpg", "2.jpg", 0, NULL));
    assert_status(put(t, p->in, "a.jpg", "3.jpg", 0, NULL), ALICE_E_INVAL);
    assert_ok(alice__transfer_finish(t, NULL, NULL, NULL));
    assert_ok(put(t, p->in, "a.jpg", "3.jpg", 0, NULL));
    assert_ok(alice__transfer_finish(t, NULL, NULL, NULL));
    assert_true(is_file(p->out, "3.jpg", 1, 10));
    alice__transfer_close(&t);
}

static void only_what_is_ours_is_swept(void **state)
{
    place *p = *state;
    alice__transfer *t = open_transfer(p, false, NULL);
    assert_int_equal(mkdirat(p->out, "d", 0700), 0);
    assert_int_equal(mkdirat(p->out, "d/.alice-tmp-9-9", 0700), 0);
    static const char *const theirs[] = {"d/.alice-tmp-x",  "d/.alice-tmp-1-2.jpg",
                                         "d/.alice-tmp-1-", "d/alice-tmp-1-2",
                                         "d/.alice-tmp--2", "d/a.jpg"};
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        tree_file(p->out, theirs[i], "", 0);
    tree_file(p->out, "d/.alice-tmp-1-2", "half", 4);
    tree_file(p->out, "d/.alice-tmp-1789-4000000000", "half", 4);
    alice__transfer_sweep(t, "d/whatever.jpg");
    alice__transfer_sweep(t, "nowhere/whatever.jpg");
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        assert_true(tree_has(p->out, theirs[i]));
    assert_true(tree_has(p->out, "d/.alice-tmp-9-9"));
    assert_false(tree_has(p->out, "d/.alice-tmp-1-2"));
    assert_false(tree_has(p->out, "d/.alice-tmp-1789-4000000000"));
    alice__transfer_close(&t);
}

static int64_t in_two_hours(void *ctx)
{
    (void)ctx;
    return (int64_t)time(NULL) + 7200;
}

/* Where a file goes, leftovers of a catalog that is gone are cleared by their age. */
static void old_leftovers_go_and_young_ones_stay(void **state)
{
    place *p = *state;
    const alice_clock later = {.wall_s = in_two_hours};
    assert_int_equal(mkdirat(p->out, "d", 0700), 0);
    for (unsigned old = 0; old < 2; old++) {
        alice__transfer_options o = {.organized_fd = p->out, .run_id = 7};
        alice__transfer *t = NULL;
        char name[16], to[16];
        snprintf(name, sizeof name, "%u.jpg", old);
        snprintf(to, sizeof to, "d/%u.jpg", old);
        o.env.clock = old ? &later : NULL;
        tree_file(p->out, "d/.alice-tmp-1-2", "half", 4);
        /* The time of a copy is its source's and says nothing of its age. */
        const struct timespec source[2] = {{1500000000, 0}, {1500000000, 0}};
        assert_int_equal(utimensat(p->out, "d/.alice-tmp-1-2", source, 0), 0);
        make_file(p->in, name, 1, 10);
        assert_ok(alice__transfer_open(&t, &o, NULL));
        assert_ok(put(t, p->in, name, to, 0, NULL));
        assert_ok(alice__transfer_finish(t, NULL, NULL, NULL));
        alice__transfer_close(&t);
        assert_int_equal(tree_has(p->out, "d/.alice-tmp-1-2"), !old);
    }
}

static void recovery_knows_what_stands(void **state)
{
    place *p = *state;
    alice__transfer *t = open_transfer(p, false, NULL);
    assert_int_equal(mkdirat(p->out, "d", 0700), 0);
    make_file(p->out, "d/a.jpg", 4, 70000);
    alice__stamp stamp = {.size = 70000};
    bool stands = false;
    assert_ok(alice__transfer_recover(t, "d/a.jpg", &stamp, head_of(4, 70000), &stands));
    assert_true(stands);
    assert_ok(alice__transfer_recover(t, "d/a.jpg", &stamp, head_of(5, 70000), &stands));
    assert_false(stands);
    stamp.size = 69999;
    assert_ok(alice__transfer_recover(t, "d/a.jpg", &stamp, head_of(4, 70000), &stands));
    assert_false(stands);
    assert_ok(alice__transfer_recover(t, "d/b.jpg", &stamp, head_of(4, 70000), &stands));
    assert_false(stands);
    assert_ok(alice__transfer_recover(t, "e/b.jpg", &stamp, head_of(4, 70000), &stands));
    assert_false(stands);
    /* An empty file that nobody marked is not ours, whatever was planned for its name. */
    tree_file(p->out, "d/empty", "", 0);
    assert_ok(alice__transfer_recover(t, "d/empty", &stamp, head_of(4, 70000), &stands));
    assert_false(stands);
    assert_true(tree_has(p->out, "d/empty"));
    stamp.size = 0;
    assert_ok(alice__transfer_recover(t, "d/empty", &stamp, head_of(1, 0), &stands));
    assert_true(stands);
    alice__transfer_close(&t);
}

/* ---- killed at every step ---- */

/* A batch in a child that is killed at its change `at`; false: it came to its end. */
static bool killed_batch(const place *p, const struct way *way, bool move, unsigned at)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct faulty_fs *f = limited(&faults, way->limits);
        f->fail_op = FAULTY_CHANGE;
        f->fail_at = at;
        alice__transfer_options o = {
            .organized_fd = p->out, .move = move, .run_id = 7, .fs = &f->ops};
        alice__transfer *t = NULL;
        if (alice__transfer_open(&t, &o, NULL) != ALICE_OK)
            _exit(1);
        for (unsigned i = 0; i < FILES; i++) {
            char from[64], to[128];
            name_in(from, sizeof from, i);
            name_out(to, sizeof to, i);
            alice__fs_stat s;
            if (alice__fs_stat_at(p->in, from, &s))
                _exit(2);
            alice__job job = {.head_unknown = true,
                              .source_dir_fd = p->in,
                              .source.name = from,
                              .source.stamp = {s.size, s.mtime_ns, s.ctime_ns, s.inode},
                              .dest = to};
            if (alice__transfer_put(t, &job, NULL) != ALICE_OK)
                _exit(3);
        }
        if (alice__transfer_finish(t, NULL, NULL, NULL) != ALICE_OK)
            _exit(4);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 99 || WEXITSTATUS(status) == 0);
    return WEXITSTATUS(status) == 99;
}

static void killed_anywhere(place *p, const struct way *way, bool move)
{
    for (unsigned at = 0;; at++) {
        make_sources(p);
        bool killed = killed_batch(p, way, move, at);

        alice__transfer *t = open_transfer(p, move, limited(&faults, way->limits));
        for (unsigned i = 0; i < FILES; i++) {
            char from[64], to[128];
            bool stands = false;
            name_in(from, sizeof from, i);
            name_out(to, sizeof to, i);
            alice__stamp stamp = {.size = sizes[i]};
            bool source = is_file(p->in, from, i, sizes[i]);
            bool dest = is_file(p->out, to, i, sizes[i]);
            assert_ok(alice__transfer_recover(t, to, &stamp, head_of(i, sizes[i]), &stands));
            /* Whole at one place or both; never in part; and recovery says which. An empty
               file and a reservation of its name are the same thing. */
            assert_true(source || dest);
            assert_true(source || !tree_has(p->in, from));
            assert_int_equal(stands, tree_has(p->out, to));
            assert_true(stands == dest || sizes[i] == 0);
            if (!move)
                assert_true(source);
        }
        for (unsigned i = 0; i < FILES; i++) {
            char to[128];
            name_out(to, sizeof to, i);
            alice__transfer_sweep(t, to);
        }
        assert_int_equal(names_with(p->out, ".alice-tmp-"), 0);

        /* The next run carries on. */
        for (unsigned i = 0; i < FILES; i++) {
            char from[64], to[128];
            name_in(from, sizeof from, i);
            name_out(to, sizeof to, i);
            if (tree_has(p->in, from) && !tree_has(p->out, to))
                assert_ok(put(t, p->in, from, to, i, NULL));
        }
        assert_ok(alice__transfer_finish(t, NULL, NULL, NULL));
        for (unsigned i = 0; i < FILES; i++) {
            char to[128];
            name_out(to, sizeof to, i);
            assert_true(is_file(p->out, to, i, sizes[i]));
        }
        alice__transfer_close(&t);
        clean(p);
        if (!killed) {
            assert_true(at > FILES);
            break;
        }
    }
}

static void killed_moving(void **state)
{
    for (unsigned w = 0; w < WAYS; w++)
        killed_anywhere(*state, &ways[w], true);
}

static void killed_copying(void **state)
{
    for (unsigned w = 0; w < 5; w++)
        killed_anywhere(*state, &ways[w], false);
}

/* ---- other file systems ---- */

static void on_small_file_systems(void **state)
{
    place *p = *state;
    static const struct {
        const char *name, *make;
        unsigned mb;
    } kinds[] = {
        {"ext4", "mkfs.ext4 -q -F", 16},    {"vfat", "mkfs.vfat", 16},
        {"exfat", "mkfs.exfat", 16},        {"xfs", "mkfs.xfs -q -f", 320},
        {"btrfs", "mkfs.btrfs -q -f", 128},
    };
    if (!mounts_possible()) {
        print_message("skipped: cannot mount\n");
        skip_test("what it needs is not here");
    }
    unsigned done = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        char image[128], at[128];
        snprintf(image, sizeof image, "%s/image-%s", p->in_path, kinds[k].name);
        snprintf(at, sizeof at, "%s/at-%s", p->in_path, kinds[k].name);
        if (!run("command -v %.*s >/dev/null 2>&1 && truncate -s %uM %s && %s %s >/dev/null "
                 "2>&1 "
                 "&& mkdir %s && mount -t %s -o loop %s %s 2>/dev/null",
                 (int)strcspn(kinds[k].make, " "), kinds[k].make, kinds[k].mb, image,
                 kinds[k].make, image, at, kinds[k].name, image, at)) {
            print_message("# not tried: %s\n", kinds[k].name);
            continue;
        }
        place q = {.in = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        assert_int_equal(mkdirat(q.in, "inbox", 0777), 0);
        assert_int_equal(mkdirat(q.in, "organized", 0777), 0);
        q.out = openat(q.in, "organized", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int in = openat(q.in, "inbox", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(q.in);
        q.in = in;
        for (unsigned move = 0; move < 2; move++) {
            one_way(&q, &ways[0], move);
            killed_anywhere(&q, &ways[0], move);
        }
        /* From another one into it. */
        place across = {.in = p->out, .out = q.out};
        one_way(&across, &ways[0], true);
        close(q.in);
        close(q.out);
        assert_true(run("umount %s", at));
        assert_int_equal(unlink(image), 0);
        done++;
    }
    print_message("# file systems tried: %u\n", done);
}

static void a_full_disk_stops_cleanly(void **state)
{
    place *p = *state;
    char at[128];
    snprintf(at, sizeof at, "%s/small", p->in_path);
    if (!mounts_possible() || mkdir(at, 0700) ||
        !run("mount -t tmpfs -o size=1m none %s 2>/dev/null", at)) {
        print_message("skipped: cannot mount\n");
        skip_test("what it needs is not here");
    }
    for (unsigned way = 0; way < 2; way++) {
        struct limits l = {.no_clone = way, .no_kernel_copy = way};
        place q = {.in = p->in, .out = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        told n = {0};
        alice_error e;
        make_file(q.in, "small.jpg", 1, 100000);
        make_file(q.in, "big.jpg", 2, 3 << 20);
        alice__transfer *t = open_transfer(&q, true, limited(&faults, l));
        assert_ok(put(t, q.in, "small.jpg", "d/small.jpg", 1, NULL));
        assert_status(put(t, q.in, "big.jpg", "d/big.jpg", 2, &e), ALICE_E_NOSPC);
        assert_int_equal(e.os_error, ENOSPC);
        assert_int_equal(names_with(q.out, ".alice-tmp-"), 1); /* the one that is under way */
        assert_ok(alice__transfer_finish(t, note, &n, NULL));
        assert_int_equal(n.count, 1);
        assert_status(n.status[0], ALICE_OK);
        assert_true(is_file(q.out, "d/small.jpg", 1, 100000));
        assert_false(tree_has(q.in, "small.jpg"));
        assert_true(is_file(q.in, "big.jpg", 2, 3 << 20));
        alice__transfer_close(&t);
        assert_int_equal(names_with(q.out, ".alice-tmp-"), 0);
        tree_empty(q.out);
        close(q.out);
    }
    assert_true(run("umount %s", at));
}

/* ---- memory ---- */

static void every_allocation_may_fail(void **state)
{
    place *p = *state;
    for (unsigned w = 0; w < WAYS; w++) {
        for (unsigned nth = 0;; nth++) {
            struct faulty f = {.nth = nth};
            alice_alloc alloc = faulty_alloc(&f);
            alice__transfer_options o = {.env = {.alloc = &alloc},
                                         .organized_fd = p->out,
                                         .move = true,
                                         .run_id = 7,
                                         .fs = &limited(&faults, ways[w].limits)->ops};
            alice__transfer *t = NULL;
            make_sources(p);
            alice_status st = alice__transfer_open(&t, &o, NULL);
            for (unsigned i = 0; t && i < FILES; i++) {
                char from[64], to[128];
                name_in(from, sizeof from, i);
                name_out(to, sizeof to, i);
                alice_status one = put(t, p->in, from, to, i, NULL);
                st = one == ALICE_OK ? st : one;
            }
            told n = {0};
            if (t)
                assert_ok(alice__transfer_finish(t, note, &n, NULL));
            for (unsigned i = 0; i < n.count; i++)
                st = n.status[i] == ALICE_OK ? st : n.status[i];
            alice__transfer_close(&t);
            assert_int_equal(f.live_bytes, 0);
            for (unsigned i = 0; i < FILES; i++) {
                char from[64], to[128];
                name_in(from, sizeof from, i);
                name_out(to, sizeof to, i);
                assert_int_not_equal(is_file(p->in, from, i, sizes[i]),
                                     is_file(p->out, to, i, sizes[i]));
            }
            clean(p);
            if (!f.fired) {
                assert_ok(st);
                assert_true(nth >= 3); /* itself, the batch, the names */
                break;
            }
            assert_true(st == ALICE_OK || st == ALICE_E_NOMEM);
        }
    }
}

static void memory_is_charged(void **state)
{
    place *p = *state;
    alice_budget *b = NULL;
    alice_account *a = NULL;
    alice_budget_options bo = {.limit = 64 * ALICE_MB};
    assert_ok(alice_budget_open(&b, &bo));
    assert_ok(alice_account_open(&a, alice_budget_root(b), "transfer", 160 * ALICE_KB));
    /* The buffer that was asked for does not fit: a smaller one does it too. */
    alice__transfer_options o = {.env = {.account = a},
                                 .organized_fd = p->out,
                                 .move = true,
                                 .run_id = 7,
                                 .buffer_bytes = ALICE_MB,
                                 .fs = &limited(&faults, ways[WAYS - 1].limits)->ops};
    alice__transfer *t = NULL;
    make_sources(p);
    assert_ok(alice__transfer_open(&t, &o, NULL));
    for (unsigned i = 0; i < FILES; i++) {
        char from[64], to[128];
        name_in(from, sizeof from, i);
        name_out(to, sizeof to, i);
        assert_ok(put(t, p->in, from, to, i, NULL));
    }
    assert_ok(alice__transfer_finish(t, NULL, NULL, NULL));
    assert_true(alice_account_used(a) >= 64 * ALICE_KB);
    alice__transfer_close(&t);
    assert_int_equal(alice_account_used(a), 0);
    alice_account_close(&a);
    assert_ok(alice_budget_close(&b, NULL));
}

/* Two of a group and one of none: where one of the two is not placed the other is as it was. */
static void groups_are_placed_together_or_not_at_all(void **state)
{
    static const char *const from[] = {"a.jpg", "a.xmp", "b.jpg"};
    static const char *const to[] = {"d/1.jpg", "d/1.xmp", "d/2.jpg"};
    place *p = *state;
    for (unsigned w = 0; w < WAYS; w++) {
        for (unsigned how = 0; how < 8; how++) {
            const bool move = how & 1, taken = how & 2, second = how & 4;
            const bool renamed = move && !ways[w].limits.apart;
            alice__transfer *t = open_transfer(p, move, limited(&faults, ways[w].limits));
            told n = {.count = 0};
            if (taken && renamed)
                goto next; /* these have their names at once */
            for (unsigned i = 0; i < 3; i++) {
                make_file(p->in, from[i], i, 1000 + i);
                alice__job job = {.head_unknown = true,
                                  .tag = i,
                                  .group = i < 2 ? 5 : 6,
                                  .source_dir_fd = p->in,
                                  .source.name = from[i],
                                  .source.stamp = stamp_of(p->in, from[i]),
                                  .dest = to[i]};
                assert_ok(alice__transfer_put(t, &job, NULL));
            }
            if (taken)
                make_file(p->out, to[second], 9, 99);
            else
                alice__transfer_take_back(t, 5, ALICE_E_CANCELLED);
            assert_ok(alice__transfer_finish(t, note, &n, NULL));
            assert_int_equal(n.count, 3);
            for (unsigned i = 0; i < 2; i++) {
                assert_status(n.status[i], taken ? ALICE_E_EXISTS : ALICE_E_CANCELLED);
                assert_true(is_file(p->in, from[i], i, 1000 + i));
                if (taken && i == second)
                    assert_true(is_file(p->out, to[i], 9, 99));
                else
                    assert_false(tree_has(p->out, to[i]));
            }
            assert_status(n.status[2], ALICE_OK);
            assert_true(is_file(p->out, to[2], 2, 1002));
            assert_int_equal(tree_has(p->in, from[2]), !move);
        next:
            alice__transfer_close(&t);
            clean(p);
        }
        /* Many are taken back: the few that stay are those whose descriptors are closed. */
        alice__transfer *t = open_transfer(p, false, limited(&faults, ways[w].limits));
        for (unsigned i = 0; i < 8; i++) {
            char name[2][16];
            snprintf(name[0], sizeof name[0], "%u.jpg", i);
            snprintf(name[1], sizeof name[1], "d/%u.jpg", i);
            make_file(p->in, name[0], i, 1000 + i);
            alice__job job = {.head_unknown = true,
                              .tag = i,
                              .group = i < 6 ? 5 : 6,
                              .source_dir_fd = p->in,
                              .source.name = name[0],
                              .source.stamp = stamp_of(p->in, name[0]),
                              .dest = name[1]};
            assert_ok(alice__transfer_put(t, &job, NULL));
        }
        alice__transfer_take_back(t, 5, ALICE_E_IO);
        assert_ok(alice__transfer_finish(t, NULL, NULL, NULL));
        alice__transfer_close(&t);
        for (unsigned i = 0; i < 8; i++) {
            char name[16];
            snprintf(name, sizeof name, "d/%u.jpg", i);
            assert_int_equal(is_file(p->out, name, i, 1000 + i), i >= 6);
        }
        clean(p);
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    mounts_begin(argv);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define FAST(name) cmocka_unit_test_setup_teardown(name, set_up_fast, tear_down)
    const struct CMUnitTest tests[] = {
        FAST(every_way_places_every_file),
        TEST(across_real_file_systems),
        TEST(a_copy_keeps_mode_times_and_attributes),
        TEST(holes_stay_holes),
        TEST(links_and_odd_names_go),
        TEST(no_path_leads_out),
        TEST(a_source_is_looked_at_before_anything_is_made),
        TEST(a_source_that_changed_stays),
        FAST(races_end_well),
        FAST(lost_replies_lose_no_file),
        TEST(a_long_verification_can_be_stopped),
        TEST(failed_flushes_lose_nothing),
        TEST(what_is_not_permitted_fails_alone),
        TEST(a_long_copy_can_be_stopped),
        TEST(many_folders_are_made_and_flushed),
        FAST(a_batch_can_be_taken_back),
        FAST(groups_are_placed_together_or_not_at_all),
        TEST(a_batch_has_its_end),
        TEST(only_what_is_ours_is_swept),
        TEST(only_our_copy_is_taken_back),
        TEST(old_leftovers_go_and_young_ones_stay),
        TEST(recovery_knows_what_stands),
        FAST(killed_moving),
        FAST(killed_copying),
        FAST(on_small_file_systems),
        TEST(a_full_disk_stops_cleanly),
        FAST(every_allocation_may_fail),
        TEST(memory_is_charged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
