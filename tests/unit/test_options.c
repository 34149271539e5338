/* SPDX-License-Identifier: MIT */
/* Programs of other versions: each public structure of options of its own size, of none, of a
 * newer program's, and too small; figures for smaller and larger structures. */
#include "test.h"

#include <alice/arrivals.h>
#include <alice/duplicates.h>
#include <alice/similar.h>
#include <alice/library.h>
#include <alice/mem.h>
#include <alice/organize.h>
#include <alice/verify.h>

#define NOWHERE "/nonexistent/folder"

static alice_status make_nothing(void *ctx, void **object)
{
    (void)ctx;
    *object = NULL;
    return ALICE_E_NOENT;
}

static void watched(void *ctx, alice_watch_event event, alice_level level)
{
    (void)ctx, (void)event, (void)level;
}

static bool each_file(void *ctx, const alice_library_file *file)
{
    (void)ctx, (void)file;
    return true;
}

static void each_run(void *ctx, const alice_run_info *run)
{
    (void)ctx, (void)run;
}

/* A call that takes options: what it answers, with all that it opened closed again. */
#define CALL(name, handle_type, ...)              \
    static alice_status name(const void *options) \
    {                                             \
        handle_type *h = NULL;                    \
        alice_error error = {.text = ""};         \
        alice_status st = __VA_ARGS__;            \
        (void)h, (void)error;                     \
        return st;                                \
    }
#define HANDLE(name, close, ...)                  \
    static alice_status name(const void *options) \
    {                                             \
        alice_##name *h = NULL;                   \
        alice_error error = {.text = ""};         \
        alice_status st = __VA_ARGS__;            \
        (void)error, (void)close;                 \
        return st;                                \
    }

HANDLE(batch, (alice_batch_close(&h), 0), alice_batch_open(&h, options))
HANDLE(budget, alice_budget_close(&h, NULL), alice_budget_open(&h, options))
HANDLE(cache, alice_cache_close(&h), alice_cache_open(&h, options))
HANDLE(executor, alice_executor_close(&h), alice_executor_open(&h, options))
HANDLE(monitor, alice_monitor_close(&h), alice_monitor_open(&h, options))
HANDLE(pool, alice_pool_close(&h), alice_pool_open(&h, options))
HANDLE(profile, (alice_profile_close(&h), 0), alice_profile_open(&h, options))
HANDLE(census, alice_census_close(&h), alice_census_open(&h, options))
HANDLE(reader, (alice_reader_close(&h), 0), alice_reader_open(&h, "/dev/null", options, &error))
HANDLE(map, (alice_map_close(&h), 0), alice_map_open(&h, "/proc/self/exe", options, &error))
HANDLE(weak_cache, alice_weak_cache_close(&h), alice_weak_cache_open(&h, options))
HANDLE(arrivals, (alice_arrivals_close(&h), 0), alice_arrivals_open(&h, options, &error))
HANDLE(limit, (alice_limit_end(&h), 0), alice_limit_begin(&h, options))
HANDLE(organizer, (alice_organizer_close(&h), 0), alice_organizer_open(&h, options, &error))
CALL(survey, void, alice_survey_folder(NOWHERE, options, &(alice_survey){0}, &error))
CALL(duplicates, void, alice_duplicates(options, NULL, &error))
CALL(act, void, alice_duplicates_act(options, NULL, &error))
CALL(similar, void, alice_similar(options, NULL, &error))
CALL(verify, void, alice_verify(options, &(alice_verify_result){0}, &error))
CALL(library, void, alice_library(options, true, each_file, NULL, &error))
CALL(history, void, alice_history(options, 0, each_run, NULL, NULL, &error))
CALL(undo, void, alice_undo(options, 0, &(alice_undo_result){0}, &error))
CALL(redate, void, alice_redate(options, &(alice_redate_result){0}, &error))
CALL(rebuild, void, alice_catalog_rebuild(options, &(alice_rebuild_result){0}, &error))
CALL(check, void,
     alice_check_source(options, false, NULL, NULL, &(alice_check_result){0}, &error))

