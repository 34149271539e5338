/* SPDX-License-Identifier: MIT */
/*
 * Slots for small objects.
 *
 *     class  0: 8 bytes ... 31: 256, in steps of 32 to 1024, then 32 classes to each doubling
 *     page      [slot][slot][slot]....  all of one class
 *     handle    page number | place in the page, in grains of 8 bytes
 *
 * An allocator under a cache loses memory in two ways: holes between blocks that
 * nobody fits into, and pages that are bound to a size nobody stores any more.
 * Both end here, because objects can be moved: a class never needs to keep more
 * free slots than one page has, since alice__slab_compact() packs the others. So
 * what is charged, whole pages, is what is held, and stays usable for any size.
 *
 * Many classes waste little in each slot, and up to a page for each class that is in use.
 * So before a class takes another page, free slots of the classes next to it are used.
 *
 * Invariants: a page with free slots is in the list of its class; a page without
 * taken slots does not exist; a class's `spare` is the number of free slots in pages of
 * the class; the first 16 bits of a slot are 0 if and only if it is free.
 */
#include "mem/slab.h"
#include "base/check.h"

#include <string.h>

#define NO_SLOT UINT16_MAX
#define HANDLE_BITS 31
#define SMALL_CLASSES 32 /* up to 256 bytes in steps of a grain */
#define SMALL_MAX 256
#define MIDDLE_STEP 32 /* up to 1024 bytes */
#define MIDDLE_MAX 1024
#define MIDDLE_CLASSES (SMALL_CLASSES + (MIDDLE_MAX - SMALL_MAX) / MIDDLE_STEP)
#define STEPS 32                                 /* classes to a doubling, above */
#define CLASSES_MAX (MIDDLE_CLASSES + 3 * STEPS) /* up to 8 KB */
#define NEAR_PART 8 /* a slot larger by one part of so many will do */
#define LOOK_AT 8   /* pages to choose from when one is to be emptied */

struct free_slot {
    uint16_t zero; /* where a live object is not 0 */
    uint16_t next;
};

/* A page of few slots wastes its end; where pages are small, objects outside are worse. */
static size_t max_size_of(size_t page_size)
{
    return page_size < 4096 ? page_size / 4 : page_size / 8;
}

unsigned alice__slab_classes(size_t page_size)
{
    return alice__slab_class(max_size_of(page_size)) + 1;
}

void alice__slab_init(struct alice__slab *slab, struct alice__allowance *allowance,
                      size_t page_size, struct alice__class *classes)
{
    ALICE__CHECKED(page_size >= ALICE__SLAB_PAGE_MIN && page_size <= ALICE__SLAB_PAGE_MAX);
    memset(slab, 0, sizeof *slab);
    slab->allowance = allowance;
    slab->page_size = (uint32_t)page_size;
    slab->max_size = (uint32_t)max_size_of(page_size);
    slab->class_count = alice__slab_classes(page_size);
    slab->classes = classes;
    for (size_t n = page_size / ALICE__SLAB_GRAIN; n > 1; n /= 2)
        slab->shift++;
}

unsigned alice__slab_class(size_t size)
{
    ALICE__CHECKED(size > 0 && size <= ALICE__SLAB_PAGE_MAX / 8);
    if (size <= SMALL_MAX)
        return (unsigned)((size - 1) / ALICE__SLAB_GRAIN);
    if (size <= MIDDLE_MAX)
        return SMALL_CLASSES + (unsigned)((size - SMALL_MAX - 1) / MIDDLE_STEP);
    unsigned doubling = 0;
    size_t top = MIDDLE_MAX;
    while (size > top * 2) {
        top *= 2;
        doubling++;
    }
    return MIDDLE_CLASSES + doubling * STEPS + (unsigned)((size - top - 1) / (top / STEPS));
}

size_t alice__slab_class_size(unsigned cls)
{
    if (cls < SMALL_CLASSES)
        return (size_t)(cls + 1) * ALICE__SLAB_GRAIN;
    if (cls < MIDDLE_CLASSES)
        return SMALL_MAX + (size_t)(cls - SMALL_CLASSES + 1) * MIDDLE_STEP;
    size_t top = (size_t)MIDDLE_MAX << ((cls - MIDDLE_CLASSES) / STEPS);
    return top + (top / STEPS) * ((cls - MIDDLE_CLASSES) % STEPS + 1);
}

/* Whether an object of class `cls` may stand in a slot of class `in`. */
static bool is_near(unsigned cls, unsigned in)
{
    size_t size = alice__slab_class_size(cls);
    return in >= cls && alice__slab_class_size(in) <= size + size / NEAR_PART;
}

bool alice__slab_suits(unsigned cls, size_t size)
{
    unsigned own = alice__slab_class(size);
    return own == cls || is_near(own, cls);
}

unsigned alice__slab_per_page(const struct alice__slab *slab, unsigned cls)
{
    return (unsigned)(slab->page_size / alice__slab_class_size(cls));
}

