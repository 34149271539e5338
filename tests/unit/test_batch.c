/* SPDX-License-Identifier: MIT */
/* Batches: the rule, smoothing, bounds by items and bytes, policies, both ways out. */
#include "test.h"

#include "faulty.h"

#include <alice/batch.h>

static void sizes_follow_the_rule(void **state)
{
    (void)state;
    assert_int_equal(alice_batch_size_at(100, ALICE_LEVEL_NORMAL, 10, 1000), 100);
    assert_int_equal(alice_batch_size_at(100, ALICE_LEVEL_MEDIUM, 10, 1000), 75);
    assert_int_equal(alice_batch_size_at(100, ALICE_LEVEL_HIGH, 10, 1000), 50);
    assert_int_equal(alice_batch_size_at(100, ALICE_LEVEL_CRITICAL, 10, 1000), 25);
    assert_int_equal(alice_batch_size_at(20, ALICE_LEVEL_CRITICAL, 10, 1000), 10);
    assert_int_equal(alice_batch_size_at(5000, ALICE_LEVEL_NORMAL, 10, 1000), 1000);
    assert_int_equal(alice_batch_size_at(1, ALICE_LEVEL_CRITICAL, 0, 1000), 1);
    assert_int_equal(alice_batch_size_at(UINT32_MAX, ALICE_LEVEL_MEDIUM, 1, UINT32_MAX),
                     3221225471u);
}

struct pressure {
    alice_level now;
    unsigned asked;
};

static alice_level say(void *ctx)
{
    struct pressure *p = ctx;
    p->asked++;
    return p->now;
}

static alice_batch *open_with(struct pressure *p, uint32_t base)
{
    alice_batch *b = NULL;
    alice_batch_options o = alice_batch_defaults(NULL);
    o.base_size = base;
    o.level = say;
    o.level_ctx = p;
    assert_ok(alice_batch_open(&b, &o));
    return b;
}

static void shrinks_at_once_grows_by_steps(void **state)
{
    (void)state;
    struct pressure p = {.now = ALICE_LEVEL_NORMAL};
    alice_batch *b = open_with(&p, 100);
    assert_int_equal(alice_batch_size(b), 100);
    assert_int_equal(alice_batch_next_size(b), 100);
    p.now = ALICE_LEVEL_CRITICAL;
    assert_int_equal(alice_batch_next_size(b), 25);
    p.now = ALICE_LEVEL_NORMAL;
    static const uint32_t want[] = {25, 25, 50, 50, 50, 75, 75, 75, 100, 100};
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(alice_batch_next_size(b), want[i]);
    alice_batch_stats s;
    alice_batch_get_stats(b, &s);
    assert_int_equal(s.batches, 12);
    assert_int_equal(s.adjustments, 4);
    assert_int_equal(s.smallest, 25);
    assert_int_equal(s.largest, 100);
    assert_int_equal(s.current, 100);
    assert_int_equal(s.level, ALICE_LEVEL_NORMAL);
    alice_batch_close(&b);
    assert_null(b);
}

static void an_edge_does_not_flap(void **state)
{
    (void)state;
    struct pressure p = {.now = ALICE_LEVEL_HIGH};
    alice_batch *b = open_with(&p, 100);
    for (int i = 0; i < 100; i++) { /* one calm batch in two is not calm */
        p.now = i % 2 ? ALICE_LEVEL_MEDIUM : ALICE_LEVEL_HIGH;
        assert_int_equal(alice_batch_next_size(b), 50);
    }
    alice_batch_stats s;
    alice_batch_get_stats(b, &s);
    assert_int_equal(s.adjustments, 1); /* from the base to the first level */
    alice_batch_close(&b);
}

static void fixed_asks_nobody(void **state)
{
    (void)state;
    struct pressure p = {.now = ALICE_LEVEL_CRITICAL};
    alice_config c = {
        .fixed_batch_size = true, .min_batch_size = 5, .max_batch_size = 60, .batch_size = 80};
    alice_batch_options o = alice_batch_defaults(&c);
    assert_false(o.adaptive);
    o.level = say;
    o.level_ctx = &p;
    alice_batch *b = NULL;
    assert_ok(alice_batch_open(&b, &o));
    assert_int_equal(alice_batch_next_size(b), 60);
    assert_int_equal(p.asked, 0);
    alice_batch_close(&b);
}

static void a_budget_is_a_source(void **state)
{
    (void)state;
    alice_budget *budget = NULL;
    alice_budget_options bo = {.limit = 1000};
    assert_ok(alice_budget_open(&budget, &bo));
    alice_account *root = alice_budget_root(budget);
    assert_int_equal(alice_batch_level_of_budget(budget), ALICE_LEVEL_NORMAL);
    assert_ok(alice_account_charge(root, 399));
    assert_int_equal(alice_batch_level_of_budget(budget), ALICE_LEVEL_NORMAL);
    assert_ok(alice_account_charge(root, 1)); /* exactly 40 % */
    assert_int_equal(alice_batch_level_of_budget(budget), ALICE_LEVEL_MEDIUM);
    assert_ok(alice_account_charge(root, 1));
    assert_ok(alice_account_charge(root, 400));
    assert_int_equal(alice_batch_level_of_budget(budget), ALICE_LEVEL_CRITICAL);
    alice_account_release(root, 801);
    assert_ok(alice_budget_close(&budget, NULL));
}

