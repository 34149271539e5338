/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MONITOR_H
#define ALICE_MONITOR_H

/**
 * @file monitor.h
 * What the system says about memory, and what follows from it: the usage, the
 * pressure level that steers batches, and collection.
 *
 * Two ratios are told. What is *displayed* is resident to limit. What *steers*
 * is (resident - floor - reclaimable) / (limit - floor): a small limit would
 * otherwise be under pressure before any work began, and full caches, which
 * give way on demand, would read as pressure.
 */

#include <alice/budget.h>
#include <alice/config.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Reads the system's memory figures. Opaque. */
typedef struct alice_monitor alice_monitor;

/** Zeroed is a complete one. */
typedef struct alice_monitor_options {
    size_t size;   /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env; /**< pays for the handle */
    alice_budget
        *budget; /**< whose reclaimers are run, in which `untracked` is opened; NULL: none */
    alice_config config; /**< resolved on opening */
    size_t limit_bytes;  /**< 0: the budget's limit, or else the config's */
    size_t floor_bytes;  /**< resident before any work; 0: what is resident on opening */
    alice_account *floor_account; /**< the account that stands for the floor, where one does:
                                     its charge explains none of what was resident beyond it */
    const char
        *root; /**< stands before /proc and /sys (borrowed until opening returns); NULL: "" */
} alice_monitor_options;

/**
 * Open. Holds two or three descriptors. In a budget it opens the account
 * `untracked` (see alice_monitor_sample_now()) and registers a reclaimer of the
 * order ALICE_RECLAIM_SYSTEM, which gives the allocator's free pages back.
 * ALICE_E_SYSTEM: the kernel's figures cannot be read; ALICE_E_TOOBIG: `root` is too
 * long; ALICE_E_BUDGET, ALICE_E_NOMEM.
 */
ALICE_API alice_status alice_monitor_open(alice_monitor **out,
                                          const alice_monitor_options *options);

/** Close, ending the watcher where there is one. Before the budget is closed. ALICE_E_BUSY: the
 * watcher's callback asks for it; it stays open, as it was. */
ALICE_API alice_status alice_monitor_close(alice_monitor **monitor);

/** What is read each time, in a few microseconds. */
typedef struct alice_monitor_sample {
    size_t resident;       /**< of this process */
    size_t cgroup_current; /**< what its control group is charged; 0: not in one with a limit */
} alice_monitor_sample;

/**
 * The fast sample: two reads of files that are held open. Brings the account
 * `untracked` up to date: resident, less the floor, less what the accounts
 * explain. Thread-safe. ALICE_E_SYSTEM: it cannot be read.
 */
ALICE_API alice_status alice_monitor_sample_now(alice_monitor *monitor,
                                                alice_monitor_sample *out);

/** The resident bytes of the fast sample, which is taken; 0 where it cannot be read.
 * Thread-safe. */
ALICE_API size_t alice_monitor_resident(alice_monitor *monitor);

/** Everything that is known. What is not in the fast sample is at most one second old. */
typedef struct alice_monitor_usage {
    size_t current;   /**< resident bytes of this process */
    size_t peak;      /**< the peak, as the kernel counts it (VmHWM) */
    size_t available; /**< what can still be allocated: on the machine or, where that is less,
                         in the control group */
    double
        system_percent;  /**< of the machine's (or, where tighter, the group's) memory in use */
    size_t limit;        /**< 0: none */
    double ratio;        /**< current to limit: what is displayed */
    double current_mb;   /**< current in MB */
    double peak_mb;      /**< peak in MB */
    double available_mb; /**< available in MB */
    double limit_mb;     /**< limit in MB */

    double steering_ratio; /**< what steers, see above; never below 0 */
    alice_level level;     /**< of the steering ratio */
    size_t floor;          /**< as given or measured on opening */
    size_t tracked;        /**< bytes the accounts explain, the floor's account not counted */
    size_t untracked;      /**< resident, but neither floor nor explained */
    size_t reclaimable;    /**< charged to accounts that a reclaimer is bound to */

    uint64_t machine_total;     /**< bytes of memory of the machine */
    uint64_t machine_available; /**< of these, available without swapping */
    uint64_t cgroup_limit;      /**< the tightest of the nested groups; 0: none */
    uint64_t cgroup_current;    /**< of that group */
    char cgroup_file[160];      /**< the file that said so; "" where none did; cut in front */
    double pressure_some; /**< percent of the last 10 s in which some task waited for memory
                               (PSI); below 0: not told */
    double pressure_full; /**< the same for all tasks at once */
} alice_monitor_usage;

/** Read all of it. Thread-safe. ALICE_E_SYSTEM: the kernel's figures cannot be
 * read. */
ALICE_API alice_status alice_monitor_get_usage(alice_monitor *monitor,
                                               alice_monitor_usage *out);

/** The level by the steering ratio, from a fast sample. Normal where nothing can be read.
 * Thread-safe. */
ALICE_API alice_level alice_monitor_level(alice_monitor *monitor);

