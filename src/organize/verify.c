/* SPDX-License-Identifier: MIT */
/*
 * alice_verify(): what stands against what is known of it.
 *
 *   catalog ─▶ a round of files ─▶ looked at and read by several threads ─▶ told, in order
 *   catalog and tree, each path as its hash ─▶ sorted on disk ─▶ what the catalog does not know
 *
 * How far it came is kept in .alice/verify, so that a library of days goes on after a cut.
 */
#include <alice/verify.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <alice/executor.h>

#include "base/error.h"
#include "base/options.h"
#include "organize/compare.h"
#include "organize/disk_sort.h"
#include "organize/organizer.h"
#include "organize/plan.h"
#include "organize/stamp.h"
#include "organize/walk.h"
#include "port/fs.h"

enum {
    ROUND = 64,       /* files that are read between two looks at should_stop */
    KEEP_MS = 2000,   /* between two notes of how far it came */
    STATE_SIZE = 512, /* of that note */
    STACK = 128 * 1024,
    SORT = 512 * 1024,
    STOP_EACH = 256,
    OPEN_MOST = 256 /* files that an undo has under way: a batch of it, and more */
};

typedef struct job {
    alice__placed placed;
    char dest[ALICE__DEST_MAX];
    bool read; /* it is of the sample */
    alice_verdict verdict;
    alice_status status; /* of what could not be read */
    const char *why;
    bool has_content; /* it was read whole */
    alice__hash content;
    uint64_t bytes_read;
} job;

typedef struct verifying {
    const alice_verify_options *v;
    alice_verify_result *r;
    alice_error *error;
    alice_organizer *o;
    alice_executor *executor;
    alice__reading_whole whole;
    job *jobs;
    int64_t open[OPEN_MOST]; /* rows that an undo has under way, or had when it was killed */
    size_t open_count;
    alice__run_row undo; /* that one, without its texts */
    int state;           /* the note's file; -1: it cannot be kept */
    int64_t after, began_s;
    uint64_t kept_ns, seed;
} verifying;

typedef struct task {
    alice_task task;
    const verifying *x;
    job *job;
} task;

const char *alice_verdict_name(alice_verdict verdict)
{
    static const char *const names[] = {"sound",   "unsealed", "unread", "changed",
                                        "unknown", "missing",  "damaged"};
    return (unsigned)verdict < sizeof names / sizeof *names ? names[verdict] : "?";
}

static bool should_stop(const verifying *x)
{
    const alice_organizer_options *o = &x->o->options;
    return o->should_stop && o->should_stop(o->ctx);
}

/* ---- how far it came ---- */

#define STATE_FORM                                                                           \
    "alice verify %u %d began %" PRId64 " seed %" PRIu64 " after %" PRId64 " files %" PRIu64 \
    " bytes %" PRIu64 " sealed %" PRIu64 " by %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64  \
    " %" PRIu64 " %" PRIu64 " %" PRIu64 " end\n"

/* Beside the catalog, and before the process is confined. Where it cannot be written (a library
   that is read only) verifying begins anew each time. */
static int open_state(const char *organized)
{
    int top = -1, home = -1, fd = -1;
    int bad = alice__fs_open_dir_path(organized, &top);
    if (!bad)
        bad = alice__fs_open_dir(top, ".alice", &home);
    if (!bad)
        bad = alice__fs_open_write(home, "verify", true, 0644, &fd);
    alice__fs_close(home);
    alice__fs_close(top);
    return bad ? -1 : fd;
}

