/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_PURSE_H
#define ALICE_MEM_PURSE_H

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

struct alice__purse {
    alice_env env; /* without the account: the purse charges by itself */
    alice_account *account;
    size_t limit;
    size_t held;
    size_t peak;
};

/* Why a purse refused, beside ALICE_E_BUDGET and ALICE_E_NOMEM: its own limit. */
#define ALICE__PURSE_FULL ALICE_E_BUSY

void alice__purse_init(struct alice__purse *purse, const alice_env *env, size_t limit);

/* What a block of `size` bytes costs. */
size_t alice__block_cost(size_t size);

/* Put `cost` bytes down. ALICE_OK, ALICE__PURSE_FULL or ALICE_E_BUDGET. */
alice_status alice__purse_charge(struct alice__purse *purse, size_t cost);
void alice__purse_release(struct alice__purse *purse, size_t cost);

/* Charge for a block and take it; give it and its charge back. */
alice_status alice__purse_take(struct alice__purse *purse, size_t size, const alice_site *site,
                               void **out);
void alice__purse_give(struct alice__purse *purse, void *p, size_t size);

#endif
