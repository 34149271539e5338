/* SPDX-License-Identifier: MIT */
#ifndef ALICE_LIMIT_H
#define ALICE_LIMIT_H

/**
 * @file limit.h
 * The kernel as backstop: a process limit for the time of a scope, so that an
 * allocation which slipped through the accounts fails, with NULL, instead of
 * growing the process. Nobody sets it unless asked to.
 */

#include <alice/env.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A limit that is in force. Opaque. */
typedef struct alice_limit alice_limit;

/** What to set. Zeroed but for limit_bytes is a complete one. */
typedef struct alice_limit_options {
    size_t size;          /**< sizeof of the structure; 0: as in version 0.1 */
    alice_env env;        /**< pays for the handle */
    size_t limit_bytes;   /**< ceiling of resident memory */
    size_t reserve_bytes; /**< for pages of mapped files still to come; 0: 1 MB */
    size_t stack_bytes;   /**< of threads made within the scope that name none; 0: 256 KB */
    bool keep_huge_pages; /**< leave transparent huge pages as they are */
    bool keep_allocator;  /**< leave the C library's allocator as it is */
    bool keep_stacks;     /**< leave the default thread stack as it is */
} alice_limit_options;

/**
 * Begin the limit. Sets, of this process:
 *  - RLIMIT_DATA to what is mapped as data + limit - resident - reserve, never
 *    above what it was;
 *  - transparent huge pages off (they tripled a small program's memory);
 *  - under glibc: two arenas at most, and fixed thresholds for mapping and
 *    trimming, since the floating ones keep up to 64 MB after large blocks
 *    were freed;
 *  - the default stack of threads.
 *
 * Under the address and thread sanitizers, which map terabytes, nothing is set,
 * and alice_limit_active() is false. Call from one thread at a time; limits
 * nest, and end in reverse order. ALICE_E_BUDGET: more is resident than the
 * limit and reserve allow; ALICE_E_SYSTEM: the kernel refused;
 * ALICE_E_INVAL: no limit_bytes; ALICE_E_NOMEM. Nothing is changed then.
 */
ALICE_API alice_status alice_limit_begin(alice_limit **out, const alice_limit_options *options);

/**
 * End the limit: what was set is as it was before; only the allocator's
 * arenas and thresholds, which cannot be asked for, stay. NULL and a NULL handle are
 * accepted.
 */
ALICE_API void alice_limit_end(alice_limit **limit);

/** Whether the kernel holds the limit. */
ALICE_API bool alice_limit_active(const alice_limit *limit);

/** The RLIMIT_DATA that is in force by it, in bytes; 0: not active. */
ALICE_API uint64_t alice_limit_data_bytes(const alice_limit *limit);

/** Whether this library was built with a sanitizer that does not bear a limit. */
ALICE_API bool alice_limit_sanitized(void);

/** Bytes of this process that are resident now; 0 where that cannot be read. */
ALICE_API size_t alice_limit_resident(void);

/**
 * The limit that can be kept: `limit`, or less under a control group (v1 or
 * v2, nested), which counts page cache and the kernel's own memory too: at most
 * the group's less the larger of 6 MB and 15 %. `limit` 0: none was asked for;
 * the answer is the group's, or 0 without one. All in bytes.
 */
ALICE_API size_t alice_limit_effective(size_t limit);

/** The same, with the file that said so, such as "/sys/fs/cgroup/memory.max", in `file` (""
 * where none did). */
ALICE_API size_t alice_limit_effective_by(size_t limit, char *file, size_t size);

/** Bytes of memory that this process could have at most: the smaller of the machine's and the
 * control group's; 0: unknown. */
ALICE_API uint64_t alice_limit_ram(void);

#ifdef __cplusplus
}
#endif
#endif
