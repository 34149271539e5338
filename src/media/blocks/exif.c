/* SPDX-License-Identifier: MIT */
/*
 * EXIF: dates with their zones, camera, software, and the texts in which
 * generators leave their parameters. Only IFD0 and the EXIF directory that hangs
 * from it speak for the picture; IFD1 is the thumbnail's.
 *
 * Texts are streamed to the evidence, whatever their length (a ComfyUI graph in
 * `Make` has megabytes); what stands in UTF-16 goes through a converter:
 *
 *     input ──▶ window ──▶ [UTF-16 ▶ UTF-8] ──▶ alice__evidence
 *
 * Neither allocates.
 */
#include "media/blocks/exif.h"
#include "media/blocks/blocks.h"
#include "media/date.h"
#include "media/evidence/evidence.h"
#include "media/zone.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum {
    TAG_DESCRIPTION = 0x010e,
    TAG_MAKE = 0x010f,
    TAG_MODEL = 0x0110,
    TAG_SOFTWARE = 0x0131,
    TAG_DATE_TIME = 0x0132,
    TAG_ARTIST = 0x013b,
    TAG_ORIGINAL = 0x9003,
    TAG_DIGITIZED = 0x9004,
    TAG_OFFSET = 0x9010,
    TAG_OFFSET_ORIGINAL = 0x9011,
    TAG_OFFSET_DIGITIZED = 0x9012,
    TAG_MAKER_NOTE = 0x927c,
    TAG_USER_COMMENT = 0x9286,
    TAG_XP_TITLE = 0x9c9b,
    TAG_XP_COMMENT = 0x9c9c,
    TAG_XP_AUTHOR = 0x9c9d,
    TAG_XP_KEYWORDS = 0x9c9e,
    TAG_XP_SUBJECT = 0x9c9f
};

enum { TEXT_MOST = 1024, DATE_MOST = 64, COMMENT_PREFIX = 8 };

/* ---- UTF-16 as a stream of UTF-8 ---- */

typedef struct utf16_stream {
    alice__text_stream stream;
    alice__text_stream *from;
    alice_bytes in; /* what is left of the window */
    bool little;
    bool ended; /* a NUL was met */
    bool half;  /* `low` holds the first byte of a unit */
    uint8_t low;
    uint16_t high; /* a high surrogate that waits for its low one, or 0 */
    char out[512];
} utf16_stream;

/* One unit in, the UTF-8 of what it completes out. */
static size_t convert_unit(utf16_stream *s, uint16_t unit, char *to)
{
    bool low = unit >= 0xdc00 && unit <= 0xdfff;
    size_t n = 0;
    if (s->high) {
        uint32_t high = s->high;
        s->high = 0;
        if (low)
            return alice_utf8_encode(
                0x10000 + ((high - 0xd800) << 10) + (uint32_t)(unit - 0xdc00), to);
        n = alice_utf8_encode(0xfffd, to);
    } else if (low) {
        return alice_utf8_encode(0xfffd, to);
    }
    if (unit >= 0xd800 && unit <= 0xdbff)
        s->high = unit;
    else if (unit != 0xfeff)
        n += alice_utf8_encode(unit, to + n);
    return n;
}

static alice_status utf16_next(alice__text_stream *stream, alice_bytes *window)
{
    utf16_stream *s = stream->ctx;
    size_t used = 0;
    while (!s->ended && used < sizeof s->out - 8) { /* a unit gives at most seven */
        if (s->in.n == 0) {
            if (used > 0)
                break;
            alice_status st = s->from->next(s->from, &s->in);
            if (st != ALICE_OK || s->in.n == 0) {
                *window = (alice_bytes){0};
                return st;
            }
        }
        uint8_t byte = *s->in.p;
        s->in.p++;
        s->in.n--;
        if (!s->half) {
            s->half = true;
            s->low = byte;
            continue;
        }
        s->half = false;
        const uint8_t pair[2] = {s->low, byte};
        uint16_t unit = s->little ? alice__le16(pair) : alice__be16(pair);
        if (unit == 0) { /* ends the text */
            s->ended = true;
            break;
        }
        used += convert_unit(s, unit, s->out + used);
    }
    *window = (alice_bytes){(const uint8_t *)s->out, used};
    return ALICE_OK;
}

