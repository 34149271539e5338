/* SPDX-License-Identifier: MIT */
/* ISO BMFF: types by brands, movies, pictures, and damage of every kind. */
#include "make_boxes.h"
#include "read_media.h"
#include "media/formats/format.h"

static reading r;

static void read_blob(blob b)
{
    read_media(&r, &alice__format_bmff, b.p, b.n, 65536);
}

/* ---- types ---- */

static void assert_brand(const char *major, const char *compatible, alice_media_type want)
{
    blob b = {0};
    make_ftyp(&b, major, compatible);
    assert_int_equal(alice__format_bmff.sniff((alice_bytes){b.p, b.n}, 1000), want);
    blob_free(&b);
}

static void test_types_by_brand(void **state)
{
    (void)state;
    assert_brand("heic", "mif1heic", ALICE_MEDIA_HEIC);
    assert_brand("mif1", "mif1heic", ALICE_MEDIA_HEIC);
    assert_brand("mif1", "mif1miaf", ALICE_MEDIA_HEIF);
    assert_brand("msf1", "msf1hevcmif1heic", ALICE_MEDIA_HEIC);
    assert_brand("avif", "avifmif1miafMA1B", ALICE_MEDIA_AVIF);
    assert_brand("mif1", "mif1avifmiaf", ALICE_MEDIA_AVIF);
    assert_brand("avis", "avismsf1iso8", ALICE_MEDIA_AVIF);
    assert_brand("crx ", "crx isom", ALICE_MEDIA_CR3);
    assert_brand("isom", "isomiso2avc1mp41", ALICE_MEDIA_MP4);
    assert_brand("mp42", "mp42isom", ALICE_MEDIA_MP4);
    assert_brand("XYZW", "XYZWmp42", ALICE_MEDIA_MP4);
    assert_brand("qt  ", "qt  ", ALICE_MEDIA_MOV);
    assert_brand("M4V ", "M4V mp42isom", ALICE_MEDIA_M4V);
    assert_brand("3gp5", "3gp5isom", ALICE_MEDIA_3GP);
    assert_brand("3g2a", "3g2a", ALICE_MEDIA_3GP);
    assert_brand("M4A ", "M4A mp42isom", ALICE_MEDIA_NONE);
    assert_brand("jxl ", "jxl ", ALICE_MEDIA_NONE);
    assert_brand("jp2 ", "jp2 ", ALICE_MEDIA_NONE);
}

static void test_what_is_no_movie(void **state)
{
    static const char *const others[] = {"\0\0\0\x10wideABCDEFGH\0\0\0\x08text",
                                         "\0\0\0\x04moov", "abcdefghijklmnop", "moov", ""};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        alice_bytes head = {(const uint8_t *)others[i], i == 0   ? 24
                                                        : i == 1 ? 8
                                                                 : strlen(others[i])};
        assert_int_equal(alice__format_bmff.sniff(head, head.n), ALICE_MEDIA_NONE);
    }
}

/* ---- movies ---- */

/* 2024-03-15 10:20:30 UTC, counted from 1904. */
static const uint64_t march = 1710498030u + 2082844800u;

static void test_movie_header(void **state)
{
    (void)state;
    for (unsigned version = 0; version < 2; version++) {
        blob b = {0};
        make_movie(&b, &(make_movie_options){.major = "isom",
                                             .created = march,
                                             .version = version,
                                             .width = 1920,
                                             .height = 1080});
        read_blob(b);
        assert_ok(r.status);
        assert_int_equal(r.info.type, ALICE_MEDIA_MP4);
        assert_int_equal(r.info.width, 1920);
        assert_int_equal(r.info.height, 1080);
        assert_date(&r, ALICE_DATE_MVHD, "2024-03-15 10:20:30 +0");
        assert_int_equal(r.info.date_source, ALICE_DATE_MVHD);
        blob_free(&b);
    }
}

static void test_turned_and_coded_sizes(void **state)
{
    (void)state;
    for (unsigned turns = 0; turns < 4; turns++) {
        blob b = {0};
        make_movie(&b, &(make_movie_options){
                           .major = "mp42", .turns = turns, .width = 1920, .height = 1080});
        read_blob(b);
        assert_int_equal(r.info.width, turns & 1 ? 1080 : 1920);
        assert_int_equal(r.info.height, turns & 1 ? 1920 : 1080);
        blob_free(&b);
    }
    blob b = {0};
    make_movie(&b, &(make_movie_options){
                       .major = "mp42", .coded_only = true, .width = 640, .height = 360});
    read_blob(b);
    assert_int_equal(r.info.width, 640);
    assert_int_equal(r.info.height, 360);
    blob_free(&b);
}

