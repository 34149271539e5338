/* SPDX-License-Identifier: MIT */
/*
 * The end of a batch: its copies are flushed, those of a move read again, named, their folders
 * flushed, the sources removed; or all of it is taken back. See transfer.c for the order.
 */
#include "organize/transfer_int.h"

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"

static void close_copy(alice__batch_file *i)
{
    alice__fs_close(i->fd);
    i->fd = -1;
}

static void clear_batch(alice__transfer *t)
{
    for (size_t k = 0; k < t->count; k++)
        close_copy(&t->items[k]);
    t->count = t->text_fill = t->source_count = 0;
    t->kept_open = 0;
}

static const char *source_name(const alice__transfer *t, const alice__batch_file *i)
{
    return t->texts + i->source;
}

static const char *dest_path(const alice__transfer *t, const alice__batch_file *i)
{
    return t->texts + i->dest;
}

static void item_fails(alice__batch_file *i, alice_status st, int r, const char *what)
{
    i->state = FAILED;
    i->status = st;
    i->os_error = -r;
    i->what = what;
}

/* The folder of an item, which put() had made. */
static int dest_of(alice__transfer *t, const alice__batch_file *i, alice__dest *dest,
                   const char **leaf)
{
    int os_error = 0;
    alice_status st = alice__dests_get(t->dests, dest_path(t, i), false, dest, leaf, &os_error);
    return st == ALICE_OK ? 0 : os_error ? -os_error : -EIO;
}

static void remove_temp(alice__transfer *t, alice__batch_file *i)
{
    alice__dest dest;
    const char *leaf;
    char name[ALICE__TEMP_NAME];
    close_copy(i);
    alice__temp_name(t, i->temp, name);
    /* One that stays is swept, by its name and age, when a later run comes to this folder. */
    if (dest_of(t, i, &dest, &leaf) == 0)
        (void)t->fs->unlink(t->fs, dest.fd, name);
}

static void copy_fails(alice__transfer *t, alice__batch_file *i, alice_status st, int r,
                       const char *what)
{
    remove_temp(t, i);
    item_fails(i, st, r, what);
}

static int open_temp(alice__transfer *t, const alice__batch_file *i, int *fd)
{
    alice__dest dest;
    const char *leaf;
    char name[ALICE__TEMP_NAME];
    int r = dest_of(t, i, &dest, &leaf);
    alice__temp_name(t, i->temp, name);
    return r ? r : t->fs->open_read(t->fs, dest.fd, name, fd);
}

/* Whether the copy, read from the disk, has the bytes of its source. */
static int compare_copy(alice__transfer *t, const alice__batch_file *i, int copy)
{
    int from = -1, r = alice__transfer_buffer(t) == ALICE_OK ? 0 : -ENOMEM;
    size_t half = t->buffer_size / 2, got = 1, wanted = 0;
    alice__fs_drop_cache(copy, 0, 0);
    if (!r)
        r = t->fs->open_read(t->fs, i->source_dir, source_name(t, i), &from);
    for (uint64_t at = 0; !r && got > 0; at += got) {
        r = t->fs->read_at(t->fs, from, at, t->buffer, half, &wanted);
        if (!r)
            r = t->fs->read_at(t->fs, copy, at, t->buffer + half, half, &got);
        if (!r && (got != wanted || memcmp(t->buffer, t->buffer + half, got) != 0))
            r = -EIO;
    }
    alice__fs_close(from);
    return r;
}

/*
 * The flush of all failed: of which file, nobody says. Each copy is flushed, read again from
 * the disk and compared; what is moved is read again anyway.
 */
static void doubt_copy(alice__transfer *t, alice__batch_file *i)
{
    int fd = i->fd, r = 0;
    if (fd < 0)
        r = open_temp(t, i, &fd);
    if (!r) {
        t->flushes++;
        r = t->fs->sync(t->fs, fd);
    }
    if (!r && !i->verify)
        r = compare_copy(t, i, fd);
    if (fd != i->fd)
        alice__fs_close(fd);
    close_copy(i);
    if (r)
        copy_fails(t, i, alice__status_of_errno(-r), r, "the copy could not be flushed");
}

/* By the descriptor that wrote it. */
static void flush_copy(alice__transfer *t, alice__batch_file *i)
{
    ALICE__CHECKED(i->fd >= 0);
    t->flushes++;
    int r = t->fs->sync(t->fs, i->fd);
    close_copy(i);
    if (r)
        copy_fails(t, i, alice__status_of_errno(-r), r, "the copy could not be flushed");
}

/* Make the content of all copies durable. */
static void flush_copies(alice__transfer *t)
{
    size_t waiting = 0, closed = 0;
    for (size_t k = 0; k < t->count; k++) {
        const alice__batch_file *i = &t->items[k];
        waiting += i->state == COPIED && !i->flushed;
        closed += i->state == COPIED && !i->flushed && i->fd < 0;
    }
    /* Where some were taken back, few may wait whose descriptors had to go. */
    bool together = waiting > ALICE__FLUSH_TOGETHER || closed > 0;
    int failed = 0;
    if (together) {
        t->flushes++;
        failed = t->fs->sync_all(t->fs, t->o.organized_fd);
    }
    for (size_t k = 0; k < t->count; k++) {
        alice__batch_file *i = &t->items[k];
        if (i->state != COPIED || i->flushed)
            continue;
        i->flushed = true;
        if (!together)
            flush_copy(t, i);
        else if (failed)
            doubt_copy(t, i);
        close_copy(i);
    }
}

