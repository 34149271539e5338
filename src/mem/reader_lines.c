/* SPDX-License-Identifier: MIT */
/*
 * Lines out of the reader's buffer. A line end is looked for once: what was passed over
 * is `scanned`. A line that is longer than the buffer makes it grow; one that is longer
 * than is allowed is handed out in parts, or told and passed over.
 */
#include "mem/reader_int.h"

#include <alice/env.h>

#include <inttypes.h>

#include "base/error.h"
#include "base/newlines.h"

enum { NEAR = 4 * 1024 };

/* Room for a longer line. False: that is as much as there may be. */
static bool grow(alice_reader *r)
{
    size_t limit = r->o.max_line_bytes;
    size_t most =
        limit == 0 || limit > SIZE_MAX / 2 ? SIZE_MAX / 2 : limit + 2; /* its "\r\n" */
    if (r->cap >= most)
        return false;
    size_t cap = r->cap > most / 2 ? most : r->cap * 2;
    void *p = r->buffer;
    if (alice_env_resize(&r->o.env, &p, r->cap, cap, ALICE_HERE) != ALICE_OK)
        return false;
    r->buffer = p;
    r->cap = cap;
    return true;
}

/* Hand out `text_bytes` and take `n`. */
static void give_line(alice_reader *r, size_t text_bytes, size_t n, bool more, bool ended,
                      alice_line *line)
{
    if (!r->in_line)
        r->line++;
    *line = (alice_line){.text = {.p = (const char *)r->buffer + r->begin, .n = text_bytes},
                         .number = r->line,
                         .offset = r->at,
                         .more = more,
                         .ended = ended};
    r->in_line = more;
    r->lines += !more;
    take(r, n);
}

/* A line that is too long, of which `have` bytes are held and no more can be. */
static alice_status too_long(alice_reader *r, size_t have, alice_line *line, alice_error *error)
{
    size_t limit = r->o.max_line_bytes;
    if (limit == 0 || limit > have)
        limit = have;
    if (r->o.long_lines == ALICE_LINE_PARTS) {
        /* A "\r" may belong to the line's end: it is kept for the next part. */
        if (limit > 1 && r->buffer[r->begin + limit - 1] == '\r')
            limit--;
        give_line(r, limit, limit, true, false, line);
        return ALICE_OK;
    }
    r->line++;
    r->skipping = true;
    return alice__fail(error, ALICE_E_TOOBIG, 0,
                       "line %" PRIu64 ", which begins at byte %" PRIu64
                       ", is longer than %zu bytes, %s",
                       r->line, r->at, limit,
                       limit == r->o.max_line_bytes ? "the most that is allowed"
                                                    : "the most that memory allows");
}

/* Pass over the rest of a line that was too long. */
static void skip_line(alice_reader *r)
{
    while (r->skipping) {
        if (held(r) == 0 && r->over == ALICE_OK)
            alice__reader_read_more(r);
        if (held(r) == 0)
            r->skipping = false;
        const uint8_t *p = r->buffer + r->begin;
        const uint8_t *nl = held(r) ? memchr(p, '\n', held(r)) : NULL;
        if (nl)
            r->skipping = false;
        take(r, nl ? (size_t)(nl - p) + 1 : held(r));
    }
}

/* The line end within what is held, reading as long as it is not there; NULL: there is none. */
static const uint8_t *find_line_end(alice_reader *r, bool *full)
{
    *full = false;
    for (;;) {
        const uint8_t *p = r->buffer + r->begin;
        if (held(r) > r->scanned) {
            const uint8_t *nl = memchr(p + r->scanned, '\n', held(r) - r->scanned);
            if (nl)
                return nl;
            r->scanned = held(r);
        }
        if (r->over != ALICE_OK)
            return NULL;
        if (r->o.max_line_bytes && held(r) > r->o.max_line_bytes + 1) {
            *full = true;
            return NULL;
        }
        if (r->end == r->cap || held(r) < NEAR) {
            /* Little is left of the lines before: to the front with it, so that what is
               read next lands where the processor's cache still holds the buffer. */
            compact(r);
            if (r->end == r->cap && !grow(r)) {
                *full = true;
                return NULL;
            }
        }
        alice__reader_read_more(r);
    }
}

static alice_status next_line(alice_reader *r, alice_line *line, alice_error *error)
{
    bool full;
    take_back(r);
    if (r->skipping)
        skip_line(r);
    if (r->cap > r->o.chunk_bytes)
        alice__reader_shrink(r);
    const uint8_t *nl = find_line_end(r, &full);
    const uint8_t *p = r->buffer + r->begin;
    size_t n = nl ? (size_t)(nl - p) : held(r);
    size_t text = nl && n > 0 && p[n - 1] == '\r' ? n - 1 : n;
    if (full || (r->o.max_line_bytes && text > r->o.max_line_bytes))
        return too_long(r, n, line, error);
    if (!nl && n == 0 && !r->in_line)
        return alice__reader_over(r, error);
    give_line(r, text, n + (nl != NULL), false, nl != NULL, line);
    return ALICE_OK;
}

alice_status alice_reader_next_line(alice_reader *r, alice_line *line, alice_error *error)
{
    return r && line ? next_line(r, line, error) : ALICE_E_INVAL;
}

/*
 * Hand out the whole lines that are held, found 64 bytes at a time. Stops before what
 * is not plain: a line that is too long, the last bytes of the buffer.
 */
static alice_status plain_lines(alice_reader *r, alice_line_fn fn, void *ctx)
{
    const uint8_t *b = r->buffer;
    size_t limit = r->o.max_line_bytes ? r->o.max_line_bytes : SIZE_MAX;
    size_t start = r->begin, i = start + r->scanned;
    uint64_t base = r->at - r->begin;
    alice_line line = {.number = r->line, .ended = true};
    alice_status st = ALICE_OK;

    for (; i + 64 <= r->end && st == ALICE_OK; i += 64) {
        for (uint64_t mask = alice__newlines64(b + i); mask; mask &= mask - 1) {
            size_t nl = i + (size_t)__builtin_ctzll(mask);
            size_t n = nl > start && b[nl - 1] == '\r' ? nl - 1 - start : nl - start;
            if (n > limit)
                goto out;
            line.text = (alice_text){.p = (const char *)b + start, .n = n};
            line.offset = base + start;
            line.number++;
            start = nl + 1;
            st = fn(ctx, &line);
            if (st != ALICE_OK)
                goto out;
        }
    }
out:
    r->lines += line.number - r->line;
    r->line = line.number;
    take(r, start - r->begin);
    if (r->end > start &&
        i > start) /* the place where it stopped may not have been looked at */
        r->scanned = st == ALICE_OK && i + 64 > r->end ? i - start : 0;
    return st;
}

alice_status alice_reader_read_lines(alice_reader *r, alice_line_fn fn, void *ctx,
                                     alice_error *error)
{
    alice_line line;
    alice_status st;
    if (!r || !fn)
        return ALICE_E_INVAL;
    for (;;) {
        if (!r->in_line && !r->skipping && (st = plain_lines(r, fn, ctx)) != ALICE_OK)
            return st;
        st = next_line(r, &line, error);
        if (st != ALICE_OK)
            return st == ALICE_E_END ? ALICE_OK : st;
        st = fn(ctx, &line);
        if (st != ALICE_OK)
            return st;
    }
}
