/* SPDX-License-Identifier: MIT */
/* The process limit, for real: each test sets it in a child. */
#include "test.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <alice/limit.h>
#include <alice/monitor.h>

#include "port/limits.h"

static void in_child(int (*fn)(void))
{
    if (alice_limit_sanitized() || under_valgrind())
        skip_test("what it needs is not here");
    pid_t child = fork();
    if (child == 0)
        _exit(fn());
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* The line that failed, as the child's exit status. */
#define NEED(condition)                                             \
    do {                                                            \
        if (!(condition)) {                                         \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
            return 1;                                               \
        }                                                           \
    } while (0)

static alice_limit *begin(size_t above_resident)
{
    alice_limit *l = NULL;
    alice_limit_options o = {.limit_bytes = alice_limit_resident() + above_resident};
    return alice_limit_begin(&l, &o) == ALICE_OK ? l : NULL;
}

static size_t peak(void)
{
    alice_process_usage u;
    return alice_monitor_process(0, &u) == ALICE_OK ? u.peak : 0;
}

/* Allocate and touch blocks until there are no more; free them; how many there were. */
static size_t fill(size_t block)
{
    static char *blocks[4096];
    size_t n = 0;
    while (n < 4096 && (blocks[n] = malloc(block)) != NULL)
        memset(blocks[n++], 1, block);
    for (size_t i = 0; i < n; i++)
        free(blocks[i]);
    return n;
}

static int beyond_fails_and_freed_is_usable(void)
{
    size_t start = alice_limit_resident();
    alice_limit *l = begin(16 * ALICE_MB);
    NEED(l && alice_limit_active(l) && alice_limit_data_bytes(l) > 0);
    void *volatile big = malloc(32 * ALICE_MB);
    NEED(big == NULL);
    size_t first = fill(10000);
    NEED(first * 10000 > 13 * ALICE_MB && first * 10000 < 16 * ALICE_MB);
    /* Freed is usable again, in other sizes too, and as often as one likes. */
    for (int i = 0; i < 5; i++) {
        NEED(fill(10000) * 100 >= first * 99);
        NEED(fill(ALICE_MB) >= 13);
        NEED(fill(100000) >= 130);
    }
    NEED(peak() < start + 16 * ALICE_MB);
    alice_limit_end(&l);
    NEED(l == NULL);
    big = malloc(32 * ALICE_MB);
    NEED(big != NULL);
    free(big);
    return 0;
}

static void an_allocation_beyond_fails(void **state)
{
    (void)state;
    in_child(beyond_fails_and_freed_is_usable);
}

static int all_is_as_before(void)
{
    struct rlimit was, now;
    size_t stack_was, stack;
    NEED(getrlimit(RLIMIT_DATA, &was) == 0);
    int thp_was = alice__limits_get_thp_off();
    int has_stack = alice__limits_get_stack(&stack_was);
    alice_limit *outer = begin(64 * ALICE_MB);
    NEED(outer);
    if (thp_was >= 0)
        NEED(alice__limits_get_thp_off() == 1);
    if (has_stack == 0)
        NEED(alice__limits_get_stack(&stack) == 0 && stack == 256 * ALICE_KB);
    alice_limit *inner = begin(16 * ALICE_MB);
    NEED(inner && alice_limit_data_bytes(inner) < alice_limit_data_bytes(outer));
    alice_limit *wider = begin(256 * ALICE_MB); /* never above what is in force */
    NEED(wider && alice_limit_data_bytes(wider) == alice_limit_data_bytes(inner));
    alice_limit_end(&wider);
    alice_limit_end(&inner);
    NEED(getrlimit(RLIMIT_DATA, &now) == 0 && now.rlim_cur == alice_limit_data_bytes(outer));
    alice_limit_end(&outer);
    alice_limit_end(&outer);
    NEED(getrlimit(RLIMIT_DATA, &now) == 0 && now.rlim_cur == was.rlim_cur);
    NEED(now.rlim_max == was.rlim_max);
    NEED(alice__limits_get_thp_off() == thp_was);
    if (has_stack == 0)
        NEED(alice__limits_get_stack(&stack) == 0 && stack == stack_was);
    return 0;
}

static void the_end_restores(void **state)
{
    (void)state;
    in_child(all_is_as_before);
}

static int too_little_is_refused(void)
{
    struct rlimit was, now;
    getrlimit(RLIMIT_DATA, &was);
    alice_limit *l = NULL;
    alice_limit_options o = {.limit_bytes = alice_limit_resident()};
    NEED(alice_limit_begin(&l, &o) == ALICE_E_BUDGET && l == NULL);
    getrlimit(RLIMIT_DATA, &now);
    NEED(now.rlim_cur == was.rlim_cur);
    return 0;
}

static void less_than_resident_is_refused(void **state)
{
    (void)state;
    in_child(too_little_is_refused);
}

static void *grab(void *out)
{
    void *volatile p = malloc(64 * ALICE_MB);
    *(int *)out = p != NULL;
    free(p);
    return NULL;
}

static int threads_start_and_are_held(void)
{
    alice_limit *l = begin(8 * ALICE_MB);
    pthread_t threads[8];
    int got[8];
    NEED(l);
    /* With stacks of 8 MB the second would not start. */
    for (int i = 0; i < 8; i++)
        NEED(pthread_create(&threads[i], NULL, grab, &got[i]) == 0);
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        NEED(!got[i]);
    }
    alice_limit_end(&l);
    return 0;
}

