/* SPDX-License-Identifier: MIT */
/*
 * A run. One thread, this one, decides and writes; only probing is spread.
 *
 *   feed:    walk ─▶ stat ─▶ known? ─▶ prober          (up to a batch ahead)
 *   consume: prober ─▶ identify ─▶ plan ─▶ row, item   (in the order of the walk)
 *   settle:  commit rows ─▶ transfer ─▶ make durable ─▶ report
 *
 * How far feed runs ahead is the adaptive batch size. A transaction is closed by
 * 1,000 files, by a second, or when its room is full; rows are durable before
 * their files are touched, and the next commit says that they are done.
 */
#include "organize/organizer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "media/types.h"
#include "organize/compare.h"
#include "organize/plan.h"
#include "port/fs.h"

#define TRANSACTION_NS UINT64_C(1000000000)
#define PROGRESS_NS UINT64_C(100000000)

typedef struct run {
    alice_organizer *o;
    alice_organize_result *r;
    alice_error *error;
    alice__walk *walk;
    bool walked; /* the walk is at its end */
    bool stop;   /* somebody asked */
    int64_t id;
    uint64_t began_ns, transaction_ns, progress_ns;
    uint32_t window, fed;
    uint64_t looked_at, bytes_looked_at; /* of the first files: their mean size sets the base */
    uint64_t oldest_folder; /* serial of the folder of the oldest file on its way */
    uint64_t folder_serial; /* of folder_id */
    int64_t folder_id;
    int64_t first_row; /* of the transaction: rows from here on are not transferred yet */
    bool unsure;       /* what was transferred could not be flushed */
} run;

/* ---- reports ---- */

static bool asked_to_stop(run *x)
{
    const alice_organizer_options *o = &x->o->o;
    if (!x->stop && o->should_stop && o->should_stop(o->ctx))
        x->stop = true;
    return x->stop;
}

static void tell(run *x, alice_phase phase, uint64_t now, const char *path)
{
    const alice__told told = {.phase = phase,
                              .run = x->o->o.dry_run ? 0 : x->id,
                              .now_ns = now,
                              .began_ns = x->began_ns,
                              .result = x->r,
                              .window = x->window,
                              .path = path};
    alice__status_tell(x->o, &told);
}

/* Between two files: collect if somebody asks for it, and tell how far the run is, ten times a
 * second. */
static void between_files(run *x, alice__folder *folder, const char *name)
{
    alice_organizer *o = x->o;
    if (alice__status_collect_asked(&o->board))
        alice__status_collect(o);
    uint64_t now = alice_env_now_ns(&o->env);
    if (now - x->progress_ns < PROGRESS_NS)
        return;
    x->progress_ns = now;
    char path[ALICE__PATH_MAX];
    const char *below = alice__folder_path(folder);
    snprintf(path, sizeof path, "%s%s%s", below, *below ? "/" : "", name);
    tell(x, ALICE_PHASE_RUNNING, now, path);
    if (!o->o.on_progress)
        return;
    alice_progress p = {.files = x->r->files,
                        .organized = x->r->organized,
                        .skipped = x->r->skipped,
                        .duplicates = x->r->duplicates,
                        .errors = x->r->errors,
                        .bytes = x->r->bytes,
                        .batch_size = x->window,
                        .resident = alice_monitor_resident(o->monitor),
                        .limit = o->sizes.limit,
                        .elapsed_ns = now - x->began_ns,
                        .path = path};
    o->o.on_progress(o->o.ctx, &p);
}

static void count_source(alice_organizer *o, const char *name)
{
    /* Shoots come in runs: the one just met is looked at first. */
    size_t i = o->source_last;
    if (i >= o->source_count || strcmp(o->sources[i].name, name) != 0)
        i = 0;
    while (i < o->source_count && strcmp(o->sources[i].name, name) != 0)
        i++;
    if (i == o->source_count) {
        if (i == ALICE__SOURCES_MAX)
            i--; /* the last place gathers the rest */
        else
            o->source_count++;
        o->sources[i].count = i + 1 == ALICE__SOURCES_MAX ? o->sources[i].count : 0;
        snprintf(o->sources[i].name, sizeof o->sources[i].name, "%s",
                 i + 1 == ALICE__SOURCES_MAX ? "(others)" : name);
    }
    o->sources[i].count++;
    o->source_last = i;
}

static void join(char *out, size_t size, const char *base, const char *folders,
                 const char *name)
{
    snprintf(out, size, "%s%s%s/%s", base, *folders ? "/" : "", folders, name);
}

