/* SPDX-License-Identifier: MIT */
/*
 * How fast the toolkit is, against what everybody has. This file uses only the
 * official API.
 *
 *     bench_toolkit [MB [DIR]]      files of MB (default 512) are made in DIR (default /tmp)
 *
 * One JSON object a line. A file is read by the reader and by the system's own
 * program in turn, RUNS times, out of the page cache; figures are those of the best
 * run, `ratio` is the reader's speed over the program's.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <alice/batch.h>
#include <alice/env.h>
#include <alice/executor.h>
#include <alice/pool.h>
#include <alice/profile.h>
#include <alice/reader.h>

#define RUNS 15

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void check(alice_status st, const char *what)
{
    if (st != ALICE_OK) {
        fprintf(stderr, "bench_toolkit: %s: %s\n", what, alice_status_text(st));
        exit(1);
    }
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* ---- pool ---- */

static alice_status make_object(void *ctx, void **object)
{
    (void)ctx;
    *object = calloc(1, 64); /* on a line of its own */
    return *object ? ALICE_OK : ALICE_E_NOMEM;
}

static void end_object(void *ctx, void *object)
{
    (void)ctx;
    free(object);
}

static alice_status reset_object(void *ctx, void *object)
{
    (void)ctx;
    *(volatile int *)object = 0;
    return ALICE_OK;
}

enum { CYCLES = 2000000 };

static void *cycle(void *arg)
{
    for (int i = 0; i < CYCLES; i++) {
        alice_lease lease = {0};
        check(alice_pool_acquire(arg, 0, &lease), "acquire");
        alice_pool_release(&lease);
    }
    return NULL;
}

static void bench_pool(int threads)
{
    pthread_t others[3];
    alice_pool *pool = NULL;
    alice_pool_options o = {
        .factory = make_object, .reset = reset_object, .destroy = end_object};
    double best = 1e9;
    check(alice_pool_open(&pool, &o), "pool");
    for (int run = 0; run < RUNS; run++) {
        double start = now_s();
        for (int i = 1; i < threads; i++) {
            if (pthread_create(&others[i - 1], NULL, cycle, pool) != 0)
                check(ALICE_E_SYSTEM, "thread");
        }
        cycle(pool);
        for (int i = 1; i < threads; i++)
            pthread_join(others[i - 1], NULL);
        best = least(best, (now_s() - start) / threads);
    }
    check(alice_pool_close(&pool), "close");
    printf("{\"bench\":\"pool_cycle\",\"threads\":%d,\"ns\":%.1f,\"goal_ns\":60}\n", threads,
           best / CYCLES * 1e9);
}

/* ---- executor ---- */

static alice_status nothing(void *arg)
{
    (void)arg;
    return ALICE_OK;
}

static void bench_executor(void)
{
    enum { TASKS = 200000 };
    alice_executor *x = NULL;
    alice_executor_options o = {.threads = 2, .queue = 256};
    double best = 1e9;
    check(alice_executor_open(&x, &o), "executor");
    for (int run = 0; run < RUNS; run++) {
        double start = now_s();
        for (int i = 0; i < TASKS; i++)
            check(alice_executor_submit(x, nothing, NULL, NULL), "submit");
        check(alice_executor_wait_all(x), "wait");
        best = least(best, now_s() - start);
    }
    alice_executor_close(&x);
    printf("{\"bench\":\"executor_task\",\"ns\":%.1f}\n", best / TASKS * 1e9);
}

/* ---- batch ---- */

static alice_status next_item(void *ctx, void **item, size_t *bytes)
{
    uintptr_t *left = ctx;
    if (*left == 0)
        return ALICE_E_END;
    *item = (void *)*left;
    *bytes = 100;
    --*left;
    return ALICE_OK;
}

static alice_status work_on(void *ctx, alice_batch_result *results, size_t count)
{
    uintptr_t *sum = ctx;
    for (size_t i = 0; i < count; i++) {
        *sum += (uintptr_t)results[i].item;
        results[i].result = results[i].item;
    }
    return ALICE_OK;
}

static alice_status take_result(void *ctx, const alice_batch_result *result)
{
    uintptr_t *sum = ctx;
    *sum -= (uintptr_t)result->result;
    return ALICE_OK;
}

static void bench_batch(void)
{
    enum { ITEMS = 10000000 };
    alice_batch *batch = NULL;
    alice_batch_options o = alice_batch_defaults(NULL);
    double best = 1e9;
    check(alice_batch_open(&batch, &o), "batch");
    for (int run = 0; run < RUNS; run++) {
        uintptr_t left = ITEMS, sum = 0;
        alice_batch_run work = {.next = next_item,
                                .next_ctx = &left,
                                .process = work_on,
                                .process_ctx = &sum,
                                .result = take_result,
                                .result_ctx = &sum};
        double start = now_s();
        check(alice_batch_process(batch, &work), "process");
        best = least(best, now_s() - start);
        if (sum != 0)
            check(ALICE_E_DAMAGED, "batch");
    }
    alice_batch_close(&batch);
    printf("{\"bench\":\"batch_items\",\"per_s\":%.0f,\"goal_per_s\":20000000}\n",
           ITEMS / best);
}

/* ---- profile ---- */

