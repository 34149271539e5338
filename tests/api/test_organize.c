/* SPDX-License-Identifier: MIT */
/* The organizer as another program uses it: public headers only, linked to the shared library.
 */
#include "make_media.h"
#include "test.h"
#include "tree.h"

#include <stdatomic.h>

#include <alice/organize.h>

enum { FILES = 120, COPIES = 12 };

static char top[64], inbox[96], organized[96];
static int top_fd, inbox_fd;

static void make_picture(const char *name, unsigned n)
{
    char date[24], model[16];
    blob exif = {0}, b = {0};
    snprintf(date, sizeof date, "2024:%02u:15 10:20:30", 1 + n % 12);
    snprintf(model, sizeof model, "Box %u", n % 3 == 0 ? 1 : n % 3 == 1 && n % 2 ? 2 : 3);
    make_exif(&exif,
              &(make_exif_options){.make = "Acme", .model = model, .date_time_original = date});
    make_jpeg_begin(&b);
    make_jpeg_exif(&b, exif);
    snprintf(date, sizeof date, "number %u", n);
    make_jpeg_comment(&b, date);
    make_jpeg_end(&b, 64, 48);
    tree_file(inbox_fd, name, b.p, b.n);
    blob_free(&exif);
    blob_free(&b);
}

/* An inbox of FILES pictures, COPIES of which are copies, a text, and a hidden file. */
static int make_inbox(void **state)
{
    (void)state;
    top_fd = tree_make_fast(top);
    if (top_fd < 0)
        return -1;
    snprintf(inbox, sizeof inbox, "%s/inbox", top);
    snprintf(organized, sizeof organized, "%s/organized", top);
    mkdirat(top_fd, "inbox", 0755);
    inbox_fd = openat(top_fd, "inbox", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned i = 0; i < FILES; i++) {
        char name[32];
        snprintf(name, sizeof name, "%03u.jpg", i);
        make_picture(name, i < FILES - COPIES ? i : i - 60);
    }
    tree_file(inbox_fd, "notes.txt", "notes", 5);
    tree_file(inbox_fd, ".hidden.jpg", "x", 1);
    return 0;
}

static int remove_inbox(void **state)
{
    (void)state;
    close(inbox_fd);
    close(top_fd);
    tree_remove(top);
    return 0;
}

/* ---- a client ---- */

typedef struct client {
    alice_organizer *organizer;
    unsigned asked, stop_after; /* should_stop() says yes from then on; 0: never */
    unsigned told[4];           /* files, by outcome */
    unsigned progress;
    uint64_t bytes;
    size_t most_used; /* by the budget, seen from on_file() */
    unsigned logged;
    alice_log log;
    atomic_size_t held; /* bytes of the allocator that are out */
    alice_alloc alloc;
} client;

static bool should_stop(void *ctx)
{
    client *c = ctx;
    return ++c->asked > c->stop_after && c->stop_after != 0;
}

static void on_progress(void *ctx, const alice_progress *now)
{
    client *c = ctx;
    assert_true(now->limit == 64 * ALICE_MB);
    assert_true(now->resident > 0);
    assert_true(now->batch_size > 0);
    c->progress++;
}

static void on_file(void *ctx, const alice_file_report *f)
{
    client *c = ctx;
    size_t n = strlen(inbox);
    assert_memory_equal(f->source_path, inbox, n);
    assert_true((unsigned)f->outcome < 4);
    c->told[f->outcome]++;
    if (f->outcome == ALICE_ORGANIZED) {
        assert_non_null(f->medium);
        assert_int_equal(f->medium->type, ALICE_MEDIA_JPEG);
        assert_int_equal(f->medium->date.year, 2024);
        assert_int_equal(f->medium->date_source, ALICE_DATE_EXIF_ORIGINAL);
        assert_string_equal(f->medium->make, "Acme");
        assert_memory_equal(f->destination, organized, strlen(organized));
        assert_memory_equal(f->source, "camera-acme-box-", 16);
        c->bytes += f->bytes;
    }
    if (f->outcome == ALICE_DUPLICATE)
        assert_non_null(f->destination);
    if (f->outcome == ALICE_SKIPPED)
        assert_non_null(f->reason);
    size_t used = alice_budget_used(alice_organizer_budget(c->organizer));
    if (used > c->most_used)
        c->most_used = used;
}

