/* SPDX-License-Identifier: MIT */
/* alice redate: when was each organized file taken, by what is known now? */
#include <stdio.h>
#include <string.h>

#include <alice/organize.h>

#include "command.h"
#include "json.h"
#include "organize_options.h"
#include "settings.h"
#include "stop.h"
#include "terminal.h"

#define N(n) ((unsigned long long)(n))

typedef struct redating {
    const cli_args *args;
    uint64_t shown;
} redating;

enum { SHOWN = 20 }; /* without -v */

static void on_file(void *ctx, const alice_file_report *f)
{
    redating *c = ctx;
    const bool stays = f->outcome == ALICE_FAILED;
    if (c->args->given[OPT_JSON]) {
        cli_json j = {.to = stdout};
        json_open(&j, NULL, '{');
        json_text(&j, "path", f->source_path);
        json_text(&j, "status", stays ? "left" : "redated");
        if (f->destination)
            json_text(&j, "destination", f->destination);
        json_text(&j, "why", f->reason);
        json_uint(&j, "bytes", f->bytes);
        json_close(&j, '}');
        json_end_line(&j);
        return;
    }
    if (!stays &&
        (c->args->given[OPT_QUIET] || (!c->args->given[OPT_VERBOSE] && c->shown++ >= SHOWN)))
        return;
    FILE *to = stays ? stderr : stdout;
    fputs(stays ? "alice: left: " : "", to);
    put_safe_text(to, f->source_path);
    if (!stays) {
        fputs("  ->  ", to);
        put_safe_text(to, f->destination);
    }
    fprintf(to, stays ? ": %s\n" : "  (%s)\n", f->reason);
}

static void print_json(const alice_redate_result *r, bool dry_run)
{
    cli_json j = {.to = stdout};
    json_open(&j, NULL, '{');
    json_int(&j, "run", r->run);
    json_bool(&j, "dry_run", dry_run);
    json_uint(&j, "files", r->files);
    json_uint(&j, "groups", r->groups);
    json_uint(&j, "moved", r->moved);
    json_uint(&j, "left", r->left);
    json_uint(&j, "unread", r->unread);
    json_uint(&j, "other_layout", r->other_layout);
    json_uint(&j, "bytes", r->bytes);
    json_close(&j, '}');
    json_end_line(&j);
}

static void print_summary(const redating *c, const alice_redate_result *r, bool dry_run)
{
    if (c->shown > SHOWN)
        printf("and %llu more: -v\n", N(c->shown - SHOWN));
    printf("%llu of %llu files %s to another place", N(r->moved), N(r->files),
           dry_run ? "would go" : "went");
    if (r->left)
        printf(", %llu stay where they are", N(r->left));
    if (r->moved && !dry_run)
        printf("; `alice undo %lld` takes that back", (long long)r->run);
    putchar('\n');
    if (r->other_layout)
        printf("%llu stand in another layout, whose paths show no date of their own: they are "
               "left\n",
               N(r->other_layout));
}

static int run(const cli_args *args)
{
    cli_settings settings;
    alice_redate_result r = {0};
    alice_error error = {.text = ""};
    redating c = {.args = args};
    int bad = settings_read(&settings, args);
    if (bad)
        return bad;
    if (alice_layout_check(args->value[OPT_LAYOUT], &error) != ALICE_OK)
        return cli_usage_error("--layout: %s", error.text);
    if (args->given[OPT_ORGANIZED] && !args->from_file[OPT_ORGANIZED] && args->word_count)
        return cli_usage_error("the organized folder is given twice");
    const alice_organizer_options o = {
        .config = settings.config,
        .organized = args->word_count             ? args->words[0]
                     : args->given[OPT_ORGANIZED] ? args->value[OPT_ORGANIZED]
                                                  : "organized",
        .catalog = args->value[OPT_CATALOG],
        .dry_run = args->given[OPT_DRY_RUN],
        .layout = args->value[OPT_LAYOUT],
        .no_projects = (const char *const *)args->no_projects,
        .date_patterns = (const char *const *)args->date_patterns,
        .kernel_backstop = true,
        .confine = true,
        .on_file = on_file,
        .should_stop = stop_asked,
        .ctx = &c};
    stop_catch();
    alice_status st = alice_redate(&o, &r, &error);
    if (st == ALICE_E_CANCELLED)
        cli_error("interrupted, nothing is half-done: run it again to go on");
    else if (st != ALICE_OK)
        cli_error("%s", error.text);
    if (args->given[OPT_JSON])
        print_json(&r, o.dry_run);
    else if (!args->given[OPT_QUIET] && (st == ALICE_OK || r.files))
        print_summary(&c, &r, o.dry_run);
    if (st == ALICE_OK)
        return r.left || r.unread ? CLI_SOME_FAILED : CLI_DONE;
    return cli_exit_status(st);
}

static const cli_opt options[] = {OPT_ORGANIZED,    OPT_DRY_RUN, OPT_MAX_MEMORY, OPT_PROFILE,
                                  OPT_CATALOG,      OPT_LAYOUT,  OPT_NO_PROJECT, OPT_TIMEZONE,
                                  OPT_DATE_PATTERN, OPT_SET,     OPT_JSON,       OPT_QUIET,
                                  OPT_VERBOSE,      OPT_CONFIG,  OPT_HELP,       OPT_END};

static const char text[] =
    "Asks every organized file again when it was taken. A sidecar may have come later (XMP, "
    "or\n"
    "Takeout's JSON), or this alice may know more than the one that organized it. Where the "
    "day\n"
    "is another, the file goes to that day's folder, with its number and all that belongs to\n"
    "it (a group goes whole, or not at all); nothing is overwritten. Where only the time of\n"
    "the file itself is left to go by, it stays.\n"
    "\n"
    "With --layout every file goes where that layout has it, whatever it was organized by,\n"
    "with all that belongs to it. Numbers are kept where its path shows them.\n"
    "\n"
    "-n shows what would go where. A redating is a run: `alice history` lists it, `alice "
    "undo`\n"
    "takes it back. One that was interrupted is ended by calling it again. Without --layout\n"
    "files of a layout other than the usual one are left.\n"
    "\n"
    "Examples:\n"
    "  alice redate -n ~/Pictures/organized\n"
    "  alice redate ~/Pictures/organized\n"
    "  alice redate -n --layout year-month ~/Pictures/organized\n"
    "  alice redate --timezone Asia/Tokyo ~/Pictures/organized\n";

const cli_command cmd_redate = {
    .name = "redate",
    .words = "[ORGANIZED]",
    .completes = "dir",
    .summary = "move organized files whose date is known better by now, or to another layout",
    .own_options = organize_options,
    .options = options,
    .least = 0,
    .most = 1,
    .text = text,
    .run = run,
};
