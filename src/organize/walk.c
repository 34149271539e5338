/* SPDX-License-Identifier: MIT */
#include "organize/walk.h"

/*
 * Depth first, without recursion. The levels from the root to the directory at
 * hand stand in an array; the names of the directory at hand and those of the
 * subdirectories that wait at each level are the business of sorted_names.c,
 * whose stack has the same depth.
 *
 *   levels[0]  root          open for ever
 *   levels[1]  2024          closed: too far up
 *   …
 *   levels[k]  2024/…/day    open: at most `open_levels` of these
 *
 * A level that was closed is opened again by ".." of its child, and what that
 * leads to has to be the directory it was, by device and inode; if the tree was
 * moved about meanwhile, its path is gone down again from the nearest ancestor
 * that is open, part by part, each one proved the same way.
 */

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "organize/sorted_names.h"
#include "port/fs.h"

enum {
    READ_BUFFER = 32 * 1024,
    SHOWN = 1500, /* of a path beyond ALICE__WALK_PATH, at each end */
    RANKED = 64   /* or'ed to the kind of a file whose name has its rank behind the last dot */
};

_Static_assert((int)ALICE__WALK_PATH >= (int)ALICE__NAME_LONGEST, "a buffer for both");

struct alice__folder {
    alice_env env;
    atomic_uint refs;
    int fd;
    uint64_t serial;
    size_t size; /* of this block */
    bool beyond;
    bool has_last;
    char path[];
};

typedef struct level {
    alice__folder *folder; /* NULL: closed for now */
    uint64_t dev, ino, serial;
    size_t path_length;
    bool given_up; /* what waits here cannot be reached: told already */
} level;

struct alice__walk {
    alice_env env;
    alice__names *names;
    uint64_t skip_dev, skip_ino;
    level *levels;
    size_t depth, level_cap, open_levels;
    unsigned (*comes_later)(const char *name);
    unsigned (*rank)(const char *name);
    bool (*wanted)(const char *name);
    void (*entered)(void *ctx, const alice__folder *folder);
    void *entered_ctx;
    bool listing;     /* the files of the top level are being handed out */
    bool read_failed; /* they are not all: say so first */
    int read_error;
    uint64_t next_serial;
    alice__walk_stats stats;
    alice_error error;
    char *path; /* of the top level */
    size_t path_room;
    bool beyond;
    char name[ALICE__WALK_PATH + 1];
    char buffer[READ_BUFFER];
};

/* ---- folders ---- */

alice__folder *alice__folder_ref(alice__folder *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void alice__folder_unref(alice__folder *f)
{
    if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1)
        return;
    alice_env env = f->env;
    alice__fs_close(f->fd);
    alice_env_free(&env, f, f->size);
}

int alice__folder_fd(const alice__folder *f)
{
    return f->fd;
}

const char *alice__folder_path(const alice__folder *f)
{
    return f->path;
}

uint64_t alice__folder_serial(const alice__folder *f)
{
    return f->serial;
}

bool alice__folder_has_last(const alice__folder *f)
{
    return f->has_last;
}

bool alice__folder_beyond(const alice__folder *f)
{
    return f->beyond;
}

/* The first `length` bytes of the path, which leads to a folder, as they are told: beyond the
 * longest without their middle. Answers how many that are, and writes them, terminated, where
 * `out` is given. */
static size_t shown_path(const alice__walk *w, size_t length, char *out)
{
    static const char gap[] = "/…";
    size_t front = length, back = length, n = 0;
    if (length > ALICE__WALK_PATH) {
        for (front = SHOWN; front > 0 && w->path[front] != '/';)
            front--;
        for (back = length - SHOWN; back < length && w->path[back] != '/';)
            back++;
        n = sizeof gap - 1;
    }
    if (out) {
        memcpy(out, w->path, front);
        memcpy(out + front, gap, n);
        memcpy(out + front + n, w->path + back, length - back);
        out[front + n + length - back] = 0;
    }
    return front + n + length - back;
}

/* A folder of `fd`, which it owns from then on. */
static alice_status folder_new(alice__walk *w, int fd, uint64_t serial, size_t path_length,
                               alice__folder **out)
{
    size_t size = sizeof(alice__folder) + shown_path(w, path_length, NULL) + 1;
    void *p = NULL;
    alice_status st = alice_env_alloc(&w->env, size, ALICE_HERE, &p);
    if (st != ALICE_OK)
        return st;
    alice__folder *f = p;
    f->env = w->env;
    atomic_init(&f->refs, 1);
    f->fd = fd;
    f->serial = serial;
    f->size = size;
    f->beyond = path_length > ALICE__WALK_PATH;
    (void)shown_path(w, path_length, f->path); /* as many as were asked for */
    *out = f;
    return ALICE_OK;
}

