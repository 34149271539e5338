/* SPDX-License-Identifier: MIT */
/*
 * AVI: RIFF chunks, in lists.
 *
 *     RIFF AVI  ─┬─ LIST hdrl ─┬─ avih        size
 *                │             ├─ LIST strl ─ strf (size of the pictures)
 *                │             └─ IDIT        date
 *                ├─ LIST INFO   ISFT, ICRD, ICMT, …
 *                ├─ LIST ncdt ─ nctg  Nikon's make, model, date
 *                ├─ LIST movi   the pictures: stepped over
 *                └─ idx1
 *     RIFF AVIX (OpenDML: more pictures behind 1 GB)
 *
 * Nothing allocates. Lists are walked by functions of fixed depth; the count of
 * chunks is bounded for the whole file.
 */
#include <string.h>

#include "media/readahead.h"
#include "media/blocks/blocks.h"
#include "media/evidence/evidence.h"
#include "media/formats/format.h"

#define FOURCC(a, b, c, d)                                                                 \
    ((uint32_t)(uint8_t)(a) | (uint32_t)(uint8_t)(b) << 8 | (uint32_t)(uint8_t)(c) << 16 | \
     (uint32_t)(uint8_t)(d) << 24)

enum {
    CHUNKS_IN_ALL = 4000,
    TEXT_MOST = 256, /* bytes of a date or a program's name */
    EVIDENCE_MOST = 64 << 20
};

typedef struct avi {
    alice__parse *parse;
    unsigned left;          /* chunks that may still be looked at */
    uint64_t width, height; /* of the first video stream */
    bool header;
    alice_status status;
} avi;

typedef struct chunk {
    uint32_t id;
    uint32_t list; /* the kind of a LIST or RIFF, else 0 */
    uint64_t body, end, next;
    uint64_t claims; /* the end that it says it has */
} chunk;

static size_t peek(avi *a, uint64_t at, uint64_t end, void *to, size_t n)
{
    return alice__input_copy(a->parse->in, at, end, to, n, &a->status);
}

static bool next_chunk(avi *a, uint64_t at, uint64_t end, chunk *c)
{
    uint8_t p[12];
    if (a->left == 0 || a->status != ALICE_OK)
        return false;
    a->left--;
    size_t n = peek(a, at, end, p, sizeof p);
    if (n < 8)
        return false;
    uint64_t size = alice__le32(p + 4), room = end - at - 8;
    *c = (chunk){.id = alice__le32(p), .body = at + 8};
    c->claims = c->body + size;
    if (size > room)
        size = room;
    c->end = c->body + size;
    c->next = c->end + (size & 1); /* chunks begin on even places */
    if (c->id == FOURCC('L', 'I', 'S', 'T') || c->id == FOURCC('R', 'I', 'F', 'F')) {
        if (n < 12 || size < 4)
            return false;
        c->list = alice__le32(p + 8);
        c->body += 4;
    }
    return true;
}

static void add_text(avi *a, alice_fact fact, const char *from, uint64_t at, uint64_t end)
{
    char text[TEXT_MOST];
    size_t n = peek(a, at, end, text, sizeof text);
    alice__facts_text(a->parse->facts, fact, ALICE__RANK_CONTAINER, from, text, n);
}

static void add_date(avi *a, uint64_t at, uint64_t end)
{
    char text[TEXT_MOST];
    size_t n = peek(a, at, end, text, 64);
    while (n > 0 && (text[n - 1] == 0 || text[n - 1] == '\n' || text[n - 1] == ' '))
        n--;
    if (n >= 8) /* a year alone is when it came out */
        alice__facts_date_text(a->parse->facts, ALICE_DATE_RIFF, text, n);
}

static void add_evidence(avi *a, const char *key, const chunk *c)
{
    uint64_t n = c->end - c->body;
    alice__text_range range;
    if (!alice__evidence_wanted(ALICE__IN_RIFF, key))
        return;
    alice__evidence(a->parse->facts, ALICE__IN_RIFF, key,
                    alice__text_in(&range, a->parse->in, c->body,
                                   n < EVIDENCE_MOST ? n : EVIDENCE_MOST, a->parse->scratch,
                                   ALICE__SCRATCH));
}

/* ---- lists ---- */

static void read_stream(avi *a, const chunk *list)
{
    chunk c;
    uint8_t p[16];
    bool video = false;
    for (uint64_t at = list->body; at < list->end && next_chunk(a, at, list->end, &c);
         at = c.next) {
        size_t n = peek(a, c.body, c.end, p, sizeof p);
        if (c.id == FOURCC('s', 't', 'r', 'h'))
            video = n >= 4 && memcmp(p, "vids", 4) == 0;
        else if (c.id == FOURCC('s', 't', 'r', 'f') && video && n >= 12 && !a->width) {
            uint32_t height = alice__le32(p + 8); /* negative: top to bottom */
            a->width = alice__le32(p + 4);
            a->height = height & 0x80000000u ? ~height + 1 : height;
        }
    }
}

