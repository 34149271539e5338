/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CACHE_H
#define ALICE_CACHE_H

/**
 * @file cache.h
 * A cache with a bound in bytes that it keeps: keys, values, index and every
 * other overhead are inside the bound, at every moment. It evicts by itself,
 * forgets by time, gives memory back when its budget asks, and can be resized
 * while in use.
 *
 *     alice_cache_options o = alice_cache_defaults(NULL);
 *     o.max_bytes = 16 * ALICE_MB;
 *     alice_cache *c = NULL;
 *     alice_pin pin;
 *     if (alice_cache_open(&c, &o) != ALICE_OK)
 *         return 1;
 *     alice_cache_set(c, key, value, ALICE_TTL_DEFAULT);
 *     if (alice_cache_get(c, key, &pin) == ALICE_OK)
 *         use(pin.p, pin.n);
 *     alice_cache_unpin(&pin);
 *     alice_cache_close(&c);
 *
 * Every function may be called from many threads at once, except open and
 * close, and unless `single_thread` was set.
 *
 * No callback runs under a lock of the cache. Callbacks may use the cache:
 *  - What they evict is reported at once, down to the fourth callback within
 *    another; what that one evicts is reported when it has returned.
 *  - What they set is ALICE_E_BUSY when the fourth would need room, or when as many
 *    entries have gone for it as there were. So putting back what was evicted is
 *    refused in the end.
 *  - While the cache closes they may look, but what changes it is ALICE_E_CLOSED.
 *  - They end by returning. longjmp() and exceptions must not leave them: what was
 *    under way is lost, and the cache is ALICE_E_DAMAGED when it is closed.
 */

#include <alice/budget.h>
#include <alice/config.h>
#include <alice/env.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A bounded cache. Opaque. */
typedef struct alice_cache alice_cache;

/** Which entries go first when room is needed. */
typedef enum alice_cache_policy {
    ALICE_CACHE_DEFAULT =
        0,               /**< S3-FIFO, which measured best; see docs of the hit-ratio test */
    ALICE_CACHE_LRU = 1, /**< what was used longest ago */
    ALICE_CACHE_S3FIFO =
        2 /**< first in, first out in two queues: one pass over many keys cannot flush it */
} alice_cache_policy;

/** Why an entry left. */
typedef enum alice_cache_reason {
    ALICE_CACHE_EVICTED = 0,  /**< room was needed, by the cache or by its budget */
    ALICE_CACHE_EXPIRED = 1,  /**< its time was over */
    ALICE_CACHE_REPLACED = 2, /**< its key was set again */
    ALICE_CACHE_REMOVED = 3,  /**< alice_cache_remove() */
    ALICE_CACHE_CLEARED = 4   /**< alice_cache_clear() or alice_cache_close() */
} alice_cache_reason;

/** "evicted", "expired", "replaced", "removed", "cleared". Static text. */
ALICE_API const char *alice_cache_reason_name(alice_cache_reason reason);

/**
 * Told once of each entry that leaves, when nobody pins it any more and before
 * its memory goes: `key` and `value` are valid during the call. Not under a
 * lock; in a thread whose call made an entry leave.
 */
typedef void (*alice_cache_evict_fn)(void *ctx, alice_bytes key, alice_bytes value,
                                     alice_cache_reason reason);

/** Gives back what alice_cache_set_ref() was handed. Called once; not under a lock. */
typedef void (*alice_cache_destroy_fn)(void *ctx, void *value, size_t size);

/** A time to live: the cache's own, or none. Other values are milliseconds. */
#define ALICE_TTL_DEFAULT ((uint32_t)0)
#define ALICE_TTL_NEVER UINT32_MAX /**< it never expires */

/** How a cache is made. alice_cache_defaults() fills it; a 0 is the default of its field. */
typedef struct alice_cache_options {
    size_t size;               /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;             /**< pays for all of it */
    const char *name;          /**< of its reclaimers; copied, cut at 23 bytes; NULL: "cache" */
    size_t max_bytes;          /**< the bound; at least ALICE_CACHE_MIN_BYTES */
    uint32_t ttl_ms;           /**< entries expire so long after they were set; 0: never */
    uint32_t refresh_ms;       /**< alice_cache_get_or_load() loads what was set so long ago
                                    anew, in the first thread that asks for it; others get the old
                                    meanwhile, and when that fails. By the cache's time to live:
                                    an entry with its own is due when as much of it is left. 0, or
                                    not below ttl_ms: never */
    bool ttl_after_access;     /**< a hit starts the time to live again */
    alice_cache_policy policy; /**< who goes first */
    /**
     * Parts with a lock each, a power of two up to 64; each has its share of
     * the bound, and no entry can be larger than a share. 0: one for each 8 MB
     * of the bound, at most 16, and no more than leave room for `largest_value`.
     */
    unsigned shards;
    size_t max_items; /**< a second bound, by the number of entries, divided like the first: a
                           part that is full lets one go though others are not; 0: none */
    size_t largest_value; /**< a value of so many bytes has to fit; up to half the bound; 0:
                             what alice_cache_largest() answers will do */
    bool single_thread;   /**< one thread uses it: no locks, one shard */
    alice_budget *budget; /**< give expired and cold entries back when it asks; NULL: no */
    uint64_t seed; /**< of the hash; 0: random, so that nobody can prepare colliding keys */
    alice_cache_evict_fn on_evict; /**< NULL: nobody is told */
    void *on_evict_ctx;            /**< handed to on_evict() */
} alice_cache_options;

