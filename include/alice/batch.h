/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BATCH_H
#define ALICE_BATCH_H

/**
 * @file batch.h
 * Batches whose size follows the memory pressure: 100, 75, 50, 25 % of the base
 * at levels normal, medium, high, critical, between a least and a most.
 *
 *     next() ──▶ batch of items ──▶ process() ──▶ results ──▶ result() or alice_batch_next()
 *
 * A batch shrinks at once, and grows again one level at a time after some calm
 * batches, so that sizes do not flap at an edge. Use alice_batch_next_size()
 * alone where the loop is your own. One thread at a time uses an alice_batch.
 */

#include <alice/budget.h>
#include <alice/config.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The size of batches, and the work on them. Opaque. */
typedef struct alice_batch alice_batch;

/** Says the pressure, once a batch. */
typedef alice_level (*alice_level_source)(void *ctx);

/** How batches are sized. alice_batch_defaults() fills it; a 0 is the default of its field. */
typedef struct alice_batch_options {
    size_t size;         /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;       /**< pays for the room of one batch */
    bool adaptive;       /**< false: always the base, within min and max */
    uint32_t base_size;  /**< items at level normal; 0: 100 */
    uint32_t min_size;   /**< 0: 10 */
    uint32_t max_size;   /**< 0: 1000 */
    uint32_t grow_after; /**< calm batches before the size grows by a level; 0: 3 */
    size_t max_bytes; /**< items' bytes in a batch at level normal, scaled like its size; 0: no
                           bound. An item above it is a batch of its own */
    alice_level_source level; /**< NULL: always normal */
    void *level_ctx;          /**< handed to level() */
} alice_batch_options;

/** alice_batch_defaults() for a caller whose structure has `size` bytes. */
ALICE_API void alice_batch_defaults_into(alice_batch_options *out, size_t size,
                                         const alice_config *config);

/** Adaptive, with the sizes of `config`, or the defaults (100, 10, 1000) where it is NULL. */
static inline alice_batch_options alice_batch_defaults(const alice_config *config)
{
    alice_batch_options o;
    alice_batch_defaults_into(&o, sizeof o, config);
    return o;
}

/** An ::alice_level_source over a budget: `ctx` is an alice_budget. */
ALICE_API alice_level alice_batch_level_of_budget(void *budget);

/** An ::alice_level_source over a monitor: `ctx` is an alice_monitor (monitor.h). */
ALICE_API alice_level alice_batch_level_of_monitor(void *monitor);

/** The rule itself: the share of `base` at `level`, rounded down, at least 1, between `min` and
 * `max`. */
ALICE_API uint32_t alice_batch_size_at(uint32_t base, alice_level level, uint32_t min,
                                       uint32_t max);

/** Open. ALICE_E_INVAL: min above max; ALICE_E_BUDGET or ALICE_E_NOMEM: room for one batch (24
 * bytes an item). */
ALICE_API alice_status alice_batch_open(alice_batch **out, const alice_batch_options *options);

/** Close. NULL and a NULL handle are accepted. */
ALICE_API void alice_batch_close(alice_batch **batch);

/** Ask the level and settle the next batch's size. Counts as a batch. Never fails. */
ALICE_API uint32_t alice_batch_next_size(alice_batch *batch);

/** Another base, from the next size on: for when the sizes of the items are known. Never fails.
 */
ALICE_API void alice_batch_set_base(alice_batch *batch, uint32_t base_size);

/** The size that alice_batch_next_size() gave last; before the first the base, within min and
 * max. */
ALICE_API uint32_t alice_batch_size(const alice_batch *batch);

/** What to do about an item that failed. */
typedef enum alice_batch_policy {
    ALICE_BATCH_STOP = 0,   /**< finish its batch, then end with the first failure */
    ALICE_BATCH_SKIP = 1,   /**< count it and go on */
    ALICE_BATCH_COLLECT = 2 /**< hand it out with its status, and go on */
} alice_batch_policy;

/** What became of one item. */
typedef struct alice_batch_result {
    void *item;          /**< what next() gave */
    void *result;        /**< what process() put; NULL at first */
    alice_status status; /**< ALICE_OK at first; process() sets it for an item that failed */
} alice_batch_result;

/** The work: where items come from, what happens to them, where results go. */
typedef struct alice_batch_run {
    /** The next item and its bytes (0 where they do not matter). ALICE_E_END after the last;
       another failure ends the run after the items before it are done. */
    alice_status (*next)(void *ctx, void **item, size_t *bytes);
    void *next_ctx; /**< handed to next() */
    /**
     * Do a batch: results[i].item is the item. A failure of an item goes to its
     * status. A failure that is returned is that of every item still ALICE_OK;
     * ALICE_E_CANCELLED, returned, ends the run whatever the policy.
     */
    alice_status (*process)(void *ctx, alice_batch_result *results, size_t count);
    void *process_ctx; /**< handed to process() */
    /** Told each result in the order of the items; a failure ends the run with it. NULL: nobody
     * is told. */
    alice_status (*result)(void *ctx, const alice_batch_result *result);
    void *result_ctx;          /**< handed to result() */
    alice_batch_policy policy; /**< what a failed item does */
} alice_batch_run;

/**
 * Pull all items through, in the calling thread. Every item that next() gave reaches
 * process() exactly once. ALICE_OK at the end; the failure that ended it (see
 * alice_batch_policy); ALICE_E_INVAL: no next() or process().
 */
ALICE_API alice_status alice_batch_process(alice_batch *batch, const alice_batch_run *run);

/**
 * The same as an iterator: begin(), then alice_batch_next() until ALICE_E_END.
 * `run->result` is not used; `run` is copied. Results of a batch are handed out before a
 * failure that ends the run. A second begin() forgets what the first had not done.
 */
ALICE_API alice_status alice_batch_begin(alice_batch *batch, const alice_batch_run *run);

/**
 * The next result, borrowed until the next call on this batch. ALICE_E_END after the
 * last; ALICE_E_INVAL without begin(); the failure that ended the run.
 */
ALICE_API alice_status alice_batch_next(alice_batch *batch, const alice_batch_result **out);

/** Numbers since open. */
typedef struct alice_batch_stats {
    uint64_t batches;     /**< sizes that were settled */
    uint64_t items;       /**< that were processed */
    uint64_t failed;      /**< of these, not ALICE_OK */
    uint64_t adjustments; /**< times the size changed */
    uint32_t smallest;    /**< size that was settled; 0 before the first */
    uint32_t largest;     /**< the same, the largest */
    uint32_t current;     /**< as alice_batch_size() */
    alice_level level;    /**< that the current size belongs to */
} alice_batch_stats;

/** alice_batch_get_stats() for a caller whose structure has `size` bytes: the members that it
 * knows are filled, what this library does not know is zero. */
ALICE_API void alice_batch_stats_into(const alice_batch *batch, alice_batch_stats *out,
                                      size_t size);

/** The numbers of now. */
static inline void alice_batch_get_stats(const alice_batch *batch, alice_batch_stats *out)
{
    alice_batch_stats_into(batch, out, sizeof *out);
}

#ifdef __cplusplus
}
#endif
#endif
