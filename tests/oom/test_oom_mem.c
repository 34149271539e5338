/* SPDX-License-Identifier: MIT */
/*
 * Every public function of the toolkit while memory runs out, in three ways:
 *
 *     once    the nth request of the allocator fails, and only it
 *     sticky  the nth and all after it fail
 *     cap     the account refuses above a cap, which rises from nothing
 *
 * for n, and for the cap, from 0 until nothing failed any more. Each part of the toolkit
 * is one scenario, one row of the table at the end; profile, census and budget take their
 * own memory from the same failing allocator. After each round every structure has passed
 * its checker, every handle was closed (the census says so), every byte is back with the
 * allocator and with the account, and the status is one that the contract names.
 * covered.py sees to it that no function of the public headers is left out.
 */
#include "test.h"

#include "faulty.h"

#include <fcntl.h>
#include <unistd.h>

#include <alice/mem.h>

/* What a scenario is given. */
struct world {
    struct faulty faulty;
    alice_alloc alloc;
    struct fake_clock time;
    alice_clock clock;
    alice_budget *budget;
    alice_account *account;
    alice_profile *profile;
    alice_census *census;
    alice_env env;
};

/* Go on only while nothing failed. */
#define TRY(call)           \
    do {                    \
        if (st == ALICE_OK) \
            st = (call);    \
    } while (0)

static char path[64];

enum { LINE = 3000, LINES = 5 };

static alice_cache_stats stats_of(alice_cache *cache)
{
    alice_cache_stats stats;
    alice_cache_get_stats(cache, &stats);
    return stats;
}

static alice_weak_cache_stats weak_stats_of(alice_weak_cache *cache)
{
    alice_weak_cache_stats stats;
    alice_weak_cache_get_stats(cache, &stats);
    return stats;
}

