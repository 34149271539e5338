/* SPDX-License-Identifier: MIT */
/*
 * alice_redate(): every organized file is asked again when it was taken.
 *
 *   placed files, by the group that shares a number, sorted on disk
 *     ─▶ read the leader, and the sidecars beside it ─▶ another day?
 *     ─▶ rows "went there", durable ─▶ rename, a group whole or not at all ─▶ its row follows
 *
 * A file that goes has a row of this run, as a duplicate taken out of the inbox has: from
 * where, to where, and of which organized file. After a kill recover.c holds the row against
 * what stands; an undo moves the file back, and the organized file's own row follows again.
 *
 * Only a better reason moves a file: where all that is left is its modification time or
 * nothing, it keeps the date that it has. Where a layout is given, each goes where that has it:
 * see redate_plan.c.
 */
#include "organize/redate_plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "organize/disk_sort.h"
#include "organize/stamp.h"
#include "port/fs.h"

enum {
    BATCH = 64, /* files that are on their way together */
    SORT = 512 * 1024,
    STOP_EACH = 64,
    HEADS = 32 /* KB that are read at once of one that follows */
};

/* What a placed file is sorted by: what its group shares, and then its row. */
typedef struct entry {
    alice__hash base;
    int64_t id;
} entry;

typedef struct member {
    int64_t id, run, row; /* its row, the run that organized it, the row that says it went */
    alice__stamp stamp;   /* as it was placed */
    alice__hash head;     /* now */
    alice__fs_stat now;
    int folder; /* of dest, open while it moves; -1 */
    bool leads, goes, done;
    bool better;     /* of a leader: it knows more of its date by now */
    const char *why; /* it is left; static text */
    size_t stem;     /* of a leader: what those that follow it share of `dest` */
    size_t new_stem; /* and of `to` */
    alice_date date; /* of a leader */
    alice_date_source source;
    char dest[ALICE__DEST_MAX], to[ALICE__DEST_MAX];
} member;

typedef struct redating {
    alice_organizer *o;
    alice_redate_result *r;
    alice_error *error;
    alice__transfer *transfer;
    alice__analyzer *analyzer;
    uint8_t *head;
    member *all;
    size_t count;      /* of whole groups, to be settled */
    bool crowded;      /* the group at hand has more members than there is room for */
    char stems[32];    /* see redate_plan.h */
    int64_t inbox_run; /* whose inbox that is */
    char inbox[ALICE__PATH_MAX];
    alice_media_info info;
} redating;

static bool asked_to_stop(const redating *r)
{
    const alice_organizer_options *o = &r->o->options;
    return o->should_stop && o->should_stop(o->ctx);
}

static const char *leaf_of(const char *dest)
{
    const char *slash = strrchr(dest, '/');
    return slash ? slash + 1 : dest;
}

/* The folder of a path below organized; "": organized itself, where a layout has no folders. */
static void folder_of(const char *dest, char out[ALICE__DEST_MAX])
{
    const char *leaf = leaf_of(dest);
    snprintf(out, ALICE__DEST_MAX, "%.*s", leaf > dest ? (int)(leaf - dest) - 1 : 0, dest);
}

static int open_folder(const alice_organizer *o, member *m)
{
    char folder[ALICE__DEST_MAX];
    folder_of(m->dest, folder);
    return alice__fs_open_dir(o->organized_fd, *folder ? folder : ".", &m->folder);
}

/* The folders that its source was in, below the inbox of its run; "": that is not known. */
static alice_status find_source(redating *r, const member *m, char source[ALICE__PATH_MAX],
                                const char **name, const char **folders)
{
    alice__run_row run;
    alice_status st = ALICE_OK;
    *folders = "";
    *name = leaf_of(m->dest);
    if (r->inbox_run != m->run) {
        st = alice__catalog_run_before(r->o->catalog, m->run + 1, &run);
        if (st != ALICE_OK && st != ALICE_E_END)
            return st;
        bool its = st == ALICE_OK && run.id == m->run && strcmp(run.mode, "rebuild") != 0;
        snprintf(r->inbox, sizeof r->inbox, "%s", its ? run.inbox : "");
        r->inbox_run = m->run;
    }
    size_t top = strlen(r->inbox);
    st = top ? alice__catalog_source(r->o->catalog, m->id, source, ALICE__PATH_MAX)
             : ALICE_E_NOENT;
    if (st == ALICE_E_NOENT || st == ALICE_E_TOOBIG)
        return ALICE_OK;
    char *slash = st == ALICE_OK ? strrchr(source, '/') : NULL;
    if (!slash)
        return st;
    *slash = 0;
    *name = slash + 1;
    if (strncmp(source, r->inbox, top) == 0 && source[top] == '/')
        *folders = source + top + 1;
    return ALICE_OK;
}

