/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PORT_NOTIFY_H
#define ALICE_PORT_NOTIFY_H

/* The kernel tells what changes in folders (inotify). Each folder is watched by itself. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A new, empty set of watched folders; it never blocks. 0 or -errno: -EMFILE where this user
 * has as many sets as the kernel allows. */
int alice__notify_open(int *out);

/* Watch the open folder; again does no harm. 0 or -errno: -ENOSPC where this user watches as
 * many folders as the kernel allows. */
int alice__notify_add(int set, int folder);

/* What happened to something in a watched folder, or to the folder. */
typedef struct alice__notified {
    bool arrived;   /* a file was made, written, closed, named or changed */
    bool folder_in; /* a folder came: it is not watched yet, nor what is below it */
    bool moved_out; /* a folder went elsewhere: it is watched there all the same */
    bool lost;      /* there was more than the kernel remembers */
    bool unmounted;
    bool hidden; /* its name begins with a dot */
} alice__notified;

enum { ALICE__NOTIFY_BYTES = 16 * 1024 };

/* What was told and not yet taken: room for it, aligned as the kernel wants. */
typedef struct alice__notices {
    size_t at, end;
    uint64_t room[ALICE__NOTIFY_BYTES / 8];
} alice__notices;

/* The next that was told. 0 and true; 0 and false: nothing more for now; or -errno. */
int alice__notify_next(int set, alice__notices *n, alice__notified *out, bool *got);

/* Wait until something is told, or so long. `set` -1: just so long. A signal ends it early. */
void alice__notify_wait(int set, uint64_t ms);

#endif
