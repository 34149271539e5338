/* SPDX-License-Identifier: MIT */
#include "organize/archive_doubts.h"

#include <string.h>

#include "base/hash.h"
#include "base/text.h"

enum { MARKS = 3 };

/* Folder and name up to its first dot, in either case: IMG_1.JPG, img_1.txt and IMG_1.jpg.txt
 * are one. What a folder is called is held against the same folder only. */
static uint64_t key_of(const char *name)
{
    char folded[1024];
    const char *slash = strrchr(name, '/'), *leaf = slash ? slash + 1 : name;
    alice__fold_case(leaf, folded, sizeof folded);
    return alice__hash64(folded, strcspn(folded, "."),
                         alice__hash64(name, (size_t)(leaf - name), 0));
}

/* The i-th mark of a key. */
static size_t mark_of(const alice__doubts *d, uint64_t key, unsigned i)
{
    return (size_t)((key >> (i * 20)) % (8 * sizeof d->marks));
}

void alice__doubts_medium(alice__doubts *d, const char *name)
{
    const uint64_t key = key_of(name);
    for (unsigned i = 0; i < MARKS; i++) {
        const size_t at = mark_of(d, key, i);
        d->marks[at / 8] |= (uint8_t)(1 << at % 8);
    }
}

static bool has_medium(const alice__doubts *d, const char *name)
{
    const uint64_t key = key_of(name);
    for (unsigned i = 0; i < MARKS; i++) {
        const size_t at = mark_of(d, key, i);
        if (!(d->marks[at / 8] >> at % 8 & 1))
            return false;
    }
    return true;
}

bool alice__doubts_note(alice__doubts *d, const char *archive, const char *name)
{
    const size_t a = strlen(archive) + 1, n = strlen(name) + 1;
    if (a + n > sizeof d->names - d->used)
        return false;
    memcpy(d->names + d->used, archive, a);
    memcpy(d->names + d->used + a, name, n);
    d->used += a + n;
    return true;
}

bool alice__doubts_next(const alice__doubts *d, size_t *at, const char **archive,
                        const char **name, bool *belongs)
{
    if (*at >= d->used)
        return false;
    *archive = d->names + *at;
    *at += strlen(*archive) + 1;
    *name = d->names + *at;
    *at += strlen(*name) + 1;
    *belongs = has_medium(d, *name);
    return true;
}
