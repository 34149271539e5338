/* SPDX-License-Identifier: MIT */
/* Samples of a run of any length: bounded, in order, and the highest point is never lost. */
#include "test.h"

#include <string.h>

#include "samples.h"

static cli_status status_of(size_t resident_kb)
{
    cli_status s;
    memset(&s, 0, sizeof s);
    s.memory.usage.current = resident_kb * 1024;
    s.run.batch_size = 100;
    s.memory.account_count = 3;
    s.memory.accounts[0] = (alice_ledger_row){.name = "budget", .current = 300 * 1024};
    s.memory.accounts[1] =
        (alice_ledger_row){.name = "catalog", .depth = 1, .current = 200 * 1024};
    s.memory.accounts[2] =
        (alice_ledger_row){.name = "walk", .depth = 1, .current = 100 * 1024};
    return s;
}

static void a_long_run_fits_and_keeps_its_peak(void **state)
{
    (void)state;
    cli_samples s;
    assert_true(samples_open(&s));
    assert_true(samples_due(&s));
    uint64_t interval = s.interval_ns;
    for (size_t i = 0; i < 3000; i++) {
        cli_status now = status_of(i == 1234 ? 9999 : 1000 + i % 7);
        samples_add(&s, &now);
        assert_true(s.count <= SAMPLES_MAX);
    }
    assert_false(samples_due(&s));
    assert_true(s.count >= SAMPLES_MAX / 2);
    /* 512, and then 256 between two halvings. */
    assert_int_equal(s.interval_ns, interval << (3000 - SAMPLES_MAX + 255) / 256);
    uint32_t highest = 0;
    for (size_t i = 0; i < s.count; i++) {
        assert_true(i == 0 || s.at[i - 1].ms <= s.at[i].ms);
        if (s.at[i].resident_kb > highest)
            highest = s.at[i].resident_kb;
        assert_int_equal(s.at[i].account_kb[0], 200);
        assert_int_equal(s.at[i].account_kb[1], 100);
        assert_int_equal(s.at[i].batch, 100);
    }
    assert_int_equal(highest, 9999);
    samples_close(&s);
    samples_close(&s);
}

static void more_accounts_than_room_are_one(void **state)
{
    (void)state;
    cli_samples s;
    cli_status now = status_of(1);
    now.memory.account_count = 1;
    for (unsigned i = 0; i < SAMPLES_ACCOUNTS + 3; i++) {
        alice_ledger_row *row = &now.memory.accounts[now.memory.account_count++];
        *row = (alice_ledger_row){.depth = 1, .current = 1024};
        snprintf(row->name, sizeof row->name, "account %u", i);
    }
    assert_true(samples_open(&s));
    samples_add(&s, &now);
    assert_int_equal(s.account_count, SAMPLES_ACCOUNTS);
    assert_string_equal(s.account[SAMPLES_ACCOUNTS - 1], "(others)");
    assert_int_equal(s.at[0].account_kb[SAMPLES_ACCOUNTS - 1], 4);
    samples_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_run_fits_and_keeps_its_peak),
        cmocka_unit_test(more_accounts_than_room_are_one),
    };
    return cmocka_run_group_tests_name("samples", tests, NULL, NULL);
}
