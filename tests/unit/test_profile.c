/* SPDX-License-Identifier: MIT */
/* The profile and the census: exact figures, unbiased estimates, bounded memory, differences.
 */
#include "test.h"

#include "faulty.h"
#include "sweep.h"

#include <sys/stat.h>

#include <alice/batch.h>
#include <alice/budget.h>
#include <alice/cache.h>
#include <alice/executor.h>
#include <alice/monitor.h>
#include <alice/pool.h>
#include <alice/profile.h>
#include <alice/reader.h>
#include <alice/weak_cache.h>

#include "base/pointer_map.h"

static alice_profile *open_exact(void)
{
    alice_profile *p = NULL;
    alice_profile_options o = {.sample_bytes = 1};
    assert_ok(alice_profile_open(&p, &o));
    return p;
}

static const alice_profile_row *row_of(const alice_profile_snapshot *s, const char *function)
{
    for (size_t i = 0; i < alice_profile_snapshot_count(s); i++) {
        const alice_profile_row *r = alice_profile_snapshot_row(s, i);
        if (r->function && strcmp(r->function, function) == 0)
            return r;
    }
    fail_msg("no row of %s", function);
    return NULL;
}

static void *take_here(const alice_env *env, size_t n)
{
    void *p = NULL;
    assert_ok(alice_env_alloc(env, n, ALICE_HERE, &p));
    return p;
}

static void *take_there(const alice_env *env, size_t n)
{
    void *p = NULL;
    assert_ok(alice_env_alloc(env, n, ALICE_HERE, &p));
    return p;
}

static void every_byte_is_counted(void **state)
{
    (void)state;
    alice_profile *p = open_exact();
    alice_env env = {.profile = p};
    alice_profile_snapshot *s = NULL;
    void *a = take_here(&env, 100), *b = take_here(&env, 200), *c = take_there(&env, 1000);
    alice_env_free(&env, a, 100);
    assert_ok(alice_profile_snapshot_take(p, &s));
    assert_int_equal(alice_profile_snapshot_count(s), 2);
    const alice_profile_row *r = alice_profile_snapshot_row(s, 0);
    assert_string_equal(r->function, "take_there"); /* the most live bytes first */
    assert_int_equal(r->live_bytes, 1000);
    r = row_of(s, "take_here");
    assert_int_equal(r->live_bytes, 200);
    assert_int_equal(r->live_blocks, 1);
    assert_int_equal(r->total_bytes, 300);
    assert_int_equal(r->total_blocks, 2);
    assert_int_equal(r->peak_bytes, 300);
    assert_non_null(strstr(r->file, "test_profile.c"));
    assert_true(r->line > 0);
    char text[200];
    assert_non_null(strstr(alice_profile_place(r, text, sizeof text), "take_here ("));
    assert_int_equal(alice_profile_snapshot_sum(s).live_bytes, 1200);
    alice_profile_snapshot_sort(s, ALICE_BY_TOTAL_BLOCKS);
    assert_string_equal(alice_profile_snapshot_row(s, 0)->function, "take_here");
    assert_null(alice_profile_snapshot_row(s, 2));
    alice_profile_snapshot_close(&s);
    assert_null(s);

    assert_ok(alice_env_resize(&env, &b, 200, 5000, ALICE_HERE));
    alice_env_free(&env, b, 5000);
    alice_env_free(&env, c, 1000);
    assert_ok(alice_profile_snapshot_take(p, &s));
    alice_profile_row sum = alice_profile_snapshot_sum(s);
    assert_int_equal(sum.live_bytes, 0);
    assert_int_equal(sum.live_blocks, 0);
    assert_int_equal(sum.total_bytes, 6300);
    assert_int_equal(row_of(s, "every_byte_is_counted")->peak_bytes, 5000);
    alice_profile_snapshot_close(&s);
    alice_profile_close(&p);
    assert_null(p);
}