/** The smallest bound. */
#define ALICE_CACHE_MIN_BYTES ((size_t)8192)

/** alice_cache_defaults() for a caller whose structure has `size` bytes. */
ALICE_API void alice_cache_defaults_into(alice_cache_options *out, size_t size,
                                         const alice_config *config);

/** The size and the time to live of `config`, resolved; NULL: the settings' defaults, 256 MB
 * and 300 s. */
static inline alice_cache_options alice_cache_defaults(const alice_config *config)
{
    alice_cache_options o;
    alice_cache_defaults_into(&o, sizeof o, config);
    return o;
}

/**
 * The most that a cache with these options ever holds: its bound and, beside
 * it, its handle (below 2.5 KB a shard). SIZE_MAX where the options are invalid.
 */
ALICE_API size_t alice_cache_footprint(const alice_cache_options *options);

/**
 * Open a cache. It starts with its handle alone and takes memory as it fills.
 * ALICE_E_INVAL: options out of range; ALICE_E_NOMEM, ALICE_E_BUDGET.
 */
ALICE_API ALICE_MUST_USE alice_status alice_cache_open(alice_cache **out,
                                                       const alice_cache_options *options);

/**
 * Close: entries leave as cleared. Nobody else may use the cache any more. NULL is
 * accepted. ALICE_E_BUSY: a value is pinned, a load is under way, or a callback of the
 * cache asks for it; the cache stays open, as it was. ALICE_E_DAMAGED: a callback
 * was left by longjmp() or an exception; it is closed, and what that lost is lost.
 * A cache is closed before its account and its budget.
 */
ALICE_API alice_status alice_cache_close(alice_cache **cache);

/**
 * Store a copy of `value` under a copy of `key`, in place of what was there.
 * `ttl_ms`: its time to live, ALICE_TTL_DEFAULT or ALICE_TTL_NEVER.
 * On failure what was stored under the key before is gone as well (a cache must
 * not answer with what is out of date), and the failure counts as a rejection.
 *
 * ALICE_E_TOOBIG: it would not fit into an empty cache (a shard of it).
 * ALICE_E_BUDGET: the account refused, though the cache had evicted all it could.
 * ALICE_E_BUSY: what fills the cache is pinned, or about to be freed.
 * ALICE_E_CLOSED: a callback asks while the cache is being closed.
 * ALICE_E_NOMEM.
 */
ALICE_API alice_status alice_cache_set(alice_cache *cache, alice_bytes key, alice_bytes value,
                                       uint32_t ttl_ms);

/** The same, unless something (alive) is stored under the key: then ALICE_E_EXISTS, and it
 * stays. */
ALICE_API alice_status alice_cache_add(alice_cache *cache, alice_bytes key, alice_bytes value,
                                       uint32_t ttl_ms);

/** The largest value that an empty cache takes for sure, under a key of up to 256 bytes. */
ALICE_API size_t alice_cache_largest(alice_cache *cache);

/**
 * Store a pointer. From ALICE_OK on the cache owns `value` and hands it to
 * `destroy` (may be NULL) when it leaves; on failure the caller keeps it.
 * `size` counts towards the bound. It is charged to the cache's account too,
 * so memory that was charged there already has to be released there.
 * Fails like alice_cache_set(). ALICE_E_INVAL: `value` is NULL, too.
 */
ALICE_API ALICE_MUST_USE alice_status alice_cache_set_ref(alice_cache *cache, alice_bytes key,
                                                          void *value, size_t size,
                                                          alice_cache_destroy_fn destroy,
                                                          void *destroy_ctx, uint32_t ttl_ms);

/** A value in use. While it is pinned it neither moves nor goes. */
typedef struct alice_pin {
    const void *p; /**< NULL: nothing is pinned. Copied values are aligned to 8 bytes */
    size_t n;      /**< its bytes */
    void *shard_;  /**< the cache's own */
    void *entry_;  /**< the cache's own */
} alice_pin;

