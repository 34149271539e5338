/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_DROP_BEHIND_H
#define ALICE_MEM_DROP_BEHIND_H

/*
 * Leaving the page cache as it was. A file that is read from front to back is
 * looked at in windows: one that was cached before it was read stays, one that the
 * reading brought in is dropped when the reading has left it.
 *
 *     ├── dropped ──┼── window: being read ──┼── next: looked at already ──┼──
 *
 * The window after the current one is looked at early, before the kernel's
 * read-ahead reaches it and makes it look cached.
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct alice__drop_behind {
    int fd;
    bool on;
    uint64_t size; /* of the file */
    bool started;
    bool keep, keep_next; /* was cached before: this window, the next one */
    uint64_t begin;       /* of the window */
    uint64_t dropped;     /* bytes, in all */
} alice__drop_behind;

/* Before `n` bytes are read at `offset`. */
void alice__drop_behind_reading(alice__drop_behind *d, uint64_t offset, uint64_t n);

/* Reading ended or goes on elsewhere; `offset` is where it stopped. */
void alice__drop_behind_end(alice__drop_behind *d, uint64_t offset);

#endif
