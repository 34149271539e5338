/* SPDX-License-Identifier: MIT */
/*
 * Sequences of operations on a reader against a plain model: the bytes in memory, a position
 * and what is known of the line. Read and mapped, with every treatment of long lines.
 */
#include "test.h"

#include "random.h"

#include <unistd.h>

#include <alice/reader.h>

enum { MOST = 20000, FILES = 200, SEQUENCES = 50, STEPS = 24 };

static uint8_t data[MOST];
static size_t size;
static char path[] = "/tmp/alice-test-reader-model-XXXXXX";

struct model {
    size_t at, chunk, limit; /* limit 0: none */
    bool parts, in_line, skipping;
    uint64_t line;
};

static void put_file(struct random *rnd)
{
    static const char ends[] = "\n\r";
    size = random_below(rnd, MOST + 1);
    uint32_t rare = 2 + random_below(rnd, 400);
    for (size_t i = 0; i < size; i++) {
        bool end = random_below(rnd, rare) == 0;
        data[i] = (uint8_t)(end ? ends[random_below(rnd, 4) == 0] : 'a' + (char)(i % 26));
        if (end && i > 0 && random_below(rnd, 3) == 0)
            data[i - 1] = '\r';
    }
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static size_t left(const struct model *m)
{
    return m->at < size ? size - m->at : 0;
}

static void same_bytes(const void *p, size_t n, size_t at, size_t expected)
{
    assert_int_equal(n, expected);
    if (n > 0)
        assert_memory_equal(p, data + at, n);
}

static void do_chunk(alice_reader *r, struct model *m)
{
    alice_bytes b = {0};
    size_t n = left(m) < m->chunk ? left(m) : m->chunk;
    assert_status(alice_reader_next_chunk(r, &b, NULL), n ? ALICE_OK : ALICE_E_END);
    same_bytes(b.p, b.n, m->at, n);
    m->at += n;
}

static size_t to_line_end(const struct model *m, bool *found)
{
    const uint8_t *nl = left(m) ? memchr(data + m->at, '\n', left(m)) : NULL;
    *found = nl != NULL;
    return nl ? (size_t)(nl - (data + m->at)) : left(m);
}

static void do_line(alice_reader *r, struct model *m)
{
    alice_line line = {0};
    bool ended;
    size_t n = to_line_end(m, &ended);
    if (m->skipping) {
        m->at += n + ended;
        m->skipping = false;
        n = to_line_end(m, &ended);
    }
    alice_status st = alice_reader_next_line(r, &line, NULL);
    size_t text = ended && n > 0 && data[m->at + n - 1] == '\r' ? n - 1 : n;
    bool more = m->limit && text > m->limit;
    if (!more && !ended && n == 0 && !m->in_line) {
        assert_status(st, ALICE_E_END);
        return;
    }
    m->line += !m->in_line;
    if (more && !m->parts) {
        assert_status(st, ALICE_E_TOOBIG);
        m->skipping = true;
        return;
    }
    if (more)
        text = m->limit - (m->limit > 1 && data[m->at + m->limit - 1] == '\r');
    assert_ok(st);
    same_bytes(line.text.p, line.text.n, m->at, text);
    assert_int_equal(line.number, m->line);
    assert_int_equal(line.offset, m->at);
    assert_int_equal(line.more, more);
    assert_int_equal(line.ended, !more && ended);
    m->in_line = more;
    m->at += more ? text : n + ended;
}

static void do_peek(alice_reader *r, struct model *m, size_t n)
{
    alice_bytes b = {0};
    assert_status(alice_reader_peek(r, n, &b, NULL), n > m->chunk ? ALICE_E_TOOBIG : ALICE_OK);
    if (n <= m->chunk)
        same_bytes(b.p, b.n, m->at, left(m) < n ? left(m) : n);
}

static void do_skip(alice_reader *r, struct model *m, size_t n)
{
    assert_status(alice_reader_skip(r, n, NULL), n > left(m) ? ALICE_E_END : ALICE_OK);
    m->at += left(m) < n ? left(m) : n;
}

static void do_seek(alice_reader *r, struct model *m, size_t to)
{
    assert_ok(alice_reader_seek(r, to, NULL));
    m->at = to;
    m->in_line = m->skipping = false;
    m->line = 0;
}

static void do_read_at(alice_reader *r, size_t at, size_t n)
{
    static uint8_t to[MOST];
    size_t got = 0, have = at < size ? size - at : 0;
    assert_ok(alice_reader_read_at(r, at, to, n, &got, NULL));
    same_bytes(to, got, at, have < n ? have : n);
}

static void step(struct random *rnd, alice_reader *r, struct model *m)
{
    switch (random_below(rnd, 10)) {
    case 0:
    case 1:
        do_chunk(r, m);
        break;
    case 2:
    case 3:
    case 4:
    case 5:
        do_line(r, m);
        break;
    case 6:
        do_peek(r, m, random_below(rnd, (uint32_t)m->chunk + 20));
        break;
    case 7:
        do_skip(r, m, random_below(rnd, random_below(rnd, 2) ? 100 : MOST));
        break;
    case 8:
        do_seek(r, m, random_below(rnd, (uint32_t)size + 50));
        break;
    default:
        do_read_at(r, random_below(rnd, MOST), random_below(rnd, MOST));
    }
    alice_reader_stats s;
    alice_reader_get_stats(r, &s);
    assert_int_equal(s.offset, m->at);
}

static void one_sequence(struct random *rnd, uint64_t *windows)
{
    struct model m = {.chunk = 512 + random_below(rnd, 2000), .parts = random_below(rnd, 2)};
    alice_reader_options o = {.chunk_bytes = m.chunk,
                              .long_lines = m.parts ? ALICE_LINE_PARTS : ALICE_LINE_FAIL,
                              .use_mmap = random_below(rnd, 2)};
    if (random_below(rnd, 2))
        o.max_line_bytes = 2 + random_below(rnd, 1000);
    m.limit = o.max_line_bytes || !m.parts ? o.max_line_bytes : m.chunk - 2;
    alice_reader *r = NULL;
    alice_reader_stats s;
    assert_ok(alice_reader_open(&r, path, &o, NULL));
    for (int i = 0; i < STEPS; i++)
        step(rnd, r, &m);
    alice_reader_get_stats(r, &s);
    *windows += s.windows;
    alice_reader_close(&r);
}

static void sequences_do_as_the_model(void **state)
{
    (void)state;
    struct random rnd = {.state = 10};
    uint64_t windows = 0;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    for (int i = 0; i < FILES; i++) {
        put_file(&rnd);
        for (int k = 0; k < SEQUENCES; k++)
            one_sequence(&rnd, &windows);
    }
    assert_true(windows > FILES * SEQUENCES); /* mapped readers were among them */
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_do_as_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
