/* SPDX-License-Identifier: MIT */
/* alice organize: the options, the signals, the report and the summary. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <alice/organize.h>

#include "choice.h"
#include "command.h"
#include "control.h"
#include "json.h"
#include "organize_options.h"
#include "output.h"
#include "progress.h"
#include "prune.h"
#include "settings.h"
#include "stop.h"
#include "summary.h"
#include "table.h"
#include "terminal.h"

typedef struct organizing {
    const cli_args *args;
    cli_progress progress;
    cli_output report, receipt; /* open where they were asked for */
    FILE *out;                  /* where people read */
    cli_tally tally;
    cli_choice choice;
    const char *undated_folder;                /* NULL: the usual one */
    int examples;                              /* of the layout, told */
    bool removes;                              /* duplicates */
    bool archives;                             /* are what is organized */
    char inbox[PATH_MAX], organized[PATH_MAX]; /* both roots, that paths begin with */
} organizing;

static void on_progress(void *ctx, const alice_progress *now)
{
    organizing *s = ctx;
    progress_show(&s->progress, now);
}

/* How each report begins that has a file in it. */
static const char report_begins[] = "{\"source_path\": \"";

/* What both say of a file. */
static void write_fate(const organizing *s, cli_json *j, const alice_file_report *f)
{
    json_open(j, NULL, '{');
    json_text(j, "source_path", f->source_path);
    json_text(j, "status", alice_outcome_name(f->outcome));
    if (s->args->given[OPT_DRY_RUN])
        json_bool(j, "dry_run", true);
    if (f->destination)
        json_text(j, "destination", f->destination);
}

static void write_receipt(const organizing *s, const alice_file_report *f)
{
    cli_json j = {.to = s->receipt.to};
    write_fate(s, &j, f);
    json_uint(&j, "bytes", f->bytes);
    if (f->content)
        json_text(&j, "xxh128", f->content);
    if (f->reason || f->outcome == ALICE_FAILED)
        json_text(&j, "reason", f->reason ? f->reason : alice_status_text(f->status));
    json_close(&j, '}');
    json_end_line(&j);
}

static void write_report(const organizing *s, const alice_file_report *f)
{
    cli_json j = {.to = s->report.to};
    char date[16];
    write_fate(s, &j, f);
    if (f->medium) {
        json_text(&j, "type", alice_media_name(f->medium->type));
        if (f->medium->date_source != ALICE_DATE_NOWHERE) {
            alice_date_text(&f->medium->date, date, sizeof date);
            json_text(&j, "date", date);
            json_text(&j, "precision", alice_date_precision(&f->medium->date));
            if (f->medium->date.zone_assumed)
                json_bool(&j, "zone_assumed", true);
            if (f->medium->date.zone_borrowed)
                json_bool(&j, "zone_borrowed", true);
            json_text(&j, "date_source", alice_date_source_name(f->medium->date_source));
        }
        if (f->medium->make)
            json_text(&j, "make", f->medium->make);
        if (f->medium->model)
            json_text(&j, "model", f->medium->model);
        if (f->medium->generator != ALICE_GEN_NONE)
            json_text(&j, "generator", alice_generator_name(f->medium->generator));
    }
    if (f->source)
        json_text(&j, "source", f->source);
    if (f->reason)
        json_text(&j, "reason", f->reason);
    json_close(&j, '}');
    json_end_line(&j);
}

