/* SPDX-License-Identifier: MIT */
/* Fuzz target: whole files to every format that takes them; those without a target of their
 * own have their seeds here. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const alice__format *const formats[] = {
#define FORMAT(name) &alice__format_##name,
        ALICE__FORMATS(FORMAT)
#undef FORMAT
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (formats[i]->sniff((alice_bytes){data, n}, n) != ALICE_MEDIA_NONE)
            fuzz_format(formats[i], data, n);
    return 0;
}
