/* SPDX-License-Identifier: MIT */
/* Stills and their films: motion photos, and the identifier of a Live Photo. */
#include "read_media.h"

#include "make_boxes.h"
#include "make_media.h"
#include "media/analyze.h"
#include "media/formats/format.h"

static const char film[] = "\0\0\0\x14"
                           "ftypmp42\0\0\0\0mp42 and so on, to its end";
enum { FILM = sizeof film - 1 };

static alice_media_info info;

/* Analyze with a head of `head` bytes; the texts of `info` are gone afterwards. */
static void analyze(const blob *b, size_t head)
{
    static reading r;
    alice__analyzer *a = NULL;
    alice__file_facts file = {.name = "a.jpg", .now_s = READING_NOW};
    r.p = b->p;
    r.n = b->n;
    alice__input in = {.size = b->n,
                       .head = {b->p, head < b->n ? head : b->n},
                       .fetch = reading_fetch,
                       .ctx = &r};
    assert_ok(alice__analyzer_open(&a, NULL, 16384));
    assert_ok(alice__analyzer_read(a, &in, &file, &info));
    alice__analyzer_close(&a);
}

static blob still(const char *make, const char *attributes, const char *inside)
{
    char packet[2048];
    blob exif = {0}, b = {0};
    make_exif(&exif, &(make_exif_options){.make = make});
    snprintf(packet, sizeof packet,
             "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
             "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
             "xmlns:GCamera='http://ns.google.com/photos/1.0/camera/' "
             "xmlns:C='http://ns.google.com/photos/1.0/container/' "
             "xmlns:I='http://ns.google.com/photos/1.0/container/item/' %s>%s"
             "</rdf:Description></rdf:RDF></x:xmpmeta>",
             attributes, inside);
    make_jpeg_begin(&b);
    make_jpeg_exif(&b, exif);
    make_jpeg_xmp(&b, packet);
    make_jpeg_end(&b, 16, 16);
    blob_free(&exif);
    return b;
}

static blob with_items(unsigned length, unsigned padding)
{
    char items[1024];
    snprintf(items, sizeof items,
             "<C:Directory><rdf:Seq><rdf:li rdf:parseType='Resource'><C:Item "
             "I:Mime='image/jpeg' I:Semantic='Primary' I:Length='0'/></rdf:li>"
             "<rdf:li rdf:parseType='Resource'><C:Item I:Mime='video/mp4' "
             "I:Semantic='MotionPhoto' I:Length='%u' I:Padding='%u'/></rdf:li></rdf:Seq>"
             "</C:Directory>",
             length, padding);
    return still("Acme", "GCamera:MotionPhoto='1'", items);
}

static void expect(uint64_t at, uint64_t n, const char *from)
{
    assert_int_equal(info.motion_at, at);
    assert_int_equal(info.motion_bytes, n);
    if (from)
        assert_string_equal(info.motion_source, from);
    else
        assert_null(info.motion_source);
}

static void motion_photos(void **state)
{
    (void)state;
    for (unsigned padding = 0; padding < 9; padding += 8) {
        blob b = with_items(FILM, padding);
        size_t at = b.n;
        blob_add(&b, film, FILM);
        blob_zeros(&b, padding);
        analyze(&b, 65536);
        expect(at, FILM, "xmp:MotionPhoto");
        analyze(&b, at - 4); /* the film has to be fetched */
        expect(at, FILM, "xmp:MotionPhoto");
        blob_free(&b);
    }
}

static void what_is_no_film_is_none(void **state)
{
    static const unsigned lengths[] = {FILM + 1, FILM - 1, 100000, 0, 4294967295u};
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        blob b = with_items(lengths[i], 0);
        blob_add(&b, film, FILM);
        analyze(&b, 65536);
        expect(0, 0, NULL);
        blob_free(&b);
    }
}

static void micro_videos(void **state)
{
    char text[64];
    (void)state;
    snprintf(text, sizeof text, "GCamera:MicroVideo='1' GCamera:MicroVideoOffset='%d'", FILM);
    blob b = still("Acme", text, "");
    size_t at = b.n;
    blob_add(&b, film, FILM);
    analyze(&b, 65536);
    expect(at, FILM, "xmp:MicroVideo");
    blob_free(&b);
}

static void samsung_block(blob *b, unsigned type, const char *name, const void *p, size_t n)
{
    blob_le16(b, 0);
    blob_le16(b, type);
    blob_le32(b, (uint32_t)strlen(name));
    blob_text(b, name);
    blob_add(b, p, n);
}

