/* SPDX-License-Identifier: MIT */
/* A JSON text is checked once, by json_read(); what walks over it after that may trust its
 * shape. */
#include "json_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <alice/text.h>

enum { DEEPEST = 16, NUMBER_MAX = 40 };

static const char *skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Past the string that begins at `p`; NULL: it is none. */
static const char *skip_string(const char *p, const char *end)
{
    if (p >= end || *p++ != '"')
        return NULL;
    while (p < end && *p != '"') {
        if ((unsigned char)*p < 0x20)
            return NULL;
        if (*p++ != '\\')
            continue;
        if (p >= end || !strchr("\"\\/bfnrtu", *p))
            return NULL;
        if (*p++ == 'u')
            for (int i = 0; i < 4; i++, p++)
                if (p >= end || !is_hex(*p))
                    return NULL;
    }
    return p < end ? p + 1 : NULL;
}

static const char *skip_word(const char *p, const char *end, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(end - p) >= n && memcmp(p, word, n) == 0 ? p + n : NULL;
}

static const char *skip_number(const char *p, const char *end)
{
    const char *from = p;
    bool digits = false;
    for (; p < end && strchr("+-.0123456789eE", *p) && *p; p++)
        digits |= *p >= '0' && *p <= '9';
    return digits && p - from < NUMBER_MAX ? p : NULL;
}

/* Past the value that begins at `p`; NULL: it is none. */
static const char *skip_value(const char *p, const char *end, int depth)
{
    if (p >= end || depth > DEEPEST)
        return NULL;
    switch (*p) {
    case '"':
        return skip_string(p, end);
    case 't':
        return skip_word(p, end, "true");
    case 'f':
        return skip_word(p, end, "false");
    case 'n':
        return skip_word(p, end, "null");
    case '{':
    case '[':
        break;
    default:
        return skip_number(p, end);
    }
    char close = *p == '{' ? '}' : ']';
    p = skip_space(p + 1, end);
    if (p < end && *p == close)
        return p + 1;
    while (p && p < end) {
        if (close == '}') {
            p = skip_string(p, end);
            p = p ? skip_space(p, end) : NULL;
            if (!p || p >= end || *p != ':')
                return NULL;
            p = skip_space(p + 1, end);
        }
        p = skip_value(p, end, depth + 1);
        p = p ? skip_space(p, end) : NULL;
        if (!p || p >= end || (*p != ',' && *p != close))
            return NULL;
        if (*p++ == close)
            return p;
        p = skip_space(p, end);
    }
    return NULL;
}

bool json_read(const char *text, size_t n, json_value *out)
{
    const char *end = text + n, *p = skip_space(text, end), *past = skip_value(p, end, 0);
    if (!past || skip_space(past, end) != end)
        return false;
    *out = (json_value){p, (size_t)(past - p)};
    return true;
}

static json_value member(json_value v, const char *key, size_t key_n)
{
    const char *end = v.p + v.n;
    if (v.n < 2 || *v.p != '{')
        return (json_value){NULL, 0};
    const char *p = skip_space(v.p + 1, end);
    while (p < end && *p == '"') {
        const char *name = p + 1, *past = skip_string(p, end);
        bool found = (size_t)(past - 1 - name) == key_n && memcmp(name, key, key_n) == 0;
        p = skip_space(skip_space(past, end) + 1, end);
        past = skip_value(p, end, 0);
        if (found)
            return (json_value){p, (size_t)(past - p)};
        p = skip_space(skip_space(past, end) + 1, end);
    }
    return (json_value){NULL, 0};
}

json_value json_at(json_value v, const char *path)
{
    while (v.n > 0 && *path) {
        size_t n = strcspn(path, ".");
        v = member(v, path, n);
        path += n;
        path += *path == '.';
    }
    return v;
}

bool json_each(json_value array, json_value *element)
{
    const char *end = array.p + array.n, *p;
    if (array.n < 2 || *array.p != '[')
        return false;
    if (element->n == 0) {
        p = skip_space(array.p + 1, end);
    } else {
        p = skip_space(element->p + element->n, end);
        if (*p != ',')
            return false;
        p = skip_space(p + 1, end);
    }
    if (*p == ']')
        return false;
    *element = (json_value){p, (size_t)(skip_value(p, end, 0) - p)};
    return true;
}

/* ---- what a value is ---- */

static bool number(json_value v, char text[NUMBER_MAX + 1])
{
    if (v.n == 0 || v.n > NUMBER_MAX || !(*v.p == '-' || (*v.p >= '0' && *v.p <= '9')))
        return false;
    memcpy(text, v.p, v.n);
    text[v.n] = 0;
    return true;
}

uint64_t json_as_uint(json_value v)
{
    char text[NUMBER_MAX + 1];
    return number(v, text) && *text != '-' ? strtoull(text, NULL, 10) : 0;
}

int64_t json_as_int(json_value v)
{
    char text[NUMBER_MAX + 1];
    return number(v, text) ? strtoll(text, NULL, 10) : 0;
}

double json_as_real(json_value v)
{
    char text[NUMBER_MAX + 1];
    double d = number(v, text) ? strtod(text, NULL) : 0;
    return isfinite(d) ? d : 0;
}

bool json_as_bool(json_value v)
{
    return v.n == 4 && *v.p == 't';
}

static unsigned hex4(const char *p)
{
    char text[5] = {p[0], p[1], p[2], p[3], 0};
    return (unsigned)strtoul(text, NULL, 16);
}

/* The character that an escape stands for, as bytes; `*p` is past it then. */
static size_t unescape(const char **p, const char *end, char out[4])
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    char kind = *(*p)++;
    const char *known = strchr(from, kind);
    if (known && kind) {
        out[0] = to[known - from];
        return 1;
    }
    if (kind != 'u') {
        out[0] = kind;
        return 1;
    }
    unsigned c = hex4(*p);
    *p += 4;
    if (c >= 0xD800 && c < 0xDC00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
        unsigned low = hex4(*p + 2);
        if (low >= 0xDC00 && low < 0xE000) {
            *p += 6;
            return alice_utf8_encode(0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00), out);
        }
    }
    if (c >= 0xDC80 && c <= 0xDCFF) { /* a byte that was no UTF-8 */
        out[0] = (char)(c & 0xFF);
        return 1;
    }
    return alice_utf8_encode(c >= 0xD800 && c < 0xE000 ? 0xFFFD : c, out);
}

char *json_as_text(json_value v, char *out, size_t size)
{
    size_t used = 0;
    if (v.n >= 2 && *v.p == '"') {
        const char *p = v.p + 1, *end = v.p + v.n - 1;
        while (p < end) {
            char c[4] = {*p++};
            size_t n = c[0] == '\\' ? unescape(&p, end, c) : 1;
            if (used + n >= size)
                break;
            memcpy(out + used, c, n);
            used += n;
        }
        /* Not the first half of a character. */
        if (p < end) {
            size_t back = used;
            while (back > 0 && ((unsigned char)out[back - 1] & 0xC0) == 0x80)
                back--;
            if (back > 0 && (unsigned char)out[back - 1] >= 0xC0)
                used = back - 1;
        }
    }
    out[used] = 0;
    return out;
}
