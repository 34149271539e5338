/* SPDX-License-Identifier: MIT */
/*
 * Dates that the clock refused. A row says which day was called the future when its file was
 * placed; once that day is no future any more, the organized file is read again, and moves to
 * the day that it gets now, with its number and with those that follow it.
 *
 * Names change before rows do, and both before the run begins. After a kill in between, the row
 * says which day its file has gone to: there it is found, and the row follows.
 *
 * A group goes whole or not at all. One that follows goes as it is now, edited or not: with its
 * leader it belongs to the day, too.
 */
#include "organize/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "media/date.h"
#include "media/facts.h"
#include "organize/plan.h"
#include "organize/stamp.h"
#include "port/fs.h"

enum { BATCH = 64, DAY_S = 86400 };
typedef struct member {
    int64_t id;
    alice__stamp stamp;
    char dest[ALICE__DEST_MAX], to[ALICE__DEST_MAX];
    int folder; /* of dest, open while it moves; -1 */
    bool leads, done;
    bool went;             /* before a kill: it stands at `to` */
    alice_media_info info; /* of a leader; its texts are gone */
} member;

typedef struct redating {
    alice__flow *x;
    alice__transfer *transfer;
    alice__analyzer *analyzer;
    uint8_t *head;
    member *all;
    size_t count;
    uint64_t moved;
} redating;

/* Bytes of a path up to the end of its number: what a group shares. */
static size_t base_length(const char *dest)
{
    const char *leaf = strrchr(dest, '/');
    const char *p = leaf ? leaf + 1 : dest;
    /* "<project>-<NNNNN>": the project is the folder two up, and may have digits itself. */
    const char *project = strchr(dest, '/');
    size_t n = project ? strcspn(project + 1, "/") : 0;
    if (n > 0 && strncmp(p, project + 1, n) == 0 && p[n] == '-')
        p += n + 1;
    return (size_t)(p - dest) + strspn(p, "0123456789");
}

static bool same_group(const member *a, const member *b)
{
    size_t n = base_length(a->dest);
    return n == base_length(b->dest) && memcmp(a->dest, b->dest, n) == 0;
}

/* Whether the file at `path` is as the member was placed. */
static bool is_as_placed(const alice_organizer *o, const member *m, const char *path,
                         alice__fs_stat *s)
{
    return alice__fs_stat_at(o->organized_fd, path, s) == 0 && alice__as_placed(s, &m->stamp);
}

/* Where the member goes on that day; false: nowhere, or it is there. */
static bool plan_member(member *m, const alice_date *date)
{
    const char *rest = strchr(m->dest, '/');
    int n = snprintf(m->to, sizeof m->to, "%04d-%02u-%02u%s", date->year, date->month,
                     date->day, rest ? rest : "");
    return rest && n > 0 && (size_t)n < sizeof m->to && strcmp(m->to, m->dest) != 0;
}

/* A run that was killed had renamed it: nothing stands where its row says, and on the day that
 * was refused stands what was placed. */
static void find_what_went(const alice_organizer *o, member *m)
{
    alice__fs_stat s;
    alice_date date = {.year = 0};
    int64_t day = 0;
    if (alice__fs_stat_at(o->organized_fd, m->dest, &s) != -ENOENT ||
        alice__catalog_refused_day(o->catalog, m->id, &day) != ALICE_OK || day <= 0)
        return;
    alice__date_of_days(day, &date);
    m->went = plan_member(m, &date) && is_as_placed(o, m, m->to, &s);
}

