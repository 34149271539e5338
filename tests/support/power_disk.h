/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TESTS_POWER_DISK_H
#define ALICE_TESTS_POWER_DISK_H

/*
 * A disk that loses its power. Everything that the program asks of the file system, and
 * everything that SQLite does, is done for real below one folder, and noted: which bytes and
 * which names were flushed. At a step that was chosen the power goes: what was not flushed is
 * taken back, as far as the kind of loss says, and the process ends with POWER_CUT. Steps are
 * flushes, removals and renames: what can be lost between two of them is all at hand before the
 * second.
 *
 *   bytes   are safe with the flush of their file or of all, and not before
 *   names   are safe with the flush of their folder or of all; a rename is one change, but that
 *           its old name may still stand after only the new one was flushed
 *   SQLite  its files' bytes are safe with their xSync, their names with the first one of a new
 *           journal or log, which flushes the folder
 *
 * A folder whose own name was lost is lost with all that is in it. What was removed waits in
 * `attic`, so that it can come back as the same file.
 *
 * Calls are led here by the linker (--wrap), see tests/meson.build: also those that go by no
 * table.
 */

#include "test.h"

#include <errno.h>
#include <sqlite3.h>
#include <sys/mman.h>

#include "port/fs.h"
#include "tree.h"

enum { POWER_CUT = 99, POWER_SAME = 98, POWER_BROKEN = 97 };

enum power_loss {
    LOSE_ALL,       /* all that was not flushed */
    LOSE_BYTES,     /* names stand, before the bytes of their files: zeros */
    LOSE_ADDED,     /* what was removed is gone, what was made is not there */
    LOSE_REMOVED,   /* what was made stands, its end is missing; what was removed is back */
    LOSE_AT_RANDOM, /* each change for itself, by a fixed seed */
    POWER_LOSSES
};

static const char *const power_loss_names[POWER_LOSSES] = {
    "all lost", "bytes lost", "added names lost", "removals lost", "some lost",
};

enum { POWER_NAMES = 2048, POWER_FILES = 256, POWER_FOLDERS = 128, POWER_SEEN = 1 << 14 };

struct power_file {
    uint64_t inode;
    int fd;
    bool dirty;
    uint8_t *safe;
    size_t safe_size;
};

struct power_name {
    int folder; /* index */
    char name[128];
    bool add, safe, is_folder;
    uint64_t inode;
    int pair; /* the other half of a rename; -1 */
};

struct power_db {
    char path[256];
    sqlite3_file *open;
    const sqlite3_io_methods *was;
    sqlite3_io_methods methods;
    bool named, stands, dirty; /* named: its name is safe */
    bool fresh;                /* a new journal or log: SQLite flushes its folder, too */
    uint8_t *safe;
    size_t safe_size;
};

static struct {
    bool on;
    bool apart; /* each folder is a file system of its own */
    unsigned step, cut;
    enum power_loss loss;
    int attic;
    struct {
        uint64_t inode;
        int fd;
    } folder[POWER_FOLDERS];
    int folders;
    struct power_name name[POWER_NAMES];
    int names;
    struct power_file file[POWER_FILES];
    int files;
    struct power_db db[16];
    int dbs;
    uint64_t *seen; /* states that were looked at: shared by all processes */
    sqlite3_vfs vfs;
    sqlite3_vfs *under;
} power;

/* The model itself broke: never taken for a cut. */
static void power_need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "power_disk: %s: %s\n", what, strerror(errno));
    _exit(POWER_BROKEN);
}

static uint64_t power_hash(uint64_t h, const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * UINT64_C(0x100000001b3);
    return h;
}

static uint64_t power_inode(int fd)
{
    struct stat s;
    return fstat(fd, &s) == 0 ? (uint64_t)s.st_ino : 0;
}

/* ---- noting ---- */

static int power_folder(int fd)
{
    uint64_t inode = power_inode(fd);
    for (int i = 0; i < power.folders; i++)
        if (power.folder[i].inode == inode)
            return i;
    power_need(power.folders < POWER_FOLDERS, "too many folders");
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    power_need(own >= 0, "a folder");
    power.folder[power.folders].inode = inode;
    power.folder[power.folders].fd = own;
    return power.folders++;
}

