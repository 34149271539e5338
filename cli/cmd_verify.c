/* SPDX-License-Identifier: MIT */
/* alice verify: is every organized file what it was? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <alice/verify.h>

#include "command.h"
#include "json.h"
#include "progress.h"
#include "settings.h"
#include "stop.h"
#include "terminal.h"

enum { OPT_SAMPLE = OPT_OWN, OPT_SEAL, OPT_ANEW };

#define N(n) ((unsigned long long)(n))

typedef struct checking {
    const cli_args *args;
    cli_progress progress;
    uint64_t began_files, began_ns;
    bool began;
} checking;

static void on_file(void *ctx, const alice_verified_file *f)
{
    checking *c = ctx;
    if (f->verdict < ALICE_VERDICT_CHANGED && !c->args->given[OPT_VERBOSE])
        return;
    if (c->args->given[OPT_JSON]) {
        cli_json j = {.to = stdout};
        json_open(&j, NULL, '{');
        json_text(&j, "path", f->path);
        json_text(&j, "verdict", alice_verdict_name(f->verdict));
        if (f->why)
            json_text(&j, "why", f->why);
        json_uint(&j, "bytes", f->bytes);
        json_close(&j, '}');
        json_end_line(&j);
        return;
    }
    if (c->args->given[OPT_QUIET] && f->verdict < ALICE_VERDICT_MISSING)
        return;
    progress_clear(&c->progress);
    printf("%-8s  ", alice_verdict_name(f->verdict));
    put_safe_text(stdout, f->path);
    if (f->why)
        printf("  (%s)", f->why);
    putchar('\n');
}

static void on_progress(void *ctx, const alice_verify_result *now)
{
    checking *c = ctx;
    char bytes[32], left[32] = "";
    uint64_t ns = alice_env_now_ns(NULL);
    if (!c->began) { /* what an earlier call did says nothing of the speed of this one */
        c->began = true;
        c->began_files = now->files;
        c->began_ns = ns;
    }
    double seconds = (double)(ns - c->began_ns) / 1e9;
    double rate = seconds > 0 ? (double)(now->files - c->began_files) / seconds : 0;
    if (rate > 0 && now->expected > now->files)
        duration_text((double)(now->expected - now->files) / rate, left, sizeof left);
    progress_say(&c->progress, "%llu of %llu files, %s read, %llu damaged, %llu missing%s%s",
                 N(now->files), N(now->expected),
                 bytes_text(now->bytes_read, bytes, sizeof bytes),
                 N(now->by[ALICE_VERDICT_DAMAGED]), N(now->by[ALICE_VERDICT_MISSING]),
                 *left ? "; time left: " : "", left);
}

static void log_line(void *ctx, alice_log_level level, const char *text)
{
    checking *c = ctx;
    (void)level;
    progress_clear(&c->progress);
    cli_error("%s", text);
}

static void print_json(const char *organized, const alice_verify_result *r, bool done)
{
    cli_json j = {.to = stdout};
    json_open(&j, NULL, '{');
    json_text(&j, "organized_path", organized);
    json_bool(&j, "complete", done);
    json_uint(&j, "files", r->files);
    for (int v = 0; v <= ALICE_VERDICT_DAMAGED; v++)
        json_uint(&j, alice_verdict_name((alice_verdict)v), r->by[v]);
    json_uint(&j, "sealed", r->sealed);
    json_uint(&j, "bytes_read", r->bytes_read);
    json_int(&j, "went_on", r->went_on);
    json_real(&j, "seconds", r->seconds, 3);
    json_close(&j, '}');
    json_end_line(&j);
}

static void print_answer(const char *organized, const alice_verify_result *r)
{
    static const struct {
        alice_verdict verdict;
        const char *text;
    } rows[] = {
        {ALICE_VERDICT_SOUND, "are what they were"},
        {ALICE_VERDICT_UNSEALED,
         "begin as they did; no hash of the rest is known (--seal makes one)"},
        {ALICE_VERDICT_UNREAD, "stand, and were not read (--sample)"},
        {ALICE_VERDICT_CHANGED, "were edited: another size or time"},
        {ALICE_VERDICT_UNKNOWN, "are not in the catalog"},
        {ALICE_VERDICT_MISSING, "are MISSING"},
        {ALICE_VERDICT_DAMAGED, "are DAMAGED: other bytes, the same size and time"},
    };
    char bytes[32], time[32];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (r->by[rows[i].verdict])
            printf("%10llu  %s\n", N(r->by[rows[i].verdict]), rows[i].text);
    if (r->went_on) {
        char when[40] = "";
        time_t t = (time_t)r->went_on;
        struct tm tm;
        if (localtime_r(&t, &tm))
            strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
        printf("This went on from the call of %s\n", when);
    }
    if (r->sealed)
        printf("%llu hashes are known from now on\n", N(r->sealed));
    printf("%s: %llu files of %s, %s read in %s\n",
           r->by[ALICE_VERDICT_DAMAGED] || r->by[ALICE_VERDICT_MISSING] ? "NOT SOUND" : "Sound",
           N(r->files), organized, bytes_text(r->bytes_read, bytes, sizeof bytes),
           duration_text(r->seconds, time, sizeof time));
}

