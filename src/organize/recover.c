/* SPDX-License-Identifier: MIT */
/*
 * After a kill. The catalog says which files were under way: exactly the rows of
 * the batch that was open. Each is looked at where it should have gone: what
 * stands there is kept, what does not is forgotten, and its source, which is
 * then still whole in the inbox, is organized again; so is one in whose place
 * another's file stands. A move that had copied but not yet removed its source is
 * ended: compared byte for byte, made durable, and only then is the source
 * removed. Temporary names of ours in those folders go.
 */
#include "organize/organizer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "organize/compare.h"
#include "organize/dest_folders.h"
#include "organize/transfer_int.h"

/* The two files of a doubt. */
typedef struct pair {
    int dir, from, to; /* folder and file of the source; what stands at the destination */
    const char *name;  /* of the source in its folder */
    char folder[ALICE__PATH_MAX];
} pair;

static void close_pair(pair *p)
{
    alice__fs_close(p->from);
    alice__fs_close(p->to);
    alice__fs_close(p->dir);
}

/* Open both. False: the source is not what it was, or is gone. `*one`: they are two names of
 * one file, a move by a link that was cut off. */
static bool open_pair(const alice_organizer *o, const alice__doubt *d, pair *p, bool *one)
{
    const alice__fs_ops *fs = o->fs;
    alice__fs_stat source, there;
    const char *slash = strrchr(d->source, '/');
    size_t n = slash ? (size_t)(slash - d->source) : 0;
    p->dir = p->from = p->to = -1;
    if (n == 0 || n >= sizeof p->folder)
        return false;
    memcpy(p->folder, d->source, n);
    p->folder[n] = 0;
    p->name = slash + 1;
    if (alice__fs_open_dir_path(p->folder, &p->dir) != 0 ||
        fs->open_read(fs, p->dir, p->name, &p->from) != 0 ||
        fs->open_read(fs, o->organized_fd, d->dest, &p->to) != 0 ||
        fs->stat_fd(fs, p->from, &source) != 0 || fs->stat_fd(fs, p->to, &there) != 0)
        return false;
    *one = source.dev == there.dev && source.inode == there.inode;
    return source.kind == ALICE__FS_FILE && there.kind == ALICE__FS_FILE &&
           (!*one || there.links > 1) && source.size == d->stamp.size &&
           source.mtime_ns == d->stamp.mtime_ns;
}

/* The copy of a move stands, compared: make it durable, and only then remove its source. */
static void end_move(const alice_organizer *o, const alice__doubt *d, const pair *p)
{
    char below[ALICE__PATH_MAX];
    const char *slash = strrchr(d->dest, '/');
    size_t n = slash ? (size_t)(slash - d->dest) : 0;
    int parent = -1;
    if (n >= sizeof below)
        return;
    memcpy(below, n ? d->dest : ".", n ? n : 1);
    below[n ? n : 1] = 0;
    const alice__fs_ops *fs = o->fs;
    if (fs->sync(fs, p->to) == 0 && fs->open_dir(fs, o->organized_fd, below, &parent) == 0 &&
        alice__flush_folder(fs, parent) == 0 && fs->unlink(fs, p->dir, p->name) == 0)
        (void)alice__flush_folder(fs, p->dir); /* if it comes back, it is a known duplicate */
    alice__fs_close(parent);
}

/* Whether the doubt is of an organized file that was to go to another date. */
static bool is_redated(const alice__doubt *d)
{
    return d->of > 0 && strncmp(d->dest, ".alice/", 7) != 0;
}

/* An organized file that has not gone yet, while others of its group may have: it goes now, if
 * the day is there. Fails where it went and that may not last: it stays in doubt. */
static alice_status end_redating(const alice_organizer *o, const alice__doubt *d, bool *stands)
{
    const alice__fs_ops *fs = o->fs;
    char folder[ALICE__PATH_MAX];
    const char *name = strrchr(d->source, '/'), *leaf = strrchr(d->dest, '/');
    int from = -1, to = -1;
    alice__fs_stat s;
    int bad = name ? 0 : -EINVAL;
    if (!bad) {
        snprintf(folder, sizeof folder, "%.*s", (int)(name - d->source), d->source);
        bad = fs->open_dir_path(fs, folder, &from);
    }
    if (!bad) { /* a layout may have no folders */
        snprintf(folder, sizeof folder, "%.*s", leaf ? (int)(leaf - d->dest) : 1,
                 leaf ? d->dest : ".");
        bad = fs->open_dir(fs, o->organized_fd, folder, &to);
    }
    if (!bad)
        bad = fs->stat_at(fs, from, ++name, &s);
    if (!bad && (s.kind != ALICE__FS_FILE || s.size != d->stamp.size ||
                 s.mtime_ns != d->stamp.mtime_ns))
        bad = -ESTALE;
    const alice__stamp stamp = bad ? (alice__stamp){.size = 0} : alice__stamp_of(&s);
    const alice__naming n = {from, to, name, leaf ? leaf + 1 : d->dest, &stamp};
    if (!bad)
        bad = alice__place(fs, &n);
    *stands = !bad;
    int lost = bad ? 0 : alice__flush_folder(fs, to);
    if (!bad && !lost)
        lost = alice__flush_folder(fs, from);
    alice__fs_close(to);
    alice__fs_close(from);
    return alice__status_of_errno(-lost);
}

/* A superfluous file had been removed when its batch was cut off: it goes back, so that nothing
 * that belongs to it is without it. Where it cannot, it stays removed. Fails where it went and
 * that may not last: it stays in doubt. */
