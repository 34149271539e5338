/* SPDX-License-Identifier: MIT */
/*
 * Writes the fixtures of tests/golden/test_golden.py: make_fixtures FOLDER.
 *
 *   type/<type>/…        one file at least of each type
 *   date/<source>/…      one for each place where a date can stand
 *   gen/<generator>/…    one for each generator by evidence inside, and by name
 *   carrier/…            each block of metadata in each container that can have it
 *
 * The folder names what has to come out. Names of files avoid words that are
 * evidence themselves, but where the name is what is tested.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "make_boxes.h"
#include "make_old.h"

#define TYPE "http://cv.iptc.org/newscodes/digitalsourcetype/"
#define COUNT(a) (sizeof(a) / sizeof *(a))
#define DAY "2024:03:15 10:20:30"

static const char *top;

/* Write a file, with the folders it needs, and free its bytes. */
static void put(const char *path, blob *b)
{
    char full[1024];
    int n = snprintf(full, sizeof full, "%s/%s", top, path);
    if (n < 0 || (size_t)n >= sizeof full)
        abort();
    for (char *p = full + strlen(top) + 1; (p = strchr(p, '/')) != NULL; p++) {
        *p = 0;
        if (mkdir(full, 0755) != 0 && errno != EEXIST)
            abort();
        *p = '/';
    }
    FILE *f = fopen(full, "wb");
    if (!f || (b->n && fwrite(b->p, 1, b->n, f) != b->n) || fclose(f) != 0) {
        fprintf(stderr, "make_fixtures: cannot write %s\n", full);
        exit(1);
    }
    blob_free(b);
}

/* ---- pictures with one block each; they free the block ---- */

static const make_exif_options camera = {.make = "Acme",
                                         .model = "Box 1",
                                         .software = "Firm 2.0",
                                         .date_time_original = DAY,
                                         .offset_time_original = "+02:00"};

static blob exif_of(const make_exif_options *o)
{
    blob b = {0};
    make_exif(&b, o);
    return b;
}

static blob xmp_of(const char *fields)
{
    blob b = {0};
    make_xmp(&b, fields, NULL);
    blob_u8(&b, 0); /* some takers want a text */
    b.n--;
    return b;
}

static blob iptc_of(void)
{
    blob b = {0};
    make_iptc(&b, 2, 55, "20240315");
    make_iptc(&b, 2, 60, "102030+0200");
    return b;
}

static blob jpeg_with(blob exif, blob xmp)
{
    blob b = {0};
    make_jpeg_begin(&b);
    if (exif.n)
        make_jpeg_exif(&b, exif);
    if (xmp.n)
        make_jpeg_xmp(&b, (const char *)xmp.p);
    make_jpeg_end(&b, 64, 48);
    blob_free(&exif);
    blob_free(&xmp);
    return b;
}

static blob png_with(const make_pair *texts, size_t n)
{
    blob b = {0};
    make_png_begin(&b, 64, 48);
    for (size_t i = 0; i < n; i++)
        make_png_text(&b, texts[i].key, texts[i].text);
    make_png_image(&b, 64, 48);
    make_png_end(&b);
    return b;
}

static void put_jpeg_exif(const char *path, const make_exif_options *o)
{
    blob b = jpeg_with(exif_of(o), (blob){0});
    put(path, &b);
}

static void put_jpeg_xmp(const char *path, const char *fields)
{
    blob b = jpeg_with((blob){0}, xmp_of(fields));
    put(path, &b);
}

static void put_png(const char *path, const char *key, const char *text)
{
    make_pair pair = {key, text};
    blob b = png_with(&pair, key ? 1 : 0);
    put(path, &b);
}

static void put_plain(const char *path)
{
    put_png(path, NULL, NULL);
}

static blob c2pa_of(const char *generator, const make_action *actions, size_t n)
{
    blob b = {0};
    make_manifest m = {
        .label = "urn:uuid:1", .generator = generator, .actions = actions, .action_count = n};
    make_c2pa(&b, &m, 1);
    return b;
}

static void put_jpeg_c2pa(const char *path, const char *generator, const char *agent)
{
    make_action a = {"c2pa.created", TYPE "trainedAlgorithmicMedia", agent, NULL, false};
    blob jumbf = c2pa_of(generator, &a, 1), b = {0};
    make_jpeg_begin(&b);
    make_jpeg_jumbf(&b, jumbf, 200);
    make_jpeg_end(&b, 64, 48);
    blob_free(&jumbf);
    put(path, &b);
}

/* ---- types ---- */

static void put_raw(const char *path, const make_exif_options *more, bool dng)
{
    const make_tag tags[] = {
        {.tag = 0x00fe, .number = 1},
        {.ifd = MAKE_SUB, .tag = 0x0100, .number = 6000},
        {.ifd = MAKE_SUB, .tag = 0x0101, .number = 4000},
        {.ifd = MAKE_SUB, .tag = 0x00fe, .number = 0},
        {.ifd = MAKE_SUB, .tag = 0x0106, .type = 3, .number = 32803},
        {.ifd = MAKE_IFD0, .tag = 0xc612, .type = 1, .bytes = "\1\4\0\0", .n = 4},
    };
    make_exif_options o = *more;
    blob b = {0};
    o.model = "Box 1";
    o.date_time_original = DAY;
    o.tags = tags;
    o.tag_count = dng ? COUNT(tags) : COUNT(tags) - 1;
    make_tiff(&b, &o, 16, 9);
    put(path, &b);
}

