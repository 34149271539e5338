/* SPDX-License-Identifier: MIT */
#include "organize/sorted_names.h"

/*
 * One block of memory, which grows up to a bound:
 *
 *   0              base                  used                          size
 *   ├─ the stack: ─┼─ records of the ────┼─ free ───────┼─ index: u32 ──┤
 *   │ waiting dirs │  directory at hand  │              │  a record     │
 *
 * A record is its rank ('1' file, '2' and '3' later files, '4' directory), the name, a NUL, its
 * kind: strcmp() on records is the order in which they are handed out.
 *
 * When the block is full and cannot grow, first the stack moves to the scratch
 * file; then the records are sorted and written there as a run. Runs of one
 * rank are merged as soon as there are `fan` of them, so that few are ever
 * known. The last merge streams: the block is divided into a page, which takes
 * the place of the records, and one buffer a run.
 *
 *   0                        page_size                              size
 *   ├─ page: records ──── index ─┼─ buffer of run 0 ─┼─ run 1 ─┼─ … ───┤
 *
 * The scratch file is a stack as well: what a directory wrote is cut off when it
 * is popped.
 *
 * Invariants: base ≤ used ≤ index; every region of the stack that is in memory
 * lies above all that are in the file, and they fill [0, base) in order.
 */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "port/fs.h"

enum {
    BLOCK_MIN = 128 * 1024,
    BLOCK_FIRST = 16 * 1024,
    BLOCK_DEFAULT = 1024 * 1024,
    PAGE_MIN = 40 * 1024,  /* some hundred names of 255 bytes, and their index */
    BUFFER_MIN = 8 * 1024, /* of a run: holds the longest record */
    FAN_MAX = 16,
    RUNS_MAX = 256, /* ranks × fan, never reached: see add_run() */
    PAD = 8         /* readable bytes after the last record: the sort loads words */
};

_Static_assert((int)BUFFER_MIN >= (int)ALICE__NAME_LONGEST + 3, "a buffer holds any record");

typedef struct region {
    uint64_t at, end;
    uint64_t file_begin; /* where the scratch file is cut when this one is popped */
    bool in_file;
} region;

typedef struct run {
    uint64_t at, end; /* in the scratch file */
    unsigned rank;
} run;

typedef struct run_reader {
    uint64_t at, end; /* what is not yet read */
    char *buf;
    size_t size, pos, fill;
    const char *record; /* the next one; NULL: the run is at its end */
} run_reader;

struct alice__names {
    alice_env env;
    char *scratch_dir;
    size_t scratch_dir_size;
    size_t limit;

    char *block;
    size_t size;
    size_t base, used, count;

    /* Handing out. */
    size_t at;        /* the next index */
    size_t page_size; /* where the index ends: size, or that of the page */
    bool streaming, ended;
    uint32_t random;

    region *stack;
    size_t depth, stack_cap;

    int scratch;
    uint64_t file_end;
    uint64_t dir_file_begin; /* file_end when the directory began */
    run *runs;               /* RUNS_MAX, taken with the first */
    size_t run_count;
    run_reader *readers; /* FAN_MAX, taken with the first run */
    size_t reader_count;

    uint64_t spilled;
};

/* ---- records and their index ---- */

/* The lowest entry: the index grows downwards from the end of the block or page. */
static uint32_t *index_of(const alice__names *n)
{
    return (uint32_t *)(void *)(n->block + n->page_size) - n->count;
}

/*
 * The i-th record in order. A block is sorted with the least at the lowest
 * address; a page receives its records in order and has the least at the highest.
 */
static const char *record_at(const alice__names *n, size_t i)
{
    const uint32_t *v = index_of(n);
    return n->block + (n->streaming ? v[n->count - 1 - i] : v[i]);
}

/* Group, name, NUL, kind. */
static size_t record_length(const char *record)
{
    return strlen(record) + 2;
}

static unsigned record_kind(const char *record)
{
    return (unsigned char)record[strlen(record) + 1];
}

static bool is_dir(const char *record)
{
    return record[0] == '4';
}

static bool fits(const alice__names *n, size_t length)
{
    return n->used + length + PAD + (n->count + 1) * sizeof(uint32_t) <= n->page_size;
}

