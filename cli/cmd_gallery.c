/* SPDX-License-Identifier: MIT */
/* alice gallery: an album of some organized files, to be shared. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <alice/confine.h>
#include <alice/search.h>

#include "album.h"
#include "command.h"
#include "organized_file.h"
#include "progress.h"
#include "query.h"
#include "settings.h"
#include "stop.h"
#include "terminal.h"

enum { OPT_HTML = OPT_BEHIND_QUERY, OPT_TITLE, OPT_WITH_FACTS };

typedef struct gallery {
    album album;
    cli_progress progress;
    int folder; /* of organized */
    bool failed;
} gallery;

static bool on_file(void *ctx, uint64_t id, const alice_library_file *file)
{
    gallery *g = ctx;
    struct stat st;
    (void)id;
    int fd = organized_open(g->folder, file->path, &st);
    if (fd < 0) {
        g->album.gone++;
        progress_clear(&g->progress);
        cli_error("it is not there any more, or no file: see `alice verify`");
        fputs("  ", stderr);
        put_safe_text(stderr, file->path);
        fputc('\n', stderr);
        return true;
    }
    g->failed = !album_add(&g->album, fd, file);
    close(fd);
    if (g->album.pictures % 16 == 0)
        progress_say(&g->progress, "%llu in the album", g->album.pictures);
    return !g->failed && !stop_asked(NULL);
}

static void on_progress(void *ctx, uint64_t done, uint64_t of)
{
    progress_say(&((gallery *)ctx)->progress, "bringing the index up to date: %llu of %llu",
                 (unsigned long long)done, (unsigned long long)of);
}

static void give_up_the_rest(const char *organized, const char *dir)
{
    char own[PATH_MAX];
    snprintf(own, sizeof own, "%s/.alice", organized);
    const alice_confine_path reach[] = {
        {organized, false}, {own, true}, {dir, true}, {"/var/tmp", true}};
    if (alice_confine(reach, sizeof reach / sizeof *reach, NULL) != ALICE_OK)
        cli_error("this process could not give up what it does not need; it goes on");
}

static void print_summary(const gallery *g, const char *dir)
{
    char bytes[32];
    printf("%llu file%s (%s) in ", g->album.pictures, g->album.pictures == 1 ? "" : "s",
           bytes_text(g->album.bytes, bytes, sizeof bytes));
    put_safe_text(stdout, dir);
    puts("/index.html");
    if (g->album.not_shown)
        printf("%llu left out: a browser does not show them\n", g->album.not_shown);
    if (g->album.not_stripped)
        printf("%llu left out: what they tell of place, camera or prompt cannot be taken out "
               "of them;\n  --with-facts takes them as they are\n",
               g->album.not_stripped);
}

static int make_album(const cli_args *args, const cli_settings *settings,
                      const alice_search_query *q, const char *organized, gallery *g)
{
    const char *dir = args->value[OPT_HTML];
    const char *title = args->given[OPT_TITLE] ? args->value[OPT_TITLE] : "Album";
    alice_search *s = NULL;
    alice_error error = {.text = ""};
    const alice_search_options o = {.size = sizeof o,
                                    .config = settings->config,
                                    .organized = organized,
                                    .catalog = args->value[OPT_CATALOG],
                                    .kernel_backstop = true,
                                    .should_stop = stop_asked,
                                    .on_progress = on_progress,
                                    .ctx = g};
    alice_status st = alice_search_open(&s, &o, &error);
    progress_clear(&g->progress);
    if (st != ALICE_OK) {
        cli_error("%s", error.text);
        return cli_exit_status(st);
    }
    g->failed = !album_open(&g->album, dir, title);
    if (!g->failed) {
        if (!args->given[OPT_CATALOG]) /* which may stand anywhere */
            give_up_the_rest(organized, dir);
        st = alice_search_each(s, q, 0, 0, on_file, g, &error);
    }
    alice_search_close(&s);
    progress_clear(&g->progress);
    int why = errno;
    bool stopped = stop_asked(NULL);
    if (!album_close(&g->album, st == ALICE_OK && !g->failed && !stopped) && !g->failed) {
        g->failed = true;
        why = errno;
    }
    if (g->failed)
        cli_error("%s: %s: %s", dir, g->album.what, strerror(why));
    else if (st != ALICE_OK)
        cli_error("%s", error.text);
    else if (stopped)
        cli_error("interrupted: %s is not whole, and has no page", dir);
    return g->failed        ? CLI_STOPPED
           : st != ALICE_OK ? cli_exit_status(st)
           : stopped        ? CLI_INTERRUPTED
                            : CLI_DONE;
}

