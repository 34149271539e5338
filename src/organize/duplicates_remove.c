/* SPDX-License-Identifier: MIT */
/*
 * Superfluous files are removed as a run of the organized folder's catalog: each moves, by a
 * rename, to organized/.alice/removed/RUN/<its path>, and nothing is deleted.
 *
 *   a unit: open and compare each pair ─▶ rows with that place, and the row that an organized
 *   one had taken back, durable ─▶ kept file still there? ─▶ rename ─▶ (next) commit
 *
 * After a kill each is in doubt as what was placed is (recover.c): the batch that was cut off
 * goes back, with its rows, so that no unit is torn. An undo moves a file back, and its row
 * stands again.
 */
#include "organize/duplicates_act.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "organize/dest_folders.h"
#include "organize/organizer.h"
#include "organize/plan.h"
#include "organize/stamp.h"

enum {
    BATCH = 32,
    PATH_MOST = 4096,
    FILTER = 256 * 1024,
    HANDLED = 3 /* of a record's state, in the list */
};

typedef struct member {
    uint64_t i; /* in the list */
    uint64_t unit;
    int64_t row, organized; /* that says where it went; that it had; 0: none */
    alice__hash head;
    alice__fs_stat s, kept;
    int dir, kept_dir, kept_fd;
    bool put, done;
    bool kept_gone; /* once this one had gone */
    char why[256];
    char dest[ALICE__DEST_MAX];
} member;

typedef struct removing {
    alice__acting *a;
    alice_organizer *o;
    alice__transfer *transfer;
    member *all;
    size_t count;
    uint8_t *filter; /* of the paths of organized files; NULL: nobody asked yet */
} removing;

/* ---- where it goes ---- */

alice_status alice__act_find_organized(alice__acting *a)
{
    const alice_act_options *o = a->o;
    const char *from = o->organized ? o->organized : o->find->paths[0];
    int bad = alice__fs_real_path(from, a->organized, sizeof a->organized);
    if (bad)
        return alice__fail(a->error, alice__status_of_errno(-bad), -bad, "%s: %s", from,
                           strerror(-bad));
    if (o->organized)
        return ALICE_OK;
    size_t n = alice__organized_above(a->organized);
    a->organized[n] = 0;
    return n ? ALICE_OK
             : alice__fail(a->error, ALICE_E_NOENT, 0,
                           "%s is in no organized folder: name the one whose history is to "
                           "keep what is removed (--organized)",
                           from);
}

/* Where it goes, below organized, and how its own path goes on below that, where it is
 * organized itself. */
static void plan(removing *r, member *m, const char **below)
{
    alice__acting *a = r->a;
    char folder[PATH_MOST];
    const char *leaf = a->file.leaf;
    size_t top = strlen(a->organized);
    *below = NULL;
    int bad = alice__act_folder(a, &a->at.file, folder, sizeof folder);
    size_t own = bad ? 0 : alice__organized_above(folder);
    alice__fs_stat named, open;
    /* Its row says where it was: the path has to lead to the folder that is open. */
    if (bad || alice__fs_stat_path(folder, &named) != 0 ||
        a->fs->stat_fd(a->fs, a->file.dir, &open) != 0 || named.dev != open.dev ||
        named.inode != open.inode) {
        alice__act_leave(a, "its folder is not where it was", "");
        return;
    }
    if (own && (own != top || memcmp(folder, a->organized, top) != 0)) {
        folder[own] = 0;
        alice__act_leave(a,
                         "it is organized in another folder, whose catalog has to know: "
                         "--organized ",
                         folder);
        return;
    }
    const char *rest = own && folder[top] ? folder + top + 1 : folder + (own ? top : 1);
    int n = snprintf(m->dest, sizeof m->dest, ".alice/removed/%lld/%s%s%s",
                     (long long)a->r->run, rest, *rest ? "/" : "", leaf);
    if (n < 0 || (size_t)n >= sizeof m->dest) {
        alice__act_leave(a, "its path is too long to be kept", "");
        return;
    }
    /* Behind ".alice/removed/RUN/". */
    if (own)
        *below = strchr(m->dest + sizeof ".alice/removed/" - 1, '/') + 1;
}

static size_t bit_of(const char *dest)
{
    return (size_t)alice__hash_of_bytes(dest, strlen(dest)).low % ((size_t)FILTER * 8);
}

