/* SPDX-License-Identifier: MIT */
/* Fuzz target: whole files to alice__format_jpeg. */
#include "fuzz.h"
#include "media/formats/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_format(&alice__format_jpeg, data, n);
    return 0;
}
