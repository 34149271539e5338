/* SPDX-License-Identifier: MIT */
/* Fuzz target: what another alice answered: JSON that is read where it stands. Values lie
   inside the text, whatever it is, and stepping through it ends. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "../cli/json_read.h"

static void look(const char *text, size_t n, json_value v)
{
    char shown[64];
    FUZZ_CHECK(v.n == 0 || (v.p >= text && v.n <= n && v.p + v.n <= text + n));
    (void)json_as_uint(v);
    (void)json_as_int(v);
    (void)json_as_real(v);
    (void)json_as_bool(v);
    FUZZ_CHECK(strlen(json_as_text(v, shown, sizeof shown)) < sizeof shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const paths[] = {"pid", "memory.limit_bytes", "a.b.c", "",
                                        ".",   "reclaimers"};
    char *text = malloc(n ? n : 1);
    json_value whole, element = {0};
    FUZZ_CHECK(text != NULL);
    if (n)
        memcpy(text, data, n);
    if (json_read(text, n, &whole)) {
        look(text, n, whole);
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
            json_value v = json_at(whole, paths[i]);
            look(text, n, v);
            element = (json_value){0};
            for (size_t steps = 0; json_each(v, &element); steps++) {
                FUZZ_CHECK(steps <= n);
                look(text, n, element);
            }
        }
        element = (json_value){0};
        for (size_t steps = 0; json_each(whole, &element); steps++)
            FUZZ_CHECK(steps <= n);
    }
    free(text);
    return 0;
}
