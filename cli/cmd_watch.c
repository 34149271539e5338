/* SPDX-License-Identifier: MIT */
/*
 * alice watch: organize what arrives.
 *
 *   alice_arrivals ─▶ something came, and rests ─▶ `alice organize --json` ─▶ a line
 *
 * Each time a process of its own organizes: its memory is given back whole, it is confined as
 * ever, and what goes wrong in it leaves the watch standing. The watch itself opens no file.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <alice/arrivals.h>

#include "command.h"
#include "json_read.h"
#include "organize_options.h"
#include "service.h"
#include "settings.h"
#include "stop.h"
#include "terminal.h"

enum {
    PING_MS = 15000,
    RETRY_FIRST_MS = 1000, /* what was busy, or could not be done, is tried again */
    RETRY_MOST_MS = 5 * 60 * 1000,
    ANSWER = 64 * 1024,
    WORDS = 512
};

typedef struct watching {
    const cli_args *args;
    const char *inbox, *organized;
    alice_arrivals *watch;
    uint64_t ping_ms, retry_ms;
    bool told_away, told_blind;
    char answer[ANSWER]; /* what the run that ended last printed */
    size_t answered;
} watching;

static const cli_opt options[] = {
    OPT_INBOX,         OPT_ORGANIZED,   OPT_COPY,    OPT_MOVE,    OPT_KEEP_NAMES,
    OPT_MAX_MEMORY,    OPT_PROFILE,     OPT_JOBS,    OPT_CATALOG, OPT_SET,
    OPT_JSON,          OPT_DUPLICATES,  OPT_LOSSY,   OPT_SETTLE,  OPT_FLUSH_FILES,
    OPT_FLUSH_SECONDS, OPT_LAYOUT,      OPT_ALBUMS,  OPT_UNDATED, OPT_TIMEZONE,
    OPT_DATE_PATTERN,  OPT_NO_PROJECT,  OPT_EXCLUDE, OPT_SINCE,   OPT_UNTIL,
    OPT_ONLY,          OPT_PRUNE_EMPTY, OPT_EVERY,   OPT_QUIET,   OPT_VERBOSE,
    OPT_CONFIG,        OPT_HELP,        OPT_END};

/* ---- the run ---- */

typedef struct word_list {
    const char *all[WORDS + 1];
    size_t count;
    char text[16 * 1024]; /* of "--name" */
    size_t used;
    bool full;
} word_list;

static void add_word(word_list *l, const char *word)
{
    l->full |= l->count == WORDS;
    if (!l->full)
        l->all[l->count++] = word;
}

static void add_option(word_list *l, const char *name, const char *value)
{
    size_t n = strlen(name) + 3;
    l->full |= n > sizeof l->text - l->used;
    if (l->full)
        return;
    char *word = l->text + l->used;
    snprintf(word, n, "--%s", name);
    l->used += n;
    add_word(l, word);
    if (value)
        add_word(l, value);
}

static void add_each(word_list *l, const char *name, const char *const *values, int count)
{
    for (int i = 0; i < count; i++)
        add_option(l, name, values[i]);
}

/* The call of `alice organize` that does what this one was told. */
static void run_words(const watching *x, word_list *l)
{
    const cli_args *a = x->args;
    l->count = l->used = 0;
    l->full = false;
    add_word(l, "alice");
    if (a->debug)
        add_word(l, "--debug");
    add_word(l, "organize");
    for (const cli_opt *o = options; *o != OPT_END; o++) {
        const cli_option *option =
            cli_option_of(&(cli_command){.own_options = organize_options}, *o);
        /* The run reads the settings file itself. */
        if (!a->given[*o] || a->from_file[*o])
            continue;
        switch ((int)*o) {
        case OPT_JSON:
        case OPT_QUIET:
        case OPT_VERBOSE:
        case OPT_EVERY:
        case OPT_INBOX:
        case OPT_ORGANIZED:
            break;
        case OPT_SET:
            add_each(l, option->name, a->sets, a->set_count);
            break;
        case OPT_EXCLUDE:
            add_each(l, option->name, a->excludes, a->exclude_count);
            break;
        case OPT_NO_PROJECT:
            add_each(l, option->name, (const char *const *)a->no_projects, a->no_project_count);
            break;
        case OPT_DATE_PATTERN:
            add_each(l, option->name, (const char *const *)a->date_patterns,
                     a->date_pattern_count);
            break;
        default:
            add_option(l, option->name, a->value[*o]);
        }
    }
    add_option(l, "json", NULL);
    add_option(l, "inbox", x->inbox);
    add_option(l, "organized", x->organized);
    l->all[l->count] = NULL;
}

