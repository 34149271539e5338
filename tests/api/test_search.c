/* SPDX-License-Identifier: MIT */
/* The search as another program uses it: public headers only, linked to the shared library. */
#include "make_media.h"
#include "test.h"
#include "tree.h"

#include <alice/search.h>

enum { FILES = 30 };

static char top[64], inbox[96], organized[96];
static int top_fd, inbox_fd;

static void make_picture(unsigned n)
{
    char name[32], date[24], model[16];
    blob exif = {0}, b = {0};
    snprintf(name, sizeof name, "%03u.jpg", n);
    snprintf(date, sizeof date, "2024:%02u:15 10:20:%02u", 1 + n % 10, n);
    snprintf(model, sizeof model, "Box %u", n % 3);
    make_exif(&exif,
              &(make_exif_options){.make = "Acme", .model = model, .date_time_original = date});
    make_jpeg_begin(&b);
    make_jpeg_exif(&b, exif);
    make_jpeg_comment(&b, name);
    make_jpeg_end(&b, 64, 48);
    tree_file(inbox_fd, name, b.p, b.n);
    blob_free(&exif);
    blob_free(&b);
}

static void organize(void)
{
    alice_organizer *o = NULL;
    alice_organize_result result = {0};
    alice_organizer_options options = {.inbox = inbox, .organized = organized};
    options.config.max_memory_mb = 64;
    assert_int_equal(alice_organizer_open(&o, &options, NULL), ALICE_OK);
    assert_int_equal(alice_organizer_organize(o, &result, NULL), ALICE_OK);
    alice_organizer_close(&o);
}

static int make_library(void **state)
{
    (void)state;
    top_fd = tree_make_fast(top);
    if (top_fd < 0)
        return -1;
    snprintf(inbox, sizeof inbox, "%s/inbox", top);
    snprintf(organized, sizeof organized, "%s/organized", top);
    mkdirat(top_fd, "inbox", 0755);
    inbox_fd = openat(top_fd, "inbox", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned i = 0; i < FILES; i++)
        make_picture(i);
    organize();
    return 0;
}

static int remove_library(void **state)
{
    (void)state;
    close(inbox_fd);
    close(top_fd);
    tree_remove(top);
    return 0;
}

/* ---- a client ---- */

typedef struct client {
    uint64_t told, days, of_days, stop_after, first_id, last_id;
    uint32_t first_day, last_day;
    bool stop;
    unsigned stops_at, asked; /* stops_at 0: never */
    uint64_t progress;
} client;

static bool on_file(void *ctx, uint64_t id, const alice_library_file *f)
{
    client *c = ctx;
    assert_string_equal(f->make, "Acme");
    assert_string_equal(f->type, "jpeg");
    assert_int_not_equal(f->bytes, 0);
    assert_false(f->placed);
    if (c->told++ == 0) {
        c->first_id = id;
        c->first_day = f->day;
    }
    c->last_id = id;
    c->last_day = f->day;
    return c->told != c->stop_after;
}

static bool on_day(void *ctx, uint32_t day, uint64_t files)
{
    client *c = ctx;
    if (c->days++ == 0)
        c->first_day = day;
    c->last_day = day;
    c->of_days += files;
    return c->days != c->stop_after;
}

static bool should_stop(void *ctx)
{
    client *c = ctx;
    return c->stop || ++c->asked == c->stops_at;
}

static void on_progress(void *ctx, uint64_t done, uint64_t of)
{
    assert_true(done <= of);
    ((client *)ctx)->progress++;
}

static alice_search *open_search(client *c)
{
    alice_search *s = NULL;
    alice_error error;
    alice_search_options o = {.size = sizeof o,
                              .organized = organized,
                              .should_stop = should_stop,
                              .on_progress = on_progress,
                              .ctx = c};
    o.config.max_memory_mb = 64;
    alice_status st = alice_search_open(&s, &o, &error);
    if (st != ALICE_OK)
        print_message("%s\n", error.text);
    assert_int_equal(st, ALICE_OK);
    assert_string_equal(alice_search_note(s), "");
    return s;
}

