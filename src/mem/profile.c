/* SPDX-License-Identifier: MIT */
/*
 * The allocation profile.
 *
 *     took ─▶ countdown of this thread's stripe ── not at 0 ─▶ done
 *                          │ a sample point lies in the block
 *                          ▼
 *             sites: by call site, the sums      blocks: by address, what it counted for
 *                          ▲                                    │
 *     gave ─▶ filter: could it be followed? ── no ─▶ done       │
 *                          └── yes ─────────────────────────────┘
 *
 * Sampling. The bytes that are taken form one long line, cut into pieces of
 * `rate` bytes; each piece has one sample point, anywhere in it. A block in which k
 * points lie counts for k * rate bytes, so that what a site takes is estimated
 * without bias whatever its sizes, and without a pattern that a regular program
 * could fall in step with. A stripe has its own line, and threads are spread over
 * the stripes.
 *
 * Blocks are counted in 65536ths, because a small block that was met stands for
 * several: k * rate / size of them.
 *
 * Room. What lived is followed block by block, in a table of bounded size. Where it is
 * full, the followed are thinned: `follow` doubles, and a block that counts for less
 * stays with the chance of its bytes in `follow`, and then counts for `follow`. From
 * then on a block comes in with the same chance. So live figures stay unbiased; what
 * was taken in all is counted as before.
 *
 * The lock is innermost: under it nothing is allocated, charged or called back.
 * Tables grow outside of it, without reclaiming, since a reclaimer's frees come here.
 */
#include "mem/profile_int.h"

#include <alice/budget.h>

#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "mem/profile_hook.h"

enum { RATE = 64 * 1024, MAX_BYTES = 256 * 1024, LEAST_BYTES = 24 * 1024, FIRST_CAP = 64 };

/* ---- sampling ---- */

/* splitmix64 */
static uint64_t next_chance(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Threads have stacks of their own, so where the stack lies tells them apart. */
static stripe *stripe_of(alice_profile *p)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0) >> 17;
    return &p->stripes[(alice__pointer_hash(here) >> 8) % STRIPES];
}

/* Move on to the next sample point; answers the bytes to it. */
static int64_t next_point_locked(const alice_profile *p, stripe *s)
{
    int64_t at = (int64_t)(next_chance(&s->chance) % (uint64_t)p->rate);
    int64_t distance = p->rate - s->in_piece + at;
    s->in_piece = at;
    return distance;
}

/* How many sample points the countdown has passed. Another thread of the stripe may have taken
 * them. */
static int64_t points_locked(const alice_profile *p, stripe *s)
{
    int64_t points = 0;
    int64_t left = atomic_load_explicit(&s->left, memory_order_relaxed);
    int64_t add = 0;
    if (left < -2 * p->rate) { /* whole pieces at once: the place in the piece stays */
        points = -left / p->rate - 1;
        add = points * p->rate;
    }
    while (left + add <= 0) {
        add += next_point_locked(p, s);
        points++;
    }
    atomic_fetch_add_explicit(&s->left, add, memory_order_relaxed);
    return points;
}

/* ---- tables ---- */

static size_t table_bytes(const alice__pmap *m)
{
    return m->cap * m->entry_bytes;
}

/* Double a table that is full, as far as max_bytes goes. */
static void grow(alice_profile *p, alice__pmap *m)
{
    void *memory = NULL;
    lock_profile(p);
    size_t cap = m->cap ? m->cap * 2 : FIRST_CAP;
    bool wanted = alice__pmap_full(m) &&
                  p->bytes + cap * m->entry_bytes <= p->o.max_bytes + table_bytes(m);
    unlock_profile(p);
    size_t bytes = cap * m->entry_bytes;
    if (!wanted || alice_env_try_alloc(&p->o.env, bytes, ALICE_HERE, &memory) != ALICE_OK)
        return;
    memset(memory, 0, bytes);
    lock_profile(p);
    if (m->cap < cap) {
        size_t old_bytes = table_bytes(m);
        memory = alice__pmap_rehash(m, memory, cap);
        p->bytes += bytes - old_bytes;
        bytes = old_bytes;
    }
    unlock_profile(p);
    alice_env_free(&p->o.env, memory, bytes);
}

static site *site_locked(alice_profile *p, uintptr_t key, bool is_address)
{
    site *s = key ? alice__pmap_find(&p->sites, key) : &p->unknown;
    if (s)
        return s;
    if (alice__pmap_full(&p->sites)) {
        p->lost_sites++;
        return &p->unknown;
    }
    s = alice__pmap_add(&p->sites, key);
    s->is_address = is_address;
    return s;
}

static atomic_uint *filter_of(alice_profile *p, uintptr_t address)
{
    return &p->filter[(alice__pointer_hash(address) >> 12) % FILTER];
}

