/* SPDX-License-Identifier: MIT */
/* TIFF and the RAWs made of it: told apart by content, sized by their main picture. */
#include "read_media.h"

#include "make_media.h"
#include "media/formats/format.h"

static reading r;

static void read_tiff(blob *b)
{
    read_media(&r, &alice__format_tiff, b->p, b->n, 16);
    blob_free(b);
}

static void plain_big_and_of_both_orders(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        blob b = {0};
        make_tiff(&b,
                  &(make_exif_options){.big_endian = kind & 1,
                                       .big_tiff = kind & 2,
                                       .make = "NIKON CORPORATION", /* but no sensor data */
                                       .date_time = "2024:03:16 01:02:03",
                                       .date_time_original = "2024:03:15 10:20:30"},
                  30, 20);
        read_tiff(&b);
        assert_ok(r.status);
        assert_int_equal(r.info.type, ALICE_MEDIA_TIFF);
        assert_int_equal(r.info.width, 30);
        assert_int_equal(r.info.height, 20);
        assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");
        assert_string_equal(r.info.reason, "");
    }
}

/* A small preview in IFD0, sensor data in a sub-directory: how most RAWs are built. */
static void read_raw(const char *make, const make_tag *more)
{
    blob b = {0};
    make_tag tags[] = {
        {.ifd = MAKE_IFD0, .tag = 0x00fe, .number = 1},
        {.ifd = MAKE_SUB, .tag = 0x00fe, .number = 0},
        {.ifd = MAKE_SUB, .tag = 0x0100, .number = 6000},
        {.ifd = MAKE_SUB, .tag = 0x0101, .number = 4000},
        {.ifd = MAKE_SUB, .tag = 0x0106, .type = 3, .number = 32803},
        {0},
    };
    if (more)
        tags[5] = *more;
    make_tiff(&b, &(make_exif_options){.make = make, .tags = tags, .tag_count = more ? 6 : 5},
              16, 9);
    read_tiff(&b);
    assert_ok(r.status);
    assert_int_equal(r.info.width, 6000);
    assert_int_equal(r.info.height, 4000);
}

static void raws_by_sensor_and_maker(void **state)
{
    static const struct {
        const char *make;
        alice_media_type type;
    } makers[] = {
        {"NIKON CORPORATION", ALICE_MEDIA_NEF},
        {"Nikon", ALICE_MEDIA_NEF},
        {"SONY", ALICE_MEDIA_ARW},
        {"PENTAX", ALICE_MEDIA_PEF},
        {"RICOH IMAGING COMPANY, LTD.", ALICE_MEDIA_PEF},
        {"SAMSUNG", ALICE_MEDIA_SRW},
        {"Hasselblad", ALICE_MEDIA_RAW},
        {"EASTMAN KODAK COMPANY", ALICE_MEDIA_RAW},
        {"Acme", ALICE_MEDIA_TIFF},
    };
    static const make_tag dng = {
        .ifd = MAKE_IFD0, .tag = 0xc612, .type = 1, .bytes = "\1\4\0\0", .n = 4};
    (void)state;
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        read_raw(makers[i].make, NULL);
        assert_int_equal(r.info.type, makers[i].type);
    }
    read_raw("SONY", &dng);
    assert_int_equal(r.info.type, ALICE_MEDIA_DNG);
}

static void raws_by_magic(void **state)
{
    (void)state;
    blob b = {0};
    make_exif_options o = {.make = "OLYMPUS", .magic = 0x4f52};
    make_tiff(&b, &o, 16, 9);
    read_tiff(&b);
    assert_int_equal(r.info.type, ALICE_MEDIA_ORF);
    o.magic = 0x5352;
    make_tiff(&b, &o, 16, 9);
    read_tiff(&b);
    assert_int_equal(r.info.type, ALICE_MEDIA_ORF);

    /* CR2: a marker behind the header, the first directory behind that. */
    blob_add(&b, "II*\0\x10\0\0\0CR\2\0\0\0\0\0", 16);
    blob_le16(&b, 2);
    blob_add(&b, "\0\1\3\0\1\0\0\0\x10\0\0\0", 12);
    blob_add(&b, "\1\1\3\0\1\0\0\0\x9\0\0\0", 12);
    blob_le32(&b, 0);
    read_tiff(&b);
    assert_int_equal(r.info.type, ALICE_MEDIA_CR2);
    assert_int_equal(r.info.width, 16);
}