/* Cameras that count from 1970, and those that count nothing. */
static void test_epochs(void **state)
{
    blob b = {0};
    (void)state;
    make_movie(&b, &(make_movie_options){.major = "isom", .created = march - 2082844800u});
    read_blob(b);
    assert_date(&r, ALICE_DATE_MVHD, "2024-03-15 10:20:30 +0");
    blob_free(&b);

    make_movie(&b,
               &(make_movie_options){.major = "isom", .created = 0, .width = 4, .height = 4});
    read_blob(b);
    assert_int_equal(r.info.dates[ALICE_DATE_MVHD].verdict, ALICE_DATE_REJECTED);
    assert_int_equal(r.info.date_source, ALICE_DATE_NOWHERE);
    blob_free(&b);

    make_movie(&b, &(make_movie_options){.major = "isom", .created = UINT64_MAX, .version = 1});
    read_blob(b);
    assert_int_equal(r.info.dates[ALICE_DATE_MVHD].verdict, ALICE_DATE_REJECTED);
    blob_free(&b);
}

/* moov at the end, behind an mdat of each form; only what is needed is fetched. */
static void test_moov_at_the_end(void **state)
{
    (void)state;
    for (unsigned large = 0; large < 2; large++) {
        blob b = {0};
        make_movie(&b, &(make_movie_options){.major = "qt  ",
                                             .created = march,
                                             .width = 64,
                                             .height = 48,
                                             .mdat_first = true,
                                             .mdat_large = large,
                                             .mdat_bytes = 300000});
        read_media(&r, &alice__format_bmff, b.p, b.n, 4096);
        assert_ok(r.status);
        assert_int_equal(r.info.type, ALICE_MEDIA_MOV);
        assert_int_equal(r.info.width, 64);
        assert_date(&r, ALICE_DATE_MVHD, "2024-03-15 10:20:30 +0");
        assert_in_range(r.fetches, 1, 60);
        blob_free(&b);
    }
    blob b = {0};
    make_movie(&b,
               &(make_movie_options){.created = march, .mdat_open = true, .mdat_bytes = 100});
    read_blob(b);
    assert_int_equal(r.info.type, ALICE_MEDIA_MOV);
    assert_date(&r, ALICE_DATE_MVHD, "2024-03-15 10:20:30 +0");
    blob_free(&b);
}

static void test_udta(void **state)
{
    blob udta = {0}, b = {0};
    (void)state;
    make_udta_text(&udta, "\xa9mak", "Canon");
    make_udta_text(&udta, "\xa9mod", "Canon EOS R5");
    make_udta_text(&udta, "\xa9swr", "Firmware 1.5");
    make_udta_text(&udta,
                   "\xa9"
                   "day",
                   "2024-03-15T12:20:30+0200");
    make_movie(&b, &(make_movie_options){.major = "qt  ", .created = march, .udta = udta});
    read_blob(b);
    assert_ok(r.status);
    assert_fact(&r, ALICE_FACT_MAKE, "Canon");
    assert_fact(&r, ALICE_FACT_MODEL, "Canon EOS R5");
    assert_fact(&r, ALICE_FACT_SOFTWARE, "Firmware 1.5");
    assert_date(&r, ALICE_DATE_QUICKTIME, "2024-03-15 12:20:30 +120");
    assert_int_equal(r.info.date_source, ALICE_DATE_QUICKTIME);
    blob_free(&udta);
    blob_free(&b);

    make_udta_3gpp(&udta, "manu", "Samsung");
    make_udta_3gpp(&udta, "modl", "GT-S8530");
    make_movie(&b, &(make_movie_options){.major = "3gp4", .udta = udta});
    read_blob(b);
    assert_int_equal(r.info.type, ALICE_MEDIA_3GP);
    assert_fact(&r, ALICE_FACT_MAKE, "Samsung");
    assert_fact(&r, ALICE_FACT_MODEL, "GT-S8530");
    blob_free(&udta);
    blob_free(&b);
}

