/* SPDX-License-Identifier: MIT */
#ifndef ALICE_MEDIA_IFD_H
#define ALICE_MEDIA_IFD_H

/*
 * A TIFF structure: a header and directories (IFDs) of 12-byte entries that
 * point anywhere. Walked where it lies, in a block in memory (alice__input_of)
 * or in a file, with offsets from `base`:
 *
 *     II*·│first IFD│ … │n│tag type count value│…│next IFD│ … values …
 *
 * Damage is normal: what does not lie inside is left out, entry by entry. Work
 * is bounded: ALICE__IFD_MOST directories, each walked once, ALICE__IFD_ENTRIES
 * entries in each. No recursion: sub-directories wait in a queue.
 */

#include "media/facts.h"

enum {
    ALICE__IFD_MOST = 48,      /* directories of one structure */
    ALICE__IFD_ENTRIES = 1024, /* entries of one directory */
    ALICE__IFD_VALUES = 32,    /* long values that are remembered as read */
    ALICE__IFD_WINDOW = 240    /* bytes of entries fetched at once: 12 of 20, 20 of 12 */
};

/* What a directory is, by how it was reached. */
typedef enum alice__ifd_kind {
    ALICE__IFD_MAIN, /* IFD0 and its chain */
    ALICE__IFD_EXIF, /* the one that tag 0x8769 points to */
    ALICE__IFD_GPS,  /* the one that tag 0x8825 points to */
    ALICE__IFD_SUB   /* SubIFDs: the full-size pictures of a RAW */
} alice__ifd_kind;

typedef struct alice__ifd_entry {
    alice__ifd_kind kind;
    unsigned index; /* number of the directory in the order walked */
    unsigned
        chain; /* MAIN: 0 for IFD0, 1 for IFD1, … ; others: that of the one it hangs from */
    uint16_t tag, type;
    uint64_t count;
    uint64_t n;      /* bytes of the value; 0 when they do not all lie inside */
    uint64_t offset; /* of the value, from `base` */
    bool inlined;    /* it is in `here`, in the file's byte order */
    uint8_t here[8];
} alice__ifd_entry;

typedef struct alice__ifd {
    const alice__input *in;
    uint64_t base;       /* of the TIFF header in `in`; offsets count from it */
    uint64_t size;       /* bytes from `base` that belong to it */
    alice__work *work;   /* counts entries; NULL: nobody does */
    void *scratch;       /* room for values that are not in the head; may be NULL when all is */
    size_t room;         /* of scratch */
    alice_status status; /* what stopped the reading of bytes; ALICE_OK: nothing */

    bool little, big; /* filled by open; big: BigTIFF */
    uint16_t magic;   /* 42, 43, or that of a RAW */
    bool damaged;     /* something did not lie where it should */

    /* private: directories found (all walked or waiting), in order */
    struct {
        uint64_t offset;
        uint8_t kind, chain;
    } found[ALICE__IFD_MOST];
    unsigned count, done;
    /* values that were read whole: the same one is not read again */
    struct {
        uint64_t offset;
        uint16_t tag;
    } read[ALICE__IFD_VALUES];
    unsigned reads;
} alice__ifd;

/* Magics beside 42 and 43, as they are read in the file's byte order. */
enum { ALICE__IFD_ORF = 0x4f52, ALICE__IFD_ORF_OLD = 0x5352, ALICE__IFD_RW2 = 0x55 };

/*
 * Read the header. False: it is none (of the magics of TIFF, BigTIFF, ORF and
 * RW2). Set in, base, size, scratch and room before, the rest to zero.
 */
bool alice__ifd_open(alice__ifd *t);

/* Walk everything; `seen` is called for each entry, also those that point to directories. */
void alice__ifd_walk(alice__ifd *t,
                     void (*seen)(alice__ifd *t, const alice__ifd_entry *e, void *ctx),
                     void *ctx);

/*
 * Borrow the value's first bytes, at most `most` and, where they are fetched, the
 * scratch's room. Valid until the next call on `t`, and while `e` lives.
 */
alice_bytes alice__ifd_bytes(alice__ifd *t, const alice__ifd_entry *e, size_t most);

/*
 * Whether a long value is met for the first time: a directory may point at one
 * text a thousand times. False at the end of the allowance of work, too.
 */
bool alice__ifd_first_time(alice__ifd *t, const alice__ifd_entry *e);

/* The value's number `i`, of any integer type; `otherwise` when there is none. */
uint64_t alice__ifd_number(alice__ifd *t, const alice__ifd_entry *e, uint64_t i,
                           uint64_t otherwise);

#endif