static void panasonic_with_its_exif_in_the_preview(void **state)
{
    (void)state;
    blob b = {0}, tiff = {0}, jpeg = {0};
    make_exif(&tiff, &(make_exif_options){.date_time_original = "2024:03:15 10:20:30"});
    make_jpeg_begin(&jpeg);
    make_jpeg_exif(&jpeg, tiff);
    make_jpeg_end(&jpeg, 8, 8);
    make_tag tags[] = {
        {.tag = 0x0004, .type = 3, .number = 4},
        {.tag = 0x0005, .type = 3, .number = 8},
        {.tag = 0x0006, .type = 3, .number = 304},
        {.tag = 0x0007, .type = 3, .number = 408},
        {.tag = 0x002e, .bytes = jpeg.p, .n = jpeg.n},
    };
    make_exif(&b, &(make_exif_options){
                      .magic = 0x55, .make = "Panasonic", .tags = tags, .tag_count = 5});
    read_tiff(&b);
    assert_ok(r.status);
    assert_int_equal(r.info.type, ALICE_MEDIA_RW2);
    assert_int_equal(r.info.width, 400);
    assert_int_equal(r.info.height, 300);
    assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");
    blob_free(&jpeg);
    blob_free(&tiff);
}

static void blocks_inside(void **state)
{
    (void)state;
    blob b = {0}, xmp = {0}, iptc = {0}, photoshop = {0};
    make_xmp(&xmp, "xmp:CreateDate=\"2024-03-15T10:20:30Z\"", NULL);
    make_iptc(&iptc, 2, 55, "20240314");
    make_photoshop(&photoshop, iptc);
    for (int i = 0; i < 2; i++) {
        make_tag tags[] = {
            {.tag = 0x02bc, .type = 1, .bytes = xmp.p, .n = xmp.n},
            {.tag = i ? 0x8649 : 0x83bb,
             .bytes = i ? photoshop.p : iptc.p,
             .n = i ? photoshop.n : iptc.n},
        };
        make_tiff(&b, &(make_exif_options){.tags = tags, .tag_count = 2}, 16, 9);
        read_tiff(&b);
        assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-15 10:20:30 +0");
        assert_date(&r, ALICE_DATE_IPTC_CREATED, "2024-03-14 00:00:00");
    }
    blob_free(&xmp);
    blob_free(&iptc);
    blob_free(&photoshop);
}

static void what_is_none(void **state)
{
    (void)state;
    static const char *const none[] = {"II+\0", "MM*\0", "IM*\0", "II\x55", "MM\0U", ""};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(
            alice__format_tiff.sniff(
                (alice_bytes){(const uint8_t *)none[i], i == 3 ? 3 : strlen(none[i])}, 4),
            ALICE_MEDIA_NONE);
    read_media(&r, &alice__format_tiff, (const uint8_t *)"II*\0\xff\0\0\0", 8, 8);
    assert_int_equal(r.info.type, ALICE_MEDIA_TIFF);
    assert_int_equal(r.status, ALICE_E_DAMAGED);
}

static void cut_anywhere(void **state)
{
    (void)state;
    blob b = {0};
    make_tiff(&b, &(make_exif_options){.make = "Acme", .user_comment = "a comment"}, 16, 9);
    read_cut(&r, &alice__format_tiff, b.p, b.n);
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_big_and_of_both_orders),
        cmocka_unit_test(raws_by_sensor_and_maker),
        cmocka_unit_test(raws_by_magic),
        cmocka_unit_test(panasonic_with_its_exif_in_the_preview),
        cmocka_unit_test(blocks_inside),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
