/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CONFIG_H
#define ALICE_CONFIG_H

/**
 * @file config.h
 * The memory settings: one plain structure, its defaults, its profiles, its
 * check, and access to each field by name.
 */

#include <alice/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The settings. A field whose bit in `set` is 0 follows the limit (see
 * alice_config_resolve()): write a field directly, and set its bit, or use
 * alice_config_set().
 */
typedef struct alice_config {
    uint32_t max_memory_mb;       /**< ceiling of the process; 1024 */
    double warning_threshold;     /**< share of the limit that counts as pressure; 0.8 */
    uint32_t cache_size_mb;       /**< all caches together; 256, a quarter of the limit */
    uint32_t cache_ttl_seconds;   /**< 300; 0: never expires */
    uint32_t chunk_size_kb;       /**< of one read; 1024 */
    bool use_mmap;                /**< true */
    uint32_t gc_threshold_mb;     /**< collect above; 512, half of the limit */
    uint32_t gc_interval_seconds; /**< collect at least so often; 60 */
    bool adaptive_batch_size;     /**< true */
    uint32_t min_batch_size;      /**< 10 */
    uint32_t max_batch_size;      /**< 1000 */
    uint32_t workers;    /**< probing threads; 8; at use never more than twice the cores
                              (see alice_config_workers()) */
    uint32_t batch_size; /**< base of a batch; 100; 0: by the files' sizes */
    uint32_t set;        /**< bit i: field i was set; bit 16 + i: by a profile (see
                              alice_config_field()) */
} alice_config;

/** The defaults. */
ALICE_API alice_config alice_config_default(void);

/** `default`, `memory_constrained`, `large_collection` or `fast`; else ALICE_E_NOENT. */
ALICE_API alice_status alice_config_profile(const char *name, alice_config *out);

/** Names of the profiles, in order; NULL after the last. Static text. */
ALICE_API const char *alice_config_profile_name(size_t index);

/**
 * The ladder by memory: below 4 GB of RAM 256 MB, below 8 GB 512 MB, else
 * 1024 MB; RAM is the smaller of the machine's and the cgroup's, and the
 * answer never more than half of it.
 */
ALICE_API alice_status alice_config_for_system(alice_config *out);

/** The same for a RAM that is given, in bytes. */
ALICE_API alice_config alice_config_for_ram(uint64_t ram_bytes);

/**
 * Let every field that was not set follow the limit that was, so that
 * `max_memory_mb` alone, down to 16, is a whole configuration: the cache a
 * quarter, the collection threshold a half, the chunk at most 1/64, a worker
 * for each 16 MB at most. What a profile set is kept up to the same bounds;
 * what was set otherwise is kept.
 */
ALICE_API void alice_config_resolve(alice_config *config);

/** Check every field and how they fit together; `error` names field, value and range. */
ALICE_API alice_status alice_config_check(const alice_config *config, alice_error *error);

/** What kind of value a field has. */
typedef enum alice_config_type {
    ALICE_CONFIG_UINT,
    ALICE_CONFIG_BOOL,
    ALICE_CONFIG_RATIO
} alice_config_type;

/** What a field is: for tables, help and completion. */
typedef struct alice_config_field_info {
    const char *name;       /**< such as "cache_size_mb"; its key is "memory.cache_size_mb" */
    const char *key;        /**< the full key: "memory.…" or "performance.…" */
    alice_config_type type; /**< of its value */
    double min;             /**< the least */
    double max;             /**< the most */
    const char *unit;       /**< "MB", "KB", "s", "" */
    const char *text;       /**< one line of description */
} alice_config_field_info;

/** Field `index`, or NULL past the last. */
ALICE_API const alice_config_field_info *alice_config_field(size_t index);

/**
 * Set a field from text. `key` is the name or the full key; sizes take units
 * (K, M, G), booleans true/false/yes/no/on/off/1/0. ALICE_E_NOENT: no such
 * key, `error` names the nearest; ALICE_E_INVAL: not a value of that field.
 */
ALICE_API alice_status alice_config_set(alice_config *config, const char *key,
                                        const char *value, alice_error *error);

/** Write a field's value as text. ALICE_E_NOENT, ALICE_E_TOOBIG. */
ALICE_API alice_status alice_config_get(const alice_config *config, const char *key, char *buf,
                                        size_t size);

/** Bytes for each cache: shares of the limit, scaled down together where they exceed the cache
 * size. */
typedef struct alice_cache_shares {
    size_t metadata;  /**< 15 % of the limit (10 to 20) */
    size_t hash;      /**< 7.5 % (5 to 10) */
    size_t result;    /**< 25 % (20 to 30) */
    size_t directory; /**< 2.5 % */
} alice_cache_shares;

/** How a resolved configuration divides its caches' memory. */
ALICE_API alice_cache_shares alice_config_shares(const alice_config *config);

/**
 * The baseline batch for files of a mean size: below 1 MB 500, to 10 MB 100,
 * above it 20, within the config's own least and greatest.
 */
ALICE_API uint32_t alice_config_baseline_batch(const alice_config *config,
                                               uint64_t mean_file_bytes);

/** The workers to use: the config's, at least 1, at most twice the cores that this process may
 * use. */
ALICE_API uint32_t alice_config_workers(const alice_config *config);

/** Read a size: a number of MB, or with K, M, G, T ("24", "24M", "1.5G"). ALICE_E_INVAL. */
ALICE_API alice_status alice_parse_size(const char *text, uint64_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
