/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BENCH_YARDSTICKS_H
#define ALICE_BENCH_YARDSTICKS_H

/*
 * What a program would write for want of a cache: two LRU caches bounded by their number of
 * entries, without a time to live, without accounting, in one mutex. Made like the two that
 * C programs use most, so that they can be measured wherever the benchmark is built.
 *
 *     GLIB_LIKE    open addressing over arrays of hashes, keys and values (GHashTable), and a
 *                  queue of links (GQueue); key, value and link are blocks of malloc()
 *     UTHASH_LIKE  chained buckets whose links stand in the element (uthash), which is a
 *                  block with key and value; deleted and added again to be the latest
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum yardstick_kind { GLIB_LIKE, UTHASH_LIKE };

struct yard_link {
    struct yard_link *next, *prev;
    void *key;
    void *value;
    size_t klen, n;
    struct yard_link *chain; /* uthash: in its bucket */
    uint32_t hash;
};

struct yardstick {
    enum yardstick_kind kind;
    pthread_mutex_t lock;
    size_t room, max, items;
    uint32_t *hashes; /* glib: 0 is empty */
    struct yard_link **slots;
    struct yard_link *head, *tail;
};

/* A byte at a time, as g_str_hash() and uthash's default are. */
static inline uint32_t yard_hash(const void *key, size_t n)
{
    const uint8_t *p = key;
    uint32_t h = 5381;
    for (size_t i = 0; i < n; i++)
        h = h * 33 + p[i];
    h ^= h >> 15;
    return h ? h : 1;
}

static inline bool yard_open(struct yardstick *y, enum yardstick_kind kind, size_t max)
{
    *y = (struct yardstick){.kind = kind, .room = 16, .max = max};
    while (y->room < max * 2)
        y->room *= 2;
    y->hashes = calloc(y->room, sizeof *y->hashes);
    y->slots = calloc(y->room, sizeof *y->slots);
    return y->hashes && y->slots && pthread_mutex_init(&y->lock, NULL) == 0;
}

static inline struct yard_link *yard_find(struct yardstick *y, const void *key, size_t n,
                                          uint32_t hash)
{
    if (y->kind == UTHASH_LIKE) {
        struct yard_link *l = y->slots[hash & (y->room - 1)];
        while (l && (l->hash != hash || l->klen != n || memcmp(l->key, key, n) != 0))
            l = l->chain;
        return l;
    }
    for (size_t at = hash & (y->room - 1), step = 1; y->hashes[at];
         at = (at + step++) & (y->room - 1)) {
        if (y->hashes[at] == hash && memcmp(y->slots[at]->key, key, n) == 0)
            return y->slots[at];
    }
    return NULL;
}

static inline void yard_unlink(struct yardstick *y, struct yard_link *l)
{
    *(l->prev ? &l->prev->next : &y->head) = l->next;
    *(l->next ? &l->next->prev : &y->tail) = l->prev;
}

static inline void yard_push(struct yardstick *y, struct yard_link *l)
{
    l->prev = NULL;
    l->next = y->head;
    *(y->head ? &y->head->prev : &y->tail) = l;
    y->head = l;
}

/* Copy the value out, and make it the latest. */
static inline bool yard_get(struct yardstick *y, const void *key, size_t n, void *buf)
{
    uint32_t hash = yard_hash(key, n);
    pthread_mutex_lock(&y->lock);
    struct yard_link *l = yard_find(y, key, n, hash);
    if (l) {
        yard_unlink(y, l);
        yard_push(y, l);
        memcpy(buf, l->value, l->n);
    }
    pthread_mutex_unlock(&y->lock);
    return l != NULL;
}

/* Replace or insert; the benchmark never has more keys than fit. */
static inline bool yard_set(struct yardstick *y, const void *key, size_t klen,
                            const void *value, size_t n)
{
    uint32_t hash = yard_hash(key, klen);
    void *copy = malloc(n);
    if (!copy)
        return false;
    memcpy(copy, value, n);
    pthread_mutex_lock(&y->lock);
    struct yard_link *l = yard_find(y, key, klen, hash);
    void *old = l ? l->value : NULL;
    if (l)
        yard_unlink(y, l);
    else if (y->items < y->max && (l = calloc(1, sizeof *l)) && (l->key = malloc(klen))) {
        memcpy(l->key, key, klen);
        l->klen = klen;
        l->hash = hash;
        size_t at = hash & (y->room - 1);
        if (y->kind == UTHASH_LIKE)
            l->chain = y->slots[at];
        for (size_t step = 1; y->kind == GLIB_LIKE && y->hashes[at]; step++)
            at = (at + step) & (y->room - 1);
        y->slots[at] = l;
        y->hashes[at] = hash;
        y->items++;
    }
    if (l) {
        l->value = copy;
        l->n = n;
        yard_push(y, l);
    }
    pthread_mutex_unlock(&y->lock);
    free(l ? old : copy);
    return l != NULL;
}

static inline void yard_close(struct yardstick *y)
{
    while (y->head) {
        struct yard_link *l = y->head;
        y->head = l->next;
        free(l->key);
        free(l->value);
        free(l);
    }
    free(y->hashes);
    free(y->slots);
    pthread_mutex_destroy(&y->lock);
}

#endif
