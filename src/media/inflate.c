/* SPDX-License-Identifier: MIT */
#include "media/inflate.h"

#include <stddef.h>
#include <stdint.h>

/* zlib gives blocks back without their sizes: they stand before them. */
typedef union block_head {
    size_t size;
    max_align_t align;
} block_head;

static voidpf z_alloc(voidpf env, uInt items, uInt size)
{
    size_t n = 0;
    void *p = NULL;
    if (!alice_mul_size(items, size, &n) || n > SIZE_MAX - sizeof(block_head))
        return Z_NULL;
    n += sizeof(block_head);
    if (alice_env_alloc(env, n, ALICE_HERE, &p) != ALICE_OK)
        return Z_NULL;
    block_head *head = p;
    head->size = n;
    return head + 1;
}

static void z_free(voidpf env, voidpf p)
{
    block_head *head = (block_head *)p - 1;
    alice_env_free(env, head, head->size);
}

alice_status alice__inflate_begin(z_stream *z, alice_env *env, int window_bits)
{
    *z = (z_stream){.zalloc = z_alloc, .zfree = z_free, .opaque = env};
    return inflateInit2(z, window_bits) == Z_OK ? ALICE_OK : ALICE_E_NOMEM;
}
