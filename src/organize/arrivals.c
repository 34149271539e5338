/* SPDX-License-Identifier: MIT */
/*
 * alice_arrivals: what arrives below a folder.
 *
 *   told by the kernel ─▶ pending ─▶ quiet ─▶ every folder watched ─▶ the caller looks
 *
 * No list of folders is kept: the kernel has it. Where folders came, or what it told was too
 * much, the tree is walked and each folder watched again, which does no harm; where one went
 * elsewhere, with what is below it, the whole set is made anew. A folder is watched before its
 * names are read, and all is watched before the caller looks: what comes in between is either
 * seen by the caller or told later.
 */
#include <alice/arrivals.h>

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "organize/walk.h"
#include "port/fs.h"
#include "port/notify.h"

#define MS UINT64_C(1000000)

enum {
    QUIET = 3000,
    LONGEST = 60 * 1000,
    LOOK = 60 * 60 * 1000,
    BLIND_LOOK = 60 * 1000,
    ROOT_EACH = 2000,  /* between two looks whether the folder is there, and the same */
    ASK_EACH = 500,    /* between two questions to should_stop */
    NAMES = 128 * 1024 /* of one folder in memory, while the tree is walked */
};

struct alice_arrivals {
    alice_arrivals_options o;
    alice__notices notices;
    int set; /* -1: none can be had */
    bool begun, away;
    bool uncovered; /* a folder may be there that is not watched */
    bool stale;     /* one may be watched that is elsewhere now */
    bool pending, look;
    bool blind, full;  /* of the tree as it was covered last */
    uint64_t dev, ino; /* of the folder, as it was seen last */
    uint64_t first_ns, last_ns, look_ns, root_ns, again_ns;
    alice_arrivals_stats stats;
};

static void begin_look(alice_arrivals *w, uint64_t now)
{
    w->pending = w->look = w->uncovered = true;
    w->first_ns = w->last_ns = now;
}

/* ---- what the kernel tells ---- */

static void take(alice_arrivals *w, const alice__notified *n, uint64_t now)
{
    w->stats.events++;
    w->uncovered |= n->folder_in || n->lost;
    w->stale |= n->moved_out;
    if (n->unmounted)
        w->root_ns = now;
    if (n->lost) {
        w->stats.lost++;
        begin_look(w, now);
    }
    if (n->hidden || !(n->arrived || n->folder_in))
        return;
    if (!w->pending)
        w->first_ns = now;
    w->pending = true;
    w->last_ns = now;
}

/* What it told until now; at most what one queue of the kernel holds, or a busy folder would
 * keep the caller from ever being asked whether to stop. */
static void take_all(alice_arrivals *w, uint64_t now)
{
    alice__notified n;
    bool got = w->set >= 0;
    for (unsigned i = 0; got && i < 20000; i++) {
        if (alice__notify_next(w->set, &w->notices, &n, &got) != 0) {
            alice__fs_close(w->set); /* a new set is made when the tree is covered */
            w->set = -1;
            begin_look(w, now);
            return;
        }
        if (got)
            take(w, &n, now);
    }
}

/* ---- the folders ---- */

static void on_folder(void *ctx, const alice__folder *folder)
{
    alice_arrivals *w = ctx;
    if (w->set < 0 || w->full)
        return;
    int bad = alice__notify_add(w->set, alice__folder_fd(folder));
    if (bad == 0)
        w->stats.folders++;
    else if (bad == -ENOSPC || bad == -ENOMEM)
        w->full = w->blind = true; /* as many as this user may watch */
    else if (bad != -ENOENT && bad != -ENOTDIR)
        w->blind = true;
}

static void close_set(alice_arrivals *w)
{
    alice__fs_close(w->set);
    w->set = -1;
    w->notices.at = w->notices.end = 0;
}

/* Watch every folder there is. Only a lack of memory is a failure: what cannot be read is told
 * by whoever organizes, and what cannot be watched makes the watch blind. */
