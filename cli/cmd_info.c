/* SPDX-License-Identifier: MIT */
/* alice info: what a file says about itself, and where it says so. */
#include <stdio.h>
#include <string.h>

#include <alice/organize.h>

#include "command.h"
#include "json.h"
#include "terminal.h"

static void date_text(const alice_date *d, char *date, size_t date_size, char *time,
                      size_t time_size, char *zone, size_t zone_size)
{
    snprintf(date, date_size, "%04d-%02u-%02u", d->year, d->month, d->day);
    *time = *zone = 0;
    if (d->has_time)
        snprintf(time, time_size, "%02u:%02u:%02u", d->hour, d->minute, d->second);
    if (d->has_zone) {
        int z = d->zone_minutes < 0 ? -d->zone_minutes : d->zone_minutes;
        snprintf(zone, zone_size, "%c%02d:%02d", d->zone_minutes < 0 ? '-' : '+', z / 60,
                 z % 60);
    }
}

static void print_json(const char *path, const alice_media_info *info, const char *source,
                       const char *problem)
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
        json_text(&j, "source", source);
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
                       const char *problem)
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
            date_text(&c->date, date, sizeof date, time, sizeof time, zone, sizeof zone);
            if (c->verdict == ALICE_DATE_REJECTED)
                printf("  %-16s not \"%s\": %s   (%s)\n", "", c->raw,
                       c->reason ? c->reason : "no real date",
                       alice_date_source_name((alice_date_source)s));
            else
                printf("  %-16s %s%s%s%s%s   (%s)\n",
                       c->verdict == ALICE_DATE_USED ? "date" : "", date, *time ? " " : "",
                       time, *zone ? " " : "", zone,
                       alice_date_source_name((alice_date_source)s));
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
        print_fact("source", source, strlen(source), NULL, false);
    } else if (info && !problem) {
        puts("  not a media file that alice knows");
    }
    if (problem)
        print_fact("problem", problem, strlen(problem), NULL, false);
}

static int run(const cli_args *args)
{
    alice_info_reader *reader = NULL;
    alice_media_info *info = NULL;
    alice_error error;
    int worst = CLI_DONE;
    static alice_media_info room; /* 2 KB of facts, filled file by file */
    alice_status st = alice_info_open(&reader, NULL);
    if (st != ALICE_OK) {
        cli_error("%s", alice_status_text(st));
        return CLI_STOPPED;
    }
    for (int i = 0; i < args->word_count; i++) {
        char source[128] = "";
        const char *problem = NULL;
        info = &room;
        st = alice_info_read(reader, args->words[i], info, source, sizeof source, &error);
        if (st != ALICE_OK) {
            problem = error.text;
            info = NULL;
        } else if (info->status != ALICE_OK || info->reason[0]) {
            problem = info->reason[0] ? info->reason : alice_status_text(info->status);
        }
        if (args->given[OPT_JSON])
            print_json(args->words[i], info, source, problem);
        else if (info)
            print_text(args->words[i], info, source, problem);
        if (!info) {
            if (!args->given[OPT_JSON])
                cli_error("%s: %s", args->words[i], problem);
            worst = CLI_SOME_FAILED;
        } else if (info->status != ALICE_OK) {
            worst = CLI_SOME_FAILED;
        }
    }
    alice_info_close(&reader);
    return worst;
}

static const cli_opt options[] = {OPT_JSON, OPT_SET, OPT_HELP, OPT_END};

static const char text[] =
    "Prints type, size, date, camera, generator and prompt of each file, each with the place\n"
    "where it stands, and for the date what was found besides and why it was not taken.\n"
    "\n"
    "Examples:\n"
    "  alice info IMG_0001.HEIC\n"
    "  alice info --json *.png | jq -r .prompt\n";

const cli_command cmd_info = {
    .name = "info",
    .words = "FILE...",
    .completes = "file",
    .summary = "show what a file says about itself",
    .options = options,
    .least = 1,
    .most = -1,
    .text = text,
    .run = run,
};
