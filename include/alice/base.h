/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_H
#define ALICE_BASE_H

/**
 * @file base.h
 * What every other header stands on: the version, the statuses, byte ranges
 * and the detail of an error.
 *
 * Conventions of the whole library:
 *  - Sizes are bytes (`size_t`, `uint64_t`); where a name says `mb`, one MB is
 *    1024 * 1024 bytes. Times end in `_ms` or `_ns`.
 *  - A function that can fail returns an ::alice_status and hands results out
 *    through pointers, which it leaves alone when it fails.
 *  - `*_open()` makes a handle, `*_close()` takes a pointer to it, accepts
 *    NULL and a handle that is NULL, and sets it to NULL. One on which something
 *    still stands, or of which something is lent, is not closed: the answer is
 *    ALICE_E_BUSY, and all is as it was. So handles are closed in reverse order of
 *    opening, and a mistake in it is an answer, never a dangling pointer.
 *  - A pointer that is NULL where one is needed is ALICE_E_INVAL; what need not be
 *    there says so. Options may be NULL only where a zeroed structure would do.
 *  - Structures grow from version to version, and programs need not be built anew. Options
 *    begin with their size, which may be 0 for what version 0.1 knows; ALICE_E_UNSUPPORTED:
 *    one that this library does not know yet is set. `*_stats_into()` is told the size of the
 *    caller's structure; `*_get_stats()` tells it by itself.
 *  - One thread at a time uses a handle, but for what is said to be *thread-safe*:
 *    many may call that at once, beside each other. Nobody uses a handle while it is
 *    opened or closed. What takes no handle may be called from any thread.
 *  - Pointers that are answered are never the caller's to free. *Static text* stays
 *    for ever, what is *borrowed* as long as what it was asked of, unless less is said.
 *  - Callbacks return. To leave one by longjmp() or a C++ exception is forbidden:
 *    locks and counts would stay as they are at that moment.
 *  - Nothing here prints, exits, reads the environment, or keeps a mutable
 *    global. What a function needs from outside is in its ::alice_env.
 *  - After fork() the child may only close what it inherited, and of that what
 *    no other thread was using at the fork. Threads are not inherited: closing
 *    an executor there runs nothing, what is queued stays the parent's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Semantic version of the API. */
#define ALICE_VERSION_MAJOR 0
#define ALICE_VERSION_MINOR 1        /**< see ALICE_VERSION_MAJOR */
#define ALICE_VERSION_PATCH 0        /**< see ALICE_VERSION_MAJOR */
#define ALICE_VERSION_STRING "0.1.0" /**< the three with dots */

#if defined(__GNUC__)
/** What the libraries export. */
#define ALICE_API __attribute__((visibility("default")))
/** Arguments are checked against a format, as with printf. */
#define ALICE_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
/** Who drops the result loses memory or reads what is not there: the compiler says so. */
#define ALICE_MUST_USE __attribute__((warn_unused_result))
#else
#define ALICE_API
#define ALICE_PRINTF(fmt, args)
#define ALICE_MUST_USE
#endif

#if defined(__GNUC__)
/** Close a handle where its scope ends: `alice_reader *r ALICE_SCOPED(alice_reader_close) =
 * NULL;` It must be initialized; what the close answers is not told. */
#define ALICE_SCOPED(close) __attribute__((cleanup(close)))
#endif

/** Bytes in one KB, as the settings count them. */
#define ALICE_KB ((size_t)1024)
/** Bytes in one MB, as the settings count them. */
#define ALICE_MB ((size_t)1024 * 1024)

/**
 * Every status, its pinned value and its text. Values never change; new ones
 * go to the end.
 */
#define ALICE_STATUS_LIST(X)                            \
    X(ALICE_OK, 0, "ok")                                \
    X(ALICE_E_INVAL, -1, "invalid argument")            \
    X(ALICE_E_NOMEM, -2, "the system is out of memory") \
    X(ALICE_E_BUDGET, -3, "over the memory budget")     \
    X(ALICE_E_IO, -4, "input or output failed")         \
    X(ALICE_E_NOENT, -5, "not found")                   \
    X(ALICE_E_EXISTS, -6, "exists already")             \
    X(ALICE_E_ACCESS, -7, "permission denied")          \
    X(ALICE_E_NOSPC, -8, "no space left")               \
    X(ALICE_E_DAMAGED, -9, "damaged data")              \
    X(ALICE_E_UNSUPPORTED, -10, "not supported")        \
    X(ALICE_E_TOOBIG, -11, "too big")                   \
    X(ALICE_E_CHANGED, -12, "changed while in use")     \
    X(ALICE_E_BUSY, -13, "in use by another")           \
    X(ALICE_E_TIMEOUT, -14, "timed out")                \
    X(ALICE_E_CANCELLED, -15, "cancelled")              \
    X(ALICE_E_CLOSED, -16, "closed")                    \
    X(ALICE_E_END, -17, "nothing follows")              \
    X(ALICE_E_SYSTEM, -18, "the system refused")        \
    X(ALICE_E_DEADLOCK, -19, "would wait for itself")

/** What became of a call. ALICE_OK is 0, failures are negative. */
typedef enum alice_status {
#define ALICE_STATUS_ENUM(name, value, text) name = value,
    ALICE_STATUS_LIST(ALICE_STATUS_ENUM)
#undef ALICE_STATUS_ENUM
} alice_status;

/** The name of a status, such as "ALICE_E_BUDGET"; "unknown" for others. Static text. */
ALICE_API const char *alice_status_name(alice_status status);

/** A short English text for a status. Static text, never NULL. */
ALICE_API const char *alice_status_text(alice_status status);

/** The version of the library that is linked, such as "0.1.0". Static text. */
ALICE_API const char *alice_version(void);

/** A borrowed range of bytes; `p` may be NULL when `n` is 0. */
typedef struct alice_bytes {
    const uint8_t *p; /**< the first */
    size_t n;         /**< how many */
} alice_bytes;

/** A borrowed range of text, UTF-8, not terminated; `p` may be NULL when `n` is 0. */
typedef struct alice_text {
    const char *p; /**< the first */
    size_t n;      /**< bytes */
} alice_text;

/**
 * The detail of a failure, kept in the caller's hand: what failed and why, in
 * one sentence that a person can act on. Functions that take one accept NULL.
 */
typedef struct alice_error {
    alice_status status; /**< what was answered */
    int os_error;        /**< errno, or 0 */
    char text[240];      /**< terminated, maybe cut */
} alice_error;

/**
 * Milliseconds of a time that settings give in seconds. UINT32_MAX, never, stays that;
 * what does not fit is cut to the longest that is less, 49 days.
 */
static inline uint32_t alice_seconds_to_ms(uint32_t seconds)
{
    if (seconds == UINT32_MAX)
        return seconds;
    return seconds > (UINT32_MAX - 1) / 1000 ? UINT32_MAX - 1 : seconds * 1000;
}

/**
 * Multiply sizes. True, and the product in `*total`, unless it overflows; then
 * false and `*total` is SIZE_MAX.
 */
static inline bool alice_mul_size(size_t count, size_t size, size_t *total)
{
    if (size != 0 && count > SIZE_MAX / size) {
        *total = SIZE_MAX;
        return false;
    }
    *total = count * size;
    return true;
}

#ifdef __cplusplus
}
#endif
#endif
