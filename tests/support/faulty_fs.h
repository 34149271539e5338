/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TESTS_FAULTY_FS_H
#define ALICE_TESTS_FAULTY_FS_H

/*
 * A file system that fails: the real one behind a table that counts and records every call,
 * and can refuse an operation always, fail its nth call (once, or from then on), do it and lose
 * the reply, end the process before it, or let somebody else act before or after it.
 *
 *     struct faulty_fs f;
 *     faulty_fs_init(&f);
 *     f.refuse[FAULTY_rename_new] = -EXDEV;
 *     options.fs = &f.ops;
 *
 * Calls are counted from 0: of each operation in `calls`, of all in `total`.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port/fs_ops.h"

enum faulty_op {
#define FAULTY_OP(name, parameters, arguments) FAULTY_##name,
    ALICE__FS_OPS(FAULTY_OP)
#undef FAULTY_OP
        FAULTY_OPS,
    FAULTY_ANY = FAULTY_OPS, /* in `fail_op`: whichever operation it is */
    FAULTY_CHANGE            /* whichever changes something on the disk */
};

static const char *const faulty_names[FAULTY_OPS] = {
#define FAULTY_OP(name, parameters, arguments) #name,
    ALICE__FS_OPS(FAULTY_OP)
#undef FAULTY_OP
};

#define FAULTY_FS_NEVER UINT32_MAX
enum { FAULTY_RECORDS = 8192 };

struct faulty_fs {
    alice__fs_ops ops;
    int refuse[FAULTY_OPS];       /* 0, or the -errno that it always answers, undone */
    int reply[FAULTY_OPS];        /* 0, or the -errno that it answers when it has been done */
    int sync_files, sync_folders; /* 0, or the -errno of flushing one */
    bool apart;     /* every folder is a file system of its own: no renaming, no links across */
    bool no_inodes; /* a file system whose inode numbers may come to another file */
    bool not_local; /* a file system whose flush of all tells nothing */

    enum faulty_op fail_op;
    unsigned fail_at; /* the nth call of it; FAULTY_FS_NEVER */
    int fail_with;    /* -errno; 0: the process ends there, with status 99 */
    bool for_good;    /* all of its calls from that one on; with FAULTY_ANY all that change */
    bool fired;

    enum faulty_op act_op;
    unsigned act_at;
    bool act_after; /* once it is done, not before */
    void (*act)(void *ctx);
    void *act_ctx;
    bool acted;

    unsigned calls[FAULTY_OPS], total, changes;
    struct {
        enum faulty_op op;
        uint64_t inode; /* of the descriptor or directory that it was about */
        char name[48];  /* the name it was about; "": none */
        int answer;
    } record[FAULTY_RECORDS];
};

/* Whether an operation changes what is on the disk, or says that it is there. */
static inline bool faulty_changes(enum faulty_op op)
{
    return op == FAULTY_create || op == FAULTY_write_at || op == FAULTY_copy_range ||
           op == FAULTY_truncate || op == FAULTY_clone || op == FAULTY_mkdir ||
           op == FAULTY_link || op == FAULTY_symlink || op == FAULTY_unlink ||
           op == FAULTY_rmdir || op == FAULTY_rename_new || op == FAULTY_exchange ||
           op == FAULTY_dedupe || op == FAULTY_rename_over || op == FAULTY_sync ||
           op == FAULTY_sync_all || op == FAULTY_xattr_set || op == FAULTY_start_writing ||
           op == FAULTY_set_times || op == FAULTY_set_mode || op == FAULTY_set_owner;
}

static inline uint64_t faulty_inode(int fd)
{
    struct stat s;
    return fd >= 0 && fstat(fd, &s) == 0 ? (uint64_t)s.st_ino : 0;
}

/* What a call is about: its directory or descriptor, and a name. */
struct faulty_about {
    int fd;
    const char *name;
};

static inline int faulty_before(struct faulty_fs *f, enum faulty_op op)
{
    bool change = faulty_changes(op);
    unsigned nth = f->calls[op]++, all = f->total++, changes = f->changes;
    f->changes += change;
    unsigned seen = f->fail_op == FAULTY_ANY      ? all
                    : f->fail_op == FAULTY_CHANGE ? changes
                                                  : nth;
    bool mine =
        f->fail_op == FAULTY_ANY || f->fail_op == op || (f->fail_op == FAULTY_CHANGE && change);
    if (f->act && !f->act_after && op == f->act_op && nth == f->act_at && !f->acted) {
        f->acted = true;
        f->act(f->act_ctx);
    }
    if (mine && (seen == f->fail_at ||
                 (f->for_good && seen > f->fail_at && (f->fail_op != FAULTY_ANY || change)))) {
        f->fired = true;
        if (f->fail_with == 0)
            _exit(99);
        return f->fail_with;
    }
    return f->refuse[op];
}

