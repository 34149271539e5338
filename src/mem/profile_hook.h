/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_PROFILE_HOOK_H
#define ALICE_MEM_PROFILE_HOOK_H

/*
 * What the rest of the library tells the profile and the census.
 *
 * Allocations (env.c): took() after a block was allocated, gave() *before* it is
 * freed, so that nobody else can have been given the same address meanwhile. A
 * resize is gave(old) before and took(new) after; where it failed, took(old) again.
 *
 * Handles: each open function, once nothing can fail any more, says
 *
 *     ALICE__CENSUS_ADD(&h->env, h, "alice_thing");
 *
 * and each close, first thing,
 *
 *     ALICE__CENSUS_REMOVE(&h->env, h);
 *
 * The macro takes the return address of the function it stands in, so it has to
 * stand in the public open function itself; or that one hands its own return address
 * on, to ALICE__CENSUS_ADD_FROM().
 */

#include <alice/profile.h>

void alice__profile_took(alice_profile *profile, const alice_site *here, void *p, size_t size);
void alice__profile_gave(alice_profile *profile, void *p, size_t size);

#define ALICE__CENSUS_ADD(env_, handle_, type_) \
    ALICE__CENSUS_ADD_FROM(env_, handle_, type_, __builtin_return_address(0))

#define ALICE__CENSUS_ADD_FROM(env_, handle_, type_, caller_)                    \
    do {                                                                         \
        if ((env_)->census)                                                      \
            alice_census_add_from((env_)->census, (handle_), (type_), (caller_), \
                                  (env_)->account);                              \
    } while (0)

#define ALICE__CENSUS_REMOVE(env_, handle_)                 \
    do {                                                    \
        if ((env_)->census)                                 \
            alice_census_remove((env_)->census, (handle_)); \
    } while (0)

#endif
