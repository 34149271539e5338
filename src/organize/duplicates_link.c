/* SPDX-License-Identifier: MIT */
/*
 * A superfluous file becomes a link to the kept one, or shares its blocks.
 *
 *   link:  kept ──link──▶ .alice-link-<inode>-<n> ──change places with──▶ the name ──▶ the old
 *          file, which has the temporary name now, is looked at once more, and goes
 *
 * So there is no moment without the name, and what somebody put in its place in the very last
 * moment is what comes out under the temporary name, and is put back. Where names cannot change
 * places the link is renamed over, after a last look. A kill leaves at most the temporary name,
 * of a file whose bytes stand elsewhere: the next links that are made there find and remove it.
 */
#include "organize/duplicates_act.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "organize/dest_folders.h"
#include "organize/stamp.h"

enum {
    XATTRS = 64 * 1024, /* the most that Linux gives of names, and of a value */
    TEMP = 64,
    NAMES_TRIED = 1000,
    PATH_MOST = 4096
};
static const uint64_t range = UINT64_C(16) * 1024 * 1024; /* what btrfs shares at once */

static const char prefix[] = ".alice-link-";

bool alice__same_spare(const char *name)
{
    if (strncmp(name, prefix, sizeof prefix - 1) != 0)
        return false;
    const char *p = name + sizeof prefix - 1;
    size_t n = strspn(p, "0123456789");
    if (n == 0 || p[n] != '-')
        return false;
    p += n + 1;
    n = strspn(p, "0123456789");
    return n > 0 && p[n] == 0;
}

/* ---- what a link would lose ---- */

/* Whether each attribute of `of` is one of `in`, with the same value. Labels of security
 * modules are the system's. */
static bool has_all(const alice__acting *a, int of, int in)
{
    const alice__fs_ops *fs = a->fs;
    char *names = (char *)a->room;
    uint8_t *x = a->room + XATTRS, *y = x + XATTRS;
    size_t n = 0;
    int r = fs->xattr_names(fs, of, names, XATTRS, &n);
    if (r)
        return r == -EOPNOTSUPP || r == -ENOSYS;
    for (const char *p = names; p < names + n; p += strlen(p) + 1) {
        size_t nx = 0, ny = 0;
        if (strncmp(p, "security.", 9) == 0)
            continue;
        if (fs->xattr_get(fs, of, p, x, XATTRS, &nx) != 0 ||
            fs->xattr_get(fs, in, p, y, XATTRS, &ny) != 0 || nx != ny || memcmp(x, y, nx) != 0)
            return false;
    }
    return true;
}

/* The catalog knows an organized file by its time, and a link has that of the kept one. */
static bool is_known_by_time(const alice__acting *a)
{
    char folder[PATH_MOST];
    const alice__stamp was = alice__stamp_of(&a->file.s);
    if (alice__as_placed(&a->kept.s, &was))
        return false;
    int bad = alice__act_folder(a, &a->at.file, folder, sizeof folder);
    return bad || alice__organized_above(folder) > 0;
}

static alice_status look_for_losses(alice__acting *a)
{
    const alice__fs_stat *k = &a->kept.s, *s = &a->file.s;
    alice_status st = ALICE_OK;
    if (k->dev != s->dev)
        alice__act_leave(a, "it is on another file system than the kept file", "");
    else if (k->mode != s->mode)
        alice__act_leave(a, "its permissions are others than those of the kept file", "");
    else if (k->uid != s->uid || k->gid != s->gid)
        alice__act_leave(a, "its owner is another than that of the kept file", "");
    else if (is_known_by_time(a))
        alice__act_leave(a, "it is organized, and has another time than the kept file", "");
    if (a->why[0])
        return st;
    if (!a->room)
        st = alice_env_alloc(&a->f->env, 3 * (size_t)XATTRS, ALICE_HERE, (void **)&a->room);
    if (st == ALICE_OK &&
        !(has_all(a, a->kept.fd, a->file.fd) && has_all(a, a->file.fd, a->kept.fd)))
        alice__act_leave(a, "its extended attributes are others than those of the kept file",
                         "");
    return st;
}

/* ---- links ---- */

