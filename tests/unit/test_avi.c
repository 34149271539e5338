/* SPDX-License-Identifier: MIT */
/* AVI: size, date, INFO texts wherever they stand, and damage. */
#include "make_boxes.h"
#include "read_media.h"
#include "media/formats/format.h"

static reading r;

static const make_pair info[] = {{"ISFT", "Lavf60.16.100"}, {"ICMT", "hello"}};

static void read_options(const make_avi_options *o, size_t head)
{
    blob b = {0};
    make_avi(&b, o);
    read_media(&r, &alice__format_avi, b.p, b.n, head);
    blob_free(&b);
}

static void test_header(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 4; way++) {
        read_options(&(make_avi_options){.width = 640,
                                         .height = 480,
                                         .idit = "Fri Mar 15 10:20:30 2024\n",
                                         .info = info,
                                         .info_count = 2,
                                         .info_last = way & 1,
                                         .coded_only = way & 2,
                                         .movi_bytes = 100001},
                     4096);
        assert_ok(r.status);
        assert_int_equal(r.info.type, ALICE_MEDIA_AVI);
        assert_int_equal(r.info.width, 640);
        assert_int_equal(r.info.height, 480);
        assert_date(&r, ALICE_DATE_RIFF, "2024-03-15 10:20:30");
        assert_fact(&r, ALICE_FACT_SOFTWARE, "Lavf60.16.100");
        assert_in_range(r.fetches, 0, 10);
    }
}

static void test_dates(void **state)
{
    static const make_pair created[] = {{"ICRD", "2024-03-15"}}, year[] = {{"ICRD", "1999"}};
    (void)state;
    read_options(&(make_avi_options){.info = created, .info_count = 1}, 65536);
    assert_date(&r, ALICE_DATE_RIFF, "2024-03-15 00:00:00");
    read_options(&(make_avi_options){.info = year, .info_count = 1}, 65536);
    assert_int_equal(r.info.dates[ALICE_DATE_RIFF].verdict, ALICE_DATE_ABSENT);
}

static void test_nikon(void **state)
{
    (void)state;
    read_options(
        &(make_avi_options){.nikon_make = "NIKON", .nikon_date = "2008:03:10 15:04:43"}, 65536);
    assert_fact(&r, ALICE_FACT_MAKE, "NIKON");
    assert_date(&r, ALICE_DATE_RIFF, "2008-03-10 15:04:43");
}

static void test_what_is_none(void **state)
{
    static const uint8_t wave[] = "RIFF\x10\0\0\0WAVEfmt ";
    (void)state;
    assert_int_equal(alice__format_avi.sniff((alice_bytes){wave, 16}, 16), ALICE_MEDIA_NONE);
}

static void test_damage(void **state)
{
    static const uint8_t bent[] = {0x00, 0x01, 0x7f, 0xff};
    blob b = {0};
    (void)state;
    make_avi(&b, &(make_avi_options){.width = 640,
                                     .height = 480,
                                     .idit = "Fri Mar 15 10:20:30 2024\n",
                                     .info = info,
                                     .info_count = 2,
                                     .info_last = true,
                                     .nikon_make = "NIKON",
                                     .nikon_date = "2008:03:10 15:04:43",
                                     .movi_bytes = 11});
    for (size_t n = 0; n < b.n; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, b.p, n);
        read_media(&r, &alice__format_avi, copy, n, 65536);
        free(copy);
        /* Without the byte that makes it even, it is whole. */
        assert_true(n < 12 || n + 1 == b.n || r.status == ALICE_E_DAMAGED ||
                    strstr(r.info.reason, "cut short") != NULL);
    }
    for (size_t i = 0; i < b.n; i++) {
        uint8_t was = b.p[i];
        for (size_t k = 0; k < sizeof bent; k++) {
            b.p[i] = bent[k];
            read_media(&r, &alice__format_avi, b.p, b.n, 50);
        }
        b.p[i] = was;
    }
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header), cmocka_unit_test(test_dates),
        cmocka_unit_test(test_nikon),  cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
