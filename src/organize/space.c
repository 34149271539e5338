/* SPDX-License-Identifier: MIT */
/* Before copying: does it fit? */
#include "organize/run.h"

#include "base/error.h"
#include "media/types.h"
#include "port/fs.h"

/* Whether copies within `organized` share their blocks, as on btrfs and xfs: then they need no
 * space. */
static bool copies_share(const alice_organizer *o)
{
    static const char block[4096] = {1};
    int from = -1, to = -1;
    bool shares =
        alice__fs_scratch(o->scratch, &from) == 0 && alice__fs_scratch(o->scratch, &to) == 0 &&
        alice__fs_write_at(from, 0, block, sizeof block) == 0 && alice__fs_clone(to, from) == 0;
    alice__fs_close(from);
    alice__fs_close(to);
    return shares;
}

/* Bytes of the new files, by their names only: what the run needs at least, but for duplicates.
 */
static alice_status bytes_to_copy(alice__flow *x, uint64_t *need)
{
    alice_organizer *o = x->o;
    alice__walk *walk = NULL;
    alice__walk_options w = alice__flow_walk_options(o);
    alice__entry e;
    alice_status st = alice__walk_open(&walk, &w, x->error);
    while (st == ALICE_OK && (st = alice__walk_next(walk, &e)) == ALICE_OK) {
        alice__fs_stat file;
        alice__known known = {.id = 0};
        int64_t dir = 0;
        const alice_media_info by_name = {.type = alice__name_type(e.name),
                                          .date_source = ALICE_DATE_NOWHERE};
        if (e.kind != ALICE__ENTRY_FILE || alice__name_class(e.name) == ALICE_CLASS_NONE ||
            !alice__flow_path_fits(o, e.folder, e.name) ||
            alice__flow_leave(o, e.folder, e.name, NULL) ||
            /* What only its content could tell is not counted: never refuse what would fit. */
            alice__flow_leave(o, e.folder, e.name, &by_name) ||
            alice__fs_stat_at(alice__folder_fd(e.folder), e.name, &file) != 0)
            continue;
        st = alice__flow_folder_row(x, e.folder, false, &dir);
        if (st == ALICE_OK && dir)
            st = alice__catalog_known(o->catalog, dir, e.name, &known);
        alice__copy copy = ALICE__COPY_GONE;
        int64_t row = 0;
        int unseen = 0;
        if (st == ALICE_OK && known.id && known.stamp.size == file.size &&
            known.stamp.mtime_ns == file.mtime_ns)
            st = alice__copy_look(x, &known, &copy, &row, &unseen);
        if (copy != ALICE__COPY_STANDS && !unseen)
            *need += file.blocks < file.size ? file.blocks : file.size;
        if (alice__flow_asked_to_stop(x))
            break;
    }
    alice__walk_close(&walk);
    x->folder_serial = 0; /* of another walk */
    return st == ALICE_E_END ? ALICE_OK : st;
}

/*
 * Refuse before the first file what cannot fit. The tree is looked through only
 * where it might not: when all that the inbox's file system holds would fit,
 * nothing has to be counted.
 */
alice_status alice__check_space(alice__flow *x)
{
    alice_organizer *o = x->o;
    alice__fs_stat in, out;
    alice__fs_space from, to;
    uint64_t need = 0;
    if (o->options.dry_run || alice__fs_stat_fd(o->inbox_fd, &in) != 0 ||
        alice__fs_stat_fd(o->organized_fd, &out) != 0 ||
        alice__fs_space_of(o->inbox_fd, &from) != 0 ||
        alice__fs_space_of(o->organized_fd, &to) != 0)
        return ALICE_OK;
    if ((o->options.move || o->archives) && in.dev == out.dev &&
        alice__transfer_renames(o->transfer, o->inbox_fd))
        return ALICE_OK;
    if (to.total == 0)
        return ALICE_OK; /* some file systems do not tell */
    if (to.free >= from.used || (in.dev == out.dev && copies_share(o)))
        return ALICE_OK;
    alice_status st = bytes_to_copy(x, &need);
    if (st == ALICE_OK && need > to.free)
        return alice__fail(
            x->error, ALICE_E_NOSPC, 0,
            "the copies need %llu MB, and %llu MB are free at %s; nothing was begun: "
            "make room%s",
            (unsigned long long)((need + ALICE_MB - 1) / ALICE_MB),
            (unsigned long long)(to.free / ALICE_MB), o->organized,
            in.dev == out.dev ? ", or use --move, which needs none here" : "");
    return st;
}
