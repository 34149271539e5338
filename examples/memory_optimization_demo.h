/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEMORY_OPTIMIZATION_DEMO_H
#define ALICE_MEMORY_OPTIMIZATION_DEMO_H

#include <stdbool.h>

#include <alice/config.h>

/*
 * Run all five demonstrations, or, with `all` false and a terminal on both sides, those that
 * are chosen from a menu. `config` is what the organizer works with; NULL: the defaults with
 * demo_limit(). True when everything that was shown kept what it claims.
 */
bool demo_run(bool all, const alice_config *config);

/* The limit of the organizing demonstration in MB, as alice_config_set() takes it. */
const char *demo_limit(void);

#endif
