/* SPDX-License-Identifier: MIT */
#include "summary.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "progress.h"
#include "table.h"
#include "terminal.h"

#define N(n) ((unsigned long long)(n))

/* ---- counting ---- */

static void count_extension(cli_tally *t, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    char lower[sizeof t->extensions->name] = "without";
    if (dot && dot != name && dot[1] && strlen(dot) < sizeof lower) {
        size_t n = 0;
        for (; dot[n]; n++) /* ASCII alone, and nothing that steers a terminal */
            lower[n] =
                isgraph((unsigned char)dot[n]) ? (char)tolower((unsigned char)dot[n]) : '?';
        lower[n] = 0;
    }
    size_t i = 0;
    while (i < t->extension_count && strcmp(t->extensions[i].name, lower) != 0)
        i++;
    if (i == SUMMARY_EXTENSIONS) {
        t->other_extensions++;
        return;
    }
    if (i == t->extension_count) {
        strcpy(t->extensions[i].name, lower);
        t->extensions[i].count = 0;
        t->extension_count++;
    }
    t->extensions[i].count++;
}

static int64_t day_number(const alice_date *d)
{
    return ((int64_t)d->year - SUMMARY_FIRST_YEAR) * 372 + (d->month - 1) * 31 + d->day - 1;
}

static void count_day(cli_tally *t, const alice_date *d)
{
    int64_t day = d->day ? day_number(d) : -1; /* of a month or a year, no day is known */
    if (day < 0 || day / 8 >= (int64_t)sizeof t->day_seen)
        return;
    if (t->days == 0 || day < day_number(&t->first))
        t->first = *d;
    if (t->days == 0 || day > day_number(&t->last))
        t->last = *d;
    uint8_t bit = (uint8_t)(1u << day % 8);
    t->days += !(t->day_seen[day / 8] & bit);
    t->day_seen[day / 8] |= bit;
}

void tally_add(cli_tally *t, const alice_file_report *f)
{
    if (f->outcome == ALICE_ORGANIZED && f->medium) {
        t->generated += f->medium->generator != ALICE_GEN_NONE;
        if (f->medium->date_source != ALICE_DATE_NOWHERE)
            count_day(t, &f->medium->date);
    } else if (f->not_media) {
        t->not_media++;
        count_extension(t, f->source_path);
    } else if (f->known) {
        t->known++;
    }
}

/* ---- lines that fit ---- */

/* A space that no line is broken at. */
#define GLUE "\x1f"

static void put_words(const char *text, size_t n, FILE *to)
{
    for (size_t i = 0; i < n; i++)
        fputc(text[i] == *GLUE ? ' ' : text[i], to);
}

/* The rest of a paragraph, `column` columns of which stand there; its further lines begin
 * `indent` columns in. */
static void put_wrapped(FILE *to, int width, int column, int indent, const char *text)
{
    char word[256];
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, " ");
        size_t kept = n < sizeof word ? n : sizeof word - 1;
        memcpy(word, p, kept);
        word[kept] = 0;
        int columns = text_columns(word);
        if (p != text && column + 1 + columns > width) {
            fprintf(to, "\n%*s", indent, "");
            column = indent;
        } else if (p != text) {
            fputc(' ', to);
            column++;
        }
        put_words(p, n, to);
        column += columns;
        p += n + strspn(p + n, " ");
    }
    fputc('\n', to);
}

static void put_line(FILE *to, int width, const char *format, ...) ALICE_PRINTF(3, 4);

static void put_line(FILE *to, int width, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_wrapped(to, width, 0, 2, text);
}

/* "  name            12   remark": the remark is on lines of its own where it is narrow. */
static void put_count(FILE *to, int width, const char *name, uint64_t count, const char *format,
                      ...) ALICE_PRINTF(5, 6);

static void put_count(FILE *to, int width, const char *name, uint64_t count, const char *format,
                      ...)
{
    enum { COUNT = 10, MOST_NAME = 24, LEAST_REMARK = 30 };
    char remark[512];
    int name_columns = width - 3 - COUNT < MOST_NAME ? width - 3 - COUNT : MOST_NAME;
    int column = 2 + name_columns + 1 + COUNT;
    va_list args;
    va_start(args, format);
    vsnprintf(remark, sizeof remark, format, args);
    va_end(args);
    fputs("  ", to);
    text_put(to, name, name_columns, false, SHRINK_END);
    fprintf(to, " %*llu", COUNT, N(count));
    bool beside = width - column - 3 >= LEAST_REMARK;
    if (!*remark) {
        fputc('\n', to);
        return;
    }
    column = beside ? column + 3 : 6;
    fprintf(to, beside ? "   " : "\n      ");
    put_wrapped(to, width, column, column, remark);
}

