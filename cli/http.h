/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_HTTP_H
#define ALICE_CLI_HTTP_H

/*
 * Answering HTTP in one thread, with all that a client can make it hold bounded: connections,
 * bytes of a request, the time a request may take to come and an answer may stand unread.
 *
 *   listener ──▶ connections ──▶ http_handler ──▶ one http_answer_…() for each request
 */

#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>

#include <alice/env.h>

typedef struct cli_http cli_http;
typedef struct http_request http_request;

/* Answers the request, once, by one of the calls below. `path` is decoded and begins with a
 * slash. GET and HEAD alone come here. */
typedef void (*http_handler)(void *ctx, http_request *r, const char *path);

enum {
    HTTP_CONNECTIONS = 48,
    HTTP_REQUEST_BYTES = 16 * 1024, /* of one connection: a request's head, and its answer's */
    HTTP_IDLE_S = 15,               /* without a byte read or written */
    HTTP_REQUEST_S = 20             /* from its first byte to the end of its head */
};

/* What the connections can take at most: to be charged before http_open(). */
size_t http_bytes(void);

/* A socket that listens at `at`, whose port is filled in where it is 0; -1 after saying why. */
int http_listen(struct sockaddr_storage *at, socklen_t n);

/* The listener is the server's from then on, also where NULL is answered after saying why.
 * `env` pays for answers that are kept until they are sent; borrowed. */
cli_http *http_open(int listener, const alice_env *env, http_handler handler, void *ctx);
/* Wait for at most `ms` and do what is to be done. False: it cannot go on. */
bool http_run(cli_http *h, int ms);
void http_close(cli_http **h);

/* Borrowed while the request is answered; NULL: there is none. */
const char *http_header(const http_request *r, const char *name);
const char *http_argument(const http_request *r, const char *name);

/* A header of the answer to come; 12 at most, the texts are borrowed until it is given. */
void http_add(http_request *r, const char *name, const char *value);
/* Bytes that stay for good. */
void http_answer_static(http_request *r, unsigned status, const char *type, const void *bytes,
                        size_t n);
/* Bytes that are copied; 503 where the account refuses the copy. */
void http_answer_copy(http_request *r, unsigned status, const char *type, const void *bytes,
                      size_t n);
/* `n` bytes of an open file from `offset` on; the descriptor is taken, and closed in every
 * case. */
void http_answer_file(http_request *r, unsigned status, const char *type, int fd,
                      uint64_t offset, uint64_t n);
/* A line of text that stays for good. */
void http_answer_text(http_request *r, unsigned status, const char *text);

#endif
