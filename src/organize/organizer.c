/* SPDX-License-Identifier: MIT */
/*
 * Opening an organizer: check what was asked, divide the memory, open the
 * parts in the order in which they need each other, settle what a killed run
 * left. Closing is the reverse.
 *
 * The ceiling is divided once, at open:
 *
 *   limit = guard (1 MB) + program (what is resident before any work) + work
 *   work  = catalog pages + names + probing + batch + streaming + caches + slack
 */
#include "organize/organizer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "catalog/tree_mark.h"
#include "mem/profile_hook.h"
#include "organize/plan.h"
#include "port/fs.h"
#include "port/limits.h"

enum {
    GUARD = 1024 * 1024,
    /* What a run needs at the very least beside the program itself. */
    LEAST_WORK = 5 * 1024 * 1024,
    /* What the program weighs once its code has been touched: measured, see
       docs/memory-model.md. */
    NOMINAL_FLOOR = 7 * 1024 * 1024 + 512 * 1024,
    /* A thread's analyzer, head and inflate state, and the part of its stack that is touched.
     */
    PER_THREAD = 640 * 1024,
    /* Open files besides those that are shared out: the catalog's four, two that are compared
       or copied, scratch files, what the walk opens on its way; measured. */
    OWN_DESCRIPTORS = 16,
    /* Two levels of the walk, two source folders in each place, four folders below organized.
     */
    LEAST_SHARED_DESCRIPTORS = 2 + 2 * 2 + 4,
    /* From here on there is room for two batches: one is decided while the other goes. */
    OVERLAP_WORK = 8 * 1024 * 1024,
    OVERLAP_FOLDERS = 32,
    MOVER_STACK = 128 * 1024,
    /* A transaction of a thousand files takes 1 MB, which a run has from 64 MB on; it grows
       with what there is, until a second ends it sooner. */
    LEAST_BATCH = 1000,
    USUAL_BATCH = 4000,
    MOST_BATCH = 20000,
    BATCH_PER_FILE = 64 * 1024
};

const char *alice_outcome_name(alice_outcome outcome)
{
    static const char *const names[] = {"organized", "skipped", "duplicate", "error"};
    return (unsigned)outcome < sizeof names / sizeof *names ? names[outcome] : "unknown";
}

size_t alice_organizer_minimum_memory(void)
{
    return (size_t)GUARD + NOMINAL_FLOOR + LEAST_WORK;
}

alice_env alice__organizer_env(const alice_organizer *o, alice_account *account)
{
    alice_env env = o->env;
    env.account = account;
    return env;
}

alice__reading_whole alice__organizer_reading(const alice_organizer *o)
{
    return (alice__reading_whole){.env = alice__organizer_env(o, o->acc_stream),
                                  .fs = o->fs,
                                  .chunk_bytes = o->sizes.chunk,
                                  /* Leave the signal handlers of an embedding program alone. */
                                  .use_mmap = o->options.kernel_backstop && !o->config.no_mmap,
                                  .should_stop = o->options.should_stop,
                                  .stop_ctx = o->options.ctx};
}

const char *alice__organizer_scratch(const alice_organizer *o)
{
    return o->options.dry_run ? "/var/tmp" : o->scratch;
}

static size_t clamp(size_t v, size_t least, size_t most)
{
    return v < least ? least : v > most ? most : v;
}

static void divide(alice__sizes *s, const alice_config *config, size_t limit, size_t floor,
                   size_t asked)
{
    s->limit = limit;
    s->floor = floor;
    s->work = limit - GUARD - floor;
    s->page_cache = clamp(s->work / 8, 1 * ALICE_MB, 64 * ALICE_MB);
    s->fingerprints = clamp(s->work / 16, 256 * ALICE_KB, 16 * ALICE_MB);
    s->names = clamp(s->work / 16, 256 * ALICE_KB, 16 * ALICE_MB);
    s->arena = clamp(s->work / 16, 192 * ALICE_KB, 1 * ALICE_MB);
    s->batch = asked ? asked : clamp(s->work / BATCH_PER_FILE, LEAST_BATCH, USUAL_BATCH);
    s->arena = s->batch > LEAST_BATCH ? s->arena / LEAST_BATCH * s->batch : s->arena;
    s->chunk = clamp((size_t)config->chunk_size_kb * ALICE_KB, 64 * ALICE_KB,
                     clamp(s->work / 32, 64 * ALICE_KB, 4 * ALICE_MB));
    s->chunk &= ~(size_t)4095;
    s->texts = clamp(s->work / 64, 32 * ALICE_KB, 256 * ALICE_KB);
    s->threads = alice_config_workers(config);
    while (s->threads > 1 && (size_t)s->threads * PER_THREAD > s->work / 4)
        s->threads--;
    s->window = (unsigned)clamp(s->work / 16 / (3 * ALICE_KB), 32, 512);
}