static bool leads_to(const alice__fs_ops *fs, int dir, const char *name,
                     const alice__fs_stat *file)
{
    alice__fs_stat s;
    return fs->stat_at(fs, dir, name, &s) == 0 && s.dev == file->dev &&
           s.inode == file->inode && s.size == file->size && s.mtime_ns == file->mtime_ns;
}

/* A further name of the kept file, beside the other. */
static int make_link(alice__acting *a, char temp[TEMP])
{
    const alice__fs_ops *fs = a->fs;
    int r = -EEXIST;
    for (unsigned i = 1; r == -EEXIST && i <= NAMES_TRIED; i++) {
        snprintf(temp, TEMP, "%s%llu-%u", prefix, (unsigned long long)a->file.s.inode, i);
        r = fs->link(fs, a->kept.dir, a->kept.leaf, a->file.dir, temp);
    }
    if (r)
        return r;
    const alice__fs_stat was = a->kept.s; /* it has one link more, and is else the same */
    r = fs->stat_fd(fs, a->kept.fd, &a->kept.s);
    if (!r && leads_to(fs, a->file.dir, temp, &was) && a->kept.s.size == was.size &&
        a->kept.s.mtime_ns == was.mtime_ns)
        return 0;
    (void)fs->unlink(fs, a->file.dir, temp);
    return r ? r : -ESTALE;
}

/* Looked at last: who opened it to write while it was compared would write into a file that
 * has no name any more. */
static bool may_go(alice__acting *a)
{
    if (alice__act_still(a) && a->fs->no_writer(a->fs, a->file.fd) == -EBUSY)
        alice__act_leave(a, "it is being written", "");
    return !a->why[0];
}

/* The name of the superfluous file leads to the kept one, and `temp` to what was there. */
static int change_places(alice__acting *a, const char *temp, bool *replaced)
{
    const alice__fs_ops *fs = a->fs;
    *replaced = false;
    if (!may_go(a))
        return -ESTALE;
    int r = fs->exchange(fs, a->file.dir, temp, a->file.leaf);
    if (r == -EINVAL || r == -ENOSYS || r == -EOPNOTSUPP) {
        if (!may_go(a))
            return -ESTALE;
        r = fs->rename_over(fs, a->file.dir, temp, a->file.dir, a->file.leaf);
        *replaced = true;
    }
    /* A reply may get lost: what stands decides. */
    return r && leads_to(fs, a->file.dir, a->file.leaf, &a->kept.s) ? 0 : r;
}

/* What came out under the temporary name goes, if it is what was compared. What another process
 * put there in the last moment gets its name back. */
static void clear_old(alice__acting *a, const char *temp)
{
    const alice__fs_ops *fs = a->fs;
    const int dir = a->file.dir;
    alice__fs_stat s;
    int r = 0;
    if (leads_to(fs, dir, temp, &a->file.s) || leads_to(fs, dir, temp, &a->kept.s)) {
        r = fs->unlink(fs, dir, temp);
        if (r && r != -ENOENT)
            alice__act_leave(
                a, "it is a link now, but the old file cannot be removed: ", strerror(-r));
    } else if (fs->stat_at(fs, dir, temp, &s) != -ENOENT) {
        r = fs->exchange(fs, dir, temp, a->file.leaf);
        if (!r && leads_to(fs, dir, temp, &a->kept.s))
            (void)fs->unlink(fs, dir, temp);
        alice__act_leave(a,
                         r ? "another file took its place, and is there now: "
                           : "it changed "
                             "meanwhile",
                         r ? temp : "");
    } /* else another process, which took it for what a killed one left, has removed it */
}

/* Its folder has to be flushed; the one before is, where that is another. */
static int touch(alice__acting *a)
{
    alice__fs_stat s;
    int r = a->fs->stat_fd(a->fs, a->file.dir, &s);
    if (r || (a->touched >= 0 && s.dev == a->touched_dev && s.inode == a->touched_inode))
        return r;
    r = a->touched >= 0 ? alice__flush_folder(a->fs, a->touched) : 0;
    alice__fs_close(a->touched);
    a->touched = -1;
    if (!r)
        r = alice__fs_dup(a->file.dir, &a->touched);
    a->touched_dev = s.dev;
    a->touched_inode = s.inode;
    return r;
}

