/* SPDX-License-Identifier: MIT */
/*
 * The table of commands, its parser and its help. This file and all of cli/
 * use the public headers of libalice only.
 */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "settings.h"
#include "terminal.h"

const cli_option cli_options[OPT_COUNT] = {
    [OPT_HELP] = {"help", 'h', NULL, NULL, "show this help"},
    [OPT_INBOX] = {"inbox", 'i', "DIR", "dir", "where the files come from"},
    [OPT_ORGANIZED] = {"organized", 'o', "DIR", "dir", "where they go"},
    [OPT_COPY] = {"copy", 0, NULL, NULL, "copy, and leave the inbox as it is (default)"},
    [OPT_MOVE] = {"move", 0, NULL, NULL,
                  "move: a source goes only after its copy is durable and verified"},
    [OPT_DRY_RUN] = {"dry-run", 'n', NULL, NULL, "decide everything, change nothing on disk"},
    [OPT_KEEP_NAMES] = {"keep-names", 0, NULL, NULL, "add the original name after the number"},
    [OPT_MAX_MEMORY] = {"max-memory", 0, "SIZE", NULL,
                        "ceiling of the whole process, in MB or with a unit (24, 24M, 1.5G)"},
    [OPT_PROFILE] = {"profile", 0, "NAME", "profile",
                     "default, fast, memory_constrained or large_collection"},
    [OPT_JOBS] = {"jobs", 'j', "N", NULL, "probing threads, at most twice the cores"},
    [OPT_CATALOG] = {"catalog", 0, "FILE", "file",
                     "the catalog (default: ORGANIZED/.alice/catalog.db)"},
    [OPT_JSON] = {"json", 0, NULL, NULL, "print JSON instead of text"},
    [OPT_REPORT] = {"report", 0, "FILE", "file", "write one JSON object a line for every file"},
    [OPT_QUIET] = {"quiet", 'q', NULL, NULL, "print errors only"},
    [OPT_VERBOSE] = {"verbose", 'v', NULL, NULL, "print what becomes of every file"},
    [OPT_SET] = {"set", 0, "KEY=VALUE", "key",
                 "set a field of the configuration, e.g. memory.chunk_size_kb=256"},
    [OPT_PID] = {"pid", 0, "N", "pid", "the process with this id"},
    [OPT_ALL] = {"all", 0, NULL, NULL, "every alice of yours that is running"},
    [OPT_DURATION] = {"duration", 0, "SECONDS", NULL, "stop after this long"},
    [OPT_INTERVAL] = {"interval", 0, "SECONDS", NULL, "time between two looks (default: 1)"},
    [OPT_TOP] = {"top", 0, "N", NULL, "how many allocation sites to show (default: 10)"},
    [OPT_HTML] = {"html", 0, "FILE", "file", "write a page with charts"},
    [OPT_CACHE_SIZE] = {"cache-size", 0, "SIZE", NULL, "of all caches together"},
    [OPT_EVERY] = {"all", 0, NULL, NULL, "every one, without a menu"},
};

static const cli_opt organize_options[] = {
    OPT_INBOX,      OPT_ORGANIZED, OPT_COPY,    OPT_MOVE,    OPT_DRY_RUN, OPT_KEEP_NAMES,
    OPT_MAX_MEMORY, OPT_PROFILE,   OPT_JOBS,    OPT_CATALOG, OPT_SET,     OPT_JSON,
    OPT_REPORT,     OPT_QUIET,     OPT_VERBOSE, OPT_HELP,    OPT_END};
static const cli_opt info_options[] = {OPT_JSON, OPT_SET, OPT_HELP, OPT_END};
static const cli_opt config_options[] = {OPT_MAX_MEMORY, OPT_CACHE_SIZE, OPT_PROFILE, OPT_JOBS,
                                         OPT_SET,        OPT_JSON,       OPT_HELP,    OPT_END};
static const cli_opt memory_monitor_options[] = {
    OPT_PID,     OPT_ALL,  OPT_DURATION, OPT_INTERVAL, OPT_MAX_MEMORY,
    OPT_PROFILE, OPT_JSON, OPT_SET,      OPT_HELP,     OPT_END};
static const cli_opt memory_gc_options[] = {OPT_PID, OPT_ALL,  OPT_JSON,
                                            OPT_SET, OPT_HELP, OPT_END};
static const cli_opt memory_profile_options[] = {
    OPT_TOP,  OPT_MAX_MEMORY, OPT_CACHE_SIZE, OPT_PROFILE, OPT_JOBS, OPT_SET,
    OPT_HTML, OPT_JSON,       OPT_QUIET,      OPT_HELP,    OPT_END};
