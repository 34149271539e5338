/* SPDX-License-Identifier: MIT */
/* alice similar: pictures that look alike. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <alice/similar.h>

#include "command.h"
#include "json.h"
#include "keep_rules.h"
#include "progress.h"
#include "settings.h"
#include "stop.h"
#include "terminal.h"

enum { OPT_KEEP = OPT_OWN, OPT_DISTANCE, OPT_LINES };

#define N(n) ((unsigned long long)(n))

/* ---- what is printed of each picture ---- */

static void print_json(const alice_similar_file *f)
{
    cli_json j = {.to = stdout};
    json_open(&j, NULL, '{');
    json_uint(&j, "group", f->group);
    json_text(&j, "path", f->path);
    json_uint(&j, "bytes", f->bytes);
    json_int(&j, "modified", f->mtime_ns / 1000000000);
    json_text(&j, "type", alice_media_name(f->type));
    json_uint(&j, "width", f->width);
    json_uint(&j, "height", f->height);
    json_uint(&j, "distance", f->distance);
    json_text(&j, "is", f->first ? "kept" : "similar");
    json_close(&j, '}');
    json_end_line(&j);
}

static void print_text(const alice_similar_file *f)
{
    char bytes[32];
    if (f->first && f->group > 1)
        putchar('\n');
    printf("  %-7s  %4u × %-4u  %-5s  %9s  ", f->first ? "keep" : "similar", f->width,
           f->height, alice_media_name(f->type), bytes_text(f->bytes, bytes, sizeof bytes));
    put_safe_text(stdout, f->path);
    putchar('\n');
}

static void on_file(void *ctx, const alice_similar_file *f)
{
    const cli_args *args = ctx;
    if (args->given[OPT_JSON])
        print_json(f);
    else if (args->given[OPT_LINES])
        printf("%s%s\n", f->first && f->group > 1 ? "\n" : "", f->path);
    else if (!args->given[OPT_QUIET])
        print_text(f);
}

static void on_unread(void *ctx, const alice_unread_file *u)
{
    (void)ctx;
    cli_error("%s: %s", u->path, u->why);
}

/* ---- the begin and the end ---- */

static void print_summary(const alice_similar_result *r)
{
    char bytes[32];
    if (r->groups == 0)
        printf("No two of %llu pictures look alike\n", N(r->pictures));
    else
        printf("\n%llu of %llu pictures look like another, in %llu group%s: %s\n",
               N(r->similar), N(r->pictures), N(r->groups), r->groups == 1 ? "" : "s",
               bytes_text(r->similar_bytes, bytes, sizeof bytes));
    if (r->flat)
        printf("%llu show%s next to nothing, and are alike to none\n", N(r->flat),
               r->flat == 1 ? "s" : "");
    if (r->no_decoder)
        printf("%llu picture%s of a type that this build does not decode passed over\n",
               N(r->no_decoder), r->no_decoder == 1 ? "" : "s");
    if (r->unread)
        printf("%llu could not be looked at, and are named above\n", N(r->unread));
}

static void print_json_summary(const alice_similar_result *r, bool complete)
{
    cli_json j = {.to = stdout};
    json_open(&j, NULL, '{');
    json_bool(&j, "complete", complete);
    json_uint(&j, "files", r->files);
    json_uint(&j, "pictures", r->pictures);
    json_uint(&j, "flat", r->flat);
    json_uint(&j, "no_decoder", r->no_decoder);
    json_uint(&j, "groups", r->groups);
    json_uint(&j, "similar", r->similar);
    json_uint(&j, "similar_bytes", r->similar_bytes);
    json_uint(&j, "links", r->links);
    json_uint(&j, "unread", r->unread);
    json_uint(&j, "decoded", r->decoded);
    json_close(&j, '}');
    json_end_line(&j);
}

static int read_distance(const cli_args *args, unsigned *distance)
{
    const char *text = args->value[OPT_DISTANCE];
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || n == 0 || n > ALICE_SIMILAR_DISTANCE_MOST)
        return cli_usage_error("--distance: '%s' is none; it is a number of bits from 1 to %d "
                               "(default: %d)",
                               text, ALICE_SIMILAR_DISTANCE_MOST, ALICE_SIMILAR_DISTANCE);
    *distance = (unsigned)n;
    return CLI_DONE;
}