static void on_log(void *ctx, alice_log_level level, const char *text)
{
    client *c = ctx;
    assert_true(level <= ALICE_LOG_DEBUG);
    assert_string_not_equal(text, "");
    c->logged++;
}

static void *count_resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    client *c = ctx;
    void *q = NULL;
    if (new_size == 0)
        free(p);
    else if ((q = realloc(p, new_size)) == NULL)
        return NULL;
    atomic_fetch_add(&c->held, new_size);
    atomic_fetch_sub(&c->held, old_size);
    return q;
}

static alice_organizer_options options_of(client *c)
{
    c->alloc = (alice_alloc){.resize = count_resize, .ctx = c};
    c->log = (alice_log){.write = on_log, .ctx = c, .level = ALICE_LOG_DEBUG};
    alice_organizer_options o = {.env = {.alloc = &c->alloc, .log = &c->log},
                                 .inbox = inbox,
                                 .organized = organized,
                                 .on_file = on_file,
                                 .on_progress = on_progress,
                                 .should_stop = should_stop,
                                 .ctx = c};
    assert_ok(alice_config_set(&o.config, "max_memory_mb", "64M", NULL));
    return o;
}

static void forget_organized(void)
{
    tree_remove(organized);
}

/* ---- tests ---- */

static void test_what_is_refused(void **state)
{
    (void)state;
    client c = {0};
    alice_organizer_options o = options_of(&c);
    alice_organizer *organizer = NULL;
    alice_error error = {.text = ""};
    char below[128];

    assert_status(alice_organizer_open(NULL, &o, &error), ALICE_E_INVAL);
    assert_status(alice_organizer_open(&organizer, NULL, &error), ALICE_E_INVAL);
    o.inbox = NULL;
    assert_status(alice_organizer_open(&organizer, &o, NULL), ALICE_E_INVAL);
    o.inbox = "/nowhere/at/all";
    assert_status(alice_organizer_open(&organizer, &o, &error), ALICE_E_NOENT);
    assert_non_null(strstr(error.text, "/nowhere/at/all"));
    o = options_of(&c);
    snprintf(below, sizeof below, "%s/below", inbox);
    o.organized = below;
    assert_status(alice_organizer_open(&organizer, &o, &error), ALICE_E_INVAL);
    assert_non_null(strstr(error.text, "inside"));
    o = options_of(&c);
    assert_ok(alice_config_set(&o.config, "max_memory_mb", "8", NULL));
    assert_status(alice_organizer_open(&organizer, &o, &error), ALICE_E_BUDGET);
    assert_non_null(strstr(error.text, "smallest"));
    assert_true(alice_organizer_minimum_memory() <= 16 * ALICE_MB);
    o = options_of(&c);
    assert_ok(alice_config_set(&o.config, "min_batch_size", "9", NULL));
    assert_ok(alice_config_set(&o.config, "max_batch_size", "3", NULL));
    assert_status(alice_organizer_open(&organizer, &o, &error), ALICE_E_INVAL);
    assert_null(organizer);
    assert_int_equal(c.held, 0);
    assert_false(tree_has(inbox_fd, "below"));
    alice_organizer_close(NULL);
    alice_organizer_close(&organizer);
    assert_null(alice_organizer_budget(NULL));
    forget_organized();
}