static void differences_tell_what_grew(void **state)
{
    (void)state;
    alice_profile *p = open_exact();
    alice_env env = {.profile = p};
    alice_profile_snapshot *before = NULL, *after = NULL, *diff = NULL;
    void *a = take_here(&env, 100), *b = NULL, *c = NULL;
    void *d = take_there(&env, 50);
    assert_ok(alice_profile_snapshot_take(p, &before));
    b = take_here(&env, 300);
    alice_env_free(&env, d, 50);
    assert_ok(alice_env_alloc(&env, 5, NULL, &c)); /* by nobody */
    assert_ok(alice_profile_snapshot_take(p, &after));
    assert_ok(alice_profile_snapshot_diff(before, after, &diff));
    assert_int_equal(alice_profile_snapshot_count(diff), 3);
    assert_int_equal(row_of(diff, "take_here")->live_bytes, 300);
    assert_int_equal(row_of(diff, "take_here")->live_blocks, 1);
    assert_int_equal(row_of(diff, "take_there")->live_bytes, -50);
    assert_int_equal(row_of(diff, "take_there")->total_bytes, 0);
    char text[40];
    assert_string_equal(
        alice_profile_place(alice_profile_snapshot_row(diff, 2), text, sizeof text), "unknown");
    alice_profile_snapshot_close(&diff);
    assert_ok(alice_profile_snapshot_diff(after, after, &diff));
    assert_int_equal(alice_profile_snapshot_count(diff), 0);
    alice_profile_snapshot_close(&diff);
    alice_profile_snapshot_close(&before);
    alice_profile_snapshot_close(&after);
    alice_env_free(&env, a, 100);
    alice_env_free(&env, b, 300);
    alice_env_free(&env, c, 5);
    alice_profile_close(&p);
}

/* Blocks of all sizes; the estimate has to come near the truth, for bytes and blocks. */
static void samples_estimate_without_bias(void **state)
{
    (void)state;
    static const size_t sizes[] = {16, 100, 1000, 5000, 70000, 300000};
    double bytes_ratio = 0, blocks_ratio = 0, live_ratio = 0;
    enum { SEEDS = 20 };
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        alice_profile *p = NULL;
        alice_profile_options o = {.seed = seed};
        assert_ok(alice_profile_open(&p, &o));
        alice_env env = {.profile = p};
        double bytes = 0, blocks = 0, live = 0;
        enum { KEPT = 400 };
        void *kept[KEPT];
        size_t kept_bytes[KEPT];
        for (unsigned i = 0; i < 20000; i++) {
            size_t n = i % 40 == 0 ? sizes[i / 40 % 6] : 500 + i % 1000;
            void *a = take_here(&env, n);
            bytes += (double)n;
            blocks += 1;
            if (i % 50 == 0) {
                kept[i / 50] = a;
                kept_bytes[i / 50] = n;
                live += (double)n;
            } else {
                alice_env_free(&env, a, n);
            }
        }
        alice_profile_snapshot *s = NULL;
        assert_ok(alice_profile_snapshot_take(p, &s));
        alice_profile_row sum = alice_profile_snapshot_sum(s);
        bytes_ratio += (double)sum.total_bytes / bytes;
        blocks_ratio += (double)sum.total_blocks / blocks;
        live_ratio += (double)sum.live_bytes / live;
        alice_profile_snapshot_close(&s);
        alice_profile_stats stats;
        alice_profile_get_stats(p, &stats);
        assert_in_range(stats.sampled, 100, 1500);
        assert_int_equal(stats.lost_blocks, 0);
        for (unsigned i = 0; i < KEPT; i++)
            alice_env_free(&env, kept[i], kept_bytes[i]);
        assert_ok(alice_profile_snapshot_take(p, &s));
        sum = alice_profile_snapshot_sum(s);
        assert_int_equal(sum.live_bytes, 0); /* exactly: what was counted is taken back */
        assert_int_equal(sum.live_blocks, 0);
        alice_profile_snapshot_close(&s);
        alice_profile_close(&p);
    }
    assert_float_equal(bytes_ratio / SEEDS, 1.0, 0.01);
    assert_float_equal(blocks_ratio / SEEDS, 1.0, 0.05);
    assert_float_equal(live_ratio / SEEDS, 1.0, 0.10);
}

