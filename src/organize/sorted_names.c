/* SPDX-License-Identifier: MIT */
#include "organize/sorted_names_int.h"

/*
 * Names in order: one directory at a time, and those that wait. One block of memory, which
 * grows up to a bound:
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

#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "port/fs.h"

enum {
    BLOCK_MIN = 128 * 1024,
    BLOCK_FIRST = 16 * 1024,
    BLOCK_DEFAULT = 1024 * 1024,
    PAD = 8 /* readable bytes after the last record: the sort loads words */
};

/* ---- records and their index ---- */

/*
 * The i-th record in order. A block is sorted with the least at the lowest
 * address; a page receives its records in order and has the least at the highest.
 */
static const char *record_at(const alice__names *n, size_t i)
{
    const uint32_t *v = alice__names_index(n);
    return n->block + (n->streaming ? v[n->count - 1 - i] : v[i]);
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
    alice__names_index(n)[0] = (uint32_t)n->used;
    n->used += length;
}

/* ---- the stack of waiting directories ---- */

/* Move the part of the stack that is in memory to the file; the records move down. */
static alice_status stack_to_file(alice__names *n, alice_error *error)
{
    if (n->base == 0)
        return ALICE_OK;
    uint64_t to = n->file_end;
    alice_status st = alice__names_scratch_write(n, n->block, n->base, error);
    if (st != ALICE_OK)
        return st;
    uint64_t begin = to;
    for (size_t i = 0; i < n->depth; i++) {
        alice__names_region *r = &n->stack[i];
        if (!r->in_file) {
            r->in_file = true;
            r->file_begin = begin;
            begin = to + r->end;
            r->at += to;
            r->end += to;
        }
    }
    memmove(n->block, n->block + n->base, n->used - n->base);
    uint32_t *v = alice__names_index(n);
    for (size_t i = 0; i < n->count; i++)
        v[i] -= (uint32_t)n->base;
    n->used -= n->base;
    n->base = 0;
    /* What the directory at hand writes comes after the stack. */
    n->dir_file_begin = n->file_end;
    return ALICE_OK;
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
    alice_env_free(&env, n->readers, n->readers ? ALICE__NAMES_FAN * sizeof *n->readers : 0);
    alice_env_free(&env, n->runs, n->runs ? ALICE__NAMES_RUNS * sizeof *n->runs : 0);
    alice_env_free(&env, n->stack, n->stack_cap * sizeof *n->stack);
    alice_env_free(&env, n->block, n->size);
    alice_env_free(&env, n->scratch_dir, n->scratch_dir_size);
    alice_env_free(&env, n, sizeof *n);
    *names = NULL;
}

alice_status alice__names_check(const alice__names *n)
{
    uint64_t end = 0;
    bool memory = false;
    for (size_t i = 0; i < n->depth; i++) {
        const alice__names_region *r = &n->stack[i];
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
        const uint32_t *v = alice__names_index(n);
        for (size_t i = 0; i < n->count; i++)
            ok = ok && v[i] >= n->base && v[i] < n->used;
    }
    return ok ? ALICE_OK : ALICE_E_DAMAGED;
}

/* What the last change left: asked before each of them. */
static bool proved(alice__names *n)
{
    return !alice__check_due(&n->changes, n->count) || alice__names_check(n) == ALICE_OK;
}

/* ---- one directory ---- */

void alice__names_begin(alice__names *n)
{
    ALICE__CHECKED(proved(n));
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
        st = alice__names_add_run(n, error);
    }
    return st;
}

alice_status alice__names_add(alice__names *n, unsigned kind, const char *name,
                              alice_error *error)
{
    ALICE__CHECKED(proved(n));
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
    alice__names_index(n)[0] = (uint32_t)n->used;
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
    uint32_t *v = alice__names_index(n);
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
        alice__names_reader *r = alice__names_least(n);
        if (!r) {
            n->ended = true;
            return ALICE_OK;
        }
        size_t length = alice__record_length(r->record);
        /* A directory that changes while it is read may return a name twice. */
        bool again = n->count > 0 && strcmp(record_at(n, n->count - 1), r->record) == 0;
        if (!again && !fits(n, length))
            return ALICE_OK;
        if (!again)
            append(n, r->record, length);
        alice_status st = alice__names_advance(n, r, error);
        if (st != ALICE_OK)
            return st;
    }
}