static void make_file(void)
{
    char line[LINE];
    snprintf(path, sizeof path, "/tmp/alice-oom-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    memset(line, 'x', sizeof line);
    line[LINE - 1] = '\n';
    for (int i = 0; i < LINES; i++)
        assert_int_equal(write(fd, line, sizeof line), LINE);
    close(fd);
}

static alice_bytes key_of(unsigned i, char *buf, size_t size)
{
    int n = snprintf(buf, size, "key %0*u", i % 13 == 0 ? 300 : 4, i);
    return (alice_bytes){(const uint8_t *)buf, (size_t)n};
}

/* ---- the parts ---------------------------------------------------------- */

static alice_status env_part(struct world *w)
{
    void *p = NULL, *q = NULL, *r = NULL;
    size_t n = 0;
    alice_status st = alice_env_alloc(&w->env, 100, ALICE_HERE, &p);
    if (st == ALICE_OK)
        n = 100;
    TRY(alice_env_resize(&w->env, &p, n, 4000, ALICE_HERE));
    if (st == ALICE_OK)
        n = 4000;
    TRY(alice_env_resize(&w->env, &p, n, 10, ALICE_HERE));
    if (st == ALICE_OK)
        n = 10;
    TRY(alice_env_calloc(&w->env, 7, 9, NULL, &q));
    TRY(alice_env_try_alloc(&w->env, 33, ALICE_HERE, &r));
    if (w->account)
        assert_int_equal(alice_account_used(w->account), n + (q ? 63 : 0) + (r ? 33 : 0));
    alice_env_free(&w->env, q, 63);
    alice_env_free(&w->env, r, 33);
    if (p)
        assert_ok(alice_env_resize(&w->env, &p, n, 0, ALICE_HERE));
    assert_null(p);
    alice_env_log(&w->env, ALICE_LOG_ERROR, "nobody listens");
    assert_true((alice_env_now_ns(&w->env) == 0) == (w->env.clock != NULL));
    assert_true((alice_env_wall_s(&w->env) == 0) == (w->env.clock != NULL));
    return st;
}

struct giver {
    alice_env env;
    void *block;
};

static alice_reclaimed give(void *ctx, size_t wanted)
{
    struct giver *g = ctx;
    (void)wanted;
    if (!g->block)
        return (alice_reclaimed){0};
    alice_env_free(&g->env, g->block, 5000);
    g->block = NULL;
    return (alice_reclaimed){.bytes = 5000, .items = 1};
}

static alice_status budget_part(struct world *w)
{
    alice_budget *b = NULL;
    alice_account *a = NULL, *child = NULL, *other = NULL;
    alice_reclaimer *r = NULL;
    struct giver g = {.env = w->env};
    void *p = NULL;
    char text[200];
    alice_ledger_row rows[4];
    alice_reclaim_row gave[2];
    size_t count, leaked = 1;
    alice_status st =
        alice_budget_open(&b, &(alice_budget_options){.env = w->env, .limit = 16384});
    if (st != ALICE_OK)
        return st;
    TRY(alice_account_open(&a, alice_budget_root(b), "a", 8000));
    TRY(alice_account_open(&child, a, "child", 0));
    TRY(alice_account_open(&other, alice_budget_root(b), "other", 0));
    TRY(alice_reclaimer_add(&r, b, "giver", ALICE_RECLAIM_COLD, give, &g));
    if (st == ALICE_OK) {
        g.env.account = child;
        alice_reclaimer_bind(r, a);
        st = alice_env_alloc(&g.env, 5000, ALICE_HERE, &g.block);
    }
    if (st == ALICE_OK) {
        alice_env env = g.env;
        env.account = a;
        st = alice_env_alloc(&env, 4000, ALICE_HERE, &p); /* reclaims what stands in the way */
        assert_true(st == ALICE_E_NOMEM || g.block == NULL);
        if (st == ALICE_OK) {
            assert_status(alice_account_try_charge(a, 5000), ALICE_E_BUDGET);
            assert_status(alice_account_charge(a, 5000), ALICE_E_BUDGET);
            assert_non_null(alice_account_explain(a, 5000, text, sizeof text));
            assert_ok(alice_account_transfer(a, other, 100));
            assert_ok(alice_account_transfer(other, a, 100));
            alice_account_observe(other, 50);
            alice_account_release(other, 50);
            assert_ok(alice_budget_set_limit(b, 12000));
            assert_int_equal(alice_account_used(a), 4000);
            alice_env_free(&env, p, 4000);
        }
    }
    if (g.block)
        assert_int_equal(alice_reclaim_run(b, SIZE_MAX, gave, 2, &count), 5000);
    assert_ok(alice_budget_ledger(b, rows, 4, &count));
    assert_ok(alice_budget_check(b, NULL));
    alice_reclaimer_remove(&r);
    assert_ok(alice_account_close(&child));
    assert_ok(alice_budget_close(&b, &leaked));
    assert_int_equal(leaked, 0);
    return st;
}

static alice_status nothing(void *ctx)
{
    (void)ctx;
    return ALICE_OK;
}

static void told(void *ctx, alice_watch_event event, alice_level level)
{
    (void)ctx, (void)event, (void)level;
}

static alice_status monitor_part(struct world *w)
{
    alice_monitor *m = NULL;
    alice_monitor_sample sample;
    alice_monitor_usage usage;
    alice_process_usage process;
    alice_collection got;
    alice_status st =
        alice_monitor_open(&m, &(alice_monitor_options){.env = w->env, .budget = w->budget});
    if (st != ALICE_OK)
        return st;
    assert_ok(alice_monitor_sample_now(m, &sample));
    assert_ok(alice_monitor_get_usage(m, &usage));
    assert_ok(alice_monitor_process(0, &process));
    assert_true(alice_monitor_resident(m) > 0);
    alice_monitor_level(m);
    alice_monitor_under_pressure(m);
    assert_true(alice_monitor_batch_size(m, 100) > 0);
    assert_true(alice_batch_level_of_monitor(m) <= ALICE_LEVEL_CRITICAL);
    alice_monitor_collect(m, true, &got);
    assert_int_equal(got.reason, ALICE_COLLECT_FORCED);
    alice_monitor_suspend(m);
    alice_monitor_resume(m);
    alice_scope scope;
    alice_scope_begin(&scope, m);
    alice_scope_end(&scope);
    TRY(alice_scope_run(m, nothing, NULL));
    assert_true(alice_monitor_collections(m) >= 5 && alice_monitor_given_back(m) < SIZE_MAX);
    TRY(alice_monitor_watch(m, &(alice_watch_options){.fn = told}));
    if (st == ALICE_E_UNSUPPORTED)
        st = ALICE_OK;
    alice_monitor_unwatch(m);
    alice_monitor_close(&m);
    return st;
}

static alice_status limit_part(struct world *w)
{
    alice_limit *l = NULL;
    alice_status st = alice_limit_begin(
        &l, &(alice_limit_options){.env = w->env, .limit_bytes = (size_t)1 << 36});
    assert_true((st == ALICE_OK) == (l != NULL));
    assert_true(st == ALICE_OK || !alice_limit_active(l));
    assert_true(alice_limit_active(l) == (alice_limit_data_bytes(l) > 0));
    alice_limit_end(&l);
    return st;
}

/* Loads a value that grows, shrinks, or is a pointer. */
struct loader {
    struct world *w;
    bool by_ref;
};

static void free_ref(void *ctx, void *value, size_t size)
{
    struct world *w = ctx;
    w->alloc.resize(w->alloc.ctx, value, size, 0);
}

static alice_status load(void *ctx, alice_bytes key, alice_load *l)
{
    struct loader *o = ctx;
    void *p = NULL;
    (void)key;
    alice_load_ttl(l, 500);
    alice_status st = alice_load_take(l, 600, &p);
    TRY(alice_load_take(l, 2000, &p));
    TRY(alice_load_take(l, 40, &p));
    if (st == ALICE_OK && o->by_ref) {
        void *value = o->w->alloc.resize(o->w->alloc.ctx, NULL, 0, 90);
        if (!value)
            return ALICE_E_NOMEM;
        st = alice_load_ref(l, value, 90, free_ref, o->w);
    }
    return st;
}

static void note(alice_status *bad, alice_status st)
{
    if (st != ALICE_OK && *bad == ALICE_OK)
        *bad = st;
}

static bool goes_on(void *ctx, alice_bytes key, alice_bytes value)
{
    (void)ctx;
    return key.n > 0 && value.n == 40;
}

static alice_status cache_part(struct world *w, alice_cache_policy policy, unsigned shards)
{
    alice_cache *c = NULL;
    alice_cache_options o = alice_cache_defaults(NULL);
    alice_pin pin = {0};
    struct loader l = {.w = w};
    uint8_t value[1500] = {0};
    char buf[400];
    size_t n;
    o.env = w->env;
    o.budget = w->budget;
    o.max_bytes = 48 * 1024;
    o.policy = policy;
    o.shards = shards;
    o.seed = 7;
    alice_status bad = ALICE_OK, st = alice_cache_open(&c, &o);
    if (st != ALICE_OK)
        return st;
    assert_true(alice_cache_bytes(c) <= alice_cache_footprint(&o));
    for (unsigned i = 0; i < 60; i++) {
        note(&bad, alice_cache_set(c, key_of(i, buf, sizeof buf),
                                   (alice_bytes){value, i % 5 ? 60 : 1500}, i % 3 ? 1000 : 0));
        w->time.now_ns += 20000000;
    }
    void *ref = w->alloc.resize(w->alloc.ctx, NULL, 0, 200);
    st = ref ? alice_cache_set_ref(c, key_of(70, buf, sizeof buf), ref, 200, free_ref, w,
                                   ALICE_TTL_NEVER)
             : ALICE_E_NOMEM;
    if (ref && st != ALICE_OK)
        free_ref(w, ref, 200); /* on failure it is still ours */
    note(&bad, st);
    for (unsigned i = 80; i < 86; i++) {
        l.by_ref = i % 2;
        note(&bad, alice_cache_get_or_load(c, key_of(i, buf, sizeof buf), load, &l, &pin));
        assert_ok(alice_cache_check(c, NULL));
        alice_cache_unpin(&pin);
    }
    st = alice_cache_get(c, key_of(3, buf, sizeof buf), &pin);
    assert_true(st == ALICE_OK || st == ALICE_E_NOENT);
    assert_true(alice_cache_largest(c) > 0);
    alice_cache_set(c, key_of(3, buf, sizeof buf), (alice_bytes){value, 5}, 0);
    alice_cache_unpin(&pin);
    alice_cache_has(c, key_of(4, buf, sizeof buf));
    alice_cache_get_copy(c, key_of(4, buf, sizeof buf), value, sizeof value, &n);
    uint32_t left = 0;
    (void)alice_cache_ttl(c, key_of(3, buf, sizeof buf), &left);
    note(&bad, alice_cache_add(c, key_of(90, buf, sizeof buf), (alice_bytes){value, 40}, 0));
    (void)alice_cache_each(c, goes_on, NULL);
    (void)alice_cache_remove_if(c, goes_on, NULL);
    (void)alice_cache_remove_prefix(c, key_of(80, buf, sizeof buf));
    alice_cache_lookup lookup = {key_of(3, buf, sizeof buf), value, sizeof value, 0, ALICE_OK};
    (void)alice_cache_get_many(c, &lookup, 1);
    alice_cache_remove(c, key_of(4, buf, sizeof buf));
    alice_cache_expire(c, 5);
    assert_ok(alice_cache_resize(c, ALICE_CACHE_MIN_BYTES * (shards ? shards : 1)));
    assert_ok(alice_cache_check(c, NULL));
    alice_cache_stats sum = stats_of(c), twice = sum;
    alice_cache_stats_add(&twice, &sum);
    assert_true(sum.size_bytes <= ALICE_CACHE_MIN_BYTES * shards);
    assert_int_equal(twice.hits, 2 * sum.hits);
    alice_cache_clear(c);
    assert_ok(alice_cache_close(&c));
    return bad;
}

static alice_status cache_s3fifo_part(struct world *w)
{
    return cache_part(w, ALICE_CACHE_S3FIFO, 1);
}

static alice_status cache_lru_part(struct world *w)
{
    return cache_part(w, ALICE_CACHE_LRU, 2);
}

static void free_value(void *ctx, void *value, size_t size)
{
    alice_env_free(&((struct world *)ctx)->env, value, size);
}

static alice_status weak_part(struct world *w)
{
    alice_weak_cache *c = NULL;
    alice_weak_cache_options o = alice_weak_cache_defaults();
    alice_strong held = {0}, twice = {0}, found = {0};
    char buf[400];
    o.env = w->env;
    o.budget = w->budget;
    o.recent = 20;
    o.values_uncharged = true; /* their maker has paid */
    o.destroy = free_value;
    o.destroy_ctx = w;
    alice_status bad = ALICE_OK, st = alice_weak_cache_open(&c, &o);
    if (st != ALICE_OK)
        return st;
    for (unsigned i = 0; i < 150; i++) {
        void *value = NULL;
        st = alice_env_alloc(&w->env, 50, ALICE_HERE, &value);
        if (st == ALICE_OK) {
            st = alice_weak_cache_set(c, key_of(i, buf, sizeof buf), value, 50,
                                      held.p ? NULL : &held);
            if (st != ALICE_OK)
                alice_env_free(&w->env, value, 50);
        }
        note(&bad, st);
    }
    assert_ok(alice_weak_cache_check(c, NULL));
    twice = alice_strong_dup(&held);
    alice_strong_release(&held);
    st = alice_weak_cache_get(c, key_of(149, buf, sizeof buf), &found);
    assert_true(st == ALICE_OK || st == ALICE_E_NOENT);
    alice_strong_release(&found);
    alice_weak_cache_remove(c, key_of(148, buf, sizeof buf));
    alice_weak_cache_trim(c);
    assert_true(alice_weak_cache_bytes(c) >= 1 && weak_stats_of(c).recent == 0);
    assert_true(alice_weak_cache_footprint(&o) > 0);
    assert_ok(alice_weak_cache_close(&c));
    alice_strong_release(&twice); /* outlives the cache */
    return bad;
}

static alice_status executor_part(struct world *w)
{
    alice_executor *x = NULL;
    alice_executor_options o = {.env = w->env, .threads = 2, .stack_bytes = 64 * 1024};
    alice_executor_stats s;
    alice_task task = {0};
    alice_status st = alice_executor_open(&x, &o);
    if (st != ALICE_OK)
        return st;
    for (int i = 0; i < 20; i++)
        TRY(alice_executor_submit(x, nothing, NULL, NULL));
    TRY(alice_executor_wait_all(x));
    TRY(alice_executor_try_submit(x, nothing, NULL, &task));
    TRY(alice_task_wait(&task));
    assert_true(alice_task_done(&task, NULL));
    assert_status(alice_task_cancel(&task), ALICE_E_END);
    assert_int_equal(alice_executor_cancel(x), 0);
    alice_executor_get_stats(x, &s);
    assert_int_equal(s.completed, 21);
    alice_executor_close(&x);
    return st;
}

static alice_status make_thing(void *ctx, void **object)
{
    return alice_env_alloc(&((struct world *)ctx)->env, 120, ALICE_HERE, object);
}

static void end_thing(void *ctx, void *object)
{
    alice_env_free(&((struct world *)ctx)->env, object, 120);
}

static alice_status pool_part(struct world *w)
{
    alice_pool *p = NULL;
    alice_pool_options o = {.env = w->env,
                            .budget = w->budget,
                            .factory = make_thing,
                            .destroy = end_thing,
                            .ctx = w,
                            .max_size = 3,
                            .max_total = 5,
                            .min_idle = 2,
                            .object_bytes = 80,
                            .charge_objects = true,
                            .idle_timeout_ms = 10,
                            .leak_after_ms = 5};
    alice_lease l[5] = {0}, late = {0};
    alice_pool_holder holders[5];
    alice_pool_stats s;
    size_t count;
    alice_status bad = ALICE_OK, st = alice_pool_open(&p, &o);
    if (st != ALICE_OK)
        return st;
    for (int i = 0; i < 5; i++)
        note(&bad, alice_pool_acquire(p, 0, &l[i]));
    if (bad == ALICE_OK)
        assert_status(alice_pool_acquire(p, 0, &late), ALICE_E_TIMEOUT);
    assert_ok(alice_pool_holders(p, holders, 5, &count));
    w->time.now_ns += 20000000;
    alice_pool_discard(&l[0]);
    for (int i = 1; i < 5; i++)
        alice_pool_release(&l[i]);
    assert_ok(alice_pool_check(p, NULL));
    w->time.now_ns += 20000000;
    note(&bad, alice_pool_maintain(p));
    note(&bad, alice_pool_acquire_at(p, 0, NULL, &late));
    alice_pool_trim(p, 0);
    note(&bad, alice_pool_resize(p, 8, 0));
    alice_pool_evict_all(p);
    alice_pool_get_stats(p, &s);
    assert_int_equal(s.pool_size, 0);
    assert_ok(alice_pool_check(p, NULL));
    assert_status(alice_pool_close(&p), late.object ? ALICE_E_BUSY : ALICE_OK);
    alice_pool_release(&late);
    assert_ok(alice_pool_close(&p));
    return bad;
}

struct counter {
    unsigned next, done;
};

static alice_status next_item(void *ctx, void **item, size_t *bytes)
{
    struct counter *c = ctx;
    if (c->next == 50)
        return ALICE_E_END;
    *item = ctx;
    *bytes = 10 + c->next++;
    return ALICE_OK;
}

static alice_status process(void *ctx, alice_batch_result *results, size_t count)
{
    (void)results;
    ((struct counter *)ctx)->done += (unsigned)count;
    return ALICE_OK;
}

static alice_status batch_part(struct world *w)
{
    alice_config config = {0};
    alice_batch_options o = alice_batch_defaults(&config);
    alice_batch *b = NULL;
    alice_batch_stats s;
    struct counter c = {0}, d = {0};
    alice_batch_run run = {
        .next = next_item, .next_ctx = &c, .process = process, .process_ctx = &c};
    const alice_batch_result *result;
    o.env = w->env;
    o.level = alice_batch_level_of_budget;
    o.level_ctx = w->budget;
    o.max_bytes = 300;
    alice_status st = alice_batch_open(&b, &o);
    if (st != ALICE_OK)
        return st;
    assert_ok(alice_batch_process(b, &run));
    assert_int_equal(c.done, 50);
    alice_batch_set_base(b, 20);
    assert_true(alice_batch_next_size(b) == alice_batch_size(b));
    run.next_ctx = run.process_ctx = &d;
    st = alice_batch_begin(b, &run);
    while (st == ALICE_OK)
        st = alice_batch_next(b, &result);
    assert_status(st, ALICE_E_END);
    assert_int_equal(d.done, 50);
    alice_batch_get_stats(b, &s);
    assert_int_equal(s.items, 100);
    alice_batch_close(&b);
    return ALICE_OK;
}

static alice_status take_chunk(void *ctx, alice_bytes chunk, uint64_t offset)
{
    (void)offset;
    *(size_t *)ctx += chunk.n;
    return ALICE_OK;
}

static alice_status take_line(void *ctx, const alice_line *line)
{
    *(size_t *)ctx += line->text.n;
    return ALICE_OK;
}

static alice_status length_of(void *ctx, alice_bytes chunk, uint64_t offset, void **result)
{
    (void)ctx, (void)offset;
    *result = (void *)(uintptr_t)chunk.n;
    return ALICE_OK;
}

static alice_status reader_part(struct world *w)
{
    alice_reader_options o = alice_reader_defaults(NULL);
    alice_reader *r = NULL;
    alice_reader_stats s;
    alice_error e;
    alice_bytes b;
    alice_line line;
    alice_results results = {0};
    uint8_t hash[16], some[100];
    size_t sum = 0, got;
    o.env = w->env;
    o.chunk_bytes = 700;
    alice_status st = alice_reader_open(&r, path, &o, &e);
    TRY(alice_reader_peek(r, 500, &b, &e));
    TRY(alice_reader_next_line(r, &line, &e)); /* the buffer grows to the line's length */
    TRY(alice_reader_read_lines(r, take_line, &sum, &e));
    if (st == ALICE_OK)
        assert_int_equal(sum, (LINES - 1) * (LINE - 1));
    TRY(alice_reader_seek(r, 0, &e));
    TRY(alice_reader_next_chunk(r, &b, &e));
    TRY(alice_reader_skip(r, 100, &e));
    TRY(alice_reader_read_chunks(r, take_chunk, &sum, &e));
    TRY(alice_reader_seek(r, 10, &e));
    TRY(alice_reader_hash(r, hash, &e));
    TRY(alice_reader_read_at(r, 5, some, sizeof some, &got, &e));
    TRY(alice_reader_check_unchanged(r, &e));
    if (st == ALICE_OK) {
        alice_reader_get_stats(r, &s);
        assert_true(s.seekable && s.size == LINES * LINE);
    }
    alice_reader_close(&r);
    TRY(alice_reader_process_large_file(path, &o, length_of, NULL, &results, &e));
    alice_results_free(&results, &w->env);
    return st;
}

static alice_status pipe_part(struct world *w)
{
    alice_reader_options o = {
        .env = w->env, .chunk_bytes = 600, .long_lines = ALICE_LINE_PARTS};
    alice_reader *r = NULL;
    alice_line line;
    char text[2000];
    int ends[2];
    memset(text, 'y', sizeof text);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, sizeof text), sizeof text);
    close(ends[1]);
    alice_status st = alice_reader_open_fd(&r, ends[0], &o, NULL);
    while (st == ALICE_OK)
        st = alice_reader_next_line(r, &line, NULL);
    alice_reader_close(&r);
    close(ends[0]);
    return st == ALICE_E_END ? ALICE_OK : st;
}

