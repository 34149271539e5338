/* SPDX-License-Identifier: MIT */
/* alice memory gc: ask running alices, or this process, to collect; and say what came back. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <alice/monitor.h>
#include <alice/reclaim.h>

#include "command.h"
#include "json.h"
#include "progress.h"
#include "settings.h"
#include "table.h"
#include "targets.h"

enum { ANSWER_MS = 35000, MOST_ROWS = 64 };

/* ---- the table ---- */

static const cli_column columns[] = {{.head = "Reclaimer"},
                                     {.head = "Items", .right = true},
                                     {.head = "Given back", .right = true}};

static void begin(cli_table *t, const char *title)
{
    table_begin(t, title, columns, sizeof columns / sizeof *columns);
}

static void row(cli_table *t, const char *name, uint64_t items, uint64_t bytes)
{
    char text[24];
    table_cell(t, "%s", name);
    table_cell(t, "%llu", (unsigned long long)items);
    table_cell(t, "%s", bytes_text(bytes, text, sizeof text));
}

static void end(cli_table *t, uint64_t items, uint64_t released, uint64_t before,
                uint64_t after)
{
    char text[24];
    row(t, "Together", items, released);
    table_cell(t, "Resident before");
    table_cell(t, "%s", "");
    table_cell(t, "%s", bytes_text(before, text, sizeof text));
    table_cell(t, "Resident after");
    table_cell(t, "%s", "");
    table_cell(t, "%s", bytes_text(after, text, sizeof text));
    table_end(t, stdout, table_width(stdout));
}

/* ---- a running alice ---- */

static void print_answer(const control_target *target, json_value answer)
{
    char title[80], name[32];
    cli_table t;
    uint64_t items = 0;
    json_value list = json_at(answer, "reclaimers"), v = {NULL, 0};
    snprintf(title, sizeof title, "Garbage Collection Results: process %ld", target->pid);
    begin(&t, title);
    for (int n = 0; n < MOST_ROWS && json_each(list, &v); n++) {
        row(&t, json_as_text(json_at(v, "name"), name, sizeof name),
            json_as_uint(json_at(v, "items")), json_as_uint(json_at(v, "bytes")));
        items += json_as_uint(json_at(v, "items"));
    }
    end(&t, items, json_as_uint(json_at(answer, "released_bytes")),
        json_as_uint(json_at(answer, "resident_before_bytes")),
        json_as_uint(json_at(answer, "resident_after_bytes")));
}

/* True: it did. With --all, one that ended meanwhile is no error. */
static bool collect(const control_target *target, bool json, bool all)
{
    control_call call = {.fd = -1};
    json_value answer = {NULL, 0};
    char text[160];
    bool ok = false;
    control_state state = CONTROL_FAILED;
    errno = ECONNREFUSED;
    if (control_call_begin(&call, target, "collect", ANSWER_MS))
        state = control_call_wait(&call, &answer);
    if (state != CONTROL_ANSWERED && errno == ECONNREFUSED && all) {
        ok = false;
    } else if (state != CONTROL_ANSWERED) {
        cli_error("process %ld %s", target->pid,
                  errno == ETIMEDOUT ? "does not answer; is it stopped? ask again later"
                  : errno == EPROTO  ? "answers in words that this alice does not know"
                                     : "ended before it could answer");
    } else if (json_at(answer, "error").n > 0) {
        cli_error("process %ld: %s", target->pid,
                  json_as_text(json_at(answer, "text"), text, sizeof text));
    } else {
        if (json)
            printf("%.*s\n", (int)answer.n, answer.p);
        else
            print_answer(target, answer);
        ok = true;
    }
    control_call_free(&call);
    return ok;
}

/* ---- this process ---- */

