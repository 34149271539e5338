/* SPDX-License-Identifier: MIT */
/* Statuses: each has its own name and text, and unknown values are harmless. */
#include "test.h"

#include <errno.h>

#include "base/error.h"

static void names_are_pinned(void **state)
{
    (void)state;
    assert_int_equal(ALICE_OK, 0);
    assert_int_equal(ALICE_E_BUDGET, -3);
    assert_int_equal(ALICE_E_DEADLOCK, -19);
    assert_string_equal(alice_status_name(ALICE_E_NOMEM), "ALICE_E_NOMEM");
    assert_string_equal(alice_status_text(ALICE_E_BUDGET), "over the memory budget");
    assert_string_equal(alice_status_name((alice_status)-999), "unknown");
    assert_string_equal(alice_status_text((alice_status)7), "unknown status");
}

static void failing_fills_and_cuts(void **state)
{
    (void)state;
    alice_error e;
    char longer[512];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(alice__fail(&e, ALICE_E_IO, EIO, "%s", longer), ALICE_E_IO);
    assert_int_equal(e.os_error, EIO);
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
    assert_int_equal(alice__fail(NULL, ALICE_E_IO, 0, "nobody listens"), ALICE_E_IO);
}

static void errnos_map(void **state)
{
    (void)state;
    assert_int_equal(alice__status_of_errno(0), ALICE_OK);
    assert_int_equal(alice__status_of_errno(ENOSPC), ALICE_E_NOSPC);
    assert_int_equal(alice__status_of_errno(EDQUOT), ALICE_E_NOSPC);
    assert_int_equal(alice__status_of_errno(EXDEV), ALICE_E_SYSTEM);
}

static void products_do_not_wrap(void **state)
{
    (void)state;
    size_t n = 0;
    assert_true(alice_mul_size(3, 7, &n));
    assert_int_equal(n, 21);
    assert_false(alice_mul_size(SIZE_MAX / 2, 3, &n));
    assert_true(n == SIZE_MAX);
}

/* The longest time to live that settings can give does not wrap into a short one. */
static void seconds_do_not_wrap(void **state)
{
    (void)state;
    assert_int_equal(alice_seconds_to_ms(0), 0);
    assert_int_equal(alice_seconds_to_ms(300), 300000);
    assert_int_equal(alice_seconds_to_ms(4294967), 4294967000u);
    assert_int_equal(alice_seconds_to_ms(4294968), UINT32_MAX - 1); /* was 704 ms */
    assert_int_equal(alice_seconds_to_ms(UINT32_MAX - 1), UINT32_MAX - 1);
    assert_int_equal(alice_seconds_to_ms(UINT32_MAX), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_pinned),    cmocka_unit_test(failing_fills_and_cuts),
        cmocka_unit_test(errnos_map),          cmocka_unit_test(products_do_not_wrap),
        cmocka_unit_test(seconds_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
