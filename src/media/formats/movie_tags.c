/* SPDX-License-Identifier: MIT */
/*
 * What a movie says about itself, in four dialects:
 *
 *     udta ─ ©mak, ©day, …      QuickTime: u16 length, u16 language, text
 *          ─ auth, manu, …      3GPP: version, language, text (also UTF-16)
 *          ─ XMP_               an XMP packet
 *          ─ meta ─ ilst ─ ©cmt ─ data            iTunes: type, locale, text
 *                        ─ ---- ─ mean, name, data
 *     meta ─ keys (1: com.apple.quicktime.make, 2: …)
 *          ─ ilst (1 ─ data, 2 ─ data, …)         QuickTime: items by key number
 *
 * Short values are copied to the stack; everything else is streamed to where
 * evidence is judged, so a workflow of ten megabytes is read through a window.
 */
#include "media/formats/bmff_file.h"
#include "media/blocks/block_at.h"
#include "media/evidence/evidence.h"
#include "media/formats/movie_tags.h"
#include "media/zone.h"

#include <string.h>

#include "base/text.h"

enum {
    KEY_MOST = 128,       /* bytes of a key that count */
    FACT_MOST = 256,      /* bytes of a make, model, date */
    TEXT_MOST = 64 << 20, /* bytes of a text that are judged */
    TAGS_MOST = 2000      /* steps along a keys table for one ilst */
};

/* ---- one text ---- */

typedef enum use {
    USE_MAKE,
    USE_MODEL,
    USE_SOFTWARE,
    USE_DATE,
    USE_DAY,
    USE_CONTENT_ID,
    USE_POSITION,
    USE_EVIDENCE
} use;

/* Short names first: the four characters of a box, its © as "\xa9". `sent_as`: the name
 * evidence knows. */
static const struct {
    const char *key;
    const char *sent_as;
    const char *from;
    use use;
} uses[] = {
    {"\xa9mak", "make", "quicktime:make", USE_MAKE},
    {"@mak", "make", "quicktime:make", USE_MAKE},
    {"manu", "make", "quicktime:make", USE_MAKE},
    {"vndr", "make", "quicktime:make", USE_MAKE},
    {"\xa9mod", "model", "quicktime:model", USE_MODEL},
    {"@mod", "model", "quicktime:model", USE_MODEL},
    {"modl", "model", "quicktime:model", USE_MODEL},
    {"mdln", "model", "quicktime:model", USE_MODEL},
    {"\xa9swr", "software", "quicktime:software", USE_SOFTWARE},
    {"\xa9too", "\xc2\xa9too", "quicktime:encoder", USE_SOFTWARE},
    {"\xa9"
     "enc",
     "\xc2\xa9too", "quicktime:encoder", USE_SOFTWARE},
    {"\xa9"
     "day",
     "date", "quicktime:date", USE_DAY},
    {"@day", "date", "quicktime:date", USE_DAY},
    {"\xa9"
     "cmt",
     "comment", NULL, USE_EVIDENCE},
    {"\xa9"
     "des",
     "description", NULL, USE_EVIDENCE},
    {"\xa9inf", "information", NULL, USE_EVIDENCE},
    {"desc", "description", NULL, USE_EVIDENCE},
    {"ldes", "description", NULL, USE_EVIDENCE},
    {"dscp", "description", NULL, USE_EVIDENCE},
    {"\xa9nam", "title", NULL, USE_EVIDENCE},
    {"titl", "title", NULL, USE_EVIDENCE},
    {"\xa9"
     "ART",
     "artist", NULL, USE_EVIDENCE},
    {"\xa9"
     "aut",
     "artist", NULL, USE_EVIDENCE},
    {"auth", "artist", NULL, USE_EVIDENCE},
    {"\xa9prd", "producer", NULL, USE_EVIDENCE},
    {"\xa9"
     "cpy",
     "copyright", NULL, USE_EVIDENCE},
    {"cprt", "copyright", NULL, USE_EVIDENCE},
    {"com.apple.quicktime.make", "make", "quicktime:make", USE_MAKE},
    {"com.apple.quicktime.model", "model", "quicktime:model", USE_MODEL},
    {"com.apple.quicktime.software", "software", "quicktime:software", USE_SOFTWARE},
    {"com.apple.quicktime.creationdate", "date", "quicktime:creationdate", USE_DATE},
    {"com.apple.quicktime.content.identifier", "content_id", "quicktime:content.identifier",
     USE_CONTENT_ID},
    {"\xa9xyz", "position", NULL, USE_POSITION},
    {"com.apple.quicktime.location.ISO6709", "position", NULL, USE_POSITION},
    {"com.apple.quicktime.comment", "comment", NULL, USE_EVIDENCE},
    {"com.apple.quicktime.description", "description", NULL, USE_EVIDENCE},
    {"com.android.manufacturer", "make", "android:manufacturer", USE_MAKE},
    {"com.android.model", "model", "android:model", USE_MODEL},
    {"encoder", "\xc2\xa9too", "quicktime:encoder", USE_SOFTWARE},
    {"make", "make", "quicktime:make", USE_MAKE},
    {"model", "model", "quicktime:model", USE_MODEL},
    {"date", "date", "quicktime:date", USE_DAY},
};

