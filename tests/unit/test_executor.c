/* SPDX-License-Identifier: MIT */
/* The executor: order, bounds, waiting, cancelling, charging. Gates instead of sleeps. */
#include "test.h"

#include "faulty.h"

#include <pthread.h>

#include <alice/budget.h>
#include <alice/executor.h>
#include <alice/pool.h>

/* A gate that tasks wait at until it is opened. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    int inside;
};

#define GATE                                                                   \
    {                                                                          \
        .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER \
    }

static alice_status stand_at(void *arg)
{
    struct gate *g = arg;
    pthread_mutex_lock(&g->lock);
    g->inside++;
    pthread_cond_broadcast(&g->changed);
    while (!g->open)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
    return ALICE_OK;
}

static void until_inside(struct gate *g, int n)
{
    pthread_mutex_lock(&g->lock);
    while (g->inside < n)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void open_gate(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->open = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

struct add {
    atomic_int *sum;
    int n;
};

static alice_status add(void *arg)
{
    struct add *a = arg;
    *a->sum += a->n;
    return a->n % 10 == 0 ? ALICE_E_NOENT : ALICE_OK;
}

static void all_tasks_run(void **state)
{
    (void)state;
    alice_executor *x = NULL;
    alice_executor_options o = {.threads = 3};
    atomic_int sum = 0;
    struct add a[100];
    alice_task t[100];
    assert_ok(alice_executor_open(&x, &o));
    for (int i = 0; i < 100; i++) {
        a[i] = (struct add){.sum = &sum, .n = i + 1};
        assert_ok(alice_executor_submit(x, add, &a[i], &t[i]));
    }
    for (int i = 0; i < 100; i++) {
        while (!alice_task_wait_ms(&t[i], 10)) {
        }
        assert_status(alice_task_wait(&t[i]), (i + 1) % 10 == 0 ? ALICE_E_NOENT : ALICE_OK);
    }
    assert_int_equal(sum, 5050);
    assert_ok(alice_executor_wait_all(x));
    alice_executor_stats s;
    alice_executor_get_stats(x, &s);
    assert_int_equal(s.submitted, 100);
    assert_int_equal(s.completed, 100);
    assert_int_equal(s.failed, 10);
    assert_int_equal(s.running, 0);
    assert_int_equal(s.queued, 0);
    assert_in_range(s.peak_queued, 1, 12);
    alice_executor_close(&x);
    assert_null(x);
    alice_executor_close(&x);
    alice_executor_close(NULL);
}

static void the_queue_is_bounded(void **state)
{
    (void)state;
    struct gate g = GATE;
    alice_executor *x = NULL;
    alice_executor_options o = {.threads = 1, .queue = 2};
    atomic_int sum = 0;
    struct add one = {.sum = &sum, .n = 1};
    alice_task t, u;
    assert_ok(alice_executor_open(&x, &o));
    assert_ok(alice_executor_try_submit(x, stand_at, &g, &t));
    until_inside(&g, 1);
    assert_ok(alice_executor_try_submit(x, add, &one, NULL));
    assert_ok(alice_executor_try_submit(x, add, &one, &u));
    assert_status(alice_executor_try_submit(x, add, &one, NULL), ALICE_E_BUSY);
    assert_false(alice_task_done(&t, NULL));
    open_gate(&g);
    assert_ok(alice_task_wait(&u));
    alice_status st = ALICE_E_IO;
    assert_true(alice_task_done(&t, &st));
    assert_int_equal(st, ALICE_OK);
    assert_int_equal(sum, 2);
    alice_executor_close(&x);
}

struct drops {
    atomic_int n;
};

static void count_drop(void *ctx, alice_task_fn fn, void *arg)
{
    (void)fn;
    (void)arg;
    ((struct drops *)ctx)->n++;
}

static void queued_tasks_can_be_cancelled(void **state)
{
    (void)state;
    struct gate g = GATE;
    struct drops d = {0};
    alice_executor *x = NULL;
    alice_executor_options o = {
        .threads = 1, .queue = 8, .dropped = count_drop, .dropped_ctx = &d};
    atomic_int sum = 0;
    struct add a[5];
    alice_task t, u[5];
    assert_ok(alice_executor_open(&x, &o));
    assert_ok(alice_executor_submit(x, stand_at, &g, &t));
    until_inside(&g, 1);
    for (int i = 0; i < 5; i++) {
        a[i] = (struct add){.sum = &sum, .n = 1 << i};
        assert_ok(alice_executor_submit(x, add, &a[i], &u[i]));
    }
    assert_ok(alice_task_cancel(&u[1]));
    assert_status(alice_task_cancel(&u[1]), ALICE_E_END);
    assert_status(alice_task_cancel(&t), ALICE_E_BUSY);
    assert_status(alice_task_wait(&u[1]), ALICE_E_CANCELLED);
    open_gate(&g);
    assert_ok(alice_executor_wait_all(x));
    assert_int_equal(sum, 1 + 4 + 8 + 16); /* the others kept their places */
    assert_int_equal(d.n, 1);

    struct gate h = GATE;
    assert_ok(alice_executor_submit(x, stand_at, &h, &t));
    until_inside(&h, 1);
    for (int i = 0; i < 5; i++)
        assert_ok(alice_executor_submit(x, add, &a[i], &u[i]));
    assert_int_equal(alice_executor_cancel(x), 5);
    assert_int_equal(d.n, 6);
    open_gate(&h);
    assert_ok(alice_executor_wait_all(x));
    for (int i = 0; i < 5; i++)
        assert_status(alice_task_wait(&u[i]), ALICE_E_CANCELLED);
    alice_executor_stats s;
    alice_executor_get_stats(x, &s);
    assert_int_equal(s.cancelled, 6);
    assert_int_equal(s.completed, 6);
    alice_executor_close(&x);
}