static void put_cr2(void)
{
    /* A marker behind the header, the first directory behind that. */
    blob b = {0};
    blob_add(&b, "II*\0\x10\0\0\0CR\2\0\0\0\0\0", 16);
    blob_le16(&b, 3);
    blob_add(&b, "\0\1\3\0\1\0\0\0\x10\0\0\0", 12);
    blob_add(&b, "\1\1\3\0\1\0\0\0\x9\0\0\0", 12);
    blob_add(&b, "\x32\1\2\0\x14\0\0\0\x3a\0\0\0", 12); /* DateTime, at 58 */
    blob_le32(&b, 0);
    blob_add(&b, DAY, sizeof DAY);
    put("type/cr2/x.cr2", &b);
}

static void put_rw2(void)
{
    blob b = {0}, jpeg = jpeg_with(exif_of(&camera), (blob){0});
    make_tag tags[] = {
        {.tag = 0x0004, .type = 3, .number = 4},
        {.tag = 0x0005, .type = 3, .number = 8},
        {.tag = 0x0006, .type = 3, .number = 304},
        {.tag = 0x0007, .type = 3, .number = 408},
        {.tag = 0x002e, .bytes = jpeg.p, .n = jpeg.n},
    };
    make_exif_options o = {
        .magic = 0x55, .make = "Panasonic", .tags = tags, .tag_count = COUNT(tags)};
    make_exif(&b, &o);
    blob_free(&jpeg);
    put("type/rw2/x.rw2", &b);
}

static void put_raf(void)
{
    blob b = {0}, jpeg = jpeg_with(exif_of(&camera), (blob){0});
    make_raf(&b, "Box 1", 160, jpeg, 6240, 4160);
    blob_free(&jpeg);
    put("type/raf/x.raf", &b);
}

static void put_cr3(const char *path, const char *xmp)
{
    const make_tag original = {.ifd = MAKE_IFD0, .tag = 0x9003, .text = DAY};
    blob ifd0 = exif_of(&(make_exif_options){.make = "Canon", .model = "Canon EOS R6"});
    blob exif = exif_of(
             &(make_exif_options){.tags = xmp ? NULL : &original, .tag_count = xmp ? 0 : 1}),
         b = {0};
    make_cr3(&b, ifd0, exif, xmp);
    blob_free(&ifd0);
    blob_free(&exif);
    put(path, &b);
}

static void put_heif(const char *path, const make_heif_options *more, bool exif)
{
    make_heif_options o = *more;
    blob b = {0};
    o.width = 4032;
    o.height = 3024;
    if (exif)
        o.exif = exif_of(&camera);
    make_heif(&b, &o);
    blob_free(&o.exif);
    blob_free(&o.c2pa);
    put(path, &b);
}

static void put_jxl(const char *path, bool boxed, blob exif, const char *xmp, bool packed)
{
    blob b = {0};
    if (!boxed) {
        make_jxl_codestream(&b, 640, 480, 0, 1);
        put(path, &b);
        return;
    }
    make_jxl_begin(&b);
    if (exif.n && packed) {
        blob content = {0};
        blob_be32(&content, 0);
        blob_add(&content, exif.p, exif.n);
        make_jxl_packed(&b, "Exif", content);
        blob_free(&content);
    } else if (exif.n) {
        make_jxl_exif(&b, exif);
    }
    if (xmp) {
        size_t at = make_box(&b, "xml ");
        blob_text(&b, xmp);
        make_box_end(&b, at);
    }
    size_t at = make_box(&b, "jxlc");
    make_jxl_codestream(&b, 640, 480, 0, 1);
    make_box_end(&b, at);
    blob_free(&exif);
    put(path, &b);
}

static const make_movie_options movie = {.created = 2082844800u +
                                                    1710498030u, /* 2024-03-15 10:20:30 */
                                         .width = 1920,
                                         .height = 1080,
                                         .mdat_bytes = 200};

static void put_movie(const char *path, const char *major, const char *compatible,
                      const make_movie_options *more)
{
    make_movie_options o = *more;
    blob b = {0};
    o.major = major;
    o.compatible = compatible;
    make_movie(&b, &o);
    blob_free(&o.udta);
    blob_free(&o.boxes);
    blob_free(&o.tail);
    put(path, &b);
}

static void put_matroska(const char *path, const make_matroska_options *more)
{
    make_matroska_options o = *more;
    blob b = {0};
    o.width = 640;
    o.height = 360;
    o.clusters = 1;
    o.cluster_bytes = 64;
    make_matroska(&b, &o);
    put(path, &b);
}

static void put_avi(const char *path, const make_avi_options *more)
{
    make_avi_options o = *more;
    blob b = {0};
    o.width = 320;
    o.height = 240;
    o.movi_bytes = 64;
    make_avi(&b, &o);
    put(path, &b);
}

