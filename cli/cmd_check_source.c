/* SPDX-License-Identifier: MIT */
/* alice check-source: may this card be formatted? */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <alice/organize.h>

#include "command.h"
#include "json.h"
#include "organize_options.h"
#include "progress.h"
#include "settings.h"
#include "stop.h"
#include "terminal.h"

enum { OPT_FULL = OPT_OWN };

#define N(n) ((unsigned long long)(n))

typedef struct checking {
    const cli_args *args;
    cli_progress progress;
} checking;

static const char *safety_name(alice_safety s)
{
    return s == ALICE_SAFE ? "safe" : s == ALICE_NOT_SAFE ? "not safe" : "no media";
}

static void on_file(void *ctx, const alice_checked_file *f)
{
    checking *c = ctx;
    if (f->safety != ALICE_NOT_SAFE && !c->args->given[OPT_VERBOSE])
        return;
    if (c->args->given[OPT_JSON]) {
        cli_json j = {.to = stdout};
        json_open(&j, NULL, '{');
        json_text(&j, "source_path", f->source_path);
        json_text(&j, "status", safety_name(f->safety));
        if (f->destination)
            json_text(&j, "destination", f->destination);
        if (f->reason)
            json_text(&j, "reason", f->reason);
        json_uint(&j, "bytes", f->bytes);
        json_close(&j, '}');
        json_end_line(&j);
        return;
    }
    progress_clear(&c->progress);
    printf("%-8s  ", safety_name(f->safety));
    put_safe_text(stdout, f->source_path);
    if (f->destination) {
        fputs("  =  ", stdout);
        put_safe_text(stdout, f->destination);
    }
    if (f->reason) {
        fputs("  (", stdout);
        put_safe_text(stdout, f->reason);
        fputc(')', stdout);
    }
    fputc('\n', stdout);
}

static void on_progress(void *ctx, const alice_progress *now)
{
    checking *c = ctx;
    progress_show(&c->progress, now);
}

static void log_line(void *ctx, alice_log_level level, const char *text)
{
    checking *c = ctx;
    (void)level;
    progress_clear(&c->progress);
    cli_error("%s", text);
}

static void print_json(const alice_organizer_options *o, const alice_check_result *r, bool full,
                       bool done)
{
    cli_json j = {.to = stdout};
    json_open(&j, NULL, '{');
    if (o->inbox)
        json_text(&j, "inbox", o->inbox);
    else
        json_open(&j, "archives", '[');
    for (size_t i = 0; i < o->archive_count; i++)
        json_text(&j, NULL, o->archives[i]);
    if (!o->inbox)
        json_close(&j, ']');
    json_text(&j, "organized_path", o->organized);
    json_bool(&j, "full", full);
    json_bool(&j, "complete", done);
    json_bool(&j, "all_safe", done && r->not_safe == 0);
    json_uint(&j, "files", r->files);
    json_uint(&j, "safe", r->safe);
    json_uint(&j, "not_safe", r->not_safe);
    json_uint(&j, "no_media", r->no_media);
    json_uint(&j, "passed_over", r->passed_over);
    json_uint(&j, "bytes", r->bytes);
    json_real(&j, "seconds", r->seconds, 3);
    json_close(&j, '}');
    json_end_line(&j);
}

static void print_answer(const alice_organizer_options *o, const alice_check_result *r,
                         bool full)
{
    uint64_t media = r->safe + r->not_safe;
    const char *of = o->inbox               ? o->inbox
                     : o->archive_count > 1 ? "these archives"
                                            : o->archives[0];
    char bytes[32];
    if (media == 0)
        printf("There is no media file in %s\n", of);
    else if (r->not_safe)
        printf("NOT SAFE: %llu of %llu media files of %s do not stand in %s\n", N(r->not_safe),
               N(media), of, o->organized);
    else
        printf("Safe: all %llu media files (%s) of %s stand in %s\n", N(media),
               bytes_text(r->bytes, bytes, sizeof bytes), of, o->organized);
    if (r->safe && !full && o->inbox)
        puts("What is known was compared by size and time; --full compares every byte");
    if (r->no_media)
        printf("%llu other files are no media, and are not organized: -v names them\n",
               N(r->no_media));
    if (r->passed_over)
        printf("%llu hidden and system files were not looked at\n", N(r->passed_over));
}

