/* SPDX-License-Identifier: MIT */
/* The JSON tokenizer: tokens, leniency, refusals, bounds, strings as streams. */
#include "test.h"

#include "media/blocks/json.h"

/* A stream of windows of `step` bytes. */
typedef struct drops {
    alice__text_stream stream;
    alice_bytes rest;
    size_t step;
} drops;

static alice_status next_drop(alice__text_stream *s, alice_bytes *window)
{
    drops *d = s->ctx;
    size_t n = d->rest.n < d->step ? d->rest.n : d->step;
    *window = (alice_bytes){d->rest.p, n};
    d->rest.p += n;
    d->rest.n -= n;
    return ALICE_OK;
}

static void add(char *out, size_t cap, const char *text)
{
    strncat(out, text, cap - strlen(out) - 1);
}

/* All tokens, one character each, with their texts: {K(a)S(b)}; ends in . or !reason */
static void tokens_of(const char *text, size_t n, size_t step, size_t room, char *out,
                      size_t cap)
{
    static const char signs[] = ".!{}[]KSNtfn";
    char buffer[256];
    drops d = {.rest = {(const uint8_t *)text, n}, .step = step};
    d.stream = (alice__text_stream){next_drop, &d};
    alice__json j;
    alice__json_kind kind;
    alice__json_open(&j, &d.stream, buffer, room);
    out[0] = 0;
    do {
        kind = alice__json_next(&j);
        add(out, cap, (char[]){signs[kind], 0});
        if (kind == ALICE__JSON_KEY || kind == ALICE__JSON_STRING ||
            kind == ALICE__JSON_NUMBER) {
            add(out, cap, "(");
            add(out, cap, j.text);
            add(out, cap, j.cut ? "~)" : ")");
        }
    } while (kind > ALICE__JSON_BAD);
    if (kind == ALICE__JSON_BAD)
        add(out, cap, j.reason);
}

static void expect_in(const char *text, size_t room, const char *want)
{
    char have[1024];
    for (size_t step = 1; step < 64; step = step * 3 + 1) {
        tokens_of(text, strlen(text), step, room, have, sizeof have);
        if (strcmp(have, want) != 0)
            fail_msg("%s (windows of %zu): %s instead of %s", text, step, have, want);
    }
}

static void expect(const char *text, const char *want)
{
    expect_in(text, 64, want);
}

static void tokens(void **state)
{
    (void)state;
    expect("{}", "{}.");
    expect(" [ ] ", "[].");
    expect("{\"a\": [1, -2.5e+3, true, false, null], \"b\": \"c\"}",
           "{K(a)[N(1)N(-2.5e+3)tfn]K(b)S(c)}.");
    expect("\"alone\"", "S(alone).");
    expect("12 more", "N(12).");
    expect("{} trailing", "{}.");
}

static void leniency(void **state)
{
    (void)state;
    expect("[NaN, Infinity, -Infinity]", "[N(NaN)N(Infinity)N(-Infinity)].");
    expect("\xEF\xBB\xBF{}", "{}.");
    expect("[1,]", "[N(1)].");
    expect("{\"a\":1,}", "{K(a)N(1)}.");
    expect("[\"a\tb\nc\"]", "[S(a\tb\nc)].");
    expect("[\"\xFF\xC3\"]", "[S(\xFF\xC3)]."); /* whoever keeps it mends it */
    expect("[\"\\'\"]", "[S(')].");
}

