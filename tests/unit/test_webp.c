/* SPDX-License-Identifier: MIT */
/* WebP: its three headers, and the metadata chunks behind the picture. */
#include "read_media.h"

#include "make_media.h"
#include "media/formats/format.h"

static reading r;

static void read_webp(blob *b)
{
    read_media(&r, &alice__format_webp, b->p, b->n, 40);
    blob_free(b);
}

static void sizes_of_the_three_headers(void **state)
{
    (void)state;
    blob b = {0};
    make_webp_begin(&b, 70000, 300);
    make_webp_end(&b);
    read_webp(&b);
    assert_ok(r.status);
    assert_int_equal(r.info.type, ALICE_MEDIA_WEBP);
    assert_int_equal(r.info.width, 70000);
    assert_int_equal(r.info.height, 300);

    blob_add(&b, "RIFF\0\0\0\0WEBP", 12);
    make_webp_chunk(&b, "VP8 ", "\x30\1\0\x9d\x01\x2a\x80\x02\xe0\x41", 10);
    read_webp(&b);
    assert_int_equal(r.info.width, 640);
    assert_int_equal(r.info.height, 480); /* the upper bits are a scale */

    blob_add(&b, "RIFF\0\0\0\0WEBP", 12);
    make_webp_chunk(&b, "VP8L", "\x2f\x7f\xc2\x77\x00", 5);
    read_webp(&b);
    assert_int_equal(r.info.width, 640);
    assert_int_equal(r.info.height, 480);
}

static void exif_with_and_without_its_name(void **state)
{
    (void)state;
    for (int named = 0; named < 2; named++) {
        blob tiff = {0}, b = {0};
        if (named)
            blob_add(&tiff, "Exif\0\0", 6);
        make_exif(&tiff, &(make_exif_options){.make = "Acme",
                                              .date_time_original = "2024:03:15 10:20:30"});
        make_webp_begin(&b, 8, 8);
        make_webp_chunk(&b, "ICCP", "odd", 3);
        make_webp_chunk(&b, "EXIF", tiff.p, tiff.n);
        make_webp_end(&b);
        read_webp(&b);
        assert_ok(r.status);
        assert_fact(&r, ALICE_FACT_MAKE, "Acme");
        assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");
        assert_string_equal(r.info.reason, "");
        blob_free(&tiff);
    }
}

/* As ComfyUI writes it: a graph of more than 64 KB in Make, another tag behind it. */
static void a_graph_longer_than_the_scratch(void **state)
{
    (void)state;
    blob graph = {0}, tiff = {0}, b = {0};
    blob_text(&graph, "workflow:{\"nodes\": [");
    for (int i = 0; i < 4000; i++)
        blob_text(&graph, "{\"type\": \"Note\", \"pos\": [1, 2]},");
    blob_text(&graph, "{\"type\": \"KSampler\"}]}");
    blob_u8(&graph, 0);
    assert_true(graph.n > 2 * ALICE__SCRATCH - 10000);
    make_exif(&tiff, &(make_exif_options){.make = (const char *)graph.p, .software = "s"});
    make_webp_begin(&b, 8, 8);
    make_webp_chunk(&b, "EXIF", tiff.p, tiff.n);
    make_webp_end(&b);
    read_webp(&b);
    assert_ok(r.status);
    assert_int_equal(r.info.generator, ALICE_GEN_COMFYUI);
    assert_fact(&r, ALICE_FACT_MAKE, "");
    assert_fact(&r, ALICE_FACT_SOFTWARE, "s");
    blob_free(&graph);
    blob_free(&tiff);
}

static void xmp_by_both_names(void **state)
{
    (void)state;
    static const char *const names[] = {"XMP ", "XMP\0"};
    for (int i = 0; i < 2; i++) {
        blob xmp = {0}, b = {0};
        make_xmp(&xmp, "xmp:CreateDate=\"2024-03-15T10:20:30Z\"", NULL);
        make_webp_begin(&b, 8, 8);
        make_webp_chunk(&b, names[i], xmp.p, xmp.n);
        make_webp_end(&b);
        read_webp(&b);
        assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-15 10:20:30 +0");
        blob_free(&xmp);
    }
}

static void damage_has_names(void **state)
{
    (void)state;
    blob b = {0};
    make_webp_begin(&b, 8, 8);
    make_webp_chunk(&b, "EXIF", "II*\0", 4);
    b.n -= 2;
    read_webp(&b);
    assert_int_equal(r.status, ALICE_E_DAMAGED);
    assert_int_equal(r.info.width, 8);
    blob_add(&b, "RIFF\0\0\0\0WEBP", 12);
    read_webp(&b);
    assert_int_equal(r.status, ALICE_E_DAMAGED);
    assert_string_equal(r.info.reason, "WebP: no picture");
}

static void cut_anywhere(void **state)
{
    (void)state;
    blob tiff = {0}, b = {0};
    make_exif(&tiff, &(make_exif_options){.make = "Acme"});
    make_webp_begin(&b, 8, 8);
    make_webp_chunk(&b, "EXIF", tiff.p, tiff.n);
    make_webp_end(&b);
    read_cut(&r, &alice__format_webp, b.p, b.n);
    blob_free(&b);
    blob_free(&tiff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_of_the_three_headers),
        cmocka_unit_test(exif_with_and_without_its_name),
        cmocka_unit_test(a_graph_longer_than_the_scratch),
        cmocka_unit_test(xmp_by_both_names),
        cmocka_unit_test(damage_has_names),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