static int read_options(const cli_args *args, alice_similar_options *o)
{
    static keep_rules rules;
    cli_settings settings;
    int bad = CLI_DONE;
    if (args->given[OPT_JSON] && args->given[OPT_LINES])
        return cli_usage_error("--json and --lines are two forms: choose one");
    bad = settings_read(&settings, args);
    if (bad)
        return bad;
    o->config = settings.config;
    if (args->given[OPT_KEEP]) {
        bad = keep_rules_read(&rules, args->value[OPT_KEEP], true, o->paths, o->path_count);
        o->keep = rules.rule;
        o->keep_count = rules.count;
    }
    if (!bad && args->given[OPT_DISTANCE])
        bad = read_distance(args, &o->distance);
    return bad;
}

static int run(const cli_args *args)
{
    static const char *const here[] = {"."};
    alice_similar_result r = {0};
    alice_error error = {.text = ""};
    cli_args own = *args;
    alice_similar_options o = {.paths =
                                   args->word_count ? (const char *const *)args->words : here,
                               .path_count = args->word_count ? (size_t)args->word_count : 1,
                               .kernel_backstop = true,
                               .on_file = on_file,
                               .on_unread = on_unread,
                               .should_stop = stop_asked,
                               .ctx = &own};
    int bad = read_options(args, &o);
    if (bad)
        return bad;
    stop_catch();
    alice_status st = alice_similar(&o, &r, &error);
    if (st == ALICE_E_CANCELLED)
        cli_error("interrupted: there may be more");
    else if (st != ALICE_OK)
        cli_error("%s", error.text);
    if (args->given[OPT_JSON])
        print_json_summary(&r, st == ALICE_OK);
    else if (st == ALICE_OK && !args->given[OPT_QUIET] && !args->given[OPT_LINES])
        print_summary(&r);
    if (st != ALICE_OK)
        return cli_exit_status(st);
    return r.unread ? CLI_SOME_FAILED : CLI_DONE;
}

static const cli_opt options[] = {OPT_KEEP,    OPT_DISTANCE, OPT_LINES, OPT_MAX_MEMORY,
                                  OPT_PROFILE, OPT_JOBS,     OPT_SET,   OPT_JSON,
                                  OPT_QUIET,   OPT_CONFIG,   OPT_HELP,  OPT_END};
static const cli_option own_options[] = {
    [OPT_KEEP] =
        {"keep", 0, "RULES", NULL,
         "which to keep: largest, format:raw>heic>jpeg, oldest, newest, shortest-path, "
         "longest-path, under:DIR,…"},
    [OPT_DISTANCE] =
        {"distance", 0, "N", NULL,
         "bits of 256 that may differ, 1 to 64 (default: 54): fewer find less, and surer"},
    [OPT_LINES] = {"lines", 0, NULL, NULL, "print paths alone, an empty line between groups"}};

static const char text[] =
    "Finds pictures that look alike below each PATH (default: here), organized or not: also\n"
    "where one was made smaller, stored again in another format or quality, cut a little,\n"
    "turned by a quarter or mirrored. Nothing is changed. Links are not followed; hidden\n"
    "and system files are passed over. A picture that shows next to nothing, such as a\n"
    "blank page, is alike to none.\n"
    "\n"
    "Each picture of a group is alike to the one of it with the most pixels; `distance` in\n"
    "--json counts the bits in which their hashes differ. One is to be kept: that one, or\n"
    "as --keep says; where pictures are equal by one rule the next decides. With --json\n"
    "there is one object a line for each picture (`is`: kept or similar), and a last one\n"
    "with the counts. Look at the pictures before you delete one.\n"
    "\n"
    "Pictures are decoded by processes that have given up everything but the one open file;\n"
    "one that is made to break its decoder is named, and the others are found. Memory, that\n"
    "of the decoders included, stays below the limit whatever the number of files.\n"
    "\n"
    "Examples:\n"
    "  alice similar ~/Pictures\n"
    "  alice similar --keep 'format:raw>heic>jpeg,largest' /photos\n"
    "  alice similar --json . | jq -r 'select(.is == \"similar\") | .path'\n";

const cli_command cmd_similar = {
    .name = "similar",
    .words = "[PATH...]",
    .completes = "dir",
    .summary = "find pictures that look alike",
    .options = options,
    .own_options = own_options,
    .least = 0,
    .most = -1,
    .text = text,
    .run = run,
};