static int run(const cli_args *args)
{
    cli_settings settings;
    static checking c;
    alice_verify_result r = {.files = 0};
    alice_error error = {.text = ""};
    char *end = NULL;
    unsigned long sample = 0;
    int bad = settings_read(&settings, args);
    if (bad)
        return bad;
    if (args->given[OPT_SAMPLE]) {
        const char *text = args->value[OPT_SAMPLE];
        sample = strtoul(text, &end, 10);
        if (text[0] < '0' || text[0] > '9' || (*end && strcmp(end, "%") != 0) || sample < 1 ||
            sample > 100)
            return cli_usage_error("--sample: '%s' is no share: 1%% to 100%%", text);
    }
    c = (checking){.args = args};
    alice_log log = {.write = log_line,
                     .ctx = &c,
                     .level = args->given[OPT_QUIET] ? ALICE_LOG_ERROR : ALICE_LOG_INFO};
    const char *organized = args->word_count             ? args->words[0]
                            : args->given[OPT_ORGANIZED] ? args->value[OPT_ORGANIZED]
                                                         : "organized";
    const alice_organizer_options library = {.env = {.log = &log},
                                             .config = settings.config,
                                             .organized = organized,
                                             .catalog = args->value[OPT_CATALOG],
                                             .kernel_backstop = true,
                                             .confine = true,
                                             .should_stop = stop_asked};
    const alice_verify_options o = {.organizer = &library,
                                    .sample_percent = (unsigned)sample,
                                    .seal = args->given[OPT_SEAL],
                                    .anew = args->given[OPT_ANEW],
                                    .on_file = on_file,
                                    .on_progress = on_progress,
                                    .ctx = &c};
    stop_catch();
    progress_begin(&c.progress, args->given[OPT_QUIET]);
    alice_status st = alice_verify(&o, &r, &error);
    progress_clear(&c.progress);
    if (st == ALICE_E_CANCELLED)
        cli_error("interrupted: the next call goes on from here");
    else if (st != ALICE_OK)
        cli_error("%s", error.text);
    if (args->given[OPT_JSON])
        print_json(organized, &r, st == ALICE_OK);
    else if (st == ALICE_OK && !args->given[OPT_QUIET])
        print_answer(organized, &r);
    if (st != ALICE_OK)
        return cli_exit_status(st);
    return r.by[ALICE_VERDICT_DAMAGED] || r.by[ALICE_VERDICT_MISSING] ? CLI_SOME_FAILED
                                                                      : CLI_DONE;
}

static const cli_opt options[] = {OPT_ORGANIZED,  OPT_SAMPLE,  OPT_SEAL,  OPT_ANEW,
                                  OPT_MAX_MEMORY, OPT_PROFILE, OPT_JOBS,  OPT_CATALOG,
                                  OPT_SET,        OPT_JSON,    OPT_QUIET, OPT_VERBOSE,
                                  OPT_CONFIG,     OPT_HELP,    OPT_END};
static const cli_option own_options[] = {
    [OPT_SAMPLE] = {"sample", 0, "P%", NULL,
                    "read only this share of the files, others each time"},
    [OPT_SEAL] = {"seal", 0, NULL, NULL, "remember the hash of files of which none is known"},
    [OPT_ANEW] = {"anew", 0, NULL, NULL,
                  "begin with the first file, also after an interruption"}};

static const char text[] =
    "Reads every organized file and holds it against what the catalog says of it. Names\n"
    "what is missing, what was edited (another size or time), what is damaged (the same\n"
    "size and time, but other bytes: a failing disk or cable), and what the catalog does\n"
    "not know. Exit status 0: nothing is missing or damaged; 1: something is. Files are\n"
    "not changed.\n"
    "\n"
    "Of a file of more than 64 KB that was never compared, only the hash of its beginning\n"
    "is known: it counts as unsealed. With --seal it is read whole, and from then on\n"
    "damage anywhere in it is seen.\n"
    "\n"
    "A call that was interrupted, or killed, is continued by the next one. With --json\n"
    "there is one object a line for each file that is changed, unknown, missing or damaged\n"
    "(with -v for every file), and a last one with the counts.\n"
    "\n"
    "Examples:\n"
    "  alice verify ~/Pictures/organized\n"
    "  alice verify --seal ~/Pictures/organized\n"
    "  alice verify --sample 5% --json ~/Pictures/organized > verified.json\n";

const cli_command cmd_verify = {
    .name = "verify",
    .words = "[ORGANIZED]",
    .completes = "dir",
    .summary = "hold every organized file against what is known of it",
    .options = options,
    .own_options = own_options,
    .least = 0,
    .most = 1,
    .text = text,
    .run = run,
};
