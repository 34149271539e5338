/* SPDX-License-Identifier: MIT */
/* What names tell: dates, generators, screenshots; and the names of sources. */
#include "test.h"

#include "media/facts.h"
#include "media/names.h"
#include "media/names_int.h"

/* "2024-03-15 10:15:00", with " UTC" where the name's zone is known; "" where there is none. */
static void expect_date(const char *name, const char *want)
{
    alice_date d;
    char have[64] = "";
    if (alice__name_date(name, &d, NULL, NULL)) {
        int n = snprintf(have, sizeof have, "%04d-%02u-%02u", d.year, d.month, d.day);
        if (d.has_time)
            n += snprintf(have + n, sizeof have - (size_t)n, " %02u:%02u:%02u", d.hour,
                          d.minute, d.second);
        if (d.has_zone)
            snprintf(have + n, sizeof have - (size_t)n, " UTC");
    }
    if (strcmp(have, want) != 0)
        fail_msg("\"%s\" has \"%s\" instead of \"%s\"", name, have, want);
}

static void names_of_cameras_and_programs(void **state)
{
    (void)state;
    static const char *const full[] = {
        "IMG_20240315_101500.jpg",
        "IMG_20240315_101500_001.jpg",
        "IMG_20240315_101500~2.jpg",
        "IMG_20240315_101500_BURST001.jpg",
        "IMG20240315101500.jpg",
        "VID_20240315_101500.mp4",
        "MVIMG_20240315_101500.jpg",
        "20240315_101500.jpg",
        "20240315101500.jpg",
        "20240315T101500.jpg",
        "P_20240315_101500.jpg",
        "DJI_20240315101500_0001_D.JPG",
        "dji_fly_20240315_101500_1_123456_photo.jpg",
        "00000IMG_00000_BURST20240315101500123_COVER.jpg",
        "Resized_20240315_101500.jpg",
        "Resized_IMG_20240315_101500.jpg",
        "LRM_EXPORT_20240315_101500.jpg",
        "JPEG_20240315_101500_1234567890.jpg",
        "Screenshot_20240315-101500.png",
        "Screenshot_20240315-101500_Chrome.jpg",
        "Screenshot_2024-03-15-10-15-00-123_com.example.jpg",
        "Screenshot 2024-03-15 at 10.15.00.png",
        "Screen Shot 2024-03-15 at 10.15.00 AM.png",
        "Bildschirmfoto 2024-03-15 um 10.15.00.png",
        "Capture d\xE2\x80\x99\xC3\xA9"
        "cran 2024-03-15 \xC3\xA0 10.15.00.png",
        "Captura de pantalla 2024-03-15 a las 10.15.00.png",
        "WhatsApp Image 2024-03-15 at 10.15.00.jpeg",
        "WhatsApp Image 2024-03-15 at 10.15.00 (1).jpeg",
        "signal-2024-03-15-101500.jpg",
        "signal-2024-03-15-10-15-00-123-1.jpg",
        "photo_2024-03-15_10-15-00.jpg",
        "viber_image_2024-03-15_10-15-00-123.jpg",
        "ChatGPT Image Mar 15, 2024, 10_15_00 AM.png",
        "ChatGPT Image Mar 15, 2024, 10_15_00\xE2\x80\xAF"
        "AM.png",
        "DALL\xC2\xB7"
        "E 2024-03-15 10.15.00 - a red boat.png",
        "2024-03-15 10.15.00.jpg",
        "2024-03-15_10-15-00.jpg",
        "2024_03_15_10_15_00.jpg",
        "WP_20240315_10_15_00_Pro.jpg",
        "C360_2024-03-15-10-15-00-123.jpg",
        "2024-03-15T10-15-00.jpg",
    };
    for (size_t i = 0; i < sizeof full / sizeof *full; i++)
        expect_date(full[i], "2024-03-15 10:15:00");
    static const char *const day[] = {
        "IMG-20240315-WA0001.jpg", "VID-20240315-WA0012.mp4", "IMG_20240315.jpg",
        "2024-03-15_party.jpg",    "2024.03.15 party.jpg",    "20240315.jpg",
        "20240315_996199.jpg",     "March 15 2024.jpg",       "15 Mar 2024 at home.jpg",
        "video_20240315.mp4",      "scan 20240315 (2).tif",   "IMG_20240315_101.jpg",
    };
    for (size_t i = 0; i < sizeof day / sizeof *day; i++)
        expect_date(day[i], "2024-03-15");
    expect_date("Screenshot 2024-03-15 at 10.15.00 PM.png", "2024-03-15 22:15:00");
    expect_date("ChatGPT Image Mar 31, 2025, 12_05_00 AM.png", "2025-03-31 00:05:00");
    expect_date("IMG_20240229_101500.jpg", "2024-02-29 10:15:00");
}