/* Items are the numbers 1 … n, of `bytes` each; those that `fails` divides fail. */
struct source {
    uintptr_t at, n;
    size_t bytes;
    uintptr_t big;    /* this item weighs ten times as much */
    alice_status end; /* instead of ALICE_E_END */
};

static alice_status next_number(void *ctx, void **item, size_t *bytes)
{
    struct source *s = ctx;
    if (s->at == s->n)
        return s->end ? s->end : ALICE_E_END;
    s->at++;
    *item = (void *)s->at;
    *bytes = s->at == s->big ? s->bytes * 10 : s->bytes;
    return ALICE_OK;
}

struct work {
    uintptr_t fails;
    alice_status whole; /* answered for the second batch */
    unsigned batches;
    size_t sizes[16];
    uintptr_t seen;
};

static alice_status square(void *ctx, alice_batch_result *results, size_t count)
{
    struct work *w = ctx;
    if (w->batches < 16)
        w->sizes[w->batches] = count;
    w->batches++;
    for (size_t i = 0; i < count; i++) {
        uintptr_t n = (uintptr_t)results[i].item;
        w->seen++;
        if (w->fails && n % w->fails == 0)
            results[i].status = ALICE_E_DAMAGED;
        else
            results[i].result = (void *)(n * n);
    }
    return w->batches == 2 ? w->whole : ALICE_OK;
}

struct sink {
    uintptr_t sum, count, failed, last;
    uintptr_t stop_at;
};

static alice_status add_up(void *ctx, const alice_batch_result *r)
{
    struct sink *s = ctx;
    assert_true((uintptr_t)r->item > s->last); /* in order */
    s->last = (uintptr_t)r->item;
    s->count++;
    s->sum += (uintptr_t)r->result;
    if (r->status != ALICE_OK)
        s->failed++;
    return s->stop_at && s->last == s->stop_at ? ALICE_E_CANCELLED : ALICE_OK;
}

struct setup {
    struct pressure p;
    struct source from;
    struct work work;
    struct sink sink;
    alice_batch *b;
    alice_batch_run run;
};

static void set_up(struct setup *s, uintptr_t n, alice_batch_policy policy)
{
    *s = (struct setup){.from = {.n = n}};
    s->b = open_with(&s->p, 10);
    s->run = (alice_batch_run){.next = next_number,
                               .next_ctx = &s->from,
                               .process = square,
                               .process_ctx = &s->work,
                               .result = add_up,
                               .result_ctx = &s->sink,
                               .policy = policy};
}

static void everything_goes_through(void **state)
{
    (void)state;
    struct setup s;
    set_up(&s, 30, ALICE_BATCH_STOP);
    assert_ok(alice_batch_process(s.b, &s.run));
    assert_int_equal(s.sink.count, 30);
    assert_int_equal(s.sink.sum, 30 * 31 * 61 / 6);
    alice_batch_stats n;
    alice_batch_get_stats(s.b, &n);
    assert_int_equal(n.batches, 3); /* and no fourth for the end */
    assert_int_equal(n.items, 30);
    s.from = (struct source){0};
    assert_ok(alice_batch_process(s.b, &s.run)); /* nothing at all is fine */
    alice_batch_get_stats(s.b, &n);
    assert_int_equal(n.batches, 3);
    alice_batch_close(&s.b);
}

static void stop_finishes_the_batch(void **state)
{
    (void)state;
    struct setup s;
    set_up(&s, 30, ALICE_BATCH_STOP);
    s.work.fails = 14;
    assert_status(alice_batch_process(s.b, &s.run), ALICE_E_DAMAGED);
    assert_int_equal(s.work.seen, 20);
    assert_int_equal(s.sink.count, 19); /* the good ones of the batch are handed out */
    assert_int_equal(s.sink.last, 20);
    assert_int_equal(s.from.at, 20); /* and no more were pulled */
    alice_batch_close(&s.b);
}

static void skip_goes_on(void **state)
{
    (void)state;
    struct setup s;
    set_up(&s, 30, ALICE_BATCH_SKIP);
    s.work.fails = 7;
    assert_ok(alice_batch_process(s.b, &s.run));
    assert_int_equal(s.sink.count, 26);
    alice_batch_stats n;
    alice_batch_get_stats(s.b, &n);
    assert_int_equal(n.failed, 4);
    alice_batch_close(&s.b);
}