static void add_utf16(alice__exif *x, const char *key, alice__text_stream *from, bool little)
{
    utf16_stream s = {.from = from, .little = little};
    s.stream = (alice__text_stream){utf16_next, &s};
    alice__evidence(x->facts, ALICE__IN_EXIF, key, &s.stream);
}

/* The order of UTF-16 units: by a mark, else by the side on which the zeros of ASCII are. */
static bool units_are_little(alice_bytes b, bool otherwise)
{
    size_t first = 0, second = 0;
    if (b.n >= 2 && b.p[0] == 0xff && b.p[1] == 0xfe)
        return true;
    if (b.n >= 2 && b.p[0] == 0xfe && b.p[1] == 0xff)
        return false;
    for (size_t i = 0; i + 1 < b.n; i += 2) {
        first += b.p[i] == 0 && b.p[i + 1] != 0;
        second += b.p[i] != 0 && b.p[i + 1] == 0;
    }
    return first == second ? otherwise : second > first;
}

/* ---- texts ---- */

/* The value from byte `skip` on, as a stream. */
static alice__text_stream *value_stream(alice__text_range *r, alice__text_memory *m,
                                        alice__ifd *t, const alice__ifd_entry *e, size_t skip)
{
    if (e->inlined)
        return alice__text_of(m, (alice_bytes){e->here + skip, (size_t)e->n - skip});
    return alice__text_in(r, t->in, t->base + e->offset + skip, e->n - skip, t->scratch,
                          t->room);
}

/* Who reads a stream may not care why it ended; the walk does. */
static void keep_status(alice__ifd *t, const alice__ifd_entry *e, const alice__text_range *r)
{
    if (!e->inlined && t->status == ALICE_OK)
        t->status = r->status;
}

static void add_evidence(alice__exif *x, const char *key, alice__ifd *t,
                         const alice__ifd_entry *e, size_t skip)
{
    alice__text_range range;
    alice__text_memory memory;
    if (e->n <= skip || !alice__evidence_wanted(ALICE__IN_EXIF, key) ||
        !alice__ifd_first_time(t, e))
        return;
    alice__evidence(x->facts, ALICE__IN_EXIF, key, value_stream(&range, &memory, t, e, skip));
    keep_status(t, e, &range);
}

static void add_xp(alice__exif *x, const char *key, alice__ifd *t, const alice__ifd_entry *e)
{
    alice__text_range range;
    alice__text_memory memory;
    if (e->n < 2 || !alice__evidence_wanted(ALICE__IN_EXIF, key) ||
        !alice__ifd_first_time(t, e))
        return;
    add_utf16(x, key, value_stream(&range, &memory, t, e, 0), true);
    keep_status(t, e, &range);
}

/*
 * A camera's field that holds no name: ComfyUI writes `workflow:{…}` to Make
 * and `prompt:{…}` to Model.
 */
static bool is_graph(alice_bytes b)
{
    size_t i = 0;
    while (i < b.n && i < 32 && b.p[i] >= 'a' && b.p[i] <= 'z')
        i++;
    while (i < b.n && (b.p[i] == ':' || b.p[i] == ' '))
        i++;
    return i < b.n && b.p[i] == '{';
}

static void add_name(alice__exif *x, alice_fact which, const char *from, alice__ifd *t,
                     const alice__ifd_entry *e)
{
    alice_bytes b = alice__ifd_bytes(t, e, TEXT_MOST);
    if (b.n > 0 && !is_graph(b))
        alice__facts_text(x->facts, which, ALICE__RANK_EXIF, from, (const char *)b.p, b.n);
    add_evidence(x, from + strlen("exif:"), t, e, 0);
}

