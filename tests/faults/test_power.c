/* SPDX-License-Identifier: MIT */
/*
 * The power goes at every step of a small run of each kind (copy, move, move across file
 * systems, with a group of files, undo), and of what was not flushed all, nothing or a part is
 * lost: see power_disk.h. At each cut every file stands whole in the inbox or organized, and
 * nothing half under a final name. The next run ends the work, the catalog says what is there,
 * and the run after it finds nothing to do.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "power_disk.h"

#include "make_media.h"
#include "standing.h"

#include <signal.h>
#include <sys/wait.h>

#include <alice/organize.h>

enum { MOST = 3 };

void __wrap_alice__host_pause(int ms);

/* Nobody else holds the lock here: what is written over it by chance need not be watched. */
void __wrap_alice__host_pause(int ms)
{
    (void)ms;
}

static char top[64];
static int top_fd, attic;
static blob file[MOST];
static const char *const names[MOST] = {"IMG_1.jpg", "IMG_1.jpg.xmp", "b.jpg"};

static const struct kind {
    const char *name;
    unsigned files;
    bool move, apart, undo;
    unsigned states; /* at least as many have to be looked at */
} kinds[] = {
    {"copy", .files = 3, .states = 60},
    {"move", .files = 3, .move = true, .states = 60},
    {"move across", .files = 3, .move = true, .apart = true, .states = 60},
    {"undo of a copy", .files = 2, .undo = true, .states = 60},
    {"undo of a move", .files = 2, .move = true, .undo = true, .states = 60},
    {"undo of a move across", .files = 2, .move = true, .apart = true, .undo = true,
     .states = 60},
};
enum { KINDS = sizeof kinds / sizeof *kinds };
static const struct kind *chosen = kinds;

/* Of the steps: with a sanitizer, which makes each run slower, a third. */
#ifdef __SANITIZE_ADDRESS__
enum { EVERY = 3 };
#else
enum { EVERY = 1 };
#endif
static bool each_loss;

static int set_up(void **state)
{
    (void)state;
    top_fd = tree_make_fast(top);
    if (top_fd < 0)
        return 1;
    for (unsigned i = 0; i < MOST; i += 2) {
        blob exif = {0};
        char text[64];
        snprintf(text, sizeof text, "2024:03:%02u 10:20:30", 1 + i);
        make_exif(&exif, &(make_exif_options){
                             .make = "Acme", .model = "Box 1", .date_time_original = text});
        make_jpeg_begin(&file[i]);
        make_jpeg_exif(&file[i], exif);
        make_jpeg_end(&file[i], 16, 16);
        if (i == 2) { /* longer than the head that is read */
            blob_zeros(&file[i], 70000);
            for (unsigned k = 0; k < 64; k++)
                blob_u8(&file[i], (uint8_t)(k + 1));
        }
        blob_free(&exif);
    }
    static const char xmp[] =
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
        "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
        "xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='3'/></rdf:RDF></x:xmpmeta>";
    for (size_t i = 0; i < sizeof xmp - 1; i++)
        blob_u8(&file[1], (uint8_t)xmp[i]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MOST; i++)
        blob_free(&file[i]);
    close(top_fd);
    tree_remove(top);
    return 0;
}

static void reset(const struct kind *k)
{
    static const char *const folders[] = {"inbox", "organized", "attic"};
    for (size_t i = 0; i < 3; i++) {
        int fd = openat(top_fd, folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            tree_empty(fd);
            close(fd);
        }
        unlinkat(top_fd, folders[i], AT_REMOVEDIR);
        assert_int_equal(mkdirat(top_fd, folders[i], 0755), 0);
    }
    assert_int_equal(mkdirat(top_fd, "inbox/trip", 0755), 0);
    for (unsigned i = 0; i < k->files; i++) {
        char path[64];
        snprintf(path, sizeof path, "inbox/trip/%s", names[i]);
        tree_file(top_fd, path, file[i].p, file[i].n);
    }
}

/* ---- what stands ---- */

static struct standing look(const char *folder)
{
    return standing_in(top_fd, folder, file, MOST);
}

/* ---- runs ---- */

struct places {
    char in[96], to[96];
    alice_organizer_options options;
};

static void prepare(const struct kind *k, struct places *p)
{
    snprintf(p->in, sizeof p->in, "%s/inbox", top);
    snprintf(p->to, sizeof p->to, "%s/organized", top);
    p->options = (alice_organizer_options){.inbox = p->in, .organized = p->to, .move = k->move};
    p->options.config.workers = 1;
    p->options.config.max_memory_mb = 48; /* small tables: thousands of runs */
}

static alice_status organize(const struct kind *k, alice_organize_result *r, alice_error *e)
{
    struct places p;
    alice_organizer *o = NULL;
    prepare(k, &p);
    memset(r, 0, sizeof *r);
    alice_status st = alice_organizer_open(&o, &p.options, e);
    if (st == ALICE_OK)
        st = alice_organizer_organize(o, r, e);
    alice_organizer_close(&o);
    return st;
}

static alice_status undo(const struct kind *k, alice_undo_result *r, alice_error *e)
{
    struct places p;
    prepare(k, &p);
    return alice_undo(&p.options, 1, r, e);
}

/* ---- what the catalog says ---- */

struct told {
    unsigned organized, untrue;
    char untrue_path[512];
};

static void a_file_of_a_run(void *ctx, const alice_history_file *f)
{
    struct told *t = ctx;
    if (strcmp(f->status, "organized") != 0)
        return;
    t->organized++;
    unsigned i = content_of_file(file, MOST, AT_FDCWD, f->destination);
    if (i == MOST) {
        t->untrue++;
        snprintf(t->untrue_path, sizeof t->untrue_path, "%s", f->destination);
    }
}

