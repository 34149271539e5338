/* SPDX-License-Identifier: MIT */
/* UTF-8 by its definition, case folding, and how far words are apart. */
#include <limits.h>

#include "test.h"

#include "base/text.h"

static void every_character_comes_back(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        char bytes[4];
        uint32_t back = UINT32_MAX;
        size_t n = alice_utf8_encode(c, bytes);
        bool is_surrogate = c >= 0xD800 && c < 0xE000;
        assert_int_equal(n, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
        assert_int_equal(alice_utf8_decode(bytes, n, &back), is_surrogate ? 0 : n);
        assert_int_equal(back, is_surrogate ? UINT32_MAX : c);
        assert_int_equal(alice_utf8_decode(bytes, n - 1, NULL), 0);
    }
}

static void what_is_no_character_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc3(",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(alice_utf8_decode(bad[i], strlen(bad[i]), NULL), 0);
}

static void folding_joins_cases(void **state)
{
    (void)state;
    char a[64], b[64];
    alice__fold_case("Ünï-ÇODE Жизнь Ÿ", a, sizeof a);
    alice__fold_case("ünÏ-çode жИЗНЬ Ÿ", b, sizeof b);
    assert_string_equal(a, b);
    alice__fold_case("Holiday", a, sizeof a);
    assert_string_equal(a, "holiday");
    alice__fold_case("bad\xff"
                     "Bytes",
                     a, sizeof a);
    assert_string_equal(a, "bad\xff"
                           "bytes");
}

static void words_are_so_far_apart(void **state)
{
    (void)state;
    char longest[82];
    memset(longest, 'x', 81);
    longest[81] = 0;
    assert_int_equal(alice_edit_distance("", ""), 0);
    assert_int_equal(alice_edit_distance("organize", "organise"), 1);
    assert_int_equal(alice_edit_distance("kitten", "sitting"), 3);
    assert_int_equal(alice_edit_distance("", "undo"), 4);
    assert_int_equal(alice_edit_distance("undo", ""), 4);
    assert_int_equal(alice_edit_distance(longest + 1, ""), 80);
    assert_int_equal(alice_edit_distance(longest, ""), UINT_MAX);
    assert_int_equal(alice_edit_distance("", longest), UINT_MAX);
}

static void ascii_is_compared_whatever_its_case(void **state)
{
    (void)state;
    assert_true(alice__same_word("TrUe", "true"));
    assert_false(alice__same_word("true", "trues"));
    assert_false(alice__same_word("\xc4", "\xe4"));
    assert_true(alice__is_alnum('Z') && alice__is_alnum('a') && alice__is_alnum('0'));
    assert_false(alice__is_alnum('[') || alice__is_alnum('@') || alice__is_alnum('\xc4'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_comes_back),
        cmocka_unit_test(what_is_no_character_is_refused),
        cmocka_unit_test(folding_joins_cases),
        cmocka_unit_test(words_are_so_far_apart),
        cmocka_unit_test(ascii_is_compared_whatever_its_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
