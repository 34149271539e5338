/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "port/fs.h"

/*
 * Every system call on files and directories stands here once, so that the
 * rest of the program is free of errno, EINTR and the extensions of Linux.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* The kernel's numbers: its headers are not there for every C library. */
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef RESOLVE_BENEATH
struct open_how {
    uint64_t flags, mode, resolve;
};
#define RESOLVE_NO_SYMLINKS 0x04
#define RESOLVE_BENEATH 0x08
#endif
#ifndef FICLONE
#define FICLONE _IOW(0x94, 9, int)
#endif
/* A range and one file that it is to be shared with: FIDEDUPERANGE. */
struct dedupe {
    uint64_t from_at, n;
    uint16_t count, reserved_1;
    uint32_t reserved_2;
    int64_t to;
    uint64_t to_at, done;
    int32_t status;
    uint32_t reserved_3;
};
#define DEDUPE _IOC(_IOC_READ | _IOC_WRITE, 0x94, 54, offsetof(struct dedupe, to))
#define DEDUPE_DIFFERS 1
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE (1 << 0)
#endif
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE (1 << 1)
#endif
_Static_assert(ALICE__FS_CWD == AT_FDCWD, "the working directory has the kernel's number");
_Static_assert(sizeof(off_t) == 8, "files are larger than 2 GB");

/* What a call answered, as 0 or -errno. */
static int result(int answer)
{
    return answer < 0 ? -errno : 0;
}

static int open_one(int dir, const char *name, int flags, uint32_t mode, int *fd)
{
    int got;
    do {
        got = openat(dir, name, flags | O_CLOEXEC, (mode_t)mode);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    *fd = got;
    return 0;
}

/* Where the kernel cannot (before 5.6, or a filter forbids it): folder by folder. */
static int open_by_parts(int dir, const char *path, int flags, uint32_t mode, int *fd)
{
    int at = dir, r = 0;
    while (!r) {
        char part[NAME_MAX + 1];
        size_t n = strcspn(path, "/");
        bool last = !path[n];
        if (n > NAME_MAX)
            r = -ENAMETOOLONG;
        else if (n == 0 || (n == 2 && path[0] == '.' && path[1] == '.'))
            r = -EXDEV;
        if (r)
            break;
        memcpy(part, path, n);
        part[n] = 0;
        int next = -1;
        r = last ? open_one(at, part, flags | O_NOFOLLOW, mode, fd)
                 : open_one(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, &next);
        if (last)
            break;
        if (at != dir)
            close(at);
        at = next;
        path += n + 1;
        path += strspn(path, "/");
    }
    if (at != dir && at >= 0)
        close(at);
    return r;
}

/* A path below an open folder never leads out of it, and through no symbolic link. */
static int open_beneath(int dir, const char *path, int flags, uint32_t mode, int *fd)
{
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
                           .mode = flags & O_CREAT ? mode : 0,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    long got;
    /* EAGAIN: something was renamed meanwhile, so that the kernel cannot be sure. */
    for (int tries = 0;; tries++) {
        got = syscall(SYS_openat2, dir, path, &how, sizeof how);
        if (got >= 0 || (errno != EINTR && (errno != EAGAIN || tries >= 100)))
            break;
    }
    if (got >= 0) {
        *fd = (int)got;
        return 0;
    }
    return errno == ENOSYS || errno == EPERM || errno == EAGAIN
               ? open_by_parts(dir, path, flags, mode, fd)
               : -errno;
}

static int open_at(int dir, const char *name, int flags, uint32_t mode, int *fd)
{
    return dir != AT_FDCWD && strchr(name, '/') ? open_beneath(dir, name, flags, mode, fd)
                                                : open_one(dir, name, flags, mode, fd);
}

/* ---- opening ---- */

int alice__fs_open_read(int dir, const char *name, int *fd)
{
    /* Non-blocking, or opening a fifo without a writer would wait for ever. Looking at a file
       is no use of it: its access time stays, where we may (only its owner may), which also
       spares a write of its inode. */
    int flags = O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
    int bad = open_at(dir, name, flags | O_NOATIME, 0, fd);
    return bad == -EPERM ? open_at(dir, name, flags, 0, fd) : bad;
}

int alice__fs_create(int dir, const char *name, uint32_t mode, int *fd)
{
    return open_at(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY, mode, fd);
}

int alice__fs_open_write(int dir, const char *name, bool create, uint32_t mode, int *fd)
{
    int flags = O_RDWR | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | (create ? O_CREAT : 0);
    return open_at(dir, name, flags, mode, fd);
}

int alice__fs_open_dir(int dir, const char *name, int *fd)
{
    return open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, fd);
}

