/* SPDX-License-Identifier: MIT */
/*
 * What names tell. A date in a name is believed only in a form that has one
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
#include "media/names.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "media/date.h"
#include "media/facts.h"

typedef struct span {
    const char *p;
    size_t n;
} span;

static bool is_hex(char c)
{
    return alice__is_digit(c) || (alice__lower(c) >= 'a' && alice__lower(c) <= 'f');
}

/* Whether `s` begins with the lower-case `word` at `at`, whatever its case. */
static bool at_word(span s, size_t at, const char *word)
{
    for (; *word; word++, at++)
        if (at >= s.n || alice__lower(s.p[at]) != *word)
            return false;
    return true;
}

static bool is(span s, const char *word)
{
    return s.n == strlen(word) && at_word(s, 0, word);
}

/* A name without its extension. */
static span stem_of(const char *name)
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

static size_t digits_at(span s, size_t at)
{
    size_t n = 0;
    while (at + n < s.n && alice__is_digit(s.p[at + n]))
        n++;
    return n;
}

static int number_at(span s, size_t at, size_t n)
{
    int v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (s.p[at + i] - '0');
    return v;
}

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

static bool real_day(int year, int month, int day)
{
    return year >= 1900 && alice__date_exists(year, month, day);
}

static void set_day(alice_date *d, int year, int month, int day)
{
    memset(d, 0, sizeof *d);
    d->year = (int16_t)year;
    d->month = (uint8_t)month;
    d->day = (uint8_t)day;
}

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

/*
 * "1985-07", "1985-07 Rome", "1985 Summer - Grandma": a year that begins the name,
 * with its month or with a word behind it. A bare "1985" is a camera's number as well.
 */
static bool coarse_date(span s, alice_date *d)
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

/* NULL and a date; or why there is none ("" where nothing even looks like one). */
static const char *date_in(span s, alice_date *out, size_t *at, size_t *length)
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
    if (date_in(stem_of(name), out, &where, &n))
        return false;
    if (at)
        *at = where;
    if (length)
        *length = n;
    return true;
}

/* ---- generators ---- */

/* How a word has to stand in a name to mean the program. */
enum stand {
    ANYWHERE, /* bounded by what is no letter: the word means nothing else */
    LEADING   /* at the start, with _ or - or a digit behind it: a word of common language */
};