/* ---- what is passed over ---- */

bool alice__walk_passes_over(const char *name)
{
    static const char *const system_names[] = {"@eaDir", "Thumbs.db", "desktop.ini"};
    if (name[0] == '.')
        return true;
    if (name[0] != '@' && name[0] != 'T' && name[0] != 'd')
        return false;
    for (size_t i = 0; i < sizeof system_names / sizeof *system_names; i++) {
        if (strcmp(name, system_names[i]) == 0)
            return true;
    }
    return false;
}

/* ---- levels ---- */

static level *top_of(alice__walk *w)
{
    return &w->levels[w->depth - 1];
}

static alice_status level_room(alice__walk *w)
{
    if (w->depth < w->level_cap)
        return ALICE_OK;
    size_t cap = w->level_cap ? w->level_cap * 2 : 16;
    void *p = w->levels;
    alice_status st = alice_env_resize(&w->env, &p, w->level_cap * sizeof *w->levels,
                                       cap * sizeof *w->levels, ALICE_HERE);
    if (st != ALICE_OK)
        return st;
    w->levels = p;
    w->level_cap = cap;
    return ALICE_OK;
}

static alice__entry_kind entry_kind(alice__fs_kind kind)
{
    return kind == ALICE__FS_FILE   ? ALICE__ENTRY_FILE
           : kind == ALICE__FS_LINK ? ALICE__ENTRY_LINK
                                    : ALICE__ENTRY_SPECIAL;
}

/*
 * "a.JPG" becomes "a.1JPG": by bytes the files of one stem then stand by rank, and all others
 * as before. w->name, or NULL where there is nothing to rank.
 */
static const char *with_rank(alice__walk *w, const char *name)
{
    const char *dot = w->rank ? strrchr(name, '.') : NULL;
    size_t n = strlen(name), front = dot ? (size_t)(dot - name) + 1 : 0;
    if (!dot || n >= ALICE__NAME_LONGEST)
        return NULL;
    memcpy(w->name, name, front);
    w->name[front] = (char)('0' + w->rank(name) % 10);
    memcpy(w->name + front + 1, dot + 1, n - front + 1);
    return w->name;
}

static const char *without_rank(alice__walk *w, const char *name)
{
    size_t front = (size_t)(strrchr(name, '.') - name) + 1;
    memcpy(w->name, name, front);
    memcpy(w->name + front, name + front + 1, strlen(name + front));
    return w->name;
}

/* Read the names of an open directory. ALICE_OK also where it failed on the way
 * (read_failed). */
static alice_status read_names(alice__walk *w, alice__folder *folder)
{
    const int fd = folder->fd;
    alice__fs_dir d;
    alice__names_begin(w->names);
    alice__fs_dir_start(&d, fd, w->buffer, sizeof w->buffer);
    w->read_failed = false;
    folder->has_last = !w->comes_later;
    for (;;) {
        alice__fs_name n;
        int r = alice__fs_dir_next(&d, &n);
        if (r) {
            folder->has_last = true; /* for all that is known */
            w->read_failed = true;
            w->read_error = -r;
            break;
        }
        if (!n.name)
            break;
        if (alice__walk_passes_over(n.name) && !(w->wanted && w->wanted(n.name))) {
            w->stats.passed_over++;
            continue;
        }
        if (n.kind == ALICE__FS_UNKNOWN) {
            alice__fs_stat s;
            r = alice__fs_stat_at(fd, n.name, &s);
            if (r == -ENOENT)
                continue;
            /* What cannot be looked at is handed out as a file: who opens it learns why. */
            n.kind = r ? ALICE__FS_FILE : s.kind;
        }
        unsigned kind =
            n.kind == ALICE__FS_DIR ? (unsigned)ALICE__NAMES_DIR : (unsigned)entry_kind(n.kind);
        const char *ranked = kind == ALICE__ENTRY_FILE ? with_rank(w, n.name) : NULL;
        unsigned later =
            kind == ALICE__ENTRY_FILE && w->comes_later ? w->comes_later(n.name) : 0;
        folder->has_last |= later > 1;
        kind |= later == 0 ? 0 : later == 1 ? ALICE__NAMES_LATER : ALICE__NAMES_LAST;
        alice_status st = alice__names_add(w->names, ranked ? kind | RANKED : kind,
                                           ranked ? ranked : n.name, &w->error);
        if (st != ALICE_OK)
            return st;
    }
    return alice__names_sort(w->names, &w->error);
}