static void add_comment(alice__exif *x, alice__ifd *t, const alice__ifd_entry *e)
{
    static const char none[COMMENT_PREFIX] = {0};
    const char *key = "UserComment";
    alice_bytes b = alice__ifd_bytes(t, e, COMMENT_PREFIX + 128);
    if (b.n >= COMMENT_PREFIX && memcmp(b.p, "UNICODE", 7) == 0) {
        if (!alice__ifd_first_time(t, e))
            return;
        alice__text_range range;
        alice__text_memory memory;
        bool little = units_are_little(
            (alice_bytes){b.p + COMMENT_PREFIX, b.n - COMMENT_PREFIX}, t->little);
        add_utf16(x, key, value_stream(&range, &memory, t, e, COMMENT_PREFIX), little);
        keep_status(t, e, &range);
    } else if (b.n >= COMMENT_PREFIX &&
               (memcmp(b.p, "ASCII\0", 6) == 0 || memcmp(b.p, "Ascii\0", 6) == 0 ||
                memcmp(b.p, "JIS\0", 4) == 0 || memcmp(b.p, none, COMMENT_PREFIX) == 0)) {
        add_evidence(x, key, t, e, COMMENT_PREFIX);
    } else {
        add_evidence(x, key, t, e, 0); /* written without the prefix */
    }
}

/* ---- dates ---- */

static bool is_text(const alice__ifd_entry *e)
{
    return e->type == 2 || e->type == 129 || e->type == 7 || e->type == 1;
}

static void add_date(alice__exif *x, alice_date_source source, alice__ifd *t,
                     const alice__ifd_entry *e)
{
    alice_bytes b = alice__ifd_bytes(t, e, DATE_MOST);
    if (b.n > 0 && is_text(e))
        alice__facts_date_text(x->facts, source, (const char *)b.p, b.n);
}

static void keep_zone(alice__exif *x, unsigned which, alice__ifd *t, const alice__ifd_entry *e)
{
    alice_bytes b = alice__ifd_bytes(t, e, sizeof x->zone[which]);
    if (b.n == 0 || !is_text(e) || x->zone_n[which] > 0)
        return;
    memcpy(x->zone[which], b.p, b.n);
    x->zone_n[which] = (uint8_t)b.n;
}

enum { TAG_GPS_SIDE = 1, TAG_GPS_LONGITUDE = 4, TAG_GPS_TIME = 7, TAG_GPS_DAY = 29 };

/* North or south and the latitude, east or west and the longitude: tags 1 to 4. */
static void see_position(alice__exif *x, alice__ifd *t, const alice__ifd_entry *e)
{
    static const uint16_t of_degree[3] = {1, 60, 3600};
    const unsigned which = e->tag > 2; /* latitude, longitude */
    if (e->tag % 2 == TAG_GPS_SIDE) {
        alice_bytes b = is_text(e) ? alice__ifd_bytes(t, e, 1) : (alice_bytes){0};
        if (b.n == 1 && x->gps_side[which] == 0)
            x->gps_side[which] = memchr("NEne", *b.p, 4) ? 1 : memchr("SWsw", *b.p, 4) ? -1 : 0;
        return;
    }
    if (e->type != 5 || e->count != 3 || x->gps_placed[which])
        return;
    alice_bytes b = alice__ifd_bytes(t, e, 24);
    alice__cur c = alice__cur_of(b.p, b.n);
    c.little = t->little;
    int64_t sum = 0;
    for (unsigned i = 0; i < 3; i++) {
        uint32_t over = alice__cur_u32(&c), under = alice__cur_u32(&c);
        if (c.bad || (under == 0 && over != 0))
            return;
        if (under != 0) /* 0/0: to the minute only */
            sum += (int64_t)over * ALICE__DEGREE / under / of_degree[i];
    }
    x->gps_placed[which] = sum <= 180 * ALICE__DEGREE;
    x->gps_degrees[which] = x->gps_placed[which] ? (int32_t)sum : 0;
}

