/* SPDX-License-Identifier: MIT */
/*
 * Dates as text. One small scanner walks over the text; three orders are known:
 *
 *     digits first, four of them   year month day   2024:03:15, 20240315
 *     a word first                 month day year, or ctime with the year last
 *     one or two digits, a word    day month year   15 Mar 2024
 *
 * 03/04/2024 is none of them: nobody can tell its month. A time and a zone may
 * follow; if they are wrong they are left out, and the date stays.
 */
#include "media/date.h"

#include <string.h>

#include "base/text.h"

typedef struct scan {
    const char *p, *end;
} scan;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0;
}

int64_t alice__date_days(int year, int month, int day)
{
    /* Years begin in March here, so that the leap day is the last of its year. */
    int64_t y = month <= 2 ? (int64_t)year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void alice__date_of_days(int64_t days, alice_date *out)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;
    out->day = (uint8_t)(doy - (153 * mp + 2) / 5 + 1);
    out->month = (uint8_t)month;
    out->year = (int16_t)(yoe + era * 400 + (month <= 2 ? 1 : 0));
}

bool alice__date_of_unix(int64_t seconds, int zone_minutes, alice_date *out)
{
    enum { DAY = 86400 };
    /* 0001-01-02 to 9999-12-30: whatever the zone adds stays inside the calendar. */
    if (seconds < -62135510400 || seconds > 253402128000 || zone_minutes < -1440 ||
        zone_minutes > 1440)
        return false;
    int64_t local = seconds + (int64_t)zone_minutes * 60;
    int64_t days = local >= 0 ? local / DAY : -((DAY - 1 - local) / DAY);
    int64_t of_day = local - days * DAY;
    memset(out, 0, sizeof *out);
    alice__date_of_days(days, out);
    out->hour = (uint8_t)(of_day / 3600);
    out->minute = (uint8_t)(of_day / 60 % 60);
    out->second = (uint8_t)(of_day % 60);
    out->has_time = true;
    out->has_zone = true;
    out->zone_minutes = (int16_t)zone_minutes;
    return true;
}

bool alice__date_exists(int year, int month, int day)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
}

const char alice__in_the_future[] = "in the future";

int64_t alice__date_unix(const alice_date *d)
{
    int64_t days = alice__date_days(d->year, d->month ? d->month : 1, d->day ? d->day : 1);
    int64_t seconds = ((days * 24 + d->hour) * 60 + d->minute) * 60 + d->second;
    return d->has_zone ? seconds - (int64_t)d->zone_minutes * 60 : seconds;
}

bool alice__date_zone_between(const alice_date *local, int64_t utc, int *minutes)
{
    enum { QUARTER = 15 * 60, NEAR = 150, WEST = -12 * 3600, EAST = 14 * 3600 };
    alice_date wall = *local;
    wall.has_zone = false;
    int64_t apart = alice__date_unix(&wall) - utc;
    if (!local->has_time || apart < WEST - NEAR || apart > EAST + NEAR)
        return false;
    int64_t half = apart < 0 ? -QUARTER / 2 : QUARTER / 2;
    int64_t zone = (apart + half) / QUARTER * QUARTER;
    int64_t left = apart - zone;
    *minutes = (int)(zone / 60);
    return left >= -NEAR && left <= NEAR;
}

/*
 * Where clocks begin: cameras', at midnight of a year's first day (1980 is FAT's),
 * GPS receivers', and that of a phone of 2012. At any other second of these days a
 * picture may have been taken.
 */
static bool is_unset_clock(const alice_date *d)
{
    static const alice_date begins[] = {
        {.year = 1980, .month = 1, .day = 1},
        {.year = 1980, .month = 1, .day = 6},
        {.year = 2000, .month = 1, .day = 1},
        {.year = 2001, .month = 1, .day = 1},
        {.year = 2002, .month = 1, .day = 1},
        {.year = 2003, .month = 1, .day = 1},
        {.year = 2004, .month = 1, .day = 1},
        {.year = 2005, .month = 1, .day = 1},
        {.year = 2002, .month = 12, .day = 8, .hour = 12},
    };
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (d->year == begins[i].year && d->month == begins[i].month &&
            d->day == begins[i].day && d->hour == begins[i].hour && d->minute == 0 &&
            d->second == 0)
            return true;
    return false;
}

