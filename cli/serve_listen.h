/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_SERVE_LISTEN_H
#define ALICE_CLI_SERVE_LISTEN_H

/* Where the page of `alice serve` listens, and what that asks of the person who starts it. */

#include <netinet/in.h>

#include "serve.h"

typedef struct serve_address {
    struct sockaddr_storage at;
    socklen_t n;
    bool loopback;
    char text[64]; /* as given: "127.0.0.1", "::1" */
} serve_address;

/* `address` NULL: 127.0.0.1. CLI_DONE, or CLI_USAGE after saying what is wrong. */
int serve_address_read(serve_address *a, const char *address, const char *port);

/* The Authorization that a password asks for, into s->login. CLI_DONE, or the exit status after
 * saying why the file is not taken. */
int serve_password_read(cli_serve *s, const char *path);

/* Has the person confirm, twice, that others may reach the page. CLI_DONE or CLI_USAGE. */
int serve_confirm(const serve_address *a);

/* The port is known: a new token, the hosts that requests may name, and the address for people
 * in `url`. False: there is no random number to be had. */
bool serve_address_set(cli_serve *s, const serve_address *a, char *url, size_t size);

#endif