static void read_state(verifying *x)
{
    char text[STATE_SIZE + 1];
    unsigned sample = 0;
    int seal = 0;
    size_t got = 0;
    alice_verify_result was = {.files = 0};
    int64_t began = 0, after = 0;
    uint64_t seed = 0;
    if (x->state < 0 || x->v->anew ||
        alice__fs_read_at(x->state, 0, text, STATE_SIZE, &got) != 0)
        return;
    text[got] = 0;
    int end = 0;
    const char form[] = "alice verify %9u %9d began %18" SCNd64 " seed %20" SCNu64
                        " after %18" SCNd64 " files %18" SCNu64 " bytes %19" SCNu64
                        " sealed %18" SCNu64 " by %18" SCNu64 " %18" SCNu64 " %18" SCNu64
                        " %18" SCNu64 " %18" SCNu64 " %18" SCNu64 " %18" SCNu64 " end\n%n";
    if (sscanf(text, form, &sample, &seal, &began, &seed, &after, &was.files, &was.bytes_read,
               &was.sealed, &was.by[0], &was.by[1], &was.by[2], &was.by[3], &was.by[4],
               &was.by[5], &was.by[6], &end) != 15 ||
        end == 0 || sample != x->v->sample_percent || seal != x->v->seal || after < 0)
        return;
    *x->r = was;
    x->r->went_on = began;
    x->began_s = began;
    x->after = after;
    x->seed = seed;
}

/* No more than how far it came is lost where this fails. */
static void keep_state(verifying *x, bool done)
{
    char text[STATE_SIZE];
    const alice_verify_result *r = x->r;
    int n = snprintf(text, sizeof text, STATE_FORM, x->v->sample_percent, x->v->seal,
                     x->began_s, x->seed, x->after, r->files, r->bytes_read, r->sealed,
                     r->by[0], r->by[1], r->by[2], r->by[3], r->by[4], r->by[5], r->by[6]);
    if (x->state < 0)
        return;
    int bad = alice__fs_truncate(x->state, 0);
    if (!bad && !done && n > 0)
        bad = alice__fs_write_at(x->state, 0, text, (size_t)n);
    if (bad) {
        alice__fs_close(x->state);
        x->state = -1;
    }
}

/* ---- one file ---- */

/* Read it as far as what is known of it goes; whole, where it is to be sealed. */
static alice_status read_one(const verifying *x, int fd, job *j)
{
    const alice__placed *p = &j->placed;
    uint8_t head[16 * 1024];
    const bool short_one = p->stamp.size <= ALICE__HEAD_BYTES; /* its head is all of it */
    alice_status st = ALICE_OK;
    bool same = true;
    if (p->has_content || (x->v->seal && !short_one)) {
        st = alice__content_hash(&x->whole, fd, p->stamp.size, &j->content);
        j->bytes_read = p->stamp.size;
        j->has_content = st == ALICE_OK;
        same = !p->has_content || alice__same_hash(j->content, p->content);
    }
    /* Where nothing is known of the whole, the head has to be what it was. */
    if (st == ALICE_OK && !p->has_content && p->has_head) {
        alice__hasher h;
        uint64_t n = short_one ? p->stamp.size : ALICE__HEAD_BYTES;
        alice__hasher_init(&h);
        for (uint64_t at = 0; st == ALICE_OK && at < n;) {
            size_t part = n - at < sizeof head ? (size_t)(n - at) : sizeof head, got = 0;
            int bad = alice__fs_read_at(fd, at, head, part, &got);
            st = bad ? alice__status_of_errno(-bad) : got != part ? ALICE_E_CHANGED : ALICE_OK;
            alice__hasher_update(&h, head, got);
            at += part;
            j->bytes_read += got;
        }
        same = alice__same_hash(alice__hash_words(alice__hasher_final(&h)), p->head);
    }
    if (st != ALICE_OK)
        return st;
    j->verdict = !same ? ALICE_VERDICT_DAMAGED
                 : p->has_content || j->has_content || (short_one && p->has_head)
                     ? ALICE_VERDICT_SOUND
                     : ALICE_VERDICT_UNSEALED;
    if (!same)
        j->why = "its bytes changed, its size and time did not";
    return ALICE_OK;
}

