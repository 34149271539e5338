/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PROFILE_H
#define ALICE_PROFILE_H

/**
 * @file profile.h
 * Where memory went, and where open handles came from.
 *
 * The *profile* counts bytes and blocks by call site: live and in all. Memory
 * that is taken through an ::alice_env whose `profile` is set is counted under the
 * function, file and line that took it; alice_profile_allocator() does the same,
 * by return address, for any other code that uses an ::alice_alloc. By default it
 * samples, one block in about 64 KB, and its figures are unbiased estimates: cheap
 * enough to stay on. It works in a fixed amount of memory: where an exact one has no room
 * to follow every block, it goes over to sampling, and each snapshot says so.
 *
 * The *census* knows every open handle of the library (and of the program, which
 * may register its own): its type, who opened it, who pays for it.
 *
 *     alice_profile_snapshot_take(profile, &before);
 *     ...
 *     alice_profile_snapshot_take(profile, &after);
 *     alice_profile_snapshot_diff(before, after, &grown);
 *     alice_profile_snapshot_sort(grown, ALICE_BY_LIVE_BYTES);
 */

#include <alice/env.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- profile ---- */

/** Zeroed is a complete one. */
typedef struct alice_profile_options {
    size_t size;         /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;       /**< pays for the profile; its own `profile` is not used */
    size_t sample_bytes; /**< mean bytes between samples; 0: 64 KB; 1: every block, exactly */
    size_t max_bytes;    /**< the profile's own memory at most; 0: 256 KB; at least 24 KB */
    uint64_t seed;       /**< of the sampling */
} alice_profile_options;

/** Open. `options` may be NULL. ALICE_E_BUDGET, ALICE_E_NOMEM; ALICE_E_INVAL: max_bytes below
 * the least. */
ALICE_API alice_status alice_profile_open(alice_profile **out,
                                          const alice_profile_options *options);

/** Close. No env that names it may be used any more; allocations still live do not matter. */
ALICE_API void alice_profile_close(alice_profile **profile);

/** Stop counting what is taken (what is given back still counts), or go on. Thread-safe. */
ALICE_API void alice_profile_pause(alice_profile *profile, bool paused);

/** A place that took memory, and how much. In a difference the figures may be negative. */
typedef struct alice_profile_row {
    const char *function; /**< NULL: not known */
    const char *file;    /**< of the source; the module's path where only an address is known */
    int line;            /**< 0: only an address is known, unless it was resolved */
    uint64_t address;    /**< offset in the module (line 0), for addr2line */
    int64_t live_bytes;  /**< not given back yet */
    int64_t live_blocks; /**< not given back yet */
    int64_t total_bytes; /**< taken in all */
    int64_t total_blocks; /**< taken in all */
    int64_t peak_bytes;   /**< the most that lived at once; 0 in a difference */
} alice_profile_row;

/** The figures of one moment, or a difference of two. Opaque. */
typedef struct alice_profile_snapshot alice_profile_snapshot;

/** What rows are sorted by, the most first; live figures by their amount, whatever the sign. */
typedef enum alice_profile_order {
    ALICE_BY_LIVE_BYTES = 0,
    ALICE_BY_LIVE_BLOCKS = 1,
    ALICE_BY_TOTAL_BYTES = 2,
    ALICE_BY_TOTAL_BLOCKS = 3,
    ALICE_BY_PEAK_BYTES = 4
} alice_profile_order;

/** Copy the figures of now, sorted by live bytes. Thread-safe. Charged to the profile's env.
 * ALICE_E_BUDGET, ALICE_E_NOMEM. */
ALICE_API alice_status alice_profile_snapshot_take(const alice_profile *profile,
                                                   alice_profile_snapshot **out);

/** `after` less `before`, of the same profile; rows that did not change are left out. Sorted by
 * live bytes; a snapshot of its own, charged as `after` was. ALICE_E_BUDGET, ALICE_E_NOMEM. */
ALICE_API alice_status alice_profile_snapshot_diff(const alice_profile_snapshot *before,
                                                   const alice_profile_snapshot *after,
                                                   alice_profile_snapshot **out);

