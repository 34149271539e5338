/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_H
#define ALICE_ORGANIZE_H

/**
 * @file organize.h
 * The organizer: sorts a folder of media into dated folders inside a memory
 * limit. One organizer serves one thread; it makes its own probing threads.
 */

#include <alice/budget.h>
#include <alice/cache.h>
#include <alice/config.h>
#include <alice/confine.h>
#include <alice/env.h>
#include <alice/media.h>
#include <alice/monitor.h>
#include <alice/pool.h>
#include <alice/reclaim.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An organizer. Opaque. */
typedef struct alice_organizer alice_organizer;

/** What became of one file. The names are "organized", "skipped", "duplicate", "error". */
typedef enum alice_outcome {
    ALICE_ORGANIZED,
    ALICE_SKIPPED,
    ALICE_DUPLICATE,
    ALICE_FAILED
} alice_outcome;

/** Its name, as above. Static text. */
ALICE_API const char *alice_outcome_name(alice_outcome outcome);

/** What is kept of a medium until its line in the report: not all that alice_info_read() tells.
 */
typedef struct alice_medium {
    alice_media_type type;         /**< by its content */
    alice_date date;               /**< when it was made */
    alice_date_source date_source; /**< what said so */
    alice_generator generator;     /**< what made it, where a program did */
    const char *make;              /**< of the camera; NULL: unknown */
    const char *model;             /**< of the camera; NULL: unknown */
} alice_medium;

/** One file's line in the report. Borrowed for the length of the call. */
typedef struct alice_file_report {
    const char *source_path; /**< where it is, or was */
    alice_outcome outcome;   /**< what became of it */
    const char *destination; /**< full path; of a duplicate: the other; NULL: none */
    const char *source;      /**< the folder name: "camera-…", a generator, …; NULL: none */
    const alice_medium *medium; /**< NULL: it was not read */
    const char *reason;         /**< NULL: nothing to say */
    alice_status status;        /**< of a failure */
    bool known;                 /**< of a skipped one: an earlier run knows it as it is */
    bool not_media;             /**< of a skipped one: it is no media, now or as known */
    bool forgotten;             /**< of a skipped one: alice_forget() was told so */
    bool again;          /**< of an organized one: it was before; its copy is gone or changed */
    uint64_t bytes;      /**< its size */
    const char *content; /**< with options->hash_contents: the XXH3-128 of its bytes, as 32
                              digits; NULL: they could not be read */
} alice_file_report;

/** What a run did so far. */
typedef struct alice_tally {
    uint64_t files;      /**< looked at */
    uint64_t organized;  /**< placed; of an undo: taken back */
    uint64_t skipped;    /**< left where they are */
    uint64_t duplicates; /**< of what is organized already */
    uint64_t errors;     /**< that failed; of an undo: left as they were */
    uint64_t bytes;      /**< of what was organized */
} alice_tally;

/** How far a run is. */
typedef struct alice_progress {
    alice_tally tally;   /**< until now */
    uint32_t batch_size; /**< of the present batch */
    size_t resident;     /**< bytes of this process */
    size_t limit;        /**< the ceiling in bytes */
    uint64_t elapsed_ns; /**< since the run began */
    const char *path;    /**< the file at hand, below the inbox; borrowed */
} alice_progress;

/** What becomes of a file without a date: none at all, or its modification time alone, where
 * that is the time of a copy or download (many files of its folder have the same second). */
typedef enum alice_undated {
    ALICE_UNDATED_APART, /**< it goes to the folder "undated", or `undated_folder` */
    ALICE_UNDATED_KEEP,  /**< it stays in the inbox */
    ALICE_UNDATED_MTIME  /**< it has its modification time, whatever that is */
} alice_undated;

