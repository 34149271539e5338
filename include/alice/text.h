/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TEXT_H
#define ALICE_TEXT_H

/**
 * @file text.h
 * UTF-8, one character at a time, and how much two words differ.
 */

#include <alice/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Read the first character of `n` bytes. Answers how many bytes it takes, 1 to 4; 0 where
 * there is no well-formed one: not the shortest form, a surrogate, beyond U+10FFFF, cut, or
 * n is 0. `code` may be NULL.
 */
ALICE_API size_t alice_utf8_decode(const char *p, size_t n, uint32_t *code);

/** Write a character, of at most U+10FFFF, without a NUL. Answers how many bytes it took. */
ALICE_API size_t alice_utf8_encode(uint32_t code, char out[4]);

/**
 * How many bytes have to be put in, taken out or changed to make one word of the other: for
 * naming the word that was meant. UINT_MAX where one is longer than 80 bytes.
 */
ALICE_API unsigned alice_edit_distance(const char *a, const char *b);

#ifdef __cplusplus
}
#endif

#endif