/* Read what the run prints, until it ends; meanwhile the service manager hears that all is
 * well, and who asks the watch to stop asks the run. */
static void read_run(watching *x, int from, pid_t child)
{
    bool asked = false, open = true;
    char rest[512];
    while (open) {
        struct pollfd p = {.fd = from, .events = POLLIN};
        if (stop_asked(NULL) && !asked) {
            /* Not what a terminal or a service manager sends to both: a second one of a kind
               would end it at once. */
            kill(child, SIGHUP);
            asked = true;
        }
        uint64_t ms = asked || x->ping_ms < 1000 ? x->ping_ms : 1000;
        int ready = poll(&p, 1, (int)ms);
        service_tell("WATCHDOG=1");
        if (ready <= 0)
            continue;
        bool fits = x->answered < sizeof x->answer - 1;
        ssize_t n =
            fits ? read(from, x->answer + x->answered, sizeof x->answer - 1 - x->answered)
                 : read(from, rest, sizeof rest);
        open = n > 0 || (n < 0 && errno == EINTR);
        x->answered += fits && n > 0 ? (size_t)n : 0;
    }
}

/* Organize once. The exit status of the run; CLI_STOPPED where it cannot be started, or was
 * killed. */
static int run_once(watching *x)
{
    static word_list words;
    int ends[2], how = 0;
    x->answered = 0;
    run_words(x, &words);
    if (words.full) {
        cli_error("there are too many options for a run");
        return CLI_USAGE;
    }
    if (pipe(ends) != 0) {
        cli_error("a run cannot be started: %s", strerror(errno));
        return CLI_STOPPED;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        unsetenv("NOTIFY_SOCKET");
        execv("/proc/self/exe", (char *const *)words.all);
        _exit(CLI_STOPPED);
    }
    close(ends[1]);
    if (child < 0) {
        cli_error("a run cannot be started: %s", strerror(errno));
        close(ends[0]);
        return CLI_STOPPED;
    }
    read_run(x, ends[0], child);
    close(ends[0]);
    while (waitpid(child, &how, 0) < 0 && errno == EINTR)
        ;
    x->answer[x->answered] = 0;
    if (WIFEXITED(how))
        return WEXITSTATUS(how);
    cli_error("the run was killed by signal %d; the next one carries on",
              WIFSIGNALED(how) ? WTERMSIG(how) : 0);
    return CLI_STOPPED;
}

/* ---- what is told ---- */

static void put_time(void)
{
    char text[32];
    time_t now = (time_t)alice_env_wall_s(NULL);
    struct tm tm;
    if (localtime_r(&now, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm))
        printf("%s  ", text);
}

static void report(const watching *x, const char *text, const char *path)
{
    if (x->args->given[OPT_QUIET] || x->args->given[OPT_JSON])
        return;
    put_time();
    fputs(text, stdout);
    put_safe_text(stdout, path);
    putchar('\n');
    fflush(stdout);
}

static void put_count(uint64_t n, const char *what, bool *any)
{
    if (n == 0)
        return;
    printf("%s%llu %s", *any ? ", " : "", (unsigned long long)n, what);
    *any = true;
}

