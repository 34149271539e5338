/* SPDX-License-Identifier: MIT */
#include "organize/transfer_int.h"

/*
 * A file gets its name, and nothing that stands is replaced: a rename that refuses to; else
 * a hard link and an unlink; else an empty file made with O_EXCL keeps the name, and the file
 * is renamed over that.
 *
 * A server's answer is not always what it did: a call whose reply got lost is sent again and
 * then reports that the name is gone, or taken. So after a failure this code looks at what
 * stands, and removes nothing that could be the last copy.
 */

#include <errno.h>

/* The time that marks a reservation: even seconds, as some file systems have no others. */
#define RESERVED_NS (INT64_C(981173106) * 1000000000)
/* File systems that keep local time may show it some hours off. */
#define RESERVED_SLACK_NS (INT64_C(15) * 3600 * 1000000000)
/* It is made with this mode, so that none is without a mark where modes are kept. */
#define RESERVED_MODE 01000
/* File systems that round times do it to two seconds at most. */
#define TIME_SLACK_NS (INT64_C(2) * 1000000000)

bool alice__is_reservation(const alice__fs_stat *s)
{
    int64_t off = s->mtime_ns - RESERVED_NS;
    return s->kind == ALICE__FS_FILE && s->size == 0 &&
           (s->mode == RESERVED_MODE ||
            (off >= -RESERVED_SLACK_NS && off <= RESERVED_SLACK_NS));
}

bool alice__name_is_gone(const alice__fs_ops *fs, int dir, const char *name)
{
    alice__fs_stat s;
    return fs->stat_at(fs, dir, name, &s) == -ENOENT;
}

/* The old name is gone, and under the new one stands what was to get it. */
static bool was_renamed(const alice__fs_ops *fs, const alice__naming *n)
{
    alice__fs_stat s;
    if (!alice__name_is_gone(fs, n->from_dir, n->from) ||
        fs->stat_at(fs, n->to_dir, n->to, &s) != 0)
        return false;
    int64_t off = s.mtime_ns - n->stamp->mtime_ns;
    return s.kind == ALICE__FS_FILE && s.size == n->stamp->size && off >= -TIME_SLACK_NS &&
           off <= TIME_SLACK_NS && !alice__is_reservation(&s);
}

/* Whether `to` is the file `was`, which then had another name. */
static bool is_another_name(const alice__fs_ops *fs, const alice__naming *n,
                            const alice__fs_stat *was)
{
    alice__fs_stat s;
    return fs->stat_at(fs, n->to_dir, n->to, &s) == 0 && s.dev == was->dev &&
           s.inode == was->inode && s.links > was->links;
}

/* Keep the name with an empty file of ours, and rename over that. */
static int place_by_reservation(const alice__fs_ops *fs, const alice__naming *n)
{
    int fd = -1;
    alice__fs_stat made, s;
    int r = fs->create(fs, n->to_dir, n->to, RESERVED_MODE, &fd);
    if (r)
        return r;
    r = fs->stat_fd(fs, fd, &made);
    bool known = r == 0;
    if (!r)
        r = fs->set_times(fs, fd, RESERVED_NS, RESERVED_NS);
    alice__fs_close(fd);
    if (!r)
        r = fs->stat_at(fs, n->to_dir, n->to, &s);
    /* Replaced meanwhile: it belongs to somebody else. */
    if (!r && !alice__is_reservation(&s))
        return -EEXIST;
    if (!r)
        r = fs->rename_over(fs, n->from_dir, n->from, n->to_dir, n->to);
    if (!r || was_renamed(fs, n))
        return 0;
    if (fs->stat_at(fs, n->to_dir, n->to, &s) == 0 && s.size == 0 &&
        ((known && s.inode == made.inode) || alice__is_reservation(&s)))
        /* One that stays is empty, marked as ours, and goes with recovery or the next sweep. */
        (void)fs->unlink(fs, n->to_dir, n->to);
    return r;
}

/* A second name, and the first one goes. */
static int place_by_link(const alice__fs_ops *fs, const alice__naming *n)
{
    alice__fs_stat was;
    int r = fs->stat_at(fs, n->from_dir, n->from, &was);
    if (r)
        return r;
    r = fs->link(fs, n->from_dir, n->from, n->to_dir, n->to);
    if (r && !is_another_name(fs, n, &was))
        return r;
    r = fs->unlink(fs, n->from_dir, n->from);
    if (!r || alice__name_is_gone(fs, n->from_dir, n->from))
        return 0;
    /* Only while it has both names may one of them go. Where this fails too, it keeps both, the
     * file has failed with what was wrong first, and the next run finds its twin organized. */
    if (is_another_name(fs, n, &was))
        (void)fs->unlink(fs, n->to_dir, n->to);
    return r;
}

int alice__place(const alice__fs_ops *fs, const alice__naming *n)
{
    int r = fs->rename_new(fs, n->from_dir, n->from, n->to_dir, n->to);
    if (r != -EINVAL && r != -ENOSYS && r != -EOPNOTSUPP)
        return r && r != -EXDEV && was_renamed(fs, n) ? 0 : r;
    r = place_by_link(fs, n);
    if (r == -EPERM || r == -EOPNOTSUPP || r == -ENOSYS || r == -EMLINK)
        r = place_by_reservation(fs, n);
    return r;
}