/* Divide the descriptors that are left. */
static alice_status divide_descriptors(alice__sizes *s, alice_error *error)
{
    size_t allowed = alice__limits_descriptors(), open = alice__limits_descriptors_open();
    size_t own = open + OWN_DESCRIPTORS;
    size_t free = allowed > own ? allowed - own : 0;
    while (s->threads > 1 && s->threads > free / 16)
        s->threads--;
    size_t readers = s->threads ? s->threads : 1;
    size_t spare = free > LEAST_SHARED_DESCRIPTORS ? free - LEAST_SHARED_DESCRIPTORS : 0;
    s->ahead = (unsigned)clamp(spare / 4 / readers, 1, ALICE__GROUP);
    size_t shared = free > readers * s->ahead ? free - readers * s->ahead : 0;
    s->open_levels = (unsigned)clamp(shared / 6, 2, ALICE__WALK_OPEN);
    s->dest_folders = (unsigned)clamp(shared / 6, 4, 64);
    if (shared < LEAST_SHARED_DESCRIPTORS) {
        size_t need = own + 1 + LEAST_SHARED_DESCRIPTORS;
        return alice__fail(error, ALICE_E_SYSTEM, 0,
                           "a run needs %zu open files, and this process may have %zu "
                           "(ulimit -n %zu)",
                           need, allowed, need);
    }
    s->folders = (unsigned)clamp((shared - s->open_levels - s->dest_folders) / 2, 2, 250);
    return ALICE_OK;
}

/* ---- memory ---- */

static alice_status open_budget(alice_organizer *o, alice_error *error)
{
    size_t limit = (size_t)o->config.max_memory_mb * ALICE_MB;
    size_t floor = NOMINAL_FLOOR;
    size_t lowered = alice_limit_effective(limit);
    if (o->options.kernel_backstop && lowered < limit) {
        alice_env_log(&o->env, ALICE_LOG_WARNING,
                      "the limit is lowered from %zu to %zu MB: this process's control group "
                      "allows no more",
                      limit / ALICE_MB, lowered / ALICE_MB);
        limit = lowered;
    }
    size_t resident = alice_limit_resident();
    if (o->options.kernel_backstop && !alice_limit_sanitized() && resident > floor)
        floor = resident;
    if (limit < GUARD + floor + LEAST_WORK)
        return alice__fail(error, ALICE_E_BUDGET, 0,
                           "a limit of %zu MB is too little: the smallest that works here is "
                           "%zu MB (--max-memory %zu)",
                           limit / ALICE_MB,
                           (GUARD + floor + LEAST_WORK + ALICE_MB - 1) / ALICE_MB,
                           (GUARD + floor + LEAST_WORK + ALICE_MB - 1) / ALICE_MB);
    divide(&o->sizes, &o->config, limit, floor, o->options.flush_files);

    alice_budget_options b = {.env = o->env, .limit = limit};
    alice_status st = alice_budget_open(&o->budget, &b);
    if (st != ALICE_OK)
        return st;
    alice_account *root = alice_budget_root(o->budget);
    const struct {
        alice_account **account;
        const char *name;
    } accounts[] = {{&o->program, "program"},   {&o->acc_catalog, "catalog"},
                    {&o->acc_walk, "walk"},     {&o->acc_probe, "probe"},
                    {&o->acc_batch, "batch"},   {&o->acc_transfer, "transfer"},
                    {&o->acc_stream, "stream"}, {&o->acc_cache, "cache"}};
    for (size_t i = 0; st == ALICE_OK && i < sizeof accounts / sizeof *accounts; i++)
        st = alice_account_open(accounts[i].account, root, accounts[i].name, 0);
    if (st != ALICE_OK)
        return st;
    alice_account_observe(o->program, floor + GUARD);

    /*
     * In a program that is not alice's own, or under a sanitizer, what is resident says nothing
     * about this run: then the accounts alone steer, and nothing is charged as untracked.
     */
    bool ours = o->options.kernel_backstop && !alice_limit_sanitized();
    alice_monitor_options m = {.env = o->env,
                               .budget = o->budget,
                               .config = o->config,
                               .limit_bytes = limit,
                               .floor_bytes = ours ? floor : SIZE_MAX / 2,
                               .floor_account = o->program};
    st = alice_monitor_open(&o->monitor, &m);
    if (st != ALICE_OK)
        return st;
    alice_batch_options batch = alice_batch_defaults(&o->config);
    batch.env = alice__organizer_env(o, o->acc_batch);
    o->level = ours ? alice_batch_level_of_monitor : alice_batch_level_of_budget;
    o->level_ctx = ours ? (void *)o->monitor : (void *)o->budget;
    batch.level = o->level;
    batch.level_ctx = o->level_ctx;
    return alice_batch_open(&o->batch, &batch);
}

