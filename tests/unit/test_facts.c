/* SPDX-License-Identifier: MIT */
/* Where facts are weighed: dates of a chain, texts of ranks and shares, generator against
 * camera. */
#include "test.h"

#include "media/evidence/workspace.h"
#include "media/facts.h"
#include "media/names.h"

enum { NOW = 1767225600 /* 2026-01-01 */, ARENA = 4096 };

typedef struct desk {
    alice__facts f;
    alice_media_info info;
    char arena[ARENA];
} desk;

static void begin(desk *d)
{
    alice__facts_begin(&d->f, &d->info, d->arena, sizeof d->arena, NOW);
}

static void date(desk *d, alice_date_source source, const char *text)
{
    alice__facts_date_text(&d->f, source, text, strlen(text));
}

static void text(desk *d, alice_fact which, unsigned rank, const char *t)
{
    alice__facts_text(&d->f, which, rank, "test", t, strlen(t));
}

static void expect_text(const desk *d, alice_fact which, const char *want)
{
    alice_text t = d->info.fact[which];
    if (t.n != strlen(want) || (t.n && memcmp(t.p, want, t.n) != 0))
        fail_msg("%s is \"%.*s\" instead of \"%s\"", alice_fact_name(which), (int)t.n,
                 t.p ? t.p : "", want);
}

static void the_best_source_is_used(void **state)
{
    (void)state;
    desk d;
    begin(&d);
    date(&d, ALICE_DATE_EXIF_MODIFIED, "2024:03:16 00:00:01");
    date(&d, ALICE_DATE_XMP_CREATE, "2024-03-15T10:15:00+02:00");
    date(&d, ALICE_DATE_EXIF_ORIGINAL, "0000:00:00 00:00:00");
    alice__facts_from_mtime(&d.f, NOW - 86400, 0);
    alice__facts_end(&d.f);
    assert_int_equal(d.info.date_source, ALICE_DATE_XMP_CREATE);
    assert_int_equal(d.info.date.day, 15);
    assert_int_equal(d.info.date.zone_minutes, 120);
    const alice_date_candidate *c = d.info.dates;
    assert_int_equal(c[ALICE_DATE_XMP_CREATE].verdict, ALICE_DATE_USED);
    assert_int_equal(c[ALICE_DATE_EXIF_MODIFIED].verdict, ALICE_DATE_OUTRANKED);
    assert_int_equal(c[ALICE_DATE_EXIF_ORIGINAL].verdict, ALICE_DATE_REJECTED);
    assert_string_equal(c[ALICE_DATE_EXIF_ORIGINAL].raw, "0000:00:00 00:00:00");
    assert_string_equal(c[ALICE_DATE_EXIF_ORIGINAL].reason, "all zeros");
    assert_int_equal(c[ALICE_DATE_MTIME].verdict, ALICE_DATE_OUTRANKED);
    assert_string_equal(c[ALICE_DATE_MTIME].raw, "2025-12-31T00:00:00+00:00");
    assert_int_equal(c[ALICE_DATE_IPTC_CREATED].verdict, ALICE_DATE_ABSENT);
}

/* Each source in turn, alone and with all that follow it: the order is the chain. */
static void the_chain_is_the_list(void **state)
{
    (void)state;
    for (int first = 0; first < ALICE_DATE_SOURCE_COUNT; first++) {
        desk d;
        begin(&d);
        for (int s = ALICE_DATE_SOURCE_COUNT - 1; s >= first; s--)
            date(&d, (alice_date_source)s, "2024:03:15 10:15:00");
        alice__facts_end(&d.f);
        assert_int_equal(d.info.date_source, first);
    }
}

static void nothing_is_nowhere(void **state)
{
    (void)state;
    desk d;
    begin(&d);
    alice__facts_end(&d.f);
    assert_int_equal(d.info.date_source, ALICE_DATE_NOWHERE);
    assert_int_equal(d.info.date.year, 0);
    assert_int_equal(d.info.generator, ALICE_GEN_NONE);
}

