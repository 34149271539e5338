/* SPDX-License-Identifier: MIT */
/*
 * alice_duplicates_act() where things go wrong: each call that changes the disk fails or is the
 * last one, memory runs out, and somebody else is at the files in each moment. Whatever
 * happens, both copies of each content stand whole, what belongs together is together, and the
 * next act ends the work.
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
#include "organize/duplicates_act.h"
#include "organize/organizer.h"
#include "standing.h"
#include "tree.h"

/* Of the steps: with a sanitizer, which makes each slower, a third. */
#ifdef __SANITIZE_ADDRESS__
enum { EVERY = 3 };
#else
enum { EVERY = 1 };
#endif

/* Two pictures with a sidecar each, and one alone. */
enum { FILES = 5 };

static int top = -1;
static char top_path[64], inbox[96], organized[96];
static blob known[FILES];
static const char *const names[FILES] = {"in/a.gif", "in/a.gif.xmp", "in/b.gif", "in/b.gif.xmp",
                                         "in/c.gif"};

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

static int set_up(void **state)
{
    (void)state;
    const struct timespec then[2] = {{1500000000, 0}, {1500000000, 0}};
    char command[400];
    top = tree_make_fast(top_path);
    if (top < 0)
        return 1;
    snprintf(inbox, sizeof inbox, "%s/in", top_path);
    snprintf(organized, sizeof organized, "%s/out", top_path);
    assert_int_equal(mkdirat(top, "in", 0755), 0);
    for (unsigned i = 0; i < FILES; i++) {
        char text[80];
        if (i % 2)
            snprintf(text, sizeof text, "<x:xmpmeta xmlns:x='adobe:ns:meta/' n='%u'/>", i);
        else
            snprintf(text, sizeof text, "GIF89a%c-1-0000;number %u", 'a' + (int)i, i);
        blob_text(&known[i], text);
        tree_file(top, names[i], known[i].p, known[i].n);
        assert_int_equal(utimensat(top, names[i], then, 0), 0);
    }
    organize(FILES);
    snprintf(command, sizeof command, "cd '%s' && mkdir kept && cp -a in out kept", top_path);
    return system(command) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FILES; i++)
        blob_free(&known[i]);
    close(top);
    tree_remove(top_path);
    return 0;
}

