/* SPDX-License-Identifier: MIT */
#ifndef ALICE_LIBRARY_H
#define ALICE_LIBRARY_H

/**
 * @file library.h
 * What is organized, and what is known of it: each file with its facts, as the catalog keeps
 * them. Nothing is read but the catalog, and nothing is changed.
 */

#include <alice/organize.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An organized file. Texts are borrowed during the call; "": not known. */
typedef struct alice_library_file {
    const char *path;        /**< below the organized folder */
    uint64_t bytes;          /**< its size when it was organized */
    uint32_t day;            /**< of its date: yyyymmdd, 00 for what is not known; 0: none */
    uint32_t time;           /**< of its date: hhmmss */
    const char *type;        /**< as alice_media_name() */
    const char *date_source; /**< as alice_date_source_name() */
    const char *make;        /**< of its camera */
    const char *model;       /**< of its camera */
    const char *generator;   /**< as alice_generator_name() */
    const char *ai_model;    /**< that it was generated with */
    const char *seed;        /**< that it was generated with */
    const char *prompt;      /**< that it was generated from */
    const char *negative_prompt; /**< what was to be left out */
    bool placed;                 /**< where it was taken is known: */
    double latitude;             /**< degrees north */
    double longitude;            /**< degrees east */
    const char *albums; /**< titles of the albums that it, or a copy of it that was met, was in:
                           a line each, at most 100, in the order in which they were met */
} alice_library_file;

/**
 * Tell each organized file of `options->organized` to `each`, which answers whether to go on.
 * `by_date`: the earliest first, sorted on disk beyond what fits the limit; else in the order
 * in which they were organized. ALICE_E_NOENT: there is no catalog; else as
 * alice_organizer_open().
 */
ALICE_API alice_status alice_library(const alice_organizer_options *options, bool by_date,
                                     bool (*each)(void *ctx, const alice_library_file *file),
                                     void *ctx, alice_error *error);

/**
 * Tell those of `count` files that are organized, and as they were then; `paths` are below
 * `options->organized`. `which`: the one of them. Cheap however many are organized: of each the
 * beginning is read. Fails as alice_library(); what cannot be read is passed over.
 */
ALICE_API alice_status alice_library_files(const alice_organizer_options *options,
                                           const char *const *paths, size_t count,
                                           void (*each)(void *ctx, size_t which,
                                                        const alice_library_file *file),
                                           void *ctx, alice_error *error);

#ifdef __cplusplus
}
#endif

#endif
