/* SPDX-License-Identifier: MIT */
/* The program: everything is in command.c and the cmd_*.c files. */
#include <locale.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "command.h"

/* Least stack: measured need about 40 KB (paths of 4 KB, several at a time), times three. */
enum { LEAST_STACK_KB = 128 };

static bool stack_is_enough(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_STACK, &r) != 0 || r.rlim_cur / 1024 >= LEAST_STACK_KB)
        return true;
    /* Not through stderr: printing unbuffered takes 8 KB of the stack there may not be. */
    char text[128];
    int n =
        snprintf(text, sizeof text,
                 "alice: a stack of %llu KB is too small: %d KB are needed (ulimit -s %d)\n",
                 (unsigned long long)(r.rlim_cur / 1024), LEAST_STACK_KB, LEAST_STACK_KB);
    ssize_t said = write(STDERR_FILENO, text, (size_t)n);
    (void)said; /* it ends here, said or not */
    return false;
}

int main(int argc, char **argv)
{
    if (!stack_is_enough())
        return CLI_STOPPED;
    setlocale(LC_CTYPE, "");
    int status = cli_main(argc, argv);
    /* A full disk or a closed pipe must not look like success: what was written line by line
       has failed already, and leaves nothing to flush. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == CLI_DONE)
        status = CLI_STOPPED;
    return status;
}
