/* SPDX-License-Identifier: MIT */
/*
 * Every call of the file system's table fails in turn, in a small run of each kind: with EIO,
 * with ENOSPC once and for good, with EINTR; and the process ends there. Whatever it was, each
 * file is whole afterwards, nothing half stands under a final name, what the run said is true,
 * and a run on a healthy file system ends the work. And: in what order a file is written,
 * flushed, named, and its source removed.
 */
#include "faulty_fs.h"
#include "make_media.h"
#include "standing.h"
#include "test.h"
#include "tree.h"

#include <sys/wait.h>

#include <alice/organize.h>

#include "organize/organizer.h"

enum { MOST = 6 };

static char top[64];
static int top_fd;
static blob known[MOST];
static struct faulty_fs faults;

static const struct kind {
    const char *name;
    unsigned files, points; /* points: at least as many have to be found */
    bool move, apart, no_replace, no_links, changes_only;
    bool group;     /* a RAW, its JPEG and its sidecar */
    bool undo;      /* what fails is the undo of such a run; */
    bool redo;      /* or the undo of that */
    unsigned batch; /* so many files are one; 0: all of them are */
} kinds[] = {
    {"copy", .files = 2, .points = 230},
    {"move", .files = 2, .points = 120, .move = true},
    {"move by links", .files = 2, .points = 150, .move = true, .no_replace = true},
    {"move by reservations", .files = 2, .points = 190, .move = true, .no_replace = true,
     .no_links = true},
    {"move across", .files = 2, .points = 330, .move = true, .apart = true},
    {"many across", .files = MOST, .points = 250, .move = true, .apart = true,
     .changes_only = true},
    {"many copies", .files = MOST, .points = 190, .changes_only = true},
    {"move over batches", .files = MOST, .points = 150, .move = true, .batch = 2,
     .changes_only = true},
    {"move across over batches", .files = MOST, .points = 250, .move = true, .apart = true,
     .batch = 2, .changes_only = true},
    {"copies over batches", .files = MOST, .points = 200, .batch = 2, .changes_only = true},
    {"group over batches", .files = 3, .points = 50, .move = true, .group = true, .batch = 1,
     .changes_only = true},
    {"group", .files = 3, .points = 150, .move = true, .group = true},
    {"group across", .files = 3, .points = 150, .move = true, .apart = true, .group = true,
     .changes_only = true},
    {"undo of a move", .files = 2, .points = 100, .move = true, .undo = true},
    {"undo of a move across", .files = 2, .points = 100, .move = true, .apart = true,
     .undo = true, .changes_only = true},
    {"undo of a copy", .files = 2, .points = 100, .undo = true},
    {"redo of a move", .files = 2, .points = 50, .move = true, .undo = true, .redo = true,
     .changes_only = true},
    {"redo of a copy", .files = 2, .points = 100, .undo = true, .redo = true,
     .changes_only = true},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const struct kind *chosen = kinds;

static int set_up(void **state)
{
    (void)state;
    top_fd = tree_make_fast(top);
    for (unsigned i = 0; i < MOST; i++) {
        blob b = {0}, exif = {0};
        char text[64];
        snprintf(text, sizeof text, "2024:03:%02u 10:20:30", 1 + i / 3);
        make_exif(&exif, &(make_exif_options){
                             .make = "Acme", .model = "Box 1", .date_time_original = text});
        make_jpeg_begin(&b);
        make_jpeg_exif(&b, exif);
        snprintf(text, sizeof text, "number %u", i);
        make_jpeg_comment(&b, text);
        make_jpeg_end(&b, 16, 16);
        if (i == 1) { /* longer than the head that is read; the last byte tells it */
            blob_zeros(&b, 70000);
            blob_u8(&b, 7);
        }
        known[i] = b;
        blob_free(&exif);
    }
    for (unsigned i = 0; chosen->group && i < 3; i += 2) {
        blob b = {0};
        if (i == 0)
            make_tiff(&b,
                      &(make_exif_options){.make = "Acme",
                                           .model = "Box 1",
                                           .date_time_original = "2024:03:01 10:20:30"},
                      16, 16);
        else
            blob_text(&b, "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>");
        blob_free(&known[i]);
        known[i] = b;
    }
    return top_fd < 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MOST; i++)
        blob_free(&known[i]);
    close(top_fd);
    tree_remove(top);
    return 0;
}

/* ---- trees ---- */

static void remove_folder(const char *name)
{
    int fd = openat(top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        tree_empty(fd);
        close(fd);
    }
    unlinkat(top_fd, name, AT_REMOVEDIR);
}

/* The files of the inbox, as far as they are not there. */
static void fill_inbox(unsigned files)
{
    static const char *const ends[] = {"nef", "jpg", "xmp"};
    for (unsigned i = 0; i < files; i++) {
        char name[32];
        if (chosen->group)
            snprintf(name, sizeof name, "inbox/trip/g.%s", ends[i % 3]);
        else
            snprintf(name, sizeof name, "inbox/trip/%u.jpg", i);
        if (!tree_has(top_fd, name))
            tree_file(top_fd, name, known[i].p, known[i].n);
    }
}

static void reset(unsigned files)
{
    remove_folder("inbox");
    remove_folder("organized");
    assert_int_equal(mkdirat(top_fd, "inbox", 0755), 0);
    assert_int_equal(mkdirat(top_fd, "inbox/trip", 0755), 0);
    fill_inbox(files);
}