/* Read a copy again, from the disk, and compare it with what was read from the source. */
static void verify_copy(alice__transfer *t, alice__batch_file *i)
{
    static const char what[] = "the copy could not be verified";
    int fd = -1;
    uint64_t at = 0;
    alice__hasher hasher;
    alice_status st = alice__transfer_buffer(t);
    if (st != ALICE_OK) {
        copy_fails(t, i, st, 0, what);
        return;
    }
    int r = open_temp(t, i, &fd);
    alice__hasher_init(&hasher);
    if (!r) {
        alice__fs_drop_cache(fd, 0, 0);
        alice__fs_advise_sequential(fd);
    }
    for (size_t got = 1; !r && st == ALICE_OK && got > 0; at += got) {
        r = t->fs->read_at(t->fs, fd, at, t->buffer, t->buffer_size, &got);
        if (r)
            break;
        alice__hasher_update(&hasher, t->buffer, got);
        if (at % ALICE__STRETCH + got >= ALICE__STRETCH) {
            alice__fs_drop_cache(fd, 0, at);
            if (t->o.should_stop && t->o.should_stop(t->o.stop_ctx))
                st = ALICE_E_CANCELLED;
        }
    }
    alice__fs_close(fd);
    if (r || st != ALICE_OK) {
        copy_fails(t, i, r ? alice__status_of_errno(-r) : st, r, what);
        return;
    }
    alice__hash128 found = alice__hasher_final(&hasher);
    if (at != i->stamp.size || memcmp(found.b, i->hash.b, sizeof found.b) != 0)
        copy_fails(t, i, ALICE_E_IO, -EIO, "the copy differs from what was copied");
}

static void name_copy(alice__transfer *t, alice__batch_file *i)
{
    alice__dest dest;
    const char *leaf;
    char name[ALICE__TEMP_NAME];
    alice__temp_name(t, i->temp, name);
    int r = dest_of(t, i, &dest, &leaf);
    if (!r)
        r = alice__place(t->fs, &(alice__naming){dest.fd, dest.fd, name, leaf, &i->stamp});
    if (r) {
        copy_fails(t, i, alice__status_of_errno(-r), r, "the copy could not be named");
        return;
    }
    alice__dests_touch(t->dests, dest.id);
    i->state = PLACED;
}

/* A move that cannot be completed: the copy goes, the source stays as it is. Where the source
 * is not seen the copy may be all there is, and what is not our copy is another's. */
static void take_back_copy(alice__transfer *t, alice__batch_file *i, alice_status st, int r,
                           const char *what)
{
    alice__dest dest;
    const char *leaf;
    alice__fs_stat s;
    if (alice__name_is_gone(t->fs, i->source_dir, source_name(t, i)))
        return;
    if (t->fs->stat_at(t->fs, i->source_dir, source_name(t, i), &s) == 0 &&
        dest_of(t, i, &dest, &leaf) == 0 && t->fs->stat_at(t->fs, dest.fd, leaf, &s) == 0 &&
        s.dev == i->dev && s.inode == i->inode && s.size == i->stamp.size &&
        s.mtime_ns == i->mtime_ns && t->fs->unlink(t->fs, dest.fd, leaf) == 0)
        alice__dests_touch(t->dests, dest.id);
    item_fails(i, st, r, what);
}

/* As it was before, wherever it is on its way; where that cannot be, it stays. */
static void take_back(alice__transfer *t, alice__batch_file *i, alice_status why)
{
    static const char what[] = "one that belongs to it was not placed";
    alice__dest dest;
    const char *leaf;
    if (i->state == COPIED) {
        copy_fails(t, i, why, 0, what);
    } else if (i->state == PLACED) {
        take_back_copy(t, i, why, 0, what);
    } else if (i->state == RENAMED && dest_of(t, i, &dest, &leaf) == 0) {
        const alice__naming back = {dest.fd, i->source_dir, leaf, source_name(t, i), &i->stamp};
        if (alice__place(t->fs, &back) == 0) {
            alice__dests_touch(t->dests, dest.id);
            t->stats.renamed--;
            item_fails(i, why, 0, what);
        }
    }
}

void alice__transfer_take_back(alice__transfer *t, uint64_t group, alice_status why)
{
    for (size_t k = t->count; group && k-- > 0;)
        if (t->items[k].group == group)
            take_back(t, &t->items[k], why);
}

/* Where one of a group failed, the others are as they were. One that vanished tears nothing. */
static void keep_groups_whole(alice__transfer *t)
{
    for (size_t k = 0; k < t->count; k++)
        if (t->items[k].state == FAILED && t->items[k].status != ALICE_E_NOENT)
            alice__transfer_take_back(t, t->items[k].group, t->items[k].status);
}

