/* SPDX-License-Identifier: MIT */
/* Matroska and WebM: dates, sizes, tags wherever they stand, and damage. */
#include "make_boxes.h"
#include "read_media.h"
#include "media/formats/format.h"

static reading r;

static void read_options(const make_matroska_options *o, size_t head)
{
    blob b = {0};
    make_matroska(&b, o);
    read_media(&r, &alice__format_matroska, b.p, b.n, head);
    blob_free(&b);
}

/* 2024-03-15 10:20:30 UTC, in nanoseconds since 2001. */
static const int64_t march = (1710498030 - 978307200) * INT64_C(1000000000);

static void test_info_and_tracks(void **state)
{
    (void)state;
    read_options(&(make_matroska_options){.date_ns = march,
                                          .writing_app = "HandBrake 1.7",
                                          .width = 1920,
                                          .height = 1080,
                                          .clusters = 2,
                                          .cluster_bytes = 100},
                 65536);
    assert_ok(r.status);
    assert_int_equal(r.info.type, ALICE_MEDIA_MKV);
    assert_int_equal(r.info.width, 1920);
    assert_int_equal(r.info.height, 1080);
    assert_date(&r, ALICE_DATE_MATROSKA, "2024-03-15 10:20:30 +0");
    assert_fact(&r, ALICE_FACT_SOFTWARE, "HandBrake 1.7");
}

static void test_types(void **state)
{
    (void)state;
    read_options(&(make_matroska_options){.doctype = "webm", .width = 4, .height = 4}, 65536);
    assert_int_equal(r.info.type, ALICE_MEDIA_WEBM);
    read_options(&(make_matroska_options){.doctype = "other"}, 65536);
    assert_int_equal(r.info.type, ALICE_MEDIA_NONE);
}

static void test_before_2001(void **state)
{
    (void)state;
    read_options(&(make_matroska_options){.date_ns = -INT64_C(86400) * 1000000000 - 1}, 65536);
    assert_date(&r, ALICE_DATE_MATROSKA, "2000-12-30 23:59:59 +0");
}

static void test_tags_wherever(void **state)
{
    static const make_pair tags[] = {{"DATE_RECORDED", "2024-03-14 09:08:07"},
                                     {"com.apple.quicktime.make", "Apple"},
                                     {"COM.APPLE.QUICKTIME.MODEL", "iPhone 13"}};
    (void)state;
    for (unsigned way = 0; way < 16; way++) {
        read_options(&(make_matroska_options){.width = 64,
                                              .height = 48,
                                              .tags = tags,
                                              .tag_count = 3,
                                              .nested = way & 1,
                                              .value_first = way & 2,
                                              .tags_last = way & 4,
                                              .open = way & 8,
                                              .clusters = 10,
                                              .cluster_bytes = 1000},
                     256);
        assert_ok(r.status);
        assert_int_equal(r.info.width, 64);
        assert_date(&r, ALICE_DATE_MATROSKA, "2024-03-14 09:08:07");
        assert_fact(&r, ALICE_FACT_MAKE, "Apple");
        assert_fact(&r, ALICE_FACT_MODEL, "iPhone 13");
    }
}

/* A film of many clusters: with a list the tags are reached at once, without one the search
 * ends. */
static void test_long_film(void **state)
{
    static const make_pair tags[] = {{"MODEL", "M1"}};
    make_matroska_options o = {.width = 64,
                               .height = 48,
                               .tags = tags,
                               .tag_count = 1,
                               .tags_last = true,
                               .clusters = 20000,
                               .cluster_bytes = 10};
    (void)state;
    o.seek_head = true;
    read_options(&o, 4096);
    assert_ok(r.status);
    assert_fact(&r, ALICE_FACT_MODEL, "M1");
    assert_in_range(r.fetches, 1, 20);

    o.seek_head = false;
    read_options(&o, 4096);
    assert_ok(r.status);
    assert_int_equal(r.info.width, 64);
    assert_fact(&r, ALICE_FACT_MODEL, "");
    assert_in_range(r.fetches, 1, 1000);
}

static void test_graph_in_tags(void **state)
{
    static const make_pair tags[] = {
        {"PROMPT", "{\"3\": {\"class_type\": \"KSampler\", \"inputs\": {\"seed\": 7}}}"},
        {"WORKFLOW", "{\"nodes\": []}"}};
    (void)state;
    read_options(&(make_matroska_options){.tags = tags, .tag_count = 2, .tags_last = true},
                 65536);
    assert_ok(r.status);
    assert_int_equal(r.info.generator, ALICE_GEN_COMFYUI);
}

static void read_exactly(const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, p, n);
    read_media(&r, &alice__format_matroska, copy, n, 65536);
    read_media(&r, &alice__format_matroska, copy, n, 60);
    free(copy);
}

static void test_damage(void **state)
{
    static const make_pair tags[] = {{"COMMENT", "hello"}, {"DATE", "2024-03-15"}};
    static const uint8_t bent[] = {0x00, 0x01, 0x40, 0xff};
    blob b = {0};
    (void)state;
    make_matroska(&b, &(make_matroska_options){.date_ns = march,
                                               .width = 64,
                                               .height = 48,
                                               .tags = tags,
                                               .tag_count = 2,
                                               .nested = true,
                                               .tags_last = true,
                                               .seek_head = true,
                                               .clusters = 2,
                                               .cluster_bytes = 8});
    for (size_t n = 0; n < b.n; n++)
        read_exactly(b.p, n);
    for (size_t i = 0; i < b.n; i++) {
        uint8_t was = b.p[i];
        for (size_t k = 0; k < sizeof bent; k++) {
            b.p[i] = bent[k];
            read_exactly(b.p, b.n);
        }
        b.p[i] = was;
    }
    blob_free(&b);
}

/* Tags in tags without end: those too deep are passed over. */
static void test_nesting(void **state)
{
    blob b = {0};
    size_t open[64];
    (void)state;
    make_matroska(&b, &(make_matroska_options){.width = 4, .height = 4, .open = true});
    size_t tags = make_ebml(&b, 0x1254C367), tag = make_ebml(&b, 0x7373);
    for (size_t i = 0; i < 64; i++) {
        open[i] = make_ebml(&b, 0x67C8);
        if (i == 2) {
            make_ebml_text(&b, 0x45A3, "MODEL");
            make_ebml_text(&b, 0x4487, "third");
        }
    }
    for (size_t i = 64; i-- > 0;)
        make_ebml_end(&b, open[i]);
    make_ebml_end(&b, tag);
    make_ebml_end(&b, tags);
    read_media(&r, &alice__format_matroska, b.p, b.n, 65536);
    assert_ok(r.status);
    assert_fact(&r, ALICE_FACT_MODEL, "third");
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_info_and_tracks), cmocka_unit_test(test_types),
        cmocka_unit_test(test_before_2001),     cmocka_unit_test(test_tags_wherever),
        cmocka_unit_test(test_long_film),       cmocka_unit_test(test_graph_in_tags),
        cmocka_unit_test(test_damage),          cmocka_unit_test(test_nesting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