/* What the run did: a line, if it did anything. Answers how many files it left as busy. */
static uint64_t report_run(const watching *x)
{
    json_value all;
    char state[160];
    bool any = false;
    if (!json_read(x->answer, x->answered, &all))
        return 0;
    uint64_t organized = json_as_uint(json_at(all, "organized"));
    uint64_t duplicates = json_as_uint(json_at(all, "duplicates"));
    uint64_t errors = json_as_uint(json_at(all, "errors"));
    uint64_t busy = json_as_uint(json_at(all, "busy"));
    snprintf(state, sizeof state, "STATUS=%llu organized by the latest run",
             (unsigned long long)organized);
    service_tell(state);
    if (x->args->given[OPT_QUIET] ||
        (!organized && !duplicates && !errors && !x->args->given[OPT_VERBOSE]))
        return busy;
    if (x->args->given[OPT_JSON]) {
        fwrite(x->answer, 1, x->answered, stdout);
    } else {
        put_time();
        put_count(organized, "organized", &any);
        put_count(duplicates, duplicates == 1 ? "duplicate" : "duplicates", &any);
        put_count(errors, "failed", &any);
        put_count(busy, "busy", &any);
        printf("%s (run %llu)\n", any ? "" : "nothing new",
               (unsigned long long)json_as_uint(json_at(all, "run")));
    }
    fflush(stdout);
    return busy;
}

/* That the inbox is away, or cannot be watched whole: once each time. */
static void report_state(watching *x)
{
    alice_arrivals_stats s;
    alice_arrivals_stats_get(x->watch, &s);
    if (s.away && !x->told_away)
        report(x, "waiting for the inbox, which is not there: ", x->inbox);
    if (!s.away && x->told_away)
        report(x, "the inbox is back: ", x->inbox);
    if (s.blind && !x->told_blind && !x->args->given[OPT_QUIET])
        cli_error("not all folders of %s can be watched (a network's, or too many: see "
                  "fs.inotify.max_user_watches): everything is looked at each minute instead",
                  x->inbox);
    x->told_away = s.away;
    x->told_blind = s.blind;
}

/* ---- the watch ---- */

/* --every, in ms. */
static int read_every(const cli_args *args, uint64_t *ms)
{
    enum { MOST = 7 * 86400 };
    const char *text = args->value[OPT_EVERY];
    char *end = NULL;
    *ms = 0;
    if (!args->given[OPT_EVERY])
        return CLI_DONE;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || n == 0 || n > MOST)
        return cli_usage_error("--every needs seconds, from 1 to %d: \"%s\"", MOST, text);
    *ms = n * 1000;
    return CLI_DONE;
}

/* Something came, or it is time: organize. CLI_DONE: go on. */
static int organize_now(watching *x, bool first)
{
    int status = run_once(x);
    if (stop_asked(NULL))
        return CLI_DONE;
    uint64_t busy = report_run(x);
    if (status == CLI_USAGE && first) /* it said why; it would say so for ever */
        return status;
    if (busy > 0 || status > CLI_SOME_FAILED) {
        alice_arrivals_again(x->watch, x->retry_ms);
        x->retry_ms = 2 * x->retry_ms < RETRY_MOST_MS ? 2 * x->retry_ms : RETRY_MOST_MS;
    } else {
        x->retry_ms = RETRY_FIRST_MS;
    }
    return CLI_DONE;
}

static int watch_on(watching *x)
{
    alice_error error = {.text = ""};
    bool first = true;
    service_tell("READY=1\nSTATUS=watching");
    while (!stop_asked(NULL)) {
        alice_arrivals_event event;
        alice_status st = alice_arrivals_wait(x->watch, x->ping_ms, &event, &error);
        service_tell("WATCHDOG=1");
        report_state(x);
        if (st == ALICE_E_CANCELLED)
            break;
        if (st != ALICE_OK && st != ALICE_E_TIMEOUT) {
            cli_error("the watch had to stop: %s",
                      error.text[0] ? error.text : alice_status_text(st));
            return cli_exit_status(st);
        }
        int bad = st == ALICE_OK ? organize_now(x, first) : CLI_DONE;
        first &= st != ALICE_OK;
        if (bad != CLI_DONE)
            return bad;
    }
    service_tell("STOPPING=1");
    report(x, "stopped; nothing is half-done", "");
    return CLI_DONE;
}

