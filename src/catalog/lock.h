/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CATALOG_LOCK_H
#define ALICE_CATALOG_LOCK_H

/*
 * Who has the catalog: a locked file that says so in words. A network file system may keep
 * locks on each host for itself. Therefore the file also says of which boot of a machine the
 * holder is, and counts while it works:
 *
 *   catalog.lock   "process 12 on nas since 2026-01-02 03:04:05 UTC\n"
 *                  "boot 1c0e… beat 17\n"
 *
 * Of our own boot, a lock that is free is free. Of another, it may be one that was left by a
 * kill or a power cut, or one whose holder works: it is watched for a while. And whoever holds
 * it looks before each commit whether the file still says what he wrote.
 */

#include <alice/env.h>

typedef struct alice__lock {
    int fd; /* -1: not held */
    bool lost;
    uint64_t beat, beaten_ns;
    const char *path; /* the caller's, as long as it is held */
    char who[144], text[224];
} alice__lock;

/* ALICE_E_BUSY, with the holder's name in `error`. */
alice_status alice__lock_take(alice__lock *l, const alice_env *env, const char *path,
                              alice_error *error);
/* Fails with ALICE_E_BUSY where another has taken it since: nothing may be written then. Beats
   about once a second. */
alice_status alice__lock_still(alice__lock *l, const alice_env *env, alice_error *error);
/* The same, where a second has passed; in between it costs a look at the clock. */
alice_status alice__lock_beat(alice__lock *l, const alice_env *env);
void alice__lock_drop(alice__lock *l);

/* Answers ALICE_E_BUSY, and says who holds it. */
alice_status alice__lock_is_held(const char *path, alice_error *error);

#endif