int alice__fs_open_dir_path(const char *path, int *fd)
{
    return open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, fd);
}

int alice__fs_scratch(const char *path, int *fd)
{
    int r = open_at(AT_FDCWD, path, O_RDWR | O_TMPFILE | O_EXCL, 0600, fd);
    if (r != -EOPNOTSUPP && r != -EISDIR && r != -EINVAL)
        return r;

    /* A file system without O_TMPFILE: a name that lives for two calls. */
    int dir = -1;
    r = alice__fs_open_dir_path(path, &dir);
    if (r)
        return r;
    for (unsigned try = 0; try < 100; try++) {
        struct timespec now;
        char name[64];
        clock_gettime(CLOCK_MONOTONIC, &now);
        snprintf(name, sizeof name, ".alice-tmp-%ld-%ld-%u", (long)getpid(), now.tv_nsec, try);
        r = alice__fs_create(dir, name, 0600, fd);
        if (r == -EEXIST)
            continue;
        if (!r && (r = alice__fs_unlink(dir, name)) != 0) {
            alice__fs_close(*fd); /* a file with a name is no scratch file */
            *fd = -1;
        }
        break;
    }
    alice__fs_close(dir);
    return r;
}

int alice__fs_dup(int fd, int *copy)
{
    int got = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (got < 0)
        return -errno;
    *copy = got;
    return 0;
}

int alice__fs_no_writer(int fd)
{
    /* A lease to read is given only where nobody has the file open to write. Who opens it in
       the moment that it is held waits, and we are sent a signal: one that does nothing. */
    if (fcntl(fd, F_SETSIG, SIGURG) || fcntl(fd, F_SETLEASE, F_RDLCK))
        return errno == EAGAIN ? -EBUSY : 0;
    return result(fcntl(fd, F_SETLEASE, F_UNLCK));
}

void alice__fs_close(int fd)
{
    /* Not repeated after EINTR: on Linux the descriptor is gone even then. */
    if (fd >= 0)
        close(fd);
}

/* ---- looking ---- */

