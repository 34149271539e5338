/* SPDX-License-Identifier: MIT */
/*
 * alice_duplicates_act(): first all is found, and what is superfluous stands in a list on disk;
 * then each of the list is acted on. Whatever happened in between is seen then:
 *
 *   open both ─▶ as found? ─▶ compare ─▶ both names lead to the open files still? ─▶ act
 */
#include "organize/duplicates_act.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "organize/dest_folders.h"

enum { PATH_MOST = 4096, CHUNK = 128 * 1024 };

/* ---- the pair at hand ---- */

void alice__act_leave(alice__acting *a, const char *why, const char *more)
{
    if (!a->why[0])
        snprintf(a->why, sizeof a->why, "%s%s", why, more);
}

static void open_one(alice__acting *a, const record *r, alice__held *h, const char *which)
{
    const alice__fs_ops *fs = a->fs;
    h->dir = h->fd = -1;
    int bad = alice__same_path(a->f, r, h->path);
    char *slash = bad ? NULL : strrchr(h->path, '/');
    h->leaf = slash ? slash + 1 : h->path;
    if (slash)
        *slash = 0;
    if (!bad)
        bad = fs->open_dir(fs, a->f->roots[r->root], slash ? h->path : ".", &h->dir);
    if (slash)
        *slash = '/';
    if (!bad)
        bad = fs->open_read(fs, h->dir, h->leaf, &h->fd);
    if (!bad)
        bad = fs->stat_fd(fs, h->fd, &h->s);
    if (bad) {
        alice__act_leave(a, which, bad == -ENOENT ? " is gone" : strerror(-bad));
        return;
    }
    if (h->s.kind != ALICE__FS_FILE || h->s.dev != r->dev || h->s.inode != r->inode ||
        h->s.size != r->size || h->s.mtime_ns != r->mtime_ns)
        alice__act_leave(a, which, " changed meanwhile");
    else if (fs->no_writer(fs, h->fd) == -EBUSY)
        alice__act_leave(a, which, " is being written");
}

void alice__act_open(alice__acting *a)
{
    a->why[0] = a->to[0] = 0;
    open_one(a, &a->at.kept, &a->kept, "the kept file");
    open_one(a, &a->at.file, &a->file, "it");
}

static void close_one(alice__held *h)
{
    alice__fs_close(h->fd);
    alice__fs_close(h->dir);
    h->fd = h->dir = -1;
}

void alice__act_close(alice__acting *a)
{
    close_one(&a->file);
    close_one(&a->kept);
}

static bool is_as_opened(const alice__fs_stat *s, const alice__fs_stat *was)
{
    return s->kind == ALICE__FS_FILE && s->dev == was->dev && s->inode == was->inode &&
           s->size == was->size && s->mtime_ns == was->mtime_ns && s->ctime_ns == was->ctime_ns;
}

static bool still(const alice__fs_ops *fs, const alice__held *h)
{
    alice__fs_stat named, open;
    return fs->stat_fd(fs, h->fd, &open) == 0 && is_as_opened(&open, &h->s) &&
           fs->stat_at(fs, h->dir, h->leaf, &named) == 0 && is_as_opened(&named, &h->s);
}

bool alice__act_still(alice__acting *a)
{
    if (!still(a->fs, &a->kept))
        alice__act_leave(a, "the kept file changed meanwhile", "");
    else if (!still(a->fs, &a->file))
        alice__act_leave(a, "it changed meanwhile", "");
    return !a->why[0];
}

alice_status alice__act_compare(alice__acting *a)
{
    bool same = false;
    alice_status st =
        alice__same_bytes(&a->whole, a->kept.fd, a->file.fd, a->file.s.size, &same);
    if (st == ALICE_E_CANCELLED || st == ALICE_E_NOMEM || st == ALICE_E_BUDGET)
        return st;
    a->r->found.bytes_read += 2 * a->file.s.size;
    if (st != ALICE_OK)
        alice__act_leave(a, "it cannot be compared: ", alice_status_text(st));
    else if (!same)
        alice__act_leave(a, "its bytes are others by now", "");
    else
        (void)alice__act_still(a);
    return ALICE_OK;
}

void alice__act_tell(alice__acting *a, bool done)
{
    char path[ALICE__SAME_PATH + PATH_MOST], kept[ALICE__SAME_PATH + PATH_MOST];
    const record *r = &a->at.file;
    if (r->spare && done) {
        a->r->settled++;
        return;
    }
    a->r->done += done;
    a->r->left += !done;
    a->r->bytes += done ? r->size : 0;
    if (!a->o->on_acted)
        return;
    alice__same_shown(a->f, r->root, a->file.path, path, sizeof path);
    alice__same_shown(a->f, a->at.kept.root, a->kept.path, kept, sizeof kept);
    const alice_acted_file told = {.path = path,
                                   .kept = kept,
                                   .to = done && a->to[0] ? a->to : NULL,
                                   .bytes = r->size,
                                   .done = done,
                                   .why = done ? NULL : a->why};
    a->o->on_acted(a->o->find->ctx, &told);
}

