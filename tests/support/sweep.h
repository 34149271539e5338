/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TESTS_SWEEP_H
#define ALICE_TESTS_SWEEP_H

#include "faulty.h"
#include "test.h"

/*
 * Run `scenario` once for each of its allocations, which fails then: it ends as ALICE_E_NOMEM
 * or, where it `may_do_without`, as it would have, and keeps nothing. Answers how many there
 * were: hold that against how many there have to be, or the scenario may have done nothing.
 */
static inline unsigned sweep(alice_status (*scenario)(const alice_alloc *alloc),
                             bool may_do_without)
{
    for (unsigned nth = 0;; nth++) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        alice_status st = scenario(&alloc);
        assert_int_equal(f.live_bytes, 0);
        if (!f.fired) {
            assert_status(st, ALICE_OK);
            return nth;
        }
        if (st != ALICE_OK || !may_do_without)
            assert_status(st, ALICE_E_NOMEM);
    }
}

#endif