static int64_t ns_of(struct timespec t)
{
    /* Times before 1678 and after 2262 do not fit: hold them at the edge. */
    int64_t ns;
    if (__builtin_mul_overflow((int64_t)t.tv_sec, INT64_C(1000000000), &ns) ||
        __builtin_add_overflow(ns, (int64_t)t.tv_nsec, &ns))
        return t.tv_sec < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

static alice__fs_kind kind_of_mode(mode_t mode)
{
    return S_ISREG(mode)   ? ALICE__FS_FILE
           : S_ISDIR(mode) ? ALICE__FS_DIR
           : S_ISLNK(mode) ? ALICE__FS_LINK
                           : ALICE__FS_SPECIAL;
}

static void fill_stat(alice__fs_stat *out, const struct stat *s)
{
    *out = (alice__fs_stat){
        .kind = kind_of_mode(s->st_mode),
        .mode = (uint32_t)s->st_mode & 07777,
        .size = (uint64_t)s->st_size,
        .blocks = (uint64_t)s->st_blocks * 512,
        .atime_ns = ns_of(s->st_atim),
        .mtime_ns = ns_of(s->st_mtim),
        .ctime_ns = ns_of(s->st_ctim),
        .dev = (uint64_t)s->st_dev,
        .inode = (uint64_t)s->st_ino,
        .links = (uint64_t)s->st_nlink,
        .uid = (uint32_t)s->st_uid,
        .gid = (uint32_t)s->st_gid,
    };
}

int alice__fs_stat_fd(int fd, alice__fs_stat *out)
{
    struct stat s;
    if (fstat(fd, &s))
        return -errno;
    fill_stat(out, &s);
    return 0;
}

int alice__fs_stat_at(int dir, const char *name, alice__fs_stat *out)
{
    struct stat s;
    int fd = -1, r = 0;
    /* One name is looked at where it stands. The folders of a path could be links out of it. */
    if (dir == AT_FDCWD || !strchr(name, '/')) {
        r = fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
    } else {
        r = open_beneath(dir, name, O_PATH | O_NOFOLLOW, 0, &fd);
        if (!r && fstat(fd, &s))
            r = -errno;
        alice__fs_close(fd);
    }
    if (!r)
        fill_stat(out, &s);
    return r;
}

int alice__fs_stat_path(const char *path, alice__fs_stat *out)
{
    struct stat s;
    if (stat(path, &s))
        return -errno;
    fill_stat(out, &s);
    return 0;
}

int alice__fs_real_path(const char *path, char *buf, size_t size)
{
    char real[PATH_MAX];
    if (!realpath(path, real))
        return -errno;
    size_t n = strlen(real) + 1;
    if (n > size)
        return -ERANGE;
    memcpy(buf, real, n);
    return 0;
}

void alice__fs_dir_start(alice__fs_dir *d, int fd, void *buf, size_t size)
{
    *d = (alice__fs_dir){.fd = fd, .buf = buf, .size = size};
}

static alice__fs_kind kind_of_type(unsigned char type)
{
    switch (type) {
    case DT_REG:
        return ALICE__FS_FILE;
    case DT_DIR:
        return ALICE__FS_DIR;
    case DT_LNK:
        return ALICE__FS_LINK;
    case DT_UNKNOWN:
        return ALICE__FS_UNKNOWN;
    default:
        return ALICE__FS_SPECIAL;
    }
}

/* The kernel's record: inode, offset, length, type, then the terminated name. */
enum {
    DENT_RECLEN = offsetof(struct dirent64, d_reclen),
    DENT_TYPE = offsetof(struct dirent64, d_type),
    DENT_NAME = offsetof(struct dirent64, d_name)
};

int alice__fs_dir_next(alice__fs_dir *d, alice__fs_name *out)
{
    for (;;) {
        if (d->at >= d->end) {
            long got = syscall(SYS_getdents64, d->fd, d->buf, d->size);
            if (got < 0 && errno == EINTR)
                continue;
            if (got < 0) {
                /* A directory removed while it is read has no more names; one that stands and
                 * answers so (a lost network file system does) has failed. */
                int e = errno;
                struct stat st;
                if (e != ENOENT || fstat(d->fd, &st) != 0 || st.st_nlink > 0)
                    return -e;
            }
            d->at = 0;
            d->end = got > 0 ? (size_t)got : 0;
            if (d->end == 0) {
                *out = (alice__fs_name){.name = NULL};
                return 0;
            }
        }
        const char *record = d->buf + d->at;
        uint16_t length;
        uint64_t inode;
        memcpy(&inode, record, sizeof inode);
        memcpy(&length, record + DENT_RECLEN, sizeof length);
        d->at += length;
        const char *name = record + DENT_NAME;
        if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)))
            continue;
        out->name = name;
        out->kind = kind_of_type((unsigned char)record[DENT_TYPE]);
        out->inode = inode;
        return 0;
    }
}

/* ---- reading and writing ---- */

