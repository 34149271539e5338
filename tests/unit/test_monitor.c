/* SPDX-License-Identifier: MIT */
/*
 * The monitor: the kernel's files, real and made up; levels, collection, scopes,
 * what is given back, the watcher.
 */
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <alice/limit.h>
#include <alice/monitor.h>
#include <alice/reclaim.h>

#include "faulty.h"
#include "sweep.h"
#include "mem/limit_int.h"
#include "port/meminfo.h"
#include "port/pressure.h"

/* ---- made-up trees ------------------------------------------------------ */

static char tree[64];

static void put(const char *path, const char *text)
{
    char full[512];
    snprintf(full, sizeof full, "%s%s", tree, path);
    for (char *at = strchr(full + strlen(tree) + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = 0;
        mkdir(full, 0700);
        *at = '/';
    }
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int tree_up(void **state)
{
    (void)state;
    snprintf(tree, sizeof tree, "/tmp/alice-monitor-XXXXXX");
    if (!mkdtemp(tree))
        return -1;
    char path[512];
    snprintf(path, sizeof path, "%s/proc", tree);
    mkdir(path, 0700);
    put("/proc/meminfo",
        "MemTotal:        1048576 kB\nMemFree:  1 kB\nMemAvailable:  524288 kB\n");
    put("/proc/self/statm", "5000 2560 410 5 0 123 0\n");
    put("/proc/self/status",
        "Name:\tx\nVmHWM:\t   12288 kB\nVmRSS:\t 10240 kB\nVmData:\t 400 kB\n"
        "VmSwap:\t 0 kB\nThreads:\t3\n");
    put("/proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n");
    put("/proc/self/cgroup", "0::/\n");
    return 0;
}

static int tree_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", tree);
    return system(command) == 0 ? 0 : -1;
}

static size_t pages(size_t n)
{
    return n * (size_t)sysconf(_SC_PAGESIZE);
}

static void nested_groups_of_v2(void **state)
{
    (void)state;
    alice__cgroup g;
    put("/proc/self/cgroup", "0::/user.slice/my app\n");
    put("/proc/self/mountinfo",
        "31 23 0:28 / /proc rw - proc proc rw\n"
        "36 25 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
    put("/sys/fs/cgroup/user.slice/my app/memory.max", "max\n");
    put("/sys/fs/cgroup/user.slice/my app/memory.high", "max\n");
    alice__meminfo_cgroup(tree, &g);
    assert_int_equal(g.limit, 0);
    assert_int_equal(g.version, 0);

    /* The parent bounds the child, and its own figures count. */
    put("/sys/fs/cgroup/user.slice/memory.max", "104857600\n");
    put("/sys/fs/cgroup/user.slice/memory.current", "62914560\n");
    put("/sys/fs/cgroup/user.slice/memory.stat",
        "anon 1\ninactive_file 10485760\nactive_file 7\n");
    put("/sys/fs/cgroup/user.slice/memory.pressure",
        "some avg10=12.50 avg60=0.00 avg300=0.00 total=0\nfull avg10=3.05 avg60=0 avg300=0 "
        "total=0\n");
    alice__meminfo_cgroup(tree, &g);
    assert_int_equal(g.version, 2);
    assert_int_equal(g.limit, 100 * ALICE_MB);
    assert_int_equal(g.current, 60 * ALICE_MB);
    assert_int_equal(g.inactive_file, 10 * ALICE_MB);
    assert_non_null(strstr(g.limit_file, "/sys/fs/cgroup/user.slice/memory.max"));
    double some, full;
    assert_int_equal(alice__meminfo_pressure(tree, &g, &some, &full), 0);
    assert_true(some == 12.5 && full == 3.05);

    /* memory.high of the child is tighter still. */
    put("/sys/fs/cgroup/user.slice/my app/memory.high", "52428800\n");
    put("/sys/fs/cgroup/user.slice/my app/memory.current", "1048576\n");
    alice__meminfo_cgroup(tree, &g);
    assert_int_equal(g.limit, 50 * ALICE_MB);
    assert_non_null(strstr(g.limit_file, "my app/memory.high"));
    assert_int_equal(alice__meminfo_ram(tree), 50 * ALICE_MB);
}

static void nested_groups_of_v1(void **state)
{
    (void)state;
    alice__cgroup g;
    put("/proc/self/cgroup",
        "9:name=systemd:/\n5:cpu,cpuacct:/x\n4:memory:/docker/abc/job\n0::/\n");
    /* As in a container: the mount shows the container's own group as its top. */
    put("/proc/self/mountinfo",
        "40 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
        "41 31 0:31 /docker/abc /sys/fs/cgroup/mem\\040ory rw - cgroup cgroup rw,memory\n");
    put("/sys/fs/cgroup/mem ory/memory.limit_in_bytes", "33554432\n");
    put("/sys/fs/cgroup/mem ory/memory.usage_in_bytes", "20971520\n");
    put("/sys/fs/cgroup/mem ory/memory.stat", "inactive_file 1\ntotal_inactive_file 1048576\n");
    put("/sys/fs/cgroup/mem ory/job/memory.limit_in_bytes", "9223372036854771712\n");
    alice__meminfo_cgroup(tree, &g);
    assert_int_equal(g.version, 1);
    assert_int_equal(g.limit, 32 * ALICE_MB);
    assert_int_equal(g.current, 20 * ALICE_MB);
    assert_int_equal(g.inactive_file, ALICE_MB);

    /* Another namespace: the path is not below what is mounted. */
    put("/proc/self/cgroup", "4:memory:/../elsewhere\n");
    alice__meminfo_cgroup(tree, &g);
    assert_int_equal(g.limit, 32 * ALICE_MB);

    /* What can be kept in it: 6 MB, or 15 %, stay for what is not resident. */
    char file[200];
    assert_int_equal(alice__limit_effective_at(tree, 64 * ALICE_MB, file, sizeof file),
                     26 * ALICE_MB);
    assert_non_null(strstr(file, "/memory.limit_in_bytes"));
    assert_int_equal(alice__limit_effective_at(tree, 20 * ALICE_MB, NULL, 0), 20 * ALICE_MB);
    assert_int_equal(alice__limit_effective_at(tree, 0, NULL, 0), 26 * ALICE_MB);
    put("/sys/fs/cgroup/mem ory/memory.limit_in_bytes", "104857600000\n");
    assert_int_equal(alice__limit_effective_at(tree, SIZE_MAX, NULL, 0), 89128960000);
    put("/proc/self/cgroup", "0::/\n");
    put("/proc/self/mountinfo", "");
    assert_int_equal(alice__limit_effective_at(tree, 0, file, sizeof file), 0);
    assert_string_equal(file, "");
}

/* Files that lie or are cut end in "no limit" or an error, not in a crash. */
static void bad_files_are_survived(void **state)
{
    (void)state;
    alice__cgroup g;
    uint64_t total, available;
    alice__proc_memory p;
    size_t bytes;
    put("/proc/meminfo", "MemTotal: lots kB\n");
    assert_true(alice__meminfo_machine(tree, &total, &available) < 0);
    put("/proc/meminfo", "MemTotal: 1000 kB\nMemFree: 10 kB\nCached: 20 kB");
    assert_int_equal(alice__meminfo_machine(tree, &total, &available), 0);
    assert_int_equal(available, 30 * 1024);
    put("/proc/self/status", "garbage");
    assert_true(alice__meminfo_process(tree, 0, &p) < 0);
    put("/proc/self/statm", "12");
    int fd = alice__meminfo_open_resident(tree);
    assert_true(fd >= 0);
    assert_true(alice__meminfo_resident(fd, &bytes) < 0);
    alice__meminfo_close(fd);
    const char *groups[] = {
        "", ":", "0:", "0::", "4:memory", "\n\n", "0::relative/no/slash", "0::/a/b/../../.."};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        put("/proc/self/cgroup", groups[i]);
        put("/proc/self/mountinfo",
            "1 2 3 / /x - cgroup2\n - \n36 25 0:30 / /sys - cgroup2 c rw\n");
        put("/sys/memory.max", "not a number\n");
        alice__meminfo_cgroup(tree, &g);
        assert_int_equal(g.limit, 0);
    }
    assert_true(alice__meminfo_process("", 999999999, &p) < 0);
    alice_process_usage u;
    assert_status(alice_monitor_process(999999999, &u), ALICE_E_NOENT);
    assert_status(alice_monitor_process(-5, &u), ALICE_E_INVAL);
}

static alice_monitor *open_on_tree(alice_budget *b, struct fake_clock *time, alice_clock *clock,
                                   const alice_config *config)
{
    alice_monitor *m = NULL;
    *clock = fake_clock_of(time);
    assert_ok(alice_monitor_open(&m, &(alice_monitor_options){.env.clock = clock,
                                                              .budget = b,
                                                              .config = *config,
                                                              .floor_bytes = pages(1000),
                                                              .root = tree}));
    return m;
}

static alice_reclaimed count_runs(void *ctx, size_t wanted)
{
    (void)wanted;
    ++*(int *)ctx;
    return (alice_reclaimed){0};
}

static void figures_and_levels(void **state)
{
    (void)state;
    struct fake_clock time = {0};
    alice_clock clock;
    alice_config c = {0};
    alice_budget *b;
    alice_monitor_usage u;
    assert_ok(alice_budget_open(&b, &(alice_budget_options){.limit = pages(11000)}));
    alice_monitor *m = open_on_tree(b, &time, &clock, &c);
    put("/proc/self/statm", "9999 1000 1 1 0 1 0\n");
    assert_int_equal(alice_monitor_level(m), ALICE_LEVEL_NORMAL); /* nothing but the floor */
    put("/proc/self/statm", "9999 6000 1 1 0 1 0\n");
    put("/proc/self/status", "VmHWM:\t   98304 kB\nVmRSS:\t 10240 kB\nThreads:\t3\n");
    assert_ok(alice_monitor_get_usage(m, &u));
    assert_int_equal(u.current, pages(6000));
    assert_int_equal(u.peak, 96 * ALICE_MB);
    assert_int_equal(u.limit, pages(11000));
    assert_true(u.ratio > 0.545 && u.ratio < 0.546);
    assert_true(u.steering_ratio == 0.5);
    assert_int_equal(u.level, ALICE_LEVEL_MEDIUM);
    assert_int_equal(u.untracked, pages(5000));
    assert_int_equal(u.tracked, 0);
    assert_true(u.system_percent == 50);
    assert_int_equal(u.available, 512 * ALICE_MB);
    assert_int_equal(alice_monitor_batch_size(m, 100), 75);
    assert_int_equal(alice_monitor_batch_size(m, 12), 10);
    assert_int_equal(alice_monitor_batch_size(m, 100000), 1000);
    assert_int_equal(alice_monitor_batch_size(m, 0), 75);

    /* What the accounts explain is not untracked; a bound cache gives way, and steers nothing.
     */
    alice_account *cache;
    alice_reclaimer *r, *r2;
    int runs = 0;
    assert_ok(alice_account_open(&cache, alice_budget_root(b), "cache", 0));
    assert_ok(alice_account_charge(cache, pages(4000)));
    assert_ok(alice_reclaimer_add(&r, b, "cache", ALICE_RECLAIM_COLD, count_runs, &runs));
    assert_ok(alice_reclaimer_add(&r2, b, "cache", ALICE_RECLAIM_EXPIRED, count_runs, &runs));
    alice_reclaimer_bind(r, cache);
    alice_reclaimer_bind(r2, cache); /* counted once */
    assert_ok(alice_monitor_get_usage(m, &u));
    assert_int_equal(u.tracked, pages(4000));
    assert_int_equal(u.untracked, pages(1000));
    assert_int_equal(u.reclaimable, pages(4000));
    assert_true(u.steering_ratio == 0.1);
    assert_false(alice_monitor_under_pressure(m));
    assert_int_equal(alice_budget_used(b), pages(5000));

    put("/proc/self/statm", "9999 14900 1 1 0 1 0\n");
    assert_int_equal(alice_monitor_level(m), ALICE_LEVEL_CRITICAL);
    assert_true(alice_monitor_under_pressure(m));
    assert_int_equal(alice_monitor_batch_size(m, 100), 25);
    put("/proc/self/statm", "9999 1500 1 1 0 1 0\n");
    assert_false(alice_monitor_under_pressure(m));

    /* The rest is read at most once a second. */
    put("/proc/meminfo", "MemTotal: 1000000 kB\nMemAvailable: 90000 kB\n");
    assert_false(alice_monitor_under_pressure(m));
    time.now_ns += 999999999;
    assert_false(alice_monitor_under_pressure(m));
    time.now_ns += 1;
    assert_true(alice_monitor_under_pressure(m)); /* the system is above 90 % */
    put("/proc/meminfo", "MemTotal: 1000000 kB\nMemAvailable: 900000 kB\n");
    put("/proc/pressure/memory", "some avg10=11.00 avg60=0 avg300=0 total=0\n"
                                 "full avg10=0.00 avg60=0 avg300=0 total=0\n");
    time.now_ns += 1000000000;
    assert_true(alice_monitor_under_pressure(m)); /* tasks wait */

    alice_reclaimer_remove(&r);
    alice_reclaimer_remove(&r2);
    alice_account_release(cache, pages(4000));
    alice_monitor_close(&m);
    assert_ok(alice_budget_close(&b, NULL));
}

static void the_floors_account_explains_nothing_more(void **state)
{
    (void)state;
    alice_budget *b;
    alice_account *program;
    alice_monitor *m;
    assert_ok(alice_budget_open(&b, &(alice_budget_options){.limit = pages(11000)}));
    assert_ok(alice_account_open(&program, alice_budget_root(b), "program", 0));
    alice_account_observe(program, pages(1200)); /* the floor and a guard */
    put("/proc/self/statm", "9999 1500 1 1 0 1 0\n");
    assert_ok(alice_monitor_open(&m, &(alice_monitor_options){.budget = b,
                                                              .floor_bytes = pages(1000),
                                                              .floor_account = program,
                                                              .root = tree}));
    assert_int_equal(alice_monitor_resident(m), pages(1500));
    assert_int_equal(alice_budget_used(b), pages(1700)); /* 500 untracked */
    alice_monitor_close(&m);
    assert_int_equal(alice_budget_used(b), pages(1200));
    alice_account_observe(program, 0);
    assert_ok(alice_budget_close(&b, NULL));
}

static void not_adaptive_means_not_adaptive(void **state)
{
    (void)state;
    struct fake_clock time = {0};
    alice_clock clock;
    alice_config c = {0};
    c.fixed_batch_size = true;
    c.max_memory_mb = 32;
    alice_monitor *m = open_on_tree(NULL, &time, &clock, &c);
    put("/proc/self/statm", "9999 900000 1 1 0 1 0\n");
    assert_int_equal(alice_monitor_level(m), ALICE_LEVEL_CRITICAL);
    assert_int_equal(alice_monitor_batch_size(m, 100), 100);
    assert_int_equal(alice_monitor_batch_size(NULL, 5), 10);
    alice_monitor_close(&m);
}

static void a_zeroed_configuration_is_complete(void **state)
{
    (void)state;
    struct fake_clock time = {0};
    alice_clock clock;
    const alice_config some[] = {{0}, {.max_memory_mb = 512}, {.batch_size = 100}};
    put("/proc/self/statm", "9999 1000 1 1 0 1 0\n");
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        alice_monitor *m = open_on_tree(NULL, &time, &clock, &some[i]);
        assert_int_equal(alice_monitor_batch_size(m, 0), 100);
        assert_int_equal(alice_monitor_batch_size(m, 50), 50);
        alice_monitor_close(&m);
    }
}