static alice_status take_window(void *ctx, alice_bytes window, uint64_t offset)
{
    (void)ctx;
    return window.n > 0 && offset < LINES * LINE ? ALICE_OK : ALICE_E_INVAL;
}

static alice_status map_part(struct world *w, bool mapped)
{
    alice_map_options o = {
        .env = w->env, .window_bytes = 4096, .use_mmap = mapped, .sigbus_guard = mapped};
    alice_map *m = NULL;
    alice_bytes b;
    alice_status st = alice_map_open(&m, path, &o, NULL);
    for (uint64_t at = 0; at < LINES * LINE; at += 2500)
        TRY(alice_map_at(m, at, 2500, &b, NULL));
    if (st == ALICE_OK)
        assert_int_equal(alice_map_size(m), LINES * LINE);
    TRY(alice_map_check(m, NULL));
    uint8_t part[10000];
    size_t got;
    TRY(alice_map_read(m, 0, part, sizeof part, &got, NULL));
    TRY(alice_map_read_windows(m, take_window, NULL, NULL));
    alice_map_close(&m);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    TRY(alice_map_open_fd(&m, fd, &o, NULL));
    alice_map_close(&m);
    close(fd);
    return st;
}

static alice_status map_read_part(struct world *w)
{
    return map_part(w, false);
}

