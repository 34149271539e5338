/* SPDX-License-Identifier: MIT */
/*
 * Duplicates leave the inbox of a move, where that is asked for. Each is compared, byte for
 * byte, with the organized file as it stands, not with what the catalog says of it, and then
 * moved to organized/.alice/removed/RUN/<its path below the inbox>. Nothing is deleted: an undo
 * moves it back, and what is not wanted any more is removed there by hand.
 *
 *   batch settled ─▶ compare ─▶ rows with that place, durable ─▶ transfer ─▶ (next) commit
 *
 * After a kill it is in doubt as what was placed is (recover.c): where nothing stands it is in
 * the inbox still, and the next run meets it again; a move that had copied is ended.
 */
#include "organize/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "organize/transfer_int.h"
#include "port/fs.h"

/* Open what has the item's bytes: at `dest`, or, where a dry run placed nothing, its source. */
static int open_twin(const alice__flow *x, const alice__item *item, const char *dest, int *fd)
{
    const alice_organizer *o = x->o;
    char path[ALICE__PATH_MAX];
    if (!o->options.dry_run || x->first_row == 0 || item->twin < x->first_row)
        return alice__fs_open_read(o->organized_fd, dest, fd);
    return alice__catalog_source(o->catalog, item->twin, path, sizeof path) == ALICE_OK
               ? alice__fs_open_read(ALICE__FS_CWD, path, fd)
               : -ENOENT;
}

/* Whether the bytes of the item stand at `dest` now, durable; also the hash of its head. `*why`
 * not. */
static alice_status is_same_now(alice__flow *x, alice__item *item, const char *dest, bool *same,
                                const char **why)
{
    const alice__reading_whole how = alice__organizer_reading(x->o);
    alice_env env = alice__organizer_env(x->o, x->o->acc_batch);
    int from = -1, to = -1;
    alice__fs_stat a, b;
    void *head = NULL;
    size_t got = 0;
    alice_status st = ALICE_OK;
    *same = false;
    if (alice__fs_open_read(alice__folder_fd(item->folder), item->file.name, &from) != 0 ||
        open_twin(x, item, dest, &to) != 0 || alice__fs_stat_fd(from, &a) != 0 ||
        alice__fs_stat_fd(to, &b) != 0 || b.kind != ALICE__FS_FILE)
        goto out;
    if (a.dev == b.dev && a.inode == b.inode) { /* two paths of one file are no copy of it */
        *why = "kept: it is the organized file itself, by another path";
        goto out;
    }
    if (!alice__is_stamped(&a, &item->file.stamp) || a.size != b.size)
        goto out;
    st = alice__same_bytes(&how, from, to, a.size, same);
    if (st != ALICE_OK || !*same)
        goto out;
    st = alice_env_alloc(&env, ALICE__HEAD_BYTES, ALICE_HERE, &head);
    if (st != ALICE_OK)
        goto out;
    *same = alice__fs_read_at(from, 0, head, ALICE__HEAD_BYTES, &got) == 0 &&
            (x->o->options.dry_run || x->o->fs->sync(x->o->fs, to) == 0);
    item->file.head = alice__hash_of_bytes(head, got);
    alice_env_free(&env, head, ALICE__HEAD_BYTES);
out:
    alice__fs_close(from);
    alice__fs_close(to);
    return st;
}

/* Its place, and its row in the current batch. */
static alice_status plan_removal(alice__flow *x, alice__item *item)
{
    alice_organizer *o = x->o;
    char dest[ALICE__DEST_MAX];
    const char *below = alice__folder_path(item->folder);
    int n = snprintf(dest, sizeof dest, ".alice/removed/%lld/%s%s%s", (long long)x->id, below,
                     *below ? "/" : "", item->file.name);
    if (n < 0 || (size_t)n >= sizeof dest)
        return ALICE_OK; /* stays: its path has no room there */
    alice__row row = {.file = item->file,
                      .state = ALICE__DUPLICATE,
                      .other = item->twin,
                      .dest = dest,
                      .run_id = x->id};
    alice_status st = alice__flow_folder_row(x, item->folder, true, &row.dir_id);
    if (st == ALICE_OK)
        st = alice__catalog_add(o->catalog, &row, &item->id, x->error);
    item->remove = st == ALICE_OK;
    return st;
}