/* UTF-16 (with its byte order mark, else big-endian) as UTF-8, in place of `out`; the answer is
 * its length. */
static size_t from_utf16(const uint8_t *p, size_t n, char *out, size_t cap)
{
    bool little = false;
    size_t used = 0;
    if (n >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff))) {
        little = p[0] == 0xff;
        p += 2;
        n -= 2;
    }
    for (size_t i = 0; i + 1 < n; i += 2) {
        uint32_t u = little ? alice__le16(p + i) : alice__be16(p + i);
        if (u >= 0xd800 && u < 0xdc00 && i + 3 < n) {
            uint32_t low = little ? alice__le16(p + i + 2) : alice__be16(p + i + 2);
            if (low >= 0xdc00 && low < 0xe000) {
                u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
                i += 2;
            }
        }
        if (cap - used < 4)
            break;
        used += alice_utf8_encode(u, out + used);
    }
    return used;
}

/* Where a text lies. */
typedef struct text_at {
    uint64_t at, end;
    bool utf16;
} text_at;

static void add_evidence(alice__bmff *b, const char *key, const text_at *t, const char *start,
                         size_t n)
{
    if (!alice__evidence_wanted(ALICE__IN_MP4, key))
        return;
    if (t->utf16) {
        alice__evidence_text(b->parse->facts, ALICE__IN_MP4, key, start, n);
        return;
    }
    uint64_t judged = t->end - t->at < TEXT_MOST ? t->end - t->at : TEXT_MOST;
    alice__text_range range;
    alice__evidence(
        b->parse->facts, ALICE__IN_MP4, key,
        alice__text_in(&range, b->parse->in, t->at, judged, b->parse->scratch, ALICE__SCRATCH));
}

static void report(alice__bmff *b, const char *key, const text_at *t)
{
    uint8_t raw[FACT_MOST];
    char text[FACT_MOST * 2];
    int32_t latitude, longitude;
    alice__facts *f = b->parse->facts;
    if (t->at >= t->end)
        return;
    size_t n = alice__peek(b->parse->in, t->at, t->end, raw, sizeof raw);
    if (t->utf16) {
        n = from_utf16(raw, n, text, sizeof text);
    } else {
        memcpy(text, raw, n);
    }

    size_t i = 0;
    while (i < sizeof uses / sizeof *uses && strcmp(uses[i].key, key) != 0)
        i++;
    if (i == sizeof uses / sizeof *uses) {
        add_evidence(b, key, t, text, n);
        return;
    }
    switch (uses[i].use) {
    case USE_MAKE:
        alice__facts_text(f, ALICE_FACT_MAKE, ALICE__RANK_CONTAINER, uses[i].from, text, n);
        break;
    case USE_MODEL:
        alice__facts_text(f, ALICE_FACT_MODEL, ALICE__RANK_CONTAINER, uses[i].from, text, n);
        break;
    case USE_SOFTWARE:
        alice__facts_text(f, ALICE_FACT_SOFTWARE, ALICE__RANK_CONTAINER, uses[i].from, text, n);
        break;
    case USE_CONTENT_ID:
        alice__facts_text(f, ALICE_FACT_CONTENT_ID, ALICE__RANK_CONTAINER, uses[i].from, text,
                          n);
        return;
    case USE_DATE:
        alice__facts_date_text(f, ALICE_DATE_QUICKTIME, text, n);
        return;
    case USE_DAY:
        /* a year alone is when a film came out, not when it was taken */
        if (!b->day_n && n >= 10) {
            b->day_n = n < sizeof b->day ? n : sizeof b->day;
            memcpy(b->day, text, b->day_n);
        }
        return;
    case USE_POSITION:
        if (alice__zone_parse_position(text, n, &latitude, &longitude))
            alice__facts_position(f, latitude, longitude);
        return;
    case USE_EVIDENCE:
        break;
    }
    add_evidence(b, uses[i].sent_as, t, text, n);
}