/* ---- where it is ---- */

int alice__act_folder(const alice__acting *a, const record *r, char *out, size_t size)
{
    char below[ALICE__SAME_PATH];
    int bad = alice__same_path(a->f, r, below);
    if (!bad)
        bad = alice__fs_real_path(a->f->o->paths[r->root], out, size);
    if (bad)
        return bad;
    char *slash = strrchr(below, '/');
    size_t n = strlen(out);
    if (!slash)
        return 0;
    *slash = 0;
    int m = snprintf(out + n, size - n, "%s%s", n > 1 ? "/" : "", below);
    return m >= 0 && (size_t)m < size - n ? 0 : -ENAMETOOLONG;
}

size_t alice__organized_above(const char *folder)
{
    char path[PATH_MOST + 8];
    alice__fs_stat s;
    for (size_t n = strlen(folder); n > 0 && n < PATH_MOST; n--) {
        if (folder[n] != 0 && folder[n] != '/')
            continue;
        snprintf(path, sizeof path, "%.*s/.alice", (int)n, folder);
        if (alice__fs_stat_path(path, &s) == 0 && s.kind == ALICE__FS_DIR)
            return n;
    }
    return 0;
}

/* ---- the list ---- */

alice_status alice__act_read(alice__acting *a, uint64_t i)
{
    size_t got = 0;
    int bad = alice__fs_read_at(a->todo, i * sizeof a->at, &a->at, sizeof a->at, &got);
    return bad || got != sizeof a->at ? alice__same_scratch_failed(a->f, bad ? bad : -EIO)
                                      : ALICE_OK;
}

static int in_walk_order(const void *x, const void *y)
{
    const alice__superfluous *a = x, *b = y;
    return ALICE__ORDER(a->file.path, b->file.path);
}

/* From the sort, whose memory goes, into a file. */
static alice_status write_list(alice__acting *a)
{
    finder *f = a->f;
    const void *next;
    alice_status st = alice__disk_sort_start(f->todo, a->error);
    int bad = st == ALICE_OK ? alice__fs_scratch(f->scratch_dir, &a->todo) : 0;
    while (st == ALICE_OK && !bad &&
           (st = alice__disk_sort_next(f->todo, &next, a->error)) == ALICE_OK)
        bad = alice__fs_write_at(a->todo, a->count++ * sizeof a->at, next, sizeof a->at);
    alice__disk_sort_close(&f->todo);
    if (bad)
        return alice__same_scratch_failed(f, bad);
    return st == ALICE_E_END ? ALICE_OK : st;
}

static alice_status act_on_each(alice__acting *a)
{
    alice_status st = ALICE_OK;
    for (uint64_t i = 0; st == ALICE_OK && i < a->count; i++) {
        st = alice__same_stops(a->f) ? ALICE_E_CANCELLED : alice__act_read(a, i);
        if (st != ALICE_OK)
            break;
        alice__act_open(a);
        if (!a->why[0])
            st = a->o->act == ALICE_SAME_LINK ? alice__act_link(a) : alice__act_reflink(a);
        if (st == ALICE_OK)
            alice__act_tell(a, !a->why[0]);
        alice__act_close(a);
    }
    alice_status flushed = alice__act_flush(a);
    return st == ALICE_OK ? flushed : st;
}

/* ---- the whole ---- */

/* Say at once, before a search of hours, where a file system shares no blocks: by the first
 * file that is met below each folder. */
static alice_status ask_for_sharing(alice__acting *a)
{
    finder *f = a->f;
    alice_status st = ALICE_OK;
    for (size_t i = 0; st == ALICE_OK && i < f->o->path_count; i++) {
        const alice__walk_options w = {.env = f->env,
                                       .root_fd = f->roots[i],
                                       .scratch_dir = f->scratch_dir,
                                       .names_bytes = CHUNK};
        alice__walk *walk = NULL;
        alice__entry e = {.kind = ALICE__ENTRY_ERROR};
        int fd = -1, bad = 0;
        uint64_t done;
        bool same;
        st = alice__walk_open(&walk, &w, a->error);
        while (st == ALICE_OK && (st = alice__walk_next(walk, &e)) == ALICE_OK &&
               (e.kind != ALICE__ENTRY_FILE ||
                a->fs->open_read(a->fs, alice__folder_fd(e.folder), e.name, &fd) != 0))
            ;
        if (fd >= 0)
            bad = a->fs->dedupe(a->fs, fd, fd, 0, 0, &done, &same);
        alice__fs_close(fd);
        alice__walk_close(&walk);
        st = st == ALICE_E_END ? ALICE_OK : st;
        if (st == ALICE_OK && bad)
            st = alice__fail(a->error, ALICE_E_UNSUPPORTED, -bad,
                             "%s: its file system cannot share blocks between files (%s), as "
                             "btrfs and XFS can; nothing was changed",
                             f->o->paths[i], strerror(-bad));
    }
    return st;
}

