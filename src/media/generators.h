/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_GENERATORS_H
#define ALICE_MEDIA_GENERATORS_H

/* The rows of ALICE_GENERATOR_LIST, by generator. */

#include <alice/media.h>

enum { ALICE__WORD = 40 }; /* the longest word, with its NUL */

typedef struct alice__generator {
    const char *name;
    const char *words, *common_words, *in_names, *before_names;
    bool describes;
} alice__generator;

extern const alice__generator alice__generators[ALICE_GEN_COUNT];

/* The next word of a list, of which `*list` is what is left. False: there are no more. */
bool alice__next_word(const char **list, char word[ALICE__WORD]);

#endif
