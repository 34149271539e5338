/* SPDX-License-Identifier: MIT */
/*
 * Fingerprints on their way into the index.
 *
 * Linear probing, three quarters full at most, eight bytes an entry. Nothing is
 * removed one by one: a batch that is taken back has the table rebuilt from the
 * rows. Invariant: from the home slot of an entry to where it stands no slot is
 * free.
 */
#include "catalog/fingerprints.h"

#include <string.h>

#include "base/check.h"

enum { SMALLEST = 64 };

static uint32_t flipped(uint32_t key)
{
    return key ^ 0x80000000u;
}

static size_t home(const alice__fingerprints *p, uint32_t key)
{
    return (size_t)(key * 2654435769u) & (p->size - 1);
}

alice_status alice__fingerprints_open(alice__fingerprints *p, const alice_env *env,
                                      size_t bytes)
{
    size_t size = SMALLEST;
    while (size <= SIZE_MAX / 32 && size * 2 * sizeof(uint64_t) <= bytes)
        size *= 2;
    *p = (alice__fingerprints){.env = *env, .size = size, .limit = size / 4 * 3};
    return alice_env_calloc(env, size, sizeof(uint64_t), ALICE_HERE, (void **)&p->slot);
}

void alice__fingerprints_close(alice__fingerprints *p)
{
    alice_env_free(&p->env, p->slot, p->slot ? p->size * sizeof(uint64_t) : 0);
    p->slot = NULL;
}

void alice__fingerprints_clear(alice__fingerprints *p, int64_t floor)
{
    memset(p->slot, 0, p->size * sizeof(uint64_t));
    p->count = 0;
    p->floor = floor;
    p->last = floor;
    p->sorted = false;
}

bool alice__fingerprints_add(alice__fingerprints *p, uint32_t key, int64_t id)
{
    int64_t above = id - p->floor;
    if (p->count >= p->limit || above <= 0 || above > UINT32_MAX)
        return false;
    size_t i = home(p, key);
    while (p->slot[i])
        i = (i + 1) & (p->size - 1);
    p->slot[i] = (uint64_t)flipped(key) << 32 | (uint64_t)above;
    p->count++;
    if (id > p->last)
        p->last = id;
    ALICE__CHECKED(!alice__check_due(&p->changes, p->size) || alice__fingerprints_check(p));
    return true;
}

int64_t alice__fingerprints_next(const alice__fingerprints *p, uint32_t key, int64_t after)
{
    int64_t best = 0;
    for (size_t i = home(p, key); p->slot[i]; i = (i + 1) & (p->size - 1)) {
        int64_t id = p->floor + (int64_t)(p->slot[i] & UINT32_MAX);
        if (p->slot[i] >> 32 == flipped(key) && id > after && (best == 0 || id < best))
            best = id;
    }
    return best;
}

/* Let slot[i] sink to its place in the heap of the first n. */
static void sink(uint64_t *a, size_t i, size_t n)
{
    uint64_t v = a[i];
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && a[child + 1] > a[child])
            child++;
        if (a[child] <= v)
            break;
        a[i] = a[child];
    }
    a[i] = v;
}

void alice__fingerprints_sort(alice__fingerprints *p)
{
    size_t n = 0;
    if (p->sorted)
        return;
    ALICE__CHECKED(alice__fingerprints_check(p));
    for (size_t i = 0; i < p->size; i++)
        if (p->slot[i])
            p->slot[n++] = p->slot[i];
    /* A heap sort: qsort() may allocate as much again, which nobody has charged. */
    for (size_t i = n / 2; i-- > 0;)
        sink(p->slot, i, n);
    for (size_t left = n; left-- > 1;) {
        uint64_t largest = p->slot[0];
        p->slot[0] = p->slot[left];
        p->slot[left] = largest;
        sink(p->slot, 0, left);
    }
    p->sorted = true;
}

int64_t alice__fingerprints_at(const alice__fingerprints *p, size_t i, uint32_t *key)
{
    *key = flipped((uint32_t)(p->slot[i] >> 32));
    return p->floor + (int64_t)(p->slot[i] & UINT32_MAX);
}

bool alice__fingerprints_check(const alice__fingerprints *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->size && !p->sorted; i++) {
        if (!p->slot[i])
            continue;
        n++;
        for (size_t j = home(p, flipped((uint32_t)(p->slot[i] >> 32))); j != i;
             j = (j + 1) & (p->size - 1))
            if (!p->slot[j])
                return false;
    }
    return p->count <= p->limit && p->last >= p->floor && (p->sorted || n == p->count);
}