static alice_status act(alice__acting *a)
{
    finder *f = a->f;
    const alice__disk_sort_options by = {.env = f->env,
                                         .scratch_dir = f->scratch_dir,
                                         .record_bytes = sizeof(alice__superfluous),
                                         .block_bytes = f->block,
                                         .order = in_walk_order};
    a->whole = f->whole;
    a->whole.fs = a->fs;
    alice_status st = alice__disk_sort_open(&f->todo, &by, a->error);
    if (st == ALICE_OK && a->o->act == ALICE_SAME_REFLINK)
        st = ask_for_sharing(a);
    if (st == ALICE_OK)
        st = alice__same_find(f);
    if (st == ALICE_OK)
        st = write_list(a);
    if (st == ALICE_OK && a->o->act != ALICE_SAME_REMOVE)
        st = act_on_each(a);
    return st;
}

static alice_status act_with_room(alice__acting *a, const alice_duplicates_options *find)
{
    finder *f = a->f;
    const bool removes = a->o->act == ALICE_SAME_REMOVE;
    f->acts = true;
    f->links = a->o->act == ALICE_SAME_LINK;
    f->partners = removes;
    alice_status st = removes ? alice__act_find_organized(a) : ALICE_OK;
    if (st == ALICE_OK && removes)
        st = alice__act_settle(a);
    if (st != ALICE_OK)
        return st;
    st = alice__same_begin(f, find, &a->r->found, a->error);
    if (st == ALICE_OK)
        st = act(a);
    /* A run of a catalog has a budget of its own: that of finding goes first. */
    alice_status ended = alice__same_end(f);
    st = st == ALICE_OK ? ended : st;
    if (st == ALICE_OK && removes)
        st = alice__act_remove(a);
    alice__fs_close(a->todo);
    alice__same_close(f);
    return st;
}

alice_status alice__duplicates_act_on(const alice_act_options *options, const alice__fs_ops *fs,
                                      alice_act_result *out, alice_error *error)
{
    alice_act_result unwanted = {.done = 0};
    alice_error unheard = {.text = ""};
    alice_act_options own;
    alice_duplicates_options find;
    if (!error)
        error = &unheard;
    error->text[0] = 0;
    out = out ? out : &unwanted;
    alice_status st = alice__options_take(&own, sizeof own, options);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "%s", alice_status_text(st));
    if (own.act < ALICE_SAME_LINK || own.act > ALICE_SAME_REMOVE)
        return alice__fail(error, ALICE_E_INVAL, 0, "what is to be done has to be said");
    st = alice__same_take(&find, own.find, error);
    if (st != ALICE_OK)
        return st;
    memset(out, 0, sizeof *out);
    own.find = &find;
    const alice_env env = {.alloc = find.env.alloc};
    void *acting = NULL, *room = NULL;
    st = alice_env_calloc(&env, 1, sizeof(alice__acting), ALICE_HERE, &acting);
    if (st == ALICE_OK)
        st = alice_env_calloc(&env, 1, sizeof(finder), ALICE_HERE, &room);
    if (st == ALICE_OK) {
        alice__acting *a = acting;
        *a = (alice__acting){.o = &own,
                             .r = out,
                             .error = error,
                             .f = room,
                             .fs = fs ? fs : &alice__fs_real,
                             .todo = -1,
                             .touched = -1,
                             .kept = {.dir = -1, .fd = -1},
                             .file = {.dir = -1, .fd = -1}};
        st = act_with_room(a, &find);
    }
    alice_env_free(&env, room, room ? sizeof(finder) : 0);
    alice_env_free(&env, acting, acting ? sizeof(alice__acting) : 0);
    if (st != ALICE_OK && error->text[0] == 0)
        alice__fail(error, st, 0, "%s", alice_status_text(st));
    return st;
}

alice_status alice_duplicates_act(const alice_act_options *options, alice_act_result *out,
                                  alice_error *error)
{
    return alice__duplicates_act_on(options, NULL, out, error);
}
