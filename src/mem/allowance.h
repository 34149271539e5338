/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_ALLOWANCE_H
#define ALICE_MEM_ALLOWANCE_H

/*
 * What a bounded structure may hold. Bytes are put down here, and charged to
 * the account, before the memory is taken, and are given back after it went.
 * It never reclaims, so it can be used under a lock that a reclaimer takes; it
 * has no lock of its own.
 *
 * What is put down for a block is what an allocator really takes for it: a word
 * of its own, and rounding (alice__block_cost()).
 */

#include <alice/budget.h>
#include <alice/env.h>

struct alice__allowance {
    alice_env env; /* without the account: the allowance charges by itself */
    alice_account *account;
    size_t limit;
    size_t held;
    size_t peak;
};

/* Why an allowance refused, beside ALICE_E_BUDGET and ALICE_E_NOMEM: its own limit. */
#define ALICE__ALLOWANCE_FULL ALICE_E_BUSY

void alice__allowance_init(struct alice__allowance *allowance, const alice_env *env,
                           size_t limit);

/* What a block of `size` bytes costs. */
size_t alice__block_cost(size_t size);

/* Put `cost` bytes down. ALICE_OK, ALICE__ALLOWANCE_FULL or ALICE_E_BUDGET. */
alice_status alice__allowance_charge(struct alice__allowance *allowance, size_t cost);
void alice__allowance_release(struct alice__allowance *allowance, size_t cost);

/* Charge for a block and take it; give it and its charge back. */
alice_status alice__allowance_take(struct alice__allowance *allowance, size_t size,
                                   const alice_site *site, void **out);
void alice__allowance_give(struct alice__allowance *allowance, void *p, size_t size);

#endif
