/* SPDX-License-Identifier: MIT */
/* EXIF blocks and the directories they are made of. */
#include "read_media.h"

#include "make_media.h"
#include "media/blocks/ifd.h"
#include "media/blocks/blocks.h"

static reading r;

static void begin(void)
{
    alice__facts_begin(&r.facts, &r.info, r.arena, sizeof r.arena, READING_NOW);
}

static void read_block(blob *b)
{
    begin();
    alice__exif_block(&r.facts, (alice_bytes){b->p, b->n});
    alice__facts_end(&r.facts);
}

/* The same block where it lies in a file, with nothing of it in the head. */
static void read_range(blob *b)
{
    alice__input in = {.size = b->n, .fetch = reading_fetch, .ctx = &r};
    alice__parse parse = {.scratch = r.scratch, .in = &in, .facts = &r.facts};
    begin();
    r.p = b->p;
    r.n = b->n;
    assert_ok(alice__exif_range(&parse, 0, b->n));
    alice__facts_end(&r.facts);
}

static const make_exif_options full = {
    .make = "Acme",
    .model = "Box 1",
    .software = "Box OS 7",
    .date_time = "2024:03:16 01:02:03",
    .date_time_original = "2024:03:15 10:20:30",
    .date_time_digitized = "2024:03:15 10:20:31",
    .offset_time = "+01:00",
    .offset_time_original = "-03:30",
};

static void check_full(void)
{
    assert_fact(&r, ALICE_FACT_MAKE, "Acme");
    assert_fact(&r, ALICE_FACT_MODEL, "Box 1");
    assert_fact(&r, ALICE_FACT_SOFTWARE, "Box OS 7");
    assert_string_equal(r.info.fact_from[ALICE_FACT_MAKE], "exif:Make");
    assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30 -210");
    assert_date(&r, ALICE_DATE_EXIF_DIGITIZED, "2024-03-15 10:20:31");
    assert_date(&r, ALICE_DATE_EXIF_MODIFIED, "2024-03-16 01:02:03 +60");
    assert_int_equal(r.info.date_source, ALICE_DATE_EXIF_ORIGINAL);
    assert_string_equal(r.info.reason, "");
}

static void both_orders_both_widths_memory_and_file(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        blob b = {0};
        make_exif_options o = full;
        o.big_endian = kind & 1;
        o.big_tiff = kind & 2;
        make_exif(&b, &o);
        read_block(&b);
        check_full();
        read_range(&b);
        check_full();
        assert_true(r.fetches > 0);
        blob_free(&b);
    }
}

/* A text in UTF-16, after the prefix that says so. */
static blob utf16_comment(const char *text, bool little, bool mark)
{
    blob b = {0};
    blob_add(&b, "UNICODE\0", 8);
    if (mark)
        little ? blob_le16(&b, 0xfeff) : blob_be16(&b, 0xfeff);
    for (; *text; text++)
        little ? blob_le16(&b, (unsigned char)*text) : blob_be16(&b, (unsigned char)*text);
    return b;
}

static const char parameters[] = "a box, cardboard\nNegative prompt: lid\nSteps: 20, Sampler: "
                                 "Euler a, Seed: 77, Model: boxes";

static void read_comment(const void *p, size_t n, bool big_endian)
{
    blob b = {0};
    make_tag tag = {.ifd = MAKE_EXIF, .tag = 0x9286, .bytes = p, .n = n};
    make_exif(&b, &(make_exif_options){.big_endian = big_endian, .tags = &tag, .tag_count = 1});
    read_block(&b);
    blob_free(&b);
}

static void comments_are_read_in_every_encoding(void **state)
{
    (void)state;
    /* Writers use either order of bytes whatever the block's is. */
    for (int kind = 0; kind < 8; kind++) {
        blob c = utf16_comment(parameters, kind & 1, kind & 2);
        read_comment(c.p, c.n, kind & 4);
        blob_free(&c);
        assert_int_equal(r.info.generator, ALICE_GEN_STABLEDIFFUSION);
        assert_fact(&r, ALICE_FACT_PROMPT, "a box, cardboard");
        assert_fact(&r, ALICE_FACT_SEED, "77");
    }
    static const char *const prefixes[] = {"ASCII\0\0\0", "\0\0\0\0\0\0\0\0", "JIS\0\0\0\0\0"};
    for (size_t i = 0; i < 4; i++) {
        blob c = {0};
        if (i < 3)
            blob_add(&c, prefixes[i], 8);
        blob_text(&c, parameters);
        read_comment(c.p, c.n, false);
        blob_free(&c);
        assert_fact(&r, ALICE_FACT_PROMPT, "a box, cardboard");
    }
}

