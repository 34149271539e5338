/* SPDX-License-Identifier: MIT */
/*
 * alice memory test: how the organizer fares under a limit, or under several.
 *
 * One limit is tried in this process. Several are tried in a child each, which is
 * this same command with one limit and --json: so each has the kernel's mark of its
 * own run, and there is no second protocol.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <alice/monitor.h>

#include "command.h"
#include "control.h"
#include "dry_run.h"
#include "json.h"
#include "progress.h"
#include "settings.h"
#include "stop.h"
#include "table.h"

enum {
    MOST_LIMITS = 16,
    ANSWER_MAX = 4096, /* of a child */
    MOST_ROUNDS = 9
};

/* Rounds go on while all of them took less than this: short runs are noisy. */
static const double ROUNDS_SECONDS = 6;
/* What counts as no loss of speed, and as near the limit. */
static const double NO_LOSS = 0.95, NEAR = 0.9;

/* One run. */
typedef struct trial {
    const char *said; /* the limit as given by the caller */
    int status;       /* exit status of what could not run; else CLI_DONE */
    double limit, files, organized, errors, bytes, seconds, initial, peak;
} trial;

static double speed(const trial *t)
{
    return t->seconds > 0 ? t->files / t->seconds : 0;
}

static double growth(const trial *t)
{
    return t->peak > t->initial ? t->peak - t->initial : 0;
}

static const char *verdict(const trial *t)
{
    return t->status != CLI_DONE       ? "cannot run"
           : t->peak > t->limit        ? "over"
           : t->peak > NEAR * t->limit ? "came within 10 %"
                                       : "stayed within";
}

static void write_json(cli_json *j, const char *path, const trial *t)
{
    json_open(j, NULL, '{');
    json_text(j, "path", path);
    json_uint(j, "limit_bytes", (uint64_t)t->limit);
    json_uint(j, "files", (uint64_t)t->files);
    json_uint(j, "organized", (uint64_t)t->organized);
    json_uint(j, "errors", (uint64_t)t->errors);
    json_uint(j, "bytes", (uint64_t)t->bytes);
    json_real(j, "seconds", t->seconds, 3);
    json_real(j, "files_per_second", speed(t), 1);
    json_uint(j, "initial_bytes", (uint64_t)t->initial);
    json_uint(j, "peak_bytes", (uint64_t)t->peak);
    json_uint(j, "growth_bytes", (uint64_t)growth(t));
    json_text(j, "verdict", verdict(t));
    json_close(j, '}');
}

/* ---- one limit, here ---- */

static void on_progress(void *ctx, const alice_progress *now)
{
    progress_show(ctx, now);
}

static int run_here(const cli_args *args, trial *t)
{
    static alice_organize_result result;
    cli_settings settings;
    cli_progress progress;
    alice_organizer *organizer = NULL;
    alice_organizer_options o;
    alice_process_usage before = {0};
    cli_control *control = NULL;
    char why[160];
    alice_error error = {.text = ""};
    int bad = settings_read(&settings, args);
    if (bad)
        return bad;
    dry_run_options(&o, args->words[0], &settings);
    o.on_progress = on_progress;
    o.ctx = &progress;
    progress_begin(&progress, args->given[OPT_QUIET]);
    alice_monitor_process(0, &before);
    control = control_start("memory test", why, sizeof why);
    alice_status st = alice_organizer_open(&organizer, &o, &error);
    bool opened = st == ALICE_OK;
    control_attach(control, organizer);
    if (opened)
        st = alice_organizer_organize(organizer, &result, &error);
    control_stop(&control);
    progress_clear(&progress);
    alice_organizer_close(&organizer);
    if (st != ALICE_OK) {
        cli_error("%s", st == ALICE_E_CANCELLED ? "interrupted" : error.text);
        return opened && st != ALICE_E_CANCELLED ? CLI_STOPPED : cli_exit_status(st);
    }
    t->limit = (double)result.memory.limit_bytes;
    t->files = (double)result.tally.files;
    t->organized = (double)result.tally.organized;
    t->errors = (double)result.tally.errors;
    t->bytes = (double)result.tally.bytes;
    t->seconds = result.seconds;
    t->initial = (double)before.current;
    t->peak = (double)result.memory.peak_bytes;
    return CLI_DONE;
}

