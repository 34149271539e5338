/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_LOOK_H
#define ALICE_CLI_LOOK_H

/*
 * A look at a process: what an alice tells over its socket, or what the kernel
 * tells of any process, or this process itself.
 */

#include "control_client.h"

enum { LOOK_ACCOUNTS = 24, LOOK_CACHES = 8, LOOK_POOLS = 4 };

typedef enum look_kind {
    LOOK_ALICE,   /* it answers */
    LOOK_PROCESS, /* the kernel alone tells */
    LOOK_SELF
} look_kind;

typedef struct look_account {
    char name[32];
    unsigned depth;
    uint64_t current, peak, cap;
} look_account;

typedef struct look_cache {
    char name[32];
    uint64_t size, most, items, hits, misses;
    double hit_rate;
} look_cache;

typedef struct look_pool {
    char name[32];
    uint64_t idle, in_use, created, reused;
} look_pool;

typedef struct cli_look {
    look_kind kind;
    long pid;
    bool stuck;       /* an alice that did not answer in time: the kernel tells instead */
    char command[64]; /* "organize"; of another process its name */
    char phase[16];   /* "" where nobody tells */

    uint64_t current, peak, available, limit; /* limit 0: none is known */
    double system_percent, ratio;             /* ratio below 0: no limit is known */
    char level[16];                           /* "": not told */
    uint64_t floor;

    bool has_run;
    int64_t run;
    bool move, dry_run;
    char path[256];
    uint64_t files, organized, skipped, duplicates, errors, bytes;
    double seconds, files_per_second;
    uint64_t batch, smallest_batch, largest_batch, batch_adjustments;
    uint64_t collections, given_back;
    size_t account_count, cache_count, pool_count;
    look_account accounts[LOOK_ACCOUNTS];
    look_cache caches[LOOK_CACHES];
    look_pool pools[LOOK_POOLS];
} cli_look;

/* Who is looked at. */
typedef struct cli_looker {
    look_kind kind;
    control_target target;
    control_call call;
    json_value answer;      /* of an alice, of the last look; n == 0: it gave none */
    alice_monitor *monitor; /* borrowed: this process, and the machine */
} cli_looker;

/* `target` NULL: this process. `monitor` is borrowed until look_close(). */
void look_open(cli_looker *l, look_kind kind, const control_target *target,
               alice_monitor *monitor);
void look_close(cli_looker *l);

/* Take a look. False: the process is gone. */
bool look_take(cli_looker *l, cli_look *out);

/* Write it as members of the object that is open in `j`: those of the protocol, as far as they
 * are known. */
void look_write(const cli_looker *l, const cli_look *look, cli_json *j);

#endif
