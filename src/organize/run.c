/* SPDX-License-Identifier: MIT */
/*
 * A run. One thread, this one, decides; probing is spread, and a batch is transferred by a
 * worker while the next one is decided.
 *
 *   feed:    walk ─▶ stat ─▶ known? ─▶ prober          (up to a batch ahead)
 *   decide:  prober ─▶ identify ─▶ plan ─▶ row, item   (in the order of the walk)
 *   settle:  commit rows ─▶ transfer ─▶ make durable ─▶ report
 *
 * How far feed runs ahead is the adaptive batch size. A transaction is closed by
 * a number of files, by a second (where a folder ends; else by four), or when its room is full;
 * rows are durable before their files are touched, and the next commit says that they are done.
 */
#include "organize/run.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "organize/forget.h"
#include "organize/group_names.h"
#include "port/fs.h"

#define PROGRESS_NS UINT64_C(100000000)

bool alice__flow_asked_to_stop(alice__flow *x)
{
    const alice_organizer_options *o = &x->o->options;
    if (!x->stop && o->should_stop && o->should_stop(o->ctx))
        x->stop = true;
    if (x->stop)
        atomic_store_explicit(&x->o->halt, true, memory_order_relaxed);
    return x->stop;
}

static void publish(alice__flow *x, alice_phase phase, uint64_t now, const char *path)
{
    const alice__run_state state = {.phase = phase,
                                    .run = x->o->options.dry_run ? 0 : x->id,
                                    .now_ns = now,
                                    .began_ns = x->began_ns,
                                    .result = x->r,
                                    .window = x->window,
                                    .path = path};
    alice__status_publish(x->o, &state);
}

void alice__flow_between_files(alice__flow *x, alice__folder *folder, const char *name)
{
    alice_organizer *o = x->o;
    if (alice__status_collect_asked(&o->status))
        alice__status_collect(o);
    uint64_t now = alice_env_now_ns(&o->env);
    if (now - x->progress_ns < PROGRESS_NS)
        return;
    x->progress_ns = now;
    char path[ALICE__PATH_MAX];
    const char *below = alice__folder_path(folder);
    snprintf(path, sizeof path, "%s%s%s", below, *below ? "/" : "", name);
    publish(x, ALICE_PHASE_RUNNING, now, path);
    if (!o->options.on_progress)
        return;
    alice_progress p = {.tally = x->r->tally,
                        .batch_size = x->window,
                        .resident = alice_monitor_resident(o->monitor),
                        .limit = o->sizes.limit,
                        .elapsed_ns = now - x->began_ns,
                        .path = path};
    o->options.on_progress(o->options.ctx, &p);
}

/* One after another, as far as there is room: each file comes by here several times. */
static void join(char *out, size_t size, const char *const *parts, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(parts[i]);
        if (n > size - 1 - at)
            n = size - 1 - at;
        memcpy(out + at, parts[i], n);
        at += n;
    }
    out[at] = 0;
}

void alice__join(char *out, size_t size, const char *base, const char *folders,
                 const char *name)
{
    const char *const parts[] = {base, *folders ? "/" : "", folders, "/", name};
    join(out, size, parts, sizeof parts / sizeof *parts);
}

bool alice__flow_path_fits(const alice_organizer *o, const alice__folder *folder,
                           const char *name)
{
    return !alice__folder_beyond(folder) &&
           strlen(o->inbox) + strlen(alice__folder_path(folder)) + strlen(name) + 3 <=
               ALICE__PATH_MAX;
}

const char *alice__flow_leave(const alice_organizer *o, const alice__folder *folder,
                              const char *name, const alice_media_info *info)
{
    char path[ALICE__PATH_MAX];
    const char *below = alice__folder_path(folder);
    if (!o->options.leave)
        return NULL;
    const char *const parts[] = {below, *below ? "/" : "", name};
    join(path, sizeof path, parts, sizeof parts / sizeof *parts);
    return o->options.leave(o->options.ctx, path, info);
}

alice_status alice__flow_folder_row(alice__flow *x, alice__folder *folder, bool create,
                                    int64_t *id)
{
    if (x->folder_serial == alice__folder_serial(folder) && (x->folder_id || !create)) {
        *id = x->folder_id;
        return ALICE_OK;
    }
    char path[ALICE__PATH_MAX];
    const char *below = alice__folder_path(folder);
    int n = snprintf(path, sizeof path, "%s%s%s", x->o->inbox, *below ? "/" : "", below);
    if (n < 0 || (size_t)n >= sizeof path)
        return ALICE_E_TOOBIG;
    alice_status st = alice__catalog_dir(x->o->catalog, path, create, id);
    if (st == ALICE_OK) {
        x->folder_serial = alice__folder_serial(folder);
        x->folder_id = *id;
    }
    return st;
}

