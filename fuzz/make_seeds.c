/* SPDX-License-Identifier: MIT */
/* Writes the seeds of our own making: make_seeds fuzz/corpus. Run again when a builder changes.
 */
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
    return 0;
}