static alice_status take_back_removal(const alice_organizer *o, const alice__doubt *d,
                                      bool *stands)
{
    const alice__fs_ops *fs = o->fs;
    char folder[ALICE__PATH_MAX];
    const char *name = strrchr(d->source, '/'), *leaf = strrchr(d->dest, '/');
    int from = -1, to = -1;
    int bad = name && leaf ? 0 : -EINVAL;
    if (!bad) {
        snprintf(folder, sizeof folder, "%.*s", (int)(leaf - d->dest), d->dest);
        bad = fs->open_dir(fs, o->organized_fd, folder, &from);
    }
    if (!bad) {
        snprintf(folder, sizeof folder, "%.*s", name > d->source ? (int)(name - d->source) : 1,
                 d->source);
        bad = fs->open_dir_path(fs, folder, &to);
    }
    const alice__naming n = {.from_dir = from,
                             .from = leaf ? leaf + 1 : NULL,
                             .to_dir = to,
                             .to = name ? name + 1 : NULL,
                             .stamp = &d->stamp};
    if (!bad)
        bad = alice__place(fs, &n);
    *stands = bad != 0;
    int lost = bad ? 0 : alice__flush_folder(fs, to);
    if (!bad && !lost)
        lost = alice__flush_folder(fs, from);
    alice__fs_close(to);
    alice__fs_close(from);
    if (!bad)
        alice__remove_empty(o, d->dest);
    return alice__status_of_errno(-lost);
}

/* It went: its row follows, and the folders that it left go, where nothing is in them. */
static alice_status follow_redated(const alice_organizer *o, const alice__doubt *d)
{
    size_t top = strlen(o->organized);
    if (strncmp(d->source, o->organized, top) == 0 && d->source[top] == '/')
        alice__remove_empty(o, d->source + top + 1);
    return alice__catalog_redated(o->catalog, d->of, d->dest, NULL);
}

/*
 * Something of the right size and head stands at the destination. Where the
 * source stands as well, see whether it is really a copy of that: another's file
 * would make us believe that the source is organized.
 */
static alice_status look_closer(alice_organizer *o, const alice__doubt *d, bool *stands)
{
    const alice__reading_whole how = alice__organizer_reading(o);
    pair p;
    bool same = false, one = false;
    alice_status st = ALICE_OK;
    if (open_pair(o, d, &p, &one)) {
        same = one;
        if (!one)
            st = alice__same_bytes(&how, p.from, p.to, d->stamp.size, &same);
        if (st == ALICE_OK && same && d->move)
            end_move(o, d, &p);
        *stands = same;
        if (st != ALICE_E_CANCELLED)
            st = ALICE_OK; /* what cannot be read is organized again: a spare copy is better
                              than none */
    }
    close_pair(&p);
    return st;
}

/* It cannot be looked at. One bad file must not stop every later run: where its source stands
 * it is organized again, else it is left as it is; and it is named. */
static void set_aside(const alice_organizer *o, const alice__doubt *d, alice_status why,
                      bool *stands)
{
    alice__fs_stat s;
    *stands = o->fs->stat_at(o->fs, ALICE__FS_CWD, d->source, &s) != 0;
    alice_env_log(&o->env, ALICE_LOG_WARNING,
                  "%s/%s, which a run that was cut off may have made, cannot be looked at "
                  "(%s): %s",
                  o->organized, d->dest, alice_status_text(why),
                  *stands ? "it is left as it is" : "its source is organized again");
}

alice_status alice__organizer_recover(alice_organizer *o, alice_error *error)
{
    int64_t after = 0;
    alice__doubt doubt;
    char last_folder[ALICE__PATH_MAX] = "";
    if (o->options.dry_run)
        return ALICE_OK;
    for (;;) {
        alice_status st = alice__catalog_doubt(o->catalog, &after, &doubt);
        if (st != ALICE_OK)
            return st;
        if (doubt.id == 0)
            break;
        bool stands = false;
        st =
            alice__transfer_recover(o->transfer, doubt.dest, &doubt.stamp, doubt.head, &stands);
        bool aside = st == ALICE_E_IO || st == ALICE_E_ACCESS || st == ALICE_E_SYSTEM;
        if (aside)
            set_aside(o, &doubt, st, &stands);
        else if (st != ALICE_OK)
            return alice__fail(error, st, 0,
                               "%s/%s, which a run that was cut off may have made, cannot be "
                               "looked at: %s",
                               o->organized, doubt.dest, alice_status_text(st));
        const char *slash = strrchr(doubt.dest, '/');
        size_t n = slash ? (size_t)(slash - doubt.dest) : 0;
        if (n < sizeof last_folder &&
            (strncmp(last_folder, doubt.dest, n) != 0 || last_folder[n] || n == 0)) {
            alice__transfer_sweep(o->transfer, doubt.dest);
            memcpy(last_folder, doubt.dest, n);
            last_folder[n] = 0;
        }
        st = stands && !aside ? look_closer(o, &doubt, &stands) : ALICE_OK;
        if (st == ALICE_OK && stands && !aside && doubt.removed)
            st = take_back_removal(o, &doubt, &stands);
        if (st == ALICE_OK && !stands && is_redated(&doubt))
            st = end_redating(o, &doubt, &stands);
        if (st == ALICE_OK && !stands && doubt.removed && doubt.of)
            st = alice__catalog_taken(o->catalog, doubt.of, false); /* it is where it was */
        if (st == ALICE_OK && !stands)
            st = alice__catalog_forget(o->catalog, doubt.id);
        else if (st == ALICE_OK && is_redated(&doubt))
            st = follow_redated(o, &doubt);
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
