/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_CONTROL_H
#define ALICE_CLI_CONTROL_H

/*
 * A running alice can be asked, over a Unix socket of its own: how it is, and to
 * collect. The protocol stands in docs/control-protocol.md.
 */

#include <stddef.h>
#include <sys/types.h>

#include <alice/organize.h>

#include "json.h"
#include "samples.h"

enum {
    CONTROL_PROTOCOL = 1,
    CONTROL_REQUEST_MAX = 256,      /* bytes of a request, its newline included */
    CONTROL_ANSWER_MAX = 24 * 1024, /* bytes of an answer, the same */
    CONTROL_PATH_MAX = 108          /* what a socket's address can hold */
};

/* ---- where sockets stand ---- */

/*
 * The folder of the sockets of user `uid`, by preference: 0 $XDG_RUNTIME_DIR/alice
 * (only of ourselves), 1 /run/user/UID/alice, 2 /tmp/alice-UID. False: there is none
 * of this kind; past the last, too, with `which` at CONTROL_FOLDERS.
 */
enum { CONTROL_FOLDERS = 3 };
bool control_folder(int which, uid_t uid, char *out, size_t size);

/* Whether the folder is one that only `uid` can write to. */
bool control_folder_is_safe(const char *folder, uid_t uid);

/* The user behind the other end of a connected socket; false: it cannot be told. */
bool control_peer(int fd, uid_t *uid);

/* A new socket, not inherited by children and not blocking; -1. */
int control_socket(void);

/* Connect to the socket at `path`; 0, or the errno of what went wrong. */
int control_connect(int fd, const char *path);

/* ---- the answering side ---- */

typedef struct cli_control cli_control;

/*
 * Listen; who calls waits until control_serve(). NULL where that cannot be, with the
 * reason in `why`: nothing else depends on it. `command` is told to who asks; static
 * text.
 */
cli_control *control_listen(const char *command, char *why, size_t why_size);
/* The folder of its socket, which control_stop() removes. NULL: `c` is. */
const char *control_folder_of(const cli_control *c);
/* Answer, in a small thread of its own, until control_stop(). False: it has none, with why. */
bool control_serve(cli_control *c, char *why, size_t why_size);
/* Listen and answer. */
cli_control *control_start(const char *command, char *why, size_t why_size);

/* Which organizer answers from now on; NULL: none. It must not be closed before it is taken
 * away. */
void control_attach(cli_control *c, alice_organizer *organizer);

void control_stop(cli_control **c);

/* ---- what both sides write ---- */

/* The members of a status: who, and of the organizer what is known. */
void control_write_who(cli_json *j, long pid, const char *command, const char *phase);
void control_write_usage(cli_json *j, const alice_monitor_usage *u);
void control_write_status(cli_json *j, const cli_status *s);
void control_write_reclaimed(cli_json *j, const alice_reclaim_row *row);

#endif
