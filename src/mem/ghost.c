/* SPDX-License-Identifier: MIT */
#include "mem/ghost.h"

#include <string.h>

uint32_t alice__ghost_buckets(size_t count)
{
    size_t n = (count + ALICE__GHOST_WAYS - 1) / ALICE__GHOST_WAYS;
    return n > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)n;
}

static size_t bytes_of(uint32_t buckets)
{
    return (size_t)buckets * ALICE__GHOST_WAYS * sizeof(uint16_t);
}

alice_status alice__ghost_size(struct alice__ghost *ghost, struct alice__allowance *allowance,
                               uint32_t buckets)
{
    void *p = NULL;
    alice__allowance_give(allowance, ghost->tags, bytes_of(ghost->buckets));
    ghost->tags = NULL;
    ghost->buckets = 0;
    if (buckets == 0)
        return ALICE_OK;
    alice_status st = alice__allowance_take(allowance, bytes_of(buckets), ALICE_HERE, &p);
    if (st != ALICE_OK)
        return st;
    memset(p, 0, bytes_of(buckets));
    ghost->tags = p;
    ghost->buckets = buckets;
    return ALICE_OK;
}

/* The bucket by the upper bits of a mixed tag, what is compared by its low ones. */
static uint16_t *bucket_of(const struct alice__ghost *ghost, uint32_t tag, uint16_t *small)
{
    uint32_t mixed = tag * UINT32_C(2654435769);
    *small = (uint16_t)(tag & UINT16_MAX);
    if (*small == 0)
        *small = 1;
    uint64_t bucket = (uint64_t)mixed * ghost->buckets >> 32;
    return ghost->tags + (size_t)bucket * ALICE__GHOST_WAYS;
}

void alice__ghost_add(struct alice__ghost *ghost, uint32_t tag)
{
    uint16_t small;
    if (!ghost->tags)
        return;
    uint16_t *bucket = bucket_of(ghost, tag, &small);
    memmove(bucket + 1, bucket, (ALICE__GHOST_WAYS - 1) * sizeof *bucket);
    bucket[0] = small;
}

bool alice__ghost_take(struct alice__ghost *ghost, uint32_t tag)
{
    uint16_t small;
    if (!ghost->tags)
        return false;
    uint16_t *bucket = bucket_of(ghost, tag, &small);
    for (unsigned i = 0; i < ALICE__GHOST_WAYS; i++) {
        if (bucket[i] != small)
            continue;
        memmove(bucket + i, bucket + i + 1, (ALICE__GHOST_WAYS - 1 - i) * sizeof *bucket);
        bucket[ALICE__GHOST_WAYS - 1] = 0;
        return true;
    }
    return false;
}