static void report_item(run *x, const alice__item *item)
{
    alice_organizer *o = x->o;
    alice_organize_result *r = x->r;
    if (item->left)
        return;
    r->files++;
    switch (item->outcome) {
    case ALICE_ORGANIZED:
        r->organized++;
        r->damaged += item->damaged;
        r->bytes += item->stamp.size;
        r->by_type[item->type]++;
        r->date_sources[item->date_source <= ALICE_DATE_NOWHERE ? item->date_source
                                                                : ALICE_DATE_NOWHERE]++;
        count_source(o, item->source);
        break;
    case ALICE_SKIPPED:
        r->skipped++;
        r->not_media += item->not_media;
        r->already_known += item->known;
        r->groups_left += item->group;
        break;
    case ALICE_DUPLICATE:
        r->duplicates++;
        break;
    case ALICE_FAILED:
        r->errors++;
        break;
    }
    if (!o->o.on_file)
        return;

    /* What is too long to be opened can still be named whole. */
    char source_path[2 * ALICE__PATH_MAX], dest[ALICE__PATH_MAX], other[ALICE__DEST_MAX] = "";
    alice_media_info info;
    alice_file_report report = {.source_path = source_path,
                                .outcome = item->outcome,
                                .source = item->source,
                                .reason = item->reason,
                                .status = item->status,
                                .bytes = item->stamp.size};
    join(source_path, sizeof source_path, o->inbox, alice__folder_path(item->folder),
         item->name);
    const char *below = item->dest;
    if (!below && item->other &&
        alice__catalog_dest(o->catalog, item->other, other, sizeof other) == ALICE_OK && *other)
        below = other;
    if (below) {
        join(dest, sizeof dest, o->organized, "", below);
        report.destination = dest;
    }
    if (item->read) {
        memset(&info, 0, sizeof info);
        info.type = item->type;
        info.date = item->date;
        info.date_source = item->date_source;
        info.generator = item->generator;
        if (item->make)
            info.fact[ALICE_FACT_MAKE] = (alice_text){item->make, strlen(item->make)};
        if (item->model)
            info.fact[ALICE_FACT_MODEL] = (alice_text){item->model, strlen(item->model)};
        report.info = &info;
    }
    o->o.on_file(o->o.ctx, &report);
}

/* ---- settle: what was planned is done ---- */

static void fail_item(alice__item *item, alice_status status, const char *reason)
{
    item->outcome = ALICE_FAILED;
    item->status = status;
    item->reason = reason;
    item->dest = NULL;
    item->place = false;
}

/* The run has to stop before this one: the next one will meet it. */
static void leave_item(alice__item *item)
{
    item->left = true;
    item->place = item->retry = false;
}

static const char *keep_reason(run *x, const alice_error *e)
{
    return alice__items_text(&x->o->items, e->text, strlen(e->text));
}

static void settle_done(void *ctx, uint64_t tag, alice_status status, const alice_error *e)
{
    run *x = ctx;
    alice__item *item = &x->o->items.all[tag];
    if (status == ALICE_OK)
        return;
    if (status == ALICE_E_EXISTS)
        item->retry = true;
    else if (status == ALICE_E_CANCELLED)
        leave_item(item);
    else
        fail_item(item, status, e ? keep_reason(x, e) : alice_status_text(status));
}

/* Another number for an item whose destination was taken behind our back. */
static alice_status renumber(run *x, alice__item *item)
{
    alice_organizer *o = x->o;
    char dest[ALICE__DEST_MAX], project[ALICE__PROJECT_MAX];
    uint64_t number = 0;
    alice_status st = alice__catalog_number(o->catalog, item->project, item->source, &number);
    if (st != ALICE_OK)
        return st;
    alice__plan_project(alice__folder_path(item->folder), project, sizeof project);
    alice__plan plan = {.date = item->date,
                        .project = project,
                        .source = item->source,
                        .number = number,
                        .name = item->name,
                        .type = item->type,
                        .keep_name = o->o.keep_names};
    st = alice__plan_path(&plan, dest, sizeof dest);
    if (st != ALICE_OK)
        return st;
    const char *kept = alice__items_replace(&o->items, item->dest, dest);
    if (!kept) { /* a batch full of reasons */
        leave_item(item);
        return ALICE_OK;
    }
    item->dest = kept;
    return alice__catalog_moved(o->catalog, item->id, dest);
}

/* One pass over the items that are to be placed (or placed again). */
static alice_status transfer_items(run *x, bool again, bool *retry)
{
    alice_organizer *o = x->o;
    alice_status stopped = ALICE_OK;
    for (size_t i = 0; i < o->items.count; i++) {
        alice__item *item = &o->items.all[i];
        alice_error e = {.text = ""};
        if (!item->place || (again && !item->retry))
            continue;
        item->retry = false;
        if (stopped != ALICE_OK) {
            leave_item(item);
            continue;
        }
        alice__job job = {.tag = i,
                          .source_dir_fd = alice__folder_fd(item->folder),
                          .source_name = item->name,
                          .stamp = item->stamp,
                          .dest = item->dest};
        alice_status st = alice__transfer_put(o->transfer, &job, &e);
        if (st == ALICE_E_EXISTS) {
            item->retry = true;
        } else if (st == ALICE_E_CANCELLED) {
            leave_item(item);
        } else if (st != ALICE_OK) {
            fail_item(item, st, e.text[0] ? keep_reason(x, &e) : alice_status_text(st));
            if (st == ALICE_E_NOSPC) {
                stopped = st;
                if (x->error)
                    *x->error = e;
            }
        }
        if (stopped == ALICE_OK && asked_to_stop(x))
            stopped = ALICE_E_CANCELLED;
        between_files(x, item->folder, item->name);
    }
    alice_status st = alice__transfer_finish(o->transfer, settle_done, x, x->error);
    for (size_t i = 0; i < o->items.count; i++)
        *retry |= o->items.all[i].retry;
    /* What could not be flushed is not known to be durable: the run must not go on. */
    x->unsure |= st != ALICE_OK;
    return st != ALICE_OK ? st : stopped;
}

