/* SPDX-License-Identifier: MIT */
/*
 * alice memory profile: a dry run under the allocation profiler.
 *
 * Between files the run is looked at: how much is in use, by which account. What
 * lives is worth knowing at the moment of the highest use, since after a run all
 * has been given back: so whenever more is in use than ever before, the profile is
 * copied.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "control.h"
#include "dry_run.h"
#include "json.h"
#include "output.h"
#include "profile_run.h"
#include "progress.h"
#include "settings.h"
#include "stop.h"
#include "table.h"

/* Options of its own. */
enum { OPT_TOP = OPT_OWN, OPT_HTML };

enum { TOP_DEFAULT = 10, TOP_MOST = 1000 };

typedef struct profiling {
    profile_run run;
    cli_progress progress;
    alice_organizer *organizer; /* NULL: not open yet */
    alice_profile *profile;
    cli_status now;
    size_t most; /* bytes in use when the profile was last copied */
} profiling;

/* ---- names ---- */

const char *profile_file(const alice_profile_row *row)
{
    const char *file = row->file, *src;
    if (!file)
        return "unknown";
    if (row->line && (src = strstr(file, "src/")) != NULL)
        return src + 4;
    const char *slash = strrchr(file, '/');
    return slash ? slash + 1 : file;
}

const char *profile_function(const alice_profile_row *row, char *buf, size_t size)
{
    if (row->function)
        return row->function;
    if (row->address == 0)
        return "unknown";
    snprintf(buf, size, "+0x%llx", (unsigned long long)row->address);
    return buf;
}

double profile_hit_rate(const cli_status *s)
{
    uint64_t hits = 0, all = 0;
    for (size_t i = 0; i < s->memory.cache_count; i++) {
        hits += s->memory.caches[i].numbers.hits;
        all += s->memory.caches[i].numbers.hits + s->memory.caches[i].numbers.misses;
    }
    return all ? (double)hits / (double)all : 0;
}

/* ---- the run ---- */

/* What is in use: by the kernel, or by the accounts where they know of more. */
static size_t in_use(const cli_status *s)
{
    size_t charged = s->memory.account_count ? s->memory.accounts[0].current : 0;
    return charged > s->memory.usage.current ? charged : s->memory.usage.current;
}

static void look(profiling *s)
{
    if (!s->organizer || !status_get(&s->now, s->organizer))
        return;
    uint32_t ms = samples_add(&s->run.samples, &s->now);
    size_t used = in_use(&s->now);
    /* A copy for every page more would cost time and tell nothing. */
    if (s->run.live && used < s->most + s->most / 128)
        return;
    alice_profile_snapshot *snapshot = NULL;
    if (alice_profile_snapshot_take(s->profile, &snapshot) != ALICE_OK)
        return;
    alice_profile_snapshot_close(&s->run.live);
    s->run.live = snapshot;
    s->run.at_peak = s->now;
    s->run.peak_ms = ms;
    s->most = used;
}

static bool between_files(void *ctx)
{
    profiling *s = ctx;
    if (samples_due(&s->run.samples))
        look(s);
    return stop_asked(NULL);
}

static void on_progress(void *ctx, const alice_progress *now)
{
    profiling *s = ctx;
    progress_show(&s->progress, now);
}

static alice_status organize(profiling *s, const alice_organizer_options *o, alice_error *error)
{
    char why[160];
    cli_control *control = control_start("memory profile", why, sizeof why);
    alice_status st = alice_organizer_open(&s->organizer, o, error);
    bool opened = st == ALICE_OK;
    control_attach(control, s->organizer);
    if (opened) {
        look(s);
        st = alice_organizer_organize(s->organizer, &s->run.result, error);
        look(s);
        if (!status_get(&s->run.end, s->organizer))
            s->run.end = s->run.at_peak;
        alice_status took = alice_profile_snapshot_take(s->profile, &s->run.total);
        if (st == ALICE_OK && took != ALICE_OK) {
            snprintf(error->text, sizeof error->text, "the profile cannot be copied: %s",
                     alice_status_text(took));
            st = took;
        }
        if (s->run.total)
            alice_profile_snapshot_sort(s->run.total, ALICE_BY_TOTAL_BYTES);
    }
    control_stop(&control);
    alice_organizer_close(&s->organizer);
    alice_profile_get_stats(s->profile, &s->run.stats);
    return st;
}

