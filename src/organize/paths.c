/* SPDX-License-Identifier: MIT */
/* The two folders and what stands in them: resolved, told apart, opened. */
#include "organize/organizer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "organize/dest_folders.h"
#include "port/fs.h"

static char *real_path(const char *path, char *at, char *end, alice_status *st,
                       alice_error *error, const char *what)
{
    int bad = alice__fs_real_path(path, at, (size_t)(end - at));
    if (bad) {
        *st = alice__fail(error, bad == -ENOENT ? ALICE_E_NOENT : alice__status_of_errno(-bad),
                          -bad, "%s %s: %s", what, path, strerror(-bad));
        return NULL;
    }
    return at + strlen(at) + 1;
}

static bool is_inside(const char *inner, const char *outer)
{
    size_t n = strlen(outer);
    if (strcmp(outer, "/") == 0)
        return true;
    return strncmp(inner, outer, n) == 0 && (inner[n] == 0 || inner[n] == '/');
}

/*
 * Whether the open folder `inner` is `outer` or lies below it, whatever their
 * paths say: through another mount, or in other letters where the case does not
 * matter. What cannot be looked at is not.
 */
static bool stands_inside(int inner, int outer)
{
    alice__fs_stat want, s, above;
    int at = -1;
    bool found = false;
    if (alice__fs_stat_fd(outer, &want) != 0 || alice__fs_open_dir(inner, ".", &at) != 0)
        return false;
    while (!found && alice__fs_stat_fd(at, &s) == 0) {
        int up = -1;
        found = s.dev == want.dev && s.inode == want.inode;
        if (found || alice__fs_open_dir(at, "..", &up) != 0)
            break;
        alice__fs_close(at);
        at = up;
        if (alice__fs_stat_fd(at, &above) != 0 ||
            (above.dev == s.dev && above.inode == s.inode))
            break; /* the root */
    }
    alice__fs_close(at);
    return found;
}

/* A new folder is durable before anything that is put into it counts. */
static int flush_parent(const alice__fs_ops *fs, const char *path, size_t n)
{
    char parent[ALICE__PATH_MAX];
    int fd = -1;
    while (n > 0 && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    memcpy(parent, path, n);
    parent[n] = 0;
    int bad = alice__fs_open_dir_path(n ? parent : ".", &fd);
    if (!bad)
        bad = alice__flush_folder(fs, fd);
    alice__fs_close(fd);
    /* One that may not be read is not ours to flush. */
    return bad == -EACCES ? 0 : bad;
}

/* Make a folder and the ones above it that are missing. */
static int make_folders(const alice__fs_ops *fs, const char *path)
{
    char part[ALICE__PATH_MAX];
    size_t n = strlen(path);
    if (n >= sizeof part)
        return -ENAMETOOLONG;
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i] != 0)
            continue;
        char was = part[i];
        part[i] = 0;
        int bad = fs->mkdir(fs, ALICE__FS_CWD, part, 0755);
        if (!bad)
            bad = flush_parent(fs, part, i);
        if (bad && bad != -EEXIST)
            return bad;
        part[i] = was;
    }
    return 0;
}

/*
 * The absolute path of a folder that may not exist yet: its nearest ancestor that
 * does, resolved, and the rest as given. "." and ".." in the rest are refused.
 */
static alice_status future_path(const char *path, char *out, size_t size, alice_error *error)
{
    char part[ALICE__PATH_MAX];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part)
        return alice__fail(error, ALICE_E_INVAL, 0, "the organized folder needs a name");
    memcpy(part, path, n + 1);
    while (n > 1 && part[n - 1] == '/')
        part[--n] = 0;
    for (;;) {
        int bad = alice__fs_real_path(*part ? part : path[0] == '/' ? "/" : ".", out, size);
        if (bad == 0)
            break;
        if (bad != -ENOENT || *part == 0)
            return alice__fail(error, alice__status_of_errno(-bad), -bad, "%s: %s", path,
                               strerror(-bad));
        char *slash = strrchr(part, '/');
        if (slash)
            *slash = 0;
        else
            *part = 0;
    }
    const char *rest = path + strlen(part);
    while (*rest == '/')
        rest++;
    if (*rest == 0)
        return ALICE_OK;
    size_t used = strlen(out);
    if (strcmp(out, "/") == 0)
        used = 0;
    n = strlen(rest);
    if (used + 1 + n + 1 > size)
        return alice__fail(error, ALICE_E_TOOBIG, 0, "%s: the path is too long", path);
    out[used] = '/';
    memcpy(out + used + 1, rest, n + 1);
    for (const char *p = out + used; *p; p++)
        if (p[0] == '/' && p[1] == '.' &&
            (p[2] == '/' || p[2] == 0 || (p[2] == '.' && (p[3] == '/' || p[3] == 0))))
            return alice__fail(
                error, ALICE_E_INVAL, 0,
                "%s does not exist, and its path has '.' or '..' below what does", path);
    while (*out && out[1] && out[strlen(out) - 1] == '/')
        out[strlen(out) - 1] = 0;
    return ALICE_OK;
}

