/* SPDX-License-Identifier: MIT */
/*
 * alice_duplicates(): which files have the same bytes.
 *
 *   walk ─▶ by size ─▶ in the order of the disk: head's hash ─▶ by size and hash
 *        ─▶ larger ones, in the order of the disk: whole hash ─▶ by size and hash ─▶ compare
 *
 * Between the steps a file is a record of 64 bytes in a sort on disk, and its path stands in a
 * file of paths: so memory is that of two sorts, whatever the number of files. What has no
 * equal falls out at each step.
 */
#include "organize/duplicates_int.h"
#include "organize/own_limit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "port/fs.h"

enum {
    HEAD = 16 * 1024,   /* of which the first hash is; shorter files are hashed whole */
    JOBS = 128,         /* files that are hashed between two looks at should_stop */
    HEADS_AT_ONCE = 16, /* by one task */
    CHUNK = 128 * 1024,
    NAMES = 256 * 1024,
    STACK = 128 * 1024,
    LEAST_WORK = 3 * 1024 * 1024,
    BLOCK_MOST = 16 * 1024 * 1024,
    STOP_EACH = 256
};

/* Records that are read back from a sort, with the one behind the group at hand. */
typedef struct source {
    alice__disk_sort *sort;
    record ahead;
    bool has;
} source;

struct job {
    record r;
    alice_status status;
    int os_error;
    bool linked; /* another name of the job before it */
};

/* What a task does: some of the jobs, one after the other. */
typedef struct task {
    alice_task task;
    finder *f;
    job *first;
    size_t count;
    bool heads;
} task;

bool alice__same_stops(void *ctx)
{
    const finder *f = ctx;
    return f->o->should_stop && f->o->should_stop(f->o->ctx);
}

alice_status alice__same_scratch_failed(const finder *f, int r)
{
    return alice__fail(f->error, alice__status_of_errno(-r), -r,
                       "lists are kept in %s, which cannot take them: %s", f->scratch_dir,
                       strerror(-r));
}

/* ---- paths ---- */

/* The path below its root. Thread-safe once all are written. */
int alice__same_path(const finder *f, const record *r, char below[ALICE__SAME_PATH])
{
    return alice__path_list_get(&f->paths, r->path, r->length, below);
}

int alice__same_open(const finder *f, const record *r, int *fd)
{
    char below[ALICE__SAME_PATH];
    int bad = alice__same_path(f, r, below);
    return bad ? bad : alice__fs_open_read(f->roots[r->root], below, fd);
}

/* As a person knows it: the folder as it was given, and what is below it. */
void alice__same_shown(const finder *f, uint16_t root, const char *below, char *out,
                       size_t size)
{
    alice__path_shown(f->o->paths[root], below, out, size);
}

static void report_unread(finder *f, uint16_t root, const char *below, alice_status status,
                          const char *why)
{
    char path[ALICE__SAME_PATH + 4096];
    f->out->unread++;
    if (!f->o->on_unread)
        return;
    alice__same_shown(f, root, below, path, sizeof path);
    const alice_unread_file u = {
        .path = path, .status = status, .why = why ? why : alice_status_text(status)};
    f->o->on_unread(f->o->ctx, &u);
}

void alice__same_unread(finder *f, const record *r, alice_status status, int os_error)
{
    char below[ALICE__SAME_PATH] = "";
    (void)alice__same_path(f, r, below); /* what can be said of it is said */
    report_unread(f, r->root, below, status,
                  status == ALICE_E_CHANGED ? "it changed meanwhile"
                  : os_error                ? strerror(os_error)
                                            : NULL);
}

/* ---- sorts ---- */

static int by_disk(const void *a, const void *b)
{
    const record *x = a, *y = b;
    int d = ALICE__ORDER(x->dev, y->dev);
    d = d ? d : ALICE__ORDER(x->inode, y->inode);
    return d ? d : ALICE__ORDER(x->path, y->path);
}

/* The largest first: that is what people look for. */
static int by_size(const void *a, const void *b)
{
    const record *x = a, *y = b;
    int d = ALICE__ORDER(y->size, x->size);
    return d ? d : by_disk(a, b);
}