static int run(const cli_args *args)
{
    static watching x; /* an answer of a run: not for the stack */
    static cli_settings settings;
    alice_organizer_options o = {.move = false};
    alice_error error = {.text = ""};
    unsigned settle = 0;
    uint64_t every = 0;
    int bad = settings_read(&settings, args);
    if (bad != CLI_DONE || (bad = organize_paths(args, &o)) != CLI_DONE ||
        (bad = organize_settle(args, &settle)) != CLI_DONE ||
        (bad = organize_flushes(args, &o.flush_files, &o.flush_seconds)) != CLI_DONE ||
        (bad = read_every(args, &every)) != CLI_DONE)
        return bad;
    if (o.archive_count)
        return cli_usage_error("alice watch is for a folder; alice organize takes archives");
    x.args = args;
    x.inbox = o.inbox;
    x.organized = o.organized;
    x.ping_ms = service_ping_ms(PING_MS);
    x.retry_ms = RETRY_FIRST_MS;
    const alice_arrivals_options w = {.folder = o.inbox,
                                      .leave = o.organized,
                                      /* Behind the moment from which on a run takes a file. */
                                      .quiet_ms = settle * UINT64_C(1000) + 1000,
                                      .look_ms = every,
                                      .should_stop = stop_asked};
    alice_status st = alice_arrivals_open(&x.watch, &w, &error);
    if (st != ALICE_OK) {
        cli_error("%s", error.text[0] ? error.text : alice_status_text(st));
        return cli_exit_status(st);
    }
    stop_catch();
    report(&x, "watching ", x.inbox);
    int status = watch_on(&x);
    alice_arrivals_close(&x.watch);
    return status;
}

static const char text[] =
    "Organizes INBOX as `alice organize` does, and goes on: what arrives later is organized "
    "as\n"
    "soon as it has come to rest, when nothing more came for --settle seconds and one (3), or\n"
    "after a minute where files never stop coming; what is still being written is left until\n"
    "it is whole. With Ctrl-C, or `kill`, it ends between two files.\n"
    "\n"
    "The kernel tells what arrives. Where it cannot (a folder that other machines write to "
    "over\n"
    "the network, or more folders than it watches) everything is looked at once a minute; and\n"
    "in any case each --every seconds. INBOX may be a card or a share that comes and goes.\n"
    "\n"
    "Each burst of files is one run: `alice history` lists it, `alice undo` takes it back. A\n"
    "run is a process of its own; --max-memory is its limit, and the watch beside it takes\n"
    "some 3 MB. A run that fails (no space, ORGANIZED not mounted) is tried again, at last\n"
    "each five minutes.\n"
    "\n"
    "Options are those of organize. With --json there is the object of `alice organize "
    "--json`\n"
    "on a line for each run that did something. As a service of yours, with the paths of\n"
    "the settings file: systemctl --user enable --now alice-watch\n"
    "\n"
    "Examples:\n"
    "  alice watch ~/Pictures/inbox ~/Pictures/organized\n"
    "  alice watch --move --prune-empty --max-memory 64 /srv/incoming /srv/photos\n"
    "  alice watch --every 600 /mnt/nas/inbox ~/Pictures/organized\n";

const cli_command cmd_watch = {
    .name = "watch",
    .words = "[INBOX [ORGANIZED]]",
    .completes = "dir",
    .summary = "organize what arrives in a folder, as it arrives",
    .options = options,
    .own_options = organize_options,
    .least = 0,
    .most = 2,
    .text = text,
    .run = run,
};