/* Inbox and organized are kept, times and all, or put back as they were kept. */
static void copy_trees(bool keep)
{
    int status = 0;
    fflush(NULL);
    for (unsigned i = 0; i < 2; i++)
        remove_folder(keep ? i ? "kept/organized" : "kept/inbox" : i ? "organized" : "inbox");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (fchdir(top_fd) == 0 && keep && (mkdir("kept", 0755) == 0 || errno == EEXIST))
            execlp("cp", "cp", "-a", "inbox", "organized", "kept", (char *)NULL);
        else if (!keep)
            execlp("cp", "cp", "-a", "kept/inbox", "kept/organized", ".", (char *)NULL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static struct standing look(const char *folder)
{
    return standing_in(top_fd, folder, known, MOST);
}

/* ---- runs ---- */

static struct faulty_fs *table(const struct kind *k)
{
    faulty_fs_init(&faults);
    faults.apart = k->apart;
    faults.refuse[FAULTY_clone] = -EOPNOTSUPP;
    if (k->no_replace)
        faulty_fs_no_replace_flag(&faults);
    if (k->no_links)
        faulty_fs_no_links(&faults);
    return &faults;
}

struct outcome {
    alice_status status;
    alice_organize_result r;
};

static void organize_options(const struct kind *k, const alice__fs_ops *fs,
                             alice_organizer_options options, struct outcome *out)
{
    alice_organizer *o = NULL;
    options.move = k->move;
    options.config.workers = 1;
    memset(out, 0, sizeof *out);
    out->status = alice__organizer_open_on(&o, &options, fs, NULL);
    if (out->status == ALICE_OK && k->batch) {
        assert_true(o->overlaps || options.dry_run);
        o->items.most = o->moving.most = k->batch;
    }
    if (out->status == ALICE_OK)
        out->status = alice_organizer_organize(o, &out->r, NULL);
    alice_organizer_close(&o);
}

static void organize_between(const struct kind *k, const alice__fs_ops *fs, unsigned settle,
                             const char *in, const char *to, struct outcome *out)
{
    organize_options(
        k, fs,
        (alice_organizer_options){.inbox = in, .organized = to, .settle_seconds = settle}, out);
}

static void organize_with(const struct kind *k, const alice__fs_ops *fs, unsigned settle,
                          struct outcome *out)
{
    char in[96], to[96];
    snprintf(in, sizeof in, "%s/inbox", top);
    snprintf(to, sizeof to, "%s/organized", top);
    organize_between(k, fs, settle, in, to, out);
}

/* Run 1 is the one that organized; run 2, where it is wanted, takes it back. */
static void undo_run(int64_t run, const alice__fs_ops *fs, struct outcome *out)
{
    char to[96];
    alice_undo_result r;
    snprintf(to, sizeof to, "%s/organized", top);
    alice_organizer_options options = {.organized = to};
    options.config.workers = 1;
    memset(out, 0, sizeof *out);
    out->status = alice__undo_on(&options, fs, run, &r, NULL);
    out->r.tally.organized = r.done;
    out->r.tally.errors = r.left;
}

/* What is to fail. */
static void act(const struct kind *k, const alice__fs_ops *fs, struct outcome *out)
{
    if (k->undo)
        undo_run(k->redo ? 2 : 1, fs, out);
    else
        organize_with(k, fs, 0, out);
}

/* What stands before it. */
static void prepare(const struct kind *k)
{
    struct outcome out;
    reset(k->files);
    if (!k->undo)
        return;
    organize_with(k, &table(k)->ops, 0, &out);
    assert_ok(out.status);
    assert_int_equal(out.r.tally.organized, k->files);
    if (k->redo) {
        undo_run(1, &table(k)->ops, &out);
        assert_ok(out.status);
        assert_int_equal(out.r.tally.organized, k->files);
    }
    copy_trees(true);
}

static const struct fault {
    const char *name;
    int with;
    bool for_good;
} all_faults[] = {
    {"EIO", -EIO, false},     {"ENOSPC", -ENOSPC, false}, {"ENOSPC for good", -ENOSPC, true},
    {"EINTR", -EINTR, false}, {"killed", 0, false},
};
enum { FAULTS = sizeof all_faults / sizeof *all_faults };

/* Where its files are when all is done: organized, or in the inbox. */
static bool ends_organized(const struct kind *k)
{
    return !k->undo || k->redo;
}

/* After a run that something happened to. `died`: it said nothing. */
static void judge(const struct kind *k, const struct fault *f, unsigned at, bool died,
                  const struct outcome *out)
{
    struct standing in = look("inbox"), to = look("organized");
    unsigned placed = 0, organized = 0;
    for (unsigned i = 0; i < k->files; i++) {
        organized += to.whole[i] > 0;
        placed += ends_organized(k) ? to.whole[i] > 0 : in.whole[i] > 0 && to.whole[i] == 0;
        if (in.whole[i] + to.whole[i] == 0 || (!k->move && in.whole[i] != 1))
            fail_msg("%s, %s at %u: file %u is lost", k->name, f->name, at, i);
    }
    if (in.half || (in.temporary && ends_organized(k)) || (to.half && !died && !f->for_good))
        fail_msg("%s, %s at %u: %s stands half", k->name, f->name, at, to.name);
    if (died)
        return;
    if (k->group && !k->batch && organized != 0 && organized != k->files && !f->for_good)
        fail_msg("%s, %s at %u: %u of a group are organized", k->name, f->name, at, organized);
    if (out->r.tally.organized > placed)
        fail_msg("%s, %s at %u: said to be done: %u of %u", k->name, f->name, at,
                 (unsigned)out->r.tally.organized, placed);
    if (out->status == ALICE_OK && out->r.tally.errors == 0 && placed != k->files)
        fail_msg("%s, %s at %u: success, and %u of %u are placed", k->name, f->name, at, placed,
                 k->files);
}

/* What the catalog says is what stands: of the same files again a dry run places none, or,
 * where they were taken back, all. */
static void judge_catalog(const struct kind *k, const struct fault *f, unsigned at)
{
    struct outcome out;
    char in[96], to[96];
    snprintf(in, sizeof in, "%s/inbox", top);
    snprintf(to, sizeof to, "%s/organized", top);
    fill_inbox(k->files);
    organize_options(k, NULL,
                     (alice_organizer_options){.inbox = in, .organized = to, .dry_run = true},
                     &out);
    unsigned expected = ends_organized(k) ? 0 : k->files;
    if (out.status != ALICE_OK || out.r.tally.errors || out.r.rebuilt || out.r.copies_gone ||
        out.r.tally.files != k->files || out.r.tally.organized != expected)
        fail_msg(
            "%s, %s at %u: of the same again %u of %u would be organized, %u rows too many",
            k->name, f->name, at, (unsigned)out.r.tally.organized, (unsigned)out.r.tally.files,
            (unsigned)out.r.copies_gone);
}

/* After a healthy run: all is done. */
static void judge_end(const struct kind *k, const struct fault *f, unsigned at,
                      const struct outcome *out)
{
    struct standing in = look("inbox"), to = look("organized");
    if (out->status != ALICE_OK || out->r.tally.errors)
        fail_msg("%s, %s at %u: the next run: %d, %u errors", k->name, f->name, at,
                 (int)out->status, (unsigned)out->r.tally.errors);
    if (out->r.copies_gone)
        fail_msg("%s, %s at %u: %u rows of files that were never placed", k->name, f->name, at,
                 (unsigned)out->r.copies_gone);
    for (unsigned i = 0; i < k->files; i++) {
        /* After two failures in a row a name more may be left. */
        unsigned more = f->for_good ? 1 : 0, least = ends_organized(k) ? 1 : 0;
        unsigned kept = k->move && ends_organized(k) ? 0 : 1;
        /* The source of one whose group went already may stay. */
        unsigned stays = k->group && k->apart ? 1 : k->move ? more : 0;
        if (to.whole[i] < least || to.whole[i] > least + more || in.whole[i] < kept ||
            in.whole[i] > kept + stays)
            fail_msg("%s, %s at %u: at the end file %u stands %u times in the inbox, %u times "
                     "organized",
                     k->name, f->name, at, i, in.whole[i], to.whole[i]);
        if (k->group && strcmp(to.stem[i], to.stem[0]) != 0)
            fail_msg("%s, %s at %u: %s and %s are a group", k->name, f->name, at, to.stem[0],
                     to.stem[i]);
    }
    if (to.half && !f->for_good)
        fail_msg("%s, %s at %u: %s stands half at the end", k->name, f->name, at, to.name);
    if (f->with == 0 && to.temporary + in.temporary)
        fail_msg("%s, %s at %u: temporary files are left", k->name, f->name, at);
    if (!f->for_good && (k->undo || k->group))
        judge_catalog(k, f, at);
}

/* One fault; false: the run ended before it came. */
static bool one_point(const struct kind *k, const struct fault *f, unsigned at)
{
    struct outcome out = {.status = ALICE_OK};
    struct faulty_fs *fs = table(k);
    bool died = false;
    fs->fail_op = k->changes_only ? FAULTY_CHANGE : FAULTY_ANY;
    fs->fail_at = at;
    fs->fail_with = f->with;
    fs->for_good = f->for_good;
    if (k->undo)
        copy_trees(false);
    else
        reset(k->files);
    if (f->with != 0) {
        act(k, &fs->ops, &out);
        if (!fs->fired)
            return false;
    } else {
        int status = 0;
        fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            act(k, &fs->ops, &out);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 0)
            return false;
        died = true;
    }
    judge(k, f, at, died, &out);
    act(k, &table(k)->ops, &out);
    judge_end(k, f, at, &out);
    return true;
}

static void every_call_may_fail(void **state)
{
    (void)state;
    unsigned points = 0;
    prepare(chosen);
    for (size_t f = 0; f < FAULTS; f++)
        for (unsigned at = 0; one_point(chosen, &all_faults[f], at); at++)
            points++;
    print_message("# %s: %u fault points\n", chosen->name, points);
    assert_true(points >= chosen->points);
}

/* ---- order ---- */

/* The first record from `from` on of an operation that succeeded, about a name or an inode (""
 * and 0: whatever). -1: none. */
static int find(enum faulty_op op, const char *name, uint64_t inode, int from)
{
    for (int i = from; i < (int)faults.total && i < FAULTY_RECORDS; i++)
        if (faults.record[i].op == op && faults.record[i].answer == 0 &&
            (!*name || !strcmp(faults.record[i].name, name)) &&
            (!inode || faults.record[i].inode == inode))
            return i;
    return -1;
}

static int last_of(enum faulty_op op, uint64_t inode)
{
    int at = -1;
    for (int i = find(op, "", inode, 0); i >= 0; i = find(op, "", inode, i + 1))
        at = i;
    return at;
}

/* The flush of a file or folder after `from`: of itself, or of all. */
static int flushed_after(uint64_t inode, int from)
{
    int own = find(FAULTY_sync, "", inode, from), all = find(FAULTY_sync_all, "", 0, from);
    return own < 0 ? all : all < 0 || own < all ? own : all;
}

static uint64_t inode_of(const char *path)
{
    struct stat s;
    assert_int_equal(fstatat(top_fd, path, &s, 0), 0);
    return (uint64_t)s.st_ino;
}

static void a_file_goes_in_order(void **state)
{
    (void)state;
    for (size_t which = 0; which < KINDS; which++) {
        for (unsigned local = 0; local < 2; local++) {
            const struct kind *k = &kinds[which];
            struct outcome out;
            if (k->no_replace)
                continue;
            reset(k->files);
            struct faulty_fs *fs = table(k);
            fs->not_local = !local;
            organize_with(k, &fs->ops, 0, &out);
            assert_ok(out.status);
            assert_int_equal(out.r.tally.organized, k->files);
            assert_true(fs->total < FAULTY_RECORDS);
            uint64_t source_dir = inode_of("inbox/trip");
            for (unsigned i = 0; i < k->files; i++) {
                char to[128], leaf[64], from[32];
                snprintf(leaf, sizeof leaf, "trip-%05u.jpg", i + 1);
                snprintf(to, sizeof to, "organized/2024-03-%02u/trip/camera-acme-box-1",
                         1 + i / 3);
                snprintf(from, sizeof from, "%u.jpg", i);
                struct stat s;
                char path[256];
                snprintf(path, sizeof path, "%s/%s", to, leaf);
                if (fstatat(top_fd, path, &s, 0) != 0)
                    fail_msg("%s is not there", path);
                int named = find(FAULTY_rename_new, leaf, inode_of(to), 0);
                assert_true(named >= 0);
                int folder = flushed_after(inode_of(to), named);
                assert_true(folder > named);
                /* The folders that were made: each parent is flushed before a source goes. */
                int day = flushed_after(inode_of("organized"), 0);
                assert_true(day >= 0);
                if (!k->move || k->apart) {
                    uint64_t copy = (uint64_t)s.st_ino;
                    int written = last_of(FAULTY_write_at, copy);
                    int kernel = last_of(FAULTY_copy_range, copy);
                    written = written > kernel ? written : kernel;
                    assert_true(written >= 0);
                    int synced = flushed_after(copy, written);
                    assert_true(synced > written && synced < named);
                    /* Nothing of it changes once it is flushed. */
                    assert_true(last_of(FAULTY_set_times, copy) < synced);
                }
                if (k->move && k->apart) {
                    int removed = find(FAULTY_unlink, from, source_dir, 0);
                    assert_true(removed > folder && removed > day);
                    assert_true(flushed_after(source_dir, removed) > removed);
                } else if (k->move) {
                    assert_true(flushed_after(source_dir, named) > named);
                } else {
                    assert_int_equal(find(FAULTY_unlink, from, source_dir, 0), -1);
                }
            }
        }
    }
}

/* ---- a name that was taken behind our back ---- */

/* The rows of all runs: how many are said to be organized, and at how many of those places
 * stands a file of ours, whole. */
struct told_rows {
    unsigned organized, stands, removed, finished;
    int64_t runs[16];
    unsigned count;
};

static void a_run(void *ctx, const alice_run_info *run)
{
    struct told_rows *s = ctx;
    assert_true(s->count < 16);
    s->finished += run->finished;
    s->runs[s->count++] = run->run;
}

static void no_run(void *ctx, const alice_run_info *run)
{
    (void)ctx;
    (void)run;
}

static void a_row(void *ctx, const alice_history_file *f)
{
    struct told_rows *s = ctx;
    s->removed += f->destination && strstr(f->destination, "/.alice/removed/") != NULL;
    if (strcmp(f->status, "organized") != 0)
        return;
    s->organized++;
    unsigned i = content_of_file(known, MOST, AT_FDCWD, f->destination);
    s->stands += i < MOST;
}

static struct told_rows ask_catalog(void)
{
    char to[96];
    struct told_rows s = {.organized = 0};
    snprintf(to, sizeof to, "%s/organized", top);
    const alice_organizer_options options = {.organized = to};
    assert_ok(alice_history(&options, 0, a_run, NULL, &s, NULL));
    for (unsigned i = 0; i < s.count; i++)
        assert_ok(alice_history(&options, s.runs[i], no_run, a_row, &s, NULL));
    return s;
}

static unsigned renames, die_after, die_before;

/* The first name is another's by then; after `die_after` renames, or before the
 * `die_before`-th, the process ends. */
static int rename_late(const alice__fs_ops *fs, int from_dir, const char *from, int to_dir,
                       const char *to)
{
    bool organizes = strncmp(to, "trip-", 5) == 0;
    if (organizes && renames++ == 0)
        tree_file(to_dir, to, "another's", 9);
    if (organizes && renames == die_before)
        _exit(99);
    int r = faulty_do_rename_new(fs, from_dir, from, to_dir, to);
    if (organizes && renames == die_after)
        _exit(99);
    return r;
}

/* The file gets another number, and the catalog knows it before it goes there. */
static void a_name_that_was_taken_is_given_up(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 6; round++) {
        bool killed = round % 3;
        struct kind k = {"", .files = 2, .move = true, .batch = round / 3};
        struct outcome out;
        int status = 0;
        reset(k.files);
        struct faulty_fs *fs = table(&k);
        fs->ops.rename_new = rename_late;
        renames = 0;
        die_after = round % 3 == 1 ? 3 : 0;
        die_before = round % 3 == 2 ? 3 : 0;
        fflush(NULL);
        pid_t child = killed ? fork() : 0;
        if (child == 0) {
            organize_with(&k, &fs->ops, 0, &out);
            if (killed)
                _exit(0);
            assert_ok(out.status);
            assert_int_equal(out.r.tally.organized, 2);
            assert_int_equal(out.r.tally.errors, 0);
        } else {
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_int_equal(WEXITSTATUS(status), 99);
            organize_with(&k, NULL, 0, &out);
            assert_ok(out.status);
            assert_int_equal(out.r.tally.errors, 0);
            assert_int_equal(out.r.copies_gone, 0);
        }
        die_before = 0;
        struct standing in = look("inbox"), to = look("organized");
        assert_int_equal(in.whole[0] + in.whole[1], 0);
        assert_true(to.whole[0] == 1 && to.whole[1] == 1 && to.half == 1);
        struct told_rows s = ask_catalog();
        assert_int_equal(s.organized, 2);
        assert_int_equal(s.stands, 2);
    }
}

