/* SPDX-License-Identifier: MIT */
/*
 * Settle: what was planned is done. Commit rows, transfer, make durable, report.
 *
 *   alice__settle      end the batch before; commit rows ──▶ o->moving ──▶ a worker transfers it
 *                      (meanwhile the next one is decided: o->items)           │
 *   alice__settle_end  names that were taken, what failed, report ◀────────────┘
 *
 * The worker changes the items of o->moving and what they say, and uses o->transfer; all else
 * is the run's own thread's: catalog, callbacks, numbers. What is decided meanwhile sees the
 * files on their way as if they were of its own batch: planned, and not there yet. Its rows are
 * not committed before those files are durable; where the run has to stop they are taken back.
 */
#include "organize/run.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "organize/plan.h"

void alice__item_fail(alice__item *item, alice_status status, const char *reason)
{
    item->report.outcome = ALICE_FAILED;
    item->report.status = status;
    item->report.reason = reason;
    item->dest = NULL;
    item->place = false;
}

void alice__item_leave(alice__item *item)
{
    item->left = true;
    item->place = item->retry = false;
}

static void leave_busy(alice__item *item, const char *why)
{
    item->report.outcome = ALICE_SKIPPED;
    item->busy = true;
    item->report.reason = why;
    item->dest = NULL;
    item->place = item->retry = false;
}

bool alice__item_is_busy(const alice__flow *x, alice__item *item, alice_status status)
{
    if (x->o->options.settle_seconds == 0 ||
        (status != ALICE_E_BUSY && status != ALICE_E_CHANGED))
        return false;
    leave_busy(item, status == ALICE_E_BUSY
                         ? "busy: somebody has it open to write; the next run takes it"
                         : "busy: it changed while it was looked at; the next run takes it");
    return true;
}

static const char *keep_reason(alice__flow *x, const alice_error *e)
{
    return alice__items_text(&x->o->moving, e->text, strlen(e->text));
}

static void settle_done(void *ctx, uint64_t tag, alice_status status, const alice_error *e)
{
    alice__flow *x = ctx;
    alice__item *item = &x->o->moving.all[tag];
    if (status == ALICE_OK) {
        if (e->text[0])
            item->report.reason = keep_reason(x, e);
        return;
    }
    if (status == ALICE_E_EXISTS)
        item->retry = true;
    else if (status == ALICE_E_CANCELLED)
        alice__item_leave(item);
    else if (!alice__item_is_busy(x, item, status))
        alice__item_fail(item, status, e ? keep_reason(x, e) : alice_status_text(status));
}

/* Another place beside the file that it belongs to, which may have got another number. */
static alice_status replace_follower(alice__flow *x, alice__item *item)
{
    alice_organizer *o = x->o;
    char dest[ALICE__DEST_MAX];
    alice__group g;
    unsigned number = 2;
    bool stands = false;
    snprintf(g.base, sizeof g.base, "%.*s", (int)item->base, item->dest);
    snprintf(g.suffix, sizeof g.suffix, "%s", item->dest + strlen(item->dest) - item->suffix);
    for (const alice__item *k = o->moving.all; k < item; k++) {
        if (k->id != item->leader || !k->place)
            continue;
        const char *dot = strrchr(k->dest, '.');
        size_t n = dot ? (size_t)(dot - k->dest) : strlen(k->dest);
        if (n != item->base || memcmp(k->dest, item->dest, n) != 0) {
            snprintf(g.base, sizeof g.base, "%.*s", (int)n, k->dest);
            number = 1;
        }
    }
    alice_status st = alice__group_place(x, &g, NULL, &number, dest, sizeof dest, &stands);
    const char *kept =
        st == ALICE_OK ? alice__items_replace(&o->moving, item->dest, dest) : NULL;
    if (!kept) {
        alice__item_leave(item);
        return ALICE_OK;
    }
    item->dest = kept;
    item->base = (uint16_t)strlen(g.base);
    return alice__catalog_moved(o->catalog, item->id, dest);
}

