/* SPDX-License-Identifier: MIT */
/* alice history: the runs, and what each did. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <alice/organize.h>

#include "command.h"
#include "json.h"
#include "progress.h"
#include "settings.h"
#include "terminal.h"

static const char *state_of(const alice_run_info *r)
{
    return r->finished ? "finished" : r->ended_s ? "interrupted" : "cut off";
}

typedef struct listing {
    const cli_args *args;
    unsigned long long idle; /* runs that are not listed */
} listing;

/* A watch looks often, and mostly there is nothing to do. */
static bool is_idle(const alice_run_info *r)
{
    return r->finished && !r->undoes && !r->tally.organized && !r->tally.duplicates &&
           !r->tally.errors;
}

static void on_run(void *ctx, const alice_run_info *r)
{
    listing *l = ctx;
    const cli_args *args = l->args;
    if (is_idle(r) && !args->given[OPT_JSON] && !args->given[OPT_VERBOSE] &&
        !args->word_count) {
        l->idle++;
        return;
    }
    char when[40] = "", bytes[32];
    time_t t = (time_t)r->started_s;
    struct tm tm;
    if (localtime_r(&t, &tm))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
    if (!args->given[OPT_JSON]) {
        printf("%6lld  %s  %-7s %10llu %s", (long long)r->run, when, r->mode,
               (unsigned long long)r->tally.organized,
               strcmp(r->mode, "undo") == 0     ? "taken back"
               : strcmp(r->mode, "redate") == 0 ? "redated"
               : strcmp(r->mode, "remove") == 0 ? "removed"
                                                : "organized");
        if (r->tally.bytes)
            printf(", %s", bytes_text(r->tally.bytes, bytes, sizeof bytes));
        if (r->tally.duplicates)
            printf(", %llu duplicate%s", (unsigned long long)r->tally.duplicates,
                   r->tally.duplicates == 1 ? "" : "s");
        if (r->tally.errors)
            printf(", %llu error%s", (unsigned long long)r->tally.errors,
                   r->tally.errors == 1 ? "" : "s");
        if (!r->finished)
            printf(", %s", state_of(r));
        if (r->undoes)
            printf(", of run %lld", (long long)r->undoes);
        fputs(*r->inbox ? ", from " : "", stdout);
        put_safe_text(stdout, r->inbox);
        putchar('\n');
        return;
    }
    cli_json j = {.to = stdout};
    json_open(&j, NULL, '{');
    json_int(&j, "run", r->run);
    json_text(&j, "mode", r->mode);
    json_text(&j, "inbox", r->inbox);
    json_text(&j, "organized_path", r->organized);
    json_int(&j, "started", r->started_s);
    json_int(&j, "ended", r->ended_s);
    json_text(&j, "state", state_of(r));
    json_int(&j, "undoes", r->undoes);
    json_uint(&j, "files", r->tally.files);
    json_uint(&j, "organized", r->tally.organized);
    json_uint(&j, "skipped", r->tally.skipped);
    json_uint(&j, "duplicates", r->tally.duplicates);
    json_uint(&j, "errors", r->tally.errors);
    json_uint(&j, "bytes", r->tally.bytes);
    json_close(&j, '}');
    json_end_line(&j);
}

static void on_file(void *ctx, const alice_history_file *f)
{
    const listing *l = ctx;
    const cli_args *args = l->args;
    if (!args->given[OPT_JSON]) {
        printf("%-10s ", f->status);
        put_safe_text(stdout, f->source_path);
        fputs(f->destination ? "  ->  " : "", stdout);
        put_safe_text(stdout, f->destination ? f->destination : "");
        if (*f->why)
            printf("  (%s)", f->why);
        putchar('\n');
        return;
    }
    cli_json j = {.to = stdout};
    json_open(&j, NULL, '{');
    json_text(&j, "source_path", f->source_path);
    json_text(&j, "status", f->status);
    if (f->destination)
        json_text(&j, "destination", f->destination);
    if (*f->why)
        json_text(&j, "why", f->why);
    json_uint(&j, "bytes", f->bytes);
    json_close(&j, '}');
    json_end_line(&j);
}

static int run(const cli_args *args)
{
    cli_settings settings;
    alice_error error = {.text = ""};
    char *end = NULL;
    listing l = {.args = args};
    long long which = args->word_count ? strtoll(args->words[0], &end, 10) : 0;
    if (args->word_count && (*end || which < 1))
        return cli_usage_error("'%s' is no run: `alice history` lists their numbers",
                               args->words[0]);
    int bad = settings_read(&settings, args);
    if (bad)
        return bad;
    const alice_organizer_options o = {
        .config = settings.config,
        .organized = args->given[OPT_ORGANIZED] ? args->value[OPT_ORGANIZED] : "organized",
        .catalog = args->value[OPT_CATALOG],
        .kernel_backstop = true};
    alice_status st = alice_history(&o, which, on_run, on_file, &l, &error);
    if (l.idle)
        printf("and %llu run%s that had nothing to do: -v\n", l.idle, l.idle == 1 ? "" : "s");
    if (st == ALICE_OK)
        return CLI_DONE;
    cli_error("%s", error.text);
    return cli_exit_status(st);
}

static const cli_opt options[] = {OPT_ORGANIZED, OPT_MAX_MEMORY, OPT_CATALOG, OPT_SET, OPT_JSON,
                                  OPT_VERBOSE,   OPT_CONFIG,     OPT_HELP,    OPT_END};

static const char text[] =
    "Lists the runs of the organized folder, the latest first: when, what, how many files and\n"
    "bytes, and how it ended; those that had nothing to do are counted (-v lists them). With "
    "RUN also each of its files, where it came from, where it "
    "went,\n"
    "and where its date is from. With --json one object a line.\n"
    "\n"
    "Examples:\n"
    "  alice history -o ~/Pictures/organized\n"
    "  alice history 12 -o ~/Pictures/organized\n";

const cli_command cmd_history = {
    .name = "history",
    .words = "[RUN]",
    .summary = "list the runs, and what each did",
    .options = options,
    .least = 0,
    .most = 1,
    .text = text,
    .run = run,
};
