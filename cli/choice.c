/* SPDX-License-Identifier: MIT */
#include "choice.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* "2024", "2024-03", "2024-03-15": its first day, or its last where `last`; 0: no date. */
static uint32_t day_of(const char *text, bool last)
{
    static const char form[] = "####-##-##";
    unsigned year = 0, month = last ? 12 : 1, day = last ? 31 : 1;
    size_t n = strlen(text);
    if (n != 4 && n != 7 && n != 10)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (form[i] == '#' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
            return 0;
    sscanf(text, "%4u-%2u-%2u", &year, &month, &day);
    return year && month >= 1 && month <= 12 && day >= 1 && day <= 31
               ? year * 10000 + month * 100 + day
               : 0;
}

int choice_read(cli_choice *c, const cli_args *args, const char *since, const char *until,
                const char *only)
{
    static const char *const kinds[] = {
        [ONLY_PHOTO] = "photo", [ONLY_VIDEO] = "video", [ONLY_AI] = "ai"};
    *c = (cli_choice){.args = args};
    if (since && (c->since = day_of(since, false)) == 0)
        return cli_usage_error("--since: '%s' is no date; give 2024, 2024-03 or 2024-03-15",
                               since);
    if (until && (c->until = day_of(until, true)) == 0)
        return cli_usage_error("--until: '%s' is no date; give 2024, 2024-03 or 2024-03-15",
                               until);
    if (c->since && c->until && c->since > c->until)
        return cli_usage_error("--since %s is later than --until %s", since, until);
    for (int i = ONLY_PHOTO; only && i <= ONLY_AI; i++)
        if (strcmp(only, kinds[i]) == 0)
            c->only = (cli_only)i;
    if (only && c->only == ONLY_ANY)
        return cli_usage_error("--only: '%s' is not photo, video or ai", only);
    return CLI_DONE;
}

/* A pattern with a slash is for the path, or for a folder above; one without for any part. */
static bool matches(const char *glob, const char *path)
{
    char part[4096];
    bool whole = strchr(glob, '/') != NULL;
    const char *from = path, *slash;
    do {
        slash = strchr(from, '/');
        const char *begin = whole ? path : from;
        size_t n = slash ? (size_t)(slash - begin) : strlen(begin);
        if (n < sizeof part) {
            memcpy(part, begin, n);
            part[n] = 0;
            if (fnmatch(glob, part, whole ? FNM_PATHNAME : 0) == 0)
                return true;
        }
        from = slash ? slash + 1 : from;
    } while (slash);
    return false;
}

static bool is_wanted_kind(const cli_choice *c, const alice_media_info *info)
{
    bool video = alice_media_class_of(info->type) == ALICE_CLASS_VIDEO;
    bool generated = info->generator != ALICE_GEN_NONE;
    return c->only == ONLY_VIDEO   ? video
           : c->only == ONLY_PHOTO ? !video && !generated
           : c->only == ONLY_AI    ? generated
                                   : true;
}

const char *choice_leaves(const cli_choice *c, const char *path, const alice_media_info *info)
{
    for (int i = 0; !info && i < c->args->exclude_count; i++)
        if (matches(c->args->excludes[i], path))
            return "--exclude names it";
    if (!info)
        return NULL;
    if (!is_wanted_kind(c, info))
        return "it is not of the kind that --only names";
    if (!c->since && !c->until)
        return NULL;
    if (info->date_source == ALICE_DATE_NOWHERE)
        return "it has no date to compare with --since and --until";
    /* Of a month or a year, some day is inside: it may be that one. */
    const alice_date *d = &info->date;
    uint32_t year = (uint32_t)d->year * 10000, month = d->month * 100u;
    uint32_t first = year + (month ? month : 100) + (d->day ? d->day : 1u);
    uint32_t last = year + (month ? month : 1200) + (d->day ? d->day : 31u);
    return c->since && last < c->since    ? "it is older than --since"
           : c->until && first > c->until ? "it is newer than --until"
                                          : NULL;
}
