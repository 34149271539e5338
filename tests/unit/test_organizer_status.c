/* SPDX-License-Identifier: MIT */
/* A run that is asked from outside: its status, and collection on demand. */
#include "tree.h"

#include <pthread.h>
#include <stdatomic.h>

#include <alice/organize.h>

#include "make_media.h"

enum { FILES = 40 };

typedef struct scene {
    char inbox[64], organized[64], catalog[96];
    _Atomic uint64_t now_ns; /* every look at the clock takes 150 ms: each file is told */
    alice_organizer *o;
    uint64_t ticket;
    unsigned asked; /* statuses taken in the run's thread */
    bool path_seen, running_seen;
    _Atomic bool over;
    uint64_t looks; /* by the other thread */
    bool went_back;
} scene;

static uint64_t tick(void *ctx)
{
    scene *s = ctx;
    return atomic_fetch_add(&s->now_ns, UINT64_C(150000000));
}

static int64_t wall(void *ctx)
{
    (void)ctx;
    return 1700000000;
}

static void write_jpeg(int dir, const char *name, unsigned seed)
{
    char date[32];
    blob tiff = {0}, b = {0};
    snprintf(date, sizeof date, "2024:03:%02u 10:20:30", 1 + seed % 28);
    make_exif(&tiff, &(make_exif_options){.date_time_original = date});
    make_jpeg_begin(&b);
    make_jpeg_exif(&b, tiff);
    make_jpeg_end(&b, 8 + seed, 8);
    tree_file(dir, name, b.p, b.n);
    blob_free(&tiff);
    blob_free(&b);
}

static void on_file(void *ctx, const alice_file_report *file)
{
    scene *s = ctx;
    alice_run_status now;
    (void)file;
    if (!s->o)
        return;
    assert_ok(alice_organizer_run_status(s->o, &now, sizeof now));
    s->asked++;
    s->running_seen |= now.phase == ALICE_PHASE_RUNNING && now.batch_size > 0;
    s->path_seen |= strncmp(now.path, "holiday/pic-", 12) == 0;
}

static int setup(void **state)
{
    scene *s = calloc(1, sizeof *s);
    char sub[80], name[32];
    int dir = tree_make(s->inbox);
    snprintf(sub, sizeof sub, "%s/holiday", s->inbox);
    if (dir < 0 || mkdir(sub, 0755) != 0)
        return -1;
    close(dir);
    dir = open(sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "pic-%02u.jpg", i);
        write_jpeg(dir, name, i);
    }
    close(dir);
    close(tree_make(s->organized));
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    scene *s = *state;
    tree_remove(s->inbox);
    tree_remove(s->organized);
    free(s);
    return 0;
}

static void open_organizer(scene *s, const alice_clock *clock)
{
    alice_error error = {.text = ""};
    alice_organizer_options o = {
        .inbox = s->inbox, .organized = s->organized, .on_file = on_file, .ctx = s};
    o.env.clock = clock;
    o.config.workers = 2;
    assert_ok(alice_organizer_open(&s->o, &o, &error));
}

static void *look(void *arg)
{
    scene *s = arg;
    uint64_t files = 0;
    while (!atomic_load(&s->over)) {
        alice_run_status now;
        if (alice_organizer_run_status(s->o, &now, sizeof now) != ALICE_OK ||
            now.tally.files < files)
            s->went_back = true;
        files = now.tally.files;
        s->looks++;
    }
    return NULL;
}

