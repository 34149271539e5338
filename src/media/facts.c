/* SPDX-License-Identifier: MIT */
/*
 * Where facts are weighed. Parsers tell everything they see, in any order; here
 * alone it is decided what stays:
 *
 *     date        per source the first real one; at the end the best source's
 *     text        the first, unless a higher rank comes
 *     generator   the strongest proof; a name beats "somebody's"
 *
 * Invariants: arena_used <= arena_size; each kept text lies in the arena, none
 * overlaps another, and together they are arena_used bytes (a text that is
 * replaced is taken out, so the arena cannot be used up by replacing).
 */
#include "media/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "media/date.h"
#include "media/generators.h"
#include "media/zone.h"

void alice__facts_begin(alice__facts *f, alice_media_info *info, char *arena, size_t arena_size,
                        int64_t now_s)
{
    alice_date today;
    memset(f, 0, sizeof *f);
    memset(info, 0, sizeof *info);
    info->date_source = ALICE_DATE_NOWHERE;
    f->info = info;
    f->arena = arena;
    f->arena_size = arena_size;
    f->latest_day = INT64_MAX;
    if (alice__date_of_unix(now_s, 0, &today))
        f->latest_day = alice__date_days(today.year, today.month, today.day) + 1;
}

/* ---- dates ---- */

/* Keep how it stood, printable ASCII, cut. */
static void keep_raw(alice_date_candidate *c, const char *text, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < n && used + 1 < sizeof c->raw; i++) {
        unsigned char ch = (unsigned char)text[i];
        if (ch == 0 && i + 1 == n)
            break;
        c->raw[used++] = ch >= 0x20 && ch < 0x7F ? (char)ch : '?';
    }
    c->raw[used] = 0;
}

/* Where a new telling of a source goes; NULL: a real date of it is there already. */
static alice_date_candidate *candidate(alice__facts *f, alice_date_source source)
{
    if ((unsigned)source >= ALICE_DATE_SOURCE_COUNT)
        return NULL;
    alice_date_candidate *c = &f->info->dates[source];
    return c->verdict == ALICE_DATE_ABSENT || c->verdict == ALICE_DATE_REJECTED ? c : NULL;
}

static void settle(alice__facts *f, alice_date_candidate *c, const alice_date *date,
                   const char *reason, const char *raw, size_t n)
{
    if (!reason)
        reason = alice__date_doubt(date, f->latest_day);
    if (reason && c->verdict == ALICE_DATE_REJECTED)
        return; /* the first reason stays */
    keep_raw(c, raw, n);
    c->reason = reason;
    c->verdict = reason ? ALICE_DATE_REJECTED : ALICE_DATE_OUTRANKED;
    c->date = reason && reason != alice__in_the_future ? (alice_date){0} : *date;
}

void alice__facts_date_text(alice__facts *f, alice_date_source source, const char *text,
                            size_t n)
{
    alice_date_candidate *c = candidate(f, source);
    alice_date date;
    if (!c || n == 0)
        return;
    if (n > 128) /* no form of a date is that long */
        n = 128;
    const char *reason = alice__date_parse(text, n, &date);
    settle(f, c, &date, reason, text, n);
}

void alice__facts_zone_text(alice__facts *f, alice_date_source source, const char *text,
                            size_t n)
{
    int minutes;
    if ((unsigned)source >= ALICE_DATE_SOURCE_COUNT)
        return;
    alice_date_candidate *c = &f->info->dates[source];
    if (c->verdict != ALICE_DATE_OUTRANKED || !c->date.has_time || c->date.has_zone)
        return;
    while (n > 0 && text[n - 1] == 0)
        n--;
    if (!alice__date_parse_zone(text, n, &minutes))
        return;
    c->date.has_zone = true;
    c->date.zone_minutes = (int16_t)minutes;
    c->reason = alice__date_doubt(&c->date, f->latest_day);
    if (c->reason) {
        c->verdict = ALICE_DATE_REJECTED;
        if (c->reason != alice__in_the_future)
            c->date = (alice_date){0};
    }
}

void alice__facts_date_unix(alice__facts *f, alice_date_source source, int64_t seconds,
                            const char *raw)
{
    char number[40];
    alice_date date = {0};
    alice_date_candidate *c = candidate(f, source);
    if (!c)
        return;
    const char *reason = alice__date_of_unix(seconds, 0, &date) ? NULL : "beyond the calendar";
    date.zone_assumed = true;
    if (!raw) {
        snprintf(number, sizeof number, "%lld", (long long)seconds);
        raw = number;
    }
    settle(f, c, &date, reason, raw, strlen(raw));
}