/* Append a record that fits. The index grows downwards; sort() puts it in order. */
static void append(alice__names *n, const char *record, size_t length)
{
    memcpy(n->block + n->used, record, length);
    n->count++;
    index_of(n)[0] = (uint32_t)n->used;
    n->used += length;
}

/*
 * Sorting: quicksort on eight bytes at a time, in place. The pivot is random,
 * so that no directory can be made to sort slowly; the largest part is looped
 * on, so that the depth is at most log2 of the count.
 */

/* The eight bytes at `depth` of a record as a number; zero behind its end. */
static uint64_t key_at(const char *block, uint32_t record, size_t depth)
{
    uint64_t key = alice__be64((const uint8_t *)block + record + depth);
    uint64_t zeros = (key - UINT64_C(0x0101010101010101)) & ~key & UINT64_C(0x8080808080808080);
    if (zeros) {
        /* Borrows can mark bytes above a zero falsely only where those are 0x01: look. */
        unsigned keep = 0;
        while (keep < 8 && (key >> (56 - 8 * keep) & 0xff) != 0)
            keep++;
        key = keep ? key & ~UINT64_C(0) << (64 - 8 * keep) : 0;
    }
    return key;
}

static bool key_ends(uint64_t key)
{
    return (key & 0xff) == 0;
}

static void insertion_sort(const char *block, uint32_t *v, size_t count, size_t depth)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t moving = v[i];
        size_t j = i;
        while (j > 0 && strcmp(block + v[j - 1] + depth, block + moving + depth) > 0) {
            v[j] = v[j - 1];
            j--;
        }
        v[j] = moving;
    }
}

static void swap_u32(uint32_t *a, uint32_t *b)
{
    uint32_t t = *a;
    *a = *b;
    *b = t;
}

static void sort_records(const char *block, uint32_t *v, size_t count, size_t depth,
                         uint32_t *random)
{
    while (count > 12) {
        *random = *random * 1664525u + 1013904223u;
        uint64_t pivot = key_at(block, v[(*random >> 8) % count], depth);
        size_t less = 0, more = count;
        for (size_t i = 0; i < more;) {
            uint64_t key = key_at(block, v[i], depth);
            if (key < pivot)
                swap_u32(&v[less++], &v[i++]);
            else if (key > pivot)
                swap_u32(&v[i], &v[--more]);
            else
                i++;
        }
        struct {
            uint32_t *v;
            size_t count, depth;
        } part[3] = {
            {v, less, depth},
            {v + less, key_ends(pivot) ? 0 : more - less, depth + 8},
            {v + more, count - more, depth},
        };
        unsigned largest = 0;
        for (unsigned p = 1; p < 3; p++) {
            if (part[p].count > part[largest].count)
                largest = p;
        }
        for (unsigned p = 0; p < 3; p++) {
            if (p != largest)
                sort_records(block, part[p].v, part[p].count, part[p].depth, random);
        }
        v = part[largest].v;
        count = part[largest].count;
        depth = part[largest].depth;
    }
    insertion_sort(block, v, count, depth);
}

static void sort_block(alice__names *n)
{
    sort_records(n->block, index_of(n), n->count, 0, &n->random);
}

/* ---- the scratch file ---- */

static alice_status scratch_failed(const alice__names *n, int r, alice_error *error)
{
    return alice__fail(error, alice__status_of_errno(-r), -r,
                       "more names than fit %zu KB, and %s cannot take them: %s",
                       n->limit / 1024, n->scratch_dir, strerror(-r));
}

static alice_status scratch_write(alice__names *n, const void *p, size_t size,
                                  alice_error *error)
{
    int r = 0;
    if (n->scratch < 0)
        r = alice__fs_scratch(n->scratch_dir, &n->scratch);
    if (!r)
        r = alice__fs_write_at(n->scratch, n->file_end, p, size);
    if (r)
        return scratch_failed(n, r, error);
    n->file_end += size;
    return ALICE_OK;
}

/* Cut the file back to `end`. On failure it stays longer on the disk than it need be, no more:
 * what comes next is written at file_end, and nothing behind that is read. */
