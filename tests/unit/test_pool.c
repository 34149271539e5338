/* SPDX-License-Identifier: MIT */
/* The pool: reuse, bounds, time, failures, leaks, reclaim, threads. */
#include "test.h"

#include "faulty.h"
#include "sweep.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <alice/pool.h>
#include <alice/reclaim.h>

/* What the pool makes: numbered things that know how they were treated. */
struct thing {
    int serial;
    int resets;
    bool broken, stuck;
};

struct maker {
    atomic_int made, destroyed;
    alice_status fails; /* what the factory answers */
    alice_env env;
};

static alice_status make_thing(void *ctx, void **out)
{
    struct maker *m = ctx;
    struct thing *t = NULL;
    if (m->fails != ALICE_OK)
        return m->fails;
    alice_status st = alice_env_calloc(&m->env, 1, sizeof *t, ALICE_HERE, (void **)&t);
    if (st != ALICE_OK)
        return st;
    t->serial = ++m->made;
    *out = t;
    return ALICE_OK;
}

static alice_status reset_thing(void *ctx, void *object)
{
    struct thing *t = object;
    (void)ctx;
    t->resets++;
    return t->stuck ? ALICE_E_DAMAGED : ALICE_OK;
}

static bool works(void *ctx, void *object)
{
    (void)ctx;
    return !((struct thing *)object)->broken;
}

static void destroy_thing(void *ctx, void *object)
{
    struct maker *m = ctx;
    m->destroyed++;
    alice_env_free(&m->env, object, sizeof(struct thing));
}

static alice_pool_options options_of(struct maker *m)
{
    return (alice_pool_options){.env = m->env,
                                .factory = make_thing,
                                .reset = reset_thing,
                                .destroy = destroy_thing,
                                .ctx = m};
}

static int serial(const alice_lease *l)
{
    return ((struct thing *)l->object)->serial;
}

static alice_pool_stats stats_of(const alice_pool *p)
{
    alice_pool_stats s;
    alice_pool_get_stats(p, &s);
    assert_ok(alice_pool_check(p, NULL));
    assert_true(s.bytes > 0 && s.mb * (double)ALICE_MB == (double)s.bytes);
    return s;
}

static void objects_come_back(void **state)
{
    (void)state;
    struct maker m = {0};
    alice_pool_options o = options_of(&m);
    alice_pool *p = NULL;
    alice_lease a = {0}, b = {0};
    assert_ok(alice_pool_open(&p, &o));
    assert_ok(alice_pool_acquire(p, 0, &a));
    assert_ok(alice_pool_acquire(p, 0, &b));
    assert_int_equal(serial(&a), 1);
    assert_int_equal(serial(&b), 2);
    assert_status(alice_pool_acquire(p, 0, &a), ALICE_E_INVAL); /* it holds one */
    alice_pool_release(&a);
    assert_null(a.object);
    alice_pool_release(&a); /* twice is once */
    alice_pool_release(&b);
    assert_ok(alice_pool_acquire(p, 0, &a));
    assert_int_equal(serial(&a), 2); /* the latest first */
    assert_int_equal(((struct thing *)a.object)->resets, 1);
    alice_pool_stats s = stats_of(p);
    assert_int_equal(s.created, 2);
    assert_int_equal(s.reused, 1);
    assert_int_equal(s.pool_size, 1);
    assert_int_equal(s.in_use, 1);
    assert_int_equal(s.peak_in_use, 2);
    assert_float_equal(s.reuse_rate, 1.0 / 3, 1e-9);
    alice_pool_discard(&a);
    assert_int_equal(m.destroyed, 1);
    assert_int_equal(stats_of(p).in_use, 0);
    assert_ok(alice_pool_close(&p));
    assert_null(p);
    assert_int_equal(m.destroyed, 2);
    assert_ok(alice_pool_close(&p));
    assert_ok(alice_pool_close(NULL));
}

static void a_scope_gives_back(void **state)
{
    (void)state;
    struct maker m = {0};
    alice_pool_options o = options_of(&m);
    alice_pool *p = NULL;
    assert_ok(alice_pool_open(&p, &o));
    {
        alice_lease lease ALICE_LEASE_SCOPED = {0};
        assert_ok(alice_pool_acquire(p, 0, &lease));
        assert_int_equal(stats_of(p).in_use, 1);
    }
    assert_int_equal(stats_of(p).in_use, 0);
    assert_int_equal(stats_of(p).pool_size, 1);
    assert_ok(alice_pool_close(&p));
}