static void collect_hands_failures_out(void **state)
{
    (void)state;
    struct setup s;
    set_up(&s, 30, ALICE_BATCH_COLLECT);
    s.work.fails = 7;
    s.work.whole = ALICE_E_IO; /* the second batch fails as a whole */
    assert_ok(alice_batch_process(s.b, &s.run));
    assert_int_equal(s.sink.count, 30);
    assert_int_equal(s.sink.failed, 10 + 3); /* 11 to 20, and 7, 21 and 28 */
    alice_batch_close(&s.b);
}

static void cancelled_ends_whatever_the_policy(void **state)
{
    (void)state;
    struct setup s;
    set_up(&s, 50, ALICE_BATCH_SKIP);
    s.work.whole = ALICE_E_CANCELLED;
    assert_status(alice_batch_process(s.b, &s.run), ALICE_E_CANCELLED);
    assert_int_equal(s.work.seen, 20);
    alice_batch_close(&s.b);
    set_up(&s, 50, ALICE_BATCH_SKIP);
    s.sink.stop_at = 5;
    assert_status(alice_batch_process(s.b, &s.run), ALICE_E_CANCELLED);
    assert_int_equal(s.work.seen, 10);
    alice_batch_close(&s.b);
}

static void a_failing_source_loses_nothing(void **state)
{
    (void)state;
    struct setup s;
    set_up(&s, 13, ALICE_BATCH_SKIP);
    s.from.end = ALICE_E_IO;
    assert_status(alice_batch_process(s.b, &s.run), ALICE_E_IO);
    assert_int_equal(s.sink.count, 13);
    alice_batch_close(&s.b);
}

static void bytes_bound_a_batch(void **state)
{
    (void)state;
    struct setup s;
    set_up(&s, 12, ALICE_BATCH_STOP);
    alice_batch_close(&s.b);
    alice_batch_options o = alice_batch_defaults(NULL);
    o.max_bytes = 400;
    o.level = say;
    o.level_ctx = &s.p;
    assert_ok(alice_batch_open(&s.b, &o));
    s.from.bytes = 100;
    s.from.big = 6;
    assert_ok(alice_batch_process(s.b, &s.run));
    static const size_t want[] = {4, 1, 1, 4, 2}; /* 1-4, 5, the big one, 7-10, 11-12 */
    assert_int_equal(s.work.batches, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(s.work.sizes[i], want[i]);
    assert_int_equal(s.sink.count, 12);

    s.p.now = ALICE_LEVEL_CRITICAL; /* a quarter of the bytes too */
    s.from = (struct source){.n = 4, .bytes = 100};
    s.work = (struct work){0};
    s.sink = (struct sink){0};
    assert_ok(alice_batch_process(s.b, &s.run));
    assert_int_equal(s.work.batches, 4);
    alice_batch_close(&s.b);
}

static void results_can_be_pulled(void **state)
{
    (void)state;
    struct setup s;
    const alice_batch_result *r = NULL;
    uintptr_t n = 0;
    set_up(&s, 25, ALICE_BATCH_SKIP);
    assert_status(alice_batch_next(s.b, &r), ALICE_E_INVAL); /* not begun */
    s.work.fails = 5;
    assert_ok(alice_batch_begin(s.b, &s.run));
    alice_status st;
    while ((st = alice_batch_next(s.b, &r)) == ALICE_OK) {
        n++;
        assert_int_equal((uintptr_t)r->result, (uintptr_t)r->item * (uintptr_t)r->item);
    }
    assert_status(st, ALICE_E_END);
    assert_int_equal(n, 20);
    assert_status(alice_batch_next(s.b, &r), ALICE_E_END); /* and stays there */
    s.run.process = NULL;
    assert_status(alice_batch_begin(s.b, &s.run), ALICE_E_INVAL);
    alice_batch_close(&s.b);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    alice_batch *b = NULL;
    alice_batch_options bad = {.min_size = 11, .max_size = 10};
    assert_status(alice_batch_open(&b, &bad), ALICE_E_INVAL);
    for (unsigned nth = 0;; nth++) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        alice_batch_options o = {.env = {.alloc = &alloc}};
        alice_status st = alice_batch_open(&b, &o);
        assert_true((st == ALICE_OK) == (b != NULL));
        alice_batch_close(&b);
        assert_int_equal(f.live_bytes, 0);
        if (!f.fired) {
            assert_in_range(nth, 1, 2);
            break;
        }
        assert_status(st, ALICE_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_follow_the_rule),
        cmocka_unit_test(shrinks_at_once_grows_by_steps),
        cmocka_unit_test(an_edge_does_not_flap),
        cmocka_unit_test(fixed_asks_nobody),
        cmocka_unit_test(a_budget_is_a_source),
        cmocka_unit_test(everything_goes_through),
        cmocka_unit_test(stop_finishes_the_batch),
        cmocka_unit_test(skip_goes_on),
        cmocka_unit_test(collect_hands_failures_out),
        cmocka_unit_test(cancelled_ends_whatever_the_policy),
        cmocka_unit_test(a_failing_source_loses_nothing),
        cmocka_unit_test(bytes_bound_a_batch),
        cmocka_unit_test(results_can_be_pulled),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
