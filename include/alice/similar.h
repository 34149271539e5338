/* SPDX-License-Identifier: MIT */
#ifndef ALICE_SIMILAR_H
#define ALICE_SIMILAR_H

/**
 * @file similar.h
 * Pictures that look alike, below any folders, organized or not: also where one of them was
 * made smaller, stored again in another format or quality, cut a little, turned by a quarter
 * or mirrored. Nothing is changed.
 *
 * Pictures are decoded by processes of their own (`alice-decode`), which have given up
 * everything but the one open file; each becomes 256 bits, and pictures of which few bits
 * differ are alike. Lists are sorted on disk, so that memory is bounded whatever the number of
 * files.
 */

#include <alice/duplicates.h>
#include <alice/media.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bits of 256 that may differ, unless the options say otherwise. */
#define ALICE_SIMILAR_DISTANCE 54
/** The most that options may say: farther apart than that nothing is alike. */
#define ALICE_SIMILAR_DISTANCE_MOST 64

/** One picture of a group. Borrowed during the call. */
typedef struct alice_similar_file {
    uint64_t group;         /**< counts from 1 */
    const char *path;       /**< the folder as it was given, and the path below it */
    uint64_t bytes;         /**< of the file */
    int64_t mtime_ns;       /**< since 1970 */
    uint32_t width, height; /**< in pixels, as it is looked at */
    alice_media_type type;  /**< by its content; a RAW by its name */
    unsigned distance;      /**< bits that differ from the one with the most pixels */
    bool first;             /**< it begins its group, and is the one to keep */
} alice_similar_file;

/** What is looked for. Zeroed but for the paths is a complete one. */
typedef struct alice_similar_options {
    size_t size;                 /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;               /**< its account is not used */
    alice_config config;         /**< max_memory_mb is the ceiling, of this process and the
                                      decoders together; workers: the decoders */
    const char *const *paths;    /**< folders; links below them are not followed */
    size_t path_count;           /**< at most 256 */
    unsigned distance;           /**< bits that may differ; 0: ALICE_SIMILAR_DISTANCE */
    const alice_keep_rule *keep; /**< NULL: the one with the most pixels, then the oldest */
    size_t keep_count;           /**< rules, at most 8 */
    const char *scratch_dir;     /**< for what does not fit memory, no tmpfs; NULL: /var/tmp */
    const char *decoder;         /**< the program; NULL: the one that belongs to the library */
    uint32_t file_ms;            /**< that decoding a picture may take; 0: 30,000 */
    bool kernel_backstop; /**< this process is alice's own: the kernel holds the ceiling */
    /** Told each picture of each group, that with the most pixels first; may be NULL. */
    void (*on_file)(void *ctx, const alice_similar_file *file);
    /** Told what could not be looked at; may be NULL. */
    void (*on_unread)(void *ctx, const alice_unread_file *file);
    /** Asked now and then: then ALICE_E_CANCELLED; may be NULL. */
    bool (*should_stop)(void *ctx);
    void *ctx; /**< handed to these */
} alice_similar_options;

/** What was found. */
typedef struct alice_similar_result {
    uint64_t files;         /**< looked at, of any kind */
    uint64_t pictures;      /**< of these, which have a hash */
    uint64_t flat;          /**< pictures that show next to nothing, alike to none */
    uint64_t no_decoder;    /**< pictures of a type that is not decoded here */
    uint64_t groups;        /**< of pictures that look alike */
    uint64_t similar;       /**< pictures that another one of their group may stand for */
    uint64_t similar_bytes; /**< which these take */
    uint64_t links;         /**< further names of files, passed over */
    uint64_t unread;        /**< told to on_unread() */
    uint64_t decoded;       /**< pictures that were read now */
    size_t peak_bytes;      /**< charged at most at once, the decoders' in full */
} alice_similar_result;

/**
 * Find them. Two pictures are in one group only if each is alike to the one with the most
 * pixels of it: the pictures are gone through by their number of pixels, and each joins the
 * first before it that leads a group and that it is alike to, or leads one itself.
 *
 * ALICE_OK also where pictures could not be read: see `unread`. ALICE_E_INVAL: no path, or too
 * many, or a rule or distance that there is not; ALICE_E_BUDGET: the ceiling is too low;
 * ALICE_E_SYSTEM: the decoder is not there, or does not start; ALICE_E_CANCELLED;
 * ALICE_E_NOSPC, ALICE_E_IO: the scratch file. Blocks; one thread. Starts processes, which
 * alice_confine() would forbid. `out` is filled as far as it came.
 */
ALICE_API alice_status alice_similar(const alice_similar_options *options,
                                     alice_similar_result *out, alice_error *error);

#ifdef __cplusplus
}
#endif

#endif
