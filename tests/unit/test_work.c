/* SPDX-License-Identifier: MIT */
/*
 * Files made to cost much work, measured by what was done, not by the clock: the
 * same value is read once, each kind of work has its allowance, what was cut short
 * is said, and a request to stop ends the reading.
 */
#include "read_media.h"

#include "make_boxes.h"
#include "make_media.h"
#include "media/analyze.h"
#include "media/blocks/exif.h"
#include "organize/probe.h"
#include "tree.h"
#include "media/formats/format.h"

#include <alice/budget.h>

enum { HEAD = 65536, SHORT = 3, LONG = 4, ASCII = 2, UNDEFINED = 7 };

static void le_entry(blob *b, unsigned tag, unsigned type, uint32_t count, uint32_t value)
{
    blob_le16(b, tag);
    blob_le16(b, type);
    blob_le32(b, count);
    blob_le32(b, value);
}

/* A TIFF header, then a directory of `n` entries of one tag that point at one value of `size`
 * bytes behind it, or each one byte further. */
static blob pointing_tiff(unsigned tag, unsigned type, unsigned n, blob value, bool shifted)
{
    blob b = {0};
    blob_text(&b, "II*");
    blob_u8(&b, 0);
    blob_le32(&b, 8);
    blob_le16(&b, n + 2);
    le_entry(&b, 0x0100, SHORT, 1, 4);
    le_entry(&b, 0x0101, SHORT, 1, 4);
    uint32_t at = (uint32_t)(8 + 2 + 12 * (n + 2) + 4);
    for (unsigned i = 0; i < n; i++)
        le_entry(&b, tag, type, (uint32_t)value.n - (shifted ? n : 0), at + (shifted ? i : 0));
    blob_le32(&b, 0);
    blob_add(&b, value.p, value.n);
    return b;
}

/* 47 EXIF directories of 1,024 comments each. */
static blob many_comments(size_t text, bool shifted)
{
    enum { DIRS = 47, ENTRIES = 1024 };
    blob b = {0};
    blob_text(&b, "II*");
    blob_u8(&b, 0);
    blob_le32(&b, 8);
    blob_le16(&b, DIRS + 2);
    uint32_t first = 8 + 2 + 12 * (DIRS + 2) + 4, each = 2 + 12 * ENTRIES + 4;
    le_entry(&b, 0x0100, SHORT, 1, 4);
    le_entry(&b, 0x0101, SHORT, 1, 4);
    for (uint32_t i = 0; i < DIRS; i++)
        le_entry(&b, 0x8769, LONG, 1, first + i * each);
    blob_le32(&b, 0);
    uint32_t at = first + DIRS * each;
    for (uint32_t i = 0; i < DIRS * ENTRIES; i++) {
        if (i % ENTRIES == 0)
            blob_le16(&b, ENTRIES);
        le_entry(&b, 0x9286, UNDEFINED, (uint32_t)text, at + (shifted ? i : 0));
        if (i % ENTRIES == ENTRIES - 1)
            blob_le32(&b, 0);
    }
    blob_text(&b, "ASCII");
    blob_zeros(&b, 3);
    while (b.n < at + text + (shifted ? DIRS * ENTRIES : 0))
        blob_u8(&b, 'x');
    return b;
}

static uint64_t done(const reading *r, alice__work_kind kind)
{
    return r->facts.work.done[kind];
}

static void within(const reading *r)
{
    for (unsigned k = 0; k < ALICE__WORK_KINDS; k++)
        assert_true(done(r, k) <= alice__work_most(k));
}

static void a_text_is_read_once(void **state)
{
    static reading r;
    (void)state;
    blob b = many_comments(60000, false);
    read_media(&r, &alice__format_tiff, b.p, b.n, HEAD);
    assert_ok(r.status);
    assert_true(done(&r, ALICE__WORK_EVIDENCE) >= 59000);
    assert_true(done(&r, ALICE__WORK_EVIDENCE) < 2 * 60000);
    assert_int_equal(done(&r, ALICE__WORK_ENTRIES), 47 * 1024 + 47 + 2);
    assert_string_equal(r.info.reason, "");
    blob_free(&b);
}

static void texts_have_an_allowance(void **state)
{
    static reading r;
    (void)state;
    blob b = many_comments(60000, true);
    read_media(&r, &alice__format_tiff, b.p, b.n, HEAD);
    within(&r);
    assert_true(r.facts.work.cut[ALICE__WORK_EVIDENCE]);
    assert_string_equal(r.info.reason, "texts beyond 12 MB are not read");
    assert_int_equal(r.info.width, 4);
    blob_free(&b);
}