static const cli_opt memory_optimize_options[] = {OPT_PROFILE, OPT_JSON, OPT_SET, OPT_HELP,
                                                  OPT_END};
static const cli_opt memory_test_options[] = {OPT_MAX_MEMORY, OPT_CACHE_SIZE, OPT_PROFILE,
                                              OPT_JOBS,       OPT_SET,        OPT_JSON,
                                              OPT_QUIET,      OPT_HELP,       OPT_END};

static const cli_opt demo_options[] = {OPT_EVERY, OPT_SET, OPT_HELP, OPT_END};

const cli_command cli_commands[] = {
    {"organize", "[INBOX [ORGANIZED]]", "dir", "sort a folder of media into dated folders",
     organize_options, 0, 2,
     "Every media file below INBOX goes to\n"
     "ORGANIZED/<date>/<project>/<source>/<project>-<number>.<ext>, where the date is the\n"
     "day it was taken, the project is the first folder below INBOX, and the source is the\n"
     "AI generator or the camera that made it. Nothing is ever overwritten; a file that is\n"
     "organized already, under whatever name, is not placed again. Run it again at any time:\n"
     "it goes on where it was.\n"
     "\n"
     "INBOX is ./inbox unless it is given, and ORGANIZED is the folder \"organized\" beside\n"
     "INBOX unless it is given.\n"
     "\n"
     "Examples:\n"
     "  alice organize ~/Pictures/inbox ~/Pictures/organized\n"
     "  alice organize -n -v ~/Pictures/inbox ~/Pictures/organized\n"
     "  alice organize --move --max-memory 64 /media/card /srv/photos\n",
     cmd_organize},
    {"info", "FILE...", "file", "show what a file says about itself", info_options, 1, -1,
     "Prints type, size, date, camera, generator and prompt of each file, each with the place\n"
     "where it stands, and for the date what was found besides and why it was not taken.\n"
     "\n"
     "Examples:\n"
     "  alice info IMG_0001.HEIC\n"
     "  alice info --json *.png | jq -r .prompt\n",
     cmd_info},
    {"config", "", NULL, "show every setting and where it came from", config_options, 0, 0,
     "Settings come from the flags, else from the environment (ALICE_PERFORMANCE names a\n"
     "profile), else from the profile, else from the machine's memory and the defaults.\n"
     "\n"
     "Examples:\n"
     "  alice config --max-memory 64\n"
     "  ALICE_PERFORMANCE=memory_constrained alice config\n",
     cmd_config},
    {"memory monitor", "", NULL, "watch the memory of a running alice, or of any process",
     memory_monitor_options, 0, 0,
     "An alice that is running tells everything: its limit, the ledger by account, caches,\n"
     "batches and how far it is. Of other processes the kernel tells what is resident. With\n"
     "neither --pid nor --all it is this process itself that is shown.\n"
     "\n"
     "On a terminal it is a screen; q quits, g asks to collect, p pauses. In a pipe it is one\n"
     "line at each interval, with --json one object. NO_COLOR is obeyed.\n"
     "\n"
     "Examples:\n"
     "  alice memory monitor --all\n"
     "  alice memory monitor --pid 4711 --duration 60\n"
     "  alice memory monitor --pid 4711 --json --interval 5 >> memory.jsonl\n",
     cmd_memory_monitor},
    {"memory gc", "", NULL, "ask running alices to give memory back", memory_gc_options, 0, 0,
     "Prints what each reclaimer gave back, and what was resident before and after. A run\n"
     "collects between two files, so the answer may take as long as its present file does.\n"
     "With neither --pid nor --all it is this process itself that collects.\n"
     "\n"
     "Examples:\n"
     "  alice memory gc --all\n"
     "  alice memory gc --pid 4711\n",
     cmd_memory_gc},
    {"memory profile", "PATH", "dir", "see what takes memory while a collection is organized",
     memory_profile_options, 1, 1,
     "Organizes PATH as a dry run (nothing on disk changes) under the allocation profiler,\n"
     "and prints the places in the program that held the most memory at the moment of the\n"
     "highest use, those that took the most in all, and what each account was charged. With\n"
     "--html, also a page with charts: memory against the limit, batch sizes, accounts, "
     "caches\n"
     "and sites.\n"
     "\n"
     "Examples:\n"
     "  alice memory profile ~/Pictures --top 20\n"
     "  alice memory profile ~/Pictures --max-memory 64 --html profile.html\n",
     cmd_memory_profile},
    {"memory optimize", "[PATH]", "dir", "find the limit and settings that suit this machine",
     memory_optimize_options, 0, 1,
     "Looks at the machine (memory, limits of control groups, pressure, processors) and says\n"
     "which limit and profile to use, and why. With PATH, also at the disk behind it and the\n"
     "collection in it, by names and a sample of sizes, for at most 10 seconds. Ends with the\n"
     "settings and the command to run.\n"
     "\n"
     "Examples:\n"
     "  alice memory optimize\n"
     "  alice memory optimize --profile memory_constrained\n"
     "  alice memory optimize ~/Pictures\n",
     cmd_memory_optimize},
    {"memory test", "PATH", "dir", "try a memory limit on a collection, or compare several",
     memory_test_options, 1, 1,
     "Organizes PATH as a dry run (nothing on disk changes) under the limit and tells how\n"
     "fast it was, how much memory it took, and whether it stayed within: exit status 1\n"
     "where it did not. The peak is the kernel's own mark of the whole process.\n"
     "\n"
     "Several sizes (--max-memory 16,32,64) make one table and name the smallest that costs\n"
     "no speed. Each is tried in a process of its own, after a first pass that is not\n"
     "counted; short runs are repeated, and the best time and the highest peak count.\n"
     "\n"
     "Examples:\n"
     "  alice memory test ~/Pictures --max-memory 64\n"
     "  alice memory test ~/Pictures --max-memory 16,32,64,256\n"
     "  alice memory test ~/Pictures --max-memory 512 --cache-size 64 --json\n",
     cmd_memory_test},
    {"demo", "", NULL, "show what memory optimization does, with measured figures",
     demo_options, 0, 0,
     "Five demonstrations: streaming against reading a file whole, a bounded cache, pooling\n"
     "against creating, adaptive batches under a rising load, and organizing a made inbox.\n"
     "Each says what it claims, and whether that held; the exit status is 0 when all did. On "
     "a\n"
     "terminal a menu offers them. They work in a folder that is made for them in $TMPDIR, or\n"
     "/var/tmp, and removed again. --set is for the organizing one, whose limit is 32 MB.\n"
     "\n"
     "Examples:\n"
     "  alice demo\n"
     "  alice demo --all\n",
     cmd_demo},
    {0},
};

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
        print_option(&cli_options[*o]);
    return CLI_DONE;
}