static void the_first_real_date_of_a_source_stays(void **state)
{
    (void)state;
    desk d;
    begin(&d);
    date(&d, ALICE_DATE_EXIF_ORIGINAL, "2024");
    date(&d, ALICE_DATE_EXIF_ORIGINAL, "nothing");
    assert_string_equal(d.info.dates[ALICE_DATE_EXIF_ORIGINAL].reason, "only a year");
    date(&d, ALICE_DATE_EXIF_ORIGINAL, "2024:03:15 10:15:00");
    date(&d, ALICE_DATE_EXIF_ORIGINAL, "2023:01:01 10:15:00");
    date(&d, ALICE_DATE_EXIF_ORIGINAL, "0000:00:00 00:00:00");
    alice__facts_end(&d.f);
    assert_int_equal(d.info.date.year, 2024);
    assert_null(d.info.dates[ALICE_DATE_EXIF_ORIGINAL].reason);
}

static void tomorrow_is_the_limit(void **state)
{
    (void)state;
    desk d;
    begin(&d);
    date(&d, ALICE_DATE_EXIF_ORIGINAL, "2026:01:02 23:59:59");
    date(&d, ALICE_DATE_EXIF_DIGITIZED, "2026:01:03 00:00:00");
    assert_int_equal(d.info.dates[ALICE_DATE_EXIF_ORIGINAL].verdict, ALICE_DATE_OUTRANKED);
    assert_string_equal(d.info.dates[ALICE_DATE_EXIF_DIGITIZED].reason, "in the future");
}

/* A clock that was never set gives way to the next source, and says why. */
static void a_clock_that_was_never_set_is_no_date(void **state)
{
    (void)state;
    static const char *const unset[] = {"1980:01:01 00:00:00", "2000:01:01 00:00:00",
                                        "2001:01:01 00:00:00", "2002:01:01 00:00:00",
                                        "2004:01:01 00:00:00", "2002:12:08 12:00:00"};
    static const char *const set[] = {"2000:01:01 00:00:01", "2000:01:01 00:03:00",
                                      "2000:01:01", "2002:12:08 12:00:01",
                                      "2010:01:01 00:00:00"};
    desk d;
    for (size_t i = 0; i < sizeof unset / sizeof *unset; i++) {
        begin(&d);
        date(&d, ALICE_DATE_EXIF_ORIGINAL, unset[i]);
        date(&d, ALICE_DATE_EXIF_MODIFIED, "2024:03:15 10:15:00");
        alice__facts_end(&d.f);
        assert_int_equal(d.info.date_source, ALICE_DATE_EXIF_MODIFIED);
        assert_string_equal(d.info.dates[ALICE_DATE_EXIF_ORIGINAL].reason,
                            "where a clock begins that was never set");
    }
    for (size_t i = 0; i < sizeof set / sizeof *set; i++) {
        begin(&d);
        date(&d, ALICE_DATE_EXIF_ORIGINAL, set[i]);
        alice__facts_end(&d.f);
        assert_int_equal(d.info.date_source, ALICE_DATE_EXIF_ORIGINAL);
    }
}

/* Offsets that are written come first, then the time of GPS; a stale fix tells nothing. */
static void the_time_of_gps_tells_the_zone(void **state)
{
    (void)state;
    static const struct {
        const char *local, *offset;
        int64_t gps;
        bool has_zone;
        int zone;
    } of[] = {
        {"2024:03:14 23:30:00", NULL, 1710473409, true, -240}, /* 03:30:09 UTC */
        {"2024:03:14 23:30:00", "+01:00", 1710473409, true, 60},
        {"2024:03:14 23:37:00", NULL, 1710473409, false, 0},
        {"2024:03:16 23:30:00", NULL, 1710473409, false, 0},
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        desk d;
        begin(&d);
        date(&d, ALICE_DATE_EXIF_ORIGINAL, of[i].local);
        if (of[i].offset)
            alice__facts_zone_text(&d.f, ALICE_DATE_EXIF_ORIGINAL, of[i].offset, 6);
        alice__facts_date_unix(&d.f, ALICE_DATE_GPS, of[i].gps, NULL);
        alice__facts_end(&d.f);
        assert_int_equal(d.info.date_source, ALICE_DATE_EXIF_ORIGINAL);
        assert_int_equal(d.info.date.has_zone, of[i].has_zone);
        assert_int_equal(d.info.date.zone_minutes, of[i].zone);
        assert_false(d.info.date.zone_assumed);
    }
}