static void test_keys(void **state)
{
    static const make_pair pairs[] = {
        {"com.apple.quicktime.location.ISO6709", "+48.1+011.5/"},
        {"com.apple.quicktime.make", "Apple"},
        {"com.apple.quicktime.model", "iPhone 13 Pro"},
        {"com.apple.quicktime.software", "17.3"},
        {"com.apple.quicktime.creationdate", "2024-03-15T11:20:30+0100"},
        {"com.apple.quicktime.content.identifier", "6C2E-11"},
    };
    (void)state;
    for (unsigned full = 0; full < 2; full++) {
        blob meta = {0}, udta = {0}, b = {0};
        make_meta_keys(&meta, full, pairs, 6);
        make_udta_text(&udta,
                       "\xa9"
                       "day",
                       "2024-03-16T11:20:30+0100");
        make_movie(&b, &(make_movie_options){
                           .major = "qt  ", .created = march, .udta = udta, .boxes = meta});
        read_blob(b);
        assert_fact(&r, ALICE_FACT_MAKE, "Apple");
        assert_fact(&r, ALICE_FACT_MODEL, "iPhone 13 Pro");
        assert_fact(&r, ALICE_FACT_SOFTWARE, "17.3");
        assert_fact(&r, ALICE_FACT_CONTENT_ID, "6C2E-11");
        assert_date(&r, ALICE_DATE_QUICKTIME, "2024-03-15 11:20:30 +60");
        assert_true(r.facts.placed);
        assert_int_equal(r.facts.latitude, 481000);
        assert_int_equal(r.facts.longitude, 115000);
        blob_free(&meta);
        blob_free(&udta);
        blob_free(&b);
    }
}

static void test_itunes_items(void **state)
{
    static const make_pair pairs[] = {{"\xa9too", "Lavf60.16.100"},
                                      {"\xa9"
                                       "day",
                                       "2024-03-15"},
                                      {"com.android.manufacturer", "Google"}};
    blob udta = {0}, b = {0};
    (void)state;
    make_meta_itunes(&udta, pairs, 3);
    make_movie(&b, &(make_movie_options){.major = "isom", .udta = udta});
    read_blob(b);
    assert_fact(&r, ALICE_FACT_SOFTWARE, "Lavf60.16.100");
    assert_fact(&r, ALICE_FACT_MAKE, "Google");
    assert_int_equal(r.info.dates[ALICE_DATE_QUICKTIME].date.day, 15);
    blob_free(&udta);
    blob_free(&b);
}

static void test_utf16_text(void **state)
{
    static const uint8_t model[] = {0, 0, 0, 0, 0x15, 0xc7, 0xfe, 0xff, 0, 'Z', 0, 0xe9, 0, 0};
    blob udta = {0}, b = {0};
    (void)state;
    size_t at = make_box(&udta, "modl");
    blob_add(&udta, model, sizeof model);
    make_box_end(&udta, at);
    make_movie(&b, &(make_movie_options){.major = "3gp4", .udta = udta});
    read_blob(b);
    assert_fact(&r, ALICE_FACT_MODEL, "Z\xc3\xa9");
    blob_free(&udta);
    blob_free(&b);
}

/* The text beside a video made from nodes. */
static void test_graph_in_comment(void **state)
{
    static const char graph[] =
        "{\"prompt\": \"{\\\"3\\\": {\\\"class_type\\\": \\\"KSampler\\\", \\\"inputs\\\": "
        "{\\\"seed\\\": 7, \\\"steps\\\": 20}}}\", \"workflow\": {\"nodes\": []}}";
    const make_pair itunes[] = {{"\xa9"
                                 "cmt",
                                 graph}},
                    keys[] = {{"comment", graph}};
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        blob meta = {0}, b = {0};
        if (way == 0)
            make_meta_itunes(&meta, itunes, 1);
        else
            make_meta_keys(&meta, true, keys, 1);
        make_movie(&b, &(make_movie_options){.major = "isom", .udta = meta});
        read_blob(b);
        assert_ok(r.status);
        assert_int_equal(r.info.generator, ALICE_GEN_COMFYUI);
        blob_free(&meta);
        blob_free(&b);
    }
}

