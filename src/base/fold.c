/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text.h"

static uint32_t fold_character(uint32_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c + 32;
    if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3AB) ||
        (c >= 0x410 && c <= 0x42F))
        return c + 32;
    if (c >= 0x400 && c <= 0x40F)
        return c + 80;
    /* Latin Extended-A and the rest of Cyrillic come in pairs, capital first. */
    if ((c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177) ||
        (c >= 0x460 && c <= 0x481) || (c >= 0x48A && c <= 0x4BF) ||
        (c >= 0x4D0 && c <= 0x52F) || (c >= 0x1E00 && c <= 0x1EFF))
        return c | 1;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
        return c & 1 ? c + 1 : c;
    return c;
}

void alice__fold_case(const char *name, char *out, size_t size)
{
    size_t n = strlen(name), used = 0;
    while (n > 0) {
        uint32_t c = 0;
        char bytes[4];
        if (!(*name & 0x80)) { /* most are */
            if (used + 2 > size)
                break;
            out[used++] = alice__lower(*name++);
            n--;
            continue;
        }
        size_t len = alice_utf8_decode(name, n, &c), step = len ? len : 1, made = 1;
        if (len)
            made = alice_utf8_encode(fold_character(c), bytes);
        else
            bytes[0] = *name;
        if (used + made + 1 > size)
            break;
        memcpy(out + used, bytes, made);
        used += made;
        name += step;
        n -= step;
    }
    out[used] = 0;
}