static void escapes(void **state)
{
    (void)state;
    expect("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "S(\"\\/\b\f\n\r\t).");
    expect("\"\\u00e9\\u20AC\"", "S(\xC3\xA9\xE2\x82\xAC).");
    expect("\"\\ud83d\\ude00\"", "S(\xF0\x9F\x98\x80).");
    expect("\"\\ud83dx\"", "S(\xEF\xBF\xBDx).");
    expect("\"\\ude00\"", "S(\xEF\xBF\xBD).");
    expect("\"\\ud83d\\n\"", "S(\xEF\xBF\xBD\n).");
    expect("\"\\ud83d\\u0041\"", "S(\xEF\xBF\xBD"
                                 "A).");
    expect("\"\\ud83d\\ud83d\\ude00\"", "S(\xEF\xBF\xBD\xF0\x9F\x98\x80).");
    expect("\"\\ud83d\\ud83d\\ud83d\\ud83d\"",
           "S(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD).");
    expect("\"a\\u0000b\"", "S(a b).");
}

static void refusals(void **state)
{
    (void)state;
    expect("", "!cut short");
    expect("   ", "!cut short");
    expect("{", "{!cut short");
    expect("[1", "[N(1)!cut short");
    expect("[1 2]", "[N(1)!no comma between values");
    expect("{\"a\" 1}", "{!no colon after a key");
    expect("{a: 1}", "{!a key that is no string");
    expect("[1}", "[N(1)!a bracket that closes nothing");
    expect("]", "!not a value");
    expect("[nul]", "[!an unknown word");
    expect("[-]", "[!an unknown word");
    expect("[\"abc", "[!a broken string");
    expect("[\"\\x\"]", "[!a broken string");
    expect("[\"\\u12\"]", "[!a broken string");
    expect("{'a': 1}", "{!a key that is no string");
}

static void texts_are_cut_at_the_room(void **state)
{
    (void)state;
    expect_in("[\"12345678901234567890\", \"ok\"]", 8, "[S(1234567~)S(ok)].");
    expect_in("{\"12345678901234567890\": 1}", 8, "{K(1234567~)N(1)}.");
    expect_in("[1234567890]", 8, "[N(1234567~)].");
}

static void depth_is_bounded(void **state)
{
    (void)state;
    char text[2 * ALICE__JSON_DEPTH + 4], have[1024];
    memset(text, '[', ALICE__JSON_DEPTH);
    memset(text + ALICE__JSON_DEPTH, ']', ALICE__JSON_DEPTH);
    tokens_of(text, 2 * ALICE__JSON_DEPTH, 7, 64, have, sizeof have);
    assert_int_equal(strlen(have), 2 * ALICE__JSON_DEPTH + 1);
    assert_int_equal(have[2 * ALICE__JSON_DEPTH], '.');
    memset(text, '[', ALICE__JSON_DEPTH + 1);
    tokens_of(text, ALICE__JSON_DEPTH + 1, 7, 64, have, sizeof have);
    assert_string_equal(have + ALICE__JSON_DEPTH, "!nested too deep");
}

static alice__json_kind after_key(alice__json *j, const char *key)
{
    alice__json_kind kind;
    while ((kind = alice__json_next(j)) > ALICE__JSON_BAD)
        if (kind == ALICE__JSON_KEY && !strcmp(j->text, key))
            return kind;
    return kind;
}

static void skipping(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\": {\"x\": [1, {\"y\": 2}]}, \"b\": [[]], \"c\": 1, \"d\": 2}";
    char buffer[64];
    alice__text_memory m;
    alice__json j;
    alice__json_open(&j,
                     alice__text_of(&m, (alice_bytes){(const uint8_t *)text, sizeof text - 1}),
                     buffer, sizeof buffer);
    assert_int_equal(alice__json_next(&j), ALICE__JSON_OBJECT);
    for (const char *key = "abc"; *key; key++) {
        assert_int_equal(alice__json_next(&j), ALICE__JSON_KEY);
        assert_int_equal(j.text[0], *key);
        assert_true(alice__json_skip(&j, ALICE__JSON_KEY));
    }
    assert_int_equal(alice__json_next(&j), ALICE__JSON_KEY);
    assert_string_equal(j.text, "d");
    assert_true(alice__json_skip(&j, ALICE__JSON_KEY));
    assert_int_equal(alice__json_next(&j), ALICE__JSON_OBJECT_END);
    assert_int_equal(alice__json_next(&j), ALICE__JSON_END);
}

/* JSON in a string in JSON, read through; and the outer document goes on behind it. */
static void strings_as_streams(void **state)
{
    (void)state;
    static const char text[] = "{\"p\": \"{\\\"in\\\": \\\"a \\\\\\\"word\\\\\\\"\\\", "
                               "\\\"n\\\": [1, 2]}\", \"q\": 3}";
    char buffer[64], inner_buffer[64];
    for (size_t step = 1; step < 80; step += 13) {
        drops d = {.rest = {(const uint8_t *)text, sizeof text - 1}, .step = step};
        d.stream = (alice__text_stream){next_drop, &d};
        alice__json j, inner;
        alice__json_string s;
        alice__json_open(&j, &d.stream, buffer, sizeof buffer);
        assert_int_equal(after_key(&j, "p"), ALICE__JSON_KEY);
        assert_int_equal(alice__json_next_streamed(&j, &s), ALICE__JSON_STRING);
        alice__json_open(&inner, &s.stream, inner_buffer, sizeof inner_buffer);
        assert_int_equal(after_key(&inner, "in"), ALICE__JSON_KEY);
        assert_int_equal(alice__json_next(&inner), ALICE__JSON_STRING);
        assert_string_equal(inner.text, "a \"word\"");
        assert_true(alice__json_string_end(&s)); /* the rest of it is dropped */
        assert_int_equal(alice__json_next(&j), ALICE__JSON_KEY);
        assert_string_equal(j.text, "q");
    }
}

static void every_cut_ends(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\": [1, NaN, \"x\\ud83d\\ude00\\n\"], \"b\": {\"c\": null, \"d\": [[], {}]}}";
    char have[1024];
    for (size_t n = 0; n < sizeof text - 1; n++) {
        char *exact = malloc(n ? n : 1);
        memcpy(exact, text, n);
        tokens_of(exact, n, 5, 16, have, sizeof have);
        assert_non_null(strchr(have, '!'));
        free(exact);
    }
}

static alice_status broken_next(alice__text_stream *s, alice_bytes *window)
{
    (void)s;
    *window = (alice_bytes){NULL, 0};
    return ALICE_E_DAMAGED;
}

static void a_broken_stream_is_bad(void **state)
{
    (void)state;
    char buffer[16];
    alice__text_stream s = {broken_next, NULL};
    alice__json j;
    alice__json_open(&j, &s, buffer, sizeof buffer);
    assert_int_equal(alice__json_next(&j), ALICE__JSON_BAD);
    assert_int_equal(alice__json_next(&j), ALICE__JSON_BAD);
    assert_string_equal(j.reason, "cut short");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens),
        cmocka_unit_test(leniency),
        cmocka_unit_test(escapes),
        cmocka_unit_test(refusals),
        cmocka_unit_test(texts_are_cut_at_the_room),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(skipping),
        cmocka_unit_test(strings_as_streams),
        cmocka_unit_test(every_cut_ends),
        cmocka_unit_test(a_broken_stream_is_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
