/* SPDX-License-Identifier: MIT */
/*
 * Zones by place. The table is constant and has no pointers, so that nothing of it is
 * memory of this process, and only who asks for a place reads it at all.
 *
 * A zone's file has a block of 32-bit times, which is passed over, one of 64-bit times,
 * and behind it the rule for all times to come, as TZ has it: "CET-1CEST,M3.5.0,M10.5.0/3".
 */
#include "media/zone.h"

#include <string.h>

#include "base/cursor.h"
#include "base/text.h"
#include "media/date.h"
#include "media/zone_list.h"

/* ---- the nearest place ---- */

typedef struct place {
    int16_t latitude, longitude; /* hundredths of a degree */
    char zone[32];
} place;

static const place places[] = {
#define PLACE(latitude, longitude, zone) {latitude, longitude, zone},
    ALICE__ZONE_PLACES(PLACE)
#undef PLACE
};

/* Of an angle between -90 and 90 degrees; wrong by less than 0.0001. */
static double cosine(double degrees)
{
    double x = degrees * 3.14159265358979 / 180, q = x * x;
    return 1 - q / 2 * (1 - q / 12 * (1 - q / 30 * (1 - q / 56)));
}

const char *alice__zone_of_place(int32_t latitude, int32_t longitude)
{
    const double farthest = 1500 / 111.2; /* km of a degree on a great circle */
    double north = (double)latitude / ALICE__DEGREE, east = (double)longitude / ALICE__DEGREE;
    double best = farthest * farthest;
    const char *zone = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        double up = places[i].latitude / 100.0 - north;
        double side = places[i].longitude / 100.0 - east;
        if (side > 180)
            side -= 360;
        else if (side < -180)
            side += 360;
        side *= cosine((places[i].latitude / 100.0 + north) / 2);
        double far = up * up + side * side;
        if (far < best) {
            best = far;
            zone = places[i].zone;
        }
    }
    return zone;
}

/* ---- the rule behind the times ---- */

typedef struct change { /* of a year, as TZ names it */
    char kind;          /* 'M': the week-th weekday of a month; 'J', '0': a day of the year */
    int month, week, day;
    int32_t at_s; /* of the day, by the clock until then */
} change;

typedef struct rule {
    int32_t standard_s, summer_s; /* east of UTC */
    bool changes;
    change begins, ends;
} rule;

/* Digits up to `most`; -1: none, or beyond it. */
static int number(alice__cur *c, int most)
{
    int v = -1;
    while (c->left > 0 && alice__is_digit((char)*c->p)) {
        v = (v < 0 ? 0 : v * 10) + (*c->p - '0');
        if (v > most)
            return -1;
        alice__cur_skip(c, 1);
    }
    return v;
}

static bool next_is(alice__cur *c, char ch)
{
    if (c->left == 0 || *c->p != (uint8_t)ch)
        return false;
    alice__cur_skip(c, 1);
    return true;
}

/* [+-]h[h[h]][:mm[:ss]] */
static bool clock_of(alice__cur *c, int32_t *seconds)
{
    bool minus = next_is(c, '-');
    if (!minus)
        (void)next_is(c, '+');
    int h = number(c, 167), m = 0, s = 0;
    if (h >= 0 && next_is(c, ':')) {
        m = number(c, 59);
        if (m >= 0 && next_is(c, ':'))
            s = number(c, 59);
    }
    *seconds = (minus ? -1 : 1) * ((h * 60 + m) * 60 + s);
    return h >= 0 && m >= 0 && s >= 0;
}

/* Letters, or anything in <>. */
static bool zone_name(alice__cur *c)
{
    size_t n = 0;
    bool quoted = next_is(c, '<');
    while (c->left > 0 && (quoted ? *c->p != '>' : alice__is_alpha((char)*c->p))) {
        alice__cur_skip(c, 1);
        n++;
    }
    return n >= 3 && (!quoted || next_is(c, '>'));
}