static void max_size_bounds_the_idle(void **state)
{
    (void)state;
    struct maker m = {0};
    alice_pool_options o = options_of(&m);
    alice_pool *p = NULL;
    alice_lease l[12] = {0};
    assert_ok(alice_pool_open(&p, &o));
    for (size_t i = 0; i < 12; i++)
        assert_ok(alice_pool_acquire(p, 0, &l[i]));
    for (size_t i = 0; i < 12; i++)
        alice_pool_release(&l[i]);
    assert_int_equal(stats_of(p).pool_size, ALICE_POOL_MAX_SIZE);
    assert_int_equal(m.destroyed, 2);
    assert_int_equal(alice_pool_trim(p, 3), 7);
    assert_int_equal(stats_of(p).pool_size, 3);
    assert_ok(alice_pool_close(&p));
}

static void max_total_is_kept(void **state)
{
    (void)state;
    struct maker m = {0};
    alice_pool_options o = options_of(&m);
    o.max_total = 1;
    alice_pool *p = NULL;
    alice_lease a = {0}, b = {0};
    assert_ok(alice_pool_open(&p, &o));
    assert_ok(alice_pool_acquire(p, 0, &a));
    assert_status(alice_pool_acquire(p, 0, &b), ALICE_E_TIMEOUT);
    assert_status(alice_pool_acquire(p, 1, &b), ALICE_E_TIMEOUT); /* really waits a moment */
    assert_null(b.object);
    assert_int_equal(stats_of(p).waits, 1);
    assert_int_equal(stats_of(p).timeouts, 2);
    alice_pool_discard(&a); /* the place is free again, without an object */
    assert_ok(alice_pool_acquire(p, 0, &b));
    assert_int_equal(serial(&b), 2);
    alice_pool_release(&b);
    m.fails = ALICE_E_IO; /* a failed factory keeps no place */
    alice_pool_trim(p, 0);
    assert_status(alice_pool_acquire(p, 0, &a), ALICE_E_IO);
    m.fails = ALICE_OK;
    assert_ok(alice_pool_acquire(p, 0, &a));
    alice_pool_release(&a);
    assert_ok(alice_pool_close(&p));
}

struct waiting {
    alice_pool *pool;
    alice_lease lease;
    alice_status status;
};

static void *wait_for_one(void *arg)
{
    struct waiting *w = arg;
    w->status = alice_pool_acquire(w->pool, ALICE_POOL_FOREVER, &w->lease);
    return NULL;
}

static void until_somebody_waits(alice_pool *p, uint64_t waits)
{
    while (stats_of(p).waits < waits)
        sched_yield();
}

static void waiters_get_what_comes_back(void **state)
{
    (void)state;
    struct maker m = {0};
    alice_pool_options o = options_of(&m);
    o.max_total = 1;
    alice_pool *p = NULL;
    alice_lease a = {0};
    pthread_t first, second;
    assert_ok(alice_pool_open(&p, &o));
    assert_ok(alice_pool_acquire(p, 0, &a));

    struct waiting w = {.pool = p}, v = {.pool = p};
    assert_int_equal(pthread_create(&first, NULL, wait_for_one, &w), 0);
    until_somebody_waits(p, 1);
    assert_int_equal(pthread_create(&second, NULL, wait_for_one, &v), 0);
    until_somebody_waits(p, 2);
    alice_pool_release(&a); /* the object itself goes to the first */
    pthread_join(first, NULL);
    assert_ok(w.status);
    assert_int_equal(serial(&w.lease), 1);
    alice_pool_discard(&w.lease); /* the place goes to the second */
    pthread_join(second, NULL);
    assert_ok(v.status);
    assert_int_equal(serial(&v.lease), 2);

    w.lease = (alice_lease){0};
    assert_int_equal(pthread_create(&first, NULL, wait_for_one, &w), 0);
    until_somebody_waits(p, 3);
    assert_status(alice_pool_close(&p), ALICE_E_BUSY); /* v holds one, and w waits for it */
    assert_non_null(p);
    alice_pool_release(&v.lease); /* all is as it was: w gets it */
    pthread_join(first, NULL);
    assert_ok(w.status);
    assert_status(alice_pool_close(&p), ALICE_E_BUSY);
    alice_pool_release(&w.lease);
    assert_int_equal(m.destroyed, 1);
    assert_ok(alice_pool_close(&p));
    assert_int_equal(m.destroyed, 2);
}

