/* SPDX-License-Identifier: MIT */
/*
 * After fork() the child may close what it inherited, and only that. A child closes one of
 * everything, with the threads that it did not inherit, and ends; the parent's go on as if
 * nothing had happened.
 */
#include "test.h"

#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include <alice/mem.h>

struct all {
    alice_budget *budget;
    alice_account *account;
    alice_profile *profile;
    alice_census *census;
    alice_monitor *monitor;
    bool watched;
    alice_cache *cache;
    alice_weak_cache *weak;
    alice_pool *pool;
    alice_lease lease;
    alice_executor *executor;
    alice_batch *batch;
    alice_reader *reader;
    alice_map *read, *mapped;
};

static alice_bytes text(const char *s)
{
    return (alice_bytes){(const uint8_t *)s, strlen(s)};
}

static alice_status make(void *ctx, void **object)
{
    (void)ctx;
    *object = malloc(1);
    return *object ? ALICE_OK : ALICE_E_NOMEM;
}

static void destroy(void *ctx, void *object)
{
    (void)ctx;
    free(object);
}

static void told(void *ctx, alice_watch_event event, alice_level level)
{
    (void)ctx, (void)event, (void)level;
}

static alice_status add_one(void *arg)
{
    atomic_fetch_add((atomic_int *)arg, 1);
    return ALICE_OK;
}

static void open_all(struct all *a, const char *path)
{
    *a = (struct all){0};
    assert_ok(alice_budget_open(&a->budget, &(alice_budget_options){.limit = 64 * ALICE_MB}));
    assert_ok(alice_account_open(&a->account, alice_budget_root(a->budget), "all", 0));
    assert_ok(alice_profile_open(&a->profile, NULL));
    assert_ok(alice_census_open(&a->census, &(alice_census_options){.max_bytes = 65536}));
    alice_env env = {.account = a->account, .profile = a->profile, .census = a->census};
    assert_ok(alice_monitor_open(&a->monitor,
                                 &(alice_monitor_options){.env = env, .budget = a->budget}));
    a->watched =
        alice_monitor_watch(a->monitor, &(alice_watch_options){.fn = told}) == ALICE_OK;
    alice_cache_options co = alice_cache_defaults(NULL);
    co.env = env;
    co.budget = a->budget;
    co.max_bytes = ALICE_MB;
    assert_ok(alice_cache_open(&a->cache, &co));
    assert_ok(alice_cache_set(a->cache, text("key"), text("value"), ALICE_TTL_DEFAULT));
    alice_weak_cache_options wo = alice_weak_cache_defaults();
    wo.env = env;
    wo.budget = a->budget;
    assert_ok(alice_weak_cache_open(&a->weak, &wo));
    assert_ok(alice_weak_cache_set(a->weak, text("key"), a, 1, NULL));
    assert_ok(alice_pool_open(&a->pool, &(alice_pool_options){.env = env,
                                                              .budget = a->budget,
                                                              .factory = make,
                                                              .destroy = destroy,
                                                              .min_idle = 2}));
    assert_ok(alice_pool_acquire(a->pool, 0, &a->lease));
    assert_ok(
        alice_executor_open(&a->executor, &(alice_executor_options){.env = env, .threads = 3}));
    atomic_int ran = 0;
    for (int i = 0; i < 50; i++)
        assert_ok(alice_executor_submit(a->executor, add_one, &ran, NULL));
    assert_ok(alice_executor_wait_all(a->executor)); /* nobody is at work when the fork comes */
    assert_int_equal(ran, 50);
    assert_ok(alice_batch_open(&a->batch, &(alice_batch_options){.env = env}));
    alice_bytes b;
    assert_ok(alice_reader_open(&a->reader, path, &(alice_reader_options){.env = env}, NULL));
    assert_ok(alice_reader_peek(a->reader, 10, &b, NULL));
    assert_ok(alice_map_open(&a->read, path, &(alice_map_options){.env = env}, NULL));
    assert_ok(alice_map_open(
        &a->mapped, path,
        &(alice_map_options){.env = env, .use_mmap = true, .sigbus_guard = true}, NULL));
    assert_ok(alice_map_at(a->mapped, 0, 10, &b, NULL));
}

/* What is charged still when all is closed, or is open still; 0: nothing. */
static size_t close_all(struct all *a)
{
    size_t leaked = 0, open = 0;
    alice_map_close(&a->mapped);
    alice_map_close(&a->read);
    alice_reader_close(&a->reader);
    alice_batch_close(&a->batch);
    alice_executor_close(&a->executor);
    alice_pool_release(&a->lease);
    open += alice_pool_close(&a->pool) != ALICE_OK;
    alice_weak_cache_close(&a->weak);
    alice_cache_close(&a->cache);
    alice_monitor_close(&a->monitor);
    open += alice_census_close(&a->census) != ALICE_OK;
    alice_profile_close(&a->profile);
    alice_account_close(&a->account);
    alice_budget_close(&a->budget, &leaked);
    return leaked + open;
}

static void a_child_closes_what_it_inherited(void **state)
{
    (void)state;
    struct all a;
    alice_process_usage before, after;
    open_all(&a, "/proc/self/exe");
    assert_ok(alice_monitor_process(0, &before));
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        _exit(close_all(&a) == 0 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        fail_msg("the child ended by signal %d", WTERMSIG(status));
    assert_int_equal(WEXITSTATUS(status), 0);

    /* The parent's threads are there and work, its watcher watches. */
    atomic_int ran = 0;
    alice_pin pin;
    for (int i = 0; i < 50; i++)
        assert_ok(alice_executor_submit(a.executor, add_one, &ran, NULL));
    assert_ok(alice_executor_wait_all(a.executor));
    assert_int_equal(ran, 50);
    assert_ok(alice_cache_get(a.cache, text("key"), &pin));
    assert_int_equal(pin.n, 5);
    alice_cache_unpin(&pin);
    assert_ok(alice_monitor_process(0, &after));
    assert_true(before.threads >=
                (a.watched ? 5 : 4)); /* this one, three at work, the watcher */
    assert_int_equal(after.threads, before.threads);
    assert_int_equal(close_all(&a), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_closes_what_it_inherited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