static const char *plural(uint64_t n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

/* ---- the parts ---- */

/* "12 photos, 1 video" of what was organized. */
static void photos_text(const cli_summary *s, char *buf, size_t size)
{
    uint64_t photos = 0, videos = 0;
    for (int t = ALICE_MEDIA_NONE + 1; t < ALICE_MEDIA_COUNT; t++) { /* that: sidecars */
        bool video = alice_media_class_of((alice_media_type)t) == ALICE_CLASS_VIDEO;
        *(video ? &videos : &photos) += s->result->by_type[t];
    }
    int n = 0;
    if (photos || !videos)
        n = snprintf(buf, size, "%llu" GLUE "%s", N(photos), plural(photos, "photo", "photos"));
    if (videos)
        n += snprintf(buf + n, size - (size_t)n, "%s%llu" GLUE "%s", n ? " and " : "",
                      N(videos), plural(videos, "video", "videos"));
    if (s->tally->generated)
        snprintf(buf + n, size - (size_t)n, " (%llu" GLUE "made by AI)",
                 N(s->tally->generated));
}

static void print_photos(const cli_summary *s, FILE *to, int width)
{
    const alice_organize_result *r = s->result;
    const cli_tally *t = s->tally;
    char photos[160], bytes[32], days[160] = "";
    photos_text(s, photos, sizeof photos);
    bytes_text(r->tally.bytes, bytes, sizeof bytes);
    *strchr(bytes, ' ') = *GLUE;
    if (t->days == 1)
        snprintf(days, sizeof days, ", of %04d-%02u-%02u", t->first.year, t->first.month,
                 t->first.day);
    else if (t->days > 1)
        snprintf(days, sizeof days, ", from %04d-%02u-%02u to %04d-%02u-%02u, %llu" GLUE "days",
                 t->first.year, t->first.month, t->first.day, t->last.year, t->last.month,
                 t->last.day, N(t->days));
    if (r->tally.organized == 0)
        put_line(to, width, "%s",
                 s->dry_run ? "Nothing would be organized" : "Nothing new was organized");
    else
        put_line(to, width, "%s %s%s, %s", photos,
                 s->dry_run ? "would be organized"
                 : s->move  ? "moved"
                            : "copied",
                 days, bytes);
    if (r->tally.organized) {
        fputs("  into ", to);
        put_safe_text(to, s->organized);
        fputc('\n', to);
    }
    if (r->interrupted)
        put_line(to, width, "Interrupted; nothing is half-done: run it again to go on");
}

static void extensions_text(const cli_tally *t, char *buf, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < t->extension_count && n + 48 < size; i++)
        n += (size_t)snprintf(buf + n, size - n, "%s%llu" GLUE "%s", n ? ", " : "",
                              N(t->extensions[i].count), t->extensions[i].name);
    if (t->other_extensions && n + 48 < size)
        snprintf(buf + n, size - n, ", %llu" GLUE "others", N(t->other_extensions));
}

/* What became of each file that was looked at: the numbers add up. */
static void print_outcomes(const cli_summary *s, FILE *to, int width)
{
    const alice_organize_result *r = s->result;
    const cli_tally *t = s->tally;
    char extensions[400] = "";
    uint64_t rest = r->tally.skipped - t->known - t->not_media - r->busy;
    extensions_text(t, extensions, sizeof extensions);
    fputc('\n', to);
    put_line(to, width, "%llu files looked at", N(r->tally.files));
    if (r->followers)
        put_count(to, width, s->dry_run ? "would be organized" : "organized",
                  r->tally.organized, "%llu beside the file they belong to", N(r->followers));
    else
        put_count(to, width, s->dry_run ? "would be organized" : "organized",
                  r->tally.organized, "%s", "");
    if (t->known)
        put_count(to, width, "already organized", t->known, "by an earlier run");
    put_count(to, width, "duplicates", r->tally.duplicates, "%s",
              r->tally.duplicates ? "the same bytes are organized already" : "");
    if (s->remove)
        put_line(to, width,
                 "Of these, %llu %s taken out of the inbox, to .alice/removed in the organized "
                 "folder",
                 N(r->duplicates_removed), s->dry_run ? "would be" : "were");
    else if (s->move && (t->known || r->tally.duplicates))
        put_line(to, width, "They are in the inbox still: --duplicates remove takes them out");
    if (t->not_media)
        put_count(to, width, "not media", t->not_media, "%s: left where they are%s", extensions,
                  s->verbose ? "" : "; -v names them");
    if (r->busy)
        put_count(to, width, "busy", r->busy, "%s",
                  "left for the next run: they changed a moment ago, or are being written");
    if (rest)
        put_count(to, width, "left", rest, "-v and --report say why");
    put_count(to, width, "errors", r->tally.errors, "%s",
              r->tally.errors ? "each named above" : "");
    if (r->copies_gone || r->copies_changed)
        put_line(
            to, width,
            "Of the organized, %llu were known, but their copies were gone (%llu) or changed "
            "(%llu, left as they are)",
            N(r->copies_gone + r->copies_changed), N(r->copies_gone), N(r->copies_changed));
    if (r->attributes_lost)
        put_line(to, width,
                 "Of the organized, %llu lost attributes that the destination cannot keep",
                 N(r->attributes_lost));
    if (r->recovered)
        put_line(to, width, "Before that, %llu files of a run that was killed were settled",
                 N(r->recovered));
    if (r->rebuilt)
        put_line(to, width,
                 "Before that, %llu files that the catalog did not know were read in the "
                 "organized folder",
                 N(r->rebuilt));
    if (r->passed_over)
        put_line(to, width, "Besides, %llu hidden and system files were passed over",
                 N(r->passed_over));
}

