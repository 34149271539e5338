/* SPDX-License-Identifier: MIT */
/* The table of extensions, and that all who ask it agree. */
#include "tree.h"

#include <alice/organize.h>

#include "make_media.h"
#include "media/analyze.h"
#include "media/types.h"
#include "organize/group_names.h"
#include "organize/walk.h"
#include "media/formats/format.h"

static const alice__format *const formats[] = {
#define FORMAT(name) &alice__format_##name,
    ALICE__FORMATS(FORMAT)
#undef FORMAT
};

static bool is_format(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return true;
    return false;
}

static void each_extension_has_one_row(void **state)
{
    size_t n;
    const alice__name_kind *rows = alice__name_kinds(&n);
    (void)state;
    for (size_t i = 0; i < n; i++) {
        const alice__name_kind *r = &rows[i];
        char name[32];
        if (i > 0)
            assert_true(strcmp(rows[i - 1].extension, r->extension) < 0);
        snprintf(name, sizeof name, "a.b.%s", r->extension);
        assert_ptr_equal(alice__name_kind_of(name), r);
        for (char *p = name; *p; p++)
            *p = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
        assert_ptr_equal(alice__name_kind_of(name), r);
        assert_true(r->type == ALICE_MEDIA_NONE || alice_media_class_of(r->type) == r->kind);
        assert_true(!r->carrier[0] || is_format(r->carrier));
        assert_true(r->type == ALICE_MEDIA_NONE || r->carrier[0]);
        const alice__partner by_kind[] = {
            [ALICE_CLASS_IMAGE] = ALICE__PARTNER_PHOTO,
            [ALICE_CLASS_RAW] = ALICE__PARTNER_RAW,
            [ALICE_CLASS_VIDEO] = ALICE__PARTNER_VIDEO,
        };
        if (r->kind != ALICE_CLASS_NONE)
            assert_int_equal(r->partner, by_kind[r->kind]);
        else
            assert_true(alice__partner_is_sidecar(r->partner));
    }
    for (int t = ALICE_MEDIA_NONE + 1; t < ALICE_MEDIA_COUNT; t++) {
        char name[32];
        snprintf(name, sizeof name, "a.%s", alice_media_extension((alice_media_type)t));
        assert_true(alice__types_share_names(alice__name_type(name), (alice_media_type)t));
    }
}

static void unknown_extensions_are_nothing(void **state)
{
    static const char *const names[] = {"",    ".",      "a",    "a.",
                                        "jpg", "a.jpgx", ".jpg", "a.jpegjpegjpeg"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const alice__name_kind *r = alice__name_kind_of(names[i]);
        assert_int_equal(r->type, ALICE_MEDIA_NONE);
        assert_int_equal(r->kind, ALICE_CLASS_NONE);
        assert_int_equal(r->partner, ALICE__PARTNER_NONE);
    }
}

/* The analyzer: a name is at odds with a JPEG where the table says another type. */
static void the_analyzer_agrees(void **state)
{
    size_t n;
    const alice__name_kind *rows = alice__name_kinds(&n);
    alice__analyzer *a = NULL;
    blob b = {0};
    (void)state;
    make_jpeg_begin(&b);
    make_jpeg_end(&b, 4, 4);
    assert_ok(alice__analyzer_open(&a, NULL, 16384));
    for (size_t i = 0; i < n; i++) {
        char name[32];
        alice_media_info info;
        snprintf(name, sizeof name, "a.%s", rows[i].extension);
        alice__file_facts facts = {.name = name, .now_s = 1767225600};
        alice__input in = alice__input_of((alice_bytes){b.p, b.n});
        assert_ok(alice__analyzer_read(a, &in, &facts, &info));
        assert_int_equal(info.type, ALICE_MEDIA_JPEG);
        assert_int_equal(info.extension_note != NULL,
                         rows[i].type != ALICE_MEDIA_NONE && rows[i].type != ALICE_MEDIA_JPEG);
    }
    alice__analyzer_close(&a);
    blob_free(&b);
}

static void put(int top, const char *folder, const char *name)
{
    mkdirat(top, folder, 0755);
    int dir = openat(top, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    tree_file(dir, name, "", 0);
    close(dir);
}

/* Survey and walk, over a folder for each extension: `a.ext` beside a photo and a sidecar. */
static void survey_and_walk_agree(void **state)
{
    char path[64], name[32];
    size_t n, media = 0, seen = 0;
    uint64_t types[ALICE_MEDIA_COUNT] = {0};
    const alice__name_kind *rows = alice__name_kinds(&n);
    int top = tree_make_fast(path);
    (void)state;
    assert_true(top >= 0);
    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "a.%s", rows[i].extension);
        put(top, rows[i].extension, name);
        put(top, rows[i].extension, "b.jpg");
        snprintf(name, sizeof name, "b.%s", rows[i].extension);
        put(top, rows[i].extension, name);
        types[rows[i].type]++;
        media += rows[i].type != ALICE_MEDIA_NONE;
    }
    alice_survey out;
    assert_ok(alice_survey_folder(path, NULL, &out, NULL));
    for (int t = ALICE_MEDIA_NONE + 1; t < ALICE_MEDIA_COUNT; t++)
        assert_int_equal(out.by_type[t], 2 * types[t] + (t == ALICE_MEDIA_JPEG ? n - 1 : 0));
    assert_int_equal(out.media, 2 * media + n - 1);

    alice__walk *w = NULL;
    alice__entry e;
    alice_status st;
    alice_error error;
    assert_ok(alice__walk_open(&w, &(alice__walk_options){.root_fd = top}, &error));
    while ((st = alice__walk_next(w, &e)) == ALICE_OK) {
        const alice__name_kind *row = alice__name_kind_of(e.name);
        if (e.name[0] != 'b' || strcmp(e.name, "b.jpg") == 0)
            continue;
        seen++;
        char suffix[ALICE__GROUP_NAME];
        assert_int_equal(alice__group_bond(e.name, "b.jpg", suffix) != ALICE__BOND_NONE,
                         row->partner != ALICE__PARTNER_PHOTO);
    }
    assert_status(st, ALICE_E_END);
    assert_int_equal(seen, n - 1);
    alice__walk_close(&w);
    close(top);
    tree_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_extension_has_one_row),
        cmocka_unit_test(unknown_extensions_are_nothing),
        cmocka_unit_test(the_analyzer_agrees),
        cmocka_unit_test(survey_and_walk_agree),
    };
    return cmocka_run_group_tests_name("types", tests, NULL, NULL);
}
