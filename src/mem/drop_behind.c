/* SPDX-License-Identifier: MIT */
/* Leaving the page cache as it was: see the header. */
#include "mem/drop_behind.h"

#include "port/file_read.h"

/* Well above the kernel's read-ahead, well below what a small machine can spare. */
#define WINDOW (UINT64_C(4) * 1024 * 1024)

static bool cached(const alice__drop_behind *d, uint64_t offset)
{
    if (offset >= d->size)
        return true;
    uint64_t left = d->size - offset;
    return alice__file_cached(d->fd, offset, left < WINDOW ? left : WINDOW);
}

static void drop(alice__drop_behind *d, uint64_t end)
{
    if (!d->keep && end > d->begin) {
        alice__file_drop(d->fd, d->begin, end - d->begin);
        d->dropped += end - d->begin;
    }
}

void alice__drop_behind_reading(alice__drop_behind *d, uint64_t offset, uint64_t n)
{
    if (!d->on)
        return;
    if (!d->started) {
        d->begin = offset;
        d->keep = cached(d, offset);
        d->keep_next = cached(d, offset + WINDOW);
        d->started = true;
    }
    while (offset - d->begin >= WINDOW) {
        drop(d, d->begin + WINDOW);
        d->begin += WINDOW;
        d->keep = d->keep_next;
        d->keep_next = cached(d, d->begin + WINDOW);
    }
    if (!d->keep) /* what comes after this read is fetched while the caller works on it */
        alice__file_ahead(d->fd, offset + n, n);
}

void alice__drop_behind_end(alice__drop_behind *d, uint64_t offset)
{
    if (!d->on || !d->started)
        return;
    drop(d, offset);
    d->started = false;
}
