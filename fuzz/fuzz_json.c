/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the JSON tokenizer, read whole, skipped, and with its strings as
 * streams. The three must agree on whether the document is well formed.
 */
#include "fuzz.h"

#include <string.h>

#include "media/blocks/json.h"

static bool by_tokens(alice_bytes b, size_t room)
{
    char text[64];
    alice__text_memory m;
    alice__json j;
    alice__json_kind kind;
    alice__json_open(&j, alice__text_of(&m, b), text, room);
    while ((kind = alice__json_next(&j)) > ALICE__JSON_BAD) {
        FUZZ_CHECK(j.n < room && text[j.n] == 0);
        FUZZ_CHECK(j.depth <= ALICE__JSON_DEPTH);
    }
    FUZZ_CHECK((kind == ALICE__JSON_BAD) == (j.reason != NULL));
    FUZZ_CHECK(alice__json_next(&j) == kind); /* it stays so */
    return kind == ALICE__JSON_END;
}

static bool by_skipping(alice_bytes b)
{
    char text[64];
    alice__text_memory m;
    alice__json j;
    alice__json_open(&j, alice__text_of(&m, b), text, sizeof text);
    return alice__json_skip(&j, alice__json_next(&j));
}

static bool by_streams(alice_bytes b)
{
    char text[64];
    alice__text_memory m;
    alice__json j;
    alice__json_string s;
    alice__json_kind kind;
    alice__json_open(&j, alice__text_of(&m, b), text, sizeof text);
    while ((kind = alice__json_next_streamed(&j, &s)) > ALICE__JSON_BAD) {
        if (kind != ALICE__JSON_STRING)
            continue;
        alice_bytes window;
        /* One window of each, and the rest dropped. */
        FUZZ_CHECK(s.stream.next(&s.stream, &window) == ALICE_OK);
        FUZZ_CHECK(window.n <= sizeof s.piece);
        (void)alice__json_string_end(&s);
    }
    return kind == ALICE__JSON_END;
}

static void one(alice__facts *f, const alice_env *env, alice_bytes b)
{
    (void)f;
    (void)env;
    bool good = by_tokens(b, 64);
    FUZZ_CHECK(by_skipping(b) == good);
    FUZZ_CHECK(by_streams(b) == good);
    (void)by_tokens(b, 16); /* numbers are cut there, and may be no numbers any more */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_block(data, n, one);
    return 0;
}