/* What a page takes: its end, where no slot fits any more, is not taken. */
static size_t page_bytes(const struct alice__slab *slab, unsigned cls)
{
    return alice__slab_per_page(slab, cls) * alice__slab_class_size(cls);
}

size_t alice__slab_pages_cost(const struct alice__slab *slab)
{
    size_t sum = 0;
    for (uint32_t i = 1; i < slab->page_count; i++) {
        if (slab->pages[i].mem)
            sum += alice__block_cost(page_bytes(slab, slab->pages[i].cls));
    }
    return sum;
}

static void list_page(struct alice__slab *slab, uint32_t number)
{
    struct alice__page *page = &slab->pages[number];
    uint32_t first = slab->classes[page->cls].partial;
    ALICE__CHECKED(!page->listed);
    page->next = first;
    page->prev = 0;
    page->listed = 1;
    if (first)
        slab->pages[first].prev = number;
    slab->classes[page->cls].partial = number;
}

static void unlist_page(struct alice__slab *slab, uint32_t number)
{
    struct alice__page *page = &slab->pages[number];
    ALICE__CHECKED(page->listed);
    if (page->next)
        slab->pages[page->next].prev = page->prev;
    if (page->prev)
        slab->pages[page->prev].next = page->next;
    else
        slab->classes[page->cls].partial = page->next;
    page->listed = 0;
}

/* A number for a page: one that became free, or the next. */
static alice_status take_number(struct alice__slab *slab, uint32_t *number)
{
    if (slab->free_number) {
        *number = slab->free_number;
        return ALICE_OK;
    }
    if (slab->page_count == slab->page_room) {
        uint32_t room = slab->page_room ? slab->page_room * 2 : 16;
        void *more = NULL;
        if (room > 1U << (HANDLE_BITS - slab->shift))
            return ALICE__ALLOWANCE_FULL;
        alice_status st = alice__allowance_take(slab->allowance, room * sizeof *slab->pages,
                                                ALICE_HERE, &more);
        if (st != ALICE_OK)
            return st;
        if (slab->pages)
            memcpy(more, slab->pages, slab->page_count * sizeof *slab->pages);
        alice__allowance_give(slab->allowance, slab->pages,
                              slab->page_room * sizeof *slab->pages);
        slab->pages = more;
        slab->page_room = room;
        if (slab->page_count == 0) {
            memset(&slab->pages[0], 0, sizeof slab->pages[0]);
            slab->page_count = 1;
        }
    }
    *number = slab->page_count;
    return ALICE_OK;
}

static alice_status take_page(struct alice__slab *slab, unsigned cls)
{
    uint32_t number = 0;
    void *mem = NULL;
    alice_status st = take_number(slab, &number);
    if (st != ALICE_OK)
        return st;
    st = alice__allowance_take(slab->allowance, page_bytes(slab, cls), ALICE_HERE, &mem);
    if (st != ALICE_OK)
        return st;
    if (number == slab->free_number)
        slab->free_number = slab->pages[number].next;
    else
        slab->page_count++;
    slab->held_pages++;
    slab->pages[number] =
        (struct alice__page){.mem = mem, .free = NO_SLOT, .cls = (uint8_t)cls};
    slab->classes[cls].spare += alice__slab_per_page(slab, cls);
    list_page(slab, number);
    return ALICE_OK;
}

/* The page has no taken slot and is in no list. */
static void give_page(struct alice__slab *slab, uint32_t number)
{
    struct alice__page *page = &slab->pages[number];
    ALICE__CHECKED(page->live == 0 && !page->listed);
    slab->classes[page->cls].spare -= alice__slab_per_page(slab, page->cls);
    alice__allowance_give(slab->allowance, page->mem, page_bytes(slab, page->cls));
    page->mem = NULL;
    page->next = slab->free_number;
    slab->free_number = number;
    if (--slab->held_pages == 0) {
        alice__allowance_give(slab->allowance, slab->pages,
                              slab->page_room * sizeof *slab->pages);
        slab->pages = NULL;
        slab->page_count = slab->page_room = slab->free_number = 0;
    }
}

void alice__slab_clear(struct alice__slab *slab)
{
    for (uint32_t i = 1; i < slab->page_count; i++) {
        if (slab->pages[i].mem)
            alice__allowance_give(slab->allowance, slab->pages[i].mem,
                                  page_bytes(slab, slab->pages[i].cls));
    }
    alice__allowance_give(slab->allowance, slab->pages, slab->page_room * sizeof *slab->pages);
    slab->pages = NULL;
    slab->page_count = slab->page_room = slab->free_number = slab->held_pages = 0;
    memset(slab->classes, 0, slab->class_count * sizeof *slab->classes);
}

