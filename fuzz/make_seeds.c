/* SPDX-License-Identifier: MIT */
/* Writes the seeds of our own making: make_seeds fuzz/corpus. Run again when a builder changes.
 */
#include "make_boxes.h"
#include "make_old.h"
#include "make_media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *corpus;

static void save(const char *target, const char *name, blob *b)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", corpus, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", corpus, target, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(b->p, 1, b->n, f) != b->n || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
    blob_free(b);
}

static const make_exif_options full = {
    .make = "Acme",
    .model = "Box 1",
    .software = "Box OS 7",
    .artist = "A. Person",
    .description = "a box",
    .date_time = "2024:03:16 00:00:00",
    .date_time_original = "2024:03:15 10:20:30",
    .date_time_digitized = "2024:03:15 10:20:31",
    .offset_time = "+01:00",
    .offset_time_original = "+02:00",
    .user_comment =
        "a box, cardboard\nNegative prompt: lid\nSteps: 20, Sampler: Euler a, Seed: 7",
    .width = 64,
    .height = 48,
};

static const char xmp_fields[] = "xmp:CreateDate=\"2024-03-15T10:20:30+02:00\" "
                                 "xmp:CreatorTool=\"Box Studio 3\" "
                                 "photoshop:Credit=\"Made with Google AI\"";
static const char xmp_inside[] =
    "<exif:DateTimeOriginal>2024-03-15T10:20:30</exif:DateTimeOriginal>"
    "<Iptc4xmpExt:DigitalSourceType rdf:resource="
    "\"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia\"/>"
    "<dc:description><rdf:Alt><rdf:li xml:lang=\"x-default\">a &lt;box&gt;</rdf:li></rdf:Alt>"
    "</dc:description>";

static blob exif_of(bool big_endian, bool big_tiff)
{
    static const uint8_t unicode[] = "UNICODE\0a\0 \0b\0o\0x\0";
    static const uint8_t xp[] = "b\0o\0x\0\0";
    make_tag tags[] = {
        {.ifd = MAKE_IFD0, .tag = 0x9c9c, .type = 1, .bytes = xp, .n = sizeof xp - 1},
        {.ifd = MAKE_EXIF, .tag = 0x9286, .bytes = unicode, .n = sizeof unicode - 1},
        {.ifd = MAKE_IFD1, .tag = 0x0103, .type = 3, .number = 6},
        {.ifd = MAKE_SUB, .tag = 0x0106, .type = 3, .number = 32803},
    };
    make_exif_options o = full;
    blob b = {0};
    o.big_endian = big_endian;
    o.big_tiff = big_tiff;
    o.tags = tags;
    o.tag_count = sizeof tags / sizeof *tags;
    make_exif(&b, &o);
    return b;
}

static blob iptc_of(void)
{
    blob b = {0};
    make_iptc(&b, 2, 55, "20240315");
    make_iptc(&b, 2, 60, "102030+0200");
    make_iptc(&b, 2, 80, "A. Person");
    make_iptc(&b, 2, 110, "Made with Google AI");
    make_iptc(&b, 2, 65, "Box Studio");
    return b;
}

static blob xmp_of(void)
{
    blob b = {0};
    make_xmp(&b, xmp_fields, xmp_inside);
    return b;
}

static void jpeg_seeds(void)
{
    blob tiff = exif_of(false, false), iptc = iptc_of(), xmp = xmp_of(), jumbf = {0}, b = {0};
    blob_u8(&xmp, 0);
    make_jpeg_begin(&b);
    make_jpeg_exif(&b, tiff);
    make_jpeg_xmp(&b, (const char *)xmp.p);
    make_jpeg_iptc(&b, iptc);
    make_jpeg_comment(&b, "a comment");
    make_jpeg_end(&b, 64, 48);
    save("jpeg", "full", &b);

    make_jpeg_begin(&b);
    make_jpeg_xmp_extended(&b, (const char *)xmp.p, 300);
    make_jpeg_end(&b, 8, 8);
    save("jpeg", "xmp-extended", &b);

    blob_be32(&jumbf, 60);
    blob_text(&jumbf, "jumb");
    blob_be32(&jumbf, 30);
    blob_text(&jumbf, "jumdc2pa");
    blob_zeros(&jumbf, 44);
    make_jpeg_begin(&b);
    make_jpeg_jumbf(&b, jumbf, 20);
    make_jpeg_iptc(&b, iptc);
    make_jpeg_iptc(&b, iptc);
    make_jpeg_end(&b, 8, 8);
    save("jpeg", "pieces", &b);
    blob_free(&tiff);
    blob_free(&iptc);
    blob_free(&xmp);
    blob_free(&jumbf);
}

