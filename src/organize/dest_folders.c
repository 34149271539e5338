/* SPDX-License-Identifier: MIT */
#include "organize/dest_folders.h"

/*
 * A table of HANDLES entries, found by the hash of the path, the least lately
 * used one making room. A path's parents are entries as well, so that a new day
 * costs one look-up and one mkdir, and a folder that was made is known to be
 * flushed through its parent's entry.
 *
 * An entry that was touched and has to go is flushed then, or, where all can be
 * flushed together, remembered as "something was".
 */

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"

enum {
    HANDLES = 64,
    SEEN = 8192,       /* bits */
    FLUSH_TOGETHER = 4 /* more touched folders than this: one flush of all costs less */
};

typedef struct handle {
    char *path; /* not terminated; NULL: the entry is free */
    size_t length;
    uint64_t hash;
    uint64_t used;
    int fd;
    bool touched, apart, met;
} handle;

struct alice__dests {
    alice_env env;
    const alice__fs_ops *fs;
    int organized_fd;
    uint64_t dev;
    uint64_t clock;
    bool organized_touched; /* the organized folder itself */
    bool other_touched;     /* an entry that is no longer held */
    bool all_at_once;
    alice__dests_stats stats;
    size_t most;              /* of the handles, these many are used */
    uint64_t seen[SEEN / 64]; /* folders that were entered, by hash */
    handle handles[HANDLES];
};

enum { ORGANIZED = HANDLES /* the id of the organized folder */ };

alice_status alice__dests_open(alice__dests **out, const alice_env *env,
                               const alice__fs_ops *fs, int organized_fd, bool all_at_once,
                               size_t most)
{
    void *p = NULL;
    alice__fs_stat s;
    int r = fs->stat_fd(fs, organized_fd, &s);
    if (r)
        return alice__status_of_errno(-r);
    alice_status st = alice_env_calloc(env, 1, sizeof(alice__dests), ALICE_HERE, &p);
    if (st != ALICE_OK)
        return st;
    alice__dests *d = p;
    d->env = *env;
    d->fs = fs;
    d->organized_fd = organized_fd;
    d->dev = s.dev;
    d->all_at_once = all_at_once;
    d->most = most == 0 || most > HANDLES ? HANDLES : most < 4 ? 4 : most;
    *out = d;
    return ALICE_OK;
}

int alice__flush_folder(const alice__fs_ops *fs, int fd)
{
    int r = fs->sync(fs, fd);
    return r == -EINVAL || r == -ENOSYS || r == -EOPNOTSUPP ? 0 : r;
}

static int flush_fd(alice__dests *d, int fd)
{
    d->stats.flushes++;
    return alice__flush_folder(d->fs, fd);
}

static void release(alice__dests *d, handle *h)
{
    if (!h->path)
        return;
    if (h->touched) {
        /* A folder on its own file system is not reached by flushing the organized one. */
        if (!d->all_at_once || h->apart)
            d->other_touched |= flush_fd(d, h->fd) != 0;
        else
            d->other_touched = true;
    }
    alice__fs_close(h->fd);
    alice_env_free(&d->env, h->path, h->length);
    *h = (handle){.path = NULL};
}

void alice__dests_close(alice__dests **dests)
{
    if (!dests || !*dests)
        return;
    alice__dests *d = *dests;
    for (size_t i = 0; i < HANDLES; i++)
        release(d, &d->handles[i]);
    alice_env env = d->env;
    alice_env_free(&env, d, sizeof *d);
    *dests = NULL;
}

static handle *find(alice__dests *d, const char *path, size_t length, uint64_t hash)
{
    for (size_t i = 0; i < HANDLES; i++) {
        handle *h = &d->handles[i];
        if (h->path && h->hash == hash && h->length == length &&
            memcmp(h->path, path, length) == 0)
            return h;
    }
    return NULL;
}

/* A free entry: the least lately used one makes room. */
static handle *take(alice__dests *d)
{
    handle *oldest = &d->handles[0];
    for (size_t i = 0; i < d->most; i++) {
        handle *h = &d->handles[i];
        if (!h->path)
            return h;
        if (h->used < oldest->used)
            oldest = h;
    }
    release(d, oldest);
    return oldest;
}

/* Whether a part of a path may be one of ours. */
static bool part_is_good(const char *p, size_t n)
{
    return n > 0 && n <= 255 && !(n == 1 && p[0] == '.') &&
           !(n == 2 && p[0] == '.' && p[1] == '.');
}

/* Open, or make and open, the last part of `path` below the open folder `parent`. */
static alice_status open_part(alice__dests *d, size_t parent, const char *part, size_t length,
                              bool make, int *fd, int *os_error)
{
    char name[256];
    int dir = parent == ORGANIZED ? d->organized_fd : d->handles[parent].fd;
    memcpy(name, part, length);
    name[length] = 0;
    int r = d->fs->open_dir(d->fs, dir, name, fd);
    if (r == -ENOENT && make) {
        r = d->fs->mkdir(d->fs, dir, name, 0777);
        if (!r) {
            d->stats.made++;
            alice__dests_touch(d, parent);
        }
        if (!r || r == -EEXIST)
            r = d->fs->open_dir(d->fs, dir, name, fd);
    }
    *os_error = -r;
    return r == -ELOOP || r == -ENOTDIR ? ALICE_E_ACCESS : alice__status_of_errno(-r);
}

/* The entry of the first `length` bytes of `path`, below the entry `parent`, which was just
 * used. */
