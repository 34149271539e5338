/* SPDX-License-Identifier: MIT */
/* Dates as text: what is read, what is refused and why, and the arithmetic beneath. */
#include "test.h"

#include "media/date.h"

/* "2024-03-15 10:15:00 +120", or the reason in brackets. */
static void expect(const char *text, const char *want)
{
    alice_date d;
    char have[96];
    const char *reason = alice__date_parse(text, strlen(text), &d);
    if (reason) {
        snprintf(have, sizeof have, "(%s)", reason);
    } else {
        int n = snprintf(have, sizeof have, "%04d-%02u-%02u", d.year, d.month, d.day);
        if (d.has_time)
            n += snprintf(have + n, sizeof have - (size_t)n, " %02u:%02u:%02u", d.hour,
                          d.minute, d.second);
        if (d.has_zone)
            snprintf(have + n, sizeof have - (size_t)n, " %+d", d.zone_minutes);
    }
    if (strcmp(have, want) != 0)
        fail_msg("\"%s\" is read as %s instead of %s", text, have, want);
}

static void forms_are_read(void **state)
{
    (void)state;
    expect("2024:03:15 10:15:00", "2024-03-15 10:15:00");
    expect("2024:03:15 10:15:00.123+02:00", "2024-03-15 10:15:00 +120");
    expect("  2024/03/15 10.15.00  ", "2024-03-15 10:15:00");
    expect("2024-03-15T10:15:00Z", "2024-03-15 10:15:00 +0");
    expect("2024-03-15T10:15:00.5-0530", "2024-03-15 10:15:00 -330");
    expect("2024-03-15T10:15", "2024-03-15 10:15:00");
    expect("2024-03-15T10:15-04:00", "2024-03-15 10:15:00 -240");
    expect("2024-03-15T10:15+04:00", "2024-03-15 10:15:00 +240");
    expect("2024-03-15T10:15:30-04:00", "2024-03-15 10:15:30 -240");
    expect("2024-03-15 10-15-30", "2024-03-15 10:15:30");
    expect("2024-03-15 10:15:00 UTC", "2024-03-15 10:15:00 +0");
    expect("2024-03-15", "2024-03-15");
    expect("20240315", "2024-03-15");
    expect("20240315101500", "2024-03-15 10:15:00");
    expect("20240315T101500Z", "2024-03-15 10:15:00 +0");
    expect("20240315 101500+0100", "2024-03-15 10:15:00 +60");
    expect("2024:3:5 7:8:9", "2024-03-05 07:08:09");
    expect("2001/ 1/27  1:42PM", "2001-01-27 13:42:00");
    expect("Fri, 15 Mar 2024 10:15:00 GMT", "2024-03-15 10:15:00 +0");
    expect("Fr 15 Mar 2024 10:15:00 +0100", "2024-03-15 10:15:00 +60");
    expect("ven. 15 mar. 2024 10:15:00", "2024-03-15 10:15:00");
    expect("ab 2024:03:15", "2024-03-15");
    expect("15 Mar 2024 10:15:00 +0100", "2024-03-15 10:15:00 +60");
    expect("Mon Mar 10 15:04:43 2008", "2008-03-10 15:04:43");
    expect("MON MAR 10 15:04:43 2008", "2008-03-10 15:04:43");
    expect("Mon Mar 10 15:04:43 CET 2008", "2008-03-10 15:04:43");
    expect("Mon Mar 10 15:04:43 +0100 2008", "2008-03-10 15:04:43 +60");
    expect("Mar 31, 2025, 12:15 AM", "2025-03-31 00:15:00");
    expect("Friday, March 15, 2024 at 10:15:00 AM", "2024-03-15 10:15:00");
}

static void a_bad_time_does_not_spoil_a_date(void **state)
{
    (void)state;
    expect("2024:03:15 24:00:00", "2024-03-15");
    expect("2024:03:15 99:99:99", "2024-03-15");
    expect("2024:03:15   :  :  ", "2024-03-15");
    expect("2024:03:15 13:00 PM", "2024-03-15");
    expect("2024:03:15 10:15:60", "2024-03-15 10:15:59");       /* a leap second */
    expect("2024:03:15 10:15:00+15:00", "2024-03-15 10:15:00"); /* no such zone */
    expect("2024:03:15 10:15:00 nonsense", "2024-03-15 10:15:00");
}

static void refusals_have_reasons(void **state)
{
    (void)state;
    expect("", "(blank)");
    expect("                   ", "(blank)");
    expect("    :  :     :  :  ", "(blank)");
    expect("0000:00:00 00:00:00", "(all zeros)");
    expect("2024", "(only a year)");
    expect("2024-05", "(only a year and a month)");
    expect("2024:05:  :  :  ", "(only a year and a month)");
    expect("2024:00:00 00:00:00", "(month or day is zero)");
    expect("2024:13:01 00:00:00", "(no such month)");
    expect("2024:02:30 10:00:00", "(no such day in the calendar)");
    expect("2023:02:29 10:00:00", "(no such day in the calendar)");
    expect("1900:02:29 10:00:00", "(no such day in the calendar)");
    expect("03/04/2024", "(day and month cannot be told apart)");
    expect("98:01:01 10:00:00", "(not a four-digit year)");
    expect("yesterday", "(not a date)");
    expect("2024:03:1510:15:00", "(not a date)");
    expect("170024031510150", "(not a date)");
}

static void leap_days_exist(void **state)
{
    (void)state;
    expect("2024:02:29", "2024-02-29");
    expect("2000:02:29", "2000-02-29");
    assert_false(alice__date_exists(2100, 2, 29));
    assert_false(alice__date_exists(2024, 4, 31));
    assert_false(alice__date_exists(0, 1, 1));
}