/* Whether the catalog has an organized file of that path at all, however it was: most that have
 * none pass no filter, and the others are looked for among all. */
static alice_status is_path_known(removing *r, const char *below, bool *known)
{
    alice_env env = alice__organizer_env(r->o, r->o->acc_batch);
    char dest[ALICE__DEST_MAX];
    alice__placed p;
    int64_t after = 0;
    alice_status st = ALICE_OK;
    const bool first = !r->filter;
    *known = false;
    if (first)
        st = alice_env_calloc(&env, FILTER, 1, ALICE_HERE, (void **)&r->filter);
    if (st != ALICE_OK || (!first && !(r->filter[bit_of(below) / 8] & 1 << bit_of(below) % 8)))
        return st;
    while ((first || !*known) &&
           (st = alice__catalog_next_placed(r->o->catalog, 0, &after, &p, dest, sizeof dest)) ==
               ALICE_OK) {
        r->filter[bit_of(dest) / 8] |= (uint8_t)(1 << bit_of(dest) % 8);
        *known |= strcmp(dest, below) == 0;
    }
    return st == ALICE_E_END ? ALICE_OK : st;
}

/* The row of an organized file, as it stands. */
static alice_status find_row(removing *r, member *m, const char *below)
{
    char dest[ALICE__DEST_MAX];
    alice__candidate c;
    int64_t after = 0;
    alice_status st = ALICE_OK;
    while (st == ALICE_OK && !m->organized) {
        st = alice__catalog_same(r->o->catalog, m->s.size, m->head, &after, dest, sizeof dest,
                                 &c);
        if (st != ALICE_OK || c.id == 0)
            break;
        if (strcmp(dest, below) == 0)
            m->organized = c.id;
    }
    bool known = false;
    if (st == ALICE_OK && !m->organized)
        st = is_path_known(r, below, &known);
    if (known)
        alice__act_leave(r->a, "it was changed since it was organized", "");
    return st;
}

static alice_status read_head(removing *r, member *m)
{
    alice_env env = alice__organizer_env(r->o, r->o->acc_stream);
    void *head = NULL;
    size_t got = 0;
    alice_status st = alice_env_alloc(&env, ALICE__HEAD_BYTES, ALICE_HERE, &head);
    if (st != ALICE_OK)
        return st;
    int bad = r->a->fs->read_at(r->a->fs, r->a->file.fd, 0, head, ALICE__HEAD_BYTES, &got);
    m->head = alice__hash_of_bytes(head, got);
    alice_env_free(&env, head, ALICE__HEAD_BYTES);
    if (bad)
        alice__act_leave(r->a, "it cannot be read: ", strerror(-bad));
    return ALICE_OK;
}

/* ---- a unit ---- */

/* Look at the pair at hand: it may go, and its descriptors are the member's; or `why`. */
static alice_status look(removing *r, member *m)
{
    alice__acting *a = r->a;
    const char *below = NULL;
    alice__fs_stat top;
    alice_status st = ALICE_OK;
    alice__act_open(a);
    m->s = a->file.s;
    m->kept = a->kept.s;
    if (!a->why[0]) {
        int bad = a->fs->stat_fd(a->fs, r->o->organized_fd, &top);
        if (bad || top.dev != m->s.dev)
            alice__act_leave(a, "it is on another file system than the organized folder", "");
    }
    if (!a->why[0])
        plan(r, m, &below);
    if (!a->why[0])
        st = read_head(r, m);
    if (st == ALICE_OK && !a->why[0] && below)
        st = find_row(r, m, below);
    if (st == ALICE_OK && !a->why[0] && !a->o->dry_run)
        st = alice__act_compare(a);
    if (st == ALICE_OK && !a->why[0]) {
        m->dir = a->file.dir;
        m->kept_dir = a->kept.dir;
        m->kept_fd = a->kept.fd;
        a->file.dir = a->kept.dir = a->kept.fd = -1;
    }
    alice__act_close(a);
    memcpy(m->why, a->why, sizeof m->why);
    return st;
}

static void close_member(member *m)
{
    alice__fs_close(m->dir);
    alice__fs_close(m->kept_dir);
    alice__fs_close(m->kept_fd);
    m->dir = m->kept_dir = m->kept_fd = -1;
}