/**
 * Look up and pin. ALICE_OK: `out->p` is not NULL, not even for a value of no bytes, and
 * stays until alice_cache_unpin(), even when its key is set again or removed. Else `*out`
 * is cleared. ALICE_E_NOENT: a miss. ALICE_E_BUSY: it is pinned 32,000 times already.
 * ALICE_E_CLOSED: a callback asks while the cache is being closed. Never allocates.
 */
ALICE_API alice_status alice_cache_get(alice_cache *cache, alice_bytes key, alice_pin *out);

/** Let go of a pin, in any thread, and clear it. A cleared pin and NULL are accepted. */
ALICE_API void alice_cache_unpin(alice_pin *pin);

/** Behind `alice_pin name = {0};`'s name: released where the scope ends. */
#define ALICE_PIN_SCOPED __attribute__((cleanup(alice_cache_unpin)))
/** Behind an `alice_cache *name = NULL;`'s name: close where the scope ends. Declared before
 * its pins, which are released first. */
#define ALICE_CACHE_SCOPED __attribute__((cleanup(alice_cache_close)))

/**
 * Look up and copy the value to `buf`: for small values cheaper than a pin.
 * `*n` is its size. ALICE_E_NOENT: a miss, `*n` is 0. ALICE_E_TOOBIG: `size` is too
 * little, `*n` says how much is needed, nothing was copied. Never allocates.
 */
ALICE_API alice_status alice_cache_get_copy(alice_cache *cache, alice_bytes key, void *buf,
                                            size_t size, size_t *n);

/** One of many to look up. */
typedef struct alice_cache_lookup {
    alice_bytes key;     /**< in */
    void *buf;           /**< in: where the value is copied to */
    size_t size;         /**< in: room there */
    size_t n;            /**< out: as of alice_cache_get_copy() */
    alice_status status; /**< out: as of alice_cache_get_copy() */
} alice_cache_lookup;

/**
 * Look up many as by alice_cache_get_copy(), several times as fast where the cache is larger
 * than the processor's: what one waits for comes from memory while the next are asked for.
 * Answers how many were copied. ALICE_E_INVAL for all where a key or buffer is invalid.
 */
ALICE_API size_t alice_cache_get_many(alice_cache *cache, alice_cache_lookup *lookups,
                                      size_t count);

/** Whether the key is stored and alive. Neither counts nor touches. */
ALICE_API bool alice_cache_has(alice_cache *cache, alice_bytes key);

/**
 * How long the key lives yet, in ms, to within a tick of 4 ms: ALICE_TTL_NEVER where it has no
 * end. Neither counts nor touches. ALICE_E_NOENT: it is not there, `*ms` is 0.
 */
ALICE_API alice_status alice_cache_ttl(alice_cache *cache, alice_bytes key, uint32_t *ms);

/** Called with an entry, which is pinned meanwhile. False: stop. */
typedef bool (*alice_cache_each_fn)(void *ctx, alice_bytes key, alice_bytes value);

/**
 * Go through all entries, in no order. An entry that is there throughout is passed once; one
 * that comes or goes meanwhile may be. Not under a lock: `fn` may use the cache. Neither counts
 * nor touches. Answers how many were passed.
 */
ALICE_API size_t alice_cache_each(alice_cache *cache, alice_cache_each_fn fn, void *ctx);

/** Whether an entry, which is pinned meanwhile, is to go. */
typedef bool (*alice_cache_match_fn)(void *ctx, alice_bytes key, alice_bytes value);

/** Remove what `fn` says, of all entries; as by alice_cache_each(). Answers how many went. */
ALICE_API size_t alice_cache_remove_if(alice_cache *cache, alice_cache_match_fn fn, void *ctx);

/** Remove every key that begins so. Reads all keys. Answers how many went. */
ALICE_API size_t alice_cache_remove_prefix(alice_cache *cache, alice_bytes prefix);

/** Remove. ALICE_OK, or ALICE_E_NOENT where nothing (alive) was stored. */
ALICE_API alice_status alice_cache_remove(alice_cache *cache, alice_bytes key);

/** Remove everything and give the memory back. Pinned values go when they are let go. */
ALICE_API void alice_cache_clear(alice_cache *cache);

/**
 * Change the bound. When it is lowered, entries are evicted before the call
 * ends. ALICE_E_INVAL: below ALICE_CACHE_MIN_BYTES a shard. ALICE_E_BUSY: the
 * bound is set, but pinned values keep the cache above it until they are let go.
 */
ALICE_API alice_status alice_cache_resize(alice_cache *cache, size_t max_bytes);

/** A load under way, in the hands of a loader. */
typedef struct alice_load alice_load;