static bool stop(void *ctx)
{
    (void)ctx;
    return true;
}

static bool stop_later(void *ctx)
{
    unsigned *left = ctx;
    return *left == 0 || --*left == 0;
}

/* A run over several batches is stopped at each of its questions: what was decided while others
 * were on their way is as if it had not been met, its numbers are free, and nothing is in
 * doubt. */
static void a_stop_takes_back_what_was_decided(void **state)
{
    (void)state;
    char in[96], to[96];
    struct outcome out;
    unsigned stopped = 0;
    snprintf(in, sizeof in, "%s/inbox", top);
    snprintf(to, sizeof to, "%s/organized", top);
    for (unsigned mode = 0; mode < 3; mode++) {
        struct kind k = {"", .files = MOST, .move = mode > 0, .apart = mode == 2, .batch = 2};
        for (unsigned at = 1;; at++) {
            unsigned left = at;
            reset(k.files);
            organize_options(
                &k, &table(&k)->ops,
                (alice_organizer_options){
                    .inbox = in, .organized = to, .should_stop = stop_later, .ctx = &left},
                &out);
            if (out.status == ALICE_OK)
                break;
            stopped++;
            assert_status(out.status, ALICE_E_CANCELLED);
            unsigned before = (unsigned)out.r.tally.organized;
            assert_int_equal(out.r.tally.errors, 0);
            organize_with(&k, &table(&k)->ops, 0, &out);
            assert_ok(out.status);
            assert_int_equal(out.r.recovered, 0);
            assert_int_equal(before + out.r.tally.organized, MOST);
            struct standing there = look("organized");
            for (unsigned i = 0; i < MOST; i++)
                assert_int_equal(there.whole[i], 1);
        }
    }
    print_message("# stopped at %u places\n", stopped);
    assert_true(stopped > 30);
}