/* Tell what became of a member. */
static alice_status tell(removing *r, member *m, bool done)
{
    alice__acting *a = r->a;
    alice_status st = alice__act_read(a, m->i);
    if (st != ALICE_OK)
        return st;
    int bad = alice__same_path(a->f, &a->at.file, a->file.path);
    if (!bad)
        bad = alice__same_path(a->f, &a->at.kept, a->kept.path);
    if (bad)
        return alice__same_scratch_failed(a->f, bad);
    int n = snprintf(a->to, sizeof a->to, "%s/%s", a->organized, m->dest);
    if (n < 0 || (size_t)n >= sizeof a->to || a->o->dry_run)
        a->to[0] = 0;
    snprintf(a->why, sizeof a->why, "%s",
             done      ? ""
             : *m->why ? m->why
             : m->unit ? "one that belongs to it stays (has-sidecar)"
                       : "the run had to stop before it");
    alice__act_tell(a, done);
    return ALICE_OK;
}

/* A file of the list is decided: it does not come again. */
static alice_status mark(removing *r, uint64_t i, bool *was)
{
    alice__acting *a = r->a;
    alice_status st = alice__act_read(a, i);
    *was = st == ALICE_OK && a->at.file.state == HANDLED;
    if (st != ALICE_OK || *was)
        return st;
    a->at.file.state = HANDLED;
    int bad = alice__fs_write_at(a->todo, i * sizeof a->at, &a->at, sizeof a->at);
    return bad ? alice__same_scratch_failed(a->f, bad) : ALICE_OK;
}

/* The members of a unit come into the batch where all of it may go; else each is told. */
static alice_status take_unit(removing *r, const alice__unit *u, const char *held)
{
    const size_t from = r->count;
    bool whole = !held[0];
    alice_status st = ALICE_OK;
    for (size_t k = 0; st == ALICE_OK && k < u->count; k++) {
        bool was = false;
        member *m = &r->all[r->count];
        st = mark(r, u->all[k], &was);
        if (st != ALICE_OK || was)
            continue;
        *m = (member){.i = u->all[k],
                      .unit = u->count > 1 ? u->all[0] + 1 : 0,
                      .dir = -1,
                      .kept_dir = -1,
                      .kept_fd = -1};
        r->count++;
        if (held[0])
            snprintf(m->why, sizeof m->why, "%s", held);
        else
            st = look(r, m);
        whole &= !m->why[0];
    }
    const bool goes = whole && !r->a->o->dry_run;
    for (size_t k = from; st == ALICE_OK && k < r->count && !goes; k++)
        st = tell(r, &r->all[k], whole);
    for (size_t k = from; k < r->count && (st != ALICE_OK || !goes); k++)
        close_member(&r->all[k]);
    if (st != ALICE_OK || !goes)
        r->count = from;
    return st;
}

/* ---- the batch ---- */

static alice_status add_row(removing *r, member *m)
{
    alice__acting *a = r->a;
    char folder[PATH_MOST], below[ALICE__SAME_PATH];
    alice_status st = alice__act_read(a, m->i);
    if (st != ALICE_OK)
        return st;
    int bad = alice__same_path(a->f, &a->at.file, below);
    if (!bad)
        bad = alice__act_folder(a, &a->at.file, folder, sizeof folder);
    if (bad)
        return alice__same_scratch_failed(a->f, bad);
    const char *slash = strrchr(below, '/');
    alice__row row = {.file = {.name = slash ? slash + 1 : below,
                               .stamp = alice__stamp_of(&m->s),
                               .head = m->head},
                      .state = ALICE__DUPLICATE,
                      .other = m->organized,
                      .dest = m->dest,
                      .run_id = a->r->run};
    st = alice__catalog_dir(r->o->catalog, folder, true, &row.dir_id);
    if (st == ALICE_OK)
        st = alice__catalog_add(r->o->catalog, &row, &m->row, a->error);
    if (st == ALICE_OK && m->organized)
        st = alice__catalog_taken(r->o->catalog, m->organized, true);
    return st;
}

/* Whether it is the same file, unchanged; a rename of another of its names, as a hard link has,
 * changes the time of its status alone. */
static bool is_same(const alice__fs_stat *s, const alice__fs_stat *was)
{
    return s->kind == ALICE__FS_FILE && s->dev == was->dev && s->inode == was->inode &&
           s->size == was->size && s->mtime_ns == was->mtime_ns;
}