static void collection_has_three_triggers(void **state)
{
    (void)state;
    struct fake_clock time = {0};
    alice_clock clock;
    alice_config c = {0};
    c.max_memory_mb = 100;
    c.gc_threshold_mb = 50;
    alice_budget *b;
    alice_reclaimer *dead, *cold;
    int dead_runs = 0, cold_runs = 0;
    alice_collection got;
    assert_ok(alice_budget_open(&b, &(alice_budget_options){.limit = 100 * ALICE_MB}));
    put("/proc/self/statm", "9999 1000 1 1 0 1 0\n");
    alice_monitor *m = open_on_tree(b, &time, &clock, &c);
    assert_ok(
        alice_reclaimer_add(&dead, b, "dead", ALICE_RECLAIM_EXPIRED, count_runs, &dead_runs));
    assert_ok(
        alice_reclaimer_add(&cold, b, "cold", ALICE_RECLAIM_COLD, count_runs, &cold_runs));

    alice_monitor_collect(m, false, &got);
    assert_int_equal(got.reason, ALICE_COLLECT_NONE);
    time.now_ns += UINT64_C(60000000000); /* the interval: only what is dead */
    alice_monitor_collect(m, false, &got);
    assert_int_equal(got.reason, ALICE_COLLECT_INTERVAL);
    assert_int_equal(dead_runs, 1);
    assert_int_equal(cold_runs, 0);
    alice_monitor_collect(m, false, &got);
    assert_int_equal(got.reason, ALICE_COLLECT_NONE);

    char statm[64]; /* above the threshold: all that can be */
    snprintf(statm, sizeof statm, "9999 %zu 1\n", 51 * ALICE_MB / pages(1));
    put("/proc/self/statm", statm);
    alice_monitor_collect(m, false, &got);
    assert_int_equal(got.reason, ALICE_COLLECT_THRESHOLD);
    assert_int_equal(cold_runs, 1);
    snprintf(statm, sizeof statm, "9999 %zu 1\n", 55 * ALICE_MB / pages(1));
    put("/proc/self/statm", statm); /* grown by 4 % of the limit since: not worth it */
    alice_monitor_collect(m, false, &got);
    assert_int_equal(got.reason, ALICE_COLLECT_NONE);
    snprintf(statm, sizeof statm, "9999 %zu 1\n", 56 * ALICE_MB / pages(1));
    put("/proc/self/statm", statm);
    alice_monitor_collect(m, false, &got);
    assert_int_equal(got.reason, ALICE_COLLECT_THRESHOLD);

    alice_monitor_suspend(m);
    time.now_ns += UINT64_C(600000000000);
    alice_monitor_collect(m, false, &got);
    assert_int_equal(got.reason, ALICE_COLLECT_NONE);
    alice_monitor_collect(m, true, &got);
    assert_int_equal(got.reason, ALICE_COLLECT_FORCED);
    alice_monitor_resume(m);
    alice_monitor_resume(m); /* once too often: harmless */
    assert_int_equal(alice_monitor_collections(m), 4);

    alice_reclaimer_remove(&dead);
    alice_reclaimer_remove(&cold);
    alice_monitor_close(&m);
    assert_ok(alice_budget_close(&b, NULL));
}

