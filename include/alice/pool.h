/* SPDX-License-Identifier: MIT */
#ifndef ALICE_POOL_H
#define ALICE_POOL_H

/**
 * @file pool.h
 * Objects that are expensive to make, kept for reuse: connections, analyzers,
 * executors.
 *
 *     acquire ──▶ an idle object, validated ──▶ lease ──▶ release ──▶ reset ──▶ idle
 *            └──▶ else a new one (factory)           └──▶ discard ──▶ destroyed
 *            └──▶ else, at max_total, wait
 *
 * factory, reset, validate and destroy run outside the pool's lock, in the
 * thread that acquires, releases, maintains or reclaims; they may use the pool,
 * but destroy must not acquire from it: trimming would never come to an end.
 * Idle objects are handed out latest first, so that what is not needed ages.
 * The pool has no thread of its own: alice_pool_maintain() is the housekeeping.
 *
 *     alice_lease lease ALICE_LEASE_SCOPED = {0};
 *     st = alice_pool_acquire(pool, ALICE_POOL_FOREVER, &lease);
 *     if (st == ALICE_OK)
 *         query(lease.object);
 *     // given back where the scope ends
 */

#include <alice/budget.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Objects kept for reuse. Opaque. */
typedef struct alice_pool alice_pool;

/** What alice_pool_options.max_size is when it is 0. */
#define ALICE_POOL_MAX_SIZE 10

/** A timeout that never ends. */
#define ALICE_POOL_FOREVER UINT64_MAX

/** A pool's settings. Zeroed but for `factory` is a complete one. Copied by alice_pool_open().
 */
typedef struct alice_pool_options {
    size_t size; /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env
        env; /**< pays for the pool itself, and for objects where `charge_objects` says so */
    alice_budget
        *budget; /**< idle objects are its to reclaim (ALICE_RECLAIM_IDLE); NULL: nobody's */
    const char *name; /**< for logs and the ledger, copied, cut at 31 bytes; NULL: "pool" */

    /** Make an object. What it fails with, acquire fails with. Required. */
    alice_status (*factory)(void *ctx, void **object);
    /** Make it like new, at release. A failure destroys the object. NULL: nothing to do. */
    alice_status (*reset)(void *ctx, void *object);
    /** Whether an idle object still works, before it is handed out; false destroys it. NULL: it
     * does. */
    bool (*validate)(void *ctx, void *object);
    /** End an object. NULL: nothing to do. */
    void (*destroy)(void *ctx, void *object);
    void *ctx; /**< handed to all four */

    size_t max_size;  /**< idle objects at most; 0: ALICE_POOL_MAX_SIZE */
    size_t max_total; /**< objects at most, idle and in use; then acquire waits. 0: no bound */
    size_t min_idle;  /**< made at open and kept by maintain(); at most max_size */

    size_t
        object_bytes; /**< what one object weighs, for reclaim and statistics; 0: not known */
    bool charge_objects; /**< charge object_bytes to env's account while an object exists;
                            false: the factory charges what it takes itself */

    uint64_t idle_timeout_ms; /**< idle longer: destroyed, down to min_idle; 0: never */
    uint64_t max_lifetime_ms; /**< older: destroyed instead of handed out or kept; 0: never */
    uint32_t lifetime_jitter; /**< percent (0 to 100) of max_lifetime_ms that is shortened by
                                   chance, so that objects made together do not end together */
    uint64_t
        leak_after_ms; /**< held longer: told to env's log with the acquiring site; 0: never */
    uint64_t seed;     /**< of that chance */
} alice_pool_options;

/**
 * A loan of an object. Zeroed is none. It may be copied: what was given back by one copy is not
 * given back again by another, as long as the pool is open.
 */
typedef struct alice_lease {
    void *object;     /**< NULL: none */
    alice_pool *pool; /**< that it goes back to */
    void *slot;       /**< the pool's */
    uint64_t loan;    /**< the pool's: which loan of that slot */
} alice_lease;

/**
 * Open a pool and make `min_idle` objects. ALICE_E_INVAL: no factory, min_idle
 * above max_size or max_total, jitter above 100; ALICE_E_BUDGET, ALICE_E_NOMEM; what
 * factory fails with.
 */
ALICE_API alice_status alice_pool_open(alice_pool **out, const alice_pool_options *options);

/**
 * Close: idle objects are destroyed. ALICE_E_BUSY: objects are out, each of which is
 * told to the log with its acquiring site, or somebody waits for one; the pool stays
 * open, as it was.
 */
ALICE_API alice_status alice_pool_close(alice_pool **pool);

/**
 * Borrow an object: the latest idle one, or a new one, or, when max_total are
 * out, the first that comes back within `timeout_ms` (0: do not wait;
 * ALICE_POOL_FOREVER). `lease` must hold none (ALICE_E_INVAL). Waiting goes by
 * the system's monotonic clock whatever env's clock is; waiters are served in
 * the order in which they came. Thread-safe. ALICE_E_TIMEOUT: none came back, or the
 * factory took longer than was left of a timeout that is not 0: what it made is kept for the
 * next. ALICE_E_BUDGET, ALICE_E_NOMEM; what factory fails with. `site` names the borrower in
 * leak reports; may be NULL.
 */