static void png_seeds(void)
{
    blob tiff = exif_of(true, false), xmp = xmp_of(), iptc = iptc_of(), profile = {0}, b = {0};
    blob_u8(&xmp, 0);
    make_png_begin(&b, 16, 9);
    make_png_text(&b, "Software", "Box Studio");
    make_png_text(&b, "Creation Time", "2024:03:15 10:20:30");
    make_png_ztxt(&b, "parameters", full.user_comment);
    make_png_itxt(&b, "Description", "a box", true);
    make_png_itxt(&b, "XML:com.adobe.xmp", (const char *)xmp.p, false);
    make_png_image(&b, 16, 9);
    make_png_text(&b, "prompt",
                  "{\"1\": {\"class_type\": \"KSampler\", \"inputs\": {\"seed\": 7}}}");
    make_png_end(&b);
    save("png", "texts", &b);

    make_png_begin(&b, 16, 9);
    make_png_chunk(&b, "acTL", "\0\0\0\1\0\0\0\0", 8);
    make_png_chunk(&b, "eXIf", tiff.p, tiff.n);
    blob_add(&profile, "Exif\0\0", 6);
    blob_add(&profile, tiff.p, tiff.n);
    make_png_profile(&b, "APP1", profile.p, profile.n);
    blob_free(&profile);
    make_photoshop(&profile, iptc);
    make_png_profile(&b, "iptc", profile.p, profile.n);
    make_png_image(&b, 16, 9);
    make_png_end(&b);
    save("png", "profiles", &b);
    blob_free(&profile);
    blob_free(&tiff);
    blob_free(&xmp);
    blob_free(&iptc);
}

static void riff_and_gif_seeds(void)
{
    blob tiff = exif_of(false, false), xmp = xmp_of(), b = {0};
    make_webp_begin(&b, 20, 10);
    make_webp_chunk(&b, "EXIF", tiff.p, tiff.n);
    make_webp_chunk(&b, "XMP ", xmp.p, xmp.n);
    make_webp_end(&b);
    save("webp", "full", &b);
    blob_u8(&xmp, 0);
    make_gif_begin(&b, 20, 10);
    make_gif_comment(&b, "a comment");
    make_gif_xmp(&b, (const char *)xmp.p);
    make_gif_end(&b, 20, 10);
    save("gif", "full", &b);
    blob_free(&tiff);
    blob_free(&xmp);
}

static void tiff_seeds(void)
{
    blob xmp = xmp_of(), iptc = iptc_of(), b = {0};
    make_tag tags[] = {
        {.ifd = MAKE_IFD0, .tag = 0x02bc, .type = 1, .bytes = xmp.p, .n = xmp.n},
        {.ifd = MAKE_IFD0, .tag = 0x83bb, .bytes = iptc.p, .n = iptc.n},
        {.ifd = MAKE_SUB, .tag = 0x0100, .number = 400},
        {.ifd = MAKE_SUB, .tag = 0x0101, .number = 300},
        {.ifd = MAKE_SUB, .tag = 0x0106, .type = 3, .number = 32803},
    };
    make_exif_options o = full;
    o.tags = tags;
    o.tag_count = sizeof tags / sizeof *tags;
    make_tiff(&b, &o, 16, 9);
    save("tiff", "little", &b);
    o.big_endian = true;
    o.make = "NIKON CORPORATION";
    make_tiff(&b, &o, 16, 9);
    save("tiff", "nef", &b);
    o.big_tiff = true;
    make_tiff(&b, &o, 16, 9);
    save("tiff", "big", &b);
    make_tag panasonic[] = {
        {.ifd = MAKE_IFD0, .tag = 4, .type = 3, .number = 2},
        {.ifd = MAKE_IFD0, .tag = 5, .type = 3, .number = 2},
        {.ifd = MAKE_IFD0, .tag = 6, .type = 3, .number = 302},
        {.ifd = MAKE_IFD0, .tag = 7, .type = 3, .number = 402},
    };
    o = (make_exif_options){
        .magic = 0x55, .make = "Panasonic", .tags = panasonic, .tag_count = 4};
    make_exif(&b, &o);
    save("tiff", "rw2", &b);
    blob_free(&xmp);
    blob_free(&iptc);
}

