/* SPDX-License-Identifier: MIT */
/*
 * The list of commands, their parser and their help. This file and all of cli/
 * use the public headers of libalice only.
 */
#define _XOPEN_SOURCE 700 /* tzset */
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <alice/confine.h>
#include <alice/media.h>
#include <alice/text.h>

#include "commands.h" /* CLI_COMMANDS: made from the list in meson.build */
#include "settings.h"
#include "settings_file.h"
#include "terminal.h"

static const cli_option shared_options[OPT_SHARED] = {
    [OPT_HELP] = {"help", 'h', NULL, NULL, "show this help"},
    [OPT_INBOX] = {"inbox", 'i', "DIR", "dir", "where the files come from"},
    [OPT_ORGANIZED] = {"organized", 'o', "DIR", "dir", "the organized folder, where they go"},
    [OPT_DRY_RUN] = {"dry-run", 'n', NULL, NULL, "decide everything, change nothing on disk"},
    [OPT_MAX_MEMORY] = {"max-memory", 0, "SIZE", NULL,
                        "ceiling of the whole process, in MB or with a unit (24, 24M, 1.5G)"},
    [OPT_PROFILE] = {"profile", 0, "NAME", "profile",
                     "default, fast, memory_constrained or large_collection"},
    [OPT_JOBS] = {"jobs", 'j', "N", NULL, "probing threads, at most twice the cores"},
    [OPT_CATALOG] = {"catalog", 0, "FILE", "file",
                     "the catalog (default: ORGANIZED/.alice/catalog.db)"},
    [OPT_JSON] = {"json", 0, NULL, NULL, "print JSON instead of text"},
    [OPT_QUIET] = {"quiet", 'q', NULL, NULL, "print errors only"},
    [OPT_VERBOSE] = {"verbose", 'v', NULL, NULL, "print what becomes of every file"},
    [OPT_SET] = {"set", 0, "KEY=VALUE", "key",
                 "set a field of the configuration, e.g. memory.chunk_size_kb=256"},
    [OPT_PID] = {"pid", 0, "N", "pid", "the process with this id"},
    [OPT_ALL] = {"all", 0, NULL, NULL, "every alice of yours that is running"},
    [OPT_EXCLUDE] = {"exclude", 0, "GLOB", NULL,
                     "leave files and folders of this name (or path, with a slash)"},
    [OPT_NO_PROJECT] = {"no-project", 0, "NAME", NULL,
                        "a folder of this name (\"*.ext\": that ends so) names no project"},
    [OPT_CONFIG] = {"config", 0, "FILE", "file",
                    "the settings file (default: $XDG_CONFIG_HOME/alice/settings.yaml)"},
    [OPT_TIMEZONE] =
        {"timezone", 0, "ZONE", NULL,
         "where a moment is known in UTC alone, without a place, its zone (Europe/Berlin, "
         "+02:00; default: this machine's)"},
    [OPT_DATE_PATTERN] =
        {"date-pattern", 0, "PATTERN", NULL,
         "names of this form say when: Scan_%d.%m.%Y_* (%Y %y %m %b %d %H %M %S, *, ?)"},
    [OPT_FORCE] = {"force", 0, NULL, NULL, "replace what stands where a file is to be written"},
    [OPT_CACHE_SIZE] = {"cache-size", 0, "SIZE", NULL, "of all caches together"},
};

#define COMMAND(name) extern const cli_command cmd_##name;
CLI_COMMANDS
#undef COMMAND

#define COMMAND(name) &cmd_##name,
const cli_command *const cli_commands[] = {CLI_COMMANDS NULL};
#undef COMMAND

const cli_option *cli_option_of(const cli_command *c, cli_opt which)
{
    return which < OPT_OWN ? &shared_options[which] : &c->own_options[which];
}

static void say(const char *format, va_list args)
{
    char text[8192]; /* two paths and what is said of them */
    vsnprintf(text, sizeof text, format, args);
    fputs("alice: ", stderr);
    put_safe_text(stderr, text);
    fputc('\n', stderr);
}

void cli_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

int cli_usage_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    return CLI_USAGE;
}

int cli_exit_status(alice_status status)
{
    switch (status) {
    case ALICE_OK:
        return CLI_DONE;
    case ALICE_E_INVAL:
    case ALICE_E_BUDGET:
        return CLI_USAGE;
    case ALICE_E_CANCELLED:
        return CLI_INTERRUPTED;
    default:
        return CLI_STOPPED;
    }
}

