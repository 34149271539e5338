/* SPDX-License-Identifier: MIT */
/* alice find: the organized files that have all of some words and facts. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <alice/search.h>

#include "command.h"
#include "json.h"
#include "progress.h"
#include "query.h"
#include "settings.h"
#include "stop.h"
#include "table.h"
#include "terminal.h"

enum { OPT_NEAR = OPT_BEHIND_QUERY, OPT_NEWEST, OPT_OLDEST, OPT_OPEN, OPT_NULL };

enum { OPEN_MOST = 10 };

typedef struct finding {
    const cli_args *args;
    const char *organized;
    cli_progress progress;
    unsigned long long found, gone;
    char *open[OPEN_MOST]; /* paths, to be opened at the end */
    size_t open_count;
} finding;

extern char **environ;

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
    json_lines(&j, "albums", file->albums);
    if (file->placed) {
        json_real(&j, "latitude", file->latitude, 4);
        json_real(&j, "longitude", file->longitude, 4);
    }
    json_close(&j, '}');
    json_end_line(&j);
}

static bool on_file(void *ctx, uint64_t id, const alice_library_file *file)
{
    finding *f = ctx;
    char path[8192];
    struct stat st;
    (void)id;
    progress_clear(&f->progress);
    int n = snprintf(path, sizeof path, "%s/%s", f->organized, file->path);
    if (n < 0 || (size_t)n >= sizeof path || lstat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
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
    if (f->args->given[OPT_OPEN]) {
        f->open[f->open_count] = strdup(path);
        f->open_count += f->open[f->open_count] != NULL;
    }
    return !ferror(stdout) && f->open_count < OPEN_MOST; /* who read has enough */
}

static void on_progress(void *ctx, uint64_t done, uint64_t of)
{
    finding *f = ctx;
    progress_say(&f->progress, "bringing the index up to date: %llu of %llu",
                 (unsigned long long)done, (unsigned long long)of);
}

/* "48.8577,2.295" or "48.8577,2.295,20". */
static int read_near(const cli_args *args, alice_search_query *q)
{
    const char *text = args->value[OPT_NEAR];
    double v[3] = {0, 0, 1};
    int n = 0;
    if (!args->given[OPT_NEAR])
        return CLI_DONE;
    for (char *end = NULL; n < 3; text = end + 1) {
        v[n++] = strtod(text, &end);
        if (end == text || (*end && *end != ','))
            n = 0;
        if (!*end || n == 0 || *end != ',')
            break;
        if (n == 3)
            n = 0;
    }
    if (n < 2 || !(v[0] >= -90 && v[0] <= 90 && v[1] >= -180 && v[1] <= 180 && v[2] > 0 &&
                   v[2] <= 40000))
        return cli_usage_error("--near takes degrees north, degrees east and, if need be, "
                               "kilometres: --near 48.8577,2.295,5; not '%s'",
                               args->value[OPT_NEAR]);
    q->near = true;
    q->latitude = v[0];
    q->longitude = v[1];
    q->km = v[2];
    return CLI_DONE;
}

static int read_query(const cli_args *args, alice_search_query *q)
{
    int bad = query_read(args, q);
    if (!bad && args->given[OPT_NEWEST] && args->given[OPT_OLDEST])
        bad = cli_usage_error("--newest-first and --oldest-first: one of them");
    if (bad)
        return bad;
    q->newest_first = args->given[OPT_NEWEST];
    return read_near(args, q);
}

/* ---- opening what was found ---- */

static int check_desktop(const cli_args *args)
{
    const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");
    if (!args->given[OPT_OPEN] || (x && *x) || (wayland && *wayland))
        return CLI_DONE;
    return cli_usage_error(
        "--open needs a desktop: neither DISPLAY nor WAYLAND_DISPLAY is set");
}

/* Where the search is closed: what is opened has no limit of memory of ours. */
static bool open_found(finding *f)
{
    bool good = true;
    fflush(stdout);
    for (size_t i = 0; i < f->open_count; i++) {
        char *argv[] = {(char[]){"xdg-open"}, f->open[i], NULL};
        pid_t pid = 0;
        int status = 0;
        int bad = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
        if (bad) {
            cli_error("xdg-open cannot be started (%s): install xdg-utils", strerror(bad));
            return false;
        }
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        if (status) {
            cli_error("xdg-open did not open %s", f->open[i]);
            good = false;
        }
    }
    if (f->open_count == OPEN_MOST)
        cli_error("the first %d are opened; there may be more", OPEN_MOST);
    return good;
}

static int search(const cli_args *args, const cli_settings *settings,
                  const alice_search_query *q, finding *f)
{
    alice_search *s = NULL;
    alice_error error = {.text = ""};
    const alice_search_options o = {.size = sizeof o,
                                    .config = settings->config,
                                    .organized = f->organized,
                                    .catalog = args->value[OPT_CATALOG],
                                    .kernel_backstop = true,
                                    .should_stop = stop_asked,
                                    .on_progress = on_progress,
                                    .ctx = f};
    stop_catch();
    progress_begin(&f->progress, false);
    alice_status st = alice_search_open(&s, &o, &error);
    progress_clear(&f->progress);
    if (st == ALICE_OK && *alice_search_note(s))
        cli_error("%s", alice_search_note(s));
    if (st == ALICE_OK)
        st = alice_search_each(s, q, 0, 0, on_file, f, &error);
    alice_search_close(&s);
    if (st != ALICE_OK) {
        cli_error("%s", error.text);
        return st == ALICE_E_CANCELLED ? CLI_INTERRUPTED : cli_exit_status(st);
    }
    return CLI_DONE;
}

static int run(const cli_args *args)
{
    cli_settings settings;
    alice_search_query query;
    finding f = {.args = args,
                 .organized =
                     args->given[OPT_ORGANIZED] ? args->value[OPT_ORGANIZED] : "organized"};
    int bad = read_query(args, &query);
    if (!bad)
        bad = check_desktop(args);
    if (!bad)
        bad = settings_read(&settings, args);
    if (bad)
        return bad;
    bad = search(args, &settings, &query, &f);
    bool opened = bad || open_found(&f);
    for (size_t i = 0; i < f.open_count; i++)
        free(f.open[i]);
    if (bad)
        return bad;
    if (f.gone)
        cli_error("%llu more that are known are not there: `alice verify` names them", f.gone);
    return f.found && opened ? CLI_DONE : CLI_SOME_FAILED;
}

static const cli_opt options[] = {
    OPT_ORGANIZED, OPT_CAMERA,  OPT_GENERATOR, OPT_MODEL, OPT_SEED,       OPT_SINCE,
    OPT_UNTIL,     OPT_PROJECT, OPT_TYPE,      OPT_ALBUM, OPT_NEAR,       OPT_NEWEST,
    OPT_OLDEST,    OPT_OPEN,    OPT_NULL,      OPT_JSON,  OPT_MAX_MEMORY, OPT_CATALOG,
    OPT_SET,       OPT_CONFIG,  OPT_HELP,      OPT_END};
static const cli_option own_options[] = {
    QUERY_OPTIONS,
    [OPT_NEAR] = {"near", 0, "LAT,LON[,KM]", NULL,
                  "only what was taken at most KM from there (1, where it is not said)"},
    [OPT_NEWEST] = {"newest-first", 0, NULL, NULL, "the latest date comes first"},
    [OPT_OLDEST] = {"oldest-first", 0, NULL, NULL, "the earliest comes first, as always"},
    [OPT_OPEN] = {"open", 0, NULL, NULL, "open the first 10 on the desktop (xdg-open)"},
    [OPT_NULL] = {"null", '0', NULL, NULL, "end each path with a zero byte, as for xargs -0"}};

static const char text[] =
    "Lists the organized files that have all of the WORDS in their path, prompt, negative\n"
    "prompt, model, camera, generator or albums, the earliest first. A word may be a part of "
    "one, in\n"
    "upper or lower case; no letter of it has a meaning of its own. A file that is known and "
    "not\n"
    "there any more is counted, not listed. Exit status 1: none was found.\n"
    "\n"
    "An index in ORGANIZED/.alice/search.db answers. It is brought up to date with what was\n"
    "organized since, and can be deleted: the next search makes it anew. Where it cannot be\n"
    "written the catalog is asked, which takes longer.\n"
    "\n"
    "--near knows the files that this or a later alice organized, and those that are read "
    "again\n"
    "(`alice catalog rebuild`); older catalogs do not tell where a picture was taken.\n"
    "\n"
    "Examples:\n"
    "  alice find lighthouse storm -o ~/Pictures/organized\n"
    "  alice find --camera nikon --since 2023 --until 2023-06 --type jpeg\n"
    "  alice find --generator midjourney --json | less\n"
    "  alice find --near 48.8577,2.295,5 --newest-first\n"
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
