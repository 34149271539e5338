/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TESTS_TREE_H
#define ALICE_TESTS_TREE_H

/* Real directories for tests: made below $TMPDIR or /var/tmp, filled, compared, removed. */

#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

/* Make a directory with a new name in `base`; its path goes to `path` (64 bytes), its
 * descriptor is answered. */
static inline int tree_make_in(const char *base, char path[64])
{
    snprintf(path, 64, "%s/alice-test-XXXXXX", strlen(base) < 32 ? base : "/var/tmp");
    if (!mkdtemp(path))
        return -1;
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The same, below $TMPDIR or /var/tmp: on a disk, mostly. */
static inline int tree_make(char path[64])
{
    const char *base = getenv("TMPDIR");
    return tree_make_in(base ? base : "/var/tmp", path);
}

/* The same in memory where there is such a place: for many small files. */
static inline int tree_make_fast(char path[64])
{
    int fd = tree_make_in("/dev/shm", path);
    return fd >= 0 ? fd : tree_make(path);
}

/*
 * Remove what is in the open directory `dir`, however deep: the children of a directory that
 * is not empty are lifted up beside it, instead of going down after them.
 */
static inline void tree_empty(int dir)
{
    int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);
    unsigned long lifted = 0;
    bool again = d != NULL;
    while (again) {
        again = false;
        rewinddir(d);
        for (struct dirent *e; (e = readdir(d));) {
            if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
                continue;
            if (unlinkat(dir, e->d_name, 0) == 0 || unlinkat(dir, e->d_name, AT_REMOVEDIR) == 0)
                continue;
            (void)!fchmodat(dir, e->d_name, 0700, 0); /* opening it tells */
            int sub = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            DIR *below = sub < 0 ? NULL : fdopendir(sub);
            for (struct dirent *g; below && (g = readdir(below));) {
                char up[64];
                if (!strcmp(g->d_name, ".") || !strcmp(g->d_name, ".."))
                    continue;
                if (unlinkat(sub, g->d_name, 0) == 0 ||
                    unlinkat(sub, g->d_name, AT_REMOVEDIR) == 0)
                    continue;
                (void)!fchmodat(sub, g->d_name, 0700, 0); /* the rename tells */
                snprintf(up, sizeof up, "lifted-%p-%lu", (void *)d, lifted++);
                again = renameat(sub, g->d_name, dir, up) == 0 || again;
            }
            if (below)
                closedir(below);
            unlinkat(dir, e->d_name, AT_REMOVEDIR);
        }
    }
    if (d)
        closedir(d);
}

static inline void tree_remove(const char *path)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0) {
        tree_empty(dir);
        close(dir);
    }
    rmdir(path);
}

/* Write a file, new or over what stands. */
static inline void tree_file(int dir, const char *name, const void *bytes, size_t n)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        fail_msg("cannot write %s", name);
    const char *p = bytes;
    while (n > 0) {
        ssize_t r = write(fd, p, n);
        if (r <= 0)
            fail_msg("cannot write %s", name);
        p += r;
        n -= (size_t)r;
    }
    close(fd);
}

static inline bool tree_has(int dir, const char *name)
{
    struct stat st;
    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Whether the file stands with exactly these bytes. */
static inline bool tree_is(int dir, const char *name, const void *bytes, size_t n)
{
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    const char *p = bytes;
    bool same = true;
    size_t at = 0;
    char buf[4096];
    ssize_t r;
    while ((r = read(fd, buf, sizeof buf)) > 0) {
        if (at + (size_t)r > n || memcmp(buf, p + at, (size_t)r) != 0) {
            same = false;
            break;
        }
        at += (size_t)r;
    }
    close(fd);
    return same && r == 0 && at == n;
}

#endif