static void names_in_universal_time(void **state)
{
    (void)state;
    expect_date("PXL_20240315_101500123.jpg", "2024-03-15 10:15:00 UTC");
    expect_date("PXL_20240315_101500123.PORTRAIT.jpg", "2024-03-15 10:15:00 UTC");
    expect_date("FB_IMG_1710497700000.jpg", "2024-03-15 10:15:00 UTC");
    expect_date("mmexport1710497700000.jpg", "2024-03-15 10:15:00 UTC");
}

static void numbers_that_are_no_dates(void **state)
{
    (void)state;
    static const char *const none[] = {
        "IMG_1234.JPG",
        "IMG_E1234.JPG",
        "DSC_0001.JPG",
        "IMG_20241399.jpg",
        "IMG_20230229_101500.jpg",
        "IMG_18991231.jpg",
        "19201080.jpg",
        "wallpaper_19201080.jpg",
        "wallpaper-1920x1080.jpg",
        "03-04-2024.jpg",
        "15-03-2024.jpg",
        "15-03-2024-10-15-00.jpg",
        "03_04_2024_05_06.jpg",
        "1710497700000.jpg",
        "IMG_0710497700000.jpg",
        "491702024031.jpg",
        "+20240315.jpg",
        "+49 170 20240315.jpg",
        "0170 20240315.jpg",
        "received_1234567890123456.jpeg",
        "abc20240315def.jpg",
        "20240315def.jpg",
        "120240315.jpg",
        "2024-03.jpg",
        "2024.jpg",
        "2024-3-15.jpg",
        "2024-03_15.jpg",
        "2024-02-30.jpg",
        "may 4 pack.jpg",
        "32 March 2024.jpg",
        "Marching 15 2024.jpg",
        "",
        ".jpg",
        "20240315", /* checked below: it is one */
    };
    for (size_t i = 0; i + 1 < sizeof none / sizeof *none; i++)
        expect_date(none[i], "");
    expect_date("20240315", "2024-03-15");
    /* Two dates: nobody can tell which; but a camera's own comes first. */
    expect_date("2024-03-15 - 2024-03-20 trip.jpg", "");
    expect_date("2024-03-15 and 2024-03-15.jpg", "2024-03-15");
    expect_date("IMG_20240315_101500_20240401.jpg", "2024-03-15 10:15:00");
}