static void old_types(void)
{
    blob b = {0}, exif = exif_of(&camera);
    make_bmp(&b, 640, 480);
    put("type/bmp/x.bmp", &b);
    make_psd(&b, 300, 200, exif, (blob){0}, NULL);
    put("type/psd/x.psd", &b);
    make_jp2(&b, 300, 200, exif, NULL);
    put("type/jp2/x.jp2", &b);
    make_mrw(&b, 256, 192, exif);
    put("type/mrw/x.mrw", &b);
    make_crw(&b, "Canon", "Canon EOS D60", 3072, 2048);
    put("type/crw/x.crw", &b);
    put_raw("type/raw/x.kdc", &(make_exif_options){.make = "EASTMAN KODAK COMPANY"}, false);
    make_mts(&b, 192, 0x0108, 0, 4);
    put("type/mts/x.mts", &b);
    make_mpg(&b, 720, 576);
    put("type/mpg/x.mpg", &b);
    make_asf(&b, 320, 240, true);
    put("type/wmv/x.wmv", &b);
    make_flv(&b, 640, 360, NULL);
    put("type/flv/x.flv", &b);
    make_mts(&b, 188, 0x0103, 0x12, 40);
    put("date/h264.MDPM/x.m2t", &b);
    make_crw(&b, "Canon", "Canon EOS D60", 3072, 2048);
    put("date/ciff.TimeStamp/x.crw", &b);
    make_asf(&b, 320, 240, true);
    put("date/asf.CreationDate/x.wmv", &b);
    make_flv(&b, 640, 360, "Fri Mar 15 10:20:30 2024");
    put("date/flv.creationdate/x.flv", &b);
    make_x3f(&b, 2268, 1512, "SIGMA", "SIGMA SD9", (blob){0});
    put("date/x3f.TIME/x.x3f", &b);
    make_kyocera(&b, "N DIGITAL");
    put("date/kyocera.DateTimeOriginal/x.raw", &b);
    blob_free(&exif);
}

static void types(void)
{
    blob b = {0};
    put_jpeg_exif("type/jpeg/x.jpg", &camera);
    put_jpeg_exif("type/jpeg/by-content.txt", &camera);
    put_plain("type/png/x.png");
    make_png_begin(&b, 64, 48);
    make_png_chunk(&b, "acTL", "\0\0\0\2\0\0\0\0", 8);
    make_png_image(&b, 64, 48);
    make_png_end(&b);
    put("type/apng/x.png", &b);
    make_webp_begin(&b, 64, 48);
    make_webp_end(&b);
    put("type/webp/x.webp", &b);
    make_gif_begin(&b, 64, 48);
    make_gif_end(&b, 64, 48);
    put("type/gif/x.gif", &b);
    make_tiff(&b, &camera, 64, 48);
    put("type/tiff/x.tif", &b);
    make_tiff(&b, &(make_exif_options){.big_endian = true, .big_tiff = true, .make = "Acme"},
              64, 48);
    put("type/tiff/big.tif", &b);
    put_raw("type/dng/x.dng", &(make_exif_options){.make = "Acme"}, true);
    put_raw("type/nef/x.nef",
            &(make_exif_options){.make = "NIKON CORPORATION", .big_endian = true}, false);
    put_raw("type/arw/x.arw", &(make_exif_options){.make = "SONY"}, false);
    put_raw("type/pef/x.pef", &(make_exif_options){.make = "PENTAX", .big_endian = true},
            false);
    put_raw("type/srw/x.srw", &(make_exif_options){.make = "SAMSUNG"}, false);
    put_raw("type/orf/x.orf", &(make_exif_options){.make = "OLYMPUS", .magic = 0x4f52}, false);
    put_cr2();
    put_rw2();
    put_raf();
    put_cr3("type/cr3/x.cr3", NULL);
    put_heif("type/heic/x.heic", &(make_heif_options){0}, true);
    put_heif("type/heif/x.heif",
             &(make_heif_options){.major = "mif1", .compatible = "mif1", .iloc_version = 1},
             true);
    put_heif("type/avif/x.avif",
             &(make_heif_options){.major = "avif", .compatible = "mif1avif"}, true);
    put_jxl("type/jxl/bare.jxl", false, (blob){0}, NULL, false);
    put_jxl("type/jxl/boxed.jxl", true, exif_of(&camera), NULL, false);
    put_movie("type/mp4/x.mp4", "isom", "isommp42", &movie);
    put_movie("type/mov/x.mov", "qt  ", "qt  ", &movie);
    put_movie("type/mov/old.mov", NULL, NULL, &movie);
    put_movie("type/m4v/x.m4v", "M4V ", "M4V isom", &movie);
    put_movie("type/3gp/x.3gp", "3gp4", "3gp4isom", &movie);
    put_avi("type/avi/x.avi", &(make_avi_options){.idit = "Fri Mar 15 10:20:30 2024"});
    put_matroska("type/mkv/x.mkv",
                 &(make_matroska_options){.date_ns = INT64_C(732190830) * 1000000000});
    put_matroska("type/webm/x.webm",
                 &(make_matroska_options){.doctype = "webm",
                                          .date_ns = INT64_C(732190830) * 1000000000});
    old_types();
    b = blob_of("This is no picture.\n");
    put("type/none/text.jpg", &b);
    b = blob_of("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>");
    put("type/none/x.xmp", &b);
    put("type/none/empty.jpg", &b);
}

/* ---- dates: all better places are empty, a worse one has another day ---- */