static alice_status open_cache(alice_organizer *o, alice_cache **out, const char *name,
                               size_t bytes)
{
    alice_cache_options c = alice_cache_defaults(NULL);
    c.env = alice__organizer_env(o, o->acc_cache);
    c.name = name;
    c.max_bytes = clamp(bytes, 64 * ALICE_KB, 256 * ALICE_MB);
    c.ttl_ms = alice_seconds_to_ms(o->config.cache_ttl_seconds);
    c.shards = 1; /* used by one thread, but a probing thread's charge may reclaim, and others
                     read its numbers */
    c.budget = o->budget;
    return alice_cache_open(out, &c);
}

static alice_status open_caches(alice_organizer *o)
{
    alice_cache_shares s;
    alice_config_shares(&o->config, &s);
    alice_status st = open_cache(o, &o->projects, "cache.metadata", s.metadata);
    if (st == ALICE_OK)
        st = open_cache(o, &o->verdicts, "cache.result", s.result);
    if (st == ALICE_OK)
        st = open_cache(o, &o->folders, "cache.directory", s.directory);
    if (st == ALICE_OK)
        st = open_cache(o, &o->hashes, "cache.hash", s.hash);
    return st;
}

/* ---- open and close ---- */

/*
 * A catalog that stands elsewhere says of one organized folder what is in it: used
 * with another, it would call files known that were never put there. One that
 * stands in its folder moves with it.
 */
static alice_status check_home(alice_organizer *o, alice_error *error)
{
    char home[ALICE__PATH_MAX];
    if (!o->options.catalog)
        return ALICE_OK;
    alice_status st = alice__catalog_home(o->catalog, home, sizeof home);
    if (st != ALICE_OK || !*home || strcmp(home, o->organized) == 0)
        return st;
    return alice__fail(error, ALICE_E_INVAL, 0,
                       "the catalog %s belongs to %s: give that folder, or another --catalog",
                       o->catalog_path, home);
}

/* It is one folder of organized: not above it, not alice's own. */
static alice_status check_undated(const alice_organizer *o, alice_error *error)
{
    char safe[ALICE__PROJECT_MAX];
    const char *folder = o->options.undated_folder;
    if (!folder)
        return ALICE_OK;
    alice__safe_component(folder, strlen(folder), safe, sizeof safe);
    return strcmp(safe, folder) == 0
               ? ALICE_OK
               : alice__fail(error, ALICE_E_INVAL, 0,
                             "the folder of what has no date has to be one plain name: '%s'",
                             folder);
}

/*
 * SQLite takes an empty file for a new database, and so it is: a kill while it was made leaves
 * one, and what emptied another is not known. Where a run has marked the tree the new catalog
 * is not the tree's, which is read before anything is placed, as where there is none.
 */