static void print_one(const trial *t)
{
    static const cli_column columns[] = {{.head = "Metric"}, {.head = "Value"}};
    cli_table table;
    char text[32];
    table_begin(&table, "Memory Test", columns, 2);
    table_cell(&table, "Files");
    table_cell(&table, "%.0f", t->files);
    table_cell(&table, "Would be organized");
    table_cell(&table, "%.0f (%s)", t->organized,
               bytes_text((uint64_t)t->bytes, text, sizeof text));
    if (t->errors > 0) {
        table_cell(&table, "Errors");
        table_cell(&table, "%.0f", t->errors);
    }
    table_cell(&table, "Duration");
    table_cell(&table, "%.2f s", t->seconds);
    table_cell(&table, "Files a second");
    table_cell(&table, "%.0f", speed(t));
    table_cell(&table, "Initial memory");
    table_cell(&table, "%s", memory_text(t->initial, false, text, sizeof text));
    table_cell(&table, "Peak memory");
    table_cell(&table, "%s", memory_text(t->peak, false, text, sizeof text));
    table_cell(&table, "Growth");
    table_cell(&table, "%s", memory_text(growth(t), false, text, sizeof text));
    table_cell(&table, "Limit");
    table_cell(&table, "%s", memory_text(t->limit, false, text, sizeof text));
    table_cell(&table, "Verdict");
    table_cell(&table, "%s", verdict(t));
    table_end(&table, stdout, table_width(stdout));
}

/* ---- several, each in a child ---- */

/* A number of a flat JSON object. */
static double number_of(const char *answer, const char *key)
{
    char quoted[48];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(answer, quoted);
    return at ? strtod(at + strlen(quoted), NULL) : 0;
}

extern const cli_command cmd_memory_test;

/* The child's words: those of this call, but for one limit, and JSON. */
static int child_words(const cli_args *args, const char *limit, char **words, int most)
{
    static char flags[OPT_COUNT][32];
    int n = 0;
    words[n++] = (char *)"alice";
    words[n++] = (char *)"memory";
    words[n++] = (char *)"test";
    words[n++] = (char *)"--json";
    words[n++] = (char *)"--max-memory";
    words[n++] = (char *)limit;
    for (int i = 0; i < OPT_COUNT && n + 4 < most; i++) {
        if (!args->given[i] || i == OPT_MAX_MEMORY || i == OPT_JSON || i == OPT_SET)
            continue;
        const cli_option *o = cli_option_of(&cmd_memory_test, (cli_opt)i);
        snprintf(flags[i], sizeof flags[i], "--%s", o->name);
        words[n++] = flags[i];
        if (o->value)
            words[n++] = (char *)args->value[i];
    }
    for (int i = 0; i < args->set_count && n + 4 < most; i++) {
        words[n++] = (char *)"--set";
        words[n++] = (char *)args->sets[i];
    }
    words[n++] = (char *)"--";
    words[n++] = args->words[0];
    words[n] = NULL;
    return n;
}

/* All that the child writes, terminated; when we are asked to stop, so is the child. */
static void read_answer(int fd, pid_t child, char *answer, size_t size)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    size_t used = 0;
    bool told = false;
    for (;;) {
        char rest[256];
        bool fits = used + 1 < size;
        ready.revents = 0;
        poll(&ready, 1, 200); /* a signal ends it, too; a read would be begun again */
        if (stop_asked(NULL) && !told) {
            kill(child, SIGTERM);
            told = true;
        }
        if (ready.revents == 0)
            continue;
        ssize_t n =
            fits ? read(fd, answer + used, size - 1 - used) : read(fd, rest, sizeof rest);
        if (n <= 0 && !(n < 0 && errno == EINTR))
            break;
        used += fits && n > 0 ? (size_t)n : 0;
    }
    answer[used] = 0;
}

static int run_child(const cli_args *args, const char *limit, trial *t)
{
    char *words[96];
    char answer[ANSWER_MAX];
    int ends[2], how = 0;
    child_words(args, limit, words, (int)(sizeof words / sizeof *words));
    if (pipe(ends) != 0) {
        cli_error("cannot start a trial: %s", strerror(errno));
        return CLI_STOPPED;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execv("/proc/self/exe", words);
        _exit(CLI_STOPPED);
    }
    close(ends[1]);
    if (child < 0) {
        cli_error("cannot start a trial: %s", strerror(errno));
        close(ends[0]);
        return CLI_STOPPED;
    }
    read_answer(ends[0], child, answer, sizeof answer);
    close(ends[0]);
    while (waitpid(child, &how, 0) < 0 && errno == EINTR)
        ;
    if (stop_asked(NULL))
        return CLI_INTERRUPTED;
    t->limit = number_of(answer, "limit_bytes");
    t->files = number_of(answer, "files");
    t->organized = number_of(answer, "organized");
    t->errors = number_of(answer, "errors");
    t->bytes = number_of(answer, "bytes");
    t->seconds = number_of(answer, "seconds");
    t->initial = number_of(answer, "initial_bytes");
    t->peak = number_of(answer, "peak_bytes");
    /* A trial that went over its limit ends with 1 and has an answer all the same. */
    t->status = t->limit > 0 ? CLI_DONE : WIFEXITED(how) ? WEXITSTATUS(how) : CLI_STOPPED;
    return CLI_DONE;
}

