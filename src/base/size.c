/* SPDX-License-Identifier: MIT */
/* Sizes for people, and back: see also alice_parse_size() of config.h. */
#include "base/size.h"

#include <alice/config.h>

#include <stdio.h>

char *alice__size_text(uint64_t bytes, char buf[ALICE__SIZE_TEXT])
{
    static const char units[][3] = {"KB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes < 1024) {
        snprintf(buf, ALICE__SIZE_TEXT, "%u byte%s", (unsigned)bytes, bytes == 1 ? "" : "s");
        return buf;
    }
    size_t unit = 0;
    double value = (double)bytes / 1024;
    while (value >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1024;
        unit++;
    }
    double tenth = (double)(uint64_t)(value * 10 + 0.5) / 10;
    int decimals = tenth > (double)(uint64_t)tenth ? 1 : 0;
    snprintf(buf, ALICE__SIZE_TEXT, "%.*f %s", decimals, tenth, units[unit]);
    return buf;
}

/* The power of 1024 that a unit means: "", "M", "mb", "MiB"; -1: not a unit. */
static int unit_power(const char *unit)
{
    int power;
    switch (*unit) {
    case 0:
        return 2; /* a plain number counts MB */
    case 'b':
    case 'B':
        return unit[1] ? -1 : 0;
    case 'k':
    case 'K':
        power = 1;
        break;
    case 'm':
    case 'M':
        power = 2;
        break;
    case 'g':
    case 'G':
        power = 3;
        break;
    case 't':
    case 'T':
        power = 4;
        break;
    default:
        return -1;
    }
    unit++;
    if (*unit == 'i')
        unit++;
    if (*unit == 'b' || *unit == 'B')
        unit++;
    return *unit ? -1 : power;
}

/*
 * Decimal by hand rather than by strtod, which follows the locale and reads
 * "inf", "0x10" and "1e9".
 */
alice_status alice_parse_size(const char *text, uint64_t *bytes)
{
    if (!text || !bytes)
        return ALICE_E_INVAL;
    while (*text == ' ')
        text++;
    const char *first = text;
    uint64_t whole = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (whole > (UINT64_MAX - 9) / 10)
            return ALICE_E_INVAL;
        whole = whole * 10 + (uint64_t)(*text - '0');
    }
    if (text == first)
        return ALICE_E_INVAL;
    double fraction = 0;
    if (*text == '.') {
        double weight = 0.1;
        if (text[1] < '0' || text[1] > '9')
            return ALICE_E_INVAL;
        for (text++; *text >= '0' && *text <= '9'; text++, weight /= 10)
            fraction += weight * (double)(*text - '0');
    }
    while (*text == ' ')
        text++;
    int power = unit_power(text);
    if (power < 0)
        return ALICE_E_INVAL;
    uint64_t scale = (uint64_t)1 << (10 * power);
    if (whole >= UINT64_MAX / scale)
        return ALICE_E_INVAL;
    *bytes = whole * scale + (uint64_t)(fraction * (double)scale + 0.5);
    return ALICE_OK;
}