static void test_xmp_in_movies(void **state)
{
    blob xmp = {0}, tail = {0}, b = {0};
    (void)state;
    make_xmp(&xmp, "xmp:CreateDate=\"2024-03-15T10:20:30Z\"", NULL);
    blob_u8(&xmp, 0);
    make_uuid_xmp(&tail, (const char *)xmp.p);
    make_movie(&b, &(make_movie_options){.major = "mp42", .mdat_bytes = 100, .tail = tail});
    read_blob(b);
    assert_ok(r.status);
    assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-15 10:20:30 +0");
    blob_free(&xmp);
    blob_free(&tail);
    blob_free(&b);
}

/* ---- pictures ---- */

static void make_picture(blob *b, make_heif_options o, bool texts)
{
    blob exif = {0}, xmp = {0};
    if (texts) {
        make_exif(&exif, &(make_exif_options){.make = "Apple",
                                              .model = "iPhone 7",
                                              .date_time_original = "2024:03:15 10:20:30"});
        make_xmp(&xmp, "xmp:CreateDate=\"2024-03-14T10:20:30Z\"", NULL);
        blob_u8(&xmp, 0);
        o.exif = exif;
        o.xmp = (const char *)xmp.p;
    }
    make_heif(b, &o);
    blob_free(&exif);
    blob_free(&xmp);
}

static void assert_picture(alice_media_type type, uint32_t width, uint32_t height)
{
    assert_ok(r.status);
    assert_int_equal(r.info.type, type);
    assert_int_equal(r.info.width, width);
    assert_int_equal(r.info.height, height);
    assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");
    assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-14 10:20:30 +0");
    assert_fact(&r, ALICE_FACT_MAKE, "Apple");
    assert_fact(&r, ALICE_FACT_MODEL, "iPhone 7");
}

static void test_heif(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 6; way++) {
        blob b = {0};
        make_heif_options o = {.width = 4032, .height = 3024, .others = 48};
        o.iloc_version = way < 3 ? way : 1;
        o.in_idat = way == 3;
        o.grid = way == 4;
        o.split = way == 5;
        make_picture(&b, o, true);
        read_blob(b);
        assert_picture(ALICE_MEDIA_HEIC, 4032, 3024);
        read_media(&r, &alice__format_bmff, b.p, b.n, 64);
        assert_picture(ALICE_MEDIA_HEIC, 4032, 3024);
        blob_free(&b);
    }
}

static void test_heif_turned(void **state)
{
    blob b = {0};
    (void)state;
    make_picture(&b,
                 (make_heif_options){.major = "avif",
                                     .compatible = "avifmif1",
                                     .width = 4032,
                                     .height = 3024,
                                     .turns = 3},
                 true);
    read_blob(b);
    assert_picture(ALICE_MEDIA_AVIF, 3024, 4032);
    blob_free(&b);
}

static void test_cr3(void **state)
{
    blob ifd0 = {0}, exif = {0}, b = {0};
    static const make_tag original = {
        .ifd = MAKE_IFD0, .tag = 0x9003, .text = "2024:03:15 10:20:30"};
    (void)state;
    make_exif(&ifd0, &(make_exif_options){.make = "Canon", .model = "Canon EOS R6"});
    make_exif(&exif, &(make_exif_options){.tags = &original, .tag_count = 1});
    make_cr3(&b, ifd0, exif, NULL);
    read_blob(b);
    assert_ok(r.status);
    assert_int_equal(r.info.type, ALICE_MEDIA_CR3);
    assert_fact(&r, ALICE_FACT_MAKE, "Canon");
    assert_fact(&r, ALICE_FACT_MODEL, "Canon EOS R6");
    assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");
    assert_int_equal(r.info.width, 1620);
    blob_free(&ifd0);
    blob_free(&exif);
    blob_free(&b);
}

/* ---- damage ---- */

/* Read an exact-size copy, so that a byte too far is seen. */
static void read_exactly(const uint8_t *p, size_t n, size_t head)
{
    uint8_t *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, p, n);
    read_media(&r, &alice__format_bmff, copy, n, head);
    free(copy);
}

