/* SPDX-License-Identifier: MIT */
/* alice catalog rebuild: the catalog from the organized files alone. */
#include <stdio.h>

#include <alice/organize.h>

#include "command.h"
#include "json.h"
#include "settings.h"
#include "stop.h"
#include "terminal.h"

static void log_line(void *ctx, alice_log_level level, const char *text)
{
    (void)ctx;
    (void)level;
    cli_error("%s", text);
}

static void print_json(const alice_rebuild_result *r)
{
    cli_json j = {.to = stdout};
    json_open(&j, NULL, '{');
    json_int(&j, "run", r->run);
    json_uint(&j, "files", r->files);
    json_uint(&j, "added", r->added);
    json_uint(&j, "moved", r->moved);
    json_uint(&j, "unread", r->unread);
    json_close(&j, '}');
    json_end_line(&j);
}

static int run(const cli_args *args)
{
    cli_settings settings;
    alice_rebuild_result r = {0};
    alice_error error = {.text = ""};
    int bad = settings_read(&settings, args);
    if (bad)
        return bad;
    alice_log log = {.write = log_line,
                     .level = args->given[OPT_QUIET] ? ALICE_LOG_ERROR : ALICE_LOG_INFO};
    const alice_organizer_options o = {.env = {.log = &log},
                                       .config = settings.config,
                                       .organized =
                                           args->word_count ? args->words[0] : "organized",
                                       .catalog = args->value[OPT_CATALOG],
                                       .kernel_backstop = true,
                                       .should_stop = stop_asked};
    stop_catch();
    alice_status st = alice_catalog_rebuild(&o, &r, &error);
    if (st == ALICE_E_CANCELLED)
        cli_error("interrupted: what was read is kept; run it again to go on");
    else if (st != ALICE_OK)
        cli_error("%s", error.text);
    if (args->given[OPT_JSON])
        print_json(&r);
    else if (!args->given[OPT_QUIET] && st == ALICE_OK)
        printf("%llu files looked at: %llu were not in the catalog, %llu of them moved or "
               "renamed since; %llu could not be read\n",
               (unsigned long long)r.files, (unsigned long long)r.added,
               (unsigned long long)r.moved, (unsigned long long)r.unread);
    if (st == ALICE_OK)
        return r.unread ? CLI_SOME_FAILED : CLI_DONE;
    return cli_exit_status(st);
}

static const cli_opt options[] = {OPT_MAX_MEMORY, OPT_CATALOG, OPT_SET,  OPT_JSON,
                                  OPT_QUIET,      OPT_CONFIG,  OPT_HELP, OPT_END};

static const char text[] = "Reads the files below ORGANIZED (./organized unless it is given) "
                           "and makes their catalog,\n"
                           "or brings it up to date: after it was lost, replaced by an older "
                           "copy, or set aside because\n"
                           "it was damaged, and after files were moved or renamed inside "
                           "ORGANIZED. No file of yours is\n"
                           "changed. `alice organize` does the same by itself where it finds "
                           "no catalog, or an old one.\n"
                           "\n"
                           "Examples:\n"
                           "  alice catalog rebuild ~/Pictures/organized\n";

const cli_command cmd_catalog = {
    .name = "catalog rebuild",
    .words = "[ORGANIZED]",
    .completes = "dir",
    .summary = "make the catalog anew from the organized files",
    .options = options,
    .least = 0,
    .most = 1,
    .text = text,
    .run = run,
};
