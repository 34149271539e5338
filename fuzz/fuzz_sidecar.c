/* SPDX-License-Identifier: MIT */
/* Fuzz target: sidecars, XMP or JSON, of a file that has no date. */
#include "fuzz.h"

#include <stdlib.h>

#include "media/sidecar.h"

static alice_status once(void *ctx, alice__input *out)
{
    alice__input **in = ctx;
    if (!*in)
        return ALICE_E_END;
    *out = **in;
    *in = NULL;
    return ALICE_OK;
}

static void read(const uint8_t *data, size_t n, size_t limit)
{
    static uint8_t scratch[ALICE__SCRATCH];
    alice_media_info info;
    alice__facts facts;
    fuzz_memory memory;
    char arena[64];
    alice__input whole = alice__input_of((alice_bytes){data, n}), *in = &whole;
    const alice__sidecars sidecars = {once, &in};
    alice__facts_begin(&facts, &info, arena, sizeof arena, 1767225600);
    const alice__parse parse = {
        .env = fuzz_env(&memory, limit), .scratch = scratch, .in = &whole, .facts = &facts};
    alice_status st = alice__sidecar_date(&parse, &sidecars);
    if (st != ALICE_OK && limit > 1 << 20)
        abort();
    fuzz_env_end(&memory);
    for (int i = 0; i < ALICE_DATE_SOURCE_COUNT; i++)
        if (i != ALICE_DATE_SIDECAR && info.dates[i].verdict != ALICE_DATE_ABSENT)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    read(data, n, 4 << 20);
    read(data, n, 20000);
    return 0;
}