static void threads_have_small_stacks(void **state)
{
    (void)state;
    in_child(threads_start_and_are_held);
}

#ifdef __GLIBC__
/* Resident after large blocks came and went. */
static size_t left_after_large_blocks(void)
{
    size_t before = alice_limit_resident();
    for (int i = 0; i < 3; i++) {
        char *volatile p = malloc(8 * ALICE_MB); /* volatile: or it is optimized away */
        if (!p)
            return SIZE_MAX;
        memset(p, 1, 8 * ALICE_MB);
        free(p);
    }
    return alice_limit_resident() - before;
}

static int floating_thresholds_keep_memory(void)
{
    NEED(left_after_large_blocks() > 7 * ALICE_MB);
    return 0;
}

static int fixed_thresholds_do_not(void)
{
    alice_limit *l = begin(64 * ALICE_MB);
    NEED(l);
    NEED(left_after_large_blocks() < ALICE_MB);
    alice_limit_end(&l);
    return 0;
}

/* Why the thresholds are fixed: without, 8 MB stay after they were freed. */
static void large_blocks_go_back(void **state)
{
    (void)state;
    in_child(floating_thresholds_keep_memory);
    in_child(fixed_thresholds_do_not);
}
#endif

static void sanitizers_switch_it_off(void **state)
{
    (void)state;
    if (!alice_limit_sanitized())
        skip_test("what it needs is not here");
    alice_limit *l = NULL;
    assert_ok(alice_limit_begin(&l, &(alice_limit_options){.limit_bytes = ALICE_MB}));
    assert_false(alice_limit_active(l));
    assert_int_equal(alice_limit_data_bytes(l), 0);
    alice_limit_end(&l);
}

static void wrong_use_is_named(void **state)
{
    (void)state;
    alice_limit *l = NULL;
    assert_status(alice_limit_begin(&l, NULL), ALICE_E_INVAL);
    assert_status(alice_limit_begin(&l, &(alice_limit_options){0}), ALICE_E_INVAL);
    assert_false(alice_limit_active(NULL));
    alice_limit_end(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_allocation_beyond_fails),
        cmocka_unit_test(the_end_restores),
        cmocka_unit_test(less_than_resident_is_refused),
        cmocka_unit_test(threads_have_small_stacks),
#ifdef __GLIBC__
        cmocka_unit_test(large_blocks_go_back),
#endif
        cmocka_unit_test(sanitizers_switch_it_off),
        cmocka_unit_test(wrong_use_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
