/* SPDX-License-Identifier: MIT */
#include "organize_options.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "settings.h"

const cli_option organize_options[] = {
    [OPT_COPY] = {"copy", 0, NULL, NULL, "copy, and leave the inbox as it is (default)"},
    [OPT_MOVE] = {"move", 0, NULL, NULL,
                  "move: a source goes only after its copy is durable and verified"},
    [OPT_KEEP_NAMES] = {"keep-names", 0, NULL, NULL, "add the original name after the number"},
    [OPT_SINCE] = {"since", 0, "DATE", NULL,
                   "only files of that day, month or year, and later"},
    [OPT_UNTIL] = {"until", 0, "DATE", NULL,
                   "only files of that day, month or year, and earlier"},
    [OPT_ONLY] = {"only", 0, "KIND", NULL, "only photo, video or ai (what a generator made)"},
    [OPT_PRUNE_EMPTY] = {"prune-empty", 0, NULL, NULL,
                         "after a move, remove the inbox's empty folders"},
    [OPT_LOSSY] = {"lossy", 0, NULL, NULL,
                   "move a file though the destination cannot keep its attributes"},
    [OPT_SETTLE] = {"settle", 0, "SECONDS", NULL,
                    "leave what changed less than SECONDS ago or is being written (default 2; "
                    "0: take it)"},
    [OPT_FLUSH_FILES] = {"flush-files", 0, "N", NULL,
                         "make N files at a time durable, 1 to 20000 (default 1000; more where "
                         "the memory is)"},
    [OPT_FLUSH_SECONDS] = {"flush-seconds", 0, "SECONDS", NULL,
                           "or what came in SECONDS, 1 to 3600 (default 1): what a power cut "
                           "may undo"},
    [OPT_LAYOUT] =
        {"layout", 0, "TEMPLATE", NULL,
         "where files go: guide (default), year-month, year/date, camera, flat, or a "
         "template"},
    [OPT_ALBUMS] = {"albums", 0, NULL, NULL,
                    "of a Google Takeout: the album that a file is in is its project"},
    [OPT_UNDATED] = {"undated", 0, "WHAT", NULL,
                     "files with no date but that of their copying: keep (in the inbox), mtime "
                     "(as their date), or the folder they go to (default undated)"},
    [OPT_DUPLICATES] = {"duplicates", 0, "WHAT", NULL,
                        "of a move: keep (default), or remove what is organized already"},
    [OPT_REPORT] = {"report", 0, "FILE", "file",
                    "write one JSON object a line for every file (-: to standard output)"},
    [OPT_RECEIPT] = {"receipt", 0, "FILE", "file",
                     "write what became of each file, with its content's hash, one JSON object "
                     "a line"},
    [OPT_FRESH] = {"fresh", 0, NULL, NULL,
                   "where the catalog is lost or old, do not read ORGANIZED first: what stands "
                   "there may be placed again"},
    [OPT_EVERY] =
        {"every", 0, "SECONDS", NULL,
         "look at everything at least so often, also where nothing was heard (default "
         "3600)"},
};

/* A number where the option is given; else `*out` stays. */
static int read_number(const cli_args *args, int option, const char *unit, unsigned least,
                       unsigned most, uint32_t *out)
{
    const char *text = args->value[option];
    char *end = NULL;
    if (!args->given[option])
        return CLI_DONE;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || n < least || n > most)
        return cli_usage_error("--%s needs %s, from %u to %u: \"%s\"",
                               organize_options[option].name, unit, least, most, text);
    *out = (uint32_t)n;
    return CLI_DONE;
}

/* How many seconds a file has to be left alone before it is taken. */
int organize_settle(const cli_args *args, unsigned *seconds)
{
    enum { USUAL = 2, MOST = 86400 };
    uint32_t n = USUAL;
    int bad = read_number(args, OPT_SETTLE, "seconds", 0, MOST, &n);
    *seconds = n;
    return bad;
}

int organize_flushes(const cli_args *args, uint32_t *files, uint32_t *seconds)
{
    enum { MOST_FILES = 20000, MOST_SECONDS = 3600 };
    int bad = read_number(args, OPT_FLUSH_FILES, "files", 1, MOST_FILES, files);
    return bad != CLI_DONE
               ? bad
               : read_number(args, OPT_FLUSH_SECONDS, "seconds", 1, MOST_SECONDS, seconds);
}

bool cli_is_archive(const char *path)
{
    /* Those that are not read are told as that. */
    static const char *const ends[] = {"zip", "tgz", "tar", "gz",   "txz", "xz",
                                       "7z",  "rar", "bz2", "tbz2", "zst"};
    const char *dot = strrchr(path, '.');
    struct stat s;
    for (size_t i = 0; dot && i < sizeof ends / sizeof *ends; i++)
        if (strcasecmp(dot + 1, ends[i]) == 0)
            return stat(path, &s) == 0 && S_ISREG(s.st_mode);
    return false;
}

/* Whether the words begin with archives instead of a folder: then all but the organized folder
 * are archives. */
static int read_archives(const cli_args *args, alice_organizer_options *o)
{
    struct stat s;
    int count = args->word_count - !args->given[OPT_ORGANIZED];
    if (args->given[OPT_INBOX] || args->word_count == 0 || !cli_is_archive(args->words[0]))
        return args->word_count > 2
                   ? cli_usage_error(
                         "alice organize takes at most 2 arguments; '%s' is one too many",
                         args->words[2])
                   : CLI_DONE;
    for (int i = 0; i < count; i++)
        if (stat(args->words[i], &s) == 0 && S_ISDIR(s.st_mode))
            return cli_usage_error("%s is a folder: archives and folders are organized in runs "
                                   "of their own",
                                   args->words[i]);
    o->organized = args->given[OPT_ORGANIZED] ? args->value[OPT_ORGANIZED] : args->words[count];
    if (count < 1)
        return cli_usage_error("archives need the organized folder as well");
    if (stat(o->organized, &s) == 0 && !S_ISDIR(s.st_mode))
        return cli_usage_error("archives need the organized folder as well, as the last word: "
                               "%s is none",
                               o->organized);
    if (args->given[OPT_DUPLICATES])
        return cli_usage_error(
            "--duplicates is not for archives: nothing is removed from them");
    if (args->given[OPT_PRUNE_EMPTY])
        return cli_usage_error("--prune-empty is not for archives: they are not changed");
    if (args->given[OPT_MOVE] && !args->given[OPT_QUIET])
        cli_error("--move: the archives stay as they are");
    o->archives = (const char *const *)args->words;
    o->archive_count = (size_t)count;
    return CLI_DONE;
}

int organize_paths(const cli_args *args, alice_organizer_options *o)
{
    int bad = read_archives(args, o);
    if (bad != CLI_DONE || o->archive_count)
        return bad;
    if (args->given[OPT_INBOX] + args->given[OPT_ORGANIZED] + args->word_count > 2)
        return cli_usage_error("the inbox and the organized folder are given more than once");
    int word = 0;
    o->inbox = args->given[OPT_INBOX]    ? args->value[OPT_INBOX]
               : word < args->word_count ? args->words[word++]
                                         : "inbox";
    o->organized = args->given[OPT_ORGANIZED] ? args->value[OPT_ORGANIZED]
                   : word < args->word_count  ? args->words[word++]
                                              : organized_beside(o->inbox);
    if (!o->organized)
        return cli_usage_error("the path of the inbox is too long");
    if (args->given[OPT_COPY] && args->given[OPT_MOVE])
        return cli_usage_error("--copy and --move exclude each other");
    return CLI_DONE;
}
