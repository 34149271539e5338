/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEMORY_OPTIMIZATION_DEMO_H
#define ALICE_MEMORY_OPTIMIZATION_DEMO_H

#include <stdbool.h>

/*
 * Run all five demonstrations, or, with `all` false and a terminal on both sides, those that
 * are chosen from a menu. True when everything that was shown kept what it claims.
 */
bool demo_run(bool all);

#endif
