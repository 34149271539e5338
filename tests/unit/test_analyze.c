/* SPDX-License-Identifier: MIT */
/* The analyzer: type by content, notes on names, the chain over all sources, memory and its
 * faults. */
#include "test.h"

#include "faulty.h"
#include "make_boxes.h"
#include "make_media.h"
#include "media/analyze.h"
#include "media/names.h"

enum { NOW = 1767225600, TEXT = 16384 };

typedef struct file {
    blob b;
    size_t head;
    bool fails; /* every fetch */
    alice_media_info info;
    alice_status status;
} file;

static alice_status fetch(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    const file *f = ctx;
    if (f->fails)
        return ALICE_E_IO;
    *got = offset < f->b.n ? f->b.n - (size_t)offset : 0;
    if (*got > n)
        *got = n;
    if (*got > 0)
        memcpy(to, f->b.p + offset, *got);
    return ALICE_OK;
}

static void read_with(alice__analyzer *a, file *f, const char *name, const char *folders)
{
    alice__file_facts facts = {
        .name = name, .folders = folders, .mtime_s = NOW - 86400 * 3, .now_s = NOW};
    size_t head = f->head && f->head < f->b.n ? f->head : f->b.n;
    alice__input in = {.size = f->b.n, .head = {f->b.p, head}, .fetch = fetch, .ctx = f};
    f->status = alice__analyzer_read(a, &in, &facts, &f->info);
}

static void read_file(file *f, const char *name)
{
    alice__analyzer *a = NULL;
    assert_ok(alice__analyzer_open(&a, NULL, TEXT));
    read_with(a, f, name, "");
    f->info.fact[ALICE_FACT_MAKE].p = NULL; /* borrowed from what is closed now */
    alice__analyzer_close(&a);
    assert_null(a);
}

static void make_photo(blob *b)
{
    blob tiff = {0};
    make_exif(&tiff, &(make_exif_options){.make = "Acme",
                                          .model = "Box 1",
                                          .date_time_original = "2024:03:15 10:20:30",
                                          .offset_time_original = "+02:00"});
    make_jpeg_begin(b);
    make_jpeg_exif(b, tiff);
    make_jpeg_end(b, 64, 48);
    blob_free(&tiff);
}

static void make_drawing(blob *b)
{
    make_png_begin(b, 32, 16);
    make_png_itxt(b, "parameters",
                  "a red boat\nSteps: 9, Sampler: Euler a, Seed: 7, Size: 32x16", true);
    make_png_image(b, 32, 16);
    make_png_end(b);
}

static void content_decides(void **state)
{
    (void)state;
    file f = {0};
    make_photo(&f.b);
    read_file(&f, "a.JPG");
    assert_int_equal(f.info.type, ALICE_MEDIA_JPEG);
    assert_null(f.info.extension_note);
    assert_int_equal(f.info.date_source, ALICE_DATE_EXIF_ORIGINAL);
    assert_int_equal(f.info.date.zone_minutes, 120);
    assert_int_equal(f.info.width, 64);
    read_file(&f, "a.png");
    assert_int_equal(f.info.type, ALICE_MEDIA_JPEG);
    assert_string_equal(f.info.extension_note, "the content is jpeg, not what the name says");
    read_file(&f, "a");
    assert_null(f.info.extension_note);
    read_file(&f, "a.jfif");
    assert_null(f.info.extension_note);
    read_file(&f, "notes.txt");
    assert_int_equal(f.info.type, ALICE_MEDIA_JPEG);
    blob_free(&f.b);
}

static void what_is_no_media(void **state)
{
    (void)state;
    static const struct {
        const char *name, *content, *reason;
        bool note;
    } cases[] = {
        {"a.jpg", "", "the file is empty", false},
        {"a.txt", "", "the file is empty", false},
        {"a.mp4", "abc", "3 bytes are too few for mp4", true},
        {"a.jpg", "this is but a text, whatever its name",
         "the name says jpeg, the content does not", true},
        {"a.txt", "this is a text", "", false},
        {"a.xmp", "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", "", false},
        {".jpg", "this is a text with a name", "", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        file f = {.b = blob_of(cases[i].content)};
        read_file(&f, cases[i].name);
        assert_int_equal(f.status, ALICE_OK);
        assert_int_equal(f.info.status, ALICE_OK);
        assert_int_equal(f.info.type, ALICE_MEDIA_NONE);
        assert_string_equal(f.info.reason, cases[i].reason);
        assert_int_equal(f.info.extension_note != NULL, cases[i].note);
        blob_free(&f.b);
    }
}

static void damage_is_named(void **state)
{
    (void)state;
    file f = {0};
    make_photo(&f.b);
    f.b.n = 4;
    read_file(&f, "a.jpg");
    assert_int_equal(f.status, ALICE_OK);
    assert_int_equal(f.info.type, ALICE_MEDIA_JPEG);
    assert_int_equal(f.info.status, ALICE_E_DAMAGED);
    assert_true(f.info.reason[0] != 0);
    /* What else is known of it still stands. */
    assert_int_equal(f.info.date_source, ALICE_DATE_MTIME);
    blob_free(&f.b);
}

static void failing_reads_are_the_callers(void **state)
{
    (void)state;
    file f = {.head = 12, .fails = true};
    make_drawing(&f.b);
    read_file(&f, "a.png");
    assert_int_equal(f.status, ALICE_E_IO);
    assert_int_equal(f.info.type, ALICE_MEDIA_PNG);
    blob_free(&f.b);
}

static alice_status zone_answer;

static alice_status zone_file(const char *zone, void *to, size_t n, size_t *got)
{
    assert_string_equal(zone, "Europe/Paris");
    assert_true(n >= 512);
    memset(to, 0, 512);
    *got = zone_answer == ALICE_OK ? 0 : 512;
    return zone_answer;
}

/* A zone's file that is not there is passed over; one that cannot be read now is the caller's:
 * the day would be another when it can be. */
static void zones_that_cannot_be_read_are_the_callers(void **state)
{
    (void)state;
    blob udta = {0};
    file f = {0};
    make_udta_text(&udta, "\xa9xyz", "+48.8577+002.2950/");
    make_movie(&f.b, &(make_movie_options){
                         .major = "isom", .created = 1710546300u + 2082844800u, .udta = udta});
    alice__analyzer *a = NULL;
    assert_ok(alice__analyzer_open(&a, NULL, TEXT));
    const alice_status answers[] = {ALICE_OK, ALICE_E_SYSTEM, ALICE_E_ACCESS, ALICE_E_IO};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        alice__file_facts facts = {.name = "a.mp4", .now_s = NOW, .zone_file = zone_file};
        alice__input in = {.size = f.b.n, .head = {f.b.p, f.b.n}, .fetch = fetch, .ctx = &f};
        zone_answer = answers[i];
        assert_status(alice__analyzer_read(a, &in, &facts, &f.info), answers[i]);
        assert_null(f.info.zone_place);
    }
    alice__analyzer_close(&a);
    blob_free(&udta);
    blob_free(&f.b);
}

