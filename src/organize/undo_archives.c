/* SPDX-License-Identifier: MIT */
#include "organize/undo_archives.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "organize/archive_content.h"

bool alice__is_archive_run(const char *inbox)
{
    /* Several are called by what their names have in common: archives.c. */
    const char *leaf = strrchr(inbox, '/');
    alice__fs_stat s;
    int bad = alice__fs_stat_path(inbox, &s);
    return bad ? leaf && strchr(leaf, '*') : s.kind == ALICE__FS_FILE;
}

bool alice__in_archives_has(const alice__in_archives *a, int64_t row)
{
    const uint64_t i = (uint64_t)(row - a->first);
    return row >= a->first && i / 8 < a->bytes && (a->bits[i / 8] >> i % 8 & 1);
}

void alice__in_archives_free(alice_organizer *o, alice__in_archives *a)
{
    alice_env env = alice__organizer_env(o, o->acc_batch);
    alice_env_free(&env, a->bits, a->bytes);
    *a = (alice__in_archives){0};
}

#if ALICE_ARCHIVES

typedef struct looking {
    alice_organizer *o;
    alice__in_archives *out;
    alice__archive_lib lib;
    alice__packed_file file;
    alice__archive_entries in;
    char path[ALICE__PATH_MAX];
} looking;

/* Room for a bit of each row, none set. */
static alice_status make_room(alice_organizer *o, const alice__run_row *run,
                              alice__in_archives *out)
{
    alice_env env = alice__organizer_env(o, o->acc_batch);
    alice__run_file f;
    int64_t after = 0, last = 0;
    alice_status st;
    void *room = NULL;
    while ((st = alice__catalog_run_file(o->catalog, run, &after, &f)) == ALICE_OK) {
        if (out->first == 0)
            out->first = f.id;
        if (f.id > last)
            last = f.id;
    }
    if (st != ALICE_E_END || out->first == 0)
        return st == ALICE_E_END ? ALICE_OK : st;
    const size_t bytes = (size_t)(last - out->first) / 8 + 1;
    st = alice_env_calloc(&env, bytes, 1, ALICE_HERE, &room);
    out->bits = room;
    out->bytes = st == ALICE_OK ? bytes : 0;
    return st;
}

static alice_status take(void *ctx, struct archive_entry *e, bool *fatal)
{
    looking *l = ctx;
    alice__archive_data d;
    alice__candidate c;
    char dest[ALICE__DEST_MAX];
    int64_t after = 0;
    alice__packed_read(&l->in, e, &l->file, &d);
    *fatal |= d.fatal;
    if (d.status == ALICE_E_CANCELLED)
        return ALICE_E_CANCELLED;
    if (d.why)
        return ALICE_OK;
    /* Read, whatever the catalog says of them: they are to be deleted. */
    for (;;) {
        alice_status st =
            alice__packed_find(l->o, &l->file, true, &after, &c, dest, sizeof dest);
        if (st != ALICE_OK || c.id == 0)
            return st;
        const uint64_t i = (uint64_t)(c.id - l->out->first);
        if (c.id >= l->out->first && i / 8 < l->out->bytes)
            l->out->bits[i / 8] |= (uint8_t)(1 << i % 8);
    }
}

static void refuse(void *ctx, const char *name, alice_status status, const char *why)
{
    const looking *l = ctx;
    (void)status;
    alice_env_log(&l->o->env, ALICE_LOG_WARNING, "%s%s%s: %s", l->in.path, *name ? "/" : "",
                  name, why);
}

/* One archive more, as it is now. */
static void note(const alice__fs_stat *s, uint64_t *count, uint64_t *sum)
{
    const uint64_t what[5] = {s->dev, s->inode, s->size, (uint64_t)s->mtime_ns,
                              (uint64_t)s->ctime_ns};
    ++*count;
    *sum += alice__hash64(what, sizeof what, 0);
}

/* What is read of it may soon be nowhere else: it is made durable first. */
static alice_status read_one(looking *l, const char *path)
{
    const alice__fs_ops *fs = l->o->fs;
    alice__fs_stat s;
    int fd = -1;
    int r = fs->open_read(fs, ALICE__FS_CWD, path, &fd);
    if (!r)
        r = fs->sync(fs, fd);
    if (!r)
        r = fs->stat_fd(fs, fd, &s);
    if (!r)
        note(&s, &l->out->count, &l->out->sum);
    alice__fs_close(fd);
    if (!r)
        return alice__archive_entries_read(&l->in, path);
    l->in.path = path;
    refuse(l, "", alice__status_of_errno(-r), strerror(-r));
    return ALICE_OK;
}

static alice_status read_each(void *ctx, const char *path)
{
    return read_one(ctx, path);
}

typedef alice_status (*each_fn)(void *ctx, const char *path);

