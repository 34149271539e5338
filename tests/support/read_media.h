/* SPDX-License-Identifier: MIT */
#ifndef ALICE_TESTS_READ_MEDIA_H
#define ALICE_TESTS_READ_MEDIA_H

/* Reading bytes in memory with one format, as the analyzer would, with a head of any size. */

#include "test.h"

#include "media/blocks/blocks.h"
#include "media/evidence/evidence.h"
#include "media/formats/format.h"

enum { READING_NOW = 1767225600 }; /* 2026-01-01 */

typedef struct reading {
    alice_media_info info;
    alice__facts facts;
    alice_status status;
    unsigned fetches; /* calls that would be reads of the disk */
    char arena[16384];
    uint8_t scratch[ALICE__SCRATCH];
    const uint8_t *p;
    size_t n;
} reading;

static inline alice_status reading_fetch(void *ctx, uint64_t offset, void *to, size_t n,
                                         size_t *got)
{
    reading *r = ctx;
    r->fetches++;
    *got = offset < r->n ? r->n - (size_t)offset : 0;
    if (*got > n)
        *got = n;
    if (*got)
        memcpy(to, r->p + offset, *got);
    return ALICE_OK;
}

/* Sniff and read. What is not of this format ends in ALICE_MEDIA_NONE and ALICE_E_UNSUPPORTED.
 */
static inline void read_media_in(reading *r, const alice_env *env, const alice__format *format,
                                 const uint8_t *p, size_t n, size_t head)
{
    alice__input in = {
        .size = n, .head = {p, n < head ? n : head}, .fetch = reading_fetch, .ctx = r};
    in.work = &r->facts.work;
    alice__parse parse = {.scratch = r->scratch, .in = &in, .facts = &r->facts};
    if (env)
        parse.env = *env;
    alice__facts_begin(&r->facts, &r->info, r->arena, sizeof r->arena, READING_NOW);
    r->p = p;
    r->n = n;
    r->fetches = 0;
    r->status = ALICE_E_UNSUPPORTED;
    r->info.type = format->sniff(in.head, n);
    if (r->info.type != ALICE_MEDIA_NONE)
        r->status = format->read(&parse);
    alice__facts_end(&r->facts);
}

static inline void read_media(reading *r, const alice__format *format, const uint8_t *p,
                              size_t n, size_t head)
{
    read_media_in(r, NULL, format, p, n, head);
}

/*
 * A media file in memory, in an exact copy, cut at every length: it must end in a
 * value or a named error. For the sanitizers.
 */
static inline void read_cut(reading *r, const alice__format *format, const uint8_t *p, size_t n)
{
    for (size_t cut = 0; cut<n; cut += n> 8192 ? n / 4096 : 1) {
        uint8_t *copy = malloc(cut ? cut : 1);
        assert_non_null(copy);
        memcpy(copy, p, cut);
        read_media(r, format, copy, cut, cut % 3 ? cut : cut / 2);
        free(copy);
        assert_true(r->status == ALICE_OK || r->status == ALICE_E_DAMAGED ||
                    r->status == ALICE_E_UNSUPPORTED || r->status == ALICE_E_END);
    }
}

#define assert_fact(r, which, want)                                                        \
    do {                                                                                   \
        alice_text text_ = (r)->info.fact[which];                                          \
        const char *want_ = (want);                                                        \
        if (text_.n != strlen(want_) || (text_.n && memcmp(text_.p, want_, text_.n) != 0)) \
            fail_msg("%s is \"%.*s\" instead of \"%s\"", #which, (int)text_.n,             \
                     text_.p ? text_.p : "", want_);                                       \
    } while (0)

/* The date of a source as "2024-03-15 10:20:30"; a zone is appended in minutes. */
#define assert_date(r, source, want)                                                           \
    do {                                                                                       \
        const alice_date_candidate *c_ = &(r)->info.dates[source];                             \
        char have_[64];                                                                        \
        int n_ = snprintf(have_, sizeof have_, "%04d-%02u-%02u %02u:%02u:%02u", c_->date.year, \
                          c_->date.month, c_->date.day, c_->date.hour, c_->date.minute,        \
                          c_->date.second);                                                    \
        if (c_->date.has_zone)                                                                 \
            snprintf(have_ + n_, sizeof have_ - (size_t)n_, " %+d", c_->date.zone_minutes);    \
        assert_string_equal(have_, want);                                                      \
    } while (0)

#endif
