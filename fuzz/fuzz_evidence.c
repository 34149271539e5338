/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: evidence texts. The first line is a place (a letter) and a key, the
 * rest the text; read with the workspace of the analyzer, with a small one and without, and in
 * windows of 11 bytes.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

typedef struct drops {
    alice__text_stream stream;
    alice_bytes rest;
} drops;

static alice_status next_drop(alice__text_stream *s, alice_bytes *window)
{
    drops *d = s->ctx;
    size_t n = d->rest.n < 11 ? d->rest.n : 11;
    *window = (alice_bytes){d->rest.p, n};
    d->rest.p += n;
    d->rest.n -= n;
    return ALICE_OK;
}

static void one(alice__facts *f, const alice_env *env, alice_bytes b)
{
    static const size_t desks[] = {0, 4096, 72 * 1024};
    char key[64] = "";
    (void)env;
    const uint8_t *end = b.n ? memchr(b.p, '\n', b.n) : NULL;
    if (!end)
        return;
    alice__where where = (alice__where)((unsigned)(b.p[0] - 'a') % (ALICE__IN_RIFF + 1));
    size_t n = (size_t)(end - b.p);
    if (n > 1)
        memcpy(key, b.p + 1, n - 1 < sizeof key ? n - 1 : sizeof key - 1);
    b.p += n + 1;
    b.n -= n + 1;
    for (size_t i = 0; i < sizeof desks / sizeof *desks; i++) {
        f->workspace = desks[i] ? malloc(desks[i]) : NULL;
        FUZZ_CHECK(f->workspace || !desks[i]);
        f->workspace_size = desks[i];
        alice__evidence_text(f, where, key, (const char *)b.p, b.n);
        drops d = {.rest = b};
        d.stream = (alice__text_stream){next_drop, &d};
        alice__evidence(f, where, key, &d.stream);
        free(f->workspace);
        f->workspace = NULL;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_block(data, n, one);
    return 0;
}