/* The same for one whose layout need not have a number: "-2" and on. */
static alice_status rename_item(alice__flow *x, alice__item *item)
{
    alice_organizer *o = x->o;
    char dest[ALICE__DEST_MAX], base[ALICE__DEST_MAX], key[ALICE__DEST_MAX];
    const char *ext = strrchr(item->dest, '.');
    uint64_t again = 0;
    size_t n = ext ? (size_t)(ext - item->dest) : strlen(item->dest);
    snprintf(base, sizeof base, "%.*s", (int)n, item->dest);
    alice__fold_case(base, key, sizeof key);
    alice_status st = ALICE_OK;
    while (st == ALICE_OK && again < 2) /* 1: it is the first that asks for this name */
        st = alice__catalog_number(o->catalog, key, ALICE__LAYOUT_COUNTER, &again);
    if (st != ALICE_OK)
        return st;
    int made = snprintf(dest, sizeof dest, "%s-%llu%s", base, (unsigned long long)again,
                        ext ? ext : "");
    const char *kept = made > 0 && (size_t)made < sizeof dest
                           ? alice__items_replace(&o->moving, item->dest, dest)
                           : NULL;
    if (!kept) {
        alice__item_leave(item);
        return ALICE_OK;
    }
    item->dest = kept;
    return alice__catalog_moved(o->catalog, item->id, dest);
}

/* Another number for an item whose destination was taken behind our back. */
static alice_status renumber(alice__flow *x, alice__item *item)
{
    alice_organizer *o = x->o;
    char dest[ALICE__DEST_MAX], key[ALICE__PROJECT_MAX];
    uint64_t number = 0;
    if (item->leader)
        return replace_follower(x, item);
    if (o->own_layout)
        return rename_item(x, item);
    alice__fold_case(item->project, key, sizeof key);
    alice_status st = alice__catalog_number(o->catalog, key, item->report.source, &number);
    if (st != ALICE_OK)
        return st;
    alice__plan plan = {.date = item->medium.date,
                        .undated = o->options.undated_folder,
                        .project = item->project,
                        .source = item->report.source,
                        .number = number,
                        .name = item->file.name,
                        .type = item->medium.type,
                        .keep_name = o->options.keep_names};
    st = alice__plan_path(&plan, dest, sizeof dest);
    if (st != ALICE_OK)
        return st;
    const char *kept = alice__items_replace(&o->moving, item->dest, dest);
    if (!kept) { /* a batch full of reasons */
        alice__item_leave(item);
        return ALICE_OK;
    }
    item->dest = kept;
    return alice__catalog_moved(o->catalog, item->id, dest);
}

/* Whether others of its group cannot be placed, since it was not. */
static bool tears(const alice__item *k)
{
    return k->left || k->retry || k->busy ||
           (k->report.outcome == ALICE_FAILED &&
            (k->report.status != ALICE_E_NOENT || !k->leader));
}

/* One of the i-th item's group that was not placed, of those before it; NULL: none. That one
 * which follows is gone tears nothing. */
static const alice__item *torn_by(const alice_organizer *o, size_t i)
{
    const alice__item *item = &o->moving.all[i];
    for (const alice__item *k = o->moving.all; k < item; k++)
        if (k->group == item->group && tears(k))
            return k;
    return NULL;
}

/* The item is not placed: nor are those of its group. */
static void take_back_group(alice__flow *x, const alice__item *item, alice_status why)
{
    if (why != ALICE_E_NOENT)
        alice__transfer_take_back(x->o->transfer, (uint64_t)item->group, why);
}

static const char group_busy[] = "busy: one that belongs to it is; the next run takes both";

/* A file was not placed. */
typedef struct bad_file {
    uint64_t folder; /* serial */
    const char *name;
    alice_status status; /* ALICE_OK: it is busy */
} bad_file;

/* Whether the item is one that keeps its group from being placed. */
static bool is_bad(const alice__item *item, bad_file *bad)
{
    *bad = (bad_file){alice__folder_serial(item->folder), item->file.name,
                      item->busy ? ALICE_OK : item->report.status};
    return item->id == 0 && (item->busy || (item->report.outcome == ALICE_FAILED &&
                                            item->report.status != ALICE_E_NOENT));
}

/* A file could not be read, or is being written: those that belong to it by their names, and
 * theirs, are left. */
