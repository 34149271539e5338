/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_HASH_WIDE_H
#define ALICE_BASE_HASH_WIDE_H

/* The same hashes, with the widest registers that the processor has: for long inputs. */

#include "base/hash.h"

void alice__hasher_update_wide(alice__hasher *h, const void *p, size_t n);
alice__hash128 alice__hash128_bytes_wide(const void *p, size_t n);

#endif
