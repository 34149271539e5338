/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_SERVE_H
#define ALICE_CLI_SERVE_H

/*
 * The page of `alice serve`, in one thread:
 *
 *   http ──▶ serve_gate (who may ask) ──▶ serve_answer ─┬─▶ days, items, facts, runs, memory
 *                                                       └─▶ serve_file: the file, its preview
 */

#include <stdio.h>

#include <alice/monitor.h>
#include <alice/search.h>

#include "http.h"
#include "progress.h"
#include "settings.h"

enum {
    SERVE_TOKEN = 32,           /* hexadecimal digits */
    SERVE_ANSWER = 1024 * 1024, /* the longest that is made of what is known */
    SERVE_ITEMS = 120,          /* of one answer */
    SERVE_PART_MS = 100,        /* what is not found by then is the next question's */
    SERVE_PREVIEW = 256 * 1024, /* a longer one is not sent */
    SERVE_SMALL = 96 * 1024,    /* a picture up to this size needs no other */
    SERVE_WHOLE = 512 * 1024,   /* nor one up to this size that has none */
    SERVE_HOSTS = 3
};

typedef struct cli_serve {
    const cli_settings *settings;
    const char *organized;
    int folder; /* of organized, open: what is served is opened below it */
    char token[SERVE_TOKEN + 1];
    char hosts[SERVE_HOSTS][80];   /* what a request may name as its host; "": none more */
    char login[512];               /* the Authorization that is wanted; "": none */
    uint32_t index_mb, history_mb; /* what each may take at most */
    alice_search *search;
    int64_t looked_s; /* when it was last brought up to date */
    cli_progress progress;
    struct {
        bool bounded;           /* a question is asked that may be answered in part */
        uint64_t began, end_ns; /* end_ns 0: its first file is not found yet */
    } part;
    alice_monitor *monitor;
    alice_budget *budget;
    alice_env env; /* pays for answers */
    char *room;    /* of SERVE_ANSWER, where an answer is written before it is copied */
    alice_error error;
} cli_serve;

/* Whether the request may be answered; what follows the token in its path is `*rest`. False:
 * it was answered. */
bool serve_gate(cli_serve *s, http_request *r, const char *path, const char **rest);
/* The same for every answer: nothing of it may run, be framed or be told elsewhere. */
void serve_guard(http_request *r, const char *policy, const char *cache);
/* `text` stays for good. */
void serve_refuse(http_request *r, unsigned status, const char *text);
/* What the library says of what it could not do. */
void serve_fail(const cli_serve *s, http_request *r, alice_status status);
/* "Basic …" of a password; false: it is too long. */
bool serve_login(const char *password, char *out, size_t size);

/* What a request that passed the gate asks for; of the shape http_handler wants. */
void serve_answer(void *serve, http_request *r, const char *path);

/* What the search asks now and then: whether the program ends, or the part is long enough. */
bool serve_should_stop(void *serve);

/* The number of an argument: `otherwise` where there is none; false where it is no number. */
bool serve_number(const http_request *r, const char *name, uint64_t otherwise, uint64_t *out);

/* The file itself, whole or a range of it; its preview, or a picture that stands for it. */
void serve_file(cli_serve *s, http_request *r);
void serve_preview(cli_serve *s, http_request *r);

#endif