/** What to organize, and how. Zeroed but for the two folders is a complete one. */
typedef struct alice_organizer_options {
    size_t size;           /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;         /**< its account is not used: the organizer has its own budget */
    alice_config config;   /**< resolved by the organizer; max_memory_mb is the ceiling */
    const char *inbox;     /**< the folder that files come from */
    const char *organized; /**< the folder that they go to; made where it is missing */
    /** Instead of an inbox: zip files and tar files, plain or gzip'ed, all parts of an export
     * together. They are read only, whatever `move` says; what is in them is unpacked below
     * organized/.alice/incoming and placed from there. Of a dry run the first 64 KB of each go
     * to scratch files. NULL: none. */
    const char *const *archives;
    size_t archive_count; /**< of archives */
    const char *catalog;  /**< NULL: organized/.alice/catalog.db */
    bool move;            /**< false: copy */
    bool dry_run;         /**< decide everything, change nothing */
    bool keep_names;      /**< add the original stem after the number */
    bool fresh;           /**< do not read the organized folder where its catalog is lost or
                             old: its files may then be placed a second time */
    bool
        remove_duplicates; /**< of a move: a file whose bytes are organized, compared with
                              those that stand there now, leaves the inbox too. It is moved to
                              organized/.alice/removed/RUN, from where an undo brings it back */
    bool hash_contents;    /**< tell on_file the hash of each file's content: what this run did
                              not read whole is read once more for that */
    const char *layout;    /**< where files go below organized: a template or the name of a
                              preset, see alice_layout_check(); NULL: "guide" */
    alice_undated undated; /**< what becomes of files without a date */
    const char *undated_folder; /**< NULL: "undated" */
    /** Forms of names that say a date, as alice_date_pattern_check() knows them; the first that
     * fits a name counts, before what alice knows itself. NULL at the end; NULL: none. Borrowed
     * while the organizer is open. */
    const char *const *date_patterns;
    const char *const *no_projects; /**< more folder names that name no project, beside those
                                       that devices and programs make; NULL at the end; or
                                       NULL */
    bool lossy; /**< move across file systems though attributes of a file are lost */
    /** A file that changed less than these seconds ago, that changes while it is looked at or
     * that somebody has open to write is left for the next run; 0: none of that is asked. */
    unsigned settle_seconds;
    bool kernel_backstop; /**< the process is the organizer's own: its resident memory is held
                             to the limit, and the kernel's process limit is set (limit.h).
                             false: the promise covers the accounts */
    bool confine; /**< before the first byte is parsed the process gives up, for good, all but
                     these folders and `confine_paths` (confine.h) */
    const alice_confine_path *confine_paths; /**< what else stays in reach; or NULL */
    size_t confine_path_count;               /**< 16 at most */
    /** Why a file is left where it is: static text; NULL: it is organized. Asked for each file
     * with its path below the inbox, before it is read (`info` NULL) and after; or NULL. What
     * is left is not remembered: the next run asks again. */
    const char *(*leave)(void *ctx, const char *path, const alice_media_info *info);
    void (*on_file)(void *ctx, const alice_file_report *file); /**< or NULL */
    void (*on_progress)(void *ctx,
                        const alice_progress *now); /**< at most ten times a second; or NULL */
    bool (*should_stop)(void *ctx);                 /**< asked between files; or NULL */
    void *ctx;                                      /**< for the four */
    /** One flush of the disk and two of the catalog are for so many files at the most, up to
     * 20,000; 0: 1,000, and more where the limit has room. What a power cut may undo. */
    uint32_t flush_files;
    uint32_t flush_seconds; /**< and for so long, up to 3,600; 0: a second */
    bool albums; /**< the album of an export that a file, or a copy of it, is in is its project;
                    else it is only noted */
} alice_organizer_options;

/** What get_memory_stats() tells. */
typedef struct alice_memory_stats {
    size_t limit_bytes;                 /**< the ceiling that is kept */
    size_t peak_bytes;                  /**< resident, by the kernel's own mark */
    size_t current_bytes;               /**< resident now */
    uint64_t gc_collections;            /**< collections that ran */
    uint64_t batch_size_adjustments;    /**< times the batch size changed */
    uint64_t cache_evictions;           /**< by all caches */
    uint64_t streamed_files;            /**< copied or compared through a buffer */
    uint64_t pooled_objects_reused;     /**< acquires that were served by an idle object */
    alice_cache_stats cache_stats;      /**< metadata, result and directory caches together */
    alice_cache_stats hash_cache_stats; /**< the hash cache */
} alice_memory_stats;

/** What a run counts beside its tally: X(name, what it says). A row is a member of the result
 * and a number of `alice organize --json`. */