/* A duplicate of what then failed is no duplicate: it has to be looked at again. */
static alice_status forget_failed(run *x)
{
    alice_organizer *o = x->o;
    for (size_t i = 0; i < o->items.count; i++) {
        alice__item *item = &o->items.all[i];
        if ((item->outcome != ALICE_FAILED && !item->left) || item->id == 0)
            continue;
        alice_status st = alice__catalog_forget(o->catalog, item->id);
        if (st != ALICE_OK)
            return st;
        for (size_t k = i + 1; k < o->items.count; k++) {
            alice__item *twin = &o->items.all[k];
            if (twin->outcome != ALICE_DUPLICATE || twin->other != item->id)
                continue;
            if (item->left)
                leave_item(twin);
            else
                fail_item(
                    twin, item->status,
                    "the same as a file of this batch that could not be placed; run again");
        }
        item->id = 0;
    }
    return ALICE_OK;
}

static alice_status settle(run *x)
{
    alice_organizer *o = x->o;
    alice_status st = ALICE_OK, stopped = ALICE_OK;
    bool to_place = false, retry = false;
    if (o->items.count == 0)
        return ALICE_OK;
    for (size_t i = 0; i < o->items.count; i++)
        to_place |= o->items.all[i].place;
    st = alice__catalog_commit(o->catalog, to_place && !o->o.dry_run, x->error);
    if (st != ALICE_OK) {
        alice__catalog_rollback(o->catalog);
        return st;
    }
    if (to_place && !o->o.dry_run) {
        stopped = transfer_items(x, false, &retry);
        /* Each round takes the next number of what was in the way, so it ends. */
        while (retry && stopped == ALICE_OK) {
            retry = false;
            /* Before the commit: it leaves only the renumbered ones in doubt. */
            st = forget_failed(x);
            for (size_t i = 0; i < o->items.count && st == ALICE_OK; i++)
                if (o->items.all[i].retry)
                    st = renumber(x, &o->items.all[i]);
            if (st == ALICE_OK)
                st = alice__catalog_commit(o->catalog, true, x->error);
            stopped = st != ALICE_OK ? st : transfer_items(x, true, &retry);
        }
        for (size_t i = 0; i < o->items.count; i++)
            if (o->items.all[i].retry)
                leave_item(&o->items.all[i]);
        st = forget_failed(x);
        /* A run that has to stop says what failed now: its next batch is never committed. */
        if (st == ALICE_OK && stopped != ALICE_OK && !x->unsure)
            st = alice__catalog_commit(o->catalog, false, x->error);
    }
    for (size_t i = 0; i < o->items.count; i++)
        report_item(x, &o->items.all[i]);
    alice__items_clear(&o->items);
    x->transaction_ns = alice_env_now_ns(&o->env);
    return st != ALICE_OK ? st : stopped == ALICE_E_CANCELLED ? ALICE_OK : stopped;
}

/* ---- consume: one file after the other, in the order of the walk ---- */

static alice__item *new_item(run *x, const alice__probe *p)
{
    alice__item *item = alice__items_add(&x->o->items, p->folder, p->name);
    item->stamp = p->stamp;
    return item;
}

static const char *keep_fact(run *x, const alice_media_info *info, alice_fact which)
{
    const alice_text *t = &info->fact[which];
    return t->n ? alice__items_text(&x->o->items, t->p, t->n < 200 ? t->n : 200) : NULL;
}

/* Why a file that could not be read was not, in words that help. */
static const char *why_unread(run *x, const alice__probe *p)
{
    char text[160];
    switch (p->status) {
    case ALICE_E_ACCESS:
        return "no permission to read it";
    case ALICE_E_NOENT:
        return "it vanished while the run was under way";
    case ALICE_E_CHANGED:
        return "it changed while it was read; run again when it is complete";
    case ALICE_E_BUDGET:
        return "reading it needs more memory than the limit leaves; raise --max-memory";
    default:
        if (p->os_error)
            snprintf(text, sizeof text, "%s (%s)", alice_status_text(p->status),
                     strerror(p->os_error));
        else
            snprintf(text, sizeof text, "%s", alice_status_text(p->status));
        return alice__items_text(&x->o->items, text, strlen(text));
    }
}

/* Whether the absolute path can be named, kept and opened again. */
static bool path_fits(const alice_organizer *o, const alice__folder *folder, const char *name)
{
    return strlen(o->inbox) + strlen(alice__folder_path(folder)) + strlen(name) + 3 <=
           ALICE__PATH_MAX;
}

/* The folder's path has to fit. */
static alice_status folder_row(run *x, alice__folder *folder, bool create, int64_t *id)
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

/* Open the file that a candidate row speaks of: in organized, or, while it is not there yet,
 * its source. */
static int open_candidate(run *x, const alice__candidate *c)
{
    alice_organizer *o = x->o;
    bool waits = o->o.dry_run || (x->first_row != 0 && c->id >= x->first_row);
    char path[ALICE__PATH_MAX];
    int fd = -1;
    if (o->organized_fd >= 0 && alice__fs_open_read(o->organized_fd, c->dest, &fd) == 0)
        return fd;
    if (waits && alice__catalog_source(o->catalog, c->id, path, sizeof path) == ALICE_OK &&
        alice__fs_open_read(ALICE__FS_CWD, path, &fd) == 0)
        return fd;
    return -1;
}

/* Is this candidate the same? Opens what it needs, and asks for the dear answers last. */
typedef struct twin_search {
    run *x;
    const alice__probe *p;
    alice__reading_whole how;
    int fd; /* of the file itself; -1: not opened yet */
    bool has_content;
    alice__hash content; /* of the file itself */
} twin_search;

