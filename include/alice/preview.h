/* SPDX-License-Identifier: MIT */
#ifndef ALICE_PREVIEW_H
#define ALICE_PREVIEW_H

/**
 * @file preview.h
 * The small picture that a camera put into a file beside the large one: where it stands there.
 * It is found by reading a few KB, whatever the size of the file; nothing is decoded.
 */

#include <alice/env.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A JPEG file inside of another file. */
typedef struct alice_preview {
    uint64_t offset;      /**< of its first byte */
    uint64_t bytes;       /**< its length; all of it lies inside the file */
    unsigned orientation; /**< of the large picture, as EXIF counts, 1 to 8: the small one lies
                               the same way and mostly does not say so itself. It is told where
                             there is no preview, too */
} alice_preview;

/**
 * The largest preview of at most `most` bytes in the file that is open as `fd`: of a JPEG,
 * PNG or WebP file, or a RAW or TIFF file. Reads at positions, the descriptor's own stays.
 * `env` (may be NULL) pays for 68 KB during the call. Any thread. ALICE_E_NOENT: it has none;
 * ALICE_E_INVAL: no descriptor, or `out` is NULL; ALICE_E_IO, ALICE_E_BUDGET, ALICE_E_NOMEM.
 */
ALICE_API alice_status alice_preview_find(const alice_env *env, int fd, uint64_t most,
                                          alice_preview *out);

#ifdef __cplusplus
}
#endif

#endif