static void zones_join_their_dates(void **state)
{
    (void)state;
    desk d;
    begin(&d);
    alice__facts_zone_text(&d.f, ALICE_DATE_EXIF_ORIGINAL, "+02:00", 6); /* no date yet */
    date(&d, ALICE_DATE_EXIF_ORIGINAL, "2024:03:15 10:15:00");
    assert_false(d.info.dates[ALICE_DATE_EXIF_ORIGINAL].date.has_zone);
    alice__facts_zone_text(&d.f, ALICE_DATE_EXIF_ORIGINAL, "+02:00\0", 7);
    alice__facts_zone_text(&d.f, ALICE_DATE_EXIF_ORIGINAL, "+03:00", 6);
    assert_int_equal(d.info.dates[ALICE_DATE_EXIF_ORIGINAL].date.zone_minutes, 120);
    /* A zone can show that a date is an epoch's zero. */
    date(&d, ALICE_DATE_EXIF_DIGITIZED, "1970:01:01 01:00:00");
    alice__facts_zone_text(&d.f, ALICE_DATE_EXIF_DIGITIZED, "+01:00", 6);
    assert_int_equal(d.info.dates[ALICE_DATE_EXIF_DIGITIZED].verdict, ALICE_DATE_REJECTED);
}

static void seconds_since_1970(void **state)
{
    (void)state;
    desk d;
    begin(&d);
    alice__facts_date_unix(&d.f, ALICE_DATE_MVHD, 0, NULL);
    assert_string_equal(d.info.dates[ALICE_DATE_MVHD].reason, "the zero of an epoch");
    alice__facts_date_unix(&d.f, ALICE_DATE_MVHD, INT64_MIN, NULL);
    alice__facts_date_unix(&d.f, ALICE_DATE_MVHD, 1710497700, "3793342500");
    assert_string_equal(d.info.dates[ALICE_DATE_MVHD].raw, "3793342500");
    alice__facts_end(&d.f);
    assert_int_equal(d.info.date.hour, 10);
    assert_true(d.info.date.has_zone);
}

static void raw_texts_are_printable(void **state)
{
    (void)state;
    desk d;
    begin(&d);
    alice__facts_date_text(&d.f, ALICE_DATE_PNG,
                           "\x1b[31m\xE9 and a text that is much longer than it", 45);
    assert_string_equal(d.info.dates[ALICE_DATE_PNG].raw,
                        "?[31m? and a text that is much longer t");
}

static void the_first_text_stays_unless_outranked(void **state)
{
    (void)state;
    desk d;
    begin(&d);
    text(&d, ALICE_FACT_MAKE, 2, "");
    text(&d, ALICE_FACT_MAKE, 2, "   \n");
    text(&d, ALICE_FACT_MAKE, 2, "  Acme ");
    text(&d, ALICE_FACT_MODEL, 2, "Box");
    text(&d, ALICE_FACT_MAKE, 2, "Other");
    expect_text(&d, ALICE_FACT_MAKE, "Acme");
    text(&d, ALICE_FACT_MAKE, 3, "A better one");
    expect_text(&d, ALICE_FACT_MAKE, "A better one");
    expect_text(&d, ALICE_FACT_MODEL, "Box");
    text(&d, ALICE_FACT_MAKE, 4, "");
    expect_text(&d, ALICE_FACT_MAKE, "A better one");
    assert_int_equal(d.f.arena_used, strlen("Box") + strlen("A better one"));
}