static alice_status own_content(twin_search *t)
{
    if (t->has_content)
        return ALICE_OK;
    alice_status st = alice__content_hash(&t->how, t->fd, t->p->stamp.size, &t->content);
    t->has_content = st == ALICE_OK;
    t->x->o->streamed++;
    return st;
}

/* The content hash of a candidate, from the row, the cache, or the file `other` (-1: not from
   there).
   `*had` false: it is not to be had. Fails only where the run has to stop. */
static alice_status candidate_content(twin_search *t, const alice__candidate *c, int other,
                                      alice__hash *out, bool *had)
{
    alice_organizer *o = t->x->o;
    alice_bytes key = {(const uint8_t *)&c->id, sizeof c->id};
    size_t n = ALICE_CACHE_MISS;
    *had = true;
    if (c->has_content) {
        *out = c->content;
        return ALICE_OK;
    }
    if (alice_cache_get_copy(o->hashes, key, out, sizeof *out, &n) == ALICE_OK &&
        n == sizeof *out)
        return ALICE_OK;
    alice_status st = ALICE_E_NOENT;
    if (other >= 0)
        st = alice__content_hash(&t->how, other, c->size, out);
    *had = st == ALICE_OK;
    if (!*had)
        return st == ALICE_E_CANCELLED ? st : ALICE_OK;
    o->streamed++;
    alice_cache_set(o->hashes, key, (alice_bytes){(const uint8_t *)out, sizeof *out},
                    ALICE_TTL_NEVER);
    return alice__catalog_set_content(o->catalog, c->id, *out);
}

static bool differs(const alice__hash *a, const alice__hash *b)
{
    return a->low != b->low || a->high != b->high;
}

/* ALICE_OK and the answer; a failure is one of the file itself, or of the run, not of the
 * candidate. */
static alice_status try_candidate(twin_search *t, const alice__candidate *c, bool *same)
{
    uint64_t size = t->p->stamp.size;
    bool whole = size <= ALICE__HEAD_BYTES; /* then the head was all there is */
    bool had = false;
    alice__hash theirs;
    alice_status st = ALICE_OK;
    *same = false;
    if (t->fd < 0 &&
        alice__fs_open_read(alice__folder_fd(t->p->folder), t->p->name, &t->fd) != 0)
        return ALICE_E_CHANGED;
    if (!whole && t->has_content) {
        st = candidate_content(t, c, -1, &theirs, &had);
        if (st != ALICE_OK || (had && differs(&theirs, &t->content)))
            return st;
    }
    int other = open_candidate(t->x, c);
    if (other < 0)
        return ALICE_OK;
    bool maybe = whole;
    if (!whole) {
        st = own_content(t);
        if (st == ALICE_OK)
            st = candidate_content(t, c, other, &theirs, &had);
        maybe = st == ALICE_OK && had && !differs(&theirs, &t->content);
    }
    if (maybe) {
        st = alice__same_bytes(&t->how, t->fd, other, size, same);
        *same = *same && st == ALICE_OK;
        if (st != ALICE_E_CANCELLED)
            st = ALICE_OK;
    }
    alice__fs_close(other);
    return st;
}

/*
 * Whether the same bytes are organized already: by size and head (the catalog's
 * answer), by the whole content where the head is not the whole, and at last by
 * comparing. `*twin` is the row, or 0. A candidate that cannot be read is passed
 * over: better a copy too many than one too few.
 */
static alice_status find_twin(twin_search *t, int64_t *twin)
{
    alice_organizer *o = t->x->o;
    const alice__probe *p = t->p;
    const uint64_t print[3] = {p->stamp.size, p->head.low, p->head.high};
    alice_bytes key = {(const uint8_t *)print, sizeof print};
    alice__candidate c = {.id = 0};
    char dest[ALICE__DEST_MAX];
    int64_t after = 0;
    size_t n = ALICE_CACHE_MISS;
    bool same = false;
    *twin = 0;
    /* Copies come in threes: what the last one was found to be is tried first. */
    if (alice_cache_get_copy(o->verdicts, key, &c.id, sizeof c.id, &n) == ALICE_OK &&
        n == sizeof c.id &&
        alice__catalog_dest(o->catalog, c.id, dest, sizeof dest) == ALICE_OK && *dest) {
        c.size = p->stamp.size;
        c.dest = dest;
        alice_status st = try_candidate(t, &c, &same);
        if (st != ALICE_OK || same) {
            *twin = same ? c.id : 0;
            return st;
        }
    }
    for (;;) {
        alice_status st = alice__catalog_same(o->catalog, p->stamp.size, p->head, &after, dest,
                                              sizeof dest, &c);
        if (st != ALICE_OK || c.id == 0)
            return st;
        st = try_candidate(t, &c, &same);
        if (st != ALICE_OK)
            return st;
        if (same) {
            *twin = c.id;
            alice_cache_set(o->verdicts, key,
                            (alice_bytes){(const uint8_t *)&c.id, sizeof c.id},
                            ALICE_TTL_DEFAULT);
            return ALICE_OK;
        }
    }
}

/* The project of a file: its folder's name, and the key of its counter. */
typedef struct project {
    char name[ALICE__PROJECT_MAX];
    char key[ALICE__PROJECT_MAX];
} project;

static void project_of(run *x, const alice__probe *p, project *out)
{
    const char *folders = alice__folder_path(p->folder);
    alice_bytes key = {(const uint8_t *)folders, strcspn(folders, "/")};
    size_t n = ALICE_CACHE_MISS;
    if (alice_cache_get_copy(x->o->projects, key, out, sizeof *out, &n) == ALICE_OK &&
        n == sizeof *out)
        return;
    memset(out, 0, sizeof *out);
    alice__plan_project(folders, out->name, sizeof out->name);
    alice__fold_case(out->name, out->key, sizeof out->key);
    alice_cache_set(x->o->projects, key, (alice_bytes){(const uint8_t *)out, sizeof *out},
                    ALICE_TTL_NEVER);
}