/** How far a snapshot's live figures are estimates because max_bytes was reached. */
typedef struct alice_profile_lost {
    uint64_t blocks;     /**< that were taken and are not followed, since open */
    uint64_t bytes;      /**< of them */
    size_t follow_bytes; /**< sample_bytes as long as nothing was lost; else blocks that count
                            for less are followed by chance, and stand for so many bytes each:
                            live figures make up for what was lost */
} alice_profile_lost;

/** What it lost; of a difference, between the two. */
ALICE_API void alice_profile_snapshot_lost(const alice_profile_snapshot *snapshot,
                                           alice_profile_lost *out);

/** Close. NULL and a NULL handle are accepted. */
ALICE_API void alice_profile_snapshot_close(alice_profile_snapshot **snapshot);

/** Put the rows in another order. */
ALICE_API void alice_profile_snapshot_sort(alice_profile_snapshot *snapshot,
                                           alice_profile_order order);

/** How many rows it has. */
ALICE_API size_t alice_profile_snapshot_count(const alice_profile_snapshot *snapshot);

/** Row `index` in the order of the last sort; NULL past the last. Valid as long as the snapshot
 * and the profile. */
ALICE_API const alice_profile_row *
alice_profile_snapshot_row(const alice_profile_snapshot *snapshot, size_t index);

/** alice_profile_snapshot_sum() for a caller whose structure has `size` bytes. */
ALICE_API void alice_profile_snapshot_sum_into(const alice_profile_snapshot *snapshot,
                                               alice_profile_row *out, size_t size);

/** The sum of the rows (its place is empty). */
static inline alice_profile_row
alice_profile_snapshot_sum(const alice_profile_snapshot *snapshot)
{
    alice_profile_row sum;
    alice_profile_snapshot_sum_into(snapshot, &sum, sizeof sum);
    return sum;
}

/**
 * Find the function, file and line of rows that are only an address, such as those of
 * alice_profile_allocator(), in the modules' debug information: for the end of a run. The
 * program `tool` (its path; NULL: /usr/bin/addr2line; called as that is) runs as a child, a few
 * times for each module, and is waited for. What it does not know stays an address. The names
 * are the snapshot's, charged as it is; a difference of it has none. `error` may be NULL.
 * ALICE_E_NOENT, ALICE_E_ACCESS: no such program; ALICE_E_SYSTEM: it could not be run, or
 * failed; ALICE_E_BUDGET, ALICE_E_NOMEM. What was found until then is kept.
 */
ALICE_API alice_status alice_profile_snapshot_resolve(alice_profile_snapshot *snapshot,
                                                      const char *tool, alice_error *error);

/** Write a row's place: "function (file:line)" or "module+0x123". Terminated, maybe cut;
 * answers `buf`. */
ALICE_API char *alice_profile_place(const alice_profile_row *row, char *buf, size_t size);

/** What the profile itself takes, knows and lacks. */
typedef struct alice_profile_stats {
    size_t bytes;         /**< the profile's own memory */
    size_t sites;         /**< call sites known */
    size_t blocks;        /**< blocks that are followed now */
    uint64_t sampled;     /**< blocks that were counted */
    uint64_t lost_blocks; /**< of these, not followed because max_bytes was reached; see
                             ::alice_profile_lost */
    uint64_t lost_bytes;  /**< of them */
    uint64_t lost_sites;  /**< counted under "unknown" for the same reason */
} alice_profile_stats;

/** alice_profile_get_stats() for a caller whose structure has `size` bytes: the members that it
 * knows are filled, what this library does not know is zero. */
ALICE_API void alice_profile_stats_into(const alice_profile *profile, alice_profile_stats *out,
                                        size_t size);

/** The numbers of now. Thread-safe. */
static inline void alice_profile_get_stats(const alice_profile *profile,
                                           alice_profile_stats *out)
{
    alice_profile_stats_into(profile, out, sizeof *out);
}

/** An allocator that is profiled: pass `alloc` on. Keep it where it is while it is in use. */
typedef struct alice_profile_allocator {
    alice_alloc alloc;       /**< what to hand out */
    const alice_alloc *next; /**< who does the work */
    alice_profile *profile;  /**< who counts */
} alice_profile_allocator;