static void test_a_run(void **state)
{
    (void)state;
    client c = {0};
    alice_organizer_options o = options_of(&c);
    alice_organize_result r;
    alice_memory_stats memory;
    alice_error error;
    assert_ok(alice_organizer_open(&c.organizer, &o, &error));
    assert_ok(alice_organizer_get_memory_stats(c.organizer, &memory));
    assert_int_equal(memory.limit_bytes, 64 * ALICE_MB);
    assert_true(memory.peak_bytes >= memory.current_bytes);

    /* Asked for now, done before the first file. */
    alice_collect_report collected;
    uint64_t ticket = alice_organizer_request_collect(c.organizer);
    assert_true(ticket > 0);
    assert_status(alice_organizer_collected(c.organizer, ticket, &collected), ALICE_E_BUSY);
    assert_ok(alice_organizer_organize(c.organizer, &r, &error));
    assert_true(r.run > 0);
    assert_int_equal(r.tally.files, FILES + 1);
    assert_int_equal(r.tally.organized, FILES - COPIES);
    assert_int_equal(r.tally.duplicates, COPIES);
    assert_int_equal(r.tally.skipped, 1);
    assert_int_equal(r.not_media, 1);
    assert_int_equal(r.tally.errors, 0);
    assert_int_equal(r.passed_over, 1);
    assert_int_equal(r.by_type[ALICE_MEDIA_JPEG], r.tally.organized);
    assert_int_equal(r.date_sources[ALICE_DATE_EXIF_ORIGINAL], r.tally.organized);
    assert_false(r.interrupted);
    assert_int_equal(c.told[ALICE_ORGANIZED], r.tally.organized);
    assert_int_equal(c.told[ALICE_DUPLICATE], r.tally.duplicates);
    assert_int_equal(c.told[ALICE_SKIPPED], r.tally.skipped);
    assert_int_equal(c.told[ALICE_FAILED], 0);
    assert_int_equal(c.bytes, r.tally.bytes);
    assert_true(c.asked > 0);
    assert_true(c.progress > 0);
    assert_true(r.memory.pooled_objects_reused > 0);

    /* Sources, most first, without gaps. */
    const char *name = NULL;
    uint64_t count = 0, before = UINT64_MAX, sum = 0;
    size_t i = 0;
    for (; alice_organizer_by_source(c.organizer, i, &name, &count) == ALICE_OK; i++) {
        assert_true(count <= before);
        assert_memory_equal(name, "camera-acme-box-", 16);
        before = count;
        sum += count;
    }
    assert_int_equal(i, 3);
    assert_int_equal(sum, r.tally.organized);
    assert_status(alice_organizer_by_source(c.organizer, i, &name, &count), ALICE_E_END);
    assert_status(alice_organizer_by_source(c.organizer, 0, NULL, &count), ALICE_E_INVAL);

    assert_ok(alice_organizer_collected(c.organizer, ticket, &collected));
    assert_true(collected.row_count > 0);

    /* The same organizer again: all is known. */
    memset(c.told, 0, sizeof c.told);
    assert_ok(alice_organizer_organize(c.organizer, &r, &error));
    assert_int_equal(r.tally.organized, 0);
    assert_int_equal(r.already_known, FILES + 1);
    assert_int_equal(c.told[ALICE_SKIPPED], FILES + 1);
    alice_organizer_close(&c.organizer);
    assert_null(c.organizer);
    assert_int_equal(c.held, 0);
    forget_organized();
}

/* The run has read the inbox's names when it first asks whether to stop: then one becomes a
 * link. */
static bool swap_for_a_link(void *ctx)
{
    client *c = ctx;
    if (c->asked++ == 0) {
        assert_int_equal(unlinkat(inbox_fd, "swapped.jpg", 0), 0);
        assert_int_equal(symlinkat("000.jpg", inbox_fd, "swapped.jpg"), 0);
    }
    return false;
}

static void on_swapped(void *ctx, const alice_file_report *f)
{
    client *c = ctx;
    c->told[f->outcome]++;
    if (f->outcome == ALICE_FAILED) {
        assert_non_null(strstr(f->source_path, "/swapped.jpg"));
        assert_non_null(strstr(f->reason, "is a link"));
        assert_int_equal(f->status, ALICE_E_CHANGED);
    }
}

