/* SPDX-License-Identifier: MIT */
/*
 * One process organizes batch after batch of what arrives: at the end it holds the memory, the
 * descriptors and the handles that it held after the tenth. ALICE_SOAK=200x5000: so many
 * batches of so many files; without, 30 of 40.
 */
#include "make_media.h"
#include "test.h"
#include "tree.h"

#include <stdlib.h>

#include <alice/limit.h>
#include <alice/organize.h>

enum { TENTH = 10, SLACK = 1024 * 1024 };

static unsigned descriptors(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

/* Arrivals, every fifth one the same as the one before it. */
static void arrive(int inbox, unsigned batch, unsigned files)
{
    char name[64];
    snprintf(name, sizeof name, "burst-%u", batch);
    assert_int_equal(mkdirat(inbox, name, 0755), 0);
    for (unsigned i = 0; i < files; i++) {
        blob b = {0}, exif = {0};
        char date[32], text[48];
        const unsigned content = i % 5 == 4 ? i - 1 : i;
        snprintf(date, sizeof date, "20%02u:%02u:%02u 10:20:30", batch % 20, 1 + content % 12,
                 1 + content % 28);
        make_exif(&exif, &(make_exif_options){.make = "Acme", .date_time_original = date});
        make_jpeg_begin(&b);
        make_jpeg_exif(&b, exif);
        snprintf(text, sizeof text, "%u of %u", content, batch);
        make_jpeg_comment(&b, text);
        make_jpeg_end(&b, 16, 16);
        snprintf(name, sizeof name, "burst-%u/%06u.jpg", batch, i);
        tree_file(inbox, name, b.p, b.n);
        blob_free(&exif);
        blob_free(&b);
    }
}

/* As `reopens` says, one organizer does all batches, or each has its own. */
static void soak(bool reopens, unsigned batches, unsigned files)
{
    char top[64], in[96], to[96];
    int fd = tree_make_fast(top);
    assert_true(fd >= 0);
    assert_int_equal(mkdirat(fd, "in", 0755), 0);
    int inbox = openat(fd, "in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(in, sizeof in, "%s/in", top);
    snprintf(to, sizeof to, "%s/out", top);
    alice_organizer_options options = {.inbox = in, .organized = to, .move = true};
    options.config.max_memory_mb = 24;
    alice_organizer *o = NULL;
    size_t resident = 0;
    unsigned open_files = 0, done = 0;
    for (unsigned i = 0; i < batches; i++) {
        alice_organize_result r;
        arrive(inbox, i, files);
        if (!o)
            assert_ok(alice_organizer_open(&o, &options, NULL));
        assert_ok(alice_organizer_organize(o, &r, NULL));
        assert_int_equal(r.tally.errors, 0);
        done += (unsigned)r.tally.organized;
        if (reopens)
            alice_organizer_close(&o);
        tree_empty(inbox); /* the copies that were left */
        if (i + 1 == TENTH) {
            resident = alice_limit_resident();
            open_files = descriptors();
        }
    }
    size_t now = alice_limit_resident();
    print_message("# %u batches of %u files, %s: %zu KB after the tenth, %zu at the end\n",
                  batches, files, reopens ? "each with its own organizer" : "one organizer",
                  resident / 1024, now / 1024);
    assert_int_equal(descriptors(), open_files);
    if (!alice_limit_sanitized())
        assert_true(now <= resident + SLACK);
    assert_int_equal(done, batches * (files - files / 5));
    alice_organizer_close(&o);
    close(inbox);
    close(fd);
    tree_remove(top);
}

static void nothing_grows(void **state)
{
    (void)state;
    unsigned batches = 30, files = 40;
    const char *size = getenv("ALICE_SOAK");
    if (size)
        assert_int_equal(sscanf(size, "%ux%u", &batches, &files), 2);
    assert_true(batches > TENTH);
    soak(false, batches, files);
    soak(true, batches, files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_grows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
