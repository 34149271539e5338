/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_ARCHIVE_INPUT_H
#define ALICE_ORGANIZE_ARCHIVE_INPUT_H

/*
 * The bytes of an archive, one block after another: as they stand in its file or, of a .tgz, as
 * they were before they were packed, held against the checksum that was written with them.
 * What ends too early or is not what it was is told, never passed over.
 */

#include <alice/env.h>

#include "media/inflate.h"
#include "port/fs_ops.h"

enum { ALICE__ARCHIVE_CHUNK = 64 * 1024 };

typedef struct alice__archive_input {
    const alice__fs_ops *fs;
    alice_env *env;
    int fd;
    bool packed;      /* by gzip */
    bool member_ends; /* of what is packed: nothing of the next one was read */
    uint64_t at;      /* bytes read of the file */
    uint64_t size;    /* of the file */
    uint64_t zeros;   /* how many the bytes that were given out end with */
    int bad;          /* -errno of reading the file */
    const char *why;  /* in words, what is wrong with it; NULL: nothing so far */
    uint8_t *raw;     /* of the file */
    uint8_t *out;     /* unpacked; NULL where nothing is packed */
    z_stream z;
} alice__archive_input;

/* Open the archive. A file that cannot be opened or read sets `why`, and is ALICE_OK; close it
 * in any case. ALICE_E_BUDGET, ALICE_E_NOMEM. */
alice_status alice__archive_input_open(alice__archive_input *in, const alice__fs_ops *fs,
                                       alice_env *env, const char *path);

/* The next bytes, valid until the next call; *n 0: there are no more, or in->why says why not.
 */
void alice__archive_input_next(alice__archive_input *in, const void **block, size_t *n);

void alice__archive_input_close(alice__archive_input *in);

#endif
