/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <stdint.h>
#include <string.h>

#include <alice/text.h>

/* Controls, also those of two bytes (0x9B begins an escape sequence), and what turns lines
 * around. */
bool steers_terminal(const char *character, size_t len)
{
    const unsigned char *p = (const unsigned char *)character;
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
    while (n > 0) {
        size_t len = alice_utf8_decode(text, n, NULL);
        if (len == 0 || steers_terminal(text, len))
            fputc('?', to);
        else
            fwrite(text, 1, len, to);
        text += len ? len : 1;
        n -= len ? len : 1;
    }
}

void put_safe_text(FILE *to, const char *text)
{
    put_safe(to, text, strlen(text));
}

void put_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    }
    putchar('\'');
}