/**
 * Whether there is pressure: the steering ratio is above the config's
 * `warning_threshold`, or the system is above 90 %, or tasks have waited for
 * memory for more than 10 % of the last 10 seconds. Thread-safe.
 */
ALICE_API bool alice_monitor_under_pressure(alice_monitor *monitor);

/**
 * `base` at the present level: 100, 75, 50, 25 %, within the config's least and
 * greatest; where `adaptive_batch_size` is off, `base` within them. `base` 0:
 * the config's. Thread-safe. (alice_batch adds bytes, smoothing and statistics.)
 */
ALICE_API uint32_t alice_monitor_batch_size(alice_monitor *monitor, uint32_t base);

/** Why a collection ran. */
typedef enum alice_collect_reason {
    ALICE_COLLECT_NONE = 0, /**< it did not */
    ALICE_COLLECT_THRESHOLD =
        1, /**< resident above `gc_threshold_mb`, and grown by 5 % of the limit */
    ALICE_COLLECT_INTERVAL = 2, /**< `gc_interval_seconds` since the last */
    ALICE_COLLECT_FORCED = 3
} alice_collect_reason;

/** What a collection did. */
typedef struct alice_collection {
    alice_collect_reason reason; /**< why it ran */
    size_t released;             /**< bytes that the reclaimers released from their accounts */
    size_t given_back;           /**< bytes by which the resident memory sank */
    size_t resident;             /**< after it */
} alice_collection;

/**
 * Collect if there is a reason: forced; or resident above `gc_threshold_mb` and
 * grown by at least 5 % of the limit since the last collection; or
 * `gc_interval_seconds` since it. By interval only what is dead anyway is
 * reclaimed (orders up to ALICE_RECLAIM_EXPIRED); by threshold and forced, all
 * that can be. Then the allocator's free pages go back to the system. One at a
 * time: in a second thread, and from within a reclaimer, nothing happens.
 * `out` may be NULL. Answers the bytes that went back to the system. Thread-safe.
 */
ALICE_API size_t alice_monitor_collect(alice_monitor *monitor, bool force,
                                       alice_collection *out);

/** Suspend collection that is not forced; nests. Reclaim before a refusal goes on. Thread-safe.
 */
ALICE_API void alice_monitor_suspend(alice_monitor *monitor);

/** Resume collection: once for each alice_monitor_suspend(). Thread-safe. */
ALICE_API void alice_monitor_resume(alice_monitor *monitor);

/** How many collections ran. Thread-safe. */
ALICE_API uint64_t alice_monitor_collections(const alice_monitor *monitor);

/** Bytes that all collections gave back. Thread-safe. */
ALICE_API uint64_t alice_monitor_given_back(const alice_monitor *monitor);

/** What the kernel says of a process. */
typedef struct alice_process_usage {
    size_t current;   /**< resident (VmRSS) */
    size_t peak;      /**< VmHWM */
    size_t data;      /**< mapped as data (VmData): what a process limit counts */
    size_t swapped;   /**< VmSwap */
    unsigned threads; /**< how many it has */
} alice_process_usage;

/** Ask of a process; `pid` 0: this one. ALICE_E_NOENT: there is none; ALICE_E_ACCESS;
 * ALICE_E_SYSTEM. */
ALICE_API alice_status alice_monitor_process(long pid, alice_process_usage *out);

/** What woke the watcher. */
typedef enum alice_watch_event {
    ALICE_WATCH_PRESSURE = 0, /**< tasks wait for memory (PSI) */
    ALICE_WATCH_CGROUP = 1    /**< the control group came near its limit */
} alice_watch_event;

/** Called in the watcher's thread, at most ten times a second; not under a lock; cannot
 * close the monitor. */
typedef void (*alice_watch_fn)(void *ctx, alice_watch_event event, alice_level level);

/** Whom the watcher tells, and of what. */
typedef struct alice_watch_options {
    size_t size;        /**< sizeof of the structure; 0: as in version 0.1 */
    alice_watch_fn fn;  /**< required */
    void *ctx;          /**< handed to fn() */
    uint32_t stall_ms;  /**< told when tasks waited this long within the window; 0: 100 */
    uint32_t window_ms; /**< 500 to 10,000; 0: 2000 */
} alice_watch_options;

/**
 * Start a thread that sleeps until the kernel tells of pressure on the machine
 * or the control group: a PSI trigger, `memory.events` (v2), or a threshold at
 * 90 % of the limit (v1). One a monitor: else ALICE_E_BUSY. ALICE_E_UNSUPPORTED:
 * the kernel offers neither, or not to us; ALICE_E_INVAL: a window out of range, or
 * shorter than the stall; ALICE_E_BUDGET, ALICE_E_NOMEM, ALICE_E_SYSTEM: no thread.
 */
ALICE_API alice_status alice_monitor_watch(alice_monitor *monitor,
                                           const alice_watch_options *options);

/** End the watcher, and wait for its end. Without one, nothing happens. ALICE_E_BUSY: its own
 * callback asks for it; it goes on. */
ALICE_API alice_status alice_monitor_unwatch(alice_monitor *monitor);

#ifdef __cplusplus
}
#endif
#endif