static alice_status map_mapped_part(struct world *w)
{
    return map_part(w, true);
}

static alice_status profile_part(struct world *w)
{
    alice_env own = {.account = w->account, .alloc = &w->alloc};
    alice_profile *p = NULL;
    alice_profile_snapshot *before = NULL, *after = NULL, *grown = NULL;
    alice_profile_allocator wrapper;
    alice_profile_stats s;
    void *blocks[200] = {0};
    char place[100];
    alice_status st =
        alice_profile_open(&p, &(alice_profile_options){.env = own, .sample_bytes = 1});
    if (st != ALICE_OK)
        return st;
    const alice_alloc *alloc = alice_profile_allocator_init(&wrapper, p, &w->alloc);
    TRY(alice_profile_snapshot_take(p, &before));
    for (size_t i = 0; i < 200; i++)
        blocks[i] = alloc->resize(alloc->ctx, NULL, 0, 30);
    TRY(alice_profile_snapshot_take(p, &after));
    TRY(alice_profile_snapshot_diff(before, after, &grown));
    if (st == ALICE_OK) {
        alice_profile_snapshot_sort(grown, ALICE_BY_LIVE_BLOCKS);
        alice_profile_lost lost;
        alice_profile_snapshot_lost(grown, &lost);
        /* It prints no names: those are swept in test_profile. */
        assert_ok(alice_profile_snapshot_resolve(grown, "/bin/echo", NULL));
        assert_true(alice_profile_snapshot_count(grown) >= 1);
        alice_profile_place(alice_profile_snapshot_row(grown, 0), place, sizeof place);
        assert_true(alice_profile_snapshot_sum(grown).total_blocks >= 199);
    }
    alice_profile_pause(p, true);
    for (size_t i = 0; i < 200; i++)
        if (blocks[i])
            alloc->resize(alloc->ctx, blocks[i], 30, 0);
    alice_profile_get_stats(p, &s);
    assert_int_equal(s.blocks, 0);
    alice_profile_snapshot_close(&before);
    alice_profile_snapshot_close(&after);
    alice_profile_snapshot_close(&grown);
    alice_profile_close(&p);
    return st;
}

