/* SPDX-License-Identifier: MIT */
#include "organize/transfer_int.h"

/*
 * A batch of files that are copied or moved: opening it, putting files into it, and what a kill
 * left. transfer_finish.c ends it. A file's way through it:
 *
 *   put   move, same file system   source ──rename──▶ dest                        RENAMED
 *         else                     source ──copy────▶ .alice-tmp-<run>-<n>        COPIED
 *   finish
 *         flush the copies (all at once where that is reliable)
 *         a move: read the copy again from the disk, compare the hash
 *         .alice-tmp-<run>-<n> ──rename, replacing nothing──▶ dest               PLACED
 *         flush the folders
 *         a move: the source is still what was copied? unlink it; flush its folder
 *
 * Whenever the process is killed, each file stands whole under its old name, its
 * new one, or both; under the new one never in part. What a temporary name holds
 * is always a copy, never the only one: it may be removed.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"

enum {
    BUFFER_DEFAULT = 256 * 1024,
    BUFFER_LEAST = ALICE__HEAD_BYTES,
    BATCH_DEFAULT = 1000,
    OLD_S = 3600 /* a temporary file of no run that is under way */
};

/* ---- open, close ---- */

alice_status alice__transfer_open(alice__transfer **out, const alice__transfer_options *o,
                                  alice_error *error)
{
    if (!out || !o || o->organized_fd < 0 || o->run_id < 0)
        return alice__fail(error, ALICE_E_INVAL, 0, "no organized folder");
    void *p = NULL;
    alice_status st = alice_env_calloc(&o->env, 1, sizeof(alice__transfer), ALICE_HERE, &p);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "no memory to transfer files");
    alice__transfer *t = p;
    t->env = o->env;
    t->o = *o;
    t->fs = o->fs ? o->fs : &alice__fs_real;
    if (t->o.buffer_bytes == 0)
        t->o.buffer_bytes = BUFFER_DEFAULT;
    if (t->o.buffer_bytes < BUFFER_LEAST)
        t->o.buffer_bytes = BUFFER_LEAST;
    if (t->o.max_batch == 0)
        t->o.max_batch = BATCH_DEFAULT;

    alice__fs_space space;
    int r = t->fs->space_of(t->fs, o->organized_fd, &space);
    if (r) {
        st = alice__fail(error, alice__status_of_errno(-r), -r,
                         "the organized folder cannot be used: %s", strerror(-r));
        goto out;
    }
    t->all_at_once = space.local && alice__fs_sync_all_tells();
    st = alice__dests_open(&t->dests, &t->env, t->fs, o->organized_fd, t->all_at_once,
                           o->max_folders);
    if (st != ALICE_OK) {
        alice__fail(error, st, 0, "no memory to transfer files");
        goto out;
    }
    *out = t;
    t = NULL;
out:
    alice__transfer_close(&t);
    return st;
}

void alice__transfer_close(alice__transfer **transfer)
{
    if (!transfer || !*transfer)
        return;
    alice__transfer *t = *transfer;
    alice_env env = t->env;
    if (t->count > 0)
        alice__transfer_abandon(t);
    alice__dests_close(&t->dests);
    alice_env_free(&env, t->buffer, t->buffer_size);
    alice_env_free(&env, t->sources, t->source_cap * sizeof *t->sources);
    alice_env_free(&env, t->texts, t->text_cap);
    alice_env_free(&env, t->items, t->item_cap * sizeof *t->items);
    alice_env_free(&env, t, sizeof *t);
    *transfer = NULL;
}

/* ---- the batch's tables ---- */

/* Make room for `more` elements of `size` bytes behind `count`; doubles. */
static alice_status room(alice__transfer *t, void **p, size_t *cap, size_t count, size_t more,
                         size_t size)
{
    if (*cap - count >= more)
        return ALICE_OK;
    size_t want = *cap ? *cap * 2 : 64;
    while (want - count < more)
        want *= 2;
    alice_status st = alice_env_resize(&t->env, p, *cap * size, want * size, ALICE_HERE);
    if (st == ALICE_OK)
        *cap = want;
    return st;
}