/* A group whose leader gets another number: each of it goes there, and the catalog knows where.
 */
static void a_group_gets_another_number_together(void **state)
{
    (void)state;
    struct outcome out;
    reset(chosen->files);
    struct faulty_fs *fs = table(chosen);
    fs->ops.rename_new = rename_late;
    renames = 0;
    die_after = UINT_MAX;
    organize_with(chosen, &fs->ops, 0, &out);
    assert_ok(out.status);
    assert_true(renames > chosen->files);
    assert_int_equal(out.r.tally.organized, chosen->files);
    struct told_rows rows = ask_catalog();
    assert_int_equal(rows.organized, chosen->files);
    assert_int_equal(rows.stands, chosen->files);
    struct standing to = look("organized");
    for (unsigned i = 0; i < chosen->files; i++) {
        assert_int_equal(to.whole[i], 1);
        assert_string_equal(to.stem[i], to.stem[0]);
    }
}

/* A run that was stopped is not told as one that came to its end; the next one is. */
static void a_run_that_was_stopped_did_not_finish(void **state)
{
    (void)state;
    char in[96], to[96];
    alice_organizer *o = NULL;
    alice_organize_result r;
    reset(2);
    snprintf(in, sizeof in, "%s/inbox", top);
    snprintf(to, sizeof to, "%s/organized", top);
    alice_organizer_options options = {.inbox = in, .organized = to};
    options.config.workers = 1;
    for (unsigned i = 0; i < 2; i++) {
        options.should_stop = i ? NULL : stop;
        assert_ok(alice_organizer_open(&o, &options, NULL));
        assert_status(alice_organizer_organize(o, &r, NULL), i ? ALICE_OK : ALICE_E_CANCELLED);
        alice_organizer_close(&o);
        struct told_rows rows = ask_catalog();
        assert_int_equal(rows.finished, i);
    }
    assert_int_equal(r.tally.organized, 2);
}