/* ---- text ---- */

static void print_statistics(const profile_run *run)
{
    static const cli_column columns[] = {{.head = "Metric"}, {.head = "Value"}};
    const alice_organize_result *r = &run->result;
    char text[32];
    cli_table t;
    table_begin(&t, "Memory Statistics", columns, 2);
    table_cell(&t, "Peak Memory");
    table_cell(&t, "%s", memory_text((double)r->memory.peak_bytes, false, text, sizeof text));
    table_cell(&t, "Limit");
    table_cell(&t, "%s", memory_text((double)r->memory.limit_bytes, true, text, sizeof text));
    table_cell(&t, "GC Collections");
    table_cell(&t, "%llu", (unsigned long long)r->memory.gc_collections);
    table_cell(&t, "Cache Hit Rate");
    table_cell(&t, "%.1f%%", 100 * profile_hit_rate(&run->end));
    table_cell(&t, "Cache Size");
    table_cell(&t, "%s",
               memory_text((double)(r->memory.cache_stats.size_bytes +
                                    r->memory.hash_cache_stats.size_bytes),
                           false, text, sizeof text));
    table_cell(&t, "Files");
    table_cell(&t, "%llu in %.2f s", (unsigned long long)r->tally.files, r->seconds);
    table_end(&t, stdout, table_width(stdout));
}

static void print_sites(const char *title, const alice_profile_snapshot *snapshot, size_t top,
                        bool live)
{
    static const cli_column columns[] = {{.head = "Function", .shrink = SHRINK_END},
                                         {.head = "Place", .shrink = SHRINK_FRONT},
                                         {.head = "Bytes", .right = true},
                                         {.head = "Blocks", .right = true}};
    const alice_profile_row *row;
    cli_table t;
    char name[96], bytes[32];
    putchar('\n');
    table_begin(&t, title, columns, 4);
    for (size_t i = 0; i < top && (row = alice_profile_snapshot_row(snapshot, i)) != NULL;
         i++) {
        int64_t n = live ? row->live_bytes : row->total_bytes;
        table_cell(&t, "%s", profile_function(row, name, sizeof name));
        if (row->line)
            table_cell(&t, "%s:%d", profile_file(row), row->line);
        else
            table_cell(&t, "%s", profile_file(row));
        table_cell(&t, "%s", bytes_text(n > 0 ? (uint64_t)n : 0, bytes, sizeof bytes));
        table_cell(&t, "%lld", (long long)(live ? row->live_blocks : row->total_blocks));
    }
    table_end(&t, stdout, table_width(stdout));
}

static size_t current_then(const profile_run *run, const char *name)
{
    for (size_t i = 0; i < run->at_peak.memory.account_count; i++)
        if (strcmp(run->at_peak.memory.accounts[i].name, name) == 0)
            return run->at_peak.memory.accounts[i].current;
    return 0;
}

static void print_ledger(const profile_run *run)
{
    static const cli_column columns[] = {{.head = "Account", .shrink = SHRINK_END},
                                         {.head = "At the peak", .right = true},
                                         {.head = "Most", .right = true},
                                         {.head = "Charges", .right = true},
                                         {.head = "Refusals", .right = true}};
    cli_table t;
    char bytes[32];
    putchar('\n');
    table_begin(&t, "Ledger by account", columns, 5);
    for (size_t i = 0; i < run->end.memory.account_count; i++) {
        const alice_ledger_row *row = &run->end.memory.accounts[i];
        table_cell(&t, "%*s%s", (int)row->depth * 2, "", row->name);
        table_cell(&t, "%s", bytes_text(current_then(run, row->name), bytes, sizeof bytes));
        table_cell(&t, "%s", bytes_text(row->peak, bytes, sizeof bytes));
        table_cell(&t, "%llu", (unsigned long long)row->charges);
        table_cell(&t, "%llu", (unsigned long long)row->refusals);
    }
    table_end(&t, stdout, table_width(stdout));
}

