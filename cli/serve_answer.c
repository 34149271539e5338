/* SPDX-License-Identifier: MIT */
/* What the page is told, as JSON, and the page itself. */
#include "serve.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <alice/media.h>

#include "control.h"
#include "json.h"
#include "organized_file.h"
#include "stop.h"
#include "web_files.h"

enum { WORDS_MOST = 16, RUNS_MOST = 200, ACCOUNTS_MOST = 32 };

/* What the query of a request asks for; the texts are the request's. */
typedef struct asked {
    alice_search_query query;
    const char *words[WORDS_MOST];
    char text[1024]; /* of the words */
} asked;

bool serve_number(const http_request *r, const char *name, uint64_t otherwise, uint64_t *out)
{
    const char *text = http_argument(r, name);
    *out = otherwise;
    if (!text)
        return true;
    size_t n = strlen(text);
    if (n == 0 || n > 20 || strspn(text, "0123456789") != n)
        return false;
    errno = 0;
    *out = strtoull(text, NULL, 10);
    return errno == 0;
}

/* An argument that is empty stands for none. */
static const char *text_of(const http_request *r, const char *name)
{
    const char *text = http_argument(r, name);
    return text && *text ? text : NULL;
}

/* A date as yyyymmdd. */
static bool date_of(const http_request *r, const char *name, uint64_t *out)
{
    return serve_number(r, name, 0, out) && *out <= 99999999;
}

static bool read_query(const http_request *r, asked *a)
{
    uint64_t since, until, day, after;
    const char *words = text_of(r, "q");
    if (!date_of(r, "since", &since) || !date_of(r, "until", &until) ||
        !date_of(r, "day", &day) || !serve_number(r, "after", 0, &after) ||
        (words && strlen(words) >= sizeof a->text))
        return false;
    a->query = (alice_search_query){.size = sizeof a->query,
                                    .words = a->words,
                                    .camera = text_of(r, "camera"),
                                    .generator = text_of(r, "generator"),
                                    .model = text_of(r, "model"),
                                    .seed = text_of(r, "seed"),
                                    .project = text_of(r, "project"),
                                    .type = text_of(r, "type"),
                                    .since = (uint32_t)(day ? day : since),
                                    .until = (uint32_t)(day ? day : until),
                                    .newest_first = true,
                                    .after = after};
    strcpy(a->text, words ? words : "");
    for (char *at = a->text; *at;) {
        at += strspn(at, " \t\r\n");
        if (!*at)
            break;
        if (a->query.word_count == WORDS_MOST)
            return false;
        a->words[a->query.word_count++] = at;
        at += strcspn(at, " \t\r\n");
        if (*at)
            *at++ = 0;
    }
    return true;
}

/* ---- writing an answer ---- */

typedef struct answer {
    cli_serve *serve;
    cli_json j;
    uint64_t skip, left; /* of what it tells: to be passed over; then at most */
} answer;

static bool begin(cli_serve *s, http_request *r, answer *a)
{
    FILE *to = fmemopen(s->room, SERVE_ANSWER, "w");
    if (!to)
        serve_refuse(r, 503, "there is no memory left\n");
    *a = (answer){.serve = s, .j = {.to = to}};
    return to != NULL;
}

/* Send it, if what it tells was to be had and all of it had room. */
static void end(answer *a, http_request *r, alice_status st)
{
    long n = ftell(a->j.to);
    bool whole = !ferror(a->j.to) && n >= 0 && n < SERVE_ANSWER;
    whole &= fclose(a->j.to) == 0;
    if (st != ALICE_OK)
        serve_fail(a->serve, r, st);
    else if (!whole)
        serve_refuse(r, 500, "the answer would be too long\n");
    else {
        serve_guard(r, "default-src 'none'; frame-ancestors 'none'", "no-store");
        http_answer_copy(r, 200, "application/json", a->serve->room, (size_t)n);
    }
}

/* ---- parts ---- */

/*
 * One thread answers all, so that a search which looks at many files is answered in parts:
 * what was found in SERVE_PART_MS, and where the next question has to go on. Others are
 * answered in between.
 */
bool serve_should_stop(void *serve)
{
    cli_serve *s = serve;
    if (stop_asked(NULL) || !s->part.bounded)
        return stop_asked(NULL);
    uint64_t now = alice_env_now_ns(NULL);
    if (s->part.end_ns == 0) {
        /* To begin takes long where a catalog without an index has to be sorted, each time:
           then so much is done that it is worth it. */
        uint64_t least = SERVE_PART_MS * UINT64_C(1000000), began = 2 * (now - s->part.began);
        s->part.end_ns = now + (began > least ? began : least);
    }
    return now > s->part.end_ns;
}