static client each(alice_search *s, const alice_search_query *q, uint64_t skip, uint64_t most)
{
    client c = {0};
    uint64_t count = 0;
    alice_error error;
    assert_int_equal(alice_search_each(s, q, skip, most, on_file, &c, &error), ALICE_OK);
    if (!skip && !most) {
        assert_int_equal(alice_search_count(s, q, &count, &error), ALICE_OK);
        assert_int_equal(count, c.told);
        client days = {0};
        assert_int_equal(alice_search_days(s, q, on_day, &days, &error), ALICE_OK);
        assert_int_equal(days.of_days, c.told);
        assert_int_equal(days.first_day, c.first_day);
        assert_int_equal(days.last_day, c.last_day);
    }
    return c;
}

/* All that can be asked, of the index or of the catalog. */
static void check_answers(alice_search *s)
{
    static const char *const words[] = {"ACME", "ox 1"};
    const alice_search_query all = {.size = sizeof all}, back = {.newest_first = true},
                             two = {.words = words, .word_count = 2},
                             camera = {.camera = "acme box 2"},
                             none = {.generator = "none at all"},
                             since = {.since = 20240300, .until = 20240531};
    client c = each(s, &all, 0, 0);
    assert_int_equal(c.told, FILES);
    assert_int_equal(c.first_day, 20240115);
    assert_int_equal(c.last_day, 20241015);
    client b = each(s, &back, 0, 0);
    assert_int_equal(b.first_id, c.last_id);
    assert_int_equal(b.last_id, c.first_id);
    assert_int_equal(each(s, &two, 0, 0).told, FILES / 3);
    assert_int_equal(each(s, &camera, 0, 0).told, FILES / 3);
    assert_int_equal(each(s, &none, 0, 0).told, 0);
    assert_int_equal(each(s, &since, 0, 0).told, 9);
    assert_int_equal(each(s, &all, 25, 0).told, 5);
    assert_int_equal(each(s, &all, 2, 3).told, 3);
    assert_int_equal(each(s, &all, 100, 3).told, 0);
    client three = {.stop_after = 3}, two_days = {.stop_after = 2}, one = {0};
    assert_int_equal(alice_search_each(s, &all, 0, 0, on_file, &three, NULL), ALICE_OK);
    assert_int_equal(three.told, 3);
    assert_int_equal(alice_search_days(s, &two, on_day, &two_days, NULL), ALICE_OK);
    assert_int_equal(two_days.days, 2);
    assert_int_equal(alice_search_file(s, c.last_id, on_file, &one, NULL), ALICE_OK);
    assert_int_equal(one.last_day, c.last_day);
    assert_int_equal(alice_search_file(s, c.last_id + 1, on_file, &one, NULL), ALICE_E_NOENT);
    assert_int_equal(alice_search_file(s, UINT64_MAX, on_file, &one, NULL), ALICE_E_NOENT);
    assert_int_equal(one.told, 1);
}

static void answers_are_the_same_without_an_index(void **state)
{
    (void)state;
    client c = {0};
    char index[160];
    alice_search *s = open_search(&c);
    assert_int_not_equal(c.progress, 0);
    check_answers(s);
    alice_search_close(&s);
    assert_null(s);
    c.progress = 0;
    s = open_search(&c);
    assert_int_equal(c.progress, 0); /* nothing had to be done */
    alice_search_close(&s);
    snprintf(index, sizeof index, "%s/.alice/search.db", organized);
    assert_int_equal(unlink(index), 0);
    assert_int_equal(mkdir(index, 0755), 0);
    alice_search_options o = {.organized = organized};
    assert_int_equal(alice_search_open(&s, &o, NULL), ALICE_OK);
    assert_string_not_equal(alice_search_note(s), "");
    check_answers(s);
    assert_int_equal(rmdir(index), 0);
    assert_int_equal(alice_search_refresh(s, NULL), ALICE_OK);
    assert_string_equal(alice_search_note(s), "");
    check_answers(s);
    alice_search_close(&s);
}

static void one_that_stays_open_follows(void **state)
{
    (void)state;
    client c = {0};
    const alice_search_query all = {.size = 0};
    char index[160];
    alice_search *s = open_search(&c);
    client before = each(s, &all, 0, 0);
    make_picture(FILES + 1);
    organize(); /* an open search is not in its way */
    assert_int_equal(each(s, &all, 0, 0).told, before.told);
    assert_int_equal(alice_search_refresh(s, NULL), ALICE_OK);
    assert_int_equal(each(s, &all, 0, 0).told, before.told + 1);
    /* Somebody deletes it meanwhile. */
    snprintf(index, sizeof index, "%s/.alice/search.db", organized);
    assert_int_equal(unlink(index), 0);
    assert_int_equal(each(s, &all, 0, 0).told, before.told + 1);
    alice_search_close(&s);
}

