/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_MONITOR_INT_H
#define ALICE_MEM_MONITOR_INT_H

#include <alice/monitor.h>

/*
 * The collection of a scope's ends: as if the interval had passed, suspended or
 * not, and down to the threshold where resident memory is above it.
 */
void alice__monitor_collect_for_scope(alice_monitor *monitor);

/* Nests. True: it was not suspended before, is not suspended any more. */
bool alice__monitor_suspend(alice_monitor *monitor);
bool alice__monitor_resume(alice_monitor *monitor);

#endif
