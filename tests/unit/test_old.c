/* SPDX-License-Identifier: MIT */
/* What older programs, cameras and camcorders write: type, size, date, camera; and cut
 * anywhere. */
#include "read_media.h"

#include "make_media.h"
#include "make_old.h"

static reading r;

static const char xmp[] =
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
    "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
    "xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:CreateDate='2024-03-15T10:20:30Z'/>"
    "</rdf:RDF></x:xmpmeta>";

static blob exif_block(const char *make)
{
    blob b = {0};
    make_exif(&b, &(make_exif_options){.make = make,
                                       .model = "Box 1",
                                       .date_time_original = "2024:03:15 10:20:30"});
    return b;
}

/* Read with all and with little in the head, then cut everywhere. */
static void reads(const alice__format *format, const blob *b, alice_media_type type,
                  uint32_t width, uint32_t height)
{
    static const size_t heads[] = {1024, 65536};
    read_cut(&r, format, b->p, b->n);
    for (size_t i = 0; i < 2; i++) {
        read_media(&r, format, b->p, b->n, heads[i]);
        assert_ok(r.status);
        assert_int_equal(r.info.type, type);
        assert_int_equal(r.info.width, width);
        assert_int_equal(r.info.height, height);
        assert_string_equal(r.info.reason, "");
    }
}

static void bmp(void **state)
{
    (void)state;
    blob b = {0};
    make_bmp(&b, 640, 480);
    reads(&alice__format_bmp, &b, ALICE_MEDIA_BMP, 640, 480);
    blob_free(&b);
    make_bmp(&b, 640, 0u - 480); /* from the top down */
    reads(&alice__format_bmp, &b, ALICE_MEDIA_BMP, 640, 480);
    blob_free(&b);
}

static void psd(void **state)
{
    (void)state;
    blob exif = exif_block("Acme"), b = {0};
    blob iptc = {0};
    blob_add(&iptc,
             "\x1c\x02\x37\0\x08"
             "20240315"
             "\x1c\x02\x6e\0\x13"
             "Made with Google AI",
             37);
    make_psd(&b, 300, 200, exif, iptc, xmp);
    reads(&alice__format_psd, &b, ALICE_MEDIA_PSD, 300, 200);
    assert_fact(&r, ALICE_FACT_MODEL, "Box 1");
    assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");
    assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-15 10:20:30 +0");
    assert_date(&r, ALICE_DATE_IPTC_CREATED, "2024-03-15 00:00:00");
    assert_int_equal(r.info.generator, ALICE_GEN_GEMINI);
    blob_free(&b);
    blob_free(&iptc);
    blob_free(&exif);
}

static void jp2(void **state)
{
    (void)state;
    blob exif = exif_block("Acme"), b = {0};
    make_jp2(&b, 300, 200, exif, xmp);
    reads(&alice__format_jp2, &b, ALICE_MEDIA_JP2, 300, 200);
    assert_fact(&r, ALICE_FACT_MAKE, "Acme");
    assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");
    assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-15 10:20:30 +0");
    blob_free(&b);
    blob_free(&exif);
    blob_add(&b, "\xff\x4f\xff\x51\0\x2f\0\0\0\0\1\x2c\0\0\0\xc8\0\0\0\0\0\0\0\0\0\0", 26);
    blob_be16(&b, 0xffd9);
    reads(&alice__format_jp2, &b, ALICE_MEDIA_JP2, 300, 200);
    blob_free(&b);
}

static void mrw(void **state)
{
    (void)state;
    blob exif = exif_block("Minolta"), b = {0};
    make_mrw(&b, 256, 192, exif);
    reads(&alice__format_mrw, &b, ALICE_MEDIA_MRW, 256, 192);
    assert_fact(&r, ALICE_FACT_MAKE, "Minolta");
    assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");
    blob_free(&b);
    blob_free(&exif);
}