/* Whether a path below organized is taken. Folders that were not there before this run hold
 * only ours. */
static bool is_taken(run *x, const char *dest)
{
    alice_organizer *o = x->o;
    alice_bytes key = {(const uint8_t *)dest, (size_t)(strrchr(dest, '/') - dest)};
    uint8_t old = 0;
    size_t n = ALICE_CACHE_MISS;
    alice__fs_stat st;
    if (o->organized_fd < 0)
        return false;
    if (alice_cache_get_copy(o->folders, key, &old, 1, &n) != ALICE_OK || n != 1) {
        char folder[ALICE__DEST_MAX];
        memcpy(folder, dest, key.n);
        folder[key.n] = 0;
        old = alice__fs_stat_at(o->organized_fd, folder, &st) == 0;
        alice_cache_set(o->folders, key, (alice_bytes){&old, 1}, ALICE_TTL_NEVER);
    }
    return old && alice__fs_stat_at(o->organized_fd, dest, &st) == 0;
}

static alice_status plan_file(run *x, const alice__probe *p, alice__item *item)
{
    alice_organizer *o = x->o;
    project pr;
    char dest[ALICE__DEST_MAX], source[ALICE__SOURCE_MAX];
    project_of(x, p, &pr);
    alice__safe_component(p->source, strlen(p->source), source, sizeof source);
    alice__plan plan = {.date = p->info.date,
                        .project = pr.name,
                        .source = source,
                        .name = p->name,
                        .type = p->info.type,
                        .keep_name = o->o.keep_names};
    do {
        alice_status st = alice__catalog_number(o->catalog, pr.key, source, &plan.number);
        if (st == ALICE_OK)
            st = alice__plan_path(&plan, dest, sizeof dest);
        if (st != ALICE_OK)
            return st;
    } while (is_taken(x, dest));
    item->dest = alice__items_text(&o->items, dest, strlen(dest));
    item->source = alice__items_text(&o->items, source, strlen(source));
    item->project = alice__items_text(&o->items, pr.key, strlen(pr.key));
    item->place = true;
    item->outcome = ALICE_ORGANIZED;
    return ALICE_OK;
}

static alice_status consume_media(run *x, const alice__probe *p, alice__item *item)
{
    alice_organizer *o = x->o;
    int64_t twin = 0;
    item->read = true;
    item->type = p->info.type;
    item->date = p->info.date;
    item->date_source = p->info.date_source;
    item->generator = p->info.generator;
    item->damaged = p->info.status != ALICE_OK;
    if (o->o.on_file) {
        item->make = keep_fact(x, &p->info, ALICE_FACT_MAKE);
        item->model = keep_fact(x, &p->info, ALICE_FACT_MODEL);
        const char *note = p->info.reason[0] ? p->info.reason : p->info.extension_note;
        if (note)
            item->reason = alice__items_text(&o->items, note, strlen(note));
    }
    twin_search search = {.x = x, .p = p, .how = alice__organizer_reading(o), .fd = -1};
    alice_status st = find_twin(&search, &twin);
    alice__fs_close(search.fd);
    if (st == ALICE_E_CANCELLED) {
        x->stop = true;
        leave_item(item);
        return ALICE_OK;
    }
    if (st == ALICE_E_CHANGED || st == ALICE_E_IO || st == ALICE_E_NOENT) {
        fail_item(item, st, "it changed or failed while it was compared; run again");
        return ALICE_OK;
    }
    if (st == ALICE_E_BUDGET) {
        fail_item(item, st,
                  "comparing it needs more memory than the limit leaves; raise --max-memory");
        return ALICE_OK;
    }
    if (st != ALICE_OK)
        return st;
    if (twin) {
        item->outcome = ALICE_DUPLICATE;
        item->other = twin;
        item->source = alice__items_text(&o->items, p->source, strlen(p->source));
        if (!item->reason)
            item->reason = "the same bytes are organized already";
    } else {
        st = plan_file(x, p, item);
        if (st != ALICE_OK)
            return st;
    }
    alice__row row = {.name = p->name,
                      .stamp = p->stamp,
                      .state = twin ? ALICE__DUPLICATE : ALICE__PLACED,
                      .other = twin,
                      .dest = item->dest,
                      .head = p->head,
                      .has_content = search.has_content,
                      .content = search.content,
                      .info = &p->info,
                      .run_id = x->id};
    st = folder_row(x, p->folder, true, &row.dir_id);
    if (st == ALICE_OK)
        st = alice__catalog_add(o->catalog, &row, &item->id, x->error);
    if (st == ALICE_OK && !twin && x->first_row == 0)
        x->first_row = item->id;
    return st;
}

static alice_status consume_other(run *x, const alice__probe *p, alice__item *item)
{
    alice__row row = {.name = p->name,
                      .stamp = p->stamp,
                      .state = ALICE__NOT_MEDIA,
                      .head = p->head,
                      .run_id = x->id};
    item->outcome = ALICE_SKIPPED;
    item->not_media = true;
    item->reason = p->info.reason[0]
                       ? alice__items_text(&x->o->items, p->info.reason, strlen(p->info.reason))
                       : "not a media file that alice knows";
    alice_status st = folder_row(x, p->folder, true, &row.dir_id);
    return st == ALICE_OK ? alice__catalog_add(x->o->catalog, &row, &item->id, x->error) : st;
}

