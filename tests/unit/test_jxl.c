/* SPDX-License-Identifier: MIT */
/* JPEG XL: both forms, sizes bit by bit, packed boxes. */
#include "faulty.h"
#include "make_boxes.h"
#include "read_media.h"
#include "media/formats/format.h"

static reading r;

static void assert_size(uint32_t width, uint32_t height, unsigned ratio, unsigned orientation,
                        uint32_t want_width, uint32_t want_height)
{
    blob b = {0};
    make_jxl_codestream(&b, width, height, ratio, orientation);
    read_media(&r, &alice__format_jxl, b.p, b.n, 65536);
    assert_ok(r.status);
    assert_int_equal(r.info.type, ALICE_MEDIA_JXL);
    assert_int_equal(r.info.width, want_width);
    assert_int_equal(r.info.height, want_height);
    blob_free(&b);
}

static void test_codestream_sizes(void **state)
{
    (void)state;
    assert_size(64, 48, 0, 1, 64, 48);
    assert_size(500, 333, 0, 1, 500, 333);
    assert_size(8000, 6000, 0, 1, 8000, 6000);
    assert_size(100000, 70000, 0, 1, 100000, 70000);
    assert_size(1000000, 4, 0, 1, 1000000, 4);
    assert_size(0, 1080, 5, 1, 1920, 1080);
    assert_size(0, 1080, 1, 1, 1080, 1080);
    assert_size(0, 1001, 4, 1, 1501, 1001);
    assert_size(4000, 3000, 0, 6, 3000, 4000);
    assert_size(4000, 3000, 0, 3, 4000, 3000);
}

static void make_container(blob *b, bool packed, bool in_parts)
{
    blob exif = {0}, xmp = {0}, exif_box = {0};
    make_exif(&exif, &(make_exif_options){.make = "Acme",
                                          .model = "Box 1",
                                          .date_time_original = "2024:03:15 10:20:30",
                                          .width = 5,
                                          .height = 5});
    make_xmp(&xmp, "xmp:CreateDate=\"2024-03-14T10:20:30Z\"", NULL);
    make_jxl_begin(b);
    if (packed) {
        blob_be32(&exif_box, 0);
        blob_add(&exif_box, exif.p, exif.n);
        make_jxl_packed(b, "Exif", exif_box);
        make_jxl_packed(b, "xml ", xmp);
    } else {
        make_jxl_exif(b, exif);
        size_t at = make_box(b, "xml ");
        blob_add(b, xmp.p, xmp.n);
        make_box_end(b, at);
    }
    if (in_parts) {
        size_t at = make_box(b, "jxlp");
        blob_be32(b, 0);
        make_jxl_codestream(b, 640, 480, 0, 1);
        make_box_end(b, at);
        at = make_box(b, "jxlp");
        blob_be32(b, 0x80000001);
        make_box_end(b, at);
    } else {
        size_t at = make_box(b, "jxlc");
        make_jxl_codestream(b, 640, 480, 0, 1);
        make_box_end(b, at);
    }
    blob_free(&exif);
    blob_free(&exif_box);
    blob_free(&xmp);
}

static void test_container(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 4; way++) {
        blob b = {0};
        make_container(&b, way & 1, way & 2);
        read_media(&r, &alice__format_jxl, b.p, b.n, way & 1 ? 65536 : 32);
        assert_ok(r.status);
        assert_int_equal(r.info.width, 640);
        assert_int_equal(r.info.height, 480);
        assert_fact(&r, ALICE_FACT_MODEL, "Box 1");
        assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");
        assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-14 10:20:30 +0");
        blob_free(&b);
    }
}

static void test_what_is_none(void **state)
{
    static const uint8_t two[] = {0xff, 0x0a}, other[12] = {0xff, 0x0b};
    (void)state;
    assert_int_equal(alice__format_jxl.sniff((alice_bytes){two, 2}, 2), ALICE_MEDIA_NONE);
    assert_int_equal(alice__format_jxl.sniff((alice_bytes){other, 12}, 12), ALICE_MEDIA_NONE);
}

