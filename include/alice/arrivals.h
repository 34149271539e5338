/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ARRIVALS_H
#define ALICE_ARRIVALS_H

/**
 * @file arrivals.h
 * Wait until something arrives below a folder and has come to rest. The kernel tells (inotify),
 * as far as it can: it watches a limited number of folders, forgets what comes too fast, and
 * knows nothing of what another machine writes. So a look at everything is due now and then
 * too, more often where the kernel cannot tell. Files that were there before are not told one
 * by one: whoever is woken looks at all, as alice_organizer_organize() does.
 *
 *     events ─▶ quiet for a while ─▶ ALICE_ARRIVALS_CAME ─▶ the caller looks
 *     a time, lost events, the folder mounted again ─▶ ALICE_ARRIVALS_LOOK ─▶ the same
 *
 * Memory does not grow with the number of folders or events. One thread uses a watch.
 */

#include <alice/env.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Why the caller is woken. */
typedef enum alice_arrivals_event {
    ALICE_ARRIVALS_CAME, /**< something came or changed, and has been quiet since */
    ALICE_ARRIVALS_LOOK  /**< it is time to look: the first, a regular one, or events were lost
                          */
} alice_arrivals_event;

/** Which folder, and how patiently. Zeroed but for the folder is complete. */
typedef struct alice_arrivals_options {
    size_t size;            /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;          /**< memory and clock */
    const char *folder;     /**< with all below it but hidden folders */
    const char *leave;      /**< a folder below that is not watched; NULL: none */
    uint64_t quiet_ms;      /**< how long nothing more may come; 0: 3 s */
    uint64_t longest_ms;    /**< after the first event at most so long; 0: 1 minute */
    uint64_t look_ms;       /**< between two looks where the kernel tells; 0: 1 hour */
    uint64_t blind_look_ms; /**< … where it cannot tell all; 0: 1 minute */
    const char *scratch;    /**< where the names of a large folder are sorted; NULL: /var/tmp */
    bool (*should_stop)(void *ctx); /**< asked twice a second, and after signals; NULL: never */
    void *ctx;                      /**< handed to it */
} alice_arrivals_options;

/** What a watch did so far. */
typedef struct alice_arrivals_stats {
    uint64_t folders; /**< watched, as of the latest time they were counted */
    uint64_t events;  /**< that the kernel told */
    uint64_t lost;    /**< times it told that there were more */
    uint64_t woken;   /**< times the caller was woken */
    bool blind;       /**< the kernel cannot tell all: too many folders, or a network's */
    bool away;        /**< the folder is not there now */
} alice_arrivals_stats;

/** A watch; opaque. */
typedef struct alice_arrivals alice_arrivals;

/**
 * Open a watch. The folder need not be there yet. ALICE_E_INVAL: no folder is named.
 */
ALICE_API alice_status alice_arrivals_open(alice_arrivals **out,
                                           const alice_arrivals_options *options,
                                           alice_error *error);

/**
 * Wait. ALICE_OK: woken, `*event` says why, and all folders are watched that there were before
 * the call returned; the first call returns at once. ALICE_E_TIMEOUT: `most_ms` passed.
 * ALICE_E_CANCELLED: should_stop said so. Others: there is no memory.
 */
ALICE_API alice_status alice_arrivals_wait(alice_arrivals *w, uint64_t most_ms,
                                           alice_arrivals_event *event, alice_error *error);

/** A look is due in so long at the latest: something could not be done yet. */
ALICE_API void alice_arrivals_again(alice_arrivals *w, uint64_t ms);

/** How it is. */
ALICE_API void alice_arrivals_stats_get(const alice_arrivals *w, alice_arrivals_stats *out);

/** Close it. NULL and a closed one are fine. */
ALICE_API void alice_arrivals_close(alice_arrivals **watch);

#ifdef __cplusplus
}
#endif

#endif