/* One object is never handed to two, however often copies of its lease come back. */
static void a_copied_lease_comes_back_once(void **state)
{
    (void)state;
    struct maker m = {0};
    alice_pool_options o = options_of(&m);
    alice_pool *p = NULL;
    alice_lease a = {0}, b = {0}, c = {0};
    assert_ok(alice_pool_open(&p, &o));
    assert_ok(alice_pool_acquire(p, 0, &a));
    alice_lease copy = a, late = a;
    alice_pool_release(&a);
    alice_pool_release(&copy);
    assert_null(copy.object);
    assert_int_equal(stats_of(p).pool_size, 1);
    assert_ok(alice_pool_acquire(p, 0, &b));
    alice_pool_discard(&late); /* of the loan before: b has it now */
    assert_int_equal(stats_of(p).in_use, 1);
    assert_ok(alice_pool_acquire(p, 0, &c));
    assert_true(b.object != c.object);
    copy = c;
    alice_pool_discard(&c); /* its slot is without an object now */
    alice_pool_release(&copy);
    alice_pool_release(&b);
    assert_ok(alice_pool_check(p, NULL));
    assert_int_equal(stats_of(p).pool_size, 1);
    assert_ok(alice_pool_close(&p));
    assert_int_equal(m.made, m.destroyed);
}

static void all_are_evicted_also_what_is_out(void **state)
{
    (void)state;
    struct maker m = {0};
    alice_pool_options o = options_of(&m);
    alice_pool *p = NULL;
    alice_lease a = {0}, b = {0};
    assert_ok(alice_pool_open(&p, &o));
    assert_ok(alice_pool_acquire(p, 0, &a));
    assert_ok(alice_pool_acquire(p, 0, &b));
    alice_pool_release(&b);
    assert_int_equal(alice_pool_evict_all(p), 1);
    assert_int_equal(m.destroyed, 1);
    alice_pool_release(&a);
    assert_int_equal(m.destroyed, 2);
    assert_int_equal(stats_of(p).pool_size, 0);
    assert_ok(alice_pool_acquire(p, 0, &a)); /* what is made from now on stays */
    assert_int_equal(serial(&a), 3);
    alice_pool_release(&a);
    assert_int_equal(stats_of(p).pool_size, 1);
    assert_int_equal(alice_pool_evict_all(NULL), 0);
    assert_ok(alice_pool_check(p, NULL));
    assert_ok(alice_pool_close(&p));
}

static void time_ends_objects(void **state)
{
    (void)state;
    struct fake_clock time = {.now_ns = 5};
    alice_clock clock = fake_clock_of(&time);
    struct maker m = {.env = {.clock = &clock}};
    alice_pool_options o = options_of(&m);
    o.idle_timeout_ms = 1000;
    o.max_lifetime_ms = 60000;
    o.min_idle = 1;
    alice_pool *p = NULL;
    alice_lease a = {0}, b = {0};
    assert_ok(alice_pool_open(&p, &o));
    assert_int_equal(m.made, 1);
    assert_int_equal(stats_of(p).pool_size, 1);
    assert_ok(alice_pool_acquire(p, 0, &a));
    assert_ok(alice_pool_acquire(p, 0, &b));
    alice_pool_release(&a);
    alice_pool_release(&b);
    time.now_ns += 999 * UINT64_C(1000000);
    assert_ok(alice_pool_maintain(p));
    assert_int_equal(stats_of(p).pool_size, 2);
    time.now_ns += 1000000;
    assert_ok(alice_pool_maintain(p));
    assert_int_equal(stats_of(p).pool_size, 1); /* min_idle stays */
    assert_int_equal(stats_of(p).expired, 1);

    time.now_ns += 60000 * UINT64_C(1000000); /* now it is too old to be handed out */
    assert_ok(alice_pool_acquire(p, 0, &a));
    assert_int_equal(serial(&a), 3);
    assert_int_equal(stats_of(p).expired, 2);
    time.now_ns += 60000 * UINT64_C(1000000); /* and to be kept */
    alice_pool_release(&a);
    assert_int_equal(stats_of(p).pool_size, 0);
    assert_int_equal(stats_of(p).expired, 3);
    assert_ok(alice_pool_maintain(p)); /* refilled */
    assert_int_equal(stats_of(p).pool_size, 1);
    assert_ok(alice_pool_close(&p));
    assert_int_equal(m.made, m.destroyed);
}