static void print_option(const cli_option *o)
{
    char left[48];
    int n = o->letter ? snprintf(left, sizeof left, "  -%c, --%s", o->letter, o->name)
                      : snprintf(left, sizeof left, "      --%s", o->name);
    if (o->value)
        snprintf(left + n, sizeof left - (size_t)n, " %s", o->value);
    printf("%-26s %s\n", left, o->text);
}

static int print_command_help(const cli_command *c)
{
    printf("usage: alice %s %s%s[options]\n\n%s\n\n", c->name, c->words, *c->words ? " " : "",
           c->summary);
    printf("%s\nOptions:\n", c->text);
    for (const cli_opt *o = c->options; *o != OPT_END; o++)
        print_option(cli_option_of(c, *o));
    return CLI_DONE;
}

static int print_help(void)
{
    printf("usage: alice COMMAND [options]\n\n%s\nCommands:\n", cli_about);
    for (const cli_command *const *at = cli_commands; *at; at++)
        printf("  %-18s %s\n", (*at)->name, (*at)->summary);
    puts("\n  alice COMMAND --help   how to use a command, with examples\n"
         "  alice --version        the version; with -v also of what it stands on\n"
         "  man alice              everything\n\n"
         "Exit status:");
    for (const cli_note *n = cli_exit_statuses; n->name; n++)
        printf("  %-4s %s\n", n->name, n->text);
    return CLI_DONE;
}

/* The command that the words begin with; `*used` of them name it. */
static const cli_command *find_command(int count, char **words, int *used)
{
    for (const cli_command *const *at = cli_commands; *at; at++) {
        const cli_command *c = *at;
        const char *space = strchr(c->name, ' ');
        if (!space) {
            if (strcmp(c->name, words[0]) == 0) {
                *used = 1;
                return c;
            }
        } else if (count > 1 && strncmp(c->name, words[0], (size_t)(space - c->name)) == 0 &&
                   words[0][space - c->name] == 0 && strcmp(space + 1, words[1]) == 0) {
            *used = 2;
            return c;
        }
    }
    return NULL;
}

static bool is_group(const char *word)
{
    size_t n = strlen(word);
    for (const cli_command *const *at = cli_commands; *at; at++)
        if (strncmp((*at)->name, word, n) == 0 && (*at)->name[n] == ' ')
            return true;
    return false;
}

static void print_group_help(const char *group)
{
    size_t n = strlen(group);
    printf("usage: alice %s COMMAND [options]\n\nCommands:\n", group);
    for (const cli_command *const *at = cli_commands; *at; at++)
        if (strncmp((*at)->name, group, n) == 0 && (*at)->name[n] == ' ')
            printf("  %-18s %s\n", (*at)->name, (*at)->summary);
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int unknown_command(int count, char **words)
{
    char given[80];
    const char *nearest = NULL;
    unsigned least = 4;
    bool group = is_group(words[0]);
    if (group && (count == 1 || asks_for_help(words[1]))) {
        print_group_help(words[0]);
        return count == 1 ? CLI_USAGE : CLI_DONE;
    }
    snprintf(given, sizeof given, "%s%s%s", words[0], group ? " " : "", group ? words[1] : "");
    for (const cli_command *const *at = cli_commands; *at; at++) {
        const cli_command *c = *at;
        unsigned d = alice_edit_distance(given, c->name);
        if (d < least) {
            least = d;
            nearest = c->name;
        }
    }
    if (nearest)
        return cli_usage_error("there is no command '%s'; did you mean '%s'?", given, nearest);
    return cli_usage_error("there is no command '%s'; 'alice --help' lists them", given);
}

/* alice help [COMMAND] */
static int help(int count, char **words)
{
    int used = 0;
    if (count == 0)
        return print_help();
    const cli_command *about = find_command(count, words, &used);
    if (about)
        return print_command_help(about);
    if (count == 1 && is_group(words[0])) {
        print_group_help(words[0]);
        return CLI_DONE;
    }
    return unknown_command(count, words);
}

static void print_part(const char *name, const char *version, const char *without)
{
    printf("  %-15s %s\n", name, without ? "no" : *version ? version : "yes");
    if (without)
        printf("    %s\n", without);
}

/* `parts`: also what it stands on here, for those who ask for help. */
static int print_version(bool parts)
{
    alice_part part;
    printf("alice %s\n", alice_version());
    if (!parts)
        return CLI_DONE;
    puts("libraries:");
    for (size_t i = 0; alice_part_at(i, &part); i++)
        if (!part.kernel)
            print_part(part.name, part.version, part.there ? NULL : part.without);
    const char *yaml = settings_file_yaml();
    print_part("libyaml", yaml ? yaml : "", yaml ? NULL : "no settings file can be read");
    puts("of the kernel:");
    for (size_t i = 0; alice_part_at(i, &part); i++)
        if (part.kernel)
            print_part(part.name, part.version, part.there ? NULL : part.without);
    return CLI_DONE;
}

static int version(int count, char **words)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], "-v") != 0 && strcmp(words[i], "--verbose") != 0)
            return cli_usage_error("after --version comes nothing but -v, not '%s'", words[i]);
    return print_version(count > 0);
}