/* Whether the directory is one of those that are open above: a loop of mounts. */
static bool is_ancestor(const alice__walk *w, const alice__fs_stat *s)
{
    for (size_t i = 0; i < w->depth; i++) {
        if (w->levels[i].dev == s->dev && w->levels[i].ino == s->inode)
            return true;
    }
    return false;
}

/*
 * Make the open directory `fd`, whose path stands in w->path, the top level and
 * read it. On failure `fd` is closed and nothing changed.
 */
static alice_status enter(alice__walk *w, int fd, const alice__fs_stat *s, size_t path_length)
{
    alice__folder *folder = NULL;
    alice_status st = level_room(w);
    if (st == ALICE_OK)
        st = folder_new(w, fd, w->next_serial, path_length, &folder);
    if (st != ALICE_OK) {
        alice__fs_close(fd);
        return alice__fail(&w->error, st, 0, "no memory for a folder");
    }
    if (w->entered)
        w->entered(w->entered_ctx, folder);
    st = read_names(w, folder);
    if (st != ALICE_OK) {
        alice__names_drop(w->names);
        alice__folder_unref(folder);
        return st;
    }
    w->levels[w->depth++] = (level){.folder = folder,
                                    .dev = s->dev,
                                    .ino = s->inode,
                                    .serial = w->next_serial++,
                                    .path_length = path_length};
    w->listing = true;
    w->stats.folders++;
    if (w->depth > w->open_levels + 1) {
        level *far = &w->levels[w->depth - 1 - w->open_levels];
        alice__folder_unref(far->folder);
        far->folder = NULL;
    }
    return ALICE_OK;
}

/* Whether the open directory is the one of `l`. */
static bool is_level(int fd, const level *l)
{
    alice__fs_stat s;
    return alice__fs_stat_fd(fd, &s) == 0 && s.dev == l->dev && s.inode == l->ino;
}

/* Go down from the nearest open ancestor to level `to`, by the parts of the path. */
static int descend(alice__walk *w, size_t to, int *fd)
{
    size_t i = to;
    while (!w->levels[i].folder)
        i--;
    int at = -1;
    int r = alice__fs_open_dir(w->levels[i].folder->fd, ".", &at);
    for (; !r && i < to; i++) {
        size_t begin = w->levels[i].path_length + (i > 0);
        size_t length = w->levels[i + 1].path_length - begin;
        int next = -1;
        memcpy(w->name, w->path + begin, length);
        w->name[length] = 0;
        r = alice__fs_open_dir(at, w->name, &next);
        alice__fs_close(at);
        at = next;
        if (!r && !is_level(at, &w->levels[i + 1]))
            r = -ESTALE;
    }
    if (r)
        alice__fs_close(at);
    else
        *fd = at;
    return r;
}

/* Open level `i`, which was closed, again; `child` is a descriptor of the level below it. */
static alice_status reopen(alice__walk *w, size_t i, int child)
{
    level *l = &w->levels[i];
    int fd = -1;
    int r = alice__fs_open_dir(child, "..", &fd);
    if (!r && !is_level(fd, l)) {
        alice__fs_close(fd);
        r = -ESTALE;
    }
    if (r)
        r = descend(w, i, &fd);
    if (r)
        return alice__fail(&w->error, alice__status_of_errno(-r), -r,
                           "the folder was moved away while it was walked");
    alice_status st = folder_new(w, fd, l->serial, l->path_length, &l->folder);
    if (st != ALICE_OK) {
        alice__fs_close(fd);
        return alice__fail(&w->error, st, 0, "no memory for a folder");
    }
    return ALICE_OK;
}

/* ---- entries ---- */

static void fill_error(alice__walk *w, alice__entry *entry, alice__folder *folder,
                       const char *name, alice_status status)
{
    *entry = (alice__entry){.kind = ALICE__ENTRY_ERROR,
                            .folder = folder,
                            .name = name,
                            .status = status,
                            .os_error = w->error.os_error,
                            .why = w->error.text};
}

/* Whether a failure is about the memory of the walk itself. */
static bool is_fatal(alice_status st)
{
    return st == ALICE_E_NOMEM;
}

/* What waits at the top level cannot be reached: tell it as an error, named by its path from
 * the root. */