/* Take back what a block counted for, and the block. */
static void forget_locked(alice_profile *p, block *b)
{
    site *s = b->site ? alice__pmap_find(&p->sites, b->site) : &p->unknown;
    s->live_bytes -= b->bytes;
    s->live_blocks -= b->blocks;
    atomic_fetch_sub_explicit(filter_of(p, b->key), 1, memory_order_relaxed);
    alice__pmap_remove(&p->blocks, b);
}

static void lost_locked(alice_profile *p, int64_t bytes, int64_t blocks)
{
    /* The same whatever the block counts for: its size. */
    int64_t one = (int64_t)((double)bytes * (1 << BLOCK_SHIFT) / (double)blocks + 0.5);
    p->lost.blocks++;
    p->lost.bytes += (uint64_t)one;
}

/* Whether a block that counts for so much is followed, and if so for how much. */
static bool follow_locked(alice_profile *p, int64_t *bytes, int64_t *blocks)
{
    if (*bytes >= p->follow)
        return true;
    if ((int64_t)(next_chance(&p->chance) % (uint64_t)p->follow) >= *bytes) {
        lost_locked(p, *bytes, *blocks);
        return false;
    }
    *blocks = (int64_t)((double)*blocks * (double)p->follow / (double)*bytes + 0.5);
    *bytes = p->follow;
    return true;
}

static void live_locked(site *s, int64_t bytes, int64_t blocks)
{
    s->live_bytes += bytes;
    s->live_blocks += blocks;
}

/* Make room among the followed blocks: by chance, half of the smaller ones are let go. */
static void thin_locked(alice_profile *p)
{
    size_t enough = p->blocks.cap / 2;
    while (p->blocks.count > enough && p->follow < INT64_MAX / 4) {
        p->follow *= 2;
        for (size_t i = 0; i < p->blocks.cap;) {
            block *b = alice__pmap_at(&p->blocks, i);
            if (!b->key || b->bytes >= p->follow) {
                i++;
                continue;
            }
            block was = *b;
            site *s = b->site ? alice__pmap_find(&p->sites, b->site) : &p->unknown;
            if (follow_locked(p, &b->bytes, &b->blocks))
                live_locked(s, b->bytes - was.bytes, b->blocks - was.blocks);
            else
                forget_locked(p, b); /* another may have moved to its place */
        }
    }
}

static void count_locked(alice_profile *p, uintptr_t key, bool is_address, uintptr_t address,
                         int64_t bytes, int64_t blocks)
{
    site *s = site_locked(p, key, is_address);
    s->total_bytes += bytes;
    s->total_blocks += blocks;
    p->sampled++;
    block *b = alice__pmap_find(&p->blocks, address);
    if (b) /* given back without a word: whoever freed it is not profiled */
        forget_locked(p, b);
    if (alice__pmap_full(&p->blocks))
        thin_locked(p);
    if (alice__pmap_full(&p->blocks)) { /* there is no table at all */
        lost_locked(p, bytes, blocks);
        return;
    }
    if (!follow_locked(p, &bytes, &blocks))
        return;
    b = alice__pmap_add(&p->blocks, address);
    b->site = s == &p->unknown ? 0 : key;
    b->bytes = bytes;
    b->blocks = blocks;
    atomic_fetch_add_explicit(filter_of(p, address), 1, memory_order_relaxed);
    live_locked(s, bytes, blocks);
    if (s->live_bytes > s->peak_bytes)
        s->peak_bytes = s->live_bytes;
}

/* ---- the hooks ---- */

static void took(alice_profile *p, uintptr_t key, bool is_address, const void *address,
                 size_t size)
{
    stripe *s = NULL;
    if (size > INT64_MAX / 2 || atomic_load_explicit(&p->paused, memory_order_relaxed))
        return;
    int64_t n = (int64_t)size;
    if (p->rate > 1) {
        s = stripe_of(p);
        if (atomic_fetch_sub_explicit(&s->left, n, memory_order_relaxed) > n)
            return;
    }
    for (bool grown = false;; grown = true) {
        lock_profile(p);
        bool sites = alice__pmap_full(&p->sites), blocks = alice__pmap_full(&p->blocks);
        if (grown || !(sites || blocks))
            break;
        unlock_profile(p);
        if (sites)
            grow(p, &p->sites);
        if (blocks)
            grow(p, &p->blocks);
    }
    int64_t bytes = p->rate > 1 ? points_locked(p, s) * p->rate : n;
    if (bytes > 0) {
        int64_t ones = (int64_t)(((double)bytes / (double)n) * (1 << BLOCK_SHIFT) + 0.5);
        count_locked(p, key, is_address, (uintptr_t)address, bytes, ones);
    }
    unlock_profile(p);
}

void alice__profile_took(alice_profile *profile, const alice_site *here, void *p, size_t size)
{
    if (p && size > 0)
        took(profile, (uintptr_t)here, false, p, size);
}

