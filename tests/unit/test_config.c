/* SPDX-License-Identifier: MIT */
/* The memory settings: the guide's numbers, what follows the limit, the check, names, shares.
 */
#include "test.h"

#include <alice/config.h>

static alice_config of_profile(const char *name)
{
    alice_config c = {0};
    assert_ok(alice_config_use_profile(&c, name));
    return c;
}

static alice_config resolved(alice_config c)
{
    alice_config_resolve(&c);
    return c;
}

static alice_origin origin_of(const alice_config *c, const char *name)
{
    for (size_t i = 0; alice_config_field(i); i++)
        if (strcmp(alice_config_field(i)->name, name) == 0)
            return (alice_origin)c->origin[i];
    fail_msg("no setting %s", name);
    return ALICE_ORIGIN_UNKNOWN;
}

static void the_defaults_are_the_guides(void **state)
{
    (void)state;
    alice_config c = resolved((alice_config){0});
    assert_int_equal(c.max_memory_mb, 1024);
    assert_true(c.warning_threshold == 0.8);
    assert_int_equal(c.cache_size_mb, 256);
    assert_int_equal(c.cache_ttl_seconds, 300);
    assert_int_equal(c.chunk_size_kb, 1024);
    assert_false(c.no_mmap);
    assert_int_equal(c.gc_threshold_mb, 512);
    assert_int_equal(c.gc_interval_seconds, 60);
    assert_false(c.fixed_batch_size);
    assert_int_equal(c.min_batch_size, 10);
    assert_int_equal(c.max_batch_size, 1000);
    assert_int_equal(c.workers, 8);
    assert_int_equal(c.batch_size, 100);
    alice_config r = c;
    alice_config_resolve(&r);
    assert_memory_equal(&r, &c, sizeof c);
    assert_ok(alice_config_check(&c, NULL));
}

static void the_profiles_are_the_guides(void **state)
{
    (void)state;
    alice_config c = resolved(of_profile("memory_constrained"));
    assert_int_equal(c.max_memory_mb, 512);
    assert_int_equal(c.cache_size_mb, 64);
    assert_int_equal(c.chunk_size_kb, 256);
    assert_int_equal(c.gc_threshold_mb, 256);
    assert_int_equal(c.min_batch_size, 10);
    assert_int_equal(c.max_batch_size, 100);
    assert_int_equal(c.workers, 4);
    assert_int_equal(c.batch_size, 50);
    c = resolved(of_profile("large_collection"));
    assert_int_equal(c.max_memory_mb, 2048);
    assert_int_equal(c.cache_size_mb, 512);
    assert_int_equal(c.chunk_size_kb, 2048);
    assert_int_equal(c.gc_threshold_mb, 1024); /* was not set: half */
    assert_int_equal(c.max_batch_size, 1000);
    assert_int_equal(c.workers, 12);
    assert_int_equal(c.batch_size, 500);
    c = resolved(of_profile("fast"));
    assert_int_equal(c.max_memory_mb, 1024);
    assert_int_equal(c.workers, 16);
    assert_int_equal(c.batch_size, 200);
    c = resolved(of_profile("default"));
    assert_int_equal(origin_of(&c, "workers"), ALICE_ORIGIN_DEFAULT);
    assert_status(alice_config_use_profile(&c, "turbo"), ALICE_E_NOENT);
    assert_status(alice_config_use_profile(&c, NULL), ALICE_E_INVAL);
    for (size_t i = 0; alice_config_profile_name(i); i++) {
        c = resolved(of_profile(alice_config_profile_name(i)));
        assert_ok(alice_config_check(&c, NULL));
    }
    assert_string_equal(alice_config_profile_name(3), "large_collection");
    assert_null(alice_config_profile_name(4));
}