/* Whether the source of another one of the group went already. */
static bool partner_went(const alice__transfer *t, const alice__batch_file *i)
{
    for (const alice__batch_file *k = t->items; i->group && k < t->items + t->count; k++)
        if (k->group == i->group && k->source_went)
            return true;
    return false;
}

/*
 * The source of a durable copy goes, if it is still what was copied. Where it cannot go nothing
 * of its group moves; but what is left behind by those that went already stays beside its copy,
 * which is with them.
 */
static void remove_source(alice__transfer *t, alice__batch_file *i)
{
    int fd = -1;
    int r = t->fs->open_read(t->fs, i->source_dir, source_name(t, i), &fd);
    i->source_went = r == -ENOENT;
    if (i->source_went)
        return; /* what was copied is all that is left */
    alice_status st = r == -ELOOP ? ALICE_E_CHANGED
                      : r         ? alice__status_of_errno(-r)
                                  : alice__still_there(t, fd, &i->stamp);
    alice__fs_close(fd);
    if (st == ALICE_OK) {
        r = t->fs->unlink(t->fs, i->source_dir, source_name(t, i));
        st = alice__status_of_errno(-r);
    }
    i->source_went =
        st == ALICE_OK || alice__name_is_gone(t->fs, i->source_dir, source_name(t, i));
    if (i->source_went) {
        alice__touch_source(t, i->source_dir);
    } else if (partner_went(t, i)) {
        i->source_stays = true;
        i->os_error = -r;
    } else {
        take_back_copy(t, i, st, r, "the source cannot be removed");
        alice__transfer_take_back(t, i->group, st);
    }
}

static int flush_sources(alice__transfer *t)
{
    int failed = 0;
    for (size_t k = 0; k < t->source_count; k++) {
        t->flushes++;
        int r = alice__flush_folder(t->fs, t->sources[k]);
        failed = r ? r : failed;
    }
    return failed;
}

/* Copies: durable, verified, named. */
static void settle_copies(alice__transfer *t)
{
    size_t copies = 0;
    for (size_t k = 0; k < t->count; k++)
        copies += t->items[k].state == COPIED;
    if (copies == 0)
        return;
    flush_copies(t);
    for (size_t k = 0; k < t->count; k++) {
        if (t->items[k].state == COPIED && t->items[k].verify)
            verify_copy(t, &t->items[k]);
    }
    keep_groups_whole(t);
    for (size_t k = 0; k < t->count; k++) {
        if (t->items[k].state == COPIED)
            name_copy(t, &t->items[k]);
    }
    keep_groups_whole(t);
}

/* Moves by copy: once the new names are durable (`failed` 0), the sources go. */
static void settle_sources(alice__transfer *t, int failed)
{
    for (size_t k = 0; k < t->count; k++) {
        alice__batch_file *i = &t->items[k];
        if (i->state != PLACED || !i->remove_source)
            continue;
        if (failed)
            take_back_copy(t, i, alice__status_of_errno(-failed), failed,
                           "its folder could not be flushed");
        else
            remove_source(t, i);
    }
}

alice_status alice__transfer_finish(alice__transfer *t, alice__transfer_done done, void *ctx,
                                    alice_error *error)
{
    if (t->count == 0)
        return ALICE_OK;
    ALICE__CHECKED(alice__transfer_check(t) == ALICE_OK);
    bool everything = false, apart = false;
    settle_copies(t);
    for (size_t k = 0; k < t->count; k++)
        apart |= t->items[k].apart;
    int failed = alice__dests_flush(t->dests, &everything);
    /* What was renamed came from the same file system: its old folders are flushed, too. */
    if (everything && !apart)
        t->source_count = 0;
    settle_sources(t, failed);
    int r = flush_sources(t);
    failed = failed ? failed : r;
    /* Copies that were taken back. */
    r = alice__dests_flush(t->dests, NULL);
    failed = failed ? failed : r;

    for (size_t k = 0; done && k < t->count; k++) {
        const alice__batch_file *i = &t->items[k];
        alice_error e = {.status = ALICE_OK};
        if (i->state == FAILED)
            alice__transfer_tell(&e, dest_path(t, i), i, i->status);
        else if (i->source_stays)
            alice__fail(&e, ALICE_OK, i->os_error,
                        "organized with those that belong to it; its source could not be "
                        "removed: %s",
                        i->os_error ? strerror(i->os_error) : "it changed");
        done(ctx, i->tag, i->state == FAILED ? i->status : ALICE_OK, &e);
    }
    clear_batch(t);
    if (failed)
        return alice__fail(error, alice__status_of_errno(-failed), -failed,
                           "a folder could not be flushed to the disk: %s", strerror(-failed));
    return ALICE_OK;
}

void alice__transfer_abandon(alice__transfer *t)
{
    for (size_t k = t->count; k-- > 0;)
        take_back(t, &t->items[k], ALICE_E_CANCELLED);
    /* No promise depends on these flushes; a failure leaves what a kill would leave. */
    (void)alice__dests_flush(t->dests, NULL);
    (void)flush_sources(t);
    clear_batch(t);
}
