/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_SIZE_H
#define ALICE_BASE_SIZE_H

/* Sizes for people. */

#include <stddef.h>
#include <stdint.h>

/* Room for any size as text. */
enum { ALICE__SIZE_TEXT = 24 };

/*
 * Write a size in the largest unit that keeps it at 1 or more, with one decimal
 * where it is not whole: "17 bytes", "1.5 KB", "48 MB". Answers `buf`.
 */
char *alice__size_text(uint64_t bytes, char buf[ALICE__SIZE_TEXT]);

#endif
