/* SPDX-License-Identifier: MIT */
/* XMP: attributes, elements, lists, encodings, and what tries to blow it up. */
#include "read_media.h"

#include "faulty.h"
#include "make_media.h"

static reading r;

/* A stream that gives `step` bytes at a time. */
typedef struct drops {
    alice__text_stream stream;
    alice_bytes rest;
    size_t step;
} drops;

static alice_status next_drop(alice__text_stream *s, alice_bytes *window)
{
    drops *d = s->ctx;
    size_t n = d->rest.n < d->step ? d->rest.n : d->step;
    *window = (alice_bytes){d->rest.p, n};
    d->rest.p += n;
    d->rest.n -= n;
    return ALICE_OK;
}

static void read_packet(const alice_env *env, const void *p, size_t n, size_t step)
{
    drops d = {.rest = {p, n}, .step = step};
    d.stream = (alice__text_stream){next_drop, &d};
    alice__facts_begin(&r.facts, &r.info, r.arena, sizeof r.arena, READING_NOW);
    alice__xmp(&r.facts, env, &d.stream);
    alice__facts_end(&r.facts);
}

static void read_xmp(const char *fields, const char *inside)
{
    blob b = {0};
    make_xmp(&b, fields, inside);
    read_packet(NULL, b.p, b.n, 7);
    alice_media_info by_drops = r.info;
    read_packet(NULL, b.p, b.n, b.n);
    assert_int_equal(by_drops.date_source, r.info.date_source);
    assert_string_equal(by_drops.reason, r.info.reason);
    blob_free(&b);
}

/* Where it was taken, as attributes; INT32_MAX: nowhere that can be told. */
static void check_place(const char *latitude, const char *longitude, int32_t north,
                        int32_t east)
{
    char fields[256];
    snprintf(fields, sizeof fields, "exif:GPSLatitude=\"%s\" exif:GPSLongitude=\"%s\"",
             latitude, longitude);
    read_xmp(fields, NULL);
    assert_int_equal(r.facts.placed, north != INT32_MAX);
    if (north != INT32_MAX) {
        assert_int_equal(r.facts.latitude, north);
        assert_int_equal(r.facts.longitude, east);
    }
}

