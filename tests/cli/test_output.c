/* SPDX-License-Identifier: MIT */
/* A file written for the user: whole under its name or not there, and nothing of theirs
 * replaced. */
#include "test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "output.h"

static char place[] = "/var/tmp/alice-output-XXXXXX";
static char path[sizeof place + 16];

static int begin(void **state)
{
    (void)state;
    strcpy(place + sizeof place - 7, "XXXXXX");
    if (!mkdtemp(place))
        return -1;
    snprintf(path, sizeof path, "%s/out", place);
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(place); /* fails where anything is left */
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void assert_holds(const char *name, const char *text)
{
    char is[64] = "";
    FILE *f = fopen(name, "r");
    assert_non_null(f);
    is[fread(is, 1, sizeof is - 1, f)] = 0;
    fclose(f);
    assert_string_equal(is, text);
}

static void nothing_has_the_name_until_it_is_whole(void **state)
{
    (void)state;
    cli_output o;
    assert_int_equal(output_open(&o, "report", path, "own", false), CLI_DONE);
    fputs("own text", o.to);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(output_close(&o, true), CLI_DONE);
    assert_holds(path, "own text");
    assert_int_equal(access(o.temporary, F_OK), -1);
}

static void what_is_dropped_leaves_what_stood(void **state)
{
    (void)state;
    cli_output o;
    put(path, "own, the first");
    assert_int_equal(output_open(&o, "report", path, "own", false), CLI_DONE);
    fputs("own, the second", o.to);
    assert_int_equal(output_close(&o, false), CLI_DONE);
    assert_holds(path, "own, the first");
}

static void an_earlier_one_is_replaced_and_keeps_its_mode(void **state)
{
    (void)state;
    cli_output o;
    struct stat st;
    put(path, "own, the first");
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(output_open(&o, "report", path, "own", false), CLI_DONE);
    fputs("own, the second", o.to);
    assert_int_equal(output_close(&o, true), CLI_DONE);
    assert_holds(path, "own, the second");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
}

static void what_came_meanwhile_is_left(void **state)
{
    (void)state;
    cli_output o;
    assert_int_equal(output_open(&o, "report", path, "own", false), CLI_DONE);
    fputs("own text", o.to);
    put(path, "a picture");
    assert_int_equal(output_close(&o, true), CLI_STOPPED);
    assert_holds(path, "a picture");
    assert_holds(o.temporary, "own text");
    unlink(o.temporary);
}

static void what_was_changed_meanwhile_is_left(void **state)
{
    (void)state;
    cli_output o;
    put(path, "own, the first");
    assert_int_equal(output_open(&o, "report", path, "own", false), CLI_DONE);
    fputs("own, the second", o.to);
    put(path, "a picture, much longer than that");
    assert_int_equal(output_close(&o, true), CLI_STOPPED);
    assert_holds(path, "a picture, much longer than that");
    assert_holds(o.temporary, "own, the second");
    unlink(o.temporary);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(nothing_has_the_name_until_it_is_whole),
        T(what_is_dropped_leaves_what_stood),
        T(an_earlier_one_is_replaced_and_keeps_its_mode),
        T(what_came_meanwhile_is_left),
        T(what_was_changed_meanwhile_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
