/* SPDX-License-Identifier: MIT */
/*
 * Dates in names. A date in a name is believed only in a form that has one
 * reading: the year first with all its digits, or the month as a word.
 *
 *     compact     20240315  20240315_101500  20240315101500[123]
 *     separated   2024-03-15  2024_03_15 10.15.00  2024-03-15 at 10.15.00 AM
 *     in words    Mar 31, 2025, 10_15_00 AM   31 March 2025
 *     epoch       13 digits, after prefixes that are known to write milliseconds
 *
 * Numbers that look like one but are part of something longer are left alone,
 * and so are names with two different dates.
 */
#include "media/names_int.h"

/* ---- a time behind a date ---- */

static bool set_time(alice_date *d, int hour, int minute, int second)
{
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    d->hour = (uint8_t)hour;
    d->minute = (uint8_t)minute;
    d->second = (uint8_t)second;
    d->has_time = true;
    return true;
}

/* " AM", "PM": moves the hour. False where they contradict. */
static bool half_of_day(span s, size_t *at, int *hour)
{
    size_t i = *at;
    while (i < s.n && (s.p[i] == ' ' || s.p[i] == '_' || (unsigned char)s.p[i] >= 0x80))
        i++;
    bool pm = at_word(s, i, "pm");
    if ((!pm && !at_word(s, i, "am")) || (i + 2 < s.n && alice__is_alnum(s.p[i + 2])))
        return true;
    if (*hour < 1 || *hour > 12)
        return false;
    *hour = *hour % 12 + (pm ? 12 : 0);
    *at = i + 2;
    return true;
}

/* "10.15.00", "10-15-00 PM", "101500", "101500123": the end of it, or 0. */
static size_t clock_at(span s, size_t at, bool compact_too, bool short_too, alice_date *d)
{
    static const char set[] = ".-_:";
    size_t run = digits_at(s, at);
    if (compact_too && (run == 6 || run == 9)) {
        if (!set_time(d, number_at(s, at, 2), number_at(s, at + 2, 2), number_at(s, at + 4, 2)))
            return 0;
        return at + run;
    }
    if ((run != 1 && run != 2) || at + run >= s.n || !strchr(set, s.p[at + run]))
        return 0;
    int hour = number_at(s, at, run), minute, second = 0;
    at += run + 1;
    if (digits_at(s, at) != 2)
        return 0;
    minute = number_at(s, at, 2);
    at += 2;
    if (at < s.n && strchr(set, s.p[at]) && digits_at(s, at + 1) == 2) {
        second = number_at(s, at + 1, 2);
        at += 3;
    } else if (!short_too) {
        return 0;
    }
    if (!half_of_day(s, &at, &hour) || !set_time(d, hour, minute, second))
        return 0;
    return at;
}

/*
 * Separators, maybe one word ("at", "um", "à", "a las"), and a time. Behind a
 * word only the separated form counts. Answers the end of it, or `at`.
 */
static size_t time_after(span s, size_t at, alice_date *d)
{
    size_t i = at;
    bool word = false;
    while (i < s.n && i - at < 14 && !alice__is_digit(s.p[i])) {
        char c = s.p[i];
        bool letter = alice__is_alpha(c) || (unsigned char)c >= 0x80;
        if (!letter && !strchr(" _-,T", c))
            return at;
        word |= letter && !(c == 'T' && i == at);
        i++;
    }
    if (i == at || i >= s.n)
        return at;
    size_t end = clock_at(s, i, !word, word, d);
    return end ? end : at;
}

/* ---- the forms ---- */

/* The letters that end before `at`. */
static span word_before(span s, size_t at)
{
    size_t start = at;
    while (start > 0 && alice__is_alpha(s.p[start - 1]))
        start--;
    return (span){s.p + start, at - start};
}

/* Words that are written with a date glued to them. */
static bool glues_date(span word)
{
    static const char *const words[] = {"img",   "vid",   "pxl",        "mvimg", "burst",
                                        "pano",  "dsc",   "screenshot", "photo", "video",
                                        "dji",   "movie", "snap",       "pic",   "scan",
                                        "image", "mov",   "svid",       "p",     "v"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is(word, words[i]))
            return true;
    return false;
}