static void hold_partners(alice__flow *x, const bad_file *bad)
{
    static const char why[] = "one that belongs to it could not be read: left together";
    alice__items *items = &x->o->moving;
    char suffix[ALICE__GROUP_NAME];
    for (size_t i = 0; i < items->count; i++) {
        alice__item *item = &items->all[i];
        if (!item->place || alice__folder_serial(item->folder) != bad->folder ||
            (alice__group_bond(item->file.name, bad->name, suffix) == ALICE__BOND_NONE &&
             alice__group_bond(bad->name, item->file.name, suffix) == ALICE__BOND_NONE))
            continue;
        int64_t group = item->group;
        for (size_t k = 0; k < items->count; k++)
            if (items->all[k].place && items->all[k].group == group) {
                if (bad->status == ALICE_OK)
                    leave_busy(&items->all[k], group_busy);
                else
                    alice__item_fail(&items->all[k], bad->status, why);
            }
    }
}

/* The same for those that the folder's transaction before had. */
static void hold_partners_of_held(alice__flow *x)
{
    for (size_t at = 0; at < x->held_bytes;) {
        const bad_file bad = {x->held_folder, x->held + at + 1,
                              (alice_status)(signed char)x->held[at]};
        hold_partners(x, &bad);
        at += 1 + strlen(bad.name) + 1;
    }
}

/* Remember what was not placed of the folder that may go on. Where there are more than have
 * room, what belongs to the rest is placed by itself. */
static void hold_for_next(alice__flow *x)
{
    const alice__items *items = &x->o->moving;
    uint64_t last = alice__folder_serial(items->all[items->count - 1].folder);
    bad_file bad;
    if (x->held_folder != last)
        x->held_bytes = 0;
    x->held_folder = last;
    for (size_t i = 0; i < items->count; i++) {
        if (!is_bad(&items->all[i], &bad) || bad.folder != last)
            continue;
        size_t n = strlen(bad.name) + 1;
        if (n + 1 > sizeof x->held - x->held_bytes)
            return;
        x->held[x->held_bytes] = (char)(signed char)bad.status;
        memcpy(x->held + x->held_bytes + 1, bad.name, n);
        x->held_bytes += 1 + n;
    }
}

/* One of its group, `torn`, was not placed: nor is the item, for the same reason. */
static void hold_back(alice__item *item, const alice__item *torn)
{
    if (torn->busy) {
        leave_busy(item, group_busy);
    } else if (torn->left) {
        alice__item_leave(item);
    } else if (torn->retry) {
        item->retry = true;
    } else {
        alice__item_fail(item, ALICE_E_CANCELLED,
                         "one that belongs to it was not placed; run again");
    }
}

/* The i-th item goes to the transfer. ALICE_OK, also where that refused it; else no other does.
 */
static alice_status put_item(alice__flow *x, size_t i)
{
    alice_organizer *o = x->o;
    alice__item *item = &o->moving.all[i];
    alice_error e = {.text = ""};
    const alice__job job = {.tag = i,
                            .group = (uint64_t)item->group,
                            .source_dir_fd = alice__folder_fd(item->folder),
                            .source = item->file,
                            .dest = item->dest};
    alice_status st = alice__transfer_put(o->transfer, &job, &e);
    if (st == ALICE_E_EXISTS) {
        item->retry = true;
    } else if (st != ALICE_OK) {
        take_back_group(x, item, st);
        if (st == ALICE_E_CANCELLED)
            alice__item_leave(item);
        else if (!alice__item_is_busy(x, item, st))
            alice__item_fail(item, st, e.text[0] ? keep_reason(x, &e) : alice_status_text(st));
    }
    if (st != ALICE_E_NOSPC)
        return alice__organizer_stops(o) ? ALICE_E_CANCELLED : ALICE_OK;
    x->moving.error = e;
    return st;
}

