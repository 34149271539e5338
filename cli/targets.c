/* SPDX-License-Identifier: MIT */
#include "targets.h"

#include <ctype.h>
#include <stdlib.h>

static bool pid_read(const char *text, long *out)
{
    char *end;
    if (!isdigit((unsigned char)*text))
        return false;
    *out = strtol(text, &end, 10);
    return *end == 0 && *out > 0 && *out <= 0x7FFFFFFF;
}

bool seconds_read(const char *text, double *out)
{
    char *end;
    if (!isdigit((unsigned char)*text) && *text != '.')
        return false;
    *out = strtod(text, &end);
    return end != text && *end == 0 && *out > 0 && *out <= 1e9;
}

int targets_find(cli_targets *t, const cli_args *args)
{
    long pid = 0;
    *t = (cli_targets){.all = args->given[OPT_ALL]};
    if (args->given[OPT_PID] && t->all)
        return cli_usage_error("--pid and --all exclude each other");
    t->self = !args->given[OPT_PID] && !t->all;
    if (t->self)
        return CLI_DONE;
    if (t->all) {
        t->count = control_find_all(t->at, TARGETS_MAX);
        if (t->count > 0)
            return CLI_DONE;
        cli_error(
            "no alice of yours is running; start one, such as 'alice organize', and ask again");
        return CLI_STOPPED;
    }
    if (!pid_read(args->value[OPT_PID], &pid))
        return cli_usage_error(
            "--pid wants a process id, not '%s'; --all takes every alice of yours",
            args->value[OPT_PID]);
    t->count = 1;
    t->found = control_find(pid, &t->at[0]);
    if (t->found != CONTROL_IS_NOBODY)
        return CLI_DONE;
    cli_error(
        "there is no process %ld; 'alice memory monitor --all' shows every alice of yours",
        pid);
    return CLI_STOPPED;
}
