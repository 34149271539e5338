/* SPDX-License-Identifier: MIT */
/*
 * The purse: charge first, then take; give, then release.
 *
 * Invariant: held <= limit, but where the limit was lowered below it.
 */
#include "mem/purse.h"

#include <assert.h>

/* A block's header and rounding, as glibc does it; others are close. */
#define BLOCK_WORD sizeof(size_t)
#define BLOCK_ROUND ((size_t)16)
/* From here on blocks are mapped on their own, in whole pages. */
#define MAPPED_FROM ((size_t)128 * 1024)
#define MAPPED_ROUND ((size_t)4096)

void alice__purse_init(struct alice__purse *purse, const alice_env *env, size_t limit)
{
    purse->env = *env;
    purse->env.account = NULL;
    purse->account = env->account;
    purse->limit = limit;
    purse->held = 0;
    purse->peak = 0;
}

size_t alice__block_cost(size_t size)
{
    size_t round = size >= MAPPED_FROM ? MAPPED_ROUND : BLOCK_ROUND;
    size_t word = size >= MAPPED_FROM ? 2 * BLOCK_WORD : BLOCK_WORD;
    if (size > SIZE_MAX - word - round)
        return SIZE_MAX;
    return (size + word + round - 1) & ~(round - 1);
}

alice_status alice__purse_charge(struct alice__purse *purse, size_t cost)
{
    if (purse->held > purse->limit || cost > purse->limit - purse->held)
        return ALICE__PURSE_FULL;
    alice_status st = alice_account_try_charge(purse->account, cost);
    if (st != ALICE_OK)
        return st;
    purse->held += cost;
    if (purse->held > purse->peak)
        purse->peak = purse->held;
    return ALICE_OK;
}

void alice__purse_release(struct alice__purse *purse, size_t cost)
{
    assert(cost <= purse->held);
    purse->held -= cost;
    alice_account_release(purse->account, cost);
}

alice_status alice__purse_take(struct alice__purse *purse, size_t size, const alice_site *site,
                               void **out)
{
    size_t cost = alice__block_cost(size);
    alice_status st = alice__purse_charge(purse, cost);
    if (st != ALICE_OK)
        return st;
    st = alice_env_alloc(&purse->env, size, site, out);
    if (st != ALICE_OK)
        alice__purse_release(purse, cost);
    return st;
}

void alice__purse_give(struct alice__purse *purse, void *p, size_t size)
{
    if (!p)
        return;
    alice_env_free(&purse->env, p, size);
    alice__purse_release(purse, alice__block_cost(size));
}