static void texts_are_made_clean(void **state)
{
    (void)state;
    desk d;
    begin(&d);
    alice__facts_text(&d.f, ALICE_FACT_MAKE, 1, "test", "Canon\0garbage", 13);
    text(&d, ALICE_FACT_MODEL, 1, "Mod\xE8le \xC3\xA9 \xE2\x82\xAC \xC0\xAF\xED\xA0\x80.");
    text(&d, ALICE_FACT_SOFTWARE, 1, "a\x1b[1m\nb\x7f");
    text(&d, ALICE_FACT_PROMPT, 1, "a\nb\tc\r\nd");
    expect_text(&d, ALICE_FACT_MAKE, "Canon");
    expect_text(
        &d, ALICE_FACT_MODEL,
        "Mod\xC3\xA8le \xC3\xA9 \xE2\x82\xAC \xC3\x80\xC2\xAF\xC3\xAD\xC2\xA0\xEF\xBF\xBD.");
    expect_text(&d, ALICE_FACT_SOFTWARE, "a [1m b");
    expect_text(&d, ALICE_FACT_PROMPT, "a\nb\tc \nd");
}

static void each_text_has_its_share(void **state)
{
    (void)state;
    char many[2 * ARENA];
    desk d;
    begin(&d);
    memset(many, 'x', sizeof many);
    for (int i = 0; i < ALICE_FACT_COUNT; i++)
        alice__facts_text(&d.f, (alice_fact)i, 1, "test", many, sizeof many);
    assert_int_equal(d.info.fact[ALICE_FACT_PROMPT].n, ARENA / 2);
    assert_int_equal(d.info.fact[ALICE_FACT_NEGATIVE_PROMPT].n, ARENA / 4);
    for (int i = 0; i < ALICE_FACT_COUNT; i++) {
        assert_true(d.info.fact[i].n > 0);
        assert_true(d.info.fact_cut[i]);
    }
    /* A cut never splits a character. */
    begin(&d);
    for (size_t i = 0; i + 2 < sizeof many; i += 3)
        memcpy(many + i, "\xE2\x82\xAC", 3);
    alice__facts_text(&d.f, ALICE_FACT_SEED, 1, "test", many, 3000);
    assert_int_equal(d.info.fact[ALICE_FACT_SEED].n, ARENA / 32 / 3 * 3);
}

/* Replacing for ever does not use the arena up, and the others keep their bytes. */
static void replacing_leaks_nothing(void **state)
{
    (void)state;
    desk d;
    begin(&d);
    text(&d, ALICE_FACT_MAKE, 1, "Acme");
    for (unsigned rank = 1; rank < 255; rank++) {
        char t[64];
        snprintf(t, sizeof t, "text of rank %u%.*s", rank, (int)(rank % 40),
                 "........................................");
        text(&d, ALICE_FACT_MODEL, rank, t);
        text(&d, ALICE_FACT_SEED, rank, t + 3);
        expect_text(&d, ALICE_FACT_MODEL, t);
        expect_text(&d, ALICE_FACT_SEED, t + 3);
    }
    expect_text(&d, ALICE_FACT_MAKE, "Acme");
    assert_int_equal(d.f.arena_used,
                     4 + d.info.fact[ALICE_FACT_MODEL].n + d.info.fact[ALICE_FACT_SEED].n);
}

static void the_stronger_proof_counts(void **state)
{
    (void)state;
    desk d;
    begin(&d);
    alice__facts_generator(&d.f, ALICE_GEN_FLUX, ALICE__PROOF_NAME, "name");
    alice__facts_generator(&d.f, ALICE_GEN_STABLEDIFFUSION, ALICE__PROOF_TEXT,
                           "png:parameters");
    alice__facts_generator(&d.f, ALICE_GEN_MIDJOURNEY, ALICE__PROOF_SOFTWARE, "exif:Software");
    assert_int_equal(d.info.generator, ALICE_GEN_STABLEDIFFUSION);
    alice__facts_generator(&d.f, ALICE_GEN_FOOOCUS, ALICE__PROOF_TEXT, "png:fooocus_scheme");
    assert_int_equal(d.info.generator, ALICE_GEN_FOOOCUS); /* narrower than its kin */
    alice__facts_generator(&d.f, ALICE_GEN_SWARMUI, ALICE__PROOF_TEXT, "png:parameters");
    assert_int_equal(d.info.generator, ALICE_GEN_FOOOCUS); /* of equal proof the first */
    alice__facts_generator(&d.f, ALICE_GEN_COMFYUI, ALICE__PROOF_GRAPH, "png:prompt");
    alice__facts_end(&d.f);
    assert_int_equal(d.info.generator, ALICE_GEN_COMFYUI);
    assert_string_equal(d.info.generator_source, "png:prompt");
}