#define ALICE_RUN_COUNT_LIST(X)                                                              \
    X(duplicates_removed, "of the duplicates and the already known: taken out of the inbox") \
    X(not_media, "of the skipped: looked at in this run")                                    \
    X(already_known, "of the skipped: an earlier run knows them")                            \
    X(groups_left, "0: no partner is left any more")                                         \
    X(followers, "of the organized: went where the file they belong to is")                  \
    X(busy, "of the skipped: being written, the next run takes them")                        \
    X(paths_too_long, "of the errors: files deeper down than any path leads")                \
    X(passed_over, "hidden and system files: not in `files`")                                \
    X(damaged, "of the organized: read only as far as they are whole")                       \
    X(zone_assumed, "of the organized: their day rests on a zone that they do not name")     \
    X(copies_gone, "of the organized: known, but their organized copy was gone")             \
    X(copies_changed, "of the organized: known, but their copy was changed; it is left")     \
    X(comparisons, "with files that might have the same bytes")                              \
    X(attributes_lost, "of the organized, where the destination cannot keep them")           \
    X(recovered, "files of a killed run that were settled first")                            \
    X(rebuilt, "organized files that the catalog did not know, read first")

/** The result of a run. */
typedef struct alice_organize_result {
    int64_t run;       /**< 0: a dry run, or nothing to record */
    alice_tally tally; /**< of all files */
#define ALICE_RUN_COUNT_MEMBER(name, says) uint64_t name; /**< see #ALICE_RUN_COUNT_LIST */
    ALICE_RUN_COUNT_LIST(ALICE_RUN_COUNT_MEMBER)
#undef ALICE_RUN_COUNT_MEMBER
    double seconds;                      /**< that it took */
    uint64_t by_type[ALICE_MEDIA_COUNT]; /**< of the organized */
    /** of the organized but sidecars, where their dates came from */
    uint64_t date_sources[ALICE_DATE_SOURCE_COUNT + 1]; /**< the last: undated */
    uint64_t catalog_flushes;  /**< times the catalog was made durable */
    uint64_t catalog_bytes;    /**< written to the catalog */
    uint64_t disk_flushes;     /**< times files were made durable */
    bool interrupted;          /**< it was stopped before its end */
    alice_memory_stats memory; /**< at its end */
} alice_organize_result;

/**
 * Check the options and open: folders, budget, catalog, threads; settle what a
 * killed run left. ALICE_E_INVAL: the options or folders do not fit together;
 * ALICE_E_BUDGET: max_memory_mb is below the smallest workable limit, which
 * `error` says; ALICE_E_BUSY: another run holds the catalog; else what the file system or
 * the catalog said, in `error`.
 */
ALICE_API alice_status alice_organizer_open(alice_organizer **out,
                                            const alice_organizer_options *options,
                                            alice_error *error);

/** Close. NULL and a NULL handle are accepted. */
ALICE_API void alice_organizer_close(alice_organizer **organizer);

/**
 * Organize. ALICE_OK: done, though single files may have failed (result
 * ->errors); ALICE_E_CANCELLED: should_stop() said so, nothing half-done; else
 * what stopped it. `result` is filled in every case.
 */
ALICE_API alice_status alice_organizer_organize(alice_organizer *organizer,
                                                alice_organize_result *result,
                                                alice_error *error);

/** Memory, now. Thread-safe. */
ALICE_API alice_status alice_organizer_get_memory_stats(const alice_organizer *organizer,
                                                        alice_memory_stats *out);

/** Organized files by source folder, most first: call after organize(). `*name` is borrowed
 * until the next organize(). ALICE_E_END past the last. */
ALICE_API alice_status alice_organizer_by_source(const alice_organizer *organizer, size_t index,
                                                 const char **name, uint64_t *count);

/** What reading an organized folder into its catalog gave. */
typedef struct alice_rebuild_result {
    int64_t run;     /**< 0: a dry run */
    uint64_t files;  /**< looked at */
    uint64_t added;  /**< media that the catalog did not know there */
    uint64_t moved;  /**< of these: it knew them in another place, where they are no more */
    uint64_t unread; /**< files and folders that could not be read: logged one by one */
} alice_rebuild_result;

/**
 * Make the catalog of `options->organized` from the files that stand there, or bring
 * it up to date: fingerprints, dates, and the numbers that come next. The inbox is
 * not used. One that is stopped goes on where it was when it is called again.
 * ALICE_E_CANCELLED: should_stop() said so; else as alice_organizer_open().
 */
