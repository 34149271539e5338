/* SPDX-License-Identifier: MIT */
/* alice demo: the five demonstrations of examples/memory_optimization_demo.c. */
#include <string.h>

#include "command.h"
#include "memory_optimization_demo.h"
#include "settings.h"

/* Options of its own. */
enum { OPT_EVERY = OPT_OWN };

/* Whether somebody chose the limit; what this machine would get is not for a demonstration. */
static bool limit_was_chosen(const cli_settings *s)
{
    for (size_t i = 0; alice_config_field(i); i++)
        if (strcmp(alice_config_field(i)->name, "max_memory_mb") == 0)
            return s->origin[i] == ORIGIN_FLAG || s->origin[i] == ORIGIN_PROFILE;
    return false;
}

static int run(const cli_args *args)
{
    cli_settings s;
    alice_error error;
    int bad = settings_read(&s, args);
    if (bad)
        return bad;
    if (!limit_was_chosen(&s) &&
        alice_config_set(&s.given, "max_memory_mb", demo_limit(), &error) != ALICE_OK)
        return cli_usage_error("%s", error.text);
    alice_config_resolve(&s.given);
    return demo_run(args->given[OPT_EVERY], &s.given) ? CLI_DONE : CLI_SOME_FAILED;
}

static const cli_opt options[] = {OPT_EVERY, OPT_SET, OPT_HELP, OPT_END};
static const cli_option own_options[] = {
    [OPT_EVERY] = {"all", 0, NULL, NULL, "every one, without a menu"},
};

static const char text[] =
    "Five demonstrations: streaming against reading a file whole, a bounded cache, pooling\n"
    "against creating, adaptive batches under a rising load, and organizing a made inbox.\n"
    "Each says what it claims, and whether that held; the exit status is 0 when all did. On a\n"
    "terminal a menu offers them. They work in a folder that is made for them in $TMPDIR, or\n"
    "/var/tmp, and removed again. --set is for the organizing one, whose limit is 32 MB.\n"
    "\n"
    "Examples:\n"
    "  alice demo\n"
    "  alice demo --all\n";

const cli_command cmd_demo = {
    .name = "demo",
    .words = "",
    .summary = "show what memory optimization does, with measured figures",
    .options = options,
    .own_options = own_options,
    .least = 0,
    .most = 0,
    .text = text,
    .run = run,
};
