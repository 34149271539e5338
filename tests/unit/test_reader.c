/* SPDX-License-Identifier: MIT */
/*
 * The reader and the map on real files, pipes and devices: chunks, lines, peeks,
 * files that shrink, grow and fail while they are read, memory and page cache.
 */
#define _DEFAULT_SOURCE 1 /* mincore, syscall */
#include "test.h"

#include "faulty.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <alice/budget.h>
#include <alice/config.h>
#include <alice/limit.h>
#include <alice/reader.h>

#include "base/hash.h"
#include "port/file_read.h"

/* ---- files ---- */

static char path[64];
static bool mapped; /* the file of open_small() is seen through mapped windows */

static int make_file(void **state)
{
    (void)state;
    strcpy(path, "/tmp/alice-test-reader-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

static int make_mapped_file(void **state)
{
    mapped = true;
    return make_file(state);
}

static int remove_file(void **state)
{
    (void)state;
    mapped = false;
    return unlink(path);
}

static void put(const void *p, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void put_text(const char *text)
{
    put(text, strlen(text));
}

/* `n` bytes, each of which tells where it is. */
static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 131 + (offset >> 8) * 17 + (offset >> 16));
}

static void put_pattern(size_t n)
{
    uint8_t *p = malloc(n ? n : 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = byte_at(i);
    put(p, n);
    free(p);
}

static void check_pattern(alice_bytes b, uint64_t offset)
{
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] != byte_at(offset + i))
            fail_msg("byte %llu is wrong", (unsigned long long)(offset + i));
    }
}

static alice_reader *open_small(size_t chunk)
{
    alice_reader *r = NULL;
    alice_reader_options o = {.chunk_bytes = chunk, .use_mmap = mapped};
    assert_ok(alice_reader_open(&r, path, &o, NULL));
    return r;
}

/* A pipe's reading end; a child writes `n` bytes of the pattern in odd portions. */
static int pattern_pipe(size_t n, pid_t *child)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *child = fork();
    assert_true(*child >= 0);
    if (*child == 0) {
        uint8_t buf[777];
        close(ends[0]);
        for (size_t at = 0; at < n;) {
            size_t k = n - at < sizeof buf ? n - at : sizeof buf;
            for (size_t i = 0; i < k; i++)
                buf[i] = byte_at(at + i);
            if (write(ends[1], buf, k) != (ssize_t)k)
                _exit(1);
            at += k;
        }
        _exit(0);
    }
    close(ends[1]);
    return ends[0];
}

static void reap(pid_t child)
{
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- chunks ---- */

/* The kernel's last offset, and beyond it: an answer, not an endless loop. */
static void offsets_end_at_the_kernels_last(void **state)
{
    const uint64_t beyond[] = {UINT64_MAX, UINT64_MAX - 65535, (uint64_t)INT64_MAX + 1};
    const uint64_t within[] = {INT64_MAX, INT64_MAX - 1, INT64_MAX - 4096};
    alice_reader *r = NULL;
    alice_bytes b;
    alice_line line;
    alice_error e;
    uint8_t to[16];
    size_t got = 9;
    (void)state;
    put_pattern(100000);
    assert_ok(alice_reader_open(&r, path, NULL, NULL));
    assert_ok(alice_reader_next_chunk(r, &b, NULL));
    for (size_t i = 0; i < 3; i++) {
        assert_status(alice_reader_seek(r, beyond[i], &e), ALICE_E_INVAL);
        assert_non_null(strstr(e.text, "offset"));
        assert_status(alice_reader_read_at(r, beyond[i], to, 16, &got, NULL), ALICE_E_INVAL);
        assert_ok(alice_reader_read_at(r, within[i], to, 16, &got, NULL));
        assert_int_equal(got, 0);
        assert_ok(alice_reader_seek(r, within[i], NULL));
        assert_status(alice_reader_next_chunk(r, &b, NULL), ALICE_E_END);
        assert_status(alice_reader_next_line(r, &line, NULL), ALICE_E_END);
        assert_ok(alice_reader_peek(r, 100, &b, NULL));
        assert_int_equal(b.n, 0);
        assert_status(alice_reader_skip(r, UINT64_MAX, NULL), ALICE_E_END);
        assert_ok(alice_reader_seek(r, 0, NULL));
        assert_status(alice_reader_skip(r, UINT64_MAX, NULL), ALICE_E_END);
    }
    assert_ok(alice_reader_seek(r, 0, NULL));
    assert_ok(alice_reader_next_chunk(r, &b, NULL));
    assert_true(b.n > 0);
    alice_reader_close(&r);
}

static void chunks_are_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 511, 512, 513, 1024, 300000, 1048576};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        put_pattern(sizes[i]);
        alice_reader *r = open_small(512);
        alice_bytes c;
        uint64_t at = 0;
        alice_status st;
        while ((st = alice_reader_next_chunk(r, &c, NULL)) == ALICE_OK) {
            assert_true(c.n == 512 || at + c.n == sizes[i]);
            check_pattern(c, at);
            at += c.n;
        }
        assert_status(st, ALICE_E_END);
        assert_status(alice_reader_next_chunk(r, &c, NULL), ALICE_E_END);
        assert_int_equal(at, sizes[i]);
        alice_reader_stats s;
        alice_reader_get_stats(r, &s);
        assert_int_equal(s.size, sizes[i]);
        assert_true(s.bytes > 0 && s.mb * (double)ALICE_MB == (double)s.bytes);
        assert_int_equal(s.read, sizes[i]);
        assert_int_equal(s.offset, sizes[i]);
        assert_int_equal(s.chunks, (sizes[i] + 511) / 512);
        assert_true(s.seekable);
        alice_reader_close(&r);
        assert_null(r);
    }
}

static alice_status sum_chunk(void *ctx, alice_bytes chunk, uint64_t offset)
{
    uint64_t *at = ctx;
    assert_int_equal(*at, offset);
    check_pattern(chunk, offset);
    *at += chunk.n;
    return *at > 40000 ? ALICE_E_CANCELLED : ALICE_OK;
}

static void a_callback_takes_chunks(void **state)
{
    (void)state;
    uint64_t at = 0;
    put_pattern(40000);
    alice_reader *r = open_small(4096);
    assert_ok(alice_reader_read_chunks(r, sum_chunk, &at, NULL));
    assert_int_equal(at, 40000);
    alice_reader_close(&r);
    put_pattern(90000);
    at = 0;
    r = open_small(4096);
    assert_status(alice_reader_read_chunks(r, sum_chunk, &at, NULL), ALICE_E_CANCELLED);
    assert_int_equal(at, 40960);
    alice_reader_close(&r);
}

