/* SPDX-License-Identifier: MIT */
/*
 * What the profile tells: the sums of the call sites, copied at one moment, named and
 * sorted; the difference of two such copies; a row as text.
 */
#include "base/options.h"
#include "mem/profile_int.h"

#include <stdio.h>

#include "port/module.h"

static size_t snapshot_bytes(size_t cap)
{
    return sizeof(alice_profile_snapshot) + cap * sizeof(row);
}

static alice_status new_snapshot(const alice_env *env, size_t cap, alice_profile_snapshot **out)
{
    alice_status st = alice_env_calloc(env, 1, snapshot_bytes(cap), ALICE_HERE, (void **)out);
    if (st == ALICE_OK) {
        (*out)->env = *env;
        (*out)->cap = cap;
    }
    return st;
}

static int64_t whole_blocks(int64_t parts)
{
    int64_t half = (int64_t)1 << (BLOCK_SHIFT - 1);
    return (parts + half) >> BLOCK_SHIFT;
}

static row row_of(const site *s)
{
    row r = {.key = s->key,
             .shown = {.live_bytes = s->live_bytes,
                       .live_blocks = whole_blocks(s->live_blocks),
                       .total_bytes = s->total_bytes,
                       .total_blocks = whole_blocks(s->total_blocks),
                       .peak_bytes = s->peak_bytes}};
    if (s->is_address) {
        r.shown.address = s->key;
    } else if (s->key) {
        const alice_site *here = (const alice_site *)s->key;
        r.shown.function = here->function;
        r.shown.file = here->file;
        r.shown.line = here->line;
    }
    return r;
}

void alice__profile_unname(row *r)
{
    if (!r->module)
        return;
    r->shown.function = r->symbol;
    r->shown.file = r->module;
    r->shown.line = 0;
}

static void name_addresses(alice_profile_snapshot *s)
{
    for (size_t i = 0; i < s->count; i++) {
        alice_profile_row *r = &s->rows[i].shown;
        alice__module m;
        if (r->address && alice__module_of((uintptr_t)r->address, &m)) {
            s->rows[i].module = m.path;
            s->rows[i].symbol = m.symbol;
            r->address = m.offset;
            alice__profile_unname(&s->rows[i]);
        }
    }
}

static void copy_rows_locked(const alice_profile *p, alice_profile_snapshot *s)
{
    s->lost = p->lost;
    s->lost.follow_bytes = (size_t)p->follow;
    if (p->unknown.total_bytes > 0)
        s->rows[s->count++] = row_of(&p->unknown);
    for (size_t i = 0; i < p->sites.cap && s->count < s->cap; i++) {
        const site *one = alice__pmap_at(&p->sites, i);
        if (one->key)
            s->rows[s->count++] = row_of(one);
    }
}

alice_status alice_profile_snapshot_take(const alice_profile *p, alice_profile_snapshot **out)
{
    alice_profile_snapshot *s = NULL;
    if (!p || !out)
        return ALICE_E_INVAL;
    lock_profile(p);
    size_t cap = p->sites.count + 1;
    unlock_profile(p);
    cap += 16; /* new ones may come until they are copied */
    alice_status st = new_snapshot(&p->o.env, cap, &s);
    if (st != ALICE_OK)
        return st;
    lock_profile(p);
    copy_rows_locked(p, s);
    unlock_profile(p);
    name_addresses(s);
    alice_profile_snapshot_sort(s, ALICE_BY_LIVE_BYTES);
    *out = s;
    return ALICE_OK;
}

void alice_profile_snapshot_close(alice_profile_snapshot **snapshot)
{
    if (!snapshot || !*snapshot)
        return;
    alice_env env = (*snapshot)->env;
    alice__profile_free_names(*snapshot);
    alice_env_free(&env, *snapshot, snapshot_bytes((*snapshot)->cap));
    *snapshot = NULL;
}

/* What a row weighs in an order. The key breaks ties, so that the order is always the same. */
static uint64_t weight(const row *r, alice_profile_order order)
{
    const alice_profile_row *s = &r->shown;
    int64_t v = order == ALICE_BY_LIVE_BYTES     ? s->live_bytes
                : order == ALICE_BY_LIVE_BLOCKS  ? s->live_blocks
                : order == ALICE_BY_TOTAL_BYTES  ? s->total_bytes
                : order == ALICE_BY_TOTAL_BLOCKS ? s->total_blocks
                                                 : s->peak_bytes;
    return v < 0 ? (uint64_t)-v : (uint64_t)v;
}

enum { BY_KEY = -1 };

static bool before(const row *a, const row *b, int order)
{
    if (order != BY_KEY) {
        uint64_t x = weight(a, (alice_profile_order)order);
        uint64_t y = weight(b, (alice_profile_order)order);
        if (x != y)
            return x > y;
    }
    return a->key < b->key;
}

