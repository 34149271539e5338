/* SPDX-License-Identifier: MIT */
/*
 * alice_arrivals on real folders and real events, with a clock that the test moves: a wait of 0
 * ms says what is due now.
 */
#define _GNU_SOURCE
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <alice/arrivals.h>

#include "faulty.h"
#include "mounts.h"
#include "port/notify.h"
#include "sweep.h"
#include "tree.h"

/* The linker leads these calls of the library here. */
static struct {
    int open_fails, add_fails; /* -errno; 0: they work */
    unsigned add_most;         /* folders until it fails */
} kernel;

int __real_alice__notify_open(int *out);
int __wrap_alice__notify_open(int *out);
int __wrap_alice__notify_open(int *out)
{
    return kernel.open_fails ? kernel.open_fails : __real_alice__notify_open(out);
}

int __real_alice__notify_add(int set, int folder);
int __wrap_alice__notify_add(int set, int folder);
int __wrap_alice__notify_add(int set, int folder)
{
    if (kernel.add_fails && kernel.add_most-- == 0) {
        kernel.add_most = 0;
        return kernel.add_fails;
    }
    return __real_alice__notify_add(set, folder);
}

static char top_path[64], inbox[96];
static int top = -1;
static struct fake_clock time_now;
static alice_clock the_clock;

static int set_up(void **state)
{
    (void)state;
    kernel.open_fails = kernel.add_fails = 0;
    top = tree_make_fast(top_path);
    if (top < 0)
        return 1;
    snprintf(inbox, sizeof inbox, "%s/in", top_path);
    time_now.now_ns = UINT64_C(1000000000000);
    the_clock = fake_clock_of(&time_now);
    return mkdirat(top, "in", 0755);
}

static int tear_down(void **state)
{
    (void)state;
    close(top);
    tree_remove(top_path);
    return 0;
}

static alice_arrivals *watch_with(alice_arrivals_options o)
{
    alice_arrivals *w = NULL;
    o.env.clock = &the_clock;
    o.folder = inbox;
    assert_status(alice_arrivals_open(&w, &o, NULL), ALICE_OK);
    return w;
}

static void pass(unsigned ms)
{
    time_now.now_ns += ms * UINT64_C(1000000);
}

static void expect(alice_arrivals *w, alice_arrivals_event event)
{
    alice_arrivals_event is = (alice_arrivals_event)9;
    assert_status(alice_arrivals_wait(w, 0, &is, NULL), ALICE_OK);
    assert_int_equal(is, event);
}

static void expect_nothing(alice_arrivals *w)
{
    alice_arrivals_event is;
    assert_status(alice_arrivals_wait(w, 0, &is, NULL), ALICE_E_TIMEOUT);
}

static alice_arrivals_stats stats_of(const alice_arrivals *w)
{
    alice_arrivals_stats s;
    alice_arrivals_stats_get(w, &s);
    return s;
}

static void put(const char *name)
{
    tree_file(top, name, "x", 1);
}

static void folder(const char *name)
{
    assert_int_equal(mkdirat(top, name, 0755), 0);
}

/* It arrives, and rests. */
static void expect_arrival(alice_arrivals *w)
{
    expect_nothing(w);
    pass(3000);
    expect(w, ALICE_ARRIVALS_CAME);
    expect_nothing(w);
}

static void what_arrives_is_told_once_it_rests(void **state)
{
    (void)state;
    put("in/before.jpg");
    alice_arrivals *w = watch_with((alice_arrivals_options){.quiet_ms = 0});
    expect(w, ALICE_ARRIVALS_LOOK); /* the first: who is woken looks at all */
    expect_nothing(w);
    put("in/a.jpg");
    expect_nothing(w);
    pass(2999);
    expect_nothing(w);
    put("in/b.jpg"); /* not yet: it goes on */
    expect_nothing(w);
    pass(2999);
    expect_nothing(w);
    pass(1);
    expect(w, ALICE_ARRIVALS_CAME);
    expect_nothing(w);
    pass(10000);
    expect_nothing(w);
    alice_arrivals_close(&w);
    assert_null(w);
}

