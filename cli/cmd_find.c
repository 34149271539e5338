/* SPDX-License-Identifier: MIT */
/* alice find: the organized files that have all of some words and facts. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <alice/library.h>

#include "choice.h"
#include "command.h"
#include "json.h"
#include "settings.h"
#include "table.h"
#include "terminal.h"

enum {
    OPT_CAMERA = OPT_OWN,
    OPT_GENERATOR,
    OPT_MODEL,
    OPT_SEED,
    OPT_SINCE,
    OPT_UNTIL,
    OPT_PROJECT,
    OPT_TYPE,
    OPT_NULL
};

typedef struct finding {
    const cli_args *args;
    cli_choice days;
    const char *organized;
    unsigned long long found, gone;
} finding;

/* Letters of ASCII in either case; all else as it is. */
static bool has(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (; *text || n == 0; text++) {
        if (strncasecmp(text, word, n) == 0)
            return true;
        if (!*text)
            break;
    }
    return false;
}

/* A part of a path: `at` 1 is the project. */
static bool is_part(const char *path, unsigned at, const char *name)
{
    for (; at > 0; at--) {
        path = strchr(path, '/');
        if (!path)
            return false;
        path++;
    }
    size_t n = strcspn(path, "/");
    return path[n] == '/' && n == strlen(name) && strncasecmp(path, name, n) == 0;
}

static bool has_words(const finding *f, const alice_library_file *file)
{
    const char *const in[] = {file->path,  file->prompt, file->negative_prompt, file->ai_model,
                              file->model, file->make,   file->generator};
    for (int i = 0; i < f->args->word_count; i++) {
        size_t k = 0;
        while (k < sizeof in / sizeof *in && !has(in[k], f->args->words[i]))
            k++;
        if (k == sizeof in / sizeof *in)
            return false;
    }
    return true;
}

static bool is_wanted(const finding *f, const alice_library_file *file)
{
    const char *const *v = f->args->value;
    char camera[512];
    snprintf(camera, sizeof camera, "%s %s", file->make, file->model);
    return (!v[OPT_CAMERA] || has(camera, v[OPT_CAMERA])) &&
           (!v[OPT_GENERATOR] || strcasecmp(file->generator, v[OPT_GENERATOR]) == 0) &&
           (!v[OPT_MODEL] || has(file->ai_model, v[OPT_MODEL])) &&
           (!v[OPT_SEED] || strcmp(file->seed, v[OPT_SEED]) == 0) &&
           (!v[OPT_TYPE] || strcasecmp(file->type, v[OPT_TYPE]) == 0) &&
           (!v[OPT_PROJECT] || is_part(file->path, 1, v[OPT_PROJECT])) &&
           (!f->days.since || file->day >= f->days.since) &&
           (!f->days.until || (file->day && file->day <= f->days.until)) && has_words(f, file);
}

