/* SPDX-License-Identifier: MIT */
#include "organize/own_limit.h"

#include <alice/limit.h>

#include "base/error.h"

enum { FLOOR = 8 * 1024 * 1024 }; /* of a process that is not alice's own */

alice_status alice__own_limit_divide(const alice_config *resolved, bool held, size_t work,
                                     alice__own_limit *out, alice_error *error)
{
    size_t limit = (size_t)resolved->max_memory_mb * ALICE_MB;
    size_t floor = FLOOR;
    const size_t lowered = alice_limit_effective(limit), resident = alice_limit_resident();
    if (held && lowered < limit)
        limit = lowered;
    if (held && !alice_limit_sanitized() && resident > floor)
        floor = resident;
    const size_t least = ALICE__OWN_GUARD + floor + work;
    if (limit < least)
        return alice__fail(error, ALICE_E_BUDGET, 0,
                           "a limit of %zu MB is too little: the smallest that works here is "
                           "%zu MB (--max-memory %zu)",
                           limit / ALICE_MB, (least + ALICE_MB - 1) / ALICE_MB,
                           (least + ALICE_MB - 1) / ALICE_MB);
    *out = (alice__own_limit){limit, floor, limit - ALICE__OWN_GUARD - floor};
    return ALICE_OK;
}