static void its_memory_is_bounded(void **state)
{
    (void)state;
    alice_budget *budget = NULL;
    alice_budget_options bo = {.limit = ALICE_MB};
    assert_ok(alice_budget_open(&budget, &bo));
    alice_account *root = alice_budget_root(budget);
    alice_profile *p = NULL;
    alice_profile_options o = {
        .env = {.account = root}, .sample_bytes = 1, .max_bytes = 40 * 1024};
    assert_ok(alice_profile_open(&p, &o));
    alice_env env = {.profile = p};
    enum { N = 5000 };
    static void *a[N];
    for (size_t i = 0; i < N; i++)
        a[i] = take_here(&env, 10);
    alice_profile_stats s;
    alice_profile_get_stats(p, &s);
    assert_true(s.bytes <= 40 * 1024);
    assert_int_equal(alice_budget_used(budget), s.bytes);
    assert_true(s.lost_blocks > 0);
    assert_int_equal(s.blocks + s.lost_blocks, N);
    for (size_t i = 0; i < N; i++)
        alice_env_free(&env, a[i], 10);
    alice_profile_snapshot *snap = NULL;
    assert_ok(alice_profile_snapshot_take(p, &snap));
    assert_int_equal(alice_profile_snapshot_sum(snap).live_bytes, 0);
    assert_int_equal(alice_profile_snapshot_sum(snap).total_bytes, N * 10);
    alice_profile_lost lost;
    alice_profile_snapshot_lost(snap, &lost);
    assert_int_equal(lost.blocks, s.lost_blocks);
    assert_int_equal(lost.bytes, s.lost_bytes);
    alice_profile_snapshot_close(&snap);

    static alice_site sites[2000]; /* more call sites than there is room for */
    for (size_t i = 0; i < 2000; i++) {
        sites[i] = (alice_site){.function = "f", .file = "f.c", .line = (int)i + 1};
        assert_ok(alice_env_alloc(&env, 10, &sites[i], &a[i]));
    }
    alice_profile_get_stats(p, &s);
    assert_true(s.bytes <= 40 * 1024);
    assert_true(s.lost_sites > 0);
    assert_ok(alice_profile_snapshot_take(p, &snap));
    assert_int_equal(alice_profile_snapshot_sum(snap).total_bytes, (N + 2000) * 10);
    alice_profile_snapshot_close(&snap);
    for (size_t i = 0; i < 2000; i++)
        alice_env_free(&env, a[i], 10);
    alice_profile_close(&p);
    o.max_bytes = 1000;
    assert_status(alice_profile_open(&p, &o), ALICE_E_INVAL);
    assert_ok(alice_budget_close(&budget, NULL));
}

static void assert_near(int64_t estimate, int64_t value, double part)
{
    double off = (double)(estimate - value) / (double)value;
    if (off < -part || off > part)
        fail_msg("%lld is not near %lld", (long long)estimate, (long long)value);
}

/* Blocks that nobody looks into, at the same places in each run: which of them a profile
 * without room goes on to follow depends on where they lie. */
static void *place_of(void *ctx, void *p, size_t old_size, size_t new_size)
{
    uintptr_t *next = ctx;
    (void)p, (void)old_size;
    if (new_size == 0)
        return NULL;
    *next += 512;
    return (void *)*next;
}

/* A leak of 40 MB in 200,000 blocks of many sizes, by two callers, is more than an exact
 * profile has room to follow: the snapshot says what it lost, and its estimate is right all the
 * same, also after half was given back. */
