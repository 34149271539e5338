/* SPDX-License-Identifier: MIT */
/*
 * The status of a run, and collection on demand.
 *
 *   run's thread: publish ──▶ status ──▶ run_status: any thread
 *   any thread: request ──▶ asked ──▶ run's thread collects ──▶ report, served
 *
 * What is thread-safe by itself (monitor, budget, caches, pool) is read where it
 * stands, so it is right even while the run's thread copies a huge file. `lock`
 * is held for copying alone and is the innermost: nothing is called under it.
 */
#include "base/options.h"
#include "organize/organizer.h"

#include <stdio.h>
#include <string.h>

const char *alice_phase_name(alice_phase phase)
{
    static const char *const names[] = {"ready", "checking", "running", "done"};
    return (unsigned)phase < sizeof names / sizeof *names ? names[phase] : "unknown";
}

void alice__status_init(alice__run_status *b)
{
    pthread_mutex_init(&b->lock, NULL);
    atomic_init(&b->asked, 0);
    atomic_init(&b->served, 0);
}

void alice__status_end(alice__run_status *b)
{
    pthread_mutex_destroy(&b->lock);
}

/* The end of a path says more than its beginning. */
static void copy_end(char *out, size_t size, const char *path)
{
    static const char dots[] = "…";
    size_t n = strlen(path);
    if (n < size)
        memcpy(out, path, n + 1);
    else
        snprintf(out, size, "%s%s", dots, path + (n - (size - sizeof dots)));
}

void alice__status_publish(alice_organizer *o, const alice__run_state *t)
{
    alice__run_status *b = &o->status;
    const alice_organize_result *r = t->result;
    alice_batch_stats batch;
    alice_batch_get_stats(o->batch, &batch);
    pthread_mutex_lock(&b->lock);
    alice_run_status *s = &b->published;
    s->phase = t->phase;
    s->run = t->run;
    s->tally = r->tally;
    s->streamed_files = o->streamed;
    s->elapsed_ns = t->now_ns - t->began_ns;
    s->batch_size = t->window;
    s->smallest_batch = batch.smallest;
    s->largest_batch = batch.largest;
    s->batches = batch.batches;
    s->batch_size_adjustments = batch.adjustments;
    copy_end(s->path, sizeof s->path, t->path);
    b->published_ns = t->now_ns;
    pthread_mutex_unlock(&b->lock);
}

static void add_cache(alice_memory_status *out, const char *name, alice_cache *cache)
{
    alice_named_cache *c = &out->caches[out->cache_count++];
    c->name = name;
    alice_cache_get_stats(cache, &c->numbers);
}

alice_status alice_organizer_run_status(const alice_organizer *o, alice_run_status *out,
                                        size_t size)
{
    if (!o || !out)
        return ALICE_E_INVAL;
    /* The lock is the status's own business: a status changes nothing that the caller can see.
     */
    alice__run_status *b = (alice__run_status *)&o->status;
    pthread_mutex_lock(&b->lock);
    alice_run_status s = b->published;
    uint64_t published_ns = b->published_ns;
    pthread_mutex_unlock(&b->lock);
    uint64_t now = alice_env_now_ns(&o->env);
    s.age_ns = published_ns && now > published_ns ? now - published_ns : 0;
    s.move = o->options.move;
    s.dry_run = o->options.dry_run;
    s.inbox_path = o->inbox;
    s.organized_path = o->organized;
    alice__figures_give(out, size, &s, sizeof s);
    return ALICE_OK;
}

static void take_memory(const alice_organizer *o, alice_memory_status *s)
{
    s->gc_collections = alice_monitor_collections(o->monitor);
    s->given_back = alice_monitor_given_back(o->monitor);
    alice_budget_ledger(o->budget, s->accounts, ALICE_STATUS_ACCOUNTS, &s->account_count);
    if (s->account_count > ALICE_STATUS_ACCOUNTS)
        s->account_count = ALICE_STATUS_ACCOUNTS;
    add_cache(s, "cache.metadata", o->projects);
    add_cache(s, "cache.result", o->verdicts);
    add_cache(s, "cache.directory", o->folders);
    add_cache(s, "cache.hash", o->hashes);
    alice_pool_stats pool;
    alice__prober_pool_stats(o->prober, &pool);
    s->pool_count = 1;
    s->pools[0] = (alice_named_pool){.name = "analyzers",
                                     .idle = pool.pool_size,
                                     .in_use = pool.in_use,
                                     .created = pool.created,
                                     .reused = pool.reused};
}

alice_status alice_organizer_memory_status(const alice_organizer *o, alice_memory_status *out,
                                           size_t size)
{
    alice_memory_status s = {.account_count = 0};
    if (!o || !out)
        return ALICE_E_INVAL;
    alice_status st = alice_monitor_get_usage(o->monitor, &s.usage);
    if (st != ALICE_OK)
        return st;
    take_memory(o, &s);
    alice__figures_give(out, size, &s, sizeof s);
    return ALICE_OK;
}

/* ---- collection on demand ---- */

uint64_t alice_organizer_request_collect(alice_organizer *o)
{
    return o ? atomic_fetch_add(&o->status.asked, 1) + 1 : 0;
}

alice_status alice_organizer_collected(const alice_organizer *o, uint64_t ticket,
                                       alice_collect_report *out)
{
    if (!o || !out)
        return ALICE_E_INVAL;
    alice__run_status *b = (alice__run_status *)&o->status;
    if (atomic_load(&b->served) < ticket)
        return ALICE_E_BUSY;
    pthread_mutex_lock(&b->lock);
    *out = b->report;
    pthread_mutex_unlock(&b->lock);
    return ALICE_OK;
}

void alice__status_collect(alice_organizer *o)
{
    alice__run_status *b = &o->status;
    uint64_t asked = atomic_load(&b->asked);
    alice_collect_report r = {.resident_before = alice_monitor_resident(o->monitor)};
    alice_collection c;
    r.released =
        alice_reclaim_run(o->budget, SIZE_MAX, r.rows, ALICE_STATUS_ACCOUNTS, &r.row_count);
    if (r.row_count > ALICE_STATUS_ACCOUNTS)
        r.row_count = ALICE_STATUS_ACCOUNTS;
    /* Counts as a collection, and gives the allocator's free pages back. */
    alice_monitor_collect(o->monitor, true, &c);
    r.resident_after = c.resident;
    pthread_mutex_lock(&b->lock);
    b->report = r;
    pthread_mutex_unlock(&b->lock);
    atomic_store(&b->served, asked);
}