static void jitter_spreads_the_ends(void **state)
{
    (void)state;
    struct fake_clock time = {.now_ns = 5};
    alice_clock clock = fake_clock_of(&time);
    struct maker m = {.env = {.clock = &clock}};
    alice_pool_options o = options_of(&m);
    o.max_lifetime_ms = 1000;
    o.lifetime_jitter = 50;
    o.max_size = o.min_idle = 100;
    alice_pool *p = NULL;
    assert_ok(alice_pool_open(&p, &o));
    time.now_ns += 499 * UINT64_C(1000000);
    assert_ok(alice_pool_maintain(p));
    assert_int_equal(stats_of(p).expired, 0); /* none before half of it */
    time.now_ns += 251 * UINT64_C(1000000);
    assert_ok(alice_pool_maintain(p));
    uint64_t half = stats_of(p).expired;
    assert_in_range(half, 30, 70);
    time.now_ns += 250 * UINT64_C(1000000);
    assert_ok(alice_pool_maintain(p));
    assert_true(stats_of(p).expired >= 100); /* all of the first hundred by its end */
    assert_ok(alice_pool_close(&p));
}

static void what_does_not_work_is_replaced(void **state)
{
    (void)state;
    struct maker m = {0};
    alice_pool_options o = options_of(&m);
    o.validate = works;
    o.max_total = 3;
    alice_pool *p = NULL;
    alice_lease l[3] = {0};
    assert_ok(alice_pool_open(&p, &o));
    for (size_t i = 0; i < 3; i++)
        assert_ok(alice_pool_acquire(p, 0, &l[i]));
    ((struct thing *)l[1].object)->broken = true;
    ((struct thing *)l[2].object)->broken = true;
    for (size_t i = 0; i < 3; i++)
        alice_pool_release(&l[i]);
    assert_ok(alice_pool_acquire(p, 0, &l[0]));
    assert_int_equal(serial(&l[0]), 1);
    assert_int_equal(stats_of(p).invalid, 2);
    ((struct thing *)l[0].object)->broken = true;
    alice_pool_release(&l[0]);
    assert_ok(alice_pool_acquire(p, 0, &l[0])); /* none is left: a new one */
    assert_int_equal(serial(&l[0]), 4);

    ((struct thing *)l[0].object)->stuck = true;
    alice_pool_release(&l[0]);
    assert_int_equal(stats_of(p).reset_failures, 1);
    assert_int_equal(stats_of(p).pool_size, 0);
    for (size_t i = 0; i < 3; i++) /* all three places are there */
        assert_ok(alice_pool_acquire(p, 0, &l[i]));
    for (size_t i = 0; i < 3; i++)
        alice_pool_release(&l[i]);
    assert_ok(alice_pool_close(&p));
    assert_int_equal(m.made, m.destroyed);
}

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

static void forgetful(alice_pool *p, alice_lease *lease)
{
    assert_ok(alice_pool_acquire(p, 0, lease));
}

