/* SPDX-License-Identifier: MIT */
/*
 * Batches.
 *
 *     level  normal ─ medium ─ high ─ critical     the source's answer, once a batch
 *     size    100 %    75 %    50 %    25 %
 *              ◀──── one step after `grow_after` calm batches
 *              any number of steps at once ────▶
 *
 * What is kept is the level that the size belongs to; the size follows from it.
 * Room for the largest batch is taken at open, so that nothing can fail for want
 * of memory while items are under way.
 */
#include <alice/batch.h>
#include <alice/monitor.h>

#include "base/options.h"
#include "mem/profile_hook.h"

enum { BASE = 100, LEAST = 10, MOST = 1000, CALM = 3 };

struct alice_batch {
    alice_batch_options o;
    alice_level at; /* that the size belongs to */
    uint32_t size;
    uint32_t calm; /* batches in a row that would have allowed more */
    bool settled;  /* whether a size was ever settled */
    alice_batch_stats n;

    /* A run. */
    alice_batch_run run;
    alice_batch_result *results; /* room for `cap` */
    uint32_t cap;
    uint32_t filled, next; /* of the batch under way: its items, and the next to hand out */
    void *held;            /* an item that did not fit into the batch before */
    size_t held_bytes;
    bool holding, running;
    alice_status
        verdict; /* how the run ends once the batch is handed out; ALICE_OK: it goes on */
};

/* ---- sizes ---- */

uint32_t alice_batch_size_at(uint32_t base, alice_level level, uint32_t min, uint32_t max)
{
    unsigned quarters = level <= ALICE_LEVEL_NORMAL     ? 4
                        : level >= ALICE_LEVEL_CRITICAL ? 1
                                                        : 4 - (unsigned)level;
    uint64_t size = (uint64_t)base * quarters / 4;
    if (size > max)
        size = max;
    if (size < min)
        size = min;
    return size > 0 ? (uint32_t)size : 1;
}

alice_level alice_batch_level_of_budget(void *budget)
{
    size_t limit = alice_budget_limit(budget);
    if (limit == 0)
        return ALICE_LEVEL_NORMAL;
    return alice_level_of((double)alice_budget_used(budget) / (double)limit);
}

alice_level alice_batch_level_of_monitor(void *monitor)
{
    return alice_monitor_level(monitor);
}

static uint32_t size_now(const alice_batch *b)
{
    return alice_batch_size_at(b->o.base_size, b->at, b->o.min_size, b->o.max_size);
}

/* Move toward what the source says: down at once, up a step after calm batches. */
static void follow(alice_batch *b, alice_level wanted)
{
    if (wanted >= b->at || !b->settled) {
        b->at = wanted;
        b->calm = 0;
    } else if (++b->calm >= b->o.grow_after) {
        b->at--;
        b->calm = 0;
    }
}

uint32_t alice_batch_next_size(alice_batch *b)
{
    if (b->o.adaptive && b->o.level) {
        alice_level wanted = b->o.level(b->o.level_ctx);
        if (wanted > ALICE_LEVEL_CRITICAL)
            wanted = ALICE_LEVEL_CRITICAL;
        follow(b, wanted);
    }
    uint32_t size = size_now(b);
    if (size != b->size)
        b->n.adjustments++;
    b->size = size;
    b->settled = true;
    b->n.batches++;
    if (b->n.smallest == 0 || size < b->n.smallest)
        b->n.smallest = size;
    if (size > b->n.largest)
        b->n.largest = size;
    return size;
}

void alice_batch_set_base(alice_batch *b, uint32_t base_size)
{
    b->o.base_size = base_size ? base_size : 1;
}

uint32_t alice_batch_size(const alice_batch *b)
{
    return b->size;
}

/* ---- a run ---- */

/* The bytes that may go into a batch of the current size; SIZE_MAX: no bound. */
static size_t bytes_now(const alice_batch *b)
{
    return b->o.max_bytes ? b->o.max_bytes / 4 * (4 - (size_t)b->at) : SIZE_MAX;
}

/* Hold the next item, if none is held. */
static alice_status pull(alice_batch *b)
{
    if (b->holding)
        return ALICE_OK;
    b->held_bytes = 0;
    alice_status st = b->run.next(b->run.next_ctx, &b->held, &b->held_bytes);
    b->holding = st == ALICE_OK;
    return st;
}

/* Fill a batch until it is full or the items end. A size is settled only for a batch that comes
 * to be. */
static void fill(alice_batch *b)
{
    b->filled = b->next = 0;
    alice_status st = pull(b);
    if (st == ALICE_OK) {
        uint32_t size = alice_batch_next_size(b);
        size_t left = bytes_now(b);
        do {
            if (b->held_bytes > left && b->filled > 0)
                break;
            left -= b->held_bytes < left ? b->held_bytes : left;
            b->results[b->filled++] = (alice_batch_result){.item = b->held};
            b->holding = false;
        } while (b->filled < size && (st = pull(b)) == ALICE_OK);
    }
    b->verdict = st;
}