ALICE_API alice_status alice_catalog_rebuild(const alice_organizer_options *options,
                                             alice_rebuild_result *result, alice_error *error);

/** A run, as the catalog keeps it. Borrowed for the length of the call. */
typedef struct alice_run_info {
    int64_t run;           /**< its id */
    const char *mode;      /**< "copy", "move", "rebuild", "undo", "redo" */
    const char *inbox;     /**< "": none */
    const char *organized; /**< where it filled or read */
    int64_t started_s;     /**< seconds since 1970 */
    int64_t ended_s;       /**< 0: it was cut off */
    bool finished;         /**< to its end */
    int64_t undoes;        /**< the run that it takes back; 0: none */
    alice_tally tally;     /**< of its files; organized: placed, and duplicates taken out of the
                              inbox; of an undo: taken back, errors: left as they were */
} alice_run_info;

/** A file of a run. Borrowed for the length of the call. */
typedef struct alice_history_file {
    const char *source_path; /**< where it came from */
    const char *destination; /**< where it was put, whole path; of a duplicate: the other */
    const char *status; /**< "organized", "duplicate", "skipped", "undone", "redated", "left" */
    const char *why;    /**< where its date came from; "": nothing to say */
    uint64_t bytes;     /**< its size then */
} alice_history_file;

/**
 * The runs of `options->organized`, latest first, each told to `on_run`; with `run` only
 * that one, and each of its files to `on_file`. Nothing is changed, and the inbox is not
 * used. ALICE_E_NOENT: no such run; else as alice_organizer_open(). `on_file` may be NULL.
 */
ALICE_API alice_status alice_history(const alice_organizer_options *options, int64_t run,
                                     void (*on_run)(void *ctx, const alice_run_info *run),
                                     void (*on_file)(void *ctx, const alice_history_file *file),
                                     void *ctx, alice_error *error);

/** What an undo did. */
typedef struct alice_undo_result {
    int64_t run;      /**< its own id; 0: a dry run */
    int64_t undone;   /**< the run that was taken back */
    bool again;       /**< that was an undo itself: its files were placed again */
    uint64_t files;   /**< looked at */
    uint64_t done;    /**< taken back (or placed again) */
    uint64_t left;    /**< left as they are: each told to on_file with its reason */
    uint64_t bytes;   /**< of what was done */
    uint64_t settled; /**< files of an undo that was killed, settled first */
} alice_undo_result;

/**
 * Take a run back (0: the latest that placed files; one that was interrupted goes on): what was
 * moved returns to its old path, a copy is removed where its source still has the same bytes.
 * What was changed or moved since is left and told to options->on_file as ALICE_FAILED. An undo
 * is a run itself, and can be taken back. options->dry_run: only tell. ALICE_E_CANCELLED:
 * should_stop() said so; ALICE_E_NOENT: no such run; else as alice_organizer_open().
 */
ALICE_API alice_status alice_undo(const alice_organizer_options *options, int64_t run,
                                  alice_undo_result *result, alice_error *error);

/** What a redating did. */
typedef struct alice_redate_result {
    int64_t run;           /**< its own id; 0: a dry run */
    uint64_t files;        /**< looked at */
    uint64_t groups;       /**< that go to another place: a file, with what belongs to it */
    uint64_t moved;        /**< files that went there; of a dry run: would go */
    uint64_t left;         /**< files that belong there and stay: each told with its reason */
    uint64_t unread;       /**< groups whose first file could not be read */
    uint64_t other_layout; /**< files whose path shows no date where the usual layout has it,
                              where no layout is given */
    uint64_t bytes;        /**< of what was moved */
} alice_redate_result;

/**
 * Ask every organized file again when it was taken: a sidecar may have come, or this program
 * may know more by now. One whose date is another goes to the folder of that date, with its
 * number and with all that belongs to it; only files of the usual layout do. Where nothing but
 * its modification time is left it stays. With options->layout, which may be "guide", every
 * file goes where that layout has it, whatever it was organized by; one that stands right
 * stays. Project, origin and number that its path shows it keeps. A redating is a run, and can
 * be taken back. options->dry_run: only tell. on_file hears of each file that goes
 * (ALICE_ORGANIZED; the reason is where its date is from) or belongs elsewhere and stays
 * (ALICE_FAILED). ALICE_E_CANCELLED: should_stop() said so, and nothing is half-done; else as
 * alice_organizer_open().
 */