/* The date that a placed file has now, by its bytes and by the name that it came with. */
static alice_status read_again(redating *r, member *m)
{
    alice_organizer *o = r->x->o;
    char source[ALICE__PATH_MAX], folders[ALICE__PATH_MAX] = "";
    alice__file file = {.name = NULL};
    int fd = -1, os_error = 0;
    alice_status st = alice__catalog_source(o->catalog, m->id, source, sizeof source);
    if (st != ALICE_OK)
        return st;
    char *name = strrchr(source, '/');
    size_t top = strlen(o->inbox);
    if (!name)
        return ALICE_E_NOENT;
    *name++ = 0;
    if (strncmp(source, o->inbox, top) == 0 && source[top] == '/')
        snprintf(folders, sizeof folders, "%s", source + top + 1);
    os_error = -alice__fs_open_read(o->organized_fd, m->went ? m->to : m->dest, &fd);
    if (os_error)
        return alice__status_of_errno(os_error);
    const alice__reading reading = {.fd = fd,
                                    .folders = folders,
                                    .now_s = r->x->present_s,
                                    .date_patterns = o->options.date_patterns};
    file.name = name;
    st = alice__probe_file(r->analyzer, r->head, &reading, &file, &m->info, &os_error);
    alice__fs_close(fd);
    if (st == ALICE_OK && m->went) { /* there by a kill, or another's by chance? */
        alice__hash placed;
        st = alice__catalog_head(o->catalog, m->id, &placed);
        if (st == ALICE_OK && !alice__same_hash(file.head, placed))
            st = ALICE_E_CHANGED;
    }
    memset(m->info.fact, 0, sizeof m->info.fact);
    int64_t dir = 0;
    if (st == ALICE_OK)
        st = alice__catalog_place(o->catalog, m->id, &dir, source, sizeof source);
    return st == ALICE_OK ? alice__borrow_zone(o, dir, source, m->id, &m->info) : st;
}

/* Hand one over: a leader if it is as it was placed, one that follows as it is. */
static alice_status put(redating *r, size_t i, uint64_t group)
{
    member *m = &r->all[i];
    alice_organizer *o = r->x->o;
    alice__fs_stat s;
    if (!is_as_placed(o, m, m->dest, &s) &&
        (m->leads || alice__fs_stat_at(o->organized_fd, m->dest, &s) != 0 ||
         s.kind != ALICE__FS_FILE))
        return ALICE_E_CHANGED;
    char *slash = strrchr(m->dest, '/');
    *slash = 0;
    int bad = o->fs->open_dir(o->fs, o->organized_fd, m->dest, &m->folder);
    *slash = '/';
    if (bad)
        return alice__status_of_errno(-bad);
    const alice__job job = {.tag = i,
                            .group = group,
                            .source_dir_fd = m->folder,
                            .source = {.name = slash + 1, .stamp = alice__stamp_of(&s)},
                            .head_unknown = true,
                            .dest = m->to};
    return alice__transfer_put(r->transfer, &job, NULL);
}

/* Whether something stands where the row says: what is gone tears no group. */
static bool is_there(const alice_organizer *o, const member *m)
{
    alice__fs_stat s;
    return alice__fs_stat_at(o->organized_fd, m->dest, &s) != -ENOENT;
}

/* The members [from, to) of one group: they go where their leader, the first that was placed,
   goes. */
static void plan_group(redating *r, size_t from, size_t to)
{
    alice_organizer *o = r->x->o;
    size_t first = from;
    for (size_t i = from; i < to; i++) {
        if (r->all[i].id < r->all[first].id)
            first = i;
        find_what_went(o, &r->all[i]);
    }
    member *leader = &r->all[first];
    uint64_t group = (uint64_t)leader->id;
    leader->leads = true;
    const alice_date *date = &leader->info.date;
    if (read_again(r, leader) != ALICE_OK || date->year == 0)
        return;
    for (size_t i = from; i < to; i++) {
        member *m = &r->all[i];
        if (m->went) {
            m->done = true;
            continue;
        }
        if (!plan_member(m, date) || (m != leader && !is_there(o, m)))
            continue;
        alice_status st = put(r, i, group);
        m->done = st == ALICE_OK;
        if (!m->done && !leader->went) { /* nobody goes alone */
            alice__transfer_take_back(r->transfer, group, st);
            return;
        }
    }
}

static void transferred(void *ctx, uint64_t tag, alice_status st, const alice_error *e)
{
    redating *r = ctx;
    (void)e;
    r->all[tag].done &= st == ALICE_OK;
}

