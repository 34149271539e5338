/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

size_t utf8_length(const unsigned char *p, size_t n)
{
    size_t len = *p < 0x80                 ? 1
                 : *p >= 0xF0 && *p < 0xF5 ? 4
                 : *p >= 0xE0 && *p < 0xF0 ? 3
                 : *p >= 0xC2 && *p < 0xE0 ? 2
                                           : 0;
    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    /* Not shortest, a surrogate, beyond the last. */
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] >= 0xA0) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] >= 0x90))
        return 0;
    return len;
}

/* Controls, also those of two bytes (0x9B begins an escape sequence), and what turns lines
 * around. */
static bool steers(const unsigned char *p, size_t len)
{
    if (len == 1)
        return *p < 0x20 || *p == 0x7F;
    if (len == 2)
        return p[0] == 0xC2 && p[1] < 0xA0;
    if (len != 3 || p[0] != 0xE2)
        return false;
    return (p[1] == 0x80 && (p[2] == 0x8E || p[2] == 0x8F || (p[2] >= 0xA8 && p[2] <= 0xAE))) ||
           (p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9);
}

void put_safe(FILE *to, const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    while (n > 0) {
        size_t len = utf8_length(p, n);
        if (len == 0 || steers(p, len))
            fputc('?', to);
        else
            fwrite(p, 1, len, to);
        p += len ? len : 1;
        n -= len ? len : 1;
    }
}

void put_safe_text(FILE *to, const char *text)
{
    put_safe(to, text, strlen(text));
}
