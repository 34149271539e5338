/* SPDX-License-Identifier: MIT */
/*
 * One batch is decided while a worker transfers the one before: with batches of a few files,
 * what comes out is the same as where one thread does one after the other. Twins, groups and
 * sidecars stand in one batch and across two.
 */
#include "faulty_fs.h"
#include "make_media.h"
#include "test.h"
#include "tree.h"

#include <stdlib.h>

#include <alice/organize.h>

#include "organize/organizer.h"

enum { FOLDERS = 6, SHOTS = 40, NAMES = 4096 };

/* Paths and sizes below a folder, in order. */
struct listing {
    unsigned n;
    char line[NAMES][160];
};

static void list_below(int dir, const char *path, struct listing *out)
{
    DIR *d = fdopendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        struct stat s;
        char below[128];
        if (e->d_name[0] == '.')
            continue;
        assert_int_equal(fstatat(dir, e->d_name, &s, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(snprintf(below, sizeof below, "%s/%s", path, e->d_name) < 128);
        if (S_ISDIR(s.st_mode)) {
            list_below(openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), below, out);
            continue;
        }
        assert_true(out->n < NAMES);
        snprintf(out->line[out->n++], sizeof out->line[0], "%s %lld", below,
                 (long long)s.st_size);
    }
    closedir(d);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void list(int top, const char *folder, struct listing *out)
{
    out->n = 0;
    list_below(openat(top, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "", out);
    qsort(out->line, out->n, sizeof out->line[0], by_bytes);
}

/* Pictures, every fourth with a sidecar, every third the same as one of some files before. */
static void fill(int top, const char *inbox)
{
    char name[128], date[32];
    assert_int_equal(mkdirat(top, inbox, 0755), 0);
    for (unsigned f = 0; f < FOLDERS; f++) {
        snprintf(name, sizeof name, "%s/p%u", inbox, f);
        assert_int_equal(mkdirat(top, name, 0755), 0);
        for (unsigned i = 0; i < SHOTS; i++) {
            unsigned content = i % 3 == 2 && i > 12 ? f * SHOTS + i - 12 : f * SHOTS + i;
            blob b = {0}, exif = {0};
            snprintf(date, sizeof date, "2024:03:%02u 10:%02u:30", 1 + content / 20,
                     content % 60);
            make_exif(&exif, &(make_exif_options){.make = "Acme", .date_time_original = date});
            make_jpeg_begin(&b);
            make_jpeg_exif(&b, exif);
            snprintf(name, sizeof name, "number %u", content);
            make_jpeg_comment(&b, name);
            make_jpeg_end(&b, 16, 16);
            snprintf(name, sizeof name, "%s/p%u/%03u.jpg", inbox, f, i);
            tree_file(top, name, b.p, b.n);
            blob_free(&exif);
            blob_free(&b);
            if (i % 4)
                continue;
            snprintf(name, sizeof name, "%s/p%u/%03u.xmp", inbox, f, i);
            char text[96];
            int n =
                snprintf(text, sizeof text, "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>%u %u", f, i);
            tree_file(top, name, text, (size_t)n);
        }
    }
}

static void organize(const char *top, const char *in, const char *to, bool move,
                     const alice__fs_ops *fs, unsigned batch, alice_organize_result *r)
{
    char from[128], into[128];
    alice_organizer *o = NULL;
    snprintf(from, sizeof from, "%s/%s", top, in);
    snprintf(into, sizeof into, "%s/%s", top, to);
    alice_organizer_options options = {.inbox = from, .organized = into, .move = move};
    options.config.workers = 2;
    assert_ok(alice__organizer_open_on(&o, &options, fs, NULL));
    assert_true(o->overlaps);
    assert_int_equal(o->mover_threads, fs ? 0 : 1);
    o->items.most = o->moving.most = batch;
    assert_ok(alice_organizer_organize(o, r, NULL));
    alice_organizer_close(&o);
}

static void both_give_the_same(void **state)
{
    (void)state;
    static struct listing one, other;
    static struct faulty_fs plain;
    static const unsigned batches[] = {1, 7, 32};
    char top[64];
    int fd = tree_make_fast(top);
    assert_true(fd >= 0);
    for (unsigned round = 0; round < 6; round++) {
        bool move = round % 2;
        alice_organize_result a, b;
        tree_empty(fd);
        fill(fd, "in-one");
        fill(fd, "in-other");
        faulty_fs_init(&plain);
        organize(top, "in-one", "one", move, &plain.ops, batches[round / 2], &a);
        organize(top, "in-other", "other", move, NULL, batches[round / 2], &b);
        assert_int_equal(b.tally.errors, 0);
        assert_true(b.tally.duplicates > 0 && b.followers > 0);
        assert_memory_equal(&a.tally, &b.tally, sizeof a.tally);
        list(fd, "one", &one);
        list(fd, "other", &other);
        assert_int_equal(one.n, other.n);
        assert_int_equal(other.n, b.tally.organized);
        for (unsigned i = 0; i < one.n; i++)
            assert_string_equal(one.line[i], other.line[i]);
        list(fd, "in-other", &other);
        assert_int_equal(other.n, move ? b.tally.duplicates + b.tally.skipped : b.tally.files);
    }
    close(fd);
    tree_remove(top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_give_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