static int print_help(void)
{
    printf("usage: alice COMMAND [options]\n\n%s\nCommands:\n", cli_about);
    for (const cli_command *c = cli_commands; c->name; c++)
        printf("  %-18s %s\n", c->name, c->summary);
    puts("\n  alice COMMAND --help   how to use a command, with examples\n"
         "  alice --version        the version\n"
         "  man alice              everything\n\n"
         "Exit status:");
    for (const cli_note *n = cli_exit_statuses; n->name; n++)
        printf("  %-4s %s\n", n->name, n->text);
    return CLI_DONE;
}

int cli_distance(const char *a, const char *b)
{
    enum { MOST = 40 };
    size_t n = strlen(a), m = strlen(b);
    unsigned char row[MOST + 1];
    if (n > MOST || m > MOST)
        return 9;
    for (size_t j = 0; j <= m; j++)
        row[j] = (unsigned char)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned char diagonal = row[0];
        row[0] = (unsigned char)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned char up = row[j];
            unsigned least = diagonal + (a[i - 1] != b[j - 1] ? 1u : 0u);
            if (up + 1u < least)
                least = up + 1u;
            if (row[j - 1] + 1u < least)
                least = row[j - 1] + 1u;
            diagonal = up;
            row[j] = (unsigned char)least;
        }
    }
    return row[m] < 9 ? row[m] : 9;
}