/* Two of the same bytes, and the first cannot be placed: the other is no duplicate of it. */
static void what_failed_has_no_duplicates(void **state)
{
    (void)state;
    for (unsigned batch = 0; batch < 2; batch++) {
        struct kind k = {"", .files = 1, .move = true, .batch = batch};
        struct outcome out;
        reset(k.files);
        tree_file(top_fd, "inbox/trip/1.jpg", known[0].p, known[0].n);
        struct faulty_fs *fs = table(&k);
        fs->refuse[FAULTY_rename_new] = -EIO;
        organize_with(&k, &fs->ops, 0, &out);
        assert_true(fs->calls[FAULTY_rename_new] > 0);
        assert_int_equal(out.r.tally.organized, 0);
        assert_int_equal(out.r.tally.duplicates, 0);
        assert_int_equal(look("inbox").whole[0], 2);
        organize_with(&k, NULL, 0, &out);
        assert_ok(out.status);
        assert_int_equal(out.r.tally.organized, 1);
        assert_int_equal(out.r.tally.duplicates, 1);
    }
}

/* A duplicate leaves the inbox only where the flush of the organized file worked; where it
 * cannot go, it stays, no row says that it went, and the next run takes it. */
static void a_duplicate_goes_in_order(void **state)
{
    (void)state;
    const struct kind copy = {"", .files = 1}, move = {"", .files = 1, .move = true};
    char in[96], to[96];
    struct outcome out;
    snprintf(in, sizeof in, "%s/inbox", top);
    snprintf(to, sizeof to, "%s/organized", top);
    const alice_organizer_options options = {
        .inbox = in, .organized = to, .remove_duplicates = true};
    reset(copy.files);
    organize_with(&copy, NULL, 0, &out);
    assert_int_equal(out.r.tally.organized, 1);
    const char *twin = "organized/2024-03-01/trip/camera-acme-box-1/trip-00001.jpg";

    struct faulty_fs *fs = table(&move);
    fs->sync_files = -EIO;
    organize_options(&move, &fs->ops, options, &out);
    assert_true(fs->calls[FAULTY_sync] > 0);
    assert_int_equal(out.r.duplicates_removed, 0);
    assert_true(tree_is(top_fd, "inbox/trip/0.jpg", known[0].p, known[0].n));

    fs = table(&move);
    fs->refuse[FAULTY_rename_new] = -EIO;
    organize_options(&move, &fs->ops, options, &out);
    assert_true(fs->calls[FAULTY_rename_new] > 0);
    assert_int_equal(out.r.duplicates_removed, 0);
    assert_true(tree_is(top_fd, "inbox/trip/0.jpg", known[0].p, known[0].n));
    assert_int_equal(ask_catalog().removed, 0);

    fs = table(&move);
    organize_options(&move, &fs->ops, options, &out);
    assert_ok(out.status);
    assert_int_equal(out.r.duplicates_removed, 1);
    assert_int_equal(ask_catalog().removed, 1);
    assert_int_equal(look("inbox").whole[0], 0);
    assert_true(tree_is(top_fd, twin, known[0].p, known[0].n));
    int durable = find(FAULTY_sync, "", inode_of(twin), 0);
    int gone = find(FAULTY_rename_new, "0.jpg", 0, 0);
    assert_true(durable >= 0 && gone > durable);
    assert_true(flushed_after(inode_of("inbox/trip"), gone) > gone);
}

static void change_a_file(void *ctx)
{
    int fd = openat(top_fd, ctx, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "!", 1), 1);
    assert_int_equal(close(fd), 0);
}

/* Between the comparison and the removal somebody edits one of the two: both stay. */
static void what_is_edited_during_an_undo_stays(void **state)
{
    (void)state;
    char copy[] = "organized/2024-03-01/trip/camera-acme-box-1/trip-00001.jpg",
         source[] = "inbox/trip/0.jpg";
    for (unsigned i = 0; i < 2; i++) {
        struct kind k = {"", .files = 1, .undo = true};
        struct outcome out;
        prepare(&k);
        struct faulty_fs *fs = table(&k);
        fs->act_op = FAULTY_sync; /* of what was compared; the next is that of its folder */
        fs->act_after = true;
        fs->act = change_a_file;
        fs->act_ctx = i ? copy : source;
        undo_run(1, &fs->ops, &out);
        assert_true(fs->acted);
        assert_int_equal(out.r.tally.organized, 0);
        assert_int_equal(out.r.tally.errors, 1);
        assert_true(tree_has(top_fd, copy));
        assert_true(tree_has(top_fd, source));
    }
}