/* The first `count` members: whole groups. */
static alice_status settle(redating *r, size_t count)
{
    alice_organizer *o = r->x->o;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && same_group(&r->all[i], &r->all[end]);)
            end++;
        plan_group(r, i, end);
    }
    alice_status st = alice__transfer_finish(r->transfer, transferred, r, r->x->error);
    for (size_t i = 0; i < count; i++) {
        member *m = &r->all[i];
        alice__fs_close(m->folder);
        m->folder = -1;
        if (st != ALICE_OK || !m->done)
            continue;
        st = alice__catalog_redated(o->catalog, m->id, m->to, m->leads ? &m->info : NULL);
        alice__remove_empty(o, m->dest);
        r->moved++;
    }
    return st == ALICE_OK ? alice__catalog_commit(o->catalog, false, r->x->error) : st;
}

static alice_status every_group(redating *r)
{
    alice_organizer *o = r->x->o;
    char after[ALICE__DEST_MAX] = "";
    alice_status st = ALICE_OK;
    int64_t today = r->x->present_s / DAY_S + 1;
    while (st == ALICE_OK && !alice__flow_asked_to_stop(r->x)) {
        member *m = &r->all[r->count];
        memset(m, 0, sizeof *m);
        m->folder = -1;
        st = alice__catalog_next_doubted(o->catalog, today, after, sizeof after, &m->id,
                                         &m->stamp);
        if (st != ALICE_OK)
            break;
        snprintf(m->dest, sizeof m->dest, "%s", after);
        if (++r->count < BATCH)
            continue;
        size_t whole = BATCH - 1; /* the last group may go on */
        while (whole > 0 && same_group(&r->all[whole - 1], &r->all[BATCH - 1]))
            whole--;
        if (whole == 0)
            whole = BATCH;
        st = settle(r, whole);
        memmove(r->all, r->all + whole, (BATCH - whole) * sizeof *r->all);
        r->count = BATCH - whole;
    }
    return st == ALICE_E_END ? settle(r, r->count) : st;
}

alice_status alice__redate(alice__flow *x)
{
    alice_organizer *o = x->o;
    alice_env env = alice__organizer_env(o, o->acc_probe);
    redating r = {.x = x};
    void *all = NULL, *head = NULL;
    char first[ALICE__DEST_MAX] = "";
    int64_t id = 0;
    alice__stamp stamp;
    if (o->options.dry_run)
        return ALICE_OK;
    alice_status st = alice__catalog_next_doubted(o->catalog, x->present_s / DAY_S + 1, first,
                                                  sizeof first, &id, &stamp);
    if (st != ALICE_OK) /* usually there is none, and then nothing is allocated */
        return st == ALICE_E_END ? ALICE_OK : st;
    alice__transfer_options t = alice__organizer_transfer(o, o->organized_fd, true, BATCH);
    t.run_id = x->id;
    t.max_folders = 4;
    st = alice_env_calloc(&env, BATCH, sizeof(member), ALICE_HERE, &all);
    if (st == ALICE_OK)
        st = alice_env_alloc(&env, ALICE__HEAD_BYTES, ALICE_HERE, &head);
    r.all = all;
    r.head = head;
    if (st == ALICE_OK)
        st = alice__analyzer_open(&r.analyzer, &env, o->sizes.texts);
    if (st == ALICE_OK)
        st = alice__transfer_open(&r.transfer, &t, x->error);
    if (st == ALICE_OK)
        st = every_group(&r);
    if (st != ALICE_OK && r.transfer)
        alice__catalog_rollback(o->catalog);
    alice__transfer_close(&r.transfer);
    alice__analyzer_close(&r.analyzer);
    alice_env_free(&env, head, head ? ALICE__HEAD_BYTES : 0);
    alice_env_free(&env, all, all ? BATCH * sizeof(member) : 0);
    if (r.moved > 0)
        alice_env_log(&o->env, ALICE_LOG_INFO,
                      "the clock was behind when %llu organized files got their place: they "
                      "stand under their dates now",
                      (unsigned long long)r.moved);
    return st;
}
