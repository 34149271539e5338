/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: dates as text. The first byte chooses a source, then lines follow: a
 * date and zones. What is accepted must be a date of the calendar.
 */
#include "fuzz.h"

#include <string.h>

#include "media/date.h"
#include "media/facts.h"

static void check(const alice_date *d)
{
    FUZZ_CHECK(alice__date_exists(d->year, d->month, d->day));
    FUZZ_CHECK(d->hour <= 23 && d->minute <= 59 && d->second <= 59);
    FUZZ_CHECK(!d->has_zone || (d->zone_minutes > -900 && d->zone_minutes < 900));
    alice_date back = {0};
    alice__date_of_days(alice__date_days(d->year, d->month, d->day), &back);
    FUZZ_CHECK(back.year == d->year && back.month == d->month && back.day == d->day);
}

static void one(alice__facts *f, const alice_env *env, alice_bytes b)
{
    (void)env;
    alice_date d;
    const char *text = (const char *)b.p;
    if (b.n == 0)
        return;
    alice_date_source source = (alice_date_source)(b.p[0] % ALICE_DATE_SOURCE_COUNT);
    for (size_t at = 1; at < b.n;) {
        const char *end = memchr(text + at, '\n', b.n - at);
        size_t n = end ? (size_t)(end - text) - at : b.n - at;
        if (!alice__date_parse(text + at, n, &d))
            check(&d);
        alice__facts_date_text(f, source, text + at, n);
        alice__facts_zone_text(f, source, text + at, n);
        at += n + 1;
    }
    const alice_date_candidate *c = &f->info->dates[source];
    FUZZ_CHECK((c->verdict == ALICE_DATE_REJECTED) == (c->reason != NULL));
    if (c->verdict == ALICE_DATE_OUTRANKED)
        check(&c->date);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_block(data, n, one);
    return 0;
}