static alice_status watch(const void *options)
{
    alice_monitor *m = NULL;
    assert_ok(alice_monitor_open(&m, NULL));
    alice_status st = alice_monitor_watch(m, options);
    assert_ok(alice_monitor_unwatch(m));
    assert_ok(alice_monitor_close(&m));
    return st;
}

static const char *const folders[] = {NOWHERE};
static const alice_organizer_options in_nowhere = {.inbox = NOWHERE, .organized = NOWHERE};
static const alice_duplicates_options same_nowhere = {.paths = folders, .path_count = 1};
/* Room above what the structure has, and options that the call takes. */
#define ROW(name, type, ...)                                                         \
    {                                                                                \
#name, name, sizeof(alice_##type##_options), &(const alice_##type##_options) \
        {                                                                            \
            __VA_ARGS__                                                              \
        }                                                                            \
    }
#define LIBRARY(name)                               \
    {                                               \
#name, name, sizeof in_nowhere, &in_nowhere \
    }

static const struct row {
    const char *name;
    alice_status (*call)(const void *options);
    size_t size;
    const void *usual;
} rows[] = {
    ROW(batch, batch, .adaptive = true),
    ROW(budget, budget, .limit = ALICE_MB),
    ROW(cache, cache, .max_bytes = ALICE_MB),
    ROW(executor, executor, .threads = 0),
    ROW(monitor, monitor, .budget = NULL),
    ROW(watch, watch, .fn = watched),
    ROW(pool, pool, .factory = make_nothing),
    ROW(profile, profile, .seed = 1),
    ROW(census, census, .max_bytes = 0),
    ROW(reader, reader, .chunk_bytes = 4096),
    ROW(map, map, .window_bytes = 65536),
    ROW(weak_cache, weak_cache, .recent = 1),
    ROW(arrivals, arrivals, .folder = NOWHERE),
    ROW(limit, limit, .limit_bytes = (size_t)1 << 40),
    ROW(survey, survey, .most_ms = 1),
    ROW(duplicates, duplicates, .paths = folders, .path_count = 1),
    ROW(act, act, .find = &same_nowhere, .act = ALICE_SAME_LINK),
    ROW(similar, similar, .paths = folders, .path_count = 1),
    ROW(verify, verify, .organizer = &in_nowhere),
    LIBRARY(organizer),
    LIBRARY(library),
    LIBRARY(history),
    LIBRARY(undo),
    LIBRARY(redate),
    LIBRARY(rebuild),
    LIBRARY(check),
};

static void programs_of_other_versions(void **state)
{
    (void)state;
    enum { MORE = 64 };
    union {
        size_t size;
        max_align_t aligned;
        uint8_t bytes[2048];
    } o;
    for (const struct row *r = rows; r < rows + sizeof rows / sizeof *rows; r++) {
        assert_true(r->size + MORE <= sizeof o);
        memset(&o, 0, sizeof o);
        memcpy(&o, r->usual, r->size);
        assert_int_equal(o.size, 0);
        alice_status usual = r->call(&o);
        if (usual == ALICE_E_UNSUPPORTED &&
            r->call == watch) /* the kernel tells nothing here */
            continue;
        if (usual != ALICE_OK && usual != ALICE_E_NOENT)
            fail_msg("%s: %s", r->name, alice_status_text(usual));
        o.size = r->size;
        assert_status(r->call(&o), usual);
        o.size = r->size + MORE; /* newer, and what it has more is not used */
        assert_status(r->call(&o), usual);
        o.bytes[r->size + MORE - 1] = 1;
        assert_status(r->call(&o), ALICE_E_UNSUPPORTED);
        o.size = r->size - 1;
        assert_status(r->call(&o), ALICE_E_INVAL);
        o.size = SIZE_MAX; /* never set */
        assert_status(r->call(&o), ALICE_E_INVAL);
    }
}

