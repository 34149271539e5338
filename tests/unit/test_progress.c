/* SPDX-License-Identifier: MIT */
/* The line of a long run, on a terminal of its own: what it says at which time, and in which
 * width. */
#define _GNU_SOURCE
#include "test.h"

#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../cli/progress.h"

static int master = -1, own_stderr = -1;

static int set_up(void **state)
{
    (void)state;
    master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) || unlockpt(master))
        return 1;
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    own_stderr = dup(STDERR_FILENO);
    return slave < 0 || own_stderr < 0 || dup2(slave, STDERR_FILENO) < 0 || close(slave);
}

static int tear_down(void **state)
{
    (void)state;
    fflush(stderr);
    int bad = dup2(own_stderr, STDERR_FILENO) < 0;
    close(own_stderr);
    close(master);
    return bad;
}

/* What one call prints in so many columns. */
static const char *shown(const cli_progress *p, int columns, const alice_progress *now)
{
    static char text[1024];
    cli_progress copy = *p;
    const struct winsize w = {.ws_row = 24, .ws_col = (unsigned short)columns};
    assert_int_equal(ioctl(master, TIOCSWINSZ, &w), 0);
    progress_show(&copy, now);
    assert_int_equal(fputs("\n", stderr) < 0, 0);
    fflush(stderr);
    /* The terminal hands over what it has, in pieces. */
    size_t n = 0;
    while (n == 0 || text[n - 1] != '\n') {
        ssize_t got = read(master, text + n, sizeof text - 1 - n);
        assert_true(got > 0);
        n += (size_t)got;
    }
    text[n] = 0;
    assert_true(n > 4);
    char *end = strpbrk(text + 4, "\r\n");
    assert_non_null(end);
    *end = 0;
    return text + 4; /* past what clears the line */
}

static alice_progress at(uint64_t files, uint64_t seconds)
{
    return (alice_progress){
        .tally = {.files = files, .organized = files, .bytes = 3 * ALICE_MB},
        .elapsed_ns = seconds * UINT64_C(1000000000),
        .resident = 10 * ALICE_MB,
        .limit = 24 * ALICE_MB,
        .path = "2024/trip to the sea/IMG_0001.jpg"};
}

static void it_says_how_long_it_takes(void **state)
{
    (void)state;
    cli_progress p;
    progress_begin(&p, false);
    assert_true(p.on);
    p.total = 100000;
    const struct {
        uint64_t files, seconds;
        const char *text;
    } rows[] = {
        {1000, 1, "1000 of 100000 files · 1 %"}, /* too early to say */
        {1000, 10, "1000 of 100000 files · 1 % · 17 min left"},
        {50000, 50, "50000 of 100000 files · 50 % · 50 s left"},
        {100, 100, "100 of 100000 files · 0 % · 27 h 45 min left"},
        {100000, 90, "100000 of 100000 files · 100 % · 0 s left"},
        {120000, 90, "120000 files"}, /* more came than were counted */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        alice_progress now = at(rows[i].files, rows[i].seconds);
        const char *line = shown(&p, 60, &now);
        size_t n = strlen(rows[i].text);
        assert_memory_equal(line, rows[i].text, n);
        assert_true(strncmp(line + n, " · 1", 4) == 0); /* its speed */
    }
    p.total = 0;
    alice_progress now = at(5, 5);
    assert_string_equal(shown(&p, 14, &now), "5 files");
}

static void what_matters_most_comes_first(void **state)
{
    (void)state;
    cli_progress p;
    progress_begin(&p, false);
    p.total = 4000;
    alice_progress now = at(2000, 20);
    assert_string_equal(shown(&p, 37, &now), "2000 files · 100 files/s");
    assert_string_equal(shown(&p, 41, &now), "2000 of 4000 files · 50 % · 20 s left");
    assert_string_equal(shown(&p, 60, &now),
                        "2000 of 4000 files · 50 % · 20 s left · 100 files/s");
    assert_string_equal(shown(&p, 90, &now), "2000 of 4000 files · 50 % · 20 s left · 100 "
                                             "files/s · 10.0 MB of 24.0 MB · a/IMG_0001.jpg");
    assert_string_equal(
        shown(&p, 200, &now),
        "2000 of 4000 files · 50 % · 20 s left · 100 files/s · 10.0 MB of 24.0 MB "
        "· 2000 organized (3.0 MB) · 2024/trip to the sea/IMG_0001.jpg");
    now.path = "a\033[31m\tb/IMG_0001.jpg";
    assert_null(strchr(shown(&p, 200, &now), '\033'));
}

static void durations_read_well(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(duration_text(0.4, text, sizeof text), "0 s");
    assert_string_equal(duration_text(89, text, sizeof text), "89 s");
    assert_string_equal(duration_text(600, text, sizeof text), "10 min");
    assert_string_equal(duration_text(2 * 3600 + 60, text, sizeof text), "2 h 01 min");
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_says_how_long_it_takes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_matters_most_comes_first, set_up, tear_down),
        cmocka_unit_test(durations_read_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
