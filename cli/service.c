/* SPDX-License-Identifier: MIT */
#include "service.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void service_tell(const char *state)
{
    const char *to = getenv("NOTIFY_SOCKET");
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = to ? strlen(to) : 0;
    if (n < 2 || n >= sizeof at.sun_path || (to[0] != '/' && to[0] != '@'))
        return;
    memcpy(at.sun_path, to, n);
    if (to[0] == '@') /* a name without a file */
        at.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    /* Whoever does not listen has to do without. */
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&at,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
    close(fd);
}

uint64_t service_ping_ms(uint64_t most)
{
    const char *text = getenv("WATCHDOG_USEC");
    const char *whose = getenv("WATCHDOG_PID");
    char *end = NULL;
    if (!text || (whose && strtol(whose, NULL, 10) != (long)getpid()))
        return most;
    unsigned long long us = strtoull(text, &end, 10);
    uint64_t half = us / 2000; /* as sd_watchdog_enabled(3) advises */
    return *end || half == 0 || half > most ? most : half;
}