/* Room for one more file, before anything is done on disk. */
static alice_status room_for(alice__transfer *t, size_t text)
{
    void *p = t->items;
    alice_status st = room(t, &p, &t->item_cap, t->count, 1, sizeof *t->items);
    t->items = p;
    if (st != ALICE_OK)
        return st;
    p = t->texts;
    st = room(t, &p, &t->text_cap, t->text_fill, text, 1);
    t->texts = p;
    if (st != ALICE_OK)
        return st;
    p = t->sources;
    /* One a file, as finish() may have to touch them all. */
    st = room(t, &p, &t->source_cap, t->count, 1, sizeof *t->sources);
    t->sources = p;
    return st;
}

static size_t keep_text(alice__transfer *t, const char *text, size_t size)
{
    size_t at = t->text_fill;
    memcpy(t->texts + at, text, size);
    t->text_fill += size;
    return at;
}

void alice__touch_source(alice__transfer *t, int fd)
{
    for (size_t i = t->source_count; i-- > 0;) {
        if (t->sources[i] == fd)
            return;
    }
    t->sources[t->source_count++] = fd;
}

void alice__temp_name(const alice__transfer *t, uint32_t number, char name[ALICE__TEMP_NAME])
{
    snprintf(name, ALICE__TEMP_NAME, ".alice-tmp-%lld-%lu", (long long)t->o.run_id,
             (unsigned long)number);
}

alice_status alice__transfer_buffer(alice__transfer *t)
{
    alice_status st = ALICE_OK;
    for (size_t size = t->o.buffer_bytes; !t->buffer; size /= 2) {
        void *p = NULL;
        if (size < BUFFER_LEAST)
            return st;
        st = alice_env_alloc(&t->env, size, ALICE_HERE, &p);
        if (st == ALICE_OK) {
            t->buffer = p;
            t->buffer_size = size;
        }
    }
    return ALICE_OK;
}

static int look_at_source(alice__transfer *t, int dir, const char *name,
                          const alice__stamp *stamp, alice_status *status)
{
    alice__fs_stat s;
    int r = t->fs->stat_at(t->fs, dir, name, &s);
    *status = r                               ? alice__status_of_errno(-r)
              : !alice__is_stamped(&s, stamp) ? ALICE_E_CHANGED
                                              : ALICE_OK;
    return r;
}

/*
 * The source before it is renamed: as it was probed, and nobody has it open to write. One look
 * by its descriptor tells both; what cannot be opened is renamed all the same, after a look by
 * name.
 */
static int look_before(alice__transfer *t, const alice__job *job, alice_status *status)
{
    int fd = -1;
    if (!t->o.move || !t->o.leave_busy ||
        t->fs->open_read(t->fs, job->source_dir_fd, job->source.name, &fd) != 0)
        return look_at_source(t, job->source_dir_fd, job->source.name, &job->source.stamp,
                              status);
    *status = alice__still_there(t, fd, &job->source.stamp);
    alice__fs_close(fd);
    return 0;
}

/* ---- what a kill left ---- */

/* Whether `name` is one that alice__temp_name() makes, of whatever run. */
static bool is_temp_name(const char *name)
{
    static const char prefix[] = ".alice-tmp-";
    if (strncmp(name, prefix, sizeof prefix - 1) != 0)
        return false;
    const char *p = name + sizeof prefix - 1;
    size_t run = strspn(p, "0123456789");
    if (run == 0 || p[run] != '-')
        return false;
    p += run + 1;
    size_t number = strspn(p, "0123456789");
    return number > 0 && p[number] == 0;
}

/* Remove the temporary files of dead runs in a folder: only what did not change since
 * `before_ns`. */
static void sweep(alice__transfer *t, const alice__dest *dest, int64_t before_ns)
{
    int fd = -1;
    alice__fs_dir d;
    alice__fs_name n;
    alice__fs_stat s;
    /* A descriptor of its own: the handle's position is left alone. */
    if (alice__transfer_buffer(t) != ALICE_OK || t->fs->open_dir(t->fs, dest->fd, ".", &fd))
        return;
    alice__fs_dir_start(&d, fd, t->buffer, t->buffer_size);
    while (t->fs->dir_next(t->fs, &d, &n) == 0 && n.name) {
        if (!is_temp_name(n.name) || (n.kind != ALICE__FS_FILE && n.kind != ALICE__FS_UNKNOWN))
            continue;
        /* The time of a copy is its source's: only its status says how old it is. */
        if (before_ns != INT64_MAX &&
            (t->fs->stat_at(t->fs, fd, n.name, &s) != 0 || s.ctime_ns >= before_ns))
            continue;
        if (t->fs->unlink(t->fs, fd, n.name) == 0)
            alice__dests_touch(t->dests, dest->id);
    }
    alice__fs_close(fd);
}