static void declare(desk *d, const char *uri)
{
    alice__facts_source_type(&d->f, uri, strlen(uri), "xmp:DigitalSourceType");
}

#define IPTC "http://cv.iptc.org/newscodes/digitalsourcetype/"

static void declared_synthetic(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        alice_generator generator;
        bool edited;
    } cases[] = {
        {IPTC "trainedAlgorithmicMedia", ALICE_GEN_UNNAMED, false},
        {"trainedAlgorithmicMedia ", ALICE_GEN_UNNAMED, false},
        {IPTC "compositeWithTrainedAlgorithmicMedia", ALICE_GEN_NONE, true},
        {IPTC "digitalCapture", ALICE_GEN_NONE, false},
        {IPTC "algorithmicMedia", ALICE_GEN_NONE, false},
        {IPTC "trainedAlgorithmicMediaX", ALICE_GEN_NONE, false},
        {"", ALICE_GEN_NONE, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        desk d;
        begin(&d);
        declare(&d, cases[i].uri);
        alice__facts_end(&d.f);
        assert_int_equal(d.info.generator, cases[i].generator);
        assert_int_equal(d.info.ai_edited, cases[i].edited);
        if (cases[i].edited)
            assert_string_equal(d.info.ai_edited_source, "xmp:DigitalSourceType");
    }
}

/* A name that is known beats "somebody's", whichever comes first. */
static void a_name_beats_unnamed(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        desk d;
        begin(&d);
        if (order)
            alice__facts_generator(&d.f, ALICE_GEN_UNNAMED, ALICE__PROOF_DECLARED, "xmp:x");
        alice__facts_generator(&d.f, ALICE_GEN_GROK, ALICE__PROOF_NAME, "name");
        declare(&d, "trainedAlgorithmicMedia");
        alice__facts_end(&d.f);
        assert_int_equal(d.info.generator, ALICE_GEN_GROK);
    }
}

static void a_camera_stays_a_camera(void **state)
{
    (void)state;
    desk d;
    /* Its own credentials say that a model was at work. */
    begin(&d);
    d.f.camera_claim = true;
    alice__facts_generator(&d.f, ALICE_GEN_GEMINI, ALICE__PROOF_MANIFEST, "c2pa:softwareAgent");
    declare(&d, "trainedAlgorithmicMedia");
    alice__facts_end(&d.f);
    assert_int_equal(d.info.generator, ALICE_GEN_NONE);
    assert_true(d.info.ai_edited);
    /* A composite, edited by a program that also generates. */
    begin(&d);
    alice__facts_generator(&d.f, ALICE_GEN_FIREFLY, ALICE__PROOF_MANIFEST,
                           "c2pa:softwareAgent");
    declare(&d, "compositeWithTrainedAlgorithmicMedia");
    alice__facts_end(&d.f);
    assert_int_equal(d.info.generator, ALICE_GEN_NONE);
    assert_true(d.info.ai_edited);
    /* Generated, then composed. */
    begin(&d);
    alice__facts_generator(&d.f, ALICE_GEN_FIREFLY, ALICE__PROOF_MANIFEST,
                           "c2pa:softwareAgent");
    declare(&d, "trainedAlgorithmicMedia");
    declare(&d, "compositeWithTrainedAlgorithmicMedia");
    alice__facts_end(&d.f);
    assert_int_equal(d.info.generator, ALICE_GEN_FIREFLY);
    assert_false(d.info.ai_edited);
    /* A camera's file that is named like a generator's. */
    begin(&d);
    text(&d, ALICE_FACT_MODEL, 4, "NIKON D70");
    alice__facts_from_name(&d.f, "flux_capacitor.jpg");
    assert_int_equal(d.info.generator, ALICE_GEN_FLUX);
    alice__facts_end(&d.f);
    assert_int_equal(d.info.generator, ALICE_GEN_NONE);
    assert_null(d.info.generator_source);
}