static void scratch_cut(alice__names *n, uint64_t end)
{
    if (n->scratch >= 0 && end < n->file_end)
        (void)alice__fs_truncate(n->scratch, end);
    n->file_end = end;
}

/* ---- the stack of waiting directories ---- */

/* Move the part of the stack that is in memory to the file; the records move down. */
static alice_status stack_to_file(alice__names *n, alice_error *error)
{
    if (n->base == 0)
        return ALICE_OK;
    uint64_t to = n->file_end;
    alice_status st = scratch_write(n, n->block, n->base, error);
    if (st != ALICE_OK)
        return st;
    uint64_t begin = to;
    for (size_t i = 0; i < n->depth; i++) {
        region *r = &n->stack[i];
        if (!r->in_file) {
            r->in_file = true;
            r->file_begin = begin;
            begin = to + r->end;
            r->at += to;
            r->end += to;
        }
    }
    memmove(n->block, n->block + n->base, n->used - n->base);
    uint32_t *v = index_of(n);
    for (size_t i = 0; i < n->count; i++)
        v[i] -= (uint32_t)n->base;
    n->used -= n->base;
    n->base = 0;
    /* What the directory at hand writes comes after the stack. */
    n->dir_file_begin = n->file_end;
    return ALICE_OK;
}

/* ---- runs ---- */

static alice_status take_run_tables(alice__names *n, alice_error *error)
{
    void *p = NULL;
    if (!n->runs) {
        alice_status st = alice_env_alloc(&n->env, RUNS_MAX * sizeof *n->runs, ALICE_HERE, &p);
        if (st != ALICE_OK)
            return alice__fail(error, st, 0, "no memory to sort names on disk");
        n->runs = p;
    }
    if (!n->readers) {
        alice_status st =
            alice_env_calloc(&n->env, FAN_MAX, sizeof *n->readers, ALICE_HERE, &p);
        if (st != ALICE_OK)
            return alice__fail(error, st, 0, "no memory to sort names on disk");
        n->readers = p;
    }
    return ALICE_OK;
}

/* Make the next record of a run current. */
static alice_status reader_advance(alice__names *n, run_reader *r, alice_error *error)
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
            return scratch_failed(n, e, error);
        r->pos = 0;
        r->fill = rest + got;
        r->at += got;
    }
    if (r->pos == r->fill) {
        r->record = NULL;
        return ALICE_OK;
    }
    r->record = r->buf + r->pos;
    r->pos += record_length(r->record);
    return ALICE_OK;
}

/* Divide [from, size) of the block among the last `count` runs, and read their first records.
 */
static alice_status readers_start(alice__names *n, size_t from, size_t count,
                                  alice_error *error)
{
    size_t each = (n->size - from) / count;
    n->reader_count = count;
    for (size_t i = 0; i < count; i++) {
        const run *u = &n->runs[n->run_count - count + i];
        n->readers[i] = (run_reader){
            .at = u->at, .end = u->end, .buf = n->block + from + i * each, .size = each};
        alice_status st = reader_advance(n, &n->readers[i], error);
        if (st != ALICE_OK)
            return st;
    }
    return ALICE_OK;
}

/* The run whose next record is the least; NULL: all are at their ends. */
static run_reader *readers_least(alice__names *n)
{
    run_reader *least = NULL;
    for (size_t i = 0; i < n->reader_count; i++) {
        run_reader *r = &n->readers[i];
        if (r->record && (!least || strcmp(r->record, least->record) < 0))
            least = r;
    }
    return least;
}

/* The part of the block that collects what is merged. */
static size_t page_bytes(const alice__names *n)
{
    return n->size / 4 > PAGE_MIN ? n->size / 4 : PAGE_MIN;
}

/* How many runs can be merged at once in a block of this size. */
static size_t fan(const alice__names *n)
{
    size_t some = (n->size - page_bytes(n)) / BUFFER_MIN;
    return some < FAN_MAX ? some : FAN_MAX;
}

