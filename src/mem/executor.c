/* SPDX-License-Identifier: MIT */
/*
 * The executor: a ring of tasks and threads that take from it.
 *
 *     submit ──▶ [head … tail) ──▶ worker ──▶ task->state = ENDED, `ended` is told
 *
 * Everything, the tasks' handles included, is under the one lock; tasks run
 * outside it. A cancelled entry is taken out of the ring and the ones behind it
 * move up, so that the ring holds what will run and nothing else.
 */
#include <alice/budget.h>
#include <alice/executor.h>

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/options.h"
#include "mem/profile_hook.h"
#include "port/host.h"
#include "port/thread.h"

enum { MAX_THREADS = 1024, STACK_BYTES = 256 * 1024 };

enum { NEVER = 0, QUEUED = 1, RUNNING = 2, ENDED = 3 };

typedef struct entry {
    alice_task_fn fn;
    void *arg;
    alice_task *task; /* may be NULL */
} entry;

struct alice_executor {
    alice_executor_options o;
    size_t stacks; /* charged for them */
    long owner;    /* the process that has the threads: not a child that inherited the rest */
    unsigned started;
    pthread_t *threads;

    pthread_mutex_t lock;
    pthread_cond_t work;  /* something is queued, or it is closed */
    pthread_cond_t room;  /* something left the ring */
    pthread_cond_t ended; /* a task ended, or nothing is left */
    unsigned idle;        /* workers that wait for work */
    unsigned awaiting;    /* threads that wait on `ended` */
    unsigned crowd;       /* submitters that wait for room */
    bool closed;
    entry *ring;
    size_t head, count;
    alice_executor_stats n;
};

static void lock(alice_executor *x)
{
    pthread_mutex_lock(&x->lock);
}

static void unlock(alice_executor *x)
{
    pthread_mutex_unlock(&x->lock);
}

/* ---- the ring ---- */

static entry *at_locked(alice_executor *x, size_t i)
{
    size_t k = x->head + i;
    return &x->ring[k < x->o.queue ? k : k - x->o.queue];
}

static void push_locked(alice_executor *x, entry e)
{
    *at_locked(x, x->count++) = e;
    if (x->count > x->n.peak_queued)
        x->n.peak_queued = x->count;
    if (x->idle > 0)
        pthread_cond_signal(&x->work);
}

static entry pop_locked(alice_executor *x)
{
    entry e = x->ring[x->head];
    if (++x->head == x->o.queue)
        x->head = 0;
    x->count--;
    if (x->crowd > 0)
        pthread_cond_signal(&x->room);
    return e;
}

/* ---- running ---- */

static void begin_locked(alice_executor *x, const entry *e)
{
    x->n.running++;
    if (e->task)
        e->task->state = RUNNING;
}

static void end_locked(alice_executor *x, const entry *e, alice_status st)
{
    x->n.running--;
    x->n.completed++;
    if (st != ALICE_OK)
        x->n.failed++;
    if (e->task) {
        e->task->status = st;
        e->task->state = ENDED;
    }
    if (x->awaiting > 0 && (e->task || (x->n.running == 0 && x->count == 0)))
        pthread_cond_broadcast(&x->ended);
}

static void *worker(void *arg)
{
    alice_executor *x = arg;
    lock(x);
    for (;;) {
        while (x->count == 0 && !x->closed) {
            x->idle++;
            pthread_cond_wait(&x->work, &x->lock);
            x->idle--;
        }
        if (x->count == 0)
            break;
        entry e = pop_locked(x);
        begin_locked(x, &e);
        unlock(x);
        alice_status st = e.fn(e.arg);
        lock(x);
        end_locked(x, &e, st);
    }
    unlock(x);
    return NULL;
}

/* Run a task in the thread that submits it. */
static void run_here(alice_executor *x, const entry *e)
{
    lock(x);
    begin_locked(x, e);
    unlock(x);
    alice_status st = e->fn(e->arg);
    lock(x);
    end_locked(x, e, st);
    unlock(x);
}

