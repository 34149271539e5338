/* SPDX-License-Identifier: MIT */
#include "organize/picture_said.h"

#include <errno.h>

/* Ready is what it says once, before it was asked anything. */
static bool holds(const alice__picture_said *s)
{
    return alice__picture_answer_holds(&s->answer, &s->ask) &&
           (s->answer.state == ALICE__PICTURE_READY) == (s->ask.magic == 0);
}

int alice__picture_read_on(alice__picture_said *s, const alice__decoder *d)
{
    for (;;) {
        uint8_t *to = (uint8_t *)&s->answer + s->got;
        size_t want = sizeof s->answer, got = 0;
        if (s->got >= sizeof s->answer) {
            to = s->pixels + (s->got - sizeof s->answer);
            want += s->answer.bytes;
        }
        if (s->got == want)
            return 0;
        int bad = alice__decoder_read(d, to, want - s->got, &got);
        if (bad)
            return bad;
        s->got += got;
        if (s->got == sizeof s->answer && !holds(s))
            return -EPROTO;
    }
}