/* In a folder that stood before: leftovers that no catalog lists any more. Another's run may be
 * under way there: only old ones go. */
static void sweep_old(alice__transfer *t, const alice__dest *dest)
{
    sweep(t, dest, (alice_env_wall_s(&t->env) - OLD_S) * 1000000000);
}

/* ---- put ---- */

static alice_status put_copy(alice__transfer *t, const alice__job *job, const alice__dest *dest,
                             const char *leaf, alice__batch_file *i)
{
    alice__fs_stat s;
    if (t->fs->stat_at(t->fs, dest->fd, leaf, &s) == 0)
        return ALICE_E_EXISTS;
    i->state = COPIED;
    return alice__copy_to_temp(t, job, dest, i);
}

static alice_status put_move(alice__transfer *t, const alice__job *job, const alice__dest *dest,
                             const char *leaf, alice__batch_file *i)
{
    const alice__naming n = {job->source_dir_fd, dest->fd, job->source.name, leaf,
                             &job->source.stamp};
    alice_status st = ALICE_OK;
    i->what = "it cannot be renamed";
    int r = alice__place(t->fs, &n);
    if (r == -EXDEV) {
        i->remove_source = true;
        return put_copy(t, job, dest, leaf, i);
    }
    i->state = RENAMED;
    i->os_error = -r;
    if (r == -ENOENT) {
        /* Which of the two files is missing? */
        look_at_source(t, job->source_dir_fd, job->source.name, &job->source.stamp, &st);
        return st == ALICE_OK ? ALICE_E_SYSTEM : st;
    }
    if (r)
        return alice__status_of_errno(-r);
    t->stats.renamed++;
    alice__dests_touch(t->dests, dest->id);
    alice__touch_source(t, job->source_dir_fd);
    return ALICE_OK;
}

alice_status alice__transfer_tell(alice_error *error, const char *dest,
                                  const alice__batch_file *i, alice_status st)
{
    const char *why = i->os_error ? strerror(i->os_error) : alice_status_text(st);
    if (st == ALICE_E_CHANGED)
        return alice__fail(error, st, i->os_error, "the file changed after it was read");
    if (st == ALICE_E_BUSY && !i->os_error)
        return alice__fail(error, st, 0, "somebody has the file open to write");
    if (st == ALICE_E_UNSUPPORTED && i->remove_source)
        return alice__fail(error, st, i->os_error,
                           "%s: %s (%s); the source stays, --lossy moves it all the same", dest,
                           i->what, why);
    if (st == ALICE_E_EXISTS)
        return alice__fail(error, st, EEXIST, "%s stands already", dest);
    return alice__fail(error, st, i->os_error, "%s: %s: %s", dest, i->what, why);
}

alice_status alice__transfer_put(alice__transfer *t, const alice__job *job, alice_error *error)
{
    if (!t || !job || !job->source.name || !job->dest || t->count >= t->o.max_batch)
        return alice__fail(error, ALICE_E_INVAL, 0, "no file, or too many in a batch");
    size_t source_size = strlen(job->source.name) + 1, dest_size = strlen(job->dest) + 1;
    alice__batch_file i = {.tag = job->tag,
                           .group = job->group,
                           .stamp = job->source.stamp,
                           .source_dir = job->source_dir_fd,
                           .fd = -1,
                           .what = "the source cannot be looked at"};
    alice_status st = room_for(t, source_size + dest_size);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "no memory for another file of the batch");
    i.os_error = -look_before(t, job, &st);
    if (st != ALICE_OK)
        return alice__transfer_tell(error, job->dest, &i, st);

    for (unsigned try = 0;; try++) {
        alice__dest dest;
        const char *leaf;
        i.what = "its folder cannot be made";
        st = alice__dests_get(t->dests, job->dest, true, &dest, &leaf, &i.os_error);
        if (st != ALICE_OK)
            break;
        i.apart = dest.apart;
        if (dest.met)
            sweep_old(t, &dest);
        st = t->o.move ? put_move(t, job, &dest, leaf, &i) : put_copy(t, job, &dest, leaf, &i);
        /* The folder was removed while it was held open: look again, once. */
        if (st != ALICE_E_SYSTEM || i.os_error != ENOENT || try > 0)
            break;
        alice__dests_forget(t->dests);
    }
    if (st != ALICE_OK)
        return alice__transfer_tell(error, job->dest, &i, st);
    i.source = keep_text(t, job->source.name, source_size);
    i.dest = keep_text(t, job->dest, dest_size);
    t->items[t->count++] = i;
    ALICE__CHECKED(!alice__check_due(&t->changes, t->count) ||
                   alice__transfer_check(t) == ALICE_OK);
    return ALICE_OK;
}