static alice_status census_part(struct world *w)
{
    alice_env own = {.account = w->account, .alloc = &w->alloc};
    alice_census *c = NULL;
    alice_census_row rows[3];
    alice_census_count before[2], after[2], changed[2];
    size_t n, m, k;
    char text[100], handles[300];
    alice_status st = alice_census_open(&c, &(alice_census_options){.env = own});
    if (st != ALICE_OK)
        return st;
    uint64_t mark = alice_census_mark(c);
    assert_ok(alice_census_counts(c, before, 2, &n));
    for (size_t i = 0; i < sizeof handles; i++)
        if (i % 2)
            alice_census_add(c, &handles[i], "odd", ALICE_HERE, "holder");
        else
            alice_census_add_from(c, &handles[i], "even", __builtin_return_address(0), NULL);
    assert_ok(alice_census_counts(c, after, 2, &m));
    assert_ok(alice_census_diff(before, n, after, m, changed, 2, &k));
    assert_ok(alice_census_list(c, mark, rows, 3, &n));
    if (n > 0)
        alice_census_describe(&rows[0], text, sizeof text);
    /* What cannot be registered is counted. */
    assert_int_equal(alice_census_live(c) + alice_census_lost(c), sizeof handles);
    for (size_t i = 0; i < sizeof handles; i++)
        alice_census_remove(c, &handles[i]);
    assert_ok(alice_census_close(&c));
    return ALICE_OK;
}

