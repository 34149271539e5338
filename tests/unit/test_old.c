/* SPDX-License-Identifier: MIT */
/* What older programs, cameras and camcorders write: type, size, date, camera; and cut
 * anywhere. */
#include "read_media.h"

#include "make_boxes.h"
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
    /* Resources that other programs of Adobe signed. */
    static const char signs[][5] = {"MeSa", "PHUT", "AgHg", "DCSR"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        for (size_t at = 0; at + 4 < b.n; at++)
            if (memcmp(b.p + at, i ? signs[i - 1] : "8BIM", 4) == 0)
                memcpy(b.p + at, signs[i], 4);
        reads(&alice__format_psd, &b, ALICE_MEDIA_PSD, 300, 200);
        assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-15 10:20:30 +0");
    }
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
    for (unsigned tables = 0; tables < 3; tables++) {
        make_m2v(&b, 352, 288, tables);
        reads(&alice__format_mpegps, &b, ALICE_MEDIA_MPG, 352, 288);
        b.p[7] = 0; /* a rate that there is not */
        read_media(&r, &alice__format_mpegps, b.p, b.n, 1024);
        assert_int_equal(r.info.type, ALICE_MEDIA_NONE);
        blob_free(&b);
    }
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

static void x3f(void **state)
{
    (void)state;
    blob exif = exif_block("SIGMA"), jpeg = {0}, b = {0};
    make_x3f(&b, 2268, 1512, "SIGMA", "SIGMA SD9", (blob){0});
    reads(&alice__format_x3f, &b, ALICE_MEDIA_RAW, 2268, 1512);
    assert_fact(&r, ALICE_FACT_MAKE, "SIGMA");
    assert_fact(&r, ALICE_FACT_MODEL, "SIGMA SD9");
    assert_date(&r, ALICE_DATE_X3F, "2024-03-15 10:20:30");
    blob_free(&b);
    make_jpeg_begin(&jpeg);
    make_jpeg_exif(&jpeg, exif);
    make_jpeg_end(&jpeg, 64, 48);
    make_x3f(&b, 2640, 1760, "SIGMA", "SIGMA SD14", jpeg);
    reads(&alice__format_x3f, &b, ALICE_MEDIA_RAW, 2640, 1760);
    assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");
    assert_fact(&r, ALICE_FACT_MODEL, "Box 1"); /* EXIF's own */
    for (size_t n = 48; n < b.n; n++) {
        read_media(&r, &alice__format_x3f, b.p, n, 64);
        assert_ok(r.status);
        assert_string_equal(r.info.reason, "X3F: cut before its directory");
    }
    blob_free(&b);
    blob_free(&jpeg);
    blob_free(&exif);
}

static void kyocera(void **state)
{
    (void)state;
    blob b = {0};
    make_kyocera(&b, "N DIGITAL");
    reads(&alice__format_kyocera, &b, ALICE_MEDIA_RAW, 0, 0);
    assert_fact(&r, ALICE_FACT_MAKE, "KYOCERA");
    assert_fact(&r, ALICE_FACT_MODEL, "N DIGITAL");
    assert_date(&r, ALICE_DATE_KYOCERA, "2024-03-15 10:20:30");
    blob_free(&b);
}

static void afcp(void **state)
{
    (void)state;
    blob iptc = {0};
    blob_add(&iptc,
             "\x1c\x02\x37\0\x08"
             "20240315",
             13);
    for (unsigned i = 0; i < 4; i++) {
        blob b = {0};
        make_jpeg_begin(&b);
        make_jpeg_end(&b, 64, 48);
        make_afcp(&b, i & 1, iptc);
        read_media(&r, &alice__format_jpeg, b.p, b.n, i & 2 ? 64 : 65536);
        assert_ok(r.status);
        assert_string_equal(r.info.reason, "");
        assert_date(&r, ALICE_DATE_IPTC_CREATED, "2024-03-15 00:00:00");
        for (size_t k = b.n - 90; k < b.n; k++) { /* whatever stands in it */
            b.p[k] ^= 0xff;
            read_media(&r, &alice__format_jpeg, b.p, b.n, 64);
            assert_ok(r.status);
            b.p[k] ^= 0xff;
        }
        blob_free(&b);
    }
    blob_free(&iptc);
}

/* What cameras of before 2010 left in a film's `udta`. */
static void camera_blocks(void **state)
{
    static const struct {
        const char *type, *bytes, *make, *model;
        size_t n;
    } blocks[] = {
        {"TAGS", "PENTAX DIGITAL CAMERA\0\0\0rest", "PENTAX DIGITAL CAMERA", NULL, 28},
        {"TAGS", "NIKON DIGITAL CAMERA\0\0\0\0E775\0\0\0\0xyz", "NIKON DIGITAL CAMERA", "E775",
         35},
        {"TAGS", "OLYMPUS DIGITAL CAMERA\0\0C2040Z\0\0\1\0y", "OLYMPUS DIGITAL CAMERA",
         "C2040Z", 35},
        {"TAGS", "OLYMPUS DIGITAL CAMERA\0\0u1030SW,S1030SW\0xyz", "OLYMPUS DIGITAL CAMERA",
         "u1030SW,S1030SW", 43},
        {"TAGS", "EASTMAN KODAK COMPANY\0KODAK EASYSHARE C875\0", "EASTMAN KODAK COMPANY",
         "KODAK EASYSHARE C875", 43},
        {"TAGS", "NOBODY\0", NULL, NULL, 7},
        {"TAGS", "PENTAX", NULL, NULL, 6},
        {"PENT", "PENTAX\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0PENTAX K-x\0", "PENTAX",
         "PENTAX K-x", 37},
        {"CNMN", "Canon EOS 550D\0\0", NULL, "Canon EOS 550D", 16},
    };
    (void)state;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        blob b = {0};
        size_t at = make_box(&b, "ftyp");
        blob_text(&b, "qt  ");
        blob_be32(&b, 0);
        make_box_end(&b, at);
        at = make_box(&b, "moov");
        size_t udta = make_box(&b, "udta"), inner = make_box(&b, blocks[i].type);
        blob_add(&b, blocks[i].bytes, blocks[i].n);
        make_box_end(&b, inner);
        make_box_end(&b, udta);
        make_box_end(&b, at);
        read_media(&r, &alice__format_bmff, b.p, b.n, 65536);
        assert_int_equal(r.info.type, ALICE_MEDIA_MOV);
        assert_fact(&r, ALICE_FACT_MAKE, blocks[i].make ? blocks[i].make : "");
        assert_fact(&r, ALICE_FACT_MODEL, blocks[i].model ? blocks[i].model : "");
        blob_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x3f),  cmocka_unit_test(kyocera),
        cmocka_unit_test(afcp), cmocka_unit_test(camera_blocks),

        cmocka_unit_test(bmp),  cmocka_unit_test(psd),
        cmocka_unit_test(jp2),  cmocka_unit_test(mrw),
        cmocka_unit_test(crw),  cmocka_unit_test(a_heap_of_crw_in_a_jpeg),
        cmocka_unit_test(mts),  cmocka_unit_test(mpg),
        cmocka_unit_test(wmv),  cmocka_unit_test(flv),
    };
    return cmocka_run_group_tests_name("old", tests, NULL, NULL);
}
