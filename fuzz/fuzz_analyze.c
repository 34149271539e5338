/* SPDX-License-Identifier: MIT */
/* Fuzz target: a whole file to the analyzer; its name is the first line. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "media/analyze.h"
#include "media/facts.h"

static alice_status fetch(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    const alice_bytes *b = ctx;
    *got = offset < b->n ? b->n - (size_t)offset : 0;
    if (*got > n)
        *got = n;
    if (*got)
        memcpy(to, b->p + offset, *got);
    return ALICE_OK;
}

static void one(alice__facts *unused, const alice_env *env, alice_bytes b)
{
    (void)unused;
    char name[64] = "x.jpg";
    const uint8_t *end = b.n ? memchr(b.p, '\n', b.n < sizeof name ? b.n : sizeof name) : NULL;
    if (end) {
        memcpy(name, b.p, (size_t)(end - b.p));
        name[end - b.p] = 0;
        b.n -= (size_t)(end - b.p) + 1;
        b.p = end + 1;
    }
    alice__analyzer *a = NULL;
    if (alice__analyzer_open(&a, env, 8192) != ALICE_OK)
        return;
    alice__file_facts file = {
        .name = name, .folders = "2024-03-15", .mtime_s = 1, .now_s = 1800000000};
    for (int again = 0; again < 2; again++) {
        size_t head = again ? b.n / 2 : b.n;
        uint8_t *exact = malloc(head ? head : 1);
        FUZZ_CHECK(exact != NULL);
        if (head)
            memcpy(exact, b.p, head);
        alice_bytes all = b;
        alice__input in = {.size = b.n, .head = {exact, head}, .fetch = fetch, .ctx = &all};
        alice_media_info info;
        alice_status st = alice__analyzer_read(a, &in, &file, &info);
        FUZZ_CHECK(st == ALICE_OK || st == ALICE_E_BUDGET || st == ALICE_E_NOMEM);
        FUZZ_CHECK((unsigned)info.type < ALICE_MEDIA_COUNT);
        FUZZ_CHECK(info.status == ALICE_OK || info.reason[0]);
        free(exact);
    }
    alice__analyzer_close(&a);
    FUZZ_CHECK(a == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_block(data, n, one);
    return 0;
}