static void print_json(const alice_library_file *file, const char *path)
{
    cli_json j = {.to = stdout};
    char date[16];
    json_open(&j, NULL, '{');
    json_text(&j, "path", path);
    json_uint(&j, "bytes", file->bytes);
    if (*file->type)
        json_text(&j, "type", file->type);
    if (file->day) {
        snprintf(date, sizeof date, "%04u-%02u-%02u", file->day / 10000, file->day / 100 % 100,
                 file->day % 100);
        json_text(&j, "date", date);
        json_text(&j, "date_source", file->date_source);
    }
    const struct {
        const char *key, *text;
    } texts[] = {{"make", file->make},
                 {"model", file->model},
                 {"generator", file->generator},
                 {"ai_model", file->ai_model},
                 {"seed", file->seed},
                 {"prompt", file->prompt},
                 {"negative_prompt", file->negative_prompt}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (*texts[i].text && strcmp(texts[i].text, "none") != 0)
            json_text(&j, texts[i].key, texts[i].text);
    json_close(&j, '}');
    json_end_line(&j);
}

static bool on_file(void *ctx, const alice_library_file *file)
{
    finding *f = ctx;
    char path[8192];
    struct stat st;
    if (!is_wanted(f, file))
        return true;
    int n = snprintf(path, sizeof path, "%s/%s", f->organized, file->path);
    if (n < 0 || (size_t)n >= sizeof path || lstat(path, &st) != 0) {
        f->gone++;
        return true;
    }
    f->found++;
    if (f->args->given[OPT_JSON]) {
        print_json(file, path);
    } else if (f->args->given[OPT_NULL]) {
        fwrite(path, 1, (size_t)n + 1, stdout);
    } else {
        /* A pipe gets the name as it is. */
        if (table_width(stdout) > 0)
            put_safe_text(stdout, path);
        else
            fputs(path, stdout);
        putchar('\n');
    }
    return !ferror(stdout); /* who read has enough */
}

static int run(const cli_args *args)
{
    cli_settings settings;
    alice_error error = {.text = ""};
    finding f = {.args = args,
                 .organized =
                     args->given[OPT_ORGANIZED] ? args->value[OPT_ORGANIZED] : "organized"};
    int bad = choice_read(&f.days, args, args->value[OPT_SINCE], args->value[OPT_UNTIL], NULL);
    if (!bad)
        bad = settings_read(&settings, args);
    if (bad)
        return bad;
    const alice_organizer_options o = {.config = settings.config,
                                       .organized = f.organized,
                                       .catalog = args->value[OPT_CATALOG],
                                       .kernel_backstop = true};
    alice_status st = alice_library(&o, true, on_file, &f, &error);
    if (st != ALICE_OK) {
        cli_error("%s", error.text);
        return cli_exit_status(st);
    }
    if (f.gone)
        cli_error("%llu more that are known are not there: `alice verify` names them", f.gone);
    return f.found ? CLI_DONE : CLI_SOME_FAILED;
}

static const cli_opt options[] = {
    OPT_ORGANIZED, OPT_CAMERA,  OPT_GENERATOR, OPT_MODEL, OPT_SEED, OPT_SINCE,
    OPT_UNTIL,     OPT_PROJECT, OPT_TYPE,      OPT_NULL,  OPT_JSON, OPT_MAX_MEMORY,
    OPT_CATALOG,   OPT_SET,     OPT_CONFIG,    OPT_HELP,  OPT_END};
static const cli_option own_options[] = {
    [OPT_CAMERA] = {"camera", 0, "TEXT", NULL, "only of a camera whose make or model has it"},
    [OPT_GENERATOR] = {"generator", 0, "NAME", NULL, "only what this generator made"},
    [OPT_MODEL] = {"model", 0, "TEXT", NULL, "only what a model with this in its name made"},
    [OPT_SEED] = {"seed", 0, "N", NULL, "only what was made from this seed"},
    [OPT_SINCE] = {"since", 0, "DATE", NULL, "only of that day, month or year, and later"},
    [OPT_UNTIL] = {"until", 0, "DATE", NULL, "only of that day, month or year, and earlier"},
    [OPT_PROJECT] = {"project", 0, "NAME", NULL, "only of this project"},
    [OPT_TYPE] = {"type", 0, "NAME", NULL, "only of this type: jpeg, heic, png, mp4, …"},
    [OPT_NULL] = {"null", '0', NULL, NULL, "end each path with a zero byte, as for xargs -0"}};

static const char text[] =
    "Lists the organized files that have all of the WORDS in their path, prompt, negative\n"
    "prompt, model, camera or generator, the earliest first. The catalog tells; a file that\n"
    "is known and not there any more is counted, not listed. Exit status 1: none was found.\n"
    "\n"
    "Examples:\n"
    "  alice find lighthouse storm -o ~/Pictures/organized\n"
    "  alice find --camera nikon --since 2023 --until 2023-06 --type jpeg\n"
    "  alice find --generator midjourney --json | less\n"
    "  alice find holiday -0 | xargs -0 cp -t /media/frame\n";

const cli_command cmd_find = {
    .name = "find",
    .words = "[WORD...]",
    .summary = "search the organized files by words, camera, generator, date",
    .options = options,
    .own_options = own_options,
    .least = 0,
    .most = -1,
    .text = text,
    .run = run,
};