void alice__movie_tags_end(alice__bmff *b)
{
    if (b->day_n)
        alice__facts_date_text(b->parse->facts, ALICE_DATE_QUICKTIME, b->day, b->day_n);
}

/* ---- ilst ---- */

/* A `data` box: type and locale, then the value. Type 1 is UTF-8, 2 UTF-16, 0 left open; others
 * are no text. */
static bool data_text(alice__bmff *b, const alice__box *data, text_at *t)
{
    uint8_t p[8];
    if (alice__peek(b->parse->in, data->body, data->end, p, sizeof p) < sizeof p)
        return false;
    uint32_t type = alice__be32(p);
    if (type > 2)
        return false;
    *t = (text_at){.at = data->body + sizeof p, .end = data->end, .utf16 = type == 2};
    return true;
}

/* "----": mean and name say the key, data the value. */
static void free_form(alice__bmff *b, const alice__box *item)
{
    char key[KEY_MOST] = "";
    text_at t = {0};
    alice__box box;
    alice__boxes w = alice__boxes_in(b->parse->in, item->body, item->end, &b->left);
    while (alice__boxes_next(&w, &box)) {
        if (box.type == ALICE__BOX('n', 'a', 'm', 'e')) /* behind version and flags */
            alice__peek(b->parse->in, box.body + 4, box.end, key, sizeof key - 1);
        else if (box.type == ALICE__BOX('d', 'a', 't', 'a') && t.at == 0)
            data_text(b, &box, &t);
    }
    if (key[0])
        report(b, key, &t);
}

/* A place in a `keys` table: asked for in rising order it goes on where it is. */
typedef struct keys {
    uint64_t start, end;
    uint64_t at; /* of key number `next` */
    uint32_t next;
    unsigned steps; /* that it may still take */
} keys;

static bool key_name(alice__bmff *b, keys *k, uint32_t number, char *name, size_t cap)
{
    if (number == 0)
        return false;
    if (number < k->next) {
        k->at = k->start;
        k->next = 1;
    }
    while (k->at < k->end && k->steps > 0) {
        uint8_t p[8];
        k->steps--;
        if (alice__peek(b->parse->in, k->at, k->end, p, sizeof p) < sizeof p)
            return false;
        uint32_t size = alice__be32(p);
        if (size < 8 || size > k->end - k->at)
            return false;
        uint64_t at = k->at;
        k->at += size;
        if (k->next++ == number) {
            alice__peek(b->parse->in, at + 8, at + size, name, cap - 1);
            name[cap - 1] = 0;
            return true;
        }
    }
    return false;
}

static void read_ilst(alice__bmff *b, const alice__box *ilst, keys *k)
{
    alice__box item, data;
    alice__boxes w = alice__boxes_in(b->parse->in, ilst->body, ilst->end, &b->left);
    while (alice__boxes_next(&w, &item)) {
        char key[KEY_MOST] = "";
        text_at t;
        if (item.type == ALICE__BOX('-', '-', '-', '-')) {
            free_form(b, &item);
            continue;
        }
        if (!alice__box_find(b->parse->in, item.body, item.end, ALICE__BOX('d', 'a', 't', 'a'),
                             &b->left, &data) ||
            !data_text(b, &data, &t))
            continue;
        if (k->start) {
            if (!key_name(b, k, item.type, key, sizeof key))
                continue;
        } else {
            for (unsigned i = 0; i < 4; i++)
                key[i] = (char)(item.type >> (24 - 8 * i));
        }
        report(b, key, &t);
    }
}