static void what_never_rests_is_told_all_the_same(void **state)
{
    (void)state;
    alice_arrivals *w =
        watch_with((alice_arrivals_options){.quiet_ms = 3000, .longest_ms = 10000});
    expect(w, ALICE_ARRIVALS_LOOK);
    for (unsigned ms = 0; ms < 10000; ms += 2000) {
        put("in/grows.mp4");
        expect_nothing(w);
        pass(2000);
    }
    expect(w, ALICE_ARRIVALS_CAME);
    alice_arrivals_close(&w);
}

static void new_folders_are_watched(void **state)
{
    (void)state;
    alice_arrivals *w = watch_with((alice_arrivals_options){.quiet_ms = 0});
    expect(w, ALICE_ARRIVALS_LOOK);
    assert_int_equal(stats_of(w).folders, 1);
    folder("in/trip");
    folder("in/trip/day");
    put("in/trip/day/early.jpg"); /* before anybody watches it: whoever is woken sees it */
    expect_arrival(w);
    assert_int_equal(stats_of(w).folders, 3);
    put("in/trip/day/late.jpg");
    expect_arrival(w);
    folder("attic");
    folder("attic/deep");
    assert_int_equal(renameat(top, "attic", top, "in/attic"), 0); /* a whole tree at once */
    expect_arrival(w);
    assert_int_equal(stats_of(w).folders, 5);
    put("in/attic/deep/a.jpg");
    expect_arrival(w);
    alice_arrivals_close(&w);
}

static void a_folder_that_went_is_not_told_of(void **state)
{
    (void)state;
    folder("in/trip");
    folder("in/trip/day");
    alice_arrivals *w = watch_with((alice_arrivals_options){.quiet_ms = 0});
    expect(w, ALICE_ARRIVALS_LOOK);
    assert_int_equal(renameat(top, "in/trip", top, "elsewhere"), 0);
    put("in/a.jpg");
    expect_arrival(w);
    assert_int_equal(stats_of(w).folders, 1);
    put("elsewhere/day/b.jpg");
    pass(60000);
    expect_nothing(w);
    /* One that was removed and made again is another. */
    folder("in/trip");
    expect_arrival(w);
    assert_int_equal(unlinkat(top, "in/trip", AT_REMOVEDIR), 0);
    folder("in/trip");
    expect_arrival(w);
    put("in/trip/c.jpg");
    expect_arrival(w);
    alice_arrivals_close(&w);
}

static void hidden_names_are_nobodys_business(void **state)
{
    (void)state;
    folder("in/.thumbs");
    folder("in/out");
    char out[112];
    snprintf(out, sizeof out, "%s/out", inbox);
    alice_arrivals *w = watch_with((alice_arrivals_options){.leave = out});
    expect(w, ALICE_ARRIVALS_LOOK);
    assert_int_equal(stats_of(w).folders, 1);
    put("in/.part");
    put("in/.thumbs/a.jpg");
    put("in/out/a.jpg");
    pass(60000);
    expect_nothing(w);
    assert_int_equal(renameat(top, "in/.part", top, "in/whole.jpg"), 0);
    expect_arrival(w);
    alice_arrivals_close(&w);
}

static void looks_are_due_now_and_then(void **state)
{
    (void)state;
    alice_arrivals *w = watch_with((alice_arrivals_options){.look_ms = 600000});
    expect(w, ALICE_ARRIVALS_LOOK);
    pass(599999);
    expect_nothing(w);
    pass(1);
    expect(w, ALICE_ARRIVALS_LOOK);
    expect_nothing(w);
    alice_arrivals_again(w, 5000); /* a file was busy */
    pass(4999);
    expect_nothing(w);
    pass(1);
    expect(w, ALICE_ARRIVALS_LOOK);
    pass(5000);
    expect_nothing(w); /* once */
    alice_arrivals_close(&w);
}

