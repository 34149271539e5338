/* SPDX-License-Identifier: MIT */
#include "base/options.h"

#include <string.h>

enum { MOST = 4096 }; /* what is said to be larger was never set */

alice_status alice__options_take(void *own, size_t n, const void *given)
{
    size_t size = 0;
    memset(own, 0, n);
    if (!given)
        return ALICE_OK;
    memcpy(&size, given, sizeof size);
    if (size == 0)
        size = n; /* a structure that has grown since 0.1 has another size here */
    if (size < n || size > MOST)
        return ALICE_E_INVAL;
    const uint8_t *more = (const uint8_t *)given + n;
    for (size_t i = 0; i < size - n; i++)
        if (more[i])
            return ALICE_E_UNSUPPORTED;
    memcpy(own, given, n);
    memcpy(own, &n, sizeof n);
    return ALICE_OK;
}

void alice__figures_give(void *out, size_t size, const void *from, size_t n)
{
    memcpy(out, from, size < n ? size : n);
    if (size > n)
        memset((uint8_t *)out + n, 0, size - n);
}