/* The command that the words begin with; `*used` of them name it. */
static const cli_command *find_command(int count, char **words, int *used)
{
    for (const cli_command *c = cli_commands; c->name; c++) {
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

static int unknown_command(int count, char **words)
{
    char given[80];
    const char *near = NULL;
    int least = 4;
    bool group = false;
    for (const cli_command *c = cli_commands; c->name; c++) {
        const char *space = strchr(c->name, ' ');
        if (space && strncmp(c->name, words[0], (size_t)(space - c->name)) == 0 &&
            words[0][space - c->name] == 0)
            group = true;
    }
    if (group && count == 1) {
        printf("usage: alice %s COMMAND [options]\n\nCommands:\n", words[0]);
        for (const cli_command *c = cli_commands; c->name; c++)
            if (strncmp(c->name, words[0], strlen(words[0])) == 0)
                printf("  %-18s %s\n", c->name, c->summary);
        return CLI_USAGE;
    }
    snprintf(given, sizeof given, "%s%s%s", words[0], group ? " " : "", group ? words[1] : "");
    for (const cli_command *c = cli_commands; c->name; c++) {
        int d = cli_distance(given, c->name);
        if (d < least) {
            least = d;
            near = c->name;
        }
    }
    if (near)
        return cli_usage_error("there is no command '%s'; did you mean '%s'?", given, near);
    return cli_usage_error("there is no command '%s'; 'alice --help' lists them", given);
}

static cli_opt option_named(const cli_command *c, const char *name, size_t n, char letter)
{
    for (const cli_opt *o = c->options; *o != OPT_END; o++) {
        const cli_option *option = &cli_options[*o];
        if (name ? strlen(option->name) == n && memcmp(option->name, name, n) == 0
                 : option->letter == letter)
            return *o;
    }
    return OPT_END;
}

static int unknown_option(const cli_command *c, const char *given)
{
    const char *near = NULL;
    int least = 4;
    for (const cli_opt *o = c->options; *o != OPT_END; o++) {
        int d = cli_distance(given + 2, cli_options[*o].name);
        if (given[1] == '-' && d < least) {
            least = d;
            near = cli_options[*o].name;
        }
    }
    if (near)
        return cli_usage_error("alice %s has no option '%s'; did you mean '--%s'?", c->name,
                               given, near);
    return cli_usage_error("alice %s has no option '%s'; 'alice %s --help' lists them", c->name,
                           given, c->name);
}

static int take_option(cli_args *args, cli_opt which, const char *value)
{
    args->given[which] = true;
    args->value[which] = value;
    if (which == OPT_SET) {
        int most = (int)(sizeof args->sets / sizeof *args->sets);
        if (args->set_count == most)
            return cli_usage_error("--set is given more than %d times", most);
        args->sets[args->set_count++] = value;
    }
    return CLI_DONE;
}

static int take_word(cli_args *args, const cli_command *c, const char *word)
{
    int most = (int)(sizeof args->words / sizeof *args->words);
    if ((c->most >= 0 && args->word_count == c->most) || args->word_count == most) {
        if (c->most == 0)
            return cli_usage_error("alice %s takes no arguments, but got '%s'", c->name, word);
        return cli_usage_error("alice %s takes at most %d arguments; '%s' is one too many",
                               c->name, c->most < 0 ? most : c->most, word);
    }
    args->words[args->word_count++] = word;
    return CLI_DONE;
}

static int parse(const cli_command *c, int argc, char **argv, cli_args *args)
{
    bool only_words = false;
    int bad = CLI_DONE;
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
            if (!cli_options[which].value && equals)
                return cli_usage_error("--%s takes no value", cli_options[which].name);
            const char *value = equals ? equals + 1 : NULL;
            if (cli_options[which].value && !value) {
                if (i + 1 == argc)
                    return cli_usage_error("--%s needs a value: %s", cli_options[which].name,
                                           cli_options[which].value);
                value = argv[++i];
            }
            bad = take_option(args, which, value);
        } else {
            for (char *l = a + 1; *l && bad == CLI_DONE; l++) {
                cli_opt which = option_named(c, NULL, 0, *l);
                const char *value = NULL;
                if (which == OPT_END)
                    return cli_usage_error(
                        "alice %s has no option '-%c'; 'alice %s --help' lists them", c->name,
                        *l, c->name);
                if (cli_options[which].value) {
                    value = l[1] ? l + 1 : i + 1 < argc ? argv[++i] : NULL;
                    if (!value)
                        return cli_usage_error("-%c needs a value: %s", *l,
                                               cli_options[which].value);
                }
                bad = take_option(args, which, value);
                if (value)
                    break;
            }
        }
    }
    return bad;
}

int cli_main(int argc, char **argv)
{
    static cli_args args; /* 9 KB: not for the stack of a small machine's main thread */
    int at = 1, used = 0;
    while (at < argc && argv[at][0] == '-') {
        if (strcmp(argv[at], "--debug") == 0) {
            args.debug = true;
            at++;
        } else if (strcmp(argv[at], "--version") == 0) {
            printf("alice %s\n", alice_version());
            return CLI_DONE;
        } else if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
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
    if (strcmp(argv[at], "help") == 0) {
        if (at + 1 == argc)
            return print_help();
        const cli_command *about = find_command(argc - at - 1, argv + at + 1, &used);
        return about ? print_command_help(about)
                     : unknown_command(argc - at - 1, argv + at + 1);
    }
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
    return bad ? bad : c->run(&args);
}
