/* SPDX-License-Identifier: MIT */
/* Feed: what the walk finds goes to the prober, up to a batch ahead. */
#include "organize/run.h"

#include <string.h>

#include "base/error.h"
#include "organize/group_names.h"
#include "organize/stamp.h"
#include "port/fs.h"

static bool link_leaves(alice__flow *x, const alice__entry *e)
{
    char path[ALICE__PATH_MAX], real[ALICE__PATH_MAX];
    size_t n = strlen(x->o->inbox);
    alice__join(path, sizeof path, x->o->inbox, alice__folder_path(e->folder), e->name);
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

/* Whether it changed so recently that somebody may still be writing it. A time in the future
 * says nothing.
 */
static bool is_young(const alice__flow *x, const alice__fs_stat *s)
{
    int64_t second = 1000000000, now = alice_env_wall_s(&x->o->env);
    int64_t age = now - s->mtime_ns / second;
    return age >= 0 && age < (int64_t)x->o->options.settle_seconds;
}

/*
 * Whether times and size that are the same tell enough. A change time that follows the
 * modification time, as on FAT, SMB and some of FUSE, tells nothing more than that one: a
 * program can set both. Then the inode has to be the same, and where a number may come to
 * another file, the head has to be read again.
 */
static bool is_certain(alice__flow *x, int folder_fd, uint64_t dev, const alice__stamp *now,
                       const alice__stamp *known)
{
    const alice__fs_ops *fs = x->o->fs;
    alice__fs_space space;
    if (now->ctime_ns != now->mtime_ns)
        return true;
    if (x->dev != dev || dev == 0) {
        x->dev = dev;
        x->inodes = fs->space_of(fs, folder_fd, &space) == 0 && space.inodes;
    }
    return x->inodes && now->inode == known->inode;
}

/* The first look at a file: false where it is settled by that. */
static bool look_first(alice__flow *x, const alice__entry *e, alice__fs_stat *st)
{
    alice_organizer *o = x->o;
    alice_status status = ALICE_OK;
    const char *why = NULL;
    int bad = 0;
    if (!alice__flow_path_fits(o, e->folder, e->name)) {
        status = ALICE_E_TOOBIG;
        why = "its path is longer than 4,095 bytes: name an inbox deeper down, or move it up";
    } else if ((why = alice__flow_leave(o, e->folder, e->name, NULL)) != NULL) {
        status = ALICE_OK;
    } else if ((bad = alice__fs_stat_at(alice__folder_fd(e->folder), e->name, st)) != 0) {
        status = alice__status_of_errno(-bad);
    } else if (st->kind != ALICE__FS_FILE) {
        status = ALICE_E_CHANGED;
        why = "it was a file when its folder was read, and is a link or a folder now: not "
              "followed";
    } else {
        return true;
    }
    alice__probe *p = alice__prober_add(o->prober, e->folder, e->name);
    p->os_error = -bad;
    settle_probe(p, status, why);
    return false;
}

/* What the catalog says of a file, and how its organized copy stands. */
typedef struct looked_up {
    alice__known known;
    bool same; /* as it was, and its copy stands */
    alice__copy copy;
    int64_t copy_row;
    int os_error; /* the copy cannot be looked at */
} looked_up;

static alice_status look_up(alice__flow *x, const alice__entry *e, const alice__stamp *stamp,
                            looked_up *l)
{
    int64_t dir = 0;
    *l = (looked_up){.copy = ALICE__COPY_STANDS};
    alice_status status = alice__flow_folder_row(x, e->folder, false, &dir);
    if (status == ALICE_OK && dir)
        status = alice__catalog_known(x->o->catalog, dir, e->name, &l->known);
    const alice__known *k = &l->known;
    l->same = status == ALICE_OK && k->id && k->stamp.size == stamp->size &&
              k->stamp.mtime_ns == stamp->mtime_ns && k->stamp.ctime_ns == stamp->ctime_ns &&
              (k->state != ALICE__NOT_MEDIA || k->other >= ALICE__READER);
    if (l->same)
        status = alice__copy_look(x, k, &l->copy, &l->copy_row, &l->os_error);
    l->same = l->same && l->copy == ALICE__COPY_STANDS;
    return status;
}

/* A file that is known, and as it was: it is settled by that, or what is to be read of it is
   said. */
static void feed_same(alice__flow *x, const alice__entry *e, uint64_t dev, const looked_up *l,
                      alice__probe *p)
{
    const alice__known *k = &l->known;
    const bool not_media = k->state == ALICE__NOT_MEDIA;
    if (x->o->compare_known && !not_media) {
        p->compare = true;
        return;
    }
    p->not_media = not_media;
    if (!is_certain(x, alice__folder_fd(e->folder), dev, &p->file.stamp, &k->stamp)) {
        p->known_row = k->id;
        return;
    }
    p->known = true;
    p->again = not_media && alice__group_follows(e->name);
    settle_probe(p, ALICE_OK,
                 not_media                      ? "not media, as before"
                 : k->state == ALICE__DUPLICATE ? "known duplicate"
                                                : "organized already");
}

/* Whether it may be passed over without a word: it is known, and nobody asked for each file. */
static bool is_only_counted(alice__flow *x, const alice__entry *e, const alice__fs_stat *st,
                            const alice__stamp *stamp, const looked_up *l)
{
    const alice_organizer *o = x->o;
    const bool not_media = l->known.state == ALICE__NOT_MEDIA;
    return l->same && !o->options.on_file && !o->options.remove_duplicates &&
           (not_media || !o->compare_known) &&
           /* A sidecar whose picture was not there may have found it. */
           !(not_media && alice__group_follows(e->name)) &&
           is_certain(x, alice__folder_fd(e->folder), st->dev, stamp, &l->known.stamp);
}

static alice_status feed_file(alice__flow *x, const alice__entry *e)
{
    alice__fs_stat st;
    looked_up l;
    if (!look_first(x, e, &st))
        return ALICE_OK;
    const alice__stamp stamp = alice__stamp_of(&st);
    int64_t mtime_s = st.mtime_ns / 1000000000;
    if (mtime_s > x->newest_s && mtime_s <= x->present_s + ALICE__CLOCK_BEHIND_S)
        x->newest_s = mtime_s;
    x->looked_at++;
    x->bytes_looked_at += st.size;
    alice_status status = look_up(x, e, &stamp, &l);
    if (status != ALICE_OK)
        return status;
    if (is_only_counted(x, e, &st, &stamp, &l)) {
        x->r->tally.files++;
        x->r->tally.skipped++;
        x->r->already_known++;
        return ALICE_OK;
    }
    alice__probe *p = alice__prober_add(x->o->prober, e->folder, e->name);
    p->file.stamp = stamp;
    p->copy = l.copy;
    p->copy_row = l.copy_row;
    p->now_s = x->newest_s;
    if (l.os_error) {
        settle_probe(p, alice__status_of_errno(l.os_error),
                     "it is organized already, but its copy cannot be looked at");
    } else if (l.same) {
        feed_same(x, e, st.dev, &l, p);
    } else if (is_young(x, &st)) {
        p->busy = true;
        settle_probe(p, ALICE_OK,
                     "busy: it changed a moment ago; the next run takes it (--settle)");
    }
    return ALICE_OK;
}

/* Whether an organized file is still what it was compared as: unpacking takes long. */
static alice_status twin_stands(const alice_organizer *o, int64_t row, uint64_t size,
                                int64_t mtime_ns, bool *stands)
{
    char dest[ALICE__DEST_MAX];
    alice__fs_stat s;
    *stands = o->options.dry_run;
    if (*stands)
        return ALICE_OK;
    alice_status st = alice__catalog_dest(o->catalog, row, dest, sizeof dest);
    *stands = st == ALICE_OK && *dest &&
              o->fs->stat_at(o->fs, o->organized_fd, dest, &s) == 0 &&
              s.kind == ALICE__FS_FILE && s.size == size && s.mtime_ns == mtime_ns;
    return st;
}

/* What stands for a file of an archive that is organized already: see archives.c. False: it is
 * none of these. */
static alice_status feed_packed(alice__flow *x, const alice__entry *e, bool *done)
{
    alice__stamp stamp = {.size = 0};
    looked_up l;
    bool stands = false;
    int64_t row = 0, twin_ns = 0;
    *done = alice__archives_stand_in(x->o, alice__folder_fd(e->folder), e->name, &row, &stamp,
                                     &twin_ns);
    if (!*done)
        return ALICE_OK;
    alice_status st = look_up(x, e, &stamp, &l);
    if (st == ALICE_OK)
        st = twin_stands(x->o, row, stamp.size, twin_ns, &stands);
    if (st != ALICE_OK)
        return st;
    const bool same = l.known.state == ALICE__DUPLICATE && l.known.other == row;
    alice__probe *p = alice__prober_add(x->o->prober, e->folder, e->name);
    p->file.stamp = stamp;
    if (!stands) {
        settle_probe(p, ALICE_E_CHANGED, ALICE__TWIN_LOST);
        return ALICE_OK;
    }
    p->copy_row = row;
    p->known = l.known.id && (same || l.known.id == row);
    p->packed = p->known ? 0 : row;
    settle_probe(p, ALICE_OK, same ? "known duplicate" : "organized already");
    return ALICE_OK;
}

static alice_status feed_entry(alice__flow *x, const alice__entry *e)
{
    bool done = false;
    if (e->kind == ALICE__ENTRY_FILE)
        return feed_file(x, e);
    if (x->o->archives && e->kind == ALICE__ENTRY_LINK) {
        alice_status st = feed_packed(x, e, &done);
        if (st != ALICE_OK || done)
            return st;
    }
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

/* The guide's baseline for files of this size, never above the profile's base. */
static void set_base(alice__flow *x)
{
    const alice_config *c = &x->o->config;
    if (x->looked_at == 0 || alice_config_batch_chosen(c))
        return;
    uint32_t base = alice_config_baseline_batch(c, x->bytes_looked_at / x->looked_at);
    if (c->batch_size != ALICE_CONFIG_NONE && base > c->batch_size)
        base = c->batch_size;
    alice_batch_set_base(x->o->batch, base);
}

alice_status alice__feed(alice__flow *x)
{
    alice_organizer *o = x->o;
    /* Each folder on its way is an open descriptor. */
    while (!x->walked && alice__prober_count(o->prober) < x->window &&
           alice__prober_folders(o->prober) < o->sizes.folders &&
           alice__prober_has_room(o->prober)) {
        alice__entry e;
        alice_status st = alice__walk_next(x->walk, &e);
        if (st == ALICE_E_END) {
            x->walked = true;
            break;
        }
        if (st == ALICE_OK)
            st = feed_entry(x, &e);
        if (st != ALICE_OK)
            return st;
        if (++x->fed >=
            x->window) { /* a batch has been handed out: settle the size of the next */
            x->fed = 0;
            alice_monitor_collect(o->monitor, false, NULL);
            /* SQLite's pages can be given back from this thread only, and between statements.
             */
            if (o->level(o->level_ctx) >= ALICE_LEVEL_HIGH)
                alice__catalog_shrink(o->catalog, o->sizes.page_cache / 2);
            set_base(x);
            x->window = alice_batch_next_size(o->batch);
            if (x->window > o->sizes.window)
                x->window = o->sizes.window;
        }
        if (alice__prober_count(o->prober) == 0) {
            alice__flow_between_files(x, e.folder, e.name);
            if (alice__flow_asked_to_stop(x))
                break;
        }
    }
    if (x->walked || alice__prober_count(o->prober) >= x->window ||
        !alice__prober_has_room(o->prober))
        alice__prober_submit(o->prober);
    return ALICE_OK;
}