static void begin_part(cli_serve *s)
{
    s->part.bounded = true;
    s->part.began = alice_env_now_ns(NULL);
    s->part.end_ns = 0;
}

/* Where it was stopped the answer says where to go on, and is none the worse for it. */
static alice_status end_part(answer *a, alice_status st)
{
    char digits[24]; /* as text: a script's numbers are too short for it */
    uint64_t reached = alice_search_reached(a->serve->search);
    a->serve->part.bounded = false;
    if (st != ALICE_E_CANCELLED || reached == 0)
        return st;
    snprintf(digits, sizeof digits, "%" PRIu64, reached);
    json_text(&a->j, "next", digits);
    json_uint(&a->j, "skip", a->skip);
    return ALICE_OK;
}

/* ---- days and items ---- */

static bool on_day(void *ctx, uint32_t day, uint64_t files)
{
    answer *a = ctx;
    json_uint(&a->j, NULL, day);
    json_uint(&a->j, NULL, files);
    return !ferror(a->j.to);
}

/* What was organized meanwhile is found, too; where it cannot be looked at, what was known is
 * told. */
static void look_again(cli_serve *s)
{
    enum { SECONDS = 5 };
    int64_t now = alice_env_wall_s(NULL);
    if (now >= s->looked_s && now < s->looked_s + SECONDS)
        return;
    s->looked_s = now;
    alice_search_refresh(s->search, &s->error);
    s->error.text[0] = 0;
}

/* Numbers in one row: day, files, day, files, …, the newest first. A day that is told by two
 * parts has the files of both. */
static void answer_days(cli_serve *s, http_request *r)
{
    asked q;
    answer a;
    if (!read_query(r, &q)) {
        serve_refuse(r, 400, "what is searched for cannot be understood\n");
        return;
    }
    if (!begin(s, r, &a))
        return;
    json_open(&a.j, NULL, '{');
    json_open(&a.j, "days", '[');
    if (!q.query.after)
        look_again(s);
    begin_part(s);
    alice_status st = alice_search_days(s->search, &q.query, on_day, &a, &s->error);
    json_close(&a.j, ']');
    st = end_part(&a, st);
    json_close(&a.j, '}');
    end(&a, r, st);
}

static const char *kind_of(const char *type)
{
    static const char *const kinds[] = {[ALICE_CLASS_NONE] = "other",
                                        [ALICE_CLASS_IMAGE] = "image",
                                        [ALICE_CLASS_RAW] = "raw",
                                        [ALICE_CLASS_VIDEO] = "video"};
    return kinds[alice_media_class_of(media_type_of(type))];
}

static void write_item(cli_json *j, uint64_t id, const alice_library_file *f)
{
    const char *name = strrchr(f->path, '/');
    char digits[24]; /* as text: a script's numbers are too short for it */
    snprintf(digits, sizeof digits, "%" PRIu64, id);
    json_open(j, NULL, '{');
    json_text(j, "id", digits);
    json_text(j, "name", name ? name + 1 : f->path);
    json_text(j, "type", f->type);
    json_text(j, "kind", kind_of(f->type));
    json_uint(j, "day", f->day);
    json_uint(j, "time", f->time);
}

static bool on_item(void *ctx, uint64_t id, const alice_library_file *f)
{
    answer *a = ctx;
    if (a->skip) {
        a->skip--;
        return true;
    }
    write_item(&a->j, id, f);
    json_close(&a->j, '}');
    return --a->left > 0 && !ferror(a->j.to);
}

static void answer_items(cli_serve *s, http_request *r)
{
    asked q;
    answer a;
    uint64_t skip, most;
    if (!read_query(r, &q) || !serve_number(r, "skip", 0, &skip) ||
        !serve_number(r, "most", SERVE_ITEMS, &most)) {
        serve_refuse(r, 400, "what is searched for cannot be understood\n");
        return;
    }
    if (most == 0 || most > SERVE_ITEMS)
        most = SERVE_ITEMS;
    if (!begin(s, r, &a))
        return;
    a.skip = skip;
    a.left = most;
    json_open(&a.j, NULL, '{');
    json_open(&a.j, "items", '[');
    begin_part(s);
    alice_status st = alice_search_each(s->search, &q.query, 0, 0, on_item, &a, &s->error);
    json_close(&a.j, ']');
    st = end_part(&a, st);
    json_close(&a.j, '}');
    end(&a, r, st);
}

/* ---- one file ---- */

