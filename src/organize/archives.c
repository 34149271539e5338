/* SPDX-License-Identifier: MIT */
/*
 * Archives as an inbox. Their files are written into one folder of alice's own on the
 * organized disk, organized/.alice/incoming, all parts into one tree, so that what belongs
 * together meets; from there they are placed by rename. The archives are only read. What was
 * not placed leaves with the folder, at the end of the run or at the start of the next: all of
 * it stands in the archives.
 *
 *   zip, tar, tgz ─▶ entries, one after another ─▶ .alice/incoming ─▶ walk, as an inbox
 *
 * In catalog and reports a file is named as if its archive were a folder.
 */
#include "organize/organizer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "organize/archive_entries.h"

static const char incoming[] = ".alice/incoming";

static const char level[] = "takeout/"; /* a folder that names no project */

enum { MOST_LEVELS = 48 };

#if ALICE_ARCHIVES
_Static_assert(sizeof incoming + (size_t)MOST_LEVELS * sizeof level <=
                   ALICE__ARCHIVE_NAME_SPARE,
               "what is put before a name fits");
#endif

struct alice__archives {
    alice__archive_lib lib;
    size_t folder_count;
    char folders[8][ALICE__PATH_MAX]; /* that the archives stand in, each once */
};

/* ---- which, and how they are called ---- */

static const char *leaf_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* One archive is called by its path; several by what their names have in common. */
static alice_status name_them(const alice_organizer *o, char *at, alice_error *error)
{
    const alice_organizer_options *p = &o->options;
    char path[ALICE__PATH_MAX];
    size_t front = 0, back = 0, n = 0;
    for (size_t i = 0; i < p->archive_count; i++) {
        int bad = alice__fs_real_path(p->archives[i], path, sizeof path);
        if (bad)
            return alice__fail(error, alice__status_of_errno(-bad), -bad, "the archive %s: %s",
                               p->archives[i], strerror(-bad));
        const char *leaf = leaf_of(path);
        size_t length = strlen(leaf), same = 0;
        if (i == 0) {
            memcpy(at, path, strlen(path) + 1);
            n = front = back = length;
            continue;
        }
        const char *first = leaf_of(at);
        while (same < front && same < length && leaf[same] == first[same])
            same++;
        front = same;
        for (same = 0; same < back && same < length - front && same < n - front &&
                       leaf[length - 1 - same] == first[n - 1 - same];)
            same++;
        back = same;
    }
    if (p->archive_count > 1) {
        char *leaf = at + (leaf_of(at) - at);
        memmove(leaf + front + 1, leaf + n - back, back + 1);
        leaf[front] = '*';
    }
    return ALICE_OK;
}

/* How much of an archive's name all parts of its export have in common, takeout-<when>-<part>;
 * 0: it is called otherwise. */
static size_t export_of(const char *leaf)
{
    const char *dash = strrchr(leaf, '-');
    return strncmp(leaf, "takeout-", 8) == 0 && dash > leaf + 8 ? (size_t)(dash - leaf) : 0;
}

static bool same_export(const char *a, const char *b)
{
    size_t n = export_of(a);
    return n == export_of(b) && memcmp(a, b, n) == 0;
}

/* The first archive of the options that is of the same export. */
static size_t first_of_export(const alice_organizer_options *p, size_t which)
{
    size_t i = 0;
    while (!same_export(leaf_of(p->archives[i]), leaf_of(p->archives[which])))
        i++;
    return i;
}

/* How many exports come before the one of this archive: each is a tree of its own, or a sidecar
 * of one would be taken for that of another one's picture of the same name. */
static unsigned exports_before(const alice_organizer_options *p, size_t which)
{
    unsigned n = 0;
    for (size_t i = 0, first = first_of_export(p, which); i < first; i++)
        n += first_of_export(p, i) == i;
    return n;
}

static unsigned count_exports(const alice_organizer_options *p)
{
    unsigned n = 0;
    for (size_t i = 0; i < p->archive_count; i++)
        n += first_of_export(p, i) == i;
    return n;
}

static alice_status note_folder(alice_organizer *o, const char *archive, alice_error *error)
{
    struct alice__archives *all = o->archives;
    char path[ALICE__PATH_MAX];
    int bad = alice__fs_real_path(archive, path, sizeof path);
    if (bad)
        return alice__fail(error, alice__status_of_errno(-bad), -bad, "the archive %s: %s",
                           archive, strerror(-bad));
    char *leaf = path + (leaf_of(path) - path);
    leaf[leaf > path + 1 ? -1 : 0] = 0;
    for (size_t i = 0; i < all->folder_count; i++)
        if (strcmp(all->folders[i], path) == 0)
            return ALICE_OK;
    if (all->folder_count == sizeof all->folders / sizeof *all->folders)
        return alice__fail(error, ALICE_E_INVAL, 0,
                           "archives of at most %zu folders are read together",
                           sizeof all->folders / sizeof *all->folders);
    memcpy(all->folders[all->folder_count++], path, strlen(path) + 1);
    return ALICE_OK;
}

