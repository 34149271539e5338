/* SPDX-License-Identifier: MIT */
/* Which process this is, and on which machine. */
#include "port/host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "port/fs.h"

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

void alice__host_boot(char *buf, size_t size)
{
    size_t got = 0;
    int fd = -1;
    int r = alice__fs_open_read(ALICE__FS_CWD, "/proc/sys/kernel/random/boot_id", &fd);
    if (!r)
        r = alice__fs_read_at(fd, 0, buf, size - 1, &got);
    alice__fs_close(fd);
    buf[r ? 0 : got] = 0;
    buf[strcspn(buf, "\n ")] = 0;
    if (!buf[0])
        snprintf(buf, size, "unknown");
}

void alice__host_pause(int ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}