static void a_leak_larger_than_the_room(void **state)
{
    (void)state;
    enum { N = 200000 };
    static void *kept[N];
    alice_profile *p = open_exact();
    uintptr_t next = (uintptr_t)1 << 31;
    const alice_alloc places = {.resize = place_of, .ctx = &next};
    alice_env env = {.alloc = &places, .profile = p};
    alice_profile_snapshot *before = NULL, *s = NULL, *grown = NULL;
    alice_profile_lost lost;
    int64_t here = 0, there = 0;
    assert_ok(alice_profile_snapshot_take(p, &before));
    alice_profile_snapshot_lost(before, &lost);
    assert_int_equal(lost.blocks, 0);
    assert_int_equal(lost.follow_bytes, 1); /* exact so far */
    for (int i = 0; i < N; i++) {
        size_t n = (size_t)(i % 100) * 4 + 2;
        kept[i] = i % 5 == 0 ? take_there(&env, n) : take_here(&env, n);
        *(i % 5 == 0 ? &there : &here) += (int64_t)n;
    }
    for (int half = 0; half < 2; half++) {
        assert_ok(alice_profile_snapshot_take(p, &s));
        alice_profile_row sum = alice_profile_snapshot_sum(s);
        assert_near(sum.live_bytes, here + there, 0.1);
        assert_near(row_of(s, "take_here")->live_bytes, here, 0.1);
        assert_near(row_of(s, "take_there")->live_bytes, there, 0.15);
        assert_int_equal(sum.total_blocks, N); /* what was taken in all is exact */
        alice_profile_snapshot_lost(s, &lost);
        assert_in_range(lost.blocks, N / 10 * 9, N);
        assert_true(lost.bytes > 0 && lost.follow_bytes > 1000);
        alice_profile_stats stats;
        alice_profile_get_stats(p, &stats);
        assert_true(stats.bytes <= 256 * 1024);
        if (!half) {
            /* Every byte that was taken is either followed or told as lost. */
            assert_int_equal(stats.blocks + lost.blocks, N);
            assert_ok(alice_profile_snapshot_diff(before, s, &grown));
            alice_profile_snapshot_lost(grown, &lost);
            assert_int_equal(lost.blocks, stats.lost_blocks);
            alice_profile_snapshot_close(&grown);
            for (int i = 0; i < N; i += 2) {
                size_t n = (size_t)(i % 100) * 4 + 2;
                alice_env_free(&env, kept[i], n);
                *(i % 5 == 0 ? &there : &here) -= (int64_t)n;
            }
        }
        alice_profile_snapshot_close(&s);
    }
    for (int i = 1; i < N; i += 2)
        alice_env_free(&env, kept[i], (size_t)(i % 100) * 4 + 2);
    assert_ok(alice_profile_snapshot_take(p, &s));
    assert_int_equal(alice_profile_snapshot_sum(s).live_bytes, 0);
    assert_int_equal(alice_profile_snapshot_sum(s).live_blocks, 0);
    alice_profile_snapshot_close(&s);
    alice_profile_snapshot_close(&before);
    alice_profile_close(&p);
}

static void pausing_counts_only_what_comes_back(void **state)
{
    (void)state;
    alice_profile *p = open_exact();
    alice_env env = {.profile = p};
    void *a = take_here(&env, 100);
    alice_profile_pause(p, true);
    void *b = take_here(&env, 100);
    alice_env_free(&env, a, 100);
    alice_profile_pause(p, false);
    alice_env_free(&env, b, 100);
    alice_profile_snapshot *s = NULL;
    assert_ok(alice_profile_snapshot_take(p, &s));
    assert_int_equal(alice_profile_snapshot_sum(s).live_bytes, 0);
    assert_int_equal(alice_profile_snapshot_sum(s).total_bytes, 100);
    alice_profile_snapshot_close(&s);
    alice_profile_close(&p);
}

