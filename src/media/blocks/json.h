/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_JSON_H
#define ALICE_MEDIA_JSON_H

/*
 * A pull tokenizer for JSON that comes as a stream: memory is this structure
 * and the text buffer of its user, whatever the document's size and depth.
 *
 *     alice__json j;
 *     alice__json_open(&j, stream, buffer, sizeof buffer);
 *     while ((kind = alice__json_next(&j)) > ALICE__JSON_BAD)
 *         …
 *
 * It takes what programs really write: NaN and Infinity, a byte order mark, a
 * comma before a closing bracket, raw controls and broken UTF-8 in strings. It
 * is strict where leniency would be a guess. After the first complete value it
 * says ALICE__JSON_END; what follows it is not looked at.
 */

#include "media/facts.h"

typedef enum alice__json_kind {
    ALICE__JSON_END, /* the value is complete */
    ALICE__JSON_BAD, /* broken, cut short, or nested too deep: `reason`; stays so */
    ALICE__JSON_OBJECT,
    ALICE__JSON_OBJECT_END,
    ALICE__JSON_ARRAY,
    ALICE__JSON_ARRAY_END,
    ALICE__JSON_KEY,    /* text: the key; its value is next */
    ALICE__JSON_STRING, /* text: unescaped */
    ALICE__JSON_NUMBER, /* text: as it stands, also NaN, Infinity, -Infinity */
    ALICE__JSON_TRUE,
    ALICE__JSON_FALSE,
    ALICE__JSON_NULL
} alice__json_kind;

enum { ALICE__JSON_DEPTH = 128 };

typedef struct alice__json {
    alice__text_stream *in;
    alice_bytes window;

    /* Of the last key, string or number; terminated. The user may point it elsewhere between
     * two calls. */
    char *text;
    size_t room; /* of `text`, at least 8 */
    size_t n;    /* bytes in it, without the 0 */
    bool cut;    /* longer in the document than the room */

    unsigned depth;
    uint8_t is_object[ALICE__JSON_DEPTH / 8]; /* a bit a level */
    uint8_t expect;                           /* what may come: private */
    bool in_string;                           /* a string is being streamed */
    const char *reason;                       /* static text, when BAD */
} alice__json;

void alice__json_open(alice__json *j, alice__text_stream *in, char *text, size_t room);

/* The next token. */
alice__json_kind alice__json_next(alice__json *j);

/*
 * Pass over the rest of what `kind`, the last token, began: to the end of an
 * object or array, past the value of a key; nothing for others. False: BAD.
 */
bool alice__json_skip(alice__json *j, alice__json_kind kind);

/*
 * Read the value of a key, when it is a string, as a stream: for JSON inside a
 * string, of any length. Answers the kind of the value: for
 * ALICE__JSON_STRING `s` gives its unescaped bytes, and has to be drained with
 * alice__json_string_end(); other kinds are as from alice__json_next().
 */
typedef struct alice__json_string {
    alice__text_stream stream;
    alice__json *json;
    char piece[256];
} alice__json_string;
alice__json_kind alice__json_next_streamed(alice__json *j, alice__json_string *s);
bool alice__json_string_end(alice__json_string *s);

#endif
