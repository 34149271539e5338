/* SPDX-License-Identifier: MIT */
/* The walk on real trees: order, what is passed over, bounds, and what goes wrong. */
#include "test.h"
#include "faulty.h"
#include "mounts.h"
#include "tree.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/syscall.h>

#include <alice/budget.h>

#include "organize/sorted_names.h"
#include "organize/walk.h"
#include "port/fs.h"

/*
 * The system as no real directory can be asked to behave: the linker leads these calls of the
 * library here (see meson.build).
 */
static struct {
    bool kinds_unknown;  /* directories do not tell what a name is */
    const char *no_stat; /* this name may not be looked at */
    int getdents_fails;  /* errno, of the read after the first of one directory */
    int getdents_left;
    const char *no_open; /* this directory may not be opened */
    bool no_open_again;  /* nor "..", nor what begins anew from an open one */
} fake;

int __real_alice__fs_dir_next(alice__fs_dir *d, alice__fs_name *out);
int __wrap_alice__fs_dir_next(alice__fs_dir *d, alice__fs_name *out);
int __wrap_alice__fs_dir_next(alice__fs_dir *d, alice__fs_name *out)
{
    int r = __real_alice__fs_dir_next(d, out);
    if (!r && out->name && fake.kinds_unknown)
        out->kind = ALICE__FS_UNKNOWN;
    return r;
}

int __real_alice__fs_stat_at(int dir, const char *name, alice__fs_stat *out);
int __wrap_alice__fs_stat_at(int dir, const char *name, alice__fs_stat *out);
int __wrap_alice__fs_stat_at(int dir, const char *name, alice__fs_stat *out)
{
    if (fake.no_stat && strcmp(fake.no_stat, name) == 0)
        return -EACCES;
    return __real_alice__fs_stat_at(dir, name, out);
}

int __real_alice__fs_open_dir(int dir, const char *name, int *fd);
int __wrap_alice__fs_open_dir(int dir, const char *name, int *fd);
int __wrap_alice__fs_open_dir(int dir, const char *name, int *fd)
{
    if ((fake.no_open && strcmp(fake.no_open, name) == 0) ||
        (fake.no_open_again && name[0] == '.'))
        return -EACCES;
    return __real_alice__fs_open_dir(dir, name, fd);
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
    va_list list;
    long a[6];
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_getdents64 && fake.getdents_fails && fake.getdents_left-- == 0) {
        errno = fake.getdents_fails;
        return -1;
    }
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

typedef struct place {
    char path[64];
    int top;
} place;

static int set_up(void **state)
{
    static place p;
    memset(&fake, 0, sizeof fake);
    p.top = tree_make_fast(p.path);
    *state = &p;
    return p.top < 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    close(p->top);
    tree_remove(p->path);
    return 0;
}

/* Make the folders of a path, and the file at its end unless it ends in a slash. */
static void make(int top, const char *path)
{
    int at = dup(top);
    char part[NAME_MAX + 1];
    for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        mkdirat(at, part, 0755);
        int next = openat(at, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(at);
        at = next;
    }
    if (*path)
        tree_file(at, path, "", 0);
    close(at);
}

/* Walk and write down every entry as "path/name", with '!' behind errors. */
static alice_status listing(const alice__walk_options *o, char *to, size_t size,
                            alice__walk_stats *stats)
{
    alice__walk *w = NULL;
    alice_error error;
    size_t fill = 0;
    to[0] = 0;
    alice_status st = alice__walk_open(&w, o, &error);
    while (st == ALICE_OK) {
        alice__entry e;
        st = alice__walk_next(w, &e);
        if (st != ALICE_OK)
            break;
        const char *path = alice__folder_path(e.folder);
        assert_true((e.kind == ALICE__ENTRY_ERROR) == (e.why != NULL));
        fill += (size_t)snprintf(to + fill, size - fill, "%s%s%s%s\n", path, *path ? "/" : "",
                                 e.name,
                                 e.kind == ALICE__ENTRY_ERROR     ? "!"
                                 : e.kind == ALICE__ENTRY_LINK    ? "@"
                                 : e.kind == ALICE__ENTRY_SPECIAL ? "?"
                                                                  : "");
        assert_true(fill < size);
    }
    if (w && stats)
        alice__walk_stats_get(w, stats);
    alice__walk_close(&w);
    assert_null(w);
    return st;
}