static void prompts_need_a_generator(void **state)
{
    (void)state;
    desk d;
    begin(&d);
    text(&d, ALICE_FACT_PROMPT, ALICE__AI_LOOSE, "a walk in the park");
    text(&d, ALICE_FACT_MAKE, 1, "Acme");
    alice__facts_end(&d.f);
    expect_text(&d, ALICE_FACT_PROMPT, "");
    assert_null(d.info.fact_from[ALICE_FACT_PROMPT]);
    expect_text(&d, ALICE_FACT_MAKE, "Acme");
    begin(&d);
    text(&d, ALICE_FACT_PROMPT, ALICE__AI_LOOSE, "a red boat");
    alice__facts_generator(&d.f, ALICE_GEN_NOVELAI, ALICE__PROOF_TEXT, "png:Comment");
    alice__facts_end(&d.f);
    expect_text(&d, ALICE_FACT_PROMPT, "a red boat");
}

static void sizes_and_warnings(void **state)
{
    (void)state;
    desk d;
    begin(&d);
    alice__facts_size(&d.f, 0, 100);
    alice__facts_size(&d.f, (uint64_t)UINT32_MAX + 1, 1);
    assert_int_equal(d.info.width, 0);
    alice__facts_size(&d.f, 640, 480);
    alice__facts_size(&d.f, 160, 120);
    assert_int_equal(d.info.width, 640);
    alice__facts_warn(&d.f, "first %d", 1);
    alice__facts_warn(&d.f, "second");
    assert_string_equal(d.info.reason, "first 1");
}

static void lists_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < ALICE_DATE_SOURCE_COUNT; i++)
        assert_true(alice_date_source_name((alice_date_source)i)[0] != 0);
    for (int i = 1; i < ALICE_GEN_COUNT; i++)
        assert_true(alice_generator_name((alice_generator)i)[0] != 0);
    for (int i = 0; i < ALICE_FACT_COUNT; i++)
        assert_true(alice_fact_name((alice_fact)i)[0] != 0);
    assert_string_equal(alice_media_name(ALICE_MEDIA_CR3), "cr3");
    assert_string_equal(alice_media_extension(ALICE_MEDIA_JPEG), "jpg");
    assert_int_equal(alice_media_class_of(ALICE_MEDIA_MKV), ALICE_CLASS_VIDEO);
    assert_int_equal(alice_media_class_of(ALICE_MEDIA_COUNT), ALICE_CLASS_NONE);
    assert_string_equal(alice_media_name((alice_media_type)999), "none");
    assert_string_equal(alice_generator_name(ALICE_GEN_NONE), "");
    assert_string_equal(alice_date_source_name(ALICE_DATE_NOWHERE), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_source_is_used),
        cmocka_unit_test(the_chain_is_the_list),
        cmocka_unit_test(nothing_is_nowhere),
        cmocka_unit_test(the_first_real_date_of_a_source_stays),
        cmocka_unit_test(tomorrow_is_the_limit),
        cmocka_unit_test(a_clock_that_was_never_set_is_no_date),
        cmocka_unit_test(the_time_of_gps_tells_the_zone),
        cmocka_unit_test(zones_join_their_dates),
        cmocka_unit_test(seconds_since_1970),
        cmocka_unit_test(raw_texts_are_printable),
        cmocka_unit_test(the_first_text_stays_unless_outranked),
        cmocka_unit_test(texts_are_made_clean),
        cmocka_unit_test(each_text_has_its_share),
        cmocka_unit_test(replacing_leaks_nothing),
        cmocka_unit_test(the_stronger_proof_counts),
        cmocka_unit_test(declared_synthetic),
        cmocka_unit_test(a_name_beats_unnamed),
        cmocka_unit_test(a_camera_stays_a_camera),
        cmocka_unit_test(prompts_need_a_generator),
        cmocka_unit_test(sizes_and_warnings),
        cmocka_unit_test(lists_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