static void dates(void)
{
    make_exif_options o = {.date_time = "2001:01:01 00:00:01", .date_time_digitized = DAY};
    put_jpeg_exif("date/exif.DateTimeDigitized/x.jpg", &o);
    o = (make_exif_options){.date_time_original = DAY,
                            .date_time_digitized = "2001:01:01 00:00:01",
                            .date_time = "2002:02:02 00:00:02"};
    put_jpeg_exif("date/exif.DateTimeOriginal/x.jpg", &o);
    o.offset_time_original = "-05:30";
    put_jpeg_exif("date/exif.DateTimeOriginal/zone.jpg", &o);
    o = (make_exif_options){.date_time = DAY};
    put_jpeg_exif("date/exif.DateTime/x.jpg", &o);
    o = (make_exif_options){.date_time_original = "0000:00:00 00:00:00",
                            .date_time_digitized = "2023:02:30 10:00:00",
                            .date_time = DAY};
    put_jpeg_exif("date/exif.DateTime/others-are-none.jpg", &o);
    /* 23:30 in New York is 03:30 of the next day in UTC. */
    static const uint8_t clock_utc[24] = {3, 0, 0, 0, 1, 0, 0, 0, 30, 0, 0,
                                          0, 1, 0, 0, 0, 9, 0, 0, 0,  1};
    const make_tag gps[] = {
        {.ifd = MAKE_GPS, .tag = 7, .type = 5, .count = 3, .bytes = clock_utc, .n = 24},
        {.ifd = MAKE_GPS, .tag = 29, .text = "2024:03:15"}};
    o = (make_exif_options){.date_time_original = "2000:01:01 00:00:00",
                            .date_time = "2001:01:01 00:00:01",
                            .tags = gps,
                            .tag_count = 2};
    put_jpeg_exif("date/exif.GPSDateTime/x.jpg", &o);
    o = (make_exif_options){
        .date_time_original = "2024:03:14 23:30:00", .tags = gps, .tag_count = 2};
    put_jpeg_exif("carrier/gps-zone.jpg", &o);
    put_jpeg_xmp("date/xmp.DateTimeOriginal/x.jpg",
                 "exif:DateTimeOriginal=\"2024-03-15T10:20:30+02:00\" "
                 "photoshop:DateCreated=\"2001-01-01\" xmp:CreateDate=\"2002-02-02\"");
    put_jpeg_xmp("date/xmp.DateCreated/x.jpg",
                 "photoshop:DateCreated=\"2024-03-15\" xmp:CreateDate=\"2002-02-02\"");
    put_jpeg_xmp("date/xmp.CreateDate/x.jpg", "xmp:CreateDate=\"2024-03-15T10:20:30Z\"");

    blob b = {0}, iptc = iptc_of();
    make_jpeg_begin(&b);
    make_jpeg_iptc(&b, iptc);
    make_jpeg_end(&b, 64, 48);
    blob_free(&iptc);
    put("date/iptc.DateCreated/x.jpg", &b);

    const make_pair created = {"com.apple.quicktime.creationdate", "2024-03-15T10:20:30+0200"};
    make_movie_options m = movie;
    m.created = 2082844800u + 1000000000u;
    make_meta_keys(&m.boxes, false, &created, 1);
    put_movie("date/quicktime.creationdate/x.mov", "qt  ", "qt  ", &m);
    put_movie("date/quicktime.mvhd/x.mp4", "isom", "isommp42", &movie);
    m = movie;
    m.version = 1;
    put_movie("date/quicktime.mvhd/64-bit.mp4", "isom", "isommp42", &m);
    m.created = 0; /* 1904: no date */
    put_movie("date/name/VID_20240315_102030.mp4", "isom", "isommp42", &m);
    m = movie;
    put_movie("carrier/20240315_112030.mp4", "isom", "isommp42", &m); /* an hour east */
    put_matroska("date/matroska.DateUTC/x.mkv",
                 &(make_matroska_options){.date_ns = INT64_C(732190830) * 1000000000});
    put_avi("date/riff.IDIT/x.avi", &(make_avi_options){.idit = "Fri Mar 15 10:20:30 2024"});
    put_avi("date/riff.IDIT/nikon.avi",
            &(make_avi_options){.nikon_make = "NIKON", .nikon_date = DAY});
    put_png("date/png.CreationTime/x.png", "Creation Time", "2024:03:15 10:20:30");
    put_png("date/png.CreationTime/rfc.png", "Creation Time",
            "Fri, 15 Mar 2024 10:20:30 +0200");

    static const char *const names[] = {
        "IMG_20240315_102030.png",
        "PXL_20240315_102030123.png",
        "Screenshot 2024-03-15 at 10.20.30.png",
        "Screenshot_20240315-102030.png",
        "IMG-20240315-WA0001.png",
        "WhatsApp Image 2024-03-15 at 10.20.30.png",
        "ChatGPT Image Mar 15, 2024, 10_20_30 AM.png",
        "2024-03-15 10.20.30.png",
        "signal-2024-03-15-102030.png",
        "20240315.png",
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        char path[128];
        snprintf(path, sizeof path, "date/name/%s", names[i]);
        put_plain(path);
    }
    put_plain("date/folder/2024-03-15/x.png");
    put_plain("date/folder/2024/03/15/x.png");
    put_plain("date/folder/2024-03-15/party/x.png");
    put_plain("carrier/1985-07.png");
    put_plain("carrier/1985 Summer - Grandma.png");
    put_plain("date/mtime/x.png");
    put_plain("date/mtime/20241345_999999.png");
    put_plain("date/mtime/03-04-2024.png");
}

