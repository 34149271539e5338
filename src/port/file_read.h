/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_FILE_READ_H
#define ALICE_PORT_FILE_READ_H

/*
 * Reading files and the advice that goes with it. What can fail answers 0 or
 * -errno and repeats what a signal interrupted. Nothing here allocates; everything
 * is thread-safe.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open for reading what may be anything: waits for the writer of a fifo. */
int alice__file_open(const char *path, int *fd);
void alice__file_close(int fd);

/* What a descriptor is. */
typedef struct alice__file_about {
    uint64_t size;
    int64_t mtime_ns, ctime_ns;
    uint64_t position; /* of a seekable one */
    bool regular, directory;
    bool seekable; /* a regular file or a block device: can be read at any offset */
} alice__file_about;
int alice__file_look(int fd, alice__file_about *out);

/* Read once, up to `n` bytes; waits where the descriptor does not block. `*got` 0: the end. */
int alice__file_read(int fd, void *to, size_t n, size_t *got);
/* Read `n` bytes at `offset`; fewer only at the end, or before a failure, which is then
 * answered. */
int alice__file_read_at(int fd, uint64_t offset, void *to, size_t n, size_t *got);

/* Whether the range, or nearly all of it, is in the page cache. False where the system cannot
 * tell. */
bool alice__file_cached(int fd, uint64_t offset, uint64_t n);
/* Advice, which may be in vain: how far the kernel reads ahead by itself; will be read soon; is
 * not needed any more. */
typedef enum alice__read_ahead {
    ALICE__READ_AHEAD_USUAL,
    ALICE__READ_AHEAD_MORE, /* the file is read from front to back */
    ALICE__READ_AHEAD_OFF   /* what is read and what is asked for, nothing else */
} alice__read_ahead;
void alice__file_read_ahead(int fd, alice__read_ahead how);
void alice__file_ahead(int fd, uint64_t offset, uint64_t n);
void alice__file_drop(int fd, uint64_t offset, uint64_t n);

#endif
