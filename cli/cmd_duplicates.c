/* SPDX-License-Identifier: MIT */
/* alice duplicates: files that have the same bytes. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <alice/confine.h>
#include <alice/duplicates.h>

#include "act_on_same.h"
#include "command.h"
#include "json.h"
#include "keep_rules.h"
#include "progress.h"
#include "settings.h"
#include "stop.h"
#include "terminal.h"

enum {
    OPT_KEEP = OPT_OWN,
    OPT_MIN_SIZE,
    OPT_LINES,
    OPT_SCRIPT,
    OPT_LINK,
    OPT_REFLINK,
    OPT_REMOVE,
    OPT_YES
};

#define N(n) ((unsigned long long)(n))

typedef struct finding {
    const cli_args *args;
    uint64_t group;
} finding;

/* ---- what is printed of each file ---- */

static void print_json(const alice_same_file *f)
{
    cli_json j = {.to = stdout};
    json_open(&j, NULL, '{');
    json_uint(&j, "group", f->group);
    json_text(&j, "path", f->path);
    json_uint(&j, "bytes", f->bytes);
    json_int(&j, "modified", f->mtime_ns / 1000000000);
    json_text(&j, "is", f->first ? "kept" : f->link ? "link" : "same");
    json_close(&j, '}');
    json_end_line(&j);
}

/* Further names of a superfluous file go, too, or its room would not be free; those of the kept
   one stay, since the script looks. */
static void print_script(const alice_same_file *f)
{
    fputs(f->first ? "\nkeep=" : "same ", stdout);
    put_quoted(f->path);
    putchar('\n');
}

static void print_text(const alice_same_file *f)
{
    char bytes[32];
    if (f->first)
        printf("%s%s each\n", f->group > 1 ? "\n" : "",
               bytes_text(f->bytes, bytes, sizeof bytes));
    fputs(f->first ? "  keep  " : f->link ? "  link  " : "  same  ", stdout);
    put_safe_text(stdout, f->path);
    putchar('\n');
}

static void on_file(void *ctx, const alice_same_file *f)
{
    finding *x = ctx;
    if (x->args->given[OPT_JSON])
        print_json(f);
    else if (x->args->given[OPT_SCRIPT])
        print_script(f);
    else if (x->args->given[OPT_LINES])
        printf("%s%s\n", f->first && f->group > 1 ? "\n" : "", f->path);
    else if (!x->args->given[OPT_QUIET])
        print_text(f);
}

static void on_unread(void *ctx, const alice_unread_file *u)
{
    (void)ctx;
    cli_error("%s: %s", u->path, u->why);
}

/* ---- the begin and the end ---- */

static int begin_script(void)
{
    char folder[PATH_MAX];
    if (!getcwd(folder, sizeof folder)) {
        cli_error("the working directory has no path");
        return CLI_STOPPED;
    }
    fputs(
        "#!/bin/sh\n"
        "# Files that have the same bytes as the one that is kept; made by alice duplicates.\n"
        "# Read it before you run it. Each is removed only if it is still the same, byte for\n"
        "# byte, and another file than the one that is kept.\n"
        "set -u\n"
        "cd -- ",
        stdout);
    put_quoted(folder);
    fputs(" || exit 1\n"
          "same() { [ ! \"$keep\" -ef \"$1\" ] && cmp -s -- \"$keep\" \"$1\" && rm -- \"$1\"; "
          "}\n",
          stdout);
    return CLI_DONE;
}

static void print_summary(const alice_duplicates_result *r)
{
    char bytes[32], all[32];
    bytes_text(r->bytes, all, sizeof all);
    if (r->groups == 0)
        printf("No duplicates among %llu files (%s)\n", N(r->files), all);
    else
        printf("\n%llu of %llu files (%s) %s superfluous, in %llu group%s: %s\n",
               N(r->duplicates), N(r->files), all, r->duplicates == 1 ? "is" : "are",
               N(r->groups), r->groups == 1 ? "" : "s",
               bytes_text(r->duplicate_bytes, bytes, sizeof bytes));
    if (r->links)
        printf("%llu further name%s (links) of files of groups take no room\n", N(r->links),
               r->links == 1 ? "" : "s");
    if (r->unread)
        printf("%llu could not be looked at, and are named above\n", N(r->unread));
}

