/* SPDX-License-Identifier: MIT */
/* alice_verify() where a test has to hold the reins: it is cut off, and goes on. */
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

enum { FILES = 300 };

static int top = -1;
static char top_path[64], inbox[96], organized[96];

static void organize(void)
{
    alice_organizer *o = NULL;
    alice_organize_result r;
    const alice_organizer_options options = {
        .inbox = inbox, .organized = organized, .undated = ALICE_UNDATED_MTIME};
    assert_int_equal(alice_organizer_open(&o, &options, NULL), ALICE_OK);
    assert_int_equal(alice_organizer_organize(o, &r, NULL), ALICE_OK);
    assert_int_equal(r.tally.organized, FILES);
    alice_organizer_close(&o);
}

static int set_up(void **state)
{
    (void)state;
    top = tree_make(top_path);
    if (top < 0)
        return 1;
    snprintf(inbox, sizeof inbox, "%s/in", top_path);
    snprintf(organized, sizeof organized, "%s/out", top_path);
    assert_int_equal(mkdirat(top, "in", 0755), 0);
    for (int i = 0; i < FILES; i++) {
        unsigned char gif[] = "GIF89a\1\0\1\0\0\0\0;";
        char name[32];
        gif[6] = (unsigned char)i;
        gif[8] = (unsigned char)(1 + i / 256);
        snprintf(name, sizeof name, "in/%03d.gif", i);
        tree_file(top, name, gif, sizeof gif - 1);
    }
    organize();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(top);
    tree_remove(top_path);
    return 0;
}

typedef struct seen {
    unsigned asked, stop_at; /* 0: never */
    unsigned told[ALICE_VERDICT_DAMAGED + 1];
    char last[512]; /* below the top folder */
} seen;

static bool stop(void *ctx)
{
    seen *s = ctx;
    return s->stop_at && ++s->asked >= s->stop_at;
}

static void on_file(void *ctx, const alice_verified_file *f)
{
    seen *s = ctx;
    s->told[f->verdict]++;
    snprintf(s->last, sizeof s->last, "out/%s", f->path);
}

static alice_status verify(seen *s, const alice_alloc *alloc, unsigned sample, bool anew,
                           alice_verify_result *r)
{
    const alice_verify_options o = {
        .organizer =
            &(alice_organizer_options){
                .env = {.alloc = alloc}, .organized = organized, .should_stop = stop, .ctx = s},
        .sample_percent = sample,
        .anew = anew,
        .on_file = on_file,
        .ctx = s};
    return alice_verify(&o, r, NULL);
}

static void what_was_cut_off_goes_on(void **state)
{
    (void)state;
    alice_verify_result r;
    seen first = {.stop_at = 2}, second = {.asked = 0}, third = {.asked = 0};
    assert_int_equal(verify(&first, NULL, 0, false, &r), ALICE_E_CANCELLED);
    assert_true(r.files > 0 && r.files < FILES);
    assert_int_equal(first.told[ALICE_VERDICT_SOUND], r.files);
    assert_int_equal(r.went_on, 0);
    uint64_t before = r.files;
    assert_int_equal(verify(&second, NULL, 0, false, &r), ALICE_OK);
    assert_true(r.went_on > 0);
    assert_int_equal(second.told[ALICE_VERDICT_SOUND], FILES - before);
    assert_int_equal(r.by[ALICE_VERDICT_SOUND], FILES);
    /* It came to its end: the next one begins anew. */
    assert_int_equal(verify(&third, NULL, 0, false, &r), ALICE_OK);
    assert_int_equal(r.went_on, 0);
    assert_int_equal(third.told[ALICE_VERDICT_SOUND], FILES);
}

/* Cut off while it looks for what the catalog does not know: that is not counted twice. */
static void the_second_part_begins_anew(void **state)
{
    (void)state;
    for (int i = 0; i < 600; i++) {
        char name[32];
        snprintf(name, sizeof name, "out/%03d.txt", i);
        tree_file(top, name, "x", 1);
    }
    alice_verify_result r;
    /* Five rounds of known files, and then some: the walk of the tree asks, too. */
    seen first = {.stop_at = FILES / 64 + 3}, second = {.asked = 0};
    assert_int_equal(verify(&first, NULL, 0, false, &r), ALICE_E_CANCELLED);
    assert_int_equal(r.by[ALICE_VERDICT_SOUND], FILES);
    assert_int_equal(verify(&second, NULL, 0, false, &r), ALICE_OK);
    assert_true(r.went_on > 0);
    assert_int_equal(r.by[ALICE_VERDICT_UNKNOWN], 600);
    assert_int_equal(r.files, FILES + 600);
    assert_int_equal(second.told[ALICE_VERDICT_SOUND], 0);
}

/* An undo, or a redo, that ends with status 99 before its third call of `op`. */
static void undo_killed(enum faulty_op op)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct faulty_fs f;
        alice_undo_result r;
        faulty_fs_init(&f);
        f.fail_op = op;
        f.fail_at = 2;
        const alice_organizer_options o = {.organized = organized};
        (void)alice__undo_on(&o, &f.ops, 0, &r, NULL);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 99);
}

