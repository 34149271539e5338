/* SPDX-License-Identifier: MIT */
#ifndef ALICE_CLI_JSON_READ_H
#define ALICE_CLI_JSON_READ_H

/*
 * Reading small JSON texts, such as an alice's answer, where they stand: no
 * allocation, no tree. A value is a range of the text; looking something up
 * walks over what stands before it.
 */

#include <alice/base.h>

typedef struct json_value {
    const char *p;
    size_t n; /* 0: not there */
} json_value;

/* Whether `text` is one JSON value, at most 16 levels deep, and nothing else; then `*out` is
 * it. */
bool json_read(const char *text, size_t n, json_value *out);

/* The member at a path of keys, "memory.limit_bytes"; n == 0 where there is none. */
json_value json_at(json_value v, const char *path);

/* Step through an array: `*element` starts as {0}. False: past the last. */
bool json_each(json_value array, json_value *element);

/* What is not such a value, or not there, reads as 0, false or "". */
uint64_t json_as_uint(json_value v);
int64_t json_as_int(json_value v);
double json_as_real(json_value v);
bool json_as_bool(json_value v);

/* A string, unescaped and cut to fit; answers `out`. */
char *json_as_text(json_value v, char *out, size_t size);

#endif