static void generators_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        alice_generator generator;
    } cases[] = {
        {"user_a_cat_on_the_moon_f47ac10b-58cc-4372-a567-0e02b2c3d479.png",
         ALICE_GEN_MIDJOURNEY},
        {"user_a_cat_f47ac10b-58cc-4372-a567-0e02b2c3d479_0.png", ALICE_GEN_MIDJOURNEY},
        {"midjourney_boat.png", ALICE_GEN_MIDJOURNEY},
        {"boat (MidJourney).png", ALICE_GEN_MIDJOURNEY},
        {"f47ac10b-58cc-4372-a567-0e02b2c3d479.png", ALICE_GEN_NONE},
        {"photo_f47ac10b-58cc-4372-a567-0e02b2c3d479.png", ALICE_GEN_NONE},
        {"a b_c_d_f47ac10b-58cc-4372-a567-0e02b2c3d479.png", ALICE_GEN_NONE},
        {"Default_a_cat_0_f47ac10b-58cc-4372-a567-0e02b2c3d479_0.jpg", ALICE_GEN_LEONARDO},
        {"Leonardo_Phoenix_a_cat_0.jpg", ALICE_GEN_LEONARDO},
        {"Leonardo da Vinci.jpg", ALICE_GEN_NONE},
        {"DALL\xC2\xB7"
         "E 2024-03-15 10.15.00 - a cat.png",
         ALICE_GEN_DALLE},
        {"dall-e_boat.png", ALICE_GEN_DALLE},
        {"DALLE.png", ALICE_GEN_DALLE},
        {"dalles.png", ALICE_GEN_NONE},
        {"ChatGPT Image Mar 31, 2025, 10_15_00 AM.png", ALICE_GEN_CHATGPT},
        {"ComfyUI_00001_.png", ALICE_GEN_COMFYUI},
        {"ComfyUI_temp_abcde_00001_.png", ALICE_GEN_COMFYUI},
        {"flux.jpg", ALICE_GEN_FLUX},
        {"my-flux-dev_0001.png", ALICE_GEN_FLUX},
        {"fluxus.jpg", ALICE_GEN_NONE},
        {"reflux.jpg", ALICE_GEN_NONE},
        {"Firefly a cat on the moon 12345.jpg", ALICE_GEN_FIREFLY},
        {"Firefly_a_cat.jpg", ALICE_GEN_FIREFLY},
        {"fireflies_at_night.jpg", ALICE_GEN_NONE},
        {"firefly in my garden.jpg", ALICE_GEN_NONE},
        {"runway_001.mp4", ALICE_GEN_RUNWAY},
        {"Gen-3 Alpha 12345, a cat.mp4", ALICE_GEN_RUNWAY},
        {"Gen-2 12345, a cat.mp4", ALICE_GEN_RUNWAY},
        {"gen-x party.mp4", ALICE_GEN_NONE},
        {"kling_20240903_Image_to_Video.mp4", ALICE_GEN_KLING},
        {"klinge.jpg", ALICE_GEN_NONE},
        {"pika_123.mp4", ALICE_GEN_PIKA},
        {"pikachu.png", ALICE_GEN_NONE},
        {"sora_20250101.mp4", ALICE_GEN_SORA},
        {"sorano.mp4", ALICE_GEN_NONE},
        {"ideogram (3).jpeg", ALICE_GEN_IDEOGRAM},
        {"Gemini_Generated_Image_abc123.png", ALICE_GEN_GEMINI},
        {"grok-image-1234.jpg", ALICE_GEN_GROK},
        {"OIG2.aBcDeF.jpg", ALICE_GEN_BING},
        {"OIGX.aBcDeF.jpg", ALICE_GEN_NONE},
        {"1girl, evening s-1234567890.png", ALICE_GEN_NOVELAI},
        {"hailuo-123.mp4", ALICE_GEN_HAILUO},
        {"stable-diffusion-xl.png", ALICE_GEN_STABLEDIFFUSION},
        {"IMG_1234.JPG", ALICE_GEN_NONE},
        {"", ALICE_GEN_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        alice_generator g = alice__name_generator(cases[i].name);
        if (g != cases[i].generator)
            fail_msg("\"%s\" is of \"%s\" instead of \"%s\"", cases[i].name,
                     alice_generator_name(g), alice_generator_name(cases[i].generator));
    }
}

static void screenshots(void **state)
{
    (void)state;
    static const char *const yes[] = {"Screenshot (12).png",
                                      "Screenshot_20240315-101500.png",
                                      "Screen Shot 2024-03-15.png",
                                      "Resized_Screenshot_2024.jpg",
                                      "bildschirmfoto 2024.png",
                                      "\xE6\x88\xAA\xE5\xB1\x8F"
                                      "2024-03-15.png",
                                      "Capture d'\xC3\xA9"
                                      "cran 1.png"};
    static const char *const no[] = {"screenshotting.png", "IMG_1.PNG", "my screen.png", ""};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!alice__is_screenshot(yes[i], NULL))
            fail_msg("%s is one", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (alice__is_screenshot(no[i], NULL))
            fail_msg("%s is none", no[i]);
    alice_media_info info = {0};
    info.fact[ALICE_FACT_SOFTWARE] = (alice_text){"gnome-screenshot", 16};
    assert_true(alice__is_screenshot("a.png", &info));
}