struct nest {
    alice_executor *x;
    atomic_int sum;
    struct add add;
    alice_status wait_all, wait_task;
    alice_task *own;
};

/* Submits more than the queue holds to its own executor, whose only thread it is. */
static alice_status submit_more(void *arg)
{
    struct nest *n = arg;
    n->add = (struct add){.sum = &n->sum, .n = 1};
    for (int i = 0; i < 20; i++) {
        if (alice_executor_submit(n->x, add, &n->add, NULL) != ALICE_OK)
            return ALICE_E_SYSTEM;
    }
    n->wait_all = alice_executor_wait_all(n->x);
    n->wait_task = alice_task_wait(n->own);
    return ALICE_OK;
}

static void a_task_may_submit(void **state)
{
    (void)state;
    alice_task t;
    struct nest n = {.own = &t};
    alice_executor_options o = {.threads = 1, .queue = 2};
    assert_ok(alice_executor_open(&n.x, &o));
    assert_ok(alice_executor_submit(n.x, submit_more, &n, &t));
    assert_ok(alice_task_wait(&t));
    assert_ok(alice_executor_wait_all(n.x));
    assert_int_equal(n.sum, 20);
    assert_status(n.wait_all, ALICE_E_INVAL); /* instead of waiting for itself */
    assert_status(n.wait_task, ALICE_E_INVAL);
    alice_executor_close(&n.x);
}

static void no_threads_is_here_and_now(void **state)
{
    (void)state;
    alice_executor *x = NULL;
    alice_executor_options o = {0};
    atomic_int sum = 0;
    struct add a = {.sum = &sum, .n = 10};
    alice_task t;
    assert_ok(alice_executor_open(&x, &o));
    assert_ok(alice_executor_submit(x, add, &a, &t));
    assert_int_equal(sum, 10);
    assert_status(alice_task_wait(&t), ALICE_E_NOENT);
    alice_executor_close(&x);
}

struct closer {
    alice_executor **x;
    alice_status status;
};

static alice_status close_own(void *arg)
{
    struct closer *c = arg;
    c->status = alice_executor_close(c->x);
    return ALICE_OK;
}

/* With threads it would join itself; without, free what its caller still uses. */
static void a_task_cannot_close_its_executor(void **state)
{
    (void)state;
    for (unsigned threads = 0; threads < 3; threads++) {
        alice_executor *x = NULL;
        assert_ok(alice_executor_open(&x, &(alice_executor_options){.threads = threads}));
        struct closer c = {.x = &x};
        alice_task t = {0};
        assert_ok(alice_executor_submit(x, close_own, &c, &t));
        assert_ok(alice_task_wait(&t));
        assert_int_equal(c.status, ALICE_E_BUSY);
        assert_non_null(x);
        assert_ok(alice_executor_submit(x, close_own, &c, &t)); /* it is as it was */
        assert_ok(alice_task_wait(&t));
        alice_executor_stats s;
        alice_executor_get_stats(x, &s);
        assert_int_equal(s.completed, 2);
        assert_true(s.bytes > 0 && s.mb * (double)ALICE_MB == (double)s.bytes);
        assert_ok(alice_executor_close(&x));
        assert_null(x);
        assert_ok(alice_executor_close(&x));
    }
}

