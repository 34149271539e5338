/* SPDX-License-Identifier: MIT */
/*
 * A run of 200 files, moved, in which the nth allocation fails: whatever n is, the run ends
 * with a status, each content is whole in the inbox or the organized tree, nothing is leaked
 * (bytes, descriptors, temporary names), and a healthy run ends the work.
 *
 * Every n is tried among the first and the last EDGE allocations (open, the first batch, the
 * end of the run, close); between them MIDDLE, evenly spread, or with ALICE_OOM_ALL=1 each.
 * What was tried is printed.
 */
#include "faulty.h"
#include "make_media.h"
#include "test.h"
#include "tree.h"

#include <alice/search.h>

enum { FILES = 200, EDGE = 160, MIDDLE = 200 };

/* What the inbox is made of: some contents stand in it twice. */
static uint64_t contents[FILES];
static unsigned wanted[FILES], content_count;

static char top[64];
static int top_fd, master_fd;

/* ---- contents and trees ---- */

static uint64_t hash_of(const uint8_t *p, size_t n)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(1099511628211);
    return h;
}

static unsigned index_of(uint64_t hash)
{
    unsigned i = 0;
    while (i < content_count && contents[i] != hash)
        i++;
    return i;
}

static void make_content(blob *b, unsigned n)
{
    char text[400];
    if (n % 5 == 0) { /* a picture with parameters */
        snprintf(text, sizeof text,
                 "a boat, number %u\nSteps: 20, Sampler: Euler a, Seed: %u, Model: m", n, n);
        make_png_begin(b, 16, 16);
        make_png_ztxt(b, "parameters", text);
        make_png_image(b, 16, 16);
        make_png_end(b);
        return;
    }
    blob exif = {0};
    snprintf(text, sizeof text, "20%02u:%02u:15 10:20:30", n % 20, 1 + n % 12);
    make_exif(&exif, &(make_exif_options){.make = "Acme",
                                          .model = n % 3 ? "Box 1" : "Box 2",
                                          .date_time_original = text});
    make_jpeg_begin(b);
    make_jpeg_exif(b, exif);
    snprintf(text, sizeof text, "number %u", n);
    make_jpeg_comment(b, text);
    if (n % 7 == 0)
        make_jpeg_xmp(
            b, "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
               "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
               "xmlns:xmp='http://ns.adobe.com/xap/1.0/' "
               "xmp:CreatorTool='x'/></rdf:RDF></x:xmpmeta>");
    make_jpeg_end(b, 16, 16);
    if (n % 11 == 0) /* longer than the head that is read */
        blob_zeros(b, 70000 + n);
    blob_free(&exif);
}

static int make_master(void **state)
{
    (void)state;
    top_fd = tree_make_fast(top);
    if (top_fd < 0 || mkdirat(top_fd, "master", 0755) != 0)
        return -1;
    master_fd = openat(top_fd, "master", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned i = 0; i < FILES; i++) {
        char name[32];
        blob b = {0};
        make_content(&b, i % 10 == 9 ? i - 9 : i); /* a tenth are copies */
        uint64_t hash = hash_of(b.p, b.n);
        unsigned at = index_of(hash);
        if (at == content_count)
            contents[content_count++] = hash;
        wanted[at]++;
        snprintf(name, sizeof name, "%03u.%s", i, i % 10 != 9 && i % 5 == 0 ? "png" : "jpg");
        tree_file(master_fd, name, b.p, b.n);
        blob_free(&b);
    }
    return 0;
}

static int remove_master(void **state)
{
    (void)state;
    close(master_fd);
    close(top_fd);
    tree_remove(top);
    return 0;
}