static void doubts(void **state)
{
    (void)state;
    int64_t latest = alice__date_days(2026, 1, 2);
    alice_date d = {.year = 2026, .month = 1, .day = 2};
    assert_null(alice__date_doubt(&d, latest));
    d.day = 3;
    assert_string_equal(alice__date_doubt(&d, latest), "in the future");
    d = (alice_date){.year = 1899, .month = 12, .day = 31};
    assert_string_equal(alice__date_doubt(&d, latest), "before 1900");
    d = (alice_date){.year = 1900, .month = 1, .day = 1};
    assert_null(alice__date_doubt(&d, latest));

    d = (alice_date){.year = 1970, .month = 1, .day = 1, .has_time = true};
    assert_string_equal(alice__date_doubt(&d, latest), "the zero of an epoch");
    d.second = 1;
    assert_null(alice__date_doubt(&d, latest));
    d = (alice_date){.year = 1970, .month = 1, .day = 1};
    assert_null(alice__date_doubt(&d, latest)); /* a day, written by a person */
    d = (alice_date){.year = 1904, .month = 1, .day = 1, .has_time = true};
    assert_string_equal(alice__date_doubt(&d, latest), "the zero of an epoch");
    /* The same instant in a zone. */
    d = (alice_date){.year = 1970,
                     .month = 1,
                     .day = 1,
                     .hour = 1,
                     .has_time = true,
                     .has_zone = true,
                     .zone_minutes = 60};
    assert_string_equal(alice__date_doubt(&d, latest), "the zero of an epoch");
    d = (alice_date){.year = 1969,
                     .month = 12,
                     .day = 31,
                     .hour = 19,
                     .has_time = true,
                     .has_zone = true,
                     .zone_minutes = -300};
    assert_string_equal(alice__date_doubt(&d, latest), "the zero of an epoch");
}

static void zones(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int minutes;
    } cases[] = {{"+02:00", true, 120},   {"-0530", true, -330}, {"Z", true, 0},
                 {"UTC", true, 0},        {"+14", true, 840},    {"UTC+1", true, 60},
                 {" +02:00 ", true, 120}, {"", false, 0},        {"+15:00", false, 0},
                 {"+02:60", false, 0},    {"02:00", false, 0},   {"+02:00x", false, 0},
                 {"CET", false, 0},       {"+", false, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int minutes = 0;
        bool good = alice__date_parse_zone(cases[i].text, strlen(cases[i].text), &minutes);
        if (good != cases[i].good || (good && minutes != cases[i].minutes))
            fail_msg("zone \"%s\": %d, %d", cases[i].text, good, minutes);
    }
}

static void every_day_comes_back(void **state)
{
    (void)state;
    int64_t day = alice__date_days(1, 1, 1);
    for (int year = 1; year <= 9999; year += year < 1890 || year > 2110 ? 37 : 1)
        for (int month = 1; month <= 12; month++)
            for (int d = 1; alice__date_exists(year, month, d); d++) {
                alice_date back = {0};
                int64_t n = alice__date_days(year, month, d);
                alice__date_of_days(n, &back);
                assert_int_equal(back.year, year);
                assert_int_equal(back.month, month);
                assert_int_equal(back.day, d);
                assert_true(n >= day);
                day = n;
            }
    assert_int_equal(alice__date_days(1970, 1, 1), 0);
    assert_int_equal(alice__date_days(2000, 3, 1), 11017);
}

static void seconds_become_dates(void **state)
{
    (void)state;
    alice_date d;
    assert_true(alice__date_of_unix(1710497700, 0, &d));
    assert_int_equal(d.year, 2024);
    assert_int_equal(d.month, 3);
    assert_int_equal(d.day, 15);
    assert_int_equal(d.hour, 10);
    assert_int_equal(d.minute, 15);
    assert_true(alice__date_of_unix(-1, 0, &d));
    assert_int_equal(d.year, 1969);
    assert_int_equal(d.second, 59);
    assert_true(alice__date_of_unix(-86400, 0, &d));
    assert_int_equal(d.day, 31);
    assert_int_equal(d.hour, 0);
    /* 23:30 in UTC is the next day one hour east. */
    assert_true(alice__date_of_unix(1710545400, 60, &d));
    assert_int_equal(d.day, 16);
    assert_int_equal(d.zone_minutes, 60);
    assert_false(alice__date_of_unix(INT64_MAX, 0, &d));
    assert_false(alice__date_of_unix(INT64_MIN, 0, &d));
    assert_false(alice__date_of_unix(0, 100000, &d));
}

/* Every prefix of each form ends in a date or a reason, and never reads past its end. */
static void cuts_are_harmless(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "2024:03:15 10:15:00.123+02:00", "20240315T101500Z", "Fri, 15 Mar 2024 10:15:00 GMT",
        "Mon Mar 10 15:04:43 +0100 2008", "Friday, March 15, 2024 at 10:15:00 AM"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        for (size_t n = 0; n <= strlen(forms[i]); n++) {
            char *exact = malloc(n ? n : 1);
            alice_date d;
            memcpy(exact, forms[i], n);
            const char *reason = alice__date_parse(exact, n, &d);
            assert_true(reason != NULL || alice__date_exists(d.year, d.month, d.day));
            free(exact);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_read),
        cmocka_unit_test(a_bad_time_does_not_spoil_a_date),
        cmocka_unit_test(refusals_have_reasons),
        cmocka_unit_test(leap_days_exist),
        cmocka_unit_test(doubts),
        cmocka_unit_test(zones),
        cmocka_unit_test(every_day_comes_back),
        cmocka_unit_test(seconds_become_dates),
        cmocka_unit_test(cuts_are_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
