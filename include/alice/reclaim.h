/* SPDX-License-Identifier: MIT */
#ifndef ALICE_RECLAIM_H
#define ALICE_RECLAIM_H

/**
 * @file reclaim.h
 * Who can give memory back, and in which order; and the scope that brackets a
 * critical operation with collections.
 */

#include <alice/budget.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where a reclaimer stands; lower runs first. Any value between is fine. */
enum {
    ALICE_RECLAIM_EXPIRED = 100, /**< what is dead anyway */
    ALICE_RECLAIM_COLD = 200,    /**< cached, not lately used */
    ALICE_RECLAIM_IDLE = 300,    /**< pooled, waiting */
    ALICE_RECLAIM_PAGES = 400,   /**< a library's own cache, such as the catalog's */
    ALICE_RECLAIM_SYSTEM = 500   /**< the allocator's free pages */
};

/** What one reclaimer gave back. */
typedef struct alice_reclaimed {
    size_t bytes; /**< released from their account */
    size_t items; /**< entries, objects or pages */
} alice_reclaimed;

/**
 * Give back about `wanted` bytes (SIZE_MAX: all you can) and release them from
 * their account. Runs in the thread whose charge was refused, which holds no
 * lock of the library except the reclaim lock; must not charge with reclaim
 * and must not wait for another thread.
 */
typedef alice_reclaimed (*alice_reclaim_fn)(void *ctx, size_t wanted);

/** A reclaimer that is registered. Opaque. */
typedef struct alice_reclaimer alice_reclaimer;

/** Register. `name` is copied, cut at 31 bytes, and may be NULL. Thread-safe. ALICE_E_NOMEM. */
ALICE_API alice_status alice_reclaimer_add(alice_reclaimer **out, alice_budget *budget,
                                           const char *name, int order, alice_reclaim_fn fn,
                                           void *ctx);

/**
 * Say that what this reclaimer gives back was charged to `account` or below it:
 * where a cap elsewhere refused a charge, and giving back could not help, it is
 * passed over; and what that account is charged counts as reclaimable for the
 * monitor. NULL: it may help anywhere, as at first. Thread-safe. Unbind before
 * the account is closed.
 */
ALICE_API void alice_reclaimer_bind(alice_reclaimer *reclaimer, alice_account *account);

/**
 * Unregister; returns after a run of it that is under way has ended (from
 * within such a run, at once). NULL and a NULL handle are accepted. Thread-safe.
 */
ALICE_API void alice_reclaimer_remove(alice_reclaimer **reclaimer);

/** One line of what a run gave back. */
typedef struct alice_reclaim_row {
    char name[32];       /**< of the reclaimer */
    int order;           /**< where it stands */
    alice_reclaimed got; /**< what it gave back */
} alice_reclaim_row;

/**
 * Run the reclaimers in order until `wanted` bytes came back (SIZE_MAX: all).
 * Up to `cap` rows say who gave what; `count` (may be NULL) how many ran.
 * Nested calls in the same thread give 0. Answers the bytes given back. Thread-safe:
 * one run at a time, the others wait.
 */
ALICE_API size_t alice_reclaim_run(alice_budget *budget, size_t wanted, alice_reclaim_row *rows,
                                   size_t cap, size_t *count);

typedef struct alice_monitor alice_monitor; /**< monitor.h */

/** A scope that is under way. The caller's; no allocation. */
typedef struct alice_scope {
    alice_monitor *monitor; /**< the scope's own */
} alice_scope;

/**
 * Bracket an operation: collect, then suspend periodic collection until
 * alice_scope_end(). It never suspends the reclaim before a refusal. Scopes
 * nest, also over threads: only the outermost collects. `monitor` NULL: nothing
 * happens. Thread-safe.
 */
ALICE_API void alice_scope_begin(alice_scope *scope, alice_monitor *monitor);

/** Resume, and collect. A second end of the same scope does nothing. Thread-safe. */
ALICE_API void alice_scope_end(alice_scope *scope);

/** Run `fn` within a scope. Answers what it answers. `monitor` may be NULL. Thread-safe. */
ALICE_API alice_status alice_scope_run(alice_monitor *monitor, alice_status (*fn)(void *ctx),
                                       void *ctx);

#ifdef __cplusplus
}
#endif
#endif