/* The part of a path below its root. */
static const char *below(const char *path, const char *root)
{
    size_t n = strlen(root);
    return n && strncmp(path, root, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

static const char *outcome_word(const organizing *s, const alice_file_report *f)
{
    if (s->args->given[OPT_DRY_RUN] && f->outcome == ALICE_ORGANIZED)
        return s->args->given[OPT_MOVE] ? "would move" : "would copy";
    if (s->args->given[OPT_DRY_RUN] && f->outcome == ALICE_SKIPPED)
        return "would skip";
    return alice_outcome_name(f->outcome);
}

static const char *leave(void *ctx, const char *path, const alice_media_info *info)
{
    organizing *s = ctx;
    return choice_leaves(&s->choice, path, info);
}

/* Of a layout that is tried, ten files show what it does. */
static bool is_example(organizing *s, const alice_file_report *f)
{
    enum { EXAMPLES = 10 };
    const cli_args *args = s->args;
    if (!args->given[OPT_LAYOUT] || !args->given[OPT_DRY_RUN] || args->given[OPT_QUIET] ||
        args->given[OPT_JSON] || f->outcome != ALICE_ORGANIZED || s->examples == EXAMPLES)
        return false;
    if (s->examples++ == 0 && !args->given[OPT_VERBOSE])
        fputs("For example:\n", s->out);
    return true;
}

static void on_file(void *ctx, const alice_file_report *f)
{
    organizing *s = ctx;
    tally_add(&s->tally, f);
    bool verbose = s->args->given[OPT_VERBOSE] && !s->args->given[OPT_JSON];
    if (s->report.to)
        write_report(s, f);
    if (s->receipt.to)
        write_receipt(s, f);
    if (f->outcome != ALICE_FAILED && !verbose) {
        if (!is_example(s, f))
            return;
        verbose = true;
    }
    progress_clear(&s->progress);
    if (f->outcome == ALICE_FAILED) {
        fputs("alice: ", stderr);
        put_safe_text(stderr, f->source_path);
        fputs(": ", stderr);
        put_safe_text(stderr, f->reason ? f->reason : alice_status_text(f->status));
        fputc('\n', stderr);
    }
    if (verbose) {
        fprintf(s->out, "%-10s ", outcome_word(s, f));
        put_safe_text(s->out, below(f->source_path, s->inbox));
        if (f->destination) {
            fputs(f->outcome == ALICE_DUPLICATE ? "  =  " : "  ->  ", s->out);
            put_safe_text(s->out, below(f->destination, s->organized));
        }
        if (f->outcome == ALICE_ORGANIZED && f->medium)
            fprintf(s->out, "  (%s, %s)", alice_media_name(f->medium->type),
                    alice_date_source_name(f->medium->date_source));
        fputs(f->reason ? "  " : "", s->out);
        put_safe_text(s->out, f->reason ? f->reason : "");
        fputc('\n', s->out);
    }
}

/* ---- the summary ---- */

static void print_json(const alice_organizer *o, const alice_organize_result *r,
                       const cli_args *args)
{
    cli_json j = {.to = stdout};
    const char *name = NULL;
    uint64_t count = 0;
    json_open(&j, NULL, '{');
    json_int(&j, "run", r->run);
    json_text(&j, "mode", args->given[OPT_MOVE] ? "move" : "copy");
    json_bool(&j, "dry_run", args->given[OPT_DRY_RUN]);
    json_uint(&j, "files", r->tally.files);
    json_uint(&j, "organized", r->tally.organized);
    json_uint(&j, "skipped", r->tally.skipped);
    json_uint(&j, "duplicates", r->tally.duplicates);
    json_uint(&j, "errors", r->tally.errors);
#define PRINT_COUNT(name, says) json_uint(&j, #name, r->name);
    ALICE_RUN_COUNT_LIST(PRINT_COUNT)
#undef PRINT_COUNT
    json_uint(&j, "bytes", r->tally.bytes);
    json_real(&j, "seconds", r->seconds, 3);
    json_real(&j, "files_per_second", r->seconds > 0 ? (double)r->tally.files / r->seconds : 0,
              1);
    json_bool(&j, "interrupted", r->interrupted);
    json_open(&j, "by_source", '{');
    for (size_t i = 0; alice_organizer_by_source(o, i, &name, &count) == ALICE_OK; i++)
        json_uint(&j, name, count);
    json_close(&j, '}');
    json_open(&j, "by_type", '{');
    for (int t = 0; t < ALICE_MEDIA_COUNT; t++)
        if (r->by_type[t])
            json_uint(&j, alice_media_name((alice_media_type)t), r->by_type[t]);
    json_close(&j, '}');
    json_open(&j, "date_sources", '{');
    for (int d = 0; d < ALICE_DATE_SOURCE_COUNT; d++)
        if (r->date_sources[d])
            json_uint(&j, alice_date_source_name((alice_date_source)d), r->date_sources[d]);
    if (r->date_sources[ALICE_DATE_NOWHERE])
        json_uint(&j, "none", r->date_sources[ALICE_DATE_NOWHERE]);
    json_close(&j, '}');
    json_open(&j, "disk", '{');
    json_uint(&j, "catalog_flushes", r->catalog_flushes);
    json_uint(&j, "catalog_bytes", r->catalog_bytes);
    json_uint(&j, "flushes", r->disk_flushes);
    json_close(&j, '}');
    json_open(&j, "memory", '{');
    json_uint(&j, "limit_bytes", r->memory.limit_bytes);
    json_uint(&j, "peak_bytes", r->memory.peak_bytes);
    json_uint(&j, "gc_collections", r->memory.gc_collections);
    json_uint(&j, "batch_size_adjustments", r->memory.batch_size_adjustments);
    json_uint(&j, "cache_evictions", r->memory.cache_evictions);
    json_uint(&j, "streamed_files", r->memory.streamed_files);
    json_uint(&j, "pooled_objects_reused", r->memory.pooled_objects_reused);
    json_open(&j, "cache_stats", '{');
    json_cache_members(&j, &r->memory.cache_stats);
    json_close(&j, '}');
    json_open(&j, "hash_cache_stats", '{');
    json_cache_members(&j, &r->memory.hash_cache_stats);
    json_close(&j, '}');
    json_close(&j, '}');
    json_close(&j, '}');
    json_end_line(&j);
}

static void print_summary(const organizing *s, const alice_organizer *organizer,
                          const alice_organize_result *result)
{
    const cli_args *args = s->args;
    int width = table_width(s->out);
    char undated[160];
    snprintf(undated, sizeof undated, "in the folder %s",
             s->undated_folder ? s->undated_folder : "undated");
    cli_summary summary = {.tally = &s->tally,
                           .organizer = organizer,
                           .result = result,
                           .organized = s->organized,
                           .report = args->value[OPT_REPORT],
                           .undated = undated,
                           .dry_run = args->given[OPT_DRY_RUN],
                           .archives = s->archives,
                           .move = args->given[OPT_MOVE],
                           .remove = s->removes,
                           .verbose = args->given[OPT_VERBOSE]};
    summary_print(&summary, s->out, width ? width : 80);
}

static void log_line(void *ctx, alice_log_level level, const char *text)
{
    organizing *s = ctx;
    (void)level;
    progress_clear(&s->progress);
    cli_error("%s", text);
}

/* keep, mtime, or the folder. */
static void read_undated(const char *what, alice_organizer_options *o)
{
    if (what && strcmp(what, "keep") == 0)
        o->undated = ALICE_UNDATED_KEEP;
    else if (what && strcmp(what, "mtime") == 0)
        o->undated = ALICE_UNDATED_MTIME;
    else
        o->undated_folder = what;
}

static void know_roots(organizing *s, const alice_organizer *organizer)
{
    static alice_run_status now;
    if (alice_organizer_run_status(organizer, &now, sizeof now) != ALICE_OK)
        return; /* paths are then told whole */
    snprintf(s->inbox, sizeof s->inbox, "%s", now.inbox_path);
    snprintf(s->organized, sizeof s->organized, "%s", now.organized_path);
}

/* What the settings file says of a move is not asked of a copy. */
static void leave_out(cli_args *args)
{
    static const cli_opt of_a_move[] = {OPT_PRUNE_EMPTY, OPT_DUPLICATES};
    for (size_t i = 0; i < sizeof of_a_move / sizeof *of_a_move && !args->given[OPT_MOVE]; i++)
        if (args->from_file[of_a_move[i]]) {
            args->given[of_a_move[i]] = false;
            args->value[of_a_move[i]] = NULL;
        }
    if (args->from_file[OPT_KEEP_NAMES] && args->given[OPT_LAYOUT])
        args->given[OPT_KEEP_NAMES] = false;
}

/* How many files there are, where somebody looks on and a glance at the names tells. */
static void count_first(cli_progress *p, const alice_organizer_options *o)
{
    const alice_survey_options glance = {
        .most_ms = 1000, .all_sizes = 1, .should_stop = stop_asked};
    alice_survey seen;
    if (p->on && o->inbox && !o->archive_count &&
        alice_survey_folder(o->inbox, &glance, &seen, NULL) == ALICE_OK && seen.complete)
        p->total = seen.files;
}

/* --duplicates, and what it does not go with. */
static int read_duplicates(const cli_args *args, bool *removes)
{
    const char *duplicates = args->value[OPT_DUPLICATES];
    *removes = duplicates && strcmp(duplicates, "remove") == 0;
    if (duplicates && !*removes && strcmp(duplicates, "keep") != 0)
        return cli_usage_error("--duplicates is keep or remove, not '%s'", duplicates);
    if (*removes && (args->given[OPT_ONLY] || args->given[OPT_SINCE] || args->given[OPT_UNTIL]))
        return cli_usage_error("--duplicates remove goes without --only, --since and --until: "
                               "what is organized already is not read for them");
    if (*removes && !args->given[OPT_MOVE])
        return cli_usage_error(
            "--duplicates remove is for --move: a copy leaves the inbox as it is");
    return CLI_DONE;
}

/* The organizer's options, from the command's and the settings. */
static int read_options(organizing *s, const cli_args *args, cli_settings *settings,
                        alice_organizer_options *o)
{
    alice_error error = {.text = ""};
    int bad = settings_read(settings, args);
    if (bad || (bad = organize_paths(args, o)) != CLI_DONE ||
        (bad = choice_read(&s->choice, args, args->value[OPT_SINCE], args->value[OPT_UNTIL],
                           args->value[OPT_ONLY])) != CLI_DONE)
        return bad;
    if (args->given[OPT_PRUNE_EMPTY] && !args->given[OPT_MOVE])
        return cli_usage_error("--prune-empty is for --move: a copy leaves the inbox as it is");
    if (alice_layout_check(args->value[OPT_LAYOUT], &error) != ALICE_OK)
        return cli_usage_error("--layout: %s", error.text);
    if (args->given[OPT_LAYOUT] && args->given[OPT_KEEP_NAMES])
        return cli_usage_error("--keep-names is for the usual layout; --layout has {name}");
    if ((bad = read_duplicates(args, &o->remove_duplicates)) != CLI_DONE ||
        (bad = organize_settle(args, &o->settle_seconds)) != CLI_DONE ||
        (bad = organize_flushes(args, &o->flush_files, &o->flush_seconds)) != CLI_DONE)
        return bad;
    uint32_t jobs = alice_config_workers(&settings->config);
    if (args->given[OPT_JOBS] && jobs < settings->config.workers && !args->given[OPT_QUIET])
        cli_error("--jobs %s: this machine takes %u, twice its processors",
                  args->value[OPT_JOBS], jobs);
    read_undated(args->value[OPT_UNDATED], o);
    s->undated_folder = o->undated_folder;
    s->removes = o->remove_duplicates;
    s->archives = o->archive_count > 0;
    o->config = settings->config;
    o->catalog = args->value[OPT_CATALOG];
    o->move = args->given[OPT_MOVE];
    o->dry_run = args->given[OPT_DRY_RUN];
    o->keep_names = args->given[OPT_KEEP_NAMES];
    o->albums = args->given[OPT_ALBUMS];
    o->fresh = args->given[OPT_FRESH];
    o->lossy = args->given[OPT_LOSSY];
    o->hash_contents = args->given[OPT_RECEIPT];
    o->layout = args->value[OPT_LAYOUT];
    o->no_projects = (const char *const *)args->no_projects;
    o->date_patterns = (const char *const *)args->date_patterns;
    return CLI_DONE;
}

/* The report and the receipt. */
static int open_outputs(organizing *s, const cli_args *args)
{
    int bad = CLI_DONE;
    if (args->given[OPT_REPORT])
        bad = output_open(&s->report, "report", args->value[OPT_REPORT], report_begins,
                          args->given[OPT_FORCE]);
    if (bad == CLI_DONE && args->given[OPT_RECEIPT]) {
        bad = output_open(&s->receipt, "receipt", args->value[OPT_RECEIPT], report_begins,
                          args->given[OPT_FORCE]);
        if (bad != CLI_DONE)
            output_close(&s->report, false);
    }
    if (bad == CLI_DONE && (s->report.to == stdout || s->receipt.to == stdout))
        s->out = stderr; /* the standard output is for programs then */
    return bad;
}

/* Organize, so that others may ask how it is. */
static alice_status carry_out(organizing *s, alice_organizer_options *o,
                              alice_organizer **organizer, alice_organize_result *result,
                              alice_error *error)
{
    char why[160];
    cli_control *control = control_listen("organize", why, sizeof why);
    /* What this file writes besides the organizer: the socket goes, the report comes. */
    alice_confine_path reach[3];
    o->confine = true;
    o->confine_paths = reach;
    if (control)
        reach[o->confine_path_count++] = (alice_confine_path){control_folder_of(control), true};
    if (s->report.to && !s->report.direct)
        reach[o->confine_path_count++] = (alice_confine_path){s->report.folder, true};
    if (s->receipt.to && !s->receipt.direct)
        reach[o->confine_path_count++] = (alice_confine_path){s->receipt.folder, true};
    alice_status st = alice_organizer_open(organizer, o, error);
    if (!control_serve(control, why, sizeof why) && s->args->debug)
        cli_error("this run cannot be asked how it is: %s", why);
    if (*organizer)
        know_roots(s, *organizer);
    control_attach(control, *organizer);
    if (*organizer)
        st = alice_organizer_organize(*organizer, result, error);
    control_stop(&control);
    return st;
}

static int run(const cli_args *given)
{
    static cli_args own; /* some kilobytes: not for the stack */
    const cli_args *args = &own;
    own = *given;
    leave_out(&own);
    cli_settings settings;
    static organizing s; /* two paths, a bit a day: not for the stack */
    static alice_organize_result result;
    alice_organizer *organizer = NULL;
    alice_error error = {.text = ""};
    alice_log log = {.write = log_line,
                     .ctx = &s,
                     .level = args->given[OPT_QUIET] ? ALICE_LOG_ERROR
                              : args->debug          ? ALICE_LOG_DEBUG
                                                     : ALICE_LOG_INFO};
    alice_organizer_options o = {.kernel_backstop = true,
                                 .env.log = &log,
                                 .should_stop = stop_asked,
                                 .on_progress = on_progress,
                                 .on_file = on_file,
                                 .leave = leave,
                                 .ctx = &s};
    s.args = args;
    s.out = stdout;
    int bad = read_options(&s, args, &settings, &o);
    if (bad != CLI_DONE || (bad = open_outputs(&s, args)) != CLI_DONE)
        return bad;
    stop_catch();
    progress_begin(&s.progress, args->given[OPT_QUIET]);
    count_first(&s.progress, &o);
    alice_status st = carry_out(&s, &o, &organizer, &result, &error);
    bool opened = organizer != NULL;
    progress_clear(&s.progress);

    if (opened && st == ALICE_OK && args->given[OPT_PRUNE_EMPTY] && !args->given[OPT_DRY_RUN] &&
        s.inbox[0] && !cli_prune_empty(s.inbox, s.organized))
        st = ALICE_E_IO;
    int report_bad = output_close(&s.report, opened);
    int receipt_bad = output_close(&s.receipt, opened);
    if ((report_bad || receipt_bad) && st == ALICE_OK)
        st = ALICE_E_IO;
    if (st != ALICE_OK && st != ALICE_E_CANCELLED && error.text[0])
        cli_error("%s", error.text);
    if (opened && args->given[OPT_JSON])
        print_json(organizer, &result, args);
    else if (opened && !args->given[OPT_QUIET])
        print_summary(&s, organizer, &result);
    alice_organizer_close(&organizer);
    if (st == ALICE_OK)
        return result.tally.errors ? CLI_SOME_FAILED : CLI_DONE;
    /* What was wrong before the run began is the caller's to mend; later it is the world's. */
    return opened && st != ALICE_E_CANCELLED ? CLI_STOPPED : cli_exit_status(st);
}

static const cli_opt options[] = {
    OPT_INBOX,      OPT_ORGANIZED,   OPT_COPY,       OPT_MOVE,        OPT_DRY_RUN,
    OPT_KEEP_NAMES, OPT_FRESH,       OPT_MAX_MEMORY, OPT_PROFILE,     OPT_JOBS,
    OPT_CATALOG,    OPT_SET,         OPT_JSON,       OPT_REPORT,      OPT_RECEIPT,
    OPT_DUPLICATES, OPT_LOSSY,       OPT_SETTLE,     OPT_FLUSH_FILES, OPT_FLUSH_SECONDS,
    OPT_LAYOUT,     OPT_ALBUMS,      OPT_UNDATED,    OPT_TIMEZONE,    OPT_DATE_PATTERN,
    OPT_NO_PROJECT, OPT_FORCE,       OPT_EXCLUDE,    OPT_SINCE,       OPT_UNTIL,
    OPT_ONLY,       OPT_PRUNE_EMPTY, OPT_QUIET,      OPT_VERBOSE,     OPT_CONFIG,
    OPT_HELP,       OPT_END};
static const char text[] =
    "Every media file below INBOX goes to\n"
    "ORGANIZED/<date>/<project>/<source>/<project>-<number>.<ext>, where the date is the\n"
    "day it was taken, the project is the first folder below INBOX, and the source is the\n"
    "AI generator or the camera that made it. Nothing is ever overwritten; a file that is\n"
    "organized already, under whatever name, is not placed again. Run it again at any time:\n"
    "it goes on where it was.\n"
    "\n"
    "A file that says no date goes to ORGANIZED/undated where only its modification time is\n"
    "left and that is the time of a copy or download (many files of its folder have the same\n"
    "second); else it has its modification time, and the summary counts it as uncertain.\n"
    "\n"
    "--layout TEMPLATE puts them elsewhere: names between slashes, in which {date:%Y/%m},\n"
    "{project}, {origin}, {camera}, {type}, {number:05}, {name}, {ext}, {hash:8}, {model},\n"
    "{seed} and {album} stand for what the file says, {camera|unknown} with a word for what\n"
    "it does not; the extension is added. Where two would get one path the later gets \"-2\".\n"
    "With -n ten real examples are shown first.\n"
    "\n"
    "What belongs together stays together, with one number: RAW and JPEG, picture and film of\n"
    "one moment (Live Photo), edited copies, and sidecars (XMP, AAE, Takeout's JSON, THM, "
    "LRV,\n"
    "WAV, SRT, XML), also where a partner comes in a later run.\n"
    "\n"
    "With --move, --duplicates remove also takes out of the inbox what is organized already,\n"
    "each file after its bytes were compared with the organized ones: it is moved to\n"
    "ORGANIZED/.alice/removed/RUN/, from where `alice undo` brings it back, until you delete\n"
    "that folder. So a move frees an inbox that was copied before.\n"
    "\n"
    "Albums of a Google Takeout are noted for each file, also where the copy that is kept "
    "stood\n"
    "in \"Photos from 2020\": `alice find --album`, `alice info`. With --albums the album is "
    "the\n"
    "project.\n"
    "\n"
    "Instead of a folder, archives can be given: .zip, .tar, .tgz, all parts of an export\n"
    "together (a sidecar may be in another part than its picture). They are read only, also\n"
    "with --move. What is in them is unpacked to ORGANIZED/.alice/incoming and placed from "
    "there\n"
    "by rename. What is no medium and belongs to none, and what stands in another part, in an\n"
    "album or in ORGANIZED already, is not unpacked. With -n the first 64 KB of each file go "
    "to\n"
    "/var/tmp, and the plan says what it cannot know by these.\n"
    "Names that lead out of an archive, links, devices, and what grows to more than 200 times\n"
    "its size are refused by name, and so are encrypted files: then the exit status is 1.\n"
    "\n"
    "INBOX is ./inbox unless it is given, and ORGANIZED is the folder \"organized\" beside\n"
    "INBOX unless it is given.\n"
    "\n"
    "Examples:\n"
    "  alice organize ~/Pictures/inbox ~/Pictures/organized\n"
    "  alice organize -n -v ~/Pictures/inbox ~/Pictures/organized\n"
    "  alice organize -n --layout '{date:%Y/%m}/{camera|other}/{name}' ~/in ~/out\n"
    "  alice organize --move --prune-empty --max-memory 64 /media/card /srv/photos\n"
    "  alice organize takeout-*.zip ~/organized\n"
    "  alice organize --only video --since 2024-03 --exclude '*.tmp.mp4' ~/in ~/out\n";

const cli_command cmd_organize = {
    .name = "organize",
    .words = "[INBOX [ORGANIZED]] | ARCHIVE... ORGANIZED",
    .completes = "dir",
    .summary = "sort a folder of media into dated folders",
    .options = options,
    .own_options = organize_options,
    .least = 0,
    .most = 65536,
    .text = text,
    .run = run,
};
