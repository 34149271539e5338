/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <alice/organize.h>
#include <alice/text.h>

#include "settings_file.h"

static size_t field_of(const char *key)
{
    const alice_config_field_info *f;
    for (size_t i = 0; (f = alice_config_field(i)) != NULL; i++)
        if (strcmp(f->name, key) == 0 || strcmp(f->key, key) == 0)
            return i;
    return ALICE_CONFIG_FIELDS;
}

static uint32_t least_limit(void)
{
    return (uint32_t)((alice_organizer_minimum_memory() + ALICE_MB - 1) / ALICE_MB);
}

/* Whether it is a size, and one below so many MB. */
static bool is_below(const char *value, uint32_t mb)
{
    uint64_t bytes;
    return alice_parse_size(value, &bytes) == ALICE_OK && bytes < mb * ALICE_MB;
}

static int set_field(cli_settings *s, const char *key, const char *value, cli_origin origin,
                     const char *said_as)
{
    alice_error error;
    if (alice_config_set(&s->given, key, value, &error) != ALICE_OK) {
        uint32_t least = least_limit();
        if (strcmp(key, "max_memory_mb") == 0 && is_below(value, least))
            return cli_usage_error(
                "%s: %s is too little: the smallest that works here is %u MB "
                "(--max-memory %u)",
                said_as, value, least, least);
        return cli_usage_error("%s: %s", said_as, error.text);
    }
    size_t i = field_of(key);
    if (i < ALICE_CONFIG_FIELDS)
        s->origin[i] = origin;
    return CLI_DONE;
}

static int use_profile(cli_settings *s, const char *name, cli_origin origin,
                       const char *said_as)
{
    if (alice_config_use_profile(&s->given, name) != ALICE_OK) {
        const char *nearest = NULL;
        unsigned least = 9;
        for (size_t i = 0; alice_config_profile_name(i); i++) {
            const char *is = alice_config_profile_name(i);
            unsigned d =
                strncmp(name, is, strlen(name)) == 0 ? 0 : alice_edit_distance(name, is);
            if (d < least) {
                least = d;
                nearest = is;
            }
        }
        fprintf(stderr, "alice: %s: there is no profile '%s'", said_as, name);
        if (nearest)
            fprintf(stderr, "; did you mean '%s'?", nearest);
        fputs(" There are:", stderr);
        for (size_t i = 0; alice_config_profile_name(i); i++)
            fprintf(stderr, " %s", alice_config_profile_name(i));
        fputc('\n', stderr);
        return CLI_USAGE;
    }
    s->profile = name;
    s->profile_origin = origin;
    return CLI_DONE;
}

const char *settings_split(const char *given, char key[SETTINGS_KEY_MAX])
{
    const char *equals = strchr(given, '=');
    size_t n = equals ? (size_t)(equals - given) : 0;
    if (n == 0 || n >= SETTINGS_KEY_MAX) {
        cli_usage_error("--set wants KEY=VALUE, not '%s'; 'alice config' lists the keys",
                        given);
        return NULL;
    }
    memcpy(key, given, n);
    key[n] = 0;
    return equals + 1;
}

int settings_check_sets(const cli_args *args)
{
    alice_config unused = {0};
    alice_error error;
    for (int i = 0; i < args->set_count; i++) {
        char key[SETTINGS_KEY_MAX];
        const char *value = settings_split(args->sets[i], key);
        if (!value)
            return CLI_USAGE;
        if (alice_config_set(&unused, key, value, &error) != ALICE_OK)
            return cli_usage_error("--set: %s", error.text);
    }
    return CLI_DONE;
}

static int use_flags(cli_settings *s, const cli_args *args)
{
    static const struct {
        cli_opt opt;
        const char *key, *said_as;
    } flags[] = {
        {OPT_MAX_MEMORY, "max_memory_mb", "--max-memory"},
        {OPT_CACHE_SIZE, "cache_size_mb", "--cache-size"},
        {OPT_JOBS, "workers", "--jobs"},
    };
    int bad = CLI_DONE;
    for (size_t i = 0; i < sizeof flags / sizeof *flags && !bad; i++)
        if (args->given[flags[i].opt])
            bad = set_field(s, flags[i].key, args->value[flags[i].opt], ORIGIN_FLAG,
                            flags[i].said_as);
    for (int i = 0; i < args->set_count && !bad; i++) {
        char key[SETTINGS_KEY_MAX];
        const char *value = settings_split(args->sets[i], key);
        bad = value ? set_field(s, key, value, ORIGIN_FLAG, "--set") : CLI_USAGE;
    }
    return bad;
}

/* The ladder gives a small container half of it: where that is too little to work in, the least
   that is enough may still fit. */