static void surrogates_pair_and_strays_do_no_harm(void **state)
{
    (void)state;
    blob c = {0};
    blob_add(&c, "UNICODE\0", 8);
    blob_le16(&c, 0xd83d); /* U+1F4E6, a package */
    blob_le16(&c, 0xdce6);
    blob_le16(&c, 0xd83d); /* alone */
    for (const char *p = parameters; *p; p++)
        blob_le16(&c, (unsigned char)*p);
    blob_u8(&c, 'x'); /* half a unit */
    read_comment(c.p, c.n, false);
    blob_free(&c);
    assert_fact(&r, ALICE_FACT_PROMPT,
                "\xf0\x9f\x93\xa6\xef\xbf\xbd"
                "a box, cardboard");
}

static void graphs_in_camera_fields_are_no_cameras(void **state)
{
    (void)state;
    blob b = {0};
    make_exif(&b, &(make_exif_options){
                      .make = "workflow:{\"nodes\": []}",
                      .model = "prompt:{\"3\": {\"class_type\": \"KSampler\", "
                               "\"inputs\": {\"seed\": 9, \"positive\": [\"6\", 0]}}, "
                               "\"6\": {\"class_type\": \"CLIPTextEncode\", "
                               "\"inputs\": {\"text\": \"a box\"}}}"});
    read_block(&b);
    blob_free(&b);
    assert_fact(&r, ALICE_FACT_MAKE, "");
    assert_fact(&r, ALICE_FACT_MODEL, "");
    assert_int_equal(r.info.generator, ALICE_GEN_COMFYUI);
}

static void the_thumbnail_does_not_speak(void **state)
{
    (void)state;
    blob b = {0};
    make_tag tags[] = {
        {.ifd = MAKE_IFD1, .tag = 0x010f, .text = "Thumb"},
        {.ifd = MAKE_IFD1, .tag = 0x0132, .text = "2001:01:01 00:00:00"},
    };
    make_exif(&b, &(make_exif_options){.model = "Box 1", .tags = tags, .tag_count = 2});
    read_block(&b);
    blob_free(&b);
    assert_fact(&r, ALICE_FACT_MAKE, "");
    assert_int_equal(r.info.date_source, ALICE_DATE_NOWHERE);
}

static void what_lies_outside_is_left_out(void **state)
{
    (void)state;
    blob b = {0};
    make_tag tags[] = {
        {.tag = 0x010f,
         .text = "Acme Incorporated",
         .count = 100000}, /* longer than the block */
        {.tag = 0x0131, .text = "sw"},
        {.tag = 0x0132, .type = 99, .text = "2001:01:01 00:00:00"}, /* no such type */
    };
    make_exif(&b, &(make_exif_options){.model = "Box 1", .tags = tags, .tag_count = 3});
    read_block(&b);
    blob_free(&b);
    assert_fact(&r, ALICE_FACT_MAKE, "");
    assert_fact(&r, ALICE_FACT_MODEL, "Box 1");
    assert_fact(&r, ALICE_FACT_SOFTWARE, "sw");
    assert_string_equal(r.info.reason, "EXIF: damaged, parts of it lie outside");
}

static void zeros_are_rejected_with_a_reason(void **state)
{
    (void)state;
    blob b = {0};
    make_exif(&b, &(make_exif_options){.date_time_original = "0000:00:00 00:00:00",
                                       .date_time = "2024:02:30 00:00:00"});
    read_block(&b);
    blob_free(&b);
    assert_int_equal(r.info.dates[ALICE_DATE_EXIF_ORIGINAL].verdict, ALICE_DATE_REJECTED);
    assert_non_null(r.info.dates[ALICE_DATE_EXIF_ORIGINAL].reason);
    assert_int_equal(r.info.dates[ALICE_DATE_EXIF_MODIFIED].verdict, ALICE_DATE_REJECTED);
    assert_int_equal(r.info.date_source, ALICE_DATE_NOWHERE);
}

/* ---- directories ---- */

