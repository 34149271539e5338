/* SPDX-License-Identifier: MIT */
/* Layouts: what a template makes of facts, and that no template and no fact leads elsewhere. */
#include "test.h"

#include <alice/organize.h>

#include "organize/layout.h"

static const alice__plan usual = {.date = {.year = 2024,
                                           .month = 3,
                                           .day = 5,
                                           .hour = 7,
                                           .minute = 8,
                                           .second = 9,
                                           .has_time = true},
                                  .project = "holiday",
                                  .source = "camera-x100",
                                  .number = 7,
                                  .name = "DSCF0001.JPG",
                                  .type = ALICE_MEDIA_JPEG,
                                  .camera = "X100",
                                  .hash = "0123456789abcdef0123456789abcdef"};

static const char *path(const char *layout, const alice__plan *plan, uint64_t again)
{
    static char out[ALICE__DEST_MAX];
    static alice__layout l;
    alice_error error;
    size_t base = 0;
    assert_ok(alice__layout_parse(&l, layout, &error));
    assert_ok(alice__layout_path(&l, plan, again, out, sizeof out, &base));
    return out;
}

static void tokens_stand_for_facts(void **state)
{
    (void)state;
    alice__plan p = usual;
    assert_string_equal(path("guide", &p, 1),
                        "2024-03-05/holiday/camera-x100/holiday-00007.JPG");
    assert_string_equal(path("{date:%Y/%m}/{name}", &p, 2), "2024/03/DSCF0001-2.JPG");
    assert_string_equal(path("{date:%y%j %H%M%S%%}.{ext}", &p, 1), "24065 070809%.JPG");
    assert_string_equal(path("{ext}/{number:3}{hash:4}", &p, 1), "JPG/0070123.JPG");
    assert_string_equal(path("{camera}/{type}{model}{seed|0}", &p, 1), "X100/photo0.JPG");
    assert_string_equal(path("{{{origin}}}", &p, 1), "{camera-x100}.JPG");
    p.name = "no extension. at all";
    assert_string_equal(path("{name}.{ext}", &p, 1), "no extension. at all.jpg");
    p.name = "...";
    assert_string_equal(path("{name}", &p, 1), "_.jpg");
    assert_string_equal(path("{album}/{album}/{model}", &p, 3), "photo-3.jpg");
}

static void dates_are_shown_as_far_as_they_are_known(void **state)
{
    (void)state;
    alice__plan p = usual;
    p.date = (alice_date){.year = 1985, .month = 7};
    assert_string_equal(path("{date}/{name}", &p, 1), "1985-07/DSCF0001.JPG");
    assert_string_equal(path("{date:%Y/%m/%d}/{name}", &p, 1), "1985/07/DSCF0001.JPG");
    assert_string_equal(path("x{date:%d.%m}/{name}", &p, 1), "x/DSCF0001.JPG");
    assert_string_equal(path("{date:%d|some day}/{name}", &p, 1), "some day/DSCF0001.JPG");
    p.date.month = 0;
    assert_string_equal(path("{date:%Y-%m-%d}/{name}", &p, 1), "1985/DSCF0001.JPG");
    assert_string_equal(path("a{date:/%m}/{name}", &p, 1), "a/DSCF0001.JPG");
    p.date.year = 0;
    assert_string_equal(path("{date:%Y/%m}/{name}", &p, 1), "undated/DSCF0001.JPG");
    p.undated = "Ohne Datum";
    assert_string_equal(path("{date:%Y/%m}/{name}", &p, 1), "Ohne Datum/DSCF0001.JPG");
    assert_string_equal(path("{date|never}/{name}", &p, 1), "never/DSCF0001.JPG");
}

static void whatever_facts_say_a_path_is_plain(void **state)
{
    (void)state;
    alice__plan p = usual;
    p.camera = "../../etc/passwd";
    assert_string_equal(path("{camera}/{name}", &p, 1), "_.._etc_passwd/DSCF0001.JPG");
    p.camera = "..";
    assert_string_equal(path("{camera}/{camera}", &p, 1), "_/_.JPG");
    p.camera = ".alice";
    assert_string_equal(path("{camera}/{name}", &p, 1), "alice/DSCF0001.JPG");
    char many[2000];
    memset(many, 'm', sizeof many - 1);
    many[sizeof many - 1] = 0;
    p.camera = many;
    const char *longest = path("{camera}/{camera}", &p, UINT64_MAX);
    assert_true(strcspn(longest, "/") < 255 && strlen(strchr(longest, '/')) < 255);
    static alice__layout l;
    char small[100];
    size_t base = 0;
    assert_ok(alice__layout_parse(&l, "{camera}/{camera}", NULL));
    assert_status(alice__layout_path(&l, &p, 1, small, sizeof small, &base), ALICE_E_TOOBIG);
}

static void errors_say_where(void **state)
{
    (void)state;
    alice_error error;
    assert_ok(alice_layout_check(NULL, &error));
    assert_status(alice_layout_check("{date}/{camara}", &error), ALICE_E_INVAL);
    assert_non_null(strstr(error.text, "character 9 "));
    assert_non_null(strstr(error.text, "did you mean {camera}?"));
    const char *name = NULL, *layout = NULL;
    size_t n = 0;
    for (; alice_layout_preset(n, &name, &layout) == ALICE_OK; n++) {
        assert_ok(alice_layout_check(name, &error));
        assert_ok(alice_layout_check(layout, &error));
    }
    assert_int_equal(n, 5);
    char deep[ALICE__LAYOUT_MAX] = "{name}";
    for (int i = 0; i < 17; i++)
        strcat(deep, "/a");
    assert_status(alice_layout_check(deep, &error), ALICE_E_INVAL);
    assert_non_null(strstr(error.text, "deep"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_stand_for_facts),
        cmocka_unit_test(dates_are_shown_as_far_as_they_are_known),
        cmocka_unit_test(whatever_facts_say_a_path_is_plain),
        cmocka_unit_test(errors_say_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
