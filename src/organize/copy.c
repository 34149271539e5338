/* SPDX-License-Identifier: MIT */
#include "organize/transfer_int.h"

/*
 * Copying: the blocks are shared where the file system can; else the kernel
 * copies; else they are read and written. Holes stay holes. Pages of large files
 * are written and dropped on the way, so that they do not fill the page cache.
 */

#include <errno.h>
#include <string.h>

#include "base/error.h"

static int try_clone(const alice__transfer *t, int to, int from)
{
    return t->probe.no_clone ? -EOPNOTSUPP : alice__fs_clone(to, from);
}

static int try_kernel_copy(const alice__transfer *t, int from, int to, uint64_t at, size_t n,
                           size_t *done)
{
    return t->probe.no_kernel_copy ? -EXDEV : alice__fs_copy_range(from, at, to, at, n, done);
}

/* One copy under way. A failure is told by its status; `os_error` with it. */
typedef struct copying {
    alice__transfer *t;
    int from, to;
    uint64_t size;
    uint64_t from_dev;
    bool sparse, kernel;
    alice__hasher *hasher; /* NULL: the content is not hashed */
    uint64_t dropped;      /* pages before this were written and dropped */
    uint64_t started;      /* pages before this are being written */
    int os_error;
} copying;

static alice_status copy_failed(copying *c, int r)
{
    c->os_error = -r;
    return alice__status_of_errno(-r);
}

/* Behind a long copy: have its pages written, and drop what was. */
static void copy_passed(copying *c, uint64_t at)
{
    if (at - c->started < ALICE__STRETCH)
        return;
    alice__fs_start_writing(c->to, c->started, at - c->started, false);
    if (c->started > c->dropped) {
        uint64_t n = c->started - c->dropped;
        alice__fs_start_writing(c->to, c->dropped, n, true);
        alice__fs_drop_cache(c->to, c->dropped, n);
        alice__fs_drop_cache(c->from, c->dropped, n);
    }
    c->dropped = c->started;
    c->started = at;
}

/* Copy a stretch of data [at, end). */
static alice_status copy_stretch(copying *c, uint64_t at, uint64_t end)
{
    alice__transfer *t = c->t;
    uint64_t asked = at;
    while (at < end) {
        size_t n = end - at < ALICE__STRETCH ? (size_t)(end - at) : ALICE__STRETCH;
        size_t got = 0;
        if (at >= asked + ALICE__STRETCH) {
            asked = at;
            if (t->o.should_stop && t->o.should_stop(t->o.stop_ctx))
                return ALICE_E_CANCELLED;
        }
        if (c->kernel) {
            int r = try_kernel_copy(t, c->from, c->to, at, n, &got);
            if (r == -ENOSPC || r == -EDQUOT || r == -EFBIG)
                return copy_failed(c, r);
            /* Whatever else it is: reading and writing succeeds, or says what is wrong. */
            if (r || got == 0) {
                c->kernel = false;
                continue;
            }
        } else {
            alice_status st = alice__transfer_buffer(t);
            if (st != ALICE_OK)
                return st;
            if (n > t->buffer_size)
                n = t->buffer_size;
            int r = alice__fs_read_at(c->from, at, t->buffer, n, &got);
            if (!r && got == 0)
                return ALICE_E_CHANGED; /* shorter than it was */
            if (!r && c->hasher)
                alice__hasher_update(c->hasher, t->buffer, got);
            if (!r)
                r = alice__fs_write_at(c->to, at, t->buffer, got);
            if (r)
                return copy_failed(c, r);
        }
        at += got;
        copy_passed(c, at);
    }
    return ALICE_OK;
}

static void hash_hole(alice__hasher *h, uint64_t n)
{
    static const uint8_t zeros[4096];
    while (n > 0) {
        size_t some = n < sizeof zeros ? (size_t)n : sizeof zeros;
        alice__hasher_update(h, zeros, some);
        n -= some;
    }
}

/* Copy all content. `*shared`: the blocks are shared, nothing was copied. */
static alice_status copy_content(copying *c, bool *shared)
{
    alice__transfer *t = c->t;
    *shared = false;
    if (c->size > 0 && !(t->no_clone_known && t->no_clone_dev == c->from_dev)) {
        int r = try_clone(t, c->to, c->from);
        if (!r) {
            *shared = true;
            return ALICE_OK;
        }
        if (r == -ENOSPC || r == -EDQUOT)
            return copy_failed(c, r);
        if (r == -EOPNOTSUPP || r == -ENOTTY || r == -EXDEV) {
            t->no_clone_known = true;
            t->no_clone_dev = c->from_dev;
        }
    }
    alice__fs_advise_sequential(c->from);
    c->kernel = !c->hasher;
    uint64_t at = 0;
    while (at < c->size) {
        uint64_t begin = at, end = c->size;
        if (c->sparse) {
            int r = alice__fs_data(c->from, at, &begin, &end);
            if (r == -ENXIO)
                begin = end = c->size; /* only a hole follows */
            else if (r)
                return copy_failed(c, r);
            begin = begin < c->size ? begin : c->size;
            end = end < c->size ? end : c->size;
        }
        if (c->hasher)
            hash_hole(c->hasher, begin - at);
        alice_status st = copy_stretch(c, begin, end);
        if (st != ALICE_OK)
            return st;
        at = end;
    }
    if (c->sparse) {
        int r = alice__fs_truncate(c->to, c->size);
        if (r)
            return copy_failed(c, r);
    }
    return ALICE_OK;
}