/* The time of GPS: three fractions, of which writers leave the last one uneven. */
static void see_gps(alice__exif *x, alice__ifd *t, const alice__ifd_entry *e)
{
    if (e->tag >= TAG_GPS_SIDE && e->tag <= TAG_GPS_LONGITUDE) {
        see_position(x, t, e);
    } else if (e->tag == TAG_GPS_DAY && is_text(e) && x->gps_day_n == 0) {
        alice_bytes b = alice__ifd_bytes(t, e, sizeof x->gps_day);
        if (b.n > 0)
            memcpy(x->gps_day, b.p, b.n);
        x->gps_day_n = (uint8_t)b.n;
    } else if (e->tag == TAG_GPS_TIME && e->type == 5 && e->count == 3 && !x->gps_timed) {
        static const uint8_t most[3] = {24, 60, 61};
        static const uint16_t seconds[3] = {3600, 60, 1};
        alice_bytes b = alice__ifd_bytes(t, e, 24);
        alice__cur c = alice__cur_of(b.p, b.n);
        c.little = t->little;
        x->gps_time = 0;
        for (unsigned i = 0; i < 3; i++) {
            uint32_t over = alice__cur_u32(&c), under = alice__cur_u32(&c);
            if (c.bad || under == 0 || over / under >= most[i])
                return;
            x->gps_time += (int64_t)over * seconds[i] / under;
        }
        x->gps_timed = true;
    }
}

static void add_gps(alice__exif *x)
{
    alice_date day;
    char raw[40];
    if (!x->gps_timed || x->gps_day_n == 0 ||
        alice__date_parse(x->gps_day, x->gps_day_n, &day) != NULL)
        return;
    day.has_time = day.has_zone = false;
    day.hour = day.minute = day.second = 0;
    int at = (int)x->gps_time;
    snprintf(raw, sizeof raw, "%04d-%02u-%02u %02d:%02d:%02dZ", day.year, day.month, day.day,
             at / 3600, at / 60 % 60, at % 60);
    alice__facts_date_unix(x->facts, ALICE_DATE_GPS, alice__date_unix(&day) + x->gps_time, raw);
}

/* ---- Apple's maker note ---- */

/*
 * "Apple iOS", NUL, NUL, 1, the byte order, then a directory whose offsets count from
 * the note's start. The content identifier is that of a Live Photo's video, too.
 */
static void add_apple(alice__exif *x, alice__ifd *t, const alice__ifd_entry *e)
{
    enum { HEAD = 16, ENTRY = 12, ENTRIES_MOST = 200, CONTENT_ID = 0x0011, ID_MOST = 64 };
    uint8_t room[ID_MOST];
    alice_bytes b = alice__ifd_bytes(t, e, HEAD);
    if (e->inlined || b.n < HEAD || memcmp(b.p, "Apple iOS\0\0\1", 12) != 0)
        return;
    bool little = b.p[12] == 'I';
    unsigned count = little ? alice__le16(b.p + 14) : alice__be16(b.p + 14);
    uint64_t start = t->base + e->offset;
    for (unsigned i = 0; i < count && i < ENTRIES_MOST; i++) {
        uint64_t at = HEAD + (uint64_t)i * ENTRY;
        if (at + ENTRY > e->n || !alice__work_on(t->work, ALICE__WORK_ENTRIES, 1))
            return;
        const uint8_t *p = alice__input_at(t->in, start + at, ENTRY, room, &t->status);
        if (!p)
            return;
        alice__cur c = alice__cur_of(p, ENTRY);
        c.little = little;
        unsigned tag = alice__cur_u16(&c), type = alice__cur_u16(&c);
        uint32_t n = alice__cur_u32(&c), offset = alice__cur_u32(&c);
        if (tag != CONTENT_ID || type != 2)
            continue;
        if (n <= 4 || n > ID_MOST || offset > e->n || n > e->n - offset)
            return;
        p = alice__input_at(t->in, start + offset, n, room, &t->status);
        if (p)
            alice__facts_text(x->facts, ALICE_FACT_CONTENT_ID, ALICE__RANK_EXIF,
                              "apple:ContentIdentifier", (const char *)p, n);
        return;
    }
}

/* ---- the tags ---- */

