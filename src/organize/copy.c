/* SPDX-License-Identifier: MIT */
#include "organize/transfer_int.h"

/*
 * Copying: the blocks are shared where the file system can; else the kernel
 * copies; else they are read and written. Where a source has holes all of it is read, since
 * what a file system says of its holes was wrong before, and blocks of zeros are not written.
 * Pages of large files are written and dropped on the way, so that they do not fill the page
 * cache. Every answer about what was written is kept: a failed write-back is told once.
 */

#include <errno.h>
#include <string.h>

#include "base/error.h"

enum { BLOCK = 4096 /* of zeros that are not written */ };

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
static int copy_passed(copying *c, uint64_t at)
{
    const alice__fs_ops *fs = c->t->fs;
    if (at - c->started < ALICE__STRETCH)
        return 0;
    int r = fs->start_writing(fs, c->to, c->started, at - c->started, false);
    if (!r && c->started > c->dropped) {
        uint64_t n = c->started - c->dropped;
        r = fs->start_writing(fs, c->to, c->dropped, n, true);
        alice__fs_drop_cache(c->to, c->dropped, n);
        alice__fs_drop_cache(c->from, c->dropped, n);
    }
    c->dropped = c->started;
    c->started = at;
    return r;
}

static bool is_zeros(const uint8_t *p, size_t n)
{
    return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* Write what was read; of a file with holes only what is not zero. */
static int write_block(copying *c, uint64_t at, const uint8_t *p, size_t n)
{
    const alice__fs_ops *fs = c->t->fs;
    if (!c->sparse)
        return fs->write_at(fs, c->to, at, p, n);
    int r = 0;
    for (size_t begin = 0, end = 0; !r && end < n; begin = end) {
        size_t block = n - end < BLOCK ? n - end : BLOCK;
        bool zeros = is_zeros(p + end, block);
        do {
            end += block;
            block = n - end < BLOCK ? n - end : BLOCK;
        } while (end < n && is_zeros(p + end, block) == zeros);
        if (!zeros)
            r = fs->write_at(fs, c->to, at + begin, p + begin, end - begin);
    }
    return r;
}

/* One piece at `at`, through the buffer. */
static alice_status copy_piece(copying *c, uint64_t at, size_t n, size_t *got)
{
    alice__transfer *t = c->t;
    alice_status st = alice__transfer_buffer(t);
    if (st != ALICE_OK)
        return st;
    if (n > t->buffer_size)
        n = t->buffer_size;
    int r = t->fs->read_at(t->fs, c->from, at, t->buffer, n, got);
    if (!r && *got == 0)
        return ALICE_E_CHANGED; /* shorter than it was */
    if (!r && c->hasher)
        alice__hasher_update(c->hasher, t->buffer, *got);
    if (!r)
        r = write_block(c, at, t->buffer, *got);
    return r ? copy_failed(c, r) : ALICE_OK;
}

static alice_status copy_bytes(copying *c)
{
    alice__transfer *t = c->t;
    uint64_t at = 0, asked = 0;
    while (at < c->size) {
        size_t n = c->size - at < ALICE__STRETCH ? (size_t)(c->size - at) : ALICE__STRETCH;
        size_t got = 0;
        int r = 0;
        if (at >= asked + ALICE__STRETCH) {
            asked = at;
            if (t->o.should_stop && t->o.should_stop(t->o.stop_ctx))
                return ALICE_E_CANCELLED;
        }
        if (c->kernel) {
            r = t->fs->copy_range(t->fs, c->from, at, c->to, at, n, &got);
            if (r == -ENOSPC || r == -EDQUOT || r == -EFBIG)
                return copy_failed(c, r);
            /* Any other failure: reading and writing either works or gives the real reason. */
            if (r || got == 0) {
                c->kernel = false;
                continue;
            }
        } else {
            alice_status st = copy_piece(c, at, n, &got);
            if (st != ALICE_OK)
                return st;
        }
        at += got;
        r = copy_passed(c, at);
        if (r)
            return copy_failed(c, r);
    }
    return ALICE_OK;
}

/* Copy all content. `*shared`: the blocks are shared, nothing was copied. */
static alice_status copy_content(copying *c, bool *shared)
{
    alice__transfer *t = c->t;
    *shared = false;
    if (c->size > 0 && !(t->no_clone_known && t->no_clone_dev == c->from_dev)) {
        int r = t->fs->clone(t->fs, c->to, c->from);
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
    c->kernel = !c->hasher && !c->sparse;
    alice_status st = copy_bytes(c);
    if (st == ALICE_OK && c->sparse) {
        int r = t->fs->truncate(t->fs, c->to, c->size);
        if (r)
            return copy_failed(c, r);
    }
    return st;
}

/* What a copy could not keep of its source. */
typedef struct lost {
    unsigned count;
    const char *what; /* of the ones that keep a source from being removed; NULL: none */
    int os_error;
} lost;

static void lose(lost *l, int r, const char *what)
{
    l->count++;
    if (what && !l->what) {
        l->what = what;
        l->os_error = -r;
    }
}

/* Extended attributes, access lists among them. Labels of security modules are the
 * destination's own. */
static alice_status copy_xattrs(alice__transfer *t, int from, int to, lost *l)
{
    static const char what[] = "its extended attributes cannot be kept there";
    size_t names = 0;
    int r = t->fs->xattr_names(t->fs, from, NULL, 0, &names);
    if (r == -EOPNOTSUPP || r == -ENOSYS || (!r && names == 0))
        return ALICE_OK;
    alice_status st = alice__transfer_buffer(t);
    if (st != ALICE_OK)
        return st;
    if (!r)
        r = names > t->buffer_size / 2 ? -E2BIG
                                       : t->fs->xattr_names(t->fs, from, (char *)t->buffer,
                                                            t->buffer_size / 2, &names);
    if (r) {
        lose(l, r, what);
        return ALICE_OK;
    }
    uint8_t *value = t->buffer + t->buffer_size / 2;
    const char *name = (const char *)t->buffer, *end = name + names;
    for (; name < end; name += strlen(name) + 1) {
        size_t size = 0;
        if (strncmp(name, "security.", 9) == 0)
            continue;
        r = t->fs->xattr_get(t->fs, from, name, value, t->buffer_size / 2, &size);
        if (!r)
            r = t->fs->xattr_set(t->fs, to, name, value, size);
        if (r)
            lose(l, r, what);
    }
    return ALICE_OK;
}

static alice_status copy_attributes(alice__transfer *t, int from, int to,
                                    const alice__fs_stat *s, lost *l)
{
    const alice__fs_ops *fs = t->fs;
    uint32_t mode = s->mode;
    alice__fs_stat made;
    if (fs->stat_fd(fs, to, &made) == 0 && (made.uid != s->uid || made.gid != s->gid) &&
        fs->set_owner(fs, to, s->uid, s->gid)) {
        /* A file of another owner: the copy is ours, keeps the group where that is permitted,
         * and loses setuid and setgid. As with cp and mv, that does not hold the source. */
        if (made.gid != s->gid)
            (void)fs->set_owner(fs, to, UINT32_MAX, s->gid);
        mode &= 01777;
        lose(l, 0, NULL);
    }
    alice_status st = copy_xattrs(t, from, to, l);
    int r = fs->set_mode(fs, to, mode);
    if (r)
        lose(l, r, "its permissions cannot be kept there");
    /* Last, because the steps above change them. */
    r = fs->set_times(fs, to, s->atime_ns, s->mtime_ns);
    if (r)
        lose(l, r, "its modification time cannot be kept there");
    return st;
}

/* Make the temporary file; a number that is taken belongs to a run that died. */
static int make_temp(alice__transfer *t, int dir, uint32_t *number, int *fd)
{
    char name[ALICE__TEMP_NAME];
    int r = -EEXIST;
    for (unsigned try = 0; r == -EEXIST && try < 10000; try++) {
        *number = t->next_temp++;
        alice__temp_name(t, *number, name);
        r = t->fs->create(t->fs, dir, name, 0600, fd);
    }
    return r;
}

/* Whether the copy begins with what was probed. */
static alice_status compare_head(alice__transfer *t, const copying *c, const alice__hash *head,
                                 int *os_error)
{
    size_t got = 0;
    alice_status st = alice__transfer_buffer(t);
    if (st != ALICE_OK)
        return st;
    int r = t->fs->read_at(t->fs, c->to, 0, t->buffer, ALICE__HEAD_BYTES, &got);
    *os_error = -r;
    if (r)
        return alice__status_of_errno(-r);
    return alice__same_hash(alice__hash_of_bytes(t->buffer, got), *head) ? ALICE_OK
                                                                         : ALICE_E_CHANGED;
}

alice_status alice__still_there(alice__transfer *t, int fd, const alice__stamp *stamp)
{
    alice__fs_stat s;
    if (t->fs->stat_fd(t->fs, fd, &s) || !alice__is_stamped(&s, stamp))
        return ALICE_E_CHANGED;
    return t->o.leave_busy && t->fs->no_writer(t->fs, fd) == -EBUSY ? ALICE_E_BUSY : ALICE_OK;
}

/*
 * See that a copy will be flushed by the descriptor that wrote it, which learns of a failed
 * write-back. The first few are kept open for it; more of them go together, where flushing a
 * whole file system reports failures; else it is flushed now.
 */
static int hand_over(alice__transfer *t, const alice__dest *dest, alice__batch_file *i, int *fd,
                     bool shared)
{
    if (!t->all_at_once || dest->apart) {
        t->flushes++;
        i->flushed = true;
        i->what = "the copy could not be flushed";
        return t->fs->sync(t->fs, *fd);
    }
    if (t->kept_open < ALICE__FLUSH_TOGETHER) {
        t->kept_open++;
        i->fd = *fd;
        *fd = -1;
        return 0;
    }
    /* Writing of it may begin while the next one is read. */
    return shared ? 0 : t->fs->start_writing(t->fs, *fd, 0, 0, false);
}

/* Content and attributes of `c->from`, whose stat is `s`; then the copy is handed over. */
static alice_status fill_temp(copying *c, const alice__job *job, const alice__dest *dest,
                              const alice__fs_stat *s, alice__batch_file *i)
{
    alice__transfer *t = c->t;
    bool shared;
    lost l = {.count = 0};
    alice__fs_stat made;
    alice_status st = copy_content(c, &shared);
    i->os_error = c->os_error;
    if (st == ALICE_OK && i->remove_source && !job->head_unknown)
        st = compare_head(t, c, &job->source.head, &i->os_error);
    if (st == ALICE_OK)
        st = copy_attributes(t, c->from, c->to, s, &l);
    if (st == ALICE_OK)
        st = alice__still_there(t, c->from, &job->source.stamp);
    if (st == ALICE_OK && l.what && i->remove_source && !t->o.lossy) {
        i->what = l.what;
        i->os_error = l.os_error;
        return ALICE_E_UNSUPPORTED;
    }
    if (st != ALICE_OK)
        return st;
    int r = t->fs->stat_fd(t->fs, c->to, &made);
    if (!r)
        r = hand_over(t, dest, i, &c->to, shared);
    if (r) {
        i->os_error = -r;
        return alice__status_of_errno(-r);
    }
    i->dev = made.dev;
    i->inode = made.inode;
    i->mtime_ns = made.mtime_ns;
    i->verify = i->remove_source && !shared;
    if (i->verify)
        i->hash = alice__hasher_final(c->hasher);
    if (shared)
        t->stats.reflinked++;
    else
        t->stats.copied++;
    t->stats.bytes_copied += shared ? 0 : s->size;
    t->stats.attributes_lost += l.count;
    return ALICE_OK;
}

alice_status alice__copy_to_temp(alice__transfer *t, const alice__job *job,
                                 const alice__dest *dest, alice__batch_file *i)
{
    const alice__fs_ops *fs = t->fs;
    int from = -1, to = -1;
    char name[ALICE__TEMP_NAME];
    alice_status st = ALICE_OK;
    alice__fs_stat s;
    alice__hasher hasher;

    i->what = "the source cannot be opened";
    int r = fs->open_read(fs, job->source_dir_fd, job->source.name, &from);
    if (!r)
        r = fs->stat_fd(fs, from, &s);
    if (r == -ELOOP || (!r && !alice__is_stamped(&s, &job->source.stamp)))
        st = ALICE_E_CHANGED;
    else if (!r)
        st = alice__still_there(t, from, &job->source.stamp);
    if (!r && st == ALICE_OK) {
        i->what = "a file cannot be made in the destination folder";
        r = make_temp(t, dest->fd, &i->temp, &to);
    }
    if (r || st != ALICE_OK) {
        /* The caller must be able to tell which file an ENOENT is about. */
        i->os_error = st == ALICE_OK ? -r : 0;
        st = st != ALICE_OK              ? st
             : r == -ENOENT && from >= 0 ? ALICE_E_SYSTEM
                                         : alice__status_of_errno(-r);
        alice__fs_close(from);
        return st;
    }
    i->what = "copying failed";
    copying c = {.t = t,
                 .from = from,
                 .to = to,
                 .size = s.size,
                 .from_dev = s.dev,
                 .sparse = s.blocks < s.size,
                 .hasher = i->remove_source ? &hasher : NULL};
    if (c.hasher)
        alice__hasher_init(c.hasher);
    st = fill_temp(&c, job, dest, &s, i);
    if (st != ALICE_OK) {
        alice__temp_name(t, i->temp, name);
        /* One that stays is swept, by its name and age, when a later run comes here. */
        (void)fs->unlink(fs, dest->fd, name);
    }
    alice__fs_close(from);
    alice__fs_close(c.to);
    return st;
}