/* One pass over the items that are to be placed (or placed again). */
static alice_status transfer_items(alice__flow *x, bool again)
{
    alice_organizer *o = x->o;
    alice_status stopped = ALICE_OK;
    bool some_tear = false;
    for (size_t i = 0; i < o->moving.count; i++) {
        alice__item *item = &o->moving.all[i];
        some_tear = some_tear || (i > 0 && tears(item - 1));
        if (!item->place || (again && !item->retry))
            continue;
        item->retry = false;
        if (stopped != ALICE_OK) {
            alice__item_leave(item);
            take_back_group(x, item, ALICE_E_CANCELLED);
            continue;
        }
        const alice__item *torn = some_tear ? torn_by(o, i) : NULL;
        if (torn) {
            hold_back(item, torn);
            continue;
        }
        stopped = put_item(x, i);
        if (!o->apart)
            alice__flow_between_files(x, item->folder, item->file.name);
    }
    alice_status st = alice__transfer_finish(o->transfer, settle_done, x, &x->moving.error);
    x->moving.retry = false;
    for (size_t i = 0; i < o->moving.count; i++)
        x->moving.retry |= o->moving.all[i].retry;
    /* What could not be flushed is not known to be durable: the run must not go on. */
    x->unsure |= st != ALICE_OK;
    return st != ALICE_OK ? st : stopped;
}

/* A duplicate of what then failed is no duplicate: it has to be looked at again. */
static void forget_twins(const alice__flow *x, const alice__item *item, alice__items *among,
                         size_t from)
{
    for (size_t k = from; k < among->count; k++) {
        alice__item *twin = &among->all[k];
        if (twin->report.outcome != ALICE_DUPLICATE || twin->other != item->id)
            continue;
        if (item->left)
            alice__item_leave(twin);
        else if (!item->busy || !alice__item_is_busy(x, twin, ALICE_E_CHANGED))
            alice__item_fail(
                twin, item->report.status,
                "the same as a file of this batch that could not be placed; run again");
    }
}

static alice_status forget_failed(alice__flow *x)
{
    alice_organizer *o = x->o;
    for (size_t i = 0; i < o->moving.count; i++) {
        alice__item *item = &o->moving.all[i];
        if ((item->report.outcome != ALICE_FAILED && !item->left && !item->busy) ||
            item->id == 0)
            continue;
        alice_status st = alice__catalog_forget(o->catalog, item->id);
        if (st != ALICE_OK)
            return st;
        forget_twins(x, item, &o->moving, i + 1);
        forget_twins(x, item, &o->items, 0); /* decided since */
        item->id = 0;
    }
    return ALICE_OK;
}

/* Decided since the batch went, and not begun: as if they had not been met. Rows of them that
 * were committed stay in doubt. */
static void take_back_decided(alice__flow *x)
{
    if (x->moving.keeps)
        alice__catalog_rollback(x->o->catalog);
    else
        alice__catalog_withdraw(x->o->catalog);
    alice__items_clear(&x->o->items);
    x->batch_row = 0;
}

/* The room of a batch that is over, where there is one for both. */
static void give_back_room(alice_organizer *o)
{
    alice__items_clear(&o->moving);
    if (o->overlaps)
        return;
    o->items = o->moving;
    o->moving = (alice__items){.all = NULL};
}

/* Each round takes the next number of what was in the way, so it ends. */
static alice_status place_again(alice__flow *x)
{
    alice_organizer *o = x->o;
    alice_status stopped = x->moving.status;
    while (x->moving.retry && stopped == ALICE_OK) {
        /* Before the commit: it leaves only the renumbered ones in doubt, and what was decided
         * since. */
        alice_status st = forget_failed(x);
        for (size_t i = 0; i < o->moving.count && st == ALICE_OK; i++)
            if (o->moving.all[i].retry)
                st = renumber(x, &o->moving.all[i]);
        x->moving.keeps |= x->batch_row != 0;
        if (st == ALICE_OK)
            st = alice__catalog_commit(o->catalog, true, &x->moving.error);
        stopped = st != ALICE_OK ? st : transfer_items(x, true);
    }
    return stopped;
}

/* The transfer is over: what it said of each file is heard. */
static alice_status end_batch(alice__flow *x)
{
    alice_organizer *o = x->o;
    alice_status st = ALICE_OK, stopped = place_again(x);
    for (size_t i = 0; i < o->moving.count; i++)
        if (o->moving.all[i].retry)
            alice__item_leave(&o->moving.all[i]);
    if (stopped != ALICE_OK && !x->unsure)
        take_back_decided(x);
    st = forget_failed(x);
    /* A run that has to stop says what failed now: its next batch is never committed. */
    if (st == ALICE_OK && stopped != ALICE_OK && !x->unsure)
        st = alice__catalog_commit(o->catalog, false, &x->moving.error);
    if (st == ALICE_OK && stopped == ALICE_OK)
        st = alice__remove_duplicates(x);
    for (size_t i = 0; i < o->moving.count; i++)
        alice__report_item(x, &o->moving.all[i]);
    hold_for_next(x);
    give_back_room(o);
    if (!o->overlaps)
        x->transaction_ns = alice_env_now_ns(&o->env);
    if (!o->options.dry_run)
        x->first_row = x->batch_row;
    x->moving.on = false;
    return st != ALICE_OK ? st : stopped;
}