static const struct pattern {
    const char *word;
    enum stand stand;
    alice_generator generator;
} patterns[] = {
    {"chatgpt image", ANYWHERE, ALICE_GEN_CHATGPT},
    {"chatgpt_image", ANYWHERE, ALICE_GEN_CHATGPT},
    {"dall\xC2\xB7"
     "e",
     ANYWHERE, ALICE_GEN_DALLE},
    {"dall-e", ANYWHERE, ALICE_GEN_DALLE},
    {"dall_e", ANYWHERE, ALICE_GEN_DALLE},
    {"dalle", ANYWHERE, ALICE_GEN_DALLE},
    {"midjourney", ANYWHERE, ALICE_GEN_MIDJOURNEY},
    {"comfyui", ANYWHERE, ALICE_GEN_COMFYUI},
    {"fooocus", ANYWHERE, ALICE_GEN_FOOOCUS},
    {"invokeai", ANYWHERE, ALICE_GEN_INVOKEAI},
    {"novelai", ANYWHERE, ALICE_GEN_NOVELAI},
    {"swarmui", ANYWHERE, ALICE_GEN_SWARMUI},
    {"stablediffusion", ANYWHERE, ALICE_GEN_STABLEDIFFUSION},
    {"stable-diffusion", ANYWHERE, ALICE_GEN_STABLEDIFFUSION},
    {"stable_diffusion", ANYWHERE, ALICE_GEN_STABLEDIFFUSION},
    {"stable diffusion", ANYWHERE, ALICE_GEN_STABLEDIFFUSION},
    {"gemini_generated_image", ANYWHERE, ALICE_GEN_GEMINI},
    {"gemini generated image", ANYWHERE, ALICE_GEN_GEMINI},
    {"ideogram", ANYWHERE, ALICE_GEN_IDEOGRAM},
    {"kling", ANYWHERE, ALICE_GEN_KLING},
    {"klingai", ANYWHERE, ALICE_GEN_KLING},
    {"recraft", ANYWHERE, ALICE_GEN_RECRAFT},
    {"hailuo", ANYWHERE, ALICE_GEN_HAILUO},
    {"leonardoai", ANYWHERE, ALICE_GEN_LEONARDO},
    {"leonardo_ai", ANYWHERE, ALICE_GEN_LEONARDO},
    {"leonardo.ai", ANYWHERE, ALICE_GEN_LEONARDO},
    {"runwayml", ANYWHERE, ALICE_GEN_RUNWAY},
    {"pikalabs", ANYWHERE, ALICE_GEN_PIKA},
    {"lumaai", ANYWHERE, ALICE_GEN_LUMA},
    {"adobe_firefly", ANYWHERE, ALICE_GEN_FIREFLY},
    {"adobe firefly", ANYWHERE, ALICE_GEN_FIREFLY},
    {"flux", ANYWHERE, ALICE_GEN_FLUX},
    {"flux1", ANYWHERE, ALICE_GEN_FLUX},
    {"flux2", ANYWHERE, ALICE_GEN_FLUX},
    {"leonardo", LEADING, ALICE_GEN_LEONARDO},
    {"firefly", LEADING, ALICE_GEN_FIREFLY},
    {"runway", LEADING, ALICE_GEN_RUNWAY},
    {"gen-2", LEADING, ALICE_GEN_RUNWAY},
    {"gen-3", LEADING, ALICE_GEN_RUNWAY},
    {"gen-4", LEADING, ALICE_GEN_RUNWAY},
    {"pika", LEADING, ALICE_GEN_PIKA},
    {"sora", LEADING, ALICE_GEN_SORA},
    {"luma", LEADING, ALICE_GEN_LUMA},
    {"veo", LEADING, ALICE_GEN_VEO},
    {"grok", LEADING, ALICE_GEN_GROK},
    {"gemini", LEADING, ALICE_GEN_GEMINI},
};

static bool stands(span s, size_t at, const struct pattern *p)
{
    size_t end = at + strlen(p->word);
    if (at > 0 && (p->stand == LEADING || alice__is_alnum(s.p[at - 1])))
        return false;
    if (p->stand == LEADING)
        return end < s.n && (s.p[end] == '_' || s.p[end] == '-' || alice__is_digit(s.p[end]));
    return end == s.n || !alice__is_alnum(s.p[end]);
}