struct inside {
    alice_monitor *monitor;
    alice_budget *budget;
    struct fake_clock *time;
    int *dead, *cold;
};

static alice_status within(void *ctx)
{
    struct inside *in = ctx;
    alice_collection got;
    assert_int_equal(*in->dead, 1); /* collected before */
    in->time->now_ns += UINT64_C(600000000000);
    alice_monitor_collect(in->monitor, false, &got);
    assert_int_equal(got.reason, ALICE_COLLECT_NONE);
    /* A refusal reclaims all the same. */
    assert_status(alice_account_charge(alice_budget_root(in->budget), 200 * ALICE_MB),
                  ALICE_E_BUDGET);
    assert_int_equal(*in->cold, 1);
    alice_scope nested;
    alice_scope_begin(&nested, in->monitor);
    alice_scope_end(&nested);
    alice_scope_end(&nested);
    alice_monitor_collect(in->monitor, false, &got);
    assert_int_equal(got.reason, ALICE_COLLECT_NONE);
    assert_int_equal(alice_monitor_collections(in->monitor), 1);
    return ALICE_E_CANCELLED;
}

static void a_scope_collects_at_its_ends(void **state)
{
    (void)state;
    struct fake_clock time = {0};
    alice_clock clock;
    alice_config c = {0};
    alice_budget *b;
    alice_reclaimer *r[2];
    int dead = 0, cold = 0;
    put("/proc/self/statm", "9999 1000 1 1 0 1 0\n");
    assert_ok(alice_budget_open(&b, &(alice_budget_options){.limit = 100 * ALICE_MB}));
    alice_monitor *m = open_on_tree(b, &time, &clock, &c);
    assert_ok(alice_reclaimer_add(&r[0], b, "dead", ALICE_RECLAIM_EXPIRED, count_runs, &dead));
    assert_ok(alice_reclaimer_add(&r[1], b, "cold", ALICE_RECLAIM_COLD, count_runs, &cold));
    struct inside in = {m, b, &time, &dead, &cold};
    assert_status(alice_scope_run(m, within, &in), ALICE_E_CANCELLED);
    assert_int_equal(alice_monitor_collections(m), 2);
    assert_int_equal(dead, 3); /* before, the refusal, after */
    assert_int_equal(cold, 1); /* a scope drops nothing that is alive */
    time.now_ns += UINT64_C(60000000000);
    alice_monitor_collect(m, false, NULL); /* periodic again */
    assert_int_equal(alice_monitor_collections(m), 3);
    alice_scope_begin(NULL, m);
    alice_scope none;
    alice_scope_begin(&none, NULL);
    alice_scope_end(&none);
    alice_monitor_close(&m);
    alice_reclaimer_remove(&r[0]);
    alice_reclaimer_remove(&r[1]);
    assert_ok(alice_budget_close(&b, NULL));
}

