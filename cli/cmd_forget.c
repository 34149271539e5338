/* SPDX-License-Identifier: MIT */
/* alice forget: what is not wanted in organized is not organized again. */
#include <limits.h>
#include <stdio.h>

#include <alice/organize.h>

#include "command.h"
#include "json.h"
#include "organized_above.h"
#include "terminal.h"

enum { OPT_UNDO = OPT_OWN };

static void report(const cli_args *args, const char *path, const char *organized,
                   const char *kept)
{
    bool undo = args->given[OPT_UNDO];
    char whole[2 * PATH_MAX];
    snprintf(whole, sizeof whole, "%s/%s", organized, kept);
    if (args->given[OPT_JSON]) {
        cli_json j = {.to = stdout};
        json_open(&j, NULL, '{');
        json_text(&j, "path", path);
        json_text(&j, "status", undo ? "remembered" : "forgotten");
        if (*kept)
            json_text(&j, "moved_to", whole);
        json_close(&j, '}');
        json_end_line(&j);
    } else if (!args->given[OPT_QUIET]) {
        fputs(undo ? "remembered  " : "forgotten  ", stdout);
        put_safe_text(stdout, path);
        if (*kept) {
            fputs("  ->  ", stdout);
            put_safe_text(stdout, whole);
        }
        fputc('\n', stdout);
    }
}

static int run(const cli_args *args)
{
    int status = CLI_DONE;
    for (int i = 0; i < args->word_count; i++) {
        const char *path = args->words[i];
        const char *organized = args->value[OPT_ORGANIZED];
        if (!organized || args->from_file[OPT_ORGANIZED])
            organized = organized_above(path) ? organized_above(path) : organized;
        char kept[PATH_MAX];
        alice_error error;
        if (!organized) {
            cli_error("%s: it is in no organized folder; -o names it", path);
            status = CLI_SOME_FAILED;
        } else if (alice_forget(NULL, organized, path, args->given[OPT_UNDO], kept, sizeof kept,
                                &error) != ALICE_OK) {
            cli_error("%s", error.text);
            status = CLI_SOME_FAILED;
        } else {
            report(args, path, organized, kept);
        }
    }
    return status;
}

static const cli_opt options[] = {OPT_ORGANIZED, OPT_UNDO, OPT_JSON, OPT_QUIET,
                                  OPT_CONFIG,    OPT_HELP, OPT_END};
static const cli_option own_options[] = {
    [OPT_UNDO] = {"undo", 0, NULL, NULL, "take that back: the file returns to its place"}};

static const char text[] =
    "Takes FILE out of organized, and remembers that it is not wanted: no run organizes its\n"
    "bytes again, from whatever inbox and under whatever name. It is moved to\n"
    "ORGANIZED/.alice/removed/forgotten/, and is yours to delete there. A file that you "
    "deleted\n"
    "from organized by hand is organized again by the next run that meets it: name the one in\n"
    "the inbox, with -o, and only that is remembered; it stays. `alice check-source` says of\n"
    "what was forgotten that it is not safe.\n"
    "\n"
    "Examples:\n"
    "  alice forget ~/Pictures/organized/2024-03-15/trip/camera-canon/trip-00007.jpg\n"
    "  alice forget --undo "
    "~/Pictures/organized/2024-03-15/trip/camera-canon/trip-00007.jpg\n"
    "  alice forget -o ~/Pictures/organized ~/Pictures/inbox/trip/IMG_0007.jpg\n";

const cli_command cmd_forget = {
    .name = "forget",
    .words = "FILE...",
    .completes = "file",
    .summary = "take a file out of organized, and never organize it again",
    .options = options,
    .own_options = own_options,
    .least = 1,
    .most = -1,
    .text = text,
    .run = run,
};
