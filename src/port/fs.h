/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_FS_H
#define ALICE_PORT_FS_H

/*
 * Files and directories: one thin function a system call. Each answers 0 or
 * -errno, hands results out through pointers only where it succeeds, repeats
 * what a signal interrupted, and never follows a symbolic link in the last
 * part of a name unless its comment says so. Descriptors are close-on-exec.
 * Nothing here allocates. Everything is thread-safe.
 *
 * A name is one part of a path, relative to an open directory, so that a tree
 * which changes meanwhile cannot lead out of it. ALICE__FS_CWD stands for the
 * working directory.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ALICE__FS_CWD = -100 };

typedef enum alice__fs_kind {
    ALICE__FS_UNKNOWN = 0, /* only from a directory that does not tell: stat it */
    ALICE__FS_FILE,
    ALICE__FS_DIR,
    ALICE__FS_LINK,
    ALICE__FS_SPECIAL /* socket, fifo, device */
} alice__fs_kind;

typedef struct alice__fs_stat {
    alice__fs_kind kind;
    uint32_t mode; /* permission bits, 07777 */
    uint64_t size;
    uint64_t blocks; /* bytes taken on disk: less than size where there are holes */
    int64_t atime_ns, mtime_ns, ctime_ns;
    uint64_t dev, inode;
    uint64_t links;
    uint32_t uid, gid;
} alice__fs_stat;

/* ---- opening ---- */

/*
 * Where `dir` is an open folder, a path never leads out of it (-EXDEV) nor through a symbolic
 * link (-ELOOP or -ENOTDIR), whatever somebody puts there meanwhile.
 */

/* Open a file to read. Never hangs on a fifo, never takes a terminal; what it is, fstat says.
 */
int alice__fs_open_read(int dir, const char *name, int *fd);
/* Make a file that was not there and open it to read and write. */
int alice__fs_create(int dir, const char *name, uint32_t mode, int *fd);
/* Open a file that stands to read and write; `create` makes it where it is not. */
int alice__fs_open_write(int dir, const char *name, bool create, uint32_t mode, int *fd);
/* Open a directory below `dir`; a symbolic link is -ELOOP or -ENOTDIR. */
int alice__fs_open_dir(int dir, const char *name, int *fd);
/* Open a directory by a path in which links are followed: for what a person typed. */
int alice__fs_open_dir_path(const char *path, int *fd);
/* A file without a name in the directory `path`, gone when it is closed. */
int alice__fs_scratch(const char *path, int *fd);
int alice__fs_dup(int fd, int *copy);
/* -EBUSY: somebody has the file open to write. 0: nobody has, or the file system does not tell.
 * `fd` is open to read only. */
int alice__fs_no_writer(int fd);
/* Close; a negative descriptor is accepted. */
void alice__fs_close(int fd);

/* ---- looking ---- */

int alice__fs_stat_fd(int fd, alice__fs_stat *out);
/* What stands there itself, a link too; below an open folder through none, as opening is. */
int alice__fs_stat_at(int dir, const char *name, alice__fs_stat *out);
/* By a path in which links are followed. */
int alice__fs_stat_path(const char *path, alice__fs_stat *out);
/* The absolute path without links, terminated; -ERANGE where `size` is too small. */
int alice__fs_real_path(const char *path, char *buf, size_t size);

/*
 * Reading a directory through a buffer of the caller (at least 1 KB; 32 KB is
 * good). `fd` is the caller's and has one position: one reader at a time.
 */
typedef struct alice__fs_dir {
    int fd;
    char *buf;
    size_t size, at, end;
} alice__fs_dir;

typedef struct alice__fs_name {
    const char *name; /* borrowed until the next call */
    alice__fs_kind kind;
    uint64_t inode;
} alice__fs_name;

void alice__fs_dir_start(alice__fs_dir *d, int fd, void *buf, size_t size);
/* The next name but "." and ".."; name NULL at the end. */
int alice__fs_dir_next(alice__fs_dir *d, alice__fs_name *out);

/* ---- reading and writing ---- */

/* Read `n` bytes; `*got` is less only at the end of the file. */
int alice__fs_read_at(int fd, uint64_t offset, void *buf, size_t n, size_t *got);
/* Write all of it. */
int alice__fs_write_at(int fd, uint64_t offset, const void *buf, size_t n);
int alice__fs_truncate(int fd, uint64_t size);
/* Give the disk blocks of a range back, which reads as zeros then, where that is known. */
void alice__fs_punch(int fd, uint64_t offset, uint64_t n);
/* Share the blocks of `from`, whole. */
int alice__fs_clone(int to, int from);
/*
 * Have the kernel compare a range, the same in both files, and share its blocks where it is
 * equal: no byte of either file changes. `*done` are the bytes that share now, maybe fewer;
 * `*same`: they were equal. `n` 0 only asks: -EOPNOTSUPP, -ENOTTY or -EINVAL where the file
 * system of `from` cannot.
 */