/* Blanks between groups of digits, or a plus before them: what people telephone with. */
static bool phone_number_before(span s, size_t at)
{
    return (at > 0 && s.p[at - 1] == '+') ||
           (at > 1 && s.p[at - 1] == ' ' && alice__is_digit(s.p[at - 2]));
}

/* 20240315 and what follows it. The end, or 0. */
static size_t compact_at(span s, size_t at, alice_date *d)
{
    size_t run = digits_at(s, at);
    if (run != 8 && run != 14 && run != 17)
        return 0;
    if (at > 0 && alice__is_alpha(s.p[at - 1]) && !glues_date(word_before(s, at)))
        return 0;
    int year = number_at(s, at, 4), month = number_at(s, at + 4, 2),
        day = number_at(s, at + 6, 2);
    if (!real_day(year, month, day))
        return 0;
    if (run == 8 && phone_number_before(s, at))
        return 0;
    set_day(d, year, month, day);
    if (run > 8) {
        if (!set_time(d, number_at(s, at + 8, 2), number_at(s, at + 10, 2),
                      number_at(s, at + 12, 2)))
            return 0;
        return at + run;
    }
    size_t end = at + 8;
    if (end < s.n && alice__is_alpha(s.p[end]) &&
        !(s.p[end] == 'T' && end + 1 < s.n && alice__is_digit(s.p[end + 1])))
        return 0;
    return time_after(s, end, d);
}

/* True where "15-03-" stands before `at`: then the year that follows is not the first part. */
static bool day_and_month_before(span s, size_t at, char separator)
{
    for (int part = 0; part < 2; part++) {
        if (at == 0 || s.p[at - 1] != separator)
            return false;
        at--;
        size_t digits = 0;
        while (at > 0 && alice__is_digit(s.p[at - 1]) && digits < 3) {
            at--;
            digits++;
        }
        if (digits < 1 || digits > 2)
            return false;
    }
    return true;
}

/* 2024-03-15 and what follows it. The end, or 0. */
static size_t separated_at(span s, size_t at, alice_date *d)
{
    if (digits_at(s, at) != 4 || at + 10 > s.n)
        return 0;
    char separator = s.p[at + 4];
    if (!strchr("-_.", separator) || s.p[at + 7] != separator || digits_at(s, at + 5) != 2 ||
        digits_at(s, at + 8) != 2 || day_and_month_before(s, at, separator))
        return 0;
    int year = number_at(s, at, 4), month = number_at(s, at + 5, 2),
        day = number_at(s, at + 8, 2);
    if (!real_day(year, month, day))
        return 0;
    set_day(d, year, month, day);
    return time_after(s, at + 10, d);
}

/* "2025" behind "Mar 31, " or "31 March ". */
static size_t year_in_words(span s, size_t at, int month, int day, alice_date *d)
{
    while (at < s.n && (s.p[at] == ' ' || s.p[at] == ',' || s.p[at] == '_'))
        at++;
    if (digits_at(s, at) != 4)
        return 0;
    int year = number_at(s, at, 4);
    if (!real_day(year, month, day))
        return 0;
    set_day(d, year, month, day);
    return time_after(s, at + 4, d);
}

/* "Mar 31, 2025, 10_15_00 AM"; `at` is where the word begins. */
static size_t month_word_at(span s, size_t at, alice_date *d)
{
    size_t n = 0;
    while (at + n < s.n && alice__is_alpha(s.p[at + n]))
        n++;
    int month = alice__date_month(s.p + at, n);
    if (month == 0)
        return 0;
    at += n;
    while (at < s.n && (s.p[at] == ' ' || s.p[at] == '.' || s.p[at] == '_'))
        at++;
    size_t digits = digits_at(s, at);
    if (digits < 1 || digits > 2)
        return 0;
    return year_in_words(s, at + digits, month, number_at(s, at, digits), d);
}

/* "31 March 2025" */
static size_t day_word_at(span s, size_t at, alice_date *d)
{
    size_t digits = digits_at(s, at), n = 0;
    if (digits < 1 || digits > 2)
        return 0;
    int day = number_at(s, at, digits);
    at += digits;
    while (at < s.n && (s.p[at] == ' ' || s.p[at] == '.' || s.p[at] == '_'))
        at++;
    while (at + n < s.n && alice__is_alpha(s.p[at + n]))
        n++;
    int month = alice__date_month(s.p + at, n);
    return month ? year_in_words(s, at + n, month, day, d) : 0;
}