static alice_status transfer_batch(void *flow)
{
    alice__flow *x = flow;
    x->moving.status = transfer_items(x, false);
    return ALICE_OK;
}

/* Until the worker is done; meanwhile the caller is told how far the run is, and asked whether
 * it goes on. */
static void wait_for_mover(alice__flow *x)
{
    enum { ASK_MS = 5 }; /* the worker goes on until it hears a stop */
    const alice__item *first = &x->o->moving.all[0];
    while (x->o->apart && !alice_task_wait_ms(&x->moving.task, ASK_MS)) {
        (void)alice__flow_asked_to_stop(x); /* which the worker hears */
        alice__flow_between_files(x, first->folder, first->file.name);
    }
    x->o->apart = false;
}

alice_status alice__settle_end(alice__flow *x)
{
    if (!x->moving.on)
        return ALICE_OK;
    wait_for_mover(x);
    alice_status st = end_batch(x);
    if (st != ALICE_OK && x->moving.error.text[0])
        *x->error = x->moving.error;
    x->stop |= st == ALICE_E_CANCELLED;
    return st == ALICE_E_CANCELLED ? ALICE_OK : st;
}

alice_status alice__settle_now(alice__flow *x)
{
    bool decides = x->o->items.count > 0;
    alice_status st = alice__settle_end(x);
    return st == ALICE_OK && decides && x->o->items.count == 0 ? ALICE_E_CANCELLED : st;
}

alice_status alice__settle_broken(alice__flow *x, alice_status why)
{
    if (!x->moving.on)
        return why;
    wait_for_mover(x);
    if (x->moving.status == ALICE_OK)
        x->moving.status = why;
    /* `why` is what is told: what fails now beside it leaves the batch in doubt. */
    (void)end_batch(x);
    return why;
}

/* The batch's rows are durable before its files are touched. `*to_place`: there are such. */
static alice_status begin_batch(alice__flow *x, bool *to_place)
{
    alice_organizer *o = x->o;
    hold_partners_of_held(x);
    for (size_t i = 0; i < o->moving.count; i++) {
        bad_file bad;
        if (is_bad(&o->moving.all[i], &bad))
            hold_partners(x, &bad);
    }
    alice_status st = forget_failed(x);
    for (size_t i = 0; i < o->moving.count; i++)
        *to_place |= o->moving.all[i].place;
    *to_place = *to_place && !o->options.dry_run;
    if (st == ALICE_OK && x->moving.keeps)
        alice__catalog_keep_open(o->catalog);
    if (st == ALICE_OK)
        st = alice__catalog_commit(o->catalog, *to_place, x->error);
    if (st != ALICE_OK)
        alice__catalog_rollback(o->catalog);
    return st;
}

alice_status alice__settle(alice__flow *x)
{
    alice_organizer *o = x->o;
    bool to_place = false;
    alice_status st = alice__settle_end(x);
    if (st != ALICE_OK || o->items.count == 0)
        return st;
    const alice__items batch = o->items;
    o->items = o->moving;
    o->moving = batch;
    x->transaction_ns = alice_env_now_ns(&o->env);
    st = begin_batch(x, &to_place);
    x->moving = (alice__moving){.on = st == ALICE_OK};
    x->batch_row = 0;
    if (st != ALICE_OK) {
        give_back_room(o);
        return st;
    }
    o->apart = o->mover_threads > 0 && to_place;
    if (to_place)
        st = alice_executor_submit(o->mover, transfer_batch, x, &x->moving.task);
    return st != ALICE_OK ? alice__settle_broken(x, st)
           : o->overlaps  ? ALICE_OK
                          : alice__settle_end(x);
}
