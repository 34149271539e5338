/* SPDX-License-Identifier: MIT */
/* Fujifilm RAF: the JPEG inside, its EXIF, the picture's own size, and damage. */
#include "make_boxes.h"
#include "read_media.h"
#include "media/formats/format.h"

static reading r;

static void make_sample(blob *b, size_t offset)
{
    blob exif = {0}, jpeg = {0};
    make_exif(&exif, &(make_exif_options){.make = "FUJIFILM",
                                          .model = "X-T3",
                                          .date_time_original = "2024:03:15 10:20:30",
                                          .width = 1920,
                                          .height = 1280});
    make_jpeg_begin(&jpeg);
    make_jpeg_exif(&jpeg, exif);
    make_jpeg_end(&jpeg, 192, 128);
    make_raf(b, "X-T3 by its header", offset, jpeg, 6240, 4160);
    blob_free(&exif);
    blob_free(&jpeg);
}

static void test_raf(void **state)
{
    static const size_t offsets[] = {160, 5000, 70000};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        blob b = {0};
        make_sample(&b, offsets[i]);
        for (unsigned head = 200; head <= 65536; head += 65336) {
            read_media(&r, &alice__format_raf, b.p, b.n, head);
            assert_ok(r.status);
            assert_int_equal(r.info.type, ALICE_MEDIA_RAF);
            assert_int_equal(r.info.width, 6240);
            assert_int_equal(r.info.height, 4160);
            assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");
            assert_fact(&r, ALICE_FACT_MAKE, "FUJIFILM");
            assert_fact(&r, ALICE_FACT_MODEL, "X-T3");
        }
        blob_free(&b);
    }
}

static void test_damage(void **state)
{
    static const uint8_t bent[] = {0x00, 0x01, 0x7f, 0xff};
    blob b = {0};
    (void)state;
    make_sample(&b, 160);
    for (size_t n = 0; n < b.n; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, b.p, n);
        read_media(&r, &alice__format_raf, copy, n, 65536);
        free(copy);
        assert_true(n < 16 || r.info.type == ALICE_MEDIA_RAF);
        assert_true(n >= 160 || r.status != ALICE_OK);
    }
    for (size_t i = 0; i < b.n; i++) {
        uint8_t was = b.p[i];
        for (size_t k = 0; k < sizeof bent; k++) {
            b.p[i] = bent[k];
            read_media(&r, &alice__format_raf, b.p, b.n, 120);
        }
        b.p[i] = was;
    }
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_raf),
                                       cmocka_unit_test(test_damage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
