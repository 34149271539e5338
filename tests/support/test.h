/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TESTS_TEST_H
#define ALICE_TESTS_TEST_H

/* What every test includes: cmocka with what it needs, and a few words for statuses. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <alice/base.h>

/* A call that has to succeed; says which status came instead. */
#define assert_ok(call)                                            \
    do {                                                           \
        alice_status status_ = (call);                             \
        if (status_ != ALICE_OK)                                   \
            fail_msg("%s: %s", #call, alice_status_name(status_)); \
    } while (0)

/* A call that has to end in `want`. */
#define assert_status(call, want)                                                       \
    do {                                                                                \
        alice_status status_ = (call);                                                  \
        if (status_ != (want))                                                          \
            fail_msg("%s: %s instead of %s", #call, alice_status_name(status_), #want); \
    } while (0)

/*
 * A test that cannot be run here: say why and leave. cmocka's own skip() is told by it as
 * "not ok", which readers of TAP take for a failure; scripts/count-tests counts these lines.
 */
#define skip_test(why)                            \
    do {                                          \
        printf("# SKIP %s: %s\n", __func__, why); \
        return;                                   \
    } while (0)

/*
 * Whether the test runs under Valgrind, which serves memory from an allocator of its own and
 * maps for itself: resident memory and process limits are then not what is tested.
 */
static inline bool under_valgrind(void)
{
    const char *preload = getenv("LD_PRELOAD");
    return preload && strstr(preload, "vgpreload");
}

#endif
