/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEM_READER_INT_H
#define ALICE_MEM_READER_INT_H

/*
 * What the parts of the reader share: reader.c (the buffer and what fills it, chunks,
 * moving, life) and reader_lines.c.
 */

#include <alice/reader.h>

#include <string.h>

#include "mem/drop_behind.h"
#include "port/file_read.h"

struct alice_reader {
    alice_reader_options o;
    int fd;
    bool own_fd;
    alice__file_about about; /* at open */
    uint8_t *buffer;
    size_t cap, begin, end;
    size_t scanned; /* bytes behind `begin` that hold no line end */
    uint64_t at;
    alice_status over; /* ALICE_OK: more may follow */
    alice_error why;   /* of `over`, unless it is the end */
    bool in_line;      /* a part of the line was handed out */
    bool skipping;     /* the rest of the line is to be passed over */
    uint64_t line;     /* number of the latest line */
    alice__drop_behind drop;
    alice_map *map;    /* NULL: the file is read */
    uint64_t lent_end; /* of the chunk that was lent from the map; 0: none is */
    uint64_t windows;  /* of a map that was closed */
    uint64_t read, chunks, lines;
};

static inline size_t held(const alice_reader *r)
{
    return r->end - r->begin;
}

static inline void take(alice_reader *r, size_t n)
{
    r->begin += n;
    r->at += n;
    r->scanned = 0;
    if (r->begin == r->end)
        r->begin = r->end = 0;
}

static inline void compact(alice_reader *r)
{
    if (r->begin > 0) {
        memmove(r->buffer, r->buffer + r->begin, held(r));
        r->end -= r->begin;
        r->begin = 0;
    }
}

/* Read once more behind what is held. There has to be room. */
void alice__reader_read_more(alice_reader *r);

/* What ended the reading, told. */
alice_status alice__reader_over(const alice_reader *r, alice_error *error);

/* Give back what a long line took. */
void alice__reader_shrink(alice_reader *r);

/* The chunk that was lent is done with. If it was cut off meanwhile, that is what is told now.
 */
void alice__reader_end_loan(alice_reader *r);

static inline void take_back(alice_reader *r)
{
    if (r->lent_end != 0)
        alice__reader_end_loan(r);
}

#endif
