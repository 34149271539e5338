/* SPDX-License-Identifier: MIT */
/*
 * A file that was cut short is damaged, whatever its format, and still tells what stands before
 * the cut; a whole one is not, whatever its maker hung on behind it.
 */
#include "read_media.h"

#include "make_boxes.h"
#include "make_media.h"
#include "make_old.h"
#include "media/analyze.h"
#include "random.h"

enum { BIG = 200000, HEAD = 65536, SHORT = 600, BIG_GIF = 5 << 20 };

static alice_media_info info;

static void analyze(const uint8_t *p, size_t n, size_t head)
{
    static reading r;
    alice__analyzer *a = NULL;
    alice__file_facts file = {.name = "x", .now_s = READING_NOW};
    r.p = p;
    r.n = n;
    alice__input in = {
        .size = n, .head = {p, head < n ? head : n}, .fetch = reading_fetch, .ctx = &r};
    assert_ok(alice__analyzer_open(&a, NULL, 16384));
    assert_ok(alice__analyzer_read(a, &in, &file, &info));
    alice__analyzer_close(&a);
}

static void assert_whole(const char *what, const blob *b, size_t head)
{
    analyze(b->p, b->n, head);
    if (info.status != ALICE_OK || info.reason[0])
        fail_msg("%s is whole, and said to be damaged: %s", what, info.reason);
}

static void assert_cut(const char *what, const blob *b, size_t n, size_t head)
{
    analyze(b->p, n, head);
    if (info.status != ALICE_E_DAMAGED || !info.reason[0])
        fail_msg("%s, cut at %zu of %zu, is not said to be damaged", what, n, b->n);
}

/* ---- one of each format; pictures of BIG bytes ---- */

/* What an encoder writes: any bytes, 00 behind each FF. */
static void add_coded(blob *b, size_t n)
{
    struct random random = {.state = 42};
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = (uint8_t)random_next(&random);
        blob_u8(b, byte);
        if (byte == 0xff)
            blob_u8(b, 0);
    }
}

static void make_photo(blob *b, size_t coded)
{
    blob exif = {0};
    make_exif(&exif, &(make_exif_options){.make = "Acme",
                                          .model = "Box 1",
                                          .date_time_original = "2024:03:15 10:20:30"});
    make_jpeg_begin(b);
    make_jpeg_exif(b, exif);
    make_jpeg_end(b, 64, 48);
    b->n -= 2;
    add_coded(b, coded);
    blob_be16(b, 0xffd9);
    blob_free(&exif);
}

static void big_jpeg(blob *b)
{
    make_photo(b, BIG);
}

static void small_jpeg(blob *b)
{
    make_photo(b, 500);
}

static void png(blob *b)
{
    make_png_begin(b, 64, 48);
    make_png_image(b, 64, 48);
    make_png_end(b);
}

static void webp(blob *b)
{
    blob exif = {0};
    make_exif(&exif, &(make_exif_options){.make = "Acme"});
    make_webp_begin(b, 64, 48);
    make_webp_chunk(b, "EXIF", exif.p, exif.n);
    make_webp_end(b);
    blob_free(&exif);
}

static void gif(blob *b)
{
    make_gif_begin(b, 64, 48);
    make_gif_end(b, 64, 48);
}

/* Its frames are longer than what is read of them. */
static void big_gif(blob *b)
{
    make_gif_begin(b, 64, 48);
    blob_add(b, ",\0\0\0\0\x40\0\x30\0\0\2", 11);
    while (b->n < BIG_GIF) {
        blob_u8(b, 255);
        for (unsigned i = 0; i < 255; i++)
            blob_u8(b, i | 1);
    }
    blob_add(b, "\0;", 2);
}

static void heic(blob *b)
{
    blob exif = {0};
    make_exif(&exif, &(make_exif_options){.make = "Acme"});
    make_heif(b, &(make_heif_options){.width = 64, .height = 48, .exif = exif});
    blob_free(&exif);
}

/* Its data reach to the end of the file, as the box says: only the items know more. */
static void open_heic(blob *b)
{
    heic(b);
    for (size_t i = 0; i + 8 < b->n; i++)
        if (memcmp(b->p + i + 4, "mdat", 4) == 0)
            blob_put_be32(b, i, 0);
}

static void mp4(blob *b)
{
    make_movie(b, &(make_movie_options){.major = "isom",
                                        .compatible = "isommp42",
                                        .created = 3793343230,
                                        .width = 64,
                                        .height = 48,
                                        .mdat_bytes = 5000});
}

static void avi(blob *b)
{
    make_avi(b, &(make_avi_options){.width = 64, .height = 48, .movi_bytes = 5000});
}

/* OpenDML: more pictures behind the first RIFF. */
static void long_avi(blob *b)
{
    avi(b);
    size_t at = make_riff_list(b, "RIFF", "AVIX");
    blob_zeros(b, 5000);
    make_riff_end(b, at);
}

static void mkv(blob *b)
{
    make_matroska(b, &(make_matroska_options){
                         .width = 64, .height = 48, .clusters = 2, .cluster_bytes = 2000});
}

static void jxl(blob *b)
{
    blob exif = {0};
    make_exif(&exif, &(make_exif_options){.make = "Acme"});
    make_jxl_begin(b);
    make_jxl_exif(b, exif);
    size_t at = make_box(b, "jxlc");
    make_jxl_codestream(b, 64, 48, 0, 1);
    blob_zeros(b, 500);
    make_box_end(b, at);
    blob_free(&exif);
}

static void jp2(blob *b)
{
    make_jp2(b, 64, 48, (blob){0}, NULL);
}

static void wmv(blob *b)
{
    make_asf(b, 64, 48, true);
}

