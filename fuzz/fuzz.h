/* SPDX-License-Identifier: MIT */
#ifndef ALICE_FUZZ_H
#define ALICE_FUZZ_H

/*
 * What the fuzz targets share. A target is one source with
 * LLVMFuzzerTestOneInput(); it is linked to libFuzzer (-Dfuzz=true, clang) or to
 * replay.c, which runs its corpus as a test.
 *
 * Every run works on a block of exactly the input's size, so that a read past its
 * end shows, and is repeated with little memory, so that a failed allocation is
 * part of what is tried. What breaks a promise aborts.
 */

#include "media/blocks/blocks.h"
#include "media/evidence/evidence.h"
#include "media/formats/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Memory of at most `limit` bytes at once, whose blocks must all come back. */
typedef struct fuzz_memory {
    alice_alloc alloc;
    size_t live, limit;
} fuzz_memory;
alice_env fuzz_env(fuzz_memory *m, size_t limit);
void fuzz_env_end(const fuzz_memory *m); /* aborts when something is still live */

/* Facts to fill; begin also lends their memory. End settles them, checks and gives it back. */
typedef struct fuzz_facts {
    alice__facts facts;
    alice_media_info info;
    char *arena;
} fuzz_facts;
void fuzz_facts_begin(fuzz_facts *f);
void fuzz_facts_end(fuzz_facts *f);

/* Read as a file of a format: from the head alone, by fetching, with little memory, and with a
 * fetch that fails. */
void fuzz_format(const alice__format *format, const uint8_t *data, size_t n);

/*
 * Hand to `one` an exact copy of the input, with ample and with little memory.
 * For blocks: exif, iptc, xmp, c2pa, texts.
 */
void fuzz_block(const uint8_t *data, size_t n,
                void (*one)(alice__facts *f, const alice_env *env, alice_bytes block));

#define FUZZ_CHECK(claim) ((claim) ? (void)0 : fuzz_broken(#claim, __FILE__, __LINE__))
void fuzz_broken(const char *claim, const char *file, int line);

#endif