/* An inbox as it was, of links to the master's files, and no organized tree. */
static void reset(void)
{
    static const char *const folders[] = {"inbox", "inbox/holiday", "inbox/holiday/more",
                                          "inbox/ai"};
    static const char *const gone[] = {"inbox", "organized"};
    for (size_t i = 0; i < 2; i++) {
        int fd = openat(top_fd, gone[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            tree_empty(fd);
            close(fd);
        }
        unlinkat(top_fd, gone[i], AT_REMOVEDIR);
    }
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(mkdirat(top_fd, folders[i], 0755), 0);
    for (unsigned i = 0; i < FILES; i++) {
        char from[32], to[64];
        const char *ext = i % 10 != 9 && i % 5 == 0 ? "png" : "jpg";
        snprintf(from, sizeof from, "%03u.%s", i, ext);
        snprintf(to, sizeof to, "%s/%03u.%s", folders[i * 4 / FILES], i, ext);
        assert_int_equal(linkat(master_fd, from, top_fd, to, 0), 0);
    }
}

/* Count the contents below a folder; anything that is none of them fails the test. */
static void count_below(int dir, unsigned *found)
{
    DIR *d = fdopendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || !strcmp(e->d_name, ".alice"))
            continue;
        if (strncmp(e->d_name, ".alice-tmp", 10) == 0)
            fail_msg("a temporary name is left: %s", e->d_name);
        int fd = openat(dirfd(d), e->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;
        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &st), 0);
        if (S_ISDIR(st.st_mode)) {
            count_below(fd, found);
            continue;
        }
        uint8_t *p = malloc((size_t)st.st_size + 1);
        assert_non_null(p);
        assert_int_equal(read(fd, p, (size_t)st.st_size), st.st_size);
        close(fd);
        unsigned at = index_of(hash_of(p, (size_t)st.st_size));
        free(p);
        if (at == content_count)
            fail_msg("%s is not whole", e->d_name);
        found[at]++;
    }
    closedir(d);
}

static void count_contents(const char *folder, unsigned found[FILES])
{
    memset(found, 0, FILES * sizeof *found);
    int fd = openat(top_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        count_below(fd, found);
}

/* Each content is there as often as it was, and at most once in the organized tree. */
static unsigned check_nothing_lost(void)
{
    static unsigned in[FILES], out[FILES];
    unsigned placed = 0;
    count_contents("inbox", in);
    count_contents("organized", out);
    for (unsigned i = 0; i < content_count; i++) {
        assert_in_range(out[i], 0, 1);
        assert_int_equal(in[i] + out[i], wanted[i]);
        placed += out[i];
    }
    return placed;
}

static unsigned open_descriptors(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    for (struct dirent *e; d && (e = readdir(d));)
        n++;
    if (d)
        closedir(d);
    return n;
}

/* ---- the run ---- */

static void ignore_file(void *ctx, const alice_file_report *file)
{
    (void)ctx;
    (void)file;
}

static alice_status run(const alice_alloc *alloc, alice_organize_result *result)
{
    char inbox[96], organized[96];
    alice_organizer *o = NULL;
    alice_error error = {.text = ""};
    snprintf(inbox, sizeof inbox, "%s/inbox", top);
    snprintf(organized, sizeof organized, "%s/organized", top);
    alice_organizer_options options = {.env = {.alloc = alloc},
                                       .inbox = inbox,
                                       .organized = organized,
                                       .move = true,
                                       .on_file = ignore_file};
    assert_ok(alice_config_set(&options.config, "max_memory_mb", "32", NULL));
    assert_ok(alice_config_set(&options.config, "workers", "2", NULL));
    memset(result, 0, sizeof *result);
    alice_status st = alice_organizer_open(&o, &options, &error);
    if (st != ALICE_OK) {
        assert_null(o);
        assert_string_not_equal(error.text, "");
    } else {
        st = alice_organizer_organize(o, result, &error);
        if (st != ALICE_OK)
            assert_string_not_equal(error.text, "");
    }
    alice_organizer_close(&o);
    return st;
}

/* The nth allocation fails; false: there are not so many. */
static bool try_nth(unsigned nth)
{
    struct faulty f = {.nth = nth};
    alice_alloc alloc = faulty_alloc(&f);
    static alice_organize_result result;
    unsigned descriptors = open_descriptors();
    reset();
    alice_status st = run(&alloc, &result);
    if (f.live_bytes != 0)
        fail_msg("allocation %u failed: %zu bytes were not given back", nth,
                 (size_t)f.live_bytes);
    assert_int_equal(open_descriptors(), descriptors);
    if (st != ALICE_OK && st != ALICE_E_NOMEM && st != ALICE_E_BUDGET)
        fail_msg("allocation %u failed: %s", nth, alice_status_name(st));
    unsigned placed = check_nothing_lost();
    /* A folder that there was no memory for counts as one that failed. */
    if (st == ALICE_OK && result.tally.files < FILES && result.tally.errors == 0)
        fail_msg("allocation %u failed: it says it is done after %llu files, %llu errors", nth,
                 (unsigned long long)result.tally.files,
                 (unsigned long long)result.tally.errors);
    assert_true(result.tally.organized <= placed);

    alice_organize_result healthy;
    st = run(NULL, &healthy);
    if (st != ALICE_OK || healthy.tally.errors)
        fail_msg("allocation %u failed: the next run: %s, %llu errors", nth,
                 alice_status_name(st), (unsigned long long)healthy.tally.errors);
    assert_int_equal(check_nothing_lost(), content_count);
    return f.fired;
}

static void test_each_allocation_fails_once(void **state)
{
    struct faulty count = {.nth = FAULTY_NEVER};
    alice_alloc alloc = faulty_alloc(&count);
    alice_organize_result result;
    (void)state;
    reset();
    assert_ok(run(&alloc, &result));
    assert_int_equal(count.live_bytes, 0);
    assert_int_equal(result.tally.organized, content_count);
    assert_int_equal(result.tally.duplicates, FILES - content_count);
    unsigned total = count.seen;

    /* Threads shift the count a little: the end is looked for beyond it. */
    unsigned first_end = total < EDGE ? total : EDGE;
    unsigned last_begin = total > first_end + EDGE ? total - EDGE : first_end;
    unsigned between = last_begin - first_end, middle = 0, end = 0;
    unsigned step = between > MIDDLE && !getenv("ALICE_OOM_ALL") ? between / MIDDLE : 1;
    for (unsigned nth = 0; nth < first_end; nth++)
        try_nth(nth);
    for (unsigned nth = first_end; nth < last_begin; nth += step, middle++)
        try_nth(nth);
    while (try_nth(last_begin + end))
        end++;
    print_message("# %u allocations; failed: the first %u, the last %u, %u of those between\n",
                  total, first_end, end, middle);
    /* Fewer than that, and it is not the run that is tried. */
    assert_true(total > 2 * EDGE);
    assert_true(end > EDGE / 2);
}

/* From the nth on nothing is given any more: it ends all the same. */
static void test_all_fail_from_the_nth_on(void **state)
{
    static const unsigned from[] = {0, 1, 7, 20, 60, 100, 150, 250, 400, 700, 1000, 2000};
    (void)state;
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        struct faulty f = {.nth = from[i], .sticky = true};
        alice_alloc alloc = faulty_alloc(&f);
        alice_organize_result result;
        reset();
        alice_status st = run(&alloc, &result);
        assert_int_equal(f.live_bytes, 0);
        assert_true(st == ALICE_OK || st == ALICE_E_NOMEM || st == ALICE_E_BUDGET);
        check_nothing_lost();
        assert_ok(run(NULL, &result));
        assert_int_equal(check_nothing_lost(), content_count);
    }
}

