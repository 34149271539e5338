/* SPDX-License-Identifier: MIT */
/* The program: everything is in command.c and the cmd_*.c files. */
#include <locale.h>
#include <stdio.h>

#include "command.h"

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    int status = cli_main(argc, argv);
    /* A full disk or a closed pipe must not look like success. */
    if (fflush(stdout) != 0 && status == CLI_DONE)
        status = CLI_STOPPED;
    return status;
}