alice_status alice__names_sort(alice__names *n, alice_error *error)
{
    ALICE__CHECKED(proved(n));
    alice_status st = ALICE_OK;
    if (n->run_count == 0) {
        alice__names_sort_block(n);
        return ALICE_OK;
    }
    if (n->count > 0)
        st = alice__names_add_run(n, error);
    while (st == ALICE_OK && n->run_count > alice__names_fan(n)) {
        size_t some = n->run_count - alice__names_fan(n) + 1;
        st = alice__names_merge(n, some < alice__names_fan(n) ? some : alice__names_fan(n),
                                error);
    }
    if (st != ALICE_OK)
        return st;
    n->page_size = alice__names_page_bytes(n);
    n->streaming = true;
    n->ended = false;
    n->at = n->count = n->used = 0;
    st = alice__names_start(n, n->page_size, n->run_count, error);
    return st == ALICE_OK ? page_fill(n, error) : st;
}

/* ---- handing out ---- */

alice_status alice__names_next(alice__names *n, alice__names_item *item, alice_error *error)
{
    ALICE__CHECKED(proved(n));
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
    n->stack[n->depth++] = (alice__names_region){
        .at = n->base, .end = n->base + bytes, .file_begin = n->dir_file_begin};
    n->base += bytes;
    return true;
}

/* A buffer of names on their way to the file. */
typedef struct slice {
    char bytes[ALICE__NAMES_BUFFER];
    size_t fill;
} slice;

static alice_status slice_put(alice__names *n, slice *s, const char *name, alice_error *error)
{
    size_t length = strlen(name) + 1;
    if (s->fill + length > sizeof s->bytes) {
        alice_status st = alice__names_scratch_write(n, s->bytes, s->fill, error);
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
        st = alice__names_scratch_write(n, s.bytes, s.fill, error);
    if (st != ALICE_OK)
        return st;
    alice__fs_punch(n->scratch, n->dir_file_begin, at - n->dir_file_begin);
    n->stack[n->depth++] = (alice__names_region){
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
    ALICE__CHECKED(proved(n));
    alice_status st = stack_room(n, error);
    if (st != ALICE_OK)
        return st;
    if (n->streaming && n->ended && n->at == n->count) {
        /* Spilled, and no subdirectory: what was written can go at once. */
        alice__names_scratch_cut(n, n->dir_file_begin);
        n->stack[n->depth++] = (alice__names_region){
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
    ALICE__CHECKED(proved(n));
    alice__names_scratch_cut(n, n->dir_file_begin);
    finish_directory(n);
}

alice_status alice__names_waiting(alice__names *n, char *name, size_t cap, alice_error *error)
{
    ALICE__CHECKED(proved(n));
    ALICE__CHECKED(n->depth > 0 && cap > ALICE__NAME_LONGEST);
    alice__names_region *r = &n->stack[n->depth - 1];
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
            return alice__names_scratch_failed(n, e ? e : -EIO, error);
    }
    r->at += (uint64_t)(nul + 1 - name);
    return ALICE_OK;
}

void alice__names_pop(alice__names *n)
{
    ALICE__CHECKED(proved(n));
    ALICE__CHECKED(n->depth > 0);
    const alice__names_region *r = &n->stack[--n->depth];
    alice__names_scratch_cut(n, r->file_begin);
    if (!r->in_file) {
        /* Regions in memory follow one another: this one began where the one below ends. */
        const alice__names_region *below = n->depth > 0 ? r - 1 : NULL;
        n->base = below && !below->in_file ? (size_t)below->end : 0;
    }
    n->used = n->base;
}

uint64_t alice__names_spilled(const alice__names *n)
{
    return n->spilled;
}