static void programs_that_files_came_through(void **state)
{
    static const char *const named[][2] = {
        {"IMG-20240501-WA0007.jpg", "whatsapp"},
        {"VID-20240501-WA0007.mp4", "whatsapp"},
        {"WhatsApp Image 2024-05-01 at 10.15.00.jpeg", "whatsapp"},
        {"signal-2024-05-01-101500.jpg", "signal"},
        {"photo_2024-05-01_10-15-00.jpg", "telegram"},
        {"FB_IMG_1714558500000.jpg", "facebook"},
        {"received_1234567890123456.jpeg", "facebook"},
        {"IMG-20240501-WB0007.jpg", "unknown"},
        {"photo_of_a_boat.jpg", "unknown"},
        {"signal-tower.jpg", "unknown"},
        {"received_with_thanks.jpg", "unknown"},
        {"IMG-2024", "unknown"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        alice_media_info info = {.type = ALICE_MEDIA_JPEG};
        char have[64];
        alice__source_name(&info, named[i][0], have, sizeof have);
        assert_string_equal(have, named[i][1]);
        info.fact[ALICE_FACT_MODEL] = (alice_text){"iPhone 7", 8};
        alice__source_name(&info, named[i][0], have, sizeof have);
        assert_string_equal(have, "camera-iphone-7");
    }
}

static void screenshots_by_what_they_say_and_by_size(void **state)
{
    (void)state;
    char have[64];
    alice_media_info info = {
        .type = ALICE_MEDIA_HEIC, .screenshot = true, .fact[ALICE_FACT_MAKE] = {"Apple", 5}};
    alice__source_name(&info, "IMG_0001.HEIC", have, sizeof have);
    assert_string_equal(have, "screenshot");
    info = (alice_media_info){.type = ALICE_MEDIA_PNG, .width = 2532, .height = 1170};
    alice__source_name(&info, "IMG_0001.PNG", have, sizeof have);
    assert_string_equal(have, "screenshot");
    info.width = 2531;
    alice__source_name(&info, "IMG_0001.PNG", have, sizeof have);
    assert_string_equal(have, "unknown");
    info = (alice_media_info){.type = ALICE_MEDIA_JPEG, .width = 1170, .height = 2532};
    alice__source_name(&info, "IMG_0001.JPG", have, sizeof have);
    assert_string_equal(have, "unknown");
}

static void expect_source(const char *make, const char *model, const char *want)
{
    char have[64];
    alice_media_info info = {.type = ALICE_MEDIA_JPEG};
    info.fact[ALICE_FACT_MAKE] = (alice_text){make, strlen(make)};
    info.fact[ALICE_FACT_MODEL] = (alice_text){model, strlen(model)};
    size_t n = alice__source_name(&info, "a.jpg", have, sizeof have);
    if (strcmp(have, want) != 0 || n != strlen(want))
        fail_msg("%s, %s: %s instead of %s", make, model, have, want);
}

static void sources_of_cameras(void **state)
{
    (void)state;
    expect_source("Canon", "Canon EOS 40D", "camera-canon-eos-40d");
    expect_source("Apple", "iPhone 7", "camera-iphone-7");
    expect_source("NIKON", "COOLPIX P1", "camera-coolpix-p1");
    expect_source("NIKON CORPORATION", "NIKON D70", "camera-nikon-d70");
    expect_source("SONY", "DSLR-A550", "camera-sony-dslr-a550");
    expect_source("samsung", "SM-S906U", "camera-samsung-sm-s906u");
    expect_source("EASTMAN KODAK COMPANY", "KODAK CX7530 ZOOM DIGITAL CAMERA",
                  "camera-kodak-cx7530-zoom-digital-camera");
    expect_source("Eastman Kodak Company", "DC210 Zoom (V05.00)",
                  "camera-kodak-dc210-zoom-v05-00");
    expect_source("FUJIFILM", "FinePix E500", "camera-finepix-e500");
    expect_source("OLYMPUS IMAGING CORP.", "u1020,S1020", "camera-olympus-u1020-s1020");
    expect_source("Jolla", "Jolla", "camera-jolla");
    expect_source("motorola", "moto g(9) plus", "camera-motorola-moto-g-9-plus");
    expect_source("Canon", "", "camera-canon");
    expect_source("", "ION230", "camera-ion230");
    expect_source("", "../../etc/passwd", "camera-etc-passwd");
    expect_source("", "\xE2\x82\xAC...", "unknown");
    expect_source("", "", "unknown");
    expect_source("00", "", "unknown");
    expect_source("00", "0", "unknown");
    expect_source("Nikon", "5300", "camera-nikon-5300");
}

static void other_sources(void **state)
{
    (void)state;
    char have[64];
    alice_media_info info = {.type = ALICE_MEDIA_PNG, .generator = ALICE_GEN_COMFYUI};
    info.fact[ALICE_FACT_MODEL] = (alice_text){"Box", 3};
    alice__source_name(&info, "Screenshot.png", have, sizeof have);
    assert_string_equal(have, "comfyui");
    info.generator = ALICE_GEN_NONE;
    alice__source_name(&info, "Screenshot.png", have, sizeof have);
    assert_string_equal(have, "camera-box");
    info.fact[ALICE_FACT_MODEL].n = 0;
    alice__source_name(&info, "Screenshot.png", have, sizeof have);
    assert_string_equal(have, "screenshot");
    info.type = ALICE_MEDIA_MP4;
    alice__source_name(&info, "Screenshot.mp4", have, sizeof have);
    assert_string_equal(have, "video");
    /* Never more than there is room for, always terminated. */
    info.fact[ALICE_FACT_MODEL] = (alice_text){"a very long name of a camera", 28};
    for (size_t cap = 1; cap < sizeof have; cap++) {
        memset(have, '#', sizeof have);
        size_t n = alice__source_name(&info, "a.mp4", have, cap);
        assert_true(n < cap && have[n] == 0 && have[cap] == '#');
    }
}

static void expect_folder(const char *folders, int year, int month, int day)
{
    alice__facts f;
    alice_media_info info;
    char arena[256];
    alice__facts_begin(&f, &info, arena, sizeof arena, 1767225600);
    alice__facts_from_folders(&f, folders);
    const alice_date_candidate *c = &info.dates[ALICE_DATE_FOLDER];
    const alice_date none = {0}, *d = c->verdict == ALICE_DATE_OUTRANKED ? &c->date : &none;
    if (d->year != year || d->month != month || d->day != day)
        fail_msg("%s is %d-%d-%d", folders, d->year, d->month, d->day);
}

static void folders_that_are_dates(void **state)
{
    (void)state;
    expect_folder("2024-03-15", 2024, 3, 15);
    expect_folder("2024_03_15", 2024, 3, 15);
    expect_folder("20240315", 2024, 3, 15);
    expect_folder("2024-03-15 Birthday/", 2024, 3, 15);
    expect_folder("Birthday 2024-03-15", 2024, 3, 15);
    expect_folder("2023-01-01/2024-03-15/raw", 2024, 3, 15);
    expect_folder("2024/03/15", 2024, 3, 15);
    expect_folder("x/2024/03-March/15", 2024, 3, 15);
    expect_folder("2024/March/5", 2024, 3, 5);
    expect_folder("2024-03/15", 2024, 3, 15);
    expect_folder("2024/03/15/raw", 2024, 3, 15);
    expect_folder("2024/03", 0, 0, 0);
    expect_folder("2024", 0, 0, 0);
    expect_folder("2024/April/15 trees", 0, 0, 0);
    expect_folder("2024/03-April/15", 0, 0, 0);
    expect_folder("2024/02/30", 0, 0, 0);
    expect_folder("2024-03-15 to 2024-03-20", 0, 0, 0);
    expect_folder("", 0, 0, 0);
    expect_folder("///", 0, 0, 0);
    expect_folder("2099-01-01", 0, 0, 0);
}

static void begin_facts(alice__facts *f, alice_media_info *info, char arena[256])
{
    alice__facts_begin(f, info, arena, 256, 1767225600);
}

static void a_name_may_know_only_a_month_or_a_year(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int year;
        unsigned month;
        const char *precision;
    } of[] = {
        {"1985-07.jpg", 1985, 7, "month"},
        {"1985-07 Rome.jpg", 1985, 7, "month"},
        {"1985 Summer - Grandma.jpg", 1985, 0, "year"},
        {"1985_summer.jpg", 1985, 0, "year"},
        {"1985 \xC3\x89t\xC3\xA9.jpg", 1985, 0, "year"},
        {"1985-07-14.jpg", 1985, 7, "day"},
        {"1985.jpg", 0, 0, NULL},       /* a camera's number as well */
        {"1985-13.jpg", 0, 0, NULL},    /* no month */
        {"1985-07-32.jpg", 0, 0, NULL}, /* no day */
        {"1985_07.jpg", 0, 0, NULL},
        {"1920x1080.png", 0, 0, NULL},
        {"1080 lines.png", 0, 0, NULL},
        {"2099 robots.png", 0, 0, NULL},
        {"19850 x.jpg", 0, 0, NULL},
        {"Grandma 1985.jpg", 0, 0, NULL},
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        alice__facts f;
        alice_media_info info;
        char arena[256];
        begin_facts(&f, &info, arena);
        alice__facts_from_name(&f, of[i].name);
        alice__facts_end(&f);
        if (info.date.year != of[i].year || info.date.month != of[i].month)
            fail_msg("%s: %d-%u", of[i].name, info.date.year, info.date.month);
        if (of[i].precision)
            assert_string_equal(alice_date_precision(&info.date), of[i].precision);
    }
}

