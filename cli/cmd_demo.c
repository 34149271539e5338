/* SPDX-License-Identifier: MIT */
/* alice demo: the five demonstrations of examples/memory_optimization_demo.c. */
#include "command.h"
#include "memory_optimization_demo.h"

int cmd_demo(const cli_args *args)
{
    return demo_run(args->given[OPT_EVERY]) ? CLI_DONE : CLI_SOME_FAILED;
}
