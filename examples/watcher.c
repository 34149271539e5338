/* SPDX-License-Identifier: MIT */
/* A watcher: the kernel tells of pressure, and the program gives memory back. */
#include <stdio.h>

#include <alice/monitor.h>

static void on_pressure(void *ctx, alice_watch_event event, alice_level level)
{
    alice_monitor *monitor = (alice_monitor *)ctx;
    alice_collection done = {.released = 0};
    alice_monitor_collect(monitor, level >= ALICE_LEVEL_HIGH, &done);
    fprintf(stderr, "%s: %zu bytes were given back\n",
            event == ALICE_WATCH_CGROUP ? "the group is nearly full" : "tasks wait",
            done.given_back);
}

int main(void)
{
    alice_budget *budget = NULL;
    alice_monitor *monitor = NULL;
    alice_monitor_usage usage;
    alice_budget_options limit = {.limit = 256 * ALICE_MB};
    if (alice_budget_open(&budget, &limit) != ALICE_OK)
        return 1;
    alice_monitor_options o = {.budget = budget};
    if (alice_monitor_open(&monitor, &o) != ALICE_OK)
        return 1;
    alice_watch_options watch = {.fn = on_pressure, .ctx = monitor};
    alice_status st = alice_monitor_watch(monitor, &watch);
    if (st != ALICE_OK) /* in a container without PSI: ask now and then instead */
        printf("not told by the kernel (%s)\n", alice_status_text(st));
    alice_status got = alice_monitor_get_usage(monitor, &usage);
    if (got == ALICE_OK)
        printf("%zu MB resident, %.0f %% of the machine in use\n", usage.current / ALICE_MB,
               usage.system_percent);
    alice_monitor_unwatch(monitor);
    alice_monitor_close(&monitor);
    return got == ALICE_OK && alice_budget_close(&budget, NULL) == ALICE_OK ? 0 : 1;
}
