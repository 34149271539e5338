/* SPDX-License-Identifier: MIT */
/*
 * An allowance: charge first, then take; give, then release.
 *
 * Invariant: held <= limit, but where the limit was lowered below it.
 */
#include "mem/allowance.h"
#include "base/check.h"

/* A block's header and rounding, as glibc does it; others are close. */
#define BLOCK_WORD sizeof(size_t)
#define BLOCK_ROUND ((size_t)16)
/* From here on blocks are mapped on their own, in whole pages. */
#define MAPPED_FROM ((size_t)128 * 1024)
#define MAPPED_ROUND ((size_t)4096)

void alice__allowance_init(struct alice__allowance *allowance, const alice_env *env,
                           size_t limit)
{
    allowance->env = *env;
    allowance->env.account = NULL;
    allowance->account = env->account;
    allowance->limit = limit;
    allowance->held = 0;
    allowance->peak = 0;
}

size_t alice__block_cost(size_t size)
{
    size_t round = size >= MAPPED_FROM ? MAPPED_ROUND : BLOCK_ROUND;
    size_t word = size >= MAPPED_FROM ? 2 * BLOCK_WORD : BLOCK_WORD;
    if (size > SIZE_MAX - word - round)
        return SIZE_MAX;
    return (size + word + round - 1) & ~(round - 1);
}

alice_status alice__allowance_charge(struct alice__allowance *allowance, size_t cost)
{
    if (allowance->held > allowance->limit || cost > allowance->limit - allowance->held)
        return ALICE__ALLOWANCE_FULL;
    alice_status st = alice_account_try_charge(allowance->account, cost);
    if (st != ALICE_OK)
        return st;
    allowance->held += cost;
    if (allowance->held > allowance->peak)
        allowance->peak = allowance->held;
    return ALICE_OK;
}

void alice__allowance_release(struct alice__allowance *allowance, size_t cost)
{
    ALICE__CHECKED(cost <= allowance->held);
    allowance->held -= cost;
    alice_account_release(allowance->account, cost);
}

alice_status alice__allowance_take(struct alice__allowance *allowance, size_t size,
                                   const alice_site *site, void **out)
{
    size_t cost = alice__block_cost(size);
    alice_status st = alice__allowance_charge(allowance, cost);
    if (st != ALICE_OK)
        return st;
    st = alice_env_alloc(&allowance->env, size, site, out);
    if (st != ALICE_OK)
        alice__allowance_release(allowance, cost);
    return st;
}

void alice__allowance_give(struct alice__allowance *allowance, void *p, size_t size)
{
    if (!p)
        return;
    alice_env_free(&allowance->env, p, size);
    alice__allowance_release(allowance, alice__block_cost(size));
}
