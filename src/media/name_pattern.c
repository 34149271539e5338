/* SPDX-License-Identifier: MIT */
/*
 * Dates in names of somebody's own form: "Scan_%d.%m.%Y_*". A pattern is a whole name without
 * its extension. A field has a fixed width, so a pattern is matched in one pass, begun anew
 * behind its latest star where that fails: as many steps as the name and the pattern have
 * bytes, at most multiplied.
 */
#include "media/names_int.h"

#include <alice/media.h>

#include "base/error.h"

enum { PATTERN_MAX = 255 };

/* The fields, their width, and what has to be given with them. */
static const struct field {
    char letter, needs;
    uint8_t width;
} fields[] = {
    {'Y', 0, 4},   {'y', 0, 2},   {'m', 0, 2},   {'b', 0, 3},
    {'d', 'm', 2}, {'H', 'd', 2}, {'M', 'H', 2}, {'S', 'M', 2},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static const struct field *field_of(char letter)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].letter == letter)
            return &fields[i];
    return NULL;
}

/* What was read of a name so far. */
typedef struct reading {
    int year, month, day, hour, minute, second;
    bool has_time;
} reading;

static bool take_field(const struct field *f, span s, size_t at, reading *r)
{
    if (s.n - at < f->width)
        return false;
    if (f->letter == 'b') {
        r->month = alice__date_month(s.p + at, f->width);
        return r->month != 0;
    }
    if (digits_at((span){s.p, at + f->width}, at) < f->width)
        return false;
    int v = number_at(s, at, f->width);
    switch (f->letter) {
    case 'Y':
        r->year = v;
        return v >= 1900;
    case 'y': /* as POSIX reads it */
        r->year = v < 69 ? 2000 + v : 1900 + v;
        return true;
    case 'm':
        r->month = v;
        return v >= 1 && v <= 12;
    case 'd':
        r->day = v;
        return v >= 1 && v <= 31;
    case 'H':
        r->hour = v;
        r->has_time = true;
        return v < 24;
    case 'M':
        r->minute = v;
        return v < 60;
    default:
        r->second = v;
        return v < 60;
    }
}

static bool is_a_date(const reading *r)
{
    return r->year && (!r->day || real_day(r->year, r->month, r->day));
}

bool alice__pattern_date(const char *pattern, const char *name, alice_date *out)
{
    span s = stem_of(name);
    reading r = {.year = 0};
    const char *p = pattern, *star = NULL;
    size_t at = 0, star_at = 0;
    for (;;) {
        bool fits = true;
        if (*p == '*') {
            star = ++p;
            star_at = at;
            if (!*p && is_a_date(&r)) /* it takes the rest */
                break;
            fits = *p != 0;
        } else if (!*p) {
            if (at == s.n && is_a_date(&r))
                break;
            fits = false;
        } else if (*p == '%' && p[1] != '%') {
            const struct field *f = field_of(p[1]);
            fits = f && take_field(f, s, at, &r);
            at += fits ? f->width : 0;
            p += 2;
        } else {
            p += *p == '%';
            fits = at < s.n && (*p == '?' || alice__lower(*p) == alice__lower(s.p[at]));
            at++;
            p++;
        }
        if (fits)
            continue;
        if (!star || star_at >= s.n)
            return false;
        p = star;
        at = ++star_at;
    }
    set_day(out, r.year, r.month, r.day);
    out->hour = (uint8_t)r.hour;
    out->minute = (uint8_t)r.minute;
    out->second = (uint8_t)r.second;
    out->has_time = r.has_time;
    return true;
}

/* Every field once, and with what it needs. */
static alice_status check_fields(const char *pattern, const bool *given, alice_error *error)
{
    bool year = given['Y'] || given['y'], month = given['m'] || given['b'];
    if (!year)
        return alice__fail(error, ALICE_E_INVAL, 0,
                           "%s has no year: %%Y, or %%y for two digits", pattern);
    if ((given['Y'] && given['y']) || (given['m'] && given['b']))
        return alice__fail(error, ALICE_E_INVAL, 0, "%s has %s twice", pattern,
                           given['Y'] && given['y'] ? "the year" : "the month");
    for (size_t i = 0; i < FIELDS; i++) {
        const char needs = fields[i].needs;
        if (given[(unsigned char)fields[i].letter] && needs &&
            !(needs == 'm' ? month : given[(unsigned char)needs]))
            return alice__fail(error, ALICE_E_INVAL, 0, "%s has %%%c without %%%c", pattern,
                               fields[i].letter, needs);
    }
    return ALICE_OK;
}

alice_status alice_date_pattern_check(const char *pattern, alice_error *error)
{
    bool given[128] = {false};
    if (!pattern || !*pattern || strlen(pattern) > PATTERN_MAX)
        return alice__fail(error, ALICE_E_INVAL, 0, "a pattern has 1 to %d bytes", PATTERN_MAX);
    for (const char *p = pattern; *p; p++) {
        if (*p == '/')
            return alice__fail(
                error, ALICE_E_INVAL, 0,
                "%s has a slash: a pattern is of a file's name, not of its folders", pattern);
        if (*p != '%' || *++p == '%')
            continue;
        if (!*p || !field_of(*p))
            return alice__fail(
                error, ALICE_E_INVAL, 0,
                "%s has %%%.1s: there are %%Y %%y %%m %%b %%d %%H %%M %%S, and %%%% "
                "for a percent sign",
                pattern, p);
        if (given[(unsigned char)*p])
            return alice__fail(error, ALICE_E_INVAL, 0, "%s has %%%c twice", pattern, *p);
        given[(unsigned char)*p] = true;
    }
    return check_fields(pattern, given, error);
}