alice_status alice__act_flush(alice__acting *a)
{
    int r = a->touched >= 0 ? alice__flush_folder(a->fs, a->touched) : 0;
    alice__fs_close(a->touched);
    a->touched = -1;
    if (a->room)
        alice_env_free(&a->f->env, a->room, 3 * (size_t)XATTRS);
    a->room = NULL;
    return r ? alice__fail(a->error, alice__status_of_errno(-r), -r,
                           "a folder could not be flushed to the disk: %s", strerror(-r))
             : ALICE_OK;
}

static alice_status put_link(alice__acting *a)
{
    const alice__fs_ops *fs = a->fs;
    char temp[TEMP];
    bool replaced;
    /* Of two copies one is about to go: the other must not be in memory alone. */
    int r = fs->sync(fs, a->kept.fd);
    if (!r)
        r = make_link(a, temp);
    if (r) {
        alice__act_leave(a, "no link can be made: ",
                         r == -EMLINK   ? "the kept file has as many as there can be"
                         : r == -ESTALE ? "the kept file changed meanwhile"
                                        : strerror(-r));
        return ALICE_OK;
    }
    r = change_places(a, temp, &replaced);
    if (r) {
        if (leads_to(fs, a->file.dir, temp, &a->kept.s))
            (void)fs->unlink(fs, a->file.dir, temp);
        alice__act_leave(a, "the link cannot take its place: ", strerror(-r));
        return ALICE_OK;
    }
    r = touch(a);
    if (r)
        return alice__fail(a->error, alice__status_of_errno(-r), -r,
                           "a folder could not be flushed to the disk: %s", strerror(-r));
    if (!replaced)
        clear_old(a, temp);
    return ALICE_OK;
}

/* What a killed run left has the bytes of the kept file: it goes. */
static alice_status clear_spare(alice__acting *a)
{
    alice_status st = a->o->dry_run ? ALICE_OK : alice__act_compare(a);
    if (st != ALICE_OK || a->why[0] || a->o->dry_run)
        return st;
    int r = a->fs->sync(a->fs, a->kept.fd);
    if (!r)
        r = a->fs->unlink(a->fs, a->file.dir, a->file.leaf);
    if (r)
        alice__act_leave(a, "it cannot be removed: ", strerror(-r));
    return ALICE_OK;
}

alice_status alice__act_link(alice__acting *a)
{
    if (a->at.file.spare)
        return clear_spare(a);
    alice_status st = look_for_losses(a);
    if (st != ALICE_OK || a->why[0] || a->o->dry_run)
        return st;
    st = alice__act_compare(a);
    return st == ALICE_OK && !a->why[0] ? put_link(a) : st;
}

/* ---- reflinks ---- */

alice_status alice__act_reflink(alice__acting *a)
{
    const alice__fs_ops *fs = a->fs;
    uint64_t size = a->file.s.size;
    /* Further names of a file that shares already. */
    if (a->o->dry_run)
        return ALICE_OK;
    for (uint64_t at = 0, done = 0; at < size && !a->why[0]; at += done) {
        uint64_t n = size - at < range ? size - at : range;
        bool same = true;
        if (alice__same_stops(a->f))
            return ALICE_E_CANCELLED;
        int r = fs->dedupe(fs, a->kept.fd, a->file.fd, at, n, &done, &same);
        bool cannot = r == -EOPNOTSUPP || r == -ENOTTY || r == -EINVAL;
        if (cannot && at == 0 && a->r->done == 0)
            return alice__fail(a->error, ALICE_E_UNSUPPORTED, -r,
                               "%s: its file system cannot share blocks between files (%s), "
                               "as btrfs and XFS can; nothing was changed",
                               a->f->o->paths[a->at.file.root], strerror(-r));
        if (r)
            alice__act_leave(a, "its blocks cannot be shared: ",
                             r == -EXDEV ? "it is on another file system than the kept file"
                                         : strerror(-r));
        else if (!same)
            alice__act_leave(a, "its bytes are others by now", "");
        else if (done == 0)
            alice__act_leave(a, "the file system did not share its blocks", "");
    }
    return ALICE_OK;
}