alice_status alice__archives_open(alice_organizer *o, char *at, alice_error *error)
{
    const alice_organizer_options *p = &o->options;
    void *room = NULL;
    alice__fs_stat s;
    if (p->remove_duplicates)
        return alice__fail(error, ALICE_E_INVAL, 0, "nothing is removed from an archive");
    for (size_t i = 0; i < p->archive_count; i++) {
        int bad = alice__fs_stat_path(p->archives[i], &s);
        if (bad || s.kind != ALICE__FS_FILE)
            return alice__fail(error, bad ? alice__status_of_errno(-bad) : ALICE_E_INVAL, -bad,
                               "the archive %s: %s", p->archives[i],
                               bad ? strerror(-bad) : "it is no file");
    }
    if (count_exports(p) > MOST_LEVELS / 2)
        return alice__fail(error, ALICE_E_INVAL, 0, "at most %d exports are read together",
                           MOST_LEVELS / 2);
    alice_status st = alice_env_calloc(&o->env, 1, sizeof *o->archives, ALICE_HERE, &room);
    o->archives = room;
    for (size_t i = 0; i < p->archive_count && st == ALICE_OK; i++)
        st = note_folder(o, p->archives[i], error);
    if (st == ALICE_OK)
        st = name_them(o, at, error);
    if (st != ALICE_OK)
        return st;
    int bad = alice__archive_lib_open(&o->archives->lib);
    if (bad)
        return alice__fail(error, ALICE_E_UNSUPPORTED, -bad,
                           bad == -ENOSYS
                               ? "this program was built without libarchive: unpack the "
                                 "archives, and organize the folder"
                               : "archives are read by libarchive (libarchive.so.13), which is "
                                 "not installed");
    return ALICE_OK;
}

void alice__archives_close(alice_organizer *o)
{
    if (!o->archives)
        return;
    alice__archive_lib_close(&o->archives->lib);
    alice_env_free(&o->env, o->archives, sizeof *o->archives);
    o->archives = NULL;
}

const alice__archive_lib *alice__archives_lib(const alice_organizer *o)
{
    return &o->archives->lib;
}

size_t alice__archives_reach(alice_organizer *o, alice_confine_path *paths, size_t most)
{
    size_t n = o->archives->folder_count;
    for (size_t i = 0; i < n && i < most; i++)
        paths[i] = (alice_confine_path){o->archives->folders[i], false};
    return n <= most ? n : most + 1;
}

/* ---- the folder goes ---- */

/* Its last entry, or the folder itself where there is none: `path` is then one shorter. */
static int remove_last(const alice_organizer *o, char *path, size_t top, bool *done)
{
    char room[4096];
    alice__fs_dir d;
    alice__fs_name e = {.name = NULL};
    alice__fs_stat s;
    int fd = -1;
    int r = alice__fs_open_dir(o->organized_fd, path, &fd);
    alice__fs_dir_start(&d, fd, room, sizeof room);
    while (!r && (r = alice__fs_dir_next(&d, &e)) == 0 && e.name) {
        if (e.kind == ALICE__FS_UNKNOWN && (r = alice__fs_stat_at(fd, e.name, &s)) == 0)
            e.kind = s.kind;
        if (r || e.kind == ALICE__FS_DIR)
            break;
        r = alice__fs_unlink(fd, e.name);
    }
    size_t n = strlen(path);
    if (!r && e.name) { /* into it */
        if (n + 1 + strlen(e.name) + 1 > ALICE__PATH_MAX)
            r = -ENAMETOOLONG;
        else
            snprintf(path + n, ALICE__PATH_MAX - n, "/%s", e.name);
    } else if (!r) {
        r = alice__fs_rmdir(o->organized_fd, path);
        *done = n == top;
        if (!*done)
            *strrchr(path, '/') = 0;
    }
    alice__fs_close(fd);
    return r;
}

alice_status alice__archives_sweep(alice_organizer *o)
{
    char path[ALICE__PATH_MAX];
    alice__fs_stat s;
    bool done = false;
    memcpy(path, incoming, sizeof incoming);
    int r = alice__fs_stat_at(o->organized_fd, path, &s);
    if (r || s.kind != ALICE__FS_DIR)
        return r == -ENOENT ? ALICE_OK : alice__status_of_errno(r ? -r : ENOTDIR);
    while (!r && !done)
        r = remove_last(o, path, sizeof incoming - 1, &done);
    if (r)
        alice_env_log(&o->env, ALICE_LOG_WARNING,
                      "%s/%s, unpacked from an archive and not needed any more, cannot be "
                      "removed: %s",
                      o->organized, path, strerror(-r));
    return alice__status_of_errno(-r);
}