/* Organized and what is above it are made for this run: each is flushed in its own parent. */
static void new_parents_are_durable_before_a_source_goes(void **state)
{
    (void)state;
    for (unsigned apart = 0; apart < 2; apart++) {
        struct kind k = {"", .files = 1, .move = true, .apart = apart};
        struct outcome out;
        char in[96], to[96];
        reset(1);
        struct faulty_fs *fs = table(&k);
        snprintf(in, sizeof in, "%s/inbox", top);
        snprintf(to, sizeof to, "%s/organized/of/mine", top);
        organize_between(&k, &fs->ops, 0, in, to, &out);
        assert_ok(out.status);
        assert_int_equal(out.r.tally.organized, 1);
        int goes = apart ? find(FAULTY_unlink, "0.jpg", 0, 0)
                         : find(FAULTY_rename_new, "trip-00001.jpg", 0, 0);
        assert_true(goes >= 0);
        static const char *const parents[] = {"", "organized", "organized/of"};
        for (size_t i = 0; i < 3; i++) {
            int synced = find(FAULTY_sync, "", inode_of(*parents[i] ? parents[i] : "."), 0);
            assert_true(synced >= 0 && synced < goes);
        }
    }
}

/* A flush of the sources' folders that fails is told: the batch is not settled, and the next
 * process looks at it again. */
static void an_unflushed_source_folder_is_told(void **state)
{
    (void)state;
    struct outcome out;
    const struct kind *k = &kinds[4];
    reset(k->files);
    struct faulty_fs *fs = table(k);
    organize_with(k, &fs->ops, 0, &out);
    /* The last flush of all is the one of the inbox's folder. */
    unsigned flushes = fs->calls[FAULTY_sync];
    reset(k->files);
    fs = table(k);
    fs->fail_op = FAULTY_sync;
    fs->fail_at = flushes - 1;
    fs->fail_with = -EIO;
    organize_with(k, &fs->ops, 0, &out);
    assert_true(fs->fired);
    assert_status(out.status, ALICE_E_IO);
    organize_with(k, NULL, 0, &out);
    assert_ok(out.status);
    assert_int_equal(out.r.recovered, k->files);
    /* And once: what was looked at is settled. */
    organize_with(k, NULL, 0, &out);
    assert_ok(out.status);
    assert_int_equal(out.r.recovered, 0);
}

/* ---- after a kill, the copy is not what it should be ---- */

static void recovery_compares_before_it_removes(void **state)
{
    (void)state;
    for (unsigned move = 0; move < 2; move++) {
        struct kind k = {"", .files = 2, .move = move, .apart = true};
        struct outcome out;
        int status = 0;
        char path[] = "organized/2024-03-01/trip/camera-acme-box-1/trip-00002.jpg";
        reset(k.files);
        struct faulty_fs *fs = table(&k);
        fs->fail_op = move ? FAULTY_unlink : FAULTY_sync;
        if (!move) { /* the flush of the folders, once both are named */
            organize_with(&k, &fs->ops, 0, &out);
            unsigned all = fs->calls[FAULTY_sync];
            reset(k.files);
            fs = table(&k);
            fs->fail_op = FAULTY_sync;
            fs->fail_at = all - 1;
        } else {
            fs->fail_at = 0;
        }
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            organize_with(&k, &fs->ops, 0, &out);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(WEXITSTATUS(status), 99);
        /* The power went: the end of the copy, behind the head, never reached the disk. */
        int fd = openat(top_fd, path, O_RDWR | O_CLOEXEC);
        struct stat s;
        assert_true(fd >= 0 && fstat(fd, &s) == 0);
        assert_int_equal(pwrite(fd, "", 1, (off_t)known[1].n - 1), 1);
        const struct timespec times[2] = {s.st_atim, s.st_mtim};
        assert_int_equal(futimens(fd, times), 0);
        close(fd);
        organize_with(&k, NULL, 0, &out);
        assert_ok(out.status);
        struct standing in = look("inbox"), to = look("organized");
        assert_int_equal(to.whole[0], 1);
        assert_int_equal(to.whole[1], 1); /* organized again; the bad one is left */
        assert_int_equal(to.half, 1);
        assert_int_equal(in.whole[1], !move);
    }
}

/* The end of a move that was cut off: the copy is flushed, then its name, then its source goes.
 */
static void recovery_goes_in_order(void **state)
{
    (void)state;
    struct kind k = {"", .files = 2, .move = true, .apart = true};
    struct outcome out;
    static const char folder[] = "organized/2024-03-01/trip/camera-acme-box-1";
    int status = 0;
    reset(k.files);
    struct faulty_fs *fs = table(&k);
    fs->fail_op = FAULTY_unlink;
    fs->fail_at = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        organize_with(&k, &fs->ops, 0, &out);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 99);
    uint64_t source_dir = inode_of("inbox/trip");
    fs = table(&k);
    organize_with(&k, &fs->ops, 0, &out);
    assert_ok(out.status);
    assert_int_equal(out.r.recovered, 2);
    for (unsigned i = 0; i < 2; i++) {
        char source[16], copy[128];
        snprintf(source, sizeof source, "%u.jpg", i);
        snprintf(copy, sizeof copy, "%s/trip-%05u.jpg", folder, i + 1);
        int gone = find(FAULTY_unlink, source, source_dir, 0);
        assert_true(gone >= 0);
        int synced = find(FAULTY_sync, "", inode_of(copy), 0);
        assert_true(synced >= 0 && synced < gone);
        int named = find(FAULTY_sync, "", inode_of(folder), synced);
        assert_true(named >= 0 && named < gone);
        assert_true(find(FAULTY_sync, "", source_dir, gone) > gone);
    }
}