/* One more run of the same: the best time and the highest peak count. */
static void merge(trial *into, const trial *more)
{
    if (into->status != CLI_DONE || more->status != CLI_DONE)
        return;
    if (more->seconds < into->seconds)
        into->seconds = more->seconds;
    if (more->peak > into->peak)
        into->peak = more->peak;
}

static int run_all(const cli_args *args, trial *trials, int count)
{
    double sum = 0;
    int largest = 0, bad;
    uint64_t most = 0;
    for (int i = 0; i < count; i++) {
        uint64_t bytes = 0;
        if (alice_parse_size(trials[i].said, &bytes) == ALICE_OK && bytes > most) {
            most = bytes;
            largest = i;
        }
    }
    trial unused = {0};
    if ((bad = run_child(args, trials[largest].said, &unused)) != CLI_DONE)
        return bad;
    for (int round = 0; round < MOST_ROUNDS && sum < ROUNDS_SECONDS; round++) {
        for (int i = 0; i < count; i++) {
            trial t = {.said = trials[i].said};
            if (round > 0 && trials[i].status != CLI_DONE)
                continue;
            if ((bad = run_child(args, t.said, &t)) != CLI_DONE)
                return bad;
            if (round == 0)
                trials[i] = t;
            else
                merge(&trials[i], &t);
            sum += t.seconds;
        }
    }
    return CLI_DONE;
}

/* The smallest limit that is kept and as fast as the best; -1: none. */
static int smallest_without_loss(const trial *trials, int count)
{
    double best = 0;
    int found = -1;
    for (int i = 0; i < count; i++)
        if (trials[i].status == CLI_DONE && speed(&trials[i]) > best)
            best = speed(&trials[i]);
    for (int i = 0; i < count; i++) {
        const trial *t = &trials[i];
        if (t->status == CLI_DONE && t->peak <= t->limit && speed(t) >= NO_LOSS * best &&
            (found < 0 || t->limit < trials[found].limit))
            found = i;
    }
    return found;
}

/* Whether a run was so short that its speed is chance. */
static bool too_short(const trial *trials, int count)
{
    for (int i = 0; i < count; i++)
        if (trials[i].status == CLI_DONE && trials[i].seconds < 0.5)
            return true;
    return false;
}

static void print_all(const trial *trials, int count)
{
    static const cli_column columns[] = {{.head = "Limit", .right = true},
                                         {.head = "Files/s", .right = true},
                                         {.head = "Duration", .right = true},
                                         {.head = "Initial", .right = true},
                                         {.head = "Peak", .right = true},
                                         {.head = "Growth", .right = true},
                                         {.head = "Verdict"}};
    cli_table table;
    char text[32];
    const trial *any = NULL;
    table_begin(&table, "Memory Test", columns, 7);
    for (int i = 0; i < count; i++) {
        const trial *t = &trials[i];
        if (t->status != CLI_DONE) {
            table_cell(&table, "%s", t->said);
            for (int c = 0; c < 5; c++)
                table_cell(&table, "-");
        } else {
            any = t;
            table_cell(&table, "%s", memory_text(t->limit, false, text, sizeof text));
            table_cell(&table, "%.0f", speed(t));
            table_cell(&table, "%.2f s", t->seconds);
            table_cell(&table, "%s", memory_text(t->initial, false, text, sizeof text));
            table_cell(&table, "%s", memory_text(t->peak, false, text, sizeof text));
            table_cell(&table, "%s", memory_text(growth(t), false, text, sizeof text));
        }
        table_cell(&table, "%s", verdict(t));
    }
    table_end(&table, stdout, table_width(stdout));
    if (any)
        printf("%.0f files each time; %.0f would be organized (%s).\n", any->files,
               any->organized, bytes_text((uint64_t)any->bytes, text, sizeof text));
    int smallest = smallest_without_loss(trials, count);
    if (smallest >= 0 && too_short(trials, count))
        puts("Runs as short as these say nothing about speed: give a larger collection.");
    else if (smallest >= 0)
        printf("The smallest that costs no speed: --max-memory %s\n", trials[smallest].said);
    else
        puts("None of these limits was kept.");
}