static bool is_worker(const alice_executor *x)
{
    pthread_t self = pthread_self();
    for (unsigned i = 0; i < x->started; i++) {
        if (pthread_equal(x->threads[i], self))
            return true;
    }
    return false;
}

/* ---- submitting ---- */

static alice_status submit(alice_executor *x, alice_task_fn fn, void *arg, alice_task *task,
                           bool wait)
{
    entry e = {.fn = fn, .arg = arg, .task = task};
    alice_status st = ALICE_OK;
    bool here = false;

    if (!x || !fn)
        return ALICE_E_INVAL;
    lock(x);
    if (x->o.threads == 0) {
        here = true;
    } else if (x->count == x->o.queue) {
        if (!wait)
            st = ALICE_E_BUSY;
        else if (is_worker(x))
            here = true;
        else
            x->n.waits++;
        while (st == ALICE_OK && !here && x->count == x->o.queue && !x->closed) {
            x->crowd++;
            pthread_cond_wait(&x->room, &x->lock);
            x->crowd--;
        }
    }
    if (x->closed)
        st = ALICE_E_CLOSED;
    if (st == ALICE_OK) {
        x->n.submitted++;
        if (task)
            *task = (alice_task){.executor = x, .state = QUEUED};
        if (!here)
            push_locked(x, e);
    }
    unlock(x);
    if (st == ALICE_OK && here)
        run_here(x, &e);
    return st;
}

alice_status alice_executor_submit(alice_executor *x, alice_task_fn fn, void *arg,
                                   alice_task *task)
{
    return submit(x, fn, arg, task, true);
}

alice_status alice_executor_try_submit(alice_executor *x, alice_task_fn fn, void *arg,
                                       alice_task *task)
{
    return submit(x, fn, arg, task, false);
}

/* ---- waiting ---- */

alice_status alice_task_wait(alice_task *task)
{
    if (!task || !task->executor)
        return ALICE_E_INVAL;
    alice_executor *x = task->executor;
    alice_status st = ALICE_OK;
    lock(x);
    if (task->state != ENDED && is_worker(x))
        st = ALICE_E_INVAL;
    x->awaiting++;
    while (st == ALICE_OK && task->state != ENDED)
        pthread_cond_wait(&x->ended, &x->lock);
    x->awaiting--;
    if (st == ALICE_OK)
        st = task->status;
    unlock(x);
    return st;
}

bool alice_task_wait_ms(alice_task *task, uint64_t ms)
{
    if (!task || !task->executor)
        return false;
    alice_executor *x = task->executor;
    struct timespec until = alice__deadline(ms);
    int bad = 0;
    lock(x);
    x->awaiting++;
    while (bad == 0 && task->state != ENDED)
        bad = pthread_cond_timedwait(&x->ended, &x->lock, &until);
    x->awaiting--;
    bool ended = task->state == ENDED;
    unlock(x);
    return ended;
}

bool alice_task_done(alice_task *task, alice_status *status)
{
    if (!task || !task->executor)
        return false;
    lock(task->executor);
    bool done = task->state == ENDED;
    if (done && status)
        *status = task->status;
    unlock(task->executor);
    return done;
}

alice_status alice_executor_wait_all(alice_executor *x)
{
    if (!x)
        return ALICE_E_INVAL;
    lock(x);
    alice_status st = is_worker(x) ? ALICE_E_INVAL : ALICE_OK;
    x->awaiting++;
    while (st == ALICE_OK && (x->count > 0 || x->n.running > 0))
        pthread_cond_wait(&x->ended, &x->lock);
    x->awaiting--;
    unlock(x);
    return st;
}

/* ---- cancelling ---- */