const char *alice__date_doubt(const alice_date *date, int64_t latest_day)
{
    if (date->year < 1900)
        return "before 1900";
    int64_t seconds = alice__date_unix(date);
    if (alice__date_days(date->year, date->month ? date->month : 1, date->day ? date->day : 1) >
        latest_day)
        return alice__in_the_future;
    if (date->has_time && (seconds == 0 || seconds == -2082844800))
        return "the zero of an epoch";
    if (date->has_time && is_unset_clock(date))
        return "where a clock begins that was never set";
    return NULL;
}

int alice__date_month(const char *text, size_t n)
{
    static const char names[12][10] = {"january",   "february", "march",    "april",
                                       "may",       "june",     "july",     "august",
                                       "september", "october",  "november", "december"};
    for (int m = 0; m < 12; m++) {
        size_t full = strlen(names[m]);
        if (n != 3 && n != full && !(m == 8 && n == 4))
            continue;
        size_t i = 0;
        while (i < n && alice__lower(text[i]) == names[m][i])
            i++;
        if (i == n)
            return m + 1;
    }
    return 0;
}

static bool is_weekday(const char *text, size_t n)
{
    static const char names[7][10] = {"monday", "tuesday",  "wednesday", "thursday",
                                      "friday", "saturday", "sunday"};
    for (int d = 0; d < 7; d++) {
        size_t i = 0;
        while (i < n && names[d][i] && alice__lower(text[i]) == names[d][i])
            i++;
        if (i == n && n >= 3)
            return true;
    }
    return false;
}

/* ---- the scanner ---- */

static size_t digits_ahead(const scan *s)
{
    const char *p = s->p;
    while (p < s->end && alice__is_digit(*p))
        p++;
    return (size_t)(p - s->p);
}

static size_t letters_ahead(const scan *s)
{
    const char *p = s->p;
    while (p < s->end && alice__is_alpha(*p))
        p++;
    return (size_t)(p - s->p);
}

static void skip_blanks(scan *s)
{
    while (s->p < s->end && is_blank(*s->p))
        s->p++;
}

/* A weekday of another language, cut to two or three letters: "Mo 18 Nov 2002". */
static bool is_short_word(const scan *s, size_t letters)
{
    scan ahead = {s->p + letters, s->end};
    if (letters < 2 || letters > 3 || alice__date_month(s->p, letters) != 0)
        return false;
    while (ahead.p < ahead.end && (*ahead.p == ',' || *ahead.p == '.'))
        ahead.p++;
    if (ahead.p == ahead.end || !is_blank(*ahead.p))
        return false;
    skip_blanks(&ahead);
    return ahead.p < ahead.end && alice__is_digit(*ahead.p);
}

/* A number of one to `most` digits; -1: none stands here. */
static int number(scan *s, size_t most)
{
    size_t n = digits_ahead(s);
    if (n == 0)
        return -1;
    if (n > most)
        n = most;
    int v = 0;
    while (n-- > 0)
        v = v * 10 + (*s->p++ - '0');
    return v;
}

/* One separator between parts of a date, and blanks about it ("2001/ 1/27"). */
static bool separator(scan *s, const char *set)
{
    skip_blanks(s);
    if (s->p == s->end || !strchr(set, *s->p))
        return false;
    s->p++;
    skip_blanks(s);
    return true;
}

bool alice__date_parse_zone(const char *text, size_t n, int *minutes)
{
    scan s = {text, text + n};
    skip_blanks(&s);
    while (s.end > s.p && is_blank(s.end[-1]))
        s.end--;
    size_t letters = letters_ahead(&s);
    if (letters > 0) {
        if (!((letters == 1 && alice__lower(*s.p) == 'z') ||
              (letters == 3 && (!memcmp(s.p, "UTC", 3) || !memcmp(s.p, "GMT", 3)))))
            return false;
        s.p += letters;
        if (s.p == s.end) {
            *minutes = 0;
            return true;
        }
    }
    if (s.p == s.end || (*s.p != '+' && *s.p != '-'))
        return false;
    bool west = *s.p++ == '-';
    int hours = number(&s, 2);
    if (s.p < s.end && *s.p == ':')
        s.p++;
    int rest = s.p < s.end ? number(&s, 2) : 0;
    if (hours < 0 || rest < 0 || hours > 14 || rest > 59 || s.p != s.end)
        return false;
    *minutes = (west ? -1 : 1) * (hours * 60 + rest);
    return true;
}

