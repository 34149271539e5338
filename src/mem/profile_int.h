/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_PROFILE_INT_H
#define ALICE_MEM_PROFILE_INT_H

/* What the parts of the profile share: profile.c (sampling, the hooks), profile_snapshot.c and
 * profile_names.c. */

#include <alice/profile.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/pointer_map.h"

enum {
    FILTER = 2048,
    STRIPES = 16,
    BLOCK_SHIFT = 16 /* blocks are counted in 65536ths */
};

/* A call site and its sums. The key is the alice_site's address, or a return address. */
typedef struct site {
    uintptr_t key;
    bool is_address;
    int64_t live_bytes, total_bytes, peak_bytes;
    int64_t live_blocks, total_blocks; /* 65536ths */
} site;

/* A block that counted. */
typedef struct block {
    uintptr_t key;
    uintptr_t site; /* 0: unknown */
    int64_t bytes, blocks;
} block;

/* A countdown to the next sample point, alone on its cache line. */
typedef struct stripe {
    _Alignas(64) _Atomic int64_t left;
    uint64_t chance;  /* the rest is under the lock */
    int64_t in_piece; /* where in its piece the next point lies */
} stripe;

struct alice_profile {
    alice_profile_options o;
    void *base; /* as it was allocated */
    int64_t rate;
    int64_t follow; /* what counts for less is followed by chance */
    uint64_t chance;
    atomic_bool paused;
    atomic_uint filter[FILTER]; /* followed blocks by hash of their address */
    stripe stripes[STRIPES];

    pthread_mutex_t lock;
    alice__pmap sites, blocks;
    site unknown;
    size_t bytes; /* of all of it */
    uint64_t sampled, lost_sites;
    alice_profile_lost lost;
};

typedef struct row {
    alice_profile_row shown;
    uintptr_t key;
    const char *module, *symbol; /* of an address; NULL: not one, or unknown */
} row;

/* The function and file of a row, found by alice_profile_snapshot_resolve(). */
typedef struct place_name {
    struct place_name *next;
    size_t bytes; /* of all of it */
    char text[];  /* the function, and behind its end the file */
} place_name;

struct alice_profile_snapshot {
    alice_env env;
    alice_profile_lost lost;
    place_name *names;
    size_t cap;
    size_t count;
    row rows[];
};

/* A row as it was before its place was found. */
void alice__profile_unname(row *r);
void alice__profile_free_names(alice_profile_snapshot *snapshot);

static inline void lock_profile(const alice_profile *p)
{
    pthread_mutex_lock((pthread_mutex_t *)&p->lock);
}

static inline void unlock_profile(const alice_profile *p)
{
    pthread_mutex_unlock((pthread_mutex_t *)&p->lock);
}

#endif
