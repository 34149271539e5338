/* SPDX-License-Identifier: MIT */
/* A survey: what stands in names and sizes, in bounded time, over odd and broken trees. */
#include "tree.h"

#include <stdatomic.h>

#include <alice/organize.h>

#include "faulty.h"
#include "media/types.h"

typedef struct scene {
    char top[64];
    int fd;
} scene;

static int set_up(void **state)
{
    static scene s;
    s.fd = tree_make(s.top);
    *state = &s;
    return s.fd < 0;
}

static int tear_down(void **state)
{
    scene *s = *state;
    tree_empty(s->fd);
    close(s->fd);
    return rmdir(s->top);
}

static void put(const scene *s, const char *path, off_t size)
{
    int fd = openat(s->fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
    close(fd);
}

static void folder(const scene *s, const char *path)
{
    assert_int_equal(mkdirat(s->fd, path, 0755), 0);
}

static void make(const scene *s)
{
    const off_t mb = 1024 * 1024;
    folder(s, "a");
    folder(s, "b");
    folder(s, "b/c");
    put(s, "one.JPG", mb - 1);
    put(s, "a/two.jpeg", mb);
    put(s, "a/three.png", 10 * mb);
    put(s, "a/four.heic", 10 * mb + 1);
    put(s, "b/five.mov", 100 * mb);
    put(s, "b/notes.txt", 1000 * mb);
    put(s, "b/c/six.tiff", 3);
    put(s, "b/c/no-extension", 3);
    put(s, "b/c/dot.", 3);
    put(s, "b/c/.hidden.jpg", 3);
}

static void counts(void **state)
{
    scene *s = *state;
    alice_survey out;
    make(s);
    assert_ok(alice_survey_folder(s->top, NULL, &out, NULL));
    assert_true(out.complete);
    assert_int_equal(out.files, 9);
    assert_int_equal(out.media, 6);
    assert_int_equal(out.passed_over, 1);
    assert_int_equal(out.unreadable, 0);
    assert_int_equal(out.by_type[ALICE_MEDIA_JPEG], 2);
    assert_int_equal(out.by_type[ALICE_MEDIA_TIFF], 1);
    assert_int_equal(out.by_type[ALICE_MEDIA_MOV], 1);
    assert_int_equal(out.by_type[ALICE_MEDIA_NONE], 3);
    assert_int_equal(out.sized, 6);
    assert_int_equal(out.by_size[ALICE_SIZE_SMALL], 2);
    assert_int_equal(out.by_size[ALICE_SIZE_MEDIUM], 2);
    assert_int_equal(out.by_size[ALICE_SIZE_LARGE], 2);
    assert_string_equal(out.largest, "b/five.mov");
    assert_int_equal(out.largest_bytes, 100 * 1024 * 1024);
    assert_int_equal(out.biggest_folder_files, 3);
    assert_true(!strcmp(out.biggest_folder, "a") || !strcmp(out.biggest_folder, "b/c"));
}

static void empty_folder(void **state)
{
    scene *s = *state;
    alice_survey out;
    assert_ok(alice_survey_folder(s->top, NULL, &out, NULL));
    assert_true(out.complete);
    assert_int_equal(out.files, 0);
    assert_string_equal(out.largest, "");
}

static void sizes_are_sampled(void **state)
{
    scene *s = *state;
    alice_survey out;
    alice_survey_options o = {.all_sizes = 32};
    char name[32];
    for (int i = 0; i < 32 + 160; i++) {
        snprintf(name, sizeof name, "%04d.png", i);
        put(s, name, 5);
    }
    assert_ok(alice_survey_folder(s->top, &o, &out, NULL));
    assert_int_equal(out.media, 192);
    assert_int_equal(out.sized, 32 + 10);
    assert_int_equal(out.bytes, 5 * 42);
    assert_int_equal(out.biggest_folder_files, 192);
}

static uint64_t tick(void *ctx)
{
    return atomic_fetch_add((_Atomic uint64_t *)ctx, UINT64_C(1000000000));
}

static bool stop_at_once(void *ctx)
{
    return ++*(int *)ctx > 0;
}

static void time_ends_it(void **state)
{
    scene *s = *state;
    alice_survey out;
    _Atomic uint64_t now = 0;
    int asked = 0;
    alice_clock clock = {.now_ns = tick, .ctx = (void *)&now};
    alice_survey_options o = {.env = {.clock = &clock}, .most_ms = 2000};
    char name[32];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "%04d.png", i);
        put(s, name, 0);
    }
    assert_ok(alice_survey_folder(s->top, &o, &out, NULL));
    assert_false(out.complete);
    assert_int_equal(out.files, 128); /* two looks at the clock */
    o = (alice_survey_options){.should_stop = stop_at_once, .ctx = &asked};
    assert_ok(alice_survey_folder(s->top, &o, &out, NULL));
    assert_false(out.complete);
    assert_int_equal(asked, 1);
}

