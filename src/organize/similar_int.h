/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_SIMILAR_INT_H
#define ALICE_ORGANIZE_SIMILAR_INT_H

/* What the parts of alice_similar() share: reading the pictures (similar.c), which lead groups
 * and which join them (similar_match.c), and telling the groups (similar_groups.c). */

#include <alice/budget.h>
#include <alice/limit.h>
#include <alice/similar.h>

#include "media/picture_hash.h"
#include "organize/disk_sort.h"
#include "organize/path_list.h"

enum { ALICE__SIMILAR_PATHS = 256, ALICE__SIMILAR_RULES = 8 };

/* A picture. Its rank counts pictures by their pixels, the most first; that is its place in the
 * file `ranked`. */
typedef struct alice__shot {
    alice__picture_hash hash;
    uint64_t size, dev, inode;
    uint64_t path; /* its place in the list of paths; in the order of the walk */
    int64_t mtime_ns, ctime_ns;
    uint32_t length; /* of its path below its root */
    uint32_t width, height;
    uint16_t root;
    uint8_t type, quality;
} alice__shot;

_Static_assert(sizeof(alice__shot) == 96, "docs and memory count on it");

typedef struct alice__similar {
    const alice_similar_options *o;
    alice_similar_result *out;
    alice_error *error;
    alice_budget *budget;
    alice_account *account;
    alice_limit *limit;
    alice_env env;
    size_t work, block; /* bytes to work in; of a sort */
    unsigned decoders;
    uint64_t allowance;
    unsigned distance;
    const char *scratch_dir;
    int roots[ALICE__SIMILAR_PATHS];
    alice__path_list paths;
    int ranked; /* scratch file of shots, by rank */
    uint64_t count;
    alice__disk_sort *members; /* of groups */
    uint64_t looks;
} alice__similar;

#define ALICE__ORDER(a, b) ((a) > (b)) - ((a) < (b))

bool alice__similar_should_stop(void *ctx);
alice_status alice__similar_scratch_failed(const alice__similar *s, int r);
alice_status alice__similar_open_sort(alice__similar *s, alice__disk_sort **out, size_t bytes,
                                      int (*order)(const void *, const void *));
/* The path of a shot, as a person knows it. */
alice_status alice__similar_path(const alice__similar *s, const alice__shot *shot, char *out,
                                 size_t size);
alice_status alice__similar_shot(const alice__similar *s, uint64_t rank, alice__shot *out);

/* All shots are ranked: let each lead a group or join one. */
alice_status alice__similar_match(alice__similar *s);

/* Make the sort of members, add one to it, tell all. */
alice_status alice__similar_begin_groups(alice__similar *s);
alice_status alice__similar_join(alice__similar *s, uint64_t leader, uint64_t rank,
                                 unsigned distance);
alice_status alice__similar_tell(alice__similar *s);

#endif