static void use_machine(cli_settings *s)
{
    uint32_t least = least_limit();
    if (s->given.max_memory_mb < least)
        s->given.max_memory_mb = least;
    s->origin[field_of("max_memory_mb")] = ORIGIN_MACHINE;
}

static int use_file(cli_settings *s, const cli_settings_file *f)
{
    alice_error error;
    for (size_t i = 0; f && i < f->count; i++) {
        const cli_setting *is = &f->all[i];
        if (is->row)
            continue;
        if (alice_config_set(&s->given, is->key, is->value, &error) != ALICE_OK)
            return cli_usage_error("%s:%u: %s", f->path, is->line, error.text);
        size_t field = field_of(is->key);
        s->origin[field] = ORIGIN_FILE;
        s->line[field] = is->line;
    }
    return CLI_DONE;
}

/* The profile that the file names; NULL: none. */
static const char *profile_of(cli_settings *s, const cli_settings_file *f)
{
    for (size_t i = 0; f && i < f->count; i++)
        if (strcmp(f->all[i].key, "performance.profile") == 0) {
            s->profile_line = f->all[i].line;
            return f->all[i].value;
        }
    return NULL;
}

int settings_read(cli_settings *s, const cli_args *args)
{
    *s = (cli_settings){0};
    const char *named = getenv("ALICE_PERFORMANCE"), *in_file = NULL;
    const cli_settings_file *f = NULL;
    char said_as[4200];
    int bad = settings_file(args, &f);
    if (bad)
        return bad;
    in_file = profile_of(s, f);
    s->file = !f ? NULL : strrchr(f->path, '/') ? strrchr(f->path, '/') + 1 : f->path;
    if (args->given[OPT_PROFILE] && !args->from_file[OPT_PROFILE])
        bad = use_profile(s, args->value[OPT_PROFILE], ORIGIN_FLAG, "--profile");
    else if (named && *named)
        bad = use_profile(s, named, ORIGIN_ENVIRONMENT, "ALICE_PERFORMANCE");
    else if (in_file) {
        snprintf(said_as, sizeof said_as, "%s:%u", f->path, s->profile_line);
        bad = use_profile(s, in_file, ORIGIN_FILE, said_as);
    } else if (alice_config_for_system(&s->given) == ALICE_OK)
        use_machine(s);
    if (bad || (bad = use_file(s, f)) != CLI_DONE || (bad = use_flags(s, args)) != CLI_DONE)
        return bad;

    /* What this program did not set, the library tells. */
    static const cli_origin told[] = {[ALICE_ORIGIN_LIMIT] = ORIGIN_FOLLOWS,
                                      [ALICE_ORIGIN_PROFILE] = ORIGIN_PROFILE,
                                      [ALICE_ORIGIN_SET] = ORIGIN_DEFAULT};
    alice_error error;
    s->config = s->given;
    alice_config_resolve(&s->config);
    for (size_t i = 0; alice_config_field(i); i++)
        if (s->origin[i] == ORIGIN_DEFAULT)
            s->origin[i] = told[s->config.origin[i]];
    if (alice_config_check(&s->config, &error) != ALICE_OK)
        return cli_usage_error("%s", error.text);
    return CLI_DONE;
}

const char *settings_origin(const cli_settings *s, size_t field, char *buf, size_t size)
{
    switch (s->origin[field]) {
    case ORIGIN_FLAG:
        return "flag";
    case ORIGIN_ENVIRONMENT:
        return "environment";
    case ORIGIN_FILE:
        snprintf(buf, size, "%s:%u", s->file, s->line[field]);
        return buf;
    case ORIGIN_MACHINE:
        return "this machine's memory";
    case ORIGIN_FOLLOWS:
        return "follows the limit";
    case ORIGIN_PROFILE:
        if (s->profile_origin == ORIGIN_FILE)
            snprintf(buf, size, "profile %s (%s:%u)", s->profile, s->file, s->profile_line);
        else
            snprintf(buf, size, "profile %s%s", s->profile,
                     s->profile_origin == ORIGIN_ENVIRONMENT ? " (ALICE_PERFORMANCE)" : "");
        return buf;
    case ORIGIN_DEFAULT:
        break;
    }
    return "default";
}

const char *organized_beside(const char *inbox)
{
    static char path[4096];
    size_t n = strlen(inbox);
    while (n > 1 && inbox[n - 1] == '/')
        n--;
    while (n > 0 && inbox[n - 1] != '/')
        n--;
    if (n + sizeof "organized" > sizeof path)
        return NULL;
    memcpy(path, inbox, n);
    strcpy(path + n, "organized");
    return path;
}