static void note_emptied(const alice_organizer *o)
{
    static const char *const ends[] = {"", "-wal", "-journal"};
    char path[ALICE__PATH_MAX + 16];
    alice__fs_stat s;
    if (o->options.catalog) /* an empty file that somebody names may be another's: refused */
        return;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(path, sizeof path, "%s%s", o->catalog_path, ends[i]);
        bool there = alice__fs_stat_path(path, &s) == 0 && s.kind == ALICE__FS_FILE;
        if (i == 0 ? !there || s.size > 0 : there && s.size > 0)
            return; /* it has content, or its log has */
    }
    alice_env_log(&o->env, ALICE_LOG_WARNING,
                  "the catalog is empty: %s; what stands in %s is read first", o->catalog_path,
                  o->organized);
}

static alice_status check_flushes(const alice_organizer *o, alice_error *error)
{
    enum { LONGEST = 3600 };
    const alice_organizer_options *p = &o->options;
    return p->flush_files <= MOST_BATCH && p->flush_seconds <= LONGEST
               ? ALICE_OK
               : alice__fail(error, ALICE_E_INVAL, 0,
                             "a flush is for 1 to %d files and for 1 to %d seconds", MOST_BATCH,
                             LONGEST);
}

/* Before the first thread starts, and before any untrusted byte is read. */
static alice_status confine(alice_organizer *o, alice_error *error)
{
    const alice_organizer_options *p = &o->options;
    enum { OWN = 4, GIVEN = 16, ARCHIVES = 8 };
    alice_confine_path paths[OWN + GIVEN + ARCHIVES];
    char catalog[ALICE__PATH_MAX];
    size_t n = 0;
    bool writes = !p->dry_run;
    memcpy(catalog, o->catalog_path, strlen(o->catalog_path) + 1);
    char *end = strrchr(catalog, '/');
    if (end)
        *end = 0;
    if (o->archives)
        n += alice__archives_reach(o, paths, ARCHIVES);
    else
        paths[n++] = (alice_confine_path){o->inbox, writes && p->move};
    paths[n++] = (alice_confine_path){o->organized, writes};
    paths[n++] = (alice_confine_path){!end ? "." : *catalog ? catalog : "/", writes};
    if (!writes)
        paths[n++] = (alice_confine_path){alice__organizer_scratch(o), true};
    if (p->confine_path_count > GIVEN)
        return alice__fail(error, ALICE_E_INVAL, 0, "16 paths beside the run's own at most");
    for (size_t i = 0; i < p->confine_path_count; i++)
        paths[n++] = p->confine_paths[i];
    alice_status st = alice_confine(paths, n, NULL);
    if (st == ALICE_E_SYSTEM) { /* a container may forbid it; organize anyway */
        alice_env_log(&o->env, ALICE_LOG_WARNING,
                      "this process is not confined: the kernel knows how, and refused");
        st = ALICE_OK;
    }
    return st;
}

/* The tables of the transaction under way. */
static alice_status open_batch(alice_organizer *o)
{
    alice_env env = alice__organizer_env(o, o->acc_batch);
    void *room = NULL;
    unsigned folders = o->sizes.folders;
    o->overlaps = !o->options.dry_run && !o->options.remove_duplicates &&
                  o->sizes.work >= OVERLAP_WORK && folders >= OVERLAP_FOLDERS;
    if (o->overlaps)
        folders /= 2;
    alice_status st =
        alice__items_open(&o->items, &env, o->sizes.batch, o->sizes.arena, folders);
    if (st == ALICE_OK && o->overlaps)
        st = alice__items_open(&o->moving, &env, o->sizes.batch, o->sizes.arena, folders);
    if (st == ALICE_OK)
        st = alice_env_calloc(&env, ALICE__SOURCES_MAX, sizeof(alice__source_count), ALICE_HERE,
                              &room);
    o->sources = room;
    room = NULL;
    if (st == ALICE_OK)
        st = alice_env_calloc(&env, 1, sizeof *o->seconds, ALICE_HERE, &room);
    o->seconds = room;
    return st;
}

