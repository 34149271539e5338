/* SPDX-License-Identifier: MIT */
/* PNG: texts in all their packings, profiles, and texts that are too long for anybody. */
#include "read_media.h"

#include "faulty.h"
#include "make_media.h"
#include "media/formats/format.h"

static reading r;

static void read_png(blob *b)
{
    read_media(&r, &alice__format_png, b->p, b->n, 64);
}

static void begin(blob *b)
{
    *b = (blob){0};
    make_png_begin(b, 16, 9);
}

static void end_and_read(blob *b)
{
    make_png_image(b, 16, 9);
    make_png_end(b);
    read_png(b);
    blob_free(b);
}

static const char parameters[] =
    "a box\nNegative prompt: lid\nSteps: 20, Sampler: Euler a, Seed: 77";

static void check_parameters(void)
{
    assert_ok(r.status);
    assert_string_equal(r.info.reason, "");
    assert_int_equal(r.info.generator, ALICE_GEN_STABLEDIFFUSION);
    assert_string_equal(r.info.generator_source, "png:parameters");
    assert_fact(&r, ALICE_FACT_PROMPT, "a box");
    assert_fact(&r, ALICE_FACT_NEGATIVE_PROMPT, "lid");
    assert_fact(&r, ALICE_FACT_SEED, "77");
}

static void texts_in_every_packing(void **state)
{
    (void)state;
    blob b;
    for (int kind = 0; kind < 5; kind++) {
        begin(&b);
        if (kind == 4) /* after the picture */
            make_png_image(&b, 16, 9);
        if (kind == 1)
            make_png_ztxt(&b, "parameters", parameters);
        else if (kind == 2 || kind == 3)
            make_png_itxt(&b, "parameters", parameters, kind == 3);
        else
            make_png_text(&b, "parameters", parameters);
        end_and_read(&b);
        check_parameters();
        assert_int_equal(r.info.width, 16);
        assert_int_equal(r.info.height, 9);
    }
}

static void software_and_creation_time_are_facts(void **state)
{
    static const char *const keys[] = {"Creation Time", "creation_time", "CreateDate"};
    (void)state;
    blob b;
    for (size_t i = 0; i < 3; i++) {
        begin(&b);
        make_png_itxt(&b, "Software", "Box Studio", true);
        make_png_text(&b, keys[i], "2024-03-15T10:20:30");
        end_and_read(&b);
        assert_fact(&r, ALICE_FACT_SOFTWARE, "Box Studio");
        assert_date(&r, ALICE_DATE_PNG, "2024-03-15 10:20:30");
    }
    /* The times of a copy are no capture dates. */
    begin(&b);
    make_png_text(&b, "date:create", "2024-03-15T10:20:30");
    make_png_chunk(&b, "tIME", "\x07\xe8\3\xf\xa\x14\x1e", 7);
    end_and_read(&b);
    assert_int_equal(r.info.date_source, ALICE_DATE_NOWHERE);
}

static void exif_new_and_old(void **state)
{
    static const char *const types[] = {"exif", "APP1"};
    (void)state;
    blob b, tiff = {0}, named = {0};
    make_exif(&tiff, &(make_exif_options){.big_endian = true,
                                          .make = "Acme",
                                          .date_time_original = "2024:03:15 10:20:30"});
    begin(&b);
    make_png_chunk(&b, "eXIf", tiff.p, tiff.n);
    end_and_read(&b);
    assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");

    blob_add(&named, "Exif\0\0", 6);
    blob_add(&named, tiff.p, tiff.n);
    for (int i = 0; i < 2; i++) {
        begin(&b);
        make_png_profile(&b, types[i], named.p, named.n);
        end_and_read(&b);
        assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");
        assert_fact(&r, ALICE_FACT_MAKE, "Acme");
    }
    blob_free(&tiff);
    blob_free(&named);
}

static void iptc_and_xmp(void **state)
{
    (void)state;
    blob b, iptc = {0}, photoshop = {0}, xmp = {0}, app1 = {0};
    make_iptc(&iptc, 2, 55, "20240315");
    make_photoshop(&photoshop, iptc);
    make_xmp(&xmp, "photoshop:DateCreated=\"2024-03-15\"", NULL);
    blob_u8(&xmp, 0);
    for (int i = 0; i < 2; i++) {
        begin(&b);
        make_png_profile(&b, "iptc", i ? iptc.p : photoshop.p, i ? iptc.n : photoshop.n);
        end_and_read(&b);
        assert_int_equal(r.info.date_source, ALICE_DATE_IPTC_CREATED);
        begin(&b);
        make_png_itxt(&b, "XML:com.adobe.xmp", (const char *)xmp.p, i);
        end_and_read(&b);
        assert_int_equal(r.info.date_source, ALICE_DATE_XMP_CREATED);
    }
    blob_add(&app1, "http://ns.adobe.com/xap/1.0/", 29);
    blob_add(&app1, xmp.p, xmp.n - 1);
    begin(&b);
    make_png_profile(&b, "APP1", app1.p, app1.n);
    end_and_read(&b);
    assert_int_equal(r.info.date_source, ALICE_DATE_XMP_CREATED);
    blob_free(&iptc);
    blob_free(&photoshop);
    blob_free(&xmp);
    blob_free(&app1);
}