/* ---- generators ---- */

#define PARAMETERS                                                                           \
    "a red boat\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: " \
    "42, "                                                                                   \
    "Size: 64x48, Model: boat_v1"
#define GRAPH                                                                                  \
    "{\"3\": {\"inputs\": {\"seed\": 42, \"sampler_name\": \"euler\", \"model\": [\"4\", 0], " \
    "\"positive\": [\"6\", 0], \"negative\": [\"7\", 0]}, \"class_type\": \"KSampler\"}, "     \
    "\"4\": {\"inputs\": {\"ckpt_name\": \"boat.safetensors\"}, \"class_type\": "              \
    "\"CheckpointLoaderSimple\"}, \"6\": {\"inputs\": {\"text\": \"a red boat\"}, "            \
    "\"class_type\": \"CLIPTextEncode\"}, \"7\": {\"inputs\": {\"text\": \"blurry\"}, "        \
    "\"class_type\": \"CLIPTextEncode\"}}"
/* The same as a text inside a JSON text. */
#define GRAPH_QUOTED                                                                         \
    "{\\\"3\\\": {\\\"class_type\\\": \\\"KSampler\\\", \\\"inputs\\\": {\\\"seed\\\": 42, " \
    "\\\"sampler_name\\\": \\\"euler\\\"}}}"

static void generators_in_png(void)
{
    static const struct {
        const char *path, *key, *text;
    } one[] = {
        {"stablediffusion/parameters.png", "parameters", PARAMETERS},
        {"comfyui/prompt.png", "prompt", GRAPH},
        {"comfyui/parameters.png", "parameters", PARAMETERS ", Version: ComfyUI"},
        {"fooocus/parameters.png", "parameters",
         "{\"prompt\": \"a red boat\", \"negative_prompt\": \"blurry\", \"base_model\": "
         "\"boat\", "
         "\"seed\": \"42\", \"sampler\": \"euler\", \"version\": \"Fooocus v2.5.5\"}"},
        {"invokeai/metadata.png", "invokeai_metadata",
         "{\"positive_prompt\": \"a red boat\", \"negative_prompt\": \"blurry\", \"seed\": 42, "
         "\"scheduler\": \"euler\", \"model\": {\"name\": \"boat\"}}"},
        {"invokeai/sd-metadata.png", "sd-metadata",
         "{\"model_weights\": \"boat\", \"image\": {\"prompt\": [{\"prompt\": \"a red boat "
         "[blurry]\"}], \"seed\": 42, \"sampler\": \"euler\"}}"},
        {"invokeai/old-text.png", "Dream",
         "\"a red boat [blurry]\" -s 20 -S 42 -W 64 -H 48 -C 7 -A euler"},
        {"swarmui/parameters.png", "parameters",
         "{\"sui_image_params\": {\"prompt\": \"a red boat\", \"negativeprompt\": \"blurry\", "
         "\"model\": \"boat\", \"seed\": 42, \"sampler\": \"euler\"}}"},
        {"easydiffusion/key.png", "use_stable_diffusion_model", "boat"},
        {"midjourney/description.png", "Description",
         "a red boat --ar 3:2 --v 6.1 Job ID: 01234567-89ab-cdef-0123-456789abcdef"},
    };
    for (size_t i = 0; i < COUNT(one); i++) {
        char path[128];
        snprintf(path, sizeof path, "gen/%s", one[i].path);
        put_png(path, one[i].key, one[i].text);
    }
    const make_pair novel[] = {{"Title", "AI generated image"},
                               {"Description", "a red boat"},
                               {"Software", "NovelAI"},
                               {"Source", "Stable Diffusion XL C1E1DE52"},
                               {"Comment", "{\"prompt\": \"a red boat\", \"uc\": \"blurry\", "
                                           "\"seed\": 42, \"sampler\": \"k_euler\"}"}};
    const make_pair both[] = {{"parameters", PARAMETERS}, {"prompt", GRAPH}};
    const make_pair scheme[] = {{"parameters", PARAMETERS}, {"fooocus_scheme", "a1111"}};
    const make_pair easy[] = {{"prompt", "a red boat"},
                              {"negative_prompt", "blurry"},
                              {"seed", "42"},
                              {"use_stable_diffusion_model", "boat"},
                              {"sampler_name", "euler"}};
    blob b = png_with(novel, COUNT(novel));
    put("gen/novelai/x.png", &b);
    b = png_with(both, COUNT(both));
    put("gen/comfyui/beats-parameters.png", &b);
    b = png_with(scheme, COUNT(scheme));
    put("gen/fooocus/scheme.png", &b);
    b = png_with(easy, COUNT(easy));
    put("gen/easydiffusion/keys.png", &b);
    make_png_begin(&b, 64, 48);
    make_png_ztxt(&b, "parameters", PARAMETERS);
    make_png_image(&b, 64, 48);
    make_png_end(&b);
    put("gen/stablediffusion/packed.png", &b);
    make_png_begin(&b, 64, 48);
    make_png_image(&b, 64, 48);
    make_png_itxt(&b, "parameters", "ein rotes Böötchen\nSteps: 20, Sampler: Euler, Seed: 42",
                  true);
    make_png_end(&b);
    put("gen/stablediffusion/international.png", &b);
}

