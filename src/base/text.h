/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_TEXT_H
#define ALICE_BASE_TEXT_H

/* Letters, beside <alice/text.h>. The first four know ASCII alone, whatever the locale. */

#include <string.h>

#include <alice/text.h>

static inline char alice__lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool alice__is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool alice__is_alpha(char c)
{
    return alice__lower(c) >= 'a' && alice__lower(c) <= 'z';
}

static inline bool alice__is_alnum(char c)
{
    return alice__is_digit(c) || alice__is_alpha(c);
}

/* Whether two words are the same; most that are not differ in their first letter. */
static inline bool alice__same(const char *a, const char *b)
{
    return *a == *b && strcmp(a, b) == 0;
}

/* Whether two words are the same, whatever their case. */
static inline bool alice__same_word(const char *a, const char *b)
{
    while (*a && alice__lower(*a) == alice__lower(*b)) {
        a++;
        b++;
    }
    return *a == 0 && *b == 0;
}

/* `name` with simple case folding (ASCII, Latin, Greek, Cyrillic), for keys: what
   a case-insensitive file system takes for the same name folds to the same key. */
void alice__fold_case(const char *name, char *out, size_t size);

#endif
