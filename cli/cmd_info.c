/* SPDX-License-Identifier: MIT */
/* alice info: what a file says about itself, and where it says so. */
#define _XOPEN_SOURCE 700 /* nftw() */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <alice/confine.h>
#include <alice/library.h>

#include "command.h"
#include "json.h"
#include "organized_above.h"
#include "stop.h"
#include "terminal.h"

enum { OPT_RECURSIVE = OPT_OWN }; /* of its own */

static void date_text(const alice_date *d, char *date, size_t date_size, char *time,
                      size_t time_size, char *zone, size_t zone_size)
{
    alice_date_text(d, date, date_size);
    *time = *zone = 0;
    if (d->has_time)
        snprintf(time, time_size, "%02u:%02u:%02u", d->hour, d->minute, d->second);
    if (d->has_zone) {
        int z = d->zone_minutes < 0 ? -d->zone_minutes : d->zone_minutes;
        snprintf(zone, zone_size, "%c%02d:%02d", d->zone_minutes < 0 ? '-' : '+', z / 60,
                 z % 60);
    }
}

/* How far a date is to be believed: what a camera wrote, with the day where it was taken; what
 * others say or a moment in UTC; what is of an edit or a copy. */
static const char *confidence(alice_date_source source, const alice_date *date)
{
    if (source >= ALICE_DATE_EXIF_MODIFIED && source != ALICE_DATE_NAME &&
        source != ALICE_DATE_FOLDER)
        return "low";
    return source >= ALICE_DATE_SIDECAR || date->zone_assumed || date->day == 0 ? "medium"
                                                                                : "high";
}

static void print_json(const char *path, const alice_media_info *info, const char *source,
                       const char *problem, const char *albums)
{
    cli_json j = {.to = stdout};
    char date[16], time[16], zone[16];
    json_open(&j, NULL, '{');
    json_text(&j, "path", path);
    if (info && info->type != ALICE_MEDIA_NONE) {
        json_text(&j, "type", alice_media_name(info->type));
        if (info->width && info->height) {
            json_uint(&j, "width", info->width);
            json_uint(&j, "height", info->height);
        }
        if (info->date_source != ALICE_DATE_NOWHERE) {
            date_text(&info->date, date, sizeof date, time, sizeof time, zone, sizeof zone);
            json_text(&j, "date", date);
            if (*time)
                json_text(&j, "time", time);
            if (*zone)
                json_text(&j, "zone", zone);
            json_text(&j, "precision", alice_date_precision(&info->date));
            if (info->date.zone_assumed)
                json_bool(&j, "zone_assumed", true);
            if (info->date.zone_assumed && info->zone_place)
                json_text(&j, "zone_place", info->zone_place);
            json_text(&j, "date_confidence", confidence(info->date_source, &info->date));
            json_text(&j, "date_source", alice_date_source_name(info->date_source));
        }
        for (int f = 0; f <= ALICE_FACT_SOFTWARE; f++)
            if (info->fact[f].n)
                json_text_n(&j, alice_fact_name((alice_fact)f), info->fact[f].p,
                            info->fact[f].n);
        if (info->generator != ALICE_GEN_NONE) {
            json_text(&j, "generator", alice_generator_name(info->generator));
            if (info->generator_source)
                json_text(&j, "generator_source", info->generator_source);
        }
        if (info->ai_edited)
            json_bool(&j, "ai_edited", true);
        for (int f = ALICE_FACT_SOFTWARE + 1; f < ALICE_FACT_COUNT; f++)
            if (info->fact[f].n)
                json_text_n(&j, alice_fact_name((alice_fact)f), info->fact[f].p,
                            info->fact[f].n);
        if (info->motion_at) {
            json_uint(&j, "motion_photo_offset", info->motion_at);
            json_uint(&j, "motion_photo_bytes", info->motion_bytes);
            json_text(&j, "motion_photo_source", info->motion_source);
        }
        json_text(&j, "source", source);
        json_lines(&j, "albums", albums);
    } else if (info) {
        json_text(&j, "type", "none");
    }
    if (problem)
        json_text(&j, "error", problem);
    json_close(&j, '}');
    json_end_line(&j);
}

static void print_fact(const char *name, const char *text, size_t n, const char *from, bool cut)
{
    printf("  %-16s ", name);
    /* A file's text keeps its lines, and must not steer the terminal. */
    for (const char *end = text + n, *line = text; line <= end;) {
        const char *stop = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
        put_safe(stdout, line, (size_t)((stop ? stop : end) - line));
        if (!stop)
            break;
        printf("\n  %-16s ", "");
        line = stop + 1;
    }
    if (cut)
        fputs(" …", stdout);
    if (from)
        printf("   (%s)", from);
    putchar('\n');
}

