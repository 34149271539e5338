/* SPDX-License-Identifier: MIT */
/* Fuzz target: the system's file of a zone, and a position as films write it. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "media/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int64_t moments[] = {INT64_MIN,  -INT64_C(5000000000), -1,       0, 1,
                                      1700000000, INT64_C(4102444800),  INT64_MAX};
    uint8_t *exact = malloc(n ? n : 1);
    int32_t latitude = 0, longitude = 0;
    if (!exact)
        return 0;
    if (n)
        memcpy(exact, data, n);
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        int minutes = 0;
        if (alice__zone_minutes(exact, n, moments[i], &minutes))
            FUZZ_CHECK(minutes > -26 * 60 && minutes < 26 * 60);
    }
    if (alice__zone_parse_position((const char *)exact, n, &latitude, &longitude)) {
        FUZZ_CHECK(abs(latitude) <= 90 * ALICE__DEGREE &&
                   abs(longitude) <= 180 * ALICE__DEGREE);
        (void)alice__zone_of_place(latitude, longitude);
    }
    free(exact);
    return 0;
}