static void generators_elsewhere(void)
{
    put_jpeg_exif("gen/stablediffusion/comment.jpg",
                  &(make_exif_options){.user_comment = PARAMETERS});
    put_jpeg_exif(
        "gen/drawthings/comment.jpg",
        &(make_exif_options){.user_comment =
                                 "{\"c\": \"a red boat\", \"uc\": \"blurry\", \"seed\": 42, "
                                 "\"sampler\": \"Euler a\", \"model\": \"boat\"}"});
    put_jpeg_exif(
        "gen/grok/description.jpg",
        &(make_exif_options){.description =
                                 "Signature: abcdefghijklmnopqrstuvwxyz0123456789+/"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/abcdefghijklmnopq==",
                             .artist = "01234567-89ab-cdef-0123-456789abcdef"});
    put_jpeg_xmp("gen/gemini/credit.jpg", "photoshop:Credit=\"Made with Google AI\"");
    put_jpeg_xmp("gen/meta/credit.jpg", "photoshop:Credit=\"Imagined with AI\"");
    put_jpeg_xmp("gen/ai-generated/declared.jpg",
                 "Iptc4xmpExt:DigitalSourceType=\"" TYPE "trainedAlgorithmicMedia\"");
    put_jpeg_c2pa("gen/ai-generated/credentials.jpg", "Acme Works/1.0", NULL);
    put_jpeg_c2pa("gen/firefly/credentials.jpg", "Adobe_Firefly", "Adobe Firefly");
    put_jpeg_c2pa("gen/dalle/credentials.jpg", "OpenAI-API", "GPT-4o");
    put_jpeg_c2pa("gen/sora/credentials.jpg", "OpenAI Sora", "Sora");
    put_jpeg_c2pa("gen/bing/credentials.jpg", "Microsoft_Responsible_AI/1.0",
                  "Bing Image Creator");

    make_action google[] = {{"c2pa.created", TYPE "trainedAlgorithmicMedia", NULL,
                             "Created by Google Generative AI.", false}};
    blob jumbf = c2pa_of("Google C2PA Core Generator Library/1", google, 1), b = {0};
    make_jpeg_begin(&b);
    make_jpeg_jumbf(&b, jumbf, 300);
    make_jpeg_end(&b, 64, 48);
    blob_free(&jumbf);
    put("gen/gemini/credentials.jpg", &b);

    static const struct {
        const char *generator, *software;
    } named[] = {
        {"leonardo", "Leonardo.Ai"},
        {"ideogram", "Ideogram"},
        {"flux", "Black Forest Labs"},
        {"runway", "RunwayML Gen-3"},
        {"kling", "KlingAI"},
        {"pika", "Pika Labs"},
        {"luma", "Luma Dream Machine"},
        {"hailuo", "Hailuo AI"},
        {"veo", "Google Veo 3"},
        {"recraft", "Recraft"},
        {"playground", "Playground AI"},
        {"midjourney", "Midjourney 6.1"},
        {"drawthings", "Draw Things"},
        {"stablediffusion", "Stability AI"},
        {"grok", "Grok 2"},
        {"meta", "Meta AI"},
    };
    for (size_t i = 0; i < COUNT(named); i++) {
        char path[128], fields[128];
        snprintf(path, sizeof path, "gen/%s/tool.jpg", named[i].generator);
        snprintf(fields, sizeof fields, "xmp:CreatorTool=\"%s\"", named[i].software);
        put_jpeg_xmp(path, fields);
    }

    make_movie_options m = movie;
    make_udta_text(&m.udta,
                   "\xA9"
                   "cmt",
                   "{\"prompt\": \"" GRAPH_QUOTED "\", \"workflow\": {\"nodes\": []}}");
    put_movie("gen/comfyui/comment.mp4", "isom", "isommp42", &m);
    const make_pair keys[] = {{"comment", "{\"prompt\": \"" GRAPH_QUOTED "\"}"}};
    m = movie;
    make_meta_keys(&m.udta, true, keys, 1);
    put_movie("gen/comfyui/keys.mp4", "isom", "isommp42", &m);
    const make_pair tags[] = {{"PROMPT", GRAPH}};
    put_matroska("gen/comfyui/tags.mkv",
                 &(make_matroska_options){.tags = tags, .tag_count = 1, .tags_last = true});
    put_matroska("gen/comfyui/tags.webm",
                 &(make_matroska_options){
                     .doctype = "webm", .tags = tags, .tag_count = 1, .seek_head = true});
    const make_pair tool[] = {{"\xA9"
                               "too",
                               "Runway Gen-4"}};
    m = movie;
    make_meta_itunes(&m.udta, tool, 1);
    put_movie("gen/runway/encoder.mp4", "isom", "isommp42", &m);

    blob exif = exif_of(
        &(make_exif_options){.make = "Workflow: {\"nodes\": []}", .model = "Prompt: " GRAPH});
    make_webp_begin(&b, 64, 48);
    make_webp_chunk(&b, "EXIF", exif.p, exif.n);
    make_webp_end(&b);
    blob_free(&exif);
    put("gen/comfyui/exif.webp", &b);
}

