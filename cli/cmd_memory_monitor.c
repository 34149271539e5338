/* SPDX-License-Identifier: MIT */
/*
 * alice memory monitor: watch a running alice, any process, or this one. On a
 * terminal a screen that is drawn anew at every look; in a pipe, or with --json,
 * one line a look.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <alice/monitor.h>

#include "command.h"
#include "json.h"
#include "monitor_view.h"
#include "progress.h"
#include "screen.h"
#include "settings.h"
#include "stop.h"
#include "table.h"
#include "targets.h"

/* Options of its own. */
enum { OPT_DURATION = OPT_OWN, OPT_INTERVAL };

enum {
    REDRAW_MS = 500,    /* the time that has passed is shown in seconds */
    COLLECT_MS = 35000, /* a running alice answers, if late, within 30 s */
    PENDING_MS = 50
};

/* One process. */
typedef struct watched {
    cli_looker looker;
    cli_look look;
    control_call collect; /* under way where fd >= 0 */
    bool gone;
} watched;

typedef struct monitoring {
    const cli_args *args;
    alice_monitor *monitor;
    cli_targets targets;
    watched *all; /* TARGETS_MAX of them */
    size_t count;
    double interval, began;
    monitor_view view;
} monitoring;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void add(monitoring *s, look_kind kind, const control_target *target)
{
    if (s->count == TARGETS_MAX)
        return;
    watched *w = &s->all[s->count++];
    *w = (watched){.collect = {.fd = -1}};
    look_open(&w->looker, kind, target, s->monitor);
}

static void drop(monitoring *s, size_t i)
{
    look_close(&s->all[i].looker);
    control_call_free(&s->all[i].collect);
    memmove(&s->all[i], &s->all[i + 1], (--s->count - i) * sizeof *s->all);
}

/* With --all, alices come and go. */
static void find_new(monitoring *s)
{
    s->targets.count = control_find_all(s->targets.at, TARGETS_MAX);
    for (size_t i = 0; i < s->targets.count; i++) {
        bool known = false;
        for (size_t k = 0; k < s->count; k++)
            known |= s->all[k].looker.target.pid == s->targets.at[i].pid;
        if (!known)
            add(s, LOOK_ALICE, &s->targets.at[i]);
    }
}

/* Look at all of them. False: nobody is left. */
static bool take_looks(monitoring *s)
{
    if (s->targets.all)
        find_new(s);
    for (size_t i = 0; i < s->count;) {
        cli_look look;
        if (look_take(&s->all[i].looker, &look)) {
            s->all[i++].look = look;
        } else if (s->targets.all) {
            drop(s, i);
        } else {
            s->all[i].gone = true;
            return false;
        }
    }
    if (s->count == 1)
        view_remember(&s->view, &s->all[0].look);
    return s->count > 0;
}

/* ---- lines ---- */

static void write_json(const monitoring *s, const watched *w)
{
    static const char *const kinds[] = {"alice", "process", "self"};
    cli_json j = {.to = stdout};
    json_open(&j, NULL, '{');
    json_real(&j, "elapsed_seconds", s->view.elapsed, 3);
    json_text(&j, "kind", kinds[w->looker.kind]);
    look_write(&w->looker, &w->look, &j);
    json_close(&j, '}');
    json_end_line(&j);
    fflush(stdout);
}

static void sleep_until(double when)
{
    double left;
    while (!stop_asked(NULL) && (left = when - now_s()) > 0) {
        struct timespec t = {.tv_sec = (time_t)left,
                             .tv_nsec = (long)((left - (double)(time_t)left) * 1e9)};
        nanosleep(&t, NULL);
    }
}

static int run_lines(monitoring *s)
{
    double next = s->began;
    stop_catch();
    for (;;) {
        s->view.elapsed = now_s() - s->began;
        if (!take_looks(s))
            return CLI_DONE;
        for (size_t i = 0; i < s->count; i++)
            if (s->args->given[OPT_JSON])
                write_json(s, &s->all[i]);
            else
                view_line(stdout, &s->view, &s->all[i].look);
        if (ferror(stdout))
            return CLI_STOPPED;
        next += s->interval;
        if (s->view.duration > 0 && next - s->began >= s->view.duration - 1e-6) {
            sleep_until(s->began + s->view.duration);
            return stop_asked(NULL) ? CLI_INTERRUPTED : CLI_DONE;
        }
        sleep_until(next);
        if (stop_asked(NULL))
            return CLI_INTERRUPTED;
    }
}

/* ---- the screen ---- */

static void say(monitoring *s, const char *format, ...) ALICE_PRINTF(2, 3);
static void say(monitoring *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(s->view.message, sizeof s->view.message, format, args);
    va_end(args);
}