static void make_sample(blob *b, unsigned kind)
{
    static const make_pair pairs[] = {{"com.apple.quicktime.make", "Apple"},
                                      {"comment", "{\"prompt\": {}}"}};
    blob meta = {0}, udta = {0};
    make_meta_keys(&meta, true, pairs, 2);
    make_meta_itunes(&udta,
                     (const make_pair[]){{"\xa9"
                                          "cmt",
                                          "hello"},
                                         {"workflow", "{}"}},
                     2);
    make_udta_text(&udta, "\xa9mod", "Model");
    make_udta_3gpp(&udta, "auth", "me");
    if (kind == 0)
        make_movie(b, &(make_movie_options){.major = "isom",
                                            .created = march,
                                            .width = 64,
                                            .height = 48,
                                            .mdat_bytes = 32,
                                            .mdat_first = true,
                                            .udta = udta,
                                            .boxes = meta});
    else if (kind == 1)
        make_picture(b, (make_heif_options){.width = 64, .height = 48, .grid = true}, true);
    else
        make_cr3(b, (blob){0}, (blob){0}, NULL);
    blob_free(&meta);
    blob_free(&udta);
}

/* Each length ends in a value or a named error. */
static void test_cut_at_every_length(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 3; kind++) {
        blob b = {0};
        make_sample(&b, kind);
        for (size_t n = 0; n < b.n; n++) {
            read_exactly(b.p, n, 65536);
            read_exactly(b.p, n, 40);
            assert_true(r.status <= ALICE_OK);
        }
        blob_free(&b);
    }
}

/* Each byte set to each of some values: nothing runs wild. */
static void test_every_byte_bent(void **state)
{
    static const uint8_t bent[] = {0x00, 0x01, 0x7f, 0xff};
    (void)state;
    for (unsigned kind = 0; kind < 3; kind++) {
        blob b = {0};
        make_sample(&b, kind);
        for (size_t i = 0; i < b.n; i++) {
            uint8_t was = b.p[i];
            for (size_t k = 0; k < sizeof bent; k++) {
                b.p[i] = bent[k];
                read_exactly(b.p, b.n, 65536);
            }
            b.p[i] = was;
        }
        blob_free(&b);
    }
}

/* Boxes in boxes in boxes, and a million empty ones: both end soon. */
static void test_hostile_nesting(void **state)
{
    blob b = {0};
    (void)state;
    make_ftyp(&b, "isom", NULL);
    for (unsigned i = 0; i < 20000; i++) {
        blob_be32(&b, (20000 - i) * 8);
        blob_text(&b, i % 2 ? "udta" : "meta");
    }
    read_blob(b);
    assert_status(r.status, ALICE_E_DAMAGED);
    blob_free(&b);

    make_ftyp(&b, "isom", NULL);
    for (unsigned i = 0; i < 1000000; i++)
        make_box_end(&b, make_box(&b, "free"));
    read_media(&r, &alice__format_bmff, b.p, b.n, 65536);
    assert_status(r.status, ALICE_E_DAMAGED);
    assert_in_range(r.fetches, 0, 20000);
    blob_free(&b);
}

static void test_movie_without_header(void **state)
{
    blob b = {0};
    (void)state;
    make_ftyp(&b, "isom", NULL);
    size_t at = make_box(&b, "mdat");
    blob_zeros(&b, 100);
    make_box_end(&b, at);
    b.n -= 50; /* the recording was cut */
    read_blob(b);
    assert_status(r.status, ALICE_E_DAMAGED);
    assert_int_equal(r.info.type, ALICE_MEDIA_MP4);
    assert_non_null(strstr(r.info.reason, "cut short"));
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_by_brand),
        cmocka_unit_test(test_what_is_no_movie),
        cmocka_unit_test(test_movie_header),
        cmocka_unit_test(test_turned_and_coded_sizes),
        cmocka_unit_test(test_epochs),
        cmocka_unit_test(test_moov_at_the_end),
        cmocka_unit_test(test_udta),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_itunes_items),
        cmocka_unit_test(test_utf16_text),
        cmocka_unit_test(test_graph_in_comment),
        cmocka_unit_test(test_xmp_in_movies),
        cmocka_unit_test(test_heif),
        cmocka_unit_test(test_heif_turned),
        cmocka_unit_test(test_cr3),
        cmocka_unit_test(test_cut_at_every_length),
        cmocka_unit_test(test_every_byte_bent),
        cmocka_unit_test(test_hostile_nesting),
        cmocka_unit_test(test_movie_without_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