static void animated(void **state)
{
    (void)state;
    blob b;
    begin(&b);
    make_png_chunk(&b, "acTL", "\0\0\0\1\0\0\0\0", 8);
    end_and_read(&b);
    assert_int_equal(r.info.type, ALICE_MEDIA_APNG);
}

static void a_wrong_checksum_is_a_warning(void **state)
{
    (void)state;
    blob b;
    begin(&b);
    size_t at = b.n;
    make_png_text(&b, "Software", "Box Studio");
    b.p[at + 8 + 9] ^= 1; /* the first letter of the text */
    end_and_read(&b);
    assert_ok(r.status);
    assert_string_equal(r.info.reason, "PNG: a text whose checksum is wrong");
}

/* An allocator that remembers the most it had out. */
typedef struct meter {
    alice_alloc alloc;
    size_t live, peak;
} meter;

static void *meter_resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    meter *m = ctx;
    void *now = NULL;
    if (new_size == 0)
        free(p);
    else
        now = realloc(p, new_size);
    m->live = m->live - old_size + new_size;
    m->peak = m->live > m->peak ? m->live : m->peak;
    return now;
}

static void what_inflates_without_end_is_cut(void **state)
{
    enum { LONG = 80 * 1024 * 1024 };
    (void)state;
    blob b;
    char *blanks = malloc(LONG + 1);
    assert_non_null(blanks);
    memset(blanks, ' ', LONG);
    blanks[LONG] = 0;
    begin(&b);
    make_png_ztxt(&b, "XML:com.adobe.xmp", blanks);
    free(blanks);
    make_png_text(&b, "Software", "is cut too");
    make_png_image(&b, 16, 9);
    make_png_end(&b);
    meter m = {.alloc = {meter_resize, &m}};
    alice_env env = {.alloc = &m.alloc};
    read_media_in(&r, &env, &alice__format_png, b.p, b.n, 64);
    blob_free(&b);
    assert_ok(r.status);
    assert_string_equal(r.info.reason, "PNG: texts of more than 64 MB, not read to their end");
    assert_int_equal(m.live, 0);
    assert_in_range(m.peak, 30000, 128 * 1024);
}

static void damage_has_names(void **state)
{
    (void)state;
    blob b;
    begin(&b);
    read_png(&b);
    assert_int_equal(r.status, ALICE_E_DAMAGED);
    assert_string_equal(r.info.reason, "PNG: no picture");
    make_png_image(&b, 16, 9);
    read_png(&b);
    assert_int_equal(r.status, ALICE_E_DAMAGED);
    assert_string_equal(r.info.reason, "PNG: cut before its end");
    /* A text that is cut still says what stands in it. */
    make_png_text(&b, "parameters", parameters);
    b.n -= 5;
    read_png(&b);
    assert_int_equal(r.info.generator, ALICE_GEN_STABLEDIFFUSION);
    assert_int_equal(r.status, ALICE_E_DAMAGED);
    blob_free(&b);
}

static void full_sample(blob *b)
{
    blob tiff = {0}, named = {0}, xmp = {0};
    make_exif(&tiff, &(make_exif_options){.make = "Acme"});
    blob_add(&named, "Exif\0\0", 6);
    blob_add(&named, tiff.p, tiff.n);
    make_xmp(&xmp, "xmp:CreatorTool=\"Box Studio\"", NULL);
    blob_u8(&xmp, 0);
    begin(b);
    make_png_ztxt(b, "parameters", parameters);
    make_png_profile(b, "exif", named.p, named.n);
    make_png_itxt(b, "XML:com.adobe.xmp", (const char *)xmp.p, true);
    make_png_image(b, 16, 9);
    make_png_end(b);
    blob_free(&tiff);
    blob_free(&named);
    blob_free(&xmp);
}

static void cut_anywhere(void **state)
{
    (void)state;
    blob b;
    full_sample(&b);
    read_cut(&r, &alice__format_png, b.p, b.n);
    blob_free(&b);
}

static void each_allocation_fails_once(void **state)
{
    (void)state;
    blob b;
    full_sample(&b);
    for (unsigned nth = 0;; nth++) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        alice_env env = {.alloc = &alloc};
        read_media_in(&r, &env, &alice__format_png, b.p, b.n, b.n);
        assert_int_equal(f.live_bytes, 0);
        assert_true(r.status == ALICE_OK || r.status == ALICE_E_NOMEM);
        if (!f.fired)
            break;
        /* What could not be read is told; what the parser came over is whole. */
        if (r.facts.denied == ALICE_OK)
            assert_fact(&r, ALICE_FACT_SOFTWARE, "Box Studio");
        else
            assert_true(r.info.reason[0] != 0);
        assert_int_equal(r.info.width, 16);
    }
    assert_string_equal(r.info.reason, "");
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_in_every_packing),
        cmocka_unit_test(software_and_creation_time_are_facts),
        cmocka_unit_test(exif_new_and_old),
        cmocka_unit_test(iptc_and_xmp),
        cmocka_unit_test(animated),
        cmocka_unit_test(a_wrong_checksum_is_a_warning),
        cmocka_unit_test(what_inflates_without_end_is_cut),
        cmocka_unit_test(damage_has_names),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(each_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