static bool change_of(alice__cur *c, change *out)
{
    *out = (change){.kind = '0', .at_s = 2 * 3600};
    if (!next_is(c, ','))
        return false;
    if (next_is(c, 'M')) {
        out->kind = 'M';
        out->month = number(c, 12);
        out->week = next_is(c, '.') ? number(c, 5) : -1;
        out->day = next_is(c, '.') ? number(c, 6) : -1;
        if (out->month < 1 || out->week < 1 || out->day < 0)
            return false;
    } else {
        out->kind = next_is(c, 'J') ? 'J' : '0';
        out->day = number(c, 365);
        if (out->day < (out->kind == 'J'))
            return false;
    }
    return !next_is(c, '/') || clock_of(c, &out->at_s);
}

static bool rule_of(alice__cur c, rule *out)
{
    int32_t west;
    if (!zone_name(&c) || !clock_of(&c, &west))
        return false;
    *out = (rule){.standard_s = -west, .summer_s = -west + 3600};
    if (c.left == 0)
        return true;
    if (!zone_name(&c))
        return false;
    if (c.left > 0 && *c.p != ',') {
        if (!clock_of(&c, &west))
            return false;
        out->summer_s = -west;
    }
    out->changes = true;
    return change_of(&c, &out->begins) && change_of(&c, &out->ends) && c.left == 0;
}

/* Its moment in a year, in seconds since 1970 of the clock on the wall until then. */
static int64_t moment_of(const change *c, int year)
{
    int64_t day = alice__date_days(year, 1, 1) + c->day;
    if (c->kind == 'J') { /* the first of March is the 60th, also in leap years */
        day = day - 1 + (c->day >= 60 && alice__date_exists(year, 2, 29) ? 1 : 0);
    } else if (c->kind == 'M') {
        int64_t first = alice__date_days(year, c->month, 1);
        int weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
        int of_month = 1 + (c->day - weekday + 7) % 7 + 7 * (c->week - 1);
        while (!alice__date_exists(year, c->month, of_month))
            of_month -= 7; /* the fifth is the last */
        day = first + of_month - 1;
    }
    return day * 86400 + c->at_s;
}

static int32_t offset_by_rule(const rule *r, int64_t unix_s)
{
    alice_date date;
    if (!r->changes || !alice__date_of_unix(unix_s + r->standard_s, 0, &date))
        return r->standard_s;
    int64_t begins = moment_of(&r->begins, date.year) - r->standard_s;
    int64_t ends = moment_of(&r->ends, date.year) - r->summer_s;
    bool summer =
        begins < ends ? unix_s >= begins && unix_s < ends : unix_s >= begins || unix_s < ends;
    return summer ? r->summer_s : r->standard_s;
}

/* ---- the file ---- */

typedef struct header {
    uint32_t utc_flags, wall_flags, leaps, times, types, letters;
} header;

static bool header_of(alice__cur *c, header *out, uint8_t *version)
{
    const uint8_t *magic = alice__cur_take(c, 4);
    if (!magic || memcmp(magic, "TZif", 4) != 0)
        return false;
    *version = alice__cur_u8(c);
    alice__cur_skip(c, 15);
    out->utc_flags = alice__cur_be32(c);
    out->wall_flags = alice__cur_be32(c);
    out->leaps = alice__cur_be32(c);
    out->times = alice__cur_be32(c);
    out->types = alice__cur_be32(c);
    out->letters = alice__cur_be32(c);
    /* Each is at least a byte of a file of at most so many: no product of them overflows. */
    const uint32_t most = ALICE__ZONE_FILE_MOST;
    return !c->bad && out->utc_flags <= most && out->wall_flags <= most && out->leaps <= most &&
           out->times <= most && out->types > 0 && out->types <= 256 && out->letters <= most;
}

static int32_t signed_of(uint32_t v)
{
    return v <= INT32_MAX ? (int32_t)v : -(int32_t)(UINT32_MAX - v) - 1;
}