static void test_a_file_that_became_a_link_is_told(void **state)
{
    (void)state;
    client c = {0};
    alice_organizer_options o = options_of(&c);
    alice_organize_result r;
    make_picture("swapped.jpg", 1000);
    o.should_stop = swap_for_a_link;
    o.on_file = on_swapped;
    assert_ok(alice_organizer_open(&c.organizer, &o, NULL));
    assert_ok(alice_organizer_organize(c.organizer, &r, NULL));
    alice_organizer_close(&c.organizer);
    assert_int_equal(r.tally.errors, 1);
    assert_int_equal(c.told[ALICE_FAILED], 1);
    assert_int_equal(r.tally.organized, FILES - COPIES);
    assert_int_equal(unlinkat(inbox_fd, "swapped.jpg", 0), 0);
    forget_organized();
}

/* The ledger adds up, before, during and after, and stays within the limit. */
static void test_the_ledger(void **state)
{
    (void)state;
    client c = {0};
    alice_organizer_options o = options_of(&c);
    alice_organize_result r;
    alice_ledger_row rows[48];
    size_t count = 0, sum = 0;
    o.dry_run = true;
    assert_ok(alice_organizer_open(&c.organizer, &o, NULL));
    const alice_budget *budget = alice_organizer_budget(c.organizer);
    assert_non_null(budget);
    assert_int_equal(alice_budget_limit(budget), 64 * ALICE_MB);
    assert_ok(alice_organizer_organize(c.organizer, &r, NULL));
    assert_int_equal(r.tally.organized, FILES - COPIES);
    assert_int_equal(r.run, 0);
    assert_int_equal(faccessat(top_fd, "organized", F_OK, 0), -1);
    assert_true(c.most_used > 0 && c.most_used <= 64 * ALICE_MB);
    assert_true(alice_budget_peak(budget) <= 64 * ALICE_MB);
    assert_ok(alice_budget_check(budget, NULL));
    assert_ok(alice_budget_ledger(budget, rows, 48, &count));
    assert_in_range(count, 8, 48);
    assert_int_equal(rows[0].depth, 0);
    static const char *const wanted[] = {"catalog", "walk", "probe", "batch", "cache"};
    for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
        size_t i = 1;
        while (i < count && strcmp(rows[i].name, wanted[w]) != 0)
            i++;
        if (i == count)
            fail_msg("the ledger has no account %s", wanted[w]);
        assert_true(rows[i].charges > 0);
    }
    for (size_t i = 1; i < count; i++)
        sum += rows[i].depth == 1 ? rows[i].current : 0;
    assert_int_equal(rows[0].current, sum);
    alice_organizer_close(&c.organizer);
    assert_int_equal(c.held, 0);
}

static void test_it_stops_when_asked(void **state)
{
    (void)state;
    unsigned interrupted = 0;
    for (unsigned after = 1; after < 400; after += 37) {
        client c = {.stop_after = after};
        alice_organizer_options o = options_of(&c);
        alice_organize_result r;
        assert_ok(alice_organizer_open(&c.organizer, &o, NULL));
        alice_status st = alice_organizer_organize(c.organizer, &r, NULL);
        assert_true(st == ALICE_OK || st == ALICE_E_CANCELLED);
        assert_int_equal(r.interrupted, st == ALICE_E_CANCELLED);
        interrupted += st == ALICE_E_CANCELLED;
        assert_int_equal(c.told[ALICE_ORGANIZED], r.tally.organized);
        alice_organizer_close(&c.organizer);
        assert_int_equal(c.held, 0);

        client again = {0};
        o = options_of(&again);
        alice_organize_result rest;
        assert_ok(alice_organizer_open(&again.organizer, &o, NULL));
        assert_ok(alice_organizer_organize(again.organizer, &rest, NULL));
        assert_int_equal(rest.tally.errors, 0);
        assert_int_equal(r.tally.organized + rest.tally.organized, FILES - COPIES);
        alice_organizer_close(&again.organizer);
        forget_organized();
    }
    assert_true(interrupted > 2);
}