/* A packet of `n` bytes. */
static blob packet(size_t n)
{
    static const char end[] = "</rdf:RDF></x:xmpmeta>";
    blob b = {0};
    while (b.n < 1000) /* it may begin with blanks: also shifted it is one */
        blob_u8(&b, ' ');
    blob_text(&b, "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='"
                  "http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
                  "xmlns:q='urn:q'/>");
    while (b.n + sizeof end - 1 < n)
        blob_u8(&b, ' ');
    blob_text(&b, end);
    return b;
}

static void a_packet_is_read_once(void **state)
{
    static reading r;
    (void)state;
    blob x = packet(900000), b = pointing_tiff(0x02bc, 1, 1000, x, false);
    read_media(&r, &alice__format_tiff, b.p, b.n, HEAD);
    assert_ok(r.status);
    assert_true(done(&r, ALICE__WORK_XMP) >= 899000 && done(&r, ALICE__WORK_XMP) < 910000);
    blob_free(&b);

    b = pointing_tiff(0x02bc, 1, 1000, x, true);
    read_media(&r, &alice__format_tiff, b.p, b.n, HEAD);
    within(&r);
    assert_string_equal(r.info.reason, "XMP beyond 8 MB is not read");
    blob_free(&b);
    blob_free(&x);
}

static void iptc_is_read_once(void **state)
{
    static reading r;
    static const unsigned tags[] = {0x83bb, 0x8649};
    (void)state;
    for (size_t t = 0; t < 2; t++) {
        blob iptc = {0};
        if (t == 1) {
            blob_text(&iptc, "8BIM");
            blob_be16(&iptc, 0x0404);
            blob_be16(&iptc, 0);
            blob_be32(&iptc, 50000);
        }
        while (iptc.n < 50000) {
            blob_be16(&iptc, 0x1c02);
            blob_u8(&iptc, 120);
            blob_be16(&iptc, 5);
            blob_text(&iptc, "words");
        }
        blob b = pointing_tiff(tags[t], UNDEFINED, 1000, iptc, false);
        read_media(&r, &alice__format_tiff, b.p, b.n, HEAD);
        assert_ok(r.status);
        assert_true(done(&r, ALICE__WORK_IPTC) >= 49000);
        assert_true(done(&r, ALICE__WORK_IPTC) <= 51000);
        blob_free(&b);

        /* Shifted, each is a block of its own; all but few begin with no dataset. */
        b = pointing_tiff(tags[t], UNDEFINED, 1000, iptc, true);
        read_media(&r, &alice__format_tiff, b.p, b.n, HEAD);
        within(&r);
        blob_free(&b);
        blob_free(&iptc);
    }
}

/* `items` items of 65,535 extents each, whose fields have no bytes. */
static void extents_of_nothing_end_their_list(void **state)
{
    static reading r;
    (void)state;
    blob b = {0};
    make_ftyp(&b, "heic", "mif1");
    size_t meta = make_box(&b, "meta");
    blob_zeros(&b, 4);
    size_t iloc = make_box(&b, "iloc");
    blob_zeros(&b, 4);
    blob_be16(&b, 0); /* no bytes of offset, length, base */
    blob_be16(&b, 60000);
    for (unsigned i = 0; i < 60000; i++) {
        blob_be16(&b, i + 1);
        blob_be16(&b, 0);
        blob_be16(&b, 65535);
    }
    make_box_end(&b, iloc);
    make_box_end(&b, meta);
    read_media(&r, &alice__format_bmff, b.p, b.n, HEAD);
    within(&r);
    assert_int_equal(done(&r, ALICE__WORK_EXTENTS), 60000);
    blob_free(&b);
}

static void properties_have_an_allowance(void **state)
{
    static reading r;
    (void)state;
    blob x = {0};
    blob_text(&x, "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' "
                  "xmlns:q='urn:q'><rdf:Description>");
    for (int i = 0; i < 1000000; i++)
        blob_text(&x, "<q:a/>");
    blob_text(&x, "</rdf:Description></rdf:RDF>");
    blob b = pointing_tiff(0x02bc, 1, 1, x, false);
    read_media(&r, &alice__format_tiff, b.p, b.n, HEAD);
    within(&r);
    assert_string_equal(r.info.reason, "entries beyond 100000 are not read");
    blob_free(&b);
    blob_free(&x);
}