ALICE_API alice_status alice_redate(const alice_organizer_options *options,
                                    alice_redate_result *result, alice_error *error);

/** Whether a file of a source may be deleted there. */
typedef enum alice_safety {
    ALICE_SAFE,     /**< the same stands in organized */
    ALICE_NOT_SAFE, /**< it does not, or that cannot be told */
    ALICE_NO_MEDIA  /**< no media file, and none that belongs to one: never organized */
} alice_safety;

/** A file of a source that was checked. Borrowed for the length of the call. */
typedef struct alice_checked_file {
    const char *source_path; /**< where it is */
    const char *destination; /**< of a safe one that was looked for by its bytes: where they
                                  stand; else NULL */
    alice_safety safety;     /**< what was found */
    const char *reason;      /**< NULL: nothing to say */
    alice_status status;     /**< of one that could not be read */
    uint64_t bytes;          /**< its size */
} alice_checked_file;

/** What a check found. */
typedef struct alice_check_result {
    uint64_t files;       /**< looked at: the sum of the next three */
    uint64_t safe;        /**< that stand in organized */
    uint64_t not_safe;    /**< that do not */
    uint64_t no_media;    /**< that are none of organize()'s */
    uint64_t passed_over; /**< hidden and system files: not in `files` */
    uint64_t bytes;       /**< of the safe ones */
    double seconds;       /**< that it took */
} alice_check_result;

/**
 * Whether every media file of `options->inbox`, and each that belongs to one, stands safely in
 * `options->organized`: to be asked before a card is formatted. A file that the catalog knows
 * as it is, is safe where its organized copy has the size and time that it had; one that it
 * does not know (the folder has another name now) only where its bytes, compared, stand there.
 * With `full` all bytes are compared. Of `options->archives` nothing is unpacked: a file is
 * safe where one of organized has the same content, by a hash of 128 bits that is taken of it
 * now, or, without `full`, was taken and the file is as it was placed. Nothing is changed:
 * options->dry_run, move, leave and on_file are not asked. `on_file` (or NULL) is told each
 * file. ALICE_OK: it was checked, and `result->not_safe` is the answer; ALICE_E_NOENT: there is
 * no organized folder; ALICE_E_CANCELLED: should_stop() said so; else as
 * alice_organizer_open().
 */
ALICE_API alice_status alice_check_source(const alice_organizer_options *options, bool full,
                                          void (*on_file)(void *ctx,
                                                          const alice_checked_file *file),
                                          void *ctx, alice_check_result *result,
                                          alice_error *error);

/**
 * The file `path` is not wanted: no run places its bytes again, whatever they are named, until
 * that is taken back (`undo`). Below `organized` it also leaves its place and stands from then
 * on, for the user to delete, where `kept` says (below `organized`; "": nothing was moved);
 * `undo` moves it back. Of a file elsewhere (its copy was deleted by hand already) the bytes
 * alone are noted, and it stays. `env` may be NULL. ALICE_E_NOENT: there is none, or, to take
 * back, it was not forgotten.
 */
ALICE_API alice_status alice_forget(const alice_env *env, const char *organized,
                                    const char *path, bool undo, char *kept, size_t kept_size,
                                    alice_error *error);

/**
 * Whether a layout can be used; NULL can. A template has names between slashes, the last of
 * which is the file's, without its extension. In them stand {date}, or {date:%Y/%m} (%Y, %y,
 * %m, %d, %j, %H, %M, %S, as far as they are known), {project}, {origin} (camera-…, a
 * generator, screenshot, …), {camera}, {type} (photo, video), {number} (of project and origin;
 * {number:03}), {name}, {ext}, {hash} of the content ({hash:8}), and of what was generated
 * {model} and {seed}; {album} of an export. {camera|unknown} says what stands there where it is
 * absent; a folder without a name is left out. Where two files would get one path the later
 * gets "-2". ALICE_E_INVAL: `error` says what is wrong, and where.
 */
ALICE_API alice_status alice_layout_check(const char *layout, alice_error *error);

/** A layout with a name: "guide", "year-month", … ALICE_E_END past the last. Static texts. */
ALICE_API alice_status alice_layout_preset(size_t index, const char **name,
                                           const char **layout);

