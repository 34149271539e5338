/* SPDX-License-Identifier: MIT */
/* What stands between the program and its machine, each way that it can go: the kernel has no
 * random bytes, tells no processors, does not count its page cache, and the processor has wide
 * registers or none. */
#define _GNU_SOURCE
#include "random.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hash_avx2.h"
#include "base/hash_wide.h"
#include "port/cpu.h"
#include "port/entropy.h"
#include "port/file_read.h"

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

/* ---- the page cache ---- */

static bool no_count, no_mincore;
static unsigned counts, mincores;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
    enum { CACHESTAT = 451 };
    long a[6] = {0};
    va_list list;
    va_start(list, number);
    for (unsigned i = 0; i < (number == CACHESTAT ? 4 : 6); i++) /* the other is preadv2 */
        a[i] = va_arg(list, long);
    va_end(list);
    counts += number == CACHESTAT;
    if (number == CACHESTAT && no_count) {
        errno = ENOSYS;
        return -1;
    }
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int __real_mincore(void *at, size_t n, unsigned char *to);
int __wrap_mincore(void *at, size_t n, unsigned char *to);
int __wrap_mincore(void *at, size_t n, unsigned char *to)
{
    mincores++;
    if (!no_mincore)
        return __real_mincore(at, n, to);
    errno = ENOSYS;
    return -1;
}

/* The first 3 MB of a file are not cached, the other 5 are. NULL: it is told so. */
static const char *wrongly_told(int fd, bool looks_only)
{
    const uint64_t mb = UINT64_C(1024) * 1024;
    static char bytes[5 * 1024 * 1024];
    alice__file_drop(fd, 0, 3 * mb);
    if (pread(fd, bytes, sizeof bytes, 3 * (off_t)mb) != (ssize_t)sizeof bytes)
        return "cannot be read";
    if (!alice__file_cached(fd, 3 * mb, 5 * mb) || !alice__file_cached(fd, 3 * mb + 17, 1))
        return "what is there is not told";
    if (!looks_only)
        return NULL; /* to look brings it in, and a disk may be as fast as that */
    if (alice__file_cached(fd, 0, 3 * mb) || alice__file_cached(fd, mb + 5, 1) ||
        alice__file_cached(fd, 0, 8 * mb))
        return "what is not there is told";
    return alice__file_cached(fd, 0, 3 * mb) ? "to look brought it in" : NULL;
}

static void what_is_cached_is_told_each_way(void **state)
{
    (void)state;
    enum { N = 8 * 1024 * 1024, TRIALS = 10 };
    char path[] = "/var/tmp/alice-test-port-XXXXXX";
    static char bytes[N];
    memset(bytes, 'x', sizeof bytes);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(write(fd, bytes, N), N);
    assert_int_equal(fsync(fd), 0); /* what is dirty cannot be dropped */
    alice__file_read_ahead(fd, ALICE__READ_AHEAD_OFF);
    alice__file_drop(fd, 0, N);
    bool droppable = !alice__file_cached(fd, 0, N);
    for (unsigned way = 0; way < 3 && droppable; way++) {
        const char *wrong = "";
        no_count = way > 0;
        no_mincore = way > 1;
        counts = mincores = 0;
        for (unsigned i = 0; i < TRIALS && wrong; i++) /* others change the cache too */
            wrong = wrongly_told(fd, way < 2);
        no_count = no_mincore = false;
        if (wrong)
            fail_msg("way %u: %s, in each of %d trials", way, wrong, TRIALS);
        assert_true(counts > 0);
        assert_true(way == 0 || mincores > 0);
    }
    close(fd);
    if (!droppable)
        skip_test("its page cache cannot be told here: a file system in memory");
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

static unsigned at_once;

void __real_alice__xxh3_avx2(const void *p, size_t n, void *hash);
void __wrap_alice__xxh3_avx2(const void *p, size_t n, void *hash);
void __wrap_alice__xxh3_avx2(const void *p, size_t n, void *hash)
{
    at_once++;
    __real_alice__xxh3_avx2(p, n, hash);
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
        b = alice__hash128_bytes_wide(bytes, n);
        assert_memory_equal(a.b, b.b, sizeof a.b);
    }
    assert_true(rounds > 600);
#ifdef ALICE__AVX2
    assert_true(!__builtin_cpu_supports("avx2") || (wide_calls > rounds && at_once == rounds));
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_differ_without_the_kernel_too),
        cmocka_unit_test(what_is_cached_is_told_each_way),
        cmocka_unit_test(processors_are_those_that_may_be_used),
        cmocka_unit_test(every_width_gives_the_same_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