static int collect_here(const cli_args *args)
{
    cli_settings settings;
    alice_budget *budget = NULL;
    alice_monitor *monitor = NULL;
    alice_reclaim_row rows[MOST_ROWS];
    alice_collection c;
    control_target others[TARGETS_MAX];
    size_t count = 0, items = 0;
    int status = settings_read(&settings, args);
    if (status)
        return status;
    alice_monitor_options o = {.config = settings.config};
    alice_budget_options b = {.limit = (size_t)settings.config.max_memory_mb * ALICE_MB};
    alice_status st = alice_budget_open(&budget, &b);
    o.budget = budget;
    if (st == ALICE_OK)
        st = alice_monitor_open(&monitor, &o);
    if (st != ALICE_OK) {
        cli_error("the kernel's figures cannot be read: is /proc mounted?");
        status = CLI_STOPPED;
        goto out;
    }
    size_t before = alice_monitor_resident(monitor);
    size_t released = alice_reclaim_run(budget, SIZE_MAX, rows, MOST_ROWS, &count);
    alice_monitor_collect(monitor, true, &c);
    if (args->given[OPT_JSON]) {
        cli_json j = {.to = stdout};
        json_open(&j, NULL, '{');
        json_int(&j, "protocol", CONTROL_PROTOCOL);
        json_text(&j, "version", alice_version());
        json_int(&j, "pid", (long)getpid());
        json_open(&j, "reclaimers", '[');
        for (size_t i = 0; i < count && i < MOST_ROWS; i++)
            control_write_reclaimed(&j, &rows[i]);
        json_close(&j, ']');
        json_uint(&j, "released_bytes", released);
        json_uint(&j, "resident_before_bytes", before);
        json_uint(&j, "resident_after_bytes", c.resident);
        json_close(&j, '}');
        json_end_line(&j);
        goto out;
    }
    cli_table t;
    begin(&t, "Garbage Collection Results: this process");
    for (size_t i = 0; i < count && i < MOST_ROWS; i++) {
        row(&t, rows[i].name, rows[i].got.items, rows[i].got.bytes);
        items += rows[i].got.items;
    }
    end(&t, items, released, before, c.resident);
    count = control_find_all(others, TARGETS_MAX);
    if (count > 0)
        printf("Running alices of yours: %zu. Ask them with --all, or with --pid %ld.\n", count,
               others[0].pid);
out:
    alice_monitor_close(&monitor);
    if (budget)
        alice_budget_close(&budget, NULL);
    return status;
}

static int run(const cli_args *args)
{
    cli_targets targets;
    int status = targets_find(&targets, args);
    if (status)
        return status;
    if (targets.self)
        return collect_here(args);
    if (!targets.all && targets.found == CONTROL_IS_FOREIGN) {
        cli_error("process %ld is an alice of another user: only they and root may ask it",
                  targets.at[0].pid);
        return CLI_STOPPED;
    }
    if (!targets.all && targets.found == CONTROL_IS_OTHER) {
        cli_error(
            "process %ld is not an alice that can be asked; 'alice memory monitor --pid %ld' "
            "shows what the kernel tells of it",
            targets.at[0].pid, targets.at[0].pid);
        return CLI_STOPPED;
    }
    size_t done = 0;
    for (size_t i = 0; i < targets.count; i++)
        done += collect(&targets.at[i], args->given[OPT_JSON], targets.all);
    return done > 0 ? CLI_DONE : CLI_STOPPED;
}

static const cli_opt options[] = {OPT_PID, OPT_ALL, OPT_JSON, OPT_SET, OPT_HELP, OPT_END};

static const char text[] =
    "Prints what each reclaimer gave back, and what was resident before and after. A run\n"
    "collects between two files, so the answer may take as long as its present file does.\n"
    "With neither --pid nor --all it is this process itself that collects.\n"
    "\n"
    "Examples:\n"
    "  alice memory gc --all\n"
    "  alice memory gc --pid 4711\n";

const cli_command cmd_memory_gc = {
    .name = "memory gc",
    .words = "",
    .summary = "ask running alices to give memory back",
    .options = options,
    .least = 0,
    .most = 0,
    .text = text,
    .run = run,
};