void alice__facts_date_clock(alice__facts *f, alice_date_source source, int64_t seconds)
{
    alice_date d;
    char text[48];
    if (!alice__date_of_unix(seconds, 0, &d))
        return;
    int n = snprintf(text, sizeof text, "%04d:%02u:%02u %02u:%02u:%02u", d.year, d.month, d.day,
                     d.hour, d.minute, d.second);
    alice__facts_date_text(f, source, text, (size_t)n);
}

void alice__facts_position(alice__facts *f, int32_t latitude, int32_t longitude)
{
    const int32_t north = 90 * ALICE__DEGREE, east = 180 * ALICE__DEGREE;
    if (f->placed || (latitude == 0 && longitude == 0) || latitude < -north ||
        latitude > north || longitude < -east || longitude > east)
        return;
    f->placed = true;
    f->latitude = latitude;
    f->longitude = longitude;
    f->info->placed = true;
    f->info->latitude = (double)latitude / ALICE__DEGREE;
    f->info->longitude = (double)longitude / ALICE__DEGREE;
}

/* What is left of moments: they are of the zone of the place, by the nearest that is known,
 * else of the one that the person named, or that of the machine. Neither is sure. */
static void assume_zones(alice__facts *f)
{
    const char *zone = NULL;
    size_t n = 0;
    bool asked = false;
    for (int i = 0; i < ALICE_DATE_SOURCE_COUNT; i++) {
        alice_date_candidate *c = &f->info->dates[i];
        if (!c->date.zone_assumed || c->verdict != ALICE_DATE_OUTRANKED)
            continue;
        int64_t moment = alice__date_unix(&c->date);
        int minutes = 0;
        if (!asked && f->placed && f->zone_file && f->workspace &&
            f->workspace_size >= ALICE__ZONE_FILE_MOST) {
            zone = alice__zone_of_place(f->latitude, f->longitude);
            alice_status st =
                zone ? f->zone_file(zone, f->workspace, ALICE__ZONE_FILE_MOST, &n) : ALICE_OK;
            if (st != ALICE_OK)
                f->denied = st;
        }
        asked = true;
        bool known = n > 0 && alice__zone_minutes(f->workspace, n, moment, &minutes);
        if (!known && !f->zone_at)
            continue;
        if (!known)
            minutes = f->zone_at(moment);
        if (!alice__date_of_unix(moment, minutes, &c->date))
            continue;
        c->date.zone_assumed = true; /* it still is */
        if (known)
            f->info->zone_place = zone;
    }
}

/*
 * A moment in UTC and a clock on the wall that tell of one picture tell its zone:
 * a film's header and its name, EXIF's dates and the time of GPS. Offsets that
 * are written come before both.
 */
static void settle_zones(alice__facts *f)
{
    static const alice_date_source moments[] = {ALICE_DATE_MVHD, ALICE_DATE_MATROSKA,
                                                ALICE_DATE_SIDECAR};
    static const alice_date_source clocks[] = {ALICE_DATE_EXIF_ORIGINAL,
                                               ALICE_DATE_EXIF_DIGITIZED};
    alice_date_candidate *dates = f->info->dates, *name = &dates[ALICE_DATE_NAME];
    int zone = 0;
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        alice_date *d = &dates[moments[i]].date;
        if (d->zone_assumed && f->name_is_local && name->verdict == ALICE_DATE_OUTRANKED &&
            (alice__date_zone_between(&name->date, alice__date_unix(d), &zone) ||
             alice__date_zone_between(&name->date, alice__date_unix(d) - f->film_s, &zone)))
            (void)alice__date_of_unix(alice__date_unix(d), zone, d);
    }
    const alice_date *gps = &dates[ALICE_DATE_GPS].date;
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        alice_date *d = &dates[clocks[i]].date;
        if (gps->year && d->has_time && !d->has_zone &&
            alice__date_zone_between(d, alice__date_unix(gps), &zone)) {
            d->has_zone = true;
            d->zone_minutes = (int16_t)zone;
        }
    }
    assume_zones(f);
}

/* ---- texts ---- */

/*
 * Write text as clean UTF-8: what is no UTF-8 is taken as Latin-1, controls
 * become blanks (line ends and tabs stay in texts of several lines). Answers
 * the bytes used of `to`; `*cut` when something did not fit.
 */
