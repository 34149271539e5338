/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_WALK_H
#define ALICE_ORGANIZE_WALK_H

/*
 * The walk: every file below a folder, in a stable order, without a list of the
 * tree. In each directory first its files, sorted by bytes (those that come later behind the
 * others: see `comes_later`), then its
 * subdirectories, sorted by bytes, each walked the same way. A directory whose
 * names do not fit the walk's account is sorted on disk (runs in an unlinked
 * scratch file, merged). Symbolic links are never followed: they are handed out
 * as such. One thread walks; a folder that was handed out may be used by others
 * while a reference is held.
 *
 * Passed over and counted: names with a leading dot (our own temporary names are
 * among them), .DS_Store, Thumbs.db, desktop.ini, @eaDir, and the directory of
 * skip_dev and skip_ino. Other file systems that are mounted below are walked.
 * A directory that contains itself (a loop of bind mounts), one whose path would
 * be longer than ALICE__WALK_PATH bytes, and one that cannot be read become
 * ALICE__ENTRY_ERROR, and the walk goes on. What vanishes while it walks is not
 * an error.
 *
 * Memory: one block of names (names_bytes at most), 32 KB to read directories, some
 * 60 bytes a level. Descriptors: at most `open_levels` are held open
 * besides the root; each folder that somebody holds a reference to is one more,
 * so whoever keeps many entries has to count folders by their serials.
 */

#include <alice/env.h>

enum {
    ALICE__WALK_PATH = 4095, /* longest path below the root, in bytes, but for `beyond` */
    ALICE__WALK_OPEN = 32    /* levels held open, unless the options say less */
};

/* An open source directory, shared by its files. Reference counts are atomic. */
typedef struct alice__folder alice__folder;
alice__folder *alice__folder_ref(alice__folder *f);
void alice__folder_unref(alice__folder *f);
int alice__folder_fd(const alice__folder *f);
/* The path below the root; "" at the top. Lives as long as the reference. */
const char *alice__folder_path(const alice__folder *f);
/* Whether files are in it that `comes_later` puts last; true also where nobody asked it. */
bool alice__folder_has_last(const alice__folder *f);
/* Deeper than any path leads: what is in it is reached through its descriptor only, and its
   path above has "…" for its middle. */
bool alice__folder_beyond(const alice__folder *f);
/* Counts folders in the order in which they were entered, from 1. */
uint64_t alice__folder_serial(const alice__folder *f);

/* Hidden names, and those of systems: neither such files nor what is in such folders is met. */
bool alice__walk_passes_over(const char *name);

typedef enum alice__entry_kind {
    ALICE__ENTRY_FILE,    /* a regular file (by d_type, or by a stat where that is unknown) */
    ALICE__ENTRY_LINK,    /* a symbolic link */
    ALICE__ENTRY_SPECIAL, /* socket, fifo, device */
    ALICE__ENTRY_ERROR    /* a directory that could not be read: `status`, `os_error`, `why`.
                             `name` is its name in `folder`; "." where reading `folder` itself
                             failed on the way (what was read of it follows) */
} alice__entry_kind;

typedef struct alice__entry {
    alice__entry_kind kind;
    alice__folder *folder; /* borrowed until the next call; take a reference to keep it */
    const char *name;      /* borrowed until the next call */
    alice_status status;   /* of an error; else ALICE_OK */
    int os_error;
    const char *why; /* of an error: in words, borrowed until the next call; else NULL */
} alice__entry;

typedef struct alice__walk alice__walk;

typedef struct alice__walk_options {
    alice_env env;           /* its account bounds and pays the names */
    int root_fd;             /* an open directory; stays the caller's */
    const char *scratch_dir; /* where sorting spills, never a tmpfs; NULL: /var/tmp */
    size_t names_bytes;      /* room for names before spilling, at least 128 KB; 0: 1 MB */
    unsigned open_levels;    /* held open at once, 1 to ALICE__WALK_OPEN; 0: that */
    bool beyond;             /* walk what lies deeper too, instead of telling its folder as an
                                error */
    /* Files of a folder with 0 come first, then those with 1, then the others; NULL: all 0. */
    unsigned (*comes_later)(const char *name);
    /* The order, 0 to 9, of files that differ only behind their last dot; NULL: by bytes. */
    unsigned (*rank)(const char *name);
    /* The order of subfolders, 0 to 9; NULL: by bytes alone. */
    unsigned (*folder_rank)(const char *name);
    /* Files that are passed over by their names, but are wanted; NULL: none. */
    bool (*wanted)(const char *name);
    /* Told of each folder before its names are read. NULL: nobody asks. */
    void (*entered)(void *ctx, const alice__folder *folder);
    void *entered_ctx;
    uint64_t skip_dev, skip_ino; /* a directory to pass over (the organized tree below the
                                    inbox); 0, 0: none */
} alice__walk_options;

/* Whether what is called so is passed over: see above. */
bool alice__walk_passes_over(const char *name);

alice_status alice__walk_open(alice__walk **out, const alice__walk_options *o,
                              alice_error *error);
void alice__walk_close(alice__walk **w);

/*
 * The next entry; ALICE_E_END after the last. Other failures end the walk: the
 * root cannot be read, or there is no memory for the next folder.
 */
alice_status alice__walk_next(alice__walk *w, alice__entry *entry);

typedef struct alice__walk_stats {
    uint64_t folders, files, passed_over, spilled_names;
} alice__walk_stats;
void alice__walk_stats_get(const alice__walk *w, alice__walk_stats *out);

#endif
