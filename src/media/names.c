/* SPDX-License-Identifier: MIT */
/*
 * What names tell: generators by the names that they give, and what a file's name, its
 * folders and its time of change are worth as facts. Dates in names are found by
 * name_date.c, sources by name_source.c.
 */
#include "media/names_int.h"

#include <stdio.h>
#include <string.h>

#include "media/generators.h"

/* ---- generators ---- */

static bool is_hex(char c)
{
    return alice__is_digit(c) || (alice__lower(c) >= 'a' && alice__lower(c) <= 'f');
}

/* Whether the word of `n` letters, which is there, stands as it has to: alone, or `leading`,
 * with what divides it from a number behind it. */
static bool stands(span s, size_t at, size_t n, bool leading)
{
    size_t end = at + n;
    if (leading)
        return end < s.n && (s.p[end] == '_' || s.p[end] == '-' || alice__is_digit(s.p[end]));
    return end == s.n || !alice__is_alnum(s.p[end]);
}

static bool has_word(span s, const char *word, bool leading)
{
    const size_t n = strlen(word);
    for (size_t at = 0; at < (leading ? 1 : s.n); at++)
        if ((at == 0 || !alice__is_alnum(s.p[at - 1])) && at_word(s, at, word) &&
            stands(s, at, n, leading))
            return true;
    return false;
}

/* A generator that one of its words in the name tells. */
static alice_generator named(span s, bool leading)
{
    char word[ALICE__WORD];
    alice__initials initials;
    alice__initials_of(s.p, leading && s.n > 0 ? 1 : s.n, &initials);
    for (size_t i = 0; i < ALICE_GEN_COUNT; i++) {
        const char *p =
            leading ? alice__generators[i].before_names : alice__generators[i].in_names;
        while (alice__next_word(&p, &initials, word))
            if (has_word(s, word, leading))
                return (alice_generator)i;
    }
    return ALICE_GEN_NONE;
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
    alice_generator g = named(s, false);
    if (g == ALICE_GEN_NONE)
        g = named(s, true);
    if (g != ALICE_GEN_NONE)
        return g;
    return formed_name(s);
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
    const char *reason = "";
    for (const char *const *p = f->date_patterns; p && *p && reason; p++)
        if (alice__pattern_date(*p, name, &date)) {
            reason = NULL;
            n = s.n;
        }
    if (reason)
        reason = alice__date_in(s, &date, &at, &n);
    if (reason && !*reason && alice__coarse_date(s, &date)) {
        reason = NULL;
        n = date.month && s.p[4] == '-' ? 7 : 4;
    }
    if (!reason || *reason)
        report(f, ALICE_DATE_NAME, &date, reason, reason ? s : (span){s.p + at, n});
    /* Messengers name files by when they came. */
    f->name_is_local = !reason && date.has_time && !date.has_zone && !alice__sender_of(name);
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
        const char *reason = alice__date_in(component, &date, &at, &n);
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

/* `digits` digits of v, and `then` where it is not 0: what snprintf() does, in a tenth of the
 * time; each file comes by here. */
static char *put_number(char *to, int v, int digits, char then)
{
    for (int i = digits - 1; i >= 0; i--, v /= 10)
        to[i] = (char)('0' + v % 10);
    to[digits] = then;
    return to + digits + (then != 0);
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
    char *to = put_number(raw, d.year, 4, '-');
    to = put_number(to, d.month, 2, '-');
    to = put_number(to, d.day, 2, 'T');
    to = put_number(to, d.hour, 2, ':');
    to = put_number(to, d.minute, 2, ':');
    to = put_number(to, d.second, 2, zone_minutes < 0 ? '-' : '+');
    to = put_number(to, zone / 60, 2, ':');
    to = put_number(to, zone % 60, 2, 0);
    report(f, ALICE_DATE_MTIME, &d, NULL, (span){raw, (size_t)(to - raw)});
}