static void count_entry(alice__ifd *t, const alice__ifd_entry *e, void *ctx)
{
    (void)t;
    (void)e;
    ++*(unsigned *)ctx;
}

static unsigned walk(blob *b, alice__ifd *t)
{
    unsigned seen = 0;
    alice__input in = alice__input_of((alice_bytes){b->p, b->n});
    *t = (alice__ifd){.in = &in, .size = b->n};
    assert_true(alice__ifd_open(t));
    alice__ifd_walk(t, count_entry, &seen);
    return seen;
}

static void chains_that_bite_their_tail_end(void **state)
{
    (void)state;
    alice__ifd t;
    blob b = {0};
    blob_add(&b, "II*\0\x8\0\0\0", 8);
    blob_le16(&b, 2);
    blob_add(&b, "\x69\x87\x4\0\1\0\0\0\x8\0\0\0", 12); /* the EXIF directory is this one */
    blob_add(&b, "\x4a\x1\x4\0\1\0\0\0\x8\0\0\0", 12);  /* and so is the sub-directory */
    blob_le32(&b, 8);                                   /* and the next */
    assert_int_equal(walk(&b, &t), 2);
    assert_int_equal(t.count, 1);
    blob_free(&b);
}

static void directories_and_entries_are_bounded(void **state)
{
    (void)state;
    alice__ifd t;
    blob b = {0};
    blob_add(&b, "II*\0\x8\0\0\0", 8);
    for (uint32_t i = 0; i < 1000; i++) { /* a chain of empty directories */
        blob_le16(&b, 0);
        blob_le32(&b, 8 + 6 * (i + 1));
    }
    assert_int_equal(walk(&b, &t), 0);
    assert_int_equal(t.count, ALICE__IFD_MOST);
    blob_free(&b);

    blob_add(&b, "II*\0\x8\0\0\0", 8);
    blob_le16(&b, 0xffff);
    blob_zeros(&b, 12 * 0xffff);
    assert_int_equal(walk(&b, &t), ALICE__IFD_ENTRIES);
    assert_true(t.damaged);
    blob_free(&b);
}

static void numbers_of_every_type(void **state)
{
    (void)state;
    uint8_t p[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4};
    alice__input in = alice__input_of((alice_bytes){p, sizeof p});
    alice__ifd t = {.in = &in, .size = sizeof p};
    assert_true(alice__ifd_open(&t));
    alice__ifd_entry e = {.type = 3, .count = 2, .n = 4, .offset = 14};
    assert_int_equal(alice__ifd_number(&t, &e, 0, 9), 0x0102);
    assert_int_equal(alice__ifd_number(&t, &e, 1, 9), 0x0304);
    assert_int_equal(alice__ifd_number(&t, &e, 2, 9), 9);
    e.type = 4;
    assert_int_equal(alice__ifd_number(&t, &e, 0, 9), 0x01020304);
    e.type = 1;
    assert_int_equal(alice__ifd_number(&t, &e, 3, 9), 4);
    e.type = 5; /* a fraction is no number here */
    assert_int_equal(alice__ifd_number(&t, &e, 0, 9), 9);
}

static void cut_anywhere(void **state)
{
    (void)state;
    blob b = {0};
    make_exif_options o = full;
    o.user_comment = parameters;
    make_exif(&b, &o);
    for (size_t cut = 0; cut < b.n; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1);
        assert_non_null(exact);
        memcpy(exact, b.p, cut);
        begin();
        alice__exif_block(&r.facts, (alice_bytes){exact, cut});
        alice__facts_end(&r.facts);
        if (cut > 0 && cut < b.n - 1) /* the last byte is padding */
            assert_true(r.info.reason[0] != 0);
        free(exact);
    }
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_orders_both_widths_memory_and_file),
        cmocka_unit_test(comments_are_read_in_every_encoding),
        cmocka_unit_test(surrogates_pair_and_strays_do_no_harm),
        cmocka_unit_test(graphs_in_camera_fields_are_no_cameras),
        cmocka_unit_test(the_thumbnail_does_not_speak),
        cmocka_unit_test(what_lies_outside_is_left_out),
        cmocka_unit_test(zeros_are_rejected_with_a_reason),
        cmocka_unit_test(chains_that_bite_their_tail_end),
        cmocka_unit_test(directories_and_entries_are_bounded),
        cmocka_unit_test(numbers_of_every_type),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