/* ---- the sweeps --------------------------------------------------------- */

#define ALLOWED(status) (1u << (unsigned)-(int)(status))

static const struct part {
    const char *name;
    alice_status (*run)(struct world *w);
    unsigned least;   /* rounds that its sweep has at least, or it misses its aim */
    uint32_t allowed; /* statuses beside OK, NOMEM and BUDGET, as its contract says */
} parts[] = {
    {"env", env_part, 8, 0},
    {"budget", budget_part, 11, 0},
    {"monitor", monitor_part, 6, 0},
    {"limit", limit_part, 4, 0},
    {"cache, S3-FIFO", cache_s3fifo_part, 60, 0},
    {"cache, LRU", cache_lru_part, 60, 0},
    {"weak cache", weak_part, 300, 0},
    {"executor", executor_part, 6, 0},
    {"pool", pool_part, 14, 0},
    {"batch", batch_part, 5, 0},
    {"reader", reader_part, 11, ALLOWED(ALICE_E_TOOBIG)}, /* a line above the account */
    {"pipe", pipe_part, 5, 0},
    {"map, read", map_read_part, 7, 0},
    {"map, mapped", map_mapped_part, 5, 0},
    {"profile", profile_part, 200, 0},
    {"census", census_part, 5, 0},
};

static alice_status open_world(struct world *w, size_t cap, bool watched)
{
    w->alloc = faulty_alloc(&w->faulty);
    w->clock = fake_clock_of(&w->time);
    alice_env env = {.alloc = &w->alloc, .clock = &w->clock};
    alice_status st = alice_budget_open(
        &w->budget, &(alice_budget_options){.env = env, .limit = 64 * ALICE_MB});
    TRY(alice_account_open(&w->account, alice_budget_root(w->budget), "part", cap));
    if (watched) {
        TRY(alice_profile_open(&w->profile,
                               &(alice_profile_options){.env = env, .sample_bytes = 1}));
        TRY(alice_census_open(&w->census, &(alice_census_options){.env = env}));
    }
    w->env = env;
    w->env.account = w->account;
    w->env.profile = w->profile;
    w->env.census = w->census;
    return st;
}