/* 48,000 entries, each with 48 numbers that lie elsewhere. */
static void numbers_have_an_allowance(void **state)
{
    static reading r;
    (void)state;
    blob numbers = {0};
    for (int i = 0; i < 48; i++)
        blob_le32(&numbers, 9);
    blob b = {0};
    blob_text(&b, "II*");
    blob_u8(&b, 0);
    blob_le32(&b, 8);
    uint32_t each = 2 + 12 * 1024 + 4, at = 8 + 47 * each;
    for (uint32_t d = 0; d < 47; d++) {
        blob_le16(&b, 1024);
        for (int i = 0; i < 1024; i++)
            le_entry(&b, 0x014a, LONG, 48, at);
        blob_le32(&b, 8 + (d + 1) * each);
    }
    blob_add(&b, numbers.p, numbers.n);
    read_media(&r, &alice__format_tiff, b.p, b.n, HEAD);
    within(&r);
    assert_string_equal(r.info.reason,
                        "it points here and there: beyond 64 MB nothing is read");
    blob_free(&b);
    blob_free(&numbers);
}

/* ---- stopping ---- */

typedef struct stopper {
    unsigned asked, at;
} stopper;

static bool asked(void *ctx)
{
    stopper *s = ctx;
    return ++s->asked >= s->at;
}

static void a_stop_ends_it(void **state)
{
    (void)state;
    blob b = many_comments(60000, true);
    for (unsigned at = 1; at < 20000; at = at * 3 + 1) {
        alice__analyzer *a = NULL;
        stopper s = {.at = at};
        alice_media_info info;
        alice__file_facts file = {.name = "a.tif", .now_s = READING_NOW};
        alice__input in = alice__input_of((alice_bytes){b.p, b.n});
        assert_ok(alice__analyzer_open(&a, NULL, 16384));
        alice__analyzer_stop(a, asked, &s);
        assert_status(alice__analyzer_read(a, &in, &file, &info), ALICE_E_CANCELLED);
        assert_int_equal(s.asked, at); /* nothing was begun afterwards */
        alice__analyzer_close(&a);
    }
    blob_free(&b);
}

/* The same through the ring of probes: files that take long, and a caller who wants to stop. */
static void a_stop_ends_the_probes(void **state)
{
    (void)state;
    char path[64];
    int top = tree_make_fast(path);
    assert_true(top >= 0);
    blob b = many_comments(60000, true);
    for (int i = 0; i < ALICE__GROUP; i++) {
        char name[8];
        snprintf(name, sizeof name, "%02d.tif", i);
        tree_file(top, name, b.p, b.n);
    }
    for (unsigned threads = 0; threads < 2; threads++) {
        alice_budget *budget = NULL;
        alice__prober *p = NULL;
        alice__walk *w = NULL;
        alice__entry e;
        stopper s = {.at = 1};
        assert_ok(alice_budget_open(&budget, &(alice_budget_options){.limit = 64 << 20}));
        alice__prober_options o = {.budget = budget,
                                   .threads = threads,
                                   .window = ALICE__GROUP,
                                   .text_bytes = 16384,
                                   .should_stop = asked,
                                   .stop_ctx = &s};
        assert_ok(alice__prober_open(&p, &o));
        assert_ok(alice__walk_open(&w, &(alice__walk_options){.root_fd = top}, NULL));
        while (alice__walk_next(w, &e) == ALICE_OK)
            alice__prober_add(p, e.folder, e.name);
        alice__prober_submit(p);
        alice_status last = ALICE_OK;
        for (alice__probe *file; (file = alice__prober_next(p)); alice__prober_release(p))
            last = file->status;
        assert_status(last, ALICE_E_CANCELLED);
        assert_true(s.asked >= 1);
        alice__walk_close(&w);
        alice__prober_close(&p);
        assert_ok(alice_budget_close(&budget, NULL));
    }
    blob_free(&b);
    close(top);
    tree_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_read_once),
        cmocka_unit_test(texts_have_an_allowance),
        cmocka_unit_test(a_packet_is_read_once),
        cmocka_unit_test(iptc_is_read_once),
        cmocka_unit_test(extents_of_nothing_end_their_list),
        cmocka_unit_test(properties_have_an_allowance),
        cmocka_unit_test(numbers_have_an_allowance),
        cmocka_unit_test(a_stop_ends_it),
        cmocka_unit_test(a_stop_ends_the_probes),
    };
    return cmocka_run_group_tests_name("work", tests, NULL, NULL);
}