static cli_opt option_named(const cli_command *c, const char *name, size_t n, char letter)
{
    for (const cli_opt *o = c->options; *o != OPT_END; o++) {
        const cli_option *option = cli_option_of(c, *o);
        if (name ? strlen(option->name) == n && memcmp(option->name, name, n) == 0
                 : option->letter == letter)
            return *o;
    }
    return OPT_END;
}

static int unknown_option(const cli_command *c, const char *given)
{
    const char *nearest = NULL;
    unsigned least = 4;
    for (const cli_opt *o = c->options; *o != OPT_END; o++) {
        unsigned d = alice_edit_distance(given + 2, cli_option_of(c, *o)->name);
        if (given[1] == '-' && d < least) {
            least = d;
            nearest = cli_option_of(c, *o)->name;
        }
    }
    if (nearest)
        return cli_usage_error("alice %s has no option '%s'; did you mean '--%s'?", c->name,
                               given, nearest);
    return cli_usage_error("alice %s has no option '%s'; 'alice %s --help' lists them", c->name,
                           given, c->name);
}

/* One more of an option that may be given many times. */
static int take_another(const char **list, int *count, int most, const char *name,
                        const char *value)
{
    if (*count == most)
        return cli_usage_error("--%s is given more than %d times", name, most);
    list[(*count)++] = value;
    return CLI_DONE;
}

/*
 * The zone of the whole process, so that the C library's rules apply; before there are threads
 * or a sandbox. An offset is turned round: POSIX counts westwards.
 */
static int take_zone(const char *zone)
{
    char text[300], path[300];
    unsigned hours = 0, minutes = 0;
    int end = 0;
    bool name = zone[0] && zone[0] != '/' && zone[0] != ':' && !strstr(zone, "..");
    if ((zone[0] == '+' || zone[0] == '-') &&
        sscanf(zone + 1, "%2u:%2u%n", &hours, &minutes, &end) == 2 && zone[1 + end] == 0 &&
        hours <= 15 && minutes < 60) {
        snprintf(text, sizeof text, "<%c%02u%02u>%c%02u:%02u", zone[0], hours, minutes,
                 zone[0] == '+' ? '-' : '+', hours, minutes);
    } else {
        int n = snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
        struct stat st;
        bool utc = strcmp(zone, "UTC") == 0;
        if (!name || n < 0 || (size_t)n >= sizeof path ||
            (!utc && (stat(path, &st) != 0 || !S_ISREG(st.st_mode))))
            return cli_usage_error("--timezone is a zone such as Europe/Berlin, or an offset "
                                   "such as +02:00, not '%s'",
                                   zone);
        snprintf(text, sizeof text, "%s", zone);
    }
    if (setenv("TZ", text, 1) != 0)
        return cli_usage_error("--timezone: %s", strerror(errno));
    tzset();
    return CLI_DONE;
}

int cli_take_option(cli_args *args, cli_opt which, const char *value)
{
    args->given[which] = true;
    args->value[which] = value;
    if (which == OPT_SET)
        return take_another(args->sets, &args->set_count,
                            (int)(sizeof args->sets / sizeof *args->sets), "set", value);
    if (which == OPT_TIMEZONE)
        return take_zone(value);
    if (which == OPT_EXCLUDE)
        return take_another(args->excludes, &args->exclude_count,
                            (int)(sizeof args->excludes / sizeof *args->excludes), "exclude",
                            value);
    if (which == OPT_NO_PROJECT)
        return take_another(args->no_projects, &args->no_project_count,
                            (int)(sizeof args->no_projects / sizeof *args->no_projects) - 1,
                            "no-project", value);
    if (which == OPT_DATE_PATTERN) {
        alice_error error = {.text = ""};
        if (alice_date_pattern_check(value, &error) != ALICE_OK)
            return cli_usage_error("--date-pattern: %s", error.text);
        return take_another(args->date_patterns, &args->date_pattern_count,
                            (int)(sizeof args->date_patterns / sizeof *args->date_patterns) - 1,
                            "date-pattern", value);
    }
    return CLI_DONE;
}