/* ---- the search ---- */

static bool count_found(void *ctx, uint64_t id, const alice_library_file *file)
{
    (void)id;
    (void)file;
    ++*(unsigned *)ctx;
    return true;
}

static alice_status search(const alice_alloc *alloc, unsigned *found)
{
    static const char *const words[] = {"0", ".jp", ""};
    char organized[96];
    alice_search *s = NULL;
    alice_error error = {.text = ""};
    snprintf(organized, sizeof organized, "%s/organized", top);
    alice_search_options options = {.env = {.alloc = alloc}, .organized = organized};
    const alice_search_query q = {.words = words, .word_count = 3, .camera = ""};
    assert_ok(alice_config_set(&options.config, "max_memory_mb", "32", NULL));
    *found = 0;
    alice_status st = alice_search_open(&s, &options, &error);
    if (st == ALICE_OK)
        st = alice_search_each(s, &q, 0, 0, count_found, found, &error);
    else
        assert_null(s);
    if (st != ALICE_OK)
        assert_string_not_equal(error.text, "");
    alice_search_close(&s);
    return st;
}

static void test_a_search_that_is_refused_memory(void **state)
{
    alice_organize_result result;
    unsigned all = 0, found = 0, nth = 0;
    (void)state;
    reset();
    assert_ok(run(NULL, &result));
    assert_ok(search(NULL, &all));
    assert_int_not_equal(all, 0);
    for (bool fired = true; fired; nth++) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        unsigned descriptors = open_descriptors();
        (void)unlinkat(top_fd, "organized/.alice/search.db", 0);
        alice_status st = search(&alloc, &found);
        assert_int_equal(f.live_bytes, 0);
        assert_int_equal(open_descriptors(), descriptors);
        if (st != ALICE_OK && st != ALICE_E_NOMEM && st != ALICE_E_BUDGET)
            fail_msg("allocation %u failed: %s", nth, alice_status_name(st));
        if (st == ALICE_OK)
            assert_int_equal(found, all);
        assert_ok(search(NULL, &found));
        assert_int_equal(found, all);
        fired = f.fired;
    }
    assert_true(nth > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_search_that_is_refused_memory),
        cmocka_unit_test(test_all_fail_from_the_nth_on),
        cmocka_unit_test(test_each_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, make_master, remove_master);
}
