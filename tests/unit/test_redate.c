/* SPDX-License-Identifier: MIT */
/*
 * alice_redate() where things go wrong: each call that changes the disk fails or is the last
 * one, and so does each allocation. Whatever happens, a file stands at one place, with its
 * sidecar beside it, the catalog knows where, and the next redating ends the work.
 */
#define _GNU_SOURCE
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <alice/verify.h>

#include "faulty.h"
#include "faulty_fs.h"
#include "organize/organizer.h"
#include "tree.h"

/* Of the steps: with a sanitizer, which makes each slower, a third. */
#ifdef __SANITIZE_ADDRESS__
enum { EVERY = 3 };
#else
enum { EVERY = 1 };
#endif

enum { PICTURES = 4, DATED = 3, FILES = PICTURES + DATED };

static int top = -1;
static char top_path[64], inbox[96], organized[96];
static const char *const names[PICTURES] = {"in/a.gif", "in/b.gif", "in/c.gif", "in/d.gif"};

static void organize(uint64_t expected)
{
    alice_organizer *o = NULL;
    alice_organize_result r;
    const alice_organizer_options options = {
        .inbox = inbox, .organized = organized, .undated = ALICE_UNDATED_MTIME};
    assert_status(alice_organizer_open(&o, &options, NULL), ALICE_OK);
    assert_status(alice_organizer_organize(o, &r, NULL), ALICE_OK);
    assert_int_equal(r.tally.organized, expected);
    alice_organizer_close(&o);
}

/* Pictures dated by their time alone; then sidecars come that know better of all but the last.
 */
static void build(void)
{
    const struct timespec then[2] = {{1500000000, 0}, {1500000000, 0}};
    assert_int_equal(mkdirat(top, "in", 0755), 0);
    for (int i = 0; i < PICTURES; i++) {
        unsigned char gif[] = "GIF89a\1\0\1\0\0\0\0;";
        gif[6] = (unsigned char)(i + 1);
        tree_file(top, names[i], gif, sizeof gif - 1);
        assert_int_equal(utimensat(top, names[i], then, 0), 0);
    }
    organize(PICTURES);
    for (int i = 0; i < DATED; i++) {
        char name[32], xmp[512];
        snprintf(name, sizeof name, "%s.xmp", names[i]);
        int n = snprintf(xmp, sizeof xmp,
                         "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf="
                         "'http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
                         "xmlns:exif='http://ns.adobe.com/exif/1.0/' exif:DateTimeOriginal="
                         "'2011-02-0%dT10:11:12'/></rdf:RDF></x:xmpmeta>",
                         i + 1);
        tree_file(top, name, xmp, (size_t)n);
        assert_int_equal(utimensat(top, name, then, 0), 0);
    }
    organize(DATED);
}

static int set_up(void **state)
{
    (void)state;
    top = tree_make_fast(top_path);
    if (top < 0)
        return 1;
    snprintf(inbox, sizeof inbox, "%s/in", top_path);
    snprintf(organized, sizeof organized, "%s/out", top_path);
    build();
    char command[400];
    snprintf(command, sizeof command, "cd '%s' && mkdir kept && cp -a in out kept", top_path);
    return system(command) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(top);
    tree_remove(top_path);
    return 0;
}

static void reset(void)
{
    char command[400];
    snprintf(command, sizeof command, "cd '%s' && rm -rf in out && cp -a kept/in kept/out .",
             top_path);
    assert_int_equal(system(command), 0);
}

static alice_status redate(const alice__fs_ops *fs, const alice_alloc *alloc, bool dry,
                           alice_redate_result *r)
{
    const alice_organizer_options o = {
        .env = {.alloc = alloc}, .organized = organized, .dry_run = dry};
    return alice__redate_on(&o, fs, r, NULL);
}

/* ---- what stands ---- */

typedef struct standing {
    unsigned old, dated, alone, twice, temporary;
    bool at_old[PICTURES], at_dated[PICTURES];
} standing;

static bool has(const char *day, int picture, const char *more)
{
    char path[128];
    snprintf(path, sizeof path, "out/%s/uncategorized/unknown/uncategorized-%05d.gif%s", day,
             picture + 1, more);
    return tree_has(top, path);
}

static standing look(void)
{
    standing s = {0};
    for (int i = 0; i < PICTURES; i++) {
        char day[16];
        snprintf(day, sizeof day, "2011-02-0%d", i + 1);
        bool old = has("2017-07-14", i, ""), dated = has(day, i, "");
        bool beside = i == DATED || (old ? has("2017-07-14", i, ".xmp") : has(day, i, ".xmp"));
        s.old += old;
        s.dated += dated;
        s.twice += old && dated;
        s.alone += !beside;
        s.at_old[i] = old;
        s.at_dated[i] = dated;
    }
    return s;
}

/* Each file once, as the catalog says. */
static void expect_sound(const char *what, unsigned at)
{
    const alice_verify_options o = {.organizer =
                                        &(alice_organizer_options){.organized = organized},
                                    .sample_percent = 100,
                                    .anew = true};
    alice_verify_result r;
    alice_status st = alice_verify(&o, &r, NULL);
    const standing s = look();
    if (st != ALICE_OK || r.by[ALICE_VERDICT_MISSING] || r.by[ALICE_VERDICT_UNKNOWN] ||
        r.by[ALICE_VERDICT_DAMAGED] || r.files != FILES || s.twice || s.alone ||
        s.old + s.dated != PICTURES)
        fail_msg(
            "%s at %u: %s, %d files, %d missing, %d unknown; %u old, %u dated, %u twice, %u "
            "without its sidecar",
            what, at, alice_status_name(st), (int)r.files, (int)r.by[ALICE_VERDICT_MISSING],
            (int)r.by[ALICE_VERDICT_UNKNOWN], s.old, s.dated, s.twice, s.alone);
}