alice_status alice__archives_make_room(alice_organizer *o, alice_error *error)
{
    alice_status st = alice__archives_sweep(o);
    int r = 0;
    if (st == ALICE_OK)
        r = o->fs->mkdir(o->fs, o->organized_fd, incoming, 0700);
    if (st == ALICE_OK && !r)
        r = alice__fs_open_dir(o->organized_fd, incoming, &o->inbox_fd);
    if (st == ALICE_OK)
        st = alice__status_of_errno(-r);
    return st == ALICE_OK ? st
                          : alice__fail(error, st, -r, "cannot make %s/%s: %s", o->organized,
                                        incoming, alice_status_text(st));
}

/* ---- unpacking ---- */

#if ALICE_ARCHIVES

typedef struct unpacking {
    alice_organizer *o;
    alice_organize_result *r;
    int root;
    int folder;               /* the one of the last entry, open */
    int full;                 /* -errno of the disk, where the run has to stop; 0 */
    unsigned exports, before; /* in all, and before the one at hand */
    bool sync_each;
    char last[ALICE__PATH_MAX]; /* its path */
    alice__archive_entries in;
} unpacking;

static void report(void *ctx, const char *name, alice_status status, const char *why)
{
    const unpacking *u = ctx;
    alice_organizer *o = u->o;
    char path[2 * ALICE__PATH_MAX];
    snprintf(path, sizeof path, "%s%s%s", u->in.path, *name ? "/" : "", name);
    const alice_file_report report = {
        .source_path = path, .outcome = ALICE_FAILED, .reason = why, .status = status};
    u->r->tally.files++;
    u->r->tally.errors++;
    if (o->options.on_file)
        o->options.on_file(o->options.ctx, &report);
}

/* Open the folder of `path`, made where it is missing; kept for the next entry. */
static int enter(unpacking *u, const char *path, size_t n)
{
    const alice__fs_ops *fs = u->o->fs;
    char part[256];
    int at = -1;
    if (u->folder >= 0 && strlen(u->last) == n && memcmp(u->last, path, n) == 0)
        return 0;
    alice__fs_close(u->folder);
    u->folder = -1;
    int r = alice__fs_dup(u->root, &at);
    for (size_t i = 0; !r && i < n;) {
        size_t m = strcspn(path + i, "/");
        int next = -1;
        memcpy(part, path + i, m);
        part[m] = 0;
        r = fs->mkdir(fs, at, part, 0755);
        if (!r || r == -EEXIST)
            r = fs->open_dir(fs, at, part, &next);
        alice__fs_close(at);
        at = next;
        i += m + 1;
    }
    if (r) {
        alice__fs_close(at);
        return r;
    }
    u->folder = at;
    memcpy(u->last, path, n);
    u->last[n] = 0;
    return 0;
}

/* A new file for the entry, as many levels deep as exports came before its own. Where its name
 * is taken, by another part, or that of its folder is a file's, it goes below all of them.
 * `*leaf` points into `path`. */
static int make_file(unpacking *u, char *path, size_t size, const char **leaf, int *fd)
{
    const alice__fs_ops *fs = u->o->fs;
    int r = -EEXIST;
    size_t used = 0;
    for (unsigned at = 0, to = u->before; to < MOST_LEVELS && (r == -EEXIST || r == -ENOTDIR);
         to += u->exports) {
        for (; at < to; at++)
            used += (size_t)snprintf(path + used, size - used, "%s", level);
        snprintf(path + used, size - used, "%s", u->in.name);
        *leaf = leaf_of(path);
        r = enter(u, path, *leaf > path ? (size_t)(*leaf - path) - 1 : 0);
        if (!r)
            r = fs->create(fs, u->folder, *leaf, 0644, fd);
    }
    return r;
}

static bool stops_all(int r)
{
    return r == -ENOSPC || r == -EDQUOT || r == -EROFS || r == -EIO;
}

/* Write the entry's bytes: 0 or -errno of writing them. What is wrong with the archive stands
 * in `d`. */
static int write_data(unpacking *u, int fd, struct archive_entry *e, alice__archive_data *d)
{
    const alice__fs_ops *fs = u->o->fs;
    alice__fs_stat s;
    int bad = 0;
    while (!bad && alice__archive_block(&u->in, e, d))
        bad = d->n ? fs->write_at(fs, fd, d->at, d->block, d->n) : 0;
    if (bad || d->why)
        return bad;
    bad = fs->stat_fd(fs, fd, &s);
    return !bad && s.size < (uint64_t)d->end ? fs->truncate(fs, fd, (uint64_t)d->end) : bad;
}