static void read_header(avi *a, const chunk *list)
{
    chunk c;
    uint8_t p[40];
    uint64_t width = 0, height = 0;
    for (uint64_t at = list->body; at < list->end && next_chunk(a, at, list->end, &c);
         at = c.next) {
        if (c.id == FOURCC('a', 'v', 'i', 'h')) {
            if (peek(a, c.body, c.end, p, sizeof p) == sizeof p) {
                width = alice__le32(p + 32);
                height = alice__le32(p + 36);
            }
        } else if (c.id == FOURCC('I', 'D', 'I', 'T')) {
            add_date(a, c.body, c.end);
        } else if (c.list == FOURCC('s', 't', 'r', 'l')) {
            read_stream(a, &c);
        }
    }
    if (width && height) {
        a->width = width;
        a->height = height;
    }
}

static void read_info(avi *a, const chunk *list)
{
    chunk c;
    for (uint64_t at = list->body; at < list->end && next_chunk(a, at, list->end, &c);
         at = c.next) {
        switch (c.id) {
        case FOURCC('I', 'S', 'F', 'T'):
            add_text(a, ALICE_FACT_SOFTWARE, "riff:ISFT", c.body, c.end);
            add_evidence(a, "ISFT", &c);
            break;
        case FOURCC('I', 'C', 'R', 'D'):
        case FOURCC('I', 'D', 'I', 'T'):
            add_date(a, c.body, c.end);
            break;
        case FOURCC('I', 'C', 'M', 'T'):
            add_evidence(a, "ICMT", &c);
            break;
        case FOURCC('I', 'N', 'A', 'M'):
            add_evidence(a, "INAM", &c);
            break;
        case FOURCC('I', 'A', 'R', 'T'):
            add_evidence(a, "IART", &c);
            break;
        default:
            break;
        }
    }
}

/* Nikon's fields: u16 tag, u16 length, text. */
static void read_nikon(avi *a, const chunk *list)
{
    chunk c;
    if (!next_chunk(a, list->body, list->end, &c) || c.id != FOURCC('n', 'c', 't', 'g'))
        return;
    uint64_t at = c.body;
    uint8_t p[4];
    for (unsigned i = 0; i < 200 && peek(a, at, c.end, p, sizeof p) == sizeof p; i++) {
        uint64_t body = at + 4, end = body + alice__le16(p + 2);
        if (end > c.end)
            return;
        switch (alice__le16(p)) {
        case 0x03:
            add_text(a, ALICE_FACT_MAKE, "riff:nctg", body, end);
            break;
        case 0x04:
            add_text(a, ALICE_FACT_MODEL, "riff:nctg", body, end);
            break;
        case 0x05:
            add_text(a, ALICE_FACT_SOFTWARE, "riff:nctg", body, end);
            break;
        case 0x13: /* original */
        case 0x14: /* created */
            add_date(a, body, end);
            break;
        default:
            break;
        }
        at = end;
    }
}

/* ---- the file ---- */

static alice_media_type avi_sniff(alice_bytes head, uint64_t file_size)
{
    (void)file_size;
    if (head.n >= 12 && memcmp(head.p, "RIFF", 4) == 0 && memcmp(head.p + 8, "AVI ", 4) == 0)
        return ALICE_MEDIA_AVI;
    return ALICE_MEDIA_NONE;
}

static alice_status avi_read_ahead(alice__parse *parse)
{
    avi a = {.parse = parse, .left = CHUNKS_IN_ALL};
    chunk riff, c;
    if (!next_chunk(&a, 0, parse->in->size, &riff))
        return a.status != ALICE_OK ? a.status : ALICE_E_DAMAGED;
    uint64_t at = riff.body, size = parse->in->size;
    bool cut = riff.claims > size + 8; /* many writers count the header of eight bytes too */
    for (; at < riff.end && next_chunk(&a, at, riff.end, &c); at = c.next) {
        cut |= c.claims > size;
        if (c.list == FOURCC('h', 'd', 'r', 'l')) {
            a.header = true;
            read_header(&a, &c);
        } else if (c.list == FOURCC('I', 'N', 'F', 'O')) {
            read_info(&a, &c);
        } else if (c.list == FOURCC('n', 'c', 'd', 't')) {
            read_nikon(&a, &c);
        } else if (c.id == FOURCC('I', 'D', 'I', 'T')) {
            add_date(&a, c.body, c.end);
        } else if (c.id == FOURCC('_', 'P', 'M', 'X')) { /* Adobe's place for XMP */
            alice__text_range range;
            alice__xmp(parse->facts, &parse->env,
                       alice__text_in(&range, parse->in, c.body, c.end - c.body, parse->scratch,
                                      ALICE__SCRATCH));
        }
    }
    cut |= riff.claims > size && at < riff.end; /* in a chunk's header */
    for (at = riff.next; next_chunk(&a, at, size, &c) && c.list == FOURCC('A', 'V', 'I', 'X');
         at = c.next)
        cut |= c.claims > size;
    if (cut && a.status == ALICE_OK)
        alice__facts_damaged(parse->facts, "cut short: it claims more than the file has");
    alice__facts_size(parse->facts, a.width, a.height);
    if (a.status == ALICE_OK && !a.header) {
        alice__facts_warn(parse->facts, "no header list");
        return ALICE_E_DAMAGED;
    }
    return a.status;
}

static alice_status avi_read(alice__parse *parse)
{
    alice__readahead ahead;
    alice__parse ahead_parse = *parse;
    alice__readahead_open(&ahead, parse->in);
    ahead_parse.in = &ahead.input;
    return alice__readahead_end(&ahead, avi_read_ahead(&ahead_parse));
}

const alice__format alice__format_avi = {.name = "avi", .sniff = avi_sniff, .read = avi_read};