/* Links are tried in a folder of plain copies, which costs less. */
static void reset(alice_same_act what)
{
    const struct timespec then[2] = {{1500000000, 0}, {1500000000, 0}};
    static const char *const folders[] = {"in", "plain"};
    if (what == ALICE_SAME_REMOVE) {
        char command[400];
        snprintf(command, sizeof command,
                 "cd '%s' && rm -rf in out && cp -a kept/in kept/out .", top_path);
        assert_int_equal(system(command), 0);
        return;
    }
    for (unsigned k = 0; k < 2; k++) {
        (void)mkdirat(top, folders[k], 0755);
        int fd = openat(top, folders[k], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        tree_empty(fd);
        for (unsigned i = 0; i < FILES; i++) {
            tree_file(fd, names[i] + 3, known[i].p, known[i].n);
            assert_int_equal(utimensat(fd, names[i] + 3, then, 0), 0);
        }
        close(fd);
    }
}

typedef struct told {
    char why[256]; /* of the last that was left */
    bool stop;
} told;

static void on_acted(void *ctx, const alice_acted_file *f)
{
    told *t = ctx;
    assert_true(f->done != (f->why != NULL));
    if (f->why)
        snprintf(t->why, sizeof t->why, "%s", f->why);
}

static bool stop(void *ctx)
{
    return ((told *)ctx)->stop;
}

static told last;

/* The organized files are the superfluous ones. */
static alice_status act(alice_same_act what, const alice__fs_ops *fs, const alice_alloc *alloc,
                        alice_act_result *r)
{
    char plain[96];
    snprintf(plain, sizeof plain, "%s/plain", top_path);
    const char *const paths[] = {inbox, what == ALICE_SAME_REMOVE ? organized : plain};
    const alice_keep_rule keep = {ALICE_KEEP_UNDER, inbox};
    const alice_duplicates_options find = {.env = {.alloc = alloc},
                                           .config = {.max_memory_mb = 32},
                                           .paths = paths,
                                           .path_count = 2,
                                           .keep = &keep,
                                           .keep_count = 1,
                                           .should_stop = stop,
                                           .ctx = &last};
    const alice_act_options o = {
        .find = &find, .act = what, .organized = organized, .on_acted = on_acted};
    last = (told){.stop = false};
    return alice__duplicates_act_on(&o, fs, r, NULL);
}

/* ---- what stands ---- */

/* Each content twice, whole; `settled`: nothing of ours is left, and sidecars are beside their
 * pictures. The copies that are where they were. */
static unsigned expect_whole(alice_same_act what, const char *when, unsigned at, bool settled)
{
    const bool removes = what == ALICE_SAME_REMOVE;
    const struct standing in = standing_in(top, "in", known, FILES);
    const struct standing out = standing_in(top, removes ? "out" : "plain", known, FILES);
    const struct standing away =
        standing_in(top, removes ? "out/.alice/removed" : "nowhere", known, FILES);
    unsigned there = 0;
    for (unsigned i = 0; i < FILES; i++) {
        if (in.whole[i] != 1 || out.whole[i] + away.whole[i] != 1)
            fail_msg("%s at %u: content %u: %u kept, %u there, %u removed", when, at, i,
                     in.whole[i], out.whole[i], away.whole[i]);
        there += out.whole[i];
        if (settled && i % 2 && out.whole[i] != out.whole[i - 1])
            fail_msg("%s at %u: a picture and its sidecar are apart", when, at);
    }
    if (in.half + out.half + away.half || (settled && in.temporary + out.temporary))
        fail_msg("%s at %u: half or ours: %s%s%s", when, at, in.name, out.name, away.name);
    return there;
}

/* The catalog says the same. */
static void expect_sound(const char *what, unsigned at, unsigned files)
{
    const alice_verify_options o = {.organizer =
                                        &(alice_organizer_options){.organized = organized},
                                    .sample_percent = 100,
                                    .anew = true};
    alice_verify_result r;
    alice_status st = alice_verify(&o, &r, NULL);
    if (st != ALICE_OK || r.files != files || r.by[ALICE_VERDICT_MISSING] ||
        r.by[ALICE_VERDICT_UNKNOWN] || r.by[ALICE_VERDICT_DAMAGED])
        fail_msg("%s at %u: %s, %d files of %u, %d missing, %d unknown", what, at,
                 alice_status_name(st), (int)r.files, files, (int)r.by[ALICE_VERDICT_MISSING],
                 (int)r.by[ALICE_VERDICT_UNKNOWN]);
}

static void expect_done(alice_same_act what, const char *when, unsigned at)
{
    alice_act_result r;
    (void)expect_whole(what, when, at, false);
    alice_status st = act(what, NULL, NULL, &r);
    if (st != ALICE_OK || r.left)
        fail_msg("%s at %u: the next one: %s, %d left: %s", when, at, alice_status_name(st),
                 (int)r.left, last.why);
    const unsigned now = expect_whole(what, when, at, true);
    if (what == ALICE_SAME_REMOVE) {
        if (now > 0)
            fail_msg("%s at %u: %u are organized still", when, at, now);
        expect_sound(when, at, 0);
        return;
    }
    assert_int_equal(now, FILES);
    for (unsigned i = 0; i < FILES; i++) {
        struct stat a, b;
        char name[32];
        snprintf(name, sizeof name, "plain/%s", names[i] + 3);
        assert_int_equal(fstatat(top, names[i], &a, 0), 0);
        assert_int_equal(fstatat(top, name, &b, 0), 0);
        assert_int_equal(a.st_ino, b.st_ino);
        assert_int_equal(a.st_nlink, 2);
    }
}

/* ---- tests ---- */

static void each_change_may_fail_in(alice_same_act what, unsigned least)
{
    static const int with[] = {-EIO, -ENOSPC};
    unsigned points = 0;
    for (unsigned k = 0; k < sizeof with / sizeof *with; k++) {
        /* Each step one way or the other. */
        for (unsigned at = k;; at += 2 * EVERY) {
            struct faulty_fs f;
            alice_act_result r;
            reset(what);
            faulty_fs_init(&f);
            f.fail_op = FAULTY_CHANGE;
            f.fail_at = at;
            f.fail_with = with[k];
            f.for_good = k == 0; /* a disk that is gone; one that was full for a moment */
            (void)act(what, &f.ops, NULL, &r);
            if (!f.fired)
                break;
            points++;
            expect_done(what, f.for_good ? "it fails for good" : "it fails once", at);
        }
    }
    assert_true(points >= least / 2 / EVERY);
}

static void each_change_of_a_removal_may_fail(void **state)
{
    (void)state;
    each_change_may_fail_in(ALICE_SAME_REMOVE, 20);
}

static void each_change_of_a_link_may_fail(void **state)
{
    (void)state;
    each_change_may_fail_in(ALICE_SAME_LINK, 40);
}

static void it_may_end_at_each_change_in(alice_same_act what, unsigned least)
{
    unsigned at = 0;
    for (;; at += EVERY) {
        int status = 0;
        reset(what);
        fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct faulty_fs f;
            alice_act_result r;
            faulty_fs_init(&f);
            f.fail_op = FAULTY_CHANGE;
            f.fail_at = at;
            f.fail_with = 0;
            (void)act(what, &f.ops, NULL, &r);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 0)
            break;
        assert_int_equal(WEXITSTATUS(status), 99);
        expect_done(what, "a kill", at);
    }
    assert_true(at >= least);
}