static void a_limit_alone_is_a_configuration(void **state)
{
    (void)state;
    alice_error e;
    for (unsigned mb = 16; mb <= 65536; mb += mb / 8 + 1) {
        for (size_t p = 0; alice_config_profile_name(p); p++) {
            char text[16];
            alice_config c = of_profile(alice_config_profile_name(p));
            snprintf(text, sizeof text, "%u", mb);
            assert_ok(alice_config_set(&c, "max_memory_mb", text, &e));
            if (alice_config_check(&c, &e))
                fail_msg("%s at %u MB, as set: %s", alice_config_profile_name(p), mb, e.text);
            alice_config_resolve(&c);
            if (alice_config_check(&c, &e))
                fail_msg("%s at %u MB: %s", alice_config_profile_name(p), mb, e.text);
            assert_true(c.cache_size_mb <= (mb + 3) / 4);
        }
    }
    alice_config c = {0};
    assert_ok(alice_config_set(&c, "memory.max_memory_mb", "64", &e));
    alice_config_resolve(&c);
    assert_int_equal(c.cache_size_mb, 16);
    assert_int_equal(c.gc_threshold_mb, 32);
    assert_int_equal(c.chunk_size_kb, 1024);
    assert_int_equal(c.workers, 4);
    c = resolved((alice_config){.max_memory_mb = 16});
    assert_int_equal(c.cache_size_mb, 4);
    assert_int_equal(c.chunk_size_kb, 256);
    assert_int_equal(c.workers, 1);
}

static void what_was_set_stays(void **state)
{
    (void)state;
    alice_error e;
    alice_config c = {0};
    assert_ok(alice_config_set(&c, "max_memory_mb", "64", &e));
    assert_ok(alice_config_set(&c, "cache_size_mb", "40M", &e));
    assert_ok(alice_config_set(&c, "max_batch_size", "5", &e));
    alice_config_resolve(&c);
    assert_int_equal(c.cache_size_mb, 40);
    assert_int_equal(c.min_batch_size, 5); /* was not set, and gives way */
    assert_ok(alice_config_check(&c, &e));
    /* Over a profile too. */
    c = of_profile("memory_constrained");
    assert_ok(alice_config_set(&c, "cache_size_mb", "100", &e));
    assert_ok(alice_config_set(&c, "max_memory_mb", "256", &e));
    alice_config_resolve(&c);
    assert_int_equal(c.cache_size_mb, 100);
    assert_int_equal(c.gc_threshold_mb, 128);
    assert_int_equal(c.chunk_size_kb, 256);
}

/* The guide's way: fields of a structure that is handed over as it is. */
static void what_is_assigned_stays(void **state)
{
    (void)state;
    alice_config c = {.max_memory_mb = 512, .cache_size_mb = 64};
    alice_config_resolve(&c);
    assert_int_equal(c.cache_size_mb, 64);
    assert_int_equal(c.gc_threshold_mb, 256);
    assert_int_equal(origin_of(&c, "max_memory_mb"), ALICE_ORIGIN_SET);
    assert_int_equal(origin_of(&c, "cache_size_mb"), ALICE_ORIGIN_SET);
    assert_int_equal(origin_of(&c, "gc_threshold_mb"), ALICE_ORIGIN_LIMIT);
    assert_int_equal(origin_of(&c, "cache_ttl_seconds"), ALICE_ORIGIN_DEFAULT);
    alice_config again = resolved(c);
    assert_memory_equal(&again, &c, sizeof c);
    /* Every field, with a value that nothing else would give it. */
    const alice_config all = {.max_memory_mb = 333,
                              .warning_threshold = 0.33,
                              .cache_size_mb = 33,
                              .cache_ttl_seconds = ALICE_CONFIG_NONE,
                              .chunk_size_kb = 33,
                              .no_mmap = true,
                              .gc_threshold_mb = 34,
                              .gc_interval_seconds = 35,
                              .fixed_batch_size = true,
                              .min_batch_size = 3,
                              .max_batch_size = 333,
                              .workers = 3,
                              .batch_size = 33};
    for (size_t p = 0; alice_config_profile_name(p); p++) {
        c = all;
        assert_ok(alice_config_use_profile(&c, alice_config_profile_name(p)));
        alice_config_resolve(&c);
        assert_ok(alice_config_check(&c, NULL));
        for (size_t i = 0; alice_config_field(i); i++) {
            char was[32], is[32];
            const char *name = alice_config_field(i)->name;
            assert_ok(alice_config_get(&all, name, was, sizeof was));
            assert_ok(alice_config_get(&c, name, is, sizeof is));
            assert_string_equal(was, is);
            assert_int_equal(c.origin[i], ALICE_ORIGIN_SET);
        }
        assert_int_equal(c.cache_ttl_seconds, ALICE_CONFIG_NONE);
        assert_true(alice_config_batch_chosen(&c));
    }
}

