/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_FS_OPS_H
#define ALICE_PORT_FS_OPS_H

/*
 * The file system as a table of operations. Whatever reads, writes, names or
 * removes a user's file on its way asks through one of these, so that a test can
 * hand in a file system that fails, lies, refuses or records (tests/support/faulty_fs.h).
 * Each does what the alice__fs_ function of its name does. Closing, and hints without a result,
 * are not here.
 */

#include "port/fs.h"

#define ALICE__FS_ARGS(...) __VA_ARGS__

/* clang-format off */
/* X(name, parameters, arguments): the one list. */
#define ALICE__FS_OPS(X)                                                                       \
    X(open_read, ALICE__FS_ARGS(int dir, const char *name, int *fd),                           \
      ALICE__FS_ARGS(dir, name, fd))                                                           \
    X(create, ALICE__FS_ARGS(int dir, const char *name, uint32_t mode, int *fd),               \
      ALICE__FS_ARGS(dir, name, mode, fd))                                                     \
    X(open_dir, ALICE__FS_ARGS(int dir, const char *name, int *fd),                            \
      ALICE__FS_ARGS(dir, name, fd))                                                           \
    X(open_dir_path, ALICE__FS_ARGS(const char *path, int *fd), ALICE__FS_ARGS(path, fd))       \
    X(no_writer, ALICE__FS_ARGS(int fd), ALICE__FS_ARGS(fd))                                   \
    X(stat_fd, ALICE__FS_ARGS(int fd, alice__fs_stat *out), ALICE__FS_ARGS(fd, out))           \
    X(stat_at, ALICE__FS_ARGS(int dir, const char *name, alice__fs_stat *out),                 \
      ALICE__FS_ARGS(dir, name, out))                                                          \
    X(dir_next, ALICE__FS_ARGS(alice__fs_dir *d, alice__fs_name *out), ALICE__FS_ARGS(d, out)) \
    X(read_at, ALICE__FS_ARGS(int fd, uint64_t offset, void *buf, size_t n, size_t *got),      \
      ALICE__FS_ARGS(fd, offset, buf, n, got))                                                 \
    X(write_at, ALICE__FS_ARGS(int fd, uint64_t offset, const void *buf, size_t n),            \
      ALICE__FS_ARGS(fd, offset, buf, n))                                                      \
    X(truncate, ALICE__FS_ARGS(int fd, uint64_t size), ALICE__FS_ARGS(fd, size))               \
    X(clone, ALICE__FS_ARGS(int to, int from), ALICE__FS_ARGS(to, from))                       \
    X(dedupe, ALICE__FS_ARGS(int from, int to, uint64_t offset, uint64_t n, uint64_t *done,    \
      bool *same), ALICE__FS_ARGS(from, to, offset, n, done, same))                                \
    X(copy_range, ALICE__FS_ARGS(int from, uint64_t from_at, int to, uint64_t to_at, size_t n, \
      size_t *done), ALICE__FS_ARGS(from, from_at, to, to_at, n, done))                        \
    X(start_writing, ALICE__FS_ARGS(int fd, uint64_t offset, uint64_t n, bool wait),           \
      ALICE__FS_ARGS(fd, offset, n, wait))                                                     \
    X(set_mode, ALICE__FS_ARGS(int fd, uint32_t mode), ALICE__FS_ARGS(fd, mode))               \
    X(set_owner, ALICE__FS_ARGS(int fd, uint32_t uid, uint32_t gid),                           \
      ALICE__FS_ARGS(fd, uid, gid))                                                            \
    X(set_times, ALICE__FS_ARGS(int fd, int64_t atime_ns, int64_t mtime_ns),                   \
      ALICE__FS_ARGS(fd, atime_ns, mtime_ns))                                                  \
    X(xattr_names, ALICE__FS_ARGS(int fd, char *buf, size_t size, size_t *got),                \
      ALICE__FS_ARGS(fd, buf, size, got))                                                      \
    X(xattr_get, ALICE__FS_ARGS(int fd, const char *name, void *buf, size_t size, size_t *got), \
      ALICE__FS_ARGS(fd, name, buf, size, got))                                                \
    X(xattr_set, ALICE__FS_ARGS(int fd, const char *name, const void *value, size_t size),     \
      ALICE__FS_ARGS(fd, name, value, size))                                                   \
    X(rename_new, ALICE__FS_ARGS(int from_dir, const char *from, int to_dir, const char *to),  \
      ALICE__FS_ARGS(from_dir, from, to_dir, to))                                              \
    X(rename_over, ALICE__FS_ARGS(int from_dir, const char *from, int to_dir, const char *to), \
      ALICE__FS_ARGS(from_dir, from, to_dir, to))                                              \
    X(exchange, ALICE__FS_ARGS(int dir, const char *a, const char *b),                         \
      ALICE__FS_ARGS(dir, a, b))                                                               \
    X(link, ALICE__FS_ARGS(int from_dir, const char *from, int to_dir, const char *to),        \
      ALICE__FS_ARGS(from_dir, from, to_dir, to))                                              \
    X(symlink, ALICE__FS_ARGS(const char *text, int dir, const char *name),                    \
      ALICE__FS_ARGS(text, dir, name))                                                         \
    X(unlink, ALICE__FS_ARGS(int dir, const char *name), ALICE__FS_ARGS(dir, name))            \
    X(mkdir, ALICE__FS_ARGS(int dir, const char *name, uint32_t mode),                         \
      ALICE__FS_ARGS(dir, name, mode))                                                         \
    X(rmdir, ALICE__FS_ARGS(int dir, const char *name), ALICE__FS_ARGS(dir, name))             \
    X(sync, ALICE__FS_ARGS(int fd), ALICE__FS_ARGS(fd))                                        \
    X(sync_all, ALICE__FS_ARGS(int fd), ALICE__FS_ARGS(fd))                                    \
    X(space_of, ALICE__FS_ARGS(int fd, alice__fs_space *out), ALICE__FS_ARGS(fd, out))
/* clang-format on */

typedef struct alice__fs_ops alice__fs_ops;
struct alice__fs_ops {
    void *ctx; /* of who made the table */
#define ALICE__FS_OP(name, parameters, arguments) \
    int (*name)(const alice__fs_ops *fs, parameters);
    ALICE__FS_OPS(ALICE__FS_OP)
#undef ALICE__FS_OP
};

/* The kernel's. */
extern const alice__fs_ops alice__fs_real;

#endif