static void generators_by_name(void)
{
    static const struct {
        const char *generator, *name;
    } named[] = {
        {"comfyui", "ComfyUI_00001_.png"},
        {"midjourney", "someone_a_red_boat_01234567-89ab-cdef-0123-456789abcdef.png"},
        {"leonardo", "Default_a_red_boat_01234567-89ab-cdef-0123-456789abcdef.png"},
        {"chatgpt", "ChatGPT Image Mar 31, 2025, 10_20_30 AM.png"},
        {"dalle", "DALL·E 2024-03-15 10.20.30 - a red boat.png"},
        {"gemini", "Gemini_Generated_Image_abcd12abcd12abcd.png"},
        {"firefly", "Firefly a red boat 12345.png"},
        {"runway", "Gen-3 Alpha 1234567, a red boat.png"},
        {"bing", "OIG2.abcdef.jpg"},
        {"novelai", "a red boat s-1234567890.png"},
        {"sora", "sora_20250315.png"},
        {"flux", "flux_00007.png"},
        {"ideogram", "ideogram 7.png"},
        {"kling", "kling_20250315.png"},
        {"pika", "pika-7.png"},
        {"luma", "luma_7.png"},
        {"hailuo", "hailuo 7.png"},
        {"veo", "veo_7.png"},
        {"grok", "grok_7.png"},
        {"recraft", "recraft 7.png"},
    };
    for (size_t i = 0; i < COUNT(named); i++) {
        char path[192];
        snprintf(path, sizeof path, "gen/%s/%s", named[i].generator, named[i].name);
        put_plain(path);
    }
    /* A camera's picture is no generator's by its name alone; a word of the language is none.
     */
    put_jpeg_exif("carrier/flux_of_light.jpg", &camera);
    put_plain("carrier/runway lights.png");
}

/* ---- carriers ---- */

static const char xmp_fields[] = "xmp:CreateDate=\"2024-03-15T10:20:30Z\" "
                                 "xmp:CreatorTool=\"Firm 2.0\" tiff:Make=\"Acme\" "
                                 "tiff:Model=\"Box 1\"";

/* The packet in UTF-16. */
static blob utf16_of(blob utf8, bool big)
{
    blob b = {0};
    (big ? blob_be16 : blob_le16)(&b, 0xFEFF);
    for (size_t i = 0; i < utf8.n; i++)
        (big ? blob_be16 : blob_le16)(&b, utf8.p[i]);
    blob_free(&utf8);
    return b;
}

static void carriers_in_pictures(void)
{
    blob b = {0}, xmp = xmp_of(xmp_fields), exif = exif_of(&camera), iptc = iptc_of();

    make_png_begin(&b, 64, 48);
    make_png_chunk(&b, "eXIf", exif.p, exif.n);
    make_png_image(&b, 64, 48);
    make_png_end(&b);
    put("carrier/exif.png", &b);

    make_png_begin(&b, 64, 48);
    make_png_profile(&b, "exif", exif.p, exif.n);
    make_png_image(&b, 64, 48);
    make_png_end(&b);
    put("carrier/raw-profile-exif.png", &b);

    blob app1 = {0};
    blob_add(&app1, "Exif\0\0", 6);
    blob_add(&app1, exif.p, exif.n);
    make_png_begin(&b, 64, 48);
    make_png_profile(&b, "APP1", app1.p, app1.n);
    make_png_image(&b, 64, 48);
    make_png_end(&b);
    blob_free(&app1);
    put("carrier/raw-profile-app1.png", &b);

    make_png_begin(&b, 64, 48);
    make_png_profile(&b, "iptc", iptc.p, iptc.n);
    make_png_image(&b, 64, 48);
    make_png_end(&b);
    put("carrier/raw-profile-iptc.png", &b);

    make_png_begin(&b, 64, 48);
    make_png_profile(&b, "xmp", xmp.p, xmp.n);
    make_png_image(&b, 64, 48);
    make_png_end(&b);
    put("carrier/raw-profile-xmp.png", &b);

    make_png_begin(&b, 64, 48);
    make_png_itxt(&b, "XML:com.adobe.xmp", (const char *)xmp.p, false);
    make_png_image(&b, 64, 48);
    make_png_end(&b);
    put("carrier/xmp.png", &b);

    make_webp_begin(&b, 64, 48);
    make_webp_chunk(&b, "EXIF", exif.p, exif.n);
    make_webp_end(&b);
    put("carrier/exif.webp", &b);
    make_webp_begin(&b, 64, 48);
    make_webp_chunk(&b, "XMP ", xmp.p, xmp.n);
    make_webp_end(&b);
    put("carrier/xmp.webp", &b);

    make_gif_begin(&b, 64, 48);
    make_gif_xmp(&b, (const char *)xmp.p);
    make_gif_end(&b, 64, 48);
    put("carrier/xmp.gif", &b);

    make_jpeg_begin(&b);
    make_jpeg_xmp_extended(&b, (const char *)xmp.p, 150);
    make_jpeg_end(&b, 64, 48);
    put("carrier/xmp-extended.jpg", &b);
    make_jpeg_begin(&b);
    make_jpeg_iptc(&b, iptc);
    make_jpeg_end(&b, 64, 48);
    put("carrier/iptc.jpg", &b);

    for (int big = 0; big < 2; big++) {
        blob wide = utf16_of(xmp_of(xmp_fields), big);
        make_tag tag = {.tag = 700, .type = 1, .bytes = wide.p, .n = wide.n};
        make_tiff(&b, &(make_exif_options){.tags = &tag, .tag_count = 1}, 64, 48);
        put(big ? "carrier/xmp-utf16-be.tif" : "carrier/xmp-utf16-le.tif", &b);
        make_webp_begin(&b, 64, 48);
        make_webp_chunk(&b, "XMP ", wide.p, wide.n);
        make_webp_end(&b);
        blob_free(&wide);
        put(big ? "carrier/xmp-utf16-be.webp" : "carrier/xmp-utf16-le.webp", &b);
    }
    make_tag tag = {.tag = 33723, .type = 7, .bytes = iptc.p, .n = iptc.n};
    make_tiff(&b, &(make_exif_options){.tags = &tag, .tag_count = 1}, 64, 48);
    put("carrier/iptc.tif", &b);

    put_heif("carrier/exif.heic", &(make_heif_options){.iloc_version = 2, .in_idat = true},
             true);
    put_heif("carrier/xmp.heic",
             &(make_heif_options){.xmp = (const char *)xmp.p, .split = true}, false);
    put_heif("carrier/grid.heic", &(make_heif_options){.grid = true, .others = 70}, true);
    put_jxl("carrier/xmp.jxl", true, (blob){0}, (const char *)xmp.p, false);
    put_jxl("carrier/packed.jxl", true, exif_of(&camera), NULL, true);
    put_cr3("carrier/xmp.cr3", (const char *)xmp.p);
    blob_free(&xmp);
    blob_free(&exif);
    blob_free(&iptc);
}