static int by_key(const void *a, const void *b)
{
    const record *x = a, *y = b;
    int d = ALICE__ORDER(y->size, x->size);
    d = d ? d : ALICE__ORDER(x->key.high, y->key.high);
    d = d ? d : ALICE__ORDER(x->key.low, y->key.low);
    return d ? d : by_disk(a, b);
}

static bool same_size(const record *a, const record *b)
{
    return a->size == b->size;
}

static bool same_key(const record *a, const record *b)
{
    return a->size == b->size && alice__same_hash(a->key, b->key);
}

static alice_status open_sort(finder *f, source *s, int (*order)(const void *, const void *))
{
    const alice__disk_sort_options o = {.env = f->env,
                                        .scratch_dir = f->scratch_dir,
                                        .record_bytes = sizeof(record),
                                        .block_bytes = f->block,
                                        .order = order};
    *s = (source){.sort = NULL};
    return alice__disk_sort_open(&s->sort, &o, f->error);
}

static alice_status pull(finder *f, source *s)
{
    const void *next;
    alice_status st = alice__disk_sort_next(s->sort, &next, f->error);
    s->has = st == ALICE_OK;
    if (s->has)
        memcpy(&s->ahead, next, sizeof s->ahead);
    return st == ALICE_E_END ? ALICE_OK : st;
}

static alice_status start_sort(finder *f, source *s)
{
    alice_status st = alice__disk_sort_start(s->sort, f->error);
    return st == ALICE_OK ? pull(f, s) : st;
}

/* ---- groups ---- */

alice_status alice__same_member(finder *f, uint64_t i, record *r, bool write)
{
    size_t got = sizeof *r;
    uint64_t at = (i - ALICE__SAME_MEMBERS) * sizeof *r;
    int bad = 0;
    if (i < ALICE__SAME_MEMBERS) {
        if (write)
            f->members[i] = *r;
        else
            *r = f->members[i];
        return ALICE_OK;
    }
    if (f->spilled < 0)
        bad = alice__fs_scratch(f->scratch_dir, &f->spilled);
    if (!bad)
        bad = write ? alice__fs_write_at(f->spilled, at, r, sizeof *r)
                    : alice__fs_read_at(f->spilled, at, r, sizeof *r, &got);
    if (bad)
        return alice__same_scratch_failed(f, bad);
    return got == sizeof *r ? ALICE_OK : ALICE_E_IO;
}

/* Records that are alike, from a sort that keeps the names of one file together. ALICE_E_END:
   there are none left. */
static alice_status next_group(finder *f, source *s,
                               bool (*alike)(const record *, const record *))
{
    if (alice__same_stops(f))
        return ALICE_E_CANCELLED;
    if (!s->has)
        return ALICE_E_END;
    record first = s->ahead, last = first;
    alice_status st = ALICE_OK;
    f->member_count = f->inodes = 0;
    while (st == ALICE_OK && s->has && alike(&first, &s->ahead)) {
        f->inodes += f->member_count == 0 || !same_file(&last, &s->ahead) || s->ahead.spare;
        last = s->ahead;
        st = alice__same_member(f, f->member_count++, &s->ahead, true);
        if (st == ALICE_OK)
            st = pull(f, s);
        if (st == ALICE_OK && ++f->looks % STOP_EACH == 0 && alice__same_stops(f))
            st = ALICE_E_CANCELLED;
    }
    return st;
}

static alice_status pass_group_on(finder *f, source *to)
{
    alice_status st = ALICE_OK;
    record r;
    for (uint64_t i = 0; st == ALICE_OK && i < f->member_count; i++) {
        st = alice__same_member(f, i, &r, false);
        if (st == ALICE_OK)
            st = alice__disk_sort_add(to->sort, &r, f->error);
    }
    return st;
}

/* ---- hashing ---- */

bool alice__same_as_seen(int fd, const record *r, int *os_error)
{
    alice__fs_stat s;
    int bad = alice__fs_stat_fd(fd, &s);
    *os_error = -bad;
    return !bad && s.size == r->size && s.mtime_ns == r->mtime_ns && s.inode == r->inode;
}