static void tells_how_far_it_is(void **state)
{
    scene *s = *state;
    alice_clock clock = {.now_ns = tick, .wall_s = wall, .ctx = s};
    alice_run_status now;
    alice_memory_status memory;
    alice_organize_result result;
    pthread_t other;
    open_organizer(s, &clock);

    assert_ok(alice_organizer_run_status(s->o, &now, sizeof now));
    assert_int_equal(now.phase, ALICE_PHASE_READY);
    assert_int_equal(now.tally.files, 0);
    assert_non_null(strstr(now.inbox_path, strrchr(s->inbox, '/')));

    assert_int_equal(pthread_create(&other, NULL, look, s), 0);
    assert_ok(alice_organizer_organize(s->o, &result, NULL));
    atomic_store(&s->over, true);
    pthread_join(other, NULL);
    assert_int_equal(result.tally.files, FILES);
    assert_int_equal(s->asked, FILES);
    assert_true(s->running_seen);
    assert_true(s->path_seen);
    assert_true(s->looks > 0);
    assert_false(s->went_back);

    assert_ok(alice_organizer_run_status(s->o, &now, sizeof now));
    assert_int_equal(now.phase, ALICE_PHASE_DONE);
    assert_int_equal(now.tally.files, FILES);
    assert_int_equal(now.tally.organized, result.tally.organized);
    assert_int_equal(now.run, result.run);
    alice_run_status older = {.batches =
                                  99}; /* of a program that knows its first members alone */
    assert_ok(alice_organizer_run_status(s->o, &older, offsetof(alice_run_status, tally)));
    assert_int_equal(older.run, result.run);
    assert_int_equal(older.batches, 99);
    assert_ok(alice_organizer_memory_status(s->o, &memory, sizeof memory));
    assert_true(memory.usage.current > 0 && memory.usage.limit > 0);
    assert_true(memory.account_count >= 8);
    assert_int_equal(memory.accounts[0].depth, 0);
    size_t children = 0;
    for (size_t i = 1; i < memory.account_count; i++)
        if (memory.accounts[i].depth == 1)
            children += memory.accounts[i].current;
    assert_int_equal(children, memory.accounts[0].current);
    assert_int_equal(memory.cache_count, 4);
    assert_string_equal(memory.caches[0].name, "cache.metadata");
    assert_true(memory.caches[0].numbers.hits + memory.caches[0].numbers.misses >= FILES);
    assert_int_equal(memory.pool_count, 1);
    assert_true(memory.pools[0].created > 0);
    alice_organizer_close(&s->o);
}

static void collects_when_asked(void **state)
{
    scene *s = *state;
    alice_clock clock = {.now_ns = tick, .wall_s = wall, .ctx = s};
    alice_organize_result result;
    alice_memory_status memory;
    alice_collect_report report = {.row_count = 99};
    bool cold = false, pages = false;
    open_organizer(s, &clock);

    uint64_t first = alice_organizer_request_collect(s->o);
    assert_status(alice_organizer_collected(s->o, first, &report), ALICE_E_BUSY);
    assert_int_equal(report.row_count, 99);
    assert_ok(alice_organizer_organize(s->o, &result, NULL));
    assert_ok(alice_organizer_collected(s->o, first, &report));
    for (size_t i = 0; i < report.row_count; i++) {
        cold |= strncmp(report.rows[i].name, "cache.metadata", 14) == 0;
        pages |= strcmp(report.rows[i].name, "pages") == 0;
    }
    assert_true(cold);
    assert_true(pages);
    assert_true(report.resident_before > 0 && report.resident_after > 0);
    assert_ok(alice_organizer_memory_status(s->o, &memory, sizeof memory));
    assert_true(memory.gc_collections >= 1);

    /* A later one waits for the next run, and two that are asked together are one. */
    uint64_t second = alice_organizer_request_collect(s->o);
    uint64_t third = alice_organizer_request_collect(s->o);
    assert_status(alice_organizer_collected(s->o, second, &report), ALICE_E_BUSY);
    assert_ok(alice_organizer_collected(s->o, first, &report));
    assert_ok(alice_organizer_organize(s->o, &result, NULL));
    assert_ok(alice_organizer_collected(s->o, second, &report));
    assert_ok(alice_organizer_collected(s->o, third, &report));
    alice_organizer_close(&s->o);
}

static void refuses_nothing_and_nobody(void **state)
{
    alice_run_status now;
    alice_memory_status memory;
    alice_collect_report report;
    (void)state;
    assert_status(alice_organizer_run_status(NULL, &now, sizeof now), ALICE_E_INVAL);
    assert_status(alice_organizer_memory_status(NULL, &memory, sizeof memory), ALICE_E_INVAL);
    assert_status(alice_organizer_collected(NULL, 1, &report), ALICE_E_INVAL);
    assert_int_equal(alice_organizer_request_collect(NULL), 0);
    assert_string_equal(alice_phase_name(ALICE_PHASE_RUNNING), "running");
    assert_string_equal(alice_phase_name((alice_phase)77), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tells_how_far_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(collects_when_asked, setup, teardown),
        cmocka_unit_test(refuses_nothing_and_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