static inline int faulty_after(struct faulty_fs *f, enum faulty_op op, int answer)
{
    if (f->act && f->act_after && op == f->act_op && f->calls[op] == f->act_at + 1 &&
        !f->acted) {
        f->acted = true;
        f->act(f->act_ctx);
    }
    return answer == 0 && f->reply[op] ? f->reply[op] : answer;
}

static inline int faulty_note(struct faulty_fs *f, unsigned at, enum faulty_op op,
                              struct faulty_about about, int answer)
{
    if (at < FAULTY_RECORDS) {
        f->record[at].op = op;
        f->record[at].inode = faulty_inode(about.fd);
        snprintf(f->record[at].name, sizeof f->record[at].name, "%s",
                 about.name ? about.name : "");
        f->record[at].answer = answer;
    }
    return answer;
}

/* What each operation is about. */
#define FAULTY_ABOUT_open_read \
    {                          \
        dir, name              \
    }
#define FAULTY_ABOUT_create \
    {                       \
        dir, name           \
    }
#define FAULTY_ABOUT_open_dir \
    {                         \
        dir, name             \
    }
#define FAULTY_ABOUT_open_dir_path \
    {                              \
        -1, path                   \
    }
#define FAULTY_ABOUT_no_writer \
    {                          \
        fd, NULL               \
    }
#define FAULTY_ABOUT_stat_fd \
    {                        \
        fd, NULL             \
    }
#define FAULTY_ABOUT_stat_at \
    {                        \
        dir, name            \
    }
#define FAULTY_ABOUT_dir_next \
    {                         \
        d->fd, NULL           \
    }
#define FAULTY_ABOUT_read_at \
    {                        \
        fd, NULL             \
    }
#define FAULTY_ABOUT_write_at \
    {                         \
        fd, NULL              \
    }
#define FAULTY_ABOUT_truncate \
    {                         \
        fd, NULL              \
    }
#define FAULTY_ABOUT_clone \
    {                      \
        to, NULL           \
    }
#define FAULTY_ABOUT_dedupe \
    {                       \
        to, NULL            \
    }
#define FAULTY_ABOUT_copy_range \
    {                           \
        to, NULL                \
    }
#define FAULTY_ABOUT_start_writing \
    {                              \
        fd, NULL                   \
    }
#define FAULTY_ABOUT_set_mode \
    {                         \
        fd, NULL              \
    }
#define FAULTY_ABOUT_set_owner \
    {                          \
        fd, NULL               \
    }
#define FAULTY_ABOUT_set_times \
    {                          \
        fd, NULL               \
    }
#define FAULTY_ABOUT_xattr_names \
    {                            \
        fd, NULL                 \
    }
#define FAULTY_ABOUT_xattr_get \
    {                          \
        fd, name               \
    }
#define FAULTY_ABOUT_xattr_set \
    {                          \
        fd, name               \
    }
#define FAULTY_ABOUT_rename_new \
    {                           \
        to_dir, to              \
    }
#define FAULTY_ABOUT_rename_over \
    {                            \
        to_dir, to               \
    }
#define FAULTY_ABOUT_exchange \
    {                         \
        dir, b                \
    }
#define FAULTY_ABOUT_link \
    {                     \
        to_dir, to        \
    }
#define FAULTY_ABOUT_symlink \
    {                        \
        dir, name            \
    }
#define FAULTY_ABOUT_unlink \
    {                       \
        dir, name           \
    }
#define FAULTY_ABOUT_mkdir \
    {                      \
        dir, name          \
    }
#define FAULTY_ABOUT_rmdir \
    {                      \
        dir, name          \
    }
#define FAULTY_ABOUT_sync \
    {                     \
        fd, NULL          \
    }
#define FAULTY_ABOUT_sync_all \
    {                         \
        fd, NULL              \
    }
#define FAULTY_ABOUT_space_of \
    {                         \
        fd, NULL              \
    }

