/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BUDGET_H
#define ALICE_BUDGET_H

/**
 * @file budget.h
 * One ceiling, divided into named accounts. Whoever allocates charges an
 * account *before* the memory is taken; the sum of the children is what the
 * root says. A charge that does not fit runs the reclaimers in order, tries
 * once more, and else is refused with ALICE_E_BUDGET. Never a loop.
 *
 * What is counted: the bytes that were asked for. The allocator's own overhead
 * and fragmentation are charged by the monitor to the account `untracked`. The
 * budget's and an account's own structures (below 3 KB each) are not counted.
 *
 * Small charges are cheap because an account holds a little *credit* in stripes,
 * one for some of the threads each: bytes that its parents have granted ahead
 * of use, at most 1/2048 of the limit (at most 16 KB, none below 512 bytes)
 * twice a stripe. Credit is never in the way of a charge: it is drawn in before
 * anything is refused, so that a refusal is exact. It shows only in peaks: an
 * account's peak is never too low, exact while one thread uses it, and else too
 * high by at most the credit below it.
 *
 * Every function is thread-safe, but for alice_budget_check(), and the closing of a budget or
 * an account that somebody still uses.
 */

#include <alice/env.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A ceiling and the accounts below it. Opaque. */
typedef struct alice_budget alice_budget;

/** Pressure, by the share of the limit in use: below 40 %, to 60, to 80 %, and above. */
typedef enum alice_level {
    ALICE_LEVEL_NORMAL = 0,
    ALICE_LEVEL_MEDIUM = 1,
    ALICE_LEVEL_HIGH = 2,
    ALICE_LEVEL_CRITICAL = 3
} alice_level;

/** "normal", "medium", "high", "critical". Static text. */
ALICE_API const char *alice_level_name(alice_level level);

/** The level of a ratio: below 0.4 normal, from it medium, above 0.6 high, above 0.8 critical.
 */
ALICE_API alice_level alice_level_of(double ratio);

/**
 * Told when the root crosses a level edge, in either direction, in the thread
 * that crossed it and not under a lock: two crossings in two threads may be
 * told in either order.
 */
typedef void (*alice_level_fn)(void *ctx, alice_level from, alice_level to, size_t used,
                               size_t limit);

/** Zeroed is a complete one: unlimited, only counted. */
typedef struct alice_budget_options {
    size_t size;             /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;           /**< its account is not used */
    size_t limit;            /**< bytes; 0: unlimited, only counted */
    alice_level_fn on_level; /**< told of level edges; NULL: nobody is */
    void *on_level_ctx;      /**< handed to on_level() */
} alice_budget_options;

/** Open. `options` may be NULL. ALICE_E_NOMEM. */
ALICE_API alice_status alice_budget_open(alice_budget **out,
                                         const alice_budget_options *options);

/**
 * Close the budget, and with it the accounts still open in it. ALICE_E_BUSY:
 * something is still charged (`leaked`, which may be NULL, says how many bytes), or a
 * reclaimer is registered, so that a part which stands on it is still open; it stays
 * open, as it was. ALICE_E_DAMAGED: it is closed, and some account was given back more than it
 * was charged.
 */
ALICE_API alice_status alice_budget_close(alice_budget **budget, size_t *leaked);

/** The root account. Borrowed; NULL for NULL. */
ALICE_API alice_account *alice_budget_root(alice_budget *budget);

/** The ceiling in bytes; 0: none. */
ALICE_API size_t alice_budget_limit(const alice_budget *budget);

/** Change the ceiling. Below what is in use: the reclaimers run; what is still over stays, and
 * new charges fail. ALICE_OK. */
ALICE_API alice_status alice_budget_set_limit(alice_budget *budget, size_t limit);

/** Bytes charged in all, exact when no other thread charges. */
ALICE_API size_t alice_budget_used(const alice_budget *budget);

/** The most bytes that ever were charged in all (see above). */
ALICE_API size_t alice_budget_peak(const alice_budget *budget);

/**
 * Open an account named `name` (copied, cut at 31 bytes) below `parent`. `cap`
 * bounds it and its children, in bytes; 0: only by its parents. ALICE_E_NOMEM.
 */
