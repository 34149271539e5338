/* SPDX-License-Identifier: MIT */
/*
 * The ring of groups:
 *
 *     first ──▶ [done][done][busy][busy][filling] ◀── last
 *               next()                   add()
 *
 * Invariants: groups between first and last were submitted; the one at last may
 * be filling; a slot is written by the main thread before its group is submitted
 * and after its task has ended, by one worker in between. So no lock is needed
 * here: the executor's hand-over orders memory.
 */
#include "organize/probe.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <alice/executor.h>

#include "base/check.h"
#include "base/error.h"
#include "media/analyze.h"
#include "media/names.h"
#include "organize/group_names.h"
#include "organize/stamp.h"
#include "port/fs.h"

enum {
    NAME_ROOM = 768, /* some file systems count characters, not bytes */
    TEXT_ROOM = 16384,
    PATH_ROOM = 4096, /* the longest path that the kernel takes */
    ASK_MS = 50       /* between two questions whether to stop */
};

typedef struct group {
    struct alice__prober *prober;
    alice__probe slots[ALICE__GROUP];
    unsigned count, taken;
    bool submitted;
    bool work; /* some slot is to be read */
    alice_task task;
    size_t text_used;
    char names[ALICE__GROUP][NAME_ROOM];
    char text[TEXT_ROOM];
} group;

/* What one worker needs while it works: kept in a pool. */
typedef struct workspace {
    alice__analyzer *analyzer;
    uint8_t *head;
} workspace;

struct alice__prober {
    alice_env env;
    size_t text_bytes;
    const char *const *date_patterns;
    unsigned threads, ahead;
    bool (*should_stop)(void *ctx);
    void *stop_ctx;
    atomic_bool stopping; /* set once the caller asked to stop; only the caller's thread asks */
    uint64_t next_ask_ns; /* without threads: not asked again before */
    alice_executor *executor;
    alice_pool *workspaces;
    group *ring;
    unsigned groups; /* in the ring */
    unsigned first,
        used; /* the oldest group, and how many are in use, the filling one included */
    size_t count, folders;
    alice__probe *newest; /* added last; on its way while count > 0 */
    size_t changes;       /* since the last check, in builds that check */
};

/* ---- one file ---- */

/* 2026-11-25: moved on with each release; a date of the build would not be reproducible. */
#define RELEASED_S INT64_C(1795564800)

int64_t alice__present(const alice_env *env)
{
    int64_t now = alice_env_wall_s(env);
    return now > RELEASED_S ? now : RELEASED_S;
}

static alice_status fetch(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    int bad = alice__fs_read_at(*(const int *)ctx, offset, to, n, got);
    return alice__status_of_errno(-bad);
}

/* The sidecars of a file: each name that one may have is tried. */
typedef struct sidecars {
    const alice__reading *of;
    const char *name; /* whose */
    unsigned i;
    int fd;
} sidecars;

static alice_status next_sidecar(void *ctx, alice__input *out)
{
    sidecars *s = ctx;
    char name[ALICE__GROUP_NAME], path[PATH_ROOM];
    alice__fs_stat st;
    alice__fs_close(s->fd);
    s->fd = -1;
    while (alice__group_sidecar(s->name, s->i++, name)) {
        if (!name[0])
            continue;
        int n = s->of->beside ? snprintf(path, sizeof path, "%s/%s", s->of->beside, name) : 0;
        if (n < 0 || (size_t)n >= sizeof path)
            continue;
        int bad = alice__fs_open_read(s->of->beside_fd ? *s->of->beside_fd : ALICE__FS_CWD,
                                      s->of->beside ? path : name, &s->fd);
        if (bad == -ENOENT || bad == -ELOOP || bad == -ENAMETOOLONG)
            continue;
        if (!bad)
            bad = alice__fs_stat_fd(s->fd, &st);
        if (bad)
            return alice__status_of_errno(-bad);
        if (st.kind == ALICE__FS_FILE) {
            *out = (alice__input){.size = st.size, .fetch = fetch, .ctx = &s->fd};
            return ALICE_OK;
        }
        alice__fs_close(s->fd);
        s->fd = -1;
    }
    return ALICE_E_END;
}

/* Where the system has none (a container without tzdata) the machine's zone is taken instead;
 * where it cannot be read now, the day would be another tomorrow, and the file waits. */
static alice_status read_zone_file(const char *zone, void *to, size_t n, size_t *got)
{
    int bad = alice__fs_read_zone(zone, to, n, got);
    return bad ? alice__status_of_errno(-bad) : ALICE_OK;
}

