/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ENV_H
#define ALICE_ENV_H

/**
 * @file env.h
 * What a part is handed from outside: who pays for its memory, where memory
 * comes from, what time it is, who listens, who profiles. Each of these may be
 * NULL (a zeroed ::alice_env is a complete one), and every options structure
 * of the library has one as its first field.
 */

#include <alice/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct alice_account alice_account; /**< budget.h: who pays */
typedef struct alice_profile alice_profile; /**< profile.h: who counts bytes by call site */
typedef struct alice_census alice_census;   /**< profile.h: who knows the open handles */

/**
 * An allocator in one function. `p` NULL: allocate. `new_size` 0: free, answer
 * NULL. Else resize and keep the content up to the smaller size. `old_size` is
 * always the size that was asked for `p`. On failure the answer is NULL and
 * `p` is as it was. Blocks are aligned for any object. Called from many
 * threads at once.
 */
typedef struct alice_alloc {
    /** all of it: allocate, resize and free, as above */
    void *(*resize)(void *ctx, void *p, size_t old_size, size_t new_size);
    void *ctx; /**< handed to resize() */
} alice_alloc;

/** Time as an input. A NULL function is the system's clock. Thread-safe. */
typedef struct alice_clock {
    uint64_t (*now_ns)(void *ctx); /**< monotonic nanoseconds */
    int64_t (*wall_s)(void *ctx);  /**< seconds since 1970-01-01 UTC */
    void *ctx;                     /**< handed to both */
} alice_clock;

/** How much a message matters, the most first. */
typedef enum alice_log_level {
    ALICE_LOG_ERROR = 0,
    ALICE_LOG_WARNING = 1,
    ALICE_LOG_INFO = 2,
    ALICE_LOG_DEBUG = 3
} alice_log_level;

/** Who listens. Called from any thread, never under a lock of the library. */
typedef struct alice_log {
    /** `text` is terminated, without a line end, borrowed for the call */
    void (*write)(void *ctx, alice_log_level level, const char *text);
    void *ctx;             /**< handed to write() */
    alice_log_level level; /**< what is above it is not formatted */
} alice_log;

/** A place in source, static storage. Made by ALICE_HERE. */
typedef struct alice_site {
    const char *function; /**< its name */
    const char *file;     /**< as the compiler was given it */
    int line;             /**< from 1 */
} alice_site;

/** The place where it stands, as a pointer that stays valid. */
#define ALICE_HERE                                                                 \
    (__extension__({                                                               \
        static const alice_site alice_site_here_ = {__func__, __FILE__, __LINE__}; \
        &alice_site_here_;                                                         \
    }))

/** What a part is handed. Copied by whoever takes it; what it points to outlives them. */
typedef struct alice_env {
    alice_account *account;   /**< pays for memory; NULL: nobody counts */
    const alice_alloc *alloc; /**< NULL: malloc, realloc and free */
    const alice_clock *clock; /**< NULL: the system's */
    const alice_log *log;     /**< NULL: silence */
    alice_profile *profile;   /**< NULL: not profiled */
    alice_census *census;     /**< NULL: handles are not registered */
    void *reserved[2];        /**< NULL: it stands inside of others, whose size stays */
} alice_env;

/**
 * Take memory: charge the account, then allocate, then tell the profile. What
 * is handed out is not cleared. `env` may be NULL. `site` may be NULL.
 * Thread-safe. ALICE_E_BUDGET: the account refused (after reclaiming);
 * ALICE_E_NOMEM: the allocator failed, nothing stays charged; ALICE_E_INVAL:
 * size 0.
 */
ALICE_API alice_status alice_env_alloc(const alice_env *env, size_t size,
                                       const alice_site *site, void **out);

/**
 * The same without reclaiming, neither when the account refuses nor when the
 * allocator does: for use under locks and inside reclaimers. Thread-safe. Fails as
 * alice_env_alloc().
 */
ALICE_API alice_status alice_env_try_alloc(const alice_env *env, size_t size,
                                           const alice_site *site, void **out);

/** The same as alice_env_alloc(), cleared, for `count` things of `size` bytes. An overflow is
 * ALICE_E_TOOBIG; else it fails as that does. Thread-safe. */
ALICE_API alice_status alice_env_calloc(const alice_env *env, size_t count, size_t size,
                                        const alice_site *site, void **out);

/**
 * Change the size of `*p`, which was taken with `old_size` bytes from the same
 * env (or is NULL with 0); it may move. On failure, as of alice_env_alloc(), `*p` is as
 * it was. A `new_size` of 0 frees, and `*p` is NULL then. Thread-safe.
 */
ALICE_API alice_status alice_env_resize(const alice_env *env, void **p, size_t old_size,
                                        size_t new_size, const alice_site *site);

/** Give memory back; `size` is what was taken. `env` and `p` may be NULL.
 * Thread-safe. Never fails. */
ALICE_API void alice_env_free(const alice_env *env, void *p, size_t size);

/** Monotonic nanoseconds by the env's clock. `env` may be NULL. Thread-safe. */
ALICE_API uint64_t alice_env_now_ns(const alice_env *env);

/** Seconds since 1970-01-01 UTC by the env's clock. `env` may be NULL. Thread-safe. */
ALICE_API int64_t alice_env_wall_s(const alice_env *env);

/** Tell the env's listener, formatted like printf, cut at 512 bytes. Thread-safe.
 * `env` may be NULL. */
ALICE_API void alice_env_log(const alice_env *env, alice_log_level level, const char *format,
                             ...) ALICE_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif
#endif