static alice_status consume(run *x, alice__probe *p)
{
    alice__item *item = new_item(x, p);
    if (p->settled) {
        item->outcome = p->status == ALICE_OK ? ALICE_SKIPPED : ALICE_FAILED;
        item->status = p->status;
        item->reason = p->reason ? p->reason : why_unread(x, p);
        item->known = p->known;
        item->group = p->group;
        return ALICE_OK;
    }
    if (p->status != ALICE_OK) {
        fail_item(item, p->status, why_unread(x, p));
        return ALICE_OK;
    }
    if (p->info.type == ALICE_MEDIA_NONE)
        return consume_other(x, p, item);
    return consume_media(x, p, item);
}

/* ---- feed: what the walk finds goes to the prober ---- */

static bool link_leaves(run *x, const alice__entry *e)
{
    char path[ALICE__PATH_MAX], real[ALICE__PATH_MAX];
    size_t n = strlen(x->o->inbox);
    join(path, sizeof path, x->o->inbox, alice__folder_path(e->folder), e->name);
    if (alice__fs_real_path(path, real, sizeof real) != 0)
        return false;
    return strncmp(real, x->o->inbox, n) != 0 || (real[n] != '/' && real[n] != 0);
}

static void settle_probe(alice__probe *p, alice_status status, const char *reason)
{
    p->settled = true;
    p->status = status;
    p->reason = reason;
}

static alice_status feed_file(run *x, const alice__entry *e)
{
    alice_organizer *o = x->o;
    alice__fs_stat st;
    alice__known known = {.id = 0};
    int64_t dir = 0;
    if (!path_fits(o, e->folder, e->name)) {
        alice__probe *p = alice__prober_add(o->prober, e->folder, e->name);
        settle_probe(
            p, ALICE_E_TOOBIG,
            "its path is longer than 4,095 bytes: name an inbox deeper down, or move it up");
        return ALICE_OK;
    }
    int bad = alice__fs_stat_at(alice__folder_fd(e->folder), e->name, &st);
    if (bad) {
        alice__probe *p = alice__prober_add(o->prober, e->folder, e->name);
        p->os_error = -bad;
        settle_probe(p, alice__status_of_errno(-bad), NULL);
        return ALICE_OK;
    }
    alice__stamp stamp = {
        .size = st.size, .mtime_ns = st.mtime_ns, .ctime_ns = st.ctime_ns, .inode = st.inode};
    x->looked_at++;
    x->bytes_looked_at += st.size;
    alice_status status = folder_row(x, e->folder, false, &dir);
    if (status == ALICE_OK && dir)
        status = alice__catalog_known(o->catalog, dir, e->name, &known);
    if (status != ALICE_OK)
        return status;
    bool same = known.id && known.stamp.size == stamp.size &&
                known.stamp.mtime_ns == stamp.mtime_ns &&
                known.stamp.ctime_ns == stamp.ctime_ns;
    if (same && !o->o.on_file) {
        /* Nobody wants to hear of it one by one. */
        x->r->files++;
        x->r->skipped++;
        x->r->already_known++;
        return ALICE_OK;
    }
    alice__probe *p = alice__prober_add(o->prober, e->folder, e->name);
    p->stamp = stamp;
    if (same) {
        p->known = true;
        settle_probe(p, ALICE_OK,
                     known.state == ALICE__NOT_MEDIA   ? "not media, as before"
                     : known.state == ALICE__DUPLICATE ? "known duplicate"
                                                       : "organized already");
    } else if (e->partner && o->o.move) {
        p->group = true;
        settle_probe(
            p, ALICE_OK,
            "group: it has a partner or sidecar, and they are moved together or not at all");
    }
    return ALICE_OK;
}

static alice_status feed_entry(run *x, const alice__entry *e)
{
    if (e->kind == ALICE__ENTRY_FILE)
        return feed_file(x, e);
    alice__probe *p = alice__prober_add(x->o->prober, e->folder, e->name);
    p->os_error = e->os_error;
    switch (e->kind) {
    case ALICE__ENTRY_LINK:
        settle_probe(p, ALICE_OK,
                     link_leaves(x, e)
                         ? "a symbolic link that leaves the inbox: refused"
                         : "a symbolic link: what it points to is organized where it stands");
        break;
    case ALICE__ENTRY_SPECIAL:
        settle_probe(p, ALICE_OK, "not a file: a socket, pipe or device");
        break;
    default:
        settle_probe(p, e->status == ALICE_OK ? ALICE_E_IO : e->status, e->why);
    }
    return ALICE_OK;
}

/* Whether somebody chose the base of a batch, rather than a profile or nobody. */
static bool base_was_chosen(const alice_config *c)
{
    for (size_t i = 0; alice_config_field(i); i++)
        if (strcmp(alice_config_field(i)->name, "batch_size") == 0)
            return (c->set >> i & 1) && !(c->set >> (16 + i) & 1);
    return false;
}

/* The guide's baseline for files of this size, never above the profile's base. */
static void set_base(run *x)
{
    const alice_config *c = &x->o->config;
    if (x->looked_at == 0 || base_was_chosen(c))
        return;
    uint32_t base = alice_config_baseline_batch(c, x->bytes_looked_at / x->looked_at);
    if (c->batch_size && base > c->batch_size)
        base = c->batch_size;
    alice_batch_set_base(x->o->batch, base);
}