static void block_seeds(void)
{
    blob b = exif_of(false, false);
    save("exif", "little", &b);
    b = exif_of(true, false);
    save("exif", "big-endian", &b);
    b = exif_of(false, true);
    save("exif", "big-tiff", &b);
    b = iptc_of();
    blob photoshop = {0};
    make_photoshop(&photoshop, b);
    save("iptc", "datasets", &b);
    save("iptc", "photoshop", &photoshop);
    b = xmp_of();
    blob utf16 = {0};
    blob_le16(&utf16, 0xfeff);
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] < 0x80)
            blob_le16(&utf16, b.p[i]);
    save("xmp", "full", &b);
    save("xmp", "utf16", &utf16);
    b = blob_of("<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>");
    save("xmp", "entities", &b);
}

/* ---- containers ---- */

static const char graph[] =
    "{\"1\": {\"class_type\": \"KSampler\", \"inputs\": {\"seed\": 7}}}";

static const make_action actions[] = {
    {"c2pa.opened", NULL, "Box Studio", NULL, false},
    {"c2pa.edited", "http://x/compositeWithTrainedAlgorithmicMedia", "Box", "filled", true}};
static const make_action created[] = {
    {"c2pa.created", "http://x/trainedAlgorithmicMedia", "Box Model", "made", true}};

static blob c2pa_of(bool open)
{
    const make_manifest m[] = {
        {.label = "urn:1", .generator = "Model", .actions = created, .action_count = 1},
        {.label = "urn:2",
         .generator_info = "Box",
         .actions = actions,
         .action_count = 2,
         .parent = "urn:1",
         .component = "urn:1",
         .component_source_type = "http://x/trainedAlgorithmicMedia",
         .open = open}};
    blob b = {0};
    make_c2pa(&b, m, 2);
    return b;
}

static void movie_seeds(void)
{
    const make_pair keys[] = {{"com.apple.quicktime.make", "Acme"},
                              {"com.apple.quicktime.creationdate", "2024-03-15T10:20:30+0100"},
                              {"comment", graph}};
    const make_pair items[] = {{"\xa9too", "Box 7"},
                               {"\xa9"
                                "cmt",
                                graph},
                               {"workflow", graph}};
    blob xmp = xmp_of(), udta = {0}, meta = {0}, tail = {0}, b = {0};
    blob_u8(&xmp, 0);
    make_udta_text(&udta, "\xa9mod", "Box 1");
    make_udta_3gpp(&udta, "auth", "\xfe\xff\x30\x42");
    make_meta_itunes(&udta, items, 3);
    make_meta_keys(&meta, false, keys, 3);
    make_uuid_xmp(&tail, (const char *)xmp.p);
    make_movie(&b, &(make_movie_options){.major = "qt  ",
                                         .created = 3793342830u,
                                         .width = 64,
                                         .height = 48,
                                         .turns = 1,
                                         .mdat_first = true,
                                         .mdat_large = true,
                                         .mdat_bytes = 40,
                                         .udta = udta,
                                         .boxes = meta,
                                         .tail = tail});
    save("bmff", "movie", &b);
    make_movie(&b,
               &(make_movie_options){
                   .version = 1, .created = 1, .width = 8, .height = 8, .coded_only = true});
    save("bmff", "movie-old", &b);
    blob_free(&xmp);
    blob_free(&udta);
    blob_free(&meta);
    blob_free(&tail);
}

static void picture_seeds(void)
{
    blob tiff = exif_of(false, false), xmp = xmp_of(), c2pa = c2pa_of(false), b = {0};
    blob_u8(&xmp, 0);
    make_heif_options o = {.width = 64,
                           .height = 48,
                           .turns = 1,
                           .others = 2,
                           .exif = tiff,
                           .xmp = (const char *)xmp.p};
    make_heif(&b, &o);
    save("bmff", "heif", &b);
    o.iloc_version = 2;
    o.in_idat = o.grid = o.split = true;
    make_heif(&b, &o);
    save("bmff", "heif-idat", &b);
    make_heif(
        &b,
        &(make_heif_options){
            .major = "avif", .compatible = "avifmif1", .width = 8, .height = 8, .c2pa = c2pa});
    save("bmff", "avif-c2pa", &b);
    make_cr3(&b, tiff, tiff, NULL);
    save("bmff", "cr3", &b);
    blob_free(&tiff);
    blob_free(&xmp);
    blob_free(&c2pa);
}

