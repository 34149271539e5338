/* SPDX-License-Identifier: MIT */
/* What stands between the hashes and the answer: files that change meanwhile, a stop, no
 * memory. */
#define _GNU_SOURCE
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <alice/duplicates.h>

#include "faulty.h"
#include "tree.h"

static int top = -1;
static char top_path[64];

static int set_up(void **state)
{
    (void)state;
    top = tree_make(top_path);
    return top < 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(top);
    tree_remove(top_path);
    return 0;
}

typedef struct seen {
    char text[512];
    bool (*meanwhile)(const alice_same_file *file); /* true: it has done its part */
    unsigned files, stop_after;
} seen;

static void on_file(void *ctx, const alice_same_file *f)
{
    seen *s = ctx;
    s->files++;
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%s%s%s",
             f->first && n ? " | "
             : n           ? " "
                           : "",
             strrchr(f->path, '/') + 1, f->link ? "=" : "");
    if (s->meanwhile && s->meanwhile(f))
        s->meanwhile = NULL;
}

static bool stop(void *ctx)
{
    const seen *s = ctx;
    return s->stop_after && s->files >= s->stop_after;
}

static alice_status look(seen *s, const alice_alloc *alloc, alice_duplicates_result *r)
{
    const char *paths[] = {top_path};
    const alice_duplicates_options o = {.env = {.alloc = alloc},
                                        .config = {.max_memory_mb = 64},
                                        .paths = paths,
                                        .path_count = 1,
                                        .on_file = on_file,
                                        .should_stop = stop,
                                        .ctx = s};
    return alice_duplicates(&o, r, NULL);
}

/* Other bytes, at the same time and of the same size. */
static void rewrite(const char *name, const char *bytes)
{
    struct stat st;
    int fd = openat(top, name, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(pwrite(fd, bytes, strlen(bytes), 0), (ssize_t)strlen(bytes));
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

static bool make_two_of_one(const alice_same_file *f)
{
    (void)f;
    rewrite("small-c", "bbbb");
    rewrite("small-d", "bbbb");
    return true;
}

static bool change_the_leader(const alice_same_file *f)
{
    (void)f;
    int fd = openat(top, "small-a", O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "more", 4), 4);
    close(fd);
    assert_int_equal(unlinkat(top, "small-c", 0), 0);
    return true;
}

static void four_small_two_large(void)
{
    char large[40000];
    memset(large, 'l', sizeof large);
    tree_file(top, "large-a", large, sizeof large);
    tree_file(top, "large-b", large, sizeof large);
    for (const char *c = "abcd"; *c; c++) {
        const char name[] = {'s', 'm', 'a', 'l', 'l', '-', *c, 0};
        tree_file(top, name, "aaaa", 4);
        const struct timespec times[2] = {{.tv_sec = *c}, {.tv_sec = *c}};
        assert_int_equal(utimensat(top, name, times, 0), 0);
    }
}

static void bytes_have_the_last_word(void **state)
{
    (void)state;
    seen s = {.meanwhile = make_two_of_one};
    alice_duplicates_result r;
    four_small_two_large();
    assert_int_equal(look(&s, NULL, &r), ALICE_OK);
    assert_non_null(strstr(s.text, " | small-a small-b | small-c small-d"));
    assert_int_equal(r.groups, 3);
    assert_int_equal(r.unread, 0);
}

static void what_changes_is_no_member(void **state)
{
    (void)state;
    seen s = {.meanwhile = change_the_leader};
    alice_duplicates_result r;
    four_small_two_large();
    assert_int_equal(look(&s, NULL, &r), ALICE_OK);
    assert_non_null(strstr(s.text, " | small-b small-d"));
    assert_int_equal(r.groups, 2);
    assert_int_equal(r.unread, 2);
}

static void a_stop_is_heeded(void **state)
{
    (void)state;
    seen s = {.stop_after = 1};
    alice_duplicates_result r;
    four_small_two_large();
    for (int i = 0; i < 600; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        tree_file(top, name, "bb", 2);
    }
    assert_int_equal(look(&s, NULL, &r), ALICE_E_CANCELLED);
    assert_int_equal(s.files, 2); /* the group at hand was told whole */
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    unsigned nth = 0;
    four_small_two_large();
    for (;; nth++) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        seen s = {.files = 0};
        alice_duplicates_result r;
        alice_status st = look(&s, &alloc, &r);
        assert_int_equal(f.live_bytes, 0);
        if (!f.fired) {
            assert_int_equal(st, ALICE_OK);
            assert_int_equal(r.groups, 2);
            break;
        }
        assert_true(st == ALICE_E_NOMEM || st == ALICE_OK);
        if (st == ALICE_OK)
            assert_int_equal(r.groups, 2); /* done without: a thread less */
    }
    assert_true(nth >= 10);
}

static void wrong_calls_are_refused(void **state)
{
    (void)state;
    alice_duplicates_options o = {.path_count = 0};
    assert_int_equal(alice_duplicates(NULL, NULL, NULL), ALICE_E_INVAL);
    assert_int_equal(alice_duplicates(&o, NULL, NULL), ALICE_E_INVAL);
    const char *paths[300] = {top_path};
    o.paths = paths;
    o.path_count = 300;
    assert_int_equal(alice_duplicates(&o, NULL, NULL), ALICE_E_INVAL);
    o.path_count = 1;
    o.config.max_memory_mb = 4;
    alice_error error;
    assert_int_equal(alice_duplicates(&o, NULL, &error), ALICE_E_BUDGET);
    assert_non_null(strstr(error.text, "--max-memory"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_have_the_last_word), TEST(what_changes_is_no_member),
        TEST(a_stop_is_heeded),         TEST(every_allocation_may_fail),
        TEST(wrong_calls_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