#define FAULTY_OP(name_, parameters, arguments)                                \
    static int faulty_do_##name_(const alice__fs_ops *fs, parameters)          \
    {                                                                          \
        struct faulty_fs *f = fs->ctx;                                         \
        const struct faulty_about about = FAULTY_ABOUT_##name_;                \
        unsigned at = f->total;                                                \
        int r = faulty_before(f, FAULTY_##name_);                              \
        if (!r)                                                                \
            r = faulty_after(f, FAULTY_##name_, alice__fs_##name_(arguments)); \
        return faulty_note(f, at, FAULTY_##name_, about, r);                   \
    }
ALICE__FS_OPS(FAULTY_OP)
#undef FAULTY_OP

/* Refused this once. */
#define FAULTY_UNLESS(condition, op, error, call) \
    do {                                          \
        struct faulty_fs *f_ = fs->ctx;           \
        int was_ = f_->refuse[op];                \
        if (condition)                            \
            f_->refuse[op] = (error);             \
        int r_ = (call);                          \
        f_->refuse[op] = was_;                    \
        return r_;                                \
    } while (0)

static int faulty_rename_new(const alice__fs_ops *fs, int from_dir, const char *from,
                             int to_dir, const char *to)
{
    FAULTY_UNLESS(f_->apart && faulty_inode(from_dir) != faulty_inode(to_dir),
                  FAULTY_rename_new, -EXDEV,
                  faulty_do_rename_new(fs, from_dir, from, to_dir, to));
}

static int faulty_link(const alice__fs_ops *fs, int from_dir, const char *from, int to_dir,
                       const char *to)
{
    FAULTY_UNLESS(f_->apart && faulty_inode(from_dir) != faulty_inode(to_dir), FAULTY_link,
                  -EXDEV, faulty_do_link(fs, from_dir, from, to_dir, to));
}

static int faulty_sync(const alice__fs_ops *fs, int fd)
{
    struct stat s;
    bool folder = fstat(fd, &s) == 0 && S_ISDIR(s.st_mode);
    FAULTY_UNLESS(folder ? f_->sync_folders : f_->sync_files, FAULTY_sync,
                  folder ? f_->sync_folders : f_->sync_files, faulty_do_sync(fs, fd));
}

static int faulty_space_of(const alice__fs_ops *fs, int fd, alice__fs_space *out)
{
    const struct faulty_fs *f = fs->ctx;
    int r = faulty_do_space_of(fs, fd, out);
    if (!r && f->not_local)
        out->local = false;
    if (!r && f->no_inodes)
        out->inodes = false;
    return r;
}

static inline void faulty_fs_init(struct faulty_fs *f)
{
    memset(f, 0, sizeof *f);
    f->fail_at = FAULTY_FS_NEVER;
    f->fail_op = FAULTY_ANY;
    f->ops.ctx = f;
#define FAULTY_OP(name, parameters, arguments) f->ops.name = faulty_do_##name;
    ALICE__FS_OPS(FAULTY_OP)
#undef FAULTY_OP
    f->ops.rename_new = faulty_rename_new;
    f->ops.link = faulty_link;
    f->ops.sync = faulty_sync;
    f->ops.space_of = faulty_space_of;
}

/* What a file system without them answers. */
static inline void faulty_fs_no_replace_flag(struct faulty_fs *f)
{
    f->refuse[FAULTY_rename_new] = -EINVAL;
}

static inline void faulty_fs_no_links(struct faulty_fs *f)
{
    f->refuse[FAULTY_link] = -EPERM;
}

/* FAT, as Linux shows it: no links, no extended attributes, no shared blocks. */
static inline void faulty_fs_like_vfat(struct faulty_fs *f)
{
    faulty_fs_no_links(f);
    f->refuse[FAULTY_xattr_names] = f->refuse[FAULTY_xattr_set] = -EOPNOTSUPP;
    f->refuse[FAULTY_clone] = f->refuse[FAULTY_set_owner] = -EPERM;
}

/* A share by SMB: no rename without replacing, no links, no flush of all, no leases. */
static inline void faulty_fs_like_smb(struct faulty_fs *f)
{
    faulty_fs_no_replace_flag(f);
    faulty_fs_no_links(f);
    f->refuse[FAULTY_clone] = -EOPNOTSUPP;
    f->refuse[FAULTY_copy_range] = -EXDEV;
    f->not_local = true;
}

#endif
