/* SPDX-License-Identifier: MIT */
#ifndef ALICE_SEARCH_H
#define ALICE_SEARCH_H

/**
 * @file search.h
 * Searching what is organized by an index, so that the first answers come at once however many
 * files there are.
 *
 * The index is derived from the catalog and lies in `<organized>/.alice/search.db`. It can be
 * deleted at any time. It is brought up to date when it is opened: only what came, went or
 * changed since is looked at. Where it cannot be kept (no right to write there, a disk that is
 * full, another process that is at it) the catalog itself is asked, which answers the same,
 * only later; alice_search_note() says why.
 *
 * No user file is read or changed, and nothing but the index is written.
 */

#include <alice/library.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An index that is open. One thread at a time uses it; several can each open their own. */
typedef struct alice_search alice_search;

/** What is opened. Zeroed but for `organized` is a complete one. */
typedef struct alice_search_options {
    size_t size;           /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;         /**< its account is not used */
    alice_config config;   /**< max_memory_mb is the ceiling */
    const char *organized; /**< the organized folder */
    const char *catalog;   /**< NULL: the one in it */
    bool kernel_backstop;  /**< this process is alice's own: the kernel holds the ceiling */
    /** Asked now and then, also while the index is brought up to date: then ALICE_E_CANCELLED,
     * and the next opening carries on from there, as the next question does that begins behind
     * alice_search_reached(); may be NULL. */
    bool (*should_stop)(void *ctx);
    /** Told now and then meanwhile; may be NULL. */
    void (*on_progress)(void *ctx, uint64_t done, uint64_t of);
    void *ctx; /**< handed to these; texts and this live as long as the search */
} alice_search_options;

/** What is looked for: files that have all of it. Zeroed: all files. Letters count the same in
 * either case; all other bytes are taken as they are. */
typedef struct alice_search_query {
    size_t size;              /**< sizeof of the structure; 0: as in version 0.1 */
    const char *const *words; /**< each stands in a text of the file: its path, prompt, negative
                                 prompt, models, make, generator or albums */
    size_t word_count;        /**< of them */
    const char *camera; /**< its make and model, with a blank between, have this; NULL: any */
    const char *generator; /**< its generator is this; NULL: any */
    const char *model;     /**< the name of the model that made it has this; NULL: any */
    const char *seed;      /**< it was made from this seed; NULL: any */
    const char *project;   /**< the second folder of its path is this; NULL: any */
    const char *type;      /**< its type is this, as alice_media_name(); NULL: any */
    uint32_t since;        /**< yyyymmdd, 00 for what is left open; 0: any */
    uint32_t until;        /**< yyyymmdd; 0: any, and what has no date */
    bool near;             /**< it was taken at most `km` from here: */
    double latitude;       /**< degrees north, -90 to 90 */
    double longitude;      /**< degrees east, -180 to 180 */
    double km;             /**< above 0 */
    bool newest_first;     /**< else the earliest */
    uint64_t after;    /**< only what comes behind the file with this id in that order, be it
                          there or not; 0: all */
    const char *album; /**< one of its albums has this title; NULL: any */
} alice_search_query;

/**
 * Open the index of `options->organized`, made or brought up to date where it has to be. Blocks
 * meanwhile. ALICE_E_NOENT: there is no catalog; ALICE_E_BUSY: a run is under way, and there is
 * no index yet; ALICE_E_CANCELLED; ALICE_E_BUDGET, ALICE_E_NOMEM; else as
 * alice_organizer_open(). alice_search_close() gives it back.
 */
ALICE_API alice_status alice_search_open(alice_search **out,
                                         const alice_search_options *options,
                                         alice_error *error);

/** Close, and set `*search` to NULL; NULL and a pointer to NULL are accepted. */
ALICE_API void alice_search_close(alice_search **search);

/**
 * Bring it up to date again, for a program that keeps it open: cheap where nothing was
 * organized meanwhile. Fails as alice_search_open(), and stays as it was then.
 */
ALICE_API alice_status alice_search_refresh(alice_search *search, alice_error *error);

/** Why answers come late or may not be the latest, in a sentence for people; "" when all is
 * well. Valid until the next call with this search. */
ALICE_API const char *alice_search_note(const alice_search *search);

/**
 * How far the last question came: the id of the last file that was looked at, whether it was
 * told or not; 0: none was. What ended with ALICE_E_CANCELLED goes on where it stopped by the
 * same query with this as its `after`.
 */
ALICE_API uint64_t alice_search_reached(const alice_search *search);

/**
 * Tell the files of `query` to `each`, in the order of their dates, those without one before
 * all others (after them, where the newest come first): `skip` are passed over, then at most
 * `most` (0: all) are told, while it answers true. `id` is how alice_search_file() finds the
 * file again, as long as its date stays and the catalog is not made anew. Texts are borrowed
 * during the call, which must not use this search. ALICE_E_INVAL: a query that cannot be meant;
 * ALICE_E_BUSY: another process writes; ALICE_E_DAMAGED, and the index is made anew when it is
 * next opened; ALICE_E_BUDGET.
 */
ALICE_API alice_status alice_search_each(alice_search *search, const alice_search_query *query,
                                         uint64_t skip, uint64_t most,
                                         bool (*each)(void *ctx, uint64_t id,
                                                      const alice_library_file *file),
                                         void *ctx, alice_error *error);

/** How many files of `query` there are. Without words and facts it is known at once. Fails as
 * alice_search_each(). */
ALICE_API alice_status alice_search_count(alice_search *search, const alice_search_query *query,
                                          uint64_t *out, alice_error *error);

/** Tell the days on which files of `query` were taken, in its order, each with its number of
 * files: yyyymmdd, 00 for what is not known; 0: no date. `each` answers whether to go on. Where
 * it is cancelled the last day that is told may have more files, which come when it goes on.
 * Fails as alice_search_each(). */
ALICE_API alice_status alice_search_days(alice_search *search, const alice_search_query *query,
                                         bool (*each)(void *ctx, uint32_t day, uint64_t files),
                                         void *ctx, alice_error *error);

/** Tell one file by its id. ALICE_E_NOENT: there is none; else it fails as alice_search_each().
 */
ALICE_API alice_status alice_search_file(alice_search *search, uint64_t id,
                                         bool (*each)(void *ctx, uint64_t id,
                                                      const alice_library_file *file),
                                         void *ctx, alice_error *error);

#ifdef __cplusplus
}
#endif

#endif