/* ---- the real machine --------------------------------------------------- */

static void the_real_figures_agree(void **state)
{
    (void)state;
    alice_monitor *m;
    alice_monitor_usage u;
    alice_monitor_sample s;
    alice_process_usage p;
    assert_ok(alice_monitor_open(&m, NULL));
    assert_ok(alice_monitor_get_usage(m, &u));
    assert_ok(alice_monitor_sample_now(m, &s));
    assert_ok(alice_monitor_process((long)getpid(), &p));
    assert_true(u.current > 500 * 1024 && u.peak >= u.current);
    assert_true(u.available > 0 && u.available <= u.machine_total);
    assert_true(u.system_percent > 0 && u.system_percent <= 100);
    assert_int_equal(u.limit, 1024 * ALICE_MB);
    assert_in_range(p.current, s.resident / 2, s.resident * 2);
    assert_true(p.threads == 1 && p.peak >= p.current && p.data > 0);
    assert_true(alice_limit_ram() <= u.machine_total);
    alice_monitor_close(&m);
    alice_monitor_close(&m);
}

enum { BLOCKS = 20000, BLOCK = 1024 };

struct hoard {
    void *blocks[BLOCKS];
    alice_env env;
    size_t have;
};

static alice_reclaimed drop_hoard(void *ctx, size_t wanted)
{
    struct hoard *h = ctx;
    size_t bytes = 0;
    while (h->have > 0 && bytes < wanted) {
        alice_env_free(&h->env, h->blocks[--h->have], BLOCK);
        bytes += BLOCK;
    }
    return (alice_reclaimed){.bytes = bytes, .items = bytes / BLOCK};
}