/* Milliseconds since 1970 behind a prefix that is known to write them. */
static size_t epoch_at(span s, size_t at, alice_date *d)
{
    static const char *const prefixes[] = {"fb_img_",    "fb_vid_", "mmexport",
                                           "wx_camera_", "beauty_", "microvideo_",
                                           "img_",       "vid_",    "screenshot_"};
    if (digits_at(s, at) != 13)
        return 0;
    bool known = false;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        known |= at == strlen(prefixes[i]) && at_word(s, 0, prefixes[i]);
    if (!known)
        return 0;
    int64_t seconds = 0;
    for (size_t i = 0; i < 10; i++)
        seconds = seconds * 10 + (s.p[at + i] - '0');
    /* 2000 to 2100: before, no such program was there. */
    if (seconds < 946684800 || seconds > 4102444800 || !alice__date_of_unix(seconds, 0, d))
        return 0;
    return at + 13;
}

/* The first date at or behind `from`; false: none. */
static bool find_date(span s, size_t from, alice_date *d, size_t *at, size_t *end)
{
    for (size_t i = from; i < s.n; i++) {
        bool digit = alice__is_digit(s.p[i]);
        if (i > 0 && (digit ? alice__is_digit(s.p[i - 1]) : alice__is_alnum(s.p[i - 1])))
            continue; /* inside a number or a word */
        size_t e = 0;
        if (digit) {
            if (!(e = compact_at(s, i, d)) && !(e = separated_at(s, i, d)) &&
                !(e = epoch_at(s, i, d)))
                e = day_word_at(s, i, d);
        } else if (alice__is_alpha(s.p[i])) {
            e = month_word_at(s, i, d);
        }
        if (e) {
            *at = i;
            *end = e;
            return true;
        }
    }
    return false;
}

/* Whether what stands before the date is but the prefix of a camera or a program. */
static bool known_prefix(span s, size_t at)
{
    static const char *const words[] = {"img", "vid",    "pxl",   "mvimg", "screenshot", "pano",
                                        "wp",  "signal", "dalle", "p",     "svid"};
    size_t n = at;
    while (n > 0 && (s.p[n - 1] == '_' || s.p[n - 1] == '-' || s.p[n - 1] == ' '))
        n--;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is((span){s.p, n}, words[i]))
            return true;
    return false;
}

bool alice__coarse_date(span s, alice_date *d)
{
    size_t at = 5;
    if (s.n < 6 || digits_at(s, 0) != 4)
        return false;
    set_day(d, number_at(s, 0, 4), 0, 0);
    if (s.p[4] == '-' && digits_at(s, 5) == 2 && (s.n == 7 || !alice__is_alnum(s.p[7]))) {
        d->month = (uint8_t)number_at(s, 5, 2);
        return d->month >= 1 && d->month <= 12 && !(s.n > 8 && alice__is_digit(s.p[8]));
    }
    while (at < s.n && strchr(" _-", s.p[at]))
        at++;
    return strchr(" _-", s.p[4]) && at < s.n && (alice__is_alpha(s.p[at]) || s.p[at] & 0x80);
}

const char *alice__date_in(span s, alice_date *out, size_t *at, size_t *length)
{
    alice_date second;
    size_t end, other, other_end;
    memset(out, 0, sizeof *out);
    if (!find_date(s, 0, out, at, &end))
        return "";
    *length = end - *at;
    if (find_date(s, end, &second, &other, &other_end) &&
        (second.year != out->year || second.month != out->month || second.day != out->day) &&
        !known_prefix(s, *at))
        return "two different dates";
    if (at_word(s, 0, "pxl_") && out->has_time && !out->has_zone)
        out->has_zone = true; /* these names are in UTC */
    out->zone_assumed = out->has_zone;
    return NULL;
}

bool alice__name_date(const char *name, alice_date *out, size_t *at, size_t *length)
{
    size_t where = 0, n = 0;
    if (alice__date_in(stem_of(name), out, &where, &n))
        return false;
    if (at)
        *at = where;
    if (length)
        *length = n;
    return true;
}