/* Extended attributes, access lists among them. Labels of security modules are the
 * destination's own. */
static void copy_xattrs(alice__transfer *t, int from, int to)
{
    size_t names = 0;
    if (alice__fs_xattr_names(from, NULL, 0, &names) || names == 0)
        return;
    if (alice__transfer_buffer(t) != ALICE_OK || names > t->buffer_size / 2 ||
        alice__fs_xattr_names(from, (char *)t->buffer, t->buffer_size / 2, &names)) {
        t->stats.attributes_lost++;
        return;
    }
    uint8_t *value = t->buffer + t->buffer_size / 2;
    const char *name = (const char *)t->buffer, *end = name + names;
    for (; name < end; name += strlen(name) + 1) {
        size_t size = 0;
        if (strncmp(name, "security.", 9) == 0)
            continue;
        if (alice__fs_xattr_get(from, name, value, t->buffer_size / 2, &size) ||
            alice__fs_xattr_set(to, name, value, size))
            t->stats.attributes_lost++;
    }
}

static void copy_attributes(alice__transfer *t, int from, int to, const alice__fs_stat *s)
{
    uint32_t mode = s->mode;
    alice__fs_stat made;
    if (alice__fs_stat_fd(to, &made) == 0 && (made.uid != s->uid || made.gid != s->gid) &&
        alice__fs_set_owner(to, s->uid, s->gid)) {
        /* Another's file: the copy is ours, its group where that is permitted, and nobody's
         * power. */
        if (made.gid != s->gid)
            (void)alice__fs_set_owner(to, UINT32_MAX, s->gid);
        mode &= 01777;
        t->stats.attributes_lost++;
    }
    copy_xattrs(t, from, to);
    if (alice__fs_set_mode(to, mode))
        t->stats.attributes_lost++;
    /* Last: what stands before would change them. */
    if (alice__fs_set_times(to, s->atime_ns, s->mtime_ns))
        t->stats.attributes_lost++;
}

/* Make the temporary file; a number that is taken belongs to a run that died. */
static int make_temp(alice__transfer *t, int dir, uint32_t *number, int *fd)
{
    char name[ALICE__TEMP_NAME];
    int r = -EEXIST;
    for (unsigned try = 0; r == -EEXIST && try < 10000; try++) {
        *number = t->next_temp++;
        alice__temp_name(t, *number, name);
        r = alice__fs_create(dir, name, 0600, fd);
    }
    return r;
}

alice_status alice__copy_to_temp(alice__transfer *t, const alice__job *job,
                                 const alice__dest *dest, alice__batch_file *i)
{
    int from = -1, to = -1;
    char name[ALICE__TEMP_NAME];
    alice_status st = ALICE_OK;
    alice__fs_stat s;
    alice__hasher hasher;
    copying c = {.t = t};

    i->what = "the source cannot be opened";
    int r = alice__fs_open_read(job->source_dir_fd, job->source_name, &from);
    if (!r)
        r = alice__fs_stat_fd(from, &s);
    if (r == -ELOOP || (!r && !alice__is_stamped(&s, &job->stamp))) {
        st = ALICE_E_CHANGED;
        goto out;
    }
    if (!r) {
        i->what = "a file cannot be made in the destination folder";
        r = make_temp(t, dest->fd, &i->temp, &to);
    }
    if (r) {
        i->os_error = -r;
        /* The caller has to know whose ENOENT it is. */
        st = r == -ENOENT && from >= 0 ? ALICE_E_SYSTEM : alice__status_of_errno(-r);
        goto out;
    }
    alice__transfer_step(t, "temporary made");

    i->what = "copying failed";
    c = (copying){.t = t,
                  .from = from,
                  .to = to,
                  .size = s.size,
                  .from_dev = s.dev,
                  .sparse = s.blocks < s.size,
                  .hasher = i->remove_source ? &hasher : NULL};
    if (c.hasher)
        alice__hasher_init(c.hasher);
    bool shared;
    st = copy_content(&c, &shared);
    i->os_error = c.os_error;
    alice__transfer_step(t, "content copied");
    if (st == ALICE_OK) {
        copy_attributes(t, from, to, &s);
        r = alice__fs_stat_fd(from, &s);
        if (r || !alice__is_stamped(&s, &job->stamp))
            st = ALICE_E_CHANGED;
    }
    if (st != ALICE_OK) {
        alice__temp_name(t, i->temp, name);
        alice__fs_unlink(dest->fd, name);
        goto out;
    }
    i->verify = i->remove_source && !shared;
    if (i->verify)
        i->hash = alice__hasher_final(c.hasher);
    if (shared)
        t->stats.reflinked++;
    else
        t->stats.copied++;
    t->stats.bytes_copied += shared ? 0 : s.size;
    /* Writing of it may begin while the next one is read. */
    if (!shared)
        alice__fs_start_writing(to, 0, 0, false);
out:
    alice__fs_close(from);
    alice__fs_close(to);
    return st;
}
