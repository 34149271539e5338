/* SPDX-License-Identifier: MIT */
/* Fuzz target: what a decoder says to the library, which believes nothing of it. The first byte
   says what was asked, the second how much comes at once. */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "organize/picture_said.h"

static void check(const alice__picture_said *s, const uint8_t *data, size_t n)
{
    const size_t head = sizeof s->answer;
    FUZZ_CHECK(n >= head && memcmp(&s->answer, data, head) == 0);
    FUZZ_CHECK(s->answer.bytes <= ALICE__PICTURE_BYTES && n - head >= s->answer.bytes);
    FUZZ_CHECK(s->got == head + s->answer.bytes);
    FUZZ_CHECK(memcmp(s->pixels, data + head, s->answer.bytes) == 0);
    FUZZ_CHECK((s->answer.state == ALICE__PICTURE_READY) == (s->ask.magic == 0));
    FUZZ_CHECK(s->answer.state != ALICE__PICTURE_OK ||
               s->answer.bytes ==
                   s->answer.out_width * s->answer.out_height * s->answer.channels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const alice__picture_ask asks[] = {
        {.channels = 1, .side = 1},
        {ALICE__PICTURE_MAGIC, 1, ALICE__PICTURE_LUMA_SIDE},
        {ALICE__PICTURE_MAGIC, 3, ALICE__PICTURE_RGB_SIDE},
        {ALICE__PICTURE_MAGIC, 3, 1}};
    int ends[2], bad = -EAGAIN;
    if (n < 2)
        return 0;
    alice__picture_said s = {.ask = asks[data[0] % 4], .pixels = malloc(ALICE__PICTURE_BYTES)};
    const size_t step = 1 + data[1] * (size_t)97;
    FUZZ_CHECK(s.pixels && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const alice__decoder d = {.socket = ends[0]};
    data += 2;
    n -= 2;
    for (size_t at = 0; at < n && bad == -EAGAIN;) {
        const size_t part = n - at < step ? n - at : step;
        FUZZ_CHECK(send(ends[1], data + at, part, 0) == (ssize_t)part);
        at += part;
        bad = alice__picture_read_on(&s, &d);
    }
    close(ends[1]);
    if (bad == -EAGAIN)
        bad = alice__picture_read_on(&s, &d);
    FUZZ_CHECK(bad == 0 || bad == -EPROTO || bad == -EPIPE);
    if (bad == 0)
        check(&s, data, n);
    close(ends[0]);
    free(s.pixels);
    return 0;
}