static alice_status hash_one(const finder *f, job *j, bool head)
{
    uint8_t bytes[HEAD];
    size_t n = j->r.size < HEAD ? (size_t)j->r.size : HEAD, got = 0;
    int fd = -1, bad = alice__same_open(f, &j->r, &fd);
    alice_status st = ALICE_OK;
    j->os_error = -bad;
    if (bad)
        return alice__status_of_errno(-bad);
    if (!alice__same_as_seen(fd, &j->r, &j->os_error))
        st = ALICE_E_CHANGED;
    else if (!head)
        st = alice__content_hash(&f->whole, fd, j->r.size, &j->r.key);
    else if ((bad = alice__fs_read_at(fd, 0, bytes, n, &got)) != 0)
        st = alice__status_of_errno(-bad);
    else if (got != n)
        st = ALICE_E_CHANGED;
    else
        j->r.key = alice__hash_of_bytes(bytes, n);
    if (bad)
        j->os_error = -bad;
    alice__fs_close(fd);
    return st;
}

static alice_status hash_some(void *arg)
{
    const task *t = arg;
    for (size_t i = 0; i < t->count; i++)
        if (!t->first[i].linked)
            t->first[i].status = hash_one(t->f, &t->first[i], t->heads);
    return ALICE_OK;
}

/* Hash a round of jobs, and hand on what could be read. */
static alice_status hash_round(finder *f, size_t count, bool heads, source *to)
{
    task tasks[JOBS];
    size_t each = heads ? HEADS_AT_ONCE : 1, n = 0;
    alice_status st = ALICE_OK;
    for (size_t i = 0; st == ALICE_OK && i < count; i += each, n++) {
        tasks[n] = (task){.f = f,
                          .first = &f->jobs[i],
                          .count = count - i < each ? count - i : each,
                          .heads = heads};
        st = alice_executor_submit(f->executor, hash_some, &tasks[n], &tasks[n].task);
    }
    alice_status waited = alice_executor_wait_all(f->executor);
    st = st == ALICE_OK ? waited : st;
    for (size_t i = 0; st == ALICE_OK && i < count; i++) {
        job *j = &f->jobs[i];
        if (j->linked) {
            j->status = f->jobs[i - 1].status;
            j->os_error = f->jobs[i - 1].os_error;
            j->r.key = f->jobs[i - 1].r.key;
        } else {
            f->out->bytes_read += heads && j->r.size > HEAD ? HEAD : j->r.size;
        }
        if (j->status == ALICE_E_CANCELLED || j->status == ALICE_E_NOMEM)
            st = j->status;
        else if (j->status != ALICE_OK)
            alice__same_unread(f, &j->r, j->status, j->os_error);
        else
            st = alice__disk_sort_add(to->sort, &j->r, f->error);
    }
    return st == ALICE_OK && alice__same_stops(f) ? ALICE_E_CANCELLED : st;
}

/* From a sort in the order of the disk to one by key. */
static alice_status hash_all(finder *f, source *from, bool heads, source *to)
{
    alice_status st = start_sort(f, from);
    while (st == ALICE_OK && from->has) {
        size_t n = 0;
        for (; st == ALICE_OK && from->has && n < JOBS; n++) {
            f->jobs[n] = (job){.r = from->ahead};
            f->jobs[n].linked = n > 0 && same_file(&f->jobs[n - 1].r, &f->jobs[n].r);
            st = pull(f, from);
        }
        if (st == ALICE_OK)
            st = hash_round(f, n, heads, to);
    }
    alice__disk_sort_close(&from->sort);
    return st == ALICE_OK ? start_sort(f, to) : st;
}

/* ---- the whole ---- */