/* The length of a UUID at the start of `p`: 36, or 0. */
static size_t uuid_at(span s, size_t at)
{
    if (s.n < 36 || at > s.n - 36)
        return 0;
    for (size_t i = 0; i < 36; i++) {
        char c = s.p[at + i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-' : !is_hex(c))
            return 0;
    }
    return at + 36 == s.n || !is_hex(s.p[at + 36]) ? 36 : 0;
}

/* "<user>_<words of the prompt>_<uuid>[_<0 to 3>]"; Leonardo's user is always "Default". */
static alice_generator job_name(span s)
{
    size_t words = 0, at = 0;
    while (at < s.n) {
        if (uuid_at(s, at))
            break;
        size_t start = at;
        while (at < s.n && s.p[at] != '_' && s.p[at] != ' ')
            at++;
        if (at == start || at == s.n || s.p[at] == ' ')
            return ALICE_GEN_NONE;
        words++;
        at++;
    }
    if (words < 3 || at >= s.n)
        return ALICE_GEN_NONE;
    size_t end = at + 36;
    bool numbered = s.n == end + 2 && s.p[end] == '_' && alice__is_digit(s.p[end + 1]);
    if (s.n != end && !numbered)
        return ALICE_GEN_NONE;
    return at_word(s, 0, "default_") ? ALICE_GEN_LEONARDO : ALICE_GEN_MIDJOURNEY;
}

/* Names of a form rather than with a word in them. */
static alice_generator formed_name(span s)
{
    size_t n = s.n;
    alice_generator g = job_name(s);
    if (g != ALICE_GEN_NONE)
        return g;
    /* "Firefly a red boat 12345", "Gen-3 Alpha 123456, a red boat" */
    size_t digits = 0;
    while (n > digits && alice__is_digit(s.p[n - 1 - digits]))
        digits++;
    if (at_word(s, 0, "firefly ") && digits >= 4)
        return ALICE_GEN_FIREFLY;
    if (at_word(s, 0, "gen-") && s.n > 6 && alice__is_digit(s.p[4]) && s.p[5] == ' ' &&
        (alice__is_digit(s.p[6]) || at_word(s, 6, "alpha") || at_word(s, 6, "turbo")))
        return ALICE_GEN_RUNWAY;
    /* "OIG2.aBcDeFgH": Bing's */
    if (s.n > 5 && !memcmp(s.p, "OIG", 3) &&
        (s.p[3] == '.' || (alice__is_digit(s.p[3]) && s.p[4] == '.')))
        return ALICE_GEN_BING;
    /* "a red boat, evening s-1234567890": NovelAI's */
    if (digits >= 5 && digits <= 10 && n > digits + 3 &&
        !memcmp(s.p + n - digits - 3, " s-", 3))
        return ALICE_GEN_NOVELAI;
    return ALICE_GEN_NONE;
}

alice_generator alice__name_generator(const char *name)
{
    span s = stem_of(name);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        for (size_t at = 0; at < s.n; at++)
            if (at_word(s, at, patterns[i].word) && stands(s, at, &patterns[i]))
                return patterns[i].generator;
    return formed_name(s);
}

/* ---- screenshots and sources ---- */

static bool bounded_word(span s, const char *word)
{
    size_t n = strlen(word);
    for (size_t at = 0; at + n <= s.n; at++)
        if (at_word(s, at, word) && (at == 0 || !alice__is_alpha(s.p[at - 1])) &&
            (at + n == s.n || !alice__is_alpha(s.p[at + n])))
            return true;
    return false;
}

/* A PNG of exactly the size of a phone's screen that no camera took. Only sizes that nothing
 * else has: not 1080 × 1920. */
static bool has_screen_size(const alice_media_info *info)
{
    static const uint16_t sizes[][2] = {
        {640, 1136},  {750, 1334},  {828, 1792},  {1125, 2436}, {1170, 2532},
        {1179, 2556}, {1206, 2622}, {1242, 2208}, {1242, 2688}, {1284, 2778},
        {1290, 2796}, {1320, 2868}, {1440, 3088}, {1440, 3120}, {1440, 3200},
        {1620, 2160}, {1640, 2360}, {1668, 2224}, {1668, 2388}, {2048, 2732},
    };
    if (info->type != ALICE_MEDIA_PNG || info->fact[ALICE_FACT_MAKE].n ||
        info->fact[ALICE_FACT_MODEL].n)
        return false;
    uint32_t less = info->width < info->height ? info->width : info->height;
    uint32_t more = info->width < info->height ? info->height : info->width;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (less == sizes[i][0] && more == sizes[i][1])
            return true;
    return false;
}

bool alice__is_screenshot(const char *name, const alice_media_info *info)
{
    static const char *const words[] = {"screenshot",  "screenshots",   "screen shot",
                                        "screen_shot", "screen-shot",   "screencap",
                                        "screengrab",  "bildschirmfoto"};
    /* As the systems of other languages begin the name. */
    static const char *const starts[] = {
        "capture d\xE2\x80\x99\xC3\xA9"
        "cran",
        "capture d'\xC3\xA9"
        "cran",
        "captura de pantalla",
        "captura de tela",
        "captura de ecr\xC3\xA3",
        "schermata",
        "schermafbeelding",
        "zrzut ekranu",
        "ekran resmi",
        "sk\xC3\xA4rmavbild",
        "sk\xC3\xA4rmbild",
        "skjermbilde",
        "sk\xC3\xA6rmbillede",
        "\xD0\xA1\xD0\xBD\xD0\xB8\xD0\xBC\xD0\xBE\xD0\xBA "
        "\xD1\x8D\xD0\xBA\xD1\x80\xD0\xB0\xD0\xBD\xD0\xB0",
        "\xE3\x82\xB9\xE3\x82\xAF\xE3\x83\xAA\xE3\x83\xBC\xE3\x83\xB3\xE3\x82\xB7\xE3\x83\xA7"
        "\xE3\x83\x83\xE3\x83\x88",
        "\xE6\x88\xAA\xE5\xB1\x8F",
        "\xE6\x88\xAA\xE5\x9B\xBE",
        "\xE5\xB1\x8F\xE5\xB9\x95\xE6\x88\xAA\xE5\x9B\xBE",
        "\xEC\x8A\xA4\xED\x81\xAC\xEB\xA6\xB0\xEC\x83\xB7",
    };
    span s = stem_of(name);
    if (info && (info->screenshot || has_screen_size(info)))
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bounded_word(s, words[i]))
            return true;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (at_word(s, 0, starts[i]))
            return true;
    if (info && info->fact[ALICE_FACT_SOFTWARE].n > 0) {
        alice_text t = info->fact[ALICE_FACT_SOFTWARE];
        return bounded_word((span){t.p, t.n}, "screenshot") ||
               bounded_word((span){t.p, t.n}, "flameshot");
    }
    return false;
}

