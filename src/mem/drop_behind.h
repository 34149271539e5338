/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_DROP_BEHIND_H
#define ALICE_MEM_DROP_BEHIND_H

/*
 * Leaving the page cache as it was. A file that is read from front to back is
 * looked at in windows: one that was cached before it was read stays, one that the
 * reading brought in is dropped when the reading has left it.
 *
 *     ├── dropped ──┼── window: being read ──┼── next: looked at already ──┼──
 *     begin of the file                      end                           next_end
 *
 * Nothing past next_end has been asked for: what is cached there, others brought in.
 * So the kernel's own read-ahead, which may be of any size (8 MB are seen) and would
 * make what comes look cached, is off; what comes is asked for here, never past
 * next_end.
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct alice__drop_behind {
    int fd;
    bool on;
    uint64_t size; /* of the file */
    bool started;
    bool keep, keep_next;          /* was cached before: this window, the next one */
    uint64_t begin, end, next_end; /* of the window and of the next one */
    uint64_t asked;                /* for what is before it */
    uint64_t dropped;              /* bytes, in all */
} alice__drop_behind;

/* Once, before anything is read of a file that is read from front to back. */
void alice__drop_behind_begin(alice__drop_behind *d);

/* Before `n` bytes are read at `offset`. */
void alice__drop_behind_reading(alice__drop_behind *d, uint64_t offset, uint64_t n);

/* Reading ended or goes on elsewhere. */
void alice__drop_behind_end(alice__drop_behind *d);

/* The descriptor is read no more: it gets the kernel's usual advice back. */
void alice__drop_behind_close(alice__drop_behind *d);

#endif
