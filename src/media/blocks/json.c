/* SPDX-License-Identifier: MIT */
/*
 * The tokenizer is one automaton over bytes; what it remembers of the document
 * is a bit for each open bracket. Strings are decoded byte by byte through
 * string_byte(), which both the stored and the streamed reading use.
 *
 * Invariants: depth <= ALICE__JSON_DEPTH; n < room, and text[n] is 0 after
 * every token that has a text; once expect is BROKEN it stays.
 */
#include "media/blocks/json.h"

#include <string.h>

#include "base/text.h"

enum expect {
    VALUE,       /* a value must come */
    FIRST_VALUE, /* a value or ] */
    FIRST_KEY,   /* a key or } */
    KEY,         /* the same, after a comma */
    AFTER,       /* a comma or the closing bracket */
    COMPLETE,
    BROKEN
};

void alice__json_open(alice__json *j, alice__text_stream *in, char *text, size_t room)
{
    memset(j, 0, sizeof *j);
    j->in = in;
    j->text = text;
    j->room = room;
    j->expect = VALUE;
}

static alice__json_kind bad(alice__json *j, const char *reason)
{
    if (j->expect != BROKEN)
        j->reason = reason;
    j->expect = BROKEN;
    return ALICE__JSON_BAD;
}

/* The next byte without taking it, or -1 at the end (and for a broken stream). */
static int peek(alice__json *j)
{
    if (j->window.n == 0) {
        if (j->in->next(j->in, &j->window) != ALICE_OK || j->window.n == 0) {
            j->window.n = 0;
            return -1;
        }
    }
    return j->window.p[0];
}

static void take(alice__json *j)
{
    j->window.p++;
    j->window.n--;
}

static int next_byte(alice__json *j)
{
    int c = peek(j);
    if (c >= 0)
        take(j);
    return c;
}

static void store(alice__json *j, char c)
{
    if (j->n + 1 < j->room)
        j->text[j->n++] = c;
    else
        j->cut = true;
}

/* ---- strings ---- */

enum { STRING_ENDS = -1, STRING_BROKEN = -2 };

static int hex4(alice__json *j)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        int c = peek(j);
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0)
            return -1;
        take(j);
        v = v << 4 | d;
    }
    return v;
}

static int utf8_of(uint32_t c, char *to)
{
    return (int)alice_utf8_encode(c ? c : ' ', to); /* a NUL would end the text for all else */
}

/*
 * \uXXXX, the u already taken. A high surrogate joins the low one that follows;
 * one that stands alone becomes U+FFFD, and so does the pair that is none.
 */