static alice_status open_catalog(alice_organizer *o, alice_error *error)
{
    alice__catalog_options c = {.env = alice__organizer_env(o, o->acc_catalog),
                                .path = o->catalog_path,
                                .home = o->home,
                                .dry_run = o->options.dry_run,
                                .page_cache_bytes = o->sizes.page_cache,
                                .fingerprint_buffer_bytes = o->sizes.fingerprints};
    note_emptied(o);
    alice_status st = alice__catalog_open(&o->catalog, &c, error);
    if (st == ALICE_OK)
        st = check_home(o, error);
    return st;
}

bool alice__organizer_stops(void *organizer)
{
    alice_organizer *o = organizer;
    if (o->apart)
        return atomic_load_explicit(&o->halt, memory_order_relaxed);
    return o->options.should_stop && o->options.should_stop(o->options.ctx);
}

/* Who transfers a batch while the next is decided. Tests of the file system see one call after
   the other. */
static alice_status open_mover(alice_organizer *o)
{
    o->mover_threads = o->overlaps && o->fs == &alice__fs_real;
    const alice_executor_options e = {.env = alice__organizer_env(o, o->acc_transfer),
                                      .threads = o->mover_threads,
                                      .queue = 1,
                                      .stack_bytes = MOVER_STACK,
                                      .name = "alice-move"};
    return alice_executor_open(&o->mover, &e);
}

alice__transfer_options alice__organizer_transfer(alice_organizer *o, int fd, bool move,
                                                  size_t batch)
{
    return (alice__transfer_options){.env = alice__organizer_env(o, o->acc_transfer),
                                     .fs = o->fs,
                                     .organized_fd = fd,
                                     .move = move,
                                     .run_id = alice_env_wall_s(&o->env),
                                     .buffer_bytes = o->sizes.chunk,
                                     .max_batch = batch,
                                     .max_folders = 16,
                                     .should_stop = alice__organizer_stops,
                                     .stop_ctx = o};
}

alice_status alice__organizer_run_over(alice_organizer *o, int64_t run,
                                       const alice_tally *tally, bool finished, alice_status st,
                                       alice_error *error)
{
    const alice__run_totals totals = {
        .tally = *tally, .ended_s = alice_env_wall_s(&o->env), .finished = finished};
    alice_error own = {.text = ""};
    alice_status ended = alice__catalog_run_end(o->catalog, run, &totals, &own);
    if (st != ALICE_OK || ended == ALICE_OK)
        return st;
    *error = own;
    return ended;
}

/* What writes; and what a killed run had under way is settled by it, before anything new. */
static alice_status open_transfer(alice_organizer *o, alice_error *error)
{
    alice__transfer_options t = alice__organizer_transfer(
        o, o->organized_fd, o->options.move || o->archives, o->sizes.batch);
    t.lossy = o->options.lossy;
    t.leave_busy = o->options.settle_seconds > 0;
    t.max_folders = o->sizes.dest_folders;
    alice_status st = alice__transfer_open(&o->transfer, &t, error);
    if (st == ALICE_OK)
        st = alice__organizer_recover(o, error);
    /* Settled: what a run over archives left there stands in them. */
    if (st == ALICE_OK && o->archives)
        st = alice__archives_make_room(o, error);
    else if (st == ALICE_OK)
        (void)alice__archives_sweep(o); /* it tells */
    if (st != ALICE_OK)
        return st;
    st = alice__organizer_settle_undo(o, &o->settled);
    return st == ALICE_OK ? st
                          : alice__fail(error, st, 0, "%s", alice__catalog_why(o->catalog));
}

static alice_status open_parts(alice_organizer *o, alice_error *error)
{
    alice_status st = open_caches(o);
    if (st == ALICE_OK)
        st = open_batch(o);
    if (st == ALICE_OK)
        st = open_catalog(o, error);
    if (st == ALICE_OK && !o->options.dry_run)
        st = open_mover(o);
    if (st == ALICE_OK && !o->options.dry_run)
        st = open_transfer(o, error);
    if (st != ALICE_OK)
        return st;
    alice__prober_options p = {.env = alice__organizer_env(o, o->acc_probe),
                               .budget = o->budget,
                               .threads = o->sizes.threads,
                               .window = o->sizes.window,
                               .ahead = o->sizes.ahead,
                               .text_bytes = o->sizes.texts,
                               .date_patterns = o->options.date_patterns,
                               .should_stop = o->options.should_stop,
                               .stop_ctx = o->options.ctx};
    return alice__prober_open(&o->prober, &p);
}