static void names_and_folders_join(void **state)
{
    (void)state;
    alice__analyzer *a = NULL;
    file f = {0};
    make_drawing(&f.b);
    assert_ok(alice__analyzer_open(&a, NULL, TEXT));
    read_with(a, &f, "Screenshot 2024-03-15 at 10.15.00.png", "trip/2024-03-16");
    assert_int_equal(f.info.date_source, ALICE_DATE_NAME);
    assert_int_equal(f.info.generator, ALICE_GEN_STABLEDIFFUSION);
    assert_memory_equal(f.info.fact[ALICE_FACT_PROMPT].p, "a red boat", 10);
    read_with(a, &f, "a.png", "trip/2024-03-16");
    assert_int_equal(f.info.date_source, ALICE_DATE_FOLDER);
    assert_int_equal(f.info.date.day, 16);
    read_with(a, &f, "a.png", NULL);
    assert_int_equal(f.info.date_source, ALICE_DATE_MTIME);
    alice__analyzer_close(&a);
    alice__analyzer_close(&a);
    alice__analyzer_close(NULL);
    blob_free(&f.b);
}

/* One file after another: nothing of the first is left in the second. */
static void files_do_not_mix(void **state)
{
    (void)state;
    alice__analyzer *a = NULL;
    file photo = {0}, drawing = {0};
    char source[64];
    make_photo(&photo.b);
    make_drawing(&drawing.b);
    assert_ok(alice__analyzer_open(&a, NULL, TEXT));
    for (int i = 0; i < 3; i++) {
        read_with(a, &photo, "a.jpg", "");
        alice__source_name(&photo.info, "a.jpg", source, sizeof source);
        assert_string_equal(source, "camera-acme-box-1");
        assert_int_equal(photo.info.generator, ALICE_GEN_NONE);
        assert_int_equal(photo.info.fact[ALICE_FACT_PROMPT].n, 0);
        read_with(a, &drawing, "a.png", "");
        alice__source_name(&drawing.info, "a.png", source, sizeof source);
        assert_string_equal(source, "stablediffusion");
        assert_int_equal(drawing.info.fact[ALICE_FACT_MAKE].n, 0);
    }
    alice__analyzer_close(&a);
    blob_free(&photo.b);
    blob_free(&drawing.b);
}

static alice_status scenario(const alice_alloc *alloc, file *photo, file *drawing)
{
    alice_env env = {.alloc = alloc};
    alice__analyzer *a = NULL;
    alice_status st = alice__analyzer_open(&a, &env, TEXT);
    if (st != ALICE_OK)
        return st;
    read_with(a, photo, "a.jpg", "");
    read_with(a, drawing, "a.png", "");
    st = photo->status != ALICE_OK ? photo->status : drawing->status;
    alice__analyzer_close(&a);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    file photo = {0}, drawing = {0};
    make_photo(&photo.b);
    make_drawing(&drawing.b);
    unsigned nth = 0;
    for (;; nth++) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        alice_status st = scenario(&alloc, &photo, &drawing);
        assert_int_equal(f.live_bytes, 0);
        assert_true(st == ALICE_OK || st == ALICE_E_NOMEM);
        if (!f.fired) {
            assert_int_equal(st, ALICE_OK);
            break;
        }
    }
    assert_true(nth >= 3); /* the analyzer, its memory, and what inflates */
    blob_free(&photo.b);
    blob_free(&drawing.b);
}

static void its_memory_is_what_it_says(void **state)
{
    (void)state;
    struct faulty f = {.nth = FAULTY_NEVER};
    alice_alloc alloc = faulty_alloc(&f);
    alice_env env = {.alloc = &alloc};
    alice__analyzer *a = NULL;
    assert_ok(alice__analyzer_open(&a, &env, 32768));
    assert_true(f.live_bytes < 200 * 1024);
    alice__analyzer_close(&a);
    assert_int_equal(f.live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_decides),
        cmocka_unit_test(what_is_no_media),
        cmocka_unit_test(damage_is_named),
        cmocka_unit_test(failing_reads_are_the_callers),
        cmocka_unit_test(zones_that_cannot_be_read_are_the_callers),
        cmocka_unit_test(names_and_folders_join),
        cmocka_unit_test(files_do_not_mix),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(its_memory_is_what_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