static void pipes_give_whole_chunks(void **state)
{
    (void)state;
    pid_t child;
    int fd = pattern_pipe(100000, &child);
    alice_reader *r = NULL;
    alice_reader_options o = {.chunk_bytes = 4096};
    alice_bytes c;
    assert_ok(alice_reader_open_fd(&r, fd, &o, NULL));
    assert_ok(alice_reader_peek(r, 1000, &c, NULL));
    assert_int_equal(c.n, 1000);
    check_pattern(c, 0);
    assert_status(alice_reader_peek(r, 4097, &c, NULL), ALICE_E_TOOBIG);
    assert_ok(alice_reader_skip(r, 10000, NULL));
    uint64_t at = 10000;
    alice_status st;
    while ((st = alice_reader_next_chunk(r, &c, NULL)) == ALICE_OK) {
        assert_true(c.n == 4096 || at + c.n == 100000);
        check_pattern(c, at);
        at += c.n;
    }
    assert_status(st, ALICE_E_END);
    assert_int_equal(at, 100000);
    char byte;
    size_t got;
    assert_status(alice_reader_seek(r, 0, NULL), ALICE_E_UNSUPPORTED);
    assert_status(alice_reader_read_at(r, 0, &byte, 1, &got, NULL), ALICE_E_UNSUPPORTED);
    alice_reader_stats s;
    alice_reader_get_stats(r, &s);
    assert_false(s.seekable);
    alice_reader_close(&r);
    close(fd);
    reap(child);
}

static void a_reader_moves(void **state)
{
    (void)state;
    alice_bytes c;
    uint8_t buf[100];
    size_t got = 0;
    put_pattern(10000);
    alice_reader *r = open_small(512);
    assert_ok(alice_reader_skip(r, 700, NULL));
    assert_ok(alice_reader_peek(r, 512, &c, NULL));
    assert_int_equal(c.n, 512);
    check_pattern(c, 700);
    assert_ok(alice_reader_next_chunk(r, &c, NULL));
    assert_int_equal(c.n, 512);
    check_pattern(c, 700);
    assert_ok(alice_reader_skip(r, 5000, NULL));
    assert_ok(alice_reader_next_chunk(r, &c, NULL));
    check_pattern(c, 6212);
    assert_ok(alice_reader_seek(r, 9990, NULL));
    assert_ok(alice_reader_peek(r, 100, &c, NULL));
    assert_int_equal(c.n, 10);
    assert_status(alice_reader_skip(r, 11, NULL), ALICE_E_END);
    assert_ok(alice_reader_read_at(r, 9950, buf, 100, &got, NULL));
    assert_int_equal(got, 50);
    check_pattern((alice_bytes){buf, got}, 9950);
    assert_ok(alice_reader_read_at(r, 20000, buf, 100, &got, NULL));
    assert_int_equal(got, 0);
    assert_ok(alice_reader_seek(r, 0, NULL));
    assert_ok(alice_reader_next_chunk(r, &c, NULL));
    check_pattern(c, 0);
    alice_reader_close(&r);
    assert_status(alice_reader_open(&r, "/tmp", NULL, NULL), ALICE_E_INVAL);
    assert_status(alice_reader_open(&r, "/nonexistent/x", NULL, NULL), ALICE_E_NOENT);
    assert_null(r);
}

static void a_descriptor_keeps_its_offset(void **state)
{
    (void)state;
    alice_bytes c;
    put_pattern(2000);
    int fd = open(path, O_RDONLY);
    assert_int_equal(lseek(fd, 1500, SEEK_SET), 1500);
    alice_reader *r = NULL;
    assert_ok(alice_reader_open_fd(&r, fd, NULL, NULL));
    assert_ok(alice_reader_next_chunk(r, &c, NULL));
    assert_int_equal(c.n, 500);
    check_pattern(c, 1500);
    alice_reader_close(&r);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 1500);
    close(fd);
}

/* ---- lines ---- */

static void expect_line(alice_reader *r, const char *text, uint64_t number, bool ended)
{
    alice_line line;
    assert_ok(alice_reader_next_line(r, &line, NULL));
    assert_int_equal(line.text.n, strlen(text));
    assert_memory_equal(line.text.p, text, line.text.n);
    assert_int_equal(line.number, number);
    assert_int_equal(line.ended, ended);
    assert_false(line.more);
}

static void expect_no_line(alice_reader *r)
{
    alice_line line;
    assert_status(alice_reader_next_line(r, &line, NULL), ALICE_E_END);
}

static void lines_end_as_they_do(void **state)
{
    (void)state;
    put_text("one\ntwo\r\n\n\r\nfi\rve\r\r\nlast\r");
    alice_reader *r = open_small(512);
    expect_line(r, "one", 1, true);
    expect_line(r, "two", 2, true);
    expect_line(r, "", 3, true);
    expect_line(r, "", 4, true);
    expect_line(r, "fi\rve\r", 5, true); /* one "\r" belongs to the end */
    expect_line(r, "last\r", 6, false);
    expect_no_line(r);
    expect_no_line(r);
    alice_reader_close(&r);
    put_text("");
    r = open_small(512);
    expect_no_line(r);
    alice_reader_close(&r);
    put_text("\n");
    r = open_small(512);
    expect_line(r, "", 1, true);
    expect_no_line(r);
    alice_reader_close(&r);
}

/* Every length around the buffer's, so that every place of an end is met. */
static void lines_cross_the_buffer(void **state)
{
    (void)state;
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int n = 0; n < 1600; n += 7) {
        for (int i = 0; i < n; i++)
            fputc('a' + (n + i) % 26, f);
        fputs(n % 2 ? "\r\n" : "\n", f);
    }
    assert_int_equal(fclose(f), 0);
    alice_reader *r = open_small(512);
    alice_line line;
    uint64_t number = 0;
    for (int n = 0; n < 1600; n += 7) {
        assert_ok(alice_reader_next_line(r, &line, NULL));
        assert_int_equal(line.text.n, n);
        assert_int_equal(line.number, ++number);
        for (int i = 0; i < n; i++)
            assert_int_equal(line.text.p[i], 'a' + (n + i) % 26);
    }
    expect_no_line(r);
    alice_reader_stats s;
    alice_reader_get_stats(r, &s);
    assert_int_equal(s.lines, number);
    /* It grew for long lines, and shrank again. A map has its window besides. */
    assert_true(s.bytes < 512 + 1024 + (mapped ? 2 * 4096 + 512 : 0));
    alice_reader_close(&r);
}