/* A smaller structure gets what it has room for, a larger one zeros behind it. */
#define FIGURES(name, handle)                                          \
    do {                                                               \
        struct {                                                       \
            alice_##name##_stats s;                                    \
            uint8_t more[64];                                          \
        } large, small;                                                \
        memset(&large, 0xa5, sizeof large);                            \
        memset(&small, 0xa5, sizeof small);                            \
        alice_##name##_stats whole;                                    \
        alice_##name##_get_stats(handle, &whole);                      \
        alice_##name##_stats_into(handle, &large.s, sizeof large);     \
        alice_##name##_stats_into(handle, &small.s, sizeof whole / 2); \
        assert_memory_equal(&large.s, &whole, sizeof(uint64_t));       \
        assert_memory_equal(&small.s, &whole, sizeof(uint64_t));       \
        for (size_t i = sizeof whole; i < sizeof large; i++)           \
            assert_int_equal(((uint8_t *)&large)[i], 0);               \
        for (size_t i = sizeof whole / 2; i < sizeof small; i++)       \
            assert_int_equal(((uint8_t *)&small)[i], 0xa5);            \
    } while (0)

/* Defaults say the size that the caller's structure has, and are taken as they are. */
static void defaults_for_other_versions(void **state)
{
    (void)state;
    struct {
        alice_cache_options o;
        uint8_t more[64];
    } large;
    memset(&large, 0xa5, sizeof large);
    alice_cache_defaults_into(&large.o, sizeof large, NULL);
    assert_int_equal(large.o.size, sizeof large);
    assert_int_equal(large.o.max_bytes, alice_cache_defaults(NULL).max_bytes);
    for (size_t i = 0; i < sizeof large.more; i++)
        assert_int_equal(large.more[i], 0);
    assert_ok(cache(&large.o));
    assert_int_equal(alice_cache_defaults(NULL).size, sizeof large.o);
    assert_int_equal(alice_batch_defaults(NULL).size, sizeof(alice_batch_options));
    assert_int_equal(alice_reader_defaults(NULL).size, sizeof(alice_reader_options));
    assert_int_equal(alice_map_defaults(NULL).size, sizeof(alice_map_options));
    assert_int_equal(alice_weak_cache_defaults().size, sizeof(alice_weak_cache_options));
    alice_cache_defaults_into(NULL, sizeof large, NULL);
}

static void figures_for_other_versions(void **state)
{
    (void)state;
    alice_batch *batch = NULL;
    alice_cache *cache = NULL;
    alice_executor *executor = NULL;
    alice_pool *pool = NULL;
    alice_profile *profile = NULL;
    alice_reader *reader = NULL;
    alice_weak_cache *weak = NULL;
    assert_ok(alice_batch_open(&batch, &(alice_batch_options){.adaptive = true}));
    assert_ok(alice_cache_open(&cache, &(alice_cache_options){.max_bytes = ALICE_MB}));
    assert_ok(alice_executor_open(&executor, &(alice_executor_options){.threads = 0}));
    assert_ok(alice_pool_open(&pool, &(alice_pool_options){.factory = make_nothing}));
    assert_ok(alice_profile_open(&profile, NULL));
    assert_ok(alice_reader_open(&reader, "/dev/null", NULL, NULL));
    assert_ok(alice_weak_cache_open(&weak, &(alice_weak_cache_options){.recent = 1}));
    const alice_bytes key = {(const uint8_t *)"a", 1};
    assert_ok(alice_cache_set(cache, key, key, ALICE_TTL_DEFAULT));
    FIGURES(batch, batch);
    FIGURES(cache, cache);
    FIGURES(executor, executor);
    FIGURES(pool, pool);
    FIGURES(profile, profile);
    FIGURES(reader, reader);
    FIGURES(weak_cache, weak);
    alice_batch_close(&batch);
    assert_ok(alice_cache_close(&cache));
    assert_ok(alice_executor_close(&executor));
    assert_ok(alice_pool_close(&pool));
    alice_profile_close(&profile);
    alice_reader_close(&reader);
    assert_ok(alice_weak_cache_close(&weak));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_of_other_versions),
        cmocka_unit_test(figures_for_other_versions),
        cmocka_unit_test(defaults_for_other_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
