/* SPDX-License-Identifier: MIT */
#ifndef ALICE_BASE_CURSOR_H
#define ALICE_BASE_CURSOR_H

/*
 * A bounded cursor over untrusted bytes. A read past the end gives 0 and sets
 * `bad`, which stays: read some fields, check `bad` once, and always before a
 * length drives a loop or an allocation.
 */

#include <alice/base.h>

typedef struct alice__cur {
    const uint8_t *p;
    size_t left;
    bool bad;
    bool little; /* u16(), u32(), u64() read little-endian */
} alice__cur;

static inline alice__cur alice__cur_of(const void *p, size_t n)
{
    return (alice__cur){.p = p, .left = n};
}

/* The next `n` bytes, borrowed, or NULL and bad. */
static inline const uint8_t *alice__cur_take(alice__cur *c, size_t n)
{
    if (c->bad || c->left < n) {
        c->bad = true;
        return NULL;
    }
    const uint8_t *p = c->p;
    c->p += n;
    c->left -= n;
    return p;
}

static inline void alice__cur_skip(alice__cur *c, size_t n)
{
    (void)alice__cur_take(c, n);
}

/* A cursor over the next `n` bytes; bad when there are fewer. */
static inline alice__cur alice__cur_sub(alice__cur *c, size_t n)
{
    bool little = c->little;
    const uint8_t *p = alice__cur_take(c, n);
    return (alice__cur){.p = p, .left = p ? n : 0, .bad = !p, .little = little};
}

static inline uint8_t alice__cur_u8(alice__cur *c)
{
    const uint8_t *p = alice__cur_take(c, 1);
    return p ? p[0] : 0;
}

static inline uint16_t alice__be16(const uint8_t *p)
{
    return (uint16_t)((uint32_t)p[0] << 8 | p[1]);
}

static inline uint32_t alice__be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t alice__be64(const uint8_t *p)
{
    return (uint64_t)alice__be32(p) << 32 | alice__be32(p + 4);
}

static inline uint16_t alice__le16(const uint8_t *p)
{
    return (uint16_t)((uint32_t)p[1] << 8 | p[0]);
}

static inline uint32_t alice__le32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t alice__le64(const uint8_t *p)
{
    return (uint64_t)alice__le32(p + 4) << 32 | alice__le32(p);
}

static inline uint16_t alice__cur_be16(alice__cur *c)
{
    const uint8_t *p = alice__cur_take(c, 2);
    return p ? alice__be16(p) : 0;
}

static inline uint32_t alice__cur_be32(alice__cur *c)
{
    const uint8_t *p = alice__cur_take(c, 4);
    return p ? alice__be32(p) : 0;
}

static inline uint64_t alice__cur_be64(alice__cur *c)
{
    const uint8_t *p = alice__cur_take(c, 8);
    return p ? alice__be64(p) : 0;
}

static inline uint16_t alice__cur_le16(alice__cur *c)
{
    const uint8_t *p = alice__cur_take(c, 2);
    return p ? alice__le16(p) : 0;
}

static inline uint32_t alice__cur_le32(alice__cur *c)
{
    const uint8_t *p = alice__cur_take(c, 4);
    return p ? alice__le32(p) : 0;
}

static inline uint16_t alice__cur_u16(alice__cur *c)
{
    return c->little ? alice__cur_le16(c) : alice__cur_be16(c);
}

static inline uint32_t alice__cur_u32(alice__cur *c)
{
    return c->little ? alice__cur_le32(c) : alice__cur_be32(c);
}

static inline uint64_t alice__cur_u64(alice__cur *c)
{
    const uint8_t *p = alice__cur_take(c, 8);
    return !p ? 0 : c->little ? alice__le64(p) : alice__be64(p);
}

#endif