static void any_allocator_can_be_profiled(void **state)
{
    (void)state;
    alice_profile *p = open_exact();
    alice_profile_allocator w;
    struct faulty f = {.nth = 2};
    alice_alloc under = faulty_alloc(&f);
    const alice_alloc *a = alice_profile_allocator_init(&w, p, &under);
    char *x = a->resize(a->ctx, NULL, 0, 100);
    x = a->resize(a->ctx, x, 100, 1000);
    assert_non_null(x);
    assert_null(a->resize(a->ctx, x, 1000, 2000)); /* the third request fails: x is as it was */
    alice_profile_snapshot *s = NULL;
    assert_ok(alice_profile_snapshot_take(p, &s));
    alice_profile_row sum = alice_profile_snapshot_sum(s);
    assert_int_equal(sum.live_bytes, 1000);
    assert_int_equal(sum.live_blocks, 1);
    const alice_profile_row *r = alice_profile_snapshot_row(s, 0);
    assert_int_equal(r->line, 0);
    assert_true(r->address > 0);
    assert_non_null(strstr(r->file, "test_profile")); /* this program is the module */
    char text[300];
    assert_non_null(strstr(alice_profile_place(r, text, sizeof text), "+0x"));
    alice_profile_snapshot_close(&s);
    assert_null(a->resize(a->ctx, x, 1000, 0));
    assert_ok(alice_profile_snapshot_take(p, &s));
    assert_int_equal(alice_profile_snapshot_sum(s).live_bytes, 0);
    alice_profile_snapshot_close(&s);
    a = alice_profile_allocator_init(&w, p, NULL);
    x = a->resize(a->ctx, NULL, 0, 10);
    x = a->resize(a->ctx, x, 10, 20);
    assert_null(a->resize(a->ctx, x, 20, 0));
    assert_int_equal(f.live_bytes, 0);
    alice_profile_close(&p);
}

static void *take_from(const alice_alloc *a, size_t n, int *line)
{
    *line = __LINE__ + 1;
    void *p = a->resize(a->ctx, NULL, 0, n);
    assert_non_null(p);
    return p;
}

/* Never inlined: it is one call site. */
static void *(*volatile taking)(const alice_alloc *a, size_t n, int *line) = take_from;

/* Whom the tool knows is named with function, file and line; memory that runs out while it is
 * asked, or a tool that is not there, fails or tells nothing, leaves every figure, and nothing
 * behind. */
static void what_is_only_an_address_is_resolved(void **state)
{
    (void)state;
    struct stat there;
    /* It comes with the linker: where this was built it is there. */
    assert_int_equal(stat("/usr/bin/addr2line", &there), 0);
    alice_profile_allocator w;
    struct faulty f = {.nth = FAULTY_NEVER};
    alice_alloc under = faulty_alloc(&f);
    alice_profile *p = NULL;
    assert_ok(alice_profile_open(
        &p, &(alice_profile_options){.env = {.alloc = &under}, .sample_bytes = 1}));
    int line = 0;
    const alice_alloc *a = alice_profile_allocator_init(&w, p, NULL);
    void *x = taking(a, 5000, &line);
    alice_profile_snapshot *before = NULL, *s = NULL, *diff = NULL;
    assert_ok(alice_profile_snapshot_take(p, &before));
    void *y = taking(a, 3000, &line);
    assert_ok(alice_profile_snapshot_take(p, &s));

    alice_error error;
    assert_int_equal(alice_profile_snapshot_resolve(s, "/no/such/tool", &error), ALICE_E_NOENT);
    assert_non_null(strstr(error.text, "/no/such/tool"));
    assert_int_equal(alice_profile_snapshot_resolve(s, "/bin/false", &error), ALICE_E_SYSTEM);
    assert_ok(alice_profile_snapshot_resolve(s, "/bin/echo", NULL));
    assert_int_equal(alice_profile_snapshot_row(s, 0)->line, 0);
    f = (struct faulty){.nth = 0, .live_bytes = f.live_bytes};
    assert_int_equal(alice_profile_snapshot_resolve(s, NULL, &error), ALICE_E_NOMEM);
    assert_int_equal(alice_profile_snapshot_row(s, 0)->line, 0);

    f.nth = FAULTY_NEVER;
    assert_ok(alice_profile_snapshot_resolve(s, NULL, &error));
    const alice_profile_row *r = row_of(s, "take_from");
    assert_int_equal(r->line, line);
    assert_int_equal(r->live_bytes, 8000);
    char text[300];
    assert_non_null(strstr(alice_profile_place(r, text, sizeof text), "test_profile.c:"));
    assert_ok(alice_profile_snapshot_resolve(s, NULL, NULL)); /* twice is once */

    /* A difference does not borrow the names, and can be resolved itself. */
    assert_ok(alice_profile_snapshot_diff(before, s, &diff));
    alice_profile_snapshot_close(&s);
    assert_int_equal(alice_profile_snapshot_row(diff, 0)->line, 0);
    assert_non_null(strstr(
        alice_profile_place(alice_profile_snapshot_row(diff, 0), text, sizeof text), "+0x"));
    assert_ok(alice_profile_snapshot_resolve(diff, NULL, NULL));
    assert_int_equal(row_of(diff, "take_from")->live_bytes, 3000);

    a->resize(a->ctx, x, 5000, 0);
    a->resize(a->ctx, y, 3000, 0);
    alice_profile_snapshot_close(&diff);
    alice_profile_snapshot_close(&before);
    alice_profile_close(&p);
    assert_int_equal(f.live_bytes, 0);
    assert_int_equal(alice_profile_snapshot_resolve(NULL, NULL, NULL), ALICE_E_INVAL);
}