static alice_status take_file(void *ctx, struct archive_entry *e, bool *fatal)
{
    unpacking *u = ctx;
    const alice__archive_lib *lib = u->in.lib;
    const alice__fs_ops *fs = u->o->fs;
    alice__archive_data d = {.end = 0};
    char path[ALICE__PATH_MAX];
    const char *leaf = NULL;
    int fd = -1;
    int r = make_file(u, path, sizeof path, &leaf, &fd);
    if (!r)
        r = write_data(u, fd, e, &d);
    *fatal |= d.fatal;
    if (!r && !d.why && lib->archive_entry_mtime_is_set(e)) {
        int64_t s = lib->archive_entry_mtime(e);
        if (s > -INT64_C(9000000000) && s < INT64_C(9000000000)) {
            s = s * 1000000000 + lib->archive_entry_mtime_nsec(e) % 1000000000;
            r = fs->set_times(fs, fd, s, s);
        }
    }
    if (!r && !d.why && u->sync_each)
        r = fs->sync(fs, fd);
    alice__fs_close(fd);
    if (!r && !d.why)
        return ALICE_OK;
    /* Half a file is none; the folder itself goes at the end. */
    int gone = fd >= 0 ? fs->unlink(fs, u->folder, leaf) : 0;
    if (d.status == ALICE_E_CANCELLED)
        return ALICE_E_CANCELLED;
    u->full = stops_all(r) ? r : gone;
    u->in.enough = u->full != 0;
    report(u, u->in.name, r ? alice__status_of_errno(-r) : d.status, r ? strerror(-r) : d.why);
    return ALICE_OK;
}

alice_status alice__archives_unpack(alice_organizer *o, alice_organize_result *r,
                                    alice_error *error)
{
    if (o->options.dry_run)
        return alice__fail(error, ALICE_E_INVAL, 0,
                           "a dry run reads no archives: their files have to be on the disk to "
                           "be looked at");
    alice_env env = alice__organizer_env(o, o->acc_stream);
    alice__fs_space space = {.local = false};
    unpacking *u = NULL;
    void *room = NULL;
    alice_status st = alice_account_charge(o->acc_stream, ALICE__ARCHIVE_LIBRARY);
    if (st != ALICE_OK)
        return st;
    st = alice_env_calloc(&env, 1, sizeof *u, ALICE_HERE, &room);
    u = room;
    if (st == ALICE_OK) {
        u->o = o;
        u->r = r;
        u->in = (alice__archive_entries){.lib = &o->archives->lib,
                                         .fs = o->fs,
                                         .env = env,
                                         .take = take_file,
                                         .refuse = report,
                                         .ctx = u,
                                         .should_stop = o->options.should_stop,
                                         .stop_ctx = o->options.ctx};
        u->folder = -1;
        u->root = o->inbox_fd;
        u->exports = count_exports(&o->options);
        int bad = o->fs->space_of(o->fs, u->root, &space);
        u->sync_each = bad || !space.local || !alice__fs_sync_all_tells();
    }
    for (size_t i = 0; i < o->options.archive_count && st == ALICE_OK && !u->full; i++) {
        u->before = exports_before(&o->options, i);
        st = alice__archive_entries_read(&u->in, o->options.archives[i]);
    }
    if (st == ALICE_OK && (u->full == -ENOSPC || u->full == -EDQUOT))
        st = alice__fail(error, ALICE_E_NOSPC, -u->full,
                         "the archives do not fit on the disk of %s: nothing was organized",
                         o->organized);
    else if (st == ALICE_OK && u->full)
        st = alice__fail(error, alice__status_of_errno(-u->full), -u->full,
                         "the archives cannot be unpacked on the disk of %s (%s): nothing was "
                         "organized",
                         o->organized, strerror(-u->full));
    /* They are placed by rename: what is in them has to be durable before. */
    if (st == ALICE_OK && !u->sync_each) {
        int bad = o->fs->sync_all(o->fs, u->root);
        if (bad)
            st = alice__fail(error, alice__status_of_errno(-bad), -bad,
                             "what was unpacked cannot be made durable: %s", strerror(-bad));
    }
    if (u)
        alice__fs_close(u->folder);
    alice_env_free(&env, u, sizeof *u);
    alice_account_release(o->acc_stream, ALICE__ARCHIVE_LIBRARY);
    return st;
}

#else

alice_status alice__archives_unpack(alice_organizer *o, alice_organize_result *r,
                                    alice_error *error)
{
    (void)o;
    (void)r;
    return alice__fail(error, ALICE_E_UNSUPPORTED, 0, "built without libarchive");
}

#endif