static alice_status walk_root(finder *f, uint16_t root, source *to)
{
    const alice__walk_options w = {.env = f->env,
                                   .root_fd = f->roots[root],
                                   .scratch_dir = f->scratch_dir,
                                   .wanted = f->links ? alice__same_spare : NULL,
                                   .names_bytes = NAMES};
    alice__walk *walk = NULL;
    alice__entry e;
    uint64_t least = f->o->least_bytes ? f->o->least_bytes : 1;
    alice_status st = alice__walk_open(&walk, &w, f->error);
    while (st == ALICE_OK && (st = alice__walk_next(walk, &e)) == ALICE_OK) {
        char below[ALICE__SAME_PATH];
        alice__fs_stat s;
        const char *folder = alice__folder_path(e.folder);
        int bad = 0;
        if (e.kind == ALICE__ENTRY_FILE)
            bad = alice__fs_stat_at(alice__folder_fd(e.folder), e.name, &s);
        if (bad == -ENOENT || (e.kind != ALICE__ENTRY_FILE && e.kind != ALICE__ENTRY_ERROR))
            continue;
        if (bad || e.kind == ALICE__ENTRY_ERROR) {
            snprintf(below, sizeof below, "%s%s%s", folder, *folder ? "/" : "", e.name);
            report_unread(f, root, below, bad ? alice__status_of_errno(-bad) : e.status,
                          bad ? strerror(-bad) : e.why);
            continue;
        }
        if (s.kind != ALICE__FS_FILE || (s.size < least && !f->partners))
            continue;
        record r = {.size = s.size,
                    .dev = s.dev,
                    .inode = s.inode,
                    .mtime_ns = s.mtime_ns,
                    .root = root,
                    .spare = f->links && alice__same_spare(e.name)};
        bad = alice__path_list_add(&f->paths, folder, e.name, &r.path, &r.length);
        st = bad ? alice__same_scratch_failed(f, bad) : ALICE_OK;
        if (st == ALICE_OK && f->partners)
            st = alice__same_met(f, root, alice__folder_serial(e.folder), r.path, r.length);
        if (s.size < least)
            continue;
        f->out->files++;
        f->out->bytes += s.size;
        if (st == ALICE_OK)
            st = alice__disk_sort_add(to->sort, &r, f->error);
        if (st == ALICE_OK && f->out->files % STOP_EACH == 0 && alice__same_stops(f))
            st = ALICE_E_CANCELLED;
    }
    alice__walk_close(&walk);
    return st == ALICE_E_END ? ALICE_OK : st;
}

/* Larger files, whose heads are alike: by all their bytes. */
static alice_status settle_large(finder *f, source *large)
{
    source found;
    alice_status st = open_sort(f, &found, by_key);
    if (st == ALICE_OK)
        st = hash_all(f, large, false, &found);
    while (st == ALICE_OK && (st = next_group(f, &found, same_key)) == ALICE_OK)
        if (f->inodes > 1)
            st = alice__same_settle(f);
    alice__disk_sort_close(&found.sort);
    alice__disk_sort_close(&large->sort);
    return st == ALICE_E_END ? ALICE_OK : st;
}

static alice_status settle_heads(finder *f, source *heads)
{
    source large = {.sort = NULL};
    alice_status st = open_sort(f, &large, by_disk);
    /* The largest come first. */
    while (st == ALICE_OK && heads->has && heads->ahead.size > HEAD) {
        st = next_group(f, heads, same_key);
        if (st == ALICE_OK && f->inodes > 1)
            st = pass_group_on(f, &large);
    }
    if (st == ALICE_OK)
        st = settle_large(f, &large);
    while (st == ALICE_OK && (st = next_group(f, heads, same_key)) == ALICE_OK)
        if (f->inodes > 1)
            st = alice__same_settle(f);
    alice__disk_sort_close(&large.sort);
    return st == ALICE_E_END ? ALICE_OK : st;
}

/* Whether a walk of `above` meets all that is in the folder, both absolute and without links.
 */
static bool is_met_from(const char *above, const char *folder)
{
    const size_t n = above[1] ? strlen(above) : 0;
    if (strncmp(folder, above, n) != 0 || (folder[n] != '/' && folder[n]))
        return false;
    for (const char *p = folder + n; *p;) {
        char name[256];
        const size_t length = strcspn(++p, "/");
        snprintf(name, sizeof name, "%.*s", (int)length, p);
        if (alice__walk_passes_over(name))
            return false;
        p += length;
    }
    return true;
}

/* Whether the files of a folder are met through another one as well. What was done through one
 * name of it would look through the other as if somebody had changed it. */
