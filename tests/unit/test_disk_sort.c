/* SPDX-License-Identifier: MIT */
/* Records come back sorted, each once, from memory or from a scratch file; what fails says so.
 */
#include "test.h"

#include "faulty.h"
#include "sweep.h"
#include "random.h"

#include "organize/disk_sort.h"

typedef struct record {
    uint64_t key, number;
} record;

static int by_key(const void *a, const void *b)
{
    const record *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

static void sorts(uint64_t count, uint64_t keys)
{
    alice__disk_sort *s = NULL;
    const alice__disk_sort_options o = {
        .record_bytes = sizeof(record), .block_bytes = 64 * 1024, .order = by_key};
    struct random state = {1};
    uint64_t sum = 0, seen = 0, last = 0, numbers = 0;
    const void *p;
    assert_int_equal(alice__disk_sort_open(&s, &o, NULL), ALICE_OK);
    for (uint64_t i = 0; i < count; i++) {
        record r = {random_next(&state) % keys, i};
        sum += r.key * 31 + r.number;
        assert_int_equal(alice__disk_sort_add(s, &r, NULL), ALICE_OK);
    }
    assert_int_equal(alice__disk_sort_start(s, NULL), ALICE_OK);
    alice_status st;
    while ((st = alice__disk_sort_next(s, &p, NULL)) == ALICE_OK) {
        const record *r = p;
        assert_true(r->key >= last);
        last = r->key;
        sum -= r->key * 31 + r->number;
        numbers ^= r->number;
        seen++;
    }
    for (uint64_t i = 0; i < count; i++)
        numbers ^= i;
    assert_int_equal(st, ALICE_E_END);
    assert_int_equal(alice__disk_sort_next(s, &p, NULL), ALICE_E_END);
    assert_int_equal(seen, count);
    assert_int_equal(alice__disk_sort_count(s), count);
    assert_int_equal(sum, 0);
    assert_int_equal(numbers, 0);
    alice__disk_sort_close(&s);
    assert_null(s);
}

static void any_number_is_sorted(void **state)
{
    (void)state;
    /* 4,096 records fit the block, 12 runs the table: it is merged again and again. */
    static const uint64_t counts[] = {0, 1, 2, 4095, 4096, 4097, 8193, 49152, 49153, 400000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        sorts(counts[i], UINT64_MAX);
        sorts(counts[i], 3);
    }
}

static void without_room_it_says_so(void **state)
{
    (void)state;
    alice__disk_sort *s = NULL;
    alice_error error = {.text = ""};
    const alice__disk_sort_options o = {.record_bytes = sizeof(record),
                                        .block_bytes = 64 * 1024,
                                        .scratch_dir = "/nonexistent",
                                        .order = by_key};
    assert_int_equal(alice__disk_sort_open(&s, &o, NULL), ALICE_OK);
    alice_status st = ALICE_OK;
    unsigned added = 0;
    for (record r = {0, 0}; st == ALICE_OK && added < 10000; added++)
        st = alice__disk_sort_add(s, &r, &error);
    assert_int_equal(st, ALICE_E_NOENT);
    assert_int_equal(added, 4097);
    assert_non_null(strstr(error.text, "/nonexistent"));
    alice__disk_sort_close(&s);
}

static alice_status sort_some(const alice_alloc *alloc)
{
    alice__disk_sort *s = NULL;
    const alice__disk_sort_options o = {.env = {.alloc = alloc},
                                        .record_bytes = sizeof(record),
                                        .block_bytes = 64 * 1024,
                                        .order = by_key};
    const void *p;
    alice_status st = alice__disk_sort_open(&s, &o, NULL);
    for (record r = {0, 0}; st == ALICE_OK && r.number < 9000; r.number++)
        st = alice__disk_sort_add(s, &r, NULL);
    if (st == ALICE_OK)
        st = alice__disk_sort_start(s, NULL);
    while (st == ALICE_OK)
        st = alice__disk_sort_next(s, &p, NULL);
    alice__disk_sort_close(&s);
    return st == ALICE_E_END ? ALICE_OK : st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(sweep(sort_some, false) >= 4); /* the sort, its block, two tables */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_is_sorted),
        cmocka_unit_test(without_room_it_says_so),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