/* The folder of a name, and its last part. -1: there is no such folder. */
static int power_locate(int dir, const char *name, const char **leaf)
{
    char path[4096];
    const char *slash = strrchr(name, '/');
    *leaf = slash ? slash + 1 : name;
    snprintf(path, sizeof path, "%.*s", slash ? (int)(slash - name + 1) : 1,
             slash ? name : ".");
    int fd =
        openat(dir == ALICE__FS_CWD ? AT_FDCWD : dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int folder = power_folder(fd);
    close(fd);
    return folder;
}

static int power_note(int folder, const char *leaf, bool add, uint64_t inode, bool is_folder)
{
    power_need(power.names < POWER_NAMES && strlen(leaf) < sizeof power.name[0].name,
               "too many names");
    struct power_name *n = &power.name[power.names];
    *n = (struct power_name){
        .folder = folder, .add = add, .inode = inode, .is_folder = is_folder, .pair = -1};
    snprintf(n->name, sizeof n->name, "%s", leaf);
    return power.names++;
}

static struct power_file *power_file(int fd)
{
    uint64_t inode = power_inode(fd);
    for (int i = 0; i < power.files; i++)
        if (power.file[i].inode == inode)
            return &power.file[i];
    return NULL;
}

static void power_keep(struct power_file *f)
{
    struct stat s;
    power_need(fstat(f->fd, &s) == 0, "a file");
    f->safe_size = (size_t)s.st_size;
    f->safe = realloc(f->safe, f->safe_size + 1);
    power_need(f->safe && pread(f->fd, f->safe, f->safe_size, 0) == (ssize_t)f->safe_size,
               "a file's bytes");
    f->dirty = false;
}

/* A file that is open to write. */
static void power_watch(int fd)
{
    if (power_file(fd))
        return;
    power_need(power.files < POWER_FILES, "too many files");
    struct power_file *f = &power.file[power.files++];
    *f = (struct power_file){.inode = power_inode(fd), .fd = fcntl(fd, F_DUPFD_CLOEXEC, 100)};
    power_need(f->fd >= 0, "a file");
    power_keep(f);
}

static void power_dirty(int fd)
{
    struct power_file *f = power_file(fd);
    if (f)
        f->dirty = true;
}

/* ---- the cut ---- */

static bool power_chance(uint64_t a, uint64_t b)
{
    uint64_t h = power_hash(UINT64_C(0xcbf29ce484222325), &a, sizeof a);
    h = power_hash(h, &b, sizeof b);
    return (h >> 17) & 1;
}

/* What a rename replaced: gone with the new name, and not without it. */
static bool power_is_replaced(const struct power_name *n)
{
    return !n->add && n->pair >= 0 && power.name[n->pair].folder == n->folder &&
           strcmp(power.name[n->pair].name, n->name) == 0;
}

static bool power_keeps(int i);

/* A rename that is on the disk has its new folder there too, and what that is in: a journal
 * keeps the order of what depends on each other. */
static bool power_has_renamed(int made)
{
    for (int i = 0; i < power.names; i++) {
        const struct power_name *n = &power.name[i];
        if (n->add || n->pair < 0 || power_is_replaced(n) || !power_keeps(i))
            continue;
        int folder = power.name[n->pair].folder;
        for (int k = power.names - 1; k >= 0; k--) {
            if (!power.name[k].add || !power.name[k].is_folder ||
                power.name[k].inode != power.folder[folder].inode)
                continue;
            if (k == made)
                return true;
            folder = power.name[k].folder;
        }
    }
    return false;
}

static bool power_keeps(int i)
{
    const struct power_name *n = &power.name[i];
    if (n->safe)
        return true;
    if (power_is_replaced(n))
        return power_keeps(n->pair);
    if (n->add && n->is_folder && power_has_renamed(i))
        return true;
    switch (power.loss) {
    case LOSE_BYTES:
        return true;
    case LOSE_ADDED:
        return !n->add || n->pair >= 0;
    case LOSE_REMOVED:
        return n->add;
    case LOSE_AT_RANDOM:
        /* The old name of a rename is gone: so the new one stands. */
        return power_chance(power.step, (uint64_t)i) ||
               (n->add && n->pair >= 0 &&
                (power.name[n->pair].safe || power_chance(power.step, (uint64_t)n->pair)));
    default:
        return false;
    }
}

/* What stands under the name of note `i`: before the run, when it went on (`kept` only, or
 * all). */
static uint64_t power_stands(int i, bool kept)
{
    uint64_t inode = 0;
    bool first = true;
    for (int k = 0; k < power.names; k++) {
        const struct power_name *n = &power.name[k];
        if (n->folder != power.name[i].folder || strcmp(n->name, power.name[i].name) != 0)
            continue;
        if (first && !n->add)
            inode = n->inode;
        first = false;
        if (!kept || power_keeps(k))
            inode = n->add ? n->inode : 0;
    }
    return inode;
}

static bool power_is_first(int i)
{
    for (int k = 0; k < i; k++)
        if (power.name[k].folder == power.name[i].folder &&
            strcmp(power.name[k].name, power.name[i].name) == 0)
            return false;
    return true;
}

static void power_name_of(uint64_t inode, char out[32])
{
    snprintf(out, 32, "%llu", (unsigned long long)inode);
}

/* Names as they are after the loss. */
static void power_lose_names(void)
{
    char attic[32];
    for (int i = 0; i < power.names; i++) {
        if (!power_is_first(i))
            continue;
        uint64_t is = power_stands(i, false), want = power_stands(i, true);
        if (!is || is == want)
            continue;
        int dir = power.folder[power.name[i].folder].fd;
        power_name_of(is, attic);
        if (faccessat(power.attic, attic, F_OK, 0) == 0)
            power_need(unlinkat(dir, power.name[i].name, 0) == 0, "a second name");
        else /* a folder that was removed since may not be there */
            power_need(renameat(dir, power.name[i].name, power.attic, attic) == 0,
                       "a name that is lost");
    }
    for (int i = 0; i < power.names; i++) {
        if (!power_is_first(i))
            continue;
        uint64_t is = power_stands(i, false), want = power_stands(i, true);
        if (!want || is == want)
            continue;
        int dir = power.folder[power.name[i].folder].fd;
        struct stat s;
        power_name_of(want, attic);
        if (fstatat(power.attic, attic, &s, AT_SYMLINK_NOFOLLOW) == 0) {
            power_need((S_ISDIR(s.st_mode)
                            ? renameat(power.attic, attic, dir, power.name[i].name)
                            : linkat(power.attic, attic, dir, power.name[i].name, 0)) == 0,
                       "a name that is back");
            continue;
        }
        bool back = false; /* it stands under another name */
        for (int k = 0; k < power.names && !back; k++)
            back = power_stands(k, false) == want && power_stands(k, true) == want &&
                   linkat(power.folder[power.name[k].folder].fd, power.name[k].name, dir,
                          power.name[i].name, 0) == 0;
        power_need(back, "another name");
    }
}

static void power_rewrite(int fd, const uint8_t *p, size_t n)
{
    power_need(ftruncate(fd, 0) == 0 && pwrite(fd, p, n, 0) == (ssize_t)n, "old bytes");
}

static void power_lose_bytes(struct power_file *f)
{
    struct stat s;
    power_need(fstat(f->fd, &s) == 0, "a file");
    const struct timespec times[2] = {s.st_atim, s.st_mtim};
    enum power_loss how = power.loss;
    if (how == LOSE_AT_RANDOM)
        how = power_chance(power.step, (uint64_t)(f - power.file) + 5555) ? LOSE_BYTES
                                                                          : LOSE_REMOVED;
    if (how == LOSE_BYTES) {
        power_need(ftruncate(f->fd, 0) == 0 && ftruncate(f->fd, s.st_size) == 0, "zeros");
    } else if (how == LOSE_REMOVED) {
        static const uint8_t none[8];
        size_t n = s.st_size < 8 ? (size_t)s.st_size : 8;
        power_need(pwrite(f->fd, none, n, s.st_size - (off_t)n) == (ssize_t)n, "its end");
    } else {
        power_rewrite(f->fd, f->safe, f->safe_size);
    }
    power_need(futimens(f->fd, times) == 0, "its times"); /* they were flushed before it */
}

static bool power_loses_db(const struct power_db *d)
{
    return power.loss == LOSE_AT_RANDOM
               ? power_chance(power.step, (uint64_t)(d - power.db) + 7777)
               : power.loss == LOSE_ALL || power.loss == LOSE_REMOVED;
}

static void power_lose_db(struct power_db *d)
{
    if (!power_loses_db(d) || (d->stands && d->named && !d->dirty))
        return;
    if (!d->named) {
        unlink(d->path); /* it may never have been made */
        return;
    }
    int fd = open(d->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    power_need(fd >= 0, "a database");
    power_rewrite(fd, d->safe, d->safe_size);
    close(fd);
}

/* What is left, as a number: the same state need not be looked at twice. */
static uint64_t power_state(void)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (int i = 0; i < power.names; i++) {
        uint64_t want = power_stands(i, true);
        h = power_hash(h, power.name[i].name, strlen(power.name[i].name));
        for (int k = 0; k < power.files; k++)
            if (power.file[k].inode == want)
                want = (uint64_t)k + 1; /* numbers differ from process to process */
        h = power_hash(h, want < POWER_FILES ? &want : &(uint64_t){want != 0}, sizeof want);
    }
    for (int k = 0; k < power.files; k++) {
        struct stat s;
        power_need(fstat(power.file[k].fd, &s) == 0, "a file");
        h = power_hash(h, &s.st_size, sizeof s.st_size);
        h = power_hash(h, &power.file[k].dirty, sizeof power.file[k].dirty);
    }
    for (int i = 0; i < power.dbs; i++) {
        const struct power_db *d = &power.db[i];
        h = power_hash(h, &d->named, sizeof d->named);
        h = power_hash(h, &d->stands, sizeof d->stands);
        if (d->dirty && !power_loses_db(d))
            h = power_hash(h, &power.step, sizeof power.step);
        h = power_hash(h, d->safe, d->safe_size);
    }
    return h | 1;
}

static void power_go(void)
{
    power.on = false;
    uint64_t state = power_state();
    for (size_t at = (size_t)(state >> 20) % POWER_SEEN;; at = (at + 1) % POWER_SEEN) {
        if (power.seen[at] == state)
            _exit(POWER_SAME);
        if (!power.seen[at]) {
            power.seen[at] = state;
            break;
        }
    }
    for (int i = 0; i < power.files; i++)
        if (power.file[i].dirty)
            power_lose_bytes(&power.file[i]);
    power_lose_names();
    for (int i = 0; i < power.dbs; i++)
        power_lose_db(&power.db[i]);
    _exit(POWER_CUT);
}

static void power_step(void)
{
    if (power.step++ == power.cut)
        power_go();
}

/* ---- what the program asks ---- */

#define POWER_WRAP(name, ...)                 \
    int __real_alice__fs_##name(__VA_ARGS__); \
    int __wrap_alice__fs_##name(__VA_ARGS__); \
    int __wrap_alice__fs_##name(__VA_ARGS__)

POWER_WRAP(create, int dir, const char *name, uint32_t mode, int *fd)
{
    const char *leaf = NULL;
    if (!power.on)
        return __real_alice__fs_create(dir, name, mode, fd);
    int r = __real_alice__fs_create(dir, name, mode, fd);
    if (!r) {
        int folder = power_locate(dir, name, &leaf);
        power_note(folder, leaf, true, power_inode(*fd), false);
        power_watch(*fd);
    }
    return r;
}

POWER_WRAP(open_write, int dir, const char *name, bool create, uint32_t mode, int *fd)
{
    const char *leaf = NULL;
    if (!power.on)
        return __real_alice__fs_open_write(dir, name, create, mode, fd);
    int folder = power_locate(dir, name, &leaf);
    bool stood =
        folder >= 0 && faccessat(power.folder[folder].fd, leaf, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    int r = __real_alice__fs_open_write(dir, name, create, mode, fd);
    if (!r && !stood)
        power_note(folder, leaf, true, power_inode(*fd), false);
    if (!r)
        power_watch(*fd);
    return r;
}

POWER_WRAP(mkdir, int dir, const char *name, uint32_t mode)
{
    const char *leaf = NULL;
    if (!power.on)
        return __real_alice__fs_mkdir(dir, name, mode);
    int r = __real_alice__fs_mkdir(dir, name, mode);
    if (!r) {
        struct stat s;
        int folder = power_locate(dir, name, &leaf);
        power_need(fstatat(power.folder[folder].fd, leaf, &s, 0) == 0, "a new folder");
        power_note(folder, leaf, true, (uint64_t)s.st_ino, true);
    }
    return r;
}

/* Into the attic, so that it can come back. */
static int power_remove(int dir, const char *name, bool is_folder)
{
    const char *leaf = NULL;
    char attic[32];
    struct stat s;
    int folder = power_locate(dir, name, &leaf);
    if (folder < 0 || fstatat(power.folder[folder].fd, leaf, &s, AT_SYMLINK_NOFOLLOW) != 0)
        return -ENOENT;
    power_name_of((uint64_t)s.st_ino, attic);
    bool second = faccessat(power.attic, attic, F_OK, 0) == 0;
    if ((second ? unlinkat(power.folder[folder].fd, leaf, 0)
                : renameat(power.folder[folder].fd, leaf, power.attic, attic)) != 0)
        return -errno;
    power_note(folder, leaf, false, (uint64_t)s.st_ino, is_folder);
    return 0;
}

POWER_WRAP(unlink, int dir, const char *name)
{
    if (!power.on)
        return __real_alice__fs_unlink(dir, name);
    power_step();
    return power_remove(dir, name, false);
}

POWER_WRAP(rmdir, int dir, const char *name)
{
    if (!power.on)
        return __real_alice__fs_rmdir(dir, name);
    power_step();
    int fd = openat(dir == ALICE__FS_CWD ? AT_FDCWD : dir, name,
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    power_folder(fd); /* its number stays known while it is away */
    DIR *d = fdopendir(fd);
    power_need(d != NULL, "a folder to remove");
    unsigned n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n ? -ENOTEMPTY : power_remove(dir, name, true);
}

POWER_WRAP(link, int from_dir, const char *from, int to_dir, const char *to)
{
    const char *leaf = NULL;
    struct stat s;
    if (!power.on)
        return __real_alice__fs_link(from_dir, from, to_dir, to);
    if (power.apart && power_inode(from_dir) != power_inode(to_dir))
        return -EXDEV;
    int r = __real_alice__fs_link(from_dir, from, to_dir, to);
    if (!r) {
        int folder = power_locate(to_dir, to, &leaf);
        power_need(fstatat(power.folder[folder].fd, leaf, &s, AT_SYMLINK_NOFOLLOW) == 0,
                   "a link");
        power_note(folder, leaf, true, (uint64_t)s.st_ino, false);
    }
    return r;
}

static int power_rename(int from_dir, const char *from, int to_dir, const char *to, bool over)
{
    const char *from_leaf = NULL, *to_leaf = NULL;
    struct stat s, old;
    int a = power_locate(from_dir, from, &from_leaf), b = power_locate(to_dir, to, &to_leaf);
    if (a < 0 || b < 0)
        return -ENOENT;
    if (power.apart && a != b)
        return -EXDEV;
    if (fstatat(power.folder[a].fd, from_leaf, &s, AT_SYMLINK_NOFOLLOW) != 0)
        return -errno;
    bool stood = fstatat(power.folder[b].fd, to_leaf, &old, AT_SYMLINK_NOFOLLOW) == 0;
    if (stood && !over)
        return -EEXIST;
    if (stood) { /* one change on the disk: what is replaced goes with the new name */
        char attic[32];
        power_name_of((uint64_t)old.st_ino, attic);
        power_need(renameat(power.folder[b].fd, to_leaf, power.attic, attic) == 0,
                   "what is replaced");
    }
    if (renameat(power.folder[a].fd, from_leaf, power.folder[b].fd, to_leaf) != 0)
        return -errno;
    if (stood) { /* a first note that says what stood: the new name overrules it */
        int gone = power_note(b, to_leaf, false, (uint64_t)old.st_ino, false);
        power.name[gone].pair = gone + 1;
    }
    int added = power_note(b, to_leaf, true, (uint64_t)s.st_ino, false);
    int removed = power_note(a, from_leaf, false, (uint64_t)s.st_ino, false);
    power.name[added].pair = removed;
    power.name[removed].pair = added;
    return 0;
}

POWER_WRAP(rename_new, int from_dir, const char *from, int to_dir, const char *to)
{
    if (!power.on)
        return __real_alice__fs_rename_new(from_dir, from, to_dir, to);
    power_step();
    return power_rename(from_dir, from, to_dir, to, false);
}

POWER_WRAP(rename_over, int from_dir, const char *from, int to_dir, const char *to)
{
    if (!power.on)
        return __real_alice__fs_rename_over(from_dir, from, to_dir, to);
    power_step();
    return power_rename(from_dir, from, to_dir, to, true);
}

/* Whatever changes the bytes of the first descriptor. */
#define POWER_WRITES(name, parameters, arguments)  \
    POWER_WRAP(name, parameters)                   \
    {                                              \
        if (power.on)                              \
            power_dirty(POWER_FD_##name);          \
        return __real_alice__fs_##name(arguments); \
    }
#define POWER_ARGS(...) __VA_ARGS__
#define POWER_FD_write_at fd
#define POWER_FD_truncate fd
#define POWER_FD_clone to
#define POWER_FD_copy_range to
POWER_WRITES(write_at, POWER_ARGS(int fd, uint64_t offset, const void *buf, size_t n),
             POWER_ARGS(fd, offset, buf, n))
POWER_WRITES(truncate, POWER_ARGS(int fd, uint64_t size), POWER_ARGS(fd, size))
POWER_WRITES(clone, POWER_ARGS(int to, int from), POWER_ARGS(to, from))
POWER_WRITES(copy_range,
             POWER_ARGS(int from, uint64_t from_at, int to, uint64_t to_at, size_t n,
                        size_t *done),
             POWER_ARGS(from, from_at, to, to_at, n, done))
static void power_safe_names(uint64_t folder)
{
    for (int i = 0; i < power.names; i++) {
        struct power_name *n = &power.name[i];
        if (folder && power.folder[n->folder].inode != folder)
            continue;
        n->safe = true;
        if (!n->add && n->pair >= 0)
            power.name[n->pair].safe = true;
    }
}

/* The folder of the databases is flushed (`of`: that is asked). */
static void power_safe_db_names(const struct stat *of)
{
    for (int i = 0; i < power.dbs; i++) {
        struct power_db *d = &power.db[i];
        char folder[sizeof d->path];
        struct stat s;
        snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(d->path, '/') - d->path),
                 d->path);
        if (of && (stat(folder, &s) != 0 || s.st_ino != of->st_ino))
            continue;
        d->named = d->stands;
        if (!d->stands)
            d->safe_size = 0;
    }
}

POWER_WRAP(sync, int fd)
{
    if (!power.on)
        return __real_alice__fs_sync(fd);
    power_step();
    struct power_file *f = power_file(fd);
    struct stat s;
    if (f)
        power_keep(f);
    else if (fstat(fd, &s) == 0 && S_ISDIR(s.st_mode)) {
        power_safe_names((uint64_t)s.st_ino);
        power_safe_db_names(&s);
    }
    return 0;
}

POWER_WRAP(sync_all, int fd)
{
    if (!power.on)
        return __real_alice__fs_sync_all(fd);
    power_step();
    for (int i = 0; i < power.files; i++)
        power_keep(&power.file[i]);
    power_safe_db_names(NULL);
    if (power.apart) { /* then `fd` is organized, and the inbox is flushed by itself */
        for (int i = 0; i < power.folders; i++) {
            char path[64], to[512];
            snprintf(path, sizeof path, "/proc/self/fd/%d", power.folder[i].fd);
            ssize_t n = readlink(path, to, sizeof to - 1);
            to[n > 0 ? n : 0] = 0;
            if (!strstr(to, "/inbox"))
                power_safe_names(power.folder[i].inode);
        }
    } else {
        power_safe_names(0);
    }
    return 0;
}

/* ---- what SQLite asks ---- */

static struct power_db *power_db_of(const sqlite3_file *f)
{
    for (int i = 0; i < power.dbs; i++)
        if (power.db[i].open == f)
            return &power.db[i];
    power_need(false, "which database");
    return NULL;
}

static void power_keep_db(struct power_db *d)
{
    sqlite3_int64 n = 0;
    power_need(d->was->xFileSize(d->open, &n) == SQLITE_OK, "a database");
    d->safe = realloc(d->safe, (size_t)n + 1);
    power_need(d->safe && (n == 0 || d->was->xRead(d->open, d->safe, (int)n, 0) == SQLITE_OK),
               "a database's bytes");
    d->safe_size = (size_t)n;
    d->dirty = false;
}

static int power_x_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    struct power_db *d = power_db_of(f);
    d->dirty = true;
    return d->was->xWrite(f, p, n, at);
}

static int power_x_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    struct power_db *d = power_db_of(f);
    d->dirty = true;
    return d->was->xTruncate(f, size);
}