static void giving_back_lowers_resident_memory(void **state)
{
    (void)state;
#ifndef __GLIBC__
    skip_test("musl gives pages back by itself, or not at all");
#endif
    if (alice_limit_sanitized() || under_valgrind())
        skip_test("freed blocks are in quarantine");
    alice_budget *b;
    alice_monitor *m;
    alice_reclaimer *r;
    struct hoard *h = calloc(1, sizeof *h);
    alice_collection got;
    void *pin = NULL;
    assert_ok(alice_budget_open(&b, &(alice_budget_options){.limit = 64 * ALICE_MB}));
    assert_ok(alice_monitor_open(&m, &(alice_monitor_options){.budget = b}));
    assert_ok(alice_account_open(&h->env.account, alice_budget_root(b), "hoard", 0));
    assert_ok(alice_reclaimer_add(&r, b, "hoard", ALICE_RECLAIM_COLD, drop_hoard, h));
    while (h->have < BLOCKS) {
        assert_ok(alice_env_alloc(&h->env, BLOCK, ALICE_HERE, &h->blocks[h->have]));
        memset(h->blocks[h->have++], 1, BLOCK);
    }
    /* Above what will be free, so that the heap's end cannot simply shrink. */
    assert_ok(alice_env_alloc(&h->env, 64, ALICE_HERE, &pin));
    size_t before = alice_monitor_resident(m);
    size_t given = alice_monitor_collect(m, true, &got);
    size_t after = alice_monitor_resident(m);
    assert_int_equal(h->have, 0);
    assert_int_equal(got.released, BLOCKS * BLOCK);
    assert_true(given > 18 * ALICE_MB);
    assert_true(before - after > 18 * ALICE_MB);
    assert_true(alice_monitor_given_back(m) >= given);
    alice_env_free(&h->env, pin, 64);
    alice_reclaimer_remove(&r);
    alice_monitor_close(&m);
    assert_ok(alice_budget_close(&b, NULL));
    free(h);
}