/**
 * Makes the value of `key`: takes room with alice_load_take() and fills it, or
 * hands over a pointer with alice_load_ref(). Any status but ALICE_OK is handed
 * to everybody who waits. Runs in one of the calling threads, not under a lock;
 * may use the cache, other keys included.
 */
typedef alice_status (*alice_load_fn)(void *ctx, alice_bytes key, alice_load *load);

/**
 * Take `size` bytes for the value, inside the bound and charged from now on;
 * aligned to 8 bytes, not cleared. Again with another size: grows or shrinks,
 * keeps the content, may move. Fails like alice_cache_set(), and the room taken
 * before stays.
 */
ALICE_API ALICE_MUST_USE alice_status alice_load_take(alice_load *load, size_t size, void **p);

/**
 * Hand over a pointer, which is the cache's from here on: `destroy` is called when the
 * load fails, too. Room that was taken is given back. ALICE_E_INVAL: the second time, or
 * `value` is NULL.
 */
ALICE_API ALICE_MUST_USE alice_status alice_load_ref(alice_load *load, void *value, size_t size,
                                                     alice_cache_destroy_fn destroy,
                                                     void *destroy_ctx);

/** Set the time to live of what is loaded, as in alice_cache_set(): milliseconds, or one of the
 * two. */
ALICE_API void alice_load_ttl(alice_load *load, uint32_t ttl_ms);

/**
 * Look up and pin; on a miss load, store and pin. Threads that ask for the same
 * key meanwhile wait and get the same pin or the same failure: one load. A load
 * that ends well without a value is ALICE_E_NOENT, and nothing is stored. But for
 * ALICE_OK `*out` is cleared. ALICE_E_DEADLOCK: a loader asks for what waits for it: the
 * key that it loads itself, or one whose loader, in whatever cache, waits for it.
 * ALICE_E_NOMEM, ALICE_E_BUDGET, the loader's status, or see alice_cache_set().
 * A set() or remove() of the key during the load wins: the load is handed to
 * who waited for it, and not stored.
 */
ALICE_API alice_status alice_cache_get_or_load(alice_cache *cache, alice_bytes key,
                                               alice_load_fn load, void *ctx, alice_pin *out);

/**
 * Free what has expired, looking at no more than about `work` entries (0: all
 * that is due). Every set does a little of this by itself, so calling it is only
 * of use where nothing is set for long. Answers how many were freed.
 */
ALICE_API size_t alice_cache_expire(alice_cache *cache, size_t work);

/** Numbers since open, under the guide's names, and some more. */
typedef struct alice_cache_stats {
    uint64_t hits;         /**< look-ups that found a value */
    uint64_t misses;       /**< look-ups that did not */
    double hit_rate;       /**< hits of all, 0 to 1; 0 before the first */
    double size_mb;        /**< size_bytes in MB */
    double max_size_mb;    /**< max_size_bytes in MB */
    size_t size_bytes;     /**< held inside the bound, overhead included */
    size_t max_size_bytes; /**< the bound */
    size_t peak_bytes;     /**< the most that was held in the shards' peaks together */
    double peak_mb;        /**< peak_bytes in MB */
    size_t items;          /**< entries now */
    uint64_t sets;         /**< values stored */
    uint64_t evictions;    /**< left because room was needed */
    uint64_t expirations;  /**< left because their time was over */
    uint64_t rejections;   /**< not stored: too big, over budget, or no room */
    uint64_t loads;        /**< loaders run */
    uint64_t load_waits;   /**< calls that waited for another's load */
    uint64_t refreshes;    /**< of the loads: what was there anew */
    size_t pinned;         /**< pins now */
} alice_cache_stats;

/** alice_cache_get_stats() for a caller whose structure has `size` bytes: the members that it
 * knows are filled, what this library does not know is zero. */
ALICE_API void alice_cache_stats_into(alice_cache *cache, alice_cache_stats *out, size_t size);

/** Numbers since open, a snapshot shard by shard; all 0 where `cache` is NULL. */
static inline void alice_cache_get_stats(alice_cache *cache, alice_cache_stats *out)
{
    alice_cache_stats_into(cache, out, sizeof *out);
}

/** Add the numbers of another cache to `*sum`, for a line that stands for several. */
ALICE_API void alice_cache_stats_add(alice_cache_stats *sum, const alice_cache_stats *more);

/** Bytes held now, the handle included: what its account is charged. */
ALICE_API size_t alice_cache_bytes(alice_cache *cache);

/** Prove that the structures agree. ALICE_E_DAMAGED and where, if not. Slow; for tests. */
ALICE_API alice_status alice_cache_check(alice_cache *cache, alice_error *error);

#ifdef __cplusplus
}
#endif
#endif
