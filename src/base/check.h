/* SPDX-License-Identifier: MIT */
/*
 * Structures that prove themselves while they are used, in builds that look for faults
 * (-Dfaults=true): a checker runs with each change, or so often that its cost stays in
 * proportion. Elsewhere the condition is compiled and never evaluated.
 */
#ifndef ALICE_BASE_CHECK_H
#define ALICE_BASE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#ifdef ALICE_CHECK
#define ALICE__CHECKED(holds) ((holds) ? (void)0 : __builtin_trap())
#else
#define ALICE__CHECKED(holds) ((void)(false && (holds)))
#endif

/* Whether a checker that reads `items` things is due with this change: each time while they are
 * few, else once in so many changes. */
static inline bool alice__check_due(size_t *changes, size_t items)
{
    return items <= 64 || ++*changes % items == 0;
}

#endif
