/* SPDX-License-Identifier: MIT */
/*
 * Files that ffmpeg and exiftool make: what other programs write, not what we
 * think they write. Skipped, file by file, where a program or its encoder is
 * not installed.
 */
#include "read_media.h"
#include "media/formats/format.h"

#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/alice-made-XXXXXX";
static bool ffmpeg, exiftool;
static reading r;

#define VIDEO "ffmpeg -v error -y -f lavfi -i testsrc=size=320x240:rate=5:duration=1 "
#define DATED "-metadata creation_time=2024-03-15T10:20:30Z "
#define GRAPH                                                                               \
    "-metadata comment='{\"prompt\": \"{\\\"3\\\": {\\\"class_type\\\": \\\"KSampler\\\", " \
    "\\\"inputs\\\": {\\\"seed\\\": 7}}}\", \"workflow\": {\"nodes\": []}}' "

static bool installed(const char *program)
{
    char command[64];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", program);
    return system(command) == 0;
}

static int open_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    ffmpeg = installed("ffmpeg");
    exiftool = installed("exiftool");
    return 0;
}

static int remove_folder(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* Run `command` in the folder, read the file of that name. Skips the test where nothing comes.
 */
static void make_and_read(const alice__format *format, const char *command, const char *name)
{
    char line[2048], path[128];
    struct stat st;
    if (!ffmpeg)
        skip_test("what it needs is not here");
    snprintf(line, sizeof line, "cd %s && %s %s >/dev/null 2>&1", folder, command, name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (system(line) != 0 || stat(path, &st) != 0 || st.st_size == 0)
        skip_test("what it needs is not here");
    FILE *f = fopen(path, "rb");
    uint8_t *p = malloc((size_t)st.st_size);
    assert_non_null(f);
    assert_non_null(p);
    size_t n = fread(p, 1, (size_t)st.st_size, f);
    fclose(f);
    read_media(&r, format, p, n, 4096);
    free(p);
    assert_ok(r.status);
    assert_string_equal(r.info.reason, "");
    assert_int_equal(r.info.width, 320);
    assert_int_equal(r.info.height, 240);
}

static void assert_graph(alice_date_source source)
{
    assert_date(&r, source, "2024-03-15 10:20:30 +0");
    assert_int_equal(r.info.generator, ALICE_GEN_COMFYUI);
    assert_fact(&r, ALICE_FACT_SEED, "7");
    assert_true(r.info.fact[ALICE_FACT_SOFTWARE].n > 4);
}

static void test_mp4(void **state)
{
    (void)state;
    make_and_read(&alice__format_bmff, VIDEO DATED GRAPH "-c:v mpeg4", "a.mp4");
    assert_int_equal(r.info.type, ALICE_MEDIA_MP4);
    assert_graph(ALICE_DATE_MVHD);
}

static void test_mp4_keys(void **state)
{
    (void)state;
    make_and_read(&alice__format_bmff,
                  VIDEO DATED GRAPH "-movflags +faststart+use_metadata_tags -c:v mpeg4",
                  "b.mp4");
    assert_graph(ALICE_DATE_MVHD);
}

static void test_mp4_fragments(void **state)
{
    (void)state;
    make_and_read(&alice__format_bmff,
                  VIDEO DATED "-c:v mpeg4 -movflags frag_keyframe+empty_moov", "c.mp4");
    assert_date(&r, ALICE_DATE_MVHD, "2024-03-15 10:20:30 +0");
}

static void test_mov(void **state)
{
    (void)state;
    make_and_read(&alice__format_bmff,
                  VIDEO DATED "-metadata make=Acme -metadata model='Box 1' -c:v mjpeg",
                  "d.mov");
    assert_int_equal(r.info.type, ALICE_MEDIA_MOV);
    assert_fact(&r, ALICE_FACT_MAKE, "Acme");
    assert_fact(&r, ALICE_FACT_MODEL, "Box 1");
}

static void test_mov_of_a_phone(void **state)
{
    (void)state;
    make_and_read(&alice__format_bmff,
                  VIDEO DATED
                  "-metadata com.apple.quicktime.make=Apple "
                  "-metadata com.apple.quicktime.model=iPhone "
                  "-metadata com.apple.quicktime.creationdate=2024-03-15T12:20:30+0200 "
                  "-movflags use_metadata_tags -c:v mjpeg",
                  "e.mov");
    assert_fact(&r, ALICE_FACT_MAKE, "Apple");
    assert_fact(&r, ALICE_FACT_MODEL, "iPhone");
    assert_date(&r, ALICE_DATE_QUICKTIME, "2024-03-15 12:20:30 +120");
}

static void test_3gp_and_m4v(void **state)
{
    (void)state;
    make_and_read(&alice__format_bmff, VIDEO DATED "-c:v mpeg4", "f.3gp");
    assert_int_equal(r.info.type, ALICE_MEDIA_3GP);
    make_and_read(&alice__format_bmff, VIDEO DATED "-c:v mpeg4", "g.m4v");
    assert_int_equal(r.info.type, ALICE_MEDIA_M4V);
    assert_date(&r, ALICE_DATE_MVHD, "2024-03-15 10:20:30 +0");
}

static void test_mkv(void **state)
{
    (void)state;
    make_and_read(&alice__format_matroska, VIDEO DATED GRAPH "-c:v mpeg4", "h.mkv");
    assert_int_equal(r.info.type, ALICE_MEDIA_MKV);
    assert_graph(ALICE_DATE_MATROSKA);
}

/* Written to a pipe: sizes are unknown, nothing is mended afterwards. */
static void test_mkv_live(void **state)
{
    (void)state;
    make_and_read(&alice__format_matroska, VIDEO DATED GRAPH "-c:v mpeg4 -f matroska - | tee",
                  "i.mkv");
    assert_graph(ALICE_DATE_MATROSKA);
}

static void test_webm(void **state)
{
    (void)state;
    make_and_read(&alice__format_matroska, VIDEO DATED GRAPH "-c:v libvpx", "j.webm");
    assert_int_equal(r.info.type, ALICE_MEDIA_WEBM);
    assert_graph(ALICE_DATE_MATROSKA);
}

static void test_avi(void **state)
{
    (void)state;
    make_and_read(&alice__format_avi, VIDEO GRAPH "-metadata date=2024-03-15 -c:v mpeg4",
                  "k.avi");
    assert_int_equal(r.info.generator, ALICE_GEN_COMFYUI);
    assert_date(&r, ALICE_DATE_RIFF, "2024-03-15 00:00:00");
}

static void test_mov_by_exiftool(void **state)
{
    (void)state;
    if (!exiftool)
        skip_test("what it needs is not here");
    make_and_read(&alice__format_bmff,
                  VIDEO "-c:v mjpeg l.mov && exiftool -q -overwrite_original "
                        "-Keys:Make=Apple -Keys:Model='iPhone 13' -Keys:Software=17.3 "
                        "-Keys:CreationDate='2024:03:15 12:20:30+02:00' "
                        "-XMP:CreateDate='2024:03:14 00:00:00Z'",
                  "l.mov");
    assert_fact(&r, ALICE_FACT_MAKE, "Apple");
    assert_fact(&r, ALICE_FACT_MODEL, "iPhone 13");
    assert_date(&r, ALICE_DATE_QUICKTIME, "2024-03-15 12:20:30 +120");
    assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-14 00:00:00 +0");
}

static void test_mp4_by_exiftool(void **state)
{
    (void)state;
    if (!exiftool)
        skip_test("what it needs is not here");
    make_and_read(&alice__format_bmff,
                  VIDEO "-c:v mpeg4 m.mp4 && exiftool -q -overwrite_original "
                        "-UserData:Make=Canon -UserData:Model=R5 "
                        "-ItemList:ContentCreateDate='2024:03:15 12:20:30+02:00'",
                  "m.mp4");
    assert_fact(&r, ALICE_FACT_MAKE, "Canon");
    assert_fact(&r, ALICE_FACT_MODEL, "R5");
    assert_date(&r, ALICE_DATE_QUICKTIME, "2024-03-15 12:20:30 +120");
}

#define EXIFTOOL                                                                    \
    "exiftool -q -overwrite_original -EXIF:DateTimeOriginal='2024:03:15 10:20:30' " \
    "-EXIF:Make=Acme -XMP:CreateDate='2024:03:14 00:00:00Z'"

static void test_avif_by_exiftool(void **state)
{
    (void)state;
    if (!exiftool)
        skip_test("what it needs is not here");
    make_and_read(&alice__format_bmff,
                  VIDEO "-frames:v 1 -c:v libaom-av1 -still-picture 1 n.avif && " EXIFTOOL,
                  "n.avif");
    assert_int_equal(r.info.type, ALICE_MEDIA_AVIF);
    assert_fact(&r, ALICE_FACT_MAKE, "Acme");
    assert_date(&r, ALICE_DATE_EXIF_ORIGINAL, "2024-03-15 10:20:30");
    assert_date(&r, ALICE_DATE_XMP_CREATE, "2024-03-14 00:00:00 +0");
}

static void test_jxl(void **state)
{
    (void)state;
    make_and_read(&alice__format_jxl, VIDEO "-frames:v 1", "o.jxl");
    assert_int_equal(r.info.type, ALICE_MEDIA_JXL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mp4),
        cmocka_unit_test(test_mp4_keys),
        cmocka_unit_test(test_mp4_fragments),
        cmocka_unit_test(test_mov),
        cmocka_unit_test(test_mov_of_a_phone),
        cmocka_unit_test(test_3gp_and_m4v),
        cmocka_unit_test(test_mkv),
        cmocka_unit_test(test_mkv_live),
        cmocka_unit_test(test_webm),
        cmocka_unit_test(test_avi),
        cmocka_unit_test(test_mov_by_exiftool),
        cmocka_unit_test(test_mp4_by_exiftool),
        cmocka_unit_test(test_avif_by_exiftool),
        cmocka_unit_test(test_jxl),
    };
    return cmocka_run_group_tests(tests, open_folder, remove_folder);
}