static void expect_done(const char *what, unsigned at)
{
    alice_redate_result r;
    alice_status st = redate(NULL, NULL, false, &r);
    const standing s = look();
    if (st != ALICE_OK || r.left || s.dated != DATED || s.old != PICTURES - DATED)
        fail_msg("%s at %u: the next one: %s, %d left, %u dated", what, at,
                 alice_status_name(st), (int)r.left, s.dated);
    expect_sound(what, at);
    organize(0); /* nothing is new, nothing gone */
}

/* ---- tests ---- */

static void a_sidecar_that_came_later_dates_its_picture(void **state)
{
    (void)state;
    alice_redate_result r;
    reset();
    assert_status(redate(NULL, NULL, true, &r), ALICE_OK);
    assert_int_equal(r.moved, 2 * DATED);
    assert_int_equal(r.run, 0);
    assert_int_equal(look().old, PICTURES); /* a dry one */
    assert_status(redate(NULL, NULL, false, &r), ALICE_OK);
    assert_int_equal(r.files, FILES);
    assert_int_equal(r.groups, DATED);
    assert_int_equal(r.moved, 2 * DATED);
    assert_int_equal(r.left + r.unread + r.other_layout, 0);
    assert_int_equal(look().dated, DATED);
    expect_sound("a redating", 0);
    organize(0);
    assert_status(redate(NULL, NULL, false, &r), ALICE_OK);
    assert_int_equal(r.moved, 0);
    /* And back, and there again. */
    for (int i = 0; i < 3; i++) {
        const alice_organizer_options o = {.organized = organized};
        alice_undo_result u;
        assert_status(alice_undo(&o, 0, &u, NULL), ALICE_OK);
        assert_int_equal(u.done, 2 * DATED);
        assert_int_equal(u.left, 0);
        assert_int_equal(look().dated, i % 2 ? DATED : 0);
        expect_sound("an undo", (unsigned)i);
        organize(0);
    }
}

static void each_change_may_fail(void **state)
{
    (void)state;
    static const int with[] = {-EIO, -ENOSPC};
    unsigned points = 0;
    for (unsigned k = 0; k < sizeof with / sizeof *with; k++) {
        for (unsigned at = 0;; at += EVERY) {
            struct faulty_fs f;
            alice_redate_result r;
            reset();
            faulty_fs_init(&f);
            f.fail_op = FAULTY_CHANGE;
            f.fail_at = at;
            f.fail_with = with[k];
            f.for_good = k == 0; /* a disk that is gone; one that was full for a moment */
            (void)redate(&f.ops, NULL, false, &r);
            if (!f.fired)
                break;
            points++;
            expect_done(f.for_good ? "it fails for good" : "it fails once", at);
        }
    }
    assert_true(points >= 30 / EVERY);
}

static void it_may_end_at_each_change(void **state)
{
    (void)state;
    unsigned at = 0;
    for (;; at += EVERY) {
        int status = 0;
        reset();
        fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct faulty_fs f;
            alice_redate_result r;
            faulty_fs_init(&f);
            f.fail_op = FAULTY_CHANGE;
            f.fail_at = at;
            f.fail_with = 0;
            (void)redate(&f.ops, NULL, false, &r);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 0)
            break;
        assert_int_equal(WEXITSTATUS(status), 99);
        expect_done("a kill", at);
    }
    assert_true(at >= 12);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    unsigned nth = 0, failed = 0;
    for (;; nth += EVERY) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        alice_redate_result r;
        reset();
        alice_status st = redate(NULL, &alloc, false, &r);
        assert_int_equal(f.live_bytes, 0);
        if (!f.fired) {
            assert_status(st, ALICE_OK);
            break;
        }
        if (st != ALICE_OK)
            assert_status(st, ALICE_E_NOMEM);
        failed += st != ALICE_OK;
        if (nth % 8 == 0)
            expect_done("no memory", nth);
        else
            assert_int_equal(look().twice + look().alone, 0);
    }
    assert_true(failed >= 20 / EVERY);
}

/* What stands where a file of the group belongs keeps the group where it is. */
static void another_file_in_the_way_keeps_the_group(void **state)
{
    (void)state;
    alice_redate_result r;
    static const char *const in_the_way[] = {"gif", "gif.xmp"};
    for (int i = 0; i < 2; i++) {
        char path[128];
        reset();
        assert_int_equal(mkdirat(top, "out/2011-02-02", 0755), 0);
        assert_int_equal(mkdirat(top, "out/2011-02-02/uncategorized", 0755), 0);
        assert_int_equal(mkdirat(top, "out/2011-02-02/uncategorized/unknown", 0755), 0);
        snprintf(path, sizeof path,
                 "out/2011-02-02/uncategorized/unknown/uncategorized-00002.%s", in_the_way[i]);
        tree_file(top, path, "mine", 4);
        assert_status(redate(NULL, NULL, false, &r), ALICE_OK);
        assert_int_equal(r.moved, 2 * (DATED - 1));
        assert_int_equal(r.left, 2);
        assert_true(tree_is(top, path, "mine", 4));
        assert_true(has("2017-07-14", 1, "") && has("2017-07-14", 1, ".xmp"));
        assert_int_equal(unlinkat(top, path, 0), 0);
        expect_done("in the way", (unsigned)i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sidecar_that_came_later_dates_its_picture),
        cmocka_unit_test(each_change_may_fail),
        cmocka_unit_test(it_may_end_at_each_change),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(another_file_in_the_way_keeps_the_group),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
