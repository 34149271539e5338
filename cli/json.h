/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_JSON_H
#define ALICE_CLI_JSON_H

/*
 * Writing JSON to a stream, with commas and escapes taken care of. Text that is
 * not UTF-8 (file names may be anything) is written with the bytes as lone
 * surrogates \udc80 to \udcff, as Python's "surrogateescape" reads them.
 */

#include <stdio.h>

#include <alice/base.h>
#include <alice/cache.h>

typedef struct cli_json {
    FILE *to;
    bool comma;  /* something stands before on this level */
    bool pretty; /* a member a line, indented: for objects on a terminal */
    int depth;
} cli_json;

/* A `key` of NULL: an element of an array, or the outermost value. */
void json_open(cli_json *j, const char *key, char bracket);
void json_close(cli_json *j, char bracket);
void json_text(cli_json *j, const char *key, const char *text);
void json_text_n(cli_json *j, const char *key, const char *text, size_t n);
/* An array with a text for each line of `lines`; nothing where there is none. */
void json_lines(cli_json *j, const char *key, const char *lines);
void json_uint(cli_json *j, const char *key, uint64_t value);
void json_int(cli_json *j, const char *key, int64_t value);
void json_real(cli_json *j, const char *key, double value, int decimals);
void json_bool(cli_json *j, const char *key, bool value);
void json_end_line(cli_json *j);
/* What every cache is told by. */
void json_cache_members(cli_json *j, const alice_cache_stats *s);

#endif