static void print_json_summary(const alice_duplicates_result *r, bool complete)
{
    cli_json j = {.to = stdout};
    json_open(&j, NULL, '{');
    json_bool(&j, "complete", complete);
    json_uint(&j, "files", r->files);
    json_uint(&j, "bytes", r->bytes);
    json_uint(&j, "groups", r->groups);
    json_uint(&j, "duplicates", r->duplicates);
    json_uint(&j, "duplicate_bytes", r->duplicate_bytes);
    json_uint(&j, "links", r->links);
    json_uint(&j, "unread", r->unread);
    json_uint(&j, "bytes_read", r->bytes_read);
    json_close(&j, '}');
    json_end_line(&j);
}

/* What is to be done with the superfluous files. */
static int read_act(const cli_args *args, cli_act *act)
{
    int acts = args->given[OPT_LINK] + args->given[OPT_REFLINK] + args->given[OPT_REMOVE];
    act->act = args->given[OPT_LINK]      ? ALICE_SAME_LINK
               : args->given[OPT_REFLINK] ? ALICE_SAME_REFLINK
                                          : ALICE_SAME_REMOVE;
    act->yes = args->given[OPT_YES];
    if (acts == 0) {
        act->act = (alice_same_act)0;
        return act->yes ? cli_usage_error("--yes: to what? --link, --reflink or --remove")
                        : CLI_DONE;
    }
    if (acts > 1)
        return cli_usage_error("--link, --reflink and --remove: choose one");
    if (args->given[OPT_LINES] || args->given[OPT_SCRIPT])
        return cli_usage_error("--lines and --script only tell, and change nothing: not with "
                               "--link, --reflink or --remove");
    return CLI_DONE;
}

static int check_forms(const cli_args *args)
{
    int forms = args->given[OPT_JSON] + args->given[OPT_LINES] + args->given[OPT_SCRIPT];
    return forms > 1
               ? cli_usage_error("--json, --lines and --script are three forms: choose one")
               : CLI_DONE;
}

/* A parser of nothing, but it reads strangers' names and bytes with the user's rights. */
static void give_up_the_rest(void)
{
    const alice_confine_path reach[] = {{"/", false}, {"/var/tmp", true}};
    if (alice_confine(reach, sizeof reach / sizeof *reach, NULL) != ALICE_OK)
        cli_error("this process could not give up what it does not need; it goes on");
}

static int run(const cli_args *args)
{
    static const char *const here[] = {"."};
    static keep_rules rules;
    cli_settings settings;
    finding x = {.args = args};
    cli_act act;
    alice_duplicates_result r = {0};
    alice_error error = {.text = ""};
    alice_duplicates_options o = {.paths = args->word_count ? (const char *const *)args->words
                                                            : here,
                                  .path_count = args->word_count ? (size_t)args->word_count : 1,
                                  .kernel_backstop = true,
                                  .on_file = on_file,
                                  .on_unread = on_unread,
                                  .should_stop = stop_asked,
                                  .ctx = &x};
    int bad = check_forms(args);
    if (!bad)
        bad = read_act(args, &act);
    if (!bad)
        bad = settings_read(&settings, args);
    if (!bad && args->given[OPT_KEEP]) {
        bad = keep_rules_read(&rules, args->value[OPT_KEEP], false, o.paths, o.path_count);
        o.keep = rules.rule;
        o.keep_count = rules.count;
    }
    if (bad)
        return bad;
    if (args->given[OPT_MIN_SIZE] &&
        alice_parse_size(args->value[OPT_MIN_SIZE], &o.least_bytes) != ALICE_OK)
        return cli_usage_error("--min-size: '%s' is no size (as in 24, 24M, 1.5G)",
                               args->value[OPT_MIN_SIZE]);
    o.config = settings.config;
    if (act.act)
        return act_on_same(args, &act, &o);
    if (args->given[OPT_SCRIPT] && (bad = begin_script()) != CLI_DONE)
        return bad;
    stop_catch();
    give_up_the_rest();
    alice_status st = alice_duplicates(&o, &r, &error);
    if (st == ALICE_E_CANCELLED)
        cli_error("interrupted: there may be more");
    else if (st != ALICE_OK)
        cli_error("%s", error.text);
    if (args->given[OPT_JSON])
        print_json_summary(&r, st == ALICE_OK);
    else if (st == ALICE_OK && !args->given[OPT_QUIET] && !args->given[OPT_LINES] &&
             !args->given[OPT_SCRIPT])
        print_summary(&r);
    if (st != ALICE_OK)
        return cli_exit_status(st);
    return r.unread ? CLI_SOME_FAILED : CLI_DONE;
}