/* Judge what process() left: `verdict` is the first failure under ALICE_BATCH_STOP. */
static void judge(alice_batch *b, alice_status whole)
{
    alice_status first = ALICE_OK;
    for (uint32_t i = 0; i < b->filled; i++) {
        alice_batch_result *r = &b->results[i];
        if (r->status == ALICE_OK && whole != ALICE_OK)
            r->status = whole;
        if (r->status != ALICE_OK) {
            b->n.failed++;
            if (first == ALICE_OK)
                first = r->status;
        }
    }
    b->n.items += b->filled;
    if (whole == ALICE_E_CANCELLED)
        b->verdict = whole;
    else if (b->run.policy == ALICE_BATCH_STOP && first != ALICE_OK)
        b->verdict = first;
}

/* The next batch, processed. ALICE_OK: there is one to hand out. */
static alice_status advance(alice_batch *b)
{
    if (b->verdict != ALICE_OK)
        return b->verdict;
    fill(b);
    if (b->filled == 0)
        return b->verdict;
    judge(b, b->run.process(b->run.process_ctx, b->results, b->filled));
    return ALICE_OK;
}

static bool shown(const alice_batch *b, const alice_batch_result *r)
{
    return r->status == ALICE_OK || b->run.policy == ALICE_BATCH_COLLECT;
}

alice_status alice_batch_begin(alice_batch *b, const alice_batch_run *run)
{
    if (!b || !run || !run->next || !run->process ||
        (unsigned)run->policy > ALICE_BATCH_COLLECT)
        return ALICE_E_INVAL;
    b->run = *run;
    b->filled = b->next = 0;
    b->holding = false;
    b->running = true;
    b->verdict = ALICE_OK;
    return ALICE_OK;
}

alice_status alice_batch_next(alice_batch *b, const alice_batch_result **out)
{
    if (!b || !out || !b->running)
        return ALICE_E_INVAL;
    for (;;) {
        while (b->next < b->filled) {
            const alice_batch_result *r = &b->results[b->next++];
            if (shown(b, r)) {
                *out = r;
                return ALICE_OK;
            }
        }
        alice_status st = advance(b);
        if (st != ALICE_OK)
            return st;
    }
}

alice_status alice_batch_process(alice_batch *b, const alice_batch_run *run)
{
    const alice_batch_result *r;
    alice_status st = alice_batch_begin(b, run);
    if (st != ALICE_OK)
        return st;
    while (st == ALICE_OK && (st = alice_batch_next(b, &r)) == ALICE_OK)
        if (run->result)
            st = run->result(run->result_ctx, r);
    b->running = false;
    return st == ALICE_E_END ? ALICE_OK : st;
}

/* ---- life ---- */

static alice_batch_options usual(const alice_config *config)
{
    alice_batch_options o = {
        .adaptive = true, .base_size = BASE, .min_size = LEAST, .max_size = MOST};
    if (config) {
        alice_config c = *config;
        alice_config_resolve(&c);
        o.adaptive = !c.fixed_batch_size;
        o.min_size = c.min_batch_size;
        o.max_size = c.max_batch_size;
        o.base_size = alice_config_base_batch(&c);
    }
    return o;
}

void alice_batch_defaults_into(alice_batch_options *out, size_t size,
                               const alice_config *config)
{
    if (!out)
        return;
    alice_batch_options o = usual(config);
    o.size = size;
    alice__figures_give(out, size, &o, sizeof o);
}

alice_status alice_batch_open(alice_batch **out, const alice_batch_options *options)
{
    alice_batch *b = NULL;
    if (!out || !options)
        return ALICE_E_INVAL;
    alice_batch_options o;
    alice_status st = alice__options_take(&o, sizeof o, options);
    if (st != ALICE_OK)
        return st;
    o.base_size = o.base_size ? o.base_size : BASE;
    o.min_size = o.min_size ? o.min_size : LEAST;
    o.max_size = o.max_size ? o.max_size : MOST;
    o.grow_after = o.grow_after ? o.grow_after : CALM;
    if (o.min_size > o.max_size)
        return ALICE_E_INVAL;
    st = alice_env_calloc(&o.env, 1, sizeof *b, ALICE_HERE, (void **)&b);
    if (st != ALICE_OK)
        return st;
    b->o = o;
    b->at = ALICE_LEVEL_NORMAL;
    b->size = b->cap = size_now(b); /* no level gives a larger one */
    st = alice_env_calloc(&o.env, b->cap, sizeof *b->results, ALICE_HERE, (void **)&b->results);
    if (st != ALICE_OK) {
        alice_env_free(&o.env, b, sizeof *b);
        return st;
    }
    ALICE__CENSUS_ADD(&b->o.env, b, "alice_batch");
    *out = b;
    return ALICE_OK;
}

void alice_batch_close(alice_batch **batch)
{
    if (!batch || !*batch)
        return;
    alice_batch *b = *batch;
    alice_env env = b->o.env;
    *batch = NULL;
    ALICE__CENSUS_REMOVE(&env, b);
    alice_env_free(&env, b->results, b->cap * sizeof *b->results);
    alice_env_free(&env, b, sizeof *b);
}

static void take_stats(const alice_batch *b, alice_batch_stats *out)
{
    *out = b->n;
    out->current = b->size;
    out->level = b->at;
}

void alice_batch_stats_into(const alice_batch *b, alice_batch_stats *out, size_t size)
{
    alice_batch_stats s = {0};
    if (!out || !b)
        return;
    take_stats(b, &s);
    alice__figures_give(out, size, &s, sizeof s);
}