int alice__fs_read_at(int fd, uint64_t offset, void *buf, size_t n, size_t *got)
{
    size_t done = 0;
    if (offset > (uint64_t)INT64_MAX - n)
        return -EOVERFLOW;
    while (done < n) {
        ssize_t r = pread(fd, (char *)buf + done, n - done, (off_t)(offset + done));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -errno;
        if (r == 0)
            break;
        done += (size_t)r;
    }
    *got = done;
    return 0;
}

int alice__fs_write_at(int fd, uint64_t offset, const void *buf, size_t n)
{
    size_t done = 0;
    if (offset > (uint64_t)INT64_MAX - n)
        return -EOVERFLOW;
    while (done < n) {
        ssize_t r = pwrite(fd, (const char *)buf + done, n - done, (off_t)(offset + done));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -errno;
        if (r == 0)
            return -EIO;
        done += (size_t)r;
    }
    return 0;
}

int alice__fs_truncate(int fd, uint64_t size)
{
    if (size > (uint64_t)INT64_MAX)
        return -EFBIG;
    int r;
    do {
        r = ftruncate(fd, (off_t)size);
    } while (r < 0 && errno == EINTR);
    return result(r);
}

void alice__fs_punch(int fd, uint64_t offset, uint64_t n)
{
    if (n > 0)
        (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                        (off_t)n);
}

int alice__fs_clone(int to, int from)
{
    return result(ioctl(to, FICLONE, from));
}

/* As the C libraries declare it; the kernel looks at 32 bits. */
#ifdef __GLIBC__
typedef unsigned long ioctl_request;
#else
typedef int ioctl_request;
#endif

int alice__fs_dedupe(int from, int to, uint64_t at, uint64_t n, uint64_t *done, bool *same)
{
    struct dedupe ask = {.from_at = at, .n = n, .count = n > 0, .to = to, .to_at = at};
    *done = 0;
    *same = true;
    int r = result(ioctl(from, (ioctl_request)DEDUPE, &ask));
    if (r || n == 0)
        return r;
    *same = ask.status != DEDUPE_DIFFERS;
    *done = ask.status == 0 ? ask.done : 0;
    return ask.status < 0 ? ask.status : 0;
}

int alice__fs_copy_range(int from, uint64_t from_at, int to, uint64_t to_at, size_t n,
                         size_t *done)
{
    loff_t in = (loff_t)from_at, out = (loff_t)to_at;
    ssize_t r;
    do {
        r = copy_file_range(from, &in, to, &out, n, 0);
    } while (r < 0 && errno == EINTR);
    if (r < 0)
        return -errno;
    *done = (size_t)r;
    return 0;
}

void alice__fs_advise_sequential(int fd)
{
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
}

void alice__fs_advise_soon(int fd, uint64_t offset, uint64_t n)
{
    (void)posix_fadvise(fd, (off_t)offset, (off_t)n, POSIX_FADV_WILLNEED);
}

void alice__fs_drop_cache(int fd, uint64_t offset, uint64_t n)
{
    (void)posix_fadvise(fd, (off_t)offset, (off_t)n, POSIX_FADV_DONTNEED);
}

int alice__fs_start_writing(int fd, uint64_t offset, uint64_t n, bool wait)
{
    unsigned flags = SYNC_FILE_RANGE_WRITE;
    if (wait)
        flags |= SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WAIT_AFTER;
    int r = result(sync_file_range(fd, (off_t)offset, (off_t)n, flags));
    /* Where this is not known, the flush that follows says what went wrong. */
    return r == -ENOSYS || r == -EINVAL || r == -ESPIPE || r == -EOPNOTSUPP ? 0 : r;
}

/* ---- attributes ---- */

int alice__fs_set_mode(int fd, uint32_t mode)
{
    return result(fchmod(fd, (mode_t)mode));
}

int alice__fs_set_owner(int fd, uint32_t uid, uint32_t gid)
{
    return result(fchown(fd, uid, gid));
}

static struct timespec timespec_of(int64_t ns)
{
    int64_t seconds = ns / 1000000000, rest = ns % 1000000000;
    if (rest < 0) {
        rest += 1000000000;
        seconds -= 1;
    }
    return (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)rest};
}