/* Skip the organized folder where it is mounted inside the inbox. */
alice__walk_options alice__flow_walk_options(const alice_organizer *o)
{
    alice__fs_stat s = {.dev = 0};
    if (o->organized_fd >= 0)
        (void)alice__fs_stat_fd(o->organized_fd, &s);
    return (alice__walk_options){
        .env = alice__organizer_env(o, o->acc_walk),
        .root_fd = o->inbox_fd,
        .skip_dev = s.dev,
        .skip_ino = s.inode,
        .scratch_dir = alice__organizer_scratch(o),
        .names_bytes = o->sizes.names,
        .comes_later = alice__group_comes_later,
        .rank = alice__group_rank,
        .folder_rank = alice__album_names_place(o) ? alice__album_folder_rank : NULL,
        .open_levels = o->sizes.open_levels,
        .beyond = true};
}

/* Before `next` is decided. What belongs together stands in one folder: that is not torn by the
 * clock, unless it takes long. */
static bool transaction_due(alice__flow *x, const alice__probe *next)
{
    alice_organizer *o = x->o;
    uint64_t took = alice_env_now_ns(&o->env) - x->transaction_ns;
    uint64_t most =
        (o->options.flush_seconds ? o->options.flush_seconds : 1) * UINT64_C(1000000000);
    return alice__items_full(&o->items) || took >= 4 * most ||
           (took >= most && alice__folder_serial(next->folder) != o->items.last_folder);
}

static alice_status loop(alice__flow *x)
{
    alice_organizer *o = x->o;
    alice_status st = ALICE_OK;
    while (st == ALICE_OK && !alice__flow_asked_to_stop(x)) {
        st = alice__feed(x);
        alice__probe *p = st == ALICE_OK ? alice__prober_next(o->prober) : NULL;
        if (!p) {
            if (st != ALICE_OK || x->walked || x->stop)
                break;
            continue;
        }
        alice__flow_between_files(x, p->folder, p->file.name);
        if (p->status == ALICE_E_CANCELLED) { /* stopped while it was read: not begun */
            x->stop = true;
            alice__prober_release(o->prober);
            continue;
        }
        if (o->items.count > 0 && transaction_due(x, p)) {
            st = alice__settle(x);
        }
        if (st == ALICE_OK && !x->stop)
            st = alice__decide(x, p);
        alice__prober_release(o->prober);
    }
    if (st == ALICE_OK)
        st = alice__settle(x);
    if (st == ALICE_OK)
        st = alice__settle_end(x);
    if (st != ALICE_OK) {
        st = alice__settle_broken(x, st);
        /* What was planned but not begun is taken back, the files are as they were; what may
           have been done and is not known to be durable stays in doubt. A dry run has no
           transfer. */
        if (o->transfer)
            alice__transfer_abandon(o->transfer);
        alice__catalog_rollback(o->catalog);
        alice__items_clear(&o->items);
    }
    return st;
}

static void fill_result(alice__flow *x)
{
    alice_organizer *o = x->o;
    alice_organize_result *r = x->r;
    alice__walk_stats walked;
    alice__catalog_stats catalog;
    alice__transfer_stats moved = {0};
    if (x->walk) {
        alice__walk_stats_get(x->walk, &walked);
        r->passed_over += walked.passed_over; /* beside what archives had of it */
    }
    alice__catalog_stats_get(o->catalog, &catalog);
    r->catalog_flushes = catalog.flushes;
    r->catalog_bytes = catalog.bytes_written;
    if (o->transfer) {
        alice__transfer_stats_get(o->transfer, &moved);
        o->streamed += moved.copied;
        r->disk_flushes = moved.flushes;
        r->attributes_lost = moved.attributes_lost;
    }
    r->run = o->options.dry_run ? 0 : x->id;
    r->recovered = o->recovered;
    r->seconds = (double)(alice_env_now_ns(&o->env) - x->began_ns) / 1e9;
    r->interrupted = x->stop;
    alice__organizer_memory(o, &r->memory);
}