static void jxl_seeds(void)
{
    blob tiff = exif_of(false, false), xmp = xmp_of(), c2pa = c2pa_of(true), exif = {0},
         b = {0};
    make_jxl_codestream(&b, 640, 480, 0, 6);
    save("jxl", "codestream", &b);
    blob_be32(&exif, 0);
    blob_add(&exif, tiff.p, tiff.n);
    for (unsigned packed = 0; packed < 2; packed++) {
        make_jxl_begin(&b);
        size_t at = make_box(&b, packed ? "jxlp" : "jxlc");
        if (packed)
            blob_be32(&b, 0);
        make_jxl_codestream(&b, 0, 1080, 5, 1);
        make_box_end(&b, at);
        if (packed) {
            make_jxl_packed(&b, "Exif", exif);
            make_jxl_packed(&b, "xml ", xmp);
        } else {
            make_jxl_exif(&b, tiff);
            blob_add(&b, c2pa.p, c2pa.n);
        }
        save("jxl", packed ? "packed" : "boxes", &b);
    }
    blob_free(&tiff);
    blob_free(&xmp);
    blob_free(&c2pa);
    blob_free(&exif);
}

static void film_seeds(void)
{
    const make_pair tags[] = {
        {"COMMENT", graph}, {"DATE_RECORDED", "2024-03-15"}, {"MAKE", "Acme"}};
    const make_pair info[] = {{"ISFT", "Box 7"}, {"ICMT", graph}};
    blob b = {0};
    make_matroska_options o = {.date_ns = 700000000000000000,
                               .writing_app = "Box 7",
                               .width = 64,
                               .height = 48,
                               .tags = tags,
                               .tag_count = 3,
                               .tags_last = true,
                               .seek_head = true,
                               .clusters = 2,
                               .cluster_bytes = 8};
    make_matroska(&b, &o);
    save("matroska", "film", &b);
    o.doctype = "webm";
    o.nested = o.value_first = o.open = true;
    make_matroska(&b, &o);
    save("matroska", "live", &b);
    make_avi(&b, &(make_avi_options){.width = 64,
                                     .height = 48,
                                     .idit = "Fri Mar 15 10:20:30 2024\n",
                                     .info = info,
                                     .info_count = 2,
                                     .info_last = true,
                                     .nikon_make = "Acme",
                                     .nikon_date = "2024:03:15 10:20:30",
                                     .movi_bytes = 9});
    save("avi", "film", &b);
}

static void raf_and_c2pa_seeds(void)
{
    blob tiff = exif_of(false, false), jpeg = {0}, b = {0};
    make_jpeg_begin(&jpeg);
    make_jpeg_exif(&jpeg, tiff);
    make_jpeg_end(&jpeg, 64, 48);
    make_raf(&b, "Box 1", 160, jpeg, 640, 480);
    save("raf", "full", &b);
    b = c2pa_of(false);
    save("c2pa", "closed", &b);
    b = c2pa_of(true);
    save("c2pa", "open", &b);
    blob_free(&tiff);
    blob_free(&jpeg);
}

/* Formats without a target of their own. */
static void old_seeds(void)
{
    blob b = {0}, exif = exif_of(true, false);
    make_bmp(&b, 64, 48);
    save("formats", "bmp", &b);
    make_psd(&b, 300, 200, exif, exif, "<x/>");
    save("formats", "psd", &b);
    make_jp2(&b, 300, 200, exif, "<x/>");
    save("formats", "jp2", &b);
    make_mrw(&b, 256, 192, exif);
    save("formats", "mrw", &b);
    make_crw(&b, "Canon", "Canon EOS D60", 3072, 2048);
    save("formats", "crw", &b);
    make_mts(&b, 192, 0x0108, 0x12, 1);
    save("formats", "mts", &b);
    make_mpg(&b, 720, 576);
    save("formats", "mpg", &b);
    make_asf(&b, 320, 240, true);
    save("formats", "wmv", &b);
    make_flv(&b, 640, 360, "Fri Mar 15 10:20:30 2024");
    save("formats", "flv", &b);
    blob jpeg = {0};
    make_jpeg_begin(&jpeg);
    make_jpeg_exif(&jpeg, exif);
    make_jpeg_end(&jpeg, 64, 48);
    make_x3f(&b, 64, 48, "SIGMA", "SIGMA SD14", jpeg);
    save("formats", "x3f", &b);
    make_kyocera(&b, "N DIGITAL");
    save("formats", "kyocera", &b);
    blob_add(&b, jpeg.p, jpeg.n);
    make_afcp(&b, true, exif);
    save("jpeg", "afcp", &b);
    blob_free(&jpeg);
    blob_free(&exif);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_seeds FOLDER\n");
        return 2;
    }
    corpus = argv[1];
    mkdir(corpus, 0777);
    jpeg_seeds();
    png_seeds();
    riff_and_gif_seeds();
    tiff_seeds();
    block_seeds();
    movie_seeds();
    picture_seeds();
    jxl_seeds();
    film_seeds();
    raf_and_c2pa_seeds();
    old_seeds();
    return 0;
}