alice_status alice_organizer_open(alice_organizer **out, const alice_organizer_options *options,
                                  alice_error *error)
{
    if (!out || !options || (!options->inbox && !options->archive_count) || !options->organized)
        return alice__fail(error, ALICE_E_INVAL, 0,
                           "an inbox and an organized folder are needed");
    alice_organizer_options own;
    alice_status st = alice__options_take(&own, sizeof own, options);
    return st == ALICE_OK ? alice__organizer_open_on(out, &own, NULL, error)
                          : alice__fail(error, st, 0, "%s", alice_status_text(st));
}

/* Everything that an open organizer has, in the order in which it is needed. */
static alice_status open_all(alice_organizer *o, alice_error *error)
{
    void *room = NULL;
    alice_status st = alice_env_calloc(&o->env, 5, ALICE__PATH_MAX, ALICE_HERE, &room);
    o->paths = room;
    if (st == ALICE_OK)
        st = alice_config_check(&o->config, error);
    if (st == ALICE_OK)
        st = check_undated(o, error);
    if (st == ALICE_OK)
        st = check_flushes(o, error);
    if (st == ALICE_OK && o->options.layout && strcmp(o->options.layout, "guide") != 0) {
        st = alice__layout_parse(&o->layout, o->options.layout, error);
        o->own_layout = st == ALICE_OK;
    }
    if (st == ALICE_OK)
        st = alice__organizer_open_folders(o, error);
    if (st == ALICE_OK)
        st = open_budget(o, error);
    if (st == ALICE_OK)
        st = divide_descriptors(&o->sizes, error);
    if (st == ALICE_OK && o->options.kernel_backstop) {
        /* Best effort: without it the accounts still hold. */
        alice_limit_options l = {.env = o->env, .limit_bytes = o->sizes.limit};
        alice_limit_begin(&o->backstop, &l);
    }
    if (st == ALICE_OK && o->options.confine)
        st = confine(o, error);
    return st == ALICE_OK && !o->reads ? open_parts(o, error) : st;
}

alice_status alice__organizer_open_catalog(alice_organizer *o, alice_error *error)
{
    return open_catalog(o, error);
}

static alice_status open_organizer(alice_organizer **out,
                                   const alice_organizer_options *options,
                                   const alice__fs_ops *fs, bool reads, alice_error *error)
{
    alice_env env = options->env;
    env.account = NULL;
    void *room = NULL;
    alice_error unheard;
    if (!error)
        error = &unheard;
    error->text[0] = 0;
    alice_status st = alice_env_calloc(&env, 1, sizeof(alice_organizer), ALICE_HERE, &room);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    alice_organizer *o = room;
    o->options = *options;
    o->reads = reads;
    o->fs = fs ? fs : &alice__fs_real;
    o->env = env;
    o->inbox_fd = o->organized_fd = -1;
    alice__status_init(&o->status);
    o->config = options->config;
    if (o->options.archive_count) {
        o->options.inbox = NULL;
        o->options.move = false;       /* the archives stay */
        o->options.settle_seconds = 0; /* what is unpacked is new, and whole */
    }
    alice_config_resolve(&o->config);
    st = open_all(o, error);
    if (st == ALICE_OK) {
        *out = o;
        ALICE__CENSUS_ADD(&env, o, "alice_organizer");
        return ALICE_OK;
    }
    if (error->text[0] == 0 && st == ALICE_E_BUDGET && o->options.flush_files > LEAST_BATCH)
        alice__fail(error, st, 0,
                    "a limit of %zu MB is too little to flush %u files together: raise "
                    "--max-memory, or give less to --flush-files (%d always work)",
                    o->sizes.limit / ALICE_MB, (unsigned)o->options.flush_files, LEAST_BATCH);
    if (error->text[0] == 0 && st == ALICE_E_BUDGET && o->budget)
        alice__fail(error, st, 0,
                    "a limit of %zu MB is too little for this configuration; the smallest that "
                    "works is about %zu MB",
                    o->sizes.limit / ALICE_MB, alice_organizer_minimum_memory() / ALICE_MB + 1);
    if (error->text[0] == 0)
        alice__fail(error, st, 0, "%s", alice_status_text(st));
    error->status = st;
    alice_organizer_close(&o);
    return st;
}