/* Everything came back, and everybody knows. True if the account refused anything. */
static bool close_world(struct world *w)
{
    bool refused = false;
    if (w->census) {
        assert_int_equal(alice_census_live(w->census), 0);
        assert_ok(alice_census_close(&w->census));
    }
    alice_profile_close(&w->profile);
    if (w->budget) {
        alice_ledger_row rows[1];
        size_t count, leaked = 0;
        assert_int_equal(alice_budget_used(w->budget), 0);
        assert_ok(alice_budget_ledger(w->budget, rows, 1, &count));
        refused = rows[0].refusals > 0;
        assert_ok(alice_budget_check(w->budget, NULL));
        assert_ok(alice_budget_close(&w->budget, &leaked));
        assert_int_equal(leaked, 0);
    }
    assert_int_equal(w->faulty.live_bytes, 0);
    assert_int_equal(w->faulty.live_blocks, 0);
    return refused;
}

/* One round; whether something was refused, by the allocator or by the account. */
static bool round_of(const struct part *part, struct world *w, size_t cap, bool watched)
{
    alice_status st = open_world(w, cap, watched);
    TRY(part->run(w));
    bool refused = close_world(w);
    if (!w->faulty.fired && !refused)
        assert_ok(st);
    uint32_t allowed = ALLOWED(ALICE_OK) | part->allowed;
    if (w->faulty.fired)
        allowed |= ALLOWED(ALICE_E_NOMEM);
    if (refused)
        allowed |= ALLOWED(ALICE_E_BUDGET);
    if (!(ALLOWED(st) & allowed))
        fail_msg("%s, request %u, cap %zu: %s", part->name, w->faulty.nth, cap,
                 alice_status_name(st));
    return w->faulty.fired || refused;
}