static void close_runs_what_is_queued(void **state)
{
    (void)state;
    struct gate g = GATE;
    alice_executor *x = NULL;
    alice_executor_options o = {.threads = 2, .queue = 16};
    atomic_int sum = 0;
    struct add a = {.sum = &sum, .n = 1};
    assert_ok(alice_executor_open(&x, &o));
    assert_ok(alice_executor_submit(x, stand_at, &g, NULL));
    assert_ok(alice_executor_submit(x, stand_at, &g, NULL));
    until_inside(&g, 2);
    for (int i = 0; i < 16; i++)
        assert_ok(alice_executor_submit(x, add, &a, NULL));
    open_gate(&g);
    alice_executor_close(&x);
    assert_int_equal(sum, 16);
}

static void stacks_are_charged(void **state)
{
    (void)state;
    alice_budget *budget = NULL;
    alice_budget_options bo = {.limit = 2 * ALICE_MB};
    assert_ok(alice_budget_open(&budget, &bo));
    alice_executor *x = NULL;
    alice_executor_options o = {.env = {.account = alice_budget_root(budget)}, .threads = 4};
    assert_ok(alice_executor_open(&x, &o));
    alice_executor_stats s;
    alice_executor_get_stats(x, &s);
    assert_true(s.bytes >= 4 * 256 * ALICE_KB);
    assert_int_equal(alice_budget_used(budget), s.bytes);
    alice_executor *y = NULL;
    assert_status(alice_executor_open(&y, &o), ALICE_E_BUDGET);
    assert_null(y);
    assert_int_equal(alice_budget_used(budget), s.bytes);
    alice_executor_close(&x);
    size_t leaked = 1;
    assert_ok(alice_budget_close(&budget, &leaked));
    assert_int_equal(leaked, 0);
}

static void options_are_checked(void **state)
{
    (void)state;
    alice_executor *x = NULL;
    alice_executor_options o = {.threads = 1025};
    assert_status(alice_executor_open(&x, &o), ALICE_E_INVAL);
    o = (alice_executor_options){.threads = 1, .stack_bytes = 1};
    assert_status(alice_executor_open(&x, &o), ALICE_E_INVAL);
    assert_status(alice_executor_submit(NULL, add, NULL, NULL), ALICE_E_INVAL);
    alice_task none = {0};
    assert_status(alice_task_wait(&none), ALICE_E_INVAL);
    assert_status(alice_task_cancel(&none), ALICE_E_INVAL);
    assert_false(alice_task_done(&none, NULL));
}

static alice_status executor_make(void *ctx, void **out)
{
    const alice_executor_options o = {.threads = 2, .name = ctx};
    return alice_executor_open((alice_executor **)out, &o);
}

static alice_status executor_reset(void *ctx, void *object)
{
    (void)ctx;
    alice_executor_cancel(object);
    return alice_executor_wait_all(object);
}

static void executor_destroy(void *ctx, void *object)
{
    alice_executor *x = object;
    (void)ctx;
    alice_executor_close(&x);
}

static void executors_can_be_pooled(void **state)
{
    (void)state;
    alice_pool *p = NULL;
    char name[] = "worker";
    alice_pool_options o = {.factory = executor_make,
                            .reset = executor_reset,
                            .destroy = executor_destroy,
                            .ctx = name,
                            .max_size = 3};
    atomic_int sum = 0;
    struct add a = {.sum = &sum, .n = 1};
    assert_ok(alice_pool_open(&p, &o));
    for (int i = 0; i < 5; i++) {
        alice_lease lease ALICE_LEASE_SCOPED = {0};
        assert_ok(alice_pool_acquire(p, 0, &lease));
        alice_task t;
        assert_ok(alice_executor_submit(lease.object, add, &a, &t));
        assert_ok(alice_task_wait(&t));
    }
    alice_pool_stats s;
    alice_pool_get_stats(p, &s);
    assert_int_equal(s.created, 1);
    assert_int_equal(s.reused, 4);
    assert_int_equal(sum, 5);
    assert_ok(alice_pool_close(&p));
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (unsigned nth = 0;; nth++) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        alice_executor_options o = {.env = {.alloc = &alloc}, .threads = 2};
        alice_executor *x = NULL;
        alice_status st = alice_executor_open(&x, &o);
        assert_true((st == ALICE_OK) == (x != NULL));
        alice_executor_close(&x);
        assert_int_equal(f.live_bytes, 0);
        if (!f.fired) {
            assert_in_range(nth, 1, 3);
            break;
        }
        assert_status(st, ALICE_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_tasks_run),
        cmocka_unit_test(the_queue_is_bounded),
        cmocka_unit_test(queued_tasks_can_be_cancelled),
        cmocka_unit_test(a_task_may_submit),
        cmocka_unit_test(no_threads_is_here_and_now),
        cmocka_unit_test(a_task_cannot_close_its_executor),
        cmocka_unit_test(close_runs_what_is_queued),
        cmocka_unit_test(stacks_are_charged),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(executors_can_be_pooled),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
