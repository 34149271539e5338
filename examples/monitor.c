/* SPDX-License-Identifier: MIT */
/* What the system says of this process, and what follows from it. */
#include <stdio.h>

#include <alice/monitor.h>

static double mb(size_t bytes)
{
    return (double)bytes / (double)ALICE_MB;
}

int main(void)
{
    alice_monitor *monitor;
    alice_monitor_usage u;
    alice_monitor_options options = {.limit_bytes = 64 * ALICE_MB};
    if (alice_monitor_open(&monitor, &options) || alice_monitor_get_usage(monitor, &u))
        return 1;
    printf("Current      %8.1f MB\nPeak         %8.1f MB\nAvailable    %8.1f MB\n",
           mb(u.current), mb(u.peak), mb(u.available));
    printf("System %%     %8.1f %%\nLimit        %8.1f MB\nUsage ratio  %8.1f %%\n",
           u.system_percent, mb(u.limit), 100 * u.ratio);

    if (alice_monitor_under_pressure(monitor))
        alice_monitor_collect(monitor, true, NULL);
    printf("A batch of 100 is %u at level %s\n", alice_monitor_batch_size(monitor, 100),
           alice_level_name(u.level));
    alice_monitor_close(&monitor);
    return 0;
}
