/* SPDX-License-Identifier: MIT */
#ifndef ALICE_EXECUTOR_H
#define ALICE_EXECUTOR_H

/**
 * @file executor.h
 * Worker threads over a bounded queue. Tasks start in the order in which they
 * were submitted. Nothing is allocated for a task: the queue is made at open, a
 * task's handle is the caller's.
 *
 *     submit ──▶ [ queue, bounded ] ──▶ threads ──▶ status in the task's handle
 *     (waits where it is full)             fn(arg)
 *
 * An executor may live in an alice_pool, to be used again.
 */

#include <alice/env.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Threads over a queue. Opaque. */
typedef struct alice_executor alice_executor;

/** The work. Its status is told to alice_task_wait() and counted. */
typedef alice_status (*alice_task_fn)(void *arg);

/**
 * The caller's handle of a submitted task: lives at the caller's, unmoved, until
 * the task has ended (alice_task_wait() or alice_executor_wait_all() said so). Its
 * content is the executor's. May be used for one task after the other.
 */
typedef struct alice_task {
    alice_executor *executor; /**< the executor's own */
    int32_t state;            /**< the executor's own */
    alice_status status;      /**< the executor's own: see alice_task_wait() */
} alice_task;

/** Zeroed is a complete one: without threads. */
typedef struct alice_executor_options {
    size_t size;        /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;      /**< pays for the queue, and for the threads' stacks in full */
    unsigned threads;   /**< 0: none; submit() then runs the task itself, at once */
    size_t queue;       /**< tasks that wait, at most; 0: four a thread */
    size_t stack_bytes; /**< of a thread; 0: 256 KB */
    const char *name;   /**< of the threads, cut at 15 bytes; NULL: "alice" */
    /** Told of every task that was cancelled, in the thread that cancelled, so that `arg` may
     * be freed. May be NULL. */
    void (*dropped)(void *ctx, alice_task_fn fn, void *arg);
    void *dropped_ctx; /**< handed to dropped() */
} alice_executor_options;

/**
 * Start the threads; they block all signals. ALICE_E_BUDGET, ALICE_E_NOMEM;
 * ALICE_E_SYSTEM: no thread could be made; ALICE_E_INVAL: more than 1,024 threads
 * or a stack below the system's minimum.
 */
ALICE_API alice_status alice_executor_open(alice_executor **out,
                                           const alice_executor_options *options);

/**
 * End: tasks that are queued still run (cancel first where they must not), then
 * the threads are joined. Submitters that wait get ALICE_E_CLOSED. ALICE_E_BUSY from a
 * task of this executor, which would wait for itself: it stays open, as it was.
 */
ALICE_API alice_status alice_executor_close(alice_executor **executor);

/**
 * Queue fn(arg), waiting for room. `task` (may be NULL) is its handle. From a
 * task of the same executor, a full queue is not waited for: the new task runs
 * at once. Thread-safe. ALICE_E_CLOSED; ALICE_E_INVAL: no fn.
 */
ALICE_API alice_status alice_executor_submit(alice_executor *executor, alice_task_fn fn,
                                             void *arg, alice_task *task);

/** The same, but never waits: ALICE_E_BUSY where the queue is full. Thread-safe. */
ALICE_API alice_status alice_executor_try_submit(alice_executor *executor, alice_task_fn fn,
                                                 void *arg, alice_task *task);

/**
 * Wait until a submitted task has ended; answers its status, ALICE_E_CANCELLED
 * when it was cancelled. ALICE_E_INVAL from a task of the same executor while
 * `task` has not ended (it might wait for itself), and for a handle that was never
 * submitted (zeroed). Thread-safe.
 */
ALICE_API alice_status alice_task_wait(alice_task *task);

/** Wait `ms` milliseconds at most; whether the task has ended. Its status is
 * alice_task_wait()'s to tell. Not from a task of the same executor. Thread-safe. */
ALICE_API bool alice_task_wait_ms(alice_task *task, uint64_t ms);

/** Whether it has ended; then `*status` (may be NULL) is its status. Thread-safe. */
ALICE_API bool alice_task_done(alice_task *task, alice_status *status);

/** Cancel one task: ALICE_OK when it was still queued, ALICE_E_BUSY when it runs, ALICE_E_END
 * when it has ended; ALICE_E_INVAL for a handle that was never submitted. Thread-safe. */
ALICE_API alice_status alice_task_cancel(alice_task *task);

/** Wait until nothing is queued and nothing runs. ALICE_E_INVAL from a task of the same
 * executor. Thread-safe. */
ALICE_API alice_status alice_executor_wait_all(alice_executor *executor);

/** Cancel every queued task; those that run go on. Answers how many. Thread-safe. */
ALICE_API size_t alice_executor_cancel(alice_executor *executor);

/** Numbers since open. */
typedef struct alice_executor_stats {
    unsigned threads;   /**< that were started */
    unsigned running;   /**< tasks that run now */
    size_t queued;      /**< tasks that wait now */
    size_t peak_queued; /**< most that ever waited */
    size_t bytes;       /**< charged: stacks, queue, the executor */
    double mb;          /**< bytes in MB */
    uint64_t submitted; /**< tasks that were taken */
    uint64_t completed; /**< ran to their end, with whatever status */
    uint64_t failed;    /**< of these, with another status than ALICE_OK */
    uint64_t cancelled; /**< tasks that never ran */
    uint64_t waits;     /**< submits that waited for room */
} alice_executor_stats;

/** alice_executor_get_stats() for a caller whose structure has `size` bytes: the members that
 * it knows are filled, what this library does not know is zero. */
ALICE_API void alice_executor_stats_into(const alice_executor *executor,
                                         alice_executor_stats *out, size_t size);

/** The numbers of now. Thread-safe. */
static inline void alice_executor_get_stats(const alice_executor *executor,
                                            alice_executor_stats *out)
{
    alice_executor_stats_into(executor, out, sizeof *out);
}

#ifdef __cplusplus
}
#endif
#endif
