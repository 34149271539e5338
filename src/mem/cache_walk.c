/* SPDX-License-Identifier: MIT */
/*
 * Going through a cache while others use it.
 *
 * Entries move, and are replaced by others in their place; but the tag of a key is always
 * the same. So the walk goes by tags, upwards: some at a time are pinned under the lock,
 * and handed out without it. Who is there all the time is met once, whatever moves; who comes
 * or goes meanwhile may be met.
 */
#include "mem/cache_impl.h"

#include <string.h>

#define AT_ONCE 32

/* An entry on the way: pinned, and where it stands, which is read under the lock. */
struct met {
    alice_pin pin;
    alice_bytes key;
};

/* Pin the next entries whose tags are `*from` or above; `*from` is where to go on. */
static unsigned pin_some(struct shard *s, uint64_t *from, struct met *met)
{
    uint32_t tags[AT_ONCE], handles[AT_ONCE];
    unsigned pinned = 0;
    lock_shard(s);
    unsigned n = alice__index_after(&s->index, from, tags, handles, AT_ONCE);
    uint64_t now = s->wheel ? alice__cache_now(s) : 0;
    for (unsigned i = 0; i < n; i++) {
        struct entry *e = entry_at(s, handles[i]);
        if ((!(e->flags & ENTRY_TIMED) || !expired_at(e, now)) && alice__cache_pin(s, e))
            met[pinned++] =
                (struct met){alice__cache_pin_of(s, e), alice__entry_key(s->cache, e)};
    }
    unlock_shard(s);
    return pinned;
}

/* Remove what is pinned, unless something else removed or replaced it meanwhile. */
static bool remove_pinned(struct shard *s, struct entry *e)
{
    struct graves graves = {0};
    lock_shard(s);
    bool there = (e->flags & ENTRY_INDEXED) != 0;
    if (there) {
        uint32_t handle = alice__cache_find(s, alice__entry_key(s->cache, e), e->tag);
        if (s->flights)
            alice__flights_stale(s, alice__entry_key(s->cache, e), e->tag);
        alice__cache_leave(s, e, handle, ALICE_CACHE_REMOVED, &graves);
    }
    unlock_shard(s);
    alice__cache_bury(s, &graves);
    return there;
}

enum verdict { GO_ON, REMOVE, STOP };

struct walk {
    alice_cache_each_fn each;
    alice_cache_match_fn match;
    alice_bytes prefix;
    void *ctx;
};

static enum verdict ask(const struct walk *w, alice_bytes key, alice_bytes value)
{
    if (w->each)
        return w->each(w->ctx, key, value) ? GO_ON : STOP;
    if (w->match)
        return w->match(w->ctx, key, value) ? REMOVE : GO_ON;
    bool begins = key.n >= w->prefix.n &&
                  (w->prefix.n == 0 || memcmp(key.p, w->prefix.p, w->prefix.n) == 0);
    return begins ? REMOVE : GO_ON;
}

/* Ask about each; how many were met, or removed. */
static size_t walk_shard(struct shard *s, const struct walk *w, bool *stop)
{
    struct met met[AT_ONCE];
    uint64_t from = 0;
    size_t count = 0;
    while (!*stop && from <= UINT32_MAX) {
        unsigned n = pin_some(s, &from, met);
        for (unsigned i = 0; i < n; i++) {
            struct met *m = &met[i];
            enum verdict v = GO_ON;
            if (!*stop)
                v = ask(w, m->key, (alice_bytes){m->pin.p, m->pin.n});
            count += w->each ? !*stop : v == REMOVE && remove_pinned(s, m->pin.entry_);
            *stop |= v == STOP;
            alice_cache_unpin(&m->pin);
        }
    }
    return count;
}

static size_t walk(alice_cache *c, const struct walk *w)
{
    size_t count = 0;
    bool stop = false;
    for (uint32_t i = 0; i < c->shard_count && !c->closing; i++)
        count += walk_shard(&c->shards[i], w, &stop);
    return count;
}

size_t alice_cache_each(alice_cache *c, alice_cache_each_fn fn, void *ctx)
{
    return c && fn ? walk(c, &(struct walk){.each = fn, .ctx = ctx}) : 0;
}

size_t alice_cache_remove_if(alice_cache *c, alice_cache_match_fn fn, void *ctx)
{
    return c && fn ? walk(c, &(struct walk){.match = fn, .ctx = ctx}) : 0;
}

size_t alice_cache_remove_prefix(alice_cache *c, alice_bytes prefix)
{
    return c && !bad_bytes(prefix) ? walk(c, &(struct walk){.prefix = prefix}) : 0;
}