/* Where the leader goes, which is where it stands if it has to go nowhere. */
static alice_status plan_leader(redating *r, member *m, const char *folders, const char *name)
{
    size_t day = strcspn(m->dest, "/");
    char text[16];
    m->stem = alice__redate_shared(m->dest);
    snprintf(m->to, sizeof m->to, "%s", m->dest);
    if (!r->o->options.layout) { /* by the usual one, from day to day */
        alice_date_text(&m->date, text, sizeof text);
        int n = m->better ? snprintf(m->to, sizeof m->to, "%s%s", text, m->dest + day) : 0;
        m->new_stem = m->stem - day + strlen(text);
        if (n < 0 || (size_t)n >= sizeof m->to)
            m->why = "its new path is too long";
        return ALICE_OK;
    }
    if (r->info.type == ALICE_MEDIA_NONE) {
        m->why = "it belongs to another file, which is not known";
        return ALICE_OK;
    }
    if (!m->better) {
        alice_status st = alice__catalog_date(r->o->catalog, m->id, &m->date);
        if (st != ALICE_OK)
            return st;
    }
    r->info.date = m->date;
    char album[ALICE__ALBUM_MAX];
    alice_status st = alice__catalog_album(r->o->catalog, m->id, album, sizeof album);
    if (st != ALICE_OK)
        return st;
    const alice__replan plan = {.o = r->o,
                                .info = &r->info,
                                .dest = m->dest,
                                .folders = folders,
                                .name = name,
                                .album = album,
                                .stems = r->stems};
    st = alice__redate_path(&plan, m->to);
    if (st == ALICE_E_TOOBIG)
        m->why = "its new path is too long";
    else if (st == ALICE_E_CHANGED || st == ALICE_E_IO || st == ALICE_E_NOENT ||
             st == ALICE_E_ACCESS)
        m->why = "it cannot be read";
    else if (st != ALICE_OK)
        return st;
    m->stem = alice__redate_stem(m->dest);
    m->new_stem = alice__redate_stem(m->to);
    return ALICE_OK;
}

/* When the leader was taken, by its bytes, the name it came with, and what stands beside it
 * now. ALICE_OK: `m->why` may say that it cannot be told. */
static alice_status read_leader(redating *r, member *m)
{
    char source[ALICE__PATH_MAX];
    const char *name = NULL, *folders = NULL;
    int fd = -1, os_error = 0;
    alice_status st = find_source(r, m, source, &name, &folders);
    if (st != ALICE_OK)
        return st;
    const char *leaf = leaf_of(m->dest);
    int bad = open_folder(r->o, m);
    if (!bad)
        bad = alice__fs_open_read(m->folder, leaf, &fd);
    if (bad) { /* that one is gone is for `alice verify` to say */
        m->source = ALICE_DATE_NOWHERE;
        m->why = bad == -ENOENT ? NULL : "it cannot be read";
        return ALICE_OK;
    }
    alice__file file = {.name = name};
    const alice__reading reading = {.fd = fd,
                                    .folders = folders,
                                    .now_s = alice__present(&r->o->env),
                                    .date_patterns = r->o->options.date_patterns,
                                    .beside_fd = &m->folder,
                                    .sidecars_of = leaf};
    st = alice__probe_file(r->analyzer, r->head, &reading, &file, &r->info, &os_error);
    alice__fs_close(fd);
    if (st == ALICE_E_NOMEM || st == ALICE_E_CANCELLED)
        return st;
    if (st != ALICE_OK) {
        m->why = "it cannot be read";
        return ALICE_OK;
    }
    char own[ALICE__PATH_MAX];
    int64_t dir = 0;
    st = alice__catalog_place(r->o->catalog, m->id, &dir, own, sizeof own);
    if (st == ALICE_OK)
        st = alice__borrow_zone(r->o, dir, own, m->id, &r->info);
    if (st != ALICE_OK)
        return st;
    m->head = file.head;
    m->date = r->info.date;
    m->source = r->info.date_source;
    if (r->info.type == ALICE_MEDIA_NONE)
        m->source = ALICE_DATE_NOWHERE;
    m->better = m->date.year != 0 && m->source < ALICE_DATE_MTIME;
    return plan_leader(r, m, folders, name);
}

