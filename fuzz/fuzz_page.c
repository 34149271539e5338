/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: what a request to `alice serve` says, and what is searched for with it.
 *
 *   path
 *   Name: value      a header
 *   name=value       an argument; "T" and a name of a file's text: what a file has
 *
 * Who has no token gets nothing but a refusal, a range lies in its file, and the index never
 * passes over a file that is what the query asks for.
 */
#include "fuzz.h"

#include "../cli/serve_answer.c"
#include "../cli/serve_file.c"

#include "catalog/search_match.h"

enum { LINES_MOST = 64 };

static const char token[] = "0123456789abcdef0123456789abcdef";

struct http_request {
    char *text; /* its lines, terminated */
    const char *lines[LINES_MOST];
    size_t count, headers;
    unsigned status, answers;
};

/* ---- the web server, in its place ---- */

static const char *value_of(const http_request *r, const char *name, const char *separator)
{
    size_t n = strlen(name);
    for (size_t i = 1; i < r->count; i++)
        if (strncmp(r->lines[i], name, n) == 0 &&
            strncmp(r->lines[i] + n, separator, strlen(separator)) == 0)
            return r->lines[i] + n + strlen(separator);
    return NULL;
}

const char *http_header(const http_request *r, const char *name)
{
    return value_of(r, name, ": ");
}

const char *http_argument(const http_request *r, const char *name)
{
    return value_of(r, name, "=");
}

void http_add(http_request *r, const char *name, const char *value)
{
    FUZZ_CHECK(*name && !strpbrk(value, "\r\n") && ++r->headers <= 12);
}

void http_answer_static(http_request *r, unsigned status, const char *type, const void *bytes,
                        size_t n)
{
    (void)type, (void)bytes, (void)n;
    r->status = status;
    FUZZ_CHECK(++r->answers == 1 && status >= 200 && status < 600);
}

void http_answer_copy(http_request *r, unsigned status, const char *type, const void *bytes,
                      size_t n)
{
    http_answer_static(r, status, type, bytes, n);
}

void http_answer_text(http_request *r, unsigned status, const char *text)
{
    http_answer_static(r, status, "text/plain", text, strlen(text));
}

void http_answer_file(http_request *r, unsigned status, const char *type, int fd,
                      uint64_t offset, uint64_t n)
{
    (void)fd, (void)offset;
    http_answer_static(r, status, type, "", n);
}

/* ---- the search ---- */

/* SQLite with one document in it: made once. */
static sqlite3 *index_of(void)
{
    static sqlite3 *db;
    if (!db) {
        FUZZ_CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
        FUZZ_CHECK(alice__search_tokens_known(db));
        FUZZ_CHECK(sqlite3_exec(db,
                                "CREATE VIRTUAL TABLE tokens USING fts5(text, content = '',"
                                " columnsize = 0, detail = none, tokenize = 'alice')",
                                NULL, NULL, NULL) == SQLITE_OK);
    }
    return db;
}

static bool finds(const alice__room *document, const alice__room *expression)
{
    sqlite3 *db = index_of();
    sqlite3_stmt *q = NULL;
    FUZZ_CHECK(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK);
    FUZZ_CHECK(sqlite3_prepare_v2(db, "INSERT INTO tokens(rowid, text) VALUES(1, ?1)", -1, &q,
                                  NULL) == SQLITE_OK);
    sqlite3_bind_text64(q, 1, document->p, document->n, SQLITE_STATIC, SQLITE_UTF8);
    FUZZ_CHECK(sqlite3_step(q) == SQLITE_DONE);
    sqlite3_finalize(q);
    FUZZ_CHECK(sqlite3_prepare_v2(db, "SELECT rowid FROM tokens WHERE tokens MATCH ?1", -1, &q,
                                  NULL) == SQLITE_OK);
    sqlite3_bind_text(q, 1, expression->p, -1, SQLITE_STATIC);
    int rc = sqlite3_step(q);
    FUZZ_CHECK(rc == SQLITE_ROW || rc == SQLITE_DONE); /* no word is an operator */
    sqlite3_finalize(q);
    FUZZ_CHECK(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK);
    return rc == SQLITE_ROW;
}