/* A folder that agrees knows the day; one of another year is that of a scan. */
static void a_folder_narrows_a_year(void **state)
{
    (void)state;
    static const struct {
        const char *folder;
        alice_date_source used;
    } of[] = {{"2019-05-03 Rome", ALICE_DATE_FOLDER}, {"2021-01-01 scans", ALICE_DATE_NAME}};
    for (size_t i = 0; i < 2; i++) {
        alice__facts f;
        alice_media_info info;
        char arena[256];
        begin_facts(&f, &info, arena);
        alice__facts_from_name(&f, "2019 Rome.jpg");
        alice__facts_from_folders(&f, of[i].folder);
        alice__facts_from_mtime(&f, 1710545400, 0);
        alice__facts_end(&f);
        assert_int_equal(info.date_source, of[i].used);
        assert_int_equal(info.date.year, 2019);
    }
}

/* "20210623_145059.mp4" is the clock on the wall; its header says 18:51:37 UTC, the end. */
static void a_films_name_tells_its_zone(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t header;
        uint32_t runs;
        int day, zone; /* zone 9999: assumed to be UTC */
    } of[] = {
        {"20210623_145059.mp4", 1624474297, 0, 23, -240},        /* 18:51:37 */
        {"20210623_233000.mp4", 1624505400, 0, 23, -240},        /* 2021-06-24 03:30 */
        {"20210623_233000.mp4", 1624506000, 600, 23, -240},      /* ten minutes on, its end */
        {"20210624_051500.mp4", 1624491000, 0, 24, 345},         /* 23:30 of the day before */
        {"20210624_133000.mp4", 1624491000, 0, 24, 840},         /* 14 hours */
        {"20210624_143000.mp4", 1624491000, 0, 23, 9999},        /* 15: no zone */
        {"20210624_053700.mp4", 1624491000, 0, 23, 9999},        /* no multiple of 15 minutes */
        {"20210624.mp4", 1624491000, 0, 23, 9999},               /* no time */
        {"PXL_20210623_233000123.mp4", 1624491000, 0, 23, 9999}, /* UTC itself */
        {"video_2021-06-24_01-30-00.mp4", 1624491000, 0, 23, 9999}, /* when it was sent */
        {"film.mp4", 1624491000, 0, 23, 9999},
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        alice__facts f;
        alice_media_info info;
        char arena[256];
        begin_facts(&f, &info, arena);
        alice__facts_date_unix(&f, ALICE_DATE_MVHD, of[i].header, NULL);
        f.film_s = of[i].runs;
        alice__facts_from_name(&f, of[i].name);
        alice__facts_end(&f);
        assert_int_equal(info.date_source, ALICE_DATE_MVHD);
        bool assumed = of[i].zone == 9999;
        if (info.date.day != of[i].day || info.date.zone_assumed != assumed ||
            (!assumed && info.date.zone_minutes != of[i].zone))
            fail_msg("%s: day %u, zone %d%s", of[i].name, info.date.day, info.date.zone_minutes,
                     info.date.zone_assumed ? " (assumed)" : "");
    }
}

