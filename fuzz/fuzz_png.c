/* SPDX-License-Identifier: MIT */
/* Fuzz target: whole files to alice__format_png. */
#include "fuzz.h"
#include "media/formats/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_format(&alice__format_png, data, n);
    return 0;
}
