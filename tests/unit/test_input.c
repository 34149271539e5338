/* SPDX-License-Identifier: MIT */
/* Inputs: what is lent from the head, what is fetched, and streams over both. */
#include "read_media.h"

static const uint8_t bytes[] = "0123456789abcdefghijklmnopqrstuvwxyz";
enum { ALL = sizeof bytes - 1 };

static alice_status fetch_some(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    unsigned *calls = ctx;
    ++*calls;
    *got = offset < ALL ? ALL - (size_t)offset : 0;
    *got = *got < n ? *got : n;
    memcpy(to, bytes + offset, *got);
    return ALICE_OK;
}

static alice_status fetch_fails(void *ctx, uint64_t offset, void *to, size_t n, size_t *got)
{
    (void)ctx;
    (void)offset;
    (void)to;
    (void)n;
    (void)got;
    return ALICE_E_IO;
}

static void head_is_lent_the_rest_is_fetched(void **state)
{
    unsigned calls = 0;
    uint8_t room[16];
    alice_status st = ALICE_OK;
    alice__input in = {.size = ALL, .head = {bytes, 10}, .fetch = fetch_some, .ctx = &calls};
    (void)state;
    assert_ptr_equal(alice__input_at(&in, 2, 8, room, &st), bytes + 2);
    assert_int_equal(calls, 0);
    assert_ptr_equal(alice__input_at(&in, 5, 10, room, &st), room);
    assert_memory_equal(room, "56789abcde", 10);
    assert_int_equal(calls, 1);
    assert_null(alice__input_at(&in, ALL - 3, 4, room, &st));
    assert_null(alice__input_at(&in, UINT64_MAX, 1, room, &st));
    assert_int_equal(calls, 1);
    assert_ok(st);
    in.fetch = fetch_fails;
    assert_null(alice__input_at(&in, 20, 4, room, &st));
    assert_int_equal(st, ALICE_E_IO);
}

static size_t read_all(alice__text_stream *s, char *to)
{
    size_t n = 0;
    alice_bytes window;
    while (s->next(s, &window) == ALICE_OK && window.n > 0) {
        memcpy(to + n, window.p, window.n);
        n += window.n;
    }
    return n;
}

static void a_range_streams_over_head_and_file(void **state)
{
    unsigned calls = 0;
    char window[4], all[64];
    alice__text_range r;
    alice__input in = {.size = ALL, .head = {bytes, 10}, .fetch = fetch_some, .ctx = &calls};
    (void)state;
    size_t n = read_all(alice__text_in(&r, &in, 3, 20, window, sizeof window), all);
    assert_int_equal(n, 20);
    assert_memory_equal(all, bytes + 3, 20);
    assert_int_equal(calls, 4); /* 7 from the head, 13 in fours */
    n = read_all(alice__text_in(&r, &in, 30, UINT64_MAX, window, sizeof window), all);
    assert_int_equal(n, ALL - 30);
    assert_int_equal(read_all(alice__text_in(&r, &in, 99, 5, window, sizeof window), all), 0);

    in.fetch = fetch_fails;
    n = read_all(alice__text_in(&r, &in, 3, 20, window, sizeof window), all);
    assert_int_equal(n, 7);
    assert_int_equal(r.status, ALICE_E_IO);
}

static void memory_streams_once(void **state)
{
    alice__text_memory m;
    char all[64];
    (void)state;
    alice__text_stream *s = alice__text_of(&m, (alice_bytes){bytes, ALL});
    assert_int_equal(read_all(s, all), ALL);
    assert_int_equal(read_all(s, all), 0);
}

static void spans_end_where_they_should(void **state)
{
    unsigned calls = 0;
    uint8_t to[64];
    size_t got = 99;
    alice__span_range r;
    alice__input in = {.size = ALL, .head = {bytes, 10}, .fetch = fetch_some, .ctx = &calls};
    (void)state;
    const alice__span_reader *span = alice__span_in(&r, &in, 8, 10);
    assert_int_equal(span->size, 10);
    assert_ok(span->read(span->ctx, 0, to, 64, &got));
    assert_int_equal(got, 10);
    assert_memory_equal(to, bytes + 8, 10);
    assert_ok(span->read(span->ctx, 10, to, 1, &got));
    assert_int_equal(got, 0);
    assert_int_equal(alice__span_in(&r, &in, 30, 1000)->size, ALL - 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_is_lent_the_rest_is_fetched),
        cmocka_unit_test(a_range_streams_over_head_and_file),
        cmocka_unit_test(memory_streams_once),
        cmocka_unit_test(spans_end_where_they_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
