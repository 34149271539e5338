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

/* The letters with which words of a text begin: few words of few generators have to be looked
 * for. */
typedef struct alice__initials {
    bool of[256]; /* lower case */
} alice__initials;
void alice__initials_of(const char *text, size_t n, alice__initials *out);

/* The next word of a list, of which `*list` is what is left, that begins with one of these
 * letters. False: there are no more. */
bool alice__next_word(const char **list, const alice__initials *initials,
                      char word[ALICE__WORD]);

#endif