/* A camera's own claim, and one that was edited with generated parts. */
static void carriers_of_credentials(void)
{
    static const make_action edited[] = {{"c2pa.opened", NULL, NULL, NULL, false},
                                         {"c2pa.edited",
                                          TYPE "compositeWithTrainedAlgorithmicMedia",
                                          "Adobe Photoshop", NULL, true}};
    blob jumbf = c2pa_of("Adobe_Photoshop/25", edited, COUNT(edited)), b = {0};
    blob exif = exif_of(&camera);

    make_jpeg_begin(&b);
    make_jpeg_exif(&b, exif);
    make_jpeg_jumbf(&b, jumbf, 100);
    make_jpeg_end(&b, 64, 48);
    put("carrier/c2pa.jpg", &b);
    make_png_begin(&b, 64, 48);
    make_png_chunk(&b, "eXIf", exif.p, exif.n);
    make_png_chunk(&b, "caBX", jumbf.p, jumbf.n);
    make_png_image(&b, 64, 48);
    make_png_end(&b);
    put("carrier/c2pa.png", &b);
    make_webp_begin(&b, 64, 48);
    make_webp_chunk(&b, "EXIF", exif.p, exif.n);
    make_webp_chunk(&b, "C2PA", jumbf.p, jumbf.n);
    make_webp_end(&b);
    put("carrier/c2pa.webp", &b);
    blob_free(&exif);
    make_heif_options h = {.c2pa = jumbf};
    put_heif("carrier/c2pa.heic", &h, true); /* frees jumbf */

    static const make_action made[] = {
        {"c2pa.created", TYPE "trainedAlgorithmicMedia", NULL, NULL, false}};
    jumbf = c2pa_of("Acme Works/1.0", made, 1);
    make_movie_options m = movie;
    make_uuid_c2pa(&m.tail, jumbf);
    blob_free(&jumbf);
    put_movie("carrier/c2pa.mp4", "isom", "isommp42", &m);

    put_jpeg_xmp("carrier/composite.jpg",
                 "tiff:Make=\"Acme\" tiff:Model=\"Box 1\" Iptc4xmpExt:DigitalSourceType=\"" TYPE
                 "compositeWithTrainedAlgorithmicMedia\"");
}

static void carriers_in_movies(void)
{
    const make_pair apple[] = {
        {"com.apple.quicktime.make", "Apple"},
        {"com.apple.quicktime.model", "iPhone 15"},
        {"com.apple.quicktime.software", "17.4"},
        {"com.apple.quicktime.creationdate", "2024-03-15T12:20:30+0200"}};
    make_movie_options m = movie;
    make_meta_keys(&m.boxes, false, apple, COUNT(apple));
    put_movie("carrier/keys.mov", "qt  ", "qt  ", &m);
    m = movie;
    make_udta_text(&m.udta, "\xA9mak", "Acme");
    make_udta_text(&m.udta, "\xA9mod", "Box 1");
    put_movie("carrier/udta.mov", "qt  ", "qt  ", &m);
    blob xmp =
        xmp_of("tiff:Make=\"Acme\" tiff:Model=\"Box 1\" exif:DateTimeOriginal=\"2024-03-14\"");
    m = movie;
    make_uuid_xmp(&m.tail, (const char *)xmp.p);
    put_movie("carrier/xmp.mp4", "isom", "isommp42", &m);
    blob_free(&xmp);
    m = movie;
    m.mdat_first = m.mdat_large = true;
    m.mdat_bytes = 200000;
    m.turns = 1;
    put_movie("carrier/moov-behind.mp4", "isom", "isommp42", &m);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: make_fixtures FOLDER\n");
        return 2;
    }
    top = argv[1];
    types();
    dates();
    generators_in_png();
    generators_elsewhere();
    generators_by_name();
    carriers_in_pictures();
    carriers_of_credentials();
    carriers_in_movies();
    return 0;
}