static void leaks_name_who_acquired(void **state)
{
    (void)state;
    struct listener ear = {0};
    alice_log log = {.write = listen, .ctx = &ear, .level = ALICE_LOG_WARNING};
    struct fake_clock time = {.now_ns = 5};
    alice_clock clock = fake_clock_of(&time);
    struct maker m = {.env = {.clock = &clock, .log = &log}};
    alice_pool_options o = options_of(&m);
    o.name = "connections";
    o.leak_after_ms = 5000;
    alice_pool *p = NULL;
    alice_lease a = {0};
    alice_pool_holder row;
    size_t n = 0;
    assert_ok(alice_pool_open(&p, &o));
    forgetful(p, &a);
    time.now_ns += 4999 * UINT64_C(1000000);
    assert_ok(alice_pool_maintain(p));
    assert_int_equal(ear.told, 0);
    time.now_ns += 1000000;
    assert_ok(alice_pool_maintain(p));
    assert_ok(alice_pool_maintain(p)); /* told once */
    assert_int_equal(ear.told, 1);
    assert_non_null(strstr(ear.text, "connections"));
    assert_non_null(strstr(ear.text, "forgetful"));
    assert_non_null(strstr(ear.text, "test_pool.c"));
    assert_ok(alice_pool_holders(p, &row, 1, &n));
    assert_int_equal(n, 1);
    assert_string_equal(row.site->function, "forgetful");
    assert_int_equal(row.held_ms, 5000);
    assert_ptr_equal(row.object, a.object);
    assert_int_equal(stats_of(p).leaks, 1);
    alice_pool_release(&a);
    assert_ok(alice_pool_acquire_at(p, 0, NULL, &a));
    assert_status(alice_pool_close(&p), ALICE_E_BUSY);
    assert_int_equal(ear.told, 2);
    assert_non_null(strstr(ear.text, "at close"));
    alice_pool_release(&a);
    assert_ok(alice_pool_close(&p));
    assert_int_equal(m.made, m.destroyed);
}

static void idle_objects_are_reclaimed(void **state)
{
    (void)state;
    alice_budget *budget = NULL;
    alice_account *account = NULL;
    alice_budget_options bo = {.limit = 256 * 1024};
    assert_ok(alice_budget_open(&budget, &bo));
    assert_ok(alice_account_open(&account, alice_budget_root(budget), "pool", 0));
    struct maker m = {.env = {.account = account}};
    alice_pool_options o = options_of(&m);
    o.budget = budget;
    o.object_bytes = 50 * 1024;
    o.charge_objects = true;
    o.min_idle = 4;
    alice_pool *p = NULL;
    assert_ok(alice_pool_open(&p, &o));
    assert_true(alice_account_used(account) >= 4 * 50 * 1024);
    assert_ok(alice_account_charge(alice_budget_root(budget), 100 * 1024)); /* needs two back */
    alice_pool_stats s = stats_of(p);
    assert_in_range(s.reclaimed, 1, 2);
    assert_int_equal(s.pool_size, 4 - s.reclaimed);
    assert_int_equal(m.destroyed, s.reclaimed);

    alice_lease l[4] = {0}; /* more than fits: the pool says so */
    size_t got = 0;
    alice_status st = ALICE_OK;
    while (got < 4 && (st = alice_pool_acquire(p, 0, &l[got])) == ALICE_OK)
        got++;
    assert_status(st, ALICE_E_BUDGET);
    assert_in_range(got, 2, 3);
    for (size_t i = 0; i < got; i++)
        alice_pool_release(&l[i]);
    assert_ok(alice_pool_close(&p));
    assert_int_equal(alice_account_used(account), 0);
    alice_account_release(alice_budget_root(budget), 100 * 1024);
    alice_account_close(&account);
    size_t leaked = 1;
    assert_ok(alice_budget_close(&budget, &leaked));
    assert_int_equal(leaked, 0);
}

/* Asks the pool, which would wait for its own lock were one held. */
static alice_pool *asked;

static alice_status make_and_ask(void *ctx, void **out)
{
    if (asked)
        stats_of(asked);
    return make_thing(ctx, out);
}

static alice_status reset_and_ask(void *ctx, void *object)
{
    stats_of(asked);
    return reset_thing(ctx, object);
}

static bool validate_and_ask(void *ctx, void *object)
{
    stats_of(asked);
    return works(ctx, object);
}

static void destroy_and_ask(void *ctx, void *object)
{
    if (asked)
        stats_of(asked);
    destroy_thing(ctx, object);
}