/* ---- census ---- */

struct listener {
    int told;
    char text[512];
};

static void listen(void *ctx, alice_log_level level, const char *text)
{
    struct listener *l = ctx;
    (void)level;
    l->told++;
    snprintf(l->text, sizeof l->text, "%s", text);
}

static void handles_are_known(void **state)
{
    (void)state;
    struct listener ear = {0};
    alice_log log = {.write = listen, .ctx = &ear, .level = ALICE_LOG_WARNING};
    alice_budget *budget = NULL;
    alice_account *account = NULL;
    alice_budget_options bo = {.limit = ALICE_MB};
    assert_ok(alice_budget_open(&budget, &bo));
    assert_ok(alice_account_open(&account, alice_budget_root(budget), "batches", 0));
    alice_census *c = NULL;
    alice_census_options o = {.env = {.log = &log}};
    assert_ok(alice_census_open(&c, &o));

    alice_batch_options options = {.env = {.account = account, .census = c}};
    alice_batch *one = NULL, *two = NULL;
    alice_census_count before[8], after[8], diff[8];
    size_t n = 0, m = 0, k = 0;
    assert_ok(alice_batch_open(&one, &options));
    assert_int_equal(alice_census_live(c), 1);
    assert_ok(alice_census_counts(c, before, 8, &n));
    uint64_t mark = alice_census_mark(c);

    assert_ok(alice_batch_open(&two, &options));
    alice_census_add(c, &ear, "listener", ALICE_HERE, "me");
    assert_ok(alice_census_counts(c, after, 8, &m));
    assert_int_equal(m, 2);
    assert_string_equal(after[0].type, "alice_batch");
    assert_int_equal(after[0].live, 2);
    assert_ok(alice_census_diff(before, n, after, m, diff, 8, &k));
    assert_int_equal(k, 2);
    assert_int_equal(diff[0].live, 1);
    assert_int_equal(diff[1].live, 1);

    alice_census_row rows[1];
    assert_ok(alice_census_list(c, mark, rows, 1, &n)); /* what was opened since */
    assert_int_equal(n, 2);
    assert_ptr_equal(rows[0].handle, two);
    assert_string_equal(rows[0].type, "alice_batch");
    assert_string_equal(rows[0].holder, "batches");
    assert_true(rows[0].address != 0);
    char text[300];
    alice_census_describe(&rows[0], text, sizeof text);
    assert_non_null(strstr(text, "alice_batch by "));
    assert_non_null(strstr(text, "test_profile"));
    assert_non_null(strstr(text, ", held by batches"));

    alice_batch_close(&one);
    alice_batch_close(&two);
    assert_int_equal(alice_census_live(c), 1);
    alice_census_remove(c, &n); /* nobody knows it */
    assert_status(alice_census_close(&c), ALICE_E_BUSY);
    assert_int_equal(ear.told, 1);
    assert_non_null(strstr(ear.text, "not closed: listener by handles_are_known ("));
    assert_non_null(strstr(ear.text, "held by me"));
    alice_census_remove(c, &ear);
    assert_ok(alice_census_close(&c));
    assert_null(c);
    alice_account_close(&account);
    assert_ok(alice_budget_close(&budget, NULL));
}