/**
 * Wrap `next` (NULL: malloc, realloc and free) so that every call is counted under
 * its return address. Do not give it to an ::alice_env that names the same profile:
 * blocks would count twice. Answers `&wrapper->alloc`.
 */
ALICE_API const alice_alloc *alice_profile_allocator_init(alice_profile_allocator *wrapper,
                                                          alice_profile *profile,
                                                          const alice_alloc *next);

/* ---- census ---- */

/** Zeroed is a complete one. */
typedef struct alice_census_options {
    size_t size;      /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;    /**< pays for the census; its own `census` is not used */
    size_t max_bytes; /**< the census's own memory at most; 0: 256 KB */
} alice_census_options;

/** Open. `options` may be NULL. ALICE_E_BUDGET, ALICE_E_NOMEM. */
ALICE_API alice_status alice_census_open(alice_census **out,
                                         const alice_census_options *options);

/**
 * Close. ALICE_E_BUSY when handles are still registered: each is told to env's log
 * (at most 20 of them), with its type, who opened it and who holds it, and the census
 * stays open, as it was. Once closed, no env that names it may be used any more.
 */
ALICE_API alice_status alice_census_close(alice_census **census);

/** One open handle. */
typedef struct alice_census_row {
    const void *handle;     /**< the handle, not to be used through this */
    const char *type;       /**< such as "alice_pool" */
    const alice_site *site; /**< who opened it, where a place in source is known */
    uint64_t address;       /**< else the return address of the opening call */
    char holder[32];        /**< the account that pays for it; "" where none does */
    uint64_t serial;        /**< counts opens, from 1 */
} alice_census_row;

/**
 * Register a handle of the program's own. `type` is static text, `site` may be
 * NULL, `holder` (copied, cut at 31 bytes) too. `census` NULL: nothing happens.
 * Where memory is short the handle is only counted (alice_census_lost()).
 * Thread-safe.
 */
ALICE_API void alice_census_add(alice_census *census, const void *handle, const char *type,
                                const alice_site *site, const char *holder);

/** The same where all that is known of the place is an address in the code, such as
 * `__builtin_return_address(0)`; the holder is the account, which may be NULL. Thread-safe. */
ALICE_API void alice_census_add_from(alice_census *census, const void *handle, const char *type,
                                     const void *return_address, const alice_account *account);

/** A handle was closed. Unknown ones and NULL are accepted. Thread-safe. */
ALICE_API void alice_census_remove(alice_census *census, const void *handle);

/** How many handles are open. Thread-safe. */
ALICE_API size_t alice_census_live(const alice_census *census);

/** How many could not be registered for want of memory. Thread-safe. */
ALICE_API uint64_t alice_census_lost(const alice_census *census);

/** The serial of the latest open: handles above it are newer. Thread-safe. */
ALICE_API uint64_t alice_census_mark(const alice_census *census);

/** Handles opened after `mark` (0: all), oldest first: up to `cap` rows, `*count` is how many
 * there are. Thread-safe. */
ALICE_API alice_status alice_census_list(const alice_census *census, uint64_t mark,
                                         alice_census_row *rows, size_t cap, size_t *count);

/** How many of a type. In a difference, `live` is what was opened less what was closed. */
typedef struct alice_census_count {
    const char *type; /**< such as "alice_pool" */
    int64_t live;     /**< open now */
    int64_t opened;   /**< in all */
} alice_census_count;

/** A snapshot: counts by type, most first; up to `cap` rows, `*count` is how many there are.
 * Thread-safe. */
ALICE_API alice_status alice_census_counts(const alice_census *census, alice_census_count *rows,
                                           size_t cap, size_t *count);

/** What changed between two snapshots; types that did not are left out. `rows` may not be one
 * of them. */
ALICE_API alice_status alice_census_diff(const alice_census_count *before, size_t before_count,
                                         const alice_census_count *after, size_t after_count,
                                         alice_census_count *rows, size_t cap, size_t *count);

/** Write who opened and who holds it: "alice_pool by main (app.c:12), held by cache".
 * Terminated, maybe cut; answers `buf`. */
ALICE_API char *alice_census_describe(const alice_census_row *row, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
