/* SPDX-License-Identifier: MIT */
#include "organize/disk_sort.h"

#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "port/fs.h"

enum {
    BLOCK = 1024 * 1024,
    LEAST_BLOCK = 64 * 1024,
    RUNS_MOST = 1024,   /* then some are merged into one */
    WINDOW_LEAST = 4096 /* of a run that is being read */
};

/* A sorted run in the scratch file, and the part of it that is in memory. */
typedef struct run {
    uint64_t at, end; /* what is not read yet */
    uint8_t *window;
    size_t pos, fill;
} run;

struct alice__disk_sort {
    alice_env env;
    int (*order)(const void *a, const void *b);
    const char *scratch_dir;
    size_t record, block_size, room; /* room: records that fit the block */
    uint8_t *block;
    size_t held; /* records in the block */
    size_t taken;
    int scratch;
    uint64_t file_end, count;
    run *runs;
    size_t run_count, merged; /* the first ones are merged of others */
    uint32_t *heap;           /* runs by their next record */
    size_t heap_count;
    size_t window; /* bytes of a run's window while merging */
    bool reading;
};

/* ---- in memory: heapsort, in place and the same for every input ---- */

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
    uint8_t t[ALICE__DISK_SORT_RECORD];
    memcpy(t, a, n);
    memcpy(a, b, n);
    memcpy(b, t, n);
}

static void sift(alice__disk_sort *s, size_t root, size_t count)
{
    uint8_t *p = s->block;
    const size_t n = s->record;
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && s->order(p + child * n, p + (child + 1) * n) < 0)
            child++;
        if (s->order(p + root * n, p + child * n) >= 0)
            return;
        swap(p + root * n, p + child * n, n);
    }
}

static void sort_block(alice__disk_sort *s)
{
    for (size_t i = s->held / 2; i-- > 0;)
        sift(s, i, s->held);
    for (size_t last = s->held; last-- > 1;) {
        swap(s->block, s->block + last * s->record, s->record);
        sift(s, 0, last);
    }
}

/* ---- runs ---- */

static alice_status scratch_failed(const alice__disk_sort *s, int r, alice_error *error)
{
    return alice__fail(error, alice__status_of_errno(-r), -r,
                       "what does not fit memory is sorted in %s, which cannot take it: %s",
                       s->scratch_dir, strerror(-r));
}

static alice_status append(alice__disk_sort *s, const void *p, size_t n, alice_error *error)
{
    int r = s->scratch < 0 ? alice__fs_scratch(s->scratch_dir, &s->scratch) : 0;
    if (!r)
        r = alice__fs_write_at(s->scratch, s->file_end, p, n);
    if (r)
        return scratch_failed(s, r, error);
    s->file_end += n;
    return ALICE_OK;
}

/* Read on where a window is empty; its run has more. */
static alice_status fill(alice__disk_sort *s, run *r, alice_error *error)
{
    size_t n = s->window, got = 0;
    if (r->end - r->at < n)
        n = (size_t)(r->end - r->at);
    int bad = alice__fs_read_at(s->scratch, r->at, r->window, n, &got);
    if (bad)
        return scratch_failed(s, bad, error);
    if (got != n)
        return alice__fail(error, ALICE_E_IO, 0, "the scratch file in %s was cut short",
                           s->scratch_dir);
    r->at += n;
    r->pos = 0;
    r->fill = n;
    return ALICE_OK;
}

static const uint8_t *head_of(const run *r)
{
    return r->window + r->pos;
}

static bool is_before(const alice__disk_sort *s, uint32_t a, uint32_t b)
{
    return s->order(head_of(&s->runs[a]), head_of(&s->runs[b])) < 0;
}

static void sink(alice__disk_sort *s, size_t root)
{
    uint32_t *h = s->heap;
    for (size_t child; (child = 2 * root + 1) < s->heap_count; root = child) {
        if (child + 1 < s->heap_count && is_before(s, h[child + 1], h[child]))
            child++;
        if (!is_before(s, h[child], h[root]))
            return;
        uint32_t t = h[root];
        h[root] = h[child];
        h[child] = t;
    }
}

/* Begin to merge the runs from `first` on; the block is divided into their windows. */
static alice_status begin_merge(alice__disk_sort *s, size_t first, size_t windows_size,
                                alice_error *error)
{
    size_t count = s->run_count - first;
    s->window = windows_size / count / s->record * s->record;
    ALICE__CHECKED(s->window >= s->record);
    s->heap_count = 0;
    for (size_t i = 0; i < count; i++) {
        run *r = &s->runs[first + i];
        r->window = s->block + i * s->window;
        alice_status st = fill(s, r, error);
        if (st != ALICE_OK)
            return st;
        s->heap[s->heap_count++] = (uint32_t)(first + i);
    }
    for (size_t i = s->heap_count / 2; i-- > 0;)
        sink(s, i);
    return ALICE_OK;
}

/* Past the first record of the heap, which head_of() gave. */
static alice_status step(alice__disk_sort *s, alice_error *error)
{
    run *r = &s->runs[s->heap[0]];
    r->pos += s->record;
    if (r->pos == r->fill) {
        if (r->at < r->end) {
            alice_status st = fill(s, r, error);
            if (st != ALICE_OK)
                return st;
        } else {
            s->heap[0] = s->heap[--s->heap_count];
        }
    }
    sink(s, 0);
    return ALICE_OK;
}

/* The table of runs is full: merge those that are not merged of others into one, so that each
   record is merged seldom. Its output goes through the end of the block. */
