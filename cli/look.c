/* SPDX-License-Identifier: MIT */
#include "look.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MS = 1000 };

void look_open(cli_looker *l, look_kind kind, const control_target *target,
               alice_monitor *monitor)
{
    *l = (cli_looker){.kind = kind, .call = {.fd = -1}, .monitor = monitor};
    if (target)
        l->target = *target;
    else
        l->target.pid = (long)getpid();
}

void look_close(cli_looker *l)
{
    control_call_free(&l->call);
}

/* ---- an alice's answer ---- */

static void read_accounts(json_value doc, cli_look *out)
{
    json_value list = json_at(doc, "ledger"), v = {NULL, 0};
    while (out->account_count < LOOK_ACCOUNTS && json_each(list, &v)) {
        look_account *a = &out->accounts[out->account_count++];
        json_as_text(json_at(v, "name"), a->name, sizeof a->name);
        a->depth = (unsigned)json_as_uint(json_at(v, "depth"));
        a->current = json_as_uint(json_at(v, "current_bytes"));
        a->peak = json_as_uint(json_at(v, "peak_bytes"));
        a->cap = json_as_uint(json_at(v, "cap_bytes"));
    }
}

static void read_caches(json_value doc, cli_look *out)
{
    json_value list = json_at(doc, "caches"), v = {NULL, 0};
    while (out->cache_count < LOOK_CACHES && json_each(list, &v)) {
        look_cache *c = &out->caches[out->cache_count++];
        json_as_text(json_at(v, "name"), c->name, sizeof c->name);
        c->size = json_as_uint(json_at(v, "size_bytes"));
        c->most = json_as_uint(json_at(v, "max_size_bytes"));
        c->items = json_as_uint(json_at(v, "items"));
        c->hits = json_as_uint(json_at(v, "hits"));
        c->misses = json_as_uint(json_at(v, "misses"));
        c->hit_rate = json_as_real(json_at(v, "hit_rate"));
    }
    list = json_at(doc, "pools");
    v = (json_value){NULL, 0};
    while (out->pool_count < LOOK_POOLS && json_each(list, &v)) {
        look_pool *p = &out->pools[out->pool_count++];
        json_as_text(json_at(v, "name"), p->name, sizeof p->name);
        p->idle = json_as_uint(json_at(v, "idle"));
        p->in_use = json_as_uint(json_at(v, "in_use"));
        p->created = json_as_uint(json_at(v, "created"));
        p->reused = json_as_uint(json_at(v, "reused"));
    }
}

static void read_run(json_value doc, cli_look *out)
{
    json_value run = json_at(doc, "run"), batch = json_at(doc, "batch");
    char mode[8];
    out->has_run = run.n > 0;
    out->run = json_as_int(json_at(run, "id"));
    out->move = strcmp(json_as_text(json_at(run, "mode"), mode, sizeof mode), "move") == 0;
    out->dry_run = json_as_bool(json_at(run, "dry_run"));
    json_as_text(json_at(run, "path"), out->path, sizeof out->path);
    out->files = json_as_uint(json_at(run, "files"));
    out->organized = json_as_uint(json_at(run, "organized"));
    out->skipped = json_as_uint(json_at(run, "skipped"));
    out->duplicates = json_as_uint(json_at(run, "duplicates"));
    out->errors = json_as_uint(json_at(run, "errors"));
    out->bytes = json_as_uint(json_at(run, "bytes"));
    out->seconds = json_as_real(json_at(run, "seconds"));
    out->files_per_second = json_as_real(json_at(run, "files_per_second"));
    out->batch = json_as_uint(json_at(batch, "size"));
    out->smallest_batch = json_as_uint(json_at(batch, "smallest"));
    out->largest_batch = json_as_uint(json_at(batch, "largest"));
    out->batch_adjustments = json_as_uint(json_at(batch, "adjustments"));
    out->collections = json_as_uint(json_at(doc, "collections.count"));
    out->given_back = json_as_uint(json_at(doc, "collections.given_back_bytes"));
}