static void rejected_names_say_why(void **state)
{
    (void)state;
    alice__facts f;
    alice_media_info info;
    char arena[256];
    alice__facts_begin(&f, &info, arena, sizeof arena, 1767225600);
    alice__facts_from_name(&f, "IMG_20990101_101500.jpg");
    alice__facts_from_folders(&f, "2024-03-15 to 2024-03-20");
    alice__facts_from_mtime(&f, 0, 60);
    assert_string_equal(info.dates[ALICE_DATE_NAME].reason, "in the future");
    assert_string_equal(info.dates[ALICE_DATE_NAME].raw, "20990101_101500");
    assert_string_equal(info.dates[ALICE_DATE_FOLDER].reason, "two different dates");
    assert_string_equal(info.dates[ALICE_DATE_MTIME].reason, "the zero of an epoch");
    assert_string_equal(info.dates[ALICE_DATE_MTIME].raw, "1970-01-01T01:00:00+01:00");
    alice__facts_end(&f);
    assert_int_equal(info.date_source, ALICE_DATE_NOWHERE);
}

static void the_zone_decides_the_day_of_the_mtime(void **state)
{
    (void)state;
    alice__facts f;
    alice_media_info info;
    char arena[256];
    alice__facts_begin(&f, &info, arena, sizeof arena, 1767225600);
    alice__facts_from_mtime(&f, 1710545400, 120); /* 2024-03-15 23:30 in UTC */
    alice__facts_end(&f);
    assert_int_equal(info.date_source, ALICE_DATE_MTIME);
    assert_int_equal(info.date.day, 16);
    assert_string_equal(info.dates[ALICE_DATE_MTIME].raw, "2024-03-16T01:30:00+02:00");
}

