/* SPDX-License-Identifier: MIT */
#ifndef ALICE_ORGANIZE_LAYOUT_H
#define ALICE_ORGANIZE_LAYOUT_H

/*
 * A template for the paths below organized:
 *
 *   {date:%Y}/{camera|unknown}/{name}        tokens, with a format and a word for what is
 * absent
 *
 * It is read once and checked whole; whatever the facts are then, what comes out is a path of
 * plain names below organized. Pure, as plan.c is.
 */

#include "organize/plan.h"

typedef enum alice__token {
    ALICE__TOKEN_LITERAL,
    ALICE__TOKEN_SLASH,
    ALICE__TOKEN_DATE,
    ALICE__TOKEN_PROJECT,
    ALICE__TOKEN_ORIGIN,
    ALICE__TOKEN_CAMERA,
    ALICE__TOKEN_TYPE,
    ALICE__TOKEN_NUMBER,
    ALICE__TOKEN_NAME,
    ALICE__TOKEN_EXT,
    ALICE__TOKEN_HASH,
    ALICE__TOKEN_MODEL,
    ALICE__TOKEN_SEED,
    ALICE__TOKEN_ALBUM,
    ALICE__TOKEN_COUNT
} alice__token;

enum { ALICE__LAYOUT_MAX = 512, ALICE__LAYOUT_PARTS = 64 };

/* Of `text`: where its argument (a literal: itself) and its word for what is absent stand. */
typedef struct alice__layout_part {
    uint8_t token;
    bool has_word;
    uint16_t arg, arg_n, word, word_n;
} alice__layout_part;

typedef struct alice__layout {
    char text[ALICE__LAYOUT_MAX];
    size_t n;
    alice__layout_part part[ALICE__LAYOUT_PARTS];
    bool uses[ALICE__TOKEN_COUNT];
    bool ends_in_ext; /* it says ".{ext}" itself */
} alice__layout;

/* Read a template, or the name of a preset. ALICE_E_INVAL: `error` says what is wrong where. */
alice_status alice__layout_parse(alice__layout *out, const char *text, alice_error *error);

/*
 * The path of a file; `again` above 1 stands behind its name, "-2", so that two never get one
 * path. `*base`: bytes before the "-2" and the extension. ALICE_E_TOOBIG.
 */
alice_status alice__layout_path(const alice__layout *layout, const alice__plan *plan,
                                uint64_t again, char *out, size_t size, size_t *base);

#endif