static void sift(row *rows, size_t i, size_t n, int order)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before(&rows[child], &rows[child + 1], order))
            child++;
        if (!before(&rows[i], &rows[child], order))
            return;
        row swap = rows[i];
        rows[i] = rows[child];
        rows[child] = swap;
    }
}

/* Heap sort: qsort() may allocate behind the account's back. */
static void sort(row *rows, size_t n, int order)
{
    for (size_t i = n / 2; i-- > 0;)
        sift(rows, i, n, order);
    for (size_t end = n; end > 1;) {
        row swap = rows[0];
        rows[0] = rows[--end];
        rows[end] = swap;
        sift(rows, 0, end, order);
    }
}

void alice_profile_snapshot_sort(alice_profile_snapshot *s, alice_profile_order order)
{
    if (s)
        sort(s->rows, s->count, (int)order);
}

static void add_row(alice_profile_row *to, const alice_profile_row *r, int64_t sign)
{
    to->live_bytes += sign * r->live_bytes;
    to->live_blocks += sign * r->live_blocks;
    to->total_bytes += sign * r->total_bytes;
    to->total_blocks += sign * r->total_blocks;
}

static bool is_change(const alice_profile_row *r)
{
    return r->live_bytes || r->live_blocks || r->total_bytes || r->total_blocks;
}

alice_status alice_profile_snapshot_diff(const alice_profile_snapshot *from,
                                         const alice_profile_snapshot *to,
                                         alice_profile_snapshot **out)
{
    alice_profile_snapshot *s = NULL;
    if (!from || !to || !out)
        return ALICE_E_INVAL;
    alice_status st = new_snapshot(&to->env, from->count + to->count, &s);
    if (st != ALICE_OK)
        return st;
    for (size_t i = 0; i < from->count + to->count; i++) {
        bool old = i < from->count;
        const row *r = old ? &from->rows[i] : &to->rows[i - from->count];
        row *x = &s->rows[i];
        *x = *r;
        alice__profile_unname(x); /* names go with the snapshot that found them */
        x->shown.live_bytes = x->shown.live_blocks = x->shown.peak_bytes = 0;
        x->shown.total_bytes = x->shown.total_blocks = 0;
        add_row(&x->shown, &r->shown, old ? -1 : 1);
    }
    size_t all = from->count + to->count;
    sort(s->rows, all, BY_KEY); /* now the two of a site stand side by side */
    for (size_t i = 0; i < all;) {
        row x = s->rows[i++];
        for (; i < all && s->rows[i].key == x.key; i++)
            add_row(&x.shown, &s->rows[i].shown, 1);
        if (is_change(&x.shown))
            s->rows[s->count++] = x;
    }
    s->lost = (alice_profile_lost){.blocks = to->lost.blocks - from->lost.blocks,
                                   .bytes = to->lost.bytes - from->lost.bytes,
                                   .follow_bytes = to->lost.follow_bytes};
    alice_profile_snapshot_sort(s, ALICE_BY_LIVE_BYTES);
    *out = s;
    return ALICE_OK;
}

void alice_profile_snapshot_lost(const alice_profile_snapshot *s, alice_profile_lost *out)
{
    if (s && out)
        *out = s->lost;
}

size_t alice_profile_snapshot_count(const alice_profile_snapshot *s)
{
    return s ? s->count : 0;
}

const alice_profile_row *alice_profile_snapshot_row(const alice_profile_snapshot *s,
                                                    size_t index)
{
    return s && index < s->count ? &s->rows[index].shown : NULL;
}

void alice_profile_snapshot_sum_into(const alice_profile_snapshot *s, alice_profile_row *out,
                                     size_t size)
{
    alice_profile_row sum = {0};
    if (!out)
        return;
    for (size_t i = 0; s && i < s->count; i++)
        add_row(&sum, &s->rows[i].shown, 1);
    alice__figures_give(out, size, &sum, sizeof sum);
}

char *alice_profile_place(const alice_profile_row *r, char *buf, size_t size)
{
    if (size == 0)
        return buf;
    if (r->line > 0)
        snprintf(buf, size, "%s (%s:%d)", r->function ? r->function : "?",
                 r->file ? r->file : "?", r->line);
    else if (r->file)
        snprintf(buf, size, "%s+0x%llx%s%s%s", r->file, (unsigned long long)r->address,
                 r->function ? " (after " : "", r->function ? r->function : "",
                 r->function ? ")" : "");
    else if (r->address)
        snprintf(buf, size, "0x%llx", (unsigned long long)r->address);
    else
        snprintf(buf, size, "unknown");
    return buf;
}