uint32_t alice__slab_take(struct alice__slab *slab, unsigned cls, alice_status *why)
{
    unsigned in = cls;
    while (in < slab->class_count && !slab->classes[in].partial && is_near(cls, in))
        in++;
    if (in < slab->class_count && slab->classes[in].partial && is_near(cls, in))
        cls = in;
    if (!slab->classes[cls].partial) {
        *why = take_page(slab, cls);
        if (*why != ALICE_OK)
            return 0;
    }
    uint32_t number = slab->classes[cls].partial;
    struct alice__page *page = &slab->pages[number];
    uint32_t grain;
    if (page->free != NO_SLOT) {
        grain = page->free;
        const struct free_slot *slot =
            (const void *)(page->mem + (size_t)grain * ALICE__SLAB_GRAIN);
        page->free = slot->next;
    } else {
        grain = (uint32_t)(page->fresh * alice__slab_class_size(cls) / ALICE__SLAB_GRAIN);
        page->fresh++;
        struct free_slot *slot = (void *)(page->mem + (size_t)grain * ALICE__SLAB_GRAIN);
        slot->zero = 0;
    }
    page->live++;
    slab->classes[cls].spare--;
    if (page->free == NO_SLOT && page->fresh == alice__slab_per_page(slab, cls))
        unlist_page(slab, number);
    return number << slab->shift | grain;
}

void alice__slab_give(struct alice__slab *slab, uint32_t handle)
{
    uint32_t number = handle >> slab->shift;
    struct alice__page *page = &slab->pages[number];
    struct free_slot *slot = alice__slab_at(slab, handle);
    ALICE__CHECKED(page->live > 0);
    slot->zero = 0;
    slot->next = page->free;
    page->free = (uint16_t)(handle & ((1U << slab->shift) - 1));
    page->live--;
    slab->classes[page->cls].spare++;
    if (page->live == 0) {
        if (page->listed)
            unlist_page(slab, number);
        give_page(slab, number);
    } else if (!page->listed) {
        list_page(slab, number);
    }
}

/* The page of the class with the fewest objects, among the first of its list. */
static uint32_t sparsest_page(const struct alice__slab *slab, unsigned cls)
{
    uint32_t best = slab->classes[cls].partial;
    uint32_t number = best;
    for (unsigned i = 0; number && i < LOOK_AT; i++) {
        if (slab->pages[number].live < slab->pages[best].live)
            best = number;
        number = slab->pages[number].next;
    }
    return best;
}

bool alice__slab_compact(struct alice__slab *slab, unsigned cls, alice__slab_move_fn move,
                         void *ctx)
{
    uint32_t victim = sparsest_page(slab, cls);
    if (!victim)
        return false;
    size_t size = alice__slab_class_size(cls);
    unsigned fresh = slab->pages[victim].fresh;
    unlist_page(slab, victim);
    for (unsigned i = 0; i < fresh; i++) {
        uint32_t from = victim << slab->shift | (uint32_t)(i * size / ALICE__SLAB_GRAIN);
        const struct free_slot *slot = alice__slab_at(slab, from);
        if (slot->zero == 0)
            continue;
        if (!slab->classes[cls].partial) {
            list_page(slab, victim);
            return false;
        }
        alice_status why = ALICE_OK;
        uint32_t to = alice__slab_take(slab, cls, &why);
        bool moved = move(ctx, from, to, size);
        if (!moved) {
            alice__slab_give(slab, to);
            list_page(slab, victim);
            return false;
        }
        /* Out of the list, where the next object would land in the page again. */
        bool last = slab->pages[victim].live == 1;
        slab->pages[victim].listed = !last;
        alice__slab_give(slab, from);
        if (last)
            return true;
        slab->pages[victim].listed = 0;
    }
    list_page(slab, victim); /* what is left is taken, and not yet in use */
    return false;
}

bool alice__slab_check(const struct alice__slab *slab, size_t *live)
{
    uint32_t spare[CLASSES_MAX] = {0};
    uint32_t listed = 0;
    uint32_t held = 0;
    *live = 0;
    for (uint32_t i = 1; i < slab->page_count; i++) {
        const struct alice__page *page = &slab->pages[i];
        if (!page->mem)
            continue;
        unsigned per_page = alice__slab_per_page(slab, page->cls);
        size_t size = alice__slab_class_size(page->cls);
        unsigned taken = 0;
        unsigned given = 0;
        for (unsigned k = 0; k < page->fresh; k++) {
            const struct free_slot *slot = (const void *)(page->mem + k * size);
            taken += slot->zero != 0;
        }
        for (uint16_t g = page->free; g != NO_SLOT && given <= per_page; given++) {
            const struct free_slot *slot =
                (const void *)(page->mem + (size_t)g * ALICE__SLAB_GRAIN);
            if (slot->zero != 0)
                return false;
            g = slot->next;
        }
        if (taken != page->live || taken + given != page->fresh || taken == 0)
            return false;
        if (page->listed != (page->live < per_page))
            return false;
        spare[page->cls] += per_page - page->live;
        listed += page->listed;
        held++;
        *live += taken;
    }
    for (unsigned c = 0; c < slab->class_count; c++) {
        if (spare[c] != slab->classes[c].spare)
            return false;
        for (uint32_t p = slab->classes[c].partial; p; p = slab->pages[p].next) {
            if (slab->pages[p].cls != c || !slab->pages[p].listed || listed-- == 0)
                return false;
        }
    }
    return listed == 0 && held == slab->held_pages;
}