static int power_x_sync(sqlite3_file *f, int flags)
{
    struct power_db *d = power_db_of(f);
    if (!power.on)
        return d->was->xSync(f, flags);
    power_step();
    power_keep_db(d);
    if (d->fresh)
        power_safe_db_names(NULL);
    d->fresh = false;
    return SQLITE_OK;
}

static int power_x_close(sqlite3_file *f)
{
    struct power_db *d = power_db_of(f);
    const sqlite3_io_methods *was = d->was;
    d->open = NULL;
    return was->xClose(f);
}

static int power_x_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
    (void)v;
    bool stood = name && access(name, F_OK) == 0;
    int r = power.under->xOpen(power.under, name, f, flags, out);
    if (r != SQLITE_OK || !name || !f->pMethods || !power.on)
        return r;
    struct power_db *d = NULL;
    for (int i = 0; i < power.dbs && !d; i++)
        if (!strcmp(power.db[i].path, name) && !power.db[i].open)
            d = &power.db[i];
    bool known = d && d->stands;
    if (!d) {
        power_need(power.dbs < 16 && strlen(name) < sizeof power.db[0].path, "databases");
        d = &power.db[power.dbs++];
        snprintf(d->path, sizeof d->path, "%s", name);
    }
    d->open = f;
    d->was = f->pMethods;
    d->methods = *f->pMethods;
    d->methods.iVersion = 2; /* no xFetch: what is not asked here is not seen */
    d->methods.xWrite = power_x_write;
    d->methods.xTruncate = power_x_truncate;
    d->methods.xSync = power_x_sync;
    d->methods.xClose = power_x_close;
    f->pMethods = &d->methods;
    d->fresh = !stood && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL));
    if (!known) {
        d->named |= stood;
        if (stood)
            power_keep_db(d);
    }
    d->stands = true;
    return r;
}

