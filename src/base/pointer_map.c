/* SPDX-License-Identifier: MIT */
/* A hash table by address: see the header. */
#include "base/pointer_map.h"
#include "base/check.h"

#include <string.h>

static uintptr_t key_at(const alice__pmap *m, size_t i)
{
    uintptr_t key;
    memcpy(&key, alice__pmap_at(m, i), sizeof key);
    return key;
}

static size_t home(const alice__pmap *m, uintptr_t key)
{
    return (size_t)alice__pointer_hash(key) & (m->cap - 1);
}

/* The place of `key`, or the empty one where it would be. */
static size_t place(const alice__pmap *m, uintptr_t key)
{
    size_t i = home(m, key);
    for (;;) {
        uintptr_t k = key_at(m, i);
        if (k == key || k == 0)
            return i;
        i = (i + 1) & (m->cap - 1);
    }
}

void *alice__pmap_find(const alice__pmap *m, uintptr_t key)
{
    if (m->count == 0)
        return NULL;
    size_t i = place(m, key);
    return key_at(m, i) ? alice__pmap_at(m, i) : NULL;
}

void *alice__pmap_add(alice__pmap *m, uintptr_t key)
{
    ALICE__CHECKED(key != 0 && !alice__pmap_full(m));
    uint8_t *e = alice__pmap_at(m, place(m, key));
    memcpy(e, &key, sizeof key);
    m->count++;
    return e;
}

void alice__pmap_remove(alice__pmap *m, void *entry)
{
    size_t mask = m->cap - 1;
    size_t hole = (size_t)((uint8_t *)entry - m->entries) / m->entry_bytes;
    for (size_t i = (hole + 1) & mask; key_at(m, i) != 0; i = (i + 1) & mask) {
        /* What lies behind the hole moves into it, unless its home is behind the hole too. */
        if (((i - home(m, key_at(m, i))) & mask) >= ((i - hole) & mask)) {
            memcpy(alice__pmap_at(m, hole), alice__pmap_at(m, i), m->entry_bytes);
            hole = i;
        }
    }
    memset(alice__pmap_at(m, hole), 0, m->entry_bytes);
    m->count--;
}

void *alice__pmap_rehash(alice__pmap *m, void *memory, size_t cap)
{
    alice__pmap old = *m;
    m->entries = memory;
    m->cap = cap;
    for (size_t i = 0; i < old.cap; i++) {
        uintptr_t key = key_at(&old, i);
        if (key != 0)
            memcpy(alice__pmap_at(m, place(m, key)), alice__pmap_at(&old, i), m->entry_bytes);
    }
    return old.entries;
}
