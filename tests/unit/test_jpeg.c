/* SPDX-License-Identifier: MIT */
/* JPEG: segments, what is split over several of them, and what is broken. */
#include "read_media.h"

#include "make_media.h"
#include "media/formats/format.h"

static reading r;

static void read_jpeg(blob *b)
{
    reading whole;
    read_media(&r, &alice__format_jpeg, b->p, b->n, b->n);
    memcpy(&whole.info, &r.info, sizeof r.info);
    /* However little of it is in the head, it says the same. */
    read_media(&r, &alice__format_jpeg, b->p, b->n, 32);
    assert_int_equal(whole.info.date_source, r.info.date_source);
    assert_int_equal(whole.info.width, r.info.width);
    assert_int_equal(whole.info.generator, r.info.generator);
}

static blob exif_of(const char *original)
{
    blob b = {0};
    make_exif(&b, &(make_exif_options){.make = "Acme", .date_time_original = original});
    return b;
}

static void exif_and_size(void **state)
{
    (void)state;
    blob tiff = exif_of("2024:03:15 10:20:30"), b = {0};
    make_jpeg_begin(&b);
    make_jpeg_exif(&b, tiff);
    make_jpeg_end(&b, 640, 480);
    read_jpeg(&b);
    assert_ok(r.status);
    assert_int_equal(r.info.type, ALICE_MEDIA_JPEG);
    assert_int_equal(r.info.width, 640);
    assert_int_equal(r.info.height, 480);
    assert_fact(&r, ALICE_FACT_MAKE, "Acme");
    assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");
    assert_string_equal(r.info.reason, "");
    blob_free(&b);
    blob_free(&tiff);
}

/* The date of a JPEG whose APP1 begins with `prefix`. */
static bool exif_found(const char *prefix, size_t n)
{
    blob tiff = exif_of("2024:03:15 10:20:30"), b = {0};
    make_jpeg_begin(&b);
    make_jpeg_segment(&b, 0xe1, prefix, n, tiff.p, tiff.n);
    make_jpeg_end(&b, 8, 8);
    read_jpeg(&b);
    blob_free(&b);
    blob_free(&tiff);
    return r.info.date_source == ALICE_DATE_EXIF_ORIGINAL;
}

static void exif_names_are_read_as_they_are_misspelled(void **state)
{
    (void)state;
    assert_true(exif_found("Exif\0\0", 6));
    assert_true(exif_found("EXIF\0\0", 6));
    assert_true(exif_found("Exif\0\xff", 6));
    assert_true(exif_found("ab"
                           "Exif\0\0",
                           8));
    assert_true(exif_found("", 0));
    assert_false(exif_found("Elif\0\0", 6));
}

static void fill_bytes_and_junk_are_passed_over(void **state)
{
    (void)state;
    blob tiff = exif_of("2024:03:15 10:20:30"), b = {0};
    make_jpeg_begin(&b);
    blob_add(&b, "\xff\xff\xff\xff\xff", 5);
    make_jpeg_comment(&b, "padding above");
    make_jpeg_exif(&b, tiff);
    size_t clean = b.n;
    make_jpeg_end(&b, 8, 8);
    read_jpeg(&b);
    assert_ok(r.status);
    assert_int_equal(r.info.date_source, ALICE_DATE_EXIF_ORIGINAL);
    assert_string_equal(r.info.reason, "");

    b.n = clean;
    blob_zeros(&b, 300);
    make_jpeg_end(&b, 8, 8);
    read_jpeg(&b);
    assert_ok(r.status);
    assert_int_equal(r.info.width, 8);
    assert_string_equal(r.info.reason,
                        "JPEG: bytes between its segments that do not belong there");

    b.n = clean;
    blob_zeros(&b, 100000); /* too much of it */
    make_jpeg_end(&b, 8, 8);
    read_jpeg(&b);
    assert_int_equal(r.status, ALICE_E_DAMAGED);
    assert_int_equal(r.info.date_source, ALICE_DATE_EXIF_ORIGINAL);
    blob_free(&b);
    blob_free(&tiff);
}