bool alice__zone_minutes(const void *file, size_t n, int64_t unix_s, int *minutes)
{
    enum { TYPE = 6, DAY = 86400 };
    header h;
    uint8_t version;
    rule r;
    alice_date date;
    alice__cur c = alice__cur_of(file, n);
    if (!alice__date_of_unix(unix_s, 0, &date)) /* beyond the calendar */
        return false;
    if (n > ALICE__ZONE_FILE_MOST || !header_of(&c, &h, &version) || version < '2')
        return false;
    alice__cur_skip(&c, (size_t)h.times * 5 + (size_t)h.types * TYPE + h.letters +
                            (size_t)h.leaps * 8 + h.wall_flags + h.utc_flags);
    if (!header_of(&c, &h, &version))
        return false;
    alice__cur times = alice__cur_sub(&c, (size_t)h.times * 8);
    alice__cur kinds = alice__cur_sub(&c, h.times), types = alice__cur_sub(&c, h.types * TYPE);
    alice__cur_skip(&c, h.letters + (size_t)h.leaps * 12 + h.wall_flags + h.utc_flags);
    if (c.bad)
        return false;

    unsigned kind = 0; /* before the first change */
    uint32_t passed = 0;
    while (passed < h.times) {
        uint64_t u = alice__cur_be64(&times);
        int64_t at = u <= INT64_MAX ? (int64_t)u : -(int64_t)(UINT64_MAX - u) - 1;
        if (at > unix_s)
            break;
        kind = alice__cur_u8(&kinds);
        passed++;
    }
    int32_t seconds = 0;
    const uint8_t *end = NULL;
    if (passed == h.times && next_is(&c, '\n'))
        end = c.left > 0 ? memchr(c.p, '\n', c.left) : NULL;
    if (end && end > c.p && rule_of(alice__cur_of(c.p, (size_t)(end - c.p)), &r)) {
        seconds = offset_by_rule(&r, unix_s);
    } else {
        alice__cur_skip(&types, (size_t)kind * TYPE);
        seconds = signed_of(alice__cur_be32(&types));
    }
    if (times.bad || kinds.bad || types.bad || seconds < -DAY || seconds > DAY)
        return false;
    *minutes = seconds / 60;
    return true;
}

/* ---- positions as text ---- */

/* ±DD[MM[SS]][.fraction], of `whole` digits of degrees, in ten-thousandths of a degree. */
static bool coordinate(alice__cur *c, size_t whole, int32_t *out)
{
    bool minus = next_is(c, '-');
    if (!minus && !next_is(c, '+'))
        return false;
    const uint8_t *p = c->p;
    size_t n = 0;
    while (n < c->left && alice__is_digit((char)p[n]))
        n++;
    if (n != whole && n != whole + 2 && n != whole + 4)
        return false;
    /* Degrees, minutes, seconds: the last has the fraction. */
    double parts[3] = {0}, digit = 1;
    size_t last = (n - whole) / 2;
    for (size_t i = 0; i < n; i++) {
        size_t part = i < whole ? 0 : (i - whole) / 2 + 1;
        parts[part] = parts[part] * 10 + (p[i] - '0');
    }
    alice__cur_skip(c, n);
    if (next_is(c, '.'))
        for (; c->left > 0 && alice__is_digit((char)*c->p); alice__cur_skip(c, 1))
            parts[last] += (*c->p - '0') * (digit /= 10);
    double degrees = parts[0] + parts[1] / 60 + parts[2] / 3600;
    if (degrees > (whole == 2 ? 90 : 180) || parts[1] >= 60 || parts[2] >= 60)
        return false;
    *out = (int32_t)(degrees * ALICE__DEGREE + 0.5) * (minus ? -1 : 1);
    return true;
}

bool alice__zone_parse_position(const char *text, size_t n, int32_t *latitude,
                                int32_t *longitude)
{
    alice__cur c = alice__cur_of(text, n);
    return coordinate(&c, 2, latitude) && coordinate(&c, 3, longitude);
}