static alice_status verify_one(void *arg)
{
    const task *t = arg;
    job *j = t->job;
    int fd = -1;
    alice__fs_stat s;
    int bad = alice__fs_open_read(t->x->o->organized_fd, j->dest, &fd);
    if (bad == -ENOENT || bad == -ENOTDIR) {
        j->verdict = ALICE_VERDICT_MISSING;
        return ALICE_OK;
    }
    if (!bad)
        bad = alice__fs_stat_fd(fd, &s);
    if (bad) {
        j->verdict = ALICE_VERDICT_DAMAGED;
        j->status = alice__status_of_errno(-bad);
        j->why = bad == -ELOOP ? "a link stands there, or in its path" : strerror(-bad);
    } else if (!alice__as_placed(&s, &j->placed.stamp)) {
        j->verdict = ALICE_VERDICT_CHANGED;
        j->why = s.kind != ALICE__FS_FILE         ? "it is no file any more"
                 : s.size != j->placed.stamp.size ? "it has another size"
                                                  : "it has another time";
    } else if (!j->read) {
        j->verdict = ALICE_VERDICT_UNREAD;
    } else {
        j->status = read_one(t->x, fd, j);
        if (j->status == ALICE_E_CHANGED) {
            j->verdict = ALICE_VERDICT_CHANGED;
            j->why = "it changed while it was read";
        } else if (j->status != ALICE_OK) {
            j->verdict = ALICE_VERDICT_DAMAGED;
            j->why = "it cannot be read";
        }
    }
    alice__fs_close(fd);
    return ALICE_OK;
}

/* ---- an undo that was cut off ---- */

/* Its journal says which files it had under way: they stand at either of their places until the
   next run settles that. */
static alice_status note_open_undo(verifying *x)
{
    alice__run_file f;
    int64_t after = 0;
    alice_status st = alice__catalog_run_before(x->o->catalog, 0, &x->undo);
    if (st != ALICE_OK || x->undo.undoes == 0 || x->undo.finished) {
        x->undo.id = 0;
        return st == ALICE_E_END ? ALICE_OK : st;
    }
    while (st == ALICE_OK && x->open_count < OPEN_MOST &&
           (st = alice__catalog_run_file(x->o->catalog, &x->undo, &after, &f)) == ALICE_OK)
        if (f.undo == ALICE__UNDO_OPEN)
            x->open[x->open_count++] = f.id;
    return st == ALICE_E_END ? ALICE_OK : st;
}

static bool is_under_undo(const verifying *x, int64_t row)
{
    for (size_t i = 0; i < x->open_count; i++)
        if (x->open[i] == row)
            return true;
    return false;
}

/* ---- all that the catalog knows ---- */

static void report(const verifying *x, const char *path, alice_verdict verdict, const char *why,
                   uint64_t bytes)
{
    x->r->files++;
    x->r->by[verdict]++;
    const alice_verified_file f = {
        .path = path, .verdict = verdict, .why = why, .bytes = bytes};
    if (x->v->on_file)
        x->v->on_file(x->v->ctx, &f);
}

static alice_status settle(verifying *x, job *j)
{
    if (j->status == ALICE_E_CANCELLED || j->status == ALICE_E_NOMEM ||
        j->status == ALICE_E_BUDGET)
        return j->status;
    x->r->bytes_read += j->bytes_read;
    /* Its source was organized again since, to another place: nobody misses this one. Nor one
       that a run is at, or that a killed one had not come to: the next run settles that. */
    if (j->verdict == ALICE_VERDICT_MISSING &&
        (j->placed.replaced || j->placed.in_doubt || is_under_undo(x, j->placed.id)))
        return ALICE_OK;
    if (x->v->seal && j->has_content && !j->placed.has_content &&
        j->verdict == ALICE_VERDICT_SOUND) {
        alice_status st = alice__catalog_set_content(x->o->catalog, j->placed.id, j->content);
        if (st != ALICE_OK)
            return alice__fail(x->error, st, 0, "%s", alice__catalog_why(x->o->catalog));
        x->r->sealed++;
    }
    report(x, j->dest, j->verdict, j->why, j->placed.stamp.size);
    return ALICE_OK;
}