int alice__fs_set_times(int fd, int64_t atime_ns, int64_t mtime_ns)
{
    struct timespec times[2] = {timespec_of(atime_ns), timespec_of(mtime_ns)};
    return result(futimens(fd, times));
}

int alice__fs_xattr_names(int fd, char *buf, size_t size, size_t *got)
{
    ssize_t r = flistxattr(fd, buf, buf ? size : 0);
    if (r < 0)
        return -errno;
    *got = (size_t)r;
    return 0;
}

int alice__fs_xattr_get(int fd, const char *name, void *buf, size_t size, size_t *got)
{
    ssize_t r = fgetxattr(fd, name, buf, size);
    if (r < 0)
        return -errno;
    *got = (size_t)r;
    return 0;
}

int alice__fs_xattr_set(int fd, const char *name, const void *value, size_t size)
{
    return result(fsetxattr(fd, name, value, size, 0));
}

/* ---- names ---- */

int alice__fs_rename_new(int from_dir, const char *from, int to_dir, const char *to)
{
    /* Not every C library has a function for it. */
    return result((int)syscall(SYS_renameat2, from_dir, from, to_dir, to, RENAME_NOREPLACE));
}

int alice__fs_rename_over(int from_dir, const char *from, int to_dir, const char *to)
{
    return result(renameat(from_dir, from, to_dir, to));
}

int alice__fs_exchange(int dir, const char *a, const char *b)
{
    return result((int)syscall(SYS_renameat2, dir, a, dir, b, RENAME_EXCHANGE));
}

int alice__fs_link(int from_dir, const char *from, int to_dir, const char *to)
{
    return result(linkat(from_dir, from, to_dir, to, 0));
}

int alice__fs_symlink(const char *text, int dir, const char *name)
{
    return result(symlinkat(text, dir, name));
}

int alice__fs_read_link(int dir, const char *name, char *text, size_t size)
{
    const ssize_t n = readlinkat(dir, name, text, size);
    if (n < 0)
        return -errno;
    if ((size_t)n >= size)
        return -ENAMETOOLONG;
    text[n] = 0;
    return 0;
}

int alice__fs_unlink(int dir, const char *name)
{
    return result(unlinkat(dir, name, 0));
}

int alice__fs_mkdir(int dir, const char *name, uint32_t mode)
{
    return result(mkdirat(dir, name, (mode_t)mode));
}

int alice__fs_rmdir(int dir, const char *name)
{
    return result(unlinkat(dir, name, AT_REMOVEDIR));
}

/* ---- durability ---- */

int alice__fs_sync(int fd)
{
    int r;
    do {
        r = fsync(fd);
    } while (r < 0 && errno == EINTR);
    return result(r);
}

int alice__fs_sync_all(int fd)
{
    return result(syncfs(fd));
}

/* ---- the rest ---- */

int alice__fs_lock(int fd)
{
    int r;
    do {
        r = flock(fd, LOCK_EX | LOCK_NB);
    } while (r < 0 && errno == EINTR);
    return result(r);
}

int alice__fs_local_zone_minutes(int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm local;
    if (!localtime_r(&t, &local))
        return 0;
    return (int)(local.tm_gmtoff / 60);
}

int alice__fs_read_zone(const char *zone, void *to, size_t n, size_t *got)
{
    int zones = -1, fd = -1;
    *got = 0;
    int bad = open_one(AT_FDCWD, "/usr/share/zoneinfo", O_PATH | O_DIRECTORY, 0, &zones);
    if (!bad) /* through links: some zones are links to others */
        bad = open_one(zones, zone, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0, &fd);
    if (!bad)
        bad = alice__fs_read_at(fd, 0, to, n, got);
    alice__fs_close(fd);
    alice__fs_close(zones);
    return bad == -ENOENT || bad == -ENOTDIR ? 0 : bad;
}
