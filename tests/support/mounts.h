/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TESTS_MOUNTS_H
#define ALICE_TESTS_MOUNTS_H

/*
 * Tests that mount: as root the program runs itself again in a mount name space of
 * its own, so that nothing of what it mounts is left when it ends, however it ends.
 */

#include "test.h"

#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

/* Run a shell command; whether it succeeded. */
static inline bool run(const char *format, ...)
{
    char command[512];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    return system(command) == 0;
}

/* Whether this process may mount. */
static inline bool mounts_possible(void)
{
    return geteuid() == 0 && getenv("ALICE_TEST_INSIDE") != NULL;
}

/* First in main(): go on in a name space of our own, where that is possible. */
static inline void mounts_begin(char **argv)
{
    if (geteuid() == 0 && !getenv("ALICE_TEST_INSIDE") &&
        run("unshare -m true >/dev/null 2>&1")) {
        setenv("ALICE_TEST_INSIDE", "1", 1);
        execlp("unshare", "unshare", "-m", argv[0], (char *)NULL);
        unsetenv("ALICE_TEST_INSIDE");
    }
}

#endif