static alice_status do_round(verifying *x, size_t count)
{
    task tasks[ROUND];
    alice_status st = ALICE_OK;
    for (size_t i = 0; st == ALICE_OK && i < count; i++) {
        tasks[i] = (task){.x = x, .job = &x->jobs[i]};
        st = alice_executor_submit(x->executor, verify_one, &tasks[i], &tasks[i].task);
    }
    alice_status waited = alice_executor_wait_all(x->executor);
    st = st == ALICE_OK ? waited : st;
    for (size_t i = 0; st == ALICE_OK && i < count; i++)
        st = settle(x, &x->jobs[i]);
    if (st == ALICE_OK && x->v->seal)
        st = alice__catalog_commit(x->o->catalog, false, x->error);
    if (st != ALICE_OK)
        return st;
    x->after = x->jobs[count - 1].placed.id;
    uint64_t now = alice_env_now_ns(&x->o->env);
    if (now - x->kept_ns >= KEEP_MS * UINT64_C(1000000)) {
        x->kept_ns = now;
        keep_state(x, false);
        if (x->v->on_progress)
            x->v->on_progress(x->v->ctx, x->r);
    }
    return ALICE_OK;
}

/* Whether a row is of the sample: each of them now or then, as the seed is another each time.
 */
static bool is_sampled(const verifying *x, int64_t id)
{
    if (x->v->sample_percent == 0 || x->v->sample_percent >= 100)
        return true;
    const int64_t key[2] = {id, (int64_t)x->seed};
    return alice__hash64(key, sizeof key, 0) % 100 < x->v->sample_percent;
}

static alice_status verify_known(verifying *x)
{
    alice_status st = ALICE_OK;
    int64_t after = x->after;
    while (st == ALICE_OK) {
        size_t n = 0;
        for (; n < ROUND && st == ALICE_OK; n += st == ALICE_OK) {
            job *j = &x->jobs[n];
            *j = (job){.verdict = ALICE_VERDICT_UNREAD};
            st = alice__catalog_next_placed(x->o->catalog, 0, &after, &j->placed, j->dest,
                                            sizeof j->dest);
            j->read = st == ALICE_OK && is_sampled(x, j->placed.id);
        }
        if (n > 0 && (st == ALICE_OK || st == ALICE_E_END)) {
            alice_status done = do_round(x, n);
            st = done != ALICE_OK ? done : st;
        }
        if (st == ALICE_OK && should_stop(x))
            st = ALICE_E_CANCELLED;
    }
    return st == ALICE_E_END ? ALICE_OK : st;
}

/* ---- what the catalog does not know ---- */

typedef struct mark {
    alice__hash path;
    uint64_t at; /* of its text in the scratch file; 0: the catalog knows it */
    uint64_t bytes;
    uint32_t length;
} mark;

static int by_path(const void *a, const void *b)
{
    const mark *x = a, *y = b;
    int d = (x->path.high > y->path.high) - (x->path.high < y->path.high);
    d = d ? d : (x->path.low > y->path.low) - (x->path.low < y->path.low);
    return d ? d : (x->at > y->at) - (x->at < y->at);
}

static alice_status add_mark(verifying *x, alice__disk_sort *sort, const char *dest)
{
    const mark m = {.path = alice__hash_of_bytes(dest, strlen(dest))};
    return alice__disk_sort_add(sort, &m, x->error);
}

/* What a redo puts back has no row of an organized file before it is settled. */
static alice_status add_under_undo(verifying *x, alice__disk_sort *sort)
{
    alice_status st = ALICE_OK;
    for (size_t i = 0; i < x->open_count && st == ALICE_OK; i++) {
        alice__run_file f;
        int64_t after = x->open[i] - 1;
        st = alice__catalog_run_file(x->o->catalog, &x->undo, &after, &f);
        if (st == ALICE_OK)
            st = add_mark(x, sort, f.dest);
    }
    return st;
}