/* Hand it over, if the kept file stands still, and this one. */
static alice_status put(removing *r, size_t at)
{
    alice__acting *a = r->a;
    const alice__fs_ops *fs = a->fs;
    member *m = &r->all[at];
    char file[ALICE__SAME_PATH], kept[ALICE__SAME_PATH];
    alice__fs_stat s, k, open;
    alice_status st = alice__act_read(a, m->i);
    if (st != ALICE_OK)
        return st;
    int bad = alice__same_path(a->f, &a->at.file, file);
    if (!bad)
        bad = alice__same_path(a->f, &a->at.kept, kept);
    if (bad)
        return alice__same_scratch_failed(a->f, bad);
    const char *slash = strrchr(file, '/'), *kept_slash = strrchr(kept, '/');
    const char *leaf = slash ? slash + 1 : file,
               *kept_leaf = kept_slash ? kept_slash + 1 : kept;
    const bool several = m->s.links > 1;
    if (fs->stat_fd(fs, m->kept_fd, &open) != 0 || !is_same(&open, &m->kept) ||
        open.ctime_ns != m->kept.ctime_ns || fs->stat_at(fs, m->kept_dir, kept_leaf, &k) != 0 ||
        !is_same(&k, &open))
        snprintf(m->why, sizeof m->why, "the kept file changed meanwhile");
    else if (fs->stat_at(fs, m->dir, leaf, &s) != 0 || !is_same(&s, &m->s) ||
             (!several && s.ctime_ns != m->s.ctime_ns))
        snprintf(m->why, sizeof m->why, "it changed meanwhile");
    if (!m->why[0]) {
        const alice__job move = {
            .tag = at,
            .group = m->unit,
            .source_dir_fd = m->dir,
            .source = {.name = leaf, .stamp = alice__stamp_of(&s), .head = m->head},
            .dest = m->dest};
        st = alice__transfer_put(r->transfer, &move, NULL);
        if (st != ALICE_OK)
            snprintf(m->why, sizeof m->why, "%s", alice_status_text(st));
    }
    m->put = !m->why[0];
    if (!m->put && m->unit) /* nobody of the unit goes */
        alice__transfer_take_back(r->transfer, m->unit, ALICE_E_CHANGED);
    return st == ALICE_E_NOSPC || st == ALICE_E_CANCELLED ? st : ALICE_OK;
}

static bool is_torn(const removing *r, const member *m)
{
    for (size_t i = 0; m->unit && i < r->count; i++)
        if (r->all[i].unit == m->unit && r->all[i].why[0])
            return true;
    return false;
}

static void transferred(void *ctx, uint64_t tag, alice_status st, const alice_error *e)
{
    removing *r = ctx;
    member *m = &r->all[tag];
    (void)e;
    m->done = st == ALICE_OK;
    if (!m->done && !m->why[0] && !m->unit)
        snprintf(m->why, sizeof m->why, "%s", alice_status_text(st));
}

/* Back to where it was, if nothing stands there. */
static alice_status put_back(removing *r, const member *m, int *bad)
{
    alice__acting *a = r->a;
    const alice__fs_ops *fs = a->fs;
    char file[ALICE__SAME_PATH], folder[ALICE__DEST_MAX];
    int dir = -1;
    alice_status st = alice__act_read(a, m->i);
    if (st != ALICE_OK)
        return st;
    *bad = alice__same_path(a->f, &a->at.file, file);
    const char *slash = strrchr(file, '/'), *leaf = strrchr(m->dest, '/') + 1;
    snprintf(folder, sizeof folder, "%.*s", (int)(leaf - 1 - m->dest), m->dest);
    if (!*bad)
        *bad = fs->open_dir(fs, r->o->organized_fd, folder, &dir);
    if (!*bad)
        *bad = fs->rename_new(fs, dir, leaf, m->dir, slash ? slash + 1 : file);
    if (!*bad)
        *bad = alice__flush_folder(fs, m->dir);
    alice__fs_close(dir);
    return ALICE_OK;
}

/* Another process may have put a file of its own there between the last look and the rename:
 * that went in its place, and gets its name back. */