/* AM or PM after a time; false where the hour does not fit it. */
static bool half_of_day(scan *s, int *hour)
{
    scan ahead = *s;
    skip_blanks(&ahead);
    /* Some systems put a narrow no-break space there: U+202F. */
    if (ahead.end - ahead.p >= 3 && !memcmp(ahead.p, "\xE2\x80\xAF", 3))
        ahead.p += 3;
    if (ahead.end - ahead.p < 2 || alice__lower(ahead.p[1]) != 'm' ||
        (alice__lower(*ahead.p) != 'a' && alice__lower(*ahead.p) != 'p') ||
        letters_ahead(&ahead) != 2)
        return true;
    if (*hour < 1 || *hour > 12)
        return false;
    *hour = *hour % 12 + (alice__lower(*ahead.p) == 'p' ? 12 : 0);
    s->p = ahead.p + 2;
    return true;
}

/* "10:15[:00[.123]] [AM]", also "101500" and other separators. */
static bool clock_time(scan *s, alice_date *out)
{
    size_t run = digits_ahead(s);
    int hour = number(s, 2), minute = -1, second = 0;
    if (run == 4 || run >= 6) {
        minute = number(s, 2);
        if (run >= 6)
            second = number(s, 2);
    } else if (run == 1 || run == 2) {
        skip_blanks(s);
        bool colon = s->p < s->end && *s->p == ':';
        if (!separator(s, ":.-_"))
            return false;
        minute = number(s, 2);
        scan ahead = *s;
        /* "10:15-04:00" has no seconds, but a zone. */
        if (ahead.p < ahead.end && strchr(colon ? ":." : ":.-_", *ahead.p)) {
            ahead.p++;
            skip_blanks(&ahead);
            if (digits_ahead(&ahead) >= 1 && digits_ahead(&ahead) <= 2) {
                second = number(&ahead, 2);
                *s = ahead;
            }
        }
    }
    if (s->p < s->end && (*s->p == '.' || *s->p == ',')) {
        scan ahead = {s->p + 1, s->end};
        size_t fraction = digits_ahead(&ahead);
        if (fraction > 0)
            s->p += 1 + fraction;
    }
    if (!half_of_day(s, &hour) || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60)
        return false;
    out->hour = (uint8_t)hour;
    out->minute = (uint8_t)minute;
    out->second = (uint8_t)(second == 60 ? 59 : second); /* a leap second */
    out->has_time = true;
    return true;
}

static void zone(scan *s, alice_date *out)
{
    int minutes;
    skip_blanks(s);
    const char *e = s->p;
    while (e < s->end && !is_blank(*e))
        e++;
    if (e > s->p && alice__date_parse_zone(s->p, (size_t)(e - s->p), &minutes)) {
        out->has_zone = true;
        out->zone_minutes = (int16_t)minutes;
        s->p = e;
    }
}

/* What may follow a date: separators, a time, a zone. A bad one is left out. */
static void time_and_zone(scan *s, alice_date *out)
{
    if (s->p < s->end && (*s->p == 'T' || *s->p == 't'))
        s->p++;
    while (s->p < s->end && (is_blank(*s->p) || strchr(",:_-T", *s->p)))
        s->p++;
    if (clock_time(s, out))
        zone(s, out);
}

/* ---- the orders ---- */

static const char *calendar(alice_date *out, int year, int month, int day)
{
    if (month == 0 || day == 0)
        return "month or day is zero";
    if (month > 12)
        return "no such month";
    if (!alice__date_exists(year, month, day))
        return "no such day in the calendar";
    out->year = (int16_t)year;
    out->month = (uint8_t)month;
    out->day = (uint8_t)day;
    return NULL;
}

static const char *year_first(scan *s, alice_date *out)
{
    static const char set[] = ":-/._";
    size_t run = digits_ahead(s);
    int year, month, day;
    if (run == 8 || run == 12 || run == 14) {
        year = number(s, 4);
        month = number(s, 2);
        day = number(s, 2);
    } else if (run == 4) {
        year = number(s, 4);
        scan ahead = *s;
        skip_blanks(&ahead);
        if (ahead.p == ahead.end)
            return "only a year";
        if (!separator(s, set))
            return "not a date";
        month = number(s, 2);
        if (month < 0)
            return "only a year";
        bool more = separator(s, set);
        day = more ? number(s, 2) : -1;
        if (day < 0)
            return "only a year and a month";
        if (s->p < s->end && alice__is_digit(*s->p))
            return "not a date";
    } else {
        return run > 4 ? "not a date" : "not a four-digit year";
    }
    const char *reason = calendar(out, year, month, day);
    if (!reason)
        time_and_zone(s, out);
    return reason;
}

