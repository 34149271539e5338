/* SPDX-License-Identifier: MIT */
/*
 * IPTC-IIM datasets and the Photoshop resources that carry them.
 *
 *     8BIM id name size [ 1C record dataset length value … ] 8BIM …
 */
#include "media/blocks/blocks.h"
#include "media/evidence/evidence.h"

#include <string.h>

enum { RESOURCE_IPTC = 0x0404, NAME_MOST = 20 };

typedef struct iptc_date {
    char day[NAME_MOST], time[NAME_MOST];
    size_t day_n, time_n;
} iptc_date;

static void keep(char to[NAME_MOST], size_t *n, const uint8_t *p, size_t size)
{
    if (*n > 0)
        return;
    *n = size < NAME_MOST ? size : NAME_MOST;
    memcpy(to, p, *n);
}

static bool digits(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < '0' || p[i] > '9')
            return false;
    return true;
}

/* "YYYYMMDD" and "HHMMSS±HHMM" stand apart; together they are one date. */
static void add_date(alice__facts *f, const iptc_date *d)
{
    char text[40];
    size_t n = d->day_n;
    if (n == 0)
        return;
    memcpy(text, d->day, n);
    if (n == 8 && digits(d->day, 8) && d->time_n >= 6 && digits(d->time, 6)) {
        const char *t = d->time;
        text[n++] = 'T';
        for (int i = 0; i < 3; i++) {
            if (i > 0)
                text[n++] = ':';
            text[n++] = t[2 * i];
            text[n++] = t[2 * i + 1];
        }
        if (d->time_n >= 11 && (t[6] == '+' || t[6] == '-') && digits(t + 7, 4)) {
            memcpy(text + n, t + 6, 3);
            text[n + 3] = ':';
            memcpy(text + n + 4, t + 9, 2);
            n += 6;
        }
        memmove(text + 10, text + 8, n - 8); /* and the day like the time: with its signs */
        memcpy(text + 8, text + 6, 2);
        text[7] = '-';
        memmove(text + 5, text + 4, 2);
        text[4] = '-';
        n += 2;
    }
    alice__facts_date_text(f, ALICE_DATE_IPTC_CREATED, text, n);
}

static void see_dataset(alice__facts *f, iptc_date *d, unsigned dataset, const uint8_t *p,
                        size_t n)
{
    static const struct {
        uint8_t dataset;
        const char *key;
    } texts[] = {
        {5, "ObjectName"}, {40, "SpecialInstructions"}, {65, "OriginatingProgram"},
        {80, "By-line"},   {105, "Headline"},           {110, "Credit"},
        {115, "Source"},   {116, "CopyrightNotice"},    {120, "Caption"},
    };
    if (dataset == 55)
        keep(d->day, &d->day_n, p, n);
    if (dataset == 60)
        keep(d->time, &d->time_n, p, n);
    if (dataset == 65)
        alice__facts_text(f, ALICE_FACT_SOFTWARE, ALICE__RANK_TEXT, "iptc:OriginatingProgram",
                          (const char *)p, n);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].dataset == dataset)
            alice__evidence_text(f, ALICE__IN_IPTC, texts[i].key, (const char *)p, n);
}

void alice__iptc_block(alice__facts *f, alice_bytes block)
{
    alice__cur c = alice__cur_of(block.p, block.n);
    iptc_date date = {.day_n = 0};
    if (!alice__work_on(&f->work, ALICE__WORK_IPTC, block.n))
        return;
    while (!c.bad && c.left >= 5 && alice__work_on(&f->work, ALICE__WORK_ENTRIES, 1)) {
        if (alice__cur_u8(&c) != 0x1c)
            break; /* padding, or damage */
        unsigned record = alice__cur_u8(&c), dataset = alice__cur_u8(&c);
        size_t n = alice__cur_be16(&c);
        if (n & 0x8000) { /* the length has a length */
            size_t bytes = n & 0x7fff;
            if (bytes > 4)
                break;
            for (n = 0; bytes > 0; bytes--)
                n = n << 8 | alice__cur_u8(&c);
        }
        const uint8_t *p = alice__cur_take(&c, n);
        if (p && n > 0 && record == 2)
            see_dataset(f, &date, dataset, p, n);
    }
    add_date(f, &date);
}

bool alice__photoshop_signs(const uint8_t *p)
{
    /* Adobe's, and those of programs that wrote before it was told: ImageReady, PhotoDeluxe …
     */
    static const char signs[][5] = {"8BIM", "MeSa", "PHUT", "AgHg", "DCSR"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (memcmp(p, signs[i], 4) == 0)
            return true;
    return false;
}

void alice__photoshop_block(alice__facts *f, alice_bytes block)
{
    alice__cur c = alice__cur_of(block.p, block.n);
    while (!c.bad && c.left >= 12 && alice__work_on(&f->work, ALICE__WORK_ENTRIES, 1)) {
        if (!alice__photoshop_signs(alice__cur_take(&c, 4)))
            break;
        unsigned id = alice__cur_be16(&c);
        size_t name = alice__cur_u8(&c);
        alice__cur_skip(&c, name + (name + 1) % 2); /* with its length, even */
        size_t n = alice__cur_be32(&c);
        if (c.bad)
            break;
        if (id == RESOURCE_IPTC)
            alice__iptc_block(f, (alice_bytes){c.p, n < c.left ? n : c.left});
        alice__cur_skip(&c, n);
        if (n % 2 && c.left > 0)
            alice__cur_skip(&c, 1);
    }
}