static alice_status look_at_removed(removing *r, member *m)
{
    alice__acting *a = r->a;
    alice__fs_stat s;
    int bad = 0;
    if (!m->done || (a->fs->stat_at(a->fs, r->o->organized_fd, m->dest, &s) == 0 &&
                     s.inode == m->s.inode && is_same(&s, &m->s)))
        return ALICE_OK;
    alice_status st = put_back(r, m, &bad);
    if (st != ALICE_OK)
        return st;
    if (bad)
        snprintf(m->why, sizeof m->why, "another file took its place, and is now %.200s",
                 m->dest);
    else
        snprintf(m->why, sizeof m->why, "it changed meanwhile");
    m->done = false;
    return ALICE_OK;
}

/* The kept file may have gone in the last moment; or it was this very one, on a file system
 * that is mounted twice and tells two devices. */
static alice_status look_at_kept(removing *r, member *m)
{
    alice__acting *a = r->a;
    char kept[ALICE__SAME_PATH];
    alice__fs_stat s;
    alice_status st = m->done ? alice__act_read(a, m->i) : ALICE_OK;
    if (st != ALICE_OK || !m->done)
        return st;
    int bad = alice__same_path(a->f, &a->at.kept, kept);
    if (bad)
        return alice__same_scratch_failed(a->f, bad);
    const char *slash = strrchr(kept, '/');
    m->kept_gone = a->fs->stat_at(a->fs, m->kept_dir, slash ? slash + 1 : kept, &s) != 0 ||
                   !is_same(&s, &m->kept);
    return ALICE_OK;
}

/* What lost the one that was kept for it comes back, and all that belongs to it; so does what
 * belongs to a file that stayed. */
static alice_status bring_back(removing *r, member *m)
{
    bool back = m->kept_gone;
    int bad = 0;
    for (size_t i = 0; m->unit && i < r->count; i++)
        back |= r->all[i].unit == m->unit && (r->all[i].kept_gone || !r->all[i].done);
    if (!back || !m->done)
        return ALICE_OK;
    alice_status st = put_back(r, m, &bad);
    if (st != ALICE_OK || bad)
        return st; /* it stays removed, and an undo may bring it */
    if (m->kept_gone)
        snprintf(m->why, sizeof m->why,
                 "the kept file went or changed when this one did, which is back: are both one "
                 "file, by two paths?");
    m->done = false;
    return ALICE_OK;
}

/* What stayed has no row of this run, and the one that it had. */
static alice_status note(removing *r, const member *m)
{
    if (m->done || !m->row)
        return ALICE_OK;
    alice_status st =
        m->organized ? alice__catalog_taken(r->o->catalog, m->organized, false) : ALICE_OK;
    return st == ALICE_OK ? alice__catalog_forget(r->o->catalog, m->row) : st;
}

static alice_status settle(removing *r)
{
    alice__acting *a = r->a;
    alice_status st = ALICE_OK, stopped = ALICE_OK;
    for (size_t i = 0; i < r->count && st == ALICE_OK; i++)
        st = add_row(r, &r->all[i]);
    if (st == ALICE_OK)
        st = alice__catalog_commit(r->o->catalog, true, a->error);
    for (size_t i = 0; i < r->count && st == ALICE_OK && stopped == ALICE_OK; i++)
        if (!is_torn(r, &r->all[i]))
            stopped = put(r, i);
    if (st == ALICE_OK)
        st = alice__transfer_finish(r->transfer, transferred, r, a->error);
    for (size_t i = 0; i < r->count && st == ALICE_OK; i++) {
        st = look_at_removed(r, &r->all[i]);
        if (st == ALICE_OK)
            st = look_at_kept(r, &r->all[i]);
    }
    for (size_t i = 0; i < r->count && st == ALICE_OK; i++)
        st = bring_back(r, &r->all[i]);
    for (size_t i = 0; i < r->count && st == ALICE_OK; i++)
        st = note(r, &r->all[i]);
    if (st == ALICE_OK)
        st = alice__catalog_commit(r->o->catalog, false, a->error);
    for (size_t i = 0; i < r->count; i++) {
        close_member(&r->all[i]);
        if (st == ALICE_OK)
            st = tell(r, &r->all[i], r->all[i].done);
    }
    r->count = 0;
    return st != ALICE_OK ? st : stopped;
}

/* ---- all of them ---- */