static void sweep_requests(bool sticky, bool watched)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        unsigned nth = 0;
        for (bool failed = true; failed; nth++) {
            struct world w = {.faulty = {.nth = nth, .sticky = sticky}};
            failed = round_of(&parts[i], &w, 0, watched);
        }
        if (nth < parts[i].least)
            fail_msg("%s: only %u rounds", parts[i].name, nth);
    }
}

static void each_request_fails_once(void **state)
{
    (void)state;
    sweep_requests(false, false);
}

static void each_request_fails_once_watched(void **state)
{
    (void)state;
    sweep_requests(false, true);
}

static void all_requests_fail_from_one_on(void **state)
{
    (void)state;
    sweep_requests(true, true);
}

static void each_cap_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        bool failed = true;
        for (size_t cap = 1; failed && cap < 8 * ALICE_MB; cap += 48 + cap / 16) {
            struct world w = {.faulty = {.nth = FAULTY_NEVER}};
            failed = round_of(&parts[i], &w, cap, true);
        }
        if (failed)
            fail_msg("%s: 8 MB were not enough", parts[i].name);
    }
}

/* Nothing is handed in: no account, budget, allocator, clock, log, profile or census. */
static void nothing_is_handed_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct world w = {.faulty = {.nth = FAULTY_NEVER}};
        w.alloc = faulty_alloc(&w.faulty); /* for what is the test's own */
        assert_ok(parts[i].run(&w));
        assert_int_equal(w.faulty.live_bytes, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_handed_in),
        cmocka_unit_test(each_request_fails_once),
        cmocka_unit_test(each_request_fails_once_watched),
        cmocka_unit_test(all_requests_fail_from_one_on),
        cmocka_unit_test(each_cap_refuses),
    };
    make_file();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
