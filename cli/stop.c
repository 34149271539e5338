/* SPDX-License-Identifier: MIT */
#include "stop.h"

#include <signal.h>
#include <stddef.h>

/* The one thing a signal handler may touch. */
static volatile sig_atomic_t asked;

static void on_signal(int number)
{
    (void)number;
    asked = 1;
}

void stop_catch(void)
{
    struct sigaction once = {.sa_handler = on_signal};
    /* A second signal ends the program at once: that is safe too, only less tidy. A
       write to the report goes on: stdio would drop what an interrupted one had left. */
    once.sa_flags = (int)(SA_RESETHAND | SA_RESTART);
    sigemptyset(&once.sa_mask);
    sigaction(SIGINT, &once, NULL);
    sigaction(SIGTERM, &once, NULL);
    sigaction(SIGHUP, &once, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);
}

bool stop_asked(void *ctx)
{
    (void)ctx;
    return asked != 0;
}
