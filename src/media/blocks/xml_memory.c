/* SPDX-License-Identifier: MIT */
#include "media/blocks/xml_memory.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { MEMORY_MOST = 128 * 1024, SLAB_ROOM = 24 * 1024, SMALL = 1024 };

static _Thread_local alice__xml_memory *paying;

/* Sizes stand before the blocks. */
typedef union block_head {
    size_t size;
    max_align_t align;
} block_head;

static void *xml_resize(void *p, size_t size)
{
    block_head *head = p ? (block_head *)p - 1 : NULL;
    size_t old = head ? head->size : 0, now = size ? size + sizeof *head : 0;
    void *block = head;
    if (!paying || size > MEMORY_MOST || paying->taken - old + now > MEMORY_MOST)
        return NULL;
    alice_status st = alice_env_resize(paying->env, &block, old, now, ALICE_HERE);
    if (st != ALICE_OK) {
        paying->refused = st;
        return NULL;
    }
    paying->taken = paying->taken - old + now;
    if (!block)
        return NULL;
    head = block;
    head->size = now;
    return head + 1;
}

/* Some eighty pieces a packet: each asked for alone would cost more than the reading of it. */
static void *slab_take(size_t size)
{
    size_t whole = sizeof(block_head) +
                   (size + sizeof(block_head) - 1) / sizeof(block_head) * sizeof(block_head);
    if (!paying || size > SMALL || whole > SLAB_ROOM - paying->slab_used)
        return NULL;
    block_head *head = (block_head *)(void *)(paying->slab + paying->slab_used);
    paying->slab_used += whole;
    head->size = whole;
    return head + 1;
}

static bool in_slab(const void *p)
{
    uintptr_t at = (uintptr_t)p;
    return paying && at >= (uintptr_t)paying->slab && at < (uintptr_t)paying->slab + SLAB_ROOM;
}

static void *xml_malloc(size_t size)
{
    void *p = slab_take(size);
    return p ? p : xml_resize(NULL, size ? size : 1);
}

static void *xml_realloc(void *p, size_t size)
{
    if (!in_slab(p))
        return xml_resize(p, size ? size : 1);
    size_t had = ((block_head *)p - 1)->size - sizeof(block_head);
    if (size <= had)
        return p;
    void *larger = xml_malloc(size);
    if (larger)
        memcpy(larger, p, had);
    return larger;
}

static void xml_free(void *p)
{
    if (p && !in_slab(p))
        (void)xml_resize(p, 0);
}

const XML_Memory_Handling_Suite alice__xml_memory_suite = {xml_malloc, xml_realloc, xml_free};

alice_status alice__xml_memory_begin(alice__xml_memory *m, const alice_env *env)
{
    void *slab = NULL;
    alice_status st = alice_env_alloc(env, SLAB_ROOM, ALICE_HERE, &slab);
    if (st != ALICE_OK)
        return st;
    *m = (alice__xml_memory){.env = env, .slab = slab, .before = paying};
    paying = m;
    return ALICE_OK;
}

void alice__xml_memory_end(alice__xml_memory *m)
{
    paying = m->before;
    alice_env_free(m->env, m->slab, SLAB_ROOM);
}