static void many_handles_come_and_go(void **state)
{
    (void)state;
    alice_census *c = NULL;
    struct listener ear = {0};
    alice_log log = {.write = listen, .ctx = &ear, .level = ALICE_LOG_WARNING};
    alice_census_options o = {.env = {.log = &log}, .max_bytes = 8 * 1024};
    assert_ok(alice_census_open(&c, &o));
    static char handles[500];
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 500; i++)
            alice_census_add(c, &handles[i], "thing", NULL, NULL);
        assert_int_equal(alice_census_live(c) + alice_census_lost(c) / (uint64_t)(round + 1),
                         500);
        for (size_t i = round == 2 ? 25 : 0; i < 500; i++)
            alice_census_remove(c, &handles[i]);
    }
    assert_int_equal(alice_census_live(c), 25);
    alice_census_row rows[3];
    size_t n;
    assert_ok(alice_census_list(c, 0, rows, 3, &n));
    assert_int_equal(n, 25);
    for (size_t i = 0; i < 3; i++)
        assert_ptr_equal(rows[i].handle, &handles[i]); /* oldest first */
    assert_status(alice_census_close(&c), ALICE_E_BUSY);
    assert_int_equal(ear.told, 21);
    assert_string_equal(ear.text, "not closed: 5 more");
    for (size_t i = 0; i < 25; i++)
        alice_census_remove(c, &handles[i]); /* it stayed open */
    assert_ok(alice_census_close(&c));
    alice_census_add(NULL, handles, "thing", NULL, NULL);
    alice_census_remove(NULL, handles);
    assert_ok(alice_census_close(NULL));
}

/* Each kind of handle of the toolkit registers, and is gone when it was closed. */
static void every_type_registers(void **state)
{
    (void)state;
    alice_census *c = NULL;
    assert_ok(alice_census_open(&c, NULL));
    alice_env env = {.census = c};
    alice_budget *budget = NULL;
    alice_monitor *monitor = NULL;
    alice_cache *cache = NULL;
    alice_weak_cache *weak = NULL;
    alice_batch *batch = NULL;
    alice_executor *executor = NULL;
    alice_reader *reader = NULL;
    alice_map *map = NULL;
    alice_profile *profile = NULL;
    alice_budget_options bo = {.env = env};
    alice_monitor_options mo = {.env = env};
    alice_cache_options co = {.env = env, .max_bytes = ALICE_MB};
    alice_weak_cache_options wo = {.env = env};
    alice_batch_options ao = {.env = env};
    alice_executor_options xo = {.env = env};
    alice_reader_options ro = {.env = env};
    alice_map_options po = {.env = env};
    alice_profile_options fo = {.env = env};
    assert_ok(alice_budget_open(&budget, &bo));
    assert_ok(alice_monitor_open(&monitor, &mo));
    assert_ok(alice_cache_open(&cache, &co));
    assert_ok(alice_weak_cache_open(&weak, &wo));
    assert_ok(alice_batch_open(&batch, &ao));
    assert_ok(alice_executor_open(&executor, &xo));
    assert_ok(alice_reader_open(&reader, "/proc/self/maps", &ro, NULL));
    assert_ok(alice_map_open(&map, "/proc/self/maps", &po, NULL));
    assert_ok(alice_profile_open(&profile, &fo));
    alice_census_count counts[16];
    size_t n = 0;
    assert_ok(alice_census_counts(c, counts, 16, &n));
    assert_int_equal(n, 9);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(counts[i].live, 1);
    alice_profile_close(&profile);
    alice_map_close(&map);
    alice_reader_close(&reader);
    alice_executor_close(&executor);
    alice_batch_close(&batch);
    alice_weak_cache_close(&weak);
    alice_cache_close(&cache);
    alice_monitor_close(&monitor);
    assert_ok(alice_budget_close(&budget, NULL));
    assert_int_equal(alice_census_live(c), 0);
    assert_ok(alice_census_close(&c));
}