/** Where an organizer is. */
typedef enum alice_phase {
    ALICE_PHASE_READY = 0,    /**< open, nothing begun */
    ALICE_PHASE_CHECKING = 1, /**< whether what is to be copied fits */
    ALICE_PHASE_RUNNING = 2,
    ALICE_PHASE_DONE = 3 /**< organize() is over */
} alice_phase;

/** "ready", "checking", "running", "done". Static text. */
ALICE_API const char *alice_phase_name(alice_phase phase);

/** One cache of an organizer. */
typedef struct alice_named_cache {
    const char *name;          /**< "cache.metadata", …; static text */
    alice_cache_stats numbers; /**< of now */
} alice_named_cache;

/** One pool of an organizer. */
typedef struct alice_named_pool {
    const char *name; /**< static text */
    size_t idle;      /**< objects that wait */
    size_t in_use;    /**< objects that are out */
    uint64_t created; /**< acquires that were served by a new object */
    uint64_t reused;  /**< acquires that were served by an idle one */
} alice_named_pool;

/** The most that a status has room for. */
enum { ALICE_STATUS_ACCOUNTS = 24, ALICE_STATUS_CACHES = 4, ALICE_STATUS_POOLS = 1 };

/** A run, as its own thread told it last: a tenth of a second ago while files go by, longer
 * while a large one is copied. */
typedef struct alice_run_status {
    alice_phase phase;               /**< where it is */
    int64_t run;                     /**< 0: none that is recorded (yet) */
    uint64_t age_ns;                 /**< since it was told */
    alice_tally tally;               /**< of the files so far */
    uint64_t streamed_files;         /**< copied or compared through a buffer */
    uint64_t elapsed_ns;             /**< since the run began */
    char path[512];                  /**< the file at hand, below the inbox; cut in front */
    uint32_t batch_size;             /**< of the present batch; then of all so far: */
    uint32_t smallest_batch;         /**< the smallest so far */
    uint32_t largest_batch;          /**< the largest so far */
    uint64_t batches;                /**< so far */
    uint64_t batch_size_adjustments; /**< times the size changed */

    /* What never changes. */
    bool move;                  /**< else copy */
    bool dry_run;               /**< nothing is changed */
    const char *inbox_path;     /**< borrowed from the organizer */
    const char *organized_path; /**< borrowed from the organizer */
} alice_run_status;

/** The memory of an organizer, at this moment. */
typedef struct alice_memory_status {
    alice_monitor_usage usage;                        /**< what the kernel says */
    uint64_t gc_collections;                          /**< that ran */
    uint64_t given_back;                              /**< bytes, by all of them */
    size_t account_count;                             /**< of the ledger */
    alice_ledger_row accounts[ALICE_STATUS_ACCOUNTS]; /**< the ledger, parents first */
    size_t cache_count;                               /**< of caches */
    alice_named_cache caches[ALICE_STATUS_CACHES];    /**< each cache */
    size_t pool_count;                                /**< of pools */
    alice_named_pool pools[ALICE_STATUS_POOLS];       /**< each pool */
} alice_memory_status;

/**
 * Ask an organizer how its run is. Thread-safe; costs the run nothing that can be measured.
 * `size`: of the caller's structure, as for `*_stats_into()`. ALICE_E_INVAL: a pointer is NULL.
 */
ALICE_API alice_status alice_organizer_run_status(const alice_organizer *organizer,
                                                  alice_run_status *out, size_t size);

/** The same of its memory. ALICE_E_SYSTEM: the kernel's figures cannot be read. */
ALICE_API alice_status alice_organizer_memory_status(const alice_organizer *organizer,
                                                     alice_memory_status *out, size_t size);

/** What a collection that was asked for gave back. */
typedef struct alice_collect_report {
    size_t row_count; /**< of rows */
    alice_reclaim_row
        rows[ALICE_STATUS_ACCOUNTS]; /**< every reclaimer, in the order in which they ran */
    size_t released;                 /**< bytes that they gave back to the accounts */
    size_t resident_before;          /**< bytes of the process before it */
    size_t resident_after;           /**< and after */
} alice_collect_report;

/**
 * Ask a running organizer to collect all it can. The run's thread does it before
 * its next file. Thread-safe; answers a ticket for alice_organizer_collected().
 */
ALICE_API uint64_t alice_organizer_request_collect(alice_organizer *organizer);

