/* SPDX-License-Identifier: MIT */
/* Fuzz target: what comes over the control socket, in pieces, over a real pair of sockets. Each
   answer is one line of JSON, and the caller's slot is free once it is hung up on. */
#include "fuzz.h"

#include "../cli/control.c"
#include "../cli/json_read.h"

/* Every answer that has come, whole lines of JSON. */
static void read_answers(int fd)
{
    static char text[SEND_BUFFER * 2];
    size_t n = 0;
    ssize_t got;
    while (n < sizeof text && (got = recv(fd, text + n, sizeof text - n, MSG_DONTWAIT)) > 0)
        n += (size_t)got;
    FUZZ_CHECK(n == 0 || text[n - 1] == '\n');
    for (size_t at = 0; at < n;) {
        json_value v;
        const char *end = memchr(text + at, '\n', n - at);
        size_t length = (size_t)(end - (text + at));
        FUZZ_CHECK(json_read(text + at, length, &v));
        FUZZ_CHECK(json_as_uint(json_at(v, "protocol")) == CONTROL_PROTOCOL);
        at += length + 1;
    }
}

/* The input: a byte that says how much is sent at once, then what is sent. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static cli_control c = {.lock = PTHREAD_MUTEX_INITIALIZER, .command = "fuzz"};
    int pair[2];
    if (n < 2 || n > 4096)
        return 0;
    if (!c.out) {
        c.out = fmemopen(c.answer, sizeof c.answer, "w");
        FUZZ_CHECK(c.out != NULL);
        setvbuf(c.out, c.out_buffer, _IOFBF, sizeof c.out_buffer);
    }
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    slot s = {.fd = pair[0]};
    size_t step = 1 + data[0];
    bool ended = false;
    /* A caller that has hung up on us may leave bytes that were never sent. */
    for (size_t at = 1; at < n && s.fd >= 0; at += step) {
        size_t part = n - at < step ? n - at : step;
        FUZZ_CHECK(send(pair[1], data + at, part, MSG_NOSIGNAL) == (ssize_t)part);
        c.tokens = TOKENS;
        receive(&s);
        FUZZ_CHECK(s.used <= sizeof s.in);
        serve(&c, &s);
        FUZZ_CHECK(s.ticket == 0);
        read_answers(pair[1]);
    }
    while (s.fd >= 0) { /* the caller has nothing left to say */
        if (!ended)
            FUZZ_CHECK(shutdown(pair[1], SHUT_WR) == 0);
        ended = true;
        c.tokens = TOKENS;
        receive(&s);
        serve(&c, &s);
        read_answers(pair[1]);
    }
    FUZZ_CHECK(s.used == 0 && !s.ended);
    close(pair[1]);
    return 0;
}
