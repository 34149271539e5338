/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_SLAB_H
#define ALICE_MEM_SLAB_H

/*
 * Slots for small objects, in pages of one size class each, addressed by 31-bit
 * handles. See slab.c.
 */

#include "mem/allowance.h"

#define ALICE__SLAB_PAGE_MIN ((size_t)1024)
#define ALICE__SLAB_PAGE_MAX ((size_t)65536)
#define ALICE__SLAB_GRAIN 8

/* One page of slots. Number 0 is never used, so that handle 0 means none. */
struct alice__page {
    uint8_t *mem;        /* NULL: the number is free, next links them */
    uint32_t next, prev; /* among the pages of the class that have free slots */
    uint16_t live;       /* slots taken */
    uint16_t fresh;      /* slots ever taken; those behind were never touched */
    uint16_t free;       /* grain of the first slot given back; NO_SLOT: none */
    uint8_t cls;
    uint8_t listed;
};

struct alice__class {
    uint32_t partial; /* the first page with free slots */
    uint32_t spare;   /* free slots in all of its pages */
};

struct alice__slab {
    struct alice__allowance *allowance;
    struct alice__page *pages;
    uint32_t page_count; /* numbers in use or free, 0 included */
    uint32_t page_room;
    uint32_t free_number;
    uint32_t held_pages;
    uint32_t page_size;
    uint32_t max_size; /* of an object */
    uint8_t shift;     /* handle = page number << shift | grain */
    uint32_t class_count;
    struct alice__class *classes;
};

/* How many classes there are with such pages. */
unsigned alice__slab_classes(size_t page_size);

/* `page_size`: a power of two; `classes`: as many as it has, all zero. Takes nothing yet. */
void alice__slab_init(struct alice__slab *slab, struct alice__allowance *allowance,
                      size_t page_size, struct alice__class *classes);

/* Give everything back. */
void alice__slab_clear(struct alice__slab *slab);

/* The class of a size up to max_size, the size of a class, and slots in its page. */
unsigned alice__slab_class(size_t size);
size_t alice__slab_class_size(unsigned cls);
unsigned alice__slab_per_page(const struct alice__slab *slab, unsigned cls);

/* Whether a slot of the class would do for the size, and wastes little. */
bool alice__slab_suits(unsigned cls, size_t size);

/*
 * Take a slot of the class, or a free one of a class that is little larger, before
 * another page is taken. 0: none is free, and the allowance (or the allocator) refused another
 * page; `*why` says which. The object's first 16 bits must become non-zero.
 */
uint32_t alice__slab_take(struct alice__slab *slab, unsigned cls, alice_status *why);

/* Give a slot back, and its page when it was the last. */
void alice__slab_give(struct alice__slab *slab, uint32_t handle);

/*
 * Empty one page of the class by moving what it holds into free slots of others.
 * Worth trying when spare[cls] >= per_page. `move` moves one object or answers
 * false where it cannot. True: a page was given back.
 */
typedef bool (*alice__slab_move_fn)(void *ctx, uint32_t from, uint32_t to, size_t size);
bool alice__slab_compact(struct alice__slab *slab, unsigned cls, alice__slab_move_fn move,
                         void *ctx);

/* Bytes that all pages cost. */
size_t alice__slab_pages_cost(const struct alice__slab *slab);

/* Counters and lists agree; `*live` is the number of slots taken. */
bool alice__slab_check(const struct alice__slab *slab, size_t *live);

static inline void *alice__slab_at(const struct alice__slab *slab, uint32_t handle)
{
    uint32_t grain = handle & ((1U << slab->shift) - 1);
    return slab->pages[handle >> slab->shift].mem + (size_t)grain * ALICE__SLAB_GRAIN;
}

static inline unsigned alice__slab_class_of(const struct alice__slab *slab, uint32_t handle)
{
    return slab->pages[handle >> slab->shift].cls;
}

#endif
