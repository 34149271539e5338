/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_OPTIONS_H
#define ALICE_BASE_OPTIONS_H

/* Structures that grow from version to version: the first member of each is its size. */

#include <alice/base.h>

/*
 * Copy options that a caller of any version gave into `own`, which has `n` bytes: what the
 * caller does not know is zero. NULL: all of it is. A size of 0 is that of version 0.1.
 * ALICE_E_INVAL: smaller than that; ALICE_E_UNSUPPORTED: a member that this library does not
 * know is set.
 */
alice_status alice__options_take(void *own, size_t n, const void *given);

/* Hand out `n` bytes of figures to a caller who has room for `size`. */
void alice__figures_give(void *out, size_t size, const void *from, size_t n);

#endif