static void lines_and_chunks_mix(void **state)
{
    (void)state;
    alice_bytes c;
    put_text("head\nabcdef\ntail");
    alice_reader *r = open_small(512);
    expect_line(r, "head", 1, true);
    assert_ok(alice_reader_peek(r, 3, &c, NULL));
    assert_memory_equal(c.p, "abc", 3);
    assert_ok(alice_reader_skip(r, 4, NULL));
    expect_line(r, "ef", 2, true);
    assert_ok(alice_reader_next_chunk(r, &c, NULL));
    assert_int_equal(c.n, 4);
    assert_memory_equal(c.p, "tail", 4);
    expect_no_line(r);
    alice_reader_close(&r);
}

static void long_lines_fail_and_pass(void **state)
{
    (void)state;
    static char text[5000];
    alice_reader *r = NULL;
    alice_line line;
    alice_error e;
    memset(text, 'x', 4000);
    memcpy(text, "ok\n", 3);
    strcpy(text + 4000, "\nafter\n1234567890\n1234567890\r\n12345678901\nend");
    put_text(text);
    alice_reader_options o = {.chunk_bytes = 512, .max_line_bytes = 10};
    assert_ok(alice_reader_open(&r, path, &o, NULL));
    expect_line(r, "ok", 1, true);
    assert_status(alice_reader_next_line(r, &line, &e), ALICE_E_TOOBIG);
    assert_string_equal(e.text, "line 2, which begins at byte 3, is longer than 10 bytes, the "
                                "most that is allowed");
    expect_line(r, "after", 3, true);
    expect_line(r, "1234567890", 4, true);
    expect_line(r, "1234567890", 5, true);
    assert_status(alice_reader_next_line(r, &line, &e), ALICE_E_TOOBIG);
    expect_line(r, "end", 7, false);
    expect_no_line(r);
    alice_reader_close(&r);
}

static void long_lines_come_in_parts(void **state)
{
    (void)state;
    alice_reader *r = NULL;
    alice_reader_options o = {
        .chunk_bytes = 512, .max_line_bytes = 4, .long_lines = ALICE_LINE_PARTS};
    static const struct {
        const char *text;
        uint64_t number, offset;
        bool more, ended;
    } want[] = {
        {"abcd", 1, 0, true, false}, {"efgh", 1, 4, true, false},
        {"ij", 1, 8, false, true},   {"wxyz", 2, 11, false, true},
        {"123", 3, 16, true, false}, {"\r456", 3, 19, true, false},
        {"7", 3, 23, false, true},   {"abcd", 4, 26, true, false},
        {"e", 4, 30, false, false},
    };
    put_text("abcdefghij\nwxyz\n123\r4567\r\nabcde");
    assert_ok(alice_reader_open(&r, path, &o, NULL));
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        alice_line line;
        assert_ok(alice_reader_next_line(r, &line, NULL));
        assert_int_equal(line.text.n, strlen(want[i].text));
        assert_memory_equal(line.text.p, want[i].text, line.text.n);
        assert_int_equal(line.number, want[i].number);
        assert_int_equal(line.offset, want[i].offset);
        assert_int_equal(line.more, want[i].more);
        assert_int_equal(line.ended, want[i].ended);
    }
    expect_no_line(r);
    alice_reader_close(&r);

    /* Without a bound of its own a part is what the buffer holds, however long the line is. */
    static char big[100001];
    memset(big, 'y', 100000);
    put(big, 100000);
    o.max_line_bytes = 0;
    assert_ok(alice_reader_open(&r, path, &o, NULL));
    size_t total = 0;
    alice_line line = {.more = true};
    while (line.more) {
        assert_ok(alice_reader_next_line(r, &line, NULL));
        assert_true(line.text.n <= 512);
        total += line.text.n;
    }
    assert_int_equal(total, 100000);
    expect_no_line(r);
    alice_reader_close(&r);
}

static void a_line_may_fill_the_account(void **state)
{
    (void)state;
    alice_budget *budget = NULL;
    alice_budget_options bo = {.limit = 100000};
    assert_ok(alice_budget_open(&budget, &bo));
    char *text = malloc(200002);
    assert_non_null(text);
    memset(text, 'x', 200002);
    text[30000] = '\n';
    text[200000] = '\n';
    put(text, 200002);
    free(text);
    alice_reader *r = NULL;
    alice_error e;
    alice_line line;
    alice_reader_options o = {.env = {.account = alice_budget_root(budget)},
                              .chunk_bytes = 512};
    assert_ok(alice_reader_open(&r, path, &o, NULL));
    assert_ok(alice_reader_next_line(r, &line, NULL));
    assert_int_equal(line.text.n, 30000);
    assert_status(alice_reader_next_line(r, &line, &e), ALICE_E_TOOBIG);
    assert_non_null(strstr(e.text, "the most that memory allows"));
    expect_line(r, "x", 3, false);
    expect_no_line(r);
    assert_true(alice_budget_peak(budget) <= 100000);
    alice_reader_close(&r);
    assert_ok(alice_budget_close(&budget, NULL));
}

static alice_status count_line(void *ctx, const alice_line *line)
{
    uint64_t *n = ctx;
    assert_int_equal(line->number, *n + 1);
    return ++*n == 3 ? ALICE_E_CANCELLED : ALICE_OK;
}

static void a_callback_takes_lines(void **state)
{
    (void)state;
    uint64_t n = 0;
    put_text("a\nb");
    alice_reader *r = open_small(512);
    assert_ok(alice_reader_read_lines(r, count_line, &n, NULL));
    assert_int_equal(n, 2);
    alice_reader_close(&r);
    put_text("a\nb\nc\nd\n");
    n = 0;
    r = open_small(512);
    assert_status(alice_reader_read_lines(r, count_line, &n, NULL), ALICE_E_CANCELLED);
    expect_line(r, "d", 4, true);
    alice_reader_close(&r);
}

