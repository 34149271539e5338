/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_INFLATE_H
#define ALICE_MEDIA_INFLATE_H

/* zlib's inflate, whose memory an environment pays for. */

#include <zlib.h>

#include <alice/env.h>

enum {
    ALICE__INFLATE_ZLIB = MAX_WBITS,
    ALICE__INFLATE_GZIP = MAX_WBITS + 16 /* with its header and its checksum */
};

/* `env` is borrowed until inflateEnd(). ALICE_E_NOMEM: the environment has none left. */
alice_status alice__inflate_begin(z_stream *z, alice_env *env, int window_bits);

#endif
