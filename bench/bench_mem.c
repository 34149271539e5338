/* SPDX-License-Identifier: MIT */
/*
 * What the budget and the monitor cost: one JSON object a measure, the median
 * of several runs and the best.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <alice/budget.h>
#include <alice/monitor.h>

enum { RUNS = 9, CYCLES = 2000000, SAMPLES = 20000, USAGES = 2000 };

/* Of this thread's processor time: others on the machine do not count. */
static double now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *name, int threads, double *runs)
{
    qsort(runs, RUNS, sizeof *runs, by_value);
    printf(
        "{\"bench\":\"%s\",\"threads\":%d,\"median_ns\":%.1f,\"best_ns\":%.1f,\"runs\":%d}\n",
        name, threads, runs[RUNS / 2], runs[0], RUNS);
}

struct cycles {
    alice_account *account;
    size_t bytes;
    double ns; /* each */
};

static void *charge_and_release(void *arg)
{
    struct cycles *c = arg;
    double start = now_ns();
    for (int i = 0; i < CYCLES; i++) {
        if (alice_account_charge(c->account, c->bytes))
            abort();
        alice_account_release(c->account, c->bytes);
    }
    c->ns = (now_ns() - start) / CYCLES;
    return NULL;
}

/* Each thread charges and releases the same account. */
static void bench_charge(const char *name, size_t bytes, int threads)
{
    alice_budget *budget;
    alice_account *parent, *account;
    double runs[RUNS];
    if (alice_budget_open(&budget, &(alice_budget_options){.limit = 64 * ALICE_MB}) ||
        alice_account_open(&parent, alice_budget_root(budget), "cache", 0) ||
        alice_account_open(&account, parent, "cache.metadata", 16 * ALICE_MB))
        abort();
    for (int run = 0; run < RUNS; run++) {
        struct cycles c[2];
        pthread_t t[2];
        double sum = 0;
        for (int i = 0; i < threads; i++) {
            c[i] = (struct cycles){.account = account, .bytes = bytes};
            if (pthread_create(&t[i], NULL, charge_and_release, &c[i]))
                abort();
        }
        for (int i = 0; i < threads; i++) {
            pthread_join(t[i], NULL);
            sum += c[i].ns;
        }
        runs[run] = sum / threads;
    }
    report(name, threads, runs);
    alice_budget_close(&budget, NULL);
}

static void bench_monitor(void)
{
    alice_budget *budget;
    alice_monitor *monitor;
    double sample[RUNS], level[RUNS], usage[RUNS];
    if (alice_budget_open(&budget, &(alice_budget_options){.limit = 64 * ALICE_MB}) ||
        alice_monitor_open(&monitor, &(alice_monitor_options){.budget = budget}))
        abort();
    for (int run = 0; run < RUNS; run++) {
        alice_monitor_sample s;
        alice_monitor_usage u;
        double start = now_ns();
        for (int i = 0; i < SAMPLES; i++)
            if (alice_monitor_sample_now(monitor, &s))
                abort();
        sample[run] = (now_ns() - start) / SAMPLES;
        start = now_ns();
        for (int i = 0; i < SAMPLES; i++)
            (void)alice_monitor_level(monitor);
        level[run] = (now_ns() - start) / SAMPLES;
        start = now_ns();
        for (int i = 0; i < USAGES; i++)
            if (alice_monitor_get_usage(monitor, &u))
                abort();
        usage[run] = (now_ns() - start) / USAGES;
    }
    report("monitor_sample", 1, sample);
    report("monitor_level", 1, level);
    report("monitor_usage", 1, usage);
    alice_monitor_close(&monitor);
    alice_budget_close(&budget, NULL);
}

int main(void)
{
    bench_charge("charge_release_100", 100, 1);
    bench_charge("charge_release_100", 100, 2);
    bench_charge("charge_release_64k", 64 * ALICE_KB, 1);
    bench_charge("charge_release_64k", 64 * ALICE_KB, 2);
    bench_monitor();
    return 0;
}