/* What a line was, in one number. */
static uint64_t mix(uint64_t h, const alice_line *line)
{
    for (size_t i = 0; i < line->text.n; i++)
        h = (h ^ (uint8_t)line->text.p[i]) * UINT64_C(0x100000001b3);
    h = (h ^ line->number) * UINT64_C(0x100000001b3);
    h = (h ^ line->offset) * UINT64_C(0x100000001b3);
    return (h ^ (uint64_t)(line->more * 2 + line->ended)) * UINT64_C(0x100000001b3);
}

static alice_status mix_line(void *ctx, const alice_line *line)
{
    uint64_t *h = ctx;
    *h = mix(*h, line);
    return ALICE_OK;
}

/* The callback's fast way gives what the iterator gives, and stops at the same failures. */
static void both_ways_give_the_same_lines(void **state)
{
    (void)state;
    static char text[20000];
    unsigned seed = 7;
    for (int round = 0; round < 60; round++) {
        unsigned rare = 2u << (round % 9);
        for (size_t i = 0; i < sizeof text; i++) {
            seed = seed * 1664525u + 1013904223u;
            unsigned c = (seed >> 8) % rare;
            text[i] = c == 0 ? '\n' : c == 1 ? '\r' : (char)('a' + c % 26);
        }
        put(text, sizeof text - (size_t)round * 3);
        alice_reader_options o = {.chunk_bytes = 600,
                                  .max_line_bytes = round % 2 ? 50 : 0,
                                  .long_lines =
                                      round % 4 < 2 ? ALICE_LINE_FAIL : ALICE_LINE_PARTS};
        uint64_t one = 0, two = 0;
        alice_line line;
        alice_status st;
        alice_reader *r = NULL;
        assert_ok(alice_reader_open(&r, path, &o, NULL));
        while ((st = alice_reader_next_line(r, &line, NULL)) != ALICE_E_END)
            one = st == ALICE_OK ? mix(one, &line) : one + 1;
        alice_reader_stats s, t;
        alice_reader_get_stats(r, &s);
        alice_reader_close(&r);
        assert_ok(alice_reader_open(&r, path, &o, NULL));
        while ((st = alice_reader_read_lines(r, mix_line, &two, NULL)) != ALICE_OK) {
            assert_int_equal(st, ALICE_E_TOOBIG);
            two++;
        }
        alice_reader_get_stats(r, &t);
        alice_reader_close(&r);
        assert_true(one == two);
        assert_int_equal(s.lines, t.lines);
        assert_int_equal(s.offset, t.offset);
    }
}

/* ---- whole files ---- */

static alice_status length_of(void *ctx, alice_bytes chunk, uint64_t offset, void **result)
{
    uint64_t *fail_at = ctx;
    if (fail_at && offset >= *fail_at)
        return ALICE_E_DAMAGED;
    *result = (void *)chunk.n;
    return ALICE_OK;
}

static void results_are_collected(void **state)
{
    (void)state;
    alice_results res;
    alice_reader_options o = {.chunk_bytes = 512};
    put_pattern(100 * 512 + 7);
    assert_ok(alice_reader_process_large_file(path, &o, length_of, NULL, &res, NULL));
    assert_int_equal(res.count, 101);
    assert_int_equal((uintptr_t)res.items[0], 512);
    assert_int_equal((uintptr_t)res.items[100], 7);
    alice_results_free(&res, &o.env);
    uint64_t at = 1024;
    assert_status(alice_reader_process_large_file(path, &o, length_of, &at, &res, NULL),
                  ALICE_E_DAMAGED);
    assert_int_equal(res.count, 2);
    alice_results_free(&res, &o.env);
    assert_null(res.items);
    assert_status(
        alice_reader_process_large_file("/nonexistent/x", &o, length_of, NULL, &res, NULL),
        ALICE_E_NOENT);
    assert_int_equal(res.count, 0);
}

/* ---- files that change and fail ---- */

/* Another process cuts the file to `n` bytes. */
static void cut_elsewhere(off_t n)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(truncate(path, n) == 0 ? 0 : 1);
    reap(child);
}

static void shrinking_is_told(void **state)
{
    (void)state;
    alice_bytes c;
    alice_error e;
    put_pattern(500000);
    alice_reader *r = open_small(1024);
    assert_ok(alice_reader_next_chunk(r, &c, NULL));
    assert_ok(alice_reader_check_unchanged(r, NULL));
    cut_elsewhere(300000);
    assert_status(alice_reader_check_unchanged(r, &e), ALICE_E_CHANGED);
    assert_string_equal(e.text, "the file had 500000 bytes and has 300000 now");
    uint64_t at = 1024;
    alice_status st;
    while ((st = alice_reader_next_chunk(r, &c, &e)) == ALICE_OK)
        at += c.n;
    assert_status(st, ALICE_E_CHANGED);
    assert_int_equal(e.status, ALICE_E_CHANGED);
    assert_string_equal(e.text,
                        "the file shrank from 500000 to 300000 bytes while it was read");
    assert_int_equal(at, 300000); /* what there was came first */
    assert_status(alice_reader_next_chunk(r, &c, &e), ALICE_E_CHANGED);
    alice_reader_close(&r);
}