static alice_status feed(run *x)
{
    alice_organizer *o = x->o;
    while (!x->walked && alice__prober_count(o->prober) < x->window &&
           alice__prober_has_room(o->prober)) {
        alice__entry e;
        alice_status st = alice__walk_next(x->walk, &e);
        if (st == ALICE_E_END) {
            x->walked = true;
            break;
        }
        if (st == ALICE_OK && alice__prober_count(o->prober) == 0)
            x->oldest_folder = alice__folder_serial(e.folder);
        if (st == ALICE_OK)
            st = feed_entry(x, &e);
        if (st != ALICE_OK)
            return st;
        if (++x->fed >= x->window) { /* a batch has been handed out: how big is the next? */
            x->fed = 0;
            alice_monitor_collect(o->monitor, false, NULL);
            /* SQLite's pages can be given back from this thread only, and between statements.
             */
            if (alice_monitor_level(o->monitor) >= ALICE_LEVEL_HIGH)
                alice__catalog_shrink(o->catalog, o->sizes.page_cache / 2);
            set_base(x);
            x->window = alice_batch_next_size(o->batch);
            if (x->window > o->sizes.window)
                x->window = o->sizes.window;
        }
        /* Each folder on its way is an open descriptor. */
        if (alice__folder_serial(e.folder) - x->oldest_folder >= o->sizes.folders)
            break;
        if (alice__prober_count(o->prober) == 0) {
            between_files(x, e.folder, e.name);
            if (asked_to_stop(x))
                break;
        }
    }
    if (x->walked || alice__prober_count(o->prober) >= x->window ||
        !alice__prober_has_room(o->prober))
        alice__prober_submit(o->prober);
    return ALICE_OK;
}

/* ---- before copying: does it fit? ---- */

/* Whether copies within `organized` share their blocks, as on btrfs and xfs: then they need no
 * space. */
static bool copies_share(const alice_organizer *o)
{
    static const char block[4096] = {1};
    int from = -1, to = -1;
    bool shares =
        alice__fs_scratch(o->scratch, &from) == 0 && alice__fs_scratch(o->scratch, &to) == 0 &&
        alice__fs_write_at(from, 0, block, sizeof block) == 0 && alice__fs_clone(to, from) == 0;
    alice__fs_close(from);
    alice__fs_close(to);
    return shares;
}

/* The organized folder, mounted somewhere in the inbox, is no inbox. */
static alice__walk_options walk_options(const alice_organizer *o)
{
    alice__fs_stat s = {.dev = 0};
    if (o->organized_fd >= 0)
        (void)alice__fs_stat_fd(o->organized_fd, &s);
    return (alice__walk_options){.env = alice__organizer_env(o, o->acc_walk),
                                 .root_fd = o->inbox_fd,
                                 .skip_dev = s.dev,
                                 .skip_ino = s.inode,
                                 .scratch_dir = o->o.dry_run ? NULL : o->scratch,
                                 .names_bytes = o->sizes.names};
}

/* Bytes of the new files, by their names only: what the run needs at least, but for duplicates.
 */
static alice_status bytes_to_copy(run *x, uint64_t *need)
{
    alice_organizer *o = x->o;
    alice__walk *walk = NULL;
    alice__walk_options w = walk_options(o);
    alice__entry e;
    alice_status st = alice__walk_open(&walk, &w, x->error);
    while (st == ALICE_OK && (st = alice__walk_next(walk, &e)) == ALICE_OK) {
        alice__fs_stat file;
        alice__known known = {.id = 0};
        int64_t dir = 0;
        if (e.kind != ALICE__ENTRY_FILE || alice__name_class(e.name) == ALICE_CLASS_NONE ||
            !path_fits(o, e.folder, e.name) ||
            alice__fs_stat_at(alice__folder_fd(e.folder), e.name, &file) != 0)
            continue;
        st = folder_row(x, e.folder, false, &dir);
        if (st == ALICE_OK && dir)
            st = alice__catalog_known(o->catalog, dir, e.name, &known);
        if (known.id == 0 || known.stamp.size != file.size ||
            known.stamp.mtime_ns != file.mtime_ns)
            *need += file.blocks < file.size ? file.blocks : file.size;
        if (asked_to_stop(x))
            break;
    }
    alice__walk_close(&walk);
    x->folder_serial = 0; /* of another walk */
    return st == ALICE_E_END ? ALICE_OK : st;
}

/*
 * Refuse before the first file what cannot fit. The tree is looked through only
 * where it might not: when all that the inbox's file system holds would fit,
 * nothing has to be counted.
 */
static alice_status check_space(run *x)
{
    alice_organizer *o = x->o;
    alice__fs_stat in, out;
    alice__fs_space from, to;
    uint64_t need = 0;
    if (o->o.dry_run || alice__fs_stat_fd(o->inbox_fd, &in) != 0 ||
        alice__fs_stat_fd(o->organized_fd, &out) != 0 ||
        alice__fs_space_of(o->inbox_fd, &from) != 0 ||
        alice__fs_space_of(o->organized_fd, &to) != 0)
        return ALICE_OK;
    if (o->o.move && in.dev == out.dev && alice__transfer_renames(o->transfer, o->inbox_fd))
        return ALICE_OK;
    if (to.free >= from.total - from.free || (in.dev == out.dev && copies_share(o)))
        return ALICE_OK;
    alice_status st = bytes_to_copy(x, &need);
    if (st == ALICE_OK && need > to.free)
        return alice__fail(
            x->error, ALICE_E_NOSPC, 0,
            "the copies need %llu MB, and %llu MB are free at %s; nothing was begun: "
            "make room%s",
            (unsigned long long)((need + ALICE_MB - 1) / ALICE_MB),
            (unsigned long long)(to.free / ALICE_MB), o->organized,
            in.dev == out.dev ? ", or use --move, which needs none here" : "");
    return st;
}