/* Words are gathered at the begin of argv: there is always room, all before them is read. */
static int take_word(cli_args *args, const cli_command *c, char *word)
{
    if (c->most == 0)
        return cli_usage_error("alice %s takes no arguments, but got '%s'", c->name, word);
    if (c->most > 0 && args->word_count == c->most)
        return cli_usage_error("alice %s takes at most %d argument%s; '%s' is one too many",
                               c->name, c->most, c->most == 1 ? "" : "s", word);
    args->words[args->word_count++] = word;
    return CLI_DONE;
}

static int parse(const cli_command *c, int argc, char **argv, cli_args *args)
{
    bool only_words = false;
    int bad = CLI_DONE;
    args->words = argv;
    for (int i = 0; i < argc && bad == CLI_DONE; i++) {
        char *a = argv[i];
        if (only_words || a[0] != '-' || a[1] == 0) {
            bad = take_word(args, c, a);
        } else if (strcmp(a, "--") == 0) {
            only_words = true;
        } else if (a[1] == '-') {
            char *equals = strchr(a, '=');
            size_t n = equals ? (size_t)(equals - a - 2) : strlen(a + 2);
            cli_opt which = option_named(c, a + 2, n, 0);
            if (which == OPT_END)
                return unknown_option(c, a);
            const cli_option *option = cli_option_of(c, which);
            if (!option->value && equals)
                return cli_usage_error("--%s takes no value", option->name);
            const char *value = equals ? equals + 1 : NULL;
            if (option->value && !value) {
                if (i + 1 == argc)
                    return cli_usage_error("--%s needs a value: %s", option->name,
                                           option->value);
                value = argv[++i];
            }
            bad = cli_take_option(args, which, value);
        } else {
            for (char *l = a + 1; *l && bad == CLI_DONE; l++) {
                cli_opt which = option_named(c, NULL, 0, *l);
                const char *value = NULL;
                if (which == OPT_END)
                    return cli_usage_error(
                        "alice %s has no option '-%c'; 'alice %s --help' lists them", c->name,
                        *l, c->name);
                const cli_option *option = cli_option_of(c, which);
                if (option->value) {
                    value = l[1] ? l + 1 : i + 1 < argc ? argv[++i] : NULL;
                    if (!value)
                        return cli_usage_error("-%c needs a value: %s", *l, option->value);
                }
                bad = cli_take_option(args, which, value);
                if (value)
                    break;
            }
        }
    }
    return bad;
}

static bool has_option(const cli_command *c, cli_opt which)
{
    for (const cli_opt *o = c->options; *o != OPT_END; o++)
        if (*o == which)
            return true;
    return false;
}

/* `alice config init`, which makes the settings file. */
static bool is_init(const cli_command *c, const cli_args *args)
{
    return strcmp(c->name, "config") == 0 && args->word_count > 0;
}

int cli_main(int argc, char **argv)
{
    cli_args args = {0};
    int at = 1, used = 0;
    while (at < argc && argv[at][0] == '-') {
        if (strcmp(argv[at], "--debug") == 0) {
            args.debug = true;
            at++;
        } else if (strcmp(argv[at], "--version") == 0 || strcmp(argv[at], "-V") == 0) {
            return version(argc - at - 1, argv + at + 1);
        } else if (asks_for_help(argv[at])) {
            return print_help();
        } else {
            return cli_usage_error(
                "there is no option '%s' before a command; 'alice --help' shows how to call it",
                argv[at]);
        }
    }
    /* The guide's words: alice --debug debug memory monitor. */
    if (at < argc && strcmp(argv[at], "debug") == 0)
        at++;
    if (at == argc) {
        print_help();
        return CLI_USAGE;
    }
    if (strcmp(argv[at], "version") == 0)
        return version(argc - at - 1, argv + at + 1);
    if (strcmp(argv[at], "help") == 0)
        return help(argc - at - 1, argv + at + 1);
    const cli_command *c = find_command(argc - at, argv + at, &used);
    if (!c)
        return unknown_command(argc - at, argv + at);
    int bad = parse(c, argc - at - used, argv + at + used, &args);
    if (bad)
        return bad;
    if (args.given[OPT_HELP])
        return print_command_help(c);
    if (args.word_count < c->least)
        return cli_usage_error("alice %s needs %s; 'alice %s --help' shows how to call it",
                               c->name, c->words, c->name);
    bad = settings_check_sets(&args);
    if (!bad && has_option(c, OPT_CONFIG) && !is_init(c, &args))
        bad = settings_file_apply(&args, c);
    return bad ? bad : c->run(&args);
}