/* A name's date by a pattern of somebody's own. */
static void patterns_of_ones_own(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *name, *date; /* NULL: it does not fit */
    } of[] = {
        {"Scan_%d.%m.%Y_*", "scan_24.12.1987_Grandma (2).tif", "1987-12-24"},
        {"Scan_%d.%m.%Y_*", "Scan_24.12.1987.tif", NULL},
        {"Scan_%d.%m.%Y_*", "Scan_31.02.1987_x.tif", NULL},
        {"Scan_%d.%m.%Y_*", "MyScan_24.12.1987_x.tif", NULL},
        {"*%Y%m%d*", "IMG99912345620240315x.jpg", "2024-03-15"},
        {"*%d%m%y", "roll 7, 150324.jpg", "2024-03-15"},
        {"*%d%m%y", "roll 7, 150385.jpg", "1985-03-15"},
        {"%Y-?b-%m", "2024-ab-07.jpg", "2024-07"},
        {"%Y", "1999.jpg", "1999"},
        {"%Y", "19990.jpg", NULL},
        {"%Y", "0999.jpg", NULL},
        {"%d %b %Y", "5 Mar 2024.jpg", NULL},
        {"%d %b %Y", "05 mar 2024.jpg", "2024-03-05"},
        {"%d %b %Y", "05 xyz 2024.jpg", NULL},
        {"100%% %Y", "100% 2011.jpg", "2011"},
        {"*", "2011.jpg", NULL},
        {"%Y*%m*%d", "2011--12--30--31.jpg", "2011-12-31"},
        {"%Y", "", NULL},
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        alice_date d = {0};
        char text[16] = "";
        bool fits = alice__pattern_date(of[i].pattern, of[i].name, &d);
        if (fits)
            alice_date_text(&d, text, sizeof text);
        if (fits != (of[i].date != NULL) || (fits && strcmp(text, of[i].date) != 0))
            fail_msg("%s of %s: %s instead of %s", of[i].pattern, of[i].name, text,
                     of[i].date ? of[i].date : "none");
    }
    alice_date d;
    assert_true(alice__pattern_date("%Y%m%d-%H%M%S", "20240315-235958.jpg", &d));
    assert_true(d.has_time && d.hour == 23 && d.minute == 59 && d.second == 58);
    assert_false(alice__pattern_date("%Y%m%d-%H%M%S", "20240315-245958.jpg", &d));
    /* As long as names are, and no longer than pattern by name. */
    char name[256], pattern[256];
    memset(name, 'a', sizeof name - 1);
    memset(pattern, '*', sizeof pattern - 1);
    name[255] = pattern[255] = 0;
    for (size_t i = 1; i < 251; i += 2)
        pattern[i] = 'a';
    memcpy(pattern + 251, "%Y%m", 4);
    assert_false(alice__pattern_date(pattern, name, &d));
}