static void positions(void **state)
{
    (void)state;
    check_place("48,51.4620N", "2,17.700000E", 488577, 22950);
    check_place("33,51,36S", "151,12,36E", -338600, 1512100);
    check_place("37.7749N", "122.4194W", 377749, -1224194);
    static const char *const wrong[] = {"",         "N",         "48",         "48,N",
                                        "48,61N",   "48,51,60N", "48,51.4E",   "48,51,3,2N",
                                        "1234,51N", "x48N",      "48,51.46NN", "-48,51N",
                                        "91,0N",    "48,51.N.",  "48 N",       "4.8.1N"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check_place(wrong[i], "2,17.7E", INT32_MAX, 0);
    check_place("48,51.4620N", "181,0E", INT32_MAX, 0);
    check_place("48,51.4620N", "2,17.7N", INT32_MAX, 0);
    check_place("48,51.9999999999999999999999N", "2,17.7E", 488666, 22950);
    read_xmp("exif:GPSLatitude=\"48,51.4620N\"", NULL);
    assert_false(r.facts.placed);
}

static void attributes(void **state)
{
    (void)state;
    read_xmp("exif:DateTimeOriginal=\"2024-03-15T10:20:30+02:00\" "
             "photoshop:DateCreated=\"2024-03-14\" xmp:CreateDate=\"2024-03-13T01:02:03Z\" "
             "tiff:Make=\"Acme\" tiff:Model=\"Box &amp; 1\" xmp:CreatorTool=\"Box Studio\"",
             NULL);
    assert_date(&r, ALICE_DATE_XMP_ORIGINAL, "2024-03-15 10:20:30 +120");
    assert_date(&r, ALICE_DATE_XMP_CREATED, "2024-03-14 00:00:00");
    assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-13 01:02:03 +0");
    assert_fact(&r, ALICE_FACT_MAKE, "Acme");
    assert_fact(&r, ALICE_FACT_MODEL, "Box & 1");
    assert_fact(&r, ALICE_FACT_SOFTWARE, "Box Studio");
    assert_string_equal(r.info.fact_from[ALICE_FACT_SOFTWARE], "xmp:CreatorTool");
    assert_string_equal(r.info.reason, "");
}

static void elements_and_lists(void **state)
{
    (void)state;
    read_xmp(NULL, "<exif:DateTimeOriginal> 2024-03-15T10:20:30 </exif:DateTimeOriginal>"
                   "<tiff:Model><rdf:Seq><rdf:li> </rdf:li><rdf:li>first</rdf:li>"
                   "<rdf:li>second</rdf:li></rdf:Seq></tiff:Model>"
                   "<xmp:CreatorTool rdf:parseType=\"Resource\"><rdf:value>Box <![CDATA[<3>]]>"
                   "</rdf:value><xmp:Note>not this</xmp:Note></xmp:CreatorTool>");
    assert_date(&r, ALICE_DATE_XMP_ORIGINAL, "2024-03-15 10:20:30");
    assert_fact(&r, ALICE_FACT_MODEL, "first");
    assert_fact(&r, ALICE_FACT_SOFTWARE, "Box <3>");
}

static void other_prefixes_mean_the_same(void **state)
{
    static const char packet[] =
        "<r:RDF xmlns:r=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
        "<r:Description xmlns:xap=\"http://ns.adobe.com/xap/1.0/\" "
        "xap:CreateDate=\"2024-03-15\"/></r:RDF>";
    (void)state;
    read_packet(NULL, packet, sizeof packet - 1, 1000);
    assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-15 00:00:00");
}

static void what_is_nested_is_about_other_files(void **state)
{
    (void)state;
    read_xmp("xmlns:xmpMM=\"http://ns.adobe.com/xap/1.0/mm/\"",
             "<xmpMM:Pantry><rdf:Bag><rdf:li><rdf:Description xmp:CreateDate=\"2001-01-01\">"
             "<xmp:CreatorTool>Old</xmp:CreatorTool></rdf:Description></rdf:li></rdf:Bag>"
             "</xmpMM:Pantry>");
    assert_int_equal(r.info.date_source, ALICE_DATE_NOWHERE);
    assert_fact(&r, ALICE_FACT_SOFTWARE, "");
}

static void digitized_stands_in_for_created(void **state)
{
    (void)state;
    read_xmp("exif:DateTimeDigitized=\"2024-03-15\"", NULL);
    assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-15 00:00:00");
    read_xmp("exif:DateTimeDigitized=\"2024-03-15\" xmp:CreateDate=\"2024-03-16\"", NULL);
    assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-16 00:00:00");
}

static void declared_synthetic_and_credited(void **state)
{
    (void)state;
    read_xmp(NULL, "<Iptc4xmpExt:DigitalSourceType rdf:resource=\"http://cv.iptc.org/newscodes/"
                   "digitalsourcetype/trainedAlgorithmicMedia\"/>");
    assert_int_equal(r.info.generator, ALICE_GEN_UNNAMED);
    read_xmp(
        "photoshop:Credit=\"Made with Google AI\" Iptc4xmpExt:DigitalSourceType=\"http://cv."
        "iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia\"",
        NULL);
    assert_int_equal(r.info.generator, ALICE_GEN_GEMINI);
    read_xmp("Iptc4xmpExt:DigitalSourceType=\"http://cv.iptc.org/newscodes/digitalsourcetype/"
             "trainedAlgorithmicMedia\"",
             "<Iptc4xmpExt:AIPromptInformation>a box</Iptc4xmpExt:AIPromptInformation>");
    assert_fact(&r, ALICE_FACT_PROMPT, "a box");
}

static void utf16_of_both_orders_with_and_without_mark(void **state)
{
    static const char packet[] =
        "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
        "<rdf:Description xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\" "
        "tiff:Make=\"Ac\1me\"/></rdf:RDF>";
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        blob b = {0};
        bool little = kind & 1;
        if (kind & 2)
            little ? blob_le16(&b, 0xfeff) : blob_be16(&b, 0xfeff);
        for (const char *p = packet; *p; p++) {
            unsigned c = *p == 1 ? 0xe9 : (unsigned char)*p; /* é */
            little ? blob_le16(&b, c) : blob_be16(&b, c);
        }
        read_packet(NULL, b.p, b.n, 33);
        assert_fact(&r, ALICE_FACT_MAKE, "Ac\xc3\xa9me");
        blob_free(&b);
    }
}