static int power_x_delete(sqlite3_vfs *v, const char *name, int sync_folder)
{
    (void)v;
    if (power.on)
        power_step();
    int r = power.under->xDelete(power.under, name, sync_folder);
    for (int i = 0; i < power.dbs && power.on && r == SQLITE_OK; i++)
        if (!strcmp(power.db[i].path, name)) {
            power.db[i].stands = false;
            if (sync_folder)
                power.db[i].named = false;
        }
    return r;
}

/* ---- for a test ---- */

/* Once in a process, before the first database is opened. */
static void power_init(void)
{
    power.under = sqlite3_vfs_find(NULL);
    assert_non_null(power.under);
    power.vfs = *power.under;
    power.vfs.zName = "power";
    power.vfs.xOpen = power_x_open;
    power.vfs.xDelete = power_x_delete;
    assert_int_equal(sqlite3_vfs_register(&power.vfs, 1), SQLITE_OK);
    power.seen = mmap(NULL, POWER_SEEN * sizeof *power.seen, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(power.seen != MAP_FAILED);
}

static void power_forget(void)
{
    memset(power.seen, 0, POWER_SEEN * sizeof *power.seen);
}

/* In a process of its own: from here on, until the power goes at step `cut`. */
static void power_begin(int attic, unsigned cut, enum power_loss loss, bool apart)
{
    power.attic = attic;
    power.cut = cut;
    power.loss = loss;
    power.apart = apart;
    power.on = true;
}

#endif
