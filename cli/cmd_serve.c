/* SPDX-License-Identifier: MIT */
/* alice serve: the organized files as a page for a browser on this machine. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <alice/confine.h>
#include <alice/limit.h>

#include "command.h"
#include "serve.h"
#include "serve_listen.h"
#include "stop.h"

enum { OPT_LISTEN = OPT_OWN, OPT_PORT, OPT_PASSWORD_FILE };

#ifdef ALICE_HTTP
enum {
    MB = 1024 * 1024,
    /* The web server with the libraries below it, its connections, what answers are written in
       and what of them waits to be read: measured, see docs/performance.md. */
    OWN_MB = 20,
    ANSWERS_MB = 8,
    LOOK_MS = 500
};

static void on_progress(void *ctx, uint64_t done, uint64_t of)
{
    progress_say(&((cli_serve *)ctx)->progress,
                 "The index is brought up to date: %llu of %llu files",
                 (unsigned long long)done, (unsigned long long)of);
}

static int failed(alice_status st, const char *text)
{
    cli_error("%s", *text ? text : alice_status_text(st));
    return cli_exit_status(st);
}

/* The limit is divided: the web server and its answers, one look at the history, the index. */
static int open_memory(cli_serve *s, alice_limit **limit)
{
    size_t all = alice_limit_effective((size_t)s->settings->config.max_memory_mb * MB);
    size_t runs = alice_organizer_minimum_memory(), least = (OWN_MB + 1) * MB + 2 * runs;
    if (all < least) {
        cli_error("a limit of %zu MB is too little: the smallest that works here is %zu MB "
                  "(--max-memory %zu)",
                  all / MB, (least + MB - 1) / MB, (least + MB - 1) / MB);
        return CLI_USAGE;
    }
    s->history_mb = (uint32_t)((runs + MB - 1) / MB);
    s->index_mb = (uint32_t)(all / MB) - OWN_MB - s->history_mb;
    const alice_budget_options b = {.limit = all};
    alice_account *index = NULL, *history = NULL, *server = NULL;
    alice_status st = alice_budget_open(&s->budget, &b);
    alice_account *root = alice_budget_root(s->budget);
    if (st == ALICE_OK)
        st = alice_account_open(&server, root, "server", 0);
    if (st == ALICE_OK)
        st = alice_account_open(&index, root, "index", 0);
    if (st == ALICE_OK)
        st = alice_account_open(&history, root, "history", 0);
    if (st == ALICE_OK)
        st = alice_account_open(&s->env.account, root, "answers", ANSWERS_MB * MB);
    if (st == ALICE_OK)
        st = alice_account_charge(server, (OWN_MB - ANSWERS_MB) * MB);
    if (st == ALICE_OK)
        st = alice_account_charge(index, (size_t)s->index_mb * MB);
    if (st == ALICE_OK)
        st = alice_account_charge(history, (size_t)s->history_mb * MB);
    if (st == ALICE_OK)
        st = alice_env_alloc(&s->env, SERVE_ANSWER, ALICE_HERE, (void **)&s->room);
    const alice_monitor_options m = {
        .budget = s->budget, .config = s->settings->config, .limit_bytes = all};
    if (st == ALICE_OK)
        st = alice_monitor_open(&s->monitor, &m);
    const alice_limit_options l = {.limit_bytes = all};
    if (st == ALICE_OK) /* best effort: without it the accounts still hold */
        alice_limit_begin(limit, &l);
    return st == ALICE_OK ? CLI_DONE : failed(st, "");
}

static int open_index(cli_serve *s, const cli_args *args)
{
    alice_search_options o = {.size = sizeof o,
                              .config = {.max_memory_mb = s->index_mb},
                              .organized = s->organized,
                              .catalog = args->value[OPT_CATALOG],
                              .should_stop = serve_should_stop,
                              .on_progress = on_progress,
                              .ctx = s};
    progress_begin(&s->progress, args->given[OPT_QUIET]);
    alice_status st = alice_search_open(&s->search, &o, &s->error);
    progress_clear(&s->progress);
    s->progress.on = false; /* what comes later goes on beside the page */
    return st == ALICE_OK ? CLI_DONE : failed(st, s->error.text);
}

/* What is left are the organized files to read, the index to keep, and the open listener. */
static void give_up_the_rest(const cli_serve *s, const cli_args *args)
{
    char own[PATH_MAX], catalog[PATH_MAX];
    snprintf(own, sizeof own, "%s/.alice", s->organized);
    snprintf(catalog, sizeof catalog, "%s",
             args->given[OPT_CATALOG] ? args->value[OPT_CATALOG] : own);
    char *slash = strrchr(catalog, '/');
    if (args->given[OPT_CATALOG])
        *(slash ? slash : catalog) = 0;
    const alice_confine_path reach[] = {{s->organized, false},
                                        {own, true},
                                        {*catalog ? catalog : ".", true},
                                        {"/var/tmp", true}};
    if (alice_confine(reach, sizeof reach / sizeof *reach, NULL) != ALICE_OK)
        cli_error("this process could not give up what it does not need; it goes on");
}

