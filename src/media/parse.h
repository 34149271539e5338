/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_PARSE_H
#define ALICE_MEDIA_PARSE_H

/* The context in which one file is parsed. */

#include "media/facts.h"

/* What a format reader works with besides: memory of the analyzer, lent for one file. */
typedef struct alice__parse {
    alice_env env;    /* pays for inflate, XML and brotli state */
    uint8_t *scratch; /* ALICE__SCRATCH bytes for fetched ranges */
    const alice__input *in;
    alice__facts *facts;
} alice__parse;
enum { ALICE__SCRATCH = 65536 };

#endif
