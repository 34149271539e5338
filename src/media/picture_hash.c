/* SPDX-License-Identifier: MIT */
#include "media/picture_hash.h"

#include <string.h>

enum { SIDE = 64, WAVES = 16, FINE = 16 };

/* cos(k · pi / 128) · 8192, for k from 0 to 64. */
static const int16_t quarter[65] = {
    8192, 8190, 8182, 8170, 8153, 8130, 8103, 8071, 8035, 7993, 7946, 7895, 7839,
    7779, 7713, 7643, 7568, 7489, 7405, 7317, 7225, 7128, 7027, 6921, 6811, 6698,
    6580, 6458, 6333, 6203, 6070, 5933, 5793, 5649, 5501, 5351, 5197, 5040, 4880,
    4717, 4551, 4383, 4212, 4038, 3862, 3683, 3503, 3320, 3135, 2948, 2760, 2570,
    2378, 2185, 1990, 1795, 1598, 1401, 1202, 1003, 803,  603,  402,  201,  0};

/* cos((2 · x + 1) · u · pi / 128) · 8192 */
static int32_t wave(unsigned u, unsigned x)
{
    unsigned k = (2 * x + 1) * u % 256;
    k = k > 128 ? 256 - k : k;
    return k > 64 ? -quarter[128 - k] : quarter[k];
}

/* How much of `n` pixels the mean of cell `i` is made of: a tent over the cell and the half of
   each neighbour, so that a shift by a pixel changes little. */
typedef struct tent {
    uint32_t first, last;   /* pixels, inclusive */
    uint32_t middle, reach; /* in 1/256 of a pixel */
} tent;

static tent tent_of(uint32_t i, uint32_t n)
{
    tent t = {.middle = (2 * i + 1) * n * 256 / (2 * SIDE), .reach = n * 256 / SIDE};
    t.reach = t.reach < 256 ? 256 : t.reach;
    t.first = t.middle < t.reach ? 0 : (t.middle - t.reach) / 256;
    t.last = (t.middle + t.reach) / 256;
    t.last = t.last >= n ? n - 1 : t.last;
    return t;
}

static uint32_t weight(const tent *t, uint32_t x)
{
    uint32_t at = x * 256 + 128, d = at < t->middle ? t->middle - at : at - t->middle;
    return d >= t->reach ? 0 : t->reach - d;
}

typedef struct grid {
    int32_t at[SIDE][SIDE]; /* 0 to 255 · FINE */
} grid;

/* Rows to 64 first: columns are added side by side. */
static void shrink(const uint8_t *luma, uint32_t width, uint32_t height, grid *g)
{
    uint32_t column[ALICE__PICTURE_HASH_SIDE];
    for (uint32_t i = 0; i < SIDE; i++) {
        tent t = tent_of(i, height);
        uint32_t all = 0;
        memset(column, 0, sizeof column);
        for (uint32_t y = t.first; y <= t.last; y++) {
            const uint8_t *row = luma + (size_t)y * width;
            const uint32_t w = weight(&t, y);
            all += w;
            for (uint32_t x = 0; x < width; x++)
                column[x] += w * row[x];
        }
        for (uint32_t x = 0; x < width; x++)
            column[x] = column[x] / all * FINE + column[x] % all * FINE / all;
        for (uint32_t j = 0; j < SIDE; j++) {
            uint32_t sum = 0;
            t = tent_of(j, width);
            all = 0;
            for (uint32_t x = t.first; x <= t.last; x++) {
                sum += weight(&t, x) * column[x];
                all += weight(&t, x);
            }
            g->at[i][j] = all ? (int32_t)(sum / all) : 0; /* a tent has a pixel */
        }
    }
}