static void test_two_on_one_catalog(void **state)
{
    (void)state;
    client a = {0}, b = {0};
    alice_organizer_options o = options_of(&a);
    alice_error error;
    assert_ok(alice_organizer_open(&a.organizer, &o, NULL));
    o = options_of(&b);
    assert_status(alice_organizer_open(&b.organizer, &o, &error), ALICE_E_BUSY);
    assert_non_null(strstr(error.text, "in use"));
    alice_organizer_close(&a.organizer);
    assert_ok(alice_organizer_open(&b.organizer, &o, &error));
    alice_organizer_close(&b.organizer);
    assert_int_equal(a.held + b.held, 0);
    forget_organized();
}

static void test_how_it_is(void **state)
{
    (void)state;
    client c = {0};
    alice_organizer_options o = options_of(&c);
    alice_run_status *s = malloc(sizeof *s); /* some KB */
    alice_memory_status *m = malloc(sizeof *m);
    alice_organize_result r;
    assert_non_null(s);
    assert_non_null(m);
    assert_ok(alice_organizer_open(&c.organizer, &o, NULL));
    assert_ok(alice_organizer_run_status(c.organizer, s, sizeof *s));
    assert_int_equal(s->phase, ALICE_PHASE_READY);
    assert_string_equal(alice_phase_name(s->phase), "ready");
    assert_ok(alice_organizer_organize(c.organizer, &r, NULL));
    assert_ok(alice_organizer_run_status(c.organizer, s, sizeof *s));
    assert_ok(alice_organizer_memory_status(c.organizer, m, sizeof *m));
    assert_int_equal(s->phase, ALICE_PHASE_DONE);
    assert_int_equal(s->tally.files, r.tally.files);
    assert_int_equal(s->tally.organized, r.tally.organized);
    assert_string_equal(s->inbox_path, inbox);
    assert_true(m->account_count > 5 && m->cache_count == 4);
    alice_organizer_close(&c.organizer);
    free(m);
    free(s);
    forget_organized();
}

static void test_info(void **state)
{
    (void)state;
    alice_info_reader *reader = NULL;
    alice_media_info info;
    alice_error error;
    char path[128], source[64];
    assert_ok(alice_info_open(&reader, NULL));
    snprintf(path, sizeof path, "%s/000.jpg", inbox);
    assert_ok(alice_info_read(reader, path, &info, source, sizeof source, &error));
    assert_int_equal(info.type, ALICE_MEDIA_JPEG);
    assert_int_equal(info.width, 64);
    assert_string_equal(source, "camera-acme-box-1");
    assert_int_equal(info.dates[ALICE_DATE_EXIF_ORIGINAL].verdict, ALICE_DATE_USED);
    assert_int_equal(info.dates[ALICE_DATE_MTIME].verdict, ALICE_DATE_OUTRANKED);
    assert_status(alice_info_read(reader, inbox, &info, source, sizeof source, &error),
                  ALICE_E_INVAL);
    assert_non_null(strstr(error.text, "folder"));
    snprintf(path, sizeof path, "%s/gone.jpg", inbox);
    assert_status(alice_info_read(reader, path, &info, NULL, 0, &error), ALICE_E_NOENT);
    assert_status(alice_info_read(NULL, path, &info, NULL, 0, &error), ALICE_E_INVAL);
    alice_info_close(&reader);
    assert_null(reader);
    alice_info_close(&reader);
    alice_info_close(NULL);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(alice_outcome_name(ALICE_ORGANIZED), "organized");
    assert_string_equal(alice_outcome_name(ALICE_SKIPPED), "skipped");
    assert_string_equal(alice_outcome_name(ALICE_DUPLICATE), "duplicate");
    assert_string_equal(alice_outcome_name(ALICE_FAILED), "error");
    assert_string_equal(alice_outcome_name((alice_outcome)77), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_a_run),
        cmocka_unit_test(test_a_file_that_became_a_link_is_told),
        cmocka_unit_test(test_the_ledger),
        cmocka_unit_test(test_it_stops_when_asked),
        cmocka_unit_test(test_two_on_one_catalog),
        cmocka_unit_test(test_how_it_is),
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, make_inbox, remove_inbox);
}