alice_status alice__probe_file(alice__analyzer *analyzer, uint8_t *head_buffer,
                               const alice__reading *r, alice__file *file,
                               alice_media_info *info, int *os_error)
{
    alice__fs_stat st;
    size_t got = 0;
    int bad = alice__fs_stat_fd(r->fd, &st);
    if (!bad && st.kind != ALICE__FS_FILE)
        bad = -EINVAL;
    size_t want = bad || st.size > ALICE__HEAD_BYTES ? ALICE__HEAD_BYTES : (size_t)st.size;
    if (!bad)
        bad = alice__fs_read_at(r->fd, 0, head_buffer, want, &got);
    if (bad) {
        *os_error = -bad;
        return alice__status_of_errno(-bad);
    }
    if (got < want)
        return ALICE_E_CHANGED;
    file->stamp = alice__stamp_of(&st);
    file->head = alice__hash_of_bytes(head_buffer, got);

    int fd = r->fd;
    int64_t mtime_s = st.mtime_ns / 1000000000 - (st.mtime_ns % 1000000000 < 0);
    alice__input in = {.size = st.size, .head = {head_buffer, got}, .fetch = fetch, .ctx = &fd};
    sidecars beside = {.of = r, .name = r->sidecars_of ? r->sidecars_of : file->name, .fd = -1};
    const alice__sidecars asked = {next_sidecar, &beside};
    alice__file_facts facts = {.name = file->name,
                               .folders = r->folders,
                               .mtime_s = mtime_s,
                               .mtime_zone_minutes = alice__fs_local_zone_minutes(mtime_s),
                               .now_s = r->now_s,
                               .zone_at = alice__fs_local_zone_minutes,
                               .zone_file = read_zone_file,
                               .sidecars = r->beside || r->beside_fd ? &asked : NULL,
                               .date_patterns = r->date_patterns,
                               .all_dates = r->all_dates};
    alice_status read = alice__analyzer_read(analyzer, &in, &facts, info);
    alice__fs_close(beside.fd);
    return read;
}

/* ---- stopping ---- */

static void ask(alice__prober *p)
{
    if (p->should_stop && p->should_stop(p->stop_ctx))
        atomic_store(&p->stopping, true);
}

/* Asked by the reading thread. Without threads that is the caller's own, which may call back.
 */
static bool stopping(void *ctx)
{
    alice__prober *p = ctx;
    if (p->threads == 0 && p->should_stop && !atomic_load(&p->stopping)) {
        uint64_t now = alice_env_now_ns(&p->env);
        if (now >= p->next_ask_ns) {
            p->next_ask_ns = now + ASK_MS * UINT64_C(1000000);
            ask(p);
        }
    }
    return atomic_load(&p->stopping);
}

/* ---- a worker's tools ---- */

static void destroy_bench(void *ctx, void *object)
{
    const alice__prober *p = ctx;
    workspace *b = object;
    alice__analyzer_close(&b->analyzer);
    alice_env_free(&p->env, b->head, ALICE__HEAD_BYTES);
    alice_env_free(&p->env, b, sizeof *b);
}

static alice_status make_bench(void *ctx, void **object)
{
    alice__prober *p = ctx;
    void *room = NULL, *head = NULL;
    alice_status st = alice_env_calloc(&p->env, 1, sizeof(workspace), ALICE_HERE, &room);
    if (st != ALICE_OK)
        return st;
    workspace *b = room;
    st = alice_env_alloc(&p->env, ALICE__HEAD_BYTES, ALICE_HERE, &head);
    b->head = head;
    if (st == ALICE_OK)
        st = alice__analyzer_open(&b->analyzer, &p->env, p->text_bytes);
    if (st != ALICE_OK) {
        destroy_bench(ctx, b);
        return st;
    }
    alice__analyzer_stop(b->analyzer, stopping, p);
    *object = b;
    return ALICE_OK;
}

/* ---- a group ---- */

/* The texts of an info live in the analyzer: bring them to where they outlive it. */
static alice_status keep_texts(group *g, alice__probe *s)
{
    size_t need = 0;
    for (int f = 0; f < ALICE_FACT_COUNT; f++)
        need += s->info.fact[f].n;
    char *to = NULL;
    if (need == 0)
        return ALICE_OK;
    if (need <= TEXT_ROOM - g->text_used) {
        to = g->text + g->text_used;
        g->text_used += need;
    } else {
        alice_status st = alice_env_alloc(&g->prober->env, need, ALICE_HERE, &s->texts);
        if (st != ALICE_OK)
            return st;
        s->texts_bytes = need;
        to = s->texts;
    }
    for (int f = 0; f < ALICE_FACT_COUNT; f++) {
        alice_text *t = &s->info.fact[f];
        if (t->n == 0)
            continue;
        memcpy(to, t->p, t->n);
        t->p = to;
        to += t->n;
    }
    return ALICE_OK;
}

