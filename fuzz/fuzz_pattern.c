/* SPDX-License-Identifier: MIT */
/* Fuzz target: a pattern of dated names, in the first line, and a name. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "media/names_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    alice_error error = {.text = ""};
    alice_date d;
    if (n > 1024)
        return 0;
    char *pattern = malloc(n + 1);
    FUZZ_CHECK(pattern != NULL);
    if (n)
        memcpy(pattern, data, n);
    pattern[n] = 0;
    char *name = strchr(pattern, '\n');
    if (name)
        *name++ = 0;
    alice_status st = alice_date_pattern_check(pattern, &error);
    FUZZ_CHECK(st == ALICE_OK || (st == ALICE_E_INVAL && error.text[0]));
    if (st == ALICE_OK && alice__pattern_date(pattern, name ? name : pattern, &d)) {
        FUZZ_CHECK(d.year >= 1900 && d.month <= 12 && d.day <= 31);
        FUZZ_CHECK(!d.day || alice__date_exists(d.year, d.month, d.day));
        FUZZ_CHECK(d.hour <= 23 && d.minute <= 59 && d.second <= 59);
    }
    free(pattern);
    return 0;
}