static double allocations(const alice_env *env)
{
    enum { BLOCKS = 1000000 };
    double best = 1e9;
    for (int run = 0; run < RUNS; run++) {
        double start = now_s();
        for (int i = 0; i < BLOCKS; i++) {
            void *p = NULL;
            check(alice_env_alloc(env, 100, ALICE_HERE, &p), "alloc");
            alice_env_free(env, p, 100);
        }
        best = least(best, now_s() - start);
    }
    return best / BLOCKS * 1e9;
}

static void bench_profile(void)
{
    alice_profile *sampling = NULL, *exact = NULL;
    alice_profile_options o = {.sample_bytes = 1};
    alice_env env = {0};
    check(alice_profile_open(&sampling, NULL), "profile");
    check(alice_profile_open(&exact, &o), "profile");
    double none = allocations(&env);
    env.profile = sampling;
    double sampled = allocations(&env);
    env.profile = exact;
    double all = allocations(&env);
    alice_profile_close(&exact);
    alice_profile_close(&sampling);
    printf("{\"bench\":\"alloc_and_free\",\"ns\":%.1f,\"sampled_ns\":%.1f,\"exact_ns\":%.1f}\n",
           none, sampled, all);
}

/* ---- reader ---- */

/* Lines of 0 to 127 letters, 64 on average. */
static void make_file(const char *path, uint64_t bytes)
{
    static char text[1 << 20];
    FILE *f = fopen(path, "w");
    unsigned seed = 1;
    size_t to_end = 40;
    if (!f) {
        perror(path);
        exit(1);
    }
    for (uint64_t done = 0; done < bytes; done += sizeof text) {
        for (size_t i = 0; i < sizeof text; i++) {
            seed = seed * 1664525u + 1013904223u;
            bool end = to_end == 0;
            text[i] = end ? '\n' : (char)('a' + seed % 26);
            to_end = end ? seed >> 25 : to_end - 1;
        }
        fwrite(text, 1, sizeof text, f);
    }
    if (fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

/* Seconds that a program takes, its output thrown away. */
static double run_program(const char *const argv[])
{
    double start = now_s();
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(127);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        return -1;
    return now_s() - start;
}

static alice_status see_chunk(void *ctx, alice_bytes chunk, uint64_t offset)
{
    uint64_t *sum = ctx;
    *sum += chunk.p[0] + offset;
    return ALICE_OK;
}

static alice_status see_line(void *ctx, const alice_line *line)
{
    uint64_t *sum = ctx;
    *sum += line->text.n;
    return ALICE_OK;
}

enum what { CHUNKS, LINES, HASH };

static double run_reader(const char *path, enum what what)
{
    uint64_t sum = 0;
    uint8_t hash[16];
    alice_reader *r = NULL;
    alice_error e = {0};
    double start = now_s();
    alice_status st = alice_reader_open(&r, path, NULL, &e);
    if (st == ALICE_OK && what == CHUNKS)
        st = alice_reader_read_chunks(r, see_chunk, &sum, &e);
    else if (st == ALICE_OK && what == LINES)
        st = alice_reader_read_lines(r, see_line, &sum, &e);
    else if (st == ALICE_OK)
        st = alice_reader_hash(r, hash, &e);
    check(st, e.text);
    alice_reader_close(&r);
    double took = now_s() - start;
    if (sum == 1) /* so that the work is not in vain, for the compiler */
        puts("");
    return took;
}

static void bench_reader(const char *name, enum what what, const char *path, uint64_t bytes,
                         const char *const program[], double goal)
{
    double ours = 1e9, theirs = 1e9;
    for (int run = 0; run < RUNS; run++) {
        double t = run_program(program);
        if (t < 0) {
            printf("{\"bench\":\"%s\",\"skipped\":\"no %s\"}\n", name, program[0]);
            return;
        }
        theirs = least(theirs, t);
        ours = least(ours, run_reader(path, what));
    }
    printf("{\"bench\":\"%s\",\"mb_per_s\":%.0f,\"against\":\"%s\",\"their_mb_per_s\":%.0f,"
           "\"ratio\":%.2f,\"goal_ratio\":%.2f}\n",
           name, (double)bytes / 1048576 / ours, program[0], (double)bytes / 1048576 / theirs,
           theirs / ours, goal);
}

int main(int argc, char **argv)
{
    uint64_t bytes = (argc > 1 ? strtoull(argv[1], NULL, 10) : 512) << 20;
    char path[4096];
    snprintf(path, sizeof path, "%s/bench-toolkit-%ld", argc > 2 ? argv[2] : "/tmp",
             (long)getpid());
    const char *const cat[] = {"cat", path, NULL};
    const char *const wc[] = {"wc", "-l", path, NULL};
    const char *const xxhsum[] = {"xxhsum", "-H2", path, NULL};

    setvbuf(stdout, NULL, _IOLBF, 0);
    bench_pool(1);
    bench_pool(4);
    bench_executor();
    bench_batch();
    bench_profile();
    make_file(path, bytes);
    bench_reader("chunks", CHUNKS, path, bytes, cat, 0.95);
    bench_reader("lines", LINES, path, bytes, wc, 0.5);
    bench_reader("hash", HASH, path, bytes, xxhsum, 0.9);
    unlink(path);
    return 0;
}