/* Take entry `i` out of the ring and end it. */
static entry cancel_locked(alice_executor *x, size_t i)
{
    entry e = *at_locked(x, i);
    for (; i + 1 < x->count; i++)
        *at_locked(x, i) = *at_locked(x, i + 1);
    x->count--;
    x->n.cancelled++;
    if (e.task) {
        e.task->status = ALICE_E_CANCELLED;
        e.task->state = ENDED;
    }
    if (x->crowd > 0)
        pthread_cond_signal(&x->room);
    if (x->awaiting > 0)
        pthread_cond_broadcast(&x->ended);
    return e;
}

static void report_dropped(const alice_executor *x, const entry *e)
{
    if (x->o.dropped)
        x->o.dropped(x->o.dropped_ctx, e->fn, e->arg);
}

alice_status alice_task_cancel(alice_task *task)
{
    if (!task || !task->executor)
        return ALICE_E_INVAL;
    alice_executor *x = task->executor;
    alice_status st = ALICE_OK;
    entry e = {0};
    lock(x);
    if (task->state == ENDED)
        st = ALICE_E_END;
    else if (task->state == RUNNING)
        st = ALICE_E_BUSY;
    if (st == ALICE_OK) {
        size_t i = 0;
        while (i < x->count && at_locked(x, i)->task != task)
            i++;
        if (i < x->count)
            e = cancel_locked(x, i);
        else
            st = ALICE_E_BUSY; /* about to run in the thread that submitted it */
    }
    unlock(x);
    if (st == ALICE_OK)
        report_dropped(x, &e);
    return st;
}

size_t alice_executor_cancel(alice_executor *x)
{
    size_t n = 0;
    if (!x)
        return 0;
    for (;; n++) {
        entry e = {0};
        lock(x);
        bool some = x->count > 0;
        if (some)
            e = cancel_locked(x, x->count - 1);
        unlock(x);
        if (!some)
            return n;
        report_dropped(x, &e);
    }
}

/* ---- life ---- */

static void free_all(alice_executor *x)
{
    alice_env env = x->o.env;
    alice_account_release(env.account, x->stacks);
    alice_env_free(&env, x->ring, x->o.queue * sizeof *x->ring);
    alice_env_free(&env, x->threads, x->o.threads * sizeof *x->threads);
    alice_env_free(&env, x, sizeof *x);
}

static alice_status make_locks(alice_executor *x)
{
    if (pthread_mutex_init(&x->lock, NULL) != 0)
        return ALICE_E_SYSTEM;
    /* Cannot fail where a mutex could be made: both are plain memory on Linux. */
    alice__cond_init(&x->work);
    alice__cond_init(&x->room);
    alice__cond_init(&x->ended);
    return ALICE_OK;
}

/*
 * In a forked child there is nobody to join, the lock may be held by a thread that is not
 * there, and a condition on which threads waited would wait for them to leave it: all of it
 * stays as it is.
 */
static void join_all(alice_executor *x)
{
    if (alice__host_pid() != x->owner)
        return;
    lock(x);
    x->closed = true;
    pthread_cond_broadcast(&x->work);
    pthread_cond_broadcast(&x->room);
    unlock(x);
    for (unsigned i = 0; i < x->started; i++)
        pthread_join(x->threads[i], NULL);
    pthread_cond_destroy(&x->ended);
    pthread_cond_destroy(&x->room);
    pthread_cond_destroy(&x->work);
    pthread_mutex_destroy(&x->lock);
}

/* Memory and charges; what was taken is in `x`, to be freed by the caller. */
static alice_status take_memory(alice_executor *x)
{
    const alice_env *env = &x->o.env;
    alice_status st = ALICE_OK;
    if (x->o.threads == 0) {
        x->o.queue = 0;
        return ALICE_OK;
    }
    st = alice_env_calloc(env, x->o.threads, sizeof *x->threads, ALICE_HERE,
                          (void **)&x->threads);
    if (st == ALICE_OK)
        st = alice_env_calloc(env, x->o.queue, sizeof *x->ring, ALICE_HERE, (void **)&x->ring);
    if (st == ALICE_OK)
        st = alice_account_charge(env->account, x->o.threads * x->o.stack_bytes);
    if (st == ALICE_OK)
        x->stacks = x->o.threads * x->o.stack_bytes;
    return st;
}