/* What a killed run may have made cannot be read: it is set aside, and the run goes on. */
static void what_cannot_be_read_stops_no_later_run(void **state)
{
    (void)state;
    struct kind k = {"", .files = 2};
    struct outcome out;
    int status = 0;
    reset(k.files);
    struct faulty_fs *fs = table(&k);
    organize_with(&k, &fs->ops, 0, &out);
    unsigned syncs = fs->calls[FAULTY_sync];
    reset(k.files);
    fs = table(&k);
    fs->fail_op = FAULTY_sync; /* killed at the last flush: both are named, and in doubt */
    fs->fail_at = syncs - 1;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        organize_with(&k, &fs->ops, 0, &out);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 99);
    fs = table(&k);
    fs->fail_op = FAULTY_open_read;
    fs->fail_at = 0;
    fs->fail_with = -EIO;
    organize_with(&k, &fs->ops, 0, &out);
    assert_true(fs->fired);
    assert_ok(out.status);
    assert_int_equal(out.r.recovered, 2);
    assert_int_equal(out.r.tally.errors, 0);
    assert_int_equal(out.r.tally.organized, 1); /* the one that could not be read, again */
    struct standing in = look("inbox"), to = look("organized");
    assert_int_equal(in.whole[0] + in.whole[1], 2);
    assert_int_equal(to.whole[0], 2); /* what was set aside is left */
    assert_int_equal(to.whole[1], 1);
    organize_with(&k, NULL, 0, &out);
    assert_ok(out.status);
    assert_int_equal(out.r.tally.organized, 0);
}

/* Write-back failed: the first who asks is told, nobody after. */
static void failed_write_back_is_kept(void **state)
{
    (void)state;
    struct outcome out;
    struct kind k = {"", .files = 1};
    /* 40 MB: pages are written and waited for on the way. */
    reset(1);
    int fd = openat(top_fd, "inbox/trip/0.jpg", O_WRONLY | O_APPEND | O_CLOEXEC);
    char mb[4096];
    memset(mb, 'x', sizeof mb);
    for (unsigned i = 0; i < 40 * 256; i++)
        assert_int_equal(write(fd, mb, sizeof mb), sizeof mb);
    close(fd);
    struct faulty_fs *fs = table(&k);
    organize_with(&k, &fs->ops, 0, &out);
    assert_int_equal(out.r.tally.organized, 1);
    unsigned waits = fs->calls[FAULTY_start_writing];
    assert_true(waits >= 4);
    for (unsigned at = 0; at < waits; at++) {
        char organized[96];
        snprintf(organized, sizeof organized, "%s/organized", top);
        tree_remove(organized);
        fs = table(&k);
        fs->fail_op = FAULTY_start_writing;
        fs->fail_at = at;
        fs->fail_with = -ENOSPC;
        organize_with(&k, &fs->ops, 0, &out);
        assert_true(fs->fired);
        assert_status(out.status, ALICE_E_NOSPC);
        assert_int_equal(out.r.tally.organized, 0);
        struct standing to = look("organized");
        assert_int_equal(to.half + to.temporary, 0);
    }
}

/* The flush of all fails, and the pages of one copy are lost: that one does not count. */
static void lose_the_pages(void *ctx)
{
    const unsigned *which = ctx;
    int dir = openat(top_fd, "organized/2024-03-01/trip/camera-acme-box-1",
                     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fdopendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        if (strncmp(e->d_name, ".alice-tmp-", 11) != 0 ||
            !tree_is(dir, e->d_name, known[*which].p, known[*which].n))
            continue;
        int fd = openat(dir, e->d_name, O_RDWR | O_CLOEXEC);
        assert_int_equal(pwrite(fd, "\0\0\0\0", 4, (off_t)known[*which].n - 5), 4);
        close(fd);
        break;
    }
    closedir(d);
}

static void a_failed_flush_of_all_is_looked_into(void **state)
{
    (void)state;
    for (unsigned move = 0; move < 2; move++) {
        struct kind k = {"", .files = MOST, .move = move, .apart = true};
        struct outcome out;
        unsigned which = 2;
        reset(k.files);
        struct faulty_fs *fs = table(&k);
        fs->fail_op = FAULTY_sync_all;
        fs->fail_at = 0;
        fs->fail_with = -ENOSPC;
        fs->act_op = FAULTY_sync_all;
        fs->act = lose_the_pages;
        fs->act_ctx = &which;
        organize_with(&k, &fs->ops, 0, &out);
        assert_true(fs->fired && fs->acted);
        assert_int_equal(out.r.tally.organized, MOST - 1);
        assert_int_equal(out.r.tally.errors, 1);
        struct standing in = look("inbox"), to = look("organized");
        assert_int_equal(in.whole[which], 1);
        assert_int_equal(to.whole[which] + to.half, 0);
    }
}

/* ---- attributes, and files that are being written ---- */

static void lost_attributes_keep_a_source(void **state)
{
    (void)state;
    struct outcome out;
    struct kind k = {"", .files = 1, .move = true, .apart = true};
    static const enum faulty_op ops[] = {FAULTY_set_times, FAULTY_set_mode};
    for (size_t i = 0; i < 2; i++) {
        reset(1);
        struct faulty_fs *fs = table(&k);
        fs->refuse[ops[i]] = -EPERM;
        organize_with(&k, &fs->ops, 0, &out);
        assert_ok(out.status);
        assert_int_equal(out.r.tally.errors, 1);
        assert_int_equal(look("inbox").whole[0], 1);
        assert_int_equal(look("organized").whole[0], 0);
        /* What failed is not known as organized. */
        assert_int_equal(ask_catalog().organized, 0);
        organize_with(&k, NULL, 0, &out);
        assert_int_equal(out.r.tally.organized, 1);
    }
    /* Copied, it is counted. */
    reset(1);
    k.move = false;
    struct faulty_fs *fs = table(&k);
    fs->refuse[FAULTY_set_times] = -EPERM;
    organize_with(&k, &fs->ops, 0, &out);
    assert_int_equal(out.r.tally.organized, 1);
    assert_int_equal(out.r.attributes_lost, 1);
}