static alice_status remove_each(removing *r)
{
    alice__acting *a = r->a;
    alice__unit unit;
    char held[sizeof a->why];
    alice_status st = ALICE_OK;
    for (uint64_t i = 0; st == ALICE_OK && i < a->count; i++) {
        if (alice__same_stops(a->f)) {
            st = ALICE_E_CANCELLED;
            break;
        }
        st = alice__act_read(a, i);
        if (st != ALICE_OK || a->at.file.state == HANDLED)
            continue;
        st = alice__act_unit(a, i, &unit);
        memcpy(held, a->why, sizeof held);
        /* Held back is the file itself; each other of the unit says why when it is met. */
        if (held[0])
            unit = (alice__unit){.all = {i}, .count = 1};
        if (st == ALICE_OK && r->count + unit.count > BATCH)
            st = settle(r);
        if (st == ALICE_OK)
            st = take_unit(r, &unit, held);
    }
    if (r->count && (st == ALICE_OK || st == ALICE_E_CANCELLED)) {
        alice_status last = settle(r);
        st = last != ALICE_OK ? last : st;
    }
    return st;
}

static alice_status remove_all(removing *r)
{
    alice__acting *a = r->a;
    alice_organizer *o = r->o;
    alice_env env = alice__organizer_env(o, o->acc_batch);
    void *all = NULL;
    const bool dry = a->o->dry_run;
    char from[PATH_MOST] = "";
    (void)alice__fs_real_path(a->f->o->paths[0], from, sizeof from); /* for the history alone */
    const alice__run run = {.mode = "remove",
                            .inbox = from,
                            .organized = o->organized,
                            .started_s = alice_env_wall_s(&o->env)};
    const alice__transfer_options t =
        alice__organizer_transfer(o, o->organized_fd, true, BATCH);
    alice_status st = alice_env_calloc(&env, BATCH, sizeof(member), ALICE_HERE, &all);
    r->all = all;
    a->whole = alice__organizer_reading(o);
    a->whole.fs = a->fs;
    if (st == ALICE_OK && !dry)
        st = alice__transfer_open(&r->transfer, &t, a->error);
    if (st == ALICE_OK && !dry)
        st = alice__catalog_run_begin(o->catalog, &run, &a->r->run, a->error);
    if (st == ALICE_OK)
        st = remove_each(r);
    if (st != ALICE_OK && st != ALICE_E_CANCELLED && a->r->run)
        alice__catalog_rollback(o->catalog);
    for (size_t i = 0; i < r->count; i++)
        close_member(&r->all[i]);
    if (a->r->run) {
        const alice_tally tally = {.files = a->count,
                                   .organized = a->r->done,
                                   .errors = a->r->left,
                                   .bytes = a->r->bytes};
        st = alice__organizer_run_over(o, a->r->run, &tally, st == ALICE_OK, st, a->error);
    }
    alice__transfer_close(&r->transfer);
    alice_env_free(&env, r->filter, r->filter ? FILTER : 0);
    alice_env_free(&env, all, all ? BATCH * sizeof(member) : 0);
    return st;
}

static alice_status open_organizer(alice__acting *a, alice_organizer **o)
{
    const alice_duplicates_options *find = a->o->find;
    const alice_organizer_options own = {.env = find->env,
                                         .config = find->config,
                                         .organized = a->organized,
                                         .catalog = a->o->catalog,
                                         .dry_run = a->o->dry_run,
                                         .move = true,
                                         .kernel_backstop = find->kernel_backstop,
                                         .should_stop = find->should_stop,
                                         .ctx = find->ctx};
    return alice__organizer_open_on(o, &own, a->fs, a->error);
}

alice_status alice__act_settle(alice__acting *a)
{
    alice_organizer *o = NULL;
    if (a->o->dry_run)
        return ALICE_OK;
    alice_status st = open_organizer(a, &o);
    a->r->settled = st == ALICE_OK ? o->recovered + o->settled : 0;
    alice_organizer_close(&o);
    return st;
}

alice_status alice__act_remove(alice__acting *a)
{
    removing r = {.a = a};
    if (a->count == 0)
        return ALICE_OK;
    alice_status st = open_organizer(a, &r.o);
    if (st == ALICE_OK) {
        st = remove_all(&r);
        if (st != ALICE_OK && a->error->text[0] == 0) {
            const char *why = alice__catalog_why(r.o->catalog);
            alice__fail(a->error, st, 0, "%s", *why ? why : alice_status_text(st));
        }
    }
    alice_organizer_close(&r.o);
    return st;
}