static alice_status merge_some(alice__disk_sort *s, alice_error *error)
{
    const size_t out_size = s->block_size / 4 / s->record * s->record;
    uint8_t *out = s->block + s->block_size - out_size;
    size_t first = s->merged < s->run_count / 2 ? s->merged : 0, used = 0;
    uint64_t began = s->file_end, from = s->runs[first].at;
    alice_status st = begin_merge(s, first, s->block_size - out_size, error);
    while (st == ALICE_OK && s->heap_count > 0) {
        memcpy(out + used, head_of(&s->runs[s->heap[0]]), s->record);
        used += s->record;
        st = step(s, error);
        if (st == ALICE_OK && (used == out_size || s->heap_count == 0)) {
            st = append(s, out, used, error);
            used = 0;
        }
    }
    if (st != ALICE_OK)
        return st;
    /* What was merged is not read again: its room on the disk is given back. */
    alice__fs_punch(s->scratch, from, began - from);
    s->runs[first] = (run){.at = began, .end = s->file_end};
    s->run_count = s->merged = first + 1;
    return ALICE_OK;
}

static alice_status take_tables(alice__disk_sort *s)
{
    if (s->runs)
        return ALICE_OK;
    alice_status st =
        alice_env_calloc(&s->env, RUNS_MOST, sizeof *s->runs, ALICE_HERE, (void **)&s->runs);
    if (st == ALICE_OK)
        st = alice_env_calloc(&s->env, RUNS_MOST, sizeof *s->heap, ALICE_HERE,
                              (void **)&s->heap);
    return st;
}

static size_t runs_most(const alice__disk_sort *s)
{
    size_t fit = s->block_size * 3 / 4 / WINDOW_LEAST;
    return fit < RUNS_MOST ? fit : RUNS_MOST;
}

static alice_status spill(alice__disk_sort *s, alice_error *error)
{
    uint64_t began = s->file_end;
    alice_status st = take_tables(s);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "there is no memory to sort in");
    sort_block(s);
    st = append(s, s->block, s->held * s->record, error);
    if (st != ALICE_OK)
        return st;
    s->runs[s->run_count++] = (run){.at = began, .end = s->file_end};
    s->held = 0;
    return s->run_count == runs_most(s) ? merge_some(s, error) : ALICE_OK;
}

/* ---- what the header promises ---- */

alice_status alice__disk_sort_open(alice__disk_sort **out, const alice__disk_sort_options *o,
                                   alice_error *error)
{
    alice__disk_sort *s = NULL;
    *out = NULL;
    ALICE__CHECKED(o->record_bytes > 0 && o->record_bytes <= ALICE__DISK_SORT_RECORD &&
                   o->order);
    size_t block = o->block_bytes ? o->block_bytes : BLOCK;
    block = block < LEAST_BLOCK ? LEAST_BLOCK : block;
    alice_status st = alice_env_calloc(&o->env, 1, sizeof *s, ALICE_HERE, (void **)&s);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "there is no memory to sort in");
    *s = (alice__disk_sort){.env = o->env,
                            .order = o->order,
                            .scratch_dir = o->scratch_dir ? o->scratch_dir : "/var/tmp",
                            .record = o->record_bytes,
                            .block_size = block,
                            .room = block / o->record_bytes,
                            .scratch = -1};
    st = alice_env_alloc(&s->env, block, ALICE_HERE, (void **)&s->block);
    if (st != ALICE_OK) {
        alice__disk_sort_close(&s);
        return alice__fail(error, st, 0, "there is no memory to sort in");
    }
    *out = s;
    return ALICE_OK;
}

void alice__disk_sort_close(alice__disk_sort **sort)
{
    alice__disk_sort *s = *sort;
    if (!s)
        return;
    alice__fs_close(s->scratch);
    alice_env env = s->env;
    if (s->runs)
        alice_env_free(&env, s->runs, RUNS_MOST * sizeof *s->runs);
    if (s->heap)
        alice_env_free(&env, s->heap, RUNS_MOST * sizeof *s->heap);
    if (s->block)
        alice_env_free(&env, s->block, s->block_size);
    alice_env_free(&env, s, sizeof *s);
    *sort = NULL;
}

alice_status alice__disk_sort_add(alice__disk_sort *s, const void *record, alice_error *error)
{
    ALICE__CHECKED(!s->reading);
    if (s->held == s->room) {
        alice_status st = spill(s, error);
        if (st != ALICE_OK)
            return st;
    }
    memcpy(s->block + s->held++ * s->record, record, s->record);
    s->count++;
    return ALICE_OK;
}

alice_status alice__disk_sort_start(alice__disk_sort *s, alice_error *error)
{
    ALICE__CHECKED(!s->reading);
    s->reading = true;
    if (s->run_count == 0) {
        sort_block(s);
        return ALICE_OK;
    }
    alice_status st = s->held ? spill(s, error) : ALICE_OK;
    return st == ALICE_OK ? begin_merge(s, 0, s->block_size, error) : st;
}

alice_status alice__disk_sort_next(alice__disk_sort *s, const void **record, alice_error *error)
{
    ALICE__CHECKED(s->reading);
    if (s->run_count == 0) {
        if (s->taken == s->held)
            return ALICE_E_END;
        *record = s->block + s->taken++ * s->record;
        return ALICE_OK;
    }
    /* The record handed out stands in its window until the next call. */
    if (s->taken++ > 0 && s->heap_count > 0) {
        alice_status st = step(s, error);
        if (st != ALICE_OK)
            return st;
    }
    if (s->heap_count == 0)
        return ALICE_E_END;
    *record = head_of(&s->runs[s->heap[0]]);
    return ALICE_OK;
}

uint64_t alice__disk_sort_count(const alice__disk_sort *s)
{
    return s->count;
}
