/* SPDX-License-Identifier: MIT */
/* Paths out of facts: no name climbs out, hides or breaks; Unicode stays; the same facts give
 * the same path. */
#include "test.h"

#include "organize/plan.h"

static const char *safe(const char *text)
{
    static char out[256];
    alice__safe_component(text, strlen(text), out, 64);
    return out;
}

static void components_are_safe(void **state)
{
    (void)state;
    assert_string_equal(safe("holiday"), "holiday");
    assert_string_equal(safe("../../etc"), "_.._etc");
    assert_string_equal(safe(".hidden"), "hidden");
    assert_string_equal(safe(".."), "_");
    assert_string_equal(safe(""), "_");
    assert_string_equal(safe("a/b\\c:d"), "a_b_c_d");
    assert_string_equal(safe("tab\tnew\nline\x7f"), "tab_new_line_");
    assert_string_equal(safe("ends. . "), "ends");
    assert_string_equal(safe("Ferien in Köln 🏖"), "Ferien in Köln 🏖");
    assert_string_equal(safe("not\xff utf\xc3"), "not_ utf_");
    assert_string_equal(safe("c1\xc2\x85"
                             "end"),
                        "c1_end");
    assert_string_equal(safe("rtl\xe2\x80\xae"
                             "gpj.exe"),
                        "rtl_gpj.exe");
    assert_string_equal(safe("overlong\xc0\xaf"), "overlong__");
    /* The isolates, U+2066 to U+2069, each edge of them. */
    assert_string_equal(safe("a\xe2\x81\xa6"
                             "b\xe2\x81\xa9"
                             "c"),
                        "a_b_c");
}

static void an_extension_has_ten_letters_at_most(void **state)
{
    (void)state;
    assert_string_equal(alice__plan_extension("a.abcdefghij"), "abcdefghij");
    assert_null(alice__plan_extension("a.abcdefghijk"));
    assert_null(alice__plan_extension("a."));
    assert_null(alice__plan_extension(".jpg"));
}

static void components_are_cut_between_characters(void **state)
{
    (void)state;
    char out[256];
    /* 40 times "ö" is 80 bytes: 31 of them fit 63. */
    char text[81] = "";
    for (int i = 0; i < 40; i++)
        strcat(text, "ö");
    size_t n = alice__safe_component(text, strlen(text), out, 64);
    assert_int_equal(n, 62);
    assert_memory_equal(out, text, 62);
}

static void the_project_is_the_first_folder(void **state)
{
    (void)state;
    char out[ALICE__PROJECT_MAX];
    alice__plan_project("", NULL, out, sizeof out);
    assert_string_equal(out, "uncategorized");
    alice__plan_project("archive/2019/0036", NULL, out, sizeof out);
    assert_string_equal(out, "archive");
    static const char *const none[] = {"DCIM",
                                       "DCIM/100APPLE",
                                       "100APPLE",
                                       "101_PANA",
                                       "Camera/x",
                                       "Download",
                                       "Camera Roll/a",
                                       "My Photos.photoslibrary/originals/A",
                                       "Takeout/Google Photos/Rome",
                                       "Google Fotos",
                                       "GOOGLE \xe3\x83\x95\xe3\x82\xa9\xe3\x83\x88"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        alice__plan_project(none[i], NULL, out, sizeof out);
        assert_string_equal(out, "uncategorized");
    }
    static const char *const some[] = {"100 days", "Cameras", "2024-031", "DCIM2",
                                       "photoslibrary"};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        alice__plan_project(some[i], NULL, out, sizeof out);
        assert_string_equal(out, some[i]);
    }
    alice__plan_project("phone/DCIM/Camera", NULL, out, sizeof out);
    assert_string_equal(out, "phone");
    static const char *const more[] = {"Scans", "*.lrdata", NULL};
    alice__plan_project("scans/1", more, out, sizeof out);
    assert_string_equal(out, "uncategorized");
    alice__plan_project("Previews.LRDATA", more, out, sizeof out);
    assert_string_equal(out, "uncategorized");
    alice__plan_project("scans2", more, out, sizeof out);
    assert_string_equal(out, "scans2");
    alice__plan_project("a:b", NULL, out, sizeof out);
    assert_string_equal(out, "a_b");
}

static void paths_are_as_promised(void **state)
{
    (void)state;
    char out[ALICE__DEST_MAX];
    alice__plan p = {.date = {.year = 2024, .month = 3, .day = 5},
                     .project = "holiday",
                     .source = "camera-x100",
                     .number = 7,
                     .name = "DSCF0001.JPG",
                     .type = ALICE_MEDIA_JPEG};
    assert_ok(alice__plan_path(&p, out, sizeof out));
    assert_string_equal(out, "2024-03-05/holiday/camera-x100/holiday-00007.JPG");
    p.keep_name = true;
    p.number = 123456;
    assert_ok(alice__plan_path(&p, out, sizeof out));
    assert_string_equal(out, "2024-03-05/holiday/camera-x100/holiday-123456-DSCF0001.JPG");
    p.keep_name = false;
    p.name = "no extension. at all";
    assert_ok(alice__plan_path(&p, out, sizeof out));
    assert_string_equal(out, "2024-03-05/holiday/camera-x100/holiday-123456.jpg");
    p.date.day = 0;
    assert_ok(alice__plan_path(&p, out, sizeof out));
    assert_string_equal(out, "2024-03/holiday/camera-x100/holiday-123456.jpg");
    p.date.month = 0;
    assert_ok(alice__plan_path(&p, out, sizeof out));
    assert_string_equal(out, "2024/holiday/camera-x100/holiday-123456.jpg");
    p.date.year = 0;
    assert_ok(alice__plan_path(&p, out, sizeof out));
    assert_string_equal(out, "undated/holiday/camera-x100/holiday-123456.jpg");
    assert_status(alice__plan_path(&p, out, 20), ALICE_E_TOOBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(components_are_safe),
        cmocka_unit_test(an_extension_has_ten_letters_at_most),
        cmocka_unit_test(components_are_cut_between_characters),
        cmocka_unit_test(the_project_is_the_first_folder),
        cmocka_unit_test(paths_are_as_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