static void callbacks_run_outside_the_lock(void **state)
{
    (void)state;
    struct maker m = {0};
    alice_budget *b = NULL;
    assert_ok(alice_budget_open(&b, &(alice_budget_options){.limit = ALICE_MB}));
    alice_pool_options o = options_of(&m);
    o.budget = b;
    o.factory = make_and_ask;
    o.reset = reset_and_ask;
    o.validate = validate_and_ask;
    o.destroy = destroy_and_ask;
    o.max_size = 4;
    o.object_bytes = 100;
    assert_ok(alice_pool_open(&asked, &o));
    alice_lease l[4] = {0};
    for (int i = 0; i < 4; i++)
        assert_ok(alice_pool_acquire(asked, 0, &l[i]));
    alice_pool_discard(&l[0]);
    ((struct thing *)l[1].object)->stuck = true; /* its reset fails */
    for (int i = 1; i < 4; i++)
        alice_pool_release(&l[i]);
    assert_ok(alice_pool_acquire(asked, 0, &l[0])); /* validated */
    alice_pool_release(&l[0]);
    assert_true(alice_pool_trim(asked, 1) > 0);
    assert_true(alice_reclaim_run(b, SIZE_MAX, NULL, 0, NULL) > 0);
    assert_ok(alice_pool_maintain(asked));
    alice_pool *pool = asked;
    asked = NULL;
    assert_ok(alice_pool_close(&pool));
    assert_int_equal(m.made, m.destroyed);
    assert_ok(alice_budget_close(&b, NULL));
}

static void options_are_checked(void **state)
{
    (void)state;
    struct maker m = {0};
    alice_pool *p = NULL;
    alice_pool_options o = options_of(&m);
    o.min_idle = 11;
    assert_status(alice_pool_open(&p, &o), ALICE_E_INVAL);
    o = options_of(&m);
    o.lifetime_jitter = 101;
    assert_status(alice_pool_open(&p, &o), ALICE_E_INVAL);
    o = options_of(&m);
    o.factory = NULL;
    assert_status(alice_pool_open(&p, &o), ALICE_E_INVAL);
    assert_status(alice_pool_open(&p, NULL), ALICE_E_INVAL);
    o = options_of(&m);
    o.min_idle = 2;
    m.fails = ALICE_E_ACCESS;
    assert_status(alice_pool_open(&p, &o), ALICE_E_ACCESS);
    assert_null(p);
}

static alice_status scenario(const alice_alloc *alloc)
{
    struct maker m = {.env = {.alloc = alloc}};
    alice_pool_options o = options_of(&m);
    o.min_idle = 2;
    o.max_size = 2;
    o.max_total = 3;
    o.validate = works;
    alice_pool *p = NULL;
    alice_lease l[3] = {0};
    alice_status st = alice_pool_open(&p, &o);
    for (size_t i = 0; i < 3 && st == ALICE_OK; i++) {
        st = alice_pool_acquire(p, 0, &l[i]);
        if (st == ALICE_OK && i == 0)
            ((struct thing *)l[0].object)->broken = true;
    }
    for (size_t i = 3; i-- > 0;)
        alice_pool_release(&l[i]);
    if (st == ALICE_OK)
        st = alice_pool_acquire(p, 0, &l[0]);
    alice_pool_release(&l[0]);
    if (st == ALICE_OK)
        st = alice_pool_maintain(p);
    alice_pool_close(&p);
    assert_int_equal(m.made, m.destroyed);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(sweep(scenario, true) >= 7);
}

static void *take_and_give(void *ctx)
{
    alice_pool **pool = ctx; /* the pool, and room to say that it worked */
    alice_lease l = {0};
    if (alice_pool_acquire(pool[0], ALICE_POOL_FOREVER, &l) == ALICE_OK)
        pool[1] = l.pool;
    alice_pool_release(&l);
    return NULL;
}

/* Bounds change while objects are out: what is too much ends as it comes back, and who waited
 * goes on where there is more room. */