static size_t clean_copy(char *to, size_t room, const char *text, size_t n, bool lines,
                         bool *cut)
{
    size_t used = 0;
    for (size_t i = 0; i < n;) {
        const unsigned char *p = (const unsigned char *)text + i;
        char made[4];
        const char *from = text + i;
        size_t take = alice_utf8_decode(text + i, n - i, NULL), length = take;
        if (take == 0) {
            take = 1;
            /* A control in Latin-1: the replacement character instead. */
            length = alice_utf8_encode(*p < 0xA0 ? 0xFFFD : *p, made);
            from = made;
        } else if ((*p < 0x20 && !(lines && (*p == '\n' || *p == '\t'))) || *p == 0x7F) {
            made[0] = ' ';
            from = made;
        }
        if (length > room - used) {
            *cut = true;
            break;
        }
        memcpy(to + used, from, length);
        used += length;
        i += take;
    }
    while (used > 0 && (to[used - 1] == ' ' || to[used - 1] == '\n' || to[used - 1] == '\t'))
        used--;
    return used;
}

/* Take a kept text out of the arena; those behind it move up. */
static void forget_text(alice__facts *f, alice_fact which)
{
    alice_media_info *info = f->info;
    size_t n = info->fact[which].n;
    if (n == 0)
        return;
    size_t at = (size_t)(info->fact[which].p - f->arena);
    memmove(f->arena + at, f->arena + at + n, f->arena_used - at - n);
    f->arena_used -= n;
    for (int i = 0; i < ALICE_FACT_COUNT; i++)
        if (info->fact[i].n > 0 && info->fact[i].p > info->fact[which].p)
            info->fact[i].p -= n;
    info->fact[which] = (alice_text){NULL, 0};
    info->fact_cut[which] = false;
}

/* No text may take the room of all others: the share of the arena that it gets. */
static size_t share(const alice__facts *f, alice_fact which)
{
    size_t most = which == ALICE_FACT_PROMPT            ? f->arena_size / 2
                  : which == ALICE_FACT_NEGATIVE_PROMPT ? f->arena_size / 4
                                                        : f->arena_size / 32;
    size_t left = f->arena_size - f->arena_used;
    return most < left ? most : left;
}

static bool is_trim(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0;
}

void alice__facts_text(alice__facts *f, alice_fact which, unsigned rank, const char *from,
                       const char *text, size_t n)
{
    alice_media_info *info = f->info;
    bool lines = which == ALICE_FACT_PROMPT || which == ALICE_FACT_NEGATIVE_PROMPT;
    if ((unsigned)which >= ALICE_FACT_COUNT)
        return;
    if (info->fact[which].n > 0 && rank <= f->fact_rank[which])
        return;
    while (n > 0 && is_trim(*text)) {
        text++;
        n--;
    }
    const char *nul = n > 0 ? memchr(text, 0, n) : NULL;
    if (nul)
        n = (size_t)(nul - text);
    while (n > 0 && is_trim(text[n - 1]))
        n--;
    if (n == 0)
        return;
    forget_text(f, which);
    bool cut = false;
    char *to = f->arena + f->arena_used;
    size_t used = clean_copy(to, share(f, which), text, n, lines, &cut);
    if (used == 0)
        return;
    f->arena_used += used;
    f->fact_rank[which] = (uint8_t)(rank < 255 ? rank : 255);
    info->fact[which] = (alice_text){to, used};
    info->fact_from[which] = from;
    info->fact_cut[which] = cut;
}

void alice__facts_size(alice__facts *f, uint64_t width, uint64_t height)
{
    alice_media_info *info = f->info;
    if (info->width || width == 0 || height == 0 || width > UINT32_MAX || height > UINT32_MAX)
        return;
    info->width = (uint32_t)width;
    info->height = (uint32_t)height;
}

void alice__facts_warn(alice__facts *f, const char *format, ...)
{
    va_list args;
    if (f->info->reason[0])
        return;
    va_start(args, format);
    vsnprintf(f->info->reason, sizeof f->info->reason, format, args);
    va_end(args);
}

void alice__facts_damaged(alice__facts *f, const char *format, ...)
{
    va_list args;
    if (f->damaged)
        return;
    f->damaged = true;
    va_start(args, format);
    vsnprintf(f->info->reason, sizeof f->info->reason, format, args);
    va_end(args);
}

/* ---- the generator ---- */

void alice__facts_generator(alice__facts *f, alice_generator g, alice__proof proof,
                            const char *from)
{
    alice_generator have = f->info->generator;
    if (g <= ALICE_GEN_NONE || g >= ALICE_GEN_COUNT || proof == ALICE__PROOF_NONE)
        return;
    bool stronger = proof > f->proof;
    if (g == ALICE_GEN_UNNAMED)
        stronger = have == ALICE_GEN_NONE;
    else if (have == ALICE_GEN_UNNAMED)
        stronger = true;
    else if (have == ALICE_GEN_STABLEDIFFUSION && proof == f->proof)
        stronger = true; /* its kin write its form: the narrower name counts */
    if (!stronger)
        return;
    f->info->generator = g;
    f->info->generator_source = from;
    f->proof = proof;
}

