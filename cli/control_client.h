/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_CONTROL_CLIENT_H
#define ALICE_CLI_CONTROL_CLIENT_H

/* The asking side of the control socket. */

#include "control.h"
#include "json_read.h"

/* A process that can be asked, or only looked at. */
typedef struct control_target {
    long pid;
    uid_t uid;
    char path[CONTROL_PATH_MAX]; /* of its socket; "" where it has none */
} control_target;

typedef enum control_found {
    CONTROL_IS_ALICE,   /* it listens */
    CONTROL_IS_OTHER,   /* it runs, but does not listen */
    CONTROL_IS_FOREIGN, /* an alice of another user, who alone (and root) may ask it */
    CONTROL_IS_NOBODY   /* there is no such process */
} control_found;

/* Whether it has ended, though its parent has not been told yet. */
bool control_has_ended(long pid);

/* Find the process `pid`. */
control_found control_find(long pid, control_target *out);

/* This user's alices that listen, by process id; answers how many, at most `cap`. */
size_t control_find_all(control_target *out, size_t cap);

/* A request under way. */
typedef struct control_call {
    int fd; /* -1: none */
    size_t used;
    uint64_t deadline_ms;
    char *answer; /* CONTROL_ANSWER_MAX bytes */
} control_call;

typedef enum control_state {
    CONTROL_PENDING,
    CONTROL_ANSWERED, /* the answer stands in `answer`, `used` bytes, and is JSON */
    CONTROL_FAILED    /* gone, no time left, or no JSON; `errno` says which: ECONNREFUSED,
                         ETIMEDOUT, EPROTO */
} control_state;

/* Send `request` ("status" or "collect"); false: nobody is there. */
bool control_call_begin(control_call *call, const control_target *target, const char *request,
                        int timeout_ms);

/* Read what has come: never waits. To wait, poll() `call->fd` for input. */
control_state control_call_step(control_call *call, json_value *answer);

/* Wait for the answer. */
control_state control_call_wait(control_call *call, json_value *answer);

/* End it, answered or not; `answer` stays until the call is freed. */
void control_call_end(control_call *call);
void control_call_free(control_call *call);

#endif