static void crw(void **state)
{
    (void)state;
    blob b = {0};
    make_crw(&b, "Canon", "Canon EOS D60", 3072, 2048);
    reads(&alice__format_crw, &b, ALICE_MEDIA_CRW, 3072, 2048);
    assert_fact(&r, ALICE_FACT_MAKE, "Canon");
    assert_fact(&r, ALICE_FACT_MODEL, "Canon EOS D60");
    assert_date(&r, ALICE_DATE_CIFF, "2024-03-15 10:20:30");
    blob_free(&b);
}

/* As the PowerShot A5 of 1998 put it into a JPEG, where others have EXIF. */
static void a_heap_of_crw_in_a_jpeg(void **state)
{
    (void)state;
    blob heap = {0}, b = {0};
    make_crw(&heap, "Canon", "Canon PowerShot A5", 1024, 768);
    memcpy(heap.p + 6, "HEAPJPGM", 8);
    make_jpeg_begin(&b);
    make_jpeg_segment(&b, 0xe0, NULL, 0, heap.p, heap.n);
    make_jpeg_end(&b, 1024, 768);
    reads(&alice__format_jpeg, &b, ALICE_MEDIA_JPEG, 1024, 768);
    assert_fact(&r, ALICE_FACT_MODEL, "Canon PowerShot A5");
    blob_free(&heap);
    blob_free(&b);
}

static void mts(void **state)
{
    static const struct {
        unsigned packet, make, zone, others;
        const char *name, *date;
    } cases[] = {
        {192, 0x0108, 0x00, 4, "Sony", "2024-03-15 10:20:30"},
        {188, 0x0103, 0x12, 400, "Panasonic", "2024-03-15 10:20:30 +540"},
        {192, 0x1011, 0x2b, 9, "Canon", "2024-03-15 10:20:30 -330"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        blob b = {0};
        make_mts(&b, cases[i].packet, cases[i].make, cases[i].zone, cases[i].others);
        reads(&alice__format_mpegts, &b, ALICE_MEDIA_MTS, 0, 0);
        assert_fact(&r, ALICE_FACT_MAKE, cases[i].name);
        assert_date(&r, ALICE_DATE_MDPM, cases[i].date);
        blob_free(&b);
    }
}

static void mpg(void **state)
{
    (void)state;
    blob b = {0};
    make_mpg(&b, 720, 576);
    reads(&alice__format_mpegps, &b, ALICE_MEDIA_MPG, 720, 576);
    blob_free(&b);
}

static void wmv(void **state)
{
    (void)state;
    blob b = {0};
    make_asf(&b, 320, 240, true);
    reads(&alice__format_asf, &b, ALICE_MEDIA_WMV, 320, 240);
    assert_date(&r, ALICE_DATE_ASF, "2024-03-15 10:20:30 +0");
    blob_free(&b);
    make_asf(&b, 0, 0, false); /* sound */
    read_media(&r, &alice__format_asf, b.p, b.n, 65536);
    assert_int_equal(r.info.type, ALICE_MEDIA_NONE);
    blob_free(&b);
}

static void flv(void **state)
{
    (void)state;
    blob b = {0};
    make_flv(&b, 640, 360, "Fri Mar 15 10:20:30 2024");
    reads(&alice__format_flv, &b, ALICE_MEDIA_FLV, 640, 360);
    assert_date(&r, ALICE_DATE_FLV, "2024-03-15 10:20:30");
    blob_free(&b);
    make_flv(&b, 1, 65535, NULL);
    reads(&alice__format_flv, &b, ALICE_MEDIA_FLV, 1, 65535);
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bmp), cmocka_unit_test(psd), cmocka_unit_test(jp2),
        cmocka_unit_test(mrw), cmocka_unit_test(crw), cmocka_unit_test(a_heap_of_crw_in_a_jpeg),
        cmocka_unit_test(mts), cmocka_unit_test(mpg), cmocka_unit_test(wmv),
        cmocka_unit_test(flv),
    };
    return cmocka_run_group_tests_name("old", tests, NULL, NULL);
}
