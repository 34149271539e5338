/* SPDX-License-Identifier: MIT */
/*
 * Names that do not fit the block: the scratch file, sorted runs in it, their merging and their
 * reading. See sorted_names.c for when.
 */
#include "base/check.h"
#include "organize/sorted_names_int.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "port/fs.h"

enum { PAGE_MIN = 40 * 1024 }; /* some hundred names of 255 bytes, and their index */

_Static_assert((int)ALICE__NAMES_BUFFER >= (int)ALICE__NAME_LONGEST + 3,
               "a buffer holds any record");

/* ---- the scratch file ---- */

alice_status alice__names_scratch_failed(const alice__names *n, int r, alice_error *error)
{
    return alice__fail(error, alice__status_of_errno(-r), -r,
                       "more names than fit %zu KB, and %s cannot take them: %s",
                       n->limit / 1024, n->scratch_dir, strerror(-r));
}

alice_status alice__names_scratch_write(alice__names *n, const void *p, size_t size,
                                        alice_error *error)
{
    int r = 0;
    if (n->scratch < 0)
        r = alice__fs_scratch(n->scratch_dir, &n->scratch);
    if (!r)
        r = alice__fs_write_at(n->scratch, n->file_end, p, size);
    if (r)
        return alice__names_scratch_failed(n, r, error);
    n->file_end += size;
    return ALICE_OK;
}

/* On failure it stays longer on the disk than it need be, no more: what comes next is written
 * at file_end, and nothing behind that is read. */
void alice__names_scratch_cut(alice__names *n, uint64_t end)
{
    if (n->scratch >= 0 && end < n->file_end)
        (void)alice__fs_truncate(n->scratch, end); /* nothing behind file_end is read */
    n->file_end = end;
}

/* ---- runs ---- */

static alice_status take_run_tables(alice__names *n, alice_error *error)
{
    void *p = NULL;
    if (!n->runs) {
        alice_status st =
            alice_env_alloc(&n->env, ALICE__NAMES_RUNS * sizeof *n->runs, ALICE_HERE, &p);
        if (st != ALICE_OK)
            return alice__fail(error, st, 0, "no memory to sort names on disk");
        n->runs = p;
    }
    if (!n->readers) {
        alice_status st =
            alice_env_calloc(&n->env, ALICE__NAMES_FAN, sizeof *n->readers, ALICE_HERE, &p);
        if (st != ALICE_OK)
            return alice__fail(error, st, 0, "no memory to sort names on disk");
        n->readers = p;
    }
    return ALICE_OK;
}

alice_status alice__names_advance(alice__names *n, alice__names_reader *r, alice_error *error)
{
    size_t rest = r->fill - r->pos;
    const char *end = memchr(r->buf + r->pos, 0, rest);
    if ((!end || (size_t)(end - (r->buf + r->pos)) + 2 > rest) && r->at < r->end) {
        memmove(r->buf, r->buf + r->pos, rest);
        size_t want = r->size - rest, got = 0;
        if (want > r->end - r->at)
            want = (size_t)(r->end - r->at);
        int e = alice__fs_read_at(n->scratch, r->at, r->buf + rest, want, &got);
        if (!e && got < want)
            e = -EIO; /* the file is shorter than what was written to it */
        if (e)
            return alice__names_scratch_failed(n, e, error);
        r->pos = 0;
        r->fill = rest + got;
        r->at += got;
    }
    if (r->pos == r->fill) {
        r->record = NULL;
        return ALICE_OK;
    }
    r->record = r->buf + r->pos;
    r->pos += alice__record_length(r->record);
    return ALICE_OK;
}

alice_status alice__names_start(alice__names *n, size_t from, size_t count, alice_error *error)
{
    size_t each = (n->size - from) / count;
    n->reader_count = count;
    for (size_t i = 0; i < count; i++) {
        const alice__names_run *u = &n->runs[n->run_count - count + i];
        n->readers[i] = (alice__names_reader){
            .at = u->at, .end = u->end, .buf = n->block + from + i * each, .size = each};
        alice_status st = alice__names_advance(n, &n->readers[i], error);
        if (st != ALICE_OK)
            return st;
    }
    return ALICE_OK;
}

