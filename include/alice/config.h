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

/** What a profile is called by: see alice_config_use_profile(). */
typedef enum alice_config_profile {
    ALICE_CONFIG_PROFILE_DEFAULT = 0,
    ALICE_CONFIG_PROFILE_FAST = 1,
    ALICE_CONFIG_PROFILE_MEMORY_CONSTRAINED = 2,
    ALICE_CONFIG_PROFILE_LARGE_COLLECTION = 3
} alice_config_profile;

/** Where a value came from; see alice_config.origin. */
typedef enum alice_origin {
    ALICE_ORIGIN_UNKNOWN = 0, /**< not resolved yet */
    ALICE_ORIGIN_DEFAULT = 1, /**< nobody set it */
    ALICE_ORIGIN_LIMIT = 2,   /**< it follows max_memory_mb */
    ALICE_ORIGIN_PROFILE = 3, /**< the profile said so */
    ALICE_ORIGIN_SET = 4      /**< assigned, or alice_config_set() */
} alice_origin;

/** The value 0 of a setting in which 0 means something: no end for cache_ttl_seconds, by the
 * files' sizes for batch_size. (In the structure a 0 is "not set".) */
#define ALICE_CONFIG_NONE UINT32_MAX

/** Room in alice_config.origin; there are fewer settings. */
#define ALICE_CONFIG_FIELDS 32

/**
 * The settings. A field that is 0 is not set, and a zeroed structure is a complete
 * one: whoever is handed it resolves it (see alice_config_resolve()). What is
 * assigned is kept.
 *
 *     alice_config config = {.max_memory_mb = 512, .cache_size_mb = 64};
 */
typedef struct alice_config {
    alice_config_profile profile; /**< gives what is not set, as far as the limit allows */
    uint32_t max_memory_mb;       /**< ceiling of the process; 1024 */
    double warning_threshold;     /**< share of the limit that counts as pressure; 0.8 */
    uint32_t cache_size_mb;       /**< all caches together; 256, a quarter of the limit */
    uint32_t cache_ttl_seconds;   /**< 300; ALICE_CONFIG_NONE: never expires */
    uint32_t chunk_size_kb;       /**< of one read; 1024 */
    bool no_mmap;                 /**< the setting `use_mmap` is false */
    uint32_t gc_threshold_mb;     /**< collect above; 512, half of the limit */
    uint32_t gc_interval_seconds; /**< collect at least so often; 60 */
    bool fixed_batch_size;        /**< the setting `adaptive_batch_size` is false */
    uint32_t min_batch_size;      /**< 10 */
    uint32_t max_batch_size;      /**< 1000 */
    uint32_t workers;    /**< probing threads; 8; at use never more than twice the cores
                              (see alice_config_workers()) */
    uint32_t batch_size; /**< base of a batch; 100; ALICE_CONFIG_NONE: by the files' sizes */
    uint8_t origin[ALICE_CONFIG_FIELDS]; /**< ::alice_origin of each value, by the index of
                                              alice_config_field(); written by the library */
    uint32_t reserved[8]; /**< zero: it stands inside of others, whose size stays */
} alice_config;

/** Put `default`, `memory_constrained`, `large_collection` or `fast` below what is set; else
 * ALICE_E_NOENT. */
ALICE_API alice_status alice_config_use_profile(alice_config *config, const char *name);

/** Names of the profiles, in order of ::alice_config_profile; NULL after the last. Static text.
 */
ALICE_API const char *alice_config_profile_name(size_t index);

/**
 * The ladder by memory, as a structure in which only max_memory_mb is set: below
 * 4 GB of RAM 256 MB, below 8 GB 512 MB, else 1024 MB; RAM is the smaller of the
 * machine's and the cgroup's, and the answer is never more than half of it.
 * ALICE_E_SYSTEM: the system does not say.
 */
ALICE_API alice_status alice_config_for_system(alice_config *out);

/** The same for a RAM that is given, in bytes. */
ALICE_API void alice_config_for_ram(uint64_t ram_bytes, alice_config *out);

/**
 * Give every field that is not set its value, so that `max_memory_mb` alone, down
 * to 16, is a whole configuration: the profile's, as far as the limit allows; or
 * what follows from the limit, the cache a quarter, the collection threshold a
 * half, the chunk at most 1/64, a worker for each 16 MB at most; or the default.
 * What is set is never changed. Doing it twice changes nothing.
 */
ALICE_API void alice_config_resolve(alice_config *config);

/** Check every field, those that are not set by what they will be, and how they fit together;
 * ALICE_E_INVAL, and `error` names field, value and range. */
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
    double def;             /**< the default: a number, a ratio, 0 or 1 */
    const char *unit;       /**< "MB", "KB", "s", "" */
    const char *follows;    /**< how it follows from the limit; NULL: it does not */
    const char *text;       /**< one line of description */
} alice_config_field_info;

/** Field `index`, or NULL past the last. Static. */
ALICE_API const alice_config_field_info *alice_config_field(size_t index);

/**
 * Set a field from text. `key` is the name or the full key; sizes take units
 * (K, M, G), booleans true/false/yes/no/on/off/1/0. ALICE_E_NOENT: no such
 * key, `error` names the nearest; ALICE_E_INVAL: not a value of that field.
 */
ALICE_API alice_status alice_config_set(alice_config *config, const char *key,
                                        const char *value, alice_error *error);

/** Write a field's value as text, "0" where it is not set yet. ALICE_E_NOENT: no such
 * key; ALICE_E_TOOBIG: `size` is too little for it. */
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

/** How a configuration divides its caches' memory. `config` NULL: the default one. */
ALICE_API void alice_config_shares(const alice_config *config, alice_cache_shares *out);

/**
 * The baseline batch for files of a mean size: below 1 MB 500, to 10 MB 100,
 * above it 20, within the config's own least and greatest.
 */
ALICE_API uint32_t alice_config_baseline_batch(const alice_config *config,
                                               uint64_t mean_file_bytes);

/** The base of a batch, items: batch_size, or the default where it goes by the files' sizes. */
ALICE_API uint32_t alice_config_base_batch(const alice_config *config);

/** Whether batch_size was set, by neither a profile nor nobody, and not to "by the files'
 * sizes". */
ALICE_API bool alice_config_batch_chosen(const alice_config *config);

/** The workers to use: the config's, at least 1, at most twice the cores that this process may
 * use. */
ALICE_API uint32_t alice_config_workers(const alice_config *config);

/** Read a size: a number of MB, or with K, M, G, T ("24", "24M", "1.5G"). ALICE_E_INVAL:
 * it is none. */
ALICE_API alice_status alice_parse_size(const char *text, uint64_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
