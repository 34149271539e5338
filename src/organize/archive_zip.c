/* SPDX-License-Identifier: MIT */
#include "organize/archive_zip.h"

#include <string.h>

#include "base/cursor.h"
#include "base/hash.h"

enum {
    END_BYTES = 22,
    END_64_BYTES = 56,
    LOCATOR_BYTES = 20,
    ENTRY_BYTES = 46,
    END = 0x06054b50,
    END_64 = 0x06064b50,
    LOCATOR = 0x07064b50,
    ENTRY = 0x02014b50,
    EXTRA_64 = 1
};

static const char damaged[] = "its list of files, at its end, is damaged or missing: whether "
                              "all of it was read is not known";

/* What of the file is in the buffer. */
typedef struct window {
    alice__archive_input *in;
    uint64_t from;
    size_t n;
} window;

typedef struct list {
    uint64_t at, bytes;
} list;

void alice__zip_file(alice__zip_files *files, uint64_t offset)
{
    files->count++;
    files->sum += alice__hash64(&offset, sizeof offset, 0);
}

/* `n` bytes, at most a buffer's; NULL: they are not there. */
static const uint8_t *bytes_at(window *w, uint64_t at, size_t n)
{
    alice__archive_input *in = w->in;
    if (at > in->size || n > in->size - at || n > ALICE__ARCHIVE_CHUNK)
        return NULL;
    if (at < w->from || at - w->from > w->n || n > w->n - (size_t)(at - w->from)) {
        w->from = at;
        w->n = 0;
        in->bad = in->fs->read_at(in->fs, in->fd, at, in->raw, ALICE__ARCHIVE_CHUNK, &w->n);
        if (in->bad) {
            in->why = strerror(-in->bad);
            w->n = 0;
        }
        if (n > w->n)
            return NULL;
    }
    return in->raw + (at - w->from);
}

/* The archive's own end is the last thing in it, but for a comment. */
static bool find_end(window *w, uint64_t *end)
{
    const uint64_t size = w->in->size;
    const size_t most = size < ALICE__ARCHIVE_CHUNK ? (size_t)size : ALICE__ARCHIVE_CHUNK;
    const uint8_t *p = bytes_at(w, size - most, most);
    for (size_t back = END_BYTES; p && back <= most; back++)
        if (alice__le32(p + most - back) == END &&
            alice__le16(p + most - back + 20) == back - END_BYTES) {
            *end = size - back;
            return true;
        }
    return false;
}

static bool find_list(window *w, list *l)
{
    uint64_t end = 0;
    if (!find_end(w, &end))
        return false;
    const uint8_t *p = bytes_at(w, end, END_BYTES);
    if (!p)
        return false;
    l->bytes = alice__le32(p + 12);
    l->at = alice__le32(p + 16);
    const bool large =
        alice__le16(p + 10) == UINT16_MAX || l->bytes == UINT32_MAX || l->at == UINT32_MAX;
    if (end >= LOCATOR_BYTES + END_64_BYTES) {
        p = bytes_at(w, end - LOCATOR_BYTES, LOCATOR_BYTES);
        if (p && alice__le32(p) == LOCATOR) {
            end = alice__le64(p + 8);
            p = bytes_at(w, end, END_64_BYTES);
            if (!p || alice__le32(p) != END_64)
                return false;
            l->bytes = alice__le64(p + 40);
            l->at = alice__le64(p + 48);
            return l->at <= end && l->bytes == end - l->at;
        }
    }
    return !large && l->at <= end && l->bytes == end - l->at;
}

/* Where the file of an entry begins: in the entry, or in what its extra field adds to it. */
static bool offset_of(const uint8_t *entry, const uint8_t *extra, size_t n, uint64_t *offset)
{
    *offset = alice__le32(entry + 42);
    if (*offset != UINT32_MAX)
        return true;
    /* Of the sizes only those that do not fit the entry stand before it. */
    const size_t skip = 8 * ((size_t)(alice__le32(entry + 24) == UINT32_MAX) +
                             (size_t)(alice__le32(entry + 20) == UINT32_MAX));
    while (n >= 4) {
        const size_t field = alice__le16(extra + 2);
        if (field > n - 4)
            return false;
        if (alice__le16(extra) == EXTRA_64) {
            if (field < skip + 8)
                return false;
            *offset = alice__le64(extra + 4 + skip);
            return true;
        }
        extra += 4 + field;
        n -= 4 + field;
    }
    return false;
}

const char *alice__zip_compare(alice__archive_input *in, const alice__zip_files *met,
                               bool (*should_stop)(void *ctx), void *ctx)
{
    window w = {.in = in};
    list l = {0};
    alice__zip_files listed = {0};
    if (!find_list(&w, &l))
        return in->why ? in->why : damaged;
    for (uint64_t at = l.at, end = l.at + l.bytes; at < end;) {
        uint8_t entry[ENTRY_BYTES];
        const uint64_t before = w.from;
        uint64_t offset = 0;
        const uint8_t *p = bytes_at(&w, at, sizeof entry);
        if (!p || alice__le32(p) != ENTRY)
            return in->why ? in->why : damaged;
        memcpy(entry, p, sizeof entry);
        const size_t name = alice__le16(p + 28), extra = alice__le16(p + 30);
        p = bytes_at(&w, at + sizeof entry + name, extra);
        if (!p || !offset_of(entry, p, extra, &offset))
            return in->why ? in->why : damaged;
        alice__zip_file(&listed, offset);
        at += sizeof entry + name + extra + alice__le16(entry + 32);
        if (w.from != before && should_stop && should_stop(ctx))
            return NULL;
    }
    return listed.count == met->count && listed.sum == met->sum
               ? NULL
               : "its list of files, at its end, names others than were found in it: some are "
                 "damaged or missing";
}