static void padding_around_it_is_harmless(void **state)
{
    (void)state;
    blob b = {0};
    blob_add(&b, "\0\n \0", 4);
    make_xmp(&b, "tiff:Make=\"Acme\"", NULL);
    blob_zeros(&b, 2000);
    blob_text(&b, "garbage & more");
    read_packet(NULL, b.p, b.n, 100);
    assert_fact(&r, ALICE_FACT_MAKE, "Acme");
    assert_string_equal(r.info.reason, "");
    blob_free(&b);
}

static void entities_are_refused(void **state)
{
    static const char laughs[] =
        "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
        "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]>"
        "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
        "<rdf:Description xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\">"
        "<tiff:Make>&c;</tiff:Make></rdf:Description></rdf:RDF>";
    (void)state;
    read_packet(NULL, laughs, sizeof laughs - 1, 1000);
    assert_fact(&r, ALICE_FACT_MAKE, "");
    assert_string_equal(r.info.reason,
                        "XMP: declares entities or is nested too deep; not read on");
}

static void depth_names_and_attributes_are_bounded(void **state)
{
    (void)state;
    struct faulty f = {.nth = FAULTY_NEVER};
    alice_alloc alloc = faulty_alloc(&f);
    alice_env env = {.alloc = &alloc};
    blob b = {0};
    for (int i = 0; i < 100000; i++)
        blob_text(&b, "<a>");
    read_packet(&env, b.p, b.n, 4096);
    assert_string_equal(r.info.reason,
                        "XMP: declares entities or is nested too deep; not read on");
    blob_free(&b);

    blob_text(&b, "<a>");
    for (int i = 0; i < 100000; i++) { /* names are kept by the parser */
        char name[32];
        snprintf(name, sizeof name, "<n%d/>", i);
        blob_text(&b, name);
    }
    blob_text(&b, "</a>");
    read_packet(&env, b.p, b.n, 4096);
    assert_string_equal(r.info.reason, "XMP: needs more memory than it may take");
    blob_free(&b);

    blob_text(&b, "<a b=\"");
    for (int i = 0; i < 1000000; i++)
        blob_u8(&b, 'x');
    blob_text(&b, "\"/>");
    read_packet(&env, b.p, b.n, 4096);
    assert_string_equal(r.info.reason, "");
    blob_free(&b);
    assert_int_equal(f.live_bytes, 0);
}