static void the_folder_may_go_and_come(void **state)
{
    (void)state;
    assert_int_equal(renameat(top, "in", top, "unplugged"), 0);
    alice_arrivals *w = watch_with((alice_arrivals_options){.quiet_ms = 0});
    expect_nothing(w); /* it may come later */
    assert_true(stats_of(w).away);
    assert_int_equal(renameat(top, "unplugged", top, "in"), 0);
    pass(2000);
    expect(w, ALICE_ARRIVALS_LOOK);
    assert_false(stats_of(w).away);
    put("in/a.jpg");
    expect_arrival(w);
    /* Gone while something is pending: nobody is woken for it. */
    put("in/b.jpg");
    expect_nothing(w);
    assert_int_equal(renameat(top, "in", top, "unplugged"), 0);
    pass(5000);
    expect_nothing(w);
    pass(24 * 3600 * 1000u);
    expect_nothing(w);
    assert_int_equal(renameat(top, "unplugged", top, "in"), 0);
    pass(5000);
    expect_nothing(w);
    pass(3000);
    expect(w, ALICE_ARRIVALS_LOOK);
    put("in/c.jpg");
    expect_arrival(w);
    alice_arrivals_close(&w);
}

static void what_is_mounted_again_is_watched_again(void **state)
{
    (void)state;
    if (!mounts_possible())
        skip();
    assert_true(run("mount -t tmpfs none %s", inbox));
    alice_arrivals *w = watch_with((alice_arrivals_options){.quiet_ms = 0});
    expect(w, ALICE_ARRIVALS_LOOK);
    put("in/a.jpg");
    expect_arrival(w);
    assert_true(run("umount %s", inbox)); /* the watch does not hold it */
    pass(5000);
    expect_nothing(w);
    pass(3000);
    expect(w, ALICE_ARRIVALS_LOOK); /* of what is there now: an empty folder */
    assert_true(run("mount -t tmpfs none %s", inbox));
    pass(5000);
    expect_nothing(w);
    pass(3000);
    expect(w, ALICE_ARRIVALS_LOOK);
    put("in/b.jpg");
    expect_arrival(w);
    assert_true(run("umount %s", inbox));
    alice_arrivals_close(&w);
}

/* More than the kernel keeps: a folder that was made meanwhile is found all the same. */
static void lost_events_are_made_good(void **state)
{
    (void)state;
    unsigned keeps = 16384;
    FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
    if (f && fscanf(f, "%u", &keeps) != 1)
        keeps = 16384;
    if (f)
        fclose(f);
    if (keeps > 50000)
        skip();
    alice_arrivals *w = watch_with((alice_arrivals_options){.quiet_ms = 0});
    expect(w, ALICE_ARRIVALS_LOOK);
    for (unsigned i = 0; i <= keeps; i++) {
        char name[32];
        snprintf(name, sizeof name, "in/%u", i % 512);
        put(name);
    }
    folder("in/unheard");
    expect_nothing(w);
    assert_int_equal(stats_of(w).lost, 1);
    pass(3000);
    expect(w, ALICE_ARRIVALS_LOOK);
    assert_int_equal(stats_of(w).folders, 2);
    put("in/unheard/a.jpg");
    expect_arrival(w);
    alice_arrivals_close(&w);
}

static void where_the_kernel_cannot_tell_it_looks_more_often(void **state)
{
    (void)state;
    folder("in/a");
    folder("in/b");
    for (int i = 0; i < 2; i++) {
        kernel.open_fails = i ? -EMFILE : 0;
        kernel.add_fails = i ? 0 : -ENOSPC;
        kernel.add_most = 2;
        alice_arrivals *w = watch_with((alice_arrivals_options){.blind_look_ms = 60000});
        expect(w, ALICE_ARRIVALS_LOOK);
        assert_true(stats_of(w).blind);
        assert_int_equal(stats_of(w).folders, i ? 0 : 2);
        pass(59999);
        expect_nothing(w);
        kernel.add_fails = kernel.open_fails = 0; /* there is room again */
        pass(1);
        expect(w, ALICE_ARRIVALS_LOOK);
        assert_false(stats_of(w).blind);
        assert_int_equal(stats_of(w).folders, 3);
        put(i ? "in/b/c.jpg" : "in/b/d.jpg");
        expect_arrival(w);
        alice_arrivals_close(&w);
    }
}

static bool stop_now(void *ctx)
{
    return --*(int *)ctx <= 0;
}

