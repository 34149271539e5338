/* SPDX-License-Identifier: MIT */
/* What stands between the program and its machine, each way that it can go: the kernel has no
 * random bytes, tells no processors, and the processor has wide registers or none. */
#define _GNU_SOURCE
#include "random.h"
#include "test.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hash_avx2.h"
#include "base/hash_wide.h"
#include "port/cpu.h"
#include "port/entropy.h"

/* ---- random bytes ---- */

static bool no_random;

ssize_t __real_getrandom(void *to, size_t n, unsigned flags);
ssize_t __wrap_getrandom(void *to, size_t n, unsigned flags);
ssize_t __wrap_getrandom(void *to, size_t n, unsigned flags)
{
    if (!no_random)
        return __real_getrandom(to, n, flags);
    errno = EAGAIN;
    return -1;
}

static void numbers_differ_without_the_kernel_too(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        no_random = round == 1;
        uint64_t was = alice__random64();
        assert_true(was != 0);
        for (unsigned i = 0; i < 100; i++) {
            uint64_t now = alice__random64();
            assert_true(now != was);
            was = now;
        }
    }
    no_random = false;
}

/* ---- processors ---- */

static int affinity_error;

int __real_sched_getaffinity(pid_t pid, size_t n, cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t pid, size_t n, cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t pid, size_t n, cpu_set_t *set)
{
    if (!affinity_error)
        return __real_sched_getaffinity(pid, n, set);
    errno = affinity_error;
    return -1;
}

static void processors_are_those_that_may_be_used(void **state)
{
    (void)state;
    unsigned all = alice__cpu_count();
    assert_true(all >= 1);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        cpu_set_t had, one;
        size_t cpu = 0;
        if (__real_sched_getaffinity(0, sizeof had, &had) != 0)
            _exit(2);
        while (!CPU_ISSET(cpu, &had))
            cpu++;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        _exit(sched_setaffinity(0, sizeof one, &one) == 0 ? alice__cpu_count() != 1 : 2);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    affinity_error = EINVAL; /* as where there are more than fit the set */
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    assert_int_equal(alice__cpu_count(), online > 0 ? online : 1);
    affinity_error = 0;
}

/* ---- hashes ---- */

#ifdef ALICE__AVX2
static unsigned wide_calls;

void __real_alice__xxh3_update_avx2(void *state, const void *p, size_t n);
void __wrap_alice__xxh3_update_avx2(void *state, const void *p, size_t n);
void __wrap_alice__xxh3_update_avx2(void *state, const void *p, size_t n)
{
    wide_calls++;
    __real_alice__xxh3_update_avx2(state, p, n);
}
#endif

/* Of every length, in pieces of every length, by every way: one hash. */
static void every_width_gives_the_same_hash(void **state)
{
    (void)state;
    enum { MOST = 5000 };
    static uint8_t bytes[MOST];
    struct random r = {.state = 11};
    unsigned rounds = 0;
    for (size_t i = 0; i < MOST; i++)
        bytes[i] = (uint8_t)random_below(&r, 256);
    for (size_t n = 0; n <= MOST; n += n < 600 ? 1 : 97, rounds++) {
        alice__hasher plain, wide;
        alice__hasher_init(&plain);
        alice__hasher_init(&wide);
        alice__hasher_update(&plain, bytes, n);
        for (size_t at = 0; at < n;) {
            size_t piece = 1 + random_below(&r, 700);
            piece = piece < n - at ? piece : n - at;
            alice__hasher_update_wide(&wide, bytes + at, piece);
            at += piece;
        }
        alice__hash128 a = alice__hasher_final(&plain), b = alice__hasher_final(&wide);
        assert_memory_equal(a.b, b.b, sizeof a.b);
    }
    assert_true(rounds > 600);
#ifdef ALICE__AVX2
    assert_true(!__builtin_cpu_supports("avx2") || wide_calls > rounds);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_differ_without_the_kernel_too),
        cmocka_unit_test(processors_are_those_that_may_be_used),
        cmocka_unit_test(every_width_gives_the_same_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