/* What there is to be told apart: how steep the 64 × 64 pixels are, as PDQ has it. */
static unsigned quality_of(const grid *g)
{
    int64_t steep = 0;
    for (unsigned y = 0; y < SIDE; y++) {
        for (unsigned x = 0; x < SIDE; x++) {
            int32_t down = y + 1 < SIDE ? g->at[y + 1][x] - g->at[y][x] : 0;
            int32_t right = x + 1 < SIDE ? g->at[y][x + 1] - g->at[y][x] : 0;
            steep += (down < 0 ? -down : down) * 100 / (255 * FINE);
            steep += (right < 0 ? -right : right) * 100 / (255 * FINE);
        }
    }
    steep /= 90;
    return steep > ALICE__PICTURE_QUALITY_MOST ? ALICE__PICTURE_QUALITY_MOST : (unsigned)steep;
}

void alice__picture_hash_of(const uint8_t *luma, uint32_t width, uint32_t height,
                            alice__picture_hash *out, unsigned *quality)
{
    grid g;
    int64_t across[SIDE][WAVES];
    shrink(luma, width, height, &g);
    *quality = quality_of(&g);
    memset(out, 0, sizeof *out);
    for (unsigned y = 0; y < SIDE; y++) {
        for (unsigned u = 0; u < WAVES; u++) {
            int64_t sum = 0;
            for (unsigned x = 0; x < SIDE; x++)
                sum += (int64_t)g.at[y][x] * wave(u, x);
            across[y][u] = sum / 256;
        }
    }
    for (unsigned v = 0; v < WAVES; v++) {
        for (unsigned u = 0; u < WAVES; u++) {
            int64_t sum = 0;
            for (unsigned y = 0; y < SIDE; y++)
                sum += across[y][u] * wave(v, y);
            uint64_t bit = sum > 0 && u + v > 0; /* brightness is no wave */
            out->word[(u & 1) + 2 * (v & 1)] |= bit << (v / 2 * 8 + u / 2);
        }
    }
}

/* The 8 × 8 bits of a word, mirrored at the diagonal. */
static uint64_t across_of(uint64_t w)
{
    uint64_t t = (w ^ (w >> 7)) & UINT64_C(0x00aa00aa00aa00aa);
    w ^= t ^ (t << 7);
    t = (w ^ (w >> 14)) & UINT64_C(0x0000cccc0000cccc);
    w ^= t ^ (t << 14);
    t = (w ^ (w >> 28)) & UINT64_C(0x00000000f0f0f0f0);
    return w ^ t ^ (t << 28);
}

alice__picture_hash alice__picture_hash_across(const alice__picture_hash *h)
{
    return (alice__picture_hash){.word = {across_of(h->word[0]), across_of(h->word[2]),
                                          across_of(h->word[1]), across_of(h->word[3])}};
}

/* Without a call where the processor that is built for need not have the instruction. */
static inline unsigned bits(uint64_t w)
{
    w -= w >> 1 & UINT64_C(0x5555555555555555);
    w = (w & UINT64_C(0x3333333333333333)) + (w >> 2 & UINT64_C(0x3333333333333333));
    w = (w + (w >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(w * UINT64_C(0x0101010101010101) >> 56);
}

unsigned alice__picture_distance(const alice__picture_hash *a, const alice__picture_hash *b)
{
    unsigned d = 0;
    for (unsigned i = 0; i < 4; i++)
        d += bits(a->word[i] ^ b->word[i]);
    return d;
}

unsigned alice__picture_distance_mirrored(const alice__picture_hash *a,
                                          const alice__picture_hash *b)
{
    unsigned d[4], best;
    for (unsigned i = 0; i < 4; i++)
        d[i] = bits(a->word[i] ^ b->word[i]);
    const unsigned left = d[0] + 64 - d[1] + d[2] + 64 - d[3];
    const unsigned down = d[0] + d[1] + 64 - d[2] + 64 - d[3];
    const unsigned both = d[0] + 64 - d[1] + 64 - d[2] + d[3];
    best = d[0] + d[1] + d[2] + d[3];
    best = left < best ? left : best;
    best = down < best ? down : best;
    return both < best ? both : best;
}