/* A phone's depth map: 6 MB in attributes, with what we look for around and behind them. */
static void attributes_of_megabytes_are_passed_over(void **state)
{
    static const char *const values[] = {"QUJD/+==", "a&amp;&#233;>'", "\xc3\xa9\xe2\x82\xac"};
    (void)state;
    for (size_t v = 0; v < 3; v++) {
        blob fields = {0}, b = {0};
        blob_text(&fields, "xmlns:d='urn:d' tiff:Make=\"Acme\" ");
        for (int i = 0; i < 3; i++) {
            char name[16];
            snprintf(name, sizeof name, "d:Data%d=\"", i);
            blob_text(&fields, name);
            for (size_t at = fields.n; fields.n < at + 2000000;)
                blob_text(&fields, values[v]);
            blob_text(&fields, "\" ");
        }
        blob_text(&fields, "tiff:Model='Box'");
        blob_u8(&fields, 0);
        make_xmp(&b, (const char *)fields.p,
                 "<xmp:CreatorTool>It's a \"tool\"</xmp:CreatorTool>");
        for (size_t step = 4096; step < 100000; step += 9973) {
            struct faulty f = {.nth = FAULTY_NEVER};
            alice_alloc alloc = faulty_alloc(&f);
            alice_env env = {.alloc = &alloc};
            read_packet(&env, b.p, b.n, step);
            assert_string_equal(r.info.reason, "");
            assert_fact(&r, ALICE_FACT_MAKE, "Acme");
            assert_fact(&r, ALICE_FACT_MODEL, "Box");
            assert_fact(&r, ALICE_FACT_SOFTWARE, "It's a \"tool\"");
            assert_int_equal(f.live_bytes, 0);
            step *= 2;
        }
        blob_free(&fields);
        blob_free(&b);
    }
}

static void a_long_text_is_cut_and_the_rest_read(void **state)
{
    (void)state;
    blob inside = {0};
    blob_text(&inside, "<dc:description>");
    for (int i = 0; i < 1000000; i++)
        blob_u8(&inside, 'x');
    blob_text(&inside, "</dc:description><tiff:Make>Acme</tiff:Make>");
    blob_u8(&inside, 0);
    read_xmp(NULL, (const char *)inside.p);
    assert_fact(&r, ALICE_FACT_MAKE, "Acme");
    assert_string_equal(r.info.reason, "");
    blob_free(&inside);
}

static void cut_anywhere_it_says_so(void **state)
{
    (void)state;
    blob b = {0};
    make_xmp(&b, "tiff:Make=\"Acme\"", "<tiff:Model>Box</tiff:Model>");
    size_t body = b.n - 350; /* before the padding */
    for (size_t cut = 0; cut < body; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1);
        assert_non_null(exact);
        memcpy(exact, b.p, cut);
        read_packet(NULL, exact, cut, 64);
        free(exact);
        assert_true(cut == 0 || r.info.reason[0] != 0);
    }
    blob_free(&b);
}

static void each_allocation_fails_once(void **state)
{
    (void)state;
    blob b = {0};
    make_xmp(&b, "tiff:Make=\"Acme\" xmp:CreateDate=\"2024-03-15\"",
             "<tiff:Model>B</tiff:Model>");
    for (unsigned nth = 0;; nth++) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        alice_env env = {.alloc = &alloc};
        read_packet(&env, b.p, b.n, 50);
        assert_int_equal(f.live_bytes, 0);
        if (!f.fired)
            break;
        /* What could not be read is told; what the parser came over is whole. */
        if (r.facts.denied == ALICE_OK)
            assert_fact(&r, ALICE_FACT_MODEL, "B");
        else
            assert_true(r.info.reason[0] != 0);
    }
    assert_fact(&r, ALICE_FACT_MODEL, "B");
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes),
        cmocka_unit_test(positions),
        cmocka_unit_test(elements_and_lists),
        cmocka_unit_test(other_prefixes_mean_the_same),
        cmocka_unit_test(what_is_nested_is_about_other_files),
        cmocka_unit_test(digitized_stands_in_for_created),
        cmocka_unit_test(declared_synthetic_and_credited),
        cmocka_unit_test(utf16_of_both_orders_with_and_without_mark),
        cmocka_unit_test(padding_around_it_is_harmless),
        cmocka_unit_test(entities_are_refused),
        cmocka_unit_test(depth_names_and_attributes_are_bounded),
        cmocka_unit_test(attributes_of_megabytes_are_passed_over),
        cmocka_unit_test(a_long_text_is_cut_and_the_rest_read),
        cmocka_unit_test(cut_anywhere_it_says_so),
        cmocka_unit_test(each_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