static const char *fact(const http_request *r, const char *name)
{
    const char *text = value_of(r, name, "=");
    return text ? text : "";
}

static void try_search(const http_request *r, const alice_search_query *query)
{
    const alice__organized file = {.id = 1,
                                   .file = {.path = fact(r, "Tpath"),
                                            .type = fact(r, "Ttype"),
                                            .date_source = "",
                                            .make = fact(r, "Tmake"),
                                            .model = fact(r, "Tmodel"),
                                            .generator = fact(r, "Tgenerator"),
                                            .ai_model = fact(r, "Tai"),
                                            .seed = fact(r, "Tseed"),
                                            .prompt = fact(r, "Tprompt"),
                                            .negative_prompt = fact(r, "Tnegative"),
                                            .albums = fact(r, "Talbums")}};
    const alice_env env = {.account = NULL};
    alice__room document = {.env = env}, expression = {.env = env};
    alice_search_query q = *query;
    alice__match match;
    bool yes = false;
    q.since = q.until = 0; /* rows of the index are chosen by dates, which it need not know */
    FUZZ_CHECK(alice__match_open(&match, &env, &q, NULL) == ALICE_OK);
    FUZZ_CHECK(alice__match_file(&match, &file.file, &yes) == ALICE_OK);
    FUZZ_CHECK(alice__search_document(&document, &file) == ALICE_OK);
    FUZZ_CHECK(alice__search_expression(&expression, &q) == ALICE_OK);
    if (*expression.p) {
        bool found = finds(&document, &expression);
        FUZZ_CHECK(found || !yes);
    }
    alice__match_close(&match);
    alice__room_free(&document);
    alice__room_free(&expression);
}

/* ---- a request ---- */

static void try_file(const http_request *r)
{
    uint64_t from = 0, n = 0, size = 0;
    char attachment[320];
    wanted w = {.fd = -1};
    (void)serve_number(r, "size", 1000, &size);
    range kind = read_range(http_header(r, "Range"), size, &from, &n);
    FUZZ_CHECK(kind == RANGE_BAD || (from <= size && n <= size - from));
    FUZZ_CHECK(kind != RANGE_WHOLE || (from == 0 && n == size));
    FUZZ_CHECK(kind != RANGE_PART || n > 0);
    snprintf(w.name, sizeof w.name, "%s", r->lines[0]);
    as_attachment(&w, attachment, sizeof attachment);
    for (const char *p = attachment; *p; p++)
        FUZZ_CHECK(*p >= ' ' && *p < 127);
    FUZZ_CHECK(strchr(strchr(attachment, '"') + 1, '"') == strrchr(attachment, '"'));
}

static void take_lines(http_request *r)
{
    for (char *at = r->text; at && r->count < LINES_MOST;) {
        char *end = strchr(at, '\n');
        if (end)
            *end++ = 0;
        r->lines[r->count++] = at;
        at = end;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static cli_serve s = {.hosts = {"127.0.0.1:80", "localhost:80"}, .folder = -1};
    static char room[SERVE_ANSWER];
    http_request r = {.count = 0};
    asked q;
    if (n > 8192)
        return 0;
    r.text = malloc(n + 1);
    FUZZ_CHECK(r.text != NULL);
    memcpy(r.text, data, n);
    r.text[n] = 0;
    take_lines(&r);
    memcpy(s.token, token, sizeof token);
    s.room = room;
    if (r.lines[0][0] == '/')
        serve_answer(&s, &r, r.lines[0]);
    const char *host = http_header(&r, "Host");
    bool good = strncmp(r.lines[0], "/", 1) == 0 &&
                strncmp(r.lines[0] + 1, token, SERVE_TOKEN) == 0 &&
                r.lines[0][1 + SERVE_TOKEN] == '/' && host && strchr(host, ':');
    FUZZ_CHECK(r.answers == (r.lines[0][0] == '/'));
    FUZZ_CHECK(good || r.answers == 0 || (r.status >= 400 && r.status < 500));
    if (read_query(&r, &q))
        try_search(&r, &q.query);
    try_file(&r);
    free(r.text);
    return 0;
}