/* 0 as text is a value where the setting has one, also over a profile. */
static void zero_is_a_value_by_name(void **state)
{
    (void)state;
    alice_config c = of_profile("large_collection");
    assert_false(alice_config_batch_chosen(&c));
    assert_int_equal(alice_config_base_batch(&c), 500);
    assert_ok(alice_config_set(&c, "batch_size", "0", NULL));
    assert_ok(alice_config_set(&c, "cache_ttl_seconds", "0", NULL));
    assert_ok(alice_config_set(&c, "use_mmap", "true", NULL));
    alice_config_resolve(&c);
    assert_int_equal(c.batch_size, ALICE_CONFIG_NONE);
    assert_int_equal(c.cache_ttl_seconds, ALICE_CONFIG_NONE);
    assert_int_equal(alice_config_base_batch(&c), 100);
    assert_false(alice_config_batch_chosen(&c));
    assert_int_equal(origin_of(&c, "use_mmap"), ALICE_ORIGIN_SET);
    assert_int_equal(origin_of(&c, "workers"), ALICE_ORIGIN_PROFILE);
    assert_ok(alice_config_set(&c, "batch_size", "7", NULL));
    assert_true(alice_config_batch_chosen(&c));
    assert_int_equal(alice_config_base_batch(&c), 7);
}

static alice_config for_ram(uint64_t bytes)
{
    alice_config c;
    alice_config_for_ram(bytes, &c);
    return c;
}

static void the_ladder_goes_by_ram(void **state)
{
    (void)state;
    const uint64_t mb = ALICE_MB;
    assert_int_equal(for_ram(64 * 1024 * mb).max_memory_mb, 1024);
    assert_int_equal(for_ram(8192 * mb).max_memory_mb, 1024);
    assert_int_equal(for_ram(8191 * mb).max_memory_mb, 512);
    assert_int_equal(for_ram(4096 * mb).max_memory_mb, 512);
    assert_int_equal(for_ram(4095 * mb).max_memory_mb, 256);
    assert_int_equal(for_ram(300 * mb).max_memory_mb, 150); /* half */
    assert_int_equal(for_ram(1).max_memory_mb, 8);
    alice_config c;
    assert_ok(alice_config_for_system(&c));
    assert_ok(alice_config_check(&c, NULL));
}

static void the_check_names_field_value_and_range(void **state)
{
    (void)state;
    alice_error e;
    alice_config c = {0};
    c.cache_size_mb = 2000;
    assert_status(alice_config_check(&c, &e), ALICE_E_INVAL);
    assert_string_equal(e.text, "memory.cache_size_mb is 2000 MB; it has to be from 1 to 1024 "
                                "(memory.max_memory_mb)");
    c = (alice_config){0};
    c.warning_threshold = 1.5;
    assert_status(alice_config_check(&c, &e), ALICE_E_INVAL);
    assert_string_equal(e.text, "memory.warning_threshold is 1.5; it has to be from 0.1 to 1");
    c = (alice_config){0};
    c.min_batch_size = 1001;
    c.max_batch_size = 1000;
    assert_status(alice_config_check(&c, &e), ALICE_E_INVAL);
    assert_non_null(strstr(e.text, "memory.min_batch_size is 1001"));
    c = (alice_config){0};
    c.max_memory_mb = 7;
    assert_status(alice_config_check(&c, &e), ALICE_E_INVAL);
    c = (alice_config){0};
    c.chunk_size_kb = 300 * 1024;
    assert_status(alice_config_check(&c, &e), ALICE_E_INVAL);
    assert_non_null(strstr(e.text, "memory.chunk_size_kb"));
    c = (alice_config){0};
    c.workers = 1025;
    assert_status(alice_config_check(&c, NULL), ALICE_E_INVAL);
}