static void it_stops_when_asked(void **state)
{
    (void)state;
    client c = {.stop = true};
    char index[160];
    alice_search *s = NULL;
    alice_error error;
    alice_search_options o = {.organized = organized, .should_stop = should_stop, .ctx = &c};
    snprintf(index, sizeof index, "%s/.alice/search.db", organized);
    (void)unlink(index);
    assert_int_equal(alice_search_open(&s, &o, &error), ALICE_E_CANCELLED);
    assert_null(s);
    assert_string_not_equal(error.text, "");
    c.stop = false;
    assert_int_equal(alice_search_open(&s, &o, &error), ALICE_OK);
    c.stop = true;
    const alice_search_query all = {.size = 0};
    uint64_t n = 0;
    assert_int_equal(alice_search_each(s, &all, 0, 0, on_file, &c, &error), ALICE_E_CANCELLED);
    assert_int_equal(alice_search_count(s, &all, &n, &error), ALICE_OK); /* known at once */
    alice_search_close(&s);
}

/* What was stopped goes on where it stopped: together it is what one question tells. */
static void it_goes_on_where_it_stopped(void **state)
{
    (void)state;
    static const char *const words[] = {"acme"};
    client c = {0};
    alice_search *s = open_search(&c);
    char index[160];
    snprintf(index, sizeof index, "%s/.alice/search.db", organized);
    for (int round = 0; round < 2 * 2 * 2; round++) {
        alice_search_query q = {.newest_first = round & 1, .word_count = round & 2 ? 1 : 0};
        q.words = words;
        if (round == 4) { /* the catalog tells the same */
            alice_search_close(&s);
            assert_int_equal(unlink(index), 0);
            assert_int_equal(mkdir(index, 0755), 0);
            alice_search_options o = {
                .organized = organized, .should_stop = should_stop, .ctx = &c};
            assert_int_equal(alice_search_open(&s, &o, NULL), ALICE_OK);
        }
        c = (client){0};
        client whole = {0}, parts = {0}, days = {0}, pages = {0};
        assert_int_equal(alice_search_each(s, &q, 0, 0, on_file, &whole, NULL), ALICE_OK);
        assert_int_equal(alice_search_reached(s), whole.last_id);
        c = (client){.stops_at = 2};
        assert_int_equal(alice_search_each(s, &q, 0, 0, on_file, &parts, NULL),
                         ALICE_E_CANCELLED);
        assert_int_equal(alice_search_reached(s), parts.last_id);
        assert_true(parts.told > 0 && parts.told < whole.told);
        q.after = alice_search_reached(s);
        assert_int_equal(alice_search_each(s, &q, 0, 0, on_file, &parts, NULL), ALICE_OK);
        assert_int_equal(parts.told, whole.told);
        assert_int_equal(parts.first_id, whole.first_id);
        assert_int_equal(parts.last_id, whole.last_id);
        c = (client){0};
        q.after = whole.first_id; /* dates alone, but not of all */
        assert_int_equal(alice_search_days(s, &q, on_day, &days, NULL), ALICE_OK);
        assert_int_equal(days.of_days, whole.told - 1);
        q.after = 0;
        q.words = words;
        q.word_count = 1; /* days that have to be counted */
        days = (client){0};
        c = (client){.stops_at = 2};
        assert_int_equal(alice_search_days(s, &q, on_day, &days, NULL), ALICE_E_CANCELLED);
        assert_true(days.of_days > 0 && days.of_days < whole.told);
        q.after = alice_search_reached(s);
        assert_int_equal(alice_search_days(s, &q, on_day, &days, NULL), ALICE_OK);
        assert_int_equal(days.of_days, whole.told);
        for (q.after = 0; pages.told < whole.told; q.after = pages.last_id)
            assert_int_equal(alice_search_each(s, &q, 0, 7, on_file, &pages, NULL), ALICE_OK);
        assert_int_equal(pages.last_id, whole.last_id);
        q.after = pages.last_id;
        assert_int_equal(alice_search_each(s, &q, 0, 0, on_file, &pages, NULL), ALICE_OK);
        assert_int_equal(pages.told, whole.told);
    }
    assert_int_equal(rmdir(index), 0);
    alice_search_close(&s);
}