static void bmp(blob *b)
{
    make_bmp(b, 640, 480);
}

static void psd(blob *b)
{
    make_psd(b, 64, 48, (blob){0}, (blob){0}, NULL);
}

static void mrw(blob *b)
{
    blob exif = {0};
    make_exif(&exif, &(make_exif_options){.make = "Acme"});
    make_mrw(b, 64, 48, exif);
    blob_free(&exif);
}

static void raf(blob *b)
{
    blob jpeg = {0};
    make_photo(&jpeg, 500);
    make_raf(b, "Box 1", 160, jpeg, 64, 48);
    blob_free(&jpeg);
}

static void mts(blob *b)
{
    make_mts(b, 192, 0x0108, 0, 4);
}

static void flv(blob *b)
{
    make_flv(b, 64, 48, NULL);
}

static const struct made {
    const char *name;
    void (*make)(blob *b);
    size_t least; /* where nothing before tells that it is cut; 0: its second half */
} made[] = {
    {"a big JPEG", big_jpeg, 10000},
    {"a small JPEG", small_jpeg, 0},
    {"a PNG", png, 0},
    {"a WebP", webp, 0},
    {"a GIF", gif, 0},
    {"a big GIF", big_gif, 0},
    {"a HEIC", heic, 0},
    {"a HEIC with an open end", open_heic, 0},
    {"an MP4", mp4, 0},
    {"an AVI", avi, 0},
    {"a long AVI", long_avi, 0},
    {"an MKV", mkv, 0},
    {"a JPEG XL", jxl, 0},
    {"a JPEG 2000", jp2, 0},
    {"a WMV", wmv, 238},
    {"a BMP", bmp, 0},
    {"a PSD", psd, 0},
    {"an MRW", mrw, 0},
    {"a RAF", raf, 0},
    {"an MTS", mts, 800},
    {"an FLV", flv, 0},
};

static void what_is_cut_is_damaged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        blob b = {0};
        made[i].make(&b);
        size_t least = made[i].least ? made[i].least : b.n / 2;
        assert_whole(made[i].name, &b, HEAD);
        assert_whole(made[i].name, &b, SHORT);
        for (unsigned k = 0; k < 8; k++) {
            size_t n = least + (b.n - least) * k / 8;
            assert_cut(made[i].name, &b, n, HEAD);
            assert_cut(made[i].name, &b, n, SHORT);
        }
        blob_free(&b);
    }
}

static void what_stands_before_the_cut_is_told(void **state)
{
    (void)state;
    blob b = {0};
    big_jpeg(&b);
    assert_cut("a photo", &b, b.n / 2, HEAD);
    assert_int_equal(info.date.year, 2024);
    assert_int_equal(info.date_source, ALICE_DATE_EXIF_ORIGINAL);
    assert_int_equal(info.width, 64);
    assert_string_equal(info.reason, "JPEG: cut before its end");
    blob_free(&b);
}

/* ---- what stands behind a picture ---- */

static void add_film(blob *b)
{
    struct random random = {.state = 7};
    blob_add(b,
             "\0\0\0\x14"
             "ftypmp42\0\0\0\0mp42",
             20);
    for (unsigned i = 0; i < 30000; i++)
        blob_u8(b, (uint8_t)random_next(&random));
}

/* Tables of a film's header: numbers, some of which end in FF. */
static void add_tables(blob *b)
{
    for (unsigned i = 0; i < 3000; i++)
        blob_be32(b, i * 37 % 4096);
}

static void add_text(blob *b)
{
    for (unsigned i = 0; i < 1000; i++)
        blob_text(b, "<x:xmpmeta>\xC3\xA9 \xE4\xBD\xA0\xE5\xA5\xBD");
}

static void add_padding(blob *b)
{
    blob_zeros(b, 20000);
}

static void add_filling(blob *b)
{
    for (unsigned i = 0; i < 20000; i++)
        blob_u8(b, 0xff);
}

static void add_samsung(blob *b)
{
    blob_text(b, "SEFH and so on SEFT");
}

static void what_is_hung_on_is_no_damage(void **state)
{
    static const struct {
        const char *name;
        void (*add)(blob *b);
    } behind[] = {{"a film", add_film},         {"tables", add_tables},
                  {"a text", add_text},         {"padding", add_padding},
                  {"filling", add_filling},     {"Samsung's trailer", add_samsung},
                  {"another picture", big_jpeg}};
    (void)state;
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
        blob b = {0};
        big_jpeg(&b);
        behind[i].add(&b);
        assert_whole(behind[i].name, &b, HEAD);
        blob_free(&b);
    }
    /* Behind the last box of a film or a HEIC too, which need not be one. */
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        blob b = {0};
        if (made[i].make != mp4 && made[i].make != heic && made[i].make != avi)
            continue;
        made[i].make(&b);
        blob_text(&b, "no box at all, 1234");
        assert_whole(made[i].name, &b, HEAD);
        blob_free(&b);
    }
}

/* One look at the end, of a few KB, and none where the head is all. */
static void the_look_at_the_end_is_short(void **state)
{
    static reading r;
    (void)state;
    blob b = {0};
    big_jpeg(&b);
    read_media(&r, &alice__format_jpeg, b.p, b.n, HEAD);
    assert_int_equal(r.fetches, 1);
    blob_free(&b);
    small_jpeg(&b);
    read_media(&r, &alice__format_jpeg, b.p, b.n, HEAD);
    assert_int_equal(r.fetches, 0);
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_cut_is_damaged),
        cmocka_unit_test(what_stands_before_the_cut_is_told),
        cmocka_unit_test(what_is_hung_on_is_no_damage),
        cmocka_unit_test(the_look_at_the_end_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