/* The table against a plain list, with much adding and removing. */
static void the_table_loses_nothing(void **state)
{
    (void)state;
    struct item {
        uintptr_t key, value;
    };
    enum { CAP = 256, KEYS = 400 };
    static struct item memory[CAP];
    static bool there[KEYS];
    memset(memory, 0, sizeof memory);
    alice__pmap m = {.entries = (uint8_t *)memory, .entry_bytes = sizeof *memory, .cap = CAP};
    unsigned seed = 1;
    size_t count = 0;
    for (int i = 0; i < 200000; i++) {
        seed = seed * 1664525u + 1013904223u;
        uintptr_t k = (seed >> 8) % KEYS;
        uintptr_t key = 0x1000 + k * 16;
        struct item *e = alice__pmap_find(&m, key);
        assert_true((e != NULL) == there[k]);
        if (e) {
            assert_int_equal(e->value, key * 3);
            alice__pmap_remove(&m, e);
            there[k] = false;
            count--;
        } else if (!alice__pmap_full(&m)) {
            e = alice__pmap_add(&m, key);
            assert_int_equal(e->value, 0);
            e->value = key * 3;
            there[k] = true;
            count++;
        }
        assert_int_equal(m.count, count);
    }
    assert_true(count > 100);
}

static alice_status scenario(const alice_alloc *alloc)
{
    alice_env env = {.alloc = alloc};
    alice_profile *p = NULL;
    alice_census *c = NULL;
    alice_profile_snapshot *s = NULL, *t = NULL, *d = NULL;
    alice_profile_options po = {.env = env, .sample_bytes = 1};
    alice_census_options co = {.env = env};
    void *a[100] = {0};
    alice_status st = alice_profile_open(&p, &po);
    if (st == ALICE_OK)
        st = alice_census_open(&c, &co);
    alice_env used = {.profile = p, .census = c};
    for (size_t i = 0; i < 100 && st == ALICE_OK; i++) {
        st = alice_env_alloc(&used, 10, ALICE_HERE, &a[i]);
        alice_census_add(c, &a[i], "block", ALICE_HERE, NULL);
    }
    if (st == ALICE_OK)
        st = alice_profile_snapshot_take(p, &s);
    for (size_t i = 0; i < 100; i++) {
        alice_env_free(&used, a[i], 10);
        alice_census_remove(c, &a[i]);
    }
    if (st == ALICE_OK)
        st = alice_profile_snapshot_take(p, &t);
    if (st == ALICE_OK)
        st = alice_profile_snapshot_diff(s, t, &d);
    if (st == ALICE_OK)
        assert_int_equal(alice_profile_snapshot_sum(t).live_bytes, 0);
    alice_profile_snapshot_close(&s);
    alice_profile_snapshot_close(&t);
    alice_profile_snapshot_close(&d);
    assert_int_equal(alice_census_live(c), 0);
    assert_ok(alice_census_close(&c));
    alice_profile_close(&p);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(sweep(scenario, true) >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_counted),
        cmocka_unit_test(differences_tell_what_grew),
        cmocka_unit_test(samples_estimate_without_bias),
        cmocka_unit_test(its_memory_is_bounded),
        cmocka_unit_test(a_leak_larger_than_the_room),
        cmocka_unit_test(pausing_counts_only_what_comes_back),
        cmocka_unit_test(any_allocator_can_be_profiled),
        cmocka_unit_test(what_is_only_an_address_is_resolved),
        cmocka_unit_test(handles_are_known),
        cmocka_unit_test(every_type_registers),
        cmocka_unit_test(many_handles_come_and_go),
        cmocka_unit_test(the_table_loses_nothing),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