/* How the file is now; and where it goes, with the leader. */
static void plan_member(redating *r, const member *leader, member *m)
{
    alice_organizer *o = r->o;
    alice__fs_stat s;
    size_t got = 0;
    int fd = -1;
    int n = 1;
    if (!m->leads) {
        /* What stands behind the stem they share; of the usual layout at least its number. */
        size_t stem = leader->stem, to = leader->new_stem;
        if (strncmp(m->dest, leader->dest, stem) != 0) {
            stem = alice__redate_shared(m->dest);
            to = leader->new_stem;
        }
        n = snprintf(m->to, sizeof m->to, "%.*s%s", (int)to, leader->to, m->dest + stem);
    }
    int bad = n > 0 && (size_t)n < sizeof m->to ? 0 : -ENAMETOOLONG;
    if (!bad)
        bad = alice__fs_open_read(o->organized_fd, m->dest, &fd);
    if (!bad)
        bad = alice__fs_stat_fd(fd, &m->now);
    if (!bad && !m->leads)
        bad = alice__fs_read_at(fd, 0, r->head, ALICE__HEAD_BYTES, &got);
    alice__fs_close(fd);
    if (bad == -ENOENT && !m->leads)
        return; /* what is gone tears no group */
    if (bad || m->now.kind != ALICE__FS_FILE) {
        m->why = bad == -ENAMETOOLONG ? "its new path is too long" : "it cannot be read";
        return;
    }
    if (!m->leads)
        m->head = alice__hash_of_bytes(r->head, got);
    if (alice__fs_stat_at(o->organized_fd, m->to, &s) != -ENOENT)
        m->why = "another file stands where it belongs";
    m->goes = !m->why;
}

static void report(const redating *r, const member *m, bool done)
{
    const alice_organizer *o = r->o;
    char from[ALICE__PATH_MAX], to[ALICE__PATH_MAX];
    if (!o->options.on_file)
        return;
    alice__join(from, sizeof from, o->organized, "", m->dest);
    alice__join(to, sizeof to, o->organized, "", m->to);
    const alice_file_report told = {
        .source_path = from,
        .destination = *m->to ? to : NULL,
        .outcome = done ? ALICE_ORGANIZED : ALICE_FAILED,
        .reason = !done ? (m->why ? m->why : "one that belongs to it stays")
                  : m->leads
                      ? (o->options.layout ? "the layout" : alice_date_source_name(m->source))
                      : "with the file that it belongs to",
        .status = done ? ALICE_OK : ALICE_E_CHANGED,
        .bytes = m->now.size};
    o->options.on_file(o->options.ctx, &told);
}

static void count(redating *r, const member *m, bool done)
{
    r->r->moved += done;
    r->r->left += !done;
    r->r->bytes += done ? m->now.size : 0;
    report(r, m, done);
}

/* The members [from, r->count) are a group: what becomes of it. They stay in the batch where it
 * goes. */
static alice_status plan_group(redating *r, size_t from)
{
    const size_t to = r->count;
    member *leader = &r->all[from];
    r->r->files += to - from;
    alice_status st = read_leader(r, leader);
    leader->leads = true;
    if (r->crowded)
        leader->why = "too many files share its number";
    r->crowded = false;
    bool moves =
        st == ALICE_OK && !leader->why && *leader->to && strcmp(leader->to, leader->dest) != 0;
    r->r->unread += leader->why != NULL;
    if (leader->why)
        report(r, leader, false);
    bool whole = moves;
    for (size_t i = from; i < to && moves; i++) {
        plan_member(r, leader, &r->all[i]);
        whole &= r->all[i].why == NULL;
    }
    r->r->groups += whole;
    for (size_t i = from; i < to && moves; i++)
        if (!whole || r->o->options.dry_run)
            if (r->all[i].goes || r->all[i].why)
                count(r, &r->all[i], whole);
    if (whole && !r->o->options.dry_run)
        return st;
    for (size_t i = from; i < to; i++)
        alice__fs_close(r->all[i].folder);
    r->count = from;
    return st;
}