static void what_is_refused(void **state)
{
    (void)state;
    alice_search *s = NULL;
    client c = {0};
    uint64_t n = 0;
    const char *many[65] = {0};
    alice_search_options o = {.organized = inbox};
    assert_int_equal(alice_search_open(&s, &o, NULL), ALICE_E_NOENT);
    assert_int_equal(alice_search_open(&s, NULL, NULL), ALICE_E_INVAL);
    assert_int_equal(alice_search_open(NULL, &o, NULL), ALICE_E_INVAL);
    o.size = 3;
    assert_int_equal(alice_search_open(&s, &o, NULL), ALICE_E_INVAL);
    o = (alice_search_options){.organized = organized, .config.max_memory_mb = 1};
    assert_int_equal(alice_search_open(&s, &o, NULL), ALICE_E_INVAL);
    s = open_search(&c);
    const alice_search_query bad[] = {{.size = 3},
                                      {.word_count = 1},
                                      {.words = many, .word_count = 65},
                                      {.near = true},
                                      {.near = true, .latitude = 91, .km = 1},
                                      {.near = true, .longitude = -181, .km = 1}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        alice_error error;
        assert_int_equal(alice_search_each(s, &bad[i], 0, 0, on_file, &c, &error),
                         ALICE_E_INVAL);
        assert_string_not_equal(error.text, "");
        assert_int_equal(alice_search_count(s, &bad[i], &n, NULL), ALICE_E_INVAL);
        assert_int_equal(alice_search_days(s, &bad[i], on_day, &c, NULL), ALICE_E_INVAL);
    }
    const alice_search_query all = {.size = 0};
    assert_int_equal(alice_search_each(s, &all, 0, 0, NULL, &c, NULL), ALICE_E_INVAL);
    assert_int_equal(alice_search_each(NULL, &all, 0, 0, on_file, &c, NULL), ALICE_E_INVAL);
    assert_int_equal(alice_search_count(s, &all, NULL, NULL), ALICE_E_INVAL);
    assert_int_equal(alice_search_count(s, NULL, &n, NULL), ALICE_E_INVAL);
    assert_int_equal(alice_search_days(s, &all, NULL, &c, NULL), ALICE_E_INVAL);
    assert_int_equal(alice_search_file(s, 1, NULL, &c, NULL), ALICE_E_INVAL);
    assert_int_equal(alice_search_refresh(NULL, NULL), ALICE_E_INVAL);
    assert_string_equal(alice_search_note(NULL), "");
    assert_int_equal(alice_search_reached(NULL), 0);
    assert_int_equal(c.told, 0);
    alice_search_close(&s);
    alice_search_close(&s);
    alice_search_close(NULL);
}

/* The index was deleted while the search was open, and the catalog is damaged: nobody can
 * answer, and each question says so. */
static void what_nobody_can_answer(void **state)
{
    (void)state;
    static char was[4096], junk[sizeof was];
    client c = {0};
    uint64_t n = 0;
    alice_error error;
    const alice_search_query all = {.size = 0};
    alice_search *s = open_search(&c);
    memset(junk, 0x5a, sizeof junk);
    int fd = openat(top_fd, "organized/.alice/catalog.db", O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, was, sizeof was, 0), sizeof was);
    assert_int_equal(pwrite(fd, junk, sizeof junk, 0), sizeof junk);
    assert_int_equal(unlinkat(top_fd, "organized/.alice/search.db", 0), 0);
    assert_int_equal(alice_search_count(s, &all, &n, &error), ALICE_E_DAMAGED);
    assert_string_not_equal(error.text, "");
    assert_int_equal(alice_search_days(s, &all, on_day, &c, NULL), ALICE_E_DAMAGED);
    assert_int_equal(alice_search_each(s, &all, 0, 0, on_file, &c, NULL), ALICE_E_DAMAGED);
    assert_int_equal(c.told + c.days, 0);
    assert_int_equal(pwrite(fd, was, sizeof was, 0), sizeof was);
    close(fd);
    assert_int_equal(alice_search_count(s, &all, &n, &error), ALICE_OK);
    assert_int_not_equal(n, 0);
    alice_search_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_the_same_without_an_index),
        cmocka_unit_test(one_that_stays_open_follows),
        cmocka_unit_test(it_stops_when_asked),
        cmocka_unit_test(it_goes_on_where_it_stopped),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(what_nobody_can_answer),
    };
    return cmocka_run_group_tests(tests, make_library, remove_library);
}