static void print_text(const profile_run *run)
{
    char title[80];
    print_statistics(run);
    snprintf(title, sizeof title, "Top %zu live at the highest use (after %.2f s)", run->top,
             run->peak_ms / 1000.0);
    print_sites(title, run->live, run->top, true);
    snprintf(title, sizeof title, "Top %zu of all that was taken", run->top);
    print_sites(title, run->total, run->top, false);
    print_ledger(run);
    printf("\nSites are sampled (one block in about 64 KB): estimates from %llu blocks. "
           "Nothing on disk was "
           "changed.\n",
           (unsigned long long)run->stats.sampled);
}

/* ---- JSON ---- */

static void json_sites(cli_json *j, const char *key, const alice_profile_snapshot *snapshot,
                       size_t top)
{
    const alice_profile_row *row;
    char name[96];
    json_open(j, key, '[');
    for (size_t i = 0; i < top && (row = alice_profile_snapshot_row(snapshot, i)) != NULL;
         i++) {
        json_open(j, NULL, '{');
        json_text(j, "function", profile_function(row, name, sizeof name));
        json_text(j, "file", profile_file(row));
        json_int(j, "line", row->line);
        json_int(j, "live_bytes", row->live_bytes);
        json_int(j, "live_blocks", row->live_blocks);
        json_int(j, "total_bytes", row->total_bytes);
        json_int(j, "total_blocks", row->total_blocks);
        json_int(j, "peak_bytes", row->peak_bytes);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_samples(cli_json *j, const cli_samples *s)
{
    json_open(j, "samples", '[');
    for (size_t i = 0; i < s->count; i++) {
        const cli_sample *at = &s->at[i];
        json_open(j, NULL, '{');
        json_uint(j, "ms", at->ms);
        json_uint(j, "resident_bytes", at->resident_kb * UINT64_C(1024));
        json_uint(j, "batch_size", at->batch);
        json_uint(j, "cache_bytes", at->cache_kb * UINT64_C(1024));
        json_real(j, "hit_rate", (double)at->hit_rate, 4);
        json_open(j, "accounts", '{');
        for (size_t a = 0; a < s->account_count; a++)
            json_uint(j, s->account[a], at->account_kb[a] * UINT64_C(1024));
        json_close(j, '}');
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void print_json(const profile_run *run)
{
    cli_json j = {.to = stdout};
    const alice_organize_result *r = &run->result;
    json_open(&j, NULL, '{');
    json_text(&j, "path", run->path);
    json_uint(&j, "files", r->tally.files);
    json_uint(&j, "errors", r->tally.errors);
    json_real(&j, "seconds", r->seconds, 3);
    json_uint(&j, "limit_bytes", r->memory.limit_bytes);
    json_uint(&j, "peak_bytes", r->memory.peak_bytes);
    json_uint(&j, "gc_collections", r->memory.gc_collections);
    json_real(&j, "cache_hit_rate", profile_hit_rate(&run->end), 4);
    json_uint(&j, "cache_size_bytes",
              r->memory.cache_stats.size_bytes + r->memory.hash_cache_stats.size_bytes);
    json_uint(&j, "highest_use_ms", run->peak_ms);
    json_uint(&j, "sampled_blocks", run->stats.sampled);
    json_uint(&j, "lost_blocks", run->stats.lost_blocks);
    json_uint(&j, "lost_sites", run->stats.lost_sites);
    json_sites(&j, "live_sites", run->live, run->top);
    json_sites(&j, "total_sites", run->total, run->top);
    json_open(&j, "ledger", '[');
    for (size_t i = 0; i < run->end.memory.account_count; i++) {
        const alice_ledger_row *row = &run->end.memory.accounts[i];
        json_open(&j, NULL, '{');
        json_text(&j, "account", row->name);
        json_uint(&j, "depth", row->depth);
        json_uint(&j, "bytes_at_highest_use", current_then(run, row->name));
        json_uint(&j, "peak_bytes", row->peak);
        json_uint(&j, "charges", row->charges);
        json_uint(&j, "refusals", row->refusals);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_samples(&j, &run->samples);
    json_close(&j, '}');
    json_end_line(&j);
}

/* ---- the command ---- */

static int read_top(const cli_args *args, size_t *top)
{
    *top = TOP_DEFAULT;
    if (!args->given[OPT_TOP])
        return CLI_DONE;
    char *end;
    errno = 0;
    long n = strtol(args->value[OPT_TOP], &end, 10);
    if (*end || end == args->value[OPT_TOP] || errno || n < 1 || n > TOP_MOST)
        return cli_usage_error("--top wants a number from 1 to %d, not '%s'", TOP_MOST,
                               args->value[OPT_TOP]);
    *top = (size_t)n;
    return CLI_DONE;
}

static int profile_it(profiling *s, const cli_args *args, const cli_settings *settings,
                      cli_output *page)
{
    alice_organizer_options o;
    alice_error error = {.text = ""};
    alice_profile_options p = {.seed = 1};
    alice_status st = alice_profile_open(&s->profile, &p);
    if (st != ALICE_OK || !samples_open(&s->run.samples)) {
        cli_error("there is not enough memory for the profiler");
        return CLI_STOPPED;
    }
    dry_run_options(&o, args->words[0], settings);
    o.env.profile = s->profile;
    o.should_stop = between_files;
    o.on_progress = on_progress;
    o.ctx = s;
    stop_catch();
    progress_begin(&s->progress, args->given[OPT_QUIET]);
    st = organize(s, &o, &error);
    progress_clear(&s->progress);
    if (st != ALICE_OK) {
        cli_error("%s", st == ALICE_E_CANCELLED ? "interrupted" : error.text);
        return s->run.total && st != ALICE_E_CANCELLED ? CLI_STOPPED : cli_exit_status(st);
    }
    if (args->given[OPT_JSON])
        print_json(&s->run);
    else if (!args->given[OPT_QUIET] && page->to != stdout)
        print_text(&s->run);
    if (!page->to || page->to == stdout)
        return page->to && !profile_page(stdout, &s->run) ? CLI_STOPPED : CLI_DONE;
    profile_page(page->to, &s->run);
    int bad = output_close(page, true);
    if (!bad && !args->given[OPT_JSON] && !args->given[OPT_QUIET])
        printf("The page with charts is %s\n", args->value[OPT_HTML]);
    return bad;
}

static int run(const cli_args *args)
{
    static profiling s;
    cli_settings settings;
    static cli_output page;
    int bad = read_top(args, &s.run.top);
    if (bad || (bad = settings_read(&settings, args)) != CLI_DONE ||
        (bad = dry_run_check(args->words[0])) != CLI_DONE)
        return bad;
    if (args->given[OPT_HTML] &&
        (bad = output_open(&page, "page", args->value[OPT_HTML], PROFILE_PAGE_BEGINS,
                           args->given[OPT_FORCE])) != CLI_DONE)
        return bad;
    s.run.path = args->words[0];
    bad = profile_it(&s, args, &settings, &page);
    output_close(&page, false); /* where it was not written */
    alice_profile_snapshot_close(&s.run.live);
    alice_profile_snapshot_close(&s.run.total);
    samples_close(&s.run.samples);
    alice_profile_close(&s.profile);
    return bad;
}

static const cli_opt options[] = {OPT_TOP,  OPT_MAX_MEMORY, OPT_CACHE_SIZE, OPT_PROFILE,
                                  OPT_JOBS, OPT_SET,        OPT_HTML,       OPT_FORCE,
                                  OPT_JSON, OPT_QUIET,      OPT_HELP,       OPT_END};
static const cli_option own_options[] = {
    [OPT_TOP] = {"top", 0, "N", NULL, "how many allocation sites to show (default: 10)"},
    [OPT_HTML] = {"html", 0, "FILE", "file",
                  "write a page with charts (-: to standard output)"},
};

static const char text[] =
    "Organizes PATH as a dry run (nothing on disk changes) under the allocation profiler,\n"
    "and prints the places in the program that held the most memory at the moment of the\n"
    "highest use, those that took the most in all, and what each account was charged. With\n"
    "--html, also a page with charts: memory against the limit, batch sizes, accounts, caches\n"
    "and sites.\n"
    "\n"
    "Examples:\n"
    "  alice memory profile ~/Pictures --top 20\n"
    "  alice memory profile ~/Pictures --max-memory 64 --html profile.html\n";

const cli_command cmd_memory_profile = {
    .name = "memory profile",
    .words = "PATH",
    .completes = "dir",
    .summary = "see what takes memory while a collection is organized",
    .options = options,
    .own_options = own_options,
    .least = 1,
    .most = 1,
    .text = text,
    .run = run,
};
