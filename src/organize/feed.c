/* SPDX-License-Identifier: MIT */
/* Feed: what the walk finds goes to the prober, up to a batch ahead. */
#include "organize/run.h"

#include <string.h>

#include "base/error.h"
#include "organize/group_names.h"
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

static alice_status feed_file(alice__flow *x, const alice__entry *e)
{
    alice_organizer *o = x->o;
    alice__fs_stat st;
    alice__known known = {.id = 0};
    int64_t dir = 0;
    if (!alice__flow_path_fits(o, e->folder, e->name)) {
        alice__probe *p = alice__prober_add(o->prober, e->folder, e->name);
        settle_probe(
            p, ALICE_E_TOOBIG,
            "its path is longer than 4,095 bytes: name an inbox deeper down, or move it up");
        return ALICE_OK;
    }
    const char *why = alice__flow_leave(o, e->folder, e->name, NULL);
    if (why) {
        settle_probe(alice__prober_add(o->prober, e->folder, e->name), ALICE_OK, why);
        return ALICE_OK;
    }
    int bad = alice__fs_stat_at(alice__folder_fd(e->folder), e->name, &st);
    if (bad) {
        alice__probe *p = alice__prober_add(o->prober, e->folder, e->name);
        p->os_error = -bad;
        settle_probe(p, alice__status_of_errno(-bad), NULL);
        return ALICE_OK;
    }
    if (st.kind != ALICE__FS_FILE) {
        settle_probe(alice__prober_add(o->prober, e->folder, e->name), ALICE_E_CHANGED,
                     "it was a file when its folder was read, and is a link or a folder now: "
                     "not followed");
        return ALICE_OK;
    }
    alice__stamp stamp = {
        .size = st.size, .mtime_ns = st.mtime_ns, .ctime_ns = st.ctime_ns, .inode = st.inode};
    int64_t mtime_s = st.mtime_ns / 1000000000;
    if (mtime_s > x->newest_s && mtime_s <= x->present_s + ALICE__CLOCK_BEHIND_S)
        x->newest_s = mtime_s;
    x->looked_at++;
    x->bytes_looked_at += st.size;
    alice_status status = alice__flow_folder_row(x, e->folder, false, &dir);
    if (status == ALICE_OK && dir)
        status = alice__catalog_known(o->catalog, dir, e->name, &known);
    if (status != ALICE_OK)
        return status;
    bool same = known.id && known.stamp.size == stamp.size &&
                known.stamp.mtime_ns == stamp.mtime_ns &&
                known.stamp.ctime_ns == stamp.ctime_ns &&
                (known.state != ALICE__NOT_MEDIA || known.other >= ALICE__READER);
    alice__copy copy = ALICE__COPY_STANDS;
    int64_t copy_row = 0;
    if (same)
        status = alice__copy_look(x, &known, &copy, &copy_row, &bad);
    if (status != ALICE_OK)
        return status;
    if (bad) {
        alice__probe *p = alice__prober_add(o->prober, e->folder, e->name);
        p->stamp = stamp;
        settle_probe(p, alice__status_of_errno(bad),
                     "it is organized already, but its copy cannot be looked at");
        return ALICE_OK;
    }
    same = same && copy == ALICE__COPY_STANDS;
    if (same && o->compare_known && known.state != ALICE__NOT_MEDIA) {
        alice__probe *p = alice__prober_add(o->prober, e->folder, e->name);
        p->stamp = stamp;
        p->now_s = x->newest_s;
        p->copy_row = copy_row;
        p->compare = true;
        return ALICE_OK;
    }
    if (same && !is_certain(x, alice__folder_fd(e->folder), st.dev, &stamp, &known.stamp)) {
        alice__probe *p = alice__prober_add(o->prober, e->folder, e->name);
        p->stamp = stamp;
        p->now_s = x->newest_s;
        p->known_row = known.id;
        p->copy_row = copy_row;
        p->not_media = known.state == ALICE__NOT_MEDIA;
        return ALICE_OK;
    }
    /* A sidecar whose picture was not there may have found it. */
    bool again = same && known.state == ALICE__NOT_MEDIA && alice__group_follows(e->name);
    if (same && !o->options.on_file && !again && !o->options.remove_duplicates) {
        /* Not reported one by one. */
        x->r->tally.files++;
        x->r->tally.skipped++;
        x->r->already_known++;
        return ALICE_OK;
    }
    alice__probe *p = alice__prober_add(o->prober, e->folder, e->name);
    p->stamp = stamp;
    p->copy = copy;
    p->copy_row = copy_row;
    p->now_s = x->newest_s;
    if (same) {
        p->known = true;
        p->not_media = known.state == ALICE__NOT_MEDIA;
        p->again = again;
        settle_probe(p, ALICE_OK,
                     known.state == ALICE__NOT_MEDIA   ? "not media, as before"
                     : known.state == ALICE__DUPLICATE ? "known duplicate"
                                                       : "organized already");
    } else if (is_young(x, &st)) {
        p->busy = true;
        settle_probe(p, ALICE_OK,
                     "busy: it changed a moment ago; the next run takes it (--settle)");
    }
    return ALICE_OK;
}

static alice_status feed_entry(alice__flow *x, const alice__entry *e)
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
            if (alice_monitor_level(o->monitor) >= ALICE_LEVEL_HIGH)
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