static alice_status start_threads(alice_executor *x)
{
    alice_status st = ALICE_OK;
    /* Under the lock: a task that asks is_worker() must find every thread that runs. */
    lock(x);
    while (st == ALICE_OK && x->started < x->o.threads) {
        if (alice__thread_start(&x->threads[x->started], x->o.stack_bytes, x->o.name, worker,
                                x) != 0)
            st = ALICE_E_SYSTEM;
        else
            x->started++;
    }
    unlock(x);
    return st;
}

alice_status alice_executor_open(alice_executor **out, const alice_executor_options *given)
{
    alice_executor *x = NULL;
    alice_executor_options own;
    const alice_executor_options *options = &own;
    if (!out || !given)
        return ALICE_E_INVAL;
    alice_status st = alice__options_take(&own, sizeof own, given);
    if (st != ALICE_OK)
        return st;
    if (options->threads > MAX_THREADS || options->queue > SIZE_MAX / 2 / sizeof(entry) ||
        (options->stack_bytes && options->stack_bytes < alice__thread_min_stack()) ||
        options->stack_bytes > SIZE_MAX / MAX_THREADS)
        return ALICE_E_INVAL;
    st = alice_env_calloc(&options->env, 1, sizeof *x, ALICE_HERE, (void **)&x);
    if (st != ALICE_OK)
        return st;
    x->o = own;
    if (x->o.queue == 0)
        x->o.queue = (size_t)4 * x->o.threads;
    if (x->o.stack_bytes == 0)
        x->o.stack_bytes = STACK_BYTES;
    if (!x->o.name)
        x->o.name = "alice";
    x->owner = alice__host_pid();
    st = take_memory(x);
    if (st == ALICE_OK)
        st = make_locks(x);
    if (st != ALICE_OK)
        goto no_locks;
    st = start_threads(x);
    x->o.name = NULL; /* borrowed for the start only */
    if (st != ALICE_OK) {
        join_all(x);
        goto no_locks;
    }
    ALICE__CENSUS_ADD(&x->o.env, x, "alice_executor");
    *out = x;
    return ALICE_OK;

no_locks:
    free_all(x);
    return st;
}

/* Whether a task of it asks. A child of fork() has none of its threads. */
static bool asked_by_task(alice_executor *x)
{
    if (alice__host_pid() != x->owner)
        return false;
    lock(x);
    bool by_task = x->o.threads ? is_worker(x) : x->n.running > 0;
    unlock(x);
    return by_task;
}

alice_status alice_executor_close(alice_executor **executor)
{
    if (!executor || !*executor)
        return ALICE_OK;
    alice_executor *x = *executor;
    if (asked_by_task(x))
        return ALICE_E_BUSY;
    *executor = NULL;
    ALICE__CENSUS_REMOVE(&x->o.env, x);
    join_all(x);
    free_all(x);
    return ALICE_OK;
}

static void take_stats(const alice_executor *executor, alice_executor_stats *out)
{
    alice_executor *x = (alice_executor *)executor; /* its lock only */
    lock(x);
    *out = x->n;
    out->threads = x->o.threads;
    out->queued = x->count;
    out->bytes = sizeof *x + x->stacks + x->o.queue * sizeof *x->ring +
                 x->o.threads * sizeof *x->threads;
    out->mb = (double)out->bytes / (double)ALICE_MB;
    unlock(x);
}

void alice_executor_stats_into(const alice_executor *executor, alice_executor_stats *out,
                               size_t size)
{
    alice_executor_stats s = {0};
    if (!out || !executor)
        return;
    take_stats(executor, &s);
    alice__figures_give(out, size, &s, sizeof s);
}