/* ---- the batch ---- */

/* The row that says where the file went. */
static alice_status add_row(redating *r, member *m)
{
    alice_organizer *o = r->o;
    char folder[ALICE__PATH_MAX], below[ALICE__DEST_MAX];
    folder_of(m->dest, below);
    snprintf(folder, sizeof folder, "%s%s%s", o->organized, *below ? "/" : "", below);
    alice__row row = {
        .file = {.name = leaf_of(m->dest), .stamp = alice__stamp_of(&m->now), .head = m->head},
        .state = ALICE__DUPLICATE,
        .other = m->id,
        .dest = m->to,
        .run_id = r->r->run};
    alice_status st = alice__catalog_dir(o->catalog, folder, true, &row.dir_id);
    return st == ALICE_OK ? alice__catalog_add(o->catalog, &row, &m->row, r->error) : st;
}

static alice_status put(redating *r, size_t i)
{
    member *m = &r->all[i];
    const alice_organizer *o = r->o;
    int bad = m->folder < 0 ? open_folder(o, m) : 0;
    size_t first = i;
    while (!r->all[first].leads)
        first--;
    const alice__job job = {.tag = i,
                            .group = (uint64_t)r->all[first].id,
                            .source_dir_fd = m->folder,
                            .source = {.name = leaf_of(m->dest),
                                       .stamp = alice__stamp_of(&m->now),
                                       .head = m->head},
                            .dest = m->to};
    alice_status st =
        bad ? alice__status_of_errno(-bad) : alice__transfer_put(r->transfer, &job, NULL);
    m->done = st == ALICE_OK;
    if (!m->done) {
        m->why = alice_status_text(st);
        alice__transfer_take_back(r->transfer, job.group, st);
        for (size_t k = first; k < r->count && (k == first || !r->all[k].leads); k++)
            r->all[k].goes = false; /* nobody goes alone */
    }
    return st == ALICE_E_NOSPC || st == ALICE_E_CANCELLED ? st : ALICE_OK;
}

static void transferred(void *ctx, uint64_t tag, alice_status st, const alice_error *e)
{
    redating *r = ctx;
    member *m = &r->all[tag];
    (void)e;
    m->done &= st == ALICE_OK;
    if (st != ALICE_OK && !m->why)
        m->why = alice_status_text(st);
}

/* Its row follows the file, or the row of this run goes. */
static alice_status note(redating *r, member *m)
{
    alice_organizer *o = r->o;
    if (!m->done)
        return m->row ? alice__catalog_forget(o->catalog, m->row) : ALICE_OK;
    memset(&r->info, 0, sizeof r->info);
    r->info.date = m->date;
    r->info.date_source = m->source;
    return alice__catalog_redated(o->catalog, m->id, m->to,
                                  m->leads && m->better ? &r->info : NULL);
}

static alice_status settle(redating *r)
{
    alice_organizer *o = r->o;
    alice_status st = ALICE_OK, stopped = ALICE_OK;
    for (size_t i = 0; i < r->count && st == ALICE_OK; i++)
        if (r->all[i].goes)
            st = add_row(r, &r->all[i]);
    if (st == ALICE_OK)
        st = alice__catalog_commit(o->catalog, true, r->error);
    for (size_t i = 0; i < r->count && st == ALICE_OK && stopped == ALICE_OK; i++)
        if (r->all[i].goes)
            stopped = put(r, i);
    if (st == ALICE_OK)
        st = alice__transfer_finish(r->transfer, transferred, r, r->error);
    for (size_t i = 0; i < r->count && st == ALICE_OK; i++) {
        if (r->all[i].done) /* before it is noted: a kill in between is made good as well */
            alice__remove_empty(o, r->all[i].dest);
        st = note(r, &r->all[i]);
    }
    if (st == ALICE_OK)
        st = alice__catalog_commit(o->catalog, false, r->error);
    for (size_t i = 0; i < r->count; i++) {
        member *m = &r->all[i];
        alice__fs_close(m->folder);
        if (st != ALICE_OK || !m->row)
            continue;
        count(r, m, m->done);
    }
    r->count = 0;
    return st != ALICE_OK ? st : stopped;
}