void alice__profile_gave(alice_profile *profile, void *p, size_t size)
{
    (void)size;
    if (!p || atomic_load_explicit(filter_of(profile, (uintptr_t)p), memory_order_relaxed) == 0)
        return;
    lock_profile(profile);
    block *b = alice__pmap_find(&profile->blocks, (uintptr_t)p);
    if (b)
        forget_locked(profile, b);
    unlock_profile(profile);
}

/* ---- an allocator that is profiled ---- */

static void *pass(const alice_alloc *next, void *p, size_t old_size, size_t new_size)
{
    if (next)
        return next->resize(next->ctx, p, old_size, new_size);
    if (new_size == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, new_size);
}

static void *profiled_resize(void *ctx, void *p, size_t old_size, size_t new_size)
{
    alice_profile_allocator *w = ctx;
    uintptr_t caller = (uintptr_t)__builtin_return_address(0);
    if (p)
        alice__profile_gave(w->profile, p, old_size);
    void *got = pass(w->next, p, old_size, new_size);
    if (got && new_size > 0)
        took(w->profile, caller, true, got, new_size);
    else if (p && new_size > 0)
        took(w->profile, caller, true, p, old_size);
    return got;
}

const alice_alloc *alice_profile_allocator_init(alice_profile_allocator *wrapper,
                                                alice_profile *profile, const alice_alloc *next)
{
    wrapper->alloc = (alice_alloc){.resize = profiled_resize, .ctx = wrapper};
    wrapper->next = next;
    wrapper->profile = profile;
    return &wrapper->alloc;
}

/* ---- life ---- */

alice_status alice_profile_open(alice_profile **out, const alice_profile_options *options)
{
    alice_profile *p = NULL;
    void *memory = NULL;
    if (!out)
        return ALICE_E_INVAL;
    alice_profile_options o;
    alice_status st = alice__options_take(&o, sizeof o, options);
    if (st != ALICE_OK)
        return st;
    o.sample_bytes = o.sample_bytes ? o.sample_bytes : RATE;
    o.max_bytes = o.max_bytes ? o.max_bytes : MAX_BYTES;
    o.env.profile = NULL; /* it does not follow itself */
    if (o.max_bytes < LEAST_BYTES || o.sample_bytes > (size_t)1 << 40)
        return ALICE_E_INVAL;
    /* Room to align it by hand: an allocator promises no cache lines. */
    size_t bytes = sizeof *p + _Alignof(alice_profile);
    st = alice_env_calloc(&o.env, 1, bytes, ALICE_HERE, &memory);
    if (st != ALICE_OK)
        return st;
    size_t ahead = _Alignof(alice_profile) - (uintptr_t)memory % _Alignof(alice_profile);
    p = (alice_profile *)((uint8_t *)memory + ahead);
    if (pthread_mutex_init(&p->lock, NULL) != 0) {
        alice_env_free(&o.env, memory, bytes);
        return ALICE_E_SYSTEM;
    }
    p->o = o;
    p->base = memory;
    p->rate = p->follow = (int64_t)o.sample_bytes;
    p->chance = ~o.seed;
    p->bytes = bytes;
    p->sites.entry_bytes = sizeof(site);
    p->blocks.entry_bytes = sizeof(block);
    for (size_t i = 0; i < STRIPES; i++) {
        stripe *s = &p->stripes[i];
        s->chance = o.seed + i * UINT64_C(0xd1342543de82ef95);
        s->in_piece = (int64_t)(next_chance(&s->chance) % (uint64_t)p->rate);
        atomic_init(&s->left, s->in_piece + 1);
    }
    ALICE__CENSUS_ADD(&o.env, p, "alice_profile");
    *out = p;
    return ALICE_OK;
}

void alice_profile_close(alice_profile **profile)
{
    if (!profile || !*profile)
        return;
    alice_profile *p = *profile;
    alice_env env = p->o.env;
    *profile = NULL;
    ALICE__CENSUS_REMOVE(&env, p);
    alice_env_free(&env, p->sites.entries, table_bytes(&p->sites));
    alice_env_free(&env, p->blocks.entries, table_bytes(&p->blocks));
    pthread_mutex_destroy(&p->lock);
    alice_env_free(&env, p->base, sizeof *p + _Alignof(alice_profile));
}

void alice_profile_pause(alice_profile *profile, bool paused)
{
    if (profile)
        atomic_store(&profile->paused, paused);
}

static void take_stats(const alice_profile *p, alice_profile_stats *out)
{
    lock_profile(p);
    *out = (alice_profile_stats){.bytes = p->bytes,
                                 .sites = p->sites.count,
                                 .blocks = p->blocks.count,
                                 .sampled = p->sampled,
                                 .lost_blocks = p->lost.blocks,
                                 .lost_bytes = p->lost.bytes,
                                 .lost_sites = p->lost_sites};
    unlock_profile(p);
}

void alice_profile_stats_into(const alice_profile *p, alice_profile_stats *out, size_t size)
{
    alice_profile_stats s = {0};
    if (!out || !p)
        return;
    take_stats(p, &s);
    alice__figures_give(out, size, &s, sizeof s);
}
