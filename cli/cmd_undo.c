/* SPDX-License-Identifier: MIT */
/* alice undo: a run taken back. */
#include <stdio.h>
#include <stdlib.h>

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

static void on_file(void *ctx, const alice_file_report *f)
{
    const cli_args *args = ctx;
    bool left = f->outcome == ALICE_FAILED;
    if (!left && (!args->given[OPT_VERBOSE] || args->given[OPT_JSON]))
        return;
    FILE *to = left ? stderr : stdout;
    fputs(left ? "alice: left: " : "", to);
    put_safe_text(to, f->source_path);
    if (left) {
        fputs(": ", to);
        put_safe_text(to, f->reason);
    } else {
        fputs("  ->  ", to);
        put_safe_text(to, f->destination);
    }
    fputc('\n', to);
}

static int run(const cli_args *args)
{
    cli_settings settings;
    alice_undo_result r = {0};
    alice_error error = {.text = ""};
    char *end = NULL;
    long long which = args->word_count ? strtoll(args->words[0], &end, 10) : 0;
    if (args->word_count && (*end || which < 1))
        return cli_usage_error("'%s' is no run: `alice history` lists their numbers",
                               args->words[0]);
    int bad = settings_read(&settings, args);
    if (bad)
        return bad;
    alice_log log = {.write = log_line,
                     .level = args->given[OPT_QUIET] ? ALICE_LOG_ERROR : ALICE_LOG_INFO};
    cli_args given = *args;
    const alice_organizer_options o = {
        .env = {.log = &log},
        .config = settings.config,
        .organized = args->given[OPT_ORGANIZED] ? args->value[OPT_ORGANIZED] : "organized",
        .catalog = args->value[OPT_CATALOG],
        .dry_run = args->given[OPT_DRY_RUN],
        .kernel_backstop = true,
        .on_file = on_file,
        .should_stop = stop_asked,
        .ctx = &given};
    stop_catch();
    alice_status st = alice_undo(&o, which, &r, &error);
    if (st == ALICE_E_CANCELLED)
        cli_error("interrupted, nothing is half-done: run it again to go on");
    else if (st != ALICE_OK)
        cli_error("%s", error.text);
    if (args->given[OPT_JSON]) {
        cli_json j = {.to = stdout};
        json_open(&j, NULL, '{');
        json_int(&j, "run", r.run);
        json_int(&j, "undone", r.undone);
        json_bool(&j, "again", r.again);
        json_bool(&j, "dry_run", o.dry_run);
        json_uint(&j, "files", r.files);
        json_uint(&j, "done", r.done);
        json_uint(&j, "left", r.left);
        json_uint(&j, "bytes", r.bytes);
        json_uint(&j, "settled", r.settled);
        json_close(&j, '}');
        json_end_line(&j);
    } else if (r.undone && !args->given[OPT_QUIET]) {
        printf("Run %lld %s%s: %llu of %llu files, %llu left as they are\n",
               (long long)r.undone, o.dry_run ? "would be " : "was ",
               r.again ? "taken back, its files are organized again" : "taken back",
               (unsigned long long)r.done, (unsigned long long)r.files,
               (unsigned long long)r.left);
    }
    if (st == ALICE_OK)
        return r.left ? CLI_SOME_FAILED : CLI_DONE;
    return cli_exit_status(st);
}

static const cli_opt options[] = {OPT_ORGANIZED, OPT_DRY_RUN, OPT_MAX_MEMORY, OPT_CATALOG,
                                  OPT_SET,       OPT_JSON,    OPT_QUIET,      OPT_VERBOSE,
                                  OPT_CONFIG,    OPT_HELP,    OPT_END};

static const char text[] =
    "Takes RUN back, or the latest run: what was moved returns to its old path, with its "
    "time,\n"
    "mode and attributes; a copy is removed only where its source still has the same bytes,\n"
    "in an archive too: all of it is read. Folders that are empty then go. A file that was\n"
    "changed or moved since is left and named, and the exit status is 1. An undo is a run\n"
    "itself: to undo it places the files again, but for those of archives, which are\n"
    "organized again. One that was interrupted goes on when it is called again.\n"
    "\n"
    "Examples:\n"
    "  alice undo -n -o ~/Pictures/organized\n"
    "  alice undo 12 -o ~/Pictures/organized\n";

const cli_command cmd_undo = {
    .name = "undo",
    .words = "[RUN]",
    .summary = "take a run back",
    .options = options,
    .least = 0,
    .most = 1,
    .text = text,
    .run = run,
};
