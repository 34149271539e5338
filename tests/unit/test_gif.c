/* SPDX-License-Identifier: MIT */
/* GIF: size, comment, XMP, and frames that are only looked through so far. */
#include "read_media.h"

#include "make_media.h"
#include "media/formats/format.h"

static reading r;

static void comment_and_xmp(void **state)
{
    (void)state;
    blob b = {0}, xmp = {0};
    make_xmp(&xmp, "xmp:CreateDate=\"2024-03-15T10:20:30Z\"", NULL);
    blob_u8(&xmp, 0);
    make_gif_begin(&b, 300, 200);
    make_gif_comment(&b, "a box\nSteps: 20, Sampler: Euler a, Seed: 77"
                         "                                                            "
                         "                                                            "
                         "                                                            "
                         "                                                            ");
    make_gif_xmp(&b, (const char *)xmp.p);
    make_gif_end(&b, 300, 200);
    for (size_t head = 16; head <= b.n; head += b.n - 16) {
        read_media(&r, &alice__format_gif, b.p, b.n, head);
        assert_ok(r.status);
        assert_int_equal(r.info.type, ALICE_MEDIA_GIF);
        assert_int_equal(r.info.width, 300);
        assert_int_equal(r.info.height, 200);
        assert_int_equal(r.info.generator, ALICE_GEN_STABLEDIFFUSION);
        assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-15 10:20:30 +0");
        assert_string_equal(r.info.reason, "");
    }
    blob_free(&b);
    blob_free(&xmp);
}

static void texts_behind_a_frame(void **state)
{
    (void)state;
    blob b = {0};
    make_gif_begin(&b, 20, 10);
    make_gif_end(&b, 20, 10);
    b.n--; /* the trailer */
    make_gif_comment(&b, "a box\nSteps: 20, Sampler: Euler a, Seed: 77");
    blob_u8(&b, 0x3b);
    read_media(&r, &alice__format_gif, b.p, b.n, 32);
    assert_ok(r.status);
    assert_int_equal(r.info.generator, ALICE_GEN_STABLEDIFFUSION);
    blob_free(&b);
}

/* A file that says it is huge: every fetch inside is a block of data. */
static alice_status endless(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    uint64_t *read = ctx;
    (void)offset;
    *read += n;
    memset(to, 0xff, n);
    *got = n;
    return ALICE_OK;
}

static void an_endless_frame_is_left(void **state)
{
    (void)state;
    blob b = {0};
    uint64_t bytes = 0;
    make_gif_begin(&b, 20, 10);
    blob_add(&b, ",\0\0\0\0\x14\0\xa\0\0\2", 11);
    alice__input in = {
        .size = UINT64_C(1) << 40, .head = {b.p, b.n}, .fetch = endless, .ctx = &bytes};
    alice__parse parse = {.scratch = r.scratch, .in = &in, .facts = &r.facts};
    alice__facts_begin(&r.facts, &r.info, r.arena, sizeof r.arena, READING_NOW);
    assert_ok(alice__format_gif.read(&parse));
    assert_int_equal(r.info.width, 20);
    assert_in_range(bytes, 1, 8 * 1024 * 1024);
    blob_free(&b);
}

static void damage_has_names(void **state)
{
    (void)state;
    blob b = {0};
    make_gif_begin(&b, 20, 10);
    read_media(&r, &alice__format_gif, b.p, b.n, b.n);
    assert_int_equal(r.status, ALICE_E_DAMAGED);
    assert_string_equal(r.info.reason, "GIF: no picture");
    make_gif_end(&b, 20, 10);
    read_media(&r, &alice__format_gif, b.p, b.n - 1, b.n - 1);
    assert_int_equal(r.status, ALICE_E_DAMAGED);
    assert_string_equal(r.info.reason, "GIF: cut before its end");
    blob_free(&b);
}

static void cut_anywhere(void **state)
{
    (void)state;
    blob b = {0}, xmp = {0};
    make_xmp(&xmp, "xmp:CreateDate=\"2024-03-15T10:20:30Z\"", NULL);
    blob_u8(&xmp, 0);
    make_gif_begin(&b, 20, 10);
    make_gif_comment(&b, "a comment");
    make_gif_xmp(&b, (const char *)xmp.p);
    make_gif_end(&b, 20, 10);
    read_cut(&r, &alice__format_gif, b.p, b.n);
    blob_free(&b);
    blob_free(&xmp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comment_and_xmp),
        cmocka_unit_test(texts_behind_a_frame),
        cmocka_unit_test(an_endless_frame_is_left),
        cmocka_unit_test(damage_has_names),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