alice_status alice__organizer_open_on(alice_organizer **out,
                                      const alice_organizer_options *options,
                                      const alice__fs_ops *fs, alice_error *error)
{
    return open_organizer(out, options, fs, false, error);
}

alice_status alice__organizer_open_reader(alice_organizer **out,
                                          const alice_organizer_options *options,
                                          alice_error *error)
{
    alice_organizer_options own = *options;
    own.inbox = NULL;
    own.dry_run = true;
    return open_organizer(out, &own, NULL, true, error);
}

void alice_organizer_close(alice_organizer **organizer)
{
    alice_organizer *o = organizer ? *organizer : NULL;
    if (!o)
        return;
    ALICE__CENSUS_REMOVE(&o->env, o);
    alice__prober_close(&o->prober);
    alice_executor_close(&o->mover);
    alice__transfer_close(&o->transfer);
    alice__catalog_close(&o->catalog);
    alice__items_close(&o->items);
    alice__items_close(&o->moving);
    alice_env batch_env = alice__organizer_env(o, o->acc_batch);
    alice_env_free(&batch_env, o->seconds, sizeof *o->seconds);
    alice_env_free(&batch_env, o->sources, ALICE__SOURCES_MAX * sizeof(alice__source_count));
    alice_cache_close(&o->hashes);
    alice_cache_close(&o->folders);
    alice_cache_close(&o->verdicts);
    alice_cache_close(&o->projects);
    alice_limit_end(&o->backstop);
    alice_batch_close(&o->batch);
    alice_monitor_close(&o->monitor);
    if (o->budget) {
        size_t leaked = 0;
        alice_account_observe(o->program, 0);
        if (alice_budget_close(&o->budget, &leaked) != ALICE_OK)
            alice_env_log(&o->env, ALICE_LOG_WARNING, "%zu bytes were not given back", leaked);
        if (o->budget) {
            alice_account_write_off(alice_budget_root(o->budget));
            alice_budget_close(&o->budget, NULL);
        }
    }
    alice__archives_close(o);
    alice__fs_close(o->organized_fd);
    alice__fs_close(o->inbox_fd);
    alice__status_end(&o->status);
    alice_env env = o->env;
    alice_env_free(&env, o->paths, 5 * (size_t)ALICE__PATH_MAX);
    alice_env_free(&env, o, sizeof *o);
    *organizer = NULL;
}

/* ---- numbers ---- */

static void add_cache(alice_cache_stats *sum, alice_cache *cache)
{
    alice_cache_stats s;
    alice_cache_get_stats(cache, &s);
    alice_cache_stats_add(sum, &s);
}

void alice__organizer_memory(const alice_organizer *o, alice_memory_stats *out)
{
    alice_monitor_usage usage;
    alice_batch_stats batch;
    alice_pool_stats pool;
    *out = (alice_memory_stats){.limit_bytes = o->sizes.limit};
    if (alice_monitor_get_usage(o->monitor, &usage) == ALICE_OK) {
        out->peak_bytes = usage.peak;
        out->current_bytes = usage.current;
    }
    out->gc_collections = alice_monitor_collections(o->monitor);
    alice_batch_get_stats(o->batch, &batch);
    out->batch_size_adjustments = batch.adjustments;
    out->streamed_files = o->streamed;
    alice__prober_pool_stats(o->prober, &pool);
    out->pooled_objects_reused = pool.reused;
    add_cache(&out->cache_stats, o->projects);
    add_cache(&out->cache_stats, o->verdicts);
    add_cache(&out->cache_stats, o->folders);
    add_cache(&out->hash_cache_stats, o->hashes);
    out->cache_evictions = out->cache_stats.evictions + out->hash_cache_stats.evictions;
}

alice_status alice_organizer_get_memory_stats(const alice_organizer *o, alice_memory_stats *out)
{
    if (!o || !out)
        return ALICE_E_INVAL;
    alice__organizer_memory(o, out);
    return ALICE_OK;
}

alice_budget *alice_organizer_budget(alice_organizer *o)
{
    return o ? o->budget : NULL;
}
