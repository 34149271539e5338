/* SPDX-License-Identifier: MIT */
#ifndef ALICE_DUPLICATES_H
#define ALICE_DUPLICATES_H

/**
 * @file duplicates.h
 * Files that have the same bytes, below any folders, organized or not, of any kind; and what
 * may be done with the superfluous ones. alice_duplicates() changes nothing.
 *
 * Files are told apart by size, then by a hash of their heads, then by a hash of all of them,
 * and what is then still alike is compared byte for byte. They are read in the order of the
 * disk. Lists are sorted on disk, so that memory is bounded whatever the number of files.
 */

#include <alice/config.h>
#include <alice/env.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which file of a group is the first, the one to keep. */
typedef enum alice_keep {
    ALICE_KEEP_OLDEST,      /**< by its modification time */
    ALICE_KEEP_NEWEST,      /**< by its modification time */
    ALICE_KEEP_SHORTEST,    /**< by the length of its path */
    ALICE_KEEP_LONGEST,     /**< by the length of its path */
    ALICE_KEEP_UNDER,       /**< one below the folder `under` */
    ALICE_KEEP_HAS_SIDECAR, /**< one that a sidecar (XMP, JSON, …) stands beside; not of
                               alice_similar() */
    ALICE_KEEP_LARGEST,     /**< by its pixels: of alice_similar() alone */
    ALICE_KEEP_FORMAT       /**< by its type, as `under` says: of alice_similar() alone */
} alice_keep;

/** A rule; where files are equal by one, the next decides, and at the end which came first. */
typedef struct alice_keep_rule {
    alice_keep keep; /**< what is looked at */
    /** of ALICE_KEEP_UNDER: how the paths begin that are kept; of ALICE_KEEP_FORMAT: names of
     * types, the best first, such as "raw>heic>jpeg" */
    const char *under;
} alice_keep_rule;

/** One file of a group. Borrowed during the call. */
typedef struct alice_same_file {
    uint64_t group;   /**< counts from 1 */
    const char *path; /**< the folder as it was given, and the path below it */
    uint64_t bytes;   /**< of each file of the group */
    int64_t mtime_ns; /**< since 1970 */
    bool first;       /**< it begins its group, and is the one to keep */
    bool link;        /**< another name of the file before it: it takes no room of its own */
} alice_same_file;

/** Why a file or folder could not be looked at. Borrowed during the call. */
typedef struct alice_unread_file {
    const char *path;    /**< the folder as it was given, and the path below it */
    alice_status status; /**< what was wrong */
    const char *why;     /**< in words */
} alice_unread_file;

/** What is looked for. Zeroed but for the paths is a complete one. */
typedef struct alice_duplicates_options {
    size_t size;                 /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;               /**< its account is not used */
    alice_config config;         /**< max_memory_mb is the ceiling; workers the threads */
    const char *const *paths;    /**< folders; links below them are not followed */
    size_t path_count;           /**< at most 256 */
    uint64_t least_bytes;        /**< smaller files are passed over; 0: 1, empty ones are */
    const alice_keep_rule *keep; /**< NULL: the oldest */
    size_t keep_count;           /**< rules */
    const char *scratch_dir;     /**< for what does not fit memory, no tmpfs; NULL: /var/tmp */
    bool kernel_backstop; /**< this process is alice's own: the kernel holds the ceiling */
    /** Told each file of each group, the largest first; may be NULL. */
    void (*on_file)(void *ctx, const alice_same_file *file);
    /** Told what could not be looked at; may be NULL. */
    void (*on_unread)(void *ctx, const alice_unread_file *file);
    /** Asked now and then: then ALICE_E_CANCELLED; may be NULL. */
    bool (*should_stop)(void *ctx);
    void *ctx; /**< handed to these */
} alice_duplicates_options;

