/* SPDX-License-Identifier: MIT */
/*
 * Whose time is over: a hierarchical timer wheel in each shard.
 *
 *     level 0   64 slots of 64 ms      entries due within 4 s
 *     level 1   64 slots of 4 s        within 4 minutes, then they move to level 0
 *     level 2   64 slots of 4 minutes  within 4 hours
 *     level 3   64 slots of 4 hours    within 12 days, or later and moved again
 *
 * An expired entry is never handed out, whatever the wheel says: looking an entry
 * up compares its deadline. The wheel only frees the memory of what nobody asks
 * for any more. A wheel, because entries have times to live of their own (a queue
 * in the order of setting would need one queue for each), because adding and
 * removing are constant, and because it is 1 KB: a heap costs a log of the
 * entries at each set, and a sweep reads every entry to find the few. A bitmap for
 * each level lets the hand jump over the time in which nothing was due.
 *
 * A hit with renewal, and a set that puts the end off, only write the deadline; the wheel
 * finds out when the old one comes, and puts the entry where it belongs then.
 *
 * Deadlines are ticks of 4 ms modulo 2^32 (198 days), so a time to live, 49 days at
 * the most, is never mistaken as long as somebody looks once in 49 days; where nobody
 * did, alice__cache_now() finds that everything is expired.
 */
#include "base/check.h"
#include "mem/cache_impl.h"

#include <string.h>

#define LEVEL_SHIFT 6

/* Nobody looked for longer than anything lives: say so before ticks are mistaken. */
static void expire_all(struct shard *s, uint64_t now)
{
    struct wheel *w = s->wheel;
    for (unsigned level = 0; w && level < WHEEL_LEVELS; level++) {
        for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++) {
            uint32_t next;
            for (uint32_t h = w->slots[level][slot]; h; h = next) {
                struct timing *t = timing_of(entry_at(s, h));
                next = t->next;
                t->deadline = (uint32_t)now;
            }
        }
    }
}

uint64_t alice__cache_now(struct shard *s)
{
    uint64_t now = ticks_of(s->cache);
    if (now > s->now && now - s->now > TTL_MAX_TICKS)
        expire_all(s, now);
    s->now = now;
    return now;
}

uint32_t alice__ttl_ticks(uint32_t ttl_ms)
{
    return ttl_ms / 4 + (ttl_ms % 4 != 0);
}

alice_status alice__wheel_need(struct shard *s, uint64_t now)
{
    void *p = NULL;
    if (s->wheel)
        return ALICE_OK;
    alice_status st = alice__allowance_take(&s->allowance, sizeof *s->wheel, ALICE_HERE, &p);
    if (st == ALICE_OK) {
        s->wheel = p;
        memset(s->wheel, 0, sizeof *s->wheel);
        s->wheel->now = now >> WHEEL_UNIT_SHIFT;
    }
    return st;
}

static void link_at(struct shard *s, unsigned level, unsigned slot, struct entry *e,
                    uint32_t handle)
{
    struct wheel *w = s->wheel;
    struct timing *t = timing_of(e);
    uint32_t first = w->slots[level][slot];
    t->next = first;
    t->prev = WHEEL_HEAD | (level << LEVEL_SHIFT) | slot;
    if (first)
        timing_of(entry_at(s, first))->prev = handle;
    w->slots[level][slot] = handle;
    w->full[level] |= UINT64_C(1) << slot;
}

/* Where a deadline belongs, seen from the wheel's time. */
static void place(struct shard *s, struct entry *e, uint32_t handle, uint64_t now)
{
    struct wheel *w = s->wheel;
    int32_t left = (int32_t)(timing_of(e)->deadline - (uint32_t)now);
    uint64_t due = left > 0 ? now + (uint32_t)left : now;
    uint64_t unit = (due + (1U << WHEEL_UNIT_SHIFT) - 1) >> WHEEL_UNIT_SHIFT;
    if (unit < w->now)
        unit = w->now;
    uint64_t ahead = unit - w->now;
    unsigned level = 0;
    while (level < WHEEL_LEVELS - 1 && ahead >> (LEVEL_SHIFT * (level + 1)))
        level++;
    if (ahead >> (LEVEL_SHIFT * WHEEL_LEVELS)) /* beyond the last level: as far as it goes */
        unit = w->now + (UINT64_C(1) << (LEVEL_SHIFT * WHEEL_LEVELS)) - 1;
    unsigned slot = (unsigned)(unit >> (LEVEL_SHIFT * level)) & (WHEEL_SLOTS - 1);
    link_at(s, level, slot, e, handle);
}