static void what_is_being_written_is_left(void **state)
{
    (void)state;
    for (unsigned mode = 0; mode < 3; mode++) {
        struct kind k = {"", .files = 2, .move = mode > 0, .apart = mode == 2};
        struct outcome out;
        reset(2);
        /* Both are old, and one of them is still open to write. */
        const struct timespec old[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
        assert_int_equal(utimensat(top_fd, "inbox/trip/0.jpg", old, 0), 0);
        assert_int_equal(utimensat(top_fd, "inbox/trip/1.jpg", old, 0), 0);
        int writer = openat(top_fd, "inbox/trip/0.jpg", O_WRONLY | O_CLOEXEC);
        struct faulty_fs *fs = table(&k);
        organize_with(&k, &fs->ops, 2, &out);
        assert_ok(out.status);
        assert_int_equal(out.r.tally.organized, 1);
        assert_int_equal(out.r.busy, 1);
        assert_int_equal(out.r.tally.errors, 0);
        assert_int_equal(look("inbox").whole[0], 1);
        close(writer);
        /* Closed, but of this moment: it is left, too. */
        assert_int_equal(utimensat(top_fd, "inbox/trip/0.jpg", NULL, 0), 0);
        organize_with(&k, NULL, 3600, &out);
        assert_int_equal(out.r.busy, 1);
        assert_int_equal(out.r.tally.organized, 0);
        /* 0 turns it off. */
        organize_with(&k, NULL, 0, &out);
        assert_int_equal(out.r.tally.organized, 1);
        assert_int_equal(look("organized").whole[0], 1);
    }
}

static bool is_set(void *ctx)
{
    return *(const bool *)ctx;
}

static void set(void *ctx)
{
    *(bool *)ctx = true;
}

/* A stop is noticed between files that are busy, too. */
static void a_stop_is_noticed_among_busy_files(void **state)
{
    (void)state;
    struct kind k = {"", .files = MOST, .move = true};
    struct outcome out;
    char in[96], to[96];
    bool stop = false;
    reset(k.files);
    for (unsigned i = 0; i < k.files; i++) {
        const struct timespec old[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
        char name[32];
        snprintf(name, sizeof name, "inbox/trip/%u.jpg", i);
        assert_int_equal(utimensat(top_fd, name, old, 0), 0);
    }
    struct faulty_fs *fs = table(&k);
    fs->refuse[FAULTY_no_writer] = -EBUSY;
    fs->act_op = FAULTY_no_writer;
    fs->act_at = 1;
    fs->act = set;
    fs->act_ctx = &stop;
    snprintf(in, sizeof in, "%s/inbox", top);
    snprintf(to, sizeof to, "%s/organized", top);
    organize_options(&k, &fs->ops,
                     (alice_organizer_options){.inbox = in,
                                               .organized = to,
                                               .settle_seconds = 2,
                                               .should_stop = is_set,
                                               .ctx = &stop},
                     &out);
    assert_true(fs->acted);
    assert_int_equal(out.r.busy, 2);
    assert_int_equal(out.r.tally.files, 2);
}

/* One of a group cannot leave the inbox. The first to go: all stay. A later one: it stands with
 * the others, and what is left of it is said. */
struct said {
    char reason[200];
    unsigned organized;
};

static void listen(void *ctx, const alice_file_report *report)
{
    struct said *s = ctx;
    s->organized += report->outcome == ALICE_ORGANIZED;
    if (report->outcome == ALICE_ORGANIZED && report->reason)
        snprintf(s->reason, sizeof s->reason, "%s", report->reason);
}

static void a_group_whose_source_cannot_go_is_not_torn(void **state)
{
    (void)state;
    const struct kind k = {"", .files = 3, .move = true, .apart = true, .group = true};
    chosen = &k;
    assert_int_equal(tear_down(state), 0);
    assert_int_equal(set_up(state), 0);
    for (unsigned at = 0; at < 3; at++) {
        struct outcome out;
        struct said said = {.organized = 0};
        char in[96], to[96];
        reset(k.files);
        struct faulty_fs *fs = table(&k);
        fs->fail_op = FAULTY_unlink;
        fs->fail_at = at;
        fs->fail_with = -EPERM;
        snprintf(in, sizeof in, "%s/inbox", top);
        snprintf(to, sizeof to, "%s/organized", top);
        organize_options(&k, &fs->ops,
                         (alice_organizer_options){
                             .inbox = in, .organized = to, .on_file = listen, .ctx = &said},
                         &out);
        assert_true(fs->fired);
        assert_ok(out.status);
        struct standing left = look("inbox"), placed = look("organized");
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(placed.whole[i], at > 0);
            assert_true(left.whole[i] == 1 || at > 0);
        }
        assert_int_equal(left.whole[0] + left.whole[1] + left.whole[2], at > 0 ? 1 : 3);
        assert_int_equal(said.organized, at > 0 ? 3 : 0);
        assert_int_equal(strstr(said.reason, "could not be removed") != NULL, at > 0);
    }
    chosen = kinds;
}

/* test_faults KIND: each call of such a run fails in turn. Without: all else. */
int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest each[] = {TEST(every_call_may_fail)};
    const struct CMUnitTest group[] = {TEST(a_group_gets_another_number_together),
                                       TEST(every_call_may_fail)};
    const struct CMUnitTest tests[] = {
        TEST(a_file_goes_in_order),
        TEST(new_parents_are_durable_before_a_source_goes),
        TEST(an_unflushed_source_folder_is_told),
        TEST(recovery_compares_before_it_removes),
        TEST(a_name_that_was_taken_is_given_up),
        TEST(what_failed_has_no_duplicates),
        TEST(a_duplicate_goes_in_order),
        TEST(what_is_edited_during_an_undo_stays),
        TEST(a_run_that_was_stopped_did_not_finish),
        TEST(a_stop_takes_back_what_was_decided),
        TEST(recovery_goes_in_order),
        TEST(what_cannot_be_read_stops_no_later_run),
        TEST(failed_write_back_is_kept),
        TEST(a_failed_flush_of_all_is_looked_into),
        TEST(lost_attributes_keep_a_source),
        TEST(what_is_being_written_is_left),
        TEST(a_stop_is_noticed_among_busy_files),
        TEST(a_group_whose_source_cannot_go_is_not_torn),
    };
    if (argc < 2)
        return cmocka_run_group_tests(tests, NULL, NULL);
    while (chosen < kinds + KINDS && strcmp(chosen->name, argv[1]) != 0)
        chosen++;
    if (chosen == kinds + KINDS) {
        fprintf(stderr, "test_faults: there is no kind \"%s\"\n", argv[1]);
        return 2;
    }
    return chosen->group && !chosen->apart ? cmocka_run_group_tests(group, NULL, NULL)
                                           : cmocka_run_group_tests(each, NULL, NULL);
}