static int serve(cli_serve *s, cli_http *http, const cli_args *args, const char *url)
{
    if (args->given[OPT_QUIET])
        puts(url);
    else
        printf(
            "%s\n\nOpen this address in a browser. Who has it can see the files until alice\n"
            "ends; nothing can be changed from there. Ctrl-C ends it.\n",
            url);
    if (*alice_search_note(s->search))
        cli_error("%s", alice_search_note(s->search));
    if (fflush(stdout) != 0)
        return CLI_STOPPED;
    while (!stop_asked(NULL))
        if (!http_run(http, LOOK_MS) && !stop_asked(NULL)) {
            cli_error("the web server had to stop: %s", strerror(errno));
            return CLI_STOPPED;
        }
    return CLI_DONE; /* it has no other end */
}

static void close_all(cli_serve *s, cli_http **http, alice_limit **limit)
{
    http_close(http);
    alice_search_close(&s->search);
    alice_monitor_close(&s->monitor);
    alice_limit_end(limit);
    if (s->room)
        alice_env_free(&s->env, s->room, SERVE_ANSWER);
    alice_budget_close(&s->budget, NULL);
    if (s->folder >= 0)
        close(s->folder);
}

static int start(cli_serve *s, serve_address *a, const cli_args *args)
{
    char url[160];
    cli_http *http = NULL;
    alice_limit *limit = NULL;
    int listener = -1, status;
    s->folder = open(s->organized, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->folder < 0) {
        cli_error("%s: %s", s->organized, strerror(errno));
        return CLI_STOPPED;
    }
    stop_catch();
    status = open_memory(s, &limit);
    if (!status)
        status = open_index(s, args);
    if (!status && (listener = http_listen(&a->at, a->n)) < 0)
        status = CLI_STOPPED;
    if (!status && !serve_address_set(s, a, url, sizeof url)) {
        cli_error("/dev/urandom cannot be read, so that there is no secret address");
        close(listener);
        status = CLI_STOPPED;
    }
    if (!status && !(http = http_open(listener, &s->env, serve_answer, s)))
        status = CLI_STOPPED;
    if (!status) {
        give_up_the_rest(s, args);
        status = serve(s, http, args, url);
    }
    close_all(s, &http, &limit);
    return status;
}

static int run(const cli_args *args)
{
    cli_settings settings;
    serve_address a;
    static cli_serve s;
    int bad = serve_address_read(&a, args->value[OPT_LISTEN], args->value[OPT_PORT]);
    if (!bad)
        bad = settings_read(&settings, args);
    if (!bad && !a.loopback && !args->given[OPT_PASSWORD_FILE])
        bad = cli_usage_error("--listen %s opens the page to other machines: that needs a "
                              "--password-file too",
                              a.text);
    if (!bad && args->given[OPT_PASSWORD_FILE])
        bad = serve_password_read(&s, args->value[OPT_PASSWORD_FILE]);
    if (!bad && !a.loopback)
        bad = serve_confirm(&a);
    if (bad)
        return bad;
    s.settings = &settings;
    s.organized = args->word_count             ? args->words[0]
                  : args->given[OPT_ORGANIZED] ? args->value[OPT_ORGANIZED]
                                               : "organized";
    return start(&s, &a, args);
}
#else
static int run(const cli_args *args)
{
    (void)args;
    cli_error("this alice was built without libmicrohttpd, which serve needs");
    return CLI_STOPPED;
}
#endif

static const cli_opt options[] = {OPT_ORGANIZED,  OPT_LISTEN,  OPT_PORT,    OPT_PASSWORD_FILE,
                                  OPT_MAX_MEMORY, OPT_PROFILE, OPT_CATALOG, OPT_SET,
                                  OPT_QUIET,      OPT_CONFIG,  OPT_HELP,    OPT_END};
static const cli_option own_options[] = {
    [OPT_LISTEN] = {"listen", 0, "ADDRESS", NULL,
                    "the address to listen at (default: 127.0.0.1, this machine alone)"},
    [OPT_PORT] = {"port", 0, "N", NULL, "the port to listen at (default: one that is free)"},
    [OPT_PASSWORD_FILE] = {"password-file", 0, "FILE", "file",
                           "ask for the password in its first line; the name is alice"}};

static const char text[] =
    "Shows the organized files in a browser: a timeline by day, a search by words and facts,\n"
    "each picture with what is known of it, the runs, and the memory of this process. Nothing\n"
    "can be changed from there, and nothing is asked of any other machine.\n"
    "\n"
    "The address that is printed has a secret in it, which is another each time. Only this\n"
    "machine can reach the page. With --listen others can, without encryption: that needs a\n"
    "password, and is confirmed on the terminal.\n"
    "\n"
    "Ctrl-C ends it. What is organized meanwhile is there after a look or two.\n"
    "\n"
    "Examples:\n"
    "  alice serve ~/Pictures/organized\n"
    "  alice serve --port 8080 --max-memory 64\n";

const cli_command cmd_serve = {
    .name = "serve",
    .words = "[ORGANIZED]",
    .completes = "dir",
    .summary = "show the organized files in a browser on this machine",
    .options = options,
    .own_options = own_options,
    .least = 0,
    .most = 1,
    .text = text,
    .run = run,
};