static const cli_opt options[] = {
    OPT_KEEP, OPT_MIN_SIZE,  OPT_LINES,   OPT_SCRIPT,     OPT_LINK,    OPT_REFLINK, OPT_REMOVE,
    OPT_YES,  OPT_ORGANIZED, OPT_CATALOG, OPT_MAX_MEMORY, OPT_PROFILE, OPT_JOBS,    OPT_SET,
    OPT_JSON, OPT_QUIET,     OPT_CONFIG,  OPT_HELP,       OPT_END};
static const cli_option own_options[] = {
    [OPT_KEEP] = {"keep", 0, "RULES", NULL,
                  "which to keep: oldest, newest, shortest-path, longest-path, has-sidecar, "
                  "under:DIR,…"},
    [OPT_MIN_SIZE] = {"min-size", 0, "SIZE", NULL,
                      "pass over smaller files (default: empty ones), in MB or with a unit"},
    [OPT_LINES] = {"lines", 0, NULL, NULL, "print paths alone, an empty line between groups"},
    [OPT_SCRIPT] = {"script", 0, NULL, NULL,
                    "print a shell script that would remove all but the kept ones"},
    [OPT_LINK] = {"link", 0, NULL, NULL, "make each other file a hard link to the kept one"},
    [OPT_REFLINK] = {"reflink", 0, NULL, NULL,
                     "have each other file share the blocks of the kept one"},
    [OPT_REMOVE] = {"remove", 0, NULL, NULL,
                    "move each other file to ORGANIZED/.alice/removed"},
    [OPT_YES] = {"yes", 0, NULL, NULL, "do it: without this they say what they would do"}};

static const char text[] =
    "Finds files that have the same bytes, of any kind, below each PATH (default: here),\n"
    "organized or not; the largest first. Nothing is changed unless --yes is given with\n"
    "--link, --reflink or --remove. Links are not followed;\n"
    "hidden and system files are passed over; another name of the same file (a hard link)\n"
    "is no duplicate, and told as a link.\n"
    "\n"
    "Of each group one file is to be kept: the oldest, or as --keep says; where files are\n"
    "equal by one rule the next decides. With --script a script is printed that removes\n"
    "the others, each only if it is still the same byte for byte: read it, then run it.\n"
    "With --json there is one object a line for each file (`is`: kept, same or link), and\n"
    "a last one with the counts.\n"
    "\n"
    "--link, --reflink and --remove act on the others. Alone they say what they would do;\n"
    "with --yes they do it. Before each the two files are compared again, byte for byte,\n"
    "while both are open, and what changed meanwhile is left and named (exit status 1).\n"
    "With --json each is an object: `path`, `kept`, `act`, `done`, `why` it was left.\n"
    "  --link     a hard link to the kept file takes the file's place, on one file system.\n"
    "             Both names are one file then: what changes one changes both. The file's\n"
    "             time becomes that of the kept one; where mode, owner or extended\n"
    "             attributes differ it is left, and so is an organized file of another time.\n"
    "  --reflink  the files share their blocks and stay two files, with all they have: on\n"
    "             btrfs, XFS and others that can; the kernel compares. Nothing can be lost.\n"
    "  --remove   the file moves to ORGANIZED/.alice/removed/RUN, on one file system, as a\n"
    "             run: `alice history` shows it, `alice undo` takes it back; delete that\n"
    "             folder to free its space. ORGANIZED is the folder of -o, or the organized\n"
    "             folder that PATH lies in; it has to be one of these. What belongs together\n"
    "             (RAW and JPEG, a Live Photo's film, sidecars) is removed together, where\n"
    "             each has a duplicate beside the others', or is left (has-sidecar).\n"
    "\n"
    "--keep knows no largest and no format: files of the same bytes have one size and format.\n"
    "\n"
    "Memory stays below the limit whatever the number of files: lists are sorted in\n"
    "/var/tmp.\n"
    "\n"
    "Examples:\n"
    "  alice duplicates ~/Pictures /media/backup\n"
    "  alice duplicates --keep under:/photos/sorted,oldest --script /photos > remove.sh\n"
    "  alice duplicates --min-size 10M --json . | jq -r 'select(.is == \"same\") | .path'\n"
    "  alice duplicates --remove --keep has-sidecar,oldest ~/Pictures/organized\n"
    "  alice duplicates --link --yes ~/backups\n";

const cli_command cmd_duplicates = {
    .name = "duplicates",
    .words = "[PATH...]",
    .completes = "dir",
    .summary = "find files that have the same bytes",
    .options = options,
    .own_options = own_options,
    .least = 0,
    .most = -1,
    .text = text,
    .run = run,
};