static void wrong_patterns_are_told_apart(void **state)
{
    (void)state;
    static const char *const of[][2] = {
        {"", "1 to 255 bytes"},      {"Scan", "no year"},        {"%Y%d", "%d without %m"},
        {"%Y%m%M", "%M without %H"}, {"%Y%q", "has %q"},         {"%Y%", "has %"},
        {"%Y%Y", "%Y twice"},        {"%Y%y", "the year twice"}, {"%Y%m%b", "the month twice"},
        {"%Y/%m", "slash"},
    };
    alice_error e = {.text = ""};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        assert_int_equal(alice_date_pattern_check(of[i][0], &e), ALICE_E_INVAL);
        if (!strstr(e.text, of[i][1]))
            fail_msg("of %s: %s", of[i][0], e.text);
    }
    assert_int_equal(alice_date_pattern_check("Scan_%d.%m.%Y_*", &e), ALICE_OK);
    assert_int_equal(alice_date_pattern_check("%y%b", NULL), ALICE_OK);
    assert_int_equal(alice_date_pattern_check(NULL, &e), ALICE_E_INVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_cameras_and_programs),
        cmocka_unit_test(names_in_universal_time),
        cmocka_unit_test(numbers_that_are_no_dates),
        cmocka_unit_test(generators_by_name),
        cmocka_unit_test(screenshots),
        cmocka_unit_test(sources_of_cameras),
        cmocka_unit_test(other_sources),
        cmocka_unit_test(folders_that_are_dates),
        cmocka_unit_test(a_name_may_know_only_a_month_or_a_year),
        cmocka_unit_test(a_folder_narrows_a_year),
        cmocka_unit_test(a_films_name_tells_its_zone),
        cmocka_unit_test(rejected_names_say_why),
        cmocka_unit_test(the_zone_decides_the_day_of_the_mtime),
        cmocka_unit_test(programs_that_files_came_through),
        cmocka_unit_test(patterns_of_ones_own),
        cmocka_unit_test(wrong_patterns_are_told_apart),
        cmocka_unit_test(screenshots_by_what_they_say_and_by_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
