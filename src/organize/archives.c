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
#include <unistd.h>

#include "base/error.h"
#include "organize/archive_entries.h"
#include "organize/archive_unpack.h"

static const char incoming[] = ".alice/incoming";

struct alice__archives {
    alice__archive_lib lib;
    size_t folder_count;
    char folders[8][ALICE__PATH_MAX]; /* that the archives stand in, each once */
    int scratch_fd;                   /* of a dry run: where its folder stands, */
    char scratch[48];                 /* and what it is called; "": there is none */
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
unsigned alice__exports_before(const alice_organizer_options *p, size_t which)
{
    unsigned n = 0;
    for (size_t i = 0, first = first_of_export(p, which); i < first; i++)
        n += first_of_export(p, i) == i;
    return n;
}

unsigned alice__exports(const alice_organizer_options *p)
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
    if (alice__exports(p) > ALICE__EXPORTS_MOST)
        return alice__fail(error, ALICE_E_INVAL, 0, "at most %d exports are read together",
                           ALICE__EXPORTS_MOST);
    alice_status st = alice_env_calloc(&o->env, 1, sizeof *o->archives, ALICE_HERE, &room);
    o->archives = room;
    if (room)
        o->archives->scratch_fd = -1;
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
    alice__fs_close(o->archives->scratch_fd);
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

/* The last entry of the folder `path` of `dir`, or the folder itself where there is none:
 * `path` is then one shorter. */
static int remove_last(int dir, char *path, size_t top, bool *done)
{
    char room[4096];
    alice__fs_dir d;
    alice__fs_name e = {.name = NULL};
    alice__fs_stat s;
    int fd = -1;
    int r = alice__fs_open_dir(dir, path, &fd);
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
        r = alice__fs_rmdir(dir, path);
        *done = n == top;
        if (!*done)
            *strrchr(path, '/') = 0;
    }
    alice__fs_close(fd);
    return r;
}

/* A folder and all that is in it; told where that fails. */
static alice_status remove_tree(alice_organizer *o, int dir, const char *path,
                                const char *where)
{
    char at[ALICE__PATH_MAX];
    alice__fs_stat s;
    bool done = false;
    const size_t n = strlen(path);
    memcpy(at, path, n + 1);
    int r = alice__fs_stat_at(dir, at, &s);
    if (r || s.kind != ALICE__FS_DIR)
        return r == -ENOENT ? ALICE_OK : alice__status_of_errno(r ? -r : ENOTDIR);
    while (!r && !done)
        r = remove_last(dir, at, n, &done);
    if (r)
        alice_env_log(&o->env, ALICE_LOG_WARNING,
                      "%s/%s, unpacked from an archive and not needed any more, cannot be "
                      "removed: %s",
                      where, at, strerror(-r));
    return alice__status_of_errno(-r);
}

alice_status alice__archives_sweep(alice_organizer *o)
{
    if (!o->options.dry_run)
        return remove_tree(o, o->organized_fd, incoming, o->organized);
    return o->archives && *o->archives->scratch
               ? remove_tree(o, o->archives->scratch_fd, o->archives->scratch,
                             alice__organizer_scratch(o))
               : ALICE_OK;
}

alice_status alice__archives_forget_heads(alice_organizer *o, alice_error *error)
{
    static const char heads[] = ALICE__ARCHIVE_HEADS;
    alice_status st = remove_tree(o, o->inbox_fd, heads, o->organized);
    return st == ALICE_OK ? st
                          : alice__fail(error, st, 0, "what was unpacked cannot be tidied: %s",
                                        alice_status_text(st));
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

/* ---- scratch folders of dry runs ---- */

static const char scratch_names[] = "alice-dry-run-";

/* What dry runs of this user that were killed left: nobody holds it, and it is not being made.
 * Of anybody else's nothing is touched, by root either: all may write there. */
static void sweep_scratch(alice_organizer *o, int dir)
{
    char room[4096];
    alice__fs_dir d;
    alice__fs_name e = {.name = NULL};
    int fd = -1;
    if (alice__fs_open_dir(dir, ".", &fd) != 0)
        return;
    alice__fs_dir_start(&d, fd, room, sizeof room);
    while (alice__fs_dir_next(&d, &e) == 0 && e.name) {
        const int64_t minute_ago = alice_env_wall_s(&o->env) - 60;
        alice__fs_stat s;
        int left = -1;
        if (strncmp(e.name, scratch_names, sizeof scratch_names - 1) != 0 ||
            alice__fs_stat_at(dir, e.name, &s) != 0 || s.uid != geteuid() ||
            s.ctime_ns / 1000000000 > minute_ago || alice__fs_open_dir(dir, e.name, &left) != 0)
            continue;
        if (alice__fs_lock(left) == 0)
            (void)remove_tree(o, dir, e.name, alice__organizer_scratch(o)); /* it tells */
        alice__fs_close(left);
    }
    alice__fs_close(fd);
}

alice_status alice__archives_make_scratch(alice_organizer *o, alice_error *error)
{
    struct alice__archives *all = o->archives;
    const alice__fs_ops *fs = o->fs;
    int r = alice__fs_open_dir_path(alice__organizer_scratch(o), &all->scratch_fd);
    if (!r) {
        sweep_scratch(o, all->scratch_fd);
        r = -EEXIST;
    }
    for (uint64_t n = alice_env_now_ns(&o->env); r == -EEXIST; n++) {
        snprintf(all->scratch, sizeof all->scratch, "%s%llu", scratch_names,
                 (unsigned long long)n);
        r = fs->mkdir(fs, all->scratch_fd, all->scratch, 0700);
    }
    if (r)
        *all->scratch = 0;
    if (!r)
        r = alice__fs_open_dir(all->scratch_fd, all->scratch, &o->inbox_fd);
    if (!r)
        r = alice__fs_lock(o->inbox_fd);
    return r ? alice__fail(error, alice__status_of_errno(-r), -r,
                           "a dry run needs a folder in %s: %s", alice__organizer_scratch(o),
                           strerror(-r))
             : ALICE_OK;
}