void alice__wheel_add(struct shard *s, struct entry *e, uint32_t handle, uint64_t now)
{
    place(s, e, handle, now);
}

void alice__wheel_unlink(struct shard *s, struct entry *e)
{
    struct wheel *w = s->wheel;
    struct timing *t = timing_of(e);
    if (t->next)
        timing_of(entry_at(s, t->next))->prev = t->prev;
    if (!(t->prev & WHEEL_HEAD)) {
        timing_of(entry_at(s, t->prev))->next = t->next;
        return;
    }
    unsigned slot = t->prev & (WHEEL_SLOTS - 1);
    unsigned level = (t->prev & ~WHEEL_HEAD) >> LEVEL_SHIFT;
    w->slots[level][slot] = t->next;
    if (!t->next)
        w->full[level] &= ~(UINT64_C(1) << slot);
}

void alice__wheel_moved(struct shard *s, struct entry *e, uint32_t handle)
{
    const struct timing *t = timing_of(e);
    if (t->next)
        timing_of(entry_at(s, t->next))->prev = handle;
    if (t->prev & WHEEL_HEAD)
        s->wheel->slots[(t->prev & ~WHEEL_HEAD) >> LEVEL_SHIFT][t->prev & (WHEEL_SLOTS - 1)] =
            handle;
    else
        timing_of(entry_at(s, t->prev))->next = handle;
}

/*
 * Empty one slot: what is due leaves, what is not is placed anew. False: the work
 * ran out first.
 */
static bool empty_slot(struct shard *s, unsigned level, uint64_t now, size_t *work,
                       size_t *freed, struct graves *graves)
{
    struct wheel *w = s->wheel;
    unsigned slot = (unsigned)(w->now >> (LEVEL_SHIFT * level)) & (WHEEL_SLOTS - 1);
    uint32_t handle;
    while ((handle = w->slots[level][slot]) != 0) {
        struct entry *e = entry_at(s, handle);
        if (*work == 0)
            return false;
        --*work;
        if (expired_at(e, now)) {
            alice__cache_leave(s, e, handle, ALICE_CACHE_EXPIRED, graves);
            ++*freed;
            continue;
        }
        alice__wheel_unlink(s, e);
        place(s, e, handle, now);
        ALICE__CHECKED(w->slots[level][slot] !=
                       handle); /* what is not due stands in a later slot */
    }
    return true;
}

/* The next moment at which a slot has to be looked at, not beyond `until`. */
static uint64_t next_stop(const struct wheel *w, uint64_t until)
{
    uint64_t next = w->now + 1;
    for (unsigned level = 0; level < WHEEL_LEVELS && next < until; level++) {
        if (w->full[level])
            return next;
        /* Nothing on this level: on to where the next one moves its hand. */
        uint64_t span = UINT64_C(1) << (LEVEL_SHIFT * (level + 1));
        next = (w->now | (span - 1)) + 1;
    }
    return next < until ? next : until;
}

size_t alice__wheel_advance(struct shard *s, uint64_t now, size_t work, struct graves *graves)
{
    struct wheel *w = s->wheel;
    size_t freed = 0;
    if (!w)
        return 0;
    uint64_t until = now >> WHEEL_UNIT_SHIFT;
    if (until > w->now && (until - w->now) << WHEEL_UNIT_SHIFT > TTL_MAX_TICKS)
        work = SIZE_MAX; /* so far behind: before ticks are mistaken */
    while (w->now <= until) {
        for (unsigned level = WHEEL_LEVELS; level-- > 0;) {
            uint64_t below = (UINT64_C(1) << (LEVEL_SHIFT * level)) - 1;
            if ((w->now & below) == 0 && !empty_slot(s, level, now, &work, &freed, graves))
                return freed;
        }
        if (w->now == until)
            break;
        w->now = next_stop(w, until);
    }
    return freed;
}