static void samsung_trailers(void **state)
{
    static const char name[] = "MotionPhoto_Data";
    (void)state;
    for (int others = 0; others < 2; others++) {
        blob b = still(others ? "Acme" : "samsung", "", "");
        size_t first = b.n;
        samsung_block(&b, 0x0a01, "Image_UTC_Data", "1710498030123", 13);
        size_t second = b.n;
        samsung_block(&b, 0x0a30, name, film, FILM);
        size_t sefh = b.n;
        blob_text(&b, "SEFH");
        blob_le32(&b, 107);
        blob_le32(&b, 2);
        blob_le32(&b, 0x0a01u << 16);
        blob_le32(&b, (uint32_t)(sefh - first));
        blob_le32(&b, (uint32_t)(second - first));
        blob_le32(&b, 0x0a30u << 16);
        blob_le32(&b, (uint32_t)(sefh - second));
        blob_le32(&b, (uint32_t)(sefh - second));
        blob_le32(&b, (uint32_t)(b.n - sefh));
        blob_text(&b, "SEFT");
        analyze(&b, 65536);
        if (others) /* nobody else's end is looked at */
            expect(0, 0, NULL);
        else
            expect(second + 8 + strlen(name), FILM, "samsung:MotionPhoto_Data");
        for (size_t cut = first; cut < b.n; cut++) {
            blob part = {.p = b.p, .n = cut};
            analyze(&part, 65536);
            expect(0, 0, NULL);
        }
        blob_free(&b);
    }
}

static void samsung_heic(void **state)
{
    (void)state;
    blob b = {0};
    make_heif(&b, &(make_heif_options){.width = 16, .height = 16});
    size_t box = make_box(&b, "mpvd"), at = b.n;
    blob_add(&b, film, FILM);
    make_box_end(&b, box);
    analyze(&b, 65536);
    expect(at, FILM, "samsung:mpvd");
    blob_free(&b);
}

/* ---- Live Photos ---- */

static blob apple_note(bool little, const char *id)
{
    blob b = {0};
    blob_add(&b, "Apple iOS\0\0\1", 12);
    blob_text(&b, little ? "II" : "MM");
    void (*u16)(blob *, unsigned) = little ? blob_le16 : blob_be16;
    void (*u32)(blob *, uint32_t) = little ? blob_le32 : blob_be32;
    u16(&b, 2);
    u16(&b, 0x0001);
    u16(&b, 9);
    u32(&b, 1);
    u32(&b, 14);
    u16(&b, 0x0011);
    u16(&b, 2);
    u32(&b, (uint32_t)strlen(id) + 1);
    u32(&b, 16 + 24 + 4);
    u32(&b, 0);
    blob_add(&b, id, strlen(id) + 1);
    return b;
}

static void a_live_photo_has_its_identifier(void **state)
{
    static reading r;
    static const char id[] = "6C2E1C5B-7B7A-4F5B-9C0E-3E9A4F1B2D11";
    (void)state;
    for (int little = 0; little < 2; little++) {
        blob note = apple_note(little, id), exif = {0}, b = {0};
        make_tag tag = {.ifd = MAKE_EXIF, .tag = 0x927c, .bytes = note.p, .n = note.n};
        make_exif(&exif,
                  &(make_exif_options){
                      .big_endian = true, .make = "Apple", .tags = &tag, .tag_count = 1});
        make_jpeg_begin(&b);
        make_jpeg_exif(&b, exif);
        make_jpeg_end(&b, 16, 16);
        read_media(&r, &alice__format_jpeg, b.p, b.n, 65536);
        assert_fact(&r, ALICE_FACT_CONTENT_ID, id);
        assert_string_equal(r.info.fact_from[ALICE_FACT_CONTENT_ID], "apple:ContentIdentifier");
        read_cut(&r, &alice__format_jpeg, b.p, b.n);
        blob_free(&b);
        make_heif(&b, &(make_heif_options){.width = 16, .height = 16, .exif = exif});
        read_media(&r, &alice__format_bmff, b.p, b.n, 64);
        assert_fact(&r, ALICE_FACT_CONTENT_ID, id);
        blob_free(&b);
        blob_free(&exif);
        blob_free(&note);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(motion_photos), cmocka_unit_test(what_is_no_film_is_none),
        cmocka_unit_test(micro_videos),  cmocka_unit_test(samsung_trailers),
        cmocka_unit_test(samsung_heic),  cmocka_unit_test(a_live_photo_has_its_identifier),
    };
    return cmocka_run_group_tests_name("motion", tests, NULL, NULL);
}