void alice__exif_seen(alice__ifd *t, const alice__ifd_entry *e, void *exif)
{
    alice__exif *x = exif;
    if (e->chain != 0 || e->kind == ALICE__IFD_SUB || e->n == 0)
        return;
    if (e->kind == ALICE__IFD_GPS) {
        see_gps(x, t, e);
        return;
    }
    switch (e->tag) {
    case TAG_DESCRIPTION:
        add_evidence(x, "ImageDescription", t, e, 0);
        break;
    case TAG_MAKE:
        add_name(x, ALICE_FACT_MAKE, "exif:Make", t, e);
        break;
    case TAG_MODEL:
        add_name(x, ALICE_FACT_MODEL, "exif:Model", t, e);
        break;
    case TAG_SOFTWARE:
        add_name(x, ALICE_FACT_SOFTWARE, "exif:Software", t, e);
        break;
    case TAG_ARTIST:
        add_evidence(x, "Artist", t, e, 0);
        break;
    case TAG_DATE_TIME:
        add_date(x, ALICE_DATE_EXIF_MODIFIED, t, e);
        break;
    case TAG_ORIGINAL:
        add_date(x, ALICE_DATE_EXIF_ORIGINAL, t, e);
        break;
    case TAG_DIGITIZED:
        add_date(x, ALICE_DATE_EXIF_DIGITIZED, t, e);
        break;
    case TAG_OFFSET:
    case TAG_OFFSET_ORIGINAL:
    case TAG_OFFSET_DIGITIZED:
        keep_zone(x, e->tag - TAG_OFFSET, t, e);
        break;
    case TAG_MAKER_NOTE:
        if (alice__ifd_first_time(t, e))
            add_apple(x, t, e);
        break;
    case TAG_USER_COMMENT:
        add_comment(x, t, e);
        break;
    case TAG_XP_TITLE:
        add_xp(x, "XPTitle", t, e);
        break;
    case TAG_XP_COMMENT:
        add_xp(x, "XPComment", t, e);
        break;
    case TAG_XP_AUTHOR:
        add_xp(x, "XPAuthor", t, e);
        break;
    case TAG_XP_KEYWORDS:
        add_xp(x, "XPKeywords", t, e);
        break;
    case TAG_XP_SUBJECT:
        add_xp(x, "XPSubject", t, e);
        break;
    default:
        break;
    }
}

void alice__exif_end(alice__exif *x)
{
    static const alice_date_source of[] = {ALICE_DATE_EXIF_MODIFIED, ALICE_DATE_EXIF_ORIGINAL,
                                           ALICE_DATE_EXIF_DIGITIZED};
    for (unsigned i = 0; i < 3; i++)
        if (x->zone_n[i] > 0)
            alice__facts_zone_text(x->facts, of[i], x->zone[i], x->zone_n[i]);
    add_gps(x);
    if (x->gps_placed[0] && x->gps_placed[1] && x->gps_side[0] && x->gps_side[1])
        alice__facts_position(x->facts, x->gps_degrees[0] * x->gps_side[0],
                              x->gps_degrees[1] * x->gps_side[1]);
}

static alice_status read_exif(alice__facts *f, alice__ifd *t)
{
    alice__exif x = {.facts = f};
    if (!alice__ifd_open(t)) {
        if (t->status == ALICE_OK && t->size > 0)
            alice__facts_warn(f, "EXIF: no TIFF header");
        return t->status;
    }
    alice__ifd_walk(t, alice__exif_seen, &x);
    alice__exif_end(&x);
    if (t->damaged)
        alice__facts_warn(f, "EXIF: damaged, parts of it lie outside");
    return t->status;
}

void alice__exif_block(alice__facts *f, alice_bytes block)
{
    alice__input in = alice__input_of(block);
    alice__ifd t = {.in = &in, .size = block.n, .work = &f->work};
    (void)read_exif(f, &t);
}

alice_status alice__exif_range(alice__parse *parse, uint64_t offset, uint64_t size)
{
    uint8_t room[6];
    alice_status st = ALICE_OK;
    const uint8_t *p = size >= 6 ? alice__input_at(parse->in, offset, 6, room, &st) : NULL;
    if (st != ALICE_OK)
        return st;
    if (p && memcmp(p, "Exif\0\0", 6) == 0) { /* some writers keep JPEG's prefix */
        offset += 6;
        size -= 6;
    }
    alice__ifd t = {.in = parse->in,
                    .base = offset,
                    .size = size,
                    .work = &parse->facts->work,
                    .scratch = parse->scratch,
                    .room = ALICE__SCRATCH};
    return read_exif(parse->facts, &t);
}