/* Open the file, and have the disk bring its head: what is asked for together comes in the
 * disk's own order, and while others are read. -1: the slot says why not. */
static int open_slot(alice__probe *s, bool ahead)
{
    int fd = -1;
    int bad = alice__fs_open_read(alice__folder_fd(s->folder), s->file.name, &fd);
    if (bad) {
        s->os_error = -bad;
        s->status = alice__status_of_errno(-bad);
        return -1;
    }
    if (ahead)
        alice__fs_advise_soon(fd, 0, ALICE__HEAD_BYTES);
    return fd;
}

static void probe_slot(group *g, alice__probe *s, int fd, workspace *b)
{
    const alice__stamp seen = s->file.stamp; /* by who found it */
    int folder = alice__folder_fd(s->folder);
    alice__reading r = {.fd = fd,
                        .folders = alice__folder_path(s->folder),
                        .now_s = s->now_s,
                        .date_patterns = g->prober->date_patterns,
                        /* Sidecars come last: without one in the folder none is looked for. */
                        .beside_fd = alice__folder_has_last(s->folder) ? &folder : NULL};
    s->status = alice__probe_file(b->analyzer, b->head, &r, &s->file, &s->info, &s->os_error);
    alice__fs_close(fd);
    /* Two looks: it moved between them. */
    if (s->status == ALICE_OK && seen.ctime_ns != 0 &&
        (seen.size != s->file.stamp.size || seen.mtime_ns != s->file.stamp.mtime_ns))
        s->status = ALICE_E_CHANGED;
    if (s->status == ALICE_OK && s->info.type != ALICE_MEDIA_NONE) {
        alice__source_name(&s->info, s->file.name, s->source, sizeof s->source);
        s->status = keep_texts(g, s);
    }
}

static alice_status probe_group(void *arg)
{
    group *g = arg;
    alice_lease lease = {0};
    alice_status st = alice_pool_acquire(g->prober->workspaces, ALICE_POOL_FOREVER, &lease);
    for (unsigned from = 0, to; from < g->count; from = to) {
        int fd[ALICE__GROUP];
        to = from + g->prober->ahead < g->count ? from + g->prober->ahead : g->count;
        for (unsigned i = from; i < to; i++) {
            alice__probe *s = &g->slots[i];
            if (st != ALICE_OK)
                s->status = s->settled ? s->status : st;
            fd[i - from] =
                s->settled || st != ALICE_OK ? -1 : open_slot(s, g->prober->ahead > 1);
        }
        for (unsigned i = from; i < to; i++)
            if (fd[i - from] >= 0)
                probe_slot(g, &g->slots[i], fd[i - from], lease.object);
    }
    alice_pool_release(&lease);
    return ALICE_OK;
}

/* ---- the ring ---- */

alice_status alice__prober_open(alice__prober **out, const alice__prober_options *o)
{
    void *room = NULL;
    alice_status st = alice_env_calloc(&o->env, 1, sizeof(alice__prober), ALICE_HERE, &room);
    if (st != ALICE_OK)
        return st;
    alice__prober *p = room;
    p->env = o->env;
    p->text_bytes = o->text_bytes;
    p->date_patterns = o->date_patterns;
    p->threads = o->threads;
    p->ahead = o->ahead == 0 ? 1 : o->ahead < ALICE__GROUP ? o->ahead : ALICE__GROUP;
    p->should_stop = o->should_stop;
    p->stop_ctx = o->stop_ctx;
    p->groups = o->window / ALICE__GROUP + 2; /* one filling, one being taken */
    room = NULL;
    st = alice_env_calloc(&p->env, p->groups, sizeof(group), ALICE_HERE, &room);
    p->ring = room;
    for (unsigned i = 0; st == ALICE_OK && i < p->groups; i++)
        p->ring[i].prober = p;
    if (st == ALICE_OK) {
        alice_pool_options pool = {.env = p->env,
                                   .budget = o->budget,
                                   .name = "analyzers",
                                   .factory = make_bench,
                                   .destroy = destroy_bench,
                                   .ctx = p,
                                   .max_size = o->threads + 1};
        st = alice_pool_open(&p->workspaces, &pool);
    }
    if (st == ALICE_OK) {
        alice_executor_options x = {
            .env = p->env, .threads = o->threads, .queue = p->groups, .name = "alice-probe"};
        st = alice_executor_open(&p->executor, &x);
    }
    if (st == ALICE_OK)
        *out = p;
    else
        alice__prober_close(&p);
    return st;
}

