/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_OWN_LIMIT_H
#define ALICE_ORGANIZE_OWN_LIMIT_H

/* How a limit of memory is divided where no organizer is open. */

#include <alice/config.h>

typedef struct alice__own_limit {
    size_t limit; /* bytes of the whole process */
    size_t floor; /* what it takes before any work */
    size_t work;  /* what is left, but for a guard */
} alice__own_limit;

enum { ALICE__OWN_GUARD = 1024 * 1024 };

/* `work` is the least there has to be. `held`: the kernel will hold the limit, so that what is
 * resident counts. ALICE_E_BUDGET: it is too little, and `error` says how much is
 * not. */
alice_status alice__own_limit_divide(const alice_config *resolved, bool held, size_t work,
                                     alice__own_limit *out, alice_error *error);

#endif