static void say_given(monitoring *s, const char *who, uint64_t released, uint64_t before,
                      uint64_t after)
{
    char text[24], sank[24];
    say(s, "%s collected: %s given back, resident sank by %s", who,
        bytes_text(released, text, sizeof text),
        bytes_text(before > after ? before - after : 0, sank, sizeof sank));
}

static void begin_collect(monitoring *s, watched *w)
{
    alice_collection c;
    size_t before = alice_monitor_resident(s->monitor);
    switch (w->looker.kind) {
    case LOOK_SELF:
        alice_monitor_collect(s->monitor, true, &c);
        say_given(s, "this process", c.released, before, c.resident);
        return;
    case LOOK_PROCESS:
        say(s, "only an alice can be asked to collect");
        return;
    case LOOK_ALICE:
        break;
    }
    if (w->collect.fd >= 0)
        return; /* asked already */
    if (control_call_begin(&w->collect, &w->looker.target, "collect", COLLECT_MS))
        say(s, "asked to collect: it does so before its next file");
    else
        say(s, "process %ld does not listen any more", w->looker.target.pid);
}

static bool step_collect(monitoring *s, watched *w)
{
    json_value answer;
    char who[32], text[120];
    if (w->collect.fd < 0)
        return false;
    control_state state = control_call_step(&w->collect, &answer);
    if (state == CONTROL_PENDING)
        return true;
    control_call_end(&w->collect);
    snprintf(who, sizeof who, "process %ld", w->looker.target.pid);
    if (state == CONTROL_FAILED)
        say(s, "%s did not answer", who);
    else if (json_at(answer, "error").n > 0)
        say(s, "%s: %s", who, json_as_text(json_at(answer, "text"), text, sizeof text));
    else
        say_given(s, who, json_as_uint(json_at(answer, "released_bytes")),
                  json_as_uint(json_at(answer, "resident_before_bytes")),
                  json_as_uint(json_at(answer, "resident_after_bytes")));
    return false;
}

static void copy_looks(const monitoring *s, cli_look *looks)
{
    for (size_t i = 0; i < s->count; i++)
        looks[i] = s->all[i].look;
}

static bool draw(monitoring *s, cli_screen *screen, cli_look *looks)
{
    if (!screen_begin(screen))
        return false;
    if (s->targets.all) {
        copy_looks(s, looks);
        view_draw_all(screen, &s->view, looks, s->count);
    } else {
        view_draw(screen, &s->view, &s->all[0].look);
    }
    return screen_show(screen);
}

/* What a key does; false: quit. */
static bool obey(monitoring *s, int key)
{
    switch (key) {
    case 'q':
    case 'Q':
        return false;
    case 'g':
    case 'G':
        for (size_t i = 0; i < s->count; i++)
            begin_collect(s, &s->all[i]);
        break;
    case 'p':
    case 'P':
    case ' ':
        s->view.paused = !s->view.paused;
        break;
    default:
        break;
    }
    return true;
}

/* Looks, keys and time, until one of them ends it. */
static int watch(monitoring *s, cli_screen *screen, cli_look *looks)
{
    double next = s->began;
    for (;;) {
        double now = now_s();
        bool pending = false;
        s->view.elapsed = now - s->began;
        if (s->view.duration > 0 && s->view.elapsed >= s->view.duration)
            return CLI_DONE;
        if (now >= next) {
            if (!s->view.paused && !take_looks(s))
                return CLI_DONE;
            while (next <= now)
                next += s->interval;
        }
        for (size_t i = 0; i < s->count; i++)
            pending |= step_collect(s, &s->all[i]);
        if (!draw(s, screen, looks))
            return CLI_STOPPED;
        double wait = next - now_s();
        if (s->view.duration > 0 && s->began + s->view.duration - now < wait)
            wait = s->began + s->view.duration - now;
        int ms = wait > 0 ? (int)(wait * 1000) + 1 : 0, most = pending ? PENDING_MS : REDRAW_MS;
        int key = screen_wait(ms < most ? ms : most);
        if (key == SCREEN_STOP)
            return CLI_INTERRUPTED;
        if (!obey(s, key))
            return CLI_DONE;
    }
}

static int run_screen(monitoring *s)
{
    cli_screen screen;
    cli_look *looks = calloc(TARGETS_MAX, sizeof *looks);
    if (!looks) {
        cli_error("%s", strerror(ENOMEM));
        return CLI_STOPPED;
    }
    screen_open(&screen);
    int status = watch(s, &screen, looks);
    screen_close(&screen);
    /* What was last seen stays on the terminal. */
    copy_looks(s, looks);
    if (s->targets.all && s->count > 0)
        view_table_all(stdout, looks, s->count, table_width(stdout));
    else if (s->count > 0)
        view_table(stdout, &looks[0], table_width(stdout));
    free(looks);
    return status;
}

/* ---- the command ---- */

