/* SPDX-License-Identifier: MIT */
/* alice demo: the five demonstrations of examples/memory_optimization_demo.c. */
#include <string.h>

#include "command.h"
#include "memory_optimization_demo.h"
#include "settings.h"

/* Whether somebody chose the limit; what this machine would get is not for a demonstration. */
static bool limit_was_chosen(const cli_settings *s)
{
    for (size_t i = 0; i < SETTINGS_MAX_FIELDS && alice_config_field(i); i++)
        if (strcmp(alice_config_field(i)->name, "max_memory_mb") == 0)
            return s->origin[i] == ORIGIN_FLAG || s->origin[i] == ORIGIN_PROFILE;
    return false;
}

int cmd_demo(const cli_args *args)
{
    cli_settings s;
    alice_error error;
    int bad = settings_read(&s, args);
    if (bad)
        return bad;
    if (!limit_was_chosen(&s) &&
        alice_config_set(&s.config, "max_memory_mb", demo_limit(), &error) != ALICE_OK)
        return cli_usage_error("%s", error.text);
    alice_config_resolve(&s.config);
    return demo_run(args->given[OPT_EVERY], &s.config) ? CLI_DONE : CLI_SOME_FAILED;
}