static void a_removal_may_end_at_each_change(void **state)
{
    (void)state;
    it_may_end_at_each_change_in(ALICE_SAME_REMOVE, 10);
}

static void a_link_may_end_at_each_change(void **state)
{
    (void)state;
    it_may_end_at_each_change_in(ALICE_SAME_LINK, 20);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    static const alice_same_act acts[] = {ALICE_SAME_LINK, ALICE_SAME_REMOVE};
    for (unsigned k = 0; k < 2; k++) {
        unsigned failed = 0;
        for (unsigned nth = 0;; nth += 6 * EVERY) {
            struct faulty f = {.nth = nth};
            alice_alloc alloc = faulty_alloc(&f);
            alice_act_result r;
            reset(acts[k]);
            alice_status st = act(acts[k], NULL, &alloc, &r);
            assert_int_equal(f.live_bytes, 0);
            if (!f.fired) {
                assert_status(st, ALICE_OK);
                break;
            }
            if (st != ALICE_OK)
                assert_status(st, ALICE_E_NOMEM);
            failed += st != ALICE_OK;
            (void)expect_whole(acts[k], "no memory", nth, acts[k] == ALICE_SAME_LINK);
        }
        assert_true(failed >= 3 / EVERY);
        expect_done(acts[k], "no memory", 0);
    }
}

static void an_undo_gives_back_what_was_removed(void **state)
{
    (void)state;
    alice_act_result r;
    reset(ALICE_SAME_REMOVE);
    assert_status(act(ALICE_SAME_REMOVE, NULL, NULL, &r), ALICE_OK);
    assert_int_equal(r.done, FILES);
    for (int i = 0; i < 3; i++) {
        const alice_organizer_options o = {.organized = organized};
        alice_undo_result u;
        assert_status(alice_undo(&o, 0, &u, NULL), ALICE_OK);
        assert_int_equal(u.done, FILES);
        assert_int_equal(u.left, 0);
        assert_int_equal(expect_whole(ALICE_SAME_REMOVE, "an undo", (unsigned)i, true),
                         i % 2 ? 0 : FILES);
        expect_sound("an undo", (unsigned)i, i % 2 ? 0 : FILES);
    }
    organize(0); /* what came back is known, and stands */
}

static void such_an_undo_may_end_at_each_change(void **state)
{
    (void)state;
    const alice_organizer_options o = {.organized = organized};
    alice_undo_result u;
    unsigned at = 0;
    for (;; at += 2 * EVERY) {
        int status = 0;
        alice_act_result r;
        reset(ALICE_SAME_REMOVE);
        assert_status(act(ALICE_SAME_REMOVE, NULL, NULL, &r), ALICE_OK);
        fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct faulty_fs f;
            faulty_fs_init(&f);
            f.fail_op = FAULTY_CHANGE;
            f.fail_at = at;
            f.fail_with = 0;
            (void)alice__undo_on(&o, &f.ops, 0, &u, NULL);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 0)
            break;
        assert_int_equal(WEXITSTATUS(status), 99);
        (void)expect_whole(ALICE_SAME_REMOVE, "an undo killed", at, false);
        assert_status(alice_undo(&o, r.run, &u, NULL), ALICE_OK);
        assert_int_equal(u.left, 0);
        assert_int_equal(expect_whole(ALICE_SAME_REMOVE, "an undo killed", at, true), FILES);
        expect_sound("an undo killed", at, FILES);
    }
    assert_true(at >= 10);
}

/* ---- somebody else ---- */

static const char organized_one[] =
    "out/2017-07-14/uncategorized/unknown/uncategorized-00001.gif";

static const char *superfluous(alice_same_act what)
{
    return what == ALICE_SAME_REMOVE ? organized_one : "plain/a.gif";
}