/* The archive, or every file of the pattern's folder that it can mean. `path` is room. */
static alice_status each_archive(const char *inbox, char path[ALICE__PATH_MAX], each_fn each,
                                 void *ctx, int *bad)
{
    const char *leaf = strrchr(inbox, '/') + 1, *star = strchr(leaf, '*');
    char room[4096];
    alice__fs_stat s;
    alice__fs_dir d;
    alice__fs_name e = {.name = NULL};
    alice_status st = ALICE_OK;
    int fd = -1;
    *bad = 0;
    if (!star || alice__fs_stat_path(inbox, &s) == 0)
        return each(ctx, inbox);
    const size_t folder = (size_t)(leaf - inbox), front = (size_t)(star - leaf);
    const size_t back = strlen(star + 1);
    snprintf(path, ALICE__PATH_MAX, "%.*s", (int)folder, inbox);
    int r = alice__fs_open_dir(ALICE__FS_CWD, path, &fd);
    alice__fs_dir_start(&d, fd, room, sizeof room);
    while (!r && st == ALICE_OK && (r = alice__fs_dir_next(&d, &e)) == 0 && e.name) {
        const size_t n = strlen(e.name);
        if (n < front + back || memcmp(e.name, leaf, front) != 0 ||
            memcmp(e.name + n - back, star + 1, back) != 0 || e.kind == ALICE__FS_DIR)
            continue;
        snprintf(path + folder, ALICE__PATH_MAX - folder, "%s", e.name);
        st = each(ctx, path);
    }
    alice__fs_close(fd);
    *bad = r;
    return st;
}

static alice_status read_archives(looking *l, const char *inbox)
{
    alice_organizer *o = l->o;
    int bad = 0;
    if (alice__archive_lib_open(&l->lib) != 0)
        return ALICE_E_UNSUPPORTED;
    l->in = (alice__archive_entries){.lib = &l->lib,
                                     .fs = o->fs,
                                     .env = alice__organizer_env(o, o->acc_stream),
                                     .take = take,
                                     .refuse = refuse,
                                     .ctx = l,
                                     .should_stop = o->options.should_stop,
                                     .stop_ctx = o->options.ctx,
                                     .path = inbox};
    alice_status st = each_archive(inbox, l->path, read_each, l, &bad);
    if (bad)
        refuse(l, "", alice__status_of_errno(-bad), strerror(-bad));
    alice__archive_lib_close(&l->lib);
    return st;
}

alice_status alice__in_archives_read(alice_organizer *o, const char *inbox,
                                     const alice__run_row *run, alice__in_archives *out,
                                     alice_error *error)
{
    alice_env env = alice__organizer_env(o, o->acc_stream);
    void *room = NULL;
    *out = (alice__in_archives){0};
    snprintf(out->inbox, sizeof out->inbox, "%s", inbox);
    alice_status st = make_room(o, run, out);
    if (st != ALICE_OK || !out->bits)
        return st;
    st = alice_account_charge(o->acc_stream, ALICE__ARCHIVE_LIBRARY);
    if (st != ALICE_OK)
        return st;
    st = alice_env_calloc(&env, 1, sizeof(looking), ALICE_HERE, &room);
    looking *l = room;
    if (st == ALICE_OK) {
        l->o = o;
        l->out = out;
        st = read_archives(l, inbox);
    }
    alice_env_free(&env, room, room ? sizeof(looking) : 0);
    alice_account_release(o->acc_stream, ALICE__ARCHIVE_LIBRARY);
    return st == ALICE_E_UNSUPPORTED
               ? alice__fail(error, st, 0,
                             "the run organized archives, and libarchive (libarchive.so.13), "
                             "which would see whether they still have its files, is not there")
               : st;
}

typedef struct looking_again {
    const alice__fs_ops *fs;
    uint64_t count, sum;
} looking_again;

/* One that is gone is one too few. */
static alice_status look_again(void *ctx, const char *path)
{
    looking_again *l = ctx;
    alice__fs_stat s;
    if (l->fs->stat_at(l->fs, ALICE__FS_CWD, path, &s) == 0)
        note(&s, &l->count, &l->sum);
    return ALICE_OK;
}

bool alice__in_archives_still(const alice_organizer *o, const alice__in_archives *a)
{
    char path[ALICE__PATH_MAX];
    looking_again l = {.fs = o->fs};
    int bad = 0;
    alice_status st = each_archive(a->inbox, path, look_again, &l, &bad);
    return st == ALICE_OK && !bad && l.count == a->count && l.sum == a->sum;
}

#else

bool alice__in_archives_still(const alice_organizer *o, const alice__in_archives *a)
{
    (void)o, (void)a;
    return false;
}

alice_status alice__in_archives_read(alice_organizer *o, const char *inbox,
                                     const alice__run_row *run, alice__in_archives *out,
                                     alice_error *error)
{
    (void)o, (void)inbox, (void)run;
    *out = (alice__in_archives){0};
    return alice__fail(error, ALICE_E_UNSUPPORTED, 0,
                       "the run organized archives, and this program was built without "
                       "libarchive");
}

#endif