/* ---- meta and udta ---- */

void alice__movie_meta(alice__bmff *b, const alice__box *meta)
{
    alice__box box, ilst = {0};
    keys k = {.next = 1, .steps = TAGS_MOST};
    /* MP4 has version and flags before the boxes, QuickTime has not */
    uint8_t p[8];
    if (alice__peek(b->parse->in, meta->body, meta->end, p, sizeof p) < sizeof p)
        return;
    bool full = alice__be32(p) == 0;

    alice__boxes w =
        alice__boxes_in(b->parse->in, meta->body + (full ? 4 : 0), meta->end, &b->left);
    while (alice__boxes_next(&w, &box)) {
        if (box.type == ALICE__BOX('k', 'e', 'y', 's') && box.end - box.body >= 8) {
            k.start = k.at = box.body + 8; /* version, flags, count */
            k.end = box.end;
        } else if (box.type == ALICE__BOX('i', 'l', 's', 't')) {
            ilst = box;
        } else if (box.type == ALICE__BOX('u', 'u', 'i', 'd')) {
            alice__bmff_uuid(b, &box);
        }
    }
    if (ilst.type)
        read_ilst(b, &ilst, &k);
}

static bool has_utf16_mark(const alice__bmff *b, uint64_t at, uint64_t end)
{
    uint8_t p[2];
    return alice__peek(b->parse->in, at, end, p, 2) == 2 &&
           ((p[0] == 0xfe && p[1] == 0xff) || (p[0] == 0xff && p[1] == 0xfe));
}

/* Version, flags, language, then text up to a NUL; some cameras leave the six bytes away. */
static text_at text_3gpp(alice__bmff *b, const alice__box *box)
{
    uint8_t p[6];
    text_at t = {.at = box->body, .end = box->end};
    if (alice__peek(b->parse->in, box->body, box->end, p, sizeof p) == sizeof p &&
        alice__be32(p) == 0)
        t.at += sizeof p;
    t.utf16 = has_utf16_mark(b, t.at, t.end);
    return t;
}

/* Length, language, text; only the first of several languages. Some writers put a `data` box
 * in. */
static text_at text_quicktime(alice__bmff *b, const alice__box *box)
{
    uint8_t p[4];
    text_at t = {.at = box->body, .end = box->end};
    alice__box data;
    if (alice__peek(b->parse->in, box->body, box->end, p, sizeof p) < sizeof p)
        return t;
    uint64_t n = alice__be16(p);
    if (n <= box->end - box->body - 4 && (n || box->end - box->body == 4)) {
        t.at += 4;
        t.end = t.at + n;
    } else if (alice__box_find(b->parse->in, box->body, box->end,
                               ALICE__BOX('d', 'a', 't', 'a'), &b->left, &data)) {
        data_text(b, &data, &t);
    }
    t.utf16 |= has_utf16_mark(b, t.at, t.end);
    return t;
}

/*
 * Blocks of cameras of before 2010, texts at fixed places: of some only the make. Canon's
 * `CNMN` is a model alone.
 */
