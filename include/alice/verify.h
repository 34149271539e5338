/* SPDX-License-Identifier: MIT */
#ifndef ALICE_VERIFY_H
#define ALICE_VERIFY_H

/**
 * @file verify.h
 * Whether a library is as it was made: every organized file is held against what the catalog
 * says of it. Bytes that changed while size and time did not are damage (a failing disk, a bad
 * cable); another size or time is an edit, by somebody.
 */

#include <alice/organize.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What was found of a file. */
typedef enum alice_verdict {
    ALICE_VERDICT_SOUND,    /**< its bytes are those that were organized */
    ALICE_VERDICT_UNSEALED, /**< its head is; of the rest no hash is known */
    ALICE_VERDICT_UNREAD,   /**< it stands with its size and time; the sample left it out */
    ALICE_VERDICT_CHANGED,  /**< another size or time: edited */
    ALICE_VERDICT_UNKNOWN,  /**< the catalog does not know it */
    ALICE_VERDICT_MISSING,  /**< it is gone */
    ALICE_VERDICT_DAMAGED   /**< other bytes, of the same size and time; or it cannot be read */
} alice_verdict;

/** One word: "sound", "unsealed", "unread", "changed", "unknown", "missing", "damaged". */
ALICE_API const char *alice_verdict_name(alice_verdict verdict);

/** A file that was looked at. Borrowed during the call. */
typedef struct alice_verified_file {
    const char *path;      /**< below the organized folder */
    alice_verdict verdict; /**< what was found */
    const char *why;       /**< in words; NULL: the verdict says all */
    uint64_t bytes; /**< its size, as the catalog has it, or as it is where that knows none */
} alice_verified_file;

/** Files by verdict. After a call that went on from one that was cut off: of both. */
typedef struct alice_verify_result {
    uint64_t expected;                      /**< that the catalog knows, about: how far it is */
    uint64_t files;                         /**< looked at */
    uint64_t by[ALICE_VERDICT_DAMAGED + 1]; /**< by verdict */
    uint64_t sealed;                        /**< whose hash is remembered from now on */
    uint64_t bytes_read;                    /**< for hashes */
    int64_t went_on; /**< when the call began that this one went on from, in seconds since
                          1970; 0: none */
    double seconds;  /**< of this call */
} alice_verify_result;

/** What to verify. Zeroed but for organizer.organized is a complete one. */
typedef struct alice_verify_options {
    size_t size; /**< sizeof of the structure; 0: as in version 0.1 */
    /** The library: organized, catalog, config, env, should_stop with ctx, kernel_backstop,
     * confine. The rest is not asked. */
    const alice_organizer_options *organizer;
    unsigned sample_percent; /**< of the files, how many are read; 0 and 100: all. Each call
                                takes others */
    bool seal;               /**< read files whole whose hash is not known, and remember it */
    bool anew;               /**< from the first file, also where the last call was cut off */
    void (*on_file)(void *ctx, const alice_verified_file *file); /**< may be NULL */
    /** Now and then; may be NULL. */
    void (*on_progress)(void *ctx, const alice_verify_result *now);
    void *ctx; /**< handed to these */
} alice_verify_options;

/**
 * Verify `options->organizer.organized`. Nothing is changed but, with `seal`, the catalog. A
 * call that is cut off is gone on with by the next one with the same sample and seal. ALICE_OK:
 * it came to its end, and by[] is the answer; ALICE_E_NOENT: there is no organized folder or no
 * catalog; ALICE_E_CANCELLED; else as alice_organizer_open(). Blocks; one thread.
 */
ALICE_API alice_status alice_verify(const alice_verify_options *options,
                                    alice_verify_result *result, alice_error *error);

#ifdef __cplusplus
}
#endif

#endif
