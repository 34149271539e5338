/* SPDX-License-Identifier: MIT */
/*
 * The walk at sizes that do not fit: a directory of 200,000 names, one of 40,000
 * subdirectories, a tree 10,000 levels deep, each inside an account of half a
 * megabyte and a little. ALICE_STRESS=5: five times as many names.
 */
#include "test.h"
#include "tree.h"

#include <errno.h>
#include <stdlib.h>

#include <alice/budget.h>

#include "organize/walk.h"

enum { CAP = 640 * 1024, NAMES = 512 * 1024 };

static unsigned times(unsigned count)
{
    const char *more = getenv("ALICE_STRESS");
    int n = more ? atoi(more) : 1;
    return count * (unsigned)(n > 0 ? n : 1);
}

typedef struct place {
    char path[64];
    int top;
    alice_budget *budget;
    alice_account *account;
} place;

static int set_up(void **state)
{
    static place p;
    alice_budget_options o = {.limit = 16 * ALICE_MB};
    *state = &p;
    p.top = tree_make(p.path);
    return p.top < 0 || alice_budget_open(&p.budget, &o) != ALICE_OK ||
           alice_account_open(&p.account, alice_budget_root(p.budget), "walk", CAP) != ALICE_OK;
}

static int tear_down(void **state)
{
    place *p = *state;
    alice_account_close(&p->account);
    alice_budget_close(&p->budget, NULL);
    tree_empty(p->top);
    close(p->top);
    tree_remove(p->path);
    return 0;
}

static alice__walk *start(place *p)
{
    alice__walk *w = NULL;
    alice__walk_options o = {.env = {.account = p->account},
                             .root_fd = p->top,
                             .names_bytes = NAMES,
                             .scratch_dir = p->path};
    assert_ok(alice__walk_open(&w, &o, NULL));
    return w;
}

static void end(place *p, alice__walk *w)
{
    alice__walk_close(&w);
    print_message("# peak of the account: %zu KB\n", alice_account_peak(p->account) / 1024);
    assert_true(alice_account_peak(p->account) <= CAP);
    assert_int_equal(alice_account_used(p->account), 0);
}

/* Names of one inode are cheaper to make than files; a file system bounds how many. */
static void many_names(void **state)
{
    place *p = *state;
    enum { EACH = 50000 };
    const unsigned count = times(200000);
    char one[64], name[64], before[64] = "";
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "IMG_%08x_%07u.jpg", i * 2654435761u, i);
        if (i % EACH == 0) {
            tree_file(p->top, name, "", 0);
            memcpy(one, name, sizeof one);
        } else if (linkat(p->top, one, p->top, name, 0) != 0) {
            tree_file(p->top, name, "", 0);
        }
    }
    alice__walk *w = start(p);
    alice__entry e;
    unsigned files = 0;
    while (alice__walk_next(w, &e) == ALICE_OK) {
        assert_int_equal(e.kind, ALICE__ENTRY_FILE);
        assert_true(strcmp(before, e.name) < 0);
        snprintf(before, sizeof before, "%s", e.name);
        files++;
    }
    assert_int_equal(files, count);
    alice__walk_stats s;
    alice__walk_stats_get(w, &s);
    assert_int_equal(s.spilled_names, count);
    end(p, w);
}

static void many_subdirectories(void **state)
{
    place *p = *state;
    const unsigned count = times(40000);
    char name[64], before[64] = "";
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "a folder of the many %u", i * 2654435761u);
        assert_int_equal(mkdirat(p->top, name, 0700), 0);
        if (i % 1000 == 0) {
            strcat(name, "/f");
            tree_file(p->top, name, "", 0);
        }
    }
    alice__walk *w = start(p);
    alice__entry e;
    unsigned files = 0;
    while (alice__walk_next(w, &e) == ALICE_OK) {
        assert_int_equal(e.kind, ALICE__ENTRY_FILE);
        assert_true(strcmp(before, alice__folder_path(e.folder)) < 0);
        snprintf(before, sizeof before, "%s", alice__folder_path(e.folder));
        files++;
    }
    assert_int_equal(files, count / 1000);
    alice__walk_stats s;
    alice__walk_stats_get(w, &s);
    assert_int_equal(s.folders, count + 1);
    end(p, w);
}

static void ten_thousand_levels(void **state)
{
    place *p = *state;
    enum { DEPTH = 10000 };
    int at = dup(p->top);
    for (int i = 0; i < DEPTH; i++) {
        tree_file(at, "f", "", 0);
        assert_int_equal(mkdirat(at, "d", 0700), 0);
        int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(at);
        at = next;
    }
    close(at);
    alice__walk *w = start(p);
    alice__entry e;
    unsigned files = 0, errors = 0;
    while (alice__walk_next(w, &e) == ALICE_OK) {
        files += e.kind == ALICE__ENTRY_FILE;
        if (e.kind == ALICE__ENTRY_ERROR) {
            assert_int_equal(e.os_error, ENAMETOOLONG);
            errors++;
        }
    }
    assert_int_equal(files, (ALICE__WALK_PATH + 1) / 2 + 1);
    assert_int_equal(errors, 1);
    end(p, w);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(many_names),
        TEST(many_subdirectories),
        TEST(ten_thousand_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