ALICE_API alice_status alice_account_open(alice_account **out, alice_account *parent,
                                          const char *name, size_t cap);

/**
 * Close an account. Those that nobody closed are closed with their budget.
 * ALICE_E_BUSY: something is still charged to it, an account below it is open, or a
 * reclaimer is bound to it; it stays open. ALICE_E_INVAL: the root.
 */
ALICE_API alice_status alice_account_close(alice_account **account);

/**
 * Give back all that the account and those below it are charged: for what was freed
 * in one go, or is lost. Answers the bytes. Nobody may release any of it
 * afterwards.
 */
ALICE_API size_t alice_account_write_off(alice_account *account);

/**
 * Charge `bytes`. Where they do not fit, run the reclaimers and try once more.
 * ALICE_OK or ALICE_E_BUDGET. `account` NULL: ALICE_OK. A small charge touches no cache line
 * that other threads write.
 */
ALICE_API alice_status alice_account_charge(alice_account *account, size_t bytes);

/** The same, but never reclaims: for use under locks and inside reclaimers. */
ALICE_API alice_status alice_account_try_charge(alice_account *account, size_t bytes);

/** Give back `bytes` that were charged. NULL: nothing happens. More than was charged is a
 * mistake of the caller's: the account is left with 0, and closing the budget answers
 * ALICE_E_DAMAGED. */
ALICE_API void alice_account_release(alice_account *account, size_t bytes);

/**
 * Move a charge from one account to another of the same budget, without
 * reclaiming. ALICE_E_INVAL: of another budget, or more than `from` itself is
 * charged; ALICE_E_BUDGET: a cap of `to` is in the way. Nothing has moved then. A
 * NULL side only takes or only gives.
 */
ALICE_API alice_status alice_account_transfer(alice_account *from, alice_account *to,
                                              size_t bytes);

/** Set what the account is charged in one step, up or down, without reclaim or refusal: for
 * what is observed rather than asked (`untracked`). */
ALICE_API void alice_account_observe(alice_account *account, size_t bytes);

/** Its name. Borrowed. */
ALICE_API const char *alice_account_name(const alice_account *account);

/** The budget that it is an account of. Borrowed. */
ALICE_API alice_budget *alice_account_budget(const alice_account *account);

/** Bytes charged to it and its children. */
ALICE_API size_t alice_account_used(const alice_account *account);

/** The most bytes that ever were charged to it and its children (see above). */
ALICE_API size_t alice_account_peak(const alice_account *account);

/** Its own cap in bytes; 0: none. */
ALICE_API size_t alice_account_cap(const alice_account *account);

/** Bytes that this account could still be charged at most, by every cap above it; SIZE_MAX:
 * nothing bounds it. */
ALICE_API size_t alice_account_free(const alice_account *account);

/**
 * Write why `bytes` would not fit, such as "needs 48 MB, 21 MB are free of the
 * 64 MB budget; most is held by cache.metadata (20 MB) and catalog (9 MB)".
 * Always terminated; answers `buf`.
 */
ALICE_API char *alice_account_explain(const alice_account *account, size_t bytes, char *buf,
                                      size_t size);

/** One line of the ledger. */
typedef struct alice_ledger_row {
    char name[32];     /**< of the account */
    unsigned depth;    /**< 0: the root */
    size_t current;    /**< bytes, children included */
    size_t peak;       /**< the most that current ever was */
    size_t cap;        /**< 0: none */
    uint64_t charges;  /**< how many charges were granted, children included */
    uint64_t refusals; /**< how many were refused in the end, children included */
} alice_ledger_row;

/** Fill up to `cap` rows, parents before children; `count` (may be NULL) is how many there are
 * in all. */
ALICE_API alice_status alice_budget_ledger(const alice_budget *budget, alice_ledger_row *rows,
                                           size_t cap, size_t *count);

/** Prove that every account is the sum of its parts. ALICE_E_DAMAGED, and where, if not. Call
 * while nobody charges. */
ALICE_API alice_status alice_budget_check(const alice_budget *budget, alice_error *error);

#ifdef __cplusplus
}
#endif
#endif
