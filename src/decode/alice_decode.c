/* SPDX-License-Identifier: MIT */
/*
 * alice-decode, which libalice starts: it is handed open files through its standard input, a
 * socket, and answers with a few pixels of each. It has given up everything else by then: if a
 * picture takes it over, it holds that one picture and can tell lies about it.
 */
#include <stdlib.h>
#include <unistd.h>

#include "decode/decode.h"
#include "port/decoder.h"

enum { SECONDS = 30 };

int main(int count, char **words)
{
    const alice__picture_answer ready = {.magic = ALICE__PICTURE_MAGIC,
                                         .state = ALICE__PICTURE_READY};
    alice__decoding d = {.fd = -1};
    char *end = NULL;
    uint64_t allowance = count == 2 ? strtoull(words[1], &end, 10) : 0;
    if (!end || *end || allowance == 0)
        return 2; /* a person started it: it has nothing to say to people */
    d.pixels = malloc(ALICE__PICTURE_BYTES);
    if (!d.pixels || alice__decoder_give_up(allowance) != 0 ||
        alice__decoder_answer(&ready, NULL) != 0) {
        free(d.pixels);
        return 3;
    }
    while (alice__decoder_next(&d.ask, &d.fd) == 0 && alice__picture_ask_holds(&d.ask)) {
        (void)alice__decoder_time(SECONDS);
        alice__decode(&d);
        close(d.fd);
        if (alice__decoder_answer(&d.answer, d.pixels) != 0)
            break;
    }
    free(d.pixels);
    return 0;
}
