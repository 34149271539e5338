/* SPDX-License-Identifier: MIT */
#include "organize/transfer_int.h"

/*
 * A file gets its name, and nothing that stands is replaced: a rename that refuses to; else
 * a hard link and an unlink; else an empty file made with O_EXCL keeps the name, and the file
 * is renamed over that.
 */

#include <errno.h>

/* The time that marks a reservation: even seconds, as some file systems have no others. */
#define RESERVED_NS (INT64_C(981173106) * 1000000000)
/* File systems that keep local time may show it some hours off. */
#define RESERVED_SLACK_NS (INT64_C(15) * 3600 * 1000000000)

bool alice__is_stamped(const alice__fs_stat *s, const alice__stamp *stamp)
{
    return s->kind == ALICE__FS_FILE && s->size == stamp->size &&
           s->mtime_ns == stamp->mtime_ns && s->ctime_ns == stamp->ctime_ns;
}

bool alice__is_reservation(const alice__fs_stat *s)
{
    int64_t off = s->mtime_ns - RESERVED_NS;
    return s->kind == ALICE__FS_FILE && s->size == 0 && off >= -RESERVED_SLACK_NS &&
           off <= RESERVED_SLACK_NS;
}

static int try_rename_new(const alice__transfer *t, int from_dir, const char *from, int to_dir,
                          const char *to)
{
    if (t->probe.no_replace_flag)
        return -EINVAL;
    return alice__fs_rename_new(from_dir, from, to_dir, to);
}

static int try_link(const alice__transfer *t, int from_dir, const char *from, int to_dir,
                    const char *to)
{
    return t->probe.no_links ? -EPERM : alice__fs_link(from_dir, from, to_dir, to);
}

int alice__try_unlink(const alice__transfer *t, int dir, const char *name)
{
    int r = alice__fs_unlink(dir, name);
    return t->probe.reply_lost ? t->probe.reply_lost : r;
}

static int try_rename_over(const alice__transfer *t, int from_dir, const char *from, int to_dir,
                           const char *to)
{
    int r = alice__fs_rename_over(from_dir, from, to_dir, to);
    return t->probe.reply_lost ? t->probe.reply_lost : r;
}

/*
 * What a server answered is not always what it did: a call whose reply got lost
 * is sent again, and then says that the name is gone. So after a failure nothing
 * is removed that could be the only one left: the old name has to stand.
 */
bool alice__name_stands(int dir, const char *name)
{
    alice__fs_stat s;
    return alice__fs_stat_at(dir, name, &s) == 0;
}

static bool are_one(int a_dir, const char *a, int b_dir, const char *b)
{
    alice__fs_stat s, u;
    return alice__fs_stat_at(a_dir, a, &s) == 0 && alice__fs_stat_at(b_dir, b, &u) == 0 &&
           s.dev == u.dev && s.inode == u.inode;
}

/* Keep the name `to` with an empty file of ours, and rename over that. */
static int place_by_reservation(alice__transfer *t, int from_dir, const char *from, int to_dir,
                                const char *to)
{
    int fd = -1;
    alice__fs_stat s;
    int r = alice__fs_create(to_dir, to, 0600, &fd);
    if (r)
        return r;
    r = alice__fs_set_times(fd, RESERVED_NS, RESERVED_NS);
    alice__fs_close(fd);
    alice__transfer_step(t, "reserved");
    if (!r)
        r = alice__fs_stat_at(to_dir, to, &s);
    /* Replaced meanwhile: then it is another's. */
    if (!r && !alice__is_reservation(&s))
        return -EEXIST;
    if (!r)
        r = try_rename_over(t, from_dir, from, to_dir, to);
    if (!r)
        return 0;
    if (!alice__name_stands(from_dir, from))
        return 0; /* it was done all the same */
    if (alice__fs_stat_at(to_dir, to, &s) == 0 && s.kind == ALICE__FS_FILE && s.size == 0)
        alice__fs_unlink(to_dir, to);
    return r;
}

int alice__place(alice__transfer *t, int from_dir, const char *from, int to_dir, const char *to)
{
    int r = try_rename_new(t, from_dir, from, to_dir, to);
    if (r != -EINVAL && r != -ENOSYS && r != -EOPNOTSUPP)
        return r;
    r = try_link(t, from_dir, from, to_dir, to);
    if (!r) {
        alice__transfer_step(t, "linked");
        r = alice__try_unlink(t, from_dir, from);
        /* Only while it has both names may one of them go. */
        if (!r || !are_one(from_dir, from, to_dir, to))
            return 0;
        alice__fs_unlink(to_dir, to);
        return r;
    }
    if (r == -EPERM || r == -EOPNOTSUPP || r == -ENOSYS || r == -EMLINK)
        r = place_by_reservation(t, from_dir, from, to_dir, to);
    return r;
}