static alice_status enter(alice__dests *d, size_t parent, const char *path, size_t begin,
                          size_t length, bool make, size_t *id, int *os_error)
{
    uint64_t hash = alice__hash64(path, length, 0);
    handle *h = find(d, path, length, hash);
    if (!h) {
        int fd = -1;
        void *p = NULL;
        alice__fs_stat s;
        uint64_t made = d->stats.made;
        alice_status st = alice_env_alloc(&d->env, length, ALICE_HERE, &p);
        if (st == ALICE_OK)
            st = open_part(d, parent, path + begin, length - begin, make, &fd, os_error);
        if (st == ALICE_OK) {
            *os_error = -d->fs->stat_fd(d->fs, fd, &s);
            st = alice__status_of_errno(*os_error);
        }
        if (st != ALICE_OK) {
            alice__fs_close(fd);
            alice_env_free(&d->env, p, p ? length : 0);
            return st;
        }
        h = take(d);
        memcpy(p, path, length);
        *h = (handle){.path = p,
                      .length = length,
                      .hash = hash,
                      .fd = fd,
                      .apart = s.dev != d->dev,
                      .met = d->stats.made == made};
        uint64_t *seen = &d->seen[hash % SEEN / 64], bit = UINT64_C(1) << hash % 64;
        h->met &= !(*seen & bit);
        *seen |= bit;
    }
    h->used = ++d->clock;
    *id = (size_t)(h - d->handles);
    return ALICE_OK;
}

alice_status alice__dests_check(const alice__dests *d, size_t *held)
{
    *held = 0;
    for (size_t i = 0; i < HANDLES; i++) {
        const handle *h = &d->handles[i];
        if (!h->path)
            continue;
        ++*held;
        if (h->fd < 0 || h->used > d->clock)
            return ALICE_E_DAMAGED;
        for (size_t j = i + 1; j < HANDLES; j++) {
            const handle *o = &d->handles[j];
            if (o->path && o->length == h->length && memcmp(o->path, h->path, h->length) == 0)
                return ALICE_E_DAMAGED;
        }
    }
    return ALICE_OK;
}

static bool holds(const alice__dests *d)
{
    size_t held = 0;
    return alice__dests_check(d, &held) == ALICE_OK && held <= d->most;
}

alice_status alice__dests_get(alice__dests *d, const char *dest, bool make, alice__dest *out,
                              const char **leaf, int *os_error)
{
    const char *slash = strrchr(dest, '/');
    const char *name = slash ? slash + 1 : dest;
    size_t length = slash ? (size_t)(slash - dest) : 0;
    size_t id = ORGANIZED;
    *os_error = EINVAL;
    ALICE__CHECKED(holds(d));
    if (!part_is_good(name, strlen(name)))
        return ALICE_E_INVAL;
    if (slash) {
        handle *h = length > 0 ? find(d, dest, length, alice__hash64(dest, length, 0)) : NULL;
        size_t begin = 0;
        if (h) {
            h->used = ++d->clock;
            id = (size_t)(h - d->handles);
            begin = length + 1;
        }
        while (begin <= length) {
            const char *end = memchr(dest + begin, '/', length - begin);
            size_t stop = end ? (size_t)(end - dest) : length;
            if (!part_is_good(dest + begin, stop - begin)) {
                *os_error = EINVAL;
                return ALICE_E_INVAL;
            }
            alice_status st = enter(d, id, dest, begin, stop, make, &id, os_error);
            if (st != ALICE_OK)
                return st;
            begin = stop + 1;
        }
    }
    *os_error = 0;
    *leaf = name;
    *out = (alice__dest){.fd = id == ORGANIZED ? d->organized_fd : d->handles[id].fd,
                         .id = id,
                         .apart = id != ORGANIZED && d->handles[id].apart,
                         .met = id != ORGANIZED && d->handles[id].met};
    if (id != ORGANIZED)
        d->handles[id].met = false;
    ALICE__CHECKED(holds(d));
    return ALICE_OK;
}

void alice__dests_touch(alice__dests *d, size_t id)
{
    if (id == ORGANIZED)
        d->organized_touched = true;
    else
        d->handles[id].touched = true;
}

void alice__dests_forget(alice__dests *d)
{
    for (size_t i = 0; i < HANDLES; i++)
        release(d, &d->handles[i]);
    ALICE__CHECKED(holds(d));
}

int alice__dests_flush(alice__dests *d, bool *everything)
{
    unsigned touched = d->organized_touched;
    int failed = 0;
    for (size_t i = 0; i < HANDLES; i++)
        touched += d->handles[i].path && d->handles[i].touched && !d->handles[i].apart;
    bool together = d->all_at_once && (touched > FLUSH_TOGETHER || d->other_touched);
    if (together) {
        d->stats.flushes++;
        failed = d->fs->sync_all(d->fs, d->organized_fd);
    } else if (d->other_touched) {
        failed = -EIO; /* an entry that was evicted could not be flushed */
    } else if (d->organized_touched) {
        failed = flush_fd(d, d->organized_fd);
    }
    if (everything)
        *everything = together && !failed;
    if (!failed)
        d->organized_touched = d->other_touched = false;
    for (size_t i = 0; i < HANDLES; i++) {
        handle *h = &d->handles[i];
        if (!h->path || !h->touched)
            continue;
        int r = !together || h->apart ? flush_fd(d, h->fd) : failed;
        if (r)
            failed = r;
        else
            h->touched = false;
    }
    return failed;
}

void alice__dests_stats_get(const alice__dests *d, alice__dests_stats *out)
{
    *out = d->stats;
}
