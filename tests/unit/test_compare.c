/* SPDX-License-Identifier: MIT */
/* Whole files against each other, and what a probe believes of one. */
#include "test.h"
#include "tree.h"

#include "organize/compare.h"
#include "organize/probe.h"
#include "port/fs.h"

enum { CHUNK = 4096, SIZE = 3 * CHUNK + 100 };

static char path[64];
static int top;

static int set_up(void **state)
{
    (void)state;
    top = tree_make_fast(path);
    return top < 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(top);
    tree_remove(path);
    return 0;
}

static int with(const char *name, size_t size, size_t other)
{
    uint8_t *p = malloc(size);
    assert_non_null(p);
    for (size_t i = 0; i < size; i++)
        p[i] = (uint8_t)(i * 7 + i / 256);
    if (other < size)
        p[other] ^= 1;
    tree_file(top, name, p, size);
    free(p);
    int fd = openat(top, name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static bool same(size_t size_a, size_t size_b, size_t other, uint64_t size)
{
    const alice__reading_whole how = {.chunk_bytes = CHUNK};
    int a = with("a", size_a, SIZE_MAX), b = with("b", size_b, other);
    bool is = false, back = false;
    assert_ok(alice__same_bytes(&how, a, b, size, &is));
    assert_ok(alice__same_bytes(&how, b, a, size, &back));
    assert_int_equal(is, back);
    close(a);
    close(b);
    return is;
}

static void the_same_is_every_byte(void **state)
{
    (void)state;
    assert_true(same(SIZE, SIZE, SIZE_MAX, SIZE));
    for (size_t at = 0; at < SIZE; at += CHUNK / 2)
        assert_false(same(SIZE, SIZE, at, SIZE));
    assert_false(same(SIZE, SIZE, SIZE - 1, SIZE));
}

static void another_size_is_not_the_same(void **state)
{
    (void)state;
    assert_false(same(SIZE, SIZE + 1, SIZE_MAX, SIZE));
    assert_false(same(SIZE, SIZE - 1, SIZE_MAX, SIZE));
    assert_false(same(SIZE + 1, SIZE + 1, SIZE_MAX, SIZE)); /* both grew */
    assert_false(same(CHUNK, 2 * CHUNK, SIZE_MAX, CHUNK));
}

static void a_hash_is_of_the_size_that_was_asked(void **state)
{
    (void)state;
    for (unsigned mapped = 0; mapped < 2; mapped++) {
        const alice__reading_whole how = {.chunk_bytes = CHUNK, .use_mmap = mapped};
        alice__hash a, b;
        int fd = with("a", SIZE, SIZE_MAX);
        assert_ok(alice__content_hash(&how, fd, SIZE, &a));
        assert_status(alice__content_hash(&how, fd, SIZE - 1, &b), ALICE_E_CHANGED);
        assert_status(alice__content_hash(&how, fd, SIZE + 1, &b), ALICE_E_CHANGED);
        close(fd);
        fd = with("b", SIZE, SIZE - 1);
        assert_ok(alice__content_hash(&how, fd, SIZE, &b));
        assert_false(alice__same_hash(a, b));
        close(fd);
    }
}

/* ---- what a probe believes ---- */

static alice_status probe(int fd, const char *name, alice_media_info *info)
{
    static uint8_t head[65536];
    alice__analyzer *a = NULL;
    const alice_env env = {.account = NULL};
    const alice__reading r = {.fd = fd, .folders = "", .now_s = 1800000000, .all_dates = true};
    alice__file file = {.name = name};
    int os_error = 0;
    assert_ok(alice__analyzer_open(&a, &env, 32768));
    alice_status st = alice__probe_file(a, head, &r, &file, info, &os_error);
    alice__analyzer_close(&a);
    return st;
}

/* The kernel says 4096 bytes of such a file, and gives less. */
static void a_file_that_is_shorter_than_it_says_has_changed(void **state)
{
    (void)state;
    alice_media_info info;
    struct stat s;
    char byte[4096];
    int fd = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        skip_test("no such file here");
    assert_int_equal(fstat(fd, &s), 0);
    if (s.st_size <= pread(fd, byte, sizeof byte, 0))
        skip_test("it is as long as it says");
    assert_status(probe(fd, "a.jpg", &info), ALICE_E_CHANGED);
    close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_same_is_every_byte),
        TEST(another_size_is_not_the_same),
        TEST(a_hash_is_of_the_size_that_was_asked),
        TEST(a_file_that_is_shorter_than_it_says_has_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
