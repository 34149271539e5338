/* SPDX-License-Identifier: MIT */
/* Leaving the page cache as it was: see the header. */
#include "mem/drop_behind.h"

#include "port/file_read.h"

#define MB (UINT64_C(1024) * 1024)
#define WINDOW (4 * MB) /* well below what a small machine can spare */
#define AHEAD MB        /* on its way while the caller works on what it has */

static bool cached(const alice__drop_behind *d, uint64_t begin, uint64_t end)
{
    if (begin >= d->size)
        return true;
    return alice__file_cached(d->fd, begin, (end < d->size ? end : d->size) - begin);
}

static void drop(alice__drop_behind *d, uint64_t end)
{
    if (!d->keep && end > d->begin) {
        alice__file_drop(d->fd, d->begin, end - d->begin);
        d->dropped += end - d->begin;
    }
}

/* The next window is the current one, and the one after it is looked at. */
static void turn(alice__drop_behind *d)
{
    d->begin = d->end;
    d->keep = d->keep_next;
    d->end = d->next_end;
    d->next_end += WINDOW;
    d->keep_next = cached(d, d->end, d->next_end);
}

void alice__drop_behind_begin(alice__drop_behind *d)
{
    if (d->on)
        alice__file_read_ahead(d->fd, ALICE__READ_AHEAD_OFF);
    else
        alice__file_read_ahead(d->fd, ALICE__READ_AHEAD_MORE);
}

void alice__drop_behind_reading(alice__drop_behind *d, uint64_t offset, uint64_t n)
{
    if (!d->on || offset >= d->size)
        return;
    /* No sum of them wraps: a file's size is an off_t. */
    uint64_t soon = (n < d->size - offset ? offset + n : d->size) + AHEAD;
    if (!d->started) {
        d->end = d->asked = offset;
        d->next_end = offset + WINDOW;
        d->keep_next = cached(d, d->end, d->next_end);
        turn(d);
        d->started = true;
    }
    while (offset >= d->end) {
        drop(d, d->end);
        turn(d);
    }
    if (soon > d->next_end) { /* a read of more than a window */
        d->keep_next = cached(d, d->next_end, soon) && d->keep_next;
        d->next_end = soon;
    }
    if (d->asked < offset)
        d->asked = offset;
    if (!d->keep && d->asked < soon - AHEAD / 2) {
        alice__file_ahead(d->fd, d->asked, soon - d->asked);
        d->asked = soon;
    }
}

void alice__drop_behind_end(alice__drop_behind *d)
{
    if (!d->on || !d->started)
        return;
    uint64_t asked = d->asked < d->size ? d->asked : d->size;
    drop(d, asked < d->end ? asked : d->end);
    if (asked > d->end) {
        turn(d);
        drop(d, asked);
    }
    d->started = false;
}

void alice__drop_behind_close(alice__drop_behind *d)
{
    alice__drop_behind_end(d);
    alice__file_read_ahead(d->fd, ALICE__READ_AHEAD_USUAL);
}
