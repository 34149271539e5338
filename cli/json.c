/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <inttypes.h>
#include <string.h>

#include <alice/text.h>

#include "terminal.h"

static void quote(FILE *to, const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + n;
    fputc('"', to);
    while (p < end) {
        if (*p >= 0x80) {
            /* A well-formed character passes, by its number where it steers a terminal; a byte
               that begins none is a lone surrogate. */
            uint32_t c = 0;
            size_t good = alice_utf8_decode((const char *)p, (size_t)(end - p), &c);
            if (good && steers_terminal((const char *)p, good))
                fprintf(to, "\\u%04x", (unsigned)c);
            else if (good)
                fwrite(p, 1, good, to);
            else
                fprintf(to, "\\udc%02x", *p);
            p += good ? good : 1;
            continue;
        }
        switch (*p) {
        case '"':
            fputs("\\\"", to);
            break;
        case '\\':
            fputs("\\\\", to);
            break;
        case '\n':
            fputs("\\n", to);
            break;
        case '\r':
            fputs("\\r", to);
            break;
        case '\t':
            fputs("\\t", to);
            break;
        default:
            if (*p < 0x20 || *p == 0x7F)
                fprintf(to, "\\u%04x", *p);
            else
                fputc(*p, to);
        }
        p++;
    }
    fputc('"', to);
}

static void begin(cli_json *j, const char *key)
{
    if (j->comma)
        fputc(',', j->to);
    if (j->pretty && j->depth > 0)
        fprintf(j->to, "\n%*s", j->depth * 2, "");
    else if (j->comma)
        fputc(' ', j->to);
    j->comma = true;
    if (key) {
        quote(j->to, key, strlen(key));
        fputs(": ", j->to);
    }
}

void json_open(cli_json *j, const char *key, char bracket)
{
    begin(j, key);
    fputc(bracket, j->to);
    j->comma = false;
    j->depth++;
}

void json_close(cli_json *j, char bracket)
{
    j->depth--;
    if (j->pretty && j->comma)
        fprintf(j->to, "\n%*s", j->depth * 2, "");
    fputc(bracket, j->to);
    j->comma = true;
}

void json_text_n(cli_json *j, const char *key, const char *text, size_t n)
{
    begin(j, key);
    quote(j->to, text, n);
}

void json_text(cli_json *j, const char *key, const char *text)
{
    json_text_n(j, key, text, strlen(text));
}

void json_lines(cli_json *j, const char *key, const char *lines)
{
    if (!*lines)
        return;
    json_open(j, key, '[');
    for (size_t n; *lines; lines += n + (lines[n] == '\n')) {
        n = strcspn(lines, "\n");
        json_text_n(j, NULL, lines, n);
    }
    json_close(j, ']');
}

void json_uint(cli_json *j, const char *key, uint64_t value)
{
    begin(j, key);
    fprintf(j->to, "%" PRIu64, value);
}

void json_int(cli_json *j, const char *key, int64_t value)
{
    begin(j, key);
    fprintf(j->to, "%" PRId64, value);
}

void json_real(cli_json *j, const char *key, double value, int decimals)
{
    begin(j, key);
    fprintf(j->to, "%.*f", decimals, value);
}

void json_bool(cli_json *j, const char *key, bool value)
{
    begin(j, key);
    fputs(value ? "true" : "false", j->to);
}

void json_end_line(cli_json *j)
{
    fputc('\n', j->to);
    j->comma = false;
}

void json_cache_members(cli_json *j, const alice_cache_stats *s)
{
    json_uint(j, "hits", s->hits);
    json_uint(j, "misses", s->misses);
    json_real(j, "hit_rate", s->hit_rate, 4);
    json_uint(j, "size_bytes", s->size_bytes);
    json_uint(j, "max_size_bytes", s->max_size_bytes);
    json_uint(j, "items", s->items);
    json_uint(j, "evictions", s->evictions);
}