/* ---- all of them ---- */

static int by_group(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int d = (x->base.high > y->base.high) - (x->base.high < y->base.high);
    d = d ? d : (x->base.low > y->base.low) - (x->base.low < y->base.low);
    return d ? d : (x->id > y->id) - (x->id < y->id);
}

static alice_status add_all(redating *r, alice__disk_sort *sort)
{
    alice__placed p;
    char dest[ALICE__DEST_MAX];
    int64_t after = 0;
    alice_status st;
    while ((st = alice__catalog_next_placed(r->o->catalog, 0, &after, &p, dest, sizeof dest)) ==
           ALICE_OK) {
        size_t n = alice__redate_shared(dest);
        if (n == 0 && !r->o->options.layout) {
            r->r->other_layout++;
            continue;
        }
        entry e = {.base = alice__hash_of_bytes(dest, n), .id = p.id};
        if (n == 0)
            st = alice__redate_group(r->o, p.id, dest, &e.base);
        if (n == 0 && st == ALICE_OK)
            st = alice__redate_stands(r->o, r->stems, dest);
        if (st == ALICE_OK)
            st = alice__disk_sort_add(sort, &e, r->error);
        if (st != ALICE_OK)
            return st;
    }
    return st == ALICE_E_END ? ALICE_OK : st;
}

/* The file of a row, as the next member. */
static alice_status take(redating *r, int64_t id)
{
    member *m = &r->all[r->count];
    alice__placed p;
    int64_t after = id - 1;
    memset(m, 0, sizeof *m);
    m->folder = -1;
    alice_status st =
        alice__catalog_next_placed(r->o->catalog, id + 1, &after, &p, m->dest, sizeof m->dest);
    if (st != ALICE_OK)
        return st == ALICE_E_END ? ALICE_OK : st;
    m->id = p.id;
    m->run = p.run;
    m->stamp = p.stamp;
    r->count++;
    return ALICE_OK;
}

static alice_status every_group(redating *r, alice__disk_sort *sort)
{
    const void *next;
    entry last = {.id = 0};
    size_t from = 0, looks = 0;
    alice_status st = alice__disk_sort_start(sort, r->error);
    while (st == ALICE_OK && (st = alice__disk_sort_next(sort, &next, r->error)) == ALICE_OK) {
        entry e;
        memcpy(&e, next, sizeof e);
        if (last.id && !alice__same_hash(e.base, last.base)) {
            st = r->count > from ? plan_group(r, from) : ALICE_OK;
            from = r->count;
            if (st == ALICE_OK && ++looks % STOP_EACH == 0 && asked_to_stop(r))
                st = ALICE_E_CANCELLED;
            /* A group has room for half of a batch. */
            if (st == ALICE_OK && r->count > BATCH / 2) {
                st = settle(r);
                from = 0;
            }
        }
        last = e;
        r->crowded |= r->count == BATCH;
        if (st == ALICE_OK && r->count < BATCH)
            st = take(r, e.id);
    }
    if (st == ALICE_E_END)
        st = r->count > from ? plan_group(r, from) : ALICE_OK;
    else
        r->count = from; /* the group at hand is not whole */
    if (st == ALICE_OK || st == ALICE_E_CANCELLED) {
        alice_status done = r->count ? settle(r) : ALICE_OK;
        st = done != ALICE_OK ? done : st;
    }
    return st;
}