static int read_times(monitoring *s)
{
    const cli_args *args = s->args;
    s->interval = 1;
    if (args->given[OPT_INTERVAL] &&
        (!seconds_read(args->value[OPT_INTERVAL], &s->interval) || s->interval < 0.05))
        return cli_usage_error("--interval wants seconds, 0.05 or more, not '%s'",
                               args->value[OPT_INTERVAL]);
    if (args->given[OPT_DURATION] &&
        !seconds_read(args->value[OPT_DURATION], &s->view.duration))
        return cli_usage_error("--duration wants seconds, such as 60 or 0.5, not '%s'",
                               args->value[OPT_DURATION]);
    return CLI_DONE;
}

static void choose(monitoring *s)
{
    if (s->targets.self) { /* those that run, if any do */
        s->targets.count = control_find_all(s->targets.at, TARGETS_MAX);
        s->targets.found = CONTROL_IS_ALICE;
        s->targets.all = s->targets.count > 1;
    }
    if (s->targets.self && s->targets.count == 0) {
        add(s, LOOK_SELF, NULL);
        say(s, "no alice of yours is running: this is the monitor itself; --pid N watches "
               "another process");
        return;
    }
    for (size_t i = 0; i < s->targets.count; i++)
        add(s,
            s->targets.all || s->targets.found == CONTROL_IS_ALICE ? LOOK_ALICE : LOOK_PROCESS,
            &s->targets.at[i]);
    if (!s->targets.all && s->targets.found == CONTROL_IS_FOREIGN)
        say(s,
            "an alice of another user, whom alone it answers: this is what the kernel tells");
    else if (!s->targets.all && s->targets.found == CONTROL_IS_OTHER)
        say(s, "it does not listen as an alice does: this is what the kernel tells");
}

static int run(const cli_args *args)
{
    monitoring s = {.args = args};
    cli_settings settings;
    int status = read_times(&s);
    if (status || (status = settings_read(&settings, args)) != CLI_DONE ||
        (status = targets_find(&s.targets, args)) != CLI_DONE)
        return status;
    alice_monitor_options o = {.config = settings.config};
    alice_status st = alice_monitor_open(&s.monitor, &o);
    if (st != ALICE_OK) {
        cli_error("the kernel's figures cannot be read: is /proc mounted?");
        return CLI_STOPPED;
    }
    s.all = calloc(TARGETS_MAX, sizeof *s.all);
    if (!s.all) {
        cli_error("%s", strerror(ENOMEM));
        status = CLI_STOPPED;
        goto out;
    }
    choose(&s);
    s.began = now_s();
    status = args->given[OPT_JSON] || !screen_possible() ? run_lines(&s) : run_screen(&s);
    if (s.count > 0 && s.all[0].gone)
        fprintf(stderr, "alice: process %ld has ended\n", s.all[0].looker.target.pid);
    else if (s.targets.all && s.count == 0)
        fputs("alice: no alice of yours is running any more\n", stderr);
out:
    while (s.count > 0)
        drop(&s, s.count - 1);
    free(s.all);
    alice_monitor_close(&s.monitor);
    return status;
}

static const cli_opt options[] = {OPT_PID,        OPT_ALL,     OPT_DURATION, OPT_INTERVAL,
                                  OPT_MAX_MEMORY, OPT_PROFILE, OPT_JSON,     OPT_SET,
                                  OPT_HELP,       OPT_END};
static const cli_option own_options[] = {
    [OPT_DURATION] = {"duration", 0, "SECONDS", NULL, "stop after this long"},
    [OPT_INTERVAL] = {"interval", 0, "SECONDS", NULL, "time between two looks (default: 1)"},
};

static const char text[] =
    "An alice that is running tells everything: its limit, the ledger by account, caches,\n"
    "batches and how far it is. Of other processes the kernel tells what is resident. With\n"
    "neither --pid nor --all it is the alice that is running, or else the monitor itself.\n"
    "\n"
    "Current is what the kernel counts as resident; charged is what the accounts of an alice\n"
    "have taken or set aside, some of which it may not have touched yet.\n"
    "\n"
    "On a terminal it is a screen; q quits, g asks to collect, p pauses. In a pipe it is one\n"
    "line at each interval, with --json one object. NO_COLOR is obeyed.\n"
    "\n"
    "Examples:\n"
    "  alice memory monitor --all\n"
    "  alice memory monitor --pid 4711 --duration 60\n"
    "  alice memory monitor --pid 4711 --json --interval 5 >> memory.jsonl\n";

const cli_command cmd_memory_monitor = {
    .name = "memory monitor",
    .words = "",
    .summary = "watch the memory of a running alice, or of any process",
    .options = options,
    .own_options = own_options,
    .least = 0,
    .most = 0,
    .text = text,
    .run = run,
};
