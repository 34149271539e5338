/* SPDX-License-Identifier: MIT */
/*
 * The executor under threads: submitters, tasks that submit, cancellers and
 * waiters at once. Every task runs exactly once or is cancelled exactly once.
 * To be run under the thread sanitizer.
 */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include <alice/executor.h>

enum { SUBMITTERS = 8, ROUNDS = 2000 };

struct world {
    alice_executor *x;
    atomic_uint ran, dropped, submitted;
};

struct job {
    struct world *w;
    unsigned n;
};

static alice_status plain(void *arg)
{
    struct job *j = arg;
    j->w->ran++;
    return j->n % 7 == 0 ? ALICE_E_NOENT : ALICE_OK;
}

static struct job *job_of(struct world *w, unsigned n)
{
    struct job *j = malloc(sizeof *j);
    if (!j)
        abort();
    *j = (struct job){.w = w, .n = n};
    return j;
}

/* Owns its job, and now and then submits another. */
static alice_status owner(void *arg)
{
    struct job *j = arg;
    struct world *w = j->w;
    unsigned n = j->n;
    free(j);
    w->ran++;
    if (n % 3 == 0) {
        j = job_of(w, n + 1);
        if (alice_executor_submit(w->x, owner, j, NULL) == ALICE_OK)
            w->submitted++;
        else
            abort();
    }
    return ALICE_OK;
}

static void on_drop(void *ctx, alice_task_fn fn, void *arg)
{
    struct world *w = ctx;
    w->dropped++;
    if (fn == owner)
        free(arg);
}

static void *submitter(void *arg)
{
    struct world *w = arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct job own = {.w = w, .n = i};
        alice_task t;
        if (alice_executor_submit(w->x, plain, &own, &t) != ALICE_OK)
            abort();
        w->submitted++;
        if (alice_executor_submit(w->x, owner, job_of(w, i), NULL) != ALICE_OK)
            abort();
        w->submitted++;
        if (i % 5 == 0)
            alice_task_cancel(&t);
        if (i % 500 == 0)
            alice_executor_cancel(w->x);
        alice_status st = alice_task_wait(&t);
        if (st != ALICE_E_CANCELLED && st != (i % 7 == 0 ? ALICE_E_NOENT : ALICE_OK))
            abort();
    }
    return NULL;
}

static void many_threads(void **state)
{
    (void)state;
    struct world w = {0};
    alice_executor_options o = {
        .threads = 8, .queue = 5, .dropped = on_drop, .dropped_ctx = &w};
    assert_ok(alice_executor_open(&w.x, &o));
    pthread_t t[SUBMITTERS];
    for (int i = 0; i < SUBMITTERS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, submitter, &w), 0);
    for (int i = 0; i < SUBMITTERS; i++)
        pthread_join(t[i], NULL);
    assert_ok(alice_executor_wait_all(w.x));
    alice_executor_stats s;
    alice_executor_get_stats(w.x, &s);
    assert_int_equal(s.submitted, w.submitted);
    assert_int_equal(s.completed, w.ran);
    assert_int_equal(s.cancelled, w.dropped);
    assert_int_equal(s.completed + s.cancelled, s.submitted);
    assert_int_equal(s.queued + s.running, 0);
    assert_true(s.peak_queued <= 5);
    alice_executor_close(&w.x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(many_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