static int unicode_escape(alice__json *j, char *to)
{
    int c = hex4(j);
    if (c < 0)
        return STRING_BROKEN;
    if (c < 0xD800 || c > 0xDFFF)
        return utf8_of((uint32_t)c, to);
    int n = 0;
    while (c <= 0xDBFF && peek(j) == '\\') {
        take(j);
        int e = next_byte(j);
        if (e != 'u') { /* a lone high surrogate, and another escape */
            n += utf8_of(0xFFFD, to + n);
            static const char from[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
            const char *at = e > 0 ? strchr(from, e) : NULL;
            if (!at)
                return STRING_BROKEN;
            to[n] = plain[at - from];
            return n + 1;
        }
        int low = hex4(j);
        if (low < 0)
            return STRING_BROKEN;
        if (low >= 0xDC00 && low <= 0xDFFF)
            return n +
                   utf8_of(0x10000 + (((uint32_t)c & 0x3FF) << 10) + ((uint32_t)low & 0x3FF),
                           to + n);
        n += utf8_of(0xFFFD, to + n);
        if (low < 0xD800 || low > 0xDBFF)
            return n + utf8_of((uint32_t)low, to + n);
        if (n > 6) /* a row of high surrogates: what is out goes out, the rest joins nothing */
            return n + utf8_of(0xFFFD, to + n);
        c = low;
    }
    return n + utf8_of(0xFFFD, to + n);
}

/* Decode the next character of a string into at most 16 bytes; how many, or STRING_*. */
static int string_bytes(alice__json *j, char *to)
{
    int c = next_byte(j);
    if (c < 0)
        return STRING_BROKEN;
    if (c == '"')
        return STRING_ENDS;
    if (c != '\\') {
        to[0] = c == 0 ? ' ' : (char)c;
        return 1;
    }
    c = next_byte(j);
    switch (c) {
    case 'u':
        return unicode_escape(j, to);
    case 'b':
        to[0] = '\b';
        return 1;
    case 'f':
        to[0] = '\f';
        return 1;
    case 'n':
        to[0] = '\n';
        return 1;
    case 'r':
        to[0] = '\r';
        return 1;
    case 't':
        to[0] = '\t';
        return 1;
    case '"':
    case '\\':
    case '/':
    case '\'':
        to[0] = (char)c;
        return 1;
    default:
        return STRING_BROKEN;
    }
}

/* How many bytes of the window stand for themselves, `most` at the most. */
static size_t plain_run(const alice__json *j, size_t most)
{
    const uint8_t *p = j->window.p;
    size_t n = j->window.n < most ? j->window.n : most, i = 0;
    while (i < n && p[i] != '"' && p[i] != '\\' && p[i] != 0)
        i++;
    return i;
}

static void take_run(alice__json *j, size_t n)
{
    j->window.p += n;
    j->window.n -= n;
}

static bool read_string(alice__json *j)
{
    char piece[16];
    int n;
    do {
        size_t run = plain_run(j, j->window.n), room = j->room - 1 - j->n;
        size_t kept = run < room ? run : room;
        if (kept > 0)
            memcpy(j->text + j->n, j->window.p, kept);
        j->n += kept;
        j->cut |= kept < run;
        take_run(j, run);
        n = string_bytes(j, piece);
        for (int i = 0; i < n; i++)
            store(j, piece[i]);
    } while (n >= 0);
    j->text[j->n] = 0;
    return n == STRING_ENDS;
}

/* ---- everything else ---- */

static bool is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int next_solid(alice__json *j)
{
    int c;
    while (is_blank(c = next_byte(j))) {
    }
    return c;
}

static bool is_word(int c)
{
    return c > 0 && (alice__is_alnum((char)c) || c == '+' || c == '-' || c == '.');
}

static bool is_number(const char *s)
{
    if (*s == '-')
        s++;
    if (!strcmp(s, "NaN") || !strcmp(s, "Infinity"))
        return true;
    if (*s < '0' || *s > '9')
        return false;
    return s[strspn(s, "0123456789+-.eE")] == 0;
}

static alice__json_kind word(alice__json *j, int first)
{
    store(j, (char)first);
    while (is_word(peek(j)))
        store(j, (char)next_byte(j));
    j->text[j->n] = 0;
    if (is_number(j->text))
        return ALICE__JSON_NUMBER;
    if (!strcmp(j->text, "true"))
        return ALICE__JSON_TRUE;
    if (!strcmp(j->text, "false"))
        return ALICE__JSON_FALSE;
    if (!strcmp(j->text, "null"))
        return ALICE__JSON_NULL;
    return bad(j, "an unknown word");
}

static alice__json_kind push(alice__json *j, bool object)
{
    if (j->depth == ALICE__JSON_DEPTH)
        return bad(j, "nested too deep");
    uint8_t bit = (uint8_t)(1u << (j->depth % 8));
    if (object)
        j->is_object[j->depth / 8] |= bit;
    else
        j->is_object[j->depth / 8] &= (uint8_t)~bit;
    j->depth++;
    j->expect = object ? FIRST_KEY : FIRST_VALUE;
    return object ? ALICE__JSON_OBJECT : ALICE__JSON_ARRAY;
}

static bool in_object(const alice__json *j)
{
    unsigned top = j->depth - 1;
    return j->depth > 0 && (j->is_object[top / 8] >> (top % 8) & 1);
}

static void value_done(alice__json *j)
{
    j->expect = j->depth == 0 ? COMPLETE : AFTER;
}

static alice__json_kind pop(alice__json *j, int bracket)
{
    bool object = in_object(j);
    if (j->depth == 0 || bracket != (object ? '}' : ']'))
        return bad(j, "a bracket that closes nothing");
    j->depth--;
    value_done(j);
    return object ? ALICE__JSON_OBJECT_END : ALICE__JSON_ARRAY_END;
}

static alice__json_kind key(alice__json *j, int c)
{
    if (c < 0)
        return bad(j, "cut short");
    if (c != '"' || !read_string(j))
        return bad(j, "a key that is no string");
    if (next_solid(j) != ':')
        return bad(j, "no colon after a key");
    j->expect = VALUE;
    return ALICE__JSON_KEY;
}

/* A value begins with `c`. Strings are left at their first byte when `streamed`. */
static alice__json_kind value(alice__json *j, int c, bool streamed)
{
    if (c == '{' || c == '[')
        return push(j, c == '{');
    if (c == '"') {
        if (streamed) {
            j->in_string = true;
            return ALICE__JSON_STRING;
        }
        if (!read_string(j))
            return bad(j, "a broken string");
        value_done(j);
        return ALICE__JSON_STRING;
    }
    if (c < 0)
        return bad(j, "cut short");
    if (!is_word(c))
        return bad(j, "not a value");
    alice__json_kind kind = word(j, c);
    if (kind != ALICE__JSON_BAD)
        value_done(j);
    return kind;
}

static void skip_mark(alice__json *j)
{
    static const unsigned char mark[3] = {0xEF, 0xBB, 0xBF};
    for (int i = 0; i < 3 && peek(j) == mark[i]; i++)
        take(j);
}

static alice__json_kind next(alice__json *j, bool streamed)
{
    j->n = 0;
    j->cut = false;
    j->text[0] = 0;
    if (j->in_string)
        return bad(j, "a string was left unread");
    if (j->expect == COMPLETE)
        return ALICE__JSON_END;
    if (j->expect == BROKEN)
        return ALICE__JSON_BAD;
    if (j->depth == 0)
        skip_mark(j);
    int c = next_solid(j);
    if (j->expect == AFTER) {
        if (c == '}' || c == ']')
            return pop(j, c);
        if (c != ',')
            return bad(j, c < 0 ? "cut short" : "no comma between values");
        j->expect = in_object(j) ? KEY : FIRST_VALUE;
        c = next_solid(j);
    }
    switch (j->expect) {
    case FIRST_KEY:
    case KEY:
        return c == '}' ? pop(j, c) : key(j, c);
    case FIRST_VALUE:
        return c == ']' ? pop(j, c) : value(j, c, streamed);
    default:
        return value(j, c, streamed);
    }
}

alice__json_kind alice__json_next(alice__json *j)
{
    return next(j, false);
}

bool alice__json_skip(alice__json *j, alice__json_kind kind)
{
    if (kind == ALICE__JSON_BAD)
        return false;
    if (kind == ALICE__JSON_KEY)
        kind = alice__json_next(j);
    if (kind != ALICE__JSON_OBJECT && kind != ALICE__JSON_ARRAY)
        return kind != ALICE__JSON_BAD;
    unsigned outside = j->depth - 1;
    while (j->depth > outside)
        if (alice__json_next(j) == ALICE__JSON_BAD)
            return false;
    return true;
}

/* ---- strings as streams ---- */

static alice_status string_next(alice__text_stream *stream, alice_bytes *window)
{
    alice__json_string *s = stream->ctx;
    alice__json *j = s->json;
    size_t n = 0;
    while (j->in_string && n + 16 <= sizeof s->piece) {
        size_t run = plain_run(j, sizeof s->piece - n - 16);
        if (run > 0)
            memcpy(s->piece + n, j->window.p, run);
        n += run;
        take_run(j, run);
        int got = string_bytes(j, s->piece + n);
        if (got >= 0) {
            n += (size_t)got;
            continue;
        }
        j->in_string = false;
        value_done(j);
        if (got == STRING_BROKEN)
            bad(j, "a broken string");
    }
    *window = (alice_bytes){(const uint8_t *)s->piece, n};
    return ALICE_OK;
}

alice__json_kind alice__json_next_streamed(alice__json *j, alice__json_string *s)
{
    alice__json_kind kind = next(j, true);
    if (kind == ALICE__JSON_STRING) {
        s->stream.next = string_next;
        s->stream.ctx = s;
        s->json = j;
    }
    return kind;
}

bool alice__json_string_end(alice__json_string *s)
{
    alice_bytes window;
    while (s->json->in_string)
        (void)string_next(&s->stream, &window);
    return s->json->expect != BROKEN;
}