static void append(const char *text)
{
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void growing_is_read_or_told(void **state)
{
    (void)state;
    alice_reader *r = NULL;
    alice_error e;
    alice_line line;
    put_text("a\nb\n");
    r = open_small(512);
    append("c\n");
    expect_line(r, "a", 1, true);
    expect_line(r, "b", 2, true);
    expect_line(r, "c", 3, true);
    expect_no_line(r);
    alice_reader_close(&r);

    alice_reader_options o = {.fail_if_grown = true};
    assert_ok(alice_reader_open(&r, path, &o, NULL));
    append("d\n");
    expect_line(r, "a", 1, true);
    expect_line(r, "b", 2, true);
    expect_line(r, "c", 3, true);
    assert_status(alice_reader_next_line(r, &line, &e), ALICE_E_CHANGED);
    assert_string_equal(e.text, "the file grew from 6 to 8 bytes while it was read");
    alice_reader_close(&r);
}

/* The kernel answers EIO for a place in /proc/self/mem where nothing is mapped. */
static void io_errors_are_told(void **state)
{
    (void)state;
    alice_reader *r = NULL;
    alice_bytes c;
    alice_error e;
    alice_line line;
    char byte;
    size_t got;
    assert_ok(alice_reader_open(&r, "/proc/self/mem", NULL, NULL));
    assert_status(alice_reader_next_chunk(r, &c, &e), ALICE_E_IO);
    assert_int_equal(e.os_error, EIO);
    assert_non_null(strstr(e.text, "at byte 0"));
    assert_status(alice_reader_next_line(r, &line, &e), ALICE_E_IO);
    assert_status(alice_reader_peek(r, 1, &c, &e), ALICE_E_IO);
    assert_status(alice_reader_skip(r, 1, &e), ALICE_E_IO);
    assert_status(alice_reader_read_at(r, 0, &byte, 1, &got, &e), ALICE_E_IO);
    alice_reader_close(&r);
    int fd = open("/tmp", O_RDONLY | O_DIRECTORY);
    assert_status(alice_reader_open_fd(&r, fd, NULL, &e), ALICE_E_INVAL);
    close(fd);
    assert_status(alice_reader_open_fd(&r, 12345, NULL, &e), ALICE_E_SYSTEM);
}

/* /proc files have no size, and are read all the same. */
static void files_without_size_are_read(void **state)
{
    (void)state;
    alice_reader *r = NULL;
    alice_line line;
    uint64_t n = 0;
    alice_status st;
    assert_ok(alice_reader_open(&r, "/proc/self/status", NULL, NULL));
    while ((st = alice_reader_next_line(r, &line, NULL)) == ALICE_OK)
        n++;
    assert_status(st, ALICE_E_END);
    assert_true(n > 10);
    alice_reader_close(&r);
}

/* ---- memory ---- */

/* Pages of the file's bytes [from, n) in the page cache. Looking brings none in. Linux 6.5
 * counts those too that are on their way. */
static size_t cached_pages(int fd, size_t from, size_t n)
{
    enum { PAGES = 8192 };
    static unsigned char is_in[PAGES];
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t cached = 0;
    struct {
        uint64_t cached, dirty, writeback, evicted, recently_evicted;
    } told;
    enum { CACHESTAT = 451 }; /* on each processor; not in the headers of older systems */
    if (syscall(CACHESTAT, fd, (uint64_t[]){from, n - from}, &told, 0) == 0)
        return from < n ? told.cached : 0;
    assert_true(n <= PAGES * page);
    void *p = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(p != MAP_FAILED);
    assert_int_equal(mincore(p, n, is_in), 0);
    munmap(p, n);
    for (size_t i = from / page; i < (n + page - 1) / page; i++)
        cached += is_in[i] & 1;
    return cached;
}

/* Answers how many pages were cached ahead of the reading at most, looked at each MB. */
static size_t read_to_the_end(alice_reader *r, int fd, size_t n)
{
    alice_bytes c;
    size_t at = 0, most = 0;
    while (alice_reader_next_chunk(r, &c, NULL) == ALICE_OK) {
        check_pattern(c, at);
        at += c.n;
        size_t ahead = at % (1024 * 1024) == 0 ? cached_pages(fd, at, n) : 0;
        if (ahead > most)
            most = ahead;
    }
    assert_int_equal(at, n);
    return most;
}

/* What is wrong with the page cache after reading; NULL: nothing. `*tells`: it can be told
 * here. */
static const char *look_at_the_cache(int fd, size_t n, bool *tells)
{
    enum { CHUNK = 64 * 1024, AHEAD = 1024 * 1024 };
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    alice_reader *r = NULL;
    alice_reader_stats s;

    /* In the cache before: it stays. */
    *tells = cached_pages(fd, 0, n) == n / page;
    r = open_small(CHUNK);
    read_to_the_end(r, fd, n);
    alice_reader_get_stats(r, &s);
    alice_reader_close(&r);
    *tells &= cached_pages(fd, 0, n) == n / page;
    if (*tells && s.dropped != 0)
        return "what was cached before was dropped";

    /* Not in the cache before: nothing of it stays, and no more was brought in than what was
     * read and asked for. Else a slow caller would find all that comes cached. */
    alice__file_drop(fd, 0, n);
    *tells &= cached_pages(fd, 0, n) == 0; /* else in memory: nothing can be dropped */
    r = open_small(CHUNK);
    size_t ahead = read_to_the_end(r, fd, n);
    alice_reader_close(&r);
    if (cached_pages(fd, 0, n) > 64)
        return "what it brought in stays";
    if (ahead > (AHEAD + 2 * CHUNK) / page)
        return "it brought in more than it asked for";

    /* Unless it is asked to leave it. */
    assert_ok(alice_reader_open(&r, path, &(alice_reader_options){.keep_cached = true}, NULL));
    read_to_the_end(r, fd, n);
    alice_reader_close(&r);
    return cached_pages(fd, 0, n) < n / page / 100 * 99
               ? "it dropped what it was asked to leave"
               : NULL;
}

/* Others change the page cache too: the machine gives pages up by itself, or holds some for a
 * moment. What the reader does wrong, it does each time. */
static void drops_what_it_brought_in(void **state)
{
    (void)state;
    enum { N = 24 * 1024 * 1024, TRIALS = 10 };
    const char *why = NULL;
    bool right = false;
    put_pattern(N);
    int fd = open(path, O_RDWR);
    for (int i = 0; i < TRIALS && !right; i++) {
        uint8_t page[4096];
        bool tells = false;
        assert_int_equal(fsync(fd), 0); /* what is dirty cannot be dropped */
        for (uint64_t at = 0; at < N; at += sizeof page)
            assert_int_equal(pread(fd, page, sizeof page, (off_t)at), sizeof page);
        const char *wrong = look_at_the_cache(fd, N, &tells);
        if (tells)
            why = wrong;
        right = tells && !wrong;
    }
    close(fd);
    if (!right && !why)
        skip_test("its page cache cannot be told here: a file system in memory, or a machine "
                  "that gives it up by itself");
    if (!right)
        fail_msg("%s, in each of %d trials", why, TRIALS);
}

/*
 * A file larger than memory and than what can be mapped at once: 8 TB, nearly all of it a hole,
 * its end looked at through 64 KB while the process may map 4 GB at most. 200 MB of the hole
 * are then read, and the process is no larger for it.
 */
static void files_larger_than_memory(void **state)
{
    (void)state;
    enum { N = 4096 };
    const uint64_t size = (uint64_t)8 << 40;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    char end[N];
    for (size_t i = 0; i < N; i++)
        end[i] = (char)(i * 31 % 251);
    bool large =
        ftruncate(fd, (off_t)(size - N)) == 0 && pwrite(fd, end, N, (off_t)(size - N)) == N;
    close(fd);
    if (!large)
        skip_test("the file system has no files of 8 TB");
    struct rlimit before, now;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    now = before;
    now.rlim_cur = (rlim_t)1 << 32;
    if (!alice_limit_sanitized() && !under_valgrind())
        assert_int_equal(setrlimit(RLIMIT_AS, &now), 0);
    for (int by_map = 0; by_map < 2; by_map++) {
        alice_map_options o = {
            .window_bytes = 65536, .use_mmap = by_map, .sigbus_guard = by_map};
        alice_map *m = NULL;
        alice_bytes b;
        assert_ok(alice_map_open(&m, path, &o, NULL));
        assert_true(alice_map_size(m) == size);
        assert_ok(alice_map_at(m, size - N, N, &b, NULL));
        assert_int_equal(b.n, N);
        assert_memory_equal(b.p, end, N);
        assert_ok(alice_map_at(m, size / 2, N, &b, NULL));
        assert_int_equal(b.p[0], 0);
        assert_ok(alice_map_at(m, size - 10, N, &b, NULL));
        assert_int_equal(b.n, 10);
        alice_map_close(&m);
    }
    alice_reader *r = open_small(65536);
    alice_bytes c;
    size_t resident = alice_limit_resident();
    while (alice_reader_next_chunk(r, &c, NULL) == ALICE_OK) {
        alice_reader_stats s;
        alice_reader_get_stats(r, &s);
        if (s.offset > 200 * ALICE_MB)
            break;
    }
    if (!under_valgrind())
        assert_true(alice_limit_resident() < resident + 2 * ALICE_MB);
    assert_ok(alice_reader_seek(r, size - N, NULL));
    assert_ok(alice_reader_peek(r, N, &c, NULL));
    assert_int_equal(c.n, N);
    assert_memory_equal(c.p, end, N);
    alice_reader_close(&r);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
}

static alice_status scenario(const alice_alloc *alloc)
{
    alice_env env = {.alloc = alloc};
    alice_reader_options o = {.env = env, .chunk_bytes = 512};
    alice_map_options mo = {.env = env, .window_bytes = 4096};
    alice_reader *r = NULL;
    alice_map *m = NULL;
    alice_line line;
    alice_bytes b;
    alice_results res;
    alice_status st = alice_reader_open(&r, path, &o, NULL);
    while (st == ALICE_OK)
        st = alice_reader_next_line(r, &line, NULL);
    alice_reader_close(&r);
    if (st != ALICE_E_END)
        return st;
    st = alice_reader_process_large_file(path, &o, length_of, NULL, &res, NULL);
    alice_results_free(&res, &env);
    if (st == ALICE_OK)
        st = alice_map_open(&m, path, &mo, NULL);
    if (st == ALICE_OK)
        st = alice_map_at(m, 0, 100, &b, NULL);
    alice_map_close(&m);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static char text[60000];
    memset(text, 'z', sizeof text);
    text[5000] = text[5001] = '\n';
    put(text, sizeof text);
    unsigned nth = 0;
    for (;; nth++) {
        struct faulty f = {.nth = nth};
        alice_alloc alloc = faulty_alloc(&f);
        alice_status st = scenario(&alloc);
        assert_int_equal(f.live_bytes, 0);
        if (!f.fired)
            break;
        /* A line for which there is no memory is too big; a shrink may fail unseen. */
        assert_true(st == ALICE_OK || st == ALICE_E_NOMEM || st == ALICE_E_TOOBIG);
    }
    assert_true(nth >= 8);
}

/* ---- hash ---- */

static void hashes_are_those_of_the_bytes(void **state)
{
    (void)state;
    enum { N = 300007 };
    put_pattern(N);
    uint8_t *all = malloc(N);
    assert_non_null(all);
    for (size_t i = 0; i < N; i++)
        all[i] = byte_at(i);
    alice__hash128 want = alice__hash128_bytes(all, N);
    alice_error e;
    free(all);
    uint8_t whole[16];
    alice_reader *r = open_small(512);
    assert_ok(alice_reader_hash(r, whole, NULL));
    assert_memory_equal(whole, &want, sizeof whole);
    assert_ok(alice_reader_seek(r, N, NULL)); /* nothing is left: the hash of nothing */
    assert_ok(alice_reader_hash(r, whole, NULL));
    assert_int_equal(whole[0], 0x99);
    assert_int_equal(whole[15], 0x7f);
    alice_reader_close(&r);
    cut_elsewhere(1000);
    r = open_small(512);
    cut_elsewhere(500);
    assert_status(alice_reader_hash(r, whole, &e), ALICE_E_CHANGED);
    alice_reader_close(&r);
}

/* ---- maps ---- */

static void look_everywhere(const alice_map_options *o, uint64_t n)
{
    alice_map *m = NULL;
    alice_bytes b;
    assert_ok(alice_map_open(&m, path, o, NULL));
    assert_int_equal(alice_map_size(m), n);
    for (uint64_t at = 0; at < n; at += 3001) { /* from front to back */
        assert_ok(alice_map_at(m, at, 5000, &b, NULL));
        assert_int_equal(b.n, n - at < 5000 ? n - at : 5000);
        check_pattern(b, at);
    }
    uint64_t at = 1;
    for (int i = 0; i < 200; i++) { /* and anywhere */
        at = (at * 6364136223846793005u + 1442695040888963407u) % n;
        assert_ok(alice_map_at(m, at, 8192, &b, NULL));
        check_pattern(b, at);
    }
    assert_ok(alice_map_at(m, n, 10, &b, NULL));
    assert_int_equal(b.n, 0);
    assert_ok(alice_map_at(m, UINT64_MAX, 10, &b, NULL));
    assert_int_equal(b.n, 0);
    assert_status(alice_map_at(m, 0, 8193, &b, NULL), ALICE_E_TOOBIG);
    alice_map_close(&m);
    assert_null(m);
}

static void windows_show_the_file(void **state)
{
    (void)state;
    alice_map_options read = {.window_bytes = 8192};
    alice_map_options guarded = {.window_bytes = 8192, .use_mmap = true, .sigbus_guard = true};
    alice_map_options unguarded = {.window_bytes = 8192, .use_mmap = true};
    put_pattern(100000);
    look_everywhere(&read, 100000);
    look_everywhere(&guarded, 100000);
    look_everywhere(&unguarded, 100000);
    alice_map *m = NULL;
    assert_status(alice_map_open(&m, "/dev/null", NULL, NULL), ALICE_E_UNSUPPORTED);
    assert_status(alice_map_open(&m, "/tmp", NULL, NULL), ALICE_E_INVAL);
    put_text("");
    assert_ok(alice_map_open(&m, path, &guarded, NULL));
    alice_bytes b;
    assert_ok(alice_map_at(m, 0, 10, &b, NULL));
    assert_int_equal(b.n, 0);
    alice_map_close(&m);
}

static alice_status compare(void *ctx, alice_bytes window, uint64_t offset)
{
    assert_int_equal(offset, *(uint64_t *)ctx); /* in order, none left out */
    check_pattern(window, offset);
    *(uint64_t *)ctx += window.n;
    return offset > 150000 ? ALICE_E_CANCELLED : ALICE_OK;
}

/* The setting use_mmap is obeyed, and a file many windows long is read by one call, both ways.
 */
static void maps_obey_the_configuration(void **state)
{
    (void)state;
    static uint8_t all[100000];
    for (int off = 0; off < 2; off++) {
        alice_config c = {.chunk_size_kb = 8, .no_mmap = off};
        alice_map_options o = alice_map_defaults(&c);
        assert_int_equal(o.use_mmap, !off);
        assert_int_equal(o.sigbus_guard, !off);
        assert_int_equal(o.window_bytes, 8192);
        struct sigaction before, act;
        alice_map *m ALICE_SCOPED(alice_map_close) = NULL;
        size_t got = 0;
        uint64_t at = 0;
        put_pattern(100000);
        assert_int_equal(sigaction(SIGBUS, NULL, &before), 0);
        assert_ok(alice_map_open(&m, path, &o, NULL));
        assert_int_equal(sigaction(SIGBUS, NULL, &act), 0);
        /* A mapping, and nothing else, brings its guard. */
        assert_true((act.sa_sigaction == before.sa_sigaction) == (off == 1));
        assert_ok(alice_map_read(m, 0, all, sizeof all, &got, NULL));
        assert_int_equal(got, sizeof all);
        check_pattern((alice_bytes){all, got}, 0);
        assert_ok(alice_map_read(m, 99990, all, 100, &got, NULL));
        assert_int_equal(got, 10);
        assert_ok(alice_map_read(m, UINT64_MAX, all, 100, &got, NULL));
        assert_int_equal(got, 0);
        assert_ok(alice_map_read_windows(m, compare, &at, NULL));
        assert_int_equal(at, 100000);
        assert_int_equal(truncate(path, 50000), 0);
        at = 0;
        assert_status(alice_map_read(m, 0, all, sizeof all, &got, NULL), ALICE_E_CHANGED);
        assert_true(got < sizeof all);
        assert_status(alice_map_read_windows(m, compare, &at, NULL), ALICE_E_CHANGED);
        alice_map_close(&m);
        put_pattern(200000);
        assert_ok(alice_map_open(&m, path, &o, NULL));
        at = 0;
        assert_status(alice_map_read_windows(m, compare, &at, NULL), ALICE_E_CANCELLED);
    }
}

static void a_window_is_charged(void **state)
{
    (void)state;
    put_pattern(100000);
    for (int guarded = 0; guarded < 2; guarded++) {
        alice_budget *budget = NULL;
        alice_budget_options bo = {.limit = 100000};
        assert_ok(alice_budget_open(&budget, &bo));
        alice_map_options o = {.env = {.account = alice_budget_root(budget)},
                               .window_bytes = 65536,
                               .use_mmap = guarded,
                               .sigbus_guard = guarded};
        alice_map *m = NULL, *n = NULL;
        assert_ok(alice_map_open(&m, path, &o, NULL));
        assert_true(alice_budget_used(budget) >= 65536);
        assert_status(alice_map_open(&n, path, &o, NULL), ALICE_E_BUDGET);
        alice_map_close(&m);
        assert_ok(alice_budget_close(&budget, NULL));
    }
}

static void cut_files_do_not_kill(void **state)
{
    (void)state;
    struct sigaction before, after;
    assert_int_equal(sigaction(SIGBUS, NULL, &before), 0);
    for (int guarded = 0; guarded < 2; guarded++) {
        alice_map *m = NULL;
        alice_bytes b;
        alice_error e;
        alice_map_options o = {
            .window_bytes = 65536, .use_mmap = guarded, .sigbus_guard = guarded};
        put_pattern(200000);
        assert_ok(alice_map_open(&m, path, &o, NULL));
        assert_ok(alice_map_at(m, 0, 65536, &b, NULL));
        cut_elsewhere(4096);
        check_pattern((alice_bytes){b.p, 4096}, 0);
        unsigned sum = 0;
        for (size_t i = 4096; i < b.n; i++)
            sum += b.p[i]; /* a SIGBUS, were it mapped without a guard */
        assert_true(guarded ? sum == 0 : sum > 0);
        assert_status(alice_map_check(m, &e), guarded ? ALICE_E_CHANGED : ALICE_OK);
        assert_status(alice_map_at(m, 100000, 10, &b, &e), ALICE_E_CHANGED);
        assert_string_equal(e.text,
                            "the file shrank from 200000 to 4096 bytes while it was read");
        alice_map_close(&m);
    }
    assert_int_equal(sigaction(SIGBUS, NULL, &after), 0);
    assert_true(after.sa_handler == before.sa_handler); /* put back */
}

static uint64_t windows_of(const alice_reader *r)
{
    alice_reader_stats s = {0};
    alice_reader_get_stats(r, &s);
    return s.windows;
}

/* The setting use_mmap is obeyed: a large regular file comes through mapped windows, chunks and
 * lines, and the same bytes come without. */
static void readers_obey_the_configuration(void **state)
{
    (void)state;
    enum { N = 200000, CHUNK = 8192 };
    for (int off = 0; off < 2; off++) {
        alice_config c = {.chunk_size_kb = CHUNK / 1024, .no_mmap = off};
        alice_reader_options o = alice_reader_defaults(&c);
        assert_int_equal(o.use_mmap, !off);
        alice_reader *r ALICE_SCOPED(alice_reader_close) = NULL;
        alice_bytes b;
        alice_line line;
        uint64_t at = 0;
        put_pattern(N);
        assert_ok(alice_reader_open(&r, path, &o, NULL));
        assert_int_equal(windows_of(r), 0);
        while (alice_reader_next_chunk(r, &b, NULL) == ALICE_OK) {
            check_pattern(b, at);
            assert_int_equal(b.n, N - at < CHUNK ? N - at : CHUNK);
            at += b.n;
        }
        assert_int_equal(at, N);
        /* One a chunk; the rest lies in the last, which begins at a page and is longer. */
        assert_int_equal(windows_of(r), off ? 0 : N / CHUNK);
        assert_ok(alice_reader_seek(r, 0, NULL));
        while (alice_reader_next_line(r, &line, NULL) == ALICE_OK) {
            check_pattern((alice_bytes){(const uint8_t *)line.text.p, line.text.n},
                          line.offset);
        }
        assert_true(off ? windows_of(r) == 0 : windows_of(r) > N / CHUNK + 10);
        alice_reader_close(&r);
        /* A small file, and one for whose windows there is no room, are read. */
        put_pattern(CHUNK);
        assert_ok(alice_reader_open(&r, path, &o, NULL));
        assert_ok(alice_reader_next_chunk(r, &b, NULL));
        assert_int_equal(windows_of(r), 0);
        alice_reader_close(&r);
        put_pattern(N);
        alice_budget *budget = NULL;
        alice_budget_options bo = {.limit = 12000};
        assert_ok(alice_budget_open(&budget, &bo));
        o.env.account = alice_budget_root(budget);
        assert_ok(alice_reader_open(&r, path, &o, NULL));
        assert_ok(alice_reader_next_chunk(r, &b, NULL));
        check_pattern(b, 0);
        assert_int_equal(windows_of(r), 0);
        alice_reader_close(&r);
        assert_ok(alice_budget_close(&budget, NULL));
    }
}

/* A chunk that is cut off while it is lent: zeros, no signal, and the next call says so. A cut
 * within a page raises no signal at all, and is told too. */
static void cut_chunks_are_told(void **state)
{
    (void)state;
    const long cuts[] = {4096, 100};
    for (size_t i = 0; i < 4; i++) {
        alice_reader *r = NULL;
        alice_bytes b;
        alice_error e = {0};
        alice_reader_options o = {.chunk_bytes = 65536, .use_mmap = true};
        put_pattern(200000);
        assert_ok(alice_reader_open(&r, path, &o, NULL));
        assert_ok(alice_reader_next_chunk(r, &b, NULL));
        cut_elsewhere(cuts[i % 2]);
        unsigned sum = 0;
        for (size_t k = i % 2 ? 100 : 4096; k < (i % 2 ? 4096 : b.n); k++)
            sum += b.p[k];
        assert_int_equal(sum, 0);
        alice_status st =
            i < 2 ? alice_reader_next_chunk(r, &b, &e) : alice_reader_seek(r, 0, &e);
        assert_status(st, ALICE_E_CHANGED);
        assert_non_null(strstr(e.text, "the file shrank from 200000 to "));
        assert_ok(alice_reader_seek(r, 0, NULL)); /* what there is can be read */
        assert_ok(alice_reader_next_chunk(r, &b, NULL));
        assert_int_equal(b.n, cuts[i % 2]);
        check_pattern(b, 0);
        assert_status(alice_reader_next_chunk(r, &b, &e), ALICE_E_CHANGED);
        alice_reader_close(&r);
    }
}

/* A SIGBUS that is not ours ends the process as it would have. */
static void other_bus_errors_pass(void **state)
{
    (void)state;
    put_pattern(100);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alice_map *m = NULL;
        signal(SIGBUS, SIG_DFL);
        alice_map_options o = {.use_mmap = true, .sigbus_guard = true};
        if (alice_map_open(&m, path, &o, NULL) != ALICE_OK)
            _exit(1);
        raise(SIGBUS);
        _exit(2);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
}

#define ON_FILE(test) cmocka_unit_test_setup_teardown(test, make_file, remove_file)

/* Everything else about a reader is the same through mapped windows. */
#define ON_MAPPED_FILE(test)                                         \
    {                                                                \
#test " (mapped)", test, make_mapped_file, remove_file, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_FILE(chunks_are_whole),
        ON_FILE(offsets_end_at_the_kernels_last),
        ON_FILE(a_callback_takes_chunks),
        ON_FILE(pipes_give_whole_chunks),
        ON_FILE(a_reader_moves),
        ON_FILE(a_descriptor_keeps_its_offset),
        ON_FILE(lines_end_as_they_do),
        ON_FILE(lines_cross_the_buffer),
        ON_FILE(lines_and_chunks_mix),
        ON_FILE(long_lines_fail_and_pass),
        ON_FILE(long_lines_come_in_parts),
        ON_FILE(a_line_may_fill_the_account),
        ON_FILE(a_callback_takes_lines),
        ON_FILE(both_ways_give_the_same_lines),
        ON_FILE(results_are_collected),
        ON_FILE(shrinking_is_told),
        ON_FILE(growing_is_read_or_told),
        ON_FILE(io_errors_are_told),
        ON_FILE(files_without_size_are_read),
        ON_FILE(drops_what_it_brought_in),
        ON_FILE(files_larger_than_memory),
        ON_FILE(every_allocation_may_fail),
        ON_FILE(hashes_are_those_of_the_bytes),
        ON_FILE(windows_show_the_file),
        ON_FILE(maps_obey_the_configuration),
        ON_FILE(a_window_is_charged),
        ON_FILE(cut_files_do_not_kill),
        ON_FILE(other_bus_errors_pass),
        ON_FILE(readers_obey_the_configuration),
        ON_FILE(cut_chunks_are_told),
        ON_MAPPED_FILE(chunks_are_whole),
        ON_MAPPED_FILE(a_reader_moves),
        ON_MAPPED_FILE(lines_end_as_they_do),
        ON_MAPPED_FILE(lines_cross_the_buffer),
        ON_MAPPED_FILE(lines_and_chunks_mix),
        ON_MAPPED_FILE(shrinking_is_told),
        ON_MAPPED_FILE(growing_is_read_or_told),
        ON_MAPPED_FILE(io_errors_are_told),
        ON_MAPPED_FILE(drops_what_it_brought_in),
        ON_MAPPED_FILE(files_larger_than_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