static void of_the_scan_the_end_is_looked_at(void **state)
{
    (void)state;
    blob tiff = exif_of("2024:03:15 10:20:30"), b = {0};
    make_jpeg_begin(&b);
    make_jpeg_end(&b, 8, 8);
    size_t head = b.n;
    make_jpeg_exif(&b, tiff);
    blob_zeros(&b, 1000000);
    read_media(&r, &alice__format_jpeg, b.p, b.n, head);
    assert_ok(r.status);
    assert_int_equal(r.fetches, 1);
    assert_int_equal(r.info.date_source, ALICE_DATE_NOWHERE);
    blob_free(&b);
    blob_free(&tiff);
}

static blob xmp_of(const char *fields)
{
    blob b = {0};
    make_xmp(&b, fields, NULL);
    blob_u8(&b, 0);
    return b;
}

static void xmp_short_and_extended(void **state)
{
    (void)state;
    blob xmp = xmp_of("xmp:CreateDate=\"2024-03-15T10:20:30Z\" xmp:CreatorTool=\"Box Studio\""),
         b = {0};
    make_jpeg_begin(&b);
    make_jpeg_xmp(&b, (const char *)xmp.p);
    make_jpeg_end(&b, 8, 8);
    read_jpeg(&b);
    assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-15 10:20:30 +0");
    assert_fact(&r, ALICE_FACT_SOFTWARE, "Box Studio");
    blob_free(&b);

    for (size_t piece = 50; piece <= 5000; piece *= 10) {
        make_jpeg_begin(&b);
        make_jpeg_xmp_extended(&b, (const char *)xmp.p, piece);
        make_jpeg_end(&b, 8, 8);
        read_jpeg(&b);
        assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-15 10:20:30 +0");
        assert_fact(&r, ALICE_FACT_SOFTWARE, "Box Studio");
        blob_free(&b);
    }
    blob_free(&xmp);
}

/* Under a name of their own, or under none, some programs hang a packet on a picture. */
static void xmp_under_a_strange_name(void **state)
{
    static const char *const names[] = {"", "http://ns.acme.example/\n", "XMP "};
    static const char packet[] =
        "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
        "xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:CreateDate='2024-03-15T10:20:30Z'/>"
        "</rdf:RDF></x:xmpmeta><?xpacket end='w'?>";
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t skip = 0; skip < 60; skip += 50) { /* with and without <?xpacket */
            blob b = {0};
            make_jpeg_begin(&b);
            make_jpeg_segment(&b, 0xe1, names[i], strlen(names[i]), packet + skip,
                              sizeof packet - 1 - skip - (skip ? 19u : 0u));
            make_jpeg_end(&b, 8, 8);
            read_jpeg(&b);
            assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-15 10:20:30 +0");
            blob_free(&b);
        }
}

static void extended_xmp_in_any_order_and_of_one_guid(void **state)
{
    static const char name[] = "http://ns.adobe.com/xmp/extension/";
    static const char mine[] = "0123456789ABCDEF0123456789ABCDEF";
    static const char other[] = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
    (void)state;
    blob xmp = xmp_of("xmp:CreateDate=\"2024-03-15T10:20:30Z\""), note = {0}, b = {0};
    size_t all = xmp.n - 1, half = all / 2;
    make_xmp(&note,
             "xmlns:n=\"http://ns.adobe.com/xmp/note/\" "
             "n:HasExtendedXMP=\"0123456789ABCDEF0123456789ABCDEF\"",
             NULL);
    blob_u8(&note, 0);
    make_jpeg_begin(&b);
    make_jpeg_xmp(&b, (const char *)note.p);
    for (int i = 0; i < 3; i++) { /* another's, then the second half, then the first */
        size_t at = i == 1 ? half : 0, n = i == 1 ? all - half : half;
        blob head = {0};
        blob_add(&head, name, sizeof name);
        blob_text(&head, i == 0 ? other : mine);
        blob_be32(&head, (uint32_t)all);
        blob_be32(&head, (uint32_t)at);
        make_jpeg_segment(&b, 0xe1, head.p, head.n, xmp.p + at, n);
        blob_free(&head);
    }
    make_jpeg_end(&b, 8, 8);
    read_jpeg(&b);
    assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-15 10:20:30 +0");
    blob_free(&b);
    blob_free(&note);
    blob_free(&xmp);
}

