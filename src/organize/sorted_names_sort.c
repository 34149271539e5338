/* SPDX-License-Identifier: MIT */
/*
 * Sorting the records of the block: quicksort on eight bytes at a time, in place. The pivot is
 * random, so that no directory can be made to sort slowly; the largest part is looped on, so
 * that the depth is at most log2 of the count.
 */
#include "organize/sorted_names_int.h"

#include <string.h>

#include "base/cursor.h"

/* The eight bytes at `depth` of a record as a number; zero behind its end. */
static uint64_t key_at(const char *block, uint32_t record, size_t depth)
{
    uint64_t key = alice__be64((const uint8_t *)block + record + depth);
    uint64_t zeros = (key - UINT64_C(0x0101010101010101)) & ~key & UINT64_C(0x8080808080808080);
    if (zeros) {
        /* Borrows can mark bytes above a zero falsely only where those are 0x01: look. */
        unsigned keep = 0;
        while (keep < 8 && (key >> (56 - 8 * keep) & 0xff) != 0)
            keep++;
        key = keep ? key & ~UINT64_C(0) << (64 - 8 * keep) : 0;
    }
    return key;
}

static bool key_ends(uint64_t key)
{
    return (key & 0xff) == 0;
}

static void insertion_sort(const char *block, uint32_t *v, size_t count, size_t depth)
{
    for (size_t i = 1; i < count; i++) {
        uint32_t moving = v[i];
        size_t j = i;
        while (j > 0 && strcmp(block + v[j - 1] + depth, block + moving + depth) > 0) {
            v[j] = v[j - 1];
            j--;
        }
        v[j] = moving;
    }
}

static void swap_u32(uint32_t *a, uint32_t *b)
{
    uint32_t t = *a;
    *a = *b;
    *b = t;
}

static void sort_records(const char *block, uint32_t *v, size_t count, size_t depth,
                         uint32_t *random)
{
    while (count > 12) {
        *random = *random * 1664525u + 1013904223u;
        uint64_t pivot = key_at(block, v[(*random >> 8) % count], depth);
        size_t less = 0, more = count;
        for (size_t i = 0; i < more;) {
            uint64_t key = key_at(block, v[i], depth);
            if (key < pivot)
                swap_u32(&v[less++], &v[i++]);
            else if (key > pivot)
                swap_u32(&v[i], &v[--more]);
            else
                i++;
        }
        struct {
            uint32_t *v;
            size_t count, depth;
        } part[3] = {
            {v, less, depth},
            {v + less, key_ends(pivot) ? 0 : more - less, depth + 8},
            {v + more, count - more, depth},
        };
        unsigned largest = 0;
        for (unsigned p = 1; p < 3; p++) {
            if (part[p].count > part[largest].count)
                largest = p;
        }
        for (unsigned p = 0; p < 3; p++) {
            if (p != largest)
                sort_records(block, part[p].v, part[p].count, part[p].depth, random);
        }
        v = part[largest].v;
        count = part[largest].count;
        depth = part[largest].depth;
    }
    insertion_sort(block, v, count, depth);
}

void alice__names_sort_block(alice__names *n)
{
    sort_records(n->block, alice__names_index(n), n->count, 0, &n->random);
}