static void print_text(const char *path, const alice_media_info *info, const char *source,
                       const char *problem, const char *albums)
{
    char date[16], time[16], zone[16], line[64];
    put_safe_text(stdout, path);
    putchar('\n');
    if (info && info->type != ALICE_MEDIA_NONE) {
        print_fact("type", alice_media_name(info->type), strlen(alice_media_name(info->type)),
                   info->extension_note, false);
        if (info->width && info->height) {
            int n = snprintf(line, sizeof line, "%u × %u", info->width, info->height);
            print_fact("size", line, (size_t)n, NULL, false);
        }
        for (int s = 0; s < ALICE_DATE_SOURCE_COUNT; s++) {
            const alice_date_candidate *c = &info->dates[s];
            if (c->verdict == ALICE_DATE_ABSENT)
                continue;
            const char *placed = c->date.zone_assumed ? info->zone_place : NULL;
            date_text(&c->date, date, sizeof date, time, sizeof time, zone, sizeof zone);
            if (c->verdict == ALICE_DATE_REJECTED)
                printf("  %-16s not \"%s\": %s   (%s)\n", "", c->raw,
                       c->reason ? c->reason : "no real date",
                       alice_date_source_name((alice_date_source)s));
            else
                printf("  %-16s %s%s%s%s%s%s%s%s   (%s, %s)\n",
                       c->verdict == ALICE_DATE_USED ? "date" : "", date, *time ? " " : "",
                       time, *zone ? " " : "", zone,
                       placed ? ", about where it was taken: " : "", placed ? placed : "",
                       c->date.zone_assumed ? ", the local day may be another" : "",
                       alice_date_source_name((alice_date_source)s),
                       confidence((alice_date_source)s, &c->date));
        }
        for (int f = 0; f <= ALICE_FACT_SOFTWARE; f++)
            if (info->fact[f].n)
                print_fact(alice_fact_name((alice_fact)f), info->fact[f].p, info->fact[f].n,
                           info->fact_from[f], info->fact_cut[f]);
        if (info->generator != ALICE_GEN_NONE)
            print_fact("generator", alice_generator_name(info->generator),
                       strlen(alice_generator_name(info->generator)), info->generator_source,
                       false);
        if (info->ai_edited)
            print_fact("ai_edited", "yes", 3, info->ai_edited_source, false);
        for (int f = ALICE_FACT_SOFTWARE + 1; f < ALICE_FACT_COUNT; f++)
            if (info->fact[f].n)
                print_fact(alice_fact_name((alice_fact)f), info->fact[f].p, info->fact[f].n,
                           info->fact_from[f], info->fact_cut[f]);
        if (info->motion_at) {
            int n = snprintf(line, sizeof line, "video of %llu bytes at %llu",
                             (unsigned long long)info->motion_bytes,
                             (unsigned long long)info->motion_at);
            print_fact("motion_photo", line, (size_t)n, info->motion_source, false);
        }
        print_fact("source", source, strlen(source), NULL, false);
        if (*albums)
            print_fact("albums", albums, strlen(albums), NULL, false);
    } else if (info && !problem) {
        puts("  not a media file that alice knows");
    }
    if (problem)
        print_fact("problem", problem, strlen(problem), NULL, false);
}

/* ---- files and folders ---- */

typedef struct informing {
    alice_info_reader *reader;
    bool json;
    int worst; /* the exit status */
    /* Of each word: the titles of its albums, a line each; NULL: it has none. */
    char **albums;
} informing;

/* The walk of nftw() carries no context. */
static informing walk;

static void failed(const char *path, const char *problem)
{
    if (walk.json)
        print_json(path, NULL, NULL, problem, "");
    else
        cli_error("%s: %s", path, problem);
    walk.worst = CLI_SOME_FAILED;
}

/* `albums` NULL: it was not named but found in a folder, where what is no media is passed over
 * and albums are not asked for. */
static void report(const char *path, const char *albums)
{
    const bool found = !albums;
    static alice_media_info info; /* 2 KB of facts, filled file by file */
    char source[128] = "";
    alice_error error;
    if (alice_info_read(walk.reader, path, &info, source, sizeof source, &error) != ALICE_OK) {
        failed(path, error.text);
        return;
    }
    const char *problem = info.reason[0]            ? info.reason
                          : info.status != ALICE_OK ? alice_status_text(info.status)
                                                    : NULL;
    if (found && info.type == ALICE_MEDIA_NONE && info.status == ALICE_OK)
        return;
    if (walk.json)
        print_json(path, &info, source, problem, found ? "" : albums);
    else
        print_text(path, &info, source, problem, found ? "" : albums);
    if (info.status != ALICE_OK)
        walk.worst = CLI_SOME_FAILED;
}

static int visit(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)at;
    if (stop_asked(NULL))
        return 1;
    if (kind == FTW_F && S_ISREG(st->st_mode))
        report(path, NULL);
    else if (kind == FTW_DNR || kind == FTW_NS)
        failed(path, strerror(EACCES));
    return 0;
}

/* ---- albums ---- */

typedef struct asking {
    size_t first;
} asking;