static void iptc_in_one_segment_and_in_two(void **state)
{
    (void)state;
    blob iptc = {0}, photoshop = {0}, b = {0};
    make_iptc(&iptc, 2, 120, "a caption that is long enough to be cut in two");
    make_iptc(&iptc, 2, 55, "20240315");
    make_jpeg_begin(&b);
    make_jpeg_iptc(&b, iptc);
    make_jpeg_end(&b, 8, 8);
    read_jpeg(&b);
    assert_date(&r, ALICE_DATE_IPTC_CREATED, "2024-03-15 00:00:00");
    blob_free(&b);

    make_photoshop(&photoshop, iptc);
    make_jpeg_begin(&b);
    make_jpeg_segment(&b, 0xed, "Photoshop 3.0", 14, photoshop.p, 40);
    make_jpeg_segment(&b, 0xed, "Photoshop 3.0", 14, photoshop.p + 40, photoshop.n - 40);
    make_jpeg_end(&b, 8, 8);
    read_jpeg(&b);
    assert_date(&r, ALICE_DATE_IPTC_CREATED, "2024-03-15 00:00:00");
    blob_free(&b);
    blob_free(&photoshop);
    blob_free(&iptc);
}

static void comments_are_evidence(void **state)
{
    (void)state;
    blob b = {0};
    make_jpeg_begin(&b);
    make_jpeg_comment(&b, "a box\nSteps: 20, Sampler: Euler a, Seed: 77");
    make_jpeg_end(&b, 8, 8);
    read_jpeg(&b);
    assert_int_equal(r.info.generator, ALICE_GEN_STABLEDIFFUSION);
    assert_fact(&r, ALICE_FACT_SEED, "77");
    blob_free(&b);
}

static void broken_ones_end_with_a_name(void **state)
{
    (void)state;
    static const uint8_t three[] = {0xff, 0xd8, 0xff};
    read_media(&r, &alice__format_jpeg, three, 3, 3);
    assert_int_equal(r.info.type, ALICE_MEDIA_JPEG);
    assert_int_equal(r.status, ALICE_E_DAMAGED);
    assert_string_equal(r.info.reason, "JPEG: ends before its picture begins");
    read_media(&r, &alice__format_jpeg, (const uint8_t *)"plain text", 10, 10);
    assert_int_equal(r.info.type, ALICE_MEDIA_NONE);

    blob b = {0}; /* more segments than anybody has */
    make_jpeg_begin(&b);
    for (int i = 0; i < 30000; i++)
        make_jpeg_segment(&b, 0xe5, NULL, 0, NULL, 0);
    make_jpeg_end(&b, 8, 8);
    read_media(&r, &alice__format_jpeg, b.p, b.n, b.n);
    assert_int_equal(r.status, ALICE_E_DAMAGED);
    blob_free(&b);
}

static void cut_anywhere(void **state)
{
    (void)state;
    blob tiff = exif_of("2024:03:15 10:20:30"), iptc = {0}, b = {0};
    blob xmp = xmp_of("xmp:CreateDate=\"2024-03-15T10:20:30Z\"");
    make_iptc(&iptc, 2, 55, "20240315");
    make_jpeg_begin(&b);
    make_jpeg_exif(&b, tiff);
    make_jpeg_xmp_extended(&b, (const char *)xmp.p, 200);
    make_jpeg_iptc(&b, iptc);
    make_jpeg_iptc(&b, iptc);
    make_jpeg_end(&b, 8, 8);
    read_cut(&r, &alice__format_jpeg, b.p, b.n);
    blob_free(&b);
    blob_free(&xmp);
    blob_free(&iptc);
    blob_free(&tiff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exif_and_size),
        cmocka_unit_test(exif_names_are_read_as_they_are_misspelled),
        cmocka_unit_test(fill_bytes_and_junk_are_passed_over),
        cmocka_unit_test(of_the_scan_the_end_is_looked_at),
        cmocka_unit_test(xmp_short_and_extended),
        cmocka_unit_test(xmp_under_a_strange_name),
        cmocka_unit_test(extended_xmp_in_any_order_and_of_one_guid),
        cmocka_unit_test(iptc_in_one_segment_and_in_two),
        cmocka_unit_test(comments_are_evidence),
        cmocka_unit_test(broken_ones_end_with_a_name),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