static void give_up(alice__walk *w, alice__entry *entry, alice_status st)
{
    level *top = top_of(w);
    (void)shown_path(w, top->path_length, w->name); /* at most ALICE__WALK_PATH */
    fill_error(w, entry, w->levels[0].folder, top->path_length > 0 ? w->name : ".", st);
    top->given_up = true;
}

/* Leave the top level. When its parent cannot be opened again, that is given up. */
static alice_status leave(alice__walk *w, alice__entry *entry, bool *told)
{
    level gone = *top_of(w);
    alice_status st = ALICE_OK;
    alice__names_pop(w->names);
    w->depth--;
    *told = false;
    if (w->depth > 0) {
        level *parent = top_of(w);
        if (!parent->folder)
            st = reopen(w, w->depth - 1, gone.folder ? gone.folder->fd : -1);
        w->path[parent->path_length] = 0;
        if (st != ALICE_OK && !is_fatal(st)) {
            give_up(w, entry, st);
            *told = true;
            st = ALICE_OK;
        }
    }
    alice__folder_unref(gone.folder);
    return st;
}

/* For a path of `length` bytes. */
static alice_status make_path_room(alice__walk *w, size_t length)
{
    if (length < w->path_room)
        return ALICE_OK;
    void *p = w->path;
    alice_status st = alice_env_resize(&w->env, &p, w->path_room, 2 * w->path_room, ALICE_HERE);
    if (st != ALICE_OK)
        return alice__fail(&w->error, ALICE_E_TOOBIG, ENAMETOOLONG,
                           "no memory for a path of %zu bytes", length);
    w->path = p;
    w->path_room *= 2;
    return ALICE_OK;
}

/* Open and enter the subdirectory w->name of the top level. `*told`: it became an error entry.
 */
static alice_status go_down(alice__walk *w, alice__entry *entry, bool *told)
{
    level *top = top_of(w);
    size_t length = strlen(w->name);
    size_t begin = top->path_length + (top->path_length > 0);
    int fd = -1, r = 0;
    alice__fs_stat s;
    alice_status st = ALICE_OK;

    *told = false;
    if (begin + length > ALICE__WALK_PATH && !w->beyond) {
        st = alice__fail(&w->error, ALICE_E_TOOBIG, ENAMETOOLONG,
                         "the path is longer than %d bytes", ALICE__WALK_PATH);
        goto out;
    }
    st = make_path_room(w, begin + length);
    if (st != ALICE_OK)
        goto out;
    r = alice__fs_open_dir(top->folder->fd, w->name, &fd);
    if (!r)
        r = alice__fs_stat_fd(fd, &s);
    /* Gone, or replaced by a link or a file: it is no directory of this tree any more. */
    if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP) {
        alice__fs_close(fd);
        return ALICE_OK;
    }
    if (r) {
        alice__fs_close(fd);
        st = alice__fail(&w->error, alice__status_of_errno(-r), -r, "%s", strerror(-r));
        goto out;
    }
    if ((w->skip_dev || w->skip_ino) && s.dev == w->skip_dev && s.inode == w->skip_ino) {
        w->stats.passed_over++;
        alice__fs_close(fd);
        return ALICE_OK;
    }
    if (is_ancestor(w, &s)) {
        alice__fs_close(fd);
        st = alice__fail(&w->error, ALICE_E_UNSUPPORTED, ELOOP,
                         "the folder contains itself (a loop of mounts)");
        goto out;
    }
    if (begin > 0)
        w->path[begin - 1] = '/';
    memcpy(w->path + begin, w->name, length + 1);
    st = enter(w, fd, &s, begin + length);
    if (st != ALICE_OK)
        w->path[top_of(w)->path_length] = 0;
out:
    if (st != ALICE_OK && !is_fatal(st)) {
        fill_error(w, entry, top_of(w)->folder, w->name, st);
        *told = true;
        st = ALICE_OK;
    }
    return st;
}

/* ---- the walk ---- */