/* ---- the watcher -------------------------------------------------------- */

static void told(void *ctx, alice_watch_event event, alice_level level)
{
    (void)level;
    if (event == ALICE_WATCH_CGROUP)
        atomic_fetch_add((atomic_int *)ctx, 1);
}

struct closer {
    alice_monitor *monitor;
    atomic_int calls, refused;
};

/* The watcher's thread would wait for itself. */
static void told_and_closes(void *ctx, alice_watch_event event, alice_level level)
{
    struct closer *c = ctx;
    bool refused = alice_monitor_close(&c->monitor) == ALICE_E_BUSY &&
                   alice_monitor_unwatch(c->monitor) == ALICE_E_BUSY;
    atomic_fetch_add(&c->refused, refused);
    told(&c->calls, event, level);
}

static void a_watcher_starts_and_ends(void **state)
{
    (void)state;
    alice_budget *b;
    alice_monitor *m;
    atomic_int calls = 0;
    assert_ok(alice_budget_open(&b, &(alice_budget_options){.limit = 64 * ALICE_MB}));
    alice_env env = {.account = alice_budget_root(b)};
    assert_ok(alice_monitor_open(&m, &(alice_monitor_options){.env = env, .budget = b}));
    size_t before = alice_budget_used(b);
    alice_watch_options o = {.fn = told, .ctx = &calls};
    assert_status(alice_monitor_watch(m, &(alice_watch_options){0}), ALICE_E_INVAL);
    alice_watch_options odd = {.fn = told, .window_ms = 100};
    assert_status(alice_monitor_watch(m, &odd), ALICE_E_INVAL);
    alice_status st = alice_monitor_watch(m, &o);
    if (st == ALICE_E_UNSUPPORTED) {
        alice_monitor_close(&m);
        alice_budget_close(&b, NULL);
        skip_test("no PSI here");
    }
    assert_ok(st);
    assert_status(alice_monitor_watch(m, &o), ALICE_E_BUSY);
    assert_ok(alice_monitor_unwatch(m));
    assert_ok(alice_monitor_unwatch(m));
    assert_ok(alice_monitor_watch(m, &o));
    assert_ok(alice_monitor_close(&m)); /* ends it too */
    assert_true(alice_budget_used(b) <= before);
    alice_budget_close(&b, NULL);
}