static alice_status cover(alice_arrivals *w, alice_error *error)
{
    alice__fs_stat leave = {.dev = 0};
    alice__fs_space space;
    int root = -1;
    if (w->stale)
        close_set(w);
    if (w->set < 0 && alice__notify_open(&w->set) != 0)
        w->set = -1;
    w->uncovered = w->stale = w->full = false;
    w->stats.folders = 0;
    if (alice__fs_open_dir_path(w->o.folder, &root) != 0)
        return ALICE_OK; /* the next look at the root says that it is gone */
    w->blind = w->set < 0 || (alice__fs_space_of(root, &space) == 0 && space.remote);
    if (w->o.leave && alice__fs_stat_path(w->o.leave, &leave) != 0)
        leave.dev = leave.inode = 0;
    const alice__walk_options o = {.env = w->o.env,
                                   .root_fd = root,
                                   .names_bytes = NAMES,
                                   .scratch_dir = w->o.scratch,
                                   .beyond = true,
                                   .skip_dev = leave.dev,
                                   .skip_ino = leave.inode,
                                   .entered = on_folder,
                                   .entered_ctx = w};
    alice__walk *walk = NULL;
    alice__entry e;
    alice_status st = alice__walk_open(&walk, &o, error);
    while (st == ALICE_OK) {
        st = alice__walk_next(walk, &e);
        if (w->o.should_stop && w->o.should_stop(w->o.ctx))
            break;
    }
    alice__walk_close(&walk);
    alice__fs_close(root);
    if (st == ALICE_E_NOMEM || st == ALICE_E_BUDGET)
        return st;
    w->uncovered = st != ALICE_E_END && w->set >= 0; /* stopped, or unreadable: not all */
    return ALICE_OK;
}

/* Whether the folder is there, and still the same: one that was mounted again is another. */
static void look_at_root(alice_arrivals *w, uint64_t now)
{
    alice__fs_stat s;
    bool there = alice__fs_stat_path(w->o.folder, &s) == 0 && s.kind == ALICE__FS_DIR;
    w->root_ns = now + ROOT_EACH * MS;
    if (there && !w->away && s.dev == w->dev && s.inode == w->ino)
        return;
    if (!there) {
        if (!w->away)
            close_set(w);
        w->away = true;
        w->pending = w->look = false;
        return;
    }
    w->away = false;
    w->dev = s.dev;
    w->ino = s.inode;
    w->stale = true;
    w->look_ns = UINT64_MAX; /* it was due while nobody could look */
    begin_look(w, now);
}

/* ---- time ---- */

/* When the caller is to be woken, as things are. */
static uint64_t due_at(const alice_arrivals *w)
{
    if (w->away)
        return UINT64_MAX;
    uint64_t due = w->look_ns < w->again_ns ? w->look_ns : w->again_ns;
    if (w->pending) {
        uint64_t quiet = w->last_ns + w->o.quiet_ms * MS;
        uint64_t longest = w->first_ns + w->o.longest_ms * MS;
        uint64_t rest = quiet < longest ? quiet : longest;
        due = rest < due ? rest : due;
    }
    return due;
}

/* Wake the caller, if it is time: ALICE_OK; ALICE_E_TIMEOUT: it is not. */
static alice_status wake(alice_arrivals *w, uint64_t now, alice_arrivals_event *event,
                         alice_error *error)
{
    if (!w->begun || now >= w->root_ns)
        look_at_root(w, now);
    take_all(w, now);
    if (w->away || (w->begun && now < due_at(w)))
        return ALICE_E_TIMEOUT;
    *event = w->pending && !w->look && w->begun ? ALICE_ARRIVALS_CAME : ALICE_ARRIVALS_LOOK;
    if (!w->begun || *event == ALICE_ARRIVALS_LOOK || w->uncovered || w->stale) {
        alice_status st = cover(w, error);
        if (st != ALICE_OK)
            return st;
    }
    w->begun = true;
    w->pending = w->look = false;
    w->again_ns = UINT64_MAX;
    w->look_ns = now + (w->blind ? w->o.blind_look_ms : w->o.look_ms) * MS;
    w->stats.woken++;
    return ALICE_OK;
}