static void bounds_change_at_run_time(void **state)
{
    (void)state;
    struct maker m = {0};
    alice_pool_options o = options_of(&m);
    alice_pool *p = NULL;
    alice_lease l[4] = {0}, more = {0};
    o.max_total = o.max_size = 4;
    o.min_idle = 1;
    assert_ok(alice_pool_open(&p, &o));
    assert_status(alice_pool_resize(NULL, 1, 1), ALICE_E_INVAL);
    for (int i = 0; i < 4; i++)
        assert_ok(alice_pool_acquire(p, 0, &l[i]));
    assert_ok(alice_pool_resize(p, 1, 2));
    assert_int_equal(stats_of(p).in_use, 4); /* nobody's is taken away */
    alice_pool_release(&l[0]);
    alice_pool_release(&l[1]);
    assert_int_equal(stats_of(p).destroyed, 2);
    assert_int_equal(stats_of(p).pool_size, 0);
    assert_status(alice_pool_acquire(p, 0, &more), ALICE_E_TIMEOUT);
    assert_ok(alice_pool_resize(p, 3, 3));
    assert_ok(alice_pool_acquire(p, 0, &more));
    assert_status(alice_pool_acquire(p, 0, &l[0]), ALICE_E_TIMEOUT);

    /* A waiter goes on as soon as there may be one more. */
    alice_pool *waits[] = {p, NULL};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, take_and_give, waits), 0);
    while (stats_of(p).waits == 0)
        sched_yield();
    assert_ok(alice_pool_resize(p, 3, 0)); /* no bound */
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ptr_equal(waits[1], p);

    alice_pool_release(&l[2]);
    alice_pool_release(&l[3]);
    alice_pool_release(&more);
    assert_int_equal(stats_of(p).pool_size, 3);
    assert_ok(alice_pool_resize(p, 1, 4)); /* idle ones above the bound go at once */
    assert_int_equal(stats_of(p).pool_size, 1);
    assert_status(alice_pool_resize(p, 0, 0), ALICE_OK); /* 0: the default, as at open */
    o.min_idle = 3;
    assert_ok(alice_pool_close(&p));
    o.max_size = 4;
    assert_ok(alice_pool_open(&p, &o));
    assert_status(alice_pool_resize(p, 2, 4), ALICE_E_INVAL); /* below min_idle */
    assert_int_equal(stats_of(p).pool_size, 3);
    assert_ok(alice_pool_close(&p));
    assert_int_equal(m.made, m.destroyed);
}

static alice_status make_slowly(void *ctx, void **out)
{
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 5);
    return make_thing(ctx, out);
}

/* A timeout covers the factory: what came too late is there for the next. */
static void a_slow_factory_runs_into_the_timeout(void **state)
{
    (void)state;
    struct maker m = {0};
    alice_pool_options o = options_of(&m);
    alice_pool *p = NULL;
    alice_lease l = {0};
    o.factory = make_slowly;
    o.max_total = 1;
    assert_ok(alice_pool_open(&p, &o));
    assert_status(alice_pool_acquire(p, 1, &l), ALICE_E_TIMEOUT);
    assert_null(l.object);
    alice_pool_stats s = stats_of(p);
    assert_int_equal(s.timeouts, 1);
    assert_int_equal(s.pool_size, 1);
    assert_int_equal(s.in_use, 0);
    assert_ok(alice_pool_acquire(p, 1, &l)); /* made already */
    assert_int_equal(serial(&l), 1);
    alice_pool_release(&l);
    assert_int_equal(alice_pool_trim(p, 0), 1);
    assert_ok(alice_pool_acquire(p, 0, &l)); /* 0 does not wait for others, but makes one */
    alice_pool_discard(&l);
    assert_ok(alice_pool_acquire(p, ALICE_POOL_FOREVER, &l));
    alice_pool_release(&l);
    assert_ok(alice_pool_close(&p));
    assert_int_equal(m.made, m.destroyed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_come_back),
        cmocka_unit_test(a_scope_gives_back),
        cmocka_unit_test(max_size_bounds_the_idle),
        cmocka_unit_test(max_total_is_kept),
        cmocka_unit_test(waiters_get_what_comes_back),
        cmocka_unit_test(a_copied_lease_comes_back_once),
        cmocka_unit_test(all_are_evicted_also_what_is_out),
        cmocka_unit_test(bounds_change_at_run_time),
        cmocka_unit_test(a_slow_factory_runs_into_the_timeout),
        cmocka_unit_test(time_ends_objects),
        cmocka_unit_test(jitter_spreads_the_ends),
        cmocka_unit_test(what_does_not_work_is_replaced),
        cmocka_unit_test(leaks_name_who_acquired),
        cmocka_unit_test(idle_objects_are_reclaimed),
        cmocka_unit_test(callbacks_run_outside_the_lock),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
