/* SPDX-License-Identifier: MIT */
/* Zones by place: the nearest place, the system's files held against the C library, hostile
 * files, positions as text. */
#define _DEFAULT_SOURCE /* tm_gmtoff */
#include "test.h"

#include <stdlib.h>
#include <time.h>

#include "media/zone.h"
#include "media/zone_list.h"
#include "port/fs.h"

#define AT(degrees) ((int32_t)((degrees)*ALICE__DEGREE))

static size_t read_zone(const char *zone, uint8_t bytes[ALICE__ZONE_FILE_MOST])
{
    size_t n = 0;
    assert_int_equal(alice__fs_read_zone(zone, bytes, ALICE__ZONE_FILE_MOST, &n), 0);
    return n;
}

static void expect(double latitude, double longitude, const char *want)
{
    const char *zone = alice__zone_of_place(AT(latitude), AT(longitude));
    if (!zone || !want ? zone != want : strcmp(zone, want) != 0)
        fail_msg("%.2f, %.2f is in %s instead of %s", latitude, longitude, zone ? zone : "none",
                 want ? want : "none");
}

static void the_nearest_place_tells_the_zone(void **state)
{
    (void)state;
    expect(48.8577, 2.295, "Europe/Paris");
    expect(42.43, -8.65, "Europe/Madrid");     /* Pontevedra, by Portugal */
    expect(69.6, 19.1, "Europe/Berlin");       /* by Tromsø; Norway is united with Berlin */
    expect(32.7, -97.3, "America/Chicago");    /* Fort Worth */
    expect(36.1, -112.1, "America/Phoenix");   /* the Grand Canyon */
    expect(27.9881, 86.925, "Asia/Kathmandu"); /* Everest */
    expect(-33.86, 151.21, "Australia/Sydney");
    expect(-18.1, -179.9, "Pacific/Fiji"); /* beyond the line of the date */
    expect(-45, -120, NULL);               /* far from everywhere */
}

static void each_place_is_nearest_to_itself(void **state)
{
    (void)state;
#define ITSELF(latitude, longitude, zone) expect((latitude) / 100.0, (longitude) / 100.0, zone);
    ALICE__ZONE_PLACES(ITSELF)
#undef ITSELF
}

/* Every zone of the table, four times a year until behind the times that are written out. */
static void offsets_are_the_c_library_s(void **state)
{
    static const char *const zones[] = {
#define ZONE(latitude, longitude, zone) zone,
        ALICE__ZONE_PLACES(ZONE)
#undef ZONE
    };
    enum { SECONDS = 93 * 86400 + 12347 };
    static uint8_t bytes[ALICE__ZONE_FILE_MOST];
    (void)state;
    if (read_zone("Europe/Berlin", bytes) == 0)
        fail_msg("the system has no zones: install tzdata (scripts/deps --test does)");
    const char *before = "";
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        if (strcmp(zones[i], before) == 0)
            continue;
        before = zones[i];
        size_t n = read_zone(zones[i], bytes);
        assert_true(n > 0);
        setenv("TZ", zones[i], 1);
        tzset();
        for (int64_t at = -631152000; at < 3471292800; at += SECONDS) { /* 1950 to 2080 */
            time_t t = (time_t)at;
            struct tm local;
            int minutes = 9999;
            assert_non_null(localtime_r(&t, &local));
            bool told = alice__zone_minutes(bytes, n, at, &minutes);
            if (!told || minutes != (int)(local.tm_gmtoff / 60))
                fail_msg("%s at %lld: %d instead of %ld", zones[i], (long long)at, minutes,
                         local.tm_gmtoff / 60);
        }
    }
    setenv("TZ", "UTC", 1);
    tzset();
}

/* A file of no time at all but a rule: what changes when. */
static bool by_rule(const char *rule, int64_t at, int *minutes)
{
    static uint8_t bytes[256];
    static const uint8_t head[] = {'T', 'Z', 'i', 'f', '2'};
    memset(bytes, 0, sizeof bytes);
    for (size_t block = 0; block < 2; block++) { /* one type, its letters "\0" */
        uint8_t *p = bytes + block * 51;
        memcpy(p, head, sizeof head);
        p[39] = p[43] = 1;
    }
    int n = snprintf((char *)bytes + 102, sizeof bytes - 102, "\n%s\n", rule);
    return alice__zone_minutes(bytes, 102 + (size_t)n, at, minutes);
}