struct runs {
    int64_t id[64];
    unsigned n;
};

static void a_run(void *ctx, const alice_run_info *run)
{
    struct runs *r = ctx;
    assert_true(r->n < 64);
    r->id[r->n++] = run->undoes ? 0 : run->run;
}

static void ignore_run(void *ctx, const alice_run_info *run)
{
    (void)ctx;
    (void)run;
}

static struct told ask_catalog(const struct kind *k)
{
    struct places p;
    struct runs runs = {.n = 0};
    struct told t = {.organized = 0};
    prepare(k, &p);
    assert_ok(alice_history(&p.options, 0, a_run, NULL, &runs, NULL));
    for (unsigned i = 0; i < runs.n; i++)
        if (runs.id[i])
            assert_ok(
                alice_history(&p.options, runs.id[i], ignore_run, a_file_of_a_run, &t, NULL));
    return t;
}

/* ---- one cut ---- */

static char here[128];

static void judge_cut(const struct kind *k)
{
    struct standing in = look("inbox"), to = look("organized");
    for (unsigned i = 0; i < k->files; i++)
        if (in.whole[i] + to.whole[i] == 0 || (!k->move && in.whole[i] != 1))
            fail_msg("%s: %s is lost", here, names[i]);
    if (in.half || to.half)
        fail_msg("%s: %s stands half", here, in.half ? in.name : to.name);
}

static void judge_end(const struct kind *k)
{
    struct standing in = look("inbox"), to = look("organized");
    unsigned there = 0;
    for (unsigned i = 0; i < k->files; i++) {
        unsigned inbox = k->undo || !k->move, organized = !k->undo;
        there += to.whole[i];
        if (in.whole[i] != inbox || to.whole[i] != organized)
            fail_msg("%s: at the end %s stands %u times in the inbox, %u times organized", here,
                     names[i], in.whole[i], to.whole[i]);
    }
    if (in.half + to.half + in.temporary + to.temporary)
        fail_msg("%s: at the end %u are half (%s), %u temporary", here, in.half + to.half,
                 in.half ? in.name : to.name, in.temporary + to.temporary);
    struct told t = ask_catalog(k);
    if (t.untrue || t.organized != there)
        fail_msg("%s: the catalog says %u, there are %u; not there: %s", here, t.organized,
                 there, t.untrue_path);
}

/* False: the run ended before. */
static bool one_cut(const struct kind *k, unsigned cut, enum power_loss loss, unsigned *states)
{
    alice_organize_result r;
    alice_undo_result u;
    alice_error e = {.text = ""};
    int status = 0;
    snprintf(here, sizeof here, "%s, %s at %u", k->name, power_loss_names[loss], cut);
    reset(k);
    if (k->undo)
        assert_ok(organize(k, &r, NULL));
    attic = openat(top_fd, "attic", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL); /* a crash is not cmocka's */
        power_begin(attic, cut, loss, k->apart);
        alice_status st = k->undo ? undo(k, &u, &e) : organize(k, &r, &e);
        if (st != ALICE_OK)
            fprintf(stderr, "# %s: %s %s\n", here, alice_status_name(st), e.text);
        _exit(st == ALICE_OK ? 0 : POWER_BROKEN);
    }
    close(attic);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) == POWER_BROKEN)
        fail_msg("%s: the run broke: %d", here, status);
    if (WEXITSTATUS(status) == 0)
        return false;
    if (WEXITSTATUS(status) == POWER_SAME)
        return true;
    assert_int_equal(WEXITSTATUS(status), POWER_CUT);
    ++*states;
    judge_cut(k);
    if (k->undo) {
        alice_status st = undo(k, &u, &e);
        if (st != ALICE_OK || u.left)
            fail_msg("%s: the next undo: %s, %u left: %s", here, alice_status_name(st),
                     (unsigned)u.left, e.text);
        judge_end(k);
        return true;
    }
    for (unsigned again = 0; again < (loss == LOSE_AT_RANDOM ? 2 : 1); again++) {
        alice_status st = organize(k, &r, &e);
        if (st != ALICE_OK || r.tally.errors || (again && r.tally.organized))
            fail_msg("%s: run %u after it: %s, %u errors, %u organized: %s", here, again + 1,
                     alice_status_name(st), (unsigned)r.tally.errors,
                     (unsigned)r.tally.organized, e.text);
        judge_end(k);
    }
    return true;
}

static void the_power_goes_at_every_step(void **state)
{
    (void)state;
    unsigned states = 0, cuts = 0;
    power_forget();
    bool more = true;
    for (unsigned cut = 0; more; cut += EVERY)
        for (int loss = 0; loss < POWER_LOSSES && more; loss++) {
            if (!each_loss && loss != LOSE_ALL && loss != LOSE_AT_RANDOM &&
                cut / EVERY % 3 != (unsigned)loss % 3)
                continue; /* a third of the steps each */
            more = one_cut(chosen, cut, (enum power_loss)loss, &states);
            cuts += more;
        }
    print_message("# %s: %u cuts, %u states of the disk\n", chosen->name, cuts, states);
    assert_true(states >= chosen->states / EVERY);
}

/* test_power KIND [all]: with "all" every loss at every step, which takes a minute. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_power_goes_at_every_step, set_up, tear_down)};
    while (argc > 1 && chosen < kinds + KINDS && strcmp(chosen->name, argv[1]) != 0)
        chosen++;
    if (chosen == kinds + KINDS) {
        fprintf(stderr, "test_power: there is no kind \"%s\"\n", argv[1]);
        return 2;
    }
    each_loss = argc > 2;
    power_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