/* What a person should look at, and how it is listed. */
static void print_to_look_at(const cli_summary *s, FILE *to, int width)
{
    const alice_organize_result *r = s->result;
    uint64_t undated = r->date_sources[ALICE_DATE_NOWHERE],
             mtime = r->date_sources[ALICE_DATE_MTIME];
    if (!mtime && !undated && !r->damaged && !r->zone_assumed)
        return;
    fputs("\nLook at these\n", to);
    if (mtime)
        put_count(to, width, "date uncertain", mtime, "it is the modification time alone");
    if (undated)
        put_count(to, width, "no date", undated, "%s", s->undated);
    if (r->zone_assumed)
        put_count(to, width, "zone assumed", r->zone_assumed, "the local day may be another");
    if (r->damaged)
        put_count(to, width, "damaged", r->damaged, "read as far as they are whole");
    if (s->report) {
        fprintf(to, "  grep -E '\"date_source\": \"mtime\"|\"zone_assumed\"|\"reason\"' ");
        put_safe_text(to, s->report);
        fputs("\n", to);
    } else if (!s->verbose) {
        put_line(to, width, "-v shows each; --report FILE keeps a list");
    }
}

static void print_origins(const cli_summary *s, FILE *to, int width)
{
    enum { MOST = 12 };
    const char *name = NULL;
    uint64_t count = 0;
    fputs("\nBy source\n", to);
    for (size_t i = 0;
         i < MOST && alice_organizer_by_source(s->organizer, i, &name, &count) == ALICE_OK; i++)
        put_count(to, width, name, count, "%s", "");
    if (alice_organizer_by_source(s->organizer, MOST, &name, &count) == ALICE_OK)
        fputs("  …\n", to);
    fputs("\nDates from\n", to);
    for (int d = 0; d < ALICE_DATE_SOURCE_COUNT; d++)
        if (s->result->date_sources[d])
            put_count(to, width, alice_date_source_name((alice_date_source)d),
                      s->result->date_sources[d], "%s", "");
    if (s->result->date_sources[ALICE_DATE_NOWHERE])
        put_count(to, width, "nowhere", s->result->date_sources[ALICE_DATE_NOWHERE], "%s", "");
}

static void print_cost(const cli_summary *s, FILE *to, int width)
{
    const alice_organize_result *r = s->result;
    char peak[32], limit[32], speed[64] = "";
    bytes_text(r->memory.peak_bytes, peak, sizeof peak);
    bytes_text(r->memory.limit_bytes, limit, sizeof limit);
    *strchr(peak, ' ') = *strchr(limit, ' ') = *GLUE;
    if (r->seconds >= 1) /* of less, a speed says nothing */
        snprintf(speed, sizeof speed, ", %.0f" GLUE "files a second",
                 (double)r->tally.files / r->seconds);
    fputc('\n', to);
    put_line(to, width, "Memory: peak %s of %s; time: %s%.1f" GLUE "s%s", peak, limit,
             r->seconds < 0.1 ? "less than " : "", r->seconds < 0.1 ? 0.1 : r->seconds, speed);
    if (s->verbose)
        put_line(to, width,
                 "%llu collections, %llu batch size changes, cache hit rate %.0f" GLUE "%%",
                 N(r->memory.gc_collections), N(r->memory.batch_size_adjustments),
                 100 * r->memory.cache_stats.hit_rate);
}

void summary_print(const cli_summary *s, FILE *to, int width)
{
    print_photos(s, to, width);
    print_outcomes(s, to, width);
    print_to_look_at(s, to, width);
    if (s->result->tally.organized)
        print_origins(s, to, width);
    print_cost(s, to, width);
    if (s->dry_run)
        put_line(to, width, "\nNothing was changed. Leave -n out to do it%s",
                 s->verbose ? "." : "; add -v to see every file.");
    if (s->dry_run && s->archives)
        put_line(
            to, width,
            "Of what is in archives a dry run looks at the first 64 KB of each file and at the "
            "hash of all: a date that stands behind that, as in some films, and what belongs "
            "to "
            "a file that is organized already may turn out otherwise.");
}