/* Merge the last `count` runs into one. The block is free: its first part collects. */
static alice_status merge_runs(alice__names *n, size_t count, alice_error *error)
{
    size_t cap = page_bytes(n), fill = 0;
    run merged = {.at = n->file_end, .rank = n->runs[n->run_count - count].rank + 1};
    alice_status st = readers_start(n, cap, count, error);
    while (st == ALICE_OK) {
        run_reader *r = readers_least(n);
        size_t length = r ? record_length(r->record) : 0;
        if (fill > 0 && (!r || fill + length > cap)) {
            st = scratch_write(n, n->block, fill, error);
            fill = 0;
            if (st != ALICE_OK)
                break;
        }
        if (!r)
            break;
        memcpy(n->block + fill, r->record, length);
        fill += length;
        st = reader_advance(n, r, error);
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
 * Write the records as a sorted run. Runs of equal rank are merged as soon as
 * they are `fan`, so that of each rank fewer than that are known; one in
 * RUNS_MAX would need more names than there are bytes in a file system.
 */
static alice_status add_run(alice__names *n, alice_error *error)
{
    alice_status st = take_run_tables(n, error);
    if (st != ALICE_OK)
        return st;
    assert(n->base == 0 && n->run_count < RUNS_MAX);
    sort_block(n);

    char slice[BUFFER_MIN];
    size_t fill = 0;
    run new_run = {.at = n->file_end};
    const uint32_t *v = index_of(n);
    for (size_t i = 0; i < n->count; i++) {
        const char *record = n->block + v[i];
        size_t length = record_length(record);
        if (fill + length > sizeof slice) {
            st = scratch_write(n, slice, fill, error);
            if (st != ALICE_OK)
                return st;
            fill = 0;
        }
        memcpy(slice + fill, record, length);
        fill += length;
    }
    st = scratch_write(n, slice, fill, error);
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
        if (same < fan(n))
            return ALICE_OK;
        st = merge_runs(n, same, error);
        if (st != ALICE_OK)
            return st;
    }
}

/* ---- the block ---- */

/* Make the block larger; false when it has its bound or memory was refused. */
static bool grow(alice__names *n)
{
    if (n->size >= n->limit)
        return false;
    size_t size = n->size * 2 < n->limit ? n->size * 2 : n->limit;
    void *p = n->block;
    if (alice_env_resize(&n->env, &p, n->size, size, ALICE_HERE) != ALICE_OK)
        return false;
    n->block = p;
    size_t bytes = n->count * sizeof(uint32_t);
    memmove(n->block + size - bytes, n->block + n->size - bytes, bytes);
    n->size = n->page_size = size;
    return true;
}

alice_status alice__names_open(alice__names **out, const alice__names_options *o)
{
    const char *dir = o->scratch_dir ? o->scratch_dir : "/var/tmp";
    size_t dir_size = strlen(dir) + 1;
    void *p = NULL;
    alice_status st = alice_env_calloc(&o->env, 1, sizeof(alice__names), ALICE_HERE, &p);
    if (st != ALICE_OK)
        return st;
    alice__names *n = p;
    n->env = o->env;
    n->scratch = -1;
    n->random = 1;
    n->limit = o->bytes == 0 ? BLOCK_DEFAULT : o->bytes < BLOCK_MIN ? BLOCK_MIN : o->bytes;
    if (n->limit > UINT32_MAX / 2)
        n->limit = UINT32_MAX / 2;
    n->limit &= ~(size_t)4095;
    st = alice_env_alloc(&n->env, dir_size, ALICE_HERE, &p);
    if (st != ALICE_OK)
        goto out;
    memcpy(p, dir, dir_size);
    n->scratch_dir = p;
    n->scratch_dir_size = dir_size;
    st = alice_env_alloc(&n->env, BLOCK_FIRST, ALICE_HERE, &p);
    if (st != ALICE_OK)
        goto out;
    n->block = p;
    n->size = n->page_size = BLOCK_FIRST;
    n->ended = true;
    *out = n;
    n = NULL;
out:
    alice__names_close(&n);
    return st;
}

void alice__names_close(alice__names **names)
{
    if (!names || !*names)
        return;
    alice__names *n = *names;
    alice_env env = n->env;
    alice__fs_close(n->scratch);
    alice_env_free(&env, n->readers, n->readers ? FAN_MAX * sizeof *n->readers : 0);
    alice_env_free(&env, n->runs, n->runs ? RUNS_MAX * sizeof *n->runs : 0);
    alice_env_free(&env, n->stack, n->stack_cap * sizeof *n->stack);
    alice_env_free(&env, n->block, n->size);
    alice_env_free(&env, n->scratch_dir, n->scratch_dir_size);
    alice_env_free(&env, n, sizeof *n);
    *names = NULL;
}

/* ---- one directory ---- */

void alice__names_begin(alice__names *n)
{
    n->used = n->base;
    n->dir_file_begin = n->file_end;
}

/* Make room for a record of `length`: grow, move the stack out, spill. */
static alice_status make_room(alice__names *n, size_t length, alice_error *error)
{
    alice_status st = ALICE_OK;
    while (!fits(n, length) && grow(n))
        ;
    if (!fits(n, length) && n->base > 0)
        st = stack_to_file(n, error);
    if (st == ALICE_OK && !fits(n, length)) {
        /* Runs need a block that can be divided; refused memory may have left it small. */
        if (n->size < BLOCK_MIN)
            return alice__fail(error, ALICE_E_BUDGET, 0,
                               "names of a directory need %d KB, and the memory budget "
                               "refuses them",
                               BLOCK_MIN / 1024);
        st = add_run(n, error);
    }
    return st;
}

alice_status alice__names_add(alice__names *n, unsigned kind, const char *name,
                              alice_error *error)
{
    size_t length = strlen(name);
    if (length > ALICE__NAME_LONGEST)
        return alice__fail(error, ALICE_E_TOOBIG, 0, "a name of %zu bytes", length);
    if (!fits(n, length + 3)) {
        alice_status st = make_room(n, length + 3, error);
        if (st != ALICE_OK)
            return st;
    }
    char *to = n->block + n->used;
    to[0] = kind == ALICE__NAMES_DIR    ? '4'
            : kind & ALICE__NAMES_LAST  ? '3'
            : kind & ALICE__NAMES_LATER ? '2'
                                        : '1';
    memcpy(to + 1, name, length + 1);
    to[length + 2] = (char)(unsigned char)kind;
    n->count++;
    index_of(n)[0] = (uint32_t)n->used;
    n->used += length + 3;
    return ALICE_OK;
}

/* Drop the records that were handed out. */
static void page_drop(alice__names *n)
{
    size_t keep = n->at > 0; /* the one before: a name may come twice */
    size_t here = n->at < n->count ? (size_t)(record_at(n, n->at) - n->block) : n->used;
    while (keep > 0 &&
           here - (size_t)(record_at(n, n->at - keep) - n->block) > n->page_size * 2 / 5)
        keep--;
    size_t drop = n->at - keep;
    if (drop == 0)
        return;
    size_t from = drop < n->count ? (size_t)(record_at(n, drop) - n->block) : n->used;
    uint32_t *v = index_of(n);
    n->count -= drop;
    memmove(v + drop, v, n->count * sizeof *v);
    v += drop;
    for (size_t i = 0; i < n->count; i++)
        v[i] -= (uint32_t)from;
    memmove(n->block, n->block + from, n->used - from);
    n->used -= from;
    n->at -= drop;
}

/* Fill the page of a streamed directory as far as it goes. */
static alice_status page_fill(alice__names *n, alice_error *error)
{
    page_drop(n);
    for (;;) {
        run_reader *r = readers_least(n);
        if (!r) {
            n->ended = true;
            return ALICE_OK;
        }
        size_t length = record_length(r->record);
        /* A directory that changes while it is read may tell a name twice. */
        bool again = n->count > 0 && strcmp(record_at(n, n->count - 1), r->record) == 0;
        if (!again && !fits(n, length))
            return ALICE_OK;
        if (!again)
            append(n, r->record, length);
        alice_status st = reader_advance(n, r, error);
        if (st != ALICE_OK)
            return st;
    }
}

alice_status alice__names_sort(alice__names *n, alice_error *error)
{
    alice_status st = ALICE_OK;
    if (n->run_count == 0) {
        sort_block(n);
        return ALICE_OK;
    }
    if (n->count > 0)
        st = add_run(n, error);
    while (st == ALICE_OK && n->run_count > fan(n)) {
        size_t some = n->run_count - fan(n) + 1;
        st = merge_runs(n, some < fan(n) ? some : fan(n), error);
    }
    if (st != ALICE_OK)
        return st;
    n->page_size = page_bytes(n);
    n->streaming = true;
    n->ended = false;
    n->at = n->count = n->used = 0;
    st = readers_start(n, n->page_size, n->run_count, error);
    return st == ALICE_OK ? page_fill(n, error) : st;
}

/* ---- handing out ---- */

alice_status alice__names_next(alice__names *n, alice__names_item *item, alice_error *error)
{
    if (!n->ended && n->count - n->at <= 1) {
        alice_status st = page_fill(n, error);
        if (st != ALICE_OK)
            return st;
    }
    for (; n->at < n->count; n->at++) {
        const char *record = record_at(n, n->at);
        if (is_dir(record))
            break;
        if (n->at > 0 && strcmp(record, record_at(n, n->at - 1)) == 0)
            continue;
        item->kind = record_kind(record);
        item->name = record + 1;
        n->at++;
        return ALICE_OK;
    }
    return ALICE_E_END;
}

static alice_status stack_room(alice__names *n, alice_error *error)
{
    if (n->depth < n->stack_cap)
        return ALICE_OK;
    size_t cap = n->stack_cap ? n->stack_cap * 2 : 16;
    void *p = n->stack;
    alice_status st = alice_env_resize(&n->env, &p, n->stack_cap * sizeof *n->stack,
                                       cap * sizeof *n->stack, ALICE_HERE);
    if (st != ALICE_OK)
        return alice__fail(error, st, 0, "no memory for the stack of directories");
    n->stack = p;
    n->stack_cap = cap;
    return ALICE_OK;
}

/* Copy the names of the subdirectories, in order, to the free part of the block, then down. */
static bool push_in_memory(alice__names *n)
{
    size_t need = 0;
    for (size_t i = n->at; i < n->count; i++)
        need += strlen(record_at(n, i) + 1) + 1;
    while (n->used + need + n->count * sizeof(uint32_t) > n->size) {
        if (!grow(n))
            return false;
    }
    size_t to = n->used;
    const char *before = NULL;
    for (size_t i = n->at; i < n->count; i++) {
        const char *name = record_at(n, i) + 1;
        if (before && strcmp(before, name) == 0)
            continue;
        size_t length = strlen(name) + 1;
        memcpy(n->block + to, name, length);
        to += length;
        before = name;
    }
    size_t bytes = to - n->used;
    memmove(n->block + n->base, n->block + n->used, bytes);
    n->stack[n->depth++] =
        (region){.at = n->base, .end = n->base + bytes, .file_begin = n->dir_file_begin};
    n->base += bytes;
    return true;
}

/* A buffer of names on their way to the file. */
typedef struct slice {
    char bytes[BUFFER_MIN];
    size_t fill;
} slice;

static alice_status slice_put(alice__names *n, slice *s, const char *name, alice_error *error)
{
    size_t length = strlen(name) + 1;
    if (s->fill + length > sizeof s->bytes) {
        alice_status st = scratch_write(n, s->bytes, s->fill, error);
        if (st != ALICE_OK)
            return st;
        s->fill = 0;
    }
    memcpy(s->bytes + s->fill, name, length);
    s->fill += length;
    return ALICE_OK;
}

/* Write the names of the subdirectories to the file: those of the block or page, then those of
 * the runs. */
static alice_status push_to_file(alice__names *n, alice_error *error)
{
    slice s = {.fill = 0};
    alice_status st = stack_to_file(n, error);
    uint64_t at = n->file_end;
    while (st == ALICE_OK) {
        if (n->at == n->count && !n->ended)
            st = page_fill(n, error);
        if (st != ALICE_OK || n->at == n->count)
            break;
        const char *record = record_at(n, n->at);
        if (n->at == 0 || n->streaming || strcmp(record, record_at(n, n->at - 1)) != 0)
            st = slice_put(n, &s, record + 1, error);
        n->at++;
    }
    if (st == ALICE_OK && s.fill > 0)
        st = scratch_write(n, s.bytes, s.fill, error);
    if (st != ALICE_OK)
        return st;
    alice__fs_punch(n->scratch, n->dir_file_begin, at - n->dir_file_begin);
    n->stack[n->depth++] = (region){
        .at = at, .end = n->file_end, .file_begin = n->dir_file_begin, .in_file = true};
    return ALICE_OK;
}

/* The directory at hand is done with: its part of the block is free. */
static void finish_directory(alice__names *n)
{
    n->used = n->base;
    n->count = n->at = 0;
    n->page_size = n->size;
    n->streaming = false;
    n->ended = true;
    n->run_count = n->reader_count = 0;
}

alice_status alice__names_push(alice__names *n, alice_error *error)
{
    alice_status st = stack_room(n, error);
    if (st != ALICE_OK)
        return st;
    if (n->streaming && n->ended && n->at == n->count) {
        /* Spilled, and no subdirectory: what was written can go at once. */
        scratch_cut(n, n->dir_file_begin);
        n->stack[n->depth++] = (region){
            .at = n->file_end, .end = n->file_end, .file_begin = n->file_end, .in_file = true};
    } else if (n->streaming || !push_in_memory(n)) {
        st = push_to_file(n, error);
    }
    if (st == ALICE_OK)
        finish_directory(n);
    return st;
}

void alice__names_drop(alice__names *n)
{
    scratch_cut(n, n->dir_file_begin);
    finish_directory(n);
}

alice_status alice__names_waiting(alice__names *n, char *name, size_t cap, alice_error *error)
{
    assert(n->depth > 0 && cap > ALICE__NAME_LONGEST);
    region *r = &n->stack[n->depth - 1];
    if (r->at == r->end)
        return ALICE_E_END;
    if (!r->in_file) {
        size_t length = strlen(n->block + r->at) + 1;
        memcpy(name, n->block + r->at, length);
        r->at += length;
        return ALICE_OK;
    }
    const char *nul = NULL;
    for (size_t want = 300; !nul; want = cap) {
        size_t got = 0, left = r->end - r->at < cap ? (size_t)(r->end - r->at) : cap;
        int e = alice__fs_read_at(n->scratch, r->at, name, want < left ? want : left, &got);
        nul = e ? NULL : memchr(name, 0, got);
        if (e || (!nul && want == cap))
            return scratch_failed(n, e ? e : -EIO, error);
    }
    r->at += (uint64_t)(nul + 1 - name);
    return ALICE_OK;
}

void alice__names_pop(alice__names *n)
{
    assert(n->depth > 0);
    const region *r = &n->stack[--n->depth];
    scratch_cut(n, r->file_begin);
    if (!r->in_file) {
        /* Regions in memory follow one another: this one began where the one below ends. */
        const region *below = n->depth > 0 ? r - 1 : NULL;
        n->base = below && !below->in_file ? (size_t)below->end : 0;
    }
    n->used = n->base;
}

uint64_t alice__names_spilled(const alice__names *n)
{
    return n->spilled;
}

alice_status alice__names_check(const alice__names *n)
{
    uint64_t end = 0;
    bool memory = false;
    for (size_t i = 0; i < n->depth; i++) {
        const region *r = &n->stack[i];
        if (r->at > r->end || (r->in_file && (memory || r->end > n->file_end)))
            return ALICE_E_DAMAGED;
        if (!r->in_file) {
            memory = true;
            if (r->at < end)
                return ALICE_E_DAMAGED;
            end = r->end;
        }
    }
    bool ok = end == n->base && n->base <= n->used && n->at <= n->count &&
              n->page_size <= n->size && n->size <= n->limit + BLOCK_FIRST &&
              n->used + n->count * sizeof(uint32_t) <= n->page_size;
    if (n->count > 0) {
        const uint32_t *v = index_of(n);
        for (size_t i = 0; i < n->count; i++)
            ok = ok && v[i] >= n->base && v[i] < n->used;
    }
    return ok ? ALICE_OK : ALICE_E_DAMAGED;
}
