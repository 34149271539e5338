/* SPDX-License-Identifier: MIT */
/* The ring of groups against a plain list: order, room, folders held, what is read and what is
 * not. */
#include "test.h"
#include "random.h"
#include "tree.h"

#include <errno.h>
#include <sys/resource.h>

#include "base/error.h"
#include "organize/probe.h"
#include "organize/walk.h"

enum { FOLDERS = 24, TREES = 100000, MOST = 400 };

typedef struct place {
    char path[64];
    int top;
    alice__folder *folder[FOLDERS]; /* [0] is the root */
} place;

static int set_up(void **state)
{
    static place p;
    memset(&p, 0, sizeof p);
    p.top = tree_make_fast(p.path);
    if (p.top < 0)
        return 1;
    for (int i = 0; i < FOLDERS; i++) {
        char name[16];
        snprintf(name, sizeof name, "d%02d", i);
        int fd = p.top;
        if (i > 0 && (mkdirat(p.top, name, 0755) != 0 ||
                      (fd = openat(p.top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0))
            return 1;
        tree_file(fd, "file", "not media", 9);
        if (i > 0)
            close(fd);
    }
    alice__walk *w = NULL;
    alice__walk_options o = {.root_fd = p.top};
    alice__entry e;
    if (alice__walk_open(&w, &o, NULL) != ALICE_OK)
        return 1;
    for (int i = 0; i < FOLDERS && alice__walk_next(w, &e) == ALICE_OK; i++)
        p.folder[i] = alice__folder_ref(e.folder);
    alice__walk_close(&w);
    *state = &p;
    return p.folder[FOLDERS - 1] == NULL;
}

static int tear_down(void **state)
{
    place *p = *state;
    for (int i = 0; i < FOLDERS; i++)
        alice__folder_unref(p->folder[i]);
    close(p->top);
    tree_remove(p->path);
    return 0;
}

static alice__prober *open_prober(unsigned window, unsigned threads)
{
    alice__prober *p = NULL;
    alice__prober_options o = {
        .window = window, .ahead = window / 3, .threads = threads, .text_bytes = 32768};
    assert_ok(alice__prober_open(&p, &o));
    return p;
}

/* ---- the model ---- */

typedef enum what { SETTLED, UNREADABLE, FILE_THERE, FILE_GONE, WHATS } what;

typedef struct expected {
    what what;
    unsigned folder, serial;
    bool begins_group; /* the ones before it were handed out without waiting for it */
} expected;

typedef struct model {
    expected list[MOST];
    unsigned begin, end; /* on their way */
    unsigned last_count; /* of the newest group */
    bool last_open;      /* it still fills */
    unsigned most_groups;
} model;

static unsigned groups_of(const model *m)
{
    unsigned n = m->end > m->begin;
    for (unsigned i = m->begin + 1; i < m->end; i++)
        n += m->list[i].begins_group;
    return n;
}

static unsigned folders_of(const model *m)
{
    unsigned n = m->end > m->begin;
    for (unsigned i = m->begin + 1; i < m->end; i++)
        n += m->list[i].folder != m->list[i - 1].folder;
    return n;
}

static bool fills(const model *m)
{
    return m->end > m->begin && m->last_open && m->last_count < ALICE__GROUP;
}

static void compare(const alice__prober *p, const model *m)
{
    assert_int_equal(alice__prober_count(p), m->end - m->begin);
    assert_int_equal(alice__prober_folders(p), folders_of(m));
    assert_int_equal(alice__prober_has_room(p), groups_of(m) < m->most_groups || fills(m));
}

static void add(alice__prober *p, model *m, const place *at, expected e)
{
    char name[32];
    e.begins_group = !fills(m);
    m->last_count = e.begins_group ? 1 : m->last_count + 1;
    m->last_open = true;
    m->list[m->end++] = e;
    if (e.what == FILE_THERE)
        snprintf(name, sizeof name, "file");
    else
        snprintf(name, sizeof name, "gone-%u", e.serial);
    alice__probe *s = alice__prober_add(p, at->folder[e.folder], name);
    s->now_s = INT64_C(1800000000);
    s->settled = e.what == SETTLED || e.what == UNREADABLE;
    s->status = e.what == UNREADABLE ? ALICE_E_ACCESS : ALICE_OK;
    s->os_error = e.what == UNREADABLE ? EACCES : 0;
    s->file.stamp.size = e.serial;
}

static void take(alice__prober *p, model *m, const place *at, bool no_descriptors)
{
    alice__probe *s = alice__prober_next(p);
    if (m->begin == m->end) {
        assert_null(s);
        return;
    }
    if (groups_of(m) == 1)
        m->last_open = false; /* next() has submitted it */
    expected e = m->list[m->begin++];
    assert_non_null(s);
    assert_ptr_equal(s->folder, at->folder[e.folder]);
    switch (e.what) {
    case FILE_THERE:
        assert_string_equal(s->file.name, "file");
        assert_int_equal(s->status, no_descriptors ? alice__status_of_errno(EMFILE) : ALICE_OK);
        assert_int_equal(s->file.stamp.size, no_descriptors ? e.serial : 9);
        break;
    case FILE_GONE:
        assert_int_equal(s->os_error, no_descriptors ? EMFILE : ENOENT);
        break;
    default:
        assert_int_equal(s->status, e.what == UNREADABLE ? ALICE_E_ACCESS : ALICE_OK);
        assert_int_equal(s->file.stamp.size, e.serial);
    }
    if (e.what != FILE_THERE) {
        char name[32];
        snprintf(name, sizeof name, "gone-%u", e.serial);
        assert_string_equal(s->file.name, name);
    }
    alice__prober_release(p);
}

/* ---- random trees ---- */

/* A walk of a tree that is made up as it goes: files, then folders, errors named in their
 * parent. */
typedef struct made_walk {
    struct random *random;
    unsigned stack[FOLDERS], depth;
    unsigned next_folder, left, unreadable_in_100;
} made_walk;

static expected next_entry(made_walk *w, unsigned serial)
{
    struct random *r = w->random;
    while (w->left == 0) {
        bool down = w->next_folder < FOLDERS && (w->depth == 1 || random_below(r, 3) > 0);
        if (down) {
            w->stack[w->depth++] = w->next_folder++;
            w->left = random_below(r, 4) ? random_below(r, 18) : random_below(r, 60);
        } else if (w->depth > 1) {
            w->depth--;
        } else {
            w->next_folder = 1; /* the tree goes on: the same folders, met again */
        }
        if (random_below(r, 100) < w->unreadable_in_100)
            return (expected){.what = UNREADABLE,
                              .folder = w->stack[w->depth > 1 ? w->depth - 2 : 0],
                              .serial = serial};
    }
    w->left--;
    unsigned dice = random_below(r, 50);
    return (expected){.what = dice == 0   ? FILE_THERE
                              : dice == 1 ? FILE_GONE
                                          : SETTLED,
                      .folder = w->stack[w->depth - 1],
                      .serial = serial};
}

/* One tree, fed and consumed as a run does. */
static void try_tree(alice__prober *p, const place *at, struct random *r, unsigned window)
{
    static model m;
    m = (model){.most_groups = window / ALICE__GROUP + 2};
    made_walk w = {.random = r,
                   .depth = 1,
                   .next_folder = 1,
                   .left = random_below(r, 20),
                   .unreadable_in_100 = random_below(r, 2) ? 0 : random_below(r, 60)};
    unsigned entries = random_below(r, random_below(r, 20) ? 60 : MOST), serial = 0;
    unsigned folders = 1 + random_below(r, 12);
    while (serial < entries || m.begin < m.end) {
        while (serial < entries && alice__prober_count(p) < window &&
               alice__prober_folders(p) < folders && alice__prober_has_room(p)) {
            add(p, &m, at, next_entry(&w, ++serial));
            if (random_below(r, 16) == 0)
                break;
        }
        if (random_below(r, 4) == 0) {
            alice__prober_submit(p);
            m.last_open = false;
        }
        compare(p, &m);
        for (unsigned k = random_below(r, 20) ? 1 : random_below(r, 40); k > 0; k--)
            take(p, &m, at, false);
        compare(p, &m);
    }
    take(p, &m, at, false); /* nothing is left */
}

static void the_ring_is_a_list(void **state)
{
    const place *at = *state;
    struct random r = {.state = 8};
    static const unsigned windows[] = {0, 1, 16, 32, 40, 100};
    enum { EACH = 500 };
    unsigned trees = under_valgrind() ? 2000 : TREES;
    for (unsigned i = 0; i < trees; i += EACH) {
        unsigned window = windows[i / EACH % 6];
        alice__prober *p = open_prober(window ? window : 1, i / EACH % 7 ? 0 : 2);
        for (unsigned k = 0; k < EACH; k++)
            try_tree(p, at, &r, window ? window : 1);
        alice__prober_close(&p);
        assert_null(p);
    }
}

/* Groups of 14, as the smallest crash had them: the ring fills with groups that are not full.
 */
static void small_groups_fill_the_ring(void **state)
{
    const place *at = *state;
    static model m;
    m = (model){.most_groups = 4};
    alice__prober *p = open_prober(2 * ALICE__GROUP, 0);
    unsigned serial = 0;
    for (unsigned g = 0; g < 3; g++) {
        for (unsigned i = 0; i < 5; i++)
            add(p, &m, at, (expected){.what = SETTLED, .folder = g, .serial = ++serial});
        alice__prober_submit(p);
        m.last_open = false;
    }
    while (m.last_count < ALICE__GROUP || !m.last_open) {
        assert_true(alice__prober_has_room(p));
        add(p, &m, at, (expected){.what = FILE_THERE, .folder = 3, .serial = ++serial});
    }
    /* All four groups are in use, the last one full and not submitted: that is full. */
    assert_false(alice__prober_has_room(p));
    compare(p, &m);
    for (unsigned i = 0; i < 4; i++)
        take(p, &m, at, false);
    assert_false(alice__prober_has_room(p));
    take(p, &m, at, false);
    assert_true(alice__prober_has_room(p));
    while (m.begin < m.end)
        take(p, &m, at, false);
    alice__prober_close(&p);
}

static void each_file_fails_alone_without_descriptors(void **state)
{
    const place *at = *state;
    static model m;
    struct rlimit was, none;
    m = (model){.most_groups = 4};
    alice__prober *p = open_prober(2 * ALICE__GROUP, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    none = was;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    for (unsigned i = 0; i < 30; i++)
        add(p, &m, at,
            (expected){.what = (what)(i % WHATS), .folder = i % FOLDERS, .serial = i + 1});
    while (m.begin < m.end)
        take(p, &m, at, true);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    /* And the ring goes on where there are some again. */
    add(p, &m, at, (expected){.what = FILE_THERE, .serial = 99});
    take(p, &m, at, false);
    alice__prober_close(&p);
}

static void closing_lets_go_of_what_is_under_way(void **state)
{
    const place *at = *state;
    for (unsigned n = 1; n <= 48; n++) {
        static model m;
        m = (model){.most_groups = 4};
        alice__prober *p = open_prober(32, n % 3);
        for (unsigned i = 0; i < n; i++)
            add(p, &m, at,
                (expected){.what = (what)(i % WHATS), .folder = i % FOLDERS, .serial = i + 1});
        alice__prober_close(&p);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_ring_is_a_list),
        TEST(small_groups_fill_the_ring),
        TEST(each_file_fails_alone_without_descriptors),
        TEST(closing_lets_go_of_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