static int run(const cli_args *args)
{
    cli_settings settings;
    alice_search_query q;
    static gallery g;
    const char *organized =
        args->given[OPT_ORGANIZED] ? args->value[OPT_ORGANIZED] : "organized";
    if (!args->given[OPT_HTML] || !*args->value[OPT_HTML])
        return cli_usage_error("gallery needs --html DIR, a folder that is not there yet");
    int bad = query_read(args, &q);
    if (!bad)
        bad = settings_read(&settings, args);
    if (bad)
        return bad;
    g.folder = open(organized, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (g.folder < 0) {
        cli_error("%s: %s", organized, strerror(errno));
        return CLI_STOPPED;
    }
    g.album.with_facts = args->given[OPT_WITH_FACTS];
    stop_catch();
    progress_begin(&g.progress, args->given[OPT_QUIET]);
    int status = make_album(args, &settings, &q, organized, &g);
    close(g.folder);
    if (status == CLI_DONE && !args->given[OPT_QUIET])
        print_summary(&g, args->value[OPT_HTML]);
    return status == CLI_DONE && (g.album.gone || !g.album.pictures) ? CLI_SOME_FAILED : status;
}

static const cli_opt options[] = {OPT_HTML,   OPT_TITLE,      OPT_WITH_FACTS, OPT_ORGANIZED,
                                  OPT_CAMERA, OPT_GENERATOR,  OPT_MODEL,      OPT_SEED,
                                  OPT_SINCE,  OPT_UNTIL,      OPT_PROJECT,    OPT_TYPE,
                                  OPT_ALBUM,  OPT_MAX_MEMORY, OPT_CATALOG,    OPT_SET,
                                  OPT_QUIET,  OPT_CONFIG,     OPT_HELP,       OPT_END};
static const cli_option own_options[] = {
    [OPT_HTML] = {"html", 0, "DIR", "dir", "where the album is made: a new or an empty folder"},
    [OPT_TITLE] = {"title", 0, "TEXT", NULL, "what stands above it (default: Album)"},
    [OPT_WITH_FACTS] = {"with-facts", 0, NULL, NULL,
                        "copy files as they are, and show camera, prompt and place"},
    QUERY_OPTIONS};

static const char text[] =
    "Makes an album of the organized files that have all of the WORDS and facts, as `alice\n"
    "find` finds them: a folder with a page and copies, to be put on a stick or a web server.\n"
    "The organized files stay as they are, and nothing in DIR is overwritten.\n"
    "\n"
    "The copies show the same pictures, and tell nothing beside them: places, cameras,\n"
    "prompts, names and whatever else stands in the files is left out. Files that this cannot\n"
    "be done for (films, HEIC, AVIF, …) are left out and counted. With --with-facts all are\n"
    "copied as they are, and the page shows what is known of them.\n"
    "\n"
    "Examples:\n"
    "  alice gallery --html ~/holiday --project holiday --since 2024 --title 'Our holiday'\n"
    "  alice gallery --html ./best --with-facts lighthouse -o ~/Pictures/organized\n";

const cli_command cmd_gallery = {
    .name = "gallery",
    .words = "[WORD...]",
    .summary = "make an album of organized files, to be shared",
    .options = options,
    .own_options = own_options,
    .least = 0,
    .most = -1,
    .text = text,
    .run = run,
};