static void removed(void *ctx, uint64_t tag, alice_status status, const alice_error *e)
{
    alice__flow *x = ctx;
    (void)e;
    x->o->moving.all[tag].removed = status == ALICE_OK;
}

/* The files of the batch that were compared go, each by a rename or a verified copy. */
static alice_status transfer_removals(alice__flow *x)
{
    alice_organizer *o = x->o;
    char dest[ALICE__DEST_MAX];
    alice_status stopped = ALICE_OK;
    for (size_t i = 0; i < o->moving.count && stopped == ALICE_OK; i++) {
        alice__item *item = &o->moving.all[i];
        if (!item->remove)
            continue;
        stopped = alice__catalog_dest(o->catalog, item->id, dest, sizeof dest);
        const alice__job job = {.tag = i,
                                .source_dir_fd = alice__folder_fd(item->folder),
                                .source = item->file,
                                .dest = dest};
        alice_error e = {.text = ""};
        alice_status st =
            stopped == ALICE_OK ? alice__transfer_put(o->transfer, &job, &e) : stopped;
        if (st == ALICE_E_NOSPC || st == ALICE_E_CANCELLED)
            stopped = st;
        if (stopped == ALICE_OK && alice__flow_asked_to_stop(x))
            stopped = ALICE_E_CANCELLED;
    }
    alice_status st = alice__transfer_finish(o->transfer, removed, x, x->error);
    x->unsure |= st != ALICE_OK;
    return st != ALICE_OK ? st : stopped;
}

/* A row whose file stayed names no place. */
static alice_status forget_those_that_stayed(alice__flow *x)
{
    alice_status st = ALICE_OK;
    for (size_t i = 0; i < x->o->moving.count && st == ALICE_OK; i++) {
        alice__item *item = &x->o->moving.all[i];
        if (!item->remove || item->removed)
            continue;
        st = alice__catalog_forget(x->o->catalog, item->id);
        item->report.reason = "it could not be taken out of the inbox, and stays";
    }
    return st;
}

alice_status alice__remove_duplicates(alice__flow *x)
{
    alice_organizer *o = x->o;
    char dest[ALICE__DEST_MAX];
    alice_status st = ALICE_OK;
    bool any = false;
    if (!o->options.move || !o->options.remove_duplicates ||
        (o->organized_fd < 0 && !o->options.dry_run))
        return ALICE_OK;
    for (size_t i = 0; i < o->moving.count; i++) {
        alice__item *item = &o->moving.all[i];
        bool same = false;
        const char *why = "kept: its bytes are not those of the organized file now";
        if (!item->twin || item->left || item->busy || item->report.outcome == ALICE_FAILED)
            continue;
        if (alice__flow_asked_to_stop(x))
            break;
        st = alice__catalog_dest(o->catalog, item->twin, dest, sizeof dest);
        if (st == ALICE_OK && *dest)
            st = is_same_now(x, item, dest, &same, &why);
        if (st == ALICE_E_CANCELLED) {
            x->stop = true;
            break;
        }
        if (st == ALICE_E_NOMEM || st == ALICE_E_BUDGET)
            return st;
        if (st != ALICE_OK || !same) { /* what cannot be compared stays */
            item->report.reason = why;
            continue;
        }
        if (o->options.dry_run) {
            item->removed = true;
            continue;
        }
        st = plan_removal(x, item);
        if (st != ALICE_OK)
            return st;
        any |= item->remove;
    }
    if (!any)
        return ALICE_OK;
    st = alice__catalog_commit(o->catalog, true, x->error);
    if (st != ALICE_OK) {
        alice__catalog_rollback(o->catalog);
        return st;
    }
    alice_status stopped = transfer_removals(x);
    if (!x->unsure) {
        st = forget_those_that_stayed(x);
        if (st == ALICE_OK)
            st = alice__catalog_commit(o->catalog, false, x->error);
    }
    return st != ALICE_OK ? st : stopped;
}