alice__names_reader *alice__names_least(alice__names *n)
{
    alice__names_reader *least = NULL;
    for (size_t i = 0; i < n->reader_count; i++) {
        alice__names_reader *r = &n->readers[i];
        if (r->record && (!least || strcmp(r->record, least->record) < 0))
            least = r;
    }
    return least;
}

size_t alice__names_page_bytes(const alice__names *n)
{
    return n->size / 4 > PAGE_MIN ? n->size / 4 : PAGE_MIN;
}

size_t alice__names_fan(const alice__names *n)
{
    size_t some = (n->size - alice__names_page_bytes(n)) / ALICE__NAMES_BUFFER;
    return some < ALICE__NAMES_FAN ? some : ALICE__NAMES_FAN;
}

alice_status alice__names_merge(alice__names *n, size_t count, alice_error *error)
{
    size_t cap = alice__names_page_bytes(n), fill = 0;
    alice__names_run merged = {.at = n->file_end,
                               .rank = n->runs[n->run_count - count].rank + 1};
    alice_status st = alice__names_start(n, cap, count, error);
    while (st == ALICE_OK) {
        alice__names_reader *r = alice__names_least(n);
        size_t length = r ? alice__record_length(r->record) : 0;
        if (fill > 0 && (!r || fill + length > cap)) {
            st = alice__names_scratch_write(n, n->block, fill, error);
            fill = 0;
            if (st != ALICE_OK)
                break;
        }
        if (!r)
            break;
        memcpy(n->block + fill, r->record, length);
        fill += length;
        st = alice__names_advance(n, r, error);
    }
    if (st != ALICE_OK)
        return st;
    merged.end = n->file_end;
    n->run_count -= count;
    alice__fs_punch(n->scratch, n->runs[n->run_count].at, merged.at - n->runs[n->run_count].at);
    n->runs[n->run_count++] = merged;
    return ALICE_OK;
}

/*
 * Runs of equal rank are merged as soon as
 * they are `fan`, so that of each rank fewer than that are known; one in
 * ALICE__NAMES_RUNS would need more names than there are bytes in a file system.
 */
alice_status alice__names_add_run(alice__names *n, alice_error *error)
{
    alice_status st = take_run_tables(n, error);
    if (st != ALICE_OK)
        return st;
    ALICE__CHECKED(n->base == 0 && n->run_count < ALICE__NAMES_RUNS);
    alice__names_sort_block(n);

    char slice[ALICE__NAMES_BUFFER];
    size_t fill = 0;
    alice__names_run new_run = {.at = n->file_end};
    const uint32_t *v = alice__names_index(n);
    for (size_t i = 0; i < n->count; i++) {
        const char *record = n->block + v[i];
        size_t length = alice__record_length(record);
        if (fill + length > sizeof slice) {
            st = alice__names_scratch_write(n, slice, fill, error);
            if (st != ALICE_OK)
                return st;
            fill = 0;
        }
        memcpy(slice + fill, record, length);
        fill += length;
    }
    st = alice__names_scratch_write(n, slice, fill, error);
    if (st != ALICE_OK)
        return st;
    new_run.end = n->file_end;
    n->runs[n->run_count++] = new_run;
    n->spilled += n->count;
    n->count = 0;
    n->used = 0;

    for (;;) {
        size_t same = 0;
        unsigned rank = n->runs[n->run_count - 1].rank;
        while (same < n->run_count && n->runs[n->run_count - 1 - same].rank == rank)
            same++;
        if (same < alice__names_fan(n))
            return ALICE_OK;
        st = alice__names_merge(n, same, error);
        if (st != ALICE_OK)
            return st;
    }
}
