/* SPDX-License-Identifier: MIT */
/* alice completions: for shells of people who did not install them. */
#include "command.h"
#include "completions.h"

static int run(const cli_args *args)
{
    if (completions_write(args->words[0]))
        return CLI_DONE;
    return cli_usage_error(
        "there are no completions for '%s'; there are for bash, zsh and fish", args->words[0]);
}

static const cli_opt options[] = {OPT_HELP, OPT_END};

static const char text[] =
    "Prints the completions of commands, options and settings for bash, zsh or fish. They are\n"
    "installed with alice; this is for shells that look elsewhere.\n"
    "\n"
    "Examples:\n"
    "  source <(alice completions bash)\n"
    "  alice completions zsh > ~/.zfunc/_alice\n"
    "  alice completions fish > ~/.config/fish/completions/alice.fish\n";

const cli_command cmd_completions = {
    .name = "completions",
    .words = "SHELL",
    .summary = "print what completes commands in bash, zsh or fish",
    .options = options,
    .least = 1,
    .most = 1,
    .text = text,
    .run = run,
};