/* A catalog that does not know the tree would place again what stands there. */
static alice_status bring_up_to_date(alice__flow *x)
{
    alice_organizer *o = x->o;
    alice_rebuild_result rebuilt = {0};
    alice__standing standing = alice__catalog_standing(o->catalog);
    if (standing == ALICE__STANDING_CURRENT || o->options.fresh || !alice__tree_has_media(o))
        return ALICE_OK;
    alice_env_log(&o->env, ALICE_LOG_WARNING,
                  standing == ALICE__STANDING_NEW
                      ? "there are files in %s but no catalog of them: they are read first"
                      : "the catalog is older than the files in %s: they are read first",
                  o->organized);
    alice_status st = alice__organizer_rebuild(o, &rebuilt, x->error);
    x->r->rebuilt = rebuilt.added;
    if (st == ALICE_E_CANCELLED)
        x->stop = true;
    return st;
}

/* A clock that is behind (a small computer without a battery) makes no picture come from the
   future: whatever is newer tells that it is later. One bogus year does not count. */
static alice_status find_present(alice__flow *x)
{
    int64_t now = alice__present(&x->o->env), newest = 0;
    alice_status st =
        alice__catalog_newest_run(x->o->catalog, now + ALICE__CLOCK_BEHIND_S, &newest);
    x->present_s = x->newest_s = newest > now ? newest : now;
    return st;
}

/* All of a run but its end. */
static alice_status do_run(alice__flow *x)
{
    alice_organizer *o = x->o;
    alice__walk_options w;
    alice__run begin = {.mode = o->options.move ? "move" : "copy",
                        .inbox = o->inbox,
                        .organized = o->organized,
                        .started_s = alice_env_wall_s(&o->env)};
    alice_status st = bring_up_to_date(x);
    if (st == ALICE_OK)
        st = find_present(x);
    if (st == ALICE_OK && o->archives)
        st = alice__archives_unpack(o, x->r, x->error);
    x->stop |= st == ALICE_E_CANCELLED;
    if (st == ALICE_OK)
        st = alice__check_space(x);
    if (st == ALICE_OK)
        st = alice__catalog_run_begin(o->catalog, &begin, &x->id, x->error);
    if (st == ALICE_OK)
        st = alice__redate(x);
    if (st != ALICE_OK)
        return st;
    w = alice__flow_walk_options(o);
    st = alice__walk_open(&x->walk, &w, x->error);
    if (st != ALICE_OK)
        return st;
    x->window = alice_batch_next_size(o->batch);
    if (x->window > o->sizes.window)
        x->window = o->sizes.window;
    return loop(x);
}

/* The run is over, with `st`. */
static alice_status end_run(alice__flow *x, alice_status st)
{
    alice_tally tally = x->r->tally;
    /* What was taken out of the inbox is brought back by an undo as what was placed is. */
    tally.organized += x->r->duplicates_removed;
    return alice__organizer_run_over(x->o, x->id, &tally, st == ALICE_OK && !x->stop, st,
                                     x->error);
}

/* Why a run had to stop, where nobody said so yet. */
static void say_why(const alice__flow *x, alice_status st)
{
    const alice_organizer *o = x->o;
    char why[160];
    if (st == ALICE_OK || x->error->text[0])
        return;
    if (st == ALICE_E_BUDGET) {
        alice__fail(
            x->error, st, 0, "the run had to stop: it %s; raise --max-memory",
            alice_account_explain(alice_budget_root(o->budget), ALICE_MB, why, sizeof why));
        return;
    }
    const char *catalog = alice__catalog_why(o->catalog);
    alice__fail(x->error, st, 0, "the run had to stop: %s",
                *catalog ? catalog : alice_status_text(st));
}

alice_status alice_organizer_organize(alice_organizer *o, alice_organize_result *result,
                                      alice_error *error)
{
    alice_error unheard = {.text = ""};
    if (!o || !result)
        return ALICE_E_INVAL;
    memset(result, 0, sizeof *result);
    alice__flow x = {.o = o, .r = result, .error = error ? error : &unheard};
    x.error->text[0] = 0;
    x.began_ns = x.transaction_ns = alice_env_now_ns(&o->env);
    atomic_store(&o->halt, false);
    o->source_count = o->source_last = 0;
    o->streamed = 0;
    o->reconciled = false;
    o->forgets = alice__forgotten_any(o->organized_fd);
    publish(&x, ALICE_PHASE_CHECKING, x.began_ns, ""); /* the first file shows at once */
    alice_status st = do_run(&x);
    if (x.id)
        st = end_run(&x, st);
    fill_result(&x);
    publish(&x, ALICE_PHASE_DONE, alice_env_now_ns(&o->env), "");
    alice__walk_close(&x.walk);
    if (o->archives)
        (void)alice__archives_sweep(o); /* it tells; the next start tries again */
    say_why(&x, st);
    return st != ALICE_OK ? st : x.stop ? ALICE_E_CANCELLED : ALICE_OK;
}