static void read_answer(json_value doc, cli_look *out)
{
    json_value memory = json_at(doc, "memory");
    json_as_text(json_at(doc, "command"), out->command, sizeof out->command);
    json_as_text(json_at(doc, "phase"), out->phase, sizeof out->phase);
    out->current = json_as_uint(json_at(memory, "current_bytes"));
    out->peak = json_as_uint(json_at(memory, "peak_bytes"));
    if (json_at(memory, "limit_bytes").n > 0) {
        out->available = json_as_uint(json_at(memory, "available_bytes"));
        out->system_percent = json_as_real(json_at(memory, "system_percent"));
        out->limit = json_as_uint(json_at(memory, "limit_bytes"));
        out->ratio = out->limit ? json_as_real(json_at(memory, "usage_ratio")) : -1;
    }
    json_as_text(json_at(memory, "level"), out->level, sizeof out->level);
    out->floor = json_as_uint(json_at(memory, "floor_bytes"));
    read_run(doc, out);
    read_accounts(doc, out);
    read_caches(doc, out);
}

/* ---- what the kernel tells ---- */

static void name_of(long pid, char *out, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/comm", pid);
    FILE *f = fopen(path, "re");
    *out = 0;
    if (f && fgets(out, (int)size, f))
        out[strcspn(out, "\n")] = 0;
    if (f)
        fclose(f);
}

static bool take_process(const cli_looker *l, const alice_monitor_usage *machine, cli_look *out)
{
    alice_process_usage p;
    if (control_has_ended(l->target.pid) ||
        alice_monitor_process(l->target.pid, &p) != ALICE_OK)
        return false;
    name_of(l->target.pid, out->command, sizeof out->command);
    out->current = p.current;
    out->peak = p.peak;
    out->available = machine->machine_available;
    if (machine->machine_total > 0)
        out->system_percent =
            100 * (1 - (double)machine->machine_available / (double)machine->machine_total);
    return true;
}

static void take_self(const alice_monitor_usage *u, cli_look *out)
{
    snprintf(out->command, sizeof out->command, "this process");
    out->current = u->current;
    out->peak = u->peak;
    out->available = u->available;
    out->system_percent = u->system_percent;
    out->limit = u->limit;
    out->ratio = u->limit ? u->ratio : -1;
    out->floor = u->floor;
    snprintf(out->level, sizeof out->level, "%s", alice_level_name(u->level));
}

bool look_take(cli_looker *l, cli_look *out)
{
    alice_monitor_usage machine = {0};
    *out = (cli_look){.kind = l->kind, .pid = l->target.pid, .ratio = -1};
    l->answer = (json_value){NULL, 0};
    if (alice_monitor_get_usage(l->monitor, &machine) != ALICE_OK && l->kind == LOOK_SELF)
        return false;
    if (l->kind == LOOK_SELF) {
        take_self(&machine, out);
        return true;
    }
    if (!take_process(l, &machine, out))
        return false;
    if (l->kind == LOOK_PROCESS)
        return true;
    control_state state = CONTROL_FAILED;
    if (control_call_begin(&l->call, &l->target, "status", ANSWER_MS))
        state = control_call_wait(&l->call, &l->answer);
    control_call_end(&l->call);
    if (state == CONTROL_ANSWERED)
        read_answer(l->answer, out);
    else
        out->stuck = true;
    return true;
}

void look_write(const cli_looker *l, const cli_look *look, cli_json *j)
{
    alice_monitor_usage u;
    if (l->kind == LOOK_ALICE && l->answer.n > 2) {
        /* Its own words, members that this version does not know included. */
        fprintf(j->to, "%s%.*s", j->comma ? ", " : "", (int)(l->answer.n - 2), l->answer.p + 1);
        j->comma = true;
        return;
    }
    json_int(j, "pid", look->pid);
    json_text(j, "command", look->command);
    if (l->kind == LOOK_ALICE)
        json_text(j, "phase", "no answer");
    if (l->kind == LOOK_SELF && alice_monitor_get_usage(l->monitor, &u) == ALICE_OK) {
        control_write_usage(j, &u);
        return;
    }
    json_open(j, "memory", '{');
    json_uint(j, "current_bytes", look->current);
    json_uint(j, "peak_bytes", look->peak);
    json_uint(j, "available_bytes", look->available);
    json_real(j, "system_percent", look->system_percent, 1);
    json_close(j, '}');
}