/* ---- after a kill ---- */

alice_status alice__transfer_recover(alice__transfer *t, const char *dest_name,
                                     const alice__stamp *stamp, alice__hash head, bool *stands)
{
    alice__dest dest;
    const char *leaf;
    int os_error = 0, fd = -1;
    size_t got = 0;
    alice__fs_stat s;
    *stands = false;
    alice_status st = alice__transfer_buffer(t);
    if (st != ALICE_OK)
        return st;
    st = alice__dests_get(t->dests, dest_name, false, &dest, &leaf, &os_error);
    if (st == ALICE_E_NOENT || st == ALICE_E_ACCESS)
        return ALICE_OK; /* no such folder: nothing stands */
    if (st != ALICE_OK)
        return st;
    int r = t->fs->stat_at(t->fs, dest.fd, leaf, &s);
    if (r == -ENOENT || (!r && s.kind != ALICE__FS_FILE))
        return ALICE_OK;
    if (!r && stamp->size > 0 && alice__is_reservation(&s)) {
        r = t->fs->unlink(t->fs, dest.fd, leaf);
        alice__dests_touch(t->dests, dest.id);
        return alice__status_of_errno(-r);
    }
    if (!r && s.size != stamp->size)
        return ALICE_OK;
    if (!r)
        r = t->fs->open_read(t->fs, dest.fd, leaf, &fd);
    if (!r)
        r = t->fs->read_at(t->fs, fd, 0, t->buffer, ALICE__HEAD_BYTES, &got);
    alice__fs_close(fd);
    if (r)
        return alice__status_of_errno(-r);
    *stands = alice__same_hash(alice__hash_of_bytes(t->buffer, got), head);
    return ALICE_OK;
}

void alice__transfer_sweep(alice__transfer *t, const char *dest_name)
{
    alice__dest dest;
    const char *leaf;
    int os_error = 0;
    if (alice__dests_get(t->dests, dest_name, false, &dest, &leaf, &os_error) == ALICE_OK)
        sweep(t, &dest, INT64_MAX);
}

/* ---- questions ---- */

bool alice__transfer_renames(alice__transfer *t, int source_dir_fd)
{
    char name[ALICE__TEMP_NAME];
    alice__fs_stat from, to;
    if (t->fs->stat_fd(t->fs, source_dir_fd, &from) ||
        t->fs->stat_fd(t->fs, t->o.organized_fd, &to))
        return false;
    /*
     * Renaming a name that is nobody's: the kernel says EXDEV before it looks for it when the
     * two are different mounts. Volumes inside one file system have devices of their own.
     */
    alice__temp_name(t, UINT32_MAX, name);
    int r = t->fs->rename_new(t->fs, source_dir_fd, name, t->o.organized_fd, name);
    return from.dev == to.dev && r != -EXDEV;
}

void alice__transfer_stats_get(const alice__transfer *t, alice__transfer_stats *out)
{
    alice__dests_stats dests;
    alice__dests_stats_get(t->dests, &dests);
    *out = t->stats;
    out->flushes = t->flushes + dests.flushes;
    out->folders_made = dests.made;
}

alice_status alice__transfer_check(const alice__transfer *t)
{
    size_t held = 0;
    alice_status st = alice__dests_check(t->dests, &held);
    if (t->count > t->item_cap || t->count > t->o.max_batch || t->text_fill > t->text_cap ||
        t->source_count > t->source_cap || t->source_count > t->count)
        return ALICE_E_DAMAGED;
    for (size_t k = 0; k < t->count; k++) {
        const alice__batch_file *i = &t->items[k];
        if (i->source >= t->text_fill || i->dest >= t->text_fill ||
            (i->state > COPIED && i->state != FAILED))
            return ALICE_E_DAMAGED;
    }
    return st;
}
