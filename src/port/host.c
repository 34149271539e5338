/* SPDX-License-Identifier: MIT */
/* Which process this is, and on which machine. */
#include "port/host.h"

#include <stdio.h>
#include <unistd.h>

long alice__host_pid(void)
{
    return (long)getpid();
}

void alice__host_name(char *buf, size_t size)
{
    if (size == 0)
        return;
    if (gethostname(buf, size) != 0 || buf[0] == 0)
        snprintf(buf, size, "localhost");
    buf[size - 1] = 0;
}