static alice_status add_known(verifying *x, alice__disk_sort *sort)
{
    alice__placed p;
    char dest[ALICE__DEST_MAX];
    int64_t after = 0;
    alice_status st;
    while ((st = alice__catalog_next_placed(x->o->catalog, 0, &after, &p, dest, sizeof dest)) ==
           ALICE_OK) {
        st = add_mark(x, sort, dest);
        if (st != ALICE_OK)
            return st;
    }
    return st == ALICE_E_END ? add_under_undo(x, sort) : st;
}

static alice_status add_standing(verifying *x, alice__disk_sort *sort, int scratch)
{
    alice_organizer *o = x->o;
    const alice__walk_options w = {.env = alice__organizer_env(o, o->acc_walk),
                                   .root_fd = o->organized_fd,
                                   .scratch_dir = alice__organizer_scratch(o),
                                   .names_bytes = o->sizes.names};
    alice__walk *walk = NULL;
    alice__entry e;
    uint64_t end = 1, looks = 0;
    alice_status st = alice__walk_open(&walk, &w, x->error);
    while (st == ALICE_OK && (st = alice__walk_next(walk, &e)) == ALICE_OK) {
        char path[ALICE__WALK_PATH + 512];
        const char *folder = alice__folder_path(e.folder);
        alice__fs_stat s = {.size = 0};
        int n = snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", e.name);
        if (n < 0 || (size_t)n >= sizeof path)
            continue;
        if (e.kind == ALICE__ENTRY_ERROR &&
            (e.status == ALICE_E_NOMEM || e.status == ALICE_E_BUDGET)) {
            st = e.status;
            continue;
        }
        if (e.kind == ALICE__ENTRY_ERROR) {
            report(x, path, ALICE_VERDICT_DAMAGED, e.why, 0);
            continue;
        }
        if (e.kind == ALICE__ENTRY_FILE &&
            alice__fs_stat_at(alice__folder_fd(e.folder), e.name, &s) == -ENOENT)
            continue;
        const mark m = {.path = alice__hash_of_bytes(path, (size_t)n),
                        .at = end,
                        .bytes = s.size,
                        .length = (uint32_t)n};
        int bad = alice__fs_write_at(scratch, end, path, (size_t)n);
        st = bad ? alice__fail(x->error, alice__status_of_errno(-bad), -bad,
                               "the list of files does not fit %s: %s",
                               alice__organizer_scratch(o), strerror(-bad))
                 : alice__disk_sort_add(sort, &m, x->error);
        end += (uint64_t)n;
        if (st == ALICE_OK && ++looks % STOP_EACH == 0 && should_stop(x))
            st = ALICE_E_CANCELLED;
    }
    alice__walk_close(&walk);
    return st == ALICE_E_END ? ALICE_OK : st;
}

static alice_status report_unknown(verifying *x, alice__disk_sort *sort, int scratch)
{
    const void *next;
    alice__hash known = {0, 0};
    bool any = false;
    alice_status st = alice__disk_sort_start(sort, x->error);
    while (st == ALICE_OK && (st = alice__disk_sort_next(sort, &next, x->error)) == ALICE_OK) {
        mark m;
        char path[ALICE__WALK_PATH + 512];
        size_t got = 0;
        memcpy(&m, next, sizeof m);
        if (m.at == 0) { /* the catalog's come first */
            known = m.path;
            any = true;
            continue;
        }
        if (any && alice__same_hash(m.path, known))
            continue;
        int bad = alice__fs_read_at(scratch, m.at, path, m.length, &got);
        path[got] = 0;
        if (bad || got != m.length)
            return alice__fail(x->error, ALICE_E_IO, bad,
                               "the list of files in %s was cut short",
                               alice__organizer_scratch(x->o));
        report(x, path, ALICE_VERDICT_UNKNOWN, NULL, m.bytes);
    }
    return st == ALICE_E_END ? ALICE_OK : st;
}