static bool is_walked_anyway(const finder *f, size_t which)
{
    char own[4096], other[4096];
    if (alice__fs_real_path(f->o->paths[which], own, sizeof own) != 0)
        return false;
    for (size_t i = 0; i < f->o->path_count; i++)
        if (i != which && alice__fs_real_path(f->o->paths[i], other, sizeof other) == 0 &&
            is_met_from(other, own) && (i < which || strcmp(own, other) != 0))
            return true;
    return false;
}

alice_status alice__same_find(finder *f)
{
    source sizes = {.sort = NULL}, disk = {.sort = NULL}, heads = {.sort = NULL};
    alice_status st = open_sort(f, &sizes, by_size);
    for (size_t i = 0; st == ALICE_OK && i < f->o->path_count; i++)
        if (!f->acts || !is_walked_anyway(f, i))
            st = walk_root(f, (uint16_t)i, &sizes);
    int bad = st == ALICE_OK ? alice__path_list_end(&f->paths) : 0;
    if (bad)
        st = alice__same_scratch_failed(f, bad);
    if (st == ALICE_OK)
        st = alice__same_met_all(f);
    if (st == ALICE_OK)
        st = start_sort(f, &sizes);
    if (st == ALICE_OK)
        st = open_sort(f, &disk, by_disk);
    while (st == ALICE_OK && (st = next_group(f, &sizes, same_size)) == ALICE_OK)
        if (f->inodes > 1)
            st = pass_group_on(f, &disk);
    alice__disk_sort_close(&sizes.sort);
    if (st == ALICE_E_END)
        st = open_sort(f, &heads, by_key);
    if (st == ALICE_OK)
        st = hash_all(f, &disk, true, &heads);
    if (st == ALICE_OK)
        st = settle_heads(f, &heads);
    alice__disk_sort_close(&disk.sort);
    alice__disk_sort_close(&heads.sort);
    return st;
}

/* ---- memory ---- */

static alice_status open_budget(finder *f)
{
    const alice_duplicates_options *o = f->o;
    alice_config config = o->config;
    alice_config_resolve(&config);
    alice__own_limit own;
    alice_status st =
        alice__own_limit_divide(&config, o->kernel_backstop, LEAST_WORK, &own, f->error);
    if (st != ALICE_OK)
        return st;
    const size_t work = own.work;
    /* A thread takes a stack, a chunk and what else reading a whole file takes. */
    size_t threads = alice_config_workers(&config), each = STACK + 2 * CHUNK;
    threads = threads * each > work / 4 ? work / 4 / each : threads;
    /* Three sorts at once, one of what is to be done, and the rest. */
    f->block = (work - work / 4) / (f->acts ? 5 : 4);
    f->block = f->block > BLOCK_MOST ? BLOCK_MOST : f->block;

    const alice_budget_options b = {.env = o->env, .limit = own.limit};
    st = alice_budget_open(&f->budget, &b);
    if (st == ALICE_OK)
        st = alice_account_open(&f->account, alice_budget_root(f->budget), "duplicates", 0);
    if (st != ALICE_OK)
        return alice__fail(f->error, st, 0, "there is no memory to begin with");
    alice_account_observe(alice_budget_root(f->budget), own.floor + ALICE__OWN_GUARD);
    f->env = o->env;
    f->env.account = f->account;
    f->whole = (alice__reading_whole){
        .env = f->env, .chunk_bytes = CHUNK, .should_stop = alice__same_stops, .stop_ctx = f};
    if (o->kernel_backstop) {
        const alice_limit_options l = {.env = f->env, .limit_bytes = own.limit};
        st = alice_limit_begin(&f->limit, &l);
        if (st != ALICE_OK)
            return alice__fail(f->error, st, 0, "the kernel does not hold the limit");
    }
    const alice_executor_options x = {.env = f->env,
                                      .threads = threads > 1 ? (unsigned)threads : 0,
                                      .stack_bytes = STACK,
                                      .name = "duplicates"};
    st = alice_executor_open(&f->executor, &x);
    if (st == ALICE_OK)
        st = alice__path_list_open(&f->paths, &f->env, f->scratch_dir);
    if (st == ALICE_OK)
        st = alice_env_alloc(&f->env, ALICE__SAME_MEMBERS * sizeof *f->members, ALICE_HERE,
                             (void **)&f->members);
    if (st == ALICE_OK)
        st = alice_env_alloc(&f->env, JOBS * sizeof *f->jobs, ALICE_HERE, (void **)&f->jobs);
    return st == ALICE_OK ? st
                          : alice__fail(f->error, st, 0, "there is no memory to begin with");
}