/* "15 Mar 2024 10:15:00 GMT" */
static const char *day_first(scan *s, alice_date *out)
{
    int day = number(s, 2);
    if (s->p < s->end && *s->p == ':')
        return "not a four-digit year";
    while (s->p < s->end && (is_blank(*s->p) || *s->p == '-' || *s->p == '.'))
        s->p++;
    size_t letters = letters_ahead(s);
    int month = alice__date_month(s->p, letters);
    if (month == 0)
        return letters ? "not a date" : "day and month cannot be told apart";
    s->p += letters;
    while (s->p < s->end && (is_blank(*s->p) || strchr("-.,", *s->p)))
        s->p++;
    if (digits_ahead(s) != 4)
        return "not a four-digit year";
    int year = number(s, 4);
    const char *reason = calendar(out, year, month, day);
    if (!reason)
        time_and_zone(s, out);
    return reason;
}

/* "Mar 10 15:04:43 [zone] 2008" (ctime) and "Mar 31, 2025, 10:15 AM" */
static const char *month_first(scan *s, alice_date *out)
{
    size_t letters = letters_ahead(s);
    int month = alice__date_month(s->p, letters);
    if (month == 0)
        return "not a date";
    s->p += letters;
    while (s->p < s->end && (is_blank(*s->p) || *s->p == '.'))
        s->p++;
    if (digits_ahead(s) < 1 || digits_ahead(s) > 2)
        return "not a date";
    int day = number(s, 2);
    while (s->p < s->end && (is_blank(*s->p) || *s->p == ','))
        s->p++;
    if (digits_ahead(s) == 4) {
        int year = number(s, 4);
        const char *reason = calendar(out, year, month, day);
        if (!reason) {
            scan ahead = *s; /* "at" before the time */
            while (ahead.p < ahead.end && (is_blank(*ahead.p) || *ahead.p == ','))
                ahead.p++;
            if (ahead.end - ahead.p > 3 && !memcmp(ahead.p, "at ", 3))
                s->p = ahead.p + 3;
            time_and_zone(s, out);
        }
        return reason;
    }
    alice_date clock = {0};
    if (!clock_time(s, &clock))
        return "not a date";
    zone(s, &clock);
    skip_blanks(s);
    if (!clock.has_zone && letters_ahead(s) > 0) { /* a zone's name, which tells nothing */
        s->p += letters_ahead(s);
        skip_blanks(s);
    }
    if (digits_ahead(s) != 4)
        return "not a four-digit year";
    const char *reason = calendar(out, number(s, 4), month, day);
    if (!reason) {
        clock.year = out->year;
        clock.month = out->month;
        clock.day = out->day;
        *out = clock;
    }
    return reason;
}

const char *alice__date_parse(const char *text, size_t n, alice_date *out)
{
    scan s = {text, text + n};
    memset(out, 0, sizeof *out);
    skip_blanks(&s);
    while (s.end > s.p && is_blank(s.end[-1]))
        s.end--;
    bool digit = false, other = false;
    for (const char *p = s.p; p < s.end; p++) {
        digit |= alice__is_digit(*p) && *p != '0';
        other |= alice__is_alpha(*p);
    }
    if (!digit && !other)
        return s.p == s.end || !memchr(s.p, '0', (size_t)(s.end - s.p)) ? "blank" : "all zeros";

    size_t letters = letters_ahead(&s);
    if (letters > 0 && (is_weekday(s.p, letters) || is_short_word(&s, letters))) {
        s.p += letters;
        while (s.p < s.end && (is_blank(*s.p) || *s.p == ',' || *s.p == '.'))
            s.p++;
    }
    if (s.p == s.end)
        return "not a date";
    if (alice__is_alpha(*s.p))
        return month_first(&s, out);
    if (!alice__is_digit(*s.p))
        return "not a date";
    return digits_ahead(&s) <= 2 ? day_first(&s, out) : year_first(&s, out);
}