/** Whether that was done: ALICE_OK and the report of the latest; ALICE_E_BUSY: not yet.
 * Thread-safe. */
ALICE_API alice_status alice_organizer_collected(const alice_organizer *organizer,
                                                 uint64_t ticket, alice_collect_report *out);

/** The organizer's budget, for ledgers. Borrowed. Thread-safe. */
ALICE_API alice_budget *alice_organizer_budget(alice_organizer *organizer);

/** The smallest ceiling organize() works in, in bytes, on this machine. */
ALICE_API size_t alice_organizer_minimum_memory(void);

/** Classes of sizes, as the guide's baselines for batches have them. */
typedef enum alice_size_class {
    ALICE_SIZE_SMALL = 0,  /**< below 1 MB */
    ALICE_SIZE_MEDIUM = 1, /**< up to 10 MB */
    ALICE_SIZE_LARGE = 2,  /**< above */
    ALICE_SIZE_CLASSES = 3
} alice_size_class;

/** What bounds a look; zeroed is a complete one. */
typedef struct alice_survey_options {
    size_t size;        /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;      /**< pays for the look */
    uint32_t most_ms;   /**< stop after this long; 0: 10 seconds */
    uint64_t all_sizes; /**< files whose size is asked one by one; of those that follow, that of
                             each 16th is; 0: 20,000 */
    bool (*should_stop)(void *ctx); /**< asked now and then; or NULL */
    void *ctx;                      /**< for should_stop */
} alice_survey_options;

/** A collection, by the names in it: no file is opened. */
typedef struct alice_survey {
    bool complete;    /**< false: the time was over, or somebody asked to stop; there is more */
    uint64_t files;   /**< media or not; what organize() passes over is not among them */
    uint64_t folders; /**< that were read */
    uint64_t passed_over;                 /**< hidden and system files */
    uint64_t unreadable;                  /**< folders that could not be read */
    uint64_t by_type[ALICE_MEDIA_COUNT];  /**< by extension; ALICE_MEDIA_NONE: no media */
    uint64_t media;                       /**< the sum of the others */
    uint64_t sized;                       /**< media files whose size was asked; of these: */
    uint64_t by_size[ALICE_SIZE_CLASSES]; /**< by size class */
    uint64_t bytes;                       /**< of the sized files together */
    uint64_t largest_bytes;               /**< of the largest of them */
    char largest[512];                    /**< its path below the folder; cut in front */
    uint64_t biggest_folder_files;        /**< files in the folder with the most */
    char biggest_folder[512]; /**< the folder with the most files in it; "" at the top */
    double seconds;           /**< that the look took */
} alice_survey;

/**
 * Look through the folder `path`, in bounded time and some 300 KB of memory. Thread-safe.
 * ALICE_E_NOENT, ALICE_E_ACCESS, ALICE_E_IO: it cannot be read; ALICE_E_BUDGET, ALICE_E_NOMEM.
 */
ALICE_API alice_status alice_survey_folder(const char *path,
                                           const alice_survey_options *options,
                                           alice_survey *out, alice_error *error);

/**
 * Read one file and say what it is: opens `path`, never follows it when it is a
 * link to a special file. One reader serves one thread.
 */
typedef struct alice_info_reader alice_info_reader;

/** Open; `env` (may be NULL) pays for it. ALICE_E_BUDGET, ALICE_E_NOMEM. */
ALICE_API alice_status alice_info_open(alice_info_reader **out, const alice_env *env);

/** Forms of names that say a date, as of alice_organizer_options; borrowed while it is open. */
ALICE_API void alice_info_date_patterns(alice_info_reader *reader, const char *const *patterns);

/** Close. NULL and a NULL handle are accepted. */
ALICE_API void alice_info_close(alice_info_reader **reader);

/** Read the file at `path`; `info` is valid until the next call. ALICE_OK also for damaged
 * files (info->status). `source`: the folder name it would get, of at most `cap` bytes (64
 * suffice); may be NULL where that is 0. ALICE_E_INVAL: it is no file; ALICE_E_NOENT,
 * ALICE_E_ACCESS, ALICE_E_IO. */
ALICE_API alice_status alice_info_read(alice_info_reader *reader, const char *path,
                                       alice_media_info *info, char *source, size_t cap,
                                       alice_error *error);

#ifdef __cplusplus
}
#endif
#endif
