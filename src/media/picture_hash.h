/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_PICTURE_HASH_H
#define ALICE_MEDIA_PICTURE_HASH_H

/*
 * A picture in 256 bits, so that pictures which look alike have few bits that differ: whether
 * each of the lower 16 × 16 waves of the picture, made 64 × 64, goes up or down.
 *
 * A wave's sign changes with a mirror where its number is odd, and turning by a quarter swaps
 * the two numbers of each. So the bits stand in four words, by whether their numbers are even
 * or odd: mirrors complement whole words, and a quarter transposes each. The eight ways in
 * which a picture can lie need no picture again, only the hash.
 */

#include <alice/base.h>

enum {
    ALICE__PICTURE_BITS = 256,
    ALICE__PICTURE_QUALITY_MOST = 100,
    ALICE__PICTURE_HASH_SIDE = 512 /* longest side of what is hashed */
};

/* word[u odd + 2 · v odd], bit v/2 · 8 + u/2, of the wave u across and v down. */
typedef struct alice__picture_hash {
    uint64_t word[4];
} alice__picture_hash;

/* Of gray pixels in rows without gaps, none longer than ALICE__PICTURE_HASH_SIDE. `*quality` is
 * 0 for a picture of nothing, whose bits mean nothing, to 100. Pure; the same on each machine.
 */
void alice__picture_hash_of(const uint8_t *luma, uint32_t width, uint32_t height,
                            alice__picture_hash *out, unsigned *quality);

/* Mirrored at the diagonal: with mirrors to left and down that is each quarter turn. */
alice__picture_hash alice__picture_hash_across(const alice__picture_hash *h);

/* Bits that differ. */
unsigned alice__picture_distance(const alice__picture_hash *a, const alice__picture_hash *b);

/* The same, of how `b` is nearest as it lies, or mirrored to the left, down or both. */
unsigned alice__picture_distance_mirrored(const alice__picture_hash *a,
                                          const alice__picture_hash *b);

#endif
