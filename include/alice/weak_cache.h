/* SPDX-License-Identifier: MIT */
#ifndef ALICE_WEAK_CACHE_H
#define ALICE_WEAK_CACHE_H

/**
 * @file weak_cache.h
 * Values that live while somebody holds them, and the latest N besides. For
 * large objects: the cache finds again what is in use anyway, and keeps next to
 * nothing alive by itself. A value that was let go is found gone, never dangling.
 *
 * Every function may be called from many threads at once, except open and close.
 */

#include <alice/budget.h>
#include <alice/env.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A cache that holds next to nothing alive. Opaque. */
typedef struct alice_weak_cache alice_weak_cache;

/**
 * Gives a value back after the last hold on it. Called once, not under a lock; it may use
 * the cache: what it makes go is given back when it has returned. It ends by returning,
 * never by longjmp() or an exception.
 */
typedef void (*alice_weak_destroy_fn)(void *ctx, void *value, size_t size);

/** How it is made. alice_weak_cache_defaults() fills it. */
typedef struct alice_weak_cache_options {
    size_t size;      /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;    /**< pays for the cache and, but for `values_uncharged`, for values */
    const char *name; /**< of its reclaimer; copied, cut at 23 bytes; NULL: "weak" */
    size_t recent;    /**< so many of the latest used are kept alive; 100; may be 0 */
    bool values_uncharged; /**< the size of values is not charged while they live: who makes
                                them pays for them elsewhere */
    alice_budget *budget;  /**< let the latest go when it asks; NULL: no */
    alice_weak_destroy_fn destroy; /**< NULL: values are not owned */
    void *destroy_ctx;             /**< handed to destroy() */
} alice_weak_cache_options;

/** alice_weak_cache_defaults() for a caller whose structure has `size` bytes. */
ALICE_API void alice_weak_cache_defaults_into(alice_weak_cache_options *out, size_t size);

/** The latest 100, charged. */
static inline alice_weak_cache_options alice_weak_cache_defaults(void)
{
    alice_weak_cache_options o;
    alice_weak_cache_defaults_into(&o, sizeof o);
    return o;
}

/** Bytes of a cache with these options before the first value; each value costs below 96 bytes
 * and its key. */
ALICE_API size_t alice_weak_cache_footprint(const alice_weak_cache_options *options);

/** Open. ALICE_E_NOMEM, ALICE_E_BUDGET. */
ALICE_API ALICE_MUST_USE alice_status
alice_weak_cache_open(alice_weak_cache **out, const alice_weak_cache_options *options);

/**
 * Close: the latest are let go. Values that are held live on until they are
 * released; what the env points to has to outlive them, and their account cannot be
 * closed before. NULL is accepted. ALICE_E_BUSY: destroy() asks for it; it stays open.
 */
ALICE_API alice_status alice_weak_cache_close(alice_weak_cache **cache);

/** A hold on a value: while it is there the value is. */
typedef struct alice_strong {
    void *p;      /**< NULL: nothing is held */
    size_t n;     /**< its bytes */
    void *entry_; /**< the cache's own */
} alice_strong;

/**
 * Put a value and hold it. The cache owns it from ALICE_OK on; on failure the
 * caller keeps it. What was under the key before is no longer found, and lives
 * on with who holds it. `out` NULL: not held, so it lives while it is among the
 * latest; else it is cleared on failure. ALICE_E_INVAL (`value` NULL), ALICE_E_NOMEM,
 * ALICE_E_BUDGET. ALICE_E_BUSY: destroy() asks, and another would have to go for it;
 * ALICE_E_CLOSED: it asks while the cache is being closed.
 */
ALICE_API ALICE_MUST_USE alice_status alice_weak_cache_set(alice_weak_cache *cache,
                                                           alice_bytes key, void *value,
                                                           size_t size, alice_strong *out);

/**
 * Find and hold: ALICE_OK, `out->p` is not NULL. Gone or never there: ALICE_E_NOENT and `*out`
 * is cleared. Never allocates.
 */
ALICE_API alice_status alice_weak_cache_get(alice_weak_cache *cache, alice_bytes key,
                                            alice_strong *out);

/** A second hold on the same value. */
ALICE_API alice_strong alice_strong_dup(const alice_strong *strong);

/** Let go and clear. A cleared one is accepted. */
ALICE_API void alice_strong_release(alice_strong *strong);

/** Behind `alice_strong name = {0};`'s name: let go where the scope ends. */
#define ALICE_STRONG_SCOPED __attribute__((cleanup(alice_strong_release)))
/** Behind an `alice_weak_cache *name = NULL;`'s name: close where the scope ends. */
#define ALICE_WEAK_CACHE_SCOPED __attribute__((cleanup(alice_weak_cache_close)))

/** Forget a key. Who holds its value keeps it. ALICE_OK or ALICE_E_NOENT. */
ALICE_API alice_status alice_weak_cache_remove(alice_weak_cache *cache, alice_bytes key);

/** Let the latest go: what nobody else holds is gone when the call ends. Answers how many were
 * let go. */
ALICE_API size_t alice_weak_cache_trim(alice_weak_cache *cache);

/** Numbers since open. */
typedef struct alice_weak_cache_stats {
    uint64_t hits;     /**< look-ups that found a value */
    uint64_t misses;   /**< look-ups that did not */
    double hit_rate;   /**< hits of all, 0 to 1; 0 before the first */
    size_t items;      /**< that can be found now */
    size_t recent;     /**< of them kept alive by the cache */
    size_t max_recent; /**< the most that are kept alive */
    uint64_t sets;     /**< values put */
    uint64_t gone;     /**< values destroyed so far */
    size_t size_bytes; /**< alice_weak_cache_bytes() */
    double size_mb;    /**< size_bytes in MB */
} alice_weak_cache_stats;

/** alice_weak_cache_get_stats() for a caller whose structure has `size` bytes: the members that
 * it knows are filled, what this library does not know is zero. */
ALICE_API void alice_weak_cache_stats_into(alice_weak_cache *cache, alice_weak_cache_stats *out,
                                           size_t size);

/** The numbers of now. Thread-safe. */
static inline void alice_weak_cache_get_stats(alice_weak_cache *cache,
                                              alice_weak_cache_stats *out)
{
    alice_weak_cache_stats_into(cache, out, sizeof *out);
}

/** Bytes held now, the values included where they are charged. */
ALICE_API size_t alice_weak_cache_bytes(alice_weak_cache *cache);

/** Prove that the structures agree. ALICE_E_DAMAGED and where, if not. Slow; for tests. */
ALICE_API alice_status alice_weak_cache_check(alice_weak_cache *cache, alice_error *error);

#ifdef __cplusplus
}
#endif
#endif