static void fields_are_set_by_name(void **state)
{
    (void)state;
    alice_error e;
    alice_config c = {0};
    const struct {
        const char *key, *value, *reads;
    } good[] = {
        {"max_memory_mb", "24", "24"},
        {"memory.max_memory_mb", "1.5G", "1536"},
        {"cache_size_mb", "1024K", "1"},
        {"chunk_size_kb", "256", "256"},
        {"chunk_size_kb", "1M", "1024"},
        {"chunk_size_kb", "64 KiB", "64"},
        {"warning_threshold", "0.75", "0.75"},
        {"warning_threshold", "80%", "0.8"},
        {"use_mmap", "No", "false"},
        {"use_mmap", "on", "true"},
        {"memory.adaptive_batch_size", "0", "false"},
        {"performance.batch_size", "0", "0"},
        {"batch_size", "50", "50"},
        {"cache_ttl_seconds", "3600", "3600"},
    };
    char buf[32];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_ok(alice_config_set(&c, good[i].key, good[i].value, &e));
        assert_ok(alice_config_get(&c, good[i].key, buf, sizeof buf));
        assert_string_equal(buf, good[i].reads);
    }
    const struct {
        const char *key, *value;
    } bad[] = {
        {"max_memory_mb", ""},
        {"max_memory_mb", "-1"},
        {"max_memory_mb", "1.5"},
        {"max_memory_mb", "1.5M"},
        {"max_memory_mb", "7"},
        {"max_memory_mb", "12x"},
        {"cache_size_mb", "512K"},
        {"gc_interval_seconds", "5M"},
        {"workers", "4K"},
        {"use_mmap", "maybe"},
        {"use_mmap", ""},
        {"warning_threshold", "2"},
        {"warning_threshold", "."},
        {"warning_threshold", "0,8"},
        {"warning_threshold", "nan"},
        {"max_memory_mb", "99999999999999999999"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        alice_config before = c;
        e.text[0] = 0;
        assert_status(alice_config_set(&c, bad[i].key, bad[i].value, &e), ALICE_E_INVAL);
        assert_memory_equal(&before, &c, sizeof c);
        assert_non_null(strstr(e.text, bad[i].key));
    }
    assert_status(alice_config_get(&c, "max_memory_mb", buf, 2), ALICE_E_TOOBIG);
    assert_status(alice_config_get(&c, "nothing", buf, sizeof buf), ALICE_E_NOENT);
}

static void a_wrong_key_gets_the_nearest(void **state)
{
    (void)state;
    alice_error e;
    alice_config c = {0};
    const struct {
        const char *key, *nearest;
    } near[] = {
        {"max_memory", "memory.max_memory_mb"},
        {"memory.cachesize_mb", "memory.cache_size_mb"},
        {"batchsize", "performance.batch_size"},
        {"chunk_size_mb", "memory.chunk_size_kb"},
    };
    for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
        assert_status(alice_config_set(&c, near[i].key, "1", &e), ALICE_E_NOENT);
        assert_non_null(strstr(e.text, near[i].nearest));
    }
    char longer[400];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_status(alice_config_set(&c, longer, "1", &e), ALICE_E_NOENT);
}

static void every_field_is_described(void **state)
{
    (void)state;
    alice_config c = resolved((alice_config){0});
    size_t n = 0;
    for (const alice_config_field_info *f; (f = alice_config_field(n)); n++) {
        char value[32];
        assert_non_null(strchr(f->key, '.'));
        assert_string_equal(strchr(f->key, '.') + 1, f->name);
        assert_true(strlen(f->text) > 5);
        assert_ok(alice_config_get(&c, f->key, value, sizeof value));
        assert_ok(alice_config_set(&c, f->name, value, NULL));
        assert_int_equal(c.origin[n], ALICE_ORIGIN_SET);
        assert_true(f->type == ALICE_CONFIG_BOOL || f->def >= f->min);
        assert_true(f->def <= f->max);
    }
    assert_int_equal(n, 13);
}

/* Each field takes its least and its greatest from text, by name and by key, and nothing
 * beyond. */
static void every_field_is_bounded(void **state)
{
    (void)state;
    const alice_config_field_info *f;
    for (size_t i = 0; (f = alice_config_field(i)); i++) {
        alice_config c = {0};
        alice_error e;
        char value[32], got[32];
        bool whole = f->type == ALICE_CONFIG_UINT;
        if (f->type == ALICE_CONFIG_BOOL)
            continue;
        assert_true(f->min < f->max);
        for (int at = 0; at < 2; at++) {
            double edge = at ? f->max : f->min;
            snprintf(value, sizeof value, whole ? "%.0f" : "%g", edge);
            assert_ok(alice_config_set(&c, at ? f->key : f->name, value, &e));
            assert_ok(alice_config_get(&c, f->name, got, sizeof got));
            assert_string_equal(got, value);
            double beyond = at ? edge + (whole ? 1 : 0.5) : edge - (whole ? 1 : 0.5);
            snprintf(value, sizeof value, whole ? "%.0f" : "%g", beyond);
            assert_status(alice_config_set(&c, f->name, value, &e), ALICE_E_INVAL);
            assert_non_null(strstr(e.text, f->name)); /* field, value and range are named */
            assert_non_null(strstr(e.text, value));
            assert_ok(alice_config_get(&c, f->name, value, sizeof value));
            assert_string_equal(got, value);
        }
    }
}