static void long_paths_keep_their_end(void **state)
{
    scene *s = *state;
    alice_survey out;
    char path[2048] = "", part[220];
    memset(part, 'x', sizeof part - 1);
    part[sizeof part - 1] = 0;
    for (int i = 0; i < 4; i++) {
        size_t n = strlen(path);
        snprintf(path + n, sizeof path - n, "%s%s", i ? "/" : "", part);
        folder(s, path);
    }
    strcat(path, "/the-end.png");
    put(s, path, 7);
    assert_ok(alice_survey_folder(s->top, NULL, &out, NULL));
    assert_int_equal(strlen(out.largest), sizeof out.largest - 1);
    assert_string_equal(out.largest + strlen(out.largest) - 12, "/the-end.png");
    assert_string_equal(out.largest, path + strlen(path) - strlen(out.largest));
    assert_int_equal(strlen(out.biggest_folder), sizeof out.biggest_folder - 1);
}

static void refusals(void **state)
{
    scene *s = *state;
    alice_survey out;
    alice_error e;
    char path[80];
    snprintf(path, sizeof path, "%s/nowhere", s->top);
    assert_status(alice_survey_folder(path, NULL, &out, &e), ALICE_E_NOENT);
    assert_non_null(strstr(e.text, "nowhere"));
    assert_status(alice_survey_folder(NULL, NULL, &out, &e), ALICE_E_INVAL);
    assert_status(alice_survey_folder(s->top, NULL, NULL, NULL), ALICE_E_INVAL);
}

static void each_allocation_fails_once(void **state)
{
    scene *s = *state;
    alice_survey out;
    make(s);
    for (unsigned nth = 0;; nth++) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        alice_survey_options o = {.env = {.alloc = &alloc}};
        alice_status st = alice_survey_folder(s->top, &o, &out, NULL);
        assert_int_equal(f.live_bytes, 0);
        if (!f.fired) {
            assert_ok(st);
            break;
        }
        assert_true(st == ALICE_OK || st == ALICE_E_NOMEM);
    }
}

static void types_of_names(void **state)
{
    static const struct {
        const char *name;
        alice_media_type type;
    } names[] = {
        {"a.jpg", ALICE_MEDIA_JPEG},  {"a.JPEG", ALICE_MEDIA_JPEG}, {"a.Hif", ALICE_MEDIA_HEIF},
        {"a.b.mp4", ALICE_MEDIA_MP4}, {"a.qt", ALICE_MEDIA_MOV},    {"jpg", ALICE_MEDIA_NONE},
        {"a.", ALICE_MEDIA_NONE},     {".", ALICE_MEDIA_NONE},      {"", ALICE_MEDIA_NONE},
        {"a.jpgx", ALICE_MEDIA_NONE}, {"a.png", ALICE_MEDIA_PNG}};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(alice__name_type(names[i].name), names[i].type);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(empty_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sizes_are_sampled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(time_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_paths_keep_their_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_allocation_fails_once, set_up, tear_down),
        cmocka_unit_test(types_of_names),
    };
    return cmocka_run_group_tests_name("survey", tests, NULL, NULL);
}