static void rules_of_all_forms(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        int64_t at;
        int minutes;
    } of[] = {
        {"UTC0", 0, 0},
        {"<+0530>-5:30", 0, 330},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1711846799, 60}, /* 2024-03-31 00:59:59 UTC */
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1711846800, 120},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1729990799, 120}, /* 2024-10-27 00:59:59 UTC */
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1729990800, 60},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", 1704067200, 660}, /* January: summer */
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", 1719792000, 600},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", 1704067200, 0}, /* a summer that is a winter */
        {"WAT3WAS,J60/0,J61/0", 1709262000, -120},     /* 2024-03-01 03:00 UTC */
        {"WAT3WAS,J60/0,J61/0", 1709261999, -180},
        {"WAT3WAS,59/0,60/0", 1709175600, -120}, /* the leap day is counted */
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        int minutes = 9999;
        if (!by_rule(of[i].rule, of[i].at, &minutes) || minutes != of[i].minutes)
            fail_msg("%s at %lld: %d instead of %d", of[i].rule, (long long)of[i].at, minutes,
                     of[i].minutes);
    }
    /* What is no rule leaves the type that the file has. */
    static const char *const broken[] = {"",
                                         "C",
                                         "CET",
                                         "CET-",
                                         "CET-1CEST",
                                         "CET-1CEST,M3.5.0",
                                         "CET-1CEST,M13.5.0,M10.5.0",
                                         "CET-1,M3.5.0,M10.5.0",
                                         "CET-1CEST,M3.0.0,M10.5.0",
                                         "CET-1CEST,M3.5.0,M10.5.0x",
                                         "CET-999",
                                         "<CET-1",
                                         "CET-1CEST,J0,J9"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        int minutes = 9999;
        assert_true(by_rule(broken[i], 1711846800, &minutes));
        assert_int_equal(minutes, 0);
    }
}

/* Each cut and each changed byte: an answer within a day of UTC, or none. */
static void hostile_files(void **state)
{
    static uint8_t bytes[ALICE__ZONE_FILE_MOST];
    (void)state;
    size_t n = read_zone("Europe/Berlin", bytes);
    if (n == 0)
        fail_msg("the system has no zones: install tzdata (scripts/deps --test does)");
    for (size_t cut = 0; cut < n; cut++) {
        int minutes = 0;
        uint8_t *copy = test_malloc(cut + 1); /* the sanitizer sees what is read beyond it */
        memcpy(copy, bytes, cut);
        bool told = alice__zone_minutes(copy, cut, 4000000000, &minutes);
        assert_true(!told || (minutes >= -1440 && minutes <= 1440));
        test_free(copy);
    }
    static const uint8_t to[] = {0, 0x7f, 0x80, 0xff};
    for (size_t at = 0; at < n; at++)
        for (size_t k = 0; k < sizeof to; k++) {
            const uint8_t was = bytes[at];
            int minutes = 0;
            bytes[at] = to[k];
            bool told = alice__zone_minutes(bytes, n, k % 2 ? INT64_MAX : -1, &minutes);
            assert_true(!told || (minutes >= -1440 && minutes <= 1440));
            bytes[at] = was;
        }
    int minutes = 0;
    assert_false(alice__zone_minutes(bytes, ALICE__ZONE_FILE_MOST + 1, 0, &minutes));
}

static void positions_as_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool told;
        double latitude, longitude;
    } of[] = {
        {"+48.8577+002.2950/", true, 48.8577, 2.295},
        {"+27.5916+086.5640+8850/", true, 27.5916, 86.564},
        {"-33.8600-070.6700/", true, -33.86, -70.67},
        {"+4030.60-07359.4/", true, 40.51, -73.99},
        {"+403036-0735924/", true, 40.51, -73.99},
        {"+00-025/", true, 0, -25},
        {"+90+180", true, 90, 180},
        {"+90.1+000/", false, 0, 0},
        {"+48.8+181/", false, 0, 0},
        {"+4860-00000/", false, 0, 0},
        {"48.8577+002.2950/", false, 0, 0},
        {"+48.8577", false, 0, 0},
        {"+48.8577+2.2950/", false, 0, 0},
        {"+", false, 0, 0},
        {"", false, 0, 0},
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        int32_t latitude = 0, longitude = 0;
        bool told =
            alice__zone_parse_position(of[i].text, strlen(of[i].text), &latitude, &longitude);
        if (told != of[i].told)
            fail_msg("\"%s\" is %s position", of[i].text, told ? "a" : "no");
        if (told) {
            assert_in_range(latitude + 2000000 - AT(of[i].latitude), 1999999, 2000001);
            assert_in_range(longitude + 2000000 - AT(of[i].longitude), 1999999, 2000001);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_place_tells_the_zone),
        cmocka_unit_test(each_place_is_nearest_to_itself),
        cmocka_unit_test(offsets_are_the_c_library_s),
        cmocka_unit_test(rules_of_all_forms),
        cmocka_unit_test(hostile_files),
        cmocka_unit_test(positions_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