static alice_status open_all(redating *r, alice__disk_sort **sort, void **all)
{
    alice_organizer *o = r->o;
    alice_env env = alice__organizer_env(o, o->acc_probe);
    const alice__disk_sort_options by = {.env = alice__organizer_env(o, o->acc_walk),
                                         .scratch_dir = alice__organizer_scratch(o),
                                         .record_bytes = sizeof(entry),
                                         .block_bytes = SORT,
                                         .order = by_group};
    const alice__transfer_options t =
        alice__organizer_transfer(o, o->organized_fd, true, BATCH);
    void *head = NULL;
    alice_status st = alice_env_calloc(&env, BATCH, sizeof(member), ALICE_HERE, all);
    r->all = *all;
    if (st == ALICE_OK)
        st = alice_env_alloc(&env, ALICE__HEAD_BYTES, ALICE_HERE, &head);
    r->head = head;
    if (st == ALICE_OK)
        st = alice__analyzer_open(&r->analyzer, &env, o->sizes.texts);
    if (st == ALICE_OK)
        st = alice__disk_sort_open(sort, &by, r->error);
    if (st == ALICE_OK && !o->options.dry_run)
        st = alice__transfer_open(&r->transfer, &t, r->error);
    return st;
}

static alice_status redate_all(redating *r)
{
    alice_organizer *o = r->o;
    alice_env env = alice__organizer_env(o, o->acc_probe);
    alice__disk_sort *sort = NULL;
    void *all = NULL;
    const alice__run run = {.mode = "redate",
                            .inbox = o->organized,
                            .organized = o->organized,
                            .started_s = alice_env_wall_s(&o->env)};
    alice_status st = open_all(r, &sort, &all);
    if (st == ALICE_OK && !o->options.dry_run)
        st = alice__catalog_run_begin(o->catalog, &run, &r->r->run, r->error);
    snprintf(r->stems, sizeof r->stems, ALICE__REDATE_STEMS "%lld", (long long)r->r->run);
    if (st == ALICE_OK)
        st = add_all(r, sort);
    if (st == ALICE_OK)
        st = every_group(r, sort);
    if (st == ALICE_OK && r->r->run && o->options.layout)
        st = alice__catalog_drop_numbers(o->catalog, ALICE__REDATE_STEMS);
    if (st != ALICE_OK && st != ALICE_E_CANCELLED && r->r->run)
        alice__catalog_rollback(o->catalog);
    if (r->r->run) {
        const alice_tally tally = {.files = r->r->files,
                                   .organized = r->r->moved,
                                   .errors = r->r->left,
                                   .bytes = r->r->bytes};
        st = alice__organizer_run_over(o, r->r->run, &tally, st == ALICE_OK, st, r->error);
    }
    alice__transfer_close(&r->transfer);
    alice__disk_sort_close(&sort);
    alice__analyzer_close(&r->analyzer);
    alice_env_free(&env, r->head, r->head ? ALICE__HEAD_BYTES : 0);
    alice_env_free(&env, all, all ? BATCH * sizeof(member) : 0);
    return st;
}

alice_status alice__redate_on(const alice_organizer_options *options, const alice__fs_ops *fs,
                              alice_redate_result *result, alice_error *error)
{
    alice_organizer *o = NULL;
    alice_error unheard = {.text = ""};
    if (!error)
        error = &unheard;
    error->text[0] = 0;
    if (!options || !options->organized || !result)
        return alice__fail(error, ALICE_E_INVAL, 0, "an organized folder is needed");
    memset(result, 0, sizeof *result);
    alice_organizer_options own;
    alice_status st = alice__options_take(&own, sizeof own, options);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    own.inbox = NULL;
    own.move = true;
    st = alice__organizer_open_on(&o, &own, fs, error);
    alice_env env = {.alloc = options->env.alloc};
    void *room = NULL;
    if (st == ALICE_OK)
        st = alice_env_calloc(&env, 1, sizeof(redating), ALICE_HERE, &room);
    if (st == ALICE_OK) {
        redating *r = room;
        *r = (redating){.o = o, .r = result, .error = error};
        st = redate_all(r);
    }
    alice_env_free(&env, room, room ? sizeof(redating) : 0);
    if (st != ALICE_OK && error->text[0] == 0) {
        const char *why = o ? alice__catalog_why(o->catalog) : "";
        alice__fail(error, st, 0, "%s", *why ? why : alice_status_text(st));
    }
    alice_organizer_close(&o);
    return st;
}

alice_status alice_redate(const alice_organizer_options *options, alice_redate_result *result,
                          alice_error *error)
{
    return alice__redate_on(options, NULL, result, error);
}