alice_status alice__walk_open(alice__walk **out, const alice__walk_options *o,
                              alice_error *error)
{
    if (!out || !o)
        return alice__fail(error, ALICE_E_INVAL, 0, "nothing to walk");
    void *p = NULL;
    alice_status st = alice_env_alloc(&o->env, sizeof(alice__walk), ALICE_HERE, &p);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "no memory for the walk");
    alice__walk *w = p;
    memset(w, 0, offsetof(alice__walk, name));
    w->env = o->env;
    w->path_room = ALICE__WALK_PATH + 1;
    w->beyond = o->beyond;
    w->skip_dev = o->skip_dev;
    w->skip_ino = o->skip_ino;
    w->comes_later = o->comes_later;
    w->rank = o->rank;
    w->wanted = o->wanted;
    w->entered = o->entered;
    w->entered_ctx = o->entered_ctx;
    w->next_serial = 1;
    w->open_levels =
        o->open_levels && o->open_levels < ALICE__WALK_OPEN ? o->open_levels : ALICE__WALK_OPEN;

    int fd = -1;
    alice__fs_stat s;
    alice__names_options names = {
        .env = o->env, .bytes = o->names_bytes, .scratch_dir = o->scratch_dir};
    p = NULL;
    st = alice_env_calloc(&w->env, 1, w->path_room, ALICE_HERE, &p);
    w->path = p;
    if (st == ALICE_OK)
        st = alice__names_open(&w->names, &names);
    if (st != ALICE_OK) {
        st = alice__fail(&w->error, st, 0, "no memory for names");
        goto out;
    }
    int r = alice__fs_open_dir(o->root_fd, ".", &fd);
    if (!r)
        r = alice__fs_stat_fd(fd, &s);
    if (r) {
        alice__fs_close(fd);
        st = alice__fail(&w->error, alice__status_of_errno(-r), -r,
                         "the folder cannot be read: %s", strerror(-r));
        goto out;
    }
    st = enter(w, fd, &s, 0);
    if (st != ALICE_OK)
        goto out;
    *out = w;
    return ALICE_OK;
out:
    if (error)
        *error = w->error;
    alice__walk_close(&w);
    return st;
}

void alice__walk_close(alice__walk **walk)
{
    if (!walk || !*walk)
        return;
    alice__walk *w = *walk;
    alice_env env = w->env;
    for (size_t i = 0; i < w->depth; i++)
        alice__folder_unref(w->levels[i].folder);
    alice_env_free(&env, w->levels, w->level_cap * sizeof *w->levels);
    alice__names_close(&w->names);
    alice_env_free(&env, w->path, w->path ? w->path_room : 0);
    alice_env_free(&env, w, sizeof *w);
    *walk = NULL;
}

/* The next file of the top level; ALICE_E_END after the last, when its subdirectories wait. */
static alice_status next_file(alice__walk *w, alice__entry *entry)
{
    alice__folder *folder = top_of(w)->folder;
    if (w->read_failed) {
        w->read_failed = false;
        alice_status st =
            alice__fail(&w->error, alice__status_of_errno(w->read_error), w->read_error,
                        "the folder could not be read to its end: %s", strerror(w->read_error));
        fill_error(w, entry, folder, ".", st);
        return ALICE_OK;
    }
    alice__names_item item;
    alice_status st = alice__names_next(w->names, &item, &w->error);
    if (st == ALICE_OK) {
        bool ranked = (item.kind & RANKED) != 0;
        *entry = (alice__entry){.kind = (alice__entry_kind)(item.kind & ~(unsigned)RANKED),
                                .folder = folder,
                                .name = ranked ? without_rank(w, item.name) : item.name};
        if (entry->kind == ALICE__ENTRY_FILE)
            w->stats.files++;
        return ALICE_OK;
    }
    w->listing = false;
    if (st == ALICE_E_END)
        st = alice__names_push(w->names, &w->error);
    if (st == ALICE_OK)
        return ALICE_E_END;

    /* The rest of this directory cannot be read: report it, and go on with the levels above. */
    alice__names_drop(w->names);
    alice_status empty = alice__names_push(w->names, NULL);
    if (empty != ALICE_OK)
        return empty;
    fill_error(w, entry, folder, ".", st);
    return ALICE_OK;
}

alice_status alice__walk_next(alice__walk *w, alice__entry *entry)
{
    bool told = false;
    while (w->depth > 0) {
        alice_status st;
        if (w->listing) {
            st = next_file(w, entry);
            if (st != ALICE_E_END)
                return st;
        }
        if (top_of(w)->given_up)
            st = ALICE_E_END;
        else
            st = alice__names_waiting(w->names, w->name, sizeof w->name, &w->error);
        if (st == ALICE_OK) {
            st = go_down(w, entry, &told);
        } else if (st == ALICE_E_END) {
            st = leave(w, entry, &told);
        } else {
            give_up(w, entry, st);
            return ALICE_OK;
        }
        if (st != ALICE_OK || told)
            return st;
    }
    return ALICE_E_END;
}

void alice__walk_stats_get(const alice__walk *w, alice__walk_stats *out)
{
    *out = w->stats;
    out->spilled_names = alice__names_spilled(w->names);
}