static void shares_fit_the_cache_size(void **state)
{
    (void)state;
    alice_config c = {0};
    alice_cache_shares s;
    alice_config_shares(&c, &s); /* all would be half, the caches get a quarter */
    size_t all = s.metadata + s.hash + s.result + s.directory;
    assert_true(all <= 256 * ALICE_MB && all > 255 * ALICE_MB);
    assert_int_equal(s.metadata / 1000, 2 * s.hash / 1000);
    c.cache_size_mb = 1024; /* room enough: each its share of the limit */
    alice_config_shares(&c, &s);
    assert_int_equal(s.metadata, (size_t)(1024 * 0.15 * (double)ALICE_MB));
    assert_true(s.hash >= 51 * ALICE_MB && s.hash <= 103 * ALICE_MB);
    assert_true(s.result >= 204 * ALICE_MB && s.result <= 308 * ALICE_MB);
    alice_cache_shares none;
    alice_config_shares(NULL, &none);
    assert_int_equal(none.result + none.metadata + none.hash + none.directory, all);
}

static void baselines_go_by_file_size(void **state)
{
    (void)state;
    alice_config c = {0};
    assert_int_equal(alice_config_baseline_batch(&c, 200 * ALICE_KB), 500);
    assert_int_equal(alice_config_baseline_batch(&c, ALICE_MB), 100);
    assert_int_equal(alice_config_baseline_batch(&c, 10 * ALICE_MB), 100);
    assert_int_equal(alice_config_baseline_batch(&c, 11 * ALICE_MB), 20);
    c.max_batch_size = 50;
    c.min_batch_size = 30;
    assert_int_equal(alice_config_baseline_batch(&c, 1), 50);
    assert_int_equal(alice_config_baseline_batch(&c, 1u << 30), 30);
    c.workers = 1000;
    assert_true(alice_config_workers(&c) >= 2 && alice_config_workers(&c) < 1000);
    c.workers = 1;
    assert_int_equal(alice_config_workers(&c), 1);
}

static void sizes_are_read(void **state)
{
    (void)state;
    const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {
        {"24", 24 * ALICE_MB},     {"24M", 24 * ALICE_MB},    {"1.5G", 1536 * ALICE_MB},
        {"16 MiB", 16 * ALICE_MB}, {"512k", 512 * ALICE_KB},  {"10B", 10},
        {"0.5", ALICE_MB / 2},     {"2T", (uint64_t)2 << 40},
    };
    uint64_t n;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_ok(alice_parse_size(good[i].text, &n));
        assert_true(n == good[i].bytes);
    }
    const char *bad[] = {"",     "M",         "-1",  "1e3", "1.",
                         "0x10", "12 apples", "1MM", "nan", "99999999999999T"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_status(alice_parse_size(bad[i], &n), ALICE_E_INVAL);
    assert_status(alice_parse_size(NULL, &n), ALICE_E_INVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_the_guides),
        cmocka_unit_test(the_profiles_are_the_guides),
        cmocka_unit_test(a_limit_alone_is_a_configuration),
        cmocka_unit_test(what_was_set_stays),
        cmocka_unit_test(what_is_assigned_stays),
        cmocka_unit_test(zero_is_a_value_by_name),
        cmocka_unit_test(the_ladder_goes_by_ram),
        cmocka_unit_test(the_check_names_field_value_and_range),
        cmocka_unit_test(fields_are_set_by_name),
        cmocka_unit_test(a_wrong_key_gets_the_nearest),
        cmocka_unit_test(every_field_is_described),
        cmocka_unit_test(every_field_is_bounded),
        cmocka_unit_test(shares_fit_the_cache_size),
        cmocka_unit_test(baselines_go_by_file_size),
        cmocka_unit_test(sizes_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