alice_status alice_arrivals_wait(alice_arrivals *w, uint64_t most_ms,
                                 alice_arrivals_event *event, alice_error *error)
{
    if (!w || !event)
        return ALICE_E_INVAL;
    const uint64_t end =
        alice_env_now_ns(&w->o.env) + (most_ms > UINT32_MAX ? UINT32_MAX : most_ms) * MS;
    for (;;) {
        if (w->o.should_stop && w->o.should_stop(w->o.ctx))
            return ALICE_E_CANCELLED;
        uint64_t now = alice_env_now_ns(&w->o.env);
        alice_status st = wake(w, now, event, error);
        if (st != ALICE_E_TIMEOUT || now >= end)
            return st;
        uint64_t until = due_at(w);
        until = until < w->root_ns ? until : w->root_ns;
        until = until < end ? until : end;
        uint64_t ms = until > now ? (until - now + MS - 1) / MS : 1;
        alice__notify_wait(w->set, ms < ASK_EACH ? ms : ASK_EACH);
    }
}

void alice_arrivals_again(alice_arrivals *w, uint64_t ms)
{
    if (w)
        w->again_ns = alice_env_now_ns(&w->o.env) + (ms > UINT32_MAX ? UINT32_MAX : ms) * MS;
}

void alice_arrivals_stats_get(const alice_arrivals *w, alice_arrivals_stats *out)
{
    if (!w || !out)
        return;
    *out = w->stats;
    out->blind = w->blind;
    out->away = w->away;
}

alice_status alice_arrivals_open(alice_arrivals **out, const alice_arrivals_options *options,
                                 alice_error *error)
{
    if (!out || !options || !options->folder || !options->folder[0])
        return ALICE_E_INVAL;
    alice_arrivals_options own;
    alice_status st = alice__options_take(&own, sizeof own, options);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    size_t folder = strlen(options->folder) + 1;
    size_t leave = options->leave ? strlen(options->leave) + 1 : 0;
    size_t scratch = options->scratch ? strlen(options->scratch) + 1 : 0;
    void *room = NULL;
    st = alice_env_calloc(&options->env, 1, sizeof(alice_arrivals) + folder + leave + scratch,
                          ALICE_HERE, &room);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    alice_arrivals *w = room;
    char *text = (char *)(w + 1);
    w->o = own;
    w->o.folder = memcpy(text, options->folder, folder);
    if (leave)
        w->o.leave = memcpy(text + folder, options->leave, leave);
    if (scratch)
        w->o.scratch = memcpy(text + folder + leave, options->scratch, scratch);
    w->o.quiet_ms = options->quiet_ms ? options->quiet_ms : QUIET;
    w->o.longest_ms = options->longest_ms ? options->longest_ms : LONGEST;
    w->o.look_ms = options->look_ms ? options->look_ms : LOOK;
    w->o.blind_look_ms = options->blind_look_ms ? options->blind_look_ms : BLIND_LOOK;
    w->set = -1;
    w->look_ns = w->again_ns = UINT64_MAX;
    *out = w;
    return ALICE_OK;
}

void alice_arrivals_close(alice_arrivals **watch)
{
    if (!watch || !*watch)
        return;
    alice_arrivals *w = *watch;
    alice_env env = w->o.env;
    size_t size = sizeof *w + strlen(w->o.folder) + 1;
    size += w->o.leave ? strlen(w->o.leave) + 1 : 0;
    size += w->o.scratch ? strlen(w->o.scratch) + 1 : 0;
    *watch = NULL;
    alice__fs_close(w->set);
    alice_env_free(&env, w, size);
}