ALICE_API alice_status alice_pool_acquire_at(alice_pool *pool, uint64_t timeout_ms,
                                             const alice_site *site, alice_lease *lease);

/** alice_pool_acquire_at() from here. */
#define alice_pool_acquire(pool, timeout_ms, lease) \
    alice_pool_acquire_at((pool), (timeout_ms), ALICE_HERE, (lease))

/**
 * Give the object back and clear the lease. It is reset and kept, or destroyed
 * when that fails, when max_size are idle or when it is too old. A lease that
 * holds none and NULL are accepted. Thread-safe; any thread may give back.
 */
ALICE_API void alice_pool_release(alice_lease *lease);

/** Give back an object that is not to be used again: it is destroyed. Else as
 * alice_pool_release(). */
ALICE_API void alice_pool_discard(alice_lease *lease);

/** Behind `alice_lease name = {0};`'s name: give back where the scope ends. */
#define ALICE_LEASE_SCOPED __attribute__((cleanup(alice_pool_release)))

/**
 * Housekeeping, to be called now and then: destroys what has been idle or has
 * lived too long, refills to min_idle, tells leaks. ALICE_OK, or what kept
 * min_idle from being reached. Thread-safe.
 */
ALICE_API alice_status alice_pool_maintain(alice_pool *pool);

/** Destroy idle objects, the longest idle first, until `keep` are left. Answers how many.
 * Thread-safe. */
ALICE_API size_t alice_pool_trim(alice_pool *pool, size_t keep);

/**
 * End every object there is: the idle ones now, those that are out when they come back. For
 * when all of them have become useless, as after a change of password. Answers how many
 * were idle. Thread-safe.
 */
ALICE_API size_t alice_pool_evict_all(alice_pool *pool);

/**
 * Other bounds from now on; see alice_pool_options. Idle objects above them are destroyed,
 * the longest idle first; those that are out stay out, and are destroyed when they come
 * back, until there are no more than max_total. Whoever waits and may go on does.
 * ALICE_E_INVAL: below min_idle; nothing changed. Thread-safe.
 */
ALICE_API alice_status alice_pool_resize(alice_pool *pool, size_t max_size, size_t max_total);

/** One object that is out. */
typedef struct alice_pool_holder {
    const alice_site *site; /**< who acquired it; NULL: not said */
    const void *object;     /**< the object that is out */
    uint64_t held_ms;       /**< 0 unless leak_after_ms is set: the clock is read only then */
} alice_pool_holder;

/** Who holds objects, longest first: up to `cap` rows, `*count` is how many there are.
 * Thread-safe. */
ALICE_API alice_status alice_pool_holders(const alice_pool *pool, alice_pool_holder *rows,
                                          size_t cap, size_t *count);

/** Statistics, since open. created + reused is the number of acquires that succeeded. */
typedef struct alice_pool_stats {
    size_t pool_size;        /**< idle now */
    size_t in_use;           /**< out now */
    size_t peak_in_use;      /**< most that ever were out */
    size_t bytes;            /**< of the pool and its objects, as far as object_bytes says */
    double mb;               /**< bytes in MB */
    uint64_t created;        /**< acquires that were served by a new object */
    uint64_t reused;         /**< acquires that were served by an idle one */
    double reuse_rate;       /**< reused / (created + reused), 0 before the first */
    uint64_t made;           /**< objects made in all, those for min_idle included */
    uint64_t destroyed;      /**< objects destroyed, for whatever reason; of these: */
    uint64_t reset_failures; /**< reset failed */
    uint64_t invalid;        /**< validate said no */
    uint64_t expired;        /**< idle or alive too long */
    uint64_t reclaimed;      /**< given back to the budget */
    uint64_t waits;          /**< acquires that had to wait */
    uint64_t timeouts;       /**< waits that ended with ALICE_E_TIMEOUT */
    uint64_t leaks;          /**< objects told to be held too long */
} alice_pool_stats;

/** alice_pool_get_stats() for a caller whose structure has `size` bytes: the members that it
 * knows are filled, what this library does not know is zero. */
ALICE_API void alice_pool_stats_into(const alice_pool *pool, alice_pool_stats *out,
                                     size_t size);

/** The numbers of now. Thread-safe. */
static inline void alice_pool_get_stats(const alice_pool *pool, alice_pool_stats *out)
{
    alice_pool_stats_into(pool, out, sizeof *out);
}

/** Prove that lists and counts agree; ALICE_E_DAMAGED, and how, if not. Thread-safe. */
ALICE_API alice_status alice_pool_check(const alice_pool *pool, alice_error *error);

#ifdef __cplusplus
}
#endif
#endif