/* Some bytes that become 9 MB of blanks in an element: read up to a bound, and said so. */
static void test_bomb(void **state)
{
    static const uint8_t bomb[] = {
        0xa5, 0xff, 0xff, 0x07, 0xcc, 0x71, 0x90, 0x9b, 0x46, 0xef, 0x50, 0xd1, 0x74, 0xbb,
        0x7c, 0x8c, 0x50, 0xe9, 0x0d, 0x22, 0xc2, 0xe3, 0x23, 0xf1, 0xe0, 0x5e, 0x52, 0xa7,
        0xa7, 0x0d, 0x36, 0xe0, 0x80, 0xb9, 0x44, 0x17, 0x1c, 0x64, 0x32, 0xbb, 0x16, 0x9a,
        0x86, 0xb4, 0x60, 0x31, 0x15, 0xde, 0xcd, 0xd8, 0x4a, 0xd4, 0xc8, 0x53, 0x1d, 0x98,
        0xaf, 0xbc, 0x7f, 0xc8, 0x41, 0xff, 0xff, 0x0f, 0xbf, 0x04, 0x40, 0x1c, 0x16, 0x01,
        0xe8, 0xde, 0x3f, 0xe8, 0xff, 0xff, 0xe1, 0x97, 0x00, 0x88, 0xc3, 0x02, 0x00, 0xdd,
        0xfb, 0x07, 0xfd, 0xff, 0x3f, 0xfc, 0x12, 0x00, 0x71, 0x58, 0x00, 0xa0, 0x7b, 0xff,
        0xa0, 0xff, 0xff, 0x87, 0x5f, 0x02, 0x20, 0x0e, 0x0b, 0x00, 0x74, 0xef, 0x1f, 0xf4,
        0xff, 0xff, 0xf0, 0x4b, 0x00, 0xc4, 0x61, 0x01, 0x80, 0xee, 0xfd, 0x83, 0xfe, 0xff,
        0x1f, 0x7e, 0x09, 0x80, 0x38, 0x2c, 0x00, 0xd0, 0xbd, 0x7f, 0xd0, 0xff, 0xff, 0xc3,
        0x2f, 0x01, 0x10, 0x87, 0x05, 0x00, 0xba, 0xf7, 0x0f, 0xf5, 0xff, 0xff, 0xf8, 0x8d,
        0x94, 0xaa, 0xdb, 0xa3, 0xc4, 0xe3, 0x79, 0x69, 0x1d, 0x9f, 0x36, 0x38, 0xa9, 0xc8,
        0x2c, 0x87, 0x15, 0x00, 0x6f, 0xed, 0x7a, 0xff, 0xa0, 0x07, 0xbd, 0xc4, 0x40};
    blob b = {0};
    (void)state;
    make_jxl_begin(&b);
    size_t at = make_box(&b, "brob");
    blob_text(&b, "xml ");
    blob_add(&b, bomb, sizeof bomb);
    make_box_end(&b, at);
    at = make_box(&b, "jxlc");
    make_jxl_codestream(&b, 640, 480, 0, 1);
    make_box_end(&b, at);
    read_media(&r, &alice__format_jxl, b.p, b.n, 65536);
    assert_ok(r.status);
    assert_int_equal(r.info.width, 640);
    assert_non_null(strstr(r.info.reason, "compressed metadata"));
    blob_free(&b);
}

static void test_damage(void **state)
{
    static const uint8_t bent[] = {0x00, 0x01, 0x7f, 0xff};
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        blob b = {0};
        make_container(&b, way & 1, true);
        for (size_t n = 0; n < b.n; n++) {
            uint8_t *copy = malloc(n ? n : 1);
            assert_non_null(copy);
            memcpy(copy, b.p, n);
            read_media(&r, &alice__format_jxl, copy, n, 65536);
            free(copy);
        }
        for (size_t i = 0; i < b.n; i++) {
            uint8_t was = b.p[i];
            for (size_t k = 0; k < sizeof bent; k++) {
                b.p[i] = bent[k];
                read_media(&r, &alice__format_jxl, b.p, b.n, 40);
            }
            b.p[i] = was;
        }
        blob_free(&b);
    }
}

/* Each allocation failed once: a status, and nothing stays. */
static void test_allocation_faults(void **state)
{
    blob b = {0};
    (void)state;
    make_container(&b, true, false);
    for (unsigned nth = 0;; nth++) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        alice__input in = alice__input_of((alice_bytes){b.p, b.n});
        alice__parse parse = {
            .env.alloc = &alloc, .scratch = r.scratch, .in = &in, .facts = &r.facts};
        alice__facts_begin(&r.facts, &r.info, r.arena, sizeof r.arena, READING_NOW);
        alice_status st = alice__format_jxl.read(&parse);
        alice__facts_end(&r.facts);
        assert_int_equal(f.live_bytes, 0);
        if (!f.fired) {
            assert_true(nth > 2);
            break;
        }
        assert_true(st == ALICE_OK || st == ALICE_E_NOMEM);
    }
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codestream_sizes), cmocka_unit_test(test_container),
        cmocka_unit_test(test_what_is_none),     cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_damage),           cmocka_unit_test(test_allocation_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
