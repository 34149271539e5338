/* SPDX-License-Identifier: MIT */
/* What --help and the manual say besides the commands. */
#include "command.h"

const char cli_about[] =
    "Sorts huge collections of photos, videos and AI-made pictures into dated folders,\n"
    "inside a memory budget that it keeps.\n";

const cli_note cli_exit_statuses[] = {
    {"0", "done"},
    {"1", "done, but files failed (each is named), or a memory test went over its limit"},
    {"2", "wrong usage or settings"},
    {"3", "could not start or had to stop (disk full, ...); nothing is half-done"},
    {"130", "interrupted; nothing is half-done"},
    {0},
};

const cli_note cli_environment[] = {
    {"ALICE_PERFORMANCE",
     "the profile to use where --profile is not given; a name that does not exist is an error"},
    {0},
};

const cli_note cli_files[] = {
    {"ORGANIZED/.alice/catalog.db",
     "what is known about every file; --catalog puts it elsewhere"},
    {"ORGANIZED/.alice/search.db",
     "the index of `alice find`, made from the catalog; it can be deleted at any time"},
    {"$XDG_CONFIG_HOME/alice/settings.yaml",
     "the settings file (`alice config init` writes one); usually in ~/.config"},
    {"ORGANIZED/.alice/tmp", "what is under way or sorted on disk; empty between runs"},
    {"/var/tmp",
     "where a dry run keeps, in files without a name, what does not fit into its memory"},
    {0},
};