static alice_status find_unknown(verifying *x)
{
    alice__disk_sort *sort = NULL;
    int scratch = -1;
    const alice__disk_sort_options o = {.env = alice__organizer_env(x->o, x->o->acc_stream),
                                        .scratch_dir = alice__organizer_scratch(x->o),
                                        .record_bytes = sizeof(mark),
                                        .block_bytes = SORT,
                                        .order = by_path};
    int bad = alice__fs_scratch(alice__organizer_scratch(x->o), &scratch);
    if (bad)
        return alice__fail(x->error, alice__status_of_errno(-bad), -bad, "%s: %s",
                           alice__organizer_scratch(x->o), strerror(-bad));
    alice_status st = alice__disk_sort_open(&sort, &o, x->error);
    if (st == ALICE_OK)
        st = add_known(x, sort);
    if (st == ALICE_OK)
        st = add_standing(x, sort, scratch);
    if (st == ALICE_OK)
        st = report_unknown(x, sort, scratch);
    alice__disk_sort_close(&sort);
    alice__fs_close(scratch);
    return st;
}

/* ---- the whole ---- */

static alice_status verify(verifying *x)
{
    alice_organizer *o = x->o;
    alice_env env = alice__organizer_env(o, o->acc_stream);
    void *room = NULL;
    alice__catalog_stats known;
    alice__catalog_stats_get(o->catalog, &known);
    x->whole = alice__organizer_reading(o);
    x->began_s = alice_env_wall_s(&o->env);
    x->seed = (uint64_t)x->began_s;
    x->kept_ns = alice_env_now_ns(&o->env);
    read_state(x);
    x->r->expected = known.rows;
    const alice_executor_options workers = {.env = env,
                                            .threads =
                                                o->sizes.threads > 1 ? o->sizes.threads : 0,
                                            .stack_bytes = STACK,
                                            .name = "verify"};
    alice_status st = alice_executor_open(&x->executor, &workers);
    if (st == ALICE_OK)
        st = alice_env_alloc(&env, ROUND * sizeof(job), ALICE_HERE, &room);
    x->jobs = room;
    if (st == ALICE_OK)
        st = note_open_undo(x);
    if (st == ALICE_OK)
        st = verify_known(x);
    if (st == ALICE_OK) {
        /* This part is not gone on with: what it counted is counted again. */
        const alice_verify_result so_far = *x->r;
        st = find_unknown(x);
        if (st != ALICE_OK)
            *x->r = so_far;
    }
    keep_state(x, st == ALICE_OK);
    alice_status closed = alice_executor_close(&x->executor);
    alice_env_free(&env, room, room ? ROUND * sizeof(job) : 0);
    return st == ALICE_OK ? closed : st;
}

alice_status alice_verify(const alice_verify_options *given, alice_verify_result *result,
                          alice_error *error)
{
    alice_error unheard = {.text = ""};
    alice_verify_options options;
    alice_organizer_options own;
    if (!error)
        error = &unheard;
    error->text[0] = 0;
    alice_status st = alice__options_take(&options, sizeof options, given);
    if (st == ALICE_OK)
        st = alice__options_take(&own, sizeof own, options.organizer);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    if (!own.organized || !result || options.sample_percent > 100)
        return alice__fail(
            error, ALICE_E_INVAL, 0,
            "an organized folder, and a sample of 1 to 100 %% of it, are needed");
    memset(result, 0, sizeof *result);
    verifying x = {.v = &options, .r = result, .error = error, .state = -1};
    uint64_t began_ns = alice_env_now_ns(&own.env);
    own.inbox = NULL;
    own.dry_run = !options.seal;
    x.state = open_state(own.organized);
    st = alice__organizer_open_on(&x.o, &own, NULL, error);
    if (st == ALICE_OK && x.o->organized_fd < 0)
        st = alice__fail(error, ALICE_E_NOENT, 0, "the organized folder %s does not exist",
                         own.organized);
    if (st == ALICE_OK)
        st = verify(&x);
    result->seconds = (double)(alice_env_now_ns(&own.env) - began_ns) / 1000000000.0;
    if (st != ALICE_OK && error->text[0] == 0)
        alice__fail(error, st, 0, "%s", alice_status_text(st));
    alice__fs_close(x.state);
    alice_organizer_close(&x.o);
    return st;
}
