/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_NAMES_INT_H
#define ALICE_MEDIA_NAMES_INT_H

/*
 * What the parts of names.h share: names.c (generators, and what a file's names are
 * worth as facts), name_date.c (dates in names), name_pattern.c (in forms
 * of somebody's own), name_source.c (screenshots, senders,
 * the source's folder).
 */

#include <string.h>

#include "base/text.h"
#include "media/date.h"
#include "media/names.h"

typedef struct span {
    const char *p;
    size_t n;
} span;

/* Whether `s` begins with the lower-case `word` at `at`, whatever its case. */
static inline bool at_word(span s, size_t at, const char *word)
{
    for (; *word; word++, at++)
        if (at >= s.n || alice__lower(s.p[at]) != *word)
            return false;
    return true;
}

static inline bool is(span s, const char *word)
{
    return s.n == strlen(word) && at_word(s, 0, word);
}

/* A name without its extension. */
static inline span stem_of(const char *name)
{
    size_t n = strlen(name);
    const char *dot = strrchr(name, '.');
    if (dot && dot > name && n - (size_t)(dot - name) <= 6) {
        const char *e = dot + 1;
        while (alice__is_alnum(*e))
            e++;
        if (!*e)
            n = (size_t)(dot - name);
    }
    return (span){name, n};
}

static inline size_t digits_at(span s, size_t at)
{
    size_t n = 0;
    while (at + n < s.n && alice__is_digit(s.p[at + n]))
        n++;
    return n;
}

static inline int number_at(span s, size_t at, size_t n)
{
    int v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (s.p[at + i] - '0');
    return v;
}

static inline bool real_day(int year, int month, int day)
{
    return year >= 1900 && alice__date_exists(year, month, day);
}

static inline void set_day(alice_date *d, int year, int month, int day)
{
    memset(d, 0, sizeof *d);
    d->year = (int16_t)year;
    d->month = (uint8_t)month;
    d->day = (uint8_t)day;
}

/* ---- name_date.c ---- */

/*
 * The date in a name or a folder's name, of `*length` bytes at `*at`. NULL: there is one;
 * else why there is none ("" where nothing even looks like one).
 */
const char *alice__date_in(span s, alice_date *out, size_t *at, size_t *length);

/*
 * "1985-07", "1985-07 Rome", "1985 Summer - Grandma": a year that begins the name,
 * with its month or with a word behind it. A bare "1985" is a camera's number as well.
 */
bool alice__coarse_date(span s, alice_date *d);

/* ---- name_pattern.c ---- */

/* The date of a name that has the form of the pattern, which was checked. */
bool alice__pattern_date(const char *pattern, const char *name, alice_date *out);

/* ---- name_source.c ---- */

/* The program that a file came through, by its name; NULL: none that is known. */
const char *alice__sender_of(const char *name);

#endif