void alice__facts_source_type(alice__facts *f, const char *uri, size_t n, const char *from)
{
    static const char trained[] = "trainedAlgorithmicMedia";
    static const char composite[] = "compositeWithTrainedAlgorithmicMedia";
    while (n > 0 && is_trim(uri[n - 1]))
        n--;
    size_t start = n;
    while (start > 0 && uri[start - 1] != '/' && uri[start - 1] != ':' &&
           !is_trim(uri[start - 1]))
        start--;
    uri += start;
    n -= start;
    if (n == sizeof trained - 1 && !memcmp(uri, trained, n)) {
        if (!f->synthetic)
            f->synthetic_from = from;
        f->synthetic = true;
    } else if (n == sizeof composite - 1 && !memcmp(uri, composite, n)) {
        if (!f->composite)
            f->composite_from = from;
        f->composite = true;
    }
}

/*
 * Generator against camera. A camera that says with its own credentials that it
 * used a model has still taken a picture, and so has what was composed of a
 * picture and generated parts: neither is from a generator. Their own
 * parameters inside the file outweigh that. A camera's picture that is named
 * like a generator's is the camera's.
 */
static void settle_generator(alice__facts *f)
{
    alice_media_info *info = f->info;
    bool camera = info->fact[ALICE_FACT_MAKE].n > 0 || info->fact[ALICE_FACT_MODEL].n > 0;
    if (f->proof == ALICE__PROOF_NAME && camera) {
        info->generator = ALICE_GEN_NONE;
        info->generator_source = NULL;
        f->proof = ALICE__PROOF_NONE;
    }
    if (f->synthetic && !f->camera_claim)
        alice__facts_generator(f, ALICE_GEN_UNNAMED, ALICE__PROOF_DECLARED, f->synthetic_from);
    bool edited =
        f->camera_claim ? f->synthetic || f->composite : f->composite && !f->synthetic;
    if (!edited)
        return;
    if (info->generator == ALICE_GEN_NONE || f->proof < ALICE__PROOF_TEXT) {
        info->generator = ALICE_GEN_NONE;
        info->generator_source = NULL;
        f->proof = ALICE__PROOF_NONE;
        info->ai_edited = true;
        info->ai_edited_source = f->composite ? f->composite_from : f->synthetic_from;
    }
}

/* A prompt without a generator is none, and a description is one of few only. */
static void settle_prompt(alice__facts *f)
{
    static const alice_fact facts[] = {ALICE_FACT_PROMPT, ALICE_FACT_NEGATIVE_PROMPT,
                                       ALICE_FACT_AI_MODEL, ALICE_FACT_SEED,
                                       ALICE_FACT_SAMPLER};
    alice_generator g = f->info->generator;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        bool loose = f->fact_rank[facts[i]] <= ALICE__AI_LOOSE;
        if (g == ALICE_GEN_NONE || (loose && !alice__generators[g].describes)) {
            forget_text(f, facts[i]);
            f->info->fact_from[facts[i]] = NULL;
        }
    }
}

/* Whether `c` knows the day of what `coarse` knows the month or the year of. */
static bool narrows(const alice_date_candidate *c, const alice_date_candidate *coarse)
{
    const alice_date *d = &coarse->date;
    return c->verdict == ALICE_DATE_OUTRANKED && d->day == 0 && c->date.day != 0 &&
           c->date.year == d->year && (d->month == 0 || c->date.month == d->month);
}

void alice__facts_end(alice__facts *f)
{
    alice_media_info *info = f->info;
    settle_generator(f);
    settle_prompt(f);
    settle_zones(f);
    /* Whatever seemed damaged may be what was not read any more. */
    (void)alice__work_text(&f->work, info->reason, sizeof info->reason);
    for (int i = 0; i < ALICE_DATE_SOURCE_COUNT; i++) {
        if (info->dates[i].verdict != ALICE_DATE_OUTRANKED)
            continue;
        if (i == ALICE_DATE_NAME && narrows(&info->dates[ALICE_DATE_FOLDER], &info->dates[i]))
            continue;
        info->dates[i].verdict = ALICE_DATE_USED;
        info->date = info->dates[i].date;
        info->date_source = (alice_date_source)i;
        return;
    }
}

int64_t alice__refused_day(const alice_media_info *info)
{
    int n = info->date_source < ALICE_DATE_SOURCE_COUNT ? (int)info->date_source
                                                        : ALICE_DATE_SOURCE_COUNT;
    for (int i = 0; i < n; i++) {
        const alice_date_candidate *c = &info->dates[i];
        if (c->verdict == ALICE_DATE_REJECTED && c->reason == alice__in_the_future)
            return alice__date_days(c->date.year, c->date.month, c->date.day);
    }
    return 0;
}
