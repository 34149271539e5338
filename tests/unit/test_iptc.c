/* SPDX-License-Identifier: MIT */
/* IPTC datasets and the Photoshop resources around them. */
#include "read_media.h"

#include "make_media.h"

static reading r;

static void read_iptc(blob *b)
{
    uint8_t *exact = malloc(b->n ? b->n : 1);
    assert_non_null(exact);
    if (b->n)
        memcpy(exact, b->p, b->n);
    alice__facts_begin(&r.facts, &r.info, r.arena, sizeof r.arena, READING_NOW);
    alice__iptc_block(&r.facts, (alice_bytes){exact, b->n});
    alice__facts_end(&r.facts);
    free(exact);
    blob_free(b);
}

static void dates_of_two_fields(void **state)
{
    static const struct {
        const char *day, *time, *want;
    } dates[] = {
        {"20240315", "102030+0230", "2024-03-15 10:20:30 +150"},
        {"20240315", "102030-0800", "2024-03-15 10:20:30 -480"},
        {"20240315", "102030", "2024-03-15 10:20:30"},
        {"20240315", NULL, "2024-03-15 00:00:00"},
        {"20240315", "noon", "2024-03-15 00:00:00"},
        {"2024:03:15", "102030", "2024-03-15 00:00:00"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        blob b = {0};
        if (dates[i].time) /* the order of fields does not matter */
            make_iptc(&b, 2, 60, dates[i].time);
        make_iptc(&b, 2, 55, dates[i].day);
        read_iptc(&b);
        assert_date(&r, ALICE_DATE_IPTC_CREATED, dates[i].want);
    }
    blob b = {0}; /* a time alone is no date */
    make_iptc(&b, 2, 60, "102030+0200");
    read_iptc(&b);
    assert_int_equal(r.info.date_source, ALICE_DATE_NOWHERE);
}

static void credits_are_evidence(void **state)
{
    (void)state;
    blob b = {0};
    make_iptc(&b, 2, 110, "Made with Google AI");
    make_iptc(&b, 2, 65, "Box Studio");
    read_iptc(&b);
    assert_int_equal(r.info.generator, ALICE_GEN_GEMINI);
    assert_fact(&r, ALICE_FACT_SOFTWARE, "Box Studio");
}

static void long_lengths_and_damage(void **state)
{
    (void)state;
    blob b = {0};
    blob_add(&b,
             "\x1c\2\x37\x80\4\0\0\0\x8"
             "20240315",
             17);
    read_iptc(&b);
    assert_date(&r, ALICE_DATE_IPTC_CREATED, "2024-03-15 00:00:00");
    blob_add(&b,
             "\x1c\2\x37\x80\4\xff\xff\xff\xff"
             "20240315",
             17);
    read_iptc(&b);
    assert_int_equal(r.info.date_source, ALICE_DATE_NOWHERE);
    blob_add(&b, "\x1c\2\x37\xff\xff", 5);
    read_iptc(&b);
    read_iptc(&b); /* nothing */
}

static void photoshop_finds_it_among_others(void **state)
{
    (void)state;
    blob b = {0}, iptc = {0};
    blob_add(&b, "8BIM\x04\x25\3abc\0\0\0\3xyz\0", 18); /* a name, and an odd size */
    make_iptc(&iptc, 2, 55, "20240315");
    make_photoshop(&b, iptc);
    for (size_t cut = 0; cut <= b.n; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1);
        assert_non_null(exact);
        memcpy(exact, b.p, cut);
        alice__facts_begin(&r.facts, &r.info, r.arena, sizeof r.arena, READING_NOW);
        alice__photoshop_block(&r.facts, (alice_bytes){exact, cut});
        alice__facts_end(&r.facts);
        free(exact);
    }
    assert_date(&r, ALICE_DATE_IPTC_CREATED, "2024-03-15 00:00:00");
    blob_free(&b);
    blob_free(&iptc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_of_two_fields),
        cmocka_unit_test(credits_are_evidence),
        cmocka_unit_test(long_lengths_and_damage),
        cmocka_unit_test(photoshop_finds_it_among_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