int alice__fs_dedupe(int from, int to, uint64_t at, uint64_t n, uint64_t *done, bool *same);
/* Copy inside the kernel, up to `n` bytes; `*done` 0 at the end of `from`. */
int alice__fs_copy_range(int from, uint64_t from_at, int to, uint64_t to_at, size_t n,
                         size_t *done);
/* It will be read from begin to end once. */
void alice__fs_advise_sequential(int fd);
/* It will be read soon: the disk may begin to. */
void alice__fs_advise_soon(int fd, uint64_t offset, uint64_t n);
/* Drop its clean pages from the page cache. */
void alice__fs_drop_cache(int fd, uint64_t offset, uint64_t n);
/* Begin to write its dirty pages, without waiting; `wait`: and wait. No promise of durability,
 * but a failure that it tells is told to nobody else: it must be kept. */
int alice__fs_start_writing(int fd, uint64_t offset, uint64_t n, bool wait);

/* ---- attributes ---- */

int alice__fs_set_mode(int fd, uint32_t mode);
int alice__fs_set_owner(int fd, uint32_t uid, uint32_t gid);
int alice__fs_set_times(int fd, int64_t atime_ns, int64_t mtime_ns);
/* Names, each terminated; `*got` bytes. `buf` NULL: how many they would be. */
int alice__fs_xattr_names(int fd, char *buf, size_t size, size_t *got);
int alice__fs_xattr_get(int fd, const char *name, void *buf, size_t size, size_t *got);
int alice__fs_xattr_set(int fd, const char *name, const void *value, size_t size);

/* ---- names ---- */

/* Rename where nothing stands: -EEXIST, or -EINVAL, -ENOSYS where that is not known here. */
int alice__fs_rename_new(int from_dir, const char *from, int to_dir, const char *to);
/* Rename, and replace what stands. */
int alice__fs_rename_over(int from_dir, const char *from, int to_dir, const char *to);
/* Two names of a folder change places, at one stroke: -EINVAL, -ENOSYS where that is not known
 * here. */
int alice__fs_exchange(int dir, const char *a, const char *b);
int alice__fs_link(int from_dir, const char *from, int to_dir, const char *to);
/* A symbolic link that says `text`; and what one says: -ENAMETOOLONG where `size` is too
 * little. */
int alice__fs_symlink(const char *text, int dir, const char *name);
int alice__fs_read_link(int dir, const char *name, char *text, size_t size);
int alice__fs_unlink(int dir, const char *name);
int alice__fs_mkdir(int dir, const char *name, uint32_t mode);
int alice__fs_rmdir(int dir, const char *name);

/* ---- durability ---- */

int alice__fs_sync(int fd);
/*
 * The whole file system of `fd`. Failed writes are told by it only on kernels from
 * 5.8 on: alice__fs_sync_all_tells() says whether this one does.
 */
int alice__fs_sync_all(int fd);
bool alice__fs_sync_all_tells(void);

/* ---- file systems ---- */

typedef struct alice__fs_space {
    uint64_t free;  /* bytes, for who runs this */
    uint64_t total; /* bytes */
    uint64_t
        used;    /* bytes, by all files: what is kept back for root is neither free nor used */
    bool local;  /* a file system whose sync_all is its own: ext4, xfs, btrfs, f2fs, tmpfs */
    bool inodes; /* a file keeps its inode number as long as it lives: not FAT, SMB, FUSE */
    bool memory; /* tmpfs, ramfs: what is written there is memory */
    bool remote; /* others write there whom this kernel does not see: NFS, SMB, FUSE, … */
} alice__fs_space;
int alice__fs_space_of(int fd, alice__fs_space *out);

/* ---- the rest ---- */

/* Lock the open file for this process; -EAGAIN: another has it. Gone with the descriptor. */
int alice__fs_lock(int fd);
/* Minutes that the local zone is east of UTC at a time in seconds since 1970. */
int alice__fs_local_zone_minutes(int64_t seconds);
/* The first bytes of the system's file of a zone such as "Europe/Paris"; `*got` 0: it has none.
 */
int alice__fs_read_zone(const char *zone, void *to, size_t n, size_t *got);

#endif