static void see_camera(alice__bmff *b, const alice__box *box)
{
    static const struct {
        uint32_t type;
        const char *begins;
        uint8_t make_n, model, model_n;
    } blocks[] = {
        {ALICE__BOX('T', 'A', 'G', 'S'), "FUJIFILM DIGITAL CAMERA", 24, 24, 16},
        {ALICE__BOX('T', 'A', 'G', 'S'), "EASTMAN KODAK COMPANY", 21, 22, 42},
        {ALICE__BOX('T', 'A', 'G', 'S'), "KONICA MINOLTA DIGITAL CAMERA", 32, 0, 0},
        {ALICE__BOX('T', 'A', 'G', 'S'), "MINOLTA DIGITAL CAMERA", 32, 0, 0},
        {ALICE__BOX('T', 'A', 'G', 'S'), "NIKON DIGITAL CAMERA", 24, 24, 8},
        {ALICE__BOX('T', 'A', 'G', 'S'), "OLYMPUS DIGITAL CAMERA", 24, 24, 24},
        {ALICE__BOX('T', 'A', 'G', 'S'), "PENTAX DIGITAL CAMERA", 24, 0, 0},
        {ALICE__BOX('T', 'A', 'G', 'S'), "SAMSUNG DIGITAL CAMERA", 24, 24, 16},
        {ALICE__BOX('P', 'E', 'N', 'T'), "", 24, 26, 24},
        {ALICE__BOX('M', 'M', 'A', '0'), "", 20, 0, 0},
        {ALICE__BOX('M', 'M', 'A', '1'), "", 20, 0, 0},
        {ALICE__BOX('C', 'N', 'M', 'N'), "", 0, 0, 64},
    };
    char p[34] = "";
    size_t got = alice__peek(b->parse->in, box->body, box->end, p, sizeof p);
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        size_t n = strlen(blocks[i].begins);
        if (blocks[i].type != box->type || got < n || memcmp(p, blocks[i].begins, n) != 0)
            continue;
        uint64_t model = box->body + blocks[i].model, left = box->end - box->body;
        uint64_t model_n = blocks[i].model_n;
        if (memcmp(p, "OLYMPUS", 7) == 0 && p[32] == 1) /* the older ones */
            model_n = 8;
        if (blocks[i].make_n > 0 && left >= blocks[i].make_n)
            report(b, "manu", &(text_at){.at = box->body, .end = box->body + blocks[i].make_n});
        if (model_n > 0 && model < box->end)
            report(b, "modl",
                   &(text_at){.at = model,
                              .end = model_n < box->end - model ? model + model_n : box->end});
        return;
    }
}

void alice__movie_udta(alice__bmff *b, const alice__box *udta)
{
    alice__box box, inner;
    alice__boxes w = alice__boxes_in(b->parse->in, udta->body, udta->end, &b->left);
    while (alice__boxes_next(&w, &box)) {
        char key[5] = {(char)(box.type >> 24), (char)(box.type >> 16), (char)(box.type >> 8),
                       (char)box.type, 0};
        text_at t;
        switch (box.type) {
        case ALICE__BOX('m', 'e', 't', 'a'):
            alice__movie_meta(b, &box);
            break;
        case ALICE__BOX('X', 'M', 'P', '_'):
            alice__xmp_in(b->parse, box.body, box.end);
            break;
        case ALICE__BOX('u', 'u', 'i', 'd'):
            alice__bmff_uuid(b, &box);
            break;
        case ALICE__BOX('s', 'm', 't', 'a'): /* Samsung: version, then boxes */
            if (alice__box_find(b->parse->in, box.body + 4, box.end,
                                ALICE__BOX('m', 'd', 'l', 'n'), &b->left, &inner)) {
                t = (text_at){.at = inner.body, .end = inner.end};
                report(b, "mdln", &t);
            }
            break;
        case ALICE__BOX('T', 'A', 'G', 'S'):
        case ALICE__BOX('P', 'E', 'N', 'T'):
        case ALICE__BOX('M', 'M', 'A', '0'):
        case ALICE__BOX('M', 'M', 'A', '1'):
        case ALICE__BOX('C', 'N', 'M', 'N'):
            see_camera(b, &box);
            break;
        case ALICE__BOX('a', 'u', 't', 'h'):
        case ALICE__BOX('t', 'i', 't', 'l'):
        case ALICE__BOX('d', 's', 'c', 'p'):
        case ALICE__BOX('c', 'p', 'r', 't'):
        case ALICE__BOX('m', 'a', 'n', 'u'):
        case ALICE__BOX('m', 'o', 'd', 'l'):
        case ALICE__BOX('v', 'n', 'd', 'r'):
            t = text_3gpp(b, &box);
            report(b, key, &t);
            break;
        default:
            if (key[0] == '\xa9' || key[0] == '@') {
                t = text_quicktime(b, &box);
                report(b, key, &t);
            }
            break;
        }
    }
}
