/* SPDX-License-Identifier: MIT */
/*
 * Of a file that an undo takes back, and that stands at its other place too or in an archive,
 * the one goes. What it has left is durable before, and looked at last.
 */
#include "organize/undo_int.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "organize/dest_folders.h"
#include "organize/stamp.h"

int alice__undo_folder_of(const alice__fs_ops *fs, const char *path, int *fd)
{
    char folder[ALICE__PATH_MAX];
    size_t n = (size_t)(strrchr(path, '/') - path);
    memcpy(folder, path, n);
    folder[n] = 0;
    return fs->open_dir_path(fs, n ? folder : "/", fd);
}

int alice__undo_folder(const alice__fs_ops *fs, moving *m)
{
    return m->folder < 0 ? alice__undo_folder_of(fs, m->from, &m->folder) : 0;
}

static bool in_one_folder(const char *a, const char *b)
{
    const size_t n = (size_t)(strrchr(a, '/') - a), m = (size_t)(strrchr(b, '/') - b);
    return n == m && memcmp(a, b, n) == 0;
}

/* `to`, or an archive, has the same bytes, durable: `from` goes, if both are still what was
 * compared. Folders are flushed once a batch: `to` before, `from` when all of them went. */
static void remove_one(const undoing *x, moving *m)
{
    const alice__fs_ops *fs = x->o->fs;
    alice__fs_stat s = {0}, there = {0};
    int r = alice__undo_folder(fs, m), to = -1;
    bool flushed = m->packed;
    for (const moving *k = x->batch; k < m && !flushed; k++)
        flushed = k->done && k->remove_from && !k->packed && in_one_folder(k->to, m->to);
    if (!r && !m->packed)
        r = alice__undo_folder_of(fs, m->to, &to);
    if (!r && !flushed)
        r = alice__flush_folder(fs, to);
    /* Looked at last: a flush may take long. */
    if (!r && !m->packed)
        r = fs->stat_at(fs, to, strrchr(m->to, '/') + 1, &there);
    if (!r)
        r = fs->stat_at(fs, m->folder, m->leaf, &s);
    alice__fs_close(to);
    if (!r && ((!m->packed &&
                (!alice__is_stamped(&there, &m->other) || there.inode != m->other.inode)) ||
               !alice__is_stamped(&s, &m->stamp))) {
        m->why = "it was changed since";
        return;
    }
    if (!r)
        r = fs->unlink(fs, m->folder, m->leaf);
    m->done = !r;
    if (r)
        m->why = strerror(-r);
}

/* What was removed stays so. */
static alice_status flush_left(const undoing *x)
{
    for (const moving *m = x->batch; m < x->batch + x->count; m++) {
        bool flushed = !m->done || !m->remove_from;
        for (const moving *k = x->batch; k < m && !flushed; k++)
            flushed = k->done && k->remove_from && in_one_folder(k->from, m->from);
        int r = flushed ? 0 : alice__flush_folder(x->o->fs, m->folder);
        if (r)
            return alice__fail(x->error, alice__status_of_errno(-r), -r,
                               "the folder of %s could not be flushed to the disk", m->from);
    }
    return ALICE_OK;
}

/* What has no other place than an archive goes only while that is what was read. */
static void hold_back_packed(undoing *x)
{
    bool any = false;
    for (size_t i = 0; i < x->count; i++)
        any |= x->batch[i].packed;
    if (!any || alice__in_archives_still(x->o, &x->in_archives))
        return;
    for (size_t i = 0; i < x->count; i++) {
        moving *m = &x->batch[i];
        if (m->packed) {
            m->remove_from = false;
            m->why = "an archive changed, or went, while this undo was under way";
        }
    }
}

alice_status alice__undo_remove(undoing *x)
{
    hold_back_packed(x);
    for (moving *m = x->batch; m < x->batch + x->count; m++)
        if (m->remove_from)
            remove_one(x, m);
    return flush_left(x);
}