void alice__prober_close(alice__prober **out)
{
    alice__prober *p = out ? *out : NULL;
    if (!p)
        return;
    if (p->executor && p->ring)
        while (alice__prober_next(p))
            alice__prober_release(p);
    alice_executor_close(&p->executor);
    alice_pool_close(&p->workspaces);
    alice_env_free(&p->env, p->ring, p->groups * sizeof(group));
    alice_env env = p->env;
    alice_env_free(&env, p, sizeof *p);
    *out = NULL;
}

size_t alice__prober_count(const alice__prober *p)
{
    return p->count;
}

size_t alice__prober_folders(const alice__prober *p)
{
    return p->folders;
}

static group *group_at(const alice__prober *p, unsigned i)
{
    return &p->ring[(p->first + i) % p->groups];
}

bool alice__prober_has_room(const alice__prober *p)
{
    if (p->used < p->groups)
        return true;
    const group *last = group_at(p, p->used - 1);
    return !last->submitted && last->count < ALICE__GROUP;
}

/* The ring's counts: groups before the last were submitted, and each file is in one of them. */
static bool ring_holds(alice__prober *p)
{
    size_t count = 0, folders = 0;
    if (p->used > p->groups || p->first >= p->groups)
        return false;
    for (unsigned i = 0; i < p->used; i++) {
        const group *g = group_at(p, i);
        if (g->taken >= g->count || g->count > ALICE__GROUP ||
            (i + 1 < p->used && !g->submitted) || (i > 0 && g->taken > 0))
            return false;
        count += g->count - g->taken;
        for (unsigned k = g->taken; k < g->count; k++)
            folders += g->slots[k].folder_ends;
    }
    return count == p->count && folders == p->folders;
}

void alice__prober_submit(alice__prober *p)
{
    if (p->used == 0)
        return;
    group *g = group_at(p, p->used - 1);
    if (g->submitted)
        return;
    g->submitted = true;
    g->work = false;
    for (unsigned i = 0; i < g->count; i++)
        g->work |= !g->slots[i].settled;
    /* A group that is settled needs no worker; where the queue refuses, do the work here. */
    if (g->work && alice_executor_submit(p->executor, probe_group, g, &g->task) != ALICE_OK) {
        probe_group(g);
        g->work = false;
    }
}

alice__probe *alice__prober_add(alice__prober *p, alice__folder *folder, const char *name)
{
    ALICE__CHECKED(alice__prober_has_room(p));
    group *g = p->used ? group_at(p, p->used - 1) : NULL;
    if (!g || g->submitted || g->count == ALICE__GROUP) {
        alice__prober_submit(p);
        g = group_at(p, p->used++);
        g->count = g->taken = 0;
        g->submitted = false;
        g->text_used = 0;
    }
    alice__probe *s = &g->slots[g->count];
    memset(s, 0, offsetof(alice__probe, info));
    s->texts = NULL;
    s->texts_bytes = 0;
    s->info.type = ALICE_MEDIA_NONE;
    s->folder = alice__folder_ref(folder);
    size_t n = strlen(name);
    if (n >= NAME_ROOM)
        n = NAME_ROOM - 1; /* no file system of Linux has such a name */
    memcpy(g->names[g->count], name, n);
    g->names[g->count][n] = 0;
    s->file.name = g->names[g->count];
    s->folder_ends = true;
    if (p->count > 0 && p->newest->folder == folder)
        p->newest->folder_ends = false;
    else
        p->folders++;
    p->newest = s;
    g->count++;
    p->count++;
    ALICE__CHECKED(!alice__check_due(&p->changes, p->count) || ring_holds(p));
    return s;
}

alice__probe *alice__prober_next(alice__prober *p)
{
    if (p->count == 0)
        return NULL;
    group *g = group_at(p, 0);
    if (!g->submitted)
        alice__prober_submit(p);
    if (g->work) {
        while (!alice_task_wait_ms(&g->task, ASK_MS))
            ask(p);
        g->work = false;
    }
    return &g->slots[g->taken];
}

void alice__prober_release(alice__prober *p)
{
    group *g = group_at(p, 0);
    alice__probe *s = &g->slots[g->taken];
    alice__folder_unref(s->folder);
    s->folder = NULL;
    alice_env_free(&p->env, s->texts, s->texts_bytes);
    s->texts = NULL;
    p->count--;
    p->folders -= s->folder_ends;
    if (++g->taken == g->count) {
        p->first = (p->first + 1) % p->groups;
        p->used--;
    }
    ALICE__CHECKED(!alice__check_due(&p->changes, p->count) || ring_holds(p));
}

void alice__prober_pool_stats(const alice__prober *p, alice_pool_stats *out)
{
    alice_pool_get_stats(p->workspaces, out);
}
