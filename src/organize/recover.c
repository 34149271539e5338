/* SPDX-License-Identifier: MIT */
/*
 * After a kill. The catalog says which files were under way: exactly the rows of
 * the batch that was open. Each is looked at where it should have gone: what
 * stands there is kept, what does not is forgotten, and its source, which is
 * then still whole in the inbox, is organized again. A move that had copied but
 * not yet removed its source is ended: compared byte for byte, made durable, and
 * only then is the source removed. Temporary names of ours in those folders go.
 */
#include "organize/organizer.h"

#include <string.h>

#include "organize/compare.h"
#include "port/fs.h"

/* The source of a move whose copy stands: remove it if it is the very same. */
static void end_move(alice_organizer *o, const alice__doubt *d)
{
    alice_env env = alice__organizer_env(o, o->acc_stream);
    alice__fs_stat source, copy;
    char folder[ALICE__PATH_MAX];
    int from = -1, to = -1, dir = -1;
    bool same = false;
    const char *name = strrchr(d->source, '/');
    size_t n = name ? (size_t)(name - d->source) : 0;
    if (n == 0 || n >= sizeof folder)
        return;
    memcpy(folder, d->source, n);
    folder[n] = 0;
    name++;
    if (alice__fs_open_dir_path(folder, &dir) == 0 && alice__fs_open_read(dir, name, &from) == 0 &&
        alice__fs_open_read(o->organized_fd, d->dest, &to) == 0 &&
        alice__fs_stat_fd(from, &source) == 0 && alice__fs_stat_fd(to, &copy) == 0 &&
        source.kind == ALICE__FS_FILE && copy.kind == ALICE__FS_FILE &&
        (source.dev != copy.dev || source.inode != copy.inode) && source.size == d->stamp.size &&
        source.mtime_ns == d->stamp.mtime_ns && copy.size == source.size &&
        alice__same_bytes(&env, from, to, source.size, o->sizes.chunk, &same) == ALICE_OK && same &&
        alice__fs_sync(to) == 0) {
        int parent = -1;
        char below[ALICE__PATH_MAX];
        const char *slash = strrchr(d->dest, '/');
        size_t m = slash ? (size_t)(slash - d->dest) : 0;
        if (m > 0 && m < sizeof below) {
            memcpy(below, d->dest, m);
            below[m] = 0;
            if (alice__fs_open_dir(o->organized_fd, below, &parent) == 0 &&
                alice__fs_sync(parent) == 0 && alice__fs_unlink(dir, name) == 0)
                alice__fs_sync(dir);
        }
        alice__fs_close(parent);
    }
    alice__fs_close(from);
    alice__fs_close(to);
    alice__fs_close(dir);
}

alice_status alice__organizer_recover(alice_organizer *o, alice_error *error)
{
    int64_t after = 0;
    alice__doubt doubt;
    char last_folder[ALICE__PATH_MAX] = "";
    if (o->o.dry_run)
        return ALICE_OK;
    for (;;) {
        alice_status st = alice__catalog_doubt(o->catalog, &after, &doubt);
        if (st != ALICE_OK)
            return st;
        if (doubt.id == 0)
            break;
        bool stands = false;
        st = alice__transfer_recover(o->transfer, doubt.dest, &doubt.stamp, doubt.head, &stands);
        if (st != ALICE_OK)
            return st;
        const char *slash = strrchr(doubt.dest, '/');
        size_t n = slash ? (size_t)(slash - doubt.dest) : 0;
        if (n < sizeof last_folder && (strncmp(last_folder, doubt.dest, n) != 0 || last_folder[n])) {
            alice__transfer_sweep(o->transfer, doubt.dest);
            memcpy(last_folder, doubt.dest, n);
            last_folder[n] = 0;
        }
        if (stands && doubt.move)
            end_move(o, &doubt);
        if (!stands)
            st = alice__catalog_forget(o->catalog, doubt.id);
        if (st != ALICE_OK)
            return st;
        o->recovered++;
    }
    if (o->recovered) {
        alice_env_log(&o->env, ALICE_LOG_INFO,
                      "an earlier run was cut off: %llu files of its last batch were settled",
                      (unsigned long long)o->recovered);
        return alice__catalog_settled(o->catalog, error);
    }
    return ALICE_OK;
}