static void it_stops_when_asked(void **state)
{
    (void)state;
    int asks = 3;
    alice_arrivals_event is;
    alice_arrivals *w =
        watch_with((alice_arrivals_options){.should_stop = stop_now, .ctx = &asks});
    expect(w, ALICE_ARRIVALS_LOOK);
    asks = 1;
    assert_status(alice_arrivals_wait(w, 1000, &is, NULL), ALICE_E_CANCELLED);
    asks = 100;
    expect_nothing(w);
    alice_arrivals_close(&w);
    assert_status(alice_arrivals_open(&w, &(alice_arrivals_options){.folder = ""}, NULL),
                  ALICE_E_INVAL);
}

static alice_status scenario(const alice_alloc *alloc)
{
    alice_arrivals *w = NULL;
    alice_arrivals_event is;
    alice_arrivals_options o = {.env = {.alloc = alloc, .clock = &the_clock},
                                .folder = inbox,
                                .leave = top_path,
                                .scratch = top_path};
    alice_status st = alice_arrivals_open(&w, &o, NULL);
    if (st == ALICE_OK)
        st = alice_arrivals_wait(w, 0, &is, NULL);
    alice_arrivals_close(&w);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    folder("in/a");
    /* A folder that there is no memory for is not watched; the next look tries again. */
    assert_true(sweep(scenario, true) >= 5);
}

static unsigned open_files(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

/* A day, by a clock that jumps. ALICE_TEST_ARRIVALS=100000 makes it as many as it says. */
static void nothing_grows_in_a_day(void **state)
{
    (void)state;
    const char *given = getenv("ALICE_TEST_ARRIVALS");
    const unsigned arrivals = given ? (unsigned)atoi(given) : 2000, bursts = 200;
    struct faulty f = {.nth = FAULTY_NEVER};
    alice_alloc alloc = faulty_alloc(&f);
    alice_arrivals *w = watch_with((alice_arrivals_options){.env = {.alloc = &alloc}});
    expect(w, ALICE_ARRIVALS_LOOK);
    size_t bytes = 0;
    unsigned files = 0, made = 0;
    for (unsigned b = 0; b < bursts; b++) {
        char name[64], old[64];
        snprintf(name, sizeof name, "in/folder-%u", b);
        folder(name);
        for (unsigned i = 0; i < arrivals / bursts; i++, made++) {
            snprintf(name, sizeof name, "in/folder-%u/%u.jpg", b, i);
            put(name);
        }
        pass(24 * 3600 * 1000u / bursts);
        alice_arrivals_event is;
        if (alice_arrivals_wait(w, 0, &is, NULL) ==
            ALICE_E_TIMEOUT) { /* no regular look is due */
            pass(3000);
            expect(w, ALICE_ARRIVALS_CAME);
        }
        /* What was organized by a move is gone, with its folder. */
        for (unsigned i = 0; i < arrivals / bursts; i++) {
            snprintf(old, sizeof old, "in/folder-%u/%u.jpg", b, i);
            assert_int_equal(unlinkat(top, old, 0), 0);
        }
        snprintf(old, sizeof old, "in/folder-%u", b);
        assert_int_equal(unlinkat(top, old, AT_REMOVEDIR), 0);
        if (b == 10) {
            bytes = f.live_bytes;
            files = open_files();
        }
    }
    assert_true(made >= 2000);
    assert_int_equal(f.live_bytes, bytes);
    assert_int_equal(open_files(), files);
    assert_true(stats_of(w).woken >= bursts);
    alice_arrivals_close(&w);
    assert_int_equal(f.live_bytes, 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    mounts_begin(argv);
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(what_arrives_is_told_once_it_rests),
        TEST(what_never_rests_is_told_all_the_same),
        TEST(new_folders_are_watched),
        TEST(a_folder_that_went_is_not_told_of),
        TEST(hidden_names_are_nobodys_business),
        TEST(looks_are_due_now_and_then),
        TEST(the_folder_may_go_and_come),
        TEST(what_is_mounted_again_is_watched_again),
        TEST(lost_events_are_made_good),
        TEST(where_the_kernel_cannot_tell_it_looks_more_often),
        TEST(it_stops_when_asked),
        TEST(every_allocation_may_fail),
        TEST(nothing_grows_in_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