static void what_a_killed_undo_had_under_way_is_not_missing(void **state)
{
    (void)state;
    const alice_organizer_options o = {.organized = organized};
    alice_verify_result r;
    alice_undo_result undone;
    seen s = {.asked = 0};
    undo_killed(FAULTY_unlink);
    assert_int_equal(verify(&s, NULL, 0, true, &r), ALICE_OK);
    assert_int_equal(r.by[ALICE_VERDICT_SOUND], FILES - 2);
    assert_int_equal(r.files, FILES - 2);
    /* Of what the undo had not come to yet nobody took anything. */
    char last[sizeof s.last];
    memcpy(last, s.last, sizeof last);
    assert_int_equal(faccessat(top, last, F_OK, 0), 0);
    assert_int_equal(renameat(top, last, top, "kept.gif"), 0);
    assert_int_equal(verify(&s, NULL, 0, true, &r), ALICE_OK);
    assert_int_equal(r.by[ALICE_VERDICT_MISSING], 1);
    assert_int_equal(renameat(top, "kept.gif", top, last), 0);

    assert_int_equal(alice_undo(&o, 0, &undone, NULL), ALICE_OK);
    assert_true(undone.settled > 2);
    assert_int_equal(verify(&s, NULL, 0, true, &r), ALICE_OK);
    assert_int_equal(r.files, 0);
    /* Back again: what stands there already is not unknown. */
    undo_killed(FAULTY_rename_new);
    assert_int_equal(verify(&s, NULL, 0, true, &r), ALICE_OK);
    assert_int_equal(r.by[ALICE_VERDICT_UNKNOWN], 0);
    assert_int_equal(r.by[ALICE_VERDICT_MISSING], 0);
}

static void another_question_begins_anew(void **state)
{
    (void)state;
    alice_verify_result r;
    seen first = {.stop_at = 2}, second = {.asked = 0}, third = {.stop_at = 2},
         fourth = {.asked = 0};
    assert_int_equal(verify(&first, NULL, 0, false, &r), ALICE_E_CANCELLED);
    assert_int_equal(verify(&second, NULL, 50, false, &r), ALICE_OK);
    assert_int_equal(r.went_on, 0);
    assert_int_equal(second.told[ALICE_VERDICT_SOUND] + second.told[ALICE_VERDICT_UNREAD],
                     FILES);
    assert_true(second.told[ALICE_VERDICT_SOUND] > FILES / 4);
    assert_true(second.told[ALICE_VERDICT_UNREAD] > FILES / 4);
    assert_int_equal(verify(&third, NULL, 0, false, &r), ALICE_E_CANCELLED);
    assert_int_equal(verify(&fourth, NULL, 0, true, &r), ALICE_OK);
    assert_int_equal(r.went_on, 0);
    assert_int_equal(r.by[ALICE_VERDICT_SOUND], FILES);
}

static void a_note_that_is_none_is_not_believed(void **state)
{
    (void)state;
    static const char *const notes[] = {
        "",
        "alice verify",
        "nonsense\n",
        "alice verify 0 0 began 1 seed 1 after 100 files 1 bytes 1 sealed 0 by 1 0 0 0 0 0 0",
        "alice verify 0 0 began 1 seed 1 after -5 files 1 bytes 1 sealed 0 by 1 0 0 0 0 0 0 "
        "end\n",
        "alice verify 7 0 began 1 seed 1 after 100 files 1 bytes 1 sealed 0 by 1 0 0 0 0 0 0 "
        "end\n"};
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        alice_verify_result r;
        seen s = {.asked = 0};
        tree_file(top, "out/.alice/verify", notes[i], strlen(notes[i]));
        assert_int_equal(verify(&s, NULL, 0, false, &r), ALICE_OK);
        assert_int_equal(r.went_on, 0);
        assert_int_equal(s.told[ALICE_VERDICT_SOUND], FILES);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    unsigned nth = 0, failed = 0;
    for (;; nth++) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        alice_verify_result r;
        seen s = {.asked = 0};
        alice_status st = verify(&s, &alloc, 0, true, &r);
        assert_int_equal(f.live_bytes, 0);
        if (!f.fired) {
            assert_int_equal(st, ALICE_OK);
            break;
        }
        assert_true(st == ALICE_E_NOMEM || st == ALICE_OK);
        failed += st == ALICE_E_NOMEM;
        /* Never is a sound file called something else for want of memory. */
        assert_int_equal(s.told[ALICE_VERDICT_DAMAGED] + s.told[ALICE_VERDICT_MISSING], 0);
        if (st == ALICE_OK)
            assert_int_equal(r.by[ALICE_VERDICT_SOUND], FILES);
    }
    assert_true(failed >= 20);
}

static void wrong_calls_are_refused(void **state)
{
    (void)state;
    alice_verify_result r;
    alice_error error;
    alice_organizer_options library = {.organized = NULL};
    alice_verify_options o = {.organizer = &library};
    assert_int_equal(alice_verify(NULL, &r, &error), ALICE_E_INVAL);
    assert_int_equal(alice_verify(&o, &r, &error), ALICE_E_INVAL);
    library.organized = "/nonexistent/organized";
    assert_int_equal(alice_verify(&o, &r, &error), ALICE_E_NOENT);
    o.sample_percent = 101;
    assert_int_equal(alice_verify(&o, &r, &error), ALICE_E_INVAL);
    assert_string_equal(alice_verdict_name(ALICE_VERDICT_SOUND), "sound");
    assert_string_equal(alice_verdict_name(ALICE_VERDICT_DAMAGED), "damaged");
    assert_string_equal(alice_verdict_name((alice_verdict)99), "?");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_cut_off_goes_on),
        TEST(the_second_part_begins_anew),
        TEST(another_question_begins_anew),
        TEST(a_note_that_is_none_is_not_believed),
        TEST(every_allocation_may_fail),
        TEST(wrong_calls_are_refused),
        TEST(what_a_killed_undo_had_under_way_is_not_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