/** What was found. */
typedef struct alice_duplicates_result {
    uint64_t files;           /**< looked at */
    uint64_t bytes;           /**< of these */
    uint64_t groups;          /**< of files with the same bytes */
    uint64_t duplicates;      /**< files that another one of their group makes superfluous */
    uint64_t duplicate_bytes; /**< which these take */
    uint64_t links;           /**< further names of files of groups */
    uint64_t unread;          /**< told to on_unread() */
    uint64_t bytes_read;      /**< for hashes and comparisons */
    size_t peak_bytes;        /**< charged at most at once */
} alice_duplicates_result;

/**
 * Find them. ALICE_OK also where files could not be read: see `unread`. ALICE_E_INVAL: no path,
 * or too many, or a rule of pictures; ALICE_E_BUDGET: the ceiling is too low;
 * ALICE_E_CANCELLED; ALICE_E_NOSPC, ALICE_E_IO: the scratch file. Blocks; one thread. `out` is
 * filled as far as it came.
 */
ALICE_API alice_status alice_duplicates(const alice_duplicates_options *options,
                                        alice_duplicates_result *out, alice_error *error);

/** What is done with a superfluous file. */
typedef enum alice_same_act {
    ALICE_SAME_LINK = 1, /**< its name leads to the kept file: a hard link in its place */
    ALICE_SAME_REFLINK,  /**< it shares the blocks of the kept file, and stays a file of its own
                          */
    ALICE_SAME_REMOVE /**< it goes to organized/.alice/removed/RUN, as a run of that catalog */
} alice_same_act;

/** What became of a superfluous file. Borrowed during the call. */
typedef struct alice_acted_file {
    const char *path; /**< the folder as it was given, and the path below it */
    const char *kept; /**< the file that has its bytes, in the same form */
    const char *to;   /**< where it was removed to, whole; NULL: it was not */
    uint64_t bytes;   /**< that it has */
    bool done;        /**< or, in a dry run, would be */
    const char *why;  /**< it was left, in words; NULL where it is done */
} alice_acted_file;

/** What is to be done. Zeroed but for `find` and `act` is a complete one. */
typedef struct alice_act_options {
    size_t size;                          /**< sizeof of the structure */
    const alice_duplicates_options *find; /**< where; its `ctx` is handed to on_acted(), too */
    alice_same_act act;                   /**< what */
    bool dry_run;                         /**< say what would be done, and change nothing */
    const char *organized; /**< of ALICE_SAME_REMOVE: whose catalog keeps the run; NULL: the
                                organized folder that the first of the paths is or lies in */
    const char *catalog;   /**< its catalog, where that stands elsewhere; NULL: in it */
    /** Told each superfluous file, in the order of their paths; may be NULL. */
    void (*on_acted)(void *ctx, const alice_acted_file *file);
} alice_act_options;

/** What was done. */
typedef struct alice_act_result {
    alice_duplicates_result found; /**< as alice_duplicates() tells it */
    uint64_t done;                 /**< or, in a dry run, would be */
    uint64_t left;                 /**< each told with its reason */
    uint64_t bytes;                /**< of those done */
    uint64_t settled;              /**< links that an act which was cut off had left, removed */
    int64_t run;                   /**< of ALICE_SAME_REMOVE: what alice_undo() takes back */
} alice_act_result;

/**
 * Find them, as alice_duplicates() does, and then act on each superfluous file: only after
 * both files, held open, were compared again byte by byte (a reflink: by the kernel), and only
 * while both names lead to these files, unchanged. One that is not so any more is left and
 * told; so is one whose mode, owner or extended attributes a link would lose, and one that
 * belongs to a file which stays, where it would be removed. The kept file, by whichever of its
 * names, is never touched; nothing is overwritten. A kill leaves each name leading to a whole
 * file.
 *
 * ALICE_OK also where files were left. ALICE_E_UNSUPPORTED: the file system shares no blocks,
 * and nothing was done; ALICE_E_NOENT: there is no organized folder that keeps what is removed;
 * further as alice_duplicates() and alice_organizer_open(). Blocks; callbacks come from this
 * thread. `out` is filled as far as it came.
 */
ALICE_API alice_status alice_duplicates_act(const alice_act_options *options,
                                            alice_act_result *out, alice_error *error);

#ifdef __cplusplus
}
#endif

#endif