/* Append text as lower-case letters and digits, all else as single dashes. */
static size_t add_safe(char *buf, size_t cap, size_t used, const char *p, size_t n)
{
    bool dash = used > 0 && buf[used - 1] != '-';
    for (size_t i = 0; i < n; i++) {
        if (!alice__is_alnum(p[i])) {
            dash = used > 0 && buf[used - 1] != '-';
            continue;
        }
        if (used + 2 >= cap)
            break;
        if (dash)
            buf[used++] = '-';
        dash = false;
        buf[used++] = alice__lower(p[i]);
    }
    return used;
}

/* The first word of a make, of which the others are but the company's legal form. */
static span brand_of(alice_text make)
{
    size_t n = 0;
    while (n < make.n && alice__is_alnum(make.p[n]))
        n++;
    if (at_word((span){make.p, make.n}, 0, "eastman kodak"))
        return (span){"kodak", 5};
    if (at_word((span){make.p, make.n}, 0, "hewlett"))
        return (span){"hp", 2};
    return n > 0 ? (span){make.p, n} : (span){make.p, make.n};
}

/* Models whose name is known without their maker's. */
static bool model_stands_alone(span model)
{
    static const char *const begins[] = {
        "iphone", "ipad",  "ipod",   "coolpix", "finepix", "powershot", "galaxy",
        "pixel ", "lumix", "xperia", "dimage",  "digimax", "cybershot", "gopro"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (at_word(model, 0, begins[i]))
            return true;
    return false;
}

static bool contains_word(span s, span word)
{
    for (size_t at = 0; word.n > 0 && at + word.n <= s.n; at++) {
        size_t i = 0;
        while (i < word.n && alice__lower(s.p[at + i]) == alice__lower(word.p[i]))
            i++;
        if (i == word.n && (at == 0 || !alice__is_alnum(s.p[at - 1])))
            return true;
    }
    return false;
}

static size_t plain(char *buf, size_t cap, const char *text)
{
    size_t n = strlen(text);
    if (n >= cap)
        n = cap - 1;
    memcpy(buf, text, n);
    buf[n] = 0;
    return n;
}

/* How programs name what they receive and send; '#' is a digit. */
static const struct {
    const char *begins, *origin;
} senders[] = {
    {"img-########-wa#", "whatsapp"},          {"vid-########-wa#", "whatsapp"},
    {"whatsapp image ", "whatsapp"},           {"whatsapp video ", "whatsapp"},
    {"whatsapp-image-", "whatsapp"},           {"whatsapp-video-", "whatsapp"},
    {"signal-####-##-##", "signal"},           {"signal-attachment-", "signal"},
    {"photo_####-##-##_##-##-##", "telegram"}, {"video_####-##-##_##-##-##", "telegram"},
    {"telegram-cloud-", "telegram"},           {"fb_img_#", "facebook"},
    {"received_##########", "facebook"},
};

/* The program that a file came through, by its name; NULL: none that is known. */
static const char *sender_of(const char *name)
{
    span s = stem_of(name);
    for (size_t i = 0; i < sizeof senders / sizeof *senders; i++) {
        const char *p = senders[i].begins;
        size_t at = 0;
        while (p[at] && at < s.n &&
               (p[at] == '#' ? alice__is_digit(s.p[at]) : alice__lower(s.p[at]) == p[at]))
            at++;
        if (!p[at])
            return senders[i].origin;
    }
    return NULL;
}

static bool has_letter(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (alice__is_alpha(p[i]))
            return true;
    return false;
}

size_t alice__source_name(const alice_media_info *info, const char *name, char *buf, size_t cap)
{
    if (cap == 0)
        return 0;
    if (info->generator != ALICE_GEN_NONE)
        return plain(buf, cap, alice_generator_name(info->generator));
    if (info->screenshot)
        return plain(buf, cap, "screenshot");
    alice_text make = info->fact[ALICE_FACT_MAKE], model = info->fact[ALICE_FACT_MODEL];
    if (make.n > 0 || model.n > 0) {
        size_t start = plain(buf, cap, "camera"), used = start;
        span brand = brand_of(make), of_model = {model.p, model.n};
        if (model.n == 0 || (!contains_word(of_model, brand) && !model_stands_alone(of_model)))
            used = add_safe(buf, cap, used, brand.p, brand.n);
        used = add_safe(buf, cap, used, model.p, model.n);
        buf[used] = 0;
        if (has_letter(buf + start, used - start)) /* "00" is a broken field, no camera */
            return used;
    }
    const char *sender = sender_of(name);
    if (sender)
        return plain(buf, cap, sender);
    alice_media_class cls = alice_media_class_of(info->type);
    if (cls != ALICE_CLASS_VIDEO && alice__is_screenshot(name, info))
        return plain(buf, cap, "screenshot");
    return plain(buf, cap, cls == ALICE_CLASS_VIDEO ? "video" : "unknown");
}

/* ---- facts ---- */

/* Tell a date that was found in a name; `raw` is the name. */
static void report(alice__facts *f, alice_date_source source, const alice_date *date,
                   const char *reason, span raw)
{
    alice_date_candidate *c = &f->info->dates[source];
    if (c->verdict == ALICE_DATE_OUTRANKED || c->verdict == ALICE_DATE_USED)
        return;
    size_t n = raw.n < sizeof c->raw - 1 ? raw.n : sizeof c->raw - 1;
    for (size_t i = 0; i < n; i++)
        c->raw[i] = raw.p[i] >= 0x20 && raw.p[i] < 0x7F ? raw.p[i] : '?';
    c->raw[n] = 0;
    c->reason = reason ? reason : alice__date_doubt(date, f->latest_day);
    c->verdict = c->reason ? ALICE_DATE_REJECTED : ALICE_DATE_OUTRANKED;
    c->date = c->reason && c->reason != alice__in_the_future ? (alice_date){0} : *date;
}

void alice__facts_from_name(alice__facts *f, const char *name)
{
    alice_date date;
    size_t at = 0, n = 0;
    span s = stem_of(name);
    const char *reason = date_in(s, &date, &at, &n);
    if (reason && !*reason && coarse_date(s, &date)) {
        reason = NULL;
        n = date.month && s.p[4] == '-' ? 7 : 4;
    }
    if (!reason || *reason)
        report(f, ALICE_DATE_NAME, &date, reason, reason ? s : (span){s.p + at, n});
    /* Messengers name files by when they came. */
    f->name_is_local = !reason && date.has_time && !date.has_zone && !sender_of(name);
    alice__facts_generator(f, alice__name_generator(name), ALICE__PROOF_NAME, "name");
}

/* The last component of a path, which is then cut off it; false: there is none left. */
static bool last_component(span *path, span *component)
{
    while (path->n > 0 && path->p[path->n - 1] == '/')
        path->n--;
    if (path->n == 0)
        return false;
    size_t start = path->n;
    while (start > 0 && path->p[start - 1] != '/')
        start--;
    *component = (span){path->p + start, path->n - start};
    path->n = start;
    return true;
}

/* "03", "03-March", "03 March", "March": the month, or 0. */
static int month_folder(span s)
{
    size_t digits = digits_at(s, 0), at = digits;
    while (at < s.n && strchr(" -_.", s.p[at]))
        at++;
    int word = alice__date_month(s.p + at, s.n - at);
    if (digits == 0)
        return word;
    if (digits > 2 || (at < s.n && word == 0))
        return 0;
    int month = number_at(s, 0, digits);
    return at < s.n && word != month ? 0 : month;
}

/* A day's folder below a month's: 2024/03/15, 2024/03-March/15, 2024-03/15. */
static bool nested_day(span day, span above, alice_date *d)
{
    span month, year;
    size_t digits = digits_at(day, 0);
    if (digits < 1 || digits > 2 || digits != day.n || !last_component(&above, &month))
        return false;
    int m, y;
    if (month.n == 7 && digits_at(month, 0) == 4 && strchr("-_.", month.p[4]) &&
        digits_at(month, 5) == 2) {
        y = number_at(month, 0, 4);
        m = number_at(month, 5, 2);
    } else {
        if (!last_component(&above, &year) || year.n != 4 || digits_at(year, 0) != 4)
            return false;
        y = number_at(year, 0, 4);
        m = month_folder(month);
    }
    if (!real_day(y, m, number_at(day, 0, digits)))
        return false;
    set_day(d, y, m, number_at(day, 0, digits));
    return true;
}

void alice__facts_from_folders(alice__facts *f, const char *folders)
{
    alice_date date;
    span component, path = {folders, folders ? strlen(folders) : 0};
    size_t at = 0, n = 0;
    while (last_component(&path, &component)) {
        const char *reason = date_in(component, &date, &at, &n);
        if (reason && !*reason && nested_day(component, path, &date)) {
            report(f, ALICE_DATE_FOLDER, &date, NULL, (span){folders, strlen(folders)});
            return;
        }
        if (!reason || *reason)
            report(f, ALICE_DATE_FOLDER, &date, reason, component);
        if (!reason && f->info->dates[ALICE_DATE_FOLDER].verdict == ALICE_DATE_OUTRANKED)
            return;
    }
}

void alice__facts_from_mtime(alice__facts *f, int64_t mtime_s, int zone_minutes)
{
    alice_date d = {0};
    char raw[40];
    if (!alice__date_of_unix(mtime_s, zone_minutes, &d)) {
        int n = snprintf(raw, sizeof raw, "%lld", (long long)mtime_s);
        report(f, ALICE_DATE_MTIME, &d, "beyond the calendar", (span){raw, (size_t)n});
        return;
    }
    int zone = zone_minutes < 0 ? -zone_minutes : zone_minutes;
    int n = snprintf(raw, sizeof raw, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", d.year,
                     d.month, d.day, d.hour, d.minute, d.second, zone_minutes < 0 ? '-' : '+',
                     zone / 60, zone % 60);
    report(f, ALICE_DATE_MTIME, &d, NULL, (span){raw, (size_t)n});
}