static int run(const cli_args *args)
{
    cli_settings settings;
    static checking c;
    alice_check_result r = {0};
    alice_error error = {.text = ""};
    int bad = settings_read(&settings, args);
    if (bad)
        return bad;
    c.args = args;
    const bool archives = cli_is_archive(args->words[0]);
    struct stat s;
    for (int i = 1; i < args->word_count; i++)
        if (!archives || (stat(args->words[i], &s) == 0 && S_ISDIR(s.st_mode)))
            return cli_usage_error("'%s' is one too many: one folder is checked, or archives",
                                   args->words[i]);
    const char *organized = args->given[OPT_ORGANIZED] ? args->value[OPT_ORGANIZED]
                                                       : organized_beside(args->words[0]);
    if (!organized)
        return cli_usage_error("the path of the inbox is too long");
    alice_log log = {.write = log_line,
                     .ctx = &c,
                     .level = args->given[OPT_QUIET] ? ALICE_LOG_ERROR : ALICE_LOG_INFO};
    const alice_organizer_options o = {.env = {.log = &log},
                                       .config = settings.config,
                                       .inbox = archives ? NULL : args->words[0],
                                       .archives = (const char *const *)args->words,
                                       .archive_count = archives ? (size_t)args->word_count : 0,
                                       .organized = organized,
                                       .catalog = args->value[OPT_CATALOG],
                                       .kernel_backstop = true,
                                       .confine = true,
                                       .on_progress = on_progress,
                                       .should_stop = stop_asked,
                                       .ctx = &c};
    stop_catch();
    progress_begin(&c.progress, args->given[OPT_QUIET]);
    alice_status st = alice_check_source(&o, args->given[OPT_FULL], on_file, &c, &r, &error);
    progress_clear(&c.progress);
    if (st == ALICE_E_CANCELLED)
        cli_error("interrupted: nothing is known of the rest");
    else if (st != ALICE_OK)
        cli_error("%s", error.text);
    if (args->given[OPT_JSON])
        print_json(&o, &r, args->given[OPT_FULL], st == ALICE_OK);
    else if (st == ALICE_OK && !args->given[OPT_QUIET])
        print_answer(&o, &r, args->given[OPT_FULL]);
    if (st != ALICE_OK)
        return cli_exit_status(st);
    return r.not_safe ? CLI_SOME_FAILED : CLI_DONE;
}

static const cli_opt options[] = {
    OPT_ORGANIZED, OPT_FULL,  OPT_MAX_MEMORY, OPT_PROFILE, OPT_JOBS, OPT_CATALOG, OPT_SET,
    OPT_JSON,      OPT_QUIET, OPT_VERBOSE,    OPT_CONFIG,  OPT_HELP, OPT_END};
static const cli_option own_options[] = {
    [OPT_FULL] = {"full", 0, NULL, NULL, "compare every byte, also of what is known"}};

static const char text[] =
    "Says whether every media file of INBOX, and each file that belongs to one, stands safely "
    "in\n"
    "organized: the question to ask before a card is formatted, or an export is deleted. Exit\n"
    "status 0: all do; 1: those that do not are listed. Nothing is changed.\n"
    "\n"
    "What was organized from this folder and is as it was then is safe where its organized "
    "copy\n"
    "has the size and time it had. Everything else (the card has another path now, a file was\n"
    "touched) is safe only where the same bytes stand in organized: they are compared. With\n"
    "--full all are. ORGANIZED is the folder \"organized\" beside INBOX unless it is given. "
    "With\n"
    "--json there is one object a line for each file that is not safe (with -v for every "
    "file),\n"
    "and a last one with the counts.\n"
    "\n"
    "Of archives (.zip, .tar, .tgz) every file is read as it goes by, and nothing unpacked: it "
    "is\n"
    "safe where a file of organized has the same content, by a hash of 128 bits over all of "
    "it.\n"
    "\n"
    "Examples:\n"
    "  alice check-source takeout-*.zip -o ~/Pictures/organized\n"
    "  alice check-source /media/card -o ~/Pictures/organized\n"
    "  alice check-source --full /media/card -o ~/Pictures/organized\n";

const cli_command cmd_check_source = {
    .name = "check-source",
    .words = "INBOX | ARCHIVE...",
    .completes = "dir",
    .summary = "say whether all of a card, folder or archive stands in organized",
    .options = options,
    .own_options = own_options,
    .least = 1,
    .most = -1,
    .text = text,
    .run = run,
};