/* ---- the run ---- */

static bool transaction_due(run *x)
{
    alice_organizer *o = x->o;
    return alice__items_full(&o->items) ||
           alice_env_now_ns(&o->env) - x->transaction_ns >= TRANSACTION_NS;
}

static alice_status loop(run *x)
{
    alice_organizer *o = x->o;
    alice_status st = ALICE_OK;
    while (st == ALICE_OK && !asked_to_stop(x)) {
        st = feed(x);
        alice__probe *p = st == ALICE_OK ? alice__prober_next(o->prober) : NULL;
        if (!p) {
            if (st != ALICE_OK || x->walked || x->stop)
                break;
            continue;
        }
        between_files(x, p->folder, p->name);
        x->oldest_folder = alice__folder_serial(p->folder);
        st = consume(x, p);
        alice__prober_release(o->prober);
        if (st == ALICE_OK && transaction_due(x)) {
            st = settle(x);
            x->first_row = 0;
        }
    }
    if (st == ALICE_OK) {
        st = settle(x);
    } else {
        /* What was planned but not begun is taken back; the files are as they were. */
        alice__transfer_abandon(o->transfer);
        alice__catalog_rollback(o->catalog);
        alice__items_clear(&o->items);
    }
    return st;
}

static void fill_result(run *x)
{
    alice_organizer *o = x->o;
    alice_organize_result *r = x->r;
    alice__walk_stats walked;
    alice__catalog_stats catalog;
    alice__transfer_stats moved = {0};
    if (x->walk) {
        alice__walk_stats_get(x->walk, &walked);
        r->passed_over = walked.passed_over;
    }
    alice__catalog_stats_get(o->catalog, &catalog);
    r->catalog_flushes = catalog.flushes;
    r->catalog_bytes = catalog.bytes_written;
    if (o->transfer) {
        alice__transfer_stats_get(o->transfer, &moved);
        o->streamed += moved.copied;
        r->disk_flushes = moved.flushes;
    }
    r->run = o->o.dry_run ? 0 : x->id;
    r->recovered = o->recovered;
    r->seconds = (double)(alice_env_now_ns(&o->env) - x->began_ns) / 1e9;
    r->interrupted = x->stop;
    alice__organizer_memory(o, &r->memory);
}

alice_status alice_organizer_organize(alice_organizer *o, alice_organize_result *result,
                                      alice_error *error)
{
    alice_error unheard = {.text = ""};
    if (!o || !result)
        return ALICE_E_INVAL;
    memset(result, 0, sizeof *result);
    run x = {.o = o, .r = result, .error = error ? error : &unheard};
    x.error->text[0] = 0;
    x.began_ns = x.transaction_ns = alice_env_now_ns(&o->env);
    o->source_count = o->source_last = 0;
    o->streamed = 0;

    alice__walk_options w = walk_options(o);
    alice__run begin = {.mode = o->o.move ? "move" : "copy",
                        .inbox = o->inbox,
                        .organized = o->organized,
                        .started_s = alice_env_wall_s(&o->env)};
    tell(&x, ALICE_PHASE_CHECKING, x.began_ns, ""); /* the first file is told at once */
    alice_status st = check_space(&x);
    if (st == ALICE_OK)
        st = alice__catalog_run_begin(o->catalog, &begin, &x.id, x.error);
    if (st == ALICE_OK)
        st = alice__walk_open(&x.walk, &w, x.error);
    if (st == ALICE_OK) {
        x.window = alice_batch_next_size(o->batch);
        if (x.window > o->sizes.window)
            x.window = o->sizes.window;
        st = loop(&x);
    }
    if (x.id) {
        alice_error end_error = {.text = ""};
        alice__run_totals totals = {.files = result->files,
                                    .organized = result->organized,
                                    .skipped = result->skipped,
                                    .duplicates = result->duplicates,
                                    .errors = result->errors,
                                    .bytes = result->bytes,
                                    .ended_s = alice_env_wall_s(&o->env),
                                    .finished = st == ALICE_OK && !x.stop};
        alice_status ended = alice__catalog_run_end(o->catalog, x.id, &totals, &end_error);
        if (st == ALICE_OK && ended != ALICE_OK) {
            st = ended;
            *x.error = end_error;
        }
    }
    fill_result(&x);
    tell(&x, ALICE_PHASE_DONE, alice_env_now_ns(&o->env), "");
    alice__walk_close(&x.walk);
    if (st == ALICE_E_BUDGET && x.error->text[0] == 0) {
        char why[160];
        alice__fail(
            x.error, st, 0, "the run had to stop: it %s; raise --max-memory",
            alice_account_explain(alice_budget_root(o->budget), ALICE_MB, why, sizeof why));
    }
    if (st != ALICE_OK && x.error->text[0] == 0)
        alice__fail(x.error, st, 0, "the run had to stop: %s", alice_status_text(st));
    return st != ALICE_OK ? st : x.stop ? ALICE_E_CANCELLED : ALICE_OK;
}