/* In a group of its own, a child that comes near the limit is told. */
static void a_group_near_its_limit_is_told(void **state)
{
    (void)state;
    char dir[128], path[256];
    snprintf(dir, sizeof dir, "/sys/fs/cgroup/memory/alice-test-%ld", (long)getpid());
    if (alice_limit_sanitized() || under_valgrind() || mkdir(dir, 0755))
        skip_test("no v1 hierarchy, or not ours to write");
    snprintf(path, sizeof path, "%s/memory.limit_in_bytes", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "67108864");
    assert_int_equal(fclose(f), 0);
    pid_t child = fork();
    if (child == 0) {
        snprintf(path, sizeof path, "%s/cgroup.procs", dir);
        f = fopen(path, "w");
        if (!f || fprintf(f, "%ld", (long)getpid()) < 0 || fclose(f))
            _exit(10);
        struct closer c = {0};
        alice_monitor *m;
        alice_monitor_usage u;
        if (alice_monitor_open(&m, NULL) || alice_monitor_get_usage(m, &u))
            _exit(11);
        if (u.cgroup_limit != 67108864 || !strstr(u.cgroup_file, "memory.limit_in_bytes"))
            _exit(12);
        if (alice_limit_effective(0) != 67108864 - 67108864 / 100 * 15)
            _exit(13);
        c.monitor = m;
        if (alice_monitor_watch(m, &(alice_watch_options){.fn = told_and_closes, .ctx = &c}))
            _exit(14);
        char *volatile p = malloc(62 * ALICE_MB);
        memset(p, 1, 62 * ALICE_MB);
        for (int i = 0; i < 5000 && atomic_load(&c.calls) == 0; i++)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        if (atomic_load(&c.calls) == 0 || atomic_load(&c.refused) == 0)
            _exit(15);
        _exit(alice_monitor_close(&m) == ALICE_OK ? 0 : 16);
    }
    int status = 0;
    waitpid(child, &status, 0);
    rmdir(dir);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- faults ------------------------------------------------------------- */

static alice_status scenario(const alice_alloc *alloc)
{
    alice_budget *b;
    alice_monitor *m = NULL;
    atomic_int calls = 0;
    alice_env env = {.alloc = alloc};
    alice_status st =
        alice_budget_open(&b, &(alice_budget_options){.env = env, .limit = 64 * ALICE_MB});
    if (st)
        return st;
    st = alice_monitor_open(&m, &(alice_monitor_options){.env = env, .budget = b});
    if (st == ALICE_OK) {
        st = alice_monitor_watch(m, &(alice_watch_options){.fn = told, .ctx = &calls});
        if (st == ALICE_E_UNSUPPORTED)
            st = ALICE_OK;
    }
    alice_limit *l = NULL;
    if (st == ALICE_OK)
        st = alice_limit_begin(
            &l, &(alice_limit_options){.env = env, .limit_bytes = (size_t)1 << 34});
    alice_limit_end(&l);
    alice_monitor_close(&m);
    assert_ok(alice_budget_close(&b, NULL));
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(sweep(scenario, false) >= 6);
}

#define ON_TREE(test) cmocka_unit_test_setup_teardown(test, tree_up, tree_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_TREE(nested_groups_of_v2),
        ON_TREE(nested_groups_of_v1),
        ON_TREE(bad_files_are_survived),
        ON_TREE(figures_and_levels),
        ON_TREE(the_floors_account_explains_nothing_more),
        ON_TREE(not_adaptive_means_not_adaptive),
        ON_TREE(a_zeroed_configuration_is_complete),
        ON_TREE(collection_has_three_triggers),
        ON_TREE(a_scope_collects_at_its_ends),
        cmocka_unit_test(the_real_figures_agree),
        cmocka_unit_test(giving_back_lowers_resident_memory),
        cmocka_unit_test(a_watcher_starts_and_ends),
        cmocka_unit_test(a_group_near_its_limit_is_told),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
