/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_TERMINAL_H
#define ALICE_CLI_TERMINAL_H

/* Text of others (names of files, what stands in them) on its way to people. */

#include <stdbool.h>
#include <stdio.h>

/* Whether the character of `n` bytes steers a terminal or turns the text around it. */
bool steers_terminal(const char *character, size_t n);

/*
 * Write `n` bytes of UTF-8, with '?' for each byte that is none, and for each character that
 * would steer a terminal or turn the text around it. One column or more for each '?'.
 */
void put_safe(FILE *to, const char *text, size_t n);
/* The same, up to the NUL. */
void put_safe_text(FILE *to, const char *text);

/* On the standard output, in single quotes, so that a shell takes it as one word as it is. */
void put_quoted(const char *text);

#endif