static void on_known(void *ctx, size_t which, const alice_library_file *file)
{
    const asking *a = ctx;
    if (*file->albums)
        walk.albums[a->first + which] = strdup(file->albums); /* NULL: they are not shown */
}

/* The path of a file below the organized folder that it is in, which is in `folder` then; NULL:
 * it is in none. */
static char *below_organized(const char *path, char folder[PATH_MAX])
{
    char real[PATH_MAX];
    const char *above = organized_above(path);
    *folder = 0;
    if (!above || !realpath(path, real))
        return NULL;
    const size_t n = strlen(above);
    if (strncmp(real, above, n) != 0 || real[n] != '/')
        return NULL;
    char *below = strdup(real + n + 1);
    if (below)
        snprintf(folder, PATH_MAX, "%s", above);
    return below;
}

/* Ask for the albums of those words that are organized files, those of one folder that follow
 * each other at once. What keeps a catalog from being read keeps no file from being told. */
static void ask_albums(const cli_args *args)
{
    const size_t count = (size_t)args->word_count;
    char folder[PATH_MAX] = "", next[PATH_MAX];
    char **below = calloc(count, sizeof *below);
    walk.albums = calloc(count, sizeof *walk.albums);
    size_t first = 0;
    for (size_t i = 0; below && walk.albums && i <= count; i++) {
        *next = 0;
        if (i < count)
            below[i] = below_organized(args->words[i], next);
        if (i == count || strcmp(next, folder) != 0) {
            asking a = {.first = first};
            const alice_organizer_options o = {.size = sizeof o, .organized = folder};
            if (*folder)
                (void)alice_library_files(&o, (const char *const *)below + first, i - first,
                                          on_known, &a, NULL);
            first = i;
            memcpy(folder, next, sizeof folder);
        }
    }
    for (size_t i = 0; below && i < count; i++)
        free(below[i]);
    free(below);
}

static void forget_albums(size_t count)
{
    for (size_t i = 0; walk.albums && i < count; i++)
        free(walk.albums[i]);
    free(walk.albums);
}

static int run(const cli_args *args)
{
    enum { OPEN_FOLDERS = 16 };
    struct stat st;
    walk = (informing){.json = args->given[OPT_JSON]};
    ask_albums(args);
    /* It reads whatever it is pointed at, and does nothing else. */
    const alice_confine_path everything = {"/", false};
    if (alice_confine(&everything, 1, NULL) != ALICE_OK)
        cli_error("this process is not confined: the kernel knows how, and refused");
    alice_status opened = alice_info_open(&walk.reader, NULL);
    alice_info_date_patterns(walk.reader, (const char *const *)args->date_patterns);
    if (opened != ALICE_OK) {
        cli_error("%s", alice_status_text(opened));
        forget_albums((size_t)args->word_count);
        return CLI_STOPPED;
    }
    stop_catch();
    for (int i = 0; i < args->word_count && !stop_asked(NULL); i++) {
        const char *path = args->words[i];
        if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
            report(path, walk.albums && walk.albums[i] ? walk.albums[i] : "");
        else if (!args->given[OPT_RECURSIVE])
            failed(path, "this is a folder; -r tells of the files in it");
        else if (nftw(path, visit, OPEN_FOLDERS, FTW_PHYS) < 0)
            failed(path, strerror(errno));
    }
    alice_info_close(&walk.reader);
    forget_albums((size_t)args->word_count);
    return stop_asked(NULL) ? CLI_INTERRUPTED : walk.worst;
}

static const cli_option own_options[] = {
    [OPT_RECURSIVE] = {"recursive", 'r', NULL, NULL,
                       "of folders, tell of the media files in them"},
};
static const cli_opt options[] = {OPT_RECURSIVE, OPT_TIMEZONE, OPT_DATE_PATTERN, OPT_JSON,
                                  OPT_SET,       OPT_HELP,     OPT_END};

static const char text[] =
    "Prints type, size, date, camera, generator and prompt of each file, each with the place\n"
    "where it stands, and for the date what was found besides and why it was not taken. A\n"
    "date may be known to the month or the year only (precision in JSON); where a film knows\n"
    "its time in UTC alone, the zone is that of the place nearest to its position "
    "(zone_place),\n"
    "else of --timezone or of this machine, and the day where it was taken may be another\n"
    "(zone_assumed). Of an organized file that is named it tells the albums that an export "
    "had\n"
    "it in.\n"
    "\n"
    "Examples:\n"
    "  alice info IMG_0001.HEIC\n"
    "  alice info --json *.png | jq -r .prompt\n"
    "  alice info -r ~/Pictures/2023\n";

const cli_command cmd_info = {
    .name = "info",
    .words = "FILE...",
    .completes = "file",
    .summary = "show what a file says about itself",
    .options = options,
    .own_options = own_options,
    .least = 1,
    .most = -1,
    .text = text,
    .run = run,
};