static alice_status lies_inside(alice_error *error, const char *inner, const char *path,
                                const char *outer)
{
    return alice__fail(error, ALICE_E_INVAL, 0, "%s %s lies inside %s: choose one beside it",
                       inner, path, outer);
}

/* Refuse two folders one of which holds the other, before anything is made in them. */
static alice_status check_apart(const alice_organizer *o, alice_error *error)
{
    char part[ALICE__PATH_MAX];
    int fd = -1, bad;
    alice_status st = ALICE_OK;
    memcpy(part, o->organized, strlen(o->organized) + 1);
    /* The nearest one that stands. */
    while ((bad = alice__fs_open_dir_path(*part ? part : "/", &fd)) == -ENOENT && *part)
        *strrchr(part, '/') = 0;
    if (bad)
        return ALICE_OK; /* making or opening it says why */
    if (stands_inside(fd, o->inbox_fd))
        st = lies_inside(error, "the organized folder", o->organized, "the inbox");
    else if (strcmp(part, o->organized) == 0 && stands_inside(o->inbox_fd, fd))
        st = lies_inside(error, "the inbox", o->inbox, "the organized folder");
    alice__fs_close(fd);
    return st;
}

static alice_status open_inbox(alice_organizer *o, alice_error *error)
{
    if (is_inside(o->organized, o->inbox))
        return lies_inside(error, "the organized folder", o->organized, "the inbox");
    if (is_inside(o->inbox, o->organized))
        return lies_inside(error, "the inbox", o->inbox, "the organized folder");
    int bad = alice__fs_open_dir_path(o->inbox, &o->inbox_fd);
    if (bad)
        return alice__fail(error, alice__status_of_errno(-bad), -bad, "the inbox %s: %s",
                           o->inbox, strerror(-bad));
    return check_apart(o, error);
}

int alice__organizer_open_source(const alice_organizer *o, const char *path, int *fd)
{
    size_t n = strlen(o->inbox);
    bool unpacked = o->archives && strncmp(path, o->inbox, n) == 0 && path[n] == '/';
    return o->fs->open_read(o->fs, unpacked ? o->inbox_fd : ALICE__FS_CWD,
                            unpacked ? path + n + 1 : path, fd);
}

alice_status alice__organizer_open_folders(alice_organizer *o, alice_error *error)
{
    const alice_organizer_options *p = &o->options;
    char *at = o->paths, *end = o->paths + 5 * ALICE__PATH_MAX;
    alice_status st = ALICE_OK;
    o->inbox = at;
    *at = 0;
    if (p->archive_count) {
        st = alice__archives_open(o, at, error);
        at += strlen(at) + 1;
    } else {
        at = p->inbox ? real_path(p->inbox, at, end, &st, error, "the inbox") : at + 1;
    }
    if (st != ALICE_OK)
        return st;
    o->organized = at;
    st = future_path(p->organized, at, ALICE__PATH_MAX, error);
    if (st != ALICE_OK)
        return st;
    at += strlen(at) + 1;
    if (p->inbox) {
        st = open_inbox(o, error);
        if (st != ALICE_OK)
            return st;
    }
    o->home = at;
    at += snprintf(at, (size_t)(end - at), "%s/.alice", o->organized) + 1;
    o->scratch = at;
    at += snprintf(at, (size_t)(end - at), "%s/.alice/tmp", o->organized) + 1;
    o->catalog_path = at;
    snprintf(at, (size_t)(end - at), "%s%s", p->catalog ? p->catalog : o->organized,
             p->catalog ? "" : "/.alice/catalog.db");
    int bad = 0;
    if (!p->inbox && !o->archives) { /* a folder to read or undo, which stands */
        alice__fs_stat s;
        bad = alice__fs_stat_path(o->organized, &s);
        if (bad)
            return alice__fail(error, alice__status_of_errno(-bad), -bad,
                               "the organized folder %s: %s", o->organized, strerror(-bad));
    }
    if (!p->dry_run) {
        bad = make_folders(o->fs, o->scratch);
        if (bad)
            return alice__fail(error, alice__status_of_errno(-bad), -bad, "cannot make %s: %s",
                               o->scratch, strerror(-bad));
    }
    bad = alice__fs_open_dir_path(o->organized, &o->organized_fd);
    if (bad == -ENOENT && p->dry_run)
        o->organized_fd = -1;
    else if (bad)
        return alice__fail(error, alice__status_of_errno(-bad), -bad,
                           "the organized folder %s: %s", o->organized, strerror(-bad));
    return ALICE_OK;
}

void alice__remove_empty(const alice_organizer *o, const char *file)
{
    char folder[ALICE__PATH_MAX];
    snprintf(folder, sizeof folder, "%s", file);
    for (char *slash; (slash = strrchr(folder, '/'));) {
        *slash = 0;
        int bad = o->fs->rmdir(o->fs, o->organized_fd, folder);
        if (bad && bad != -ENOENT) /* gone: what a kill left to be done is above */
            return;
    }
}