static bool on_facts(void *ctx, uint64_t id, const alice_library_file *f)
{
    answer *a = ctx;
    const struct {
        const char *key, *text;
    } texts[] = {{"path", f->path},
                 {"date_source", f->date_source},
                 {"make", f->make},
                 {"model", f->model},
                 {"generator", f->generator},
                 {"ai_model", f->ai_model},
                 {"seed", f->seed},
                 {"prompt", f->prompt},
                 {"negative_prompt", f->negative_prompt}};
    write_item(&a->j, id, f);
    json_uint(&a->j, "bytes", f->bytes);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (*texts[i].text && strcmp(texts[i].text, "none") != 0)
            json_text(&a->j, texts[i].key, texts[i].text);
    json_lines(&a->j, "albums", f->albums);
    if (f->placed) {
        json_real(&a->j, "latitude", f->latitude, 4);
        json_real(&a->j, "longitude", f->longitude, 4);
    }
    json_close(&a->j, '}');
    return false;
}

static void answer_facts(cli_serve *s, http_request *r)
{
    answer a;
    uint64_t id;
    if (!serve_number(r, "id", 0, &id)) {
        serve_refuse(r, 400, "id is no number\n");
        return;
    }
    if (begin(s, r, &a))
        end(&a, r, alice_search_file(s->search, id, on_facts, &a, &s->error));
}

/* ---- runs ---- */

static void on_run(void *ctx, const alice_run_info *run)
{
    answer *a = ctx;
    if (a->left == 0)
        return;
    a->left--;
    json_open(&a->j, NULL, '{');
    json_int(&a->j, "run", run->run);
    json_text(&a->j, "mode", run->mode);
    json_text(&a->j, "inbox", run->inbox);
    json_int(&a->j, "started", run->started_s);
    json_bool(&a->j, "finished", run->finished);
    json_int(&a->j, "undoes", run->undoes);
    json_uint(&a->j, "organized", run->tally.organized);
    json_uint(&a->j, "duplicates", run->tally.duplicates);
    json_uint(&a->j, "errors", run->tally.errors);
    json_uint(&a->j, "bytes", run->tally.bytes);
    json_close(&a->j, '}');
}

static void answer_runs(cli_serve *s, http_request *r)
{
    const alice_organizer_options o = {.config = {.max_memory_mb = s->history_mb},
                                       .organized = s->organized};
    answer a;
    if (!begin(s, r, &a))
        return;
    a.left = RUNS_MOST;
    json_open(&a.j, NULL, '[');
    alice_status st = alice_history(&o, 0, on_run, NULL, &a, &s->error);
    json_close(&a.j, ']');
    end(&a, r, st);
}

/* ---- memory ---- */

static void answer_memory(cli_serve *s, http_request *r)
{
    alice_monitor_usage usage;
    alice_ledger_row rows[ACCOUNTS_MOST];
    size_t count = 0;
    answer a;
    if (!begin(s, r, &a))
        return;
    json_open(&a.j, NULL, '{');
    alice_status st = alice_monitor_get_usage(s->monitor, &usage);
    if (st == ALICE_OK) {
        control_write_usage(&a.j, &usage);
        alice_budget_ledger(s->budget, rows, ACCOUNTS_MOST, &count);
    }
    json_open(&a.j, "ledger", '[');
    for (size_t i = 0; i < count && i < ACCOUNTS_MOST; i++) {
        json_open(&a.j, NULL, '{');
        json_text(&a.j, "name", rows[i].name);
        json_uint(&a.j, "depth", rows[i].depth);
        json_uint(&a.j, "current_bytes", rows[i].current);
        json_uint(&a.j, "peak_bytes", rows[i].peak);
        json_close(&a.j, '}');
    }
    json_close(&a.j, ']');
    json_close(&a.j, '}');
    end(&a, r, st);
}

/* ---- which of them ---- */

static bool answer_page(http_request *r, const char *name)
{
    static const char policy[] =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'";
    for (const web_file *f = web_files; f->name; f++)
        if (strcmp(f->name, *name ? name : "index.html") == 0) {
            serve_guard(r, policy, "no-store");
            http_answer_static(r, 200, f->type, f->bytes, f->n);
            return true;
        }
    return false;
}

void serve_answer(void *serve, http_request *r, const char *path)
{
    static const struct {
        const char *name;
        void (*answer)(cli_serve *s, http_request *r);
    } all[] = {{"days", answer_days},    {"items", answer_items},    {"facts", answer_facts},
               {"file", serve_file},     {"preview", serve_preview}, {"runs", answer_runs},
               {"memory", answer_memory}};
    cli_serve *s = serve;
    const char *rest;
    if (!serve_gate(s, r, path, &rest))
        return;
    rest++; /* the slash after the token */
    s->error.text[0] = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, rest) == 0) {
            all[i].answer(s, r);
            return;
        }
    if (!answer_page(r, rest))
        serve_refuse(r, 404, "there is nothing here\n");
}
