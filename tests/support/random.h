/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TESTS_RANDOM_H
#define ALICE_TESTS_RANDOM_H

/* Random numbers that are the same in every run, and keys as they are asked for in life. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

struct random {
    uint64_t state;
};

/* splitmix64 */
static inline uint64_t random_next(struct random *r)
{
    uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* Below n, n > 0. */
static inline uint32_t random_below(struct random *r, uint32_t n)
{
    return (uint32_t)((random_next(r) >> 32) * n >> 32);
}

static inline double random_unit(struct random *r)
{
    return (double)(random_next(r) >> 11) * 0x1p-53;
}

/*
 * Zipf: of n things the ith most wanted is asked for with a weight of 1 / i^alpha.
 * By a table of sums, exact. `sums` NULL: no memory.
 */
struct zipf {
    double *sums;
    uint32_t n;
};

static inline struct zipf zipf_make(uint32_t n, double alpha)
{
    struct zipf z = {malloc(n * sizeof(double)), n};
    double sum = 0;
    for (uint32_t i = 0; z.sums && i < n; i++) {
        sum += 1 / pow(i + 1.0, alpha);
        z.sums[i] = sum;
    }
    return z;
}

static inline uint32_t zipf_next(const struct zipf *z, struct random *r)
{
    double at = random_unit(r) * z->sums[z->n - 1];
    uint32_t low = 0;
    uint32_t high = z->n - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (z->sums[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

#endif