alice_status alice__same_end(finder *f)
{
    alice_status st = alice_executor_close(&f->executor);
    alice__disk_sort_close(&f->todo);
    if (f->jobs)
        alice_env_free(&f->env, f->jobs, JOBS * sizeof *f->jobs);
    if (f->members)
        alice_env_free(&f->env, f->members, ALICE__SAME_MEMBERS * sizeof *f->members);
    f->jobs = NULL;
    f->members = NULL;
    alice__path_list_shed(&f->paths);
    alice_limit_end(&f->limit);
    if (f->account) {
        f->out->peak_bytes = alice_account_peak(f->account);
        alice_status closed = alice_account_close(&f->account);
        st = st == ALICE_OK ? closed : st;
    }
    if (f->budget) {
        alice_account_observe(alice_budget_root(f->budget), 0);
        alice_status closed = alice_budget_close(&f->budget, NULL);
        st = st == ALICE_OK ? closed : st;
    }
    return st;
}

void alice__same_close(finder *f)
{
    for (size_t i = 0; i < f->o->path_count; i++)
        alice__fs_close(f->roots[i]);
    alice__path_list_close(&f->paths);
    alice__fs_close(f->spilled);
    alice__fs_close(f->met);
}

static alice_status open_roots(finder *f)
{
    for (size_t i = 0; i < f->o->path_count; i++) {
        int bad = alice__fs_open_dir_path(f->o->paths[i], &f->roots[i]);
        if (bad)
            return alice__fail(f->error, alice__status_of_errno(-bad), -bad, "%s: %s",
                               f->o->paths[i], strerror(-bad));
    }
    return ALICE_OK;
}

alice_status alice__same_begin(finder *f, const alice_duplicates_options *own,
                               alice_duplicates_result *out, alice_error *error)
{
    f->o = own;
    f->out = out;
    f->error = error;
    f->scratch_dir = own->scratch_dir ? own->scratch_dir : "/var/tmp";
    f->paths.file = f->spilled = f->met = -1;
    for (size_t i = 0; own->keep && i < own->keep_count; i++)
        f->partners |= own->keep[i].keep == ALICE_KEEP_HAS_SIDECAR;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < own->path_count; i++)
        f->roots[i] = -1;
    alice_status st = open_roots(f);
    return st == ALICE_OK ? open_budget(f) : st;
}

alice_status alice__same_take(alice_duplicates_options *own,
                              const alice_duplicates_options *given, alice_error *error)
{
    if (!given || !given->paths || given->path_count == 0 ||
        given->path_count > ALICE__SAME_PATHS)
        return alice__fail(error, ALICE_E_INVAL, 0, "1 to %d folders are looked through",
                           ALICE__SAME_PATHS);
    alice_status st = alice__options_take(own, sizeof *own, given);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    for (size_t i = 0; own->keep && i < own->keep_count; i++)
        if ((unsigned)own->keep[i].keep > ALICE_KEEP_HAS_SIDECAR)
            return alice__fail(error, ALICE_E_INVAL, 0, "rule %zu of what to keep is none here",
                               i + 1);
    return ALICE_OK;
}

alice_status alice_duplicates(const alice_duplicates_options *options,
                              alice_duplicates_result *out, alice_error *error)
{
    alice_duplicates_result unwanted;
    alice_duplicates_options own;
    finder f = {.acts = false};
    alice_status st = alice__same_take(&own, options, error);
    if (st != ALICE_OK)
        return st;
    st = alice__same_begin(&f, &own, out ? out : &unwanted, error);
    if (st == ALICE_OK)
        st = alice__same_find(&f);
    alice_status closed = alice__same_end(&f);
    alice__same_close(&f);
    return st == ALICE_OK ? closed : st;
}
