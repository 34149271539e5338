/* SPDX-License-Identifier: MIT */
/* A critical operation between two collections, with none in its midst. */
#include <stdio.h>

#include <alice/monitor.h>
#include <alice/reclaim.h>

static alice_status process_files(void *ctx)
{
    alice_monitor *monitor = (alice_monitor *)ctx;
    alice_collection done;
    alice_monitor_collect(monitor, false, &done); /* suspended: nothing happens */
    printf("within: %s\n", done.reason == ALICE_COLLECT_NONE ? "no collection" : "collected");
    return ALICE_OK;
}

int main(void)
{
    alice_monitor *monitor;
    if (alice_monitor_open(&monitor, NULL))
        return 1;
    alice_status status = alice_scope_run(monitor, process_files, monitor);
    printf("collections: %llu\n", (unsigned long long)alice_monitor_collections(monitor));

    alice_scope scope; /* the same by hand */
    alice_scope_begin(&scope, monitor);
    alice_scope_end(&scope);
    printf("collections: %llu\n", (unsigned long long)alice_monitor_collections(monitor));
    alice_monitor_close(&monitor);
    return status == ALICE_OK ? 0 : 1;
}
