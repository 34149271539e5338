/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TESTS_FAULTY_H
#define ALICE_TESTS_FAULTY_H

/*
 * An allocator that fails its nth request (counted from 0), once, and proves
 * that every block comes back with the size it was taken with. The sweep:
 *
 *     for (unsigned nth = 0;; nth++) {
 *         struct faulty f = {.nth = nth};
 *         alice_alloc alloc = faulty_alloc(&f);
 *         alice_status st = scenario(&alloc);
 *         assert_int_equal(f.live_bytes, 0);
 *         if (!f.fired)
 *             break;
 *         assert_true(st == ALICE_OK || st == ALICE_E_NOMEM);
 *     }
 *
 * A block is prefixed with its size, so that a wrong size given back stops the
 * test where it happens; its end stays exact, for the address sanitizer.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <alice/env.h>

/* `nth` to make it never fail: only count. */
#define FAULTY_NEVER UINT32_MAX

struct faulty {
    unsigned nth;              /* which request fails */
    atomic_uint seen;          /* requests so far */
    atomic_bool fired;         /* the nth came */
    atomic_size_t live_bytes;  /* out now */
    atomic_size_t live_blocks; /* out now */
    bool sticky;               /* every request from the nth on fails */
};

union faulty_prefix {
    size_t size;
    max_align_t align;
};

static inline void faulty_check_size(const union faulty_prefix *prefix, size_t old_size)
{
    if (prefix->size != old_size) {
        fprintf(stderr, "faulty: a block of %zu bytes came back as %zu\n", prefix->size,
                old_size);
        abort();
    }
}

static inline void *faulty_resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    struct faulty *f = ctx;
    union faulty_prefix *old = p ? (union faulty_prefix *)p - 1 : NULL;
    if (old)
        faulty_check_size(old, old_size);
    if (new_size == 0) {
        if (old) {
            atomic_fetch_sub(&f->live_bytes, old_size);
            atomic_fetch_sub(&f->live_blocks, 1);
            free(old);
        }
        return NULL;
    }
    unsigned at = atomic_fetch_add(&f->seen, 1);
    if (at == f->nth || (f->sticky && at > f->nth)) {
        atomic_store(&f->fired, true);
        return NULL;
    }
    if (new_size > SIZE_MAX - sizeof *old)
        return NULL;
    union faulty_prefix *now = realloc(old, sizeof *now + new_size);
    if (!now)
        return NULL;
    now->size = new_size;
    if (old)
        atomic_fetch_sub(&f->live_bytes, old_size);
    else
        atomic_fetch_add(&f->live_blocks, 1);
    atomic_fetch_add(&f->live_bytes, new_size);
    return now + 1;
}

/* The allocator over `f`, which outlives it. */
static inline alice_alloc faulty_alloc(struct faulty *f)
{
    return (alice_alloc){.resize = faulty_resize, .ctx = f};
}

/* A clock that a test moves: `struct fake_clock c = {0}; c.now_ns += ...`. */
struct fake_clock {
    _Atomic uint64_t now_ns;
    _Atomic int64_t wall_s;
};

static inline uint64_t fake_now_ns(void *ctx)
{
    return ((struct fake_clock *)ctx)->now_ns;
}

static inline int64_t fake_wall_s(void *ctx)
{
    return ((struct fake_clock *)ctx)->wall_s;
}

static inline alice_clock fake_clock_of(struct fake_clock *c)
{
    return (alice_clock){.now_ns = fake_now_ns, .wall_s = fake_wall_s, .ctx = c};
}

#endif