static void print_all_json(const char *path, const trial *trials, int count)
{
    cli_json j = {.to = stdout};
    int smallest = smallest_without_loss(trials, count);
    json_open(&j, NULL, '{');
    json_open(&j, "trials", '[');
    for (int i = 0; i < count; i++)
        write_json(&j, path, &trials[i]);
    json_close(&j, ']');
    if (smallest >= 0)
        json_uint(&j, "smallest_without_loss_bytes", (uint64_t)trials[smallest].limit);
    json_bool(&j, "conclusive", smallest >= 0 && !too_short(trials, count));
    json_close(&j, '}');
    json_end_line(&j);
}

/* ---- the command ---- */

/* "16,32,64": cut apart in `text`. Answers how many, or -1 after saying what is wrong. */
static int cut_apart(const char *given, char *text, size_t size, trial *trials)
{
    int count = 0;
    uint64_t bytes;
    if (strlen(given) >= size)
        return cli_usage_error("--max-memory: too long a list"), -1;
    strcpy(text, given);
    for (char *at = text; at; count++) {
        if (count == MOST_LIMITS)
            return cli_usage_error("--max-memory takes at most %d sizes", MOST_LIMITS), -1;
        char *comma = strchr(at, ',');
        if (comma)
            *comma = 0;
        trials[count].said = at;
        if (alice_parse_size(at, &bytes) != ALICE_OK)
            return cli_usage_error(
                       "--max-memory: '%s' is no size; give MB or a unit: 24, 24M, 1.5G", at),
                   -1;
        at = comma ? comma + 1 : NULL;
    }
    return count;
}

static int run(const cli_args *args)
{
    static trial trials[MOST_LIMITS];
    static char list[256];
    int count = 1, bad;
    bool over = false;
    if (args->given[OPT_MAX_MEMORY] &&
        (count = cut_apart(args->value[OPT_MAX_MEMORY], list, sizeof list, trials)) < 0)
        return CLI_USAGE;
    if ((bad = dry_run_check(args->words[0])) != CLI_DONE)
        return bad;
    stop_catch();
    bad = count == 1 ? run_here(args, trials) : run_all(args, trials, count);
    if (bad)
        return bad;
    cli_json j = {.to = stdout};
    if (count > 1 && args->given[OPT_JSON]) {
        print_all_json(args->words[0], trials, count);
    } else if (args->given[OPT_JSON]) {
        write_json(&j, args->words[0], trials);
        json_end_line(&j);
    } else if (count > 1 && !args->given[OPT_QUIET]) {
        print_all(trials, count);
    } else if (!args->given[OPT_QUIET]) {
        print_one(trials);
    }
    for (int i = 0; i < count; i++)
        over |= trials[i].status != CLI_DONE || trials[i].peak > trials[i].limit;
    return over ? CLI_SOME_FAILED : CLI_DONE;
}

static const cli_opt options[] = {OPT_MAX_MEMORY, OPT_CACHE_SIZE, OPT_PROFILE,
                                  OPT_JOBS,       OPT_SET,        OPT_JSON,
                                  OPT_QUIET,      OPT_HELP,       OPT_END};

static const char text[] =
    "Organizes PATH as a dry run (nothing on disk changes) under the limit and tells how\n"
    "fast it was, how much memory it took, and whether it stayed within: exit status 1\n"
    "where it did not. The peak is the kernel's own mark of the whole process.\n"
    "\n"
    "Several sizes (--max-memory 16,32,64) make one table and name the smallest that costs\n"
    "no speed. Each is tried in a process of its own, after a first pass that is not\n"
    "counted; short runs are repeated, and the best time and the highest peak count.\n"
    "\n"
    "Examples:\n"
    "  alice memory test ~/Pictures --max-memory 64\n"
    "  alice memory test ~/Pictures --max-memory 16,32,64,256\n"
    "  alice memory test ~/Pictures --max-memory 512 --cache-size 64 --json\n";

const cli_command cmd_memory_test = {
    .name = "memory test",
    .words = "PATH",
    .completes = "dir",
    .summary = "try a memory limit on a collection, or compare several",
    .options = options,
    .least = 1,
    .most = 1,
    .text = text,
    .run = run,
};