/* A program that saves: a new file takes the name. */
static void replace(void *name)
{
    tree_file(top, "in/new", "mine, and new", 13);
    assert_int_equal(renameat(top, "in/new", top, name), 0);
}

/* The first bytes become others, the times do not. */
static void scribble(void *name)
{
    struct stat st;
    int fd = openat(top, name, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(pwrite(fd, "XX", 2, 0), 2);
    const struct timespec was[2] = {st.st_atim, st.st_mtim};
    assert_int_equal(futimens(fd, was), 0);
    close(fd);
}

/* Before each of the first calls that an act makes, a name gets another file. What is
 * somebody's own is where he put it, and no content is lost. */
static void somebody_is_at(alice_same_act what, const char *name)
{
    static const enum faulty_op ops[] = {FAULTY_open_read, FAULTY_read_at,  FAULTY_stat_at,
                                         FAULTY_link,      FAULTY_exchange, FAULTY_rename_new,
                                         FAULTY_unlink,    FAULTY_sync};
    unsigned tried = 0;
    for (unsigned i = 0; i < sizeof ops / sizeof *ops; i++) {
        for (unsigned at = 0; at < 9; at += what == ALICE_SAME_REMOVE ? 2 * EVERY : EVERY) {
            struct faulty_fs f;
            alice_act_result r;
            char path[128];
            reset(what);
            snprintf(path, sizeof path, "%s", name);
            faulty_fs_init(&f);
            f.act_op = ops[i];
            f.act_at = at;
            f.act = replace;
            f.act_ctx = path;
            (void)act(what, &f.ops, NULL, &r);
            if (!f.acted)
                break;
            tried++;
            if (!tree_is(top, name, "mine, and new", 13))
                fail_msg("%s replaced at %s %u: it is lost", name, faulty_names[ops[i]], at);
            const bool removes = what == ALICE_SAME_REMOVE;
            const struct standing in = standing_in(top, "in", known, FILES);
            const struct standing out =
                standing_in(top, removes ? "out" : "plain", known, FILES);
            const struct standing away =
                standing_in(top, removes ? "out/.alice/removed" : "nowhere", known, FILES);
            for (unsigned k = 0; k < FILES; k++)
                if (in.whole[k] + out.whole[k] + away.whole[k] == 0)
                    fail_msg("%s at %s %u: content %u is nowhere", name, faulty_names[ops[i]],
                             at, k);
            if (in.temporary + out.temporary + away.temporary)
                fail_msg("%s at %s %u: a name of ours is left", name, faulty_names[ops[i]], at);
        }
    }
    assert_true(tried >= (what == ALICE_SAME_REMOVE ? 10 : 20) / EVERY);
}

static void a_new_file_in_its_place_stays(void **state)
{
    (void)state;
    somebody_is_at(ALICE_SAME_LINK, superfluous(ALICE_SAME_LINK));
    somebody_is_at(ALICE_SAME_REMOVE, superfluous(ALICE_SAME_REMOVE));
}

static void a_kept_file_that_is_replaced_takes_nothing_along(void **state)
{
    (void)state;
    somebody_is_at(ALICE_SAME_LINK, names[0]);
    somebody_is_at(ALICE_SAME_REMOVE, names[0]);
}

/* Between report and act: other bytes, at the same time and of the same size. */
static void what_changed_meanwhile_is_left(void **state)
{
    (void)state;
    static const alice_same_act acts[] = {ALICE_SAME_LINK, ALICE_SAME_REMOVE};
    for (unsigned i = 0; i < 4; i++) {
        const alice_same_act what = acts[i % 2];
        struct faulty_fs f;
        alice_act_result r;
        struct stat a, b;
        char path[128];
        reset(what);
        faulty_fs_init(&f);
        f.act_op = FAULTY_open_read; /* the first is the act's: what finds uses no table */
        f.act = scribble;
        f.act_ctx = path;
        snprintf(path, sizeof path, "%s", i < 2 ? superfluous(what) : names[0]);
        assert_status(act(what, &f.ops, NULL, &r), ALICE_OK);
        assert_true(f.acted);
        /* A picture that stays keeps its sidecar. */
        assert_int_equal(r.left, what == ALICE_SAME_REMOVE ? 2 : 1);
        assert_int_equal(r.done + r.left, FILES);
        assert_int_equal(fstatat(top, names[0], &a, 0), 0);
        assert_int_equal(fstatat(top, superfluous(what), &b, 0), 0);
        assert_int_not_equal(a.st_ino, b.st_ino);
    }
}

/* A program has it open, and writes when the act is over. */
static int writer = -1;

static void open_to_write(void *name)
{
    writer = openat(top, name, O_WRONLY | O_CLOEXEC);
    assert_true(writer >= 0);
}

static void what_a_program_has_open_to_write_is_left(void **state)
{
    (void)state;
    static const enum faulty_op ops[] = {FAULTY_open_read, FAULTY_read_at, FAULTY_link};
    for (unsigned i = 0; i < 3; i++) {
        struct faulty_fs f;
        alice_act_result r;
        char path[] = "plain/a.gif";
        reset(ALICE_SAME_LINK);
        faulty_fs_init(&f);
        f.act_op = ops[i];
        f.act_after = true;
        f.act_at = i == 0 ? 1 : 0; /* the second file that is opened is the superfluous one */
        f.act = open_to_write;
        f.act_ctx = path;
        assert_status(act(ALICE_SAME_LINK, &f.ops, NULL, &r), ALICE_OK);
        assert_true(f.acted);
        assert_int_equal(r.left, 1);
        assert_non_null(strstr(last.why, "being written"));
        assert_int_equal(pwrite(writer, "mine", 4, 0), 4);
        close(writer);
        struct stat a, b;
        assert_int_equal(fstatat(top, names[0], &a, 0), 0);
        assert_int_equal(fstatat(top, path, &b, 0), 0);
        assert_int_not_equal(a.st_ino, b.st_ino);
        assert_int_equal(a.st_nlink, 1);
        assert_false(tree_is(top, path, known[0].p, known[0].n));
    }
}

/* The kept file goes in the moment in which the superfluous one does: as where both are one, of
 * a file system that is mounted twice. */
static void lose(void *name)
{
    assert_int_equal(renameat(top, name, top, "lost"), 0);
}

static void what_is_kept_stands_when_the_other_has_gone(void **state)
{
    (void)state;
    for (unsigned at = 0; at < FILES; at++) {
        struct faulty_fs f;
        alice_act_result r;
        char path[32];
        reset(ALICE_SAME_REMOVE);
        faulty_fs_init(&f);
        f.act_op = FAULTY_rename_new;
        f.act_at = at;
        f.act_after = true;
        f.act = lose;
        f.act_ctx = path;
        snprintf(path, sizeof path, "%s", names[0]);
        assert_status(act(ALICE_SAME_REMOVE, &f.ops, NULL, &r), ALICE_OK);
        assert_true(f.acted);
        /* With its sidecar, where that had gone. */
        assert_int_equal(r.left, 2);
        assert_int_equal(r.done, FILES - 2);
        const struct standing out = standing_in(top, "out", known, FILES);
        assert_int_equal(out.whole[0], 1);
        assert_int_equal(out.whole[1], 1);
        expect_sound("the kept file went", at, 2);
        assert_int_equal(renameat(top, "lost", top, names[0]), 0);
        expect_done(ALICE_SAME_REMOVE, "the kept file went", at);
    }
}

static void names_that_cannot_change_places_are_renamed_over(void **state)
{
    (void)state;
    struct faulty_fs f;
    alice_act_result r;
    reset(ALICE_SAME_LINK);
    faulty_fs_init(&f);
    f.refuse[FAULTY_exchange] = -EINVAL;
    assert_status(act(ALICE_SAME_LINK, &f.ops, NULL, &r), ALICE_OK);
    assert_int_equal(r.done, FILES);
    assert_int_equal(f.calls[FAULTY_rename_over], FILES);
    expect_done(ALICE_SAME_LINK, "renamed over", 0);
    reset(ALICE_SAME_LINK);
    f.refuse[FAULTY_link] = -EMLINK;
    assert_status(act(ALICE_SAME_LINK, &f.ops, NULL, &r), ALICE_OK);
    assert_int_equal(r.left, FILES);
    assert_non_null(strstr(last.why, "as many as there can be"));
    assert_int_equal(expect_whole(ALICE_SAME_LINK, "no links", 0, true), FILES);
}

/* ---- reflinks ---- */

static unsigned shared;
static uint64_t most;
static int cannot;

/* A file system that shares: the kernel's part, played. */
static int dedupe(const alice__fs_ops *fs, int from, int to, uint64_t offset, uint64_t n,
                  uint64_t *done, bool *same)
{
    char a[4096], b[4096];
    (void)fs;
    *done = 0;
    *same = true;
    if (cannot || n == 0)
        return cannot;
    most = n > most ? n : most;
    size_t part = n < sizeof a ? (size_t)n : sizeof a;
    assert_int_equal(pread(from, a, part, (off_t)offset), (ssize_t)part);
    *same = pread(to, b, part, (off_t)offset) == (ssize_t)part && memcmp(a, b, part) == 0;
    *done = *same ? n : 0;
    shared++;
    return 0;
}

static void blocks_are_shared_in_bounded_ranges(void **state)
{
    (void)state;
    struct faulty_fs f;
    alice_act_result r;
    reset(ALICE_SAME_REFLINK);
    faulty_fs_init(&f);
    f.ops.dedupe = dedupe;
    const off_t large = (off_t)40 << 20; /* sparse, and the same twice */
    static const char *const twice[] = {"in/large", "plain/large"};
    for (unsigned i = 0; i < 2; i++) {
        tree_file(top, twice[i], "x", 1);
        int fd = openat(top, twice[i], O_WRONLY | O_CLOEXEC);
        assert_int_equal(ftruncate(fd, large), 0);
        close(fd);
    }
    cannot = 0;
    shared = 0;
    assert_status(act(ALICE_SAME_REFLINK, &f.ops, NULL, &r), ALICE_OK);
    assert_int_equal(r.done, FILES + 1);
    assert_int_equal(shared, FILES + 3);
    assert_int_equal(most, 16 << 20);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(unlinkat(top, twice[i], 0), 0);
    assert_int_equal(expect_whole(ALICE_SAME_REFLINK, "shared", 0, true), FILES);
    /* One that changed meanwhile has other bytes, says the kernel. */
    f.act_op = FAULTY_stat_fd;
    f.act_at = f.calls[FAULTY_stat_fd];
    f.act = scribble;
    char path[] = "plain/a.gif";
    f.act_ctx = path;
    assert_status(act(ALICE_SAME_REFLINK, &f.ops, NULL, &r), ALICE_OK);
    assert_int_equal(r.left, 1);
    assert_non_null(strstr(last.why, "others by now"));
    /* Where none can be shared that is told before anything. */
    cannot = -EOPNOTSUPP;
    unsigned before = shared;
    assert_status(act(ALICE_SAME_REFLINK, &f.ops, NULL, &r), ALICE_E_UNSUPPORTED);
    assert_int_equal(r.found.files, 0);
    assert_int_equal(shared, before);
}

static void a_stop_is_heard(void **state)
{
    (void)state;
    alice_act_result r;
    static const alice_same_act acts[] = {ALICE_SAME_LINK, ALICE_SAME_REMOVE};
    for (unsigned i = 0; i < 2; i++) {
        const char *const paths[] = {inbox, organized};
        told t = {.stop = true};
        const alice_duplicates_options find = {.config = {.max_memory_mb = 32},
                                               .paths = paths,
                                               .path_count = 2,
                                               .should_stop = stop,
                                               .ctx = &t};
        const alice_act_options o = {.find = &find, .act = acts[i], .organized = organized};
        reset(ALICE_SAME_REMOVE);
        assert_status(alice_duplicates_act(&o, &r, NULL), ALICE_E_CANCELLED);
        assert_int_equal(expect_whole(ALICE_SAME_REMOVE, "a stop", i, true), FILES);
    }
    const alice_act_options nothing = {.act = ALICE_SAME_LINK}, what = {.find = NULL};
    assert_status(alice_duplicates_act(&nothing, &r, NULL), ALICE_E_INVAL);
    assert_status(alice_duplicates_act(&what, &r, NULL), ALICE_E_INVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_of_a_removal_may_fail),
        cmocka_unit_test(each_change_of_a_link_may_fail),
        cmocka_unit_test(a_removal_may_end_at_each_change),
        cmocka_unit_test(a_link_may_end_at_each_change),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(an_undo_gives_back_what_was_removed),
        cmocka_unit_test(such_an_undo_may_end_at_each_change),
        cmocka_unit_test(a_new_file_in_its_place_stays),
        cmocka_unit_test(a_kept_file_that_is_replaced_takes_nothing_along),
        cmocka_unit_test(what_changed_meanwhile_is_left),
        cmocka_unit_test(what_a_program_has_open_to_write_is_left),
        cmocka_unit_test(what_is_kept_stands_when_the_other_has_gone),
        cmocka_unit_test(names_that_cannot_change_places_are_renamed_over),
        cmocka_unit_test(blocks_are_shared_in_bounded_ranges),
        cmocka_unit_test(a_stop_is_heard),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