static void files_come_first_and_sorted_by_bytes(void **state)
{
    place *p = *state;
    char list[4096];
    alice__walk_stats stats;
    const char *const paths[] = {"b.jpg",       "B.jpg",     "a/z.jpg",
                                 "a/y/1.jpg",   "a-b/2.jpg", "\xff.png",
                                 "\xc3\xa9/e",  "empty/",    "a.jpg",
                                 ".hidden",     ".git/x",    "@eaDir/t",
                                 "a/.DS_Store", "Thumbs.db", "desktop.ini",
                                 "10",          "9",         "a/y/.alice-tmp-3-1"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        make(p->top, paths[i]);
    assert_int_equal(symlinkat("a.jpg", p->top, "link"), 0);
    assert_int_equal(symlinkat("a", p->top, "linked-dir"), 0);
    assert_int_equal(mkfifoat(p->top, "fifo", 0600), 0);
    alice__walk_options o = {.root_fd = p->top};
    assert_status(listing(&o, list, sizeof list, &stats), ALICE_E_END);
    assert_string_equal(list,
                        "10\n9\nB.jpg\na.jpg\nb.jpg\nfifo?\nlink@\nlinked-dir@\n\xff.png\n"
                        "a/z.jpg\na/y/1.jpg\na-b/2.jpg\n\xc3\xa9/e\n");
    assert_int_equal(stats.files, 10);
    assert_int_equal(stats.folders, 6);
    assert_int_equal(stats.passed_over, 7);
    assert_int_equal(stats.spilled_names, 0);
}

static void an_empty_tree_has_no_entries(void **state)
{
    place *p = *state;
    char list[64];
    alice__walk_options o = {.root_fd = p->top};
    assert_status(listing(&o, list, sizeof list, NULL), ALICE_E_END);
    assert_string_equal(list, "");
}

static unsigned is_sidecar(const char *name)
{
    return strstr(name, ".xmp") ? 2 : strstr(name, "-edited") ? 1 : 0;
}

static void those_that_come_later_come_last(void **state)
{
    place *p = *state;
    char list[4096];
    static const char *const names[] = {"a.xmp",   "b.jpg",   "b.jpg.xmp",  "c.jpg",
                                        "d/e.xmp", "d/f.jpg", "x.xmp/g.jpg"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        make(p->top, names[i]);
    alice__walk_options o = {.root_fd = p->top, .comes_later = is_sidecar};
    assert_status(listing(&o, list, sizeof list, NULL), ALICE_E_END);
    assert_string_equal(list,
                        "b.jpg\nc.jpg\na.xmp\nb.jpg.xmp\nd/f.jpg\nd/e.xmp\nx.xmp/g.jpg\n");
}

/* Whether a folder has a sidecar is known with its first file, so that none is looked for in
 * vain. */
static void folders_know_whether_some_come_last(void **state)
{
    place *p = *state;
    static const char *const names[] = {"a/1.jpg", "a/2.xmp", "b/1.jpg", "b/2-edited.jpg",
                                        "b/c/1.xmp"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        make(p->top, names[i]);
    for (int asked = 0; asked < 2; asked++) {
        alice__walk_options o = {.root_fd = p->top, .comes_later = asked ? is_sidecar : NULL};
        alice__walk *w = NULL;
        alice__entry e;
        unsigned seen = 0;
        assert_status(alice__walk_open(&w, &o, NULL), ALICE_OK);
        while (alice__walk_next(w, &e) == ALICE_OK) {
            bool some = strcmp(alice__folder_path(e.folder), "b") != 0;
            assert_int_equal(alice__folder_has_last(e.folder), !asked || some);
            seen++;
        }
        assert_int_equal(seen, 5);
        alice__walk_close(&w);
    }
}

/* ".mov" before ".JPG" before all else. */
static unsigned films_first(const char *name)
{
    return strstr(name, ".mov") ? 0 : strstr(name, ".JPG") ? 1 : 2;
}

static void files_of_one_stem_come_by_rank(void **state)
{
    place *p = *state;
    char list[4096];
    static const char *const names[] = {"a.JPG",   "a.gif",   "a.mov", "a",
                                        "a-1.mov", "a.b.JPG", "a.b",   "a.b.mov",
                                        "B.JPG",   "c.",      ".x/y",  "d.mov/e"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        make(p->top, names[i]);
    alice__walk_options o = {.root_fd = p->top, .rank = films_first};
    assert_status(listing(&o, list, sizeof list, NULL), ALICE_E_END);
    assert_string_equal(list,
                        "B.JPG\na\na-1.mov\na.mov\na.JPG\na.b\na.gif\na.b.mov\na.b.JPG\nc.\n"
                        "d.mov/e\n");
}

/* Many names, given in an order that is not theirs: in memory and on disk they come out the
 * same. */
static void spilled_names_come_as_those_in_memory(void **state)
{
    place *p = *state;
    enum { FILES = 12000, DIRS = 3000, LIST = 2 * 1024 * 1024 };
    for (unsigned i = 0; i < FILES + DIRS; i++) {
        char name[80];
        unsigned mixed = i * 2654435761u >> 8;
        if (i % 5 == 4) {
            snprintf(name, sizeof name, "folder with a long name %u", mixed);
            assert_int_equal(mkdirat(p->top, name, 0700), 0);
        } else {
            snprintf(name, sizeof name, "holiday.%u.%s", mixed / 7,
                     i % 3 == 0   ? "JPG"
                     : i % 3 == 1 ? "mov"
                                  : "jpg.xmp");
            tree_file(p->top, name, "", 0);
        }
    }
    make(p->top, "folder with a long name 0/inside/deep.jpg");
    char *one = malloc(LIST), *two = malloc(LIST);
    assert_true(one && two);
    alice__walk_stats memory, disk;
    alice__walk_options o = {.root_fd = p->top, .names_bytes = 4 << 20};
    assert_status(listing(&o, one, LIST, &memory), ALICE_E_END);
    assert_int_equal(memory.spilled_names, 0);
    o.names_bytes = 1;
    o.scratch_dir = p->path;
    assert_status(listing(&o, two, LIST, &disk), ALICE_E_END);
    assert_true(disk.spilled_names > FILES);
    assert_int_equal(disk.files, memory.files);
    assert_int_equal(disk.folders, memory.folders);
    assert_string_equal(one, two);
    assert_non_null(strstr(one, "inside/deep.jpg"));

    /* And in byte order, files before folders. */
    char before[256] = "";
    size_t lines = 0;
    for (char *line = strtok(one, "\n"); line; line = strtok(NULL, "\n")) {
        if (strchr(line, '/'))
            break;
        assert_true(strcmp(before, line) < 0);
        snprintf(before, sizeof before, "%s", line);
        lines++;
    }
    assert_true(lines > FILES / 2);

    /* So do those that come later. */
    o.comes_later = is_sidecar;
    assert_status(listing(&o, two, LIST, NULL), ALICE_E_END);
    o.names_bytes = 4 << 20;
    assert_status(listing(&o, one, LIST, NULL), ALICE_E_END);
    assert_string_equal(one, two);
    assert_true(strstr(one, ".xmp\n") > strstr(one, ".mov\n"));
    assert_null(strstr(strstr(one, ".xmp\n"), ".mov\n"));
    free(one);
    free(two);
}

static void the_account_bounds_the_names(void **state)
{
    place *p = *state;
    enum { CAP = 400 * 1024 };
    alice_budget *b = NULL;
    alice_account *a = NULL;
    alice_budget_options bo = {.limit = 64 * ALICE_MB};
    assert_ok(alice_budget_open(&b, &bo));
    assert_ok(alice_account_open(&a, alice_budget_root(b), "walk", CAP));
    for (unsigned i = 0; i < 20000; i++) {
        char name[80];
        snprintf(name, sizeof name, "a-name-of-some-length-%u.jpg", i * 2654435761u);
        tree_file(p->top, name, "", 0);
    }
    /* The account is smaller than what names_bytes allows: the names spill instead of failing.
     */
    alice__walk_options o = {.env = {.account = a},
                             .root_fd = p->top,
                             .names_bytes = 8 << 20,
                             .scratch_dir = p->path};
    alice__walk *w = NULL;
    alice__entry e;
    alice__walk_stats stats;
    assert_ok(alice__walk_open(&w, &o, NULL));
    while (alice__walk_next(w, &e) == ALICE_OK)
        assert_int_equal(e.kind, ALICE__ENTRY_FILE);
    alice__walk_stats_get(w, &stats);
    assert_int_equal(stats.files, 20000);
    assert_true(stats.spilled_names > 0);
    alice__walk_close(&w);
    assert_true(alice_account_peak(a) <= CAP);
    assert_int_equal(alice_account_used(a), 0);
    alice_account_close(&a);
    assert_ok(alice_budget_close(&b, NULL));
}

static void without_scratch_the_folder_fails_alone(void **state)
{
    place *p = *state;
    for (unsigned i = 0; i < 9000; i++) {
        char name[80];
        snprintf(name, sizeof name, "big/some-name-%u.jpg", i);
        make(p->top, name);
    }
    make(p->top, "a/before.jpg");
    make(p->top, "c/after.jpg");
    char list[4096];
    alice__walk_options o = {
        .root_fd = p->top, .names_bytes = 1, .scratch_dir = "/nowhere/at/all"};
    assert_status(listing(&o, list, sizeof list, NULL), ALICE_E_END);
    assert_string_equal(list, "a/before.jpg\nbig!\nc/after.jpg\n");
}

static void deep_trees_are_walked_to_the_longest_path(void **state)
{
    place *p = *state;
    enum { DEPTH = 3000 };
    int at = dup(p->top);
    for (int i = 0; i < DEPTH; i++) {
        tree_file(at, "f", "", 0);
        assert_int_equal(mkdirat(at, "d", 0700), 0);
        assert_int_equal(mkdirat(at, "e", 0700), 0);
        int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(at);
        at = next;
        assert_true(at >= 0);
    }
    close(at);
    alice__walk *w = NULL;
    alice__entry e;
    unsigned files = 0, errors = 0;
    alice__walk_options o = {.root_fd = p->top};
    assert_ok(alice__walk_open(&w, &o, NULL));
    while (alice__walk_next(w, &e) == ALICE_OK) {
        if (e.kind == ALICE__ENTRY_FILE) {
            assert_int_equal(strlen(alice__folder_path(e.folder)),
                             files > 0 ? 2 * files - 1 : 0);
            files++;
        } else {
            assert_int_equal(e.kind, ALICE__ENTRY_ERROR);
            assert_status(e.status, ALICE_E_TOOBIG);
            assert_int_equal(e.os_error, ENAMETOOLONG);
            errors++;
        }
    }
    alice__walk_stats stats;
    alice__walk_stats_get(w, &stats);
    alice__walk_close(&w);
    /* Paths of 1, 3, …, 4,095 bytes; and the root. */
    assert_int_equal(files, (ALICE__WALK_PATH + 1) / 2 + 1);
    assert_int_equal(errors, 2); /* the two children of the deepest */
    assert_int_equal(stats.folders, files + files - 1);
}

/* Where that is asked for, what lies deeper comes too, one by one, each with a path that has
 * both its ends; and the walk finds its way back. */
static void what_no_path_leads_to_is_walked(void **state)
{
    place *p = *state;
    enum { LEVELS = 60, NAME = 200 };
    int at = dup(p->top);
    for (int i = 0; i < LEVELS; i++) {
        char d[NAME + 1];
        snprintf(d, sizeof d, "%0*d", NAME, i);
        tree_file(at, "f", "", 0);
        assert_int_equal(mkdirat(at, d, 0700), 0);
        assert_int_equal(mkdirat(at, "z", 0700), 0); /* to come back for */
        int z = openat(at, "z", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        tree_file(z, "g", "", 0);
        close(z);
        int next = openat(at, d, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(at);
        at = next;
        assert_true(at >= 0);
    }
    close(at);
    for (unsigned open_levels = 1; open_levels < 40; open_levels += 31) {
        alice__walk *w = NULL;
        alice__entry e;
        unsigned f = 0, g = 0;
        bool seen[LEVELS] = {false};
        alice__walk_options o = {.root_fd = p->top, .open_levels = open_levels, .beyond = true};
        assert_ok(alice__walk_open(&w, &o, NULL));
        while (alice__walk_next(w, &e) == ALICE_OK) {
            const char *path = alice__folder_path(e.folder), *last = strrchr(path, '/');
            size_t n = strlen(path);
            int level = -1;
            assert_int_equal(e.kind, ALICE__ENTRY_FILE);
            assert_true(tree_has(alice__folder_fd(e.folder), e.name));
            assert_true(n <= ALICE__WALK_PATH);
            if (e.name[0] == 'f') {
                size_t whole = f * (size_t)(NAME + 1) - (f > 0);
                assert_int_equal(alice__folder_beyond(e.folder), whole > ALICE__WALK_PATH);
                assert_int_equal(strstr(path, "/…/") != NULL, whole > ALICE__WALK_PATH);
                assert_true(whole > ALICE__WALK_PATH || n == whole);
                if (f > 0)
                    assert_int_equal(atoi(last ? last + 1 : path), f - 1);
                f++;
            } else {
                assert_string_equal(last ? last + 1 : path, "z");
                if (n > NAME)
                    level = atoi(path + n - 2 - NAME);
                assert_false(seen[level + 1]);
                seen[level + 1] = true;
                g++;
            }
        }
        assert_int_equal(f, LEVELS);
        assert_int_equal(g, LEVELS);
        alice__walk_close(&w);
    }
}

static unsigned open_descriptors(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void descriptors_are_bounded(void **state)
{
    place *p = *state;
    char path[512] = "";
    for (int i = 0; i < 100; i++)
        strcat(path, "d/");
    make(p->top, path);
    unsigned before = open_descriptors(), most = 0;
    alice__walk *w = NULL;
    alice__entry e;
    /* A file at each level, so that the walk stops there; and one level to come back to. */
    for (size_t n = 2; n <= 200; n += 2) {
        char name[512];
        snprintf(name, sizeof name, "%.*sfile", (int)n, path);
        make(p->top, name);
        snprintf(name, sizeof name, "%.*sz/file", (int)n, path);
        make(p->top, name);
    }
    alice__walk_options o = {.root_fd = p->top};
    unsigned files = 0;
    assert_ok(alice__walk_open(&w, &o, NULL));
    while (alice__walk_next(w, &e) == ALICE_OK) {
        assert_int_equal(e.kind, ALICE__ENTRY_FILE);
        assert_true(faccessat(alice__folder_fd(e.folder), e.name, F_OK, 0) == 0);
        unsigned now = open_descriptors();
        most = now > most ? now : most;
        files++;
    }
    alice__walk_close(&w);
    assert_int_equal(files, 200);
    assert_true(most - before <= ALICE__WALK_OPEN + 2);
    assert_int_equal(open_descriptors(), before);
}

static void few_levels_are_held_open(void **state)
{
    place *p = *state;
    char path[256] = "", name[300];
    for (int i = 0; i < 60; i++) {
        strcat(path, "d/");
        snprintf(name, sizeof name, "%sfile", path);
        make(p->top, name);
        snprintf(name, sizeof name, "%sz/file", path);
        make(p->top, name);
    }
    for (unsigned levels = 1; levels <= 4; levels++) {
        unsigned before = open_descriptors(), most = 0, files = 0;
        alice__walk *w = NULL;
        alice__entry e;
        alice__walk_options o = {.root_fd = p->top, .open_levels = levels};
        assert_ok(alice__walk_open(&w, &o, NULL));
        while (alice__walk_next(w, &e) == ALICE_OK) {
            unsigned now = open_descriptors();
            most = now > most ? now : most;
            files += e.kind == ALICE__ENTRY_FILE;
        }
        alice__walk_close(&w);
        assert_int_equal(files, 120);
        assert_int_equal(most - before, levels + 1);
    }
}

static void a_tree_that_is_moved_about_is_not_left(void **state)
{
    place *p = *state;
    char path[256] = "";
    for (int i = 0; i < 60; i++)
        strcat(path, "d/");
    make(p->top, path);
    make(p->top, "d/d/z/late.jpg");
    strcat(path, "deep.jpg");
    make(p->top, path);
    make(p->top, "other/");
    alice__walk *w = NULL;
    alice__entry e;
    alice__walk_options o = {.root_fd = p->top};
    assert_ok(alice__walk_open(&w, &o, NULL));
    assert_ok(alice__walk_next(w, &e));
    assert_string_equal(e.name, "deep.jpg");
    /* d/d/d goes elsewhere: ".." of what is open does not lead back, the path from above does.
     */
    int from = openat(p->top, "d/d", O_RDONLY | O_DIRECTORY),
        to = openat(p->top, "other", O_RDONLY);
    assert_int_equal(renameat(from, "d", to, "d"), 0);
    assert_ok(alice__walk_next(w, &e));
    while (e.kind == ALICE__ENTRY_ERROR)
        assert_ok(alice__walk_next(w, &e));
    assert_string_equal(e.name, "late.jpg");
    assert_string_equal(alice__folder_path(e.folder), "d/d/z");
    close(from);
    close(to);
    alice__walk_close(&w);
}

static void what_vanishes_is_no_error(void **state)
{
    place *p = *state;
    make(p->top, "1.jpg");
    make(p->top, "a/2.jpg");
    make(p->top, "b/3.jpg");
    make(p->top, "c/4.jpg");
    alice__walk *w = NULL;
    alice__entry e;
    alice__walk_options o = {.root_fd = p->top};
    assert_ok(alice__walk_open(&w, &o, NULL));
    assert_ok(alice__walk_next(w, &e));
    assert_int_equal(unlinkat(p->top, "a/2.jpg", 0), 0);
    assert_int_equal(unlinkat(p->top, "a", AT_REMOVEDIR), 0);
    assert_int_equal(unlinkat(p->top, "b/3.jpg", 0), 0);
    assert_int_equal(unlinkat(p->top, "b", AT_REMOVEDIR), 0);
    assert_int_equal(symlinkat("/", p->top, "b"), 0); /* no way out */
    assert_ok(alice__walk_next(w, &e));
    assert_string_equal(e.name, "4.jpg");
    assert_status(alice__walk_next(w, &e), ALICE_E_END);
    alice__walk_close(&w);
}

static void a_folder_outlives_its_walk(void **state)
{
    place *p = *state;
    make(p->top, "a/1.jpg");
    alice__walk *w = NULL;
    alice__entry e;
    alice__walk_options o = {.root_fd = p->top};
    assert_ok(alice__walk_open(&w, &o, NULL));
    assert_ok(alice__walk_next(w, &e));
    alice__folder *f = alice__folder_ref(e.folder);
    alice__walk_close(&w);
    assert_string_equal(alice__folder_path(f), "a");
    assert_int_equal(alice__folder_serial(f), 2);
    assert_int_equal(faccessat(alice__folder_fd(f), "1.jpg", F_OK, 0), 0);
    alice__folder_unref(f);
    alice__folder_unref(NULL);
}

static void the_organized_tree_is_passed_over(void **state)
{
    place *p = *state;
    char list[256];
    alice__walk_stats stats;
    struct stat s;
    make(p->top, "a/1.jpg");
    make(p->top, "organized/2.jpg");
    assert_int_equal(fstatat(p->top, "organized", &s, 0), 0);
    alice__walk_options o = {.root_fd = p->top, .skip_dev = s.st_dev, .skip_ino = s.st_ino};
    assert_status(listing(&o, list, sizeof list, &stats), ALICE_E_END);
    assert_string_equal(list, "a/1.jpg\n");
    assert_int_equal(stats.passed_over, 1);
}

static void the_longest_names_fit(void **state)
{
    place *p = *state;
    char name[NAME_MAX + 3], list[1024], want[1024];
    memset(name, 'n', NAME_MAX);
    name[NAME_MAX] = 0;
    tree_file(p->top, name, "", 0);
    name[0] = 'd';
    assert_int_equal(mkdirat(p->top, name, 0700), 0);
    snprintf(want, sizeof want, "n%s\n%s/f\n", name + 1, name);
    strcat(name, "/f");
    make(p->top, name);
    alice__walk_options o = {.root_fd = p->top};
    assert_status(listing(&o, list, sizeof list, NULL), ALICE_E_END);
    assert_string_equal(list, want);
}

static void loops_of_mounts_end(void **state)
{
    place *p = *state;
    char list[512];
    make(p->top, "a/b/loop/");
    make(p->top, "a/b/z.jpg");
    make(p->top, "c/d.jpg");
    make(p->top, "e/");
    if (!mounts_possible() || !run("mount --bind %s/a %s/a/b/loop", p->path, p->path)) {
        print_message("skipped: cannot mount\n");
        skip_test("what it needs is not here");
    }
    bool other = run("mount -t tmpfs none %s/e && touch %s/e/f.jpg", p->path, p->path);
    alice__walk_options o = {.root_fd = p->top};
    alice_status st = listing(&o, list, sizeof list, NULL);
    run("umount %s/a/b/loop; umount %s/e 2>/dev/null", p->path, p->path);
    assert_status(st, ALICE_E_END);
    /* What is mounted below is walked, but not what contains itself. */
    assert_string_equal(list, other ? "a/b/z.jpg\na/b/loop!\nc/d.jpg\ne/f.jpg\n"
                                    : "a/b/z.jpg\na/b/loop!\nc/d.jpg\n");
}

/* Network file systems and old ones do not say what a name is: each is looked at. */
static void kinds_that_are_not_told_are_looked_up(void **state)
{
    place *p = *state;
    char list[4096], told[4096];
    make(p->top, "a/1.jpg");
    make(p->top, "a/b/2.jpg");
    make(p->top, "3.jpg");
    assert_int_equal(symlinkat("a", p->top, "link"), 0);
    assert_int_equal(mkfifoat(p->top, "fifo", 0600), 0);
    alice__walk_options o = {.root_fd = p->top};
    assert_status(listing(&o, told, sizeof told, NULL), ALICE_E_END);
    assert_string_equal(told, "3.jpg\nfifo?\nlink@\na/1.jpg\na/b/2.jpg\n");
    fake.kinds_unknown = true;
    assert_status(listing(&o, list, sizeof list, NULL), ALICE_E_END);
    assert_string_equal(list, told);
    /* What may not be looked at is handed out as a file: who opens it learns why. */
    fake.no_stat = "fifo";
    assert_status(listing(&o, list, sizeof list, NULL), ALICE_E_END);
    assert_string_equal(list, "3.jpg\nfifo\nlink@\na/1.jpg\na/b/2.jpg\n");
}

/* A directory that stands and cannot be read to its end is an error, whatever the errno. */
static void a_folder_that_fails_while_it_is_read_is_told(void **state)
{
    place *p = *state;
    char list[64 * 1024];
    make(p->top, "a/1.jpg");
    for (int i = 0; i < 1000; i++) { /* more than one buffer of names */
        char name[64];
        snprintf(name, sizeof name, "b/a-name-of-some-length-%04d.jpg", i);
        make(p->top, name);
    }
    make(p->top, "c/3.jpg");
    static const int errors[] = {EIO, ENOENT, ESTALE};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        /* The root is read in two calls, so is a; the third of b fails, then the first. */
        for (int left = 4; left <= 5; left++) {
            alice__walk_options o = {.root_fd = p->top};
            fake.getdents_fails = errors[i];
            fake.getdents_left = left;
            assert_status(listing(&o, list, sizeof list, NULL), ALICE_E_END);
            assert_non_null(strstr(list, "a/1.jpg\nb/.!\n"));
            assert_non_null(strstr(list, "c/3.jpg\n"));
            if (left == 4)
                assert_null(strstr(list, "b/a-name"));
            else
                assert_non_null(strstr(list, "b/a-name"));
        }
    }
    fake.getdents_fails = 0;
}

/* A level that was closed, and may not be opened again, is given up: told once, with its path;
 * those above go on. */
static void a_level_that_cannot_be_opened_again_is_given_up(void **state)
{
    place *p = *state;
    char list[4096];
    make(p->top, "a/b/c/d/1.jpg");
    make(p->top, "a/b/z/2.jpg");
    make(p->top, "a/z/3.jpg");
    make(p->top, "z/4.jpg");
    alice__walk_options o = {.root_fd = p->top, .open_levels = 1};
    assert_status(listing(&o, list, sizeof list, NULL), ALICE_E_END);
    assert_string_equal(list, "a/b/c/d/1.jpg\na/b/z/2.jpg\na/z/3.jpg\nz/4.jpg\n");
    fake.no_open = "..";
    assert_status(listing(&o, list, sizeof list, NULL), ALICE_E_END);
    assert_string_equal(list, "a/b/c/d/1.jpg\na/b/z/2.jpg\na/z/3.jpg\nz/4.jpg\n");

    /* Neither by ".." nor by the path from the root: what still waits below is lost, and told.
     */
    alice__walk *w = NULL;
    alice__entry e;
    assert_ok(alice__walk_open(&w, &o, NULL));
    assert_ok(alice__walk_next(w, &e));
    assert_string_equal(alice__folder_path(e.folder), "a/b/c/d");
    fake.no_open_again = true;
    assert_ok(alice__walk_next(w, &e));
    assert_int_equal(e.kind, ALICE__ENTRY_ERROR);
    assert_string_equal(e.name, "a/b/c");
    assert_string_equal(alice__folder_path(e.folder), "");
    assert_int_equal(e.status, ALICE_E_ACCESS);
    assert_non_null(strstr(e.why, "moved away"));
    list[0] = 0;
    while (alice__walk_next(w, &e) == ALICE_OK)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s/%s%s\n",
                 alice__folder_path(e.folder), e.name, e.kind == ALICE__ENTRY_ERROR ? "!" : "");
    assert_string_equal(list, "/a/b!\n/a!\nz/4.jpg\n");
    alice__walk_close(&w);
}

/* Somebody who may not read everything: root may, so the test becomes another user for a while.
 */
static void an_unreadable_folder_is_told(void **state)
{
    place *p = *state;
    char list[256];
    make(p->top, "a/1.jpg");
    make(p->top, "b/2.jpg");
    make(p->top, "c/3.jpg");
    assert_int_equal(fchmodat(p->top, "b", 0, 0), 0);
    assert_int_equal(fchmod(p->top, 0755), 0);
    bool root = geteuid() == 0;
    if (root)
        assert_int_equal(seteuid(65534), 0);
    alice__walk_options o = {.root_fd = p->top};
    alice_status st = listing(&o, list, sizeof list, NULL);
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(fchmodat(p->top, "b", 0700, 0), 0);
    assert_status(st, ALICE_E_END);
    assert_string_equal(list, "a/1.jpg\nb!\nc/3.jpg\n");
}

/* Sorting against a plain one: names of few letters, so that prefixes, ends and equal words
 * meet. */
static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void any_names_are_sorted(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static const char letters[] = {'a', 'b', '\x01', '\xff', '\x80'};
    static char names[COUNT][40];
    static char *order[COUNT];
    uint32_t seed = 12345;
    for (unsigned round = 0; round < 3; round++) {
        alice__names *n = NULL;
        alice__names_options o = {.bytes = round == 2 ? 1 : 0};
        assert_ok(alice__names_open(&n, &o));
        alice__names_begin(n);
        size_t count = round == 0 ? 13 : COUNT;
        for (size_t i = 0; i < count; i++) {
            size_t length = 0;
            for (;;) {
                seed = seed * 1664525u + 1013904223u;
                if (length > 0 && (length == 20 || seed >> 28 == 0))
                    break;
                names[i][length++] = letters[(seed >> 16) % sizeof letters];
            }
            /* Its number makes it different from all others. */
            snprintf(names[i] + length, sizeof names[i] - length, "%zu", i);
            order[i] = names[i];
            assert_ok(alice__names_add(n, 7, names[i], NULL));
            assert_ok(alice__names_check(n));
        }
        qsort(order, count, sizeof *order, by_bytes);
        assert_ok(alice__names_sort(n, NULL));
        for (size_t i = 0; i < count; i++) {
            alice__names_item item;
            assert_ok(alice__names_next(n, &item, NULL));
            assert_string_equal(item.name, order[i]);
            assert_int_equal(item.kind, 7);
        }
        alice__names_item item;
        assert_status(alice__names_next(n, &item, NULL), ALICE_E_END);
        alice__names_close(&n);
    }
}

/* Several ranks of runs, a stack that moves to disk, and names that are told twice. */
static void the_stack_moves_to_disk(void **state)
{
    place *p = *state;
    enum { COUNT = 60000, LEVELS = 6 };
    alice__names *n = NULL;
    alice__names_options o = {.bytes = 1, .scratch_dir = p->path};
    assert_ok(alice__names_open(&n, &o));
    for (unsigned level = 0; level < LEVELS; level++) {
        /* Few, many, few, many: in memory, through runs, in memory, … */
        unsigned count = level % 2 ? COUNT : 2000;
        alice__names_begin(n);
        for (unsigned i = 0; i < count; i++) {
            char name[64];
            snprintf(name, sizeof name, "%u-of-the-names-%08u", level,
                     (i * 48271u) % count); /* each once, 48271 is a prime */
            assert_ok(alice__names_add(n, ALICE__NAMES_DIR, name, NULL));
            if (i % 1000 == 0)
                assert_ok(alice__names_add(n, ALICE__NAMES_DIR, name, NULL));
        }
        assert_ok(alice__names_sort(n, NULL));
        alice__names_item item;
        assert_status(alice__names_next(n, &item, NULL), ALICE_E_END);
        assert_ok(alice__names_push(n, NULL));
        assert_ok(alice__names_check(n));
        /* One is taken from each before the next level is read. */
        char name[ALICE__NAME_LONGEST + 1], want[64];
        assert_ok(alice__names_waiting(n, name, sizeof name, NULL));
        snprintf(want, sizeof want, "%u-of-the-names-%08u", level, 0u);
        assert_string_equal(name, want);
    }
    for (unsigned level = LEVELS; level-- > 0;) {
        unsigned count = level % 2 ? COUNT : 2000;
        char name[ALICE__NAME_LONGEST + 1], want[64];
        for (unsigned i = 1; i < count; i++) {
            assert_ok(alice__names_waiting(n, name, sizeof name, NULL));
            snprintf(want, sizeof want, "%u-of-the-names-%08u", level, i);
            assert_string_equal(name, want);
        }
        assert_status(alice__names_waiting(n, name, sizeof name, NULL), ALICE_E_END);
        alice__names_pop(n);
        assert_ok(alice__names_check(n));
    }
    alice__names_close(&n);
}

/* The scratch file of this process, by what /proc says of its descriptors: -1 where none is. */
static int scratch_fd(const char *folder)
{
    for (int fd = 3; fd < 256; fd++) {
        char link[64], to[256];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, to, sizeof to - 1);
        to[n < 0 ? 0 : n] = 0;
        if (n > 0 && strncmp(to, folder, strlen(folder)) == 0 && strstr(to, "(deleted)"))
            return fd;
    }
    return -1;
}

static void begin_spilled(alice__names *n, unsigned kind)
{
    alice__names_begin(n);
    for (unsigned i = 0; i < 20000; i++) {
        char name[64];
        snprintf(name, sizeof name, "a-name-of-some-length-%08u", i * 7919u % 20000);
        assert_ok(alice__names_add(n, kind, name, NULL));
    }
    assert_ok(alice__names_sort(n, NULL));
}

/* What a directory wrote is gone when it is done with; what is missing of it is no end of
 * names.
 */
static void scratch_is_cut_and_a_short_read_is_a_failure(void **state)
{
    place *p = *state;
    alice__names_options o = {.bytes = 1, .scratch_dir = p->path};
    alice__names *n = NULL;
    alice__names_item item;
    char name[ALICE__NAME_LONGEST + 1];
    struct stat st;
    alice_status got;
    assert_ok(alice__names_open(&n, &o));
    begin_spilled(n, 1);
    int fd = scratch_fd(p->path);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(st.st_size > 20000 * 20);
    while ((got = alice__names_next(n, &item, NULL)) == ALICE_OK)
        ;
    assert_status(got, ALICE_E_END);
    assert_ok(alice__names_push(n, NULL));
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 0); /* pushed: no subdirectory needs it */
    alice__names_pop(n);

    begin_spilled(n, ALICE__NAMES_DIR);
    assert_status(alice__names_next(n, &item, NULL), ALICE_E_END);
    assert_ok(alice__names_push(n, NULL));
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(st.st_size > 0);
    alice__names_pop(n);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 0); /* popped */

    begin_spilled(n, 1);
    alice__names_drop(n);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 0); /* dropped */

    /* Somebody else's hand, or a disk that lost its end: the names are not all, and it says so.
     */
    begin_spilled(n, 1);
    assert_int_equal(ftruncate(fd, 30000), 0);
    while ((got = alice__names_next(n, &item, NULL)) == ALICE_OK)
        ;
    assert_status(got, ALICE_E_IO);
    alice__names_drop(n);
    begin_spilled(n, ALICE__NAMES_DIR);
    assert_status(alice__names_next(n, &item, NULL), ALICE_E_END);
    assert_ok(alice__names_push(n, NULL));
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(ftruncate(fd, st.st_size - 1000), 0);
    while ((got = alice__names_waiting(n, name, sizeof name, NULL)) == ALICE_OK)
        ;
    assert_status(got, ALICE_E_IO);
    alice__names_pop(n);
    alice__names_close(&n);
}

static void every_allocation_may_fail(void **state)
{
    place *p = *state;
    for (unsigned i = 0; i < 6000; i++) {
        char name[64];
        snprintf(name, sizeof name, "sub/name-of-a-file-%u.jpg", i * 7919u);
        make(p->top, name);
    }
    char path[128] = "";
    for (int i = 0; i < 40; i++)
        strcat(path, "d/");
    make(p->top, path);
    for (unsigned nth = 0;; nth++) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        alice__walk_options o = {.env = {.alloc = &alloc},
                                 .root_fd = p->top,
                                 .names_bytes = 1,
                                 .scratch_dir = p->path};
        alice__walk *w = NULL;
        alice__entry e;
        bool told = false;
        alice_status st = alice__walk_open(&w, &o, NULL);
        while (st == ALICE_OK) {
            st = alice__walk_next(w, &e);
            told = told || (st == ALICE_OK && e.kind == ALICE__ENTRY_ERROR);
        }
        alice__walk_stats stats = {0};
        if (w)
            alice__walk_stats_get(w, &stats);
        alice__walk_close(&w);
        assert_int_equal(f.live_bytes, 0);
        assert_true(st == ALICE_E_END || st == ALICE_E_NOMEM);
        /* Whole, or told: never less in silence. */
        if (st == ALICE_E_END && !told)
            assert_int_equal(stats.files, 6000);
        if (!f.fired) {
            assert_status(st, ALICE_E_END);
            assert_false(told);
            assert_true(nth >= 40); /* a folder each */
            break;
        }
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    mounts_begin(argv);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(files_come_first_and_sorted_by_bytes),
        TEST(an_empty_tree_has_no_entries),
        TEST(those_that_come_later_come_last),
        TEST(folders_know_whether_some_come_last),
        TEST(files_of_one_stem_come_by_rank),
        TEST(spilled_names_come_as_those_in_memory),
        TEST(the_account_bounds_the_names),
        TEST(without_scratch_the_folder_fails_alone),
        TEST(deep_trees_are_walked_to_the_longest_path),
        TEST(what_no_path_leads_to_is_walked),
        TEST(descriptors_are_bounded),
        TEST(a_tree_that_is_moved_about_is_not_left),
        TEST(what_vanishes_is_no_error),
        TEST(a_folder_outlives_its_walk),
        TEST(the_organized_tree_is_passed_over),
        TEST(the_longest_names_fit),
        TEST(loops_of_mounts_end),
        TEST(an_unreadable_folder_is_told),
        TEST(kinds_that_are_not_told_are_looked_up),
        TEST(a_folder_that_fails_while_it_is_read_is_told),
        TEST(a_level_that_cannot_be_opened_again_is_given_up),
        TEST(few_levels_are_held_open),
        TEST(scratch_is_cut_and_a_short_read_is_a_failure),
        TEST(any_names_are_sorted),
        TEST(the_stack_moves_to_disk),
        TEST(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
